"""Flaws planted on purpose: missing cells, and a few gross errors whose true values are recorded.

Reference: docs/synthetic.md, section 3.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import logit

from .readings import significant
from .streams import uniforms

PLANTED_COLUMNS = ["adcode", "city", "indicator", "kind", "factor", "true_value", "entered_value"]
SCARCER = 0.5   # a standard deviation less strength makes a gap e^0.5 ≈ 1.6 times as likely
FAR = 6.0       # robust standard deviations
MAD_TO_SD = 1.4826


def missing_cells(latent: pd.DataFrame, readings: pd.DataFrame, domain_of: pd.Series, seed: int) -> pd.DataFrame:
    """Which cells no source gives (booleans, cities × indicators): exactly the stated share of each indicator.

    Weaker cities have more gaps (missing at random given the strength): weighted sampling without replacement by
    exponential keys, Efraimidis, P. & Spirakis, P. (2006), Information Processing Letters 97(5), 181–185.
    """
    standard = (latent - latent.mean()) / latent.std(ddof=0)
    columns = {}
    for code, share in readings["missing"].items():
        rarity = np.exp(-SCARCER * standard[domain_of[code]].to_numpy())
        keys = -np.log(uniforms(seed, f"missing {code}", len(latent))) / rarity
        columns[code] = np.argsort(np.argsort(keys, kind="stable"), kind="stable") < round(share * len(latent))
    return pd.DataFrame(columns, index=latent.index)


def plant_errors(values: pd.DataFrame, readings: pd.DataFrame, names: pd.Series,
                 seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Enter one wrong figure in each indicator that has a `planted_factor`: ten thousandfold units, slipped decimals.

    The cell is drawn at random among the observed ones above zero, each in another city. Returns (values with the
    errors, the truth: adcode, city, indicator, kind (unit or decimal), factor, true_value, entered_value).
    """
    entered, rows = values.copy(), []
    for code, factor in readings["planted_factor"].dropna().items():
        chance = pd.Series(uniforms(seed, f"error {code}", len(values)), values.index)
        city = chance[(values[code] > 0) & ~chance.index.isin([row[0] for row in rows])].idxmin()
        wrong = significant(np.array([values.at[city, code] * factor]), 12)[0]
        kind = "unit" if factor >= 1000 else "decimal"
        rows.append((city, names[city], code, kind, factor, values.at[city, code], wrong))
        entered.at[city, code] = wrong
    return entered, pd.DataFrame(rows, columns=PLANTED_COLUMNS)


def suspicious_cells(values: pd.DataFrame, readings: pd.DataFrame, far: float = FAR) -> pd.DataFrame:
    """Cells that a careful reader would question: outside the bounds, or far from all other cities.

    Far: more than `far` robust standard deviations (1.4826 × median absolute deviation) from the median, on the
    logarithm of amounts and rates above zero and on the logit of bounded values. Small cities' counts can be honest and
    far. Returns one row per cell: adcode, indicator, value, reason (bounds or far), distance (NaN for bounds).
    """
    rows = []
    for code, reading in readings.iterrows():
        column = values[code].dropna()
        inside = (column >= reading["minimum"]) & ~(column > reading["maximum"])
        rows += [(city, code, value, "bounds", np.nan) for city, value in column[~inside].items()]
        if reading["kind"] in ("amount", "rate", "bounded"):
            distance = robust_distance(column[inside & (column > 0)], reading["kind"])
            rows += [(city, code, column[city], "far", size) for city, size in distance[distance > far].items()]
    return pd.DataFrame(rows, columns=["adcode", "indicator", "value", "reason", "distance"])


def robust_distance(column: pd.Series, kind: str) -> pd.Series:
    """Distance of each value from the median in robust standard deviations, on the scale that suits the kind."""
    scaled = pd.Series(logit(column / 100) if kind == "bounded" else np.log(column), column.index)
    scaled = scaled[np.isfinite(scaled)]
    off = (scaled - scaled.median()).abs()
    return off / (MAD_TO_SD * off.median())
