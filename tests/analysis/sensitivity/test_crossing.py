"""Choices with odds: possible pairs, lists that factors share, combinations drawn by the odds, their indices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_design import COMBINATION, NORMALISATION, factor, toy_design

from analysis.sensitivity import (
    Crossing,
    Option,
    SensitivityError,
    Stages,
    WeightNoise,
    choice_indices,
    combinations_to_take,
    cross,
    drawn_indices,
    indices_by_odds,
    method_uncertainty,
    read_crossing,
    replay,
    sample_combinations,
    scenario_summary,
    scenario_table,
    score_draw,
    staircases,
)
from analysis.sensitivity.crossing import Listed, option_of, possible_pairs, with_odds
from analysis.sensitivity.enumeration import sums_of_squares, weighted_sums
from analysis.sensitivity.over_choices import cells_of_draws, draws_by_cell
from analysis.settings import SettingsError, load_settings, with_overrides

NOISE = [WeightNoise("dirichlet", 100.0)]
OBJECTIVE = factor("objective", *({"weighting.objective": kind}
                                  for kind in ("entropy", "nested_entropy", "critic", "equal")))
OUTLIERS = factor("outliers", {"treatment.outliers": "winsorise"}, {"treatment.outliers": "log"})
UNEVEN = factor("objective", {"weighting.objective": "entropy"}, {"weighting.objective": "critic"},
                {"weighting.objective": "equal"}, odds=(1.0, 1.0, 4.0))


@pytest.fixture(scope="module")
def stages(real_panel) -> Stages:
    return Stages(real_panel)


@pytest.fixture(scope="module")
def base():
    return load_settings()


@pytest.fixture(scope="module")
def public(base, real_panel) -> Crossing:
    return read_crossing(base, real_panel)


class TestFile:
    def test_it_holds_the_baseline(self, base, public):
        usual = tuple(factor.options[place] for factor, place in zip(public.factors, public.usual, strict=True))
        assert all(option.key != "run" for option in usual)
        assert with_odds(public, ()).shape == public.shape
        for factor_, place in zip(public.factors, public.usual, strict=True):
            assert with_overrides(base, factor_.options[place].values(base)) == base

    def test_what_the_issue_asks_for_is_crossed(self, public):
        wanted = {"scale", "lists", "district_titles", "reading_I01", "reading_I03", "reading_I28", "reading_I29",
                  "cleaning", "missing", "outliers", "scale_and_sum", "objective", "sparse", "judgement", "combination"}
        factors = {factor.key: factor for factor in public.factors}
        assert wanted <= set(factors) and not {"normalisation", "aggregation", "proxies"} & set(factors)
        assert {"alpha_0", "alpha_100"} <= {option.key for option in factors["combination"].options}
        alone = {option.key for option in factors["judgement"].options if option.key.startswith("expert_")}
        assert alone == {"expert_government", "expert_academic", "expert_industry"}

    def test_the_listing_names_every_factor_and_its_options(self, public):
        listed = public.listing()
        assert list(listed.index) == [factor.key for factor in public.factors]
        assert [len(words.split("、")) for words in listed["options_zh"]] == list(public.shape)
        assert "(25%)" in listed.loc["missing", "options_en"] and "%" not in listed.loc["lists", "options_en"]

    def test_a_choice_of_ones_own_joins(self, base, real_panel):
        crossing = read_crossing(with_overrides(base, {"weighting.alpha": 0.4}), real_panel)
        combination = next(factor for factor in crossing.factors if factor.key == "combination")
        assert combination.options[-1].key == "run" and combination.is_even
        assert crossing.usual[[each.key for each in crossing.factors].index("combination")] == 7

    def test_a_reading_of_ones_own_is_one_option_of_its_factor(self, base, real_panel):
        """Four factors share the list of readings: what the run has of one is no choice of another."""
        own = with_overrides(base, {"indicators.readings": ("mobile_number_blocks",), "indicators.exclude": ("I33",)})
        crossing = read_crossing(own, real_panel)
        assert all(option.key != "run" for factor in crossing.factors for option in factor.options)
        places = dict(zip((each.key for each in crossing.factors), crossing.usual, strict=True))
        assert (places["reading_I29"], places["reading_I01"], places["lists"]) == (2, 0, 0)


class TestOdds:
    def test_equal_where_the_file_says_nothing(self, public):
        for factor_ in public.factors:
            assert factor_.shares.sum() == pytest.approx(1)
            if factor_.key not in ("missing", "outliers"):
                assert factor_.is_even

    def test_variants_of_one_method_share_its_odds(self, public):
        factors = {factor.key: factor for factor in public.factors}
        missing, outliers = factors["missing"], factors["outliers"]
        assert outliers.shares[:3].sum() == pytest.approx(1 / 3) and outliers.shares[3:] == pytest.approx(1 / 3)
        by_method = [missing.shares[:2].sum(), missing.shares[2:5].sum(), *missing.shares[5:]]
        assert by_method == pytest.approx([1 / 4] * 4)

    def test_a_run_may_have_others(self, base, real_panel):
        crossing = read_crossing(with_overrides(base, {"uncertainty.odds": ["lists.without=0.25"]}), real_panel)
        assert next(each for each in crossing.factors if each.key == "lists").shares == pytest.approx([0.8, 0.2])

    @pytest.mark.parametrize(("given_", "words"), [
        ("list.without=1", "the choices crossed are scale, lists"), ("lists.none=1", "the options of lists are with"),
        ("lists.without=0", "odds are above 0")])
    def test_what_is_no_option_is_refused_by_name(self, base, real_panel, given_, words):
        with pytest.raises(SensitivityError, match=words):
            read_crossing(with_overrides(base, {"uncertainty.odds": [given_]}), real_panel)

    @pytest.mark.parametrize("odds", [0, -1, "much", True, float("inf")])
    def test_odds_of_the_file_are_numbers_above_zero(self, odds):
        with pytest.raises(SensitivityError, match="odds"):
            option_of({"key": "a", "zh": "", "en": "", "set": {}, "odds": odds})


class TestLists:
    def test_two_factors_write_to_one_list(self, public):
        places = {factor.key: place for place, factor in enumerate(public.factors)}
        row = list(public.usual)
        row[places["reading_I01"]], row[places["reading_I28"]] = 1, 1
        drawn = sample_combinations(public, 1, seed=1)
        chosen = replace(drawn, drawn=np.array([row]))
        assert set(chosen.settings_of(0).indicators.readings) == {
            "knowledge_services_employment_share", "broadband_china_pilot_year"}

    def test_what_stands_there_stays(self):
        change = Listed(("b",), frozenset("ab"))
        assert change.applied(("a", "x")) == ("x", "b") and change.applied(("b", "x")) == ("b", "x")
        assert Listed((), frozenset("ab")).applied(("x", "a")) == ("x",)


class TestPairs:
    def test_each_possible_pair_is_there_once(self, stages, base, public):
        """What the settings refuse is no pair; no two pairs are the same settings or give the same ranks."""
        pairs = next(each for each in public.factors if each.key == "scale_and_sum").options
        made = [with_overrides(base, option.values(base)) for option in pairs]
        assert len(made) == len(set(made)) == 10  # three scales with two means, two more geometric, two with their own
        ranks = {tuple(stages.ranks(each)) for each in made}
        assert len(ranks) == 10
        assert not any("zscore" in option.key and "geometric" in option.key for option in pairs)

    def test_a_geometric_mean_of_z_scores_is_refused_with_a_remedy(self, base):
        for name in ("aggregation.method", "aggregation.domains"):
            with pytest.raises(SettingsError, match="z-scores have no zero.*minmax"):
                with_overrides(base, {name: "geometric", "normalisation.method": "zscore"})

    def test_an_aggregation_with_its_own_scale_is_one_pair(self, base):
        """Borda points, say, do not depend on the normalisation: crossed with three they are still one option."""
        scales = [Option(name, "", "", {"normalisation.method": name}) for name in ("minmax", "zscore", "rank")]
        sums = [Option("mean", "", "", {}), Option("own", "", "", {"aggregation.method": "topsis",
                                                                   "normalisation.method": "minmax"})]
        pairs = possible_pairs(scales, sums, base)
        assert [pair.key for pair in pairs] == ["minmax_mean", "minmax_own", "zscore_mean", "rank_mean"]


class TestStaircases:
    def test_one_choice_changes_on_a_step(self, public):
        drawn = staircases(public, seed=3)
        rows = drawn.places.reshape(-1, drawn.steps, len(public.factors))
        changed = np.diff(rows, axis=1) != 0
        for step, place in enumerate(drawn.order):
            assert not np.delete(changed[:, step], place, axis=1).any()
            if public.factors[place].is_even:  # no step is lost where all options are equally likely
                assert changed[:, step, place].all()
        assert sorted(drawn.order) == list(range(len(public.factors)))

    def test_staircases_that_belong_together_share_their_data(self, public):
        drawn = staircases(public, seed=3)
        data = [place for place, each in enumerate(public.factors) if each.makes_data]
        groups = drawn.places.reshape(-1, drawn.together, drawn.steps, len(public.factors))[..., data]
        assert (groups == groups[:, :1]).all() and not (groups == groups[:1]).all()

    def test_options_come_as_often_as_their_odds_say(self, public):
        drawn = staircases(public, seed=3, replicates=16, beginnings=8, together=2)
        for place, each in enumerate(public.factors):
            found = np.bincount(drawn.places[:, place], minlength=len(each.options)) / drawn.size
            assert found == pytest.approx(each.shares, abs=0.08)

    def test_the_ends_alone_are_a_sample_by_the_odds(self, public):
        drawn = staircases(public, seed=1)
        ends = drawn.independent_ones()
        assert ends.size == 2 * drawn.size // drawn.steps and ends.replicates == drawn.replicates
        assert (ends.drawn == drawn.drawn[drawn.independent]).all()
        for place, each in enumerate(ends.factors):  # data are drawn 32 times, other choices 256 times
            often = np.bincount(ends.drawn[:, place], minlength=len(each.options)) / ends.size
            assert np.abs(often - each.shares).max() < (0.25 if each.makes_data else 0.1)

    def test_the_same_for_the_same_seed(self, public):
        assert (staircases(public, 5).places == staircases(public, 5).places).all()
        assert not (staircases(public, 5).places == staircases(public, 6).places).all()

    def test_few_combinations_are_all_taken(self, base, public):
        few = Crossing(base, (NORMALISATION, COMBINATION))
        assert combinations_to_take(few, 1) is few
        assert combinations_to_take(public, 1).size < 5000 < public.possible

    def test_numbers_that_are_no_powers_of_two_are_refused(self, public):
        with pytest.raises(SensitivityError, match="beginnings = 3"):
            staircases(public, 1, beginnings=3)

    def test_a_sample_for_others_has_settings_and_cells(self, stages, base):
        crossing = Crossing(base, (NORMALISATION, UNEVEN))
        drawn = sample_combinations(crossing, 64, seed=2)
        design = cross(stages, drawn, NOISE)
        assert drawn.size == len(design.cells) == 64
        found = np.bincount(drawn.places[:, 1], minlength=3) / 64
        assert found == pytest.approx([1 / 6, 1 / 6, 4 / 6], abs=1 / 32)  # a balanced sequence
        values = stages.weights(drawn.settings_of(40))
        assert design.cell(40).base == pytest.approx(values[values > 0].to_numpy())


class TestDraws:
    @settings(max_examples=25, deadline=None)
    @given(draws=st.integers(1, 3000), seed=st.integers(0, 1000))
    def test_cells_are_visited_by_their_odds(self, draws, seed):
        design = toy_design(5, set())
        odds = factor("toy", *({"x.y": number} for number in range(5)), odds=(1.0, 2.0, 3.0, 4.0, 10.0))
        design = replace(design, crossing=Crossing(design.crossing.settings, (odds,)))
        wanted = draws_by_cell(design, draws, seed)
        assert wanted.sum() == draws
        assert np.abs(wanted - draws * np.array([1, 2, 3, 4, 10]) / 20).max() <= 2 + 3 * np.log10(draws + 1)
        assert (cells_of_draws(design, draws + 7, seed)[:draws] == cells_of_draws(design, draws, seed)).all()

    @pytest.mark.long
    def test_a_draw_by_odds_replays_through_the_study(self, stages, base):
        design = cross(stages, Crossing(base, (NORMALISATION, UNEVEN)), NOISE)
        for number in (0, 41):
            before = method_uncertainty(design, number, 5).counts if number else 0
            ranks = (method_uncertainty(design, number + 1, 5).counts - before).idxmax(axis=1)
            assert (score_draw(stages.panel, replay(design, number, 5)).ranks == ranks).all()


@pytest.mark.long
class TestSampleAgainstAll:
    """On few choices the estimates out of a sample agree with the enumeration within the error they state."""

    @pytest.fixture(scope="class", params=["equal", "uneven"])
    @classmethod
    def both(cls, request, stages, base):
        last = OBJECTIVE if request.param == "equal" else UNEVEN
        crossing = Crossing(base, (OUTLIERS, NORMALISATION, last, COMBINATION))
        return cross(stages, crossing, NOISE), cross(stages, staircases(crossing, seed=4, beginnings=4), NOISE)

    def test_chances(self, both):
        everything, sample = (method_uncertainty(design, 20_000, seed=1, top=(100,)) for design in both)
        error = np.hypot(everything.errors["p_top_100"], sample.errors["p_top_100"])
        apart = (everything.ranks["p_top_100"] - sample.ranks["p_top_100"]).abs()
        open_ = error > 1e-3
        assert open_.sum() > 20 and (apart[open_] < 6 * error[open_] + 0.01).all()  # seven degrees of freedom
        assert (apart[open_] < 2 * error[open_]).mean() > 0.7

    def test_indices(self, both):
        everything, sample = choice_indices(both[0], seed=1), drawn_indices(both[1], seed=1)
        for name in ("first", "total"):
            exact, found, margin = (getattr(table, which)["mean_shift"] for table, which in
                                    ((everything, name), (sample, name), (sample, f"{name}_margin")))
            assert list(exact.index) == list(found.index)
            assert ((found - exact).abs() <= 2 * margin + 0.01).all(), pd.DataFrame([exact, found, margin]).T
            assert margin.max() < 0.2
        assert sample.variance["mean_shift"] == pytest.approx(everything.variance["mean_shift"], rel=0.25)

    def test_other_odds_are_those_of_a_crossing_with_these_odds(self, both):
        key, option = "normalisation", "rank"
        exact = indices_by_odds(both[0], 1, key, option, (0.1, 0.5))
        found = indices_by_odds(both[1], 1, key, option, (0.1, 0.5))
        for share in (0.1, 0.5):
            for name in ("first", "total"):
                apart = (getattr(exact[share], name) - getattr(found[share], name))["mean_shift"].abs()
                assert (apart <= 2 * getattr(found[share], f"{name}_margin")["mean_shift"] + 0.02).all()
        assert exact[0.1].total.loc[key, "mean_shift"] < exact[0.5].total.loc[key, "mean_shift"]

    def test_a_share_that_is_none_is_refused(self, both):
        with pytest.raises(SensitivityError, match="share = 1"):
            indices_by_odds(both[1], 1, "normalisation", "rank", (1.0,))


class TestDrawnIndices:
    def test_identical_options_have_exactly_no_total_effect(self, stages, base):
        twice = factor("twice", {}, {})
        crossing = Crossing(base, (twice, NORMALISATION))
        found = drawn_indices(cross(stages, staircases(crossing, 1, together=4), NOISE), seed=1)
        assert (found.total.loc["twice"] == 0).all() and found.total.loc["normalisation", "mean_shift"] > 0.5
        assert found.first.loc["twice", "mean_shift"] == pytest.approx(0, abs=0.02)

    def test_a_refused_combination_is_named(self, stages, base):
        refused = factor("sum", {"aggregation.method": "arithmetic"}, {"aggregation.method": "geometric"})
        design = cross(stages, staircases(Crossing(base, (refused,)), 1), NOISE)
        with pytest.raises(SensitivityError, match=r"geometric was refused .*leave one"):
            drawn_indices(design, seed=1)

    def test_margins_need_replicates(self, stages, base):
        design = cross(stages, staircases(Crossing(base, (NORMALISATION,)), 1, replicates=2), NOISE)
        with pytest.raises(SensitivityError, match="at least 3 replicates"):
            drawn_indices(design, seed=1)


class TestWeightedEnumeration:
    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 10_000))
    def test_an_option_with_twice_the_odds_counts_as_two_options(self, seed):
        """Identity: splitting an option in two of half the odds changes no index."""
        table = np.random.default_rng(seed).integers(1, 9, (2, 3, 4, 2)).astype(float)
        split = np.concatenate([table[:, :1], table], axis=1)  # the first option of the second factor twice
        merged = weighted_sums(table, [np.full(2, 0.5), np.array([0.5, 0.25, 0.25])])
        even = sums_of_squares(split)
        for name in ("first", "total", "variance"):
            np.testing.assert_allclose(getattr(merged, name), getattr(even, name), atol=1e-9)

    def test_by_the_definition(self):
        """Two factors, no weights: S and T summed by hand."""
        y, p, q = np.array([[1.0, 4.0], [2.0, 9.0]]), np.array([0.2, 0.8]), np.array([0.7, 0.3])
        found = weighted_sums(y[:, :, None, None].repeat(2, axis=2), [p, q])
        rows, mean = y @ q, p @ y @ q
        assert found.first[0, 0] == pytest.approx(p @ (rows - mean) ** 2)
        assert found.total[0, 0] == pytest.approx(q @ (p @ y**2 - (p @ y) ** 2))
        assert found.variance[0] == pytest.approx(p @ y**2 @ q - mean**2)

    def test_summary_counts_by_the_odds(self, stages, base):
        """Odds of 1:1:4 give the shares and medians of the same options with the last one four times."""
        four = replace(UNEVEN, options=(*(replace(option, odds=1.0) for option in UNEVEN.options[:2]),
                                        *(replace(UNEVEN.options[2], odds=1.0),) * 4))
        one, other = (scenario_summary(scenario_table(cross(stages, Crossing(base, (each, NORMALISATION)), NOISE)))
                      for each in (UNEVEN, four))
        pd.testing.assert_frame_equal(one, other, check_dtype=False)
