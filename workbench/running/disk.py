"""Free space and write permission: what keeps a run from being written, reported in one sentence."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workbench.planning import RunError

# MB. A run makes 40 in each language and keeps those of the other, beside its old outputs until the very end;
# kernels and the tools that set pages take 20 for a while.
NEEDED = 200
FILES_AT_ONCE = 256  # open at once in a process of a run
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def refuse_without_room(folder: Path) -> None:
    """Raise RunError where the disk of a folder has too little free space for a run."""
    free = shutil.disk_usage(folder).free // 10**6
    if free < NEEDED:
        raise RunError(f"the disk has {free} MB left and a run needs {NEEDED} MB; free some and run again")


def refuse_without_leave(folder: Path) -> None:
    """Raise PermissionError for a folder that exists and is write-protected."""
    if folder.exists() and not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def disk_full(error: BaseException) -> str:
    """The message for an error caused by a full disk, an exhausted quota or a file-size limit; empty for other errors.

    Errors of notebooks and of tools arrive as text, so the text is searched too.
    """
    number = error.errno if isinstance(error, OSError) else None
    reasons = {code: os.strerror(code) for code in FULL}
    reason = reasons.get(number) or next((text for text in reasons.values() if text.lower() in str(error).lower()), "")
    return f"the disk is full ({reason}): free {NEEDED} MB and run the same command again" if reason else ""


def refuse_few_files() -> None:
    """Raise RunError where a process may have too few files open at once; the limit is raised where that is allowed."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_AT_ONCE if hard == resource.RLIM_INFINITY else min(FILES_AT_ONCE, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft != resource.RLIM_INFINITY and soft < FILES_AT_ONCE:
        raise RunError(f"a process here may have {soft} files open at once, and a run needs {FILES_AT_ONCE}: "
                       f"ulimit -n {FILES_AT_ONCE}, then run again")


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Turn the error of a full disk, in any process of a run, into a RunError of one sentence; other errors pass."""
    try:
        yield
    except Exception as error:
        if reason := disk_full(error):
            raise RunError(reason) from None
        raise


@contextmanager
def write_errors_told(root: Path) -> Iterator[None]:
    """Turn an error of writing into a RunError that says in one sentence what cannot be written and why."""
    try:
        with full_disk_told():
            yield
    except OSError as error:
        place = path_in(Path(error.filename2 or error.filename or root), root)
        raise RunError(f"{place} cannot be written ({error.strerror}); make it writable, or work in a copy of the "
                       "repository") from None


def path_in(path: Path, root: Path) -> str:
    """A path as messages name it: relative to the repository where it is inside."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
