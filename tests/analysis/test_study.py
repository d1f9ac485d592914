"""The whole method in memory: stages that fit together, choices that matter, and the committed reference result."""

import copy
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import scenarios, scoring, study, treatment
from analysis.frames import read_frame, settle
from analysis.panel import find_city
from analysis.sensitivity import read_alternatives
from analysis.settings import BASELINE, ROOT, flatten, load_settings
from analysis.sources import read_experts

REFERENCE = ROOT / "data/processed/baseline"
STAGES = ("raw", "treated", "normalised", "weights", "domain_scores", "scores", "ranks", "framework")

# Choices that no alternative of settings/alternatives.yaml changes: one changed value each, which must change a stage.
OTHER_CHOICES = {
    "cleaning.majority_factor": 3.0, "cleaning.believable_factor": 1.01, "cleaning.typical_limit": 2.0,
    "indicators.exclude": ["I33"], "treatment.indicator_coverage": 0.99,
    "treatment.skewness_limit": 50.0, "treatment.kurtosis_limit": 1000.0, "treatment.winsorise_at_most": 1,
    "normalisation.lowest_points": 10, "weighting.subjective": "equal", "weighting.ahp_method": "geometric_mean",
    "weighting.data_centre_parent": "S14", "weighting.rule": "multiplicative", "aggregation.domains": "geometric",
}
# Choices that do not enter score_study, and where they matter instead.
ELSEWHERE = {
    "uncertainty.odds": "the odds of the choices crossed (tested in test_crossing)",
    "uncertainty.replicates": "how many combinations are drawn (tested in test_crossing)",
    "edition": "one edition so far", "city": "which city the notebooks follow by hand",
    "treatment.city_coverage": "the flag low_coverage of score_table (tested below)",
    "weighting.consistency_limit": "which matrices are refused (tested in test_experts)",
    "weighting.allow_inconsistent": "whether they are refused (tested in test_experts)",
    **{f"uncertainty.{key}": "notebook 06" for key in
       ("draws", "concentration", "data", "data_sets", "half_width", "sobol_samples", "bounds", "top", "seed")},
    "regions.neighbours": "notebook 08",
    **{f"parts.{key}": "what is computed and shown, never a score" for key in
       ("rank_classes", "scenario_ranks", "leaving_out", "cities_left_out", "choice_indices", "weight_indices",
        "attainable_ranks", "choice_of_k", "profiles")},
    **{f"tiers.{key}": "notebook 07" for key in
       ("k", "k_smallest", "k_largest", "starts", "references", "resamples", "draws", "seed")},
}
ALTERNATIVES = {option.key: {"set": option.values(load_settings()), "zh": option.zh}
                for option in read_alternatives(experts=read_experts(ROOT))}


@pytest.fixture(scope="module")
def run(real_panel):
    """Score the real panel with some choices changed; each variant once."""
    kept = {}

    def score(**changes):
        changes = {name.replace("__", "."): value for name, value in changes.items()}
        key = repr(sorted(changes.items()))
        if key not in kept:
            kept[key] = study.score_study(real_panel, load_settings(overrides=changes))
        return kept[key]
    return score


def differing(one, other) -> list[str]:
    """The stages in which two studies differ."""
    return [stage for stage in STAGES if not getattr(one, stage).equals(getattr(other, stage))]


class TestStages:
    def test_one_row_a_city_and_one_column_an_indicator_throughout(self, real_study):
        cities = real_study.panel.cities.index
        for stage in ("raw", "treated", "normalised", "domain_scores", "scores", "ranks"):
            assert getattr(real_study, stage).index.equals(cities), stage
        assert list(real_study.raw) == list(real_study.treated) == list(real_study.normalised)
        assert list(real_study.weights.index) == list(real_study.raw)
        assert list(real_study.domain_scores) == ["D1", "D3", "D4", "D5", "D6"]

    def test_every_stage_is_settled(self, real_study):
        for stage in ("raw", "treated", "normalised", "weights", "domain_scores", "scores"):
            table = getattr(real_study, stage)
            assert settle(table).equals(table), stage

    def test_the_record_lists_exactly_the_changed_cells(self, real_study):
        raw, treated = real_study.raw, real_study.treated
        changed = (raw != treated) & ~(raw.isna() & treated.isna())
        cells = {(city, code) for city, code in changed.stack()[lambda is_changed: is_changed].index}
        record = real_study.treatment_record
        whole = set(record.loc[record["adcode"] == "", "indicator"])  # no city: the whole column is transformed
        told = set(zip(record["adcode"], record["indicator"], strict=True))
        assert {cell for cell in told if cell[1] not in whole} == {cell for cell in cells if cell[1] not in whole}
        assert whole <= {code for _, code in cells}
        gaps = record["action"].str.startswith("filled")
        assert gaps.sum() == raw.isna().to_numpy().sum() and not treated.isna().any().any()
        assert record.loc[gaps, "donors"].ne("").all()

    def test_a_portal_of_unknown_year_is_not_filled_with_no_portal(self, real_study):
        record = real_study.treatment_record
        filled = record[(record["indicator"] == "I33") & record["action"].str.startswith("filled")]
        assert len(filled) == 3 and (filled["after"] >= 1).all()

    def test_the_stages_with_their_parameters_in_view_are_those_of_the_study(self, real_study):
        """What notebook 02 calls, choice by choice, is what `score_study` does with the settings."""
        choices, raw = real_study.settings, real_study.raw
        chosen = real_study.panel.proxies.query("role == 'main'").set_index("indicator").loc[list(raw)]
        filled, gaps = treatment.fill_missing(
            raw, choices.treatment.missing, choices.treatment.neighbours,
            study.region_of(real_study.panel.cities, choices.treatment.missing), study.donor_cells(raw, chosen))
        treated, tamed = treatment.treat_outliers(filled, protected=study.two_valued(raw))
        points = study.points(settle(treated), real_study.framework.loc[list(raw), "direction"], "minmax", 0)
        assert settle(treated).equals(real_study.treated)
        assert len(gaps) + len(tamed) == len(real_study.treatment_record)
        assert points.equals(real_study.normalised)

    def test_points_fill_the_scale_in_the_right_direction(self, real_study):
        points, treated = real_study.normalised, real_study.treated
        assert (points.min() == 0).all() and (points.max() == 100).all()
        assert all(points[code].corr(treated[code]) == pytest.approx(1) for code in points)

    def test_every_column_of_weights_sums_to_one(self, real_study):
        numbers = real_study.weights.drop(columns=["domain", "subdomain"])
        assert (numbers >= 0).all().all()
        assert numbers.sum().to_numpy() == pytest.approx(1, abs=1e-11)

    def test_entropy_by_its_formula_in_plain_numpy(self, real_study):
        """Zeleny (1982): e = −Σ p ln p / ln n, w ∝ 1 − e, on min-max values."""
        values = real_study.normalised.to_numpy()
        shares = values / values.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            entropy = -np.where(shares > 0, shares * np.log(shares), 0).sum(axis=0) / np.log(len(values))
        expected = (1 - entropy) / (1 - entropy).sum()
        assert real_study.weights["entropy"].to_numpy() == pytest.approx(expected, rel=1e-9)

    def test_the_total_is_the_weighted_mean_of_the_domain_scores(self, real_study):
        shares = real_study.combined_weights.groupby(real_study.weights["domain"]).sum()
        total = real_study.domain_scores[shares.index] @ shares
        assert total.to_numpy() == pytest.approx(real_study.scores.to_numpy(), abs=1e-9)

    @pytest.mark.long
    def test_the_ledger_of_every_city_adds_up_to_its_score_exactly(self, real_study):
        for city, score in real_study.scores.items():
            account = scoring.ledger(city, real_study.raw, real_study.treated, real_study.normalised,
                                     real_study.combined_weights, real_study.framework)
            assert settle(math.fsum(account["contribution"])) == score, city

    def test_ranks_follow_the_unrounded_scores(self, real_study):
        assert real_study.ranks.equals((-real_study.scores).rank(method="min").astype(int).rename("rank"))

    def test_a_better_figure_never_lowers_the_score(self, real_study):
        raised = real_study.normalised.copy()
        raised.loc["440300"] = (raised.loc["440300"] + 5).clip(upper=100)
        scores = study.score(raised, real_study.combined_weights, real_study.settings.aggregation.method)
        assert scores["440300"] > real_study.scores["440300"]
        assert scores.drop("440300").equals(real_study.scores.drop("440300"))


class TestPurity:
    def test_the_same_panel_gives_the_same_study_and_stays_as_it_was(self, real_panel, real_study):
        before = copy.deepcopy(real_panel)
        again = study.score_study(real_panel, load_settings())
        assert differing(again, real_study) == []
        assert again.origins.equals(real_study.origins)
        for name in ("figures", "cities", "proxies", "experts", "tree"):
            assert getattr(real_panel, name).equals(getattr(before, name)), name
        for expert, nodes in before.judgements.items():
            assert all(real_panel.judgements[expert][node].equals(matrix) for node, matrix in nodes.items())

    @pytest.mark.parametrize("parent", ["S13", "S14"])
    def test_a_study_of_a_panel_opens_no_file(self, real_panel, monkeypatch, parent):
        def refuse(file, *_, **__):
            raise AssertionError(f"opened {file}")

        settings = load_settings(overrides={"weighting.data_centre_parent": parent})
        for place in ("builtins.open", "io.open"):
            monkeypatch.setattr(place, refuse)
        assert study.score_study(real_panel, settings).ranks.min() == 1

    def test_the_order_of_the_figures_does_not_matter(self, real_panel, real_study):
        from dataclasses import replace

        shuffled = real_panel.figures.sample(frac=1, random_state=7)
        assert differing(study.score_study(replace(real_panel, figures=shuffled), load_settings()), real_study) == []


class TestChoices:
    def test_every_choice_is_accounted_for(self):
        varied = {name for alternative in ALTERNATIVES.values() for name in alternative["set"]}
        assert set(flatten(load_settings())) == varied | set(OTHER_CHOICES) | set(ELSEWHERE)

    @pytest.mark.parametrize("key", ALTERNATIVES)
    @pytest.mark.long
    def test_each_alternative_moves_ranks_as_the_committed_table_says(self, run, real_study, key):
        other = run(**ALTERNATIVES[key]["set"])
        assert "ranks" in differing(real_study, other)
        committed = read_frame(REFERENCE / "06_scenario_ranks.csv", "adcode")
        assert (committed[key] == other.ranks).all()
        effect = scenarios.effect(real_study.ranks, other.ranks, 100)
        row = read_frame(REFERENCE / "06_scenarios.csv", "scenario").loc[key]
        assert effect["mean_shift"] == pytest.approx(row["mean_shift"], abs=1e-9)
        assert (effect["largest_shift"], effect["entering"], effect["leaving"]) == tuple(
            row[["largest_shift", "entering", "leaving"]])

    def test_committed_scenarios_are_those_of_the_file(self):
        table = read_frame(REFERENCE / "06_scenarios.csv", "scenario")
        assert list(table.index) == list(ALTERNATIVES)
        assert table["zh"].tolist() == [alternative["zh"] for alternative in ALTERNATIVES.values()]
        assert table["zh"].is_unique and table["en"].is_unique

    @pytest.mark.parametrize(("name", "value"), OTHER_CHOICES.items())
    def test_each_other_choice_changes_a_stage(self, run, real_study, name, value):
        assert differing(run(**{name: value}), real_study) != []

    def test_the_number_of_near_cities_counts_where_these_fill_gaps(self, run):
        five, one = (run(treatment__missing="nearest", treatment__neighbours=number) for number in (5, 1))
        assert "treated" in differing(five, one)

    @pytest.mark.parametrize("name", [name for name, where in ELSEWHERE.items() if where.startswith("notebook")])
    def test_a_choice_used_elsewhere_is_a_parameter_there(self, name):
        from workbench.steps import PARAMETERS

        step = next(step for step in PARAMETERS if step.startswith(ELSEWHERE[name].split()[1]))
        assert name in PARAMETERS[step]

    def test_alpha_zero_is_the_objective_and_one_the_judged_weights(self, run):
        for alpha, column in ((0.0, "objective"), (1.0, "subjective")):
            weights = run(weighting__alpha=alpha).weights
            assert weights["combined"].to_numpy() == pytest.approx(weights[column].to_numpy(), rel=1e-11)

    def test_alpha_between_is_the_mixture(self, real_study):
        weights = real_study.weights
        mixed = 0.5 * weights["subjective"] + 0.5 * weights["objective"]
        assert weights["combined"].to_numpy() == pytest.approx(mixed.to_numpy(), rel=1e-11)

    def test_the_objective_column_is_the_one_chosen(self, run):
        for name in ("critic", "nested_entropy"):
            weights = run(weighting__objective=name, weighting__sparse="entropy").weights
            assert weights["objective"].equals(weights[name].rename("objective"))

    def test_entropy_is_asked_of_what_most_cities_have(self, run, real_study):
        """I23 and I33 are at their lowest for most cities: their judged weight; the rest in proportion."""
        weights, given = real_study.weights, ["I23", "I33"]
        assert study.sparse_indicators(real_study.treated, real_study.framework) == given
        assert weights.loc[given, "objective"].equals(weights.loc[given, "subjective"].rename("objective"))
        ratio = (weights["objective"] / weights["entropy"]).drop(given)
        assert ratio.to_numpy() == pytest.approx(ratio.iloc[0]) and weights["objective"].sum() == pytest.approx(1)
        critic = run(weighting__objective="critic").weights
        assert critic["objective"].equals(critic["critic"].rename("objective"))

    def test_game_theory_lies_between_its_two_sets(self, run):
        weights = run(weighting__rule="game_theory").weights
        pair = weights[["subjective", "objective"]]
        assert (weights["combined"] - pair.min(axis=1) >= -1e-9).all()
        assert (pair.max(axis=1) - weights["combined"] >= -1e-9).all()

    def test_equal_judgement_is_one_weight_for_each_of_the_34(self, run):
        """Restricted to measured indicators by the default rule, a domain keeps its share of the 34."""
        study_of_equals = run(weighting__subjective="equal")
        share = study_of_equals.weights.groupby("domain")["subjective"].sum()
        sizes = pd.Series({"D1": 5, "D3": 5, "D4": 7, "D5": 6, "D6": 7})
        assert (share[sizes.index] / sizes).to_numpy() == pytest.approx(1 / 30, rel=1e-9)

    def test_an_excluded_indicator_is_gone_from_every_stage(self, run, real_study):
        without = run(indicators__exclude=["I23", "I28"])
        for stage in (without.raw, without.normalised, without.weights.T):
            assert list(stage) == [code for code in real_study.raw if code not in ("I23", "I28")]
        assert without.combined_weights.sum() == pytest.approx(1)
        kept = list(without.raw)
        assert without.raw.equals(real_study.raw[kept])

    def test_thresholds_of_cleaning_act_on_the_raw_rows(self, run, real_panel, real_study):
        """With thresholds that nothing exceeds every recorded year stays but the slipped rows; baseline unchanged."""
        from analysis.cleaning import DEFAULT_RULES

        assert vars(DEFAULT_RULES).items() >= load_settings().cleaning.model_dump().items()
        loose = run(cleaning__agreement_factor=1e6, cleaning__typical_limit=1e6)
        recorded = real_panel.uncleaned.query("variable == 'telecom_revenue' and value.notna()")
        cities = recorded.groupby("adcode")["value"].size()
        assert loose.raw["I01"].notna().sum() == len(cities) > real_study.raw["I01"].notna().sum()
        assert loose.raw.drop(columns="I01").equals(real_study.raw.drop(columns="I01"))

    def test_thresholds_of_cleaning_mean_nothing_where_figures_stand_as_they_are(self, real_panel):
        from dataclasses import replace

        with pytest.raises(ValueError, match="cleaning: the figures of this study are used as they stand"):
            study.score_study(replace(real_panel, uncleaned=None),
                              load_settings(overrides={"cleaning.agreement_factor": 3.0}))

    def test_a_domain_without_indicators_has_no_score(self, run):
        without = run(indicators__exclude=["I11", "I14"])
        assert list(without.domain_scores) == ["D1", "D4", "D5", "D6"]

    def test_the_lowest_city_gets_the_lowest_points(self, run):
        assert (run(normalisation__lowest_points=10).normalised.min() == 10).all()

    def test_excluding_everything_is_refused_by_name(self, run, real_study):
        with pytest.raises(ValueError, match=r"indicators\.exclude|no indicator"):
            run(indicators__exclude=list(real_study.raw))

    def test_a_coverage_that_no_indicator_has_is_refused_by_name(self, run, real_panel):
        from dataclasses import replace

        few = real_panel.figures[real_panel.figures["adcode"].isin(list(real_panel.cities.index[:100]))]
        few = few[~few["variable"].str.endswith("pilot_year") & ~few["variable"].str.startswith("open_data")]
        settings = load_settings(overrides={"indicators.exclude": ["I23", "I28", "I33"]})
        with pytest.raises(ValueError, match="indicator_coverage"):
            study.score_study(replace(real_panel, figures=few), settings)

    @pytest.mark.long
    def test_geometric_aggregation_refuses_zeros_and_offers_the_setting(self, run):
        with pytest.raises(ValueError, match=r"geometric.*normalisation\.lowest_points"):
            run(aggregation__method="geometric")

    @pytest.mark.parametrize(("grade", "missing"), [("A", "group_median"), ("B", "group_median")])
    def test_a_stricter_grade_measures_less_and_still_ranks(self, run, grade, missing):
        strict = run(indicators__worst_grade=grade, treatment__missing=missing)
        assert 0 < strict.raw.shape[1] < 11 and strict.ranks.min() == 1

    def test_a_single_indicator_has_no_near_cities_and_says_what_to_choose(self, run):
        with pytest.raises(ValueError, match="first I26.*regression.*another method"):
            run(indicators__worst_grade="A")

    @pytest.mark.parametrize("method", ["zscore", "rank"])
    @pytest.mark.long
    def test_any_scale_serves_every_other_choice_of_the_alternatives(self, run, method):
        """Notebook 06 runs every alternative on the run's own settings: each must be possible on each scale."""
        base = load_settings(overrides={"normalisation.method": method})
        geometric = scenarios.with_overrides(base, ALTERNATIVES["geometric"]["set"])
        changes = {name: value for name, value in flatten(geometric).items() if value != flatten(load_settings())[name]}
        assert run(**changes).ranks.min() == 1

    def test_coverage_flags_cities_and_nothing_else(self, real_study, real_panel):
        published = pd.Series({"440300": 1, "110000": 3})
        limits = [load_settings(overrides={"treatment.city_coverage": limit}) for limit in (0.0, 2 / 3, 1.0)]
        tables = [study.score_table(real_panel.cities, real_study.scores, real_study.ranks, real_study.domain_scores,
                                    real_study.raw, published, settings) for settings in limits]
        flags = [table["low_coverage"] for table in tables]
        assert flags[0].sum() == 0 < flags[1].sum() < flags[2].sum()
        assert flags[2].equals(real_study.raw.isna().any(axis=1))
        assert tables[0].drop(columns="low_coverage").equals(tables[2].drop(columns="low_coverage"))
        assert tables[0]["published_rank"].dropna().to_dict() == {"440300": 1, "110000": 3}


class TestBadPanel:
    def test_a_constant_indicator_is_named(self, real_panel):
        from dataclasses import replace

        figures = real_panel.figures
        constant = figures.assign(value=figures["value"].mask(figures["variable"] == "digital_finance_payment", 300.0))
        with pytest.raises(ValueError, match="I18 is constant"):
            study.score_study(replace(real_panel, figures=constant), load_settings())


class TestFindCity:
    @pytest.mark.parametrize("text", ["440300", "深圳市", "深圳", "Shenzhen", "shenzhen", " 深圳市 "])
    def test_by_code_and_either_name(self, real_panel, text):
        assert find_city(real_panel.cities, text) == "440300"

    @pytest.mark.parametrize(("text", "words"), [
        ("Suzhou", "2 cities have this name; use one of the codes"), ("呼和浩持市", "did you mean 呼和浩特市"),
        ("Shenzen", "did you mean Shenzhen"), ("440399", "city 440399"), ("", "city")])
    def test_none_or_several_are_refused(self, real_panel, text, words):
        with pytest.raises(ValueError, match=words) as caught:
            find_city(real_panel.cities, text)
        assert len(str(caught.value)) < 300, "an error a person can read, not the whole roster"

    def test_every_city_is_found_by_code_and_chinese_name(self, real_panel):
        for code, name in real_panel.cities["name"].items():
            assert find_city(real_panel.cities, code) == find_city(real_panel.cities, name) == code


class TestReference:
    """data/processed/baseline is committed: the reference result of settings/baseline.yaml."""

    def test_settings_are_the_baseline(self):
        assert load_settings(REFERENCE / "settings.yaml") == load_settings(BASELINE)
        assert flatten(load_settings(REFERENCE / "settings.yaml")) == flatten(load_settings())

    def test_scores_and_ranks_are_recomputed(self, real_study):
        table = read_frame(REFERENCE / "05_scores.csv", "adcode")
        assert table["score"].to_numpy() == pytest.approx(real_study.scores.to_numpy(), abs=1e-9)
        assert (table["rank"] == real_study.ranks).all()
        np.testing.assert_allclose(table[list(real_study.domain_scores)], real_study.domain_scores, atol=1e-9)

    @pytest.mark.parametrize(("stem", "stage", "index"), [
        ("02_raw", "raw", "adcode"), ("02_treated", "treated", "adcode"), ("02_normalised", "normalised", "adcode"),
        ("05_weights", "weights", "indicator")])
    def test_stages_are_recomputed(self, real_study, stem, stage, index):
        pd.testing.assert_frame_equal(read_frame(REFERENCE / f"{stem}.csv", index), getattr(real_study, stage),
                                      check_names=False, rtol=1e-9, atol=1e-9)

    def test_the_panel_is_the_cleaned_one(self, real_panel):
        table = read_frame(REFERENCE / "01_panel.csv")
        assert len(table) == len(real_panel.figures)
        assert table["adcode"].tolist() == real_panel.figures["adcode"].tolist()
        np.testing.assert_allclose(table["value"], real_panel.figures["value"], rtol=1e-9)

    def test_origins_and_record_are_recomputed(self, real_study):
        origins = read_frame(REFERENCE / "02_origins.csv").fillna({"variable": "", "years": "", "raw_rows": ""})
        for column in ("adcode", "indicator", "variable", "years", "raw_rows"):
            assert origins[column].tolist() == real_study.origins[column].astype(str).tolist(), column
        record = read_frame(REFERENCE / "02_treatment_record.csv").fillna({"adcode": ""})
        for column in ("adcode", "indicator", "action"):
            assert record[column].tolist() == real_study.treatment_record[column].tolist(), column

    def test_the_first_city_of_the_reference_is_plausible(self):
        """Whatever the weights, the four largest cities are in the first ten."""
        ranks = read_frame(REFERENCE / "05_scores.csv", "adcode")["rank"]
        assert (ranks[["110000", "310000", "440100", "440300"]] <= 10).all()

    def test_holds_tables_of_every_notebook_that_writes(self):
        numbers = {path.name[:2] for path in Path(REFERENCE).glob("*.csv")}
        assert numbers == {f"{number:02d}" for number in range(1, 10)}
