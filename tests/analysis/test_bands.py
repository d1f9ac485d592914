"""Bands, cities at odds with their place, pairwise chances and groups that cannot be told apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import bands
from analysis.validation import UnusableValues

CHANCES = pd.Series({"a": 1.0, "b": 0.96, "c": 0.6, "d": 0.4, "e": 0.7, "f": 0.01})
RANKS = pd.Series({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6})


class TestBands:
    def test_every_city_is_in_one_and_the_counts_add_up(self):
        counts = bands.band_counts(RANKS, CHANCES, cut=4)
        assert counts["cities"].to_dict() == {"certain": 2, "probable": 2, "contested": 1, "outside": 1}
        assert counts["inside"].to_dict() == {"certain": 2, "probable": 1, "contested": 1, "outside": 0}

    def test_those_at_odds_are_named_on_both_sides_of_the_cut(self):
        odd = bands.at_odds(RANKS, CHANCES, cut=4)
        assert odd.index.tolist() == ["e", "d"] and odd["inside"].tolist() == [False, True]

    @pytest.mark.parametrize("bad", [1.2, -0.1, np.nan])
    def test_no_chance_is_refused(self, bad):
        with pytest.raises(UnusableValues, match="chance of b"):
            bands.band_of(CHANCES.mask(CHANCES.index == "b", bad))


class TestPairs:
    @given(st.integers(0, 10_000))
    def test_against_counting_every_pair(self, seed):
        draws = pd.DataFrame(np.random.default_rng(seed).integers(0, 4, (7, 5)).astype(float), columns=list("abcde"))
        wins = bands.win_chances(draws)
        for one in draws:
            for other in draws:
                expected = sum((x > y) + (x == y) / 2 for x, y in zip(draws[one], draws[other], strict=True)) / 7
                assert wins.at[one, other] == pytest.approx(expected)
        assert np.allclose(wins + wins.T, 1)

    def test_blocks_make_no_difference(self, monkeypatch):
        draws = pd.DataFrame(np.random.default_rng(1).normal(size=(20, 9)))
        whole = bands.win_chances(draws)
        monkeypatch.setattr(bands, "CITIES_AT_A_TIME", 2)
        pd.testing.assert_frame_equal(bands.win_chances(draws), whole)

    def test_scales_of_single_draws_do_not_matter(self):
        draws = pd.DataFrame(np.random.default_rng(2).normal(size=(15, 6)))
        scaled = draws.mul(np.arange(1, 16), axis=0) + np.arange(15)[:, None]
        pd.testing.assert_frame_equal(bands.win_chances(scaled), bands.win_chances(draws))


class TestGroups:
    def test_sure_order_gives_every_city_its_own_and_pure_chance_gives_one(self):
        generator = np.random.default_rng(3)
        sure = pd.DataFrame(generator.normal(size=(400, 5)) * 0.01 - np.arange(5))
        chance = pd.DataFrame(generator.normal(size=(400, 5)))
        assert bands.groups_alike(sure.columns, sure).tolist() == [1, 2, 3, 4, 5]
        assert set(bands.groups_alike(chance.columns, chance)) == {1}

    def test_within_a_group_the_first_is_surely_above_nobody_and_above_the_next_group_surely(self):
        draws = pd.DataFrame(np.random.default_rng(4).normal(size=(300, 30)) - np.arange(30) / 4)
        order, wins = draws.mean().sort_values(ascending=False).index, bands.win_chances(draws)
        found = pd.Series(order).groupby(bands.groups_alike(order, draws).to_numpy())
        members = [list(codes) for _, codes in found]
        assert len(members) > 2
        for codes, following in zip(members, members[1:], strict=False):
            assert (wins.loc[codes[0], codes] <= 0.95).all() and wins.at[codes[0], following[0]] > 0.95

    def test_a_level_below_an_even_chance_is_refused(self):
        with pytest.raises(ValueError, match="level"):
            bands.groups_alike(pd.Index(["a"]), pd.DataFrame({"a": [0.5]}), level=0.3)


class TestTable:
    def test_each_city_against_the_next_is_the_pair_of_the_whole_table(self):
        draws = pd.DataFrame(np.random.default_rng(5).integers(0, 9, (50, 12)), columns=list("abcdefghijkl"))
        order, wins = pd.Index(list("lkjihgfedcba")), bands.win_chances(draws)
        found = bands.next_chances(order, draws)
        assert found.iloc[:-1].tolist() == pytest.approx(
            [wins.at[one, other] for one, other in zip(order, order[1:], strict=False)])
        assert np.isnan(found.iloc[-1])

    def test_groups_hold_every_city_once(self):
        draws = pd.DataFrame(np.random.default_rng(6).normal(size=(200, 20)) - np.arange(20) / 3)
        ranks = pd.Series(range(1, 21), draws.columns)
        chance = (draws.rank(axis=1, ascending=False) <= 10).mean()
        banded = bands.band_table(ranks, ranks.astype(float), chance, draws)
        found = bands.group_table(banded)
        assert found["cities"].sum() == 20
        assert (found["rank_from"].iloc[1:] == found["rank_to"].iloc[:-1].to_numpy() + 1).all()
        assert banded["band"].tolist() == bands.band_of(chance).tolist()

    def test_a_study_of_one(self):
        draws = pd.DataFrame({"a": [1.0, 2.0]})
        one = pd.Series({"a": 1})
        table = bands.band_table(one, one, one.astype(float), draws)
        assert table["group"].tolist() == [1] and table["p_above_next"].isna().all()
