"""Weight Monte Carlo against its peers, and the Monte Carlo over the choices crossed against the weights alone.

    python -m benchmarks.monte_carlo [--peers FOLDER] [--draws 300000] [--repeats 5] [--memory]

Every contestant keeps the full distribution of ranks. Before anything is timed, all of them rank the same weights and
must count the same to the last unit. `--memory` adds the peak memory of one and of ten million draws.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from analysis.panel import read_panel
from analysis.sensitivity import (
    Stages,
    WeightNoise,
    combinations_to_take,
    cross,
    method_uncertainty,
    read_crossing,
    sample_weights,
    weight_uncertainty,
)
from analysis.settings import load_settings
from benchmarks.peers import Peer, installed_peers, numba_kernel
from benchmarks.timing import (
    CITIES,
    CONCENTRATION,
    SEED,
    Case,
    drawn_weights,
    microseconds_a_draw,
    peak_mebibytes,
    print_table,
    simulated_case,
)

INDICATORS = (34, 11)  # the whole framework, and what public statistics measure
OURS = "study, 1 worker"


def counts_of_study(case: Case, draws: int, workers: int = 1) -> np.ndarray:
    """The study's own function, drawing of weights and summaries included."""
    return weight_uncertainty(*case, draws, CONCENTRATION, SEED, workers=workers).counts.to_numpy()


def check_same_counts(case: Case, peers: dict[str, Peer], draws: int) -> None:
    """All contestants on the same weights: the counts must be equal to the last unit."""
    drawn = sample_weights(case[1], draws, CONCENTRATION, SEED).to_numpy()
    expected = counts_of_study(case, draws)
    for name, peer in peers.items():
        if not np.array_equal(peer(case, drawn), expected):
            raise SystemExit(f"{name} counts other ranks than the study for the same weights; nothing was timed")


def weights_only(indicators: int, options: argparse.Namespace) -> None:
    """The table of peers for one number of indicators."""
    case = simulated_case(indicators)
    peers, absent = installed_peers()
    check_same_counts(case, peers, options.peer_draws)
    contestants = {OURS: (lambda: counts_of_study(case, options.draws), options.draws),
                   "study, 2 workers": (lambda: counts_of_study(case, options.draws, 2), options.draws)}
    if kernel := numba_kernel(case):
        contestants["numba float32 kernel"] = (lambda: kernel(options.draws), options.draws)
    else:
        absent.append("numba")
    for name, peer in peers.items():
        draws = options.loop_draws if name == "NumPy loop" else options.peer_draws
        contestants[name] = (lambda peer=peer, draws=draws: peer(case, drawn_weights(case, draws)), draws)
    print(f"\n{CITIES} cities × {indicators} indicators, Dirichlet concentration {CONCENTRATION:g}, median of "
          f"{options.repeats}; same counts from {', '.join(peers)}")
    print_table(microseconds_a_draw(contestants, options.repeats), OURS)
    for name in absent:
        print(f"{name}: not installed")
    for draws in (1_000_000, 10_000_000) if options.memory else ():
        print(f"peak memory of {draws:,} draws: {peak_mebibytes(lambda n=draws: counts_of_study(case, n)):.1f} MiB")


def all_choices(options: argparse.Namespace) -> None:
    """The public panel under every combination of choices, against its weights alone: with few draws a combination
    beginning its random stream weighs more."""
    settings = load_settings()
    stages = Stages(read_panel())
    crossing = combinations_to_take(read_crossing(settings, stages.panel), SEED)
    design = cross(stages, crossing, [WeightNoise("dirichlet", CONCENTRATION)])
    case = stages.normalised(settings), stages.weights(settings)
    for draws in (2 * options.draws, 8 * options.draws):
        contestants = {"weights only": (lambda n=draws: counts_of_study(case, n), draws),
                       f"{design.crossing.size:,} combinations":
                           (lambda n=draws: method_uncertainty(design, n, SEED), draws)}
        print(f"\npublic panel, {len(case[1])} indicators, {draws:,} draws")
        print_table(microseconds_a_draw(contestants, options.repeats), "weights only")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="a folder with further packages to compare with")
    parser.add_argument("--draws", type=int, default=300_000)
    parser.add_argument("--loop-draws", type=int, default=4_000)
    parser.add_argument("--peer-draws", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    if options.peers:
        sys.path.append(options.peers)
    for indicators in INDICATORS:
        weights_only(indicators, options)
    all_choices(options)


if __name__ == "__main__":
    main()
