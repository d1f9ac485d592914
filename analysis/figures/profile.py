"""One city among its peers: its domain scores beside the medians of its tier and its region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.figures.labels import node_names, pick
from analysis.figures.numbers import of_nodes, with_numbers
from analysis.figures.style import INK, MUTED, FigureError, domain_colours, legend_below, new_figure, quiet_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = ("D", "|", "o", "^")


def domain_bars(scores: pd.Series, medians: Mapping[str, pd.Series], framework: pd.DataFrame, city: str,
                lang: str = "zh", stamp: str = "") -> Figure:
    """One city's domain scores as bars, with a mark at each group of peers' median score.

    `scores` by measured domain (0–100); `medians` maps the name of a group, as printed in the legend, to its
    medians by domain (four groups at most); `city` is the name as printed. The scores are at the right; a
    domain without public data keeps its row and says so.
    """
    from matplotlib.lines import Line2D

    if len(medians) > len(MARKS):
        raise FigureError(f"{len(medians)} groups of peers; there are marks for {len(MARKS)}")
    domains = list(framework.index[framework["level"] == "domain"])
    names, colours = node_names(framework, lang), domain_colours(framework)
    title = pick(lang, f"{city}：各领域得分", f"{city}: scores by domain")
    figure = new_figure(0.23 * len(domains) + 1.0, title, stamp)
    axes = figure.add_subplot()
    for row, domain in enumerate(domains):
        if domain not in scores:
            words = pick(lang, "无可用的公开数据，未测度", "no usable public data, not measured")
            axes.text(1, row, words, va="center", fontsize=7.5, color=MUTED)
            continue
        axes.barh(row, scores[domain], height=0.62, color=colours[domain])
        axes.text(109, row, f"{scores[domain]:.1f}", va="center", ha="right", fontsize=7.5, fontweight="bold")
    handles, shown = [], [row for row, domain in enumerate(domains) if domain in scores]
    for order, (mark, (label, group)) in enumerate(zip(MARKS, medians.items(), strict=False)):
        look: dict[str, Any] = {
            "marker": mark, "markersize": 11 if mark == "|" else 5, "markeredgewidth": 2 if mark == "|" else 1,
            "markerfacecolor": "white", "markeredgecolor": INK, "linestyle": "none"}
        # a white rim keeps a dark mark visible on a dark bar; all rims lie under all marks, the first mark on top
        rim = look | {"markeredgewidth": look["markeredgewidth"] + 2, "markeredgecolor": "white"}
        for drawn, height in ((rim, 3), (look, 5 - order / 10)):
            axes.plot([group[domains[row]] for row in shown], shown, zorder=height, **drawn)
        handles.append(Line2D([], [], label=label, **look))
    axes.set_yticks(range(len(domains)), [names[code] for code in domains])
    axes.set(ylim=(len(domains) - 0.5, -0.5), xlim=(min(0, scores.min()), 110))
    axes.set_xlabel(pick(lang, "领域得分（0–100）", "domain score (0–100)"))
    quiet_axis(axes)
    legend_below(figure, handles, len(handles))
    return with_numbers(
        figure, of_nodes(pd.DataFrame({"score": scores, **medians}).reindex(domains), framework),
        "条形图：各领域的得分（0–100），各记号为同类城市的中位数；没有数据的领域注明未测度。",
        "Bars: the scores by domain (0–100), with marks at the medians of its peers; a domain without data "
        "says so.")
