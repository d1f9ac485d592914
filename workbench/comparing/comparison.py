"""Two runs side by side: who moved, by how much, and which stage of the method moved them.

The change of a city's rank is shared out over the stages that differ by their Shapley value (`analysis.shapley`): the
mean, over all orders in which the stages can be switched from the one run to the other, of what each switch does. The
parts add up to the change exactly.

Reference: Shapley (1953), doi:10.1515/9781400881970-018; Shorrocks (2013), doi:10.1007/s10888-011-9214-z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import factorial

import pandas as pd

from analysis.attribution import JUDGED, STAGES, Mixtures, differing_fields
from analysis.panel import Panel
from analysis.scoring import rank
from analysis.settings import Settings, flatten
from analysis.shapley import Group, Taken, finest_groups, shapley_numerators, unions
from workbench.ground import Ground
from workbench.project import Run
from workbench.run_input import panel_ground, run_panel

ROSTER = "cities"


class ComparisonError(ValueError):
    """Two runs that cannot be compared; the message names the run and the remedy."""


@dataclass(frozen=True)
class Comparison:
    """Two runs, a and b, and the change from a to b. Frames have one row a city (adcode).

    settings, panels: of a and of b. scores, ranks: columns a and b, for the cities of either run; missing where a run
    does not have the city. numerators: the parts of each change of rank, for the cities of both runs, whole numbers
    over `denominator`; positive = places gained in b. Columns: `cities` (see `compare`), then the stages, stages that
    only work together as one column joined by +. switched: by part, the mean absolute change of rank when it is
    switched `first` and when it is switched `last`. differing: the stages that differ. refused: the mixtures that the
    study refuses, the stages taken from b → its own words. announced: what the mixtures warned of. points: each run's
    score by domain (cities × domains, summing to the score), or None where its aggregation is not arithmetic.
    """

    settings: tuple[Settings, Settings]
    panels: tuple[Panel, Panel]
    scores: pd.DataFrame
    ranks: pd.DataFrame
    numerators: pd.DataFrame
    denominator: int
    switched: pd.DataFrame
    differing: tuple[str, ...]
    refused: dict[Taken, str]
    announced: tuple[str, ...]
    points: tuple[pd.DataFrame | None, pd.DataFrame | None]

    @property
    def changes(self) -> pd.Series:
        """Places gained from a to b by the cities of both runs: rank in a less rank in b."""
        both = self.ranks.loc[self.numerators.index].astype("int64")
        return (both["a"] - both["b"]).rename("change")

    @property
    def parts(self) -> pd.DataFrame:
        """The parts of the changes in places, as decimals; `numerators` has them exactly."""
        return self.numerators / self.denominator

    @property
    def cities(self) -> pd.DataFrame:
        """The roster of both runs together."""
        first, second = (panel.cities for panel in self.panels)
        return pd.concat([first, second[~second.index.isin(first.index)]])


def compare(panel_a: Panel, settings_a: Settings, panel_b: Panel, settings_b: Settings) -> Comparison:
    """Share out every city's change of rank over the stages that differ between two runs.

    A stage that does not differ has the part 0 exactly; where one stage differs, the whole change is its own. What a
    stage does to later ones counts as its own: weights that the data decide (entropy) change with the data, and that
    is a part of `data`; the part of `weights` is owed to the choices of weighting and to the judgements.

    Ranks are those that the runs print, among all cities of each. The stages are compared among the cities of both
    runs; the places that a city gains or loses only because others join or leave the list are the part `cities`.

    Stages whose mixtures the study refuses (geometric aggregation of points that reach 0) are one part together, in
    the partition with the most parts that needs no refused mixture. Raises what `score_study` raises for the runs
    themselves, ComparisonError where they share no city.
    """
    mixtures = Mixtures((panel_a, panel_b), (settings_a, settings_b))
    differing = tuple(stage for stage in STAGES if mixtures.differ(stage))
    neither, every = frozenset(), frozenset(differing)
    mixed, refused = mixtures.all_scores(differing)
    scores = pd.DataFrame({"a": mixed[neither], "b": mixed[every]}).rename_axis("adcode")
    common = scores.dropna().index
    if common.empty:
        raise ComparisonError("the two runs share no city; compare runs with some cities in common")
    groups = finest_groups(differing, refused)
    places = {taken: -rank(mixed[taken].loc[common]) for taken in unions(groups)}
    ranks = scores.apply(lambda run: rank(run.dropna()).reindex(scores.index).astype("Int64"))
    change = (ranks["a"] - ranks["b"])[common].astype("int64")
    roster = change - (places[every] - places[neither])
    denominator = factorial(len(groups))
    numerators = numerator_table(roster * denominator, shapley_numerators(groups, places))
    if not (numerators.sum(axis=1) == change * denominator).all():
        raise AssertionError("the parts do not add up to the changes of rank")
    return Comparison((settings_a, settings_b), (panel_a, panel_b), scores, ranks, numerators, denominator,
                      first_and_last(groups, places), differing, refused, mixtures.announced,
                      mixtures.points(neither, every))


def numerator_table(roster: pd.Series, parts: dict[Group, pd.Series]) -> pd.DataFrame:
    """The parts side by side in the order of the method; a stage that does not differ has zeros."""
    own_group = {stage: group for group in parts for stage in group}
    columns = {ROSTER: roster}
    for stage in STAGES:
        group = own_group.get(stage, (stage,))
        columns["+".join(group)] = parts.get(group, 0 * roster)
    return pd.DataFrame(columns).rename_axis("adcode")


def first_and_last(groups: Sequence[Group], places: dict[Taken, pd.Series]) -> pd.DataFrame:
    """Mean absolute change of rank by switching each group before all others and after all others."""
    every = frozenset().union(*groups)
    rows = {"+".join(group): {"first": (places[frozenset(group)] - places[frozenset()]).abs().mean(),
                              "last": (places[every] - places[every.difference(group)]).abs().mean()}
            for group in groups}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["first", "last"], dtype=float)


# --- runs that are there ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Side:
    """A run to be compared: its name, panel, settings, its table 05_scores by city, and what it stands on."""

    name: str
    panel: Panel
    settings: Settings
    stored: pd.DataFrame

    @cached_property
    def ground(self) -> Ground:
        return panel_ground(self.panel, self.settings)


def read_side(run: Run, public: Panel) -> Side:
    """A run with the public panel or, for other data, with its own; one without scores is refused with what to do."""
    if not (run.settings_file.is_file() and run.has("05_scores")):
        raise ComparisonError(f"run {run.name} has no 05_scores.csv; {run_again(run.name)}")
    panel = public if run.settings.edition == public.edition else run_panel(run.settings, run.inputs)
    return Side(run.name, panel, run.settings, run.table("05_scores"))


def compare_runs(first: Side, second: Side) -> Comparison:
    """Compare two runs, once sure that their stored scores are what their panels and settings still give."""
    comparison = compare(first.panel, first.settings, second.panel, second.settings)
    for run, side in ((first, "a"), (second, "b")):
        refuse_stale(run, comparison.scores[side].dropna(), comparison.ranks[side].dropna())
    return comparison


def refuse_stale(run: Side, scores: pd.Series, ranks: pd.Series) -> None:
    """Raise ComparisonError where stored scores are not those that the run's settings give now.

    Ranks must be the same, scores agree to nine digits: more than processors differ, less than any change of method.
    """
    if set(run.stored.index) != set(scores.index):
        raise ComparisonError(f"run {run.name}: its 05_scores.csv has other cities than its panel; "
                              f"{run_again(run.name)}")
    stored = run.stored.loc[scores.index]
    stale = ((stored["score"] - scores).abs() > 1e-9 * scores.abs().max()) | (stored["rank"] != ranks)
    if stale.any():
        city = stale.idxmax()
        raise ComparisonError(
            f"run {run.name}: its 05_scores.csv is not what its settings give now ({stale.sum()} cities differ; "
            f"{stored.at[city, 'name']}: {stored.at[city, 'score']:.4f} stored, {scores[city]:.4f} computed): data, "
            f"method or settings.yaml changed since; {run_again(run.name)}")


def run_again(name: str) -> str:
    """The remedy for a run whose scores are missing or stale."""
    if name == "lab":
        return "run the notebooks up to 05 again"
    if name == "baseline":
        return "run it again: python3 run.py"
    return f"run it again: python -m analysis run --settings data/processed/{name}/settings.yaml --run {name}"


# --- what the comparison says -----------------------------------------------------------------------------------------
def differing_settings(comparison: Comparison) -> pd.DataFrame:
    """The choices that differ: index dotted name, columns a, b and stage (missing: it does not enter the ranks)."""
    first, second = (flatten(settings) for settings in comparison.settings)
    stage_of = {section: stage for stage, section in STAGES.items()}
    rows = [(name, first[name], second[name], stage_of.get(name.split(".")[0]))
            for name in first if first[name] != second[name]]
    for name in differing_fields(*comparison.panels):
        sizes = (getattr(panel, name) for panel in comparison.panels)
        told = (len(value) if isinstance(value, pd.DataFrame | dict) else str(value) for value in sizes)
        rows.append((f"panel.{name}", *told, "weights" if name in JUDGED else "data"))
    return pd.DataFrame(rows, columns=["name", "a", "b", "stage"], dtype=object).set_index("name")


def moves(comparison: Comparison) -> pd.DataFrame:
    """The table of the comparison, a row a city, the largest changes first and the cities of one run only last.

    Columns: name, name_en, rank_a, rank_b, change (places gained from a to b), the parts of the change in places,
    score_a, score_b.
    """
    cities = comparison.cities[["name", "name_en"]]
    both = {"rank": comparison.ranks, "score": comparison.scores}
    columns = {f"{kind}_{side}": table[side] for kind, table in both.items() for side in ("a", "b")}
    order = ["rank_a", "rank_b", "change", *comparison.parts.columns, "score_a", "score_b"]
    table = pd.DataFrame(columns).join(comparison.changes.astype("Int64")).join(comparison.parts)[order]
    table = cities.join(table, how="right").assign(size=-table["change"].abs())
    return table.sort_values(["size", "rank_b", "rank_a"], kind="stable", na_position="last").drop(columns="size")


def crossing(comparison: Comparison, top: int = 100) -> tuple[pd.Index, pd.Index]:
    """The cities that enter and those that leave the first `top`, by rank in the run where they are inside."""
    inside = {side: comparison.ranks[side].dropna().loc[lambda ranks: ranks <= top].sort_values(kind="stable").index
              for side in ("a", "b")}
    return inside["b"].difference(inside["a"], sort=False), inside["a"].difference(inside["b"], sort=False)


def part_sizes(comparison: Comparison) -> pd.DataFrame:
    """How much each part moves: a row a part.

    Columns: mean (mean absolute part in places), share (of the sum of the means), leading (cities whose largest part it
    is, the earlier stage where two are as large), first and last (mean absolute effect of switching it before or after
    all others; where they differ, the order matters). Parts pull against each other: the means add up to the mean
    absolute change or more.
    """
    sizes = comparison.numerators.abs()
    mean = sizes.mean() / comparison.denominator
    moved = sizes[sizes.max(axis=1) > 0]
    leading = moved.idxmax(axis=1).value_counts().reindex(sizes.columns, fill_value=0)
    share = mean / mean.sum() if mean.sum() else mean
    return pd.DataFrame({"mean": mean, "share": share, "leading": leading}).join(comparison.switched)


def summary(comparison: Comparison) -> dict[str, float]:
    """The comparison in numbers: cities compared, mean and largest shift, cities that stay, Spearman's correlation."""
    changes = comparison.changes
    ranks = comparison.ranks.loc[changes.index].astype(float)
    return {"cities": len(changes), "mean_shift": changes.abs().mean(), "largest_shift": int(changes.abs().max()),
            "unmoved": int((changes == 0).sum()), "spearman": ranks["a"].corr(ranks["b"], method="spearman")}
