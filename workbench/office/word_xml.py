"""Pieces of a Word document as WordprocessingML: paragraphs, fields, captions, three-line tables, contents, sections.

Every text is escaped and stays text. Styles are those of assets/report/word/styles.xml.j2. Lengths in a document are
twentieths of a point (`TWIPS` to the point), type sizes are half points.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape

from workbench.office.table_files import natural_widths
from workbench.reporting.table import Table, TableCell, grid, text_width
from workbench.reporting.typst_tables import TableFit

TWIPS = 20
PAGE, MARGINS = (11906, 16838), {"top": 1531, "right": 1417, "bottom": 1361, "left": 1417}  # A4 upright
TEXT_WIDTH, TEXT_WIDTH_SIDEWAYS = PAGE[0] - 2 * 1417, PAGE[1] - 2 * 1417
HEADER_ID, FOOTER_ID = "rIdStudyHeader", "rIdStudyFooter"
PAGE_BREAK = '<w:r><w:br w:type="page"/></w:r>'
FIELD_END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
LINES_KEPT_TOGETHER = 26
BOLD, ITALIC = "<w:b/><w:bCs/>", "<w:i/><w:iCs/>"
RAISED = {"sub": '<w:vertAlign w:val="subscript"/>', "super": '<w:vertAlign w:val="superscript"/>'}
_LABEL = re.compile(r"(.*?)(\d+)(\D*)")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def text_xml(text: str) -> str:
    """A text as XML shows it letter by letter; what XML cannot hold is left out."""
    return escape(_NOT_XML.sub("", text), quote=True)


def run(text: str, look: str = "") -> str:
    """A run of text; `look` is the inside of its properties."""
    properties = f"<w:rPr>{look}</w:rPr>" if look else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{text_xml(text)}</w:t></w:r>' if text else ""


def paragraph(content: str, style: str, properties: str = "") -> str:
    """A paragraph of ready runs in a style."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{properties}</w:pPr>{content}</w:p>'


def field(instruction: str, shown: str = "", update: bool = False) -> str:
    """A field with the result that stands until Word works it out; `update`: Word does so when the file is opened."""
    return field_start(instruction, update) + shown + FIELD_END


def field_start(instruction: str, update: bool = False) -> str:
    """The beginning of a field whose result follows, over several paragraphs if need be."""
    dirty = ' w:dirty="true"' if update else ""
    return (f'<w:r><w:fldChar w:fldCharType="begin"{dirty}/></w:r>'
            f'<w:r><w:instrText xml:space="preserve"> {text_xml(instruction)} </w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r>')


# --- captions ---------------------------------------------------------------------------------------------------------
class Captions:
    """Captions with sequence fields that keep the printed numbers, whatever the order and the gaps."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}
        self.marks = 900_000  # numbers of bookmarks, far from those that pandoc gives

    def caption(self, label: str, text: str, above: bool) -> str:
        """A caption such as 表 2 各市得分: 2 is a field of the sequence 表; one `above` stays with what it names."""
        found = _LABEL.fullmatch(label)
        numbered = self.sequence(*found.groups()) if found else run(label)
        keep = "<w:keepNext/>" if above else ""
        return paragraph(f"{numbered}{run('　' if label else '')}{run(text)}", "Caption", keep)

    def sequence(self, before: str, number: str, after: str) -> str:
        """The label with its last number as a field; a number that does not follow the one before sets the count."""
        name = before.split()[0] if before.split() else "n"
        follows = self.last.get(name, 0) + 1 == int(number)
        self.last[name] = int(number)
        self.marks += 1
        instruction = f"SEQ {name} \\* ARABIC" + ("" if follows else f" \\r {int(number)}")
        mark = f'w:id="{self.marks}"'
        return (f'<w:bookmarkStart {mark} w:name="_Ref{self.marks:09d}"/>{run(before)}{field(instruction, run(number))}'
                f"{run(after)}<w:bookmarkEnd {mark}/>")


# --- tables -----------------------------------------------------------------------------------------------------------
def table_xml(table: Table, fit: TableFit, title: str = "") -> str:
    """An editable three-line table: lines above and below the head and at the end, the head again on every page.

    `fit` says size, padding and width of columns as for the PDF; `title` is read out by screen readers.
    """
    widths, numeric = column_widths(table, fit), table.numeric_columns()
    lines = "".join(f'<w:{side} w:val="single" w:sz="12" w:space="0" w:color="auto"/>' for side in ("top", "bottom"))
    margins = "".join(f'<w:{side} w:w="{round(fit.padding * TWIPS)}" w:type="dxa"/>' for side in ("left", "right"))
    about = f'<w:tblCaption w:val="{text_xml(title)}"/>' if title else ""
    rows = rows_xml(table.head, table, widths, numeric, fit.size, head=True, keep=True)
    rows += rows_xml(table.body, table, widths, numeric, fit.size, False, is_short(table, widths, fit))
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (f'<w:tbl><w:tblPr><w:tblStyle w:val="ThreeLine"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
            f'<w:jc w:val="center"/><w:tblBorders>{lines}</w:tblBorders><w:tblCellMar>{margins}</w:tblCellMar>'
            '<w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="0" '
            f'w:noVBand="1"/>{about}</w:tblPr><w:tblGrid>{columns}</w:tblGrid>{rows}</w:tbl>')


def is_short(table: Table, widths: list[int], fit: TableFit) -> bool:
    """Whether the table may stay on one page whole: by the lines that its rows take."""
    lines = 0
    for row in grid(table.body, table.width):
        rooms = [(cell, sum(widths[column:column + cell.columns]) / TWIPS - 2 * fit.padding) for column, cell in row]
        lines += max(math.ceil(text_width(cell.text) * fit.size / max(room, 1)) or 1 for cell, room in rooms)
    return lines <= LINES_KEPT_TOGETHER


def column_widths(table: Table, fit: TableFit) -> list[int]:
    """The widths of columns that Word begins with, in twips; it widens one whose words would be torn apart. Natural
    ones fill at least half of the line."""
    if fit.columns[0] != "auto":
        return [round(float(column.removesuffix("pt")) * TWIPS) for column in fit.columns]
    natural = [round((width * 1.06 * fit.size + 2 * fit.padding) * TWIPS) for width in natural_widths(table)]
    room = TEXT_WIDTH_SIDEWAYS if fit.landscape else TEXT_WIDTH
    missing = max(0, room // 2 - sum(natural)) // len(natural)
    return [width + missing for width in natural]


def rows_xml(rows: Sequence, table: Table, widths: list[int], numeric: list[bool], size: float, head: bool,
             keep: bool) -> str:
    """Rows of a table; `keep` holds each to the next one on the page."""
    written, covered = "", {}  # covered: column → (rows still to cover, columns covered)
    placed_rows = grid(list(rows), table.width)
    for number, placed in enumerate(placed_rows):
        cells, here, column, last = "", dict(placed), 0, number == len(placed_rows) - 1
        while column < table.width:
            cell, merge = here.get(column), ""
            if cell is None:
                left, columns = covered.get(column, (0, 1))
                merge, covered[column] = "<w:vMerge/>" * bool(left), (max(left - 1, 0), columns)
                cell = TableCell(columns=columns)
            else:
                merge, covered[column] = '<w:vMerge w:val="restart"/>' * (cell.rows > 1), (cell.rows - 1, cell.columns)
            right = numeric[column] and cell.columns == 1 if head else cell.numeric
            align = "right" if right else "center" if head and cell.columns > 1 else ""
            width = sum(widths[column:column + cell.columns])
            place = f'<w:tcW w:w="{width}" w:type="dxa"/>{span(cell.columns)}{merge}{under_head(head, last)}'
            content = cell_xml(cell, align, size, head, keep and (head or not last))
            cells += f"<w:tc><w:tcPr>{place}</w:tcPr>{content}</w:tc>"
            column += cell.columns
        written += f'<w:tr><w:trPr><w:cantSplit/>{"<w:tblHeader/>" if head else ""}</w:trPr>{cells}</w:tr>'
    return written


def span(columns: int) -> str:
    return f'<w:gridSpan w:val="{columns}"/>' if columns > 1 else ""


def under_head(head: bool, last: bool) -> str:
    """The line below the last row of the head; texts of the head stand on it."""
    line = '<w:tcBorders><w:bottom w:val="single" w:sz="6" w:space="0" w:color="auto"/></w:tcBorders>' if last else ""
    return f'{line}<w:vAlign w:val="bottom"/>' if head else ""


def cell_xml(cell: TableCell, align: str, size: float, head: bool, keep: bool) -> str:
    """The paragraph of a cell."""
    sizes = f'<w:sz w:val="{round(size * 2)}"/><w:szCs w:val="{round(size * 2)}"/>'
    runs = ""
    for text, style in cell.runs:
        bold, italic = BOLD if head or style == "strong" else "", ITALIC if style == "emph" else ""
        runs += "<w:r><w:br/></w:r>" if style == "break" else run(text, bold + italic + sizes + RAISED.get(style, ""))
    jc = f'<w:jc w:val="{align}"/>' if align else ""
    return paragraph(runs, "TableText", "<w:keepNext/>" * keep + jc)


# --- contents and sections --------------------------------------------------------------------------------------------
def contents_xml(title: str, headings: Sequence[tuple[int, str, str]], depth: int = 2) -> str:
    """A contents field over (level, bookmark, text) with entries that lead there; Word renews it when it opens."""
    entries = []
    for level, mark, text in headings:
        page = field(f"PAGEREF {mark} \\h")
        entries += [(level, f'<w:hyperlink w:anchor="{mark}" w:history="1">{run(text)}<w:r><w:tab/></w:r>{page}'
                            "</w:hyperlink>")] if level <= depth else []
    if not entries:
        return ""
    start = field_start(f'TOC \\o "1-{depth}" \\h \\z \\u', update=True)
    lines = [paragraph((start if not place else "") + content, f"TOC{level}")
             for place, (level, content) in enumerate(entries)]
    return paragraph(run(title), "TOCHeading") + "".join(lines) + paragraph(f"{FIELD_END}{PAGE_BREAK}", "BodyText")


def section_xml(landscape: bool = False, cover: bool = False, framed: bool = True) -> str:
    """The properties of a section: paper, margins and, if `framed`, our header and footer, which a cover does not show.
    """
    frame = (f'<w:headerReference w:type="default" r:id="{HEADER_ID}"/>'
             f'<w:footerReference w:type="default" r:id="{FOOTER_ID}"/>') * framed
    width, height = PAGE[::-1] if landscape else PAGE
    turned = ' w:orient="landscape"' if landscape else ""
    margins = " ".join(f'w:{side}="{size}"' for side, size in MARGINS.items())
    return (f'<w:sectPr>{frame}<w:type w:val="nextPage"/>'
            f'<w:pgSz w:w="{width}" w:h="{height}"{turned}/><w:pgMar {margins} w:header="709" w:footer="567" '
            f'w:gutter="0"/>{"<w:titlePg/>" if cover else ""}</w:sectPr>')


def section_end(**about: bool) -> str:
    """An empty paragraph that ends a section."""
    return paragraph("", "SectionEnd", section_xml(**about))
