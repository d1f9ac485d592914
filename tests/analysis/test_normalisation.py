"""One scale, one direction: published tables, the identities of each method, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.normalisation import normalise, rescale

columns = arrays(float, st.integers(3, 12), elements=st.integers(-1000, 1000).map(float), unique=True)


class TestHandbookTable15:
    """OECD/JRC (2008), Handbook on Constructing Composite Indicators, Table 15: mean years of schooling, 23 countries.

    The printed z-scores decide for the sample standard deviation: the population one would give Sweden 1.17.
    """

    schooling = pd.DataFrame({"schooling": {
        "Finland": 10, "United States": 12, "Sweden": 11.4, "Japan": 9.5, "Korea": 10.8, "Netherlands": 9.4, "UK": 9.4,
        "Canada": 11.6, "Australia": 10.9, "Singapore": 7.1, "Germany": 10.2, "Norway": 11.9, "Ireland": 9.4,
        "Belgium": 9.3, "New Zealand": 11.7, "Austria": 8.4, "France": 7.9, "Israel": 9.6, "Spain": 7.3, "Italy": 7.2,
        "Czech Rep.": 9.5, "Hungary": 9.1, "Slovenia": 7.1}})

    def test_z_scores(self):
        printed = [0.26, 1.52, 1.14, -0.06, 0.76, -0.12, -0.12, 1.27, 0.83, -1.58, 0.38, 1.46, -0.12, -0.19, 1.33,
                   -0.76, -1.08, 0.00, -1.46, -1.52, -0.06, -0.31, -1.58]
        assert normalise(self.schooling, "+", "zscore")["schooling"].round(2).tolist() == printed

    def test_min_max(self):
        printed = [0.59, 1.00, 0.88, 0.49, 0.76, 0.47, 0.47, 0.92, 0.78, 0.00, 0.63, 0.98, 0.47, 0.45, 0.94, 0.27, 0.16,
                   0.51, 0.04, 0.02, 0.49, 0.41, 0.00]
        assert normalise(self.schooling, "+")["schooling"].round(2).tolist() == printed

    def test_ranks(self):
        """The table counts from 1 = lowest to 23, ties share the smaller number; here the mean, and 0–1 for 1–23."""
        scaled = normalise(self.schooling, "+", "rank")["schooling"]
        assert scaled["Finland"] == pytest.approx((15 - 1) / 22) and scaled["United States"] == 1
        assert scaled["Netherlands"] == scaled["UK"] == pytest.approx((10 - 1) / 22)
        assert scaled["Slovenia"] == scaled["Singapore"] == pytest.approx(0.5 / 22)


class TestHumanDevelopmentIndex:
    """UNDP (2011), Human Development Report, technical note 1: goalposts and the worked example of Viet Nam."""

    def test_viet_nam(self):
        values = pd.DataFrame({"life": [75.2], "mean_years": [5.5], "expected_years": [10.4], "income": [np.log(2805)]})
        posts = {"life": (20, 83.4), "mean_years": (0, 13.1), "expected_years": (0, 18),
                 "income": (np.log(100), np.log(107721))}
        index = normalise(values, "+", "goalposts", posts).round(3)
        assert index.iloc[0].tolist() == [0.871, 0.420, 0.578, 0.478]

    def test_values_beyond_a_goalpost_are_clipped(self):
        posts = pd.DataFrame({"low": [0.0], "high": [10.0]}, index=["x"])
        values = pd.DataFrame({"x": [-5.0, 0.0, 2.5, 10.0, 99.0, np.nan]})
        up, down = (normalise(values, sign, "goalposts", posts)["x"] for sign in "+-")
        assert up.tolist()[:5] == [0, 0, 0.25, 1, 1] and down.tolist()[:5] == [1, 1, 0.75, 0, 0]
        assert np.isnan(up[5])


class TestIdentities:
    @given(columns, st.integers(1, 50), st.integers(-50, 50))
    @settings(max_examples=40, deadline=None)
    def test_a_change_of_unit_changes_nothing(self, column, factor, shift):
        frame = pd.DataFrame({"x": column})
        for method in ("minmax", "zscore", "rank"):
            expected = normalise(frame, "+", method)
            np.testing.assert_allclose(normalise(frame * factor + shift, "+", method), expected, atol=1e-9)
            np.testing.assert_allclose(normalise(-frame, "-", method), expected, atol=1e-9)

    @given(columns)
    @settings(max_examples=40, deadline=None)
    def test_direction_turns_the_scale_round(self, column):
        frame = pd.DataFrame({"x": column})
        for method in ("minmax", "rank"):
            np.testing.assert_allclose(normalise(frame, "-", method), 1 - normalise(frame, "+", method), atol=1e-12)
        np.testing.assert_allclose(normalise(frame, "-", "zscore"), -normalise(frame, "+", "zscore"), atol=1e-12)

    def test_missing_values_stay_missing_and_are_not_counted(self):
        frame = pd.DataFrame({"x": [1.0, np.nan, 3.0, 2.0]})
        for method in ("minmax", "zscore", "rank"):
            result = normalise(frame, 1, method)["x"]
            assert result.isna().tolist() == [False, True, False, False]
            assert result.dropna().tolist() == normalise(frame.dropna(), 1, method)["x"].tolist()

    def test_the_input_is_left_alone(self):
        frame = pd.DataFrame({"x": [1, 2, 4]})
        before = frame.copy()
        normalise(frame, "-")
        pd.testing.assert_frame_equal(frame, before)

    def test_pymcdm_agrees(self):
        from pymcdm import normalizations
        rng = np.random.default_rng(7)
        values = rng.gamma(2, size=(30, 4))
        signs = np.array([1, -1, 1, -1])
        ours = normalise(pd.DataFrame(values), dict(enumerate(signs)))
        theirs = [normalizations.minmax_normalization(values[:, j], cost=signs[j] < 0) for j in range(4)]
        np.testing.assert_allclose(ours, np.column_stack(theirs), atol=1e-12)


class TestRefusals:
    frame = pd.DataFrame({"good": [1.0, 2.0], "flat": [3.0, 3.0]}, index=["甲", "乙"])

    @pytest.mark.parametrize("method", ["minmax", "zscore", "rank"])
    def test_a_constant_indicator(self, method):
        with pytest.raises(ValueError, match="flat is constant"):
            normalise(self.frame, "+", method)

    def test_rounding_noise_is_no_variation(self):
        with pytest.raises(ValueError, match="noise is constant"):
            normalise(pd.DataFrame({"noise": [0.1 + 0.2, 0.3]}), "+")

    def test_directions(self):
        with pytest.raises(ValueError, match="no direction for indicator flat"):
            normalise(self.frame, {"good": "+"})
        with pytest.raises(ValueError, match="'up' of indicator flat is unknown"):
            normalise(self.frame, pd.Series({"good": "+", "flat": "up"}))

    def test_goalposts(self):
        with pytest.raises(ValueError, match="no goalposts for indicator flat"):
            normalise(self.frame, "+", "goalposts", {"good": (0, 1)})
        with pytest.raises(ValueError, match="flat are"):
            normalise(self.frame, "+", "goalposts", {"good": (0, 1), "flat": (5, 5)})
        with pytest.raises(ValueError, match="only to it"):
            normalise(self.frame, "+", "minmax", {"good": (0, 1), "flat": (0, 5)})

    def test_cells_are_named(self):
        with pytest.raises(ValueError, match="city 乙, indicator good: inf is infinite"):
            normalise(self.frame.assign(good=[1.0, np.inf]), "+")
        with pytest.raises(ValueError, match="city 乙, indicator good: 12.5 is text"):
            normalise(self.frame.assign(good=[1.0, "12.5"]), "+")
        with pytest.raises(ValueError, match="indicator never has no value"):
            normalise(self.frame[["good"]].assign(never=np.nan), "+")

    def test_unknown_method_and_range(self):
        with pytest.raises(ValueError, match="unknown normalisation 'softmax'"):
            normalise(self.frame, "+", "softmax")
        assert rescale(pd.DataFrame({"x": [0.0, 0.5, 1.0]}), 1, 100)["x"].tolist() == [1, 50.5, 100]
        with pytest.raises(ValueError, match="x has values outside 0–1"):
            rescale(pd.DataFrame({"x": [0.0, 50.0]}), 0.01, 1)
