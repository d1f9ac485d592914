"""Reading raw files: what is wrong is named with file, row, column, value and remedy, all problems together."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import sources
from analysis.rawfiles import PROVENANCE_COLUMNS, Problems, numbers, read_table, suggestion
from analysis.sources import RawDataError

ROOT = Path(__file__).resolve().parents[2]
STATISTICS = "data/raw/statistics/statistics.csv"


@pytest.fixture
def copy(tmp_path):
    """A copy of the raw tables that a test may spoil."""
    for folder in ("statistics", "whitepaper", "ahp"):
        shutil.copytree(ROOT / "data/raw" / folder, tmp_path / "data/raw" / folder)
    return tmp_path


def spoil(root, path, changes):
    """Replace lines of a file: {line number: new line}; None removes the line, a new last number appends one."""
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    for number, line in sorted(changes.items(), reverse=True):
        lines[number - 1:number] = [] if line is None else [line]
    (root / path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def digest(content):
    return hashlib.sha256(content).hexdigest()[:12]


def message(read, *arguments):
    with pytest.raises(RawDataError) as caught:
        read(*arguments)
    return str(caught.value)


class TestStatistics:
    def test_code_of_another_city(self, copy):
        spoil(copy, STATISTICS, {812: "330100,杭洲市,gdp,2018,15373,yearbook"})
        assert message(sources.read_statistics, copy) == (
            "statistics.csv row 812, column city, value 杭洲市 (330100): the name of 330100 is "
            "杭州市; correct the name or the "
            "code")

    def test_name_of_another_code_gives_both_ways_out(self, copy):
        spoil(copy, STATISTICS, {812: "330200,杭州市,gdp,2018,15373,yearbook"})
        assert message(sources.read_statistics, copy).endswith(
            "the name of 330200 is 宁波市 and the code of 杭州市 is 330100; correct the name or the code")

    def test_unknown_code_of_a_known_city(self, copy):
        spoil(copy, STATISTICS, {812: "339900,杭州市,gdp,2018,15373,yearbook"})
        assert message(sources.read_statistics, copy) == (
            "statistics.csv row 812, column adcode, value 杭州市 (339900): 339900 is not in "
            "cities.csv; the code of 杭州市 is "
            "330100; correct the code")

    def test_unknown_city_gets_the_nearest_name(self, copy):
        spoil(copy, STATISTICS, {812: "999999,石家庒市,gdp,2018,15373,yearbook"})
        assert message(sources.read_statistics, copy) == (
            "statistics.csv row 812, column city, value 石家庒市 (999999): no such city in "
            "cities.csv (nearest: 石家庄市); "
            "correct name and code or remove the row")

    def test_repeated_figure(self, copy):
        spoil(copy, STATISTICS, {3: "110000,北京市,broadband_china_pilot_year,2016,2015,miit_broadband"})
        assert message(sources.read_statistics, copy) == (
            "statistics.csv row 3, column adcode, variable, year, value 110000, "
            "broadband_china_pilot_year, 2016: repeats row 2; "
            "remove one of the two")

    @pytest.mark.parametrize("text", ["约350", "1,200", "３５０", "nan", "inf", "", "12 万", "0x10", "1_000"])
    def test_text_where_a_number_belongs(self, copy, text):
        cell = f'"{text}"'
        spoil(copy, STATISTICS, {812: f"330100,杭州市,gdp,2018,{cell},yearbook"})
        assert message(sources.read_statistics, copy) == (
            f"statistics.csv row 812, column value, value {text or '(empty)'}: not a number; "
            f"write digits with a decimal point, "
            "or remove the row if the figure is not known")

    def test_negative_count(self, copy):
        spoil(copy, STATISTICS, {812: "330100,杭州市,patents_granted,2018,-5,liang2024"})
        assert message(sources.read_statistics, copy) == (
            "statistics.csv row 812, column value, value -5: patents_granted (count) of 杭州市 "
            "cannot be below 0; correct the "
            "figure, or remove the row if it is not known")

    def test_score_above_its_scale(self, copy):
        spoil(copy, STATISTICS, {812: "330100,杭州市,online_government_service_city,2018,964.5,egov2020"})
        assert "value 964.5: online_government_service_city (score 0-100) of 杭州市 cannot be above 100" in message(
            sources.read_statistics, copy)

    def test_unknown_variable_source_and_year(self, copy):
        spoil(copy, STATISTICS, {812: "330100,杭州市,patents_grantd,20l9,5,yearbok"})
        lines = message(sources.read_statistics, copy).splitlines()
        assert lines[0] == ("statistics.csv row 812, column variable, value patents_grantd: not a variable of "
                            "variables.csv (nearest: patents_granted); correct it")
        assert "column source_id, value yearbok: not a source of sources.csv (nearest: yearbook)" in lines[1]
        assert "column year, value 20l9: not a calendar year; write four digits" in lines[2]

    def test_all_problems_are_reported_together(self, copy):
        spoil(copy, STATISTICS, {812: "330100,杭洲市,gdp,2018,-1,yearbook", 900: "330100,杭州市,gdp,2017,many,yearbook",
                                 901: "330100,杭州市,gdp,2018,7,yearbook"})
        rows = [line.split(",")[0] for line in message(sources.read_statistics, copy).splitlines()]
        assert sorted(rows) == sorted(f"statistics.csv row {row}" for row in (812, 812, 900, 901))

    def test_missing_column(self, copy):
        text = (copy / STATISTICS).read_text(encoding="utf-8")
        (copy / STATISTICS).write_text(text.replace("source_id", "source", 1), encoding="utf-8")
        assert message(sources.read_statistics, copy) == (
            "statistics.csv row 1, column source_id: the column is missing; found: adcode, "
            "city, variable, year, value, source; "
            "put it back")

    def test_row_of_another_length(self, copy):
        spoil(copy, STATISTICS, {812: "330100,杭州市,gdp,2018,1,5,yearbook"})
        assert message(sources.read_statistics, copy) == (
            "statistics.csv row 812, value 330100,杭州市,gdp,2018,1,5,yearbook: 7 cells where "
            "the heading has 6; add or remove "
            "commas")

    def test_gbk_is_refused_and_a_byte_order_mark_allowed(self, copy):
        text = (copy / STATISTICS).read_text(encoding="utf-8")
        (copy / STATISTICS).write_text(text, encoding="gbk")
        assert message(sources.read_statistics, copy) == (
            'statistics.csv row 2, value byte 0xb1: the file is not UTF-8 (GBK?); save it again as "CSV UTF-8"')
        (copy / STATISTICS).write_text(text, encoding="utf-8-sig")
        pd.testing.assert_frame_equal(sources.read_statistics(copy), sources.read_statistics(ROOT))

    def test_missing_file(self, copy):
        (copy / STATISTICS).unlink()
        assert message(sources.read_statistics, copy) == (
            "statistics.csv: the file is missing from statistics/; restore it")

    def test_a_gap_that_has_a_figure(self, copy):
        spoil(copy, "data/raw/statistics/known_gaps.csv", {2: "330100,杭州市,gdp,2019,yearbook,x,x"})
        assert "known_gaps.csv row 2, column variable, value gdp: statistics.csv has a figure for 杭州市" in message(
            sources.read_statistics, copy)

    def test_raw_row_is_the_line_in_the_file(self):
        lines = (ROOT / STATISTICS).read_text(encoding="utf-8").splitlines()
        figures = sources.read_statistics(ROOT).query("file == 'statistics.csv'")
        for row in figures.sample(20, random_state=1).itertuples():
            cells = lines[row.raw_row - 1].split(",")
            assert cells[:4] == [row.adcode, row.city, row.variable, str(row.year)]
            assert float(cells[4]) == row.value


class TestRoster:
    def test_duplicate_city(self, copy):
        path = "data/raw/statistics/cities.csv"
        spoil(copy, path, {3: "110000,北京市,Beijing,北京市,北京,华北,直辖市,116.4,39.9"})
        lines = message(sources.read_cities, copy).splitlines()
        assert lines == [
            "cities.csv row 3, column adcode, value 110000: repeats row 2; remove one of the two",
            "cities.csv row 3, column name, value 北京市: repeats row 2; remove one of the two"]

    def test_region_type_code_and_coordinates(self, copy):
        path = "data/raw/statistics/cities.csv"
        spoil(copy, path, {4: "1301,石家庄市,Shijiazhuang,河北省,河北,华东,地级,38.0,114.5"})
        lines = message(sources.read_cities, copy).splitlines()
        assert [line.split(":")[0] for line in lines] == [
            "cities.csv row 4, column adcode, value 1301", "cities.csv row 4, column type, value 地级",
            "cities.csv row 4, column region, value 华东", "cities.csv row 4, column seat_lon, value 38.0",
            "cities.csv row 4, column seat_lat, value 114.5"]
        assert "the paper counts 河北 to 华北; correct the region or the province" in lines[2]

    def test_codes_stay_text(self):
        assert sources.read_cities(ROOT).index.map(type).unique().tolist() == [str]


class TestJudgements:
    def test_fractions_are_exact(self):
        matrix = sources.read_judgements(ROOT)["government"]["goal"]
        assert matrix.loc["D1", "D2"] == 1 / 3 and matrix.loc["D2", "D1"] == 3.0

    def test_words_zeros_and_labels_of_all_matrices_together(self, copy):
        folder = "data/raw/ahp/academic"
        spoil(copy, f"{folder}/D4.csv", {2: "S07,1,three,0"})
        spoil(copy, f"{folder}/D5.csv", {4: "S21,1,1/3,1"})
        spoil(copy, "data/raw/ahp/industry/D1.csv", {3: None})
        lines = message(sources.read_judgements, copy).splitlines()
        assert lines == [
            "academic/D4.csv row 2, column S08, value three: not a judgement; write 1 to 9 or a reciprocal such as 1/3",
            "academic/D4.csv row 2, column S09, value 0: not a judgement; write 1 to 9 or a reciprocal such as 1/3",
            "academic/D5.csv, column code, value S10, S11, S21: rows and columns must name "
            "the same in the same order; the "
            "heading has S10, S11, S12; correct one of them",
            "industry/D1.csv, column code, value S01: rows and columns must name the same in "
            "the same order; the heading has "
            "S01, S02; correct one of them"]

    def test_an_empty_cell_is_a_pair_not_compared(self, copy):
        spoil(copy, "data/raw/ahp/academic/D4.csv", {2: "S07,1,,1/2", 3: "S08,,1,1/2"})
        matrix = sources.read_judgements(copy)["academic"]["D4"]
        assert np.isnan(matrix.loc["S07", "S08"]) and matrix.loc["S07", "S09"] == 0.5

    def test_expert_without_matrices_or_weight(self, copy):
        path = "data/raw/ahp/experts.csv"
        spoil(copy, path, {2: "citizen,公众,Citizen,0,x,x"})
        assert message(sources.read_experts, copy) == (
            "experts.csv row 2, column weight, value 0.0: not above 0; give a positive weight or remove the expert")
        spoil(copy, path, {2: "citizen,公众,Citizen,1,x,x"})
        assert message(sources.read_judgements, copy).startswith("citizen/: no judgement matrix; add them or remove")


class TestOtherTables:
    def test_variable_of_an_unknown_source(self, copy):
        path = copy / "data/raw/statistics/variables.csv"
        text = path.read_text(encoding="utf-8").replace("2019,yearbook,,,baseline", "2019,yearbooks,,,baseline")
        path.write_text(text, encoding="utf-8")
        assert message(sources.read_variables, copy) == (
            "variables.csv row 17, column source_id, value yearbooks: not a source of sources.csv (nearest: yearbook); "
            "correct it")

    def test_source_without_terms(self, copy):
        spoil(copy, "data/raw/statistics/sources.csv", {2: "yearbook,p,t,c,,h"})
        assert message(sources.read_sources, copy) == (
            "sources.csv row 2, column terms: empty for source yearbook; fill it in")

    def test_rank_that_is_no_number_and_a_repeated_one(self, copy):
        spoil(copy, "data/raw/whitepaper/table2_top100.csv", {2: "l,深圳市", 4: "2,北京市"})
        lines = message(sources.read_whitepaper, copy).splitlines()
        assert "table2_top100.csv row 2, column rank, value l: not a whole number; write it in digits" in lines
        assert "table2_top100.csv row 4, column rank, value 2: repeats row 3; remove one of the two" in lines


class TestProvenance:
    @pytest.fixture
    def registered(self, tmp_path):
        (tmp_path / "data/raw").mkdir(parents=True)
        (tmp_path / "assets/fonts").mkdir(parents=True)
        for name in ("one.csv", "two.csv"):
            (tmp_path / "data/raw" / name).write_text(name, encoding="utf-8")
        pd.DataFrame(columns=PROVENANCE_COLUMNS).to_csv(tmp_path / "data/raw/provenance.csv", index=False)
        for name in ("one.csv", "two.csv"):
            sources.record_checksum(tmp_path, f"data/raw/{name}")
        table = pd.read_csv(tmp_path / "data/raw/provenance.csv", dtype=str)
        table[PROVENANCE_COLUMNS[3:]] = "stated"
        table.to_csv(tmp_path / "data/raw/provenance.csv", index=False)
        return tmp_path

    def test_recorded_files_pass(self, registered):
        assert sources.verify_provenance(registered)["bytes"].tolist() == [7, 7]

    def test_altered_missing_and_unregistered_are_listed_together(self, registered):
        (registered / "data/raw/one.csv").write_text("One.csv", encoding="utf-8")
        (registered / "data/raw/two.csv").unlink()
        (registered / "assets/fonts/new.ttf").write_bytes(b"font")
        lines = message(sources.verify_provenance, registered).splitlines()
        assert lines == [
            f"data/raw/one.csv: the file was altered: sha256 {digest(b'one.csv')}… expected, "
            f"{digest(b'One.csv')}… found; "
            "restore the file, or, if the change is meant, run python -m analysis checksum data/raw/one.csv",
            "data/raw/two.csv: the file is missing; restore it or remove its row in data/raw/provenance.csv",
            "assets/fonts/new.ttf: the file has no row in data/raw/provenance.csv; run python -m analysis checksum "
            "assets/fonts/new.ttf and fill in its title, producer and terms, or remove the file"]

    def test_a_meant_change_is_recorded(self, registered):
        (registered / "data/raw/one.csv").write_text("changed", encoding="utf-8")
        checksum = sources.record_checksum(registered, "data/raw/one.csv")
        table = sources.verify_provenance(registered).set_index("path")
        assert table.at["data/raw/one.csv", "sha256"] == checksum and table.at["data/raw/one.csv", "terms"] == "stated"

    def test_a_new_row_must_be_filled_in(self, registered):
        (registered / "assets/fonts/new.ttf").write_bytes(b"font")
        sources.record_checksum(registered, "assets/fonts/new.ttf")
        assert message(sources.verify_provenance, registered) == (
            "provenance.csv row 2, column title_zh, title_en, producer, citation, how_obtained, terms, "
            "value assets/fonts/new.ttf: not filled in; say where the file comes from")

    @pytest.mark.parametrize("path", ["data/raw/none.csv", "../elsewhere.csv", "data/raw/provenance.csv"])
    def test_only_raw_files_are_recorded(self, registered, path):
        assert message(sources.record_checksum, registered, path).startswith(f"{path}: no such raw file")

    def test_one_byte_of_a_real_file(self, copy):
        shutil.copy(ROOT / "data/raw/provenance.csv", copy / "data/raw")
        path = copy / "data/raw/statistics/cities.csv"
        content = bytearray(path.read_bytes())
        content[-3] ^= 1
        path.write_bytes(content)
        altered = [line for line in message(sources.verify_provenance, copy).splitlines() if "altered" in line]
        assert len(altered) == 1
        assert altered[0].startswith("data/raw/statistics/cities.csv: the file was altered: sha256 ")


class TestHelpers:
    def test_blank_lines_do_not_shift_row_numbers(self, tmp_path):
        (tmp_path / "t.csv").write_text("a,b\n\n1,2\n\n3,x\n", encoding="utf-8")
        table = read_table(tmp_path / "t.csv", ["a", "b"])
        assert table["raw_row"].tolist() == [3, 5]
        problems = Problems("t.csv")
        assert np.isnan(numbers(table, "b", problems)[1])
        assert problems.lines[0].startswith("t.csv row 5, column b, value x: not a number")

    def test_a_suggestion_is_silent_when_nothing_is_alike(self):
        assert suggestion("苏洲市", ["苏州市", "杭州市"]) == " (nearest: 苏州市)"
        assert suggestion("xyz", ["苏州市"]) == ""
