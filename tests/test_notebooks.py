"""The ten notebooks as documents: stored without outputs, short cells, both languages, one cell of literal choices."""

import ast
import re
import statistics
import sys

import nbformat
import pytest

from workbench.steps import NEEDS, STEPS
from analysis.settings import ROOT, TRAITS, flatten, load_settings

NOTEBOOKS = {path.stem: nbformat.read(path, 4) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
HEADING = re.compile(r"^(#+) +(\S.*)$", re.MULTILINE)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(params=NOTEBOOKS, ids=lambda name: name[:2])
def notebook(request):
    return NOTEBOOKS[request.param]


@pytest.fixture(params=NOTEBOOKS, ids=lambda name: name[:2])
def named(request):
    return request.param, NOTEBOOKS[request.param]


def test_names_are_those_of_the_steps():
    assert tuple(NOTEBOOKS) == tuple(NEEDS)


def test_median_cell_is_short():
    lengths = [len(cell.source.splitlines()) for notebook in NOTEBOOKS.values() for cell in code_cells(notebook)]
    assert statistics.median(lengths) <= 6


class TestStored:
    def test_without_outputs_and_valid(self, notebook):
        nbformat.validate(notebook)
        assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(notebook))

    def test_metadata_names_the_common_kernel_and_nothing_of_a_machine(self, notebook):
        assert notebook.metadata["kernelspec"] == {"display_name": "Python 3", "language": "python", "name": "python3"}
        assert set(notebook.metadata) == {"kernelspec", "language_info", "report"}
        about = {"title_zh", "title_en", "subtitle_zh", "subtitle_en", "kind"}
        report = notebook.metadata["report"]
        assert about <= set(report) <= about | set(TRAITS)
        assert all(set(report[trait]) <= about for trait in TRAITS if trait in report)

    def test_cell_ids_are_unique(self, notebook):
        ids = [cell.id for cell in notebook.cells]
        assert len(ids) == len(set(ids))

    def test_only_known_tags(self, notebook):
        known = {"zh", "en", "parameters", "setup", "hide-input", "finding", *TRAITS}
        assert {tag for cell in notebook.cells for tag in tags(cell)} <= known


class TestCells:
    def test_no_cell_is_long_and_none_defines_anything(self, notebook):
        for cell in code_cells(notebook):
            assert 0 < len(cell.source.splitlines()) <= 25, cell.source
            kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
            assert not any(isinstance(node, kinds) for node in ast.walk(ast.parse(cell.source))), cell.source

    def test_no_shell_no_warning_filter_no_swallowed_error(self, notebook):
        for cell in code_cells(notebook):
            assert not re.search(r"^[!%]|filterwarnings|simplefilter|^\s*except\b", cell.source, re.MULTILINE)

    def test_prose_before_code(self, named):
        """A sentence before each cell or group: never more than six code cells in a row without one."""
        name, notebook = named
        if name == STEPS[-1]:
            return  # the white paper hides its code and its cells speak for themselves
        kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in notebook.cells)
        assert re.match("(mm)+c", kinds), "prose first, then the parameters"
        assert max(map(len, re.findall("c+", kinds))) <= 6, kinds
        assert kinds.endswith("c"), "the last cell writes"

    def test_opens_its_own_step_and_checks_something(self, named):
        name, notebook = named
        code = "\n".join(cell.source for cell in code_cells(notebook))
        assert re.findall(r'open_step\(\s*"([^"]+)"', code) == [name]
        if name != STEPS[-1]:
            assert "step.check(" in code and "step.write(" in code

    def test_writes_and_reads_by_the_numbers_of_its_steps(self, named):
        name, notebook = named
        code = "\n".join(cell.source for cell in code_cells(notebook))
        assert all(stem.startswith(name[:2]) for stem in re.findall(r'step\.write\([^)]*?"(\d\d_\w+)"', code))
        assert all(stem < name[:2] for stem in re.findall(r'step\.read\(f?"(\d\d)_', code))


class TestParameters:
    def test_one_cell_of_literals_equal_to_the_baseline(self, notebook):
        cells = [cell for cell in notebook.cells if "parameters" in tags(cell)]
        assert len(cells) == 1
        body = ast.parse(cells[0].source).body
        assert all(isinstance(node, ast.Assign) and len(node.targets) == 1 for node in body)
        values = {node.targets[0].id: ast.literal_eval(node.value) for node in body}
        assert len(values) == len(body)
        expected = {name.replace(".", "_"): value for name, value in flatten(load_settings()).items()}
        assert values == {name: {"run": "lab", "lang": "zh"}.get(name, expected.get(name)) for name in values}
        assert list(values)[:3] == ["run", "lang", "city"]

    def test_every_parameter_is_used_and_handed_to_the_step(self, notebook):
        parameters = next(cell for cell in notebook.cells if "parameters" in tags(cell))
        names = [node.targets[0].id for node in ast.parse(parameters.source).body]
        calls = [node for cell in code_cells(notebook) for node in ast.walk(ast.parse(cell.source))
                 if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open_step"]
        assert [keyword.arg for keyword in calls[0].keywords] == names
        assert all(keyword.value.id == keyword.arg for keyword in calls[0].keywords)

    def test_names_cannot_be_confused_with_each_other(self):
        flat = [name.replace(".", "_") for name in flatten(load_settings())]
        assert len(flat) == len(set(flat)) and not {"run", "lang"} & set(flat)


class TestLanguages:
    def test_markdown_stands_in_pairs(self, notebook):
        languages = [tags(cell)[0] for cell in notebook.cells if cell.cell_type == "markdown"]
        assert languages == ["zh", "en"] * (len(languages) // 2)
        kinds = [cell.cell_type for cell in notebook.cells]
        chinese = [position for position, cell in enumerate(notebook.cells) if "zh" in tags(cell)]
        assert all(kinds[position + 1] == "markdown" for position in chinese)

    def test_both_have_the_same_headings_lists_and_formulas(self, notebook):
        pairs = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
        for chinese, english in zip(pairs[::2], pairs[1::2], strict=True):
            assert [len(marks) for marks, _ in HEADING.findall(chinese.source)] == [
                len(marks) for marks, _ in HEADING.findall(english.source)]
            for mark in (r"^[-*] ", r"^\d+\. ", r"\$\$", r"^\[\d+\]"):
                assert len(re.findall(mark, chinese.source, re.MULTILINE)) == len(
                    re.findall(mark, english.source, re.MULTILINE)), english.source

    def test_each_language_speaks_its_own(self, notebook):
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                prose = re.sub(r"`[^`]*`|\$[^$]*\$", "", cell.source)
                if "en" in tags(cell):  # a Chinese term may be quoted, in a sentence and not in a heading
                    assert not re.search("[\u4e00-\u9fff]{5,}", prose), cell.source
                    assert not any(CHINESE.search(title) for _, title in HEADING.findall(prose))
                else:
                    assert CHINESE.search(prose), cell.source

    def test_first_heading_is_the_title(self, notebook):
        for lang in ("zh", "en"):
            first = next(cell for cell in notebook.cells if lang in tags(cell))
            level, title = HEADING.findall(first.source)[0]
            assert level == "#" and title == notebook.metadata["report"][f"title_{lang}"]

    def test_texts_of_code_come_in_two_languages(self, notebook):
        """figure, table, say and check take Chinese and English: no Chinese in the English one."""
        for cell in code_cells(notebook):
            for node in ast.walk(ast.parse(cell.source)):
                name = getattr(getattr(node, "func", None), "attr", "")
                if isinstance(node, ast.Call) and name in ("say", "check", "figure", "table", "pick"):
                    texts = [argument for argument in node.args if isinstance(argument, ast.Constant | ast.JoinedStr)]
                    english = texts[-1] if texts else None
                    words = "".join(part.value for part in ast.walk(english) if isinstance(part, ast.Constant)
                                    and isinstance(part.value, str)) if english is not None else ""
                    assert not re.search(r"[\u4e00-\u9fff]{3,}", words), ast.unparse(node)


class TestRoot:
    @pytest.mark.parametrize("place", ["notebooks", ".", "analysis/reporting"])
    def test_the_set_up_cell_finds_the_root_from_anywhere_inside(self, notebook, place, monkeypatch):
        setup = [cell for cell in notebook.cells if "setup" in tags(cell)]
        assert len(setup) == 1
        monkeypatch.chdir(ROOT / place)
        monkeypatch.setattr(sys, "path", ["/elsewhere"])
        exec(compile(setup[0].source, "setup", "exec"), {})
        assert sys.path == [str(ROOT), "/elsewhere"]

    def test_set_up_is_the_same_in_all_and_comes_before_any_import_of_the_package(self):
        sources = [cell.source for notebook in NOTEBOOKS.values() for cell in notebook.cells if "setup" in tags(cell)]
        assert len(sources) == len(NOTEBOOKS) and len(set(sources)) == 1
        for notebook in NOTEBOOKS.values():
            order = ["setup" in tags(cell) or "from analysis" in cell.source for cell in code_cells(notebook)]
            first = code_cells(notebook)[order.index(True)]
            assert "setup" in tags(first)

    def test_outside_the_repository_it_changes_nothing(self, tmp_path, monkeypatch):
        setup = next(cell.source for cell in NOTEBOOKS[STEPS[0]].cells if "setup" in tags(cell))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", ["/elsewhere"])
        exec(compile(setup, "setup", "exec"), {})
        assert sys.path == ["/elsewhere"]
