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

from collections.abc import Sequence

import numpy as np

MOST_COMPARED = 1_000  # cities; with more, so many of them serve as well
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
        predictors = np.where(self.observed, (ranks - 0.5) * UNIFORM_SPREAD, 0.0)
        self.design = np.column_stack([np.ones(len(values)), predictors])
        self._taught: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self._ordered: dict[int, np.ndarray] = {}
        self._slopes: dict[tuple[int, bytes], np.ndarray] = {}

    def taught_by(self, column: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The cities that teach an indicator, and the sums of squares and products of its regression on all others."""
        if column not in self._taught:
            rows = np.flatnonzero(self.may_give[:, column])
            design = self.design[rows]
            self._taught[column] = (rows, design.T @ design,
                                    design.T @ mid_positions(self.values[rows, column]))
        return self._taught[column]

    def slopes(self, column: int, known: np.ndarray, without: int | None = None) -> np.ndarray:
        """Intercept and slopes of an indicator on those known (booleans; itself never one), 0 for all others.

        without: a city that does not teach, because its own value is held out.
        """
        key = column, known.tobytes()
        if without is None and key in self._slopes:
            return self._slopes[key]
        rows, squares, products = self.taught_by(column)
        if without is not None:
            rows, own = rows[rows != without], self.design[without]
            squares = squares - np.outer(own, own) if self.may_give[without, column] else squares
            products = self.design[rows].T @ mid_positions(self.values[rows, column])
        used = 1 + np.flatnonzero(known & (np.arange(len(known)) != column))
        places, found = np.r_[0, used], np.zeros(self.design.shape[1])
        penalty = np.diag(np.r_[0.0, np.full(len(used), float(len(used)))])
        found[places] = np.linalg.solve(squares[np.ix_(places, places)] + penalty, products[places])
        if without is None:
            self._slopes[key] = found
        return found

    def expected(self, column: int, known: np.ndarray, rows: np.ndarray | int,
                 without: int | None = None) -> np.ndarray:
        """The expected positions (0–1) of some cities on an indicator, predicted from the indicators that are known."""
        return self.design[rows] @ self.slopes(column, known, without)

    def at_expected(self, row: int, column: int, known: np.ndarray, without: int | None = None) -> np.ndarray:
        """The city (an array of one) whose observed value stands where this city is expected to stand."""
        if column not in self._ordered:
            taught = self.givers([column])
            self._ordered[column] = taught[np.argsort(self.values[taught, column], kind="stable")]
        ordered = self._ordered[column] if without is None else self._ordered[column][self._ordered[column] != without]
        expected = float(self.expected(column, known, row, without))
        place = int(np.clip(np.floor(round(expected, 12) * len(ordered)), 0, len(ordered) - 1))
        return ordered[place:place + 1]

    def matched(self, row: int, columns: Sequence[int], known: np.ndarray, number: int,
                without: int | None = None) -> np.ndarray:
        """The cities that have all of some indicators and whose expected positions on these are nearest to this city's
        (root mean square), nearest first, equals by row. Of more than MOST_COMPARED such cities so many are compared,
        evenly over the table."""
        giving = self.givers(columns, without)
        if len(giving) > MOST_COMPARED:
            giving = giving[np.linspace(0, len(giving) - 1, MOST_COMPARED).astype(int)]
        squares = np.zeros(len(giving))
        for column in columns:
            expected = self.expected(column, known, np.r_[row, giving], without)
            squares += (expected[1:] - expected[0]) ** 2
        return giving[np.argsort(np.sqrt(squares / len(columns)).round(12), kind="stable")[:number]]

    def givers(self, columns: Sequence[int], without: int | None = None) -> np.ndarray:
        """The cities that may give a value of each of some indicators."""
        giving = np.flatnonzero(self.may_give[:, columns].all(axis=1))
        return giving if without is None else giving[giving != without]
