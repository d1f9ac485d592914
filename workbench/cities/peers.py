"""Every city among its peers: percentiles and medians by group, and what stands out.

A percentile is the share of the other cities of the group that are below, ties counting half: 100 = ahead of all
others, 50 = the middle or no difference at all. So a list that names every city of a tier tells them nothing apart.

Reference: docs/method.md, section 10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

UPPER, MIDDLE, LOWER = 75.0, 50.0, 25.0  # percentiles: outer quarters stand out, unless the other group contradicts


@dataclass(frozen=True)
class Peers:
    """One way to group cities. members: the group of each city (Series by city); percentiles: cities × indicators,
    0–100, NaN for a city alone in its group; medians: cities × domains, the median domain score of the city's group;
    sizes: how many cities the group has (Series by city)."""

    members: pd.Series
    percentiles: pd.DataFrame
    medians: pd.DataFrame
    sizes: pd.Series


def compare(points: pd.DataFrame, domain_scores: pd.DataFrame, members: pd.Series) -> Peers:
    """Each city within its group; `points` and `domain_scores` are cities × parts, larger is better.

    >>> points = pd.DataFrame({"I01": [0.0, 40.0, 40.0, 90.0]})
    >>> compare(points, points, pd.Series("all", points.index)).percentiles["I01"].tolist()
    [0.0, 50.0, 50.0, 100.0]
    """
    members = members.reindex(points.index)
    sizes = members.map(members.value_counts())
    below = points.groupby(members).rank(method="average") - 1
    percentiles = 100 * below.div((sizes - 1).where(sizes > 1), axis=0)
    return Peers(members, percentiles, domain_scores.groupby(members).transform("median"), sizes)


def standing_out(percentiles: Mapping[str, Sequence[float]]) -> tuple[list[str], list[str]]:
    """The indicators that are a city's strengths and its weaknesses, the clearest first.

    percentiles: indicator → percentiles in each group of peers, of values that are the city's own. A strength is in
    the upper quarter of one group and in no group's lower half; a weakness the reverse.

    >>> standing_out({"I01": [80, 50], "I02": [80, 49], "I03": [20, 10], "I04": [60, 60]})
    (['I01'], ['I03'])
    """
    own = {name: known for name, values in percentiles.items() if (known := [v for v in values if not math.isnan(v)])}
    means = {name: sum(values) / len(values) for name, values in own.items()}
    strong = [name for name, values in own.items() if max(values) >= UPPER and min(values) >= MIDDLE]
    weak = [name for name, values in own.items() if min(values) <= LOWER and max(values) <= MIDDLE]
    return sorted(strong, key=lambda name: -means[name]), sorted(weak, key=means.get)
