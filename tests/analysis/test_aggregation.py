"""Scores without weights: published worked examples, brute force, and what the definitions promise."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import aggregation, scoring
from analysis.aggregation import benefit_of_doubt, borda, mazziotta_pareto
from analysis.framework import read_framework
from analysis.sensitivity.scorers import scorer_for
from analysis.settings import ROOT
from analysis.study import rule
from analysis.validation import UnusableValues

tables = arrays(float, (6, 3), elements=st.integers(0, 9).map(float))


class TestBorda:
    def test_a_published_election(self):
        """Wikipedia, "Borda count" (Tennessee): 42 voters M N C K, 26 N C K M, 15 C K N M, 17 K C N M give 126, 194,
        173 and 107 points. Each voter is an indicator, the points of a place are 3, 2, 1, 0."""
        ballots = {"MNCK": 42, "NCKM": 26, "CKNM": 15, "KCNM": 17}
        columns = [dict(zip(order, (3.0, 2, 1, 0), strict=True)) for order, voters in ballots.items()
                   for _ in range(voters)]
        values = pd.DataFrame(columns).T
        assert (borda(values) * 3).round(9).to_dict() == {"M": 126, "N": 194, "C": 173, "K": 107}

    @given(tables)
    def test_it_is_the_mean_of_duels_won_a_draw_counting_half(self, table):
        by_loops = [100 * np.mean([(row[j] > other[j]) + (row[j] == other[j]) / 2
                                   for j in range(3) for place, other in enumerate(table) if place != own])
                    for own, row in enumerate(table)]
        assert borda(pd.DataFrame(table)).tolist() == pytest.approx(by_loops)

    @given(tables)
    def test_only_order_matters(self, table):
        frame = pd.DataFrame(table)
        assert borda(frame).tolist() == borda(frame**3 * [1, 10, 0.1] + 5).tolist()

    def test_a_city_alone_is_in_the_middle(self):
        assert borda(pd.DataFrame({"a": [3.0]})).tolist() == [50]


class TestMazziottaPareto:
    table = pd.DataFrame({"a": [1.0, 2, 3, 6], "b": [10.0, 10, 40, 20], "c": [5.0, 1, 2, 0]})

    @pytest.mark.parametrize("sign", ["-", "+"])
    def test_by_the_formula_in_loops(self, sign):
        """Mazziotta & Pareto (2016), section 3: z, then M, S, cv = S / M, and M ± S cv."""
        z = [[100 + 10 * (value - np.mean(list(column))) / np.sqrt(np.mean((column - np.mean(column)) ** 2))
              for value in column] for column in self.table.to_numpy().T]
        for city, found in enumerate(mazziotta_pareto(self.table, sign)):
            own = [column[city] for column in z]
            mean = sum(own) / 3
            deviation = (sum((value - mean) ** 2 for value in own) / 3) ** 0.5
            penalty = deviation * (deviation / mean)
            assert found == pytest.approx(mean + penalty if sign == "+" else mean - penalty)

    def test_both_signs_lie_about_the_mean(self):
        both = mazziotta_pareto(self.table, "-") + mazziotta_pareto(self.table, "+")
        z = 100 + 10 * (self.table - self.table.mean()) / self.table.std(ddof=0)
        assert (both / 2).tolist() == pytest.approx(z.mean(axis=1).tolist())

    def test_an_even_profile_keeps_its_mean_and_an_uneven_one_loses(self):
        z = 100 + 10 * (self.table - self.table.mean()) / self.table.std(ddof=0)
        assert (mazziotta_pareto(self.table) < z.mean(axis=1)).all()
        level = pd.DataFrame({"a": [0.0, 1, 2], "b": [5.0, 6, 7]})
        assert mazziotta_pareto(level).tolist() == pytest.approx((100 + 10 * np.array([-1, 0, 1]) * 1.5**0.5).tolist())

    def test_units_do_not_matter_and_the_mean_of_means_is_100(self):
        other = self.table * [3, 0.1, 100] + [7, -2, 0]
        assert mazziotta_pareto(other).tolist() == pytest.approx(mazziotta_pareto(self.table).tolist())
        assert (mazziotta_pareto(self.table, "-") + mazziotta_pareto(self.table, "+")).mean() / 2 == pytest.approx(100)

    def test_a_constant_indicator_is_100_for_all(self):
        assert mazziotta_pareto(pd.DataFrame({"a": [5.0, 5, 5]})).tolist() == [100, 100, 100]

    def test_another_sign_is_refused(self):
        with pytest.raises(ValueError, match="write - where larger is better"):
            mazziotta_pareto(self.table, "*")


class TestBenefitOfTheDoubt:
    """Cooper, Seiford & Tone (2007), Data Envelopment Analysis, 2nd ed., section 1.4: stores with one input of 1 and
    two outputs. B, E, F and G are efficient; A reaches 0.714 and D 0.75."""

    stores = pd.DataFrame({"customers": [1.0, 2, 3, 4, 4, 5, 6], "sales": [5.0, 7, 4, 3, 6, 5, 2]},
                          index=list("ABCDEFG"))

    def test_cooper_seiford_and_tone(self):
        scores = benefit_of_doubt(self.stores).scores
        assert scores[["B", "E", "F", "G"]].tolist() == [1, 1, 1, 1]
        assert scores.round(3)[["A", "D"]].tolist() == [0.714, 0.75]
        assert scores["C"] == pytest.approx(0.7)  # (3, 4) reaches the line from E to F, a + b = 10, at 10/7 of itself

    @pytest.mark.parametrize("freedom", [1.0, 1.3, 2.0, 5.0, None])
    def test_against_a_fine_grid_of_weights(self, freedom):
        """Two indicators: every share of weight in steps of 1/10,000 within its bounds."""
        values = self.stores / self.stores.max()
        low, high = (0, 1) if freedom is None else (max(1 / (2 * freedom), 1 - freedom / 2),
                                                    min(freedom / 2, 1 - 1 / (2 * freedom)))
        shares = np.unique([low, high, *np.arange(low, high, 1e-4)])
        weighted = np.outer(values["customers"], shares) + np.outer(values["sales"], 1 - shares)
        best = (weighted / weighted.max(axis=0)).max(axis=1)
        assert benefit_of_doubt(values, freedom).scores.tolist() == pytest.approx(best.tolist(), abs=2e-4)

    @given(arrays(float, (7, 3), elements=st.floats(0.1, 9)), st.sampled_from([1.2, 2.0, None]))
    @settings(max_examples=25, deadline=None)
    def test_the_weights_given_reach_the_score_and_keep_their_bounds(self, table, freedom):
        frame = pd.DataFrame(table)
        found = benefit_of_doubt(frame, freedom)
        for city in frame.index:
            totals = frame @ found.weights.loc[city]
            assert totals[city] / totals.max() == pytest.approx(found.scores[city], abs=1e-6)
        np.testing.assert_allclose(found.weights.sum(axis=1), 1)
        if freedom:
            assert found.weights.min(axis=None) > 1 / (3 * freedom) - 1e-6
            assert found.weights.max(axis=None) < freedom / 3 + 1e-6

    @given(arrays(float, (6, 3), elements=st.floats(0.1, 9)))
    @settings(max_examples=20, deadline=None)
    def test_no_weights_do_better(self, table):
        frame, random = pd.DataFrame(table), np.random.default_rng(0).dirichlet(np.ones(3), 200)
        totals = table @ random.T
        assert (benefit_of_doubt(frame).scores.to_numpy() >= (totals / totals.max(axis=0)).max(axis=1) - 1e-6).all()

    def test_no_freedom_leaves_the_mean_and_more_freedom_never_lowers_a_score(self):
        values = pd.DataFrame(np.random.default_rng(2).random((30, 4)))
        means = values.mean(axis=1)
        assert benefit_of_doubt(values, 1).scores.tolist() == pytest.approx((means / means.max()).tolist(), abs=1e-6)
        rising = [benefit_of_doubt(values, freedom).scores for freedom in (1, 1.5, 2, 4, None)]
        assert all((after >= before - 1e-6).all() for before, after in itertools.pairwise(rising))

    def test_a_leader_of_one_indicator_scores_1_and_equal_cities_alike(self):
        values = pd.DataFrame({"a": [9.0, 1, 1, 5], "b": [0.0, 2, 2, 4]}, index=list("wxyz"))
        scores = benefit_of_doubt(values).scores
        assert scores["w"] == scores["z"] == 1 and scores["x"] == scores["y"]

    def test_a_city_with_nothing_scores_0(self):
        values = pd.DataFrame({"a": [0.0, 3, 1], "b": [0.0, 1, 2]})
        for freedom in (2.0, None):
            found = benefit_of_doubt(values, freedom)
            assert found.scores[0] == 0 and found.weights.loc[0].tolist() == [0.5, 0.5]

    def test_many_rivals_are_added_as_they_bind(self):
        """Points on a sphere: every one is undominated, and each programme starts with few of them."""
        directions = np.abs(np.random.default_rng(5).normal(size=(80, 4)))
        sphere = pd.DataFrame(directions / np.linalg.norm(directions, axis=1, keepdims=True))
        assert len(aggregation.undominated(sphere.to_numpy())) == 80
        inside = pd.concat([sphere, sphere * 0.8], ignore_index=True)
        scores = benefit_of_doubt(inside).scores
        assert (scores[:80] == 1).all() and scores[80:].tolist() == pytest.approx([0.8] * 80)

    def test_refusals(self, monkeypatch):
        with pytest.raises(UnusableValues, match="city B, indicator sales: -1 is below 0"):
            benefit_of_doubt(self.stores.replace(7, -1))
        with pytest.raises(UnusableValues, match="all values of customers, sales are 0"):
            benefit_of_doubt(self.stores * 0)
        with pytest.raises(ValueError, match="freedom 0.5: 1 leaves equal weights"):
            benefit_of_doubt(self.stores, 0.5)
        monkeypatch.setattr(aggregation, "MOST_UNITS", 6)
        with pytest.raises(UnusableValues, match="7 are more than the 6"):
            benefit_of_doubt(self.stores)


@pytest.mark.parametrize("method", scoring.WEIGHTLESS)
class TestInTheStudy:
    values = pd.DataFrame(np.random.default_rng(1).integers(0, 5, (25, 4)) * 25.0,
                          columns=["I01", "I03", "I11", "I18"])
    weights = pd.Series([0.4, 0.3, 0.2, 0.1], values.columns)

    def test_weights_only_say_what_counts(self, method):
        scores = scoring.aggregate(self.values, self.weights, method)
        assert scores.equals(scoring.aggregate(self.values, pd.Series(0.25, self.values.columns), method))
        without = scoring.aggregate(self.values, pd.Series([0, 0.5, 0.3, 0.2], self.values.columns), method)
        kept = self.values.drop(columns="I01")
        assert without.equals(scoring.aggregate(kept, pd.Series([0.5, 0.3, 0.2], kept.columns), method))

    @pytest.mark.parametrize("domains", ["same", "arithmetic", "geometric"])
    def test_the_scorer_of_many_draws_gives_the_scores_of_all_cities(self, method, domains):
        """Equal cities are scored once and yet count as often as there are."""
        tree_rule = rule(method, domains, read_framework(ROOT))
        distinct, group = np.unique(self.values.to_numpy(), axis=0, return_inverse=True)
        group = group.ravel()
        assert len(distinct) < len(self.values) or self.values.duplicated().sum() == 0
        scorer = scorer_for(distinct, tree_rule, list(self.values), group)
        numbers = np.empty((1, len(distinct)))
        scorer(self.weights.to_numpy()[None], numbers)
        found = scorer.scores(numbers, self.weights.to_numpy()[None])[0][group]
        scale = 100 if tree_rule == "benefit_of_doubt" else 1
        expected = scale * scoring.aggregate(self.values, self.weights, tree_rule)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        assert (numbers >= 0).all()
