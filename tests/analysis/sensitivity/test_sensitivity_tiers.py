"""Scores of single draws over the choices crossed, and the chances of tiers that they give."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from toy_design import AGGREGATION, NORMALISATION

from analysis.sensitivity import (
    Crossing,
    Factor,
    Option,
    SensitivityError,
    Stages,
    WeightNoise,
    cross,
    method_uncertainty,
    replay,
    score_draw,
    scores_over_choices,
)
from analysis.sensitivity.cells import Design
from analysis.sensitivity.counting import DesignCell
from analysis.sensitivity.draws import distinct_rows
from analysis.sensitivity.scorers import scorer_for
from analysis.settings import load_settings
from analysis.tiers import natural_breaks, tier_probabilities

NOISES = (WeightNoise("dirichlet", 100.0), WeightNoise("uniform", half_width=0.25))
REFUSED = Option("geometric_with_zeros", "", "", {"aggregation.method": "geometric"})


@pytest.fixture(scope="module")
def stages(real_panel) -> Stages:
    return Stages(real_panel)


@pytest.fixture(scope="module")
def design(stages) -> Design:
    """Normalisation × aggregation on one data set, with one aggregation that min-max refuses."""
    base = load_settings()
    aggregation = replace(AGGREGATION, options=(*AGGREGATION.options, REFUSED))
    return cross(stages, Crossing(base, (NORMALISATION, aggregation)), NOISES)


def toy_design(refused: set[int], cells: int = 6, cities: int = 8) -> Design:
    """A design without a study behind it: `cells` data sets of random values, some refused."""
    generator = np.random.default_rng(0)
    made = []
    for number in range(cells):
        rows, group = distinct_rows(generator.integers(0, 4, (cities, 3)) + 1.0)
        scorer = scorer_for(rows, ("arithmetic", "geometric", "topsis")[number % 3])
        cell = DesignCell(scorer, np.array([0.5, 0.3, 0.2]), NOISES[number % 2], group)
        made.append(None if number in refused else cell)
    options = tuple(Option(f"o{number}", "", "", {}) for number in range(cells))
    crossing = Crossing(load_settings(), (Factor("toy", "", "", options),))
    return Design(crossing, NOISES[:1], tuple(made), dict.fromkeys(refused, "no such method"),
                  pd.Index([f"c{city}" for city in range(cities)]))


class TestScoresOverChoices:
    @pytest.mark.parametrize("method", ["arithmetic", "geometric", "topsis"])
    def test_scores_ranks_and_tiers_are_those_of_the_draw_run_through_the_study(self, stages, design, method):
        scores = scores_over_choices(design, 60, seed=5)
        number = next(number for number in scores.index if replay(design, number, 5).options["aggregation"] == method)
        done = score_draw(stages.panel, replay(design, number, 5))
        assert scores.loc[number].to_numpy() == pytest.approx(done.scores.to_numpy(), rel=1e-11)
        assert (scores.loc[number].rank(ascending=False, method="min") == done.ranks).all()
        assert (natural_breaks(scores.loc[number], 3).tiers == natural_breaks(done.scores, 3).tiers).all()

    def test_they_are_the_draws_that_were_counted(self):
        toy = toy_design({2, 4})
        scores, counted = scores_over_choices(toy, 300, seed=8), method_uncertainty(toy, 300, seed=8)
        ranks = scores.rank(axis=1, ascending=False, method="min").astype(int)
        assert len(scores) == counted.draws and 300 - len(scores) == counted.failed == 100
        assert ranks.apply(pd.Series.value_counts).reindex(counted.counts.columns).fillna(0).T.equals(
            counted.counts.astype(float))

    def test_failed_draws_have_no_row(self, design):
        scores = scores_over_choices(design, 100, seed=5)
        for number in sorted(set(range(100)) - set(scores.index)):
            with pytest.raises(SensitivityError, match=f"draw {number} failed"):
                replay(design, number, 5)
        assert len(scores) == method_uncertainty(design, 100, seed=5).draws < 100
        assert np.isfinite(scores).all(axis=None) and scores.index.is_monotonic_increasing

    def test_a_draw_is_the_same_whatever_their_number(self, design):
        few, many = scores_over_choices(design, 7, seed=5), scores_over_choices(design, 90, seed=5)
        pd.testing.assert_frame_equal(few, many.loc[few.index], rtol=1e-11)

    def test_where_every_draw_is_refused(self):
        with pytest.raises(SensitivityError, match="none of the 5 draws.*no such method"):
            scores_over_choices(toy_design(set(range(6))), 5, seed=1)
        with pytest.raises(SensitivityError, match="draws = 0"):
            scores_over_choices(toy_design(set()), 0, seed=1)


class TestTierChances:
    def test_without_noise_and_choices_they_are_the_tiers_of_the_study(self, stages, real_study):
        alone = cross(stages, Crossing(real_study.settings, ()), [WeightNoise("dirichlet", math.inf)])
        chances = tier_probabilities(scores_over_choices(alone, 20, seed=1), 3)
        assert (chances.max(axis=1) == 1).all()
        assert (chances.idxmax(axis=1) == natural_breaks(real_study.scores, 3).tiers).all()

    def test_scales_of_different_combinations_do_not_matter(self, design):
        scores = scores_over_choices(design, 100, seed=5)
        generator = np.random.default_rng(0)
        stretched = scores.mul(generator.uniform(0.1, 9, len(scores)), axis=0).add(
            generator.uniform(-99, 99, len(scores)), axis=0)
        chances = tier_probabilities(scores, 3)
        pd.testing.assert_frame_equal(chances, tier_probabilities(stretched, 3))
        assert chances.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(chances)))
