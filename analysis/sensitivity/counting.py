"""Counts of ranks over many draws, at constant memory: the engine under every Monte Carlo of the study.

A *design cell* is one way to score (a data set and a rule of aggregation). Its draws are divided into streams (see
`draws`); each stream is scored by matrix products and ranked by one in-place sort, and only integer counts are kept.
Integer sums do not depend on their order, so that the counts are the same for any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .draws import DRAWS_PER_STREAM, WeightNoise, stream_generator

# Scores of non-negative numbers, larger is better: (weights, draws × indicators; scores, draws × distinct cities).
Scorer = Callable[[np.ndarray, np.ndarray], None]
Task = tuple[int, int, int]  # design cell, stream, draws wanted from the stream

SCORES_IN_MEMORY = 2**21  # 16 MiB of scores at a time; the block shape depends on the number of cities alone
BLOCKS_PER_WORKER = 8     # enough for workers to end together


class LinearScores:
    """Scores that are weighted sums, shifted so that none is negative.

    Taking the lowest value of each indicator off its column takes the same number, Σ weight × lowest, off every city
    in a draw: no rank moves, z-scores and other negative values become countable, and the sort key keeps more digits.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = np.ascontiguousarray((values - values.min(axis=0)).T)

    def __call__(self, weights: np.ndarray, scores: np.ndarray) -> None:
        np.matmul(weights, self.values, out=scores)


class RankCounter:
    """Adds blocks of scores to counts[distinct city, rank − 1], ranks from 1, ties sharing the smaller rank.

    A non-negative float sorts like its bits read as an integer. The low bits of each score are replaced by the city's
    position, so that one in-place sort of integers yields the order of the cities: much cheaper than an argsort.
    With B = bits of the number of distinct cities this leaves 52 − B bits of the score: scores that differ by more
    than 2^(B − 52) of the larger (1.1e-13 for 257–512 cities, below 1e-12 for up to 4,096) are never reordered.
    Closer ones, which random weights practically never give, go in dictionary order of their values: the city that is
    nowhere worse comes first.
    """

    def __init__(self, group_sizes: np.ndarray) -> None:
        cities = len(group_sizes)
        position = np.arange(cities, dtype=np.uint64)
        self.position_bits = np.uint64((1 << max(1, (cities - 1).bit_length())) - 1)
        # One exclusive-or turns the score's bits (so that the best sorts first) and writes the position.
        self.to_key = ~self.position_bits | (self.position_bits ^ position)
        self.group_sizes = group_sizes
        self.has_duplicates = bool((group_sizes > 1).any())
        self.better_cities = np.arange(cities)
        self.total = int(group_sizes.sum())
        self.counts = np.zeros((cities, self.total), dtype=np.int64)

    def add(self, scores: np.ndarray) -> None:
        """Count the ranks of a block of scores (draws × distinct cities); the block is used up as working memory."""
        keys = scores.view(np.uint64)
        keys |= self.position_bits
        keys ^= self.to_key
        keys.sort(axis=1)
        keys &= self.position_bits
        order = keys.view(np.int64)
        better_cities = self.better_cities
        if self.has_duplicates:
            sizes = self.group_sizes[order]
            better_cities = sizes.cumsum(axis=1) - sizes
        order *= self.total
        order += better_cities
        if self.counts.size <= order.size:
            self.counts += np.bincount(order.ravel(), minlength=self.counts.size).reshape(self.counts.shape)
        else:  # a histogram longer than the block costs more than adding in place
            np.add.at(self.counts.reshape(-1), order.ravel(), 1)


def count_ranks(
    scorers: Sequence[Scorer],
    draws: Sequence[int],
    base: np.ndarray,
    noise: WeightNoise,
    seed: int,
    group_sizes: np.ndarray,
    workers: int = 1,
) -> np.ndarray:
    """Counts of ranks over all design cells: distinct cities × ranks, int64, rows summing to the number of draws.

    scorers and draws: one scoring rule and one number of draws for each design cell; base: positive base weights;
    group_sizes: how many cities stand behind each distinct one. Workers are threads (NumPy releases the interpreter
    while it draws, multiplies and sorts); inside `joblib.parallel_config(backend=…)` they are whatever that says.
    """
    tasks = [
        (cell, stream, min(DRAWS_PER_STREAM, wanted - first))
        for cell, wanted in enumerate(draws)
        for stream, first in enumerate(range(0, wanted, DRAWS_PER_STREAM))
    ]
    common = (scorers, base, noise, seed, group_sizes)
    if workers == 1:
        return count_tasks(tasks, *common)
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits

    share = max(1, -(-len(tasks) // (workers * BLOCKS_PER_WORKER)))
    blocks = [tasks[first:first + share] for first in range(0, len(tasks), share)]
    with threadpool_limits(1, user_api="blas"):  # held here too, so that no thread lifts it while others still work
        parallel = Parallel(n_jobs=workers, prefer="threads", return_as="generator_unordered")
        return sum(parallel(delayed(count_tasks)(block, *common) for block in blocks))


def count_tasks(
    tasks: Sequence[Task],
    scorers: Sequence[Scorer],
    base: np.ndarray,
    noise: WeightNoise,
    seed: int,
    group_sizes: np.ndarray,
) -> np.ndarray:
    """The counts of some streams. Matrix products run on one thread and in blocks of one fixed shape.

    Both matter to the last bit: OpenBLAS adds in another order for another number of threads or rows.
    """
    from threadpoolctl import threadpool_limits

    counter = RankCounter(group_sizes)
    rows = int(np.clip(SCORES_IN_MEMORY // len(group_sizes), 16, DRAWS_PER_STREAM))
    weights = np.empty((len(base), DRAWS_PER_STREAM))
    scores = np.empty((rows, len(group_sizes)))
    with threadpool_limits(1, user_api="blas"):
        for cell, stream, wanted in tasks:
            noise.fill(stream_generator(seed, cell, stream), base, weights)
            for first in range(0, wanted, rows):
                block = weights.T[first:first + rows]
                scorers[cell](block, scores[:len(block)])
                counter.add(scores[:min(len(block), wanted - first)])
    return counter.counts
