"""What a run was made from and what it made: inputs, choices, versions, seeds, and the hash of every output.

The manifest holds nothing that changes between two runs of the same inputs on one machine; times are kept apart in the
run record, the one file that does change.
"""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import __version__
from analysis.editions import about
from analysis.rawfiles import sha256
from analysis.settings import ROOT, Settings, differences

RECORD = "run_record.json"
MANIFEST = "manifest.json"
CRATE = "ro-crate-metadata.json"
ABOUT_THE_RUN = (MANIFEST, RECORD, CRATE)  # they say what the outputs are and are none themselves
PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "matplotlib", "seaborn", "papermill", "nbconvert",
            "pypandoc-binary", "typst", "altair", "vl-convert-python")


def hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder by its relative path, without the files that describe the run."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in ABOUT_THE_RUN)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def raw_checksums(root: Path) -> dict[str, str]:
    """The recorded sha256 of every raw file, by its path."""
    return pd.read_csv(root / "data/raw/provenance.csv", dtype=str).set_index("path")["sha256"].to_dict()


def code_hashes(root: Path) -> dict[str, str]:
    """sha256 of everything that computes and lays out a run: packages, notebooks, templates, the style sheet
    of the figures, and the alternatives that the sensitivity analysis tries."""
    parts = (("analysis", "*.py"), ("workbench", "*.py"), ("notebooks", "*.ipynb"), ("assets/report", "*"),
             ("assets", "*.mplstyle"),
             ("settings", "alternatives.yaml"))
    return {path.relative_to(root).as_posix(): sha256(path)
            for folder, ending in parts for path in sorted((root / folder).rglob(ending)) if path.is_file()}


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that numbers, figures and pages come from."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def manifest(run: str, settings: Settings, data: Path, reports: Path) -> dict[str, Any]:
    """The manifest of a run whose outputs are in the folders `data` and `reports`."""
    return {**about(settings.edition), "run": run, "study": __version__, "settings": settings.model_dump(mode="json"),
            "differs_from_baseline": {name: list(pair) for name, pair in differences(settings).items()},
            "seeds": {"uncertainty": settings.uncertainty.seed, "tiers": settings.tiers.seed},
            "versions": versions(), "inputs": raw_checksums(ROOT), "code": code_hashes(ROOT),
            "data": hashes(data), "reports": hashes(reports)}


def write_json(content: dict, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def run_record(seconds: dict[str, float], total: float, peak_memory: float) -> dict[str, Any]:
    """How long each part of a run took (seconds) and the most memory that all its processes together held (MiB): the
    one file that differs between two runs."""
    return {"seconds_total": round(total, 2), "seconds": {name: round(value, 2) for name, value in seconds.items()},
            "peak_memory_mib": round(peak_memory), "machine": platform.machine(), "system": platform.system()}
