"""Silhouettes in blocks, as a study of many cities has them, are scikit-learn's of all distances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_score

from analysis.tiers import choice, choose_k
from analysis.tiers.choice import silhouettes_in_blocks


@pytest.mark.parametrize("cities", [5, 511, 512, 513, 1_100])
def test_of_several_partitions_at_once(cities):
    generator = np.random.default_rng(cities)
    points = generator.normal(size=(cities, 3))
    points[1] = points[0]
    partitions = {k: np.r_[np.arange(k), generator.integers(0, k, cities - k)] for k in (2, 3, 4)}
    found = silhouettes_in_blocks(points, partitions)
    for k, labels in partitions.items():
        assert found[k] == pytest.approx(
            silhouette_score(cdist(points, points), labels, metric="precomputed"), abs=1e-12)


def test_a_tier_of_one_city_counts_nothing():
    """Rousseeuw (1987): s(i) = 0 for a city alone; of two at 0 and 1 and one at 5: 1 − 1/5, 1 − 1/4, 0."""
    found = silhouettes_in_blocks(np.array([[0.0], [1.0], [5.0]]), {2: np.array([0, 0, 1])})
    assert found[2] == pytest.approx((0.8 + 0.75) / 3)


def test_equal_points_in_two_tiers_are_at_no_distance():
    found = silhouettes_in_blocks(np.zeros((4, 2)), {2: np.array([0, 0, 1, 1])})
    assert found[2] == 0


def test_the_criteria_of_many_cities_are_those_of_few(monkeypatch):
    scores = pd.DataFrame(np.random.default_rng(3).normal(size=(120, 4)), columns=list("ABCD"))
    few = choose_k(scores, range(2, 6), seed=1, n_init=5, references=4, resamples=4)
    monkeypatch.setattr(choice, "WHOLE_UP_TO", 100)
    many = choose_k(scores, range(2, 6), seed=1, n_init=5, references=4, resamples=4)
    pd.testing.assert_frame_equal(few.criteria, many.criteria, rtol=1e-12)
    pd.testing.assert_frame_equal(few.recommended, many.recommended)
