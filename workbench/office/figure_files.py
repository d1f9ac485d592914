"""A figure as files: SVG, PDF and PNG at 300 dots per inch, the numbers behind it as CSV, what it shows in words.

The picture is drawn once, as SVG; typst makes the PDF (tagged, with alternative text) and the PNG from it, a tenth of a
second each where matplotlib would lay the figure out anew. The words stand in all three: title and description of the
SVG, alternative text of the PDF, the comment of the PNG. Letters are outlines, so that no font is needed anywhere.
"""

from __future__ import annotations

import base64
import io
import re
from functools import cache
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pandas as pd

from analysis import editions
from analysis.frames import write_frame
from workbench.reporting.typst_tables import typst_string

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH, SCREEN = 300, 200
LARGE = 300_000  # characters; the coordinates of a larger SVG are shortened
ENDINGS = ("svg", "pdf", "png", "csv")
_SIZE = re.compile(r'<svg [^>]*?height="([\d.]+)pt"[^>]*? width="([\d.]+)pt"|'
                   r'<svg [^>]*?width="([\d.]+)pt"[^>]*? height="([\d.]+)pt"')


class FigureFileError(ValueError):
    """A figure that cannot be written; the message names it and the remedy."""


def title_of(about: dict, edition: str, lang: str) -> str:
    """Label and caption of a figure in one line, with the mark of simulated data where it shows them."""
    return editions.note(f"{about['label']}{'　' if lang == 'zh' else '  '}{about['caption']}", edition, lang)


def figures_in(notebook) -> list[dict]:
    """What an executed notebook says of each figure that it shows: name, label, caption, alternative text."""
    shown = [output.get("metadata", {}).get("report", {}) for cell in notebook.cells
             for output in cell.get("outputs", [])]
    return [about for about in shown if about.get("kind") == "figure"]


def write_svg(svg: str, folder: Path, name: str, title: str, words: str) -> None:
    """Write <name>.svg into `folder`; `title`, label and caption; `words`, what the figure shows. Texts are shown
    letter by letter, never as markup."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.svg").write_text(described(svg, title, words), encoding="utf-8")


def write_numbers(figure: Figure, folder: Path, name: str, edition: editions.Edition = editions.Edition.PUBLIC) -> None:
    """Write <name>.csv into `folder` where the figure carries the numbers that it draws (see `figures.numbers`)."""
    numbers = getattr(figure, "numbers", None)
    if isinstance(numbers, pd.DataFrame):
        write_frame(editions.marked_table(numbers, edition), folder / f"{name}.csv", index=False)


def write_prints(folder: Path, name: str, title: str, words: str, lang: str) -> None:
    """Write <name>.pdf and <name>.png (300 dots per inch) from <name>.svg, which is in `folder`."""
    svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
    with Prepared(svg, title, words, lang) as compiler:
        (folder / f"{name}.pdf").write_bytes(compiler.pdf())
        (folder / f"{name}.png").write_bytes(for_print(compiler.png(DOTS_PER_INCH), DOTS_PER_INCH, title, words))


def for_screen(svg: str) -> str:
    """The PNG of a figure at the resolution of a page on the screen, in base64 as notebooks keep it."""
    with Prepared(svg) as compiler:
        return base64.b64encode(compiler.png(SCREEN)).decode("ascii")


def words_of(figure: Figure, caption: str, lang: str) -> str:
    """The alternative text of a figure: its caption and what it shows."""
    shown = getattr(figure, "words", {}).get(lang, "")
    stop = "。" if lang == "zh" else ". "
    return f"{caption}{stop}{shown}" if shown else caption


def shortened(svg: str) -> str:
    """A large SVG with the coordinates of its paths cut to hundredths of a point; others as they are.

    A printer's dot is a quarter of a point wide. Only path data are cut, never the factors of a transformation.
    """
    if len(svg) <= LARGE:
        return svg
    return re.sub(r'<path [^>]*>', lambda path: re.sub(
        r' d="[^"]*"', lambda data: re.sub(r"(\.\d\d)\d+", r"\1", data[0]), path[0]), svg)


def described(svg: str, title: str, words: str) -> str:
    """The SVG with a title and a description that screen readers speak."""
    start = svg.index(">", svg.index("<svg")) + 1
    opening = svg[:start].replace("<svg ", '<svg role="img" ', 1)
    return f"{opening}<title>{escape(title)}</title><desc>{escape(words)}</desc>{svg[start:]}"


def size_in_points(svg: str) -> tuple[float, float]:
    """Width and height of an SVG (points)."""
    found = _SIZE.search(svg[:5000])
    if found is None:
        raise FigureFileError("the SVG does not say its size in points; draw it with figures.to_svg")
    height, width, other_width, other_height = found.groups()
    return float(width or other_width), float(height or other_height)


class Prepared:
    """A figure ready to be set as a page of its own size; `pdf()` and `png(dots)` give its bytes."""

    def __init__(self, svg: str, title: str = "", words: str = "", lang: str = "zh") -> None:
        width, height = size_in_points(svg)
        self.svg = svg
        self.source = (
            f"#set document(title: {typst_string(title or 'figure')}, description: {typst_string(words)}, date: none)\n"
            f'#set text(lang: "{lang}")\n#set page(width: {width}pt, height: {height}pt, margin: 0pt, fill: white)\n'
            f'#image("figure.svg", width: 100%, alt: {typst_string(words or title or "figure")})\n')

    def __enter__(self) -> Prepared:
        import typst

        self.folder = TemporaryDirectory(prefix="study-figure-")
        place = Path(self.folder.name)
        (place / "figure.svg").write_text(self.svg, encoding="utf-8")
        (place / "main.typ").write_text(self.source, encoding="utf-8")
        self.compiler = typst.Compiler(str(place / "main.typ"), root=str(place), font_paths=_no_fonts())
        return self

    def __exit__(self, *_) -> None:
        self.folder.cleanup()

    def pdf(self) -> bytes:
        return self.compiler.compile(format="pdf", pdf_standards=["ua-1"])

    def png(self, dots: int) -> bytes:
        return self.compiler.compile(format="png", ppi=float(dots))


@cache
def _no_fonts():
    """No fonts at all: the letters of a figure are outlines."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False)


def for_print(png: bytes, dots: int, title: str = "", words: str = "") -> bytes:
    """A PNG without transparency (which print shops and LaTeX stumble over), with its resolution and its words."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    about = PngInfo()
    for key, text in (("Title", title), ("Description", words)):
        if text:
            about.add_itxt(key, text)
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(buffer, "PNG", dpi=(dots, dots), pnginfo=about, compress_level=1)
    return buffer.getvalue()
