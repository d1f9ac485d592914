"""How a run is stopped: by Ctrl-C or a signal, by a full disk, or because the process that started it has ended.

A run uses several processes: workers, one kernel per notebook, tools that set pages. When the first process ends, all
others are ended too, so that none goes on computing or writing.
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
    """A signal other than Ctrl-C asked the run to end; `code` is the exit code for that signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.code = 128 + number


def exit_code(error: KeyboardInterrupt) -> int:
    """The exit code by the convention of shells: 130 for Ctrl-C, 143 for SIGTERM."""
    return getattr(error, "code", 128 + signal.SIGINT)


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Inside, SIGTERM and similar signals raise an exception as Ctrl-C does, so that cleaning up takes place."""
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
    """Inside, neither Ctrl-C nor a signal interrupts; what is done must be short."""
    numbers = STOPS if in_main_thread() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers if signal.getsignal(number)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Hold Ctrl-C and signals back until the block is left; processes started in it inherit the block.

    Otherwise a run that ends just after starting a process could leave that process running, or let it begin without
    what it is to do. Blocking is not enough: another thread may take the signal, and Python then interrupts this one.
    """
    came: list[int] = []
    numbers = STOPS if in_main_thread() else ()
    handlers = {number: signal.signal(number, lambda signum, _: came.append(signum)) for number in numbers
                if callable(signal.getsignal(number))}
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
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


def follow_parent(scratch: str) -> None:
    """In a worker: ignore Ctrl-C, unblock signals, and end with the parent process, kernels and tools included; the
    workers' temporary folder `scratch` is then removed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=end_after, args=(parent, scratch), daemon=True).start()


def end_after(parent, scratch: str) -> None:
    """Wait until the parent process has ended; then end all descendants of this process, and this process."""
    parent.join()
    end_descendants(psutil.Process())
    remove_scratch(scratch)
    end_descendants(psutil.Process())  # what was begun in between
    os._exit(1)


def end_descendants(process: psutil.Process) -> None:
    """End all descendants of a process."""
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()


@contextmanager
def scratch_folder() -> Iterator[str]:
    """A temporary folder for the processes of a run, removed at its end."""
    folder = ""
    try:
        with signals_held_back():  # no folder that nobody knows of
            folder = tempfile.mkdtemp(prefix="study-")
        yield folder
    finally:
        remove_scratch(folder)


def remove_scratch(folder: str) -> None:
    """Remove a folder to which processes that are being ended may still write for a moment."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(0.02)


@contextmanager
def workers_ended() -> Iterator[None]:
    """When what is done inside fails or is interrupted, end the worker processes started in it at once."""
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
