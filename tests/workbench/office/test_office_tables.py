"""Tables as Markdown and LaTeX: what pandoc reads back from either is what stands in the cells, whatever the texts."""

import re
import subprocess

import pypandoc
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sample_notebook import HOSTILE, table_html

from workbench.office import table_files as files
from workbench.reporting.table import Table, TableCell
from workbench.reporting.table_markup import read_table

SPECIALS = r'\ { } $ & # % _ ^ ~ < > | " * ` [ ] ! + - = ( ) − – × ≥ ρ 「」'
SIMPLE = read_table("<table><thead><tr><th>城市</th><th>得分</th></tr></thead><tbody>"
                    "<tr><td>深圳市</td><td>95.0</td></tr><tr><td>*[x] A&amp;B_1</td><td>−2.5</td></tr>"
                    "</tbody></table>", "test")


def table_of(texts: list[list[str]]) -> Table:
    head, *body = ([TableCell(header=not row, runs=[(text, "")]) for text in line] for row, line in enumerate(texts))
    return Table([head], body)


def back(text: str, form: str) -> list[list[str]]:
    """The cells of the first table that pandoc finds in a text."""
    done = subprocess.run([pypandoc.get_pandoc_path(), "-f", form, "-t", "html", "--wrap=none"], input=text,
                          capture_output=True, text=True, encoding="utf-8", check=True)
    table = BeautifulSoup(done.stdout, "html.parser").table
    return [[re.sub(r"\s+", " ", cell.text).strip() for cell in row.find_all(["td", "th"])]
            for row in table.find_all("tr")]


def plain(texts: list[list[str]]) -> list[list[str]]:
    return [[re.sub(r"\s+", " ", text).strip() for text in line] for line in texts]


class TestReadBack:
    TEXTS = [["a_b", "c & d"], [SPECIALS, "1.5"], [HOSTILE, "−3"], ["[first] \\\\ x", "*y"], ["=cmd()|x", "a\nb"],
             ["a--b---c ''d'' ,,e", "!`?`"]]

    @pytest.mark.parametrize(("form", "write"), [("gfm", files.to_markdown), ("latex-smart", files.to_latex)])
    def test_every_sign_is_shown_letter_by_letter(self, form, write):
        shown = back(write(table_of(self.TEXTS)), form)
        wanted = plain(self.TEXTS)
        if form == "latex-smart":  # pandoc reads the formula signs of LaTeX into signs of its own
            shown, wanted = ([[text.replace("−", "-").replace("’", "'") for text in line] for line in lines]
                             for lines in (shown, wanted))
        assert shown == wanted

    @examples(max_examples=12)
    @given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12), min_size=2,
                    max_size=30))
    def test_any_printable_letters_come_back_from_markdown(self, texts):
        lines = [["head", "b"], *([text, "1"] for text in texts)]
        assert back(files.to_markdown(table_of(lines)), "gfm") == lines


class TestLatex:
    @given(st.text(max_size=40))
    def test_no_sign_with_a_meaning_stays_bare(self, text):
        bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textquotedbl)\b", "", files.latex_text(text))
        bare = re.sub(r"\$[-<>|]\$", "", re.sub(r"\\[{}$&#%_`]", "", bare)).replace("{}", "")
        assert not re.search(r"[\\$&#%_^~]", bare) and "\n" not in bare and bare.count("{") == bare.count("}")

    def test_three_lines_caption_label_and_notes(self):
        text = files.to_latex(SIMPLE, "my table", "表 2", "50% 的城市", ("注 A&B", "公开数据版"))
        assert [text.count(f"\\{line}") for line in ("toprule", "midrule", "bottomrule", "hline")] == [1, 1, 1, 0]
        assert "\\caption{50\\% 的城市}\\label{tab:my-table}" in text and "注 A\\&B" in text and "公开数据版" in text
        assert "\\begin{tabular}{lr}" in text and "% 表 2\n" in text and "ctex" in text
        assert "\n{}*[x] A\\&B\\_1 & $-$2.5 \\\\" in text, "a star after \\\\ would be an option of the line break"

    def test_a_label_cannot_end_its_comment(self):
        assert "\nx" not in files.to_latex(SIMPLE, label="表\nx")

    def test_a_long_table_repeats_its_head(self):
        long = table_of([["a", "b"], *([str(row), "1"] for row in range(files.LONG + 1))])
        text = files.to_latex(long)
        assert "longtable" in text and "\\begin{table}" not in text and text.count("a & b") == 2
        assert len(back(text, "latex")) >= files.LONG + 1

    def test_a_wide_column_of_text_is_wrapped_and_numbers_are_not(self):
        wide = table_of([["省", "城市", "个数"], ["广东省", "深圳市、" * 40, "21"]])
        wide.body[0][2].kind = "num"
        types = files.column_types(wide)
        shares = [float(share) for share in re.findall(r"p\{([\d.]+)", types)]
        assert types.endswith("r") and len(shares) == 2 and sum(shares) < 1

    def test_cells_over_columns_and_rows(self):
        merged = read_table("<table><thead><tr><th rowspan='2'>a</th><th colspan='2'>b</th></tr><tr><th>c</th>"
                            "<th>d</th></tr></thead>"
                            "<tbody><tr><td>1</td><td>2</td><td>3</td></tr></tbody></table>", "test")
        text = files.to_latex(merged)
        assert "a & \\multicolumn{2}{c}{b} \\\\" in text and "\n & c & d \\\\" in text
        assert files.to_markdown(merged).splitlines()[0] == "| a | b c | d |"


class TestFiles:
    def test_both_are_written_with_the_edition_below(self, tmp_path):
        table = read_table(table_html(5, 4), "test")
        files.write_table_files(table, tmp_path, "x", "表 1", "标题", ("", "公开数据版：34 项指标中的 11 项"))
        for ending in ("md", "tex"):
            text = (tmp_path / f"x.{ending}").read_text(encoding="utf-8")
            assert "公开数据版" in text and "标题" in text
        assert len((tmp_path / "x.md").read_text(encoding="utf-8").split("\n\n")) == 3, "an empty note leaves no gap"
