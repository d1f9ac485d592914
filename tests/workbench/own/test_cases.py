"""Tables as people keep them: what each of a collection of studies gives, accepted or refused in one sentence."""

from pathlib import Path

import pytest
from conftest import ROOT

from analysis.hierarchy import given_weights
from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input

CASES = ROOT / "tests/own_cases"
# By case: how many figures are read, and kinds of warnings and rules of the log that must be there.
READ = {
    "01_complete_table": (48, set(), set()), "02_one_domain": (47, set(), set()),
    "03_numeric_domain_codes": (47, set(), set()), "05_regions_of_unequal_size": (47, set(), set()),
    "07_six_units": (23, set(), set()), "09_sixteen_children": (251, set(), set()),
    "11_ten_indicators_in_a_domain": (167, set(), set()), "14_heading_country": (19, set(), set()),
    "16_two_levels": (19, set(), {"middle_level"}), "18_tree_as_wide_table": (15, set(), {"wide_tree"}),
    "19_weights_given": (19, set(), set()),
    "20_decimal_comma": (19, set(), {"decimal_comma"}), "22_missing_as_two_points": (17, {"missing_sign"}, {"missing"}),
    "23_years_not_used": (20, {"years_not_used"}, {"earlier_year"}),
    "24_years_in_headings": (19, {"years_not_used"}, {"year_heading"}), "27_unit_row": (19, set(), {"unit_row"}),
    "28_second_heading_row": (9, set(), {"second_heading"}), "29_notes_below": (19, set(), {"note_row"}),
    "33_english_names_only": (19, set(), set()), "34_direction_words": (19, set(), {"direction"}),
    "35_equal_weights_called_judgements": (47, set(), set()),
}
REFUSED = {
    "25_province_read_as_city": ("provinces", "吉林"), "31_nonsense_suggestions": ("another_study", "template --from"),
    "40_dot_thousands": ("ambiguous_point", "1.234"), "41_mixed_per_cent": ("mixed_percent", "36%"),
    "42_codes_differing_in_case": ("codes_differ_in_case", "A1"),
}
ELSEWHERE = {"12_inconsistent_judgements"}  # what judgements do is the method's


def path_of(name: str) -> Path:
    folder = CASES / name
    files = [path for path in folder.rglob("*") if path.is_file()]
    return files[0] if len(files) == 1 else folder / "input"


def test_every_case_has_its_outcome():
    assert {path.name for path in CASES.iterdir()} == READ.keys() | REFUSED.keys() | ELSEWHERE
    assert sum(path.stat().st_size for path in CASES.rglob("*") if path.is_file()) < 60_000


@pytest.mark.parametrize("name", READ)
def test_a_table_that_is_read(name):
    count, warned, rules = READ[name]
    study = read_input(path_of(name))
    assert len(study.values) == count
    assert warned <= {each.kind for each in study.warnings} and rules <= set(study.log["rule"])


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_is_refused_in_one_sentence(name):
    kind, fragment = REFUSED[name]
    with pytest.raises(OwnDataError) as caught:
        read_input(path_of(name))
    (found,) = caught.value.problems
    assert found.kind == kind and fragment in f"{found.value} {found.en}"


def test_a_row_of_units_is_where_units_are_read_from():
    tree = read_input(path_of("27_unit_row")).framework
    assert tree.loc[["X1", "X2", "X3", "X4"], "unit_en"].tolist() == ["EUR", "%", "%", "number"]


def test_the_tree_of_a_paper_is_the_tree_of_the_study():
    tree = read_input(path_of("18_tree_as_wide_table")).framework
    leaves = tree[tree["level"] == "indicator"]
    assert leaves["name_zh"].tolist() == ["人均GDP", "失业率", "互联网用户数", "专利授权量"]
    assert leaves["direction"].tolist() == ["+", "-", "+", "+"] and leaves["unit_zh"].tolist() == ["元", "%", "户",
                                                                                                   "件"]
    above = [tree.at[parent, "name_zh"] for parent in leaves["parent"]]
    assert above == ["规模", "规模", "应用", "应用"]


def test_years_of_headings_are_those_of_the_figures():
    study = read_input(path_of("24_years_in_headings"), year=2018)
    assert study.values.groupby("indicator")["value"].first().to_dict() == {"X1": 49.0, "X2": 3.0}


def test_weights_given_are_those_of_the_study():
    tree = read_input(path_of("19_weights_given")).framework
    weights = given_weights(tree).loc[["X1", "X2", "X3", "X4"], "global_weight"]
    assert weights.tolist() == pytest.approx([0.4, 0.1, 0.25, 0.25])
