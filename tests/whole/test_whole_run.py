"""The whole chain in a copy of the repository: complete, equal to the study in memory, the same bytes twice.

The runs start in the background with the first test of the session (conftest); here their results are read.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from conftest import RECORDS, snapshot

from analysis.frames import read_frame
from analysis.settings import ROOT, differences, load_settings
from workbench.office.take_away import FILES as TAKE_AWAY
from workbench.steps import STEPS

pytestmark = pytest.mark.whole

PLAIN = STEPS[:-1]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


class Page(HTMLParser):
    """What a page loads, where it leads, its headings and its text in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.loads, self.ids, self.headings, self.words, self.inside = [], [], set(), [], [], []
        self.html, self.place = path.read_text(encoding="utf-8"), path.parts
        self.feed(self.html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag not in ("meta", "link", "img", "br", "hr", "col", "input"):
            self.inside.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append("")
        self.ids |= {values["id"]} if "id" in values else set()
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        else:
            self.loads += [values[name] for name in ("src", "href", "data", "srcset", "poster", "action", "xlink:href")
                           if values.get(name)]
        # the search of the list of cities is the one script of the reports
        assert tag not in ("iframe", "object", "embed", "base"), f"<{tag}>"
        assert tag != "script" or self.place[-2:] == ("profiles", "index.html"), self.place

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if not {"style", "pre", "script"} & set(self.inside):  # neither styles nor code
            self.words.append(data)
        if any(re.fullmatch("h[1-6]", tag) for tag in self.inside):
            self.headings[-1] += data

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def relative(outputs: dict[str, str], root: Path) -> dict[str, str]:
    return {Path(path).relative_to(root).as_posix(): digest for path, digest in outputs.items()}


def documents(folder: Path) -> list[Path]:
    """The pages of a run, of the cities' only their list and three; the explorer, which alone has scripts, apart
    (tests/workbench/explorer/test_explorer_browser.py)."""
    some = {"index", "110000", "510100", "650500"}
    return sorted(path for path in folder.rglob("*.html") if path.name != "explorer.html"
                  and (path.parent.name != "profiles" or path.stem in some))


def document(folder: Path, step: str) -> tuple[Path, Path]:
    if step == STEPS[-1]:
        return folder / "white_paper.html", folder / "white_paper.pdf"
    return folder / "html" / f"{step}.html", folder / "pdf" / f"{step}.pdf"


@pytest.fixture(scope="module")
def first(whole_runs):
    return whole_runs.call("first")


@pytest.fixture(scope="module")
def second(whole_runs, first):
    return whole_runs.call("second")


@pytest.fixture(scope="module")
def english(whole_runs, second):
    return whole_runs.call("english")


@pytest.fixture(scope="module")
def kept(whole_runs, second):
    """The outputs as the second run left them."""
    return whole_runs.root.parent / "second"


@pytest.fixture(scope="module")
def folder(kept):
    """The Chinese reports."""
    return kept / "reports/quick"


@pytest.fixture(scope="module")
def data(kept):
    return kept / "data/processed/quick"


@pytest.fixture(scope="module")
def english_folder(whole_runs, english):
    assert english.code == 0, english.err
    return whole_runs.root / "reports/quick/en"


@pytest.fixture(scope="module", params=["zh", "en"])
def lang(request):
    return request.param


@pytest.fixture(scope="module")
def place(request, lang):
    """The reports of one language."""
    return request.getfixturevalue("folder" if lang == "zh" else "english_folder")


@pytest.fixture(scope="module")
def pages(place):
    """Every HTML page of one language by its path."""
    return {path.relative_to(place).as_posix(): Page(path) for path in documents(place)}


class TestFirstRun:
    def test_ends_well_with_a_progress_line_for_each_step(self, first):
        assert first.code == 0, first.err
        assert first.err.strip() == ""
        lines = [line for line in first.out.strip().splitlines() if not line.startswith("正在 running")]
        for word, step in ((word, step) for word in ("计算 run", "成文 report") for step in STEPS):
            assert sum(line.startswith(word) and f" {step} " in line for line in lines) == 1, f"{word} {step}"
        assert all(re.search(r"\d+\.\d s +\d+/10$", line) for line in lines[:-1])
        assert "10/10" in lines[-2] and re.match(r"完成 done .* reports/quick/index\.html", lines[-1])

    def test_makes_every_document(self, first, whole_runs):
        made = set(relative(first.outputs, whole_runs.root))
        wanted = {"index.html", "explorer.html", *RECORDS}
        wanted |= {"white_paper.html", "white_paper.pdf"}
        wanted |= {f"notebooks/{step}.ipynb" for step in STEPS}
        wanted |= {f"{kind}/{step}.{kind}" for kind in ("html", "pdf") for step in PLAIN}
        wanted |= set(TAKE_AWAY)
        assert {f"reports/quick/{name}" for name in wanted} <= made
        others = {name.split("/")[2] for name in made if name.startswith("reports/quick/")} - {
            name.split("/")[0] for name in wanted}
        assert others == {"figures", "tables", "profiles"}
        assert not any("/." in name for name in made), "no staging folder is left"

    def test_makes_the_tables_that_the_reference_has(self, first, whole_runs):
        made = {Path(name).name for name in first.outputs if "/data/processed/quick/" in name}
        assert made == {path.name for path in (ROOT / "data/processed/baseline").iterdir()}

    def test_documents_are_what_their_ending_says(self, place):
        for step in STEPS:
            html, pdf = document(place, step)
            assert html.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
            content = pdf.read_bytes()
            assert content.startswith(b"%PDF-") and b"%%EOF" in content[-64:] and len(content) > 20_000

    def test_the_record_has_the_seconds_of_each_step_and_the_memory(self, folder):
        record = json.loads((folder / "run_record.json").read_text(encoding="utf-8"))
        executed = [step for step in STEPS if step != "06_sensitivity"]  # as conftest says of the second run
        assert {f"{task} {step}" for task in ("execute", "render") for step in executed} <= set(record["seconds"])
        assert 0 < record["peak_memory_mib"] < 4000

    def test_nothing_but_outputs_is_written_into_the_repository(self, whole_runs, english):
        """A file that the run drops elsewhere would be committed by the next `git add`."""
        left = {path.relative_to(whole_runs.root).as_posix() for path in whole_runs.root.rglob("*") if path.is_file()}
        made = {name for name in left if "__pycache__" not in name and not (ROOT / name).exists()}
        assert {name for name in made if not name.startswith(("reports/", "data/processed/"))} <= {"alone.ipynb"}


class TestNumbers:
    def test_the_chain_equals_the_study_in_memory(self, data, real_study):
        table = read_frame(data / "05_scores.csv", "adcode")
        assert table["score"].equals(real_study.scores) and (table["rank"] == real_study.ranks).all()
        assert table[list(real_study.domain_scores)].equals(real_study.domain_scores)
        for stem, stage in (("02_raw", "raw"), ("02_treated", "treated"), ("02_normalised", "normalised")):
            assert read_frame(data / f"{stem}.csv", "adcode").equals(getattr(real_study, stage)), stem
        weights = read_frame(data / "05_weights.csv", "indicator")
        assert weights["combined"].equals(real_study.combined_weights)

    def test_settings_are_kept_with_the_tables(self, data):
        assert load_settings(data / "settings.yaml") == load_settings(ROOT / "settings/quick.yaml")

    def test_steps_without_chance_equal_the_reference(self, data):
        """quick.yaml changes repetitions only: what draws nothing is the same to the byte."""
        reference = ROOT / "data/processed/baseline"
        for path in sorted(set(reference.glob("0[1-589]_*.csv")) - {reference / "08_region_ranges.csv"}):
            assert (data / path.name).read_bytes() == path.read_bytes(), path.name


class TestSameBytes:
    def test_a_second_run_changes_the_run_record_only(self, first, second, whole_runs):
        """Notebook 06, the longest, is left out here; the English run computes its tables a second time."""
        assert second.code == 0, second.err
        before, after = relative(first.outputs, whole_runs.root), relative(second.outputs, whole_runs.root)
        assert set(before) == set(after)
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= {"reports/quick/run_record.json"}

    def test_the_manifest_is_true(self, folder, data, whole_runs):
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        found = relative(snapshot(data), data)
        assert content["data"] == found
        reports = relative(snapshot(folder), folder)
        assert content["reports"] == {name: digest for name, digest in reports.items() if name not in RECORDS}
        crate = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
        hashed = {entity["name"]: entity["sha256"] for entity in crate["@graph"] if entity["@type"] == "File"}
        assert hashed.keys() == content["reports"].keys() | {"manifest.json"}
        assert content["run"] == "quick" and content["settings"]["uncertainty"]["draws"] == 1000
        quick = load_settings(ROOT / "settings/quick.yaml")
        assert content["differs_from_baseline"].keys() == differences(quick).keys()


class TestPages:
    def test_there_is_one_for_each_step_and_the_index(self, pages):
        assert sum(not name.startswith("profiles/") for name in pages) == len(STEPS) + 1

    def test_every_link_leads_somewhere(self, pages, place):
        dead = []
        for name, page in pages.items():
            for link in page.links:
                address, _, anchor = link.partition("#")
                if re.match(r"https?://|mailto:", address):
                    continue
                target = (place / name).parent / address if address else place / name
                if not target.is_file():
                    dead.append((name, link))
                elif anchor and target.suffix == ".html":
                    other = pages[target.resolve().relative_to(place.resolve()).as_posix()]
                    dead += [(name, link)] if anchor not in other.ids else []
        assert dead == []

    def test_nothing_is_loaded_from_another_host(self, pages, place):
        for name, page in pages.items():
            outside = [load for load in page.loads if not load.startswith("data:")
                       and not ((place / name).parent / load.split("#")[0]).is_file() and not load.startswith("#")]
            assert outside == [], name
            assert not re.search(r"@import|url\((?!['\"]?(?:data:|#|%23))", page.html), name
            assert "Content-Security-Policy" in page.html

    def test_no_page_says_more_than_all_of_something(self, pages):
        """A count in a column that is a share elsewhere comes out as 8200 %."""
        for name, page in pages.items():
            text = re.sub(r"<(script|style|svg|pre)\b.*?</\1>|<[^>]+>", " ", page.html, flags=re.DOTALL)
            said = re.findall(r"(?<![\d.,])\d{3,}(?:\.\d+)? ?%", text)
            assert [share for share in said if float(share.rstrip("% ")) > 100] == [], name

    def test_measured_and_missing_domains_stand_at_the_top_of_every_page(self, pages, lang):
        measured, missing = {"en": ("Digital economy", "Digital governance"), "zh": ("数字经济", "数字治理")}[lang]
        for name, page in pages.items():
            body = page.html[page.html.index("</head>"):]
            notice = body.index('<div class="notice"')
            shown = [body.index(f"<{tag}") for tag in ("h2", "h3", "figure", "table") if f"<{tag}" in body]
            assert notice < min(shown), name
            words = body[notice:body.index("</div>", notice)]
            assert missing in words and "34" in words, name
            assert measured in words or "index" in name, name

    def test_the_index_links_every_document_figure_and_table(self, pages, place):
        wanted = {path.relative_to(place).as_posix() for kind in ("figures", "tables", "html", "pdf")
                  for path in (place / kind).iterdir()} | {"white_paper.html", "white_paper.pdf", "manifest.json"}
        assert wanted <= set(pages["index.html"].links)

    def test_neighbours_form_one_chain(self, pages):
        for position, step in enumerate(PLAIN):
            links = pages[f"html/{step}.html"].links
            if position:
                assert f"{STEPS[position - 1]}.html" in links
            assert (f"{STEPS[position + 1]}.html" if position + 1 < len(PLAIN) else "../white_paper.html") in links

    def test_figures_are_numbered_within_a_page_and_have_a_caption(self, place):
        for step in STEPS:
            cells = nbformat.read(place / "notebooks" / f"{step}.ipynb", 4).cells
            reports = [output.metadata.get("report", {}) for cell in cells for output in cell.get("outputs", [])]
            shown = [report for report in reports if report.get("kind") in ("figure", "table")]
            labels = [report["label"] for report in shown]
            assert shown and len(set(labels)) == len(labels), step
            assert all(report["caption"].strip() for report in shown)

    def test_no_two_figures_and_no_two_tables_share_a_name(self, folder):
        """One file each in figures/ and tables/: a second one of the same name would overwrite the first."""
        owners: set[tuple[str, str]] = set()
        for step in STEPS:
            for cell in nbformat.read(folder / "notebooks" / f"{step}.ipynb", 4).cells:
                for output in cell.get("outputs", []):
                    report = output.metadata.get("report", {})
                    if report.get("kind") in ("figure", "table"):
                        key = report["kind"], report["name"]
                        assert key not in owners, f"{step}: {key}"
                        owners.add(key)

    def test_executed_notebooks_hold_no_error_no_warning_and_no_machine_path(self, place, whole_runs):
        for path in place.rglob("*.ipynb"):
            notebook = nbformat.read(path, 4)
            kinds = {output.output_type for cell in notebook.cells for output in cell.get("outputs", [])}
            assert kinds <= {"display_data", "execute_result"}, path.name
            assert str(whole_runs.root) not in path.read_text(encoding="utf-8"), path.name


class TestEnglish:
    def test_ends_well_and_leaves_data_and_chinese_reports_as_they_were(self, english, second, whole_runs):
        assert english.code == 0, english.err
        before, after = relative(second.outputs, whole_runs.root), relative(english.outputs, whole_runs.root)
        data = {name for name in before if name.startswith("data/processed/quick/")}
        assert data and all(before[name] == after[name] for name in data)
        chinese = {name for name in before if name.startswith("reports/quick/") and Path(name).name not in RECORDS}
        assert chinese <= set(after) and all(before[name] == after[name] for name in chinese)

    def test_makes_the_same_documents_in_its_own_folder(self, english_folder, folder):
        names = [{path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
                 for place in (folder, english_folder)]
        assert names[0] == names[1]

    def test_headings_are_english_and_as_many_as_the_chinese(self, english_folder, folder):
        for path in documents(english_folder):
            page, chinese = Page(path), Page(folder / path.relative_to(english_folder))
            assert 'lang="en"' in page.html and 'lang="zh-CN"' in chinese.html
            assert page.headings and not [title for title in page.headings if CHINESE.search(title)], path.name
            assert len(page.headings) == len(chinese.headings), path.name

    def test_captions_are_english(self, english_folder):
        for path in sorted((english_folder / "notebooks").glob("*.ipynb")):
            for cell in nbformat.read(path, 4).cells:
                for output in cell.get("outputs", []):
                    caption = output.metadata.get("report", {}).get("caption", "")
                    assert not CHINESE.search(caption), f"{path.name}: {caption}"

    def test_running_text_is_english(self, english_folder):
        """Chinese names and printed cells are quoted here and there; no Chinese sentence is left in."""
        for path in documents(english_folder):
            sentences = re.findall(r"[\u4e00-\u9fff]{3,}[，。；：][\u4e00-\u9fff]{2,}", Page(path).text)
            assert sentences == [], path.name


class TestPartialRuns:
    def test_a_stale_step_is_refused_and_nothing_is_made(self, whole_runs, second):
        """--only 07 --from 06 would run 07 alone, on a kept step 05 of another alpha."""
        refused = whole_runs.call("stale")
        assert refused.code == 2 and refused.out == ""
        assert "weighting_alpha is 0.5 in the kept step 05_scores_and_ranks and 0.3 in this run" in refused.err
        assert "start there: --from 05" in refused.err and "Traceback" not in refused.err
        assert refused.outputs == second.outputs

    def test_a_new_run_with_another_choice_holds_only_what_is_true(self, whole_runs, second):
        partial = whole_runs.call("partial")
        assert partial.code == 0, partial.err
        made = relative(partial.outputs, whole_runs.root)
        numbers = {Path(name).name[:2] for name in made if re.match(r"data/processed/partial/.*\.csv", name)}
        assert numbers == {"01", "02", "03", "04", "05", "07", "09"}
        documents = {Path(name).stem for name in made if re.match(r"reports/partial/html/", name)}
        assert documents == {"05_scores_and_ranks", "07_tiers", "09_agreement"}
        assert all(made[name] == digest for name, digest in relative(second.outputs, whole_runs.root).items())
        assert "3/3" in partial.out and "10/10" not in partial.out

    def test_its_pages_link_only_to_what_is_there_and_say_what_differs(self, whole_runs):
        whole_runs.call("partial")
        folder = whole_runs.root / "reports/partial"
        for path in documents(folder):
            page = Page(path)
            assert all((path.parent / link.split("#")[0]).exists() for link in page.links if link[:1] != "#"), path
            assert "weighting.alpha" in page.text and "0.3" in page.text

    def test_papermill_runs_one_notebook_alone(self, whole_runs):
        """The plain command with -p, on the tables of the committed baseline."""
        alone = whole_runs.call("papermill")
        assert alone.code == 0, alone.err
        tiers = read_frame(whole_runs.root / "data/processed/lab/07_tiers.csv", "adcode")
        assert len(tiers) == 297 and tiers["tier_kmeans"].max() == tiers["tier_score"].max() == 4
        notebook = nbformat.read(whole_runs.root / "alone.ipynb", 4)
        text = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", []))
        assert "`tiers.k` = 4 (3)" in text and "Figure 7-1" in text
