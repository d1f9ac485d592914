"""Plausible data sets: what they keep of the data, how sure the ranks are with them, nothing where nothing is open."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy_design import AGGREGATION, NORMALISATION

from analysis import reliability, study
from analysis.panel import read_panel
from analysis.scoring import aggregate, rank
from analysis.sensitivity import (
    DataDraws,
    SensitivityError,
    Stages,
    WeightNoise,
    cross,
    data_uncertainty,
    interval_table,
    method_uncertainty,
    read_crossing,
    scores_over_choices,
    scores_over_data,
    widths,
)
from analysis.sensitivity.crossing import Crossing, Option
from analysis.sensitivity.data_error import Doubt, PlausibleData, data_generator, doubt_of, pairs_of, stream_number
from analysis.sensitivity.draws import drawn_weights
from analysis.sensitivity.over_choices import SHORTEST_BLOCK
from analysis.settings import load_settings

NOISES = (WeightNoise("dirichlet", 100.0), WeightNoise("uniform", half_width=0.25))
SEED = 7


@pytest.fixture(scope="module")
def stages() -> Stages:
    return Stages(read_panel())


@pytest.fixture(scope="module")
def design(stages):
    """Normalisation × aggregation × proxies of the public panel, with one combination that is refused."""
    settings = load_settings()
    scale = next(factor for factor in read_crossing(settings, stages.panel).factors if factor.key == "scale")
    zeros = Option("geometric_with_zeros", "", "", {"aggregation.method": "geometric"})
    aggregation = replace(AGGREGATION, options=(*AGGREGATION.options, zeros))
    return cross(stages, Crossing(settings, (NORMALISATION, aggregation, scale)), NOISES)


@pytest.fixture(scope="module")
def draws_of(design, stages) -> DataDraws:
    return DataDraws(design, stages, SEED)


def toy(reliabilities, values, gaps=()) -> Doubt:
    """The doubt of complete values, some of which are taken for gaps."""
    raw = pd.DataFrame(values)
    for row, column in gaps:
        raw.iat[row, column] = np.nan
    return doubt_of(raw, raw.notna(), pd.DataFrame(np.broadcast_to(reliabilities, raw.shape)))


def generator(number: int = 0) -> np.random.Generator:
    return np.random.default_rng(number)


class TestPlausibleData:
    values = np.random.default_rng(1).normal(50, 10, size=(400, 3))

    def points(self, reliabilities, draws=200, **options):
        data = PlausibleData(toy(reliabilities, self.values), self.values, self.values, np.arange(3), False)
        return np.array([data.draw(generator(number)) for number in range(draws)])

    def test_mean_variance_and_correlation_with_the_figures(self):
        drawn = self.points([0.5, 0.8, 1.0])
        for column, stated in enumerate((0.5, 0.8)):
            x, found = self.values[:, column], drawn[:, :, column]
            assert np.corrcoef(x, found[0])[0, 1] == pytest.approx(np.sqrt(stated), abs=0.06)
            assert found.std() == pytest.approx(x.std(), rel=0.02)  # less what lies beyond the ends of the scale
            middle = np.abs(x - x.mean()) < x.std()
            expected = x.mean() + np.sqrt(stated) * (x - x.mean())
            np.testing.assert_allclose(found.mean(axis=0)[middle], expected[middle], atol=2.5)
        assert (drawn[:, :, 2] == self.values[:, 2]).all()

    def test_no_value_beyond_the_ends_of_the_scale(self):
        drawn = self.points(0.3)
        assert (drawn >= self.values.min(axis=0)).all() and (drawn <= self.values.max(axis=0)).all()

    def test_a_gap_takes_the_value_of_a_city_that_is_like_it_and_what_is_missing_together_stays_together(self):
        level = np.random.default_rng(2).normal(size=200)
        values = np.column_stack([level, 10 + level, 20 - level, level]) + np.random.default_rng(3).normal(
            0, 0.02, size=(200, 4))
        doubt = toy(1.0, values, gaps=[(5, 1), (5, 2), (9, 1)])
        data = PlausibleData(doubt, values, values, np.arange(4), False)
        drawn = [data.draw(generator(number)) for number in range(60)]
        pairs = {(each[5, 1], each[5, 2]) for each in drawn}
        assert pairs <= {tuple(row) for row in values[:, [1, 2]]} and len(pairs) == 5
        assert all(abs(first - values[5, 1]) < 0.3 for first, _ in pairs)
        assert {each[9, 1] for each in drawn} <= set(np.delete(values[:, 1], [5, 9]))
        untouched = np.ones(values.shape, dtype=bool)
        untouched[[5, 5, 9], [1, 2, 1]] = False
        assert all((each[untouched] == values[untouched]).all() for each in drawn)

    def test_a_yes_no_list_stays_a_list(self):
        named = (self.values[:, 0] + 10 * np.random.default_rng(4).normal(size=400) > 50).astype(float)
        values = np.column_stack([self.values[:, 0], named])
        data = PlausibleData(toy([0.8, 1.0], values, gaps=[(row, 1) for row in range(20)]), values, 100 * values,
                             np.arange(2), False)
        drawn = np.array([data.draw(generator(number))[:, 1] for number in range(50)])
        assert set(np.unique(drawn)) == {0.0, 100.0} and (drawn[:, :20].std(axis=0) > 0).any()
        assert (drawn[:, 20:] == 100 * named[20:]).all()

    def test_points_by_rank_follow_the_run(self):
        values = np.array([[1.0], [2.0], [4.0], [9.0]])
        data = PlausibleData(toy(0.5, values), values, np.array([[0.0], [33.0], [67.0], [100.0]]), np.arange(1), True)
        plain = PlausibleData(toy(0.5, values), values, values, np.arange(1), False)
        for number in range(20):
            expected = np.interp(plain.draw(generator(number)), [1, 2, 4, 9], [0, 33, 67, 100])
            np.testing.assert_allclose(data.draw(generator(number)), expected)


class TestCoverage:
    """Simulated truth: the 90 % interval of the ranks holds the true rank in about 90 % of the cases."""

    @pytest.mark.long
    @pytest.mark.parametrize(("common", "lowest", "highest"), [(0.0, 0.87, 0.93), (0.6, 0.88, 0.98)])
    def test_true_ranks_are_covered(self, common, lowest, highest):
        """With indicators that hang together the interval is somewhat too wide: each is drawn by itself."""
        covered, stated, cities, indicators = [], 0.75, 120, 5
        for trial in range(30):
            made = np.random.default_rng(trial)
            truth = (np.sqrt(common) * made.normal(size=(cities, 1))
                     + np.sqrt(1 - common) * made.normal(size=(cities, indicators)))
            seen = truth + np.sqrt((1 - stated) / stated) * made.normal(size=truth.shape)
            data = PlausibleData(toy(stated, seen), seen, seen, np.arange(indicators), False)
            scores = np.array([data.draw(made).sum(axis=1) for _ in range(200)])
            ranks = np.array([rank(pd.Series(row)) for row in scores])
            true = rank(pd.Series(truth.sum(axis=1))).to_numpy()
            low, high = np.quantile(ranks, [0.05, 0.95], axis=0)
            covered.append(((low <= true) & (true <= high)).mean())
        assert lowest <= np.mean(covered) <= highest

    def test_drawn_gaps_cover_the_values_held_out(self):
        """Of 40 cells that are missing, the range of the five candidates holds about four in six."""
        made, inside = np.random.default_rng(5), []
        for _ in range(40):
            level = made.normal(size=(300, 1))
            values = level + made.normal(size=(300, 4))
            gaps = [(row, 3) for row in made.choice(300, 40, replace=False)]
            doubt = toy(1.0, values, gaps)
            for place, (row, _) in enumerate(zip(doubt.rows, doubt.columns, strict=True)):
                lent = values[doubt.givers[doubt.first[place]:doubt.first[place] + doubt.number[place]], 3]
                inside.append(lent.min() <= values[row, 3] <= lent.max())
        assert np.mean(inside) == pytest.approx(4 / 6, abs=0.04)


class TestByHand:
    @pytest.mark.long
    def test_ranks_of_some_data_sets_one_by_one(self, draws_of, design, stages):
        """Each pair again, cell by cell in plain Python, from the treated values to the ranks."""
        sets = 12
        found = data_uncertainty(draws_of, sets, sets)
        pairs, counts = pairs_of(design, sets, SEED), np.zeros((297, 297), dtype=int)
        for pair, number in enumerate(pairs):
            if design.cells[number] is None:
                continue
            settings = design.crossing.settings_of(design.place(number)[0])
            treated, points, raw = stages.treated(settings), stages.normalised(settings), stages.raw(settings)
            stated = reliability.cell_reliabilities(stages.panel, stages.proxies(settings), raw)
            doubt, random = draws_of.doubt(settings), data_generator(SEED, pair)
            givers = doubt.drawn_givers(random)
            start = treated.copy()
            for row, column, giver in zip(doubt.rows, doubt.columns, givers, strict=True):
                assert np.isnan(raw.iat[row, column]) and not np.isnan(raw.iat[giver, column])
                start.iat[row, column] = treated.iat[giver, column]
            cell = design.cell(number)
            noisy = [code for code in cell.indicators if (stated[code] < 1).any()]
            z = pd.DataFrame(random.standard_normal((297, len(noisy))), treated.index, noisy)
            columns = {}
            for code in cell.indicators:
                x, m, s = start[code], treated[code].mean(), treated[code].std(ddof=0)
                if code in noisy:
                    x = m + np.sqrt(stated[code]) * (x - m) + np.sqrt(1 - stated[code]) * s * z[code]
                pairs_of_points = pd.Series(points[code].to_numpy(), treated[code].to_numpy())
                nodes = pairs_of_points[~pairs_of_points.index.duplicated()].sort_index()
                columns[code] = np.interp(x, nodes.index, nodes)
            weights = drawn_weights(cell.base, cell.noise, 1, SEED, stream_number(pair, pairs, len(design.cells)),
                                    SHORTEST_BLOCK)[0]
            scores = aggregate(pd.DataFrame(columns, treated.index), pd.Series(weights, cell.indicators),
                               stages.rule(settings))
            counts[np.arange(297), rank(scores) - 1] += 1
        assert found.draws + found.failed == sets and found.draws == counts[0].sum()
        assert (found.counts.to_numpy() == counts).all()

    def test_scores_are_those_of_the_first_draws(self, draws_of):
        scores, found = scores_over_data(draws_of, 40), data_uncertainty(draws_of, 40, 40)
        assert len(scores) == found.draws
        ranks = scores.rank(axis=1, ascending=False, method="min").astype(int)
        counted = np.array([np.bincount(ranks[city], minlength=298)[1:] for city in ranks])
        assert (counted == found.counts.to_numpy()).all()


@pytest.fixture(scope="module")
def exact(design, stages) -> DataDraws:
    """The same design with reliabilities of 1 and no gap."""
    draws = DataDraws(design, stages, SEED)
    for number, cell in enumerate(design.cells):
        if cell is not None:
            settings = design.crossing.settings_of(design.place(number)[0])
            raw = stages.treated(settings)
            draws._doubts[settings.cleaning, settings.indicators, settings.treatment.indicator_coverage,
                          settings.treatment.neighbours] = doubt_of(raw, raw.notna(), raw * 0 + 1)
    return draws


class TestWithoutError:
    def test_the_interval_of_choices_exactly(self, exact, design):
        draws = len(design.cells)
        one, other = data_uncertainty(exact, draws, draws), method_uncertainty(design, draws, SEED)
        pd.testing.assert_frame_equal(one.ranks, other.ranks)
        assert (one.counts == other.counts).all(axis=None) and one.failed == other.failed > 0
        pd.testing.assert_frame_equal(one.failures, other.failures)

    def test_also_on_the_way_of_drawn_data(self, exact, design, monkeypatch):
        """Nothing is drawn, and yet every data set is made: the same counts, ties included."""
        monkeypatch.setattr(Doubt, "is_none", False)
        draws = len(design.cells)
        one, other = data_uncertainty(exact, draws, draws), method_uncertainty(design, draws, SEED)
        assert (one.counts == other.counts).all(axis=None)

    def test_scores_too(self, exact, design):
        pd.testing.assert_frame_equal(scores_over_data(exact, 30), scores_over_choices(design, 30, SEED))


class TestDraws:
    def test_any_number_of_workers_gives_the_same_counts(self, draws_of, design, stages):
        one = data_uncertainty(draws_of, 600, 200)
        fresh = DataDraws(design, stages, SEED)
        assert (data_uncertainty(fresh, 600, 200, workers=2).counts == one.counts).all(axis=None)

    def test_wider_than_choices_alone(self, draws_of, design):
        data, choices = data_uncertainty(draws_of, 2000, 1000).ranks, method_uncertainty(design, 2000, SEED).ranks
        assert (data["rank_95"] - data["rank_05"]).mean() > (choices["rank_95"] - choices["rank_05"]).mean() + 3

    def test_a_list_of_combinations_of_ones_own(self, draws_of, design):
        """Whatever list of cells is given is gone through again and again."""
        number = next(place for place, cell in enumerate(design.cells) if cell is not None)
        found = data_uncertainty(draws_of, 30, 10, pairs=np.array([number]))
        assert found.draws == 30 and found.failed == 0
        refused = next(place for place, cell in enumerate(design.cells) if cell is None)
        with pytest.raises(SensitivityError, match="none of the 30 draws"):
            data_uncertainty(draws_of, 30, 10, pairs=np.array([refused]))
        with pytest.raises(SensitivityError, match="none of the 5 draws"):
            scores_over_data(draws_of, 5, pairs=np.array([refused]))

    def test_weights_held_and_no_noise(self, design, stages):
        """One data set, no noise of weights: every draw has the same ranks."""
        settings = load_settings()
        alone = cross(stages, Crossing(settings, ()), [WeightNoise("dirichlet", math.inf)])
        found = data_uncertainty(DataDraws(alone, stages, 3), 20, 1)
        assert (found.counts.max(axis=1) == 20).all()

    def test_without_stated_reliabilities_gaps_alone_are_drawn(self, stages):
        settings = load_settings()
        plain = Stages(replace(stages.panel, reliability=None))
        alone = cross(plain, Crossing(settings, ()), [WeightNoise("dirichlet", math.inf)])
        draws = DataDraws(alone, plain, 3)
        doubt = draws.doubt(settings)
        assert len(doubt.rows) == int(plain.raw(settings).isna().sum().sum()) and not doubt.is_none
        base = draws.source(0)[0].draw(generator())
        shown = pd.DataFrame(base, plain.raw(settings).index, plain.raw(settings).columns)
        known = plain.raw(settings).notna()
        exact = [code for code in shown if code != "I11"]  # the province stands in for 265 cities, whatever is stated
        expected = plain.normalised(settings)[exact].where(known[exact])
        np.testing.assert_allclose(shown[exact].where(known[exact]), expected, atol=1e-9)


class TestTables:
    def test_side_by_side(self):
        frame = pd.DataFrame({"median": [1, 2], "rank_05": [1, 1], "rank_95": [1, 2], "mean": [1.0, 1.7],
                              "p_top_1": [1.0, 0.3], "p_tier_1": [1.0, 0.5]}, index=["A", "B"])
        wider = frame.assign(rank_95=[2, 2], p_top_1=[0.8, 0.2])
        table = interval_table({"weights": frame, "data": wider}, 1)
        assert table.loc[("A", "data"), "width"] == 1 and list(table.columns)[-1] == "p_tier_1"
        said = widths(table, pd.Series({"A": 1, "B": 2}), 1)
        assert said.loc["weights"].tolist() == [0.5, 0.5, 1, 1, 0, 1]
        assert said.loc["data", ["sure", "open"]].tolist() == [0, 2]


def test_the_study_is_not_touched(stages):
    """The treated values that draws start from are the run's own and stay as they are."""
    settings = load_settings()
    before = stages.treated(settings).copy()
    done = study.score_study(stages.panel, settings)
    pd.testing.assert_frame_equal(before, done.treated)
