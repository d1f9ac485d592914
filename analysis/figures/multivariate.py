"""Figures about how indicators are related."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.figures.labels import node_names, pick, wrapped
from analysis.figures.numbers import of_nodes, with_numbers
from analysis.figures.style import new_figure

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
