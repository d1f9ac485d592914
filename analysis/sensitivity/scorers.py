"""Ways to score many draws at once: one object per data set and rule of aggregation, called with weights.

A scorer gives numbers that order the cities as the study's own scores do; where a cheaper number has the same order
(the logarithm of a geometric mean, the squared form of the TOPSIS closeness) that one is used.

Reference: docs/method.md, sections 5 and 6.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from analysis.frames import settled_numbers
from analysis.scoring import SHARES, WEIGHTLESS, Rule, TwoLevels, aggregate, weightless_scores
from analysis.validation import UnusableValues

from .draws import SensitivityError


class LinearScores:
    """Weighted sums, shifted so that none is negative.

    Subtracting the lowest value of each indicator subtracts the same number, Σ weight × lowest, from every city in a
    draw: no rank changes, z-scores and other negative values become countable, and the sort key keeps more digits.
    """

    method = "arithmetic"

    def __init__(self, values: np.ndarray) -> None:
        self.lowest = values.min(axis=0)
        self.values = np.ascontiguousarray((values - self.lowest).T)

    def __call__(self, weights: np.ndarray, numbers: np.ndarray) -> None:
        """Write non-negative numbers that order the cities (draws × distinct cities) for weights (draws × indicators).

        Weights need not sum to 1: a factor that a whole draw has in common changes no order.
        """
        np.matmul(weights, self.values, out=numbers)

    def scores(self, numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The study's scores from these numbers, for weights that sum to 1."""
        return numbers + (weights @ self.lowest)[:, None]

    @property
    def given(self) -> np.ndarray:
        """The points behind the numbers, which have twelve digits."""
        return settled_numbers(self.values.T + self.lowest)

    def exact(self, weights: np.ndarray) -> np.ndarray:
        """The study's scores for one vector of weights, by its own correctly rounded sums."""
        return aggregate(pd.DataFrame(self.given), pd.Series(weights), self.method).to_numpy()


class GeometricScores(LinearScores):
    """Logarithms of weighted geometric means, which have their order: Σ weight × ln value."""

    method = "geometric"

    def __init__(self, values: np.ndarray) -> None:
        if not (values > 0).all():
            raise UnusableValues("a geometric mean needs values above 0; set normalisation.lowest_points above 0")
        super().__init__(np.log(values))

    @property
    def given(self) -> np.ndarray:
        return settled_numbers(np.exp(self.values.T + self.lowest))

    def scores(self, numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.exp(super().scores(numbers, weights))


class TopsisScores:
    """D⁻² / (D⁻² + D⁺²), which orders cities as the closeness D⁻ / (D⁻ + D⁺) does.

    The ideal of w_j x_j is w_j max x_j, so that both squared distances are products of w_j² with a fixed table.
    """

    def __init__(self, values: np.ndarray) -> None:
        if not np.ptp(values, axis=0).any():
            raise UnusableValues("all cities have the same weighted values: TOPSIS has no ideal to measure from")
        self.lowest = values.min(axis=0)
        self.to_worst = np.ascontiguousarray(((values - values.min(axis=0)) ** 2).T)
        self.to_both = self.to_worst + ((values - values.max(axis=0)) ** 2).T

    def __call__(self, weights: np.ndarray, numbers: np.ndarray) -> None:
        squares = weights * weights
        np.matmul(squares, self.to_worst, out=numbers)
        numbers /= squares @ self.to_both

    def scores(self, numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The closeness × 100; it does not depend on a common factor of the weights."""
        to_worst = np.sqrt(numbers)
        return 100 * to_worst / (to_worst + np.sqrt(1 - numbers))

    def exact(self, weights: np.ndarray) -> np.ndarray:
        """As `LinearScores.exact`."""
        given = settled_numbers(np.sqrt(self.to_worst.T) + self.lowest)
        return 100 * aggregate(pd.DataFrame(given), pd.Series(weights), "topsis").to_numpy()


class WeightlessScores:
    """Scores that do not depend on the weights: computed once, of all cities, since means, ranks and best cities of an
    indicator count equal cities as often as there are."""

    def __init__(self, values: np.ndarray, method: str, group: np.ndarray | None = None) -> None:
        everyone = values if group is None else values[group]
        fixed = weightless_scores(pd.DataFrame(everyone), method).to_numpy() * (100 if method in SHARES else 1)
        _, first = np.unique(np.arange(len(values)) if group is None else group, return_index=True)
        self.fixed = fixed[first]
        self.lowest = self.fixed.min()

    def __call__(self, weights: np.ndarray, numbers: np.ndarray) -> None:
        numbers[:] = self.fixed - self.lowest

    def scores(self, numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The study's scores, whatever the weights."""
        return np.broadcast_to(self.fixed, numbers.shape)

    def exact(self, weights: np.ndarray) -> np.ndarray:
        """As `LinearScores.exact`."""
        return self.fixed


class TwoLevelScores:
    """The totals themselves: domain scores by the scorer of the aggregation inside, and their mean."""

    def __init__(self, values: np.ndarray, rule: TwoLevels, indicators: Sequence[str],
                 group: np.ndarray | None = None) -> None:
        rule.refuse_negative(values)
        self.given, self.rule, self.group = pd.DataFrame(values, columns=list(indicators)), rule, group
        self.geometric = rule.above == "geometric"
        self.parts = [(places, simple_scorer(values[:, places], rule.inside, group))
                      for places in rule.places(pd.Index(indicators))]

    def __call__(self, weights: np.ndarray, numbers: np.ndarray) -> None:
        total, part = weights.sum(axis=1, keepdims=True), np.empty_like(numbers)
        numbers[:] = 0
        for places, scorer in self.parts:
            own = weights[:, places]
            share = own.sum(axis=1, keepdims=True)
            own = own / np.where(share > 0, share, 1)
            with np.errstate(divide="ignore", invalid="ignore"):  # a domain score of 0 makes a total of 0
                scorer(own, part)
                scores = scorer.scores(part, own)
                added = share / total * (np.log(scores) if self.geometric else scores)
            numbers += np.where(share > 0, added, 0)
        if self.geometric:
            np.exp(numbers, out=numbers)

    def scores(self, numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The study's scores, which the numbers are."""
        return numbers

    def exact(self, weights: np.ndarray) -> np.ndarray:
        """As `LinearScores.exact`; of all cities, since a score without weights counts equal ones as often."""
        group = np.arange(len(self.given)) if self.group is None else self.group
        scores = aggregate(self.given.iloc[group], pd.Series(weights, self.given.columns), self.rule).to_numpy()
        return scores[np.unique(group, return_index=True)[1]]


SimpleScorer = LinearScores | TopsisScores | WeightlessScores
Scorer = SimpleScorer | TwoLevelScores
SCORERS: dict[str, Callable[[np.ndarray], LinearScores | TopsisScores]] = {
    "arithmetic": LinearScores, "geometric": GeometricScores, "topsis": TopsisScores}


def scorer_for(values: np.ndarray, method: Rule, indicators: Sequence[str] = (),
               group: np.ndarray | None = None) -> Scorer:
    """The scorer of distinct cities × indicators for a rule of aggregation; SensitivityError for an unknown one.
    `indicators` are the labels of the columns, which the rule of two levels needs; `group` gives for each city its row
    in `values` (None: each row is one city), which scores that need no weights depend on."""
    if isinstance(method, TwoLevels):
        return TwoLevelScores(values, method, indicators, group)
    return simple_scorer(values, method, group)


def simple_scorer(values: np.ndarray, method: str, group: np.ndarray | None) -> SimpleScorer:
    """The scorer of a rule that is one aggregation at once."""
    if method in WEIGHTLESS:
        return WeightlessScores(values, method, group)
    if method not in SCORERS:
        raise SensitivityError(f"aggregation {method!r} has no scorer; use one of {', '.join([*SCORERS, *WEIGHTLESS])}")
    return SCORERS[method](values)
