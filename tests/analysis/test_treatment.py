"""What is filled, what is clipped, and that the record tells all of it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import treatment
from analysis.frames import settle
from analysis.treatment import RECORD_COLUMNS, Logarithm, coverage, fill_missing, treat_outliers


def column(*values):
    """One indicator called x, cities c0, c1, …"""
    return pd.DataFrame({"x": [float(value) for value in values]}, index=[f"c{i}" for i in range(len(values))])


class TestWinsoriseAsCoinr:
    """Becker et al. (2022), COINr, doi:10.21105/joss.04567: the worked cases of its treatment test and vignette."""

    def test_one_outlier(self):
        treated, record = treat_outliers(column(*range(1, 11), 100))
        assert treated["x"].tolist() == [*range(1, 11), 10]
        assert record[["adcode", "indicator", "action", "before", "after"]].values.tolist() == [
            ["c10", "x", "winsorised", 100.0, 10.0]]

    def test_two_outliers_come_down_together(self):
        """The second outlier holds the first up: both end at the third highest value."""
        treated, record = treat_outliers(column(*range(1, 21), 100, 200))
        assert treated["x"].tolist()[-3:] == [20, 20, 20]
        assert record["before"].tolist() == [100, 200] and record["after"].tolist() == [20, 20]

    def test_low_outliers(self):
        assert treat_outliers(column(*range(1, 11), -100))[0]["x"].tolist() == [*range(1, 11), 1]

    def test_beyond_the_maximum_the_original_values_are_logged(self):
        values = column(*range(1, 21), 100, 200)
        treated, record = treat_outliers(values, winsorise_at_most=1)
        np.testing.assert_allclose(treated["x"], np.log(values["x"] - 1 + 0.01 * 199))
        assert record["action"].tolist() == ["log"] and record["before"].isna().all()
        assert "ln(x - 1 + 1.99)" in record.at[0, "reason"]

    def test_as_many_as_the_maximum_are_still_drawn_in(self):
        treated, record = treat_outliers(column(*range(1, 21), 100, 200), winsorise_at_most=2)
        assert record["action"].tolist() == ["winsorised"] * 2 and treated["x"].tolist()[-2:] == [20, 20]

    @pytest.mark.parametrize("limit", ["skewness_limit", "kurtosis_limit"])
    def test_exactly_at_a_limit_is_within_it(self, limit):
        values = column(*range(1, 11), 100)
        reached = float(values["x"].skew() if limit == "skewness_limit" else values["x"].kurt())
        assert treat_outliers(values, **{limit: reached})[1].empty
        assert len(treat_outliers(values, **{limit: float(np.nextafter(reached, 0))})[1])

    def test_the_estimators_are_the_adjusted_ones(self):
        """Joanes & Gill (1998), doi:10.1111/1467-9884.00122: G₁ and G₂ from the sample moments, here by hand."""
        x = np.array([*range(1, 11), 100.0])
        n, d = len(x), x - x.mean()
        g1 = (d**3).mean() / (d**2).mean() ** 1.5
        adjusted = g1 * np.sqrt(n * (n - 1)) / (n - 2)
        assert g1 < 2.9 < adjusted
        assert not treat_outliers(column(*x), skewness_limit=adjusted + 1e-9)[1].size
        assert treat_outliers(column(*x), skewness_limit=adjusted - 1e-9)[1].size


numbers = st.floats(-1e9, 1e9).map(settle)
logarithms = st.builds(Logarithm, numbers, st.floats(1e-6, 1e9).map(settle), st.sampled_from([1, -1]))


class TestLogarithm:
    @given(logarithms)
    def test_what_is_written_is_read_back(self, logarithm):
        assert Logarithm.from_text(logarithm.text()) == logarithm
        assert Logarithm.from_text(f"{logarithm.text()}; skewness 9.99, kurtosis 9.99 before") == logarithm

    @given(st.lists(st.floats(0, 1e6).map(settle), min_size=4, max_size=40, unique=True), st.booleans())
    def test_the_record_gives_the_treated_values_to_twelve_digits(self, values, mirrored):
        """Half a unit of the twelfth digit is at most 5e-12 of a number, here of the shift and of the logarithm."""
        before = pd.Series(values) * (-1 if mirrored else 1)
        made = Logarithm.of(before)
        after = settle(made.apply(before))
        np.testing.assert_allclose(Logarithm.from_text(made.text()).apply(before), after, rtol=1e-11, atol=1e-11)

    @given(logarithms, st.floats(0, 1e3))
    def test_undoing_gives_the_value_back(self, logarithm, distance):
        value = logarithm.end + logarithm.sign * distance
        size = abs(logarithm.end) + logarithm.shift + distance
        assert abs(logarithm.undo(logarithm.apply(value)) - value) <= 1e-13 * size

    @given(logarithms)
    def test_the_spreadsheet_computes_the_same(self, logarithm):
        value = logarithm.end + logarithm.sign * 3
        computed = eval(logarithm.excel("B3"), {"LN": np.log, "B3": value})
        assert computed == pytest.approx(logarithm.apply(value), rel=1e-12, abs=1e-12)

    @pytest.mark.parametrize("text", ["", "exp(x - 1 + 2)", "ln(x - 1)", "ln(x - one + 2)", "-ln(x - 1 + 2)",
                                      "ln(x - 1 + 2) twice"])
    def test_other_texts_are_refused(self, text):
        with pytest.raises(ValueError, match="no formula that this study writes"):
            Logarithm.from_text(text)


class TestOutliers:
    heavy = column(*np.exp(np.arange(40) / 3))

    def test_logarithm_keeps_the_order_in_both_directions(self):
        for values in (self.heavy, -self.heavy):
            treated, record = treat_outliers(values, method="log")
            assert record["action"].tolist() == ["log"]
            assert treated["x"].rank().tolist() == values["x"].rank().tolist()

    def test_units_do_not_matter(self):
        for at_most in (0, 5, 20):
            tables = [treat_outliers(values, winsorise_at_most=at_most)[0] for values in
                      (self.heavy, self.heavy * 1000 + 5)]
            spans = [(table - table.min()) / (table.max() - table.min()) for table in tables]
            np.testing.assert_allclose(spans[0], spans[1], atol=1e-9)

    def test_protected_none_and_harmless_columns_stay(self):
        values = self.heavy.assign(calm=np.arange(40.0), gap=[np.nan, *np.arange(39.0)])
        for keywords in ({"method": "none"}, {"protected": ["x"]}):
            treated, record = treat_outliers(values, **keywords)
            pd.testing.assert_frame_equal(treated, values)
            assert record.empty and record.columns.tolist() == RECORD_COLUMNS
        assert treat_outliers(values)[0]["gap"].isna().sum() == 1

    def test_tied_extremes_are_never_cut_beyond_the_maximum(self):
        """A list of ten named cities in a hundred: drawing in the ones would erase it, so it is logged or protected."""
        values = column(*[1] * 10, *[0] * 290)
        assert treat_outliers(values)[1]["action"].tolist() == ["log"]

    def test_refusals(self):
        with pytest.raises(ValueError, match="protected indicator I99"):
            treat_outliers(self.heavy, protected=["I99"])
        with pytest.raises(ValueError, match="unknown method 'trim'"):
            treat_outliers(self.heavy, method="trim")


class TestFillMissing:
    values = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0, 5.0], "b": [10.0, 20.0, 30.0, 40.0, 50.0],
                           "gap": [7.0, np.nan, 9.0, 11.0, 90.0]}, index=list("ABCDE"))

    def test_nearest(self):
        """B lies between A and C on both observed indicators: the median of the two is 8."""
        filled, record = fill_missing(self.values, neighbours=2)
        assert filled.at["B", "gap"] == 8
        row = record.iloc[0]
        assert row[["adcode", "indicator", "action"]].tolist() == ["B", "gap", "filled_nearest"]
        assert row[["after", "donors"]].tolist() == [8, "A;C"]
        assert np.isnan(row["before"]) and "2 nearest cities, distance 0.200-0.200" in row["reason"]

    def test_equal_distances_go_by_the_order_of_rows(self):
        assert fill_missing(self.values, neighbours=1)[1].at[0, "donors"] == "A"
        assert fill_missing(self.values.loc[list("EDCBA")], neighbours=1)[1].at[0, "donors"] == "C"

    def test_donors_share_at_least_half_of_what_the_city_has(self):
        values = self.values.assign(c=1.0, d=2.0)
        values.loc["A", "a"] = values.at["B", "a"]  # where they share it alone, A would be the nearest
        for lost, donor in ((["b", "c", "d"], "C"), (["c", "d"], "A")):  # one of B's four indicators, or two
            record = fill_missing(values.mask(np.outer(values.index == "A", values.columns.isin(lost))),
                                  neighbours=1)[1].set_index(["adcode", "indicator"])
            assert record.at[("B", "gap"), "donors"] == donor

    def test_filled_values_are_not_donors(self):
        values = self.values.copy()
        values.loc["C", "gap"] = np.nan
        _, record = fill_missing(values, neighbours=1)
        assert record["donors"].tolist() == ["A", "D"]

    def test_group_median_and_lowest(self):
        filled, record = fill_missing(self.values, "group_median", groups=dict(zip("ABCDE", "xyyyx", strict=True)))
        assert filled.at["B", "gap"] == 10 and record.at[0, "donors"] == "C;D"
        assert fill_missing(self.values, "lowest")[0].at["B", "gap"] == 7

    def test_observed_values_and_the_input_stay(self):
        before = self.values.copy()
        filled, _ = fill_missing(self.values)
        pd.testing.assert_frame_equal(self.values, before)
        pd.testing.assert_frame_equal(filled.drop(index="B"), before.drop(index="B"))

    def test_refusals_name_city_and_indicator(self):
        alone = self.values.copy()
        alone.loc["B"] = np.nan
        with pytest.raises(ValueError, match="city B has no value in any indicator that is used, first a"):
            fill_missing(alone)
        with pytest.raises(ValueError, match="needs groups"):
            fill_missing(self.values, "group_median")


@pytest.mark.long
class TestManyCities:
    @given(seed=st.integers(0, 10**6), indicators=st.integers(2, 9), ties=st.booleans(),
           gaps=st.sampled_from([0.01, 0.1, 0.4]))
    def test_likely_donors_first_gives_the_same_donors(self, seed, indicators, ties, gaps):
        generator = np.random.default_rng(seed)
        values = generator.integers(0, 4, (100, indicators)) if ties else generator.random((100, indicators))
        values = np.where(generator.random(values.shape) < gaps, np.nan, values)
        values[0] = 1
        values = pd.DataFrame(values[~np.isnan(values).all(axis=1)])
        plain = fill_missing(values)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(treatment, "FEW_CITIES", 0)
            quick = fill_missing(values)
        for one, other in zip(plain, quick, strict=True):
            pd.testing.assert_frame_equal(one, other, check_exact=True)


class TestNobodyNear:
    """Where the rule finds no donor, all cities that observe the indicator give, and the record says so."""

    values = pd.DataFrame({"a": [1.0, np.nan, np.nan, 4.0], "b": [np.nan, 2.0, 3.0, np.nan],
                           "c": [np.nan, 5.0, 7.0, np.nan]}, index=list("ABCD"))

    def test_no_city_shares_half_of_the_indicators(self):
        filled, record = fill_missing(self.values)
        assert filled.loc["A", "b"] == 2.5 and filled.loc["B", "a"] == 2.5
        assert record["reason"].str.contains("none shares half").all()
        assert set(record["donors"]) == {"A;D", "B;C"}

    def test_no_city_of_the_group_has_a_value(self):
        groups = dict(zip("ABCD", "xyyx", strict=True))
        filled, record = fill_missing(self.values, "group_median", groups=groups)
        assert filled.loc["A", "c"] == 6.0 and record["reason"].str.contains("none of [xy] has a value").all()


def test_coverage_counts_what_is_below_a_limit():
    values = pd.DataFrame({"full": [1.0] * 6, "half": [1.0] * 3 + [np.nan] * 3, "most": [1.0] * 5 + [np.nan]})
    report = coverage(values, indicator_limit=0.8, city_limit=0.6666667)
    assert report.indicators["below_limit"].tolist() == [False, True, False]
    assert report.cities["observed"].tolist() == [3, 3, 3, 2, 2, 1]
    assert report.cities["below_limit"].tolist() == [False] * 5 + [True]
