"""The full table of scenarios: the ranks under every combination of choices, and what each choice does to them.

Reference: docs/method.md, section 6.5; OECD & JRC (2008), Handbook on Constructing Composite Indicators, step 7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.frames import settle

from .cells import Design
from .counting import DesignCell, in_order
from .crossing import Crossing
from .draws import SensitivityError, check_count
from .ranking import cell_ranks


@dataclass(frozen=True)
class ScenarioTable:
    """The ranks under every combination of choices, each with its own base weights.

    options: combinations × factors, option keys. ranks: combinations × cities; 0 where the study refuses the
    combination. causes: combination → why it was refused. base: the combination that the run itself is.
    """

    crossing: Crossing
    options: pd.DataFrame
    ranks: pd.DataFrame
    causes: dict[int, str]

    @property
    def base(self) -> pd.Series:
        """The ranks of the run itself."""
        return self.ranks.loc[self.crossing.base]

    @property
    def good(self) -> pd.DataFrame:
        """The ranks of the combinations that gave a ranking."""
        return self.ranks.drop(index=list(self.causes))


def scenario_table(design: Design, workers: int = 1) -> ScenarioTable:
    """Rank the cities under every combination of choices, exactly as `score_study` does for its settings.

    The weights are those that the combination leads to, without noise. Each distinct data set is scored once for all
    its sets of weights. workers: as in `weight_uncertainty`; any number gives the same ranks.
    Reference: docs/method.md, section 6.5.
    """
    check_count("workers", workers)
    cells = design.cells[::len(design.noises)]
    ranks = np.zeros((len(cells), len(design.cities)), dtype=np.int32)
    groups = list(same_data(enumerate(cells)))
    jobs = [(alike[0], np.array([cell.base for cell in alike])) for _, alike in groups]
    found = in_order(cell_ranks, jobs, workers)
    for (numbers, _), own in zip(groups, found, strict=True):
        ranks[numbers] = own
    options = design.crossing.table()
    causes = {design.place(number)[0]: cause for number, cause in design.causes.items()}
    return ScenarioTable(design.crossing, options, pd.DataFrame(ranks, options.index, design.cities), causes)


def same_data(cells: Iterable[tuple[int, DesignCell | None]]) -> Iterable[tuple[list[int], list[DesignCell]]]:
    """The cells that share scorer and distinct rows, with their numbers; refused ones (None) are left out."""
    sharing: dict[tuple[int, int], tuple[list[int], list[DesignCell]]] = {}
    for number, cell in cells:
        if cell is not None:  # the design keeps scorers and groups, so that ids stay unique
            numbers, alike = sharing.setdefault((id(cell.scorer), id(cell.group)), ([], []))
            numbers.append(number)
            alike.append(cell)
    return sharing.values()


def choice_effects(table: ScenarioTable, top: int = 100) -> pd.DataFrame:
    """The effect of each option in place of the run's own: one row per option that the run does not have.

    Index factor, option; columns zh, en; alone_*: this choice changed and nothing else: mean_shift (mean absolute
    change of rank over the cities), largest_shift (absolute), city (who makes it; the first in order), entering and
    leaving (cities into and out of the best `top`); across_*: the same comparison averaged over all combinations of
    the other choices (mean_shift, entering, leaving: means; largest_shift: the largest of all); pairs: how many
    combinations enter that average (a refused combination gives no pair).
    """
    shape = table.crossing.shape
    ranks = table.ranks.to_numpy().reshape(*shape, -1)
    usual = np.unravel_index(table.crossing.base, shape)
    if table.crossing.base in table.causes:
        raise SensitivityError(f"the run itself was refused: {table.causes[table.crossing.base]}")
    rows = {}
    for axis, factor in enumerate(table.crossing.factors):
        own = ranks.take(usual[axis], axis).reshape(-1, ranks.shape[-1])
        here = int(np.ravel_multi_index(np.delete(usual, axis), np.delete(shape, axis))) if len(shape) > 1 else 0
        for place, option in enumerate(factor.options):
            if place != usual[axis]:
                other = ranks.take(place, axis).reshape(-1, ranks.shape[-1])
                rows[factor.key, option.key] = {"zh": option.zh, "en": option.en} | compared(
                    own, other, here, top, table.ranks.columns)
    index = pd.MultiIndex.from_tuples(list(rows), names=["factor", "option"])
    return settle(pd.DataFrame(list(rows.values()), index))


def compared(own: np.ndarray, other: np.ndarray, here: int, top: int, cities: pd.Index) -> dict:
    """How the ranks `other` differ from `own` (pairs × cities): in pair `here` and over all pairs without failure."""
    good = (own[:, 0] > 0) & (other[:, 0] > 0)
    shift = np.abs(other - own)
    entering = ((own > top) & (other <= top)).sum(axis=1)
    leaving = ((own <= top) & (other > top)).sum(axis=1)
    alone = dict.fromkeys(("alone_mean_shift", "alone_largest_shift", "alone_entering", "alone_leaving"), np.nan)
    if good[here]:
        alone = {"alone_mean_shift": shift[here].mean(), "alone_largest_shift": int(shift[here].max()),
                 "alone_entering": int(entering[here]), "alone_leaving": int(leaving[here])}
    return alone | {"alone_city": cities[shift[here].argmax()] if good[here] else "",
                    "across_mean_shift": shift[good].mean() if good.any() else np.nan,
                    "across_largest_shift": shift[good].max(initial=0),
                    "across_entering": entering[good].mean() if good.any() else np.nan,
                    "across_leaving": leaving[good].mean() if good.any() else np.nan, "pairs": int(good.sum())}


def scenario_summary(table: ScenarioTable, top: int = 100) -> pd.DataFrame:
    """Each city over all combinations: base (rank in the run), best, median, worst rank, and share_top_<k>, the share
    of the combinations that put it among the best `top`."""
    good = table.good
    return pd.DataFrame({"base": table.base, "best": good.min(), "median": good.quantile(0.5, interpolation="lower"),
                         "worst": good.max(), f"share_top_{top}": (good <= top).mean()}).rename_axis("adcode")
