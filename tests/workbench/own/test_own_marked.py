"""The marked copy: every finding at its cell with its sentence, whatever the cells hold, beside an untouched input."""

import io
import re
import zipfile
from html.parser import HTMLParser

import openpyxl
import pytest
from bad_inputs.cases import FILES, GOOD, VALUES
from conftest import snapshot
from own_tables import csv_text, workbook_bytes

from workbench.own.grids import read_grids
from workbench.own.marked import write_marked
from workbench.own.problems import OwnDataError, Problem
from workbench.own.reading import read_input

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("repository_read_once")]

HOSTILE = ['=cmd|"/c calc"!A1', "=1+1", "+1+1", "-2+3", "@SUM(A1)", "<script>alert(1)</script>",
           "<img src=x onerror=a()>", "javascript:alert(1)", "https://example.org/", "mailto:a@example.org",
           "internal:'values'!A1",
           'external:c:\\a.xlsx', '" onmouseover="a()', "</td></table>", "&lt;b&gt;&amp;", "{{ 7*7 }}", "=HYPERLINK(1)",
           "\x01\x02\x07", "\x1b[31mred", "a\x00b", "\ud800", "\uffff\ufffe", "\u202eabc", "]]>", "<!--", "x" * 40_000,
           "😀" * 20_000, "'", "'=1", "_x0041_", "{=1}", "{=SUM(A1)}", "1" * 40, "1e400", "TRUE", "\r\n\t", "，\u3000"]
VOID = {"meta", "link", "br", "hr", "img", "input", "col"}


class Page(HTMLParser):
    """The elements of a page: tag, attributes and text, each checked to be one that the page may have."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements, self.open, self.by_id = [], [], {}
        self.feed(html)
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag, attributes):
        assert tag in {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ol", "li", "b", "a", "br",
                       "code", "div", "table", "tr", "th", "td", "sup"}, tag
        values = dict(attributes)
        assert set(values) <= {"lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "title",
                               "tabindex"}, values
        assert re.fullmatch(r"#[a-z0-9]+", values.get("href", "#a")), values
        element = {"tag": tag, "text": "", **values}
        self.elements.append(element)
        if "id" in values:
            assert values["id"] not in self.by_id
            self.by_id[values["id"]] = element
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def handle_comment(self, data):
        raise AssertionError("no comment")

    def all(self, tag):
        return [element for element in self.elements if element["tag"] == tag]


def findings(path):
    """The problems and warnings of an input."""
    try:
        return (), read_input(path).warnings
    except OwnDataError as error:
        return error.problems, ()


def marked(path, target, lang="zh", found=None):
    """The marked copy of an input; the input's folder is as it was."""
    found = findings(path) if found is None else found
    folder = path if path.is_dir() else path.parent
    before = snapshot(folder)
    write_marked(path, *found, target, lang)
    assert snapshot(folder) == before
    return found


def sentence(each: Problem, lang: str) -> str:
    return each.zh if lang == "zh" else each.en


def check_page(path, found, lang):
    """Every finding is listed with its sentence, and its cell has a link to it and is the target of its link."""
    html = path.read_text(encoding="utf-8")
    page = Page(html)
    assert page.elements[0]["lang"] == {"zh": "zh-CN", "en": "en"}[lang]
    every = [*found[0], *found[1]]
    items = page.all("li")
    assert [item["class"] for item in items] == ["problem"] * len(found[0]) + ["warning"] * len(found[1])
    cells = {element["id"]: element for element in page.all("td") if "id" in element}
    for item, each in zip(items, every, strict=True):
        assert sentence(each, lang) in item["text"] and each.value in item["text"]
    links = {element["href"]: element["text"] for element in page.all("a")}
    for number, each in enumerate(every, start=1):
        if each.row and each.column:
            place = next((cell for name, cell in cells.items() if name.endswith(f"r{each.row}c{each.column}") and
                          f"#{name}" in links and f"#f{number}" in html), None)
            assert place and place["class"] in ("problem", "warning") and sentence(each, lang) in place["title"]
    return page


def check_book(path, found, lang):
    """The same in a workbook: a list, a filled cell and a comment for each finding; no formula, no link outside."""
    content = path.read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(content))
    every = [*found[0], *found[1]]
    rows = list(book.worksheets[0].iter_rows(min_row=4, values_only=True))
    assert [row[4] for row in rows] == [sentence(each, lang) for each in every]
    names = {sheet.title: sheet for sheet in book.worksheets[1:]}
    for each in every:
        if each.row and each.column:
            sheet = names.get(each.sheet) or book.worksheets[1 if len(names) == 1 else
                                                             list(names).index(each.file.split(".")[0]) + 1]
            cell = sheet.cell(each.row, each.column)
            assert cell.comment and sentence(each, lang)[:100] in cell.comment.text
            assert cell.fill.fgColor.rgb in ("FFFBD5D0", "FFFFF0C2")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert b"<f>" not in data and b"<f " not in data, "no formula"
            assert b'TargetMode="External"' not in data and "externalLink" not in name and "vba" not in name.lower()
    return book


@pytest.mark.parametrize("case", FILES[::4], ids=lambda case: case.name)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_problem_is_marked_at_its_cell(case, lang, tmp_path):
    path = VALUES / f"{case.name}.csv"
    found = marked(path, tmp_path / "marked.html", lang)
    assert found[0]
    marked(path, tmp_path / "marked.xlsx", lang, found)
    check_page(tmp_path / "marked.html", found, lang)
    check_book(tmp_path / "marked.xlsx", found, lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_problems_of_several_tables_and_warnings(lang, tmp_path):
    changes = {"values": ("1.5", "1.2万"), "framework": ("Homes,+", "Homes,sideways"), "cities": ("110.2,", "1102,")}
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in GOOD.items():
        (folder / f"{name}.csv").write_text(text.replace(*changes.get(name, ("", "")), 1), encoding="utf-8")
    warnings = (Problem("odd", "请核对", "please check", "values.csv", "", 2, 4, "20"),
                Problem("far", "整行", "a row", "values.csv", "", 3), Problem("none", "整表", "a table", "cities.csv"),
                Problem("beyond", "表外", "beyond the table", "values.csv", "", 50, 40),
                Problem("file", "别的文件", "another file", "other.csv"))
    for ending in ("html", "xlsx"):
        found = marked(folder, tmp_path / f"marked.{ending}", lang, (findings(folder)[0], warnings))
    assert {each.file for each in found[0]} == {"values.csv", "framework.csv", "cities.csv"}
    page = Page((tmp_path / "marked.html").read_text(encoding="utf-8"))
    numbers = [item["text"].split()[0] for item in page.all("li")]
    assert numbers == [str(number) for number in range(1, len(found[0]) + 6)]
    assert all(sentence(each, lang) in item["text"]
               for each, item in zip([*found[0], *warnings], page.all("li"), strict=True))
    targets = {element["href"][1:] for element in page.all("a")}
    assert targets <= set(page.by_id), "every link leads somewhere"
    check_book(tmp_path / "marked.xlsx", found, lang)


def hostile_rows():
    rows = [["name", "I01", "I05", "note"]]
    rows += [[f"{text}", text, number, text] for number, text in enumerate(HOSTILE)]
    return rows


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_texts_stay_texts(lang, tmp_path):
    clean = [[cell if not isinstance(cell, str) else cell.replace("\0", "").encode("utf-8", "ignore").decode()
              for cell in row] for row in hostile_rows()]
    path = tmp_path / "in" / "mine.csv"
    path.parent.mkdir()
    path.write_text(csv_text(clean), encoding="utf-8", newline="")
    found = [Problem("k", text, text, "mine.csv", "", row, 2, text[:60]) for row, text in enumerate(HOSTILE, start=2)
             if text.isprintable() and len(text) < 200], findings(path)[1]
    for ending in ("html", "xlsx"):
        marked(path, tmp_path / f"marked.{ending}", lang, found)
    check_page(tmp_path / "marked.html", found, lang)
    book = check_book(tmp_path / "marked.xlsx", found, lang)
    sheet = book.worksheets[1]
    for row, texts in enumerate(read_grids(path)[0]["values"].rows[1:], start=2):
        cell = sheet.cell(row, 2)
        assert cell.data_type in ("s", "n", "inlineStr") and cell.hyperlink is None
        if texts[1].isascii() and texts[1].isprintable() and len(texts[1]) < 30_000:
            assert cell.value == (texts[1] or None)


def test_findings_themselves_may_hold_anything(tmp_path):
    """A message quotes what the user wrote; in the list it is text as well."""
    path = tmp_path / "in" / "mine.csv"
    path.parent.mkdir()
    path.write_text("name,I01\n北京市,1\n", encoding="utf-8")
    found = [Problem("k", text, text, "mine.csv", "", 2, 2, text) for text in HOSTILE]
    found += [Problem("k", "x", "x", text, text, 2, 2, "") for text in HOSTILE]
    for ending in ("html", "xlsx"):
        marked(path, tmp_path / f"marked.{ending}", "zh", (found, ()))
    page = Page((tmp_path / "marked.html").read_text(encoding="utf-8"))
    assert len(page.all("li")) == len(found) and "<script>alert(1)</script>" in page.all("li")[5]["text"]
    book = openpyxl.load_workbook(tmp_path / "marked.xlsx")
    assert all(cell.data_type != "f" for sheet in book.worksheets for row in sheet.iter_rows() for cell in row)
    assert [book.worksheets[0].cell(4 + row, 5).value for row in range(5)] == HOSTILE[:5]


@pytest.mark.parametrize("name", ["=1+1", "a'b", "Findings", "检查结果", "History", "x" * 31, "<b>"])
def test_sheets_of_any_name(name, tmp_path):
    if name in ("检查结果", "Findings", "History"):
        content = openpyxl.Workbook()
        content.active.title = name
        content.active.append(["name", "I01"])
        content.active.append(["某市", "x"])
        content.save(tmp_path / "made.xlsx")
        data = (tmp_path / "made.xlsx").read_bytes()
    else:
        def fill(book):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["name", "I01"])
            sheet.write_row(1, 0, ["某市", "x"])
        data = workbook_bytes(fill)
    path = tmp_path / "in" / "mine.xlsx"
    path.parent.mkdir()
    path.write_bytes(data)
    for ending in ("html", "xlsx"):
        found = marked(path, tmp_path / f"marked.{ending}", "en")
    assert found[0] and len(openpyxl.load_workbook(tmp_path / "marked.xlsx").sheetnames) == 2
    Page((tmp_path / "marked.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("ending", ["html", "xlsx"])
def test_two_calls_give_the_same_bytes(ending, tmp_path):
    path = VALUES / "values_many_wrong.csv"
    for name in ("one", "two"):
        found = marked(path, tmp_path / "new" / f"{name}.{ending}")
    assert found[0]
    one, two = (tmp_path / "new" / f"{name}.{ending}" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_what_cannot_be_read_is_listed(tmp_path):
    path = tmp_path / "in" / "mine.xlsx"
    path.parent.mkdir()
    path.write_bytes(b"no workbook")
    for ending in ("html", "xlsx"):
        found = marked(path, tmp_path / f"marked.{ending}", "en")
    assert [each.kind for each in found[0]] == ["damaged"]
    assert "no sound .xlsx" in Page((tmp_path / "marked.html").read_text(encoding="utf-8")).all("li")[0]["text"]
    assert openpyxl.load_workbook(tmp_path / "marked.xlsx").sheetnames == ["Findings"]


def test_the_input_is_no_place_for_the_copy(tmp_path):
    folder = tmp_path / "mine.html"
    folder.mkdir()
    path = folder / "values.csv"
    path.write_text("name,I01\n北京市,x\n", encoding="utf-8")
    book = tmp_path / "book.xlsx"
    book.write_bytes(b"x")
    (tmp_path / "link.xlsx").symlink_to(book)
    (tmp_path / "hard.xlsx").hardlink_to(book)
    (tmp_path / "way").symlink_to(folder)
    before = snapshot(tmp_path)
    for source, target in ((book, book), (book, tmp_path / "link.xlsx"), (book, tmp_path / "hard.xlsx"),
                           (book, tmp_path / "way" / ".." / "book.xlsx"), (folder, folder),
                           (folder, folder / "marked.html"), (folder, folder / "deep" / "marked.xlsx"),
                           (folder, tmp_path / "way" / "marked.xlsx"), (path, tmp_path / "marked.csv"),
                           (path, tmp_path / "marked"), (path, path)):
        with pytest.raises(ValueError, match=target.name):
            write_marked(source, [], [], target, "zh")
        assert snapshot(tmp_path) == before
