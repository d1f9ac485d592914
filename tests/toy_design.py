"""A design of choices without a study behind it."""

import numpy as np
import pandas as pd

from analysis.sensitivity import Crossing, Factor, Option, WeightNoise
from analysis.sensitivity.cells import Design
from analysis.sensitivity.counting import DesignCell
from analysis.sensitivity.draws import distinct_rows
from analysis.sensitivity.scorers import scorer_for
from analysis.settings import load_settings

NOISE = WeightNoise("dirichlet", 100.0)


def factor(key: str, *options: dict, odds: tuple[float, ...] = ()) -> Factor:
    """A choice whose options are named by the first value that they set."""
    made = tuple(Option(str(next(iter(changes.values()), "as_it_is")), "", "", changes, *odds[place:place + 1])
                 for place, changes in enumerate(options))
    return Factor(key, key, key, made)


NORMALISATION = factor("normalisation", *({"normalisation.method": name} for name in ("minmax", "zscore", "rank")))
AGGREGATION = factor("aggregation", {"aggregation.method": "arithmetic"}, {
    "aggregation.method": "geometric", "normalisation.method": "minmax", "normalisation.lowest_points": 1},
    {"aggregation.method": "topsis"})
COMBINATION = factor("combination", *({"weighting.alpha": share} for share in (0.25, 0.5, 0.75)),
                     {"weighting.rule": "multiplicative"}, {"weighting.rule": "game_theory"})


def toy_design(cells: int, refused: set[int], cities: int = 8, seed: int = 0) -> Design:
    """A design without a study behind it: `cells` data sets of random values, some refused."""
    generator = np.random.default_rng(seed)
    made = []
    for number in range(cells):
        rows, group = distinct_rows(generator.integers(0, 4, (cities, 3)) + 1.0)
        scorer = scorer_for(rows, ("arithmetic", "geometric", "topsis")[number % 3])
        made.append(None if number in refused else DesignCell(scorer, np.array([0.5, 0.3, 0.2]), NOISE, group))
    options = tuple(Option(f"o{number}", "", "", {}) for number in range(cells))
    crossing = Crossing(load_settings(), (Factor("toy", "", "", options),))
    return Design(crossing, (NOISE,), tuple(made), {number: f"cause {number % 2}" for number in refused},
                  pd.Index([f"c{city}" for city in range(cities)]))
