"""Agreement with the published ranking, against published worked examples and identities."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import agreement
from analysis.implied import (
    closeness_to,
    held_out,
    implied_domain_weights,
    implied_fit,
    implied_fit_text,
    implied_weights,
    implied_weights_text,
)

CODES = [f"{place:06d}" for place in range(60)]
PUBLISHED = pd.Series(range(1, 21), CODES[:20])
ORDERED = pd.Series(np.arange(60, 0, -1, dtype=float), CODES)
FEW_DRAWS = {"draws": 50, "seed": 7}
SIMULATED_WEIGHTS = pd.Series([0.35, 0.2, 0.15, 0.1, 0.1, 0.06, 0.04, 0.0], [f"I{place}" for place in range(1, 9)])
FEW_FITS = {"repeats": 4, "shuffles": 12}


def simulated(noise: float) -> tuple[pd.DataFrame, pd.Series]:
    """A hundred cities with eight indicators of 0–100, and the order that known weights and some noise put them in."""
    rng = np.random.default_rng(4)
    codes = [f"{place:06d}" for place in range(100)]
    points = pd.DataFrame(rng.uniform(0, 100, (100, 8)), codes, SIMULATED_WEIGHTS.index)
    scores = points @ SIMULATED_WEIGHTS + rng.normal(0, noise, 100)
    return points, scores.rank(ascending=False).astype(int)


class TestRankCorrelation:
    """Siegel (1956), Nonparametric Statistics for the Behavioral Sciences, pp. 202–219, authoritarianism and social
    status strivings of twelve students: r_s = 0.82, tau = 0.67."""

    def test_siegel(self):
        striving = pd.Series([3, 4, 2, 1, 8, 11, 10, 6, 7, 12, 5, 9], CODES[:12], dtype=float)
        authority = pd.Series([2, 6, 5, 1, 10, 9, 8, 3, 4, 12, 7, 11], CODES[:12])
        scores = pd.concat([-striving, pd.Series(-99.0, CODES[12:])])
        result = agreement.agreement(scores, authority, **FEW_DRAWS)
        assert result["spearman"] == pytest.approx(0.82, abs=0.005)
        assert result["kendall"] == pytest.approx(0.67, abs=0.005)


class TestAreaUnderCurve:
    """Hanley & McNeil (1982), Radiology 143, 29–36, Table I: five-point ratings of 109 images, area 0.893."""

    def test_hanley_and_mcneil(self):
        normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
        ratings = np.concatenate([np.repeat(np.arange(1, 6), normal), np.repeat(np.arange(1, 6), abnormal)])
        scores = pd.Series(ratings, [f"c{place}" for place in range(109)])
        assert agreement.area_under_curve(scores, scores.index[58:]) == pytest.approx(0.893, abs=5e-4)

    def test_equal_scores_say_nothing(self):
        assert agreement.area_under_curve(pd.Series(1.0, CODES), pd.Index(CODES[:9])) == 0.5

    @given(st.lists(st.integers(0, 5), min_size=3, max_size=12), st.data())
    def test_it_is_the_share_of_pairs_in_the_right_order(self, scores, data):
        scores = pd.Series(scores, CODES[:len(scores)], dtype=float)
        members = pd.Index(data.draw(st.lists(st.sampled_from(CODES[:len(scores)]), unique=True, min_size=1,
                                              max_size=len(scores) - 1)))
        pairs = [(mine > other) + (mine == other) / 2 for mine in scores[members] for other in scores.drop(members)]
        assert agreement.area_under_curve(scores, members) == pytest.approx(np.mean(pairs))

    @pytest.mark.parametrize("members", [[], CODES])
    def test_there_is_none_without_members_or_others(self, members):
        assert np.isnan(agreement.area_under_curve(ORDERED, pd.Index(members)))


class TestSpearman:
    def test_ties_share_their_mean_rank(self):
        """Ranks 1.5, 1.5, 3 against 1, 2, 3: covariance 1.5, variances 1.5 and 2 (sums of squares), so √3 / 2."""
        scores = pd.Series([9.0, 9.0, 1.0], CODES[:3])
        assert agreement.spearman(scores, PUBLISHED.head(3)) == pytest.approx(np.sqrt(3) / 2)

    def test_equal_scores_have_no_order(self):
        assert np.isnan(agreement.spearman(pd.Series(1.0, CODES), PUBLISHED))

    def test_the_bootstrap_is_scipys_coefficient_of_every_draw(self):
        from scipy.stats import spearmanr

        scores = pd.Series(np.random.default_rng(3).integers(0, 9, 60), CODES, dtype=float)
        picks = np.random.default_rng(5).integers(0, 20, size=(50, 20))
        each = [spearmanr(-scores.to_numpy()[drawn], PUBLISHED.to_numpy()[drawn]).statistic for drawn in picks]
        expected = np.quantile(each, [0.025, 0.975])
        assert agreement.bootstrap_spearman(scores, PUBLISHED, 50, 5) == pytest.approx(expected)


class TestAgreement:
    def test_the_published_order_agrees_perfectly(self):
        result = agreement.agreement(ORDERED, PUBLISHED, **FEW_DRAWS)
        assert result[["spearman", "kendall", "auc"]].tolist() == pytest.approx([1, 1, 1])
        assert result["overlap"] == 20

    @given(st.permutations(range(60)))
    @settings(max_examples=25, deadline=None)
    def test_reversing_the_scores_reverses_every_measure(self, order):
        scores = pd.Series(np.array(order, dtype=float), CODES)
        there, back = (agreement.agreement(part, PUBLISHED, **FEW_DRAWS) for part in (scores, -scores))
        assert there["spearman"] == pytest.approx(-back["spearman"])
        assert there["kendall"] == pytest.approx(-back["kendall"])
        assert there["auc"] == pytest.approx(1 - back["auc"])

    def test_missing_values_are_counted_not_hidden(self):
        gdp = ORDERED.copy()
        gdp.iloc[[3, 40, 41]] = np.nan
        table = agreement.agreement_table({"scores": ORDERED, "GDP": gdp}, PUBLISHED, **FEW_DRAWS)
        assert table.loc["GDP", ["cities", "cities_missing", "hundred", "hundred_missing"]].tolist() == [57, 3, 19, 1]
        assert table.loc["scores", "cities_missing"] == 0

    def test_the_bootstrap_interval_is_repeatable_and_holds_the_estimate(self):
        scores = pd.Series(np.random.default_rng(3).normal(size=60) + ORDERED / 15, CODES)
        first, second = (agreement.agreement(scores, PUBLISHED, draws=400, seed=5) for _ in range(2))
        assert first.equals(second)
        assert first["spearman_low"] < first["spearman"] < first["spearman_high"]
        assert not first.equals(agreement.agreement(scores, PUBLISHED, draws=400, seed=6))

    @pytest.mark.parametrize("published", [pd.Series([1, 1], CODES[:2]), pd.Series([1, 2], [CODES[0]] * 2)])
    def test_ranks_that_are_no_ranking_are_refused(self, published):
        with pytest.raises(agreement.AgreementError, match="once"):
            agreement.agreement(ORDERED, published)

    def test_unknown_published_cities_are_named(self):
        with pytest.raises(agreement.AgreementError, match="养南"):
            agreement.agreement(ORDERED, pd.Series([1], ["养南"]))

    def test_a_tie_across_the_cut_takes_the_smaller_code(self):
        scores = pd.Series([5.0, 3, 3, 3], ["d", "c", "a", "b"])
        assert list(agreement.top_cities(scores, 2)) == ["d", "a"]


class TestListOverlap:
    LISTS = pd.DataFrame({"table": [5] * 5 + [4], "domain": ["D4"] * 5 + ["D2"],
                          "adcode": [*CODES[:4], CODES[50], CODES[0]],
                          "status": ["read", "read", "corrected", "inferred", "read", "read"]})

    def test_inferred_members_stay_apart(self):
        result = agreement.list_overlap(pd.DataFrame({"D4": ORDERED}), self.LISTS)
        # Read names: cities 0, 1, 2 and 50; ours among the cities that are not inferred (3): 0, 1, 2, 4.
        row = result.summary.loc["D4"]
        columns = ["listed", "inferred", "hits", "misses", "additions", "inferred_hits"]
        assert row[columns].tolist() == [4, 1, 3, 1, 1, 1]
        outcome = result.cities.set_index("adcode")["outcome"]
        assert outcome[[CODES[3], CODES[4], CODES[50]]].tolist() == ["inferred", "addition", "miss"]

    def test_an_unmeasured_domain_keeps_its_row(self):
        row = agreement.list_overlap(pd.DataFrame({"D4": ORDERED}), self.LISTS).summary.loc["D2"]
        assert not row["measured"]
        assert np.isnan(row["auc"])

    def test_a_name_listed_twice_is_refused(self):
        twice = pd.concat([self.LISTS, self.LISTS.iloc[:1]])
        with pytest.raises(agreement.AgreementError, match="twice"):
            agreement.list_overlap(pd.DataFrame({"D4": ORDERED}), twice)


class TestMovers:
    @given(st.permutations(range(60)))
    @settings(max_examples=25, deadline=None)
    def test_moves_balance_and_come_largest_first(self, order):
        moves = agreement.movers(pd.Series(np.array(order, dtype=float), CODES), PUBLISHED)
        assert moves["move"].sum() == 0
        assert moves["move"].abs().is_monotonic_decreasing
        assert sorted(moves["ours_within"]) == list(range(1, 21))
        assert (moves["ours_overall"] >= moves["ours_within"]).all()


class TestImpliedWeights:
    def domains(self):
        rng = np.random.default_rng(11)
        return pd.DataFrame(rng.uniform(0, 100, (60, 3)), CODES, ["D1", "D3", "D5"])

    def test_an_order_made_by_known_weights_is_found_again(self):
        domains = self.domains()
        composite = domains @ np.array([0.7, 0.1, 0.2])
        published = composite.head(20).rank(ascending=False).astype(int)
        result = implied_domain_weights(domains, published, composite, starts=8)
        assert result.spearman > 0.99
        assert result.gdp == pytest.approx(1)
        assert result.weights.sum() == pytest.approx(1)
        assert (result.weights >= 0).all()
        assert result.weights.idxmax() == "D1"

    def test_no_single_domain_and_no_equal_weights_do_better(self):
        domains = self.domains()
        result = implied_domain_weights(domains, PUBLISHED, starts=6)
        alone = [agreement.spearman(domains[name], PUBLISHED) for name in domains]
        assert result.spearman >= max([result.equal, *alone])
        assert (result.near_optimal["least"] <= result.weights + 1e-12).all()
        again = implied_domain_weights(domains, PUBLISHED, starts=6)
        assert result.weights.equals(again.weights)

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_text_says_what_it_does_not_show(self, lang):
        result = implied_domain_weights(self.domains(), PUBLISHED, ORDERED, starts=5)
        text = implied_weights_text(result, {"D1": "甲", "D3": "乙", "D5": "丙"}, lang)
        assert {"zh": "并不表明", "en": "not that the paper"}[lang] in text
        assert f"{result.gdp:.3f}" in text

    def test_weights_of_many_indicators_are_found_again_and_hold_for_cities_left_out(self):
        points, published = simulated(noise=0.0)
        result = implied_weights(points, published, starts=12)
        assert result.spearman > 0.995
        assert (result.weights - SIMULATED_WEIGHTS).abs().max() < 0.04
        assert (result.near_optimal["least"] - 0.05 <= SIMULATED_WEIGHTS).all()
        fit = implied_fit({"implied": result}, {"equal": points.mean(axis=1)}, published, **FEW_FITS)
        assert fit.loc["implied", "left_out"] > 0.97 > fit.loc["equal", "left_out"]

    def test_the_last_bits_of_the_values_change_nothing(self):
        points, published = simulated(noise=5.0)
        other = points * (1 + np.random.default_rng(1).choice([-2e-16, 0, 2e-16], points.shape))
        assert not other.equals(points)
        results = [implied_weights(each, published, starts=9) for each in (points, other)]
        assert results[0].weights.equals(results[1].weights)
        fits = [implied_fit({"implied": each}, {}, published, **FEW_FITS) for each in results]
        pd.testing.assert_frame_equal(*fits, check_exact=True)

    @pytest.mark.parametrize("ranks", [np.arange(1.0, 41), np.repeat(np.arange(1.0, 21), 2)])
    def test_closeness_is_spearmans_with_ties_or_without(self, ranks):
        from scipy.stats import spearmanr

        rng = np.random.default_rng(5)
        values = rng.uniform(-50, 100, (40, 3))
        values[:, 2] = np.arange(40) % 3  # tied where it has all the weight
        weights = np.vstack([np.eye(3), rng.dirichlet(np.ones(3), 20)])
        expected = [spearmanr(-values @ each, ranks).statistic for each in weights]
        assert closeness_to(values, ranks)(weights) == pytest.approx(expected, abs=1e-12)

    def test_cities_that_nothing_tells_apart_are_as_far_as_can_be(self):
        assert closeness_to(np.full((20, 2), 3.0), np.arange(1.0, 21))(np.array([[0.5, 0.5]])) == [-1.0]

    def test_values_of_any_size(self):
        values, ranks = self.domains().to_numpy(), np.arange(1.0, 61)
        weights = np.random.default_rng(5).dirichlet(np.ones(3), 9)
        small, large = (closeness_to(values * scale, ranks)(weights) for scale in (1, 1e9))
        np.testing.assert_allclose(small, large, atol=1e-11)

    def test_missing_values_are_named(self):
        domains = self.domains()
        domains.iloc[3, 1] = np.nan
        with pytest.raises(agreement.AgreementError, match="D3"):
            implied_weights(domains, PUBLISHED)

    def test_many_weights_are_summed_up_in_the_text(self):
        points, published = simulated(noise=5.0)
        result = implied_weights(points, published, published, starts=9)
        text = implied_weights_text(result, dict(zip(points, points, strict=True)), "en", "indicator")
        rest = result.weights.sort_values().iloc[:2].sum()
        assert "The indicator weights" in text and f"the other 2 together {rest:.0%}" in text


class TestImpliedFit:
    def test_where_there_is_nothing_to_find_the_fit_is_high_and_the_left_out_cities_show_it(self):
        points, published = simulated(noise=5.0)
        unrelated = pd.Series(np.random.default_rng(2).permutation(published), published.index)
        result = implied_weights(points, unrelated, starts=9)
        row = implied_fit({"implied": result}, {}, unrelated, **FEW_FITS).loc["implied"]
        assert row["in_sample"] > 0.1
        assert abs(row["left_out"]) < 0.1
        assert row["shuffled_mean"] < row["shuffled_95"]
        assert row["in_sample"] < row["shuffled_95"] + 0.1

    def test_a_real_order_stands_out_from_shuffled_ones(self):
        points, published = simulated(noise=5.0)
        row = self.fit(points, published).loc["implied_indicators"]
        assert row["left_out"] > row["shuffled_95"] > row["shuffled_mean"] > 0
        assert row["in_sample"] > row["left_out"]

    def test_rankings_are_judged_without_a_fit(self):
        points, published = simulated(noise=5.0)
        fit = self.fit(points, published)
        assert fit.loc["gdp_2019", ["in_sample", "left_out"]].tolist() == pytest.approx([1, 1])
        assert fit.loc["study", ["in_sample", "left_out"]].tolist() == pytest.approx([-1, -1])
        assert fit["fitted_weights"].to_dict() == {"implied_indicators": 8, "implied_domains": 3, "equal_indicators": 0,
                                                   "equal_domains": 0, "study": 0, "gdp_2019": 0}
        assert fit.loc["gdp_2019", ["shuffled_mean", "shuffled_95"]].isna().all()

    def test_repeatable_and_the_order_of_cities_does_not_matter(self):
        points, published = simulated(noise=5.0)
        other = self.fit(points.iloc[::-1], published.sample(frac=1, random_state=0))
        pd.testing.assert_frame_equal(self.fit(points, published), other)

    @given(cities=st.integers(6, 60), folds=st.integers(2, 6), repeats=st.integers(1, 4))
    @settings(max_examples=25, deadline=None)
    def test_each_city_is_left_out_once_a_repeat_by_parts_of_one_size(self, cities, folds, repeats):
        held = held_out(cities, folds, repeats, np.random.default_rng(0))
        assert held.shape == (repeats * folds, cities)
        assert (held.reshape(repeats, folds, cities).sum(axis=1) == 1).all()
        assert np.ptp(held.sum(axis=1)) <= 1

    def test_too_few_cities_in_a_part_are_refused(self):
        points, published = simulated(noise=5.0)
        sparse = points["I1"].where(published > 95)
        with pytest.raises(agreement.AgreementError, match="fewer folds"):
            implied_fit({}, {"sparse": sparse}, published, **FEW_FITS)

    @pytest.mark.parametrize(("lang", "denial"), [("zh", "不表明白皮书用了什么权重"),
                                                  ("en", "None of this shows which weights the paper used")])
    def test_the_text_gives_the_left_out_figures_and_says_what_they_do_not_show(self, lang, denial):
        fit = self.fit(*simulated(noise=5.0))
        text = implied_fit_text(fit, lang)
        assert denial in text
        left_out = fit.loc[["implied_indicators", "equal_indicators", "study", "gdp_2019"], "left_out"]
        assert all(f"{figure:.3f}" in text for figure in left_out)
        assert {"zh": "都不及它", "en": "more than any fitted"}[lang] in text
        fit.loc["gdp_2019", "left_out"] = 0.0
        poorer = implied_fit_text(fit, lang)
        assert not any(words in poorer for words in ("都不及它", "more than any fitted"))

    def fit(self, points: pd.DataFrame, published: pd.Series) -> pd.DataFrame:
        """Eight indicators, three domains of them, a study that has it the wrong way round and a GDP that is right."""
        domains = points.T.groupby(["D1", "D1", "D1", "D2", "D2", "D3", "D3", "D3"]).mean().T
        fits = {"implied_indicators": implied_weights(points, published, starts=9),
                "implied_domains": implied_weights(domains, published, starts=9)}
        given = {"equal_indicators": points.mean(axis=1), "equal_domains": domains.mean(axis=1),
                 "study": published * 1.0, "gdp_2019": -published}
        return implied_fit(fits, given, published, **FEW_FITS)


class TestPaired:
    """Two rankings held against the published one on the same cities."""

    @pytest.fixture
    def made(self):
        rng = np.random.default_rng(4)
        truth = pd.Series(rng.normal(size=60), [f"c{n}" for n in range(60)])
        published = (-truth).rank().astype(int)[lambda ranks: ranks <= 25]
        close, far = (truth + rng.normal(0, noise, 60) for noise in (0.15, 1.2))
        return far, close, published

    def test_the_figures_are_those_of_each_alone(self, made):
        first, second, published = made
        table = agreement.paired_differences(first, second, published, draws=200)
        for column, scores in (("first", first), ("second", second)):
            assert table.at["spearman", column] == pytest.approx(agreement.spearman(scores, published))
            assert table.at["auc", column] == pytest.approx(agreement.area_under_curve(scores, published.index))
        assert (table["difference"] == table["second"] - table["first"]).all()

    def test_a_ranking_that_is_nearer_is_found_nearer_and_itself_no_nearer(self, made):
        first, second, published = made
        assert agreement.paired_differences(first, second, published, 400).at["spearman", "low"] > 0
        same = agreement.paired_differences(first, first, published, 100)
        assert (same[["difference", "low", "high"]] == 0).all(axis=None)

    def test_only_cities_that_both_rank_count(self, made):
        first, second, published = made
        holed = second.mask(second.index.isin(published.index[:2]))
        table = agreement.paired_differences(first, holed, published, 50)
        assert table["cities"].to_dict() == {"spearman": 23, "auc": 58}

    def test_a_bootstrap_drawn_by_hand(self, made):
        """The same draws, city by city with SciPy."""
        from scipy.stats import spearmanr

        first, second, published = made
        table = agreement.paired_differences(first, second, published, draws=30, seed=9)
        picks = np.random.default_rng(9).integers(0, 25, (30, 25))
        codes = published.index.to_numpy()
        found = [spearmanr(-second[codes[row]], published[codes[row]]).statistic
                 - spearmanr(-first[codes[row]], published[codes[row]]).statistic for row in picks]
        assert table.loc["spearman", ["low", "high"]].to_numpy() == pytest.approx(np.quantile(found, [0.025, 0.975]))


class TestGiven:
    def test_partial_correlation_by_regression_on_ranks(self):
        """The definition: correlation of the residuals of both ranks regressed on the third's."""
        rng = np.random.default_rng(2)
        frame = pd.DataFrame(rng.normal(size=(30, 3)), columns=list("abc"))
        frame["a"] += frame["c"]
        published = frame["b"].rank().astype(int)
        ranks = pd.DataFrame({"a": frame["a"].rank(), "b": -published.rank(), "c": frame["c"].rank()})
        left = [ranks[name] - np.polyval(np.polyfit(ranks["c"], ranks[name], 1), ranks["c"]) for name in "ab"]
        expected = np.corrcoef(*left)[0, 1]
        assert agreement.partial_spearman(frame["a"], published, frame["c"]) == pytest.approx(expected)

    def test_many_rankings_at_once_are_each_alone(self):
        rng = np.random.default_rng(3)
        scores = pd.DataFrame(rng.normal(size=(5, 40)), columns=[f"c{n}" for n in range(40)])
        published = pd.Series(range(1, 11), [f"c{n}" for n in range(10)])
        ranks = scores.rank(axis=1, ascending=False).astype(int)
        table = agreement.agreement_over(ranks, published)
        for row in scores.index:
            alone = agreement.agreement(scores.loc[row], published, draws=10)
            assert table.loc[row].tolist() == pytest.approx([alone["spearman"], alone["auc"], alone["overlap"]])

    def test_among_some_cities_agreement_is_that_of_these(self):
        rng = np.random.default_rng(4)
        scores = pd.DataFrame(rng.normal(size=(5, 40)), columns=[f"c{n}" for n in range(40)])
        published, among = pd.Series(range(1, 11), [f"c{n}" for n in range(10)]), scores.columns[3:35]
        ranks = scores.rank(axis=1, ascending=False).astype(int)
        table = agreement.agreement_over(ranks, published, among)
        for row in scores.index:
            alone = agreement.agreement(scores.loc[row, among], published[3:].rank(), draws=10)
            assert table.loc[row, ["spearman", "auc"]].tolist() == pytest.approx([alone["spearman"], alone["auc"]])
        assert (table["overlap"] == agreement.agreement_over(ranks, published)["overlap"]).all()
