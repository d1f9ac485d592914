"""One process at a time makes a run: a locked file, which the system frees however its process ends.

Where the disk keeps no locks (some shared folders), a marker beside it says which process has it (`filelock`).
"""

import errno
from contextlib import suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
HELD: dict[Path, BaseFileLock] = {}


def marker(path: Path) -> Path:
    """The file that stands for a lock on a disk without locks."""
    return path.with_name(f".soft{path.name}")


def take(path: Path, patience: float = 0) -> bool:
    """Whether this process has the lock of a file, after trying for so many seconds."""
    if path in HELD and HELD[path].is_locked:  # a forked process inherits none
        return True
    native = FileLock(path, fallback_to_soft=False, thread_local=False)
    for lock in (native, SoftFileLock(marker(path), thread_local=False)):
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            return False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        else:
            HELD[path] = lock
            return True
    return False


def give_back(path: Path) -> None:
    """Free the lock and remove its file; does nothing without the lock."""
    lock = HELD.pop(path, None)
    if lock and lock.is_locked:
        with suppress(OSError):  # removed while locked: whoever waits for it sees that it is gone. Not so on Windows
            path.unlink()
        lock.release(force=True)
