"""How much each indicator counts: weights from the data, from judgements, and their combination.

Weights are a Series by indicator, not negative, summing to one. The analytic hierarchy process is in `ahp`, weights
along the tree of domains in `hierarchy`; both can be imported from here as well.

Reference: docs/method.md, section 4.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.ahp import (
    RANDOM_INDEX,
    Priorities,
    Triad,
    UnusableJudgements,
    ahp_weights,
    complete_judgements,
    group_judgements,
    judgement_matrix,
    worst_triad,
)
from analysis.hierarchy import (
    InconsistentJudgements,
    given_weights,
    nested_table,
    nested_weights,
    restrict_to_measured,
    tree_weights,
)
from analysis.validation import (
    UnusableValues,
    UnusableWeights,
    named,
    numeric_table,
    refuse_constant,
    same_labels,
    weight_series,
)

__all__ = [
    "RANDOM_INDEX", "InconsistentJudgements", "Priorities", "Triad", "UnusableJudgements", "UnusableValues",
    "UnusableWeights", "ahp_weights", "combine_weights", "complete_judgements", "critic_weights", "entropy_table",
    "entropy_weights", "equal_weights", "game_theory_coefficients", "given_weights", "group_judgements",
    "judged_where_sparse", "judgement_matrix", "nested_table", "nested_weights", "restrict_to_measured", "tree_weights",
    "worst_triad",
]

BY_ENTROPY = ("entropy", "nested_entropy")  # kinds of computed weights that come from shares of a total
SETS = ("subjective", "objective")  # the two that are combined
SPARSE_ABOVE = 0.5  # share of cities at the lowest value above which entropy is not asked


def entropy_weights(values: pd.DataFrame) -> pd.Series:
    """Weights by Shannon entropy: the more unequally cities share an indicator's total, the more it counts.

    `values` is cities × indicators, ≥ 0, larger is better. A city's share is its value over the column's sum, with no
    rescaling and no shift inside: entropy weights do not change with an indicator's unit, but adding a constant to it,
    min-max included, changes them. 0 · ln 0 counts as 0.

    Returns a Series by indicator summing to 1; a single indicator gets 1. Raises UnusableValues naming the indicator
    for a negative, missing or infinite value and for a constant column (including all zeros, and a single city).
    Reference: Shannon (1948), doi:10.1002/j.1538-7305.1948.tb01338.x; Zeleny (1982), Multiple Criteria Decision Making.

    >>> entropy_weights(pd.DataFrame({"few": [0, 0, 0, 8], "all": [1, 1, 3, 3]})).round(4).tolist()
    [0.9138, 0.0862]
    """
    frame = numeric_table(values)
    divergence = _divergence(frame)
    return pd.Series(divergence / divergence.sum(), frame.columns, name="weight")


def entropy_table(values: pd.DataFrame) -> pd.DataFrame:
    """The intermediate results of `entropy_weights`, one row per indicator.

    Columns: entropy e = −Σ p ln p / ln n (0–1), divergence 1 − e, weight (divergence over their sum) and zero_share,
    the share of cities whose value is 0: a sparse indicator owes its weight to them.
    """
    frame = numeric_table(values)
    divergence = _divergence(frame)
    return pd.DataFrame({"entropy": 1 - divergence, "divergence": divergence, "weight": divergence / divergence.sum(),
                         "zero_share": (frame == 0).mean().to_numpy()}, index=frame.columns)


def _divergence(frame: pd.DataFrame) -> np.ndarray:
    """How far each indicator is from being shared equally: 1 − e, between 0 and 1."""
    values = frame.to_numpy()
    negative = frame.columns[(values < 0).any(axis=0)]
    if len(negative):
        raise UnusableValues(f"indicator {named(negative)} has negative values; entropy needs shares of a total: "
                             "normalise to 0–1 first")
    refuse_constant(frame, "its entropy weight")
    return divergence_of(values)


def divergence_of(values: np.ndarray) -> np.ndarray:
    """1 − e of columns of numbers that `entropy_weights` accepts."""
    relative = values / values.max(axis=0)  # scaled by the maximum first so that no sum overflows
    relative /= relative.mean(axis=0)  # n·p by city
    logs = np.log(relative, where=relative > 0, out=np.zeros_like(relative))
    # 1 − e equals the mean of r ln r − r + 1 over ln n; every term is ≥ 0, where 1 − e itself would cancel
    return (relative * logs - relative + 1).mean(axis=0) / np.log(len(values))


def critic_weights(values: pd.DataFrame) -> pd.Series:
    """Weights by CRITIC: an indicator counts for its spread and for its disagreement with the others.

    C_j = s_j Σ_k (1 − r_jk) with the standard deviation s_j and Pearson's r, on values already normalised and directed;
    whether s_j divides by n or n − 1 cancels in the weights.

    Returns a Series by indicator summing to 1; a single indicator gets 1. Raises UnusableValues naming the indicator
    for a missing or infinite value and a constant column, and when all indicators are perfectly correlated.
    Reference: Diakoulaki, Mavrotas & Papayannakis (1995), doi:10.1016/0305-0548(94)00059-H.
    """
    frame = numeric_table(values)
    refuse_constant(frame, "its correlation")
    if frame.shape[1] == 1:
        return equal_weights(frame.columns)
    conflict = conflict_of(frame.to_numpy())
    if conflict.max() < 1e-12 * len(conflict):
        raise UnusableValues(f"indicators {named(frame.columns)} are perfectly correlated: CRITIC finds no conflict to "
                             "weigh; keep one of them or use equal weights")
    information = frame.std(ddof=1) * conflict
    return (information / information.sum()).rename("weight")


def conflict_of(values: np.ndarray) -> np.ndarray:
    """Σ_k (1 − r_jk) of each column j of numbers."""
    return (1 - np.corrcoef(values, rowvar=False).clip(-1, 1)).sum(axis=1)


def judged_where_sparse(computed: pd.Series, judged: pd.Series, sparse: Sequence[str]) -> pd.Series:
    """Computed weights in which the indicators of `sparse` take their judged weight, and the others share the rest in
    their computed proportions.

    For an indicator of which most cities have the lowest value entropy measures how few have more: of a list its
    divergence is −ln(share named)/ln n, the heavier the fewer a ministry names, whatever the list says. There the data
    are not asked. Both sets sum to 1 and so does the result; where all indicators are sparse, or the others have no
    computed weight, it is the judged set.

    >>> judged_where_sparse(pd.Series({"a": 0.2, "b": 0.3, "list": 0.5}), pd.Series({"a": 0.4, "b": 0.4, "list": 0.2}),
    ...                     ["list"]).round(2).tolist()
    [0.32, 0.48, 0.2]
    """
    given = computed.index.isin(list(sparse))
    if not given.any():
        return computed
    numbers, asked = computed.to_numpy(), judged.to_numpy()
    rest = numbers[~given].sum()
    if not rest > 0:
        return judged
    return pd.Series(np.where(given, asked, numbers * (asked[~given].sum() / rest)), judged.index, name=judged.name)


def equal_weights(columns: Iterable) -> pd.Series:
    """The same weight for every indicator: 1/m. Raises UnusableWeights for no or doubled indicators."""
    index = pd.Index(list(columns))
    if index.empty or index.has_duplicates:
        raise UnusableWeights(f"equal weights need distinct indicators; given: {named(index) or 'none'}")
    return pd.Series(1 / len(index), index, name="weight")


def combine_weights(subjective: pd.Series | Mapping, objective: pd.Series | Mapping, rule: str = "linear",
                    alpha: float = 0.5) -> pd.Series:
    """One set of weights from a judged and a computed one.

    rule "linear": alpha · subjective + (1 − alpha) · objective, alpha in 0–1 (only this rule uses it);
    "multiplicative": proportional to the product, so that an indicator with weight 0 in one set gets 0;
    "game_theory": the shares follow `game_theory_coefficients`; a negative coefficient counts as 0 and is announced by
    a UserWarning, because a share cannot be negative.

    The two sets are matched by label; the result has the order of `subjective`. Weights printed with rounding (a sum
    within 0.05 of 1) are rescaled to sum to 1. Raises UnusableWeights naming what differs, is negative or does not sum
    to 1. Reference: docs/method.md, section 4.6.

    >>> combine_weights({"a": 0.5, "b": 0.5}, {"a": 0.2, "b": 0.8}, alpha=0.5).tolist()
    [0.35, 0.65]
    """
    first, second = _matched(subjective, objective)
    return pd.Series(combined_numbers(first.to_numpy(), second.to_numpy(), rule, alpha), first.index, name="weight")


def combined_numbers(judged: np.ndarray, computed: np.ndarray, rule: str, alpha: float) -> np.ndarray:
    """What `combine_weights` returns, of two sets in the same order that sum to 1."""
    if rule == "linear":
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha = {alpha} is not between 0 and 1; it is the share of the subjective weights")
        return alpha * judged + (1 - alpha) * computed
    if rule == "multiplicative":
        combined = judged * computed
        if not combined.sum() > 0:
            raise UnusableWeights("no indicator has weight in both sets: their product is 0; use the linear rule")
        return combined / combined.sum()
    if rule != "game_theory":
        raise ValueError(f"unknown rule {rule!r}; use 'linear', 'multiplicative' or 'game_theory'")
    coefficients = coefficients_of(judged, computed)
    if (coefficients < -1e-9).any():  # below that it is the rounding of a zero
        warnings.warn(f"game-theory coefficient of the {SETS[coefficients.argmin()]} weights is negative "
                      f"({coefficients.min():.4g}); it counts as 0, the other set is used alone", stacklevel=3)
    shares = coefficients.clip(min=0)
    shares /= shares.sum()
    return shares[0] * judged + shares[1] * computed


def game_theory_coefficients(subjective: pd.Series | Mapping, objective: pd.Series | Mapping) -> pd.Series:
    """Raw coefficients (a_s, a_o) of the combination a_s s + a_o o of subjective weights s and objective weights o.

    They solve s·s a_s + s·o a_o = s·s and o·s a_s + o·o a_o = o·o: the combination, projected on
    each set, equals that set. They need not sum to 1, and one is negative where s·o exceeds s·s or o·o; never both. Two
    equal sets leave them undetermined and get 1/2 each.
    """
    judged, computed = _matched(subjective, objective)
    return pd.Series(coefficients_of(judged.to_numpy(), computed.to_numpy()), list(SETS), name="coefficient")


def coefficients_of(judged: np.ndarray, computed: np.ndarray) -> np.ndarray:
    """What `game_theory_coefficients` returns, of two sets in the same order that sum to 1."""
    pair = np.column_stack([judged, computed])
    gram = pair.T @ pair
    own = np.diag(gram)
    if np.abs(pair[:, 0] - pair[:, 1]).max() <= 1e-12:
        return np.array([0.5, 0.5])
    return np.linalg.solve(gram, own)


def _matched(subjective: pd.Series | Mapping, objective: pd.Series | Mapping) -> tuple[pd.Series, pd.Series]:
    """Both sets checked, rescaled to sum to one and in the order of the first."""
    judged = weight_series(subjective, "subjective weights", rescale=True)
    computed = weight_series(objective, "objective weights", rescale=True)
    same_labels(judged.index, computed.index, "subjective weights", "objective weights")
    return judged, computed.reindex(judged.index)
