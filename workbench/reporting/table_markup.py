"""Tables as HTML: written for pages and for JupyterLab, and read where a notebook not of the study shows one."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser

from workbench.reporting.errors import ReportError
from workbench.reporting.table import Table, TableCell, grid, one_line

_STYLES = {"strong": "strong", "b": "strong", "em": "emph", "i": "emph", "sub": "sub", "sup": "super"}
_HTML_TAGS = {"strong": "strong", "emph": "em", "sub": "sub", "super": "sup"}
_FRAME = ("table", "thead", "tbody", "tfoot", "tr", "div", "span", "caption", "colgroup", "col")


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
            kind = next((kind for kind in ("num", "text") if kind in classes), "")
            self.cell = TableCell(kind, rows=int(about.get("rowspan") or 1), columns=int(about.get("colspan") or 1),
                                  header=tag == "th")
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
            self.cell = None
        elif tag in _STYLES and self.styles:
            self.styles.pop()
        self.in_head = self.in_head and tag != "thead"
        self.skipped = self.skipped and tag != "style"

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.skipped:
            self.cell.runs.append((one_line(data), self.styles[-1] if self.styles else ""))


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


def table_to_html(table: Table, lang: str = "") -> str:
    """The table as HTML with header scopes; every text is escaped.

    With `lang`, "zh" or "en", as an output of a notebook, which names its language: JupyterLab sets cells to the right,
    so that texts must say that they begin at the left.
    """
    numeric = table.numeric_columns()

    def rows_to_html(rows: list[list[TableCell]], head: bool) -> str:
        lines = ("".join(_cell_to_html(cell, head, numeric[column], bool(lang)) for column, cell in row)
                 for row in grid(rows, table.width))
        return "\n".join(f"<tr>{line}</tr>" for line in lines)

    head = f"\n<thead>\n{rows_to_html(table.head, True)}\n</thead>" if table.head else ""
    body = f"\n<tbody>\n{rows_to_html(table.body, False)}\n</tbody>"
    language = {"": "", "zh": ' lang="zh-CN"', "en": ' lang="en"'}[lang]
    return f"<table{language}>{head}{body}\n</table>" + "\n" * bool(lang)


def _cell_to_html(cell: TableCell, head: bool, numeric_column: bool, in_notebook: bool) -> str:
    spans = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    spans += f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    if cell.header or head:
        spans += f' scope="{"col" if head else "row"}{"group" if head and cell.columns > 1 else ""}"'
    if in_notebook:
        look = f' class="{cell.kind}"' if cell.kind else ""
        attributes = look + ("" if cell.kind == "num" else ' style="text-align:left"') + spans
    elif cell.columns > 1 and head:
        attributes = spans + ' class="span"'
    else:
        attributes = spans + (' class="num"' if cell.numeric or (head and numeric_column) else "")
    text = "".join(
        "<br>" if style == "break" else f"<{_HTML_TAGS[style]}>{escape(text)}</{_HTML_TAGS[style]}>" if style
        else escape(text) for text, style in cell.runs
    )  # fmt: skip
    tag = "th" if cell.header or head else "td"
    return f"<{tag}{attributes}>{text}</{tag}>"
