"""Dividing a change among its causes, independently of their order: the Shapley value in whole numbers.

Switching one cause after another from old to new gives each a part, but the parts depend on the order. The Shapley
value is the mean over all orders: it prefers none, treats causes alike, gives 0 to a cause without effect, and its
parts add up to the whole change. They are kept as whole numbers over one denominator, so that they do so exactly.

Reference: docs/method.md, section 5.4; Shapley (1953), A value for n-person games, doi:10.1515/9781400881970-018;
Shorrocks (2013), Decomposition procedures for distributional analysis, Journal of Economic Inequality 11,
doi:10.1007/s10888-011-9214-z.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from math import factorial

import pandas as pd

Taken = frozenset[str]
Group = tuple[str, ...]


def shapley_numerators(groups: Sequence[Group], values: Mapping[Taken, pd.Series]) -> dict[Group, pd.Series]:
    """The Shapley value of each group of causes, in whole numbers over the denominator (number of groups)!.

    k! φ_i = Σ_S |S|! (k − |S| − 1)! · (v(S ∪ i) − v(S)), S over the sets of the other groups. `values` gives v, whole
    numbers, for every union of groups: the causes that are new, the others being old. Groups must not be
    empty; no groups give no parts.

    Two causes, 0 to 9; the first brings 4 when it is switched first and 8 when second, the other 5 and 1:

    >>> one, two = frozenset({"data"}), frozenset({"weights"})
    >>> values = {frozenset(): 0, one: 4, two: 1, one | two: 9}
    >>> parts = shapley_numerators([("data",), ("weights",)], {taken: pd.Series([v]) for taken, v in values.items()})
    >>> [int(part[0]) for part in parts.values()]  # over 2!
    [12, 6]
    """
    count, parts = len(groups), {}
    for group in groups:
        others = [other for other in groups if other != group]
        parts[group] = sum(factorial(size) * factorial(count - size - 1) * (values[taken.union(group)] - values[taken])
                           for size in range(count) for taken in unions(others, size))
    return parts


def unions(groups: Sequence[Group], size: int | None = None) -> Iterator[Taken]:
    """Every union of groups, or of just `size` of them, the smallest first."""
    for number in range(len(groups) + 1) if size is None else [size]:
        for chosen in combinations(groups, number):
            yield frozenset().union(*chosen)


def finest_groups(causes: Sequence[str], impossible: Collection[Taken]) -> list[Group]:
    """The partition of the causes with the most groups, no union of which is impossible; of several, the first.

    Where nothing is impossible every cause is a group of its own. All causes together and none are always possible.
    The change the other way round, whose sets are the complements, has the same partition.

    >>> finest_groups(["treatment", "normalisation", "aggregation"], [frozenset({"aggregation"})])
    [('treatment',), ('normalisation', 'aggregation')]
    """
    for groups in sorted(partitions(list(causes)), key=len, reverse=True):
        if not any(taken in impossible for taken in unions(groups)):
            return groups
    raise ValueError("all causes together are impossible; there is no change to share out")


def partitions(causes: list[str]) -> Iterator[list[Group]]:
    """All ways to put causes into groups, causes and groups in their order."""
    if not causes:
        yield []
        return
    first, rest = causes[0], causes[1:]
    for size in range(len(rest) + 1):
        for others in combinations(rest, size):
            for groups in partitions([cause for cause in rest if cause not in others]):
                yield [(first, *others), *groups]
