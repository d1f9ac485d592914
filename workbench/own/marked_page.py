"""The marked copy as one page: a list of what was found, and the user's tables with links from each to the other.

The page holds everything itself: no script, no picture, nothing loaded. Every text is escaped.
"""

from __future__ import annotations

from html import escape

from analysis.figures.labels import pick
from workbench.own.cell_marks import PROBLEM, Mark, Marks, storable, worst
from workbench.own.grid import Grid
from workbench.own.problems import column_letters

PAGE_SIGN = '<meta name="generator" content="marked copy of own data">'
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 1_000, 200, 300
STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0 auto;max-width:80rem;padding:1rem;background:#fff;color:#1c2430;line-height:1.55;
font-family:"Noto Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.35rem;margin:.2rem 0 .4rem}h2{font-size:1.1rem;margin:1.6rem 0 .5rem}a{color:#1b4f86}
ol{list-style:none;margin:0;padding:0}li{border-left:.35rem solid;padding:.35rem .6rem;margin:.35rem 0}
.problem{background:#fbd5d0;border-color:#b3261e;color:#5e0a00}
.warning{background:#fff0c2;border-color:#b27b00;color:#4d3800}
li b{margin-right:.4rem}li code{background:#fff;padding:0 .25rem;white-space:pre-wrap}
.wide{overflow-x:auto;border:1px solid #c9d1da}table{border-collapse:collapse;font-size:.85rem;overflow-wrap:normal}
th,td{border:1px solid #c9d1da;padding:.15rem .4rem;text-align:left;white-space:pre-wrap;max-width:18rem}
th{background:#eef2f6;font-weight:600;color:#4a5565}td.problem{outline:2px solid #b3261e;outline-offset:-2px}
td.warning{outline:1px dashed #b27b00;outline-offset:-2px}:target{outline:3px solid #1b4f86;outline-offset:1px}
sup a{margin-left:.15rem}.soft{color:#4a5565}
@media print{.wide{overflow:visible}li,tr{break-inside:avoid}
.problem,.warning{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def page(grids: list[Grid], marks: Marks, name: str) -> str:
    """The marked copy of some tables as one HTML page; the same tables give the same page."""
    problems = sum(mark.kind == PROBLEM for mark in marks.every)
    warnings = len(marks.every) - problems
    title = pick(marks.lang, f"{name}：{problems} 个问题，{warnings} 条提示",
                 f"{name}: {problems} problems, {warnings} warnings")
    places = {(grid.file, grid.sheet): f"t{number}" for number, grid in enumerate(grids, start=1)}
    parts = [f"<h1>{text(title)}</h1>", f'<p class="soft">{text(how(marks, bool(grids)))}</p>', "<ol>",
             *(item(mark, marks, places, grids) for mark in marks.every), "</ol>",
             *(table(grid, f"t{number}", marks) for number, grid in enumerate(grids, start=1))]
    return (f'<!DOCTYPE html>\n<html lang="{pick(marks.lang, "zh-CN", "en")}">\n<head>\n<meta charset="utf-8">\n'
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">\n'
            f"{PAGE_SIGN}\n"
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n" + "\n".join(parts)
            + "\n</body>\n</html>\n")


def how(marks: Marks, readable: bool) -> str:
    """What the page is for."""
    if not readable:
        return pick(marks.lang, "文件无法读成表格，只列出原因。请更正后重新检查。",
                    "The file cannot be read as tables; the reasons are listed. Correct it and check again.")
    return pick(marks.lang, "红色为问题，须更正；黄色为提示，请核对。请在原文件中更正，再重新检查。",
                "Red: problems, to be corrected. Amber: warnings, to be looked at. Correct the original file, then "
                "check again.")


def item(mark: Mark, marks: Marks, places: dict[tuple[str, str], str], grids: list[Grid]) -> str:
    """One line of the list, linked to its cell where the page shows it."""
    finding = mark.finding
    place = text(finding.place)
    if (finding.file, finding.sheet) in places:
        place = f'<a href="#{target(mark, places, grids)}">{place or "↓"}</a>'
    value = f" <code>{text(finding.value)}</code>" if finding.value else ""
    return (f'<li id="f{mark.number}" class="{mark.kind}"><b>{mark.number} {text(marks.called(mark.kind))}</b>{place}'
            f"{value}<br>{text(marks.sentence(mark))}</li>")


def target(mark: Mark, places: dict[tuple[str, str], str], grids: list[Grid]) -> str:
    """The anchor of a finding's cell, or of its table where it has no cell that is shown."""
    finding = mark.finding
    anchor = places[finding.file, finding.sheet]
    grid = grids[int(anchor[1:]) - 1]
    row, column = (finding.row or 1) - 1, (finding.column or 1) - 1
    if (finding.row or finding.column) and row < len(grid.rows) and column < MOST_COLUMNS and (
            column < len(grid.rows[row])):
        return f"{anchor}r{row + 1}c{column + 1}"
    return anchor


def table(grid: Grid, anchor: str, marks: Marks) -> str:
    """One table of the user's, with the row numbers and column letters of a spreadsheet."""
    found = marks.of(grid)
    marked_rows = {row or 0 for row, _ in found}
    width = min(max((len(cells) for cells in grid.rows), default=0), MOST_COLUMNS)
    whole = len(grid.rows) <= MOST_ROWS
    rows = [row for row in range(len(grid.rows)) if whole or row < 20 or row in marked_rows]
    name = f"{grid.file}" + (f", {grid.sheet}" if grid.sheet else "")
    left_out = "" if whole else pick(marks.lang, f"（{len(grid.rows)} 行，只列有标记的行）",
                                     f" ({len(grid.rows)} rows; those without a mark are left out)")
    head = "<tr><th></th>" + "".join(f"<th>{column_letters(column)}</th>" for column in range(1, width + 1)) + "</tr>"
    lines = [line(grid, row, width, found, anchor, marks) for row in rows]
    return (f'<h2 id="{anchor}">{text(name)}{text(left_out)}</h2>\n<div class="wide" tabindex="0"><table>\n{head}\n'
            + "\n".join(lines) + "\n</table></div>")


def line(grid: Grid, row: int, width: int, found: dict, anchor: str, marks: Marks) -> str:
    """One row of a table."""
    cells = [f"<th>{row + 1}</th>"]
    whole_row = found.get((row, None), [])
    for column in range(width):
        content = grid.rows[row][column] if column < len(grid.rows[row]) else None
        here = found.get((row, column), []) + (found.get((None, column), []) if row == 0 else [])
        here += whole_row if column == 0 else []
        look = worst(here or whole_row)
        shape = f' id="{anchor}r{row + 1}c{column + 1}" class="{look}"' if look != "plain" else ""
        said = f' title="{text(" ".join(marks.sentence(mark) for mark in here))}"' if here else ""
        back = "".join(f'<sup><a href="#f{mark.number}">{mark.number}</a></sup>' for mark in here)
        cells.append(f"<td{shape}{said}>{text(content, LONGEST_CELL)}{back}</td>")
    return "<tr>" + "".join(cells) + "</tr>"


def text(content: object, longest: int | None = None) -> str:
    """A text of the user's or the study's, escaped; a long one is cut where asked."""
    said = storable(content)
    return escape(said if longest is None or len(said) <= longest else said[:longest] + "…")
