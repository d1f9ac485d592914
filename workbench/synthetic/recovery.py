"""Does the method recover known tiers and domain weights from a panel that was simulated from them?

Recovered weights are compared as shares of influence, weight times standard deviation of what is weighted: domain
scores are in points of min–max values, latent strengths in points of their own, and only influence means the same in
both.

Reference: docs/synthetic.md, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis import implied, sources, study, tiers
from analysis.frames import settle
from analysis.scoring import rank
from analysis.settings import ROOT, Settings, load_settings

from .checks import score_synthetic
from .simulation import SEED, Synthetic, simulate
from .streams import normals
from .tables import read_domain_levels, read_readings

HUNDRED = 100
KNOWN_WEIGHTS = {"D1": 0.30, "D2": 0.05, "D3": 0.20, "D4": 0.10, "D5": 0.25, "D6": 0.10}
TIER_SIZES = (30, 90, 177)
TIER_CENTRES = (75.0, 50.0, 25.0)  # points
WITHIN = 3.0                       # standard deviation within a tier, points
# Largest error of a domain's share of influence that is stated for readings without noise and with 2 % of it.
EXACT_WITHIN, PLAIN_WITHIN = 0.01, 0.08
CASE_NAMES = {"plain_no_noise": ("有界的评分，没有噪声", "bounded scores without noise"),
              "plain": ("有界的评分，噪声占方差 2%", "bounded scores, noise 2% of the variance"),
              "stated_little_noise": ("模型的读法，噪声取其 1/25",
                                      "the model's readings, a twenty-fifth of their noise"),
              "stated": ("模型的读法", "the model's readings")}


@dataclass(frozen=True, eq=False)
class Recovery:
    """weights: by domain the known weight, its share of influence (known), the recovered share (found) and error.
    weight_error: the largest |error|. tier_error: share of cities in another tier than the true one.
    spearman: of the recomputed scores with the true totals, over all cities. study: the recomputation itself."""

    weights: pd.DataFrame
    weight_error: float
    tier_error: float
    spearman: float
    study: study.Study


def separated_tiers(cities: pd.Index, domains: pd.Index, seed: int, sizes: tuple[int, ...] = TIER_SIZES,
                    centres: tuple[float, ...] = TIER_CENTRES,
                    within: float = WITHIN) -> tuple[pd.DataFrame, pd.Series]:
    """Strengths in well-separated tiers (cities × domains, points) and each city's true tier, 1 the best.

    Within a tier the domains vary independently with standard deviation `within`, so that weights can be told apart.
    `sizes` must sum to the number of cities; tiers are dealt out in the order of `cities`.
    """
    if sum(sizes) != len(cities):
        raise ValueError(f"sizes {sizes} sum to {sum(sizes)}, but there are {len(cities)} cities")
    true = pd.Series([number for number, size in enumerate(sizes, 1) for _ in range(size)], cities, name="tier")
    own = normals(seed, "tiers", (len(cities), len(domains)))
    middle = true.map(dict(enumerate(centres, 1))).to_numpy(dtype=float)
    return settle(pd.DataFrame(middle[:, None] + within * own, cities, domains)), true


def plain_readings(readings: pd.DataFrame, noise: float = 0.02) -> pd.DataFrame:
    """The same indicators, each read as a bounded score with little noise: no zeros, tails, gaps or errors."""
    return readings.assign(kind="bounded", centre=50.0, slope=0.25, noise=noise, zeros=0.0, tail=float("nan"),
                           missing=0.0, minimum=0.0, maximum=100.0, planted_factor=float("nan"))


def recover(synthetic: Synthetic, true_tiers: pd.Series, settings: Settings | None = None,
            root: Path = ROOT) -> Recovery:
    """Recompute a panel simulated from known weights and tiers, and compare what comes back.

    Weights: `implied.implied_domain_weights` of the recomputed domain scores, fitted to the true order of the hundred
    largest totals. Tiers: k-means of the domain scores, k as in `true_tiers`.
    """
    settings = settings or load_settings()
    found = score_synthetic(synthetic, settings, root)
    ranks = rank(synthetic.totals)
    hundred = ranks[ranks <= HUNDRED].sort_values()
    fitted = implied.implied_domain_weights(found.domain_scores, hundred).weights
    known = influence(synthetic.weights, synthetic.latent.loc[hundred.index])
    share = influence(fitted, found.domain_scores.loc[hundred.index])
    table = pd.DataFrame({"weight": synthetic.weights, "known": known, "found": share, "error": share - known})
    chosen = settings.tiers
    clustered = tiers.kmeans_tiers(found.domain_scores, true_tiers.nunique(), chosen.seed, chosen.starts)
    return Recovery(settle(table), float(table["error"].abs().max()), float((clustered.tiers != true_tiers).mean()),
                    float(found.scores.corr(synthetic.totals, "spearman")), found)


def influence(weights: pd.Series, values: pd.DataFrame) -> pd.Series:
    """Each column's weight times its standard deviation, as shares summing to 1."""
    product = weights * values.std(ddof=0)
    return product / product.sum()


def case_names(lang: str) -> dict[str, str]:
    """The rows of `recovery_table` in words."""
    return {key: words[lang == "en"] for key, words in CASE_NAMES.items()}


def recovery_table(root: Path = ROOT, seed: int = SEED) -> pd.DataFrame:
    """What comes back of `KNOWN_WEIGHTS` and three separated tiers, from plain readings to those of readings.csv.

    Returns by readings (plain without noise, plain with 2 %, stated with a twenty-fifth of their noise, stated):
    weight_error, tier_error, spearman, as in `Recovery`. No gross errors are planted.
    """
    weights = pd.Series(KNOWN_WEIGHTS)
    latent, true = separated_tiers(sources.read_cities(root).index, read_domain_levels(root).index, seed)
    stated = read_readings(root).assign(planted_factor=float("nan"))
    cases = {"plain_no_noise": (plain_readings(stated, 0), 1.0), "plain": (plain_readings(stated), 1.0),
             "stated_little_noise": (stated, 0.04), "stated": (stated, 1.0)}
    rows = {}
    for name, (readings, noise) in cases.items():
        found = recover(simulate(root, seed, weights, noise=noise, readings=readings, latent=latent), true, root=root)
        rows[name] = {key: getattr(found, key) for key in ("weight_error", "tier_error", "spearman")}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("readings")
