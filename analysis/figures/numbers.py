"""The numbers behind a figure and what it shows in words: every figure function returns both with the picture.

`with_numbers` puts them on the figure; `Step.figure` writes the numbers as figures/<name>.csv and uses the words as
alternative text. The frame has one row for each thing drawn, field names in English for either language of the
figure, and names of cities and indicators in both, so that the Chinese and the English figure have the same file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def with_numbers(figure: Figure, frame: pd.DataFrame, zh: str, en: str) -> Figure:
    """The figure, with the numbers it draws and one or two sentences on what they show in Chinese and English.

    `frame`: a named index becomes the first columns; an unnamed one is left out. The words say what a reader who cannot
    see the picture would miss: its kind, what is where, the ends of the scale.
    """
    named = any(name is not None for name in frame.index.names)
    # matplotlib's figures know neither; whoever writes the figure's files reads both.
    figure.numbers = frame.reset_index(drop=not named)  # type: ignore[attr-defined]
    figure.words = {"zh": zh, "en": en}  # type: ignore[attr-defined]
    return figure


def of_cities(frame: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """A frame by city code with the cities' names before its own columns."""
    names = cities[["name", "name_en"]].reindex(frame.index)
    return names.join(frame.drop(columns=["name", "name_en"], errors="ignore")).rename_axis("adcode")


def of_nodes(frame: pd.DataFrame, framework: pd.DataFrame) -> pd.DataFrame:
    """A frame by code of the framework with the names before its own columns; another row keeps its label as name."""
    codes = frame.index
    names = framework[["name_zh", "name_en"]].reindex(codes)
    for column in names:
        names[column] = names[column].where(names[column].notna(), codes.to_series())
    return names.join(frame).rename_axis("code")


def ends(values: pd.Series, names: pd.DataFrame, form: str = ".1f") -> tuple[str, str]:
    """The largest and the smallest value with the name of each, or how many share it, in Chinese and English.

    `names` by the same labels: name_zh or name, and name_en. An empty series gives an empty text.
    """
    known = values.dropna()
    if known.empty:
        return "", ""
    chinese = "name_zh" if "name_zh" in names else "name"

    def shown(end: float, column: str) -> str:
        held = known.index[known == end]
        return f"{names.at[held[0], column]} {end:{form}}" if len(held) == 1 else f"{end:{form}} (×{len(held)})"

    if known.max() == known.min():
        return f"全部为 {known.max():{form}}", f"all {known.max():{form}}"
    return (f"最大 {shown(known.max(), chinese)}，最小 {shown(known.min(), chinese)}",
            f"largest {shown(known.max(), 'name_en')}, smallest {shown(known.min(), 'name_en')}")


def quantiles(frame: pd.DataFrame, shares: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> pd.DataFrame:
    """Count, mean and quantiles of each column, one row per column, as boxes and bars draw them."""
    table = frame.quantile(list(shares)).T
    table.columns = [f"p{round(100 * share):02d}" for share in shares]
    return table.assign(cities=frame.notna().sum().astype("Int64"), mean=frame.mean())


def bin_counts(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many values fall into each bin, as a histogram draws them."""
    return np.histogram(values, edges)[0]
