"""The raw data are what the documents say they are: complete, as printed, registered, and within stated bounds."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import sources
from analysis.published import DOMAIN_OF_TABLE
from analysis.sources import LIST_TABLES

ROOT = Path(__file__).resolve().parents[2]
# Saaty (1980), The Analytic Hierarchy Process: the random index by size of the matrix.
RANDOM_INDEX = {3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24}


@pytest.fixture(scope="module")
def cities():
    return sources.read_cities(ROOT)


@pytest.fixture(scope="module")
def whitepaper():
    return sources.read_whitepaper(ROOT)


@pytest.fixture(scope="module")
def judgements():
    return sources.read_judgements(ROOT)


def consistency_ratio(matrix):
    size = len(matrix)
    largest = np.linalg.eigvals(matrix.to_numpy()).real.max()
    return (largest - size) / (size - 1) / RANDOM_INDEX[size] if size > 2 else 0.0


def test_every_raw_file_is_registered_and_unaltered():
    table = sources.verify_provenance(ROOT)
    assert table["path"].is_unique and table["sha256"].str.fullmatch("[0-9a-f]{64}").all()


def test_csv_files_are_utf8_with_unix_line_ends_and_no_mark():
    for path in (ROOT / "data/raw").rglob("*.csv"):
        content = path.read_bytes()
        assert b"\r" not in content and not content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\n"), path
        content.decode("utf-8")


class TestWhitePaper:
    """Counts of the white paper's tables as printed and as they imply (data/raw/README.md, The white paper)."""

    def members(self, whitepaper, number):
        printed = whitepaper[LIST_TABLES[number]]["city"]
        return printed[printed != ""]

    @pytest.mark.parametrize("table, entries, distinct", [(3, 89, 89), (4, 88, 87), (5, 100, 100), (6, 100, 100),
                                                           (7, 100, 100)])
    def test_entries(self, whitepaper, table, entries, distinct):
        members = self.members(whitepaper, table)
        assert (len(members), members.nunique()) == (entries, distinct)

    def test_hundred_distinct_cities_of_the_roster_ranked_1_to_100(self, whitepaper, cities):
        hundred = whitepaper["table2_top100"]
        assert hundred["rank"].tolist() == list(range(1, 101))
        assert hundred["city"].is_unique and hundred["city"].isin(cities["name"]).all()
        assert hundred["city"].tolist()[:6] == ["深圳市", "上海市", "北京市", "广州市", "杭州市", "东莞市"]
        assert hundred["city"].tolist()[-1] == "保定市" and hundred["city"].tolist()[20] == "成都市"

    def test_slips_of_print_and_scan_are_left_in(self, whitepaper):
        assert "养南市" in set(self.members(whitepaper, 6))
        assert (self.members(whitepaper, 4) == "开封市").sum() == 2
        governance = whitepaper["table4_governance"]
        assert set(governance.loc[governance["city"] == "海口市", "province"].iloc[0]) == {"—"}
        for name, province in (("table3_government", "山东省"), ("table4_governance", "广东省")):
            row = whitepaper[name].loc[whitepaper[name]["province"] == province]
            assert row["city"].tolist() == [""] and row["position"].isna().all()

    def test_labels_of_table_1_as_scanned(self, whitepaper):
        scanned = whitepaper["table1_framework"].set_index("number")
        assert len(scanned) == 34
        assert scanned.at[1, "subdomain_printed"] == "粉字文儿//" and scanned.at[25, "domain_printed"] == "XX C134/1"
        assert scanned.index[scanned["overflow_printed"] != ""].tolist() == [16, 18, 20]

    @pytest.mark.parametrize("table, overlap", [(3, 95), (4, 96), (5, 89), (6, 90), (7, 85)])
    def test_overlap_with_the_hundred(self, whitepaper, cities, table, overlap):
        hundred = set(whitepaper["table2_top100"]["city"])
        members = set(self.members(whitepaper, table).replace("养南市", "济南市"))
        province_of = cities.set_index("name")["province_short"]
        lost = {3: "山东", 4: "广东"}.get(table)  # the overlap leans on the lost rows: all of that province's hundred
        members |= {city for city in hundred if province_of[city] == lost}
        assert len(members & hundred) == overlap

    def test_125_cities_are_named_in_all(self, whitepaper):
        named = set(whitepaper["table2_top100"]["city"])
        for table in LIST_TABLES:
            named |= set(self.members(whitepaper, table).replace("养南市", "济南市"))
        assert len(named) == 125

    def test_lists_name_cities_of_the_province_they_stand_under(self, whitepaper, cities):
        province_of = cities.set_index("name")["province"]
        for name in LIST_TABLES.values():
            table = whitepaper[name].query("city != '' and city != '养南市' and city != '海口市'")
            assert (table["city"].map(province_of) == table["province"]).all(), name

    def test_regions_hold_31_provinces_and_differ_from_the_usual_grouping(self, whitepaper):
        region = whitepaper["paper_regions"].set_index("province_short")["region"]
        assert len(region) == 31 and region.nunique() == 7
        assert region["江西"] == "华中" and region["福建"] == "华南"

    def test_inferred_members_are_kept_apart(self, whitepaper):
        inferred = whitepaper["inferred_members"]
        assert inferred.groupby("table").size().to_dict() == {3: 1, 4: 12}
        assert inferred.query("table == 3")["city"].tolist() == ["济南市"]
        for row in inferred.itertuples():
            assert row.city not in set(self.members(whitepaper, row.table))
        assert set(DOMAIN_OF_TABLE) == set(LIST_TABLES)


class TestStatistics:
    def test_roster(self, cities):
        assert len(cities) == 297 and cities["name"].is_unique
        assert cities["type"].value_counts().to_dict() == {"地级市": 293, "直辖市": 4}
        # pinyin is no key
        assert set(cities.loc[cities["name_en"].duplicated(keep=False), "name_en"]) >= {"Suzhou", "Fuzhou", "Yulin"}

    def test_bureau_regions(self, cities):
        provinces = cities.groupby("nbs_region")["province_short"].nunique()
        assert provinces.to_dict() == {"东部": 10, "中部": 6, "西部": 12, "东北": 3}

    def test_every_region_and_province_has_an_english_name(self, cities):
        names = sources.read_region_names(ROOT).groupby("system")["name"].agg(set)
        assert names["province"] == set(cities["province_short"])
        assert names["paper"] == set(cities["region"]) and names["nbs"] == set(cities["nbs_region"])

    def test_known_flaws_are_left_in(self):
        statistics = sources.read_statistics(ROOT)
        figures = statistics[statistics["file"] == "statistics.csv"].set_index(["city", "variable", "year"])["value"]
        assert len(figures) == 6249
        assert figures["郑州市", "telecom_revenue", 2019] / figures["郑州市", "telecom_revenue", 2018] > 9
        assert ("成都市", "patents_granted", 2017) not in figures.index
        assert all((city, "gdp", 2019) not in figures.index for city in ("揭阳市", "潮州市", "云浮市", "三沙市"))
        gaps = statistics[statistics["file"] == "known_gaps.csv"]
        portals = gaps[gaps["variable"] == "open_data_portal_year"]
        assert set(portals["city"]) == {"大连市", "郑州市", "石家庄市"} and gaps["value"].isna().all()

    def test_every_variable_has_figures_and_every_source_is_used(self):
        variables, statistics = sources.read_variables(ROOT), sources.read_statistics(ROOT)
        assert set(variables.index) == set(statistics["variable"])
        declared = statistics["variable"].map(variables["source_id"])
        assert (declared == statistics["source_id"]).all()
        assert set(sources.read_sources(ROOT).index) - set(statistics["source_id"]) == {"cities"}

    def test_boundaries_hold_every_city(self, cities):
        outlines = json.loads((ROOT / "data/raw/boundaries/cn_city.geojson").read_text(encoding="utf-8"))
        assert set(cities.index) <= {feature["properties"]["adcode"] for feature in outlines["features"]}


class TestJudgements:
    """The illustrative matrices (Saaty 1980: reciprocal, 1 to 9, consistency ratio below 0.10)."""

    def test_each_expert_judges_every_node(self, judgements):
        nodes = {"goal", *(f"D{n}" for n in range(1, 7)), *(f"S{n:02d}" for n in range(1, 15)), "S13_without_I32",
                 "S14_with_I32"}
        assert set(judgements) == {"government", "academic", "industry"}
        assert all(set(matrices) == nodes for matrices in judgements.values())

    def test_leaves_are_the_34_indicators_under_either_parent_of_i32(self, judgements):
        every = [f"I{n:02d}" for n in range(1, 35)]
        for matrices in judgements.values():
            plain = [code for n in range(1, 15) for code in matrices[f"S{n:02d}"].columns]
            variant = {"S13": "S13_without_I32", "S14": "S14_with_I32"}
            other = [code for n in range(1, 15)
                     for code in matrices[variant.get(f"S{n:02d}", f"S{n:02d}")].columns]
            assert plain == every and sorted(other) == every

    def test_reciprocal_saaty_values_below_the_limit(self, judgements):
        scale = [float(n) for n in range(1, 10)] + [1 / n for n in range(2, 10)]
        ratios = []
        for matrices in judgements.values():
            for matrix in matrices.values():
                assert np.isin(matrix.to_numpy(), scale).all()
                assert np.allclose(matrix.to_numpy() * matrix.to_numpy().T, 1, rtol=1e-15)
                ratios.append(consistency_ratio(matrix))
        assert max(ratios) < 0.10 and any(0.02 < ratio < 0.08 for ratio in ratios)

    def test_points_of_view_are_recognisable(self, judgements):
        # row products rank the domains as their priorities do in these nearly consistent matrices
        first_two = {expert: set(matrices["goal"].prod(axis=1).nlargest(2).index)
                     for expert, matrices in judgements.items()}
        assert first_two == {"government": {"D2", "D3"}, "academic": {"D5", "D6"}, "industry": {"D1", "D6"}}

    def test_experts_are_called_an_assumption(self):
        experts = sources.read_experts(ROOT)
        assert experts["description_en"].str.contains("no person was asked").all()
        assert experts["description_zh"].str.contains("假设").all()


def test_tables_of_the_white_paper_are_read_as_text():
    table = sources.read_whitepaper(ROOT)["table3_government"]
    assert table["row"].dtype == "Int64" and pd.api.types.is_string_dtype(table["city"])
