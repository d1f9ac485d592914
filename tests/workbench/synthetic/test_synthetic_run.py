"""A whole run of the synthetic edition: every output says what it is, and no output of another run says so.

The run, a profile of one city and a comparison are made in the background; see conftest.COMMANDS.
"""

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from pdf_text import pages_of
from pypdf import PdfReader

from analysis import editions
from analysis.frames import read_frame
from analysis.settings import BASELINE, ROOT, load_settings
from workbench.planning import make_plan
from workbench.steps import ONLY_WITH, STEPS, steps_for

RUN = "synthetic"
# The navigation of a run and what it was made from; everything else can be taken out and has `synthetic` in its name.
BOUND = ("index.html", "manifest.json", "run_record.json", "ro-crate-metadata.json")
TAKEN_OUT = {"figures", "tables", "html", "pdf", "cities", "profiles"}


def says(path: Path) -> bool:
    """Whether a file says that its data are synthetic, somewhere a reader or a program finds it."""
    content = path.read_bytes()
    if path.suffix == ".pdf":
        return all(said(text) for text in pdf_words(path))
    if path.suffix == ".png":
        return any(said(text) for text in png_texts(content))
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as document:
            return said(re.sub("<[^>]+>", "", document.read("word/document.xml").decode("utf-8")))
    if path.suffix == ".xlsx":
        return all(said(sheet) for sheet in sheets(content))
    return said(content.decode("utf-8"))


def said(text: str) -> bool:
    flat = re.sub(r"\s+", "", text)
    return any(re.sub(r"\s+", "", mark) in flat for mark in editions.MARK.values())


def pdf_words(path: Path) -> list[str]:
    """The text of every page; of a figure, which is drawn in outlines, the file's own title and description."""
    if path.parent.name == "figures":
        return [" ".join(str(value) for value in PdfReader(path).metadata.values())]
    return pages_of(path)


def png_texts(content: bytes) -> list[str]:
    """The text chunks of a PNG."""
    place, texts = 8, []
    while place < len(content):
        length, kind = struct.unpack(">I4s", content[place:place + 8])
        body = content[place + 8:place + 8 + length]
        if kind == b"iTXt":
            compressed, rest = body.split(b"\0", 1)[1][:1] == b"\1", body.split(b"\0", 1)[1][2:]
            text = rest.split(b"\0", 2)[2]
            texts.append((zlib.decompress(text) if compressed else text).decode("utf-8"))
        elif kind == b"tEXt":
            texts.append(body.decode("latin-1"))
        place += 12 + length
    return texts


def sheets(content: bytes) -> list[str]:
    """The cells' texts of every sheet of a workbook."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        strings = re.findall(r"<si>.*?</si>", book.read("xl/sharedStrings.xml").decode("utf-8"), re.DOTALL)
        found = []
        for name in sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet")):
            sheet = book.read(name).decode("utf-8")
            cells = re.findall(r't="s"[^>]*><v>(\d+)</v>', sheet)
            found.append(" ".join(re.sub("<[^>]+>", "", strings[int(number)]) for number in cells))
    return found


@pytest.fixture(scope="module")
def made(whole_runs):
    """The outputs of the synthetic run by their paths below data/processed/synthetic and reports/synthetic."""
    for name in ("synthetic", "synthetic_city", "synthetic_compared"):
        call = whole_runs.call(name)
        assert call.code == 0, call.err[-2000:]
    return whole_runs.root


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


class TestMarked:
    def test_every_report(self, made):
        found = files(made / "reports" / RUN)
        assert len(found) > 120
        assert [path.name for path in found if not says(path)] == []

    def test_every_table_in_heading_and_rows(self, made):
        tables = [*(made / "reports" / RUN / "tables").glob("*.csv"), *(made / "data/processed" / RUN).glob("*.csv")]
        assert len(tables) > 90
        for path in tables:
            lines = path.read_text(encoding="utf-8").splitlines()
            assert lines[0].endswith(f'"{editions.COLUMN}"') or lines[0].endswith(editions.COLUMN), path.name
            assert lines[1:] == [] or all(line.endswith(f",{editions.Edition.SYNTHETIC}") for line in lines
                                          if line.count('"') == 0 and line != lines[0]), path.name

    def test_the_values_it_keeps_and_its_settings(self, made):
        data = made / "data/processed" / RUN
        values = (data / "input/values.csv").read_text(encoding="utf-8").splitlines()
        assert len(values) > 9000 and all(said(line) for line in values[1:])
        assert says(data / "settings.yaml") and load_settings(data / "settings.yaml").edition == "synthetic"

    def test_every_figure_prints_it_and_every_table_on_a_page_has_it_below(self, made):
        for path in sorted((made / "reports" / RUN / "html").glob("*.html")):
            page = path.read_text(encoding="utf-8")
            shown = re.findall(r'<figure id="[^"]*" class="table.*?</figure>', page, re.DOTALL)
            assert all(editions.MARK["zh"] in table for table in shown), path.name
        figure = (made / "reports" / RUN / "html/synthetic_00_synthetic_data.html").read_text(encoding="utf-8")
        assert figure.count('class="picture"') == 2

    def test_profile_page_pdf_and_each_sheet(self, made):
        folder = made / "reports" / RUN / "cities"
        assert [path.name for path in files(folder)] == [f"synthetic_440300{ending}" for ending in
                                                         (".html", ".pdf", ".xlsx", "_profile.pdf")]
        assert len(sheets((folder / "synthetic_440300.xlsx").read_bytes())) == 3

    def test_comparison_with_another_edition(self, made):
        folder = made / "reports/compare" / f"quick__vs__{RUN}"
        assert {path.name for path in files(folder)} == {"comparison.csv", "comparison.html", "comparison.svg"}
        assert says(folder / "comparison.csv") and says(folder / "comparison.html")

    def test_names(self, made):
        reports = made / "reports" / RUN
        for path in files(reports):
            part = path.relative_to(reports).parts
            assert path.name.startswith("synthetic_") or path.name in BOUND or part[0] == "notebooks", path.name
            assert part[0] not in TAKEN_OUT or path.name.startswith("synthetic_") or path.name == "index.html"


class TestOthersAreNot:
    def test_no_output_of_the_public_edition_carries_it(self, whole_runs):
        assert whole_runs.call("first").code == 0
        found = [*files(whole_runs.root / "reports/quick"), *files(whole_runs.root / "data/processed/quick")]
        assert len(found) > 120
        for path in found:
            assert "synthetic" not in path.name
            words = "".join(pdf_words(path)) if path.suffix == ".pdf" else path.read_bytes().decode("utf-8", "ignore")
            if path.name != "manifest.json":  # lists the files of data/raw/synthetic among the inputs
                assert not said(words) and editions.COLUMN not in words, path.name

    def test_nor_does_the_committed_baseline(self):
        for path in files(BASELINE.parents[1] / "data/processed/baseline"):
            assert not says(path), path.name

    def test_the_white_paper_of_simulated_data_has_its_own_words(self, made):
        page = (made / "reports" / RUN / "synthetic_white_paper.html").read_text(encoding="utf-8")
        assert "合成数据版：34 项指标的完整演示" in page and "公开复算" not in page and "以公开统计" not in page
        other = (made / "reports/quick/white_paper.html").read_text(encoding="utf-8")
        assert "公开复算" in other and "合成数据版" not in other


class TestTheRun:
    def test_ten_notebooks_and_those_on_the_model_and_the_experts(self, made):
        names = {path.stem for path in (made / "reports" / RUN / "notebooks").glob("*.ipynb")}
        assert names == {"00_synthetic_data", "04s_expert_panel", *STEPS} and len(STEPS) == 10

    def test_six_hundreds_and_the_five_published_beside_them(self, made):
        tables = made / "reports" / RUN / "tables"
        for number in range(3, 9):
            table = read_frame(tables / f"synthetic_paper_table_{number}.csv")
            assert table.iloc[:, 2].sum() >= 100, number
        data = made / "data/processed" / RUN
        overlap = read_frame(data / "09_list_overlap.csv", "domain")
        assert overlap["measured"].all() and len(overlap) == 5
        assert (overlap["hits"] + overlap["misses"] == overlap["listed"]).all()
        outcomes = read_frame(data / "09_list_outcomes.csv")
        counted = outcomes.groupby(["domain", "outcome"]).size().unstack(fill_value=0)
        for column, outcome in {"hits": "hit", "misses": "miss", "additions": "addition"}.items():
            assert (counted[outcome].loc[overlap.index] == overlap[column]).all()

    def test_all_34_are_measured_and_the_errors_found_are_gone(self, made):
        data = made / "data/processed" / RUN
        assert len(read_frame(data / "05_weights.csv")) == 34
        log, planted = read_frame(data / "01_cleaning_log.csv"), read_frame(data / "00_planted_errors.csv")
        raw = read_frame(data / "02_raw.csv", "adcode")
        assert len(log) == planted["found"].sum() == 5 and len(planted) == 6
        for row in planted.itertuples():
            value = raw.at[row.adcode, row.indicator]
            assert (value != value) == row.found and (row.found or value == row.entered_value)

    def test_the_tree_of_judgements_is_written(self, made):
        data = made / "data/processed" / RUN
        assert len(read_frame(data / "04_all_leaves.csv")) == 34
        assert len(read_frame(data / "04_left_out.csv")) == 5 + 3

    def test_the_experts_have_a_notebook_with_labels_of_its_own(self, made):
        pages = made / "reports" / RUN / "html"
        own, other = ((pages / f"synthetic_{step}.html").read_text(encoding="utf-8")
                      for step in ("04s_expert_panel", "04_ahp_weights"))
        assert all(f"表 4s-{number}" in own for number in range(1, 7)) and "图 4s-1" in own
        assert "表 4-1" in other and "4s-" not in other


class TestNames:
    def test_a_synthetic_run_says_so_in_its_name(self):
        settings = load_settings(ROOT / "settings/synthetic.yaml")
        traits = frozenset({"own", "synthetic", "china", "paper", "two_readings", "regions"})
        assert make_plan("my_Synthetic_2", "zh", settings, traits=traits).steps == steps_for(traits)
        with pytest.raises(ValueError, match="has synthetic in its name"):
            make_plan("mine", "zh", settings, traits=traits)

    def test_and_no_other_run_does(self):
        with pytest.raises(ValueError, match="only a run of simulated data"):
            make_plan("not_synthetic", "zh", load_settings(overrides={"tiers.k": 4}))

    @pytest.mark.parametrize(("step", "short"), [("00_synthetic_data", "00"), ("04s_expert_panel", "04s")])
    def test_the_notebooks_of_model_and_experts_belong_to_it_alone(self, step, short):
        from workbench.planning import RunError, choose_steps

        assert ONLY_WITH[step] == "synthetic" and step not in steps_for(frozenset())
        with pytest.raises(RunError, match="settings/synthetic.yaml"):
            choose_steps((short,))

    def test_a_figure_without_the_mark_is_refused(self):
        from analysis import figures

        figures.use_style(ROOT / "assets/fonts")
        for lang, mark in editions.MARK.items():
            bare, stamped = (figures.style.new_figure(2, "t", stamp) for stamp in ("", f"{mark}: 34"))
            editions.check_figure(bare, "f", "public", lang)
            editions.check_figure(stamped, "f", "synthetic", lang)
            with pytest.raises(editions.MarkError, match="figure f"):
                editions.check_figure(bare, "f", "synthetic", lang)
