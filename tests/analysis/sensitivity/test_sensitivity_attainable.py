"""Attainable ranks against enumeration and sampling, and the smallest change of weights that swaps two cities."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analysis.frames import settle
from analysis.scoring import aggregate, rank
from analysis.sensitivity import SensitivityError, attainable, attainable_ranks, smallest_swap
from analysis.sensitivity.attainable import AdmittedWeights, admitted_weights


def random_cities(cities: int, indicators: int, seed: int, whole: bool = False) -> tuple[pd.DataFrame, pd.Series]:
    generator = np.random.default_rng(seed)
    columns = [f"I{number}" for number in range(indicators)]
    values = generator.integers(0, 4, (cities, indicators)) if whole else generator.random((cities, indicators)) * 100
    return (pd.DataFrame(values.astype(float), [f"c{number:02d}" for number in range(cities)], columns),
            pd.Series(generator.dirichlet(np.full(indicators, 3.0)), columns))


def ranks_under(values: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    return np.array([rank(settle(aggregate(values, pd.Series(row / row.sum(), values.columns)))) for row in weights])


class TestTwoIndicators:
    """With two indicators the weights are one number; ranks change only where two cities tie, so that the points
    between these ties are all there is to try."""

    @pytest.mark.parametrize("seed", range(4))
    def test_every_interval_between_ties(self, seed):
        values, _ = random_cities(12, 2, seed)
        weights = pd.Series({"I0": 0.4, "I1": 0.6})
        result = attainable_ranks(values, weights, bounds=0.5)
        difference = (values["I0"] - values["I1"]).to_numpy()
        gaps = values["I1"].to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            ties = (gaps[None] - gaps[:, None]) / (difference[:, None] - difference[None])
        inside = np.unique(np.r_[0.2, ties[(ties > 0.2) & (ties < 0.6)], 0.6])
        tried = np.r_[(inside[1:] + inside[:-1]) / 2, inside]
        ranks = ranks_under(values, np.column_stack([tried, 1 - tried]))
        # At the ties themselves both cities have the smaller rank; numbers close to one may miss it.
        assert (result.ranks["best"] <= ranks.min(axis=0)).all()
        assert (result.ranks["worst"] == ranks[:len(inside) - 1].max(axis=0)).all()
        assert (result.gaps == 0).all()


class TestEverySetOfRivals:
    """Five cities and the twin of one: for each set of rivals a linear programme says whether some admitted weights
    leave none but these ahead (best), or bring all these ahead (worst). No mixed-integer programme, no closed form."""

    @pytest.mark.parametrize(("seed", "bounds"), [(1, 0.25), (2, 0.5), (3, 0.9)])
    def test_bounds_are_the_extremes(self, seed, bounds):
        values, weights = random_cities(5, 3, seed)
        values.loc["twin"] = values.loc["c01"]
        ranks = attainable_ranks(values, weights, bounds).ranks
        table, base = values.to_numpy(), weights.to_numpy()
        box = list(zip(base * (1 - bounds), np.minimum(base * (1 + bounds), 1), strict=True))

        def possible(rows: np.ndarray) -> bool:
            """Whether rows · w ≤ 0 for some admitted w."""
            return not len(rows) or linprog(np.zeros(3), A_ub=rows, b_ub=np.zeros(len(rows)), A_eq=np.ones((1, 3)),
                                            b_eq=[1], bounds=box).success

        for city in range(6):
            over = (table - table[city])[(table != table[city]).any(axis=1)]  # nobody is ahead of his twin
            sets = [list(chosen) for size in range(len(over) + 1) for chosen in combinations(range(len(over)), size)]
            best = next(len(ahead) for ahead in sets if possible(np.delete(over, ahead, axis=0)))
            worst = max(len(ahead) for ahead in sets if possible(-over[ahead]))
            assert ranks[["best", "best_bound"]].iloc[city].tolist() == [1 + best] * 2
            assert ranks[["worst", "worst_bound"]].iloc[city].tolist() == [1 + worst] * 2


@pytest.mark.long
class TestAttainableRanks:
    @settings(max_examples=25, deadline=None)
    @given(seed=st.integers(0, 10**6), indicators=st.integers(1, 4), whole=st.booleans(),
           bounds=st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0]))
    def test_every_admitted_weight_stays_within(self, seed, indicators, whole, bounds):
        values, weights = random_cities(9, indicators, seed, whole)
        result = attainable_ranks(values, weights, bounds)
        ranks = result.ranks
        base = rank(settle(aggregate(values, weights)))
        assert (ranks["base"] == base).all()
        assert (ranks["best_bound"] <= ranks["best"]).all() and (ranks["best"] <= base).all()
        assert (ranks["worst_bound"] >= ranks["worst"]).all() and (ranks["worst"] >= base).all()
        admitted = admitted_weights(weights, bounds)
        places = np.arange(len(values))
        for name, table in (("best", result.best_weights), ("worst", result.worst_weights)):
            shown = table.to_numpy()
            assert ((shown >= admitted.lowest - 1e-9) & (shown <= admitted.highest + 1e-9)).all()
            assert (ranks_under(values, shown)[places, places] == ranks[name]).all()
        generator = np.random.default_rng(seed + 1)
        for row in generator.random((20, indicators)):
            order = np.argsort(row)
            room = (admitted.highest - admitted.lowest)[order]
            given_ = np.clip(1 - admitted.lowest.sum() - (room.cumsum() - room), 0, room)
            corner = admitted.lowest.copy()
            corner[order] += given_
            share = generator.random()
            sampled = ranks_under(values, np.array([corner, share * corner + (1 - share) * weights.to_numpy()]))
            assert (sampled >= ranks["best_bound"].to_numpy()).all()
            assert (sampled <= ranks["worst_bound"].to_numpy()).all()

    def test_weights_show_what_is_claimed(self):
        values, weights = random_cities(40, 6, 3)
        result = attainable_ranks(values, weights, 0.3)
        for name, table in (("best", result.best_weights), ("worst", result.worst_weights)):
            assert table.sum(axis=1).to_numpy() == pytest.approx(np.ones(40))
            assert (table >= 0.7 * weights - 1e-9).all(axis=None) and (table <= 1.3 * weights + 1e-9).all(axis=None)
            shown = [ranks_under(values, table.loc[[city]].to_numpy())[0][place]
                     for place, city in enumerate(values.index)]
            assert shown == result.ranks[name].tolist()
        assert (result.gaps == 0).all()
        assert (result.ranks["worst"] > result.ranks["best"]).any()

    def test_same_for_any_number_of_workers(self):
        values, weights = random_cities(12, 4, 6)
        values.loc["twin"] = values.loc["c03"]
        alone, two = (attainable_ranks(values, weights, 0.4, workers=workers) for workers in (1, 2))
        for table in ("ranks", "best_weights", "worst_weights"):
            pd.testing.assert_frame_equal(getattr(alone, table), getattr(two, table), check_exact=True)

    @pytest.mark.parametrize("lead", [1e-9, 1e-10, 1e-11])
    def test_a_hair_s_breadth_ahead_leaves_no_false_bound(self, lead):
        values = pd.DataFrame([[0.5, 0.0], [0.5 + lead, 0.0], [0.0, 1.0]], list("ABC"))
        ranks = attainable_ranks(values, pd.Series([0.5, 0.5]), 0.25).ranks
        for name in ("base", "best", "worst"):
            assert (ranks["best_bound"] <= ranks[name]).all() and (ranks[name] <= ranks["worst_bound"]).all()

    def test_no_room_means_the_base_ranks(self):
        values, weights = random_cities(15, 4, 1)
        ranks = attainable_ranks(values, weights, 0).ranks
        assert (ranks["best"] == ranks["base"]).all() and (ranks["worst"] == ranks["base"]).all()

    def test_equal_cities_and_dominance(self):
        values, weights = random_cities(10, 3, 5)
        values.loc["twin"] = values.loc["c04"]
        values.loc["top"] = values.max() + 1
        ranks = attainable_ranks(values, weights, 0.5).ranks
        assert ranks.loc["twin"].equals(ranks.loc["c04"])
        assert ranks.loc["top", ["best", "worst", "rivals"]].tolist() == [1, 1, 0]

    def test_a_struck_limit_leaves_an_honest_bracket(self):
        values, weights = random_cities(30, 10, 7)
        exact = attainable_ranks(values, weights, 0.6)
        stopped = attainable_ranks(values, weights, 0.6, time_limit=0.0)
        assert (stopped.gaps >= 0).all() and stopped.gaps.max() > 0
        assert (stopped.ranks["best_bound"] <= exact.ranks["best"]).all()
        assert (stopped.ranks["best"] >= exact.ranks["best"]).all()
        assert (stopped.ranks["worst_bound"] >= exact.ranks["worst"]).all()

    def test_bounds_by_indicator_and_refusals(self):
        values, weights = random_cities(6, 3, 2)
        fixed = pd.DataFrame({"lowest": weights, "highest": weights})
        assert (attainable_ranks(values, weights, fixed).ranks["rivals"] == 0).all()
        for bounds in (-0.1, fixed.assign(highest=0.1), fixed.iloc[:2]):
            with pytest.raises(SensitivityError, match="bounds"):
                attainable_ranks(values, weights, bounds)

    def test_the_closed_form_is_the_linear_programme(self):
        generator = np.random.default_rng(1)
        weights = generator.dirichlet(np.ones(7))
        admitted = AdmittedWeights(0.6 * weights, 1.4 * weights)
        for row in generator.normal(size=(20, 7)):
            exact = linprog(-row, A_eq=np.ones((1, 7)), b_eq=[1], bounds=list(zip(admitted.lowest, admitted.highest,
                                                                                  strict=True)))
            assert admitted.largest(row[None])[0] == pytest.approx(-exact.fun, abs=1e-10)

    @settings(max_examples=15)
    @given(seed=st.integers(0, 10**6), indicators=st.integers(2, 8), bounds=st.sampled_from([0.1, 0.3, 1.0]))
    def test_conflicts_and_the_solver_agree(self, seed, indicators, bounds):
        values, weights = random_cities(12, indicators, seed)
        values.loc["twin"] = values.loc["c03"]
        by_conflicts = attainable_ranks(values, weights, bounds)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(attainable, "fewest_ahead", lambda *_: None)
            by_solver = attainable_ranks(values, weights, bounds)
        pd.testing.assert_frame_equal(by_conflicts.ranks, by_solver.ranks, check_exact=True)

    @pytest.mark.parametrize("shift", [0, 1e7])
    def test_conflicts_decide_where_nothing_ties(self, monkeypatch, shift):
        """Far from zero, where settled scores show fewer digits of a lead, too."""
        monkeypatch.setattr(attainable, "programmed", None)
        values, weights = random_cities(20, 8, 4)
        assert (attainable_ranks(values + shift, weights, 0.25).gaps == 0).all()

    def test_nothing_is_printed(self, capfd, monkeypatch):
        monkeypatch.setattr(attainable, "fewest_ahead", lambda *_: None)
        values, weights = random_cities(30, 8, 9)
        attainable_ranks(values, weights, 0.5)
        assert capfd.readouterr().out == ""


@pytest.mark.long
class TestBrackets:
    """What is said of studies too large for an exact answer holds the exact answer of small ones."""

    @settings(max_examples=25, deadline=None)
    @given(seed=st.integers(0, 10**6), indicators=st.integers(1, 6), whole=st.booleans(),
           bounds=st.sampled_from([0.0, 0.1, 0.3, 1.0]), pairs=st.booleans())
    def test_the_bracket_holds_the_exact_answer(self, seed, indicators, whole, bounds, pairs):
        values, weights = random_cities(14, indicators, seed, whole)
        values.loc["twin"] = values.loc["c03"]
        exact = attainable_ranks(values, weights, bounds)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(attainable, "FEW_RIVALS", 0)
            patch.setattr(attainable, "PAIRS_UP_TO", 10**6 if pairs else 0)
            patch.setattr(attainable, "solve", lambda jobs, workers: [((0, None), (0, None)) for _ in jobs])
            found = attainable_ranks(values, weights, bounds, exact_up_to=0)
        lowest, highest = exact.ranks[["best_bound", "worst_bound"]].T.to_numpy()
        assert (found.ranks["best_bound"] <= exact.ranks["best"]).all() and (lowest <= found.ranks["best"]).all()
        assert (found.ranks["worst_bound"] >= exact.ranks["worst"]).all() and (found.ranks["worst"] <= highest).all()
        assert found.ranks["base"].between(found.ranks["best"], found.ranks["worst"]).all()
        certain = exact.gaps == 0
        assert (found.ranks["best"] >= exact.ranks["best"])[certain].all()
        closed = certain & (found.gaps == 0)
        assert found.ranks.loc[closed, ["best", "worst"]].equals(exact.ranks.loc[closed, ["best", "worst"]])
        places = np.arange(len(values))
        admitted = admitted_weights(weights, bounds)
        for name, table in (("best", found.best_weights), ("worst", found.worst_weights)):
            shown = table.to_numpy()
            assert ((shown >= admitted.lowest - 1e-9) & (shown <= admitted.highest + 1e-9)).all()
            assert (ranks_under(values, shown)[places, places] == found.ranks[name]).all()

    def test_few_open_rivals_are_decided_exactly_whatever_the_number_of_cities(self):
        values, weights = random_cities(40, 6, 3)
        exact = attainable_ranks(values, weights, 0.1)
        found = attainable_ranks(values, weights, 0.1, exact_up_to=0)
        pd.testing.assert_frame_equal(found.ranks, exact.ranks, check_exact=True)

    def test_no_clock_decides_a_large_study(self, monkeypatch):
        values, weights = random_cities(30, 10, 7)
        for pairs in (10**6, 0):
            monkeypatch.setattr(attainable, "PAIRS_UP_TO", pairs)
            patient, hurried = (attainable_ranks(values, weights, 0.6, time_limit=limit, exact_up_to=0)
                                for limit in (30.0, 0.0))
            pd.testing.assert_frame_equal(patient.ranks, hurried.ranks, check_exact=True)


class TestSmallestSwap:
    def test_by_hand(self):
        """A leads by 5 and is 20 better on D1, 10 worse on D2: a share of 5 / 30 must move from D1 to D2."""
        cities = pd.DataFrame({"D1": [80.0, 60.0], "D2": [50.0, 60.0]}, index=["A", "B"])
        for pair in (("A", "B"), ("B", "A")):
            swap = smallest_swap(cities, pd.Series({"D1": 0.5, "D2": 0.5}), *pair)
            assert (swap.ahead, swap.behind, swap.lead) == ("A", "B", 5.0)
            assert swap.moved == pytest.approx(1 / 6)

    def test_a_city_that_is_nowhere_better_never_overtakes(self):
        cities = pd.DataFrame({"D1": [80.0, 60.0], "D2": [50.0, 40.0]}, index=["A", "B"])
        swap = smallest_swap(cities, pd.Series({"D1": 0.5, "D2": 0.5}), "A", "B")
        assert np.isnan(swap.moved) and swap.weights is None
        with pytest.raises(SensitivityError, match="Z"):
            smallest_swap(cities, pd.Series({"D1": 0.5, "D2": 0.5}), "A", "Z")

    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 10**6), parts=st.integers(2, 5))
    @pytest.mark.long
    def test_they_tie_there_and_no_smaller_change_does(self, seed, parts):
        scores, weights = random_cities(2, parts, seed)
        swap = smallest_swap(scores, weights, "c00", "c01")
        gain = (scores.loc[swap.behind] - scores.loc[swap.ahead]).to_numpy()
        if np.isnan(swap.moved):
            assert (gain < 0).all()
            return
        assert swap.weights.sum() == pytest.approx(1) and (swap.weights >= -1e-12).all()
        assert gain @ swap.weights.to_numpy() == pytest.approx(0, abs=1e-6)
        change = (swap.weights - weights).to_numpy()
        assert swap.moved == pytest.approx(np.abs(change).sum() / 2) and swap.moved <= 1
        if swap.moved < 1e-9:
            assert swap.lead == pytest.approx(0, abs=1e-6)
            return
        assert gain @ (weights + 1.001 * change).to_numpy() > 0 > gain @ (weights + 0.999 * change).to_numpy()
        # No other weights as near as 99.9 % of that bring them level: in random directions, …
        generator = np.random.default_rng(seed)
        away = np.vstack([generator.dirichlet(np.full(parts, 0.3), 300), np.eye(parts)]) - weights.to_numpy()
        length = np.minimum(1, 0.999 * swap.moved / (np.abs(away).sum(axis=1) / 2))
        assert ((weights.to_numpy() + length[:, None] * away) @ gain < 0).all()
        # … and in the best one: from the parts with the smallest gain to the one with the largest.
        order, left, reached = np.argsort(gain), 0.999 * swap.moved, gain @ weights.to_numpy()
        for part in order[:-1]:
            taken = min(left, weights.iloc[part])
            reached, left = reached + taken * (gain.max() - gain[part]), left - taken
        assert reached < 0
