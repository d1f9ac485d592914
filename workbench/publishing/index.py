"""The content of a run's index page: findings of its notebooks, its files, its best cities, how to verify it.

Everything is read from the run's finished folder of reports, so that the page lists exactly the files that exist.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from analysis import __version__
from analysis.editions import Edition, file_name
from analysis.settings import BASELINE, ROOT, differences, flatten
from analysis.tables import full_names, printed
from workbench.office.take_away import listed
from workbench.planning import Plan
from workbench.project import OTHER, Run
from workbench.publishing.provenance import MANIFEST, hashes, raw_checksums, versions
from workbench.reporting import FileEntry, ReportEntry, RunFacts
from workbench.reporting.words import WORDS
from workbench.steps import STEPS

EXPLORER, WORKBOOK, PAPER, PROFILES = "explorer.html", "results.xlsx", "white_paper", "profiles/index.html"
BEST = 10
FIRST_FORMATS = {"figure": "svg", "table": "csv"}


def run_facts(plan: Plan, run: Run, titles: Mapping[str, str], paper: ReportEntry | None) -> RunFacts:
    """Everything that the index page says beside its list of notebooks.

    `titles` are the notebooks' by step, of those the run has.
    """
    folder, files, findings = run.report_folder(plan.lang), {"figure": [], "table": []}, []
    for step, title in titles.items():
        for cell in json.loads((folder / "notebooks" / f"{step}.ipynb").read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("report", {})
                if about.get("kind") in files:
                    first = "png" if "image/png" in output["data"] else FIRST_FORMATS[about["kind"]]
                    files[about["kind"]].append(file_entry(folder, about, title, first))
                elif about.get("kind") == "text" and "finding" in cell["metadata"].get("tags", []):
                    findings.append("".join(output["data"]["text/plain"]))
    edition = plan.settings.edition
    shown_elsewhere = tuple(file_name(name, edition) for name in (WORKBOOK, f"{PAPER}.docx"))
    files["table"] += [FileEntry(name, "", caption, WORDS[plan.lang]["collections"], [name])
                       for name, caption in listed(folder, plan.lang) if name not in shown_elsewhere]
    other = run.report_folder(OTHER[plan.lang]) / "index.html"
    other_language = os.path.relpath(other, folder) if other.is_file() else ""
    cities, count = best_cities(plan, run)
    return RunFacts(
        findings, differences(plan.settings), paper, files["figure"], files["table"], MANIFEST, other_language,
        other_language_command(plan), flatten(plan.settings), if_there(folder, file_name(EXPLORER, edition)),
        if_there(folder, file_name(WORKBOOK, edition)), if_there(folder, PROFILES),
        cities, count, "profiles_short_listed" if cities and cities[0][-1] == PROFILES else "profiles_short",
        provenance(plan, run.data), commands(plan))


def file_entry(folder: Path, about: Mapping[str, str], group: str, first: str) -> FileEntry:
    """A figure or table with every form that it is there in, the one to show, by its ending, first."""
    kind = about["kind"]
    places = sorted((folder / f"{kind}s").glob(f"{about['name']}.*"),
                    key=lambda place: (place.suffix[1:] != first, place.suffix))
    names = [place.relative_to(folder).as_posix() for place in places]
    return FileEntry(names[0], about["label"], about["caption"], group, names)


def if_there(folder: Path, name: str) -> str:
    """The name of a file where the run has it, else ""."""
    return name if (folder / name).is_file() else ""


def further_forms(folder: Path, step: str, edition: str) -> list[str]:
    """A document's other files: the executed notebook, and the white paper as Word where it is made."""
    names = [file_name(f"{PAPER}.docx", edition)] if step == STEPS[-1] else []
    return [name for name in [*names, f"notebooks/{step}.ipynb"] if (folder / name).is_file()]


def best_cities(plan: Plan, run: Run) -> tuple[list[tuple[str, str, str, str]], int]:
    """The best cities as (rank, name, score, page) and the number of all; none where the run has no list of cities.
    Where a city has no page of its own, its page is the list."""
    if not if_there(run.report_folder(plan.lang), PROFILES):
        return [], 0
    from workbench.run_input import run_ground

    scores = run.table("05_scores")
    names = full_names(run_ground(plan.settings, run.inputs).cities, plan.lang)
    best = scores["rank"].sort_values(kind="stable").index[:BEST]
    pages = {code: f"profiles/{file_name(f'{code}.html', plan.settings.edition)}" for code in best}
    return [(str(scores.at[code, "rank"]), names[code], printed(scores.at[code, "score"], ".1f"),
             if_there(run.report_folder(plan.lang), pages[code]) or PROFILES) for code in best], len(scores)


def provenance(plan: Plan, data: Path) -> list[tuple[str, str]]:
    """What a reader needs to know whether two runs are the same: versions, seeds, inputs, outputs, one checksum."""
    words, tables = WORDS[plan.lang], hashes(data)
    listing = "\n".join(f"{name} {digest}" for name, digest in tables.items() if name.endswith(".csv"))
    seeds = {"uncertainty": plan.settings.uncertainty.seed, "tiers": plan.settings.tiers.seed}
    return [
        (words["versions"], f"study {__version__}, " + ", ".join(f"{name} {at}" for name, at in versions().items())),
        (words["seeds"], ", ".join(f"{name} {seed}" for name, seed in seeds.items())),
        (words["inputs"], words["registered"].format(count=len(raw_checksums(ROOT)))),
        (words["outputs"], words["written_tables"].format(tables=len(tables))),
        (words["fingerprint"], f"sha256 {hashlib.sha256(listing.encode()).hexdigest()}")]


def other_language_command(plan: Plan) -> str:
    """The command that makes the run's reports in the other language."""
    lang, place = OTHER[plan.lang], f"data/processed/{plan.run}"
    if plan.run == BASELINE.stem:
        return f"python3 run.py --lang {lang}"
    values = f" --panel {place}/input" if plan.settings.edition == Edition.OWN else ""
    return f"python3 run.py --settings {place}/settings.yaml{values} --run {plan.run} --lang {lang}"


def commands(plan: Plan) -> list[str]:
    """How to verify the run and to follow one city."""
    lang = "" if plan.lang == "zh" else f" --lang {plan.lang}"
    run = "" if plan.run == BASELINE.stem else f" --run {plan.run}"
    return [f"python -m analysis verify {plan.run}{lang}", f"python -m analysis city {plan.settings.city}{run}{lang}"]
