"""What would move a city ten places: the smallest change of its score, and of each indicator alone.

Everything else is held: the other cities, the weights and the ends of every scale. Where a scale or a total needs all
cities (z-scores, ranks, TOPSIS), a single indicator has no exact answer and none is given; nor is one where the total
is made of domain scores.

Reference: docs/method.md, section 10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.treatment import Logarithm
from workbench.cities.run_tables import RunTables, recorded_logarithm

PLACES = 10
HIGHEST = 100.0  # points at the best end of a min-max scale
YES_NO, WHOLE_YEARS = "named", "years_operating"
ROUNDING = 1e-9


@dataclass(frozen=True)
class Improvement:
    """What one indicator alone must do. needed: points at which the city arrives (NaN where the scale ends before
    that); treated and raw: the values that give them (raw: in the unit of the figures, after undoing a logarithm)."""

    indicator: str
    points: float
    needed: float
    treated: float
    raw: float

    @property
    def possible(self) -> bool:
        return not np.isnan(self.needed)


@dataclass(frozen=True)
class Move:
    """up: the rank aimed at, None for a city that is first; gain: the least increase of the score that reaches it (an
    equal score shares the better rank). down: ten places lower or the last rank, None for the last city; loss: any
    decrease above it falls that far. steps: the way up by each indicator alone; None where that has no exact answer."""

    up: int | None
    gain: float
    down: int | None
    loss: float
    steps: tuple[Improvement, ...] | None


@dataclass(frozen=True)
class Scale:
    """One indicator of a run: its weight, the ends of its scale in treated values, whether more is better, the
    proxy's measure, and its logarithm, if any."""

    weight: float
    low: float
    high: float
    rising: bool
    measure: str
    logarithm: Logarithm | None


def scales_of(tables: RunTables) -> dict[str, Scale]:
    """The scale of every weighted indicator."""
    logs = tables.record[tables.record["action"] == "log"].set_index("indicator")["reason"].map(recorded_logarithm)
    return {row.Index: Scale(tables.weights.at[row.Index, "combined"], row.lowest, row.highest, row.direction == "+",
                             row.measure, logs.get(row.Index))
            for row in tables.traits.loc[tables.weights.index].itertuples()}


def moves_of(tables: RunTables, code: str, places: int = PLACES, scales: Mapping[str, Scale] | None = None) -> Move:
    """The moves of one city of a run; `scales` spares reading them again for every city."""
    scores = tables.scores["score"].to_numpy()
    position = tables.scores.index.get_loc(code)
    own, rank = float(scores[position]), int(tables.scores["rank"].iloc[position])
    others = np.sort(np.delete(scores, position))[::-1]
    up, down = max(1, rank - places), min(len(scores), rank + places)
    gain = others[up - 1] - own if up < rank else float("nan")
    # ten places lower means that as many others as that rank leaves room for are strictly ahead
    loss = own - others[down - 2] if down > rank else float("nan")
    steps = steps_up(tables, code, own, others[up - 1], scales) if up < rank else ()
    return Move(up if up < rank else None, float(gain), down if down > rank else None, float(loss), steps)


def steps_up(tables: RunTables, code: str, score: float, target: float,
             scales: Mapping[str, Scale] | None = None) -> tuple[Improvement, ...] | None:
    """How high each indicator alone must rise for the score `target`; None where no exact answer exists."""
    normalisation = tables.settings.normalisation
    if not tables.has_steps:
        return None
    points, found = tables.normalised.loc[code].to_dict(), []
    for indicator, scale in (scales or scales_of(tables)).items():
        if scale.weight <= 0:
            needed = math.inf
        elif tables.is_additive:
            needed = points[indicator] + (target - score) / scale.weight
        else:
            needed = points[indicator] * (target / score) ** (1 / scale.weight)
        found.append(step_of(indicator, scale, points[indicator], needed, normalisation.lowest_points))
    return tuple(found)


def step_of(indicator: str, scale: Scale, points: float, needed: float, start: float) -> Improvement:
    """The values behind the points that are needed; impossible beyond the best end of the scale."""
    if needed > HIGHEST + ROUNDING:
        return Improvement(indicator, points, *[float("nan")] * 3)
    share = (min(needed, HIGHEST) - start) / (HIGHEST - start)
    width = scale.high - scale.low
    treated = scale.low + share * width if scale.rising else scale.high - share * width
    if scale.measure == YES_NO:
        treated = scale.high
    elif scale.measure == WHOLE_YEARS:
        treated = float(np.ceil(treated - ROUNDING))
    raw = scale.logarithm.undo(treated) if scale.logarithm else treated
    return Improvement(indicator, points, needed, treated, raw)
