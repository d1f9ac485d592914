"""One process at a time makes a run: the system itself ends a process's turn when the process ends, however it ends.

A turn is a locked file. Where the file system keeps no locks (some shared folders), the note that the process leaves
says who has the run: its number, when it was started (numbers are used again) and on which machine.
"""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

HELD: dict[Path, IO] = {}
SAME_START = 2  # seconds by which two readings of a process's start may differ when the clock is set


def take(path: Path) -> bool | None:
    """Try to have the turn of a lock file: True it is this process's, False another's, None nobody can tell.

    None also gives the turn; the caller then asks the note (`names_another`). Taking it again is no fault.
    """
    while path not in HELD:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a")  # noqa: SIM115  open is what holds the turn
        try:
            lock(file)
        except (BlockingIOError, PermissionError):
            file.close()
            return False
        except OSError:
            HELD[path] = file
            return None
        if is_at(file, path):
            HELD[path] = file
        else:  # the process before has given its turn back and removed the file while this one opened it
            file.close()
    return True


def lock(file: IO) -> None:
    """Lock a file for this process. Raises BlockingIOError or PermissionError where another has it."""
    if os.name == "posix":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)


def is_at(file: IO, path: Path) -> bool:
    """Whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def give_back(path: Path) -> None:
    """End this process's turn and remove the lock file; does nothing without a turn."""
    file = HELD.pop(path, None)
    if file is None:
        return
    with file, suppress(OSError):  # removed while still locked: whoever has it open sees that it is no longer there
        path.unlink()
    if os.name == "nt":  # there, open files cannot be removed
        with suppress(OSError):
            path.unlink()


def note() -> str:
    """This process in one line: number, start (seconds since 1970), machine."""
    return f"{os.getpid()} {psutil.Process().create_time():.0f} {platform.node()}"


def names_another(text: str, anywhere: bool = False) -> bool:
    """Whether a note names another process that lives; `anywhere`: one of another machine counts as living.

    A note that says nothing, or whose number now belongs to a process that was started at another time, names none.
    """
    number, started, machine = (*text.split(), "", "", "")[:3]
    if machine and machine != platform.node():
        return anywhere
    try:
        process = psutil.Process(int(number))
        same = not started or abs(process.create_time() - float(started)) <= SAME_START
    except (psutil.Error, ValueError, OverflowError):
        return False
    return same and process.pid != os.getpid()
