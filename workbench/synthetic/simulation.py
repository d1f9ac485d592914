"""The synthetic edition in one call: strengths, readings, gaps and gross errors, held against the published facts.

合成数据，非真实评价结果。Simulated data: nothing here is a fact about a city.

Reference: docs/synthetic.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import framework, sources
from analysis.frames import settle
from analysis.settings import ROOT

from .facts import compare_facts
from .flaws import missing_cells, plant_errors
from .readings import read_strengths
from .strengths import draw_latent
from .tables import read_domain_levels, read_published, read_readings, read_residents

SEED = 20201218  # the paper's date
GENERAL = 0.95   # the share at which lists overlap the hundred as published: `weight_freedom.general_share_of_lists`


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A simulated panel and the truth behind it.

    values: cities × 34 indicators in the units of readings.csv, NaN where missing, gross errors included. latent:
    cities × 6 domains, strengths in points (0–100). totals: by city, the weighted mean of the strengths. weights: by
    domain.
    planted: the gross errors with their true values. facts, misses: as `facts.compare_facts` says of latent and totals.
    imputed: by domain the members this model gave to list places whose names are lost. seed, general, noise: its
    choices.
    """

    values: pd.DataFrame
    latent: pd.DataFrame
    totals: pd.Series
    weights: pd.Series
    planted: pd.DataFrame
    facts: pd.DataFrame
    misses: pd.DataFrame
    imputed: dict[str, pd.Index]
    seed: int
    general: float
    noise: float


def simulate(root: Path = ROOT, seed: int = SEED, weights: pd.Series | None = None, general: float = GENERAL,
             noise: float = 1.0, readings: pd.DataFrame | None = None, latent: pd.DataFrame | None = None) -> Synthetic:
    """Simulate all 34 indicators for the cities of the roster, conditioned on what the white paper publishes.

    weights: domain weights of the latent total, by domain code, made to sum to 1 (default equal: the paper's are not
    known). general: the general factor's share of the variance of domain strengths, 0–1. noise: factor on the
    indicators' own noise. readings: another table of readings (default readings.csv). latent: strengths to read instead
    of drawing and conditioning them (cities × domains; for tests of recovery).
    The same arguments give the same panel. Raises ValueError for weights of other domains or below 0.
    """
    levels, published, cities = read_domain_levels(root), read_published(root), sources.read_cities(root)
    table = read_readings(root) if readings is None else readings
    share = domain_shares(weights, levels.index)
    imputed: dict[str, pd.Index] = {}
    if latent is None:
        latent, members = draw_latent(published, cities.index, levels, share, general, seed)
        imputed = {domain: members[domain].difference(published.members[domain]) for domain in published.open_places}
    totals = settle((latent @ share).rename("total"))
    domain_of = framework.ancestor(framework.read_framework(root), "domain")
    values = read_strengths(latent, table, domain_of, read_residents(root), seed, noise)
    values = values.mask(missing_cells(latent, table, domain_of, seed))
    values, planted = plant_errors(values, table, cities["name"], seed)
    facts, misses = compare_facts(totals, latent, published, cities["name"])
    return Synthetic(values, latent, totals, share, planted, facts, misses, imputed, seed, general, noise)


def domain_shares(weights: pd.Series | None, domains: pd.Index) -> pd.Series:
    """Domain weights summing to 1, equal ones by default; other domains or negative weights are refused."""
    if weights is None:
        return pd.Series(1 / len(domains), domains, name="weight")
    if set(weights.index) != set(domains) or not (weights >= 0).all() or not weights.sum() > 0:
        raise ValueError(f"weights = {weights.to_dict()}: give each of {', '.join(domains)} a weight of 0 or more")
    return (weights / weights.sum()).reindex(domains).rename("weight")
