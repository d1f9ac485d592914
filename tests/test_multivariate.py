"""How indicators hang together: coherence and dimensions on tables whose answer is known."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.multivariate import correlations, cronbach_alpha, principal_components

OPPOSITE = pd.DataFrame({"a": [0.0, 50.0, 100.0], "b": [100.0, 50.0, 0.0]})


class TestCronbachAlpha:
    def test_two_exactly_opposite_indicators_have_no_finite_alpha(self):
        assert cronbach_alpha(OPPOSITE) == -math.inf

    def test_one_indicator_has_none(self):
        assert math.isnan(cronbach_alpha(OPPOSITE[["a"]]))

    def test_by_the_mean_correlation(self):
        values = pd.DataFrame(np.random.default_rng(1).normal(size=(40, 3)), columns=list("abc"))
        mean = values.corr().to_numpy()[np.triu_indices(3, 1)].mean()
        assert cronbach_alpha(values) == pytest.approx(3 * mean / (1 + 2 * mean))


def test_opposite_indicators_have_one_dimension_and_rank_correlation_minus_one():
    assert correlations(OPPOSITE).loc["a", "b"] == pytest.approx(-1)
    assert principal_components(OPPOSITE)["share"].tolist() == pytest.approx([1, 0])
