"""Brackets around attainable ranks, for studies of too many cities to answer each exactly.

One side is proven: cities that are ahead, or behind, whatever the admitted weights. The other is shown: weights chosen
in a city's favour, or against it, and its rank under them.

Reference: docs/method.md, section 6.7.
"""

from __future__ import annotations

import numpy as np

from .admitted import AdmittedWeights
from .counting import DesignCell
from .ranking import cell_ranks

CENTRES = 64   # points that cities are measured from, where not all pairs are compared
TRIED = 512    # cities, evenly over the ranking, whose weights are tried for all cities
AT_A_TIME = 64  # sets of weights ranked together


def against_rivals(rows: np.ndarray, sizes: np.ndarray, open_: np.ndarray) -> np.ndarray:
    """How far each city is from the sum of its open rivals, indicator by indicator: weights on what is largest here
    lift it above them."""
    rivals = open_ * sizes
    return rivals.sum(axis=1, keepdims=True) * rows - rivals @ rows


def evenly(scores: np.ndarray, number: int) -> np.ndarray:
    """The positions of so many cities, evenly over the ranking; all where there are no more."""
    order = np.argsort(-scores, kind="stable")
    return order[np.unique(np.linspace(0, len(order) - 1, min(number, len(order))).astype(int))]


def surely_apart(rows: np.ndarray, sizes: np.ndarray, centres: np.ndarray, admitted: AdmittedWeights,
                 lead: float) -> tuple[np.ndarray, np.ndarray]:
    """For each city, how many cities at least are ahead of it under all admitted weights, and how many behind.

    A city whose lowest lead over a centre is above the highest that another can have is ahead of it; which centre does
    not matter, so that each gives a valid count and the largest is taken. Time grows with the cities, not their pairs.

    >>> admitted = AdmittedWeights(np.array([0.4, 0.4]), np.array([0.6, 0.6]))
    >>> rows = np.array([[9.0, 9.0], [5.0, 1.0], [1.0, 5.0]])
    >>> [counts.tolist() for counts in surely_apart(rows, np.ones(3, dtype=int), rows, admitted, 1e-9)]
    [[0, 1, 1], [2, 0, 0]]
    """
    ahead, behind = np.zeros(len(rows), dtype=int), np.zeros(len(rows), dtype=int)
    for centre in centres:
        high, low = admitted.largest(rows - centre), -admitted.largest(centre - rows)
        ahead = np.maximum(ahead, cities_above(low, sizes, high + lead))
        behind = np.maximum(behind, cities_above(-high, sizes, lead - low))
    return ahead, behind


def cities_above(numbers: np.ndarray, sizes: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """For each limit, how many cities have a number above it."""
    order = np.argsort(numbers, kind="stable")
    upto = np.r_[0, sizes[order].cumsum()]
    return upto[-1] - upto[np.searchsorted(numbers[order], limits, side="right")]


def extremes_of(cell: DesignCell, tried: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Each city's best (or worst) rank under any of the weights tried or the base, and the weights that give it."""
    tried = np.vstack([cell.base / cell.base.sum(), tried / tried.sum(axis=1, keepdims=True)])
    sign = 1 if name == "best" else -1
    ranks, chosen = sign * cell_ranks(cell, tried[:1])[0], np.zeros(len(cell.group), dtype=int)
    for first in range(0, len(tried), AT_A_TIME):
        found = sign * cell_ranks(cell, tried[first:first + AT_A_TIME])
        place = found.argmin(axis=0)
        found = found[place, np.arange(len(place))]
        chosen = np.where(found < ranks, first + place, chosen)
        ranks = np.minimum(found, ranks)
    return sign * ranks, tried[chosen]
