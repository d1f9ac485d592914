"""A worked finding: where one factor drives all domains, the hundred hardly depends on the weights.

It rests on a model, not on the white paper's figures, which are not published. It says what the overlap of the
published lists implies under that model, and why agreement with the published hundred says little about the weights
behind it.

Reference: docs/synthetic.md, section 6.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .simulation import SEED
from .streams import normals, uniforms
from .tables import Published

CITIES, DOMAINS, TOP = 297, 6, 100
SHARES = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
CALIBRATION_GRID = (0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995)


def random_weights(draws: int, parts: int, seed: int) -> np.ndarray:
    """Weights drawn evenly from the simplex (a flat Dirichlet; draws × parts, rows summing to 1)."""
    gaps = -np.log(uniforms(seed, "weights", (draws, parts)))
    return gaps / gaps.sum(axis=1, keepdims=True)


def largest(scores: np.ndarray, top: int) -> np.ndarray:
    """Which entries of each row are among its `top` (1 or more) largest (booleans; equal values by position)."""
    cut = np.partition(scores, -top, axis=-1)[..., -top, None]
    chosen = scores >= cut
    crowded = chosen.sum(axis=-1) > top  # several at the cut: the first of them
    if crowded.any():
        above, at_cut = scores[crowded] > cut[crowded], scores[crowded] == cut[crowded]
        chosen[crowded] = above | (at_cut & (at_cut.cumsum(axis=-1) <= top - above.sum(axis=-1, keepdims=True)))
    return chosen


def overlap_under_weights(strengths: pd.DataFrame, reference: pd.Index, draws: int = 2000,
                          seed: int = SEED) -> np.ndarray:
    """How many cities of `reference` are among as many best under each of `draws` random weightings of the columns.

    strengths: cities × domains in one unit, without gaps. Weights are drawn evenly from the simplex, so equal weights
    are the middle and a single domain the corners.
    """
    values = np.round(strengths.to_numpy() @ random_weights(draws, strengths.shape[1], seed).T, 9).T
    return largest(values, len(reference))[:, strengths.index.isin(reference)].sum(axis=1)


def one_factor(general: float, panels: int, seed: int) -> np.ndarray:
    """Standard strengths under the one-factor model (panels × cities × domains): √general · g + √(1 − general) · e."""
    common = normals(seed, "freedom general", (panels, CITIES, 1))
    own = normals(seed, "freedom own", (panels, CITIES, DOMAINS))
    return np.sqrt(general) * common + np.sqrt(1 - general) * own


def hundred_by_general_share(shares: tuple[float, ...] = SHARES, panels: int = 40, draws: int = 250,
                             seed: int = SEED) -> pd.DataFrame:
    """How much of the hundred by equal weights stays under random weights, as the general factor's share grows.

    For each share `panels` sets of 297 cities × 6 domains and `draws` weightings each, drawn evenly from the simplex.
    Returns by general: mean, low (5th percentile) and least number of cities kept, of 100; domain_mean: how many of the
    hundred are also among the hundred of a single domain (the overlap that printed lists would show); chance: 100²/297.
    """
    weights, rows = random_weights(draws, DOMAINS, seed), {}
    for general in shares:
        strengths = one_factor(general, panels, seed)
        hundred = largest(strengths.mean(axis=2), TOP)
        kept = kept_of(hundred, strengths @ weights.T)
        single = kept_of(hundred, strengths)
        rows[general] = {"mean": kept.mean(), "low": np.quantile(kept, 0.05), "least": kept.min(),
                         "domain_mean": single.mean(), "chance": TOP**2 / CITIES}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("general")


def kept_of(hundred: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How many of each panel's hundred (panels × cities) are among the hundred by each column of scores."""
    return (largest(np.swapaxes(scores, 1, 2), TOP) & hundred[:, None, :]).sum(axis=2)


def list_overlaps(published: Published) -> pd.Series:
    """Share of each list's known members that are in the hundred, by domain (0–1)."""
    return pd.Series({domain: float(members.isin(published.ranks.index).mean())
                      for domain, members in published.members.items()}, name="overlap")


def general_share_of_lists(published: Published, panels: int = 40, seed: int = SEED) -> pd.Series:
    """The general factor's share at which lists overlap the hundred as much as the printed ones do.

    Under the one-factor model with equal domain weights; found by interpolation between simulated overlaps. Returns by
    domain the share that its own list would imply, and `mean`, that of the mean overlap. A list can overlap for other
    reasons (common data, common authors), so this describes the lists and does not explain them.
    """
    table = hundred_by_general_share(CALIBRATION_GRID, panels, 1, seed)
    overlaps = list_overlaps(published)
    overlaps["mean"] = overlaps.mean()
    found = np.interp(overlaps * TOP, table["domain_mean"], table.index)
    return pd.Series(found, overlaps.index, name="general")
