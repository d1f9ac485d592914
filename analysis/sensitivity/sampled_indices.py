"""Sobol indices of the choices where their combinations are drawn in staircases (`sampling`), not enumerated.

Two combinations that follow each other on a staircase differ in one choice: half the mean square of their difference is
the total effect of that choice (Jansen). The first-order effect comes from the means of the output by option: products
of the deviations of two *different* replicates are free of the error that squares of one would have. The weights are
one more input: all combinations of a staircase share their quantiles, and the last is scored with those of another one
too.

Other odds of a choice give other indices. They come from the same runs, each counted by the ratio of its new
probability to its old one.

Reference: docs/method.md, section 6.6. Jansen, M. J. W. (1999), Computer Physics Communications 117, 35–43,
doi:10.1016/S0010-4655(98)00154-4; Chan, K., Saltelli, A. & Tarantola, S. (2000), Statistics and Computing 10, 187–196.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .cells import Design
from .crossing import Crossing, Factor
from .draws import SensitivityError
from .enumeration import WEIGHTS, base_ranks, choice_indices, indicator_places, weights_at, weights_key
from .factorial import same_data
from .ranking import cell_ranks, drawn_ranks
from .sampling import Staircases
from .sobol import MEAN_SHIFT, SobolIndices


@dataclass(frozen=True)
class Climbed:
    """The outputs along the staircases of one replicate.

    order: the factors in the order in which they are drawn anew. places: staircases × steps × factors. outputs:
    staircases × steps × outputs. other: staircases × outputs, the last step with other quantiles of the weights.
    """

    order: tuple[int, ...]
    together: int
    places: np.ndarray
    outputs: np.ndarray
    other: np.ndarray


@dataclass(frozen=True)
class Moments:
    """Weighted sums over one replicate, from which indices are made.

    number, sums, squares: of 1, y and y². taken: of the products of the indicators of all options (options × options),
    and with y (options × outputs). pairs: for every factor, and last the weights, half the mean square of the
    differences. shared: staircases × 2 × outputs, outputs with nothing in common but the quantiles of the weights, with
    the positions of their options and the weight of both together.
    """

    number: float
    sums: np.ndarray
    squares: np.ndarray
    taken: tuple[np.ndarray, np.ndarray]
    pairs: list[tuple[float, np.ndarray]]
    shared: tuple[np.ndarray, np.ndarray, np.ndarray]


def drawn_indices(design: Design, seed: int, confidence: float = 0.95, every_city: bool = True) -> SobolIndices:
    """First-order and total indices of each choice crossed, and of the weights within each combination.

    design: of `Staircases` with one kind of noise. Inputs and outputs as in `choice_indices`. Margins: Student's t on
    the jackknife over the replicates; they hold the error of the drawn combinations and weights. Estimates of the first
    order may fall below 0 by chance; choices whose options are identical have a total index of exactly 0.

    Raises SensitivityError where a combination was refused, as `choice_indices` does. Reference: docs/method.md,
    section 6.6.
    """
    climbed = climb(design, seed, every_city)  # also kept for `indices_by_odds`
    outputs = [MEAN_SHIFT, *design.cities] if every_city else [MEAN_SHIFT]
    climbed = climbed if every_city else shifts_of(climbed)
    return indices_of(climbed, design.crossing.factors, outputs, confidence)


def indices_of_choices(design: Design, seed: int, every_city: bool = True) -> SobolIndices:
    """The indices of the choices crossed, of drawn combinations (`drawn_indices`) or of all (`choice_indices`)."""
    of = drawn_indices if isinstance(design.crossing, Staircases) else choice_indices
    return of(design, seed, every_city=every_city)


def indices_by_odds(design: Design, seed: int, factor: str, option: str, shares: Sequence[float],
                    confidence: float = 0.95) -> dict[float, SobolIndices]:
    """The indices of the mean shift when one option of a choice has other odds, by its share; the other options of the
    choice share the rest in proportion to theirs.

    design, seed: as in `indices_of_choices`, whose runs are counted anew. Raises SensitivityError for a share that is
    not between 0 and 1.
    """
    crossing, found = design.crossing, dict[float, SobolIndices]()
    climbed = shifts_of(climb(design, seed, every_city=False)) if isinstance(crossing, Staircases) else None
    place = next(place for place, each in enumerate(crossing.factors) if each.key == factor)
    old = crossing.factors[place]
    chosen = np.array([each.key == option for each in old.options])
    for share in shares:
        if not 0 < share < 1:
            raise SensitivityError(f"share = {share}: give one between 0 and 1")
        new = np.where(chosen, share, old.shares * (1 - share) / old.shares[~chosen].sum())
        odds = {each.key: odd for each, odd in zip(old.options, new, strict=True)}
        factors = tuple(each.with_odds(odds) if each is old else each for each in crossing.factors)
        if climbed is None:
            found[share] = choice_indices(replace(design, crossing=Crossing(crossing.settings, factors)), seed,
                                          confidence=confidence, every_city=False)
        else:
            found[share] = indices_of(climbed, crossing.factors, [MEAN_SHIFT], confidence, {place: new})
    return found


def shifts_of(climbed: list[Climbed]) -> list[Climbed]:
    """The mean shift alone."""
    return [replace(each, outputs=each.outputs[..., :1], other=each.other[:, :1]) for each in climbed]


def climb(design: Design, seed: int, every_city: bool) -> list[Climbed]:
    """The outputs of every replicate: the mean shift from the run's own ranking and, where asked for, every rank.
    They are kept with the design, so that indices by other odds need no more rankings."""
    crossing = design.crossing
    if not isinstance(crossing, Staircases):
        raise SensitivityError("these indices need combinations on staircases; where all are taken, use choice_indices")
    if crossing.samples < 3 or crossing.stairs == crossing.together:
        raise SensitivityError("these indices need at least 3 replicates, with at least 2 beginnings each")
    if design.causes:
        number, cause = next(iter(design.causes.items()))
        options = ", ".join(option.key for option in crossing.options(design.place(number)[0]))
        raise SensitivityError(f"combination {options} was refused ({cause}); leave one of its options out")
    if seed in design.kept and (not every_city or design.kept[seed][0].outputs.shape[-1] > 1):
        return design.kept[seed]
    usual = base_ranks(design)
    quantiles, shape = quantiles_of(design, seed), (crossing.stairs, crossing.steps)
    size, climbed = crossing.stairs * crossing.steps, []
    for replicate, own in enumerate(quantiles):
        other = np.roll(own, -crossing.together, axis=0)
        numbers = np.arange(replicate * size, (replicate + 1) * size)
        last = numbers.reshape(shape)[:, -1]
        ranks = ranks_at(design, np.concatenate([numbers, last]),
                         np.vstack([own.repeat(crossing.steps, axis=0), other]))
        outputs = np.abs(ranks - usual).mean(axis=1)[:, None]
        outputs = np.hstack([outputs, ranks]) if every_city else outputs
        climbed.append(Climbed(crossing.order, crossing.together, crossing.places[numbers].reshape(*shape, -1),
                               outputs[:size].reshape(*shape, -1), outputs[size:]))
    design.kept[seed] = climbed
    return climbed


def quantiles_of(design: Design, seed: int) -> list[np.ndarray]:
    """For each replicate a scrambled Sobol point (staircases × indicators) for every staircase."""
    from scipy.stats import qmc

    crossing, indicators = design.crossing, len(indicator_places(design))
    assert isinstance(crossing, Staircases)
    streams = np.random.SeedSequence(seed, spawn_key=(0, 0, 0, 0, indicators)).spawn(crossing.samples)
    return [qmc.Sobol(indicators, scramble=True, rng=np.random.default_rng(stream)).random(crossing.stairs)
            for stream in streams]


def ranks_at(design: Design, numbers: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Ranks (rows × cities) of cells by number, each with its weights at a row of quantiles; of cells with the same
    data set all at once."""
    places, drawn = indicator_places(design), dict[int, np.ndarray]()
    keys: dict[tuple, list[int]] = {}
    for row, number in enumerate(numbers.tolist()):
        keys.setdefault(weights_key(design.cell(number)), []).append(row)
    for rows in keys.values():
        weights = weights_at(uniforms[rows], design.cell(int(numbers[rows[0]])), places)
        drawn.update(zip(rows, weights, strict=True))
    ranks = np.empty((len(numbers), len(design.cities)), dtype=np.int16 if len(design.cities) < 2**15 else np.int32)
    for rows, cells in same_data((row, design.cell(number)) for row, number in enumerate(numbers.tolist())):
        if cells[0].noise.is_none:
            ranks[rows] = cell_ranks(cells[0], np.array([cell.base for cell in cells]))
        else:
            ranks[rows] = drawn_ranks(cells[0].scorer, cells[0].group, np.array([drawn[row] for row in rows]))
    return ranks


def moments(climbed: Climbed, factors: Sequence[Factor], shares: Mapping[int, np.ndarray]) -> Moments:
    """The sums of one replicate. shares: for factors with other odds, the new probabilities of their options."""
    ratios = {place: share / factors[place].shares for place, share in shares.items()}
    starts = np.cumsum([0, *(len(factor.options) for factor in factors)])
    outputs, positions = climbed.outputs, climbed.places + starts[:-1]
    weights = np.ones(positions.shape[:2])
    for place, ratio in ratios.items():
        weights = weights * ratio[climbed.places[:, :, place]]
    values = outputs.reshape(-1, outputs.shape[-1])
    flat, weighted = weights.ravel(), values * weights.reshape(-1, 1)
    taken = np.zeros((len(flat), starts[-1]))
    taken[np.arange(len(flat))[:, None], positions.reshape(len(flat), -1)] = 1
    pairs = [(0.0, np.empty(0))] * len(factors)
    for step, place in enumerate(climbed.order):
        together = weights[:, step]
        if place in ratios:  # the pair has two draws of this factor
            together = together * ratios[place][climbed.places[:, step + 1, place]]
        differences = (outputs[:, step + 1] - outputs[:, step]) ** 2
        pairs[place] = together.sum(), pair_share(factors[place]) * (together @ differences) / 2
    last = weights[:, -1]
    pairs.append((last.sum(), (last @ (climbed.other - outputs[:, -1]) ** 2) / 2))
    rolled = np.roll(outputs[:, -1], -climbed.together, axis=0), np.roll(positions[:, -1], -climbed.together, axis=0)
    shared = (np.stack([climbed.other, rolled[0]], axis=1), np.stack([positions[:, -1], rolled[1]], axis=1),
              last * np.roll(last, -climbed.together))
    return Moments(flat.sum(), weighted.sum(axis=0), flat @ values**2, (taken.T @ (taken * flat[:, None]),
                                                                       taken.T @ weighted), pairs, shared)


def pair_share(factor: Factor) -> float:
    """How often two independent draws of a factor differ, over how often those of a staircase do (`pair_at`)."""
    return 1 - 1 / len(factor.options) if factor.is_even and len(factor.options) > 1 else 1.0


def estimates(parts: Sequence[Moments], shares: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First-order and total effects (inputs × outputs, the weights last) over the variance, and the variance; `shares`
    are the probabilities of every factor's options."""
    number = sum(part.number for part in parts)
    mean = np.sum([part.sums for part in parts], axis=0) / number
    variance = np.maximum(sum(part.squares for part in parts) / number - mean**2, 0)
    variance[variance < 1e-9] = 0
    over = np.divide(1, variance, out=np.zeros_like(variance), where=variance > 0)
    effects, starts = main_effects(parts, shares, mean), np.cumsum([0, *map(len, shares)])
    rest = [part.taken[1] - part.taken[0].diagonal()[:, None] * mean - part.taken[0] @ effects for part in parts]
    first = []
    for place, share in enumerate(shares):
        own = slice(starts[place], starts[place + 1])  # the other choices' effects are taken off: less noise
        apart = np.array([(left[own] + part.taken[0][own, own] @ effects[own]) / (part.number * share[:, None])
                          for left, part in zip(rest, parts, strict=True)])
        crossed = (apart.sum(axis=0) ** 2 - (apart**2).sum(axis=0)) / (len(parts) * (len(parts) - 1))
        first.append(share @ crossed)
    first.append(shared_by_weights(parts, effects, mean))
    total = [sum(part.pairs[place][1] for part in parts) / sum(part.pairs[place][0] for part in parts)
             for place in range(len(shares) + 1)]
    return np.array(first) * over, np.array(total) * over, variance


def main_effects(parts: Sequence[Moments], shares: Sequence[np.ndarray], mean: np.ndarray) -> np.ndarray:
    """By least squares over all replicates, what each option adds to the mean (options × outputs); the effects of one
    choice average to 0 by its odds."""
    products = np.sum([part.taken[0] for part in parts], axis=0)
    effects = np.linalg.lstsq(products, sum(part.taken[1] for part in parts) - products.diagonal()[:, None] * mean,
                              rcond=1e-10)[0]
    start = 0
    for share in shares:
        own = slice(start, start := start + len(share))
        effects[own] -= share @ effects[own]
    return effects


def shared_by_weights(parts: Sequence[Moments], effects: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """What two combinations vary together that have nothing in common but the quantiles of the weights: the
    first-order effect of the weights. The effects of the single choices are taken off first."""
    products, number = np.zeros_like(mean), 0.0
    for part in parts:
        outputs, positions, weights = part.shared
        rest = outputs - mean - effects[positions].sum(axis=2)
        products, number = products + weights @ (rest[:, 0] * rest[:, 1]), number + weights.sum()
    return products / number


def indices_of(climbed: list[Climbed], factors: Sequence[Factor], outputs: list, confidence: float,
               shares: Mapping[int, np.ndarray] | None = None) -> SobolIndices:
    """Indices from all replicates, with margins from leaving each out in turn. shares: by the position of a factor,
    other probabilities of its options than those they were drawn with."""
    from scipy.stats import t as student

    parts = [moments(each, factors, shares or {}) for each in climbed]
    now = [(shares or {}).get(place, factor.shares) for place, factor in enumerate(factors)]
    found = estimates(parts, now)
    again = [estimates(parts[:left] + parts[left + 1:], now) for left in range(len(parts))]
    width = student.ppf(0.5 + confidence / 2, len(parts) - 1) * np.sqrt((len(parts) - 1) / len(parts))
    names = pd.Index([*(factor.key for factor in factors), WEIGHTS], name="input")
    tables = dict[str, np.ndarray]()
    for place, name in enumerate(("first", "total")):
        without = np.array([each[place] for each in again])
        margin = width * np.sqrt(((without - without.mean(axis=0)) ** 2).sum(axis=0))
        tables |= {name: found[place], f"{name}_margin": margin}
    frames = {name: pd.DataFrame(table, names, outputs) for name, table in tables.items()}
    return SobolIndices(**frames, variance=pd.Series(found[2], outputs, name="variance"),
                        evaluations=sum(each.outputs[..., 0].size + len(each.other) for each in climbed))
