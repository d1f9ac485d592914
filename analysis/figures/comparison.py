"""The figure of a comparison: what the largest changes of rank between two runs consist of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, pick
from analysis.figures.numbers import of_cities, with_numbers
from analysis.figures.style import INK, MUTED, FigureError, legend_below, new_figure, quiet_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A part of several stages has the colour of the first.
PART_COLOURS = {"cities": "#6b4c8a", "data": "#14315f", "treatment": "#f1d06b", "normalisation": "#2f9e83",
                "weights": "#b8482a", "aggregation": "#8fc3ea"}


def rank_change_parts(parts: pd.DataFrame, ranks: pd.DataFrame, cities: pd.DataFrame, names: Mapping[str, str],
                      runs: tuple[str, str], lang: str = "zh", stamp: str = "") -> Figure:
    """What each change of rank consists of: one row per city in the order given, parts that raise it to the right.

    `parts`: cities × parts in places, positive = places gained; `ranks`: columns a and b, for the same cities. `names`
    names the parts in the language of the figure, `runs` the two runs. Dots are the whole changes, the sums
    of the parts.
    """
    if parts.empty:
        raise FigureError("no city changes its rank; there is nothing to draw")
    shown = [part for part in parts if (parts[part] != 0).any()]
    short = city_names(cities, lang)
    title = pick(lang, f"变动最大的 {len(parts)} 座城市：名次变动的构成",
                 f"The {len(parts)} largest changes of rank and what they are made of")
    figure = new_figure(0.2 * len(parts) + 1.35, title, stamp)
    axes = figure.add_subplot()
    rows = np.arange(len(parts))
    for sign in (1, -1):
        start = np.zeros(len(parts))
        for part in shown:
            width = (sign * parts[part]).clip(lower=0).to_numpy() * sign
            axes.barh(rows, width, left=start, height=0.74, color=part_colour(part), edgecolor="white", linewidth=0.4)
            start += width
    change = (ranks["a"] - ranks["b"]).loc[parts.index].astype(int)
    axes.scatter(change, rows, s=20, color="white", edgecolor=INK, linewidth=0.9, zorder=4)
    axes.axvline(0, color=MUTED, linewidth=0.7)
    axes.set_yticks(rows, [f"{short[code]}  {ranks.at[code, 'a']} → {ranks.at[code, 'b']}" for code in parts.index])
    axes.set_ylim(len(parts) - 0.4, -0.6)
    axes.use_sticky_edges = False
    axes.margins(x=0.03)
    change_label = pick(lang, "名次变动（位，向右为上升）", "change of rank in places (to the right: up)")
    axes.set_xlabel(f"{change_label}\n{' → '.join(runs)}")
    quiet_axis(axes)
    legend_below(figure, part_handles(shown, names, lang), 4 if lang == "zh" else 3)
    return with_numbers(
        figure, of_cities(ranks.loc[parts.index].join(parts[shown]).assign(change=change), cities),
        f"分段条形图，每行一座城市，共 {len(parts)} 座：名次变动由各部分相加而成，向右为上升，白点为合计。",
        f"Stacked bars, a row a city, {len(parts)} in all: the change of rank as the sum of its parts, up to the "
        "right; white dots are whole changes.")


def part_colour(part: str) -> str:
    """The colour of a part."""
    return PART_COLOURS[part.split("+")[0]]


def part_handles(parts: list[str], names: Mapping[str, str], lang: str) -> list:
    """Legend of the parts."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    whole = Line2D([], [], linestyle="none", marker="o", markersize=4, markerfacecolor="white", markeredgecolor=INK,
                   label=pick(lang, "合计", "whole change"))
    return [*(Patch(facecolor=part_colour(part), label=names[part]) for part in parts), whole]
