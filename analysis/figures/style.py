"""One look for all figures: fonts of the repository, fixed colours with one meaning each, deterministic bytes.

Colours were chosen so that every pair of one family differs in lightness as well as in hue: they survive a grey print
and the common colour-vision deficiencies (tests/analysis/test_figures.py measures both). Groups are named on the
axes too.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.figures.layout import SteadyLayout

ASSETS = Path(__file__).resolve().parents[2] / "assets"
STYLE_SHEET, FONTS = ASSETS / "study.mplstyle", ASSETS / "fonts"
FONT_FAMILY = "Noto Sans SC"
FONT_FILES = ("NotoSansSC-Regular-gb2312.ttf", "NotoSansSC-Bold-gb2312.ttf")
WIDTH = 6.8  # inches: the text width of an A4 page
RASTER_DPI = 300  # of pictures inside an SVG
FOOTER, LEGEND_LINE = 0.17, 0.165  # inches kept for the stamp, and for one line of a legend under the axes

# Ink and the muted grey are those of the style sheet.
INK, MUTED, FAINT = "#222222", "#6b6b6b", "#d9d9d9"
OURS, PUBLISHED, BASELINE = "#1b4f72", "#e2a03f", "#8a8a8a"
RISE, FALL = "#1b4f72", "#c8693a"
CUT = "#b03a2e"
DOMAIN_COLOURS = {"D1": "#14315f", "D2": "#6b4c8a", "D3": "#b8482a", "D4": "#f1d06b", "D5": "#2f9e83", "D6": "#8fc3ea"}
GRADE_SHADES = {"A": "#1d3f5e", "B": "#4f7ea3", "C": "#9bbdd6", "D": "#d3e2ee"}
NBS_COLOURS = {"东部": "#3b1c6e", "中部": "#a03e7f", "西部": "#e8a86b", "东北": "#5a9a55"}
REGION_COLOURS = {"华东": "#3b1c6e", "华中": "#7a2a77", "华南": "#b04a72", "华北": "#4f8a5c", "西南": "#dd8c5a",
                  "东北": "#9fcf8a", "西北": "#f7e2b8"}
CLUSTER_COLOURS = {"high-high": "#6b1515", "high-low": "#d98245", "low-high": "#a3c8e6", "low-low": "#2f6ba3",
                   "not significant": "#ededed"}
TIER_COLOURS = ("#0c2c54", "#2f6ba3", "#7fb0d6", "#b9d3e8", "#d9e6f1", "#ebf1f7")

LAST_RESORT = "Last Resort High-Efficiency"  # comes with matplotlib: a box for every letter
_fallback: list[str] = []
MISSING_GLYPH = r"Glyph \d+ .* missing from"


class FigureError(ValueError):
    """A figure that cannot be drawn as asked; the message names the argument and the remedy."""


def domain_colours(framework: pd.DataFrame) -> dict[str, str]:
    """The colour of each domain of a tree: the study's own by code, another tree's in order, repeated after six."""
    codes = framework.index[framework["level"] == "domain"]
    return DOMAIN_COLOURS if set(codes) <= set(DOMAIN_COLOURS) else dict(zip(codes, cycle(DOMAIN_COLOURS.values())))


def allow_any_script() -> None:
    """Let figures show a box for a letter that their font lacks, instead of refusing it, for studies with their own
    names. `use_style` applies it."""
    global _fallback
    _fallback = [LAST_RESORT]


def use_style(fonts: Path = FONTS) -> None:
    """Set the look of all figures that follow: the style sheet assets/study.mplstyle and the Chinese font.

    `fonts` is the folder of the two font files, the repository's own by default. Call it once per notebook, after any
    `seaborn.set_theme()`, which would undo it. `plt.style.use("assets/study.mplstyle")` alone sets the same look with
    the fonts of the machine. Raises FigureError where a font file is missing: another font would print empty boxes for
    Chinese.
    """
    import matplotlib.style

    register_fonts(Path(fonts))
    matplotlib.style.use(STYLE_SHEET)
    matplotlib.rcParams["font.family"] = [FONT_FAMILY, *_fallback]


def register_fonts(fonts: Path) -> None:
    """Make the two fonts known to matplotlib, and the font of last resort in bold too (it looks the same)."""
    from matplotlib import font_manager

    known = font_manager.fontManager.ttflist
    for path in (fonts / name for name in FONT_FILES):
        if not path.is_file():
            raise FigureError(f"font {path.name} is not in the folder of fonts; restore it from assets/fonts")
        if str(path) not in {entry.fname for entry in known}:
            font_manager.fontManager.addfont(str(path))
    if _fallback and not any(entry.name == LAST_RESORT and entry.weight == 700 for entry in known):
        known.append(replace(next(entry for entry in known if entry.name == LAST_RESORT), weight=700))


def new_figure(height: float, title: str, stamp: str, width: float = WIDTH) -> Figure:
    """An empty figure (inches) with a short title at the top left and the edition's stamp in the footer."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from analysis.figures.layout import SteadyLayout

    if FONT_FAMILY not in matplotlib.rcParams["font.family"]:
        raise FigureError("the fonts are not registered; call figures.use_style() first")
    foot = FOOTER / height
    layout = SteadyLayout(w_pad=0.05, h_pad=0.05, rect=(0, foot, 1, 1 - foot))
    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.008, ha="left", fontsize=10, fontweight="bold")
    figure.text(0.008, 0.04 / height, stamp, ha="left", va="bottom", fontsize=6.5, color=MUTED)
    return figure


def legend_below(figure: Figure, handles: list, columns: int) -> None:
    """A legend between the axes and the footer; the room for its lines is taken from the axes."""
    height, layout = figure.get_figheight(), cast("SteadyLayout", figure.get_layout_engine())
    foot = FOOTER + LEGEND_LINE * -(-len(handles) // columns) + 0.06
    layout.set(rect=(0, foot / height, 1, 1 - foot / height))
    figure.legend(handles=handles, loc="lower center", ncols=columns, bbox_to_anchor=(0.5, FOOTER / height),
                  borderaxespad=0, borderpad=0.2, labelspacing=0.35, columnspacing=1.3, handlelength=1.4)


def legend_above(figure: Figure, handles: list, columns: int) -> None:
    """A legend at the top right, on the line of the title."""
    figure.legend(handles=handles, loc="outside upper right", ncols=columns, columnspacing=1.2, handlelength=1.4)


@contextmanager
def every_glyph() -> Iterator[None]:
    """Turn matplotlib's warning about a missing glyph into an error; other warnings stay as they are."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=MISSING_GLYPH)
        yield


def to_svg(figure: Figure, about: dict[str, str] | None = None) -> str:
    """The figure as SVG, text as paths: the same figure gives the same bytes, without date or software; `about` is
    kept in the file as its metadata. Cells of a heat map are a picture in it, at the resolution of print."""
    buffer = io.BytesIO()
    with every_glyph(), laid_out_for_svg(figure):
        figure.savefig(buffer, format="svg", dpi=RASTER_DPI, metadata={"Date": None, "Creator": None, **(about or {})})
    return compact(buffer.getvalue().decode("utf-8"))


@contextmanager
def laid_out_for_svg(figure: Figure) -> Iterator[None]:
    """The axes placed as an SVG needs them, and no layout engine meanwhile: `savefig` would draw the whole figure a
    first time only to lay it out."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    engine, canvas, dpi = figure.get_layout_engine(), figure.canvas, figure.dpi
    if engine is not None:
        FigureCanvasSVG(figure)  # texts are measured as in an SVG, whose unit is the point
        figure.dpi = 72
        for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) if not axis.label.get_text()):
            axis.set_label_coords(0, 0)  # else every tick is measured again to place an empty label
        with suppress(ValueError):  # as `Figure.draw`: without room for a layout there is still a figure
            engine.execute(figure)
        figure.dpi = dpi
        figure.set_canvas(canvas)
        figure.set_layout_engine(None)
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


def compact(svg: str) -> str:
    """SVG without comments and without white space between elements and in paths: the same picture, a fifth smaller."""
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r">\s+<", "><", svg)
    return re.sub(r"\s*\n\s*", " ", svg) + "\n"


def to_png(figure: Figure, dpi: int = 200, about: dict[str, str] | None = None) -> bytes:
    """The figure as PNG at `dpi` dots per inch: the same figure gives the same bytes, without date or software;
    `about` is kept in the file as its metadata."""
    buffer = io.BytesIO()
    with every_glyph():
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None, **(about or {})})
    return buffer.getvalue()


def quiet_axis(axes: Axes, grid: Literal["x", "y", ""] = "x") -> None:
    """Light grid along one axis (`x`, `y` or none), no frame on the sides that carry names."""
    if grid:
        axes.grid(axis=grid)
    for side in {"x": ("left",), "y": ("bottom",)}.get(grid, ()):
        axes.spines[side].set_visible(False)


def percent(share: float, _: float | None = None) -> str:
    """A share as a tick label: 0.175 → 17.5%."""
    return f"{100 * share:.4g}%"


def on_colour(colour: str | tuple[float, float, float, float]) -> str:
    """Black or white, whichever reads better on `colour` (relative luminance as WCAG 2.1 defines it)."""
    from matplotlib.colors import to_rgb

    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "white" if luminance < 0.25 else INK
