"""How the indicators are related: correlations, one dimension or several, and the coherence of each domain.

It is shown before weights are set, because correlated indicators count twice under any weights.

Reference: docs/method.md, section 3.1; OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 4;
Cronbach (1951), doi:10.1007/BF02310555; Kaiser (1974), doi:10.1007/BF02291575; Bartlett (1951),
doi:10.1093/biomet/38.3-4.337.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.validation import numeric_table, refuse_constant

SMALLEST_EIGENVALUE = 1e-10  # of a correlation matrix that has an inverse worth the name


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
    parts = PCA(svd_solver="full").fit(standardised(frame))
    index = pd.RangeIndex(1, parts.n_components_ + 1, name="component")
    return pd.DataFrame({"eigenvalue": parts.explained_variance_, "share": parts.explained_variance_ratio_,
                         "cumulative": parts.explained_variance_ratio_.cumsum()}, index)


def loadings(values: pd.DataFrame) -> pd.DataFrame:
    """How strongly each indicator goes with each principal component: their correlations (indicators × components).

    Components as in `principal_components`; their squared loadings sum to the eigenvalue. A component has no sign of
    its own: it is turned so that its loadings sum to 0 or more.
    """
    from sklearn.decomposition import PCA

    frame = numeric_table(values)
    refuse_constant(frame, "a loading")
    parts = PCA(svd_solver="full").fit(standardised(frame))
    table = parts.components_.T * np.sqrt(parts.explained_variance_)
    turned = table * np.where(table.sum(axis=0) < 0, -1, 1)
    return pd.DataFrame(turned, frame.columns, pd.RangeIndex(1, parts.n_components_ + 1, name="component"))


def standardised(frame: pd.DataFrame) -> pd.DataFrame:
    """Values less their mean, in sample standard deviations."""
    return (frame - frame.mean()) / frame.std()


def sampling_adequacy(values: pd.DataFrame) -> tuple[float, pd.Series]:
    """The Kaiser–Meyer–Olkin measure, over all indicators and of each: whether correlations come from something the
    indicators share (1) or from pairs alone (0).

    Σ r² / (Σ r² + Σ p²) over the pairs of an indicator or of all, with r the correlations and p the partial
    correlations given all other indicators. Kaiser calls a value below 0.5 unacceptable, above 0.8 meritorious. Two
    indicators have 0.5 by construction. NaN where the correlation matrix is singular (an indicator follows from the
    others, or there are not more cities than indicators) and where nothing correlates.
    """
    frame = numeric_table(values)
    refuse_constant(frame, "sampling adequacy")
    none = float("nan"), pd.Series(np.nan, frame.columns)
    matrix = frame.corr().to_numpy()
    if len(matrix) < 2 or np.linalg.eigvalsh(matrix)[0] < SMALLEST_EIGENVALUE:
        return none
    inverse = np.linalg.inv(matrix)
    scale = np.sqrt(np.diag(inverse))
    apart = ~np.eye(len(matrix), dtype=bool)
    squares, partial = matrix**2 * apart, (inverse / np.outer(scale, scale)) ** 2 * apart
    if not squares.any():
        return none
    each = squares.sum(axis=0) / (squares + partial).sum(axis=0)
    return float(squares.sum() / (squares + partial).sum()), pd.Series(each, frame.columns)


class Sphericity(NamedTuple):
    """Bartlett's test: χ² statistic, degrees of freedom, p-value."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def sphericity(values: pd.DataFrame) -> Sphericity:
    """Bartlett's test of sphericity: could uncorrelated indicators show such correlations by chance?

    χ² = −(n − 1 − (2k + 5)/6) ln|R| with k(k − 1)/2 degrees of freedom, n cities, k indicators, correlation matrix R.
    It assumes normal values and independent cities; among hundreds of cities it rejects nearly always. NaN where R is
    singular or there are too few cities.
    """
    from scipy.stats import chi2

    frame = numeric_table(values)
    refuse_constant(frame, "Bartlett's test")
    matrix, (cities, size) = frame.corr().to_numpy(), frame.shape
    degrees, factor = size * (size - 1) // 2, cities - 1 - (2 * size + 5) / 6
    if size < 2 or factor <= 0 or np.linalg.eigvalsh(matrix)[0] < SMALLEST_EIGENVALUE:
        return Sphericity(float("nan"), degrees, float("nan"))
    statistic = max(0.0, -factor * float(np.linalg.slogdet(matrix)[1]))
    return Sphericity(statistic, degrees, float(chi2.sf(statistic, degrees)))


def structure(values: pd.DataFrame, domain: pd.Series) -> pd.DataFrame:
    """The coherence of each domain: whether its indicators measure one thing.

    `domain` by indicator. Returns one row for each domain with at least two indicators, in the order of the columns,
    and last one for "all" where there is more than one: indicators (number), mean_correlation, alpha
    (`cronbach_alpha`), kmo (`sampling_adequacy`), chi2, degrees_of_freedom and p (`sphericity`), eigenvalue and share
    (of the first principal component), above_1 (components with an eigenvalue above 1, at least 1: Kaiser's rule).
    """
    rows = {}
    for name, columns in groups_of_indicators(values, domain).items():
        part, test = values[columns], sphericity(values[columns])
        components = principal_components(part)
        pairs = part.corr().to_numpy()[np.triu_indices(len(columns), 1)]
        rows[name] = {
            "indicators": len(columns), "mean_correlation": pairs.mean(), "alpha": cronbach_alpha(part),
            "kmo": sampling_adequacy(part)[0], "chi2": test.statistic, "degrees_of_freedom": test.degrees_of_freedom,
            "p": test.p_value, "eigenvalue": components["eigenvalue"].iloc[0], "share": components["share"].iloc[0],
            "above_1": max(1, int((components["eigenvalue"] > 1 + SMALLEST_EIGENVALUE).sum()))}
    columns = ["indicators", "mean_correlation", "alpha", "kmo", "chi2", "degrees_of_freedom", "p", "eigenvalue",
               "share", "above_1"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("domain")


def structure_of_indicators(values: pd.DataFrame, domain: pd.Series) -> pd.DataFrame:
    """Each indicator within its domain, where that has at least two: domain, loading (on the domain's first component),
    kmo (its own), alpha_without (Cronbach's alpha of the others; NaN where one is left). Index: indicator."""
    parts = []
    for name, columns in groups_of_indicators(values, domain).items():
        if name == "all":
            continue
        part = values[columns]
        without = [cronbach_alpha(part.drop(columns=column)) for column in columns]
        parts.append(pd.DataFrame({"domain": name, "loading": loadings(part)[1], "kmo": sampling_adequacy(part)[1],
                                   "alpha_without": without}, columns))
    empty = pd.DataFrame(columns=["domain", "loading", "kmo", "alpha_without"])
    return (pd.concat(parts) if parts else empty).rename_axis("indicator")


def components_by_domain(values: pd.DataFrame, domain: pd.Series) -> pd.DataFrame:
    """The principal components of each domain with at least two indicators, and of all: domain, component, eigenvalue,
    share, cumulative; one row per component."""
    tables = {name: principal_components(values[columns]) for name, columns in
              groups_of_indicators(values, domain).items()}
    if not tables:
        return pd.DataFrame(columns=["domain", "component", "eigenvalue", "share", "cumulative"])
    return pd.concat(tables, names=["domain"]).reset_index()


def groups_of_indicators(values: pd.DataFrame, domain: pd.Series) -> dict[str, list[str]]:
    """The indicators of each domain that has at least two, and of all domains where there are several."""
    own = domain.reindex(values.columns)
    found = {str(name): list(values.columns[own == name]) for name in own.dropna().unique()}
    groups = {name: columns for name, columns in found.items() if len(columns) > 1}
    return groups | ({"all": list(values.columns)} if len(found) > 1 else {})
