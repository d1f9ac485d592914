"""What differs from one run to the next is taken out of an executed notebook."""

from __future__ import annotations

import ast
import copy
import re
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.reporting.errors import ReportError

if TYPE_CHECKING:
    from nbformat import NotebookNode

_KEPT_CELL_METADATA = ("tags", "jupyter")
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_MEMORY_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")


def report_of(about: dict, traits: frozenset[str]) -> dict:
    """What a notebook says of itself as a report: language, kind, title and subtitle, for the kind of data it shows.

    `about` is its metadata `report`; beside its own title it may hold others by trait ("synthetic": {"title": …}).
    """
    own = {name: text for trait in sorted(traits) for name, text in about.get(trait, {}).items()}
    return {name: text for name, text in about.items() if isinstance(text, str)} | own


def tidy_notebook(notebook: NotebookNode, name: str, traits: frozenset[str] = frozenset()) -> NotebookNode:
    """The executed notebook without anything that varies between two runs of the same inputs.

    Cell ids and execution counts are numbered in order, the pieces in which a stream arrived are joined, timings,
    paths, host and interpreter versions are dropped, and the kernel is named in general terms ("python3").

    Parameters: `notebook`, not changed; `name`, the notebook's name, for errors; `traits`, of the run's panel.
    Returns a new notebook; tidying it again changes nothing.
    Raises `ReportError` when an output prints a memory address, since that differs in every run.
    """
    from nbformat import from_dict

    tidied = copy.deepcopy(notebook)
    report = tidied.metadata.get("report")
    kept = {"kernelspec": dict(_KERNEL), "language_info": {"name": "python"}}
    tidied.metadata = from_dict(kept | ({"report": report_of(report, traits)} if report else {}))
    tidied.nbformat_minor = max(tidied.nbformat_minor, 5)
    code_cells = 0
    for position, cell in enumerate(tidied.cells, start=1):
        cell.id = f"cell-{position:03d}"
        cell.metadata = from_dict({key: cell.metadata[key] for key in _KEPT_CELL_METADATA if cell.metadata.get(key)})
        if cell.cell_type == "code":
            code_cells += 1
            _tidy_code_cell(cell, code_cells, f"{name}, cell {position}")
    return tidied


def warnings_taken_out(notebook: NotebookNode, root: Path) -> list[str]:
    """What libraries warned of while a notebook ran, each message once and without the paths of this machine.

    The messages leave the notebook: they concern the program, not the reader of a study of own data, whose run they
    must not end. In the study's own notebooks they stay, and its report is refused.
    """
    found: dict[str, None] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stderr":
                found[output.text.strip().replace(f"{root}/", "")] = None
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs
                            if not (output.output_type == "stream" and output.name == "stderr")]
    return list(found)


def _tidy_code_cell(cell: NotebookNode, count: int, where: str) -> None:
    cell.execution_count = count if cell.source.strip() else None
    if "injected-parameters" in cell.metadata.get("tags", ()):
        cell.source = _readable_literals(cell.source)
    cell.outputs = _joined_streams(cell.outputs)
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = cell.execution_count
        shown = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
        if address := _MEMORY_ADDRESS.search(shown):
            line = next(line for line in shown.splitlines() if address[0] in line)
            raise ReportError(
                f"{where}: the output {line.strip()[:80]!r} shows a memory address, which differs in every run; "
                "end the cell with a value that prints the same each time, or with a semicolon"
            )


def _readable_literals(source: str) -> str:
    """Injected parameters as a reader would write them: papermill escapes Chinese letters, Python's repr does not."""
    lines = [f"{node.targets[0].id} = {ast.literal_eval(node.value)!r}"
             for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    return "\n".join(lines)


def _joined_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs with neighbouring pieces of the same stream as one piece."""
    joined: list[NotebookNode] = []
    for output in outputs:
        before = joined[-1] if joined else None
        if before and output.output_type == "stream" == before.output_type and output.name == before.name:
            before.text += output.text
        else:
            joined.append(output)
    return joined
