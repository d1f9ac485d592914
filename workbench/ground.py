"""What a run rests on beside its figures; `panels` makes it, words and workbooks read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def names(self) -> set[str]:
        """The names of places, regions and indicators, in both languages."""
        return names_in(self.cities, self.tree[["name_zh", "name_en"]], self.regions)


def names_in(*tables: pd.DataFrame | None) -> set[str]:
    """The texts in the columns of texts of some tables; None is no table."""
    texts = [table.select_dtypes(["object", "string", "category"]) for table in tables if table is not None]
    return {str(name) for table in texts for column in table for name in table[column].unique()}
