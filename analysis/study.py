"""The whole method in memory: from the cleaned panel to scores and ranks, every stage kept by name.

The notebooks walk through the same stages one by one; `score_study` runs them in one call, because sensitivity analysis
*is* running the method again with another choice. A test holds the two equal.

Reference: docs/method.md; OECD/JRC (2008), Handbook on Constructing Composite Indicators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import experts, framework, indicators, normalisation, scoring, treatment, weighting
from analysis.frames import settle
from analysis.panel import Panel, figures_of, region_systems, tree_of
from analysis.settings import Settings, Weighting, refuse_ratios_of_z_scores


@dataclass(frozen=True)
class Study:
    """One run of the method. Frames are cities × indicators unless stated; scores and normalised values are 0–100."""

    settings: Settings
    panel: Panel
    framework: pd.DataFrame
    raw: pd.DataFrame
    origins: pd.DataFrame
    treated: pd.DataFrame
    treatment_record: pd.DataFrame
    normalised: pd.DataFrame
    weights: pd.DataFrame
    domain_scores: pd.DataFrame
    scores: pd.Series
    ranks: pd.Series

    @property
    def combined_weights(self) -> pd.Series:
        """The weights that make the score: Series by indicator, summing to 1."""
        return self.weights["combined"]


def score_study(panel: Panel, settings: Settings) -> Study:
    """Run the whole method on a panel: indicators, treatment, normalisation, weights, domain scores, scores, ranks.

    Returns a Study with every stage. Raises ValueError naming what is wrong: a constant indicator, an inconsistent
    judgement matrix, a weight that belongs to no indicator.
    """
    tree = tree_of(panel, settings)
    chosen = proxies_in_use(panel.proxies, settings)
    raw, origins = indicators.indicator_matrix(figures_of(panel, settings), panel.cities, chosen,
                                               settings.indicators.scale, settings.indicators.district_titles)
    raw = well_covered(raw, settings.treatment.indicator_coverage)
    treated, record = treat(raw, panel.cities, chosen, tree, settings)
    normalised = normalise(treated, tree, settings)
    choices = settings.weighting
    judged = experts.subjective_weights(
        panel, tree, treated.columns, subjective=choices.subjective, method=choices.ahp_method,
        consistency_limit=choices.consistency_limit, allow_inconsistent=choices.allow_inconsistent,
        unmeasured=choices.unmeasured, data_centre_parent=choices.data_centre_parent,
        used=choices.experts)["measured"]
    weights = weigh(objective_weights(treated, tree), judged, tree, settings, sparse_indicators(treated, tree))
    scores = score(normalised, weights["combined"], rule_of(settings, tree))
    domain_scores = score_domains(normalised, weights["combined"], tree, settings.aggregation.method)
    return Study(settings, panel, tree, raw, origins, treated, record, normalised, weights, domain_scores, scores,
                 scoring.rank(scores))


# --- the stages, one function each; notebooks 02 to 05 call the same ones ---------------------------------------------
def proxies_in_use(proxies: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The proxies that a run uses, by indicator (`indicators.chosen_proxies`)."""
    chosen = settings.indicators
    return indicators.chosen_proxies(proxies, chosen.worst_grade, chosen.exclude, chosen.readings)


def well_covered(raw: pd.DataFrame, limit: float) -> pd.DataFrame:
    """The indicators that at least a share `limit` of the cities have (setting treatment.indicator_coverage); the
    others are left out."""
    kept = raw.loc[:, raw.notna().mean() >= limit]
    if kept.empty:
        raise ValueError(f"treatment.indicator_coverage = {limit:g}: no indicator covers so many cities; lower it")
    return kept


def treat(raw: pd.DataFrame, cities: pd.DataFrame, chosen: pd.DataFrame, tree: pd.DataFrame,
          settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fill gaps, then tame outliers and do what the tree says of scales; returns the treated values and one record row
    for each changed cell."""
    filled, gaps = fill_gaps(raw, cities, chosen, settings)
    treated, clipped = tame_outliers(raw, filled, tree, settings)
    return treated, settle(pd.concat([gaps, clipped], ignore_index=True))


def fill_gaps(raw: pd.DataFrame, cities: pd.DataFrame, chosen: pd.DataFrame,
              settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first half of `treat`: the values without gaps, not settled yet, and a record row for each gap."""
    choices = settings.treatment
    return treatment.fill_missing(raw, choices.missing, choices.neighbours, region_of(cities, choices.missing),
                                  donor_cells(raw, chosen))


def donor_cells(raw: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Which cells may lend their value to a gap (booleans, cities × indicators): those that are observed.

    `chosen` are the proxies in use: a gap in years of operation means a portal whose year is unknown, so only cities
    with a portal can lend it a value.
    """
    counts_years = (chosen["measure"].reindex(raw.columns) == "years_operating").to_numpy()
    values = raw.to_numpy()
    return pd.DataFrame(~np.isnan(values) & ~(counts_years & (values == 0)), raw.index, raw.columns)


def region_of(cities: pd.DataFrame, rule: str) -> pd.Series:
    """The region whose median fills a gap: the bureau's, or a study's own first system of regions."""
    systems = region_systems(cities)
    if not systems and rule == "group_median":
        raise ValueError("treatment.missing = group_median needs regions, and the table of cities has none; add a "
                         "column of regions and a table `regions`, or choose nearest or lowest")
    main = "nbs_region" if "nbs_region" in systems else next(iter(systems), None)
    return cities[main] if main else pd.Series("", cities.index)


def tame_outliers(raw: pd.DataFrame, filled: pd.DataFrame, tree: pd.DataFrame,
                  settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The second half of `treat`: the treated values and a record row for each change."""
    choices = settings.treatment
    scaled, said = treatment.scale_as_said(filled, framework.own_scales(tree, filled.columns))
    treated, clipped = treatment.treat_outliers(scaled, choices.outliers, choices.skewness_limit,
                                                choices.kurtosis_limit, choices.winsorise_at_most,
                                                without_outliers(raw, tree))
    return settle(treated), pd.concat([said, clipped], ignore_index=True) if len(said) else clipped


def without_outliers(raw: pd.DataFrame, tree: pd.DataFrame) -> list[str]:
    """The indicators that have no outliers: two-valued ones, and those whose scale the study's own tree says."""
    return list(dict.fromkeys([*two_valued(raw), *framework.own_scales(tree, raw.columns).index]))


def two_valued(values: pd.DataFrame) -> list[str]:
    """The indicators with two values only, such as named in a list or not: they have no outliers."""
    return [column for column in values if values[column].nunique() <= 2]


def yes_no_lists(panel: Panel, raw: pd.DataFrame) -> pd.DataFrame:
    """What says of each city only yes or no: cities × lists, 1 or 0, NaN where it is not known.

    The two-valued indicators of `raw`, by code, and the panel's lists that no indicator is read from, by variable.
    """
    used = pd.DataFrame({code: raw[code].where(raw[code].isna(), raw[code] == raw[code].max()).astype(float)
                         for code in two_valued(raw)}, index=raw.index)
    lists = panel.proxies[panel.proxies["measure"] == "named"].set_index("indicator")
    for code, proxy in lists[~lists.index.isin(used.columns)].iterrows():
        used[proxy["variable"]] = indicators.indicator_values(panel.figures, panel.cities, proxy.rename(code), "total",
                                                              "missing")
    return used


def normalise(treated: pd.DataFrame, tree: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Treated values in points, as the settings say; see `points`."""
    choices = settings.normalisation
    methods = framework.own_methods(tree, treated.columns, choices.method)
    posts = goalposts(treated, tree) if (methods == "goalposts").any() else None
    return points(treated, tree["direction"].reindex(treated.columns), methods, choices.lowest_points, posts)


def goalposts(treated: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """Both ends of every indicator's scale in treated values (columns low, high): the goalposts of the tree, in
    logarithms where the values are, and where it has none the lowest and the highest value."""
    posts = pd.DataFrame({"low": treated.min(), "high": treated.max()})
    scales = framework.own_scales(tree, treated.columns).dropna()
    for code, scale in scales.iterrows():
        ends = scale[["low", "high"]].astype(float)
        posts.loc[code] = np.log(ends) if scale["log"] else ends
    return settle(posts)


def points(treated: pd.DataFrame, direction: pd.Series, method: str | pd.Series, lowest_points: float,
           posts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Treated values in points, larger is better: min-max, goalposts and ranks up to 100, z-scores as 50 ± 10.

    `direction` is "+" or "-" by indicator; `method` one for all, or a Series by indicator (`framework.own_methods`);
    `posts` are the ends for goalposts (`goalposts`). The lowest city has
    `lowest_points` (0 by default; geometric aggregation needs more than 0); z-scores have no lowest value and ignore
    it.
    """
    if isinstance(method, pd.Series):
        alike = {kind: method.index[method == kind] for kind in method.unique()}
        if len(alike) > 1:
            columns = [points(treated[codes], direction, kind, lowest_points, posts) for kind, codes in alike.items()]
            return pd.concat(columns, axis=1)[treated.columns]
        method = str(method.iloc[0])
    values = normalisation.normalise(treated, direction, method, posts if method == "goalposts" else None)
    if method == "zscore":
        return settle(50 + 10 * values)
    return settle(100 * normalisation.rescale(values, lowest_points / 100, 1))


def objective_weights(treated: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """The weights computed from the data, side by side: entropy flat and nested, CRITIC, and equal for comparison.

    All are computed on min-max values, on any scale of the scores: entropy needs shares, which z-scores do not have.
    """
    unit = unit_values(treated, tree)
    weights = {kind: weigh_by(unit, tree) for kind, weigh_by in OBJECTIVE_WEIGHTS.items()}
    return settle(pd.DataFrame(weights, index=treated.columns).rename_axis("indicator"))


def objective_weights_of_kind(treated: pd.DataFrame, tree: pd.DataFrame, kind: str) -> pd.Series:
    """One column of `objective_weights`, without computing the others."""
    weights = OBJECTIVE_WEIGHTS[kind](unit_values(treated, tree), tree)
    return settle(weights.reindex(treated.columns)).rename(kind).rename_axis("indicator")


def unit_values(treated: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """Treated values from 0 to 1, larger is better."""
    return settle(normalisation.normalise(treated, tree.loc[treated.columns, "direction"], "minmax"))


OBJECTIVE_WEIGHTS = {
    "entropy": lambda unit, tree: weighting.entropy_weights(unit),
    "nested_entropy": lambda unit, tree: weighting.nested_weights(unit, tree, weighting.entropy_weights),
    "critic": lambda unit, tree: weighting.critic_weights(unit),
    "equal": lambda unit, tree: weighting.equal_weights(unit.columns),
}


def sparse_indicators(treated: pd.DataFrame, tree: pd.DataFrame) -> list[str]:
    """The indicators of which more than half of the cities have the lowest value: short lists, things few have."""
    signs = normalisation.signs_of(tree["direction"].reindex(treated.columns), treated.columns).to_numpy()
    values = treated.to_numpy() * signs
    at_lowest = (values == values.min(axis=0)).mean(axis=0)
    return list(treated.columns[at_lowest > weighting.SPARSE_ABOVE])


def computed_half(objective: pd.DataFrame, subjective: pd.Series, sparse: Sequence[str], choices: Weighting
                  ) -> pd.Series:
    """The computed weights that a run combines: the column that the settings name, with the judged weight where entropy
    is not asked (setting weighting.sparse; `weighting.judged_where_sparse`)."""
    computed = objective[choices.objective]
    if choices.sparse == "entropy" or choices.objective not in weighting.BY_ENTROPY:
        return computed
    return settle(weighting.judged_where_sparse(computed, subjective.reindex(computed.index), sparse))


def weigh(objective: pd.DataFrame, subjective: pd.Series, tree: pd.DataFrame, settings: Settings,
          sparse: Sequence[str]) -> pd.DataFrame:
    """All weights in one table, combined as the settings say; see `weight_table`. `sparse` are the indicators of which
    entropy is not asked (`sparse_indicators`)."""
    choices = settings.weighting
    subjective = subjective.reindex(objective.index)
    computed = computed_half(objective, subjective, sparse, choices)
    combined = weighting.combine_weights(subjective, computed, choices.rule, choices.alpha)
    return weight_table(subjective, objective, computed, combined, tree)


def weight_table(subjective: pd.Series, objective: pd.DataFrame, computed: pd.Series, combined: pd.Series,
                 tree: pd.DataFrame) -> pd.DataFrame:
    """All weights in one table: the judged, the computed, and their combination that makes the score.

    Returns one row per measured indicator: domain, subdomain, subjective, entropy, nested_entropy, critic, equal,
    objective (`computed`: the weights that were combined with the judged ones), combined. Every column of weights sums
    to 1.
    """
    places = {"domain": framework.ancestor(tree, "domain"), "subdomain": framework.ancestor(tree, "subdomain")}
    columns = {level: place.reindex(objective.index) for level, place in places.items()}
    columns |= {"subjective": subjective.reindex(objective.index), **objective,
                "objective": computed.reindex(objective.index), "combined": combined.reindex(objective.index)}
    return settle(pd.DataFrame(columns).rename_axis("indicator"))


def rule_of(settings: Settings, tree: pd.DataFrame) -> scoring.Rule:
    """How points become the total score, as the settings say; see `rule`."""
    refuse_ratios_of_z_scores(settings)
    return rule(settings.aggregation.method, settings.aggregation.domains, tree)


def rule(method: str, domains: str, tree: pd.DataFrame) -> scoring.Rule:
    """How points become the total score: `method` over all indicators, or by it in each domain of the tree and then by
    `domains` from the domain scores. The same mean twice is that mean at once."""
    if domains in ("same", method):
        return method
    return scoring.TwoLevels(method, domains, tuple(framework.ancestor(tree, "domain").items()))


def score(normalised: pd.DataFrame, weights: pd.Series, method: scoring.Rule) -> pd.Series:
    """The total score of every city in points, by the run's rule (`scoring.aggregate`; TOPSIS closeness and benefit
    of the doubt × 100)."""
    inside = method.inside if isinstance(method, scoring.TwoLevels) else method
    if inside == "geometric" and not (normalised > 0).all(axis=None):
        raise ValueError("aggregation.method = geometric needs points above 0: set normalisation.lowest_points = 1 "
                         "(with minmax or rank), so that the lowest city of an indicator has 1 point instead of 0")
    scores = scoring.aggregate(normalised, weights, method)
    return settle(100 * scores if method in scoring.SHARES else scores).rename("score")


def score_domains(normalised: pd.DataFrame, weights: pd.Series, tree: pd.DataFrame, method: str) -> pd.DataFrame:
    """Each measured domain's score in points: the same aggregation over its own indicators, their weights summing to 1.

    Arithmetic totals, and those of two levels (`rule`), are the mean of the domain scores weighted by the domains'
    weights.
    """
    domain = framework.ancestor(tree, "domain").reindex(normalised.columns)
    columns = {}
    for code in framework.domains(tree).intersection(domain):
        own = weights[domain == code]
        columns[code] = score(normalised[own.index], own / own.sum(), method)
    return pd.DataFrame(columns, index=normalised.index)


def score_table(cities: pd.DataFrame, scores: pd.Series, ranks: pd.Series, domain_scores: pd.DataFrame,
                raw: pd.DataFrame, published_ranks: pd.Series, settings: Settings) -> pd.DataFrame:
    """The main result, one row per city: names, regions, score, rank, domain scores, the separate published_rank
    (missing outside the hundred) and low_coverage, True where fewer indicators are observed than
    treatment.city_coverage requires."""
    names = cities[["name", "name_en", *region_systems(cities)]]
    table = names.assign(score=scores, rank=ranks).join(domain_scores)
    observed = raw.notna().mean(axis=1)
    return table.assign(published_rank=published_ranks.reindex(cities.index).astype("Int64"),
                        low_coverage=observed < settings.treatment.city_coverage)


ACTIONS = {"filled_nearest": ("取最近城市的中位数", "median of the nearest cities"),
           "filled_regression": ("取其他指标预测的名次上的值", "value at the rank predicted by the others"),
           "filled_matching": ("取预测最近城市的中位数", "median of cities with like predictions"),
           "filled_group_median": ("取所在地区的中位数", "median of the region"),
           "filled_lowest": ("取最低值", "lowest value"), "winsorised": ("缩尾", "winsorised"),
           "capped": ("按目标值封顶或托底", "counts as the goalpost"), "log": ("取对数", "logarithm")}


def named_record(record: pd.DataFrame, cities: pd.DataFrame, lang: str = "zh") -> pd.DataFrame:
    """The treatment record for readers: `place` with the city's name, `treatment` in words, donors by name."""
    names = cities["name" if lang == "zh" else "name_en"]
    comma, word = ("、", 0) if lang == "zh" else (", ", 1)
    donors = [comma.join(names.get(code, code) for code in str(codes).split(";") if code) for codes in record["donors"]]
    treated = record["action"].map({action: words[word] for action, words in ACTIONS.items()})
    return record.assign(place=names.reindex(record["adcode"]).to_numpy(), donors=donors, treatment=treated)


def shape_table(raw: pd.DataFrame, treated: pd.DataFrame, record: pd.DataFrame) -> pd.DataFrame:
    """Skewness and excess kurtosis of each indicator before and after treatment, with what was done and to how many
    cells: one row per indicator that was winsorised or log-transformed."""
    done = record[record["action"].isin(["winsorised", "log"])].groupby("indicator")["treatment"].agg(["first", "size"])
    shape = pd.DataFrame({"skewness_before": raw.skew(), "kurtosis_before": raw.kurt(),
                          "skewness_after": treated.skew(), "kurtosis_after": treated.kurt()}).rename_axis("indicator")
    return done.rename(columns={"first": "treatment", "size": "cells"}).join(shape, how="inner")
