"""The generator: the committed panel is what the model gives, it meets what is published, the method finds it again.

Everything here is simulated; no number is a fact about a city.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.optimize import minimize

from analysis import framework, sources
from analysis.editions import Edition
from analysis.frames import read_frame, write_frame
from analysis.rawfiles import RawDataError
from analysis.reliability import correlation, positions
from analysis.settings import ROOT
from workbench.synthetic import checks, cleaning, facts, flaws, panel, recovery, simulate, strengths, tables
from workbench.synthetic import weight_freedom as freedom
from workbench.synthetic.readings import at_zero, read_strengths

pytestmark = pytest.mark.long

FOLDER = ROOT / tables.FOLDER


@pytest.fixture(scope="module")
def synthetic():
    return simulate()


@pytest.fixture(scope="module")
def readings():
    return tables.read_readings(ROOT)


@pytest.fixture(scope="module")
def published():
    return tables.read_published(ROOT)


@pytest.fixture(scope="module")
def given_panel():
    from workbench.own.reading import read_input

    return read_input(FOLDER / panel.PANEL)


class TestCommitted:
    def test_regenerates_byte_for_byte(self, synthetic, tmp_path):
        made = panel.write_panel(synthetic, tmp_path)
        assert {path.relative_to(tmp_path).as_posix() for path in made} == {
            "panel/values.csv", "panel/framework.csv", "panel/experts.csv", "panel/judgements.csv", "latent.csv",
            "planted_errors.csv"}
        for path in made:
            assert path.read_bytes() == (FOLDER / path.relative_to(tmp_path)).read_bytes(), path.name

    def test_reads_back_as_the_values_simulated(self, synthetic, given_panel):
        assert checks.same_values(given_panel.values, synthetic)
        changed = given_panel.values.copy()
        changed.loc[0, "value"] += 1
        assert not checks.same_values(changed, synthetic)

    def test_another_seed_is_another_panel_that_meets_the_same_facts(self, synthetic):
        other = simulate(seed=7)
        assert not other.values.equals(synthetic.values)
        assert other.facts.loc[other.facts["basis"] == "printed", "holds"].all()

    def test_every_file_has_a_provenance_row_of_this_study(self):
        table = sources.verify_provenance(ROOT).set_index("path")
        mine = [path for path in table.index if path.startswith(tables.FOLDER.as_posix())]
        assert len(mine) == len([path for path in FOLDER.rglob("*") if path.is_file()]) == 10
        assert (table.loc[mine, "producer"] == "this study").all()


class TestConditions:
    def test_every_published_fact_holds_for_the_strengths(self, synthetic):
        assert synthetic.facts["holds"].all() and synthetic.misses.empty
        assert set(synthetic.facts["fact"]) == set(facts.FACT_NAMES)

    def test_the_facts_can_fail_and_name_the_cities(self, synthetic, published):
        """Two neighbours of Table 2 swapped and one member pushed out of its list: just these are missed."""
        totals, latent = synthetic.totals.copy(), synthetic.latent.copy()
        second, third = published.ranks.sort_values().index[[9, 10]]
        totals[[second, third]] = totals[[third, second]].to_numpy()
        member = published.members["D5"][3]
        latent.loc[member, "D5"] = 0.0
        names = sources.read_cities(ROOT)["name"]
        table, misses = facts.compare_facts(totals, latent, published, names)
        assert set(misses.loc[misses["fact"] == "order", "adcode"]) == {second, third}
        lost = misses[(misses["fact"] == "list") & (misses["domain"] == "D5") & (misses["expected"] == "inside")]
        assert list(lost["adcode"]) == [member] and list(lost["city"]) == [names[member]]
        assert set(table.loc[~table["holds"], "fact"]) == {"order", "list"}

    def test_impossible_conditions_are_listed_not_forced(self, published):
        """If innovation alone made the total, its hundred would be Table 2's: just the other members are missed."""
        levels, cities = tables.read_domain_levels(ROOT), sources.read_cities(ROOT)
        weights = pd.Series([0.0, 0.0, 0.0, 0.0, 1.0, 0.0], levels.index)
        latent, _ = strengths.draw_latent(published, cities.index, levels, weights, 0.95, 1)
        table, misses = facts.compare_facts(latent @ weights, latent, published, cities["name"])
        found = table.set_index(["fact", "domain"])["met"]
        assert found["order", ""] == 100
        lost = misses[(misses["domain"] == "D5") & (misses["expected"] == "inside")]["adcode"]
        assert set(lost) == set(published.members["D5"].difference(published.ranks.index)) and len(lost) == 10

    @given(some.lists(some.floats(5, 95), min_size=3, max_size=3), some.floats(0.2, 0.8), some.floats(0, 1))
    def test_projection_is_the_nearest_point(self, drawn, share, place):
        """Against a general optimiser: same total, within the bounds, and no nearer point."""
        weights = np.array([share, (1 - share) * 0.4, (1 - share) * 0.6])
        spreads, lower, upper = np.array([5.0, 9.0, 14.0]), np.array([10.0, 0.0, 30.0]), np.array([90.0, 60.0, 100.0])
        total = lower @ weights + place * ((upper - lower) @ weights)
        found = strengths.project(np.array([drawn]), np.array([total]), weights, spreads, lower[None], upper[None])[0]
        assert abs(found @ weights - total) < 1e-6 and (found >= lower - 1e-9).all() and (found <= upper + 1e-9).all()
        best = minimize(lambda x: (((x - drawn) / spreads) ** 2).sum(), found, method="SLSQP",
                        bounds=list(zip(lower, upper, strict=True)),
                        constraints={"type": "eq", "fun": lambda x: x @ weights - total})
        assert (((found - drawn) / spreads) ** 2).sum() <= best.fun + 1e-5

    def test_weights_that_cannot_be_are_refused(self):
        for weights in ({"D1": 1.0}, dict.fromkeys(["D1", "D2", "D3", "D4", "D5", "D6"], -1.0)):
            with pytest.raises(ValueError, match="give each of D1"):
                simulate(weights=pd.Series(weights))


class TestReadings:
    def test_stated_shares_of_gaps_and_zeros_are_exact(self, synthetic, readings):
        cities = len(synthetic.values)
        assert (synthetic.values.isna().sum() == (readings["missing"] * cities).round()).all()
        for code, share in readings.loc[~readings["kind"].isin(["count", "rate"]), "zeros"].items():
            everyone = round(share * cities)
            assert everyone - synthetic.values[code].isna().sum() <= (synthetic.values[code] == 0).sum() <= everyone

    def test_values_are_of_their_kind_and_within_bounds_but_for_the_planted(self, synthetic, readings):
        sound = synthetic.values.copy()
        for row in synthetic.planted.itertuples():
            sound.at[row.adcode, row.indicator] = row.true_value
        assert (sound.min() >= readings["minimum"]).all() and not (sound.max() > readings["maximum"]).any()
        whole = readings.index[readings["kind"].isin(["count", "years", "named"])]
        assert (sound[whole].stack().dropna() % 1 == 0).all()
        assert sound["I24"].skew() > 2 and abs(sound["I10"].skew()) < 1, "heavy tails and bounded scores"

    def test_more_strength_reads_as_more(self, synthetic, readings):
        domain = framework.ancestor(framework.read_framework(ROOT), "domain")
        for code in readings.index:
            assert synthetic.values[code].corr(synthetic.latent[domain[code]], "spearman") > 0.4, code

    def test_the_weakest_have_nothing(self):
        assert list(at_zero(np.array([3.0, 1.0, 2.0, 4.0]), 0.5)) == [False, True, True, False]

    def test_unknown_kinds_and_shares_are_refused_together(self, tmp_path, readings):
        for path in ("data/raw/framework/framework.csv",):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes((ROOT / path).read_bytes())
        text = (FOLDER / "readings.csv").read_text(encoding="utf-8").replace("I01,amount", "I01,amuont")
        target = tmp_path / tables.FOLDER / "readings.csv"
        target.parent.mkdir(parents=True)
        text = text.replace("I02,amount", "I99,amount").replace(",0.25,0.04,", ",1.25,0.04,")
        target.write_text(text, encoding="utf-8")
        with pytest.raises(RawDataError) as caught:
            tables.read_readings(tmp_path)
        for part in ("amuont", "I99", "I02", "a share is from 0 to below 1"):
            assert part in str(caught.value)


class TestErrors:
    def test_planted_in_as_many_cities_as_indicators_beside_their_truth(self, synthetic, readings):
        planted = synthetic.planted
        assert set(planted["indicator"]) == set(readings["planted_factor"].dropna().index)
        assert planted["adcode"].is_unique
        assert np.allclose(planted["entered_value"], planted["true_value"] * planted["factor"], rtol=1e-9)

    def test_cleaning_sets_aside_what_it_finds_and_nothing_else(self, given_panel):
        from workbench.own.study_input import figures_of

        figures = figures_of(given_panel.values)
        cleaned, log = cleaning.set_aside(figures, given_panel.cities)
        gone = cleaned["value"].isna()
        assert gone.sum() == len(log) and (cleaned.loc[~gone, "value"] == figures.loc[~gone, "value"]).all()
        assert set(cleaned.loc[gone, "flag"]) <= set(cleaning.REASONS) and (cleaned.loc[~gone, "flag"] == "").all()
        found = cleaning.found_errors(log)
        assert (found["kind"] != "none").all(), "no sound figure is set aside"
        assert found["found"].sum() == len(log) >= 5
        assert log["reason_en"].str.contains("set aside").all() and log["reason_zh"].str.contains("剔除").all()

    def test_an_honest_tail_is_left_alone(self, readings):
        values = pd.DataFrame(50.0, range(40), readings.index)
        values[["I23", "I34"]] = 1.0
        values["I01"] = np.exp(np.linspace(0, 3, 40))  # twenty-fold from end to end, evenly
        values["I02"] = np.exp(np.linspace(0, 1, 40))
        values.loc[3, "I02"] *= 1e4
        found = flaws.suspicious_cells(values, readings)
        assert list(zip(found["indicator"], found["adcode"], strict=True)) == [("I02", 3)]


class TestRecovery:
    def test_weights_and_tiers_come_back_within_the_stated_error(self):
        table = recovery.recovery_table()
        assert table.at["plain_no_noise", "weight_error"] < recovery.EXACT_WITHIN
        assert table.at["plain", "weight_error"] < recovery.PLAIN_WITHIN
        assert (table.loc[["plain_no_noise", "plain"], "tier_error"] == 0).all()
        assert table["weight_error"].iloc[:3].is_monotonic_increasing and table["weight_error"].iloc[2:].min() > 0.1
        assert table["spearman"].is_monotonic_decreasing

    def test_other_weights_are_told_apart(self):
        """The error is small because the weights are found, not because any weights would do."""
        equal = pd.Series(1 / 6, recovery.KNOWN_WEIGHTS)
        assert (equal - pd.Series(recovery.KNOWN_WEIGHTS)).abs().max() > 10 * recovery.EXACT_WITHIN


class TestWeightFreedom:
    def test_one_factor_alone_leaves_nothing_to_weights(self):
        table = freedom.hundred_by_general_share((0.0, 1.0), panels=3, draws=20)
        assert table.at[1.0, "least"] == table.at[1.0, "domain_mean"] == 100
        assert table.at[0.0, "domain_mean"] < 60 < table.at[0.0, "mean"] < 95

    @pytest.mark.parametrize("levels", [4, 10**6])
    def test_the_largest_are_those_that_a_stable_order_puts_first(self, levels):
        scores = np.random.default_rng(6).integers(0, levels, (5, 20, 30)).astype(float)
        places = np.argsort(np.argsort(-scores, axis=-1, kind="stable"), axis=-1)
        np.testing.assert_array_equal(freedom.largest(scores, 8), places < 8)

    def test_random_weights_are_weights(self):
        weights = freedom.random_weights(500, 6, 3)
        assert (weights > 0).all() and np.allclose(weights.sum(axis=1), 1)
        assert np.allclose(weights.mean(axis=0), 1 / 6, atol=0.02)

    def test_overlaps_are_those_that_can_be_counted_in_the_lists(self, published):
        found = freedom.list_overlaps(published)
        for domain, members in published.members.items():
            assert found[domain] == len(set(members) & set(published.ranks.index)) / len(members)

    def test_the_default_share_is_what_the_lists_imply(self, published, synthetic):
        assert abs(freedom.general_share_of_lists(published)["mean"] - synthetic.general) < 0.01


def test_tables_carry_a_mark_that_readers_drop(tmp_path):
    from analysis.editions import COLUMN, marked_table

    frame = pd.DataFrame({"adcode": ["010000"], "score": [1.5]})
    write_frame(marked_table(frame, "synthetic"), tmp_path / "a.csv", index=False)
    write_frame(marked_table(frame, "public"), tmp_path / "b.csv", index=False)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == f'adcode,score,"{COLUMN}"\n010000,1.5,synthetic\n'
    assert (tmp_path / "b.csv").read_text(encoding="utf-8") == "adcode,score\n010000,1.5\n"
    assert read_frame(tmp_path / "a.csv").equals(read_frame(tmp_path / "b.csv"))


class TestReliability:
    """The generator knows its noise: the share of a reading's variance that is the domain's strength is 1 − noise."""

    WITHIN = 0.08  # stated error of the mean over four pairs of readings: heavy tails weigh less in ranks

    def test_planted_reliabilities_come_back_from_parallel_readings(self, synthetic, readings):
        """The same strengths read twice, each time with noise of its own; ranks, so that no scale matters. Counts are
        coarse besides: what comes back is at most what was planted."""
        domain_of, residents = framework.ancestor(framework.read_framework(ROOT), "domain"), tables.read_residents(ROOT)
        pairs = [[read_strengths(synthetic.latent, readings, domain_of, residents, seed) for seed in (once, once + 100)]
                 for once in range(1, 5)]
        for code, reading in readings[readings["kind"] != "named"].iterrows():
            planted = 1 - reading["noise"]
            found = np.mean([correlation(*(positions(values[code]) for values in pair)).value for pair in pairs])
            if reading["kind"] == "count":
                assert found < planted + self.WITHIN
            else:
                assert found == pytest.approx(planted, abs=self.WITHIN), code

    def test_they_are_those_of_the_panel(self, given_panel, readings):
        from workbench.run_input import own_panel

        stated = own_panel(given_panel, Edition.SYNTHETIC).reliability.set_index("variable")["reliability"]
        read = readings[readings["kind"] != "named"]
        pd.testing.assert_series_equal(stated[read.index], 1 - read["noise"], check_names=False)
