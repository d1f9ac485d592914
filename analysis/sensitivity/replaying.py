"""Any draw of the Monte Carlo over the choices crossed, extracted, saved and run again through the study itself.

Reference: docs/method.md, section 6.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis import study
from analysis.frames import settle
from analysis.panel import Panel
from analysis.scoring import rank
from analysis.settings import Settings
from analysis.study import Study

from .cells import Design
from .draws import SensitivityError, check_count, drawn_weights
from .over_choices import SHORTEST_BLOCK, cells_of_draws


@dataclass(frozen=True)
class Draw:
    """The inputs of one draw: its number, the option key of each factor (and the noise), settings and weights."""

    number: int
    options: pd.Series
    settings: Settings
    weights: pd.Series


def replay(design: Design, number: int, seed: int) -> Draw:
    """The inputs of draw `number` (from 0) of `method_uncertainty` with this seed; `score_draw` runs it again.

    Raises SensitivityError naming the cause where the study refuses the draw's combination of choices.
    """
    cells = cells_of_draws(design, number + 1, seed)
    place = int(cells[-1])
    if design.cells[place] is None:
        raise SensitivityError(f"draw {number} failed: {design.causes[place]}")
    combination, _ = design.place(place)
    weights = weights_of_cell(design, place, int((cells == place).sum()), seed).iloc[-1]
    return Draw(number, options_of(design, [place]).iloc[0], design.crossing.settings_of(combination), weights)


def score_draw(panel: Panel, draw: Draw) -> Study:
    """The whole study with the choices and the weights of one draw: its ranks are those that were counted."""
    done = study.score_study(panel, draw.settings)
    weights = draw.weights.reindex(done.weights.index).fillna(0.0)
    method = draw.settings.aggregation.method
    scores = study.score(done.normalised, weights, study.rule_of(draw.settings, done.framework))
    return replace(done, weights=done.weights.assign(combined=weights), scores=scores, ranks=rank(scores),
                   domain_scores=study.score_domains(done.normalised, weights, done.framework, method))


def sampled_inputs(design: Design, draws: int, seed: int) -> pd.DataFrame:
    """The inputs of the first draws, to be saved: one row per draw with the option key of each factor, the noise and
    the weight of each indicator (empty where the combination leaves it out or the draw failed). Numbers are settled."""
    check_count("draws", draws)
    numbers, places = np.arange(draws), cells_of_draws(design, draws, seed)
    columns = sorted({code for cell in design.cells if cell is not None for code in cell.indicators})
    place_of, weights = {code: place for place, code in enumerate(columns)}, np.full((draws, len(columns)), np.nan)
    for place in np.unique(places):
        cell = design.cells[place]
        if cell is not None:
            mine = numbers[places == place]
            drawn = drawn_weights(cell.base, cell.noise, len(mine), seed, int(place), SHORTEST_BLOCK)
            weights[mine[:, None], [place_of[code] for code in cell.indicators]] = drawn
    weights = settle(pd.DataFrame(weights, numbers, columns))
    options = options_of(design, places).set_axis(numbers)
    return options.join(weights).rename_axis("draw")


def options_of(design: Design, places: list[int] | np.ndarray) -> pd.DataFrame:
    """The option keys and the noise of cells, one row per cell."""
    combinations, noises = np.divmod(np.asarray(places), len(design.noises))
    table = design.crossing.table().iloc[combinations].reset_index(drop=True)
    return table.assign(noise=[design.noises[noise].name for noise in noises])


def weights_of_cell(design: Design, place: int, draws: int, seed: int) -> pd.DataFrame:
    """The weights of the first draws of one cell: draws × indicators, rows summing to 1."""
    cell = design.cell(place)
    drawn = drawn_weights(cell.base, cell.noise, draws, seed, place, SHORTEST_BLOCK)
    return pd.DataFrame(drawn, columns=list(cell.indicators))
