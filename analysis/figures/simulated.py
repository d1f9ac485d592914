"""The one figure that only simulated data have: what lists say about weights where one factor drives all domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import pick
from analysis.figures.numbers import with_numbers
from analysis.figures.style import FALL, MUTED, OURS, PUBLISHED, legend_below, new_figure, quiet_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def weight_freedom(by_share: pd.DataFrame, overlaps: pd.Series, names: pd.Series, lang: str = "zh",
                   stamp: str = "") -> Figure:
    """How many of the hundred stay under random weights, by the general factor's share, and what single lists retain.

    by_share: the frame of `weight_freedom.hundred_by_general_share`. overlaps: shares of the published lists in the
    hundred, by domain; names: of the domains. Each list is drawn at the share at which a list would overlap as much.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    title = pick(lang, "权重任意变动时仍在百强的城市数（单因子模型）",
                 "Cities kept of the hundred under any weights (one factor)")
    figure = new_figure(3.3, title, stamp)
    axes = figure.add_subplot()
    axes.fill_between(by_share.index, by_share["low"], by_share["mean"], color=OURS, alpha=0.18, linewidth=0)
    axes.plot(by_share.index, by_share["mean"], color=OURS, marker="o", markersize=3.5)
    axes.plot(by_share.index, by_share["domain_mean"], color=FALL, marker="s", markersize=3.5, linestyle="--")
    places = np.interp(100 * overlaps, by_share["domain_mean"], by_share.index)
    axes.scatter(places, 100 * overlaps, s=26, color=PUBLISHED, edgecolor="white", linewidth=0.4, zorder=4)
    ordered = overlaps.sort_values(ascending=False, kind="stable")
    for line, domain in enumerate(ordered.index):
        point = (places[overlaps.index.get_loc(domain)], 100 * overlaps[domain])
        axes.annotate(f"{names[domain]} {overlaps[domain]:.0%}", point, (0.995, 78 - 4.2 * line), ha="right",
                      va="center", fontsize=6.8, arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": MUTED})
    axes.set(ylim=(55, 101), xlabel=pick(lang, "一般因子占领域水平方差的份额",
                                         "share of the variance of domain strengths due to one factor"),
             ylabel=pick(lang, "百强中的城市数", "cities of the hundred"))
    quiet_axis(axes, "y")
    words = [("随机权重下仍在百强：平均", "kept under random weights: mean"),
             ("至第 5 百分位", "down to the 5th percentile"),
             ("单一领域的百强中：平均", "in the hundred of one domain: mean"), ("公布的名单", "published lists")]
    said = [pick(lang, *pair) for pair in words]
    legend_below(figure, [Line2D([], [], color=OURS, marker="o", markersize=4, label=said[0]),
                          Patch(facecolor=OURS, alpha=0.18, label=said[1]),
                          Line2D([], [], color=FALL, marker="s", markersize=4, linestyle="--", label=said[2]),
                          Line2D([], [], color=PUBLISHED, marker="o", linestyle="", label=said[3])], 2)
    first, last = by_share["mean"].iloc[0], by_share["mean"].iloc[-1]
    return with_numbers(
        figure, by_share.rename_axis("general_share"),
        f"折线：一般因子份额由 {by_share.index[0]:.0%} 到 {by_share.index[-1]:.0%}，随机权重下仍在百强的城市"
        f"平均由 {first:.0f} 座变为 {last:.0f} 座。",
        f"Lines: with the share of one factor from {by_share.index[0]:.0%} to {by_share.index[-1]:.0%}, the cities "
        f"kept of the hundred under random weights go from {first:.0f} to {last:.0f} on average.")
