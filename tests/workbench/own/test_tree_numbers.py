"""Weights, goalposts and logarithms of an own framework, and trees of two to five levels."""

import pandas as pd
import pytest

from analysis.hierarchy import given_weights
from analysis.settings import load_settings
from analysis.study import score_study
from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input, write_input
from workbench.run_input import own_panel, own_settings

CITIES = "code,name\n" + "".join(f"P{number},Place {number}\n" for number in range(1, 8))
LONG = """code,level,parent,name,direction,weight,low,high,log
A,domain,,Wealth,,60%,,,
B,domain,,Health,,40%,,,
A1,subdomain,A,Money,,1,,,
B1,subdomain,B,Body,,1,,,
X1,indicator,A1,Income,+,3,100,1000,yes
X2,indicator,A1,Debt,-,1,,,
X3,indicator,B1,Years,+,1,20,85,no
"""
VALUES = "code,X1,X2,X3\n" + "".join(f"P{number},{100 * number},{number ** 2},{60 + 5 * number}\n"
                                     for number in range(1, 8))
RELIABILITIES = ["", "", "", "", "0.8", "", "1"]
PAPER = """一级指标,权重,二级指标,权重,三级指标,权重,四级指标,权重,方向
财富,0.6,收入,0.7,工资,0.5,X1,0.5,+
,,,,,,X2,0.5,-
,,,,利息,0.5,X3,1,+
,,负债,0.3,负债,1,X4,1,-
健康,0.4,身体,1,身体,1,X5,1,+
"""


def read(folder, framework, values=VALUES):
    folder.mkdir(exist_ok=True)
    for name, text in (("framework", framework), ("values", values), ("cities", CITIES)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return read_input(folder)


def wide_values(count):
    head = ",".join(f"X{number}" for number in range(1, count + 1))
    return f"code,{head}\n" + "".join(
        f"P{city}," + ",".join(str(10 * city + (city * number) % 7) for number in range(1, count + 1)) + "\n"
        for city in range(1, 8))


class TestNumbers:
    def test_weights_goalposts_and_logarithms_are_read_and_used(self, tmp_path):
        given = read(tmp_path / "s", LONG.replace("60%", "6").replace("40%", "4"))
        tree = given.framework
        assert given_weights(tree).loc[["X1", "X2", "X3"], "global_weight"].tolist() == pytest.approx([0.45, 0.15, 0.4])
        assert tree.loc["X1", ["low", "high", "log"]].tolist() == [100, 1000, True]
        assert pd.isna(tree.at["X2", "low"]) and not tree.at["X3", "log"]
        panel = own_panel(given)
        study = score_study(panel, own_settings(load_settings(), panel))
        assert study.combined_weights[["X1", "X2", "X3"]].tolist() == pytest.approx([0.45, 0.15, 0.4])
        assert study.normalised["X1"].iloc[[0, 6]].tolist() == pytest.approx([0, 84.5098040014])  # ln 7 of ln 10
        assert study.normalised["X2"].iloc[[0, 6]].tolist() == [100, 0]  # no goalposts: lowest and highest value
        assert study.normalised["X3"].iloc[[4, 5, 6]].tolist() == [100, 100, 100]  # beyond 85 counts as 85
        write_input(given, tmp_path / "kept")
        pd.testing.assert_frame_equal(read_input(tmp_path / "kept").framework, tree)

    def test_a_tree_without_such_columns_is_as_before(self, tmp_path):
        plain = "\n".join(",".join(line.split(",")[:5]) for line in LONG.splitlines())
        tree = read(tmp_path / "s", plain).framework
        assert not {"weight", "low", "high", "log"} & set(tree)

    def test_reliabilities_are_read_kept_and_stated_in_the_panel(self, tmp_path):
        rows = [f"{line},{last}" for line, last in zip(LONG.replace("60%", "6").replace("40%", "4").splitlines(),
                                                       ["reliability", *RELIABILITIES], strict=True)]
        given = read(tmp_path / "s", "\n".join(rows) + "\n")
        assert given.framework["reliability"].dropna().to_dict() == {"X1": 0.8, "X3": 1.0}
        write_input(given, tmp_path / "kept")
        pd.testing.assert_frame_equal(read_input(tmp_path / "kept").framework, given.framework)
        stated = own_panel(given).reliability
        assert dict(zip(stated["variable"], stated["reliability"], strict=True)) == {"X1": 0.8, "X3": 1.0}
        assert own_panel(read(tmp_path / "plain", LONG.replace("60%", "6").replace("40%", "4"))).reliability is None

    @pytest.mark.parametrize("wrong", ["0", "1.2", "85%", "-0.5"])
    def test_a_reliability_out_of_range_is_refused_at_its_cell(self, tmp_path, wrong):
        lasts = ["reliability", *RELIABILITIES]
        rows = [f"{line},{last.replace('0.8', wrong)}" for line, last in
                zip(LONG.replace("60%", "6").replace("40%", "4").splitlines(), lasts, strict=True)]
        with pytest.raises(OwnDataError) as caught:
            read(tmp_path / "s", "\n".join(rows) + "\n")
        (found,) = caught.value.problems
        assert found.kind == "reliability_out_of_range" and found.column == 10 and "0.85" in found.en

    @pytest.mark.parametrize(("before", "after", "kind", "row", "column", "fragment"), [
        ("X2,indicator,A1,Debt,-,1", "X2,indicator,A1,Debt,-,", "weight_missing", 7, 6, "others under A1"),
        ("Wealth,,60%", "Wealth,,-1", "weight_not_positive", 2, 6, "above 0"),
        ("Wealth,,60%", "Wealth,,0.6", "mixed_percent", 3, 6, "a hundred times apart"),
        ("Wealth,,60%", "Wealth,,heavy", "not_a_number", 2, 6, "not a number"),
        ("100,1000", ",1000", "half_goalposts", 6, 7, "fill in both or neither"),
        ("100,1000", "1000,100", "goalposts_reversed", 6, 7, "below the upper one, 100"),
        ("100,1000,yes", "0,1000,yes", "no_logarithm", 6, 7, "above 0"),
        ("yes", "maybe", "not_yes_or_no", 6, 9, "write yes or no"),
    ])
    def test_what_cannot_be_is_refused_at_its_cell(self, tmp_path, before, after, kind, row, column, fragment):
        text = LONG.replace(before, after)
        if kind != "mixed_percent":
            text = text.replace("60%", "6").replace("40%", "4")
        with pytest.raises(OwnDataError) as caught:
            read(tmp_path / "s", text)
        (found,) = [each for each in caught.value.problems if each.kind == kind]
        assert (found.row, found.column) == (row, column) and fragment in found.en and found.zh

    def test_a_figure_without_a_logarithm_is_refused_at_its_cell(self, tmp_path):
        text = LONG.replace("60%", "6").replace("40%", "4")
        with pytest.raises(OwnDataError) as caught:
            read(tmp_path / "s", text, VALUES.replace("P3,300", "P3,0"))
        (found,) = caught.value.problems
        assert (found.kind, found.row, found.column, found.value) == ("no_logarithm", 4, 2, "0")

    def test_shares_of_the_whole_give_the_levels_above(self, tmp_path):
        text = ("一级指标,二级指标,三级指标,权重,方向\n财富,收入,X1,0.5,+\n,,X2,0.2,-\n健康,身体,X3,0.3,+\n")
        given = read(tmp_path / "s", text)
        assert "weights_of_the_whole" in set(given.log["rule"])
        leaves = given.framework[given.framework["level"] == "indicator"]
        assert given_weights(given.framework).loc[leaves.index, "global_weight"].tolist() == pytest.approx(
            [0.5, 0.2, 0.3])

    def test_weights_beside_judgements_are_told(self, tmp_path):
        (tmp_path / "s").mkdir()
        (tmp_path / "s" / "judgements.csv").write_text("expert,node,row,column,value\nme,goal,A,B,3\n")
        given = read(tmp_path / "s", LONG.replace("60%", "6").replace("40%", "4"))
        assert "weights_and_judgements" in {each.kind for each in given.warnings}


class TestLevels:
    def test_four_levels_of_a_paper_keep_their_weights_and_names(self, tmp_path):
        given = read(tmp_path / "s", PAPER, wide_values(5))
        tree = given.framework
        named = tree[tree["level"] == "indicator"].reset_index().set_index("name_zh")["code"]
        weights = given_weights(tree)["global_weight"][named[["X1", "X2", "X3", "X4", "X5"]]]
        assert weights.tolist() == pytest.approx([0.6 * 0.7 * 0.25, 0.6 * 0.7 * 0.25, 0.6 * 0.7 * 0.5, 0.6 * 0.3, 0.4])
        assert tree.loc[tree["level"] == "subdomain", "name_zh"].tolist() == [
            "收入 › 工资", "收入 › 利息", "负债 › 负债", "身体 › 身体"]
        assert "joined_levels" in set(given.log["rule"])
        panel = own_panel(given)
        assert score_study(panel, own_settings(load_settings(), panel)).ranks.max() <= 7
        write_input(given, tmp_path / "kept")
        (tmp_path / "kept" / "record.csv").unlink()
        again = read_input(tmp_path / "kept").framework
        assert given_weights(again)["global_weight"].to_dict() == pytest.approx(
            given_weights(tree)["global_weight"].to_dict())

    def test_five_levels(self, tmp_path):
        five = """一级指标,权重,二级指标,权重,三级指标,权重,四级指标,权重,五级指标,权重,方向
甲,0.9,财富,0.6,收入,0.7,工资,0.5,X1,0.5,+
,,,,,,,,X2,0.5,-
,,,,,,利息,0.5,X3,1,+
,,,,负债,0.3,负债,1,X4,1,-
,,健康,0.4,身体,1,身体,1,X5,1,+
乙,0.1,其他,1,其他,1,其他,1,X6,1,+
"""
        tree = read(tmp_path / "s", five, wide_values(6)).framework
        named = tree[tree["level"] == "indicator"].reset_index().set_index("name_zh")["code"]
        weights = given_weights(tree)["global_weight"][named[["X1", "X4", "X5", "X6"]]]
        assert weights.tolist() == pytest.approx([0.9 * 0.6 * 0.7 * 0.25, 0.9 * 0.6 * 0.3, 0.9 * 0.4, 0.1])
        assert tree.at[tree.at[named["X1"], "parent"], "name_zh"] == "财富 › 收入 › 工资"

    def test_a_long_table_of_four_levels(self, tmp_path):
        text = """code,level,parent,name,direction,weight
A,domain,,Wealth,,1
B,domain,,Health,,1
A1,subdomain,A,Money,,3
A2,subdomain,A,Debt,,1
A11,subdomain,A1,Wages,,1
A12,subdomain,A1,Interest,,1
B1,subdomain,B,Body,,1
X1,indicator,A11,One,+,1
X2,indicator,A12,Two,+,1
X3,indicator,A2,Three,-,1
X4,indicator,B1,Four,+,1
"""
        tree = read(tmp_path / "s", text, wide_values(4)).framework
        assert given_weights(tree).loc[["X1", "X2", "X3", "X4"], "global_weight"].tolist() == pytest.approx(
            [3 / 16, 3 / 16, 1 / 8, 1 / 2])
        assert tree.at["A11", "name_en"] == "Money › Wages" and "A1" not in tree.index

    NESTED = """code,level,parent,name,direction
A,domain,,Wealth,
A1,subdomain,A,Money,
A2,subdomain,A,Debt,
A11,subdomain,A1,Wages,
A21,subdomain,A2,Banks,
A22,subdomain,A2,Shops,
A23,subdomain,A2,Friends,
X1,indicator,A11,One,+
X2,indicator,A21,Two,+
X3,indicator,A22,Three,-
X4,indicator,A23,Four,+
"""

    def test_without_weights_siblings_of_every_level_count_alike(self, tmp_path):
        """The one child of Money weighs as much as the three of Debt together; check says so."""
        given = read(tmp_path / "s", self.NESTED, wide_values(4))
        panel = own_panel(given)
        study = score_study(panel, own_settings(load_settings(), panel))
        expected = {"X1": 1 / 2, "X2": 1 / 6, "X3": 1 / 6, "X4": 1 / 6}
        assert study.weights["subjective"].to_dict() == pytest.approx(expected)
        assert {"unjudged"} <= panel.traits and "given" not in panel.traits  # nothing was judged or given
        (said,) = (each for each in given.warnings if each.kind == "levels_joined")
        assert "Money › Wages 0.5" in said.en and "Debt › Shops 0.167" in said.en and "同级等权" in said.zh
        write_input(given, tmp_path / "kept")
        (tmp_path / "kept" / "record.csv").unlink()
        again = own_panel(read_input(tmp_path / "kept"))
        assert score_study(again, own_settings(load_settings(), again)).scores.equals(study.scores)

    def test_weights_of_indicators_alone_leave_the_levels_between_alike(self, tmp_path):
        head, *lines = self.NESTED.splitlines()
        text = "\n".join([f"{head},weight", *(f"{line},{'1' if 'indicator' in line else ''}" for line in lines)])
        tree = read(tmp_path / "s", text, wide_values(4)).framework
        assert given_weights(tree).loc[["X1", "X2", "X3", "X4"], "global_weight"].tolist() == pytest.approx(
            [1 / 2, 1 / 6, 1 / 6, 1 / 6])
        assert "share" not in tree

    def test_two_levels_with_weights(self, tmp_path):
        text = "一级指标,权重,二级指标,权重,方向\n财富,0.7,X1,0.8,+\n,,X2,0.2,-\n健康,0.3,X3,1,+\n"
        tree = read(tmp_path / "s", text).framework
        leaves = tree.index[tree["level"] == "indicator"]
        assert given_weights(tree).loc[leaves, "global_weight"].tolist() == pytest.approx([0.56, 0.14, 0.3])
        assert tree.loc[tree["level"] == "subdomain", "name_zh"].tolist() == ["财富", "健康"]

    def test_six_levels_are_refused(self, tmp_path):
        head, row = ",".join(f"{word}级指标" for word in "一二三四五"), "甲,乙,丙,丁,戊"
        chain = "code,level,parent,name,direction\nA,domain,,A,\n" + "".join(
            f"A{number},subdomain,{above},S,\n" for number, above in ((1, "A"), (2, "A1"), (3, "A2"), (4, "A3")))
        with pytest.raises(OwnDataError, match="at most 5 levels"):
            read(tmp_path / "s", chain + "X1,indicator,A4,One,+\n", wide_values(1))
        assert len(read(tmp_path / "t", f"{head},方向\n{row},+\n", wide_values(1).replace("X1", "戊")).framework) == 3
