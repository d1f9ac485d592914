"""One indicator, or one group of indicators, left out at a time: how far the ranks depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.frames import settle
from analysis.scoring import Rule, aggregate, rank

from .draws import SensitivityError, check_count, checked


@dataclass(frozen=True)
class LeaveOneOut:
    """The ranking with one thing left out at a time.

    effects: one row for each thing left out (index left_out), columns level ("indicator" or the name of a grouping),
    weight (its share of the base weights), mean_shift (mean absolute change of rank), largest_shift (the change of
    rank that is largest in absolute value; positive = the city falls when the thing is left out), city (who makes that
    shift; the first in the order of the values where several do), entered, left (number of cities that come into or
    fall out of the top), entering, leaving (their labels, in the order of the values), spearman (rank correlation
    with the base).
    ranks: cities × things left out. base: the ranks with everything in.
    """

    effects: pd.DataFrame
    ranks: pd.DataFrame
    base: pd.Series


def leave_one_out(values: pd.DataFrame, weights: pd.Series,
                  groups: Mapping[str, str] | pd.Series | pd.DataFrame | None = None, top: int = 100,
                  method: Rule = "arithmetic") -> LeaveOneOut:
    """How the ranks would change without an indicator, a sub-domain or a domain.

    values: cities × indicators, normalised, larger is better. weights: by indicator, sum 1; the remaining weights are
    divided by their sum. groups: the group of each indicator (mapping or Series), or a frame indicators × levels to
    leave out by several groupings at once (columns for example subdomain, domain). method: how points become the score
    (`study.rule_of`).
    Ranks: 1 = best, ties share the smaller rank, on scores settled to 12 significant digits.
    Leaving out an indicator of weight zero changes nothing. A part that carries the whole weight has no row. Raises
    SensitivityError where every part does.

    >>> cities = pd.DataFrame({"I01": [10.0, 0.0], "I02": [0.0, 8.0]}, index=["A", "B"])
    >>> result = leave_one_out(cities, pd.Series({"I01": 0.5, "I02": 0.5}), top=1)
    >>> result.effects.loc["I01", ["largest_shift", "city", "entering"]].to_dict()
    {'largest_shift': 1, 'city': 'A', 'entering': ('B',)}

    Reference: docs/method.md, section 6.3; OECD & JRC (2008), Handbook on Constructing Composite Indicators, step 7.
    """
    values, weights = checked(values, weights)
    check_count("top", top)
    kept = kept_indicators(values.columns, groups)
    remaining = kept.drop(columns="level").to_numpy(dtype=float) * weights.to_numpy()
    sums = remaining.sum(axis=1)
    possible = sums > 0
    if not possible.any():
        raise SensitivityError(f"leaving out {kept.index[0]} leaves no weight; "
                               "leave-one-out needs at least two weighted parts")
    kept, remaining, sums = kept[possible], remaining[possible], sums[possible]
    base = ranked(values, weights, method)
    rescaled = pd.DataFrame(remaining / sums[:, None], kept.index, values.columns)
    ranks = pd.DataFrame({name: ranked(values, row, method) for name, row in rescaled.iterrows()}, index=values.index)
    ranks.columns.name = "left_out"
    effects = pd.DataFrame([effect(base, ranks[name], top) for name in kept.index], index=kept.index)
    effects.insert(0, "level", kept["level"])
    effects.insert(1, "weight", settle(pd.Series(1 - sums, kept.index)))
    return LeaveOneOut(effects, ranks, base.rename("rank"))


def kept_indicators(indicators: pd.Index, groups: Mapping | pd.Series | pd.DataFrame | None) -> pd.DataFrame:
    """Things to leave out × indicators: True where the indicator stays; column level says what kind of thing it is."""
    if groups is None:
        levels = pd.DataFrame(index=indicators)
    elif isinstance(groups, pd.DataFrame):
        levels = groups
    else:
        series = pd.Series(groups)
        levels = series.to_frame(series.name or "group")
    missing = indicators.difference(levels.index)
    if len(missing):
        raise SensitivityError(f"indicator {missing[0]} has no group; name the group of every indicator")
    levels = levels.loc[indicators].assign(indicator=indicators)
    rows = {}
    for level in ["indicator", *levels.columns.drop("indicator")]:
        for name in levels[level].unique():
            if pd.isna(name) or name in rows:
                raise SensitivityError(f"{level} {name}: groups need names that no indicator or other group has")
            rows[name] = {"level": level, **(levels[level] != name).to_dict()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("left_out")


def ranked(values: pd.DataFrame, weights: pd.Series, method: Rule) -> pd.Series:
    """Ranks of the scores, exactly as the study ranks."""
    return rank(settle(aggregate(values, weights, method)))


EFFECTS = ("mean_shift", "largest_shift", "city", "entered", "left", "entering", "leaving", "spearman")


def effect(base: pd.Series, ranks: pd.Series, top: int) -> dict:
    """How one ranking differs from the base ranking."""
    shift = ranks - base
    was_in, is_in = base <= top, ranks <= top
    entering, leaving = base.index[is_in & ~was_in], base.index[was_in & ~is_in]
    city = shift.abs().idxmax()
    return {
        "mean_shift": float(shift.abs().mean()),
        "largest_shift": int(shift[city]),
        "city": city,
        "entered": len(entering),
        "left": len(leaving),
        "entering": tuple(entering),
        "leaving": tuple(leaving),
        "spearman": spearman(base, ranks),
    }


def spearman(first: pd.Series, second: pd.Series) -> float:
    """Spearman's rank correlation; tied cities count with their mean rank; 1 for identical rankings."""
    from scipy.stats import spearmanr

    if (first == second).all():
        return 1.0
    if first.nunique() == 1 or second.nunique() == 1:
        return float("nan")  # no order on one side, hence no correlation
    return float(spearmanr(first, second).statistic)
