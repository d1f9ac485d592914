"""Rank uncertainty: published and analytic cases, pymcdm as oracle, and the properties every run must have."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from toy_design import AGGREGATION, NORMALISATION, toy_design

from analysis.frames import read_frame, settle, write_frame
from analysis.scoring import aggregate, rank
from analysis.sensitivity import (
    Crossing,
    Draw,
    Factor,
    Option,
    SensitivityError,
    Stages,
    WeightNoise,
    cross,
    leave_one_out,
    method_uncertainty,
    read_crossing,
    replay,
    sample_combinations,
    sample_weights,
    sampled_inputs,
    score_draw,
    scores_by_draw,
    weight_uncertainty,
    with_overrides,
)
from analysis.sensitivity import counting as engine
from analysis.sensitivity.cells import Design
from analysis.sensitivity.counting import DesignCell, RankCounter
from analysis.sensitivity.draws import distinct_rows
from analysis.sensitivity.scorers import scorer_for
from analysis.settings import load_settings
from analysis.validation import UnusableValues, UnusableWeights

NO_NOISE = math.inf


def random_cities(cities: int, indicators: int, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    generator = np.random.default_rng(seed)
    columns = [f"I{number:02d}" for number in range(1, indicators + 1)]
    values = pd.DataFrame(generator.random((cities, indicators)) * 100, [f"{n:06d}" for n in range(cities)], columns)
    return values, pd.Series(generator.dirichlet(np.full(indicators, 3.0)), columns)


@st.composite
def tied_tables(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.Series]:
    """Small tables of small whole numbers: full of ties, equal cities, constant columns and negative values."""
    cities, indicators = draw(st.integers(2, 7)), draw(st.integers(1, 4))
    cell = st.integers(-2, 2).map(float)
    rows = draw(st.lists(st.lists(cell, min_size=indicators, max_size=indicators), min_size=cities, max_size=cities))
    shares = draw(st.lists(st.integers(0, 3), min_size=indicators, max_size=indicators).filter(any))
    columns = [f"I{number}" for number in range(indicators)]
    return (pd.DataFrame(rows, [f"c{number}" for number in range(cities)], columns),
            pd.Series(np.array(shares) / sum(shares), columns))


def one_way_to_score(values: pd.DataFrame, weights: pd.Series, method: str, noise: WeightNoise) -> Design:
    """A design of one cell: these values and weights, aggregated by one method."""
    used = weights.index[weights > 0]
    rows, group = distinct_rows(values[used].to_numpy())
    cell = DesignCell(scorer_for(rows, method), weights[used].to_numpy(), noise, group, tuple(used))
    crossing = Crossing(load_settings(), (Factor("only", "", "", (Option("this", "", "", {}),)),))
    return Design(crossing, (noise,), (cell,), {}, values.index)


def counted(rankings: list[pd.Series], cities: int) -> np.ndarray:
    """How often each city has each rank, one ranking at a time."""
    counts = np.zeros((cities, cities), dtype=int)
    for ranks in rankings:
        counts[np.arange(cities), ranks.to_numpy() - 1] += 1
    return counts


class TestAcceptabilityOfThreeAlternatives:
    """Lahdelma & Salminen (2001), SMAA-2: the acceptability of a rank is the volume of weights that give it.

    Two criteria with uniformly distributed weights (Dirichlet with both parameters 1) and A = (1, 0), B = (0, 1),
    C = (0.6, 0.6): A leads where w1 > 0.6, B where w1 < 0.4, C in between; C is never last.
    """

    def test_volumes(self):
        values = pd.DataFrame({"w1": [1.0, 0.0, 0.6], "w2": [0.0, 1.0, 0.6]}, index=list("ABC"))
        result = weight_uncertainty(values, pd.Series({"w1": 0.5, "w2": 0.5}), 200_000, 2, seed=11, top=(1, 2))
        expected = pd.DataFrame([[0.4, 0.1, 0.5], [0.4, 0.1, 0.5], [0.2, 0.8, 0.0]], list("ABC"), [1, 2, 3])
        assert result.acceptability.to_numpy() == pytest.approx(expected.to_numpy(), abs=0.005)  # 4 standard errors
        assert result.ranks.loc["C", "p_top_2"] == 1

    @pytest.mark.parametrize(("share", "concentration"), [(0.5, 10), (0.6, 30), (0.8, 5)])
    def test_beta_distribution(self, share, concentration):
        """Of two cities that are each best on one indicator, the first leads where a Beta variate exceeds 1/2."""
        from scipy.stats import beta

        values = pd.DataFrame({"w1": [1.0, 0.0], "w2": [0.0, 1.0]}, index=["A", "B"])
        result = weight_uncertainty(values, pd.Series({"w1": share, "w2": 1 - share}), 100_000, concentration, 3, (1,))
        exact = beta.sf(0.5, concentration * share, concentration * (1 - share))
        assert result.ranks.loc["A", "p_top_1"] == pytest.approx(exact, abs=0.0065)


class TestAgainstPymcdm:
    """The same weights through pymcdm's weighted sum model, one draw at a time, give the same integer counts."""

    @pytest.mark.parametrize("noise", [{"concentration": 40.0}, {"concentration": None, "distribution": "uniform",
                                                                 "half_width": 0.5}])
    @pytest.mark.long
    def test_counts(self, noise):
        from pymcdm.helpers import rrankdata
        from pymcdm.methods import WSM
        from pymcdm.normalizations import minmax_normalization

        values, weights = random_cities(25, 6)
        values = (values - values.min()) / (values.max() - values.min())
        model = WSM(minmax_normalization)
        counts = np.zeros((25, 25), dtype=int)
        for row in sample_weights(weights, 1500, seed=5, **noise).to_numpy():
            ranks = rrankdata(model(values.to_numpy(), row, np.ones(6))).astype(int)
            counts[np.arange(25), ranks - 1] += 1
        ours = weight_uncertainty(values, weights, 1500, seed=5, **noise)
        assert (ours.counts.to_numpy() == counts).all()
        assert ours.counts.to_numpy().dtype == np.int64


@pytest.mark.long
class TestProperties:
    @settings(max_examples=60, deadline=None)
    @given(table=tied_tables(), concentration=st.sampled_from([1.0, 20.0, NO_NOISE]))
    def test_every_table(self, table, concentration):
        values, weights = table
        result = weight_uncertainty(values, weights, 300, concentration, seed=2, top=(1, 50))
        cities = len(values)
        assert result.acceptability.sum(axis=1).to_numpy() == pytest.approx(np.ones(cities))
        assert result.acceptability.sum(axis=0).to_numpy() == pytest.approx(np.ones(cities))
        assert (result.counts.sum(axis=1) == 300).all()
        assert (result.ranks["p_top_50"] == 1).all()
        shuffled = weight_uncertainty(values.iloc[::-1], weights, 300, concentration, seed=2, top=(1, 50))
        pd.testing.assert_frame_equal(shuffled.counts.loc[values.index], result.counts)
        used = values.loc[:, weights > 0]
        for first in values.index:
            for second in values.index:
                if (used.loc[first] == used.loc[second]).all():
                    assert (result.acceptability.loc[first] == result.acceptability.loc[second]).all()
                    assert (result.ranks.loc[first] == result.ranks.loc[second]).all()
                elif (used.loc[first] >= used.loc[second]).all():
                    # Nowhere worse: never behind, whatever the weights.
                    cumulative = result.counts.cumsum(axis=1)
                    assert (cumulative.loc[first] >= cumulative.loc[second]).all()

    @settings(max_examples=40, deadline=None)
    @given(table=tied_tables())
    def test_no_noise_gives_the_base_ranks(self, table):
        values, weights = table
        base = rank(settle(aggregate(values, weights)))
        for noise in ({"concentration": NO_NOISE}, {"concentration": None, "distribution": "uniform",
                                                    "half_width": 0.0}):
            result = weight_uncertainty(values, weights, 10, seed=1, **noise)
            for column in ("median", "rank_05", "rank_95", "mean"):
                assert (result.ranks[column] == base).all()

    @settings(max_examples=40, deadline=None)
    @given(table=tied_tables(), method=st.sampled_from(["arithmetic", "geometric", "topsis"]), tenths=st.booleans(),
           noise=st.sampled_from([WeightNoise("dirichlet", NO_NOISE), WeightNoise("uniform", half_width=0.0),
                                  WeightNoise("uniform", half_width=0.5), WeightNoise("dirichlet", 60.0)]))
    def test_every_draw_has_the_ranks_of_the_study(self, table, method, tenths, noise):
        """Draw by draw by `scoring.rank`, for every aggregation, ties included; without noise these are the base ranks.

        Tenths are not exact in binary: equal totals differ in their last bits until they are settled.
        """
        values, weights = (table[0] + 3) / (10 if tenths else 1), table[1]
        assume(method != "topsis" or (values.loc[:, weights > 0].nunique() > 1).any())  # which the study refuses
        design = one_way_to_score(values, weights, method, noise)
        drawn = [replay(design, number, 4).weights.reindex(weights.index, fill_value=0.0) for number in range(20)]
        expected = [rank(settle(aggregate(values, one, method))) for one in drawn]
        assert (method_uncertainty(design, 20, 4).counts == counted(expected, len(values))).all(axis=None)
        if noise.is_none:
            base = rank(settle(aggregate(values, weights, method)))
            assert all((one == base).all() for one in expected)

    @pytest.mark.parametrize(("method", "values", "parts", "ranks"), [
        ("arithmetic", [[0.1, 0.3], [0.4, 0.2], [0.5, 0.1]], [1, 2], [2, 1, 2]),  # 0.7, 0.8 and 0.7 thirds
        ("geometric", [[0.5, 0.3, 0.3], [0.1, 0.2, 0.5], [0.3, 0.5, 0.5]], [2, 1, 1], [1, 3, 1]),  # 225, 10, 225
        ("topsis", [[0.1, 0.5], [0.3, 0.5], [0.4, 0.3]], [2, 3], [2, 1, 2]),  # 0.3 × 0.4 = 0.2 × 0.6: half-way twice
    ])
    def test_unequal_cities_with_equal_totals_tie_without_noise(self, method, values, parts, ranks):
        """Totals that are equal on paper and differ in the last bit when they are computed."""
        table = pd.DataFrame(values, list("ABC"))
        weights = pd.Series(np.array(parts) / sum(parts))
        assert rank(settle(aggregate(table, weights, method))).tolist() == ranks
        for noise in (WeightNoise("dirichlet", NO_NOISE), WeightNoise("uniform", half_width=0.0)):
            result = method_uncertainty(one_way_to_score(table, weights, method, noise), 3, 1).ranks
            assert (result[["median", "rank_05", "rank_95", "mean"]].T == ranks).all(axis=None)

    def test_strict_dominance_never_loses(self):
        values, weights = random_cities(40, 5)
        values.loc["best"] = values.max() + 1e-9
        values.loc["worst"] = values.drop(index="best").min() - 1e-9
        result = weight_uncertainty(values, weights, 5000, 3, seed=1, top=(1,))
        assert result.ranks.loc["best", "p_top_1"] == 1
        assert (result.ranks.loc["worst", ["rank_05", "rank_95"]] == len(values)).all()

    def test_shift_of_an_indicator_moves_no_rank(self):
        values, weights = random_cities(60, 7)
        standardised = (values - values.mean()) / values.std()
        shifted = standardised + np.arange(7) * 10.0
        results = [weight_uncertainty(table, weights, 3000, 50, seed=4) for table in (standardised, shifted)]
        pd.testing.assert_frame_equal(results[0].counts, results[1].counts)

    def test_more_concentration_means_narrower_intervals(self):
        values, weights = random_cities(50, 8)
        widths = [
            (result.ranks["rank_95"] - result.ranks["rank_05"]).mean()
            for result in (weight_uncertainty(values, weights, 3000, c, seed=1) for c in (10, 100, 1000))
        ]
        assert widths[0] > 1.5 * widths[1] > 1.5 * widths[2]


class TestTies:
    def test_duplicates_share_rank_and_chances(self):
        values, weights = random_cities(20, 4)
        single = weight_uncertainty(values, weights, 4000, 10, seed=9, top=(5,))
        doubled = pd.concat([values, values.loc[["000007"]].set_axis(["twin"])])
        result = weight_uncertainty(doubled, weights, 4000, 10, seed=9, top=(5,))
        assert (result.counts.loc["twin"] == result.counts.loc["000007"]).all()
        assert (result.acceptability.loc["twin"] == result.acceptability.loc["000007"]).all()
        # The twin pushes nobody who was ahead, and the pair keeps the rank the one had.
        assert result.ranks.loc["twin", "median"] == single.ranks.loc["000007", "median"]
        assert result.acceptability.sum(axis=0).to_numpy() == pytest.approx(np.ones(21))
        last = result.counts.loc[["twin", "000007"]].iloc[:, -1]
        assert (last == 0).all()  # two cities that tie share the smaller rank: nobody is last alone

    def test_ties_share_the_smaller_rank_in_every_draw(self):
        """Three equal cities ahead or behind: (1, 1, 1, 4) or (1, 2, 2, 2) in every draw, never (1, 2, 3, 4)."""
        values = pd.DataFrame({"a": [5.0, 5.0, 5.0, 1.0], "b": [1.0, 1.0, 1.0, 5.0]}, index=list("xyzo"))
        noise = {"concentration": None, "distribution": "uniform", "half_width": 0.5}
        result = weight_uncertainty(values, pd.Series({"a": 0.5, "b": 0.5}), 1000, seed=1, top=(1,), **noise)
        ahead = result.counts.loc["x", 1]
        assert 300 < ahead < 700
        for city in "xyz":
            assert result.counts.loc[city].tolist() == [ahead, 1000 - ahead, 0, 0]
        assert result.counts.loc["o"].tolist() == [1000 - ahead, 0, 0, ahead]

    def test_equal_on_the_weighted_indicators_only(self):
        values = pd.DataFrame({"a": [1.0, 1.0, 0.0], "b": [5.0, 9.0, 7.0]}, index=list("xyz"))
        result = weight_uncertainty(values, pd.Series({"a": 1.0, "b": 0.0}), 50, 10, seed=1)
        assert result.ranks["median"].to_dict() == {"x": 1, "y": 1, "z": 3}
        assert result.acceptability.loc["x"].tolist() == [0.5, 0.5, 0.0]

    @pytest.mark.parametrize("cities", [2, 297, 4096])
    def test_keys_keep_the_order_of_scores_a_trillionth_apart(self, cities):
        scores = 50 * (1 + 1e-12 * np.arange(cities, dtype=float))  # the best city has the last position
        counter = RankCounter(np.ones(cities, dtype=int))
        counter.add(scores[None, :].copy())
        assert (counter.counts.argmax(axis=1) == np.arange(cities)[::-1]).all()


class TestStreams:
    def test_same_for_any_number_of_workers(self):
        values, weights = random_cities(80, 9)
        results = [weight_uncertainty(values, weights, 20_500, 60, seed=8, workers=workers) for workers in (1, 2, 3)]
        for other in results[1:]:
            pd.testing.assert_frame_equal(results[0].counts, other.counts)
            pd.testing.assert_frame_equal(results[0].ranks, other.ranks)
            pd.testing.assert_frame_equal(results[0].acceptability, other.acceptability)

    @settings(max_examples=15, deadline=None)
    @given(table=tied_tables(), scores=st.sampled_from([1, 300, 5000, 2**21]), blocks=st.integers(1, 60),
           workers=st.integers(1, 3))
    @pytest.mark.long
    def test_same_for_any_size_of_block(self, table, scores, blocks, workers):
        """Neither how many scores are in memory nor how the streams are dealt out to workers moves a single count."""
        values, weights = table
        design = toy_design(7, {2}, cities=6)
        expected = (weight_uncertainty(values, weights, 2500, 30.0, 3), method_uncertainty(design, 900, 3))
        seen, add = set(), RankCounter.add
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "SCORES_IN_MEMORY", scores)
            patch.setattr(engine, "BLOCKS_PER_WORKER", blocks)
            patch.setattr(RankCounter, "add", lambda self, block: (seen.add(len(block)), add(self, block)))
            found = (weight_uncertainty(values, weights, 2500, 30.0, 3, workers=workers),
                     method_uncertainty(design, 900, 3, workers=workers))
        assert max(seen) <= 32 if scores == 1 else max(seen) >= min(scores // 7, 128)
        for one, other in zip(expected, found, strict=True):
            pd.testing.assert_frame_equal(one.counts, other.counts)
            pd.testing.assert_frame_equal(one.ranks, other.ranks, check_exact=True)
            pd.testing.assert_frame_equal(one.acceptability, other.acceptability, check_exact=True)

    def test_each_cell_of_a_design_has_draws_of_its_own(self):
        base = random_cities(2, 5)[1]
        here, there = (sample_weights(base, 50, 60, seed=8, cell=cell) for cell in (0, 1))
        assert not (here == there).any(axis=None)

    def test_cities_are_equal_to_the_twelfth_digit_of_the_range_and_not_before(self):
        assert len(distinct_rows(np.array([[0.0], [1e-13], [1.0]]))[0]) == 2
        assert len(distinct_rows(np.array([[0.0], [1e-11], [1.0]]))[0]) == 3

    def test_a_draw_can_be_replayed(self):
        values, weights = random_cities(30, 5)
        weights_417 = sample_weights(weights, 418, 80, seed=6).loc[417]
        assert (weights_417 == sample_weights(weights, 3000, 80, seed=6).loc[417]).all()
        before, after = (weight_uncertainty(values, weights, n, 80, seed=6).counts for n in (417, 418))
        replayed = (after - before).idxmax(axis=1)
        assert (replayed == rank(aggregate(values, weights_417 / weights_417.sum()))).all()

    def test_another_seed_gives_other_draws(self):
        values, weights = random_cities(30, 5)
        first, second = (weight_uncertainty(values, weights, 500, 20, seed=seed).counts for seed in (1, 2))
        assert not first.equals(second)

    def test_weights_have_the_moments_of_the_dirichlet(self):
        base = pd.Series({"a": 0.6, "b": 0.3, "c": 0.1, "d": 0.0})
        drawn = sample_weights(base, 50_000, 40, seed=1)
        assert drawn.sum(axis=1).to_numpy() == pytest.approx(np.ones(50_000))
        assert drawn.mean().to_numpy() == pytest.approx(base.to_numpy(), abs=0.002)
        assert drawn.std().to_numpy() == pytest.approx(np.sqrt(base * (1 - base) / 41).to_numpy(), rel=0.02)
        assert (drawn["d"] == 0).all()

    def test_uniform_weights_stay_within_their_bounds(self):
        base = pd.Series({"a": 0.6, "b": 0.3, "c": 0.1})
        drawn = sample_weights(base, 5000, None, seed=1, distribution="uniform", half_width=0.25)
        ratio = drawn["a"] / drawn["b"] / 2
        assert ratio.between(0.75 / 1.25, 1.25 / 0.75).all()
        assert ratio.max() > 1.5

    def test_scores_by_draw_are_the_scores_of_the_draws(self):
        values, weights = random_cities(12, 4)
        scores = scores_by_draw(values, weights, 30, 15, seed=3)
        drawn = sample_weights(weights, 30, 15, seed=3)
        assert scores.to_numpy() == pytest.approx(drawn.to_numpy() @ values.to_numpy().T)


class TestFailedDraws:
    @settings(max_examples=30, deadline=None)
    @given(cells=st.integers(2, 9), draws=st.integers(1, 60), seed=st.integers(0, 2**40), data=st.data())
    @pytest.mark.long
    def test_each_is_counted_under_its_cause(self, cells, draws, seed, data):
        """Asked one at a time, the draws fail for the causes, and as often, as the list says."""
        refused = data.draw(st.sets(st.integers(0, cells - 1), min_size=1, max_size=cells - 1))
        design = toy_design(cells, refused)
        design = replace(design, cells=tuple(cell and replace(cell, indicators=("a", "b", "c"))
                                             for cell in design.cells))
        causes = Counter()
        for number in range(draws):
            try:
                replay(design, number, seed)
            except SensitivityError as error:
                causes[str(error).removeprefix(f"draw {number} failed: ")] += 1
        failed = sum(causes.values())
        assert sampled_inputs(design, draws, seed)["a"].isna().sum() == failed
        assume(failed < draws)  # otherwise it is refused: test_nothing_is_lost_for_any_number_of_workers
        result = method_uncertainty(design, draws, seed)
        listed = result.failures.set_index("cause")
        assert {cause: number for cause, number in listed["draws"].items() if number} == dict(causes)
        assert listed["combinations"].sum() == len(refused)
        assert (result.draws, result.failed) == (draws - failed, failed)
        assert (result.counts.sum(axis=1) == draws - failed).all()
        assert len(sampled_inputs(design, draws, seed)) == draws


@pytest.fixture(scope="module")
def design(real_panel) -> Design:
    """Normalisation × aggregation on the real panel, with a geometric mean that most normalisations cannot give."""
    base = load_settings()
    refused = Option("geometric_with_zeros", "", "", {"aggregation.method": "geometric"})
    aggregation = replace(AGGREGATION, options=(*AGGREGATION.options, refused))
    noises = (WeightNoise("dirichlet", 100.0), WeightNoise("uniform", half_width=0.25))
    return cross(Stages(real_panel), Crossing(base, (NORMALISATION, aggregation)), noises)


@pytest.fixture(scope="module")
def saved(design, tmp_path_factory) -> pd.DataFrame:
    """The inputs of 420 draws with seed 5, from a file."""
    path = tmp_path_factory.mktemp("inputs") / "inputs.csv"
    inputs = sampled_inputs(design, 420, 5)
    write_frame(inputs, path)
    read = read_frame(path, index="draw")
    pd.testing.assert_frame_equal(read, inputs, check_exact=True)
    return read


class TestSavedInputs:
    """The inputs of the draws, written to a file and read again, give the ranks that were counted."""

    def draw_of(self, design: Design, row: pd.Series) -> Draw:
        """A draw made of nothing but a row of the file and the options by name."""
        factors = design.crossing.factors
        options = [next(option for option in factor.options if option.key == row[factor.key]) for factor in factors]
        changes = {name: value for option in options for name, value in option.changes.items()}
        weights = row.drop([*(factor.key for factor in factors), "noise"]).dropna().astype(float)
        return Draw(int(row.name), row, with_overrides(design.crossing.settings, changes), weights)

    def test_failed_draws_are_rows_without_weights(self, design, saved):
        empty = saved.filter(like="I").isna().all(axis=1)
        assert empty.sum() == method_uncertainty(design, 420, 5).failed > 0
        assert set(saved.loc[empty, "aggregation"]) == {"geometric_with_zeros"}

    @pytest.mark.parametrize("number", [0, 414, 416, 417])  # TOPSIS, refused, arithmetic, geometric
    @pytest.mark.long
    def test_ranks(self, design, saved, real_panel, number):
        before = method_uncertainty(design, number, 5).counts if number else 0
        if saved.loc[number].filter(like="I").isna().all():
            with pytest.raises(SensitivityError, match=f"draw {number} failed"):
                replay(design, number, 5)
            with pytest.raises(ValueError, match="geometric"):
                score_draw(real_panel, self.draw_of(design, saved.loc[number]))
            return
        ranks = (method_uncertainty(design, number + 1, 5).counts - before).idxmax(axis=1)
        assert (score_draw(real_panel, self.draw_of(design, saved.loc[number])).ranks == ranks).all()
        assert (score_draw(real_panel, replay(design, number, 5)).ranks == ranks).all()

    def test_the_names_of_all_options_survive_the_file(self, real_panel, tmp_path):
        drawn = sample_combinations(read_crossing(load_settings(), real_panel), 500, seed=1)
        table = drawn.table().rename_axis("draw")
        write_frame(table, tmp_path / "options.csv")
        pd.testing.assert_frame_equal(read_frame(tmp_path / "options.csv", index="draw"), table,
                                      check_index_type=False)


class TestSummaries:
    def test_quantile_is_the_smallest_rank_that_reaches_the_share(self):
        from analysis.sensitivity.uncertainty import rank_at

        counts = np.array([[5, 45, 45, 5], [6, 44, 50, 0]])
        assert rank_at(counts, 5).tolist() == [1, 1]
        assert rank_at(counts, 50).tolist() == [2, 2]
        assert rank_at(counts, 95).tolist() == [3, 3]
        assert rank_at(np.array([[4, 46, 50, 0]]), 5).tolist() == [2]

    def test_summaries_follow_from_the_counts(self):
        values, weights = random_cities(15, 4)
        result = weight_uncertainty(values, weights, 2000, 12, seed=1, top=(3,))
        assert result.failed == 0
        assert (result.ranks["p_top_3"] == result.counts.loc[:, :3].sum(axis=1) / 2000).all()
        assert result.ranks["mean"].to_numpy() == pytest.approx(
            (result.counts * result.counts.columns.to_numpy()).sum(axis=1).to_numpy() / 2000)
        assert (result.quantile(50) == result.ranks["median"]).all()

    def test_inputs_stay_as_they_were(self):
        values, weights = random_cities(10, 3)
        copies = values.copy(), weights.copy()
        weight_uncertainty(values, weights, 100, 10, seed=1)
        leave_one_out(values, weights)
        pd.testing.assert_frame_equal(values, copies[0])
        pd.testing.assert_series_equal(weights, copies[1])


class TestRefusals:
    @pytest.mark.parametrize(("arguments", "message"), [
        ({"concentration": 0.5}, "concentration"),
        ({"concentration": None}, "concentration"),
        ({"concentration": math.nan}, "concentration"),
        ({"draws": 0}, "draws"),
        ({"draws": 10.5}, "draws"),
        ({"workers": 0}, "workers"),
        ({"top": (0,)}, "top"),
        ({"distribution": "normal"}, "normal"),
        ({"distribution": "uniform", "half_width": 1.5}, "half_width"),
        ({"distribution": "uniform"}, "half_width"),
    ])
    def test_arguments(self, arguments, message):
        values, weights = random_cities(5, 3)
        with pytest.raises(SensitivityError, match=message):
            weight_uncertainty(values, weights, **{"draws": 10, "concentration": 10, "seed": 1} | arguments)

    def test_a_gap_is_named(self):
        values, weights = random_cities(5, 3)
        values.loc["000003", "I02"] = np.nan
        with pytest.raises(UnusableValues, match="000003.*I02"):
            weight_uncertainty(values, weights, 10, 10, seed=1)

    def test_weights_of_other_indicators(self):
        values, weights = random_cities(5, 3)
        with pytest.raises(UnusableWeights, match="I99"):
            weight_uncertainty(values, weights.rename({"I01": "I99"}), 10, 10, seed=1)


class TestLeaveOneOut:
    """Three cities by hand: weights 0.5, 0.3, 0.2; base scores A 5.0, B 4.8, C 4.4.

    Without a: B (0.6 × 8 + 0.4 × 6 = 7.2), C (0.6 × 4 + 0.4 × 6 = 4.8), A (0). Without c: A 6.25, B 4.5, C 4.0.
    """

    values = pd.DataFrame({"a": [10.0, 2.4, 4.0], "b": [0.0, 8.0, 4.0], "c": [0.0, 6.0, 6.0]}, index=list("ABC"))
    weights = pd.Series({"c": 0.2, "a": 0.5, "b": 0.3})

    def test_by_hand(self):
        result = leave_one_out(self.values, self.weights, top=1)
        assert result.base.to_dict() == {"A": 1, "B": 2, "C": 3}
        assert result.ranks["a"].to_dict() == {"A": 3, "B": 1, "C": 2}
        row = result.effects.loc["a"]
        assert row["mean_shift"] == pytest.approx(4 / 3)
        assert (row["largest_shift"], row["city"]) == (2, "A")
        assert (row["entering"], row["leaving"], row["entered"], row["left"]) == (("B",), ("A",), 1, 1)
        assert row["spearman"] == pytest.approx(1 - 6 * (4 + 1 + 1) / (3 * 8))
        assert result.effects.loc["c", "mean_shift"] == 0
        assert result.effects.loc["c", "spearman"] == 1
        assert result.effects["weight"].to_dict() == {"a": 0.5, "b": 0.3, "c": 0.2}

    def test_groups_and_levels(self):
        levels = pd.DataFrame({"subdomain": ["S1", "S2", "S2"], "domain": ["D1", "D1", "D2"]}, index=list("abc"))
        result = leave_one_out(self.values, self.weights, levels, top=1)
        assert result.effects["level"].tolist() == ["indicator"] * 3 + ["subdomain"] * 2 + ["domain"] * 2
        assert (result.ranks["S1"] == result.ranks["a"]).all()
        assert (result.ranks["D2"] == result.ranks["c"]).all()
        assert result.ranks["D1"].to_dict() == {"A": 3, "B": 1, "C": 1}
        series = leave_one_out(self.values, self.weights, {"a": "x", "b": "y", "c": "y"}).effects
        assert series.loc[["x", "y"], "level"].tolist() == ["group", "group"]

    def test_an_indicator_without_weight_changes_nothing(self):
        values, weights = random_cities(30, 5)
        values = values.assign(I06=values["I01"].to_numpy()[::-1])
        result = leave_one_out(values, pd.concat([weights, pd.Series({"I06": 0.0})]))
        assert (result.ranks["I06"] == result.base).all()

    def test_nothing_left_is_refused(self):
        one = self.values[["a"]]
        with pytest.raises(SensitivityError, match="a leaves no weight"):
            leave_one_out(one, pd.Series({"a": 1.0}))

    def test_a_part_that_is_everything_has_no_row(self):
        groups = {"a": "D1", "b": "D1", "c": "D1"}
        assert list(leave_one_out(self.values, self.weights, groups).effects.index) == ["a", "b", "c"]

    def test_missing_and_clashing_groups_are_named(self):
        with pytest.raises(SensitivityError, match="c has no group"):
            leave_one_out(self.values, self.weights, {"a": "D1", "b": "D1"})
        with pytest.raises(SensitivityError, match="a:"):
            leave_one_out(self.values, self.weights, {"a": "D1", "b": "D1", "c": "a"})
