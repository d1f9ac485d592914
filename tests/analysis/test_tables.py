"""Tables: mark-up that is plain and escaped, numbers rounded for display only, headers in both languages."""

import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis import agreement, regions, tables
from analysis.framework import read_framework
from analysis.settings import ROOT
from analysis.sources import read_cities

CITIES, TREE = read_cities(ROOT), read_framework(ROOT)
SCORES = pd.Series(np.linspace(90, 5, len(CITIES)), CITIES.index)
RANKS = SCORES.rank(ascending=False, method="min").astype(int)
PUBLISHED = pd.Series(range(1, 101), CITIES.index[20:120])


class TestHtml:
    FRAME = pd.DataFrame({"city": ['<b>&"', "Xi'an"], "score": [12.345, np.nan], "rank": [1, 2]})

    def test_everything_is_escaped(self):
        html = tables.html_table(self.FRAME.rename(columns={"rank": "<i>"}), "en")
        assert "<b>" not in html and "<i>" not in html
        soup = BeautifulSoup(html, "html.parser")
        assert soup.tbody.td.text == '<b>&"'
        assert soup.find_all("th")[2].text == "<i>"

    def test_only_numeric_cells_are_num(self):
        soup = BeautifulSoup(tables.html_table(self.FRAME), "html.parser")
        assert [cell.get("class") for cell in soup.tbody.tr.find_all("td")] == [None, ["num"], ["num"]]
        assert {tag.name for tag in soup.find_all()} == {"table", "thead", "tbody", "tr", "th", "td"}
        assert soup.table["lang"] == "zh-CN"

    def test_numbers_are_rounded_for_display_only(self):
        html = tables.html_table(self.FRAME, formats={"score": ".1f"}, headers={"score": "得分"})
        assert ">12.3<" in html and ">–<" in html and "得分" in html
        assert self.FRAME.loc[0, "score"] == 12.345

    @pytest.mark.parametrize(("value", "form", "text"), [
        (-3, "+d", "−3"), (0, "+d", "0"), (np.int64(7), None, "7"), (0.125, ".1%", "12.5%"), (pd.NA, ".2f", "–"),
        (1234.5678, None, "1235"), ("-", None, "-"), (0.0004, tables.small_chance, "<0.001"), (True, None, "True")])
    def test_how_values_are_shown(self, value, form, text):
        assert tables.printed(value, form) == text

    def test_a_format_for_no_column_is_refused(self):
        with pytest.raises(tables.TableError, match="scores"):
            tables.html_table(self.FRAME, formats={"scores": ".1f"})


@pytest.mark.parametrize("lang", ["zh", "en"])
class TestPublishedTables:
    def all_tables(self, lang):
        intervals = pd.DataFrame({"rank_05": RANKS, "rank_95": RANKS + 4, "p_top_100": 0.5})
        comparison = regions.compare_counts(RANKS.index[:100], PUBLISHED.index, CITIES, "nbs_region")
        lists = pd.DataFrame({"table": 5, "domain": "D4", "adcode": PUBLISHED.index, "status": "read"})
        overlap = agreement.list_overlap(pd.DataFrame({"D4": SCORES}), pd.concat([lists, lists.assign(domain="D2")]))
        named = {"x": SCORES}
        return [
            tables.hundred_table(SCORES, RANKS, intervals, intervals, PUBLISHED, CITIES, lang),
            tables.domain_list_table(lists.set_index("adcode")["status"], CITIES, PUBLISHED, lang),
            tables.region_table(comparison, lang),
            tables.east_west_table(regions.east_west_tests(SCORES, CITIES).pairs, lang),
            tables.agreement_figures_table(agreement.agreement_table(named, PUBLISHED, draws=20), lang),
            tables.list_overlap_table(overlap.summary, TREE, lang),
        ]

    def test_headers_are_in_the_language_and_every_table_prints(self, lang):
        for frame in self.all_tables(lang):
            html = tables.html_table(frame, lang)
            assert html.count("<tr>") == len(frame) + 1
            assert not re.search(r"\bnan\b|<NA>|None", html)
            assert len(set(frame.columns)) == len(frame.columns)
            if lang == "en":
                assert not re.search("[\u4e00-\u9fff]", "".join(frame.columns) + html)


class TestLayouts:
    def test_table_2_sets_the_published_rank_beside_and_a_dash_where_there_is_none(self):
        intervals = pd.DataFrame({"rank_05": RANKS, "rank_95": RANKS, "p_top_100": 1.0})
        frame = tables.hundred_table(SCORES, RANKS, intervals, intervals.assign(p_top_100=0.25), PUBLISHED, CITIES)
        assert len(frame) == 100
        assert frame["公布名次"].isna().sum() == 20
        assert frame["差"].dropna().eq(-20).all()
        assert frame["前100概率"].eq(1).all() and frame["仅权重可变"].eq(0.25).all()

    def test_lists_are_set_by_province_with_corrected_and_inferred_names_marked(self):
        members = pd.Series({"370100": "corrected", "370200": "inferred", "110000": "read"})
        frame = tables.domain_list_table(members, CITIES, pd.Series({"370100": 15, "370200": 7, "110000": 3}))
        assert frame["省（区、市）"].tolist() == ["北京市", "山东省"]
        assert frame["城市"].tolist() == ["北京市", "青岛市†、济南市*"]
        assert frame["个数"].sum() == len(members)
