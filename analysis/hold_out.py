"""How well each way of filling gaps finds values that are known: cells are held out, filled, and compared.

Each known cell of an indicator with gaps is hidden in turn, together with the indicators that are missing with it in
the source (a city without patents has no co-publications either), and filled by every method as if it were missing.

Reference: docs/method.md, section 2.2; Hastie, T., Tibshirani, R. & Friedman, J. (2009), The Elements of Statistical
Learning, 2nd ed., section 7.10 (leave-one-out).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.prediction import RankRegression
from analysis.treatment import FEW_CITIES, FILL_METHODS, _givers, _nearest_first
from analysis.validation import numeric_table

CELLS, FEWER_CELLS = 300, 30
TOGETHER_FROM = 0.5  # of the gaps of an indicator
COLUMNS = ["indicator", "method", "cells", "hidden_with", "mean_error", "median_error", "bias", "correlation",
           "donor_range"]


def missing_together(missing: pd.DataFrame) -> dict[str, list[str]]:
    """The indicators that lack a value in at least half of the cities in which this one does, for each with gaps.

    >>> missing_together(pd.DataFrame({"a": [True, True, False], "b": [True, False, False], "c": [False] * 3}))
    {'a': ['b'], 'b': ['a']}
    """
    return {code: [other for other in missing if other != code and missing.loc[missing[code], other].mean()
                   >= TOGETHER_FROM] for code in missing.columns[missing.any()]}


def hold_out(values: pd.DataFrame, neighbours: int = 5, groups: pd.Series | None = None,
             donors: pd.DataFrame | None = None, at_most: int | None = None) -> pd.DataFrame:
    """The errors of every method of `treatment.fill_missing` on known cells of the indicators that have gaps.

    values, neighbours, groups, donors: as in `fill_missing`; without groups there is no group_median. at_most: known
    cells per indicator, evenly over the table where there are more; without it 300, and 30 of more than a thousand
    cities. Errors are in percentile points: the distance
    between where the filled and the true value stand among the observed ones (0–100), so that indicators of any unit
    and shape can be averaged.

    Returns one row per indicator with gaps and method: cells held out; hidden_with (codes); mean_error and median_error
    (absolute); bias (mean of filled − true); correlation of both positions (0 where a method gives all cells one
    value); donor_range, the share of true values within the range of the donors (NaN where there are fewer than
    three): of k donors that are like the city, (k − 1)/(k + 1) of the values lie within it. A frame without rows where
    nothing is missing.
    """
    frame = numeric_table(values, missing_allowed=True)
    at_most = at_most or (CELLS if len(frame) <= FEW_CITIES else FEWER_CELLS)
    holder, rows = HoldOut(frame, neighbours, groups, donors), []
    for code, others in missing_together(frame.isna()).items():
        column = frame.columns.get_loc(code)
        hidden = frame.columns.get_indexer([code, *others])
        cells = np.flatnonzero(holder.may_give[:, column])
        cells = cells[np.unique(np.linspace(0, len(cells) - 1, min(at_most, len(cells))).astype(int))]
        for method in FILL_METHODS:
            if (method == "group_median" and groups is None) or holder.may_give[:, column].sum() < 2:
                continue
            found = [holder.cell(method, row, column, hidden) for row in cells]
            rows.append([code, method, len(cells), ";".join(others), *errors(holder.values[:, column], cells, found)])
    return pd.DataFrame(rows, columns=COLUMNS)


def compare_methods(held_out: pd.DataFrame) -> pd.DataFrame:
    """Each method's errors over all indicators with gaps, every indicator counting alike, the best method first: the
    one with the smallest mean error. Columns mean_error, median_error, bias, correlation, donor_range."""
    measures = ["mean_error", "median_error", "bias", "correlation", "donor_range"]
    return held_out.groupby("method")[measures].mean().sort_values("mean_error", kind="stable")


def errors(column: np.ndarray, cells: np.ndarray, found: list[np.ndarray]) -> list[float]:
    """mean_error to donor_range of `hold_out` for the cities that would give each held-out cell its value."""
    observed = np.sort(column[~np.isnan(column)])
    filled = np.array([np.median(column[givers]) for givers in found])
    at, true = (100 * (np.searchsorted(observed, numbers, "left") + np.searchsorted(observed, numbers, "right"))
                / (2 * len(observed)) for numbers in (filled, column[cells]))
    off, spread = at - true, min(np.ptp(at), np.ptp(true))
    correlation = float(np.corrcoef(at, true)[0, 1]) if spread > 0 else 0.0
    inside = [column[givers].min() <= column[cell] <= column[givers].max()
              for cell, givers in zip(cells, found, strict=True) if len(givers) > 2]
    return [float(np.abs(off).mean()), float(np.median(np.abs(off))), float(off.mean()), correlation,
            float(np.mean(inside)) if inside else np.nan]


class HoldOut:
    """The tables from which any known cell can be filled as if it were missing."""

    def __init__(self, frame: pd.DataFrame, neighbours: int, groups: pd.Series | None,
                 donors: pd.DataFrame | None) -> None:
        self.values, self.neighbours = frame.to_numpy(), neighbours
        self.may_give = (frame.notna() if donors is None else frame.notna() & donors.reindex_like(frame)).to_numpy()
        self.ranks, self.observed = frame.rank(pct=True).to_numpy(), frame.notna().to_numpy()
        self.regression = RankRegression(self.values, self.may_give)
        self.group = np.zeros(len(frame), dtype=int) if groups is None else pd.factorize(groups.reindex(frame.index))[0]

    def cell(self, method: str, row: int, column: int, hidden: np.ndarray) -> np.ndarray:
        """The cities whose median value the method would fill a cell with, if the city lacked the hidden indicators."""
        known = self.observed[row].copy()
        known[hidden] = False
        gives = self.may_give[:, column].copy()
        gives[row] = False
        everybody = np.flatnonzero(gives)
        if method == "lowest":
            return everybody[np.argsort(self.values[everybody, column], kind="stable")][:1]
        if method == "group_median":
            own = np.flatnonzero(gives & (self.group == self.group[row]) & (self.group[row] >= 0))
            return own if len(own) else everybody
        if method == "nearest" and known.any():
            near = _givers(*_nearest_first(self.ranks, self.observed, row, known=known), gives, self.neighbours)[0]
            return near if len(near) else everybody
        if not known.any():
            return everybody
        if method == "regression":
            return self.regression.at_expected(row, column, known, without=row)
        return self.regression.matched(row, [column], known, self.neighbours, without=row)
