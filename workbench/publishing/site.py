"""The pages of a run: each executed notebook as HTML and PDF, the white paper, the index and the manifest."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from analysis.editions import Edition, file_name
from analysis.wording import worded
from workbench.edition import edition_stamp
from workbench.planning import Plan
from workbench.project import Run
from workbench.publishing.crate import crate
from workbench.publishing.provenance import CRATE, MANIFEST, manifest, write_json
from workbench.release import RELEASED
from workbench.reporting.tidy import report_of
from workbench.steps import NEEDS, STEPS, notebook_path, steps_for

SCORED = "05_scores_and_ranks"
# Parts of a run's report that take something from several steps, and the steps whose outputs they read.
PARTS = {"explorer": (SCORED, "06_sensitivity", "09_agreement"), "cities": (SCORED, "06_sensitivity", "07_tiers"),
         "take_away": tuple(NEEDS)}


def render_step(step: str, plan: Plan, run: Run) -> float:
    """Render one executed notebook as HTML and PDF; notebook 10 is the white paper and stands beside the index."""
    started = time.perf_counter()
    from workbench.reporting.exporters import HTMLReport, PDFReport

    folder = run.report_folder(plan.lang)
    page = {"lang": plan.lang, "stamp": plan_stamp(plan, run), "links": page_links(folder, step, plan)}
    executed = str(folder / "notebooks" / f"{step}.ipynb")
    html, pdf = document_paths(folder, step, plan.settings.edition)
    for path in (html, pdf):
        path.parent.mkdir(parents=True, exist_ok=True)
    finish_figures(read_executed(folder, step), folder, plan)
    html.write_text(HTMLReport(**page).from_filename(executed)[0], encoding="utf-8")
    pdf.write_bytes(PDFReport(**page).from_filename(executed)[0])
    if step == STEPS[-1]:
        from workbench.office.take_away import write_white_paper

        write_white_paper(read_executed(folder, step), step, folder, plan.lang, page["stamp"], plan.settings.edition)
    return time.perf_counter() - started


def finish_figures(notebook, folder: Path, plan: Plan) -> None:
    """The PDF and the PNG of every figure that a notebook of a whole run has shown and kept as SVG."""
    from workbench.office import figure_files as files

    for about in files.figures_in(notebook):
        title = files.title_of(about, plan.settings.edition, plan.lang)
        files.write_prints(folder / "figures", about["name"], title, about["alt"], plan.lang)


def read_executed(folder: Path, step: str):
    import nbformat

    return nbformat.read(folder / "notebooks" / f"{step}.ipynb", 4)


def document_paths(folder: Path, step: str, edition: Edition = Edition.PUBLIC) -> tuple[Path, Path]:
    """Where the HTML and the PDF of a step stand."""
    name = file_name("white_paper" if step == STEPS[-1] else step, edition)
    if step == STEPS[-1]:
        return folder / f"{name}.html", folder / f"{name}.pdf"
    return folder / "html" / f"{name}.html", folder / "pdf" / f"{name}.pdf"


def title_of(step: str, plan: Plan) -> dict[str, str]:
    """Title and subtitle of a step's notebook in the run's language, those of the run's kind of data where it has some;
    of the white paper, those of the study."""
    notebook = json.loads(notebook_path(step, plan.traits, plan.lang).read_text(encoding="utf-8"))
    about, words = report_of(notebook["metadata"]["report"], plan.traits), plan.settings.words
    titles = {name: worded(about[name]) for name in ("title", "subtitle")}
    if step == STEPS[-1]:
        below = [words.said(name, plan.lang) for name in ("subtitle", "authors", "organisation")]
        titles |= {"title": words.said("title", plan.lang) or titles["title"]}
        titles |= {"subtitle": " · ".join(filter(None, below))} if any(below) else {}
    return titles


def page_links(folder: Path, step: str, plan: Plan):
    """Where the page of a step leads: index, PDF, and the notebooks before and after that the run has or makes."""
    from workbench.reporting import PageLinks
    from workbench.reporting.words import WORDS

    edition = plan.settings.edition
    here, steps = document_paths(folder, step, edition)[0].parent, steps_for(plan.traits)

    def is_there(other: str) -> bool:
        return (folder / "notebooks" / f"{other}.ipynb").is_file()

    def link(place: Path) -> str:
        return os.path.relpath(place, here)

    def neighbour(position: int) -> tuple[str, str] | None:
        if not 0 <= position < len(steps) or not (steps[position] in plan.steps or is_there(steps[position])):
            return None
        return (link(document_paths(folder, steps[position], edition)[0]),
                title_of(steps[position], plan)["title"])

    words, also = WORDS[plan.lang], []
    if step != STEPS[-1] and (STEPS[-1] in plan.steps or is_there(STEPS[-1])):
        also.append((link(document_paths(folder, STEPS[-1], edition)[0]), words["white_paper"]))
    if SCORED in plan.steps or is_there(SCORED):
        also.append((link(folder / "profiles/index.html"), words["profiles"]))
    position = steps.index(step)
    return PageLinks(link(folder / "index.html"), link(document_paths(folder, step, edition)[1]),
                     neighbour(position - 1), neighbour(position + 1), tuple(also))


def plan_stamp(plan: Plan, run: Run):
    """The stamp of a staged run."""
    from workbench.run_input import run_ground

    return edition_stamp(plan.run, plan.settings, run_ground(plan.settings, run.inputs), plan.lang)


def write_part(part: str, plan: Plan, run: Run) -> float:
    """Make one of the parts of a run's report that take something from several steps (see `PARTS`)."""
    started = time.perf_counter()
    {"explorer": write_run_explorer, "cities": write_city_pages, "take_away": write_take_away}[part](plan, run)
    return time.perf_counter() - started


def write_overview(plan: Plan, run: Run, reports: bool) -> float:
    """Write the index page, the manifest and the crate of the staged run, once its parts are made."""
    started = time.perf_counter()
    folder = run.report_folder(plan.lang)
    if reports:
        write_index_page(plan, run)
    content = manifest(plan.run, plan.settings, run.data, folder)
    write_json(content, folder / MANIFEST)
    title, edition = title_of(STEPS[-1], plan)["title"], plan_stamp(plan, run).edition
    write_json(crate(content, title, edition, RELEASED.isoformat(), folder), folder / CRATE)
    return time.perf_counter() - started


def write_run_explorer(plan: Plan, run: Run) -> None:
    """explorer.html: the page on which a reader changes the weights."""
    from workbench.explorer import write_explorer

    write_explorer(run, plan_stamp(plan, run), plan.lang)


def write_city_pages(plan: Plan, run: Run) -> None:
    """The page of every city and their list, where the run has scores."""
    if not run.has("05_scores"):
        return
    from workbench.cities import profiles_now, write_profiles

    write_profiles(profiles_now(run), run.report_folder(plan.lang), plan_stamp(plan, run), plan.lang)


def write_take_away(plan: Plan, run: Run) -> None:
    """Tables and results of the staged run as Word documents and workbooks, and the index of its figures."""
    from workbench.office.run_book import RunBook
    from workbench.office.take_away import write_collections
    from workbench.run_input import run_ground

    folder = run.report_folder(plan.lang)
    notebooks = {step: read_executed(folder, step) for step in NEEDS
                 if (folder / "notebooks" / f"{step}.ipynb").is_file()}
    ground = run_ground(plan.settings, run.inputs)
    write_collections(notebooks, folder, RunBook(run, ground, plan_stamp(plan, run), plan.lang))


def write_index_page(plan: Plan, run: Run) -> None:
    """index.html: findings, what was run, white paper, cities, notebooks, every figure and table, provenance."""
    from workbench.publishing.index import further_forms, run_facts
    from workbench.reporting import ReportEntry, write_index

    folder, entries, titles = run.report_folder(plan.lang), [], {}
    for step in NEEDS:
        if not (folder / "notebooks" / f"{step}.ipynb").is_file():
            continue
        html, pdf = document_paths(folder, step, plan.settings.edition)
        words = title_of(step, plan)
        titles[step] = words["title"]
        entries.append(ReportEntry(words["title"], words["subtitle"], html.relative_to(folder).as_posix(),
                                   pdf.relative_to(folder).as_posix(),
                                   further_forms(folder, step, plan.settings.edition)))
    last = document_paths(folder, STEPS[-1], plan.settings.edition)[0].name
    paper = entries.pop() if entries and entries[-1].html == last else None
    facts = run_facts(plan, run, titles, paper)
    title = "" if "china" in plan.traits or paper is None else paper.title
    write_index(folder, plan_stamp(plan, run), entries, facts, plan.lang, title)
