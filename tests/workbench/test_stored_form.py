"""The form in which git stores notebooks, and the git filter that makes it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from conftest import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbench.stored_form import as_text, cleaned, stored_form

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "workbench/stored_form.py"
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))

# As JupyterLab 4.6 saves a notebook after Run All: outputs, counts, timings, view state, the interpreter's version.
SAVED = {
    "cells": [
        {"cell_type": "markdown", "id": "a1", "metadata": {"tags": ["zh"], "jp-MarkdownHeadingCollapsed": True},
         "source": ["# 标题\n", "second\u2028line"],
         "attachments": {"note.txt": {"text/plain": ["one\n", "two"]}, "dot.png": {"image/png": "iVBOR"}}},
        {"cell_type": "code", "execution_count": 1, "id": "a2", "outputs": [], "source": "alpha = 0.5\n",
         "metadata": {"tags": ["parameters"], "execution": {"iopub.status.idle": "2026-11-30T01:00:00Z"},
                      "trusted": True, "scrolled": True, "collapsed": False}},
        {"cell_type": "code", "execution_count": 2, "id": "rand", "outputs": [], "source": "alpha = 0.3",
         "metadata": {"tags": ["injected-parameters"], "papermill": {"duration": 0.01}}},
        {"cell_type": "code", "execution_count": 3, "id": "a3", "metadata": {"jupyter": {"source_hidden": True}},
         "outputs": [{"output_type": "execute_result", "execution_count": 3, "metadata": {},
                      "data": {"text/plain": ["1\n", "2"]}}], "source": ["1\n", "2"]},
        {"cell_type": "raw", "id": "a4", "metadata": {}, "source": ""},
    ],
    "metadata": {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
                 "language_info": {"name": "python", "version": "3.11.7", "mimetype": "text/x-python"},
                 "papermill": {"parameters": {"alpha": 0.3}}, "widgets": {}, "report": {"lang": "zh"}},
    "nbformat": 4, "nbformat_minor": 5,
}

anything = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
                        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner,
                                                                                    max_size=3), max_leaves=6)
metadata = st.dictionaries(st.sampled_from(["tags", "report", "kernelspec", "jupyter", "papermill", "trusted", "数"])
                           | st.text(max_size=6), anything, max_size=4)
cells = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["markdown", "code", "raw"]), "metadata": metadata,
     "source": st.text(max_size=30) | st.lists(st.text(max_size=10), max_size=4)},
    optional={"id": st.text("abc-_1", min_size=1, max_size=8), "outputs": st.lists(anything, max_size=2),
              "execution_count": st.none() | st.integers(), "unknown": anything})
notebooks = st.fixed_dictionaries({"cells": st.lists(cells, max_size=5), "metadata": metadata,
                                   "nbformat": st.just(4), "nbformat_minor": st.integers(0, 5)})


def source_of(cell: dict) -> str:
    return "".join(cell["source"])


class TestStoredForm:
    def test_results_and_traces_go_and_the_text_stays(self):
        stored = stored_form(SAVED)
        assert [cell["id"] for cell in stored["cells"]] == ["a1", "a2", "a3", "a4"]
        assert [cell["metadata"] for cell in stored["cells"]] == [{"tags": ["zh"]}, {"tags": ["parameters"]}, {}, {}]
        assert [source_of(cell) for cell in stored["cells"]] == [
            "# 标题\nsecond\u2028line", "alpha = 0.5\n", "1\n2", ""]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None
                   for cell in stored["cells"] if cell["cell_type"] == "code")
        assert stored["cells"][0]["attachments"] == SAVED["cells"][0]["attachments"]
        assert stored["metadata"] == {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"}, "report": {"lang": "zh"}}

    def test_the_notebook_given_is_not_changed(self):
        before = json.dumps(SAVED)
        stored_form(SAVED)
        assert json.dumps(SAVED) == before

    def test_it_is_written_as_nbformat_writes_it(self):
        text = as_text(stored_form(SAVED))
        notebook = nbformat.reads(text, 4)
        nbformat.validate(notebook)
        assert nbformat.writes(notebook) + "\n" == text

    def test_a_notebook_in_memory_may_be_given(self):
        cell = new_code_cell("1 + 1", outputs=[new_output("stream", text="2\n")], execution_count=4)
        stored = stored_form(new_notebook(cells=[new_markdown_cell("# 一\n二"), cell]))
        assert stored["cells"][0]["source"] == ["# 一\n", "二"] and stored["cells"][1]["outputs"] == []
        assert type(stored["cells"][1]) is dict

    @settings(max_examples=examples(50, 2000))
    @given(notebooks)
    @pytest.mark.long
    def test_the_stored_form_is_a_fixed_point(self, notebook):
        text = as_text(stored_form(notebook))
        assert as_text(stored_form(json.loads(text))) == text
        assert cleaned(text.encode()).decode() == text
        for cell in json.loads(text)["cells"]:
            assert set(cell["metadata"]) <= {"tags"} and not cell.get("outputs") and not cell.get("execution_count")

    @pytest.mark.long
    @settings(max_examples=examples(50, 2000))
    @given(notebooks)
    def test_sources_survive_letter_by_letter(self, notebook):
        tags = [cell["metadata"].get("tags") for cell in notebook["cells"]]  # anything at all
        kept = [cell for cell, its in zip(notebook["cells"], tags, strict=True)
                if not (isinstance(its, list) and "injected-parameters" in its)]
        assert [source_of(cell) for cell in stored_form(notebook)["cells"]] == [source_of(cell) for cell in kept]

    @pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT / "notebooks")))
    def test_every_notebook_of_the_repository_is_stored_in_it(self, path):
        """Where git has the filter, a notebook with outputs may lie in the folder: what counts is what git stores."""
        content = path.read_bytes()
        if shutil.which("git") and (ROOT / ".git").exists():
            kept = subprocess.run(["git", "show", f":{path.relative_to(ROOT).as_posix()}"], cwd=ROOT,
                                  capture_output=True)
            content = kept.stdout if kept.returncode == 0 else content
        assert cleaned(content) == content


NO_NOTEBOOKS = {
    "empty": b"", "text": "不是笔记本\r\n".encode(), "cut short": b'{"cells": [', "list": b"[1, 2]", "number": b"3",
    "other JSON": b'{"b": 1, "a": 2}', "GBK": "中文".encode("gbk"), "nbformat 3": b'{"nbformat": 3, "worksheets": []}',
    "odd cells": b'{"nbformat": 4, "cells": [1]}', "odd source": b'{"nbformat": 4, "cells": '
    b'[{"cell_type": "code", "source": 5}]}', "half a sign": b'{"nbformat": 4, "cells": '
    b'[{"cell_type": "raw", "source": "\\ud800"}]}', "deep": b"[" * 100_000,
    "odd attachments": b'{"nbformat": 4, "cells": [{"cell_type": "raw", "source": "", "attachments": [1]}]}',
    "conflict": b'<<<<<<< HEAD\n{"nbformat": 4}\n=======\n',
}


class TestFilter:
    @pytest.mark.parametrize("kind", NO_NOTEBOOKS)
    def test_what_is_no_notebook_passes_unchanged(self, kind):
        assert cleaned(NO_NOTEBOOKS[kind]) == NO_NOTEBOOKS[kind]

    @settings(max_examples=examples(100, 5000))
    @given(st.binary(max_size=60))
    def test_any_bytes_pass(self, content):
        assert cleaned(content) == content

    def test_the_script_needs_nothing_but_python(self, tmp_path):
        command = [sys.executable, "-I", "-S", str(SCRIPT)]
        result = subprocess.run(command, input=json.dumps(SAVED).encode(), capture_output=True, cwd=tmp_path)
        assert result.returncode == 0 and result.stderr == b""
        assert result.stdout.decode("utf-8") == as_text(stored_form(SAVED))

    def test_it_is_quick(self):
        """As large as a notebook with maps becomes: three megabytes of outputs."""
        large = json.loads(json.dumps(SAVED))
        large["cells"][3]["outputs"][0]["data"]["image/svg+xml"] = ["<path d='M 1 2 3 4'/>\n"] * 130_000
        content = json.dumps(large).encode()
        started = time.perf_counter()
        assert cleaned(content) == cleaned(json.dumps(SAVED).encode())
        assert time.perf_counter() - started < 2  # 0.05 s on an idle machine
