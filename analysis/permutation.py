"""Whether groups of provinces differ, when the cities of a province are no independent cases.

A test that deals out cities to regions one by one takes every city as a case of its own. Here whole provinces are dealt
out, with all their cities: the number of cases is that of the provinces.

Reference: docs/method.md, section 8.3; Good (2005), Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed.;
Phipson & Smyth (2010), doi:10.2202/1544-6115.1585 for (b + 1)/(m + 1).
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from analysis.regions import EAST, RegionError, groups_of, holm

MOST_ENUMERATED = 20_000  # assignments that are all tried; of more a random sample is
ASSIGNMENTS = 99_999
ROUNDING = 1e-12


def whole_province_tests(scores: pd.Series, cities: pd.DataFrame, seed: int = 1, east: str = EAST) -> pd.DataFrame:
    """The East against each other region of the bureau, whole provinces dealt out instead of single cities.

    Parameters: scores by city without missing values; the roster with `nbs_region` and `province`, each province in one
    region. For each region: among its provinces and the East's, as many as the East has are called East in every
    possible way (up to 20,000 ways; of more, 99,999 random ones, seeded). The statistic is that of
    `regions.east_west_tests`, the chance that a city called East outscores one of the others, a tie counting half;
    p is the share of ways in which it is at least as far from one half as in fact, the real one included, for random
    ways (b + 1)/(m + 1).

    Returns a frame by region: provinces_east, provinces_other, superiority, assignments (ways tried), exact (all of
    them), p, p_holm. Raises RegionError for missing scores, a province in two regions, or nothing to compare with.
    """
    if scores.isna().any():
        raise RegionError(f"cities without a score: {', '.join(scores.index[scores.isna()])}; treat them first")
    roster = cities.loc[scores.index, ["nbs_region", "province"]]
    region = roster.drop_duplicates().set_index("province")["nbs_region"]
    if region.index.has_duplicates:
        raise RegionError(f"provinces in two regions: {', '.join(region.index[region.index.duplicated()])}")
    present = [name for name in groups_of(cities, "nbs_region") if (region == name).any()]
    if east not in present or len(present) < 2:
        raise RegionError(f"the tests need scored cities in {east} and in one more region; check nbs_region")
    rows = {}
    for number, name in enumerate(name for name in present if name != east):
        provinces = [*region.index[region == east], *region.index[region == name]]
        samples = [scores[roster["province"] == province].to_numpy(dtype=float) for province in provinces]
        eastern = int((region == east).sum())
        found = superiorities(samples, eastern, np.random.SeedSequence(seed, spawn_key=(number,)))
        actual, tried = found[0], found[1:]
        far = int((np.abs(tried - 0.5) >= abs(actual - 0.5) - ROUNDING).sum())
        exact = len(tried) == comb(len(samples), eastern)
        rows[name] = {"provinces_east": eastern, "provinces_other": len(samples) - eastern, "superiority": actual,
                      "assignments": len(tried), "exact": exact,
                      "p": far / len(tried) if exact else (far + 1) / (len(tried) + 1)}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")
    return table.assign(p_holm=holm(table["p"]))


def superiorities(samples: list[np.ndarray], first: int, seed: np.random.SeedSequence) -> np.ndarray:
    """The chance that a value of the chosen samples exceeds one of the others: of the first `first` samples, then of
    every way to choose as many (or of random ways, where there are too many)."""
    wins = np.array([[np.greater.outer(x, y).sum() + np.equal.outer(x, y).sum() / 2 for y in samples] for x in samples])
    sizes, count = np.array([len(sample) for sample in samples]), len(samples)
    actual = np.arange(count) < first
    if comb(count, first) <= MOST_ENUMERATED:
        chosen = np.zeros((comb(count, first), count), dtype=bool)
        picked = np.array(list(combinations(range(count), first)))
        np.put_along_axis(chosen, picked, True, axis=1)
    else:
        order = np.random.default_rng(seed).random((ASSIGNMENTS, count)).argsort(axis=1)
        chosen = order < first
    ways = np.vstack([actual, chosen]).astype(float)
    inside = ways @ sizes
    return ((ways @ wins) * (1 - ways)).sum(axis=1) / (inside * (sizes.sum() - inside))
