"""Workbooks: formulas that give the study's numbers, the same when a weight changes; texts that stay texts.

The formulas are worked out here from what stands in the file, by a small reader of the few functions that they use.
"""

import io
import math
import re
import shutil
import zipfile
from functools import cache

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import column_index_from_string
from sample_notebook import HOSTILE

from analysis import scoring
from analysis.frames import read_frame, write_frame
from analysis.settings import ROOT, load_settings
from analysis.study import score_study
from analysis.tables import percentage, small_chance
from workbench.office import results_words, score_formulas, tables_book
from workbench.office.results import MOST_CELLS, results_workbook
from workbench.office.run_book import RunBook
from workbench.office.sheets import HEAD_ROW, Book
from workbench.project import Run
from workbench.reporting import Stamp
from workbench.reporting.blocks import Block
from workbench.reporting.table import Table
from workbench.run_input import run_ground

pytestmark = pytest.mark.long

BASELINE = ROOT / "data/processed/baseline"
STAMP = {"zh": Stamp("baseline", "公开数据版：34 项指标中的 11 项，缺数字治理", "2026 年 11 月"),
         "en": Stamp("baseline", "Public-data edition: 11 of 34 indicators", "November 2026")}
FORMULA = "=cmd()"
FIRST = HEAD_ROW + 2  # the first row of a table, counted from 1


def run_book(lang: str = "zh", data=BASELINE) -> RunBook:
    run = Run(data.name, data, data)
    return RunBook(run, run_ground(run.settings, data), STAMP[lang], lang)


@cache
def content(lang: str = "zh") -> bytes:
    return results_workbook(run_book(lang))


@cache
def opened(lang: str = "zh", values: bool = False):
    return openpyxl.load_workbook(io.BytesIO(content(lang)), data_only=values)


# --- formulas ---------------------------------------------------------------------------------------------------------
REFERENCE = re.compile(r"(?:'([^']+)'!)?\$?([A-Z]{1,2})\$?(\d+)(?::\$?([A-Z]{1,2})\$?(\d+))?(?![\w(])")
FUNCTIONS = {
    "ROUND": round, "SUM": lambda block: math.fsum(block.ravel()), "ABS": np.abs, "EXP": math.exp, "LN": np.log,
    "SUMPRODUCT": lambda *blocks: math.fsum(np.prod(blocks, axis=0).ravel()),
    "MATCH": lambda value, block, kind: [str(cell) for cell in block.ravel()].index(str(value)) + 1,
    "INDEX": lambda block, row, column: block[row - 1:row],
    "RANK": lambda value, block, order: 1 + int((block.ravel() > value).sum()),
}


class Sheets:
    """The cells of a workbook; `value` works a formula out from other cells' formulas, never from stored results."""

    def __init__(self, book) -> None:
        self.cells = {(sheet.title, cell.column, cell.row): cell.value for sheet in book for row in sheet.iter_rows()
                      for cell in row if cell.value is not None}
        self.known: dict[tuple, object] = {}

    def value(self, sheet: str, column: int, row: int):
        key = (sheet, column, row)
        if key not in self.known:
            held = self.cells.get(key)
            is_formula = isinstance(held, str) and held.startswith("=") and held != FORMULA
            self.known[key] = self.work_out(sheet, held) if is_formula else held
        return self.known[key]

    def block(self, sheet: str, left: str, top: str, right: str, bottom: str) -> np.ndarray:
        key = (sheet, left, top, right, bottom)
        if key not in self.known:
            columns = range(column_index_from_string(left), column_index_from_string(right) + 1)
            cells = [[self.value(sheet, column, row) for column in columns] for row in range(int(top), int(bottom) + 1)]
            self.known[key] = np.array(cells)
        return self.known[key]

    def work_out(self, sheet: str, formula: str):
        def look_up(match: re.Match) -> str:
            other, left, top, right, bottom = match.groups()
            if right:
                return f"block({(other or sheet, left, top, right, bottom)})"
            return f"value({other or sheet!r}, {column_index_from_string(left)}, {top})"

        text = REFERENCE.sub(look_up, formula[1:]).replace("<>", "!=").replace("--(", "1*(")
        return eval(text, {"__builtins__": {}}, {**FUNCTIONS, "value": self.value, "block": lambda at: self.block(*at)})


def heads(sheet) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[HEAD_ROW + 1] if cell.value}


def links(sheet) -> list[str]:
    """The sheets that a sheet's links lead to."""
    return [cell.hyperlink.location.split("!")[0].strip("'") for row in sheet.iter_rows() for cell in row
            if cell.hyperlink]


class TestScores:
    @pytest.fixture(scope="class")
    @classmethod
    def sheets(cls):
        return Sheets(opened())

    def column(self, sheets: Sheets, head: str, worked_out: bool = True) -> pd.Series:
        sheet = opened()["得分与名次"]
        column, codes = heads(sheet)[head], [sheet.cell(row, 1).value for row in range(FIRST, sheet.max_row + 1)]
        values = [sheets.value("得分与名次", column, row) if worked_out else sheet.cell(row, column).value
                  for row in range(FIRST, sheet.max_row + 1)]
        return pd.Series(values, codes)

    @pytest.mark.parametrize(("head", "field"), [("得分", "score"), ("名次", "rank"), ("D1 数字经济", "D1"),
                                                 ("D5 数字创新", "D5"), ("D6 数字基础", "D6")])
    def test_every_formula_gives_the_number_of_the_study(self, sheets, head, field):
        assert all(str(cell).startswith("=") for cell in self.column(sheets, head, worked_out=False))
        found, table = self.column(sheets, head), read_frame(BASELINE / "05_scores.csv", "adcode")
        assert len(found) == len(table)
        assert np.abs(found - table.loc[found.index, field]).max() < 1e-9

    def test_what_a_viewer_shows_without_calculating_is_the_same(self, sheets):
        shown, sheet = opened(values=True)["得分与名次"], opened()["得分与名次"]
        for row in range(FIRST, sheet.max_row + 1):
            for column in range(1, sheet.max_column + 1):
                if str(sheet.cell(row, column).value).startswith("="):
                    worked_out = sheets.value(sheet.title, column, row)
                    assert shown.cell(row, column).value == pytest.approx(worked_out, abs=1e-9)

    def test_the_checks_are_zero(self, sheets):
        sheet = opened()["得分与名次"]
        checks = [cell for cell in sheet[HEAD_ROW] if str(cell.value).startswith("=")]
        assert len(checks) == 2 and [sheets.value(sheet.title, cell.column, cell.row) for cell in checks] == [0, 0]

    def test_another_weight_gives_the_scores_and_ranks_that_the_study_gives_for_it(self):
        """Weights are put right by their sum: ten points more on one take them from all others in proportion."""
        changed, weights = Sheets(opened()), read_frame(BASELINE / "05_weights.csv", "indicator")["combined"]
        sheet = opened()["权重"]
        column = heads(sheet)["采用的权重"]
        row = next(row for row in range(FIRST, sheet.max_row + 1) if sheet.cell(row, 1).value == "I24")
        changed.cells["权重", column, row] += 0.10
        shares = weights.add(pd.Series({"I24": 0.10}), fill_value=0)
        points = read_frame(BASELINE / "02_normalised.csv", "adcode")
        wanted = scoring.aggregate(points, shares / shares.sum())
        found = self.column(changed, "得分")
        assert np.abs(found - wanted[found.index]).max() < 1e-9
        assert (self.column(changed, "名次") == scoring.rank(wanted.round(10))[found.index]).all()
        top = opened()["得分与名次"]
        moved = [cell for cell in top[HEAD_ROW] if str(cell.value).startswith("=")][1]
        assert changed.value(top.title, moved.column, moved.row) > 50

    def test_sorting_a_sheet_does_not_tear_scores_from_their_cities(self):
        """The points are looked up by code: the rows of both sheets may stand in any order."""
        turned, sheet = Sheets(opened()), opened()["归一化值"]
        rows = list(range(FIRST, sheet.max_row + 1))
        for column in range(1, sheet.max_column + 1):
            values = [sheet.cell(row, column).value for row in rows]
            turned.cells.update({("归一化值", column, row): value
                                 for row, value in zip(rows, reversed(values), strict=True)})
        assert self.column(turned, "得分").equals(self.column(Sheets(opened()), "得分"))


@pytest.fixture(scope="module")
def geometric(tmp_path_factory, real_panel):
    """The tables of a run that multiplies its indicators."""
    from analysis.settings import write_settings
    from analysis.study import score_table

    folder = tmp_path_factory.mktemp("geometric")
    study = score_study(real_panel, load_settings(overrides={"aggregation.method": "geometric",
                                                             "normalisation.lowest_points": 1.0}))
    write_settings(study.settings, folder / "settings.yaml")
    write_frame(study.normalised, folder / "02_normalised.csv")
    write_frame(study.weights, folder / "05_weights.csv")
    write_frame(score_table(real_panel.cities, study.scores, study.ranks, study.domain_scores, study.raw,
                            pd.Series(dtype="Int64"), study.settings), folder / "05_scores.csv")
    return folder


class TestOtherRuns:
    def test_products_are_formulas_too(self, geometric):
        book = openpyxl.load_workbook(io.BytesIO(results_workbook(run_book("en", geometric))))
        sheets, sheet = Sheets(book), book["Scores and ranks"]
        table, column = read_frame(geometric / "05_scores.csv", "adcode"), heads(sheet)["Score"]
        assert "EXP(SUMPRODUCT(LN(" in sheet.cell(FIRST, column).value
        for row in range(FIRST, sheet.max_row + 1):
            score = sheets.value(sheet.title, column, row)
            assert score == pytest.approx(table.at[sheet.cell(row, 1).value, "score"], abs=1e-9)

    def test_topsis_needs_all_cities_and_stays_a_number(self, geometric, tmp_path):
        shutil.copytree(geometric, tmp_path / "t")
        path = tmp_path / "t/settings.yaml"
        text = path.read_text(encoding="utf-8").replace("method: geometric", "method: topsis")
        path.write_text(text, encoding="utf-8")
        assert not score_formulas.can_recompute(Run("x", path.parent, path.parent))
        with zipfile.ZipFile(io.BytesIO(results_workbook(run_book("zh", path.parent)))) as package:
            assert not [name for name in package.namelist() if b"<f>" in package.read(name)]

    def test_a_partial_run_has_the_sheets_of_what_it_holds(self, tmp_path):
        for name in ("settings.yaml", "07_tiers.csv"):
            shutil.copy(BASELINE / name, tmp_path)
        book = openpyxl.load_workbook(io.BytesIO(results_workbook(run_book("zh", tmp_path))))
        assert book.sheetnames == ["目录", "分层"]

    def test_names_of_cities_that_look_like_formulas_stay_names(self, tmp_path):
        for stem in ("02_normalised", "05_weights", "05_scores", "06_scenarios"):
            shutil.copy(BASELINE / f"{stem}.csv", tmp_path)
        shutil.copy(BASELINE / "settings.yaml", tmp_path)
        scores = read_frame(tmp_path / "05_scores.csv", "adcode")
        scores.loc["440300", ["name", "name_en"]] = FORMULA, HOSTILE
        write_frame(scores.rename(columns={"region": "+地区"}), tmp_path / "05_scores.csv")
        write_frame(pd.DataFrame({"=a": ["@b"], "adcode": ["440300"]}), tmp_path / "05_mine.csv", index=False)
        raw = results_workbook(run_book("zh", tmp_path))
        book = openpyxl.load_workbook(io.BytesIO(raw))
        found = {cell.value: cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row
                 if cell.value in (FORMULA, HOSTILE, "+地区", "=a", "@b")}
        assert set(found) == {FORMULA, HOSTILE, "+地区", "=a", "@b"}
        with zipfile.ZipFile(io.BytesIO(raw)) as package:
            formulas = b"".join(re.findall(rb"<f>.*?</f>", b"".join(map(package.read, package.namelist()))))
        assert b"cmd" not in formulas and b"<script" not in formulas
        assert not [name for name in zipfile.ZipFile(io.BytesIO(raw)).namelist() if "external" in name.lower()]


@pytest.mark.parametrize("lang", ["zh", "en"])
class TestWorkbook:
    def test_the_same_tables_give_the_same_bytes_under_three_megabytes(self, lang):
        assert content(lang) == results_workbook(run_book(lang)) and len(content(lang)) < 3_000_000

    def test_every_table_of_the_run_is_a_sheet_or_said_to_be_a_file(self, lang):
        listed = " ".join(str(cell.value) for row in opened(lang).worksheets[0].iter_rows() for cell in row)
        stems = {path.stem for path in BASELINE.glob("*.csv")}
        assert not [stem for stem in stems if f"{stem}.csv" not in listed]
        assert len(opened(lang).worksheets) == 1 + len(stems - set(results_words.FILES_ONLY))

    def test_every_link_of_the_contents_leads_to_a_sheet_and_back(self, lang):
        contents, *sheets = opened(lang).worksheets
        targets = links(contents)
        assert targets == [sheet.title for sheet in sheets]
        for sheet in sheets:
            assert links(sheet) == [contents.title]

    def test_every_sheet_has_stamp_filter_and_a_frozen_head(self, lang):
        for sheet in opened(lang).worksheets:
            assert STAMP[lang].edition in sheet["A2"].value and STAMP[lang].run in sheet["A2"].value
        for sheet in opened(lang).worksheets[1:]:
            assert sheet.freeze_panes.endswith(str(FIRST)) and sheet.auto_filter.ref.startswith(f"A{FIRST - 1}:")
            assert sheet["A1"].value == sheet.title and len(sheet.title) <= 31

    def test_numbers_have_formats_and_no_column_is_too_narrow_for_its_head(self, lang):
        sheet = opened(lang)[{"zh": "得分与名次", "en": "Scores and ranks"}[lang]]
        found = heads(sheet)
        assert sheet.cell(FIRST, found[{"zh": "得分", "en": "Score"}[lang]]).number_format == "0.00"
        assert sheet.cell(FIRST, found[{"zh": "名次", "en": "Rank"}[lang]]).number_format == "0"
        assert all(sheet.column_dimensions[cell.column_letter].width >= 7 for cell in sheet[HEAD_ROW + 1] if cell.value)

    def test_every_number_is_the_number_of_its_file(self, lang):
        """Sheet by sheet: the numbers of each CSV, in its order but for those that are sorted, are in the sheet."""
        names = {pick.stem: (pick.zh if lang == "zh" else pick.en) for pick in results_words.SHEETS
                 if (BASELINE / f"{pick.stem}.csv").is_file()}
        assert len(names) > 40
        for stem, title in names.items():
            frame = read_frame(BASELINE / f"{stem}.csv")
            numbers = frame.select_dtypes("number").to_numpy(dtype=float).ravel()
            cells = [cell.value for row in opened(lang, True)[title].iter_rows(min_row=FIRST) for cell in row]
            held = {float(cell) for cell in cells if isinstance(cell, int | float)}
            # codes of cities and of the tree's nodes are shown as names
            codes = [column for column in frame.select_dtypes("number") if column in ("city", "ahead", "behind",
                                                                                      "alone_city", "left_out")]
            coded = set(frame[codes].to_numpy(dtype=float).ravel()) if codes else set()
            missing = {number for number in numbers if np.isfinite(number) and number not in coded} - held
            assert not missing, (stem, sorted(missing)[:3])

    def test_heads_are_readable(self, lang):
        """Every column of the baseline has a head of its own in the language of the workbook."""
        for sheet in opened(lang).worksheets[1:]:
            bare = [head for head in heads(sheet) if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", str(head))]
            assert bare == [], sheet.title
            if lang == "en":
                assert not [head for head in heads(sheet) if re.search(r"[\u4e00-\u9fff]", str(head))], sheet.title

    def test_units_stand_above_raw_values(self, lang):
        sheet = opened(lang)[{"zh": "指标原始值", "en": "Raw indicators"}[lang]]
        units = [cell.value for cell in sheet[HEAD_ROW]][2:]
        assert all(units) and {"zh": "0–100 分", "en": "score 0–100"}[lang] in units


class TestSheets:
    def test_names_are_cut_cleaned_and_never_twice(self):
        book = Book(STAMP["zh"], "zh")
        names = [book.add(name).get_name() for name in ("a/b[c]", "A_b_c_", "x" * 40, "x" * 41, "history", "'")]
        assert names == ["a_b_c_", "A_b_c_ (2)", "x" * 31, "x" * 27 + " (2)", "history (2)", "_"]

    def test_a_table_too_long_for_a_sheet_stays_a_file(self, tmp_path):
        shutil.copy(BASELINE / "settings.yaml", tmp_path)
        write_frame(pd.DataFrame({"a": range(MOST_CELLS + 1)}), tmp_path / "05_long.csv", index=False)
        assert len(openpyxl.load_workbook(io.BytesIO(results_workbook(run_book("zh", tmp_path)))).worksheets) == 1


class TestShownTables:
    FRAME = pd.DataFrame({"城市": [FORMULA, "杭州"], "得分": [95.0246, -1.52], "份额": [0.3412, np.nan], "变动": [3, 0],
                          "年份": ["2016", "2017;2018"]})
    FORMATS = {"得分": ".1f", "份额": ".0%", "变动": "+d"}

    @pytest.fixture
    def book(self):
        table = Table.from_frame(self.FRAME, self.FORMATS)
        block = Block("table", label="表 1", caption="c", notes="注", anchor="t", table=table)
        chapters = [tables_book.Chapter("章", (block, block))]
        raw = tables_book.tables_workbook(chapters, STAMP["zh"], "zh")
        assert raw == tables_book.tables_workbook(chapters, STAMP["zh"], "zh")
        return openpyxl.load_workbook(io.BytesIO(raw))

    def test_numbers_are_not_rounded_and_look_as_on_the_page(self, book):
        rows = list(book["表 1"].iter_rows(min_row=FIRST, max_row=FIRST + 1))
        assert [[cell.value for cell in row] for row in rows] == [[FORMULA, 95.0246, 0.3412, 3, "2016"],
                                                                  ["杭州", -1.52, "–", 0, "2017;2018"]]
        assert [cell.number_format for cell in rows[0][1:4]] == ["0.0", "0%", "+0;−0;0"]
        assert rows[0][0].data_type != "n" and book.sheetnames == ["目录", "表 1", "表 1 (2)"]

    def test_three_lines(self, book):
        sheet = book["表 1"]
        assert sheet.cell(FIRST - 1, 1).border.top.style == "medium" and sheet.cell(FIRST - 1, 1).border.bottom.style
        assert sheet.cell(FIRST, 1).border.bottom.style is None
        assert sheet.cell(FIRST + 1, 4).border.bottom.style == "medium"

    @pytest.mark.parametrize(("value", "form", "number_format"), [
        (1234.6, ",.0f", "#,##0"), (0.6444, None, "0.0000"), (0.0004, small_chance, ""), (0.12549, ".1%", "0.0%"),
        (0.996, percentage, ""), (12, "+d", "+0;−0;0"), (-12, None, "0"), (2e-7, ".2e", "")])
    def test_a_number_is_shown_as_on_the_page_or_stays_its_text(self, value, form, number_format):
        table = Table.from_frame(pd.DataFrame({"x": [value]}), {"x": form} if form else None)
        assert tables_book.number_format(table.body[0][0].text) == number_format
