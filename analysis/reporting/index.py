"""The index page of a run: what was run, what came out, and a link to every file of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from analysis.reporting.errors import ReportError
from analysis.reporting.notebook_html import page_templates, stylesheet
from analysis.reporting.stamps import Stamp
from analysis.reporting.words import WORDS


@dataclass(frozen=True)
class ReportEntry:
    """One document: its title, one line on what it does, and its files relative to the index page."""

    title: str
    description: str
    html: str
    pdf: str


@dataclass(frozen=True)
class FileEntry:
    """One figure or data table: its file relative to the index page, label ("图 5-1") and caption."""

    file: str
    label: str
    caption: str


@dataclass(frozen=True)
class RunFacts:
    """What the index page says of a run beside its documents.

    `findings` are sentences; `differences` maps a setting to (baseline value, value of this run); `figures` and
    `tables` are the files to show; `manifest` is the file with inputs, settings, versions and checksums;
    `other_language` is the index page in the other language, `explorer` the page to try weights on, if there is one.
    """

    findings: Sequence[str] = ()
    differences: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    white_paper: ReportEntry | None = None
    figures: Sequence[FileEntry] = ()
    tables: Sequence[FileEntry] = ()
    manifest: str = ""
    other_language: str = ""
    explorer: str = ""


def write_index(folder: Path, stamp: Stamp, entries: Sequence[ReportEntry], facts: RunFacts, lang: str) -> Path:
    """Write `index.html` into the folder of a run and return its path.

    All texts are shown letter by letter, never read as markup. Addresses are relative, so the folder can be moved.

    Parameters: `folder`, the run's reports; `stamp`, the run; `entries`, the notebooks in order; `facts`; `lang`.
    Raises `ReportError` when a document, figure or table the page would link to is not there.
    """
    _refuse_dead_links(folder, entries, facts)
    page = page_templates().get_template("index.html.j2")
    text = page.render(
        stamp=stamp, entries=entries, facts=facts, words=WORDS[lang], style=stylesheet(), address=quote
    )  # fmt: skip
    path = folder / "index.html"
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def _refuse_dead_links(folder: Path, entries: Sequence[ReportEntry], facts: RunFacts) -> None:
    documents = [*entries, *([facts.white_paper] if facts.white_paper else [])]
    linked = [file for entry in documents for file in (entry.html, entry.pdf) if file]
    # The manifest is written last, since it holds this page's own checksum, and the other language may come later.
    linked += [entry.file for entry in (*facts.figures, *facts.tables)]
    for file in linked:
        if Path(file).is_absolute() or not (folder / file).is_file():
            raise ReportError(f"index.html would link to {file}, which is not a file of {folder.name}/; write it first")
