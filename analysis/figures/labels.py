"""Words on figures: names in two languages, wrapped, and kept from running into each other."""

from __future__ import annotations

import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.figures.style import FigureError
from analysis.settings import ROOT
from analysis.sources import read_region_names
from analysis.wording import worded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

Box = tuple[float, float, float, float]  # left, bottom, right, top, in pixels
WITHOUT_FIGURES = {"香港": "Hong Kong", "澳门": "Macao", "台湾": "Taiwan"}  # on the maps only
SOURCE_SYSTEMS = {"region": "paper", "nbs_region": "nbs", "province": "province"}  # as region_names.csv calls them
SYSTEM_NAMES = {
    "region": ("白皮书七大区", "the white paper's seven regions"),
    "nbs_region": ("国家统计局四大地区", "the statistics bureau's four regions"),
    "province": ("省（区、市）", "provinces"),
}


def pick(lang: str, zh: str, en: str) -> str:
    """The Chinese or the English of two, said of what the study compares; raises FigureError for another language."""
    if lang not in ("zh", "en"):
        raise FigureError(f"lang = {lang!r}: write zh or en")
    return worded(zh if lang == "zh" else en)


@cache
def english_names(system: str) -> dict[str, str]:
    """English names of the regions of one system, by Chinese name; of provinces all 34."""
    table = read_region_names(ROOT)
    table = table[table["system"] == SOURCE_SYSTEMS.get(system)]
    return dict(zip(table["name"], table["name_en"], strict=True)) | (WITHOUT_FIGURES if system == "province" else {})


def province_name(province: str, lang: str) -> str:
    """A province's short name: 内蒙古自治区 → 内蒙古 or Inner Mongolia."""
    names = english_names("province")
    short = next((name for name in names if province.startswith(name)), None)
    if short is None:
        raise FigureError(f"{province} is no province of the roster; correct the name")
    return pick(lang, short, names[short])


def group_name(group: str, system: str, lang: str) -> str:
    """The name of a region or province in the language of the figure."""
    if system == "province":
        return province_name(group, lang)
    return pick(lang, group, english_names(system).get(group, group))


def system_name(system: str, lang: str) -> str:
    """Which region system a figure uses, in words; a study's own system is named like its column."""
    return pick(lang, *SYSTEM_NAMES.get(system, (system, system)))


def city_names(cities: pd.DataFrame, lang: str) -> pd.Series:
    """Short names by code: 深圳, or Shenzhen; an English name that two share carries its province, or its code."""
    if lang == "zh":
        return cities["name"].str.replace(r"(?<=..)市$", "", regex=True)
    shared = cities["name_en"].duplicated(keep=False)
    apart = cities.index.to_series()
    if "province" in cities:
        apart = cities["province"].map(lambda name: province_name(name, "en"))
    return cities["name_en"].where(~shared, cities["name_en"] + " (" + apart + ")")


def node_names(framework: pd.DataFrame, lang: str, numbered: bool = False) -> pd.Series:
    """Names of the framework's nodes by code; `numbered` puts the paper's number before an indicator's name."""
    names = framework[pick(lang, "name_zh", "name_en")]
    if not numbered:
        return names
    number = framework["number"].astype(str).where(framework["level"] == "indicator", "")
    return (number + " " + names).str.strip()


def wrapped(text: str, lang: str, width: int) -> str:
    """Text broken into lines of at most `width` Chinese characters, or 1.9 times as many Latin letters at spaces."""
    if lang == "zh":
        lines = -(-len(text) // width)
        size = -(-len(text) // lines) if lines else 1
        return "\n".join(text[start:start + size] for start in range(0, len(text), size))
    return "\n".join(textwrap.wrap(text, int(width * 1.9), break_long_words=False))


def row_height(lang: str) -> float:
    """Inches for a row with an indicator's name; English names may take two lines."""
    return 0.22 if lang == "zh" else 0.265


def spread(positions: np.ndarray, gap: float, low: float = -np.inf, high: float = np.inf) -> np.ndarray:
    """Positions moved as little as possible (least squares) so that neighbours are at least `gap` apart.

    Keeps the order; where `low` and `high` leave enough room all results lie between them. Pool-adjacent-violators
    on the positions minus their place in the queue.

    >>> spread(np.array([1, 1.2, 5]), gap=1).round(6).tolist()
    [0.6, 1.6, 5.0]
    """
    positions = np.asarray(positions, dtype=float)
    order = np.argsort(positions, kind="stable")
    queue = gap * np.arange(len(positions))
    blocks: list[list[float]] = []
    for value in positions[order] - queue:
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (mean, count), (last, more) = blocks[-2], blocks.pop()
            blocks[-1] = [(mean * count + last * more) / (count + more), count + more]
    level = np.concatenate([np.full(int(count), mean) for mean, count in blocks]) if blocks else np.empty(0)
    moved = np.clip(level, low, high - (queue[-1] if len(queue) else 0.0)) + queue
    result = np.empty_like(positions)
    result[order] = moved
    return result


def place_labels(axes: Axes, x: np.ndarray, y: np.ndarray, texts: list[str], size: float = 6.5,
                 avoid: np.ndarray | None = None) -> list:
    """Write a label beside each point where it meets no label, no frame and few points; without room it is omitted.

    Points come in order of importance. Tries eight positions at growing distance, with a thin leader line when far.
    `avoid` are further points (n × 2, data units) that labels should not cover.
    Call it last, because it settles the layout of the figure. Returns the texts written.
    """
    figure: Any = axes.figure
    for _ in range(2):  # equal axes take a second pass to settle
        figure.draw_without_rendering()
    figure.set_layout_engine("none")  # freeze the axes: labels are set for where the points are now
    renderer, scale = figure.canvas.get_renderer(), figure.dpi / 72
    points = axes.transData.transform(np.column_stack([x, y]))
    others = points if avoid is None else np.vstack([points, axes.transData.transform(avoid)])
    frame, taken, written = axes.get_window_extent(renderer), list[Box](), []
    for (px, py), (dx, dy), text in zip(points, np.column_stack([x, y]), texts, strict=True):
        label = axes.annotate(text, (dx, dy), xytext=(0, 0), textcoords="offset points", fontsize=size,
                              ha="center", va="center", zorder=6)
        box = label.get_window_extent(renderer)
        spot = free_spot((px, py), box.width, box.height, frame, taken, others, scale)
        if spot is None:
            label.remove()
            continue
        (cx, cy), distance = spot
        label.set_position(((cx - px) / scale, (cy - py) / scale))
        if distance > 9:
            axes.annotate("", (dx, dy), xytext=((cx - px) / scale * 0.75, (cy - py) / scale * 0.75),
                          textcoords="offset points", arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "#8a8a8a"})
        taken.append((cx - box.width / 2, cy - box.height / 2, cx + box.width / 2, cy + box.height / 2))
        written.append(label)
    return written


def free_spot(point: tuple[float, float], width: float, height: float, frame: Bbox, taken: list[Box],
              others: np.ndarray, scale: float) -> tuple[tuple[float, float], float] | None:
    """The centre nearest to a point where a box of this size is free, with its distance in points; None if there is
    none. All in pixels."""
    angles = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
    best: tuple[tuple[float, float], float, int] | None = None
    for distance in (4, 7, 11, 16, 22, 30):
        for across, up in angles:
            cx = point[0] + across * (width / 2 + distance * scale)
            cy = point[1] + up * (height / 2 + distance * scale * (0.4 if across else 1))
            box = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
            if box[0] < frame.x0 or box[2] > frame.x1 or box[1] < frame.y0 or box[3] > frame.y1:
                continue
            if any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken):
                continue
            covered = int(np.sum((others[:, 0] > box[0]) & (others[:, 0] < box[2])
                                 & (others[:, 1] > box[1]) & (others[:, 1] < box[3])))
            if covered == 0:
                return (cx, cy), distance
            if best is None or covered < best[2]:
                best = ((cx, cy), distance, covered)
    return best[:2] if best is not None and best[2] <= 3 else None
