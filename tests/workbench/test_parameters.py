"""Parameters of notebooks: written from the settings, read back where they were typed, refused by name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from in_process import run_notebook

from analysis.settings import choices, flatten, load_settings, validated
from workbench.parameters import (
    StepError,
    chosen_settings,
    flat_name,
    given_parameters,
    names_assigned,
    parameters_cell,
)
from workbench.steps import LANGUAGES, PARAMETERS, STEPS

BASE = load_settings()
CHINESE = re.compile(r"[\u3400-\u9fff]")


def namespace(step: str, cell: str = "", lang: str = "zh") -> dict:
    """A notebook's names after its parameters cell and an injected one."""
    names = {"In": ["", parameters_cell(step, lang), cell]}
    for source in names["In"]:
        exec(source, names)
    return names


class TestCell:
    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_its_values_are_the_baselines(self, step, lang):
        given_ = given_parameters(step, namespace(step, lang=lang), lang)
        assert given_.pop("run") == "lab" and given_.pop("city") in ("深圳市", "Shenzhen")
        assert given_ == {flat_name(name): flatten(BASE)[name] for name in PARAMETERS[step]}
        assert chosen_settings(step, BASE, given_, lang) == BASE

    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_papermill_understands_every_line(self, step, lang, caplog):
        """It takes a line with a second equals sign, in a remark too, for no parameter, and warns in every run."""
        from nbformat.v4 import new_code_cell
        from papermill.translators import PythonTranslator

        found = PythonTranslator.inspect(new_code_cell(parameters_cell(step, lang)))
        assert [each.name for each in found] == ["run", "city", *map(flat_name, PARAMETERS[step])]
        assert caplog.text == ""

    def test_every_choice_has_a_meaning_in_both_languages_and_a_range_or_options(self):
        for name, choice in choices().items():
            assert CHINESE.search(choice.zh) and not CHINESE.search(choice.en) and choice.en
            assert choice.allowed() or choice.type in (list, bool) or name in ("city", "weighting.experts"), name

    def test_each_line_says_type_range_and_meaning(self):
        assert ("weighting_alpha: float = 0.5            # 0–1 · share of the judged weights in the linear rule"
                in parameters_cell("05_scores_and_ranks", "en"))


class TestNames:
    @pytest.mark.parametrize(("source", "names"), [
        ("# Parameters\nweighting_alpha = 0.3\nrun = 'x'\n", ["weighting_alpha", "run"]),
        ("# 参数（parameters）\nrun: str = 'lab'  # 说明\n", ["run"]),
        ("# Parameters\nx = f(1)\nprint(x)\n", []), ("weighting_alfa = 1", []), ("# Parameters\nx =", []), ("", [])])
    def test_only_a_cell_of_parameters_gives_names(self, source, names):
        assert names_assigned(source) == names

    @pytest.mark.parametrize(("cell", "words"), [
        ("weighting_alfa = 0.3", {"zh": "没有参数 weighting_alfa；是不是 weighting_alpha？",
                                  "en": "there is no parameter weighting_alfa; did you mean weighting_alpha?"}),
        ("treatment_missing = 'lowest'", {"zh": "它是笔记本 02_indicators 的参数",
                                          "en": "it is a parameter of the notebook 02_indicators"}),
        ("zzz = 1", {"zh": "可用的参数：run、city、weighting_objective",
                     "en": "its parameters: run, city, weighting_objective"})])
    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_name_the_notebook_does_not_have_is_refused(self, cell, words, lang):
        with pytest.raises(StepError, match=re.escape(words[lang])):
            given_parameters("05_scores_and_ranks", namespace("05_scores_and_ranks", f"# Parameters\n{cell}"), lang)

    def test_a_name_used_later_in_the_notebook_is_no_parameter(self):
        """Run again from the middle, a notebook has many names; only the cells of parameters count."""
        names = namespace("05_scores_and_ranks") | {"draws": 3, "shifts": [0, 1]}
        names["In"] += ["shifts = [0, 1]", "draws = 3"]
        assert "draws" not in given_parameters("05_scores_and_ranks", names, "en")

    def test_a_parameter_that_was_deleted_is_named(self):
        names = namespace("05_scores_and_ranks")
        del names["weighting_rule"]
        with pytest.raises(StepError, match="weighting_rule is missing"):
            given_parameters("05_scores_and_ranks", names, "en")


class TestValues:
    @pytest.mark.parametrize(("step", "cell", "words"), [
        ("05_scores_and_ranks", "weighting_alpha = 2", "weighting_alpha = 2: must be a number, 0–1 (share"),
        ("05_scores_and_ranks", "weighting_alpha = '0.5'", "weighting_alpha = '0.5': must be a number"),
        ("05_scores_and_ranks", "weighting_rule = 'liner'", "must be linear | multiplicative | game_theory"),
        ("02_indicators", "treatment_neighbours = 2.5", "treatment_neighbours = 2.5: must be a whole number, 1–50"),
        ("02_indicators", "indicators_exclude = 7", "indicators_exclude = 7: must be a list"),
        ("04_ahp_weights", "weighting_allow_inconsistent = 'no'", "must be True or False"),
        ("06_sensitivity", "uncertainty_sobol_samples = 500", "must be a power of 2"),
        ("06_sensitivity", "uncertainty_draws = 5\ntiers_k = 99", "tiers_k = 99: must be a whole number, 2–12")])
    def test_one_out_of_range_is_refused_with_what_it_may_be(self, step, cell, words):
        given_ = given_parameters(step, namespace(step, f"# Parameters\n{cell}"), "en")
        with pytest.raises(StepError, match=re.escape(words)) as refused:
            chosen_settings(step, BASE, given_, "en")
        assert "--set" not in str(refused.value) and step in str(refused.value)
        with pytest.raises(StepError) as refused:
            chosen_settings(step, BASE, given_, "zh")
        assert "应为" in str(refused.value) and "must be" not in str(refused.value)

    @pytest.mark.parametrize("written", ["[I23, I28]", '["I23", "I28"]', ["I23", "I28"], ("I23", "I28")])
    def test_a_list_may_come_as_text(self, written):
        cell = f"# Parameters\nindicators_exclude = {written!r}"
        given_ = given_parameters("02_indicators", namespace("02_indicators", cell), "zh")
        assert given_["indicators_exclude"] == ["I23", "I28"]
        assert chosen_settings("02_indicators", BASE, given_, "zh").indicators.exclude == ("I23", "I28")

    @given(st.sampled_from([name for name, choice in choices().items()
                            if choice.range and any(name in names for names in PARAMETERS.values())]), st.data())
    def test_what_is_within_its_range_is_taken_and_what_is_not_is_refused(self, name, data):
        choice = choices()[name]
        value = data.draw(st.integers(-5, 200) if choice.type is int else st.floats(-5, 200))
        step = next(step for step, names in PARAMETERS.items() if name in names)
        values = {flat_name(other): flatten(BASE)[other] for other in PARAMETERS[step]} | {flat_name(name): value}
        section, key = name.split(".")
        plain = BASE.model_dump(mode="json")
        plain[section][key] = value
        try:
            wanted = validated(plain, "x")
        except ValueError:
            with pytest.raises(StepError, match="must be|tiers"):
                chosen_settings(step, BASE, values, "en")
        else:
            assert chosen_settings(step, BASE, values, "en") == wanted


class TestInTheNotebook:
    """The same, through the stored notebook's own cells."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("injected", ["weighting_alfa = 0.3", "weighting_alpha = 2", "run = 'baseline'",
                                          "run = '../up'", "city = 'Atlantis'"])
    def test_a_refusal_writes_nothing(self, outputs, lang, injected):
        before = sorted(outputs.rglob("*"))
        name, _, value = injected.replace("'", "").partition(" = ")
        with pytest.raises(StepError, match=f"05_scores_and_ranks.*({name}|{value})"):
            run_notebook("05_scores_and_ranks", lang, injected)
        assert sorted(outputs.rglob("*")) == before

    def test_jupyter_shows_the_sentence_alone(self):
        assert StepError("what to do")._render_traceback_() == ["StepError: what to do"]
