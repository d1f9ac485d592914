"""The table of scenarios: the ranks under each combination of choices taken, and what each choice does to them.

Reference: docs/method.md, section 6.5; OECD & JRC (2008), Handbook on Constructing Composite Indicators, step 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.frames import settle

from .cells import Design
from .counting import DesignCell, in_order
from .crossing import Crossing
from .draws import SensitivityError, check_count
from .ranking import cell_ranks
from .sampling import Staircases


@dataclass(frozen=True)
class ScenarioTable:
    """The ranks under every combination of choices taken, each with its own base weights.

    options: combinations × factors, option keys. ranks: combinations × cities; 0 where the study refuses the
    combination. causes: combination → why it was refused. base: the ranks of the run itself. alone: by the positions of
    factor and option, the ranks of the run with this one option in place of its own.
    """

    crossing: Crossing
    options: pd.DataFrame
    ranks: pd.DataFrame
    causes: dict[int, str]
    base: pd.Series
    alone: Mapping[tuple[int, int], np.ndarray] = field(default_factory=dict)

    @property
    def good(self) -> pd.DataFrame:
        """The ranks of the combinations that gave a ranking."""
        return self.ranks.drop(index=list(self.causes))


def scenario_table(design: Design, workers: int = 1) -> ScenarioTable:
    """Rank the cities under every combination of choices taken, exactly as `score_study` does for its settings.

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
    own = design.base or design.cell(design.crossing.base * len(design.noises))
    base = pd.Series(cell_ranks(own, own.base)[0].astype(np.int32), design.cities, name="rank")
    alone = {place: cell_ranks(cell, cell.base)[0].astype(np.int32) for place, cell in design.alone.items()}
    return ScenarioTable(design.crossing, options, pd.DataFrame(ranks, options.index, design.cities), causes, base,
                         alone)


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
    """The effect of each option: one row per option that the run does not have.

    Index factor, option; columns zh, en, share (the option's probability); alone_*: this option in place of the run's
    own and nothing else changed: mean_shift (mean absolute change of rank over the cities), largest_shift (absolute),
    city (who makes it; the first in order), entering and leaving (cities into and out of the best `top`), missing where
    the study refuses it; across_*: two combinations that differ in this choice alone, one of them with this option:
    mean_shift by the odds of the combinations, largest_shift, the largest of all; pairs: how many pairs there are (a
    refused combination gives none).
    """
    rows, base = {}, table.base.to_numpy()
    for place, factor in enumerate(table.crossing.factors):
        across = shifts_across(table, place)
        for position, option in enumerate(factor.options):
            if position != table.crossing.usual[place]:
                rows[factor.key, option.key] = {
                    "zh": option.zh, "en": option.en, "share": factor.shares[position],
                    **shift_alone(base, table.alone.get((place, position)), top, table.ranks.columns),
                    **across[position]}
    index = pd.MultiIndex.from_tuples(list(rows), names=["factor", "option"])
    return settle(pd.DataFrame(list(rows.values()), index))


def shift_alone(base: np.ndarray, ranks: np.ndarray | None, top: int, cities: pd.Index) -> dict:
    """How the ranks with one option changed differ from the run's."""
    if ranks is None:
        numbers = ("mean_shift", "largest_shift", "entering", "leaving")
        return {f"alone_{name}": np.nan for name in numbers} | {"alone_city": ""}
    shift = np.abs(ranks - base)
    return {"alone_mean_shift": shift.mean(), "alone_largest_shift": int(shift.max()),
            "alone_entering": int(((base > top) & (ranks <= top)).sum()),
            "alone_leaving": int(((base <= top) & (ranks > top)).sum()), "alone_city": cities[shift.argmax()]}


def shifts_across(table: ScenarioTable, place: int) -> list[dict]:
    """For each option of a factor what `choice_effects` says of its pairs."""
    options = range(len(table.crossing.factors[place].options))
    sums, weights, largest, pairs = (np.zeros(len(options)) for _ in range(4))
    ranks = table.ranks.to_numpy()
    for first, second, likely in pairs_of(table.crossing, place):
        good = (ranks[first, 0] > 0) & (ranks[second, 0] > 0)
        first, second, likely = first[good], second[good], likely[good]
        shifts = np.abs(ranks[first] - ranks[second])
        for side in (first, second):
            here = table.crossing.places[side, place]
            np.add.at(sums, here, likely * shifts.mean(axis=1))
            np.add.at(weights, here, likely)
            np.add.at(pairs, here, 1)
            np.maximum.at(largest, here, shifts.max(axis=1, initial=0))
    return [{"across_mean_shift": sums[option] / weights[option] if weights[option] else np.nan,
             "across_largest_shift": int(largest[option]), "pairs": int(pairs[option])} for option in options]


def pairs_of(crossing: Crossing, place: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The pairs of combinations that differ in one factor alone: their numbers and how likely each pair is."""
    if isinstance(crossing, Staircases):
        numbers = np.arange(crossing.size).reshape(-1, crossing.steps)
        step = crossing.order.index(place)
        first, second = numbers[:, step], numbers[:, step + 1]
        apart = crossing.places[first, place] != crossing.places[second, place]
        yield first[apart], second[apart], np.ones(apart.sum())
        return
    if crossing.size < crossing.possible:
        raise SensitivityError("the effect of single options needs combinations on staircases, or all of them")
    numbers = np.moveaxis(np.arange(crossing.size).reshape(crossing.shape), place, 0)
    shares = crossing.factors[place].shares
    for one in range(len(shares)):
        for other in range(one):
            first, second = numbers[one].ravel(), numbers[other].ravel()
            yield first, second, crossing.odds[first] * shares[other]  # the others' odds times both options'


def scenario_summary(table: ScenarioTable, top: int = 100) -> pd.DataFrame:
    """Each city over the combinations taken: base (rank in the run), best, median, worst rank, and share_top_<k>, how
    likely it is by the odds of the combinations that the city is among the best `top`."""
    good = table.good
    odds = table.crossing.odds[good.index]
    odds, ranks = odds / odds.sum(), good.to_numpy()
    within = ranks <= top
    share = np.where(within.all(axis=0), 1.0, np.where(within.any(axis=0), odds @ within, 0.0))
    return pd.DataFrame({"base": table.base, "best": ranks.min(axis=0), "median": weighted_median(ranks, odds),
                         "worst": ranks.max(axis=0), f"share_top_{top}": settle(pd.Series(share, good.columns))},
                        good.columns).rename_axis("adcode")


def weighted_median(ranks: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """For each column the smallest value up to which half of the odds lie.

    >>> weighted_median(np.array([[1, 5], [2, 4], [3, 3]]), np.array([0.2, 0.2, 0.6])).tolist()
    [3, 3]
    """
    order = ranks.argsort(axis=0, kind="stable")
    reached = odds[order].cumsum(axis=0) >= 0.5 - 1e-9
    return np.take_along_axis(ranks, np.take_along_axis(order, reached.argmax(axis=0)[None], axis=0), axis=0)[0]
