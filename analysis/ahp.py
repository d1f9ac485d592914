"""The analytic hierarchy process: weights from judgements "how many times more important is this than that".

Reference: docs/method.md, section 4.5; Saaty (1977), doi:10.1016/0022-2496(77)90033-5; Saaty (1980), The Analytic
Hierarchy Process; Crawford & Williams (1985), doi:10.1016/0022-2496(85)90002-1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.validation import named, numeric_table

# Mean consistency index of random reciprocal matrices on the scale 1/9…9: Saaty (1980), p. 21, for n = 1…15.
RANDOM_INDEX = {1: 0.0, 2: 0.0, 3: 0.58, 4: 0.90, 5: 1.12, 6: 1.24, 7: 1.32, 8: 1.41, 9: 1.45, 10: 1.49,
                11: 1.51, 12: 1.48, 13: 1.56, 14: 1.57, 15: 1.59}
# Printed reciprocals are rounded: 1/8 as 0.13 gives 8 × 0.13 = 1.04. Two decimals pass, 0.25 against 3 does not.
RECIPROCITY_TOLERANCE = 0.05


class UnusableJudgements(ValueError):
    """A judgement matrix that cannot be used; the message names the pair, the value and the remedy."""


@dataclass(frozen=True, eq=False)
class Priorities:
    """What a judgement matrix implies: weights (Series by element, summing to 1) and the judgements' consistency."""

    weights: pd.Series
    lambda_max: float
    consistency_index: float
    consistency_ratio: float
    method: str


@dataclass(frozen=True)
class Triad:
    """Three elements whose judgements agree least: a_ij · a_jk and a_ik differ by `factor` ≥ 1.

    `pair` is the one judgement of the three to look at first, read "pair[0] over pair[1]"; `judgement` is its value
    (≥ 1), `repair` the value that makes the triad transitive, `consistency_ratio` what the matrix would then have.
    """

    elements: tuple
    factor: float
    pair: tuple
    judgement: float
    repair: float
    consistency_ratio: float


def ahp_weights(matrix: pd.DataFrame | Sequence, method: str = "eigenvector",
                random_index: Mapping[int, float] = RANDOM_INDEX) -> Priorities:
    """Weights and consistency of one complete judgement matrix.

    Parameters
    ----------
    matrix : square and positive, a_ij = how many times element i is more important than j; a frame labelled alike on
        both sides, or any array (labels 0…n−1). a_ij · a_ji may miss 1 by up to 0.05, the rounding of printed
        reciprocals (0.33 beside 3); the entry above 1 is then kept and its partner made its exact reciprocal.
    method : "eigenvector" (Saaty's principal right eigenvector) or "geometric_mean" (of rows; logarithmic least
        squares). The two agree for n ≤ 3 and for consistent matrices.
    random_index : mean consistency index of random matrices by n; the default ends at n = 15.

    Returns Priorities. λmax is the principal eigenvalue of the matrix under either method, because consistency belongs
    to the judgements and not to the way of averaging them; CI = (λmax − n) / (n − 1), CR = CI / RI, both 0 for n ≤ 2.

    Raises UnusableJudgements: not square, labels that differ, missing, not positive, a diagonal that is not 1, a pair
    that is not reciprocal, an n without random index.

    >>> result = ahp_weights([[1, 2], [1 / 2, 1]])
    >>> result.weights.round(6).tolist(), result.consistency_ratio
    ([0.666667, 0.333333], 0.0)
    """
    judgements = judgement_matrix(matrix)
    n = len(judgements)
    if n > 2 and n not in random_index:
        raise UnusableJudgements(f"no random index for {n} elements (largest {max(random_index)}); group them into a "
                                 "further level of the hierarchy, or give random_index")
    lambda_max, eigenvector = _principal(judgements.to_numpy())
    if method == "eigenvector":
        weights = eigenvector
    elif method == "geometric_mean":
        means = np.exp(np.log(judgements.to_numpy()).mean(axis=1))
        weights = means / means.sum()
    else:
        raise ValueError(f"unknown AHP method {method!r}; use 'eigenvector' or 'geometric_mean'")
    index = (lambda_max - n) / (n - 1) if n > 2 else 0.0
    ratio = index / random_index[n] if n > 2 else 0.0
    return Priorities(pd.Series(weights, judgements.index, name="weight"), lambda_max, index, ratio, method)


def worst_triad(matrix: pd.DataFrame | Sequence) -> Triad | None:
    """The three elements that most violate a_ij · a_jk = a_ik, and the single judgement that would repair them.

    It is the judgement of the three whose replacement lowers the matrix's consistency ratio most; the repair may lie
    outside 1/9…9. Of equal triads the first in label order is taken. Returns None for fewer than three elements.
    Reference: Koczkodaj (1993), doi:10.1016/0895-7177(93)90059-8; his index of the triad is 1 − 1/factor.

    >>> round(worst_triad([[1, 2, 8], [1 / 2, 1, 2], [1 / 8, 1 / 2, 1]]).factor, 6)  # 8 against 2 · 2
    2.0
    """
    judgements = judgement_matrix(matrix)
    if len(judgements) < 3:
        return None
    logs, labels = np.log(judgements.to_numpy()), judgements.index
    triads = np.array(list(combinations(range(len(labels)), 3)))
    i, j, k = triads.T
    errors = logs[i, j] + logs[j, k] - logs[i, k]
    worst = int(np.argmax(np.abs(errors).round(12)))
    i, j, k = (int(position) for position in triads[worst])
    error = errors[worst]
    repairs = []
    for row, column, change in ((i, j, -error), (j, k, -error), (i, k, error)):
        repaired = logs.copy()
        repaired[row, column] += change
        repaired[column, row] -= change
        ratio = ahp_weights(np.exp(repaired)).consistency_ratio
        upwards = (row, column) if logs[row, column] >= 0 else (column, row)
        repairs.append((round(ratio, 12), upwards, repaired))
    ratio, (row, column), repaired = min(repairs, key=lambda candidate: candidate[0])
    return Triad((labels[i], labels[j], labels[k]), float(np.exp(abs(error))), (labels[row], labels[column]),
                 float(judgements.iat[row, column]), float(np.exp(repaired[row, column])), ratio)


def complete_judgements(matrix: pd.DataFrame | Sequence) -> pd.DataFrame:
    """Fill the missing pairs of a judgement matrix by logarithmic least squares.

    The weights w minimise Σ (ln a_ij − ln w_i + ln w_j)² over the judged pairs; each missing a_ij becomes w_i / w_j and
    the judged entries are kept: the optimal completion of Bozóki, Fülöp & Rónyai (2010), doi:10.1016/j.mcm.2010.02.047.
    The geometric-mean weights of the result are w. A pair given on one side only counts as judged.

    Returns a complete reciprocal frame. Raises UnusableJudgements when the judged pairs do not link all elements,
    because the weights are then not determined; the message lists the groups that no judgement connects.

    >>> complete_judgements([[1, 2, np.nan], [np.nan, 1, 3], [np.nan, np.nan, 1]]).round(6).iloc[0].tolist()
    [1.0, 2.0, 6.0]
    """
    judgements = judgement_matrix(matrix, missing_allowed=True)
    known = judgements.notna().to_numpy()
    _refuse_unconnected(known, judgements.index)
    logs = np.log(judgements.to_numpy(), where=known, out=np.zeros(known.shape))
    laplacian = np.diag(known.sum(axis=1)) - known.astype(float)
    log_weights = np.zeros(len(judgements))
    log_weights[1:] = np.linalg.solve(laplacian[1:, 1:], logs.sum(axis=1)[1:])
    ratios = pd.DataFrame(np.exp(log_weights[:, None] - log_weights), judgements.index, judgements.columns)
    return judgements.where(known, ratios)


def group_judgements(matrices: Sequence | Mapping, weights: Sequence | Mapping | None = None) -> pd.DataFrame:
    """The judgements of a group: the element-wise, optionally weighted, geometric mean of its members' matrices.

    `matrices` is a list, or a dict by expert; `weights` matches it (equal by default; rescaled to sum to one). The
    geometric mean is the average that keeps reciprocals reciprocal: Aczél & Saaty (1983),
    doi:10.1016/0022-2496(83)90028-7.

    Raises UnusableJudgements for no matrix, differing labels, a matrix that is not complete.

    >>> group_judgements([[[1, 2], [1 / 2, 1]], [[1, 8], [1 / 8, 1]]]).round(6).iloc[0].tolist()
    [1.0, 4.0]
    """
    experts = list(matrices) if isinstance(matrices, Mapping) else list(range(len(matrices)))
    if not experts:
        raise UnusableJudgements("no judgement matrix to average; give at least one")
    frames = {expert: judgement_matrix(matrices[expert]) for expert in experts}
    labels = frames[experts[0]].index
    for expert, frame in frames.items():
        if set(frame.index) != set(labels):
            raise UnusableJudgements(f"expert {expert} compares {named(frame.index)}, expert {experts[0]} "
                                     f"{named(labels)}; all must compare the same elements")
    shares = _expert_shares(experts, weights)
    logs = sum(share * np.log(frames[expert].loc[labels, labels].to_numpy()) for expert, share in shares.items())
    return pd.DataFrame(np.exp(logs), labels, labels)


def judgement_matrix(matrix: pd.DataFrame | Sequence, missing_allowed: bool = False) -> pd.DataFrame:
    """A judgement matrix checked and made exactly reciprocal, columns in the order of the rows.

    Raises UnusableJudgements as `ahp_weights` says; with `missing_allowed` unjudged pairs stay NaN.
    """
    frame = pd.DataFrame(matrix) if not isinstance(matrix, pd.DataFrame) else matrix
    if frame.shape[0] != frame.shape[1]:
        raise UnusableJudgements(f"the judgement matrix has {frame.shape[0]} rows and {frame.shape[1]} columns; "
                                 "it must be square")
    frame = numeric_table(frame, missing_allowed=True, row="judgement of", column="over", error=UnusableJudgements)
    if set(frame.index) != set(frame.columns):
        raise UnusableJudgements(f"rows {named(frame.index)} and columns {named(frame.columns)} of the judgement "
                                 "matrix differ; label both sides alike")
    if not frame.columns.equals(frame.index):
        frame = frame[list(frame.index)]
    values = frame.to_numpy(copy=True)
    if missing_allowed:
        values = np.where(np.isnan(values), 1 / values.T, values)
        np.fill_diagonal(values, np.where(np.isnan(np.diag(values)), 1.0, np.diag(values)))
    _refuse_pairs(values, frame.index, missing_allowed)
    # The larger entry of a pair carries the judgement; its printed reciprocal carries the rounding.
    exact = np.where(values == values.T, 1.0, np.where(values > values.T, values, 1 / values.T))
    return pd.DataFrame(np.where(np.isnan(values), np.nan, exact), frame.index, frame.columns)


def _refuse_pairs(values: np.ndarray, labels: pd.Index, missing_allowed: bool) -> None:
    """Raise UnusableJudgements for the first missing, non-positive, off-diagonal or non-reciprocal pair."""
    complaints = [
        (np.isnan(values) & (not missing_allowed), "is missing; fill it with complete_judgements or ask the expert"),
        (values <= 0, "is not positive; a judgement is a ratio above 0"),
        (np.eye(len(values), dtype=bool) & ~(np.abs(values - 1) <= 1e-9), "must be 1 on the diagonal"),
        (np.abs(values * values.T - 1) > RECIPROCITY_TOLERANCE, "is not the reciprocal of the opposite judgement"),
    ]
    for offending, complaint in complaints:
        rows, columns = np.nonzero(offending)
        if rows.size:
            row, column = rows[0], columns[0]
            raise UnusableJudgements(f"judgement {labels[row]} over {labels[column]} = {values[row, column]:g} "
                                     f"(opposite: {values[column, row]:g}) {complaint}")


def _principal(values: np.ndarray) -> tuple[float, np.ndarray]:
    """Principal eigenvalue and its eigenvector scaled to sum to one (Perron: real, positive, unique)."""
    eigenvalues, eigenvectors = np.linalg.eig(values)
    largest = int(np.argmax(eigenvalues.real))
    vector = np.abs(eigenvectors[:, largest].real)
    # λmax ≥ n for every reciprocal matrix; rounding may land just below.
    return max(float(eigenvalues[largest].real), float(len(values))), vector / vector.sum()


def _refuse_unconnected(known: np.ndarray, labels: pd.Index) -> None:
    """Raise UnusableJudgements with the groups of elements that no chain of judgements links."""
    linked = known
    for _ in range(len(labels).bit_length()):
        linked = linked @ linked
    groups = list(dict.fromkeys(tuple(labels[row]) for row in linked))
    if len(groups) > 1:
        listed = " | ".join(named(group) for group in groups)
        raise UnusableJudgements(f"no judgement links the groups {listed}; add one between each two of them")


def _expert_shares(experts: list, weights: Sequence | Mapping | None) -> dict:
    """Each expert's share of the group, summing to one."""
    if weights is None:
        return dict.fromkeys(experts, 1 / len(experts))
    given = dict(weights) if isinstance(weights, Mapping) else dict(zip(experts, weights, strict=False))
    size = len(given) if isinstance(weights, Mapping) else len(weights)
    if set(given) != set(experts) or size != len(experts):
        raise UnusableJudgements(f"weights for {named(given)} do not match the experts {named(experts)}")
    total = float(sum(given.values()))
    if not (total > 0 and np.isfinite(total) and min(given.values()) >= 0):
        raise UnusableJudgements("experts' weights must be finite, not negative and not all zero")
    return {expert: float(given[expert]) / total for expert in experts}
