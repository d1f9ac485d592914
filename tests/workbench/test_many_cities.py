"""A study of many cities adapts its choices to its size, says so, rehearses on some of its cities, and runs to its end
on the way that only such studies take."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.frames import read_frame
from analysis.settings import flatten, load_settings, with_overrides
from benchmarks.large_study import write_large_study
from workbench import run_input
from workbench.own.reading import read_input
from workbench.planning import make_plan
from workbench.project import Project
from workbench.run_input import LARGE, bring, for_many
from workbench.running import pipeline, rehearsal
from workbench.running.rehearsal import some_cities


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_large_study(tmp_path_factory.mktemp("many") / "study", 120)


@pytest.fixture(scope="module")
def given(folder):
    return read_input(folder)


class TestChoices:
    def test_up_to_the_limit_nothing_is_reduced(self):
        settings = load_settings()
        assert for_many(settings, 1_000) == {}
        assert for_many(settings, 5_000) == {"parts.profiles": 100, "uncertainty.replicates": 4}

    def test_beyond_it_what_grows_with_the_square_is(self):
        assert for_many(load_settings(), 5_001) == LARGE | {"parts.profiles": 100}

    def test_what_the_user_names_or_has_smaller_stays(self):
        settings = with_overrides(load_settings(), {"tiers.references": 3, "uncertainty.draws": 500})
        changes = for_many(settings, 5_001, said=frozenset({"parts.rank_classes"}))
        assert not {"parts.rank_classes", "tiers.references", "uncertainty.draws"} & set(changes)
        assert changes["parts.scenario_ranks"] is False

    def test_the_reader_is_told(self, folder, monkeypatch):
        monkeypatch.setattr(run_input, "for_many", lambda *told: for_many(*told, many=100))
        brought = bring(folder, load_settings())
        assert {name: flatten(brought.settings)[name] for name in LARGE} == LARGE
        line, = brought.adapted("en")
        assert "parts.rank_classes = 50 (0)" in line and brought.size == (120, 34)


class TestSomeCities:
    def test_extremes_regions_and_the_followed_one_are_among_them(self, given):
        some = some_cities(given, "U00077", most=20)
        codes, values = set(some.cities.index), given.values
        assert 20 <= len(codes) < 120 and "U00077" in codes and set(some.values["code"]) == codes
        for column in ("area", "half"):
            assert set(some.cities[column]) == set(given.cities[column])
        span = values.groupby("indicator")["value"].agg(["min", "max"])
        pd.testing.assert_frame_equal(some.values.groupby("indicator")["value"].agg(["min", "max"]), span)

    def test_a_small_study_is_rehearsed_whole(self, given):
        assert some_cities(given, "U00001", most=120) is given


@pytest.fixture(scope="module")
def large_run(folder, tmp_path_factory):
    """A whole run of 120 units on the way of many, without reports."""
    project, changes = Project(tmp_path_factory.mktemp("project")), LARGE | {
        "parts.rank_classes": 7, "uncertainty.draws": 300, "uncertainty.sobol_samples": 8, "tiers.draws": 40}
    brought = bring(folder, load_settings(overrides=changes))
    plan = make_plan("many", "en", brought.settings, traits=brought.traits)
    lines = []
    pipeline.execute(plan, project, lines.append, False, brought.given)
    return project.run("many")


@pytest.mark.whole
class TestWholeRun:
    def test_tables_say_their_form(self, large_run):
        rows = large_run.table("06_rank_acceptability", None)
        assert list(rows) == ["adcode", "rank_from", "rank_to", "share"]
        assert not large_run.has("06_scenario_table") and large_run.has("06_scenario_summary")
        assert not large_run.has("06_leave_cities_out") and not large_run.has("06_city_indices")
        assert large_run.has("06_choice_indices") and large_run.has("07_choice_of_k")

    def test_the_notebook_says_what_is_not_made_in_full(self, large_run):
        text = (large_run.report_folder("en") / "notebooks/06_sensitivity.ipynb").read_text(encoding="utf-8")
        for name in ("rank_classes", "scenario_ranks", "cities_left_out", "choice_indices"):
            assert f"setting `parts.{name}`" in text

    def test_intervals_are_those_of_the_exact_way(self, large_run, folder):
        from analysis.sensitivity import weight_uncertainty

        settings = large_run.settings
        weights = large_run.table("05_weights", "indicator")["combined"]
        exact = weight_uncertainty(large_run.table("02_normalised"), weights, 300, settings.uncertainty.concentration,
                                   settings.uncertainty.seed, (10, settings.uncertainty.top)).ranks
        kept = read_frame(large_run.file("06_rank_intervals"), "adcode")[list(exact)]
        pd.testing.assert_frame_equal(kept, exact, check_dtype=False, rtol=1e-9)


@pytest.mark.whole
def test_everything_off_still_runs_to_its_end_with_all_reports(folder):
    off = {"parts.leaving_out": False, "parts.cities_left_out": 0, "parts.choice_indices": "none",
           "parts.weight_indices": False, "parts.attainable_ranks": False, "parts.choice_of_k": False,
           "parts.scenario_ranks": False, "parts.rank_classes": 5, "parts.profiles": 3}
    brought = bring(folder, load_settings(overrides=off))
    plan = make_plan("own", "zh", brought.settings, traits=brought.traits)
    assert rehearsal.rehearse(plan, brought.given) is None


@pytest.mark.whole
def test_many_are_rehearsed_on_some(folder, monkeypatch):
    monkeypatch.setattr(rehearsal, "MANY_CITIES", 100)
    monkeypatch.setattr(rehearsal, "SAMPLE", 30)
    brought = bring(folder, load_settings(overrides=LARGE | {"uncertainty.top": 80}))
    plan = make_plan("own", "en", brought.settings, traits=brought.traits)
    lines = []
    assert rehearsal.rehearse(plan, brought.given, lines.append) is None
    assert "of 120" in lines[0]


@pytest.mark.slow
@pytest.mark.whole
def test_six_thousand_units_run_to_their_end(tmp_path):
    brought = bring(write_large_study(tmp_path / "study", 6_000), load_settings())
    assert brought.settings.parts.rank_classes == LARGE["parts.rank_classes"]
    plan = make_plan("many", "en", brought.settings, traits=brought.traits)
    pipeline.execute(plan, Project(tmp_path / "project"), lambda _: None, False, brought.given)
    table = Project(tmp_path / "project").run("many").table("06_choice_intervals")
    assert len(table) == 6_000 and (table["rank_05"] <= table["rank_95"]).all()
