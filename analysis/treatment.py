"""Missing values and outliers: what was filled or clipped, from what to what, and why.

Both functions return new data and a record with one row per changed cell (per indicator where all its cells were
log-transformed), columns adcode, indicator, action, before, after, reason, donors.

`scale_as_said` does what a study's own tree says of an indicator; such indicators have no outliers.

Reference: docs/method.md, section 2; OECD/JRC (2008), steps 3 and 5; Becker et al. (2022), COINr,
doi:10.21105/joss.04567.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from analysis.prediction import RankRegression
from analysis.validation import UnusableValues, named, numeric_table

RECORD_COLUMNS = ["adcode", "indicator", "action", "before", "after", "reason", "donors"]
FILL_METHODS = ("nearest", "regression", "matching", "group_median", "lowest")
PREDICTING = ("regression", "matching")
OUTLIER_METHODS = ("winsorise", "log", "none")
SHARED_AT_LEAST = 0.5  # of the indicators that the receiving city observes
FEW_CITIES, LIKELY = 1_000, 64  # with more cities, only so many likely donors of a city are compared at first
NOBODY = np.empty(0, dtype=int), np.empty(0)
# A limit of 2/3 may arrive as 0.6666667 from a settings file; 8 of 12 must meet it.
COVERAGE_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Coverage:
    """How much was observed: frames by indicator and by city with observed (count), share (0–1), below_limit (bool)."""

    indicators: pd.DataFrame
    cities: pd.DataFrame


@dataclass(frozen=True)
class Logarithm:
    """The shifted logarithm that keeps the order of cities: ln(x − end + shift), `end` the lowest value; mirrored
    (`sign` −1) it is −ln(end − x + shift), `end` the highest.

    >>> log = Logarithm(end=2.0, shift=0.5)
    >>> log.text(), log.excel("B3")
    ('ln(x - 2 + 0.5)', 'LN(B3-2+0.5)')
    >>> log == Logarithm.from_text("ln(x - 2 + 0.5); skewness 3.10, kurtosis 12.00 before")
    True
    >>> float(log.apply(2.5)), float(log.undo(0.0))
    (0.0, 2.5)
    >>> PLAIN.text(), Logarithm.from_text("ln(x)") == PLAIN, PLAIN.excel("B3")
    ('ln(x)', True, 'LN(B3)')
    """

    end: float
    shift: float
    sign: int = 1

    @classmethod
    def of(cls, column: pd.Series) -> Logarithm:
        """The logarithm of a column, mirrored for negative skewness; shift is 1 % of its range."""
        sign = 1 if column.skew() >= 0 else -1
        return cls(column.min() if sign > 0 else column.max(), 0.01 * (column.max() - column.min()), sign)

    @classmethod
    def from_text(cls, reason: str) -> Logarithm:
        """The logarithm in a row of the treatment record; raises ValueError for any other text."""
        formula = reason.split(";")[0]
        if formula == "ln(x)":
            return PLAIN
        found = re.fullmatch(r"ln\(x - (\S+) \+ (\S+)\)|-ln\((\S+) - x \+ (\S+)\)", formula)
        try:
            end, shift = (float(number) for number in (found.groups() if found else ()) if number)
        except ValueError:
            raise ValueError(f"{formula!r} is no formula that this study writes") from None
        return cls(end, shift, -1 if formula.startswith("-") else 1)

    def apply(self, values: Any) -> Any:
        """The logarithms of values (a number, an array or a Series)."""
        return self.sign * np.log(self.sign * (values - self.end) + self.shift)

    def undo(self, logarithms: Any) -> Any:
        """The values that have these logarithms."""
        return self.end + self.sign * (np.exp(self.sign * logarithms) - self.shift)

    def text(self, digits: int = 12) -> str:
        """The formula as the record has it, with 12 digits, or shorter for reading."""
        if self == PLAIN:
            return "ln(x)"
        end, shift = f"{self.end:.{digits}g}", f"{self.shift:.{digits}g}"
        return f"ln(x - {end} + {shift})" if self.sign > 0 else f"-ln({end} - x + {shift})"

    def excel(self, cell: str) -> str:
        """The formula for a spreadsheet, of the value in `cell` (an address or another formula)."""
        return self.text().replace(" ", "").replace("ln", "LN").replace("x", cell)


PLAIN = Logarithm(0.0, 0.0)  # of the values themselves


def scale_as_said(values: pd.DataFrame, scales: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values beyond a goalpost as the goalpost, then natural logarithms, where a study's own tree asks for them.

    scales: by indicator, columns low, high (NaN where there are no goalposts) and log (booleans). Returns the values
    and a record with one row per changed cell, action capped, and one per indicator in logarithms, action log. Raises
    UnusableValues for the logarithm of a value that is not above 0.

    >>> scales = pd.DataFrame({"low": [0.0], "high": [18.0], "log": [False]}, ["years"])
    >>> values, record = scale_as_said(pd.DataFrame({"years": [12.0, 22.9]}, ["A", "B"]), scales)
    >>> values["years"].tolist(), record[["adcode", "before", "after"]].values.tolist()
    ([12.0, 18.0], [['B', 22.9, 18.0]])
    """
    frame, rows = numeric_table(values, missing_allowed=True), list[list]()
    if scales.empty:
        return frame, _record(rows)
    for indicator, low, high, log in scales[["low", "high", "log"]].itertuples():
        before = frame[indicator]
        after = before if np.isnan(low) else before.clip(low, high)
        rows += [[city, indicator, "capped", before[city], after[city], f"goalposts {low:.12g} to {high:.12g}", ""]
                 for city in before.index[before.notna() & (before != after)]]
        if log and (after <= 0).any():
            city = after.index[after <= 0][0]
            raise UnusableValues(f"city {city}, indicator {indicator}: {after[city]:g} has no logarithm; only values "
                                 "above 0 have one")
        if log:
            rows.append(["", indicator, "log", np.nan, np.nan, f"{PLAIN.text()}; as the study's framework says", ""])
        frame[indicator] = PLAIN.apply(after) if log else after
    return frame, _record(rows)


def coverage(values: pd.DataFrame, indicator_limit: float = 0.8, city_limit: float = 2 / 3) -> Coverage:
    """Which indicators cover too few cities and which cities too few indicators; a share equal to the limit passes."""
    observed = numeric_table(values, missing_allowed=True).notna()

    def report(counts: pd.Series, size: int, limit: float) -> pd.DataFrame:
        share = counts / size
        return pd.DataFrame({"observed": counts, "share": share, "below_limit": share < limit - COVERAGE_TOLERANCE})

    return Coverage(report(observed.sum(), len(observed), indicator_limit),
                    report(observed.sum(axis=1), observed.shape[1], city_limit))


def fill_missing(values: pd.DataFrame, method: str = "nearest", neighbours: int = 5,
                 groups: pd.Series | Mapping | None = None,
                 donors: pd.DataFrame | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fill every gap of a cities × indicators table and record from which cities.

    method "nearest": the median of the `neighbours` most similar cities that observe the indicator. Similarity is the
    root mean square difference of percentile ranks over the indicators both cities observe; a donor shares at least
    half of those that the receiving city has. Equal distances are ordered by row; fewer donors are used where fewer
    exist, and where no city shares so many, all that observe the indicator give. "group_median": the median of the
    city's group (`groups`: Series or dict by city, e.g. province), of all cities
    where no city of the group has a value. "regression": the observed value at the rank that the city's other
    indicators predict. "matching": the median of the `neighbours` cities with the nearest predictions
    (`prediction.RankRegression`, for both). "lowest": the indicator's lowest observed value. `donors` (booleans shaped
    like `values`) restricts the cells that may give a value: a portal whose year is unknown is not filled from cities
    without a portal.

    Only observed values serve as donors, so the result does not depend on the order of filling. Returns (filled,
    record) with action filled_ and the method's name. Raises UnusableValues naming city and
    indicator where a gap has no donor.
    """
    frame = numeric_table(values, missing_allowed=True)
    if method not in FILL_METHODS:
        raise ValueError(f"unknown method {method!r} for missing values; use one of {', '.join(FILL_METHODS)}")
    if neighbours < 1:
        raise ValueError(f"neighbours = {neighbours}; at least one city must give")
    if method == "group_median" and groups is None:
        raise ValueError("group_median needs groups: a Series of group names by city")
    values, ranks = frame.to_numpy(), frame.rank(pct=True).to_numpy()
    group_of = pd.Series(groups, dtype=object).reindex(frame.index)
    in_group, _ = pd.factorize(group_of)  # -1 where the group is not known
    may_give = (frame.notna() if donors is None else (frame.notna() & donors).reindex_like(frame)).to_numpy()
    filled, rows, cities, indicators = values.copy(), [], frame.index.tolist(), frame.columns.tolist()
    observed = ~np.isnan(ranks)
    nearest_of = lru_cache(maxsize=1)(partial(_nearest_first, ranks, observed))  # gaps come city by city
    likely = _likely_donors(ranks, observed) if method == "nearest" and len(frame) > FEW_CITIES else {}
    alike: dict[tuple[int, int], list] = {}  # the end of a record's row, where the gaps of a column and group share it
    predicting = RankRegression(values, may_give) if method in PREDICTING else None
    for row, column in np.argwhere(np.isnan(values)).tolist():
        city, indicator, place = cities[row], indicators[column], (column, int(in_group[row]))
        if place in alike:
            filled[row, column] = alike[place][0]
            rows.append([city, indicator, f"filled_{method}", np.nan, *alike[place]])
            continue
        if method == "nearest":
            givers, distances = _givers(*likely.get(row, NOBODY), may_give[:, column], neighbours)
            if len(givers) < neighbours:
                givers, distances = _givers(*nearest_of(row), may_give[:, column], neighbours)
            if len(givers):
                reason = (f"median of the {len(givers)} nearest cities, distance "
                          f"{distances[0]:.3f}-{distances[-1]:.3f}")
            elif not np.isnan(values[row]).all():
                givers = np.flatnonzero(may_give[:, column])
                reason = f"median of {len(givers)} cities; none shares half of the city's indicators"
        elif predicting is not None:
            givers, reason = _predicted(predicting, method, row, column, neighbours)
        elif method == "group_median":
            givers = np.flatnonzero(may_give[:, column] & (in_group == in_group[row]) & (in_group[row] >= 0))
            reason = f"median of {len(givers)} cities of {group_of.iloc[row]}"
            if not len(givers):
                givers = np.flatnonzero(may_give[:, column])
                reason = f"median of {len(givers)} cities; none of {group_of.iloc[row]} has a value"
        else:
            givers = np.flatnonzero(may_give[:, column])
            givers = givers[values[givers, column].argmin():][:1] if len(givers) else givers
            reason = "lowest observed value"
        if not len(givers) and np.isnan(values[row]).all():
            raise UnusableValues(f"city {city} has no value in any indicator that is used, first {indicator}, and "
                                 f"nothing to find near ones by ({method}); leave the city out, or choose another "
                                 "method for missing values")
        if not len(givers):
            raise UnusableValues(f"city {city}, indicator {indicator}: no city can give a value by {method}; leave the "
                                 "city or the indicator out, or choose another method for missing values")
        filled[row, column] = median(values[givers, column].tolist())
        told = [filled[row, column], reason, ";".join([str(cities[giver]) for giver in givers])]
        rows.append([city, indicator, f"filled_{method}", np.nan, *told])
        if method in ("group_median", "lowest"):
            alike[place] = told
    return pd.DataFrame(filled, frame.index, frame.columns), _record(rows)


def treat_outliers(values: pd.DataFrame, method: str = "winsorise", skewness_limit: float = 2.0,
                   kurtosis_limit: float = 3.5, winsorise_at_most: int = 5,
                   protected: Iterable = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tame indicators whose distribution a few cities dominate, by the rule of the JRC.

    An indicator is treated when |skewness| > `skewness_limit` and excess kurtosis > `kurtosis_limit`, both with the
    sample adjustment (G₁ and G₂, as in COINr, Excel and SAS). method "winsorise": its extreme value, on the side of the
    skewness, is set to the next one, repeatedly until the indicator passes; where that would change more than
    `winsorise_at_most` cells, the *original* values are log-transformed instead. "log": the logarithm at once.
    "none": nothing. The logarithm is ln(x − min + 0.01 (max − min)), mirrored for negative skewness, and keeps the
    order of cities; it is used once, whether or not the indicator then passes, and the record says so.

    `protected` indicators (yes/no lists, counts of years) are not treated. Missing values stay missing.
    Returns (treated, record), action winsorised (one row per cell) or log (one row per indicator, with the formula).
    Raises UnusableValues for a protected indicator that is not in the table.
    """
    treated = numeric_table(values, missing_allowed=True)
    if method not in OUTLIER_METHODS:
        raise ValueError(f"unknown method {method!r} for outliers; use one of {', '.join(OUTLIER_METHODS)}")
    unknown = [indicator for indicator in protected if indicator not in treated]
    if unknown:
        raise UnusableValues(f"protected indicator {named(unknown)} is not in the table")
    limits, rows = (skewness_limit, kurtosis_limit), []
    for indicator in treated.columns.drop(list(protected)):
        before = treated[indicator].copy()
        if method == "none" or not _is_outlying(before, limits):
            continue
        after = _winsorised(before, limits, winsorise_at_most) if method == "winsorise" else None
        if after is not None:
            reason = f"{_shape(before)} before; {_shape(after)} after"
            rows += [[city, indicator, "winsorised", before[city], after[city], reason, ""]
                     for city in before.index[before.notna() & (before != after)]]
        else:
            logarithm = Logarithm.of(before)
            after = logarithm.apply(before)
            passes = "" if not _is_outlying(after, limits) else "; still outside the limits"
            rows.append(["", indicator, "log", np.nan, np.nan,
                         f"{logarithm.text()}; {_shape(before)} before; {_shape(after)} after{passes}", ""])
        treated[indicator] = after
    return treated, _record(rows)


def _nearest_first(ranks: np.ndarray, observed: np.ndarray, city: int, among: np.ndarray | None = None,
                   known: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the cities that share enough with this one to give it values, nearest first, and their distances;
    of all cities or of those in `among`, in the order of the table. `known`: the indicators that the city has (those
    observed, unless some are held out)."""
    among = np.arange(len(ranks)) if among is None else among
    known = observed[city] if known is None else known
    shared = observed[among] & known
    counts = shared.sum(axis=1)
    squares = np.where(shared, ranks[among] - ranks[city], 0.0) ** 2
    distances = np.sqrt(squares.sum(axis=1) / np.maximum(counts, 1)).round(12)  # equal distances tie despite rounding
    order = np.argsort(distances, kind="stable")
    order = order[counts[order] >= max(1, SHARED_AT_LEAST * known.sum())]
    return among[order], distances[order]


def _givers(order: np.ndarray, distances: np.ndarray, may_give: np.ndarray, neighbours: int
            ) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of the cities that may give a value, and how far they are."""
    giving = np.flatnonzero(may_give[order])[:neighbours]
    return order[giving], distances[giving]


def _predicted(predicting: RankRegression, method: str, row: int, column: int, neighbours: int
               ) -> tuple[np.ndarray, str]:
    """The cities that give a value by prediction, none where the city has nothing to predict from, and why they do."""
    known = predicting.observed[row]
    if not known.any() or not predicting.may_give[:, column].any():
        return NOBODY[0], ""
    expected = f"predicted rank {100 * float(predicting.expected(column, known, row)):.1f} % from the lowest"
    if method == "regression":
        return predicting.at_expected(row, column, known), f"value at the {expected}"
    givers = predicting.matched(row, [column], known, neighbours)
    return givers, f"median of the {len(givers)} cities with the nearest predictions; {expected}"


def _likely_donors(ranks: np.ndarray, observed: np.ndarray) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """For each city with a gap the beginning of `_nearest_first`, as far as it is sure to be complete.

    Squared distances out of matrix products, ∑ a² − 2ab + b², are quick and good to about 1e-14: enough to say which
    cities cannot be among the nearest. The others are compared exactly.
    """
    known, seen = np.where(observed, ranks, 0.0), observed.astype(float)
    left = np.hstack([known**2, -2 * known, seen])
    right = np.hstack([seen, known, known**2])
    gaps, found = np.flatnonzero(~observed.all(axis=1)), {}
    for first in range(0, len(gaps), LIKELY):
        rows = gaps[first:first + LIKELY]
        counts = seen[rows] @ seen.T
        enough = counts >= np.maximum(1, SHARED_AT_LEAST * observed[rows].sum(axis=1, keepdims=True))
        squares = np.where(enough, right[rows] @ left.T / np.maximum(counts, 1), np.inf)
        limits = np.partition(squares, LIKELY, axis=1)[:, LIKELY]
        for city, near, limit in zip(rows.tolist(), squares <= limits[:, None], limits, strict=True):
            order, distances = _nearest_first(ranks, observed, city, np.flatnonzero(near))
            sure = distances < np.sqrt(max(limit, 0)) - 1e-6
            found[city] = order[sure], distances[sure]
    return found


def _is_outlying(column: pd.Series, limits: tuple[float, float]) -> bool:
    """Whether skewness and kurtosis are both beyond their limits; fewer than four values never are."""
    return bool(abs(column.skew()) > limits[0] and column.kurt() > limits[1])


def _winsorised(column: pd.Series, limits: tuple[float, float], at_most: int) -> pd.Series | None:
    """The column with its extremes drawn in until it passes, or None where more than `at_most` cells would change."""
    result, changed = column, np.zeros(len(column), dtype=bool)
    while _is_outlying(result, limits):
        values, most = result.to_numpy(), np.fmax if result.skew() >= 0 else np.fmin  # ignore missing values
        extreme = values == most.reduce(values)
        changed |= extreme
        if changed.sum() > at_most:
            return None
        result = pd.Series(np.where(extreme, most.reduce(values[~extreme]), values), column.index, name=column.name)
    return result


def _shape(column: pd.Series) -> str:
    return f"skewness {column.skew():.2f}, kurtosis {column.kurt():.2f}"


def _record(rows: list[list]) -> pd.DataFrame:
    """The record of changed cells; numbers stay numbers even where no cell changed."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in RECORD_COLUMNS)
    return pd.DataFrame({name: np.array(list(cells), dtype=float if name in ("before", "after") else object)
                         for name, cells in zip(RECORD_COLUMNS, columns, strict=True)})
