"""How reliable each figure is: the share of its variance that is not error, estimated where the repository can.

Classical test theory reads an observed figure as x = t + e, a true value and an error that knows nothing of it. The
reliability ρ = var(t)/var(x) is the squared correlation of figure and truth. Three kinds of evidence are at hand:

- **years**: the same figure of several years. What changes from year to year within a city counts as error; the
  reliability of the median of the years follows by Spearman and Brown. Errors that a source repeats every year are not
  seen, so the estimate is an upper bound.
- **stand-in**: some cities have a figure of their own beside the one that stands in for it elsewhere (their province's
  score). The squared correlation of both, over the reliability of the own figure, is that of the stand-in.
- **alternative**: another figure that is meant to say the same. Its correlation is about *validity*: two figures may
  both be exact and measure different things. It is shown and not used, because which figure stands for an indicator is
  a choice (`indicators.readings`), and to count a choice as noise too would count it twice.

Where there is no estimate the stated figure of the proxy's grade is used (data/raw/framework/reliability.csv), and an
estimate only where it is below that: it sees a part of the error, while the grade says how far the figure is from the
indicator. A figure stated for a variable goes before both. Lists and years of operation are read without error:
whether a notice names a city, and since when, is a fact.

Reference: docs/method.md, section 2.5. Lord, F. M. & Novick, M. R. (1968), Statistical Theories of Mental Test Scores;
Shrout, P. E. & Fleiss, J. L. (1979), Intraclass correlations, Psychological Bulletin 86(2), 420–428; Spearman, C.
(1904), The proof and measurement of association between two things, American Journal of Psychology 15(1), 72–101.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.frames import settle
from analysis.indicators import RESIDENTS, proxy_rows, rows_of
from analysis.panel import Panel
from analysis.prediction import mid_positions

COLUMNS = ["indicator", "variable", "basis", "estimate", "n", "low", "high", "cells", "used"]
BASES = {"grade": ("按等级设定", "stated for the grade"), "variable": ("按变量设定", "stated for the variable"),
         "years": ("各年的起伏", "scatter of years"), "stand_in": ("顶替的数字", "stands in for the own score"),
         "alternative": ("另一代理的相关（效度）", "correlation with another proxy (validity)"),
         "list": ("名单或年数，无误差", "list or years, read without error"), "none": ("未设定", "nothing stated")}
FACTS = ("named", "years_operating")  # measures that are read without error
FEWEST = 4  # pairs; with three there is no interval
Z_95 = 1.959963984540054
# The mean of how many normal figures has the variance of the median of so many (1, 2, 3, …)
MEDIAN_WORTH = (1.0, 2.0, 2.2287, 3.3531, 3.4874)


@dataclass(frozen=True)
class Estimate:
    """A correlation or reliability with its 95 % interval; n: the cities (or pairs) behind it."""

    value: float
    n: int
    low: float
    high: float

    def through(self, change: Callable[[float], float]) -> Estimate:
        """The estimate and both ends changed by a rising function."""
        return Estimate(float(change(self.value)), self.n, float(change(self.low)), float(change(self.high)))


def correlation(first: pd.Series, second: pd.Series) -> Estimate | None:
    """Pearson's correlation over the cities that have both figures, with Fisher's interval, tanh(artanh r ± 1.96/√(n −
    3)); None of fewer than four pairs or where a figure does not vary. Of two parallel measurements, equally reliable
    and with errors of their own, it is the reliability of each.

    >>> pair = correlation(pd.Series([1.0, 2, 3, 4, 5]), pd.Series([1.0, 3, 2, 5, 4]))
    >>> pair.value, pair.n, round(pair.low, 2), round(pair.high, 2)
    (0.8, 5, -0.28, 0.99)
    """
    both = pd.concat([first, second], axis=1, keys=["first", "second"]).dropna()
    if len(both) < FEWEST or both.nunique().min() < 2:
        return None
    r = float(np.clip(np.corrcoef(both["first"], both["second"])[0, 1], -1, 1))
    with np.errstate(divide="ignore"):
        middle, half = np.arctanh(r), Z_95 / np.sqrt(len(both) - 3)
    return Estimate(float(settle(r)), len(both), float(np.tanh(middle - half)), float(np.tanh(middle + half)))


def stand_in_reliability(own: pd.Series, stand_in: pd.Series, own_reliability: float) -> Estimate | None:
    """The reliability of a figure as a stand-in for a city's own: r²/ρ_own, at most 1.

    The correlation of both is √(ρ_own ρ_stand-in) where their errors are independent (Spearman's attenuation); a
    negative one gives 0. With ρ_own = r the two are parallel measurements and the result is r.
    """
    pair = correlation(own, stand_in)
    return pair and pair.through(lambda r: min(max(r, 0.0) ** 2 / own_reliability, 1.0))


def spearman_brown(single: float, times: float) -> float:
    """The reliability of the mean of `times` figures of reliability `single`: m ρ / (1 + (m − 1) ρ).

    >>> round(spearman_brown(0.5, 2), 3), spearman_brown(0.8, 1)
    (0.667, 0.8)
    """
    return times * single / (1 + (times - 1) * single)


def years_reliability(by_year: pd.DataFrame) -> Estimate | None:
    """The reliability of the median over years, from how figures scatter within a city (cities × years, NaN allowed).

    The mean of each year is taken off first: a rise of all cities is no error. Then the one-way intraclass correlation
    of a single year, (MSB − MSW)/(MSB + (k − 1) MSW) with k the usual mean number of years of unequal groups, and
    Spearman and Brown for the years of a city, as many as its median is worth. Interval: that of the F ratio. Assumed:
    what a city does better than others does not change over these years, and the errors of two years are independent.
    A change that is real counts as error, an error that is repeated does not. None where fewer than four cities have
    two years.
    """
    from scipy.stats import f

    centred = by_year - by_year.mean()
    centred = centred[centred.notna().sum(axis=1) > 1]
    if len(centred) < FEWEST:
        return None
    counts, total = centred.notna().sum(axis=1), int(centred.notna().sum().sum())
    means = centred.mean(axis=1)
    within = (centred.sub(means, axis=0) ** 2).sum().sum() / (total - len(centred))
    between = (counts * (means - centred.stack().mean()) ** 2).sum() / (len(centred) - 1)
    if between == 0:
        return None
    size = (total - (counts**2).sum() / total) / (len(centred) - 1)
    worth = 1 / float(np.mean([1 / MEDIAN_WORTH[min(int(years), len(MEDIAN_WORTH)) - 1]
                               for years in by_year.notna().sum(axis=1) if years]))  # errors add up, so 1/worth does
    free = len(centred) - 1, total - len(centred)
    ratio = between / within if within > 0 else np.inf

    def reliability(of: float) -> float:
        single = 1.0 if np.isinf(of) else max((of - 1) / (of + size - 1), 0.0)
        return spearman_brown(single, worth)

    return Estimate(reliability(ratio), len(centred), reliability(ratio / f.ppf(0.975, *free)),
                    reliability(ratio * f.ppf(0.975, *free[::-1])))


def reliability_table(panel: Panel, chosen: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """What is known of the reliability of every figure in use, one row per indicator, variable and kind of evidence.

    chosen: the proxies in use, by indicator. raw: the indicator values, for lists of two values. Columns: indicator;
    variable; basis: grade (stated for the proxy's grade), variable (stated for this variable), years, stand_in,
    alternative, list (read without error) or none (nothing is stated: read without error too); estimate; n; low and
    high (95 %); cells: cities read from the variable; used: whether this is the figure that draws use for them.
    """
    rows: list[list] = []
    for code in raw:
        proxy = chosen.loc[code]
        sources = read_from(panel, proxy).reindex(raw.index)
        for name in variables_of(proxy):
            found = evidence(panel, proxy, name, raw[code])
            used = basis_used(found)
            cells = int((sources == name).sum()) if proxy["measure"] not in FACTS else int(raw[code].notna().sum())
            rows += [[code, name, basis, each.value, each.n, each.low, each.high, cells, basis == used]
                     for basis, each in found]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return settle(table.assign(n=table["n"].astype("Int64").where(table["n"] > 0)))


STATED = ["grade", "variable", "reliability", "reason_zh", "reason_en"]


def variables_of(proxy: pd.Series) -> list[str]:
    """The variables that an indicator is read from: its own, and the one that stands in for it."""
    return [proxy["variable"], *([proxy["fallback"]] if proxy["fallback"] else [])]


def stated_figures(panel: Panel, column: str) -> pd.Series:
    """The stated reliabilities by `grade` or `variable`."""
    if panel.reliability is None:
        return pd.Series(dtype=float)
    named = panel.reliability[panel.reliability[column] != ""]
    return named.set_index(column)["reliability"]


def evidence(panel: Panel, proxy: pd.Series, variable: str, values: pd.Series) -> list[tuple[str, Estimate]]:
    """Every kind of evidence for the figures that one variable gives to an indicator."""
    if proxy["measure"] in FACTS or values.nunique() <= 2:
        return [("list", stated_figure(1.0))]
    by_grade, by_variable = stated_figures(panel, "grade"), stated_figures(panel, "variable")
    found: list[tuple[str, Estimate | None]] = []
    if variable in by_variable.index:
        found.append(("variable", stated_figure(by_variable[variable])))
    elif proxy["grade"] in by_grade.index:
        found.append(("grade", stated_figure(by_grade[proxy["grade"]])))
    else:
        found.append(("none", stated_figure(1.0)))
    if proxy["measure"].startswith("median"):
        found.append(("years", years_reliability(figures_by_year(panel, variable, proxy["measure"]))))
    if variable == proxy["fallback"]:
        own = by_variable.get(proxy["variable"], by_grade.get(proxy["grade"], 1.0))
        pair = [figures_by_year(panel, name, "level").mean(axis=1) for name in (proxy["variable"], variable)]
        found.append(("stand_in", stand_in_reliability(pair[0], pair[1], own)))
    else:
        others = panel.proxies[(panel.proxies["indicator"] == proxy.name) & (panel.proxies["role"] == "alternative")
                               & ~panel.proxies["measure"].isin(FACTS) & (panel.proxies["variable"] != variable)]
        for _, other in others.iterrows():
            found.append(("alternative", correlation(*(positions(values_of(panel, each)) for each in (proxy, other)))))
    return [(basis, each) for basis, each in found if each is not None]


def basis_used(found: list[tuple[str, Estimate]]) -> str:
    """Which kind of evidence decides: a figure stated for the variable, else the smallest of the grade's figure and the
    estimates of error; an alternative figure never."""
    bases = dict(found)
    if "variable" in bases or "list" in bases or "none" in bases:
        return next(basis for basis in ("variable", "list", "none") if basis in bases)
    error = [(each.value, basis) for basis, each in found if basis != "alternative"]
    return min(error)[1]


def cell_reliabilities(panel: Panel, chosen: pd.DataFrame, raw: pd.DataFrame) -> pd.DataFrame:
    """The reliability of every cell, cities × indicators (0–1), by the variable it was read from; that of the main
    variable where the cell is a gap."""
    return pd.DataFrame({code: cell_reliability(panel, chosen.loc[code], raw[code]) for code in raw}, raw.index)


def cell_reliability(panel: Panel, proxy: pd.Series, values: pd.Series) -> pd.Series:
    """The column of `cell_reliabilities` for one indicator, whose code is the proxy's name. Of the values only their
    index and whether there are two or fewer different ones matter."""
    used = {}
    for name in variables_of(proxy):
        found = evidence(panel, proxy, name, values)
        used[name] = dict(found)[basis_used(found)].value
    source = read_from(panel, proxy).reindex(values.index).fillna(proxy["variable"])
    return settle(source.map(used).astype(float))


def read_from(panel: Panel, proxy: pd.Series) -> pd.Series:
    """The variable that each city's figure is read from, by city."""
    rows = proxy_rows(panel.figures, proxy)
    return rows[rows["value"].notna()].groupby("adcode")["variable"].first()


def values_of(panel: Panel, proxy: pd.Series) -> pd.Series:
    """A proxy's figures by city, per resident where it is read so: their order is all that is used."""
    values = proxy_rows(panel.figures, proxy).groupby("adcode")["value"].median()
    return values / residents(panel) if proxy["measure"].endswith("_per_resident") else values


def positions(values: pd.Series) -> pd.Series:
    """Mid-ranks from 0 to 1: their Pearson correlation is Spearman's."""
    return pd.Series(mid_positions(values.to_numpy(dtype=float)), values.index)


def figures_by_year(panel: Panel, variable: str, measure: str) -> pd.DataFrame:
    """The figures of one variable, cities × years: amounts per resident in logarithms, others as they are."""
    rows = rows_of(panel.figures, variable)
    table = rows.pivot_table(index="adcode", columns="year", values="value")
    if not measure.endswith("_per_resident"):
        return table
    amounts = table.div(residents(panel), axis=0)
    return np.log(amounts.where(amounts > 0))


def residents(panel: Panel) -> pd.Series:
    """Resident population by city."""
    return rows_of(panel.figures, RESIDENTS).set_index("adcode")["value"]


def stated_figure(value: float) -> Estimate:
    """A figure that is stated, not estimated: no cities behind it and no interval."""
    return Estimate(float(value), 0, np.nan, np.nan)
