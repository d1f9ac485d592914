"""The study of a simulated panel, held in memory.

The method is not adapted to the panel. The panel includes its gross errors unless they are corrected first.

Reference: docs/synthetic.md, section 4.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis import framework, sources, study
from analysis.editions import Edition
from analysis.panel import Panel
from analysis.settings import ROOT, Settings, load_settings

from .panel import figures, proxies
from .simulation import Synthetic
from .tables import read_readings


def as_panel(synthetic: Synthetic, root: Path = ROOT, corrected: bool = False) -> Panel:
    """The panel a study starts from. corrected: with the true values in place of the planted errors."""
    values = synthetic.values.copy()
    if corrected:
        for row in synthetic.planted.itertuples():
            values.at[row.adcode, row.indicator] = row.true_value
    return Panel(edition=Edition.SYNTHETIC, figures=figures(values), cities=sources.read_cities(root),
                       proxies=proxies(read_readings(root)), judgements=sources.read_judgements(root),
                       experts=sources.read_experts(root), root=root, tree=framework.read_framework(root))


def same_values(values: pd.DataFrame, synthetic: Synthetic) -> bool:
    """Whether the values that a run has read (`StudyInput.values`) are those of a simulated panel, gaps included."""
    given = values.pivot(index="code", columns="indicator", values="value")
    given = given.reindex(index=synthetic.values.index, columns=synthetic.values.columns)
    return given.equals(synthetic.values.map(lambda value: float(f"{value:.12g}")))


def score_synthetic(synthetic: Synthetic, settings: Settings | None = None, root: Path = ROOT,
                    corrected: bool = False) -> study.Study:
    """The whole method on a synthetic panel, by the baseline's settings unless others are given."""
    return study.score_study(as_panel(synthetic, root, corrected), settings or load_settings())
