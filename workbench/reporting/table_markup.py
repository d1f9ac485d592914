"""Tables between notebook and report: read from plain HTML, written as HTML or typst from their text alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from unicodedata import east_asian_width

from workbench.reporting.errors import ReportError

_STYLES = {"strong": "strong", "b": "strong", "em": "emph", "i": "emph", "sub": "sub", "sup": "super"}
_HTML_TAGS = {"strong": "strong", "emph": "em", "sub": "sub", "super": "sup"}
_FRAME = ("table", "thead", "tbody", "tfoot", "tr", "div", "span", "caption", "colgroup", "col")
_NUMBER = re.compile(r"[+\-−–]?[\d,]*\.?\d+ ?%?")


@dataclass
class Cell:
    """One cell: runs of (text, style), where style is "", "strong", "emph", "sub", "super" or "break". A plain cell is
    text even where it looks like a number."""

    header: bool = False
    numeric: bool = False
    columns: int = 1
    rows: int = 1
    plain: bool = False
    runs: list[tuple[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.runs)


@dataclass
class Table:
    """Header rows and body rows of cells."""

    head: list[list[Cell]] = field(default_factory=list)
    body: list[list[Cell]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """The number of columns."""
        return sum(cell.columns for cell in (self.head or self.body)[0])

    def numeric_columns(self) -> list[bool]:
        """Whether most body cells of a column are numbers; a merged or missing cell does not count."""
        votes = [0] * self.width
        for column, cell in self._simple_cells():
            votes[column] += 1 if cell.numeric else -1 if cell.text.strip(" —–-") else 0
        return [vote > 0 for vote in votes]

    def _simple_cells(self):
        for row in grid(self.body, self.width):
            yield from ((column, cell) for column, cell in row if cell.columns == 1)


def grid(rows: list[list[Cell]], width: int) -> list[list[tuple[int, Cell]]]:
    """Rows of (column number, cell), with the places held by cells of earlier rows skipped."""
    held, placed = [0] * width, []
    for row in rows:
        column, line = 0, []
        for cell in row:
            while column < width and held[column]:
                column += 1
            line.append((column, cell))
            for place in range(column, min(column + cell.columns, width)):
                held[place] = cell.rows
            column += cell.columns
        placed.append(line)
        held = [max(count - 1, 0) for count in held]
    return placed


class _TableReader(HTMLParser):
    def __init__(self, where: str) -> None:
        super().__init__(convert_charrefs=True)
        self.where, self.table = where, Table()
        self.in_head, self.row, self.cell, self.styles, self.skipped = False, None, None, [], False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        about = dict(attributes)
        if tag == "tr":
            self.row = []
            (self.table.head if self.in_head else self.table.body).append(self.row)
        elif tag in ("th", "td"):
            classes = (about.get("class") or "").split()
            self.cell = Cell(tag == "th", "num" in classes, int(about.get("colspan") or 1),
                             int(about.get("rowspan") or 1), "text" in classes)  # fmt: skip
            self.row.append(self.cell)
        elif tag == "br" and self.cell:
            self.cell.runs.append(("", "break"))
        elif tag in _STYLES:
            self.styles.append(_STYLES[tag])
        elif tag == "style":
            self.skipped = True
        elif tag not in _FRAME:
            raise ReportError(f"{self.where}: <{tag}> may not stand in a table; write the cell as plain text")
        self.in_head = tag == "thead" or self.in_head

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            number = bool(_NUMBER.fullmatch(self.cell.text.strip()))
            self.cell.numeric = self.cell.numeric or (number and not self.cell.plain)
            self.cell = None
        elif tag in _STYLES and self.styles:
            self.styles.pop()
        self.in_head = self.in_head and tag != "thead"
        self.skipped = self.skipped and tag != "style"

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.skipped:
            self.cell.runs.append((re.sub(r"\s+", " ", data), self.styles[-1] if self.styles else ""))


def read_table(html: str, where: str) -> Table:
    """The cells of one plain HTML table.

    Only text and bold, italic, subscript, superscript and line breaks are taken over: no style, attribute or script. A
    cell is numeric when its class is "num", or when its text is a number and its class is not "text".

    Raises `ReportError`, naming `where`, for any other element, for no or uneven rows.
    """
    reader = _TableReader(where)
    reader.feed(html)
    reader.close()
    table = reader.table
    table.head, table.body = [row for row in table.head if row], [row for row in table.body if row]
    if not table.body:
        raise ReportError(f"{where}: the table has no rows; show a sentence instead of an empty table")
    for rows in (table.head, table.body):
        for number, row in enumerate(grid(rows, table.width), start=1):
            if row[-1][0] + row[-1][1].columns > table.width:
                raise ReportError(f"{where}: row {number} has more than the table's {table.width} columns")
    return table


def table_to_html(table: Table) -> str:
    """The table as HTML with header scopes; every text is escaped."""
    numeric = table.numeric_columns()

    def row_to_html(row: list[tuple[int, Cell]], head: bool) -> str:
        return "<tr>" + "".join(_cell_to_html(cell, head, numeric[column]) for column, cell in row) + "</tr>"

    head = "\n".join(row_to_html(row, True) for row in grid(table.head, table.width))
    body = "\n".join(row_to_html(row, False) for row in grid(table.body, table.width))
    return "<table>" + (f"\n<thead>\n{head}\n</thead>" if head else "") + f"\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell_to_html(cell: Cell, head: bool, numeric_column: bool) -> str:
    attributes = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    attributes += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    if cell.header or head:
        scope = "col" if head else "row"
        attributes += f' scope="{scope}{"group" if head and cell.columns > 1 else ""}"'
    if cell.columns > 1 and head:
        attributes += ' class="span"'
    elif cell.numeric or (head and numeric_column):
        attributes += ' class="num"'
    text = "".join(
        "<br>" if style == "break" else f"<{_HTML_TAGS[style]}>{escape(text)}</{_HTML_TAGS[style]}>" if style
        else escape(text) for text, style in cell.runs
    )  # fmt: skip
    tag = "th" if cell.header or head else "td"
    return f"<{tag}{attributes}>{text}</{tag}>"


def text_width(text: str) -> float:
    """The width of a text in ems of Noto Sans SC, on the generous side.

    A Chinese character or sign is 1, a capital 0.7, m, w, @ and % 0.93, any other Latin letter or digit 0.57.

    >>> text_width("深圳 95.0")
    4.85
    """
    return round(sum(_character_width(character) for character in text), 2)


def _character_width(character: str) -> float:
    if east_asian_width(character) in "WFA":
        return 1.0
    if character in "mwMW@%":
        return 0.93
    return 0.7 if character.isupper() else 0.57
