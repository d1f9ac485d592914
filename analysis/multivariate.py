"""How the indicators are related: correlations, one dimension or several, and the coherence of each domain.

It is shown before weights are set, because correlated indicators count twice under any weights.

Reference: docs/method.md, section 3; OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 4;
Cronbach (1951), doi:10.1007/BF02310555.
"""

from __future__ import annotations

import pandas as pd

from analysis.validation import numeric_table, refuse_constant


def correlations(values: pd.DataFrame) -> pd.DataFrame:
    """Spearman rank correlations between indicators (square frame, −1 to 1), which outliers hardly affect.

    Ties share their mean rank. Raises UnusableValues for a gap or a constant indicator.
    """
    frame = numeric_table(values)
    refuse_constant(frame, "correlation")
    return frame.corr(method="spearman")


def cronbach_alpha(values: pd.DataFrame) -> float:
    """Cronbach's alpha of a group of indicators: 1 = perfectly correlated, about 0 = nothing in common.

    Standardised form k·r / (1 + (k − 1)·r) with the mean correlation r of the k indicators. NaN for one indicator;
    minus infinity for two that are exactly opposite.

    >>> cronbach_alpha(pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 6.0]}))
    1.0
    """
    frame = numeric_table(values)
    size = frame.shape[1]
    if size < 2:
        return float("nan")
    refuse_constant(frame, "Cronbach's alpha")
    matrix = frame.corr().to_numpy()
    mean = float((matrix.sum() - size) / (size * (size - 1)))
    divisor = 1 + (size - 1) * mean
    return size * mean / divisor if divisor else -float("inf")


def principal_components(values: pd.DataFrame) -> pd.DataFrame:
    """How many dimensions the indicators have: principal components of the standardised indicators, largest first.

    Returns a frame by component (1…, at most the smaller of cities and indicators): eigenvalue (of the correlation
    matrix; 1 is what a single indicator would explain), share (of the variance, sums to 1), cumulative.
    Raises UnusableValues for a gap or a constant indicator. Reference: Jolliffe (2002), Principal Component Analysis,
    2nd ed., section 2.3; OECD/JRC (2008), section 4.2.
    """
    from sklearn.decomposition import PCA

    frame = numeric_table(values)
    refuse_constant(frame, "principal components")
    parts = PCA(svd_solver="full").fit((frame - frame.mean()) / frame.std())
    index = pd.RangeIndex(1, parts.n_components_ + 1, name="component")
    return pd.DataFrame({"eigenvalue": parts.explained_variance_, "share": parts.explained_variance_ratio_,
                         "cumulative": parts.explained_variance_ratio_.cumsum()}, index)
