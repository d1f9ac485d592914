"""Combinations drawn by their odds where there are too many to take all, in staircases that show what each choice does.

A staircase begins at one combination and ends at another, independent one; on each step one choice is drawn anew, the
others staying as they are. So every combination on it is a draw by the odds, and two that follow each other differ in
one choice at most: all that indices of first and of total order need. Choices that make another data set are dear and
are drawn once for several staircases, which differ in the other choices.

Beginnings and ends are points of scrambled Sobol sequences, put through the distribution of the odds, so that a sample
holds every option close to as often as its odds say. Several independent scramblings, the *replicates*, give the error.

Reference: docs/method.md, section 6.4. Chan, K., Saltelli, A. & Tarantola, S. (2000), Winding stairs: a sampling tool
to compute sensitivity indices, Statistics and Computing 10, 187–196, doi:10.1023/A:1008950625967; Owen, A. B. (1997),
Annals of Statistics 25(4), 1541–1562.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .crossing import Crossing, Factor
from .draws import SensitivityError, check_count

ENUMERATED_UP_TO = 5_000  # combinations; of more a sample is drawn
REPLICATES, BEGINNINGS, TOGETHER = 8, 2, 8  # scramblings; data staircases in each; staircases that share their data


@dataclass(frozen=True, eq=False)
class SampledCrossing(Crossing):
    """Combinations drawn by their odds, all equally likely within the sample.

    drawn: combinations × factors, the option's position; those of one replicate follow each other. samples: how many
    replicates there are, with equally many combinations each.
    """

    drawn: np.ndarray
    samples: int = 1

    @property
    def size(self) -> int:
        """The number of combinations drawn; one that was drawn twice counts twice."""
        return len(self.drawn)

    @property
    def places(self) -> np.ndarray:
        """Combinations × factors: which option, from 0."""
        return self.drawn

    @property
    def odds(self) -> np.ndarray:
        """The probability of each combination in the sample: the same for all."""
        return np.full(self.size, 1 / self.size)

    @property
    def replicates(self) -> int:
        """Into how many independent samples the combinations fall."""
        return self.samples


@dataclass(frozen=True, eq=False)
class Staircases(SampledCrossing):
    """Combinations on staircases. order: the factors in the order in which they are drawn anew, by position. A
    replicate has staircase after staircase, `steps` combinations each, the beginning included; `together` staircases in
    a row share their data sets."""

    order: tuple[int, ...] = ()
    together: int = 1

    @property
    def steps(self) -> int:
        """Combinations on one staircase."""
        return len(self.factors) + 1

    @property
    def independent(self) -> np.ndarray:
        """The beginning and the end of every staircase."""
        return np.sort(np.concatenate([np.arange(0, self.size, self.steps),
                                       np.arange(self.steps - 1, self.size, self.steps)]))

    def independent_ones(self) -> SampledCrossing:
        """The ends of the staircases alone: every option as often as its odds say, and few data sets."""
        return SampledCrossing(self.settings, self.factors, self.drawn[self.independent], self.samples)

    @property
    def stairs(self) -> int:
        """Staircases in a replicate."""
        return self.size // (self.samples * self.steps)


def combinations_to_take(crossing: Crossing, seed: int, at_most: int = ENUMERATED_UP_TO,
                         replicates: int = REPLICATES) -> Crossing:
    """All combinations where there are at most 5,000 (or `at_most`), else staircases in so many replicates."""
    return crossing if crossing.possible <= at_most else staircases(crossing, seed, replicates)


def staircases(crossing: Crossing, seed: int, replicates: int = REPLICATES, beginnings: int = BEGINNINGS,
               together: int = TOGETHER) -> Staircases:
    """Draw replicates × beginnings × together staircases through a crossing; the same ones for the same seed.

    beginnings: independent sequences of data sets in a replicate, a power of 2. together: staircases that share one,
    each with its own draws of the choices that make no other data. More staircases need longer and leave smaller
    errors; at least 2 replicates, or no error can be told. Raises SensitivityError for numbers that allow no sample.
    """
    for name, number in (("replicates", replicates), ("beginnings", beginnings), ("together", together)):
        check_count(name, number)
    if beginnings & (beginnings - 1) or together & (together - 1):
        raise SensitivityError(f"beginnings = {beginnings}, together = {together}: a Sobol sequence is balanced for "
                               "powers of 2 only")
    data = [place for place, factor in enumerate(crossing.factors) if factor.makes_data]
    other = [place for place in range(len(crossing.factors)) if place not in data]
    order = interleaved(data, other)
    stairs, steps = beginnings * together, len(order) + 1
    drawn = np.empty((replicates, stairs, steps, len(order)), dtype=np.int16)
    streams = np.random.SeedSequence(seed, spawn_key=(0, 0, 0, len(order))).spawn(2 * replicates)
    for replicate in range(replicates):
        ends = np.empty((2, stairs, len(order)), dtype=np.int16)
        shared = ends_of([crossing.factors[place] for place in data], beginnings, streams[2 * replicate])
        ends[:, :, data] = shared.repeat(together, axis=1)
        ends[:, :, other] = ends_of([crossing.factors[place] for place in other], stairs, streams[2 * replicate + 1])
        for step in range(steps):
            redrawn = list(order[:step])
            drawn[replicate, :, step] = ends[0]
            drawn[replicate][:, step, redrawn] = ends[1][:, redrawn]
    return Staircases(crossing.settings, crossing.factors, drawn.reshape(-1, len(order)), replicates, order, together)


def sample_combinations(crossing: Crossing, number: int, seed: int) -> SampledCrossing:
    """Draw combinations by their odds, each independent of the choices of the others, for any analysis that can afford
    only some of them.

    `drawn.settings_of(n)` are the settings of combination n (0 to number − 1), `drawn.table()` its options, and
    `cross(stages, drawn, noises).cell(n * len(noises))` its cell with the first kind of noise: the data set, the rule
    of aggregation and the base weights that `method_uncertainty` would draw around. All combinations count equally. A
    study with few combinations has some more than once, as often as their odds say. The first of two numbers of
    combinations are not the same; the same number and seed give the same combinations anywhere.
    """
    check_count("number", number)
    stream = np.random.SeedSequence(seed, spawn_key=(0, 0, 0, len(crossing.factors), number))
    return SampledCrossing(crossing.settings, crossing.factors, ends_of(crossing.factors, number, stream)[0])


def interleaved(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    """Both lists in one, evenly mixed.

    >>> interleaved([0, 1], [2, 3, 4, 5])
    (2, 0, 3, 4, 1, 5)
    """
    at = [((2 * place + 1) / len(each), number) for each in (first, second) for place, number in enumerate(each)]
    return tuple(number for _, number in sorted(at, key=lambda pair: pair[0]))


def ends_of(factors: Sequence[Factor], number: int, stream: np.random.SeedSequence) -> np.ndarray:
    """Beginnings and ends (2 × number × factors): the option of each factor at points of a scrambled Sobol sequence."""
    from scipy.stats import qmc

    if not factors:
        return np.zeros((2, number, 0), dtype=np.int16)
    sequence = qmc.Sobol(2 * len(factors), scramble=True, rng=np.random.default_rng(stream))
    points = sequence.random_base2(int(number - 1).bit_length())[:number] if number > 1 else sequence.random(1)
    beginnings, ends = points[:, :len(factors)].T, points[:, len(factors):].T
    pairs = [pair_at(factor, beginnings[place], ends[place]) for place, factor in enumerate(factors)]
    return np.moveaxis(np.array(pairs, dtype=np.int16), 0, -1)


def pair_at(factor: Factor, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two options of a factor at numbers between 0 and 1, each distributed by the odds. Where all options are equally
    likely the second is another one than the first, so that no pair is wasted; else they are independent."""
    options = len(factor.options)
    one = np.searchsorted(factor.shares.cumsum()[:-1], first, side="right")
    if factor.is_even and options > 1:
        return one, (one + 1 + (second * (options - 1)).astype(int)) % options
    return one, np.searchsorted(factor.shares.cumsum()[:-1], second, side="right")
