"""Two runs compared: parts that add up exactly, the same both ways round, refusals, and pages that escape."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations, permutations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from figures_drawn import drawn_texts, overlaps
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner

from analysis import figures
from analysis.attribution import STAGES, Mixtures
from analysis.figures.comparison import rank_change_parts
from analysis.frames import read_frame, settle, write_frame
from analysis.settings import ROOT, load_settings, write_settings
from analysis.shapley import finest_groups, partitions, shapley_numerators, unions
from analysis.study import score_study
from workbench.cli import app
from workbench.comparing import comparison, comparison_files, comparison_page
from workbench.comparing.comparison import ComparisonError, Side, compare, compare_runs, moves, read_side, refuse_stale
from workbench.project import Project

pytestmark = pytest.mark.long

# One choice of each stage, and settings that differ in several.
ONE_STAGE = {"data": {"indicators.exclude": ["I23", "I28"]}, "treatment": {"treatment.outliers": "log"},
             "normalisation": {"normalisation.method": "zscore"}, "weights": {"weighting.alpha": 0.3},
             "aggregation": {"aggregation.method": "topsis"}}
SEVERAL = {
    "two": ONE_STAGE["data"] | ONE_STAGE["weights"],
    "all": {"indicators.scale": "total", **ONE_STAGE["treatment"], **ONE_STAGE["normalisation"],
            "weighting.objective": "critic", **ONE_STAGE["aggregation"]},
    "together": {"aggregation.method": "geometric", "normalisation.lowest_points": 1, "weighting.alpha": 0.3},
}
BASE = load_settings()


def chosen(changes: dict):
    return load_settings(overrides=changes)


@pytest.fixture(scope="module")
def compared(real_panel):
    """The baseline compared with other settings; each pair once."""
    kept = {}

    def result(name: str):
        if name not in kept:
            kept[name] = compare(real_panel, BASE, real_panel, chosen(({"same": {}} | SEVERAL | ONE_STAGE)[name]))
        return kept[name]
    return result


@pytest.fixture(scope="module")
def studied(real_panel, real_study):
    """The whole study with other settings; each once."""
    kept = {"base": real_study}

    def study(name: str):
        if name not in kept:
            kept[name] = score_study(real_panel, chosen((SEVERAL | ONE_STAGE)[name]))
        return kept[name]
    return study


class TestShapley:
    def test_the_runway_whose_cost_is_shared_by_those_who_need_its_length(self):
        """Littlechild & Owen (1973), doi:10.1287/mnsc.20.3.370: costs 1, 2, 3, the longest counts. All share the first
        unit (1/3 each), two the second, one the third: 1/3, 5/6, 11/6."""
        costs = {"small": 1, "middle": 2, "large": 3}
        groups = [(name,) for name in costs]
        values = {taken: pd.Series([max((costs[name] for name in taken), default=0)]) for taken in unions(groups)}
        parts = shapley_numerators(groups, values)
        assert [int(part[0]) for part in parts.values()] == [2, 5, 11]

    @settings(max_examples=25)
    @given(st.integers(1, 4), st.data())
    def test_is_the_mean_over_all_orders_and_adds_up(self, count, data):
        groups = [(name,) for name in "abcd"[:count]]
        numbers = st.lists(st.integers(-300, 300), min_size=2, max_size=2)
        values = {taken: pd.Series(data.draw(numbers)) for taken in unions(groups)}
        expected = {group: pd.Series([0, 0]) for group in groups}
        for order in permutations(groups):
            for place, group in enumerate(order):
                before = frozenset().union(*order[:place])
                expected[group] = expected[group] + values[before.union(group)] - values[before]
        parts = shapley_numerators(groups, values)
        assert all((parts[group] == expected[group]).all() for group in groups)
        whole = values[frozenset().union(*groups)] - values[frozenset()]
        assert (sum(parts.values()) == whole * factorial(count)).all()

    def test_partitions_are_counted_by_bell(self):
        assert [len(list(partitions(list("abcde"[:count])))) for count in range(6)] == [1, 1, 2, 5, 15, 52]

    def test_groups_are_as_fine_as_the_refusals_allow(self):
        one, two = frozenset({"a"}), frozenset({"a", "b"})
        assert finest_groups("abc", []) == [("a",), ("b",), ("c",)]
        assert finest_groups("abc", [one]) in ([("a", "b"), ("c",)], [("a", "c"), ("b",)])
        assert finest_groups("abc", [one, two]) == [("a", "c"), ("b",)]
        everything = [frozenset(taken) for size in (1, 2) for taken in combinations("abc", size)]
        assert finest_groups("abc", everything) == [("a", "b", "c")]


class TestParts:
    def test_a_run_and_itself_differ_in_nothing(self, compared):
        result = compared("same")
        assert result.differing == () and (result.changes == 0).all() and (result.numerators == 0).all(axis=None)
        assert comparison.differing_settings(result).empty
        assert comparison.summary(result) | {"spearman": 1.0} == {
            "cities": 297, "mean_shift": 0, "largest_shift": 0, "unmoved": 297, "spearman": 1.0}

    @pytest.mark.parametrize("stage", ONE_STAGE)
    def test_one_stage_that_differs_has_the_whole_change(self, compared, stage):
        result = compared(stage)
        assert result.differing == (stage,) and (result.changes != 0).any()
        assert (result.parts[stage] == result.changes).all()
        assert (result.numerators.drop(columns=stage) == 0).all(axis=None)
        assert list(comparison.differing_settings(result)["stage"]) == [stage]

    @pytest.mark.parametrize("name", SEVERAL)
    def test_parts_add_up_in_whole_numbers(self, compared, name):
        result = compared(name)
        assert (result.numerators.dtypes == "int64").all()
        assert (result.numerators.sum(axis=1) == result.changes * result.denominator).all()

    @pytest.mark.parametrize("name", SEVERAL)
    def test_ranks_and_scores_are_those_of_the_study(self, studied, compared, name):
        result = compared(name)
        for side, whole in (("a", studied("base")), ("b", studied(name))):
            assert result.scores[side].equals(whole.scores.rename(side))
            assert (result.ranks[side] == whole.ranks).all()

    @pytest.mark.parametrize("name", ["two", "together"])
    def test_the_other_way_round_every_part_changes_its_sign(self, real_panel, compared, name):
        back = compare(real_panel, chosen(SEVERAL[name]), real_panel, BASE)
        assert_frame_equal(back.numerators, -compared(name).numerators)

    def test_two_stages_have_the_mean_of_both_orders(self, compared):
        result = compared("two")
        data, weights = compared("data").ranks["b"], compared("weights").ranks["b"]
        first, last = result.ranks["a"], result.ranks["b"]
        expected = ((first - data) + (weights - last)).astype("int64")
        assert (result.numerators["data"] == expected).all() and result.denominator == 2
        effects = {"first": first - data, "last": weights - last}
        assert comparison.part_sizes(result).loc["data", ["first", "last"]].to_dict() == {
            order: pytest.approx(effect.abs().mean()) for order, effect in effects.items()}

    def test_choices_that_enter_no_rank_have_no_part(self, real_panel):
        result = compare(real_panel, BASE, real_panel, chosen({"tiers.k": 4, "treatment.city_coverage": 0.5}))
        assert (result.numerators == 0).all(axis=None)
        told = comparison.differing_settings(result)["stage"]
        assert told["treatment.city_coverage"] == "treatment" and told.isna()["tiers.k"]

    def test_stages_that_only_work_together_are_one_part_and_the_reason_is_kept(self, compared):
        result = compared("together")
        assert "normalisation+aggregation" in result.numerators and "aggregation" not in result.numerators
        assert result.denominator == 2 and (result.numerators[["weights"]] != 0).any(axis=None)
        assert set(result.refused) == {frozenset({"aggregation"}), frozenset({"aggregation", "weights"})}
        assert all("normalisation.lowest_points" in reason for reason in result.refused.values())

    def test_settings_that_the_study_refuses_are_refused(self, real_panel):
        with pytest.raises(ValueError, match="normalisation.lowest_points"):
            compare(real_panel, BASE, real_panel, chosen({"aggregation.method": "geometric"}))

    def test_points_by_domain_sum_to_the_scores(self, compared):
        before, after = compared("two").points
        for table, side in ((before, "a"), (after, "b")):
            assert table.sum(axis=1).to_numpy() == pytest.approx(compared("two").scores[side].to_numpy(), abs=1e-9)
        assert compared("aggregation").points[1] is None


class TestPanels:
    def test_other_figures_are_data_and_other_experts_are_weights(self, real_panel):
        figures_2 = real_panel.figures.copy()
        patents = figures_2["variable"] == "patents_granted"
        figures_2.loc[patents, "value"] = figures_2.loc[patents, "value"].to_numpy()[::-1]
        experts_2 = real_panel.experts.assign(weight=[8.0, *[1.0] * (len(real_panel.experts) - 1)])
        other = replace(real_panel, figures=figures_2, experts=experts_2)
        result = compare(real_panel, BASE, other, BASE)
        assert result.differing == ("data", "weights")
        assert (result.numerators[["data", "weights"]] != 0).any().all()
        told = comparison.differing_settings(result)
        assert told["stage"].to_dict() == {"panel.figures": "data", "panel.experts": "weights"}

    def test_cities_that_leave_are_told_apart_from_what_their_leaving_does(self, real_panel, compared):
        gone = compared("weights").ranks["a"].nsmallest(10).index
        fewer = replace(real_panel, cities=real_panel.cities.drop(index=gone))
        result = compare(real_panel, BASE, fewer, BASE)
        assert result.ranks["b"].isna().sum() == 10 and len(result.changes) == 287
        assert (result.numerators["cities"] == 10 * result.denominator).all()  # ten ahead of everyone else are gone
        assert (result.numerators["data"] != 0).any()  # the lists weigh differently, the scale ends elsewhere
        assert (result.numerators.sum(axis=1) == result.changes * result.denominator).all()
        entering, leaving = comparison.crossing(result)
        assert set(leaving) >= set(gone) and len(entering) == len(leaving)
        assert list(moves(result).index[-10:]) == list(gone)

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_cities_of_one_run_only_have_a_place_on_the_page(self, real_panel, runs, lang):
        fewer = replace(real_panel, cities=real_panel.cities.drop(index=["440300", "321200"]))
        told = comparison_page.Told(compare(real_panel, BASE, fewer, BASE), runs["a"], runs["b"], lang)
        page = comparison_page.page(told, comparison_files.movers_figure(told))
        assert ("只在一次运行中的城市" if lang == "zh" else "Cities of one run only") in page
        assert ("城市名单" if lang == "zh" else "<td>roster</td>") in page and "深圳市" in page or lang == "en"

    def test_panels_without_a_city_in_common_are_refused(self, real_panel):
        codes = real_panel.cities.index
        halves = [replace(real_panel, cities=real_panel.cities.loc[part]) for part in (codes[:150], codes[150:])]
        with pytest.raises(ComparisonError, match="share no city"):
            compare(halves[0], BASE, halves[1], BASE)

    def test_a_table_that_does_not_know_a_code_is_a_refusal_of_the_mixture_only(self, real_panel, monkeypatch):
        def scores(between, taken):
            if taken == frozenset({"data"}):
                raise KeyError("S13")
            return pd.Series([3.0, 2.0], ["110000", "310000"])

        monkeypatch.setattr(Mixtures, "scores", scores)
        result = compare(real_panel, BASE, real_panel, chosen(SEVERAL["two"]))
        assert "data+weights" in result.numerators and "S13" in result.refused[frozenset({"data"})]


@pytest.fixture(scope="module")
def runs(tmp_path_factory, real_panel, studied):
    """A folder of processed runs: the real baseline and `mine`, which differs in two stages."""
    project = Project(tmp_path_factory.mktemp("study"))
    for name, whole in (("baseline", studied("base")), ("mine", studied("two")), ("half", studied("base"))):
        write_settings(whole.settings, project.run(name).settings_file)
        if name != "half":
            table = real_panel.cities[["name"]].assign(score=whole.scores, rank=whole.ranks)
            write_frame(table, project.run(name).file("05_scores"))
    return {"project": project, "a": read_side(project.run("baseline"), real_panel),
            "b": read_side(project.run("mine"), real_panel)}


@pytest.fixture(scope="module")
def result(runs):
    return compare_runs(runs["a"], runs["b"])


class TestRuns:
    def test_a_run_without_scores_is_refused_with_what_to_do(self, runs, real_panel):
        with pytest.raises(ComparisonError, match="half has no 05_scores.csv; run it again: .* --run half"):
            read_side(runs["project"].run("half"), real_panel)

    def test_the_committed_baseline_is_what_its_settings_give(self, real_panel):
        run = read_side(Project().run("baseline"), real_panel)
        assert (compare_runs(run, run).changes == 0).all()

    @pytest.mark.parametrize(("column", "change"), [("score", 1e-6), ("rank", 1)])
    def test_stale_scores_are_refused_with_run_city_and_remedy(self, runs, result, column, change):
        stale = runs["b"].stored.copy()
        stale.loc["440300", column] += change
        with pytest.raises(ComparisonError, match="run mine: .*1 cities differ; 深圳市: .*run it again"):
            refuse_stale(replace(runs["b"], stored=stale), result.scores["b"], result.ranks["b"])

    def test_scores_of_other_cities_are_refused(self, runs):
        with pytest.raises(ComparisonError, match="run mine: .*other cities"):
            compare_runs(runs["a"], replace(runs["b"], stored=runs["b"].stored.drop(index="440300")))

    def test_the_last_bits_of_another_processor_are_not_stale(self, runs, result):
        stored = runs["b"].stored.assign(score=runs["b"].stored["score"] * (1 + 1e-13))
        refuse_stale(replace(runs["b"], stored=stored), result.scores["b"], result.ranks["b"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, runs, result):
    """The files of one comparison in both languages."""
    project = Project(tmp_path_factory.mktemp("study"))
    reports = project.root / "reports"
    (reports / "mine").mkdir(parents=True)
    (reports / "mine/index.html").write_text("")
    for lang in ("zh", "en"):
        comparison_files.write_comparison(result, runs["a"], runs["b"], project, lang)
    return reports / "compare/baseline__vs__mine"


class TestFiles:
    def test_the_table_in_the_file_is_the_table_in_memory(self, folder, result):
        table = read_frame(folder / "comparison.csv", "adcode")
        expected = settle(moves(result))
        assert_frame_equal(table, expected.astype(table.dtypes), check_exact=True)
        parts = ["cities", *STAGES]
        assert list(table) == ["name", "name_en", "rank_a", "rank_b", "change", *parts, "score_a", "score_b"]
        assert table[parts].sum(axis=1).to_numpy() == pytest.approx(table["change"].to_numpy(), abs=1e-9)
        assert (table["rank_a"] - table["rank_b"] == table["change"]).all() and len(table) == 297

    def test_both_languages_stand_side_by_side_while_the_table_is_the_same(self, folder):
        assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*")) == [
            "comparison.csv", "comparison.html", "comparison.svg", "en/comparison.html", "en/comparison.svg"]
        assert list(folder.parent.iterdir()) == [folder]

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_page_runs_and_loads_nothing_and_links_to_the_reports_there_are(self, folder, lang):
        place = folder if lang == "zh" else folder / "en"
        page = (place / "comparison.html").read_text(encoding="utf-8")
        assert "<script" not in page and "default-src 'none'" in page
        links = re.findall(r'(?:src|href)="([^"]*)"', page)
        assert {link for link in links if not link.startswith(("data:", "#"))} == (
            {"../../mine/index.html"} if lang == "zh" else set())
        assert "深圳市" in page if lang == "zh" else "Taizhou (Jiangsu)" in page
        assert page.count("<tr>") > 297 + 20

    def test_the_same_comparison_gives_the_same_bytes(self, folder, runs, result, tmp_path):
        page = comparison_files.write_comparison(result, runs["a"], runs["b"], Project(tmp_path), "zh")
        again = page.read_text(encoding="utf-8").replace("<code>mine</code>", "")
        there = (folder / "comparison.html").read_text(encoding="utf-8")
        assert again == re.sub(r'<a\s+href="../../mine/index.html"><code>mine</code></a>', "", there)

    def test_a_city_named_in_markup_is_shown_letter_by_letter(self, runs, result):
        first, second = result.panels
        city = moves(result).index[0]
        cities = first.cities.copy()
        cities.loc[city, ["name", "name_en"]] = "<b>x"
        hostile = replace(result, panels=(replace(first, cities=cities), second))
        told = comparison_page.Told(hostile, runs["a"], runs["b"], "zh")
        page = comparison_page.page(told, "<svg/>")
        assert "<b>x" not in page and page.count("&lt;b&gt;x") >= 3
        assert "<b>x" in comparison_page.mover_lines(told)[0]

    def test_a_page_that_fails_leaves_what_was_there(self, folder, runs, result, monkeypatch):
        before = {path: path.read_bytes() for path in folder.rglob("*.*")}
        monkeypatch.setattr(comparison_files, "page", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            comparison_files.write_comparison(result, runs["a"], runs["b"], Project(folder.parents[2]), "zh")
        assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before
        assert list(folder.parent.iterdir()) == [folder]

    def test_another_table_takes_the_other_language_away(self, folder, runs, compared, tmp_path):
        (tmp_path / "reports/compare/baseline__vs__mine/en").mkdir(parents=True)
        (tmp_path / "reports/compare/baseline__vs__mine/comparison.csv").write_text("adcode,rank_a")
        (tmp_path / "reports/compare/baseline__vs__mine/en/comparison.html").write_text("old")
        other = comparison_files.write_comparison(compared("weights"), runs["a"], runs["b"], Project(tmp_path), "zh")
        assert not (other.parent / "en").exists()

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_runs_that_are_the_same_or_refuse_mixtures_have_a_page_too(self, runs, real_panel, compared, lang):
        page = comparison_page.page(comparison_page.Told(compared("same"), runs["a"], runs["a"], lang), "")
        assert ("没有城市的名次变动" if lang == "zh" else "No city changes its rank") in page
        together = Side("mine", real_panel, chosen(SEVERAL["together"]), runs["b"].stored)
        page = comparison_page.page(comparison_page.Told(compared("together"), runs["a"], together, lang), "<svg/>")
        assert "needs points above 0" in page
        assert ("标准化与合成" if lang == "zh" else "normalisation and aggregation") in page


class TestFigure:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_every_glyph_and_no_label_over_another_or_cut_off(self, compared, lang):
        figures.use_style(ROOT / "assets/fonts")
        result = compared("all")
        rows = moves(result).head(20)
        names = {part: words[lang == "en"] for part, words in comparison_page.PART_NAMES.items()}
        figure = rank_change_parts(rows[list(STAGES)], result.ranks, result.cities, names, ("a" * 41, "b" * 41), lang,
                                   "edition")
        boxes = drawn_texts(figure)
        assert overlaps(boxes) == []
        page = figure.bbox
        assert all(min(box.x0, box.y0) > -1 and box.x1 < page.x1 + 1 and box.y1 < page.y1 + 1 for _, box in boxes)

    def test_bars_end_where_the_parts_do(self, compared):
        figures.use_style(ROOT / "assets/fonts")
        result = compared("all")
        rows = moves(result).head(5)
        figure = rank_change_parts(rows[list(STAGES)], result.ranks, result.cities, dict.fromkeys(STAGES, "x"),
                                   ("a", "b"))
        widths = np.array([bar.get_width() for bar in figure.axes[0].patches]).reshape(2 * len(STAGES), 5)
        assert widths.sum(axis=0) == pytest.approx(rows["change"].to_numpy(dtype=float), abs=1e-9)


class TestCommand:
    def test_prints_the_page_and_the_five_largest_moves(self, runs):
        answer = CliRunner().invoke(app, ["compare", "baseline", "mine", "--lang", "en"], obj=runs["project"])
        assert answer.exit_code == 0, answer.output
        lines = answer.output.splitlines()
        assert len(lines) == 6 and lines[-1].endswith("compare/baseline__vs__mine/en/comparison.html")
        assert re.fullmatch(r"\S.*  \d+ → \d+  \([+-]\d+: (data|weights) .*\)", lines[0])

    @pytest.mark.parametrize(("arguments", "expected"), [
        (["baselin", "baseline"], "did you mean baseline?"), (["baseline", "baseline", "--lang", "de"], "zh or en")])
    def test_a_wrong_word_is_refused_in_one_sentence(self, arguments, expected):
        answer = CliRunner().invoke(app, ["compare", *arguments])
        assert answer.exit_code == 2 and expected in answer.output and "Traceback" not in answer.output

    def test_no_run_may_take_the_folder_of_the_comparisons(self):
        answer = CliRunner().invoke(app, ["run", "--run", "compare", "--only", "05"])
        assert answer.exit_code == 2 and "reports/compare" in answer.output
