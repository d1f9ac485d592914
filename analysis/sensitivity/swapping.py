"""How little the weights must change for one city to overtake another.

Reference: docs/method.md, section 6.7; Triantaphyllou, E. & Sánchez, A. (1997), A sensitivity analysis approach for
some deterministic multi-criteria decision-making methods, Decision Sciences 28(1), 151–194 (the change that swaps two
alternatives; here of all weights together).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .draws import SensitivityError, checked


@dataclass(frozen=True)
class Swap:
    """ahead, behind: the two cities at the base weights. lead: the difference of their scores. moved: the smallest
    share of the total weight that must pass from some parts to others until they tie (0–1; any more of the same swaps
    them), NaN where no weights can. weights: the weights at that point, or None."""

    ahead: str
    behind: str
    lead: float
    moved: float
    weights: pd.Series | None


def smallest_swap(scores: pd.DataFrame, weights: pd.Series, first: str, second: str) -> Swap:
    """The smallest change of weights that makes two cities tie.

    scores: cities × parts, for example domain scores; weights: by part, sum 1; the total is their weighted sum. The
    change is measured by the weight moved, ½ Σ |v − w|; v ≥ 0 sums to 1. A city that is nowhere better cannot overtake
    under any weights. Raises SensitivityError for an unknown city.

    >>> cities = pd.DataFrame({"D1": [80.0, 60.0], "D2": [50.0, 60.0]}, index=["A", "B"])
    >>> swap = smallest_swap(cities, pd.Series({"D1": 0.5, "D2": 0.5}), "A", "B")
    >>> round(swap.lead, 6), round(swap.moved, 6), swap.weights.round(6).to_dict()
    (5.0, 0.166667, {'D1': 0.333333, 'D2': 0.666667})

    Reference: docs/method.md, section 6.7.
    """
    scores, weights = checked(scores, weights)
    for city in (first, second):
        if city not in scores.index:
            raise SensitivityError(f"city {city} has no scores here; give its label as in the table's index")
    gain = (scores.loc[second] - scores.loc[first]).to_numpy()
    lead = -float(gain @ weights.to_numpy())
    if lead < 0:
        first, second, gain, lead = second, first, -gain, -lead
    change = least_change(gain, weights.to_numpy(), lead)
    if change is None:
        return Swap(first, second, lead, float("nan"), None)
    return Swap(first, second, lead, float(np.abs(change).sum() / 2), weights + change)


def least_change(gain: np.ndarray, weights: np.ndarray, lead: float) -> np.ndarray | None:
    """The change of weights with the smallest sum of absolute values that gains `lead`, or None: a linear programme in
    what each part takes and what it gives."""
    from scipy.optimize import linprog

    parts = len(weights)
    result = linprog(np.ones(2 * parts), A_ub=-np.r_[gain, -gain][None], b_ub=[-lead],
                     A_eq=np.r_[np.ones(parts), -np.ones(parts)][None], b_eq=[0],
                     bounds=[(0, None)] * parts + [(0, weight) for weight in weights])
    return result.x[:parts] - result.x[parts:] if result.success else None
