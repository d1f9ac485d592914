"""What the method accepts: tables of finite numbers with unique labels, and weights that sum to one.

Every module of the method checks its input here, so that one kind of bad input gives one kind of message, naming the
city, the indicator, the value and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

# Values are settled to 12 significant digits between stages; a spread below that is rounding noise, not variation.
SMALLEST_RELATIVE_SPREAD = 1e-12
# Printed weights are rounded: the sum of eight of them, given to two decimals, may differ from one by 0.04.
WEIGHT_SUM_TOLERANCE = 0.05


class UnusableValues(ValueError):
    """A table that the method cannot use; the message names city, indicator, value and remedy."""


class UnusableWeights(ValueError):
    """Weights that the method cannot use; the message names the indicators concerned and the remedy."""


def named(labels: Iterable, at_most: int = 8) -> str:
    """Labels as a readable list, cut after `at_most` with the number left out."""
    labels = [str(label) for label in labels]
    more = f" and {len(labels) - at_most} more" if len(labels) > at_most else ""
    return ", ".join(labels[:at_most]) + more


def numeric_table(values: pd.DataFrame, missing_allowed: bool = False, row: str = "city", column: str = "indicator",
                  error: type[ValueError] = UnusableValues) -> pd.DataFrame:
    """The table as a new frame of floats; `row` and `column` say in messages what its rows and columns are.

    Raises `error` for an empty table, a doubled label, text, an infinity and, unless `missing_allowed`, a missing
    value; the first offending cell is named.
    """
    frame = pd.DataFrame(values)
    if frame.empty:
        raise error(f"the table has no rows or no columns; give at least one {row} and one {column}")
    for axis, what in ((frame.index, row), (frame.columns, column)):
        if axis.has_duplicates:
            raise error(f"{what} {named(axis[axis.duplicated()].unique())} appears twice; keep one of each")

    def refuse(offending: pd.DataFrame, complaint: str) -> None:
        rows, columns = np.nonzero(offending.to_numpy(dtype=bool))
        if rows.size:
            place = offending.index[rows[0]], offending.columns[columns[0]]
            others = f" ({rows.size - 1} more such cells)" if rows.size > 1 else ""
            raise error(f"{row} {place[0]}, {column} {place[1]}: {frame.at[place]} {complaint}{others}")

    plain = frame.to_numpy()
    if plain.dtype != float:  # a table of floats, as the stages hand on, holds no text
        if textual := [name for name, kind in frame.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]:
            refuse(frame[textual].map(lambda cell: isinstance(cell, str)), "is text; give a number")
        plain = frame.to_numpy(dtype=float, na_value=np.nan)
    numbers = pd.DataFrame(plain.copy(), frame.index, frame.columns)
    if not np.isfinite(numbers.to_numpy()).all():
        refuse(np.isinf(numbers), "is infinite; correct the value or leave it missing")
        if not missing_allowed:
            refuse(numbers.isna(), "is missing; fill it first (treatment.fill_missing) or drop the row")
    return numbers


def refuse_constant(frame: pd.DataFrame, purpose: str) -> None:
    """Raise UnusableValues naming the columns that do not vary over the cities, missing values ignored."""
    values = frame.to_numpy()
    lowest, highest = np.fmin.reduce(values), np.fmax.reduce(values)
    constant = frame.columns[~(highest - lowest > SMALLEST_RELATIVE_SPREAD * np.maximum(-lowest, highest))]
    if len(constant):
        raise UnusableValues(f"indicator {named(constant)} is constant over the cities: {purpose} is undefined; "
                             "leave it out of the index")


def weight_series(weights: pd.Series | Mapping, what: str = "weights", rescale: bool = False) -> pd.Series:
    """Weights as a new Series of floats, checked: unique labels, finite, non-negative, summing to one.

    A sum within 0.05 of one is attributed to the rounding of printed weights; `rescale` then makes it exactly one.
    Raises UnusableWeights otherwise.
    """
    series = pd.Series(weights, dtype=float)
    if series.index.has_duplicates:
        raise UnusableWeights(f"{what}: {named(series.index[series.index.duplicated()])} appears twice")
    values = series.to_numpy()
    if not ((values >= 0) & (values < np.inf)).all():
        unusable = series[~(series >= 0) | np.isinf(series)]
        raise UnusableWeights(f"{what}: the weight of {named(unusable.index)} is {unusable.iloc[0]}; "
                              "weights are finite and not negative")
    total = values.sum()
    if not abs(total - 1) <= WEIGHT_SUM_TOLERANCE:
        raise UnusableWeights(f"{what} sum to {total:.6g}, not 1; divide them by their sum if that is meant")
    return series / total if rescale and abs(total - 1) > 1e-9 else series


def same_labels(found: pd.Index, wanted: pd.Index, found_name: str, wanted_name: str) -> None:
    """Raise UnusableWeights naming the labels that only one of the two has; order does not matter."""
    if found.equals(wanted):
        return
    extra, lacking = found.difference(wanted, sort=False), wanted.difference(found, sort=False)
    if len(extra) or len(lacking):
        parts = [f"only in {name}: {named(labels)}"
                 for name, labels in ((found_name, extra), (wanted_name, lacking)) if len(labels)]
        raise UnusableWeights(f"{found_name} and {wanted_name} name different indicators; {'; '.join(parts)}")
