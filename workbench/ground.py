"""What a run rests on beside its figures; `panels` makes it, words and workbooks read it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Ground:
    """What a run stands on beside its figures: the tree, the codes it measures, the proxies in use by indicator, the
    cities and their region systems (None: the repository's), and the traits of its panel (see `panel.Panel`)."""

    tree: pd.DataFrame
    proxies: pd.DataFrame
    cities: pd.DataFrame
    regions: pd.DataFrame | None
    traits: frozenset[str]

    @property
    def measured(self) -> pd.Index:
        """The codes of the indicators that the run can measure."""
        return self.proxies.index
