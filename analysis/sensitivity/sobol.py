"""Which uncertain input changes a result: first-order and total Sobol indices of many outputs at once.

The first-order index of an input is the share of the output's variance that would vanish if the input were known; the
total index is the share that would remain if everything else were known. Base points come from a scrambled Sobol
sequence in SALib's layout (the matrices A and B, and A with one column of B at a time).

Reference: docs/method.md, section 6.6. Saltelli, A. et al. (2010), Variance based sensitivity analysis of model output,
Computer Physics Communications 181(2), 259–270, doi:10.1016/j.cpc.2009.09.018 (first-order estimator);
Jansen, M. J. W. (1999), Computer Physics Communications 117, 35–43, doi:10.1016/S0010-4655(98)00154-4 (total);
Owen, A. B. (2020), On dropping the first Sobol' point, arXiv:2008.08051.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.scoring import Rule

from .counting import DesignCell, one_blas_thread
from .draws import SensitivityError, WeightNoise, check_count, checked, distinct_rows, noise_quantiles
from .ranking import cell_ranks, drawn_ranks, mean_shifts
from .scorers import scorer_for

Model = Callable[[np.ndarray], np.ndarray]  # rows × inputs → rows × outputs
MEAN_SHIFT = "mean_shift"


@dataclass(frozen=True)
class SobolIndices:
    """Indices of every input for every output, inputs × outputs.

    first, total: the estimates; the first-order estimate may fall slightly below 0 by chance. first_margin,
    total_margin: half-widths of their confidence intervals. variance: by output; an output that never varies has
    variance 0 and indices 0. evaluations: how often the model was run.
    """

    first: pd.DataFrame
    total: pd.DataFrame
    first_margin: pd.DataFrame
    total_margin: pd.DataFrame
    variance: pd.Series
    evaluations: int

    def of(self, output: str = MEAN_SHIFT) -> pd.DataFrame:
        """The indices of one output: inputs × (first, first_margin, total, total_margin), largest total first."""
        columns = ("first", "first_margin", "total", "total_margin")
        return pd.DataFrame({column: getattr(self, column)[output] for column in columns}).sort_values(
            "total", ascending=False, kind="stable")


def sobol_indices(model: Model, inputs: Sequence[str], base_samples: int, seed: int, outputs: Sequence | None = None,
                  quantiles: Callable[[np.ndarray], np.ndarray] | None = None, resamples: int = 100,
                  confidence: float = 0.95) -> SobolIndices:
    """Sobol indices of a model of independent inputs, all outputs from the same (inputs + 2) × base_samples runs.

    model: rows × inputs → rows × outputs (or one column). base_samples: a power of 2. quantiles: turns uniform numbers
    (rows × inputs, 0–1) into the inputs, each column by itself; without it the inputs are uniform on 0–1.
    Intervals: ± the normal quantile times the standard deviation over bootstrap resamples of the base points, drawn
    from the same seed. An input that the model does not use has both indices 0, exactly.

    Raises SensitivityError for a number of base samples that is not a power of 2 and for a model that gives no number.

    >>> result = sobol_indices(lambda x: x[:, [0]] + 0 * x[:, [1]], ["used", "unused"], 256, seed=1)
    >>> result.total.loc["unused", 0], round(float(result.first.loc["used", 0]), 1)
    (np.float64(0.0), 1.0)

    Reference: docs/method.md, section 6.6.
    """
    first_points, second_points = base_points(len(inputs), base_samples, seed)
    if quantiles is not None:
        first_points, second_points = quantiles(first_points), quantiles(second_points)
    at_first, at_second, swapped = run_model(model, first_points, second_points)
    names = pd.Index(range(at_first.shape[1]) if outputs is None else outputs)
    centre = (at_first.sum(axis=0) + at_second.sum(axis=0) + swapped.sum(axis=(0, 1))) / (base_samples
                                                                                        * (len(inputs) + 2))
    at_first, at_second = at_first - centre, at_second - centre
    swapped -= centre
    shares = np.full((1, base_samples), 1 / base_samples)
    if resamples:
        generator = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(len(inputs), base_samples)))
        again = generator.multinomial(base_samples, shares[0], size=resamples) / base_samples
        shares = np.vstack([shares, again])
    with one_blas_thread():
        first, total, variance = estimates(at_first, at_second, swapped, shares)
    from scipy.stats import norm

    width = norm.ppf(0.5 + confidence / 2)

    def table(values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, pd.Index(inputs, name="input"), names)

    first_margin, total_margin = (
        width * every[:, 1:].std(axis=1, ddof=1) if resamples > 1 else np.full(every[:, 0].shape, np.nan)
        for every in (first, total))
    return SobolIndices(table(first[:, 0]), table(total[:, 0]), table(first_margin), table(total_margin),
                        pd.Series(variance[0], names, name="variance"), base_samples * (len(inputs) + 2))


def base_points(inputs: int, base_samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The matrices A and B: base_samples × inputs each, from one scrambled Sobol sequence of twice the dimension."""
    from scipy.stats import qmc

    check_count("base_samples", base_samples)
    if base_samples & (base_samples - 1):
        raise SensitivityError(f"base_samples = {base_samples}: a Sobol sequence is balanced for powers of 2 only; "
                               f"use {2 ** (base_samples.bit_length() - 1)} or {2 ** base_samples.bit_length()}")
    points = qmc.Sobol(2 * inputs, scramble=True, rng=np.random.default_rng(seed)).random(base_samples)
    return points[:, :inputs], points[:, inputs:]


def run_model(model: Model, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs at A, at B, and at A with column j of B: the last inputs × samples × outputs."""
    samples, inputs = first.shape
    points = np.tile(first, (inputs + 2, 1)).reshape(inputs + 2, samples, inputs)
    points[-1] = second
    for column in range(inputs):
        points[column + 1, :, column] = second[:, column]
    outputs = np.asarray(model(points.reshape(-1, inputs)), dtype=float)
    if len(outputs) != len(points) * samples or not np.isfinite(outputs).all():
        raise SensitivityError("the model must give a finite number for every row it is handed")
    outputs = outputs.reshape(inputs + 2, samples, -1)
    return outputs[0], outputs[-1], outputs[1:-1]


def estimates(at_first: np.ndarray, at_second: np.ndarray, swapped: np.ndarray, shares: np.ndarray
              ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First-order and total indices (inputs × resamples × outputs) and variances (resamples × outputs).

    shares: resamples × base points, the weight of each base point; the first row is the estimate itself.
    """
    mean = shares @ (at_first + at_second) / 2
    variance = np.maximum(shares @ (at_first**2 + at_second**2) / 2 - mean**2, 0)
    spread = np.maximum(np.ptp(at_first, axis=0), np.ptp(at_second, axis=0))
    variance[:, spread == 0] = 0
    over = np.divide(1, variance, out=np.zeros_like(variance), where=variance > 0)
    first, total = np.empty((2, len(swapped), *variance.shape))
    for place, output in enumerate(swapped):  # one input at a time stays in the processor's cache
        difference = output - at_first
        np.multiply(shares @ (at_second * difference), over, out=first[place])
        np.multiply(shares @ (difference * difference), over / 2, out=total[place])
    return first, total, variance


def weight_indices(values: pd.DataFrame, weights: pd.Series, noise: WeightNoise, base_samples: int, seed: int,
                   method: Rule = "arithmetic", resamples: int = 100, every_city: bool = True) -> SobolIndices:
    """Which indicator's uncertain weight moves the ranks: outputs mean_shift (mean absolute change of rank from the
    base weights) and, unless every_city is false, every city's rank; inputs the indicators that have weight.

    values: cities × indicators, normalised. noise: the distribution of the weights; the independent inputs are the
    gamma variates (or uniform factors) that become weights when they are divided by their sum, which no rank depends
    on. The rest as in `sobol_indices`. Reference: docs/method.md, section 6.6.
    """
    values, weights = checked(values, weights)
    if method == "geometric" and not (values.to_numpy() > 0).all():
        raise SensitivityError("geometric aggregation needs values above 0; set normalisation.lowest_points above 0")
    used = weights.index[weights > 0]
    rows, group = distinct_rows(values[used].to_numpy())
    base = weights[used].to_numpy()
    cell = DesignCell(scorer_for(rows, method, used, group), base, noise, group)
    usual = cell_ranks(cell, base)[0]

    def ranks(drawn: np.ndarray) -> np.ndarray:
        if noise.is_none:
            return np.tile([0, *usual] if every_city else [0], (len(drawn), 1))
        if not every_city:
            return mean_shifts(cell.scorer, group, drawn, usual)[:, None]
        found = drawn_ranks(cell.scorer, group, drawn)
        return np.column_stack([np.abs(found - usual).sum(axis=1, dtype=np.int64) / len(usual), found])

    outputs = [MEAN_SHIFT, *values.index] if every_city else [MEAN_SHIFT]
    return sobol_indices(ranks, list(used), base_samples, seed, outputs,
                         lambda uniforms: noise_quantiles(noise, uniforms, base), resamples)
