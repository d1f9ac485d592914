"""Uncertain weights: random weight vectors around the base weights, the same for any division of the work.

Draws are made in streams of 1,024. Stream s of design cell c has its own random generator, seeded by
SeedSequence(seed, spawn_key=(c, s)), and its draws are made in blocks that are always drawn whole. So draw number 417
is the same draw for any total number, any number of workers and any order in which they finish. A block is a whole
stream; where many cells share the draws, the blocks of a cell's first stream begin short and double (16, 16, 32, 64,
…, 512), so that a cell of three draws does not pay for a thousand.

Reference: docs/method.md, section 6.1. Lahdelma, R. & Salminen, P. (2001), SMAA-2: stochastic multicriteria
acceptability analysis for group decision making, Operations Research 49(3), 444–454; Saisana, M., Saltelli, A. &
Tarantola, S. (2005), Uncertainty and sensitivity analysis techniques as tools for the quality assessment of composite
indicators, Journal of the Royal Statistical Society A 168(2), 307–323.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pandas as pd

from analysis.validation import numeric_table, same_labels, weight_series

DRAWS_PER_STREAM = 1024
SHORT_BLOCK = 64  # draws; up to about 100 one call costs less than a call for each indicator
Distribution = Literal["dirichlet", "uniform"]


class SensitivityError(ValueError):
    """A request that no sensitivity analysis can answer; the message names the argument and the remedy."""


@dataclass(frozen=True)
class WeightNoise:
    """How the weights vary around their base.

    distribution "dirichlet": parameters concentration × base weight. The mean is the base; the standard deviation of a
    weight w is sqrt(w (1 − w) / (concentration + 1)); an infinite concentration is the base itself. Concentrations
    below 1 are refused: there a draw puts nearly all weight on one indicator, which is not noise around a base.
    distribution "uniform": each weight times an independent uniform factor from 1 − half_width to 1 + half_width
    (0 ≤ half_width ≤ 1), then divided by the sum; half_width 0 is the base itself.
    """

    distribution: Distribution = "dirichlet"
    concentration: float | None = None
    half_width: float | None = None

    def __post_init__(self) -> None:
        if self.distribution == "dirichlet":
            if self.concentration is None or not self.concentration >= 1:
                raise SensitivityError(f"concentration = {self.concentration}: the Dirichlet needs a number of at "
                                       "least 1 (larger = less noise; infinity = the base weights)")
        elif self.distribution == "uniform":
            if self.half_width is None or not 0 <= self.half_width <= 1:
                raise SensitivityError(f"half_width = {self.half_width}: uniform noise needs a relative half-width "
                                       "between 0 and 1, for example 0.25 for ±25 %")
        else:
            raise SensitivityError(f"distribution = {self.distribution!r}: choose dirichlet or uniform")

    @property
    def amount(self) -> float:
        """The half-width of uniform noise, the concentration of a Dirichlet."""
        return cast(float, self.half_width if self.distribution == "uniform" else self.concentration)

    @property
    def is_none(self) -> bool:
        """Whether every draw is the base weights themselves."""
        return self.amount == (0 if self.distribution == "uniform" else math.inf)

    @property
    def name(self) -> str:
        """The noise in one word for tables: dirichlet_100 or uniform_0.25."""
        return f"{self.distribution}_{self.amount:g}"

    @property
    def words(self) -> tuple[str, str]:
        """The noise in words, Chinese and English."""
        if self.distribution == "uniform":
            return f"均匀，±{self.half_width:.0%}", f"uniform, ±{self.half_width:.0%}"
        return f"狄利克雷，集中度 {self.concentration:g}", f"Dirichlet, concentration {self.concentration:g}"

    def fill(self, generator: np.random.Generator, base: np.ndarray, out: np.ndarray) -> None:
        """Fill `out` (indicators × draws) with weights up to a positive factor per draw, which no rank depends on.

        A Dirichlet vector is a vector of gamma variates over its sum; the division is left to the caller.
        Short blocks are drawn in one call and long ones row by row: the same numbers in the least time.
        """
        if self.is_none:
            out[:] = base[:, None]
        elif self.distribution == "dirichlet":
            shapes = self.amount * base
            if out.shape[1] <= SHORT_BLOCK:
                generator.standard_gamma(shapes[:, None], size=out.shape, out=out)
            else:
                for row, shape in zip(out, shapes, strict=True):
                    generator.standard_gamma(shape, out=row)
        else:
            generator.random(out=out)
            out *= 2 * self.amount
            out += 1 - self.amount
            out *= base[:, None]


def noise_quantiles(noise: WeightNoise, uniforms: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Weights (up to a factor per row) at given quantiles of their noise: draws × indicators, uniforms between 0 and 1.

    Column j depends on column j of the uniforms alone; random uniforms give the distribution of `WeightNoise.fill`.
    """
    if noise.is_none:
        return np.broadcast_to(base, uniforms.shape).copy()
    if noise.distribution == "uniform":
        return base * (1 - noise.amount + 2 * noise.amount * uniforms)
    from scipy.special import gammaincinv

    return gammaincinv(noise.amount * base, uniforms)


def streams(draws: int) -> Iterator[tuple[int, int, int]]:
    """(stream, first draw, draws wanted) of the streams that hold the first `draws` draws of a cell.

    >>> list(streams(2000))
    [(0, 0, 1024), (1, 1024, 976)]
    """
    for first in range(0, draws, DRAWS_PER_STREAM):
        yield first // DRAWS_PER_STREAM, first, min(DRAWS_PER_STREAM, draws - first)


def blocks(stream: int, wanted: int, shortest: int = DRAWS_PER_STREAM) -> Iterator[tuple[int, int]]:
    """(first draw in the stream, length) of the blocks that hold the first `wanted` draws of a stream.

    Where a block begins does not depend on `wanted`.

    >>> list(blocks(0, 100, shortest=16))
    [(0, 16), (16, 16), (32, 32), (64, 64)]
    """
    first, length = 0, shortest if stream == 0 else DRAWS_PER_STREAM
    while first < wanted:
        yield first, length
        first += length
        length = max(shortest, first)


def stream_generator(seed: int, cell: int, stream: int) -> np.random.Generator:
    """The random generator of one stream of draws of one design cell."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(cell, stream)))


def sample_weights(weights: pd.Series, draws: int, concentration: float | None, seed: int,
                   distribution: Distribution = "dirichlet", half_width: float | None = None,
                   cell: int = 0) -> pd.DataFrame:
    """The same weights that `weight_uncertainty` uses, to be saved, inspected or replayed.

    Returns draws × indicators (index `draw`, from 0); rows are non-negative and sum to 1; an indicator of weight zero
    keeps weight zero. The first n rows are the same for any number of draws ≥ n.

    >>> base = pd.Series({"I01": 0.75, "I02": 0.25})
    >>> sample_weights(base, 2, concentration=float("inf"), seed=1).to_numpy().tolist()
    [[0.75, 0.25], [0.75, 0.25]]

    Reference: docs/method.md, section 6.1.
    """
    weights = weight_series(weights, rescale=True)
    check_count("draws", draws)
    noise = WeightNoise(distribution, concentration, half_width)
    used = weights.to_numpy() > 0
    sampled = np.zeros((draws, len(weights)))
    sampled[:, used] = drawn_weights(weights.to_numpy()[used], noise, draws, seed, cell)
    return pd.DataFrame(sampled, pd.RangeIndex(draws, name="draw"), weights.index)


def drawn_weights(base: np.ndarray, noise: WeightNoise, draws: int, seed: int, cell: int = 0,
                  shortest_block: int = DRAWS_PER_STREAM) -> np.ndarray:
    """The first draws of a cell: draws × indicators, rows summing to 1, for positive base weights."""
    sampled = np.empty((draws, len(base)))
    for stream, start, in_stream in streams(draws):
        generator = stream_generator(seed, cell, stream)
        for first, length in blocks(stream, in_stream, shortest_block):
            block = np.empty((len(base), length))
            noise.fill(generator, base, block)
            wanted = sampled[start + first:start + min(first + length, in_stream)]
            wanted[:] = (block / block.sum(axis=0)).T[:len(wanted)]
    return sampled


def distinct_rows(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct cities, best first in dictionary order, and for each city the position of its row among them.

    Cities count as equal when they agree on every indicator to 1e-12 of the indicator's range: they tie in every draw,
    and matrix products may give equal columns different last bits. The order does not depend on the cities' order,
    and a city that is nowhere worse and somewhere better than another comes before it.
    """
    lowest, span = values.min(axis=0), np.ptp(values, axis=0)
    relative = np.round((values - lowest) / np.where(span > 0, span, 1), 12)
    _, first, group = np.unique(-relative, axis=0, return_index=True, return_inverse=True)
    return values[first], group.ravel()


def checked(values: pd.DataFrame, weights: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Values without gaps and, in the order of their columns, weights that sum to exactly 1."""
    frame, shares = numeric_table(values), weight_series(weights, rescale=True)
    same_labels(shares.index, frame.columns, "weights", "values")
    return frame, shares.reindex(frame.columns)


def check_count(name: str, number: int) -> None:
    """Refuse anything but a whole number of at least 1."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        raise SensitivityError(f"{name} = {number!r}: give a whole number of at least 1")
