"""Known reliabilities come back; what is stated, estimated and used."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import framework, reliability
from analysis.indicators import chosen_proxies
from analysis.rawfiles import RawDataError
from analysis.reliability import correlation, reliability_table, spearman_brown, stand_in_reliability, years_reliability


def figures(truth: np.ndarray, stated: float, made: np.random.Generator, count: int) -> np.ndarray:
    """So many figures of each true value (of variance 1), each of the stated reliability."""
    return truth[:, None] + np.sqrt((1 - stated) / stated) * made.normal(size=(len(truth), count))


class TestKnownReliabilitiesComeBack:
    @pytest.mark.parametrize("stated", [0.4, 0.73, 0.95])
    def test_parallel_measurements(self, stated):
        """The interval holds the known figure in about 95 % of 400 simulated studies of 60 cities."""
        made, inside, values = np.random.default_rng(1), [], []
        for _ in range(400):
            pair = figures(made.normal(size=60), stated, made, 2)
            found = correlation(pd.Series(pair[:, 0]), pd.Series(pair[:, 1]))
            inside.append(found.low <= stated <= found.high)
            values.append(found.value)
        assert np.mean(inside) == pytest.approx(0.95, abs=0.035)
        assert np.mean(values) == pytest.approx(stated, abs=0.02)

    @pytest.mark.parametrize("stated", [0.5, 0.8])
    @pytest.mark.parametrize("years", [2, 3])
    def test_years_give_the_reliability_of_the_median(self, stated, years):
        """Held against the truth itself: the squared correlation of median and true value."""
        made, found, true = np.random.default_rng(2), [], []
        for _ in range(200):
            truth = made.normal(size=80)
            by_year = pd.DataFrame(figures(truth, stated, made, years) + np.arange(years) * 5)
            estimate = years_reliability(by_year)
            found.append((estimate.value, estimate.low, estimate.high))
            true.append(np.corrcoef(truth, (by_year - by_year.mean()).median(axis=1))[0, 1] ** 2)
        value, low, high = np.array(found).T
        assert value.mean() == pytest.approx(np.mean(true), abs=0.02)
        assert ((low <= np.mean(true)) & (np.mean(true) <= high)).mean() == pytest.approx(0.95, abs=0.05)

    def test_years_that_are_missing_at_random(self):
        made = np.random.default_rng(3)
        truth = made.normal(size=3000)
        by_year = pd.DataFrame(figures(truth, 0.6, made, 3))
        by_year = by_year.mask(made.random(by_year.shape) < 0.2)
        assert years_reliability(by_year).value == pytest.approx(
            np.corrcoef(truth[by_year.notna().any(axis=1)], by_year.median(axis=1).dropna())[0, 1] ** 2, abs=0.02)

    def test_a_stand_in(self):
        """A province's score of reliability 0.6 beside the cities' own of reliability 0.9."""
        made = np.random.default_rng(4)
        truth = made.normal(size=20_000)
        own, other = figures(truth, 0.9, made, 1)[:, 0], figures(truth, 0.6, made, 1)[:, 0]
        assert stand_in_reliability(pd.Series(own), pd.Series(other), 0.9).value == pytest.approx(0.6, abs=0.015)


class TestFormulas:
    def test_fishers_interval_is_scipys(self):
        made = np.random.default_rng(5)
        x, y = made.normal(size=(2, 30))
        found, other = correlation(pd.Series(x), pd.Series(y)), stats.pearsonr(x, y)
        assert found.value == pytest.approx(other.statistic)
        assert (found.low, found.high) == pytest.approx(tuple(other.confidence_interval()))

    def test_shrout_and_fleiss(self):
        """Their Table 2: six targets, four judges; ICC(3,1) = .71, ICC(3,4) = .91 (doi:10.1037/0033-2909.86.2.420).

        Taking the judges' means off and a one-way analysis gives the two-way ratio but for the degrees of freedom, of
        which the judges' means take three: MSW 1.019 × 15/18 = 0.849."""
        table = pd.DataFrame([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
        between, within = 11.2417, 1.0194 * 15 / 18
        single = (between - within) / (between + 3 * within)
        worth = reliability.MEDIAN_WORTH[3]
        assert years_reliability(table).value == pytest.approx(spearman_brown(single, worth), abs=1e-3)

    def test_the_worth_of_a_median(self):
        made = np.random.default_rng(6)
        for years, worth in enumerate(reliability.MEDIAN_WORTH, 1):
            medians = np.median(made.normal(size=(400_000, years)), axis=1)
            assert 1 / medians.var() == pytest.approx(worth, rel=0.01)

    def test_too_little_to_say(self):
        assert correlation(pd.Series([1.0, 2, 3]), pd.Series([1.0, 2, 4])) is None
        assert correlation(pd.Series([1.0, 1, 1, 1]), pd.Series([1.0, 2, 3, 4])) is None
        assert years_reliability(pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 2, 4]})) is None
        assert years_reliability(pd.DataFrame(np.ones((5, 2)))) is None
        exact = years_reliability(pd.DataFrame([[1.0, 1], [2, 2], [3, 3], [5, 5]]))
        assert exact.value == exact.low == exact.high == 1


@pytest.fixture(scope="module")
def table(real_panel, real_study):
    return reliability_table(real_panel, chosen_proxies(real_panel.proxies), real_study.raw)


class TestTable:
    def test_one_figure_is_used_for_every_variable_in_use(self, table, real_study):
        assert (table.groupby(["indicator", "variable"])["used"].sum() == 1).all()
        assert set(table["indicator"]) == set(real_study.raw)

    def test_an_estimate_counts_where_it_is_below_the_grade(self, table):
        rows = table.set_index(["indicator", "variable", "basis"])
        for (code, variable), part in rows[rows["used"]].groupby(level=[0, 1]):
            error = rows.loc[(code, variable)]
            error = error[error.index.isin(["grade", "years", "stand_in"])]
            if len(error) and "variable" not in rows.loc[(code, variable)].index:
                assert part["estimate"].iloc[0] == error["estimate"].min()

    def test_the_province_as_a_stand_in(self, table, real_panel):
        """By hand from the 32 key cities that have both scores."""
        rows = real_panel.figures.pivot_table(index="adcode", columns="variable", values="value")
        both = rows[["online_government_service_city", "online_government_service_province"]].dropna()
        stated = real_panel.reliability.set_index("variable")["reliability"]
        found = table[(table["indicator"] == "I11") & (table["basis"] == "stand_in")].iloc[0]
        assert found["estimate"] == pytest.approx(both.corr().iloc[0, 1] ** 2 / stated[both.columns[0]])
        assert found["n"] == len(both) == 32 and found["used"]

    def test_an_alternative_is_shown_and_not_used(self, table):
        assert len(other := table[table["basis"] == "alternative"]) and not other["used"].any()

    def test_lists_are_read_without_error(self, table, real_panel):
        lists = real_panel.proxies.loc[real_panel.proxies["measure"].isin(reliability.FACTS), "variable"]
        assert (table.loc[table["variable"].isin(lists), "estimate"] == 1).all()

    def test_cells_carry_the_reliability_of_their_own_variable(self, real_panel, real_study, table):
        cells = reliability.cell_reliabilities(real_panel, chosen_proxies(real_panel.proxies), real_study.raw)
        used = table[table["used"]].set_index("variable")["estimate"]
        origins = real_study.origins.pivot(index="adcode", columns="indicator", values="variable")
        for code in ("I11", "I24"):
            read = origins[code][origins[code] != ""]
            np.testing.assert_allclose(cells.loc[read.index, code], read.map(used))
        assert cells.notna().all(axis=None) and cells.stack().between(0, 1).all()

    def test_nothing_stated_is_no_error(self, real_panel, real_study):
        own = replace(real_panel, reliability=None)
        table = reliability_table(own, chosen_proxies(own.proxies), real_study.raw)
        assert set(table.loc[table["used"], "basis"]) <= {"none", "list"} and (
            table.loc[table["used"], "estimate"] == 1).all()

    def test_a_figure_for_a_variable_goes_before_all(self, real_panel, real_study):
        row = {"grade": "", "variable": "telecom_revenue", "reliability": 0.9, "reason_zh": "", "reason_en": ""}
        own = replace(real_panel, reliability=pd.concat([real_panel.reliability, pd.DataFrame([row])]))
        table = reliability_table(own, chosen_proxies(own.proxies), real_study.raw)
        used = table[table["used"]].set_index("variable").loc["telecom_revenue"]
        assert used["estimate"] == 0.9 and used["basis"] == "variable"


class TestStatedFigures:
    HEAD = "grade,variable,reliability,reason_zh,reason_en\n"

    def read(self, folder, text):
        for name in ("framework", "statistics"):
            (folder / "data/raw" / name).mkdir(parents=True, exist_ok=True)
        (folder / "data/raw/statistics/variables.csv").write_text("variable\ntelecom_revenue\n")
        (folder / "data/raw/framework/reliability.csv").write_text(self.HEAD + text)
        return framework.read_reliability(folder)

    @pytest.mark.parametrize(("text", "said"), [
        ("A,,1.2,,", "above 0 and at most 1"), ("A,,0,,", "above 0 and at most 1"), ("E,,0.5,,", "E"),
        (",telecom,0.5,,", "telecom"), ("A,telecom_revenue,0.5,,", "of a grade or of a variable"),
        (",,0.5,,", "of a grade or of a variable"), ("A,,0.5,,\nA,,0.6,,", "A")])
    def test_refused_with_row_and_value(self, tmp_path, text, said):
        with pytest.raises(RawDataError, match=r"reliability\.csv row [23]") as error:
            self.read(tmp_path, text + "\n")
        assert said in str(error.value)

    def test_every_grade_has_a_figure_and_a_worse_one_a_lower(self, real_panel):
        stated = real_panel.reliability.set_index("grade")["reliability"]
        assert list(stated[list(framework.GRADES)]) == sorted(stated[list(framework.GRADES)], reverse=True)
