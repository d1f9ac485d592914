"""All files to take away from a run, once its notebooks are executed: what `pages` calls when it writes a run's pages.

In the folder of the run's reports: white_paper.docx, tables.docx, tables.xlsx, results.xlsx and figures.csv, the index
of the figures with their captions and alternative texts. Figures and single tables were written as files when
the notebooks showed them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analysis.editions import Edition, file_name, marked_table
from analysis.frames import write_frame
from workbench.office.figure_files import ENDINGS, figures_in
from workbench.office.run_book import RunBook
from workbench.reporting.blocks import read_report
from workbench.reporting.stamps import Stamp

if TYPE_CHECKING:
    from nbformat import NotebookNode

WHITE_PAPER, TABLES, RESULTS, INDEX = ("white_paper.docx", ("tables.docx", "tables.xlsx"), "results.xlsx",
                                       "figures.csv")
# What each is called on the index page. `verify` counts them among the pages of a run, because a run without pages does
# not make them.
NAMES = {RESULTS: ("结果工作簿：各张表，得分与名次为公式",
                   "Workbook of results: all tables, scores and ranks as formulas"),
         TABLES[1]: ("笔记本中的全部表格（Excel）", "All tables of the notebooks (Excel)"),
         TABLES[0]: ("笔记本中的全部表格（Word）", "All tables of the notebooks (Word)"),
         WHITE_PAPER: ("白皮书（Word）", "The white paper (Word)"),
         INDEX: ("图的目录与替代文字", "List of the figures with their alternative texts")}
FILES = tuple(NAMES)


def listed(folder: Path, lang: str) -> list[tuple[str, str]]:
    """(file, what it is) of all that stands in the folder of a run's reports."""
    return [(place.name, words[lang != "zh"]) for name, words in NAMES.items()
            for place in (folder / name, folder / file_name(name, Edition.SYNTHETIC)) if place.is_file()]


def write_white_paper(notebook: NotebookNode, name: str, folder: Path, lang: str, stamp: Stamp,
                      edition: Edition = Edition.PUBLIC) -> None:
    """The executed white paper as Word, beside its HTML and PDF; figures come from the folder `figures`."""
    from workbench.office.word import report_to_docx

    report = read_report(notebook, name, lang)
    (folder / file_name(WHITE_PAPER, edition)).write_bytes(report_to_docx(report, stamp, folder / "figures"))


def write_collections(notebooks: dict[str, NotebookNode], folder: Path, run: RunBook) -> None:
    """The files that take something from every notebook of the run: tables, results, the index of figures."""
    from workbench.office.results import results_workbook
    from workbench.office.tables_book import chapters, tables_report, tables_workbook
    from workbench.office.word import report_to_docx

    edition = run.settings.edition
    found = chapters([read_report(notebook, name, run.lang) for name, notebook in notebooks.items()])
    if found:
        (folder / file_name(TABLES[0], edition)).write_bytes(report_to_docx(tables_report(found, run.lang), run.stamp))
        workbook = tables_workbook(found, folder / "tables", run.stamp, run.lang)
        (folder / file_name(TABLES[1], edition)).write_bytes(workbook)
    (folder / file_name(RESULTS, edition)).write_bytes(results_workbook(run))
    figures = figures_index(notebooks, run.stamp)
    if len(figures):
        write_frame(marked_table(figures, edition), folder / file_name(INDEX, edition), index=False)


def figures_index(notebooks: dict[str, NotebookNode], stamp: Stamp) -> pd.DataFrame:
    """One row per figure: its notebook, name, label, caption, alternative text, edition and files."""
    return pd.DataFrame([
        {"notebook": name, **{key: about[key] for key in ("name", "label", "caption", "alt")},
         "edition": stamp.edition, **{ending: f"figures/{about['name']}.{ending}" for ending in ENDINGS}}
        for name, notebook in notebooks.items() for about in figures_in(notebook)])
