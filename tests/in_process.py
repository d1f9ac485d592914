"""Notebooks run as a reader runs them, but in the process of the tests: their cells one after another, no kernel.

The fixture `outputs` gives them a folder of their own instead of the repository's outputs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench.steps import stored_notebooks


def cells_of(place: str, lang: str = "zh") -> list[str]:
    """The code of a stored notebook, cell by cell."""
    notebook = json.loads(stored_notebooks(lang)[place].read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run_notebook(place: str, lang: str = "zh", injected: str = "", to_opening: bool = False,
                 **parameters: Any) -> dict[str, Any]:
    """Run a stored notebook's cells with parameters as papermill injects them; returns the notebook's names.

    `injected` is further source for the cell of injected parameters; `to_opening` stops after `open_step`.
    """
    first, *rest = cells_of(place, lang)
    cell = "# Parameters\n" + "".join(f"{name} = {value!r}\n" for name, value in parameters.items()) + injected
    names: dict[str, Any] = {"In": [""]}
    for source in (first, cell, *rest):
        names["In"].append(source)
        exec(compile(source, f"{Path(place).name}.ipynb", "exec"), names)
        if to_opening and "open_step(" in source:
            break
    return names
