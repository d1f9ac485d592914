"""Reports as Word documents: real headings, a contents field, captions with sequence fields, tables that can be edited.

Prose goes through pandoc's document tree, tables and captions are written as WordprocessingML beside it, and pandoc
makes the document of both, in the looks of `word_reference`. Texts from data reach the file as text, never as markup.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from workbench.office.figure_files import DOTS_PER_INCH, Prepared, for_print
from workbench.office.word_reference import LOOKS, reference_document
from workbench.office.word_xml import Captions, contents_xml, paragraph, run, section_end, table_xml
from workbench.reporting.blocks import CODE_KINDS, MARKDOWN_KINDS, Block, Report
from workbench.reporting.errors import ReportError
from workbench.reporting.markup import pandoc_path, parse_markdown
from workbench.reporting.stamps import Stamp
from workbench.reporting.typst_tables import fit_table
from workbench.reporting.words import WORDS

WIDTH_INCHES, WIDEST_INCHES, TALLEST_INCHES = 16 / 2.54, 35 / 6, 19.5 / 2.54  # of the text, of a figure
API = [1, 23, 1]  # of pandoc's document tree


def report_to_docx(report: Report, stamp: Stamp, figures: Path | None = None, template: Path | None = None) -> bytes:
    """A report as a Word document: cover with the edition, contents, text, figures at 300 dpi, editable tables.

    `figures` is the folder where PNG files of the figures stand under their names; a figure that is not there is made
    from the report. Code is left out. The same report gives the same bytes. `template` is a Word document whose styles
    are taken instead of the study's; its header and footer are those of the last section.
    Raises `ReportError` for Markdown that pandoc cannot read or a document that it cannot write.
    """
    with TemporaryDirectory(prefix="study-word-") as folder:
        writing = Writing(report, stamp, Path(folder), figures, framed=template is None)
        blocks = writing.blocks()
        if template is None:
            template = Path(folder) / "looks.docx"
            template.write_bytes(reference_document(report, stamp, writing.landscape))
        return written(blocks, template, report, stamp, Path(folder))


def written(blocks: list[dict], looks: Path, report: Report, stamp: Stamp, folder: Path) -> bytes:
    """What pandoc makes of a document tree in the looks of another document."""
    about = {"title": report.title, "subject": stamp.edition, "lang": {"zh": "zh-CN", "en": "en-GB"}[report.lang]}
    tree = {"pandoc-api-version": API, "blocks": blocks,
            "meta": {name: {"t": "MetaString", "c": text} for name, text in about.items()}}
    (folder / "tree.json").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    command = [pandoc_path(), "-f", "json", "-t", "docx", "-o", "document.docx", "--no-highlight",
               f"--reference-doc={looks.absolute()}", f"--template={LOOKS / 'document.openxml'}", "tree.json"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(stamp.seconds), "TZ": "UTC"}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=folder, env=environment)
    if done.returncode:
        raise ReportError(f"{report.name}: pandoc cannot write the Word document: {done.stderr.strip()}")
    return (folder / "document.docx").read_bytes()


class Writing:
    """A report on its way into pandoc's tree, with what has to be remembered from block to block."""

    def __init__(self, report: Report, stamp: Stamp, folder: Path, figures: Path | None, framed: bool) -> None:
        self.report, self.stamp, self.folder, self.figures = report, stamp, folder, figures
        self.captions, self.landscape, self.framed = Captions(), False, framed
        self.headings: list[tuple[int, str, str]] = []
        self.marks: dict[str, str] = {}

    def blocks(self) -> list[dict]:
        """The whole document."""
        texts = iter(parse_markdown([b.text for b in self.report.blocks if b.kind in MARKDOWN_KINDS], self.report.name))
        body = [part for block in self.report.blocks for part in self.block(block, texts)]
        self.follow_links(body)
        return [*self.cover(), raw(contents_xml(WORDS[self.report.lang]["contents"], self.headings)), *body]

    def cover(self) -> list[dict]:
        """The first page: title, subtitle, the edition of the data, run and date."""
        report, stamp, words = self.report, self.stamp, WORDS[self.report.lang]
        lines = [(report.title, "Title"), (report.subtitle, "Subtitle"), (stamp.edition, "Edition"),
                 (f"{words['run']}{words['colon']}{stamp.run}" if stamp.run else "", "Date"), (stamp.date, "Date")]
        page = "".join(paragraph(run(text), style) for text, style in lines if text)
        return [raw(page + section_end(cover=True, framed=self.framed))]

    def block(self, block: Block, texts: Iterable[list[dict]]) -> list[dict]:
        """One block of the report as blocks of the tree."""
        if block.kind in MARKDOWN_KINDS:
            parsed = self.numbered_headings(next(texts))
            parsed = [division(parsed, "Notice")] if block.kind == "notice" else parsed
            return [*self.turned(False), *parsed]
        if block.kind == "heading":
            heading = {"t": "Header", "c": [2, ["", [], []], [{"t": "Str", "c": block.text}]]}
            return [*self.turned(False), *self.numbered_headings([heading])]
        if block.kind == "figure":
            return [*self.turned(False), *self.figure(block)]
        if block.kind == "table":
            return self.table(block)
        shown = {"t": "CodeBlock", "c": [["", [], []], block.text]}
        return [] if block.kind in CODE_KINDS else [*self.turned(False), shown]

    def numbered_headings(self, blocks: list[dict]) -> list[dict]:
        """Headings one level up, as the title stands on the cover, with bookmarks that Word's contents know."""
        for block in blocks:
            if block["t"] == "Header":
                level, attributes, inlines = block["c"]
                mark = f"Toc{len(self.headings) + 1:09d}"  # pandoc renames what does not begin with a letter
                self.marks[f"#{attributes[0]}"] = f"#{mark}"
                self.headings.append((max(level - 1, 1), mark, plain_text(inlines)))
                block["c"] = [max(level - 1, 1), [mark, [], []], inlines]
        return blocks

    def follow_links(self, tree) -> None:
        """Links to headings lead to their new bookmarks."""
        if isinstance(tree, list):
            for part in tree:
                self.follow_links(part)
        elif isinstance(tree, dict):
            if tree.get("t") == "Link":
                target = tree["c"][2]
                target[0] = self.marks.get(target[0], target[0])
            self.follow_links(tree.get("c"))

    def figure(self, block: Block) -> list[dict]:
        """The picture with its alternative text, its notes and its caption below."""
        path = self.picture(block)
        across, up = png_size(path)
        width = min(block.width * WIDTH_INCHES, WIDEST_INCHES, TALLEST_INCHES * across / up)
        look = ["", [], [["width", f"{width:.3f}in"], ["height", f"{width * up / across:.3f}in"]]]
        image = {"t": "Image", "c": [look, [{"t": "Str", "c": block.alt}], [path.name, ""]]}
        caption = self.captions.caption(block.label, block.caption, above=False)
        notes = paragraph(run(block.notes), "TableNote") if block.notes else ""
        return [division([{"t": "Para", "c": [image]}], "Figure"), raw(caption + notes)]

    def picture(self, block: Block) -> Path:
        """The figure's PNG for print in the working folder."""
        place = self.folder / f"{block.anchor}.png"
        made = self.figures / place.name if self.figures else None
        if made is not None and made.is_file():
            place.write_bytes(made.read_bytes())
        elif block.media == "image/png":
            place.write_bytes(block.picture)
        else:
            with Prepared(block.picture.decode("utf-8")) as page:
                place.write_bytes(for_print(page.png(DOTS_PER_INCH), DOTS_PER_INCH))
        return place

    def table(self, block: Block) -> list[dict]:
        """Caption above, the table, its notes below; on a page on its side where it is too wide."""
        fit = fit_table(block.table)
        caption = self.captions.caption(block.label, block.caption, above=True) if block.caption else ""
        title = f"{block.label} {block.caption}".strip()
        text = caption + table_xml(block.table, fit, title) + paragraph(run(block.notes), "TableNote")
        return [*self.turned(fit.landscape), raw(text)]

    def turned(self, landscape: bool) -> list[dict]:
        """The end of a section where the paper is turned."""
        if landscape == self.landscape:
            return []
        before, self.landscape = self.landscape, landscape
        return [raw(section_end(landscape=before, framed=self.framed))]


# --- pandoc's tree ----------------------------------------------------------------------------------------------------
def raw(openxml: str) -> dict:
    """WordprocessingML as a block of the tree."""
    return {"t": "RawBlock", "c": ["openxml", openxml]}


def division(blocks: list[dict], style: str) -> dict:
    """Blocks in a paragraph style of their own."""
    return {"t": "Div", "c": [["", [], [["custom-style", style]]], blocks]}


def plain_text(tree) -> str:
    """The words of inline elements."""
    if isinstance(tree, list):
        return "".join(plain_text(part) for part in tree)
    if not isinstance(tree, dict):
        return ""
    kind, content = tree["t"], tree.get("c")
    if kind in ("Space", "SoftBreak", "LineBreak"):
        return " "
    if kind == "Str":
        return content
    return content[-1] if kind in ("Code", "Math") else plain_text(content)


def png_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG in pixels."""
    return struct.unpack(">II", path.read_bytes()[16:24])
