"""Figures of several years: the leading cities' ranks by year, and what the largest changes of score are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, pick, spread
from analysis.figures.numbers import ends, of_cities, with_numbers
from analysis.figures.style import (
    BASELINE,
    CUT,
    INK,
    MUTED,
    OURS,
    FigureError,
    domain_colours,
    legend_above,
    legend_below,
    new_figure,
    quiet_axis,
)
from analysis.figures.weights import domain_handles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ranks_by_year(ranks: pd.DataFrame, cities: pd.DataFrame, lang: str = "zh", stamp: str = "",
                  top: int = 20) -> Figure:
    """The ranks of the leading cities year by year, one line per city, years apart as they are.

    `ranks`: cities × years (integers), two years or more, NaN where a city is not compared. Shown are the `top` best of
    the last year; a city that has climbed since its first year is dark, one that has fallen red.
    """
    if ranks.shape[1] < 2:
        raise FigureError("ranks of one year show no movement; give two years or more")
    last = ranks.iloc[:, -1].dropna().sort_values(kind="stable")
    shown = ranks.loc[last.index[:top]].astype(float)
    names, years = city_names(cities, lang), np.array(ranks.columns, dtype=float)
    title = pick(lang, f"前 {len(shown)} 名历年的名次", f"The first {len(shown)}, year by year")
    figure = new_figure(max(2.6, 0.17 * len(shown) + 1.3), title, stamp)
    axes = figure.add_subplot()
    for _, row in shown.iterrows():
        seen = row.dropna()
        climbed = seen.iloc[0] - seen.iloc[-1]
        colour = OURS if climbed > 0 else CUT if climbed < 0 else BASELINE
        axes.plot(seen.index.to_numpy(dtype=float), seen, color=colour, linewidth=1.0, alpha=0.9, marker="o",
                  markersize=2.6, zorder=3 if climbed else 2)
    low, high, length = shown.min(axis=None), shown.max(axis=None), float(np.ptp(years))
    gap = (high - low + 2) / (0.17 * len(shown) + 0.4) * 0.125
    for place, side, align in ((0, -1, "right"), (-1, 1, "left")):
        values = shown.iloc[:, place].dropna()
        seats = spread(values.to_numpy(), gap, low - 1, high + 1)
        for code, seat, value in zip(values.index, seats, values, strict=True):
            axes.annotate(f"{value:.0f} {names[code]}" if side > 0 else f"{value:.0f}", (years[place], value),
                          xytext=(years[place] + 0.03 * length * side, seat), ha=align, va="center", fontsize=6.5,
                          annotation_clip=False, arrowprops={"arrowstyle": "-", "lw": 0.3, "color": "#9a9a9a",
                                                             "shrinkA": 1, "shrinkB": 1,
                                                             "relpos": (0.5 - side / 2, 0.5)})
    apart = -(-len(years) // 10)
    axes.set_xticks(years[::-1][::apart], [f"{year:.0f}" for year in years[::-1][::apart]])
    margin = 0.05 * (high - low) + 0.8
    axes.set(xlim=(years[0] - 0.08 * length, years[-1] + 0.42 * length), ylim=(high + margin, low - margin),
             ylabel=pick(lang, "名次", "rank"))
    axes.set_yticks([tick for tick in axes.get_yticks() if 1 <= tick <= high and tick == int(tick)])
    quiet_axis(axes, "y")
    axes.spines["left"].set_visible(False)
    legend_above(figure, moved_handles(lang), 3)
    numbers = of_cities(shown.rename(columns=str), cities)
    risen = int((shown.iloc[:, 0] > shown.iloc[:, -1]).sum())
    span = f"{years[0]:.0f}–{years[-1]:.0f}"
    return with_numbers(
        figure, numbers,
        f"折线图：末年前 {len(shown)} 名在 {span} 年的名次，每线一座城市；其中 {risen} 座的名次高于首年。",
        f"Lines, one a city: the ranks in {span} of the first {len(shown)} of the last year; {risen} of them stand "
        "higher than in the first year.")


def moved_handles(lang: str) -> list:
    """Legend of the ranks by year."""
    from matplotlib.lines import Line2D

    words = ((OURS, "上升", "climbed"), (CUT, "下降", "fell"), (BASELINE, "未变", "as before"))
    return [Line2D([], [], color=colour, marker="o", markersize=3, label=pick(lang, zh, en))
            for colour, zh, en in words]


def score_changes(parts: pd.DataFrame, cities: pd.DataFrame, framework: pd.DataFrame, years: tuple[int, int],
                  lang: str = "zh", stamp: str = "", most: int = 12) -> Figure:
    """What the largest changes of score are made of: the `most` cities that gained most and as many that gained least.

    `parts` is cities × domains in points of the total; a row sums to the change of the city's score between `years`,
    which a dot marks. Parts that raise the score go to the right of 0, the others to the left.
    """
    change = parts.sum(axis=1).sort_values(ascending=False, kind="stable")
    chosen = change if len(change) <= 2 * most else pd.concat([change.head(most), change.tail(most)])
    names, colours = city_names(cities, lang), domain_colours(framework)
    title = pick(lang, f"{years[0]} 至 {years[1]} 年得分的变化", f"Changes of score, {years[0]} to {years[1]}")
    figure = new_figure(0.185 * len(chosen) + 1.25, title, stamp)
    axes = figure.add_subplot()
    places = np.arange(len(chosen)) + np.where(np.arange(len(chosen)) >= most, 0.6 * (len(change) > 2 * most), 0)
    ahead, behind = np.zeros(len(chosen)), np.zeros(len(chosen))
    for domain in parts.columns:
        part = parts.loc[chosen.index, domain].to_numpy()
        left = np.where(part >= 0, ahead, behind)
        axes.barh(places, part, left=left, color=colours[domain], height=0.76, edgecolor="white", linewidth=0.5)
        ahead, behind = ahead + np.clip(part, 0, None), behind + np.clip(part, None, 0)
    axes.plot(chosen.to_numpy(), places, linestyle="none", marker="o", markersize=3.6, markerfacecolor="white",
              markeredgecolor=INK, zorder=4)
    axes.axvline(0, color=MUTED, linewidth=0.7)
    for place, value, end in zip(places, chosen, ahead, strict=True):
        axes.text(end, place, f"  {value:+.1f}", va="center", fontsize=7)
    reach = max(ahead.max() - behind.min(), 1e-9)
    axes.set_yticks(places, [names[code] for code in chosen.index])
    axes.set(xlim=(behind.min() - 0.03 * reach, ahead.max() + 0.12 * reach), ylim=(places[-1] + 0.6, -0.6))
    axes.set_xlabel(pick(lang, "得分的变化（分）：条为各领域的部分，圆点与数字为合计",
                         "change of score (points): bars by domain, dot and figure their sum"))
    quiet_axis(axes)
    legend_below(figure, domain_handles(list(parts.columns), framework, lang), 3 if lang == "en" else 6)
    numbers = of_cities(parts.loc[chosen.index].assign(change=chosen), cities)
    both = ends(chosen, numbers, "+.1f")
    return with_numbers(
        figure, numbers,
        f"分段条形图：{len(chosen)} 座城市得分的变化，每段为一个领域的部分；合计{both[0]}。",
        f"Stacked bars: the change of score of {len(chosen)} cities, a segment a domain's part; sums: {both[1]}.")
