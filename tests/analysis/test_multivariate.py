"""Correlations, dimensions and coherence of indicators, against published results and by hand."""

import io
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import multivariate, tables
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


# Motor Trend's 32 cars of 1974 (R's mtcars): mpg, cyl, disp, hp, drat, wt, qsec, vs, am, gear, carb.
CARS = pd.read_csv(io.StringIO("""mpg cyl disp hp drat wt qsec vs am gear carb
21 6 160 110 3.9 2.62 16.46 0 1 4 4
21 6 160 110 3.9 2.875 17.02 0 1 4 4
22.8 4 108 93 3.85 2.32 18.61 1 1 4 1
21.4 6 258 110 3.08 3.215 19.44 1 0 3 1
18.7 8 360 175 3.15 3.44 17.02 0 0 3 2
18.1 6 225 105 2.76 3.46 20.22 1 0 3 1
14.3 8 360 245 3.21 3.57 15.84 0 0 3 4
24.4 4 146.7 62 3.69 3.19 20 1 0 4 2
22.8 4 140.8 95 3.92 3.15 22.9 1 0 4 2
19.2 6 167.6 123 3.92 3.44 18.3 1 0 4 4
17.8 6 167.6 123 3.92 3.44 18.9 1 0 4 4
16.4 8 275.8 180 3.07 4.07 17.4 0 0 3 3
17.3 8 275.8 180 3.07 3.73 17.6 0 0 3 3
15.2 8 275.8 180 3.07 3.78 18 0 0 3 3
10.4 8 472 205 2.93 5.25 17.98 0 0 3 4
10.4 8 460 215 3 5.424 17.82 0 0 3 4
14.7 8 440 230 3.23 5.345 17.42 0 0 3 4
32.4 4 78.7 66 4.08 2.2 19.47 1 1 4 1
30.4 4 75.7 52 4.93 1.615 18.52 1 1 4 2
33.9 4 71.1 65 4.22 1.835 19.9 1 1 4 1
21.5 4 120.1 97 3.7 2.465 20.01 1 0 3 1
15.5 8 318 150 2.76 3.52 16.87 0 0 3 2
15.2 8 304 150 3.15 3.435 17.3 0 0 3 2
13.3 8 350 245 3.73 3.84 15.41 0 0 3 4
19.2 8 400 175 3.08 3.845 17.05 0 0 3 2
27.3 4 79 66 4.08 1.935 18.9 1 1 4 1
26 4 120.3 91 4.43 2.14 16.7 0 1 5 2
30.4 4 95.1 113 3.77 1.513 16.9 1 1 5 2
15.8 8 351 264 4.22 3.17 14.5 0 1 5 4
19.7 6 145 175 3.62 2.77 15.5 0 1 5 6
15 8 301 335 3.54 3.57 14.6 0 1 5 8
21.4 4 121 109 4.11 2.78 18.6 1 1 4 2"""), sep=" ")
PUBLISHED = {"mpg": 0.93, "cyl": 0.90, "disp": 0.76, "hp": 0.84, "drat": 0.95, "wt": 0.74, "qsec": 0.74, "vs": 0.91,
             "am": 0.88, "gear": 0.85, "carb": 0.62}


class TestSamplingAdequacyAndSphericity:
    """easystats' performance, page of check_factorstructure(mtcars), which calls R's psych: KMO and χ²."""

    def test_kaiser_meyer_olkin(self):
        overall, each = multivariate.sampling_adequacy(CARS)
        assert round(overall, 2) == 0.83 and each.round(2).to_dict() == PUBLISHED

    def test_bartlett(self):
        found = multivariate.sphericity(CARS)
        assert (round(found.statistic, 2), found.degrees_of_freedom) == (408.01, 55) and found.p_value < 0.001

    @given(arrays(float, (12, 4), elements=st.floats(-5, 5).map(lambda number: round(number, 2)), unique=True))
    def test_partial_correlations_by_regression(self, values):
        """KMO again with partial correlations as correlations of residuals, without any inverse of a matrix."""
        frame = pd.DataFrame(values, columns=list("abcd"))
        if np.linalg.eigvalsh(frame.corr())[0] < 1e-4:
            return
        squares = partial = 0.0
        for one, two in itertools.combinations("abcd", 2):
            rest = np.column_stack([np.ones(12), frame.drop(columns=[one, two])])
            left = [frame[each] - rest @ np.linalg.lstsq(rest, frame[each], rcond=None)[0] for each in (one, two)]
            squares += frame[one].corr(frame[two]) ** 2
            partial += np.corrcoef(left)[0, 1] ** 2
        assert multivariate.sampling_adequacy(frame)[0] == pytest.approx(squares / (squares + partial), abs=1e-6)

    def test_two_indicators_have_one_half(self):
        overall, each = multivariate.sampling_adequacy(CARS[["mpg", "hp"]])
        assert overall == pytest.approx(0.5) and each.tolist() == pytest.approx([0.5, 0.5])

    def test_one_factor_is_adequate_and_noise_is_not_significant(self):
        rng = np.random.default_rng(1)
        common = pd.DataFrame(rng.normal(size=(400, 1)) + rng.normal(0, 0.5, (400, 6)))
        assert multivariate.sampling_adequacy(common)[0] > 0.9 and multivariate.sphericity(common).p_value < 1e-9
        ps = [multivariate.sphericity(pd.DataFrame(rng.normal(size=(100, 5)))).p_value for _ in range(60)]
        assert 0.35 < np.mean(ps) < 0.65

    def test_an_indicator_that_follows_from_others_leaves_both_undefined(self):
        frame = CARS[["mpg", "hp"]].assign(both=CARS["mpg"] + CARS["hp"])
        assert np.isnan(multivariate.sampling_adequacy(frame)[0]) and np.isnan(multivariate.sphericity(frame).statistic)


class TestLoadings:
    def test_fishers_iris(self):
        """R's prcomp(iris[1:4], scale. = TRUE): rotation 0.5211, −0.2693, 0.5804, 0.5649 times deviation 1.7084."""
        from sklearn.datasets import load_iris

        found = multivariate.loadings(pd.DataFrame(load_iris().data, columns=list("abcd")))
        expected = 1.7084 * np.array([0.5211, -0.2693, 0.5804, 0.5649])
        assert found[1].tolist() == pytest.approx(expected, abs=2e-4)

    def test_squares_sum_to_the_eigenvalues_and_to_one(self):
        found = multivariate.loadings(CARS)
        np.testing.assert_allclose((found**2).sum(), multivariate.principal_components(CARS)["eigenvalue"])
        np.testing.assert_allclose((found**2).sum(axis=1), 1)
        assert (found.sum() >= 0).all()


class TestStructure:
    domain = pd.Series({**dict.fromkeys(["mpg", "hp", "wt"], "A"), "cyl": "B", "vs": "C", "am": "C"})
    values = CARS[["mpg", "cyl", "hp", "vs", "wt", "am"]]

    def test_each_domain_of_two_and_more_and_all(self):
        found = multivariate.structure(self.values, self.domain)
        assert found.index.tolist() == ["A", "C", "all"] and found["indicators"].tolist() == [3, 2, 6]
        own = self.values[["mpg", "hp", "wt"]]
        assert found.loc["A", "alpha"] == multivariate.cronbach_alpha(own)
        assert found.loc["A", "share"] == multivariate.principal_components(own)["share"].iloc[0]
        assert found.loc["C", "mean_correlation"] == pytest.approx(CARS["vs"].corr(CARS["am"]))

    def test_a_domain_alone_is_not_repeated_as_all(self):
        assert multivariate.structure(CARS[["mpg", "hp"]], pd.Series("A", ["mpg", "hp"])).index.tolist() == ["A"]

    def test_indicators_without_which_alpha_rises_are_those_that_do_not_fit(self):
        rng = np.random.default_rng(3)
        frame = pd.DataFrame(rng.normal(size=(200, 1)) + rng.normal(0, 0.6, (200, 3)), columns=list("abc"))
        frame["stranger"] = rng.normal(size=200)
        found = multivariate.structure_of_indicators(frame, pd.Series("A", frame.columns))
        whole = multivariate.structure(frame, pd.Series("A", frame.columns)).loc["A", "alpha"]
        assert found.index[found["alpha_without"] > whole].tolist() == ["stranger"]
        assert found["loading"].idxmin() == "stranger"

    def test_domains_of_one_indicator_have_nothing_to_say(self):
        one_each = pd.Series({"mpg": "A", "hp": "B"})
        assert multivariate.structure_of_indicators(CARS[["mpg", "hp"]], one_each).empty
        assert multivariate.structure(CARS[["mpg", "hp"]], one_each).index.tolist() == ["all"]
        only = CARS[["mpg"]]
        assert multivariate.structure(only, one_each).empty and multivariate.components_by_domain(only, one_each).empty

    def test_components_are_those_of_each_domain(self):
        found = multivariate.components_by_domain(self.values, self.domain)
        assert found.groupby("domain", sort=False).size().to_dict() == {"A": 3, "C": 2, "all": 6}
        np.testing.assert_allclose(found.groupby("domain")["share"].sum(), 1)


class TestReading:
    """The words follow from the numbers."""

    row = {"indicators": 4, "mean_correlation": 0.6, "alpha": 0.9, "kmo": 0.8, "p": 1e-9, "share": 0.7, "above_1": 1}

    @pytest.mark.parametrize(("change", "zh", "en"), [
        ({}, "一个主成分占 70%：量的是一件事", "one component holds 70%: these indicators measure one thing"),
        ({"above_1": 2}, "2 个主成分的特征值大于 1", "2 components have eigenvalues above 1"),
        ({"alpha": 0.5}, "不能彼此代替", "related, not interchangeable"),
        ({"kmo": 0.4}, "KMO 低于 0.5", "KMO below 0.5"),
        ({"kmo": np.nan}, "KMO 无从计算", "no KMO"),
        ({"indicators": 2, "kmo": 0.5}, "恒为 0.5", "always 0.5"),
        ({"p": 0.2}, "可能出于偶然", "may be chance"),
        ({"mean_correlation": -0.1, "alpha": -1.0}, "彼此相抵", "against each other")])
    def test_reading(self, change, zh, en):
        row = pd.Series(self.row | change)
        assert zh in tables.structure_reading(row, "zh") and en in tables.structure_reading(row, "en")


OPPOSITE = pd.DataFrame({"a": [0.0, 50.0, 100.0], "b": [100.0, 50.0, 0.0]})


def test_opposite_indicators_have_one_dimension_and_no_finite_alpha():
    assert cronbach_alpha(OPPOSITE) == -math.inf and correlations(OPPOSITE).loc["a", "b"] == pytest.approx(-1)
    assert principal_components(OPPOSITE)["share"].tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize("measure", ["correlations", "principal_components", "cronbach_alpha", "loadings",
                                     "sampling_adequacy", "sphericity"])
class TestRefusals:
    def test_a_constant_indicator_is_named(self, measure):
        with pytest.raises(UnusableValues, match="level"):
            getattr(multivariate, measure)(pd.DataFrame({"a": [1.0, 2, 3], "level": 5.0}))

    def test_a_gap_is_named(self, measure):
        with pytest.raises(UnusableValues, match="c2.*holed"):
            getattr(multivariate, measure)(pd.DataFrame({"a": [1.0, 2], "holed": [3, np.nan]}, ["c1", "c2"]))
