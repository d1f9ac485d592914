"""The experts' judgements: consistent or refused by name, one reading of Table 1 at a time, weights that add up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import experts, framework
from analysis.frames import settle
from analysis.settings import ROOT, load_settings
from analysis.study import score_study

BASELINE = {"subjective": "ahp", "method": "eigenvector", "consistency_limit": 0.1, "allow_inconsistent": False,
            "unmeasured": "keep_domains", "data_centre_parent": "S13"}
TABLES = {"method": "eigenvector", "data_centre_parent": "S13"}
MEASURED = ["I01", "I03", "I11", "I14", "I18", "I23", "I24", "I25", "I26", "I28", "I29", "I33"]


def matrix(codes, **ratios) -> pd.DataFrame:
    """A reciprocal matrix of ones but for the given pairs, such as D1_D2=9."""
    frame = pd.DataFrame(1.0, index=list(codes), columns=list(codes))
    for pair, ratio in ratios.items():
        row, column = pair.split("_")
        frame.loc[row, column], frame.loc[column, row] = ratio, 1 / ratio
    return frame


def with_matrix(panel, expert: str, node: str, judgements: pd.DataFrame):
    """The panel with one matrix of one expert replaced."""
    nodes = panel.judgements[expert] | {node: judgements}
    return replace(panel, judgements=panel.judgements | {expert: nodes})


def judge(panel, **choices):
    """The judged weights under the baseline's choices but for those given."""
    chosen = BASELINE | choices
    tree = framework.read_framework(ROOT, chosen["data_centre_parent"])
    return experts.subjective_weights(panel, tree, pd.Index(MEASURED), **chosen)


@pytest.fixture
def circular(real_panel):
    """The academic expert prefers 经济 to 治理, 治理 to 政务 and 政务 to 经济, each ninefold."""
    codes = [f"D{number}" for number in range(1, 7)]
    return with_matrix(real_panel, "academic", "goal", matrix(codes, D1_D2=9, D2_D3=9, D3_D1=9))


class TestInconsistent:
    def test_is_refused_with_file_node_triad_and_repair(self, circular):
        with pytest.raises(ValueError) as caught:
            judge(circular)
        message = str(caught.value)
        assert message.startswith("data/raw/ahp/academic/goal.csv: ")
        assert all(part in message for part in ("goal", "consistency", "0.1", "D1", "D2", "D3"))
        assert "allow_inconsistent" in message or "change" in message or "would" in message

    def test_the_named_file_exists(self, circular):
        with pytest.raises(ValueError, match=r"academic/goal\.csv") as caught:
            judge(circular)
        assert (ROOT / str(caught.value).split(": ")[0]).is_file()

    def test_the_whole_study_refuses_it(self, circular):
        with pytest.raises(ValueError, match=r"academic/goal\.csv"):
            score_study(circular, load_settings())

    def test_is_used_and_still_listed_where_allowed(self, circular):
        weights = judge(circular, allow_inconsistent=True)
        assert weights["measured"].sum() == pytest.approx(1)
        table = experts.consistency_table(circular, **TABLES).set_index(["expert", "node"])
        assert table.loc[("academic", "goal"), "consistency_ratio"] > 0.1
        assert set(table.loc[("academic", "goal"), "worst_triad"].split(" ")[0].split("-")) == {"D1", "D2", "D3"}

    @pytest.mark.parametrize("limit", [0.001])
    def test_a_stricter_limit_refuses_what_is_usual(self, real_panel, limit):
        with pytest.raises(ValueError, match=r"data/raw/ahp/\w+/\w+\.csv: .*0\.001"):
            judge(real_panel, consistency_limit=limit)

    def test_exactly_at_the_limit_is_refused(self, real_panel):
        table = experts.consistency_table(real_panel, **TABLES)
        worst = table.loc[table["consistency_ratio"].idxmax(), "consistency_ratio"]
        with pytest.raises(ValueError, match="data/raw/ahp"):
            judge(real_panel, consistency_limit=float(np.nextafter(worst, 0)) - 1e-9)
        assert judge(real_panel, consistency_limit=worst + 1e-6)["measured"].sum() == pytest.approx(1)

    def test_the_other_reading_names_the_file_it_stands_in(self, real_panel):
        """Under S14 the matrix of S13 comes from S13_without_I32.csv."""
        codes = ["I28", "I29", "I30", "I31"]
        panel = with_matrix(real_panel, "industry", "S13_without_I32", matrix(codes, I28_I29=9, I29_I30=9, I30_I28=9))
        assert judge(panel)["measured"].sum() == pytest.approx(1), "not in use under S13"
        with pytest.raises(ValueError, match=r"industry/S13_without_I32\.csv"):
            judge(panel, data_centre_parent="S14")

    def test_a_matrix_that_is_not_reciprocal_names_file_and_pair(self, real_panel):
        goal = real_panel.judgements["government"]["goal"].copy()
        goal.loc["D1", "D2"], goal.loc["D2", "D1"] = 5.0, 5.0
        with pytest.raises(ValueError, match=r"(?s)government/goal\.csv.*D1.*D2"):
            judge(with_matrix(real_panel, "government", "goal", goal))


class TestWeights:
    def test_all_thirty_four_sum_to_one_and_so_do_the_measured(self, real_panel):
        weights = judge(real_panel)
        assert weights["global"].sum() == pytest.approx(1) and len(weights) == 34
        assert weights["measured"].sum() == pytest.approx(1)
        assert list(weights.index[weights["measured"].notna()]) == MEASURED
        assert weights.groupby("parent")["local"].sum().to_numpy() == pytest.approx(1)

    def test_keep_domains_gives_measured_domains_their_relative_weight(self, real_panel):
        weights = judge(real_panel)
        domain = framework.ancestor(framework.read_framework(ROOT), "domain")
        whole, part = (weights.groupby(domain)[column].sum() for column in ("global", "measured"))
        kept = part[part > 0].index
        assert list(kept) == ["D1", "D3", "D4", "D5", "D6"]
        assert (part[kept] / whole[kept]).std() == pytest.approx(0, abs=1e-9)

    def test_proportional_keeps_proportions_of_indicators(self, real_panel):
        weights = judge(real_panel, unmeasured="proportional").loc[MEASURED]
        assert (weights["measured"] / weights["global"]).std() == pytest.approx(0, abs=1e-9)

    def test_equal_is_equal(self, real_panel):
        weights = judge(real_panel, subjective="equal")
        assert weights["global"].to_numpy() == pytest.approx(1 / 34)
        assert weights.groupby("parent")["local"].sum().to_numpy() == pytest.approx(1), "local: share among siblings"

    def test_the_data_centre_moves_between_its_two_parents(self, real_panel):
        under = {parent: judge(real_panel, data_centre_parent=parent) for parent in ("S13", "S14")}
        assert {parent: table.loc["I32", "parent"] for parent, table in under.items()} == {"S13": "S13", "S14": "S14"}
        for table in under.values():
            assert table["global"].sum() == pytest.approx(1)
        assert under["S13"].loc["I34", "global"] != under["S14"].loc["I34", "global"]


    def test_the_studys_own_choices_are_those_of_its_settings(self, real_panel):
        settings = load_settings(overrides={"weighting.ahp_method": "geometric_mean",
                                            "weighting.unmeasured": "proportional"})
        own = score_study(real_panel, settings).weights["subjective"]
        weights = judge(real_panel, method="geometric_mean", unmeasured="proportional")["measured"].dropna()
        pd.testing.assert_series_equal(own, weights.loc[own.index], check_names=False)

    @pytest.mark.parametrize(("name", "value"), [
        ("subjective", "ahq"), ("method", "mean"), ("unmeasured", "keep"), ("data_centre_parent", "S12")])
    def test_an_unknown_choice_is_refused_by_name(self, real_panel, name, value):
        chosen, tree = BASELINE | {name: value}, framework.read_framework(ROOT)
        with pytest.raises(ValueError, match=f"unknown .*{value}"):
            experts.subjective_weights(real_panel, tree, pd.Index(MEASURED), **chosen)


class TestGroup:
    def test_uses_one_reading_at_a_time(self, real_panel):
        for parent, size in (("S13", (5, 2)), ("S14", (4, 3))):
            use = experts.judgements_in_use(real_panel, parent)
            assert list(use) == list(real_panel.judgements)
            for nodes in use.values():
                assert (len(nodes["S13"]), len(nodes["S14"])) == size
                assert not set(nodes) & set(experts.OTHER_READING.values())

    def test_is_the_weighted_geometric_mean(self, real_panel):
        """Aczél & Saaty (1983): the only reciprocal synthesis; weights are the experts' shares."""
        weighted = replace(real_panel, experts=real_panel.experts.assign(weight=[1.0, 2.0, 3.0]))
        group = experts.group_of_experts(weighted, "S13")["goal"]
        logs = sum(share * np.log(weighted.judgements[expert]["goal"]) for expert, share in
                   (weighted.experts["weight"] / 6).items())
        np.testing.assert_allclose(group, np.exp(logs), rtol=1e-12)
        assert (group * group.T).to_numpy() == pytest.approx(1)

    def test_one_expert_is_his_own_group(self, real_panel):
        alone = replace(real_panel, judgements={"industry": real_panel.judgements["industry"]})
        group = experts.group_of_experts(alone, "S13")
        np.testing.assert_allclose(group["goal"], alone.judgements["industry"]["goal"], rtol=1e-12)

    @pytest.mark.parametrize("expert", ["government", "academic", "industry"])
    def test_one_expert_alone_is_a_panel_of_this_expert(self, real_panel, expert):
        alone = replace(real_panel, judgements={expert: real_panel.judgements[expert]})
        pd.testing.assert_frame_equal(judge(real_panel, used=expert), judge(alone))

    def test_an_expert_who_is_not_there_is_refused_by_name(self, real_panel):
        with pytest.raises(ValueError, match=r"weighting\.experts = nobody.*government, academic, industry"):
            judge(real_panel, used="nobody")

    def test_table_lists_every_expert_and_node_once(self, real_panel):
        table = experts.consistency_table(real_panel, **TABLES)
        assert not table.duplicated(["expert", "node"]).any()
        assert set(table["expert"]) == {*real_panel.experts.index, "group"}
        assert (table.groupby("expert").size() == table.groupby("expert").size().iloc[0]).all()
        assert (table["consistency_ratio"] < 0.1).all()
        assert table.loc[table["size"] < 3, "worst_triad"].eq("").all()

    def test_domain_weights_carry_keys_not_words_of_a_language(self, real_panel):
        table = experts.domain_weights_by_expert(real_panel, **TABLES)
        assert list(table.index) == [*real_panel.experts.index, "group"]
        assert table.drop(columns="consistency_ratio").sum(axis=1).to_numpy() == pytest.approx(1)
        assert table.equals(settle(table)), "no last bits that differ between processors"


def test_every_matrix_file_belongs_to_an_expert_and_is_read():
    """No file lies unused beside the ones that count."""
    from analysis.sources import read_judgements

    read = {(expert, node) for expert, nodes in read_judgements(ROOT).items() for node in nodes}
    files = {(path.parent.name, path.stem) for path in Path(ROOT / "data/raw/ahp").glob("*/*.csv")}
    assert read == files
