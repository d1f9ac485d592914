"""Executed notebooks as single HTML files that open without a network: no script, no font, no file from elsewhere."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from workbench.reporting.blocks import CODE_KINDS, MARKDOWN_KINDS, Block, Report, read_report
from workbench.reporting.markup import REPORT_ASSETS, convert_markdown
from workbench.reporting.stamps import PageLinks, Stamp
from workbench.reporting.table_markup import table_to_html
from workbench.reporting.words import WORDS

if TYPE_CHECKING:
    from jinja2 import Environment
    from nbformat import NotebookNode

_HEADING = re.compile(r'<h([2-6]) id="([^"]*)">(.*?)</h\1>', re.DOTALL)


@dataclass(frozen=True)
class Heading:
    """A line of the contents list: level 2 to 6, identifier, and the heading's own HTML."""

    level: int
    anchor: str
    html: str


def notebook_to_html(
    notebook: NotebookNode, name: str, lang: str, stamp: Stamp, links: PageLinks | None = None
) -> str:
    """One HTML page of an executed notebook or of the white paper, complete in itself.

    Formulas are MathML, pictures data addresses, code is folded away (and absent from a white paper). The page forbids
    itself every script and every request. The same notebook gives the same text.

    Parameters: `notebook`, executed; `name`, for errors; `lang`, "zh" or "en"; `stamp`, the run; `links`, neighbours.
    Raises `ReportError` as `blocks.read_report` does, and for Markdown that pandoc cannot read.
    """
    return report_to_html(read_report(notebook, name, lang), stamp, links)


def report_to_html(report: Report, stamp: Stamp, links: PageLinks | None = None) -> str:
    """One HTML page of a report, whatever its blocks were made from; see `notebook_to_html`."""
    parts = _blocks_as_html(report)
    contents = [
        Heading(int(level), anchor, html)
        for part in parts if part["kind"] == "prose"
        for level, anchor, html in _HEADING.findall(part["html"]) if int(level) <= 3
    ]  # fmt: skip
    page = page_templates().get_template("page.html.j2")
    return page.render(
        report=report, parts=parts, contents=contents, stamp=stamp, links=links or PageLinks(),
        words=WORDS[report.lang], style=stylesheet(),
    )  # fmt: skip


@cache
def page_templates() -> Environment:
    """The templates of assets/report, in which every text is escaped unless it is marked as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(REPORT_ASSETS), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


@cache
def stylesheet() -> str:
    """The one style sheet of all pages."""
    return (REPORT_ASSETS / "report.css").read_text(encoding="utf-8")


def picture_address(media: str, picture: bytes) -> str:
    """A picture as a data address: an SVG shown this way can neither run nor load anything, nor clash in its ids.

    An SVG is written with percent signs, a quarter shorter than in base64.
    """
    if media != "image/svg+xml":
        return f"data:{media};base64,{base64.b64encode(picture).decode('ascii')}"
    # Left as they are: what may stand in an address between double quotes.
    return f"data:{media}," + quote(re.sub(rb"\s+", b" ", picture), safe=" !$()*+,-./:;=?@[]^_`{|}~'")


def _blocks_as_html(report: Report) -> list[dict]:
    texts = iter(
        convert_markdown([b.text for b in report.blocks if b.kind in MARKDOWN_KINDS], "html", report.name)
    )
    return [_block_as_html(block, texts) for block in report.blocks]


def _block_as_html(block: Block, texts) -> dict:
    part = {"kind": block.kind, "block": block, "html": "", "address": ""}
    if block.kind in MARKDOWN_KINDS:
        html = next(texts).replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
        part["html"] = html.replace("<th>", '<th scope="col">').replace("<th style", '<th scope="col" style')
    elif block.kind in CODE_KINDS:
        part["html"] = _highlighted(block.text)
    elif block.kind == "table":
        part["html"] = table_to_html(block.table)
    elif block.kind == "figure":
        part["address"] = picture_address(block.media, block.picture)
    return part


@cache
def _highlighter():
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return PythonLexer(), HtmlFormatter(nowrap=True)


def _highlighted(code: str) -> str:
    """Python code as HTML with one class a token."""
    from pygments import highlight

    return highlight(code, *_highlighter()).rstrip("\n")
