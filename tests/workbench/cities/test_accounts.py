"""One city's account: it adds up for every city, refuses changed tables, and its workbook recomputes the score.

The workbook's formulas are evaluated here, by a small reader of the few functions that it uses.
"""

import io
import math
import re
import shutil
import statistics
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pandas as pd
import pytest
from rich.cells import cell_len

from analysis.editions import PUBLIC_TRAITS
from analysis.frames import read_frame, settle, write_frame
from analysis.framework import leaves
from analysis.settings import ROOT, load_settings, write_settings
from analysis.study import score_study, score_table
from workbench import by_hand, cities
from workbench.cities import account_page as page
from workbench.cities import account_workbook as workbook
from workbench.cities import run_tables
from workbench.cities.account import account_items
from workbench.project import Project

pytestmark = pytest.mark.long

BASELINE = ROOT / "data/processed/baseline"
HOSTILE = "=cmd()<script>alert(1)</script>"
# Shenzhen; Chengdu and Nyingchi with filled values; Beijing winsorised; Tianjin with a year set aside and the
# province's score; Zhengzhou with a portal of unknown year.
CITIES = ("440300", "510100", "540400", "110000", "120000", "410100")


@pytest.fixture(scope="module")
def tables():
    return cities.read_run(Project().run("baseline"))


@pytest.fixture
def project(tmp_path):
    """A project in place of the repository; it holds a copy of the baseline."""
    shutil.copytree(BASELINE, tmp_path / "data/processed/baseline", ignore=shutil.ignore_patterns("*_acc*", "0[389]*"))
    return Project(tmp_path)


def run_with(panel, project, name: str, **choices) -> cities.RunTables:
    """The tables of a run with other choices, scored in memory and written as its notebooks would write them."""
    dotted = {key.replace("_", ".", 1): value for key, value in choices.items()}
    study = score_study(panel, load_settings(overrides=dotted))
    folder = project.run(name).data
    write_settings(study.settings, folder / "settings.yaml")
    for stem in ("01_panel", "01_cleaning_log"):
        shutil.copy(BASELINE / f"{stem}.csv", folder)
    for stem, frame in {"raw": study.raw, "treated": study.treated, "normalised": study.normalised}.items():
        write_frame(frame, folder / f"02_{stem}.csv")
    for stem, frame in {"origins": study.origins, "treatment_record": study.treatment_record}.items():
        write_frame(frame, folder / f"02_{stem}.csv", index=False)
    write_frame(study.weights, folder / "05_weights.csv")
    published = read_frame(BASELINE / "01_published_ranks.csv", "adcode")["published_rank"]
    scores = score_table(panel.cities, study.scores, study.ranks, study.domain_scores, study.raw, published,
                         study.settings)
    write_frame(scores, folder / "05_scores.csv")
    return cities.read_run(project.run(name))


def write_by_hand(run: by_hand.RunByHand, step: str, frames: dict[str, pd.DataFrame], **choices) -> None:
    """Tables as a notebook that is run by hand writes them, with the record beside them."""
    settings = load_settings(overrides={key.replace("_", ".", 1): value for key, value in choices.items()})
    hand = by_hand.HandMade(run, step, "en", PUBLIC_TRAITS, settings)
    hand.begin()
    for stem, frame in frames.items():
        path = run.data / f"{stem}.csv"
        write_frame(frame, path)
        hand.note_written(stem, path)


def renamed(tables: cities.RunTables) -> cities.RunTables:
    """The tables with a name for Shenzhen that is a formula to a spreadsheet and a script to a page."""
    names = tables.cities["name"].mask(tables.cities.index == "440300", HOSTILE)
    return replace(tables, ground=replace(tables.ground, cities=tables.cities.assign(name=names)))


class TestRunByHand:
    """A run made by hand holds some tables; the others are those of the run that it builds on."""

    @pytest.fixture
    def lab(self, tmp_path):
        """A study with the committed run only, in which notebooks are run by hand."""
        (tmp_path / "data/processed").mkdir(parents=True)
        (tmp_path / "data/processed/baseline").symlink_to(BASELINE)
        return by_hand.opened(Project(tmp_path).run("lab"))

    def scored(self, panel):
        """What 05 writes where the judgements weigh more."""
        study = score_study(panel, load_settings(overrides={"weighting.alpha": 0.7}))
        base = read_frame(BASELINE / "05_scores.csv", "adcode")
        scores = base.assign(score=study.scores, rank=study.ranks, **study.domain_scores)
        return {"05_weights": study.weights, "05_scores": scores}

    def test_before_any_notebook_its_tables_are_the_committed_ones(self, lab, tables):
        found = run_tables.tables_now(lab)
        assert found.run == "lab" and not lab.data.exists()
        assert found.scores.equals(tables.scores) and set(found.intervals) == {"weights", "choices"}

    def test_with_05_alone_the_rest_is_the_committed_run_s(self, lab, tables):
        scores = tables.scores.astype({"published_rank": "Int64"})
        write_by_hand(lab, "05_scores_and_ranks", {"05_weights": tables.weights, "05_scores": scores})
        assert sorted(path.name for path in lab.data.iterdir()) == ["05_scores.csv", "05_weights.csv", "by_hand.json",
                                                               "settings.yaml"]
        found = cities.read_run(lab)
        assert cities.city_account(found, "深圳市").result["score"] == tables.scores.at["440300", "score"]
        assert set(found.intervals) == {"weights", "choices"} and found.tiers is not None

    def test_intervals_and_tiers_of_other_scores_are_left_out(self, lab, tables, real_study):
        write_by_hand(lab, "05_scores_and_ranks", self.scored(real_study.panel), weighting_alpha=0.7)
        found = cities.read_run(lab)
        assert not found.scores["score"].equals(tables.scores["score"])
        assert found.intervals == {} and found.tiers is None

    def test_scores_that_do_not_follow_from_the_steps_before_are_refused(self, lab, real_study):
        write_by_hand(lab, "02_indicators", {"02_raw": real_study.raw * 2})
        with pytest.raises(cities.AccountError, match="run lab: .* run 0[345]_"):
            cities.read_run(lab)


class TestAccount:
    def test_the_contributions_of_every_city_add_up_to_its_score_to_the_last_bit(self, tables):
        assert len(tables.scores) == 297
        for code, score in tables.scores["score"].items():
            items = account_items(tables, code)
            assert settle(math.fsum(items["contribution"])) == score
            assert (items["contribution"] == items["points"] * items["weight"]).all()

    @pytest.mark.parametrize("text", ["深圳市", "深圳", "Shenzhen", "shenzhen", "440300"])
    def test_a_city_is_found_by_name_english_name_and_code(self, tables, text):
        assert cities.city_account(tables, text).code == "440300"

    def test_an_unknown_city_is_refused_with_the_nearest_names(self, tables):
        with pytest.raises(ValueError, match="city 深洲市 is not in the roster; did you mean .*深圳市"):
            cities.city_account(tables, "深洲市")

    def test_a_run_without_scores_is_refused(self, tmp_path):
        with pytest.raises(cities.AccountError, match="run mine: no scores of this run"):
            cities.read_run(Project(tmp_path).run("mine"))

    def test_domains_add_up_to_the_score_and_have_their_own_scores(self, tables):
        account = cities.city_account(tables, "成都市")
        assert math.isclose(account.domains["contribution"].sum(), account.result["score"], rel_tol=1e-12)
        ratio = account.domains["contribution"] / account.domains["weight"]
        assert ratio.to_numpy() == pytest.approx(account.domains["score"].to_numpy(), rel=1e-11)

    def test_raw_cells_are_those_of_the_raw_file(self, tables):
        lines = (ROOT / "data/raw/statistics/statistics.csv").read_text(encoding="utf-8").splitlines()
        for code in CITIES:
            cells = cities.city_account(tables, code).cells
            for cell in cells[cells["file"] == "statistics.csv"].itertuples():
                adcode, _, variable, _, value, source = lines[cell.raw_row - 1].split(",")
                assert (adcode, variable, float(value), source) == (code, cell.variable, cell.value, cell.source_id)

    def test_what_cleaning_set_aside_is_shown_with_its_value_and_reason(self, tables):
        cells = cities.city_account(tables, "天津").cells
        gone = cells[cells["purpose"] == "set_aside"].iloc[0]
        assert (gone["raw_row"], gone["value"], gone["flag"]) == (3809, 3006800, "outvoted_year")
        assert "故剔除" in gone["reason_zh"] and "set aside" in gone["reason_en"]
        cells = cities.city_account(tables, "郑州").cells
        assert cells.loc[cells["purpose"] == "known_gap", "file"].tolist() == ["known_gaps.csv"]

    def test_peers_are_the_city_s_tier_and_region(self, tables):
        account = cities.city_account(tables, "深圳")
        tier, region = account.peers["tier"], account.peers["region"]
        assert (tables.tiers.loc[tier, "tier_score"] == tables.tiers.at["440300", "tier_score"]).all()
        assert (tables.cities.loc[region, "region"] == "华南").all()
        assert account.domains.at["D1", "median_region"] == tables.scores.loc[region, "D1"].median()


def changed_cell(stem: str, column: str, row: int = 0, by: float = 0.001):
    """Change one number of a table, where it stands or in the first row with a number from `row` on."""
    def change(folder):
        frame = pd.read_csv(folder / f"{stem}.csv", dtype=str)
        place = frame.index[(frame.index >= row) & frame[column].notna()][0]
        frame.loc[place, column] = str(float(frame.loc[place, column]) + by)
        frame.to_csv(folder / f"{stem}.csv", index=False)
    return change


def replaced(stem: str, old: str, new: str):
    """Replace the first match of a text in a table."""
    def change(folder):
        text = (folder / f"{stem}.csv").read_text(encoding="utf-8")
        assert old in text
        (folder / f"{stem}.csv").write_text(text.replace(old, new, 1), encoding="utf-8")
    return change


TAMPERED = {
    "score": (changed_cell("05_scores", "score"), "05_scores.csv, city 北京市 .110000., score"),
    "rank": (changed_cell("05_scores", "rank", by=1), "05_scores.csv, city 北京市 .110000., rank"),
    "weight": (changed_cell("05_weights", "combined"), "05_scores.csv"),
    "points": (changed_cell("02_normalised", "I03"), "02_normalised.csv, city 北京市 .110000., I03"),
    "treated value": (changed_cell("02_treated", "I24"), "02_treated.csv, city 北京市 .110000., I24"),
    "raw value": (changed_cell("02_raw", "I11"), "02_raw.csv, city 北京市 .110000., I11"),
    "raw cell": (replaced("01_panel", ",3408000.0,", ",3959001.0,"), "02_raw.csv, city 深圳市 .440300., I01"),
    "origin": (replaced("02_origins", "3994;4287;4575", "3994;4287;4576"), "02_origins.csv, city 440300"),
    "filled value": (changed_cell("02_treatment_record", "after"), "02_treatment_record.csv, city 110000, I23"),
    "donor": (replaced("02_treatment_record", "90.5 % from the lowest,340200", "90.5 % from the lowest,110000"),
              "donors' median"),
    "formula": (replaced("02_treatment_record", "ln(x - 0.39", "exp(x - 0.39"), "no formula"),
    "intervals of other scores": (changed_cell("06_rank_intervals", "rank", by=1), "06_rank_intervals.csv"),
    "tiers of other scores": (changed_cell("07_tiers", "score"), "07_tiers.csv"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_changed_table_is_refused_with_its_place(project, name):
    change, place = TAMPERED[name]
    change(project.run("baseline").data)
    with pytest.raises(cities.AccountError, match=place) as refused:
        cities.read_run(project.run("baseline"))
    assert "run the study again" in str(refused.value) and "\n" not in str(refused.value)


class TestText:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    @pytest.mark.parametrize("code", CITIES[:3])
    def test_every_number_stands_whole_in_its_column(self, tables, code, lang):
        account = cities.city_account(tables, code)
        text = cities.account_text(account, lang, width=80)
        lines = text.splitlines()
        ends = set()
        for item in account.items.itertuples():
            number = f"{item.contribution:.6f}"
            line = next(line for line in lines if line.startswith(item.Index) and line.endswith(number))
            ends.add(cell_len(line))
        assert len(ends) == 1, "Chinese letters count as two columns"
        assert f"{account.result['score']:.12g}" in text and max(map(cell_len, lines)) <= 118
        for cell in account.cells.itertuples():
            assert str(cell.raw_row) in text and cell.source_id in text

    def test_flags_name_what_was_done_and_by_whom(self, tables):
        text = re.sub(r"\n *", "", cities.account_text(cities.city_account(tables, "成都")))
        assert "补缺、对数" in text and "供体：芜湖" in text
        assert "Winsorised I01: 2830.46 → 2326.78." in cities.account_text(cities.city_account(tables, "北京"), "en")

    def test_intervals_over_all_choices_stand_beside_those_of_weights(self, tables):
        choices = tables.intervals["weights"].assign(rank_05=1, rank_95=99, p_top_100=0.5, p_tier_1=0.25)
        wide = replace(tables, intervals={"weights": tables.intervals["weights"], "choices": choices})
        text = cities.account_text(cities.city_account(wide, "深圳"), "en")
        assert re.search(r"1–99 \(choices crossed here, median \d+; weights only \d+–\d+\)", text)
        assert "50% (choices crossed here; weights only 100%)" in text and "chance of it 25%" in text

    def test_a_run_without_sensitivity_and_tiers_shows_a_dash(self, tables):
        bare = cities.city_account(replace(tables, intervals={}, tiers=None), "深圳")
        assert "梯队：–" in cities.account_text(bare) and "90% 名次区间：–" in cities.account_text(bare)
        assert bare.peers.keys() == {"region"}


# --- the workbook, evaluated --------------------------------------------------------------------------------------
SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FUNCTIONS = {
    "SUM": lambda *parts: math.fsum(flat(parts)), "MEDIAN": lambda *parts: statistics.median(flat(parts)),
    "COUNT": lambda *parts: len(flat(parts)), "MIN": lambda *parts: min(flat(parts)),
    "MAX": lambda *parts: max(flat(parts)), "EXP": math.exp, "ROUND": round,
    "LN": lambda part: [math.log(value) for value in part] if isinstance(part, list) else math.log(part),
    "SUMPRODUCT": lambda one, other: math.fsum(a * b for a, b in zip(one, other, strict=True)),
}
REFERENCE = re.compile(r"(?:'([^']+)'!)?\$?([A-Z])\$?(\d+)(?::\$?([A-Z])\$?(\d+))?(?![\w(])")


def flat(parts) -> list[float]:
    return [value for part in parts for value in (part if isinstance(part, list) else [part])]


class Workbook:
    """The cells of an .xlsx file: texts, numbers and formulas; `value` computes a cell from the formulas alone."""

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            texts = ["".join(part.itertext()) for part in ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))]
            listed = ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{SPACE}sheet")
            names = [sheet.get("name") for sheet in listed]
            sheets = [archive.read(f"xl/worksheets/sheet{number}.xml") for number in range(1, len(names) + 1)]
        self.first, self.formulas, self.stored, self.texts = names[0], {}, {}, {}
        for name, sheet in zip(names, sheets, strict=True):
            for cell in ElementTree.fromstring(sheet).iter(f"{SPACE}c"):
                place, value, formula = (name, cell.get("r")), cell.find(f"{SPACE}v"), cell.find(f"{SPACE}f")
                if formula is not None:
                    self.formulas[place] = formula.text
                if cell.get("t") == "s":
                    self.texts[place] = texts[int(value.text)]
                elif value is not None:
                    self.stored[place] = float(value.text)

    def value(self, sheet: str, cell: str) -> float | None:
        if (sheet, cell) not in self.formulas:
            return self.stored.get((sheet, cell))

        def look_up(match: re.Match) -> str:
            other, column, row, to_column, to_row = match.groups()
            if to_column is None:
                return repr(self.value(other or sheet, f"{column}{row}"))
            assert column == to_column
            values = [self.value(other or sheet, f"{column}{place}") for place in range(int(row), int(to_row) + 1)]
            return repr([value for value in values if value is not None])

        return eval(REFERENCE.sub(look_up, self.formulas[sheet, cell]), {"__builtins__": {}}, FUNCTIONS)

    def beside(self, text: str, column: str) -> tuple[str, str]:
        """The cell in `column` of the row whose first column reads `text`, on the first sheet."""
        row = next(cell[1:] for (name, cell), found in self.texts.items()
                   if name == self.first and cell[0] == "A" and found == text)
        return self.first, f"{column}{row}"


class TestWorkbook:
    @pytest.mark.parametrize("code", CITIES)
    def test_its_formulas_recompute_the_score_from_raw_cells(self, tables, code):
        account = cities.city_account(tables, code)
        book = Workbook(workbook.account_workbook(account))
        column = workbook.LETTER["contribution"]
        assert book.value(*book.beside("总分", column)) == pytest.approx(account.result["score"], abs=1e-9)
        assert book.value(*book.beside("差", column)) == 0
        for place, stored in book.stored.items():
            assert book.value(*place) == pytest.approx(stored, abs=1e-9, rel=1e-9), place
        assert len(book.formulas) > 35

    def test_a_changed_raw_cell_moves_the_score(self, tables):
        account = cities.city_account(tables, "深圳")
        book = Workbook(workbook.account_workbook(account))
        place = next(place for place, value in book.stored.items() if value == 97.34 and place not in book.formulas
                     and place[0] == "原始数")
        book.stored[place] = 65.76  # the lowest of all cities: no points
        score = account.result["score"] - account.items.at["I11", "contribution"]
        assert book.value(*book.beside("总分", workbook.LETTER["contribution"])) == pytest.approx(score, abs=1e-9)

    @pytest.mark.parametrize("choices", [
        {"aggregation_method": "geometric", "normalisation_lowest_points": 1.0},
        {"aggregation_method": "topsis", "normalisation_method": "zscore"},
        {"normalisation_method": "rank", "treatment_missing": "group_median"},
        {"aggregation_domains": "geometric", "normalisation_lowest_points": 1.0},
        {"treatment_outliers": "log", "indicators_scale": "total", "treatment_missing": "lowest"}])
    def test_other_choices_keep_what_can_be_computed_and_say_what_cannot(self, real_panel, project, choices):
        tables = run_with(real_panel, project, "other", **choices)
        account = cities.city_account(tables, "成都")
        book, score = Workbook(workbook.account_workbook(account, "en")), account.result["score"]
        additive = not {"aggregation_method", "aggregation_domains"} & set(choices)
        total = book.beside("Score", workbook.LETTER["contribution" if additive else "points"])
        assert book.value(*total) == pytest.approx(score, abs=1e-9)
        assert (total in book.formulas) == (choices.get("aggregation_method") != "topsis")
        points = (book.first, f"{workbook.LETTER['points']}{workbook.HEAD_ROW + 1}")
        assert (points in book.formulas) == ("normalisation_method" not in choices)
        for place, stored in book.stored.items():
            assert book.value(*place) == pytest.approx(stored, abs=1e-9, rel=1e-9), place
        text = " ".join(cities.account_text(account, "en").split())  # lines end anywhere
        assert ("to the last bit" in text) == additive
        assert ("there are no contributions that add up" in text) != additive
        assert next(iter(choices)).replace("_", ".", 1) in text  # what differs from the baseline
        assert ("not formulas" in " ".join(book.texts.values())) == ("normalisation_method" in choices)

    def test_texts_stay_texts_whatever_they_begin_with(self, tables):
        account = cities.city_account(renamed(tables), "440300")
        book = Workbook(workbook.account_workbook(account))
        assert book.texts[book.first, "A1"] == HOSTILE
        assert all("cmd" not in formula for formula in book.formulas.values())
        assert not set(book.texts) & set(book.formulas)


class Elements(HTMLParser):
    """The elements of a page and the addresses it names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.addresses = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]
        assert not any(name.startswith("on") for name, _ in attributes)


class TestPage:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_it_has_no_script_and_loads_nothing(self, tables, lang):
        html = page.account_html(cities.city_account(tables, "成都"), lang, [("510100.pdf", "PDF")])
        found = Elements(html)
        assert "script" not in found.tags and found.tags.count("table") == 2 and found.tags.count("h1") == 1
        assert all(address.startswith("data:") or address in ("#text", "510100.pdf") for address in found.addresses)
        assert "default-src 'none'" in html and "http:" not in re.sub(r'src="data:[^"]*"', "", html)

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_pdf_is_one_page_and_says_the_same(self, tables, lang):
        from pypdf import PdfReader

        account = cities.city_account(tables, "郑州")
        pages = PdfReader(io.BytesIO(page.account_pdf(account, lang))).pages
        text = pages[0].extract_text()
        assert len(pages) == 1 and f"{account.result['score']:.12g}" in text
        assert all(f"{points:.2f}" in text for points in account.items["points"])

    def test_all_34_indicators_fit_on_one_page(self, tables):
        from pypdf import PdfReader

        account = cities.city_account(tables, "林芝")
        domains = tables.tree["parent"].map(tables.tree["parent"])
        rows = [account.items.iloc[number % 11] for number in range(34)]
        items = pd.DataFrame(rows).set_index(leaves(tables.tree)).assign(domain=domains, weight=1 / 34)
        items["contribution"] = account.result["score"] / 34
        every = account.domains.reindex([f"D{number}" for number in range(1, 7)]).fillna(50.0)
        full = replace(account, items=items, domains=every)
        assert len(PdfReader(io.BytesIO(page.account_pdf(full, "en"))).pages) == 1

    def test_a_name_is_a_name_on_the_page(self, tables):
        account = cities.city_account(renamed(tables), "440300")
        html = page.account_html(account, "zh")
        assert "<script" not in html and "&lt;script&gt;" in html
        assert page.account_pdf(account, "zh").startswith(b"%PDF")


class TestCommand:
    @pytest.fixture(autouse=True)
    def reports(self, project):
        self.project = project
        return project.root / "reports"

    def call(self, *arguments):
        from typer.testing import CliRunner

        from workbench.cli import app

        return CliRunner().invoke(app, ["city", *arguments], obj=self.project)

    def test_it_prints_the_account_and_writes_the_same_bytes_twice(self, reports):
        folder = reports / "baseline/cities"
        first = self.call("Shenzhen")
        assert first.exit_code == 0 and "82.6492795049" in first.output and "cities/440300.xlsx" in first.output
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert set(before) == {"440300.html", "440300.pdf", "440300.xlsx", "440300_profile.pdf"}
        assert self.call("440300").exit_code == 0
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    def test_english_files_stand_in_the_folder_en(self, reports):
        assert "to the last bit" in self.call("林芝", "--lang", "en").output
        assert (reports / "baseline/en/cities/540400.pdf").is_file()

    def test_without_files_nothing_is_written(self, reports):
        assert self.call("深圳", "--no-files").exit_code == 0
        assert not reports.exists()

    @pytest.mark.parametrize("arguments, message", [
        (["深洲市"], "did you mean"), (["深圳", "--run", "basline"], "did you mean baseline"),
        (["深圳", "--lang", "de"], "zh or en")])
    def test_what_is_wrong_is_one_sentence_and_exit_code_two(self, reports, arguments, message):
        answer = self.call(*arguments)
        assert answer.exit_code == 2 and message in answer.output and "Traceback" not in answer.output
        assert not reports.exists()

    def test_it_is_written_whole_or_not_at_all(self, reports, monkeypatch):
        def fail(*_):
            raise ValueError("no workbook")

        monkeypatch.setattr(workbook, "account_workbook", fail)
        assert self.call("深圳").exit_code == 2
        assert not list(reports.glob("**/*.*"))
