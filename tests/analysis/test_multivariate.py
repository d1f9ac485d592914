"""Correlations, dimensions and coherence of indicators, against published results and by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import multivariate
from analysis.multivariate import correlations, cronbach_alpha, principal_components
from analysis.validation import UnusableValues


class TestCorrelations:
    def test_ties_share_their_mean_rank(self):
        """Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: sums of squares 4.5 and 5, of products 4.5, so √0.9."""
        found = multivariate.correlations(pd.DataFrame({"a": [0.0, 7, 7, 9], "b": [1.0, 2, 3, 400]}))
        assert found.to_numpy() == pytest.approx(np.array([[1, np.sqrt(0.9)], [np.sqrt(0.9), 1]]))
        assert list(found.index) == list(found.columns) == ["a", "b"]

    @given(arrays(float, (7, 3), elements=st.floats(-5, 5).map(lambda number: round(number, 3)), unique=True))
    def test_a_growing_transformation_of_one_indicator_changes_nothing(self, values):
        frame = pd.DataFrame(values, columns=list("abc"))
        other = frame.assign(a=np.exp(frame["a"]))
        np.testing.assert_allclose(multivariate.correlations(other), multivariate.correlations(frame))


class TestPrincipalComponents:
    def test_fishers_iris(self):
        """R's prcomp(iris[1:4], scale. = TRUE): standard deviations 1.7084, 0.9560, 0.3831, 0.1439."""
        from sklearn.datasets import load_iris

        found = multivariate.principal_components(pd.DataFrame(load_iris().data, columns=list("abcd")))
        assert np.sqrt(found["eigenvalue"]).tolist() == pytest.approx([1.7084, 0.9560, 0.3831, 0.1439], abs=5e-5)
        assert found.index.tolist() == [1, 2, 3, 4] and found.index.name == "component"

    def test_two_indicators_have_eigenvalues_one_plus_and_minus_their_correlation(self):
        found = multivariate.principal_components(pd.DataFrame({"a": [1.0, 2, 3], "b": [10.0, 30, 20]}))
        assert found.to_numpy() == pytest.approx(np.array([[1.5, 0.75, 0.75], [0.5, 0.25, 1.0]]))

    def test_units_do_not_matter_and_the_eigenvalues_sum_to_the_indicators(self):
        values = pd.DataFrame(np.random.default_rng(1).gamma(2, 3, (40, 5)))
        found = multivariate.principal_components(values)
        assert found["eigenvalue"].sum() == pytest.approx(5) and found["share"].sum() == pytest.approx(1)
        np.testing.assert_allclose(found, multivariate.principal_components(values * [1, 10, 1e3, 1e-3, 1] + 7))

    def test_there_are_no_more_components_than_cities(self):
        found = multivariate.principal_components(pd.DataFrame(np.random.default_rng(1).random((4, 6))))
        assert len(found) == 4 and found["eigenvalue"].sum() == pytest.approx(6)


class TestCronbachAlpha:
    def test_by_hand(self):
        """Correlations 0.5, 1 and 0.5, mean 2/3: 3 · 2/3 / (1 + 2 · 2/3)."""
        values = pd.DataFrame({"a": [1.0, 2, 3], "b": [10.0, 30, 20], "c": [2.0, 4, 6]})
        assert multivariate.cronbach_alpha(values) == pytest.approx(6 / 7)

    def test_one_indicator_has_none(self):
        assert np.isnan(multivariate.cronbach_alpha(pd.DataFrame({"a": [1.0, 2.0]})))


OPPOSITE = pd.DataFrame({"a": [0.0, 50.0, 100.0], "b": [100.0, 50.0, 0.0]})


def test_opposite_indicators_have_one_dimension_and_no_finite_alpha():
    assert cronbach_alpha(OPPOSITE) == -math.inf and correlations(OPPOSITE).loc["a", "b"] == pytest.approx(-1)
    assert principal_components(OPPOSITE)["share"].tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize("measure", ["correlations", "principal_components", "cronbach_alpha"])
class TestRefusals:
    def test_a_constant_indicator_is_named(self, measure):
        with pytest.raises(UnusableValues, match="level"):
            getattr(multivariate, measure)(pd.DataFrame({"a": [1.0, 2, 3], "level": 5.0}))

    def test_a_gap_is_named(self, measure):
        with pytest.raises(UnusableValues, match="c2.*holed"):
            getattr(multivariate, measure)(pd.DataFrame({"a": [1.0, 2], "holed": [3, np.nan]}, ["c1", "c2"]))
