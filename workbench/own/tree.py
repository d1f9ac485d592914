"""The tree of indicators in a table `framework`: three levels, each node at its place, directions and units.

A tree of two levels has a sub-domain of the domain's name put between; of four or five levels those between become one,
named after all of them, with the product of their weights; where they have none, siblings of every level count alike.

Everything wrong with the tree is noted together; what is returned can be relied on only where nothing was noted.
"""

from __future__ import annotations

import difflib
import re

import pandas as pd

from analysis.framework import LEVELS
from workbench.own.findings import (
    LONGEST_TEXT,
    Cell,
    Findings,
    folded,
    is_blank,
    listed,
    read_code,
    read_text,
    tight,
    written,
)
from workbench.own.grid import Grid
from workbench.own.headings import Table, note_unknown, read_heading, whole
from workbench.own.tree_numbers import SCALES, check_weights, read_numbers, read_one, shares_of_siblings, weights_above
from workbench.own.wide_tree import DEEPEST, as_long

COLUMNS = ["level", "parent", "number", "name_zh", "name_en", "direction", "certainty", "note", "unit_zh", "unit_en",
           "source"]
LEVEL_WORDS = {
    "domain": ("domain", "领域", "一级", "一级指标", "目标层", "dimension", "pillar"),
    "subdomain": ("subdomain", "sub-domain", "二级", "二级指标", "子领域", "二级领域"),
    "indicator": ("indicator", "指标", "三级", "三级指标"),
}
DIRECTION_WORDS = {
    "+": ("+", "正向", "正", "正指标", "positive", "pos", "1", "+1", "1.0", "效益型", "效益", "效益类", "极大型",
          "极大", "benefit", "越大越好",
          "望大", "促进", "max", "maximum", "maximize", "maximise", "higher", "higherisbetter", "high",
          "moreisbetter", "more",
          "larger", "largerisbetter", "up", "↑", "▲", "↗", "⬆", "good", "increasing"),
    "-": ("-", "−", "–", "—", "负向", "负", "负指标", "逆向", "逆", "逆指标", "反向", "反", "negative", "neg",
          "-1", "-1.0", "成本型", "成本",
          "成本类", "极小型", "极小", "cost", "越小越好", "望小", "抑制", "min", "minimum", "minimize", "minimise",
          "lower",
          "lowerisbetter", "low", "lessisbetter", "less", "smaller", "smallerisbetter", "down", "↓", "▼", "↘", "⬇",
          "bad",
          "decreasing"),
}
LEVEL_OF = {tight(word): level for level, words in LEVEL_WORDS.items() for word in words}
DIRECTION_OF = {tight(word): sign for sign, words in DIRECTION_WORDS.items() for word in words}
DIRECTION_WITH_SIGN = tuple(f"{word}{rest}" for sign, words in DIRECTION_WORDS.items() for word in words
                            for rest in ("指标", f"({sign})", f"指标({sign})", sign))
SHARE = "share"  # of a sub-domain in its domain, where levels without weights were joined
LEVEL_NAMES = {"domain": ("领域", "domain"), "subdomain": ("二级", "sub-domain"), "indicator": ("指标", "indicator")}


def read_tree(grid: Grid, findings: Findings) -> pd.DataFrame | None:
    """The tree in a table `framework`, indexed by code, level by level in the table's order; None without a heading."""
    long = as_long(grid, DIRECTION_OF.keys() | {tight(text) for text in DIRECTION_WITH_SIGN}, findings)
    if long is not None and not long.rows:
        return None
    table = read_heading("framework", long or grid, findings)
    if table is None or not table.rows or not {"code", "level", "parent"} <= set(table.columns):
        return None
    if long:
        table = WideTable(table.grid, table.head, table.columns, {}, table.rows)
    if not table.has("name_zh"):
        if not table.has("name_en"):
            findings.problem(table.heading(0)._replace(column=None, content=None), "missing_column",
                             "表头缺少名称一列（name_zh 或 name_en）；请补上",
                             "the heading lacks a column of names (name_zh or name_en); add it")
        table.columns["name_zh"] = table.columns.get("name_en", len(table.grid.rows[table.head]))
    find_directions(table, findings)
    if not table.has("direction"):
        findings.problem(table.heading(0)._replace(column=None, content=None), "missing_column",
                         "表头缺少 direction（方向）一列；请补上", "the heading lacks the column direction; add it")
    note_unknown(table, (*COLUMNS, *SCALES, SHARE, "code"), findings)
    nodes, places = read_nodes(table, findings)
    if nodes.empty:
        return None
    numbers = read_numbers(nodes, table, places, findings)
    nodes = with_middle_level(nodes, table, places, findings).join(numbers)
    if table.has(SHARE):  # a tree that a run has kept
        nodes[SHARE] = [read_one(table.cell(places[code], SHARE), findings) for code in nodes.index]
    if "log" in nodes:
        nodes["log"] = nodes["log"].eq(True)
    for name in {"normalisation", "denominator"}.intersection(nodes):
        nodes[name] = nodes[name].fillna("")
    if "weight" in nodes:
        check_weights(nodes, table, places, findings)
    nodes = with_joined_levels(nodes, table, places, findings)
    check_parents(nodes, table, places, findings)
    check_children(nodes, table, places, findings)
    check_names(nodes, table, places, findings)
    if "weight" in nodes:
        nodes["weight"] = weights_above(nodes, table, findings)
    if SHARE in nodes and "weight" in nodes:  # where other levels have weights
        nodes["weight"] = nodes["weight"].fillna(nodes[SHARE])
    kept = [SHARE] if SHARE in nodes and "weight" not in nodes and nodes[SHARE].notna().any() else []
    order = nodes["level"].map({level: place for place, level in enumerate(LEVELS)}).sort_values(kind="stable").index
    nodes = nodes.loc[order]
    indicators = nodes["level"] == "indicator"
    counted = pd.Series(range(1, indicators.sum() + 1), nodes.index[indicators], dtype=int).astype(str)
    nodes["number"] = nodes["number"].where(~indicators | (nodes["number"] != ""), counted)
    return nodes[[*COLUMNS, *numbers, *kept]]


class WideTable(Table):
    """A table of nodes made out of a wide one: a cell is where it stands in the user's table."""

    def cell(self, row: int, column: int | str | None) -> Cell:
        cell = super().cell(row, column)
        cells = self.grid.rows[row]
        return cell._replace(row=cells[-1] if row and isinstance(cells[-1], int) else None, column=None)


def find_directions(table: Table, findings: Findings) -> None:
    """Take a column whose cells are all directions as that of directions, whatever its heading says."""
    if table.has("direction"):
        return
    for column in table.others:
        cells = [table.cell(row, column).content for row in table.rows]
        filled = [content for content in cells if not is_blank(content)]
        if filled and all(direction_of(content) for content in filled):
            table.columns["direction"] = column
            table.others.pop(column)
            findings.understood(table.heading(column), "direction", "direction_column",
                                "各格都是方向，按方向一列读",
                                "all its cells are directions: read as the column direction")
            return


def with_middle_level(nodes: pd.DataFrame, table: Table, places: dict[str, int], findings: Findings) -> pd.DataFrame:
    """The nodes with a sub-domain of the domain's own name between a domain and the indicators right below it."""
    domains = set(nodes.index[nodes["level"] == "domain"])
    bare = nodes[(nodes["level"] == "indicator") & nodes["parent"].isin(domains)]
    for domain in bare["parent"].unique():
        if len(nodes[(nodes["level"] == "subdomain") & (nodes["parent"] == domain)]):
            continue
        names = (f"{domain}-{number or 'all'}" for number in range(len(nodes) + 1))
        code = next(name for name in names if name not in nodes.index)
        middle = nodes.loc[domain].copy()
        middle["level"], middle["parent"] = "subdomain", domain
        place = list(nodes.index).index(domain) + 1
        parts = [nodes.iloc[:place], middle.to_frame(code).T, nodes.iloc[place:]]
        nodes = pd.concat(parts).rename_axis(nodes.index.name)
        nodes.loc[bare.index[bare["parent"] == domain], "parent"] = code
        places[code] = places[domain]
        findings.understood(table.cell(places[domain], "code"), code, "middle_level",
                            "指标直接在领域之下：补一个与领域同名的二级",
                            "indicators right below a domain: a sub-domain of the same name is put between")
    return nodes


def with_joined_levels(nodes: pd.DataFrame, table: Table, places: dict[str, int], findings: Findings) -> pd.DataFrame:
    """The nodes with sub-domains below sub-domains made one: named after the way down to it, right below its domain,
    its weight the product of the shares on that way. Where no level between has weights, siblings share alike: the
    product is then in the column `share`, as it is no weight that the study gave."""
    middle = nodes.index[nodes["level"] == "subdomain"]
    below = [code for code in middle if nodes.at[code, "parent"] in middle]
    if not below or any(is_own_ancestor(code, nodes["parent"]) for code in middle):
        return nodes
    joined, ways = nodes.copy(), {code: way_down(code, nodes["parent"], set(middle)) for code in middle}
    for code in below:
        way = ways[code]
        if len(way) > DEEPEST - 2:
            findings.problem(table.cell(places[code], "parent"), "too_many_levels",
                             f"至多 {DEEPEST} 级；请合并其上的级",
                             f"a tree has at most {DEEPEST} levels; join some of those above")
        for name in ("name_zh", "name_en"):
            joined.at[code, name] = " › ".join(nodes.loc[way, name])
        joined.at[code, "parent"] = nodes.at[way[0], "parent"]
        findings.understood(table.cell(places[code], "code"), joined.at[code, "name_zh"], "joined_levels",
                            "二级之下还有二级：合为一个二级，名称依次相连，权重（没有给定则同级等分的份额）相乘",
                            "sub-domains below a sub-domain become one: names joined, weights multiplied, or equal "
                            "shares of siblings where none are given")
    holding = nodes["parent"][nodes["level"] == "indicator"]
    weighted = "weight" in nodes and bool(nodes.loc[middle, "weight"].notna().any())
    between = nodes if weighted else nodes.assign(weight=float("nan"))
    shares = shares_of_siblings(between)
    own = shares[holding.index].groupby(holding).sum()  # of a node that has indicators and sub-domains below it
    joined.loc[middle, "weight" if weighted else SHARE] = [shares[ways[code]].prod() * own.get(code, 1.0)
                                                           for code in middle]
    inner = nodes.loc[middle, "parent"][below]
    joined = joined.drop(index=[code for code in middle if code in set(inner) and code not in set(holding)])
    tell_joined(joined.loc[joined.index.intersection(middle), "weight" if weighted else SHARE], joined, weighted, table,
                findings)
    return joined


def tell_joined(shares: pd.Series, nodes: pd.DataFrame, weighted: bool, table: Table, findings: Findings) -> None:
    """Say how the levels between were joined, with each sub-domain's share of its domain."""
    within = shares / shares.groupby(nodes["parent"]).transform("sum")
    said = {name: listed((f"{nodes.at[code, name]} {share:.3g}" for code, share in within.items()), 12)
            for name in ("name_zh", "name_en")}
    how = ("权重为一路份额之积", "weights multiplied along the way") if weighted else (
        "没有给定权重：每一级同级等权，一路相乘",
        "no weights are given: siblings of every level count alike, multiplied along the way")
    findings.warning(whole(table.grid), "levels_joined",
                     f"领域与指标之间的各级合为一级，{how[0]}；占领域的份额：{said['name_zh']}",
                     f"the levels between domain and indicator become one, {how[1]}; shares of their domain: "
                     f"{said['name_en']}")


def way_down(code: str, parents: pd.Series, middle: set[str]) -> list[str]:
    """The sub-domains from below the domain to this one."""
    way = [code]
    while parents[way[0]] in middle:
        way.insert(0, parents[way[0]])
    return way


def read_nodes(table: Table, findings: Findings) -> tuple[pd.DataFrame, dict[str, int]]:
    """The nodes as they stand, without those whose code or level is no good, and the row of each."""
    nodes: dict[str, dict[str, str]] = {}
    places: dict[str, int] = {}
    folds: dict[str, int] = {}
    for row in table.rows:
        code = read_code(table.cell(row, "code"), findings, "指标体系节点", "a node of the tree")
        level = read_level(table.cell(row, "level"), findings)
        if code in places:
            findings.problem(table.cell(row, "code"), "repeated_code",
                             f"与第 {places[code] + 1} 行的代码重复；请只留一个",
                             f"repeats the code of row {places[code] + 1}; keep one of the two")
            continue
        if code.casefold() in folds:
            findings.problem(table.cell(row, "code"), "codes_differ_in_case",
                             f"与第 {folds[code.casefold()] + 1} 行的代码只有大小写不同；请改用不同的代码",
                             f"differs from the code of row {folds[code.casefold()] + 1} in case only; choose another")
        folds[code.casefold()] = places[code] = row
        node = {"code": code, "level": level, **read_words(table, row, findings)}
        node["parent"] = read_parent(table.cell(row, "parent"), level)
        node["direction"] = read_direction(table.cell(row, "direction"), findings) if level == "indicator" else ""
        nodes[code] = node
    frame = pd.DataFrame(list(nodes.values()), columns=["code", *COLUMNS]).set_index("code")
    return frame, places


def read_words(table: Table, row: int, findings: Findings) -> dict[str, str]:
    """The texts of a node; a name or unit in one language serves for both where the other is blank."""
    words = {name: read_text(table.cell(row, name), findings, longest) for name, longest in (
        ("name_zh", 200), ("name_en", 200), ("unit_zh", 100), ("unit_en", 100), ("source", LONGEST_TEXT),
        ("note", LONGEST_TEXT), ("number", 20), ("certainty", 40))}
    if not words["name_zh"] and not words["name_en"]:
        findings.problem(table.cell(row, "name_zh"), "no_name", "没有名称；请填写 name_zh（与 name_en）",
                         "there is no name; fill in name_zh and name_en")
    for one, other in (("name_zh", "name_en"), ("name_en", "name_zh"), ("unit_zh", "unit_en"), ("unit_en", "unit_zh")):
        if words[other] and not words[one] and table.has(other):
            words[one] = words[other]
            if not table.has(one):
                continue
            findings.understood(table.cell(row, one), words[one], "other_language", "空白的名称或单位用另一语言的",
                                "a blank name or unit is taken from the other language")
    return words


def read_level(cell: Cell, findings: Findings) -> str:
    """The level of a node; an unknown word is noted and counts as an indicator."""
    level = LEVEL_OF.get(tight(cell.content))
    if level is None:
        near = difflib.get_close_matches(tight(cell.content), LEVEL_OF, n=1, cutoff=0.5)
        offer_zh, offer_en = (f"；最接近的是 {near[0]}", f"; the nearest is {near[0]}") if near else ("", "")
        findings.problem(cell, "unknown_level",
                         f"级别应为 domain（领域）、subdomain（二级）或 indicator（指标）{offer_zh}；请更正",
                         f"a level is domain, subdomain or indicator{offer_en}; correct it")
        return ""
    return level


def read_parent(cell: Cell, level: str) -> str:
    """The code of the parent; a domain's may be written as the goal."""
    code = tight(cell.content)
    return "" if level == "domain" and code in ("goal", "总目标", "目标") else folded(cell.content).replace(" ", "")


def direction_of(content: object) -> str | None:
    """The sign that a direction means, by its word, its sign, or both where they agree: 正向指标（+）."""
    text = tight(content)
    if text in DIRECTION_OF:
        return DIRECTION_OF[text]
    parts = [part for part in re.split(r"[()\[\]（）/、]|指标|性", text) if part]
    signs = {DIRECTION_OF.get(part) for part in parts}
    if parts and text[-1:] in "+-↑↓" and len(parts) == 1:
        signs = {DIRECTION_OF.get(parts[0][:-1] or parts[0]), DIRECTION_OF.get(text[-1])}
    return signs.pop() if len(signs) == 1 else None


def read_direction(cell: Cell, findings: Findings) -> str:
    """The direction of an indicator: + where larger is better, - where smaller is."""
    sign = direction_of(cell.content)
    if sign is None and is_blank(cell.content):
        findings.problem(cell, "no_direction", "指标没有方向；越大越好填 +，越小越好填 -",
                         "the indicator has no direction; write + where larger is better, - where smaller is")
    elif sign is None:
        findings.problem(cell, "unknown_direction", "方向应为 +（正向）或 -（负向、逆向）；请更正",
                         "a direction is + (positive) or - (negative); correct it")
    elif sign != written(cell.content):
        findings.understood(cell, sign, "direction",
                            "方向的其他写法按 + 或 - 读",
                            "a direction in other words is read as + or -")
    return sign or "+"


def check_parents(nodes: pd.DataFrame, table: Table, places: dict[str, int], findings: Findings) -> None:
    """Note parents that are missing, unknown or not one level up, and nodes that are their own ancestors."""
    above = dict(zip(LEVELS, ("", *LEVELS[:-1]), strict=True))
    for code, node in nodes[nodes["level"] != ""].iterrows():
        cell, parent, wanted = table.cell(places[code], "parent"), node["parent"], above[node["level"]]
        if not wanted and parent:
            findings.problem(cell, "wrong_parent", "领域没有上级；请清空上级，或更正级别",
                             "a domain has no parent; clear the cell or correct the level")
        elif wanted and not parent:
            zh, en = LEVEL_NAMES[wanted]
            findings.problem(cell, "no_parent",
                             f"没有上级；请填写一个{zh}的代码",
                             f"there is no parent; give the code of a {en}")
        elif wanted and parent not in nodes.index:
            near = difflib.get_close_matches(parent, nodes.index[nodes["level"] == wanted], n=1, cutoff=0.4)
            offer_zh, offer_en = (f"；最接近的是 {near[0]}", f"; the nearest is {near[0]}") if near else ("", "")
            findings.problem(cell, "unknown_parent", f"上级不在代码一列中{offer_zh}；请更正，或补上该节点",
                             f"the parent is none of the codes{offer_en}; correct it or add that node")
        elif wanted and is_own_ancestor(code, nodes["parent"]):
            findings.problem(cell, "cycle", "节点成为自己的上级（循环）；请更正上级",
                             "the node is its own ancestor (a cycle); correct the parent")
        elif wanted and nodes.at[parent, "level"] not in (wanted, ""):
            (zh, en), (is_zh, is_en) = LEVEL_NAMES[wanted], LEVEL_NAMES[nodes.at[parent, "level"]]
            findings.problem(cell, "wrong_parent", f"上级应为{zh}，而 {parent} 是{is_zh}；请更正上级或级别",
                             f"the parent is to be a {en} and {parent} is a {is_en}; correct the parent or the level")


def is_own_ancestor(code: str, parents: pd.Series) -> bool:
    """Whether going up from a node leads back to it."""
    node = parents.get(code, "")
    for _ in range(len(parents)):
        if node == code:
            return True
        node = parents.get(node, "")
    return False


def check_children(nodes: pd.DataFrame, table: Table, places: dict[str, int], findings: Findings) -> None:
    """Note domains and sub-domains without anything below them, and a tree without indicators."""
    if not (nodes["level"] == "indicator").any():
        findings.problem(table.heading("level"), "no_indicator", "指标体系没有指标；请补上级别为 indicator 的行",
                         "the tree has no indicator; add rows of the level indicator")
    parents = set(nodes["parent"])
    for code in nodes.index[nodes["level"].isin(LEVELS[:-1])]:
        if code not in parents:
            findings.problem(table.cell(places[code], "code"), "empty_node",
                             "其下没有指标；请补上其下的节点，或删去该行",
                             "there is no indicator below it; add the nodes below it or remove the row")


def check_names(nodes: pd.DataFrame, table: Table, places: dict[str, int], findings: Findings) -> None:
    """Note names that two indicators share: a column of values headed by such a name could be either."""
    indicators = nodes[nodes["level"] == "indicator"]
    for name in ("name_zh", "name_en"):
        for text, group in indicators[indicators[name] != ""].groupby(name, sort=False):
            for code in group.index[1:]:
                findings.warning(table.cell(places[code], name), "shared_name",
                                 f"指标 {listed(group.index)} 同名；values 的列名请用代码",
                                 f"the indicators {listed(group.index)} share the name {text}; head the columns of "
                                 "values with codes")
