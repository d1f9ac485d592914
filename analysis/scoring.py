"""From weighted indicators to scores and ranks, and back: what a score consists of and how much each weight matters.

Reference: docs/method.md, section 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from analysis.aggregation import FREEDOM, benefit_of_doubt, borda, mazziotta_pareto
from analysis.validation import UnusableValues, named, numeric_table, refuse_constant, same_labels, weight_series

WEIGHTLESS = ("borda", "mazziotta_pareto", "benefit_of_doubt")  # weights say only which indicators count
METHODS = ("arithmetic", "geometric", "topsis", *WEIGHTLESS)
SHARES = ("topsis", "benefit_of_doubt")  # scores from 0 to 1, shown × 100


@dataclass(frozen=True)
class TwoLevels:
    """Domain scores by one aggregation, and the total from them by another.

    inside: the aggregation of a domain's indicators, whose weights are made to sum to 1. above: "arithmetic" or
    "geometric", of the domain scores, each with the weight of its domain. domains: (indicator, domain) pairs.
    """

    inside: str
    above: str
    domains: tuple[tuple[str, str], ...]

    def places(self, indicators: pd.Index) -> list[np.ndarray]:
        """The positions of each domain's indicators, domain by domain."""
        domain = pd.Series(dict(self.domains)).reindex(indicators)
        if domain.isna().any():
            raise UnusableValues(f"indicator {named(indicators[domain.isna()])} belongs to no domain of the tree")
        return [np.flatnonzero(domain == name) for name in domain.unique()]

    def refuse_negative(self, values: np.ndarray) -> None:
        """Raise UnusableValues for values below 0 where a geometric mean of their means is wanted."""
        if self.above == "geometric" and self.inside == "arithmetic" and (values < 0).any():
            raise UnusableValues("a geometric mean of domain scores needs points of at least 0; use minmax, rank or "
                                 "goalposts")


Rule: TypeAlias = str | TwoLevels


def aggregate(values: pd.DataFrame, weights: pd.Series, method: Rule = "arithmetic") -> pd.Series:
    """One score per city from its normalised indicators (cities × indicators, larger is better).

    method "arithmetic": Σ w_j x_j. "geometric": Π x_j^w_j, values above 0 only. "topsis": closeness D⁻ / (D⁺ + D⁻),
    0–1, with Euclidean distances of w_j x_j to the best and the worst value of each column; nothing is normalised
    again, so for the classical method pass x_ij / √Σ x_ij². "borda", "mazziotta_pareto", "benefit_of_doubt": scores of
    `analysis.aggregation`, to which all indicators of positive weight contribute alike; the benefit of the doubt lets a
    share of weight be half to twice the equal one. A `TwoLevels`: domain scores first (those from 0 to 1 × 100), then
    their mean; in a geometric one a domain score of 0 makes a total of 0. Sums are correctly rounded (math.fsum):
    scores do not depend on the order of columns, equal cities tie exactly and a ledger adds up to the last bit.

    `weights` is a Series (or dict) with exactly the columns of `values`, in any order, used as given; its sum may miss
    1 by the rounding of printed weights (0.05). Returns a Series by city named "score".

    Raises UnusableValues naming city and indicator for missing, infinite and (geometric) zero or negative values;
    UnusableWeights naming the indicators that weights and values do not share.
    Reference: OECD/JRC (2008), step 6; Hwang & Yoon (1981), doi:10.1007/978-3-642-48318-9.

    >>> cities = pd.DataFrame({"a": [21.0, 6.0], "b": [1.0, 6.0]})
    >>> aggregate(cities, {"a": 0.5, "b": 0.5}).tolist()
    [11.0, 6.0]
    >>> cities, weights = cities.assign(c=[11.0, 24.0]), {"a": 0.25, "b": 0.25, "c": 0.5}
    >>> rule = TwoLevels("arithmetic", "geometric", (("a", "A"), ("b", "A"), ("c", "C")))
    >>> aggregate(cities, weights, rule).round(9).tolist()
    [11.0, 12.0]
    """
    frame, shares = _prepared(values, weights)
    if isinstance(method, TwoLevels):
        scores = _two_levels(frame, shares, method)
    elif method == "arithmetic":
        scores = _row_sums(frame.to_numpy() * shares.to_numpy())
    elif method == "geometric":
        _refuse_not_positive(frame.loc[:, shares > 0])
        scores = np.exp(_row_sums(np.log(frame.loc[:, shares > 0].to_numpy()) * shares[shares > 0].to_numpy()))
    elif method == "topsis":
        scores = _closeness(frame.to_numpy() * shares.to_numpy())
    elif method in WEIGHTLESS:
        scores = weightless_scores(frame.loc[:, shares > 0], method).to_numpy()
    else:
        raise ValueError(f"unknown aggregation {method!r}; use one of {', '.join(METHODS)}")
    return pd.Series(scores, frame.index, name="score")


def weightless_scores(values: pd.DataFrame, method: str) -> pd.Series:
    """The scores of a method that needs no weights, by its name (see `analysis.aggregation`)."""
    if method == "benefit_of_doubt":
        return benefit_of_doubt(values, FREEDOM).scores
    return borda(values) if method == "borda" else mazziotta_pareto(values)


def rank(scores: pd.Series) -> pd.Series:
    """Ranks by score: 1 = best; equal scores share the smaller rank and the next rank is skipped (1, 1, 3).

    Scores are compared as they are, unrounded. Returns an integer Series. Raises UnusableValues for a missing score.

    >>> rank(pd.Series([0.4, 0.9, 0.9])).tolist()
    [3, 1, 1]
    """
    missing = scores.index[scores.isna()]
    if len(missing):
        raise UnusableValues(f"city {named(missing)} has no score and cannot be ranked; leave it out or fill its gaps")
    return scores.rank(method="min", ascending=False).astype(int).rename("rank")


def effective_weights(values: pd.DataFrame, weights: pd.Series, scores: pd.Series | None = None) -> pd.DataFrame:
    """Nominal weights beside effective ones: how much of the scores' variance each indicator accounts for.

    An indicator's importance is its squared Pearson correlation with the scores (the linear main effect of Paruolo,
    Saisana & Saltelli 2013, doi:10.1111/j.1467-985X.2012.01059.x), normalised to sum to 1. `scores` default to the
    arithmetic ones.

    Returns one row per indicator: nominal, correlation, importance (r², 0–1), effective (sums to 1). An indicator with
    a negative correlation lowers the ranks of cities it should raise, for any effective weight. Raises UnusableValues
    for a constant column or constant scores.
    """
    frame, shares = _prepared(values, weights)
    totals = aggregate(frame, shares) if scores is None else scores.reindex(frame.index)
    refuse_constant(frame, "its correlation with the scores")
    refuse_constant(totals.to_frame("score"), "a correlation with it")
    correlation = frame.corrwith(totals)
    importance = correlation**2
    return pd.DataFrame({"nominal": shares, "correlation": correlation, "importance": importance,
                         "effective": importance / importance.sum()})


def ledger(city: str, raw: pd.DataFrame, treated: pd.DataFrame, normalised: pd.DataFrame, weights: pd.Series,
           framework: pd.DataFrame) -> pd.DataFrame:
    """One city's calculation, one row per indicator, from the raw value to its contribution to the score.

    `raw`, `treated` and `normalised` are cities × indicators; `framework` (index code, column parent) gives each
    indicator's sub-domain and its domain.

    Returns a frame indexed by indicator, in the order of the framework: domain, subdomain, raw_value, treated_value,
    points, weight, contribution = points × weight. math.fsum of the contributions equals
    `aggregate(normalised, weights)[city]` to the last bit. Raises UnusableValues for an unknown city.
    """
    frame, shares = _prepared(normalised, weights)
    for table, name in ((raw, "raw"), (treated, "treated"), (frame, "normalised")):
        if city not in table.index:
            raise UnusableValues(f"city {city} is not in the {name} values; give its label as in the table's index")
    same_labels(frame.columns, framework.index.intersection(frame.columns), "normalised values", "framework")
    order = [code for code in framework.index if code in shares.index]
    subdomain = framework.loc[order, "parent"]
    points = frame.loc[city, order]
    return pd.DataFrame({
        "domain": subdomain.map(framework["parent"]), "subdomain": subdomain,
        "raw_value": raw.loc[city].reindex(order), "treated_value": treated.loc[city].reindex(order),
        "points": points, "weight": shares[order], "contribution": points * shares[order],
    }, index=pd.Index(order, name="indicator"))


def _prepared(values: pd.DataFrame, weights: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Values without gaps, and the weights in the order of their columns."""
    frame, shares = numeric_table(values), weight_series(weights)
    same_labels(shares.index, frame.columns, "weights", "values")
    return frame, shares.reindex(frame.columns)


def _two_levels(frame: pd.DataFrame, shares: pd.Series, rule: TwoLevels) -> np.ndarray:
    """The total of domain scores; a domain without weight does not count."""
    rule.refuse_negative(frame.to_numpy())
    parts = [frame.columns[places] for places in rule.places(frame.columns)]
    parts = [codes for codes in parts if shares[codes].sum() > 0]
    weights = np.array([math.fsum(shares[codes]) for codes in parts])
    scale = 100 if rule.inside in SHARES else 1
    domains = np.column_stack([scale * aggregate(frame[codes], shares[codes] / weight, rule.inside)
                               for codes, weight in zip(parts, weights, strict=True)])
    if rule.above == "arithmetic":
        return _row_sums(domains * (weights / weights.sum()))
    with np.errstate(divide="ignore"):
        return np.exp(_row_sums(np.log(domains) * (weights / weights.sum())))


def _row_sums(table: np.ndarray) -> np.ndarray:
    """Correctly rounded sums of rows."""
    return np.array([math.fsum(row) for row in table.tolist()])


def _closeness(weighted: np.ndarray) -> np.ndarray:
    """TOPSIS closeness of each row of weighted values to the ideal: 1 at the ideal, 0 at the anti-ideal."""
    to_best = np.sqrt(_row_sums((weighted - weighted.max(axis=0)) ** 2))
    to_worst = np.sqrt(_row_sums((weighted - weighted.min(axis=0)) ** 2))
    if not (to_best + to_worst).max() > 0:
        raise UnusableValues("all cities have the same weighted values: TOPSIS has no ideal to measure from")
    return to_worst / (to_best + to_worst)


def _refuse_not_positive(frame: pd.DataFrame) -> None:
    """Raise UnusableValues for the first value that a geometric mean cannot take."""
    rows, columns = np.nonzero(frame.to_numpy() <= 0)
    if rows.size:
        raise UnusableValues(
            f"city {frame.index[rows[0]]}, indicator {frame.columns[columns[0]]}: {frame.iat[rows[0], columns[0]]:g} "
            f"is not above 0 ({rows.size} such values); a geometric mean would be 0 or undefined. Map the values to a "
            "range above 0 first: normalisation.rescale(values, 0.01, 1) for 0–1, 1 + 0.99 × points for 0–100")
