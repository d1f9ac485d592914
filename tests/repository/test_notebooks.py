"""The notebooks as documents: stored without outputs, one language each, short cells, one cell of literal choices."""

import ast
import json
import re
import statistics
import sys

import nbformat
import pytest

from analysis.editions import TRAITS
from workbench.parameters import columns_of, wanted_cell
from workbench.steps import ELSEWHERE, LANGUAGES, STEPS, stored_notebooks
from workbench.stored_form import as_text, stored_form

NOTEBOOKS = {(lang, place): nbformat.read(path, 4) for lang in LANGUAGES
             for place, path in stored_notebooks(lang).items()}
PLACES = list(stored_notebooks("zh"))
HAN = re.compile(r"[\u3400-\u9fff]")
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
HEADING = re.compile(r"^(#+) +(\S.*)$", re.MULTILINE)
KINDS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Try)


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def step_of(place: str) -> str:
    return place.rpartition("/")[2]


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_of(notebook) -> str:
    return "\n".join(cell.source for cell in code_cells(notebook))


@pytest.fixture(params=NOTEBOOKS, ids="-".join)
def named(request):
    return *request.param, NOTEBOOKS[request.param]


def test_both_sets_hold_a_notebook_for_every_step():
    zh, en = (set(stored_notebooks(lang)) for lang in LANGUAGES)
    wanted = set(STEPS)
    wanted |= {f"{folder}/{step}" for step, folders in ELSEWHERE.items() for folder in folders.values()}
    assert zh == en == wanted


@pytest.mark.parametrize("lang", LANGUAGES)
def test_median_cell_is_short(lang):
    lengths = [len(cell.source.splitlines()) for (each, _), notebook in NOTEBOOKS.items() if each == lang
               for cell in code_cells(notebook)]
    assert statistics.median(lengths) <= 6


class TestStored:
    def test_without_outputs_valid_and_in_the_form_of_the_repository(self, named):
        lang, place, notebook = named
        nbformat.validate(notebook)
        assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(notebook))
        text = stored_notebooks(lang)[place].read_text(encoding="utf-8")
        assert text == as_text(stored_form(json.loads(text)))

    def test_metadata_names_the_common_kernel_and_nothing_of_a_machine(self, named):
        lang, place, notebook = named
        assert notebook.metadata["kernelspec"] == {"display_name": "Python 3", "language": "python", "name": "python3"}
        assert set(notebook.metadata) == {"kernelspec", "language_info", "report"}
        about, report = {"title", "subtitle", "kind", "lang"}, notebook.metadata["report"]
        assert about <= set(report) <= about | set(TRAITS) and report["lang"] == lang
        assert all(set(report[trait]) <= about for trait in TRAITS if trait in report)

    def test_cell_ids_are_unique(self, named):
        ids = [cell.id for cell in named[2].cells]
        assert len(ids) == len(set(ids))

    def test_only_known_tags(self, named):
        """None of them decides whether a cell is run."""
        assert {tag for cell in named[2].cells for tag in tags(cell)} <= {"parameters", "hide-input", "finding"}


class TestOneLanguage:
    def test_english_holds_no_chinese(self, named):
        lang, _, notebook = named
        if lang == "en":
            found = [line for cell in notebook.cells for line in cell.source.splitlines() if CHINESE.search(line)]
            assert not found and not CHINESE.search(str(notebook.metadata))

    def test_chinese_prose_is_chinese(self, named):
        lang, _, notebook = named
        if lang == "en":
            return
        for cell in notebook.cells:
            for block in cell.source.split("\n\n") if cell.cell_type == "markdown" else ():
                formula = block.startswith("$$") or re.match(r"\[\d+\] ", block)
                assert formula or HAN.search(block), block
        assert HAN.search(notebook.metadata["report"]["title"])

    @pytest.mark.parametrize("place", PLACES)
    def test_the_code_of_both_is_the_same_but_for_words(self, place):
        zh, en = (NOTEBOOKS[lang, place].cells for lang in LANGUAGES)
        assert [(cell.cell_type, tags(cell)) for cell in zh] == [(cell.cell_type, tags(cell)) for cell in en]
        for ours, theirs in zip(zh, en, strict=True):
            if ours.cell_type == "code" and "parameters" not in tags(ours):
                assert same_code(ast.parse(ours.source), ast.parse(theirs.source)), theirs.source

    @pytest.mark.parametrize("place", PLACES)
    def test_both_have_the_same_headings(self, place):
        zh, en = ([len(level) for cell in NOTEBOOKS[lang, place].cells if cell.cell_type == "markdown"
                   for level, _ in HEADING.findall(cell.source)] for lang in LANGUAGES)
        assert zh == en and (zh[0], zh.count(1)) == (1, 1)


def same_code(ours: ast.AST, theirs: ast.AST) -> bool:
    """Whether two pieces of code differ in nothing but words: a text, where the Chinese one is Chinese or names the
    language; a text with values in it, where the values are the same in any order."""
    if type(ours) is not type(theirs):
        return is_words(ours) and is_words(theirs)
    if isinstance(ours, ast.Constant):
        return ours.value == theirs.value or is_words(ours)
    if isinstance(ours, ast.JoinedStr):
        return values_in(ours) == values_in(theirs)
    for name, value in ast.iter_fields(ours):
        other = getattr(theirs, name)
        ours_list, theirs_list = (each if isinstance(each, list) else [each] for each in (value, other))
        if len(ours_list) != len(theirs_list):
            return False
        for one, two in zip(ours_list, theirs_list, strict=True):
            same = same_code(one, two) if isinstance(one, ast.AST) and isinstance(two, ast.AST) else one == two
            if not same:
                return False
    return True


def is_words(node: ast.AST) -> bool:
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and (text == "zh" or bool(CHINESE.search(text)))


def values_in(node: ast.JoinedStr) -> set[str]:
    """The expressions in a text with values, words in them masked."""
    class Masked(ast.NodeTransformer):
        def visit_Constant(self, node):
            words = isinstance(node.value, str) and not re.fullmatch(r"[\w.]+", node.value, re.ASCII)
            return ast.copy_location(ast.Constant("words"), node) if words else node

    return {ast.unparse(Masked().visit(value)) for value in node.values if isinstance(value, ast.FormattedValue)}


class TestCells:
    def test_no_cell_is_long_or_wide_and_none_defines_anything(self, named):
        for cell in code_cells(named[2]):
            assert 0 < len(cell.source.splitlines()) <= 25, cell.source
            assert all(columns_of(line) <= 110 for line in cell.source.splitlines()), cell.source
            assert not any(isinstance(node, KINDS) for node in ast.walk(ast.parse(cell.source))), cell.source

    def test_no_shell_no_warning_filter_no_search_path(self, named):
        for cell in code_cells(named[2]):
            assert not re.search(r"^[!%]|filterwarnings|simplefilter|sys\.path|step\.pick\(", cell.source, re.MULTILINE)

    def test_prose_before_code(self, named):
        """A sentence before each cell or group: never more than three code cells in a row without one."""
        _, place, notebook = named
        if step_of(place) == STEPS[-1]:
            return  # the white paper hides its code and its cells speak for themselves
        kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in notebook.cells)
        assert re.match("m+cm+c", kinds), "prose first, then the parameters"
        assert max(map(len, re.findall("c+", kinds))) <= 3, kinds
        assert kinds.endswith("c"), "the last cell writes"

    def test_opens_its_own_step_and_repeats_no_parameter(self, named):
        lang, place, notebook = named
        calls = [node for node in ast.walk(ast.parse(code_of(notebook)))
                 if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open_step"]
        assert len(calls) == 1
        given = [arg.value if isinstance(arg, ast.Constant) else arg.id for arg in calls[0].args]
        assert given == [step_of(place), "run", lang] and {word.arg for word in calls[0].keywords} <= {"only"}
        needed = "only" if place.startswith(("own/", "synthetic/")) else None
        assert needed is None or calls[0].keywords

    def test_checks_that_can_fail_and_tables_that_are_written(self, named):
        _, place, notebook = named
        code = code_of(notebook)
        assert "step.check(" in code and (step_of(place) == STEPS[-1] or "step.write(" in code)
        assert not re.search(r"step\.check\(abs\([\w.\[\]\"']+sum\(\) - 1\)", code), "weights sum to 1 by construction"
        if "02" <= step_of(place)[:2] <= "09":
            assert "equals=" in code, "one case is worked by hand and compared with the package"

    def test_writes_and_reads_by_the_numbers_of_its_steps(self, named):
        _, place, notebook = named
        name, code = step_of(place), code_of(notebook)
        assert all(stem.startswith(name[:2]) for stem in re.findall(r'step\.write\([^)]*?"(\d\d_\w+)"', code))
        assert all(stem <= name[:2] for stem in re.findall(r'step\.read\(f?"(\d\d)_', code))


class TestParameters:
    def test_the_cell_is_what_the_settings_say(self, named):
        lang, place, notebook = named
        cell, = (cell for cell in notebook.cells if "parameters" in tags(cell))
        assert cell.source == wanted_cell(place, lang), "python -m analysis parameters writes it anew"

    def test_papermill_shows_type_and_meaning(self, named):
        from papermill import inspect_notebook

        lang, place, _ = named
        found = inspect_notebook(str(stored_notebooks(lang)[place]))
        assert list(found)[:2] == ["run", "city"]
        for about in found.values():
            assert about["inferred_type_name"] in {"str", "int", "float", "bool", "list"} and about["help"].strip()

    def test_every_parameter_is_used(self, named):
        _, place, notebook = named
        used = {node.id for node in ast.walk(ast.parse(code_of(notebook)))
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        cell, = (cell for cell in notebook.cells if "parameters" in tags(cell))
        names = {node.target.id for node in ast.parse(cell.source).body}
        assert names - used <= {"city"}, "a parameter that the notebook never shows in use"


def test_modules_import_what_the_notebooks_use():
    """Names that notebooks take from the packages are there, in every cell that imports."""
    for notebook in NOTEBOOKS.values():
        for node in ast.walk(ast.parse(code_of(notebook))):
            if isinstance(node, ast.ImportFrom):
                __import__(node.module)
                for alias in node.names:
                    assert hasattr(sys.modules[node.module], alias.name) or __import__(f"{node.module}.{alias.name}")

