"""Agreement with the published ranking, against published worked examples and identities."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import agreement

CODES = [f"{place:06d}" for place in range(60)]
PUBLISHED = pd.Series(range(1, 21), CODES[:20])
ORDERED = pd.Series(np.arange(60, 0, -1, dtype=float), CODES)
FEW_DRAWS = {"draws": 50, "seed": 7}


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
        result = agreement.implied_domain_weights(domains, published, composite, starts=8)
        assert result.spearman > 0.99
        assert result.gdp == pytest.approx(1)
        assert result.weights.sum() == pytest.approx(1)
        assert (result.weights >= 0).all()
        assert result.weights.idxmax() == "D1"

    def test_no_single_domain_and_no_equal_weights_do_better(self):
        domains = self.domains()
        result = agreement.implied_domain_weights(domains, PUBLISHED, starts=6)
        alone = [agreement.spearman(domains[name], PUBLISHED) for name in domains]
        assert result.spearman >= max([result.equal, *alone])
        assert (result.near_optimal["least"] <= result.weights + 1e-12).all()
        again = agreement.implied_domain_weights(domains, PUBLISHED, starts=6)
        assert result.weights.equals(again.weights)

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_text_says_what_it_does_not_show(self, lang):
        result = agreement.implied_domain_weights(self.domains(), PUBLISHED, ORDERED, starts=5)
        text = agreement.implied_weights_text(result, {"D1": "甲", "D3": "乙", "D5": "丙"}, lang)
        assert {"zh": "并不表明", "en": "not that the paper"}[lang] in text
        assert f"{result.gdp:.3f}" in text
