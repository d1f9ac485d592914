"""Cities into tiers: k-means on several scores, exact natural breaks on one.

Reference: docs/method.md, sections 7.1 and 7.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.sensitivity.draws import distinct_rows
from analysis.validation import numeric_table

MOST_BREAKS = 255  # the limit of the ckmeans package


class TiersError(ValueError):
    """A number of tiers that the data cannot fill, or bad input; the message names the argument and the remedy."""


@dataclass(frozen=True)
class Tiers:
    """Cities in tiers, tier 1 the best.

    tiers: int Series by city. centres: tiers × columns, the mean of the tier's cities. inertia: sum over cities of the
    squared distance to the centre of their tier (squared units of the values). sizes: cities in each tier.
    breaks: lower bound of each tier where tiers are intervals of one score (`natural_breaks`), otherwise None:
    tier t holds exactly the cities with breaks[t] ≤ score < breaks[t − 1], and tier 1 has no upper bound.
    """

    tiers: pd.Series
    centres: pd.DataFrame
    inertia: float
    sizes: pd.Series
    breaks: pd.Series | None = None


def kmeans_tiers(values: pd.DataFrame | pd.Series, k: int, seed: int, n_init: int = 100) -> Tiers:
    """Tiers of cities that are alike over all columns together: the partition with the least inertia found.

    values: cities × scores (or one score), no gaps, larger is better, on one scale: a column with larger spread
    weighs more. k: 1 to the number of distinct cities. seed, n_init: starts of the k-means++ initialisation; fewer
    than about 100 miss the optimum often enough to matter.
    Tiers are numbered by the mean over the columns of their centre, largest first: "best" means best on average, and
    a city of tier 2 may beat one of tier 1 on a column, even on the mean. Cities with equal rows share a tier, and
    the result does not depend on the order of the cities. Runs on one thread. Raises TiersError for a wrong k,
    UnusableValues naming the city and column of a missing value.

    Reference: docs/method.md, section 7.1; Lloyd, S. (1982), Least squares quantization in PCM, IEEE Transactions on
    Information Theory 28(2), 129–137; Arthur, D. & Vassilvitskii, S. (2007), k-means++, SODA, 1027–1035.
    """
    frame = checked_frame(values)
    distinct, group = distinct_rows(frame.to_numpy(dtype=float))
    check_k(k, len(distinct), "cities")
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in one order: the same bits on every run
        model = KMeans(n_clusters=k, n_init=n_init, random_state=seed, algorithm="lloyd")
        labels = model.fit(distinct, sample_weight=np.bincount(group)).labels_[group]
    return described(frame, labels, k)


def natural_breaks(scores: pd.Series, k: int) -> Tiers:
    """Tiers as intervals of one score with the least possible sum of squared deviations within tiers.

    The optimum is exact (dynamic programming) and needs no seed. scores: by city, no gaps, larger is better.
    k: 1 to the number of distinct scores. Equal scores never fall into two tiers. `breaks` holds the lowest score of
    each tier; `tiers_from_breaks` gives the same tiers back. Raises as `kmeans_tiers`.

    >>> natural_breaks(pd.Series([9.0, 1.0, 2.0, 8.0], index=list("abcd")), 2).tiers.to_dict()
    {'a': 1, 'b': 2, 'c': 2, 'd': 1}

    Reference: docs/method.md, section 7.2; Fisher, W. D. (1958), On grouping for maximum homogeneity, Journal of the
    American Statistical Association 53, 789–798; Jenks, G. F. (1977), Optimal data classification for choropleth maps;
    Wang, H. & Song, M. (2011), Ckmeans.1d.dp, The R Journal 3(2), 29–33.
    """
    frame = checked_frame(scores)
    numbers = frame.iloc[:, 0].to_numpy(dtype=float)
    check_k(k, min(len(np.unique(numbers)), MOST_BREAKS), "scores")
    bounds = lower_bounds(numbers, k)
    breaks = pd.Series(bounds, pd.RangeIndex(1, k + 1, name="tier"), name="lowest_score")
    return described(frame, tier_numbers(numbers, bounds) - 1, k, breaks)


def tiers_from_breaks(scores: pd.Series, breaks: pd.Series) -> pd.Series:
    """Tier of each score by fixed lower bounds: breaks[t] ≤ score < breaks[t − 1].

    breaks: by tier 1…k, falling. The bound of the last tier is not used: all lower scores belong to it.
    """
    bounds = breaks.to_numpy(dtype=float)
    if (np.diff(bounds) >= 0).any():
        raise TiersError("breaks must fall from tier to tier: each is the lowest score of its tier, tier 1 the best")
    return pd.Series(tier_numbers(scores.to_numpy(dtype=float), bounds), scores.index, name="tier")


def lower_bounds(scores: np.ndarray, k: int) -> np.ndarray:
    """The lowest score of each of k optimal tiers, best tier first (fewer where there are fewer distinct scores)."""
    from ckmeans import ckmeans

    return np.array([cluster[0] for cluster in reversed(ckmeans(scores, k))])


def tier_numbers(scores: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """1 for a score of at least bounds[0], 2 below that and at least bounds[1], and so on; last axis of any shape."""
    numbers = np.ones(np.shape(scores), dtype=np.int64)
    for bound in np.moveaxis(bounds[..., :-1], -1, 0):
        numbers += scores < bound[..., None]
    return numbers


def described(frame: pd.DataFrame, labels: np.ndarray, k: int, breaks: pd.Series | None = None) -> Tiers:
    """The result object from arbitrary labels 0…k − 1: tiers ordered, centres, sizes and inertia computed."""
    centres = frame.groupby(labels).mean()
    # By mean, then by the columns from left to right, so that equal means have an order too.
    order = np.lexsort([*(-centres.to_numpy().T[::-1]), -centres.mean(axis=1).to_numpy()])
    number = np.empty(k, dtype=np.int64)
    number[order] = np.arange(1, k + 1)
    tiers = pd.Series(number[labels], frame.index, name="tier")
    centres = centres.iloc[order].set_axis(pd.RangeIndex(1, k + 1, name="tier"))
    inertia = float(((frame.to_numpy() - centres.loc[tiers].to_numpy()) ** 2).sum())
    sizes = pd.Series(np.bincount(tiers, minlength=k + 1)[1:], centres.index, name="cities")
    return Tiers(tiers, centres, inertia, sizes, breaks)


def checked_frame(values: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Values as a frame of finite floats; one score becomes one column."""
    return numeric_table(values.to_frame(values.name or "score") if isinstance(values, pd.Series) else values)


def check_k(k: int, largest: int, things: str) -> None:
    """Refuse a number of tiers below 1 or above what the data can fill."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= largest:
        raise TiersError(f"k = {k!r}: the number of tiers is a whole number from 1 to {largest}, "
                         f"the number of distinct {things} that can be told apart")
