"""A rehearsal of a run: the whole chain on the study's own values, notebooks, figures and pages included.

Everything happens in this process and in a temporary folder, with few draws and repetitions, so that whatever would
stop the run later is known before it begins. The notebooks are the stored ones; what fails in them fails here.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from analysis.settings import Settings, flatten, with_overrides
from analysis.wording import said_with
from workbench.own.study_input import StudyInput
from workbench.own.values import MANY_CITIES
from workbench.planning import Plan, parameters_for
from workbench.project import Run, RunError, staged
from workbench.steps import notebook_path

# Few repetitions: enough that every computation is made and every figure drawn, too few to say anything.
FEW = {"uncertainty.draws": 100, "uncertainty.sobol_samples": 8, "uncertainty.replicates": 3, "tiers.starts": 2,
       "tiers.references": 2, "tiers.resamples": 2, "tiers.draws": 50}


SAMPLE = 600  # cities; of many, about so many rehearse: beyond 500 attainable ranks are bracketed, as those of many are


@dataclass(frozen=True)
class Stopped:
    """Where and why a rehearsal stopped: the notebook or part of the reports, and the error as it was raised."""

    where: str
    error: BaseException

    def line(self) -> str:
        """The stopping place and the error as Python has it, for developers."""
        return f"{self.where}: {type(self.error).__name__}: {self.error}"

    def told(self, lang: str) -> str:
        """The same for users: a refusal of the study's own as its sentence, another error with where to report it."""
        expected = isinstance(self.error, ValueError | RunError)
        name = "" if expected else f"{type(self.error).__name__}: "
        if lang == "zh":
            return f"试跑停在{self.where}：{name}{self.error}" + (
                "" if expected else "\n这是程序的缺陷，不是数据的问题；请附上这一行报告。")
        return f"The rehearsal stopped at {self.where}: {name}{self.error}" + (
            "" if expected else "\nThis is a fault of the program, not of the data; please report it with this line.")


def rehearse(plan: Plan, given: StudyInput | None, say: Callable[[str], None] = lambda _: None) -> Stopped | None:
    """Rehearse a plan; None where it reaches its end, else where it stopped.

    `say` is called with a line after each notebook and part. Of more than MANY_CITIES some rehearse for all
    (`some_cities`), on the way that the whole study will take.
    """
    from workbench.publishing.site import PARTS, render_step, write_overview, write_part
    from workbench.running.pipeline import compare_with_memory, copy_kept, score_in_memory, write_given

    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # as in the runner's workers
    plan, scored = replace(plan, settings=few(plan.settings)), []
    if given is not None and (whole := given.values["code"].nunique()) > MANY_CITIES:
        given = some_cities(given, plan.settings.city, SAMPLE)
        some = given.values["code"].nunique()
        least = {"uncertainty.top": min(plan.settings.uncertainty.top, some // 3),
                 "parts.profiles": min(plan.settings.parts.profiles, 10)}
        plan = replace(plan, settings=with_overrides(plan.settings, least))
        say(f"试跑用 {whole} 个中的 {some} 个 · rehearsed on {some} of {whole}")
    with TemporaryDirectory(prefix="study-rehearsal-") as staging, said_with(None), \
            kernel_environment(staged(plan.run, Path(staging))):
        run = staged(plan.run, Path(staging))
        for folder in (run.data, run.reports):
            folder.mkdir(parents=True, exist_ok=True)
        tasks: list[tuple[str, Callable[[], Any]]] = [
            ("the method", lambda: scored.append(score_in_memory(plan, given))),
            ("input", lambda: (copy_kept(plan, None, run), write_given(given, plan.settings, None, run)))]
        tasks += [(step, lambda step=step: execute_here(step, plan, run)) for step in plan.steps]
        tasks += [(f"report of {step}", lambda step=step: render_step(step, plan, run)) for step in plan.steps]
        tasks += [(part, lambda part=part: write_part(part, plan, run)) for part in PARTS]
        tasks += [("index", lambda: write_overview(plan, run, True)),
                  ("comparison", lambda: compare_with_memory(scored[0], run))]
        for name, task in tasks:
            started = time.perf_counter()
            try:
                task()
            except Exception as error:  # whatever it is, the run would end with it
                return Stopped(name, error)
            say(f"{name:<40}{time.perf_counter() - started:6.1f} s")
    return None


def some_cities(given: StudyInput, city: str, most: int) -> StudyInput:
    """A study on some of its cities, evenly over its table: with the highest and the lowest value of each indicator,
    one of each region and the one that is followed: no indicator becomes the same everywhere, no region empty."""
    values, cities = given.values, given.cities
    held = cities.index[cities.index.isin(values["code"])]
    if len(held) <= most:
        return given
    named = held[(held == city) | (cities.loc[held, ["name", "name_en"]] == city).any(axis=1)]
    by_indicator = values.groupby("indicator")["value"]
    ends = values.loc[[*by_indicator.idxmin(), *by_indicator.idxmax()], "code"]
    regions = [column for column in cities if column in set(given.regions["system"])]
    firsts = [code for system in regions for code in cities.loc[held, system].drop_duplicates().index]
    even = held[np.linspace(0, len(held) - 1, most).astype(int)]
    kept = held[held.isin({*named, *ends, *firsts, *even})]
    return replace(given, values=values[values["code"].isin(kept)].reset_index(drop=True), cities=cities.loc[kept])


def few(settings: Settings) -> Settings:
    """The settings of a run with few repetitions; fewer are left as they are."""
    chosen = flatten(settings)
    return with_overrides(settings, {name: min(few, chosen[name]) for name, few in FEW.items()})


@contextmanager
def kernel_environment(run: Run) -> Iterator[None]:
    """The environment of a notebook that the runner executes: its tables and reports go to the staged run."""
    from workbench.running.pipeline import kernel_folders

    told = kernel_folders(run)
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def execute_here(step: str, plan: Plan, run: Run) -> None:
    """Execute a stored notebook in this process and keep it as the runner does."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    from workbench.running.pipeline import keep_executed

    notebook = load_notebook_node(str(notebook_path(step, plan.traits, plan.lang)))
    notebook = parameterize_notebook(notebook, parameters_for(step, plan), kernel_name="python3", language="python")
    shell = fresh_shell()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = run_cell(shell, cell.source)
    keep_executed(notebook, step, plan, run)


def fresh_shell():
    """IPython without a history file and with an empty namespace."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.reset(new_session=True, aggressive=False)
    return shell


def run_cell(shell, source: str) -> list:
    """The outputs of one cell; an error in it is raised as it is."""
    from IPython.utils.capture import capture_output
    from nbformat.v4 import new_output

    with capture_output() as caught:
        result = shell.run_cell(source, store_history=True)
    if (error := result.error_before_exec or result.error_in_exec) is not None:
        raise error
    texts = {name: text for name, text in (("stdout", caught.stdout), ("stderr", caught.stderr)) if text}
    return [*(new_output("stream", name=name, text=text) for name, text in texts.items()),
            *(new_output("display_data", data=shown.data, metadata=shown.metadata or {}) for shown in caught.outputs)]
