"""The runner: the ten notebooks in order through papermill, then their reports, all or nothing.

Everything is made in a staging folder and put in place at the end, so that a run either replaces the old outputs whole
or leaves them untouched. Steps whose inputs are ready run side by side, each in a fresh kernel; reports are rendered
while later steps still compute. What a partial run may leave out is decided by the notebooks' own parameters cells.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from analysis import __released__
from analysis.provenance import MANIFEST, RECORD, hashes, manifest, run_record, write_json
from analysis.settings import ROOT, Settings, differences, flatten, load_settings, nearest, write_settings
from analysis.staging import discard, open_staging, put_in_place

RELEASED = date.fromisoformat(__released__)
EPOCH = int(datetime.combine(RELEASED, time_of_day(), UTC).timestamp())
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data/processed"
REPORTS = ROOT / "reports"
WORKERS = 2

# Each step and the steps whose tables it reads.
NEEDS: dict[str, tuple[str, ...]] = {
    "01_clean_data": (),
    "02_indicators": ("01_clean_data",),
    "03_entropy_weights": ("02_indicators",),
    "04_ahp_weights": ("02_indicators",),
    "05_scores_and_ranks": ("03_entropy_weights", "04_ahp_weights"),
    "06_sensitivity": ("05_scores_and_ranks",),
    "07_tiers": ("05_scores_and_ranks",),
    "08_regional_distribution": ("05_scores_and_ranks",),
    "09_agreement": ("05_scores_and_ranks",),
    "10_white_paper": ("06_sensitivity", "07_tiers", "08_regional_distribution", "09_agreement"),
}
STEPS = tuple(NEEDS)


class RunError(RuntimeError):
    """A run that cannot begin or go on; the message says why and what to do. Outputs are as they were."""


@dataclass(frozen=True)
class Plan:
    """What one call of the runner does: the run's name and language, its settings and the steps to execute."""

    run: str
    lang: str
    settings: Settings
    steps: tuple[str, ...]


# --- what to run -------------------------------------------------------------------------------------------------------
def make_plan(run: str | None, lang: str, settings: Settings, only: tuple[str, ...] = (), start: str | None = None) -> Plan:
    """A plan from the words of the command line; wrong ones are refused with the nearest right one.

    The run `baseline` is the reference and takes the baseline's choices only.
    """
    if lang not in ("zh", "en"):
        raise RunError(f"--lang {lang}: write zh or en")
    changed = differences(settings)
    run = run or ("custom" if changed else "baseline")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", run):
        raise RunError(f"--run {run!r}: use letters, digits, - and _, at most 41 of them; it names a folder")
    if run == "lab":
        raise RunError("the run lab belongs to notebooks run by hand; give --run another name")
    if run == "baseline" and changed:
        raise RunError(f"the run baseline is the reference and keeps settings/baseline.yaml; {', '.join(changed)} "
                       "differ: give --run another name")
    return Plan(run, lang, settings, choose_steps(only, start))


def step_named(text: str) -> str:
    """The step that `07`, `7` or `07_tiers` names; an unknown one is refused with the nearest."""
    for step in STEPS:
        if text in (step, step[:2], step[:2].lstrip("0")):
            return step
    raise RunError(f"unknown step {text}: {nearest(text, list(STEPS))}")


def choose_steps(only: tuple[str, ...] = (), start: str | None = None) -> tuple[str, ...]:
    """The steps of `--only` (all where empty), from `--from` onwards, in the order of the study."""
    wanted = {step_named(text) for text in only} or set(STEPS)
    first = STEPS.index(step_named(start)) if start else 0
    steps = tuple(step for step in STEPS[first:] if step in wanted)
    if not steps:
        raise RunError("no step left to run: every step of --only comes before the one of --from")
    return steps


def parameters_of(step: str) -> dict[str, Any]:
    """The parameters cell of a notebook as names and literal values."""
    notebook = json.loads((NOTEBOOKS / f"{step}.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]
               if "parameters" in cell["metadata"].get("tags", [])]
    if len(sources) != 1:
        raise RunError(f"notebooks/{step}.ipynb: one cell tagged parameters is needed, found {len(sources)}")
    assignments = [node for node in ast.parse(sources[0]).body if isinstance(node, ast.Assign)]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in assignments}


def parameters_for(step: str, plan: Plan) -> dict[str, Any]:
    """The values papermill puts into a notebook: every parameter it names, from the run's settings."""
    available = {name.replace(".", "_"): value for name, value in flatten(plan.settings).items()}
    available |= {"run": plan.run, "lang": plan.lang}
    names = parameters_of(step)
    unknown = [name for name in names if name not in available]
    if unknown:
        raise RunError(f"notebooks/{step}.ipynb: parameter {unknown[0]}: {nearest(unknown[0], list(available))}")
    return {name: available[name] for name in names}


def check_kept_steps(plan: Plan) -> Path | None:
    """Where a partial run takes the steps that it leaves out from, once sure that they are what it needs.

    They come from the run's own earlier outputs, or from the baseline's where the run is new. A left-out step whose
    choices differ from those it was run with would be stale: refused, naming the choice and the step to start from.
    """
    needed = built_on(plan.steps)
    if not needed:
        kept = (DATA / plan.run / "settings.yaml").is_file() and set(plan.steps) != set(STEPS)
        return DATA / plan.run if kept else None
    source = next((DATA / run for run in (plan.run, "baseline") if (DATA / run / "settings.yaml").is_file()), None)
    if source is None:
        raise RunError(f"steps {', '.join(sorted(needed))} have no outputs yet; run all steps first: python3 run.py")
    kept = {name.replace(".", "_"): value for name, value in flatten(load_settings(source / "settings.yaml")).items()}
    for step in sorted(needed):
        if not list(source.glob(f"{step[:2]}_*.csv")):
            raise RunError(f"run {source.name} has no outputs of {step}; start there: --from {step[:2]}")
        for name, value in parameters_for(step, plan).items():
            if name in kept and kept[name] != value:
                raise RunError(f"{name} is {kept[name]} in the kept step {step} and {value} in this run; "
                               f"start there: --from {step[:2]}")
    return source


def built_on(steps: tuple[str, ...]) -> set[str]:
    """The steps outside `steps` whose tables these need, directly or through others."""
    needed: set[str] = set()
    queue = list(steps)
    while queue:
        missing = set(NEEDS[queue.pop()]) - set(steps) - needed
        needed |= missing
        queue += missing
    return needed


# --- running -----------------------------------------------------------------------------------------------------------
def execute(plan: Plan, say: Callable[[str], None] = print, reports: bool = True) -> dict[str, Any]:
    """Run a plan: check the inputs, execute its notebooks, render the reports, put everything in place.

    Returns the run record (seconds by step, peak memory). Raises before any output changes.
    """
    started = time.perf_counter()
    kept = check_kept_steps(plan)
    study = score_in_memory(plan)
    staging = open_staging(plan.run)
    try:
        copy_kept(plan, kept, staging)
        seconds = execute_steps(plan, staging, say, reports)
        compare_with_memory(study, staging / "data" / plan.run)
        keep_other_language(plan, staging)
        peak_memory = seconds.pop("peak memory")
        seconds["index and manifest"] = write_overview(plan, staging, reports)
        record = run_record(seconds, time.perf_counter() - started, peak_memory)
        write_json(record, report_folder(plan, staging) / RECORD)
        put_in_place(plan.run)
    finally:
        discard(plan.run)
    return record


def score_in_memory(plan: Plan):
    """The whole method in memory before anything is written: whatever is wrong with the inputs is refused here."""
    from analysis import published, sources
    from analysis.study import find_city, read_panel, score_study

    panel = read_panel()
    paper = sources.read_whitepaper(ROOT)
    published.clean_whitepaper(paper, paper["errata"], paper["inferred_members"], panel.cities)
    find_city(panel.cities, plan.settings.city)
    return score_study(panel, plan.settings)


def compare_with_memory(study, data: Path) -> None:
    """The notebooks' scores and ranks, where the run has made them, must equal those of `score_study` to the last digit."""
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
    unchanged = load_settings(kept / "settings.yaml") == plan.settings
    stay = {step[:2] for step in (set(STEPS) - set(plan.steps) if unchanged else built_on(plan.steps))}
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


def worker_environment(staging: str) -> None:
    """What every worker and kernel sees: the staging folders, fixed seeds and one thread for each library."""
    # jsonschema's optional grammar takes 1.3 s to build in every process and nothing here uses it
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    os.environ.update(one_thread, STUDY_DATA=f"{staging}/data", STUDY_REPORTS=f"{staging}/reports",
                      PYTHONHASHSEED="0", SOURCE_DATE_EPOCH=str(EPOCH), TZ="UTC", PYTHONPATH=str(ROOT),
                      JPY_PARENT_PID="", IPYTHONDIR=f"{staging}/ipython", PYDEVD_DISABLE_FILE_VALIDATION="1")


def execute_steps(plan: Plan, staging: Path, say: Callable[[str], None], reports: bool) -> dict[str, float]:
    """Execute and render the plan's steps on two workers: a ready notebook first, a report while none is ready."""
    seconds: dict[str, float] = {"peak memory": memory_now()}
    waiting, rendering, running = list(plan.steps), [], {}
    done, executed = set(STEPS) - set(plan.steps), 0
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), worker_environment, (str(staging),)) as pool:
        while waiting or rendering or running:
            while len(running) < WORKERS:
                ready = next((step for step in waiting if set(NEEDS[step]) <= done), None)
                if ready:
                    waiting.remove(ready)
                    running[pool.submit(execute_step, ready, plan, staging)] = ("execute", ready)
                elif rendering:
                    step = rendering.pop(0)
                    running[pool.submit(render_step, step, plan, staging)] = ("render", step)
                else:
                    break
            finished, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
            seconds["peak memory"] = max(seconds["peak memory"], memory_now())
            for future in finished:
                task, step = running.pop(future)
                try:
                    seconds[f"{task} {step}"] = future.result()
                except Exception:
                    pool.shutdown(cancel_futures=True)
                    raise
                if task == "execute":
                    done.add(step)
                    executed += 1
                    rendering += [step] if reports else []
                say(progress_line(task, step, seconds[f"{task} {step}"], executed, len(plan.steps)))
    return seconds


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
    words = {"execute": "计算 run   ", "render": "成文 report"}[task]
    return f"{words}  {step:<26}{seconds:6.1f} s   {done}/{total}"


def execute_step(step: str, plan: Plan, staging: Path) -> float:
    """Execute one notebook in a fresh kernel and keep it, tidied, as reports/<run>/notebooks/<step>.ipynb."""
    started = time.perf_counter()
    import nbformat
    import papermill
    from jupyter_client.manager import KernelManager
    from papermill.exceptions import PapermillExecutionError

    from analysis.reporting import tidy_notebook

    manager = KernelManager(kernel_name="python3", transport_encryption="auto")
    manager.start_kernel(cwd=str(ROOT))
    try:
        notebook = papermill.execute_notebook(str(NOTEBOOKS / f"{step}.ipynb"), None, parameters_for(step, plan),
                                              progress_bar=False, kernel_name="python3", km=manager)
    except PapermillExecutionError as error:
        raise RunError(f"notebooks/{step}.ipynb, cell {error.exec_count}: {error.ename}: {error.evalue}") from None
    finally:
        manager.shutdown_kernel(now=True)
    path = report_folder(plan, staging) / "notebooks" / f"{step}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = nbformat.writes(tidy_notebook(notebook, step))
    path.write_text(text + "\n", encoding="utf-8")
    return time.perf_counter() - started


def report_folder(plan: Plan, staging: Path) -> Path:
    """Where the reports of a plan are made: Chinese at the top of the run's folder, English in its folder en."""
    folder = staging / "reports" / plan.run
    return folder if plan.lang == "zh" else folder / plan.lang


def render_step(step: str, plan: Plan, staging: Path) -> float:
    """Render one executed notebook as HTML and PDF; notebook 10 is the white paper and stands beside the index."""
    started = time.perf_counter()
    from analysis.reporting.exporters import HTMLReport, PDFReport

    folder = report_folder(plan, staging)
    page = {"lang": plan.lang, "stamp": edition_stamp(plan), "links": page_links(folder, step, plan.lang, plan.steps)}
    executed = str(folder / "notebooks" / f"{step}.ipynb")
    html, pdf = document_paths(folder, step)
    for path in (html, pdf):
        path.parent.mkdir(parents=True, exist_ok=True)
    html.write_text(HTMLReport(**page).from_filename(executed)[0], encoding="utf-8")
    pdf.write_bytes(PDFReport(**page).from_filename(executed)[0])
    return time.perf_counter() - started


def read_executed(folder: Path, step: str):
    import nbformat

    return nbformat.read(folder / "notebooks" / f"{step}.ipynb", 4)


def document_paths(folder: Path, step: str) -> tuple[Path, Path]:
    """Where the HTML and the PDF of a step stand."""
    if step == STEPS[-1]:
        return folder / "white_paper.html", folder / "white_paper.pdf"
    return folder / "html" / f"{step}.html", folder / "pdf" / f"{step}.pdf"


def title_of(step: str, lang: str) -> dict[str, str]:
    """Title and subtitle of a notebook in one language."""
    about = json.loads((NOTEBOOKS / f"{step}.ipynb").read_text(encoding="utf-8"))["metadata"]["report"]
    return {"title": about[f"title_{lang}"], "subtitle": about[f"subtitle_{lang}"]}


def page_links(folder: Path, step: str, lang: str, steps: tuple[str, ...] = STEPS):
    """Where the page of a step leads: the index, its PDF, the notebooks before and after among `steps` or already made."""
    from analysis.reporting import PageLinks

    here = document_paths(folder, step)[0].parent

    def is_there(other: str) -> bool:
        return (folder / "notebooks" / f"{other}.ipynb").is_file()

    def link(place: Path) -> str:
        return os.path.relpath(place, here)

    def neighbour(position: int) -> tuple[str, str] | None:
        if not 0 <= position < len(STEPS) or not (STEPS[position] in steps or is_there(STEPS[position])):
            return None
        return link(document_paths(folder, STEPS[position])[0]), title_of(STEPS[position], lang)["title"]

    position = STEPS.index(step)
    return PageLinks(link(folder / "index.html"), link(document_paths(folder, step)[1]), neighbour(position - 1),
                     neighbour(position + 1))


def edition_stamp(plan: Plan):
    """Run, edition and date as every page carries them; the date is the study's, never today's."""
    from analysis.notebook import edition_line
    from analysis.reporting import Stamp

    words = {"zh": f"{RELEASED:%Y} 年 {RELEASED.month} 月", "en": f"{RELEASED:%B %Y}"}
    return Stamp(plan.run, edition_line(plan.settings, plan.lang), words[plan.lang], EPOCH)


# --- the overview of a run -----------------------------------------------------------------------------------------------
def write_overview(plan: Plan, staging: Path, reports: bool) -> float:
    """Write the index page and the manifest of the staged run."""
    started = time.perf_counter()
    data, folder = staging / "data" / plan.run, report_folder(plan, staging)
    if reports:
        write_index_page(plan, folder)
    write_json(manifest(plan.run, plan.settings, data, folder), folder / MANIFEST)
    return time.perf_counter() - started


def write_index_page(plan: Plan, folder: Path) -> None:
    """index.html: what was run, its findings, the white paper, the notebooks, every figure and table."""
    from analysis.reporting import FileEntry, ReportEntry, RunFacts, write_index

    entries, files, findings = [], {"figure": [], "table": []}, []
    for step in STEPS:
        if not (folder / "notebooks" / f"{step}.ipynb").is_file():
            continue
        html, pdf = document_paths(folder, step)
        words = title_of(step, plan.lang)
        entries.append(ReportEntry(words["title"], words["subtitle"], html.relative_to(folder).as_posix(),
                                   pdf.relative_to(folder).as_posix()))
        for cell in read_executed(folder, step).cells:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("report", {})
                if about.get("kind") in files:
                    place = next((folder / f"{about['kind']}s").glob(f"{about['name']}.*"))
                    files[about["kind"]].append(FileEntry(place.relative_to(folder).as_posix(), about["label"],
                                                          about["caption"]))
                elif about.get("kind") == "text" and "finding" in cell.metadata.get("tags", []):
                    findings.append(output["data"]["text/markdown"].replace("**", ""))
    paper = entries.pop() if entries and entries[-1].html == "white_paper.html" else None
    other = folder / "en" if plan.lang == "zh" else folder.parent
    other_language = os.path.relpath(other / "index.html", folder) if (other / "index.html").is_file() else ""
    facts = RunFacts(findings, differences(plan.settings), paper, files["figure"], files["table"], MANIFEST,
                     other_language)
    write_index(folder, edition_stamp(plan), entries, facts, plan.lang)


def report_place(plan: Plan) -> str:
    """The folder of a plan's reports, relative to the repository."""
    return f"reports/{plan.run}" + ("" if plan.lang == "zh" else f"/{plan.lang}")
