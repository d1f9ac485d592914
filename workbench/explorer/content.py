"""What the explorer shows, gathered from a run's tables: cities, points, weightings, ranks and their intervals.

Points and weights go into the page with every digit that the run has, and the page settles scores to 12 significant
digits before it ranks them, as the study does: so its ranks are the study's. That they are is checked here.

Reference: docs/method.md, section 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import scoring, study
from analysis.figures.labels import city_names, node_names, province_name
from analysis.maps import RANK_BANDS
from analysis.settings import ROOT, Settings
from workbench.edition import notice_text
from workbench.explorer.outlines import base_map, city_positions
from workbench.explorer.weightings import OWN, Weighting, weightings_of
from workbench.ground import Ground
from workbench.project import Run

NEEDED = ("02_normalised", "05_weights", "05_scores")
INTERVALS = {"weights": "06_rank_intervals", "choices": "06_choice_intervals"}
MOST_SHOWN, SHOWN = 5_000, 2_000  # of more cities than the first, the second are in the page, the first by rank
BOUNDARIES = ROOT / "data/raw/boundaries"


class ExplorerError(ValueError):
    """Tables that do not belong together; the message names the run's table and the remedy."""


@dataclass(frozen=True)
class ExplorerTables:
    """What the explorer reads of a run: points (cities × indicators), scores and ranks, the weightings, and the rank
    intervals by kind, as far as the run has them."""

    settings: Settings
    ground: Ground
    points: pd.DataFrame
    scores: pd.DataFrame
    domain: pd.Series
    weightings: list[Weighting]
    intervals: dict[str, pd.DataFrame]

    @property
    def rule(self) -> scoring.Rule:
        """How points become the score."""
        return study.rule_of(self.settings, self.ground.tree)


def read_tables(run: Run, settings: Settings, ground: Ground) -> ExplorerTables:
    """Read a run's tables; ExplorerError where points and weights do not give its ranks."""
    points, scores = run.table("02_normalised"), run.table("05_scores")
    domain = run.table("05_weights", "indicator")["domain"]
    found = {kind: run.table(stem) for kind, stem in INTERVALS.items() if run.has(stem)}
    weightings = weightings_of(run, settings)
    tables = ExplorerTables(settings, ground, points[domain.index], scores, domain, weightings, found)
    own = next(each.weights for each in weightings if each.key == OWN)
    if not scoring.rank(study.score(tables.points, own, tables.rule)).equals(scores["rank"]):
        raise ExplorerError("05_scores.csv: its ranks are not those that 02_normalised.csv and 05_weights.csv give; "
                            "the run's tables were changed: run the study again")
    return tables


def explorer_content(tables: ExplorerTables, lang: str) -> dict[str, Any]:
    """The page's data, ready for JSON: what is in it decides what the page shows (no outlines: no map)."""
    every, tables = len(tables.scores), first_by_rank(tables)
    ground, names = tables.ground, node_names(tables.ground.tree, lang)
    domains = list(dict.fromkeys(tables.domain))
    positions = city_positions(BOUNDARIES, tables.scores.index) if "china" in ground.traits else None
    content = {
        "notice": re.sub(r"\*\*|`", "", notice_text(tables.settings, ground, lang) + shown_of(tables, every, lang)),
        "domains": [{"code": code, "name": str(names[code])} for code in domains],
        "indicators": [{"code": code, "name": str(names[code]), "domain": domains.index(place)}
                       for code, place in tables.domain.items()],
        "presets": [{**each.words(lang), "weights": each.weights.tolist(), "shares": each.shares.tolist()}
                    for each in tables.weightings],
        "method": tables.settings.aggregation.method,
        "scale": score_scale(tables),
        "bands": rank_bands(tables.settings.uncertainty.top, len(tables.scores)),
        "intervals": list(tables.intervals),
        "cities": city_records(tables, positions, lang),
    }
    if isinstance(tables.rule, scoring.TwoLevels):
        content["above"] = tables.rule.above
    return content | ({} if positions is None else {"outlines": base_map(BOUNDARIES)})


def first_by_rank(tables: ExplorerTables) -> ExplorerTables:
    """The tables of the cities that the page shows: all, or of very many the first by rank."""
    if len(tables.scores) <= MOST_SHOWN:
        return tables
    kept = tables.scores["rank"].sort_values(kind="stable").index[:SHOWN]
    kept = tables.scores.index[tables.scores.index.isin(kept)]
    intervals = {kind: frame.loc[kept] for kind, frame in tables.intervals.items()}
    return replace(tables, points=tables.points.loc[kept], scores=tables.scores.loc[kept], intervals=intervals)


def shown_of(tables: ExplorerTables, every: int, lang: str) -> str:
    """What a reader must know of a page that does not show every city."""
    shown = len(tables.scores)
    if shown == every:
        return ""
    if lang == "zh":
        return f"城市共 {every} 座，一页放不下：这里只有名次最前的 {shown} 座；改变权重后的名次只在它们之间。"
    return (f" There are {every} cities, too many for a page: these are the first {shown} by rank, and ranks under "
            "other weights are among them alone.")


def city_records(tables: ExplorerTables, positions: pd.DataFrame | None, lang: str) -> list[dict[str, Any]]:
    """One record per city, in the order of the table: names, place, points, the study's score, rank and intervals."""
    cities = tables.ground.cities.loc[tables.scores.index]
    called = shown_names(cities, lang)
    records = []
    for code, row in tables.scores.iterrows():
        record = {"code": code, "name": called[code], "place": place_of(cities.loc[code], tables, lang),
                  "search": search_text(code, cities.loc[code]), "points": tables.points.loc[code].tolist(),
                  "score": row["score"], "rank": int(row["rank"])}
        for kind, frame in tables.intervals.items():
            record[kind] = [int(frame.at[code, edge]) for edge in ("rank_05", "rank_95")]
        if positions is not None:
            record |= {"x": positions.at[code, "x"], "y": positions.at[code, "y"]}
        records.append(record)
    return records


def shown_names(cities: pd.DataFrame, lang: str) -> pd.Series:
    """Full Chinese names, or English ones where they exist; namesakes get an addition, so that names are unique."""
    filled = cities.assign(name_en=cities["name_en"].where(cities["name_en"].astype(str).str.strip().ne("")
                                                           & cities["name_en"].notna(), cities["name"]))
    if lang == "en":
        return city_names(filled, "en").astype(str)
    names, shared = filled["name"].astype(str), filled["name"].duplicated(keep=False)
    return names.where(~shared, names + "（" + filled.index + "）")


def place_of(city: pd.Series, tables: ExplorerTables, lang: str) -> str:
    """A city's province in short; empty in studies of other places."""
    return province_name(city["province"], lang) if "china" in tables.ground.traits and "province" in city else ""


def search_text(code: str, city: pd.Series) -> str:
    """What a search looks through: code and both names, in lower case."""
    return " ".join(str(text) for text in (code, city["name"], city["name_en"]) if pd.notna(text)).lower()


def score_scale(tables: ExplorerTables) -> list[float]:
    """Round limits of all scores under any weights, so that the axes need not move with the sliders."""
    if tables.settings.aggregation.method == "topsis":
        return [0, 100]
    low, high = tables.points.min(axis=None), tables.points.max(axis=None)
    return [float(10 * np.floor(low / 10)), float(10 * np.ceil(high / 10))]


def rank_bands(top: int, cities: int) -> list[int]:
    """The last rank of each band of colour: those of the published map for a cut of 100, in proportion for others."""
    cuts = {min(cities, max(place, round(last * top / 100))) for place, (_, last, _, _) in enumerate(RANK_BANDS, 1)}
    return sorted(int(cut) for cut in cuts)
