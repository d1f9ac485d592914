"""How alike neighbouring cities are: nearest neighbours, Moran's I over the country and within regions, local Moran.

Neighbours are the k nearest seats by great circle, each with weight 1/k (row-standardised), so that the spatial lag of
a city is the mean of its neighbours. Every p-value is by permutation, (b + 1)/(m + 1), seeded: b of m random
permutations do at least as well as the data.

Reference: docs/method.md, section 8.5; Moran (1950), doi:10.1093/biomet/37.1-2.17; Anselin (1995),
doi:10.1111/j.1538-4632.1995.tb00338.x; Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.validation import named

EARTH_RADIUS = 6371.0072  # kilometres, sphere of the Earth's area
PERMUTATIONS = 9_999
VALUES_IN_MEMORY = 2**22  # of one block of permutations
ROUNDING = 1e-12  # a permutation that gives the same value in another order of summation does as well as the data

# The classes of local Moran in the order of display: a city's own side of the mean, then its neighbours'.
CLASSES = ("high-high", "high-low", "low-high", "low-low", "not significant")


class SpatialError(ValueError):
    """Cities or values that have no neighbours or no variation to compare; the message names the remedy."""


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of each city.

    cities: their codes, in the order of the table. places: cities × k, the positions of the neighbours in `cities`,
    nearest first. distances: cities × k, in kilometres (`nearest`) or in the unit of the points (`nearest_points`).
    """

    cities: pd.Index
    places: np.ndarray
    distances: np.ndarray

    @property
    def k(self) -> int:
        """How many neighbours each city has."""
        return self.places.shape[1]

    def lag(self, values: np.ndarray) -> np.ndarray:
        """The mean over the neighbours of each city; `values` by city in its last dimension."""
        return values[..., self.places].mean(axis=-1)


def nearest(cities: pd.DataFrame, k: int = 6) -> Neighbours:
    """The k nearest seats of each city by great-circle distance (km), nearest first.

    `cities` by code with seat_lon and seat_lat in degrees. A city is no neighbour of itself; of equally distant ones
    the earlier in the table comes first. Being a neighbour is not mutual. Raises SpatialError naming cities without
    coordinates, and where there are not more than k cities.

    >>> on_the_equator = pd.DataFrame({"seat_lon": [0.0, 1.0, 3.0], "seat_lat": 0.0}, index=["a", "b", "c"])
    >>> found = nearest(on_the_equator, k=1)
    >>> found.cities[found.places[:, 0]].tolist(), found.distances.round(1).ravel().tolist()
    (['b', 'a', 'b'], [111.2, 111.2, 222.4])
    """
    degrees = cities[["seat_lon", "seat_lat"]]
    unknown = cities.index[degrees.isna().any(axis=1)]
    if len(unknown):
        raise SpatialError(f"cities without coordinates of their seat: {named(unknown)}; complete seat_lon, seat_lat")
    longitude, latitude = np.radians(degrees.to_numpy(dtype=float)).T
    sphere = np.column_stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude),
                              np.sin(latitude)])
    places, chords = nearest_points(sphere, k)
    return Neighbours(cities.index, places, 2 * EARTH_RADIUS * np.arcsin(np.clip(chords / 2, 0, 1)))


def nearest_points(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions (n × k) and straight distances of the k nearest of n points; of equally distant ones the earlier."""
    n = len(points)
    if not 1 <= k < n:
        raise SpatialError(f"{k} neighbours of {n} cities: each city has {n - 1} others; ask for 1 to {n - 1}")
    places, lengths = np.empty((n, k), dtype=int), np.empty((n, k))
    rows = max(1, VALUES_IN_MEMORY // (n * points.shape[1]))
    for first in range(0, n, rows):
        block = points[first:first + rows]
        apart = np.sqrt(((block[:, None, :] - points[None, :, :]) ** 2).sum(axis=2))
        apart[np.arange(len(block)), np.arange(first, first + len(block))] = np.inf
        order = np.argsort(apart, axis=1, kind="stable")[:, :k]
        places[first:first + rows] = order
        lengths[first:first + rows] = np.take_along_axis(apart, order, axis=1)
    return places, lengths


@dataclass(frozen=True)
class Moran:
    """Moran's I: how alike neighbours are.

    statistic: the slope of the neighbours' mean on the own value: 1 = neighbours alike, `expected` = as if dealt out
    at random, negative = unlike. p_value: the share of random permutations with a value at least as large (one-sided,
    smallest 1/(permutations + 1)). groups: the grouping within which values were centred and permuted, "" for none.
    """

    statistic: float
    expected: float
    p_value: float
    permutations: int
    groups: str


def morans_i(values: pd.Series, neighbours: Neighbours, groups: pd.Series | None = None, seed: int = 1,
             permutations: int = PERMUTATIONS) -> Moran:
    """Moran's I of values by city, and how often a random permutation of the values over the cities reaches it.

    I = Σ_i z_i z̄_i / Σ_i z_i², with z the values less their mean and z̄_i the mean of city i's neighbours. With `groups`
    (by city; regions, provinces) z is the value less the mean *of its group*, and permutations deal out the values
    within each group: what is left of the likeness of neighbours once the groups' own levels are taken away. Neighbours
    may lie in another group. `expected` is exact: −1/(n − 1) without groups.

    Raises SpatialError for missing values and for values that do not vary (within the groups).

    >>> neighbours = nearest(pd.DataFrame({"seat_lon": [0.0, 1, 10, 11], "seat_lat": 0.0}, index=list("abcd")), k=1)
    >>> float(round(morans_i(pd.Series([5.0, 5, 1, 1], list("abcd")), neighbours).statistic, 6))
    1.0
    """
    numbers, of_group = checked(values, neighbours, groups)
    size = np.bincount(of_group)
    centred = numbers - (np.bincount(of_group, numbers) / size)[of_group]
    total = centred @ centred
    if not total > ROUNDING * max(1.0, float(numbers @ numbers)):
        raise SpatialError("the values do not vary within the groups: Moran's I is undefined; leave the grouping out")
    statistic = float(centred @ neighbours.lag(centred) / total)
    least = statistic - ROUNDING * max(1.0, abs(statistic))
    reached = 0
    for shuffled in shuffles(centred, of_group, permutations, neighbours.k, seed):
        reached += int(((shuffled * neighbours.lag(shuffled)).sum(axis=1) / total >= least).sum())
    return Moran(statistic, expected_within(centred, of_group, neighbours), (reached + 1) / (permutations + 1),
                 permutations, "" if groups is None else str(groups.name))


def checked(values: pd.Series, neighbours: Neighbours, groups: pd.Series | None) -> tuple[np.ndarray, np.ndarray]:
    """Values and group numbers in the order of the neighbours' cities."""
    aligned = values.reindex(neighbours.cities)
    if aligned.isna().any():
        raise SpatialError(f"cities without a value: {named(aligned.index[aligned.isna()])}; fill or leave them out")
    if groups is None:
        return aligned.to_numpy(dtype=float), np.zeros(len(aligned), dtype=int)
    group = groups.reindex(neighbours.cities)
    if group.isna().any():
        raise SpatialError(f"cities without a group: {named(group.index[group.isna()])}; complete the roster")
    return aligned.to_numpy(dtype=float), pd.factorize(group)[0]


def shuffles(values: np.ndarray, of_group: np.ndarray, permutations: int, width: int,
             seed: int) -> Iterator[np.ndarray]:
    """Blocks of random permutations (rows) of the values, each within its group."""
    random = np.random.default_rng(seed)
    places = np.argsort(of_group, kind="stable")
    rows = max(1, VALUES_IN_MEMORY // (len(values) * width))
    for first in range(0, permutations, rows):
        keys = random.random((min(rows, permutations - first), len(values))) + of_group
        shuffled = np.empty_like(keys)
        shuffled[:, places] = values[np.argsort(keys, axis=1)]
        yield shuffled


def expected_within(centred: np.ndarray, of_group: np.ndarray, neighbours: Neighbours) -> float:
    """The mean of I over all permutations within the groups: two cities of a group of m have the expected product
    −s²/(m − 1), s² being the group's mean square; two of different groups 0."""
    size = np.bincount(of_group)
    square = np.bincount(of_group, centred**2) / size
    product = np.divide(-square, size - 1, out=np.zeros_like(square), where=size > 1)
    shared = (of_group[neighbours.places] == of_group[:, None]).mean(axis=1)
    return float((product[of_group] * shared).sum() / (centred @ centred))


def share_between(values: pd.Series, groups: pd.Series) -> tuple[float, float]:
    """The share of the variance of values that lies between the groups (η²), and the share that groups of these sizes
    would have on average if the values were dealt out at random, (G − 1)/(n − 1).

    >>> share_between(pd.Series([1.0, 1, 3, 3]), pd.Series(["a", "a", "b", "b"]))[0]
    1.0
    """
    group = groups.reindex(values.index)
    away = values - values.mean()
    of_groups = values.groupby(group, observed=True).transform("mean") - values.mean()
    return float((of_groups**2).sum() / (away**2).sum()), (group.nunique() - 1) / (len(values) - 1)


def local_moran(values: pd.Series, neighbours: Neighbours, seed: int = 1, permutations: int = PERMUTATIONS,
                level: float = 0.05) -> pd.DataFrame:
    """Where the likeness of neighbours comes from: local Moran of each city, and the clusters and outliers it shows.

    z: the value less the mean, in standard deviations (divisor n); lag: the mean z of the neighbours; local: z · lag,
    whose mean over the cities is Moran's I. p: conditional permutation – the city keeps its value, its neighbours' are
    drawn from the other cities without replacement – two-sided, twice the smaller tail, at most 1. q: p after
    Benjamini and Hochberg, so that of the cities with q below `level` a share `level` at most is expected to be false
    findings. class: high-high and low-low (clusters), high-low and low-high (a city unlike its surroundings), by the
    signs of z and lag where q < level, else not significant. The draws are shared by all cities.

    Returns a frame by city. Raises SpatialError for missing or constant values.
    """
    from scipy.stats import false_discovery_control

    numbers, _ = checked(values, neighbours, None)
    spread = numbers.std()
    if not spread > ROUNDING * max(1.0, float(np.abs(numbers).max())):
        raise SpatialError("the values do not vary: no city differs from its neighbours; nothing can be clustered")
    z = (numbers - numbers.mean()) / spread
    lag = neighbours.lag(z)
    others = random_others(len(z), neighbours.k, permutations, seed)
    tails = np.empty(len(z))
    for city in range(len(z)):
        drawn = z[others + (others >= city)].mean(axis=1)
        tails[city] = min((drawn >= lag[city] - ROUNDING).sum(), (drawn <= lag[city] + ROUNDING).sum())
    p = np.minimum(1.0, 2 * (tails + 1) / (permutations + 1))
    q = false_discovery_control(p, method="bh")
    side = np.where(z > 0, np.where(lag > 0, *CLASSES[:2]), np.where(lag > 0, *CLASSES[2:4]))
    found = {"z": z, "lag": lag, "local": z * lag, "p": p, "q": q, "class": np.where(q < level, side, CLASSES[4])}
    return pd.DataFrame(found, neighbours.cities)


def random_others(cities: int, k: int, permutations: int, seed: int) -> np.ndarray:
    """Permutations × k positions among the other cities, each row without repetition, all sets equally likely."""
    random = np.random.default_rng(seed)
    if k * k > cities:  # few cities: repetitions are too frequent to draw again
        return np.argsort(random.random((permutations, cities - 1)), axis=1)[:, :k]
    drawn = random.integers(cities - 1, size=(permutations, k))
    while True:
        ordered = np.sort(drawn, axis=1)
        repeated = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if not len(repeated):
            return drawn
        drawn[repeated] = random.integers(cities - 1, size=(len(repeated), k))
