"""What all benchmarks share: cases of the study's size, contestants that take turns, medians, peak memory."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd

CITIES = 297
CONCENTRATION = 200.0
SEED = 20201218

Case = tuple[pd.DataFrame, pd.Series]
Contestants = dict[str, tuple[Callable[[], object], int]]  # name → (run, how many draws a run makes)


def simulated_case(indicators: int, cities: int = CITIES) -> Case:
    """Min-max values and weights of the study's size; the numbers do not matter to the time."""
    generator = np.random.default_rng(SEED)
    columns = [f"I{number:02d}" for number in range(1, indicators + 1)]
    values = pd.DataFrame(generator.lognormal(size=(cities, indicators)), columns=columns)
    values = (values - values.min()) / (values.max() - values.min())
    return values, pd.Series(generator.dirichlet(np.full(indicators, 5.0)), columns)


def drawn_weights(case: Case, draws: int) -> np.ndarray:
    """Weights drawn by NumPy's own Dirichlet: what a plain script would do."""
    return np.random.default_rng(SEED).dirichlet(CONCENTRATION * case[1].to_numpy(), draws)


def microseconds_a_draw(contestants: Contestants, repeats: int) -> dict[str, float]:
    """Median time of each contestant, taking turns so that a busy machine slows all; one turn beforehand to warm up."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(repeats + 1):
        for name, (run, draws) in contestants.items():
            started = time.perf_counter()
            run()
            if turn:
                times[name].append((time.perf_counter() - started) / draws * 1e6)
    return {name: statistics.median(measured) for name, measured in times.items()}


def print_table(medians: dict[str, float], unit: str, per: str = "draw") -> None:
    """One line a contestant: µs a draw, multiple of the contestant `unit`, draws a second."""
    width = max(map(len, medians))
    print(f"{'':{width}}{f'µs a {per}':>16}{'ratio':>10}{f'{per}s a second':>22}")
    for name, median in medians.items():
        print(f"{name:{width}}{median:16.2f}{median / medians[unit]:10.2f}{1e6 / median:22,.0f}")


def peak_mebibytes(run: Callable[[], object]) -> float:
    """Highest memory taken during a run, beyond what the process held before."""
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20
