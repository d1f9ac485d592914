"""A small panel of five cities in the layouts that people have, and how tests read and change it."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from conftest import snapshot

from workbench.own.problems import OwnDataError, Problem
from workbench.own.reading import read_input
from workbench.own.study_input import StudyInput

HEAD = ["code", "name", "I01", "I05", "I24"]
ROWS = [["110000", "北京市", 12.5, 1234.5, 0.1], ["310000", "上海市", 11.0, 2345.0, 0.25],
        ["330100", "杭州市", 9.75, 1500.0, None], ["440100", "广州市", 8.5, 1800.0, 0.4],
        ["440300", "深圳市", 14.25, 2000.0, 1 / 3]]
EXPECTED = {(code, indicator): value for code, _, *values in ROWS
            for indicator, value in zip(HEAD[2:], values, strict=True) if value is not None}


def csv_text(rows, separator=",") -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


PANEL = csv_text([HEAD, *ROWS])


def read_bytes(folder: Path, content: bytes, name: str = "mine.csv") -> StudyInput:
    """The input in a file of these bytes; reading leaves the folder as it was."""
    (folder / name).write_bytes(content)
    before = snapshot(folder)
    try:
        return read_input(folder / name)
    finally:
        assert snapshot(folder) == before


def read_rows(folder: Path, rows) -> StudyInput:
    return read_bytes(folder, csv_text(rows).encode())


def figures(study: StudyInput) -> dict:
    return dict(zip(zip(study.values["code"], study.values["indicator"], strict=True), study.values["value"],
                    strict=True))


def refused(folder: Path, content: bytes, name: str) -> tuple[Problem, ...]:
    """The problems of an input that is refused, each with its file and its sentences."""
    with pytest.raises(OwnDataError) as caught:
        read_bytes(folder, content, name)
    for each in caught.value.problems:
        assert each.file == name and each.zh and each.en and each.line("zh") and each.line("en")
    return caught.value.problems


def workbook_bytes(fill, **options) -> bytes:
    """A workbook made by `fill(book)`."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **options}) as book:
        fill(book)
    return buffer.getvalue()


def sheet_of(book, rows=(HEAD, *ROWS), name="values"):
    sheet = book.add_worksheet(name)
    for number, row in enumerate(rows):
        for column, content in enumerate(row):
            if content is not None:
                (sheet.write_string if isinstance(content, str) else sheet.write_number)(number, column, content)
    return sheet


def changed_part(content: bytes, change) -> bytes:
    """A workbook whose parts are changed by `change(name, bytes)`: new bytes, or None to leave the part out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = change(part.filename, old.read(part))
            if data is not None:
                new.writestr(part.filename, data)
    return buffer.getvalue()


def with_parts(content: bytes, parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


GOOD_BOOK = workbook_bytes(sheet_of)
SHEET = "xl/worksheets/sheet1.xml"
