"""The template of own data: what stands on its sheets, and that its formulas compute what the study computes."""

import ast
import io
import math
import operator
import re
import zipfile
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from analysis.framework import leaves, read_framework
from analysis.settings import ROOT
from analysis.sources import read_cities, read_experts, read_judgements
from analysis.weighting import RANDOM_INDEX, ahp_weights
from workbench.own import template, template_sheets
from workbench.own.reading import read_input
from workbench.own.template import (
    Tables,
    compared,
    example_tables,
    repository_tables,
    template_workbook,
    write_template,
)
from workbench.own.template_from import write_study
from workbench.own.tree_numbers import SCALES

pytestmark = pytest.mark.long

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SAATY = [*(1 / number for number in range(9, 1, -1)), *range(1, 10)]
HOSTILE = ['=1+1', '+1', '-1', '@SUM(A1)', '=cmd|"/c calc"!A1', 'https://example.org', '"), "']


# --- a workbook read without a spreadsheet, and its formulas computed -------------------------------------------------
class Workbook:
    """The cells of an .xlsx file: texts, numbers and formulas with their stored results."""

    def __init__(self, content: bytes) -> None:
        self.archive = zipfile.ZipFile(io.BytesIO(content))
        texts = ["".join(part.itertext()) for part in self.xml("xl/sharedStrings.xml")]
        self.names = [sheet.get("name") for sheet in self.xml("xl/workbook.xml").iter(f"{SPACE}sheet")]
        self.cells, self.formulas = {}, {}
        for number, name in enumerate(self.names, start=1):
            for cell in self.xml(f"xl/worksheets/sheet{number}.xml").iter(f"{SPACE}c"):
                place, value, formula = (name, cell.get("r")), cell.find(f"{SPACE}v"), cell.find(f"{SPACE}f")
                if formula is not None:
                    self.formulas[place] = formula.text
                if value is not None:
                    text = value.text or ""
                    self.cells[place] = texts[int(text)] if cell.get("t") == "s" else \
                        text if cell.get("t") == "str" or not text else float(text)

    def xml(self, path):
        return ElementTree.fromstring(self.archive.read(path))

    def sheet_xml(self, name):
        return self.archive.read(f"xl/worksheets/sheet{self.names.index(name) + 1}.xml").decode()

    def column(self, sheet: str, letter: str) -> dict[int, object]:
        return {int(place[len(letter):]): value for (name, place), value in self.cells.items()
                if name == sheet and re.fullmatch(f"{letter}[0-9]+", place)}

    def row(self, sheet: str, number: int) -> list:
        return [value for (name, place), value in self.cells.items()
                if name == sheet and re.fullmatch(f"[A-Z]+{number}", place)]

    def frame(self, sheet: str) -> pd.DataFrame:
        rows: dict[int, dict] = {}
        for (name, place), value in self.cells.items():
            if name == sheet:
                letter, number = re.fullmatch("([A-Z]+)([0-9]+)", place).groups()
                rows.setdefault(int(number), {})[letter] = value
        table = pd.DataFrame.from_dict(rows, orient="index").sort_index()
        return table.iloc[1:].set_axis(table.iloc[0].tolist(), axis=1).reset_index(drop=True)

    def computed(self, sheet: str) -> "Calculator":
        return Calculator(self, sheet)


class Calculator:
    """The formulas of one sheet, computed afresh from its numbers; `cells` may be changed first."""

    def __init__(self, book: Workbook, sheet: str) -> None:
        self.formulas = {place: text for (name, place), text in book.formulas.items() if name == sheet}
        self.cells = {place: value for (name, place), value in book.cells.items()
                      if name == sheet and place not in self.formulas}
        self.known: dict = {}

    def value(self, place: str):
        place = place.replace("$", "")
        if place not in self.formulas:
            return self.cells.get(place)
        if place not in self.known:
            source = re.sub(r"(?<![<>])=", "==", self.formulas[place]).replace("^", "**")
            source = re.sub(r"(\$?[A-Z]+\$?[0-9]+):(\$?[A-Z]+\$?[0-9]+)", r"area('\1','\2')", source)
            source = re.sub(r"(?<![A-Z$'\"])(\$?[A-Z]+\$?[0-9]+)(?![0-9(']|\")", r"cell('\1')", source)
            self.known[place] = self.compute(ast.parse(source, mode="eval").body)
        return self.known[place]

    def area(self, first: str, last: str) -> list:
        corners = [re.fullmatch("([A-Z]+)([0-9]+)", place.replace("$", "")).groups() for place in (first, last)]
        (left, top), (right, bottom) = corners
        assert len(left) == len(right) == 1
        return [self.value(f"{chr(letter)}{row}") for row in range(int(top), int(bottom) + 1)
                for letter in range(ord(left), ord(right) + 1)]

    def compute(self, node):
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Compare):
            left, right = self.compute(node.left), self.compute(node.comparators[0])
            return {ast.Eq: operator.eq, ast.Gt: operator.gt, ast.Lt: operator.lt}[type(node.ops[0])](left, right)
        if isinstance(node, ast.BinOp):
            return {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
                    ast.Pow: operator.pow}[type(node.op)](self.compute(node.left), self.compute(node.right))
        name, parts = node.func.id, node.args
        if name == "IF":
            return self.compute(parts[1] if self.compute(parts[0]) else parts[2])
        if name in ("cell", "area"):
            return getattr(self, {"cell": "value", "area": "area"}[name])(*(part.value for part in parts))
        found = [self.compute(part) for part in parts]
        flat = [item for part in found for item in (part if isinstance(part, list) else [part])]
        numbers = [item for item in flat if isinstance(item, (int, float)) and not isinstance(item, bool)]
        if name == "COUNTIF":
            assert flat.pop() == ">0"
            return sum(number > 0 for number in numbers)
        return {"SUM": lambda: math.fsum(numbers), "COUNT": lambda: len(numbers), "MAX": lambda: max(numbers),
                "ISNUMBER": lambda: len(numbers) == 1, "AND": lambda: all(flat),
                "GEOMEAN": lambda: math.exp(math.fsum(map(math.log, numbers)) / len(numbers))}[name]()


def block(n: int) -> dict:
    """Where results of an n × n matrix stand: rows counted from 1."""
    start = n + 3
    return {"judged": f"B{start + 1}", "lambda_max": f"B{start + 2}", "index": f"B{start + 3}", "ri": f"B{start + 4}",
            "ratio": f"B{start + 5}", "verdict": f"B{start + 6}", "first": start + 9}


def random_matrix(n: int, seed: int) -> np.ndarray:
    """Judgements drawn from the scale 1/9…9: mostly far from consistent."""
    upper = np.triu(np.random.default_rng(seed).choice(SAATY, (n, n)), 1)
    return upper + np.tril(1 / np.where(upper > 0, upper, np.nan).T, -1) + np.eye(n)


def one_matrix(matrix: np.ndarray, filled: bool = True) -> tuple[Workbook, Calculator]:
    """A workbook of a tree whose goal has as many domains as the matrix has rows."""
    n = len(matrix)
    codes = [f"D{number}" for number in range(1, n + 1)]
    levels = [(code, "domain", "") for code in codes] + [(f"S{code}", "subdomain", code) for code in codes] + [
        (f"I{code}", "indicator", f"S{code}") for code in codes]
    tree = pd.DataFrame(levels, columns=["code", "level", "parent"]).set_index("code")
    tree = tree.assign(name_zh="名", name_en=tree.index, direction="+").reindex(
        columns=template.FRAMEWORK_COLUMNS[1:], fill_value="")
    study = repository_tables()
    judged = {"own": {"goal": pd.DataFrame(matrix, codes, codes)}} if filled else {}
    values = pd.DataFrame(index=study.cities.index, columns=leaves(tree), dtype=float)
    book = Workbook(template_workbook(Tables(values, tree, study.cities, study.regions, study.experts, judged,
                                             template.comments(tree, {}))))
    return book, book.computed("ahp_goal")


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "blank.xlsx"
    write_template(path)
    return Workbook(path.read_bytes())


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "example.xlsx"
    write_template(path, example="county_care")
    return Workbook(path.read_bytes())


@pytest.fixture(scope="module")
def reading():
    return pytest.importorskip("workbench.own.reading")


# --- sheets -----------------------------------------------------------------------------------------------------------
class TestSheets:
    def test_one_sheet_a_table_and_a_matrix_for_every_node_with_two_children(self, blank):
        tree = read_framework(ROOT)
        parents = tree["parent"].value_counts()
        nodes = [code for code in tree.index if parents.get(code, 0) > 1]
        assert blank.names == ["说明", "values", "framework", "cities", "regions", "experts", "study", "ahp_goal",
                               *(f"ahp_{node}" for node in nodes)]
        assert "S04" not in nodes and len(nodes) == 6 + 13

    def test_values_have_codes_a_remark_and_every_city(self, blank):
        cities = read_cities(ROOT)
        assert blank.row("values", 1) == ["code", "name", *(f"I{number:02d}" for number in range(1, 35))]
        codes, names = blank.column("values", "A"), blank.column("values", "B")
        assert codes[2].startswith("#") and [codes[row] for row in range(3, 300)] == list(cities.index)
        assert [names[row] for row in range(3, 300)] == list(cities["name"]) and max(codes) == 299
        assert blank.cells["values", "C2"] == "信息技术发展\nInformation technology development"
        assert not any(isinstance(value, float) for (sheet, _), value in blank.cells.items() if sheet == "values")

    def test_the_looks_help_whoever_fills_in(self, blank, example):
        values = blank.sheet_xml("values")
        assert 'xSplit="2" ySplit="2"' in values and 'state="frozen"' in values and "sheetProtection" not in values
        assert '<dataValidation type="decimal"' in values and 'sqref="C3:AJ2001"' in values
        assert 'sqref="C3:N2001"' in example.sheet_xml("values")
        framework = blank.sheet_xml("framework")
        assert '"+,-"' in framework and '"domain,subdomain,indicator"' in framework
        assert "'说明'!$C$" in blank.sheet_xml("ahp_goal").replace("&#39;", "'")
        comments = "".join(blank.archive.read(name).decode() for name in blank.archive.namelist() if "comment" in name)
        assert "telecom revenue (median of 2017-2019) per resident" in comments and "数字经济 › 数字产业化" in comments

    def test_the_scale_is_offered_as_fractions(self, blank):
        place = re.search(r"'说明'!\$C\$(\d+):\$C\$(\d+)", blank.sheet_xml("ahp_goal").replace("&#39;", "'"))
        first, last = map(int, place.groups())
        column = blank.column("说明", "C")
        assert [column[row] for row in range(first, last + 1)] == pytest.approx(SAATY)
        assert 'numFmtId="12"' in blank.archive.read("xl/styles.xml").decode(), "# ?/?: 1/3 may be typed as it is"

    def test_tables_are_the_study_s_own(self, blank):
        tree, cities = read_framework(ROOT), read_cities(ROOT)
        framework = blank.frame("framework")
        assert framework["code"].tolist() == list(tree.index)
        assert (framework.loc[framework["level"] == "indicator", "direction"] == "+").all()
        assert {"unit_zh", "unit_en", "source"} <= set(blank.row("framework", 1))
        listed = blank.frame("cities").set_index("code")
        assert listed[["name", "region", "nbs_region", "province_short"]].equals(
            cities[["name", "region", "nbs_region", "province_short"]].rename_axis("code"))
        assert listed["lon"].notna().sum() == cities["seat_lon"].notna().sum()
        regions = blank.frame("regions")
        assert regions["system"].value_counts().to_dict() == {"province_short": 31, "region": 7, "nbs_region": 4}
        for system, rows in regions.groupby("system"):
            assert set(rows["name"]) == set(cities[system]) and rows["name_en"].str.len().min() > 3
        assert blank.row("experts", 2)[0] == "own" and blank.frame("experts").shape[0] == 1

    def test_instructions_name_the_commands_in_both_languages(self, blank):
        said = "\n".join(text for (sheet, _), text in blank.cells.items() if sheet == "说明" and isinstance(text, str))
        for part in ("check --panel mine.xlsx", "run --panel mine.xlsx --run mine", "What is refused", "会被拒绝的",
                     "What is understood", "看得懂的写法"):
            assert part in said

    def test_two_calls_give_the_same_bytes_of_a_file_that_opens_fast(self, tmp_path):
        for name in ("one", "two"):
            write_template(tmp_path / "new" / f"{name}.xlsx")
        content = (tmp_path / "new/one.xlsx").read_bytes()
        assert content == (tmp_path / "new/two.xlsx").read_bytes() and len(content) < 500_000

    def test_an_example_comes_filled_in(self, example):
        study = example_tables(ROOT, "county_care")
        assert [name for name in example.names if name.startswith("ahp_")] == [
            f"ahp_{expert}_{node}" for expert in ("provider", "family") for node in compared(study.framework)]
        shown = example.frame("values").iloc[1:].set_index("code")
        assert shown[study.values.columns].astype(float).equals(study.values.rename_axis(None, axis=1))
        assert example.cells["values", "C2"].endswith("[张/千人 / beds per 1000]")

    def test_what_cannot_be_is_refused_by_name(self, tmp_path):
        path = tmp_path / "mine.xlsx"
        with pytest.raises(ValueError, match="no example county; known examples: county_care, human_development"):
            write_template(path, example="county")
        with pytest.raises(ValueError, match="indicators that the study does not have: I99"):
            write_template(path, values=pd.DataFrame({"I99": [1.0]}, index=["110000"]))
        with pytest.raises(ValueError, match="cities that the study does not have: 999999"):
            write_template(path, values=pd.DataFrame({"I01": [1.0]}, index=["999999"]))
        with pytest.raises(ValueError, match="at most 31 letters"):
            template.sheet_name("academic", "D" * 30)
        assert not path.exists()


def test_names_never_become_formulas_or_links():
    study = repository_tables()
    tree, cities = study.framework.copy(), study.cities.copy()
    tree.iloc[:7, tree.columns.get_loc("name_zh")] = HOSTILE
    tree.iloc[-7:, tree.columns.get_loc("name_zh")] = HOSTILE
    cities.iloc[:7, 0] = HOSTILE
    experts = study.experts.assign(name_zh=HOSTILE[0], description_zh=HOSTILE[4])
    book = Workbook(template_workbook(Tables(study.values, tree, cities, study.regions, experts, {},
                                             template.comments(tree, {}))))
    assert not any(text in formula for formula in book.formulas.values() for text in HOSTILE if text != "-1"
                   and text != "+1")
    assert all(sheet.startswith("ahp_") or (sheet == "values" and place.endswith("2"))
               for sheet, place in book.formulas)
    assert "hyperlink" not in "".join(book.sheet_xml(name) for name in book.names)
    assert [book.column("values", "B")[row] for row in range(3, 10)] == HOSTILE
    assert not any(name.startswith("xl/external") or "vbaProject" in name for name in book.archive.namelist())


# --- formulas ---------------------------------------------------------------------------------------------------------
class TestFormulas:
    @pytest.mark.parametrize("n", [2, 3, 4, 6, 9])
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_weights_and_consistency_are_those_of_the_study(self, n, seed):
        matrix = random_matrix(n, seed)
        self.agrees(one_matrix(matrix)[1], matrix)

    def agrees(self, sheet: Calculator, matrix: np.ndarray) -> None:
        n, mean, vector = len(matrix), ahp_weights(matrix, "geometric_mean"), ahp_weights(matrix)
        place = block(n)
        rows = range(place["first"], place["first"] + n)
        assert [sheet.value(f"C{row}") for row in rows] == pytest.approx(mean.weights.tolist(), abs=1e-9)
        assert [sheet.value(f"D{row}") for row in rows] == pytest.approx(vector.weights.tolist(), abs=1e-9)
        assert sheet.value(place["lambda_max"]) == pytest.approx(mean.lambda_max, abs=1e-9)
        assert sheet.value(place["index"]) == pytest.approx(mean.consistency_index, abs=1e-9)
        assert sheet.value(place["ratio"]) == pytest.approx(mean.consistency_ratio, abs=1e-9)
        assert sheet.value(place["ri"]) == RANDOM_INDEX[n] and sheet.value(place["judged"]) == n * (n - 1) // 2
        assert ("OK" in sheet.value(place["verdict"])) == (mean.consistency_ratio < 0.1)
        assert ("review" in sheet.value(place["verdict"])) == (mean.consistency_ratio >= 0.1)

    def test_the_repository_s_judgements_typed_in(self, blank):
        for nodes in read_judgements(ROOT).values():
            for node in ("goal", "D5", "S13"):
                matrix = nodes[node].to_numpy()
                sheet = blank.computed(f"ahp_{node}")
                for row, column in zip(*np.triu_indices(len(matrix), 1), strict=True):
                    sheet.cells[f"{chr(ord('B') + column)}{row + 2}"] = matrix[row, column]
                self.agrees(sheet, matrix)
        assert len(read_experts(ROOT)) == 3

    def test_the_worst_circle_of_judgements(self):
        matrix = np.array([[1, 9, 1 / 8], [1 / 9, 1, 9], [8, 1 / 9, 1]])
        book, sheet = one_matrix(matrix)
        self.agrees(sheet, matrix)
        assert "review" in book.cells["ahp_goal", block(3)["verdict"]]

    def test_stored_results_are_those_of_the_formulas(self, example):
        checked = 0
        for name in example.names[7:]:
            sheet = example.computed(name)
            for place in sheet.formulas:
                stored = example.cells.get((name, place), "")
                found = sheet.value(place)
                assert found == (stored if isinstance(stored, str) else pytest.approx(stored, abs=1e-12)), place
                checked += found != ""
        assert checked > 500

    @pytest.mark.parametrize("given", [None, "1/3", 0.0, -2.0])
    def test_an_incomplete_matrix_shows_blanks_and_no_error(self, given):
        matrix = random_matrix(4, 5)
        book, sheet = one_matrix(matrix, filled=False)
        for row, column in list(zip(*np.triu_indices(4, 1), strict=True))[1:]:
            sheet.cells[f"{chr(ord('B') + column)}{row + 2}"] = matrix[row, column]
        sheet.cells["C2"] = given
        results = {place: sheet.value(place) for place in sheet.formulas}
        filled = {place for place, value in results.items() if value != ""}
        assert filled == {block(4)["judged"], "B4", "B5", "C4", "C5", "D5"} and results[block(4)["judged"]] == 5
        stored = {place: book.cells.get(("ahp_goal", place), "") for place in sheet.formulas}
        assert set(stored.values()) == {"", 0.0}

    def test_everything_below_the_matrix_is_a_remark(self, blank):
        for name in blank.names[7:]:
            column, sheet = blank.column(name, "A"), blank.sheet_xml(name)
            n = next(row for row in range(2, 20) if row not in column) - 2
            used = {int(place[1:]) for (where, place) in blank.cells if where == name and int(place[1:]) > n + 1}
            assert n + 2 not in used and all(column[row].startswith("#") for row in used)
            assert [column[row] for row in range(2, n + 2)] == blank.row(name, 1)[1:]
            assert 'hidden="1"' in sheet and f'r="{n + 1 + 1 + 9 + n + 4 + template_sheets.SQUARINGS * n - 1}"' in sheet

    def test_names_and_units_follow_the_framework(self, blank):
        formula = blank.formulas["values", "AJ2"]
        assert "AJ$1" in formula and "framework!$D$2" in formula and formula.startswith("IFERROR(")


def test_written_values_stand_where_they_belong(tmp_path):
    cities = read_cities(ROOT).index
    values = pd.DataFrame({"I24": np.linspace(0.1, 3, 297) ** 20, "I01": np.nan}, index=cities[::-1])
    values.loc["440300", "I01"] = 1 / 3
    write_template(tmp_path / "given.xlsx", values=values)
    book = Workbook((tmp_path / "given.xlsx").read_bytes())
    shown = book.frame("values").iloc[1:].set_index("code")
    assert shown["I24"].astype(float).tolist() == values["I24"].loc[cities].tolist()
    assert shown["I01"].dropna().to_dict() == {"440300": 1 / 3}


class TestReadBack:
    """What the template writes is what the reader of own data reads."""

    def wide(self, study) -> pd.DataFrame:
        return study.values.pivot(index="code", columns="indicator", values="value")

    def test_values_come_back_to_the_last_bit(self, reading, tmp_path):
        cities = read_cities(ROOT).index
        figures = np.random.default_rng(7).lognormal(3, 2, (297, 3))
        values = pd.DataFrame(figures, cities, ["I01", "I11", "I34"])
        values.iloc[5:9, 1] = np.nan
        write_template(tmp_path / "given.xlsx", values=values)
        found = self.wide(reading.read_input(tmp_path / "given.xlsx"))
        pd.testing.assert_frame_equal(found.loc[cities], values, check_names=False, check_exact=True)

    def test_an_example_s_workbook_is_its_folder(self, reading, tmp_path):
        write_template(tmp_path / "example.xlsx", example="county_care")
        book, folder = (reading.read_input(path) for path in (tmp_path / "example.xlsx", ROOT / "examples/county_care"))
        study = example_tables(ROOT, "county_care")
        for found in (book, folder):
            assert self.wide(found).loc[study.values.index, study.values.columns].equals(study.values)
            assert found.framework["parent"].to_dict() == study.framework["parent"].to_dict()
            assert set(found.judgements) == {"provider", "family"}
            for expert, nodes in study.judgements.items():
                for node, upper in nodes.items():
                    full = upper.combine_first(1 / upper.T).fillna(1.0)
                    matrix = found.judgements[expert][node].loc[full.index, full.columns]
                    assert np.allclose(matrix, full, rtol=1e-12)


class TestColumnsThatMayStayBlank:
    def test_the_blank_template_has_them_all_with_remarks_and_reads_as_if_they_were_not_there(self, tmp_path):
        write_template(tmp_path / "mine.xlsx")
        sheet = load_workbook(tmp_path / "mine.xlsx")["framework"]
        heads = {cell.value: cell for cell in sheet[1]}
        for name in SCALES:
            assert heads[name].comment and "可空" in heads[name].comment.text, name
            assert all(cell.value is None for cell in sheet[heads[name].column_letter][1:])
        offered = {str(rule.sqref).split(":")[0].rstrip("0123456789"): rule.formula1
                   for rule in sheet.data_validations.dataValidation}
        assert offered[heads["normalisation"].column_letter] == '"minmax,zscore,rank,goalposts"'

    def test_an_examples_own_are_filled_in_as_numbers_the_others_blank(self, tmp_path):
        write_template(tmp_path / "hdi.xlsx", example="human_development")
        study = read_input(tmp_path / "hdi.xlsx")
        folder = read_input(ROOT / "examples/human_development")
        own = [name for name in SCALES if name in folder.framework]
        assert own == ["weight", "low", "high", "log"]
        assert study.framework[own].equals(folder.framework[own]) and "denominator" not in study.framework

    def test_a_study_begun_from_a_table_has_them_too(self, tmp_path):
        (tmp_path / "mine.csv").write_text("country,X1,X2\nAda,1,4\nBor,2,3\nCim,3,9\n", encoding="utf-8")
        write_study(tmp_path / "mine.csv", tmp_path / "study")
        head = (tmp_path / "study/framework.csv").read_text(encoding="utf-8-sig").splitlines()[0]
        assert head.endswith(",".join(SCALES)) and read_input(tmp_path / "study").framework.shape[0] == 4

    @pytest.mark.parametrize("head", ["医院,地区", "地区,医院"])
    def test_a_heading_that_is_the_same_for_several_rows_does_not_name_the_units(self, tmp_path, head):
        """地区 often names units; beside ten different hospitals it is a system of regions, and no row is lost."""
        rows = [(f"{sign}院", "东区" if place < 5 else "西区") for place, sign in enumerate("甲乙丙丁戊己庚辛壬癸")]
        ordered = rows if head.startswith("医院") else [row[::-1] for row in rows]
        text = "".join(f"{','.join(row)},{place + 3},{place * place}\n" for place, row in enumerate(ordered))
        (tmp_path / "mine.csv").write_text(f"{head},床位,满意度\n{text}", encoding="utf-8")
        write_study(tmp_path / "mine.csv", tmp_path / "study")
        study = read_input(tmp_path / "study")
        assert study.cities["name"].tolist() == [name for name, _ in rows]
        assert study.values["value"].tolist() == [
            number for place in range(10) for number in (place + 3, place * place)]
        assert sorted(study.regions["name"]) == ["东区", "西区"]
