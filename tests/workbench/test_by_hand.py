"""Runs by hand: what they may write to, what they take from the run they build on, and nothing stale."""

import json
import re

import pandas as pd
import pytest
from in_process import run_notebook

from analysis.frames import read_frame
from analysis.settings import load_settings, write_settings
from analysis.study import score_study
from workbench import by_hand
from workbench.notebook import Step
from workbench.parameters import StepError
from workbench.steps import LANGUAGES, NEEDS, PARAMETERS, STEPS, choices_behind, upstream

pytestmark = pytest.mark.whole

TRAITS = frozenset({"public", "factual", "china", "paper", "two_readings", "regions"})


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """What is read here are tables and words; that the same notebooks draw their figures is in tests/whole."""
    monkeypatch.setattr(Step, "figure", lambda *_, **__: None)


def scores(outputs, run="lab") -> pd.DataFrame:
    return read_frame(outputs / f"data/processed/{run}/05_scores.csv", "adcode")


@pytest.mark.usefixtures("outputs")
class TestNames:
    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_reference_is_refused_with_the_command_lines_sentence(self, lang):
        with pytest.raises(StepError, match=re.escape(by_hand.BASELINE_KEPT[lang])):
            run_notebook("05_scores_and_ranks", lang, run="baseline")

    @pytest.mark.parametrize("run", ["", "a b", "../up", "compare", "深圳", "x" * 42, "a/b", ".x"])
    def test_a_name_that_names_no_folder_is_refused(self, run):
        with pytest.raises(StepError, match="names a folder"):
            run_notebook("05_scores_and_ranks", "en", run=run)

    def test_a_finished_run_is_refused_and_its_lab_is_offered(self, outputs):
        write_settings(load_settings(), outputs / "data/processed/mine/settings.yaml")
        with pytest.raises(StepError, match="set run to mine_lab"):
            run_notebook("05_scores_and_ranks", "en", run="mine")

    def test_a_run_of_public_data_is_not_called_synthetic(self):
        with pytest.raises(StepError, match="only a run of simulated data is called synthetic"):
            run_notebook("05_scores_and_ranks", "en", run="synthetic_trial")

    def test_a_number_as_a_name_is_a_name(self, outputs):
        run_notebook("05_scores_and_ranks", run=2020)
        assert (outputs / "data/processed/2020/05_scores.csv").is_file()


class TestFallback:
    @pytest.mark.parametrize("run", ["lab", "mine"])
    def test_what_a_run_lacks_comes_from_the_baseline_and_it_says_so(self, outputs, run, capsys):
        run_notebook("05_scores_and_ranks", "en", run=run)
        shown = capsys.readouterr().out
        assert f"writing to `data/processed/{run}`" in shown and "from the run baseline: 01_clean_data" in shown
        ours, base = (outputs / "data/processed" / name / "05_scores.csv" for name in (run, "baseline"))
        assert ours.read_bytes() == base.read_bytes() and "The same as in the run baseline." in shown

    def test_the_first_line_says_which_repository(self, outputs, capsys):
        run_notebook("05_scores_and_ranks", "zh", to_opening=True)
        assert f"仓库 `{outputs}`" in capsys.readouterr().out

    def test_a_lab_of_a_finished_run_builds_on_that_run(self, outputs, capsys):
        finished = outputs / "data/processed/less"
        (outputs / "data/processed/baseline").rename(finished)
        write_settings(load_settings(overrides={"weighting.alpha": 0.3}), finished / "settings.yaml")
        run_notebook("05_scores_and_ranks", "en", run="less_lab", weighting_alpha=0.3)
        assert "from the run less: 01_clean_data" in capsys.readouterr().out
        assert json.loads((outputs / "data/processed/less_lab/by_hand.json").read_text())["base"] == "less"

    def test_tables_of_an_older_lab_that_no_record_tells_of_are_left_alone(self, outputs):
        old = outputs / "data/processed/lab/02_raw.csv"
        old.parent.mkdir()
        old.write_text("adcode,I01\n110000,1\n")
        run_notebook("05_scores_and_ranks")
        assert scores(outputs).equals(scores(outputs, "baseline"))

    def test_a_record_that_cannot_be_read_counts_as_none(self, outputs):
        record = outputs / "data/processed/lab/by_hand.json"
        record.parent.mkdir()
        record.write_text("{")
        run_notebook("05_scores_and_ranks")
        assert set(json.loads(record.read_text())["steps"]) == {"05_scores_and_ranks"}


class TestPlace:
    def test_another_clone_is_refused(self, outputs, tmp_path_factory, monkeypatch):
        clone = tmp_path_factory.mktemp("clone")
        (clone / "environment.yml").touch()
        (clone / "analysis").mkdir()
        (clone / "notebooks").mkdir()
        monkeypatch.chdir(clone / "notebooks")
        with pytest.raises(StepError, match="would write there"):
            run_notebook("05_scores_and_ranks", "en")
        assert not (outputs / "data/processed/lab").exists()

    def test_any_other_folder_is_fine(self, outputs, tmp_path_factory, monkeypatch):
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        run_notebook("05_scores_and_ranks", to_opening=True)


class TestStale:
    CHANGED = {"treatment_missing": "lowest", "normalisation_method": "rank"}

    def test_a_step_made_with_other_choices_is_not_built_on(self, outputs):
        """02 with other choices, then 05: in 0.1.0 203 of 297 ranks were wrong and every check was green."""
        run_notebook("02_indicators", **self.CHANGED)
        with pytest.raises(StepError, match=r"03_entropy_weights was made with treatment\.missing = regression, here "
                                            r"it is lowest: run 03_entropy_weights first"):
            run_notebook("05_scores_and_ranks", "en")
        assert not (outputs / "data/processed/lab/05_scores.csv").exists()

    def test_in_order_the_chain_gives_what_the_study_gives_in_memory(self, outputs, real_panel):
        run_notebook("02_indicators", **self.CHANGED)
        for place in ("03_entropy_weights", "04_ahp_weights", "05_scores_and_ranks"):
            run_notebook(place)
        wanted = score_study(real_panel, load_settings(overrides={
            "treatment.missing": "lowest", "normalisation.method": "rank"}))
        assert scores(outputs)["score"].equals(wanted.scores) and (scores(outputs)["rank"] == wanted.ranks).all()

    def test_tables_that_have_changed_since_are_told(self, outputs):
        for place in ("02_indicators", "03_entropy_weights"):
            run_notebook(place)
        path = outputs / "data/processed/lab/02_treated.csv"
        path.write_text(path.read_text().replace("110000", "110001"))
        with pytest.raises(StepError, match=r"03_entropy_weights was made from another 02_treated\.csv"):
            run_notebook("05_scores_and_ranks", "en")

    def test_a_table_that_was_removed_is_told(self, outputs):
        run_notebook("03_entropy_weights")
        (outputs / "data/processed/lab/03_objective_weights.csv").unlink()
        with pytest.raises(StepError, match="03_entropy_weights"):
            run_notebook("05_scores_and_ranks", "en")

    def test_the_baselines_steps_do_not_fit_tables_made_anew_from_other_figures(self, outputs):
        run_notebook("02_indicators")
        record = outputs / "data/processed/lab/by_hand.json"
        content = json.loads(record.read_text())
        content["steps"]["02_indicators"]["wrote"]["02_raw"] = "0" * 64
        record.write_text(json.dumps(content))
        with pytest.raises(StepError, match="03_entropy_weights was made from another 02_raw"):
            run_notebook("05_scores_and_ranks", "en")

    def test_a_choice_of_both_notebooks_can_be_set_here(self, outputs):
        run_notebook("07_tiers", tiers_k=4)
        with pytest.raises(StepError, match=r"tiers\.k = 4.*here it is 3.*or set tiers_k = 4 here"):
            run_notebook("10_white_paper", "en", to_opening=True)

    def test_another_city_makes_nothing_stale(self, outputs):
        run_notebook("02_indicators", city="北京市")
        run_notebook("05_scores_and_ranks", "en", city="Chengdu")

    @pytest.mark.parametrize("step", STEPS)
    def test_the_choices_behind_a_step_are_its_own_and_those_before(self, step):
        names = choices_behind(step, TRAITS)
        assert set(names) == {name for each in (*upstream(step, TRAITS), step) for name in PARAMETERS[each]}
        assert all(list(NEEDS).index(before) < list(NEEDS).index(step) for before in upstream(step, TRAITS))


class TestMoved:
    def test_cities_largest_moves_and_seats_are_named(self, outputs, capsys):
        run_notebook("05_scores_and_ranks", "en", weighting_alpha=0.3)
        said = next(line for line in capsys.readouterr().out.splitlines() if "Compared with the run baseline**" in line)
        here, there = scores(outputs), scores(outputs, "baseline")
        shift = there["rank"] - here["rank"]
        assert f"{(shift != 0).sum()} of 297 ranks moved" in said
        assert f"{here['name_en'][shift.abs().idxmax()]} {shift[shift.abs().idxmax()]:+d}" in said
        came = here["name_en"][(here["rank"] <= 100) & (there["rank"] > 100)]
        assert f"entering the first 100: {', '.join(came)};" in said and len(came)

    def test_other_tables_tell_how_many_cells_differ(self, outputs, capsys):
        run_notebook("03_entropy_weights", "zh")
        assert "与运行 baseline 的完全相同" in capsys.readouterr().out
