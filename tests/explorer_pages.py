"""Explorer pages to test: from the committed reference, and from studies with other choices, stored as runs are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.frames import read_frame, write_frame
from analysis.settings import ROOT, Settings, load_settings
from analysis.study import Study, score_study, score_table
from workbench.explorer import explorer_content, explorer_page
from workbench.explorer.content import ExplorerTables, read_tables
from workbench.ground import Ground
from workbench.project import Project, Run
from workbench.reporting import Stamp
from workbench.run_input import bring, own_panel, panel_ground, run_ground

BASELINE = ROOT / "data/processed/baseline"
STAMP = Stamp("baseline", "公开数据版：34 项指标中的 11 项，缺数字治理", "2026 年 1 月")


def baseline_tables() -> ExplorerTables:
    run = Project().run("baseline")
    return read_tables(run, run.settings, run_ground(run.settings, run.data))


def stored(study: Study, ground: Ground, folder: Path) -> ExplorerTables:
    """A study written as the notebooks write it, and read as the explorer reads it."""
    write_frame(study.normalised, folder / "02_normalised.csv")
    write_frame(study.weights, folder / "05_weights.csv")
    nobody = pd.Series(dtype="Int64")
    write_frame(score_table(ground.cities, study.scores, study.ranks, study.domain_scores, study.raw, nobody,
                            study.settings), folder / "05_scores.csv")
    return read_tables(Run(folder.name, folder, folder), study.settings, ground)


def own_tables(folder: Path) -> ExplorerTables:
    """The invented example of a study of other places: no coordinates, no published list, three domains of its own."""
    brought = bring(ROOT / "examples/county_care", load_settings())
    panel = own_panel(brought.given)
    return stored(score_study(panel, brought.settings), panel_ground(panel, brought.settings), folder)


def write_page(tables: ExplorerTables, path: Path, lang: str = "zh", changed: dict | None = None) -> Path:
    """A page of some tables, after the content was changed on purpose."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page = explorer_page(explorer_content(tables, lang) | (changed or {}), STAMP, lang)
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def weights_in_tables(settings: Settings) -> dict[str, pd.Series]:
    """The weights of every weighting, worked out here from the reference's tables, by the key the page has for it."""
    table = read_frame(BASELINE / "05_weights.csv", "indicator")
    inside = table["combined"] / table.groupby("domain")["combined"].transform("sum")
    implied = read_frame(BASELINE / "09_implied_weights.csv", "domain")["implied"]
    return {
        "combined": table["combined"], "subjective": table["subjective"], "entropy": table["entropy"],
        "equal": pd.Series(1 / len(table), table.index),
        "equal_domains": inside / table["domain"].nunique(),
        "implied_domains": inside * table["domain"].map(implied),
        "implied_indicators": read_frame(BASELINE / "09_implied_indicator_weights.csv", "indicator")["implied"],
    }
