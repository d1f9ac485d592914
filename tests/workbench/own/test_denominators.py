"""Figures divided by another column, and an indicator's own way to a scale, as the tree says of them."""

import pytest
from own_tables import csv_text

from analysis import study
from analysis.settings import load_settings
from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input, write_input
from workbench.run_input import dictionary_of, own_panel, own_settings

HEAD = ["code", "level", "parent", "name_zh", "name_en", "direction", "denominator", "normalisation"]
NODES = [["A", "domain", "", "领域", "Domain", "", "", ""], ["A1", "subdomain", "A", "二级", "Part", "", "", ""]]
UNITS = ["Ada", "Bor", "Cim", "Dol"]
VALUES = [["country", "X1", "X2", "X3", "Resident population"],
          ["Ada", 10.0, 4.0, 8.0, 5.0], ["Bor", 30.0, 9.0, 6.0, 10.0], ["Cim", 12.0, 5.0, 7.0, 2.0],
          ["Dol", 8.0, 8.0, 5.0, 4.0]]


def tree(*rows) -> list:
    return [HEAD, *NODES, *(["X1", "indicator", "A1", "一", "One", "+", *rows[0]],
                            ["X2", "indicator", "A1", "二", "Two", "+", *rows[1]],
                            ["X3", "indicator", "A1", "三", "Three", "+", *rows[2]])]


DIVIDED = tree(["resident population", "rank"], ["X1", "zscore"], ["", ""])


def given(folder, framework=DIVIDED, values=VALUES):
    folder.mkdir(exist_ok=True)
    tables = {"framework": framework, "values": values, "cities": [["code", "name"], *([name, name] for name in UNITS)]}
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8")
    return read_input(folder)


def scored(study_input):
    panel = own_panel(study_input)
    return study.score_study(panel, own_settings(load_settings(), panel))


def problem(folder, **tables):
    with pytest.raises(OwnDataError) as caught:
        given(folder, **tables)
    (found,) = caught.value.problems
    return found


class TestDivision:
    def test_by_a_column_that_is_no_indicator_and_by_another_indicators_figure(self, tmp_path):
        found = scored(given(tmp_path / "own"))
        assert list(found.raw) == ["X1", "X2", "X3"]  # the population takes no part in the score
        assert found.raw["X1"].tolist() == [10 / 5, 3.0, 6.0, 2.0]
        assert found.raw["X2"].round(9).tolist() == [0.4, 0.3, 0.416666667, 1.0]  # of the figures, not of X1 per head
        origins = found.origins.set_index(["adcode", "indicator"])
        assert origins.loc[("Bor", "X1"), "denominator_row"] == "E3"
        assert origins.loc[("Bor", "X3"), "denominator_row"] == ""

    def test_before_everything_else_of_the_same_year_and_long_or_wide_alike(self, tmp_path):
        wide = given(tmp_path / "wide")
        long = [["country", "indicator", "value"],
                *([row[0], name, value] for row in VALUES[1:] for name, value in zip(VALUES[0][1:], row[1:],
                                                                                    strict=True))]
        assert scored(given(tmp_path / "long", values=long)).scores.equals(scored(wide).scores)

    def test_a_missing_denominator_is_a_gap_and_said(self, tmp_path):
        values = [list(row) for row in VALUES]
        values[3][4] = None
        study_input = given(tmp_path / "own", values=values)
        assert "denominator_missing" in {each.kind for each in study_input.warnings}
        assert own_panel(study_input).cities.index.tolist() == UNITS
        assert "X1" not in scored(study_input).raw  # three of four units have it: less than 80 %

    def test_kept_and_read_back_and_in_the_dictionary_as_it_is_scored(self, tmp_path):
        study_input = given(tmp_path / "own")
        write_input(study_input, tmp_path / "kept")
        again = read_input(tmp_path / "kept")
        assert again.framework.equals(study_input.framework) and scored(again).scores.equals(scored(study_input).scores)
        table = dictionary_of(study_input)
        assert list(table.index) == ["X1", "X2", "X3", "resident_population"]
        assert table.loc["X1", ["least", "greatest"]].tolist() == [2, 6]


class TestNormalisation:
    def test_each_indicator_as_its_row_says_the_others_as_the_settings_say(self, tmp_path):
        found = scored(given(tmp_path / "own"))
        assert found.normalised["X1"].round(9).tolist() == [16.666666667, 66.666666667, 100.0, 16.666666667]
        assert found.normalised["X2"].mean() == pytest.approx(50) and found.normalised["X2"].std() == pytest.approx(10)
        assert found.normalised["X3"].round(9).tolist() == [100, 33.333333333, 66.666666667, 0]

    def test_chinese_words_are_understood_and_logged(self, tmp_path):
        rows = tree(["", "名次"], ["", "标准分"], ["", "极差法"])
        study_input = given(tmp_path / "own", framework=rows, values=[row[:4] for row in VALUES])
        assert study_input.framework["normalisation"].tolist()[2:] == ["rank", "zscore", "minmax"]
        assert (study_input.log["rule"] == "normalisation").sum() == 3


class TestRefused:
    def test_at_its_cell_with_what_to_do(self, tmp_path):
        values = [row[:4] for row in VALUES]
        found = problem(tmp_path / "a", framework=tree(["residents", ""], ["", ""], ["", ""]), values=values)
        assert (found.kind, found.file, found.row, found.column) == ("unknown_denominator", "framework.csv", 4, 7)
        assert "add that column" in found.en and "请补上" in found.zh
        found = problem(tmp_path / "b", framework=tree(["X1", ""], ["", ""], ["", ""]),
                        values=[row[:4] for row in VALUES])
        assert (found.kind, found.row) == ("own_denominator", 4)
        found = problem(tmp_path / "c", framework=tree(["A1", ""], ["", ""], ["", ""]),
                        values=[row[:4] for row in VALUES])
        assert found.kind == "bad_denominator" and "sub-domain" in found.en
        found = problem(tmp_path / "d", framework=tree(["", "best"], ["", ""], ["", ""]),
                        values=[row[:4] for row in VALUES])
        assert (found.kind, found.column) == ("unknown_normalisation", 8)
        assert "zscore" in found.en and "名次" in found.zh

    def test_a_denominator_of_zero_at_the_cell_of_the_figure(self, tmp_path):
        values = [list(row) for row in VALUES]
        values[2][4] = 0
        found = problem(tmp_path / "own", values=values)
        assert (found.kind, found.file, found.row, found.column) == ("denominator_not_positive", "values.csv", 3, 5)
