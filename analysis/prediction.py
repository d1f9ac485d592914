"""What a city's other indicators say of one that it lacks: ridge regression on ranks, and donors by predicted mean.

Both start from the same prediction. `RankRegression.position` is where the city is expected among the observed values
of the indicator; regression takes the value that is observed there, predictive-mean matching the cities whose own
prediction is nearest. So every value that is given is one that some city has: yes/no lists stay lists.

Reference: docs/method.md, section 2.2; Little, R. J. A. & Rubin, D. B. (2002), Statistical Analysis with Missing Data,
2nd ed., chapter 4; Little, R. J. A. (1988), Missing-data adjustments in large surveys, Journal of Business & Economic
Statistics 6(3), 287–296 (predictive-mean matching); Hoerl, A. E. & Kennard, R. W. (1970), Ridge regression,
Technometrics 12(1), 55–67.
"""

from __future__ import annotations

import numpy as np

UNIFORM_SPREAD = np.sqrt(12)  # a rank spread evenly over 0–1 has this standard deviation, inverted


def mid_positions(values: np.ndarray) -> np.ndarray:
    """Where each value stands among the observed ones, 0–1: (values below + half of those equal) / number observed.

    NaN stays NaN.

    >>> mid_positions(np.array([5.0, 1.0, np.nan, 5.0, 9.0])).tolist()
    [0.5, 0.125, nan, 0.5, 0.875]
    """
    positions, seen = np.full(len(values), np.nan), ~np.isnan(values)
    ordered = np.sort(values[seen])
    below = np.searchsorted(ordered, values[seen], side="left")
    positions[seen] = (below + np.searchsorted(ordered, values[seen], side="right")) / (2 * max(1, len(ordered)))
    return positions


class RankRegression:
    """Ridge regressions of each indicator's rank on the ranks of the others.

    values: cities × indicators, NaN where missing. may_give: the observed cells that may teach and be given (booleans
    of that shape). Predictors are mid-ranks of variance 1, a missing one at the middle. The penalty is the number of
    predictors: among 297 cities it hardly counts, and among ten it keeps the fit from following every one of them.
    """

    def __init__(self, values: np.ndarray, may_give: np.ndarray) -> None:
        self.values, self.may_give, self.observed = values, may_give, ~np.isnan(values)
        ranks = np.apply_along_axis(mid_positions, 0, values) if values.size else values
        self.predictors = np.where(self.observed, (ranks - 0.5) * UNIFORM_SPREAD, 0.0)
        self._kept: dict[tuple[int, bytes], tuple[np.ndarray, np.ndarray]] = {}

    def expected(self, column: int, known: np.ndarray, without: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Every city's expected position (0–1) on an indicator, and the cities that taught it.

        known: the indicators to predict from (booleans; the indicator itself is never one). without: a city that does
        not teach, because its own value is held out.
        """
        known = known.copy()
        known[column] = False
        key = column, known.tobytes()
        if without is None and key in self._kept:
            return self._kept[key]
        teaches = self.may_give[:, column].copy()
        if without is not None:
            teaches[without] = False
        taught = np.flatnonzero(teaches)
        positions = mid_positions(self.values[taught, column])
        design = np.column_stack([np.ones(len(self.values)), self.predictors[:, known]])
        rows, penalty = design[taught], np.diag(np.r_[0.0, np.full(design.shape[1] - 1, design.shape[1] - 1.0)])
        found = design @ np.linalg.solve(rows.T @ rows + penalty, rows.T @ positions)
        if without is None:
            self._kept[key] = found, taught
        return found, taught

    def at_expected(self, row: int, column: int, known: np.ndarray, without: int | None = None) -> np.ndarray:
        """The city (an array of one) whose observed value stands where this city is expected to stand."""
        found, taught = self.expected(column, known, without)
        ordered = taught[np.argsort(self.values[taught, column], kind="stable")]
        place = int(np.clip(np.floor(round(found[row], 12) * len(ordered)), 0, len(ordered) - 1))
        return ordered[place:place + 1]

    def matched(self, row: int, column: int, known: np.ndarray, number: int, without: int | None = None) -> np.ndarray:
        """The cities whose own expected positions are nearest to this city's, nearest first; equals by row."""
        found, taught = self.expected(column, known, without)
        distances = np.abs(found[taught] - found[row]).round(12)
        if len(distances) > 4 * number:  # many cities are not sorted for the sake of a few
            limit = np.partition(distances, number)[number]
            taught, distances = taught[distances <= limit], distances[distances <= limit]
        return taught[np.argsort(distances, kind="stable")[:number]]
