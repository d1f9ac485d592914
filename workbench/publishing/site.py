"""The pages of a run: each executed notebook as HTML and PDF, the white paper, the index and the manifest."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from analysis.editions import Edition, file_name
from workbench.edition import edition_stamp
from workbench.planning import Plan, report_folder
from workbench.publishing.crate import crate
from workbench.publishing.provenance import CRATE, MANIFEST, manifest, write_json
from workbench.release import RELEASED
from workbench.reporting.tidy import report_of
from workbench.steps import NEEDS, STEPS, notebook_path, steps_for

SCORED = "05_scores_and_ranks"
# Parts of a run's report that take something from several steps, and the steps whose outputs they read.
PARTS = {"explorer": (SCORED, "06_sensitivity", "09_agreement"), "cities": (SCORED, "06_sensitivity", "07_tiers"),
         "take_away": tuple(NEEDS)}


def render_step(step: str, plan: Plan, staging: Path) -> float:
    """Render one executed notebook as HTML and PDF; notebook 10 is the white paper and stands beside the index."""
    started = time.perf_counter()
    from workbench.reporting.exporters import HTMLReport, PDFReport

    folder = report_folder(plan, staging)
    page = {"lang": plan.lang, "stamp": plan_stamp(plan, staging),
            "links": page_links(folder, step, plan)}
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


def title_of(step: str, lang: str, traits: frozenset[str]) -> dict[str, str]:
    """Title and subtitle of a step's notebook in one language, those of the run's kind of data where it has some."""
    notebook = json.loads(notebook_path(step, traits, lang).read_text(encoding="utf-8"))
    about = report_of(notebook["metadata"]["report"], traits)
    return {"title": about["title"], "subtitle": about["subtitle"]}


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
                title_of(steps[position], plan.lang, plan.traits)["title"])

    words, also = WORDS[plan.lang], []
    if step != STEPS[-1] and (STEPS[-1] in plan.steps or is_there(STEPS[-1])):
        also.append((link(document_paths(folder, STEPS[-1], edition)[0]), words["white_paper"]))
    if SCORED in plan.steps or is_there(SCORED):
        also.append((link(folder / "profiles/index.html"), words["profiles"]))
    position = steps.index(step)
    return PageLinks(link(folder / "index.html"), link(document_paths(folder, step, edition)[1]),
                     neighbour(position - 1), neighbour(position + 1), tuple(also))


def plan_stamp(plan: Plan, staging: Path):
    """The stamp of a staged run."""
    from workbench.run_input import run_ground

    return edition_stamp(plan.run, plan.settings, run_ground(plan.settings, staging / "data" / plan.run), plan.lang)


def write_part(part: str, plan: Plan, staging: Path) -> float:
    """Make one of the parts of a run's report that take something from several steps (see `PARTS`)."""
    started = time.perf_counter()
    {"explorer": write_run_explorer, "cities": write_city_pages, "take_away": write_take_away}[part](plan, staging)
    return time.perf_counter() - started


def write_overview(plan: Plan, staging: Path, reports: bool) -> float:
    """Write the index page, the manifest and the crate of the staged run, once its parts are made."""
    started = time.perf_counter()
    data, folder = staging / "data" / plan.run, report_folder(plan, staging)
    if reports:
        write_index_page(plan, staging)
    content = manifest(plan.run, plan.settings, data, folder)
    write_json(content, folder / MANIFEST)
    title, edition = title_of(STEPS[-1], plan.lang, plan.traits)["title"], plan_stamp(plan, staging).edition
    write_json(crate(content, title, edition, RELEASED.isoformat(), folder), folder / CRATE)
    return time.perf_counter() - started


def write_run_explorer(plan: Plan, staging: Path) -> None:
    """explorer.html: the page on which a reader changes the weights."""
    from workbench.explorer import write_explorer

    write_explorer(staging / "data" / plan.run, report_folder(plan, staging), plan.settings, plan_stamp(plan, staging),
                   plan.lang)


def write_city_pages(plan: Plan, staging: Path) -> None:
    """The page of every city and their list, where the run has scores."""
    if not (staging / "data" / plan.run / "05_scores.csv").is_file():
        return
    from workbench.city_profiles import profiles_in, write_profiles

    profiles = profiles_in(plan.run, staging / "data" / plan.run)
    write_profiles(profiles, report_folder(plan, staging), plan_stamp(plan, staging), plan.lang)


def write_take_away(plan: Plan, staging: Path) -> None:
    """Tables and results of the staged run as Word documents and workbooks, and the index of its figures."""
    from workbench.office.run_book import RunBook
    from workbench.office.take_away import write_collections
    from workbench.run_input import run_ground

    data, folder = staging / "data" / plan.run, report_folder(plan, staging)
    notebooks = {step: read_executed(folder, step) for step in NEEDS
                 if (folder / "notebooks" / f"{step}.ipynb").is_file()}
    book = RunBook(data, run_ground(plan.settings, data), plan.settings, plan_stamp(plan, staging), plan.lang)
    write_collections(notebooks, folder, book)


def write_index_page(plan: Plan, staging: Path) -> None:
    """index.html: findings, what was run, white paper, cities, notebooks, every figure and table, provenance."""
    from workbench.publishing.index import further_forms, run_facts
    from workbench.reporting import ReportEntry, write_index

    folder, entries, titles = report_folder(plan, staging), [], {}
    for step in NEEDS:
        if not (folder / "notebooks" / f"{step}.ipynb").is_file():
            continue
        html, pdf = document_paths(folder, step, plan.settings.edition)
        words = title_of(step, plan.lang, plan.traits)
        titles[step] = words["title"]
        entries.append(ReportEntry(words["title"], words["subtitle"], html.relative_to(folder).as_posix(),
                                   pdf.relative_to(folder).as_posix(),
                                   further_forms(folder, step, plan.settings.edition)))
    last = document_paths(folder, STEPS[-1], plan.settings.edition)[0].name
    paper = entries.pop() if entries and entries[-1].html == last else None
    facts = run_facts(plan, folder, staging / "data" / plan.run, titles, paper)
    title = "" if "china" in plan.traits or paper is None else paper.title
    write_index(folder, plan_stamp(plan, staging), entries, facts, plan.lang, title)
