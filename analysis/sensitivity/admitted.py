"""The weights that bounds admit, and the largest weighted sum among them.

Reference: docs/method.md, section 6.7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .draws import SensitivityError


@dataclass(frozen=True)
class AdmittedWeights:
    """The admitted weights: lowest ≤ w ≤ highest, Σ w = 1."""

    lowest: np.ndarray
    highest: np.ndarray

    def largest(self, rows: np.ndarray) -> np.ndarray:
        """The largest value of each row · w: the free weight goes to the largest numbers first."""
        order, given = self.shared_out(rows)
        return rows @ self.lowest + (given * np.take_along_axis(rows, order, axis=1)).sum(axis=1)

    def favouring(self, rows: np.ndarray) -> np.ndarray:
        """The admitted weights that give each row · w its largest value."""
        order, given = self.shared_out(rows)
        weights = np.empty_like(given)
        np.put_along_axis(weights, order, given, axis=1)
        return self.lowest + weights

    def shared_out(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The positions of each row from the largest number down, and the free weight given to each."""
        order = np.argsort(-rows, axis=1, kind="stable")
        room = (self.highest - self.lowest)[order]
        return order, np.clip(1 - self.lowest.sum() - (room.cumsum(axis=1) - room), 0, room)


def admitted_weights(weights: pd.Series, bounds: float | pd.DataFrame) -> AdmittedWeights:
    """The admitted weights, checked."""
    if isinstance(bounds, pd.DataFrame):
        limits = bounds.reindex(weights.index)[["lowest", "highest"]].to_numpy(dtype=float).T
    elif bounds >= 0:
        limits = np.maximum(weights.to_numpy() * (1 - bounds), 0), np.minimum(weights.to_numpy() * (1 + bounds), 1)
    else:
        raise SensitivityError(f"bounds = {bounds}: give a share of the base weights, for example 0.25 for ±25 %")
    lowest, highest = limits
    if not ((lowest >= 0) & (lowest <= highest)).all() or not lowest.sum() <= 1 + 1e-12 <= highest.sum() + 2e-12:
        raise SensitivityError("no weights lie within the bounds: each lowest must be between 0 and its highest, the "
                               "lowest may sum to at most 1 and the highest to at least 1, for every indicator")
    return AdmittedWeights(lowest, highest)
