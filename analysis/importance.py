"""What decides the scores: shares of their variance that add up, and what titles alone explain.

A weight says what was intended. What an indicator does to the ranking depends on its spread and on the company it
keeps; these measures say that, of the scores as they are and not of their causes.

Reference: docs/method.md, section 5.3; Paruolo, Saisana & Saltelli (2013), doi:10.1111/j.1467-985X.2012.01059.x.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.validation import UnusableValues, numeric_table, refuse_constant


def variance_shares(points: pd.DataFrame, weights: pd.Series, scores: pd.Series) -> pd.Series:
    """Each indicator's share of the variance of the scores, where these are the weighted sum of the points.

    The variance of S = Σ w_j x_j is Σ w_j cov(x_j, S), so the shares w_j cov(x_j, S) / var(S) sum to 1. A share is
    below 0 where an indicator works against the rest. Returns a Series by indicator. Raises UnusableValues for equal
    scores and for scores that are not the weighted sum.

    >>> points = pd.DataFrame({"wide": [0.0, 100.0], "narrow": [40.0, 60.0]})
    >>> scores = pd.Series([20.0, 80.0])
    >>> variance_shares(points, pd.Series({"wide": 0.5, "narrow": 0.5}), scores).round(3).to_dict()
    {'wide': 0.833, 'narrow': 0.167}
    """
    frame = numeric_table(points)
    parts = frame * weights.reindex(frame.columns)
    refuse_constant(scores.to_frame("score"), "a share of its variance")
    if not np.allclose(parts.sum(axis=1), scores, rtol=1e-6, atol=1e-9):
        raise UnusableValues("the scores are not the weighted sum of the points, so that their variance has no shares; "
                             "use squared correlations (scoring.effective_weights)")
    centred = scores - scores.mean()
    return (parts - parts.mean()).mul(centred, axis=0).sum() / (centred**2).sum()


def explained_by(values: pd.DataFrame, scores: pd.Series) -> float:
    """The share of the variance of the scores that a least-squares line through these columns explains (R², 0–1).

    Columns may repeat one another; gaps leave their city out. 0 for no column. Raises UnusableValues for equal scores.

    >>> explained_by(pd.DataFrame({"title": [0.0, 0.0, 1.0, 1.0]}), pd.Series([1.0, 2.0, 4.0, 5.0])).__round__(2)
    0.9
    """
    complete = values.notna().all(axis=1)
    here = scores[complete]
    refuse_constant(here.to_frame("score"), "a share of its variance")
    design = np.column_stack([np.ones(len(here)), values[complete].to_numpy(dtype=float)])
    fitted = design @ np.linalg.lstsq(design, here.to_numpy(), rcond=None)[0]
    return float(1 - ((here - fitted) ** 2).sum() / ((here - here.mean()) ** 2).sum())


def titles_and_places(titles: pd.DataFrame, inside: pd.Series) -> pd.DataFrame:
    """How many cities with so many titles are inside a cut, and how many outside.

    `titles` is cities × lists (1 named, 0 not, NaN not known); `inside` says which cities are inside. Returns a frame
    by number of titles known (index `titles`, largest first): inside, outside, share (of the cities with so many that
    are inside).

    >>> titles = pd.DataFrame({"a": [1, 0, 0], "b": [1, 1, 0]})
    >>> titles_and_places(titles, pd.Series([True, True, False])).to_numpy().tolist()
    [[1.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    count = titles.fillna(0).gt(0).sum(axis=1)
    table = pd.crosstab(count, inside.reindex(count.index)).reindex(columns=[True, False], fill_value=0)
    table.columns = pd.Index(["inside", "outside"])
    table = table.sort_index(ascending=False).rename_axis("titles")
    return table.assign(share=table["inside"] / table.sum(axis=1))
