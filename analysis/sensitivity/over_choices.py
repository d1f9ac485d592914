"""Rank intervals and acceptabilities when the choices crossed vary at once, weights included.

Cells are visited by the odds of their combinations, which are equal in a sample. Where all are equal, draw number n
belongs to cell order[n mod C], C being the number of cells and order a random permutation of them: after each C draws
every combination has been visited equally often. Else the draws go round the cumulated odds by steps of the golden
ratio, which visits every cell close to as often as its odds say. Draw n is the same draw for any total.

Reference: docs/method.md, section 6.4. Saisana, M., Saltelli, A. & Tarantola, S. (2005), Uncertainty and sensitivity
analysis techniques as tools for the quality assessment of composite indicators, JRSS A 168(2), 307–323.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.frames import settle

from .cells import Design
from .counting import Cells, Counts, add_counts, count_ranks, keep_ranks
from .draws import SensitivityError, check_count
from .factorial import same_data
from .ranking import cell_ranks
from .uncertainty import WeightUncertainty, base_counts, summarise, summarise_kept

SHORTEST_BLOCK = 16  # draws; thousands of cells with a few draws each
DRAWS_AT_A_TIME = 2**20
GOLDEN_RATIO = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class MethodUncertainty(WeightUncertainty):
    """As `WeightUncertainty`, over the choices crossed; shares are of the draws that gave a ranking (`draws`).

    failed: draws whose combination of choices the study refuses. failures: one row per cause: cause, combinations,
    draws, and `example`, the options of one such combination. errors: cities × the columns p_top_k: the Monte Carlo
    standard error of each chance, of a sample of combinations from its replicates, else from the number of draws.
    """

    failures: pd.DataFrame
    errors: pd.DataFrame


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
    wanted = draws_by_cell(design, draws, seed)
    failures = failed_draws(design, wanted)
    failed = int(failures["draws"].sum())
    if failed == draws:
        raise SensitivityError(f"none of the {draws} draws gives a ranking; first cause: {failures['cause'].iloc[0]}")
    counts, kept, shares = Counts(), list[np.ndarray](), list[dict[str, Any]]()
    for part in np.array_split(np.arange(len(design.cells)), design.crossing.replicates):  # equally many in each
        noisy, still = visited(design, part, wanted)
        each = {number: int(wanted[number]) for number in noisy}
        if classes:
            own = keep_ranks(noisy, each, seed, workers, SHORTEST_BLOCK)
            own += [np.broadcast_to(ranks, (times, len(ranks))) for ranks, times in still]
            shares.append({f"p_top_{k}": share_of_kept(own, k) for k in top})
            kept += own
        else:
            found = count_ranks(noisy, each, seed, workers, SHORTEST_BLOCK)
            for ranks, times in still:
                add_counts(found, base_counts(ranks, times))
            shares.append({f"p_top_{k}": share_within(found, k) for k in top})
            add_counts(counts, found)
    result = summarise_kept(kept, design.cities, draws - failed, top, classes, failed) if classes else summarise(
        counts, design.cities, draws - failed, top, failed)
    return MethodUncertainty(**vars(result), failures=failures, errors=standard_errors(result, shares))


def visited(design: Design, numbers: np.ndarray, wanted: np.ndarray) -> tuple[Cells, list[tuple[np.ndarray, int]]]:
    """The cells among some that have draws: those with noise by number, of one data set behind each other, and of
    those without the ranks and the number of draws."""
    cells = {int(number): cell for number in numbers if (cell := design.cells[number]) is not None and wanted[number]}
    noisy = {number: cells[number] for alike, _ in same_data(cells.items()) for number in alike
             if not cells[number].noise.is_none}
    still = [(cell_ranks(cell, cell.base)[0], int(wanted[number])) for number, cell in cells.items()
             if cell.noise.is_none]
    return noisy, still


def share_within(counts: Counts, k: int) -> np.ndarray | float:
    """For each city the share of the counted draws with a rank of at most k; NaN where none was counted."""
    if not counts:
        return np.nan
    return sum(table[:, :k].sum(axis=1) for table in counts.values()) / sum(table[0].sum() for table in counts.values())


def share_of_kept(kept: Sequence[np.ndarray], k: int) -> np.ndarray | float:
    """As `share_within`, of ranks that were kept (blocks of draws × cities)."""
    draws = sum(map(len, kept))
    return sum((block <= k).sum(axis=0) for block in kept) / draws if draws else np.nan


def standard_errors(result: WeightUncertainty, shares: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The standard errors of the chances p_top_k, from what each is within each replicate (`shares`); of a single one
    those of independent draws."""
    errors = {}
    for name in shares[0]:
        chance = result.ranks[name].to_numpy()
        if len(shares) == 1:
            errors[name] = np.sqrt(chance * (1 - chance) / result.draws)
        else:
            counted = [each[name] for each in shares if np.ndim(each[name])]
            errors[name] = np.std(counted, axis=0, ddof=1) / np.sqrt(len(counted)) if len(counted) > 1 else np.nan
    return settle(pd.DataFrame(errors, result.ranks.index))


def cell_order(cells: int, seed: int) -> np.ndarray:
    """The permutation in which draws go round the cells; its random stream is not one of the weights'."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(cells,))).permutation(cells)


def cells_of_draws(design: Design, draws: int, seed: int, first: int = 0) -> np.ndarray:
    """The cell of each of the draws from number `first` up to, without, number `draws`."""
    order, numbers = cell_order(len(design.cells), seed), np.arange(first, draws)
    odds = design.crossing.odds
    if np.ptp(odds) < 1e-12 * odds.max():
        return order[numbers % len(order)]
    ends = (odds[order // len(design.noises)] / len(design.noises)).cumsum()
    return order[np.searchsorted(ends / ends[-1], (numbers * GOLDEN_RATIO) % 1, side="right")]


def draws_by_cell(design: Design, draws: int, seed: int) -> np.ndarray:
    """How many of the first `draws` draws belong to each cell."""
    wanted = np.zeros(len(design.cells), dtype=np.int64)
    for first in range(0, draws, DRAWS_AT_A_TIME):
        cells = cells_of_draws(design, min(draws, first + DRAWS_AT_A_TIME), seed, first)
        wanted += np.bincount(cells, minlength=len(wanted))
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

