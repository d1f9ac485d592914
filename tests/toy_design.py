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
