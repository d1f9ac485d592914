"""Where runs are, one reader of their tables, and the rule for the two languages."""

import pandas as pd
import pytest

from analysis.frames import write_frame
from analysis.settings import ROOT, load_settings, write_settings
from workbench.by_hand import RECORD, RunByHand, opened
from workbench.project import OTHER, Project, RunError, keep_other_language, language_folder, staged

TABLE = pd.DataFrame({"adcode": ["110000"], "x": [0.1]}).set_index("adcode")


@pytest.fixture
def project(tmp_path):
    """Two finished runs and one by hand, which holds one table of its own."""
    for name, value in (("baseline", 1.0), ("mine", 2.0)):
        write_frame(TABLE.assign(x=value), tmp_path / f"data/processed/{name}/02_raw.csv")
        write_frame(TABLE.assign(x=value), tmp_path / f"data/processed/{name}/05_scores.csv")
        write_settings(load_settings(overrides={"weighting.alpha": value / 4}),
                       tmp_path / f"data/processed/{name}/settings.yaml")
    write_frame(TABLE.assign(x=3.0), tmp_path / "data/processed/mine_lab/05_scores.csv")
    (tmp_path / "data/processed/mine_lab" / RECORD).write_text('{"steps": {"05_scores_and_ranks": {"wrote": {'
                                                               '"05_scores": ""}}}}')
    return Project(tmp_path)


class TestPlaces:
    def test_a_run_and_the_same_run_in_a_staging_folder(self, tmp_path):
        stored, made = Project(tmp_path).run("mine"), staged("mine", tmp_path / "new")
        assert stored.data == tmp_path / "data/processed/mine" and stored.reports == tmp_path / "reports/mine"
        assert made.data == tmp_path / "new/data/mine" and made.reports == tmp_path / "new/reports/mine"

    def test_chinese_is_at_the_top_and_english_in_en(self, tmp_path):
        assert language_folder(tmp_path, "zh") == tmp_path and language_folder(tmp_path, "en") == tmp_path / "en"
        assert Project(tmp_path).run("mine").report_folder("en") == tmp_path / "reports/mine/en"

    def test_without_a_folder_the_repository_is_meant(self):
        assert Project().stored("baseline").data == ROOT / "data/processed/baseline"

    @pytest.mark.parametrize(("name", "words"), [("mime", "did you mean mine"), ("../processed/mine", "unknown run")])
    def test_an_unknown_run_is_refused_with_the_nearest(self, project, name, words):
        with pytest.raises(RunError, match=words):
            project.stored(name)

    def test_what_is_hidden_is_no_run_and_without_any_the_first_is_offered(self, tmp_path):
        (tmp_path / "data/processed/.beside-mine").mkdir(parents=True)
        with pytest.raises(RunError, match="there are no runs yet"):
            Project(tmp_path).stored(".beside-mine")


class TestTables:
    def test_a_table_is_read_as_it_was_written(self, project):
        run = project.run("mine")
        pd.testing.assert_frame_equal(run.table("02_raw"), TABLE.assign(x=2.0))
        assert list(run.table("02_raw", None)) == ["adcode", "x"] and run.settings.weighting.alpha == 0.5

    def test_one_that_is_missing_is_none_or_named(self, project):
        run = project.run("mine")
        assert not run.has("07_tiers") and run.table_if_any("07_tiers") is None
        with pytest.raises(FileNotFoundError, match="07_tiers"):
            run.table("07_tiers")


class TestByHand:
    def test_what_it_did_not_write_is_the_run_s_that_it_builds_on(self, project):
        run = opened(project.run("mine_lab"))
        assert run.base == project.run("mine") and run.inputs == project.run("mine").data
        assert run.table("05_scores")["x"].item() == 3.0 and run.table("02_raw")["x"].item() == 2.0
        assert run.settings.weighting.alpha == 0.5

    def test_a_table_that_its_record_does_not_tell_of_is_not_its_own(self, project):
        write_frame(TABLE.assign(x=4.0), project.run("mine_lab").file("02_raw"))
        assert opened(project.run("mine_lab")).table("02_raw")["x"].item() == 2.0

    def test_a_finished_run_is_itself_and_any_other_builds_on_the_baseline(self, project):
        assert opened(project.run("mine")) == project.run("mine")
        new = opened(project.run("lab"))
        assert isinstance(new, RunByHand) and new.base == project.run("baseline")


class TestOtherLanguage:
    @pytest.mark.parametrize("lang", OTHER)
    def test_it_is_copied_and_what_was_made_stays(self, tmp_path, lang):
        old, new = tmp_path / "old", tmp_path / "new"
        for folder, made in ((old, OTHER), (new, [lang])):
            for each in made:
                language_folder(folder, each).mkdir(parents=True, exist_ok=True)
                (language_folder(folder, each) / "index.html").write_text(f"{folder.name} {each}")
        keep_other_language(old, new, lang)
        assert (language_folder(new, lang) / "index.html").read_text() == f"new {lang}"
        kept = language_folder(new, OTHER[lang]) / "index.html"
        assert kept.is_file() if lang == "zh" else kept.read_text() == "old zh"

    def test_nothing_there_is_nothing_kept(self, tmp_path):
        keep_other_language(tmp_path / "none", tmp_path, "zh")
        assert list(tmp_path.iterdir()) == []
