"""Sobol indices: the Ishigami function, SALib on the same points, and tables whose decomposition is known."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.panel import read_panel
from analysis.sensitivity import (
    Crossing,
    Factor,
    Option,
    SensitivityError,
    Stages,
    WeightNoise,
    choice_indices,
    cross,
    enumeration,
    sobol_indices,
    weight_indices,
)
from analysis.sensitivity.counting import DesignCell
from analysis.sensitivity.draws import distinct_rows, noise_quantiles
from analysis.sensitivity.enumeration import sums_of_squares
from analysis.sensitivity.ranking import cell_ranks, drawn_ranks, mean_shifts
from analysis.sensitivity.scorers import scorer_for
from analysis.settings import load_settings


def ishigami(points: np.ndarray) -> np.ndarray:
    x = np.pi * (2 * points - 1)
    return (np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))[:, None]


class TestIshigami:
    """Ishigami, T. & Homma, T. (1990), An importance quantification technique in uncertainty analysis for computer
    models, ISUMA'90; analytic indices for a = 7, b = 0.1 (Saltelli et al. 2008, The Primer, example 4.1)."""

    first = np.array([0.3139, 0.4424, 0.0])
    total = np.array([0.5576, 0.4424, 0.2437])

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_within_the_intervals(self, seed):
        result = sobol_indices(ishigami, list("abc"), 1024, seed)
        assert (np.abs(result.first[0] - self.first) <= result.first_margin[0]).all()
        assert (np.abs(result.total[0] - self.total) <= result.total_margin[0]).all()
        assert (result.first_margin[0] < 0.12).all() and (result.total_margin[0] < 0.12).all()
        assert result.evaluations == 5 * 1024
        assert result.variance[0] == pytest.approx(49 / 8 + 0.1 * np.pi**4 / 5 + 0.01 * np.pi**8 / 18 + 0.5, rel=0.03)

    def test_intervals_hold_the_analytic_values_about_as_often_as_they_say(self):
        held = []
        for seed in range(60):
            found = sobol_indices(ishigami, list("abc"), 256, seed)
            held.append([np.abs(found.first[0] - self.first) <= found.first_margin[0],
                         np.abs(found.total[0] - self.total) <= found.total_margin[0]])
        # of 95 %; Sobol points are more even than the bootstrap supposes, so that more is no surprise
        assert np.mean(held, axis=0).min() >= 0.9

    def test_same_numbers_as_salib_on_the_same_points(self):
        from SALib.analyze import sobol as analysis_of
        from SALib.sample import sobol as sample_of

        problem = {"num_vars": 3, "names": list("abc"), "bounds": [[0, 1]] * 3}
        points = sample_of.sample(problem, 256, calc_second_order=False, seed=np.random.default_rng(5))
        theirs = analysis_of.analyze(problem, ishigami(points)[:, 0], calc_second_order=False, seed=3,
                                     num_resamples=400)
        ours = sobol_indices(ishigami, list("abc"), 256, 5, resamples=400)
        assert ours.first[0].to_numpy() == pytest.approx(theirs["S1"], abs=1e-12)
        assert ours.total[0].to_numpy() == pytest.approx(theirs["ST"], abs=1e-12)
        # SALib keeps the variance of each resample too; two bootstraps of 400 agree to about a tenth.
        assert ours.first_margin[0].to_numpy() == pytest.approx(theirs["S1_conf"], rel=0.25)
        assert ours.total_margin[0].to_numpy() == pytest.approx(theirs["ST_conf"], rel=0.25)


class TestSobolIndices:
    def test_many_outputs_are_the_same_as_one_at_a_time(self):
        def both(points: np.ndarray) -> np.ndarray:
            return np.column_stack([ishigami(points)[:, 0], points @ [1.0, 2.0, 0.0], np.ones(len(points))])

        together = sobol_indices(both, list("abc"), 128, 4, outputs=["ishigami", "linear", "constant"])
        alone = sobol_indices(ishigami, list("abc"), 128, 4)
        assert together.first["ishigami"].to_numpy() == pytest.approx(alone.first[0].to_numpy(), abs=1e-13)
        assert together.of("linear")["total"].index[0] == "b"
        assert together.total.loc["c", "linear"] == together.first.loc["c", "linear"] == 0
        for table in (together.first, together.total, together.first_margin, together.variance.to_frame().T):
            assert (table["constant"] == 0).all()

    def test_refusals(self):
        with pytest.raises(SensitivityError, match="base_samples = 100.*64 or 128"):
            sobol_indices(ishigami, list("abc"), 100, 1)
        with pytest.raises(SensitivityError, match="finite"):
            sobol_indices(lambda points: np.full((len(points), 1), np.nan), ["a"], 8, 1)


class TestWeightIndices:
    def test_an_indicator_that_is_equal_for_all_moves_nothing(self):
        generator = np.random.default_rng(2)
        values = pd.DataFrame(generator.random((40, 4)), columns=list("abcd")).assign(c=0.5)
        weights = pd.Series({"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1})
        result = weight_indices(values, weights, WeightNoise("dirichlet", 30.0), 64, seed=1)
        assert (result.total.loc["c"] == 0).all() and (result.first.loc["c"] == 0).all()
        assert result.total.loc["a", "mean_shift"] > 0.2
        assert list(result.first.columns) == ["mean_shift", *values.index]

    @pytest.mark.parametrize("every_city", [True, False])
    def test_shifts_are_counted_from_the_study_s_own_ranks(self, every_city):
        """A and B are level at the base weights, ranks (1, 1, 3); any other weights give (1, 2, 3) or (2, 1, 3)."""
        values = pd.DataFrame({"a": [1.0, 0.0, 0.2], "b": [0.0, 1.0, 0.2]}, list("ABC"))
        noise = WeightNoise("uniform", half_width=0.1)
        result = weight_indices(values, pd.Series({"a": 0.5, "b": 0.5}), noise, 64, seed=1, every_city=every_city)
        assert result.variance["mean_shift"] == 0  # always 1/3; from (1, 2, 3) it would be 0 or 2/3

    def test_without_noise_nothing_varies(self):
        values = pd.DataFrame(np.random.default_rng(1).random((12, 3)), columns=list("abc"))
        weights = pd.Series(1 / 3, list("abc"))
        result = weight_indices(values, weights, WeightNoise("uniform", half_width=0.0), 16, seed=1)
        assert (result.variance == 0).all() and (result.total == 0).all(axis=None)

    @pytest.mark.parametrize("noise", [WeightNoise("dirichlet", 40.0), WeightNoise("uniform", half_width=0.3)])
    def test_quantiles_have_the_distribution_of_the_draws(self, noise):
        from scipy.stats import ks_2samp

        base = np.array([0.6, 0.3, 0.1])
        drawn = np.empty((3, 4000))
        noise.fill(np.random.default_rng(1), base, drawn)
        found = noise_quantiles(noise, np.random.default_rng(2).random((4000, 3)), base)
        assert all(ks_2samp(drawn[place], found[:, place]).pvalue > 1e-3 for place in range(3))

    @settings(max_examples=30, deadline=None)
    @given(seed=st.integers(0, 10**6), method=st.sampled_from(["arithmetic", "geometric", "topsis"]))
    def test_fast_ranks_are_the_ranks(self, seed, method):
        generator = np.random.default_rng(seed)
        rows, group = distinct_rows(generator.integers(1, 4, (9, 2)).astype(float))
        cell = DesignCell(scorer_for(rows, method), np.ones(2), WeightNoise("dirichlet", 2.0), group)
        weights = generator.dirichlet([1, 1], 50)
        ranks = cell_ranks(cell, weights)
        assert (ranks == drawn_ranks(cell.scorer, group, 3 * weights)).all()
        shifts = mean_shifts(cell.scorer, group, weights, ranks[0])
        assert shifts == pytest.approx(np.abs(ranks - ranks[0]).mean(axis=1))


class TestSumsOfSquares:
    """A table y = a + 2b + ab on a, b in {−1, 1}: variance 6, first-order shares 1/6 and 4/6, totals 2/6 and 5/6."""

    def test_by_hand(self):
        table = np.array([[[a + 2 * b + a * b] for b in (-1.0, 1.0)] for a in (-1.0, 1.0)])[:, :, None]
        shares = sums_of_squares(table)  # the last factor has one level: a sample of one
        assert shares.variance == pytest.approx([6])
        assert shares.first[:2, 0] == pytest.approx([1, 4]) and shares.total[:2, 0] == pytest.approx([2, 5])

    @settings(max_examples=40, deadline=None)
    @given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4), seed=st.integers(0, 10**6))
    def test_against_the_definition(self, shape, seed):
        table = np.random.default_rng(seed).integers(1, 298, (*shape, 2)).astype(float)
        shares = sums_of_squares(table)
        for axis, size in enumerate(shape):
            others = tuple(other for other in range(len(shape)) if other != axis)
            sample = size / (size - 1) if axis == len(shape) - 1 and size > 1 else 1
            assert shares.first[axis] == pytest.approx(sample * table.mean(axis=others).var(axis=0), abs=1e-7)
            assert shares.total[axis] == pytest.approx(
                sample * table.var(axis=axis).reshape(-1, 2).mean(axis=0), abs=1e-7)
        for options in range(2, 8):
            found = sums_of_squares(np.repeat(table[:, :1], options, axis=1))
            assert (found.total[1] == 0).all() and (found.first[1] == 0).all()

    @pytest.mark.parametrize("largest", [297, 8_000, 32_000])
    def test_short_whole_numbers_give_the_sums_of_long_ones(self, largest):
        table = np.random.default_rng(1).integers(largest - 10, largest, (5, 3, 40, 2))
        short, long = sums_of_squares(table.astype(np.int16)), sums_of_squares(table.astype(float))
        for name in ("first", "total", "variance"):
            np.testing.assert_array_equal(getattr(short, name), getattr(long, name))


@pytest.fixture(scope="module")
def stages() -> Stages:
    return Stages(read_panel())


class TestChoiceIndices:
    def crossing(self, *factors: list[dict]) -> Crossing:
        made = [Factor(f"f{place}", "", "", tuple(Option(f"o{number}", "", "", changes)
                                                  for number, changes in enumerate(options)))
                for place, options in enumerate(factors)]
        return Crossing(load_settings(), tuple(made))

    def test_identical_alternatives_have_exactly_no_effect(self, stages):
        crossing = self.crossing([{}, {}, {"weighting.alpha": 0.5}], [{}, {"normalisation.method": "rank"}])
        result = choice_indices(cross(stages, crossing, [WeightNoise("dirichlet", 100.0)]), seed=4, points=2)
        assert (result.first.loc["f0"] == 0).all() and (result.total.loc["f0"] == 0).all()
        assert result.total.loc["f1", "mean_shift"] > 0.3
        assert result.evaluations == 6 * 16
        assert (result.variance >= 0).all() and list(result.first.index) == ["f0", "f1", "weights"]

    def test_enumerated_indices_of_noiseless_choices_are_exact(self, stages):
        """Without noise the indices are those of the table of scenarios, whatever the seed."""
        from analysis.sensitivity import scenario_table

        crossing = self.crossing([{}, {"weighting.alpha": 0.2}, {"weighting.alpha": 0.9}],
                                 [{}, {"normalisation.method": "zscore"}])
        design = cross(stages, crossing, [WeightNoise("uniform", half_width=0.0)])
        results = [choice_indices(design, seed=seed, scramblings=2, points=1) for seed in (1, 2)]
        pd.testing.assert_frame_equal(results[0].first, results[1].first)
        ranks = scenario_table(design).ranks
        y = (ranks - ranks.loc[crossing.base]).abs().mean(axis=1).to_numpy().reshape(3, 2)
        assert results[0].first.loc["f0", "mean_shift"] == pytest.approx(y.mean(axis=1).var() / y.var())
        assert results[0].total.loc["f1", "mean_shift"] == pytest.approx(y.var(axis=1).mean() / y.var())
        assert (results[0].total.loc["weights"] == 0).all()
        assert (results[0].total_margin == 0).all(axis=None)

    def test_how_many_scramblings_are_in_memory_does_not_matter(self, stages, monkeypatch):
        design = cross(stages, self.crossing([{}, {"weighting.alpha": 0.2}]), [WeightNoise("dirichlet", 100.0)])
        together = choice_indices(design, seed=1, scramblings=3, points=2)
        monkeypatch.setattr(enumeration, "RANKS_IN_MEMORY", 1)
        pd.testing.assert_frame_equal(together.total, choice_indices(design, seed=1, scramblings=3, points=2).total)

    def test_two_kinds_of_noise_are_a_factor(self, stages):
        noises = [WeightNoise("dirichlet", 100.0), WeightNoise("uniform", half_width=0.0)]
        result = choice_indices(cross(stages, self.crossing([{}]), noises), seed=1, scramblings=2, points=4)
        assert list(result.first.index) == ["f0", "noise", "weights"]
        assert result.total.loc["noise", "mean_shift"] > 0

    def test_a_table_with_holes_is_refused_by_cause(self, stages):
        crossing = self.crossing([{}, {"aggregation.method": "geometric"}])
        with pytest.raises(SensitivityError, match="o1 was refused.*geometric"):
            choice_indices(cross(stages, crossing, [WeightNoise("dirichlet", 100.0)]), seed=1)


def test_every_combination_of_two_choices_is_a_row():
    crossing = Crossing(load_settings(), (Factor("f", "", "", (Option("a", "", "", {}), Option("b", "", "", {}))),
                                          Factor("g", "", "", (Option("c", "", "", {}), Option("d", "", "", {})))))
    assert crossing.table().to_numpy().tolist() == [list(pair) for pair in itertools.product("ab", "cd")]
