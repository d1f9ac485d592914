"""Rank intervals when the data, too, are not taken as given: plausible data sets under every combination of choices.

A plausible data set is what the figures could be if the truth were known. Each gap takes the value of a random one of
the cities that are most like it (predictive-mean matching); each figure x of reliability ρ becomes

    x* = m + √ρ (x − m) + √(1 − ρ) s z,        z standard normal,

with m and s the mean and standard deviation of the indicator over all cities, on the treated scale. That is a draw from
the distribution of the true value given the figure (a plausible value), stretched to the variance of the figures, so
that the scale keeps its meaning; corr(x*, x) = √ρ, the correlation of truth and figure.

Everything else is the run's own: the limits of outliers, the ends of the scale (values beyond them count as the end),
how treated values become points, and the base weights of the combination, which are drawn around as elsewhere.

Pair number p is a data set with a combination of choices and some draws of weights. It has a random stream of its own,
so that the counts are the same for any number of workers. Where nothing is uncertain the first draw of pair p is draw p
of `method_uncertainty`.

Reference: docs/method.md, section 6.8. Mislevy, R. J. (1991), Randomization-based inference about latent variables from
complex samples, Psychometrika 56(2), 177–196; Little, R. J. A. & Rubin, D. B. (2002), Statistical Analysis with Missing
Data, 2nd ed.; Lord, F. M. & Novick, M. R. (1968), Statistical Theories of Mental Test Scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pandas as pd

from analysis import study
from analysis.prediction import RankRegression
from analysis.scoring import Rule
from analysis.settings import Settings

from .cells import Design
from .counting import DesignCell, Task, count_tasks, in_order, keep_tasks, streams
from .draws import SensitivityError, check_count, distinct_rows, drawn_weights
from .over_choices import SHORTEST_BLOCK, MethodUncertainty, cells_of_draws, failed_draws, standard_errors
from .scorers import scorer_for
from .stages import Stages
from .tier_chances import cell_scores
from .uncertainty import summarise, summarise_kept

PAIRS_AT_A_TIME = 64      # data sets in memory for each worker, fewer of many cities
VALUES_IN_MEMORY = 2**23  # 64 MiB
ALIKE_FROM = 1e-9         # cities whose weighted sums are nearer than this share of the largest are compared in full
DATA_STREAM = 1           # third part of a spawn key; the streams of weights have two parts


@dataclass(frozen=True, eq=False)
class Doubt:
    """What is not known of a table of raw values: the gaps with the cities that may give, and each cell's reliability.

    rows, columns: positions of the gaps; owner: for each gap the place of its city among those with gaps. givers: the
    candidates, one list after the other; first and number: where each city's list begins, or each gap's own where no
    city has all that is missing, and how long it is. reliability: cities × indicators, 0–1.
    """

    rows: np.ndarray
    columns: np.ndarray
    owner: np.ndarray
    first: np.ndarray
    number: np.ndarray
    givers: np.ndarray
    reliability: np.ndarray

    @cached_property
    def is_none(self) -> bool:
        """Whether there is neither a gap nor an error."""
        return not len(self.rows) and bool((self.reliability >= 1).all())

    def drawn_givers(self, generator: np.random.Generator) -> np.ndarray:
        """For each gap a random one of its candidates, the same for all gaps of a city where one can fill them all."""
        chance = generator.random(int(self.owner.max()) + 1 if len(self.owner) else 0)[self.owner]
        return self.givers[self.first + (chance * self.number).astype(np.int64)]


def doubt_of(raw: pd.DataFrame, may_give: pd.DataFrame, reliabilities: pd.DataFrame, neighbours: int = 5) -> Doubt:
    """The gaps of a table with their candidates, and the reliability of every cell.

    raw: cities × indicators, NaN where missing. may_give: the cells that may fill a gap (`study.donor_cells`).
    reliabilities: as raw. The candidates of a city are the `neighbours` cities that have all it lacks and whose
    predictions of these, from what the city has, are nearest (root mean square difference); with one donor for all of
    a city's gaps, what is missing together stays together. Where fewer cities have it all, each gap has candidates of
    its own; a city without any figure may take from all.
    """
    values, gives = raw.to_numpy(dtype=float), may_give.to_numpy()
    missing = np.isnan(values)
    predicting, gaps, givers, start = RankRegression(values, gives), list[tuple[int, ...]](), list[np.ndarray](), 0
    for place, row in enumerate(np.flatnonzero(missing.any(axis=1)).tolist()):
        lacking, known = np.flatnonzero(missing[row]), ~missing[row]
        whole = gives[:, lacking].all(axis=1).sum() >= neighbours
        for together in ([lacking] if whole else lacking[:, None]):
            if not (able := gives[:, together].all(axis=1)).any():
                raise SensitivityError("an indicator has no observed value that could fill its gaps; leave it out")
            found = (predicting.matched(row, together.tolist(), known, neighbours) if known.any()
                     else np.flatnonzero(able))
            gaps += [(row, column, place, start, len(found)) for column in together.tolist()]
            givers.append(found)
            start += len(found)
    rows, columns, owner, first, number = np.array(gaps, dtype=np.int64).reshape(-1, 5).T
    joined = np.concatenate(givers) if givers else np.empty(0, dtype=np.int64)
    return Doubt(rows, columns, owner, first, number, joined, reliabilities.reindex_like(raw).to_numpy(dtype=float))


class PlausibleData:
    """Plausible points for one treated data set: everything that does not change from draw to draw, computed once.

    treated, points: cities × indicators, the values of a run and the points it gives them. used: the indicators to
    draw, by position. steps: whether the points follow the order of the values alone (ranks) and no straight line.
    """

    def __init__(self, doubt: Doubt, treated: np.ndarray, points: np.ndarray, used: np.ndarray, steps: bool) -> None:
        self.doubt, self.treated = doubt, treated[:, used]
        reliability_used, points = doubt.reliability[:, used], points[:, used]
        # m + √ρ (x − m) is lean × x + shift, and exactly x where nothing is in doubt
        self.lean = np.sqrt(reliability_used)
        self.shift = (1 - self.lean) * self.treated.mean(axis=0)
        self.centre = self.lean * self.treated + self.shift
        spread = np.sqrt(1 - reliability_used) * self.treated.std(axis=0)
        self.noisy = np.flatnonzero((spread > 0).any(axis=0))
        self.spread = spread[:, self.noisy]
        place_of = np.full(treated.shape[1], -1)
        place_of[used] = np.arange(len(used))
        self.gaps = np.flatnonzero(place_of[doubt.columns] >= 0)
        self.cells = doubt.rows[self.gaps], place_of[doubt.columns[self.gaps]]
        self.ends = self.treated.min(axis=0), self.treated.max(axis=0)
        low, high = (np.take_along_axis(points, place(self.treated, axis=0)[None], axis=0)[0]
                     for place in (np.argmin, np.argmax))
        self.slope = (high - low) / (self.ends[1] - self.ends[0])
        self.start = low - self.slope * self.ends[0]
        self.nodes = [nodes(*both) for both in zip(self.treated.T, points.T, strict=True)] if steps else []

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        """The points of one plausible data set, cities × used indicators."""
        found = self.centre.copy()
        if len(self.gaps):
            lent = self.treated[self.doubt.drawn_givers(generator)[self.gaps], self.cells[1]]
            found[self.cells] = self.lean[self.cells] * lent + self.shift[self.cells]
        if len(self.noisy):
            found[:, self.noisy] += self.spread * generator.standard_normal(self.spread.shape)
        np.clip(found, *self.ends, out=found)
        for column, (values, points) in enumerate(self.nodes):
            found[:, column] = np.interp(found[:, column], values, points)
        if not self.nodes:
            found *= self.slope
            found += self.start
        return found


def nodes(values: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct values from the lowest up, and the points of each."""
    distinct, where = np.unique(values, return_index=True)
    return distinct, points[where]


@dataclass
class DataDraws:
    """Cells of plausible data: for any cell of a design the same choices and weights, with the data drawn anew."""

    design: Design
    stages: Stages
    seed: int
    _doubts: dict[tuple, Doubt] = field(default_factory=dict)
    _data: dict[tuple, PlausibleData] = field(default_factory=dict)
    _sources: dict[int, tuple[PlausibleData, Rule]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.everybody = np.arange(len(self.design.cities))

    def doubt(self, settings: Settings) -> Doubt:
        """The gaps and reliabilities of the raw values under some settings."""
        choices = settings.treatment
        key = settings.cleaning, settings.indicators, choices.indicator_coverage, choices.neighbours
        if key not in self._doubts:
            raw, may_give = self.stages.raw(settings), study.donor_cells(self.stages.raw(settings),
                                                                         self.stages.proxies(settings))
            self._doubts[key] = doubt_of(raw, may_give, self.stages.reliabilities(settings), choices.neighbours)
        return self._doubts[key]

    def source(self, number: int) -> tuple[PlausibleData, Rule]:
        """What the data sets of a cell are drawn from, and its rule of aggregation; kept for each combination."""
        combination = self.design.place(number)[0]
        if combination not in self._sources:
            settings, indicators = self.design.crossing.settings_of(combination), self.design.cell(number).indicators
            treated, points = self.stages.treated(settings), self.stages.normalised(settings)
            key = id(treated), id(points), indicators  # the stages keep both, so that ids stay unique
            if key not in self._data:
                self._data[key] = PlausibleData(
                    self.doubt(settings), treated.to_numpy(), points.to_numpy(),
                    points.columns.get_indexer(list(indicators)), settings.normalisation.method == "rank")
            self._sources[combination] = self._data[key], self.stages.rule(settings)
        return self._sources[combination]

    def cell(self, pair: int, number: int) -> DesignCell:
        """Cell `number` of the design with data set `pair`."""
        known, (data, rule) = self.design.cell(number), self.source(number)
        if data.doubt.is_none:
            return known
        rows, group = self.told_apart(data.draw(data_generator(self.seed, pair)), known.base)
        scorer = scorer_for(rows, rule, known.indicators, group)
        return DesignCell(scorer, known.base, known.noise, group, known.indicators)

    def told_apart(self, values: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distinct rows and each city's place among them; the cities as they are where all differ, which a glance at
        their weighted sums can tell."""
        sums = np.sort(values @ base)
        if (np.diff(sums) > ALIKE_FROM * np.abs(sums).max()).all():
            return values, self.everybody
        rows, group = distinct_rows(values)
        return (values, self.everybody) if len(rows) == len(values) else (rows, group)


def data_generator(seed: int, pair: int) -> np.random.Generator:
    """The random generator of one data set."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(pair, 0, DATA_STREAM)))


def pairs_of(design: Design, data_sets: int, seed: int) -> np.ndarray:
    """The cell of each data set: that of the draw with its number in `method_uncertainty`."""
    return cells_of_draws(design, data_sets, seed)


def data_uncertainty(draws_of: DataDraws, draws: int, data_sets: int, top: Sequence[int] = (10, 100), workers: int = 1,
                     pairs: np.ndarray | None = None, classes: int = 0) -> MethodUncertainty:
    """How certain each city's rank is when data, weights and method are all open.

    draws_of: the design, its stages and the seed. draws: over all data sets together. data_sets: how many plausible
    data sets, each with one combination of choices and its share of the draws. pairs: the cell of the design for each
    data set; without it all cells in the order of `method_uncertainty`. top, workers, classes, result and refused
    combinations as there; the acceptabilities are counted with ties at the smaller rank.

    The Monte Carlo error of a probability p lies between √(p(1 − p)/draws) and √(p(1 − p)/data_sets): the draws of one
    data set share its data and its choices; `errors` is the latter. Memory: 16 bytes × cities² for each worker, and 64
    data sets.

    Reference: docs/method.md, section 6.8.
    """
    for name, count in (("draws", draws), ("data_sets", data_sets), ("workers", workers), *(("top", k) for k in top)):
        check_count(name, count)
    design, sets = draws_of.design, min(data_sets, draws)
    cells = len(design.cells)
    pairs = pairs_of(design, sets, draws_of.seed) if pairs is None else np.resize(pairs, sets)
    share = np.full(sets, draws // sets) + (np.arange(sets) < draws % sets)
    failures = failed_draws(design, np.bincount(pairs, weights=share, minlength=cells).astype(int))
    failed = int(failures["draws"].sum())
    if failed == draws:
        raise SensitivityError(f"none of the {draws} draws gives a ranking; first cause: {failures['cause'].iloc[0]}")
    good = [pair for pair in range(sets) if design.cells[pairs[pair]] is not None]
    for number in dict.fromkeys(int(pairs[pair]) for pair in good):
        draws_of.source(number)  # kept before the workers share it
    widest = max(len(design.cell(int(pairs[pair])).indicators) for pair in good)
    together = int(np.clip(VALUES_IN_MEMORY // (len(design.cities) * widest), 1, PAIRS_AT_A_TIME))
    jobs = ((draws_of, good[first:first + together], pairs, share, bool(classes))
            for first in range(0, len(good), together))
    if classes:
        kept = [block for part in in_order(ranks_of_pairs, jobs, workers) for block in part]
        result = summarise_kept(kept, design.cities, draws - failed, top, classes, failed)
    else:
        everybody = np.ones(len(design.cities), dtype=np.int64).tobytes()
        counts = reduce(np.add, in_order(ranks_of_pairs, jobs, workers))
        result = summarise({everybody: counts}, design.cities, draws - failed, top, failed)
    chances = [{f"p_top_{k}": result.ranks[f"p_top_{k}"].to_numpy() for k in top}]
    errors = standard_errors(replace(result, draws=len(good)), chances)
    return MethodUncertainty(**vars(result), failures=failures, errors=errors)


def ranks_of_pairs(draws_of: DataDraws, some: Sequence[int], pairs: np.ndarray, share: np.ndarray,
                   keep: bool) -> Any:
    """Counts of ranks (cities × ranks) over some data sets, or with `keep` the ranks themselves (blocks of draws ×
    cities)."""
    cells, tasks = dict[int, DesignCell](), list[Task]()
    for pair in some:
        key = stream_number(pair, pairs, len(draws_of.design.cells))
        cells[key] = draws_of.cell(pair, int(pairs[pair]))
        tasks += [(key, stream, wanted) for stream, _, wanted in streams(int(share[pair]))]
    if keep:
        return keep_tasks(tasks, cells, draws_of.seed, SHORTEST_BLOCK)
    return reduce(np.add, count_tasks(tasks, cells, draws_of.seed, SHORTEST_BLOCK).values())


def stream_number(pair: int, pairs: np.ndarray, cells: int) -> int:
    """The number of a pair's streams of weights: its cell's own the first time that the cell comes."""
    return int(pairs[pair]) + cells * int((pairs[:pair] == pairs[pair]).sum())


def scores_over_data(draws_of: DataDraws, draws: int, pairs: np.ndarray | None = None) -> pd.DataFrame:
    """The score of every city in the first draw of each of the first data sets of `data_uncertainty`, as
    `scores_over_choices` gives them: draws × cities, for the chance of each tier. Data sets with a refused combination
    have no row."""
    check_count("draws", draws)
    design = draws_of.design
    cells = len(design.cells)
    pairs = pairs_of(design, draws, draws_of.seed) if pairs is None else np.resize(pairs, draws)
    good = [pair for pair in range(draws) if design.cells[pairs[pair]] is not None]
    if not good:
        cause = next(iter(design.causes.values()))
        raise SensitivityError(f"none of the {draws} draws gives a score; first cause: {cause}")
    scores = np.empty((len(good), len(design.cities)))
    for place, pair in enumerate(good):
        cell = draws_of.cell(pair, int(pairs[pair]))
        weights = drawn_weights(cell.base, cell.noise, 1, draws_of.seed, stream_number(pair, pairs, cells),
                                SHORTEST_BLOCK)
        scores[place] = cell_scores(cell, weights)
    return pd.DataFrame(scores, pd.Index(good, name="draw"), design.cities)


@dataclass(frozen=True)
class DataDraw:
    """The inputs of the first draw of one data set: settings, points (cities × indicators) and weights."""

    settings: Settings
    points: pd.DataFrame
    weights: pd.Series


def replay_data(draws_of: DataDraws, pair: int, pairs: np.ndarray | None = None) -> DataDraw:
    """The points and weights behind row `pair` of `scores_over_data`, which the study's own functions can score again.

    Raises SensitivityError naming the cause where the study refuses the combination of choices.
    """
    design = draws_of.design
    cells = len(design.cells)
    pairs = pairs_of(design, pair + 1, draws_of.seed) if pairs is None else np.resize(pairs, pair + 1)
    cell, (data, _) = design.cell(int(pairs[pair])), draws_of.source(int(pairs[pair]))
    points = data.draw(data_generator(draws_of.seed, pair))
    weights = drawn_weights(cell.base, cell.noise, 1, draws_of.seed, stream_number(pair, pairs, cells), SHORTEST_BLOCK)
    return DataDraw(design.crossing.settings_of(design.place(int(pairs[pair]))[0]),
                    pd.DataFrame(points, design.cities, list(cell.indicators)),
                    pd.Series(weights[0], list(cell.indicators)))


def interval_table(found: Mapping[str, pd.DataFrame], top: int) -> pd.DataFrame:
    """The intervals side by side, one row per city and what varies (weights, choices, data): median, rank_05, rank_95,
    width, p_top_<top> and whatever chances of tiers the frames have.

    found: by what varies, frames by city with these columns but for width.
    """
    def columns(frame: pd.DataFrame) -> pd.DataFrame:
        tiers = [name for name in frame if str(name).startswith("p_tier_")]
        width = frame["rank_95"] - frame["rank_05"]
        return frame[["median", "rank_05", "rank_95"]].assign(width=width).join(frame[[f"p_top_{top}", *tiers]])

    parts = [columns(frame).assign(varies=name).set_index("varies", append=True) for name, frame in found.items()]
    return pd.concat(parts).rename_axis(["adcode", "varies"])


def widths(intervals: pd.DataFrame, ranks: pd.Series, top: int) -> pd.DataFrame:
    """What the intervals say together, one row per what varies: mean_width, median_width and widest over all cities;
    sure: cities of the first `top` with P(top) above 0.95; doubtful: with less than 0.5; open: all cities with P(top)
    between 0.05 and 0.95."""
    rows, inside = {}, ranks.index[ranks <= top]
    for name, part in intervals.groupby(level="varies", sort=False):
        part = part.droplevel("varies")
        chance = part[f"p_top_{top}"]
        rows[name] = {"mean_width": part["width"].mean(), "median_width": part["width"].median(),
                      "widest": int(part["width"].max()), "sure": int((chance[inside] > 0.95).sum()),
                      "doubtful": int((chance[inside] < 0.5).sum()), "open": int(chance.between(0.05, 0.95).sum())}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("varies")
