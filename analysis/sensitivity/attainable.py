"""What weights can and cannot change: the best and the worst rank that any weights within bounds could give a city.

A city's best rank leaves as few cities ahead of it as possible. Most rivals are decided beforehand: one that is behind
under all admitted weights, or ahead under all of them, is found by a closed form. How few of the others can be ahead
is answered by their conflicts (`conflicts`), or, where that is too close to call, by a mixed-integer programme with
one binary variable per rival. The weights found are ranked again by the study's own rule, so that every rank
called attained has been attained; its bound is given with it. Of many cities only those with few open rivals are
answered so; for the others the closed form gives the bound, and weights that favour or harm the city are tried
(`bracketing`), so that its best and its worst rank are each known to lie within a bracket.

Reference: docs/method.md, section 6.7. Salo, A. & Punkka, A. (2011), Ranking intervals and dominance relations for
ratio-based efficiency analysis, Management Science 57(1), 200–214; Kadziński, M., Greco, S. & Słowiński, R. (2012),
Extreme ranking analysis in robust ordinal regression, Omega 40(4), 488–501; Huangfu, Q. & Hall, J. A. J. (2018),
Parallelizing the dual revised simplex method, Mathematical Programming Computation 10, 119–142 (HiGHS).
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from analysis.frames import SIGNIFICANT_DIGITS

from .admitted import AdmittedWeights, admitted_weights
from .bracketing import CENTRES, TRIED, against_rivals, evenly, extremes_of, surely_apart
from .conflicts import fewest_ahead
from .counting import DesignCell
from .draws import WeightNoise, check_count, checked, distinct_rows
from .ranking import cell_ranks
from .scorers import LinearScores

SMALLEST_LEAD = 1e-9  # of the largest span of an indicator; below it two scores count as equal
PRINTING = Lock()         # one thread at a time may redirect the process's output
NO_NOISE = WeightNoise("dirichlet", math.inf)
EXACT_UP_TO = 500    # cities; with more, a city with many open rivals has a bracket
FEW_RIVALS = 60      # which are answered exactly whatever the number of cities
PAIRS_UP_TO = 5_000  # cities; with more, not even all pairs are compared


@dataclass(frozen=True)
class AttainableRanks:
    """ranks: cities × (base, best, best_bound, worst, worst_bound, rivals). best and worst are attained, by the weights
    in best_weights and worst_weights (cities × indicators, rows summing to 1); no admitted weights do better than
    best_bound or worse than worst_bound. Where bound and attained rank agree the answer is exact. rivals: cities that
    are neither ahead nor behind under all admitted weights, as far as is known."""

    ranks: pd.DataFrame
    best_weights: pd.DataFrame
    worst_weights: pd.DataFrame

    @property
    def gaps(self) -> pd.Series:
        """Ranks left open for each city, best and worst together; 0 = exact."""
        return (self.ranks["best"] - self.ranks["best_bound"] + self.ranks["worst_bound"]
                - self.ranks["worst"]).rename("gap")


def attainable_ranks(values: pd.DataFrame, weights: pd.Series, bounds: float | pd.DataFrame = 0.25,
                     time_limit: float = 30.0, node_limit: int = 100_000, workers: int = 1,
                     exact_up_to: int = EXACT_UP_TO) -> AttainableRanks:
    """The best and worst rank of every city under any weights within bounds, scores being weighted sums.

    bounds: 0.25 lets every weight vary between 75 % and 125 % of its base (never below 0), the sum staying 1; or a
    frame by indicator with columns lowest and highest. time_limit (seconds) and node_limit hold for each of the two
    problems per city; where one is reached, bound and attained rank differ. Only the time limit can make runs
    differ. workers: processes. Equal cities are never ahead of each other; ties share the smaller rank.
    exact_up_to: with more cities, those with more than 60 open rivals are bracketed instead, without any clock.

    Raises SensitivityError for bounds that admit no weights. Reference: docs/method.md, section 6.7.

    >>> cities = pd.DataFrame({"I01": [10.0, 0.0, 4.0], "I02": [0.0, 10.0, 4.0]}, index=["A", "B", "C"])
    >>> result = attainable_ranks(cities, pd.Series({"I01": 0.5, "I02": 0.5}), bounds=0.2)
    >>> result.ranks[["best", "worst"]].T.to_dict("list")
    {'A': [1, 2], 'B': [1, 2], 'C': [2, 3]}
    """
    values, weights = checked(values, weights)
    check_count("workers", workers)
    admitted = admitted_weights(weights, bounds)
    rows, group = distinct_rows(values.to_numpy())
    sizes = np.bincount(group)
    lead = SMALLEST_LEAD * np.ptp(rows, axis=0).max()
    cell = DesignCell(LinearScores(rows), weights.to_numpy(), NO_NOISE, group)
    large = len(rows) > exact_up_to
    if len(rows) <= PAIRS_UP_TO:
        limits = (math.inf if large else time_limit, node_limit)
        found = by_pairs(cell, rows, sizes, admitted, lead, limits, workers, large)
    else:
        found = by_centres(cell, rows, sizes, admitted, lead)
    columns = {"base": cell_ranks(cell, cell.base)[0]}
    for name in ("best", "worst"):
        columns |= {name: found[name][0], f"{name}_bound": found[f"{name}_bound"][group]}
    ranks = pd.DataFrame(columns | {"rivals": found["rivals"][group]}, values.index)
    frames = [pd.DataFrame(found[name][1], values.index, values.columns) for name in ("best", "worst")]
    return AttainableRanks(ranks, *frames)


def by_pairs(cell: DesignCell, rows: np.ndarray, sizes: np.ndarray, admitted: AdmittedWeights, lead: float,
             limits: tuple[float, int], workers: int, large: bool) -> dict[str, Any]:
    """Every pair of cities compared; the open rivals of each city, or of a large study's with few, decided exactly."""
    highest_lead = np.array([admitted.largest(rows - row) for row in rows])  # [i, k]: k over i at most
    ahead, open_ = highest_lead.T < -lead, (highest_lead > lead) & ~(highest_lead.T < -lead)
    doubtful = ~ahead & ~open_ & (highest_lead > 1e-4 * lead)  # ahead, if at all, by less than the solver can tell
    rivals = open_ @ sizes
    exact = np.flatnonzero(rivals <= FEW_RIVALS) if large else np.arange(len(rows))
    solved = solve([(rows, sizes, city, np.flatnonzero(open_[city]), highest_lead, admitted, lead, limits)
                    for city in exact], workers)
    found: dict[str, Any] = {"rivals": rivals}
    for side, (name, open_ahead) in enumerate((("best", np.zeros_like(rivals)), ("worst", rivals.copy()))):
        open_ahead[exact] = [each[side][0] for each in solved]
        more = doubtful @ sizes if name == "worst" else 0
        found[f"{name}_bound"] = 1 + ahead @ sizes + more + open_ahead
        tried = [cell.base if each[side][1] is None else each[side][1] for each in solved]
        if large:
            towards = against_rivals(rows, sizes, open_) * (1 if name == "best" else -1)
            found[name] = extremes_of(cell, np.vstack([*tried, admitted.favouring(towards)]), name)
        else:
            found[name] = attained(cell, np.array(tried), name, cell.group)
    return found


def by_centres(cell: DesignCell, rows: np.ndarray, sizes: np.ndarray, admitted: AdmittedWeights,
               lead: float) -> dict[str, Any]:
    """A bracket for every city, without comparing all pairs."""
    scores = rows @ cell.base
    ahead, behind = surely_apart(rows, sizes, rows[evenly(scores, CENTRES)], admitted, lead)
    towards = rows[evenly(scores, TRIED)] - np.average(rows, axis=0, weights=sizes)
    best, worst = (extremes_of(cell, admitted.favouring(sign * towards), name)
                   for sign, name in ((1, "best"), (-1, "worst")))
    last = sizes.sum() - behind  # a city and its equals share the smaller rank
    return {"best": best, "best_bound": 1 + ahead, "worst": worst, "worst_bound": last - sizes + 1,
            "rivals": last - ahead - sizes}


def solve(jobs: list[tuple], workers: int) -> list[tuple]:
    """The answer of every job, in order; processes, because the solver holds the interpreter's lock."""
    if workers == 1:
        return [extreme_ranks(*job) for job in jobs]
    from joblib import Parallel, delayed

    return Parallel(n_jobs=workers)(delayed(extreme_ranks)(*job) for job in jobs)


def extreme_ranks(rows: np.ndarray, sizes: np.ndarray, city: int, rivals: np.ndarray, highest_lead: np.ndarray,
                  admitted: AdmittedWeights, lead: float, limits: tuple[float, int]) -> tuple:
    """For best and worst: how many rivals are ahead at least (at most), and weights that show it (None = base)."""
    if not len(rivals):
        return (0, None), (0, None)
    over, counts = rows[rivals] - rows[city], sizes[rivals]
    leads = lead, lead + 20 * 10.0**-SIGNIFICANT_DIGITS * np.abs(rows).max()
    best = optimum(over, counts, highest_lead[city, rivals], admitted, leads, limits)
    worst = optimum(-over, counts, highest_lead[rivals, city], admitted, leads, limits)
    return best, (int(counts.sum()) - worst[0], worst[1])


def optimum(over: np.ndarray, sizes: np.ndarray, highest: np.ndarray, admitted: AdmittedWeights,
            leads: tuple[float, float], limits: tuple[float, int]) -> tuple[int, np.ndarray | None]:
    """The smallest number of cities with over · w > 0, as a proven bound, and the weights that come nearest to it.

    leads: the smallest that counts at all, and one that settled scores still show when it is halved.
    """
    may_be = highest > leads[0]  # the others may tie with the city but never be positive
    found = fewest_ahead(over, sizes, highest, admitted, leads[1], limits) if may_be.all() else None
    if found is not None:
        return found
    bound, weights = programmed(over[may_be], sizes[may_be], highest[may_be], admitted, limits)
    return bound, spaced(over, weights, admitted)


def programmed(over: np.ndarray, sizes: np.ndarray, highest: np.ndarray, admitted: AdmittedWeights,
               limits: tuple[float, int]) -> tuple[int, np.ndarray | None]:
    """The same by a mixed-integer programme, whose weights may bring rivals level with the city.

    Rival k may be positive only if its variable is 1: over_k · w ≤ highest_k z_k, highest_k being the most it can be.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    indicators, rivals = over.shape[1], len(over)
    if not rivals:
        return 0, (admitted.lowest + admitted.highest) / (admitted.lowest + admitted.highest).sum()
    apart = np.hstack([over / highest[:, None], -np.eye(rivals)])
    whole = np.r_[np.ones(indicators), np.zeros(rivals)]
    with quiet_solver():
        result = milp(np.r_[np.zeros(indicators), sizes], integrality=1 - whole,
                      bounds=Bounds(np.r_[admitted.lowest, np.zeros(rivals)], np.r_[admitted.highest, np.ones(rivals)]),
                      constraints=[LinearConstraint(apart, -np.inf, 0), LinearConstraint(whole[None], 1, 1)],
                      options={"time_limit": limits[0], "node_limit": limits[1]})
    bound = 0 if result.mip_dual_bound is None else max(0, math.ceil(result.mip_dual_bound - 1e-6))
    return bound, None if result.x is None else result.x[:indicators]


@contextmanager
def quiet_solver() -> Iterator[None]:
    """Suppress what HiGHS 1.12 prints even when told not to, a line per repaired solution ("tmpSolver.run()").

    The solver writes to the process's standard output, not to Python's, so it has to be redirected there.
    """
    with PRINTING:
        sys.stdout.flush()
        kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 1)
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)
            os.close(nowhere)


def spaced(over: np.ndarray, weights: np.ndarray | None, admitted: AdmittedWeights) -> np.ndarray | None:
    """Weights that keep the same rivals at 0 or below, by the widest possible margin: optimal weights lie on an edge,
    where the last bit of a score decides."""
    if weights is None or not (behind := over @ weights <= 1e-7).any():
        return weights
    from scipy.optimize import linprog

    kept = over[behind]
    result = linprog(np.r_[np.zeros(len(weights)), -1], A_ub=np.hstack([kept, np.ones((len(kept), 1))]),
                     b_ub=np.zeros(len(kept)), A_eq=np.r_[np.ones(len(weights)), 0][None], b_eq=[1],
                     bounds=[*zip(admitted.lowest, admitted.highest, strict=True), (-1e-6, None)])
    found = result.x[:-1] if result.success else weights
    return np.clip(found, admitted.lowest, admitted.highest)


def attained(cell: DesignCell, found: np.ndarray, name: str, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each city's rank under the weights found for it, or under the base weights where those serve better, and these
    weights (rows summing to 1)."""
    found = found / found.sum(axis=1, keepdims=True)
    cities = np.arange(len(group))
    ranks = cell_ranks(cell, found)[group, cities]
    base = cell_ranks(cell, cell.base)[0]
    better = base < ranks if name == "best" else base > ranks
    return np.where(better, base, ranks), np.where(better[:, None], cell.base, found[group])
