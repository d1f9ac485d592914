"""The explorer's content, base map and page, without a browser; what it does in one is in test_explorer_browser.py."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import shapely
from explorer_pages import BASELINE, STAMP, baseline_tables, own_tables, stored, weights_in_tables

from analysis import study
from analysis.frames import read_frame
from analysis.maps import read_boundaries
from analysis.settings import ROOT, load_settings
from workbench import planning
from workbench.explorer import ExplorerError, content, explorer_content, explorer_page, outlines, page, write_explorer
from workbench.explorer.weightings import shares_of, weightings_of
from workbench.explorer.words import METHODS, WEIGHTINGS, WORDS
from workbench.project import Run, staged
from workbench.publishing import site
from workbench.run_input import panel_ground, run_ground

pytestmark = pytest.mark.long

BOUNDARIES = ROOT / "data/raw/boundaries"
MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def tables():
    return baseline_tables()


@pytest.fixture(scope="module")
def shown(tables):
    return {lang: explorer_content(tables, lang) for lang in ("zh", "en")}


@pytest.fixture(scope="module")
def html(shown):
    return {lang: explorer_page(shown[lang], STAMP, lang) for lang in shown}


@pytest.fixture(scope="module")
def base():
    return outlines.base_map(BOUNDARIES)


class TestWeightings:
    def test_each_has_the_weights_of_its_own_table(self, tables):
        expected = weights_in_tables(tables.settings)
        assert [each.key for each in tables.weightings] == list(expected)
        for each in tables.weightings:
            np.testing.assert_allclose(each.weights, expected[each.key].reindex(each.weights.index), rtol=1e-11, atol=0)

    def test_shares_sum_to_one_in_every_domain_and_give_the_weights_back(self, tables):
        for each in tables.weightings:
            by_domain = each.weights.groupby(tables.domain).sum()
            np.testing.assert_allclose(each.shares.groupby(tables.domain).sum(), 1)
            np.testing.assert_allclose(each.shares * tables.domain.map(by_domain), each.weights, atol=1e-15)

    def test_a_domain_without_weight_has_the_studys_shares(self):
        domain, own = pd.Series({"a": "D1", "b": "D1", "c": "D2"}), pd.Series({"a": 0.3, "b": 0.1, "c": 0.6})
        nothing = pd.Series({"a": 0.0, "b": 0.0, "c": 1.0})
        assert shares_of(nothing, own, domain).tolist() == pytest.approx([0.75, 0.25, 1])
        assert shares_of(nothing, nothing, domain).tolist() == [0.5, 0.5, 1.0]

    def test_none_is_offered_under_a_wrong_name_and_none_that_the_run_lacks(self, tmp_path):
        shutil.copy(BASELINE / "05_weights.csv", tmp_path)
        run = Run("x", tmp_path, tmp_path)
        keys = [each.key for each in weightings_of(run, load_settings())]
        assert keys == ["combined", "subjective", "entropy", "equal", "equal_domains"]
        other = load_settings(overrides={"weighting.subjective": "equal", "weighting.objective": "critic"})
        keys = [each.key for each in weightings_of(run, other)]
        assert keys == ["combined", "critic", "entropy", "equal", "equal_domains"]
        equal = load_settings(overrides={"weighting.objective": "equal"})
        assert [each.key for each in weightings_of(run, equal)].count("equal") == 1


class TestContent:
    def test_points_weights_and_ranks_are_the_runs_to_the_last_digit(self, shown):
        points = read_frame(BASELINE / "02_normalised.csv", "adcode")
        scores = read_frame(BASELINE / "05_scores.csv", "adcode")
        read_back = json.loads(page.script_json(shown["zh"]))
        assert [city["code"] for city in read_back["cities"]] == list(scores.index)
        codes = [indicator["code"] for indicator in read_back["indicators"]]
        assert [city["points"] for city in read_back["cities"]] == points[codes].to_numpy().tolist()
        assert [city["rank"] for city in read_back["cities"]] == scores["rank"].tolist()
        assert [city["score"] for city in read_back["cities"]] == scores["score"].tolist()

    def test_the_intervals_are_the_runs(self, shown):
        for kind, stem in (("weights", "06_rank_intervals"), ("choices", "06_choice_intervals")):
            table = read_frame(BASELINE / f"{stem}.csv", "adcode")
            found = {city["code"]: city[kind] for city in shown["en"]["cities"]}
            assert found == {code: [low, high] for code, low, high in
                             zip(table.index, table["rank_05"], table["rank_95"], strict=True)}

    def test_every_city_has_its_own_name_in_both_languages(self, shown):
        for lang, some in (("zh", "吉林市"), ("en", "Suzhou (Jiangsu)")):
            names = [city["name"] for city in shown[lang]["cities"]]
            assert len(set(names)) == 297 and some in names

    def test_namesakes_are_told_apart_and_a_missing_english_name_is_no_gap(self):
        cities = pd.DataFrame({"name": ["甲县", "甲县", "乙县"], "name_en": [None, "A", " "]}, ["X1", "X2", "X3"])
        assert content.shown_names(cities, "zh").tolist() == ["甲县（X1）", "甲县（X2）", "乙县"]
        assert content.shown_names(cities, "en").tolist() == ["甲县", "A", "乙县"]

    def test_a_search_finds_code_and_both_names(self, shown):
        for lang in ("zh", "en"):
            text = next(city["search"] for city in shown[lang]["cities"] if city["code"] == "440300")
            assert all(word in text for word in ("440300", "深圳市", "shenzhen"))

    def test_changed_tables_are_refused(self, tmp_path):
        for stem in content.NEEDED:
            shutil.copy(BASELINE / f"{stem}.csv", tmp_path)
        scores = pd.read_csv(tmp_path / "05_scores.csv", dtype={"adcode": str})
        first, second = scores.index[scores["rank"].isin([1, 2])]
        scores.loc[[first, second], "rank"] = scores.loc[[second, first], "rank"].to_numpy()
        scores.to_csv(tmp_path / "05_scores.csv", index=False)
        with pytest.raises(ExplorerError, match=r"05_scores\.csv.*run the study again"):
            content.read_tables(Run("x", tmp_path, tmp_path), load_settings(), run_ground(load_settings(), tmp_path))

    def test_a_run_without_scores_has_no_explorer(self, tmp_path):
        shutil.copy(BASELINE / "02_normalised.csv", tmp_path)
        assert write_explorer(Run("x", tmp_path, tmp_path), STAMP, "zh") is None
        assert not (tmp_path / "reports").exists()

    def test_other_places_have_no_map_and_no_intervals_but_all_else(self, tmp_path):
        tables = own_tables(tmp_path)
        found = explorer_content(tables, "en")
        assert "outlines" not in found and found["intervals"] == [] and not any("x" in city for city in found["cities"])
        assert [domain["name"] for domain in found["domains"]][0] == "Supply of services"
        assert found["cities"][0]["name"].startswith("Example County") and found["cities"][0]["place"] == ""
        assert found["bands"][-1] == tables.settings.uncertainty.top < len(found["cities"])
        text = explorer_page(found, STAMP, "en")
        assert 'id="map"' not in text and 'id="intervals"' not in text and 'id="scatter"' in text

    @pytest.mark.parametrize(("top", "cities", "expected"), [
        (100, 297, [5, 25, 50, 100]), (13, 40, [1, 3, 6, 13]), (1, 3, [1, 2, 3]), (100, 100, [5, 25, 50, 100])])
    def test_bands_of_ranks_follow_the_cut(self, top, cities, expected):
        assert content.rank_bands(top, cities) == expected

    @pytest.mark.parametrize(("overrides", "low", "high"), [
        ({}, 0, 100), ({"normalisation.method": "zscore"}, None, None), ({"aggregation.method": "topsis"}, 0, 100)])
    def test_every_score_lies_on_the_axes_whatever_the_weights(self, real_panel, tmp_path, overrides, low, high):
        settings = load_settings(overrides=overrides)
        tables = stored(study.score_study(real_panel, settings), panel_ground(real_panel, settings), tmp_path)
        found_low, found_high = content.score_scale(tables)
        if low is not None:
            assert (found_low, found_high) == (low, high)
        for code in tables.points:
            alone = pd.Series(0.0, tables.points.columns)
            alone[code] = 1.0
            scores = study.score(tables.points, alone, settings.aggregation.method)
            assert found_low <= scores.min() and scores.max() <= found_high


class TestBaseMap:
    def test_keeps_all_provinces_every_island_and_all_dashes_and_is_light(self, base):
        raw = json.loads((BOUNDARIES / "cn_province.geojson").read_text(encoding="utf-8"))["features"]
        parts = [len(each["geometry"]["coordinates"]) if each["geometry"]["type"] == "MultiPolygon" else 1
                 for each in raw if each["id"] != "nanhai"]
        dashes = next(each["geometry"]["coordinates"] for each in raw if each["id"] == "nanhai")
        assert [len(each["geometry"]["coordinates"]) for each in base["provinces"]] == parts and len(parts) == 34
        assert len(base["dashes"][0]["geometry"]["coordinates"]) == len(dashes) == 10
        assert len(json.dumps(base, separators=(",", ":"))) < 400_000

    def test_provinces_keep_their_area_and_rings_stay_closed(self, base):
        exact = list(read_boundaries(BOUNDARIES).provinces.values())
        for feature, path in zip(base["provinces"], exact, strict=True):
            rings = [ring for part in feature["geometry"]["coordinates"] for ring in part]
            assert all(ring[0] == ring[-1] and len(ring) >= 4 for ring in rings)
            area = sum(shapely.Polygon(part[0], part[1:]).area for part in feature["geometry"]["coordinates"])
            codes, points = path.codes, path.vertices / outlines.KILOMETRE
            starts = [*np.flatnonzero(codes == 1), len(codes)]
            true = sum(shapely.LinearRing(points[a:b]).is_ccw * 2 * shapely.Polygon(points[a:b]).area
                       - shapely.Polygon(points[a:b]).area for a, b in zip(starts, starts[1:], strict=False))
            assert area == pytest.approx(abs(true), rel=0.01, abs=5)

    def test_the_inset_covers_neither_taiwan_nor_a_dash_of_the_main_map(self, base):
        west, east, south, north = outlines.main_frame()
        inset_west = east - outlines.INSET_SHARE * (east - west)
        taiwan = read_boundaries(BOUNDARIES).provinces["710000"].get_extents()
        assert taiwan.x1 / outlines.KILOMETRE < inset_west
        assert south < taiwan.y0 / outlines.KILOMETRE and taiwan.y1 / outlines.KILOMETRE < north
        inset = outlines.inset_frame()

        def inside(line, frame):
            x, y = np.array(line).T
            return frame[0] < x.min() and x.max() < frame[1] and frame[2] < y.min() and y.max() < frame[3]

        for dash in base["dashes"][0]["geometry"]["coordinates"]:
            assert inside(dash, (west, inset_west, south, north)) or inside(dash, inset)

    def test_cities_stand_where_the_other_maps_have_them(self, shown):
        points = read_boundaries(BOUNDARIES).points
        for city in shown["zh"]["cities"]:
            expected = points.loc[city["code"]] / outlines.KILOMETRE
            assert abs(city["x"] - expected["x"]) <= 0.051 and abs(city["y"] - expected["y"]) <= 0.051

    def test_a_city_without_outline_means_no_map(self):
        assert outlines.city_positions(BOUNDARIES, pd.Index(["440300", "999999"])) is None


class Scripts(HTMLParser):
    """The scripts of a page, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts, self.loads, self.inside, self.policy = [], [], False, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append([values.get("type", ""), ""])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        self.loads += [values[name] for name in ("src", "data", "srcset", "action") if values.get(name)]

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1][1] += data


class TestPage:
    def test_is_one_file_under_three_mebibytes_that_loads_nothing(self, html):
        for text in html.values():
            assert len(text.encode("utf-8")) < 3 * MEBIBYTE
            assert Scripts(text).loads == []
            assert "University of Washington Interactive Data Lab" in text

    def test_only_its_own_two_scripts_may_run_and_none_may_make_code_of_text(self, html):
        for text in html.values():
            found = Scripts(text)
            running = [script for kind, script in found.scripts if kind != "application/json"]
            assert len(running) == 2
            assert f"script-src {' '.join(page.script_hash(script) for script in running)};" in found.policy
            assert "default-src 'none'" in found.policy and "connect-src 'none'" in found.policy
            assert "unsafe-eval" not in found.policy and "'unsafe-inline'" not in found.policy.split("style-src")[0]
            assert "https:" not in found.policy

    def test_says_which_edition_it_rests_on_and_what_differs_from_the_baseline(self, html, tmp_path):
        assert "公开数据版：34 项指标中的 11 项，缺数字治理" in html["zh"] and "数字经济 2/" in html["zh"]
        assert "Public-data edition: 12 of 34 indicators, without Digital governance" in html["en"]
        for stem in content.NEEDED:
            shutil.copy(BASELINE / f"{stem}.csv", tmp_path)
        other = load_settings(overrides={"city": "北京市"})
        tables = content.read_tables(Run("x", tmp_path, tmp_path), other, run_ground(other, tmp_path))
        assert "city = 北京市 (深圳市)" in explorer_content(tables, "en")["notice"]

    def test_hostile_texts_stay_data(self, tables):
        found = explorer_content(tables, "zh")
        hostile = "</script><script>alert(1)</script><!-- & \u2028"
        found["cities"][0]["name"] = found["domains"][0]["name"] = found["indicators"][0]["name"] = hostile
        text = explorer_page(found, STAMP, "zh")
        assert len(Scripts(text).scripts) == 3
        assert "<script>alert" not in text and json.loads(Scripts(text).scripts[0][1])["cities"][0]["name"] == hostile

    def test_two_builds_give_the_same_bytes(self, html, shown):
        again = ("import hashlib\nfrom explorer_pages import *\ncontent = explorer_content(baseline_tables(), 'en')\n"
                 "print(hashlib.sha256(explorer_page(content, STAMP, 'en').encode()).hexdigest())")
        environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai",
                       "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
        made = subprocess.run([sys.executable, "-c", again], cwd=ROOT, env=environment, capture_output=True, text=True,
                              check=True)
        assert made.stdout.strip() == hashlib.sha256(html["en"].encode()).hexdigest()

    def test_both_languages_have_every_text_and_no_text_is_idle(self):
        for texts in (WORDS, WEIGHTINGS, METHODS):
            assert texts["zh"].keys() == texts["en"].keys()
        sources = "".join(path.read_text(encoding="utf-8") for path in (
            *(ROOT / "assets/report").glob("explorer.*"), *(ROOT / "workbench/explorer").glob("*.py"))
            if path.name != "words.py")
        computed = {"weights", "choices", "weights_interval", "choices_interval", "interval_key_weights",
                    "interval_key_choices", "map_alt", "inset_alt"}
        for name in WORDS["zh"].keys() - computed:
            assert re.search(rf"words\.{name}\b|\[\"{name}\"\]|words\[\"{name}\"\]", sources), name
        for name in WORDS["zh"]:
            places = re.compile(r"\{(\w+)\}")
            assert set(places.findall(WORDS["zh"][name])) == set(places.findall(WORDS["en"][name])), name

    def test_chinese_punctuation_is_full_width_and_english_text_is_english(self):
        for name, text in WORDS["zh"].items():
            assert not re.search(r"[\u4e00-\u9fff][,;:!?]", text), name
        for name, text in WORDS["en"].items():
            assert name == "attribution" or not re.search(r"[\u4e00-\u9fff]", text), name


class TestInARun:
    def test_the_overview_step_writes_links_and_lists_it(self, tmp_path):
        plan = planning.make_plan("baseline", "zh", load_settings())
        shutil.copytree(BASELINE, tmp_path / "data/baseline")
        site.write_part("explorer", plan, staged("baseline", tmp_path))
        site.write_overview(plan, staged("baseline", tmp_path), reports=True)
        folder = tmp_path / "reports/baseline"
        assert 'href="explorer.html"' in (folder / "index.html").read_text(encoding="utf-8")
        listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        assert listed["reports"]["explorer.html"] == hashlib.sha256((folder / "explorer.html").read_bytes()).hexdigest()
        assert {"altair", "vl-convert-python"} <= set(listed["versions"])
        assert {f"assets/report/explorer.{kind}" for kind in ("html.j2", "css", "js")} <= set(listed["code"])

    def test_a_run_without_reports_or_scores_has_none_and_no_link(self, tmp_path):
        plan = planning.make_plan("baseline", "zh", load_settings())
        (tmp_path / "data/baseline").mkdir(parents=True)
        (tmp_path / "reports/baseline").mkdir(parents=True)
        site.write_part("explorer", plan, staged("baseline", tmp_path))
        site.write_overview(plan, staged("baseline", tmp_path), reports=True)
        folder = tmp_path / "reports/baseline"
        assert not (folder / "explorer.html").exists()
        assert "explorer.html" not in (folder / "index.html").read_text(encoding="utf-8")
