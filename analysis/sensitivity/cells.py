"""From combinations of choices to cells that the counting engine can score; refused ones are kept with their causes.

Reference: docs/method.md, section 6.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from analysis import study
from analysis.scoring import TwoLevels
from analysis.settings import Settings

from .counting import DesignCell
from .crossing import Crossing, combined
from .draws import SensitivityError, WeightNoise, check_count, distinct_rows
from .scorers import Scorer, scorer_for
from .stages import Stages


@dataclass
class DataSets:
    """The distinct data sets behind many settings: distinct rows, scorers and base weights, each computed once."""

    stages: Stages
    _bases: dict[int, tuple[np.ndarray, np.ndarray, tuple]] = field(default_factory=dict)
    _rows: dict[tuple, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    _scorers: dict[tuple, Scorer] = field(default_factory=dict)

    def cell(self, settings: Settings, noise: WeightNoise) -> DesignCell:
        """The cell of some settings. Raises what `score_study` raises for them."""
        values, weights = self.stages.normalised(settings), self.stages.weights(settings)
        if id(weights) not in self._bases:  # the stages keep values and weights, so that ids stay unique
            used = (weights > 0).to_numpy()
            names = tuple(compress(weights.index.tolist(), used.tolist()))
            self._bases[id(weights)] = used, weights.to_numpy()[used], names
        used, base, indicators = self._bases[id(weights)]
        data = id(values), used.tobytes()
        if data not in self._rows:
            self._rows[data] = distinct_rows(values.to_numpy()[:, used])
        rows, group = self._rows[data]
        rule = self.stages.rule(settings)
        if (data, rule) not in self._scorers:
            if (rule == "geometric" or isinstance(rule, TwoLevels)) and not (values.to_numpy() > 0).all():
                study.score(values, weights, rule)  # the study itself refuses what it cannot aggregate
            self._scorers[data, rule] = scorer_for(rows, rule, indicators, group)
        return DesignCell(self._scorers[data, rule], base, noise, group, indicators)


@dataclass(frozen=True)
class Design:
    """What is crossed: every combination of choices with every kind of noise.

    cells: by number = combination × number of noises + noise; None where the study refuses the combination.
    causes: number → the study's own message. cities: the index of all results. base: the run itself with the first kind
    of noise, whether or not it is among the combinations that were drawn. alone: the same with one option in place of
    the run's own, by the positions of factor and option; without those that the study refuses. kept: what
    an analysis of the design keeps for another, by seed.
    """

    crossing: Crossing
    noises: tuple[WeightNoise, ...]
    cells: tuple[DesignCell | None, ...]
    causes: dict[int, str]
    cities: pd.Index
    base: DesignCell | None = None
    alone: Mapping[tuple[int, int], DesignCell] = field(default_factory=dict)
    kept: dict[int, Any] = field(default_factory=dict, repr=False)

    def cell(self, number: int) -> DesignCell:
        """One cell; raises SensitivityError where the study refuses its combination."""
        found = self.cells[number]
        if found is None:
            raise SensitivityError(f"cell {number} was refused: {self.causes[number]}")
        return found

    def place(self, number: int) -> tuple[int, WeightNoise]:
        """Combination and noise of a cell."""
        combination, noise = divmod(number, len(self.noises))
        return combination, self.noises[noise]

    def with_noise(self, noise: int) -> Design:
        """The same combinations with one of the kinds of noise."""
        step = len(self.noises)
        causes = {number // step: cause for number, cause in self.causes.items()}
        base = replace(self.base, noise=self.noises[noise]) if self.base else None
        return Design(self.crossing, (self.noises[noise],), self.cells[noise::step], causes, self.cities, base,
                      self.alone)


def cross(stages: Stages, crossing: Crossing, noises: Sequence[WeightNoise], workers: int = 1) -> Design:
    """Make every cell of a crossing, each distinct data set and each distinct set of base weights once. workers:
    processes that make the data sets; any number gives the same cells."""
    check_count("workers", workers)
    wanted = [crossing.settings_of(combination) for combination in range(crossing.size)]
    stages.compute(wanted, workers)
    sets, cells, causes = DataSets(stages), list[DesignCell | None](), dict[int, str]()
    for settings in wanted:
        try:
            cell = sets.cell(settings, noises[0])
            cells += [replace(cell, noise=noise) for noise in noises]
        except ValueError as error:  # the stages refuse this input; it is reported, never dropped
            causes |= {len(cells) + place: str(error) for place in range(len(noises))}
            cells += [None] * len(noises)
    return Design(crossing, tuple(noises), tuple(cells), causes, stages.panel.cities.index,
                  sets.cell(crossing.settings, noises[0]), cells_alone(sets, crossing, noises[0]))


def cells_alone(sets: DataSets, crossing: Crossing, noise: WeightNoise) -> dict[tuple[int, int], DesignCell]:
    """The cells of the run with one option in place of its own, as far as the study does not refuse them."""
    found = {}
    for place, factor in enumerate(crossing.factors):
        for position, option in enumerate(factor.options):
            try:
                found[place, position] = sets.cell(combined(crossing.settings, (option,)), noise)
            except ValueError:
                continue
    return found
