"""Figures about regions: counts beside the published ones (图2, 图3), Lorenz curves, scores by region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.figures.labels import group_name, pick, system_name
from analysis.figures.numbers import ends, of_cities, with_numbers
from analysis.figures.strips import strip
from analysis.figures.style import (
    BASELINE,
    INK,
    MUTED,
    NBS_COLOURS,
    OURS,
    PUBLISHED,
    REGION_COLOURS,
    FigureError,
    legend_above,
    legend_below,
    new_figure,
    percent,
    quiet_axis,
)
from analysis.regions import groups_of, lorenz

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def paired_counts(axes: Axes, comparison: pd.DataFrame, lang: str) -> None:
    """Bars of our count and the published one for each group, with the figures at their ends."""
    rows = np.arange(len(comparison))
    for column, shift, colour, hatch in (("ours", -0.2, OURS, ""), ("published", 0.2, PUBLISHED, "")):
        axes.barh(rows + shift, comparison[column], height=0.38, color=colour, hatch=hatch)
        for row, count in zip(rows, comparison[column], strict=True):
            axes.text(count, row + shift, f" {count}", va="center", fontsize=6.6)
    axes.set_ylim(len(comparison) - 0.45, -0.55)
    axes.set_xlim(0, max(comparison[["ours", "published"]].max(axis=None) * 1.1, 1))
    axes.locator_params(axis="x", integer=True)
    quiet_axis(axes)


def pair_handles(lang: str) -> list:
    """Legend of ours and published in their fixed colours."""
    from matplotlib.patches import Patch

    return [Patch(facecolor=OURS, label=pick(lang, "本研究前 100", "our best 100")),
            Patch(facecolor=PUBLISHED, label=pick(lang, "公布的百强", "published hundred"))]


def named_groups(counts: pd.DataFrame) -> pd.DataFrame:
    """Counts by region or province with the groups' names in both languages before them."""
    system = counts["system"].iloc[0]
    names = pd.DataFrame({f"name{ending}": [group_name(group, system, lang) for group in counts.index]
                          for ending, lang in (("", "zh"), ("_en", "en"))}, counts.index)
    return names.join(counts.drop(columns="system")).rename_axis(system)


def region_counts(comparison: pd.DataFrame, lang: str = "zh", stamp: str = "") -> Figure:
    """Cities of the hundred by region (图2), ours beside the published ones, with penetration at the right.

    `comparison` is the frame of `regions.compare_counts` for "region" or "nbs_region". The dashed line is the
    penetration in all cities.
    """
    system = comparison["system"].iloc[0]
    figure = new_figure(0.42 * len(comparison) + 1.15,
                        pick(lang, f"百强城市的地区分布（{system_name(system, lang)}）",
                             f"The hundred by region ({system_name(system, lang)})"), stamp)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    paired_counts(left, comparison, lang)
    left.set_xlabel(pick(lang, "城市数（个）", "cities"))
    left.set_yticks(range(len(comparison)), [
        group_name(group, system, lang) + pick(lang, f"（{size}）", f" ({size})") for group, size in
        comparison["cities"].items()])
    rows = np.arange(len(comparison))
    right.hlines(rows, comparison["ours_penetration"], comparison["published_penetration"], color="#b5b5b5",
                 linewidth=1.4)
    right.scatter(comparison["published_penetration"], rows, marker="s", s=26, color=PUBLISHED, edgecolor=INK,
                  linewidth=0.4, zorder=3)
    right.scatter(comparison["ours_penetration"], rows, s=24, color=OURS, edgecolor="white", linewidth=0.4, zorder=4)
    everywhere = comparison["published"].sum() / comparison["cities"].sum()
    right.axvline(everywhere, color=MUTED, linestyle="--", linewidth=0.8)
    right.set_xlim(0, comparison[["ours_penetration", "published_penetration"]].max(axis=None) * 1.12)
    right.xaxis.set_major_formatter(percent)
    right.set_xlabel(pick(lang, "占该地区城市的比例（虚线：全国）", "share of the region's cities (dashed: all)"))
    quiet_axis(right)
    legend_below(figure, pair_handles(lang), 2)
    numbers = named_groups(comparison)
    ours, published = ends(numbers["ours"], numbers, ".0f"), ends(numbers["published"], numbers, ".0f")
    return with_numbers(
        figure, numbers,
        f"左为各地区进入百强的城市数，本研究与公布并列：本研究{ours[0]}；公布{published[0]}。右为占该地区城市的比例。",
        f"Left the cities of the hundred by region, ours beside the published: ours {ours[1]}; published "
        f"{published[1]}. Right their share of the region's cities.")


def group_counts(counts: pd.DataFrame, top: int, lang: str = "zh", stamp: str = "") -> Figure:
    """Leading cities by region where there is no published list: how many of each region's cities are among the first.

    `counts` is the frame of `regions.counts`. The pale bar is the region's cities, the dark one those among the first.
    """
    system = counts["system"].iloc[0]
    called = system_name(system, lang)
    figure = new_figure(0.4 * len(counts) + 1.15,
                        pick(lang, f"前 {top} 名的地区分布（{called}）", f"The first {top} by {called}"), stamp)
    axes, rows = figure.add_subplot(), np.arange(len(counts))
    axes.barh(rows, counts["cities"], height=0.62, color="#dcdcdc", label=pick(lang, "全部", "all"))
    axes.barh(rows, counts["members"], height=0.62, color=OURS, label=pick(lang, f"前 {top} 名", f"the first {top}"))
    for row, (members, cities) in enumerate(zip(counts["members"], counts["cities"], strict=True)):
        axes.annotate(f"{members} / {cities}", (cities, row), (4, 0), textcoords="offset points", va="center", size=7)
    axes.set_yticks(rows, [group_name(group, system, lang) for group in counts.index])
    axes.set(ylim=(len(counts) - 0.45, -0.55), xlim=(0, counts["cities"].max() * 1.12),
             xlabel=pick(lang, "个数", "number"))
    quiet_axis(axes)
    legend_below(figure, axes.get_legend_handles_labels()[0], 2)
    numbers = named_groups(counts)
    most = ends(numbers["members"], numbers, ".0f")
    return with_numbers(
        figure, numbers,
        f"条形图：各地区的城市数（浅）与其中进入前 {top} 名的（深），后者{most[0]}。",
        f"Bars: the cities of each region (pale) and those among the first {top} (dark); of the latter {most[1]}.")


def province_counts(comparison: pd.DataFrame, lang: str = "zh", stamp: str = "") -> Figure:
    """Cities of the hundred by province (图3), ours beside the published ones, all provinces, zeros included.

    `comparison` is the frame of `regions.compare_counts` for "province"; in brackets the province's cities.
    """
    if comparison["system"].iloc[0] != "province":
        raise FigureError("province_counts needs counts by province; use region_counts for regions")
    ordered = comparison.sort_values(["published", "ours"], ascending=False, kind="stable")
    half = -(-len(ordered) // 2)
    figure = new_figure(0.30 * half + 1.1, pick(lang, "百强城市的省域分布", "The hundred by province"), stamp)
    limit = max(ordered[["ours", "published"]].max(axis=None) * 1.1, 1)
    for axes, part in zip(figure.subplots(1, 2), (ordered.iloc[:half], ordered.iloc[half:]), strict=True):
        paired_counts(axes, part, lang)
        axes.set_yticks(range(len(part)), [
            group_name(group, "province", lang) + pick(lang, f"（{size}）", f" ({size})") for group, size in
            part["cities"].items()])
        axes.set(ylim=(half - 0.45, -0.55), xlim=(0, limit))
        axes.set_xlabel(pick(lang, "城市数（个）", "cities"))
    legend_above(figure, pair_handles(lang), 2)
    numbers = named_groups(ordered)
    ours, published = ends(numbers["ours"], numbers, ".0f"), ends(numbers["published"], numbers, ".0f")
    return with_numbers(
        figure, numbers,
        f"条形图：各省进入百强的城市数，本研究与公布并列，共 {len(ordered)} 省：本研究{ours[0]}；公布{published[0]}。",
        f"Bars: the cities of the hundred by province, ours beside the published, {len(ordered)} provinces: ours "
        f"{ours[1]}; published {published[1]}.")


def lorenz_curves(named_values: Mapping[str, pd.Series], ginis: Mapping[str, float], lang: str = "zh",
                  stamp: str = "") -> Figure:
    """Lorenz curves of up to three quantities over the cities: the first in our colour, the baseline in grey.

    `named_values` maps the name as printed to values ≥ 0 without missing ones; `ginis` the same names to the
    Gini coefficient printed in the legend.
    """
    figure = new_figure(3.4, pick(lang, "洛伦兹曲线", "Lorenz curves"), stamp, width=4.4)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.7, linestyle=":")
    looks = ((OURS, "-"), (BASELINE, "--"), (PUBLISHED, "-."))
    for (name, values), (colour, line) in zip(named_values.items(), looks, strict=False):
        curve = lorenz(values)
        axes.plot(curve["cities"], curve["total"], color=colour, linestyle=line, linewidth=1.6,
                  label=pick(lang, f"{name}（基尼系数 {ginis[name]:.3f}，{len(values)} 城）",
                             f"{name} (Gini {ginis[name]:.3f}, {len(values)} cities)"))
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel=pick(lang, "城市累计比例（由低到高）", "share of cities, lowest first"),
             ylabel=pick(lang, "累计份额", "share of the total"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(percent)
    axes.grid()
    axes.legend(loc="upper left")
    curves = {name: lorenz(values).reset_index(drop=True) for name, values in named_values.items()}
    listed = ", ".join(f"{ginis[name]:.3f}" for name in named_values)
    return with_numbers(
        figure, pd.concat(curves, names=["quantity", None]).reset_index(level=1, drop=True),
        f"洛伦兹曲线：横轴为城市累计比例，纵轴为累计份额；基尼系数依次为 {listed}。",
        f"Lorenz curves: share of cities across, share of the total upwards; Gini coefficients in order: {listed}.")


def region_scores(scores: pd.Series, cities: pd.DataFrame, by: str = "nbs_region", lang: str = "zh",
                  stamp: str = "") -> Figure:
    """Scores by region: every city a dot, box from quartile to quartile with the median, whiskers 5 %–95 %."""
    order = groups_of(cities, by)
    colours = {"nbs_region": NBS_COLOURS, "region": REGION_COLOURS}.get(by) or dict.fromkeys(order, OURS)
    figure = new_figure(0.5 * len(order) + 1.0, pick(lang, f"各地区得分（{system_name(by, lang)}）",
                                                     f"Scores by region ({system_name(by, lang)})"), stamp)
    axes = figure.add_subplot()
    region = cities[by].reindex(scores.index)
    strip(axes, scores, region, {group: colours[group] for group in order}, 0.5, 3, alpha=0.75, linewidth=0, zorder=2)
    import seaborn

    # seaborn 0.13.2 passes `vert`, for which matplotlib warns from 3.11 on; its successor is passed instead.
    seaborn.boxplot(x=scores, y=region, order=order, orient="h", whis=(5, 95), width=0.62, color=INK, fill=False,
                    linewidth=0.8, medianprops={"linewidth": 1.6}, showfliers=False, zorder=3, ax=axes, vert=None,
                    orientation="horizontal")
    axes.set_yticks(range(len(order)), [group_name(group, by, lang) + pick(lang, f"（{size}）", f" ({size})")
                                        for group, size in region.value_counts().reindex(order, fill_value=0).items()])
    axes.set(ylim=(len(order) - 0.45, -0.55), xlabel=pick(lang, "综合得分（0–100）", "composite score (0–100)"),
             ylabel="")
    quiet_axis(axes)
    names = pd.DataFrame({"name": order, "name_en": [group_name(name, by, "en") for name in order]}, order)
    middle = ends(scores.groupby(region).median().reindex(order), names)
    return with_numbers(
        figure, of_cities(pd.DataFrame({by: region, "score": scores}), cities).sort_values([by, "score"]),
        f"每行一个地区，每个点一座城市的得分，并有箱线（四分位与 5%–95%）；得分中位数{middle[0]}。",
        f"A row a region, a dot a city's score, with boxes (quartiles, 5 %–95 %); medians: {middle[1]}.")
