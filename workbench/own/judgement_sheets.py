"""Judgements as users write them: one square sheet a matrix in a workbook, or a long table of pairs.

Judgements above the diagonal are enough; those below are then their reciprocals. Both together must agree.
"""

from __future__ import annotations

import datetime
import difflib
from fractions import Fraction

import pandas as pd

from analysis.ahp import RECIPROCITY_TOLERANCE
from workbench.own.experts_table import OWN
from workbench.own.findings import Cell, Findings, folded, is_blank, read_code, tight
from workbench.own.grid import Formula, Grid
from workbench.own.headings import cell_of, note_unknown, passed_over, read_heading, whole
from workbench.own.judgement_matrices import Sheet
from workbench.own.numbers import read_number, reasons

PREFIX = "ahp_"
LARGEST = 9.0  # Saaty's scale is 1/9 … 9


def read_sheets(grids: dict[str, Grid], nodes: dict[str, list[str]], experts: list[str] | None, names: pd.DataFrame,
                findings: Findings) -> list[Sheet]:
    """The judgements of all square sheets and of the long table; `experts` are those of the table, None without one."""
    sheets: dict[tuple[str, str], Sheet] = {}
    for name, grid in grids.items():
        if not name.casefold().startswith(PREFIX):
            continue
        whose = read_sheet_name(name, grid, nodes, experts, findings)
        if whose is None:
            continue
        if whose in sheets:
            findings.problem(whole(grid), "repeated_matrix",
                             f"专家 {whose[0]} 对 {whose[1]} 的判断已有一张表；请删去一张",
                             f"the expert {whose[0]} has a matrix of {whose[1]} already; remove one of the two")
            continue
        sheets[whose] = read_square(Sheet(*whose, whole(grid)), grid, nodes[whose[1]], names, findings)
    if "judgements" in grids:
        read_pairs(grids["judgements"], nodes, experts, names, sheets, findings)
    return list(sheets.values())


def read_sheet_name(name: str, grid: Grid, nodes: dict[str, list[str]], experts: list[str] | None,
                    findings: Findings) -> tuple[str, str] | None:
    """The expert and the node that a sheet's name says: ahp_D1, ahp_academic_D1."""
    rest = folded(name)[len(PREFIX):].replace(" ", "")
    known = {node.casefold(): node for node in nodes}
    options = [(OWN, known[rest.casefold()])] if rest.casefold() in known else []
    for place, sign in enumerate(rest):
        if sign == "_" and rest[place + 1:].casefold() in known and place:
            options.append((rest[:place], known[rest[place + 1:].casefold()]))
    by_case = {expert.casefold(): expert for expert in experts or []}
    options = [(by_case.get(expert.casefold(), expert), node) for expert, node in options]
    for option in options:
        if option[0] == OWN or not experts or option[0] in experts:
            return option
    cell = whole(grid)._replace(content=name)
    if options:
        unknown_expert(cell, options[0][0], experts or [], findings)
        return None
    near = difflib.get_close_matches(rest.split("_")[-1], nodes, n=1, cutoff=0.3)
    offer_zh, offer_en = (f"；最接近的节点是 {near[0]}", f"; the nearest node is {near[0]}") if near else ("", "")
    findings.problem(cell, "unknown_node", f"表名应为 ahp_节点 或 ahp_专家_节点{offer_zh}；请更正表名，或删去该表",
                     f"a sheet is named ahp_node or ahp_expert_node{offer_en}; correct its name or remove the sheet")
    return None


def unknown_expert(cell: Cell, expert: str, experts: list[str], findings: Findings) -> None:
    """Note an expert who is not in the table of experts."""
    near = difflib.get_close_matches(expert, experts, n=1, cutoff=0.5)
    offer_zh, offer_en = (f"；最接近的是 {near[0]}", f"; the nearest is {near[0]}") if near else ("", "")
    findings.problem(cell, "unknown_expert", f"experts 表中没有专家 {expert}{offer_zh}；请更正，或补入 experts 表",
                     f"the table experts has no {expert}{offer_en}; correct it or add the expert to the table")


def read_square(sheet: Sheet, grid: Grid, children: list[str], names: pd.DataFrame, findings: Findings) -> Sheet:
    """A square sheet: the heading and the first column hold the children's codes, in any order."""
    rows = [row for row in range(len(grid.rows)) if not passed_over(grid, row)]
    if not rows:
        return sheet
    columns: dict[int, str] = {}
    for place in range(1, len(grid.rows[rows[0]])):
        cell = cell_of(grid, rows[0], place)
        if not is_blank(cell.content):
            add_label(columns, place, cell, children, names, findings)
    lines: dict[int, str] = {}
    for row in rows[1:]:
        cell = cell_of(grid, row, 0)
        if is_blank(cell.content):
            filled = next(place for place, content in enumerate(grid.rows[row]) if not is_blank(content))
            findings.problem(cell_of(grid, row, filled), "no_label", "这一行没有行名；请在首列填写代码，或清空该行",
                             "the row has no label; write the code in the first column or clear the row")
        else:
            add_label(lines, row, cell, children, names, findings)
    refuse_unequal(sheet, lines, columns, children, findings)
    for row, one in lines.items():
        for column, other in columns.items():
            add_pair(sheet, one, other, cell_of(grid, row, column), children, findings)
    for row in lines:
        for place, content in enumerate(grid.rows[row]):
            if place and place not in columns and not is_blank(content) and is_blank(
                    cell_of(grid, rows[0], place).content):
                findings.problem(cell_of(grid, row, place), "no_column_heading",
                                 "这一列没有列名；请填写代码，或清空该列",
                                 "the column has no heading; write a code or clear the column")
                break
    return sheet


def add_label(labels: dict[int, str], place: int, cell: Cell, children: list[str], names: pd.DataFrame,
              findings: Findings) -> None:
    """Take a label of a matrix: the code of a child, or its name."""
    code = child_named(cell.content, children, names)
    if code is None:
        near = difflib.get_close_matches(folded(cell.content), children, n=1, cutoff=0.3)
        offer_zh, offer_en = (f"；最接近的是 {near[0]}", f"; the nearest is {near[0]}") if near else ("", "")
        findings.problem(cell, "unknown_label", f"不是该节点的下级（{'、'.join(children)}）{offer_zh}；请更正",
                         f"not a child of the node ({', '.join(children)}){offer_en}; correct it")
    elif code in labels.values():
        findings.problem(cell, "repeated_label",
                         f"{code} 出现两次；请删去一个",
                         f"{code} stands twice; remove one of the two")
    else:
        labels[place] = code


def child_named(content: object, children: list[str], names: pd.DataFrame) -> str | None:
    """The child that a label means, by code or by name; None for another."""
    text = tight(content)
    for code in children:
        texts = {tight(code), tight(names.at[code, "name_zh"]), tight(names.at[code, "name_en"])}
        if text in texts:
            return code
    first = folded(content).partition(" ")[0]
    return first if first in children else None


def refuse_unequal(sheet: Sheet, lines: dict[int, str], columns: dict[int, str], children: list[str],
                   findings: Findings) -> None:
    """Note labels that stand on one side only or nowhere."""
    rows, heads = set(lines.values()), set(columns.values())
    if rows != heads:
        only = [code for code in children if (code in rows) != (code in heads)]
        findings.problem(sheet.place, "not_square", f"行名与列名不同：{'、'.join(only)} 只在一侧；请补齐",
                         f"rows and columns differ: {', '.join(only)} on one side only; complete them")
    missing = [code for code in children if code not in rows | heads]
    if missing:
        findings.problem(sheet.place, "missing_label", f"缺少 {'、'.join(missing)}；请补上其行与列",
                         f"{', '.join(missing)} is missing; add its row and column")


def read_pairs(grid: Grid, nodes: dict[str, list[str]], experts: list[str] | None, names: pd.DataFrame,
               sheets: dict[tuple[str, str], Sheet], findings: Findings) -> None:
    """The long table of judgements: expert, node, row, column, value."""
    table = read_heading("judgements", grid, findings)
    if table is None or not {"node", "row", "column", "value"} <= set(table.columns):
        return
    note_unknown(table, ("expert", "node", "row", "column", "value"), findings)
    known = {tight(node): node for node in nodes}
    for row in table.rows:
        cell = table.cell(row, "expert")
        expert = OWN if is_blank(cell.content) else read_code(cell, findings, "专家", "an expert")
        if experts and expert not in experts:
            unknown_expert(cell, expert, experts, findings)
        node = known.get(tight(table.cell(row, "node").content))
        if node is None:
            near = difflib.get_close_matches(folded(table.cell(row, "node").content), nodes, n=1, cutoff=0.3)
            offer_zh, offer_en = (f"；最接近的是 {near[0]}", f"; the nearest is {near[0]}") if near else ("", "")
            findings.problem(table.cell(row, "node"), "unknown_node",
                             f"没有这个节点{offer_zh}；应为 goal 或有下级的代码；请更正",
                             f"no such node{offer_en}; it is goal or a code with children; correct it")
            continue
        sheet = sheets.setdefault((expert, node), Sheet(expert, node, whole(grid)._replace(content=f"{expert} {node}")))
        ends: dict[int, str] = {}
        for place, name in enumerate(("row", "column")):
            label: dict[int, str] = {}
            add_label(label, place, table.cell(row, name), nodes[node], names, findings)
            ends |= label
        if len(ends) == 2:
            add_pair(sheet, ends[0], ends[1], table.cell(row, "value"), nodes[node], findings)


def add_pair(sheet: Sheet, one: str, other: str, cell: Cell, children: list[str], findings: Findings) -> None:
    """Take one judgement, "one over other"; formulas below the diagonal without a stored result are reciprocals."""
    below = children.index(one) > children.index(other)
    if below and isinstance(cell.content, Formula):
        return
    value = read_judgement(cell, findings)
    if value is None:
        return
    if one == other:
        if abs(value - 1) > 1e-9:
            findings.problem(cell, "diagonal_not_one", "对角线应为 1；请更正", "the diagonal is 1; correct it")
    elif (one, other) in sheet.pairs:
        findings.problem(cell, "repeated_judgement", f"{one} 对 {other} 的判断出现两次；请只留一个",
                         f"the judgement of {one} over {other} stands twice; keep one of the two")
    else:
        sheet.pairs[one, other] = (value, cell)


def read_judgement(cell: Cell, findings: Findings) -> float | None:
    """A judgement on the scale 1/9 … 9, None where the cell is blank or holds none."""
    if is_blank(cell.content):
        return None
    if isinstance(cell.content, datetime.date | datetime.time):
        findings.problem(cell, "judgement_is_date",
                         "表格软件把分数当成了日期（如 1/3 变成 1 月 3 日）；请键入 =1/3，或先把格式设为分数",
                         "the spreadsheet took a fraction for a date (1/3 for 3 January); type =1/3, or format the "
                         "cell as a fraction first")
        return None
    value = fraction(cell.content)
    if value is None:
        number = read_number(cell.content)
        if number.problem or number.value is None or "percent" in number.rule:
            findings.problem(cell, "not_a_judgement", "不是判断值；请写 1 至 9 或其倒数，如 1/3",
                             "not a judgement; write 1 to 9 or a reciprocal such as 1/3")
            return None
        value = number.value
        if number.rule:
            findings.understood(cell, repr(value), number.rule, *reasons(number.rule))
    if not value > 0:
        findings.problem(cell, "judgement_not_positive", "判断值应大于 0；请写 1 至 9 或其倒数",
                         "a judgement is above 0; write 1 to 9 or a reciprocal")
        return None
    if not (1 - RECIPROCITY_TOLERANCE) / LARGEST <= value <= LARGEST * (1 + 1e-9):
        findings.problem(cell, "judgement_out_of_scale", "判断值应在 1/9 与 9 之间（Saaty 标度）；请更正",
                         "a judgement lies between 1/9 and 9 (Saaty's scale); correct it")
        return None
    return value


def fraction(content: object) -> float | None:
    """The value of a text such as 1/3, or None."""
    text = folded(content).replace(" ", "").replace("⁄", "/")
    parts = text.split("/")
    if isinstance(content, str) and len(parts) == 2 and all(part.isascii() and part.isdigit() and len(part) < 6
                                                            for part in parts):
        return float(Fraction(int(parts[0]), int(parts[1]))) if int(parts[1]) else None
    return None
