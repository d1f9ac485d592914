"""Scores that need no weights: Borda's count, the Mazziotta–Pareto index, and the benefit of the doubt.

Each answers a doubt about weighted means. Borda's count asks for order only, so that scales do not matter. The
Mazziotta–Pareto index takes points off for uneven profiles, so that strengths do not fully pay for weaknesses. The
benefit of the doubt gives every city the weights that suit it best. All take cities × indicators, normalised, larger is
better; `scoring.aggregate` offers them as "borda", "mazziotta_pareto" and "benefit_of_doubt".

Reference: docs/method.md, section 5.2; OECD/JRC (2008), Handbook, steps 5 and 6; Borda (1784); Mazziotta & Pareto
(2016), doi:10.1007/s11205-015-0998-2; Cherchye, Moesen, Rogge & Van Puyenbroeck (2007), doi:10.1007/s11205-006-9029-7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.validation import SMALLEST_RELATIVE_SPREAD, UnusableValues, named, numeric_table

FREEDOM = 2.0  # of the study's benefit of the doubt: a share of weight from half to twice the equal one
MOST_UNITS = 3_000  # of the benefit of the doubt: one linear programme each
FEASIBLE = 1e-9  # how far a rival may exceed 1 before it is added to a programme
SOLVED_TOGETHER = 32  # programmes that the solver is given at once, which spares it most of its overhead
SOLVED_DIGITS = 9  # of scores from the solver; closer ones are equal
MEAN, SPREAD = 100.0, 10.0  # of Mazziotta and Pareto's scale: nearly all values lie within 70 to 130


def borda(values: pd.DataFrame) -> pd.Series:
    """Borda's count: on average over the indicators, the share of the other cities that a city is ahead of, × 100.

    Every indicator is one voter. A city gets a point for each city below it and half a point for each one level with
    it; the mean over the indicators, divided by the number of other cities, runs from 0 (last everywhere) to 100 (first
    everywhere). It orders cities as the mean of their ranks does, tied ranks shared. A city alone has 50.

    >>> borda(pd.DataFrame({"a": [3, 2, 1], "b": [1, 1, 9]}, index=["x", "y", "z"])).tolist()
    [62.5, 37.5, 50.0]
    """
    frame = numeric_table(values)
    others = len(frame) - 1
    if not others:
        return pd.Series(50.0, frame.index, name="score")
    points = frame.rank(method="average") - 1
    return pd.Series(100 * points.to_numpy().mean(axis=1) / others, frame.index, name="score")


def mazziotta_pareto(values: pd.DataFrame, sign: str = "-") -> pd.Series:
    """The Mazziotta–Pareto index: the mean of a city's indicators, less a penalty for their unevenness.

    Each indicator is put on the scale z = 100 + 10 (x − mean) / sd (sd with divisor n), on which nearly all values lie
    between 70 and 130. With M and S the mean and the standard deviation (divisor m) of a city's m values z, the index
    is M − S · S/M for sign "-" (something good is measured) and M + S · S/M for "+" (something bad): an even profile
    keeps its mean. An indicator that does not vary is 100 for all.

    >>> table = pd.DataFrame({"a": [1.0, 3.0], "b": [1.0, 3.0], "c": [3.0, 1.0]})  # z: 90, 90, 110 and 110, 110, 90
    >>> mazziotta_pareto(table).round(4).tolist()
    [95.7471, 102.4731]
    """
    if sign not in ("-", "+"):
        raise ValueError(f"sign {sign!r}: write - where larger is better, + where larger is worse")
    frame = numeric_table(values)
    numbers = frame.to_numpy()
    spread = numbers.std(axis=0)
    varies = spread > SMALLEST_RELATIVE_SPREAD * np.abs(numbers).max(axis=0)
    z = MEAN + SPREAD * np.where(varies, (numbers - numbers.mean(axis=0)) / np.where(varies, spread, 1), 0)
    mean, variance = z.mean(axis=1), z.var(axis=1)
    return pd.Series(mean + (variance if sign == "+" else -variance) / mean, frame.index, name="score")


@dataclass(frozen=True)
class BenefitOfDoubt:
    """Scores from 0 to 1 by city, and the weights that give each city its score (cities × indicators, rows sum to 1).

    A city may have the same score under other weights too; those given are one optimum.
    """

    scores: pd.Series
    weights: pd.DataFrame


def benefit_of_doubt(values: pd.DataFrame, freedom: float | None = None) -> BenefitOfDoubt:
    """The benefit of the doubt: each city scored with the weights that suit it best, against the best of all cities.

    max Σ_j w_j x_ij subject to Σ_j w_j x_kj ≤ 1 for every city k, w ≥ 0: data envelopment analysis without inputs. A
    score of 1 means that under some weights no city does better. `freedom` f ≥ 1 keeps every weight, as a share of all,
    between 1/(f m) and f/m with m indicators (bounds on relative weights, as the OECD/JRC Handbook discusses for step
    5); 1 leaves equal weights, None no bound at all, so that every city that leads one indicator scores 1.

    Values are at least 0; shares of weight depend on the scale of the indicators, which is why they come normalised.
    Raises UnusableValues for negative values, for a table of zeros, and above 3,000 cities; ValueError for f < 1.

    >>> stores = pd.DataFrame({"first": [1, 2, 4], "second": [5, 7, 3]}, index=["A", "B", "D"])
    >>> benefit_of_doubt(stores).scores.round(3).to_dict()
    {'A': 0.714, 'B': 1.0, 'D': 1.0}
    """
    frame = numeric_table(values)
    if freedom is not None and not freedom >= 1:
        raise ValueError(f"freedom {freedom}: 1 leaves equal weights, 2 lets a weight be half to twice the equal one")
    numbers = refuse_unscorable(frame)
    distinct, place = np.unique(numbers / numbers.max(), axis=0, return_inverse=True)
    weights = favourable_weights(distinct, freedom)
    scores = (distinct * weights).sum(axis=1) / (weights @ undominated(distinct).T).max(axis=1)
    return BenefitOfDoubt(
        pd.Series(scores.round(SOLVED_DIGITS)[place.ravel()], frame.index, name="score"),
        pd.DataFrame((weights / weights.sum(axis=1, keepdims=True))[place.ravel()], frame.index, frame.columns))


def refuse_unscorable(frame: pd.DataFrame) -> np.ndarray:
    """The numbers of a table that the benefit of the doubt can score; raises UnusableValues otherwise."""
    numbers = frame.to_numpy()
    if len(frame) > MOST_UNITS:
        raise UnusableValues(f"the benefit of the doubt solves one linear programme per city; {len(frame)} are more "
                             f"than the {MOST_UNITS} it is offered for. Use arithmetic, geometric, topsis, borda or "
                             "mazziotta_pareto")
    rows, columns = np.nonzero(numbers < 0)
    if rows.size:
        raise UnusableValues(f"city {frame.index[rows[0]]}, indicator {frame.columns[columns[0]]}: "
                             f"{numbers[rows[0], columns[0]]:g} is below 0 ({rows.size} such values); the benefit "
                             "of the doubt needs points of at least 0: use minmax, rank or goalposts")
    if not numbers.any():
        raise UnusableValues(f"all values of {named(frame.columns)} are 0: no city can be the best of them")
    return numbers


def undominated(rows: np.ndarray) -> np.ndarray:
    """The rows that no other is nowhere below and somewhere above: they alone can bind, whatever the weights ≥ 0."""
    order = np.argsort(-rows.sum(axis=1), kind="stable")
    kept = np.empty((0, rows.shape[1]))
    for row in rows[order]:
        if not (kept >= row).all(axis=1).any():
            kept = np.vstack([kept, row])
    return kept


def favourable_weights(rows: np.ndarray, freedom: float | None) -> np.ndarray:
    """For each row the weights w ≥ 0 that make Σ w x largest while no row exceeds 1, within the bounds (rows ×
    indicators).

    Few rows bind. Each programme starts with those that have bound before; rows that its answer lets exceed 1 are
    added, and it is solved again.
    """
    size = rows.shape[1]
    rivals = undominated(rows)
    bounds = np.empty((0, size))
    if freedom is not None:
        bounds = np.vstack([np.eye(size) - freedom / size, 1 / (freedom * size) - np.eye(size)])
    binding = list(dict.fromkeys([*rivals.argmax(axis=0), rivals.sum(axis=1).argmax()]))
    found = np.full_like(rows, 1 / size)  # any weights suit a row of zeros
    nonzero = np.flatnonzero(rows.any(axis=1))
    for first in range(0, len(nonzero), SOLVED_TOGETHER):
        block = nonzero[first:first + SOLVED_TOGETHER]
        while len(block):
            found[block] = solved(rows[block], rivals[binding], bounds)
            reached = found[block] @ rivals.T
            reached[:, binding] = 0
            beyond = reached.max(axis=1) > 1 + FEASIBLE
            binding += list(dict.fromkeys(reached[beyond].argmax(axis=1).tolist()))
            block = block[beyond]
    return found


def solved(rows: np.ndarray, rivals: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """The weights of the programmes of some rows, solved side by side as one: rivals reach at most 1, bounds at most 0.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    limits = sparse.kron(sparse.eye(len(rows)), np.vstack([rivals, bounds]), format="csr")
    sides = np.tile(np.concatenate([np.ones(len(rivals)), np.zeros(len(bounds))]), len(rows))
    found = linprog(-rows.ravel(), A_ub=limits, b_ub=sides, bounds=(0, None), method="highs")
    if found.status != 0:
        raise UnusableValues(f"the linear programme of the benefit of the doubt was not solved: {found.message}")
    return np.maximum(found.x.reshape(rows.shape), 0)
