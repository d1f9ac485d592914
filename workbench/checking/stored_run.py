"""A run as it is stored: its settings, its manifest, and which of its files and steps there are or should be.

Not every file below reports/<run> is the run's own: English reports stand in the folder en of the Chinese ones, and
pages of single cities are made by a command of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.editions import PUBLIC_TRAITS, Edition
from workbench.by_hand import RECORD
from workbench.cities.files import CITIES
from workbench.office.take_away import FILES as TAKE_AWAY
from workbench.own.study_input import StudyInput
from workbench.planning import Plan, check_language, report_place
from workbench.project import Run, RunError
from workbench.publishing.provenance import ABOUT_THE_RUN, MANIFEST
from workbench.run_input import INPUT, kept_input, own_panel
from workbench.steps import NEEDS, built_on, steps_for

PAGES = ("html/", "pdf/", "index.html", "explorer.html", "profiles/", "white_paper.html", "white_paper.pdf", *TAKE_AWAY)
MAPPINGS = ("settings", "differs_from_baseline", "versions", "inputs", "code", "data", "reports")


@dataclass(frozen=True)
class Stored:
    """A stored run in one language. `manifest` is empty where it has none; `given` are the values that a run of another
    edition than the public one has kept; `pages`: compare its HTML and PDF too.

    `reports` is false where the run has no reports in this language, as in a fresh clone: its tables stand alone.
    """

    plan: Plan
    run: Run
    manifest: dict[str, Any]
    reports: bool
    pages: bool
    given: StudyInput | None = None

    @property
    def folder(self) -> Path:
        """The run's reports in this language."""
        return self.run.report_folder(self.plan.lang)

    @property
    def parts(self) -> tuple[tuple[str, Path], ...]:
        """The folders that are verified, by their part of the manifest."""
        return (("data", self.run.data), ("reports", self.folder)) if self.reports else (("data", self.run.data),)

    def place(self, part: str) -> str:
        """A part's folder relative to the repository."""
        return f"data/processed/{self.plan.run}" if part == "data" else report_place(self.plan)


def read_stored(run: Run, lang: str, reports: bool) -> Stored:
    """A stored run as it is to be verified; one without settings is refused with what to do."""
    check_language(lang)
    name = run.name
    if name == "lab" or (run.data / RECORD).is_file():
        raise RunError(f"the run {name} is made by hand, one notebook at a time, and cannot be made again as a whole; "
                       "verify a run of python -m analysis run")
    if not run.settings_file.is_file():
        raise RunError(f"run {name} has no settings.yaml, so its choices are not known; make it again "
                       f"with its choices: python -m analysis run --run {name} --set …")
    settings = run.settings
    if settings.edition != Edition.PUBLIC and not (run.data / INPUT).is_dir():
        raise RunError(f"run {name} has lost the values that it was made from (data/processed/{name}/{INPUT}); make it "
                       f"again from your own file: python -m analysis run --panel mine.xlsx --run {name}")
    given = kept_input(settings, run.data)
    empty = Plan(name, lang, settings, (), own_panel(given, settings.edition).traits if given else PUBLIC_TRAITS)
    stored = Stored(empty, run, read_manifest(run.report_folder(lang), report_place(empty)), True, True, given)
    names = outputs(stored, "reports") | listed_hashes(stored, "reports").keys()
    stored = replace(stored, reports=bool(names), pages=reports and any(map(is_page, names)))
    steps = stored_steps(stored)
    if not steps:
        raise RunError(f"run {name} has no tables yet; make it: python -m analysis run "
                       f"--settings data/processed/{name}/settings.yaml --run {name}")
    return replace(stored, plan=replace(empty, steps=steps))


def read_manifest(folder: Path, place: str) -> dict[str, Any]:
    """The manifest beside a run's reports; empty where there is none."""
    if not (folder / MANIFEST).is_file():
        return {}
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = {name: content[name] for name in ("study", *MAPPINGS)}
        if bare := [name for name in MAPPINGS if not isinstance(manifest[name], dict)]:
            raise TypeError(f"{bare[0]} is no mapping")
        return manifest
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{place}/{MANIFEST} cannot be read as a manifest ({type(error).__name__}: {error}); "
                       "make the run again, or remove the file to verify without it") from None


def is_page(name: str) -> bool:
    """Whether a file of the reports is made with the pages, not by the notebooks: figures as PDF and PNG are too."""
    prints = name.startswith("figures/") and name.endswith((".pdf", ".png"))
    return prints or name.removeprefix(f"{Edition.SYNTHETIC}_").startswith(PAGES)


def outputs(stored: Stored, part: str) -> set[str]:
    """The stored files of a part that a run makes: neither the other language's nor pages of single cities."""
    folder = dict(data=stored.run.data, reports=stored.folder)[part]
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in files if is_output(stored, part, name)}


def is_output(stored: Stored, part: str, name: str) -> bool:
    """Whether a file is one that this run makes in this language and that is to be verified."""
    if Path(name).name in ABOUT_THE_RUN:
        return False
    return part == "data" or not (name.startswith((f"{CITIES}/", "en/")) or (is_page(name) and not stored.pages))


def listed_hashes(stored: Stored, part: str) -> dict[str, str]:
    """The hashes that the manifest lists for the files of a part that are to be verified."""
    listed = stored.manifest.get(part, {})
    return {name: value for name, value in listed.items() if is_output(stored, part, name)}


def stored_steps(stored: Stored) -> tuple[str, ...]:
    """The steps whose tables or notebooks the run holds or should hold, and those they build on: all of them, unless
    the run was partial. The baseline is never partial."""
    meant = steps_for(stored.plan.traits)
    if not stored.manifest and stored.plan.run == "baseline":
        return meant
    tables = {name[:2] for name in outputs(stored, "data") | listed_hashes(stored, "data").keys()}
    held = {step for step in meant if step[:2] in tables or step in reported_steps(stored)}
    return tuple(step for step in meant if step in held | built_on(tuple(held), stored.plan.traits))


def reported_steps(stored: Stored) -> tuple[str, ...]:
    """The steps that the run has executed notebooks of, or should have."""
    names = outputs(stored, "reports") | listed_hashes(stored, "reports").keys()
    return tuple(step for step in NEEDS if f"notebooks/{step}.ipynb" in names)
