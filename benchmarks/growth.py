"""How time and memory grow: from 297 cities to 2,850 counties and 40,000 towns, with 1 and 2 workers.

    python -m benchmarks.growth [--towns]

The full distribution of ranks takes 8 bytes × places², whatever the number of draws: 0.7 MiB for cities, 62 MiB for
counties, 12 GiB for towns. For towns the ranks of the draws are kept instead, 2 bytes each, and their chances by class.
"""

from __future__ import annotations

import argparse
import time

from analysis.sensitivity import weight_uncertainty
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


def towns(places: int = 40_000, draws: int = 2_000, classes: int = 50) -> None:
    """Towns: the same intervals from the ranks of each draw, chances by classes of ranks."""
    case, taken = simulated_case(INDICATORS, places), []
    for workers in (1, 2):
        started = time.perf_counter()
        found = weight_uncertainty(*case, draws, CONCENTRATION, SEED, workers=workers, classes=classes)
        taken.append((time.perf_counter() - started) / draws * 1e6)
    peak = peak_mebibytes(lambda: weight_uncertainty(*case, draws, CONCENTRATION, SEED, classes=classes))
    width = (found.ranks["rank_95"] - found.ranks["rank_05"]).mean()
    print(f"{'towns':10}{places:8,}{draws:10,}{taken[0]:22.1f}{taken[1]:12.1f}{peak:10.1f}  "
          f"(mean width of the 90 % interval {width:,.0f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--towns", action="store_true", help="40,000 towns as well (a GiB of memory)")
    options = parser.parse_args()
    distributions()
    if options.towns:
        towns()


if __name__ == "__main__":
    main()
