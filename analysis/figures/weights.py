"""Figures about weights: schemes side by side, entropy under a shift, experts, nominal against effective weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.figures.labels import node_names, pick, row_height, spread, wrapped
from analysis.figures.numbers import ends, of_nodes, with_numbers
from analysis.figures.style import (
    CUT,
    MUTED,
    OURS,
    domain_colours,
    legend_below,
    new_figure,
    on_colour,
    percent,
    quiet_axis,
)
from analysis.framework import ancestor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMES = {"ahp": ("层次分析", "AHP"), "subjective": ("主观", "Subjective"), "entropy": ("熵权", "Entropy"),
           "nested_entropy": ("分层熵权", "Nested entropy"), "objective": ("客观", "Objective"),
           "combined": ("组合", "Combined"), "critic": ("CRITIC", "CRITIC"), "equal": ("等权", "Equal"),
           "given": ("给定", "Given")}
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))


def domain_handles(domains: list[str], framework: pd.DataFrame, lang: str) -> list:
    """Legend entries of domains in their fixed colours."""
    from matplotlib.patches import Patch

    names, colours = node_names(framework, lang), domain_colours(framework)
    return [Patch(facecolor=colours[code], label=names[code]) for code in domains]


def weight_bars(weights: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh", stamp: str = "") -> Figure:
    """Weights of each scheme side by side, one row per indicator, coloured by domain; all columns share one scale.

    `weights` is indicators × schemes (ahp, entropy, combined, critic, equal, …); each column sums to 1.
    """
    domain = ancestor(framework, "domain").reindex(weights.index)
    names = node_names(framework, lang, numbered=True)
    size = len(weights)
    title = pick(lang, "各方案的指标权重", "Indicator weights by scheme")
    figure = new_figure(max(2.4, row_height(lang) * size + 1.2), title, stamp)
    panels = figure.subplots(1, weights.shape[1], sharex=True, sharey=True, squeeze=False)[0]
    limit = weights.max(axis=None) * 1.3
    for axes, scheme in zip(panels, weights.columns, strict=True):
        axes.barh(range(size), weights[scheme], color=domain.map(domain_colours(framework)), height=0.72)
        for row, weight in enumerate(weights[scheme]):
            axes.text(weight, row, f" {weight:.1%}", va="center", fontsize=6.2)
        name = pick(lang, *SCHEMES.get(scheme, (scheme, scheme)))
        axes.set_title(wrapped(name, lang, 6) if len(panels) > 5 else name, fontsize=8)
        axes.set_xlim(0, limit)
        axes.locator_params(axis="x", nbins=2)
        axes.xaxis.set_major_formatter(percent)
        quiet_axis(axes)
    panels[0].set_yticks(range(size), [wrapped(names[code], lang, 15) for code in weights.index], fontsize=7)
    panels[0].set_ylim(size - 0.4, -0.6)
    handles = domain_handles(list(domain.unique()), framework, lang)
    legend_below(figure, handles, 3 if lang == "en" else 6)
    numbers = of_nodes(weights, framework)
    main = "combined" if "combined" in weights else weights.columns[-1]
    both, label = ends(weights[main], numbers, ".1%"), SCHEMES.get(main, (main, main))
    return with_numbers(
        figure, numbers,
        f"并列条形图：{size} 项指标在 {weights.shape[1]} 种方案下的权重；{label[0]}权重{both[0]}。",
        f"Bars side by side: the weights of {size} indicators under {weights.shape[1]} schemes; {label[1]} weights: "
        f"{both[1]}.")


def entropy_shift(weights: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh", stamp: str = "") -> Figure:
    """How entropy weights change when a constant is added to the normalised values before shares are taken.

    `weights` is shifts × indicators: the index holds the shift on the 0–1 scale, 0 = none; each row sums to 1.
    """
    domain = ancestor(framework, "domain").reindex(weights.columns)
    names = node_names(framework, lang, numbered=True)
    figure = new_figure(max(3.4, 0.17 * weights.shape[1] + 1.6),
                        pick(lang, "平移量对熵权的影响", "Entropy weights under a shift"), stamp)
    axes = figure.add_subplot()
    places = np.arange(len(weights))
    within: dict[str, int] = {}
    colours = domain_colours(framework)
    for code in weights.columns:
        style = LINE_STYLES[within.setdefault(domain[code], 0) % len(LINE_STYLES)]
        within[domain[code]] += 1
        axes.plot(places, weights[code], color=colours[domain[code]], linestyle=style, linewidth=1.4, marker="o",
                  markersize=2.5)
    last = weights.iloc[-1].to_numpy()
    top = weights.max(axis=None) * 1.05
    gap = top / (0.17 * weights.shape[1] + 1.6) * 0.165
    for code, seat, height in zip(weights.columns, spread(last, gap, 0, top), last, strict=True):
        axes.annotate(f"{names[code]}  {height:.1%}", (places[-1], height), xytext=(places[-1] + 0.18, seat),
                      va="center", fontsize=6.8, annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "#9a9a9a", "shrinkA": 1, "shrinkB": 2,
                                  "relpos": (0, 0.5)})
    axes.set_xticks(places, [f"{shift:g}" for shift in weights.index])
    axes.set(xlim=(-0.1, places[-1] + 0.05), ylim=(0, top), ylabel=pick(lang, "权重", "weight"))
    axes.set_xlabel(pick(lang, "加到归一化值（0–1）上的常数", "constant added to values on the 0–1 scale"))
    axes.yaxis.set_major_formatter(percent)
    quiet_axis(axes, "y")
    handles = domain_handles(list(domain.unique()), framework, lang)
    legend_below(figure, handles, 3 if lang == "en" else 6)
    numbers = of_nodes(weights.T.set_axis([f"shift_{shift:g}" for shift in weights.index], axis=1), framework)
    before, after = (ends(part, numbers, ".1%") for part in (weights.iloc[0], weights.iloc[-1]))
    return with_numbers(
        figure, numbers,
        f"折线图：加上的常数从 {weights.index[0]:g} 到 {weights.index[-1]:g} 时 {weights.shape[1]} 项指标的熵权；"
        f"起点{before[0]}；终点{after[0]}。",
        f"Lines: entropy weights of {weights.shape[1]} indicators as the added constant grows from "
        f"{weights.index[0]:g} to {weights.index[-1]:g}; at the start {before[1]}; at the end {after[1]}.")


def ahp_experts(weights: pd.DataFrame, consistency: pd.Series, framework: pd.DataFrame, lang: str = "zh",
                stamp: str = "", limit: float = 0.10) -> Figure:
    """Domain weights of each expert and of the group, with the consistency ratio at the end of each bar.

    `weights` is experts × domains, rows summing to 1 and named as printed; `consistency` is the ratio by the
    same rows (NaN = none to show). A ratio at or above `limit` is printed in red.
    """
    title = pick(lang, "专家判断得出的领域权重", "Domain weights by expert")
    figure = new_figure(0.48 * len(weights) + 1.3, title, stamp)
    axes = figure.add_subplot()
    left, colours = np.zeros(len(weights)), domain_colours(framework)
    for domain in weights.columns:
        share = weights[domain].to_numpy()
        colour = colours[domain]
        axes.barh(range(len(weights)), share, left=left, color=colour, height=0.66, edgecolor="white", linewidth=0.8)
        for row, (start, width) in enumerate(zip(left, share, strict=True)):
            if width >= 0.035:
                axes.text(start + width / 2, row, f"{width:.0%}", ha="center", va="center", fontsize=7,
                          color=on_colour(colour))
        left += share
    for row, ratio in enumerate(consistency.reindex(weights.index)):
        if np.isfinite(ratio):
            axes.text(1.012, row, f"CR {ratio:.3f}", va="center", fontsize=7, color=CUT if ratio >= limit else MUTED)
    axes.set_yticks(range(len(weights)), weights.index)
    axes.set(xlim=(0, 1.1), ylim=(len(weights) - 0.5, -0.5))
    axes.set_xticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    handles = domain_handles(list(weights.columns), framework, lang)
    legend_below(figure, handles, 3 if lang == "en" else 6)
    both = ends(weights.iloc[-1], framework.loc[weights.columns], ".0%")
    return with_numbers(
        figure, weights.rename_axis("judgement").assign(consistency_ratio=consistency.reindex(weights.index)),
        f"分段条形图：{len(weights)} 行判断的领域权重，行末为一致性比率；末行{both[0]}。",
        f"Stacked bars: domain weights of {len(weights)} rows of judgement with the consistency ratio at the end; "
        f"the last row: {both[1]}.")


def effective_weights(nominal: pd.Series, share: pd.Series, squared: pd.Series, framework: pd.DataFrame,
                      lang: str = "zh", stamp: str = "") -> Figure:
    """Nominal weight (hollow) and share of the score's variance (filled) of each part, joined by a line; a cross at r².

    All Series are by indicator or by domain. `share` sums to 1 (`importance.variance_shares`; where the score is no
    weighted sum, `scoring.effective_weights`); `squared` is the squared correlation with the score. Parts are ordered
    by `share`.
    """
    order = share.sort_values(ascending=False, kind="stable").index
    names = node_names(framework, lang, numbered=True)
    domain = ancestor(framework, "domain")
    shades = domain_colours(framework)
    colours = [shades[domain.get(code, code)] for code in order]
    figure = new_figure(max(2.2, 0.24 * len(order) + 1.2),
                        pick(lang, "权重与对得分方差的份额", "Weights and shares of the variance"), stamp)
    axes = figure.add_subplot()
    rows = range(len(order))
    axes.hlines(rows, nominal[order], share[order], color="#9a9a9a", linewidth=1.2, zorder=2)
    axes.scatter(nominal[order], rows, s=34, facecolor="white", edgecolor=colours, linewidth=1.4, zorder=3,
                 label=pick(lang, "名义权重", "nominal"))
    axes.scatter(share[order], rows, s=34, color=colours, zorder=3, label=pick(lang, "方差份额", "share of variance"))
    axes.scatter(squared[order], rows, s=26, color=MUTED, marker="x", linewidth=1, zorder=2)
    axes.axvline(0, color=MUTED, linewidth=0.6)
    axes.set_yticks(rows, [names[code] for code in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(percent)
    quiet_axis(axes)
    axes.grid(axis="y", linewidth=0.3)
    from matplotlib.lines import Line2D

    plain: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgecolor": OURS, "markersize": 5.5}
    handles = [Line2D([], [], markerfacecolor="white", label=pick(lang, "名义权重", "nominal"), **plain),
               Line2D([], [], markerfacecolor=OURS, label=pick(lang, "方差份额", "share of variance"), **plain),
               Line2D([], [], linestyle="none", marker="x", color=MUTED, markersize=5,
                      label=pick(lang, "与得分的 r²", "r² with the score"))]
    handles += domain_handles(list(dict.fromkeys(domain.get(code, code) for code in nominal.index)), framework, lang)
    legend_below(figure, handles, 4)
    numbers = of_nodes(pd.DataFrame({"nominal": nominal[order], "variance_share": share[order],
                                     "r_squared": squared[order]}), framework)
    gap = ends(numbers["variance_share"] - numbers["nominal"], numbers, "+.1%")
    return with_numbers(
        figure, numbers,
        f"点线图：{len(order)} 行的名义权重（空心）、对得分方差的份额（实心）与 r²（叉）；份额减名义{gap[0]}。",
        f"Dot plot: nominal weights (hollow), shares of the score's variance (filled) and r² (crosses) of {len(order)} "
        f"rows; share less weight: {gap[1]}.")
