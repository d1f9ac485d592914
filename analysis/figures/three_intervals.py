"""How sure each rank is when ever more is open: weights, then choices, then the data too, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, pick
from analysis.figures.numbers import of_cities, with_numbers
from analysis.figures.style import CUT, INK, legend_below, new_figure, quiet_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 100  # cities in one figure; more rows can be neither drawn nor read
ONE_PANEL = 20
# what varies: colour, height of the bar, words; the widest first, so that the others lie on it
OPEN = {"data": ("#c9d9e8", 0.84, "权重、选择与数据", "weights, choices and data"),
        "choices": ("#6f9dc4", 0.52, "权重与选择", "weights and choices"),
        "weights": ("#0c2c54", 0.22, "只有权重", "weights alone")}
DASHES = {"data": "solid", "choices": (0, (5, 1.5)), "weights": (0, (1.5, 1.2))}


def three_intervals(intervals: pd.DataFrame, ranks: pd.Series, cities: pd.DataFrame, lang: str = "zh", stamp: str = "",
                    cut: int = 100) -> Figure:
    """The 90 % rank interval of each of the first `cut` cities (at most MOST_ROWS, those nearest to the cut), once for
    each thing that varies: bars upon each other, the narrowest on top; a dot at the base rank, a stroke at the median
    of the widest.

    `intervals`: as `sensitivity.interval_table` makes it, index (adcode, varies). `ranks`: base ranks by city.
    """
    ordered = ranks[ranks <= cut].sort_values(kind="stable").iloc[-MOST_ROWS:]
    found = {name: intervals.xs(name, level="varies").loc[ordered.index] for name in kinds(intervals)}
    panels = 2 if len(ordered) > ONE_PANEL else 1
    names, per_panel = city_names(cities, lang), -(-len(ordered) // panels)
    title = pick(lang, "名次的 90% 区间：放开的越多越宽", "Rank intervals (90 %): the wider, the more is open")
    figure = new_figure(max(2.4, 0.15 * per_panel + 1.1), title, stamp)
    furthest = max(frame["rank_95"].max() for frame in found.values())
    widest = next(iter(found.values()))
    for number, axes in enumerate(figure.subplots(1, panels, sharex=True, squeeze=False)[0]):
        part = ordered.iloc[number * per_panel:(number + 1) * per_panel]
        rows = np.arange(len(part))
        for name, frame in found.items():
            here = frame.loc[part.index]
            axes.barh(rows, here["rank_95"] - here["rank_05"] + 1, left=here["rank_05"] - 0.5, height=OPEN[name][1],
                      color=OPEN[name][0])
        axes.plot(widest.loc[part.index, "median"], rows, "|", color=INK, markersize=5, markeredgewidth=1)
        axes.scatter(part, rows, s=7, zorder=3, color="white", edgecolor=INK, linewidth=0.7)
        axes.axvline(cut + 0.5, color=CUT, linewidth=0.9, linestyle="--")
        axes.set(xlim=(0, furthest * 1.02 + 1), ylim=(per_panel - 0.4, -0.6))
        axes.set_yticks(rows, [f"{names[code]} {rank}" for code, rank in part.items()],
                        fontsize=6.2 if lang == "zh" else 5.6)
        quiet_axis(axes)
    legend_below(figure, handles(found, lang, cut), 3)
    columns = {name: frame[["rank_05", "rank_95", "width"]].add_suffix(f"_{name}") for name, frame in found.items()}
    table = of_cities(pd.concat([ordered.rename("rank"), widest["median"], *columns.values()], axis=1), cities)
    means = {name: f"{frame['width'].mean():.0f}" for name, frame in reversed(found.items())}
    return with_numbers(
        figure, table,
        f"{len(ordered)} 座城市按名次排列，每行叠放 {len(found)} 条名次 5%–95% 的横条，点为基准名次，短竖为中位数；"
        "平均宽："
        + "，".join(f"{OPEN[name][2]} {mean} 位" for name, mean in means.items()) + "。",
        f"{len(ordered)} cities in order of rank, each with {len(found)} bars from the 5 % to the 95 % rank upon each "
        "other, a dot at the base rank and a stroke at the median; mean widths: "
        + ", ".join(f"{OPEN[name][3]} {mean}" for name, mean in means.items()) + " places.")


def width_distribution(intervals: pd.DataFrame, lang: str = "zh", stamp: str = "") -> Figure:
    """How wide the intervals of all cities are: the share of cities whose interval is at most so wide, a line for each
    thing that varies. `intervals` as in `three_intervals`."""
    title = pick(lang, "区间有多宽：不超过该宽度的城市份额", "How wide intervals are: share of cities at most so wide")
    figure = new_figure(2.7, title, stamp)
    axes: Axes = figure.add_subplot()
    quantiles = {}
    for name in reversed(kinds(intervals)):
        width = np.sort(intervals.xs(name, level="varies")["width"].to_numpy())
        colour = OPEN[name][0] if name != "data" else "#8fb0cf"
        axes.step(np.r_[0, width], np.r_[0, np.arange(1, len(width) + 1) / len(width)], where="post", color=colour,
                  linewidth=2, linestyle=DASHES[name], label=pick(lang, *OPEN[name][2:]))
        quantiles[name] = pd.Series(width).quantile([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
    axes.axhline(0.5, color="#d9d9d9", linewidth=0.8, zorder=0)
    axes.set(xlabel=pick(lang, "90% 区间的宽度（位）", "width of the 90 % interval (places)"), ylim=(0, 1.02))
    axes.set_xlim(left=0)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25%", "50%", "75%", "100%"])
    quiet_axis(axes)
    legend_below(figure, axes.get_legend_handles_labels()[0], 3)
    table = pd.DataFrame(quantiles).rename_axis("share")
    middle = {name: f"{values[0.5]:.0f}" for name, values in quantiles.items()}
    return with_numbers(
        figure, table,
        "累积曲线：横轴为区间宽度，纵轴为不超过它的城市份额；宽度中位数："
        + "，".join(f"{OPEN[name][2]} {value} 位" for name, value in middle.items()) + "。",
        "Cumulative lines: width of the interval across, share of cities at most so wide upwards; median widths: "
        + ", ".join(f"{OPEN[name][3]} {value}" for name, value in middle.items()) + " places.")


def kinds(intervals: pd.DataFrame) -> list[str]:
    """What varies in a table of intervals, the widest first."""
    there = set(intervals.index.get_level_values("varies"))
    return [name for name in OPEN if name in there]


def handles(found: dict[str, pd.DataFrame], lang: str, cut: int) -> list:
    """Legend of the bars, the dot, the stroke and the cut."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    bars = [Patch(color=OPEN[name][0], label=pick(lang, *OPEN[name][2:])) for name in reversed(found)]
    return [*bars,
            Line2D([], [], color=INK, marker="o", markersize=3, linestyle="none", markerfacecolor="white",
                   label=pick(lang, "基准名次", "base rank")),
            Line2D([], [], color=INK, marker="|", linestyle="none", markersize=6,
                   label=pick(lang, "全部放开时的中位名次", "median with all open")),
            Line2D([], [], color=CUT, linestyle="--", linewidth=0.9, label=pick(lang, f"第 {cut} 名", f"cut at {cut}"))]
