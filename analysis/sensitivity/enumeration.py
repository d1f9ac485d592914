"""Which choice of method moves the ranks: Sobol indices where every combination of choices is taken, none drawn.

Choices are discrete and few, so the sums behind their indices are finite and exact. The weights are one more
factor, whose levels are points of scrambled Sobol sequences; only they have a margin of error.

Reference: docs/method.md, section 6.6. Saltelli, A. et al. (2008), Global Sensitivity Analysis: The Primer, Wiley,
section 1.2.14 (variance decomposition); Owen, A. B. (1997), Scrambled net variance for integrals of smooth functions,
Annals of Statistics 25(4), 1541–1562 (error from independent scramblings).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd

from .cells import Design
from .counting import MANY_CITIES, DesignCell, in_order
from .draws import SensitivityError, check_count, noise_quantiles
from .factorial import same_data
from .ranking import cell_ranks, drawn_ranks, mean_shifts
from .sobol import MEAN_SHIFT, SobolIndices

WEIGHTS = "weights"
NOISE = "noise"
RANKS_IN_MEMORY = 2**26  # 128 MiB: as many scramblings as fit are ranked in one call
ROWS_AT_A_TIME = 128  # squared together, in the processor's cache


@dataclass(frozen=True)
class Shares:
    """Sums of squares of one table of outputs: first and total (factors × outputs) and variance (outputs)."""

    first: np.ndarray
    total: np.ndarray
    variance: np.ndarray


def choice_indices(design: Design, seed: int, scramblings: int = 8, points: int = 4,
                   confidence: float = 0.95, every_city: bool = True, workers: int = 1) -> SobolIndices:
    """First-order and total indices of each choice crossed, and of the weights within each combination.

    Inputs: the factors of the crossing, `noise` where the design has more than one kind, and `weights`. Outputs:
    mean_shift (mean absolute change of rank from the run's own ranking) and, unless every_city is false, every city's
    rank, which takes memory for combinations × points × cities. All combinations are scored under the same
    scramblings × points quantiles of their weights. Margins: Student's t over the independent scramblings. A factor
    whose options are identical has indices of exactly 0. workers: as in `weight_uncertainty`, with the same indices
    for any number.

    Raises SensitivityError where a combination was refused: an incomplete table has no such decomposition; leave
    out the option that leads to it. Reference: docs/method.md, section 6.6.
    """
    for name, number in (("scramblings", scramblings), ("points", points), ("workers", workers)):
        check_count(name, number)
    if scramblings < 2:
        raise SensitivityError("scramblings = 1 gives no margin of error; ask for at least 2")
    if design.causes:
        number, cause = next(iter(design.causes.items()))
        options = ", ".join(option.key for option in design.crossing.options(design.place(number)[0]))
        raise SensitivityError(f"combination {options} was refused ({cause}); leave one of its options out")
    usual, shape, groups = base_ranks(design), (*design.crossing.shape, len(design.noises)), distinct_cells(design)
    factors = design.crossing.factors
    odds = None if all(factor.is_even for factor in factors) else [
        *(factor.shares for factor in factors), np.full(len(design.noises), 1 / len(design.noises))]
    quantiles, parts = weight_quantiles(design, seed, scramblings, points), []
    at_once = RANKS_IN_MEMORY if len(design.cities) <= MANY_CITIES else RANKS_IN_MEMORY // 4
    together = max(1, at_once // (len(design.cells) * points * len(design.cities))) if every_city else scramblings
    for first in range(0, scramblings, together):
        here = quantiles[first:first + together]
        if every_city:
            ranks = rank_table(design, groups, np.vstack(here), workers)
            parts += [decompose(table, usual, shape, odds) for table in np.split(ranks, len(here), axis=1)]
        else:
            shifts = shift_table(design, groups, np.vstack(here), usual, workers)
            parts += [decompose_shifts(table, len(usual), shape, odds) for table in np.split(shifts, len(here), axis=1)]
    names = [*(factor.key for factor in design.crossing.factors), NOISE, WEIGHTS]
    kept = [place for place, name in enumerate(names) if name != NOISE or len(design.noises) > 1]
    outputs = [MEAN_SHIFT, *design.cities] if every_city else [MEAN_SHIFT]
    return summarised(parts, kept, [names[place] for place in kept], outputs, confidence,
                      len(design.cells) * scramblings * points)


def weight_quantiles(design: Design, seed: int, scramblings: int, points: int) -> list[np.ndarray]:
    """Uniform points (points × indicators of the whole design) of each scrambled Sobol sequence."""
    from scipy.stats import qmc

    indicators = len(indicator_places(design))
    streams = np.random.SeedSequence(seed, spawn_key=(0, 0, indicators)).spawn(scramblings)  # not those of draws
    return [qmc.Sobol(indicators, scramble=True, rng=np.random.default_rng(stream)).random(points)
            for stream in streams]


def indicator_places(design: Design) -> dict[str, int]:
    """The column of each indicator of any cell, in order of their codes."""
    codes = sorted({code for cell in design.cells if cell is not None for code in cell.indicators})
    return {code: place for place, code in enumerate(codes)}


def distinct_cells(design: Design) -> list[tuple[DesignCell, dict[tuple, list[int]]]]:
    """For each data set one of its cells, and the numbers of all its cells, grouped by equal weights: a geometric mean
    has its own normalisation for every option."""
    groups = []
    for numbers, cells in same_data(enumerate(design.cells)):
        alike: dict[tuple, list[int]] = {}
        for number, cell in zip(numbers, cells, strict=True):
            alike.setdefault(weights_key(cell), []).append(number)
        groups.append((cells[0], alike))
    return groups


def rank_table(design: Design, groups: list[tuple[DesignCell, dict[tuple, list[int]]]],
               uniforms: np.ndarray, workers: int = 1) -> np.ndarray:
    """Ranks, cells × points × cities; weights are computed once for each distinct base and scored once for each data
    set."""
    ranks = np.empty((len(design.cells), len(uniforms), len(design.cities)),
                     dtype=np.int16 if len(design.cities) < 2**15 else np.int32)
    jobs = ((cell.scorer, cell.group, weights) for cell, weights in weights_of_groups(design, groups, uniforms))
    for (_, alike), found in zip(groups, in_order(drawn_ranks, jobs, workers), strict=True):
        for same, own in zip(alike.values(), found.reshape(len(alike), len(uniforms), -1), strict=True):
            here = design.cell(same[0])
            ranks[same] = cell_ranks(here, here.base) if here.noise.is_none else own  # only there do equal totals tie
    return ranks


def shift_table(design: Design, groups: list[tuple[DesignCell, dict[tuple, list[int]]]], uniforms: np.ndarray,
                usual: np.ndarray, workers: int = 1) -> np.ndarray:
    """The sum of all cities' shifts from the ranks `usual`, cells × points, whole numbers, without a table of ranks."""
    shifts = np.empty((len(design.cells), len(uniforms)), dtype=np.int64)
    jobs = ((cell.scorer, cell.group, weights, usual)
            for cell, weights in weights_of_groups(design, groups, uniforms))
    for (_, alike), found in zip(groups, in_order(mean_shifts, jobs, workers), strict=True):
        for same, own in zip(alike.values(), found.reshape(len(alike), len(uniforms)), strict=True):
            here = design.cell(same[0])
            shifts[same] = (np.abs(cell_ranks(here, here.base)[0] - usual).sum(dtype=np.int64) if here.noise.is_none
                            else np.rint(own * len(usual)).astype(np.int64))
    return shifts


def weights_of_groups(design: Design, groups: list[tuple[DesignCell, dict[tuple, list[int]]]], uniforms: np.ndarray
                      ) -> Iterator[tuple[DesignCell, np.ndarray]]:
    """For each data set one of its cells and the weights of all of them at the uniforms, each distinct base once."""
    places, drawn = indicator_places(design), dict[tuple, np.ndarray]()
    for cell, alike in groups:
        for key, same in alike.items():
            if key not in drawn:
                drawn[key] = weights_at(uniforms, design.cell(same[0]), places)
        yield cell, np.vstack([drawn[key] for key in alike])


def weights_key(cell: DesignCell) -> tuple:
    """Equal for cells whose weights are the same at the same quantiles."""
    return cell.base.tobytes(), cell.indicators, cell.noise


def weights_at(uniforms: np.ndarray, cell: DesignCell, places: dict[str, int]) -> np.ndarray:
    """A cell's weights at the quantiles of its own indicators: points × indicators."""
    return noise_quantiles(cell.noise, uniforms[:, [places[code] for code in cell.indicators]], cell.base)


def base_ranks(design: Design) -> np.ndarray:
    """The ranks of the run itself."""
    cell = design.base or design.cell(design.crossing.base * len(design.noises))
    return cell_ranks(cell, cell.base)[0]


def decompose(ranks: np.ndarray, base: np.ndarray, shape: tuple[int, ...],
              odds: Sequence[np.ndarray] | None = None) -> Shares:
    """The sums of squares of one scrambling: the mean shift and then every city as outputs."""
    shift = np.abs(ranks - base).sum(axis=2)
    table = ranks.reshape(*shape, ranks.shape[1], -1)
    shares = [decompose_shifts(shift, len(base), shape, odds),
              sums_of_squares(table) if odds is None else weighted_sums(table, odds)]
    return Shares(*(np.concatenate(sums, axis=-1) for sums in zip(*map(astuple, shares), strict=True)))


def decompose_shifts(shifts: np.ndarray, cities: int, shape: tuple[int, ...],
                     odds: Sequence[np.ndarray] | None = None) -> Shares:
    """The same for the mean shift alone, from the sums of all cities' shifts (cells × points)."""
    table = shifts.reshape(*shape, shifts.shape[1], 1)
    shares = sums_of_squares(table) if odds is None else weighted_sums(table, odds)
    return Shares(*(sums / cities**2 for sums in astuple(shares)))


def sums_of_squares(table: np.ndarray) -> Shares:
    """Variance decomposition of a full table, factors along all axes but the last (the outputs); whole numbers, so that
    sums are exact and identical options differ by exactly nothing. The last factor is a sample, the others are not.
    A factor with a single option explains nothing."""
    factors, outputs = table.ndim - 1, table.shape[-1]
    cells = table[..., 0].size
    squares = sum_of_squares(table)
    first, total = np.zeros((2, factors, outputs))
    # Ranks of a few thousand cities add up within 16 bits along one axis: four times as many fit into the cache.
    narrow = table.dtype == np.int16 and int(table.max()) * max(table.shape[:-1]) < 2**15
    dtype = np.int16 if narrow else None  # otherwise as wide as NumPy adds whole numbers
    over_last = table.sum(axis=-2, dtype=dtype)
    means = over_last.astype(np.float64)  # much smaller, and enough for the means of all factors but the last
    for axis in np.flatnonzero(np.array(table.shape[:-1]) > 1):
        size, last = table.shape[axis], axis == factors - 1
        along = over_last if last else table.sum(axis=axis, dtype=dtype)
        total[axis] = (squares - sum_of_squares(along) / size) / cells
        others = tuple(other for other in range(factors - (not last)) if other != axis)
        sums = (table if last else means).sum(axis=others)
        first[axis] = ((sums - sums[0]) / (cells / size)).var(axis=0)  # the mean of equal fractions may miss them
        if last:
            first[axis] *= size / (size - 1)
            total[axis] *= size / (size - 1)
    mean = means.reshape(-1, outputs).sum(axis=0) / cells
    return Shares(first, total, squares / cells - mean**2)


def weighted_sums(table: np.ndarray, odds: Sequence[np.ndarray]) -> Shares:
    """As `sums_of_squares`, for options that are not equally likely. odds: the probabilities of the options of every
    factor but the last, which is a sample."""
    values, sample = table.astype(float), table.shape[-2]
    every = [*odds, np.full(sample, 1 / sample)]

    def mean(numbers: np.ndarray, axes: Sequence[int]) -> np.ndarray:
        for axis in sorted(axes, reverse=True):
            numbers = np.tensordot(every[axis], numbers, axes=(0, axis))
        return numbers

    places = range(len(every))
    squares, centre = mean(values**2, places), mean(values, places)
    first, total = np.zeros((2, len(every), table.shape[-1]))
    for axis in (place for place in places if len(every[place]) > 1):
        others = [place for place in places if place != axis]
        divisor = sample / (sample - 1) if axis == places[-1] else 1.0
        first[axis] = divisor * (every[axis] @ (mean(values, others) - centre) ** 2)
        left = mean(values, [axis]) ** 2
        for share in (every[place] for place in others):  # the axes left come first one after the other
            left = np.tensordot(share, left, axes=(0, 0))
        total[axis] = divisor * (squares - left)
    return Shares(first, total, squares - centre**2)


def sum_of_squares(table: np.ndarray) -> np.ndarray:
    """The sum of squares of each output (last axis)."""
    flat, squares = table.reshape(-1, table.shape[-1]), np.zeros(table.shape[-1])
    for first in range(0, len(flat), ROWS_AT_A_TIME):
        rows = flat[first:first + ROWS_AT_A_TIME].astype(np.float64)
        squares += np.einsum("io,io->o", rows, rows)
    return squares


def summarised(parts: list[Shares], kept: list[int], names: list[str], outputs: list, confidence: float,
               evaluations: int) -> SobolIndices:
    """Indices from all scramblings together, with margins from their spread."""
    from scipy.stats import t as student

    variance = np.mean([part.variance for part in parts], axis=0)
    over = np.divide(1, variance, out=np.zeros_like(variance), where=variance > 1e-9)
    width = student.ppf(0.5 + confidence / 2, len(parts) - 1) / np.sqrt(len(parts))
    tables = {}
    for name in ("first", "total"):
        every = np.array([getattr(part, name)[kept] for part in parts]) * over
        tables[name] = every.mean(axis=0)
        tables[f"{name}_margin"] = width * every.std(axis=0, ddof=1)
    frames = {name: pd.DataFrame(table, pd.Index(names, name="input"), outputs) for name, table in tables.items()}
    return SobolIndices(**frames, variance=pd.Series(variance, outputs, name="variance"), evaluations=evaluations)
