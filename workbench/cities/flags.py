"""What was done to the values of a run that are not used as they were read: one vocabulary for every page."""

from __future__ import annotations

import pandas as pd

from analysis.indicators import DISTRICT_NAMED
from analysis.study import ACTIONS
from workbench.cities.names import Names
from workbench.cities.run_tables import RunTables

FLAGS = {"filled": ("补缺", "filled"), "winsorised": ("缩尾", "winsorised"),
         "capped": ("按目标值计", "at the goalpost"), "log": ("对数", "log"),
         "fallback": ("后备来源", "fallback"), "set_aside": ("有剔除", "cells set aside"),
         "gap": ("已知缺口", "known gap"), "district": ("名单只列其区", "only its districts are on the list")}
PANEL_FLAGS = {"known_gap": "gap", DISTRICT_NAMED: "district"}  # the others set a cell aside
DONORS_SHOWN = 5


def flags_of(tables: RunTables) -> dict[tuple[str, str], tuple[str, ...]]:
    """(city, indicator) → keys of FLAGS, in its order, for each value that was not used as it was read."""
    found: dict[tuple[str, str], set[str]] = {}

    def note(code: str, indicator: str, flag: str) -> None:
        found.setdefault((code, indicator), set()).add(flag)

    for change in tables.record.itertuples():
        for code in tables.raw.index if change.action == "log" else [change.adcode]:
            note(code, change.indicator, change.action.split("_")[0])
    fallback = tables.chosen["fallback"]
    for cell in tables.origins.itertuples():
        if cell.variable and cell.variable == fallback.get(cell.indicator):
            note(cell.adcode, cell.indicator, "fallback")
    indicator_of = {row.variable: code for code, row in tables.chosen.iterrows()}
    flagged = tables.panel["value"].isna() | (tables.panel["flag"] == DISTRICT_NAMED)  # others keep their value
    for cell in tables.panel[flagged & (tables.panel["flag"] != "")].itertuples():
        if cell.variable in indicator_of and indicator_of[cell.variable] in tables.raw:
            note(cell.adcode, indicator_of[cell.variable], PANEL_FLAGS.get(cell.flag, "set_aside"))
    return {key: tuple(flag for flag in FLAGS if flag in flags) for key, flags in found.items()}


def flag_words(names: Names, flags: tuple[str, ...]) -> str:
    """Flags in a word or two each."""
    return names.listed([names.pick(*FLAGS[flag]) for flag in flags])


def filled_lines(names: Names, changes: pd.DataFrame) -> list[str]:
    """A sentence for each rule and set of donors in the rows of a city's treatment record: which indicators they
    filled; the donors are named up to DONORS_SHOWN."""
    filled, said = changes[changes["action"].str.startswith("filled")], []
    for (action, donors), part in filled.groupby(["action", "donors"], sort=False):
        lenders, rule = donors.split(";"), names.pick(*ACTIONS[action])
        of = names.listed([names.nodes[indicator] for indicator in part["indicator"]])
        named = names.listed([names.short.get(lender, lender) for lender in lenders[:DONORS_SHOWN]])
        if len(lenders) > DONORS_SHOWN:
            named += names.pick(f"等 {len(lenders)} 城", f" and {len(lenders) - DONORS_SHOWN} more")
        said.append(names.pick(f"补缺：{of}，没有本市的数，{rule}；供体：{named}。不计为长处或短处。",
                               f"Filled: {of}: no figure of its own; {rule}; donors: {named}. Counts neither as "
                               "strength nor as weakness."))
    return said
