"""Cleaning by stated rules: each rule on a small made panel, then on the real figures and tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import cleaning, sources
from analysis.cleaning import CleaningRules, clean_statistics, clean_whitepaper, count_figures
from analysis.sources import RawDataError

ROOT = Path(__file__).resolve().parents[2]
SERIES, HEADS = "telecom_revenue", "resident_population"


def made_statistics(revenue, residents=1000.0):
    """Statistics of made cities A, B, … from {city: {year: value}}; every city has the same residents by default."""
    rows = [(city, SERIES, year, value) for city, years in revenue.items() for year, value in years.items()]
    heads = residents if isinstance(residents, dict) else dict.fromkeys(revenue, residents)
    rows += [(city, HEADS, 2020, value) for city, value in heads.items()]
    frame = pd.DataFrame(rows, columns=["city", "variable", "year", "value"])
    frame.insert(0, "adcode", frame["city"])
    return frame.assign(source_id="made", file="statistics.csv", raw_row=range(2, len(frame) + 2), named_unit="",
                        reason_zh="", reason_en="")


def made_cities(names, province="P"):
    frame = pd.DataFrame({"name": names, "name_en": names, "province_short": province}, index=names)
    return frame.rename_axis("adcode")


VARIABLES = pd.DataFrame({"name_zh": ["电信", "人口"], "name_en": ["telecom", "residents"], "no_row_means": "missing"},
                         index=pd.Index([SERIES, HEADS], name="variable"))
# Five ordinary cities make the median city 100 a year; the figures have few digits, so that none are twins.
ORDINARY = {city: {2017: value, 2018: value, 2019: value + 1} for city, value in zip("VWXYZ", (80, 90, 100, 110, 120),
                                                                                      strict=True)}


def set_aside(revenue, rules=cleaning.DEFAULT_RULES, **others):
    statistics = made_statistics({**ORDINARY, **revenue}, **others)
    panel, log = clean_statistics(statistics, made_cities(list({**ORDINARY, **revenue})), VARIABLES, rules)
    assert panel["value"].isna().sum() == len(log)
    return {(row.city, row.year): row.rule for row in log.itertuples()}


@pytest.fixture(scope="module")
def cities():
    return sources.read_cities(ROOT)


@pytest.fixture(scope="module")
def tables():
    return sources.read_whitepaper(ROOT)


@pytest.fixture(scope="module")
def cleaned(cities):
    statistics, variables = sources.read_statistics(ROOT), sources.read_variables(ROOT)
    return statistics, cities, variables, *clean_statistics(statistics, cities, variables)


class TestRules:
    def test_ordinary_cities_are_left_alone(self):
        assert set_aside({}) == {}

    def test_single_year_error_is_outvoted(self):
        assert set_aside({"A": {2017: 101, 2018: 102, 2019: 930}}) == {("A", 2019): "outvoted_year"}
        assert set_aside({"A": {2017: 101, 2018: 9, 2019: 103}}) == {("A", 2018): "outvoted_year"}

    def test_volume_recorded_as_revenue_does_not_outvote_the_right_year(self):
        # the pattern of the real figures: 504, 3246 and 4630 yuan a head; the median year is wrong
        assert set_aside({"A": {2017: 68, 2018: 440, 2019: 625}}) == {
            ("A", 2018): "years_disagree", ("A", 2019): "years_disagree"}

    def test_two_equal_years_at_an_unbelievable_level_do_not_outvote(self):
        assert set_aside({"A": {2017: 20, 2018: 20, 2019: 85}}) == {
            ("A", 2017): "years_disagree", ("A", 2018): "years_disagree"}

    def test_of_two_years_the_one_farther_from_the_typical_city_goes(self):
        assert set_aside({"A": {2018: 7, 2019: 68}}) == {("A", 2018): "years_disagree"}

    def test_a_single_year_is_kept_unless_impossible(self):
        assert set_aside({"A": {2019: 30}}) == {}
        assert set_aside({"A": {2019: 700}}) == {("A", 2019): "beyond_limit"}

    def test_a_consistent_city_beyond_the_limit(self):
        assert set_aside({"A": {2018: 960, 2019: 1600}}) == {("A", 2018): "beyond_limit", ("A", 2019): "beyond_limit"}

    def test_half_of_the_years_are_no_majority(self):
        ordinary = {city: {2016: years[2017], **years} for city, years in ORDINARY.items()}
        assert set_aside({**ordinary, "A": {2016: 100, 2017: 102, 2018: 10, 2019: 1000}}) == {
            ("A", 2018): "years_disagree", ("A", 2019): "years_disagree"}

    def test_a_figure_at_the_limit_itself_is_kept(self):
        """With A the median city of 2019 is at (101 + 111) / 2 = 106; six times that is 636."""
        assert set_aside({"A": {2019: 636}}, residents=1.0) == {}
        assert set_aside({"A": {2019: 637}}, residents=1.0) == {("A", 2019): "beyond_limit"}

    @pytest.mark.parametrize(("first", "flag"), [(2018, "repeated_year"), (2017, "")])
    def test_a_repeated_year_follows_the_year_it_repeats(self, first, flag):
        statistics = made_statistics({**ORDINARY, "A": {first: 91, 2019: 91}})
        panel, _ = clean_statistics(statistics, made_cities([*ORDINARY, "A"]), VARIABLES)
        assert panel.loc[(panel["adcode"] == "A") & (panel["year"] == 2019), "flag"].tolist() == [flag]

    def test_agreement_at_the_factor_itself_is_kept(self):
        assert set_aside({"A": {2017: 75, 2018: 150}}) == {}
        assert set(set_aside({"A": {2017: 75, 2018: 150}}, CleaningRules(agreement_factor=1.9))) == {("A", 2018)}

    def test_a_zero_year_is_set_aside(self):
        assert set_aside({"A": {2017: 0, 2018: 100, 2019: 101}}) == {("A", 2017): "outvoted_year"}

    def test_same_figure_in_a_province_keeps_the_city_it_fits(self):
        twins = {"A": {2017: 123456, 2018: 90001, 2019: 90003}, "B": {2017: 123456, 2018: 123001, 2019: 124001}}
        typical = {city: {year: value * 1000 for year, value in years.items()} for city, years in ORDINARY.items()}
        assert set_aside({**typical, **twins}) == {("A", 2017): "same_figure"}

    def test_rounded_figures_and_other_provinces_coincide_freely(self):
        twins = {"A": {2017: 123400, 2018: 90001}, "B": {2017: 123400, 2018: 123001}}
        assert not any(rule == "same_figure" for rule in set_aside(twins).values())
        exact = made_statistics({"A": {2017: 123456, 2018: 90001}, "B": {2017: 123456, 2018: 123001}})
        cities = made_cities(["A", "B"]).assign(province_short=["P", "Q"])
        assert clean_statistics(exact, cities, VARIABLES)[1].empty

    def test_repeated_year_and_missing_residents_are_flagged_and_kept(self):
        statistics = made_statistics({**ORDINARY, "A": {2017: 900000}}, dict.fromkeys(ORDINARY, 1000.0))
        panel, log = clean_statistics(statistics, made_cities([*ORDINARY, "A"]), VARIABLES)
        flags = panel.set_index(["adcode", "year"])["flag"]
        assert log.empty and flags["A", 2017] == "not_checked" and panel["value"].notna().all()
        assert flags["V", 2018] == "repeated_year" and flags["V", 2017] == "" and flags["V", 2019] == ""

    def test_known_gap_is_a_row_without_value(self):
        statistics = made_statistics(ORDINARY)
        statistics.loc[len(statistics)] = [
            "V", "V", "portal", 2020, np.nan, "made", "known_gaps.csv", 2, "", "缺", "a gap"]
        panel, log = clean_statistics(statistics, made_cities(list(ORDINARY)), VARIABLES)
        assert panel.iloc[-1][["adcode", "variable", "flag"]].tolist() == ["V", "portal", "known_gap"]
        assert log[["file", "raw_row", "rule", "reason_en"]].values.tolist() == [
            ["known_gaps.csv", 2, "known_gap", "a gap"]]

    def test_log_row_says_where_what_and_why(self):
        statistics = made_statistics({**ORDINARY, "A": {2017: 101, 2018: 102, 2019: 930}})
        _, log = clean_statistics(statistics, made_cities([*ORDINARY, "A"]), VARIABLES)
        row = log.iloc[0]
        assert list(log.columns) == cleaning.LOG_COLUMNS
        assert row[["file", "raw_row", "adcode", "city", "variable", "year", "before"]].tolist() == [
            "statistics.csv", 19, "A", "A", SERIES, 2019, 930.0]
        assert np.isnan(row["after"])
        assert "9.1-fold off and is set aside" in row["reason_en"] and "9.1 倍" in row["reason_zh"]

    def test_dictionary_without_the_checked_series(self):
        with pytest.raises(ValueError, match="variables.csv lacks telecom_revenue, which cleaning needs"):
            clean_statistics(made_statistics(ORDINARY), made_cities(list(ORDINARY)), VARIABLES.drop(index=SERIES))

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.lists(st.floats(1, 1e4), min_size=1, max_size=3), min_size=2, max_size=8))
    @pytest.mark.long
    def test_what_is_left_agrees_and_no_city_is_emptied_by_disagreement(self, figures):
        revenue = {f"c{n}": dict(zip((2017, 2018, 2019), row, strict=False)) for n, row in enumerate(figures)}
        panel, log = clean_statistics(made_statistics(revenue), made_cities(list(revenue)), VARIABLES)
        left = panel[panel["variable"] == SERIES].groupby("adcode")["value"]
        assert (left.max() / left.min()).max() <= 2 or left.max().isna().all()
        emptied = set(left.count().index[left.count() == 0])
        assert emptied <= set(log.loc[log["rule"].isin(["beyond_limit", "same_figure"]), "adcode"])
        assert len(panel) == len(made_statistics(revenue)) and panel["value"].isna().sum() == len(log)


class TestRealFigures:
    def test_zhengzhou_2019_is_found(self, cleaned):
        log = cleaned[4]
        row = log[(log["city"] == "郑州市") & (log["variable"] == SERIES)]
        assert row[["year", "before", "rule"]].values.tolist() == [[2019, 12684189.0, "outvoted_year"]]

    def test_only_the_log_differs_from_the_raw_file(self, cleaned):
        statistics, _, _, panel, log = cleaned
        changed = panel["value"].to_numpy() != statistics["value"].to_numpy()
        keys = statistics.loc[changed, ["file", "raw_row"]]
        assert sorted(map(tuple, keys.values)) == sorted(map(tuple, log[["file", "raw_row"]].values))
        assert set(log.loc[log["rule"] != "known_gap", "variable"]) == {SERIES}

    def test_agreeing_cities_keep_every_year(self, cleaned):
        statistics, _, _, panel, log = cleaned
        raw = statistics[statistics["variable"] == SERIES].groupby("adcode")["value"]
        calm = raw.max() / raw.min() <= 2
        touched = log[(log["variable"] == SERIES) & ~log["rule"].isin(["beyond_limit", "same_figure"])]
        assert not calm[touched["adcode"]].any()

    def test_only_zhuhai_is_left_without_revenue(self, cleaned):
        _, cities, variables, panel, _ = cleaned
        counts = count_figures(panel, cities, variables)
        assert counts.loc[SERIES, ["with_figure", "set_aside"]].tolist() == [296, 1]
        values = panel[panel["variable"] == SERIES].groupby("adcode")["value"].count()
        assert cities.loc[values.index[values == 0], "name"].tolist() == ["珠海市"]

    def test_the_years_come_to_move_like_the_nation(self, cleaned):
        # National telecom revenue moved by a few per cent; the raw figures jump by more than 15 % in 2019.
        statistics, _, _, panel, _ = cleaned

        def growth(frame):
            wide = frame[frame["variable"] == SERIES].pivot(index="adcode", columns="year", values="value").dropna()
            return wide[2019].sum() / wide[2018].sum() - 1

        assert growth(statistics) > 0.15 and abs(growth(panel)) < 0.06

    def test_missing_figures_are_counted_with_their_meaning(self, cleaned):
        _, cities, variables, panel, _ = cleaned
        counts = count_figures(panel, cities, variables)
        assert counts.loc["open_data_portal_year", ["with_figure", "set_aside", "known_gap", "no_row"]].tolist() == [
            122, 0, 3, 172]
        assert counts.loc["patents_granted", "no_row"] == 23 and counts.loc["gdp", "no_row"] == 4
        assert (counts[["with_figure", "set_aside", "known_gap", "no_row"]].sum(axis=1) == 297).all()
        assert counts.loc["innovative_city_pilot_year", "no_row_means"] == "never named"


class TestWhitePaper:
    def clean(self, tables, cities, errata=None):
        errata = tables["errata"] if errata is None else errata
        return clean_whitepaper(tables, errata, tables["inferred_members"], cities)

    def test_ranks(self, tables, cities):
        ranks = self.clean(tables, cities)["published_ranks"]
        assert ranks.tolist() == list(range(1, 101)) and ranks["440300"] == 1 and ranks["130600"] == 100

    def test_members_by_status(self, tables, cities):
        lists = self.clean(tables, cities)["published_lists"]
        counts = lists.groupby(["table", "domain", "status"]).size()
        assert counts.to_dict() == {
            (3, "D3", "read"): 89, (3, "D3", "inferred"): 1, (4, "D2", "read"): 87, (4, "D2", "inferred"): 12,
            (5, "D4", "read"): 100, (6, "D5", "read"): 99, (6, "D5", "corrected"): 1, (7, "D6", "read"): 100}
        assert not lists.duplicated(["table", "adcode"]).any()
        assert lists.query("status == 'corrected'")["adcode"].map(cities["name"]).tolist() == ["济南市"]

    def test_every_erratum_has_an_effect(self, tables, cities):
        effects = self.clean(tables, cities)["errata_applied"]
        assert effects.loc[effects["printed"] == "开封市", "effect"].tolist() == ["member counted once"]
        assert effects["effect"].notna().all() and len(effects) == len(tables["errata"])

    def test_names_without_erratum_stop_the_run_together(self, tables, cities):
        errata = tables["errata"].query("kind not in ['name', 'duplicate']")
        with pytest.raises(RawDataError) as caught:
            self.clean(tables, cities, errata)
        lines = str(caught.value).splitlines()
        assert lines == [
            "table4_governance.csv row 64, column city, value 开封市: printed twice; add an erratum of kind duplicate",
            "table6_innovation.csv row 52, column city, value 养南市: not in the roster (nearest: 陇南市) and no row "
            "of errata.csv corrects it; add an erratum with its reason"]

    def test_erratum_that_does_not_fit_the_print(self, tables, cities):
        errata = tables["errata"].copy()
        errata.loc[errata["printed"] == "养南市", "position"] = 2
        with pytest.raises(RawDataError, match="value 养南市: table 6 has 青岛市 there; correct row, position"):
            self.clean(tables, cities, errata)

    def test_inferred_member_already_read(self, tables, cities):
        inferred = tables["inferred_members"].copy()
        inferred.loc[0, ["adcode", "city"]] = ["110000", "北京市"]
        with pytest.raises(RawDataError, match="row 2, column city, value 北京市: already a member of table 3; remove"):
            clean_whitepaper(tables, tables["errata"], inferred, cities)
