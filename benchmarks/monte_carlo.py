"""Weight Monte Carlo against a NumPy loop and a loop over pymcdm: time a draw, ratio and memory, from one run.

    python -m benchmarks.monte_carlo [--draws 200000] [--loop-draws 2000] [--peer-draws 200] [--repeats 5]

The contestants take turns, so that a busy machine slows all of them; the table shows medians. Each contestant keeps
the full distribution of ranks. Before anything is timed, all of them rank the same weights and must count the same.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.sensitivity import sample_weights, weight_uncertainty

CITIES = 297
INDICATORS = (34, 11)  # the whole framework, and what public statistics measure
CONCENTRATION = 200.0
SEED = 20201218

Case = tuple[pd.DataFrame, pd.Series]


def simulated_case(indicators: int) -> Case:
    """Min-max values and weights of the study's size; the numbers do not matter to the time."""
    generator = np.random.default_rng(SEED)
    columns = [f"I{number:02d}" for number in range(1, indicators + 1)]
    values = pd.DataFrame(generator.lognormal(size=(CITIES, indicators)), columns=columns)
    values = (values - values.min()) / (values.max() - values.min())
    return values, pd.Series(generator.dirichlet(np.full(indicators, 5.0)), columns)


def study(case: Case, draws: int, workers: int = 1) -> np.ndarray:
    """The study's own function, drawing of weights and summaries included."""
    result = weight_uncertainty(*case, draws, CONCENTRATION, SEED, workers=workers)
    return result.counts.to_numpy()


def numpy_loop(case: Case, draws: int) -> np.ndarray:
    """One draw at a time with matrix product and argsort, weights drawn by NumPy's own Dirichlet."""
    values, weights = case[0].to_numpy(), case[1].to_numpy()
    drawn = np.random.default_rng(SEED).dirichlet(CONCENTRATION * weights, draws)
    return count_by_loop(drawn, lambda row: 1 + np.argsort(np.argsort(-(values @ row))))


def pymcdm_loop(case: Case, draws: int) -> np.ndarray:
    """One draw at a time through pymcdm: its min-max normalisation, weighted sum model and ranking."""
    return count_by_loop(np.random.default_rng(SEED).dirichlet(CONCENTRATION * case[1], draws), pymcdm_ranks(case))


def pymcdm_ranks(case: Case) -> Callable[[np.ndarray], np.ndarray]:
    from pymcdm.helpers import rrankdata
    from pymcdm.methods import WSM
    from pymcdm.normalizations import minmax_normalization

    values, benefit = case[0].to_numpy(), np.ones(case[0].shape[1])
    model = WSM(minmax_normalization)
    return lambda row: rrankdata(model(values, row, benefit)).astype(int)


def count_by_loop(drawn: np.ndarray, ranks_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Counts of ranks (cities × ranks) of the given weights, one draw at a time."""
    counts = np.zeros((CITIES, CITIES), dtype=np.int64)
    cities = np.arange(CITIES)
    for row in drawn:
        counts[cities, ranks_of(row) - 1] += 1
    return counts


def check_same_counts(case: Case, draws: int) -> None:
    """All contestants on the same weights: the counts must be equal to the last unit."""
    drawn = sample_weights(case[1], draws, CONCENTRATION, SEED).to_numpy()
    values = case[0].to_numpy()
    expected = study(case, draws)
    for name, ranks_of in (("NumPy loop", lambda row: 1 + np.argsort(np.argsort(-(values @ row)))),
                           ("pymcdm", pymcdm_ranks(case))):
        if not np.array_equal(count_by_loop(drawn, ranks_of), expected):
            raise SystemExit(f"{name} counts other ranks than the study for the same weights; nothing was timed")


def microseconds_a_draw(contestants: dict[str, tuple[Callable[[], object], int]], repeats: int) -> dict[str, float]:
    """Median time of each contestant, taking turns; one turn beforehand to warm up."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(repeats + 1):
        for name, (run, draws) in contestants.items():
            started = time.perf_counter()
            run()
            if turn:
                times[name].append((time.perf_counter() - started) / draws * 1e6)
    return {name: statistics.median(measured) for name, measured in times.items()}


def peak_mebibytes(run: Callable[[], object]) -> float:
    """Highest memory taken during a run, beyond what the process held before."""
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


def report(indicators: int, options: argparse.Namespace) -> None:
    """One table: contestants, µs a draw, times the study, draws a second, peak memory."""
    case = simulated_case(indicators)
    check_same_counts(case, options.peer_draws)
    contestants = {
        "study, 1 worker": (lambda: study(case, options.draws), options.draws),
        "study, 2 workers": (lambda: study(case, options.draws, workers=2), options.draws),
        "NumPy loop": (lambda: numpy_loop(case, options.loop_draws), options.loop_draws),
        "pymcdm loop": (lambda: pymcdm_loop(case, options.peer_draws), options.peer_draws),
    }
    medians = microseconds_a_draw(contestants, options.repeats)
    unit = medians["study, 1 worker"]
    print(f"\n{CITIES} cities × {indicators} indicators, Dirichlet concentration {CONCENTRATION:g}, "
          f"median of {options.repeats}")
    print(f"{'':18}{'µs a draw':>12}{'ratio':>9}{'draws a second':>17}")
    for name, median in medians.items():
        print(f"{name:18}{median:12.2f}{median / unit:9.2f}{1e6 / median:17,.0f}")
    for draws in (options.draws, 10 * options.draws):
        print(f"peak memory of {draws:,} draws: {peak_mebibytes(lambda n=draws: study(case, n)):.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=200_000)
    parser.add_argument("--loop-draws", type=int, default=2_000)
    parser.add_argument("--peer-draws", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for indicators in INDICATORS:
        report(indicators, options)


if __name__ == "__main__":
    main()
