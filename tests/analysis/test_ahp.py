"""Judgement matrices: published priorities and consistency, incomplete and group judgements, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import weighting

CRITERIA = ["size", "transport", "neighbourhood", "age", "yard", "modern", "condition", "financing"]
HOUSE = pd.DataFrame([
    [1, 5, 3, 7, 6, 6, 1 / 3, 1 / 4], [1 / 5, 1, 1 / 3, 5, 3, 3, 1 / 5, 1 / 7], [1 / 3, 3, 1, 6, 3, 4, 6, 1 / 5],
    [1 / 7, 1 / 5, 1 / 6, 1, 1 / 3, 1 / 4, 1 / 7, 1 / 8], [1 / 6, 1 / 3, 1 / 3, 3, 1, 1 / 2, 1 / 5, 1 / 6],
    [1 / 6, 1 / 3, 1 / 4, 4, 2, 1, 1 / 5, 1 / 6], [3, 5, 1 / 6, 7, 5, 5, 1, 1 / 2], [4, 7, 5, 8, 6, 6, 2, 1],
], CRITERIA, CRITERIA)

weight_lists = st.lists(st.floats(0.05, 20), min_size=3, max_size=7)


def consistent(weights):
    """The matrix of a judge who never contradicts himself."""
    return np.divide.outer(np.array(weights), np.array(weights))


def noisy_matrix(n, seed):
    """A reciprocal matrix on Saaty's scale with honest inconsistency."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.choice([1 / 7, 1 / 5, 1 / 3, 1 / 2, 1, 2, 3, 5, 7], (n, n)), 1)
    return upper + np.eye(n) + np.divide(1, upper.T, where=upper.T > 0, out=np.zeros((n, n)))


class TestSaatyHouse:
    """Saaty (1990), How to make a decision, EJOR 48, doi:10.1016/0377-2217(90)90057-I: choosing a house.

    Printed: λmax = 9.669, CI = 0.238, CR = 0.169. Saaty then finds "neighbourhood over condition = 6" to be the most
    inconsistent judgement; with 1/2 in its place λmax = 8.811, CI = 0.116, CR = 0.083.
    """

    def test_priorities_and_consistency(self):
        result = weighting.ahp_weights(HOUSE)
        assert result.weights.round(3).tolist() == [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333]
        assert result.weights.index.tolist() == CRITERIA
        assert result.lambda_max == pytest.approx(9.669, abs=5e-4)
        assert result.consistency_index == pytest.approx(0.238, abs=5e-4)
        assert result.consistency_ratio == pytest.approx(0.169, abs=5e-4)

    def test_the_worst_triad_holds_the_judgement_saaty_corrects(self):
        triad = weighting.worst_triad(HOUSE)
        assert triad.pair == ("neighbourhood", "condition") and triad.judgement == 6
        assert triad.elements == ("size", "neighbourhood", "condition")
        assert triad.factor == pytest.approx(54) and triad.repair == pytest.approx(1 / 9)
        assert triad.consistency_ratio == pytest.approx(0.104, abs=5e-4)

    def test_after_saatys_correction(self):
        corrected = HOUSE.copy()
        corrected.loc["neighbourhood", "condition"], corrected.loc["condition", "neighbourhood"] = 1 / 2, 2
        result = weighting.ahp_weights(corrected)
        assert result.weights.round(3).tolist() == [0.175, 0.062, 0.103, 0.019, 0.034, 0.041, 0.221, 0.345]
        assert (round(result.lambda_max, 2), round(result.consistency_index, 3)) == (8.81, 0.116)
        assert result.consistency_ratio == pytest.approx(0.083, abs=1e-3)


class TestPriorities:
    @given(weight_lists)
    @settings(max_examples=40, deadline=None)
    def test_a_consistent_judge_gets_his_weights_back(self, weights):
        for method in ("eigenvector", "geometric_mean"):
            result = weighting.ahp_weights(consistent(weights), method)
            np.testing.assert_allclose(result.weights, np.array(weights) / sum(weights), rtol=1e-9)
            assert result.consistency_ratio == pytest.approx(0, abs=1e-9)

    @given(st.integers(3, 8), st.integers(0, 99), st.randoms())
    @settings(max_examples=30, deadline=None)
    def test_labels_may_come_in_any_order(self, n, seed, random):
        frame = pd.DataFrame(noisy_matrix(n, seed), list("abcdefgh")[:n], list("abcdefgh")[:n])
        shuffled = random.sample(list(frame.index), n)
        ours, theirs = weighting.ahp_weights(frame), weighting.ahp_weights(frame.loc[shuffled])
        np.testing.assert_allclose(theirs.weights[frame.index], ours.weights, rtol=1e-9)
        assert theirs.consistency_ratio == pytest.approx(ours.consistency_ratio, abs=1e-9)

    def test_the_methods_agree_up_to_three_elements(self):
        """Crawford & Williams (1985), doi:10.1016/0022-2496(85)90002-1, p. 393."""
        matrix = noisy_matrix(3, 5)
        np.testing.assert_allclose(weighting.ahp_weights(matrix).weights,
                                   weighting.ahp_weights(matrix, "geometric_mean").weights)

    def test_ahpy_agrees(self):
        from ahpy import Compare
        for seed in range(3):
            matrix = noisy_matrix(5, seed)
            pairs = {(str(i), str(j)): matrix[i, j] for i in range(5) for j in range(i + 1, 5)}
            oracle = Compare("oracle", pairs, precision=8, random_index="saaty")
            result = weighting.ahp_weights(matrix, random_index={5: 1.11})
            np.testing.assert_allclose(result.weights, [oracle.target_weights[str(i)] for i in range(5)], atol=1e-6)
            assert result.consistency_ratio == pytest.approx(oracle.consistency_ratio, abs=1e-6)

    def test_one_and_two_elements_cannot_contradict_themselves(self):
        assert weighting.ahp_weights([[1]]).weights.tolist() == [1]
        result = weighting.ahp_weights([[1, 9], [1 / 9, 1]])
        assert (result.consistency_index, result.consistency_ratio) == (0, 0)
        assert weighting.worst_triad([[1, 9], [1 / 9, 1]]) is None

    def test_printed_reciprocals_are_taken_for_what_they_round(self):
        printed = [[1, 3, 8], [0.33, 1, 3], [0.13, 0.33, 1]]
        exact = [[1, 3, 8], [1 / 3, 1, 3], [1 / 8, 1 / 3, 1]]
        pd.testing.assert_series_equal(weighting.ahp_weights(printed).weights, weighting.ahp_weights(exact).weights)


class TestRefusedMatrices:
    @pytest.mark.parametrize(("matrix", "message"), [
        ([[1, 2, 3], [1 / 2, 1, 1]], "2 rows and 3 columns"),
        ([[1, 3], [0.5, 1]], "judgement 0 over 1 = 3 .opposite: 0.5. is not the reciprocal"),
        ([[1, -3], [-1 / 3, 1]], "is not positive"),
        ([[1, 0], [0, 1]], "is not positive"),
        ([[1, np.nan], [np.nan, 1]], "is missing; fill it with complete_judgements"),
        ([[2, 3], [1 / 3, 1]], "must be 1 on the diagonal"),
        ([[1, "1/3"], [3, 1]], "judgement of 0, over 1: 1/3 is text"),
    ])
    def test_by_name(self, matrix, message):
        with pytest.raises(weighting.UnusableJudgements, match=message):
            weighting.ahp_weights(matrix)

    def test_labels_and_size(self):
        with pytest.raises(ValueError, match="differ; label both sides alike"):
            weighting.ahp_weights(pd.DataFrame(np.eye(2) + 1 - np.eye(2), ["a", "b"], ["a", "c"]))
        with pytest.raises(ValueError, match="no random index for 16 elements"):
            weighting.ahp_weights(np.outer(np.arange(1, 17), 1 / np.arange(1, 17)) ** np.where(np.eye(16)[::-1], -1, 1))

    def test_sixteen_equals_need_no_random_index(self):
        result = weighting.ahp_weights(np.ones((16, 16)))
        assert result.consistency_ratio == 0 and result.weights.round(12).eq(1 / 16).all()


class TestIncompleteJudgements:
    """Bozóki, Fülöp & Rónyai (2010), doi:10.1016/j.mcm.2010.02.047, Example 3: one pair missing out of four elements.

    Both triads around the gap are known (5 and 2, 3 and 4): x = √(2/5 · 4/3) = 0.73029674; the paper's λmax-optimal
    completion is 0.7302965. The judgement between the two other elements plays no part.
    """

    @pytest.mark.parametrize("other", [1, 2, 7])
    def test_one_missing_pair(self, other):
        matrix = np.array([[1, other, 5, 2], [1 / other, 1, 3, 4],
                           [1 / 5, 1 / 3, 1, np.nan], [1 / 2, 1 / 4, np.nan, 1]])
        completed = weighting.complete_judgements(matrix)
        assert completed.iat[2, 3] == pytest.approx(0.73029674334, abs=1e-11)
        assert completed.iat[3, 2] == pytest.approx(1 / 0.73029674334, abs=1e-10)
        np.testing.assert_allclose(completed.to_numpy()[~np.isnan(matrix)], matrix[~np.isnan(matrix)])

    @given(st.integers(4, 7), st.integers(0, 99))
    @settings(max_examples=30, deadline=None)
    def test_no_other_completion_has_smaller_logarithmic_residuals(self, n, seed):
        """At the optimum the geometric-mean weights reproduce every filled entry, whichever pairs were judged."""
        matrix = noisy_matrix(n, seed)
        rng = np.random.default_rng(seed)
        beyond_neighbours = np.argwhere(np.triu(np.ones((n, n)), 2))  # neighbours keep the judgements connected
        for row, column in rng.permutation(beyond_neighbours)[: n - 3]:
            matrix[row, column] = matrix[column, row] = np.nan
        completed = weighting.complete_judgements(matrix)
        weights = weighting.ahp_weights(completed, "geometric_mean").weights.to_numpy()
        gaps = np.isnan(matrix)
        np.testing.assert_allclose(completed.to_numpy()[gaps], consistent(weights)[gaps], rtol=1e-9)

    def test_a_spanning_tree_is_enough_and_decides_all(self):
        tree = [[1, 2, np.nan], [np.nan, 1, 3], [np.nan, np.nan, np.nan]]  # one side of each pair, no diagonal
        np.testing.assert_allclose(weighting.complete_judgements(tree), consistent([6, 3, 1]))

    def test_unconnected_groups_are_named(self):
        labels = list("abcd")
        frame = pd.DataFrame(np.eye(4), labels, labels).replace(0, np.nan)
        frame.loc["a", "b"], frame.loc["c", "d"] = 2, 3
        with pytest.raises(ValueError, match=r"a, b \| c, d"):
            weighting.complete_judgements(frame)


class TestGroupJudgements:
    """Aczél & Saaty (1983), doi:10.1016/0022-2496(83)90028-7: the geometric mean keeps reciprocals reciprocal."""

    @given(st.integers(0, 99))
    @settings(max_examples=20, deadline=None)
    def test_the_group_is_reciprocal_and_its_weights_are_the_mean_weights(self, seed):
        matrices = [noisy_matrix(4, seed + member) for member in range(3)]
        group = weighting.group_judgements(matrices, [0.5, 0.3, 0.2])
        np.testing.assert_allclose(group * group.T, 1)
        means = np.exp(sum(share * np.log(weighting.ahp_weights(matrix, "geometric_mean").weights)
                           for share, matrix in zip([0.5, 0.3, 0.2], matrices, strict=True)))
        np.testing.assert_allclose(weighting.ahp_weights(group, "geometric_mean").weights, means / means.sum())

    def test_two_opposite_judges_cancel_out(self):
        matrix = pd.DataFrame(noisy_matrix(3, 1))
        np.testing.assert_allclose(weighting.group_judgements({"one": matrix, "other": matrix.T}), 1)

    def test_labels_are_matched_and_differing_ones_refused(self):
        first = pd.DataFrame([[1, 2], [0.5, 1]], ["a", "b"], ["a", "b"])
        same = weighting.group_judgements([first, first.loc[["b", "a"], ["b", "a"]]])
        np.testing.assert_allclose(same, first)
        with pytest.raises(ValueError, match="expert 1 compares a, c, expert 0 a, b"):
            weighting.group_judgements([first, first.rename(index={"b": "c"}, columns={"b": "c"})])
        with pytest.raises(ValueError, match="do not match the experts"):
            weighting.group_judgements([first, first], [1])


class TestTree:
    framework = pd.DataFrame({"parent": ["", "", "D1", "D1", "D2", "S1", "S1", "S1", "S2", "S3"]},
                             index=["D1", "D2", "S1", "S2", "S3", "I1", "I2", "I3", "I4", "I5"])
    judgements = {
        "total": pd.DataFrame([[1, 3], [1 / 3, 1]], ["D1", "D2"], ["D1", "D2"]),
        "D1": pd.DataFrame([[1, 1], [1, 1]], ["S1", "S2"], ["S1", "S2"]),
        "S1": pd.DataFrame(consistent([5, 3, 2]), ["I1", "I2", "I3"], ["I1", "I2", "I3"]),
    }

    def test_global_weights_are_products_down_the_tree(self):
        table = weighting.tree_weights(self.judgements, self.framework)
        expected = {"I1": 0.75 * 0.5 * 0.5, "I2": 0.75 * 0.5 * 0.3, "I3": 0.75 * 0.5 * 0.2, "I4": 0.375, "I5": 0.25}
        leaves = table.loc[table["leaf"], "global_weight"]
        assert leaves.to_dict() == pytest.approx(expected) and leaves.sum() == pytest.approx(1)
        assert table.groupby("parent")["local_weight"].sum().to_numpy() == pytest.approx(1)

    def test_an_inconsistent_node_stops_with_the_remedy(self):
        contradictory = pd.DataFrame([[1, 5, 1 / 5], [1 / 5, 1, 5], [5, 1 / 5, 1]], *[["I1", "I2", "I3"]] * 2)
        judgements = {**self.judgements, "S1": contradictory}
        with pytest.raises(weighting.InconsistentJudgements, match="judgements under S1: .*would repair") as caught:
            weighting.tree_weights(judgements, self.framework)
        assert caught.value.node == "S1" and caught.value.triad.factor == pytest.approx(125)
        allowed = weighting.tree_weights(judgements, self.framework, allow_inconsistent=True)
        assert allowed.at["I1", "local_weight"] == pytest.approx(1 / 3)

    def test_exactly_at_the_limit_is_inconsistent(self):
        nearly = pd.DataFrame([[1, 2, 7], [1 / 2, 1, 2], [1 / 7, 1 / 2, 1]], *[["I1", "I2", "I3"]] * 2)
        ratio = weighting.ahp_weights(nearly).consistency_ratio
        judgements = {**self.judgements, "S1": nearly}
        with pytest.raises(weighting.InconsistentJudgements):
            weighting.tree_weights(judgements, self.framework, consistency_limit=ratio)
        above = float(np.nextafter(ratio, 1))
        assert weighting.tree_weights(judgements, self.framework, consistency_limit=above)["leaf"].sum() == 5

    def test_the_repair_makes_the_triad_transitive(self):
        matrix = weighting.judgement_matrix(noisy_matrix(5, 3))
        triad = weighting.worst_triad(matrix)
        row, column_ = triad.pair
        matrix.loc[row, column_], matrix.loc[column_, row] = triad.repair, 1 / triad.repair
        i, j, k = triad.elements
        assert matrix.loc[i, j] * matrix.loc[j, k] == pytest.approx(matrix.loc[i, k])
        assert weighting.ahp_weights(matrix).consistency_ratio == pytest.approx(triad.consistency_ratio, abs=1e-9)

    def test_refusals(self):
        with pytest.raises(ValueError, match="no judgement matrix for S1; it must compare I1, I2, I3"):
            without = {node: matrix for node, matrix in self.judgements.items() if node != "S1"}
            weighting.tree_weights(without, self.framework)
        with pytest.raises(ValueError, match="judgements for S9"):
            weighting.tree_weights({**self.judgements, "S9": [[1]]}, self.framework)
        with pytest.raises(ValueError, match="matrix of D1 compares S1, S3"):
            wrong = self.judgements["D1"].rename(index={"S2": "S3"}, columns={"S2": "S3"})
            weighting.tree_weights({**self.judgements, "D1": wrong}, self.framework)
        with pytest.raises(ValueError, match="judgements under D1: judgement 0 over 1"):
            weighting.tree_weights({**self.judgements, "D1": [[1, 3], [0.5, 1]]}, self.framework)


class TestRestrictToMeasured:
    framework = TestTree.framework
    complete = pd.Series({"I1": 0.1, "I2": 0.2, "I3": 0.1, "I4": 0.2, "I5": 0.4})

    def test_measured_siblings_take_over(self):
        """S1 keeps its 0.4 of D1's 0.6 although only I1 is measured; nothing leaves a domain."""
        result = weighting.restrict_to_measured(self.complete, self.framework, pd.Index(["I5", "I1", "I4"]))
        assert result.to_dict() == pytest.approx({"I5": 0.4, "I1": 0.4, "I4": 0.2})
        assert result.index.tolist() == ["I5", "I1", "I4"]

    def test_a_domain_without_measurement_drops_out(self):
        result = weighting.restrict_to_measured(self.complete, self.framework, ["I1", "I2", "I4"])
        assert result.to_dict() == pytest.approx({"I1": 4 / 6 / 3, "I2": 4 / 6 * 2 / 3, "I4": 2 / 6})

    def test_proportional_lets_domains_shrink(self):
        result = weighting.restrict_to_measured(self.complete, self.framework, ["I1", "I4", "I5"], "proportional")
        assert result.to_dict() == pytest.approx({"I1": 1 / 7, "I4": 2 / 7, "I5": 4 / 7})

    @pytest.mark.parametrize("rule", ["keep_domains", "proportional"])
    def test_all_measured_changes_nothing(self, rule):
        table = weighting.tree_weights(TestTree.judgements, self.framework)
        result = weighting.restrict_to_measured(table, self.framework, ["I1", "I2", "I3", "I4", "I5"], rule)
        np.testing.assert_allclose(result, table.loc[result.index, "global_weight"])

    def test_refusals(self):
        with pytest.raises(ValueError, match="without weight: I9"):
            weighting.restrict_to_measured(self.complete, self.framework, ["I1", "I9"])
        with pytest.raises(ValueError, match="none is measured"):
            weighting.restrict_to_measured(self.complete, self.framework, [])
        with pytest.raises(ValueError, match=r"under S1 \(I1\) all have weight 0"):
            zero = pd.Series({"I1": 0.0, "I2": 0.4, "I3": 0.0, "I4": 0.2, "I5": 0.4})
            weighting.restrict_to_measured(zero, self.framework, ["I1", "I4"])


class TestRandomIndexOfThree:
    """The common three-element example 1, 3, 5: λmax 3.0385, CI 0.0193, and CR 0.033 with Saaty's index 0.58."""

    def test_ratio_rests_on_058(self):
        result = weighting.ahp_weights([[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]])
        assert result.lambda_max == pytest.approx(3.0385, abs=5e-5)
        assert result.consistency_ratio == pytest.approx(0.03320, abs=5e-5)

    def test_no_ratio_below_three(self):
        assert weighting.ahp_weights([[1, 9], [1 / 9, 1]]).consistency_ratio == 0
