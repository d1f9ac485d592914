"""How sure each city's tier is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .assignment import MOST_BREAKS, TiersError, check_k, lower_bounds, tier_numbers

CITIES_AT_A_TIME = 4_096


def tier_probabilities(scores_by_draw: pd.DataFrame, k: int, breaks: pd.Series | None = None) -> pd.DataFrame:
    """The share of draws in which each city falls into each tier of its total score.

    scores_by_draw: draws × cities, for example from `sensitivity.scores_by_draw`; larger is better, no gaps.
    Without `breaks`, each draw gets its own k tiers by exact natural breaks: a tier is then a place in that draw's own
    distribution, and scores that rise or fall together change nothing. With `breaks` (by tier 1…k, from
    `natural_breaks(...).breaks`) the lower bounds stay fixed for all draws: a tier is then a level of the score.
    Returns cities × tiers 1…k; rows sum to 1. Cities with equal scores have equal rows.
    Raises TiersError for gaps, a wrong k, or a draw with fewer than k distinct scores.

    Reference: docs/method.md, section 7.4.
    """
    scores = scores_by_draw.to_numpy(dtype=float)
    if not scores.size or not np.isfinite(scores).all():
        raise TiersError("scores_by_draw is empty or has gaps; it needs a finite score for every draw and city")
    check_k(k, min(scores.shape[1], MOST_BREAKS), "scores")
    if breaks is None:
        by_draw = [lower_bounds(row, k) for row in scores]
        poor = [draw for draw, bounds in zip(scores_by_draw.index, by_draw, strict=True) if len(bounds) < k]
        if poor:
            raise TiersError(f"draw {poor[0]} has fewer than {k} distinct scores; ask for fewer tiers")
        bounds = np.array(by_draw)
    elif len(breaks) != k or (np.diff(breaks) >= 0).any():
        raise TiersError(f"breaks must be {k} falling lower bounds, one a tier from the best down")
    else:
        bounds = breaks.to_numpy(dtype=float)
    tiers, shares = pd.RangeIndex(1, k + 1, name="tier"), np.empty((k, scores.shape[1]))
    for first in range(0, scores.shape[1], CITIES_AT_A_TIME):
        numbers = tier_numbers(scores[:, first:first + CITIES_AT_A_TIME], bounds)
        shares[:, first:first + CITIES_AT_A_TIME] = [(numbers == tier).mean(axis=0) for tier in tiers]
    return pd.DataFrame(dict(zip(tiers, shares, strict=True)), scores_by_draw.columns).rename_axis(columns="tier")
