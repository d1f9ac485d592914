"""Ranks of many sets of weights at once, by the study's own rule: scores settled to 12 significant digits, ties share
the smaller rank.

The counting engine never keeps the ranks of a draw; the table of scenarios and Sobol indices, which need them, use
this module. `scoring.aggregate` adds with correct rounding, matrix products do not; settled, both give the same ranks
but where two scores are as near as the last of the twelve digits: there the sums are made again, correctly rounded.

Reference: docs/method.md, sections 5 and 6.4.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analysis.frames import SIGNIFICANT_DIGITS, settled_numbers

from .counting import SCORES_IN_MEMORY, DesignCell, RankCounter, one_blas_thread
from .scorers import Scorer

ROWS_AT_A_TIME = 1024
EDGE = 0.02  # units of the twelfth digit: more than the error of a matrix product


def rows_at_a_time(cities: int) -> int:
    """How many draws are ranked together: fewer of many cities, so that a block of scores stays small."""
    return int(np.clip(SCORES_IN_MEMORY // cities, 16, ROWS_AT_A_TIME))


def cell_ranks(cell: DesignCell, weights: np.ndarray) -> np.ndarray:
    """Ranks (draws × cities, int16 or int32) of a cell's cities under weights (draws × indicators, or one vector)."""
    given = np.atleast_2d(weights)
    weights = given / given.sum(axis=1, keepdims=True)
    sizes = np.bincount(cell.group)
    ranks = np.empty((len(weights), len(cell.group)), dtype=np.int16 if len(cell.group) < 2**15 else np.int32)
    rows = rows_at_a_time(len(sizes))
    with one_blas_thread():
        for first in range(0, len(weights), rows):
            block = weights[first:first + rows]
            numbers = np.empty((len(block), len(sizes)))
            cell.scorer(block, numbers)
            exact = cell.scorer.scores(numbers, block)
            scores = settled(exact)
            for row in undecided(exact):
                scores[row] = settled_numbers(cell.scorer.exact(given[first + row]))
            ranks[first:first + len(block)] = tied_ranks(scores, sizes)[:, cell.group]
    return ranks


def drawn_ranks(scorer: Scorer, group: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Ranks (draws × cities, int16 or int32) as the Monte Carlo counts them; weights up to a factor per draw.

    Much faster than `cell_ranks`; they differ only where scores agree to 12 digits without the cities being equal.
    """
    ranks = np.empty((len(weights), len(group)), dtype=np.int16 if len(group) < 2**15 else np.int32)
    distinct = np.empty((rows_at_a_time(group.max() + 1), group.max() + 1), ranks.dtype)
    row_starts = distinct.shape[1] * np.arange(len(distinct))[:, None]
    for first, order, better in ordered(scorer, group, weights):
        order += row_starts[:len(order)]
        distinct.reshape(-1)[order] = better + 1
        distinct[:len(order)].take(group, axis=1, out=ranks[first:first + len(order)])
    return ranks


def mean_shifts(scorer: Scorer, group: np.ndarray, weights: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """The mean absolute change of rank from the ranks `usual` (by city) in each draw, without writing out its ranks."""
    sizes = np.bincount(group)
    expected = np.empty(len(sizes), dtype=np.int32)
    expected[group] = usual - 1  # equal cities have equal ranks
    shifts = np.empty(len(weights))
    for first, order, better in ordered(scorer, group, weights):
        moved = np.abs(expected.take(order) - better.astype(np.int32))
        if len(sizes) < len(group):
            moved *= sizes.take(order)
        shifts[first:first + len(order)] = moved.sum(axis=1) / len(group)
    return shifts


def ordered(scorer: Scorer, group: np.ndarray, weights: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """For each block: the first draw, the distinct cities from the best down, and how many cities are better."""
    sizes = np.bincount(group)
    counter, numbers = RankCounter(sizes), np.empty((rows_at_a_time(len(sizes)), len(sizes)))
    for first in range(0, len(weights), len(numbers)):
        block = weights[first:first + len(numbers)]
        with one_blas_thread():
            scorer(block, numbers[:len(block)])
        yield first, *counter.order(numbers[:len(block)])


def settled(scores: np.ndarray) -> np.ndarray:
    """`frames.settle` for whole arrays: equal after settling there, equal here, and in the same order.

    The last bit of a result may differ from the decimal one (0.3 may come as 0.30000000000000004), for both of two
    equal scores alike.
    """
    magnitude = np.abs(scores)
    with np.errstate(divide="ignore"):
        exponent = np.where(magnitude > 0, np.floor(np.log10(magnitude)), 0)
    unit = 10.0 ** (exponent - (SIGNIFICANT_DIGITS - 1))
    return np.rint(scores / unit) * unit


def undecided(scores: np.ndarray) -> np.ndarray:
    """The draws (rows) in which the last bits decide whether two scores are equal when settled: neighbours within two
    units of the twelfth digit, one of them on the edge between two of these units.

    >>> undecided(np.array([[0.5, 0.500000000001], [0.5000000000005, 0.500000000001], [0.5, 0.7]])).tolist()
    [1]
    """
    ordered = np.sort(scores, axis=1)
    unit = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(ordered), 1e-300))) - (SIGNIFICANT_DIGITS - 1))
    near = np.diff(ordered, axis=1) < 2 * unit[:, 1:]
    rows = np.flatnonzero(near.any(axis=1))
    if not len(rows):
        return rows
    parts = ordered[rows] / unit[rows]
    edge = np.abs(np.abs(parts - np.rint(parts)) - 0.5) < EDGE
    return rows[(near[rows] & (edge[:, 1:] | edge[:, :-1])).any(axis=1)]


def tied_ranks(scores: np.ndarray, sizes: np.ndarray | None = None) -> np.ndarray:
    """Ranks of each row (1 = largest, ties share the smaller rank) where position j stands for sizes[j] equal cities.

    >>> tied_ranks(np.array([[3.0, 5.0, 5.0]])).tolist()
    [[3, 1, 1]]
    >>> tied_ranks(np.array([[3.0, 5.0, 4.0]]), np.array([1, 2, 1])).tolist()
    [[4, 1, 3]]
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=1)
    counts = np.ones_like(order) if sizes is None else sizes[order]
    better = counts.cumsum(axis=1) - counts
    better[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = 0
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.maximum.accumulate(better, axis=1) + 1, axis=1)
    return ranks
