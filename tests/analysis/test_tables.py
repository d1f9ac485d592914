"""Published tables: headers in both languages, numbers rounded for display only."""

import re

import numpy as np
import pandas as pd
import pytest

from analysis import agreement, regions, tables
from analysis.framework import read_framework
from analysis.settings import ROOT
from analysis.sources import read_cities

CITIES, TREE = read_cities(ROOT), read_framework(ROOT)
SCORES = pd.Series(np.linspace(90, 5, len(CITIES)), CITIES.index)
RANKS = SCORES.rank(ascending=False, method="min").astype(int)
PUBLISHED = pd.Series(range(1, 101), CITIES.index[20:120])


@pytest.mark.parametrize(("value", "form", "text"), [
    (-3, "+d", "−3"), (0, "+d", "0"), (np.int64(7), None, "7"), (0.125, ".1%", "12.5%"), (pd.NA, ".2f", "–"),
    (1234.5678, None, "1235"), ("-", None, "-"), (0.0004, tables.small_chance, "<0.001"), (True, None, "True")])
def test_how_values_are_shown(value, form, text):
    assert tables.printed(value, form) == text


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
            texts = [tables.printed(value, frame.attrs["formats"].get(name)) for name in frame for value in frame[name]]
            assert not {"nan", "<NA>", "None"} & set(texts)
            assert len(set(frame.columns)) == len(frame.columns)
            if lang == "en":
                assert not re.search("[\u4e00-\u9fff]", "".join([*frame.columns, *texts]))


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
