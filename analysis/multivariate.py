"""How the indicators hang together: correlations, one dimension or several, and the coherence of each domain.

It is shown before weights are set, because correlated indicators count twice whatever their weights say.

Reference: docs/method.md, section 3; OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 4;
Cronbach (1951), doi:10.1007/BF02310555.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.guards import numeric_table, refuse_constant


def correlations(values: pd.DataFrame) -> pd.DataFrame:
    """Spearman rank correlations between indicators (square frame, −1 to 1): they do not hang on outliers."""
    frame = numeric_table(values)
    refuse_constant(frame, "correlation")
    return frame.rank().corr()


def cronbach_alpha(values: pd.DataFrame) -> float:
    """Cronbach's alpha of a group of indicators: 1 = they say the same, about 0 = they have nothing in common.

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
    """How many dimensions the indicators have: eigenvalues of their correlation matrix, largest first.

    Returns a frame by component (1…): eigenvalue, share (of the variance, sums to 1), cumulative.
    """
    frame = numeric_table(values)
    refuse_constant(frame, "principal components")
    eigenvalues = np.linalg.eigvalsh(frame.corr().to_numpy())[::-1]
    share = eigenvalues / eigenvalues.sum()
    index = pd.RangeIndex(1, len(share) + 1, name="component")
    return pd.DataFrame({"eigenvalue": eigenvalues, "share": share, "cumulative": share.cumsum()}, index)
