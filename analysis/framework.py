"""The evaluation system: 6 domains, 14 sub-domains, 34 indicators, and which of them public data can measure.

Reference: docs/method.md, section 1; Table 1 of the 2020 white paper, whose merged cells are rebuilt as its row counts
require (data/raw/whitepaper/table1_framework.csv keeps them as printed).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.rawfiles import Problems, numbers, read_table, refuse_repeats, refuse_unknown

# The white paper's tables of cities by domain; it has none of D1 数字经济, which this study adds as table 8.
PAPER_LISTS = {3: "D3", 4: "D2", 5: "D4", 6: "D5", 7: "D6", 8: "D1"}
FOLDER = "data/raw/framework"
FRAMEWORK_COLUMNS = ["code", "level", "parent", "number", "name_zh", "name_en", "direction", "certainty", "note"]
PROXY_COLUMNS = ["indicator", "variable", "role", "measure", "fallback", "grade", "unit_zh", "unit_en", "multiplier",
                 "reference_year", "reading_zh", "reading_en"]
RELIABILITY_COLUMNS = ["grade", "variable", "reliability", "reason_zh", "reason_en"]
LEVELS = ("domain", "subdomain", "indicator")
ROLES = ("main", "alternative", "duplicate", "sensitivity")
MEASURES = ("level", "level_per_resident", "median", "median_per_resident", "named", "years_operating")
AMBIGUOUS_INDICATOR = "I32"  # 城市数据中心: the label's position says S14, its meaning S13
GRADES = {"A": "measures it", "B": "close", "C": "a stretch", "D": "capacity or size, not the digital thing itself"}


def read_framework(root: Path, data_centre_parent: str = "S13") -> pd.DataFrame:
    """The tree of the evaluation system, one row per node: parents before children, in the paper's order.

    Returns a frame indexed by `code` with level, parent, number, name_zh, name_en, direction, certainty, note.
    `data_centre_parent` decides the one ambiguous parent of Table 1: 城市数据中心 (I32) under S13 or S14.
    Refuses a code given twice, an unknown level or direction and a parent that is not a node one level up.
    """
    table = read_table(root / FOLDER / "framework.csv", FRAMEWORK_COLUMNS)
    problems = Problems("framework.csv")
    refuse_repeats(table, ["code"], problems)
    refuse_unknown(table, "level", LEVELS, problems, "a level of the tree")
    for level, above in zip(LEVELS, ("", *LEVELS[:-1]), strict=True):
        parents = table.loc[table["level"] == above, "code"] if above else [""]
        refuse_unknown(table[table["level"] == level], "parent", parents, problems, f"a {above or 'blank'} node")
    refuse_unknown(table[table["level"] == "indicator"], "direction", ("+", "-"), problems, "a direction, + or -")
    problems.stop_if_any()
    return with_data_centre(table.drop(columns="raw_row").set_index("code"), data_centre_parent)


def with_data_centre(tree: pd.DataFrame, parent: str) -> pd.DataFrame:
    """The paper's tree with 城市数据中心 (I32) under one of its two possible parents."""
    tree = tree.copy()
    tree.loc[AMBIGUOUS_INDICATOR, "parent"] = parent
    return tree


def is_papers_tree(tree: pd.DataFrame, root: Path) -> bool:
    """Whether a tree has the nodes of the paper's Table 1, each under the same parent; their names may differ."""
    places, own = (table[["level", "parent"]].sort_index() for table in (read_framework(root), tree))
    return own.equals(places)


def read_proxies(root: Path) -> pd.DataFrame:
    """Which public figure stands for which indicator: one row per (indicator, variable) pair.

    Columns indicator, variable, role, measure, fallback, grade, unit_zh, unit_en, multiplier, reference_year (both
    numbers), reading_zh, reading_en. Refuses unknown indicators, variables, roles, measures and grades, and an
    indicator with two main readings.
    """
    table = read_table(root / FOLDER / "proxies.csv", PROXY_COLUMNS)
    problems = Problems("proxies.csv")
    variables = read_table(root / "data/raw/statistics/variables.csv", ["variable"])["variable"]
    known = {"indicator": leaves(read_framework(root)), "variable": variables, "fallback": ["", *variables],
             "role": ROLES, "measure": MEASURES, "grade": tuple(GRADES)}
    for column, words in known.items():
        refuse_unknown(table, column, words, problems, f"a known {column}")
    refuse_repeats(table[table["role"] == "main"], ["indicator"], problems)
    refuse_repeats(table, ["variable"], problems)
    table["multiplier"] = numbers(table, "multiplier", problems)
    table["reference_year"] = numbers(table, "reference_year", problems, may_be_empty=True)
    problems.stop_if_any()
    return table.drop(columns="raw_row")


def read_reliability(root: Path) -> pd.DataFrame:
    """Reliabilities that are stated, not estimated: one row per grade or variable, each with its reason.

    Columns grade, variable (one of both, the other empty), reliability (above 0, at most 1), reason_zh, reason_en. A
    row of a variable goes before that of its proxy's grade and before any estimate. Refuses unknown grades and
    variables, repeated ones, rows with both or neither, and figures out of range.
    """
    table = read_table(root / FOLDER / "reliability.csv", RELIABILITY_COLUMNS)
    problems = Problems("reliability.csv")
    variables = read_table(root / "data/raw/statistics/variables.csv", ["variable"])["variable"]
    refuse_unknown(table, "grade", ("", *GRADES), problems, "a grade, A to D")
    refuse_unknown(table, "variable", ["", *variables], problems, "a known variable")
    for row in table[(table["grade"] == "") == (table["variable"] == "")].itertuples():
        problems.add(row.raw_row, "grade", row.grade, "a row is of a grade or of a variable; fill in one of the two")
    refuse_repeats(table, ["grade", "variable"], problems)
    table["reliability"] = numbers(table, "reliability", problems)
    for row in table[~table["reliability"].between(0, 1, inclusive="right")].itertuples():
        problems.add(row.raw_row, "reliability", row.reliability, "a reliability is above 0 and at most 1; correct it")
    problems.stop_if_any()
    return table.drop(columns="raw_row")


def leaves(framework: pd.DataFrame) -> pd.Index:
    """The indicators' codes in the paper's order."""
    return framework.index[framework["level"] == "indicator"]


def domains(framework: pd.DataFrame) -> pd.Index:
    """The domains' codes in the paper's order."""
    return framework.index[framework["level"] == "domain"]


def ancestor(framework: pd.DataFrame, level: str) -> pd.Series:
    """For each indicator, the code of the sub-domain or domain that it belongs to (Series by indicator code)."""
    parents = framework.loc[leaves(framework), "parent"]
    return parents if level == "subdomain" else parents.map(framework["parent"]).rename("parent")


NOTHING_SAID = pd.DataFrame({"low": pd.Series(dtype=float), "high": pd.Series(dtype=float),
                             "log": pd.Series(dtype=bool)}, pd.Index([], dtype=object))


def own_scales(framework: pd.DataFrame, indicators: pd.Index) -> pd.DataFrame:
    """What a study's own tree says of its indicators' scales: low and high (goalposts, NaN where not given) and log
    (whether logarithms are taken), a row an indicator of which it says anything; none for the repository's tree."""
    if not {"low", "log"} & set(framework.columns):
        return NOTHING_SAID
    known = framework.reindex(index=indicators, columns=["low", "high", "log"])
    table = known[["low", "high"]].astype(float).assign(log=known["log"].eq(True))
    return table[table["log"] | table["low"].notna()]


def own_methods(framework: pd.DataFrame, indicators: pd.Index, method: str) -> pd.Series:
    """How each indicator is normalised: as a study's own tree says of it, else by `method`.

    >>> tree = pd.DataFrame({"normalisation": ["", "rank"]}, ["x", "y"])
    >>> own_methods(tree, tree.index, "minmax").to_dict()
    {'x': 'minmax', 'y': 'rank'}
    """
    if "normalisation" not in framework:
        return pd.Series(method, indicators, name="normalisation")
    said = framework["normalisation"].reindex(indicators)
    return said.where(said != "", method)


def coverage_by_domain(framework: pd.DataFrame, measured: pd.Index) -> pd.DataFrame:
    """How much of the evaluation system a run can measure: each domain's indicators, and those measured.

    Returns a frame by domain code with name_zh, name_en, indicators, measured, share.
    """
    domain_of = ancestor(framework, "domain")
    names = framework.loc[domains(framework), ["name_zh", "name_en"]]
    total = domain_of.value_counts().reindex(names.index)
    have = domain_of.loc[measured].value_counts().reindex(names.index, fill_value=0)
    return names.assign(indicators=total, measured=have, share=have / total)
