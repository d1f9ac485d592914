"""All cities of a run side by side, so that each one's page is only a row of frames made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis import framework, scoring
from analysis.panel import main_system
from workbench.cities.flags import flags_of
from workbench.cities.moves import Scale, scales_of
from workbench.cities.peers import Peers, compare, standing_out
from workbench.cities.run_tables import RunTables, tables_now
from workbench.project import Run


@dataclass(frozen=True)
class Profiles:
    """A run's cities compared. peers: "all", and "tier" and "region" as far as the run has them; system: the column of
    the roster that sorts cities into regions, "" for none; flags: (city, indicator) → keys of `flags.FLAGS`."""

    tables: RunTables
    peers: Mapping[str, Peers]
    system: str
    flags: Mapping[tuple[str, str], tuple[str, ...]]

    @cached_property
    def domains(self) -> list[str]:
        """Every domain of the tree in its order, measured or not."""
        return list(framework.domains(self.tables.tree))

    @cached_property
    def domain_ranks(self) -> pd.DataFrame:
        """Rank of each city in each measured domain; equal scores share the smaller rank."""
        measured = [code for code in self.domains if code in self.tables.scores]
        return pd.DataFrame({code: scoring.rank(self.tables.scores[code]) for code in measured})

    @cached_property
    def domain_weights(self) -> pd.Series:
        """Weight of each measured domain in the score, summing to 1."""
        weights = self.tables.weights
        return weights["combined"].groupby(weights["domain"], sort=False).sum()

    @cached_property
    def in_order(self) -> list[str]:
        """The codes of the cities, best first."""
        return list(self.tables.scores["rank"].sort_values(kind="stable").index)

    def own_peers(self) -> dict[str, Peers]:
        """The groups that strengths and weaknesses are judged in: tier and region, or all cities without either."""
        return {kind: peers for kind, peers in self.peers.items() if kind != "all"} or dict(self.peers)

    @cached_property
    def scales(self) -> dict[str, Scale]:
        """The scale of every weighted indicator."""
        return scales_of(self.tables)

    @cached_property
    def _percentiles(self) -> dict[str, dict[str, dict[str, float]]]:
        return {kind: peers.percentiles.to_dict("index") for kind, peers in self.peers.items()}

    def percentiles(self, code: str) -> dict[str, dict[str, float]]:
        """Indicator → kind of group → the city's percentile."""
        rows = {kind: table[code] for kind, table in self._percentiles.items()}
        return {indicator: {kind: row[indicator] for kind, row in rows.items()} for indicator in self.scales}

    def outstanding(self, code: str) -> tuple[list[str], list[str]]:
        """Strengths and weaknesses of a city; filled values are neither."""
        kinds = list(self.own_peers())
        return standing_out({indicator: [row[kind] for kind in kinds] for indicator, row in
                             self.percentiles(code).items() if "filled" not in self.flags.get((code, indicator), ())})


def profiles_now(run: Run) -> Profiles:
    """The profiles of a run's tables as they are now, which its notebooks have just made."""
    return profiles_of(tables_now(run))


def profiles_of(tables: RunTables) -> Profiles:
    """Compare the cities of a run: among all, within tiers, within regions."""
    weights = tables.weights["combined"]
    points = tables.normalised[weights.index]
    domain_scores = tables.scores[[code for code in framework.domains(tables.tree) if code in tables.scores]]
    system = main_system(tables.cities) or ""
    groups = {"all": pd.Series("all", points.index)}
    if tables.tiers is not None:
        groups["tier"] = tables.tiers["tier_score"]
    if system:
        groups["region"] = tables.cities[system]
    peers = {kind: compare(points, domain_scores, members) for kind, members in groups.items()}
    return Profiles(tables, peers, system, flags_of(tables))
