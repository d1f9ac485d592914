"""All or nothing: whatever happens during a run, the outputs are the old ones whole or the new ones whole.

Processes that are really killed, full disks and two runs in the same instant are in test_nothing_lost.
"""

import errno
import os
import platform
import shutil
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import psutil
import pytest

from workbench.planning import RunError
from workbench.running import disk, lock, staging

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


def finish(root, run="mine"):
    """What the runner does at the end."""
    staging.put_in_place(run, root)
    staging.discard(run, root)


def content(root, run="mine") -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for part in PARTS
            for path in sorted((root / part / run).rglob("*")) if path.is_file()}


OLD = {f"{part}/mine/{name}": text for part in PARTS for name, text in (("a.csv", "old a"), ("deep/old.csv", "old b"))}
NEW = {f"{part}/mine/{name}": text for part in PARTS for name, text in (("a.csv", "new a"), ("new.csv", "new b"))}


@pytest.fixture(autouse=True)
def turns_given_back():
    """No test leaves a lock file open behind it."""
    yield
    for path in list(lock.HELD):
        lock.give_back(path)


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


def raising(number: int, name: str):
    """A function that fails as the system does."""
    def fail(*_, **__):
        raise OSError(number, os.strerror(number), name)
    return fail


def leftovers(root) -> list[str]:
    return [path.name for path in (root / "reports").iterdir() if path.name.startswith(".")]


class TestReplacement:
    def test_the_new_outputs_replace_the_old_ones_whole(self, root):
        stage(root)
        assert content(root) == OLD, "nothing changes before the end"
        finish(root)
        assert content(root) == NEW and leftovers(root) == []

    def test_a_first_run_has_nothing_to_replace(self, tmp_path):
        stage(tmp_path)
        finish(tmp_path)
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
        assert [path for path in folder.parent.rglob("*") if path.is_file()] == [folder.parent / "process"]
        assert content(root) == OLD

    def test_what_a_killed_runs_kernel_still_writes_stays_out_of_the_next_run(self, root):
        late = stage(root, word="half") / "data/mine/late.csv"
        stage(root)
        late.parent.mkdir(parents=True)
        late.write_text("late")
        finish(root)
        assert content(root) == NEW and leftovers(root) == []

    def test_what_killed_runs_of_other_names_left_is_cleaned_up(self, root):
        fill(root, "half")
        stage(root, "half", "half")
        stage(root, "whole").rename(root / "reports/.ready-whole")
        for run in ("half", "whole"):
            staging.lock.give_back(staging.hidden(root, "turn", run))
        stage(root)
        assert content(root, "half") == {name.replace("mine", "half"): text for name, text in OLD.items()}
        assert content(root, "whole") == {name.replace("mine", "whole"): text for name, text in NEW.items()}
        assert sorted(leftovers(root)) == [".staging-mine", ".turn-mine"]

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


@pytest.fixture
def ordinary():
    """Outputs of an earlier run that belong to an ordinary user, as whom `act` acts: nothing stops the superuser."""
    with TemporaryDirectory() as folder:
        root, user = Path(folder), os.geteuid()
        fill(root)
        for path in (root, *root.rglob("*")):
            os.chown(path, user or 65534, -1)
            path.chmod(0o755)

        @contextmanager
        def act():
            if user == 0:
                os.setresuid(65534, 65534, 0)
            try:
                yield
            finally:
                if user == 0:
                    os.setresuid(0, 0, 0)

        yield SimpleNamespace(root=root, act=act)


@pytest.mark.skipif(os.name != "posix", reason="permissions of another kind")
class TestReadOnly:
    @pytest.mark.parametrize("mode", [0o500, 0o000])
    def test_old_outputs_that_are_write_protected_within_are_replaced_and_removed(self, ordinary, mode):
        for folder in (ordinary.root / "reports/mine/deep", ordinary.root / "data/processed/mine/deep"):
            (folder / "old.csv").chmod(0o400)
            folder.chmod(mode)
        with ordinary.act():
            stage(ordinary.root)
            finish(ordinary.root)
        assert content(ordinary.root) == NEW and leftovers(ordinary.root) == []

    @pytest.mark.parametrize("place", ["reports", "data/processed", "reports/mine", "data/processed/mine"])
    def test_a_folder_that_cannot_be_written_is_told_at_once(self, ordinary, place):
        (ordinary.root / place).chmod(0o555)
        with ordinary.act(), pytest.raises(
                RunError, match=rf"^{place}.*cannot be written \(Permission denied\); make it writable"):
            staging.open_staging("mine", ordinary.root)
        assert content(ordinary.root) == OLD and leftovers(ordinary.root) == []
        assert stat.S_IMODE((ordinary.root / place).stat().st_mode) == 0o555

    def test_a_read_only_disk_is_told_at_once(self, root, monkeypatch):
        monkeypatch.setattr(staging.tempfile, "mkdtemp", raising(errno.EROFS, "reports/.staging-mine/x"))
        with pytest.raises(RunError, match="Read-only file system.*work in a copy"):
            staging.open_staging("mine", root)
        assert content(root) == OLD and leftovers(root) == []


class TestFullDisk:
    def test_too_little_room_is_told_before_the_run(self, root, monkeypatch):
        monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=123_400_000))
        with pytest.raises(RunError, match="the disk has 123 MB left and a run needs 200 MB; free some"):
            staging.open_staging("mine", root)
        assert content(root) == OLD and leftovers(root) == []

    @pytest.mark.parametrize("error", [
        OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EDQUOT, "quota"),
        RunError("notebooks/02_indicators.ipynb, cell 3: OSError: [Errno 28] No space left on device: 'x.csv'"),
        RuntimeError("pandoc: x: withBinaryFile: resource exhausted (no space left on device)")])
    def test_a_full_disk_is_one_sentence_whichever_process_finds_it(self, error):
        with pytest.raises(RunError, match=r"^the disk is full \(.*\): free 200 MB and run the same command again$"), \
                disk.full_disk_told():
            raise error

    def test_other_errors_pass(self):
        with pytest.raises(ValueError, match="other"), disk.full_disk_told():
            raise ValueError("other")

    def test_full_when_the_run_begins(self, root, monkeypatch):
        monkeypatch.setattr(Path, "mkdir", raising(errno.ENOSPC, "x"))
        with pytest.raises(RunError, match="the disk is full"):
            staging.open_staging("mine", root)
        monkeypatch.undo()
        staging.discard("mine", root)
        assert content(root) == OLD and leftovers(root) == []


class TestMovingIsNotPossible:
    """A file that is open in another program (Windows), another disk, the read-only layer of a container's image."""

    @pytest.mark.parametrize("part", ["data/processed", "reports"])
    def test_outputs_that_cannot_make_way_stay_whole_and_the_next_command_tries_again(self, root, monkeypatch, part):
        rename = Path.rename
        busy = root / part / "mine"
        monkeypatch.setattr(Path, "rename", lambda path, target: raising(errno.EACCES, str(path))() if path == busy
                            else rename(path, target))
        stage(root)
        with pytest.raises(RunError, match=rf"complete but cannot be put in place .*{part}/mine.*close the programs"):
            staging.put_in_place("mine", root)
        staging.discard("mine", root)
        assert content(root) == OLD
        monkeypatch.undo()
        staging.settle("mine", root)
        assert content(root) == NEW and leftovers(root) == []

    @pytest.mark.parametrize("killed", [False, True])
    def test_tables_on_another_disk_than_the_reports(self, root, monkeypatch, killed):
        rename = Path.rename

        def across(path, target):
            disks = {str(place.resolve() if place.is_symlink() else place).startswith(str(root / "data"))
                     for place in (path.parent, target.parent)}
            return rename(path, target) if len(disks) == 1 else raising(errno.EXDEV, str(path))()

        monkeypatch.setattr(Path, "rename", across)
        folder = stage(root)
        assert (folder / "data").resolve() == root / "data/processed/.beside-mine"
        if killed:
            folder.rename(root / "reports/.ready-mine")
            staging.discard("mine", root)
            staging.open_staging("mine", root)
            staging.discard("mine", root)
        else:
            finish(root)
        assert content(root) == NEW and leftovers(root) == []
        assert [path.name for path in (root / "data/processed").iterdir()] == ["mine"]

    def test_old_outputs_in_the_image_of_a_container_are_removed_instead(self, root, monkeypatch):
        rename, old = Path.rename, [path / "mine" for path in (root / "reports", root / "data/processed")]
        monkeypatch.setattr(Path, "rename", lambda path, target: raising(errno.EXDEV, str(path))()
                            if path in old and target.name == ".old" else rename(path, target))
        stage(root)
        finish(root)
        assert content(root) == NEW and leftovers(root) == []


class TestReading:
    def test_a_move_left_unfinished_is_finished_first(self, root):
        stage(root).rename(root / "reports/.ready-mine")
        staging.discard("mine", root)
        with staging.reading("mine", root=root):
            assert content(root) == NEW
        assert leftovers(root) == []

    def test_a_run_replaced_meanwhile_is_refused_whatever_was_read(self, root):
        for problem in (None, FileNotFoundError("no such file"), ValueError("a mixture")):
            with pytest.raises(RunError, match="run mine was replaced while it was read; give the same command"), \
                    staging.reading("mine", root=root):
                stage(root)
                finish(root)
                if problem:
                    raise problem

    def test_other_errors_of_reading_pass(self, root):
        with pytest.raises(ValueError, match="other"), staging.reading("mine", "none", root=root):
            raise ValueError("other")

    def test_what_a_reader_wrote_into_the_gap_does_not_hinder_the_move(self, root):
        """Killed when the old reports had made way; then a page of a city was written where they had stood."""
        stage(root).rename(root / "reports/.ready-mine")
        staging.retire(root / "reports/mine", root / "reports/.ready-mine/reports/.old")
        (root / "reports/mine/cities").mkdir(parents=True)
        staging.finish_move("mine", root)
        assert content(root) == NEW


class TestTwoAtOnce:
    """By the note that a process leaves; the lock itself is tried by real processes in test_nothing_lost."""

    def busy(self, root, note, run="mine"):
        (stage(root, run).parent / "process").write_text(note)

    def test_a_second_live_process_is_refused_and_the_first_keeps_its_work(self, root, other_process):
        self.busy(root, str(other_process))
        with pytest.raises(staging.BusyError, match=rf"run mine is being made by process {other_process}.*--run"):
            staging.open_staging("mine", root)
        assert list((root / "reports/.staging-mine").rglob("new.csv"))

    def test_another_name_is_free(self, root, other_process):
        self.busy(root, str(other_process))
        assert staging.open_staging("other", root).is_dir()
        assert list((root / "reports/.staging-mine").rglob("new.csv"))

    @pytest.mark.parametrize("left", ["", "0", "not a number", "1 1", "1 x", "9" * 30])
    def test_a_broken_note_of_a_dead_process_does_not_lock_the_run(self, root, left):
        self.busy(root, left)
        home = staging.open_staging("mine", root).parent
        assert (home / "process").read_text().startswith(f"{os.getpid()} ")

    def test_a_dead_process_does_not_lock_the_run(self, root):
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        self.busy(root, str(dead.pid))
        assert staging.open_staging("mine", root).is_dir()

    def test_a_number_that_is_used_again_does_not_lock_the_run(self, root, other_process):
        started = psutil.Process(other_process).create_time()
        assert lock.names_another(f"{other_process} {started:.0f} {platform.node()}")
        assert not lock.names_another(f"{other_process} {started - 60:.0f} {platform.node()}")

    def test_a_folder_shared_between_machines_without_locks_believes_the_note(self, root, monkeypatch):
        monkeypatch.setattr(lock, "lock", raising(errno.ENOLCK, "no locks available"))
        self.busy(root, "1234 1700000000 elsewhere")
        lock.give_back(root / "reports/.turn-mine")
        with pytest.raises(staging.BusyError, match="process 1234 on elsewhere; wait .* remove reports/.staging-mine"):
            staging.open_staging("mine", root)
        shutil.rmtree(root / "reports/.staging-mine")
        stage(root)
        finish(root)
        assert content(root) == NEW and leftovers(root) == []

    def test_with_locks_a_process_of_another_machine_that_holds_none_is_gone(self, root):
        self.busy(root, "1234 1700000000 elsewhere")
        assert staging.open_staging("mine", root).is_dir()
