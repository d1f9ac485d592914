"""How many tiers: every criterion beside the others, without an overall verdict.

Reference: docs/method.md, section 7.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .assignment import TiersError, check_k, checked_frame, kmeans_tiers
from .lloyd import batched_kmeans

STARTS = 10    # k-means++ starts for each reference and each resample; the partition of the data itself gets n_init
FEWER_STARTS = 3, 1_000  # of more than a thousand cities
WHOLE_UP_TO = 5_000  # cities; of more the distances are made in blocks, for all numbers of tiers at once
BLOCK = 512          # cities
STABLE = 0.75  # Hennig (2007): a mean Jaccard similarity from here on marks a stable cluster

CRITERIA = ("inertia", "silhouette", "calinski_harabasz", "gap", "gap_error",
            "jaccard_mean", "jaccard_least", "rand_mean")
RULES = {
    "silhouette": ("平均轮廓系数最大", "largest mean silhouette width"),
    "calinski_harabasz": ("Calinski–Harabasz 指数最大", "largest Calinski–Harabasz index"),
    "gap": ("最小的 k，使 Gap(k) ≥ Gap(k+1) − s(k+1)", "smallest k with Gap(k) ≥ Gap(k+1) − s(k+1)"),
    "stability": ("最大的 k，其最不稳定层级的平均 Jaccard 相似度不低于 0.75",
                  "largest k whose least stable tier has a mean Jaccard similarity of at least 0.75"),
}


@dataclass(frozen=True)
class TierChoice:
    """What each criterion says about the number of tiers.

    criteria: one row for each k, columns inertia (least sum of squares found), silhouette (mean width, −1 to 1),
    calinski_harabasz, gap, gap_error (s_k), jaccard_mean and jaccard_least (mean over the tiers, and the least
    stable tier, of Hennig's cluster-wise stability, 0 to 1), rand_mean (mean adjusted Rand index between the partition
    and that of the resamples, about 0 for chance, 1 for the same). The row k = 1 is there for the gap statistic, which
    alone can say that there are no tiers at all; its other criteria are not defined and NaN.
    recommended: by criterion, columns k (missing where the rule is never met), rule_zh, rule_en.
    """

    criteria: pd.DataFrame
    recommended: pd.DataFrame


def choose_k(values: pd.DataFrame | pd.Series, ks: Iterable[int] = range(2, 9), seed: int = 1, n_init: int = 100,
             references: int = 50, resamples: int = 50) -> TierChoice:
    """What the silhouette, the Calinski–Harabasz index, the gap statistic and bootstrap stability say about k.

    values: cities × scores, as for `kmeans_tiers`, which makes the partition for each k of ks (2 or more; n_init
    starts). references: uniform data sets of the gap statistic, over a box along the principal components of the data.
    resamples: bootstrap resamples of the cities. References and resamples get 10 starts each, 3 of more than 1,000
    cities; on 297 × 5 uniform data
    that leaves the mean of log W* above the best of 100 starts by 0.0004 (k = 3) to 0.006 (k = 8), a fifth of s_k at
    most. The gap rule compares each k with the next one computed. The same seed gives the same answer, and the answer
    for one k does not depend on the other ks. Raises TiersError.

    Reference: docs/method.md, section 7.3; Rousseeuw, P. J. (1987), Silhouettes, Journal of Computational and Applied
    Mathematics 20, 53–65; Caliński, T. & Harabasz, J. (1974), A dendrite method for cluster analysis, Communications
    in Statistics 3(1), 1–27; Tibshirani, R., Walther, G. & Hastie, T. (2001), Estimating the number of clusters in a
    data set via the gap statistic, Journal of the Royal Statistical Society B 63(2), 411–423; Hennig, C. (2007),
    Cluster-wise assessment of cluster stability, Computational Statistics & Data Analysis 52(1), 258–271.
    """
    frame = checked_frame(values)
    points = frame.to_numpy() - frame.to_numpy().mean(axis=0)
    ks = sorted({1, *ks})
    if len(ks) < 2:
        raise TiersError("ks is empty; name at least one number of tiers of 2 or more")
    for k in ks:
        check_k(k, len(np.unique(points, axis=0)) - 1, "cities less one")
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in one order: the same bits on every run
        criteria = all_criteria(frame, points, ks, seed, n_init, references, resamples)
    return TierChoice(criteria, recommend(criteria))


def all_criteria(
    frame: pd.DataFrame, points: np.ndarray, ks: list[int], seed: int, n_init: int, references: int, resamples: int
) -> pd.DataFrame:
    """The criteria of each k; every k has its own random streams, so that it does not depend on the other ks."""
    def stream(purpose: int, k: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, k)))

    from scipy.spatial.distance import cdist
    from sklearn.metrics import calinski_harabasz_score, silhouette_score

    # by differences: scikit-learn's own distances lose digits between cities that are close
    distances = cdist(points, points) if len(points) <= WHOLE_UP_TO else None
    boxes = reference_sets(points, references, stream(0, 0))
    drawn = stream(1, 0).multinomial(len(points), np.full(len(points), 1 / len(points)), size=resamples)
    rows, partitions = {}, {}
    for k in ks:
        base = kmeans_tiers(frame, k, seed, n_init)
        labels = base.tiers.to_numpy() - 1
        rows[k] = {"inertia": base.inertia} | gap(base.inertia, boxes, k, stream(2, k))
        if k > 1:
            partitions[k] = labels
            if distances is not None:
                rows[k]["silhouette"] = silhouette_score(distances, labels, metric="precomputed")
            rows[k]["calinski_harabasz"] = calinski_harabasz_score(points, labels)
            rows[k] |= stability(points, labels, drawn, k, stream(3, k))
    if distances is None:
        for k, silhouette in silhouettes_in_blocks(points, partitions).items():
            rows[k]["silhouette"] = silhouette
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("k")[list(CRITERIA)]


def silhouettes_in_blocks(points: np.ndarray, partitions: Mapping[int, np.ndarray]) -> dict[int, float]:
    """The mean silhouette width of several partitions (labels 0…k − 1 by k), exactly, without all distances in memory.

    The distances of some cities to all are made once and summed by tier, for all partitions together; a city that is a
    tier by itself counts 0.
    """
    from scipy.spatial.distance import cdist

    members = {k: (labels[:, None] == np.arange(k)).astype(float) for k, labels in partitions.items()}
    totals = dict.fromkeys(partitions, 0.0)
    for first in range(0, len(points), BLOCK):
        distances = cdist(points[first:first + BLOCK], points)
        for k, of_tier in members.items():
            sums, sizes, own = distances @ of_tier, of_tier.sum(axis=0), partitions[k][first:first + BLOCK]
            rows = np.arange(len(own))
            within = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
            means = sums / sizes
            means[rows, own] = np.inf
            between = means.min(axis=1)
            widths = (between - within) / np.maximum(np.maximum(within, between), np.finfo(float).tiny)
            totals[k] += widths[sizes[own] > 1].sum()
    return {k: total / len(points) for k, total in totals.items()}


def reference_sets(points: np.ndarray, references: int, generator: np.random.Generator) -> np.ndarray:
    """Uniform data sets (references × n × d) over the box of the data along their principal components.

    They stay in the rotated coordinates: k-means sees distances only.
    """
    _, _, components = np.linalg.svd(points, full_matrices=False)
    rotated = points @ components.T
    low, high = rotated.min(axis=0), rotated.max(axis=0)
    return low + (high - low) * generator.random((references, *rotated.shape)) - (low + high) / 2


def starts_for(cities: int) -> int:
    """How many starts each reference and each resample gets."""
    return STARTS if cities <= FEWER_STARTS[1] else FEWER_STARTS[0]


def gap(inertia: float, boxes: np.ndarray, k: int, generator: np.random.Generator) -> dict[str, float]:
    """Gap(k) = mean log W* − log W and its error s_k = sd(log W*) · sqrt(1 + 1/B)."""
    if k == 1:
        reference = ((boxes - boxes.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))
    else:
        _, reference = batched_kmeans(boxes, np.ones(boxes.shape[:2]), k, generator, starts_for(boxes.shape[1]))
    logarithms = np.log(reference)
    with np.errstate(divide="ignore"):  # a perfect fit has inertia 0 and an infinite gap
        return {"gap": float(logarithms.mean() - np.log(inertia)),
                "gap_error": float(logarithms.std() * np.sqrt(1 + 1 / len(boxes)))}


def stability(
    points: np.ndarray, labels: np.ndarray, drawn: np.ndarray, k: int, generator: np.random.Generator
) -> dict[str, float]:
    """How well the tiers are recovered when cities are resampled (drawn: resamples × cities, times each was drawn).

    Both indices count every drawn city once. A resample without any city of a tier is left out of the mean of that
    tier; a tier that is in no resample has the value NaN.
    """
    from sklearn.metrics import adjusted_rand_score

    again, _ = batched_kmeans(points[None], drawn.astype(float), k, generator, starts_for(len(points)))
    present = drawn > 0
    found = ((again[:, :, None] == np.arange(k)) & present[:, :, None]).astype(float)
    base = (labels[:, None] == np.arange(k)).astype(float)
    common = found.transpose(0, 2, 1) @ base                      # resamples × found tiers × base tiers
    found_sizes, base_sizes = common.sum(axis=2), common.sum(axis=1)
    jaccard = (common / np.maximum(found_sizes[:, :, None] + base_sizes[:, None, :] - common, 1)).max(axis=1)
    informative = base_sizes > 0
    seen = informative.sum(axis=0)
    by_tier = np.where(seen > 0, (jaccard * informative).sum(axis=0) / np.maximum(seen, 1), np.nan)
    rand = [adjusted_rand_score(labels[here], tiers[here]) for here, tiers in zip(present, again, strict=True)]
    return {"jaccard_mean": float(by_tier.mean()), "jaccard_least": float(by_tier.min()),
            "rand_mean": float(np.mean(rand))}


def recommend(criteria: pd.DataFrame) -> pd.DataFrame:
    """The k that each criterion's rule picks, with the rule."""
    ks = criteria.index.to_numpy()
    gaps, errors = criteria["gap"].to_numpy(), criteria["gap_error"].to_numpy()
    enough = ks[:-1][gaps[:-1] >= gaps[1:] - errors[1:]]
    stable = ks[(criteria["jaccard_least"] >= STABLE).to_numpy()]
    picks = {
        "silhouette": criteria["silhouette"].idxmax(),
        "calinski_harabasz": criteria["calinski_harabasz"].idxmax(),
        "gap": enough[0] if len(enough) else pd.NA,
        "stability": stable[-1] if len(stable) else pd.NA,
    }
    frame = pd.DataFrame.from_dict(RULES, orient="index", columns=["rule_zh", "rule_en"]).rename_axis("criterion")
    frame.insert(0, "k", pd.array([picks[name] for name in frame.index], dtype="Int64"))
    return frame
