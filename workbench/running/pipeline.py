"""The runner: the ten notebooks in order through papermill, then their reports, all or nothing.

Everything is made in a staging folder and put in place at the end, so that a run either replaces the old outputs whole
or leaves them untouched. Steps whose inputs are ready run side by side, each in a fresh kernel; reports are rendered
while later steps still compute. `planning` says what to run, `staging` puts it in place, `pages` writes the reports.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from analysis.editions import Edition, about
from analysis.settings import BASELINE, ROOT, Settings, write_settings
from analysis.wording import worded
from workbench.planning import Plan, check_kept_steps, parameters_for
from workbench.project import Project, Run, RunError, keep_other_language, staged
from workbench.publishing.provenance import RECORD, hashes, run_record, write_json
from workbench.publishing.site import PARTS, render_step, title_of, write_overview, write_part
from workbench.release import EPOCH
from workbench.run_input import units_said
from workbench.running.disk import full_disk_told, refuse_few_files
from workbench.running.progress import Heard, heard
from workbench.running.staging import discard, open_staging, put_in_place, reading, settle
from workbench.running.stopping import (
    ended_by_signals,
    follow_parent,
    scratch_folder,
    signals_held_back,
    unstoppable,
    workers_ended,
)
from workbench.steps import NEEDS, built_on, notebook_path

if TYPE_CHECKING:
    from workbench.own.study_input import StudyInput

WORKERS = 2
FIXED = {**dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"), "PYTHONHASHSEED": "0"}


def execute(plan: Plan, project: Project, say: Callable[[str], None] = print, reports: bool = True,
            given: StudyInput | None = None) -> dict[str, Any]:
    """Run a plan: check the inputs, execute its notebooks, render the reports, put everything in place in a project.

    `given` are the values of a run that brings its own. Returns the run record (seconds by step, peak memory). Raises
    before any output changes.
    """
    started = time.perf_counter()
    for name in (plan.run, BASELINE.stem):
        settle(name, project.root)
    check_kept_steps(plan, project)
    refuse_few_files()
    with ended_by_signals(), full_disk_told(), heard(say) as say:
        run = staged(plan.run, open_staging(plan.run, project.root))
        try:
            with workers(len(plan.steps)) as pool:
                with say.doing("输入 inputs"):
                    study = score_in_memory(plan, given)
                kept = check_kept_steps(plan, project)  # again: another process may have made this run in between
                seconds = make_run(plan, study, run, kept, say, reports, pool, given)
            if hashes(project.run(plan.run).data) == hashes(run.data):
                keep_other_language(project.run(plan.run).reports, run.reports, plan.lang)
            peak_memory = seconds.pop("peak memory")
            with units_said(plan.settings, run.inputs), say.doing("目录 index"):
                seconds["index and manifest"] = write_overview(plan, run, reports)
            record = about(plan.settings.edition) | run_record(seconds, time.perf_counter() - started, peak_memory)
            write_json(record | library_warnings(run), run.report_folder(plan.lang) / RECORD)
            with unstoppable():
                put_in_place(plan.run, project.root)
        finally:
            discard(plan.run, project.root)
    return record


def library_warnings(run: Run) -> dict[str, dict[str, list[str]]]:
    """What libraries warned of in the notebooks of a run of own data, by step; it belongs into the run's record."""
    told = {path.stem.removeprefix("warnings-"): json.loads(path.read_text(encoding="utf-8"))["warnings"]
            for path in sorted(run.root.glob("warnings-*.json"))}
    return {"warnings of libraries": told} if told else {}


def make_run(plan: Plan, study, run: Run, kept: Run | None, say: Callable[[str], None],
             reports: bool, pool: ProcessPoolExecutor, given: StudyInput | None = None) -> dict[str, float]:
    """Make the tables, figures and pages of a staged run; its scores must be those of `study`, in memory.

    `kept` is the run whose tables a partial run leaves as they are. Returns the seconds by step and the peak
    memory. A new run and the verification of an old one (`workbench.checking.verification`) both come through here.
    """
    with heard(say) as voice:
        with voice.doing("数据 data"):
            copy_kept(plan, kept, run)
            write_given(given, plan.settings, kept, run)
        seconds = execute_steps(plan, run, voice, reports, pool)
    compare_with_memory(study, run)
    return seconds


def score_in_memory(plan: Plan, given: StudyInput | None = None):
    """The whole method in memory before any table is written: whatever is wrong with the inputs is refused here."""
    from analysis import published, sources
    from analysis.panel import find_city, read_panel
    from analysis.study import score_study
    from workbench.run_input import own_panel

    panel = own_panel(given, plan.settings.edition) if given else read_panel()
    if "paper" in plan.traits:
        paper = sources.read_whitepaper(ROOT)
        published.clean_whitepaper(paper, paper["errata"], paper["inferred_members"], panel.cities)
    find_city(panel.cities, plan.settings.city)
    return score_study(panel, plan.settings)


def write_given(given: StudyInput | None, settings: Settings, kept: Run | None, run: Run) -> None:
    """Keep a run's own values beside its tables; steps that are kept must have been made from the same."""
    if given is None:
        return
    from workbench.own.canonical import RECORD
    from workbench.own.reading import know, write_input
    from workbench.run_input import INPUT, leave_panel

    write_input(given, run.data / INPUT)
    know((run.data / INPUT / RECORD).read_text(encoding="utf-8"), given)
    leave_panel(settings, run.data, given)  # made once, for this process and those that it starts
    if kept is not None and hashes(kept.data / INPUT) != hashes(run.data / INPUT):
        raise RunError("the steps that this run leaves out were made from other values; start at the beginning: "
                       "--from 01")


def compare_with_memory(study, run: Run) -> None:
    """The notebooks' scores and ranks, where the run has them, must equal those of `score_study` to the last digit."""
    table = run.table_if_any("05_scores")
    if table is not None and not (table["score"].equals(study.scores) and (table["rank"] == study.ranks).all()):
        raise RunError("the notebooks' scores differ from those of analysis.study.score_study: one of the two was "
                       "changed alone; compare notebooks 02 to 05 with analysis/study.py")


def copy_kept(plan: Plan, kept: Run | None, run: Run) -> None:
    """Put into a staged run what a partial run leaves as it is.

    With the choices that the kept steps were run with, all of them stay, reports included; with others only the steps
    that the executed ones build on, for whatever comes after is no longer true.
    """
    write_settings(plan.settings, run.settings_file)
    if kept is None:
        return
    with reading(kept.name, root=kept.root):
        copy_tables(plan, kept, run)


def copy_tables(plan: Plan, kept: Run, run: Run) -> None:
    """The tables, and where the choices are the same the reports, of the steps that stay."""
    unchanged = kept.settings == plan.settings
    stay = {step[:2] for step in (set(NEEDS) - set(plan.steps) if unchanged else built_on(plan.steps, plan.traits))}
    for path in kept.data.glob("*.csv"):
        if path.name[:2] in stay:
            shutil.copy2(path, run.data / path.name)
    if unchanged and kept.name == run.name and kept.reports.is_dir():
        shutil.copytree(kept.reports, run.reports, dirs_exist_ok=True)


@contextmanager
def workers(at_once: int = WORKERS) -> Iterator[ProcessPoolExecutor]:
    """Two processes for notebooks and reports; so many of them load their libraries while the inputs are checked.

    They are ended at once when what is done inside fails.
    """
    with scratch_folder() as scratch:
        pool = ProcessPoolExecutor(WORKERS, get_context("spawn"), get_ready, (scratch,))
        with pool, workers_ended():
            with signals_held_back():
                for _ in range(min(at_once, WORKERS)):
                    pool.submit(time.sleep, 0)  # a worker is born with the first task that finds none idle
            yield pool


def get_ready(scratch: str) -> None:
    """What every worker and kernel has in common: fixed seeds, one thread for each library, a folder for scratch."""
    follow_parent(scratch)
    tempfile.tempdir = scratch
    # jsonschema's optional grammar takes 1.3 s to build in every process and nothing here uses it
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    os.environ.update(FIXED, TMPDIR=scratch, SOURCE_DATE_EPOCH=str(EPOCH), TZ="UTC", PYTHONPATH=str(ROOT),
                      JPY_PARENT_PID="", PYDEVD_DISABLE_FILE_VALIDATION="1")
    for name in ("papermill", "workbench.reporting.exporters"):  # while the inputs are checked, not later
        importlib.import_module(name)


def work_on(task: tuple[str, str], plan: Plan, run: Run) -> float:
    """In a worker: run a notebook, render its report or compile a part of the whole report; the seconds it took."""
    os.environ.update(kernel_folders(run), IPYTHONDIR=f"{run.root}/ipython")
    kind, name = task
    with units_said(plan.settings, run.inputs):
        return {"execute": execute_step, "make": write_part, "render": render_step}[kind](name, plan, run)


def kernel_folders(run: Run) -> dict[str, str]:
    """The environment that tells a notebook of a staged run where its tables and reports go."""
    return {"STUDY_DATA": str(run.data.parent), "STUDY_REPORTS": str(run.reports.parent)}


def execute_steps(plan: Plan, run: Run, say: Callable[[str], None], reports: bool,
                  pool: ProcessPoolExecutor) -> dict[str, float]:
    """Execute and render the plan's steps; returns the seconds by task and step, and the peak memory."""
    try:
        with heard(say) as voice:
            return keep_busy(pool, plan, run, voice, reports)
    except BrokenProcessPool:
        raise RunError("a worker process was ended from outside, most often for want of memory; a run needs about "
                       "1 GB: close other programs and run again") from None


def keep_busy(pool: ProcessPoolExecutor, plan: Plan, run: Run, say: Heard, reports: bool) -> dict[str, float]:
    """Hand out the work: a ready notebook first, then parts of the report, then reports of single notebooks."""
    seconds: dict[str, float] = {"peak memory": memory_now()}
    waiting, rendering, running = sorted(plan.steps, key=stands_alone), [], {}
    parts = list(PARTS) if reports else []
    done, executed = set(NEEDS) - set(plan.steps), 0  # kept ones, and those that mean nothing for this panel
    while waiting or parts or rendering or running:
        while len(running) < WORKERS:
            task = next_task(waiting, parts, rendering, done)
            if task is None:
                break
            with signals_held_back():
                running[pool.submit(work_on, task, plan, run)] = task
            say.begun(task_in_words(*task))
        assert running, f"nothing of {waiting + parts} can ever be begun"
        finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
        seconds["peak memory"] = max(seconds["peak memory"], memory_now())
        for future in finished:
            kind, name = running.pop(future)
            say.ended(task_in_words(kind, name))
            seconds[f"{kind} {name}"] = future.result()
            if kind == "execute":
                done.add(name)
                executed += 1
                rendering += [name] if reports else []
                rendering.sort(key=lambda step: -seconds[f"execute {step}"])  # no long one is left to the end
            say(progress_line(kind, name, seconds[f"{kind} {name}"], executed, len(plan.steps)))
    return seconds


def next_task(waiting: list[str], parts: list[str], rendering: list[str], done: set[str]) -> tuple[str, str] | None:
    """The next kind of work and what to do it for, taken off its list; None while nothing is ready."""
    for kind, names, needs in (("execute", waiting, NEEDS), ("make", parts, PARTS)):
        ready = next((name for name in names if done.issuperset(needs[name])), None)
        if ready:
            names.remove(ready)
            return kind, ready
    return ("render", rendering.pop(0)) if rendering else None


def stands_alone(step: str) -> bool:
    """Whether a step neither builds on another nor is built on: it can be made whenever a worker is free."""
    return not NEEDS[step] and not any(step in needs for needs in NEEDS.values())


def memory_now() -> float:
    """Memory that this process and all its children hold (MiB; pages they share count once for each)."""
    import psutil

    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total / 2**20


WORDS = {"execute": "计算 run   ", "render": "成文 report", "make": "汇编 gather"}


def progress_line(task: str, step: str, seconds: float, done: int, total: int) -> str:
    return f"{WORDS[task]}  {step:<26}{seconds:6.1f} s   {done}/{total}"


def task_in_words(task: str, step: str) -> str:
    """A task as the line about what is running names it."""
    return step if task == "execute" else f"{WORDS[task].strip()} {step}"


def kernel_channel(folder: str) -> dict[str, str]:
    """How a notebook's kernel is reached: through socket files in a private folder.

    The usual TCP ports are found free in one moment and bound in a later one; whatever takes one of them in between,
    the other worker's kernel for example, ends the run. They serve where there are no socket files (Windows) or where
    the name of one would be longer than the system's 107 bytes.
    """
    files = os.name == "posix" and len(folder) < 90
    channel = {"transport": "ipc", "ip": f"{folder}/kernel"} if files else {"transport_encryption": "auto"}
    return {"connection_file": f"{folder}/kernel.json", **channel}


def execute_step(step: str, plan: Plan, run: Run) -> float:
    """Execute the stored notebook of a step and keep it, tidied, as reports/<run>/notebooks/<step>.ipynb."""
    started = time.perf_counter()
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    source = notebook_path(step, plan.traits, plan.lang)
    try:
        with tempfile.TemporaryDirectory(prefix="study-") as folder:
            notebook = papermill.execute_notebook(
                str(source), None, parameters_for(step, plan), progress_bar=False, cwd=str(ROOT),
                config=Config(KernelManager=kernel_channel(folder), NotebookClient={"shutdown_kernel": "immediate"}))
    except PapermillExecutionError as error:
        raise RunError(f"{source.relative_to(ROOT).as_posix()}, cell {error.exec_count}: {error.ename}: "
                       f"{error.evalue}") from None
    except DeadKernelError:
        raise RunError(f"{source.relative_to(ROOT).as_posix()}: its process was ended from outside, most often for "
                       "want of memory; a run needs about 1 GB: close other programs and run again") from None
    keep_executed(notebook, step, plan, run)
    return time.perf_counter() - started


def keep_executed(notebook, step: str, plan: Plan, run: Run) -> None:
    """Keep an executed notebook, tidied, in the reports; of own data, what libraries warned of goes beside them."""
    import nbformat

    from workbench.reporting import tidy_notebook
    from workbench.reporting.tidy import warnings_taken_out

    path = run.report_folder(plan.lang) / "notebooks" / f"{step}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    tidied = tidy_notebook(notebook, step, plan.traits)
    if "report" in tidied.metadata:
        tidied.metadata["report"] |= title_of(step, plan)
    for cell in tidied.cells:
        if cell.cell_type == "markdown":
            cell.source = worded(cell.source)
    if plan.settings.edition == Edition.OWN and (told := warnings_taken_out(tidied, ROOT)):
        write_json({"warnings": told}, run.root / f"warnings-{step}.json")
    path.write_text(nbformat.writes(tidied) + "\n", encoding="utf-8")
