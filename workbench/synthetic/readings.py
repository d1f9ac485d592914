"""Indicator values as noisy readings of a domain's strength: bounded, skewed, sparse, counted or yes/no.

Every indicator reads u, its domain's strength in standard deviations, with noise of its own:
y = √(1 − noise) · u + √noise · ε, with ε normal or, where `tail` is given, Student's t of variance 1. Then by kind:

bounded  100 / (1 + exp(−(logit(centre/100) + slope · y)))            scores and percentages, 0–100
amount   centre · exp(slope · y)                                      money and subscriptions per resident
rate     Poisson(residents · centre/10 000 · exp(slope · y)) per 10 000 residents: overdispersed, coarse in small cities
count    Poisson(centre · exp(slope · y))                             whole numbers
years    centre · exp(slope · (y − y₀)), rounded, 1 to maximum        y₀ the highest y of a city at zero
named    1                                                            on the list

and 0 for the share `zeros` of cities with the lowest y. No reading is a fact about a city; the residents that counts
are divided by are real.

Reference: docs/synthetic.md, section 3; data/raw/synthetic/readings.csv.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import poisson

from analysis.frames import settle

from .streams import heavy_tailed, normals, uniforms

PER = 10_000   # residents that rates are given for
DIGITS = 4     # significant digits of measured values


def read_strengths(latent: pd.DataFrame, readings: pd.DataFrame, domain_of: pd.Series, residents: pd.Series, seed: int,
                   noise: float = 1.0) -> pd.DataFrame:
    """All indicators' readings of the strengths, complete and without errors (cities × indicators).

    latent: cities × domains in points. readings: as `tables.read_readings` gives them. domain_of: by indicator.
    residents: persons by city. noise: factor on every indicator's noise share (shares stay at most 1); 0 leaves only
    the coarseness of counts. Each indicator has its own stream of random numbers.
    """
    standard = (latent - latent.mean()) / latent.std(ddof=0)
    columns = {}
    for code, reading in readings.iterrows():
        propensity = settle(noisy(standard[domain_of[code]], reading, code, seed, noise))
        values = value_of(propensity.to_numpy(), reading, code, residents.to_numpy(), seed)
        columns[code] = np.where(at_zero(propensity.to_numpy(), reading["zeros"]), 0.0, values)
    return pd.DataFrame(columns, index=latent.index)


def noisy(strength: pd.Series, reading: pd.Series, code: str, seed: int, noise: float) -> pd.Series:
    """The propensity y of one indicator: strength and own noise, in standard deviations."""
    share = min(1.0, noise * reading["noise"])
    stream, tail = f"noise {code}", reading["tail"]
    own = normals(seed, stream, len(strength)) if np.isnan(tail) else heavy_tailed(seed, stream, len(strength), tail)
    return np.sqrt(1 - share) * strength + np.sqrt(share) * own


def at_zero(propensity: np.ndarray, share: float) -> np.ndarray:
    """Which cities have nothing: the stated share with the lowest propensity."""
    order = np.argsort(np.argsort(propensity, kind="stable"), kind="stable")
    return order < round(share * len(propensity))


def value_of(propensity: np.ndarray, reading: pd.Series, code: str, residents: np.ndarray, seed: int) -> np.ndarray:
    """One indicator's values by its kind, in the unit of readings.csv; zeros are set by `read_strengths`."""
    kind, centre, slope = reading["kind"], reading["centre"], reading["slope"]
    if kind == "named":
        return np.ones(len(propensity))
    if kind == "bounded":
        return significant(100 * expit(logit(centre / 100) + slope * propensity), DIGITS)
    if kind == "years":
        lowest = propensity[at_zero(propensity, reading["zeros"])].max(initial=propensity.min())
        return np.clip(np.rint(centre * np.exp(slope * (propensity - lowest))), 1, reading["maximum"])
    expected = significant(centre * np.exp(slope * propensity), 2 * DIGITS)
    if kind == "amount":
        return significant(expected, DIGITS)
    chance = uniforms(seed, f"count {code}", len(propensity))
    if kind == "count":
        return poisson.ppf(chance, expected)
    return significant(poisson.ppf(chance, residents * expected / PER) / residents * PER, DIGITS)


def significant(values: np.ndarray, digits: int) -> np.ndarray:
    """Values rounded to so many significant digits, as if written out in decimal."""
    return np.array([float(f"{value:.{digits}g}") for value in values])
