"""The index page of a run: what was run, what came out, and a link to every file of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from workbench.reporting.errors import ReportError
from workbench.reporting.notebook_html import page_templates, stylesheet
from workbench.reporting.stamps import Stamp
from workbench.reporting.words import WORDS

FORMAT_NAMES = {".docx": "Word", ".ipynb": "Jupyter", ".xlsx": "Excel"}


@dataclass(frozen=True)
class ReportEntry:
    """One document: its title, one line on what it does, and its files relative to the index page; `others` are files
    in further formats."""

    title: str
    description: str
    html: str
    pdf: str
    others: Sequence[str] = ()

    def formats(self, words: Mapping[str, str]) -> list[tuple[str, str]]:
        """(file, name of its format) of every form the document has, the web page first."""
        named = [(self.html, words["html"]), (self.pdf, words["pdf"])]
        named += [(file, FORMAT_NAMES.get(Path(file).suffix, Path(file).suffix[1:].upper())) for file in self.others]
        return [(file, name) for file, name in named if file]


@dataclass(frozen=True)
class FileEntry:
    """One figure or data table: its file relative to the index page, label ("图 5-1") and caption; `group` is what it
    is shown under, `files` every form that it can be downloaded in."""

    file: str
    label: str
    caption: str
    group: str = ""
    files: Sequence[str] = ()


@dataclass(frozen=True)
class RunFacts:
    """What the index page says of a run beside its documents.

    `findings` are sentences; `differences` maps a setting to (baseline value, value of this run); `figures` and
    `tables` are the files to show; `manifest` is the file with inputs, settings, versions and checksums;
    `other_language` is the index page in the other language, "" where there is none, and `make_other_language` the
    command that makes it. `choices` are all settings of the run;
    `explorer`, `workbook` and `profiles` are files beside the index, "" where there is none; `cities` are the best
    ones (rank, name, score, page) of `city_count`, introduced by `city_words`; `provenance` are (what, value) and
    `commands` verify the run.
    """

    findings: Sequence[str] = ()
    differences: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    white_paper: ReportEntry | None = None
    figures: Sequence[FileEntry] = ()
    tables: Sequence[FileEntry] = ()
    manifest: str = ""
    other_language: str = ""
    make_other_language: str = ""
    choices: Mapping[str, object] = field(default_factory=dict)
    explorer: str = ""
    workbook: str = ""
    profiles: str = ""
    cities: Sequence[tuple[str, str, str, str]] = ()
    city_count: int = 0
    city_words: str = "profiles_short"
    provenance: Sequence[tuple[str, str]] = ()
    commands: Sequence[str] = ()


def write_index(folder: Path, stamp: Stamp, entries: Sequence[ReportEntry], facts: RunFacts, lang: str,
                title: str = "") -> Path:
    """Write `index.html` into the folder of a run and return its path.

    All texts are shown letter by letter, never read as markup. Addresses are relative, so the folder can be moved.

    Parameters: `folder`, the run's reports; `stamp`, the run; `entries`, the notebooks in order; `facts`; `lang`;
    `title`, where the run is not about the paper's cities.
    Raises `ReportError` when a document, figure or table the page would link to is not there.
    """
    _refuse_dead_links(folder, entries, facts)
    page = page_templates().get_template("index.html.j2")
    text = page.render(
        stamp=stamp, entries=entries, facts=facts, words=WORDS[lang], style=stylesheet(), address=quote,
        site=site_sections(facts, WORDS[lang]), grouped=grouped, title=title or WORDS[lang]["index_title"],
    )  # fmt: skip
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def site_sections(facts: RunFacts, words: Mapping[str, str]) -> list[tuple[str, str]]:
    """The sections that the page has, in order: (anchor, heading)."""
    here = {"findings": facts.findings, "settings": True, "white-paper": facts.white_paper, "explorer": facts.explorer,
            "profiles": facts.cities, "notebooks": True, "figures": facts.figures, "tables": facts.tables,
            "provenance": facts.manifest}
    headings = {"white-paper": "white_paper", "settings": "what_was_run"}
    return [(anchor, words[headings.get(anchor, anchor)]) for anchor, there in here.items() if there]


def grouped(files: Sequence[FileEntry]) -> list[tuple[str, list[FileEntry]]]:
    """Figures or tables by what they are shown under, in the order of their first."""
    found: dict[str, list[FileEntry]] = {}
    for file in files:
        found.setdefault(file.group, []).append(file)
    return list(found.items())


def _refuse_dead_links(folder: Path, entries: Sequence[ReportEntry], facts: RunFacts) -> None:
    documents = [*entries, *([facts.white_paper] if facts.white_paper else [])]
    linked = [file for entry in documents for file in (entry.html, entry.pdf, *entry.others) if file]
    # The manifest is written last, since it holds this page's own checksum, and the other language may come later.
    linked += [file for entry in (*facts.figures, *facts.tables) for file in (entry.file, *entry.files)]
    linked += [file for file in (facts.explorer, facts.workbook, facts.profiles) if file]
    linked += [city[-1] for city in facts.cities]
    for file in linked:
        if Path(file).is_absolute() or not (folder / file).is_file():
            raise ReportError(f"index.html would link to {file}, which is not a file of {folder.name}/; write it first")
