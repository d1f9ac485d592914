"""What a study of many cities is given in place of what grows with the square of them, held against the exact answer on
few: ranks by classes, Sobol indices in sum, data sets made by several processes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_design import NORMALISATION, toy_design

from analysis.figures import acceptability_map, use_style
from analysis.panel import read_panel
from analysis.sensitivity import (
    Crossing,
    SensitivityError,
    Stages,
    WeightNoise,
    choice_indices,
    compare_noises,
    cross,
    method_uncertainty,
    read_crossing,
    weight_uncertainty,
)
from analysis.sensitivity.counting import in_order, rank_type
from analysis.sensitivity.uncertainty import rank_classes
from analysis.settings import load_settings

NOISE = WeightNoise("dirichlet", 20.0)
TOP = (3, 10)


@pytest.fixture(scope="module")
def values():
    """Forty cities with gaps of all sizes between them, four of them equal to others."""
    table = np.random.default_rng(7).normal(50, 12, (40, 5)).round(1)
    table[5], table[6], table[20], table[33] = table[4], table[4], table[21], table[0]
    return pd.DataFrame(table, [f"{code:06d}" for code in range(40)], [f"I{code}" for code in range(5)])


@pytest.fixture(scope="module")
def weights(values):
    return pd.Series([0.4, 0.3, 0.15, 0.1, 0.05], values.columns)


def by_class(counts: pd.DataFrame, last: np.ndarray) -> np.ndarray:
    """Counts of every rank added up by class, column by column."""
    first = [0, *last[:-1]]
    return np.column_stack([counts.iloc[:, start:end].sum(axis=1) for start, end in zip(first, last, strict=True)])


class TestRanksByClasses:
    @pytest.mark.parametrize("method", ["arithmetic", "topsis"])
    @pytest.mark.parametrize("classes", [1, 4, 7, 40, 100])
    @pytest.mark.parametrize("noise", [NOISE, WeightNoise("uniform", half_width=0.25),
                                       WeightNoise("dirichlet", np.inf)])
    def test_intervals_and_chances_are_those_of_the_full_counts(self, values, weights, classes, noise, method):
        told = (noise.concentration, 3, TOP, noise.distribution)
        exact, kept = (weight_uncertainty(values, weights, 1_500, *told, half_width=noise.half_width, method=method,
                                          classes=number) for number in (0, classes))
        pd.testing.assert_frame_equal(kept.ranks, exact.ranks)
        last = kept.counts.columns.to_numpy()
        assert set(TOP) <= set(last) and last[-1] == 40 and kept.counts.columns.name == "rank_to"
        assert (kept.counts.to_numpy() == by_class(exact.counts, last)).all()
        assert (kept.acceptability.sum(axis=1) - 1).abs().max() < 1e-12

    def test_the_number_of_workers_changes_nothing(self, values, weights):
        one, two = (weight_uncertainty(values, weights, 5_000, 20, 1, TOP, workers=workers, classes=8)
                    for workers in (1, 2))
        pd.testing.assert_frame_equal(one.ranks, two.ranks)
        pd.testing.assert_frame_equal(one.counts, two.counts)

    def test_over_all_choices_too_with_refused_and_noiseless_ones(self):
        design = toy_design(30, {3, 11})
        exact, kept = (method_uncertainty(design, 700, 2, TOP, classes=classes) for classes in (0, 6))
        pd.testing.assert_frame_equal(kept.ranks, exact.ranks)
        assert kept.failed == exact.failed > 0
        assert (kept.counts.to_numpy() == by_class(exact.counts, kept.counts.columns.to_numpy())).all()

    def test_kinds_of_noise_compare_the_same(self, values, weights):
        exact, kept = (compare_noises(values, weights, [NOISE, WeightNoise("dirichlet", 40.0)], 500, 1, 10,
                                      classes=classes) for classes in (0, 5))
        pd.testing.assert_frame_equal(kept, exact)

    def test_rows_say_from_which_rank_to_which(self, values, weights):
        rows = weight_uncertainty(values, weights, 400, 20, 1, TOP, classes=4).acceptability_rows()
        assert list(rows) == ["adcode", "rank_from", "rank_to", "share"]
        assert set(zip(rows["rank_from"], rows["rank_to"], strict=True)) <= {
            (1, 3), (4, 10), (11, 20), (21, 30), (31, 40)}
        assert rows.groupby("adcode")["share"].sum().sub(1).abs().max() < 1e-12

    def test_a_rank_is_found_in_its_class(self, values, weights):
        kept = weight_uncertainty(values, weights, 100, 20, 1, TOP, classes=2)
        ranks = pd.Series([1, 3, 4, 10, 11, 20, 21, 40])
        assert kept.columns_of(ranks).tolist() == [3, 3, 10, 10, 20, 20, 40, 40]
        assert (weight_uncertainty(values, weights, 100, 20, 1).columns_of(ranks) == ranks).all()
        assert (kept.quantile(50) == kept.columns_of(kept.ranks["median"])).all()

    @given(cities=st.integers(1, 3_000), classes=st.integers(1, 1_000), top=st.integers(1, 3_000))
    def test_classes_cover_every_rank_once(self, cities, classes, top):
        last = rank_classes(cities, classes, (top,))
        assert last[-1] == cities and (np.diff(last, prepend=0) > 0).all()
        assert np.diff(last, prepend=0).max() <= -(-cities // classes)
        assert top in last or top > cities

    def test_ranks_of_any_number_of_cities_fit(self):
        assert rank_type(2**16 - 1) == np.uint16 and rank_type(2**16) == np.int32

    @pytest.mark.parametrize("lang", ["zh", "en"])
    def test_the_map_of_chances_shows_classes(self, values, weights, lang):
        use_style()
        kept = weight_uncertainty(values, weights, 400, 20, 1, TOP, classes=4)
        base = kept.ranks["median"].rank(method="min").astype(int)
        drawn = acceptability_map(kept.acceptability, base, lang, cut=10).numbers
        table = drawn.pivot(index="base_rank_to", columns="rank_to", values="share").fillna(0)
        assert (table.sum(axis=1) - 1).abs().max() < 0.02  # without cells below 0.1 %
        first = base.index[base <= 3]
        assert table.loc[3, 3] == pytest.approx(kept.acceptability.loc[first, 3].mean())


@pytest.fixture(scope="module")
def settings():
    return load_settings()


@pytest.fixture(scope="module")
def crossing(settings):
    """Four choices with three options each, data and weights among them."""
    found = [replace(factor, options=factor.options[:3]) for factor in read_crossing(settings, read_panel()).factors
             if factor.key in ("missing", "outliers", "objective")]
    return Crossing(settings, (*found, NORMALISATION))


@pytest.fixture(scope="module")
def designs(crossing):
    panel = read_panel()
    noises = [NOISE, WeightNoise("uniform", half_width=0.25)]
    made = []
    for workers in (1, 2):
        stages = Stages(panel)
        made.append((cross(stages, crossing, noises, workers=workers), stages))
    return made


@pytest.mark.long
class TestWorkers:
    def test_any_number_crosses_the_same_cells(self, designs):
        (one, alone), (two, shared) = designs
        assert one.causes == two.causes and alone.announced == shared.announced
        for first, second in zip(one.cells, two.cells, strict=True):
            assert first.indicators == second.indicators and first.noise == second.noise
            assert np.array_equal(first.base, second.base) and np.array_equal(first.group, second.group)
            assert np.array_equal(first.scorer.values, second.scorer.values)
        assert len({id(cell.scorer) for cell in one.cells}) == len({id(cell.scorer) for cell in two.cells})

    def test_any_number_gives_the_same_indices(self, designs):
        design = designs[0][0].with_noise(0)
        one, two = (choice_indices(design, seed=1, workers=workers) for workers in (1, 2))
        for name in ("first", "total", "first_margin", "total_margin"):
            pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))

    def test_a_refusal_is_the_same_refusal(self, settings):
        """Entropy cannot take what leaves every city equal: the workers' message is this process's."""
        panel = read_panel()
        refused = settings.model_copy(update={"treatment": settings.treatment.model_copy(
            update={"indicator_coverage": 1.0}), "indicators": settings.indicators.model_copy(
            update={"exclude": tuple(f"I{code:02d}" for code in range(1, 35))})})
        stages = Stages(panel)
        stages.compute([settings, refused], workers=2)
        with pytest.raises(ValueError) as here:
            Stages(panel).normalised(refused)
        with pytest.raises(ValueError, match=str(here.value)[:20]):
            stages.normalised(refused)

    def test_no_workers_are_none(self, crossing):
        with pytest.raises(SensitivityError, match="workers"):
            cross(Stages(read_panel()), crossing, [NOISE], workers=0)

    def test_results_come_in_the_order_of_the_jobs(self):
        jobs = [(number, 2) for number in range(20)]
        assert list(in_order(pow, jobs, 1)) == list(in_order(pow, jobs, 2)) == [number**2 for number in range(20)]


@pytest.mark.long
class TestIndicesInSum:
    def test_the_mean_shift_alone_is_that_of_all_cities(self, designs):
        for design in (designs[0][0], designs[0][0].with_noise(1)):
            every, alone = (choice_indices(design, seed=4, every_city=each) for each in (True, False))
            assert list(alone.total) == ["mean_shift"]
            pd.testing.assert_frame_equal(alone.of(), every.of())
            assert alone.variance["mean_shift"] == pytest.approx(every.variance["mean_shift"], rel=1e-12)

    def test_without_noise_too(self, crossing):
        design = cross(Stages(read_panel()), crossing, [WeightNoise("dirichlet", np.inf)])
        every, alone = (choice_indices(design, seed=4, every_city=each) for each in (True, False))
        pd.testing.assert_frame_equal(alone.of(), every.of())
