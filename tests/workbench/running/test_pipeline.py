"""What the runner does with the words of the command line, what it keeps, and that it keeps nothing stale."""

import os
import re
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.frames import write_frame
from analysis.settings import flatten, load_settings, write_settings
from workbench import planning, steps
from workbench.planning import RunError, check_kept_steps, choose_steps, make_plan, parameters_for, step_named
from workbench.project import Project, staged
from workbench.publishing import site
from workbench.run_input import run_ground
from workbench.running import pipeline, progress
from workbench.steps import PARAMETERS, STEPS

ALPHA = {"weighting.alpha": 0.3}


def plan(run="mine", only=(), start=None, lang="zh", **changes):
    overrides = {name.replace("__", "."): value for name, value in changes.items()}
    return make_plan(run, lang, load_settings(overrides=overrides), only, start)


@pytest.fixture
def outputs(tmp_path):
    """A project in a temporary folder; `keep` makes the outputs of an earlier run."""
    def keep(run, steps=STEPS, word="kept", **changes):
        folder = tmp_path / "data/processed" / run
        for step in steps:
            write_frame(pd.DataFrame({"word": [word]}), folder / f"{step[:2]}_table.csv", index=False)
        write_frame(pd.DataFrame({"adcode": ["1"], "score": [1.0], "rank": [1]}), folder / "05_scores.csv", index=False)
        write_settings(load_settings(overrides={name.replace("__", "."): value for name, value in changes.items()}),
                       folder / "settings.yaml")
    return SimpleNamespace(root=tmp_path, project=Project(tmp_path), keep=keep)


@pytest.fixture
def run(outputs, monkeypatch):
    """Execute a plan with notebooks that only write one table each; `fail` names a step that fails."""
    score = SimpleNamespace(scores=pd.Series({"1": 1.0}), ranks=pd.Series({"1": 1}))
    monkeypatch.setattr(pipeline, "score_in_memory", lambda plan, given=None: score)

    def execute(plan, fail=None):
        def execute_steps(plan, made, say, reports, pool):
            for step in plan.steps:
                if step == fail:
                    raise RunError(f"notebooks/{step}.ipynb, cell 3: ValueError: broken")
                write_frame(pd.DataFrame({"word": ["new"]}), made.file(f"{step[:2]}_table"), index=False)
                if step[:2] == "05":
                    write_frame(pd.DataFrame({"adcode": ["1"], "score": [1.0], "rank": [1]}),
                                made.file("05_scores"), index=False)
                note = made.report_folder(plan.lang) / "notebooks" / f"{step}.ipynb"
                note.parent.mkdir(parents=True, exist_ok=True)
                note.write_text(f"{plan.lang} {plan.settings.weighting.alpha}")
            return {"peak memory": 1.0}
        monkeypatch.setattr(pipeline, "execute_steps", execute_steps)
        monkeypatch.setattr(pipeline, "workers", lambda *_: nullcontext())
        return pipeline.execute(plan, outputs.project, say=lambda line: None, reports=False)
    return execute


def words(outputs, run="mine") -> dict[str, str]:
    """The word in the table of each step that the run holds."""
    return {path.name[:2]: path.read_text().split()[1]
            for path in sorted((outputs.root / "data/processed" / run).glob("*_table.csv"))}


class TestChooseSteps:
    @pytest.mark.parametrize("text", ["07", "7", "07_tiers"])
    def test_a_step_by_number_or_name(self, text):
        assert step_named(text) == "07_tiers"

    def test_ten_is_not_one(self):
        assert step_named("10") == "10_white_paper" and step_named("1") == "01_clean_data"

    @pytest.mark.parametrize(("text", "words"), [
        ("07_teirs", "did you mean 07_tiers"), ("05_scores", "did you mean 05_scores_and_ranks"),
        ("11", "unknown step 11"),
        ("", "unknown step"), ("0", "unknown step 0"), ("tiers.ipynb", "07_tiers")])
    def test_an_unknown_one_offers_the_nearest(self, text, words):
        with pytest.raises(RunError, match=re.escape(words)):
            step_named(text)

    def test_all_by_default_in_the_order_of_the_study(self):
        assert choose_steps() == STEPS
        assert choose_steps(("9", "02", "07", "02")) == ("02_indicators", "07_tiers", "09_agreement")

    def test_from_a_step_onwards(self):
        assert choose_steps(start="08") == ("08_regional_distribution", "09_agreement", "10_white_paper")

    def test_both(self):
        assert choose_steps(("07", "03"), "04") == ("04_ahp_weights", "05_scores_and_ranks", "07_tiers")

    def test_nothing_left_is_refused(self):
        with pytest.raises(RunError, match="no step left to run"):
            choose_steps(("02", "03"), "04")

    def test_needs_are_earlier_steps(self):
        order = list(steps.NEEDS)
        for position, step in enumerate(order):
            assert all(order.index(need) < position for need in steps.NEEDS[step])


class TestPlan:
    def test_names_without_and_with_changes(self):
        assert make_plan(None, "zh", load_settings()).run == "baseline"
        assert make_plan(None, "zh", load_settings(overrides=ALPHA)).run == "custom"
        assert plan("second_try-2").run == "second_try-2"

    @pytest.mark.parametrize("name", [" ", "a b", "../up", "a/b", ".hidden", "-x", "深圳", "x" * 42, "a\n", "a.b"])
    def test_a_name_that_is_no_plain_folder_is_refused(self, name):
        with pytest.raises(RunError, match="--run"):
            plan(name)

    def test_the_reference_takes_no_changed_choice(self):
        with pytest.raises(RunError, match=r"weighting\.alpha: the run baseline is the reference.*another name"):
            plan("baseline", weighting__alpha=0.3)

    def test_the_notebooks_own_run_is_not_taken(self):
        """`lab` belongs to notebooks run by hand: a run of the chain must not overwrite it."""
        with pytest.raises(RunError, match="lab"):
            plan("lab")

    @pytest.mark.parametrize("lang", ["de", "", "ZH"])
    def test_an_unknown_language_is_refused(self, lang):
        with pytest.raises(RunError, match="write zh or en"):
            plan(lang=lang)


class TestParameters:
    @pytest.mark.parametrize("step", STEPS)
    def test_every_parameter_of_a_notebook_gets_the_runs_value(self, step):
        values = parameters_for(step, plan("mine", lang="en", weighting__alpha=0.3, city="北京市"))
        assert values["run"] == "mine" and values["city"] == "北京市" and values.get("weighting_alpha", 0.3) == 0.3
        assert list(values) == ["run", "city", *(name.replace(".", "_") for name in PARAMETERS[step])]

    def test_every_setting_reaches_some_notebook(self):
        reached = {name for step in STEPS for name in PARAMETERS[step]}
        assert set(flatten(load_settings())) - {"edition", "city", "parts.profiles"} <= reached  # pages, no notebook


class TestKeptSteps:
    def test_a_whole_run_keeps_nothing(self, outputs):
        outputs.keep("mine")
        assert check_kept_steps(plan(), outputs.project) is None

    def test_without_any_outputs_there_is_nothing_to_build_on(self, outputs):
        with pytest.raises(RunError, match=r"have no outputs yet; run all steps first"):
            check_kept_steps(plan(only=("07",)), outputs.project)

    def test_a_new_run_builds_on_the_baseline(self, outputs):
        outputs.keep("baseline")
        assert check_kept_steps(plan(only=("07",)), outputs.project).name == "baseline"

    def test_its_own_outputs_come_first(self, outputs):
        outputs.keep("baseline")
        outputs.keep("mine", weighting__alpha=0.3)
        assert check_kept_steps(plan(only=("07",), weighting__alpha=0.3), outputs.project).name == "mine"

    @pytest.mark.parametrize(("only", "start"), [(("07",), None), (("07",), "06"), ((), "06")])
    def test_a_stale_step_is_refused_with_setting_and_step(self, outputs, only, start):
        outputs.keep("baseline")
        with pytest.raises(RunError, match=r"weighting_alpha is 0\.5 in the kept step 05_scores_and_ranks and 0\.3 "
                                           r"in this run; start there: --from 05"):
            check_kept_steps(plan(only=only, start=start, weighting__alpha=0.3), outputs.project)

    def test_the_earliest_stale_step_is_the_one_to_start_from(self, outputs):
        outputs.keep("baseline")
        with pytest.raises(RunError, match="--from 02"):
            check_kept_steps(plan(start="06", weighting__alpha=0.3, treatment__missing="lowest"), outputs.project)

    def test_starting_there_is_enough(self, outputs):
        outputs.keep("baseline")
        assert check_kept_steps(plan(start="05", weighting__alpha=0.3), outputs.project).name == "baseline"

    def test_a_choice_of_later_steps_does_not_stale_earlier_ones(self, outputs):
        outputs.keep("baseline")
        assert check_kept_steps(plan(only=("07",), tiers__k=4), outputs.project).name == "baseline"

    def test_a_step_whose_tables_are_gone_is_refused(self, outputs):
        outputs.keep("mine", steps=("01_clean_data", "02_indicators"))
        (outputs.root / "data/processed/mine/05_scores.csv").unlink()
        with pytest.raises(RunError, match=r"no outputs of 03_entropy_weights; start there: --from 03"):
            check_kept_steps(plan(only=("07",)), outputs.project)


class TestExecute:
    def test_a_failure_leaves_the_old_outputs_byte_for_byte(self, outputs, run):
        run(plan())
        before = {path: path.read_bytes() for path in outputs.root.rglob("*") if path.is_file()}
        with pytest.raises(RunError, match="06_sensitivity.*broken"):
            run(plan(weighting__alpha=0.3), fail="06_sensitivity")
        assert {path: path.read_bytes() for path in outputs.root.rglob("*") if path.is_file()} == before

    def test_notebooks_that_disagree_with_the_study_in_memory_are_refused(self, outputs, run, monkeypatch):
        other = SimpleNamespace(scores=pd.Series({"1": 2.0}), ranks=pd.Series({"1": 1}))
        monkeypatch.setattr(pipeline, "score_in_memory", lambda plan, given=None: other)
        with pytest.raises(RunError, match="scores differ"):
            run(plan())
        assert not (outputs.root / "data/processed/mine").exists()

    def test_a_partial_run_keeps_the_rest(self, outputs, run):
        outputs.keep("mine")
        run(plan(only=("07",)))
        assert words(outputs) == {step[:2]: "new" if step[:2] == "07" else "kept" for step in STEPS}

    def test_what_follows_a_step_with_another_choice_is_not_kept(self, outputs, run):
        """Tables 06 to 10 were made with the baseline's alpha: beside alpha 0.3 they would be false."""
        outputs.keep("baseline")
        run(plan(only=("05",), weighting__alpha=0.3))
        assert words(outputs) == {"01": "kept", "02": "kept", "03": "kept", "04": "kept", "05": "new"}

    def test_a_run_that_ends_before_the_scores_is_possible(self, outputs, run):
        outputs.keep("baseline")
        run(plan(only=("02",), treatment__missing="lowest"))
        assert words(outputs) == {"01": "kept", "02": "new"}

    @pytest.mark.long
    def test_the_other_language_stays_while_the_tables_do(self, outputs, run):
        run(plan())
        run(plan(lang="en"))
        reports = outputs.root / "reports/mine"
        assert (reports / "notebooks/07_tiers.ipynb").read_text() == "zh 0.5"
        assert (reports / "en/notebooks/07_tiers.ipynb").read_text() == "en 0.5"
        run(plan())
        assert (reports / "en/notebooks/07_tiers.ipynb").read_text() == "en 0.5"

    def test_the_other_language_goes_when_the_tables_change(self, outputs, run):
        run(plan(lang="en"))
        run(plan(weighting__alpha=0.3))
        assert not (outputs.root / "reports/mine/en").exists()


class TestPages:
    def test_links_of_the_first_a_middle_and_the_last_page(self, tmp_path):
        links = {step: site.page_links(tmp_path, step, plan()) for step in ("01_clean_data", "07_tiers", STEPS[-1])}
        assert links["07_tiers"].index == "../index.html" and links["07_tiers"].pdf == "../pdf/07_tiers.pdf"
        assert links[STEPS[-1]].index == "index.html" and links[STEPS[-1]].pdf == "white_paper.pdf"
        assert links["01_clean_data"].previous is None and links[STEPS[-1]].next is None
        assert links["07_tiers"].previous[0] == "06_sensitivity.html"
        assert links["07_tiers"].next[0] == "08_regional_distribution.html"

    def test_a_partial_run_links_only_to_pages_that_are_there(self, tmp_path):
        only = plan(lang="en", only=("07",))
        alone = site.page_links(tmp_path, "07_tiers", only)
        assert alone.previous is None and alone.next is None
        made = tmp_path / "notebooks/06_sensitivity.ipynb"
        made.parent.mkdir()
        made.touch()
        assert site.page_links(tmp_path, "07_tiers", only).previous[0] == "06_sensitivity.html"

    def test_the_white_paper_stands_beside_the_index(self, tmp_path):
        assert [path.relative_to(tmp_path).as_posix() for path in site.document_paths(tmp_path, STEPS[-1])] == [
            "white_paper.html", "white_paper.pdf"]

    def test_reports_of_each_language_have_their_place(self):
        assert planning.report_place(plan()) == "reports/mine"
        assert planning.report_place(plan(lang="en")) == "reports/mine/en"

    def test_progress_is_one_line_with_step_seconds_and_count(self):
        line = pipeline.progress_line("execute", "05_scores_and_ranks", 1.26, 5, 10)
        assert re.fullmatch(r"计算 run\s+05_scores_and_ranks\s+1\.3 s\s+5/10", line)
        assert len({len(pipeline.progress_line(kind, step, 12.3, 9, 10)) for kind in ("execute", "render", "make")
                    for step in (*STEPS, *site.PARTS)}) == 1

    @pytest.mark.parametrize(("lang", "date"), [("zh", r"20\d\d 年 \d+ 月"), ("en", r"[A-Z]\w+ 20\d\d")])
    def test_the_stamp_is_the_studys_date_and_edition(self, tmp_path, lang, date):
        settings = load_settings()
        stamp = site.edition_stamp("mine", settings, run_ground(settings, tmp_path), lang)
        assert any(re.fullmatch(date, str(part)) for part in vars(stamp).values())
        assert any("34" in str(part) for part in vars(stamp).values())


class TestOrderOfWork:
    """Two workers; a pool that does everything at once shows the order in which work is handed out."""

    @pytest.mark.parametrize("reports", [True, False])
    @pytest.mark.parametrize(("only", "traits"), [
        ((), planning.PUBLIC_TRAITS), ((), planning.PUBLIC_TRAITS | {"synthetic"}), (("07",), planning.PUBLIC_TRAITS),
        ((), frozenset({"own", "elsewhere", "unpublished", "factual"}))])
    def test_everything_is_done_once_and_after_what_it_needs(self, tmp_path, only, traits, reports):
        done, wanted = [], make_plan("synthetic", "zh", load_settings(overrides={"edition": "synthetic"}), only, None,
                                     traits)

        class Pool:
            def submit(self, work, task, *_):
                done.append(task)
                future = Future()
                future.set_result(0.1)
                return future

        pipeline.keep_busy(Pool(), wanted, staged(wanted.run, tmp_path), progress.Heard(lambda line: None), reports)
        parts = list(site.PARTS) if reports else []
        rendered = [("render", step) for step in wanted.steps] if reports else []
        assert sorted(done) == sorted([("execute", step) for step in wanted.steps] + rendered
                                      + [("make", part) for part in parts])
        for kind, name in done:
            needs = {"execute": steps.NEEDS, "make": site.PARTS, "render": {name: (name,)}}[kind][name]
            for step in set(needs).intersection(wanted.steps):
                assert done.index(("execute", step)) < done.index((kind, name))


@pytest.mark.whole
class TestKernels:
    """One notebook, one process of its own."""

    @pytest.fixture
    def notebook(self, tmp_path, monkeypatch):
        import nbformat
        from nbformat.v4 import new_code_cell, new_notebook

        def write(source):
            cells = [new_code_cell("run = 'lab'", metadata={"tags": ["parameters"]}), new_code_cell(source)]
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}, "report": {}}
            nbformat.write(new_notebook(cells=cells, metadata=kernel), tmp_path / "01_clean_data.ipynb")
        monkeypatch.setattr(pipeline, "ROOT", tmp_path)
        monkeypatch.setattr(pipeline, "notebook_path", lambda step, traits, lang: tmp_path / f"{step}.ipynb")
        monkeypatch.setattr(pipeline, "parameters_for", lambda step, plan: {})
        return write

    @pytest.mark.skipif(os.name != "posix", reason="socket files are not everywhere")
    def test_a_kernel_is_reached_through_socket_files_of_its_own(self, notebook, tmp_path):
        """TCP ports are found free first and bound later: another process may take them in between."""
        notebook("import json\nfrom ipykernel import get_connection_file\nprint(open(get_connection_file()).read())")
        pipeline.execute_step("01_clean_data", plan(), staged("mine", tmp_path))
        printed = (tmp_path / "reports/mine/notebooks/01_clean_data.ipynb").read_text()
        assert r'\"transport\": \"ipc\"' in printed
        place = Path(re.search(r'\\"ip\\": \\"([^\\]+)\\"', printed)[1])
        assert place.name == "kernel" and not place.parent.exists()

    def test_a_kernel_that_is_killed_is_told_in_a_sentence(self, notebook, tmp_path):
        notebook("import os, signal\nos.kill(os.getpid(), signal.SIGTERM if os.name == 'nt' else signal.SIGKILL)")
        with pytest.raises(RunError, match=r"01_clean_data\.ipynb: its process was ended from outside.*memory"):
            pipeline.execute_step("01_clean_data", plan(), staged("mine", tmp_path))

    def test_a_failing_cell_is_named(self, notebook, tmp_path):
        notebook("raise ValueError('broken')")
        with pytest.raises(RunError, match=r"01_clean_data\.ipynb, cell 2: ValueError: broken"):
            pipeline.execute_step("01_clean_data", plan(), staged("mine", tmp_path))

    def test_nothing_of_one_notebook_is_in_the_next(self, notebook, tmp_path):
        notebook("import os, analysis.study\nassert not hasattr(analysis.study, 'left')\nanalysis.study.left = 1\n"
                 "assert 'LEFT' not in os.environ\nos.environ['LEFT'] = '1'\nprint('my process', os.getpid())")
        processes = set()
        for _ in range(2):
            pipeline.execute_step("01_clean_data", plan(), staged("mine", tmp_path))
            executed = (tmp_path / "reports/mine/notebooks/01_clean_data.ipynb").read_text()
            processes.add(re.search(r"my process (\d+)", executed)[1])
        assert len(processes) == 2
