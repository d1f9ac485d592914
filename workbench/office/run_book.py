"""What the workbook of a run is made from, and the order of its tables' rows and columns."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.figures.labels import node_names
from analysis.framework import ancestor
from analysis.tables import full_names
from workbench.ground import Ground
from workbench.project import Run
from workbench.reporting.stamps import Stamp


@dataclass(frozen=True)
class RunBook:
    """What the workbook of a run is made from: its tables, what it stands on, stamp, language."""

    tables: Run
    ground: Ground
    stamp: Stamp
    lang: str

    def names(self) -> dict[str, str]:
        """Names of cities and of nodes of the tree by code, in the language of the workbook."""
        return {**node_names(self.ground.tree, self.lang), **full_names(self.ground.cities, self.lang)}


def in_order(frame: pd.DataFrame, stem: str, ground: Ground) -> pd.DataFrame:
    """Scores best first; indicators with those of a domain side by side; other tables as they are."""
    if stem == "05_scores":
        return frame.sort_values(["rank", "adcode"], kind="stable").reset_index(drop=True)
    domain = ancestor(ground.tree, "domain")
    if stem == "05_weights":
        return frame.sort_values("domain", kind="stable").reset_index(drop=True)
    codes = [column for column in frame if column in domain.index]
    if stem == "02_normalised" and codes:
        return frame[["adcode", *sorted(codes, key=lambda code: (domain[code], codes.index(code)))]]
    return frame
