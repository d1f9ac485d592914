"""How time and memory grow: from 297 cities to 2,850 counties and 40,000 towns, with 1 and 2 workers.

    python -m benchmarks.growth [--towns]

The full distribution of ranks takes 8 bytes × places², whatever the number of draws: 0.7 MiB for cities, 62 MiB for
counties, 12 GiB for towns. Towns are therefore scored and ranked draw by draw without keeping the distribution.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from analysis.sensitivity import WeightNoise, sample_weights, weight_uncertainty
from analysis.sensitivity.counting import DesignCell
from analysis.sensitivity.draws import distinct_rows
from analysis.sensitivity.ranking import drawn_ranks
from analysis.sensitivity.scorers import LinearScores
from benchmarks.timing import CONCENTRATION, SEED, peak_mebibytes, simulated_case

INDICATORS = 34
SIZES = {"cities": (297, 200_000), "counties": (2_850, 20_000)}


def distributions() -> None:
    """Cities and counties with the full distribution of ranks."""
    print(f"{'':10}{'places':>8}{'draws':>10}{'µs a draw, 1 worker':>22}{'2 workers':>12}{'peak MiB':>10}")
    for name, (places, draws) in SIZES.items():
        case, taken = simulated_case(INDICATORS, places), []
        for workers in (1, 2):
            weight_uncertainty(*case, 2_048, CONCENTRATION, SEED, workers=workers)
            started = time.perf_counter()
            weight_uncertainty(*case, draws, CONCENTRATION, SEED, workers=workers)
            taken.append((time.perf_counter() - started) / draws * 1e6)
        peak = peak_mebibytes(lambda case=case: weight_uncertainty(*case, 5_000, CONCENTRATION, SEED))
        print(f"{name:10}{places:8,}{draws:10,}{taken[0]:22.1f}{taken[1]:12.1f}{peak:10.1f}")


def towns(places: int = 40_000, draws: int = 512) -> None:
    """Towns: ranks of each draw, from which intervals of chosen towns or coarse counts can be kept."""
    values, weights = simulated_case(INDICATORS, places)
    rows, group = distinct_rows(values.to_numpy())
    cell = DesignCell(LinearScores(rows), weights.to_numpy(), WeightNoise("dirichlet", CONCENTRATION), group)
    drawn = sample_weights(weights, draws, CONCENTRATION, SEED).to_numpy()
    started = time.perf_counter()
    ranks = drawn_ranks(cell.scorer, group, drawn)
    taken = (time.perf_counter() - started) / draws * 1e6
    quantiles = np.quantile(ranks, (0.05, 0.95), axis=0)
    print(f"{'towns':10}{places:8,}{draws:10,}{taken:22.1f}{'':12}{ranks.nbytes / 2**20:10.1f}  "
          f"(ranks kept as they are; mean width of the 90 % interval {np.diff(quantiles, axis=0).mean():,.0f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--towns", action="store_true", help="40,000 towns as well (half a GiB of memory)")
    options = parser.parse_args()
    distributions()
    if options.towns:
        towns()


if __name__ == "__main__":
    main()
