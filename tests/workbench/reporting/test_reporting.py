"""Reports: the same bytes twice, one language each, texts that stay texts, pages that hold what they promise."""

from __future__ import annotations

import copy
import io
import json
import re
from functools import cache
from html.parser import HTMLParser

import pytest
from conftest import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sample_notebook import HOSTILE, drawing, report_output, sample_notebook, table_html, table_output, text_output

from workbench.reporting import (
    FileEntry,
    PageLinks,
    ReportEntry,
    ReportError,
    RunFacts,
    Stamp,
    notebook_to_html,
    notebook_to_pdf,
    tidy_notebook,
    write_index,
)
from workbench.reporting.markup import convert_markdown
from workbench.reporting.table_markup import read_table, table_to_html
from workbench.reporting.tidy import report_of, warnings_taken_out
from workbench.reporting.typst_tables import fit_table, table_to_typst, typst_string

STAMP = Stamp("baseline", "公开数据版：34 项指标中的 11 项，缺数字治理", "2026 年 1 月")
LINKS = PageLinks(pdf="../pdf/03.pdf", previous=("02.html", "02 指标"), next=("04.html", f"04 {HOSTILE}"))


@cache
def page(lang: str = "zh", kind: str = "notebook") -> str:
    return notebook_to_html(tidy_notebook(sample_notebook(kind, lang), "03"), "03_entropy_weights", lang, STAMP, LINKS)


@cache
def pdf(lang: str = "zh", kind: str = "notebook") -> bytes:
    return notebook_to_pdf(tidy_notebook(sample_notebook(kind, lang), "03"), "03_entropy_weights", lang, STAMP)


@cache
def pdf_pages(lang: str = "zh", kind: str = "notebook") -> list[str]:
    from pypdf import PdfReader

    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf(lang, kind))).pages]


class Elements(HTMLParser):
    """Every element of a page with its attributes, and whether the elements are balanced."""

    VOID = {"meta", "link", "img", "br", "hr", "col", "input"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.found if name == tag]


def one_cell(*outputs, source: str = "x") -> object:
    return new_notebook(
        cells=[new_markdown_cell("# 标题"), new_code_cell(source, outputs=list(outputs))], metadata={"report": {}}
    )


def html_of(*outputs, source: str = "x") -> str:
    return notebook_to_html(one_cell(*outputs, source=source), "trial", "zh", STAMP)


class TestTidyNotebook:
    def test_two_runs_become_the_same_notebook(self):
        first, second = sample_notebook(), sample_notebook()
        second.metadata.papermill.start_time = "2027-02-02T02:02:02"
        second.metadata.language_info.version = "3.13.1"
        second.cells[2].execution_count = 17
        assert first.cells[0].id != second.cells[0].id
        assert first != second
        assert tidy_notebook(first, "03") == tidy_notebook(second, "03")

    def test_is_idempotent_and_leaves_its_argument_alone(self):
        notebook = sample_notebook()
        before = copy.deepcopy(notebook)
        tidied = tidy_notebook(notebook, "03")
        assert notebook == before
        assert tidy_notebook(tidied, "03") == tidied

    def test_is_still_a_valid_notebook_with_its_tags_and_report(self):
        import nbformat

        tidied = tidy_notebook(sample_notebook(), "03")
        nbformat.validate(tidied)
        assert set(tidied.metadata) == {"report", "kernelspec", "language_info"}
        assert tidied.metadata.kernelspec.name == "python3"
        assert tidied.cells[0].metadata == {"tags": ["finding"]}

    def test_warnings_leave_a_notebook_once_each_without_the_folder_of_this_machine(self):
        words = [("stderr", f"{ROOT}/analysis/x.py:1: UserWarning: a\n"), ("stdout", "kept\n")]
        outputs = [new_output("stream", name=name, text=text) for name, text in (*words, words[0])]
        notebook = one_cell(*outputs)
        assert warnings_taken_out(notebook, ROOT) == ["analysis/x.py:1: UserWarning: a"]
        assert [output.text for output in notebook.cells[1].outputs] == ["kept\n"]
        assert warnings_taken_out(notebook, ROOT) == []

    def test_pieces_of_one_stream_are_joined_and_streams_kept_apart(self):
        pieces = [("stdout", "a\n"), ("stdout", "b\n"), ("stderr", "c\n"), ("stdout", "d\n")]
        notebook = one_cell(*(new_output("stream", name=name, text=text) for name, text in pieces))
        outputs = tidy_notebook(notebook, "trial").cells[1].outputs
        assert [(output.name, output.text) for output in outputs] == [
            ("stdout", "a\nb\n"), ("stderr", "c\n"), ("stdout", "d\n")]  # fmt: skip

    def test_refuses_a_memory_address(self):
        shown = new_output("execute_result", data={"text/plain": "<Axes: at 0x7f00aa11bb22>"})
        with pytest.raises(ReportError, match="trial, cell 2: .*0x7f00aa11bb22.* memory address"):
            tidy_notebook(one_cell(shown), "trial")


class TestTitles:
    def test_those_of_a_trait_of_the_panel_stand_for_the_notebooks_own(self):
        plain = {"title": "a", "subtitle": "b", "kind": "notebook", "lang": "zh"}
        about = plain | {"own": {"title": "o", "subtitle": "p"}, "synthetic": {"title": "s"}}
        assert report_of(about, frozenset({"own", "synthetic"})) == plain | {"title": "s", "subtitle": "p"}
        assert report_of(about, frozenset({"public"})) == plain

    def test_both_reports_speak_their_language_only(self):
        assert "公式与约定" in page("zh") and "Formula and conventions" not in page("zh")
        assert "Formula and conventions" in page("en") and "公式与约定" not in page("en")
        assert '<html lang="zh-CN">' in page("zh") and '<html lang="en">' in page("en")


@pytest.mark.long
class TestSameBytes:
    @pytest.mark.parametrize("kind", ["notebook", "white_paper"])
    def test_html_and_pdf_do_not_change_between_runs(self, kind):
        again = sample_notebook(kind)
        again.metadata.papermill.start_time = "2027-02-02T02:02:02"
        again = tidy_notebook(again, "03")
        assert notebook_to_html(again, "03_entropy_weights", "zh", STAMP, LINKS) == page("zh", kind)
        assert notebook_to_pdf(again, "03_entropy_weights", "zh", STAMP) == pdf("zh", kind)

    def test_pdf_date_is_the_stamps(self):
        from pypdf import PdfReader

        reader = PdfReader(io.BytesIO(pdf()))
        assert str(reader.metadata.creation_date.date()) == "2026-01-01"


class TestHtml:
    def test_loads_nothing_and_runs_nothing(self):
        elements = Elements(page())
        assert not {"script", "iframe", "object", "embed", "form"} & {tag for tag, _ in elements.found}
        assert all(image["src"].startswith("data:image/") for image in elements.all("img"))
        assert [link["href"] for link in elements.all("link")] == ["data:,"]
        assert "default-src 'none'" in next(m["content"] for m in elements.all("meta") if "http-equiv" in m)
        style = re.search(r"<style>(.*?)</style>", page(), re.DOTALL)[1]
        assert not re.search(r"@import|url\(|@font-face", style)
        assert {"width", "text-align", "padding-right", "padding-left"} >= {
            rule.split(":")[0].strip() for _, attributes in elements.found if "style" in attributes
            for rule in attributes["style"].split(";") if rule.strip()}  # fmt: skip
        assert not any(name.startswith("on") for _, attributes in elements.found for name in attributes)

    def test_elements_are_balanced_and_ids_unique(self):
        elements = Elements(page())
        assert elements.open == []
        ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
        assert len(ids) == len(set(ids))
        targets = {link["href"][1:] for link in elements.all("a") if link["href"].startswith("#")}
        assert targets <= set(ids)

    def test_contents_lists_the_headings_in_order(self):
        side = re.search(r'<nav class="side".*?</nav>', page(), re.DOTALL)[0]
        assert re.findall(r'class="level-(\d)"><a href="#[^"]+">([^<]+)<', side) == [
            ("2", "一、公式与约定"), ("3", "1.1 图形"), ("2", "二、全部城市"), ("2", "三、宽表与其余")]  # fmt: skip

    def test_one_title_and_headings_without_a_skipped_level(self):
        levels = [int(tag[1]) for tag, _ in Elements(page()).found if re.fullmatch(r"h[1-6]", tag)]
        assert levels.count(1) == 1 and levels[0] == 1
        assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))

    def test_formulas_are_mathml(self):
        assert page().count('<math display="block"') == 1
        assert "<mtable>" in page() and "\\operatorname" in page()
        assert "$$" not in page()

    def test_code_is_folded_by_kind(self):
        folded = re.findall(r'<details class="code (\w+)">\s*<summary>([^<]+)<', page())
        assert folded[:3] == [("code", "代码"), ("parameters", "参数"), ("injected", "本次运行的参数")]
        assert folded[3:] == [("code", "代码")] * 4

    def test_figures_have_alternative_text_and_caption(self):
        assert [image["alt"] for image in Elements(page()).all("img")] == ["八个城市的得分"] * 2
        assert "<b>图 3-1</b> 各城市得分（公开数据版，2019 年）" in page()

    def test_table_heads_have_scopes(self):
        heads = Elements(page()).all("th")
        assert heads and all("scope" in head for head in heads)

    def test_chinese_lines_join_without_a_space(self):
        assert "写到这里第二行接着写" in page()

    def test_links_to_neighbours_and_index(self):
        hrefs = [link.get("href") for link in Elements(page()).all("a")]
        assert {"02.html", "04.html", "../index.html", "../pdf/03.pdf"} <= set(hrefs)

    def test_white_paper_has_no_code_checks_or_run_name(self):
        white_paper = re.sub(r"<style>.*?</style>", "", page(kind="white_paper"), flags=re.DOTALL)
        assert [details["class"] for details in Elements(white_paper).all("details")] == ["contents"]
        assert "entropy_weights(values)" not in white_paper
        assert "核对" not in white_paper and "baseline" not in white_paper and "02.html" not in white_paper

    def test_stays_small(self):
        assert len(page().encode()) < 300_000


class TestTextsStayTexts:
    """A city named like markup is a city with an odd name, in the table, the caption and every link."""

    def test_html(self):
        assert Elements(page()).all("script") == []
        assert page().count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
        assert not any("javascript:" in (link.get("href") or "") for link in Elements(page()).all("a"))

    @pytest.mark.long
    def test_pdf_shows_the_name_letter_by_letter(self):
        text = "".join("".join(pdf_pages()).split())
        assert text.count("".join(HOSTILE.split())) >= 3

    def test_raw_html_and_odd_links_in_markdown(self):
        text = 'a <b onclick="x()">b</b> [c](javascript:d) [e](../f.html)\n\n<script>g()</script>'
        html = convert_markdown([text], "html", "t")
        tags = {tag for tag, _ in Elements(html[0]).found}
        assert tags == {"p", "a"}
        assert "javascript:" not in html[0] and 'href="../f.html"' in html[0]

    @pytest.mark.parametrize("text", [HOSTILE, '\\"', 'a"]\\', "`x`", "*/ //", "@a <b>", "#import \"x\"", "a\nb\tc"])
    def test_typst_strings_hold_any_text(self, text):
        import typst

        assert json.loads(typst.eval(b"", typst_string(text))) == text

    def test_title_and_alternative_text(self):
        notebook = sample_notebook()
        notebook.metadata["report"]["title"] = HOSTILE
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
        figure = next(output for output in outputs if "image/png" in output.get("data", {}))
        figure.metadata["report"]["alt"] = f'"{HOSTILE}'
        elements = Elements(notebook_to_html(notebook, "t", "zh", STAMP))
        assert elements.all("script") == []
        assert f'"{HOSTILE}' in [image["alt"] for image in elements.all("img")]
        assert notebook_to_pdf(notebook, "t", "zh", STAMP)[:5] == b"%PDF-"


class TestTables:
    def test_numbers_stand_right_and_texts_left(self):
        table = read_table(table_html(5, 4), "t")
        assert table.numeric_columns() == [True, False, True, True]
        assert table_to_html(table).count('class="num"') == 3 + 5 * 3

    def test_pandas_frames_are_read_without_their_style(self):
        import pandas as pd

        frame = pd.DataFrame({"score": [1.5, -2.0]}, index=pd.Index(["深圳市", "<i>"], name="city"))
        table = read_table(f"<style>th {{color: red}}</style>{frame.to_html()}", "t")
        assert [[cell.text for cell in row] for row in table.body] == [["深圳市", "1.5"], ["<i>", "-2.0"]]
        assert "red" not in table_to_html(table)

    def test_merged_cells_keep_their_places(self):
        html = ('<table><thead><tr><th rowspan="2">城市</th><th colspan="2">得分</th></tr>'
                '<tr><th>一</th><th>二</th></tr></thead>'
                '<tbody><tr><th>深圳</th><td>1</td><td>2</td></tr></tbody></table>')  # fmt: skip
        table = read_table(html, "t")
        assert table.width == 3 and table.numeric_columns() == [False, True, True]
        assert 'scope="colgroup"' in table_to_html(table) and 'scope="row"' in table_to_html(table)
        assert "table.cell(colspan: 2, rowspan: 1" in table_to_typst(table, fit_table(table))

    @pytest.mark.parametrize(
        ("html", "message"),
        [
            ("<table><tr><td><img src=x></td></tr></table>", "<img> may not stand in a table"),
            ("<table><thead><tr><th>a</th></tr></thead></table>", "has no rows"),
            ("<table><tr><td>a</td></tr><tr><td>b</td><td>c</td></tr></table>", "row 2 has more than the table's 1"),
        ],
    )
    def test_refuses_what_is_not_a_plain_table(self, html, message):
        with pytest.raises(ReportError, match=f"here: .*{re.escape(message)}"):
            read_table(html, "here")

    def test_wider_tables_get_smaller_then_lie_on_their_side_then_are_broken_anywhere(self):
        fits = {columns: fit_table(read_table(table_html(3, columns), "t")) for columns in (4, 14, 24)}
        assert [fit.landscape for fit in fits.values()] == [False, False, True]
        assert fits[4].size == 9.0 > fits[14].size >= 7.0
        widest = fit_table(read_table(table_html(3, 80), "t"))
        assert widest.broken and sum(float(width[:-2]) for width in widest.columns) <= 697.0 + 0.01 * 80
        assert not any(fit.broken for fit in fits.values())

    @pytest.mark.parametrize("columns", [14, 24])
    @pytest.mark.long
    def test_wide_tables_stay_between_the_margins(self, columns):
        from pypdf import PdfReader

        notebook = one_cell(table_output(40, columns, "表 1", "宽表", "wide"))
        margin, over = 25 / 25.4 * 72, []
        for sheet in PdfReader(io.BytesIO(notebook_to_pdf(notebook, "wide", "zh", STAMP))).pages:

            def visit(text, page_matrix, text_matrix, _, size, right=float(sheet.mediabox.width) - margin):
                if text.strip():
                    left = page_matrix[4] + page_matrix[0] * text_matrix[4]
                    # A digit of Noto Sans SC is 0.555 em wide; allow half a point.
                    over.append(max(margin - left, left + 0.55 * len(text.strip()) * size - right))

            sheet.extract_text(visitor_text=visit)
        assert len(over) > 40
        assert max(over) < 0.5


@pytest.mark.long
class TestPdf:
    def test_has_title_captions_and_numbered_pages(self):
        pages = pdf_pages()
        assert "熵权法：指标自己说出的权重" in pages[0] and STAMP.edition in pages[0] and STAMP.date in pages[0]
        assert "目录" in pages[0] and "公式与约定" in pages[0]
        whole = " ".join("\n".join(pages).split())
        assert "各城市得分（公开数据版，2019 年）" in whole and "图 3-1" in whole and "表 3-3" in whole
        for number, text in enumerate(pages, start=1):
            assert f"第{number}页共{len(pages)}页" in "".join(text.split())

    def test_english_counts_its_pages_in_english(self):
        assert f"Page 1 of {len(pdf_pages('en'))}" in " ".join(pdf_pages("en")[0].split())
        assert "Formula and conventions" in pdf_pages("en")[1]

    def test_long_table_repeats_its_head_on_every_page(self):
        pages = [text for text in pdf_pages() if "指标 03" in text or "指标03" in text]
        assert len(pages) >= 3
        assert all("城市" in text for text in pages)

    def test_is_tagged_and_says_its_language_and_title(self):
        from pypdf import PdfReader

        for lang, name in (("zh", "zh-CN"), ("en", "en")):
            reader = PdfReader(io.BytesIO(pdf(lang)))
            catalog = reader.trailer["/Root"]
            assert catalog["/Lang"] == name
            assert catalog["/MarkInfo"]["/Marked"] is not False
            assert reader.metadata.title == sample_notebook(lang=lang).metadata.report["title"]
            assert [item.title for item in reader.outline if not isinstance(item, list)]

    def test_code_is_left_out_unless_asked_for(self):
        from pypdf import PdfReader

        assert "entropy_weights(values)" not in "".join(pdf_pages())
        with_code = notebook_to_pdf(sample_notebook(), "03", "zh", STAMP, include_code=True)
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(with_code)).pages)
        assert "entropy_weights(values)" in text

    def test_white_paper_has_a_cover_of_its_own(self):
        pages = pdf_pages(kind="white_paper")
        assert "目录" not in pages[0] and "目录" in pages[1]
        assert "第" not in "".join(pages[0].split("\n")[-1:])  # no page number on the cover

    def test_pictures_drawn_as_vectors_stay_vectors(self):
        from pypdf import PdfReader

        reader = PdfReader(io.BytesIO(pdf()))
        assert sum(len(page.images) for page in reader.pages) == 1  # the PNG; the SVG is paths

    def test_a_character_that_no_font_has_is_seen_to_be_missing(self):
        from pypdf import PdfReader

        notebook = one_cell(text_output("text", "甲 \U00012000 乙"))
        made = PdfReader(io.BytesIO(notebook_to_pdf(notebook, "trial", "zh", STAMP)))
        assert "〓" in "".join(page.extract_text() for page in made.pages)

    def test_every_typst_warning_is_an_error(self, monkeypatch, tmp_path):
        from workbench.reporting import notebook_pdf

        pages = (notebook_pdf.REPORT_ASSETS / "report.typ").read_text(encoding="utf-8")
        pages = pages.replace("#let sans = (", '#let sans = ("No Such", ')
        (tmp_path / "report.typ").write_text(pages, encoding="utf-8")
        monkeypatch.setattr(notebook_pdf, "REPORT_ASSETS", tmp_path)
        with pytest.raises(ReportError, match="trial: typst warns: unknown font family: no such"):
            notebook_to_pdf(one_cell(), "trial", "zh", STAMP)

    def test_says_when_the_fonts_are_not_there(self, monkeypatch, tmp_path):
        from workbench.reporting import notebook_pdf

        monkeypatch.setattr(notebook_pdf, "FONTS", tmp_path)
        monkeypatch.setattr(notebook_pdf, "_fonts", notebook_pdf._fonts.__wrapped__)
        with pytest.raises(ReportError, match="assets/fonts holds no .ttf file"):
            notebook_to_pdf(one_cell(), "trial", "zh", STAMP)


class TestRefusals:
    @pytest.mark.parametrize(
        ("outputs", "message"),
        [
            ([new_output("error", ename="KeyError", evalue="'杭洲市'", traceback=[])], "cell 2 failed with KeyError: "),
            ([new_output("stream", name="stderr", text="FutureWarning: x\n")], "cell 2 wrote to stderr: 'Future"),
            ([report_output({"image/png": "AAAA"}, {"kind": "figure", "label": "图 1"})], "figure 图 1 has no caption"),
            ([report_output({"text/html": "<table></table>"}, {"kind": "table", "label": "表 1"})], "表 1 has no"),
            ([text_output("text", "![x](y.png)")], 'the picture "y.png"'),
            ([text_output("text", "```\nopen")] + [text_output("text", "next")], "runs into the next one"),
            ([text_output("text", r"$\nosuch{1}$")], "Could not convert TeX math"),
            ([text_output("remark", "x")], "a text of kind 'remark'"),
            ([report_output({"image/svg+xml": "<svg><text>深</text></svg>", "text/plain": "x"},
                            {"kind": "figure", "label": "图 1", "caption": "x"})], "svg.fonttype = 'path'"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("write", [notebook_to_html, notebook_to_pdf])
    def test_names_notebook_and_cause(self, outputs, message, write):
        with pytest.raises(ReportError, match=f"trial.*{re.escape(message)}"):
            write(one_cell(*outputs), "trial", "zh", STAMP)

    @pytest.mark.parametrize(
        ("sources", "message"),
        [
            (["# a", "# b"], "'# b' is a second level-one heading"),
            (["# a", "#### b"], "'#### b' skips a level"),
            (["text"], "no title"),
        ],
    )
    def test_headings_out_of_order(self, sources, message):
        notebook = new_notebook(cells=[new_markdown_cell(source) for source in sources])
        with pytest.raises(ReportError, match=f"trial: .*{re.escape(message)}"):
            notebook_to_html(notebook, "trial", "zh", STAMP)

    def test_a_hash_in_code_is_no_heading(self):
        notebook = new_notebook(cells=[new_markdown_cell("# a\n\n```python\n# b\n```")])
        assert "# b" in notebook_to_html(notebook, "trial", "zh", STAMP)

    def test_captions_for_jupyterlab_are_not_shown_twice(self):
        assert "for Lab" not in html_of(text_output("caption", "*for Lab*"))


class TestIndex:
    @pytest.fixture
    def folder(self, tmp_path):
        documents = ("html/01.html", "pdf/01.pdf", "white_paper.html", "white_paper.pdf")
        for name in (*documents, "tables/表 5-1.csv", "manifest.json"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("x", encoding="utf-8")
        (tmp_path / "figures").mkdir()
        (tmp_path / "figures/fig.svg").write_bytes(drawing("svg"))
        return tmp_path

    ENTRIES = (ReportEntry(f"01 {HOSTILE}", "读入与清理。", "html/01.html", "pdf/01.pdf"),)
    FACTS = RunFacts(
        findings=("与公布排名的秩相关为 0.71，GDP 为 0.76。", HOSTILE),
        differences={"weighting.alpha": (0.5, 0.3)},
        white_paper=ReportEntry("白皮书", "图表按原编号。", "white_paper.html", "white_paper.pdf"),
        figures=(FileEntry("figures/fig.svg", "图 5-1", HOSTILE),),
        tables=(FileEntry("tables/表 5-1.csv", "表 5-1", "得分"),),
        manifest="manifest.json",
    )

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_links_everything_and_escapes_every_text(self, folder, lang):
        from urllib.parse import unquote

        html = write_index(folder, STAMP, self.ENTRIES, self.FACTS, lang).read_text(encoding="utf-8")
        elements = Elements(html)
        assert elements.open == [] and elements.all("script") == []
        local = [unquote(link["href"]) for link in elements.all("a") if not link["href"].startswith("#")]
        assert all((folder / href).is_file() for href in local)
        assert {"html/01.html", "pdf/01.pdf", "white_paper.pdf", "tables/表 5-1.csv", "manifest.json"} <= set(local)
        assert [image["src"] for image in elements.all("img")] == ["figures/fig.svg"]
        for told in (STAMP.run, STAMP.edition, "weighting.alpha", "0.3", "秩相关为 0.71"):
            assert told in html

    def test_says_when_nothing_differs(self, folder):
        html = write_index(folder, STAMP, self.ENTRIES, RunFacts(), "zh").read_text(encoding="utf-8")
        assert "全部设定与基准相同" in html

    def test_refuses_a_link_to_a_missing_file(self, folder):
        (folder / "pdf/01.pdf").unlink()
        with pytest.raises(ReportError, match="would link to pdf/01.pdf"):
            write_index(folder, STAMP, self.ENTRIES, self.FACTS, "zh")
        assert not (folder / "index.html").exists()
