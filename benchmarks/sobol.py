"""Sobol indices of 34 uncertain weights: the study, a NumPy loop, and SALib around pymcdm.

    python -m benchmarks.sobol [--base-samples 512] [--peer-rows 300] [--repeats 5]

Indices of the mean shift of rank, with intervals; the study gives those of all 297 ranks as well. All take SALib's
points; their first-order and total indices must agree to 1e-9 before anything is timed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from analysis.sensitivity import WeightNoise, weight_indices
from benchmarks.timing import CITIES, CONCENTRATION, SEED, Case, microseconds_a_draw, print_table, simulated_case

INDICATORS = 34
OURS = "study, mean shift"
NOISE = WeightNoise("dirichlet", CONCENTRATION)


def problem(case: Case) -> dict:
    """SALib's description of the inputs: uniform numbers that become gamma variates."""
    return {"num_vars": len(case[1]), "names": list(case[1].index), "bounds": [[0.0, 1.0]] * len(case[1])}


def salib(case: Case, base_samples: int, ranks_of: Callable[[np.ndarray], np.ndarray]) -> dict:
    """SALib's sample and analysis around one ranking at a time."""
    from SALib.analyze import sobol as analysis_of
    from SALib.sample import sobol as sample_of
    from scipy.special import gammaincinv

    points = sample_of.sample(problem(case), base_samples, calc_second_order=False, seed=np.random.default_rng(SEED))
    weights = gammaincinv(CONCENTRATION * case[1].to_numpy(), points)
    base = ranks_of(case[1].to_numpy())
    shifts = np.array([np.abs(ranks_of(row / row.sum()) - base).mean() for row in weights])
    return analysis_of.analyze(problem(case), shifts, calc_second_order=False, seed=1)


def numpy_ranks(case: Case) -> Callable[[np.ndarray], np.ndarray]:
    """Ranks by a matrix product and two argsorts."""
    values = case[0].to_numpy()
    return lambda row: 1 + np.argsort(np.argsort(-(values @ row)))


def pymcdm_ranks(case: Case) -> Callable[[np.ndarray], np.ndarray]:
    """Ranks by pymcdm's weighted sum model and its ranking."""
    from pymcdm.helpers import rrankdata
    from pymcdm.methods import WSM
    from pymcdm.normalizations import minmax_normalization

    values, benefit, model = case[0].to_numpy(), np.ones(case[0].shape[1]), WSM(minmax_normalization)
    return lambda row: rrankdata(model(values, row, benefit))


def check_same_indices(case: Case) -> None:
    """Few points, all three: the same indices."""
    ours = weight_indices(*case, NOISE, 8, SEED).of()
    for ranks_of in (numpy_ranks(case), pymcdm_ranks(case)):
        theirs = salib(case, 8, ranks_of)
        for column, name in (("first", "S1"), ("total", "ST")):
            if not np.allclose(ours.loc[case[1].index, column], theirs[name], atol=1e-9):
                raise SystemExit("SALib gives other indices for the same points; nothing was timed")


def seconds_a_row(case: Case, rows: int) -> float:
    """Seconds that one ranking through pymcdm takes; thousands of them would only test patience."""
    ranks_of, weights = pymcdm_ranks(case), np.random.default_rng(SEED).dirichlet(50 * case[1].to_numpy(), rows)
    started = time.perf_counter()
    for row in weights:
        ranks_of(row)
    return (time.perf_counter() - started) / rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-samples", type=int, default=512)
    parser.add_argument("--peer-rows", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    case = simulated_case(INDICATORS)
    check_same_indices(case)
    runs = options.base_samples * (INDICATORS + 2)
    contestants = {
        OURS: (lambda: weight_indices(*case, NOISE, options.base_samples, SEED, every_city=False), runs),
        "study, every rank too": (lambda: weight_indices(*case, NOISE, options.base_samples, SEED), runs),
        "SALib around a NumPy loop": (lambda: salib(case, options.base_samples, numpy_ranks(case)), runs)}
    medians = microseconds_a_draw(contestants, options.repeats)
    overhead = medians["SALib around a NumPy loop"] - 1e6 * loop_seconds(case, options.peer_rows)
    medians["SALib around pymcdm (from a part)"] = overhead + 1e6 * seconds_a_row(case, options.peer_rows)
    print(f"\n{CITIES} cities × {INDICATORS} weights, {runs:,} evaluations, median of {options.repeats}")
    print_table(medians, OURS, "run")


def loop_seconds(case: Case, rows: int) -> float:
    """Seconds that one ranking of the NumPy loop takes."""
    ranks_of, weights = numpy_ranks(case), np.random.default_rng(SEED).dirichlet(50 * case[1].to_numpy(), 10 * rows)
    started = time.perf_counter()
    for row in weights:
        ranks_of(row)
    return (time.perf_counter() - started) / len(weights)


if __name__ == "__main__":
    main()
