"""The scores of single draws, of weights alone or over the choices crossed: for questions, such as tiers,
that counts of ranks cannot answer.

Reference: docs/method.md, sections 6.4 and 7.4.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.scoring import Rule

from .cells import Design
from .counting import DesignCell, one_blas_thread
from .draws import (
    Distribution,
    SensitivityError,
    WeightNoise,
    check_count,
    checked,
    distinct_rows,
    drawn_weights,
    sample_weights,
)
from .factorial import same_data
from .over_choices import SHORTEST_BLOCK, cells_of_draws
from .ranking import settled
from .scorers import scorer_for


def scores_over_choices(design: Design, draws: int, seed: int) -> pd.DataFrame:
    """The score of every city in each of the first draws of `method_uncertainty` with this seed.

    design: from `cross`. draws: how many. They are the draws that were counted and that `replay` returns: the same
    combination of choices, the same weights. Scores are on the scale of the draw's own combination (z-scores lie
    around 50, TOPSIS gives closeness × 100) and can be compared within a draw only. `tiers.tier_probabilities(scores,
    k)` makes tiers within each draw, which do not depend on the scale.

    Returns draws × cities, index `draw` from 0, settled to 12 significant digits; to these, draw n has the same scores
    for any number of draws. Draws whose combination the study refuses have no row: there are
    draws − len(result) of them, and `method_uncertainty` lists them by cause. Memory: 8 bytes × draws × cities. Raises
    SensitivityError where every draw is refused.

    Reference: docs/method.md, section 7.4.
    """
    check_count("draws", draws)
    order = cells_of_draws(design, draws, seed)
    numbers = {int(place): np.flatnonzero(order == place) for place in np.unique(order)}
    parts = []
    for places, alike in same_data((place, design.cells[place]) for place in numbers):
        weights = [drawn_weights(cell.base, cell.noise, len(numbers[place]), seed, place, SHORTEST_BLOCK)
                   for place, cell in zip(places, alike, strict=True)]
        scores = cell_scores(alike[0], np.concatenate(weights))
        parts.append(pd.DataFrame(scores, np.concatenate([numbers[place] for place in places]), design.cities))
    if not parts:
        raise SensitivityError(f"none of the {draws} draws gives a score; first cause: {design.causes[int(order[0])]}")
    return pd.concat(parts).sort_index().rename_axis("draw")


def cell_scores(cell: DesignCell, weights: np.ndarray) -> np.ndarray:
    """The study's scores (draws × cities), settled, of a cell under weights (draws × indicators) that sum to 1."""
    numbers = np.empty((len(weights), cell.group.max() + 1))
    with one_blas_thread():
        cell.scorer(weights, numbers)
        scores = cell.scorer.scores(numbers, weights)
    return settled(scores)[:, cell.group]


def scores_by_draw(values: pd.DataFrame, weights: pd.Series, draws: int, concentration: float | None, seed: int,
                   distribution: Distribution = "dirichlet", half_width: float | None = None,
                   method: Rule = "arithmetic") -> pd.DataFrame:
    """Scores of every city in every draw (draws × cities), for questions that counts of ranks cannot answer.

    The draws are those of `weight_uncertainty` with the same arguments; method: how points become the score
    (`study.rule_of`). Cities with the same values have the same scores to the last bit. Memory: 8 bytes × draws ×
    cities.
    """
    values, base = checked(values, weights)
    used = base.to_numpy() > 0
    sampled = sample_weights(base, draws, concentration, seed, distribution, half_width)
    distinct, group = distinct_rows(values.to_numpy()[:, used])
    drawn = sampled.to_numpy()[:, used]
    if method == "arithmetic":
        scores = (drawn @ distinct.T)[:, group]
    else:
        scorer = scorer_for(distinct, method, values.columns[used], group)
        noise = WeightNoise(distribution, concentration, half_width)
        scores = cell_scores(DesignCell(scorer, base.to_numpy()[used], noise, group), drawn)
    return pd.DataFrame(scores, sampled.index, values.index)
