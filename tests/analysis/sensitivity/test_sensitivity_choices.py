"""All choices at once: each distinct stage once, draws that replay through the study, failures counted by cause."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_design import AGGREGATION, COMBINATION, NORMALISATION, toy_design

from analysis import study
from analysis.panel import read_panel
from analysis.scoring import aggregate, rank
from analysis.sensitivity import (
    Crossing,
    Factor,
    Option,
    SensitivityError,
    Stages,
    WeightNoise,
    choice_effects,
    cross,
    extreme_cities,
    leave_cities_out,
    method_uncertainty,
    read_alternatives,
    replay,
    sampled_inputs,
    scenario_summary,
    scenario_table,
    score_draw,
    with_overrides,
)
from analysis.sensitivity.cells import Design
from analysis.sensitivity.counting import RankCounter
from analysis.sensitivity.draws import blocks, distinct_rows, drawn_weights, streams
from analysis.sensitivity.over_choices import cell_order, cells_of_draws, draws_by_cell
from analysis.sensitivity.ranking import settled, tied_ranks
from analysis.sensitivity.scorers import scorer_for
from analysis.settings import SettingsError, load_settings
from analysis.validation import UnusableValues

NOISES = (WeightNoise("dirichlet", 100.0), WeightNoise("uniform", half_width=0.25))
NO_NOISE = (WeightNoise("dirichlet", math.inf),)
REFUSED = Option("geometric_with_zeros", "", "", {"aggregation.method": "geometric"})


@pytest.fixture(scope="module")
def stages() -> Stages:
    return Stages(read_panel())


@pytest.fixture(scope="module")
def base():
    return load_settings()


@pytest.fixture(scope="module")
def crossing(base) -> Crossing:
    """Normalisation × aggregation × combination on one data set, with one aggregation that min-max refuses."""
    aggregation = replace(AGGREGATION, options=(*AGGREGATION.options, REFUSED))
    return Crossing(base, (NORMALISATION, aggregation, COMBINATION))


@pytest.fixture(scope="module")
def design(stages, crossing) -> Design:
    return cross(stages, crossing, NOISES)


class TestStages:
    @pytest.mark.parametrize("key", ["zscore", "without_lists", "geometric", "proportional", "districts_named",
                                     "number_blocks", "cleaning_3", "nearest_10"])
    def test_same_as_the_study(self, stages, base, key):
        option = next(option for option in read_alternatives() if option.key == key)
        changed = with_overrides(base, option.values(base))
        done = study.score_study(stages.panel, changed)
        pd.testing.assert_series_equal(stages.ranks(changed), done.ranks)
        pd.testing.assert_series_equal(stages.weights(changed), done.combined_weights, check_names=False)
        pd.testing.assert_frame_equal(stages.normalised(changed), done.normalised)

    def test_each_data_set_once(self, stages, base):
        other_weights = with_overrides(base, {"weighting.alpha": 0.2})
        assert stages.normalised(base) is stages.normalised(other_weights)
        assert stages.weights(base) is not stages.weights(other_weights)
        assert stages.judged_tree(base) is stages.judged_tree(with_overrides(base, {"weighting.subjective": "equal"}))
        logarithms = with_overrides(base, {"treatment.outliers": "log"})
        assert stages.filled(base) is stages.filled(logarithms)
        assert not stages.treated(base).equals(stages.treated(logarithms))

    def test_one_kind_of_weights_is_its_column_of_the_table(self, stages, base):
        table = stages.objective(base)
        for kind in table:
            alone = study.objective_weights_of_kind(stages.treated(base), stages.tree(base), kind)
            pd.testing.assert_series_equal(alone, table[kind], check_exact=True)

    def test_a_refusal_is_repeated_and_a_warning_kept(self, stages, base):
        lost = with_overrides(base, {"indicators.exclude": ["I99"]})
        for _ in range(2):
            with pytest.raises(ValueError, match="I99"):
                stages.weights(lost)
        assert isinstance(stages.announced, dict)


class TestShortKeys:
    @settings(max_examples=50, deadline=None)
    @given(cities=st.integers(1, 512), scale=st.sampled_from([0.0, 5e-324, 1e-300, 1e-12, 1.0, 1e300]),
           spread=st.sampled_from([1e-14, 1e-9, 1e-6, 1.0]), seed=st.integers(0, 1000))
    def test_same_order_as_the_long_keys(self, cities, scale, spread, seed):
        """Also where many cities agree in all that a short key holds, where all are 0 and at the ends of the floats."""
        scores = scale * (1 - spread * np.random.default_rng(seed).random((20, cities)))
        counter, keys = RankCounter(np.ones(cities, dtype=int)), scores.copy().view(np.uint64)
        counter.sort_by(keys)
        order, _ = counter.order(scores)
        assert (order == (keys & counter.position_bits).view(np.int64)).all()


def test_unknown_settings_are_refused(base):
    with pytest.raises(SettingsError, match="weighting.alfa"):
        with_overrides(base, {"weighting.alfa": 1})


@pytest.mark.long
class TestMethodUncertainty:
    def test_failures_are_counted_by_cause(self, design):
        result = method_uncertainty(design, 3000, seed=3)
        assert result.draws + result.failed == 3000
        rows = result.failures
        assert len(rows) == 2 and rows["cause"].str.contains("geometric").all()
        assert rows["combinations"].tolist() == [10, 5]  # points that are 0; z-scores, whose zero means nothing
        assert rows["draws"].sum() == result.failed == pytest.approx(3000 * 15 / 60, abs=20)
        assert rows["example"].str.contains("geometric").all()
        assert (result.counts.sum(axis=1) == result.draws).all()
        assert result.acceptability.sum(axis=0).to_numpy() == pytest.approx(np.ones(len(result.ranks)))

    def test_any_draw_replays_through_the_study(self, stages, design):
        ranks = {}
        given_ranks = [design.cells[place] is not None for place in cells_of_draws(design, 2100, 5)]
        numbers = [given_ranks.index(True, start) for start in (20, 417, 2000)]
        for number in numbers:
            before = method_uncertainty(design, number, 5).counts if number else 0
            ranks[number] = (method_uncertainty(design, number + 1, 5).counts - before).idxmax(axis=1)
            draw = replay(design, number, 5)
            assert (score_draw(stages.panel, draw).ranks == ranks[number]).all()
        saved, (_, number, last) = sampled_inputs(design, 2100, 5), numbers
        assert saved.loc[last, draw.weights.index].tolist() == pytest.approx(draw.weights.tolist())
        assert saved.loc[number, "noise"] == replay(design, number, 5).options["noise"]

    def test_a_failed_draw_says_why(self, design):
        failed = np.flatnonzero([design.cells[place] is None for place in cell_order(len(design.cells), 5)])
        with pytest.raises(SensitivityError, match=f"draw {failed[0]} failed: .*geometric"):
            replay(design, int(failed[0]), 5)
        assert sampled_inputs(design, failed[0] + 1, 5).iloc[-1].filter(like="I").isna().all()

    def test_without_noise_it_is_the_table_of_scenarios(self, stages, crossing):
        still = cross(stages, crossing, NO_NOISE)
        table = scenario_table(still)
        result = method_uncertainty(still, crossing.size, seed=1, top=(100,))
        assert result.failed == 15
        assert (result.ranks["p_top_100"] == (table.good <= 100).mean()).all()
        alone = cross(stages, Crossing(crossing.settings, ()), NO_NOISE)
        ranks = method_uncertainty(alone, 50, seed=1).ranks
        assert (ranks[["median", "rank_05", "rank_95", "mean"]].T == stages.ranks(crossing.settings)).all(axis=None)

    def test_processes_count_the_same(self):
        from joblib import parallel_config

        design = toy_design(40, {3, 11})
        alone = method_uncertainty(design, 5000, seed=2)
        with parallel_config(backend="loky", n_jobs=2):
            other = method_uncertainty(design, 5000, seed=2, workers=2)
        pd.testing.assert_frame_equal(alone.counts, other.counts)
        pd.testing.assert_frame_equal(alone.acceptability, other.acceptability)

    def test_the_table_of_scenarios_is_the_same_for_any_number_of_workers(self):
        design = toy_design(40, {3, 11})
        for workers in (2, 3):
            pd.testing.assert_frame_equal(scenario_table(design, workers).ranks, scenario_table(design).ranks)

    @settings(max_examples=25, deadline=None)
    @given(cells=st.integers(1, 9), draws=st.integers(1, 400), seed=st.integers(0, 2**40), data=st.data())
    def test_nothing_is_lost_for_any_number_of_workers(self, cells, draws, seed, data):
        refused = data.draw(st.sets(st.integers(0, cells - 1), max_size=cells - 1))
        design = toy_design(cells, refused)
        wanted = draws_by_cell(design, draws, seed)
        assert wanted.sum() == draws and np.ptp(wanted) <= 1
        if wanted[[number for number in range(cells) if number not in refused]].sum() == 0:
            with pytest.raises(SensitivityError, match="cause"):
                method_uncertainty(design, draws, seed)
            return
        results = [method_uncertainty(design, draws, seed, workers=workers) for workers in (1, 2)]
        for result in results:
            assert result.draws + result.failed == draws
            assert result.failures["draws"].sum() == result.failed
            assert (result.counts.sum(axis=1) == result.draws).all()
        pd.testing.assert_frame_equal(results[0].counts, results[1].counts)
        pd.testing.assert_frame_equal(results[0].acceptability, results[1].acceptability)

    def test_scorers_order_as_the_study(self):
        generator = np.random.default_rng(4)
        values = pd.DataFrame(generator.random((30, 5)) * 99 + 1)
        weights = generator.dirichlet(np.ones(5), 40)
        for method in ("arithmetic", "geometric", "topsis"):
            rows, group = distinct_rows(values.to_numpy())
            scorer = scorer_for(rows, method)
            numbers = np.empty((40, len(rows)))
            scorer(weights, numbers)
            for row, mine in zip(weights, scorer.scores(numbers, weights)[:, group], strict=True):
                scores = aggregate(values, pd.Series(row), method) * (100 if method == "topsis" else 1)
                assert mine == pytest.approx(scores.to_numpy(), rel=1e-12)
                assert (tied_ranks(settled(mine[None]))[0] == rank(scores)).all()


class TestStreams:
    @given(draws=st.integers(1, 5000))
    def test_streams_hold_every_draw_once(self, draws):
        parts = list(streams(draws))
        assert parts[0][1] == 0 and parts[-1][1] + parts[-1][2] == draws
        assert all(one[1] + one[2] == two[1] for one, two in zip(parts, parts[1:], strict=False))

    @given(wanted=st.integers(1, 1024), shortest=st.sampled_from([1, 16, 1024]), stream=st.integers(0, 2))
    def test_blocks_hold_every_draw_once(self, wanted, shortest, stream):
        parts = list(blocks(stream, wanted, shortest))
        assert parts[0][0] == 0 and parts[-1][0] < wanted <= sum(parts[-1]) <= 1024
        assert all(sum(one) == two[0] for one, two in zip(parts, parts[1:], strict=False))
        assert parts == list(blocks(stream, 1024, shortest))[:len(parts)]
        assert stream == 0 or parts == [(0, 1024)]

    def test_draws_are_the_same_whatever_the_total(self):
        base = np.array([0.6, 0.4])
        many = drawn_weights(base, NOISES[1], 2500, 9, 4, 16)
        for draws in (1, 33, 1024, 1100):
            assert (drawn_weights(base, NOISES[1], draws, 9, 4, 16) == many[:draws]).all()
        assert many.sum(axis=1) == pytest.approx(np.ones(2500))


class TestScenarioTable:
    def test_same_ranks_as_the_study(self, stages, design):
        table = scenario_table(design)
        for combination in range(0, design.crossing.size, 7):
            if combination not in table.causes:
                expected = stages.ranks(design.crossing.settings_of(combination))
                assert (table.ranks.loc[combination] == expected).all()
        assert (table.base == stages.ranks(design.crossing.settings)).all()
        assert len(table.causes) == 15 and len(table.good) == 45

    def test_effects_by_hand(self):
        """Two factors of two options on three cities; the base is the first of each; one combination was refused."""
        from analysis.sensitivity.factorial import ScenarioTable

        factors = tuple(Factor(key, key, key, (Option(f"{key}0", "", "", {}), Option(f"{key}1", "", "", {})))
                        for key in "fg")
        crossing = Crossing(load_settings(), factors)
        ranks = pd.DataFrame([[1, 2, 3], [2, 1, 3], [3, 2, 1], [0, 0, 0]], columns=list("ABC"))
        alone = {(1, 1): ranks.loc[1].to_numpy(), (0, 1): ranks.loc[2].to_numpy()}
        table = ScenarioTable(crossing, crossing.table(), ranks, {3: "refused"}, ranks.loc[0], alone)
        effects = choice_effects(table, top=1)
        g = effects.loc[("g", "g1")]
        assert g["alone_mean_shift"] == pytest.approx(2 / 3) and g["alone_largest_shift"] == 1
        assert (g["alone_city"], g["alone_entering"], g["alone_leaving"], g["pairs"]) == ("A", 1, 1, 1)
        f = effects.loc[("f", "f1")]
        assert f["across_mean_shift"] == pytest.approx(4 / 3) and f["across_largest_shift"] == 2
        summary = scenario_summary(table, top=1)
        assert summary.loc["C"].tolist() == [3, 1, 3, 3, pytest.approx(1 / 3)]

    def test_identical_options_shift_nothing(self, stages, base):
        twice = Factor("twice", "", "", (Option("a", "", "", {}), Option("b", "", "", {})))
        method = Factor("m", "", "", (Option("minmax", "", "", {}),
                                      Option("rank", "", "", {"normalisation.method": "rank"})))
        effects = choice_effects(scenario_table(cross(stages, Crossing(base, (twice, method)), NO_NOISE)))
        assert (effects.loc["twice"].filter(like="shift") == 0).all(axis=None)
        assert (effects.loc["m", "across_mean_shift"] > 1).all()


@pytest.mark.long
class TestLeaveCitiesOut:
    def test_same_as_the_study_without_the_city(self, stages, base):
        city = extreme_cities(stages.raw(base))[0]
        panel = stages.panel
        smaller = replace(panel, cities=panel.cities.drop(city), figures=panel.figures[panel.figures["adcode"] != city])
        result = leave_cities_out(stages, base, [city, "540100"])
        done = study.score_study(smaller, base)
        assert (result.ranks[city].drop(city) == done.ranks).all() and pd.isna(result.ranks.loc[city, city])
        base_scores = study.score_study(panel, base).scores.drop(city)
        shift = (done.ranks - rank(base_scores)).abs()
        assert result.effects.loc[city, "mean_shift"] == pytest.approx(shift.mean())
        assert abs(result.effects.loc[city, "largest_shift"]) == shift.max()

    def test_workers_and_refusals(self, stages, base):
        results = [leave_cities_out(stages, base, ["110000", "540100"], workers=workers) for workers in (1, 2)]
        pd.testing.assert_frame_equal(results[0].ranks, results[1].ranks)
        with pytest.raises(SensitivityError, match="999999"):
            leave_cities_out(stages, base, ["999999"])

    def test_extreme_cities_by_hand(self):
        raw = pd.DataFrame({"a": [1.0, 2.0, 3.0, np.nan], "b": [0.0, 0.0, 1.0, 5.0]}, index=list("wxyz"))
        assert list(extreme_cities(raw)) == ["w", "y", "z"]

    def test_a_city_without_which_nothing_differs_is_none_of_them(self):
        raw = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 0.0, 1.0]}, index=list("xyz"))
        assert list(extreme_cities(raw)) == ["x"]  # without z, b would be the same everywhere


def test_topsis_among_equal_cities_is_refused_as_the_study_refuses_it():
    with pytest.raises(UnusableValues, match="same weighted values"):
        scorer_for(np.ones((3, 2)), "topsis")
