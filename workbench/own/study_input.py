"""The input of a study as read from own data, and its values as figures like those of the public edition.

Reference: docs/own_data.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from analysis.frames import settle
from workbench.own.problems import Problem, column_letters


@dataclass(frozen=True)
class StudyInput:
    """What a study is made from, checked.

    values: one row per figure: code, indicator, year (Int64), value, source, note, and the cell it came from: file,
    sheet, row, column. framework: indexed by code: level, parent, number, name_zh, name_en, direction, certainty, note,
    unit_zh, unit_en, source. cities: indexed by adcode: name, name_en, one column per region system, seat_lon,
    seat_lat. regions: system, system_zh, system_en, name, name_en. experts: indexed by expert. judgements: expert →
    node → square frame, NaN for pairs not judged; nodes without judgements are absent. given: the tables that the user
    gave. log: one row per cell not read literally. warnings: what should be looked at. words: what the study calls
    itself and its units (`settings.Study`), and `cut`. other_years: the figures that are not scored because the study
    scores another year, columns as values.
    """

    values: pd.DataFrame
    framework: pd.DataFrame
    cities: pd.DataFrame
    regions: pd.DataFrame
    experts: pd.DataFrame
    judgements: dict[str, dict[str, pd.DataFrame]]
    given: tuple[str, ...]
    log: pd.DataFrame
    warnings: tuple[Problem, ...]
    words: dict[str, str] = field(default_factory=dict)
    other_years: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def every_year(self) -> pd.DataFrame:
        """The figures of all years, those that are scored first."""
        return pd.concat([self.values, self.other_years], ignore_index=True) if len(self.other_years) else self.values


def figures_of(values: pd.DataFrame) -> pd.DataFrame:
    """Values as figures: the variable has the indicator's code, and the raw row is the cell of the user's table."""
    cells = [cell_name(sheet, row, column) for sheet, row, column in
             zip(values["sheet"], values["row"], values["column"], strict=True)]
    year = values["year"].astype("Int64").astype(object)
    return settle(pd.DataFrame({
        "adcode": values["code"].astype(str), "variable": values["indicator"], "year": year.where(year.notna(), ""),
        "value": values["value"].astype(float), "source_id": values["file"], "raw_row": cells, "flag": ""}))


def cell_name(sheet: str, row: int, column: int) -> str:
    """A cell as a spreadsheet names it: values!F12."""
    place = f"{column_letters(int(column))}{int(row)}"
    return f"{sheet}!{place}" if sheet else place
