"""The published facts compared with totals and domain strengths: how many are met, and every miss.

The same functions are used for the latent strengths, which are conditioned on these facts, and for what the study
recomputes from the readings, which is not.

Reference: docs/synthetic.md, sections 2 and 4.
"""

from __future__ import annotations

import pandas as pd

from analysis.agreement import top_cities
from analysis.scoring import rank
from analysis.tiers import natural_breaks

from .strengths import LEADING, STAGES
from .tables import Published

FACT_COLUMNS = ["fact", "domain", "basis", "published", "met", "holds"]
MISS_COLUMNS = ["fact", "domain", "adcode", "city", "expected", "found"]
FACT_NAMES = {
    "order": ("表 2 的名次", "ranks of Table 2"),
    "hundred": ("百强的城市", "cities of the hundred"),
    "list": ("领域百强名单", "list of the domain"),
    "leading": ("领先阶段的五市", "the five cities of the leading stage"),
    "strongest": ("政务水平最高", "government services strongest"),
    "weakest": ("民生水平最低", "livelihood weakest"),
    "focus": ("治理、基础高于经济、创新", "governance and infrastructure above economy and innovation"),
    "spread": ("创新、政务、经济的差距大于其余领域", "innovation, government services and economy spread most"),
}
SIDES = {"inside": ("应在其内", "inside"), "outside": ("应在其外", "outside"), "leading": ("领先阶段", "leading stage"),
         "later": ("其后的阶段", "a later stage")}
# Of each statement on levels or spreads: the domains that must be higher, those that must be lower, and its ground.
LEVEL_FACTS = {
    "strongest": ("mean", ["D3"], ["D1", "D2", "D4", "D5", "D6"], "printed"),
    "weakest": ("mean", ["D1", "D2", "D3", "D5", "D6"], ["D4"], "printed"),
    "focus": ("mean", ["D2", "D6"], ["D1", "D5"], "printed"),
    "spread": ("std", ["D5", "D3", "D1"], ["D2", "D4", "D6"], "notes"),
}


def fact_names(lang: str) -> dict[str, str]:
    """The facts in words, by their key."""
    return {key: words[lang == "en"] for key, words in FACT_NAMES.items()}


def sides(lang: str) -> dict[str, str]:
    """Where a city ought to be, in words."""
    return {key: words[lang == "en"] for key, words in SIDES.items()}


def compare_facts(totals: pd.Series, strengths: pd.DataFrame, published: Published,
                  names: pd.Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every published fact against totals (by city) and domain strengths (cities × the six domains).

    Returns (facts, misses). facts: one row per fact: fact (a key of FACT_NAMES), domain (of a list, else empty), basis
    (printed in the paper, or stated in this study's notes on it only), published and met (how many cities, or for
    statements on levels how many of the two groups all cities and the hundred), holds. misses: one row per city or
    group for which a fact fails: fact, domain, adcode, city, expected, found.
    Reading of a list: its n members are the n strongest; places whose names are lost cannot be missed.
    """
    facts, misses = [], []
    for part in (order_facts, list_facts, level_facts):
        found, missed = part(totals, strengths, published)
        facts, misses = facts + found, misses + missed
    table = pd.DataFrame(misses, columns=[column for column in MISS_COLUMNS if column != "city"])
    table.insert(3, "city", table["adcode"].map(names).fillna(""))
    return pd.DataFrame(facts, columns=FACT_COLUMNS), table


def order_facts(totals: pd.Series, strengths: pd.DataFrame, published: Published) -> tuple[list, list]:
    """Ranks of Table 2, the cities of the hundred and the leading five, all by the totals."""
    ranks, ours = published.ranks, rank(totals)
    wrong = ranks.index[ours[ranks.index] != ranks]
    outside = ranks.index.difference(top_cities(totals, len(ranks)))
    five = ranks.index[ranks <= LEADING]
    stages = natural_breaks(totals[ranks.index], STAGES).tiers
    leading = stages.index[stages == 1]
    facts = [("order", "", "printed", len(ranks), len(ranks) - len(wrong), len(wrong) == 0),
             ("hundred", "", "printed", len(ranks), len(ranks) - len(outside), len(outside) == 0),
             ("leading", "", "printed", LEADING, len(five.intersection(leading)), set(five) == set(leading))]
    misses = [("order", "", city, str(ranks[city]), str(ours[city])) for city in wrong]
    misses += [("hundred", "", city, "inside", "outside") for city in outside]
    misses += [("leading", "", city, "leading" if city in five else "later", f"stage {stages[city]}")
               for city in five.symmetric_difference(leading)]
    return facts, misses


def list_facts(totals: pd.Series, strengths: pd.DataFrame, published: Published) -> tuple[list, list]:
    """Members of the five lists among the strongest cities of their domain, as many as the list has places."""
    facts, misses = [], []
    for domain, members in published.members.items():
        candidates, places = published.open_places.get(domain, (members[:0], 0))
        strongest = top_cities(strengths[domain], len(members) + places)
        lacking = members.difference(strongest)
        intruding = strongest.difference(members).difference(candidates)
        facts.append(("list", domain, "printed", len(members), len(members) - len(lacking),
                      not len(lacking) and not len(intruding)))
        misses += [("list", domain, city, "inside", "outside") for city in lacking]
        misses += [("list", domain, city, "outside", "inside") for city in intruding]
    return facts, misses


def level_facts(totals: pd.Series, strengths: pd.DataFrame, published: Published) -> tuple[list, list]:
    """Statements on levels and spreads, over all cities and over the hundred: Figure 4 does not say which it draws."""
    facts, misses = [], []
    groups = {"all cities": strengths, "hundred": strengths.loc[published.ranks.index]}
    for fact, (measure, higher, lower, basis) in LEVEL_FACTS.items():
        failed = []
        for group, values in groups.items():
            numbers = values.agg(measure)
            if not numbers[higher].min() > numbers[lower].max():
                found = ", ".join(f"{domain} {number:.1f}" for domain, number in numbers.items())
                failed.append((fact, "", "", f"{group}: {'/'.join(higher)} above {'/'.join(lower)}", found))
        facts.append((fact, "", basis, len(groups), len(groups) - len(failed), not failed))
        misses += failed
    return facts, misses
