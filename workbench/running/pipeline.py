"""The runner: the ten notebooks in order through papermill, then their reports, all or nothing.

Everything is made in a staging folder and put in place at the end, so that a run either replaces the old outputs whole
or leaves them untouched. Steps whose inputs are ready run side by side, each in a fresh kernel; reports are rendered
while later steps still compute. `planning` says what to run, `staging` puts it in place, `pages` writes the reports.
"""

from __future__ import annotations

import importlib
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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.editions import about
from analysis.settings import BASELINE, ROOT, Settings, load_settings, write_settings
from workbench.planning import DATA, Plan, RunError, check_kept_steps, parameters_for, report_folder
from workbench.publishing.provenance import RECORD, hashes, run_record, write_json
from workbench.publishing.site import PARTS, render_step, write_overview, write_part
from workbench.release import EPOCH
from workbench.running.disk import full_disk_told
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

REPORTS = ROOT / "reports"
WORKERS = 2
FIXED = {**dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"), "PYTHONHASHSEED": "0"}


def execute(plan: Plan, say: Callable[[str], None] = print, reports: bool = True,
            given: StudyInput | None = None) -> dict[str, Any]:
    """Run a plan: check the inputs, execute its notebooks, render the reports, put everything in place.

    `given` are the values of a run that brings its own. Returns the run record (seconds by step, peak memory). Raises
    before any output changes.
    """
    started = time.perf_counter()
    for run in (plan.run, BASELINE.stem):
        settle(run)
    check_kept_steps(plan)
    with ended_by_signals(), full_disk_told():
        staging = open_staging(plan.run)
        try:
            with workers(len(plan.steps)) as pool:
                study = score_in_memory(plan, given)
                kept = check_kept_steps(plan)  # again: another process may have made this run in between
                seconds = make_run(plan, study, staging, kept, say, reports, pool, given)
            keep_other_language(plan, staging)
            peak_memory = seconds.pop("peak memory")
            seconds["index and manifest"] = write_overview(plan, staging, reports)
            record = about(plan.settings.edition) | run_record(seconds, time.perf_counter() - started, peak_memory)
            write_json(record, report_folder(plan, staging) / RECORD)
            with unstoppable():
                put_in_place(plan.run)
        finally:
            discard(plan.run)
    return record


def make_run(plan: Plan, study, staging: Path, kept: Path | None, say: Callable[[str], None],
             reports: bool, pool: ProcessPoolExecutor, given: StudyInput | None = None) -> dict[str, float]:
    """Make a run's tables, figures and pages in a staging folder; its scores must be those of `study`, in memory.

    `kept` is the folder of tables that a partial run leaves as they are. Returns the seconds by step and the peak
    memory. A new run and the verification of an old one (`workbench.checking.verification`) both come through here.
    """
    copy_kept(plan, kept, staging)
    write_given(given, plan.settings, kept, staging / "data" / plan.run)
    seconds = execute_steps(plan, staging, say, reports, pool)
    compare_with_memory(study, staging / "data" / plan.run)
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


def write_given(given: StudyInput | None, settings: Settings, kept: Path | None, data: Path) -> None:
    """Keep a run's own values beside its tables; steps that are kept must have been made from the same."""
    if given is None:
        return
    from workbench.own.canonical import RECORD
    from workbench.own.reading import know, write_input
    from workbench.run_input import INPUT, run_panel

    write_input(given, data / INPUT)
    know((data / INPUT / RECORD).read_text(encoding="utf-8"), given)
    run_panel(settings, data)  # made once, for this process and those that it starts
    if kept is not None and hashes(kept / INPUT) != hashes(data / INPUT):
        raise RunError("the steps that this run leaves out were made from other values; start at the beginning: "
                       "--from 01")


def compare_with_memory(study, data: Path) -> None:
    """The notebooks' scores and ranks, where the run has them, must equal those of `score_study` to the last digit."""
    from analysis.frames import read_frame

    if not (data / "05_scores.csv").is_file():
        return
    table = read_frame(data / "05_scores.csv", "adcode")
    if not (table["score"].equals(study.scores) and (table["rank"] == study.ranks).all()):
        raise RunError("the notebooks' scores differ from those of analysis.study.score_study: one of the two was "
                       "changed alone; compare notebooks 02 to 05 with analysis/study.py")


def copy_kept(plan: Plan, kept: Path | None, staging: Path) -> None:
    """Put into the staging folder what a partial run leaves as it is.

    With the choices that the kept steps were run with, all of them stay, reports included; with others only the steps
    that the executed ones build on, for whatever comes after is no longer true.
    """
    data, reports = staging / "data" / plan.run, staging / "reports" / plan.run
    write_settings(plan.settings, data / "settings.yaml")
    if kept is None:
        return
    with reading(kept.name, root=kept.parents[2]):
        copy_tables(plan, kept, data, reports)


def copy_tables(plan: Plan, kept: Path, data: Path, reports: Path) -> None:
    """The tables, and where the choices are the same the reports, of the steps that stay."""
    unchanged = load_settings(kept / "settings.yaml") == plan.settings
    stay = {step[:2] for step in (set(NEEDS) - set(plan.steps) if unchanged else built_on(plan.steps, plan.traits))}
    for path in kept.glob("*.csv"):
        if path.name[:2] in stay:
            shutil.copy2(path, data / path.name)
    if unchanged and kept == DATA / plan.run and (REPORTS / plan.run).is_dir():
        shutil.copytree(REPORTS / plan.run, reports, dirs_exist_ok=True)


def keep_other_language(plan: Plan, staging: Path) -> None:
    """Keep the run's reports in the other language where its tables have not changed by a byte."""
    old, new = REPORTS / plan.run, staging / "reports" / plan.run
    if hashes(DATA / plan.run) != hashes(staging / "data" / plan.run) or not old.is_dir():
        return
    for path in old.iterdir():
        if (path.name == "en") == (plan.lang == "zh") and not (new / path.name).exists():
            shutil.copytree(path, new / path.name) if path.is_dir() else shutil.copy2(path, new / path.name)


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


def work_on(task: tuple[str, str], plan: Plan, staging: Path) -> float:
    """In a worker: run a notebook, render its report or compile a part of the whole report; the seconds it took."""
    os.environ.update(STUDY_DATA=f"{staging}/data", STUDY_REPORTS=f"{staging}/reports", IPYTHONDIR=f"{staging}/ipython")
    kind, name = task
    return {"execute": execute_step, "make": write_part, "render": render_step}[kind](name, plan, staging)


def execute_steps(plan: Plan, staging: Path, say: Callable[[str], None], reports: bool,
                  pool: ProcessPoolExecutor) -> dict[str, float]:
    """Execute and render the plan's steps; returns the seconds by task and step, and the peak memory."""
    try:
        return keep_busy(pool, plan, staging, say, reports)
    except BrokenProcessPool:
        raise RunError("a worker process was ended from outside, most often for want of memory; a run needs about "
                       "1 GB: close other programs and run again") from None


def keep_busy(pool: ProcessPoolExecutor, plan: Plan, staging: Path, say: Callable[[str], None],
              reports: bool) -> dict[str, float]:
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
                running[pool.submit(work_on, task, plan, staging)] = task
        assert running, f"nothing of {waiting + parts} can ever be begun"
        finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
        seconds["peak memory"] = max(seconds["peak memory"], memory_now())
        for future in finished:
            kind, name = running.pop(future)
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


def progress_line(task: str, step: str, seconds: float, done: int, total: int) -> str:
    words = {"execute": "计算 run   ", "render": "成文 report", "make": "汇编 gather"}[task]
    return f"{words}  {step:<26}{seconds:6.1f} s   {done}/{total}"


def kernel_channel(folder: str) -> dict[str, str]:
    """How a notebook's kernel is reached: through socket files in a private folder.

    The usual TCP ports are found free in one moment and bound in a later one; whatever takes one of them in between,
    the other worker's kernel for example, ends the run. They serve where there are no socket files (Windows) or where
    the name of one would be longer than the system's 107 bytes.
    """
    files = os.name == "posix" and len(folder) < 90
    channel = {"transport": "ipc", "ip": f"{folder}/kernel"} if files else {"transport_encryption": "auto"}
    return {"connection_file": f"{folder}/kernel.json", **channel}


def execute_step(step: str, plan: Plan, staging: Path) -> float:
    """Execute the stored notebook of a step and keep it, tidied, as reports/<run>/notebooks/<step>.ipynb."""
    started = time.perf_counter()
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    from workbench.reporting import tidy_notebook

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
    path = report_folder(plan, staging) / "notebooks" / f"{step}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = nbformat.writes(tidy_notebook(notebook, step, plan.traits))
    path.write_text(text + "\n", encoding="utf-8")
    return time.perf_counter() - started
