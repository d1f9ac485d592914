"""The document from which pandoc takes the looks of a Word document: our styles and fonts, header, footer and paper.

A .docx is a zip of XML parts. The looks are in assets/report/word, so that they can be read and compared as text.
"""

from __future__ import annotations

import io
import re
import zipfile

from workbench.office.word_xml import FOOTER_ID, HEADER_ID, field, paragraph, run, section_xml
from workbench.reporting.blocks import Report
from workbench.reporting.markup import REPORT_ASSETS
from workbench.reporting.notebook_html import page_templates
from workbench.reporting.stamps import Stamp
from workbench.reporting.words import WORDS

LOOKS = REPORT_ASSETS / "word"
SCHEMAS = "http://schemas.openxmlformats.org"
RELATIONS, PACKAGE = f"{SCHEMAS}/officeDocument/2006/relationships", f"{SCHEMAS}/package/2006"
NAMESPACES = f'xmlns:w="{SCHEMAS}/wordprocessingml/2006/main" xmlns:r="{RELATIONS}"'
TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
PARTS = {"styles": "styles", "fontTable": "fontTable", "settings": "settings", "header1": "header",
         "footer1": "footer"}  # what each part of the document is


def reference_document(report: Report, stamp: Stamp, landscape: bool) -> bytes:
    """The document without text that pandoc's --reference-doc takes; `landscape`: its last page lies on its side."""
    marks = {"header1": HEADER_ID, "footer1": FOOTER_ID}
    relations = "".join(relation(kind, marks.get(name, f"rId{name}"), f"{name}.xml") for name, kind in PARTS.items())
    types = "".join(f'<Override PartName="/word/{name}.xml" ContentType="{TYPE}.{kind}+xml"/>'
                    for name, kind in {"document": "document.main", **PARTS}.items())
    main = relation("officeDocument", "rId1", "word/document.xml")
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" '
                               f'ContentType="application/xml"/><Default Extension="rels" ContentType='
                               f'"application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{main}</Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{section_xml(landscape)}</w:body></w:document>",
        "word/styles.xml": styles(report.lang), "word/header1.xml": header(report.title),
        "word/footer1.xml": footer(stamp.edition, report.lang),
        "word/fontTable.xml": (LOOKS / "fontTable.xml").read_text(encoding="utf-8"),
        "word/settings.xml": (LOOKS / "settings.xml").read_text(encoding="utf-8")}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, part in parts.items():
            package.writestr(zipfile.ZipInfo(name), part)  # of a fixed date, which pandoc keeps
    return buffer.getvalue()


def relation(kind: str, mark: str, target: str) -> str:
    return f'<Relationship Type="{RELATIONS}/{kind}" Id="{mark}" Target="{target}"/>'


def styles(lang: str) -> str:
    """The style sheet for a language."""
    return page_templates().get_template("word/styles.xml.j2").render(lang=lang).lstrip()


def header(title: str) -> str:
    """Title at the left, the chapter of the page at the right."""
    line = paragraph(f"{run(title)}<w:r><w:tab/></w:r>{field('STYLEREF 1')}", "Header")
    return f"<w:hdr {NAMESPACES}>{line}</w:hdr>"


def footer(edition: str, lang: str) -> str:
    """The data edition at the left, the page at the right."""
    before, between, after = re.split(r"\{page\}|\{total\}", WORDS[lang]["page_of"])
    pages = run(before) + field("PAGE", run("1")) + run(between) + field("NUMPAGES", run("1")) + run(after)
    line = paragraph(f"{run(edition)}<w:r><w:tab/></w:r>{pages}", "Footer")
    return f"<w:ftr {NAMESPACES}>{line}</w:ftr>"
