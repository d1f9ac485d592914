"""Cleaning of the synthetic edition: gross errors found by rule and set aside, each with a row in the log.

The rules see the figures only; `found_errors` compares the result with the planted errors. As with the public
statistics, a figure found impossible becomes missing; it is not replaced here.

Reference: docs/synthetic.md, section 3.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.cleaning import LOG_COLUMNS
from analysis.rawfiles import Problems, numbers, read_table
from analysis.settings import ROOT
from workbench.own.study_input import figures_of

from .flaws import FAR, suspicious_cells
from .tables import FOLDER, read_readings

REASONS = {
    "outside_bounds": ("超出该指标可能的范围 {low:g}–{high:g}，故剔除",
                       "outside what the indicator can be, {low:g} to {high:g}; set aside"),
    "far_from_others": ("与中位城市相距 {distance:.1f} 个稳健标准差，超过 {far:g} 个，故剔除",
                        "{distance:.1f} robust standard deviations from the median city, more than {far:g}; set aside"),
}
RULE_OF = {"bounds": "outside_bounds", "far": "far_from_others"}


def set_aside(figures: pd.DataFrame, cities: pd.DataFrame, root: Path = ROOT) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The figures with every suspicious one missing and flagged, and the log: one row per figure set aside.

    figures: as `study_input.figures_of` makes them. Returns (figures, log) with the columns of the public edition's
    log.
    """
    readings = read_readings(root)
    values = figures.pivot(index="adcode", columns="variable", values="value").reindex(columns=readings.index)
    found = suspicious_cells(values, readings)
    places = figures.reset_index().merge(found, left_on=["adcode", "variable"], right_on=["adcode", "indicator"],
                                         validate="one_to_one", suffixes=("", "_found")).set_index("index")
    rules = places["reason"].map(RULE_OF)
    cleaned = figures.assign(value=figures["value"].mask(figures.index.isin(places.index)),
                             flag=rules.reindex(figures.index).fillna(""))
    log = places.assign(file=places["source_id"], city=places["adcode"].map(cities["name"]), before=places["value"],
                        after=float("nan"), rule=rules)
    for position, language in enumerate(("zh", "en")):
        log[f"reason_{language}"] = [reason(row, readings, position) for row in log.itertuples()]
    return cleaned, log[LOG_COLUMNS].reset_index(drop=True)


def log_of(values: pd.DataFrame, cities: pd.DataFrame, root: Path = ROOT) -> pd.DataFrame:
    """What is set aside of the values that a run has read (`StudyInput.values`): the log of `set_aside`."""
    return set_aside(figures_of(values), cities, root)[1]


def reason(row: tuple, readings: pd.DataFrame, position: int) -> str:
    """Why a figure was set aside, in one language (0 Chinese, 1 English)."""
    bounds = readings.loc[row.variable]
    return REASONS[row.rule][position].format(low=bounds["minimum"], high=bounds["maximum"], distance=row.distance,
                                              far=FAR)


def found_errors(log: pd.DataFrame, root: Path = ROOT) -> pd.DataFrame:
    """The planted errors and the set-aside figures side by side: adcode, city, indicator, kind, factor, true_value,
    entered_value and found for every planted error, then the figures set aside without one (kind `none`)."""
    planted = read_planted(root)
    keys = set(zip(log["adcode"], log["variable"], strict=True))
    known = list(zip(planted["adcode"], planted["indicator"], strict=True))
    extra = log[[key not in known for key in zip(log["adcode"], log["variable"], strict=True)]]
    extra = extra.rename(columns={"variable": "indicator", "before": "entered_value"})[
        ["adcode", "city", "indicator", "entered_value"]].assign(kind="none", found=True)
    return pd.concat([planted.assign(found=[key in keys for key in known]), extra], ignore_index=True)


def read_planted(root: Path = ROOT) -> pd.DataFrame:
    """planted_errors.csv with its numbers."""
    problems = Problems("planted_errors.csv")
    columns = ["adcode", "city", "indicator", "kind", "factor", "true_value", "entered_value"]
    table = read_table(root / FOLDER / "planted_errors.csv", columns)[[*columns, "raw_row"]]
    for column in columns[4:]:
        table[column] = numbers(table, column, problems)
    problems.stop_if_any()
    return table[columns]
