"""One city left out at a time: how far the ranks of the others depend on it.

Minima, maxima, donors for gaps and computed weights all come from the cities themselves. Leaving a city
out runs every stage after the indicator values again without it.

Reference: docs/method.md, section 6.3; OECD & JRC (2008), Handbook on Constructing Composite Indicators, step 7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from analysis import study
from analysis.frames import settle
from analysis.scoring import rank
from analysis.settings import Settings
from analysis.weighting import combine_weights

from .draws import SensitivityError, check_count
from .leaving_out import EFFECTS, effect
from .stages import Stages


@dataclass(frozen=True)
class LeaveCitiesOut:
    """effects: one row per city left out (index left_out) with mean_shift, largest_shift, city, entered, left,
    entering, leaving and spearman as in `LeaveOneOut`, over the other cities. ranks: remaining cities × cities left
    out; the city itself is missing. Both compare with the base ranking of the remaining cities, so that moving up to
    its place is not a shift."""

    effects: pd.DataFrame
    ranks: pd.DataFrame


def leave_cities_out(stages: Stages, settings: Settings, cities: Iterable[str] | None = None, top: int = 100,
                     workers: int = 1) -> LeaveCitiesOut:
    """How the ranks of the other cities would change if a city were not in the study.

    cities: codes to leave out one at a time; by default all, which runs the data-dependent half of the study once
    per city. The cities with an indicator's highest or lowest value (`extreme_cities`) move most. workers: processes.
    Raises SensitivityError for a code that is not a city of the panel.
    """
    check_count("top", top)
    check_count("workers", workers)
    raw = stages.raw(settings)
    base = study.score(stages.normalised(settings), stages.weights(settings), stages.rule(settings))
    codes = list(raw.index if cities is None else cities)
    if unknown := [code for code in codes if code not in raw.index]:
        raise SensitivityError(f"city {unknown[0]} is not in the panel; give its code as in the roster")
    common = (raw, stages.panel.cities, stages.proxies(settings), stages.tree(settings), stages.judged(settings),
              settings)
    if workers == 1:
        scores = [scores_without(code, *common) for code in codes]
    else:
        from joblib import Parallel, delayed

        scores = Parallel(n_jobs=workers)(delayed(scores_without)(code, *common) for code in codes)
    ranks = pd.DataFrame({code: rank(found) for code, found in zip(codes, scores, strict=True)}, index=raw.index)
    effects = {code: effect(rank(base.drop(code)), ranks[code].drop(code).astype(int), top) for code in codes}
    return LeaveCitiesOut(pd.DataFrame(list(effects.values()), effects, EFFECTS).rename_axis("left_out"),
                          ranks.astype("Int64").rename_axis(columns="left_out"))


def scores_without(code: str, raw: pd.DataFrame, cities: pd.DataFrame, proxies: pd.DataFrame, tree: pd.DataFrame,
                   judged: pd.Series, settings: Settings) -> pd.Series:
    """The scores of the other cities: treatment, normalisation and weights without the city."""
    treated, _ = study.treat(raw.drop(code), cities.drop(code), proxies, tree, settings)
    kind = settings.weighting.objective
    objective = study.objective_weights_of_kind(treated, tree, kind).to_frame()
    judged = judged.reindex(objective.index)
    computed = study.computed_half(objective, judged, study.sparse_indicators(treated, tree), settings.weighting)
    weights = settle(combine_weights(judged, computed, settings.weighting.rule, settings.weighting.alpha))
    return study.score(study.normalise(treated, tree, settings), weights, study.rule_of(settings, tree))


def extreme_cities(raw: pd.DataFrame) -> pd.Index:
    """The cities that alone hold the highest or the lowest value of an indicator, in the order of the table.

    A city without which an indicator would be the same everywhere is none of them: nothing could be scored without it.
    """
    holders = set()
    for column in raw:
        for value in (raw[column].max(), raw[column].min()):
            holding = raw.index[raw[column] == value]
            holders |= set(holding) if len(holding) == 1 else set()
    return raw.index[[code in holders and bool((raw.drop(code).nunique() > 1).all()) for code in raw.index]]
