"""The explorer in a real browser: its ranks are the study's, it follows keyboard and address, and it loads nothing."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from conftest import CHROMIUM
from explorer_pages import BASELINE, STAMP, baseline_tables, own_tables, stored, weights_in_tables, write_page

from analysis import scoring, study
from analysis.frames import read_frame
from analysis.settings import load_settings
from workbench.explorer import explorer_content, explorer_page
from workbench.run_input import panel_ground

HOSTILE = ("</script><script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "=1+1", "@SUM(A1)", "+7", "-3-4")
OTHER_CHOICES = {"geometric": {"aggregation.method": "geometric", "normalisation.lowest_points": 1.0},
                 "topsis": {"aggregation.method": "topsis"},
                 "geometric_above": {"aggregation.domains": "geometric"},  # some totals are 0
                 "arithmetic_above": {"aggregation.method": "topsis", "aggregation.domains": "arithmetic"},
                 "rank": {"normalisation.method": "rank"}}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser: {CHROMIUM} is not installed"),
]


@pytest.fixture(scope="module")
def tables():
    return baseline_tables()


@pytest.fixture(scope="module")
def folder(tables, tmp_path_factory) -> Path:
    """The explorer of the reference in both languages: zh.html and en.html."""
    folder = tmp_path_factory.mktemp("explorer")
    for lang in ("zh", "en"):
        write_page(tables, folder / f"{lang}.html", lang)
    return folder


@pytest.fixture
def opened(browser):
    """Open a page and wait for its charts; at the end nothing may have been complained of, and nothing fetched."""
    complaints, requests, tabs = [], [], []

    def start(path: Path, state: str = "", width: int = 1440, charts: int = 4):
        tab = browser.new_page(viewport={"width": width, "height": 900}, has_touch=width < 700)
        tabs.append(tab)
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(path.as_uri() + state)
        until(tab, f"document.querySelectorAll('.vega svg').length === {charts}")
        return tab

    yield start
    for tab in tabs:
        tab.close()
    assert complaints == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in requests)


def until(tab, script: str) -> None:
    """Wait for a condition. Playwright's own way would have the page evaluate a text, which its policy forbids."""
    for _ in range(400):
        if tab.evaluate(script):
            return
        tab.wait_for_timeout(25)
    raise AssertionError(f"ten seconds, and still not: {script}")


def ranks_shown(tab) -> pd.Series:
    """The rank of every city in the table, by code, in the order of the rows."""
    rows = tab.evaluate("[...document.querySelectorAll('#rows tr')].map(row => "
                        "[row.dataset.code, Number(row.querySelector('.rank').textContent)])")
    return pd.Series(dict(rows))


def scores_shown(tab) -> pd.Series:
    rows = tab.evaluate("[...document.querySelectorAll('#rows tr')].map(row => "
                        "[row.dataset.code, Number(row.querySelector('.score').textContent)])")
    return pd.Series(dict(rows))


def expected_ranks(tables, weights: pd.Series) -> pd.Series:
    weights = weights.reindex(tables.points.columns)
    return scoring.rank(study.score(tables.points, weights, tables.rule))


def after_moving(tables, start: pd.Series, moved: dict[str, float]) -> pd.Series:
    """Weights after sliders were moved: every domain's slider over the sum of all, dealt out in the proportions that
    the start has inside the domain (where it has no weight, in the study's)."""
    own = weights_in_tables(tables.settings)["combined"]
    values = {code: moved.get(code, 100 * math.fsum(start[tables.domain == code])) for code in tables.domain.unique()}
    parts = []
    for code, value in values.items():
        inside = start[tables.domain == code]
        inside = inside if inside.sum() > 0 else own[tables.domain == code]
        parts.append(inside / inside.sum() * value / math.fsum(values.values()))
    return pd.concat(parts)


def choose(tab, key: str) -> None:
    tab.locator(f"input[name=preset][value={key}]").check()
    until(tab, f"location.hash.includes('p={key}') || '{key}' === 'combined'")


def rested(tab) -> None:
    """Wait until the address has caught up with the page."""
    tab.wait_for_timeout(350)
    until(tab, "location.hash === document.getElementById('share').hash")


class TestRanks:
    def test_every_weighting_has_the_ranks_that_python_computes_for_all_cities(self, tables, folder, opened):
        tab = opened(folder / "zh.html")
        study_ranks = read_frame(BASELINE / "05_scores.csv", "adcode")["rank"]
        assert ranks_shown(tab).sort_index().equals(study_ranks.sort_index())
        seen = set()
        for key, weights in weights_in_tables(tables.settings).items():
            choose(tab, key)
            shown = ranks_shown(tab)
            assert len(shown) == 297 and shown.is_monotonic_increasing
            assert shown.sort_index().equals(expected_ranks(tables, weights).sort_index()), key
            seen.add(tuple(shown.index))
        assert len(seen) == 7

    @pytest.mark.parametrize("choices", OTHER_CHOICES)
    def test_other_methods_are_followed_exactly_too(self, real_panel, tmp_path, opened, choices):
        settings = load_settings(overrides=OTHER_CHOICES[choices])
        result = study.score_study(real_panel, settings)
        tables = stored(result, panel_ground(real_panel, settings), tmp_path)
        tab = opened(write_page(tables, tmp_path / "page.html"), charts=3)
        assert ranks_shown(tab).sort_index().equals(result.ranks.sort_index())
        for each in tables.weightings:
            choose(tab, each.key)
            assert ranks_shown(tab).sort_index().equals(expected_ranks(tables, each.weights).sort_index()), each.key

    def test_a_slider_moved_by_keyboard_gives_the_ranks_of_these_weights(self, tables, folder, opened):
        tab = opened(folder / "en.html")
        before = ranks_shown(tab)
        tab.get_by_role("slider", name="Digital government services").focus()
        for key in ("PageUp", "PageUp", "PageUp", "ArrowRight", "ArrowRight"):
            tab.keyboard.press(key)
        tab.get_by_role("slider", name="Digital innovation").focus()
        tab.keyboard.press("Home")
        rested(tab)
        moved = {code: tab.locator(f"input[name={code}]").evaluate("slider => slider.valueAsNumber")
                 for code in ("D3", "D5")}
        assert moved["D3"] > 30 and moved["D5"] == 0
        weights = after_moving(tables, weights_in_tables(tables.settings)["combined"], moved)
        shown = ranks_shown(tab)
        assert shown.sort_index().equals(expected_ranks(tables, weights).sort_index())
        assert not shown.index.equals(before.index)
        share = weights[tables.domain == "D3"].sum()
        slider = tab.get_by_role("slider", name="Digital government services")
        assert slider.get_attribute("aria-valuetext") == f"{100 * share:.1f}% of the whole"
        assert tab.locator("#share-1").inner_text() == f"{100 * share:.1f}%"

    @pytest.mark.parametrize(("key", "moved"), [
        ("implied_domains", {"D3": 40}), ("implied_indicators", {"D3": 25, "D1": 3}), ("entropy", {"D5": 100, "D6": 0}),
        ("equal", {"D4": 17.5})])
    def test_sliders_go_on_from_the_chosen_weights(self, tables, folder, opened, key, moved):
        """Among them domains that the weighting gives no weight: there the study's proportions hold."""
        state = f"#p={key}&w=" + ",".join(f"{code}:{value}" for code, value in moved.items())
        tab = opened(folder / "zh.html", state)
        weights = after_moving(tables, weights_in_tables(tables.settings)[key], moved)
        assert ranks_shown(tab).sort_index().equals(expected_ranks(tables, weights).sort_index())
        tab.get_by_role("button", name="还原这组权重").click()
        until(tab, "document.getElementById('reset').disabled")
        start = weights_in_tables(tables.settings)[key]
        assert ranks_shown(tab).sort_index().equals(expected_ranks(tables, start).sort_index())

    def test_not_all_weight_can_be_taken_away(self, tables, folder, opened):
        tab = opened(folder / "zh.html", "#w=D3:0,D4:0,D5:0,D6:0")
        tab.locator("input[name=D1]").focus()
        tab.keyboard.press("Home")
        until(tab, "document.getElementById('announced').textContent.includes('至少一个领域')")
        assert tab.locator("input[name=D1]").input_value() == "1"
        own = weights_in_tables(tables.settings)["combined"]
        weights = after_moving(tables, own, {"D1": 1, "D3": 0, "D4": 0, "D5": 0, "D6": 0})
        assert ranks_shown(tab).sort_index().equals(expected_ranks(tables, weights).sort_index())


class TestFollowing:
    def test_map_scatter_and_words_follow_the_sliders(self, folder, opened):
        tab = opened(folder / "zh.html", "#pin=440300")
        fives = ("[...document.querySelectorAll('#map .mark-symbol path[fill=\"#7f1d1d\"]')]"
                 ".map(dot => dot.getAttribute('transform'))")
        heights = ("[...document.querySelectorAll('#scatter .mark-symbol path')].map(dot => "
                   "Number(dot.getAttribute('transform').match(/,([\\d.]+)/)[1])).sort((a, b) => a - b)")
        before = [tab.evaluate(fives), tab.evaluate(heights), tab.locator("#summary").inner_text()]
        assert len(before[0]) == 5 and len(before[1]) == 297 and "名次与本研究完全一致" in before[2]
        choose(tab, "subjective")
        tab.locator("input[name=D3]").fill("100")
        rested(tab)
        after = [tab.evaluate(fives), tab.evaluate(heights), tab.locator("#summary").inner_text()]
        assert all(one != other for one, other in zip(before, after, strict=True)) and len(after[0]) == 5
        first = tab.locator("#rows tr .name").first.inner_text()
        assert after[2].startswith(f"第一名：{first}，") and tab.locator("#announced").inner_text() == after[2]
        assert tab.locator("#map .mark-text text", has_text="深圳市").count() == 2  # once as its own pale edge

    def test_the_horizontal_axis_shows_domain_scores(self, tables, folder, opened):
        tab = opened(folder / "en.html", "#x=D3")
        across = ("[...document.querySelectorAll('#scatter .mark-symbol path')].map(dot => "
                  "Number(dot.getAttribute('transform').match(/\\(([-\\d.]+)/)[1])).sort((a, b) => a - b)")
        width = tab.evaluate("Math.max(...[...document.querySelectorAll('#scatter .background')]"
                             ".map(box => box.getBBox().width))")
        found = pd.Series(tab.evaluate(across)) / width * 100
        expected = read_frame(BASELINE / "05_scores.csv", "adcode")["D3"].sort_values(ignore_index=True)
        assert (found - expected).abs().max() < 0.1
        tab.get_by_label("Across").select_option("")
        rested(tab)
        assert "x=" not in tab.evaluate("location.hash")

    def test_a_dot_on_the_map_pins_its_city(self, folder, opened):
        tab = opened(folder / "zh.html")
        dot = tab.locator('#map .mark-symbol path[fill="#7f1d1d"]').first
        dot.hover()
        tip = tab.locator("#vg-tooltip-element").inner_text()
        dot.click()
        rested(tab)
        code = re.search(r"pin=(\d+)", tab.evaluate("location.hash")).group(1)
        row = tab.locator(f'#rows tr[data-code="{code}"]')
        assert row.locator(".pin").get_attribute("aria-pressed") == "true"
        assert row.locator(".name").inner_text() in tip


class TestState:
    def test_the_address_brings_everything_back(self, folder, opened):
        tab = opened(folder / "zh.html")
        choose(tab, "entropy")
        tab.locator("input[name=D4]").focus()
        tab.keyboard.press("PageUp")
        tab.locator("#axis").select_option("D6")
        for code in ("510100", "440300"):
            tab.locator(f'#rows tr[data-code="{code}"] .pin').click()
        rested(tab)
        address = tab.evaluate("location.href")
        again = opened(folder / "zh.html", "#" + address.split("#")[1])
        for script in ("document.getElementById('summary').textContent", "document.getElementById('axis').value",
                       "document.querySelector('input[name=preset]:checked').value",
                       "document.querySelector('input[name=D4]').value", "document.getElementById('share').hash",
                       "[...document.querySelectorAll('#pins li')].map(item => item.textContent)"):
            assert again.evaluate(script) == tab.evaluate(script), script
        assert ranks_shown(again).equals(ranks_shown(tab))
        assert again.locator("#pins li").count() == 2 and again.locator("#rows tr.pinned").count() == 2

    def test_a_changed_address_is_followed_and_nonsense_in_it_is_not(self, tables, folder, opened):
        tab = opened(folder / "zh.html", "#p=nothing&w=D1:-5,D9:3,D3:x,D4:1e9&pin=000000,<b>&x=D2")
        assert ranks_shown(tab).sort_index().equals(tables.scores["rank"].sort_index())
        assert tab.locator("#pins li").count() == 0 and tab.locator("#axis").input_value() == ""
        tab.evaluate("location.hash = '#p=equal&pin=110000'")
        until(tab, "document.querySelectorAll('#pins li').length === 1")
        weights = weights_in_tables(tables.settings)["equal"]
        assert ranks_shown(tab).sort_index().equals(expected_ranks(tables, weights).sort_index())


class TestFindingAndPinning:
    def test_search_by_name_pinyin_or_code_and_pin_with_enter(self, folder, opened):
        tab = opened(folder / "zh.html")
        field = tab.get_by_label("查找城市")
        for text, code in (("苏州", "320500"), ("SHENZHEN", "440300"), ("510100", "510100")):
            field.fill(text)
            visible = tab.locator("#rows tr:visible")
            assert code in [row.get_attribute("data-code") for row in visible.all()] and visible.count() <= 3
        field.press("Enter")
        rested(tab)
        assert tab.evaluate("location.hash") == "#pin=510100"
        field.fill("亚特兰蒂斯")
        assert tab.locator("#found").inner_text() == "没有匹配的城市"
        field.press("Enter")
        field.fill("")
        assert tab.locator("#rows tr:visible").count() == 297 and tab.locator("#pins li").count() == 1

    def test_pins_by_keyboard_show_rank_and_interval_and_can_be_taken_off(self, tables, folder, opened):
        tab = opened(folder / "en.html")
        pin = tab.get_by_role("button", name="Pin Chengdu", exact=True)
        pin.focus()
        tab.keyboard.press("Enter")
        until(tab, "document.querySelectorAll('#pins li').length === 1")
        assert tab.evaluate("document.activeElement.getAttribute('aria-label')") == "Pin Chengdu"
        row = tab.locator('#rows tr[data-code="510100"]')
        for kind, table in tables.intervals.items():
            low, high = table.loc["510100", ["rank_05", "rank_95"]]
            assert row.locator(f".interval-{kind}").inner_text() == f"{low}–{high}"
        assert tab.locator("#intervals .role-axis-label text", has_text="Chengdu").count() == 1
        assert tab.locator("#intervals .role-axis-label text", has_text="Shanghai").count() == 0
        chip = tab.locator("#pins button")
        assert chip.inner_text().startswith(f"{tables.scores.at['510100', 'rank']} Chengdu")
        chip.focus()
        tab.keyboard.press("Enter")
        until(tab, "document.querySelectorAll('#pins li').length === 0")
        assert tab.evaluate("document.activeElement.id") == "find"


def downloaded(tab, button: str) -> list[dict[str, str]]:
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name=button).click()
    content = Path(waiting.value.path()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


class TestDownload:
    @pytest.mark.parametrize(("lang", "button", "heads"), [
        ("zh", "下载此表（CSV）", ("名次", "城市", "代码", "得分", "本研究名次", "变化", "数据版本")),
        ("en", "Download this table (CSV)", ("Rank", "City", "Code", "Score", "Rank in the study", "Change",
                                            "Data edition"))])
    def test_holds_what_the_table_shows(self, tables, folder, opened, lang, button, heads):
        rank, city, code, score, study_rank, change, edition = heads
        tab = opened(folder / f"{lang}.html", "#p=entropy&w=D1:60")
        rows = downloaded(tab, button)
        assert [row[code] for row in rows] == list(ranks_shown(tab).index) and len(rows) == 297
        assert [int(row[rank]) for row in rows] == ranks_shown(tab).tolist()
        assert [round(float(row[score]), 2) for row in rows] == pytest.approx(scores_shown(tab).tolist(), abs=0.0051)
        names = tab.evaluate("[...document.querySelectorAll('#rows .name')].map(name => name.textContent)")
        assert [row[city] for row in rows] == names
        for row in rows:
            assert int(row[study_rank]) == tables.scores.at[row[code], "rank"]
            assert int(row[change]) == int(row[study_rank]) - int(row[rank])
            assert row[edition] == STAMP.edition
            ends = [row[head] for head in row if "90%" in head]
            table = [tables.intervals[kind].loc[row[code], edge] for kind in ("weights", "choices")
                     for edge in ("rank_05", "rank_95")]
            assert [int(end) for end in ends] == table

    def test_holds_only_the_rows_that_are_shown(self, folder, opened):
        tab = opened(folder / "zh.html")
        tab.get_by_label("查找城市").fill("州市")
        assert 1 < len(downloaded(tab, "下载此表（CSV）")) == tab.locator("#rows tr:visible").count() < 297


@pytest.fixture(scope="module")
def hostile_page(tables, tmp_path_factory):
    content = explorer_content(tables, "zh")
    for city, name in zip(sorted(content["cities"], key=lambda city: city["rank"]), HOSTILE, strict=False):
        city["name"], city["search"] = name, name
    content["domains"][0]["name"] = content["indicators"][0]["name"] = HOSTILE[0]
    path = tmp_path_factory.mktemp("hostile") / "page.html"
    path.write_text(explorer_page(content, STAMP, "zh"), encoding="utf-8")
    return path


class TestHostileNames:
    def test_are_shown_letter_by_letter_everywhere(self, hostile_page, tables, opened):
        codes = tables.scores.sort_values("rank").index[:len(HOSTILE)]
        tab = opened(hostile_page, "#pin=" + ",".join(codes))
        names = tab.locator("#rows .name").all_inner_texts()[:len(HOSTILE)]
        assert names == list(HOSTILE)
        assert tab.locator("img").count() == 0 and tab.locator("script").count() == 3
        for text in HOSTILE:
            assert tab.locator("#map .mark-text text", has_text=text).count() >= 1
        tab.locator('#map .mark-symbol path[fill="#7f1d1d"]').last.hover()
        assert any(name in tab.locator("#vg-tooltip-element").inner_text() for name in HOSTILE)
        assert tab.locator("img").count() == 0

    def test_are_no_formulas_in_the_download(self, hostile_page, opened):
        tab = opened(hostile_page)
        names = [row["城市"] for row in downloaded(tab, "下载此表（CSV）")][:len(HOSTILE)]
        assert names == [*HOSTILE[:2], *(f"'{name}" for name in HOSTILE[2:])]


class TestUse:
    @pytest.mark.parametrize("lang", ["zh", "en"])
    @pytest.mark.parametrize(("width", "smallest"), [(390, 44), (768, 24), (1440, 24)])
    def test_fits_the_screen_with_targets_large_enough(self, folder, opened, lang, width, smallest):
        tab = opened(folder / f"{lang}.html", "#w=D1:60&pin=440300,110000,510100,320500", width)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("document.documentElement.scrollHeight") < 6000
        assert tab.get_by_role("heading", level=1).is_visible()
        targets = "[...document.querySelectorAll('main :is(button, input, select, summary)')]"
        sizes = tab.evaluate(targets + ".map(target => { const box = target.getBoundingClientRect();"
                             "return [target.id || target.className || target.name, box.width, box.height]; })")
        small = [(name, wide, high) for name, wide, high in sizes if wide < smallest or high < smallest]
        assert len(sizes) > 300 and small == []
        for chart in ("map", "scatter", "intervals"):
            box = tab.locator(f"#{chart} svg").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["width"] > 250

    @pytest.mark.parametrize(("lang", "width"), [("zh", 390), ("en", 1440)])
    def test_passes_the_accessibility_rules(self, folder, opened, lang, width):
        from axe_playwright_python.sync_playwright import Axe

        tab = opened(folder / f"{lang}.html", "#w=D1:60&pin=440300,110000", width)
        tab.locator("details.indicators summary").click()
        found = Axe().run(tab).response["violations"]
        assert [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found] == []

    def test_the_keyboard_reaches_everything_and_focus_can_be_seen(self, folder, opened):
        tab = opened(folder / "en.html")
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.className") == "skip"
        reached, outlined = [], []
        for _ in range(14):
            tab.keyboard.press("Tab")
            reached.append(tab.evaluate("document.activeElement.id || document.activeElement.name"))
            outlined.append(tab.evaluate("(at => getComputedStyle(at.name === 'preset' ? at.nextElementSibling : at)"
                                         ".outlineStyle)(document.activeElement)"))
        wanted = ["preset", *(f"weight-{place}" for place in range(5)), "share", "find"]
        assert [name for name in reached if name in wanted] == wanted
        assert all(style in ("solid", "auto") for style in outlined)
        tab.locator("input[name=preset]").first.focus()
        tab.keyboard.press("ArrowDown")
        until(tab, "location.hash === '#p=subjective'")

    def test_other_places_work_without_map_and_intervals(self, tmp_path, opened):
        tables = own_tables(tmp_path)
        tab = opened(write_page(tables, tmp_path / "page.html", "en"), charts=1)
        assert ranks_shown(tab).sort_index().equals(tables.scores["rank"].sort_index())
        for each in tables.weightings:
            choose(tab, each.key)
            assert ranks_shown(tab).sort_index().equals(expected_ranks(tables, each.weights).sort_index()), each.key

    def test_printed_it_shows_the_whole_ranking_and_no_controls(self, folder, opened):
        tab = opened(folder / "zh.html")
        tab.emulate_media(media="print")
        box = "document.querySelector('.ranking .scroll')"
        assert tab.evaluate(f"{box}.scrollHeight <= {box}.clientHeight + 1")
        assert not tab.locator("#find").is_visible() and not tab.locator("#download").is_visible()
