"""The notebooks as files: their parameters cells written from the settings model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench.parameters import parameters_cell
from workbench.steps import LANGUAGES, stored_notebooks

DEFAULT_RUN = {"": "lab", "own": "mine_lab", "synthetic": "synthetic_lab"}


def wanted_parameters(place: str, lang: str) -> str:
    """What the parameters cell of a stored notebook must be; `place` as in `steps.stored_notebooks`."""
    folder, _, step = place.rpartition("/")
    return parameters_cell(step, lang, DEFAULT_RUN[folder])


def renew_parameters(root: Path) -> list[Path]:
    """Write the parameters cell of every stored notebook anew; returns the notebooks that changed."""
    changed = []
    for lang in LANGUAGES:
        for place, path in stored_notebooks(lang, root).items():
            notebook = json.loads(path.read_text(encoding="utf-8"))
            cell = next(cell for cell in notebook["cells"] if "parameters" in tags_of(cell))
            source = wanted_parameters(place, lang).splitlines(keepends=True)
            if cell["source"] != source:
                cell["source"] = source
                path.write_text(stored_text(notebook), encoding="utf-8")
                changed.append(path)
    return changed


def tags_of(cell: dict[str, Any]) -> list[str]:
    return cell.get("metadata", {}).get("tags", [])


def stored_text(notebook: dict[str, Any]) -> str:
    """A notebook as the repository stores it: keys sorted, letters as they are."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
