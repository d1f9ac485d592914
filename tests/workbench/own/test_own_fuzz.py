"""A good panel changed at random has two outcomes: an input that can be scored, or problems with a place and a remedy.

Changes of notation, layout and encoding keep the figures, and then the figures are the right ones. Never another
exception, never a written file. `python3 run.py test --slow` tries some thousands of changes.
"""

import csv
import io
import re
import shutil
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
from bad_inputs.cases import GOOD
from conftest import ROOT, examples, snapshot
from good_input import good_sheets, write_workbook
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from own_tables import sheet_of, workbook_bytes

from analysis.framework import leaves
from analysis.settings import load_settings
from analysis.study import score_study
from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input, write_input
from workbench.own.study_input import StudyInput
from workbench.run_input import own_panel, own_settings

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("repository_read_once")]

CITIES = {"110000": "北京市", "310000": "上海市", "330100": "杭州市", "440100": "广州市", "440300": "深圳市",
          "500000": "重庆市"}
ENGLISH = ["Beijing", "Shanghai", "Hangzhou", "Guangzhou", "Shenzhen", "Chongqing"]
INDICATORS = ["I01", "I05", "I24", "I34"]
FIGURES = {(code, indicator): round(((7 * row + 13 * column) % 17 + 1) * 311.7 / (column + 1), 2)
           for row, code in enumerate(CITIES) for column, indicator in enumerate(INDICATORS)}
WIDE = [["code", "name", *INDICATORS], *([code, name, *(repr(FIGURES[code, each]) for each in INDICATORS)]
                                         for code, name in CITIES.items())]
LONG = [["code", "name", "indicator", "value"], *([code, CITIES[code], indicator, repr(value)]
                                                  for (code, indicator), value in FIGURES.items())]
STRANGE = ["", " ", "0", "-1", "1e400", "1e-400", "NaN", "x", "-", "—", "无", "½", "12①", "1,23", "1,234", "1.2万",
           "#N/A", "=1+1", "@x", "<b>", "合计", "全国", "110000", "110101", "000000", "北京市", "北京", "Suzhou", "I01",
           "I99", "code", "name", "2023", "2023年", "\u202e", "\x07", "\ud7ff", "a\nb", '"', "'", ",", ";", "\t", "#",
           "9" * 50, "长" * 300, "(" * 40, "I01" + "(a)" * 40, "year", "value", "indicator", "true", "1/3", "goal",
           "😀", "−5", "5%", "ahp_goal"]
THOUSANDS = [",", "，", "\u00a0", "\u2009", "\u202f"]


# --- changes that keep the figures ------------------------------------------------------------------------------------
def rewritten(number: str, random) -> str:
    """The same number in another notation."""
    choice = random.randrange(8)
    grouped = f"{float(number):,.2f}"
    return [number, f" {number} ", f"'{number}", grouped.replace(",", random.choice(THOUSANDS)),
            number.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}), f"{number}\u00a0", f"+{number}",
            f"{float(number):.10e}"][choice]


def other_notation(rows, random):
    """Numbers in other notations, cities under other names, headings in other letters."""
    rows = [list(row) for row in rows]
    head = rows[0]
    for row in rows[1:]:
        at = list(CITIES).index(row[0])
        for place, cell in enumerate(row):
            if place > 1 and re.fullmatch(r"[0-9.]+", cell) and random.random() < 0.4:
                row[place] = rewritten(cell, random)
        called = random.randrange(6)
        row[:2] = [[row[0], row[1]], ["", row[1]], [row[0], ""], ["", row[1][:-1]], ["", ENGLISH[at]],
                   [f"{row[0]}.0", f"{row[1]} "]][called]
    rows[0] = [random.choice([cell, cell.upper(), f" {cell} ", {"code": "代码", "name": "城市", "value": "数值",
                                                               "indicator": "指标"}.get(cell, cell)]) for cell in head]
    return rows


def other_layout(rows, random):
    """Rows and columns in another order, titles, remarks and blank rows between them."""
    body = rows[1:]
    random.shuffle(body)
    order = list(range(len(rows[0])))
    random.shuffle(order)
    rows = [[row[place] for place in order] for row in [rows[0], *body]]
    for extra in ([], ["# remark", "1", "2"], ["", "", ""], ["＃", "备注"]):
        if random.random() < 0.3:
            rows.insert(random.randrange(len(rows) + 1), extra)
    return [["2023 年数据"], *rows] if random.random() < 0.3 else rows


def encoded(rows, random) -> bytes:
    """A CSV file in some encoding, with some separator and line end; a decimal point in all of them."""
    separator = random.choice([",", ",", "\t"])
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator=random.choice(["\n", "\r\n"]),
               quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])).writerows(rows)
    return buffer.getvalue().encode(random.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), "replace")


# --- changes that may break anything ----------------------------------------------------------------------------------
def broken(rows, random):
    """A few random edits, deletions, swaps and repetitions of cells, rows and columns."""
    rows = [list(row) for row in rows]
    for _ in range(random.randint(1, 4)):
        row, place = random.randrange(len(rows)), random.randrange(max(1, min(map(len, rows))))
        change = random.randrange(9)
        if change <= 2 and place < len(rows[row]):
            rows[row][place] = random.choice(STRANGE)
        elif change == 3 and len(rows) > 1:
            del rows[row]
        elif change == 4:
            rows.insert(row, list(random.choice(rows)))
        elif change == 5:
            for cells in rows:
                del cells[place:place + 1]
        elif change == 6:
            for cells in rows:
                cells.insert(place, random.choice(cells) if cells and random.random() < 0.5 else
                             cells[place] if place < len(cells) else "")
        elif change == 7:
            other = random.randrange(len(rows))
            rows[row], rows[other] = rows[other], rows[row]
        elif place < len(rows[row]):
            rows[row][place] += random.choice(STRANGE)
    return rows


def damaged(content: bytes, random) -> bytes:
    """Some bytes flipped, cut off, put in or doubled."""
    content = bytearray(content)
    for _ in range(random.randint(1, 3)):
        place = random.randrange(max(1, len(content)))
        change = random.randrange(4)
        if change == 0 and content:
            content[place] ^= 1 << random.randrange(8)
        elif change == 1:
            del content[place:]
        elif change == 2:
            content[place:place] = bytes(random.randrange(256) for _ in range(random.randint(1, 5)))
        else:
            content[place:place] = content[place:place + random.randint(1, 200)]
    return bytes(content)


def damaged_part(content: bytes, random) -> bytes:
    """A workbook with damage inside one of its parts, the archive being whole."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        victim = random.choice([name for name in names if "sheet" in name or "hared" in name or "workbook" in name] +
                               names)
        for name in names:
            new.writestr(name, damaged(old.read(name), random) if name == victim else old.read(name))
    return buffer.getvalue()


def emptied(place: Path) -> Path:
    """The folder with nothing in it, whatever an example that failed has left."""
    shutil.rmtree(place)
    place.mkdir()
    return place


# --- the two outcomes -------------------------------------------------------------------------------------------------
def outcome(path, folder) -> StudyInput | None:
    """The input, or None for one that is refused as it should be."""
    before = snapshot(folder)
    try:
        study = read_input(path)
    except OwnDataError as error:
        assert error.problems
        outcome.last = error
        for each in error.problems:
            assert each.file and each.kind and each.zh and each.en, each
            assert re.search("[\u4e00-\u9fff]", each.zh) and each.line("zh") and each.line("en")
            assert all(part.isprintable() for part in (each.value, each.zh, each.en)), each
            assert (each.row or 1) >= 1 and (each.column or 1) >= 1
        assert "nothing was written" in str(error)
        return None
    finally:
        assert snapshot(folder) == before
    return study


def check_scored(study: StudyInput) -> None:
    """An accepted input is well formed and the whole method runs on it."""
    values = study.values
    assert np.isfinite(values["value"]).all() and not values.duplicated(["code", "indicator"]).any()
    assert set(values["code"]) <= set(study.cities.index) and values["code"].nunique() >= 3
    assert set(values["indicator"]) <= set(leaves(study.framework))
    assert (values["row"] >= 1).all() and (values["column"] >= 1).all() and (values["file"] != "").all()
    panel = own_panel(study)
    try:
        found = score_study(panel, own_settings(load_settings(), panel))
    except ValueError as error:  # what no table alone decides: the settings' limits
        assert re.match(r"treatment\.indicator_coverage|.*consistency", str(error)), str(error)
        return
    assert found.scores.notna().all() and found.ranks.between(1, len(panel.cities)).all()


def check_right(study: StudyInput | None, path) -> None:
    """A change that keeps the figures has kept them."""
    assert study is not None, outcome.last
    found = dict(zip(zip(study.values["code"], study.values["indicator"], strict=True), study.values["value"],
                     strict=True))
    assert found == FIGURES
    check_scored(study)


RANDOM = st.integers(0, 2**32).map(Random)
FEW = settings(max_examples=examples(8, 350), phases=[Phase.generate])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def good_book():
    rows = [WIDE[0], *([*row[:2], *map(float, row[2:])] for row in WIDE[1:])]
    return workbook_bytes(lambda book: sheet_of(book, rows))


def put(folder, name: str, content: bytes):
    (emptied(folder) / name).write_bytes(content)
    return folder / name


class TestKeepingTheFigures:
    @FEW
    @given(RANDOM, st.sampled_from([WIDE, LONG]))
    def test_notation_layout_and_encoding_of_a_csv_file(self, place, random, rows):
        rows = other_layout(other_notation(rows, random), random)
        path = put(place, "mine.csv", encoded(rows, random))
        check_right(outcome(path, place), path)

    @FEW
    @given(RANDOM, st.sampled_from([WIDE, LONG]))
    def test_notation_and_layout_of_a_workbook(self, place, random, rows):
        rows = other_layout(other_notation(rows, random), random)
        rows = [[float(cell) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", cell) and random.random() < 0.5 else cell
                 for cell in row] for row in rows]
        path = put(place, "mine.xlsx", workbook_bytes(lambda book: sheet_of(book, rows, "数据")))
        check_right(outcome(path, place), path)


class TestAnything:
    @FEW
    @given(RANDOM, st.sampled_from([WIDE, LONG]))
    def test_broken_cells_of_a_csv_file(self, place, random, rows):
        rows = broken(rows, random) if random.random() < 0.7 else broken(other_notation(rows, random), random)
        study = outcome(put(place, "mine.csv", encoded(rows, random)), place)
        if study is not None:
            check_scored(study)

    @FEW
    @given(RANDOM, st.sampled_from([WIDE, LONG]))
    def test_broken_bytes_of_a_csv_file(self, place, random, rows):
        study = outcome(put(place, "mine.csv", damaged(encoded(rows, random), random)), place)
        if study is not None:
            check_scored(study)

    @FEW
    @given(RANDOM)
    def test_broken_cells_of_a_folder_of_tables(self, place, random):
        folder = emptied(place) / "tables"
        folder.mkdir()
        victims = random.sample(sorted(GOOD), random.randint(1, 2))
        for name, text in GOOD.items():
            rows = [line.split(",") for line in text.splitlines()]
            buffer = io.StringIO()
            csv.writer(buffer, lineterminator="\n").writerows(broken(rows, random) if name in victims else rows)
            (folder / f"{name}.csv").write_text(buffer.getvalue(), encoding="utf-8", newline="")
        if random.random() < 0.1:
            (folder / f"{victims[0]}.csv").unlink()
        study = outcome(folder, folder)
        if study is not None:
            check_scored(study)

    @FEW
    @given(RANDOM)
    def test_broken_cells_of_a_workbook(self, place, random):
        sheets = good_sheets()
        for _ in range(random.randint(1, 3)):
            sheet = random.choice(sorted(sheets))
            cells = sheets[sheet]
            where = random.choice(sorted(cells))
            content = random.choice([*STRANGE, 0, -1, 1e300, 2.5, True])
            if random.random() < 0.2:
                del cells[where]
            else:
                cells[where] = content
        path = emptied(place) / "mine.xlsx"
        write_workbook(path, sheets)
        study = outcome(path, place)
        if study is not None:
            check_scored(study)

    @FEW
    @given(RANDOM)
    def test_broken_bytes_of_a_workbook(self, place, good_book, random):
        change = damaged if random.random() < 0.3 else damaged_part
        study = outcome(put(place, "mine.xlsx", change(good_book, random)), place)
        if study is not None:
            check_scored(study)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """An input as a run keeps it."""
    folder = tmp_path_factory.mktemp("kept") / "input"
    write_input(read_input(ROOT / "examples/county_care"), folder)
    return folder


class TestKeptFolder:
    @settings(max_examples=examples(4, 100), phases=[Phase.generate])
    @given(RANDOM)
    def test_broken_bytes_of_what_a_run_keeps(self, kept, random):
        path = random.choice(sorted(kept.iterdir()))
        content = path.read_bytes()
        try:
            path.write_bytes(damaged(content, random))
            study = outcome(kept, kept)
            if study is not None:
                check_scored(study)
        finally:
            path.write_bytes(content)
