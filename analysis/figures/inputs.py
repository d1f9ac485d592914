"""Figures about what goes in: coverage of the framework, missing values, distributions before and after treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import node_names, pick, row_height, wrapped
from analysis.figures.numbers import bin_counts, of_nodes, with_numbers
from analysis.figures.style import (
    DOMAIN_COLOURS,
    GRADE_SHADES,
    MUTED,
    OURS,
    legend_above,
    new_figure,
    on_colour,
    quiet_axis,
)
from analysis.framework import ancestor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRADES = {"A": ("A 直接测度", "A measures it"), "B": ("B 接近", "B close"), "C": ("C 勉强", "C a stretch"),
          "D": ("D 仅规模或容量", "D size only"), "": ("无公开数据", "no public data")}


TILES = 7  # in a row of `coverage_tiles`


def coverage_tiles(framework: pd.DataFrame, grades: pd.Series, lang: str = "zh", stamp: str = "") -> Figure:
    """The indicators as tiles, one row per domain: which are measured, and how well (the darker the better).

    `grades` maps the code of a measured indicator to A, B, C or D; an indicator without a grade is not measured. A
    study whose indicators are all of one grade has no grades to tell.
    """
    from matplotlib.patches import Rectangle

    domain_of = ancestor(framework, "domain")
    names = node_names(framework, lang)
    rows_of = -(-domain_of.groupby(domain_of, sort=False).size() // TILES)  # a long domain takes several rows of tiles
    height = max(4.1, 0.6 * rows_of.sum() + 0.5)
    figure = new_figure(height, pick(lang, "指标的数据覆盖", "Indicators with data"), stamp)
    axes = figure.add_subplot()
    for domain in domain_of.unique():
        codes, row = domain_of.index[domain_of == domain], rows_of.loc[:domain].iloc[:-1].sum()
        have = int(codes.isin(grades.dropna().index).sum())
        axes.text(-0.08, row + 0.5, f"{wrapped(names[domain], lang, 8)}\n{have}/{len(codes)}", ha="right", va="center",
                  fontsize=7.5, fontweight="bold")
        for place, code in enumerate(codes):
            column, at = place % TILES, row + place // TILES
            grade = grades.get(code)
            grade = grade if isinstance(grade, str) else ""
            shade = GRADE_SHADES.get(grade, "white")
            axes.add_patch(Rectangle((column + 0.03, at + 0.05), 0.94, 0.9, **tile_look(grade)))
            colour = on_colour(shade) if grade else MUTED
            axes.text(column + 0.07, at + 0.1, framework.at[code, "number"], va="top", fontsize=6, color=colour)
            axes.text(column + 0.5, at + 0.56, wrapped(names[code], lang, 7 if lang == "zh" else 9), ha="center",
                      va="center", fontsize=6.4 if lang == "zh" else 5.8, linespacing=1.15, color=colour)
    axes.set(xlim=(-1.25, 7.02), ylim=(rows_of.sum(), 0))
    axes.axis("off")
    told = GRADES if grades.nunique() > 1 else {"A": ("有数据", "has data"), "": ("没有数据", "no data")}
    handles = [Rectangle((0, 0), 1, 1, label=pick(lang, *words), **tile_look(grade)) for grade, words in told.items()]
    legend_above(figure, handles, 5)
    numbers = of_nodes(pd.DataFrame({"domain": domain_of, "grade": grades.reindex(domain_of.index)}), framework)
    have = int(numbers["grade"].notna().sum())
    return with_numbers(
        figure, numbers,
        f"方块图，每行一个领域，每块一项指标：{len(numbers)} 项中 {have} 项有数据（颜色越深测度越直接），"
        "其余为虚线空框。",
        f"Tiles, a row a domain and a tile an indicator: {have} of {len(numbers)} have data (the darker, the more "
        "directly measured); the others are dashed outlines.")


def tile_look(grade: str) -> dict:
    """A measured tile is filled, the darker the better; one without public data is a dashed outline."""
    shade = GRADE_SHADES.get(grade, "white")
    dashed = (0, (3, 2)) if grade == "" else "-"
    return {"facecolor": shade, "edgecolor": "#9a9a9a" if grade == "" else shade, "linewidth": 0.7, "linestyle": dashed}


def missing_values(values: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh", stamp: str = "") -> Figure:
    """Which cells of the indicator matrix are empty (left; cities with most gaps first), and how many by indicator.

    `values` are cities × indicators with NaN for missing. Only cities with a gap are drawn; the axis says how many.
    """
    import seaborn
    from matplotlib.colors import ListedColormap

    gaps = values.isna()
    short = gaps.loc[gaps.any(axis=1)]
    order = np.lexsort([*(short[column].to_numpy() for column in short.columns[::-1]), -short.sum(axis=1).to_numpy()])
    short = short.iloc[order]
    labels = [wrapped(node_names(framework, lang, numbered=True)[code], lang, 14) for code in values.columns]
    size = len(labels)
    figure = new_figure(max(2.2, row_height(lang) * size + 1.1), pick(lang, "缺失值", "Missing values"), stamp)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1.2))
    shown = gaps.head(1) if short.empty else short  # without a gap, one full column
    seaborn.heatmap(shown.T, cmap=ListedColormap(["#eef2f5", OURS]), vmin=0, vmax=1, cbar=False, rasterized=True,
                    xticklabels=False, yticklabels=False, ax=left)
    left.hlines(range(size + 1), 0, len(shown), color="white", linewidth=1.2)
    left.set_yticks(np.arange(size) + 0.5, labels)
    left.set_ylabel("")
    left.set_xlabel(pick(lang, f"有缺失的城市：{len(values)} 个中的 {len(short)} 个",
                         f"cities with a gap: {len(short)} of {len(values)}"))
    total = gaps.sum()
    right.barh(np.arange(size) + 0.5, total, color=OURS, height=0.6)
    for row, count in enumerate(total):
        right.text(count, row + 0.5, f" {count}", va="center", fontsize=7)
    right.set_xlim(0, max(total.max() * 1.25, 1))
    right.set_xlabel(pick(lang, "缺失城市数", "cities missing"))
    quiet_axis(right)
    numbers = of_nodes(pd.DataFrame({"cities_missing": total, "cities": len(values)}), framework)
    most = total.idxmax()
    return with_numbers(
        figure, numbers,
        f"左为有缺失的 {len(short)} 座城市的缺失格，右为各指标的缺失城市数：共 {int(total.sum())} 格，"
        f"最多 {numbers.at[most, 'name_zh']} {total.max()} 座。",
        f"Left the empty cells of the {len(short)} cities with a gap, right the number of cities missing by "
        f"indicator: {int(total.sum())} cells in all, most for {numbers.at[most, 'name_en']} ({total.max()}).")


def distributions(before: pd.DataFrame, after: pd.DataFrame, framework: pd.DataFrame, lang: str = "zh",
                  stamp: str = "") -> Figure:
    """Distribution of each indicator before (grey) and after treatment (line), each on its own range from 0 to 1.

    Both frames are cities × indicators; missing values are left out. The skewness before and after is printed, adjusted
    for the size of the sample as in the treatment (method.md 2.3); a dash for fewer than three values.
    """
    from matplotlib.patches import Patch

    codes = list(after.columns)
    columns = 4 if len(codes) <= 16 else 5
    width, size = (16, 6.6) if columns == 4 else (12, 6.0)
    rows = -(-len(codes) // columns)
    title = pick(lang, "指标分布：处理前与处理后", "Indicators before and after treatment")
    figure = new_figure(1.05 * rows + 0.9, title, stamp)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False)
    titles = node_names(framework, lang, numbered=True)
    edges = np.linspace(0, 1, 21)
    for axes, code in zip(grid.flat, codes, strict=False):
        histograms(axes, before[code].dropna(), after[code].dropna(), edges, pick(lang, "偏度", "skew"))
        axes.set_title(wrapped(titles[code], lang, width), fontsize=size, linespacing=1.05, pad=2)
    for axes in list(grid.flat)[len(codes):]:
        axes.axis("off")
    handles = [Patch(facecolor="#c4c4c4", label=pick(lang, "处理前", "before")),
               Patch(facecolor="none", edgecolor=DOMAIN_COLOURS["D1"], label=pick(lang, "处理后", "after"))]
    legend_above(figure, handles, 2)
    names = framework[["name_zh", "name_en"]]
    parts = {code: pd.DataFrame({**names.loc[code], "from": edges[:-1].round(2), "to": edges[1:].round(2),
                                 "before": bin_counts(unit_range(before[code].dropna()), edges),
                                 "after": bin_counts(unit_range(after[code].dropna()), edges)}) for code in codes}
    return with_numbers(
        figure, pd.concat(parts, names=["code", None]).reset_index(level=1, drop=True),
        f"{len(codes)} 幅直方图，每项指标一幅，灰色为处理前，深色线为处理后，横轴为各自的最小到最大，"
        "并注明处理前后的偏度。",
        f"{len(codes)} histograms, one an indicator, grey before treatment and a dark line after, each from its own "
        "least to its greatest value, with the skewness before and after.")


def histograms(axes: Axes, old: pd.Series, new: pd.Series, edges: np.ndarray, words: str) -> None:
    """One indicator before and after treatment in the same bins, with both skewnesses."""
    import seaborn

    seaborn.histplot(x=unit_range(old), bins=edges, color="#c4c4c4", alpha=1, linewidth=0, ax=axes)
    seaborn.histplot(x=unit_range(new), bins=edges, element="step", color=DOMAIN_COLOURS["D1"], alpha=0, linewidth=1.1,
                     ax=axes)
    shape = "→".join("–" if np.isnan(skew) else f"{skew:.1f}" for skew in (old.skew(), new.skew()))
    axes.text(0.98, 0.94, f"{words} {shape}", transform=axes.transAxes, ha="right", va="top", fontsize=6.2,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8})
    axes.set(xlabel="", ylabel="", yticks=[])
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"], fontsize=6.5)
    axes.spines["left"].set_visible(False)


def unit_range(values: pd.Series) -> np.ndarray:
    """Values moved to 0…1 by their own minimum and maximum; a constant becomes 0."""
    low, high = values.min(), values.max()
    return ((values - low) / (high - low)).to_numpy() if high > low else np.zeros(len(values))
