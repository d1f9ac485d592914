"""Executed notebooks as PDF: pandoc turns the text into typst, typst sets the pages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workbench.reporting.blocks import CODE_KINDS, MARKDOWN_KINDS, PICTURES, Block, Report, read_report
from workbench.reporting.errors import ReportError
from workbench.reporting.markup import ASSETS, REPORT_ASSETS, convert_markdown
from workbench.reporting.stamps import Stamp
from workbench.reporting.typst_tables import fit_table, table_height, table_to_typst, typst_string
from workbench.reporting.words import WORDS

if TYPE_CHECKING:
    import typst
    from nbformat import NotebookNode

FONTS = ASSETS / "fonts"

ROWS_KEPT_TOGETHER = 21
MOST_UNKNOWN_SIGNS = 30
_WITHOUT_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')
HEIGHT_KEPT_TOGETHER = 560.0  # points, of the 697 of an upright page: caption and notes take some


def notebook_to_pdf(notebook: NotebookNode, name: str, lang: str, stamp: Stamp, include_code: bool = False) -> bytes:
    """The PDF of an executed notebook or of the white paper: cover, contents, numbered pages, tagged for readers.

    Only fonts of assets/fonts and those inside typst are used, and the date is the stamp's, so that the same notebook
    gives the same bytes on any machine. The file keeps to PDF/UA-1: typst itself refuses
    a picture without alternative text, or headings out of order. A character that no font has stands as 〓.

    Parameters: `notebook`, executed; `name`, for errors; `lang`, "zh" or "en"; `stamp`, the run, whose date stands on
    the cover; `include_code`, whether code cells are printed (never in a white paper).
    Raises `ReportError` as `blocks.read_report` does, and with typst's own words for everything typst warns of.
    """
    report = read_report(notebook, name, lang)
    with TemporaryDirectory() as folder:
        source = typst_source(report, stamp, Path(folder), include_code)
        (Path(folder) / "report.typ").write_bytes((REPORT_ASSETS / "report.typ").read_bytes())
        for _ in range(MOST_UNKNOWN_SIGNS):
            (Path(folder) / "main.typ").write_text(source, encoding="utf-8")
            try:
                return compile_typst(Path(folder), name, stamp.seconds)
            except ReportError as error:
                missing = _WITHOUT_GLYPH.search(str(error))
                if missing is None:
                    raise
                source = without_unknown_signs(source, missing[1])
        raise ReportError(f"{name}: the fonts of assets/fonts lack more than {MOST_UNKNOWN_SIGNS} signs of the text")


def without_unknown_signs(source: str, reported: str) -> str:
    """The text with 〓, the printers' sign for a missing letter, for what typst found no glyph for and what is likely
    to follow. Names of a study's own may be in any script, or in characters beyond GB 2312."""
    kinds = {sign for sign in source if ord(sign) > 0x590 and unicodedata.category(sign)[0] in "LMS"
             and not 0x2000 <= ord(sign) < 0x2E80 and not encodable(sign)}
    return "".join("〓" if sign in kinds or (sign in reported and not sign.isascii()) else sign for sign in source)


def encodable(sign: str) -> bool:
    """Whether GB 2312 has a sign, which the fonts are made for."""
    try:
        return bool(sign.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def typst_source(report: Report, stamp: Stamp, folder: Path, include_code: bool) -> str:
    """The typst text of a report; its pictures are written into `folder`."""
    texts = iter(
        convert_markdown([b.text for b in report.blocks if b.kind in MARKDOWN_KINDS], "typst", report.name)
    )
    words = {key: WORDS[report.lang][key] for key in ("contents", "run", "colon", "page_of")}
    arguments = {
        "title": report.title, "subtitle": report.subtitle, "kind": report.kind, "lang": report.lang,
        "edition": stamp.edition, "run": stamp.run, "date": stamp.date,
    }  # fmt: skip
    lines = [f"  {key}: {typst_string(value)}," for key, value in arguments.items()]
    lines += [f"  words: ({', '.join(f'{key}: {typst_string(word)}' for key, word in words.items())}),"]
    parts = [_block_to_typst(block, texts, folder, report.name, include_code) for block in report.blocks]
    head = '#import "report.typ": *\n#show: report.with(\n' + "\n".join(lines) + "\n)"
    return "\n\n".join([head, *filter(None, parts)])


def _block_to_typst(block: Block, texts, folder: Path, name: str, include_code: bool) -> str:
    if block.kind in ("notice", "check", "written"):
        return f"#{block.kind}[\n{next(texts)}\n]"
    if block.kind in MARKDOWN_KINDS:
        return next(texts)
    if block.kind in CODE_KINDS:
        return f'#raw({typst_string(block.text)}, lang: "python", block: true)' if include_code else ""
    if block.kind == "output":
        return f"#raw({typst_string(block.text)}, block: true)"
    texts_of = ", ".join(f"{key}: {typst_string(getattr(block, key))}" for key in ("label", "caption", "notes"))
    if block.kind == "figure":
        picture = folder / f"{block.anchor}.{PICTURES[block.media]}"
        picture.write_bytes(block.picture)
        alt, width = typst_string(block.alt), f"{block.width * 100:g}%"
        return f'#picture({texts_of}, alt: {alt}, path: "{picture.name}", width: {width})'
    fit = fit_table(block.table)
    # A short table is not torn apart by the end of a page; a long one breaks and repeats its head.
    together = len(block.table.body) <= ROWS_KEPT_TOGETHER if block.keep is None else block.keep
    breakable = not together or fit.landscape or table_height(block.table, fit) > HEIGHT_KEPT_TOGETHER
    options = {"landscape": fit.landscape, "breakable": breakable}
    flags = ", ".join(f"{key}: {str(value).lower()}" for key, value in options.items())
    return f"#captioned-table({texts_of}, {flags})[\n{table_to_typst(block.table, fit)}\n]"


def compile_typst(folder: Path, name: str, seconds: int) -> bytes:
    """The PDF of main.typ in `folder`, dated `seconds` since 1970; ReportError with typst's own words, warnings too."""
    import typst

    compiler = typst.Compiler(str(folder / "main.typ"), root=str(folder), font_paths=_fonts())
    try:
        pdf, warnings = compiler.compile_with_warnings(format="pdf", timestamp=seconds, pdf_standards=["ua-1"])
    except typst.TypstError as error:
        raise ReportError(f"{name}: typst cannot set the report: {error.message}") from error
    if warnings:
        raise ReportError(f"{name}: typst warns: {'; '.join(warning.message for warning in warnings)}")
    return pdf


@cache
def _fonts() -> typst.Fonts:
    """The fonts of a report: assets/fonts and those inside typst, never those of the machine."""
    import typst

    if not list(FONTS.glob("*.ttf")):
        raise ReportError("assets/fonts holds no .ttf file; without the Chinese fonts no PDF can be made")
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FONTS)])
