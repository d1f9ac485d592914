"""An executed notebook as the sequence of blocks a reader meets: prose, figures, tables, checks, folded code."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from workbench.reporting.errors import ReportError
from workbench.reporting.table import Table
from workbench.reporting.table_markup import read_table

if TYPE_CHECKING:
    from nbformat import NotebookNode

PICTURES = {"image/svg+xml": "svg", "image/png": "png"}
CODE_KINDS = ("code", "parameters", "injected")
MARKDOWN_KINDS = ("prose", "text", "check", "notice", "written")
_NOTEBOOK_ONLY = ("check", "written")
_CODE_TAGS = {"parameters": "parameters", "injected-parameters": "injected"}
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")


@dataclass(frozen=True)
class Block:
    """One thing on the page.

    `kind` is one of `MARKDOWN_KINDS` (`text` is Markdown), one of `CODE_KINDS` (`text` is Python), "output" (`text`
    is shown as it stands), "figure" (`picture`, `media`, `width` as a share of the text width) or "table" (`table`).
    `label`, `caption`, `notes` and `alt` are plain text, never markup. `keep` says whether a table stays on one page of
    the PDF (None: short ones do).
    """

    kind: str
    text: str = ""
    label: str = ""
    caption: str = ""
    notes: str = ""
    alt: str = ""
    anchor: str = ""
    picture: bytes = b""
    media: str = ""
    width: float = 1.0
    table: Table | None = None
    keep: bool | None = None


@dataclass(frozen=True)
class Report:
    """A notebook ready to be written out: name, language, title, kind ("notebook", "white_paper" or "comparison") and
    blocks. Only the first two are made from notebooks."""

    name: str
    lang: str
    title: str
    subtitle: str
    kind: str
    blocks: tuple[Block, ...]


def read_report(notebook: NotebookNode, name: str, lang: str) -> Report:
    """The blocks of an executed notebook, in order.

    The title is that of the notebook's metadata `report`, else its level-one heading; that heading leaves the text,
    where the page's own title stands for it. A white paper is told without code, checks, lists of
    written files, and prose that leads to these alone.

    Parameters: `notebook`, executed; `name`, for errors ("05_scores_and_ranks"); `lang`, of the notebook, "zh" or "en".
    Raises `ReportError` for an error output, anything on stderr, a second level-one heading, a skipped heading level,
    a figure or table without caption, or a picture whose letters are not outlines.
    """
    about = notebook.metadata.get("report", {})
    kind = about.get("kind", "notebook")
    if kind not in ("notebook", "white_paper"):
        raise ReportError(f"{name}: report kind {kind!r} is neither 'notebook' nor 'white_paper'")
    title, blocks = about.get("title", ""), []
    headings = _Headings(name)
    for position, cell in enumerate(notebook.cells, start=1):
        where = f"{name}, cell {position}"
        if cell.cell_type == "markdown":
            text = headings.without_title(cell.source)
            blocks += [Block("prose", text)] if text.strip() else []
        elif cell.cell_type == "code":
            blocks += _code_block(cell) if kind == "notebook" else []
            blocks += [block for output in cell.outputs for block in _output_blocks(output, where)]
    blocks = blocks if kind == "notebook" else _without_checks(blocks)
    title = title or headings.title
    if not title:
        raise ReportError(f"{name}: no title; give the notebook metadata report.title or a '# ' heading")
    return Report(name, lang, title, about.get("subtitle", ""), kind, tuple(_with_anchors(blocks)))


def _without_checks(blocks: list[Block]) -> list[Block]:
    """The blocks of a white paper: without checks and lists of written files, and without prose that leads to them
    alone."""
    kept: list[Block] = []
    for position, block in enumerate(blocks, start=1):
        led_to = [after.kind for after in takewhile(lambda after: after.kind != "prose", blocks[position:])]
        only_checks = block.kind == "prose" and led_to and set(led_to) <= set(_NOTEBOOK_ONLY)
        if block.kind not in _NOTEBOOK_ONLY and not only_checks:
            kept.append(block)
    return kept


class _Headings:
    """Takes the title out of the text and watches that no heading level is skipped."""

    def __init__(self, name: str) -> None:
        self.name, self.title, self.level = name, "", 1

    def without_title(self, source: str) -> str:
        kept, fenced = [], False
        for line in source.splitlines():
            fenced ^= line.lstrip().startswith(("```", "~~~"))
            heading = None if fenced else _HEADING.match(line)
            if heading and len(heading[1]) == 1:
                if self.title:
                    raise ReportError(f"{self.name}: {line!r} is a second level-one heading; begin it with '## '")
                self.title = heading[2]
                continue
            if heading:
                self._step_to(len(heading[1]), line)
            kept.append(line)
        return "\n".join(kept)

    def _step_to(self, level: int, line: str) -> None:
        if level > self.level + 1:
            right = "#" * (self.level + 1)
            raise ReportError(f"{self.name}: the heading {line!r} skips a level; begin it with {right!r}")
        self.level = level


def _code_block(cell: NotebookNode) -> list[Block]:
    tags = cell.metadata.get("tags", ())
    if "hide-input" in tags or not cell.source.strip():
        return []
    return [Block(next((_CODE_TAGS[tag] for tag in tags if tag in _CODE_TAGS), "code"), cell.source.rstrip())]


def _output_blocks(output: NotebookNode, where: str) -> list[Block]:
    if output.output_type == "error":
        raise ReportError(f"{where} failed with {output.ename}: {output.evalue}; mend the cell and run it again")
    if output.output_type == "stream":
        if output.name == "stderr":
            first = output.text.strip().splitlines()[0] if output.text.strip() else ""
            raise ReportError(f"{where} wrote to stderr: {first!r}; deal with the warning at its cause")
        return [Block("output", output.text.rstrip("\n"))] if output.text.strip() else []
    about = output.get("metadata", {}).get("report", {})
    kind, data = about.get("kind", ""), output.data
    if kind in ("caption", "place"):  # for JupyterLab; a report has captions from the metadata of figures and tables
        return []
    media = next((media for media in PICTURES if media in data), "")
    if media:
        return [_figure(data, media, about, where)]
    if kind == "table" or (not kind and "<table" in data.get("text/html", "")):
        return [_table(data, about, where)]
    if "text/markdown" in data:
        if (kind or "text") not in MARKDOWN_KINDS:
            raise ReportError(f"{where}: a text of kind {kind!r}; the kinds are {', '.join(MARKDOWN_KINDS)}")
        return [Block(kind or "text", _text(data["text/markdown"]))]
    return [Block("output", _text(data.get("text/plain", "")))]


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def _figure(data: dict, media: str, about: dict, where: str) -> Block:
    caption, alt = about.get("caption", ""), about.get("alt") or _text(data.get("text/plain", ""))
    label = about.get("label", "")
    if not caption or not alt:
        raise ReportError(f"{where}: figure {label or '(no label)'} has no caption or no alternative text; give both")
    if media == "image/svg+xml":
        picture = _text(data[media]).encode()
        if b"<text" in picture:
            raise ReportError(f"{where}: figure {label} holds letters as text; save it with svg.fonttype = 'path'")
    else:
        picture = base64.b64decode(_text(data[media]))
    return Block("figure", label=label, caption=caption, notes=about.get("notes", ""), alt=alt,
                 anchor=about.get("name", ""), picture=picture, media=media, width=about.get("width", 1.0))  # fmt: skip


def _table(data: dict, about: dict, where: str) -> Block:
    where = f"{where}, table {about.get('label') or '(no label)'}"
    if about and not about.get("caption"):
        raise ReportError(f"{where} has no caption; give one")
    table = (Table.from_json(about["table"]) if "table" in about
             else read_table(_text(data.get("text/html", "")), where))
    return Block("table", label=about.get("label", ""), caption=about.get("caption", ""),
                 notes=about.get("notes", ""), anchor=about.get("name", ""), table=table,
                 keep=about.get("keep"))  # fmt: skip


def _with_anchors(blocks: list[Block]) -> list[Block]:
    """Every figure and table with an anchor of its own: its name where that is fit and free, else its position."""
    from dataclasses import replace

    anchored, taken = [], set()
    for position, block in enumerate(blocks, start=1):
        if block.kind in ("figure", "table"):
            fit = re.fullmatch(r"[A-Za-z][\w-]*", block.anchor) and block.anchor not in taken
            block = replace(block, anchor=block.anchor if fit else f"{block.kind}-{position}")
            taken.add(block.anchor)
        anchored.append(block)
    return anchored
