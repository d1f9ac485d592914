"""Figures about tiers: the choice of k, and the tiers by score (图5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.figures.labels import city_names, pick, place_labels
from analysis.figures.numbers import of_cities, with_numbers
from analysis.figures.strips import strip
from analysis.figures.style import CUT, INK, OURS, TIER_COLOURS, new_figure, quiet_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def choice_of_k(choice: pd.DataFrame, chosen: int, lang: str = "zh", stamp: str = "") -> Figure:
    """Three measures of how many tiers the cities form, side by side: silhouette, gap statistic, stability.

    `choice` is the frame `criteria` of `tiers.choose_k`: by k silhouette, gap, gap_error (s_k, drawn as bars) and
    jaccard_mean (cluster-wise stability, 0–1); NaN where a measure is not defined. `chosen` is marked.
    """
    figure = new_figure(2.5, pick(lang, "梯队数 k 的选择", "Choosing the number of tiers k"), stamp)
    panels = figure.subplots(1, 3)
    titles = (("silhouette", pick(lang, "轮廓系数", "silhouette")),
              ("gap", pick(lang, "Gap 统计量（±s_k）", "gap (±s_k)")),
              ("jaccard_mean", pick(lang, "稳定性（Jaccard）", "stability (Jaccard)")))
    for axes, (column, title) in zip(panels, titles, strict=True):
        axes.errorbar(choice.index, choice[column], yerr=choice["gap_error"] if column == "gap" else None, color=OURS,
                      marker="o", markersize=4, linewidth=1.2, capsize=2.5)
        axes.plot(chosen, choice.at[chosen, column], "o", markersize=9, markerfacecolor="none", markeredgecolor=CUT,
                  markeredgewidth=1.3)
        axes.set_title(title, fontsize=8)
        axes.set_xticks(list(choice.index))
        axes.margins(x=0.08, y=0.15)
        axes.set_xlabel(pick(lang, "k（红圈：采用）", "k (ring: chosen)"))
        axes.grid(axis="y")
    measures = choice[["silhouette", "gap", "gap_error", "jaccard_mean"]].rename_axis("k")
    span = f"{choice.index.min()}–{choice.index.max()}"
    return with_numbers(
        figure, measures.assign(chosen=measures.index == chosen),
        f"三幅折线图：梯队数 k 为 {span} 时的轮廓系数、Gap 统计量与稳定性；采用 k = {chosen}，以红圈标出。",
        f"Three line plots: silhouette, gap statistic and stability for k = {span} tiers; k = {chosen} is chosen and "
        "ringed.")


def tier_strip(scores: pd.Series, tiers: pd.Series, cities: pd.DataFrame, lang: str = "zh", stamp: str = "",
               labelled: int = 6, names: dict[int, str] | None = None) -> Figure:
    """Cities of each tier along the score (图5), the `labelled` best of each tier named where there is room.

    `tiers` by city, 1 = best; `names` may give a tier a name of its own. Dots are spread across their row only to
    separate them; the spread carries no meaning.
    """
    tier_list = sorted(tiers.dropna().unique())
    place = city_names(cities, lang)
    figure = new_figure(1.05 * len(tier_list) + 0.9, pick(lang, "按得分分成的梯队", "Tiers by score"), stamp)
    axes = figure.add_subplot()
    colours = {tier: TIER_COLOURS[min(row, len(TIER_COLOURS) - 1)] for row, tier in enumerate(tier_list)}
    dots = strip(axes, scores, tiers, colours, 0.6, 4, edgecolor=INK, linewidth=0.35, zorder=3)
    parts = [dots[tiers.reindex(dots.index) == tier] for tier in tier_list]
    for row, (part, colour) in enumerate(zip(parts, colours.values(), strict=True)):
        axes.hlines(row, part["x"].min(), part["x"].max(), color=colour, linewidth=7, alpha=0.25, zorder=1)
    shown = [f"{(names or {}).get(int(tier), pick(lang, f'第{tier}梯队', f'Tier {tier}'))}\n"
             + pick(lang, f"{(tiers == tier).sum()} 个", f"{(tiers == tier).sum()} cities") for tier in tier_list]
    axes.set_yticks(range(len(tier_list)), shown)
    axes.set(ylim=(len(tier_list) - 0.45, -0.55), xlabel=pick(lang, "综合得分（0–100）", "composite score (0–100)"),
             ylabel="")
    axes.margins(x=0.06)
    quiet_axis(axes)
    named = pd.concat([part.head(labelled) for part in parts])
    place_labels(axes, named["x"], named["y"], list(place[named.index]), avoid=dots.to_numpy())
    numbers = of_cities(pd.DataFrame({"tier": tiers, "score": scores}).dropna(), cities)
    sizes = [(tier, int((tiers == tier).sum())) for tier in tier_list]
    return with_numbers(
        figure, numbers.sort_values(["tier", "score"], ascending=[True, False], kind="stable"),
        "每行一个梯队，每个点一座城市，横轴为综合得分："
        f"{'，'.join(f'第{tier}梯队 {size} 座' for tier, size in sizes)}。",
        "A row a tier, a dot a city, the score across: "
        f"{', '.join(f'tier {tier} {size} cities' for tier, size in sizes)}.")
