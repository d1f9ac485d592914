"""The fewest rivals that must be ahead of a city, found through their conflicts.

Rivals conflict when no admitted weights keep all of them behind at once, so that one of them at least is ahead. The
search lets as few rivals be ahead as it can, first none, then one, and so on: the others either can all be kept behind,
which ends it, or show a new conflict, one member of which must be let ahead as well. Conflicts are small (mostly two or
three rivals) and are used again throughout the search, which makes it much faster than a mixed-integer solver. Both
answers include their proof: weights that keep the rivals behind by a margin, or a mixture of the conflicting rivals
that is ahead under all admitted weights.

Reference: docs/method.md, section 6.7. Lawson, C. L. & Hanson, R. J. (1974), Solving Least Squares Problems,
Prentice-Hall, chapter 23 (the nearest point that satisfies inequalities, or the proof that there is none); Hooker,
J. N. & Ottosson, G. (2003), Logic-based Benders decomposition, Mathematical Programming 96, 33–60.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from .admitted import AdmittedWeights

MARGIN = 1e-6        # of a rival's highest lead, the solver's tolerance: closer cases are left to it
MOST_NODES = 20_000  # about a second; the solver may do better then


class UndecidedError(Exception):
    """The search cannot decide, or not in time."""


def fewest_ahead(over: np.ndarray, sizes: np.ndarray, highest: np.ndarray, admitted: AdmittedWeights, clear: float,
                 limits: tuple[float, int]) -> tuple[int, np.ndarray] | None:
    """The smallest number of cities with over · w > 0, exactly, and weights w that attain it.

    over: rivals × indicators; rival k stands for sizes[k] equal cities, and highest[k] > 0 is the most that
    over[k] · w can be. All other rivals are behind by half of `clear` and more. limits: seconds and nodes. None where a
    rival or a conflict is within the margin, or a limit is reached.

    Two rivals lead by w₁ − 0.8 w₂ and by w₂ − 0.8 w₁, 0.2 together for all weights; one can be kept behind:

    >>> admitted = AdmittedWeights(np.array([0.4, 0.4]), np.array([0.6, 0.6]))
    >>> over = np.array([[1.0, -0.8], [-0.8, 1.0]])
    >>> number, weights = fewest_ahead(over, np.array([1, 1]), admitted.largest(over), admitted, 1e-9, (30.0, 1000))
    >>> number, int((over @ weights > 0).sum())
    (1, 1)
    """
    deadline, nodes = time.monotonic() + limits[0], min(limits[1], MOST_NODES)
    search = Search(over / highest[:, None], sizes, MARGIN + clear / highest, admitted, deadline, nodes)
    try:
        for number in range(int(sizes.sum()) + 1):
            weights = search.weights_with(number, frozenset(), frozenset())
            if weights is not None:
                return number, weights
    except UndecidedError:
        pass
    return None


@dataclass
class Search:
    """over: rivals × indicators, each row at most 1 for admitted weights; a rival is behind at over · w ≤ −margin."""

    over: np.ndarray
    sizes: np.ndarray
    margin: np.ndarray
    admitted: AdmittedWeights
    deadline: float
    nodes: int
    conflicts: list[frozenset[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write w = centre + room · x, and every inequality as a column (a, b) with a · x ≥ b: rivals, then bounds."""
        lowest, highest = self.admitted.lowest, self.admitted.highest
        self.centre = centre = (lowest + highest) / (lowest + highest).sum()
        self.room = room = np.where(highest > lowest, highest - lowest, 1)
        one = np.eye(len(room))
        self.inequalities = np.vstack([
            np.hstack([-(self.over * room).T, one, -one, room[:, None], -room[:, None]]),
            np.r_[self.over @ centre + self.margin, (lowest - centre) / room, (centre - highest) / room, 0, 0]])

    def weights_with(self, number: int, ahead: frozenset[int], behind: frozenset[int]) -> np.ndarray | None:
        """Weights that let at most `number` cities more be ahead besides the rivals in `ahead`; None if there are none.

        behind: rivals that must not be let ahead, because the search has already tried that.
        """
        self.nodes -= 1
        if self.nodes < 0 or time.monotonic() > self.deadline:
            raise UndecidedError
        open_ = sorted((conflict - behind for conflict in self.conflicts if not conflict & ahead), key=len)
        if self.needed(open_) > number:
            return None
        if open_:
            choices = open_[0]
        else:
            others = [rival for rival in range(len(self.over)) if rival not in ahead]
            found = self.all_behind(np.array(others, dtype=int))
            if isinstance(found, np.ndarray):
                return found
            self.conflicts.append(found)
            choices = found - behind
        for rival in sorted(choices):
            if self.sizes[rival] <= number:
                weights = self.weights_with(number - int(self.sizes[rival]), ahead | {rival}, behind)
                if weights is not None:
                    return weights
            behind |= {rival}
        return None

    def needed(self, conflicts: list[frozenset[int]]) -> float:
        """The fewest cities that disjoint conflicts put ahead; infinite where one has no member left."""
        seen, needed = frozenset[int](), 0
        for conflict in conflicts:
            if not conflict:
                return np.inf
            if not conflict & seen:
                seen, needed = seen | conflict, needed + min(self.sizes[rival] for rival in conflict)
        return needed

    def all_behind(self, rivals: np.ndarray) -> np.ndarray | frozenset[int]:
        """Weights that keep all these rivals behind, or a conflict among them; either is verified.

        Lawson & Hanson find the weights nearest to the centre, in units of each weight's room, by non-negative least
        squares; where the residual is zero there are none, and the multipliers are the conflict.
        """
        from scipy.optimize import nnls

        over = self.over[rivals]
        chosen = self.inequalities[:, np.r_[rivals, len(self.over):self.inequalities.shape[1]]]
        wanted = np.r_[np.zeros(len(self.room)), 1]
        try:
            multipliers, distance = nnls(chosen, wanted)
        except RuntimeError as error:  # it did not converge
            raise UndecidedError from error
        if distance > MARGIN:
            residual = chosen @ multipliers - wanted
            weights = self.centre - self.room * residual[:-1] / residual[-1]
            weights = np.clip(weights, self.admitted.lowest, self.admitted.highest)
            if abs(weights.sum() - 1) < 1e-9 and (over @ weights <= -self.margin[rivals] / 2).all():
                return weights
        else:
            mixture = multipliers[:len(rivals)]
            if -self.admitted.largest(-(mixture @ over)[None])[0] > MARGIN * mixture.sum():
                return frozenset(rivals[mixture > 0].tolist())
        raise UndecidedError
