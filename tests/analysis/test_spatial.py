"""Nearest neighbours, Moran's I and local Moran: a published example, brute force over all permutations, identities."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from analysis import spatial
from analysis.spatial import Neighbours, SpatialError, local_moran, morans_i, nearest, nearest_points

# Anselin (1988), Spatial Econometrics, Table 12.1: X, Y and CRIME of 49 neighbourhoods of Columbus, Ohio.
COLUMBUS = pd.DataFrame([
    (38.80, 44.07, 15.725980), (35.62, 42.38, 18.801754), (39.82, 41.18, 30.626781), (36.50, 40.52, 32.387760),
    (40.01, 38.00, 50.731510), (43.75, 39.28, 26.066658), (33.36, 38.41, 0.178269), (36.71, 38.71, 38.425858),
    (43.44, 35.92, 30.515917), (47.61, 36.42, 34.000835), (37.85, 36.30, 62.275448), (37.13, 36.12, 56.705669),
    (35.95, 36.40, 46.716129), (35.72, 35.60, 57.066132), (39.61, 34.91, 48.585487), (37.60, 34.08, 54.838711),
    (48.58, 34.46, 36.868774), (36.15, 33.92, 43.962486), (35.76, 34.66, 54.521965), (46.73, 31.91, 0.223797),
    (34.08, 30.42, 40.074074), (43.37, 33.46, 33.705048), (49.61, 32.65, 20.048504), (36.60, 32.09, 38.297871),
    (39.36, 32.88, 61.299175), (41.13, 33.14, 40.969742), (43.95, 31.61, 52.794430), (41.31, 30.90, 56.919785),
    (39.72, 30.64, 60.750446), (38.29, 30.35, 68.892044), (27.94, 29.85, 17.677214), (50.11, 29.91, 19.145592),
    (44.10, 30.40, 41.968163), (30.32, 28.26, 23.974028), (43.70, 29.18, 39.175053), (27.27, 28.21, 14.305556),
    (38.32, 28.82, 42.445076), (41.04, 28.78, 53.710938), (24.25, 26.69, 19.100863), (48.44, 27.93, 16.241299),
    (51.24, 27.80, 18.905146), (29.02, 26.58, 16.491890), (41.09, 27.49, 36.663612), (43.23, 27.31, 25.962263),
    (39.32, 25.85, 29.028488), (25.47, 25.71, 16.530533), (50.89, 25.24, 27.822861), (41.21, 25.90, 26.645266),
    (42.67, 24.96, 22.541491),
], columns=["x", "y", "crime"])


def on_a_line(*places: float) -> pd.DataFrame:
    """Cities on the equator at these degrees of longitude."""
    return pd.DataFrame({"seat_lon": places, "seat_lat": 0.0}, index=[f"c{place}" for place in range(len(places))])


SIX = nearest(on_a_line(0, 1, 2.5, 10, 11, 12.5), k=2)
VALUES = pd.Series([9.0, 7.0, 8.0, 1.0, 3.0, 4.0], SIX.cities)
GROUPS = pd.Series(list("aaabbb"), SIX.cities, name="side")


def by_loops(values: list[float], places: list[list[int]], groups: list[str]) -> float:
    """Moran's I by its definition, in plain loops: n / S0 · Σ w z z / Σ z²."""
    means = {group: np.mean([value for value, own in zip(values, groups, strict=True) if own == group])
             for group in set(groups)}
    z = [value - means[group] for value, group in zip(values, groups, strict=True)]
    weights = [[1 / len(near) if j in near else 0 for j in range(len(z))] for near in places]
    cross = sum(weights[i][j] * z[i] * z[j] for i in range(len(z)) for j in range(len(z)))
    return len(z) / sum(map(sum, weights)) * cross / sum(one**2 for one in z)


class TestNearest:
    def test_beijing_to_shanghai(self):
        """39.9042°N 116.4074°E to 31.2304°N 121.4737°E: 1,067 km by great circle, by the haversine formula."""
        found = nearest(pd.DataFrame({"seat_lon": [116.4074, 121.4737], "seat_lat": [39.9042, 31.2304]}), k=1)
        north, south = math.radians(39.9042), math.radians(31.2304)
        half = (math.sin((north - south) / 2) ** 2
                + math.cos(north) * math.cos(south) * math.sin(math.radians(5.0663) / 2) ** 2)
        assert found.distances[0, 0] == pytest.approx(2 * 6371.0072 * math.asin(math.sqrt(half)))
        assert 1066 < found.distances[0, 0] < 1069

    def test_neighbours_lie_across_the_date_line(self):
        assert nearest(on_a_line(179.5, -179.5, 170), k=1).places[:, 0].tolist() == [1, 0, 0]

    def test_equally_distant_ones_come_in_the_order_of_the_table(self):
        points = np.array([[0.0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
        assert nearest_points(points, 3)[0][0].tolist() == [1, 2, 3]

    def test_blocks_change_nothing(self, monkeypatch):
        points = np.random.default_rng(3).random((40, 3))
        whole = nearest_points(points, 5)
        monkeypatch.setattr(spatial, "VALUES_IN_MEMORY", 400)
        assert (nearest_points(points, 5)[0] == whole[0]).all()

    def test_a_city_without_coordinates_is_named(self):
        with pytest.raises(SpatialError, match="c1"):
            nearest(on_a_line(0, np.nan, 2), k=1)

    def test_as_many_neighbours_as_cities_are_refused(self):
        with pytest.raises(SpatialError, match="3 neighbours of 3 cities"):
            nearest(on_a_line(0, 1, 2), k=3)


class TestMoransI:
    def test_columbus_crime(self):
        """spdep's page of moran.test, COL.OLD$CRIME with knn2nb(knearneigh(coords.OLD, 4)), style W: I = 0.624933667,
        expectation −0.020833333."""
        places, distances = nearest_points(COLUMBUS[["x", "y"]].to_numpy(), 4)
        found = morans_i(COLUMBUS["crime"], Neighbours(COLUMBUS.index, places, distances), permutations=999)
        assert found.statistic == pytest.approx(0.624933667, abs=1e-6)
        assert found.expected == pytest.approx(-0.020833333, abs=1e-9) and found.p_value == 0.001

    @pytest.mark.parametrize("groups", [None, GROUPS])
    def test_against_every_permutation_of_six_cities(self, groups):
        """All 720 orders (36 within two groups of three), each by plain loops: mean, and share at least as large."""
        labels = ["all"] * 6 if groups is None else GROUPS.tolist()
        orders = [order for order in itertools.permutations(range(6))
                  if groups is None or set(order[:3]) == {0, 1, 2}]
        every = [by_loops(VALUES.iloc[list(order)].tolist(), SIX.places.tolist(), labels) for order in orders]
        found = morans_i(VALUES, SIX, groups, seed=5)
        assert found.statistic == pytest.approx(every[0])
        assert found.expected == pytest.approx(np.mean(every))
        exact = np.mean(np.array(every) >= every[0] - 1e-9)
        assert found.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact / found.permutations))

    def test_a_pattern_and_none(self):
        rng = np.random.default_rng(2)
        cities = pd.DataFrame({"seat_lon": rng.uniform(100, 120, 200), "seat_lat": rng.uniform(20, 40, 200)})
        neighbours = nearest(cities, 6)
        smooth = np.sin(cities["seat_lon"] / 3)
        assert morans_i(smooth, neighbours, permutations=199).statistic > 0.8
        ps = [morans_i(pd.Series(rng.normal(size=200)), neighbours, seed=each, permutations=99).p_value
              for each in range(1, 41)]
        assert 0.3 < np.mean(ps) < 0.7

    def test_scale_and_order_change_nothing(self):
        turned = morans_i(VALUES[::-1] * 1e6 - 5, SIX)
        assert turned.statistic == pytest.approx(morans_i(VALUES, SIX).statistic)
        assert turned.p_value == morans_i(VALUES, SIX).p_value

    def test_the_same_seed_gives_the_same_p(self):
        assert morans_i(VALUES, SIX, seed=7) == morans_i(VALUES, SIX, seed=7)

    def test_values_that_do_not_vary_within_the_groups_are_refused(self):
        with pytest.raises(SpatialError, match="do not vary"):
            morans_i(pd.Series([5.0, 5, 5, 1, 1, 1], SIX.cities), SIX, GROUPS)

    @pytest.mark.parametrize("values", [VALUES.drop("c2"), VALUES.mask(VALUES == 8)])
    def test_a_city_without_a_value_is_named(self, values):
        with pytest.raises(SpatialError, match="c2"):
            morans_i(values, SIX)


class TestShareBetween:
    def test_by_hand(self):
        """Means 2 and 5 about 3.5: between 4 · 1.5² = 9, within 1 + 1 + 1 + 1 = 4."""
        share, by_chance = spatial.share_between(pd.Series([1.0, 3, 4, 6]), pd.Series(list("aabb")))
        assert share == pytest.approx(9 / 13) and by_chance == pytest.approx(1 / 3)

    def test_random_groups_have_the_share_expected_of_them(self):
        rng, values = np.random.default_rng(1), pd.Series(np.random.default_rng(0).gamma(2, size=30))
        groups = np.repeat(list("abcdef"), 5)
        shares = [spatial.share_between(values, pd.Series(rng.permutation(groups)))[0] for _ in range(2000)]
        assert np.mean(shares) == pytest.approx(5 / 29, abs=0.01)


class TestLocalMoran:
    def test_the_mean_is_morans_i_and_the_parts_are_the_formula(self):
        found = local_moran(VALUES, SIX, permutations=99)
        assert found["local"].mean() == pytest.approx(morans_i(VALUES, SIX, permutations=9).statistic)
        z = (VALUES - VALUES.mean()) / VALUES.std(ddof=0)
        assert found["local"].iloc[0] == pytest.approx(z.iloc[0] * z.iloc[SIX.places[0]].mean())

    def test_against_every_set_of_neighbours(self):
        """Each city: all 10 pairs of two others, the share of each tail, doubled."""
        found = local_moran(VALUES, SIX, permutations=20_000)
        for city in range(6):
            others = [place for place in range(6) if place != city]
            means = np.array([found["z"].iloc[list(pair)].mean() for pair in itertools.combinations(others, 2)])
            actual = found["lag"].iloc[city]
            exact = min(1, 2 * min((means >= actual - 1e-9).mean(), (means <= actual + 1e-9).mean()))
            assert found["p"].iloc[city] == pytest.approx(exact, abs=0.02)

    def test_benjamini_and_hochberg_by_hand(self):
        """q = the smallest p · n / place from there on upwards."""
        found = local_moran(VALUES, SIX, permutations=999)
        ordered = found["p"].sort_values(kind="stable")
        raised = ordered * 6 / np.arange(1, 7)
        by_hand = raised[::-1].cummin()[::-1].clip(upper=1)
        assert found["q"].to_dict() == pytest.approx(by_hand.to_dict())

    def test_each_class_is_found_where_it_was_put(self):
        """A block of high values in a random country, one low city inside it, one high city far from it."""
        rng = np.random.default_rng(4)
        cities = pd.DataFrame([(lon, lat) for lon in range(100, 120) for lat in range(20, 40)],
                              columns=["seat_lon", "seat_lat"])
        block = cities["seat_lon"].between(105, 109) & cities["seat_lat"].between(25, 29)
        hollow = cities["seat_lon"].between(113, 117) & cities["seat_lat"].between(33, 37)
        values = pd.Series(rng.normal(0, 0.3, len(cities))) + 4 * block - 4 * hollow
        low = cities.index[(cities["seat_lon"] == 107) & (cities["seat_lat"] == 27)][0]
        high = cities.index[(cities["seat_lon"] == 115) & (cities["seat_lat"] == 35)][0]
        values[low], values[high] = -4, 4
        found = local_moran(values, nearest(cities, 6), permutations=1999)
        assert found.loc[low, "class"] == "low-high" and found.loc[high, "class"] == "high-low"
        assert (found.loc[block & (cities.index != low), "class"] == "high-high").mean() > 0.6
        assert (found.loc[~block & ~hollow, "class"] == "not significant").mean() > 0.85
        assert set(found["class"]) <= set(spatial.CLASSES)

    def test_no_city_is_its_own_neighbour_in_a_draw_and_none_comes_twice(self):
        for cities, k in ((8, 6), (300, 6)):
            drawn = spatial.random_others(cities, k, 500, seed=1)
            assert drawn.min() == 0 and drawn.max() == cities - 2
            assert all(len(set(row)) == k for row in drawn.tolist())

    def test_equal_values_are_refused(self):
        with pytest.raises(SpatialError, match="do not vary"):
            local_moran(VALUES * 0, SIX)
