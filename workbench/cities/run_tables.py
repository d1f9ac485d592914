"""The tables of a run, read for an account, and the proof that each of them follows from the one before.

An account explains a score; it may only do so where the tables on disk still belong together. So each stage is held
against the one before it: raw values against the cleaned cells, treated values against the treatment record, points
against treated values, scores against points and weights. The first cell that does not fit stops the account.

Reference: docs/method.md, sections 2 to 5; docs/review_guide.md follows one number by hand along the same way.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis import framework, indicators, scoring, study
from analysis.frames import settle
from analysis.settings import Settings
from analysis.treatment import Logarithm
from workbench.by_hand import RECORD, HandMade, RunByHand, opened
from workbench.ground import Ground
from workbench.own.study_input import cell_name
from workbench.parameters import StepError
from workbench.project import Run
from workbench.run_input import run_dictionaries, run_ground
from workbench.steps import upstream

# The record gives a logarithm's numbers with 12 digits, so its values can be checked to about ten.
LOGARITHM_TOLERANCE = 1e-9
PER_RESIDENT = "_per_resident"
FIXED_ENDS = ("minmax", "goalposts")  # points follow from a city's own value and the two ends
PROXY_TRAITS = ["measure", "multiplier", "reference_year", "grade", "fallback"]
INTERVALS = {"weights": "06_rank_intervals", "choices": "06_choice_intervals"}
TIERS = "07_tiers"
# The tables after 05, which a run may lack, and the steps that write them.
LATER = dict.fromkeys(INTERVALS.values(), "06_sensitivity") | {TIERS: "07_tiers"}


class AccountError(ValueError):
    """An account that cannot be given; the message names table, city and indicator, and what to do."""


@dataclass(frozen=True)
class RunTables:
    """What a run left on disk, as an account needs it; frames are cities × indicators unless said.

    ground: the tree, the cities and the proxies in use. panel and log: the cleaned cells and what cleaning changed, a
    row a cell. origins, record: a row a cell, gaps as "". intervals: "weights" and "choices", as far as the run has
    them; tiers: None where the run has none.
    """

    run: str
    settings: Settings
    ground: Ground
    variables: pd.DataFrame
    sources: pd.DataFrame
    panel: pd.DataFrame
    log: pd.DataFrame
    raw: pd.DataFrame
    origins: pd.DataFrame
    treated: pd.DataFrame
    record: pd.DataFrame
    normalised: pd.DataFrame
    weights: pd.DataFrame
    scores: pd.DataFrame
    intervals: dict[str, pd.DataFrame]
    tiers: pd.DataFrame | None

    @property
    def tree(self) -> pd.DataFrame:
        """The evaluation system, one row a node."""
        return self.ground.tree

    @property
    def cities(self) -> pd.DataFrame:
        """The roster."""
        return self.ground.cities

    @property
    def chosen(self) -> pd.DataFrame:
        """The proxies in use, by indicator."""
        return self.ground.proxies

    @cached_property
    def rule(self) -> scoring.Rule:
        """How points become the score."""
        return study.rule_of(self.settings, self.tree)

    @property
    def is_additive(self) -> bool:
        """Whether contributions add up to the score: with arithmetic aggregation only."""
        return self.rule == "arithmetic"

    @property
    def has_fixed_ends(self) -> bool:
        """Whether points lie between two ends, so that they follow from a city's own value: min-max and goalposts."""
        return bool(self.methods.isin(FIXED_ENDS).all())

    @cached_property
    def methods(self) -> pd.Series:
        """How each measured indicator is normalised."""
        return framework.own_methods(self.tree, self.raw.columns, self.settings.normalisation.method)

    @property
    def has_steps(self) -> bool:
        """Whether what one indicator alone must do for a score is computed: for one mean of points between two ends."""
        return self.has_fixed_ends and self.rule in ("arithmetic", "geometric")

    @cached_property
    def traits(self) -> pd.DataFrame:
        """What is the same for every city, a row a measured indicator: lowest and highest treated value (or its
        goalposts, where points are made by them), direction, the proxy's measure, multiplier, reference_year, grade and
        fallback, and unit_zh and unit_en of the raw values (the variable's own where a run counts totals)."""
        proxy = self.chosen.loc[self.raw.columns]
        unit = proxy[["unit_zh", "unit_en"]]
        undivided = proxy["measure"].str.endswith(PER_RESIDENT) & (self.settings.indicators.scale == "total")
        totals = self.variables[["unit_zh", "unit"]].reindex(proxy["variable"]).set_axis(unit.index)
        unit = unit.mask(undivided, totals.set_axis(unit.columns, axis=1))
        ends = self.treated.agg(["min", "max"]).T
        between = self.methods.index[self.methods == "goalposts"]
        if len(between):
            ends.loc[between] = study.goalposts(self.treated, self.tree).loc[between].to_numpy()
        scale = {"lowest": ends.iloc[:, 0], "highest": ends.iloc[:, 1],
                 "direction": self.tree["direction"].reindex(proxy.index)}
        return pd.concat([pd.DataFrame(scale), unit, proxy[PROXY_TRAITS]], axis=1)


def read_run(run: Run) -> RunTables:
    """Read a run's tables and check that they belong together.

    A run made by hand has the tables that it does not hold from the run that it builds on. Raises AccountError for one
    without scores, for one by hand whose steps up to 05 do not follow from each other, and for the first number that
    does not follow from the stage before it; FileNotFoundError naming the table where a step up to 05 has not been run.
    """
    if not run.has("05_scores") and not (run.data / RECORD).is_file():
        raise AccountError(f"run {run.name}: no scores of this run in data/processed; run its notebooks up to 05")
    tables = tables_now(opened(run))
    check_run(tables)
    return tables


def tables_now(run: Run) -> RunTables:
    """A run's tables as they are now, unchecked.

    A `RunByHand` has those that it does not hold from the run that it builds on; intervals and tiers only where they
    are of the scores that it has now. Raises AccountError where its steps up to 05 do not follow from each other.
    """
    table, settings, ground = run.table, run.settings, run_ground(run.settings, run.inputs)
    later: Collection[str] = LATER
    if isinstance(run, RunByHand):
        hand = HandMade(run, "10_white_paper", "en", ground.traits, settings)
        try:
            for step in (*upstream("05_scores_and_ranks", hand.traits), "05_scores_and_ranks"):
                hand.check_step(step)
        except StepError as error:
            raise AccountError(f"run {run.name}: {error}") from None
        later = [stem for stem, step in LATER.items() if hand.is_fresh(step)]
    found = {stem: run.table_if_any(stem) for stem in later}
    intervals, panel = {kind: found.get(stem) for kind, stem in INTERVALS.items()}, table("01_panel", None)
    return RunTables(
        run.name, settings, ground, *run_dictionaries(settings, run.inputs),
        with_texts(panel, ["flag"]), log_by_city(panel, table("01_cleaning_log", None)), table("02_raw"),
        with_texts(table("02_origins", None)), table("02_treated"),
        with_texts(table("02_treatment_record", None), ["adcode", "reason", "donors"]), table("02_normalised"),
        table("05_weights", "indicator"), table("05_scores"),
        {kind: frame for kind, frame in intervals.items() if frame is not None}, found.get(TIERS))


def log_by_city(panel: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """The cleaning log with the city, variable and year of each row; own data's log names the cells of the user's file,
    of which those that hold a figure in use are kept."""
    if "adcode" in log:
        return log
    sheets = log["sheet"].astype(object).fillna("")
    rows, columns = log["row"].astype(float), log["column"].astype(float)
    places = [cell_name(sheet, row, column) if row == row and column == column else ""
              for sheet, row, column in zip(sheets, rows, columns, strict=True)]
    named = log.assign(raw_row=places, source_id=log["file"])
    cells = panel[["adcode", "variable", "year", "source_id", "raw_row"]]
    return named.merge(cells, on=["source_id", "raw_row"], validate="m:1")


def with_texts(frame: pd.DataFrame, columns: list[str] | None = None) -> pd.DataFrame:
    """The table with "" instead of a missing text (in `columns`, by default all but value)."""
    columns = [name for name in frame if name != "value"] if columns is None else columns
    return frame.assign(**{name: frame[name].astype(object).where(frame[name].notna(), "") for name in columns})


def check_run(tables: RunTables) -> None:
    """Hold each stage against the one before it; AccountError names the first cell that does not follow."""
    raw, origins = indicators.indicator_matrix(tables.panel, tables.cities, tables.chosen,
                                               tables.settings.indicators.scale,
                                               tables.settings.indicators.district_titles)
    refuse_difference(tables.raw, raw[tables.raw.columns], "02_raw.csv", "the cells of 01_panel.csv give", tables)
    check_origins(tables, with_texts(origins))
    check_fills(tables)
    recorded = treated_as_recorded(tables.raw, tables.record)
    logarithms = tables.record.loc[tables.record["action"] == "log", "indicator"]
    rounded = np.isclose(tables.treated, recorded, rtol=LOGARITHM_TOLERANCE, atol=LOGARITHM_TOLERANCE)
    near = pd.DataFrame(rounded, tables.treated.index, tables.treated.columns).loc[:, logarithms]
    recorded[near.columns] = recorded[near.columns].mask(near, tables.treated[near.columns])
    refuse_difference(tables.treated, recorded, "02_treated.csv", "02_raw.csv and the treatment record give", tables)
    points = study.normalise(tables.treated, tables.tree, tables.settings)
    refuse_difference(tables.normalised, points, "02_normalised.csv", "02_treated.csv gives", tables)
    check_scores(tables)


def check_origins(tables: RunTables, expected: pd.DataFrame) -> None:
    """The origin of each cell must be the panel's."""
    keys, columns = ["adcode", "indicator"], ["variable", "source_id", "years", "raw_rows", "denominator_row"]
    found, wanted = tables.origins.set_index(keys)[columns], expected.set_index(keys)[columns].astype(str)
    different = found.index[~(found.reindex(wanted.index).fillna("").astype(str) == wanted).all(axis=1)]
    if len(different):
        code, indicator = different[0]
        raise AccountError(f"run {tables.run}, 02_origins.csv, city {code}, indicator {indicator}: not the origin that "
                           "01_panel.csv gives; the run's tables were changed: run the study again")


def check_fills(tables: RunTables) -> None:
    """Each filled value must be the median of its donors' raw values."""
    for change in tables.record[tables.record["action"].str.startswith("filled")].itertuples():
        lent = settle(float(tables.raw[change.indicator].reindex(change.donors.split(";")).median()))
        if lent != change.after:
            raise AccountError(f"run {tables.run}, 02_treatment_record.csv, city {change.adcode}, {change.indicator}: "
                               f"filled with {change.after:.12g}, but its donors' median is {lent:.12g}; the run's "
                               "tables were changed: run the study again")


def check_scores(tables: RunTables) -> None:
    """Scores must be what points and weights make, ranks what scores make, and later tables must show these scores."""
    weights = tables.weights["combined"]
    scores = study.score(tables.normalised[weights.index], weights, tables.rule)
    expected = pd.DataFrame({"score": scores, "rank": scoring.rank(tables.scores["score"])})
    refuse_difference(tables.scores[["score", "rank"]], settle(expected), "05_scores.csv",
                      "points, weights and scores give", tables)
    later = {**{f"{INTERVALS[kind]}.csv": frame for kind, frame in tables.intervals.items()},
             **({f"{TIERS}.csv": tables.tiers} if tables.tiers is not None else {})}
    for name, frame in later.items():
        shown = [column for column in ("score", "rank") if column in frame]
        refuse_difference(frame[shown], tables.scores[shown], name, "05_scores.csv has", tables)


def refuse_difference(found: pd.DataFrame, expected: pd.DataFrame, name: str, gives: str, tables: RunTables) -> None:
    """AccountError for the first cell of `found` that is not exactly the one of `expected`; gaps equal gaps."""
    if not (found.index.sort_values().equals(expected.index.sort_values())
            and set(found.columns) == set(expected.columns)):
        raise AccountError(f"run {tables.run}, {name}: other cities or indicators than {gives.rsplit(' ', 1)[0]}; "
                           "the run's tables were changed: run the study again")
    expected = expected.loc[found.index, found.columns]
    different = ~((found == expected) | (found.isna() & expected.isna()))
    rows, columns = np.nonzero(different.to_numpy())
    if rows.size:
        code, column = found.index[rows[0]], found.columns[columns[0]]
        others = f" ({rows.size - 1} more such cells)" if rows.size > 1 else ""
        raise AccountError(
            f"run {tables.run}, {name}, city {tables.cities['name'].get(code, code)} ({code}), {column}: "
            f"{found.at[code, column]:.12g}, but {gives} {expected.at[code, column]:.12g}{others}; "
            "the run's tables or the proxies were changed since: run the study again")


def treated_as_recorded(raw: pd.DataFrame, record: pd.DataFrame) -> pd.DataFrame:
    """The treated values that the record promises: raw values with each recorded change made, in its order."""
    values = raw.copy()
    for change in record.itertuples():
        if change.action == "log":
            values[change.indicator] = recorded_logarithm(change.reason).apply(values[change.indicator])
        else:
            values.loc[change.adcode, change.indicator] = change.after
    return values


def recorded_logarithm(reason: str) -> Logarithm:
    """The logarithm that a row of the treatment record names."""
    try:
        return Logarithm.from_text(reason)
    except ValueError as fault:
        raise AccountError(f"02_treatment_record.csv: {fault}; "
                           "the run's tables were changed: run the study again") from None
