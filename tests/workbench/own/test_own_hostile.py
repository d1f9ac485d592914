"""Nothing let in: after a whole run of a study whose names are all hostile, each is a text wherever it stands."""

import ast
import csv
import io
import json
import re
from xml.etree import ElementTree

import hostile_study
import nbformat
import openpyxl
import pypdf
import pytest
import yaml
from conftest import fixtures_of, snapshot
from hostile_study import INDICATORS, PLACES, REGIONS, TEXTS
from pdf_text import pages_of
from safe_page import MADE, Page

from analysis.wording import Wording
from workbench.notebook import FORMULA
from workbench.own.problems import OwnDataError
from workbench.own.reading import read_input
from workbench.own.template import Tables, comments, template_workbook
from workbench.steps import notebook_path

pytestmark = pytest.mark.long
UNITS = Wording("单位", "unit", "units")  # what its texts call the places of a study that does not say


run, folder, data, pages = fixtures_of("hostile", Page)


class TestPages:
    def test_every_document_is_made(self, run, folder, pages):
        assert run.err.strip() == ""
        assert set(pages) == {*MADE[:-1], "white_paper", "index"}
        for path in [folder / "white_paper.pdf", *(folder / f"pdf/{step}.pdf" for step in MADE[:-1])]:
            assert path.read_bytes().startswith(b"%PDF")

    def test_names_stand_in_tables_letter_by_letter(self, pages):
        assert set(PLACES) <= set(pages["05_scores_and_ranks"].cells)
        assert set(INDICATORS) <= set(pages["02_indicators"].cells) | set(pages["01_clean_data"].cells)
        every = "\n".join(page.text for page in pages.values())
        missing = {text for text in TEXTS if text not in every} - {*REGIONS}  # regions are named in figures
        assert missing <= {hostile_study.NOTE, hostile_study.SYSTEM}, missing

    def test_profiles_hold_nothing_that_runs(self, folder):
        profiles = [path for path in (folder / "profiles").glob("*.html") if path.name != "index.html"]
        assert len(profiles) == len(PLACES)
        every = "".join(Page(path.read_text(encoding="utf-8")).text for path in profiles)
        assert all(name in every for name in PLACES)

    def test_names_stand_in_sentences_letter_by_letter(self, pages, data):
        leading = re.search("得分前五位依次是(.*?)。", pages["white_paper"].text)[1]
        assert len(leading) > 30 and all(name in PLACES for name in leading.split("、"))
        assert leading in pages["index"].text, "the overview quotes the sentence"
        tier = re.search(r"总分第 1 层有 \d+ 个单位，领先的是：(.*?)。", pages["07_tiers"].text)[1]
        assert all(name in PLACES for name in tier.removesuffix("等").split("、"))

    def test_no_name_became_markup(self, pages):
        for name, page in pages.items():
            for text in page.marked:
                assert text not in ("bold", "it", "b", "two", "one", "HOME"), (name, text)
            assert not any("example.org" in link or "passwd" in link for link in page.links + page.pictures)
            assert "49" not in re.findall(r"\{\{.*?\}\}", page.text)

    def test_links_lead_to_files_of_the_run(self, pages):
        for page in pages.values():
            for link in page.links:
                assert re.fullmatch(r"#.*|(\.\./)?(index|white_paper)\.(html|pdf)"
                                    r"|(\.\./)?(html|pdf|figures|tables|profiles|notebooks)/[\w.-]+\.\w+"
                                    r"|(white_paper|tables|results|figures)\.(docx|xlsx|csv)"
                                    r"|\w+\.(html|pdf)|\.\./\w+\.html|manifest\.json", link), link


class TestFiles:
    def test_pictures_hold_no_text_and_nothing_that_runs(self, folder):
        tags = set()
        for path in sorted(folder.glob("figures/*.svg")):
            for element in ElementTree.parse(path).iter():
                tags.add(element.tag.split("}")[-1])
                assert not any(name.split("}")[-1].startswith("on") for name in element.attrib)
                for name, value in element.attrib.items():
                    assert not name.endswith("href") or value.startswith(("#", "data:image/png")), value
        assert tags <= {"svg", "g", "path", "use", "defs", "clipPath", "rect", "style", "image", "metadata", "RDF",
                        "title", "desc",  # the words for those who cannot see it: text, never markup
                        "Work", "format", "type"}, tags

    def test_documents_say_the_names_and_do_nothing(self, folder):
        for path in sorted(folder.rglob("*.pdf")):
            reader = pypdf.PdfReader(path)
            assert not {"/OpenAction", "/AA", "/JavaScript"} & set(reader.trailer["/Root"])
            for page in reader.pages:
                for note in page.get("/Annots") or ():
                    action = note.get_object().get("/A")
                    address = str(action.get_object().get("/URI", "")) if action else ""
                    assert "example.org" not in address and not address.startswith("javascript")
        said = "".join(pages_of(folder / "pdf/05_scores_and_ranks.pdf"))
        said = re.sub(r"\s", "", said)
        for name in PLACES:
            assert re.sub(r"\s", "", name) in said, name

    def test_notebooks_hold_the_repository_s_code_and_the_name_as_a_literal(self, folder):
        for step in MADE:
            made = nbformat.read(folder / f"notebooks/{step}.ipynb", as_version=4)
            stored = notebook_path(step, frozenset({"own", "unpublished"}), "zh")
            own = json.loads(stored.read_text(encoding="utf-8"))
            sources = {"".join(cell["source"]) for cell in own["cells"]}
            sources |= {UNITS("".join(cell["source"])) for cell in own["cells"] if cell["cell_type"] == "markdown"}
            for cell in made.cells:
                if "injected-parameters" in cell.metadata.get("tags", []):
                    values = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(cell.source).body
                              if isinstance(node, ast.Assign)}
                    assert values.get("city", PLACES[0]) == PLACES[0]
                else:
                    assert cell.source in sources
                for output in cell.get("outputs", []):
                    assert set(output.get("data", {})) <= {"text/plain", "text/markdown", "text/html", "image/png",
                                                           "image/svg+xml"}

    def test_tables_for_readers_hold_no_formula(self, folder):
        texts = []
        for path in sorted(folder.glob("tables/*.csv")):
            for line in path.read_text(encoding="utf-8-sig").splitlines():
                for cell in next(csv.reader([line]), []):
                    assert not FORMULA.match(cell), (path.name, cell)
                    texts.append(cell)
        assert {"'=1+1", "'@SUM(A1)", "'+1+1"} <= set(texts) and any(text.startswith("-") for text in texts)

    def test_settings_are_plain_yaml(self, data):
        kept = yaml.safe_load((data / "settings.yaml").read_text(encoding="utf-8"))
        assert kept["city"] == PLACES[0] and kept["edition"] == "own"

    def test_the_kept_input_is_the_study_s(self, own_runs, data):
        given, kept = read_input(own_runs.root.parent / "hostile"), read_input(data / "input")
        assert kept.values.equals(given.values) and kept.cities.equals(given.cities) and kept.log.equals(given.log)
        assert kept.framework.equals(given.framework) and kept.warnings == given.warnings
        assert tuple(kept.cities["name"]) == PLACES and tuple(kept.regions["name"]) == REGIONS
        assert set(kept.values["note"]) == {hostile_study.NOTE}

    def test_nothing_is_written_elsewhere(self, own_runs, run):
        before, root = own_runs.before, own_runs.root
        allowed = tuple(f"{root}/{part}/{name}/" for part in ("data/processed", "reports")
                        for other in ("care", "hdi")  # other runs go on
                        for name in ("hostile", other, f".staging-{other}", f".ready-{other}"))
        caches = re.compile(r"/\.turn-(care|hdi)$|/__pycache__/|/\.pytest_cache/|/\.study-|\.lock$")
        after = {path: digest for path, digest in snapshot(root.parent).items()
                 if not path.startswith(allowed) and not caches.search(path.removeprefix(str(root)))}
        assert {path for path in after if after[path] != before.get(path)} == set()
        assert not any("example.org" in path or "script" in path.rsplit("/", 1)[-1] for path in run.outputs)


class TestReading:
    def test_the_names_are_warned_of_where_a_spreadsheet_would_compute_them(self, own_runs):
        told = read_input(own_runs.root.parent / "hostile").warnings
        assert {each.value for each in told if each.kind == "like_formula"} >= {"=1+1", "+1+1", "@SUM(A1)"}

    @pytest.mark.parametrize("name", ["\u202eabc", "a\u200eb", "a\x07b", "\ue000", "x" * 201, "a\u2066b"])
    def test_signs_that_cannot_be_seen_are_refused(self, name, tmp_path):
        folder = hostile_study.write_study(tmp_path / "mine")
        text = (folder / "cities.csv").read_text(encoding="utf-8")
        text = text.replace("P01,<script>alert(1)</script>", f"P01,{name}")
        (folder / "cities.csv").write_text(text, encoding="utf-8")
        with pytest.raises(OwnDataError) as caught:
            read_input(folder)
        found = caught.value.problems[0]
        assert (found.kind, found.file, found.row, found.column) == (
            "too_long" if len(name) > 100 else "control_character", "cities.csv", 2, 2)
        assert found.value.isprintable() and found.line("zh").isprintable()

    def test_codes_that_lead_elsewhere_are_refused(self, tmp_path):
        for code in ("../x", "a/b", "a\\b", "$(id)", "a b;c", "-" * 41, "goal", "..", ".hid", "-rf", "index",
                     "CON"):
            folder = hostile_study.write_study(tmp_path / str(abs(hash(code))))
            for name, column in (("cities", "P01"), ("framework", "D1"), ("experts", "e1")):
                path = folder / f"{name}.csv"
                text = path.read_text(encoding="utf-8")
                path.write_text(re.sub(rf"(?m)^{column},", lambda _, code=code: f"{code},", text), encoding="utf-8")
            with pytest.raises(OwnDataError) as caught:
                read_input(folder)
            assert {"cities.csv", "framework.csv", "experts.csv"} <= {
                each.file for each in caught.value.problems
                if each.kind in ("bad_code", "reserved_code", "code_is_no_file_name")}

    def test_a_workbook_of_the_study_holds_no_formula_of_a_name(self, own_runs):
        study = read_input(own_runs.root.parent / "hostile")
        wide = study.values.pivot(index="code", columns="indicator", values="value").reindex(study.cities.index)
        experts = study.experts.reset_index()
        tree = study.framework
        book = openpyxl.load_workbook(io.BytesIO(template_workbook(Tables(
            wide, tree, study.cities, study.regions, experts, study.judgements, comments(tree, {})))))
        cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
        assert not any(str(cell.value).strip() in TEXTS for cell in cells if cell.data_type == "f")
        assert {cell.value for cell in cells if cell.data_type == "s"} >= {*PLACES, *REGIONS}
        assert not any(cell.hyperlink for cell in cells)
