"""Strips of dots: cities along a score, one row per group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOLDEN = 0.6180339887  # the fractional parts of any number of its multiples fill the range from 0 to 1 evenly


def strip(axes: Axes, scores: pd.Series, groups: pd.Series, colours: Mapping, width: float, size: float,
          **look: Any) -> pd.DataFrame:
    """Draw each city as a dot at its score in the row of its group; returns where the dots are.

    scores and groups by city; `colours` by group, in the order of the rows from the top. Dots are spread over `width`
    rows (0 to 1) only to separate them, by multiples of the golden ratio from the best city down: the same scores give
    the same dots, without random numbers, and cities of similar score lie far apart. size: diameter in points; `look`:
    further arguments of `seaborn.stripplot`.
    Returns a frame by city, best first: x (the score), y (rows from the top, 0 = middle of the first). A city without
    a score or a group has no dot and no row.
    """
    import seaborn

    data = pd.DataFrame({"score": scores, "group": groups.reindex(scores.index)}).dropna()
    data = data.sort_values("score", ascending=False, kind="stable")
    seaborn.stripplot(data, x="score", y="group", hue="group", order=list(colours), hue_order=list(colours), orient="h",
                      palette=dict(colours), jitter=False, size=size, legend=False, ax=axes, **look)
    row = data["group"].map({group: row for row, group in enumerate(colours)}).astype(float)
    place = data.groupby("group").cumcount()
    dots = pd.DataFrame({"x": data["score"], "y": row + width * (place * GOLDEN % 1 - 0.5)})
    for group, drawn in zip(colours, axes.collections[-len(colours):], strict=True):
        drawn.set_offsets(dots[data["group"] == group].to_numpy())
    return dots
