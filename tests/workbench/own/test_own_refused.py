"""Workbooks that must not be read are refused before anything is read out of them; none fills the memory or writes."""

import io
import time
import zipfile

import pytest
from conftest import snapshot
from own_tables import (
    EXPECTED,
    GOOD_BOOK,
    PANEL,
    ROWS,
    SHEET,
    changed_part,
    figures,
    read_bytes,
    refused,
    sheet_of,
    with_parts,
    workbook_bytes,
)

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("repository_read_once")]


def sheet_xml(cells: str, after: str = "", before: str = "") -> bytes:
    return (f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{before}'
            '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f'<dimension ref="A1:XFD1048576"/><sheetData>{cells}</sheetData>{after}</worksheet>').encode()


def with_sheet(xml: bytes) -> bytes:
    return changed_part(GOOD_BOOK, lambda name, data: xml if name == SHEET else data)


LAUGHS = ('<!DOCTYPE lolz [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {one} "{f"&{other};" * 10}">' for other, one in zip("abcdefgh", "bcdefghi", strict=True)) + "]>")
ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "beside.txt">]>'


class TestRefusedWorkbooks:
    @pytest.mark.parametrize("part", [
        "xl/vbaProject.bin", "xl/activeX/activeX1.xml", "xl/macrosheets/sheet1.xml", "xl/ctrlProps/ctrlProp1.xml",
        "XL/VBAPROJECT.BIN"])
    def test_macros_and_controls(self, tmp_path, part):
        (found,) = refused(tmp_path, with_parts(GOOD_BOOK, {part: b"x"}), "mine.xlsx")
        assert found.kind == "macros"

    @pytest.mark.parametrize("part", [
        "xl/connections.xml", "xl/queryTables/queryTable1.xml",
        "xl/embeddings/oleObject1.bin", "xl/customData/item1.data"])
    def test_links_and_connections(self, tmp_path, part):
        (found,) = refused(tmp_path, with_parts(GOOD_BOOK, {part: b"x"}), "mine.xlsx")
        assert found.kind == "external_links"

    @pytest.mark.parametrize(("name", "kind"), [
        ("mine.xlsm", "macros"), ("mine.XLTM", "macros"), ("mine.wps", "other_workbook"),
        ("mine.xlsb", "other_workbook"), ("mine.ods", "other_workbook"),
        ("mine.numbers", "other_workbook"), ("mine.pdf", "unknown_kind"),
        ("mine", "unknown_kind"), ("mine.xlsx.exe", "unknown_kind")])
    def test_other_endings(self, tmp_path, name, kind):
        (found,) = refused(tmp_path, GOOD_BOOK, name)
        assert found.kind == kind

    @pytest.mark.parametrize(("content", "kind"), [
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000), "damaged"), (b"", "damaged"), (b"PK", "damaged"),
        (GOOD_BOOK[:-30], "damaged"), (GOOD_BOOK[: len(GOOD_BOOK) // 2], "damaged"), (PANEL.encode(), "damaged"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "damaged")])
    def test_what_is_no_workbook(self, tmp_path, content, kind):
        (found,) = refused(tmp_path, content, "mine.xlsx")
        assert found.kind == kind

    @pytest.mark.parametrize("part", ["[Content_Types].xml", "xl/workbook.xml", "xl/styles.xml", SHEET,
                                      "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels"])
    def test_parts_that_are_missing_or_broken(self, tmp_path, part):
        for data in (None, b"", b"<a", b"\xff\xfe", b"<a/>", b"<!DOCTYPE a><a/>"):
            content = changed_part(GOOD_BOOK, lambda name, old, data=data: data if name == part else old)
            if part == "xl/styles.xml" and data in (None, b"<a/>"):  # without looks the cells are all there
                assert figures(read_bytes(tmp_path, content, "mine.xlsx")) == EXPECTED
                continue
            found = refused(tmp_path, content, "mine.xlsx")
            assert {each.kind for each in found} <= {"damaged", "no_table", "no_values", "empty_table"}

    @pytest.mark.parametrize("xml", [
        sheet_xml(ROW.format("&i;"), before=LAUGHS), sheet_xml(ROW.format("&a;"), before=OUTSIDE),
        sheet_xml(ROW.format("&i;"), before=f"<!--{' ' * 5000}-->{LAUGHS}"),
        sheet_xml(ROW.format("&i;"), before=LAUGHS).decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        sheet_xml(ROW.format("&undefined;")), sheet_xml("<row r='1'><c r='A1'>" + "<a>" * 5_000)])
    def test_entities_are_never_unfolded(self, tmp_path, xml):
        (found,) = refused(tmp_path, with_sheet(xml), "mine.xlsx")
        assert found.kind == "damaged"

    def test_entities_in_the_strings_and_the_styles(self, tmp_path):
        for part, root in (("xl/sharedStrings.xml", "sst"), ("xl/styles.xml", "styleSheet"), ("xl/workbook.xml", "a")):
            for doctype in (LAUGHS, f"<!--{' ' * 5000}-->{LAUGHS}"):
                xml = (f'<?xml version="1.0"?>{doctype}<{root} xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
                       f'2006/main"><si><t>&i;</t></si></{root}>').encode()
                content = changed_part(GOOD_BOOK, lambda name, data, part=part, xml=xml: xml if name == part else data)
                found = refused(tmp_path, content, "mine.xlsx")
                assert "ha" * 50 not in str([each.value for each in found])

    def test_bombs(self, tmp_path):
        zeros = bytes(2**20)
        buffer = io.BytesIO(GOOD_BOOK)
        with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            with archive.open("xl/media/image1.png", "w", force_zip64=True) as part:
                for _ in range(310):
                    part.write(zeros)
        (found,) = refused(tmp_path, buffer.getvalue(), "mine.xlsx")
        assert found.kind == "too_large"
        (found,) = refused(tmp_path, with_parts(GOOD_BOOK, {f"xl/media/{name}": b"" for name in range(5_001)}),
                           "mine.xlsx")
        assert found.kind == "too_large"

    def test_a_part_that_says_it_is_smaller_than_it_is(self, tmp_path):
        content = with_sheet(sheet_xml("<row/>" * 400_000))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = archive.getinfo(SHEET).file_size
        lied = content.replace(size.to_bytes(4, "little"), (50).to_bytes(4, "little"))
        assert lied != content
        (found,) = refused(tmp_path, lied, "mine.xlsx")
        assert found.kind == "damaged"

    def test_names_that_lead_out_of_the_archive(self, tmp_path):
        place = tmp_path / "one/two"
        place.mkdir(parents=True)
        for name in ("../../evil.xml", "xl/../../evil.csv", "..\\evil.csv"):
            (found,) = refused(place, with_parts(GOOD_BOOK, {name: b"x"}), "mine.xlsx")
            (place / "mine.xlsx").unlink()
            assert found.kind == "damaged" and snapshot(tmp_path) == {}
        content = with_parts(GOOD_BOOK, {"/etc/evil.csv": b"x"})
        assert figures(read_bytes(tmp_path, content, "mine.xlsx")) == EXPECTED, "a part that nobody reads"

    def test_declared_sizes_fill_no_memory(self, tmp_path):
        """A sheet that says it has all rows and columns, merges all of them and links all of them, holds few cells."""
        huge = "A2:XFD1048576"
        started = time.process_time()
        rows = "".join(f'<row r="{row}">' + "".join(
            f'<c r="{"ABC"[column]}{row}"' + (f"><v>{cell}</v></c>" if isinstance(cell, float) else
                                              f' t="inlineStr"><is><t>{cell}</t></is></c>')
            for column, cell in enumerate(cells)) + "</row>" for row, cells in enumerate(
                [["name", "I01", "I05"], *([line[1], line[2], line[3]] for line in ROWS)], start=1))
        content = with_sheet(sheet_xml(rows, f'<mergeCells><mergeCell ref="D7:XFD1048576"/></mergeCells>'
                                             f'<hyperlinks><hyperlink ref="{huge}" location="a"/></hyperlinks>'))
        assert figures(read_bytes(tmp_path, content, "mine.xlsx")) == {
            key: value for key, value in EXPECTED.items() if key[1] != "I24"}
        assert time.process_time() - started < 20, "seventeen milliards of cells would take hours"

    def test_cells_that_are_formatted_and_empty_do_not_count(self, tmp_path):
        def fill(book):
            sheet, grey = sheet_of(book), book.add_format({"bg_color": "#eeeeee"})
            for row in (100, 5_000, 1_048_575):
                sheet.write_blank(row, 16_383, None, grey)
        assert figures(read_bytes(tmp_path, workbook_bytes(fill), "mine.xlsx")) == EXPECTED

    @pytest.mark.parametrize(("row", "column"), [(1_048_575, 0), (0, 16_383), (200_000, 3), (6, 2_000)])
    def test_too_many_rows_or_columns(self, tmp_path, row, column):
        content = workbook_bytes(lambda book: sheet_of(book).write(row, column, 1))
        (found,) = refused(tmp_path, content, "mine.xlsx")
        assert (found.kind, found.sheet) == ("too_large", "values")

    def test_a_csv_file_that_is_too_large(self, tmp_path, monkeypatch):
        (found,) = refused(tmp_path, b"name,I01\n" + b"\n" * 200_001, "mine.csv")
        assert found.kind == "too_large"
        (found,) = refused(tmp_path, b"," * 2_001, "mine.csv")
        assert found.kind == "too_large"
        monkeypatch.setattr("workbench.own.grids.LARGEST_FILE", 10)
        (found,) = refused(tmp_path, PANEL.encode(), "mine.csv")
        assert found.kind == "too_large"
