"""What every page of a run carries, and where its links lead."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Stamp:
    """The run a page belongs to.

    `run` is the run's name; `edition` one short sentence on the data edition, with what it measures and what it does
    not; `date` the date as it stands on a cover, never today's; `seconds` that date for the PDF's own record (seconds
    since 1970).
    """

    run: str
    edition: str
    date: str
    seconds: int = 1_767_225_600


@dataclass(frozen=True)
class PageLinks:
    """Where a page leads: the index page, the PDF of the same text, and (address, title) of its neighbours; `also` are
    (address, text) of other parts of the site."""

    index: str = "../index.html"
    pdf: str = ""
    previous: tuple[str, str] | None = None
    next: tuple[str, str] | None = None
    also: tuple[tuple[str, str], ...] = ()


def notebook_stamp(notebook: NotebookNode) -> Stamp:
    """The stamp that an executed notebook itself tells of: its parameter `run`, and the data edition in bold at the
    head of its notice. What it does not tell is empty; a notebook without the parameter belongs to the run `lab`."""
    run, edition = "lab", ""
    for cell in notebook.cells:
        if {"parameters", "injected-parameters"} & set(cell.metadata.get("tags", ())):
            run = parameter(cell.source, "run", run)
        for output in cell.get("outputs", ()):
            if output.get("metadata", {}).get("report", {}).get("kind") == "notice":
                bold = re.match(r"\*\*(.+?)[。.]?\*\*", output.get("data", {}).get("text/plain", ""))
                edition = edition or (bold[1] if bold else "")
    return Stamp(run, edition, "")


def parameter(source: str, name: str, otherwise: str) -> str:
    """The text that the code of a parameters cell gives a name; `otherwise` where it gives none, or is no Python."""
    try:
        lines = ast.parse(source).body
    except SyntaxError:
        return otherwise
    for line in lines:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        value = getattr(line, "value", None)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return value.value
    return otherwise
