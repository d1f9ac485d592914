"""A stored run is made again elsewhere; what differs is found, named and measured, and nothing stored is touched.

Notebooks are stood in for by a function that writes the same few files each time.
"""

import json
import shutil
from contextlib import nullcontext
from types import SimpleNamespace

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.frames import write_frame
from analysis.settings import load_settings
from tests.conftest import snapshot
from workbench.checking import stored_run, verification
from workbench.checking.file_differences import TableDifference, compare_file, compare_tables
from workbench.checking.verification_text import verification_lines
from workbench.cli import app
from workbench.planning import Plan
from workbench.project import Project, RunError, staged
from workbench.publishing import provenance, site
from workbench.running import pipeline
from workbench.steps import STEPS

pytestmark = pytest.mark.long

CITIES = pd.DataFrame({"adcode": ["110000", "310000", "440300"], "name": ["北京市", "上海市", "深圳市"],
                       "score": [3.0, 2.0, 1.0], "rank": [1, 2, 3]})
WRONG = json.dumps(dict.fromkeys(("study", *stored_run.MAPPINGS), []))
RAW = "data/raw/statistics/statistics.csv"


def notebooks(plan, run, say, reports, pool=None):
    """What the notebooks of a plan would leave: a table, an executed notebook, a figure and a page for each step."""
    folder = run.report_folder(plan.lang)
    for step in plan.steps:
        table = CITIES if step[:2] == "05" else pd.DataFrame({"word": [step]})
        name = "05_scores" if step[:2] == "05" else f"{step[:2]}_table"
        if step != STEPS[-1]:
            write_frame(table, run.file(name), index=False)
        # A page names the steps that are made with it, as the links of the real ones do.
        for place, words in ((f"notebooks/{step}.ipynb", step), (f"figures/{step}.svg", f"<svg>{step}</svg>"),
                             *([(f"html/{step}.html", " ".join(plan.steps))] if reports else [])):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(words)
        say(step)
    return {"peak memory": 1.0}


def index_page(plan, run):
    """As the real one, it links to the other language where that is there."""
    folder = run.report_folder(plan.lang)
    other = "en/index.html" if plan.lang == "zh" else "../index.html"
    (folder / "index.html").write_text(f'<a href="{other}">' if (folder / other).is_file() else "alone")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Runs in a temporary folder: `make` makes and stores one, `verify` verifies it and says so in lines of text."""
    project, data, reports = Project(tmp_path), tmp_path / "data/processed", tmp_path / "reports"
    score = SimpleNamespace(scores=CITIES.set_index("adcode")["score"], ranks=CITIES.set_index("adcode")["rank"])
    monkeypatch.setattr(pipeline, "score_in_memory", lambda plan, given=None: score)
    monkeypatch.setattr(pipeline, "execute_steps", notebooks)
    monkeypatch.setattr(pipeline, "workers", lambda *_: nullcontext())
    monkeypatch.setattr(site, "write_index_page", index_page)
    for name in ("code_hashes", "raw_checksums"):  # hashing the real ones takes most of a test's time
        known = {RAW: provenance.sha256(provenance.ROOT / RAW)} if name == "raw_checksums" else {"analysis/a.py": "1"}
        for module in (provenance, verification):
            monkeypatch.setattr(module, name, lambda root, known=known: dict(known))

    def make(run="mine", lang="zh", steps=STEPS, pages_too=True, **changes):
        chosen = load_settings(overrides={name.replace("__", "."): value for name, value in changes.items()})
        plan = Plan(run, lang, chosen, STEPS)
        made = staged(run, tmp_path / "making")
        if (reports / run).is_dir():
            shutil.copytree(reports / run, made.reports)
        pipeline.copy_kept(plan, None, made)
        notebooks(plan, made, lambda step: None, False)
        if steps != STEPS:
            shutil.rmtree(made.report_folder(lang))
        partial = Plan(run, lang, chosen, steps)
        notebooks(partial, made, lambda step: None, pages_too)
        site.write_overview(partial, made, pages_too)
        for part, target in ((made.data, data / run), (made.reports, reports / run)):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(part, target)
        shutil.rmtree(made.root)

    def verify(run="mine", lang="zh", **options):
        before = snapshot(tmp_path)
        found = verification.verify(project.stored(run), lang, say=lambda line: None, **options)
        assert snapshot(tmp_path) == before, "the stored outputs are untouched"
        return found, "\n".join(verification_lines(found))
    return SimpleNamespace(make=make, verify=verify, project=project, data=data / "mine", reports=reports / "mine",
                           root=tmp_path)


class TestIdentical:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_every_table_figure_and_report(self, study, lang):
        study.make(lang=lang)
        found, text = study.verify(lang=lang)
        assert found.holds and found.identical == 9 + 1 + 3 * 10 + 1  # tables, settings, three files a step, index
        assert text.count("\n") == 0 and ("41 files identical, 0 different" if lang == "en" else "41 个文件") in text

    def test_the_run_record_and_pages_of_cities_are_no_evidence(self, study):
        study.make()
        (study.reports / "run_record.json").write_text("{}")
        (study.reports / "cities").mkdir()
        (study.reports / "cities/440300.html").write_text("x")
        assert study.verify()[0].holds

    def test_either_language_beside_the_other_whichever_came_first(self, study):
        study.make()
        study.make(lang="en")
        assert "href" in (study.reports / "en/index.html").read_text()
        assert "href" not in (study.reports / "index.html").read_text()
        assert study.verify()[0].holds and study.verify(lang="en")[0].holds

    def test_a_run_of_some_steps_has_reports_of_those_alone(self, study):
        study.make(steps=("05_scores_and_ranks", "07_tiers"), weighting__alpha=0.3)
        found, _ = study.verify()
        assert found.holds and found.identical == 9 + 1 + 3 * 2 + 1

    def test_a_run_that_ends_before_the_scores_claims_nothing_about_them(self, study):
        study.make(lang="en")
        for path in (study.reports, *study.data.glob("0[3-9]_*.csv")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        found, text = study.verify(lang="en")
        assert found.holds and found.identical == 3 and "score_study" not in text

    def test_a_run_without_pages_is_not_asked_for_them(self, study):
        study.make(pages_too=False)
        found, text = study.verify()
        assert found.holds and found.identical == 9 + 1 + 2 * 10 and "未核对 HTML" in text

    def test_a_fresh_clone_has_tables_alone(self, study):
        study.make("baseline")
        shutil.rmtree(study.root / "reports")
        found, text = study.verify("baseline", "en")
        assert found.holds and found.identical == 10 and "tables alone" in text


class TestDifferent:
    def test_one_changed_cell_is_located_and_measured(self, study):
        study.make(lang="en")
        write_frame(CITIES.assign(score=[3.0, 2.0, 1.25]), study.data / "05_scores.csv", index=False)
        found, text = study.verify(lang="en")
        assert not found.holds and found.identical == 40
        assert "data/processed/mine/05_scores.csv: 1 cell differing; altered after the run" in text
        assert "440300 深圳市, score: 1.25 stored, 1.0 made again, difference 0.25" in text

    def test_a_table_that_the_run_itself_left_otherwise(self, study, monkeypatch):
        """Manifest and table agree, so nobody altered the file: the code or the data give something else now."""
        with monkeypatch.context() as then:
            then.setitem(globals(), "CITIES", CITIES.assign(score=[3.0, 2.0, 1.25]))
            study.make(lang="en")
        found, text = study.verify(lang="en")
        assert not found.holds and not found.listed
        assert "05_scores.csv: 1 cell differing; still as the run left it" in text

    def test_a_missing_an_extra_and_a_changed_file(self, study):
        study.make(lang="en")
        (study.data / "07_table.csv").unlink()
        (study.data / "07_more.csv").write_text("a\n1\n")
        (study.reports / "en/figures/08_regional_distribution.svg").write_text("<svg>other</svg>")
        found, text = study.verify(lang="en")
        assert [file.name.rpartition("/")[2] for file in found.files] == [
            "07_more.csv", "07_table.csv", "08_regional_distribution.svg"]
        assert "07_more.csv: in the stored run, but not made again; added after the run" in text
        assert "07_table.csv: not in the stored run, but made again; removed after the run" in text
        assert "08_regional_distribution.svg: stored 16 B sha256" in text and "made again 35 B" in text

    def test_a_whole_step_that_is_gone_is_missed(self, study):
        """The manifest says what the run should hold, and the baseline holds all even without one."""
        study.make("baseline", lang="en")
        (study.root / "data/processed/baseline/06_table.csv").unlink()
        (study.root / "reports/baseline/en/notebooks/06_sensitivity.ipynb").unlink()
        assert len(study.verify("baseline", "en")[0].files) == 2
        shutil.rmtree(study.root / "reports")
        assert [file.name for file in study.verify("baseline", "en")[0].files] == [
            "data/processed/baseline/06_table.csv"]

    def test_a_manifest_that_lists_another_hash_or_is_gone(self, study):
        study.make(lang="en")
        path = study.reports / "en/manifest.json"
        content = json.loads(path.read_text())
        content["data"]["05_scores.csv"] = "0" * 64
        path.write_text(json.dumps(content))
        found, text = study.verify(lang="en")
        assert not found.holds and not found.files and "05_scores.csv: sha256 000000000000… → sha256" in text
        path.unlink()
        found, text = study.verify(lang="en")
        assert not found.holds and "reports/mine/en/manifest.json: missing" in text

    def test_pages_are_left_out_when_asked(self, study):
        study.make(lang="en")
        (study.reports / "en/html/07_tiers.html").write_text("other")
        assert study.verify(lang="en", reports=False)[0].holds and not study.verify(lang="en")[0].holds

    @pytest.mark.parametrize("ending", ["png", "pdf"])
    def test_so_are_the_prints_of_figures_but_not_the_figures(self, study, ending):
        """A run made with reports, verified without: figures as PDF and PNG are made with the pages, not the tables."""
        study.make(lang="en")
        (study.reports / f"en/figures/07_tiers.{ending}").write_text("made with the page")
        assert study.verify(lang="en", reports=False)[0].holds and not study.verify(lang="en")[0].holds
        (study.reports / "en/figures/07_tiers.svg").write_text("other")
        assert not study.verify(lang="en", reports=False)[0].holds

    def test_notebooks_that_disagree_with_the_study_in_memory(self, study, monkeypatch):
        study.make(lang="en")
        other = SimpleNamespace(scores=pd.Series({"1": 2.0}), ranks=pd.Series({"1": 1}))
        monkeypatch.setattr(pipeline, "score_in_memory", lambda plan, given=None: other)
        found, text = study.verify(lang="en")
        assert not found.holds and "cannot be made again: the notebooks' scores differ" in text


class TestInputs:
    def test_a_changed_raw_file_is_named(self, study, monkeypatch):
        study.make(lang="en")
        monkeypatch.setattr(verification, "sha256", lambda path: "1" * 64)
        found, text = study.verify(lang="en")
        assert not found.holds and not found.files and f"{RAW}: sha256" in text and "→ sha256 111111111111…" in text

    def test_other_code_is_said_but_proves_nothing_wrong(self, study, monkeypatch):
        study.make(lang="en")
        monkeypatch.setattr(verification, "code_hashes", lambda root: {"analysis/b.py": "2"})
        monkeypatch.setattr(verification, "versions", lambda: {**provenance.versions(), "numpy": "9.9"})
        found, text = study.verify(lang="en")
        assert found.holds and "analysis/a.py: missing" in text and "analysis/b.py: new" in text and "→ 9.9" in text

    def test_a_changed_choice_is_named_with_both_values(self, study):
        study.make(lang="en", weighting__alpha=0.3)
        path = study.data / "settings.yaml"
        path.write_text(path.read_text().replace("alpha: 0.3", "alpha: 0.4"))
        found, text = study.verify(lang="en")
        assert not found.holds and "settings.yaml weighting.alpha: 0.3 → 0.4" in text

    def test_another_baseline_is_named(self, study):
        study.make(lang="en")
        path = study.reports / "en/manifest.json"
        content = json.loads(path.read_text())
        content["differs_from_baseline"] = {"weighting.alpha": [0.9, 0.5]}
        path.write_text(json.dumps(content))
        assert "settings/baseline.yaml weighting.alpha: 0.9 → 0.5" in study.verify(lang="en")[1]


class TestRefusals:
    @pytest.mark.parametrize(("run", "words"), [
        ("mime", "unknown run mime: did you mean mine?"), ("../data", "unknown run ../data"),
        ("empty", "run empty has no settings.yaml"), ("lab", "the run lab is made by hand"),
        ("bare", "run bare has no tables yet")])
    def test_a_run_that_cannot_be_verified(self, study, run, words):
        study.make()
        for name in ("empty", "lab", "bare"):
            (study.root / "data/processed" / name).mkdir()
        shutil.copy(study.data / "settings.yaml", study.root / "data/processed/bare")
        with pytest.raises(RunError, match=words):
            study.verify(run)

    @pytest.mark.parametrize("text", ["{", "[]", "{}", "深", WRONG])
    def test_a_manifest_that_is_none(self, study, text):
        study.make()
        (study.reports / "manifest.json").write_bytes(text.encode("gbk"))
        with pytest.raises(RunError, match=r"reports/mine/manifest\.json cannot be read as a manifest"):
            study.verify()

    def test_exit_codes(self, study):
        study.make()
        assert CliRunner().invoke(app, ["verify", "mine"], obj=study.project).exit_code == 0
        (study.data / "07_table.csv").write_text("word\nother\n")
        told = CliRunner().invoke(app, ["verify", "mine"], obj=study.project)
        assert told.exit_code == 1 and "word：原有 other，重算 07_tiers" in told.output
        refused = CliRunner().invoke(app, ["verify", "mime"], obj=study.project)
        assert refused.exit_code == 2 and "did you mean mine?" in refused.output


class TestTables:
    def compare(self, stored: str, recomputed: str):
        return compare_tables(*(
            (lines[0].split(","), [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]])
            for lines in (stored.split(), recomputed.split())))

    def test_one_row_too_many_does_not_make_the_next_ones_differ(self):
        found = self.compare("adcode,x a,1 b,2 c,3", "adcode,x a,1 c,4")
        assert found.rows.stored == ("b",) and [(cell.row, cell.difference) for cell in found.cells] == [("c", 1.0)]

    def test_rows_are_named_by_the_columns_that_tell_them_apart(self):
        found = self.compare("adcode,rank,share a,1,.5 a,2,.5", "adcode,rank,share a,1,.5 a,2,.4")
        assert [(cell.row, cell.column) for cell in found.cells] == [("a 2", "share")]

    def test_a_changed_name_is_a_changed_cell(self):
        found = self.compare("adcode,x a,1 b,2", "adcode,x a,1 c,2")
        assert [(cell.column, cell.stored, cell.recomputed) for cell in found.cells] == [("adcode", "b", "c")]
        assert not found.rows

    def test_a_column_of_one_side_and_another_order(self):
        assert self.compare("adcode,x a,1", "adcode,y a,1").columns.recomputed == ("y",)
        assert self.compare("adcode,x a,1 b,2", "adcode,x b,2 a,1") == TableDifference()

    def test_rows_without_names_have_their_line(self):
        assert [cell.row for cell in self.compare("x,y 1,1 1,1", "x,y 1,1 1,2").cells] == ["line 3"]

    @pytest.mark.parametrize("content", [b"", b"a,b\n1\n", b"a,a\n1,2\n", b"\xff\xfe", b'a\n"x\n', b"\x00"])
    def test_what_is_no_table_is_told_by_size_and_hash(self, tmp_path, content):
        (tmp_path / "one.csv").write_bytes(content)
        (tmp_path / "two.csv").write_bytes(b"a,b\n1,2\n")
        found = compare_file("one.csv", tmp_path / "one.csv", tmp_path / "two.csv")
        assert found.stored[0] == len(content) and (found.table is None or found.table.columns)

    def test_only_the_first_twenty_cells_are_told(self, study):
        study.make(lang="en")
        many = pd.DataFrame({"adcode": range(25), "x": 0.0})
        write_frame(many, study.data / "extra.csv", index=False)
        write_frame(many.assign(x=1.0), study.root / "extra.csv", index=False)
        found = compare_file("extra.csv", study.data / "extra.csv", study.root / "extra.csv")
        lines = verification_lines(verification.Verification(
            stored_run.read_stored(study.project.run("mine"), "en", True), (), (), (), 40, (found,)))
        assert len(lines) == 1 + 20 + 1 + 1 and lines[-2] == "  … +5"
