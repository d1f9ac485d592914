"""Every number and name that the white paper's sentences say, taken from the run's tables and from nowhere else, but
for the GDP that the published lists are held against too.

A sentence is a template such as "第 {scores.top} 名得 {scores.last_score} 分"; `PaperValues` fills it. A group of
values is read when a sentence first asks for it, so that a run without some table can leave its sentences out. The
executed notebook keeps template and values of each sentence, and tests hold both against the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pandas as pd

from analysis import agreement, bands, scoring
from analysis.figures.labels import city_names, group_name, node_names, pick, system_name
from analysis.framework import PAPER_LISTS, ancestor, domains, leaves
from analysis.panel import read_panel
from analysis.settings import Settings
from workbench.white_paper.paper_tables import SURE

Read = Callable[..., pd.DataFrame]


class PaperValues:
    """The values of one run in one language, by group: `values["scores"].last_score` is a text such as "38.12"."""

    def __init__(self, read: Read, cities: pd.DataFrame, tree: pd.DataFrame, settings: Settings, lang: str) -> None:
        self.read, self.cities, self.tree, self.lang, self.settings = read, cities, tree, lang, settings
        self.top = settings.uncertainty.top
        self.nodes, self.short = node_names(tree, lang), city_names(cities, lang)
        self._groups: dict[str, SimpleNamespace] = {}

    def __getitem__(self, group: str) -> SimpleNamespace:
        if group not in self._groups:
            found = GROUPS[group](self) if group in GROUPS else one_domain_values(self, group)
            self._groups[group] = SimpleNamespace(**found)
        return self._groups[group]

    def listed(self, codes: list[str] | pd.Index, names: pd.Series | None = None) -> str:
        """Names in a row, of cities or of what `names` holds."""
        return pick(self.lang, "、", ", ").join((self.short if names is None else names)[codes])

    def table(self) -> pd.DataFrame:
        """05_scores, best first."""
        return self.read("05_scores").sort_values("rank", kind="stable")

    def hundred(self) -> pd.DataFrame:
        """The cities within the cut."""
        table = self.table()
        return table[table["rank"] <= self.top]


def system_values(v: PaperValues) -> dict[str, str]:
    """What is measured and what weighs most."""
    weights = v.read("05_weights", index="indicator")
    heavy = weights["combined"].sort_values(ascending=False, kind="stable")
    shares = weights["combined"].groupby(weights["domain"], sort=False).sum().sort_values(ascending=False)
    names = {code: v.nodes[code] for code in weights.index}
    unmeasured = [code for code in domains(v.tree) if code not in set(weights["domain"])]
    return {
        "indicators": str(len(leaves(v.tree))), "measured": str(len(weights)),
        "missing": str(len(leaves(v.tree)) - len(weights)), "domains": str(len(domains(v.tree))),
        "domains_measured": str(weights["domain"].nunique()),
        "without": v.listed(unmeasured, v.nodes) or pick(v.lang, "无", "none"),
        "heaviest": names[heavy.index[0]], "heaviest_weight": f"{heavy.iloc[0]:.1%}",
        "three": v.listed(heavy.index[:3], v.nodes), "three_weight": f"{heavy.iloc[:3].sum():.1%}",
        "domain": v.nodes[shares.index[0]], "domain_weight": f"{shares.iloc[0]:.1%}"}


def decision_values(v: PaperValues) -> dict[str, str]:
    """What decides the ranking: shares of the scores' variance, and what lists alone explain."""
    shares = v.read("05_effective_weights", index="indicator").sort_values("variance_share", ascending=False)
    domain = v.read("05_weights", index="indicator")["domain"]
    by_domain = shares.groupby(domain)[["nominal", "variance_share"]].sum().sort_values("variance_share")
    titles, explained = v.read("05_titles", index=None), v.read("05_titles_explained", index="titles")
    return {
        "first": v.nodes[shares.index[0]], "first_share": f"{shares['variance_share'].iloc[0]:.0%}",
        "first_weight": f"{shares['nominal'].iloc[0]:.1%}", "three": v.listed(shares.index[:3], v.nodes),
        "three_share": f"{shares['variance_share'].iloc[:3].sum():.0%}", "domain": v.nodes[by_domain.index[-1]],
        "domain_share": f"{by_domain['variance_share'].iloc[-1]:.0%}",
        "domain_weight": f"{by_domain['nominal'].iloc[-1]:.0%}",
        "titled": str(titles.loc[titles["titles"] > 0, "inside"].sum()),
        "lists": str(explained.at["recorded", "lists"]), "lists_used": str(explained.at["used", "lists"]),
        "lists_share": f"{explained.at['recorded', 'r_squared']:.0%}",
        "used_share": f"{explained.at['used', 'r_squared']:.0%}"}


def score_values(v: PaperValues) -> dict[str, str]:
    """Scores and ranks at the top and at the cut."""
    table, hundred, choices = v.table(), v.hundred(), v.read("06_choice_intervals")
    first, last = hundred.index[0], hundred.index[-1]
    behind = table.index[len(hundred)] if len(table) > len(hundred) else last
    width = (choices["rank_95"] - choices["rank_05"])[hundred.index]
    best, rest = width.iloc[:10], width.iloc[-20:]
    return {
        "cities": str(len(table)), "top": str(v.top), "first_five": v.listed(table.index[:5]),
        "first": v.short[first], "first_score": f"{table.at[first, 'score']:.2f}",
        "last": v.short[last], "last_score": f"{table.at[last, 'score']:.2f}",
        "behind": v.short[behind], "behind_score": f"{table.at[behind, 'score']:.2f}",
        "gap": f"{table.at[last, 'score'] - table.at[behind, 'score']:.2f}", "width": f"{width.median():.0f}",
        "width_best": f"{best.median():.0f}", "width_rest": f"{rest.median():.0f}"}


def certainty_values(v: PaperValues) -> dict[str, str]:
    """How many of the hundred are sure, and what moves the ranks most."""
    hundred, chance = v.hundred().index, f"p_top_{v.top}"
    choices, by_weights = v.read("06_choice_intervals")[chance], v.read("06_rank_intervals")[chance]
    share = v.read("06_scenario_summary")[f"share_top_{v.top}"]
    scenarios = v.read("06_scenarios", index="scenario")
    worst = scenarios.loc[scenarios["mean_shift"].idxmax()]
    sure, three = int((choices[hundred] > 0.95).sum()), v.read("06_intervals")
    of_data = three.loc[three["varies"] == "data", chance].reindex(hundred)
    sure_data = int((of_data > 0.95).sum())
    with_data = pick(v.lang, f"；再计入数据的误差，{sure_data} 座", f", and {sure_data} with the error of the data")
    return {
        "with_data": with_data if of_data.notna().any() else "", "sure": str(sure),
        "sure_weights": str(int((by_weights[hundred] > 0.95).sum())),
        "always": str(int((share == 1).sum())),
        "never": str(int((share == 0).sum())), "sometimes": str(int(((share > 0) & (share < 1)).sum())),
        "worst": worst[v.lang], "worst_shift": f"{worst['mean_shift']:.0f}",
        "worst_entering": f"{worst['entering']:.0f}"}


def band_values(v: PaperValues) -> dict[str, str]:
    """The bands when as much varies as the run lets vary, and the cities whose place and chance disagree."""
    three, ranks = v.read("06_intervals"), v.table()["rank"]
    chance = three.loc[three["varies"] == three["varies"].iloc[-1], f"p_top_{v.top}"]
    counts, odd = bands.band_counts(ranks, chance, v.top)["cities"], bands.at_odds(ranks, chance, v.top)
    none = pick(v.lang, "无", "none")
    return {name: str(number) for name, number in counts.items()} | {
        "outside_likely": v.listed(odd.index[~odd["inside"]]) or none,
        "inside_unlikely": v.listed(odd.index[odd["inside"]]) or none}


def region_values(v: PaperValues) -> dict[str, str]:
    """Where the hundred lie, by the paper's regions, the bureau's and provinces; ours and the published."""
    frame = v.read("08_region_counts", index=None)
    seven = frame[frame["system"] == "region"].set_index("group")
    bureau = frame[frame["system"] == "nbs_region"].set_index("group")
    best, least = seven["ours_penetration"].idxmax(), seven["ours_penetration"].idxmin()
    provinces = v.read("08_province_counts", index="province")
    ours = provinces["ours"].sort_values(ascending=False, kind="stable")
    published = provinces["published"].sort_values(ascending=False, kind="stable")
    east = bureau.loc["东部"]

    def named(codes: pd.Index) -> str:
        return pick(v.lang, "、", ", ").join(group_name(code, "province", v.lang) for code in codes)

    return {
        "system": system_name("region", v.lang), "best": group_name(best, "region", v.lang),
        "best_n": str(seven.at[best, "ours"]), "best_of": str(seven.at[best, "cities"]),
        "best_share": f"{seven.at[best, 'ours_penetration']:.0%}", "least": group_name(least, "region", v.lang),
        "least_n": str(seven.at[least, "ours"]), "least_of": str(seven.at[least, "cities"]),
        "least_share": f"{seven.at[least, 'ours_penetration']:.0%}", "east": str(east["ours"]),
        "east_of": str(east["cities"]), "east_share": f"{east['ours'] / bureau['ours'].sum():.0%}",
        "east_published": str(east["published"]), "three": named(ours.index[:3]),
        "three_n": str(ours.iloc[:3].sum()), "three_published": named(published.index[:3]),
        "three_published_n": str(published.iloc[:3].sum()),
        "whole": named(provinces.index[(provinces["ours_penetration"] == 1) & (provinces["cities"] > 1)]) or "–",
        "empty": named(provinces.index[provinces["ours"] == 0]) or pick(v.lang, "无", "none")}


def domain_values(v: PaperValues) -> dict[str, str]:
    """Level and spread of the domains in the hundred."""
    scores = v.hundred()[[code for code in domains(v.tree) if code in v.table()]]
    means, spreads = scores.mean().sort_values(), scores.std().sort_values()
    return {
        "best": v.nodes[means.index[-1]], "best_mean": f"{means.iloc[-1]:.1f}", "least": v.nodes[means.index[0]],
        "least_mean": f"{means.iloc[0]:.1f}", "widest": v.nodes[spreads.index[-1]],
        "widest_sd": f"{spreads.iloc[-1]:.1f}", "narrowest": v.nodes[spreads.index[0]],
        "narrowest_sd": f"{spreads.iloc[0]:.1f}"}


def one_domain_values(v: PaperValues, code: str) -> dict[str, str]:
    """One domain, by its code: what of it is measured, who leads, how long its list is."""
    own, table = v.read("05_weights", index="indicator"), v.table()
    measured = own.index[own["domain"] == code]
    found = {"of": str(int((ancestor(v.tree, "domain") == code).sum())), "measured": str(len(measured)),
             "names": v.listed(measured, v.nodes),
             "table": str(next((number for number, domain in PAPER_LISTS.items() if domain == code), ""))}
    if code in table:
        order = table[code].sort_values(ascending=False, kind="stable")
        found |= {"leaders": v.listed(order.index[:5]), "listed": str(int((scoring.rank(table[code]) <= v.top).sum()))}
    return found


def stage_values(v: PaperValues) -> dict[str, str]:
    """Sizes of the tiers and how sure membership is."""
    tiers, choices = v.read("07_tiers"), v.read("06_choice_intervals")
    own = tiers["tier_score"]
    sizes = own.value_counts().sort_index()
    first, last = own.index[own == sizes.index[0]], own.index[own == sizes.index[-1]]
    chance = pd.Series({code: choices.at[code, f"p_tier_{tier}"] for code, tier in own.items()
                        if f"p_tier_{tier}" in choices}, dtype=float)
    return {
        "count": str(len(sizes)), "sizes": pick(v.lang, "、", ", ").join(map(str, sizes)), "first_n": str(len(first)),
        "last_n": str(len(last)), "cut": f"{tiers.loc[first, 'score'].min():.1f}",
        "sure": str(int((chance >= SURE).sum())), "of": str(len(chance)), "sure_share": f"{SURE:.0%}",
        "unsure": str(int((chance < 0.5).sum()))}


def overlap_values(v: PaperValues) -> dict[str, str]:
    """Each measured domain list beside the paper's: D3_hits of D3_listed, and the AUC; and the same of GDP."""
    table, found = v.read("09_list_overlap", index="domain"), {}
    measured = table[table["measured"]]
    money = pd.DataFrame(dict.fromkeys(measured.index, gross_product(v.cities)))
    by_gdp = agreement.list_overlap(money, v.read("01_published_lists", index=None)).summary
    for code, row in measured.iterrows():
        found |= {f"{code}_hits": f"{row['hits']:.0f}", f"{code}_listed": f"{row['listed']:.0f}",
                  f"{code}_auc": f"{row['auc']:.2f}", f"{code}_gdp_hits": f"{by_gdp.at[code, 'hits']:.0f}",
                  f"{code}_gdp_auc": f"{by_gdp.at[code, 'auc']:.2f}"}
    return found


def gross_product(cities: pd.DataFrame) -> pd.Series:
    """GDP of 2019 by city, a public figure whatever values a study ranks by."""
    figures = read_panel().figures
    return figures[figures["variable"] == "gdp"].set_index("adcode")["value"].reindex(cities.index)


def agreement_values(v: PaperValues) -> dict[str, str]:
    """Agreement with the published hundred, beside GDP's."""
    table = v.read("09_agreement", index="ranking")
    own, money = table.loc["study"], table.loc["gdp_2019"]
    return {"spearman": f"{own['spearman']:.3f}", "low": f"{own['spearman_low']:.2f}",
            "high": f"{own['spearman_high']:.2f}", "gdp_spearman": f"{money['spearman']:.3f}",
            "overlap": f"{own['overlap']:.0f}", "gdp_overlap": f"{money['overlap']:.0f}", "auc": f"{own['auc']:.3f}",
            "gdp_auc": f"{money['auc']:.3f}"}


def outlook_values(v: PaperValues) -> dict[str, str]:
    """Inequality, East and West, and what the choice of data does."""
    unequal = v.read("08_inequality", index="measure")["value"]
    pairs = v.read("08_east_west", index="region")
    return {
        "gini": f"{unequal['gini']:.2f}", "between": f"{unequal['theil_between'] / unequal['theil']:.0%}",
        "west": f"{pairs.at['西部', 'superiority']:.0%}", "central": f"{pairs.at['中部', 'superiority']:.0%}",
        "northeast": f"{pairs.at['东北', 'superiority']:.0%}"}


GROUPS = {"system": system_values, "decides": decision_values, "scores": score_values, "certainty": certainty_values,
          "bands": band_values, "regions": region_values, "domains": domain_values, "stages": stage_values,
          "lists": overlap_values, "agreement": agreement_values, "outlook": outlook_values}
