"""One set of figures in the layouts, notations and words that people use gives the same study, or one sentence."""

import io
import os
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_tables import HEAD, PANEL, ROWS, changed_part, csv_text, figures, read_bytes, refused, sheet_of, workbook_bytes

from analysis.settings import load_settings
from workbench.own.headings import FIELDS, SECOND_NAMES
from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input
from workbench.own.template_from import write_study
from workbench.own.tree import DIRECTION_WORDS, direction_of

pytestmark = pytest.mark.usefixtures("repository_read_once")

UNITS = ["Alder", "Birch", "Côte d’Ivoire", "Dogwood", "Elm"]
TREE = "code,level,parent,name_en,direction\nA,domain,,All,\nA1,subdomain,A,All,\nX1,indicator,A1,Income,+\n" \
       "X2,indicator,A1,Waiting,-\n"
FIGURES = [[10.5, 3.0], [20.25, 1.5], [15.0, 2.0], [12.0, 4.0], [18.0, 2.5]]
MISSING = ["..", "…", "-", "–", "—", "n/a", "NA", "#N/A", "缺失", "N.A.", "无"]


def folder_of(tmp_path, values: str | bytes, tree: str = TREE, units=UNITS):
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    rows = "".join(f"{name[:2].upper()},{name}\n" for name in units)
    (folder / "cities.csv").write_text(f"code,name\n{rows}", encoding="utf-8")
    (folder / "framework.csv").write_text(tree, encoding="utf-8")
    (folder / "values.csv").write_bytes(values if isinstance(values, bytes) else values.encode())
    return folder


def table(head="name", **changes) -> list[list[object]]:
    return [[head, "X1", "X2"], *([name, *row] for name, row in zip(UNITS, FIGURES, strict=True))]


def values_of(folder) -> list[float]:
    return read_input(folder).values["value"].tolist()


FLAT = [value for row in FIGURES for value in row]


def problems_of(folder):
    with pytest.raises(OwnDataError) as caught:
        read_input(folder)
    return caught.value.problems


@pytest.mark.parametrize("head", sorted({*FIELDS["values"]["name"], *SECOND_NAMES, "whatever", "Länder", "评价对象"}))
def test_whatever_the_column_of_units_is_called(tmp_path, head):
    assert values_of(folder_of(tmp_path, csv_text(table(head)))) == FLAT


@pytest.mark.parametrize("name", ["Cote d'Ivoire", "CÔTE D'IVOIRE", "Co\u0302te d’Ivoire"])
def test_accents_are_folded(tmp_path, name):
    text = csv_text(table()).replace("Côte d’Ivoire", name)
    assert values_of(folder_of(tmp_path, text)) == FLAT


@settings(max_examples=30)
@given(st.lists(st.sampled_from(["unit_row", "second", "notes", "title"]), unique=True),
       st.sampled_from(["notes", "注：数据来源于统计年鉴。", "Source: World Bank, 2020", "* preliminary",
                        "资料来源：年鉴"]))
@pytest.mark.long
def test_rows_that_are_no_data_are_passed_over(tmp_path_factory, extra, note):
    rows = table()
    if "second" in extra:
        rows.insert(1, ["Unit name", "Income a head", "Days of waiting"])
    if "unit_row" in extra:
        rows.insert(1, ["", "EUR", "days"])
    rows += [[note if note != "notes" else "Notes: see the yearbook", ""]] if "notes" in extra else []
    rows = [["Table 1"], *rows] if "title" in extra else rows
    assert values_of(folder_of(tmp_path_factory.mktemp("rows"), csv_text(rows))) == FLAT


@settings(max_examples=30)
@given(st.sampled_from(["{code}_{year}", "{year}_{code}", "{code} ({year})", "{code}{year}", "{year}年{code}",
                        "two rows",
                        "{code} {year} [YR{year}]"]))
def test_years_in_headings(tmp_path_factory, form):
    tree = TREE.replace("X1", "GDP").replace("X2", "POP")
    pairs = [(code, year) for code in ("GDP", "POP") for year in (2018, 2019)]
    body = [[name, row[0] - 1, row[0], row[1] - 1, row[1]] for name, row in zip(UNITS, FIGURES, strict=True)]
    if form == "two rows":
        rows = [["name", "GDP", "", "POP", ""], ["", *(year for _, year in pairs)], *body]
    else:
        rows = [["name", *(form.format(code=code, year=year) for code, year in pairs)], *body]
    study = read_input(folder_of(tmp_path_factory.mktemp("years"), csv_text(rows), tree))
    assert study.values["value"].tolist() == FLAT and set(study.values["year"]) == {2019}
    assert any(each.kind == "years_not_used" and "10" in each.en for each in study.warnings)


def test_a_column_a_year_beside_one_of_indicators(tmp_path):
    rows = [["Country Name", "Country Code", "Series Name", "2018 [YR2018]", "2019 [YR2019]"]]
    rows += [[name, name[:2].upper(), text, row[place] - 1, row[place]] for name, row in zip(UNITS, FIGURES,
                                                                                             strict=True)
             for place, text in enumerate(("Income", "Waiting"))]
    assert values_of(folder_of(tmp_path, csv_text(rows))) == FLAT


def test_a_table_on_its_side_is_one_sentence(tmp_path):
    rows = [list(row) for row in zip(*table("indicator"), strict=True)]
    (found,) = problems_of(folder_of(tmp_path, csv_text(rows)))
    assert found.kind == "transposed" and "transpose" in found.en and "转置" in found.zh


@settings(max_examples=30)
@given(st.lists(st.sampled_from(MISSING), min_size=1, max_size=3, unique=True))
@pytest.mark.long
def test_signs_for_missing_figures_are_told_once_each(tmp_path_factory, signs):
    rows = table()
    rows += [[f"More {place}", 11 + place, sign] for place, sign in enumerate(signs * 2)]
    units = [*UNITS, *(row[0] for row in rows[6:])]
    tree = folder_of(tmp_path_factory.mktemp("missing"), csv_text(rows), units=[])
    (tree / "cities.csv").write_text("code,name\n" + "".join(f"U{place},{name}\n" for place, name in enumerate(units)))
    study = read_input(tree)
    told = [each for each in study.warnings if each.kind == "missing_sign"]
    assert len(told) == len(signs) and all("in 2 cells" in each.en for each in told)
    assert (study.log["rule"] == "missing").sum() == len(signs)


def test_a_code_that_looks_like_a_sign_for_missing_is_a_code(tmp_path):
    found = problems_of(folder_of(tmp_path, "code,X1,X2\nNA,1,2\nAL,2,3\nBI,3,5\n"))
    assert ("unknown_code", "NA") in [(each.kind, each.value) for each in found]


@pytest.mark.parametrize(("sign", "word"), [(sign, word) for sign, words in DIRECTION_WORDS.items() for word in words])
@pytest.mark.parametrize("form", ["{}", "{}指标", "{}（{}）", "{}指标（{}）", " {} "])
def test_words_for_directions(sign, word, form):
    assert direction_of(form.format(word, sign)) == sign


@pytest.mark.parametrize("text", ["适度", "0", "", "正向指标（-）", "max/min", "2", "up and down"])
def test_what_is_no_direction(text):
    assert direction_of(text) is None


@pytest.mark.parametrize("code", ["index", "INDEX", "CON", "nul", "com1", "..", ".hid", "-rf", "con.a", "a."])
def test_codes_that_cannot_name_files_are_refused(tmp_path, code):
    folder = folder_of(tmp_path, csv_text(table()))
    text = (folder / "cities.csv").read_text(encoding="utf-8").replace("AL,", f"{code},", 1)
    (folder / "cities.csv").write_text(text, encoding="utf-8")
    assert {each.kind for each in problems_of(folder)} == {"code_is_no_file_name"}


@pytest.mark.parametrize("name", ["吉林", "吉林省", "Jilin", "河北", "河北省", "广州Shenzhen",
                                  "惠州（近Shenzhen）", "吉林省 Jilin", "莱芜",
                                  "Austria", "income"])
def test_a_name_that_is_not_surely_a_city_is_none(tmp_path, name):
    rows = [HEAD, *ROWS, ["", name, 1.0, 2.0, 3.0]]
    (found,) = refused(tmp_path, csv_text(rows).encode(), "mine.csv")
    assert found.row == 7 and ("nearest" not in found.en)


def test_a_bilingual_name_that_agrees_is_understood(tmp_path):
    rows = [HEAD, *(["", {"广州市": "广州 Guangzhou", "杭州市": "杭州市（Hangzhou）"}.get(name, name),
                    *rest] for _, name, *rest in ROWS)]
    assert figures(read_bytes(tmp_path, csv_text(rows).encode())) == figures(read_bytes(tmp_path, PANEL.encode()))


def test_a_pipe_or_a_folder_in_the_place_of_a_table_is_told(tmp_path):
    folder = folder_of(tmp_path, csv_text(table()))
    os.mkfifo(folder / "regions.csv")
    (folder / "experts.csv").mkdir()
    assert [(each.kind, each.file) for each in problems_of(folder)] == [("no_file", "experts.csv"),
                                                                       ("no_file", "regions.csv")]


def test_swapped_coordinates_are_one_problem(tmp_path):
    folder = folder_of(tmp_path, csv_text(table()))
    lines = "".join(f"{name[:2].upper()},{name},{30 + place},{110 + place}\n" for place, name in enumerate(UNITS))
    (folder / "cities.csv").write_text(f"code,name,lon,lat\n{lines}", encoding="utf-8")
    (found,) = problems_of(folder)
    assert found.kind == "coordinates_swapped"


def test_weights_half_in_per_cent_are_refused(tmp_path):
    folder = folder_of(tmp_path, csv_text(table()))
    (folder / "experts.csv").write_text("expert,weight\none,60%\ntwo,0.4\n")
    assert [each.kind for each in problems_of(folder)] == ["mixed_percent"]


# --- workbooks --------------------------------------------------------------------------------------------------------
def record(code: int, data: bytes) -> bytes:
    return struct.pack("<HH", code, len(data)) + data


def old_workbook(rows) -> bytes:
    """A worksheet of Excel 4: the smallest file that is an .xls, with a cell of per cent for a tuple."""
    parts = [record(0x0409, struct.pack("<HHH", 0, 0x10, 0)), record(0x0042, struct.pack("<H", 936))]
    parts += [record(0x041E, struct.pack("<HB", place, len(text)) + text) for place, text in enumerate((b"General",
                                                                                                        b"0%"))]
    parts += [record(0x0443, struct.pack("<BBHBBHI", 0, look, 0, 0, 0, 0, 0)) for look in (0, 1)]
    for row, cells in enumerate(rows):
        for column, content in enumerate(cells):
            if isinstance(content, str):
                text = content.encode("gbk")
                parts.append(record(0x0204, struct.pack("<HHHH", row, column, 0, len(text)) + text))
            elif content is not None:
                look, number = (1, content[0]) if isinstance(content, tuple) else (0, content)
                parts.append(record(0x0203, struct.pack("<HHHd", row, column, look, number)))
    return b"".join(parts) + record(0x000A, b"")


@pytest.mark.parametrize("name", ["mine.xls", "mine.et"])
def test_an_old_workbook_is_read_as_a_new_one(tmp_path, name):
    rows = [HEAD, *([*row[:4], None if row[4] is None else (row[4] / 100,)] for row in ROWS)]
    study = read_bytes(tmp_path, old_workbook(rows), name)
    assert figures(study) == pytest.approx(figures(read_bytes(tmp_path, PANEL.encode())), rel=1e-12)
    assert (study.log["rule"] == "percent").sum() == 4


@settings(max_examples=30)
@given(st.integers(0, 400), st.binary(max_size=6), st.booleans())
def test_a_damaged_old_workbook_is_read_or_refused(tmp_path_factory, place, noise, cut):
    content = old_workbook([HEAD, *ROWS])
    content = content[:place] if cut else content[:place] + noise + content[place + len(noise):]
    path = tmp_path_factory.mktemp("old") / "mine.xls"
    path.write_bytes(content)
    try:
        read_input(path)
    except OwnDataError as error:
        assert all(each.zh and each.en for each in error.problems)


def test_sheets_of_other_names_are_told_or_found(tmp_path):
    def two(book):
        sheet_of(book, [["About", "x"], ["this", "workbook"]], "Readme")
        sheet_of(book, name="Data 2020")
    study = read_bytes(tmp_path, workbook_bytes(two), "mine.xlsx")
    assert any(each.kind == "values_by_guess" and "Data 2020" in each.en for each in study.warnings)

    def both(book):
        sheet_of(book, name="first")
        sheet_of(book, name="second")
    (found,) = refused(tmp_path, workbook_bytes(both), "mine.xlsx")
    assert found.kind == "no_values" and "first, second" in found.en


def test_external_links_are_read_with_a_warning(tmp_path):
    def fill(book):
        sheet_of(book).write_formula("C2", "='[1]Sheet1'!A1", None, 12.5)
    content = workbook_bytes(fill)
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/externalLinks/externalLink1.xml", b"<externalLink/>")
    study = read_bytes(tmp_path, buffer.getvalue(), "mine.xlsx")
    (told,) = [each for each in study.warnings if each.kind == "external_link"]
    assert (told.sheet, told.row, told.column) == ("values", 2, 3) and figures(study)["110000", "I01"] == 12.5


def test_struck_out_text_does_not_count(tmp_path):
    def fill(book):
        struck = book.add_format({"font_strikeout": True})
        sheet_of(book).write_rich_string("C2", struck, "12", "13.5")
    study = read_bytes(tmp_path, workbook_bytes(fill), "mine.xlsx")
    assert figures(study)["110000", "I01"] == 13.5 and "struck_out" in set(study.log["rule"])


def test_a_strict_workbook_is_said_to_be_one(tmp_path):
    def strict(name, data):
        return data.replace(b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                            b"http://purl.oclc.org/ooxml/spreadsheetml/main")
    (found,) = refused(tmp_path, changed_part(workbook_bytes(sheet_of), strict), "mine.xlsx")
    assert found.kind == "strict_workbook"


# --- a study begun from a table ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_a_table_shows_makes_a_study(tmp_path, separator):
    rows = [["Country", "Group", "Income (EUR)", "Waiting [days]"],
            *([name, "ab"[place % 2], *row] for place, (name, row) in enumerate(zip(UNITS, FIGURES, strict=True)))]
    text = csv_text(rows, separator)
    text = text if separator != ";" else text.replace(".", ",")
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    seen = write_study(tmp_path / "mine.csv", tmp_path / "study")
    study = read_input(tmp_path / "study")
    assert study.values["value"].tolist() == FLAT and list(study.cities["name"]) == UNITS
    leaves = study.framework[study.framework["level"] == "indicator"]
    assert leaves["name_zh"].tolist() == ["Income", "Waiting"] and leaves["unit_en"].tolist() == ["EUR", "days"]
    assert load_settings(tmp_path / "study/settings.yaml") == load_settings()
    assert study.words == {"unit_zh": "国家", "unit_en": "country", "units_en": "countries"}
    assert seen.systems == {"zone1": "Group"} and set(study.regions["name"]) == {"a", "b"}
    with pytest.raises(ValueError, match="there already"):
        write_study(tmp_path / "mine.csv", tmp_path / "study")


def test_a_notation_that_cannot_be_told_begins_no_study(tmp_path):
    (tmp_path / "mine.csv").write_text("land;A;B\nAlder;1.234;2\nBirch;2.345;3\nElm;3.456;5\n")
    with pytest.raises(OwnDataError):
        write_study(tmp_path / "mine.csv", tmp_path / "study")
    assert not (tmp_path / "study").exists()

