"""One page a city: the comparison with its peers, the exact way up ten places, and pages that say just that."""

import base64
import hashlib
import html
import math
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis import scoring, study
from analysis.frames import read_frame, write_frame
from analysis.settings import ROOT, with_overrides
from workbench import cities
from workbench.cities import profile_page, profile_words
from workbench.cities.files import write_profiles
from workbench.cities.moves import WHOLE_YEARS, YES_NO, scales_of
from workbench.cities.peers import compare, standing_out
from workbench.edition import edition_stamp
from workbench.project import Project

pytestmark = pytest.mark.long

BASELINE = ROOT / "data/processed/baseline"
HOSTILE = "=cmd()<script>alert(1)</script>"
SAMPLE = slice(0, None, 11)  # 27 of the 297 cities, the first and the last among them


@pytest.fixture(scope="module")
def profiles():
    return cities.profiles_now(Project().run("baseline"))


@pytest.fixture(scope="module")
def sample(profiles):
    return [*profiles.in_order[SAMPLE], profiles.in_order[-1]]


@pytest.fixture(scope="module")
def written(profiles, tmp_path_factory):
    """The pages of all cities in both languages."""
    folders = {}
    for lang in ("zh", "en"):
        folders[lang] = tmp_path_factory.mktemp(lang)
        write_profiles(profiles, folders[lang], stamp_of(profiles, lang), lang)
    return folders


def stamp_of(profiles, lang="zh"):
    return edition_stamp(profiles.tables.run, profiles.tables.settings, profiles.tables.ground, lang)


def rank_with(scores: pd.Series, code: str, value: float) -> int:
    return int(scoring.rank(scores.where(scores.index != code, value))[code])


def body_of(html: str) -> str:
    return html[html.index("<body"):]


class TestPeers:
    def test_a_percentile_counts_who_is_below_and_half_of_who_is_level(self, profiles):
        points, peers = profiles.tables.normalised, profiles.peers["region"]
        for code in ("510100", "540400", "110000"):
            group = points.index[(peers.members == peers.members[code]) & (points.index != code)]
            for indicator in ("I01", "I23", "I33"):
                others, own = points.loc[group, indicator], points.at[code, indicator]
                expected = 100 * ((others < own).sum() + 0.5 * (others == own).sum()) / len(others)
                assert peers.percentiles.at[code, indicator] == pytest.approx(expected, abs=1e-9)

    def test_medians_are_the_groups_own(self, profiles):
        peers, scores = profiles.peers["tier"], profiles.tables.scores
        assert peers.sizes["510100"] == (peers.members == peers.members["510100"]).sum()
        members = peers.members.index[peers.members == peers.members["510100"]]
        assert peers.medians.at["510100", "D5"] == scores.loc[members, "D5"].median()
        assert peers.sizes["510100"] == len(members)

    def test_a_city_alone_in_its_group_has_no_percentile(self):
        points = pd.DataFrame({"I01": [1.0, 2.0, 3.0]})
        found = cities.compare(points, points, pd.Series(["a", "a", "b"]))
        assert found.percentiles["I01"].tolist()[:2] == [0.0, 100.0] and math.isnan(found.percentiles.at[2, "I01"])

    def test_where_the_groups_contradict_each_other_nothing_stands_out(self):
        assert standing_out({"a": [90.0, 40.0], "b": [10.0, 60.0], "c": [75.0, float("nan")]}) == (["c"], [])

    def test_filled_values_are_neither_strength_nor_weakness(self, profiles):
        filled = [key for key, words in profiles.flags.items() if "filled" in words]
        assert len(filled) == profiles.tables.record["action"].str.startswith("filled").sum() > 0
        for code, indicator in filled:
            assert indicator not in [*profiles.outstanding(code)[0], *profiles.outstanding(code)[1]]


class TestMoves:
    def test_the_least_gain_reaches_the_rank_and_any_less_does_not(self, profiles, sample):
        scores, ranks = profiles.tables.scores["score"], profiles.tables.scores["rank"]
        for code in sample:
            move = cities.moves_of(profiles.tables, code)
            assert move.up == (None if ranks[code] == 1 else max(1, ranks[code] - 10))
            if move.up is not None:
                target = scores[code] + move.gain
                reached = scores.drop(code)[(scores.drop(code) - target).abs() < 1e-9].iloc[0]  # the rival's own score
                assert rank_with(scores, code, reached) <= move.up < rank_with(scores, code, reached - 1e-9)

    def test_the_least_loss_is_where_ten_places_are_lost(self, profiles, sample):
        scores, ranks = profiles.tables.scores["score"], profiles.tables.scores["rank"]
        for code in sample:
            move = cities.moves_of(profiles.tables, code)
            assert move.down == (None if ranks[code] == len(ranks) else min(len(ranks), ranks[code] + 10))
            if move.down is not None:
                edge = scores[code] - move.loss
                assert rank_with(scores, code, edge - 1e-9) >= move.down > rank_with(scores, code, edge + 1e-9)

    def test_each_indicator_alone_moves_the_city_exactly(self, profiles, sample):
        tables, tried = profiles.tables, 0
        for code in sample:
            move = cities.moves_of(tables, code)
            for step in move.steps:
                def rank_at(value, indicator=step.indicator, code=code):
                    points = tables.normalised.copy()
                    points.at[code, indicator] = value
                    method = tables.settings.aggregation.method
                    return scoring.rank(study.score(points, tables.weights["combined"], method))[code]

                if step.possible:
                    assert rank_at(step.needed + 1e-7) <= move.up < rank_at(step.needed - 1e-7)
                    tried += 1
                else:
                    assert rank_at(100.0) > move.up
        assert tried > 60

    def test_the_value_that_is_needed_gives_the_points_that_are_needed(self, profiles, sample):
        tables, scales = profiles.tables, scales_of(profiles.tables)
        for code in sample:
            for step in cities.moves_of(tables, code).steps:
                if not step.possible:
                    continue
                scale = scales[step.indicator]
                points = 100 * (step.treated - scale.low) / (scale.high - scale.low)
                if scale.measure in (YES_NO, WHOLE_YEARS):
                    assert points >= step.needed - 1e-9 and step.treated == int(step.treated)
                else:
                    assert points == pytest.approx(step.needed, abs=1e-9)
                if scale.logarithm:
                    back = scale.logarithm.apply(step.raw)
                    assert back == pytest.approx(step.treated, abs=1e-9)
                else:
                    assert step.raw == step.treated

    def test_a_geometric_total_has_its_own_exact_answer(self, profiles):
        tables = profiles.tables
        choices = tables.settings.model_copy(update={
            "aggregation": tables.settings.aggregation.model_copy(update={"method": "geometric"}),
            "normalisation": tables.settings.normalisation.model_copy(update={"lowest_points": 1.0})})
        points = study.normalise(tables.treated, tables.tree, choices)
        scores = study.score(points, tables.weights["combined"], choices.aggregation.method)
        other = replace(tables, settings=choices, normalised=points, scores=tables.scores.assign(
            score=scores, rank=scoring.rank(scores)))
        code, move, step = next(
            (code, move, step) for code in other.scores["rank"].sort_values().index[80:] if code in other.scores.index
            for move in [cities.moves_of(other, code)] for step in move.steps or () if step.possible)
        for shift, holds in ((1e-6, True), (-1e-6, False)):
            changed = points.copy()
            changed.at[code, step.indicator] = step.needed + shift
            rank = scoring.rank(study.score(changed, tables.weights["combined"], choices.aggregation.method))[code]
            assert (rank <= move.up) == holds

    @pytest.mark.parametrize(("section", "value"), [("normalisation", "zscore"), ("aggregation", "topsis")])
    def test_where_every_city_counts_no_answer_is_given(self, profiles, section, value):
        settings = profiles.tables.settings
        changed = settings.model_copy(update={section: getattr(settings, section).model_copy(update={"method": value})})
        other = cities.profiles_of(replace(profiles.tables, settings=changed))
        assert cities.moves_of(other.tables, "450100").steps is None
        names = profile_words.ProfileNames(other, "zh")
        assert "没有精确答案" in profile_page.profile_html(names, "450100", stamp_of(other))


@pytest.mark.parametrize("groups", ["aabbb", "aabbc", "abbbb", "aaaaa"])
def test_groups_may_be_of_any_sizes_and_of_any_type(groups):
    points = pd.DataFrame({"I01": [1.0, 2.0, 3.0, 4.0, 5.0]})
    plain, named = (compare(points, points, kind(list(groups))) for kind in (pd.Series, lambda each: pd.Series(
        pd.Categorical(each))))
    pd.testing.assert_frame_equal(plain.percentiles, named.percentiles)
    assert plain.sizes.tolist() == named.sizes.tolist() == [groups.count(group) for group in groups]


class TestPages:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_every_city_has_a_page_and_every_link_leads_somewhere(self, profiles, written, lang):
        folder = written[lang] / "profiles"
        pages = {path.name for path in folder.iterdir()}
        assert pages == {f"{code}.html" for code in profiles.in_order} | {"index.html"}
        (written[lang] / "index.html").touch()
        for name in pages:
            text = (folder / name).read_text(encoding="utf-8")
            for address in re.findall(r'href="([^"#]*)"', text):
                assert address == "data:," or (folder / address).is_file(), (name, address)

    def test_the_page_shows_the_tables_numbers(self, profiles, written):
        text = (written["zh"] / "profiles/510100.html").read_text(encoding="utf-8")
        row, interval = profiles.tables.scores.loc["510100"], profiles.tables.intervals["choices"].loc["510100"]
        shown = html.unescape(re.sub(r"<[^>]+>", " ", text))
        for number in (f"{row['score']:.2f}", f"共 {len(profiles.tables.scores)} 城",
                       f"{interval['rank_05']:g}–{interval['rank_95']:g}", "没有数据，未测度", "技术创新水平"):
            assert number in shown
        assert "补缺：技术创新水平" in shown and "补缺：知识创新体系" in shown  # Chengdu's missing patents and papers

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_nothing_runs_on_a_profile_and_one_known_script_on_the_list(self, written, lang):
        for path in (written[lang] / "profiles").iterdir():
            text = path.read_text(encoding="utf-8")
            policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
            scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
            hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
            assert "default-src 'none'" in policy and len(scripts) == (path.name == "index.html")
            assert re.findall("sha256-([^']*)", policy) == hashes
            assert not re.search(r'(?:src|href)="(?:https?:)?//', text)

    def test_the_same_tables_give_the_same_bytes(self, written, profiles, tmp_path):
        found = cities.profiles_now(Project().run("baseline"))
        again = write_profiles(found, tmp_path, stamp_of(profiles), "zh")
        assert len(again) == 298
        for path in again:
            assert path.read_bytes() == (written["zh"] / "profiles" / path.name).read_bytes()

    def test_a_name_is_a_name(self, profiles, tmp_path):
        names = profiles.tables.cities["name"].mask(profiles.tables.cities.index == "440300", HOSTILE)
        ground = replace(profiles.tables.ground, cities=profiles.tables.cities.assign(name=names))
        hostile = cities.profiles_of(replace(profiles.tables, ground=ground))
        for path in write_profiles(hostile, tmp_path, stamp_of(hostile), "zh"):
            assert path.read_text(encoding="utf-8").count("<script") == (path.name == "index.html")
        from workbench.cities.profile_paper import profile_pdf

        assert profile_pdf(profile_words.ProfileNames(hostile, "zh"), "440300", stamp_of(hostile)).startswith(b"%PDF")

    def test_a_run_without_tiers_regions_intervals_and_published_ranks_says_what_it_has(self, profiles):
        tables = profiles.tables
        bare = replace(tables, tiers=None, intervals={},
                       scores=tables.scores.assign(published_rank=pd.array([pd.NA] * len(tables.scores), "Int64")),
                       ground=replace(tables.ground, cities=tables.cities[["name", "name_en"]]))
        found = cities.profiles_of(bare)
        text = body_of(profile_page.profile_html(profile_words.ProfileNames(found, "zh"), "510100", stamp_of(found)))
        assert set(found.peers) == {"all"} and found.outstanding("510100")[0]
        assert not any(word in text for word in ("梯队第", "区间：", "白皮书名次", "公布名次", "nan"))


class TestManyCities:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_of_too_many_cities_the_first_and_the_followed_one_have_pages(self, profiles, tmp_path, lang):
        settings = with_overrides(profiles.tables.settings, {"parts.profiles": 2, "city": "成都市"})
        some = replace(profiles, tables=replace(profiles.tables, settings=settings))
        paths = write_profiles(some, tmp_path, stamp_of(some, lang), lang)
        expected = [*profiles.in_order[:2], "510100"]
        assert [path.name for path in paths] == [*(f"{code}.html" for code in expected), "index.html"]
        page = paths[-1].read_text(encoding="utf-8")
        assert page.count("<li data-sought=") == len(profiles.in_order)
        assert sorted(re.findall(r'href="(\d{6})\.html"', page)) == sorted(expected)
        for path in paths[:-1]:  # and none leads to a page that is not there
            linked = re.findall(r'href="(\d{6})\.html"', path.read_text(encoding="utf-8"))
            assert set(linked) <= set(expected)

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_none_at_all_leaves_the_list(self, profiles, tmp_path, lang):
        settings = with_overrides(profiles.tables.settings, {"parts.profiles": 0})
        some = replace(profiles, tables=replace(profiles.tables, settings=settings))
        paths = write_profiles(some, tmp_path, stamp_of(some, lang), lang)
        assert [path.relative_to(tmp_path).as_posix() for path in paths] == ["profiles/index.html"]
        page = paths[0].read_text(encoding="utf-8")
        assert not re.search(r'href="[^"]*\d{6}\.html"', page)
        assert "python -m analysis city" in page and "--run baseline" in page


class TestOwnData:
    def test_places_elsewhere_with_regions_of_their_own_have_pages_in_both_languages(self, profiles, tmp_path):
        """Other places, another tree and regions with names in two languages: an own-data run in memory."""
        from analysis.settings import load_settings
        from workbench.run_input import bring, own_panel, panel_ground

        brought = bring(ROOT / "examples/county_care", load_settings())
        panel = own_panel(brought.given, brought.settings.edition)
        made = study.score_study(panel, brought.settings)
        scores = study.score_table(panel.cities, made.scores, made.ranks, made.domain_scores, made.raw,
                                   pd.Series(dtype="Int64"), brought.settings)
        texts = {name: made.origins[name].fillna("").astype(str) for name in ("variable", "source_id")}
        own = replace(profiles.tables, run="care", settings=brought.settings, ground=panel_ground(panel, made.settings),
                      panel=panel.figures, raw=made.raw, origins=made.origins.assign(**texts), treated=made.treated,
                      record=made.treatment_record, normalised=made.normalised, weights=made.weights, scores=scores,
                      intervals={}, tiers=None)
        found = cities.profiles_of(own)
        for lang, region in (("zh", "示例东片"), ("en", "Example East")):
            paths = write_profiles(found, tmp_path / lang, stamp_of(found, lang), lang)
            assert len(paths) == len(panel.cities) + 1
            text = body_of((tmp_path / lang / "profiles/X003.html").read_text(encoding="utf-8"))
            assert region in text and "本市" not in text and "nan" not in text


class TestCommand:
    @pytest.fixture
    def root(self, tmp_path):
        self.project = Project(tmp_path)
        shutil.copytree(BASELINE, self.project.run("baseline").data,
                        ignore=shutil.ignore_patterns("*_acc*", "0[389]*"))
        return tmp_path

    def call(self, *arguments):
        from typer.testing import CliRunner

        from workbench.cli import app

        return CliRunner().invoke(app, ["cities", *arguments], obj=self.project)

    def test_it_lists_the_best_and_writes_nothing(self, root):
        answer = self.call("--top", "3", "--lang", "en")
        assert answer.exit_code == 0 and len(answer.output.splitlines()) == 3 and "Shanghai" in answer.output
        assert not (root / "reports").exists()

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_it_sets_profiles_on_one_page_each(self, root, lang):
        from pypdf import PdfReader

        assert self.call("--pdf", "--top", "2", "--lang", lang).exit_code == 0
        scores = read_frame(BASELINE / "05_scores.csv", "adcode")["score"]
        folder = self.project.run("baseline").report_folder(lang) / "cities"
        assert {path.name for path in folder.iterdir()} == {"310000_profile.pdf", "110000_profile.pdf"}
        for path in folder.iterdir():
            first = path.read_bytes()
            pages, score = PdfReader(path).pages, scores[path.name[:6]]
            assert len(pages) == 1 and f"{score:.2f}" in pages[0].extract_text()
        assert self.call("--pdf", "--top", "2", "--lang", lang).exit_code == 0 and path.read_bytes() == first

    def test_changed_tables_are_refused(self, root):
        path = root / "data/processed/baseline/05_scores.csv"
        table = pd.read_csv(path, dtype={"adcode": str}).set_index("adcode")
        write_frame(table.assign(score=np.where(table.index == "440300", 99.0, table["score"])), path)
        assert self.call("--top", "1").exit_code == 2 and self.call("--top", "-1").exit_code == 2
