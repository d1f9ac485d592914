"""What the workbook of a run is made from, and the order of its tables' rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.figures.labels import node_names
from analysis.frames import read_frame
from analysis.framework import ancestor
from analysis.settings import Settings
from analysis.tables import full_names
from workbench.ground import Ground
from workbench.reporting.stamps import Stamp


@dataclass(frozen=True)
class RunBook:
    """What the workbook of a run is made from: its tables' folder, what it stands on, its choices, stamp, language."""

    data: Path
    ground: Ground
    settings: Settings
    stamp: Stamp
    lang: str

    def names(self) -> dict[str, str]:
        """Names of cities and of nodes of the tree by code, in the language of the workbook."""
        return {**node_names(self.ground.tree, self.lang), **full_names(self.ground.cities, self.lang)}

    def read(self, stem: str) -> pd.DataFrame | None:
        """A table of the run, or None where the run does not have it."""
        path = self.data / f"{stem}.csv"
        return read_frame(path) if path.is_file() else None


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
