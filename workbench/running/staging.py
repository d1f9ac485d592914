"""All or nothing: a run is made beside the outputs and put in place in one move once it is complete.

    reports/.turn-<run>      locked by the process that makes the run (`turns`)
    reports/.staging-<run>   what it makes, in a folder of its own that no earlier process knows
    reports/.ready-<run>     the same once it is complete, by one rename

From then on the move can only go forward. A process killed before leaves the old outputs as they were; killed after,
the next command that runs or reads the run finishes the move. Where data/processed is on another disk than reports,
its part is made beside it (data/processed/.beside-<run>), so that every step of a move is a rename.
"""

from __future__ import annotations

import errno
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

GLANCE = 1.0  # seconds until a turn that is taken without saying by whom counts as taken
PATIENCE = 30.0  # seconds that a reader waits for a move under way, which takes some milliseconds
STAGED: dict[Path, Path] = {}


class BusyError(RunError):
    """Another process is making the same run."""


def targets(root: Path, run: str) -> dict[str, Path]:
    """The folders that a run replaces, by the part of the staging folder that they come from."""
    return {"data": root / "data/processed" / run, "reports": root / "reports" / run}


def hidden(root: Path, kind: str, run: str) -> Path:
    """One of the run's hidden places: its turn, its staging folder or what stands ready."""
    return root / "reports" / f".{kind}-{run}"


def beside(target: Path) -> Path:
    """Where a part is made whose target is on another disk."""
    return target.with_name(f".beside-{target.name}")


# --- making a run ---------------------------------------------------------------------------------------------------
def open_staging(run: str, root: Path = ROOT) -> Path:
    """An empty staging folder for a run; what killed processes left behind, of any run, is finished or removed first.

    Raises BusyError while another live process has the same run, RunError where outputs could not be put in place: a
    folder that cannot be written, or too little room.
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
    """The staging folder itself, on the disk of what it will replace, once there is room and leave to write."""
    ready, home = hidden(root, "ready", run), hidden(root, "staging", run)
    if ready.exists():
        raise RunError(f"{path_in(ready, root)}, left by an earlier run, cannot be removed; remove it and run again")
    refuse_without_room(root / "reports")
    remove(home)
    home.mkdir()
    (home / "process.new").write_text(lock.note(), encoding="utf-8")
    (home / "process.new").rename(home / "process")  # whole or not there
    STAGED[home] = staging = Path(tempfile.mkdtemp(dir=home))  # a killed run's kernel may still write: not into this
    for part, target in targets(root, run).items():
        make_part(staging / part, target)
    return staging


def make_part(folder: Path, target: Path) -> None:
    """The folder of one part, tried out: it can be moved to where its target stands."""
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
    """Remove the staging folder of a run that did not finish and give its turn back; the outputs stay as they were."""
    remove(hidden(root, "staging", run))
    if not unfinished(run, root):
        for target in targets(root, run).values():
            remove(beside(target))
    lock.give_back(hidden(root, "turn", run))


def claim(run: str, root: Path, glance: float = GLANCE) -> None:
    """Take the run's turn. Raises BusyError, naming the process, where another one has it."""
    turn, home = hidden(root, "turn", run), hidden(root, "staging", run)
    last = time.monotonic() + glance
    while True:
        taken, note = lock.take(turn), read_note(home / "process")
        another = lock.names_another(note, anywhere=taken is None)
        if taken is not False and not another:
            return
        if another or time.monotonic() > last:
            break
        time.sleep(0.05)  # one that has just begun has left no note yet; one that cleans up is soon gone
    lock.give_back(turn)
    number, _, machine = (*note.split(), "", "", "")[:3]
    who = f"process {number}" + (f" on {machine}" if machine else "") if another else "another process"
    gone = "" if taken is False else f"; if it no longer runs, remove {path_in(home, root)}"
    raise BusyError(f"run {run} is being made by {who}; wait for it, or give --run another name{gone}")


def read_note(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


# --- the move -------------------------------------------------------------------------------------------------------
def finish_move(run: str, root: Path = ROOT) -> None:
    """Move what stands ready into place; does nothing where nothing is ready. Safe to repeat after an interruption.

    Old outputs make way first: where they cannot, a file being open in another program, they stay as they are.
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
    """What stands ready and is not in place yet, by its place in the ready folder."""
    parts = {hidden(root, "ready", run) / part / run: target for part, target in targets(root, run).items()}
    return {new: target for new, target in parts.items() if new.is_dir()}


def retire(target: Path, old: Path) -> Path:
    """Move old outputs out of the way, or, where they lie on a read-only layer (a container's image), remove them."""
    remove(old)
    try:
        return target.rename(old)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.rmtree(target)
        return old


def sweep(root: Path) -> None:
    """Finish or remove what processes that are gone have left of other runs; runs being made are left alone."""
    places = [path for kind in ("turn", "staging", "ready") for path in (root / "reports").glob(f".{kind}-*")]
    for run in sorted({path.name.split("-", 1)[1] for path in places}):
        if hidden(root, "turn", run) not in lock.HELD:
            with suppress(OSError, RunError):
                claim(run, root, glance=0)
                try:
                    finish_move(run, root)
                finally:
                    discard(run, root)


def remove(folder: Path) -> None:
    """Remove a folder as far as that is possible, what is write-protected in it included."""
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
    """Read runs that are whole: an unfinished move is finished first, and one that comes in between is refused.

    Raises RunError where a run was replaced while it was read, whatever the reading made of the mixture.
    """
    before = [settled(run, root) for run in runs]
    try:
        yield
    except Exception:
        refuse_replaced(runs, before, root)
        raise
    refuse_replaced(runs, before, root)


def settled(run: str, root: Path) -> list[tuple[int, ...] | None]:
    """The identity of a run that is whole: a move that began since it was settled is waited for like any other."""
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
    """What the folders of a run are to the file system, and when they were put there; None where there is none.

    The moment belongs to it: the number of a folder that was removed is soon another folder's.
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
    """Before a run is read: finish a move that a killed process left unfinished, wait for one under way."""
    last = time.monotonic() + PATIENCE
    while unfinished(run, root):
        try:
            claim(run, root)
        except BusyError:
            if time.monotonic() > last:
                raise
            time.sleep(0.05)
        else:
            try:
                finish_move(run, root)
            finally:
                lock.give_back(hidden(root, "turn", run))
