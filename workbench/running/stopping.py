"""How a run is stopped: by Ctrl-C or a signal, by a full disk, or because the process that began it is gone.

A run works in several processes: workers, a kernel for each notebook, tools that set pages. Whatever ends the first of
them ends them all, so that nothing goes on computing, or writing, for a run that is over.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
STOPS = (signal.SIGINT, *SIGNALS)


class Terminated(KeyboardInterrupt):
    """The run was asked to end by a signal other than Ctrl-C. `code` is the exit code that says which."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


def exit_code(error: KeyboardInterrupt) -> int:
    """130 for Ctrl-C, 143 for SIGTERM, as shells count them."""
    return getattr(error, "code", 128 + signal.SIGINT)


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and its like end what is done inside as Ctrl-C does, by an exception, so that it is cleaned up."""
    def end(number: int, _) -> None:
        raise Terminated(number)

    # one that is not at its default is ignored on purpose (nohup) or already in use
    ours = [number for number in SIGNALS if signal.getsignal(number) == signal.SIG_DFL] if in_main_thread() else []
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def unstoppable() -> Iterator[None]:
    """Let neither Ctrl-C nor a signal interrupt what is done inside, which must be short."""
    numbers = STOPS if in_main_thread() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers if signal.getsignal(number)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Keep Ctrl-C and signals waiting while processes are started, which are born with them held back.

    A run that ended between a process's birth and its first word would leave it without knowing what to do.
    """
    mask = getattr(signal, "pthread_sigmask", None)
    if mask:
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # Python's helper of all processes: its start would let them through
    before = mask(signal.SIG_BLOCK, STOPS) if mask else None
    try:
        yield
    finally:
        if mask:
            mask(signal.SIG_SETMASK, before)


def follow_parent(scratch: str) -> None:
    """In a worker, which was born with signals held back: leave Ctrl-C to the process that started it, and end with it,
    kernels and tools included. `scratch`, the folder for what the workers keep while they work, goes too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=end_after, args=(parent, scratch), daemon=True).start()


def end_after(parent, scratch: str) -> None:
    """Wait for the end of the process that started this one; then end what this one started, and this one."""
    parent.join()
    end_descendants(psutil.Process())
    remove_scratch(scratch)
    end_descendants(psutil.Process())  # what was begun in between
    os._exit(1)


def end_descendants(process: psutil.Process) -> None:
    """End all processes that a process has started, and those that they have started."""
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()


@contextmanager
def scratch_folder() -> Iterator[str]:
    """A folder for what a run's processes keep while they work; it goes with the run."""
    folder = ""
    try:
        with signals_held_back():  # no folder that nobody knows of
            folder = tempfile.mkdtemp(prefix="study-")
        yield folder
    finally:
        remove_scratch(folder)


def remove_scratch(folder: str) -> None:
    """Remove a folder to which processes that are just being ended may still write for a moment."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.02)


@contextmanager
def workers_ended() -> Iterator[None]:
    """Where what is done inside fails or is interrupted, end the worker processes that it started, at once."""
    before = set(multiprocessing.active_children())
    try:
        yield
    except BaseException:
        for worker in set(multiprocessing.active_children()) - before:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(worker.pid)
                end_descendants(process)
                process.kill()
        raise
