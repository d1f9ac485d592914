"""Tiers: published partitions, exact optima against brute force, scikit-learn as oracle, and properties."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.sensitivity import scores_by_draw
from analysis.tiers import TiersError, choose_k, kmeans_tiers, natural_breaks, tier_probabilities, tiers_from_breaks
from analysis.tiers.choice import gap, recommend, reference_sets, stability
from analysis.tiers.lloyd import batched_kmeans, lloyd, nearest_centres
from analysis.validation import UnusableValues


def labelled(rows: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(rows, [f"c{number:03d}" for number in range(len(rows))],
                        [f"D{number}" for number in range(1, np.shape(rows)[1] + 1)])


def three_clusters(seed: int = 0) -> pd.DataFrame:
    """Simulation (b) of Tibshirani, Walther & Hastie (2001): 25, 25 and 50 standard normal points, three centres."""
    generator = np.random.default_rng(seed)
    centres = np.repeat([[0.0, 0.0], [0.0, 5.0], [5.0, -3.0]], [25, 25, 50], axis=0)
    return labelled(centres + generator.standard_normal((100, 2)))


@pytest.fixture(scope="module")
def iris() -> pd.DataFrame:
    from sklearn.datasets import load_iris

    return labelled(load_iris().data)


class TestPublishedKmeans:
    """Fisher's iris measurements: the optimum known from R's kmeans, total within sum of squares 78.85144 with sizes
    50, 62, 38 for k = 3, and 152.348 with sizes 53, 97 for k = 2."""

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_optimum_for_every_seed(self, iris, seed):
        result = kmeans_tiers(iris, 3, seed)
        assert result.inertia == pytest.approx(78.85144, abs=5e-6)
        assert sorted(result.sizes) == [38, 50, 62]

    def test_two_clusters(self, iris):
        result = kmeans_tiers(iris, 2, 1)
        assert result.inertia == pytest.approx(152.348, abs=5e-4)
        assert result.sizes.to_dict() == {1: 97, 2: 53}


class TestKmeansTiers:
    def test_first_tier_has_the_best_centre(self):
        values = three_clusters()
        result = kmeans_tiers(values, 3, seed=1, n_init=20)
        means = result.centres.mean(axis=1).to_numpy()
        assert (np.diff(means) < 0).all()
        pd.testing.assert_frame_equal(values.groupby(result.tiers).mean(), result.centres)
        assert result.inertia == pytest.approx(
            sum(((group - group.mean()) ** 2).to_numpy().sum() for _, group in values.groupby(result.tiers)))
        assert (result.tiers.value_counts().sort_index() == result.sizes).all()
        assert result.breaks is None

    def test_order_of_cities_does_not_matter(self):
        values = three_clusters()
        values = pd.concat([values, values.iloc[[3, 50]].set_axis(["twin3", "twin50"])])
        result = kmeans_tiers(values, 4, seed=1, n_init=5)
        again = kmeans_tiers(values.sample(frac=1, random_state=0), 4, seed=1, n_init=5)
        pd.testing.assert_series_equal(result.tiers, again.tiers.loc[values.index])
        assert result.tiers["twin3"] == result.tiers["c003"]
        assert result.tiers["twin50"] == result.tiers["c050"]

    def test_a_series_is_one_column(self):
        scores = pd.Series([1.0, 2.0, 10.0, 11.0], list("abcd"), name="score")
        result = kmeans_tiers(scores, 2, seed=1, n_init=5)
        assert result.tiers.to_dict() == {"a": 2, "b": 2, "c": 1, "d": 1}
        assert result.centres["score"].tolist() == [10.5, 1.5]

    @pytest.mark.parametrize("k", [0, 4, 2.0, True])
    def test_impossible_k(self, k):
        values = labelled(np.array([[1.0], [2.0], [2.0], [3.0]]))
        with pytest.raises(TiersError, match="k = "):
            kmeans_tiers(values, k, seed=1)

    def test_a_gap_is_named(self):
        values = three_clusters()
        values.iloc[4, 1] = np.nan
        with pytest.raises(UnusableValues, match="c004.*D2"):
            kmeans_tiers(values, 3, seed=1)


class TestPublishedBreaks:
    """Wang & Song (2011), Ckmeans.1d.dp: the example of the package's own tests, sizes 4, 3, 3, centres −1, 2, 5,
    within sums of squares 0, 0, 2 (there from the lowest cluster up)."""

    def test_example(self):
        scores = pd.Series([-1.0, 2, -1, 2, 4, 5, 6, -1, 2, -1])
        result = natural_breaks(scores, 3)
        assert result.tiers.tolist() == [3, 2, 3, 2, 1, 1, 1, 3, 2, 3]
        assert result.centres["score"].tolist() == [5, 2, -1]
        assert result.sizes.tolist() == [3, 3, 4]
        assert result.inertia == 2
        assert result.breaks.tolist() == [4, 2, -1]


class TestNaturalBreaks:
    @settings(max_examples=80, deadline=None)
    @given(scores=st.lists(st.integers(0, 12).map(float), min_size=4, max_size=10), k=st.integers(1, 4))
    @pytest.mark.long
    def test_least_squares_among_all_partitions(self, scores, k):
        distinct = sorted(set(scores))
        if k > len(distinct):
            with pytest.raises(TiersError, match="distinct scores"):
                natural_breaks(pd.Series(scores), k)
            return

        def inertia(cuts: tuple[float, ...]) -> float:
            groups = np.split(np.sort(scores), np.searchsorted(np.sort(scores), cuts))
            return sum(((group - group.mean()) ** 2).sum() for group in groups)

        series = pd.Series(scores, name="score")
        result = natural_breaks(series, k)
        best = min(inertia(cuts) for cuts in combinations(distinct[1:], k - 1))
        assert result.inertia == pytest.approx(best, abs=1e-9)
        # The intervals say what the tiers are, ties included.
        pd.testing.assert_series_equal(tiers_from_breaks(series, result.breaks), result.tiers)
        assert (series.groupby(series).agg(lambda same: result.tiers[same.index].nunique()) == 1).all()
        for tier, bound in result.breaks.items():
            assert series[result.tiers == tier].min() == bound
        assert (result.breaks.diff().dropna() < 0).all()

    def test_rising_breaks_are_refused(self):
        with pytest.raises(TiersError, match="fall"):
            tiers_from_breaks(pd.Series([1.0]), pd.Series([1.0, 2.0]))


class TestCriteria:
    FEW = {"seed": 1, "n_init": 10, "references": 2, "resamples": 2}

    def test_fishers_iris(self, iris):
        """As R gives them: `cluster::silhouette` 0.6810 and 0.5528, `fpc::calinhara` 513.92 and 561.63."""
        criteria = choose_k(iris, (2, 3), **self.FEW).criteria
        assert criteria["silhouette"].dropna().tolist() == pytest.approx([0.6810, 0.5528], abs=5e-5)
        assert criteria["calinski_harabasz"].dropna().tolist() == pytest.approx([513.92, 561.63], abs=5e-3)

    def test_two_pairs_by_hand(self):
        """Widths (10.5 − 1)/10.5 and (9.5 − 1)/9.5; sums of squares 100 between the pairs and 1 within them."""
        row = choose_k(pd.Series([0.0, 1.0, 10.0, 11.0]), (2,), **self.FEW).criteria.loc[2]
        assert row["silhouette"] == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)
        assert row["calinski_harabasz"] == pytest.approx(200)

    def test_a_city_alone_has_width_zero(self):
        row = choose_k(pd.Series([0.0, 1.0, 9.0]), (2,), **self.FEW).criteria.loc[2]
        assert row["silhouette"] == pytest.approx((8 / 9 + 7 / 8 + 0) / 3)

    def test_cities_far_from_the_origin_and_close_to_each_other_lose_no_digit(self):
        pairs = pd.Series([0.0, 1e-6, 1e-5, 1.1e-5])
        near, far = (choose_k(pairs + start, (2,), **self.FEW).criteria.loc[2] for start in (0, 1))
        assert far["silhouette"] == pytest.approx(near["silhouette"], rel=1e-8)


class TestStability:
    PAIRS = np.array([[0.0], [1.0], [10.0], [11.0]])

    @pytest.mark.parametrize(("labels", "jaccard", "rand"), [([0, 0, 1, 1], 1, 1), ([0, 1, 0, 1], 1 / 3, -0.5)])
    def test_by_hand(self, labels, jaccard, rand):
        """Crossed pairs share one city of three; adjusted Rand (0 − 2·2/6) / (2 − 2·2/6), Hubert & Arabie (1985)."""
        once = np.ones((3, 4), dtype=int)
        found = stability(self.PAIRS, np.array(labels), once, 2, np.random.default_rng(0))
        assert found == pytest.approx({"jaccard_mean": jaccard, "jaccard_least": jaccard, "rand_mean": rand})

    def test_only_cities_that_were_drawn_count_and_each_once(self):
        drawn = np.array([[1, 1, 3, 0]])
        labels = np.array([0, 0, 1, 0])  # the last city is misplaced, and not drawn
        found = stability(self.PAIRS, labels, drawn, 2, np.random.default_rng(0))
        assert found == pytest.approx({"jaccard_mean": 1, "jaccard_least": 1, "rand_mean": 1})


class TestBatchedKmeansAgainstScikitLearn:
    def test_lloyd_from_the_same_start(self):
        from sklearn.cluster import KMeans

        points = (three_clusters() - three_clusters().mean()).to_numpy()
        weights = np.random.default_rng(1).integers(0, 4, (6, 100)).astype(float)
        starts = np.stack([points[[number, number + 30, number + 60, number + 35]] for number in range(6)])
        _, inertia = lloyd(points[None], weights, starts)
        expected = [KMeans(4, init=start, n_init=1, tol=0, algorithm="lloyd").fit(points, sample_weight=row).inertia_
                    for start, row in zip(starts, weights, strict=True)]
        assert inertia == pytest.approx(expected)

    def test_the_nearest_centre_is_the_first_of_equals(self):
        distances = np.random.default_rng(2).integers(0, 5, (4, 6, 50)).astype(float)
        numbers, least = nearest_centres(distances)
        np.testing.assert_array_equal(numbers, distances.argmin(axis=1))
        np.testing.assert_array_equal(least, distances.min(axis=1))

    def test_batched_kmeans_finds_the_optimum(self, iris):
        points = iris.to_numpy() - iris.to_numpy().mean(axis=0)
        labels, inertia = batched_kmeans(points[None], np.ones((4, 150)), 3, np.random.default_rng(0), starts=20)
        assert inertia == pytest.approx(78.85144, abs=5e-6)
        assert labels.shape == (4, 150)


class TestChoiceOfK:
    """Simulations of Tibshirani, Walther & Hastie (2001): the gap statistic finds three clusters in (b) and none
    (k = 1) in (a), 200 points uniform over the unit cube in ten dimensions."""

    def test_three_separated_clusters(self):
        choice = choose_k(three_clusters(), range(2, 6), seed=1, n_init=10, references=20, resamples=20)
        assert choice.recommended["k"].to_dict() == {"silhouette": 3, "calinski_harabasz": 3, "gap": 3, "stability": 3}
        best = choice.criteria.loc[3]
        assert best["jaccard_least"] > 0.95
        assert best["rand_mean"] > 0.95
        assert best["jaccard_mean"] >= best["jaccard_least"]
        assert choice.criteria.index.tolist() == [1, 2, 3, 4, 5]
        assert choice.criteria.loc[1].drop(["inertia", "gap", "gap_error"]).isna().all()

    def test_no_clusters(self):
        uniform = labelled(np.random.default_rng(3).random((200, 10)))
        choice = choose_k(uniform, (2, 3), seed=1, n_init=10, references=20, resamples=2)
        assert choice.recommended.loc["gap", "k"] == 1

    def test_repeatable_and_each_k_on_its_own(self):
        values = three_clusters()
        first = choose_k(values, (2, 3), seed=5, n_init=5, references=5, resamples=5).criteria
        second = choose_k(values, (2, 3, 4), seed=5, n_init=5, references=5, resamples=5).criteria
        pd.testing.assert_frame_equal(first, second.loc[[1, 2, 3]], check_exact=True)

    def test_gap_error_follows_its_formula(self):
        """One dimension, k = 1: W* is the sum of squares of uniform numbers, the reference is known in distribution."""
        points = np.linspace(-0.5, 0.5, 500)[:, None]
        boxes = reference_sets(points, 400, np.random.default_rng(1))
        row = gap(float((points**2).sum()), boxes, 1, np.random.default_rng(1))
        # E W* = (n − 1)/12 against n(n + 1)/(12(n − 1)) for the even grid; a logarithm loses half the variance.
        assert row["gap"] == pytest.approx(2 * np.log(499) - np.log(500 * 501) - 0.0008, abs=0.006)
        # Var of the variance of n uniform numbers: (κ − 1)/n with κ = 9/5, hence sd(log W*) ≈ sqrt(0.8 / n).
        assert row["gap_error"] == pytest.approx(np.sqrt(0.8 / 500) * np.sqrt(1 + 1 / 400), rel=0.15)

    def test_rules_may_have_no_answer(self):
        criteria = pd.DataFrame(
            {"silhouette": [np.nan, 0.3, 0.4], "calinski_harabasz": [np.nan, 9.0, 5.0], "gap": [0.1, 0.5, 0.9],
             "gap_error": [0.01, 0.01, 0.01], "jaccard_least": [np.nan, 0.7, 0.6]}, index=[1, 2, 3])
        picks = recommend(criteria)["k"]
        assert picks["silhouette"] == 3
        assert picks["calinski_harabasz"] == 2
        assert picks.isna().to_dict() == {"silhouette": False, "calinski_harabasz": False, "gap": True,
                                          "stability": True}

    def test_too_many_tiers(self):
        with pytest.raises(TiersError, match="k = 6"):
            choose_k(pd.Series(range(6), dtype=float), (6,), seed=1)


class TestTierProbabilities:
    def test_by_hand(self):
        scores = pd.DataFrame([[9.0, 8.0, 1.0, 0.0], [9.0, 2.0, 1.0, 0.0]], columns=list("abcd"))
        again = tier_probabilities(scores, 2)
        assert again[1].to_dict() == {"a": 1.0, "b": 0.5, "c": 0.0, "d": 0.0}
        fixed = tier_probabilities(scores, 2, breaks=pd.Series([1.0, 0.0], index=[1, 2]))
        assert fixed[1].to_dict() == {"a": 1.0, "b": 1.0, "c": 1.0, "d": 0.0}

    def test_weights_without_noise_give_the_tiers_themselves(self):
        generator = np.random.default_rng(2)
        values = labelled(generator.random((30, 4)))
        weights = pd.Series(0.25, values.columns)
        shares = tier_probabilities(scores_by_draw(values, weights, 5, float("inf"), seed=1), 3)
        base = natural_breaks(values.mean(axis=1), 3).tiers
        assert (shares.idxmax(axis=1) == base).all()
        assert (shares.max(axis=1) == 1).all()

    def test_rows_sum_to_one_and_equals_are_equal(self):
        generator = np.random.default_rng(2)
        values = labelled(generator.random((40, 4)))
        values.loc["twin"] = values.loc["c005"]
        weights = pd.Series(0.25, values.columns)
        scores = scores_by_draw(values, weights, 200, 10, seed=1)
        shares = tier_probabilities(scores, 4)
        assert shares.sum(axis=1).to_numpy() == pytest.approx(np.ones(41))
        assert (shares.loc["twin"] == shares.loc["c005"]).all()
        # Exactly the tiers that natural_breaks gives draw by draw.
        one = natural_breaks(scores.loc[17], 4).tiers
        assert (tier_probabilities(scores.loc[[17]], 4).idxmax(axis=1) == one).all()

    def test_refusals(self):
        scores = pd.DataFrame([[1.0, 2.0, 3.0], [1.0, 1.0, 2.0]])
        with pytest.raises(TiersError, match="draw 1"):
            tier_probabilities(scores, 3)
        with pytest.raises(TiersError, match="finite"):
            tier_probabilities(scores.where(scores > 1), 2)
        with pytest.raises(TiersError, match="breaks"):
            tier_probabilities(scores, 2, breaks=pd.Series([1.0, 2.0]))
