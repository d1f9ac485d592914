"""What a run is doing, said while it does it; and how long it may take, said before.

Nobody should have to guess whether a quiet terminal means work or a fault: where nothing has been said for ten seconds,
a line says what is running and since when.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

from analysis.settings import Settings

QUIET = 10.0  # seconds
# Seconds of one core, measured with `benchmarks.large_study` from 200 to 40,000 units (benchmarks/README.md); a run
# uses two cores, and machines differ: an estimate, no promise.
STARTING, PER_CELL, PER_RANKED_UNIT, PER_TIERED_UNIT = 20.0, 3.5e-4, 5e-8, 1.2e-6
RANKINGS_A_DRAW, RANKINGS_A_CHOICE = 7, 45  # of weights alone and of the choices crossed
TOLD_FROM = 120.0  # seconds; a shorter run is not estimated


class Heard:
    """Says lines through `say`, and what is running where it has been silent for `quiet` seconds."""

    def __init__(self, say: Callable[[str], None], quiet: float = QUIET) -> None:
        self.say, self.quiet = say, quiet
        self.running: dict[str, float] = {}
        self.last, self.lock, self.done = time.monotonic(), Lock(), Event()

    def __call__(self, line: str) -> None:
        with self.lock:
            self.last = time.monotonic()
            self.say(line)

    def begun(self, what: str) -> None:
        """Something has begun."""
        self.running[what] = time.monotonic()

    def ended(self, what: str) -> None:
        """It has ended."""
        self.running.pop(what, None)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Something is running while the block lasts."""
        self.begun(what)
        try:
            yield
        finally:
            self.ended(what)

    def watch(self) -> None:
        """Speak whenever it has been quiet for too long, until all is done."""
        while not self.done.wait(min(1.0, self.quiet / 2)):
            now, running = time.monotonic(), dict(self.running)
            if running and now - self.last >= self.quiet:
                self("正在 running   " + "，".join(f"{what} {now - since:.0f} s" for what, since in running.items()))


@contextmanager
def heard(say: Callable[[str], None], quiet: float = QUIET) -> Iterator[Heard]:
    """A `Heard` whose watch lasts as long as the block; one that is handed in keeps its own watch."""
    if isinstance(say, Heard):
        yield say
        return
    voice = Heard(say, quiet)
    watch = Thread(target=voice.watch, daemon=True, name="progress")
    watch.start()
    try:
        yield voice
    finally:
        voice.done.set()
        watch.join()


def estimated_seconds(units: int, indicators: int, settings: Settings, reports: bool) -> float:
    """About how long a run takes on two cores, out of its size and its choices."""
    draws, tiers = settings.uncertainty.draws, settings.tiers
    rankings = RANKINGS_A_DRAW * draws + RANKINGS_A_CHOICE * 1_000 + settings.uncertainty.sobol_samples * indicators
    tiered = (tiers.starts + 3 * (tiers.references + tiers.resamples)) * (tiers.k_largest - tiers.k_smallest + 1)
    seconds = (STARTING + PER_CELL * units * indicators + PER_RANKED_UNIT * units * rankings
               + PER_TIERED_UNIT * units * tiered)
    return seconds * (1.5 if reports else 1)


def estimate(units: int, indicators: int, settings: Settings, reports: bool) -> list[str]:
    """The estimate as a line, where the run is a long one."""
    seconds = estimated_seconds(units, indicators, settings, reports)
    if seconds < TOLD_FROM:
        return []
    minutes = max(1, round(seconds / 60))
    return [f"估计 estimate   {units} × {indicators}：约 {minutes} 分钟（估计）· about {minutes} minutes (an estimate)"]
