"""The form in which git stores a notebook: its text and code, without results.

git runs this file as the clean filter `study-notebooks` (docs/environment.md, "JupyterLab"): the notebook in the folder
keeps its outputs, and git compares and stores the form without them, so that running and saving a notebook changes
nothing for git. Standard library only, since `git status` starts it once for each notebook that was saved.
"""

from __future__ import annotations

import json
import sys

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
INJECTED = "injected-parameters"  # papermill's tag for the cell it adds


def stored_form(notebook: dict) -> dict:
    """The notebook as the repository stores it: no outputs, no execution counts, no traces of the program that ran it.

    Cells keep their kind, id, source, attachments and tags, in the order of the file; the cell that papermill injects
    is left out. The notebook keeps its `report` metadata and names the kernel in general terms. The stored form of a
    stored form is itself.

    Parameters: `notebook`, the content of an .ipynb file (nbformat 4) as `json.load` or nbformat returns it; unchanged.
    Returns a new dictionary. Raises `ValueError` for anything that is not such a notebook.
    """
    cells, about = notebook.get("cells"), notebook.get("metadata", {})
    if notebook.get("nbformat") != 4 or not isinstance(cells, list) or not isinstance(about, dict):
        raise ValueError("not a notebook of nbformat 4")
    metadata = {"kernelspec": dict(KERNEL), "language_info": dict(LANGUAGE)}
    if about.get("report"):
        metadata["report"] = about["report"]
    return {
        "cells": [stored_cell(cell) for cell in cells if INJECTED not in tags_of(cell)],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": notebook.get("nbformat_minor", 5),
    }


def stored_cell(cell: dict) -> dict:
    """One cell without results; its source, and texts of its attachments, as a list of lines."""
    kind = cell.get("cell_type")
    if kind not in ("markdown", "code", "raw"):
        raise ValueError(f"a cell of type {kind!r}")
    stored = {key: cell[key] for key in ("cell_type", "id") if key in cell}
    stored["metadata"] = {"tags": list(tags_of(cell))} if tags_of(cell) else {}
    stored["source"] = lines(cell.get("source", []))
    if kind == "code":
        return stored | {"execution_count": None, "outputs": []}
    if cell.get("attachments"):
        stored["attachments"] = {name: {media: lines(data) if media.startswith("text/") else data
                                        for media, data in bundle.items()}
                                 for name, bundle in cell["attachments"].items()}
    return stored


def tags_of(cell: dict) -> list:
    """The tags of a cell; an empty list where it has none."""
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata", {}), dict):
        raise ValueError("a cell that is no object, or whose metadata is none")
    tags = cell.get("metadata", {}).get("tags")
    return tags if isinstance(tags, list) else []


def lines(text: str | list[str]) -> list[str]:
    """A text as nbformat writes it: a list of lines, each with its line end."""
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        raise ValueError("a source that is no text")
    return text.splitlines(True)


def as_text(notebook: dict) -> str:
    """A notebook as nbformat writes it to a file: sorted keys, indent 1, letters as they are, a final line end."""
    return json.dumps(notebook, sort_keys=True, indent=1, ensure_ascii=False, separators=(",", ": ")) + "\n"


def cleaned(content: bytes) -> bytes:
    """The stored form of a file's content; content that is no notebook comes back as it is."""
    try:
        return as_text(stored_form(json.loads(content.decode("utf-8-sig")))).encode("utf-8")
    except (ValueError, AttributeError, TypeError, RecursionError):  # not JSON, not UTF-8, or not a notebook
        return content


def main() -> None:
    """The filter: standard input to standard output, bytes in and bytes out."""
    sys.stdout.buffer.write(cleaned(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
