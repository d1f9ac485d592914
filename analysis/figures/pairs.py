"""Which of two cities is above the other, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.figures.labels import city_names, pick
from analysis.figures.numbers import of_cities, with_numbers
from analysis.figures.style import CUT, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SURE = 0.95  # as the groups of `bands.groups_alike`


def pairwise_chances(wins: pd.DataFrame, ranks: pd.Series, cities: pd.DataFrame, lang: str = "zh", stamp: str = "",
                     cut: int = 100) -> Figure:
    """The chance that the city of the row is above the city of the column, in per cent, for cities in order of rank.

    `wins` is cities × cities (`bands.win_chances`). Brown below an even chance, blue-green above; bold where the order
    is sure (more than 95 %, or less than 5 %). Dashed: the cut between rank `cut` and the next.
    """
    import seaborn

    order = ranks.loc[wins.index].sort_values(kind="stable").index
    table, size = 100 * wins.loc[order, order].to_numpy(), len(order)
    names = city_names(cities, lang)
    figure = new_figure(0.24 * size + 1.5, pick(lang, "两两比较：行在列之前的概率（%）",
                                                "Pair by pair: chance that the row is above the column (%)"), stamp)
    axes = figure.add_subplot()
    seaborn.heatmap(table, mask=np.eye(size, dtype=bool), vmin=0, vmax=100, cmap="BrBG", annot=True, fmt=".0f",
                    annot_kws={"fontsize": 6}, linewidths=0.6, linecolor="white", cbar=False, ax=axes,
                    xticklabels=False, yticklabels=False)
    for text in axes.texts:
        if not 100 * (1 - SURE) <= float(text.get_text()) <= 100 * SURE:
            text.set_fontweight("bold")
    places = np.arange(size) + 0.5
    axes.set_yticks(places, [f"{names[code]} {ranks[code]}" for code in order], fontsize=6.8)
    axes.set_xticks(places, [str(ranks[code]) for code in order], fontsize=6.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    inside = int((ranks[order] <= cut).sum())
    if 0 < inside < size:
        axes.axhline(inside, color=CUT, linewidth=1, linestyle="--")
        axes.axvline(inside, color=CUT, linewidth=1, linestyle="--")
    above = wins.loc[order, order].to_numpy()[np.triu_indices(size, 1)]
    sure = int((above > SURE).sum())
    return with_numbers(
        figure, of_cities(wins.loc[order, order].rename(columns=str), cities),
        f"热图：名次 {ranks[order].min()} 至 {ranks[order].max()} 的 {size} 座城市两两比较，每格为行高于列的概率；"
        f"{len(above)} 对中名次在前者确有把握（超过 95%）的 {sure} 对。",
        f"Heat map: {size} cities of ranks {ranks[order].min()} to {ranks[order].max()} in pairs, each cell the chance "
        f"that the city of the row is above that of the column; of {len(above)} pairs the one ranked first is surely "
        f"first (more than 95 %) in {sure}.")
