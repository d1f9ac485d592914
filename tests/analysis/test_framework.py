"""The evaluation system of Table 1 and which public figure stands for which indicator."""

import shutil

import pandas as pd
import pytest

from analysis import framework, indicators
from analysis.settings import ROOT, load_settings
from analysis.sources import read_variables

# The rebuilt Table 1: indicators by sub-domain, sub-domains by domain (2 + 2 + 2 + 3 + 3 + 2; 5 + 4 + 5 + 7 + 6 + 7).
SUBDOMAINS = {"D1": 2, "D2": 2, "D3": 2, "D4": 3, "D5": 3, "D6": 2}
INDICATORS = {"D1": 5, "D2": 4, "D3": 5, "D4": 7, "D5": 6, "D6": 7}


@pytest.fixture(scope="module")
def tree():
    return framework.read_framework(ROOT)


@pytest.fixture(scope="module")
def proxies():
    return framework.read_proxies(ROOT)


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "data/raw/framework", tmp_path / "data/raw/framework")
    shutil.copytree(ROOT / "data/raw/statistics", tmp_path / "data/raw/statistics")
    return tmp_path


def rewrite(path, change) -> None:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(frame).to_csv(path, index=False)


class TestTree:
    def test_six_domains_fourteen_subdomains_thirty_four_indicators(self, tree):
        assert tree["level"].value_counts().to_dict() == {"domain": 6, "subdomain": 14, "indicator": 34}
        assert list(framework.leaves(tree)) == [f"I{number:02d}" for number in range(1, 35)]
        assert list(framework.domains(tree)) == [f"D{number}" for number in range(1, 7)]

    def test_numbers_are_the_papers(self, tree):
        leaves = framework.leaves(tree)
        assert tree.loc[leaves, "number"].tolist() == [str(int(code[1:])) for code in leaves]

    def test_parents_close_the_count(self, tree):
        assert tree[tree["level"] == "subdomain"].groupby("parent").size().to_dict() == SUBDOMAINS
        assert framework.ancestor(tree, "domain").value_counts().to_dict() == INDICATORS

    def test_parents_are_one_level_up_and_come_first(self, tree):
        levels = tree["level"]
        above = {"indicator": "subdomain", "subdomain": "domain"}
        for code, parent in tree["parent"].items():
            if levels[code] == "domain":
                assert parent == ""
            else:
                assert levels[parent] == above[levels[code]]
                assert tree.index.get_loc(parent) < tree.index.get_loc(code)

    def test_indicators_stand_in_the_papers_order_below_their_parents(self, tree):
        parents = framework.ancestor(tree, "subdomain").tolist()
        assert parents == sorted(parents)

    @pytest.mark.parametrize(("parent", "counts"), [("S13", {"S13": 5, "S14": 2}), ("S14", {"S13": 4, "S14": 3})])
    def test_the_ambiguous_parent_of_the_data_centre(self, parent, counts):
        tree = framework.read_framework(ROOT, parent)
        own = framework.ancestor(tree, "subdomain")
        assert own["I32"] == parent and framework.ancestor(tree, "domain")["I32"] == "D6"
        assert own[own.isin(["S13", "S14"])].value_counts().to_dict() == counts

    def test_only_the_data_centre_is_called_ambiguous(self, tree):
        assert list(tree.index[tree["certainty"] == "ambiguous"]) == ["I32"]

    def test_names_in_both_languages_are_distinct(self, tree):
        for name in ("name_zh", "name_en"):
            assert tree[name].str.strip().ne("").all() and tree[name].is_unique

    def test_every_indicator_has_a_direction(self, tree):
        assert set(tree.loc[framework.leaves(tree), "direction"]) <= {"+", "-"}

    @pytest.mark.parametrize(("column", "value", "words"), [
        ("parent", "S99", "row 24, column parent, value S99"), ("code", "I02", "I02"),
        ("level", "indikator", "indikator"),
        ("direction", "up", "row 24, column direction, value up"), ("parent", "D1", "D1")])
    def test_a_damaged_tree_names_row_and_value(self, copy, column, value, words):
        path = copy / "data/raw/framework/framework.csv"
        rewrite(path, lambda frame: frame.assign(**{column: frame[column].mask(frame["code"] == "I03", value)}))
        with pytest.raises(ValueError, match=rf"framework\.csv.*{words}"):
            framework.read_framework(copy)


class TestProxies:
    def test_point_to_real_indicators_and_variables(self, proxies, tree):
        variables = read_variables(ROOT)
        assert set(proxies["indicator"]) <= set(framework.leaves(tree))
        assert set(proxies["variable"]) | set(proxies["fallback"]) - {""} <= set(variables.index)
        for row in proxies.itertuples():
            numbers = {part.split()[0] for part in variables.loc[row.variable, "indicator"].split(";")}
            assert str(int(row.indicator[1:])) in numbers, f"{row.variable} is not said to stand for {row.indicator}"

    def test_one_main_proxy_an_indicator_and_one_indicator_a_variable(self, proxies):
        used = proxies[proxies["role"].isin(["main", "sensitivity"])]
        assert used["indicator"].is_unique
        variables = [*used["variable"], *(name for name in used["fallback"] if name)]
        assert len(variables) == len(set(variables)), "one variable may serve one indicator only in a run"

    def test_grades_are_those_of_the_data_dictionary_or_explained(self, proxies):
        assert set(proxies["grade"]) <= set(framework.GRADES)
        graded = read_variables(ROOT)["grade"]
        worse = [row.variable for row in proxies.itertuples() if row.grade > graded[row.variable]]
        better = [row.variable for row in proxies.itertuples() if row.grade < graded[row.variable]]
        assert worse == better == []

    def test_measures_and_roles_are_known(self, proxies):
        assert set(proxies["measure"]) <= {"level", "median", "level_per_resident", "median_per_resident", "named",
                                           "years_operating"}
        assert set(proxies["role"]) <= {"main", "alternative", "duplicate", "sensitivity"}
        dated = proxies["measure"] == "years_operating"
        assert proxies["reference_year"].notna().tolist() == dated.tolist()

    @pytest.mark.parametrize(("column", "value", "words"), [
        ("variable", "telecom_revenu", "telecom_revenu"), ("fallback", "nothing", "nothing"),
        ("measure", "mean", "mean"), ("grade", "", "grade"), ("grade", "E", "E"), ("role", "mian", "mian"),
        ("indicator", "I99", "I99"), ("multiplier", "many", "many"), ("multiplier", "", "multiplier")])
    def test_a_damaged_row_names_file_and_value(self, copy, real_panel, column, value, words):
        """A misspelt variable would leave the indicator out in silence, a misspelt measure would be read as a level."""
        path = copy / "data/raw/framework/proxies.csv"
        rewrite(path, lambda frame: frame.assign(**{column: frame[column].mask(frame.index == 0, value)}))
        with pytest.raises(ValueError, match=rf"proxies\.csv(?s:.*){words}"):
            framework.read_proxies(copy)

    def test_two_main_variables_of_one_indicator_name_the_row(self, copy):
        path = copy / "data/raw/framework/proxies.csv"
        rewrite(path, lambda frame: frame.assign(role=frame["role"].replace("alternative", "main")))
        with pytest.raises(ValueError, match=r"proxies\.csv row 3.*I01"):
            framework.read_proxies(copy)

    @pytest.mark.parametrize("column", ["measure", "variable", "grade", "role"])
    def test_a_missing_column_names_file_and_column(self, copy, column):
        path = copy / "data/raw/framework/proxies.csv"
        rewrite(path, lambda frame: frame.drop(columns=column))
        with pytest.raises(ValueError, match=rf"proxies\.csv.*{column}"):
            framework.read_proxies(copy)


class TestCoverage:
    def test_public_edition_measures_five_domains_of_six(self, tree, proxies):
        measured = indicators.chosen_proxies(proxies).index
        cover = framework.coverage_by_domain(tree, measured)
        assert list(cover.index) == list(framework.domains(tree))
        assert cover["indicators"].sum() == 34 and cover["measured"].sum() == len(measured)
        assert list(cover.index[cover["measured"] == 0]) == ["D2"]
        assert cover["share"].between(0, 1).all()

    def test_nothing_measured_is_zero_everywhere(self, tree):
        assert framework.coverage_by_domain(tree, pd.Index([]))["measured"].tolist() == [0] * 6


class TestChosen:
    def test_baseline_uses_the_main_readings(self, proxies):
        choices = load_settings().indicators
        chosen = indicators.chosen_proxies(proxies, choices.worst_grade, choices.exclude)
        assert chosen.index.is_monotonic_increasing and set(chosen["role"]) == {"main"}
        assert set(chosen["grade"]) <= set("ABC")

    @pytest.mark.parametrize("grade", ["A", "B", "C", "D"])
    def test_a_better_grade_measures_less(self, proxies, grade):
        chosen = indicators.chosen_proxies(proxies, grade)
        assert (chosen["grade"] <= grade).all() and len(chosen)
        assert ("I16" in chosen.index) == (grade == "D")

    def test_exclusion_leaves_out_and_refuses_by_name(self, proxies):
        everything = indicators.chosen_proxies(proxies)
        assert list(indicators.chosen_proxies(proxies, exclude=("I23", "I28")).index) == [
            code for code in everything.index if code not in ("I23", "I28")]
        with pytest.raises(ValueError, match=r"indicators\.exclude: I02, I99 not measured; measured: I01"):
            indicators.chosen_proxies(proxies, exclude=("I02", "I23", "I99"))
