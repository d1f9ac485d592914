"""Bands before ranks: which places are certain, probable or contested, and which neighbours cannot be told apart.

A rank of a composite indicator is a point of a distribution. These functions turn the draws of notebook 06 into what
can be said with a stated chance.

Reference: docs/method.md, section 6.9; Goldstein & Spiegelhalter (1996), League tables and their limitations,
doi:10.2307/2983325.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.validation import UnusableValues

# The chance of a place above the cut that a city of the band has more than; the bands are said in this order.
LIMITS = {"certain": 0.95, "probable": 0.5, "contested": 0.05, "outside": -1.0}
NAMES = {"zh": {"certain": "有把握", "probable": "较可能", "contested": "有争议", "outside": "无望"},
         "en": {"certain": "certain", "probable": "probable", "contested": "contested", "outside": "outside"}}
CITIES_AT_A_TIME = 64


def band_of(chance: pd.Series) -> pd.Series:
    """The band of each city by its chance of a place above the cut: certain above 0.95, probable above 0.5, contested
    above 0.05, else outside. Ordered categories. Raises UnusableValues for a chance that is none.

    >>> band_of(pd.Series([1.0, 0.95, 0.5, 0.05])).tolist()
    ['certain', 'probable', 'contested', 'outside']
    """
    if not chance.between(0, 1).all():
        raise UnusableValues(f"the chance of {chance.index[~chance.between(0, 1)][0]} is not between 0 and 1")
    names = np.select([chance > limit for limit in LIMITS.values()], list(LIMITS), "outside")
    return pd.Series(pd.Categorical(names, list(LIMITS), ordered=True), chance.index, name="band")


def band_counts(ranks: pd.Series, chance: pd.Series, cut: int) -> pd.DataFrame:
    """How many cities each band has, and how many of them are above the cut: index band; columns cities, inside."""
    band = band_of(chance)
    inside = ranks.reindex(band.index) <= cut
    counts = pd.DataFrame({"cities": band.value_counts(), "inside": band[inside].value_counts()})
    return counts.reindex(list(LIMITS)).rename_axis("band")


def at_odds(ranks: pd.Series, chance: pd.Series, cut: int) -> pd.DataFrame:
    """The cities whose place in the ranking and whose chance disagree: above the cut with less than an even chance, or
    below it with more. Columns rank, chance, inside; those below the cut first, the surest first."""
    table = pd.DataFrame({"rank": ranks, "chance": chance, "inside": ranks <= cut})
    odd = table[(table["inside"] & (chance < 0.5)) | (~table["inside"] & (chance > 0.5))]
    return odd.sort_values(["inside", "chance", "rank"], ascending=[True, False, True])


def win_chances(draws: pd.DataFrame) -> pd.DataFrame:
    """P(a above b) for every pair: the share of the draws in which city a (row) scores more than city b (column); a tie
    counts half, and a city beats itself in half of the draws.

    `draws` is draws × cities, scores or any numbers that are larger for the better; only their order within a draw
    counts, so draws may be on different scales. Memory: cities².

    >>> win_chances(pd.DataFrame({"a": [3.0, 1.0], "b": [2.0, 1.0]})).to_numpy().tolist()
    [[0.5, 0.75], [0.25, 0.5]]
    """
    numbers = draws.to_numpy(dtype=float).T
    wins = np.empty((len(numbers), len(numbers)))
    for first in range(0, len(numbers), CITIES_AT_A_TIME):
        own = numbers[first:first + CITIES_AT_A_TIME, None, :]
        above, level = (own > numbers[None]).sum(axis=2), (own == numbers[None]).sum(axis=2)
        wins[first:first + CITIES_AT_A_TIME] = (above + level / 2) / numbers.shape[1]
    return pd.DataFrame(wins, draws.columns, draws.columns)


def share_above(ahead: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """The share of draws (rows) in which `ahead` is larger; equal counts half."""
    return (ahead > behind).mean(axis=0) + (ahead == behind).mean(axis=0) / 2


def next_chances(order: pd.Index, draws: pd.DataFrame) -> pd.Series:
    """P(a above b) for each city of `order` (the best first) and the one that follows it, as `win_chances`; NaN for the
    last. `draws` is draws × cities.

    >>> next_chances(pd.Index(["a", "b"]), pd.DataFrame({"a": [3.0, 1.0], "b": [2.0, 1.0]})).tolist()
    [0.75, nan]
    """
    numbers = draws[order].to_numpy(dtype=float)
    chances = share_above(numbers[:, :-1], numbers[:, 1:])
    return pd.Series([*chances, np.nan][-len(order):], order, name="p_above_next")


def groups_alike(order: pd.Index, draws: pd.DataFrame, level: float = 0.95) -> pd.Series:
    """Groups of neighbours that cannot be told apart: the number of each city's group, 1 the best.

    From the best city of `order` down: a group takes in the next city as long as its first city is above it with a
    chance of no more than `level`; where it is above it with more, the next group begins. Cities of one group may still
    differ in pairs (the first and last of two groups that follow each other often do not), so a group says what must
    not be claimed, not what is equal. `draws` is draws × cities, as in `win_chances`.

    >>> groups_alike(pd.Index(list("abc")), pd.DataFrame({"a": [3.0, 2.0], "b": [2.0, 3.0], "c": [1.0, 1.0]})).tolist()
    [1, 1, 2]
    """
    if not 0.5 <= level <= 1:
        raise ValueError(f"level = {level}: give a chance between 0.5 and 1, such as 0.95")
    numbers = draws[order].to_numpy(dtype=float).T
    groups, first = np.ones(len(order), dtype=int), 0
    for place in range(1, len(order)):
        wins = share_above(numbers[first], numbers[place])
        groups[place] = groups[place - 1] + (wins > level)
        if wins > level:
            first = place
    return pd.Series(groups, order, name="group")


def band_table(ranks: pd.Series, medians: pd.Series, chance: pd.Series, draws: pd.DataFrame) -> pd.DataFrame:
    """One row per city in the order of its rank: rank, median, chance (of a place above the cut), band, group and
    p_above_next; the last two from `draws`, draws × cities."""
    order = ranks.sort_values(kind="stable").index
    table = pd.DataFrame({"rank": ranks, "median": medians, "chance": chance, "band": band_of(chance)})
    return table.loc[order].assign(group=groups_alike(order, draws), p_above_next=next_chances(order, draws))


def group_table(banded: pd.DataFrame) -> pd.DataFrame:
    """The groups of a `band_table`, one row each: cities, rank_from, rank_to, first and last (codes)."""
    codes = banded.index.to_series()
    return pd.DataFrame({"cities": codes.groupby(banded["group"]).size(),
                         "rank_from": banded.groupby("group")["rank"].min(),
                         "rank_to": banded.groupby("group")["rank"].max(),
                         "first": codes.groupby(banded["group"]).first(),
                         "last": codes.groupby(banded["group"]).last()})
