"""The tree as papers print it: a column a level, merged or blank cells below a node that goes on, a row an indicator.

一级指标 | 二级指标 | 三级指标 | 单位 | 属性. It is brought into the form of `tree`: a row a node with its parent, codes
made from positions where none are given.
"""

from __future__ import annotations

import re

from workbench.own.findings import Cell, Findings, folded, is_blank, listed, spaced, tight, written
from workbench.own.grid import Grid
from workbench.own.headings import FIELDS, cell_of, passed_over

ORDINALS = {word: place for place, words in enumerate(("一1", "二2", "三3", "四4", "五5"), start=1) for word in words}
ORDINAL = re.compile(r"(?:第)?([一二三四五1-5])[级层]?(?:指标|维度|要素|名称)?(?:名称)?|level([1-5])|tier([1-5])|l("
                     r"[1-5])")
WORDS = (("目标层", "目标", "总目标", "goal", "index"),
         ("准则层", "领域", "维度", "系统层", "子系统", "系统", "domain", "dimension", "pillar", "theme",
          "category", "准则"),
         ("要素层", "子维度", "子领域", "因素层", "子准则层", "分类", "subdomain", "sub-domain", "sub-dimension",
          "sub-pillar",
          "subpillar", "subcategory", "子准则"),
         ("指标层", "指标", "指标名称", "具体指标", "基础指标", "测度指标", "评价指标", "indicator",
          "indicatorname", "variable"))
RANK = {tight(word): place for place, words in enumerate(WORDS) for word in words}
DEEPEST = 5  # levels, from domain to indicator
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def level_columns(grid: Grid) -> tuple[int, list[int]] | None:
    """The heading's row and the columns of the levels, from the top down; None where a table is not of that form."""
    for row in [row for row in range(len(grid.rows)) if not passed_over(grid, row)][:10]:
        words = {column: tight(content) for column, content in enumerate(grid.rows[row]) if not is_blank(content)}
        if any(word in ("level", "parent", "级别", "层级", "上级", "上级代码", "父级") for word in words.values()):
            return None
        numbered = {column: ORDINALS[next(filter(None, found.groups()))] for column, word in words.items()
                    if (found := ORDINAL.fullmatch(word))}
        named = {column: RANK[word] for column, word in words.items() if word in RANK}
        chosen = numbered if len(numbered) > 1 else named
        if len(numbered) == 1 and named:
            chosen = {**{column: rank * 2 for column, rank in named.items()},
                      **{column: number * 2 - 1 for column, number in numbered.items()}}
        if numbered and len(numbered) > 1 and (last := max(named.values(), default=-1)) == 3 and len(named) == 1:
            chosen = {**numbered, next(column for column, rank in named.items() if rank == last): 99}
        ranks = sorted(chosen.values())
        if len(chosen) > 1 and len(set(ranks)) == len(ranks):
            return row, sorted(chosen, key=chosen.get)
    return None


def as_long(grid: Grid, direction_words: set[str], findings: Findings) -> Grid | None:
    """The tree in a wide table as a table of nodes, None where it is no wide table; its rows keep their numbers where a
    row is an indicator."""
    found = level_columns(grid)
    if found is None:
        return None
    head, levels = found
    rows = [row for row in range(head + 1, len(grid.rows)) if not passed_over(grid, row)]
    rows = [row for row in rows if not is_blank(cell_of(grid, row, levels[-1]).content) or any(
        not is_blank(cell_of(grid, row, column).content) for column in levels)]
    paths = filled_down(grid, rows, levels)
    while len(levels) > 3 and len({path[0] for path in paths.values()}) == 1:  # the goal itself
        levels, paths = levels[1:], {row: path[1:] for row, path in paths.items()}
    if len(levels) > DEEPEST:
        findings.problem(Cell(grid.file, grid.sheet, head + 1), "too_many_levels",
                         f"体系有 {len(levels)} 级（{listed(written(grid.rows[head][column]) for column in levels)}）；"
                         f"至多 {DEEPEST} 级，请合并其中的级",
                         f"the tree has {len(levels)} levels ("
                         f"{listed(written(grid.rows[head][column]) for column in levels)}); at most {DEEPEST} can be "
                         "read, join some of them")
        return Grid(grid.file, grid.sheet, [])
    others = other_columns(grid, head, rows, levels, direction_words)
    findings.understood(cell_of(grid, head, levels[0]), "", "wide_tree",
                        "体系按宽表读：每级一列，空白或合并的格同上；没有代码的按位置编代码",
                        "the tree is read from a column a level, blank or merged cells as above; nodes without a code "
                        "get one by their place")
    return Grid(grid.file, grid.sheet, node_rows(grid, head, paths, len(levels), others,
                                                    weight_columns(grid, head, levels)))


def filled_down(grid: Grid, rows: list[int], levels: list[int]) -> dict[int, tuple[str, ...]]:
    """The names from the top level to the indicator, by row; a blank cell is as the one above it."""
    paths: dict[int, tuple[str, ...]] = {}
    above: list[str] = [""] * len(levels)
    for row in rows:
        texts = [spaced(written(cell_of(grid, row, column).content)) for column in levels]
        new = False
        for place, text in enumerate(texts[:-1]):
            new = new or bool(text and text != above[place])
            texts[place] = text or ("" if new and place and not text else above[place])
            new = new or texts[place] != above[place]
        above = texts
        if texts[-1]:
            paths[row] = tuple(texts)
    return paths


def other_columns(grid: Grid, head: int, rows: list[int], levels: list[int],
                  direction_words: set[str]) -> dict[str, int]:
    """The columns of code, unit, direction, source and note by field; directions also by what the cells hold."""
    known = {tight(word): field for field, words in FIELDS["framework"].items() for word in words
             if field not in ("level", "parent", "name_zh", "number")}
    known |= {tight(word): "code" for word in ("变量", "符号", "变量符号", "指标符号", "symbol", "id", "code")}
    found: dict[str, int] = {}
    for column, content in enumerate(grid.rows[head]):
        if column in levels or is_blank(content):
            continue
        text = re.sub(r"[(（].*[)）]", "", folded(content))
        field = known.get(tight(content)) or known.get(tight(text))
        cells = [tight(cell_of(grid, row, column).content) for row in rows]
        if field is None and any(cells) and all(cell in direction_words for cell in cells if cell):
            field = "direction"
        if field:
            found.setdefault(field, column)
    return found


def weight_columns(grid: Grid, head: int, levels: list[int]) -> dict[int, int]:
    """The column of the weights of each level that has one, by the level's number from the top: a column of weights
    belongs to the level on its left."""
    words = {tight(word) for word in FIELDS["framework"]["weight"]}
    found: dict[int, int] = {}
    for column, content in enumerate(grid.rows[head]):
        text = re.sub(r"[(（].*[)）]", "", folded(content)) if isinstance(content, str) else ""
        if column not in levels and (tight(content) in words or tight(text) in words):
            before = [place for place, level in enumerate(levels) if level < column]
            found.setdefault(max(before, key=lambda place: levels[place], default=len(levels) - 1), column)
    return found


def node_rows(grid: Grid, head: int, paths: dict[int, tuple[str, ...]], depth: int,
              others: dict[str, int], weights: dict[int, int]) -> list[list[object]]:
    """The rows of a table of nodes; the row of an indicator is the one it has in the wide table. `weights` are the
    columns of weights by level."""
    fields = ["direction", "unit_zh", "unit_en", "source", "note", "low", "high", "log", "reliability", "normalisation",
              "denominator"]
    levels = ("domain", *["subdomain"] * (depth - 2), "indicator")
    table: list[list[object]] = [["code", "level", "parent", "name_zh", *fields, "weight", "row"]]
    codes: dict[tuple[str, ...], str] = {}
    counts: dict[str, int] = {}
    for row, path in paths.items():
        parent = ""
        for place, level in enumerate(levels):
            key = path[: place + 1]
            last = place == depth - 1
            if not last and key in codes:
                parent = codes[key]
                continue
            counts[parent] = counts.get(parent, 0) + 1
            number = counts[parent]
            made = (LETTERS[number - 1] if number <= 26 else f"D{number}") if not parent else (
                f"{parent}{number}" if place == 1 and depth > 2 else f"{parent}-{number}")
            given = ""
            if last and "code" in others:
                given = folded(cell_of(grid, row, others["code"]).content).replace(" ", "")
            code = given or made
            codes[key] = code
            texts = [cell_of(grid, row, others[name]).content if last and name in others else None for name in fields]
            weight = cell_of(grid, row, weights[place]).content if place in weights else None
            table.append([code, level, parent, path[place], *texts, weight, row + 1])
            parent = code
    return table
