"""A table as data: what is shown and the number behind it, kept through a notebook; mark-up that is escaped."""

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook
from sample_notebook import report_output

from analysis.tables import PrintedNumber
from workbench.reporting import ReportError
from workbench.reporting.blocks import read_report
from workbench.reporting.table import Table, full_rows
from workbench.reporting.table_markup import read_table, table_to_html

FRAME = pd.DataFrame({"city": ['<b>&"', "Xi'an"], "score": [12.345, np.nan], "rank": [1, 2]})


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.body]


class TestFromFrame:
    def test_numbers_are_rounded_in_what_is_shown_only(self):
        table = Table.from_frame(FRAME, {"score": ".1f"})
        assert texts(table) == [['<b>&"', "12.3", "1"], ["Xi'an", "–", "2"]]
        assert [[cell.number for cell in row] for row in table.body] == [[None, 12.345, 1], [None, None, 2]]

    def test_the_number_is_that_of_the_studys_files(self):
        cell = Table.from_frame(pd.DataFrame({"x": [0.1 + 0.2]})).body[0][0]
        assert (cell.text, cell.number) == ("0.3", 0.3)

    def test_no_number_is_behind_a_text_a_truth_value_or_an_infinity(self):
        frame = pd.DataFrame({"code": ["440300"], "holds": [True], "x": [np.inf], "gap": pd.array([pd.NA], "Int64")})
        assert [cell.number for cell in Table.from_frame(frame).body[0]] == [None] * 4

    def test_a_text_that_is_a_printed_number_keeps_it(self):
        frame = pd.DataFrame({"Shenzhen": [PrintedNumber(88.7777, ".2f"), "3 (rank 1)", PrintedNumber(np.nan, ".2f")]})
        cells = [row[0] for row in Table.from_frame(frame).body]
        assert [(cell.text, cell.number) for cell in cells] == [("88.78", 88.7777), ("3 (rank 1)", None), ("–", None)]

    def test_the_frames_own_formats_hold_unless_others_are_given(self):
        frame = FRAME.copy()
        frame.attrs["formats"] = {"score": ".0f", "rank": "+d"}
        assert texts(Table.from_frame(frame, {"score": ".1f"}))[0][1:] == ["12.3", "+1"]

    def test_a_format_for_no_column_is_refused(self):
        with pytest.raises(ReportError, match="scores"):
            Table.from_frame(FRAME, {"scores": ".1f"})

    def test_merged_cells_keep_the_grid_whole(self):
        frame = pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["p", "q", "q", "q"], "c": [1, 2, 3, 4]})
        table = Table.from_frame(frame, merged=["a", "b"])
        assert [[(cell.text, cell.rows) for cell in row] for row in table.body] == [
            [("x", 2), ("p", 1), ("1", 1)], [("q", 1), ("2", 1)], [("y", 2), ("q", 2), ("3", 1)], [("4", 1)]]
        assert [len(row) for row in full_rows(table.body, table.width)] == [3] * 4


class TestThroughANotebook:
    @given(st.lists(st.tuples(st.text(max_size=9), st.sampled_from("xy"), st.none() | st.floats(), st.booleans()),
                    min_size=1, max_size=6), st.booleans())
    def test_any_frame_comes_back_cell_by_cell(self, rows, plain):
        frame = pd.DataFrame(rows, columns=["group", "name", "value", "holds"])
        frame.attrs["plain"] = plain
        table = Table.from_frame(frame, merged=["group", "name"])
        assert Table.from_json(table.to_json()) == table

    @given(st.lists(st.tuples(st.text(max_size=9), st.floats(allow_infinity=False)), min_size=1, max_size=6))
    def test_what_html_shows_is_what_the_data_hold(self, rows):
        table = Table.from_frame(pd.DataFrame(rows, columns=["name", "value"]), {"value": ".2f"})
        read = read_table(table_to_html(table, "zh"), "t")
        assert texts(read) == texts(table) and read.numeric_columns() == table.numeric_columns()
        assert table_to_html(read) == table_to_html(table)

    def shown(self, **about) -> Table:
        output = report_output({"text/html": table_to_html(Table.from_frame(FRAME), "en"), "text/plain": "t"},
                               {"kind": "table", "label": "Table 1", "caption": "c", "name": "t"} | about)
        notebook = new_notebook(cells=[new_code_cell("x", outputs=[output])], metadata={"report": {"title": "t"}})
        again = nbformat.reads(nbformat.writes(notebook), as_version=4)
        return next(block.table for block in read_report(again, "t", "en").blocks if block.kind == "table")

    def test_a_report_has_the_numbers_of_the_metadata(self):
        assert self.shown(table=Table.from_frame(FRAME).to_json()) == Table.from_frame(FRAME)

    def test_without_them_the_html_is_read(self):
        assert texts(self.shown()) == texts(Table.from_frame(FRAME)) and self.shown().body[0][1].number is None

    def test_the_data_stay_small(self):
        frame = pd.DataFrame({"city": ["深圳市"] * 100, "score": np.arange(100) / 7})
        table = Table.from_frame(frame)
        assert len(table.to_json()) < 2 * len(table_to_html(table, "zh"))
        assert json.loads(table.to_json())[1][0] == ["深圳市", ["0", "num", 0.0]]


class TestHtml:
    @pytest.mark.parametrize("lang", ["", "zh", "en"])
    def test_everything_is_escaped(self, lang):
        html = table_to_html(Table.from_frame(FRAME.rename(columns={"rank": "<i>"})), lang)
        assert "<b>" not in html and "<i>" not in html
        soup = BeautifulSoup(html, "html.parser")
        assert soup.tbody.td.text == '<b>&"' and soup.find_all("th")[2].text == "<i>"

    def test_only_numeric_cells_are_num(self):
        soup = BeautifulSoup(table_to_html(Table.from_frame(FRAME), "zh"), "html.parser")
        assert [cell.get("class") for cell in soup.tbody.tr.find_all("td")] == [None, ["num"], ["num"]]
        assert {tag.name for tag in soup.find_all()} == {"table", "thead", "tbody", "tr", "th", "td"}
        assert soup.table["lang"] == "zh-CN"

    def test_texts_that_look_like_numbers_stay_texts_in_a_plain_frame(self):
        frame = pd.DataFrame({"item": ["12.5", "3"]})
        assert [row[0].numeric for row in Table.from_frame(frame).body] == [True, True]
        frame.attrs["plain"] = True
        table = Table.from_frame(frame)
        assert not any(row[0].numeric for row in table.body)
        assert 'class="num"' not in table_to_html(table) and table_to_html(table, "zh").count('class="text"') == 2
