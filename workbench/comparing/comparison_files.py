"""The files of a comparison: comparison.csv with every city, comparison.html and its figure, all or nothing.

They are made beside the earlier ones, which make room by one rename once everything is finished. Should the process be
killed at that very moment there is no comparison, and the same command makes it again.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from analysis import figures
from analysis.editions import Edition, marked_table
from analysis.figures.comparison import rank_change_parts
from analysis.frames import write_frame
from workbench.comparing.comparison import Comparison, Side
from workbench.comparing.comparison_page import CSV, Told, page
from workbench.project import Project, Run, keep_other_language, language_folder

PAGE, PICTURE = "comparison.html", "comparison.svg"


def write_comparison(comparison: Comparison, first: Side, second: Side, project: Project, lang: str = "zh") -> Path:
    """Write reports/compare/<a>__vs__<b>/: comparison.csv and, in the language asked for, comparison.html and its
    figure.

    English stands in the folder en. What there is in the other language stays where the table is the same to the byte.
    Returns the path of the page. Nothing is replaced before everything is made.
    """
    target = project.root / "reports/compare" / f"{first.name}__vs__{second.name}"
    told = Told(comparison, first, second, lang, tuple(
        report_address(project.run(run.name), language_folder(target, lang), lang) for run in (first, second)))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".staging-", dir=target.parent) as staging:
        made = Path(staging) / "new"
        folder = language_folder(made, lang)
        folder.mkdir(parents=True)
        simulated = Edition.SYNTHETIC in (first.settings.edition, second.settings.edition)
        write_frame(marked_table(told.moves, Edition.SYNTHETIC) if simulated else told.moves, made / CSV)
        picture = movers_figure(told)
        if picture:
            (folder / PICTURE).write_text(picture, encoding="utf-8")
        (folder / PAGE).write_text(page(told, picture), encoding="utf-8", newline="\n")
        if (target / CSV).is_file() and (target / CSV).read_bytes() == (made / CSV).read_bytes():
            keep_other_language(target, made, lang)
        if target.exists():
            target.rename(Path(staging) / "old")
        made.rename(target)
    return language_folder(target, lang) / PAGE


def report_address(run: Run, page: Path, lang: str) -> str:
    """The index page of a run's reports, relative to the page of a comparison; empty where it has none."""
    index = run.report_folder(lang) / "index.html"
    return Path(os.path.relpath(index, page)).as_posix() if index.is_file() else ""


def movers_figure(told: Told) -> str:
    """The figure of the largest changes as SVG; empty where no city moves."""
    movers = told.movers
    if movers.empty:
        return ""
    figures.use_style()
    names = {part: told.part_name(part) for part in told.comparison.parts}
    return figures.to_svg(rank_change_parts(movers[told.parts], told.comparison.ranks, told.comparison.cities, names,
                                            (told.first.name, told.second.name), told.lang, told.editions))
