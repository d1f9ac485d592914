"""Own tables as people have them: every encoding, layout and workbook that is understood gives the same figures, and
what must not be read is refused before anything is read out of it."""

import datetime
import os
import re

import openpyxl
import pandas as pd
import pytest
from bad_inputs.cases import GOOD
from conftest import ROOT, examples, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from own_tables import (
    EXPECTED,
    GOOD_BOOK,
    HEAD,
    PANEL,
    ROWS,
    SHEET,
    changed_part,
    csv_text,
    figures,
    read_bytes,
    read_rows,
    refused,
    sheet_of,
    workbook_bytes,
)
from pandas.testing import assert_frame_equal

from workbench.own import canonical
from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input, write_input
from workbench.own.study_input import StudyInput


def rules(study: StudyInput) -> set[str]:
    return {rule for rules in study.log["rule"] for rule in rules.split("+")}


def kinds(warnings) -> set[str]:
    return {each.kind for each in warnings}


def assert_same_input(one: StudyInput, other: StudyInput, origin: bool = True) -> None:
    """Two inputs are equal; without `origin` they may come from other cells and be understood otherwise."""
    left_out = [] if origin else ["file", "sheet", "row", "column"]
    frame = {"check_exact": True, "check_dtype": False}
    assert_frame_equal(one.values.drop(columns=left_out), other.values.drop(columns=left_out), **frame)
    for name in ("framework", "cities", "regions", "experts"):
        assert_frame_equal(getattr(one, name), getattr(other, name), check_categorical=False, **frame)
    assert one.judgements.keys() == other.judgements.keys()
    for expert, nodes in one.judgements.items():
        assert nodes.keys() == other.judgements[expert].keys()
        for node, matrix in nodes.items():
            assert_frame_equal(matrix, other.judgements[expert][node], check_names=False, **frame)
    assert set(one.given) == set(other.given)
    if origin:
        assert_frame_equal(one.log, other.log, check_dtype=False)
        assert one.warnings == other.warnings and one.given == other.given


pytestmark = pytest.mark.usefixtures("repository_read_once")


# --- CSV files --------------------------------------------------------------------------------------------------------
class TestText:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_encodings_and_line_ends(self, tmp_path, encoding, end):
        assert figures(read_bytes(tmp_path, PANEL.replace("\n", end).encode(encoding))) == EXPECTED

    def test_utf_16_of_the_other_byte_order(self, tmp_path):
        assert figures(read_bytes(tmp_path, b"\xfe\xff" + PANEL.encode("utf-16-be"))) == EXPECTED

    @pytest.mark.parametrize(("content", "kind"), [
        ("name,I01\nZürich,1\ncafé,2\n".encode("latin-1"), "not_text"), (PANEL.encode("utf-16-le"), "not_text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not_text"), (b"\xff\xfea", "not_text"),
        (PANEL.encode("utf-32"), "not_text"), (PANEL.encode() + b"\xff\xff\n", "broken_utf8"),
        (b"PK\x03\x04rest", "workbook_by_another_name"), (b"", "empty_table"), (b"\n\n\n", "empty_table"),
        (b'name,I01\n"\xe5\x8c\x97\xe4\xba\xac\xe5\xb8\x82,1\n', "broken_row"),
        (b'name,I01\n"a"b,1\n', "broken_row"), (b'name\tI01\n"a"b\t1\n', "broken_row"),
        (b"name,I01\n" + b"9" * 200_000 + b",1\n", "broken_row"),
    ])
    def test_what_is_no_table_of_text_is_refused(self, tmp_path, content, kind):
        found = refused(tmp_path, content, "mine.csv")
        assert {each.kind for each in found} == {kind}
        assert all((each.zh + each.en).isprintable() for each in found)

    @pytest.mark.parametrize("row", ["D1,domain,,甲,A,+", "9x!,domain,,甲,A,+"])
    def test_a_tree_without_indicators_is_told_whatever_the_values_are(self, tmp_path, row):
        (tmp_path / "values.csv").write_text(csv_text([HEAD, *ROWS]), encoding="utf-8")
        (tmp_path / "framework.csv").write_text(f"code,level,parent,name_zh,name_en,direction\n{row}\n",
                                                encoding="utf-8")
        with pytest.raises(OwnDataError) as error:
            read_input(tmp_path)
        assert {each.file for each in error.value.problems} == {"framework.csv"}
        assert "no_indicator" in {each.kind for each in error.value.problems}

    @pytest.mark.parametrize("code", ["110\x16000", "\ud7ff", "\x7f", "\u202e110000"])
    def test_a_message_shows_a_sign_that_cannot_be_seen_by_its_number(self, tmp_path, code):
        text = csv_text([HEAD, *ROWS]).replace("110000", code, 1)
        found = refused(tmp_path, text.encode("utf-8"), "mine.csv")
        assert "unknown_code" in {each.kind for each in found}
        for each in found:
            assert (each.zh + each.en + each.value).isprintable()
            assert each.kind != "unknown_code" or r"\u" in each.en

    @pytest.mark.parametrize(("text", "encoding"), [
        ("name,I01\nMünchen,1\nKöln,2\nZürich,3\n", "latin-1"), ("name,I01\n臺北縣,1\n高雄市,2\n臺中縣,3\n", "big5"),
        ("name,I01\nМосква,1\nКазань,2\nТверь,3\n", "cp1251"), ("name,I01\n東京都,1\nさいたま,2\nカナガワ,3\n",
                                                                "shift-jis")])
    def test_a_text_of_another_encoding_is_refused(self, tmp_path, text, encoding):
        """What makes no Chinese when read as GB 18030 would give other names."""
        (found,) = refused(tmp_path, text.encode(encoding), "mine.csv")
        assert found.kind in ("other_encoding", "not_text")

    def test_a_broken_byte_of_utf_8_is_told_with_its_row(self, tmp_path):
        (found,) = refused(tmp_path, PANEL.encode().replace("杭州".encode(), "杭州".encode()[:-1]), "mine.csv")
        assert (found.kind, found.row) == ("broken_utf8", 4)

    def test_another_encoding_than_utf_8_is_always_told(self, tmp_path):
        study = read_bytes(tmp_path, PANEL.encode("gbk"))
        (told,) = [each for each in study.warnings if each.kind == "read_as_gb18030"]
        assert "北京市" in told.en and "read_as_gb18030" not in kinds(read_bytes(tmp_path, PANEL.encode()).warnings)

    @pytest.mark.parametrize("separator", [",", "\t", ";", "，"])
    def test_separators(self, tmp_path, separator):
        assert figures(read_bytes(tmp_path, csv_text([HEAD, *ROWS], separator).encode())) == EXPECTED

    def test_signs_that_separate_nothing(self, tmp_path):
        rows = [["2023年城市数据，单位；见下"], ["name", "I01 (a, b, c; d)", "I05", "note"],
                *([name, one, two, "甲，乙；丙;丁,戊"] for _, name, one, two, _ in ROWS)]
        for separator in ",\t;":
            study = read_bytes(tmp_path, csv_text(rows, separator).encode())
            assert figures(study) == {key: value for key, value in EXPECTED.items() if key[1] != "I24"}
            assert study.values["note"].iloc[0] == "甲，乙；丙;丁,戊"

    def test_a_decimal_comma_is_decided_by_the_file(self, tmp_path):
        text = "name;I01;I05\n北京市;1,234;2\n上海市;2,345;3\n杭州市;3,5;4\n"
        study = read_bytes(tmp_path, text.encode())
        assert list(figures(study).values()) == [1.234, 2.0, 2.345, 3.0, 3.5, 4.0]
        assert study.log["rule"].tolist().count("decimal_comma") == 1
        found, _ = refused(tmp_path, text.replace("3,5", "3").encode(), "mine.csv")
        assert (found.kind, found.row, found.column) == ("ambiguous_comma", 2, 2) and "2 such cells" in found.en
        study = read_bytes(tmp_path, text.replace(";", "\t").replace("3,5", "3,500").encode())
        assert figures(study)["110000", "I01"] == 1234.0 and "thousands" in rules(study)

    def test_quoted_cells_may_hold_line_breaks(self, tmp_path):
        rows = [["name", "I01\n信息技术发展", "I05", "note"],
                *(["\n".join(name), one, two, "一\n二\r\n三"] for _, name, one, two, _ in ROWS)]
        study = read_rows(tmp_path, rows)
        assert figures(study) == {key: value for key, value in EXPECTED.items() if key[1] != "I24"}
        assert set(study.values["note"]) == {"一 二 三"} and "white_space" in rules(study)
        assert study.values["row"].tolist()[::2] == [2, 3, 4, 5, 6], "rows of the table, not lines of the file"

    def test_titles_remarks_blank_rows_and_blank_columns(self, tmp_path):
        rows = [["全国城市数据"], [], ["（2023 年）"], ["# 备注", "1"], HEAD, ["＃ units", "", "%"], [], *ROWS,
                ["", "", "", "", "", "", ""], ["#1", "whatever"]]
        study = read_rows(tmp_path, rows)
        assert figures(study) == EXPECTED
        assert study.log.loc[study.log["rule"] == "title_row", "row"].tolist() == [1, 3]
        assert study.values["row"].min() == 8

    def test_other_notations_give_the_same_figures(self, tmp_path):
        rows = [[*HEAD], ["１１００００", "北京", "１２．５", "1,234.5", "'0.1%"],
                ["310000.0", "上海市 ", 11, "2 345", "0.25%"],
                [" 330100", "Hangzhou", "9.75 ", "1，500", " "], ["440100", "", "8.5", "1800.", ".4 %"],
                ["", "深圳", "1.425e1", "2e3", f"{1 / 3!r}%"]]
        study = read_rows(tmp_path, rows)
        assert figures(study) == EXPECTED
        assert {"full_width", "thousands", "percent", "apostrophe", "city_code", "city_short_name",
                "city_english_name"} <= rules(study)
        assert all(study.log[name].str.len().min() for name in ("reason_zh", "reason_en"))


class TestLayouts:
    def test_headings_in_both_languages(self, tmp_path):
        for head in (["代码", "城市", "信息技术发展", "I05 ", "Ｉ２４"],
                     ["行政区划代码", "城市名称", "Information technology development", "i05", "I 24"],
                     ["CODE", "City", "I01 信息技术发展", "I05（亿元）", "I24 [%]"]):
            assert figures(read_rows(tmp_path, [head, *ROWS])) == EXPECTED

    @pytest.mark.parametrize("called", ["code", "name", "both", "english", "short", "number"])
    def test_cities_by_code_or_name(self, tmp_path, called):
        english = ["Beijing", "Shanghai city", "HANGZHOU", "Guangzhou", "shen zhen"]
        who = {"code": lambda at: [ROWS[at][0], ""], "name": lambda at: ["", ROWS[at][1]],
               "both": lambda at: ROWS[at][:2], "english": lambda at: ["", english[at]],
               "short": lambda at: ["", ROWS[at][1][:-1]], "number": lambda at: [f"{ROWS[at][0]}.0", ""]}[called]
        rows = [[*who(at), *row[2:]] for at, row in enumerate(ROWS)]
        assert figures(read_rows(tmp_path, [HEAD, *rows])) == EXPECTED
        if called not in ("both", "number"):
            place = 0 if called == "code" else 1
            alone = [[HEAD[place], *HEAD[2:]], *([row[place], *row[2:]] for row in rows)]
            assert figures(read_rows(tmp_path, alone)) == EXPECTED

    def test_rows_and_columns_in_any_order(self, tmp_path):
        order = [4, 2, 0, 3, 1]
        rows = [[row[place] for place in order] for row in [HEAD, *ROWS[::-1]]]
        assert figures(read_rows(tmp_path, rows)) == EXPECTED

    def test_long_tables(self, tmp_path):
        long = [[code, indicator, value] for (code, indicator), value in EXPECTED.items()]
        for head in (["code", "indicator", "value"], ["代码", "指标", "数值"], ["城市代码", "指标代码", "指标值"]):
            assert figures(read_rows(tmp_path, [head, *long])) == EXPECTED
        named = [["城市", "指标", "年份", "值", "来源"],
                 *([code, "信息技术发展" if indicator == "I01" else indicator, "2023年", value, "年鉴"]
                   for code, indicator, value in long)]
        study = read_rows(tmp_path, named)
        assert figures(study) == EXPECTED and set(study.values["year"]) == {2023}
        assert set(study.values["source"]) == {"年鉴"}

    def test_the_latest_year_counts_and_the_others_are_logged(self, tmp_path):
        rows = [["code", "indicator", "year", "value"]]
        rows += [[code, "I01", year, value * factor] for code, _, value, *_ in ROWS
                 for year, factor in ((2021, 0.8), (2023, 1.0), (2022, 0.9))]
        study = read_rows(tmp_path, rows)
        assert figures(study) == {key: value for key, value in EXPECTED.items() if key[1] == "I01"}
        assert (study.log["rule"] == "earlier_year").sum() == 10 and set(study.values["year"]) == {2023}
        wide = [["code", "year", "I01"], *([code, year, value] for code, _, year, value in rows[1:])]
        assert figures(read_rows(tmp_path, wide)) == figures(study)

    def test_some_cities_and_indicators_are_enough(self, tmp_path):
        study = read_rows(tmp_path, [HEAD[:3], *(row[:3] for row in ROWS[:3])])
        assert len(figures(study)) == 3 and len(study.cities) == 297 and len(study.framework) == 54
        assert study.given == ("values",) and "repository_judgements" in kinds(study.warnings)

    def test_columns_beside_the_figures_are_told(self, tmp_path):
        rows = [["序号", *HEAD, "省份"], *([number, *row, "省"] for number, row in enumerate(ROWS))]
        study = read_rows(tmp_path, rows)
        assert figures(study) == EXPECTED
        assert [each.column for each in study.warnings if each.kind == "column_not_read"] == [1, 7]

    def test_a_place_that_is_called_like_a_total(self, tmp_path):
        folder = tmp_path / "mine"
        folder.mkdir()
        for name, text in {**GOOD, "cities": GOOD["cities"].replace("东一,East One", "合计,Sum"),
                           "values": GOOD["values"].replace("X01,East One", ",合计")}.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        assert "X01" in set(read_input(folder).values["code"])

    @pytest.mark.parametrize("heading", ["I01" + "(a)" * 5_000, "I01 " * 5_000, "_" * 40_000, "(" * 40_000])
    def test_a_heading_of_any_length_gets_an_answer(self, tmp_path, heading):
        found = refused(tmp_path, csv_text([["name", heading], *(row[1:3] for row in ROWS)]).encode(), "mine.csv")
        assert (found[0].kind, found[0].row, found[0].column) == ("unknown_indicator", 1, 2)
        assert len(found[0].value) <= 60 and len(found[0].en) < 500


# --- workbooks --------------------------------------------------------------------------------------------------------
class TestWorkbooks:
    @pytest.mark.parametrize("name", ["values", "数据", "Sheet1", "2023年", "a b"])
    def test_the_only_filled_sheet_is_the_table_of_values(self, tmp_path, name):
        def fill(book):
            sheet_of(book, name=name)
            for other in ("Sheet2", "Sheet3", "说明"):
                book.add_worksheet(other)
            book.get_worksheet_by_name("说明").write(0, 0, "how to fill in")
        study = read_bytes(tmp_path, workbook_bytes(fill), "mine.xlsx")
        assert figures(study) == EXPECTED and "table_not_read" not in kinds(study.warnings)

    def test_sheets_with_chinese_names(self, tmp_path):
        names = {"values": "数据", "framework": "指标体系", "cities": "城市", "regions": "区域", "experts": "专家",
                 "judgements": "判断矩阵"}

        def fill(book):
            for table, text in GOOD.items():
                rows = [[number_of(cell) for cell in line.split(",")] for line in text.splitlines()]
                sheet_of(book, rows, names[table])
        study = read_bytes(tmp_path, workbook_bytes(fill), "mine.xlsx")
        (tmp_path / "folder").mkdir()
        for name, text in GOOD.items():
            (tmp_path / "folder" / f"{name}.csv").write_text(text, encoding="utf-8")
        assert_same_input(study, read_input(tmp_path / "folder"), origin=False)

    @pytest.mark.long
    def test_csv_folder_and_workbook_give_the_same_input(self, tmp_path):
        one = read_bytes(tmp_path, PANEL.encode())
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine/values.csv").write_text(PANEL, encoding="gb18030")
        for other in (read_input(tmp_path / "mine"), read_bytes(tmp_path, GOOD_BOOK, "mine.xlsx")):
            assert_same_input(one, other, origin=False)
        assert one.values[["file", "sheet", "row", "column"]].iloc[0].tolist() == ["mine.csv", "", 2, 3]
        book = read_input(tmp_path / "mine.xlsx").values
        assert book[["file", "sheet", "row", "column"]].iloc[0].tolist() == ["mine.xlsx", "values", 2, 3]

    def test_numbers_as_text_and_codes_as_numbers(self, tmp_path):
        rows = [HEAD, *([float(code), name, *(str(value) if value is not None else None for value in values)]
                        for code, name, *values in ROWS)]
        assert figures(read_bytes(tmp_path, workbook_bytes(lambda book: sheet_of(book, rows)), "mine.xlsx")) == EXPECTED

    def test_formulas_have_the_result_that_was_stored(self, tmp_path):
        def fill(book, result):
            sheet = sheet_of(book)
            sheet.write_formula("C2", "=25/2", None, result)
            sheet.write_formula("E4", '=IF(1,"","")', None, "")
        content = changed_part(workbook_bytes(lambda book: fill(book, 12.5)), blank_text_result)
        assert figures(read_bytes(tmp_path, content, "mine.xlsx")) == EXPECTED

    def test_formulas_that_nobody_has_computed_are_refused(self, tmp_path):
        """Programs that write workbooks store no result, or 0 for every formula: that 0 is no figure."""
        book = openpyxl.Workbook()
        for row in [HEAD, *ROWS]:
            book.active.append(row)
        book.active["C2"] = "=25/2"
        book.save(tmp_path / "bare.xlsx")

        def fill(book):
            sheet_of(book).write_formula("C2", "=25/2")
        for content in ((tmp_path / "bare.xlsx").read_bytes(), workbook_bytes(fill)):
            (found,) = refused(tmp_path, content, "mine.xlsx")
            assert (found.kind, found.row, found.column, found.value) == ("formula_without_result", 2, 3, "=25/2")
        computed = changed_part(workbook_bytes(fill), lambda name, data: re.sub(rb' fullCalcOnLoad="1"', b"", data))
        assert figures(read_bytes(tmp_path, computed, "mine.xlsx"))["110000", "I01"] == 0.0

    def test_cells_of_per_cent_are_read_as_they_are_shown(self, tmp_path):
        def fill(book):
            sheet = sheet_of(book)
            for format_code, row in (("0%", 1), ("0.00%", 2), ("0.0%;[Red]-0.0%", 4)):
                sheet.write_number(row, 4, ROWS[row - 1][4] / 100, book.add_format({"num_format": format_code}))
            sheet.write_string(5, 4, f"{1 / 3!r}%")
        study = read_bytes(tmp_path, workbook_bytes(fill), "mine.xlsx")
        assert figures(study) == EXPECTED
        assert study.log.loc[study.log["rule"] == "percent", "before"].tolist() == [
            "0.1%", "0.25%", "0.4%", f"{1 / 3!r}%"]
        sheet_of_both = changed_part(workbook_bytes(fill), lambda name, data: data.replace(b"%</t>", b"</t>"))
        (found,) = refused(tmp_path, sheet_of_both, "mine.xlsx")
        assert (found.kind, found.row, found.column) == ("mixed_percent", 6, 5)

    def test_raised_digits_are_no_digits(self, tmp_path):
        def fill(book):
            raised = book.add_format({"font_script": 1})
            sheet = sheet_of(book)
            sheet.write_rich_string("C2", "12.", "5", raised, "1")
            sheet.write_rich_string("B3", "上海市", raised, "②")
            sheet.write_rich_string("A6", "4403", book.add_format({"bold": True}), "00")
        found = refused(tmp_path, workbook_bytes(fill), "mine.xlsx")
        assert [(each.kind, each.row, each.value) for each in found] == [
            ("unit_in_cell", 2, "12.5¹"), ("code_of_another_city", 3, "上海市②")]

    @pytest.mark.parametrize(("content", "kind"), [
        (datetime.datetime(2024, 1, 3), "date_for_number"), (datetime.timedelta(hours=30), "date_for_number"),
        (True, "truth_value"), ("#REF!", "error_value"), ("x" * 32_000, "not_a_number")])
    def test_other_cells(self, tmp_path, content, kind):
        book = openpyxl.Workbook()
        for row in [HEAD, *ROWS]:
            book.active.append(row)
        book.active["C2"] = content
        book.save(tmp_path / "made.xlsx")
        (found,) = refused(tmp_path, (tmp_path / "made.xlsx").read_bytes(), "mine.xlsx")
        assert (found.kind, found.sheet, found.row, found.column) == (kind, "Sheet", 2, 3) and len(found.value) <= 60

    def test_merged_cells_never_become_missing_figures(self, tmp_path):
        def fill(book, area):
            sheet = sheet_of(book)
            sheet.merge_range(*area, 7)
        found = refused(tmp_path, workbook_bytes(lambda book: fill(book, (1, 2, 3, 2))), "mine.xlsx")
        assert [(each.kind, each.row, each.column) for each in found] == [("merged_figure", 2, 3)]
        found = refused(tmp_path, workbook_bytes(lambda book: fill(book, (2, 3, 2, 4))), "mine.xlsx")
        assert [(each.kind, each.row, each.column) for each in found] == [("merged_figure", 3, 4)]

    def test_merged_titles_are_fine_and_merged_remarks_are_told(self, tmp_path):
        def fill(book):
            rows = [["城市数据"], [], [*HEAD, "source"], *([*row, None] for row in ROWS)]
            sheet = sheet_of(book, rows)
            sheet.merge_range(0, 0, 1, 5, "城市数据")
            sheet.merge_range(3, 5, 7, 5, "年鉴")
        study = read_bytes(tmp_path, workbook_bytes(fill), "mine.xlsx")
        assert figures(study) == EXPECTED
        assert [(each.kind, each.row, each.column) for each in study.warnings if "merged" in each.kind] == [
            ("merged_cells", 4, 6)]

    def test_what_is_hidden_is_told(self, tmp_path):
        def fill(book):
            sheet = sheet_of(book)
            sheet.set_row(2, None, None, {"hidden": True})
            sheet.set_column(4, 6, None, None, {"hidden": True})
            sheet_of(book, name="framework").hide()
            sheet_of(book, name="cities").very_hidden()
        study = read_bytes(tmp_path, workbook_bytes(fill), "mine.xlsx")
        assert figures(study) == EXPECTED and study.given == ("values",)
        told = [each for each in study.warnings if "hidden" in each.kind]
        assert [(each.kind, each.sheet) for each in told] == [
            ("hidden_cells", "values"), ("hidden_sheet", "framework"), ("hidden_sheet", "cities")]
        assert "1 rows and 1 columns" in told[0].en

    def test_a_workbook_without_a_sheet_to_read(self, tmp_path):
        def fill(book):
            sheet_of(book, name="Sheet1").hide()
            chart = book.add_chart({"type": "line"})
            chart.add_series({"values": "=Sheet1!$C$2:$C$6"})
            page = book.add_chartsheet("chart")
            page.set_chart(chart)
            page.activate()
        (found,) = refused(tmp_path, workbook_bytes(fill), "mine.xlsx")
        assert found.kind == "no_table"
        (found,) = refused(tmp_path, workbook_bytes(lambda book: book.add_worksheet()), "mine.xlsx")
        assert found.kind == "no_values"

    def test_charts_pictures_and_tables_do_no_harm(self, tmp_path):
        def fill(book):
            sheet = sheet_of(book)
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": "=values!$C$2:$C$6"})
            sheet.insert_chart("H2", chart)
            sheet.add_table("A1:E6", {"columns": [{"header": name} for name in HEAD]})
            sheet.write_comment("C2", "from the yearbook")
            sheet.conditional_format("C2:E6", {"type": "3_color_scale"})
            sheet.write_url("G1", "https://example.org/")
            sheet.data_validation("C2:E2000", {"validate": "decimal", "criteria": ">", "value": 0})
        content = workbook_bytes(fill)
        (found,) = refused(tmp_path, content, "mine.xlsx")
        assert found.kind == "unknown_indicator" and found.value == "https://example.org/"
        assert figures(read_bytes(tmp_path, changed_part(content, without_cell_g1), "mine.xlsx")) == EXPECTED


def number_of(cell: str) -> object:
    try:
        return float(cell) if cell else None
    except ValueError:
        return cell


def blank_text_result(name: str, data: bytes) -> bytes:
    """The empty result of a formula stored as spreadsheet programs store it."""
    return re.sub(rb'(<c r="\w+")(><f>IF[^<]*</f>)<v></v>', rb'\1 t="str"\2<v></v>', data)


def without_cell_g1(name: str, data: bytes) -> bytes:
    return re.sub(rb'<c r="G1".*?</c>', b"", data) if name == SHEET else data


# --- folders and places -----------------------------------------------------------------------------------------------
class TestFolders:
    def test_links_that_lead_in_circles(self, tmp_path):
        folder = tmp_path / "mine"
        folder.mkdir()
        (folder / "values.csv").write_text(PANEL, encoding="utf-8")
        (folder / "again").symlink_to(folder)
        (folder / "loop.csv").symlink_to(folder / "loop.csv")
        (folder / "nowhere.csv").symlink_to(tmp_path / "missing.csv")
        os.mkfifo(folder / "pipe.csv")
        assert figures(read_input(folder)) == EXPECTED
        (tmp_path / "round").symlink_to(tmp_path / "round")
        for path in (tmp_path / "round", folder / "pipe.csv", folder / "loop.csv", tmp_path / "no" / "mine.csv"):
            with pytest.raises(OwnDataError) as caught:
                read_input(path)
            assert [each.kind for each in caught.value.problems] == ["no_file"]

    def test_other_files_of_a_folder(self, tmp_path):
        folder = tmp_path / "mine"
        folder.mkdir()
        for name, text in {"values.csv": PANEL, ".hidden.csv": "x", "~$values.csv": "x", "README.md": "x",
                           "more.csv": "a,b\n", "valeus.csv": "a,b\n", "old.xlsx": "x"}.items():
            (folder / name).write_text(text, encoding="utf-8")
        study = read_input(folder)
        told = {each.file: each for each in study.warnings if each.kind == "table_not_read"}
        assert figures(study) == EXPECTED and set(told) == {"more.csv", "valeus.csv", "old.xlsx"}
        assert "values" in told["valeus.csv"].en
        (folder / "数据.csv").write_text(PANEL, encoding="utf-8")
        with pytest.raises(OwnDataError) as caught:
            read_input(folder)
        assert [(each.kind, each.file) for each in caught.value.problems] == [("repeated_table", "数据.csv")]

    def test_every_file_that_cannot_be_read_is_said_at_once(self, tmp_path):
        folder = tmp_path / "mine"
        folder.mkdir()
        for name in ("values", "cities", "framework"):
            (folder / f"{name}.csv").write_bytes(b"\0\1\2")
        with pytest.raises(OwnDataError) as caught:
            read_input(folder)
        assert [each.file for each in caught.value.problems] == ["cities.csv", "framework.csv", "values.csv"]

    def test_a_folder_without_tables(self, tmp_path):
        (tmp_path / "mine").mkdir()
        with pytest.raises(OwnDataError) as caught:
            read_input(tmp_path / "mine")
        assert (caught.value.problems[0].kind, caught.value.problems[0].file) == ("no_table", "mine")
        (tmp_path / "mine/cities.csv").write_text(GOOD["cities"], encoding="utf-8")
        (tmp_path / "mine/regions.csv").write_text(GOOD["regions"], encoding="utf-8")
        with pytest.raises(OwnDataError) as caught:
            read_input(tmp_path / "mine")
        assert [each.kind for each in caught.value.problems] == ["no_values"]


# --- what a run keeps -------------------------------------------------------------------------------------------------
TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Co", "Cn")), max_size=12)
NUMBERS = st.floats(-1e17, 1e17).filter(lambda value: value == 0 or abs(value) > 1e-99)


@st.composite
def panels(draw) -> list[list[object]]:
    """A long table: some cities, indicators and years, each figure once, with a source and a remark."""
    cities = draw(st.lists(st.sampled_from([row[0] for row in ROWS]), min_size=3, unique=True))
    indicators = draw(st.lists(st.sampled_from(["I01", "I05", "I24", "I34"]), min_size=1, unique=True))
    years = draw(st.lists(st.integers(1990, 2030), min_size=1, max_size=2, unique=True))
    rows = [[city, indicator, year, repr(draw(NUMBERS)), draw(TEXTS), draw(TEXTS)]
            for city in cities for indicator in indicators for year in years]
    return [["code", "indicator", "year", "value", "source", "note"], *rows]


@pytest.mark.long
class TestKept:
    @settings(max_examples=examples(12, 300))
    @given(panels())
    def test_what_was_read_is_written_and_read_back(self, tmp_path_factory, rows):
        folder = tmp_path_factory.mktemp("kept")
        try:
            study = read_rows(folder, rows)
        except OwnDataError as error:
            assert {each.kind for each in error.problems} <= {"constant_indicator", "control_character"}
            return
        write_input(study, folder / "one")
        again = read_input(folder / "one")
        assert_same_input(study, again)
        write_input(again, folder / "two")
        assert [path.read_bytes() for path in sorted((folder / "one").iterdir())] == [
            path.read_bytes() for path in sorted((folder / "two").iterdir())]

    @pytest.fixture
    def kept(self, tmp_path):
        study = read_input(ROOT / "examples/county_care")
        write_input(study, tmp_path / "kept")
        return study, tmp_path / "kept"

    def test_a_whole_study_is_read_back(self, kept):
        study, folder = kept
        before = snapshot(folder)
        assert canonical.read_record(folder) is not None
        assert_same_input(study, read_input(folder))
        assert snapshot(folder) == before

    def test_any_changed_byte_makes_it_an_ordinary_folder(self, kept):
        study, folder = kept
        assert len(list(folder.glob("*.csv"))) == 11
        for path in sorted(folder.glob("*.csv")):
            content = path.read_bytes()
            changed = content.replace(b"yes", b"yeS", 1) if path.name == canonical.RECORD else content[:-1] + b" "
            path.write_bytes(changed)
            kept_now = canonical.read_record(folder)
            if path.name == canonical.RECORD:
                assert len(kept_now.given) == len(study.given) - 1, "the record itself is taken at its word"
            else:
                assert kept_now is None, path.name
            path.write_bytes(content)
        assert canonical.read_record(folder) is not None

    def test_an_edited_figure_is_read_with_its_own_place(self, kept):
        study, folder = kept
        text = (folder / "values.csv").read_text(encoding="utf-8")
        line = text.splitlines()[1].split(",")
        (folder / "values.csv").write_text(text.replace(f",{line[4]},", ",77.5,", 1), encoding="utf-8")
        edited = read_input(folder)
        assert edited.values["value"].iloc[0] == 77.5 and study.values["value"].iloc[0] != 77.5
        assert set(edited.given) > {"values", "framework", "cities"}
        assert not any(canonical.is_record(each) for each in edited.warnings)

    @pytest.mark.parametrize("text", ["", "\0", "file\n", "file,given,sha256\n../../etc/passwd,yes,0\n", '"',
                                      "a,b\n1\n", "file,given,sha256\nvalues.csv\n", "x" * 20_000])
    def test_a_record_that_is_none(self, kept, text):
        _, folder = kept
        (folder / canonical.RECORD).write_text(text, encoding="utf-8")
        assert canonical.read_record(folder) is None

    def test_a_log_that_was_made_up(self, kept):
        _, folder = kept
        record = (folder / canonical.RECORD).read_text(encoding="utf-8")
        for name, content in (("reading_log", "file,row\nx,three\n"), ("reading_warnings", "kind,zh\nx,y\n"),
                              ("reading_log", "file,sheet,row,column\nx,,1.5,1\n")):
            path = folder / f"{name}.csv"
            old = path.read_bytes()
            path.write_bytes(content.encode())
            digest = canonical.sha256(path)
            lines = [f"{path.name},,{digest}" if line.startswith(path.name) else line for line in record.splitlines()]
            (folder / canonical.RECORD).write_text("\n".join(lines) + "\n", encoding="utf-8")
            assert canonical.read_record(folder) is None
            read_input(folder)
            path.write_bytes(old)


def test_numbers_of_pandas_are_those_of_python(tmp_path):
    """What the folder keeps is what pandas reads from it."""
    study = read_rows(tmp_path, [HEAD, *ROWS])
    write_input(study, tmp_path / "kept")
    table = pd.read_csv(tmp_path / "kept/values.csv", dtype={"code": str})
    assert dict(zip(zip(table["code"], table["indicator"], strict=True), table["value"], strict=True)) == EXPECTED
