"""What a whole run leaves to take away, in both languages: every figure four times, every table four times, no gap."""

import io
import json
import re
import zipfile

import nbformat
import openpyxl
import pandas as pd
import pytest
from docx import Document

from analysis.figures.numbers import with_numbers
from workbench.office.figure_files import ENDINGS
from workbench.office.take_away import FILES, INDEX
from workbench.steps import STEPS

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module", params=["zh", "en"])
def lang(request):
    return request.param


@pytest.fixture(scope="module")
def place(whole_runs, lang):
    """The reports of the quick run in one language."""
    call = whole_runs.call("second" if lang == "zh" else "english")
    assert call.code == 0, call.err
    if lang == "en":
        return whole_runs.root / "reports/quick/en"
    return whole_runs.root.parent / "second/reports/quick"


@pytest.fixture(scope="module")
def shown(place) -> list[dict]:
    """What the run's notebooks say of each figure and table that they show."""
    return [output.metadata["report"] for step in STEPS
            for cell in nbformat.read(place / "notebooks" / f"{step}.ipynb", 4).cells
            for output in cell.get("outputs", []) if output.get("metadata", {}).get("report", {}).get("name")]


class TestFigures:
    def test_each_is_there_as_svg_pdf_png_and_csv_and_nothing_else(self, place, shown):
        names = {about["name"] for about in shown if about["kind"] == "figure"}
        wanted = {f"{name}.{ending}" for name in names for ending in ENDINGS}
        missing = wanted - {path.name for path in (place / "figures").iterdir()}
        assert not missing, (f"{sorted(missing)}: a figure without a CSV was drawn by a function that does not hand on "
                             f"its numbers; end it with return {with_numbers.__name__}(figure, frame, zh, en)")
        assert {path.name for path in (place / "figures").iterdir()} == wanted
        assert len(names) > 35

    def test_numbers_have_rows_and_named_columns(self, place):
        for path in (place / "figures").glob("*.csv"):
            frame = pd.read_csv(path)
            assert len(frame) and not frame.columns.str.contains("^Unnamed").any(), path.name

    def test_the_index_has_alternative_texts_and_the_edition(self, place, shown, lang):
        listed = pd.read_csv(place / INDEX).set_index("name")
        assert list(listed.index) == [about["name"] for about in shown if about["kind"] == "figure"]
        assert (listed["alt"].str.contains(CHINESE) == (lang == "zh")).all() and (listed["alt"].str.len() > 20).all()
        assert listed["edition"].nunique() == 1 and "12" in listed["edition"].iloc[0]
        files = listed[list(ENDINGS)].to_numpy().ravel()
        assert all((place / name).is_file() for name in files)

    def test_the_pages_speak_the_same_words(self, place, shown):
        listed = pd.read_csv(place / INDEX).set_index("name")["alt"]
        assert {about["name"]: about["alt"] for about in shown if about["kind"] == "figure"} == listed.to_dict()


class TestTables:
    def test_each_is_there_as_csv_markdown_and_latex_in_the_workbook_and_in_word(self, place, shown):
        tables = [about for about in shown if about["kind"] == "table"]
        names = {path.name for path in (place / "tables").iterdir()}
        assert names == {f"{about['name']}.{ending}" for about in tables for ending in ("csv", "md", "tex")}
        book = openpyxl.load_workbook(place / "tables.xlsx", read_only=True)
        labels = [re.sub(r" \(\d+\)$", "", name) for name in book.sheetnames[1:]]  # two notebooks may number alike
        assert labels == [about["label"] for about in tables]
        word = Document(place / "tables.docx")
        assert len([table for table in word.tables if table.style.style_id == "ThreeLine"]) == len(tables) > 35

    def test_all_name_the_edition(self, place, lang):
        edition = {"zh": "公开数据版", "en": "Public-data edition"}[lang]
        for path in [*(place / "tables").glob("*.md"), *(place / "tables").glob("*.tex")]:
            assert edition in path.read_text(encoding="utf-8").replace("\\-", "-"), path.name


class TestDocuments:
    def test_all_are_there_and_in_the_manifest(self, place):
        manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
        assert set(FILES) <= set(manifest["reports"])
        assert all((place / name).stat().st_size < 3_000_000 for name in FILES)

    def test_the_white_paper_in_word_has_the_headings_figures_and_tables_of_its_page(self, place, shown):
        paper = Document(place / "white_paper.docx")
        names = [about for about in shown if about["name"].startswith("paper_")]
        captions = [p.text for p in paper.paragraphs if p.style.style_id == "Caption"]
        assert captions == [f"{about['label']}　{about['caption']}" for about in names]
        page = (place / "white_paper.html").read_text(encoding="utf-8")
        levels = [p for p in paper.paragraphs if p.style.style_id in ("Heading1", "Heading2")]
        assert len(levels) == len(re.findall(r"<h[23] id=", page)) > 5
        pictures = [about for about in names if about["kind"] == "figure"]
        with zipfile.ZipFile(io.BytesIO((place / "white_paper.docx").read_bytes())) as package:
            for about in pictures:
                png = (place / "figures" / f"{about['name']}.png").read_bytes()
                assert png in [package.read(name) for name in package.namelist() if name.endswith(".png")]

    def test_the_results_are_those_of_the_run(self, place, whole_runs):
        book = openpyxl.load_workbook(place / "results.xlsx", read_only=True, data_only=True)
        stems = {path.stem for path in (whole_runs.root / "data/processed/quick").glob("*.csv")}
        listed = " ".join(str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row)
        assert not [stem for stem in stems if f"{stem}.csv" not in listed]


def test_a_partial_run_takes_away_what_it_made(whole_runs):
    partial = whole_runs.call("partial")
    assert partial.code == 0, partial.err
    folder = whole_runs.root / "reports/partial"
    assert not (folder / "white_paper.docx").exists() and (folder / "tables.docx").is_file()
    names = set(pd.read_csv(folder / INDEX)["notebook"])
    assert names == {"05_scores_and_ranks", "07_tiers", "09_agreement"}
    contents = openpyxl.load_workbook(folder / "results.xlsx", read_only=True).worksheets[0]
    lines = [str(cell) for row in contents.iter_rows(values_only=True) for cell in row if cell]
    assert any("weighting.alpha = 0.3" in line for line in lines)
