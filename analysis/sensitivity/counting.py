"""Counts of ranks over many draws, at constant memory: the engine of every Monte Carlo analysis of the study.

A *cell* is one way to score: a data set, a rule of aggregation, and base weights with noise around them. Its draws are
divided into streams (see `draws`); each stream is scored by matrix products and ranked by one in-place sort, and only
integer counts are kept. Integer sums do not depend on their order, so that the counts are the same for any number of
workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .draws import DRAWS_PER_STREAM, WeightNoise, blocks, stream_generator, streams
from .scorers import Scorer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from threadpoolctl import ThreadpoolController

Task = tuple[int, int, int]  # cell, stream, draws wanted from it

SCORES_IN_MEMORY = 2**21  # 16 MiB of scores at a time; the block shape depends on the number of cities alone
MANY_CITIES = 1_000
BLOCKS_PER_WORKER = 8     # enough for workers to finish together
CITIES_IN_SHORT_KEYS = 512  # with more cities, two agree in the bits that are left in too many draws
SMALLEST_HIGHEST = 1e-290   # scores far below it, all 0 for example, have a finite factor too


@dataclass(frozen=True, eq=False)
class DesignCell:
    """One way to score. base: positive base weights; group: for each city the position of its distinct row (cities
    with equal rows tie in every draw); indicators: the labels of the weights. Cells that share the group (the same
    object) are counted together."""

    scorer: Scorer
    base: np.ndarray
    noise: WeightNoise
    group: np.ndarray
    indicators: tuple[str, ...] = ()

    @property
    def pattern(self) -> bytes:
        """Which cities always tie: for each city the number of cities with its row, as bytes."""
        return np.bincount(self.group)[self.group].tobytes()


Cells = Mapping[int, DesignCell]        # by number
Counts = dict[bytes, np.ndarray]  # pattern of ties (see DesignCell.pattern) → cities × ranks


def count_type(cities: int) -> type:
    """Whole numbers for a table of counts: of many cities short ones, which hold two thousand million draws."""
    return np.int64 if cities <= MANY_CITIES else np.int32


class RankCounter:
    """Adds blocks of scores to counts[distinct city, rank − 1], ranks from 1, ties sharing the smaller rank.

    A non-negative float sorts like its bits read as an integer. The low bits of each score are replaced by the city's
    position, so that one in-place sort of integers yields the order of the cities: much cheaper than an argsort.
    With B = bits of the number of distinct cities this leaves 52 − B bits of the score: scores that differ by more
    than 2^(B − 52) of the larger (1.1e-13 for 257–512 cities, below 1e-12 for up to 4,096) are never reordered.
    Closer ones, which random weights hardly ever give, are sorted in dictionary order of their values: the city that is
    nowhere worse comes first.

    Up to 512 cities a key of 32 bits, which sorts several times faster, gives the same order in nearly every draw; the
    draws in which two cities agree in what it holds of their scores are sorted by their long keys.
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

    @cached_property
    def counts(self) -> np.ndarray:
        """Distinct cities × ranks; made when the first block is added."""
        return np.zeros((len(self.group_sizes), self.total), dtype=count_type(self.total))

    def order(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each draw the positions of the distinct cities, best first, and the number of cities better than each.

        The block (draws × distinct cities) is overwritten.
        """
        keys = scores.view(np.uint64)
        if len(self.group_sizes) <= CITIES_IN_SHORT_KEYS:
            self.sort_by_short_keys(keys)
        else:
            self.sort_by(keys)
        keys &= self.position_bits
        order = keys.view(np.int64)
        if not self.has_duplicates:
            return order, self.better_cities
        sizes = self.group_sizes[order]
        return order, sizes.cumsum(axis=1) - sizes

    def sort_by(self, keys: np.ndarray) -> None:
        """Make keys of the bits of scores, each with its city's position, and sort every draw, best first."""
        keys |= keys.dtype.type(self.position_bits)
        keys ^= self.to_key.astype(keys.dtype)
        keys.sort(axis=1)

    def sort_by_short_keys(self, keys: np.ndarray) -> None:
        """The positions in the order of `sort_by`, found from the leading bits of the scores where these suffice."""
        keys |= self.position_bits  # scores that agree in their long keys must agree in their short ones
        scores, short = keys.view(np.float64), np.empty(keys.shape, dtype=np.uint32)
        # A positive factor, the same for a whole draw, and cutting off the fraction never reverse two scores.
        factor = (2**32 - 1) / scores.max(axis=1, keepdims=True).clip(min=SMALLEST_HIGHEST)
        np.multiply(scores, factor, out=short, casting="unsafe")
        self.sort_by(short)
        alike = (short[:, 1:] ^ short[:, :-1]).min(axis=1, initial=2**32 - 1) <= self.position_bits
        long = keys[alike]
        self.sort_by(long)
        keys[:] = short
        keys[alike] = long

    def add(self, scores: np.ndarray) -> None:
        """Count the ranks of a block of scores (draws × distinct cities); the block is overwritten."""
        order, better_cities = self.order(scores)
        order *= self.total
        order += better_cities
        if self.counts.size <= order.size:
            found = np.bincount(order.ravel(), minlength=self.counts.size).reshape(self.counts.shape)
            np.add(self.counts, found.astype(self.counts.dtype, copy=False), out=self.counts)
        else:  # a histogram longer than the block costs more than adding in place
            np.add.at(self.counts.reshape(-1), order.ravel(), self.counts.dtype.type(1))


class RankKeeper(RankCounter):
    """Keeps the ranks of every draw instead of counting them: draws × cities numbers instead of cities². For many
    cities, of whom there are more than draws."""

    def __init__(self, group: np.ndarray) -> None:
        super().__init__(np.bincount(group))
        self.group = group
        self.kept: list[np.ndarray] = []

    def add(self, scores: np.ndarray) -> None:
        """Keep the ranks of a block of scores (draws × distinct cities); the block is overwritten."""
        order, better_cities = self.order(scores)
        ranks: np.ndarray = np.empty(order.shape, dtype=rank_type(self.total))
        np.put_along_axis(ranks, order, np.broadcast_to((better_cities + 1).astype(ranks.dtype), order.shape), axis=1)
        self.kept.append(ranks[:, self.group])


def rank_type(cities: int) -> type:
    """The shortest whole numbers that hold the rank of any of so many cities."""
    return np.uint16 if cities < 2**16 else np.int32


def keep_ranks(cells: Cells, draws: Mapping[int, int], seed: int, workers: int = 1,
               shortest_block: int = DRAWS_PER_STREAM) -> list[np.ndarray]:
    """The ranks that `count_ranks` counts: blocks of draws × cities, the draws in any order."""
    return [block for part in shared_out(keep_tasks, cells, draws, seed, workers, shortest_block) for block in part]


def keep_tasks(tasks: Sequence[Task], cells: Cells, seed: int, shortest_block: int) -> list[np.ndarray]:
    """The ranks in some streams, kept."""
    kept: list[np.ndarray] = []
    with one_blas_thread():
        for first, last in runs_of_one_grouping(tasks, cells):
            keeper = RankKeeper(cells[tasks[first][0]].group)
            score_streams(tasks[first:last], cells, seed, keeper, shortest_block)
            kept += keeper.kept
    return kept


def count_ranks(cells: Cells, draws: Mapping[int, int], seed: int, workers: int = 1,
                shortest_block: int = DRAWS_PER_STREAM) -> Counts:
    """Counts of ranks over all cells, by pattern of ties: cities × ranks, int64 (int32 of many cities).

    cells and draws: the cells by number, and how many draws of each; the number decides the random streams. In all
    counts together each city has as many entries as there are draws. Workers are threads (NumPy releases the
    interpreter while it draws, multiplies and sorts); inside `joblib.parallel_config(backend=…)` they are of that
    backend: processes ("loky") or machines ("dask").
    """
    counts: Counts = {}
    for part in shared_out(count_tasks, cells, draws, seed, workers, shortest_block):
        add_counts(counts, part)
    return counts


def shared_out(work: Callable[..., Any], cells: Cells, draws: Mapping[int, int], seed: int, workers: int,
               shortest_block: int) -> Iterator[Any]:
    """What `work` (`count_tasks` or `keep_tasks`) makes of all streams, in as many parts as the workers need, in any
    order."""
    tasks = [(cell, stream, wanted) for cell, number in draws.items() for stream, _, wanted in streams(number)]
    if workers == 1:
        yield work(tasks, cells, seed, shortest_block)
        return
    from joblib import Parallel, delayed

    share = max(1, -(-len(tasks) // (workers * BLOCKS_PER_WORKER)))
    shares = [tasks[first:first + share] for first in range(0, len(tasks), share)]
    with one_blas_thread():  # held here too, so that no thread lifts it while others still work
        parallel = Parallel(n_jobs=workers, prefer="threads", return_as="generator_unordered")
        yield from parallel(delayed(work)(*own_cells(each, cells), seed, shortest_block) for each in shares)


def add_counts(counts: Counts, more: Counts) -> None:
    """Add counts to counts, pattern by pattern."""
    for pattern, part in more.items():
        counts[pattern] = counts[pattern] + part if pattern in counts else part


@cache
def thread_pools() -> ThreadpoolController:
    """NumPy's thread pools; finding them takes milliseconds, so it is done once."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager:
    """Matrix products on one thread on any machine: the same sums in the same order."""
    return thread_pools().limit(limits=1, user_api="blas")


def in_order(function: Callable[..., Any], jobs: Iterable[tuple], workers: int) -> Iterator[Any]:
    """The result of every job (the arguments of the function), in the order of the jobs, each when it is asked for;
    workers as in `count_ranks`.

    >>> list(in_order(max, [(1, 2), (4, 3)], workers=2))
    [2, 4]
    """
    if workers == 1:
        yield from (function(*job) for job in jobs)
        return
    from joblib import Parallel, delayed

    with one_blas_thread():
        yield from Parallel(n_jobs=workers, prefer="threads", return_as="generator")(
            delayed(function)(*job) for job in jobs)


def own_cells(tasks: Sequence[Task], cells: Cells) -> tuple[Sequence[Task], Cells]:
    """The tasks with the cells they need, so that nothing else travels to another process."""
    return tasks, {cell: cells[cell] for cell in dict.fromkeys(task[0] for task in tasks)}


def count_tasks(tasks: Sequence[Task], cells: Cells, seed: int, shortest_block: int) -> Counts:
    """The counts of some streams. Matrix products run on one thread, and no block's shape depends on the workers.

    Both matter to the last bit: OpenBLAS adds in another order for another number of threads or rows.
    """
    counts: Counts = {}
    with one_blas_thread():
        for first, last in runs_of_one_grouping(tasks, cells):
            cell = cells[tasks[first][0]]
            counter = RankCounter(np.bincount(cell.group))
            score_streams(tasks[first:last], cells, seed, counter, shortest_block)
            total = counts.setdefault(cell.pattern, np.zeros((len(cell.group),) * 2, count_type(len(cell.group))))
            total += counter.counts[cell.group]
    return counts


def runs_of_one_grouping(tasks: Sequence[Task], cells: Cells) -> Iterator[tuple[int, int]]:
    """(first, last + 1) of the stretches of tasks whose cells share the group."""
    first = 0
    for position, task in enumerate(tasks):
        if cells[task[0]].group is not cells[tasks[first][0]].group:
            yield first, position
            first = position
    if tasks:
        yield first, len(tasks)


def score_streams(tasks: Sequence[Task], cells: Cells, seed: int, counter: RankCounter, shortest_block: int) -> None:
    """Draw, score and count streams of cells that share the group; scores of short blocks are ranked together."""
    distinct = len(counter.group_sizes)
    rows = int(np.clip(SCORES_IN_MEMORY // distinct, 16, DRAWS_PER_STREAM))
    buffer, filled = np.empty((2 * rows, distinct)), 0
    weights = np.empty(max(len(cells[number].base) for number, *_ in tasks) * DRAWS_PER_STREAM)
    for number, stream, wanted in tasks:
        cell, generator = cells[number], stream_generator(seed, number, stream)
        for start, length in blocks(stream, wanted, shortest_block):
            drawn = weights[:len(cell.base) * length].reshape(len(cell.base), length)
            cell.noise.fill(generator, cell.base, drawn)
            for first in range(0, min(length, wanted - start), rows):
                block = drawn.T[first:first + rows]
                cell.scorer(block, buffer[filled:filled + len(block)])
                filled += min(len(block), wanted - start - first)
                if filled >= rows:
                    counter.add(buffer[:filled])
                    filled = 0
    if filled:
        counter.add(buffer[:filled])
