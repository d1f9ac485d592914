"""When the study was released: the date that pages, workbooks and documents carry, never today's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from analysis import __released__

RELEASED = date.fromisoformat(__released__)
EPOCH = int(datetime.combine(RELEASED, time(), UTC).timestamp())


def release_month(lang: str) -> str:
    """The month of the study's release, as pages print it."""
    return f"{RELEASED:%Y} 年 {RELEASED.month} 月" if lang == "zh" else f"{RELEASED:%B %Y}"
