"""Figures about how indicators are related."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.figures.labels import node_names, pick, wrapped
from analysis.figures.numbers import of_nodes, with_numbers
from analysis.figures.style import INK, OURS, new_figure, on_colour, percent, quiet_axis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def correlation_heatmap(correlations: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh",
                        stamp: str = "") -> Figure:
    """Correlations between indicators as a lower triangle: blue together, brown opposite, the number in each cell.

    `correlations` is indicators × indicators (`multivariate.correlations`).
    """
    import numpy as np
    import seaborn

    names = node_names(framework, lang, numbered=True)
    labels = [wrapped(names[code], lang, 14) for code in correlations.columns]
    size = len(labels)
    title = pick(lang, "指标之间的秩相关", "Rank correlations between indicators")
    figure = new_figure(max(3.0, 0.34 * size + 1.2), title, stamp)
    axes = figure.add_subplot()
    upper = np.triu(np.ones((size, size), dtype=bool))
    seaborn.heatmap(correlations.to_numpy(), mask=upper, vmin=-1, vmax=1, cmap="BrBG", annot=size <= 20, fmt=".2f",
                    annot_kws={"fontsize": 6.5}, linewidths=0.8, linecolor="white", square=False, ax=axes,
                    cbar_kws={"shrink": 0.6, "label": pick(lang, "秩相关", "rank correlation")}, xticklabels=False,
                    yticklabels=False)
    axes.set_yticks(np.arange(1, size) + 0.5, labels[1:])
    numbers = [str(framework.at[code, "number"]) for code in correlations.columns[:-1]]
    axes.set_xticks(np.arange(size - 1) + 0.5, numbers)
    axes.set_xlabel(pick(lang, "指标序号", "indicator number"))
    axes.tick_params(length=0)
    value, first, second = max((correlations.iat[row, column], correlations.index[row], correlations.columns[column])
                               for row in range(size) for column in range(row))
    zh, en = framework["name_zh"], framework["name_en"]
    return with_numbers(
        figure, of_nodes(correlations, framework),
        f"下三角热图：{size} 项指标两两之间的秩相关，蓝绿为正，棕为负；最高 "
        f"{value:.2f}（{zh[first]}与{zh[second]}）。",
        f"Lower triangle of a heat map: rank correlations between {size} indicators, blue-green positive, brown "
        f"negative; the highest is {value:.2f} ({en[first]} and {en[second]}).")


SHADES = (OURS, "#6f9fc2", "#b7cfe0", "#dde8f0")  # of the first, second, third and all further components


def domain_components(components: pd.DataFrame, structure: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh",
                      stamp: str = "") -> Figure:
    """How much of each domain its first principal component holds, and how much is left for the others.

    A bar per domain of at least two indicators, cut into its components, the largest first; a stroke under it where
    the first would end if the indicators had nothing in common; Cronbach's alpha and KMO at the right. The frames are
    those of `multivariate.components_by_domain` and `structure`.
    """
    import pandas as pd

    names = node_names(framework, lang)
    figure = new_figure(0.36 * len(structure) + 1.05, pick(lang, "各领域内部：主成分与一致性",
                                                           "Within the domains: components and coherence"), stamp)
    axes = figure.add_subplot()
    labels = [pick(lang, "全部指标", "all indicators") if code == "all" else names[code] for code in structure.index]
    for row, code in enumerate(structure.index):
        start = 0.0
        for place, share in enumerate(components.loc[components["domain"] == code, "share"]):
            colour = SHADES[min(place, len(SHADES) - 1)]
            axes.barh(row, share, left=start, height=0.58, color=colour, edgecolor="white", linewidth=0.6)
            if place < 3 and share > 0.08:
                axes.text(start + share / 2, row, f"{share:.0%}", ha="center", va="center", fontsize=6.8,
                          color=on_colour(colour))
            start += share
        even = 1 / structure.at[code, "indicators"]
        for colour, width in ((INK, 2.4), ("white", 0.9)):
            axes.plot([even, even], [row - 0.37, row + 0.37], color=colour, linewidth=width)
        alpha, kmo = structure.loc[code, ["alpha", "kmo"]]
        known = pick(lang, "–", "–") if pd.isna(kmo) else f"{kmo:.2f}"
        axes.text(1.02, row, f"α {alpha:.2f}   KMO {known}", va="center", fontsize=7,
                  transform=axes.get_yaxis_transform())
    counts = structure["indicators"].astype(int)
    axes.set_yticks(range(len(structure)), [
        wrapped(f"{label}{pick(lang, f'（{count}）', f' ({count})')}", lang, 16)
        for label, count in zip(labels, counts, strict=True)])
    axes.set(ylim=(len(structure) - 0.45, -0.55), xlim=(0, 1),
             xlabel=pick(lang, "方差份额（深色：第一主成分；竖线：毫无共同之处时）",
                         "share of variance (dark: first component; stroke: with nothing in common)"))
    axes.xaxis.set_major_formatter(percent)
    quiet_axis(axes)
    told = [", ".join(f"{framework[f'name_{side}'].get(code, everything)} {share:.0%}"
                      for code, share in structure["share"].items())
            for side, everything in (("zh", "全部指标"), ("en", "all indicators"))]
    return with_numbers(
        figure, components,
        f"条形图：每个领域一条，按主成分的方差份额切开；第一主成分所占：{told[0]}。",
        f"Bars: one per domain, cut by the shares of its principal components; the first one's share: {told[1]}.")
