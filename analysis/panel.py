"""What a study starts from: one panel of cleaned figures, cities, tree, proxies and judgements, and what describes it.

`read_panel` reads the public edition; studies with their own values make a Panel themselves. Nothing that takes a Panel
reads a raw file again.

Reference: docs/method.md, sections 1 to 3.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import cleaning, framework, sources
from analysis.editions import PUBLIC_TRAITS, Edition
from analysis.frames import settle
from analysis.settings import ROOT, Settings


@dataclass(frozen=True)
class Panel:
    """What a study starts from: the cleaned figures, the cities, the tree, the proxies and the experts' judgements.

    `root` is the folder of the repository. `tree` is the paper's, 城市数据中心 (I32) under S13, or the study's own;
    `tree_of` moves I32 where the settings put it. `regions` names the region systems of a study that brings its own
    cities (columns system, system_zh, system_en, name, name_en). `traits` say what can be asked of the panel (see
    `editions.TRAITS`). `reliability`: what is stated of the reliability of figures by grade or variable
    (`framework.read_reliability`); None where a study states nothing. `uncleaned` are the rows that `figures` were
    cleaned from by the default thresholds, so that `figures_of` can clean them by others; None for a study that brings
    figures as they stand.
    """

    edition: Edition
    figures: pd.DataFrame
    cities: pd.DataFrame
    proxies: pd.DataFrame
    judgements: dict[str, dict[str, pd.DataFrame]]
    experts: pd.DataFrame
    root: Path
    tree: pd.DataFrame
    regions: pd.DataFrame | None = None
    traits: frozenset[str] = PUBLIC_TRAITS
    reliability: pd.DataFrame | None = None
    uncleaned: pd.DataFrame | None = None


def read_panel(root: Path = ROOT) -> Panel:
    """Read and check every raw file of the public edition and clean it (notebook 01 shows each changed cell)."""
    sources.verify_provenance(root)
    cities = sources.read_cities(root)
    variables = sources.read_variables(root)
    statistics = sources.read_statistics(root)
    figures, _ = cleaning.clean_statistics(statistics, cities, variables)
    return Panel(Edition.PUBLIC, settle(figures), cities, framework.read_proxies(root), sources.read_judgements(root),
                 sources.read_experts(root), root, framework.read_framework(root),
                 reliability=framework.read_reliability(root), uncleaned=statistics)


def figures_of(panel: Panel, settings: Settings) -> pd.DataFrame:
    """The panel's figures, cleaned by the thresholds of the settings."""
    rules = cleaning.CleaningRules(**settings.cleaning.model_dump())
    if rules == cleaning.DEFAULT_RULES:
        return panel.figures
    if panel.uncleaned is None:
        raise ValueError("cleaning: the figures of this study are used as they stand; keep the thresholds of "
                         "settings/baseline.yaml, and correct the figures themselves instead")
    return settle(cleaning.cleaned(panel.uncleaned, panel.cities, rules)[0])


def tree_of(panel: Panel, settings: Settings) -> pd.DataFrame:
    """The panel's tree, with 城市数据中心 where the settings put it."""
    parent = settings.weighting.data_centre_parent
    if "two_readings" in panel.traits:
        return framework.with_data_centre(panel.tree, parent)
    if parent != "S13":
        raise ValueError(f"weighting.data_centre_parent = {parent}: this study has one reading of its tree and its own "
                         "judgements for it; keep S13, and move the indicator in your framework table instead")
    return panel.tree


def find_city(cities: pd.DataFrame, text: str) -> str:
    """The code of a city given by code, Chinese name (with or without 市) or English name.

    Raises ValueError with the nearest names where none or several match.
    """
    wanted = str(text).strip()
    found = cities.index[(cities.index == wanted) | cities["name"].isin([wanted, f"{wanted}市"])
                         | (cities["name_en"].str.lower() == wanted.lower())]
    if len(found) > 1:
        raise ValueError(f"city {wanted}: {len(found)} cities have this name; use one of the codes {', '.join(found)}")
    if not len(found):
        near = difflib.get_close_matches(wanted, [*cities["name"], *cities["name_en"], *cities.index], n=3, cutoff=0.5)
        remedy = f"did you mean {', '.join(near)}?" if near else "give a name or code of data/raw/statistics/cities.csv"
        raise ValueError(f"city {wanted or '(empty)'} is not in the roster; {remedy}")
    return found[0]


NOT_REGIONS = ("name", "name_en", "province", "type", "seat_lon", "seat_lat")


def region_systems(cities: pd.DataFrame) -> list[str]:
    """The columns of a roster that sort its cities into regions: all but names, type and coordinates."""
    return [column for column in cities if column not in NOT_REGIONS]


def main_system(cities: pd.DataFrame) -> str | None:
    """The region system that a city's peers are taken from: the paper's seven, else a study's first, else None."""
    systems = region_systems(cities)
    return "region" if "region" in systems else next(iter(systems), None)
