"""Reports in a real browser: nothing is fetched, nothing complains, narrow and wide screens and the keyboard work."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CHROMIUM
from sample_notebook import HOSTILE, drawing, sample_notebook

from workbench.reporting import (
    FileEntry,
    PageLinks,
    ReportEntry,
    RunFacts,
    Stamp,
    notebook_to_html,
    write_index,
)

STAMP = Stamp("baseline", "公开数据版：34 项指标中的 11 项，缺数字治理", "2026 年 1 月")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser: {CHROMIUM} is not installed"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A folder of reports: index, one notebook, the white paper, a figure."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "html").mkdir()
    (folder / "figures").mkdir()
    (folder / "figures/fig.svg").write_bytes(drawing("svg"))
    (folder / "figures/fig.png").write_bytes(drawing("png"))
    pages = (("html/03", "notebook", "zh"), ("html/03_en", "notebook", "en"), ("paper", "white_paper", "zh"))
    for name, kind, lang in pages:
        page = notebook_to_html(sample_notebook(kind, lang), name, lang, STAMP, PageLinks(next=("04.html", HOSTILE)))
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    facts = RunFacts(
        findings=(HOSTILE,),
        differences={"weighting.alpha": (0.5, HOSTILE)},
        white_paper=ReportEntry("白皮书", "图表按原编号。", "paper.html", ""),
        figures=[FileEntry(f"figures/fig.{kind}", "图 5-1", "得分") for kind in ("svg", "png")],
        make_other_language="python3 run.py --lang en",
    )
    write_index(folder, STAMP, [ReportEntry("03 熵权法", "由离散程度得到权重。", "html/03.html", "")], facts, "zh")
    return folder


@pytest.mark.parametrize("name", ["html/03.html", "html/03_en.html", "paper.html", "index.html"])
def test_opens_quietly_and_fits_narrow_and_wide_screens(run, browser, name):
    complaints, requests = [], []
    tab = browser.new_page()
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto((run / name).as_uri())
    for width in (390, 1440):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.get_by_role("heading", level=1).is_visible()
    assert tab.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert complaints == []
    assert all(url.startswith(("data:", run.as_uri())) for url in requests)
    tab.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_index_shows_how_to_get_the_other_language(run, browser, width):
    tab = browser.new_page(viewport={"width": width, "height": 900})
    tab.goto((run / "index.html").as_uri())
    assert tab.get_by_text("python3 run.py --lang en").is_visible()
    assert tab.get_by_text("this command makes the English pages").is_visible()
    tab.close()


def test_contents_stand_beside_a_wide_page_and_fold_on_a_narrow_one(run, browser):
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    tab.goto((run / "html/03.html").as_uri())
    tab.mouse.wheel(0, 3000)
    assert tab.locator("nav.side").is_visible()
    assert tab.locator("nav.side").bounding_box()["y"] == 0
    tab.set_viewport_size({"width": 390, "height": 800})
    assert not tab.locator("nav.side").is_visible()
    assert not tab.locator("details.contents nav").is_visible()
    tab.locator("details.contents > summary").click()
    assert tab.locator("details.contents nav").is_visible()
    tab.close()


def test_code_opens_by_keyboard_and_skip_link_comes_first(run, browser):
    tab = browser.new_page()
    tab.goto((run / "html/03.html").as_uri())
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    code = tab.locator("details.code.parameters")
    assert not code.locator("pre").is_visible()
    code.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert code.locator("pre").is_visible()
    tab.close()


def test_printed_pages_leave_navigation_out_and_show_whole_tables(run, browser):
    tab = browser.new_page()
    tab.goto((run / "html/03.html").as_uri())
    tab.emulate_media(media="print")
    assert not tab.locator("nav.side").is_visible()
    assert tab.evaluate("[...document.querySelectorAll('.scroll')].every(box => box.scrollHeight <= box.clientHeight)")
    tab.close()
