"""Weights from data and their combination: published examples, oracles, identities, refusals."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis import weighting
from analysis.normalisation import normalise

tables = arrays(float, (8, 4), elements=st.floats(0.01, 100)).filter(lambda table: np.ptp(table, axis=0).min() > 0.01)
shares = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(lambda raw: pd.Series(raw) / sum(raw))


class TestPublishedEntropyWeights:
    def test_xu_2004(self):
        """Xu (2004), EJOR 156, doi:10.1016/S0377-2217(03)00146-2: 0.4630, 0.3992, 0.1378, 0.0000."""
        values = pd.DataFrame([[30, 30, 38, 29], [19, 54, 86, 29], [19, 15, 85, 28.9], [68, 70, 60, 29]])
        assert weighting.entropy_weights(values).round(4).tolist() == [0.4630, 0.3992, 0.1378, 0.0000]

    def test_zavadskas_and_podvezko_2016(self):
        """Zavadskas & Podvezko (2016), IJITDM 15, doi:10.1142/S0219622016500036: 0.1146, 0.1981, 0.4185, 0.2689."""
        values = pd.DataFrame([[3.0, 100, 10, 7], [2.5, 80, 8, 5], [1.8, 50, 20, 11], [2.2, 70, 12, 9]])
        assert weighting.entropy_weights(values).round(4).tolist() == [0.1146, 0.1981, 0.4185, 0.2689]


class TestEntropy:
    @given(tables, st.floats(0.001, 1000))
    @settings(max_examples=40, deadline=None)
    def test_units_and_the_order_of_cities_and_indicators_do_not_matter(self, table, factor):
        frame = pd.DataFrame(table, columns=list("abcd"))
        expected = weighting.entropy_weights(frame)
        np.testing.assert_allclose(weighting.entropy_weights(frame.assign(a=frame["a"] * factor)), expected, rtol=1e-9)
        turned = frame.iloc[::-1][list("dbca")]
        np.testing.assert_allclose(weighting.entropy_weights(turned)[list("abcd")], expected, rtol=1e-9)
        assert expected.sum() == pytest.approx(1) and (expected >= 0).all()

    @given(tables)
    @settings(max_examples=25, deadline=None)
    def test_pymcdm_agrees_on_positive_tables(self, table):
        from pymcdm.weights import entropy_weights
        np.testing.assert_allclose(weighting.entropy_weights(pd.DataFrame(table)), entropy_weights(table), rtol=1e-7)

    def test_the_formula_with_zeros(self):
        """−Σ p ln p / ln n written out, with 0 · ln 0 = 0: shares (0, 0, ½, ½) have entropy ln 2 / ln 4 = ½."""
        table = weighting.entropy_table(pd.DataFrame({"half": [0, 0, 5, 5], "one": [0, 0, 0, 9], "two": [1, 1, 1, 2]}))
        two = np.array([0.2, 0.2, 0.2, 0.4])
        assert table["entropy"].tolist() == pytest.approx([0.5, 0, -(two * np.log(two)).sum() / np.log(4)])
        assert table["zero_share"].tolist() == [0.5, 0.75, 0]
        assert table["weight"].tolist() == pytest.approx((table["divergence"] / table["divergence"].sum()).tolist())

    def test_a_shift_takes_weight_from_the_sparse_indicator(self):
        """Why no shift is hidden: adding 1 to a sparse 0–1 column changes its weight by a third and more."""
        rng = np.random.default_rng(3)
        frame = pd.DataFrame({"sparse": (np.arange(100) < 8).astype(float), "dense": rng.random(100)})
        plain, shifted = weighting.entropy_weights(frame)["sparse"], weighting.entropy_weights(frame + 1)["sparse"]
        assert plain > 0.9 and shifted < 0.65

    def test_nearly_equal_shares_keep_their_digits(self):
        """1 − e would cancel here; the divergences of spreads 1e-6 and 2e-6 stand as 1 to 4."""
        frame = pd.DataFrame({"narrow": [1.0, 1 + 1e-6], "wide": [1.0, 1 + 2e-6]})
        assert weighting.entropy_weights(frame).tolist() == pytest.approx([0.2, 0.8], rel=1e-5)

    def test_a_single_indicator_has_all_the_weight(self):
        assert weighting.entropy_weights(pd.DataFrame({"a": [1, 2]})).tolist() == [1]

    @pytest.mark.parametrize(("column", "message"), [
        ([1.0, -1.0, 2.0], "bad has negative values"), ([1.0, np.nan, 2.0], "city 1, indicator bad: nan is missing"),
        ([1.0, np.inf, 2.0], "city 1, indicator bad: inf is infinite"), ([2.0, 2.0, 2.0], "bad is constant"),
        ([0.0, 0.0, 0.0], "bad is constant"), ([1.0, "二", 2.0], "city 1, indicator bad: 二 is text"),
    ])
    def test_refusals_name_the_indicator(self, column, message):
        with pytest.raises(ValueError, match=message):
            weighting.entropy_weights(pd.DataFrame({"good": [1.0, 2.0, 3.0], "bad": column}))

    def test_one_city_or_none_says_nothing(self):
        with pytest.raises(ValueError, match="a, b is constant"):
            weighting.entropy_weights(pd.DataFrame({"a": [1.0], "b": [2.0]}))
        with pytest.raises(ValueError, match="no rows or no columns"):
            weighting.entropy_weights(pd.DataFrame({"a": []}))


class TestCritic:
    def test_tus_and_aytac_adali_2019(self):
        """Tuş & Aytaç Adalı (2019), Opsearch 56, doi:10.1007/s12597-019-00371-6; larger is better for all criteria."""
        values = pd.DataFrame([[5000, 3, 3, 4, 3, 2], [680, 5, 3, 2, 2, 1], [2000, 3, 2, 3, 4, 3], [600, 4, 3, 1, 2, 2],
                               [800, 2, 4, 3, 3, 4]])
        weights = weighting.critic_weights(normalise(values, "+"))
        assert weights.round(3).tolist() == [0.157, 0.249, 0.168, 0.121, 0.154, 0.151]

    @given(tables)
    @settings(max_examples=25, deadline=None)
    def test_pymcdm_agrees(self, table):
        """pymcdm normalises by min-max itself; doing so twice changes nothing."""
        from pymcdm.weights import critic_weights
        frame = normalise(pd.DataFrame(table), "+")
        np.testing.assert_allclose(weighting.critic_weights(frame), critic_weights(frame.to_numpy()), rtol=1e-7)

    def test_an_indicator_and_its_double_share_their_conflict(self):
        rng = np.random.default_rng(5)
        frame = pd.DataFrame({"a": rng.random(20), "b": rng.random(20)})
        weights = weighting.critic_weights(frame.assign(double=frame["a"]))
        assert weights["a"] == pytest.approx(weights["double"])
        assert weights["a"] < weighting.critic_weights(frame)["a"]

    def test_refusals(self):
        frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 6.0]})
        with pytest.raises(ValueError, match="a, b are perfectly correlated"):
            weighting.critic_weights(frame)
        with pytest.raises(ValueError, match="b is constant"):
            weighting.critic_weights(frame.assign(b=1.0))
        assert weighting.critic_weights(frame[["a"]]).tolist() == [1]


class TestNestedWeights:
    parents = {"D1": "", "D2": "", "S1": "D1", "S2": "D1", "a": "S1", "b": "S1", "c": "S2", "d": "D2"}
    values = pd.DataFrame(np.random.default_rng(11).random((30, 4)), columns=list("abcd"))

    def test_by_hand(self):
        """Two indicators under one sub-domain, one sub-domain beside it, one domain beside that."""
        first = weighting.entropy_weights(self.values[["a", "b"]])
        s1 = (self.values[["a", "b"]] * first).sum(axis=1)
        second = weighting.entropy_weights(pd.DataFrame({"S1": s1, "S2": self.values["c"]}))
        d1 = s1 * second["S1"] + self.values["c"] * second["S2"]
        third = weighting.entropy_weights(pd.DataFrame({"D1": d1, "D2": self.values["d"]}))
        expected = [third["D1"] * second["S1"] * first["a"], third["D1"] * second["S1"] * first["b"],
                    third["D1"] * second["S2"], third["D2"]]
        weights = weighting.nested_weights(self.values, self.parents, weighting.entropy_weights)
        assert weights.tolist() == pytest.approx(expected) and weights.sum() == pytest.approx(1)

    def test_a_flat_tree_changes_nothing(self):
        flat = weighting.nested_weights(self.values, dict.fromkeys("abcd", ""), weighting.entropy_weights)
        np.testing.assert_allclose(flat, weighting.entropy_weights(self.values))

    def test_equal_weights_within_parents(self):
        weights = weighting.nested_weights(self.values, self.parents,
                                           lambda table: weighting.equal_weights(table.columns))
        assert weights.to_dict() == {"a": 1 / 8, "b": 1 / 8, "c": 1 / 4, "d": 1 / 2}

    def test_the_tree_may_be_a_framework_frame_and_its_unmeasured_nodes_do_not_count(self):
        framework = pd.DataFrame({"parent": {**self.parents, "D3": np.nan, "e": "S2"}})
        pd.testing.assert_series_equal(
            weighting.nested_weights(self.values, framework, weighting.entropy_weights),
            weighting.nested_weights(self.values, self.parents, weighting.entropy_weights))

    def test_refusals(self):
        with pytest.raises(ValueError, match="d is not a node of the tree"):
            weighting.nested_weights(self.values, {"a": "", "b": "", "c": ""}, weighting.entropy_weights)
        with pytest.raises(ValueError, match="has a circle"):
            weighting.nested_weights(self.values, {**self.parents, "D1": "S1"}, weighting.entropy_weights)


class TestCombination:
    @given(shares, shares)
    @settings(max_examples=40, deadline=None)
    def test_identities(self, subjective, objective):
        combine = weighting.combine_weights
        np.testing.assert_allclose(combine(subjective, objective, alpha=1), subjective)
        np.testing.assert_allclose(combine(subjective, objective, alpha=0), objective)
        np.testing.assert_allclose(combine(subjective, subjective, "game_theory"), subjective)
        product = combine(subjective, objective, "multiplicative")
        np.testing.assert_allclose(product, combine(objective, subjective, "multiplicative"))
        np.testing.assert_allclose(combine(subjective, pd.Series([0.2] * 5), "multiplicative"), subjective)
        assert product.sum() == pytest.approx(1)

    @given(shares, shares)
    @settings(max_examples=40, deadline=None)
    def test_game_theory_solves_its_equations(self, subjective, objective):
        coefficients = weighting.game_theory_coefficients(subjective, objective)
        if np.abs(subjective - objective).max() > 1e-3:
            mixed = coefficients["subjective"] * subjective + coefficients["objective"] * objective
            assert mixed @ subjective == pytest.approx(subjective @ subjective, rel=1e-6)
            assert mixed @ objective == pytest.approx(objective @ objective, rel=1e-6)
        assert coefficients.max() > 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            combined = weighting.combine_weights(subjective, objective, "game_theory")
        assert combined.sum() == pytest.approx(1) and (combined >= 0).all()

    def test_game_theory_by_hand(self):
        """s = (0.8, 0.2), o = (0.4, 0.6): s·s = 0.68, s·o = 0.44, o·o = 0.52, a = (0.78, 0.34) by Cramer's rule."""
        subjective, objective = pd.Series([0.8, 0.2]), pd.Series([0.4, 0.6])
        determinant = 0.68 * 0.52 - 0.44**2
        expected = [0.52 * (0.68 - 0.44) / determinant, 0.68 * (0.52 - 0.44) / determinant]
        assert weighting.game_theory_coefficients(subjective, objective).tolist() == pytest.approx(expected)
        combined = weighting.combine_weights(subjective, objective, "game_theory")
        part = expected[0] / sum(expected)
        assert combined.tolist() == pytest.approx([0.8 * part + 0.4 * (1 - part), 0.2 * part + 0.6 * (1 - part)])

    def test_a_negative_coefficient_is_announced_and_counts_as_nothing(self):
        subjective, objective = pd.Series([0.4, 0.3, 0.3]), pd.Series([0.9, 0.05, 0.05])
        assert weighting.game_theory_coefficients(subjective, objective)["subjective"] < 0
        with pytest.warns(UserWarning, match="coefficient of the subjective weights is negative"):
            combined = weighting.combine_weights(subjective, objective, "game_theory")
        np.testing.assert_allclose(combined, objective)

    def test_labels_are_matched_not_positions(self):
        subjective, objective = pd.Series({"a": 0.7, "b": 0.3}), pd.Series({"b": 0.9, "a": 0.1})
        assert weighting.combine_weights(subjective, objective).to_dict() == pytest.approx({"a": 0.4, "b": 0.6})

    def test_printed_weights_are_rescaled(self):
        combined = weighting.combine_weights({"a": 0.33, "b": 0.33, "c": 0.33}, {"a": 0.34, "b": 0.34, "c": 0.34})
        assert combined.tolist() == pytest.approx([1 / 3] * 3)

    @pytest.mark.parametrize(("objective", "message"), [
        ({"a": 0.5, "c": 0.5}, "only in subjective weights: b; only in objective weights: c"),
        ({"a": 0.5, "b": 0.6}, "objective weights sum to 1.1, not 1"),
        ({"a": 1.2, "b": -0.2}, "objective weights: the weight of b is -0.2"),
        ({"a": 1.0, "b": np.nan}, "objective weights: the weight of b is nan"),
    ])
    def test_refusals(self, objective, message):
        with pytest.raises(ValueError, match=message):
            weighting.combine_weights({"a": 0.5, "b": 0.5}, objective)

    def test_unknown_rule_alpha_and_disjoint_sets(self):
        with pytest.raises(ValueError, match="unknown rule 'average'"):
            weighting.combine_weights({"a": 1.0}, {"a": 1.0}, "average")
        with pytest.raises(ValueError, match="alpha = 1.5"):
            weighting.combine_weights({"a": 1.0}, {"a": 1.0}, alpha=1.5)
        with pytest.raises(ValueError, match="their product is 0"):
            weighting.combine_weights({"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}, "multiplicative")
        with pytest.raises(ValueError, match="given: a, a"):
            weighting.equal_weights(["a", "a"])
