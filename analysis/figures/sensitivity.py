"""Figures about choices: what each choice shifts, the chance of every rank, ranks across methods, Sobol indices, and
the ranks that weights can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.figures.labels import city_names, pick, spread, wrapped
from analysis.figures.numbers import ends, of_cities, with_numbers
from analysis.figures.style import (
    BASELINE,
    CUT,
    INK,
    MUTED,
    OURS,
    PUBLISHED,
    FigureError,
    legend_above,
    legend_below,
    new_figure,
    percent,
    quiet_axis,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CELLS = 600  # cities, down and across


def choice_tornado(effects: pd.DataFrame, factors: pd.Series, lang: str = "zh", stamp: str = "") -> Figure:
    """How far ranks move on average when one choice is changed: one bar per option, grouped by choice, widest first.

    `effects` as `sensitivity.choice_effects` returns it (index factor, option); `factors` names the choices by key in
    the language of the figure. Bar: mean over all combinations of the other choices; dot: this choice changed alone.
    """
    order = effects["across_mean_shift"].groupby(level=0).max().sort_values(ascending=False).index
    rows = [(factor, option) for factor in order
            for option in effects.loc[factor].sort_values("across_mean_shift", ascending=False).index]
    ordered = effects.loc[rows]
    starts = [place for place, (factor, _) in enumerate(rows) if not place or rows[place - 1][0] != factor]
    places = np.arange(len(rows)) + 0.45 * np.searchsorted(starts, np.arange(len(rows)), side="right")
    title = pick(lang, "换一种选择，名次平均移动多少", "How far ranks move when a choice is another")
    figure = new_figure(0.19 * (places[-1] + 1) + 1.1, title, stamp)
    axes = figure.add_subplot()
    axes.barh(places, ordered["across_mean_shift"], height=0.74, color="#7fb0d6")
    axes.scatter(ordered["alone_mean_shift"], places, s=16, color=INK, zorder=3)
    for place, value in zip(places, ordered[["across_mean_shift", "alone_mean_shift"]].max(axis=1), strict=True):
        axes.annotate(f"{ordered['across_mean_shift'].iloc[np.searchsorted(places, place)]:.1f}", (value, place),
                      xytext=(6, 0), textcoords="offset points", va="center", fontsize=6.8)
    axes.set_yticks(places, ordered[pick(lang, "zh", "en")])
    axes.set_ylim(places[-1] + 0.9, -0.75 + places[0])
    axes.set_xlim(0, 1.32 * ordered[["across_mean_shift", "alone_mean_shift"]].max(axis=None))
    axes.set_xlabel(pick(lang, "平均名次移动（位）", "mean shift of rank (places)"))
    for start in starts:
        axes.annotate(factors[rows[start][0]], (1, places[start]), xycoords=("axes fraction", "data"), ha="right",
                      va="center", fontsize=7.5, fontweight="bold", color=MUTED)
    quiet_axis(axes)
    legend_below(figure, tornado_handles(lang), 2)
    drawn = ordered[["zh", "en", "across_mean_shift", "alone_mean_shift"]].rename_axis(["factor", "option"])
    far = ends(drawn["across_mean_shift"], drawn.rename(columns={"zh": "name", "en": "name_en"}))
    return with_numbers(
        figure, drawn,
        f"条形图，每行一个选项，按选择分组：换成该选项时名次平均移动多少位，圆点为其他选择保持基准时；{far[0]}。",
        "Bars, a row an option, grouped by choice: how far ranks move on average with that option, dots with all "
        f"other choices as in the run; {far[1]}.")


def tornado_handles(lang: str) -> list:
    """Legend of the tornado."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    averaged = pick(lang, "对其他选择的全部组合取平均", "mean over all combinations of the others")
    return [Patch(facecolor="#7fb0d6", label=averaged),
            Line2D([], [], color=INK, marker="o", linestyle="none", markersize=4,
                   label=pick(lang, "其他选择保持基准", "the other choices as in the run"))]


def acceptability_map(acceptability: pd.DataFrame, base: pd.Series, lang: str = "zh", stamp: str = "",
                      cut: int = 100) -> Figure:
    """The chance of every rank for every city: one row per city in the order of base ranks, one column per rank.

    `acceptability`: cities × ranks 1…N, shares. The colour is logarithmic from 0.1 % to 100 %; below it is white.
    More than MOST_CELLS cities are drawn in groups of neighbours: the mean chance of a rank in a group of ranks. Where
    the columns are classes of ranks, named by their last one, so are the rows: the mean chance of a class.
    """
    if acceptability.columns.name == "rank_to":
        return class_map(acceptability, base, lang, stamp, cut)
    table = acceptability.loc[base.sort_values(kind="stable").index].to_numpy()
    figure = new_figure(5.6, pick(lang, "每座城市取得每个名次的概率", "The chance of every rank"), stamp)
    axes = figure.add_subplot()
    size, together = len(table), -(-len(table) // MOST_CELLS)
    if together > 1:
        groups = np.arange(0, size, together)
        table = np.add.reduceat(np.add.reduceat(table, groups, axis=1), groups, axis=0)
        table /= np.diff(groups, append=size)[:, None]
    heat_map(table, axes, cut / together, lang)
    apart = 50 * -(-size // MOST_CELLS)
    ticks = np.array([1, *range(apart, size + 1, apart)])
    axes.set_xticks((ticks - 0.5) / together, ticks)  # the cell of rank 1 reaches from 0 to 1
    axes.set_yticks((ticks - 0.5) / together, ticks)
    axes.set_xlabel(pick(lang, f"名次（虚线：第 {cut} 名）", f"rank (dashed: cut at {cut})"))
    axes.set_ylabel(pick(lang, "城市，按基准名次", "cities by base rank"))
    return with_numbers(figure, *cells_drawn(table, base, together))


def heat_map(table: np.ndarray, axes: Any, cut: float, lang: str) -> None:
    """Chances as colours, with their scale and the dashed lines of the cut (in cells)."""
    import seaborn
    from matplotlib.colors import LogNorm

    seaborn.heatmap(table, mask=table < 0.001, cmap="Blues", norm=LogNorm(0.001, 1), rasterized=True,
                    xticklabels=False, yticklabels=False, ax=axes,
                    cbar_kws={"fraction": 0.035, "pad": 0.02, "ticks": [0.001, 0.01, 0.1, 1]})
    axes.spines[["left", "bottom"]].set_visible(True)
    axes.axvline(cut, color=CUT, linewidth=0.9, linestyle="--")
    axes.axhline(cut, color=CUT, linewidth=0.9, linestyle="--")
    bar: Any = axes.collections[0].colorbar
    bar.ax.set_yticklabels(["0.1%", "1%", "10%", "100%"])
    bar.ax.minorticks_off()
    bar.set_label(pick(lang, "概率", "chance"))
    bar.outline.set_linewidth(0.4)


def class_map(chances: pd.DataFrame, base: pd.Series, lang: str, stamp: str, cut: int) -> Figure:
    """The mean chance of every class of ranks for the cities of every class of base ranks."""
    last = chances.columns.to_numpy()
    of_base = pd.Series(last[np.searchsorted(last, base)], base.index, name="base_rank_to")
    table = chances.groupby(of_base).mean().reindex(last, fill_value=0.0)
    title = pick(lang, "各类城市取得各类名次的概率", "The chance of every class of ranks")
    figure = new_figure(5.6, title, stamp)
    axes = figure.add_subplot()
    heat_map(table.to_numpy(), axes, int(np.searchsorted(last, cut)) + 1, lang)
    ticks = np.unique(np.linspace(0, len(last) - 1, 8).astype(int))
    axes.set_xticks(ticks + 1, last[ticks])
    axes.set_yticks(ticks + 1, last[ticks])
    axes.set_xlabel(pick(lang, f"名次的类，至第几名（虚线：第 {cut} 名）",
                         f"class of ranks, up to (dashed: cut at {cut})"))
    axes.set_ylabel(pick(lang, "城市的类，基准名次至第几名", "class of cities, base rank up to"))
    seen = table.rename_axis("base_rank_to").stack()
    return with_numbers(
        figure, seen[seen >= 0.001].rename("share").reset_index(),
        f"热图：{len(base)} 座城市按基准名次分为 {len(last)} 类（行），取得各类名次（列）的平均概率，颜色越深越大；"
        "数据只列 0.1% 及以上的格。",
        f"Heat map: the mean chance of {len(last)} classes of ranks (across) for the {len(base)} cities by class of "
        "base rank (down), the darker the larger; the numbers list cells of 0.1 % and more.")


def cells_drawn(table: np.ndarray, base: pd.Series, together: int) -> tuple[pd.DataFrame, str, str]:
    """The cells of the map of chances that are not white, and what it shows in words; groups go by their first rank."""
    size = len(base)
    ranks = pd.RangeIndex(1, size + 1, together, name="rank")
    order = base.sort_values(kind="stable").index.rename("adcode") if together == 1 else ranks.rename("base_rank")
    seen = pd.DataFrame(table, order, ranks).stack()
    numbers = seen[seen >= 0.001].rename("share").reset_index()
    if together == 1:
        numbers = numbers.assign(base_rank=base.reindex(numbers["adcode"]).to_numpy())
    zh = "" if together == 1 else f"城市与名次都每 {together} 个合为一格，以其中第一个标明；"
    en = "" if together == 1 else f"cities and ranks are drawn {together} to a cell, named by the first; "
    return (numbers,
            f"热图：{size} 座城市（行，按基准名次）取得各名次（列）的概率，颜色越深越大；{zh}"
            "数据只列 0.1% 及以上的格。",
            f"Heat map: the chance of every rank (across) for {size} cities (down, by base rank), the darker the "
            f"larger; {en}the numbers list cells of 0.1 % and more.")


def rank_flow(ranks: pd.DataFrame, cities: pd.DataFrame, lang: str = "zh", stamp: str = "", first: int = 90,
              last: int = 111, cut: int = 100) -> Figure:
    """How cities near the cut change places from method to method: one line per city, one column per method.

    `ranks`: cities × methods, the base method first, columns named as printed. Shown are the cities whose base
    rank is from `first` to `last`; cities within the cut at the base are dark.
    """
    base = ranks.iloc[:, 0]
    shown = ranks[base.between(first, last)].sort_values(ranks.columns[0], kind="stable")
    if shown.empty:
        raise FigureError(f"no city has a base rank from {first} to {last}; choose another range")
    names = city_names(cities, lang)
    title = pick(lang, "各方法下的名次", "Ranks from method to method")
    figure = new_figure(max(3.6, 0.135 * len(shown) + 1.5), title, stamp)
    axes = figure.add_subplot()
    across = np.arange(shown.shape[1])
    for code, row in shown.iterrows():
        inside = row.iloc[0] <= cut
        axes.plot(across, row, color=OURS if inside else PUBLISHED, linewidth=0.9, alpha=0.85, marker="o",
                  markersize=2.2, zorder=3 if inside else 2, label=code)
    axes.axhline(cut + 0.5, color=CUT, linewidth=0.9, linestyle="--")
    low, high = shown.min(axis=None), shown.max(axis=None)
    gap = (high - low) / (0.135 * len(shown) + 0.6) * 0.125
    for place, side, align in ((0, -1, "right"), (len(across) - 1, 1, "left")):
        values = shown.iloc[:, place].to_numpy(dtype=float)
        for code, seat, value in zip(shown.index, spread(values, gap, low - 2, high + 2), values, strict=True):
            axes.annotate(f"{names[code]} {value:.0f}" if side < 0 else f"{value:.0f} {names[code]}", (place, value),
                          xytext=(place + 0.3 * side, seat), ha=align, va="center", fontsize=6, annotation_clip=False,
                          arrowprops={"arrowstyle": "-", "lw": 0.3, "color": "#9a9a9a", "shrinkA": 1, "shrinkB": 1,
                                      "relpos": (0.5 - side / 2, 0.5)})
    names_of_methods = [str(name).replace(" = ", "\u00a0=\u00a0") for name in shown.columns]
    axes.set_xticks(across, [wrapped(name, lang, 6) for name in names_of_methods], fontsize=7)
    margin = 0.07 * (high - low) + 1
    axes.set(xlim=(-1.3 if lang == "zh" else -2.1, len(across) - 0.15), ylim=(high + margin, low - margin),
             ylabel=pick(lang, "名次", "rank"))
    axes.tick_params(axis="x", length=0)
    quiet_axis(axes, "y")
    axes.spines["left"].set_visible(False)
    legend_above(figure, flow_handles(lang, cut), 3)
    bases = f"{shown.iloc[:, 0].min()}–{shown.iloc[:, 0].max()}"
    return with_numbers(
        figure, of_cities(shown, cities),
        f"折线图：基准名次 {bases} 的 {len(shown)} 座城市在 {shown.shape[1]} 种方法下的名次，每线一座城市；"
        f"最好第 {low:.0f} 名，最差第 {high:.0f} 名。",
        f"Lines, one a city: the ranks of the {len(shown)} cities with base ranks {bases} under "
        f"{shown.shape[1]} methods; the best is {low:.0f}, the worst {high:.0f}.")


def flow_handles(lang: str, cut: int) -> list:
    """Legend of the rank flow."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=OURS, label=pick(lang, f"基准在前 {cut} 名", f"within {cut} at the base")),
            Line2D([], [], color=PUBLISHED, label=pick(lang, "基准在其后", "after it at the base")),
            Line2D([], [], color=CUT, linestyle="--", linewidth=0.9, label=pick(lang, f"第 {cut} 名", f"cut at {cut}"))]


def sobol_bars(indices: pd.DataFrame, names: pd.Series, lang: str = "zh", stamp: str = "",
               output: str = "") -> Figure:
    """First-order and total Sobol indices of each input, with their margins of error; the largest total on top.

    `indices` as `SobolIndices.of` returns it (first, first_margin, total, total_margin); `names` by input, in the
    language of the figure. `output` says in a few words what the indices are of.
    """
    size = len(indices)
    title = pick(lang, "哪一项选择最要紧", "Which choice matters")
    colon = pick(lang, "：", ": ") if output else ""
    figure = new_figure(max(2.3, 0.3 * size + 1.15), f"{title}{colon}{output}", stamp)
    axes = figure.add_subplot()
    places = np.arange(size)
    for column, offset, colour in (("first", -0.19, OURS), ("total", 0.19, "#a9cbe4")):
        values = indices[column].clip(lower=0)
        axes.barh(places + offset, values, height=0.36, color=colour)
        margin = indices[f"{column}_margin"]
        axes.errorbar(values, places + offset, xerr=[np.minimum(margin, values), margin], fmt="none", ecolor=INK,
                      elinewidth=0.7, capsize=1.6, capthick=0.7)
    axes.set_yticks(places, [wrapped(names[key], lang, 15) for key in indices.index])
    axes.set(ylim=(size - 0.5, -0.5))
    axes.set_xlim(0, max(0.05, 1.06 * (indices["total"] + indices["total_margin"].fillna(0)).max()))
    axes.xaxis.set_major_formatter(percent)
    axes.set_xlabel(pick(lang, "占方差的份额", "share of the variance"))
    quiet_axis(axes)
    from matplotlib.patches import Patch

    legend_below(figure, [
        Patch(facecolor=OURS, label=pick(lang, "一阶（单独作用）", "first order (by itself)")),
        Patch(facecolor="#a9cbe4", label=pick(lang, "总效应（含交互）", "total (interactions included)"))], 2)
    numbers = indices[["first", "first_margin", "total", "total_margin"]].rename_axis("input")
    largest = f"{indices['total'].max():.0%}"
    return with_numbers(
        figure, numbers,
        f"条形图：{size} 项输入的一阶与总效应索博尔指数及误差；总效应最大者 {largest}。",
        f"Bars with error bars: first-order and total Sobol indices of {size} inputs; the largest total: {largest}.")


def attainable_spans(ranks: pd.DataFrame, cities: pd.DataFrame, lang: str = "zh", stamp: str = "", first: int = 61,
                     last: int = 140, cut: int = 100, bounds: str = "±25%") -> Figure:
    """The best and the worst rank that any weights within the bounds can give, for the cities near the cut.

    `ranks` by city: base, best, worst, best_bound, worst_bound (`sensitivity.attainable_ranks`). What a bound leaves
    undecided is a thin line. Dark: the cut is out of reach; no admitted weights move the city across it.
    """
    ordered = ranks[ranks["base"].between(first, last)].sort_values("base", kind="stable")
    if ordered.empty:
        raise FigureError(f"no city has a base rank from {first} to {last}; choose another range")
    names = city_names(cities, lang)
    half = -(-len(ordered) // 2)
    title = pick(lang, f"权重{bounds}以内可达到的最好与最差名次", f"Ranks that weights within {bounds} can reach")
    figure = new_figure(0.135 * half + 1.05, title, stamp)
    for number, axes in enumerate(figure.subplots(1, 2)):
        part = ordered.iloc[number * half:(number + 1) * half]
        rows = np.arange(len(part))
        settled = ((part["worst_bound"] <= cut) | (part["best_bound"] > cut)).to_numpy()
        axes.hlines(rows, part["best_bound"], part["worst_bound"], color=BASELINE, linewidth=0.6)
        axes.hlines(rows, part["best"], part["worst"], color=np.where(settled, OURS, "#a9cbe4"), linewidth=3.4)
        axes.scatter(part["base"], rows, s=9, color=INK, zorder=3)
        axes.axvline(cut + 0.5, color=CUT, linewidth=0.9, linestyle="--")
        axes.set_yticks(rows, [f"{names[code]} {rank}" for code, rank in part["base"].items()],
                        fontsize=6.2 if lang == "zh" else 5.6)
        axes.set_ylim(half - 0.4, -0.6)
        axes.tick_params(axis="y", pad=1)
        quiet_axis(axes)
    legend_below(figure, span_handles(lang, cut), 2)
    bases = f"{ordered['base'].min()}–{ordered['base'].max()}"
    fixed = int(((ordered["worst_bound"] <= cut) | (ordered["best_bound"] > cut)).sum())
    return with_numbers(
        figure, of_cities(ordered[["base", "best", "worst", "best_bound", "worst_bound"]], cities),
        f"横线图：基准名次 {bases} 的 {len(ordered)} 座城市在权重变动 {bounds} 以内可达到的名次，点为基准；"
        f"其中 {fixed} 座不会越过第 {cut} 名。",
        f"Spans: the ranks that {len(ordered)} cities with base ranks {bases} can reach with weights within "
        f"{bounds}, a dot at the base rank; {fixed} of them cannot cross rank {cut}.")


def span_handles(lang: str, cut: int) -> list:
    """Legend of the attainable ranks."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=OURS, linewidth=3.4,
                   label=pick(lang, f"任何权重都不会越过第 {cut} 名", f"no weights carry it across {cut}")),
            Line2D([], [], color="#a9cbe4", linewidth=3.4,
                   label=pick(lang, "取决于权重", "it hangs on the weights")),
            Line2D([], [], color=INK, marker="o", linestyle="none", markersize=3,
                   label=pick(lang, "基准名次", "base rank")),
            Line2D([], [], color=CUT, linestyle="--", linewidth=0.9, label=pick(lang, f"第 {cut} 名", f"cut at {cut}"))]
