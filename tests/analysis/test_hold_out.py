"""Held-out cells are filled as a gap there would be, and the errors are those of filled against true values."""

import numpy as np
import pandas as pd
import pytest

from analysis import study
from analysis.hold_out import compare_methods, hold_out, missing_together
from analysis.indicators import chosen_proxies
from analysis.prediction import RankRegression, mid_positions
from analysis.treatment import FILL_METHODS, PREDICTING, fill_missing


def related(cities=80, noise=0.3, seed=0) -> pd.DataFrame:
    """Five indicators of one level, with noise; some gaps, d and e missing together."""
    made = np.random.default_rng(seed)
    table = pd.DataFrame(made.normal(size=(cities, 1)) + noise * made.normal(size=(cities, 5)), columns=list("abcde"))
    table.index = [f"c{number:03d}" for number in range(cities)]
    table.loc[made.choice(table.index, 6, replace=False), "a"] = np.nan
    table.loc[made.choice(table.index, 8, replace=False), ["d", "e"]] = np.nan
    return table


class TestHoldOut:
    @pytest.mark.parametrize("method", FILL_METHODS)
    def test_the_same_as_hiding_the_cells_and_filling(self, method):
        """For some cities the hidden frame is filled whole, the long way round."""
        table, groups = related(40), None
        groups = pd.Series(["x", "y"] * 20, table.index)
        for code, others in missing_together(table.isna()).items():
            known = table.index[table[code].notna()]
            errors = []
            for city in known:
                hidden = table.copy()
                hidden.loc[city, [code, *others]] = np.nan
                filled, _ = fill_missing(hidden, method, 3, groups)
                observed = np.sort(table[code].dropna())
                both = [(np.searchsorted(observed, value, "left") + np.searchsorted(observed, value, "right"))
                        / (2 * len(observed)) for value in (filled.at[city, code], table.at[city, code])]
                errors.append(100 * abs(both[0] - both[1]))
            found = hold_out(table, 3, groups).set_index(["indicator", "method"]).loc[(code, method)]
            # ranks of a predictor move by a hair where the hidden partner is a predictor of nobody else
            assert found["mean_error"] == pytest.approx(np.mean(errors), rel=0.02)
            assert found["cells"] == len(known) and found["hidden_with"] == ";".join(others)

    def test_prediction_beats_what_knows_nothing(self):
        found = compare_methods(hold_out(related(150)))
        assert found.index[0] in PREDICTING + ("nearest",) and found.index[-1] == "lowest"
        assert found["mean_error"].is_monotonic_increasing

    def test_known_exactly(self):
        """A column that another repeats is found again to a place or two."""
        table = related(100, noise=0)
        found = hold_out(table).set_index(["indicator", "method"])["mean_error"]
        assert found[("a", "regression")] < 1.5 and found[("a", "matching")] < 3

    def test_the_range_of_donors_holds_its_share(self):
        found = hold_out(related(300, noise=0.7, seed=3)).set_index(["indicator", "method"])["donor_range"]
        assert found[("a", "matching")] == pytest.approx(4 / 6, abs=0.09)
        assert np.isnan(found[("a", "regression")])

    def test_at_most_so_many_cells(self):
        assert (hold_out(related(), at_most=20)["cells"] == 20).all()

    def test_nothing_missing(self):
        assert hold_out(related().fillna(0)).empty

    def test_on_the_public_panel_regression_errs_least(self, real_panel, real_study):
        """The rule: the smallest mean error in percentile points, every indicator with gaps counting alike."""
        chosen = chosen_proxies(real_panel.proxies)
        found = hold_out(real_study.raw, 5, study.region_of(real_panel.cities, "group_median"),
                         study.donor_cells(real_study.raw, chosen))
        assert compare_methods(found).index[0] == "regression"


class TestRankRegression:
    def test_the_ridge_by_hand(self):
        table = related(30).fillna(0.0)
        values = table.to_numpy()
        regression = RankRegression(values, np.ones(values.shape, dtype=bool))
        found = regression.expected(0, np.array([True, True, False, True, False]), np.arange(30))
        ranks = [np.sqrt(12) * (mid_positions(values[:, column]) - 0.5) for column in (1, 3)]
        x = np.column_stack([np.ones(30), *ranks])
        y = mid_positions(values[:, 0])
        augmented = np.vstack([x, np.sqrt(2) * np.array([[0, 1, 0], [0, 0, 1]])])
        expected = x @ np.linalg.lstsq(augmented, np.r_[y, 0, 0], rcond=None)[0]
        np.testing.assert_allclose(found, expected)

    def test_every_value_that_is_given_is_one_that_is_observed(self):
        table = related()
        filled, record = fill_missing(table, "regression")
        assert set(filled["d"]) == set(table["d"].dropna())
        for row in record.itertuples():
            assert table.at[row.donors, row.indicator] == row.after
        assert (record["action"] == "filled_regression").all()

    def test_donors_of_matching_and_their_median(self):
        table = related()
        filled, record = fill_missing(table, "matching", 5)
        for row in record.itertuples():
            donors, value = row.donors.split(";"), filled.at[row.adcode, row.indicator]
            assert len(donors) == 5 and table.loc[donors, row.indicator].median() == value

    def test_few_cities_and_many_indicators(self):
        made = np.random.default_rng(8)
        table = pd.DataFrame(made.normal(size=(4, 30)))
        table.iat[0, 0] = np.nan
        for method in PREDICTING:
            assert fill_missing(table, method)[0].notna().all(axis=None)

    def test_a_restricted_set_of_donors(self):
        table = related()
        allowed = table.notna() & (table["a"] > 0).to_numpy()[:, None]
        for method in PREDICTING:
            _, record = fill_missing(table, method, donors=allowed)
            assert all((table.loc[row.donors.split(";"), "a"] > 0).all() for row in record.itertuples())

    def test_a_city_without_any_figure_is_refused(self):
        table = related()
        table.iloc[3] = np.nan
        with pytest.raises(ValueError, match="no value in any indicator"):
            fill_missing(table, "regression")

    def test_a_held_out_city_does_not_teach(self):
        """The same as without its value."""
        table = related(50)
        row, known = int(np.flatnonzero(table["a"].notna())[4]), np.array([False, True, True, True, True])
        fewer = table.copy()
        fewer.iat[row, 0] = np.nan
        left, other = (RankRegression(each.to_numpy(), each.notna().to_numpy()) for each in (table, fewer))
        np.testing.assert_allclose(left.slopes(0, known, without=row), other.slopes(0, known))
        assert left.matched(row, [0], known, 5, without=row).tolist() == other.matched(row, [0], known, 5).tolist()

    def test_of_many_cities_some_are_compared(self):
        table = related(3000)
        predicting = RankRegression(table.to_numpy(), table.notna().to_numpy())
        known = np.array([False, True, True, True, True])
        found, everybody = predicting.expected(0, known, np.arange(3000)), predicting.givers([0])
        matched = predicting.matched(7, [0], known, 5)
        nearer = (np.abs(found[everybody] - found[7]) < np.abs(found[matched] - found[7]).max()).sum()
        assert set(matched) <= set(everybody) and 5 <= nearer < 40  # one in three of them is compared
