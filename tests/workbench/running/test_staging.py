"""All or nothing: whatever happens during a run, the outputs are the old ones whole or the new ones whole.

Processes that are really killed, full disks and two runs in the same instant are in test_nothing_lost.
"""

import errno
import os
import platform
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import psutil
import pytest
from conftest import ROOT

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

    def test_too_few_open_files_are_one_sentence_and_a_limit_that_may_be_raised_is(self, monkeypatch):
        resource = pytest.importorskip("resource")
        limits = {"now": (64, 64)}
        monkeypatch.setattr(resource, "getrlimit", lambda _: limits["now"])
        monkeypatch.setattr(resource, "setrlimit", lambda _, pair: limits.update(now=pair))
        with pytest.raises(RunError, match="may have 64 files open at once, and a run needs 256: ulimit -n 256"):
            disk.refuse_few_files()
        limits["now"] = (64, 4096)
        disk.refuse_few_files()
        assert limits["now"] == (256, 4096)

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


@pytest.fixture
def other_process(root):
    """The number of another process that has the lock of a run until the test ends."""
    code = ("import sys; from pathlib import Path; from workbench.running import staging; "
            "staging.open_staging('mine', Path(sys.argv[1])); print(flush=True); input()")
    process = subprocess.Popen([sys.executable, "-c", code, str(root)], cwd=ROOT,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    yield process.pid
    process.communicate(b"\n")


class TestTwoAtOnce:
    @pytest.mark.long
    def test_a_second_live_process_is_refused_and_the_first_keeps_its_work(self, root, other_process):
        with pytest.raises(staging.BusyError, match=rf"run mine is being made by process {other_process} on .*--run"):
            staging.open_staging("mine", root)
        assert len(list((root / "reports/.staging-mine").iterdir())) == 2, "its note and its folder"

    def test_another_name_is_free(self, root, other_process):
        assert staging.open_staging("other", root).is_dir()
        assert len(list((root / "reports/.staging-mine").iterdir())) == 2

    def test_a_killed_process_frees_the_run(self, root, other_process):
        psutil.Process(other_process).kill()
        home = staging.open_staging("mine", root).parent
        assert (home / "process").read_text() == f"{os.getpid()} on {platform.node()}"


class TestWithoutLocks:
    """A shared folder whose disk keeps no locks: a file says who has the run."""

    @pytest.fixture(autouse=True)
    def no_locks(self, monkeypatch):
        monkeypatch.setattr(lock.FileLock, "acquire", raising(errno.ENOLCK, "no locks available"))

    def claimed_by(self, root, host, number, start):
        """What another process leaves behind that made a run on such a disk."""
        (root / "reports/.staging-mine").mkdir()
        (root / "reports/.staging-mine/process").write_text(f"{number} on {host}")
        (root / "reports/.soft.turn-mine").write_text(f"{number}\n{host}\n{start}\n")

    def test_a_run_is_made_and_nothing_is_left(self, root):
        stage(root)
        assert (root / "reports/.soft.turn-mine").is_file()
        finish(root)
        assert content(root) == NEW and leftovers(root) == []

    @pytest.mark.long
    def test_a_process_of_another_machine_is_believed_and_the_error_says_what_to_remove(self, root):
        self.claimed_by(root, "elsewhere", 1234, 1)
        with pytest.raises(staging.BusyError,
                           match="process 1234 on elsewhere; wait .* remove reports/.soft.turn-mine"):
            staging.open_staging("mine", root)
        (root / "reports/.soft.turn-mine").unlink()
        stage(root)
        finish(root)
        assert content(root) == NEW and leftovers(root) == []

    def test_a_process_of_this_machine_that_is_gone_is_not(self, root):
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        self.claimed_by(root, platform.node(), dead.pid, 1)
        assert staging.open_staging("mine", root).is_dir()
