"""Which choice of method moves the ranks: Sobol indices with every combination of choices enumerated, not sampled.

Choices are discrete and few, so the sums behind their indices are finite and exact. The weights join as one more
factor whose levels are points of scrambled Sobol sequences; only they leave a margin of error.

Reference: docs/method.md, section 6.6. Saltelli, A. et al. (2008), Global Sensitivity Analysis: The Primer, Wiley,
section 1.2.14 (variance decomposition); Owen, A. B. (1997), Scrambled net variance for integrals of smooth functions,
Annals of Statistics 25(4), 1541–1562 (error from independent scramblings).
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
import pandas as pd

from .cells import Design
from .counting import Cell
from .draws import SensitivityError, check_count, noise_quantiles
from .factorial import same_data
from .ranking import drawn_ranks
from .sobol import MEAN_SHIFT, SobolIndices

WEIGHTS = "weights"
NOISE = "noise"
CITIES_AT_A_TIME = 64  # the table of ranks is turned into floats by slices


@dataclass(frozen=True)
class Shares:
    """Sums of squares of one table of outputs: first and total (factors × outputs) and variance (outputs)."""

    first: np.ndarray
    total: np.ndarray
    variance: np.ndarray


def choice_indices(design: Design, seed: int, scramblings: int = 8, points: int = 4,
                   confidence: float = 0.95) -> SobolIndices:
    """First-order and total indices of every choice of method, and of the weights within each combination.

    Inputs: the factors of the crossing, `noise` where the design has more than one kind, and `weights`. Outputs:
    mean_shift (mean absolute change of rank from the run's own ranking) and every city's rank. All combinations are
    scored under the same scramblings × points quantiles of their weights. Margins: Student's t over the independent
    scramblings. A factor whose options are identical has indices of exactly 0.

    Raises SensitivityError where a combination was refused: a table with holes has no such decomposition; leave the
    option out that leads to it. Reference: docs/method.md, section 6.6.
    """
    for name, number in (("scramblings", scramblings), ("points", points)):
        check_count(name, number)
    if scramblings < 2:
        raise SensitivityError("scramblings = 1 gives no margin of error; ask for at least 2")
    if design.causes:
        number, cause = next(iter(design.causes.items()))
        options = ", ".join(option.key for option in design.crossing.options(design.place(number)[0]))
        raise SensitivityError(f"combination {options} was refused ({cause}); leave one of its options out")
    ranks = rank_table(design, weight_quantiles(design, seed, scramblings, points))
    parts = decompose(ranks, base_ranks(design), (*design.crossing.shape, len(design.noises)), scramblings)
    names = [*(factor.key for factor in design.crossing.factors), NOISE, WEIGHTS]
    kept = [place for place, name in enumerate(names) if name != NOISE or len(design.noises) > 1]
    return summarised(parts, kept, [names[place] for place in kept], [MEAN_SHIFT, *design.cities], confidence,
                      ranks.shape[0] * ranks.shape[1])


def weight_quantiles(design: Design, seed: int, scramblings: int, points: int) -> np.ndarray:
    """Uniform points (all points × indicators of the whole design), one scrambled Sobol sequence after another."""
    from scipy.stats import qmc

    indicators = len(indicator_places(design))
    streams = np.random.SeedSequence(seed, spawn_key=(indicators,)).spawn(scramblings)
    return np.vstack([qmc.Sobol(indicators, scramble=True, rng=np.random.default_rng(stream)).random(points)
                      for stream in streams])


def indicator_places(design: Design) -> dict[str, int]:
    """The column of each indicator of any cell, in order of their codes."""
    codes = sorted({code for cell in design.cells for code in cell.indicators})
    return {code: place for place, code in enumerate(codes)}


def rank_table(design: Design, uniforms: np.ndarray) -> np.ndarray:
    """Ranks, cells × points × cities; each distinct base of weights meets the quantiles once."""
    places, drawn = indicator_places(design), {}
    ranks = np.empty((len(design.cells), len(uniforms), len(design.cities)), dtype=np.int16)

    def weights_of(cell: Cell) -> np.ndarray:
        key = cell.base.tobytes(), cell.indicators, cell.noise
        if key not in drawn:
            columns = [places[code] for code in cell.indicators]
            drawn[key] = noise_quantiles(cell.noise, uniforms[:, columns], cell.base)
        return drawn[key]

    for numbers, cell in same_data(design.cells):
        weights = np.vstack([weights_of(design.cells[number]) for number in numbers])
        ranks[numbers] = drawn_ranks(cell.scorer, cell.group, weights).reshape(len(numbers), len(uniforms), -1)
    return ranks


def base_ranks(design: Design) -> np.ndarray:
    """The ranks of the run itself."""
    cell = design.cells[design.crossing.base * len(design.noises)]
    return drawn_ranks(cell.scorer, cell.group, cell.base[None])[0]


def decompose(ranks: np.ndarray, base: np.ndarray, shape: tuple[int, ...], scramblings: int) -> list[Shares]:
    """The sums of squares of each scrambling: the mean shift and then every city as outputs."""
    parts = []
    for block in np.split(ranks, scramblings, axis=1):
        shift = np.abs(block.astype(np.int32) - base).sum(axis=2, dtype=np.float64)[:, :, None]
        slices = [shift] + [block[:, :, first:first + CITIES_AT_A_TIME].astype(np.float64)
                            for first in range(0, block.shape[2], CITIES_AT_A_TIME)]
        shares = [sums_of_squares(part.reshape(*shape, block.shape[1], -1)) for part in slices]
        shares[0] = Shares(*(sums / len(base) ** 2 for sums in astuple(shares[0])))  # the mean, not the sum, of shifts
        parts.append(Shares(*(np.concatenate(sums, axis=-1) for sums in zip(*map(astuple, shares), strict=True))))
    return parts


def sums_of_squares(table: np.ndarray) -> Shares:
    """Variance decomposition of a full table, factors along all axes but the last (the outputs); whole numbers, so that
    sums are exact and identical options differ by exactly nothing. The last factor is a sample, the others are not."""
    factors, outputs = table.ndim - 1, table.shape[-1]
    cells = table[..., 0].size
    squares = sum_of_squares(table)
    first, total = np.empty((2, factors, outputs))
    over_last = table.sum(axis=-2)  # much smaller, and enough for the means of all factors but the last
    for axis in range(factors):
        size, last = table.shape[axis], axis == factors - 1
        total[axis] = (squares - sum_of_squares(over_last if last else table.sum(axis=axis)) / size) / cells
        others = tuple(other for other in range(factors - (not last)) if other != axis)
        first[axis] = ((table if last else over_last).sum(axis=others) / (cells / size)).var(axis=0)
        if last and size > 1:
            first[axis] *= size / (size - 1)
            total[axis] *= size / (size - 1)
    mean = over_last.reshape(-1, outputs).sum(axis=0) / cells
    return Shares(first, total, squares / cells - mean**2)


def sum_of_squares(table: np.ndarray) -> np.ndarray:
    """The sum of squares of each output (last axis)."""
    flat = table.reshape(-1, table.shape[-1])
    return np.einsum("io,io->o", flat, flat)


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
