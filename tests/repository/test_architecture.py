"""The plan of the code holds: which module imports which, where files are opened, what notebooks and examples name.

The contracts themselves are in pyproject.toml, under [tool.importlinter].
"""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import grimp
import pytest

from analysis.settings import ROOT
from workbench.steps import LANGUAGES, stored_notebooks

PACKAGES = ("analysis", "workbench")
SOURCES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
           for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}
WITH_EXAMPLES = [module for module, path in SOURCES.items() if ">>> " in path.read_text(encoding="utf-8")]
NOTEBOOKS = [path for lang in LANGUAGES for path in stored_notebooks(lang).values()]
# What opens, reads or writes a file, whatever it is called on.
OPENING = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "read_csv", "to_csv", "read_excel"}
# The CSV dialect of all tables; raw files; the settings; the boundaries of the maps.
OPENERS = {"analysis.frames", "analysis.rawfiles", "analysis.settings", "analysis.maps"}
READERS = {"analysis.framework", "analysis.sources"}  # of raw tables, by `rawfiles.read_table`


def call(*command: str) -> str:
    """The output of a Python command in the repository; fails with it where the command fails."""
    finished = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
                              timeout=300)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Every import of both packages, those inside functions and for annotations included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)


class TestImports:
    def test_every_contract_is_kept(self):
        run = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
        assert "0 broken" in call("-c", run)

    def test_no_module_imports_itself_by_way_of_others(self, graph):
        assert set(SOURCES) == set(graph.modules)
        imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
        TopologicalSorter(imports).prepare()  # CycleError names the modules of a cycle


class TestFiles:
    def test_the_method_opens_files_in_four_modules_only(self):
        method = {module: path for module, path in SOURCES.items() if module.startswith("analysis")}
        assert {module for module, path in method.items() if opens_files(path)} == OPENERS

    def test_raw_tables_are_read_in_two_modules_only(self, graph):
        users = graph.find_modules_that_directly_import("analysis.rawfiles")
        named = {module for module in users if module.startswith("analysis") and "read_table" in names_in(module)}
        assert named == READERS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "notebooks").as_posix())
def test_a_notebook_names_only_what_a_module_has(path):
    """A moved definition is missed here at once, not when the notebook comes to it."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tree = ast.parse("\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in PACKAGES:
            exec(compile(ast.Module([node], []), str(path), "exec"), known)
    uses = {(node.value.id, node.attr) for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
    assert [f"{name}.{attribute}" for name, attribute in sorted(uses)
            if isinstance(known.get(name), ModuleType) and not hasattr(known[name], attribute)] == []


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_in_docstrings_are_true(module):
    found = doctest.testmod(importlib.import_module(module))
    assert found.attempted and not found.failed


def test_ruff_has_nothing_to_say():
    call("-m", "ruff", "check", "--no-cache", ".")


@pytest.mark.long
def test_the_types_of_the_method_agree():
    call("-m", "mypy")  # 7 s; less than 1 s where .mypy_cache is there


def opens_files(path: Path) -> bool:
    """Whether a module calls anything that opens, reads or writes a file; `os.open` silences a solver."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return any((isinstance(called, ast.Name) and called.id in OPENING)
               or (isinstance(called, ast.Attribute) and called.attr in OPENING and ast.unparse(called) != "os.open")
               for called in calls)


def names_in(module: str) -> set[str]:
    """The names that a module uses."""
    nodes = ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8")))
    return {node.id for node in nodes if isinstance(node, ast.Name)}
