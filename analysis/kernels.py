"""Kernels for the notebooks of a run: a fresh process each, with the libraries already in it where that is safe.

Half of what a short notebook takes is the import of the same libraries. On Linux one process of a run imports them and
does nothing else but copy itself: every kernel is such a copy, begins with no object of another notebook and ends
without a trace. Elsewhere copying a process with loaded libraries is not safe, and a kernel is a new Python, as
`jupyter` starts it. Both give the same outputs.

The process that is copied has one thread, for others do not survive the copying. It ends with the run, and a kernel
ends with the worker that asked for it.
"""

from __future__ import annotations

import importlib
import os
import selectors
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import psutil

from analysis.stopping import end_descendants, leave_interrupts_to_parent, remove_scratch, signals_held_back

COPIES = sys.platform == "linux"
# What most notebooks import. None of it may start a thread.
LOADED = ("ipykernel.kernelapp", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "scipy.optimize",
          "scipy.stats", "seaborn", "analysis.notebook", "analysis.figures", "analysis.study",
          "analysis.office.figure_files", "analysis.office.table_files", "analysis.sensitivity",
          "analysis.own.reading")
FIXED = {**dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"), "PYTHONHASHSEED": "0"}


@contextmanager
def kernels_to_copy(scratch: str) -> Iterator[str | None]:
    """A process that begins to load the libraries now and is copied on request; its address, None where it is unsafe.

    `scratch` is the run's folder for what it keeps while it works; the address is in it. `copied_kernel.use_copies`
    makes a worker ask there for its kernels. At the end no kernel is left.
    """
    address = f"{scratch}/copies"
    if not COPIES or len(os.fsencode(address)) > 100:  # of the 107 bytes that the name of a socket file may have
        yield None
        return
    with socket.socket(socket.AF_UNIX) as requests:
        requests.bind(address)
        requests.listen()
        process = get_context("spawn").Process(target=copy_on_request, args=(requests, scratch, LOADED), daemon=True)
        try:
            with environment(FIXED), signals_held_back():
                process.start()
            requests.close()  # where the process is gone, asking it must fail
            yield address
        finally:
            if process.pid:
                end_with_copies(process)


def end_with_copies(process: BaseProcess) -> None:
    """End the process that is copied and its copies; when this returns, none writes anything any more."""
    with suppress(psutil.NoSuchProcess):  # it was ended from outside
        psutil.wait_procs(end_descendants(psutil.Process(process.pid)), timeout=10)
    process.kill()
    process.join()


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for what is started inside."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def copy_on_request(requests: socket.socket, scratch: str, libraries: tuple[str, ...]) -> None:
    """Load the libraries, then make a copy of this process for each request, until the run is gone."""
    leave_interrupts_to_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here asks how a copy ended
    run = parent_process()
    for name in libraries:
        if not run.is_alive():
            break
        importlib.import_module(name)
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        selector.register(run.sentinel, selectors.EVENT_READ)
        while all(key.fileobj is requests for key, _ in selector.select()):
            worker, _ = requests.accept()
            if os.fork() == 0:
                requests.close()
                be_kernel(Connection(worker.detach()))
            worker.close()
    psutil.wait_procs(end_descendants(psutil.Process()), timeout=10)
    remove_scratch(scratch)  # killed, the run could not


def be_kernel(worker: Connection) -> None:
    """In a copy: be the kernel that the worker describes, in a session of its own; end when the worker is gone."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        worker.send(os.getpid())
        connection_file, folder, values, inputs = worker.recv()
        threading.Thread(target=end_after, args=(worker,), daemon=True).start()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(values)
        if inputs is not None:
            from analysis.panels import know

            know(inputs)
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(argv=["-f", connection_file, f"--IPKernelApp.parent_handle={os.getppid()}"])
        code = 0
    finally:
        os._exit(code)


def end_after(worker: Connection) -> None:
    """Wait until the worker is gone or wants this kernel no more; then end it."""
    worker.poll(None)
    os._exit(1)
