"""Does a stored run follow from its data and code? The run is made again in another folder and compared by file.

Three questions in this order: are the stored files those that the run's manifest lists; are the raw figures, the
choices and the code still those it was made from; and does making it again give the same bytes. Nothing stored is
touched. Times (the run record) are no evidence and are left out, as are the pages of single cities, which no run makes.

That code has changed since is said but proves nothing wrong: it is the present code whose outputs are compared.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis import __version__
from analysis.settings import ROOT, differences, flatten, load_settings
from workbench.checking.file_differences import FileDifference, compare_files
from workbench.checking.stored_run import Stored, is_output, listed_hashes, outputs, read_stored, reported_steps
from workbench.project import OTHER, Run, RunError, staged
from workbench.publishing.provenance import MANIFEST, code_hashes, hashes, raw_checksums, sha256, versions
from workbench.publishing.site import write_overview
from workbench.running import pipeline
from workbench.steps import STEPS, built_on


@dataclass(frozen=True)
class Change:
    """A difference from the manifest: name, value then and now; None where it did not exist."""

    name: str
    then: Any
    now: Any


@dataclass(frozen=True)
class Verification:
    """What the verification of a stored run found.

    inputs: raw files and choices that changed since; code: package, notebooks, templates and versions that did. listed:
    stored files that are not as the manifest lists them. identical: number of files made again to the byte. files: the
    others. failure: why the run could not be made again, empty where it was.
    """

    stored: Stored
    inputs: tuple[Change, ...]
    code: tuple[Change, ...]
    listed: tuple[Change, ...]
    identical: int
    files: tuple[FileDifference, ...]
    failure: str = ""

    @property
    def holds(self) -> bool:
        """The stored run is what its manifest says, and its data and choices give it again byte for byte."""
        return not (self.inputs or self.listed or self.files or self.failure)


def verify(run: Run, lang: str = "zh", reports: bool = True, say: Callable[[str], None] = print) -> Verification:
    """Verify a stored run against its manifest, its inputs and a second making in a temporary folder.

    `reports` false leaves HTML and PDF out, which saves rendering them. Raises RunError or SettingsError for a run that
    cannot be read; a run that can be read but not made again is a finding (`failure`).
    """
    stored = read_stored(run, lang, reports)
    found = {"inputs": changed_raw_files(stored) + changed_choices(stored), "code": changed_code(stored),
             "listed": unlike_manifest(stored)}
    with tempfile.TemporaryDirectory(prefix="study-verify-") as folder:
        again = staged(run.name, Path(folder))
        try:
            with pipeline.workers() as pool:
                make_again(stored, again, say, pool)
        except (RunError, ValueError, OSError) as error:
            return Verification(stored, **found, identical=0, files=(), failure=str(error))
        return Verification(stored, **found, **compare_with_again(stored, again))


def changed(then: dict[str, Any], now: dict[str, Any], prefix: str = "") -> tuple[Change, ...]:
    """The differences between two dictionaries, by name."""
    return tuple(Change(prefix + name, then.get(name), now.get(name)) for name in sorted(then.keys() | now.keys())
                 if then.get(name) != now.get(name))


def unlike_manifest(stored: Stored) -> tuple[Change, ...]:
    """Stored files that the manifest lists with another hash, that are missing, or that it does not list."""
    if not stored.manifest:
        return (Change(f"{stored.place('reports')}/{MANIFEST}", "", None),) if stored.reports else ()
    found: tuple[Change, ...] = ()
    for part, folder in stored.parts:
        now = {name: value for name, value in hashes(folder).items() if is_output(stored, part, name)}
        found += changed(listed_hashes(stored, part), now, f"{stored.place(part)}/")
    return found


def changed_raw_files(stored: Stored) -> tuple[Change, ...]:
    """Raw files that are not those the run was made from; without a manifest, not those of data/raw/provenance.csv."""
    recorded = raw_checksums(ROOT)
    then = stored.manifest.get("inputs", recorded)
    return changed(then, {name: sha256(ROOT / name) for name in then.keys() | recorded.keys()
                          if (ROOT / name).is_file()})


def changed_choices(stored: Stored) -> tuple[Change, ...]:
    """Choices that are not those the run was made with, in its own settings or in the baseline it is measured by."""
    own, base = flatten(stored.plan.settings), flatten(load_settings())
    if not stored.manifest:
        apart = differences(stored.plan.settings) if stored.plan.run == "baseline" else {}
        return tuple(Change(f"settings/baseline.yaml {name}", here, there) for name, (there, here) in apart.items())
    then = flatten(stored.manifest["settings"])
    then_base = then | {name: pair[0] for name, pair in stored.manifest["differs_from_baseline"].items()}
    return (changed(then, own, f"{stored.place('data')}/settings.yaml ")
            + changed(then_base, base, "settings/baseline.yaml "))


def changed_code(stored: Stored) -> tuple[Change, ...]:
    """Files of the package, notebooks and templates, and versions, that are not those the run was made with."""
    if not stored.manifest:
        return ()
    then, now = ({"study": study, **packages} for study, packages in (
        (stored.manifest["study"], stored.manifest["versions"]), (__version__, versions())))
    return changed(stored.manifest["code"], code_hashes(ROOT)) + changed(then, now)


def make_again(stored: Stored, again: Run, say: Callable[[str], None], pool: ProcessPoolExecutor) -> None:
    """Make the run's tables, figures and pages in an empty folder, as `python -m analysis run` would.

    Steps that the run keeps without a notebook of their own (a partial run takes them from the baseline) are made
    first and leave tables only.
    """
    plan = stored.plan
    study = pipeline.score_in_memory(plan, stored.given)
    for folder in (again.data, again.reports):
        folder.mkdir(parents=True)
    kept = tuple(step for step in plan.steps if step not in reported_steps(stored)) if stored.reports else ()
    if kept:
        kept = tuple(step for step in STEPS if step in {*kept, *built_on(kept, plan.traits)})
        pipeline.copy_kept(plan, None, again)
        pipeline.write_given(stored.given, plan.settings, None, again)
        pipeline.execute_steps(replace(plan, steps=kept), again, say, False, pool)
        shutil.rmtree(again.report_folder(plan.lang), ignore_errors=True)
        plan = replace(plan, steps=reported_steps(stored))
    pipeline.make_run(plan, study, again, None, say, stored.pages, pool, stored.given)
    if stored.pages:
        stand_in_for_other_language(stored, again)
        write_overview(plan, again, True)


def stand_in_for_other_language(stored: Stored, again: Run) -> None:
    """The index page links to the other language where that was made before it: the stored page says which it was."""
    folder, other = again.report_folder(stored.plan.lang), again.report_folder(OTHER[stored.plan.lang])
    address, index = os.path.relpath(other / "index.html", folder), stored.folder / "index.html"
    if index.is_file() and f'href="{address}"' in index.read_text(encoding="utf-8", errors="replace"):
        other.mkdir(parents=True, exist_ok=True)
        (other / "index.html").touch()


def compare_with_again(stored: Stored, run: Run) -> dict[str, Any]:
    """Number of identical files, and the others, of the stored run and the one made again."""
    again = replace(stored, run=run)
    identical, files = 0, []
    for (part, here), (_, there) in zip(stored.parts, again.parts, strict=True):
        names = outputs(stored, part) | outputs(again, part) | listed_hashes(stored, part).keys()
        different = compare_files(here, there, names)
        identical += len(names) - len(different)
        files += [replace(file, name=f"{stored.place(part)}/{file.name}") for file in different]
    return {"identical": identical, "files": tuple(files)}
