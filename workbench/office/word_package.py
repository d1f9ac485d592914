"""The package around a Word document that pandoc wrote: our styles, fonts, header and footer, and fixed dates inside.

A .docx is a zip of XML parts. pandoc makes the parts of the text (document, numbering, footnotes, pictures); the looks
come from assets/report/word, so that they can be read and compared as text. The same parts give the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime

from workbench.office.word_xml import (
    FOOTER_ID,
    HEADER_ID,
    field,
    paragraph,
    run,
    section_xml,
    text_xml,
)
from workbench.reporting.markup import REPORT_ASSETS
from workbench.reporting.notebook_html import page_templates
from workbench.reporting.stamps import Stamp
from workbench.reporting.words import WORDS

LOOKS = REPORT_ASSETS / "word"
NAMESPACES = ('xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
              'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"')
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
CORE = "http://schemas.openxmlformats.org/package/2006"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
OLDEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold
DROPPED = ("word/comments.xml",)  # pandoc's parts that stay empty


@dataclass(frozen=True)
class Frame:
    """What surrounds the text: its title, the run's stamp, the language, whether it ends on a page on its side."""

    title: str
    stamp: Stamp
    lang: str
    landscape: bool = False


def dressed(docx: bytes, frame: Frame) -> bytes:
    """pandoc's .docx with our looks, header and footer, and a section that knows them."""
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        parts = {name: package.read(name) for name in package.namelist() if name not in DROPPED}
    parts["word/styles.xml"] = styles(frame.lang)
    for name in ("fontTable.xml", "settings.xml"):
        parts[f"word/{name}"] = (LOOKS / name).read_bytes()
    parts["word/header1.xml"], parts["word/footer1.xml"] = header(frame), footer(frame)
    parts["docProps/core.xml"] = record(frame)
    parts["word/document.xml"] = with_last_section(parts["word/document.xml"], frame.landscape)
    parts["word/_rels/document.xml.rels"] = with_relations(parts["word/_rels/document.xml.rels"])
    parts["[Content_Types].xml"] = with_types(parts["[Content_Types].xml"])
    return packed(parts)


def styles(lang: str) -> bytes:
    """The style sheet for a language."""
    text = page_templates().get_template("word/styles.xml.j2").render(lang=lang)
    return re.sub(r"\n\s*\n+", "\n", text.lstrip()).encode("utf-8")


def record(frame: Frame) -> bytes:
    """The file's own record: title, edition, language, and the study's date, never today's."""
    date = datetime.fromtimestamp(frame.stamp.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    texts = {"dc:title": frame.title, "dc:subject": frame.stamp.edition, "dc:creator": "",
             "dc:language": {"zh": "zh-CN", "en": "en-GB"}[frame.lang]}
    said = "".join(f"<{name}>{text_xml(text)}</{name}>" for name, text in texts.items())
    dates = "".join(f'<dcterms:{name} xsi:type="dcterms:W3CDTF">{date}</dcterms:{name}>'
                    for name in ("created", "modified"))
    return (f'{DECLARATION}<cp:coreProperties xmlns:cp="{CORE}/metadata/core-properties" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{said}{dates}</cp:coreProperties>').encode()


def header(frame: Frame) -> bytes:
    """Title at the left, the chapter of the page at the right."""
    chapter = field("STYLEREF 1")
    line = paragraph(f"{run(frame.title)}<w:r><w:tab/></w:r>{chapter}", "Header")
    return f"{DECLARATION}<w:hdr {NAMESPACES}>{line}</w:hdr>".encode()


def footer(frame: Frame) -> bytes:
    """The data edition at the left, the page at the right."""
    before, between, after = re.split(r"\{page\}|\{total\}", WORDS[frame.lang]["page_of"])
    pages = run(before) + field("PAGE", run("1")) + run(between) + field("NUMPAGES", run("1")) + run(after)
    line = paragraph(f"{run(frame.stamp.edition)}<w:r><w:tab/></w:r>{pages}", "Footer")
    return f"{DECLARATION}<w:ftr {NAMESPACES}>{line}</w:ftr>".encode()


def with_last_section(document: bytes, landscape: bool) -> bytes:
    """The document whose last section is one of ours instead of pandoc's."""
    text = document.decode("utf-8")
    start, end = text.rindex("<w:sectPr"), text.rindex("</w:body>")
    return f"{text[:start]}{section_xml(landscape)}{text[end:]}".encode()


def with_relations(relations: bytes) -> bytes:
    """The document's relations with header and footer, without the parts that are dropped."""
    text = re.sub(r'<Relationship [^>]*Target="comments.xml"[^>]*/>', "", relations.decode("utf-8"))
    added = "".join(f'<Relationship Type="{RELATIONS}/{kind}" Id="{mark}" Target="{kind}1.xml"/>'
                    for kind, mark in (("header", HEADER_ID), ("footer", FOOTER_ID)))
    return text.replace("</Relationships>", f"{added}</Relationships>").encode()


def with_types(types: bytes) -> bytes:
    """The list of parts with header and footer."""
    text = re.sub(r'<Override [^>]*PartName="/word/comments.xml"[^>]*/>', "", types.decode("utf-8"))
    added = "".join(f'<Override PartName="/word/{kind}1.xml" ContentType="{CONTENT}.{kind}+xml"/>'
                    for kind in ("header", "footer"))
    return text.replace("</Types>", f"{added}</Types>").encode()


def packed(parts: dict[str, bytes]) -> bytes:
    """Parts as a zip: the list of parts first, the others by name, all of one date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in sorted(parts, key=lambda name: (name != "[Content_Types].xml", name != "_rels/.rels", name)):
            entry = zipfile.ZipInfo(name, OLDEST)
            # pictures are compressed already
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            entry.create_system = 3
            package.writestr(entry, parts[name])
    return buffer.getvalue()
