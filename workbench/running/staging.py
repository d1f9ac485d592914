"""All or nothing: a run is made in a staging folder and replaces the old outputs only once it is complete.

    reports/.turn-<run>      locked by the process that makes the run (`lock`)
    reports/.staging-<run>   what it makes, in a new folder that no earlier process can write to
    reports/.ready-<run>     the staging folder, renamed once the run is complete

A process killed before that rename leaves the old outputs as they were; killed after it, the next command that runs or
reads the run finishes the move. Where data/processed is on another disk than reports, its part is made on that disk
(data/processed/.beside-<run>), so that every step of the move is a rename.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis.settings import ROOT
from workbench.planning import RunError
from workbench.running import lock
from workbench.running.disk import path_in, refuse_without_leave, refuse_without_room, write_errors_told

GLANCE = 1.0  # seconds that a run waits for its lock: a process that only cleans up has it for a moment
PATIENCE = 30.0  # seconds that a reader waits for a move under way, which takes some milliseconds
STAGED: dict[Path, Path] = {}


class BusyError(RunError):
    """Another process is making the same run."""


def targets(root: Path, run: str) -> dict[str, Path]:
    """The folders that a run replaces, by the part of the staging folder that they come from."""
    return {"data": root / "data/processed" / run, "reports": root / "reports" / run}


def hidden(root: Path, kind: str, run: str) -> Path:
    """One of the run's hidden paths: its lock file (turn), its staging folder or its ready folder."""
    return root / "reports" / f".{kind}-{run}"


def beside(target: Path) -> Path:
    """The folder in which a part is made when its target is on another disk than the reports."""
    return target.with_name(f".beside-{target.name}")


# --- making a run ---------------------------------------------------------------------------------------------------
def open_staging(run: str, root: Path = ROOT) -> Path:
    """An empty staging folder for a run; what killed processes left of any run is finished or removed first.

    Raises BusyError while another process makes the same run, RunError where outputs could not be put in place: a
    folder is write-protected or the disk has too little space.
    """
    with write_errors_told(root):
        claim(run, root)
        try:
            finish_move(run, root)
            sweep(root)
            return make_staging(run, root)
        except BaseException:
            discard(run, root)
            raise


def make_staging(run: str, root: Path) -> Path:
    """Make the staging folder, after checking free space and permission to write."""
    ready, home = hidden(root, "ready", run), hidden(root, "staging", run)
    if ready.exists():
        raise RunError(f"{path_in(ready, root)}, left by an earlier run, cannot be removed; remove it and run again")
    refuse_without_room(root / "reports")
    remove(home)
    home.mkdir()
    (home / "process").write_text(f"{os.getpid()} on {platform.node()}", encoding="utf-8")
    STAGED[home] = staging = Path(tempfile.mkdtemp(dir=home))  # a killed run's kernel may still write: not into this
    for part, target in targets(root, run).items():
        make_part(staging / part, target)
    return staging


def make_part(folder: Path, target: Path) -> None:
    """Make the folder of one part where a rename can move it to its target; a trial rename decides."""
    refuse_without_leave(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove(beside(target))
    folder.mkdir()
    try:
        folder.rename(beside(target)).rename(folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        folder.rmdir()
        beside(target).mkdir()
        folder.symlink_to(beside(target), target_is_directory=True)
    (folder / target.name).mkdir()


def put_in_place(run: str, root: Path = ROOT) -> None:
    """Replace the run's old outputs by the finished staging folder."""
    STAGED.pop(hidden(root, "staging", run)).rename(hidden(root, "ready", run))
    finish_move(run, root)


def discard(run: str, root: Path = ROOT) -> None:
    """Remove the staging folder of a run and free its lock; the outputs stay as they are."""
    remove(hidden(root, "staging", run))
    if not unfinished(run, root):
        for target in targets(root, run).values():
            remove(beside(target))
    lock.give_back(hidden(root, "turn", run))


def claim(run: str, root: Path, patience: float = GLANCE) -> None:
    """Lock the run for this process. Raises BusyError, naming the process, where another one has it."""
    turn = hidden(root, "turn", run)
    if not lock.take(turn, patience):
        try:
            who = "process " + (hidden(root, "staging", run) / "process").read_text(encoding="utf-8")
        except OSError:
            who = "another process"
        marker = lock.marker(turn)
        gone = f"; if it no longer runs, remove {path_in(marker, root)}" if marker.exists() else ""
        raise BusyError(f"run {run} is being made by {who}; wait for it, or give --run another name{gone}")


# --- the move -------------------------------------------------------------------------------------------------------
def finish_move(run: str, root: Path = ROOT) -> None:
    """Move a ready run into place; does nothing where none is ready. Safe to repeat after an interruption.

    Old outputs are moved away first; where that fails because another program has a file open, they are kept whole.
    """
    waiting, retired = unfinished(run, root), {}
    try:
        for new, target in waiting.items():
            if target.exists():
                retired[target] = retire(target, new.with_name(".old"))
        for new, target in waiting.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            new.rename(target)
    except OSError as error:
        for target, old in retired.items():
            if old.exists() and not target.exists():
                old.rename(target)
        raise RunError(f"the new results of run {run} are complete but cannot be put in place ({error.strerror}: "
                       f"{path_in(Path(error.filename or ''), root)}); close the programs that have its files open and "
                       "run again") from None
    remove(hidden(root, "ready", run))


def unfinished(run: str, root: Path) -> dict[Path, Path]:
    """The parts of a ready run that are not in place yet: path in the ready folder → target."""
    parts = {hidden(root, "ready", run) / part / run: target for part, target in targets(root, run).items()}
    return {new: target for new, target in parts.items() if new.is_dir()}


def retire(target: Path, old: Path) -> Path:
    """Move old outputs away; on a container's image layer, where folders cannot be renamed, remove them."""
    remove(old)
    try:
        return target.rename(old)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.rmtree(target)
        return old


def sweep(root: Path) -> None:
    """Finish or remove what killed processes left of other runs; runs being made are not touched."""
    places = [path for kind in ("turn", "staging", "ready") for path in (root / "reports").glob(f".{kind}-*")]
    for run in sorted({path.name.split("-", 1)[1] for path in places}):
        if hidden(root, "turn", run) not in lock.HELD:
            with suppress(OSError, RunError):
                claim(run, root, patience=0)
                try:
                    finish_move(run, root)
                finally:
                    discard(run, root)


def remove(folder: Path) -> None:
    """Remove a folder as far as possible, write-protected files and folders in it included."""
    def allow(_, path: str, __) -> None:
        with suppress(OSError):
            for place in (Path(path).parent, Path(path)):
                if place.is_relative_to(folder):
                    place.chmod(stat.S_IRWXU)
            shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink()

    if folder.exists():
        shutil.rmtree(folder, onerror=allow)


# --- reading a run --------------------------------------------------------------------------------------------------
@contextmanager
def reading(*runs: str, root: Path = ROOT) -> Iterator[None]:
    """Read complete runs only: an unfinished move is finished first.

    Raises RunError where a run was replaced while it was read, also in place of errors that the mixture caused.
    """
    before = [settled(run, root) for run in runs]
    try:
        yield
    except Exception:
        refuse_replaced(runs, before, root)
        raise
    refuse_replaced(runs, before, root)


def settled(run: str, root: Path) -> list[tuple[int, ...] | None]:
    """The identity of a complete run; a move that begins after `settle` returned is waited for too."""
    while True:
        settle(run, root)
        found = identity(run, root)
        if not unfinished(run, root):
            return found


def refuse_replaced(runs: tuple[str, ...], before: list, root: Path) -> None:
    for run, then in zip(runs, before, strict=True):
        if identity(run, root) != then:
            raise RunError(f"run {run} was replaced while it was read; give the same command again") from None


def identity(run: str, root: Path) -> list[tuple[int, ...] | None]:
    """Device, inode and time of change of each folder of a run; None for a folder that does not exist.

    The time is needed because file systems give the inode of a removed folder to a new one.
    """
    found: list[tuple[int, ...] | None] = []
    for target in targets(root, run).values():
        try:
            state = target.stat()
            found.append((state.st_dev, state.st_ino, state.st_ctime_ns))
        except FileNotFoundError:
            found.append(None)
    return found


def settle(run: str, root: Path = ROOT) -> None:
    """Before a run is read: finish a move that a killed process left unfinished, wait for one in progress."""
    last = time.monotonic() + PATIENCE
    while unfinished(run, root):
        try:
            claim(run, root, patience=0.05)
        except BusyError:
            if time.monotonic() > last:
                raise
        else:
            try:
                finish_move(run, root)
            finally:
                lock.give_back(hidden(root, "turn", run))
