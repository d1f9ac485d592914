"""All or nothing: whatever happens during a run, the outputs are the old ones whole or the new ones whole."""

import os
import subprocess
import sys

import pytest

from analysis import staging

PARTS = ("data/processed", "reports")


def fill(root, run="mine", word="old"):
    """Outputs of an earlier run."""
    for part in PARTS:
        folder = root / part / run
        (folder / "deep").mkdir(parents=True)
        (folder / "a.csv").write_text(f"{word} a")
        (folder / "deep" / f"{word}.csv").write_text(f"{word} b")


def stage(root, run="mine", word="new"):
    folder = staging.open_staging(run, root)
    for part in staging.targets(root, run):
        (folder / part / run / "a.csv").write_text(f"{word} a")
        (folder / part / run / f"{word}.csv").write_text(f"{word} b")
    return folder


def content(root, run="mine") -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for part in PARTS
            for path in sorted((root / part / run).rglob("*")) if path.is_file()}


OLD = {f"{part}/mine/{name}": text for part in PARTS for name, text in (("a.csv", "old a"), ("deep/old.csv", "old b"))}
NEW = {f"{part}/mine/{name}": text for part in PARTS for name, text in (("a.csv", "new a"), ("new.csv", "new b"))}


@pytest.fixture
def root(tmp_path):
    fill(tmp_path)
    return tmp_path


@pytest.fixture
def other_process():
    """The number of a process that lives until the test ends."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.stdin.close()
    process.wait()


def leftovers(root) -> list[str]:
    return [path.name for path in (root / "reports").iterdir() if path.name.startswith(".")]


class TestReplacement:
    def test_the_new_outputs_replace_the_old_ones_whole(self, root):
        stage(root)
        assert content(root) == OLD, "nothing changes before the end"
        staging.put_in_place("mine", root)
        assert content(root) == NEW and leftovers(root) == []

    def test_a_first_run_has_nothing_to_replace(self, tmp_path):
        stage(tmp_path)
        staging.put_in_place("mine", tmp_path)
        assert content(tmp_path) == NEW

    def test_other_runs_are_not_touched(self, root):
        fill(root, "other")
        before = content(root, "other")
        stage(root)
        staging.put_in_place("mine", root)
        assert content(root, "other") == before

    def test_a_discarded_run_leaves_no_trace(self, root):
        stage(root)
        staging.discard("mine", root)
        assert content(root) == OLD and leftovers(root) == []
        staging.discard("mine", root)


class TestInterruption:
    def test_killed_while_computing_leaves_the_old_and_the_next_run_starts_clean(self, root):
        stage(root, word="half")
        folder = staging.open_staging("mine", root)
        assert [path.name for path in folder.rglob("*") if path.is_file()] == ["process"]
        assert content(root) == OLD

    @pytest.mark.parametrize("moves", range(1, 5))
    def test_killed_between_two_moves_is_finished_by_the_next_call(self, root, monkeypatch, moves):
        """The rename that makes the run ready, then two for each of data and reports."""
        stage(root)
        rename, done = type(root).rename, []

        def rename_until_killed(path, target):
            if len(done) == moves:
                raise KeyboardInterrupt
            done.append(path)
            return rename(path, target)

        monkeypatch.setattr(type(root), "rename", rename_until_killed)
        with pytest.raises(KeyboardInterrupt):
            staging.put_in_place("mine", root)
        monkeypatch.undo()
        staging.discard("mine", root)  # what the runner does on its way out
        staging.finish_move("mine", root)
        assert content(root) == NEW and leftovers(root) == []

    def test_killed_before_the_first_move_changes_nothing(self, root, monkeypatch):
        stage(root)
        monkeypatch.setattr(type(root), "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            staging.put_in_place("mine", root)
        monkeypatch.undo()
        staging.discard("mine", root)
        assert content(root) == OLD and leftovers(root) == []

    def test_the_next_run_of_the_same_name_finishes_the_move_first(self, root):
        stage(root).rename(root / "reports/.ready-mine")
        staging.open_staging("mine", root)
        assert content(root) == NEW

    def test_finishing_is_safe_to_repeat(self, root):
        stage(root)
        staging.put_in_place("mine", root)
        for _ in range(2):
            staging.finish_move("mine", root)
        assert content(root) == NEW


class TestTwoAtOnce:
    def test_a_second_live_process_is_refused_and_the_first_keeps_its_work(self, root, other_process):
        folder = stage(root)
        (folder / "process").write_text(str(other_process))
        with pytest.raises(staging.BusyError, match=rf"run mine is being made by process {other_process}.*--run"):
            staging.open_staging("mine", root)
        assert (folder / "data/mine/new.csv").is_file()

    def test_another_name_is_free(self, root, other_process):
        (stage(root) / "process").write_text(str(other_process))
        assert staging.open_staging("other", root).is_dir()

    @pytest.mark.parametrize("left", ["", "0", "not a number"])
    def test_a_broken_note_of_a_dead_process_does_not_lock_the_run(self, root, left):
        (stage(root) / "process").write_text(left)
        assert (staging.open_staging("mine", root) / "process").read_text() == str(os.getpid())

    def test_a_dead_process_does_not_lock_the_run(self, root):
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        (stage(root) / "process").write_text(str(dead.pid))
        assert staging.open_staging("mine", root).is_dir()
