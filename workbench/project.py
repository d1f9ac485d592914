"""Where runs are, and how their tables are read: the one place that knows.

A `Project` is a folder of runs: tables in data/processed/<run>, reports in reports/<run>. A `Run` is one of them, or
one being made in a staging folder; whoever reads or writes a run's files is handed it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from analysis.frames import read_frame
from analysis.settings import ROOT, Settings, load_settings, nearest

OTHER = {"zh": "en", "en": "zh"}


class RunError(RuntimeError):
    """A run that cannot begin or go on; the message says why and what to do. Outputs are as they were."""


def language_folder(folder: Path, lang: str) -> Path:
    """Where the part of a folder in one language is: Chinese at the top, English in the folder en."""
    return folder if lang == "zh" else folder / lang


def keep_other_language(old: Path, new: Path, lang: str) -> None:
    """Copy from `old` what is not in the language `lang`, which `new` was made in; what `new` holds stays."""
    for path in old.iterdir() if old.is_dir() else ():
        if (path.name == "en") == (lang == "zh") and not (new / path.name).exists():
            shutil.copytree(path, new / path.name) if path.is_dir() else shutil.copy2(path, new / path.name)


@dataclass(frozen=True)
class Run:
    """The files of one run, there or not yet: tables in `data`, reports below `root`."""

    name: str
    root: Path
    data: Path

    @property
    def reports(self) -> Path:
        """The folder of its reports in all languages."""
        return self.root / "reports" / self.name

    def report_folder(self, lang: str) -> Path:
        """The folder of its reports in one language."""
        return language_folder(self.reports, lang)

    @property
    def inputs(self) -> Path:
        """The folder whose part `input` holds the values that the run brought along."""
        return self.data

    @property
    def settings_file(self) -> Path:
        return self.data / "settings.yaml"

    @cached_property
    def settings(self) -> Settings:
        """The choices that it was made with."""
        return load_settings(self.settings_file)

    def file(self, stem: str) -> Path:
        """The file of a table, whether it exists or not."""
        return self.data / f"{stem}.csv"

    def has(self, stem: str) -> bool:
        return self.file(stem).is_file()

    def table(self, stem: str, index: str | None = "adcode") -> pd.DataFrame:
        """A table by the stem of its file; `index` names the column that becomes the index."""
        return read_frame(self.file(stem), index)

    def table_if_any(self, stem: str, index: str | None = "adcode") -> pd.DataFrame | None:
        """A table, or None where the run does not have it."""
        return self.table(stem, index) if self.has(stem) else None


@dataclass(frozen=True)
class Project:
    """A folder whose runs are meant: the repository's, unless another is handed in."""

    root: Path = ROOT

    def run(self, name: str) -> Run:
        """The run of a name, which need not exist."""
        return Run(name, self.root, self.root / "data/processed" / name)

    def stored(self, name: str) -> Run:
        """A run that exists; raises RunError, naming the nearest, for an unknown one."""
        known = sorted(path.name for path in (self.root / "data/processed").glob("[!.]*") if path.is_dir())
        if name not in known:
            raise RunError(f"unknown run {name}: {nearest(name, known)}" if known else
                           f"unknown run {name}: there are no runs yet; python3 run.py makes the first")
        return self.run(name)


def staged(name: str, staging: Path) -> Run:
    """A run as it is made in a staging folder, with tables in data/<run> and reports in reports/<run>."""
    return Run(name, staging, staging / "data" / name)
