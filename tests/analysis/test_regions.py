"""Counts by region, inequality and the East-West tests, against published worked examples and identities."""

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import regions
from analysis.settings import ROOT
from analysis.sources import read_cities

CITIES = read_cities(ROOT)
SOME_CITIES = st.lists(st.sampled_from(list(CITIES.index)), unique=True, max_size=120)
SCORES = st.lists(st.floats(0, 100), min_size=2, max_size=30).filter(lambda values: sum(values) > 1e-6)


def by_region(**samples):
    """Scores and a roster from samples by bureau region."""
    codes = [f"{place:06d}" for place in range(sum(map(len, samples.values())))]
    values = [value for sample in samples.values() for value in sample]
    names = [name for name, sample in samples.items() for _ in sample]
    return pd.Series(values, codes, dtype=float), pd.DataFrame({"nbs_region": names}, index=codes)


class TestCounts:
    @given(SOME_CITIES, st.sampled_from(["region", "nbs_region", "province"]))
    @settings(max_examples=20, deadline=None)
    def test_counts_and_expectations_sum_to_the_members(self, members, by):
        frame = regions.counts(members, CITIES, by)
        assert frame["members"].sum() == len(members)
        assert frame["cities"].sum() == len(CITIES)
        assert frame["expected"].sum() == pytest.approx(len(members))
        assert set(frame["system"]) == {by}

    def test_all_31_provinces_are_kept_when_nobody_is_a_member(self):
        frame = regions.counts([], CITIES, "province")
        assert len(frame) == 31
        assert (frame["members"] == 0).all()

    def test_the_two_systems_put_jiangxi_and_fujian_in_their_own_regions(self):
        seven, four = (regions.counts(["350100", "360100"], CITIES, by) for by in ("region", "nbs_region"))
        assert seven.loc[["华南", "华中"], "members"].tolist() == [1, 1]
        assert four.loc[["东部", "中部"], "members"].tolist() == [1, 1]

    @pytest.mark.parametrize(("members", "words"), [(["110000", "110000"], "named twice"), (["999999"], "999999")])
    def test_members_that_cannot_be_counted_are_named(self, members, words):
        with pytest.raises(regions.RegionError, match=words):
            regions.counts(members, CITIES)

    def test_the_bureau_s_east_is_named_once(self):
        assert regions.EAST == CITIES.loc["440300", "nbs_region"]
        assert regions.EAST in regions.counts([], CITIES, "nbs_region").index

    def test_an_unknown_system_is_refused(self):
        with pytest.raises(regions.RegionError, match="nbs_region"):
            regions.counts([], CITIES, "bureau")

    @given(SOME_CITIES, SOME_CITIES)
    @settings(max_examples=15, deadline=None)
    def test_comparison_holds_both_counts_and_their_intersection(self, ours, published):
        frame = regions.compare_counts(ours, published, CITIES, "nbs_region")
        assert frame["both"].sum() == len(set(ours) & set(published))
        assert (frame["ours"] - frame["published"]).equals(frame["difference"])


class TestRanges:
    cities = pd.DataFrame({"zone": ["N", "N", "S", "S", "E"]}, index=list("abcde"))
    draws = pd.DataFrame([[5.0, 4, 3, 2, 1], [1, 2, 3, 4, 5], [5, 1, 4, 2, 3], [2, 2, 2, 2, 1]], columns=list("abcde"))

    def test_each_draw_by_hand(self):
        """The best two by region E, N, S; in the last draw four cities are level with the second place."""
        found = regions.counts_by_draw(self.draws, self.cities, "zone", top=2)
        assert list(found.columns) == ["N", "S", "E"]
        assert found.to_numpy().tolist() == [[2, 0, 0], [0, 1, 1], [1, 1, 0], [2, 2, 0]]

    @given(st.integers(1, 297), st.integers(0, 5))
    @settings(max_examples=15, deadline=None)
    def test_one_draw_is_counts(self, top, seed):
        scores = pd.DataFrame(np.random.default_rng(seed).integers(0, 90, (2, len(CITIES))), columns=CITIES.index)
        for draw, row in regions.counts_by_draw(scores, CITIES, "nbs_region", top).iterrows():
            members = CITIES.index[scores.loc[draw].rank(ascending=False, method="min") <= top]
            assert row.tolist() == regions.counts(members, CITIES, "nbs_region")["members"].tolist()

    def test_more_places_than_cities_are_all(self):
        assert regions.counts_by_draw(self.draws, self.cities, "zone", 99).to_numpy().tolist() == [[2, 2, 1]] * 4

    def test_quantiles_are_counts_that_occur_and_shares_are_wilsons(self):
        """N has 2, 0, 1, 2: half the draws do not exceed 1, 95 % of them 2, 5 % of them 0."""
        found = regions.compare_ranges(["a", "c"], ["a", "b"], self.cities, {"weights": self.draws}, "zone", 2)
        row = found.loc["N"]
        assert (row["weights_median"], row["weights_05"], row["weights_95"]) == (1, 0, 2)
        assert (row["ours"], row["published"], row["ours_share"], row["published_share"]) == (1, 2, 0.5, 1)
        wilson = regions.wilson_interval(pd.Series([1]), pd.Series([2])).iloc[0]
        assert (row["ours_low"], row["ours_high"]) == pytest.approx(tuple(wilson))

    def test_without_a_list_or_without_draws(self):
        found = regions.compare_ranges(["a"], None, self.cities, {}, "zone", 1)
        assert list(found) == ["system", "cities", "ours", "ours_share", "ours_low", "ours_high"]


class TestWilson:
    """Newcombe (1998), Statistics in Medicine 17, 857–872, Table I, method 3: 95 % intervals to four digits."""

    @pytest.mark.parametrize(("count", "total", "low", "high"), [
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)])
    def test_published_intervals(self, count, total, low, high):
        interval = regions.wilson_interval(pd.Series([count]), pd.Series([total]))
        assert interval.iloc[0].tolist() == pytest.approx([low, high], abs=5e-5)

    @given(st.integers(0, 40), st.integers(1, 40), st.floats(0.5, 0.999))
    def test_the_ends_are_where_the_score_test_rejects(self, count, total, level):
        """Wilson's definition: p is in the interval as long as |count/total − p| ≤ z · sqrt(p (1 − p) / total)."""
        count = min(count, total)
        ends = regions.wilson_interval(pd.Series([count]), pd.Series([total]), level).iloc[0]
        z = NormalDist().inv_cdf((1 + level) / 2)
        for end in ends:
            assert (count / total - end) ** 2 == pytest.approx(z**2 * end * (1 - end) / total, abs=1e-12)
        assert 0 <= ends["low"] <= count / total <= ends["high"] <= 1
        assert (ends["low"] == 0) == (count == 0) and (ends["high"] == 1) == (count == total)

    @pytest.mark.parametrize("level", [0, 1, 95])
    def test_a_level_outside_0_to_1_is_refused(self, level):
        with pytest.raises(regions.RegionError, match="0.95"):
            regions.wilson_interval(pd.Series([1]), pd.Series([2]), level)

    def test_more_members_than_cities_are_refused(self):
        with pytest.raises(regions.RegionError, match="roster"):
            regions.wilson_interval(pd.Series([3]), pd.Series([2]))

    def test_no_city_gives_no_interval(self):
        assert regions.wilson_interval(pd.Series([0]), pd.Series([0])).isna().all(axis=None)


class TestInequality:
    """Limits as Theil (1967), Economics and Information Theory, chapter 4, gives them; the small cases by hand."""

    def test_one_city_holds_all(self):
        assert regions.theil(np.array([0, 0, 0, 5.0])) == pytest.approx(np.log(4))
        assert regions.gini(np.array([0, 0, 0, 5.0])) == pytest.approx(3 / 4)

    def test_gini_of_the_first_n_numbers(self):
        assert regions.gini(np.arange(1, 11)) == pytest.approx((10 - 1) / (3 * 10))

    def test_two_equal_groups_without_overlap_leave_nothing_within(self):
        scores = pd.Series([1.0, 1, 3, 3], list("abcd"))
        result = regions.inequality(scores, pd.Series(list("xxyy"), list("abcd"), name="nbs_region"))
        assert result.theil_between == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5))
        assert (result.theil_within, result.gini_within, result.gini_overlap) == pytest.approx((0, 0, 0), abs=1e-15)
        assert result.gini_between == pytest.approx(0.25)
        assert result.coefficient_of_variation == pytest.approx(0.5)
        assert result.system == "nbs_region"

    @given(SCORES, st.integers(0, 2**32 - 1))
    @settings(max_examples=50, deadline=None)
    def test_parts_add_up(self, values, seed):
        codes = [str(place) for place in range(len(values))]
        groups = pd.Series(np.random.default_rng(seed).choice(list("abc"), len(values)), codes, name="region")
        result = regions.inequality(pd.Series(values, codes), groups)
        assert result.theil == pytest.approx(result.theil_between + result.theil_within, abs=1e-9)
        assert result.theil == pytest.approx(result.by_group["theil_contribution"].sum(), abs=1e-9)
        assert result.gini == pytest.approx(result.gini_within + result.gini_between + result.gini_overlap, abs=1e-9)
        assert min(result.gini_within, result.gini_between) >= 0
        assert result.gini_overlap >= -1e-12

    @given(SCORES)
    def test_gini_is_twice_the_area_between_the_lorenz_curve_and_equality(self, values):
        curve = regions.lorenz(pd.Series(values))
        area = np.trapezoid(curve["total"], curve["cities"])
        assert regions.gini(np.array(values)) == pytest.approx(1 - 2 * area, abs=1e-9)

    @pytest.mark.parametrize("values", [[1.0, np.nan], [1.0, -2.0], [0.0, 0.0]])
    def test_unusable_scores_are_refused(self, values):
        with pytest.raises(regions.RegionError, match="inequality needs"):
            regions.inequality(pd.Series(values, ["a", "b"]), pd.Series(["x", "y"], ["a", "b"], name="region"))


class TestEastWest:
    """Kruskal & Wallis (1952), JASA 47, 583–621, example of three bottling machines: H = 5.656;
    Hollander & Wolfe (1973), Nonparametric Statistical Methods, p. 69, permeability of the membrane: U = 35."""

    def test_bottling_machines(self):
        scores, cities = by_region(东部=[340, 345, 330, 342, 338], 中部=[339, 333, 344], 西部=[347, 343, 349, 355])
        result = regions.east_west_tests(scores, cities)
        assert result.statistic == pytest.approx(5.656, abs=5e-4)
        assert result.degrees_of_freedom == 2
        assert result.epsilon_squared == pytest.approx(5.656 / 11, abs=1e-4)

    def test_membrane(self):
        scores, cities = by_region(东部=[0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
                                   西部=[1.15, 0.88, 0.90, 0.74, 1.21])
        pair = regions.east_west_tests(scores, cities).pairs.loc["西部"]
        assert pair["u"] == 35
        assert pair["superiority"] == pytest.approx(35 / 50)

    def test_complete_separation(self):
        scores, cities = by_region(东部=[9, 8, 7], 中部=[6, 5], 西部=[4, 3], 东北=[2, 1])
        result = regions.east_west_tests(scores, cities)
        assert (result.pairs["superiority"] == 1).all()
        assert list(result.pairs.index) == ["中部", "西部", "东北"]

    def test_holm_by_hand(self):
        adjusted = regions.holm(pd.Series({"a": 0.01, "b": 0.04, "c": 0.03}))
        assert adjusted.to_dict() == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})

    def test_missing_scores_are_named(self):
        scores, cities = by_region(东部=[1, 2], 西部=[3, np.nan])
        with pytest.raises(regions.RegionError, match="000003"):
            regions.east_west_tests(scores, cities)
