"""A panel of experts: averages, dispersion, repairs and what each one changes, against what can be checked by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import expert_agreement, framework, weighting
from analysis.editions import Edition
from analysis.experts import GROUP, consistency_table, judged_tree, judgement_file, judgements_in_use, leaf_weights
from analysis.panel import tree_of
from analysis.settings import ROOT, load_settings
from analysis.study import score_study

pytestmark = pytest.mark.long

READING = {"data_centre_parent": "S13"}
TABLES = READING | {"method": "eigenvector"}
LIMIT = READING | {"consistency_limit": 0.1}
JUDGED = TABLES | LIMIT | {"allow_inconsistent": True}


@pytest.fixture(scope="module")
def settings():
    return load_settings(ROOT / "settings/synthetic.yaml")


@pytest.fixture(scope="module")
def given():
    from workbench.own.reading import read_input

    return read_input(ROOT / "data/raw/synthetic/panel")


@pytest.fixture(scope="module")
def panel(given):
    from workbench.run_input import own_panel

    return own_panel(given, Edition.SYNTHETIC)


@pytest.fixture(scope="module")
def base(panel, settings):
    return score_study(panel, settings)


def ratios(weights: list[float]) -> pd.DataFrame:
    """A consistent matrix of the weights."""
    labels = list("ABCDEF"[:len(weights)])
    values = np.array(weights)
    return pd.DataFrame(values[:, None] / values, labels, labels)


class TestUnevenPanel:
    def test_five_experts_one_incomplete_one_inconsistent(self, given, panel, settings):
        assert list(panel.judgements) == ["government", "academic", "industry", "resident", "planner"]
        asked = expert_agreement.pairs_asked(judgements_in_use(replace(panel, judgements=given.judgements), "S13"))
        table = expert_agreement.consistency_by_expert(consistency_table(panel, **TABLES), asked)
        assert table["open"].dropna().to_dict() == {"government": 0, "academic": 0, "industry": 0, "resident": 9,
                                                    "planner": 0}
        assert table.at["resident", "matrices"] == table.at["planner", "matrices"] - 3
        assert (table["largest_ratio"] >= settings.weighting.consistency_limit).to_dict() == {
            **dict.fromkeys(table.index, False), "planner": True}
        assert panel.experts["weight"].to_dict()["planner"] == 0.5

    def test_every_level_of_the_tree_is_judged(self, panel, settings):
        group = [node for node, matrix in panel.judgements["planner"].items() if node.partition("_")[0] == node]
        levels = framework.read_framework(ROOT)["level"]
        counts = pd.Series(group).map(levels).fillna("goal").value_counts()
        assert counts["goal"] == 1 and counts["domain"] == 6 and counts["subdomain"] >= 13

    def test_the_public_edition_keeps_its_three(self, real_panel):
        assert list(real_panel.judgements) == ["government", "academic", "industry"]

    def test_without_leave_the_inconsistent_matrix_stops_the_study_by_name(self, panel):
        with pytest.raises(ValueError, match="goal.*0.106.*reconsider D3 over D6"):
            score_study(panel, load_settings())
        assert judgement_file("planner", "goal", "S13").endswith("planner/goal.csv")


class TestAverages:
    def test_both_ways_agree_for_consistent_judges(self):
        """Geometric means commute: for consistent matrices averaged judgements give averaged weights."""
        matrices = {"a": ratios([5, 2, 1]), "b": ratios([1, 3, 2])}
        shares = pd.Series({"a": 2.0, "b": 1.0})
        group = weighting.group_judgements(matrices, shares.to_dict())
        local = pd.DataFrame({key: weighting.ahp_weights(matrix).weights for key, matrix in matrices.items()})
        local = pd.concat({"top": local}, names=["node", "element"])
        averaged = expert_agreement.averaged_priorities(local, shares)["top"]
        assert np.allclose(averaged, weighting.ahp_weights(group).weights, atol=1e-9)
        by_hand = np.array([5 / 8, 2 / 8, 1 / 8]) ** (2 / 3) * np.array([1 / 6, 3 / 6, 2 / 6]) ** (1 / 3)
        assert np.allclose(averaged, by_hand / by_hand.sum())

    def test_who_did_not_judge_has_no_say(self):
        local = pd.DataFrame({"a": [0.8, 0.2], "b": [np.nan, np.nan]},
                             pd.MultiIndex.from_product([["top"], ["A", "B"]], names=["node", "element"]))
        averaged = expert_agreement.averaged_priorities(local, pd.Series({"a": 1.0, "b": 9.0}))
        assert averaged.to_list() == [0.8, 0.2]

    def test_all_34_leaves_sum_to_one_and_are_the_studys_own(self, base, panel, settings):
        leaves = expert_agreement.all_leaves(panel, tree_of(panel, settings), base.weights, **JUDGED)
        kinds = ["global_judgements", "global_priorities", "equal_experts", "entropy", "nested_entropy"]
        assert len(leaves) == 34 and np.allclose(leaves[kinds].sum(), 1)
        assert np.allclose(leaves.groupby("subdomain")["local"].sum(), 1)
        own = leaf_weights(judged_tree(panel, tree_of(panel, settings), **JUDGED))
        assert leaves["global_judgements"].equals(own["global"])
        assert np.allclose(leaves["global_judgements"], base.weights["subjective"])
        gap = (leaves["global_judgements"] - leaves["global_priorities"]).abs().max()
        assert 0 < gap < 0.005, "the two ways differ, because judgements are not consistent, and by little"

    def test_half_a_weight_counts_half(self, base, panel, settings):
        leaves = expert_agreement.all_leaves(panel, tree_of(panel, settings), base.weights, **JUDGED)
        full = replace(panel, experts=panel.experts.assign(weight=1.0))
        other = leaf_weights(judged_tree(full, tree_of(panel, settings), **JUDGED))["global"]
        assert leaves["equal_experts"].equals(other) and not leaves["equal_experts"].equals(leaves["global_judgements"])


class TestDispersion:
    def test_of_two_judges_by_hand(self):
        local = pd.DataFrame({"a": [0.5, 0.5], "b": [0.8, 0.2], GROUP: [0.67, 0.33]},
                             pd.MultiIndex.from_product([["top"], ["A", "B"]], names=["node", "element"]))
        row = expert_agreement.dispersion(local).loc["top"]
        assert row["element"] == "B" and row["least"] == 0.2 and row["greatest"] == 0.5 and row["judged"] == 2
        assert row["spread"] == pytest.approx(np.exp(np.log(0.5 / 0.2) / np.sqrt(2)))

    def test_kendalls_concordance(self):
        """Full agreement is 1, three judges in a circle are 0; tied ranks are corrected for."""
        order = pd.DataFrame({"a": [1, 2, 3], "b": [2, 4, 9], "c": [1, 5, 6]})
        circle = pd.DataFrame({"a": [1, 2, 3], "b": [2, 3, 1], "c": [3, 1, 2]})
        tied = pd.DataFrame({"a": [1, 1, 2], "b": [3, 3, 7]})
        assert expert_agreement.concordance(order) == 1 and expert_agreement.concordance(circle) == 0
        assert expert_agreement.concordance(tied) == 1
        assert np.isnan(expert_agreement.concordance(pd.DataFrame({"a": [1, 1, 1], "b": [2, 2, 2]})))

    def test_alike_judges_do_not_differ(self, panel, settings):
        one = panel.judgements["academic"]
        same = replace(panel, judgements={expert: one for expert in ("government", "academic")},
                       experts=panel.experts.loc[["government", "academic"]])
        assert (expert_agreement.dispersion(expert_agreement.local_weights(same, **TABLES))["spread"] == 1).all()


class TestRepairs:
    def test_the_worst_matrix_is_repaired_below_the_limit(self, panel, settings):
        found = expert_agreement.repairs(panel, **LIMIT)
        assert (found["expert"] == "planner").all() and (found["node"] == "goal").all()
        last = found.iloc[-1]
        assert last["after"] < settings.weighting.consistency_limit <= found.iloc[0]["before"]
        mended = expert_agreement.repaired_panel(panel, found)
        score_study(mended, load_settings())  # passes without leave to be inconsistent
        assert panel.judgements["planner"]["goal"].at["D3", "D6"] == 3, "the panel itself is left as it was"

    def test_stays_on_saatys_scale(self):
        assert [expert_agreement.on_the_scale(value) for value in (0.45, 1.2, 2.6, 40)] == [0.5, 1, 3, 9]
        assert expert_agreement.on_the_scale(0.01) == 1 / 9


class TestLeavingOut:
    def test_rows_and_the_study_recomputed(self, base, panel, settings):
        table = expert_agreement.what_each_changes(base, expert_agreement.repairs(panel, **LIMIT), 100)
        assert list(table.index) == [*(f"without {expert}" for expert in panel.judgements), "repaired",
                                     "equal_experts", "data_centre"]
        alone = expert_agreement.without_expert(panel, "academic")
        whole = score_study(alone, settings)
        assert table.at["without academic", "mean_shift"] == pytest.approx((whole.ranks - base.ranks).abs().mean())
        assert "academic" not in alone.experts.index and len(alone.judgements) == 4
        assert (table["mean_shift"] > 0).all() and (table["spearman"] > 0.99).all()

    def test_a_node_that_nobody_else_judged_keeps_equal_weights(self, panel):
        only = replace(panel, judgements={"academic": {"goal": ratios([3, 1])}, "planner": {"D1": ratios([5, 1])}},
                       experts=panel.experts.loc[["academic", "planner"]])
        left = expert_agreement.without_expert(only, "academic").judgements
        assert left["planner"]["D1"].at["A", "B"] == 5 and (left["planner"]["goal"] == 1).all(axis=None)

    def test_the_ambiguous_parent_moves_one_leaf(self, panel, settings):
        table = expert_agreement.data_centre_weights(panel, settings)
        assert list(table.index) == ["S13", "S14"]
        assert table.at["S13", "S13"] == table.at["S14", "S13"], "sub-domains keep their weights"
        assert table.at["S13", "global"] != table.at["S14", "global"]
        assert (table["local"] < 1).all() and Path(judgement_file("academic", "S14", "S13")).stem == "S14"
