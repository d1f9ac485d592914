"""Scores by year: the scored year as the study scores it, planted movement found again, each rule by hand."""

import csv

import numpy as np
import pandas as pd
import pytest

from analysis import study, years
from analysis.settings import load_settings
from workbench.own.reading import read_input, write_input
from workbench.own.study_input import figures_of
from workbench.run_input import in_use, own_panel, own_settings

UNITS = [f"U{number:02d}" for number in range(1, 13)]
TREE = [["code", "level", "parent", "name_zh", "direction"],
        ["A", "domain", "", "领域甲", ""], ["A1", "subdomain", "A", "甲一", ""], ["X1", "indicator", "A1", "一", "+"],
        ["X2", "indicator", "A1", "二", "-"], ["B", "domain", "", "领域乙", ""], ["B1", "subdomain", "B", "乙一", ""],
        ["X3", "indicator", "B1", "三", "+"], ["X4", "indicator", "B1", "四", "+"]]
CODES = ["X1", "X2", "X3", "X4"]


def made(folder, spans=(2019, 2020, 2021), change=lambda figures: figures, year=None, tree=TREE, **choices):
    """The figures of a study of several years, and what it makes of the scored ones; without `change` no figure moves.

    `change` takes the figures by (unit, indicator, year) and gives those of the study; `year` is the one scored.
    """
    draw = np.random.default_rng(7)
    base = {(unit, code): float(value) for unit, row in zip(UNITS, draw.uniform(10, 90, (12, 4)), strict=True)
            for code, value in zip(CODES, row, strict=True)}
    figures = change({(*cell, at): value for cell, value in base.items() for at in spans})
    folder.mkdir(exist_ok=True)
    tables = {"framework": tree, "cities": [["code", "name"], *([unit, f"县{unit}"] for unit in UNITS)],
              "values": [["code", "indicator", "year", "value"],
                         *([*cell, repr(value)] for cell, value in figures.items() if value is not None)]}
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows(rows)
    given = read_input(folder, year=year)
    panel = own_panel(given)
    settings = own_settings(load_settings(overrides=choices), panel, frozenset(choices))
    scored = study.score_study(panel, settings)
    measured = years.Measured(scored.raw, scored.treated, scored.treatment_record, scored.normalised,
                              scored.combined_weights, scored.framework)
    return given, panel, settings, scored, measured


def by_year(given, panel, settings, measured) -> years.ByYear:
    return years.scores_by_year(figures_of(given.every_year), in_use(panel.proxies, settings), measured, settings)


def moved(draw=3, step=4.0):
    """A change by which every figure of an earlier year is another."""
    noise = np.random.default_rng(draw)

    def change(figures):
        return {(unit, code, at): value if at == 2021 else value + step * float(noise.normal())
                for (unit, code, at), value in figures.items()}

    return change


class TestTheScoredYear:
    @pytest.mark.parametrize("choices", [
        {}, {"normalisation.method": "zscore"}, {"normalisation.method": "rank"},
        {"aggregation.method": "geometric", "normalisation.lowest_points": 1.0}, {"aggregation.method": "topsis"},
        {"aggregation.domains": "geometric"}, {"treatment.outliers": "log", "treatment.skewness_limit": 0.01,
                                               "treatment.kurtosis_limit": 0.01},
        {"treatment.skewness_limit": 0.01, "treatment.kurtosis_limit": 0.01}], ids=str)
    def test_has_the_studys_own_scores_and_ranks_whatever_the_choices(self, tmp_path, choices):
        far = {("U01", "X3", 2021): 900.0, ("U02", "X4", 2021): 0.5}
        change = moved()
        given, panel, settings, scored, measured = made(
            tmp_path / "own", change=lambda figures: change(figures) | far, **choices)
        found = by_year(given, panel, settings, measured)
        last = found.scores[found.scores["year"] == 2021].set_index("adcode")
        assert found.years["as_scored"].tolist()[-1] == 1 and found.years["scored"].all()
        np.testing.assert_allclose(last["score"], scored.scores, rtol=1e-11)
        assert last["rank"].tolist() == scored.ranks.tolist()
        for domain in scored.domain_scores:
            np.testing.assert_allclose(last[domain], scored.domain_scores[domain], rtol=1e-11)

    def test_may_be_an_earlier_one(self, tmp_path):
        given, panel, settings, scored, measured = made(tmp_path / "own", change=moved(), year=2020)
        found = by_year(given, panel, settings, measured)
        middle = found.scores[found.scores["year"] == 2020].set_index("adcode")
        np.testing.assert_allclose(middle["score"], scored.scores, rtol=1e-11)
        assert list(found.years.index[found.years["as_scored"] == 1]) == [2020]

    def test_a_study_that_does_not_move_has_the_same_scores_every_year(self, tmp_path):
        given, panel, settings, scored, measured = made(tmp_path / "own")
        found = by_year(given, panel, settings, measured)
        wide = found.scores.pivot(index="adcode", columns="year", values="score")
        assert (wide.nunique(axis=1) == 1).all() and (found.moves[["change", "climbed", "A", "B"]] == 0).all(axis=None)


class TestMovement:
    def test_what_was_planted_comes_back_in_its_unit_domain_and_size(self, tmp_path):
        def planted(figures):
            span = max(value for (_, code, _), value in figures.items() if code == "X3") - min(
                value for (_, code, _), value in figures.items() if code == "X3")
            return {(unit, code, at): value - 0.2 * span if (unit, code, at) == ("U05", "X3", 2019) else value
                    for (unit, code, at), value in figures.items()}

        given, panel, settings, scored, measured = made(tmp_path / "own", change=planted)
        moves = by_year(given, panel, settings, measured).moves
        assert moves.at["U05", "change"] == pytest.approx(20 * scored.combined_weights["X3"])
        assert moves.at["U05", "B"] == pytest.approx(moves.at["U05", "change"]) and moves.at["U05", "A"] == 0
        assert (moves.drop("U05")["change"] == 0).all() and moves.at["U05", "climbed"] >= 0

    def test_scores_of_every_year_by_brute_force(self, tmp_path):
        given, panel, settings, scored, measured = made(tmp_path / "own", change=moved(step=30),
                                                        **{"treatment.outliers": "none"})
        found = by_year(given, panel, settings, measured)
        table = given.every_year.set_index(["code", "indicator", "year"])["value"]
        for row in found.scores.itertuples():
            score = 0.0
            for code in CODES:
                own = [table[unit, code, 2021] for unit in UNITS]
                share = (table[row.adcode, code, row.year] - min(own)) / (max(own) - min(own))
                score += scored.combined_weights[code] * 100 * (1 - share if code == "X2" else share)
            assert row.score == pytest.approx(score, rel=1e-9)
        for _, group in found.scores.groupby("year"):
            assert [1 + (group["score"] > score).sum() for score in group["score"]] == group["rank"].tolist()
        assert found.scores["score"].min() < scored.scores.min() or found.scores["score"].max() > scored.scores.max()

    @pytest.mark.parametrize("method", ["minmax", "zscore", "rank"])
    def test_the_parts_of_the_domains_make_the_change(self, tmp_path, method):
        given, panel, settings, _, measured = made(tmp_path / "own", change=moved(step=20),
                                                   **{"normalisation.method": method})
        moves = by_year(given, panel, settings, measured).moves
        np.testing.assert_allclose(moves["A"] + moves["B"], moves["score_last"] - moves["score_first"], atol=1e-9)
        np.testing.assert_allclose(moves["change"], moves["score_last"] - moves["score_first"], atol=1e-9)
        assert (moves["climbed"] == moves["rank_first"] - moves["rank_last"]).all() and moves["climbed"].sum() == 0

    def test_a_score_that_is_no_sum_is_not_taken_apart_and_stays_within_the_studys_points(self, tmp_path):
        given, panel, settings, _, measured = made(
            tmp_path / "own", change=moved(step=60),
            **{"aggregation.method": "geometric", "normalisation.lowest_points": 1.0})
        found = by_year(given, panel, settings, measured)
        assert not {"A", "B"} & set(found.moves) and found.scores["score"].between(1, 100).all()

    def test_ranks_between_the_studys_values_are_read_between_its_points(self, tmp_path):
        def half_way(figures):
            own = sorted(value for (_, code, at), value in figures.items() if (code, at) == ("X1", 2021))
            return figures | {("U01", "X1", 2019): (own[4] + own[5]) / 2, ("U02", "X1", 2019): own[-1] + 50}

        _, _, settings, scored, measured = given = made(tmp_path / "own", change=half_way,
                                                        **{"normalisation.method": "rank"})
        values = years.year_matrix(years.figures_of_year(figures_of(given[0].every_year), 2019),
                                   in_use(given[1].proxies, settings), measured, settings)
        points = years.points_of_year(values, measured, settings)["X1"]
        assert points["U01"] == pytest.approx(100 * 4.5 / 11) and points["U02"] == 100
        assert points["U03"] == scored.normalised.at["U03", "X1"]

    def test_limits_and_logarithms_are_those_of_the_scored_year(self, tmp_path):
        """The highest value of the scored year is drawn in to the next: so is a higher one of an earlier year."""
        def outlier(figures):
            return figures | {("U01", "X3", 2021): 4000.0, ("U02", "X3", 2019): 9000.0, ("U03", "X3", 2019): 1.0}

        _, _, settings, scored, measured = given = made(tmp_path / "own", change=outlier)
        assert scored.treatment_record["action"].tolist() == ["winsorised"]
        values = years.year_matrix(years.figures_of_year(figures_of(given[0].every_year), 2019),
                                   in_use(given[1].proxies, settings), measured, settings)
        treated = years.treated_alike(values, measured)["X3"]
        assert treated["U02"] == scored.treated["X3"].max() == scored.raw["X3"].nlargest(2).iloc[1]
        assert treated["U03"] == 1  # the other end was not drawn in


class TestWhatIsMissing:
    def test_a_missing_figure_is_that_of_the_nearest_year_and_has_not_moved(self, tmp_path):
        def holes(figures):
            return figures | {("U01", "X1", 2020): None, ("U02", "X1", 2021): None, ("U02", "X1", 2020): None}

        given, panel, settings, _, measured = made(tmp_path / "own", change=lambda figures: holes(moved()(figures)))
        values = years.year_matrix(years.figures_of_year(figures_of(given.every_year), 2020),
                                   in_use(panel.proxies, settings), measured, settings)
        table = given.every_year.set_index(["code", "indicator", "year"])["value"]
        assert values.at["U01", "X1"] == pytest.approx(table["U01", "X1", 2019])  # of two as near the earlier
        assert values.at["U02", "X1"] == pytest.approx(table["U02", "X1", 2019]) == measured.raw.at["U02", "X1"]

    def test_a_gap_of_the_scored_year_is_filled_alike_in_all(self, tmp_path):
        given, panel, settings, scored, measured = made(
            tmp_path / "own", year=2021, change=lambda figures: moved()(figures) | {("U01", "X1", 2021): None})
        assert np.isnan(scored.raw.at["U01", "X1"])
        values = years.year_matrix(years.figures_of_year(figures_of(given.every_year), 2019),
                                   in_use(panel.proxies, settings), measured, settings)
        assert years.treated_alike(values, measured).at["U01", "X1"] == scored.treated.at["U01", "X1"]

    def test_a_year_with_too_little_is_left_out_and_a_unit_with_too_little_is_not_compared(self, tmp_path):
        def thin(figures):
            return {(unit, code, at): None if at == 2019 and unit > "U05" or (
                at == 2020 and unit == "U01" and code in ("X1", "X2")) else value
                for (unit, code, at), value in figures.items()}

        given, panel, settings, _, measured = made(tmp_path / "own", change=lambda figures: thin(moved()(figures)))
        found = by_year(given, panel, settings, measured)
        assert found.years["scored"].tolist() == [False, True, True] and found.years["cities"].tolist() == [5, 11, 12]
        missed = found.scores[(found.scores["year"] == 2020) & (found.scores["adcode"] == "U01")]
        assert missed[["score", "rank"]].isna().all(axis=None) and missed["observed"].item() == 0.5
        assert "U01" not in found.moves.index and sorted(found.moves["rank_last"]) == list(range(1, 12))

    def test_one_year_that_can_be_scored_shows_no_moves(self, tmp_path):
        given, panel, settings, _, measured = made(tmp_path / "own", change=lambda figures: {
            cell: value for cell, value in moved()(figures).items() if cell[2] == 2021 or cell[0] == "U01"})
        found = by_year(given, panel, settings, measured)
        assert found.years["scored"].tolist() == [False, False, True] and found.moves.empty


class TestWhatIsKept:
    def test_all_years_are_read_back_and_the_year_can_be_chosen_again(self, tmp_path):
        given, *_ = made(tmp_path / "own", change=moved())
        write_input(given, tmp_path / "kept")
        again = read_input(tmp_path / "kept")
        pd.testing.assert_frame_equal(again.values, given.values)
        pd.testing.assert_frame_equal(again.other_years, given.other_years)
        assert set(given.values["year"]) == {2021} and set(given.other_years["year"]) == {2019, 2020}
        other = read_input(tmp_path / "kept", year=2019)
        assert set(other.values["year"]) == {2019} and set(other.other_years["year"]) == {2020, 2021}

    def test_a_changed_folder_keeps_the_scored_year_and_the_others(self, tmp_path):
        given, *_ = made(tmp_path / "own", change=moved(), year=2020)
        write_input(given, tmp_path / "kept")
        with (tmp_path / "kept" / "study.csv").open("a", encoding="utf-8") as file:
            file.write("title,县域比较,Counties\n")
        again = read_input(tmp_path / "kept")
        assert set(again.values["year"]) == {2020} and set(again.other_years["year"]) == {2019, 2021}
        assert again.words["title_zh"] == "县域比较"

    def test_only_figures_of_several_years_have_the_trait(self, tmp_path):
        assert "years" in made(tmp_path / "several", change=moved())[1].traits
        assert "years" not in made(tmp_path / "one", spans=(2021,))[1].traits
