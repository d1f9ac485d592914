"""The evaluation system as one tree: domains, sub-domains, indicators, and what each indicator weighs (图1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import node_names, pick, wrapped
from analysis.figures.numbers import ends, of_nodes, with_numbers
from analysis.figures.style import INK, MUTED, domain_colours, legend_below, new_figure, on_colour, percent, quiet_axis
from analysis.framework import ancestor, leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOMAIN_EDGE, SUBDOMAIN_EDGE, NAME_EDGE = 0.20, 0.50, 0.52  # where the three levels end, as shares of the left half
ROW = 0.197  # inches


def tint(colour: str, share: float = 0.78) -> str:
    """A colour mixed with white."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = (part + (1 - part) * share for part in to_rgb(colour))
    return to_hex((red, green, blue))


def system_tree(framework: pd.DataFrame, weights: pd.DataFrame, lang: str = "zh", stamp: str = "") -> Figure:
    """The evaluation system (图1): three levels from left to right, the weight of each indicator at the right.

    `weights` is measured indicators × (combined, subjective, objective), each column summing to 1: bars are the
    combined weights, a diamond the subjective and a circle the objective ones. An indicator without data keeps its row,
    in grey and without a weight.
    """
    codes, weights = leaves(framework), weights[["combined", "subjective", "objective"]]
    figure = new_figure(ROW * len(codes) + 1.25, pick(lang, "评价体系与权重", "The evaluation system and its weights"),
                        stamp)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(5.2, 2.4))
    colours, names = domain_colours(framework), node_names(framework, lang)
    domain, parent = ancestor(framework, "domain"), ancestor(framework, "subdomain")
    totals = weights["combined"].groupby(domain.reindex(weights.index)).sum()
    for code, rows in spans(domain):
        share = f"\n{totals[code]:.1%}" if code in totals else pick(lang, "\n无数据", "\nno data")
        shade = colours[code] if code in totals else tint(colours[code], 0.55)
        block(left, 0.0, DOMAIN_EDGE, rows, shade, wrapped(names[code], lang, 6) + share, True)
    for code, rows in spans(parent):
        shade = tint(colours[framework.at[code, "parent"]])
        block(left, DOMAIN_EDGE + 0.008, SUBDOMAIN_EDGE, rows, shade, wrapped(names[code], lang, 9), False)
    for row, code in enumerate(codes):
        known = code in weights.index
        left.text(NAME_EDGE, row, names[code], va="center", fontsize=6.6, color=INK if known else "#8a8a8a")
    weight_rows(right, codes, weights, domain.map(colours), lang)
    left.set(xlim=(0, 1), ylim=(len(codes) - 0.4, -0.6))
    left.axis("off")
    legend_below(figure, weight_marks(lang), 3)
    numbers = of_nodes(weights.reindex(codes), framework)
    both = ends(numbers["combined"], numbers, ".1%")
    return with_numbers(
        figure, numbers,
        f"三级树：{len(totals)} 个领域、{len(weights)} 项指标有数据，右侧条形为组合权重，菱形为主观、圆为客观权重；"
        f"组合权重{both[0]}。",
        f"A tree of three levels: {len(totals)} domains and {len(weights)} indicators have data; bars at the right are "
        f"combined weights, diamonds subjective and circles objective ones; combined weights: {both[1]}.")


def spans(groups: pd.Series) -> list[tuple[str, tuple[int, int]]]:
    """Each group with its first and last row, in order; `groups` is by indicator."""
    rows = pd.Series(np.arange(len(groups)), groups.index).groupby(groups, sort=False).agg(["min", "max"])
    return [(code, (int(row["min"]), int(row["max"]))) for code, row in rows.iterrows()]


def block(axes: Axes, left: float, right: float, rows: tuple[int, int], colour: str, text: str, bold: bool) -> None:
    """A block over some rows with its name in the middle."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((left, rows[0] - 0.46), right - left, rows[1] - rows[0] + 0.92, facecolor=colour))
    lines = text.split("\n")
    if len(lines) > 2 * (rows[1] - rows[0] + 1):  # more lines than the rows have room for
        text = " ".join(lines)
    axes.text((left + right) / 2, sum(rows) / 2, text, ha="center", va="center", linespacing=1.1,
              fontsize=7 if bold else 6.2, fontweight="bold" if bold else "normal", color=on_colour(colour))


def weight_rows(axes: Axes, codes: pd.Index, weights: pd.DataFrame, colours: pd.Series, lang: str) -> None:
    """Bars of the combined weights with the other two as marks; a dash where an indicator has none."""
    limit = weights.max(axis=None) * 1.3
    for row, code in enumerate(codes):
        if code not in weights.index:
            axes.text(limit * 0.01, row, "–", va="center", fontsize=6.4, color=MUTED)
            continue
        own = weights.loc[code]
        axes.barh(row, own["combined"], height=0.58, color=colours[code], zorder=2)
        axes.plot(own["subjective"], row, **mark("D", 3.4), zorder=4)
        axes.plot(own["objective"], row, **mark("o", 3.8), zorder=4)
        axes.text(limit, row, f"{own['combined']:.1%}", va="center", ha="right", fontsize=6.4)
    axes.set_xlim(0, limit)
    axes.xaxis.set_major_formatter(percent)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel(pick(lang, "权重（数字为组合权重）", "weight (figures: combined)"))
    quiet_axis(axes)
    axes.tick_params(axis="y", left=False, labelleft=False)


def mark(shape: str, size: float) -> dict:
    """A hollow mark."""
    return {"marker": shape, "markersize": size, "markerfacecolor": "white", "markeredgecolor": INK,
            "markeredgewidth": 0.9, "linestyle": "none"}


def weight_marks(lang: str) -> list:
    """What bar, diamond and circle are."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [Patch(facecolor="#6b6b6b", label=pick(lang, "组合权重", "combined weight")),
            Line2D([], [], **mark("D", 4), label=pick(lang, "主观权重", "subjective weight")),
            Line2D([], [], **mark("o", 4.4), label=pick(lang, "客观权重", "objective weight"))]
