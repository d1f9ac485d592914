"""The Human Development Index of 2017 as a study: its published numbers, and what its tree says in numbers."""

import numpy as np
import pandas as pd
import pytest

from analysis.scenarios import one_choice_at_a_time
from analysis.sensitivity import Stages
from analysis.settings import ROOT, load_settings, named_choices
from analysis.study import score_domains, score_study
from workbench.own.reading import read_input, write_input
from workbench.own.template import write_template
from workbench.run_input import bring, own_panel, own_settings

FOLDER = ROOT / "examples" / "human_development"
SETTINGS = FOLDER / "settings.yaml"
PUBLISHED = ROOT / "tests/workbench/own/human_development_published.csv"


@pytest.fixture(scope="module")
def study():
    brought = bring(FOLDER, load_settings(SETTINGS), said=named_choices(SETTINGS, {}))
    return score_study(own_panel(brought.given), brought.settings)


def test_every_published_index_and_rank(study):
    published = pd.read_csv(PUBLISHED, index_col="code")
    index = (study.scores / 100).round(3)
    assert len(published) == 189
    assert index.to_dict() == published["index"].to_dict()
    assert index.rank(ascending=False, method="min").to_dict() == published["rank"].to_dict()


def test_one_country_by_hand(study):
    health, income = (82.328 - 20) / 65, np.log(68012 / 100) / np.log(750)
    education = (17.852 / 18 + 12.567 / 15) / 2
    assert study.scores["NOR"] / 100 == pytest.approx((health * education * income) ** (1 / 3), abs=1e-11)
    assert (study.domain_scores.loc["NOR"] / 100).to_list() == pytest.approx([health, education, income], abs=1e-9)


def test_what_the_table_says_is_chosen_unless_the_user_names_another(study):
    assert study.settings.weighting.subjective == "given" and study.settings.weighting.alpha == 1
    assert study.settings.normalisation.method == "goalposts" and study.settings.treatment.outliers == "none"
    said = {"normalisation.method": "minmax", "weighting.alpha": 0.5}
    other = own_settings(load_settings(overrides=said), study.panel, frozenset(said))
    assert other.normalisation.method == "minmax" and other.treatment.outliers == "winsorise"
    assert other.weighting.subjective == "given" and other.weighting.alpha == 0.5


def test_figures_beyond_a_goalpost_are_told_and_recorded(study):
    given = read_input(FOLDER)
    assert [each.kind for each in given.warnings] == ["beyond_goalposts"] * 2
    record = study.treatment_record
    capped = record[record["action"] == "capped"].set_index("adcode")["indicator"]
    assert capped["AUS"] == "E1" and capped["QAT"] == "I1" and len(capped) == 11
    assert record.loc[record["action"] == "log", "indicator"].tolist() == ["I1"]
    assert study.treated.loc["AUS", "E1"] == 18 and study.normalised.loc["QAT", "I1"] == 100


@pytest.mark.long
def test_a_kept_folder_gives_the_same_tree(tmp_path):
    given = read_input(FOLDER)
    write_input(given, tmp_path / "kept")
    again = read_input(tmp_path / "kept")
    pd.testing.assert_frame_equal(again.framework, given.framework)
    (tmp_path / "kept" / "record.csv").unlink()
    pd.testing.assert_frame_equal(read_input(tmp_path / "kept").framework, given.framework)


@pytest.mark.long
def test_scenarios_are_the_study_run_again(study):
    found = one_choice_at_a_time(study.panel, study, top=63, stages=Stages(study.panel))
    assert {"minmax", "arithmetic", "ahp_only", "geometric", "topsis"} <= set(found.ranks)
    assert not any("AHP" in text for text in found.effects["en"])
    settings = study.settings.model_copy(update={"aggregation": study.settings.aggregation.model_copy(
        update={"domains": "same"})})
    pd.testing.assert_series_equal(found.ranks["arithmetic"], score_study(study.panel, settings).ranks,
                                   check_names=False)
    assert (found.ranks["ahp_only"] == study.ranks).all()  # the weights given are all there is


def test_domain_scores_are_made_by_the_aggregation_inside(study):
    inside = score_domains(study.normalised, study.combined_weights, study.framework, "arithmetic")
    pd.testing.assert_frame_equal(study.domain_scores, inside)
    total = np.exp(np.log(inside).mean(axis=1))
    assert np.allclose(study.scores, total, rtol=1e-11)


def test_the_filled_template_is_the_same_study(tmp_path, study):
    write_template(tmp_path / "filled.xlsx", example="human_development")
    given = read_input(tmp_path / "filled.xlsx")
    assert given.given == ("values", "framework", "cities", "regions", "experts", "study")
    again = score_study(own_panel(given), study.settings)
    pd.testing.assert_series_equal(again.scores, study.scores)
