"""Rank intervals, chances of the top and rank acceptabilities under uncertain weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd

from analysis.frames import settle
from analysis.scoring import Rule, aggregate, rank

from .counting import Counts, DesignCell, count_ranks, count_type, keep_ranks
from .draws import Distribution, SensitivityError, WeightNoise, check_count, checked, distinct_rows
from .scorers import scorer_for

CITIES_AT_A_TIME = 256

@dataclass(frozen=True)
class WeightUncertainty:
    """The possible ranks when the weights are uncertain.

    ranks: cities × (median, rank_05, rank_95, mean, p_top_k for each k asked for). A quantile q is the smallest rank
    whose cumulative share of draws is at least q, so that the interval holds at least 90 % of the draws; p_top_k is
    the share of draws with a rank ≤ k. In all of these, ties share the smaller rank (1, 1, 3).
    acceptability: cities × ranks 1…N, the share of draws in which the city takes the rank; tied cities share the tied
    ranks equally, so that every row and every column sums to 1.
    counts: cities × ranks 1…N, draws in which the city has the rank (ties sharing the smaller rank); whole numbers.
    draws: number of draws counted; failed: draws without a ranking (weights alone cannot make a draw fail, so 0).

    Where classes of ranks were asked for, acceptability and counts are cities × classes, each class named by its last
    rank (columns rank_to): the share, and the number, of draws with a rank in the class, ties sharing the smaller rank.
    `ranks` is the same, exactly.
    """

    ranks: pd.DataFrame
    acceptability: pd.DataFrame
    counts: pd.DataFrame
    draws: int
    failed: int

    def quantile(self, percent: int) -> pd.Series:
        """The smallest rank whose cumulative share of draws is at least `percent` per cent; of classes of ranks, the
        last rank of the class that it is in."""
        places = rank_at(self.counts.to_numpy(), percent) - 1
        return pd.Series(self.counts.columns.to_numpy()[places], self.counts.index, name=f"rank_{percent:02d}")

    def columns_of(self, ranks: pd.Series) -> pd.Series:
        """The column of `counts` that each rank is counted in: the rank itself, or the last one of its class."""
        last = self.counts.columns.to_numpy()
        return pd.Series(last[np.searchsorted(last, ranks)], ranks.index)

    def acceptability_rows(self) -> pd.DataFrame:
        """The acceptabilities above 0 as rows adcode, rank, share, the form in which they are kept; of classes of ranks
        adcode, rank_from, rank_to, share."""
        shares, last = self.acceptability.to_numpy(), self.acceptability.columns
        city, taken = np.nonzero(shares > 0)
        first = np.r_[1, last[:-1] + 1]
        names = {"rank": last[taken]} if last.name == "rank" else {"rank_from": first[taken], "rank_to": last[taken]}
        return pd.DataFrame({"adcode": self.acceptability.index[city]} | names | {"share": shares[city, taken]})


def weight_uncertainty(values: pd.DataFrame, weights: pd.Series, draws: int, concentration: float | None, seed: int,
                       top: Sequence[int] = (10, 100), distribution: Distribution = "dirichlet", workers: int = 1,
                       half_width: float | None = None, method: Rule = "arithmetic",
                       classes: int = 0) -> WeightUncertainty:
    """How certain each city's rank is when the weights are known only roughly.

    values: cities × indicators, normalised, larger is better, no gaps (any sign: z-scores work).
    weights: by indicator, not negative, sum 1; an indicator of weight zero keeps weight zero.
    draws: number of random weight vectors. concentration, distribution, half_width: see `WeightNoise`.
    seed: any integer ≥ 0. top: the k of P(rank ≤ k). workers: threads; the result is the same, bit for bit, for any
    number of them and does not depend on the order of the cities. method: one of
    `scoring.METHODS` or the rule of two levels (`study.rule_of`).

    Cities that agree on every weighted indicator tie in every draw: they share the smaller rank in `ranks` and
    `counts`, and share the tied ranks equally in `acceptability`. Without noise (infinite concentration, half_width 0)
    every draw has the base ranks, ties included. Memory: 16 bytes × cities² for any number of draws. With `classes`
    (100, say) the chance of every rank gives way to that of so many classes of ranks, and memory is 2 bytes × draws ×
    cities (4 of more than 65,535 cities): what many cities need. Raises SensitivityError for a wrong argument,
    UnusableValues and UnusableWeights naming the city and indicator at fault.

    >>> cities = pd.DataFrame({"I01": [2.0, 1.0], "I02": [5.0, 4.0]}, index=["A", "B"])
    >>> result = weight_uncertainty(cities, pd.Series({"I01": 0.5, "I02": 0.5}), 100, 20, seed=1, top=(1,))
    >>> result.ranks["p_top_1"].to_dict()
    {'A': 1.0, 'B': 0.0}

    Reference: docs/method.md, section 6.2.
    """
    values, weights = checked(values, weights)
    for name, number in (("draws", draws), ("workers", workers), *(("top", k) for k in top)):
        check_count(name, number)
    noise = WeightNoise(distribution, concentration, half_width)
    if noise.is_none:
        ranks = rank(settle(aggregate(values, weights, method))).to_numpy()
        if classes:
            return summarise_kept([np.broadcast_to(ranks, (draws, len(ranks)))], values.index, draws, top, classes)
        return summarise(base_counts(ranks, draws), values.index, draws, top)
    base = weights.to_numpy()
    distinct, group = distinct_rows(values.to_numpy()[:, base > 0])
    scorer = scorer_for(distinct, method, values.columns[base > 0], group)
    cell = DesignCell(scorer, base[base > 0], noise, group)
    if classes:
        kept = keep_ranks({0: cell}, {0: draws}, seed, workers)
        return summarise_kept(kept, values.index, draws, top, classes)
    return summarise(count_ranks({0: cell}, {0: draws}, seed, workers), values.index, draws, top)


def compare_noises(values: pd.DataFrame, weights: pd.Series, noises: Sequence[WeightNoise], draws: int, seed: int,
                   top: int = 100, method: Rule = "arithmetic", classes: int = 0) -> pd.DataFrame:
    """How the result depends on the kind and the amount of noise: one row per noise.

    Columns: zh, en (the noise in words), mean_width and widest (of the intervals rank_05 to rank_95, in ranks), sure
    (cities whose chance of the best `top` is above 0.95). The other arguments as in `weight_uncertainty`.
    """
    rows = {}
    for noise in noises:
        found = weight_uncertainty(values, weights, draws, noise.concentration, seed, (top,), noise.distribution,
                                   half_width=noise.half_width, method=method, classes=classes).ranks
        width = found["rank_95"] - found["rank_05"]
        zh, en = noise.words
        rows[noise.name] = {"zh": zh, "en": en, "mean_width": width.mean(), "widest": int(width.max()),
                            "sure": int((found[f"p_top_{top}"] > 0.95).sum())}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("noise")


def base_counts(ranks: np.ndarray, draws: int) -> Counts:
    """Counts when every draw has these ranks."""
    counts: np.ndarray = np.zeros((len(ranks), len(ranks)), count_type(len(ranks)))
    counts[np.arange(len(ranks)), ranks - 1] = draws
    return {np.bincount(ranks)[ranks].tobytes(): counts}


def summarise(by_pattern: Counts, cities: pd.Index, draws: int, top: Sequence[int],
              failed: int = 0) -> WeightUncertainty:
    """Intervals, chances and acceptabilities from counts of ranks by pattern of ties (cities × ranks each)."""
    counts = reduce(np.add, by_pattern.values())
    if (counts.sum(axis=1) != draws).any():
        raise SensitivityError("the counts do not add up to the number of draws; report this as a fault")
    positions = np.arange(1, len(cities) + 1)
    ranks = pd.DataFrame(
        {
            "median": rank_at(counts, 50),
            "rank_05": rank_at(counts, 5),
            "rank_95": rank_at(counts, 95),
            "mean": counts @ positions / draws,
            **{f"p_top_{k}": counts[:, :k].sum(axis=1) / draws for k in top},
        },
        index=cities,
    )
    columns = pd.RangeIndex(1, len(cities) + 1, name="rank")
    shared = reduce(np.add, (spread_ties(by_pattern[pattern], np.frombuffer(pattern, dtype=np.int64))
                             for pattern in sorted(by_pattern)))  # sorted: sums of floats depend on their order
    shared /= draws
    acceptability = pd.DataFrame(shared, cities, columns)
    return WeightUncertainty(ranks, acceptability, pd.DataFrame(counts, cities, columns), draws, failed)


def rank_classes(cities: int, classes: int, top: Sequence[int]) -> np.ndarray:
    """The last rank of each class: as many classes of equal size as asked for, cut besides at every rank of `top`.

    >>> rank_classes(10, 2, (3,)).tolist()
    [3, 5, 10]
    """
    even = -(-cities * np.arange(1, classes + 1) // classes)
    return np.unique([*even[even > 0], *(k for k in top if k < cities)])


def summarise_kept(kept: Sequence[np.ndarray], cities: pd.Index, draws: int, top: Sequence[int], classes: int,
                   failed: int = 0) -> WeightUncertainty:
    """Intervals and chances from the ranks themselves (blocks of draws × cities), and the chances of classes of ranks.

    Some cities at a time, so that no second copy of all ranks is made.
    """
    if sum(map(len, kept)) != draws:
        raise SensitivityError("the kept ranks are not as many as the draws; report this as a fault")
    last = rank_classes(len(cities), classes, top)
    counts: np.ndarray = np.empty((len(cities), len(last)), dtype=np.int64)
    within: np.ndarray = np.empty((len(cities), len(top)), dtype=np.int64)
    quantiles, sums = np.empty((3, len(cities)), dtype=np.int64), np.empty(len(cities), dtype=np.int64)
    places = [-(-percent * draws // 100) - 1 for percent in (50, 5, 95)]
    for first in range(0, len(cities), CITIES_AT_A_TIME):
        here = slice(first, first + CITIES_AT_A_TIME)
        ranks = np.concatenate([block[:, here] for block in kept]).T.copy()
        ranks.sort(axis=1)
        quantiles[:, here] = ranks[:, places].T
        sums[here] = ranks.sum(axis=1, dtype=np.int64)
        up_to = np.array([np.searchsorted(row, np.r_[last, top].astype(ranks.dtype), side="right") for row in ranks])
        counts[here] = np.diff(up_to[:, :len(last)], axis=1, prepend=0)
        within[here] = up_to[:, len(last):]
    names = dict(zip(("median", "rank_05", "rank_95"), quantiles, strict=True)) | {"mean": sums / draws}
    names |= {f"p_top_{k}": within[:, place] / draws for place, k in enumerate(top)}
    columns = pd.Index(last, name="rank_to")
    return WeightUncertainty(pd.DataFrame(names, index=cities), pd.DataFrame(counts / draws, cities, columns),
                             pd.DataFrame(counts, cities, columns), draws, failed)


def rank_at(counts: np.ndarray, percent: int) -> np.ndarray:
    """The smallest rank whose cumulative count is at least `percent` per cent, in whole numbers without rounding."""
    found = np.empty(len(counts), dtype=int)
    for first in range(0, len(counts), CITIES_AT_A_TIME):
        cumulative = counts[first:first + CITIES_AT_A_TIME].cumsum(axis=1)
        found[first:first + CITIES_AT_A_TIME] = (cumulative * 100 < percent * cumulative[:, -1:]).sum(axis=1) + 1
    return found


def spread_ties(counts: np.ndarray, tied: np.ndarray) -> np.ndarray:
    """Distribute the counts of tied cities equally over the ranks they occupy together.

    A city tied with t − 1 others and counted at rank r takes a t-th of each rank from r to r + t − 1.
    """
    shared = counts.astype(float)
    for row in np.flatnonzero(tied > 1):
        size = tied[row]
        shared[row] = np.convolve(counts[row], np.full(size, 1 / size))[:counts.shape[1]]
    return shared
