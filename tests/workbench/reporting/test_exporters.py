"""The study's page and PDF through plain nbconvert: names, language, run and edition, and plain refusals."""

from __future__ import annotations

import io
import subprocess
import sys

import nbformat
import pytest
from conftest import study_environment
from nbconvert.exporters import get_exporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from pypdf import PdfReader
from sample_notebook import sample_notebook, text_output

from workbench.reporting import Stamp
from workbench.reporting.errors import ReportError
from workbench.reporting.exporters import HTMLReport, PDFReport
from workbench.reporting.stamps import notebook_stamp

pytestmark = pytest.mark.long

NOTICE = "**公开数据版：34 项指标中的 11 项，缺数字治理。** 各领域已测度/全部指标：数字经济 2/8。"


def small_notebook(*outputs, source: str = 'run = "mine"\nlang = "en"', **about):
    """A notebook of one parameters cell, as JupyterLab saves it after Run All."""
    cell = new_code_cell(source, metadata={"tags": ["parameters"]}, outputs=list(outputs), execution_count=1)
    metadata = {"report": {"title": "一份报告"} | about}
    return nbformat.reads(nbformat.writes(new_notebook(cells=[cell], metadata=metadata)), 4)


class TestNames:
    @pytest.mark.parametrize(("name", "exporter"), [("study_html", HTMLReport), ("study_pdf", PDFReport)])
    def test_nbconvert_knows_them(self, name, exporter):
        assert get_exporter(name) is exporter, "run `python3 run.py setup`"
        assert exporter.export_from_notebook.startswith("Study ")


class TestLanguage:
    @pytest.mark.parametrize(("about", "options", "lang"), [
        ({}, {}, "zh-CN"), ({"lang": "en"}, {}, "en"), ({}, {"lang": "en"}, "en"),
        ({"lang": "zh"}, {"lang": "en"}, "zh-CN")])
    def test_the_notebook_decides_then_the_setting(self, about, options, lang):
        page, _ = HTMLReport(**options).from_notebook_node(small_notebook(text_output("notice", NOTICE), **about))
        assert f'<html lang="{lang}">' in page and "<h1>一份报告</h1>" in page

    def test_the_pdf_follows_it_too(self):
        pdf, _ = PDFReport().from_notebook_node(small_notebook(text_output("notice", NOTICE), lang="en"))
        assert PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/Lang"] == "en"


class TestStamp:
    def test_run_and_edition_come_from_the_notebook(self):
        notebook = small_notebook(text_output("notice", NOTICE))
        assert notebook_stamp(notebook) == Stamp("mine", "公开数据版：34 项指标中的 11 项，缺数字治理", "")
        page, _ = HTMLReport().from_notebook_node(notebook)
        assert "运行：mine" in page and "<span>公开数据版：34 项指标中的 11 项，缺数字治理</span>" in page
        assert "index.html" not in page, "an exported page has no neighbours to lead to"

    @pytest.mark.parametrize(("source", "run"), [
        ('run: str = "typed"  # which run', "typed"), ("run = 5", "lab"), ("run = name()", "lab"), ("run =", "lab"),
        ("", "lab"), ('run = lang = "two"', "two")])
    def test_a_parameter_however_it_is_written(self, source, run):
        assert notebook_stamp(small_notebook(source=source)).run == run

    def test_the_injected_parameter_wins(self):
        notebook = small_notebook()
        notebook.cells.append(new_code_cell('run = "injected"', metadata={"tags": ["injected-parameters"]}))
        assert notebook_stamp(notebook).run == "injected"

    def test_the_one_given_wins(self):
        page, _ = HTMLReport(stamp=Stamp("given", "版", "")).from_notebook_node(
            small_notebook(text_output("notice", NOTICE)))
        assert "运行：given" in page and "运行：mine" not in page

    def test_any_notebook_has_one(self):
        assert notebook_stamp(sample_notebook()).run == "lab"
        assert notebook_stamp(new_notebook()) == Stamp("lab", "", "")


ERROR = new_output("error", ename="ValueError", evalue="weights are negative", traceback=["one", "two"])
REFUSED = {"nothing was run": ((), "还没有结果", "run all its cells"),
           "a cell failed": ((ERROR,), "ValueError: weights are negative", "mend the cell and run it again")}


class TestRefusal:
    @pytest.mark.parametrize("case", REFUSED)
    def test_a_program_gets_one_error(self, case):
        outputs, *words = REFUSED[case]
        for exporter in (HTMLReport, PDFReport):
            with pytest.raises(ReportError) as error:
                exporter().from_notebook_node(small_notebook(*outputs))
            assert all(word in str(error.value) for word in words)

    @pytest.mark.parametrize("case", REFUSED)
    def test_the_command_prints_the_sentence_alone(self, tmp_path, case):
        outputs, *words = REFUSED[case]
        nbformat.write(small_notebook(*outputs), tmp_path / "一 本.ipynb")
        done = convert(tmp_path, "study_html")
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert all(word in done.stderr for word in words) and len(done.stderr.splitlines()) == 2


class TestCommand:
    @pytest.mark.parametrize(("name", "ending", "beginning"), [("study_html", "html", b"<!DOCTYPE"),
                                                             ("study_pdf", "pdf", b"%PDF-")])
    def test_it_works_in_any_folder(self, tmp_path, name, ending, beginning):
        nbformat.write(small_notebook(text_output("notice", NOTICE)), tmp_path / "一 本.ipynb")
        done = convert(tmp_path, name)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"一 本.{ending}").read_bytes().startswith(beginning)


def convert(folder, name: str):
    return subprocess.run([sys.executable, "-m", "nbconvert", "--to", name, "一 本.ipynb"], cwd=folder, text=True,
                          env=study_environment(), capture_output=True, encoding="utf-8")
