"""Word documents: what Word itself needs to find in them, and that no text becomes markup. Same report, same bytes."""

import io
import re
import struct
import zipfile
from functools import cache
from xml.etree import ElementTree

import pytest
from docx import Document
from docx.shared import Mm
from sample_notebook import HOSTILE, drawing, sample_notebook

from workbench.office import word, word_xml
from workbench.reporting import Stamp, tidy_notebook
from workbench.reporting.blocks import Block, Report, read_report
from workbench.reporting.table_markup import read_table
from workbench.reporting.typst_tables import fit_table

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STAMP = Stamp("baseline", f"公开数据版：34 项指标中的 11 项 {HOSTILE}", "2026 年 11 月")


@cache
def content(lang: str = "zh") -> bytes:
    report = read_report(tidy_notebook(sample_notebook("white_paper", lang), "10"), "10_white_paper", lang)
    return word.report_to_docx(report, STAMP)


@cache
def parts(lang: str = "zh") -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content(lang))) as package:
        return {name: package.read(name) for name in package.namelist()}


@cache
def document(lang: str = "zh"):
    return Document(io.BytesIO(content(lang)))


def body(lang: str = "zh"):
    return ElementTree.fromstring(parts(lang)["word/document.xml"]).find(f"{W}body")


def texts(lang: str, *styles: str) -> list[str]:
    return [p.text for p in document(lang).paragraphs if p.style.style_id in styles]


def fields(tree) -> list[str]:
    return [" ".join(part.text.split()) for part in tree.iter(f"{W}instrText")]


def small(*blocks: Block) -> ElementTree.Element:
    docx = word.report_to_docx(Report("x", "zh", "标题", "", "white_paper", blocks), STAMP)
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        return ElementTree.fromstring(package.read("word/document.xml")).find(f"{W}body")


def table_block(label: str, html: str = "<table><tbody><tr><td>a</td><td>1</td></tr></tbody></table>") -> Block:
    return Block("table", label=label, caption="c", anchor=label, table=read_table(html, "test"))


@pytest.mark.long
@pytest.mark.parametrize("lang", ["zh", "en"])
class TestDocument:
    def test_the_same_report_gives_the_same_bytes_without_a_date_of_today(self, lang):
        first = content(lang)
        content.cache_clear()
        assert content(lang) == first
        with zipfile.ZipFile(io.BytesIO(first)) as package:
            assert {entry.date_time[:3] for entry in package.infolist()} == {(1980, 1, 1), (2026, 1, 1)}

    def test_every_part_is_well_formed_and_every_relation_leads_to_a_part(self, lang):
        for name, data in parts(lang).items():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(data)
        relations = ElementTree.fromstring(parts(lang)["word/_rels/document.xml.rels"])
        inner = [part.get("Target") for part in relations if part.get("TargetMode") != "External"]
        assert {f"word/{target}" for target in inner} <= set(parts(lang))
        ids = [part.get("Id") for part in relations]
        assert len(ids) == len(set(ids))
        used = re.findall(rb'r:(?:id|embed)="([^"]+)"', parts(lang)["word/document.xml"])
        assert {mark.decode() for mark in used} <= set(ids)

    def test_every_style_in_use_is_defined(self, lang):
        defined = {style.get(f"{W}styleId") for style in ElementTree.fromstring(parts(lang)["word/styles.xml"])}
        used = {part.get(f"{W}val") for name in ("document", "header1", "footer1")
                for kind in ("pStyle", "rStyle", "tblStyle")
                for part in ElementTree.fromstring(parts(lang)[f"word/{name}.xml"]).iter(f"{W}{kind}")}
        assert used <= defined, used - defined

    def test_headings_are_real_ones_in_order(self, lang):
        wanted = {"zh": ["一、公式与约定", "1.1 图形", "二、全部城市", "三、宽表与其余"],
                  "en": ["Formula and conventions", "A picture", "All cities", "A wide table and the rest"]}[lang]
        assert texts(lang, "Heading1", "Heading2") == wanted
        assert [p.style.name for p in document(lang).paragraphs if p.style.style_id == "Heading2"] == ["Heading 2"]

    def test_the_contents_are_a_field_that_word_renews_and_already_lead_to_every_heading(self, lang):
        toc = next(part for part in body(lang).iter(f"{W}instrText") if "TOC" in part.text)
        assert '\\o "1-2"' in toc.text
        begin = next(body(lang).iter(f"{W}fldChar"))
        assert begin.get(f"{W}dirty") == "true"
        links = [link.get(f"{W}anchor") for link in body(lang).iter(f"{W}hyperlink") if link.get(f"{W}anchor")]
        marks = {mark.get(f"{W}name") for mark in body(lang).iter(f"{W}bookmarkStart")}
        assert len(links) == 4 and set(links) <= marks
        assert len([text for text in texts(lang, "TOC1", "TOC2")]) == 4
        kinds = [part.get(f"{W}fldCharType") for part in body(lang).iter(f"{W}fldChar")]
        assert kinds.count("begin") == kinds.count("separate") == kinds.count("end")

    def test_the_cover_has_title_and_edition_and_neither_header_nor_footer(self, lang):
        assert texts(lang, "Title") == [{"zh": "熵权法：指标自己说出的权重",
                                         "en": "Entropy weights: what the indicators say of themselves"}[lang]]
        assert texts(lang, "Edition") == [STAMP.edition] and STAMP.date in texts(lang, "Date")
        without = [section.different_first_page_header_footer for section in document(lang).sections]
        assert without[0] and not any(without[1:])

    def test_pages_are_a4_with_edition_and_page_number_below(self, lang):
        assert {round(min(s.page_width, s.page_height) / Mm(1)) for s in document(lang).sections} == {210}
        assert {round(max(s.page_width, s.page_height) / Mm(1)) for s in document(lang).sections} == {297}
        footer = ElementTree.fromstring(parts(lang)["word/footer1.xml"])
        assert fields(footer) == ["PAGE", "NUMPAGES"] and STAMP.edition in "".join(footer.itertext())
        assert fields(ElementTree.fromstring(parts(lang)["word/header1.xml"])) == ["STYLEREF 1"]

    def test_tables_are_tables_with_three_lines_and_a_head_that_repeats(self, lang):
        ours = [table for table in document(lang).tables if table.style.style_id == "ThreeLine"]
        assert [len(table.rows) for table in ours] == [6, 121, 31]
        for table in ours:
            borders = table._tbl.tblPr.find(f"{W}tblBorders")
            assert [line.tag.removeprefix(W) for line in borders] == ["top", "bottom"]
            first, second = table.rows[0]._tr, table.rows[1]._tr
            assert first.trPr.find(f"{W}tblHeader") is not None and second.trPr.find(f"{W}tblHeader") is None
            assert all(cell.find(f"{W}tcPr/{W}tcBorders/{W}bottom") is not None for cell in first.iter(f"{W}tc"))
            assert not list(second.iter(f"{W}tcBorders"))
        assert ours[0].cell(1, 1).text == re.sub(r"\s+", " ", HOSTILE)
        assert ours[1].cell(2, 1).text == "上海市" and ours[1].cell(2, 2).text == "0.37"

    def test_numbers_stand_to_the_right_and_texts_to_the_left(self, lang):
        row = document(lang).tables[0].rows[1]
        aligned = [cell.paragraphs[0].alignment for cell in row.cells]
        assert str(aligned[0]).startswith("RIGHT") and aligned[1] is None

    def test_captions_stand_where_they_should(self, lang):
        order = [("table" if part.tag == f"{W}tbl" else "figure" if list(part.iter(f"{W}drawing")) else
                  "caption" if part.find(f"{W}pPr/{W}pStyle") is not None
                  and part.find(f"{W}pPr/{W}pStyle").get(f"{W}val") == "Caption" else "") for part in body(lang)]
        for place, kind in enumerate(order):
            if kind == "figure":
                assert order[place + 1] == "caption"
        for place, part in enumerate(body(lang)):
            if part.tag == f"{W}tbl" and part.find(f"{W}tblPr/{W}tblStyle").get(f"{W}val") == "ThreeLine":
                assert order[place - 1] == "caption"
                assert body(lang)[place - 1].find(f"{W}pPr/{W}keepNext") is not None

    def test_captions_have_sequence_fields_and_the_printed_numbers(self, lang):
        shown = texts(lang, "Caption")
        assert [text.split("　")[0] for text in shown] == ["表 3-1", "图 3-1", "表 3-2", "表 3-3", "图 3-2"]
        sequences = [text for text in fields(body(lang)) if text.startswith("SEQ")]
        assert sequences == ["SEQ 表 \\* ARABIC", "SEQ 图 \\* ARABIC", "SEQ 表 \\* ARABIC", "SEQ 表 \\* ARABIC",
                             "SEQ 图 \\* ARABIC"]

    def test_figures_have_alternative_text_and_300_dots_an_inch(self, lang):
        space = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
        about = list(body(lang).iter(f"{space}docPr"))
        assert [part.get("descr") for part in about] == ["八个城市的得分"] * 2
        assert len({part.get("id") for part in about}) == 2
        extent = next(body(lang).iter(f"{space}extent"))
        inches = int(extent.get("cx")) / 914400
        assert inches == pytest.approx(0.9 * word.WIDTH_INCHES, abs=0.01)
        pictures = sorted((data for name, data in parts(lang).items() if name.endswith(".png")), key=len)
        assert max(struct.unpack(">I", data[16:20])[0] for data in pictures) == pytest.approx(6 * 300, abs=2)

    def test_formulas_are_formulas(self, lang):
        assert list(body(lang).iter("{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"))

    def test_code_checks_and_paths_stay_out(self, lang):
        whole = "".join(body(lang).itertext())
        assert "entropy_weights(values)" not in whole and "核对" not in whole and "/somewhere" not in whole

    def test_its_record_names_title_and_edition(self, lang):
        record = document(lang).core_properties
        assert record.title == texts(lang, "Title")[0] and record.subject == STAMP.edition
        assert record.created.isoformat().startswith("2026-01-01") and record.author == ""


class TestText:
    @pytest.mark.long
    def test_a_hostile_text_is_a_text_wherever_it_stands(self):
        whole = "".join(text or "" for text in body("zh").itertext())
        assert HOSTILE in whole
        targets = [part.get("Target") for part in ElementTree.fromstring(parts()["word/_rels/document.xml.rels"])]
        assert not [target for target in targets if "javascript" in target or "file:" in target]
        assert b"macro" not in parts()["[Content_Types].xml"].lower()

    def test_letters_that_xml_cannot_hold_are_left_out(self):
        assert word_xml.text_xml("a\x00\x0b\ud800<&\"b") == "a&lt;&amp;&quot;b"

    def test_chinese_is_set_in_chinese_faces(self):
        styles = ElementTree.fromstring(parts()["word/styles.xml"])
        faces = {style.get(f"{W}styleId"): style.find(f"{W}rPr/{W}rFonts") for style in styles.iter(f"{W}style")}
        assert styles.find(f"{W}docDefaults//{W}rFonts").get(f"{W}eastAsia") == "宋体"
        assert faces["Heading1"].get(f"{W}eastAsia") == faces["Title"].get(f"{W}eastAsia") == "黑体"
        known = ElementTree.fromstring(parts()["word/fontTable.xml"])
        assert all("Noto Sans SC" in font.find(f"{W}altName").get(f"{W}val")
                   for font in known if font.get(f"{W}name") in ("宋体", "黑体"))

    def test_the_png_of_a_run_is_taken_where_there_is_one(self, tmp_path):
        (tmp_path / "fig.png").write_bytes(drawing("png"))
        figure = Block("figure", label="图 1", caption="c", alt="a", anchor="fig", picture=drawing("svg"),
                       media="image/svg+xml")
        docx = word.report_to_docx(Report("x", "zh", "标题", "", "white_paper", (figure,)), STAMP, tmp_path)
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            assert [package.read(name) for name in package.namelist() if name.endswith(".png")] == [drawing("png")]

    def test_a_template_gives_its_own_styles(self, tmp_path):
        template = Document()
        template.styles["Heading 1"].font.name = "KaiTi"
        template.save(tmp_path / "house.docx")
        report = Report("x", "zh", "标题", "", "white_paper", (Block("heading", "一"), table_block("表 1")))
        docx = Document(io.BytesIO(word.report_to_docx(report, STAMP, template=tmp_path / "house.docx")))
        heading = next(paragraph for paragraph in docx.paragraphs if paragraph.text == "一")
        assert heading.style.style_id == "Heading1" and heading.style.font.name == "KaiTi"
        relations = set(docx.part.rels)
        assert set(re.findall(r'r:id="([^"]+)"', docx.part.blob.decode("utf-8"))) <= relations


class TestCaptions:
    def sequences(self, *labels: str) -> list[str]:
        return [text for text in fields(small(*map(table_block, labels))) if text.startswith("SEQ")]

    def test_a_gap_or_a_new_notebook_sets_the_count_and_the_next_number_follows(self):
        """Word counts one sequence through the document; what does not follow must say where it begins."""
        assert self.sequences("表 1", "表 2", "表 5", "表 6", "表 2-1", "表 2-2") == [
            "SEQ 表 \\* ARABIC", "SEQ 表 \\* ARABIC", "SEQ 表 \\* ARABIC \\r 5", "SEQ 表 \\* ARABIC",
            "SEQ 表 \\* ARABIC \\r 1", "SEQ 表 \\* ARABIC"]

    def test_a_letter_after_the_number_and_a_label_without_one(self):
        shown = small(table_block("Table 2a"), table_block("附表"))
        lines = ["".join(p.itertext()) for p in shown.iter(f"{W}p")
                 if p.find(f"{W}pPr/{W}pStyle") is not None and p.find(f"{W}pPr/{W}pStyle").get(f"{W}val") == "Caption"]
        assert [re.sub(r" SEQ .*? \\r 2 ", "", line) for line in lines] == ["Table 2a　c", "附表　c"]


class TestTables:
    def test_cells_over_columns_and_rows(self):
        html = ("<table><thead><tr><th rowspan='2'>a</th><th colspan='2'>b</th></tr><tr><th>c</th><th>d</th></tr>"
                "</thead><tbody><tr><td>1</td><td>2</td><td>3</td></tr></tbody></table>")
        table = Document(io.BytesIO(word.report_to_docx(
            Report("x", "zh", "标题", "", "white_paper", (table_block("表 1", html),)), STAMP))).tables[0]
        assert [[cell.text for cell in row.cells] for row in table.rows] == [["a", "b", "b"], ["a", "c", "d"],
                                                                             ["1", "2", "3"]]

    def test_a_table_that_fills_a_page_may_break(self):
        def is_kept(rows: int, text: str) -> bool:
            html = "<table><tbody>" + f"<tr><td>{text}</td><td>1</td></tr>" * rows + "</tbody></table>"
            table = read_table(html, "test")
            fit = fit_table(table)
            return word_xml.is_short(table, word_xml.column_widths(table, fit), fit)

        assert is_kept(20, "深圳市") and not is_kept(60, "深圳市") and not is_kept(20, "深圳市、" * 60)

    def test_two_wide_tables_share_one_turn_of_the_paper(self):
        wide = "<table><tbody><tr>" + "<td>123456789</td>" * 14 + "</tr></tbody></table>"
        found = small(table_block("表 1", wide), table_block("表 2", wide))
        turned = [size.get(f"{W}orient") == "landscape" for size in found.iter(f"{W}pgSz")]
        assert turned == [False, False, True]
