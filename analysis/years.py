"""The same study in other years: scores and ranks by year on the scale of the scored year, and what moved.

Where every unit has figures of several years, each year is scored with what the study made of its own figures: the ends
of every scale, the limits of outliers and the weights. So a change of score is a change of figures and of nothing else,
and the year that the study scores has the study's own scores. Pooled ends would give that year a second score, and all
years new ones whenever a year is added.

Reference: docs/method.md, section 5.5; OECD/JRC (2008), step 5 (a reference year for studies over time); UNDP, Human
Development Report, technical note 1 (fixed goalposts; ranks of two years among the countries that have both).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import framework, indicators, scoring, study, treatment
from analysis.frames import settle
from analysis.settings import Settings

LEAST_UNITS = 3  # a ranking of fewer says nothing
LEAST_SHARE = 0.5  # of the units: a year that fewer can be compared in is left out


@dataclass(frozen=True)
class Measured:
    """What the study made of the figures that it scores, and the year's figures are held against.

    raw, treated, normalised: cities × indicators, as notebooks 02 and `study.Study` have them; record: that of the
    treatment; weights: by indicator, summing to 1; tree: the framework.
    """

    raw: pd.DataFrame
    treated: pd.DataFrame
    record: pd.DataFrame
    normalised: pd.DataFrame
    weights: pd.Series
    tree: pd.DataFrame


@dataclass(frozen=True)
class ByYear:
    """Scores by year.

    years: one row per year of the figures: observed (share of the cells, cities × indicators, with a figure of that
    very year), cities (how many can be compared), scored (whether the year is), as_scored (share of the cells whose
    value is the one that the study scores). scores: one row per city and scored year: adcode, year, observed, score,
    rank among the cities compared in that year, and the domain scores. moves: by city compared in the first and the
    last scored year: see `moves`.
    """

    years: pd.DataFrame
    scores: pd.DataFrame
    moves: pd.DataFrame


def scores_by_year(figures: pd.DataFrame, chosen: pd.DataFrame, measured: Measured, settings: Settings) -> ByYear:
    """Score every year that has enough figures, on the scale and with the weights of the study.

    Parameters: `figures` of all years, one row per city, variable and year: adcode, variable, year (blank for figures
    that hold for every year), value, source_id, raw_row; `chosen` the proxies in use, by indicator.

    In a year, a city's figure is that of the year; failing it, the city's own of the nearest year (of two as near the
    earlier), which then has not moved; a gap of the scored figures has the value that filled it in every year. A city
    is compared in a year of which it has at least treatment.city_coverage of its indicators; a year is scored where at
    least half of the cities, and three, are compared.
    """
    chosen = chosen.loc[measured.raw.columns]
    rows, observed, values = [], {}, {}
    for year in years_of(figures):
        found = figures_of_year(figures, year)
        values[year] = year_matrix(found, chosen, measured, settings)
        own = own_figures(found, chosen, measured.raw, year)
        observed[year] = own.mean(axis=1)
        compared = int(compared_in(observed[year], settings).sum())
        scored = compared >= max(LEAST_UNITS, LEAST_SHARE * len(own))
        same = np.isclose(values[year], measured.raw, rtol=1e-9, atol=0, equal_nan=True).mean()
        rows.append((year, own.to_numpy().mean(), compared, scored, same))
    table = pd.DataFrame(rows, columns=["year", "observed", "cities", "scored", "as_scored"]).set_index("year")
    kept = list(table.index[table["scored"]])
    points = {year: points_of_year(values[year], measured, settings) for year in kept}
    scores = score_years(points, measured, settings)
    scores.insert(2, "observed", np.concatenate([observed[year].to_numpy() for year in kept] or [[]]))
    out = ~compared_in(scores["observed"], settings)
    scores.loc[out, scores.columns[3:]] = np.nan
    ranks = scores.loc[~out].groupby("year")["score"].rank(method="min", ascending=False)
    scores.insert(4, "rank", ranks.reindex(scores.index).astype("Int64"))
    return ByYear(settle(table), settle(scores), moves(scores, points, measured, settings))


def years_of(figures: pd.DataFrame) -> list[int]:
    """The years that figures are of, in order."""
    return sorted({int(year) for year in figures["year"] if year != "" and pd.notna(year)})


def figures_of_year(figures: pd.DataFrame, year: int) -> pd.DataFrame:
    """Of each city and variable the figure of a year, failing it that of the nearest, of two as near the earlier; one
    without a year holds for all.

    >>> figures = pd.DataFrame({"adcode": "A", "variable": "x", "year": [2015, 2018, 2021], "value": [1.0, 2.0, 4.0]})
    >>> [figures_of_year(figures, year)["value"].item() for year in (2014, 2018, 2019, 2020)]
    [1.0, 2.0, 2.0, 4.0]
    """
    dated = pd.to_numeric(figures["year"], errors="coerce")
    ordered = figures.assign(_apart=(dated - year).abs().fillna(0), _dated=dated).sort_values(
        ["_apart", "_dated"], kind="stable")
    nearest = ordered.drop_duplicates(["adcode", "variable"]).sort_index()
    return nearest.drop(columns=["_apart", "_dated"])


def own_figures(found: pd.DataFrame, chosen: pd.DataFrame, raw: pd.DataFrame, year: int) -> pd.DataFrame:
    """Which cells have a figure of that very year, or one that holds for every year: booleans shaped like `raw`. A gap
    of the scored figures is none."""
    here = found[(found["year"] == year) | (found["year"] == "")]
    cells = set(zip(here["adcode"], here["variable"], strict=True))
    return pd.DataFrame({code: [(city, chosen.at[code, "variable"]) in cells for city in raw.index] for code in raw},
                        index=raw.index) & raw.notna()


def compared_in(observed: pd.Series, settings: Settings) -> pd.Series:
    """Which cities have enough indicators of a year."""
    return observed >= settings.treatment.city_coverage - treatment.COVERAGE_TOLERANCE


def year_matrix(found: pd.DataFrame, chosen: pd.DataFrame, measured: Measured, settings: Settings) -> pd.DataFrame:
    """A year's raw values, cities × indicators; NaN where the scored figures have a gap."""
    cities = pd.DataFrame(index=measured.raw.index)
    choices = settings.indicators
    values = [indicators.indicator_values(found, cities, proxy, choices.scale, choices.district_titles)
              for _, proxy in chosen.iterrows()]
    return pd.concat(values, axis=1).where(measured.raw.notna())


def points_of_year(values: pd.DataFrame, measured: Measured, settings: Settings) -> pd.DataFrame:
    """A year's raw values in points, on the scale of the study."""
    return scaled_alike(treated_alike(values, measured), measured, settings)


def treated_alike(values: pd.DataFrame, measured: Measured) -> pd.DataFrame:
    """Values treated as the study treated its own: goalposts and logarithms of the tree, the limits that its winsorised
    values have, the same logarithms (a value beyond the end of one counts as its end), gaps filled with the same
    values."""
    scales = framework.own_scales(measured.tree, values.columns)
    treated, _ = treatment.scale_as_said(values, scales)
    record = measured.record[~measured.record["indicator"].isin(scales.index)]
    for code, changes in record[record["action"] == "winsorised"].groupby("indicator"):
        after = measured.treated[code]
        raised, lowered = (changes["after"] > changes["before"]).any(), (changes["after"] < changes["before"]).any()
        treated[code] = treated[code].clip(after.min() if raised else None, after.max() if lowered else None)
    for row in record[record["action"] == "log"].itertuples():
        logarithm = treatment.Logarithm.from_text(row.reason)
        ends = {"lower": logarithm.end} if logarithm.sign > 0 else {"upper": logarithm.end}
        treated[row.indicator] = logarithm.apply(treated[row.indicator].clip(**ends))
    return settle(treated.where(measured.raw.notna(), measured.treated))


def scaled_alike(treated: pd.DataFrame, measured: Measured, settings: Settings) -> pd.DataFrame:
    """Treated values of another year in points of the study's own scale, so that a value of the study has its points.

    Min-max and z-scores go on in a straight line beyond the study's values (below 0 and above 100 points); ranks are
    read between the study's values and end with them, goalposts end with the goalposts. Where the score is no weighted
    sum, points end with the lowest and the highest of the study.
    """
    base, lowest = measured.treated, settings.normalisation.lowest_points
    signs = measured.tree.loc[treated.columns, "direction"].map({"+": 1.0, "-": -1.0})
    posts = study.goalposts(base, measured.tree)
    methods = framework.own_methods(measured.tree, treated.columns, settings.normalisation.method)
    columns = {}
    for code, method in methods.items():
        value, sign, own = treated[code], signs[code], base[code]
        if method == "zscore":
            columns[code] = 50 + 10 * sign * (value - own.mean()) / own.std(ddof=1)
        elif method == "rank":
            seen, places = np.unique(own.to_numpy(), return_index=True)
            points = measured.normalised[code].to_numpy()[places]
            columns[code] = pd.Series(np.interp(value, seen, points), value.index)
        else:
            low, high = posts.loc[code] if method == "goalposts" else (own.min(), own.max())
            share = (value - (low if sign > 0 else high)) * sign / (high - low)
            share = share.clip(0, 1) if method == "goalposts" else share
            columns[code] = lowest + (100 - lowest) * share
    points = pd.DataFrame(columns, index=treated.index)
    if not is_weighted_sum(measured, settings):
        points = points.clip(measured.normalised.min(), measured.normalised.max(), axis=1)
    return settle(points)


def is_weighted_sum(measured: Measured, settings: Settings) -> bool:
    """Whether the score is the sum of points times weights, so that a change of it can be taken apart."""
    return study.rule_of(settings, measured.tree) == "arithmetic"


def score_years(points: dict[int, pd.DataFrame], measured: Measured, settings: Settings) -> pd.DataFrame:
    """Score and domain scores of every city in every year: adcode, year, score, and a column a domain.

    All years are scored in one call together with the study's own points: TOPSIS has the study's best and worst.
    """
    everything = pd.concat({0: measured.normalised, **points}, names=["year", "adcode"])
    scores = study.score(everything, measured.weights, study.rule_of(settings, measured.tree)).to_frame()
    inside = study.score_domains(everything, measured.weights, measured.tree, settings.aggregation.method)
    table = scores.join(inside).drop(index=0, level="year").reset_index()
    return table[["adcode", "year", "score", *inside]]


def moves(scores: pd.DataFrame, points: dict[int, pd.DataFrame], measured: Measured,
          settings: Settings) -> pd.DataFrame:
    """What moved from the first to the last scored year, of the cities that are compared in both: first and last (the
    years), score_first, score_last, change, rank_first, rank_last (among these cities), climbed (places, positive
    upwards), and, where the score is a weighted sum, a column a domain: its part of the change, which they sum to.

    In the order of the last ranks; empty with fewer than two scored years.
    """
    sums = is_weighted_sum(measured, settings)
    domain = framework.ancestor(measured.tree, "domain").reindex(measured.weights.index)
    parts = list(dict.fromkeys(domain[framework.leaves(measured.tree).intersection(domain.index)])) if sums else []
    columns = ["first", "last", "score_first", "score_last", "change", "rank_first", "rank_last", "climbed"]
    if len(points) < 2:
        return pd.DataFrame(columns=[*columns, *parts], index=pd.Index([], name="adcode"))
    first, last = min(points), max(points)
    wide = scores.pivot(index="adcode", columns="year", values="score")[[first, last]].dropna()
    wide = wide.reindex([city for city in measured.raw.index if city in wide.index])
    ranks = {year: scoring.rank(wide[year]) for year in (first, last)}
    table = pd.DataFrame({
        "first": first, "last": last, "score_first": wide[first], "score_last": wide[last],
        "change": wide[last] - wide[first], "rank_first": ranks[first], "rank_last": ranks[last],
        "climbed": ranks[first] - ranks[last]})
    if parts:
        weighted = (points[last] - points[first]) * measured.weights.reindex(points[last].columns)
        by_domain = weighted.T.groupby(domain.reindex(weighted.columns).to_numpy()).sum().T
        table = table.join(by_domain.reindex(columns=parts))
    return settle(table.rename_axis("adcode").sort_values("rank_last", kind="stable"))
