"""One city's account out of a run: raw cells, treatment, points, weights, contributions, score, rank and its intervals.

Nothing is computed anew but the account's own arithmetic: each contribution is points × weight, and their correctly
rounded sum, settled to 12 digits, must be the stored score itself.

Reference: docs/method.md, section 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from analysis import framework, indicators, scoring
from analysis.frames import settle
from analysis.panel import find_city, main_system
from workbench.cities.run_tables import AccountError, RunTables

CELL_COLUMNS = ["indicator", "purpose", "variable", "year", "value", "file", "raw_row", "source_id", "flag",
                "reason_zh", "reason_en"]


@dataclass(frozen=True)
class Account:
    """One city of one run.

    items: a row a measured indicator in the order of the framework: `scoring.ledger`'s columns (domain, subdomain,
    raw_value, treated_value, points, weight, contribution), lowest and highest treated value of all cities, direction,
    the proxy's measure, grade, unit_zh and unit_en, and the origin: variable, years, raw_rows, denominator_row,
    source_id. domains: a row a measured domain: weight, contribution (both sums), score and `median_<peers>`.
    cells: a row a raw cell; purpose is "value", "residents" (what it is divided by),
    "set_aside" or "known_gap". changes: the treatment record's rows that
    touch the city, in order. donors: the raw values lent to it, a row a donor: indicator, adcode, value.
    peers: the codes of the cities of its tier and of its region (see `panel.main_system`), as far as the run has them.
    """

    tables: RunTables
    code: str
    items: pd.DataFrame
    domains: pd.DataFrame
    cells: pd.DataFrame
    changes: pd.DataFrame
    donors: pd.DataFrame
    peers: dict[str, pd.Index]

    @property
    def city(self) -> pd.Series:
        """The city's row of the roster."""
        return self.tables.cities.loc[self.code]

    @property
    def result(self) -> pd.Series:
        """The city's row of 05_scores.csv: score, rank, domain scores, published_rank, low_coverage."""
        return self.tables.scores.loc[self.code]

    @property
    def sources(self) -> pd.DataFrame:
        """The rows of sources.csv that the city's figures come from."""
        used = self.tables.sources.index
        return self.tables.sources.loc[used[used.isin(self.cells["source_id"])]]

    def interval(self, kind: str) -> pd.Series | None:
        """Median, 5 % and 95 % rank and chances: "weights" when only the weights vary, "choices" when the choices
        crossed do; None where the run has not computed it."""
        return self.tables.intervals[kind].loc[self.code] if kind in self.tables.intervals else None

    @property
    def tier(self) -> pd.Series | None:
        """The city's row of 07_tiers.csv."""
        return None if self.tables.tiers is None else self.tables.tiers.loc[self.code]


def city_account(tables: RunTables, text: str) -> Account:
    """The account of one city, named by code, Chinese name (with or without 市) or English name.

    Raises ValueError with the nearest names for an unknown city, and AccountError where the contributions of an
    arithmetic score do not sum to the stored score to the last bit.
    """
    code = find_city(tables.cities, text)
    items = account_items(tables, code)
    check_sum(tables, code, items)
    changes = tables.record[tables.record["adcode"].isin([code, ""]) & tables.record["indicator"].isin(items.index)]
    system, peers = main_system(tables.cities), {}
    if system is not None:
        peers = {"region": tables.cities.index[tables.cities[system] == tables.cities.at[code, system]]}
    if tables.tiers is not None:
        own = tables.tiers["tier_score"]
        peers = {"tier": own.index[own == own[code]], **peers}
    return Account(tables, code, items, account_domains(tables, code, items, peers), raw_cells(tables, code, items),
                   changes, lent_values(tables, changes), peers)


def account_items(tables: RunTables, code: str) -> pd.DataFrame:
    """The ledger of one city with what a reader needs to follow each line: see `Account.items`."""
    items = scoring.ledger(code, tables.raw, tables.treated, tables.normalised, tables.weights["combined"], tables.tree)
    own = tables.origins[tables.origins["adcode"] == code].set_index("indicator").loc[items.index]
    origin = own[["variable", "years", "raw_rows", "denominator_row", "source_id"]]
    return pd.concat([items, tables.traits.loc[items.index], origin], axis=1)


def check_sum(tables: RunTables, code: str, items: pd.DataFrame) -> None:
    """The contributions of an arithmetic score must sum to it exactly."""
    total, score = settle(math.fsum(items["contribution"])), tables.scores.at[code, "score"]
    if tables.is_additive and total != score:
        raise AccountError(
            f"run {tables.run}, city {tables.cities.at[code, 'name']} ({code}): the contributions sum to {total:.12g}, "
            f"but 05_scores.csv has {score:.12g}; the run's tables were changed: run the study again")


def account_domains(tables: RunTables, code: str, items: pd.DataFrame, peers: dict[str, pd.Index]) -> pd.DataFrame:
    """A row a measured domain: weight and contribution summed, the domain's score, and the peers' median scores."""
    sums = items.groupby("domain", sort=False)[["weight", "contribution"]].agg(math.fsum)
    scores = tables.scores[[domain for domain in framework.domains(tables.tree) if domain in tables.scores]]
    medians = {f"median_{kind}": scores.loc[cities].median() for kind, cities in peers.items()}
    return sums.assign(score=scores.loc[code], **medians)


def raw_cells(tables: RunTables, code: str, items: pd.DataFrame) -> pd.DataFrame:
    """The raw cells behind one city's values, and those that cleaning set aside with its reason; see `Account.cells`.

    The residents stand once for each indicator divided by them.
    """
    own: dict[str, list] = {}
    for cell in tables.panel[tables.panel["adcode"] == code].sort_values("year").itertuples():
        own.setdefault(cell.variable, []).append(cell)
    noted_here = tables.log[tables.log["adcode"] == code] if "adcode" in tables.log else tables.log.iloc[:0]
    log = {(noted.variable, noted.year): noted for noted in noted_here.itertuples()}
    rows = []
    for item in items.itertuples():
        sought = dict.fromkeys((tables.chosen.at[item.Index, "variable"], item.fallback))
        for cell in (cell for variable in sought for cell in own.get(variable, [])):
            used = cell.variable == item.variable and pd.notna(cell.value)
            if used or cell.flag:
                unused = "known_gap" if cell.flag == "known_gap" else "set_aside"
                rows.append(cell_row(tables, item.Index, "value" if used else unused, cell, log))
        if item.denominator_row and pd.notna(item.raw_value):
            divisor = indicators.divisor_of(tables.chosen.loc[item.Index], tables.settings.indicators.scale)
            rows += [cell_row(tables, item.Index, "residents", cell, log) for cell in own[divisor]]
    return pd.DataFrame(rows, columns=CELL_COLUMNS)


def cell_row(tables: RunTables, indicator: str, purpose: str, cell: tuple, log: dict[tuple, tuple]) -> tuple:
    """One row of `Account.cells`; a cell that was set aside shows the value that it had."""
    own = "own" in tables.ground.traits
    value, file, reasons = cell.value, cell.source_id if own else "statistics.csv", ("", "")
    noted = log.get((cell.variable, cell.year))
    if noted is not None:
        value = noted.before if purpose == "set_aside" else value
        file, reasons = noted.file, (noted.reason_zh, noted.reason_en)
    year = "" if pd.isna(cell.year) else int(cell.year)
    return (indicator, purpose, cell.variable, year, value, file, cell.raw_row if own else int(cell.raw_row),
            cell.source_id, cell.flag, *reasons)


def lent_values(tables: RunTables, changes: pd.DataFrame) -> pd.DataFrame:
    """The raw values that other cities lent to fill this city's gaps: indicator, adcode, value."""
    filled = changes[changes["action"].str.startswith("filled")]
    rows = [(change.indicator, donor, tables.raw.at[donor, change.indicator])
            for change in filled.itertuples() for donor in change.donors.split(";")]
    return pd.DataFrame(rows, columns=["indicator", "adcode", "value"])
