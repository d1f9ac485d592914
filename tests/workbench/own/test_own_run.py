"""Own data through the whole study: the example of another place by all its notebooks, and values of the public panel
brought back through the template, with the same ranks."""

import re
from dataclasses import replace

import nbformat
import pandas as pd
import pytest
from conftest import ROOT, fixtures_of
from pandas.testing import assert_frame_equal
from safe_page import MADE, Page

from analysis.frames import read_frame
from analysis.indicators import chosen_proxies
from analysis.settings import load_settings, with_overrides
from analysis.sources import read_whitepaper
from analysis.study import fill_gaps, score_study
from workbench.own.reading import read_input
from workbench.own.template import write_template
from workbench.run_input import bring, own_panel, own_settings

pytestmark = pytest.mark.long

CARE = ROOT / "examples/county_care"
YEARS = "I33"  # years of operation of the open data portal
STAMP = "自有数据版：12 项指标中的 12 项"


run, folder, data, pages = fixtures_of("care", Page)


@pytest.fixture(scope="module")
def direct():
    """The same study in memory."""
    given = read_input(CARE)
    panel = own_panel(given)
    return score_study(panel, own_settings(load_settings(ROOT / "settings/quick.yaml"), panel))


class TestExample:
    def test_every_document_says_whose_data_it_rests_on(self, run, folder, pages):
        assert run.err.strip() == "" and "09_agreement" not in run.out
        assert set(pages) == {*MADE[:-1], "05y_by_year", "white_paper", "index"}
        for name, page in pages.items():
            assert STAMP in page.text, name
        for path in folder.rglob("*.html"):
            shown = re.sub(r'<details class="code.*?</details>', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert "公开数据版" not in shown and "合成数据" not in shown, path.name
        for path in (*folder.glob("pdf/*.pdf"), folder / "white_paper.pdf"):
            assert path.stat().st_size > 20_000

    def test_it_is_a_study_of_counties_by_its_own_title(self, folder, pages):
        """Beside code, and names such as 深圳市 in it, nothing is called a city."""
        for path in folder.rglob("*.html"):
            shown = re.sub(r"<(details|script|style|pre|code)\b.*?</\1>", "", path.read_text(encoding="utf-8"),
                           flags=re.DOTALL)
            said = re.sub("<[^>]+>", " ", shown).replace("省（区、市）", "")
            assert not re.search("城|座|[本该各]市", said), path.name
        assert "示例县养老服务评价" in pages["white_paper"].text and "示例县养老服务评价" in pages["index"].text
        assert "示例研究组" in pages["white_paper"].text and "48 个县" in pages["white_paper"].text

    def test_nothing_of_the_white_paper_s_list_is_in_it(self, folder, data, pages):
        published = set(read_whitepaper(ROOT)["table2_top100"]["city"])
        assert len(published) == 100
        for name, page in pages.items():
            assert not re.search("297 ?[个座]|297 cities", page.text) and "数字城市" not in page.text, name
            told = page.text.replace(load_settings().city, "", 1)  # the baseline's value of a setting that differs
            assert not any(city in told for city in published), name
            assert not {"白皮书名次", "公布名次"} & {cell.strip() for cell in page.cells}, name
        assert not list(data.glob("*published*")) and not list(data.glob("09_*"))
        scores = pd.read_csv(data / "05_scores.csv")
        assert "published_rank" not in scores or scores["published_rank"].isna().all()
        for path in folder.glob("tables/*.csv"):
            assert "白皮书" not in path.read_text(encoding="utf-8").splitlines()[0], path.name

    def test_warnings_stand_in_the_report(self, data, pages):
        given = read_input(CARE)
        kept = pd.read_csv(data / "01_warnings.csv")
        assert len(kept) == len(given.warnings) > 5 and kept["zh"].tolist() == [each.zh for each in given.warnings]
        for each in given.warnings[:60]:
            assert each.zh in pages["01_clean_data"].cells and each.place in pages["01_clean_data"].cells

    def test_every_reading_is_logged(self, data):
        kept = read_input(data / "input")
        assert len(kept.log) == len(read_input(CARE).log) > 100

    def test_ranks_are_those_of_the_method_in_memory(self, data, direct):
        table = read_frame(data / "05_scores.csv", "adcode")
        assert table["score"].equals(direct.scores) and (table["rank"] == direct.ranks).all()
        assert len(table) == 48 and set(table["name"]) == set(read_input(CARE).cities["name"])
        raw = read_frame(data / "02_raw.csv", "adcode")
        assert raw.to_numpy() == pytest.approx(direct.raw.to_numpy(), nan_ok=True, rel=0, abs=0)

    def test_every_table_and_figure_that_is_told_of_is_there(self, folder):
        told = {"table": set(), "figure": set()}
        for step in MADE:
            for cell in nbformat.read(folder / f"notebooks/{step}.ipynb", as_version=4).cells:
                for output in cell.get("outputs", []):
                    about = output.get("metadata", {}).get("report", {})
                    if about.get("kind") in told:
                        told[about["kind"]].add(about["name"])
                    assert output.get("name") != "stderr"
        for kind, names in told.items():
            assert len(names) > 10
            assert names <= {path.stem for path in (folder / f"{kind}s").iterdir()}


class TestRoundTrip:
    """The public panel's values, brought back as own data, are the same study.

    One thing an own value cannot say: that a gap in years of operation (I33) means a portal whose year is unknown. The
    public panel lets only cities with a portal lend such a gap a value, own data let the nearest of all. With that gap
    filled beforehand every score is equal to the last bit. Gaps are filled from the nearest cities here: regression
    predicts from the filled years too.
    """

    @pytest.fixture(scope="class")
    @classmethod
    def public(cls, real_study):
        """The public study with gaps filled from the nearest cities."""
        return score_study(real_study.panel, with_overrides(real_study.settings, {"treatment.missing": "nearest"}))

    @pytest.fixture(scope="class")
    @classmethod
    def filled(cls, public):
        """The public values, with the gaps of I33 filled as the public edition fills them."""
        settings, panel = public.settings, public.panel
        chosen = chosen_proxies(panel.proxies, settings.indicators.worst_grade, settings.indicators.exclude)
        values = public.raw.copy()
        values[YEARS] = fill_gaps(values, panel.cities, chosen, settings)[0][YEARS]
        assert values[YEARS].notna().all() and public.raw[YEARS].isna().any()
        return values

    @pytest.fixture(scope="class")
    @classmethod
    def template(cls, filled, tmp_path_factory):
        """Those values through a workbook of the template, with its blank matrices."""
        path = tmp_path_factory.mktemp("round") / "public.xlsx"
        write_template(path, values=filled)
        return own_panel(read_input(path))

    def test_every_value_comes_back_through_the_template(self, filled, template, public):
        study = score_study(template, own_settings(public.settings, template))
        assert_frame_equal(study.raw, filled, check_names=False, check_exact=True)
        assert_frame_equal(study.treated, public.treated, check_names=False, check_exact=True)
        assert {"china", "paper", "regions", "own", "factual", "unjudged"} == template.traits

    def test_ranks_are_those_of_the_public_panel_with_the_same_judgements(self, template, public):
        same = replace(public.panel, judgements=template.judgements, experts=template.experts,
                       traits=public.panel.traits - {"two_readings"})
        other, own = (score_study(panel, public.settings) for panel in (same, template))
        assert own.scores.equals(other.scores) and own.ranks.equals(other.ranks)
        assert not own.ranks.equals(public.ranks), "equal judgements are others than the repository's"

    def test_a_table_of_values_alone_takes_the_repository_s_judgements(self, filled, public, tmp_path):
        filled.to_csv(tmp_path / "mine.csv", index_label="code", encoding="utf-8-sig")
        brought = bring(tmp_path / "mine.csv", public.settings)
        study = score_study(own_panel(brought.given), brought.settings)
        assert study.scores.equals(public.scores) and study.ranks.equals(public.ranks)
        assert "repository_judgements" in {each.kind for each in brought.given.warnings}

    def test_the_gap_that_makes_the_difference(self, public, tmp_path):
        public.raw.to_csv(tmp_path / "mine.csv", index_label="code")
        brought = bring(tmp_path / "mine.csv", public.settings)
        study = score_study(own_panel(brought.given), brought.settings)
        assert_frame_equal(study.raw, public.raw, check_names=False, check_exact=True)
        others = study.treated.columns.drop(YEARS)
        assert_frame_equal(study.treated[others], public.treated[others], check_names=False, check_exact=True)
        moved = study.treated.index[study.treated[YEARS] != public.treated[YEARS]]
        assert len(moved) and public.raw.loc[moved, YEARS].isna().all()

    def test_the_example_s_workbook_has_the_ranks_of_its_folder(self, tmp_path, direct):
        write_template(tmp_path / "care.xlsx", example="county_care")
        brought = bring(tmp_path / "care.xlsx", load_settings(ROOT / "settings/quick.yaml"))
        study = score_study(own_panel(brought.given), brought.settings)
        assert study.ranks.loc[direct.ranks.index].equals(direct.ranks)
        assert study.scores.loc[direct.scores.index].to_numpy() == pytest.approx(direct.scores.to_numpy(), abs=1e-9)
