"""Rank intervals and acceptabilities when every choice of method varies at once, weights included.

Draw number n belongs to cell order[n mod C], where C is the number of cells and order a random permutation of them:
after each C draws every combination of choices has been visited equally often, and draw n is the same draw for any
total. All options count as equally likely.

Reference: docs/method.md, section 6.4. Saisana, M., Saltelli, A. & Tarantola, S. (2005), Uncertainty and sensitivity
analysis techniques as tools for the quality assessment of composite indicators, JRSS A 168(2), 307–323.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .cells import Design
from .counting import add_counts, count_ranks, keep_ranks
from .draws import SensitivityError, check_count
from .ranking import cell_ranks
from .uncertainty import WeightUncertainty, base_counts, summarise, summarise_kept

SHORTEST_BLOCK = 16  # draws; thousands of cells with a few draws each


@dataclass(frozen=True)
class MethodUncertainty(WeightUncertainty):
    """As `WeightUncertainty`, over all choices; shares are of the draws that gave a ranking (`draws`).

    failed: draws whose combination of choices the study refuses. failures: one row per cause: cause, combinations,
    draws, and `example`, the options of one such combination.
    """

    failures: pd.DataFrame


def method_uncertainty(design: Design, draws: int, seed: int, top: Sequence[int] = (10, 100),
                       workers: int = 1, classes: int = 0) -> MethodUncertainty:
    """How certain each city's rank is when neither the weights nor the method are taken as given.

    design: from `cross`. draws: number of draws over all cells together. seed, top, workers, classes: as in
    `weight_uncertainty`; the result is the same, bit for bit, for any number of workers. Draws of combinations that the
    study refuses are counted and listed by cause. Raises SensitivityError where no draw gives a ranking.

    Reference: docs/method.md, section 6.4.
    """
    for name, number in (("draws", draws), ("workers", workers), *(("top", k) for k in top)):
        check_count(name, number)
    wanted = draws_by_cell(len(design.cells), draws, seed)
    failures = failed_draws(design, wanted)
    failed = int(failures["draws"].sum())
    if failed == draws:
        raise SensitivityError(f"none of the {draws} draws gives a ranking; first cause: {failures['cause'].iloc[0]}")
    noisy = {number: cell for number, cell in enumerate(design.cells) if cell is not None and not cell.noise.is_none}
    each = {number: int(wanted[number]) for number in noisy}
    still = [(cell_ranks(cell, cell.base)[0], int(wanted[number])) for number, cell in enumerate(design.cells)
             if cell is not None and cell.noise.is_none]
    if classes:
        kept = keep_ranks(noisy, each, seed, workers, SHORTEST_BLOCK)
        kept += [np.broadcast_to(ranks, (times, len(ranks))) for ranks, times in still]
        result = summarise_kept(kept, design.cities, draws - failed, top, classes, failed)
    else:
        counts = count_ranks(noisy, each, seed, workers, SHORTEST_BLOCK)
        for ranks, times in still:
            add_counts(counts, base_counts(ranks, times))
        result = summarise(counts, design.cities, draws - failed, top, failed)
    return MethodUncertainty(**vars(result), failures=failures)


def cell_order(cells: int, seed: int) -> np.ndarray:
    """The permutation in which draws go round the cells; its random stream is not one of the weights'."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(cells,))).permutation(cells)


def draws_by_cell(cells: int, draws: int, seed: int) -> np.ndarray:
    """How many of the first `draws` draws belong to each cell."""
    wanted = np.full(cells, draws // cells)
    wanted[cell_order(cells, seed)[:draws % cells]] += 1
    return wanted


def failed_draws(design: Design, wanted: np.ndarray) -> pd.DataFrame:
    """One row for each cause of failure: how many combinations and draws it cost, and one of the combinations."""
    rows: dict[str, dict[str, Any]] = {}
    for number, cause in design.causes.items():
        combination = design.place(number)[0]
        options = ", ".join(option.key for option in design.crossing.options(combination))
        row = rows.setdefault(cause, {"cause": cause, "combinations": set(), "draws": 0, "example": options})
        row["combinations"].add(combination)
        row["draws"] += int(wanted[number])
    listed = [row | {"combinations": len(row["combinations"])} for row in rows.values()]
    return pd.DataFrame(listed, columns=["cause", "combinations", "draws", "example"])

