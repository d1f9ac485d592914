"""How a figure becomes an indicator value, on panels small enough to check by hand, and where each value came from."""

import numpy as np
import pandas as pd
import pytest

from analysis.indicators import chosen_proxies, indicator_matrix

CITIES = pd.DataFrame(index=pd.Index(["1", "2", "3", "4"], name="adcode"))
RESIDENTS = {"1": 1000.0, "2": 500.0, "3": 2000.0}  # those of city 4 are unknown


def panel(*rows) -> pd.DataFrame:
    """A panel of (adcode, variable, year, value), numbered from row 2 of the file; then the residents."""
    people = [(code, "resident_population", 2020, number) for code, number in RESIDENTS.items()]
    frame = pd.DataFrame([*rows, *people], columns=["adcode", "variable", "year", "value"])
    return frame.assign(source_id="yearbook", raw_row=range(2, len(frame) + 2), flag="")


def proxy(measure: str, variable: str = "figure", fallback: str = "", multiplier: float = 1, reference_year=None):
    row = {"variable": variable, "measure": measure, "fallback": fallback, "multiplier": multiplier,
           "reference_year": reference_year}
    return pd.DataFrame([row], index=pd.Index(["I01"], name="indicator")).astype({"reference_year": "Int64"})


def read(figures, proxies, scale="per_resident"):
    values, origins = indicator_matrix(figures, CITIES, proxies, scale)
    assert values.index.equals(CITIES.index) and list(values) == ["I01"]
    assert origins["adcode"].tolist() == list(CITIES.index)
    np.testing.assert_array_equal(origins["value"].round(9), values["I01"].round(9))
    return values["I01"], origins.set_index("adcode")


class TestReadings:
    def test_level_is_the_figure(self):
        values, _ = read(panel(("1", "figure", 2019, 7.5), ("3", "figure", 2019, 0.0)), proxy("level"))
        assert values.tolist() == pytest.approx([7.5, np.nan, 0.0, np.nan], nan_ok=True)

    def test_per_resident_is_multiplied_and_divided(self):
        rows = panel(("1", "figure", 2019, 3.0), ("2", "figure", 2019, 3.0), ("4", "figure", 2019, 3.0))
        values, _ = read(rows, proxy("level_per_resident", multiplier=10000))
        assert values.tolist() == pytest.approx([30, 60, np.nan, np.nan], nan_ok=True)

    def test_total_leaves_counts_as_they_are(self):
        rows = panel(("1", "figure", 2019, 3.0), ("2", "figure", 2019, 3.0), ("4", "figure", 2019, 3.0))
        values, _ = read(rows, proxy("level_per_resident", multiplier=10000), "total")
        assert values.tolist() == pytest.approx([3, 3, np.nan, 3], nan_ok=True)

    @pytest.mark.parametrize("scale", ["per_resident", "total"])
    def test_scale_does_not_touch_what_is_no_count(self, scale):
        values, _ = read(panel(("1", "figure", 2019, 88.0)), proxy("level"), scale)
        assert values["1"] == 88

    def test_median_over_the_years_that_are_left(self):
        rows = panel(("1", "figure", 2017, 1.0), ("1", "figure", 2018, 5.0), ("1", "figure", 2019, 2.0),
                     ("2", "figure", 2017, 4.0), ("2", "figure", 2018, np.nan), ("2", "figure", 2019, 8.0),
                     ("3", "figure", 2017, np.nan))
        values, _ = read(rows, proxy("median_per_resident", multiplier=1000))
        assert values.tolist() == pytest.approx([2, 12, np.nan, np.nan], nan_ok=True)

    def test_named_is_one_or_zero_and_never_missing(self):
        values, _ = read(panel(("1", "figure", 2016, 2014.0), ("2", "figure", 2016, 2014.0),
                               ("2", "figure", 2017, 2016.0)), proxy("named"))
        assert values.tolist() == [1, 1, 0, 0]

    def test_years_operating_count_the_first(self):
        rows = panel(("1", "figure", 2020, 2020.0), ("2", "figure", 2020, 2012.0), ("3", "figure", 2020, np.nan))
        values, _ = read(rows, proxy("years_operating", reference_year=2020))
        assert values.tolist() == pytest.approx([1, 9, np.nan, 0], nan_ok=True)

    def test_a_city_with_a_portal_of_unknown_year_is_a_gap_and_no_zero(self, real_study, real_panel):
        unknown = real_panel.figures.query("variable == 'open_data_portal_year' and value.isna()")["adcode"]
        assert len(unknown) == 3
        assert real_study.raw.loc[unknown, "I33"].isna().all()
        assert (real_study.raw["I33"] == 0).sum() > 100

    def test_own_figure_before_the_fallback(self):
        rows = panel(("1", "own", 2019, 90.0), ("1", "province", 2019, 70.0), ("2", "province", 2019, 70.0))
        values, origins = read(rows, proxy("level", "own", "province"))
        assert values.tolist() == pytest.approx([90, 70, np.nan, np.nan], nan_ok=True)
        assert origins["variable"].tolist() == ["own", "province", "", ""]

    def test_fallback_where_the_own_figure_was_set_aside(self):
        """A row that cleaning emptied is no figure: the province's score serves."""
        rows = panel(("1", "own", 2019, np.nan), ("1", "province", 2019, 70.0))
        values, _ = read(rows, proxy("level", "own", "province"))
        assert values["1"] == 70


@pytest.mark.long
class TestOrigins:
    def test_name_variable_years_and_rows_in_order_of_years(self):
        rows = panel(("1", "figure", 2019, 9.0), ("1", "figure", 2017, 1.0), ("2", "figure", 2018, 4.0))
        _, origins = read(rows, proxy("median"))
        assert origins.loc["1", ["variable", "years", "raw_rows", "source_id"]].tolist() == [
            "figure", "2017;2019", "3;2", "yearbook"]
        assert origins.loc["2", ["years", "raw_rows"]].tolist() == ["2018", "4"]

    def test_a_year_set_aside_is_not_named(self):
        rows = panel(("1", "figure", 2017, 1.0), ("1", "figure", 2018, np.nan), ("2", "figure", 2017, np.nan))
        _, origins = read(rows, proxy("median"))
        assert origins.loc["1", ["years", "raw_rows"]].tolist() == ["2017", "2"]
        assert origins.loc["2", ["variable", "years", "raw_rows"]].tolist() == ["", "", ""]

    def test_every_real_value_can_be_made_again_from_the_rows_it_names(self, real_study, real_panel):
        """Follows each cell to the lines of statistics.csv, as a reviewer would."""
        figures = real_panel.figures[real_panel.figures["value"].notna()]
        by_row = figures.set_index(figures["raw_row"].astype(str))
        residents = figures[figures["variable"] == "resident_population"].set_index("adcode")["value"]
        chosen = chosen_proxies(real_panel.proxies)
        assert len(real_study.origins) == real_study.raw.size
        for cell in real_study.origins.itertuples():
            rows = [row for row in cell.raw_rows.split(";") if row]
            how = chosen.loc[cell.indicator]
            used = by_row.loc[rows]
            assert (used["adcode"] == cell.adcode).all() and set(used["variable"]) <= {cell.variable}
            expected = np.nan
            if how["measure"] == "named":
                districts = bool(rows) and (used["flag"] == "district_named").all()
                expected = np.nan if districts else float(bool(rows))
            elif how["measure"] == "years_operating" and rows:
                expected = how["reference_year"] - used["value"].median() + 1
            elif how["measure"] == "years_operating":
                expected = cell.value  # zero or a gap: no row either way
            elif rows:
                expected = used["value"].median()
                if how["measure"].endswith("_per_resident"):
                    expected *= float(how["multiplier"]) / residents[cell.adcode]
            assert cell.value == pytest.approx(expected, rel=1e-11, nan_ok=True)

    def test_the_matrix_is_the_origins_laid_out(self, real_study):
        wide = real_study.origins.pivot(index="adcode", columns="indicator", values="value")
        pd.testing.assert_frame_equal(wide.reindex(real_study.raw.index), real_study.raw, check_names=False, rtol=1e-11)
