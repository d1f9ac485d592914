"""How a run is stopped: by Ctrl-C or a signal, by a full disk, or because the process that began it is gone.

A run works in several processes: workers, a kernel for each notebook, tools that set pages. Whatever ends the first of
them ends them all, so that nothing goes on computing, or writing, for a run that is over.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


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
    numbers = (signal.SIGINT, *SIGNALS) if in_main_thread() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers if signal.getsignal(number)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Keep Ctrl-C waiting while processes are started, which are born with it held back and never see it."""
    mask = getattr(signal, "pthread_sigmask", None)
    before = mask(signal.SIG_BLOCK, {signal.SIGINT}) if mask else None
    try:
        yield
    finally:
        if mask:
            mask(signal.SIG_SETMASK, before)


def leave_interrupts_to_parent() -> None:
    """In a process that was born with Ctrl-C held back (`signals_held_back`): it is for the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def follow_parent(scratch: str) -> None:
    """In a worker: leave Ctrl-C to the process that started it, and end with it, kernels and tools included.

    `scratch` is the folder for what the workers keep while they work; it goes too.
    """
    leave_interrupts_to_parent()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=end_after, args=(parent, scratch), daemon=True).start()


def end_after(parent, scratch: str) -> None:
    """Wait for the end of the process that started this one; then end what this one started, and this one."""
    parent.join()
    end_descendants(psutil.Process())
    shutil.rmtree(scratch, ignore_errors=True)
    end_descendants(psutil.Process())  # what was begun in between
    os._exit(1)


def end_descendants(process: psutil.Process) -> None:
    """End all processes that a process has started, and those that they have started."""
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()


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
