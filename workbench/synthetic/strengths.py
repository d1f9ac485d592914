"""Latent strengths of cities: drawn from one general and six domain factors, then conditioned on what is published.

The algorithm, without rejection:
1. Places. The hundred take places 1–100 of Table 2; the other cities follow, those named in more lists first and
   equals in random order.
2. Draw. City c has general strength g_c, the sorted standard normal draws dealt out by place, and own parts e_cd:
   strength x_cd = mean_d + spread_d (√general · g_c + √(1 − general) · e_cd), kept within 0–100.
3. Totals. The drawn totals Σ_d w_d x_cd, sorted, are dealt out by place: the order of Table 2 is exact. The leading
   five are lifted by the fewest half points that make exact natural breaks (k = 3) of the hundred set them apart.
4. Cut-offs. A domain's cut-off lies between its n-th and (n + 1)-th largest draws, n the size of its list. Members must
   lie above it and others below it.
5. Projection. Each city moves to the point nearest its draw (in units of the spreads) that has its total and lies on
   its side of every cut-off: min Σ_d ((s_d − x_d)/spread_d)² with Σ_d w_d s_d = total and lower ≤ s ≤ upper. The
   solution is s_d = clip(x_d + λ w_d spread_d²) with one λ a city, found by bisection. A city for which no such point
   exists keeps its total and gives up its cut-offs: its misses are listed (`facts`).

Reference: docs/synthetic.md, section 2; the projection is the continuous quadratic knapsack problem, Brucker, P.
(1984), An O(n) algorithm for quadratic knapsack problems, Operations Research Letters 3(3), 163–166.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.frames import settle
from analysis.tiers import natural_breaks

from .streams import normals, uniforms
from .tables import Published

LOWEST, HIGHEST = 0.0, 100.0
MARGIN = 0.05       # points between a strength and a cut-off it must not cross
LEADING = 5         # cities of the leading stage, as the paper says
LIFT_STEP = 0.5     # points
MOST_LIFT = 30.0    # points
STAGES = 3


def places_of(published: Published, cities: pd.Index, seed: int) -> pd.Index:
    """Cities by place: the hundred in the order of Table 2, then by the number of lists, equals in random order."""
    named = pd.Series(0, cities)
    for members in published.members.values():
        named[members] += 1
    chance = pd.Series(uniforms(seed, "places", len(cities)), cities)
    others = cities.difference(published.ranks.index)
    table = pd.DataFrame({"named": -named, "chance": chance}).loc[others].sort_values(["named", "chance"])
    return published.ranks.sort_values().index.append(table.index)


def draw_strengths(places: pd.Index, levels: pd.DataFrame, general: float, seed: int) -> pd.DataFrame:
    """Unconditioned strengths (cities by place × domains, points): one general factor in order of place, own parts.

    `general` (0–1) is the general factor's share of a domain's variance.
    """
    if not 0 <= general <= 1:
        raise ValueError(f"general = {general}: the general factor's share of the variance is from 0 to 1")
    common = np.sort(normals(seed, "general", len(places)))[::-1]
    own = normals(seed, "domains", (len(places), len(levels)))
    standard = np.sqrt(general) * common[:, None] + np.sqrt(1 - general) * own
    drawn = levels["mean"].to_numpy() + levels["spread"].to_numpy() * standard
    return pd.DataFrame(drawn.clip(LOWEST, HIGHEST), places, levels.index)


def target_totals(drawn: pd.DataFrame, weights: pd.Series, hundred: int) -> pd.Series:
    """Totals by place: the drawn ones sorted, the leading five lifted until natural breaks set exactly them apart."""
    totals = pd.Series(np.sort(drawn.to_numpy() @ weights.to_numpy())[::-1], drawn.index)
    for lift in np.arange(0, MOST_LIFT + LIFT_STEP, LIFT_STEP):
        lifted = totals + lift * (np.arange(len(totals)) < LEADING)
        if natural_breaks(lifted.iloc[:hundred], STAGES).sizes[1] == LEADING:
            return lifted
    raise ValueError(f"no lift up to {MOST_LIFT:g} points sets the leading {LEADING} apart; lower the spreads")


def list_members(drawn: pd.DataFrame, published: Published) -> dict[str, pd.Index]:
    """Members of each list; places of a lost row go to the cities of its province with the largest draws."""
    members = dict(published.members)
    for domain, (candidates, number) in published.open_places.items():
        chosen = drawn.loc[candidates, domain].sort_values(ascending=False, kind="stable").index[:number]
        members[domain] = members[domain].append(chosen)
    return members


def bounds_of(drawn: pd.DataFrame, members: dict[str, pd.Index]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lower and upper bound of every strength: members above their domain's cut-off, all others below it."""
    lower, upper = drawn * 0 + LOWEST, drawn * 0 + HIGHEST
    for domain, codes in members.items():
        ordered = np.sort(drawn[domain].to_numpy())[::-1]
        cut = ordered[len(codes) - 1:len(codes) + 1].mean()
        inside = drawn.index.isin(codes)
        lower.loc[inside, domain] = cut + MARGIN
        upper.loc[~inside, domain] = cut - MARGIN
    return lower, upper


def project(drawn: np.ndarray, totals: np.ndarray, weights: np.ndarray, spreads: np.ndarray, lower: np.ndarray,
            upper: np.ndarray) -> np.ndarray:
    """The points nearest the draws, in units of the spreads, with given weighted sums and bounds (cities × domains).

    All rows must be feasible: Σ w·lower ≤ total ≤ Σ w·upper.

    >>> project(np.array([[1., 1.]]), np.array([2.]), np.array([.5, .5]), np.ones(2), np.zeros((1, 2)),
    ...         np.array([[1.5, 9.]])).round(9).tolist()
    [[1.5, 2.5]]
    """
    step = weights * spreads**2
    reach = (HIGHEST - LOWEST) * 2 / step[step > 0].min()
    low, high = np.full(len(drawn), -reach), np.full(len(drawn), reach)
    for _ in range(200):
        middle = (low + high) / 2
        found = np.clip(drawn + middle[:, None] * step, lower, upper) @ weights
        low, high = np.where(found < totals, middle, low), np.where(found < totals, high, middle)
    return np.clip(drawn + ((low + high) / 2)[:, None] * step, lower, upper)


def condition(drawn: pd.DataFrame, totals: pd.Series, weights: pd.Series, levels: pd.DataFrame,
              members: dict[str, pd.Index]) -> pd.DataFrame:
    """Strengths nearest the draws with the given totals and, where possible, list memberships (docstring, step 5)."""
    lower, upper = bounds_of(drawn, members)
    share = weights.to_numpy()
    possible = (lower.to_numpy() @ share <= totals.to_numpy()) & (totals.to_numpy() <= upper.to_numpy() @ share)
    lower.loc[~possible], upper.loc[~possible] = LOWEST, HIGHEST
    found = project(drawn.to_numpy(), totals.to_numpy(), share, levels["spread"].to_numpy(), lower.to_numpy(),
                    upper.to_numpy())
    return pd.DataFrame(found, drawn.index, drawn.columns)


def draw_latent(published: Published, cities: pd.Index, levels: pd.DataFrame, weights: pd.Series, general: float,
                seed: int) -> tuple[pd.DataFrame, dict[str, pd.Index]]:
    """Conditioned strengths of all cities (cities × domains, 0–100 points), and the members each list has in the model.

    weights: by domain, above or equal 0, summing to 1. Module docstring, steps 1 to 5.
    """
    drawn = draw_strengths(places_of(published, cities, seed), levels, general, seed)
    members = list_members(drawn, published)
    totals = target_totals(drawn, weights, len(published.ranks))
    latent = condition(drawn, totals, weights, levels, members)
    return settle(latent.reindex(cities)), members
