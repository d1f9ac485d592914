"""What every page of a run carries, and where its links lead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stamp:
    """The run a page belongs to.

    `run` is the run's name; `edition` one short sentence on the data edition, with what it measures and what it does
    not; `date` the date as it stands on a cover, never today's; `seconds` that date for the PDF's own record (seconds
    since 1970).
    """

    run: str
    edition: str
    date: str
    seconds: int = 1_767_225_600


@dataclass(frozen=True)
class PageLinks:
    """Where a page leads: the index page, the PDF of the same text, and (address, title) of its neighbours; `also` are
    (address, text) of other parts of the site."""

    index: str = "../index.html"
    pdf: str = ""
    previous: tuple[str, str] | None = None
    next: tuple[str, str] | None = None
    also: tuple[tuple[str, str], ...] = ()
