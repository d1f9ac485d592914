"""The reports of a whole run as one site: complete, accessible, usable on a phone and on paper, and nothing fetched."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

pytestmark = pytest.mark.browser

PAGES = ("index.html", "white_paper.html", "html/05_scores_and_ranks.html", "profiles/440300.html",
         "profiles/index.html")


@pytest.fixture(scope="module")
def site(whole_runs, tmp_path_factory) -> Path:
    """The reports of the quick run, Chinese with English below, apart from what later runs do to them."""
    assert whole_runs.call("english").code == 0
    target = tmp_path_factory.mktemp("site") / "quick"
    return Path(shutil.copytree(whole_runs.root / "reports/quick", target))


def folder_of(site: Path, lang: str) -> Path:
    return site if lang == "zh" else site / "en"


@pytest.mark.parametrize("lang", ["zh", "en"])
class TestPages:
    def test_every_address_on_the_main_pages_leads_to_a_file(self, site, lang):
        for name in PAGES:
            page = folder_of(site, lang) / name
            for address in re.findall(r'(?:href|src)="([^"]*)"', page.read_text(encoding="utf-8")):
                parts = urlparse(address)
                if parts.scheme == "data" or not parts.path:
                    continue
                assert not parts.scheme and not parts.netloc, (name, address)
                assert (page.parent / unquote(parts.path)).is_file(), (name, address)

    def test_the_index_leads_to_all_there_is(self, site, lang):
        folder = folder_of(site, lang)
        text = (folder / "index.html").read_text(encoding="utf-8")
        linked = {unquote(address) for address in re.findall(r'href="([^"#]*)"', text)}
        made = {path.relative_to(folder).as_posix() for part in ("html", "pdf", "figures", "tables", "notebooks")
                for path in (folder / part).iterdir()}
        assert made <= linked
        assert {"white_paper.html", "white_paper.pdf", "profiles/index.html", "manifest.json"} <= linked
        assert all(f'id="{part}"' in text for part in ("findings", "settings", "white-paper", "profiles", "notebooks",
                                                       "figures", "tables", "provenance"))
        assert "python -m analysis verify quick" in text and "uncertainty.draws" in text  # quick differs from the base

    @pytest.mark.parametrize("name", PAGES)
    def test_axe_finds_nothing(self, site, browser, lang, name):
        from axe_playwright_python.sync_playwright import Axe

        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((folder_of(site, lang) / name).as_uri())
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.close()

    @pytest.mark.parametrize("name", PAGES)
    def test_opens_quietly_at_both_widths(self, site, browser, lang, name):
        said, asked = [], []
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((folder_of(site, lang) / name).as_uri())
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert said == [] and all(url.startswith(("file:", "data:")) for url in asked)
        page.close()


class TestSearch:
    def test_a_city_is_found_by_name_english_name_code_and_province(self, site, browser):
        page = browser.new_page()
        page.goto((site / "profiles/index.html").as_uri())
        for sought, count in (("成都", 1), ("chengdu", 1), ("510100", 1), ("四川", 18), ("nowhere", 0), ("", 297)):
            page.get_by_role("searchbox").fill(sought)
            assert page.locator("li:visible").count() == count, sought
        page.get_by_role("searchbox").fill("chengdu")
        page.get_by_role("link", name="成都市").click()
        assert page.get_by_role("heading", level=1).inner_text() == "成都市"
        page.close()

    def test_without_script_the_list_is_whole_and_no_field_promises_a_search(self, site, browser):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto((site / "profiles/index.html").as_uri())
        assert page.locator("section.group li").count() == 297 and not page.get_by_role("searchbox").is_visible()
        context.close()


def test_printed_pages_leave_navigation_out(site, browser):
    page = browser.new_page()
    for name in ("index.html", "profiles/440300.html"):
        page.goto((site / name).as_uri())
        page.emulate_media(media="print")
        assert not page.locator("nav:visible").count()
    page.close()
