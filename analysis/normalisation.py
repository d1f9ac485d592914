"""One scale, one direction: every indicator becomes a number that is larger where the city does better.

Reference: docs/method.md, section 3; OECD/JRC (2008), Handbook on Constructing Composite Indicators, step 5 and its
Table 15 (doi:10.1787/9789264043466-en).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from analysis.validation import UnusableValues, named, numeric_table, refuse_constant

METHODS = ("minmax", "zscore", "rank", "goalposts")
SIGNS = {"+": 1.0, "-": -1.0, "−": -1.0, 1: 1.0, -1: -1.0}

Direction: TypeAlias = pd.Series | Mapping | str | int
Goalposts: TypeAlias = pd.DataFrame | Mapping


def normalise(values: pd.DataFrame, direction: Direction, method: str = "minmax",
              goalposts: Goalposts | None = None) -> pd.DataFrame:
    """Put indicators on one scale on which larger is better.

    Parameters
    ----------
    values : cities × indicators, any unit; NaN is allowed and stays NaN.
    direction : "+" (or 1) where larger is better, "-" (or -1) where smaller is; one for all, or a Series or dict by
        indicator. Entries for indicators that `values` does not have are ignored.
    method :
        "minmax"     (x − min) / (max − min), 0–1, over the observed cities;
        "zscore"     (x − mean) / s with the *sample* standard deviation (n − 1), as in the Handbook's Table 15;
        "rank"       (r − 1) / (n − 1), 0–1, where r counts from the worst (1) to the best (n) of the n observed cities
                     and ties share the mean rank, so that a tie at an end does not reach 0 or 1;
        "goalposts"  (x − low) / (high − low), *clipped* to 0–1: values beyond a goalpost count as the goalpost.
    goalposts : for that method only: dict of indicator → (low, high), or a frame by indicator whose first two columns
        are low and high, low < high in the indicator's own unit for either direction.

    Returns a new frame of the same shape. For direction "-" the minmax, rank and goalposts values are 1 minus those of
    "+", the z-score its negative.

    Raises UnusableValues naming the indicator: constant over the cities (except with goalposts), never observed, no or
    an unknown direction, no or reversed goalposts; naming the cell for text and infinities.

    >>> normalise(pd.DataFrame({"x": [1.0, 2.0, 5.0]}), "-")["x"].tolist()
    [1.0, 0.75, 0.0]
    """
    frame = numeric_table(values, missing_allowed=True)
    if method not in METHODS:
        raise ValueError(f"unknown normalisation {method!r}; use one of {', '.join(METHODS)}")
    if (goalposts is not None) != (method == "goalposts"):
        raise ValueError(f"goalposts belong to method 'goalposts' and only to it; the method here is {method!r}")
    signs = signs_of(direction, frame.columns)
    unobserved = frame.columns[frame.isna().to_numpy().all(axis=0)]
    if len(unobserved):
        raise UnusableValues(f"indicator {named(unobserved)} has no value for any city; leave it out of the index")
    if method == "goalposts":
        return _between_goalposts(frame, signs, goalposts)
    refuse_constant(frame, f"{method} normalisation")
    return relative(frame * signs.to_numpy(), method)


def rescale(values: pd.DataFrame, low: float, high: float) -> pd.DataFrame:
    """Map values from 0–1 to low–high, for example to 0.01–1 before a geometric mean, or to 0–100 points.

    Raises UnusableValues for values outside 0–1 and ValueError unless low < high; NaN stays NaN.

    >>> rescale(pd.DataFrame({"x": [0.0, 0.5, 1.0]}), 0.01, 1)["x"].tolist()
    [0.01, 0.505, 1.0]
    """
    frame = numeric_table(values, missing_allowed=True)
    if not low < high:
        raise ValueError(f"rescale from {low} to {high}: low must be below high")
    numbers = frame.to_numpy()
    outside = frame.columns[((numbers < 0) | (numbers > 1)).any(axis=0)]
    if len(outside):
        raise UnusableValues(f"indicator {named(outside)} has values outside 0–1; normalise by minmax or rank first")
    return low + (high - low) * frame


def signs_of(direction: Direction, indicators: pd.Index) -> pd.Series:
    """+1 or −1 for each indicator. Raises UnusableValues naming indicators whose direction is missing or unknown."""
    names = indicators.tolist()
    if isinstance(direction, pd.Series | Mapping):
        given: dict[Any, Any] = dict(zip(direction.index.tolist(), direction.tolist(), strict=True)) \
            if isinstance(direction, pd.Series) else dict(direction)
        missing = [indicator for indicator in names if indicator not in given]
        if missing:
            raise UnusableValues(f"no direction for indicator {named(missing)}; give '+' or '-'")
    else:
        given = dict.fromkeys(names, direction)
    unknown = [indicator for indicator in names if given[indicator] not in SIGNS]
    if unknown:
        raise UnusableValues(f"direction {given[unknown[0]]!r} of indicator {named(unknown)} is unknown; "
                             "use '+' where larger is better, '-' where smaller is")
    return pd.Series([SIGNS[given[indicator]] for indicator in names], indicators, dtype=float)


def relative(signed: pd.DataFrame, method: str) -> pd.DataFrame:
    """Checked columns in which larger is better, by minmax, zscore or rank of the observed cities."""
    values = signed.to_numpy()
    if method == "minmax":
        lowest, highest = np.fmin.reduce(values), np.fmax.reduce(values)  # ignore missing values
        relative = (values - lowest) / (highest - lowest)
    elif method == "zscore":
        relative = (values - signed.mean().to_numpy()) / signed.std(ddof=1).to_numpy()
    else:
        relative = (signed.rank(method="average").to_numpy() - 1) / ((~np.isnan(values)).sum(axis=0) - 1)
    return pd.DataFrame(relative, signed.index, signed.columns)


def _between_goalposts(frame: pd.DataFrame, signs: pd.Series, goalposts: Goalposts) -> pd.DataFrame:
    """The clipped share of the way from the worse to the better goalpost."""
    posts = {name: tuple(row)[:2] for name, row in goalposts.iterrows()} \
        if isinstance(goalposts, pd.DataFrame) else dict(goalposts)
    missing = [indicator for indicator in frame if indicator not in posts]
    if missing:
        raise UnusableValues(f"no goalposts for indicator {named(missing)}; give (low, high)")
    reversed_posts = [indicator for indicator in frame if not posts[indicator][0] < posts[indicator][1]]
    if reversed_posts:
        raise UnusableValues(f"goalposts of indicator {named(reversed_posts)} are {posts[reversed_posts[0]]}; "
                             "low must be below high, whatever the direction")
    low = pd.Series({indicator: float(posts[indicator][0]) for indicator in frame})
    high = pd.Series({indicator: float(posts[indicator][1]) for indicator in frame})
    worse = low.where(signs > 0, high)
    return ((frame - worse) * signs / (high - low)).clip(0.0, 1.0)
