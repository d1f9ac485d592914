"""What the figures of an indicator are divided by: another indicator, or a column of values that is none.

The column `denominator` of a framework names it. A column of values that is no indicator, such as the population, is
read as a variable under its own name and takes no part in the score.
"""

from __future__ import annotations

import difflib

import pandas as pd

from analysis.framework import leaves
from workbench.own.findings import Cell, Findings, folded, listed, tight
from workbench.own.grid import Grid
from workbench.own.headings import read_heading, whole
from workbench.own.tree_numbers import cell_of_value

DENOMINATOR = "denominator"


def variables_of(tree: pd.DataFrame) -> list[str]:
    """The denominators that are no indicators, each once."""
    if DENOMINATOR not in tree:
        return []
    return [name for name in dict.fromkeys(tree[DENOMINATOR]) if name and name not in leaves(tree)]


def with_variables(tree: pd.DataFrame) -> pd.DataFrame:
    """The nodes' levels and names, with a row for each denominator that is no indicator, so that its column of values
    is found by name."""
    names = variables_of(tree)
    rows = pd.DataFrame({"level": "indicator", "name_zh": [name.replace("_", " ") for name in names], "name_en": ""},
                        index=names)
    return pd.concat([tree[["level", "name_zh", "name_en"]], rows]) if names else tree


def note_denominators(values: pd.DataFrame, every_year: pd.DataFrame, tree: pd.DataFrame, grids: dict[str, Grid],
                      findings: Findings) -> None:
    """Note denominators without figures, figures of them that are not above 0, and units that lack theirs."""
    if DENOMINATOR not in tree:
        return
    known = set(every_year["indicator"])
    for code, name in tree[DENOMINATOR][tree[DENOMINATOR] != ""].items():
        if name not in known:
            near = difflib.get_close_matches(name, [*map(str, headings(grids["values"]))], n=1, cutoff=0.5)
            offer_zh, offer_en = (f"；最接近的列是 {near[0]}", f"; the nearest is {near[0]}") if near else ("", "")
            findings.problem(cell_in_framework(grids["framework"], code), "unknown_denominator",
                             f"values 中没有 {name} 的数，{code} 不能除以它{offer_zh}；请补上这一列，或更正名称",
                             f"values has no figures of {name} to divide {code} by{offer_en}; add that column or "
                             "correct the name")
            continue
        of_name = values[values["indicator"] == name]
        lacking = [unit for unit in values.loc[values["indicator"] == code, "code"]
                   if unit not in set(of_name["code"])]
        if lacking:
            findings.warning(cell_in_framework(grids["framework"], code), "denominator_missing",
                             f"{len(lacking)} 个城市（{listed(lacking)}）有 {code} 的数而没有 {name}：按缺失计",
                             f"{len(lacking)} cities ({listed(lacking)}) have a figure of {code} and none of {name}: "
                             "it counts as missing")
    used = every_year[every_year["indicator"].isin(set(tree[DENOMINATOR]) - {""})]
    for row in used[used["value"] <= 0].itertuples():
        findings.problem(cell_of_value(row), "denominator_not_positive",
                         f"{row.indicator} 是分母，数须大于 0；请更正，或删去",
                         f"{row.indicator} is a denominator: a figure must be above 0; correct it or remove it")


def headings(grid: Grid) -> list[str]:
    """The headings of a table of values."""
    table = read_heading("values", grid, Findings())
    return [folded(text) for text in table.others.values()] if table else []


def cell_in_framework(grid: Grid, code: str) -> Cell:
    """The cell of a node's denominator in the user's table, or the table where it cannot be found again."""
    table = read_heading("framework", grid, Findings())
    if table is None or not table.has(DENOMINATOR) or not table.has("code"):
        return whole(grid)
    rows = [row for row in table.rows if tight(table.cell(row, "code").content) == tight(code)]
    return table.cell(rows[0], DENOMINATOR) if rows else whole(grid)


def divided(values: pd.DataFrame, tree: pd.DataFrame) -> pd.DataFrame:
    """The figures of the indicators as they are scored: divided where the tree says so, without those whose denominator
    is missing; figures of other variables are left out."""
    rows = values[values["indicator"].isin(leaves(tree))]
    if DENOMINATOR not in tree:
        return rows
    by_cell = values.drop_duplicates(["code", "indicator"]).set_index(["code", "indicator"])["value"]
    names = rows["indicator"].map(tree[DENOMINATOR])
    below = pd.Series(by_cell.reindex(pd.MultiIndex.from_arrays([rows["code"], names])).to_numpy(), rows.index)
    rows = rows.assign(value=rows["value"] / below.where(names != "", 1.0))
    return rows[rows["value"].notna()]
