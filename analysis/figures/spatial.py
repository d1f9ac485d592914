"""Figures about space: a city beside its neighbours, and how well the counts of a region are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, group_name, pick, place_labels, system_name
from analysis.figures.numbers import ends, of_cities, with_numbers
from analysis.figures.regional import named_groups
from analysis.figures.style import (
    CLUSTER_COLOURS,
    INK,
    MUTED,
    OURS,
    PUBLISHED,
    legend_below,
    new_figure,
    quiet_axis,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHORT = {"high-high": ("高—高", "high-high"), "high-low": ("高—低", "high-low"), "low-high": ("低—高", "low-high"),
         "low-low": ("低—低", "low-low"), "not significant": ("不显著", "not significant")}
LOOKS = {"weights": ("#8fb4d4", 5.5), "choices": ("#d9d9d9", 9.0)}  # colour and width in points
VARIED = {"weights": ("权重可变", "weights vary"), "choices": ("权重与选择都可变", "weights and choices vary")}


def moran_scatter(local: pd.DataFrame, cities: pd.DataFrame, lang: str = "zh", stamp: str = "",
                  labelled: int = 14) -> Figure:
    """Each city's value against the mean of its neighbours', both in standard deviations; the slope of the line is
    Moran's I. Colours are the classes of local Moran, and the `labelled` largest significant cities are named.

    `local` is the frame of `spatial.local_moran`.
    """
    from matplotlib.lines import Line2D

    slope = float(local["local"].mean())
    figure = new_figure(4.3, pick(lang, f"城市与其邻居（莫兰指数 I = {slope:.2f}）",
                                  f"Cities and their neighbours (Moran's I = {slope:.2f})"), stamp, width=5.6)
    axes = figure.add_subplot()
    for line in (axes.axhline, axes.axvline):
        line(0, color=MUTED, linewidth=0.7, linestyle=":")
    for name, colour in reversed(CLUSTER_COLOURS.items()):
        part = local[local["class"] == name]
        quiet = name == "not significant"
        axes.scatter(part["z"], part["lag"], s=11 if quiet else 20, color="#c9c9c9" if quiet else colour,
                     edgecolor="white" if quiet else INK, linewidth=0.3, zorder=2 if quiet else 3)
    across = np.array([local["z"].min(), local["z"].max()])
    axes.plot(across, slope * across, color=INK, linewidth=1.0, zorder=4)
    axes.set(xlabel=pick(lang, "得分（标准差）", "score (standard deviations)"),
             ylabel=pick(lang, "邻居得分的均值（标准差）", "mean of the neighbours (standard deviations)"))
    axes.grid()
    present = [name for name in CLUSTER_COLOURS if (local["class"] == name).any()]
    legend_below(figure, [Line2D([], [], linestyle="none", marker="o", markersize=4.5, markeredgewidth=0.3,
                                 color="#c9c9c9" if name == "not significant" else CLUSTER_COLOURS[name],
                                 label=pick(lang, *SHORT[name])) for name in present], len(present))
    clear = local[local["class"] != "not significant"]
    alike = clear["local"] > 0  # the few cities unlike their surroundings are named first
    ordered = clear.assign(alike=alike, size=clear["local"].abs()).sort_values(["alike", "size"], kind="stable",
                                                                              ascending=[True, False])
    chosen = ordered.index[:labelled]
    names = city_names(cities, lang)
    place_labels(axes, clear.loc[chosen, "z"].to_numpy(), clear.loc[chosen, "lag"].to_numpy(),
                 [names[code] for code in chosen], avoid=local[["z", "lag"]].to_numpy())
    counted = [", ".join(f"{SHORT[name][side]} {(local['class'] == name).sum()}" for name in present)
               for side in (0, 1)]
    return with_numbers(
        figure, of_cities(local, cities),
        f"散点图，每点一座城市：横轴为得分，纵轴为邻居得分的均值；回归线斜率即莫兰指数 {slope:.2f}。"
        f"各类城市数：{counted[0]}。",
        f"Scatter plot, a dot a city: score across, mean score of its neighbours upwards; the slope of the line is "
        f"Moran's I, {slope:.2f}. Cities by class: {counted[1]}.")


def region_ranges(ranges: pd.DataFrame, lang: str = "zh", stamp: str = "", top: int = 100) -> Figure:
    """How many leading cities each region has and how well that is known: lines from the 5 % to the 95 % quantile of
    the count over draws, our count as a dot, the published one, where there is one, as a square.

    `ranges` is the frame of `regions.compare_ranges` with draws named weights, choices or both.
    """
    from matplotlib.lines import Line2D

    system = ranges["system"].iloc[0]
    varied = [name for name in VARIED if f"{name}_05" in ranges]
    figure = new_figure(0.36 * len(ranges) + 1.2,
                        pick(lang, f"前 {top} 名的地区分布及其范围（{system_name(system, lang)}）",
                             f"The first {top} by region, with ranges ({system_name(system, lang)})"), stamp)
    axes, rows = figure.add_subplot(), np.arange(len(ranges))
    for name in reversed(varied):
        colour, width = LOOKS[name]
        axes.hlines(rows, ranges[f"{name}_05"], ranges[f"{name}_95"], color=colour, linewidth=width)
        axes.plot(ranges[f"{name}_median"], rows, "|", color=INK if name == "weights" else MUTED, markersize=width,
                  markeredgewidth=0.9)
    handles = [Line2D([], [], color=LOOKS[name][0], linewidth=0.7 * LOOKS[name][1],
                      label=pick(lang, *VARIED[name]) + pick(lang, "（5%–95%）", " (5 %–95 %)")) for name in varied]
    if "published" in ranges:
        axes.scatter(ranges["published"], rows, marker="s", s=64, color=PUBLISHED, edgecolor=INK, linewidth=0.4,
                     zorder=4)
        handles.append(Line2D([], [], linestyle="none", marker="s", color=PUBLISHED, markeredgecolor=INK,
                              markeredgewidth=0.4, markersize=5, label=pick(lang, "公布的百强", "published hundred")))
    axes.scatter(ranges["ours"], rows, s=24, color=OURS, edgecolor="white", linewidth=0.5, zorder=5)
    handles.insert(0, Line2D([], [], linestyle="none", marker="o", color=OURS, markersize=5,
                             label=pick(lang, f"本研究前 {top}", f"our first {top}")))
    axes.set_yticks(rows, [group_name(group, system, lang) + pick(lang, f"（{size}）", f" ({size})")
                           for group, size in ranges["cities"].items()])
    most = float(ranges.filter(regex="^(ours|published)$|_95$").to_numpy().max())
    axes.set(ylim=(len(ranges) - 0.45, -0.55), xlim=(-0.02 * most - 0.5, 1.05 * most + 0.5),
             xlabel=pick(lang, "城市数（个）", "cities"))
    axes.locator_params(axis="x", integer=True)
    quiet_axis(axes)
    legend_below(figure, handles, len(handles) if lang == "zh" else 2)
    numbers = named_groups(ranges)
    widest = varied[-1]
    width_zh, width_en = ends(numbers[f"{widest}_95"] - numbers[f"{widest}_05"], numbers, ".0f")
    return with_numbers(
        figure, numbers,
        f"各地区进入前 {top} 的城市数（圆点）及其 5%–95% 范围（横线）；{VARIED[widest][0]}时范围的宽度："
        f"{width_zh}。",
        f"The cities of each region among the first {top} (dot) with ranges from 5 % to 95 % (lines); width of the "
        f"range when {VARIED[widest][1]}: {width_en}.")
