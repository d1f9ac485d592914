"""Whole provinces dealt out to regions: brute force over every way, and what single cities would say."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis import permutation
from analysis.permutation import whole_province_tests
from analysis.regions import RegionError, east_west_tests

CITIES = pd.DataFrame({
    "province": ["A", "A", "B", "B", "B", "C", "C", "D", "E", "E", "F", "F", "F"],
    "nbs_region": ["东部"] * 5 + ["中部"] * 3 + ["西部"] * 5}, index=[f"c{n}" for n in range(13)])
SCORES = pd.Series([9.0, 8, 7, 3, 6, 5, 4, 6, 1, 2, 8, 0, 2], CITIES.index)


def by_loops(scores: pd.Series, cities: pd.DataFrame, other: str) -> tuple[float, float, int]:
    """Superiority, p and the number of ways, by plain loops over cities and sets of provinces."""
    here = cities[cities["nbs_region"].isin(["东部", other])]
    provinces = list(dict.fromkeys(here["province"]))
    eastern = set(here.loc[here["nbs_region"] == "东部", "province"])

    def chance(chosen: set[str]) -> float:
        inside = [scores[code] for code in here.index if here.at[code, "province"] in chosen]
        outside = [scores[code] for code in here.index if here.at[code, "province"] not in chosen]
        return float(np.mean([(x > y) + (x == y) / 2 for x in inside for y in outside]))

    ways = [chance(set(chosen)) for chosen in itertools.combinations(provinces, len(eastern))]
    far = abs(chance(eastern) - 0.5)
    return chance(eastern), float(np.mean([abs(way - 0.5) >= far - 1e-9 for way in ways])), len(ways)


@pytest.mark.parametrize("other", ["中部", "西部"])
def test_against_every_way_to_deal_out_the_provinces(other):
    found = whole_province_tests(SCORES, CITIES).loc[other]
    superiority, p, ways = by_loops(SCORES, CITIES, other)
    assert (found["superiority"], found["p"]) == pytest.approx((superiority, p))
    assert found["assignments"] == ways and found["exact"]


def test_the_statistic_is_that_of_the_test_of_single_cities():
    found, single = whole_province_tests(SCORES, CITIES), east_west_tests(SCORES, CITIES).pairs
    assert found["superiority"].tolist() == pytest.approx(single["superiority"].tolist())


def test_too_many_ways_are_sampled_to_the_same_answer(monkeypatch):
    exact = whole_province_tests(SCORES, CITIES)
    monkeypatch.setattr(permutation, "MOST_ENUMERATED", 2)
    monkeypatch.setattr(permutation, "ASSIGNMENTS", 20_000)
    sampled = whole_province_tests(SCORES, CITIES, seed=3)
    assert not sampled["exact"].any() and (sampled["assignments"] == 20_000).all()
    np.testing.assert_allclose(sampled["p"], exact["p"], atol=0.015)
    pd.testing.assert_frame_equal(sampled, whole_province_tests(SCORES, CITIES, seed=3))


def test_cities_that_copy_their_province_prove_nothing_more():
    """Each city twenty times over: single cities make a tiny p of it, whole provinces the same as before."""
    names = [f"{code}-{copy}" for code in CITIES.index for copy in range(20)]
    many = CITIES.loc[CITIES.index.repeat(20)].set_axis(names)
    scores = SCORES.loc[CITIES.index.repeat(20)].set_axis(names)
    assert whole_province_tests(scores, many)["p"].tolist() == whole_province_tests(SCORES, CITIES)["p"].tolist()
    assert east_west_tests(scores, many).pairs["p"].max() < 1e-3 < east_west_tests(SCORES, CITIES).pairs["p"].min()


def test_holm_and_the_smallest_p():
    found = whole_province_tests(SCORES, CITIES)
    assert found["p_holm"].min() == pytest.approx(min(1, 2 * found["p"].min()))
    assert (found["p"] >= 1 / found["assignments"]).all()  # the real way is one of them


def test_a_province_in_two_regions_is_named():
    with pytest.raises(RegionError, match="two regions: A"):
        whole_province_tests(SCORES, CITIES.assign(nbs_region=CITIES["nbs_region"].mask(CITIES.index == "c0", "西部")))


def test_a_missing_score_and_an_only_region_are_refused():
    with pytest.raises(RegionError, match="without a score: c3"):
        whole_province_tests(SCORES.mask(SCORES.index == "c3"), CITIES)
    with pytest.raises(RegionError, match="one more region"):
        whole_province_tests(SCORES.iloc[:5], CITIES.iloc[:5])
