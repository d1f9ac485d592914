"""The model's tables and the published facts that it is conditioned on.

Reference: docs/synthetic.md, sections 2 and 3; data/raw/synthetic/readings.csv and domains.csv.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import framework, published, sources
from analysis.rawfiles import Problems, numbers, read_table, refuse_repeats, refuse_unknown

FOLDER = Path("data/raw/synthetic")
KINDS = {"bounded": ("有界", "bounded"), "amount": ("金额或用量", "amount"), "rate": ("每万人数", "rate"),
         "count": ("计数", "count"), "years": ("年数", "years"), "named": ("是否入选", "named or not")}
NUMBERS = ["centre", "slope", "noise", "zeros", "tail", "missing", "minimum", "maximum", "planted_factor"]
WORDS = ["indicator", "kind", "reading_zh", "reading_en", "unit_zh", "unit_en", "direction"]
MAY_BE_EMPTY = {"centre", "slope", "tail", "maximum", "planted_factor"}
SHARES = ("noise", "zeros", "missing")
LIST_SIZE = 100  # entries of a printed list, one printed twice included


@dataclass(frozen=True)
class Published:
    """What the white paper prints about cities, in codes.

    ranks: Series by adcode, 1 to 100. members: by domain the codes of its list, inferred ones included.
    open_places: by domain the codes among which members of a lost row lie and how many they are, e.g. ten more of
    Shandong's cities for 数字政务.
    """

    ranks: pd.Series
    members: dict[str, pd.Index]
    open_places: dict[str, tuple[pd.Index, int]]


def read_readings(root: Path) -> pd.DataFrame:
    """How each indicator reads its domain's strength: one row per indicator of the framework, indexed by it.

    Columns kind (one of `KINDS`), reading_zh, reading_en, unit_zh, unit_en, direction, and as numbers centre (the
    value of a middling city), slope (of the logit or logarithm per standard deviation), noise (share of the variance
    that is not the domain's, 0–1), zeros (share of cities at zero), tail (degrees of freedom of Student's t, 3 or more;
    NaN: normal), missing (share of cities), minimum, maximum, planted_factor (of the gross error; NaN: none).
    Refuses unknown indicators and kinds, a direction that is not the framework's, shares outside 0–1.
    """
    table = read_table(root / FOLDER / "readings.csv", [*WORDS, *NUMBERS])
    tree = framework.read_framework(root)
    problems = Problems("readings.csv")
    refuse_repeats(table, ["indicator"], problems)
    refuse_unknown(table, "indicator", framework.leaves(tree), problems, "an indicator of framework.csv")
    refuse_unknown(table, "kind", KINDS, problems, "a kind of reading")
    for row in table[table["direction"] != table["indicator"].map(tree["direction"])].itertuples():
        problems.add(row.raw_row, "direction", row.direction, "not that of framework.csv; correct it")
    for column in NUMBERS:
        table[column] = numbers(table, column, problems, may_be_empty=column in MAY_BE_EMPTY)
    for column in SHARES:
        for row in table[(table[column] < 0) | (table[column] >= 1)].itertuples():
            problems.add(row.raw_row, column, getattr(row, column), "a share is from 0 to below 1; correct it")
    for code in framework.leaves(tree).difference(table["indicator"]):
        problems.add(None, "indicator", code, "has no row; add one")
    problems.stop_if_any()
    return table.drop(columns="raw_row").set_index("indicator").loc[framework.leaves(tree)]


def kind_names(lang: str) -> dict[str, str]:
    """The kinds of reading in words."""
    return {key: words[lang == "en"] for key, words in KINDS.items()}


def read_domain_levels(root: Path) -> pd.DataFrame:
    """Mean and spread (standard deviation) of each domain's strength in points, by domain code: numbers of this study.

    Only their order is published; docs/synthetic.md, section 2.
    """
    table = read_table(root / FOLDER / "domains.csv", ["domain", "mean", "spread"])
    problems = Problems("domains.csv")
    refuse_repeats(table, ["domain"], problems)
    refuse_unknown(table, "domain", framework.domains(framework.read_framework(root)), problems, "a domain")
    for column in ("mean", "spread"):
        table[column] = numbers(table, column, problems)
    problems.stop_if_any()
    return table.set_index("domain")[["mean", "spread"]]


def read_published(root: Path) -> Published:
    """Table 2 and the five lists, with the inferred members and with what is known of a lost row: its province.

    A list prints 100 entries; those neither read nor inferred lie in the province whose row is blank.
    """
    cities, tables = sources.read_cities(root), sources.read_whitepaper(root)
    clean = published.clean_whitepaper(tables, tables["errata"], tables["inferred_members"], cities)
    lists, members, open_places = clean["published_lists"], {}, {}
    for number, domain in published.DOMAIN_OF_TABLE.items():
        members[domain] = pd.Index(lists.loc[lists["table"] == number, "adcode"])
        printed = tables[sources.LIST_TABLES[number]]
        inferred = int((lists.loc[lists["table"] == number, "status"] == "inferred").sum())
        lost = LIST_SIZE - int((printed["city"] != "").sum()) - inferred
        if lost:
            blank = printed.loc[printed["city"] == "", "province"]
            province = cities.index[cities["province"].isin(blank)]
            open_places[domain] = (province.difference(members[domain]), lost)
    return Published(clean["published_ranks"], members, open_places)


def read_residents(root: Path) -> pd.Series:
    """Residents by city (persons): the only real figure in the model, the denominator of counts."""
    figures = sources.read_statistics(root)
    residents = figures[figures["variable"] == "resident_population"]
    return residents.set_index("adcode")["value"].reindex(sources.read_cities(root).index)
