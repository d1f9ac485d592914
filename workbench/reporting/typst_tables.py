"""Tables as typst: never wider than the page, the header again on every page."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import ceil

from workbench.reporting.table import Table, TableCell, grid, text_width

PORTRAIT_POINTS, LANDSCAPE_POINTS = 453.0, 697.0  # the text width of an A4 page with margins of 2.5 cm
_PORTRAIT_SIZES = (9.0, 8.5, 8.0, 7.5, 7.0)
_LANDSCAPE_SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0)
_NARROWEST_TEXT = 6.0  # ems: text is wrapped, but not into columns narrower than this
_LITTLE = 0.15  # of the room that is left: a column that lacks no more is served whole
_LONG_WORD = re.compile(r"\S{4}(?=\S)")
_HEAD_ON_ONE_LINE = 5.0  # ems: a longer word of the head may take two lines


@dataclass(frozen=True)
class TableFit:
    """How a table is set: type size and cell padding in points, page on its side or not, columns in typst's terms, and
    whether words must be broken anywhere."""

    size: float
    padding: float
    landscape: bool
    columns: tuple[str, ...]
    broken: bool = False


def typst_string(text: str) -> str:
    """A text as a typst string, which is shown letter by letter and never read as markup.

    >>> print(typst_string('#panic("x") $y$'))
    "#panic(\\"x\\") $y$"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def fit_table(table: Table) -> TableFit:
    """The most readable setting that fits.

    Tried in turn: nothing wrapped, down to 8 pt; text wrapped with ease, down to 7.5 pt; wrapped as far as it goes,
    down to 7 pt; the page on its side, down to 5 pt. Columns of numbers keep their natural width; columns of text do
    not go below six ems or their longest word. Widths are estimates on the generous side, from the letters alone, so
    that they are the same everywhere. Where nothing fits, as with names of two hundred signs, the widest columns give
    way and their words are broken anywhere.
    """
    natural, narrowest = _column_widths(table)
    padding = 6.0 if table.width <= 6 else 4.0 if table.width <= 10 else 3.0
    eased = 0.6 * sum(narrowest) + 0.4 * sum(natural)
    tries = [(size, False, sum(natural)) for size in _PORTRAIT_SIZES[:3]]
    tries += [(size, False, eased) for size in _PORTRAIT_SIZES[:4]]
    tries += [(size, False, sum(narrowest)) for size in _PORTRAIT_SIZES]
    tries += [(size, True, sum(narrowest)) for size in _LANDSCAPE_SIZES]
    for size, landscape, needed in tries:
        room = ((LANDSCAPE_POINTS if landscape else PORTRAIT_POINTS) - 2 * padding * table.width) / size
        if sum(natural) <= room:
            return TableFit(size, padding, landscape, ("auto",) * table.width)
        if needed <= room:
            columns = tuple(f"{ems * size + 2 * padding:.2f}pt" for ems in _shared_widths(natural, narrowest, room))
            return TableFit(size, padding, landscape, columns)
    size, padding = _LANDSCAPE_SIZES[4], 3.0
    room = (LANDSCAPE_POINTS - 2 * padding * table.width) / size
    columns = tuple(f"{ems * size + 2 * padding:.2f}pt" for ems in _capped_widths(narrowest, room))
    return TableFit(size, padding, True, columns, broken=True)


def _capped_widths(widths: list[float], room: float) -> list[float]:
    """Widths that fill the room, the widest cut down to one common width."""
    capped, left = dict.fromkeys(range(len(widths)), 0.0), room
    for done, column in enumerate(sorted(capped, key=widths.__getitem__)):
        capped[column] = min(widths[column], left / (len(widths) - done))
        left -= capped[column]
    return [capped[column] for column in range(len(widths))]


def _shared_widths(natural: list[float], narrowest: list[float], room: float) -> list[float]:
    """Widths between narrowest and natural that fill the room: who lacks little is served whole, the others share what
    is left in proportion to what they lack, so that a column of sentences is not set into a gap."""
    left, widths = room - sum(narrowest), list(narrowest)
    lacks = {column: wide - narrow for column, (wide, narrow) in enumerate(zip(natural, narrowest, strict=True))}
    for column in sorted(lacks, key=lacks.get):
        if lacks[column] <= _LITTLE * left:
            widths[column] += lacks[column]
            left -= lacks.pop(column)
    total = sum(lacks.values())
    for column, lack in lacks.items():
        widths[column] += min(lack, left * lack / total)
    return widths


def table_height(table: Table, fit: TableFit) -> float:
    """About how high a table is set, in points: each row as high as its tallest cell, wrapped as its column is wide."""
    ems = [None if width == "auto" else (float(width[:-2]) - 2 * fit.padding) / fit.size for width in fit.columns]
    height = 0.0
    for rows in (table.head, table.body):
        for line in grid(rows, table.width):
            lines = [ceil(text_width(cell.text) / ems[column]) if ems[column] else 1 for column, cell in line
                     if cell.columns == cell.rows == 1]
            height += (1.6 + 1.25 * (max([1, *lines]) - 1)) * fit.size
    return height


def _column_widths(table: Table) -> tuple[list[float], list[float]]:
    """Per column, in ems: the width of its longest text, and the width below which it must not go."""
    natural, narrowest = [1.0] * table.width, [1.0] * table.width
    for rows, head in ((table.head, True), (table.body, False)):
        for line in grid(rows, table.width):
            for column, cell in line:
                if cell.columns == 1:
                    wide, narrow = _cell_widths(cell, head)
                    # A cell over several rows may take as many lines.
                    natural[column] = max(natural[column], wide / cell.rows, narrow)
                    narrowest[column] = max(narrowest[column], narrow)
    return natural, narrowest


def _cell_widths(cell: TableCell, head: bool) -> tuple[float, float]:
    lines = "".join("\n" if style == "break" else text for text, style in cell.runs).split("\n")
    wide = max(text_width(line) for line in lines) * (1.06 if head else 1.0)
    if cell.numeric and not head:
        return wide, wide
    words = [text_width(word) for line in lines for word in _unbreakable(line)]
    if not head:
        return wide, max([min(wide, _NARROWEST_TEXT), *words])
    phrases = [text_width(phrase) for line in lines for phrase in line.split()]
    halves = [phrase if phrase <= _HEAD_ON_ONE_LINE else phrase / 2 + 0.5 for phrase in phrases]
    return wide, max([0.0, *halves, *words]) * 1.06


def _unbreakable(line: str) -> list[str]:
    """The pieces a line can be broken into: words, and single Chinese characters."""
    return "".join(character if character.isascii() else f" {character} " for character in line).split()


def table_to_typst(table: Table, fit: TableFit) -> str:
    """The table as a call of `data-table` of report.typ; every text is a string, so none is read as markup."""
    table = _with_breaks(table) if fit.broken else table
    numeric = table.numeric_columns()
    align = ", ".join("right" if flag else "left" for flag in numeric)

    def rows_to_typst(rows: list[list[TableCell]], head: bool) -> str:
        placed = grid(rows, table.width)
        return "".join(
            "    " + ", ".join(_cell_to_typst(cell, head, numeric[column]) for column, cell in row) + ",\n"
            for row in placed
        )

    return (
        f"#data-table(size: {fit.size}pt, padding: {fit.padding}pt, columns: ({', '.join(fit.columns)},),\n"
        f"  align: ({align},), head-rows: {len(table.head)},\n"
        f"  head: (\n{rows_to_typst(table.head, True)}  ),\n  body: (\n{rows_to_typst(table.body, False)}  ))"
    )


def _with_breaks(table: Table) -> Table:
    """The table with places where long words may be broken."""
    def broken(rows: list[list[TableCell]]) -> list[list[TableCell]]:
        return [[replace(cell, runs=[(_LONG_WORD.sub("\\g<0>\u200b", text), style) for text, style in cell.runs])
                 for cell in row] for row in rows]

    return Table(broken(table.head), broken(table.body))


def _cell_to_typst(cell: TableCell, head: bool, numeric_column: bool) -> str:
    text = " + ".join(_run_to_typst(*run) for run in cell.runs) or '""'
    if cell.columns > 1 or cell.rows > 1:
        align = ", align: center" if head and cell.columns > 1 else ""
        return f"table.cell(colspan: {cell.columns}, rowspan: {cell.rows}{align}, {text})"
    if cell.numeric != numeric_column and not head:
        return f"table.cell(align: {'right' if cell.numeric else 'left'}, {text})"
    return text


def _run_to_typst(text: str, style: str) -> str:
    if style == "break":
        return "linebreak()"
    return f"{style}({typst_string(text)})" if style else typst_string(text)
