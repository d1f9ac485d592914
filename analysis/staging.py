"""All or nothing: a run is made beside the outputs and put in place in one move once it is complete.

A staging folder becomes `.ready-<run>` by one rename when everything in it is finished; from then on the move can only
go forward. A process killed before leaves the old outputs as they were; killed after, the next run finishes the move.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil

from analysis.settings import ROOT


class BusyError(RuntimeError):
    """Another process is making the same run."""


def targets(root: Path, run: str) -> dict[str, Path]:
    """The folders that a run replaces, by the part of the staging folder that they come from."""
    return {"data": root / "data/processed" / run, "reports": root / "reports" / run}


def open_staging(run: str, root: Path = ROOT) -> Path:
    """An empty staging folder for a run; a move that an earlier process left unfinished is finished first.

    Raises BusyError while another live process has the same run open.
    """
    finish_move(run, root)
    staging = root / "reports" / f".staging-{run}"
    owner = staging / "process"
    note = owner.read_text() if owner.is_file() else ""
    other = int(note) if note.isdecimal() else os.getpid()  # a note cut short belongs to a process that is gone
    if other != os.getpid() and psutil.pid_exists(other):
        raise BusyError(f"run {run} is being made by process {other}; wait for it, or give --run another name")
    shutil.rmtree(staging, ignore_errors=True)
    for part in targets(root, run):
        (staging / part / run).mkdir(parents=True)
    owner.write_text(str(os.getpid()))
    return staging


def put_in_place(run: str, root: Path = ROOT) -> None:
    """Replace the run's old outputs by the finished staging folder."""
    (root / "reports" / f".staging-{run}").rename(root / "reports" / f".ready-{run}")
    finish_move(run, root)


def finish_move(run: str, root: Path = ROOT) -> None:
    """Move what stands ready into place; does nothing where nothing is ready. Safe to repeat after an interruption."""
    ready = root / "reports" / f".ready-{run}"
    if not ready.is_dir():
        return
    for part, target in targets(root, run).items():
        new, old = ready / part / run, ready / f"old-{part}"
        if new.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target.rename(old)
            new.rename(target)
    shutil.rmtree(ready)


def discard(run: str, root: Path = ROOT) -> None:
    """Remove the staging folder of a run that did not finish; the outputs stay as they were."""
    shutil.rmtree(root / "reports" / f".staging-{run}", ignore_errors=True)
