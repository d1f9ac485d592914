"""The small drawings of a profile as SVG without letters: written by hand, because 297 pages want some 2 000 of them.

Colours mean what they mean on every figure: a domain its own, ours dark blue, the published rank amber, the cut red.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import pandas as pd

from analysis.figures.style import CUT, DOMAIN_COLOURS, INK, MUTED, OURS, PUBLISHED

BAR_WIDTH, BAR_HEIGHT = 240, 16
STRIP_WIDTH, STRIP_HEIGHT = 640, 46
KIND_SHADES = {"choices": "#b9cfe0", "weights": OURS}


def domain_colour(domain: str) -> str:
    """The fixed colour of a domain of the paper; one colour for those of another tree."""
    return DOMAIN_COLOURS.get(domain, OURS)


def svg(width: float, height: float, body: str, label: str) -> str:
    """An SVG picture; `label` is what it says, for those who do not see it ("" where the text beside says it all)."""
    told = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'{told}>{body}</svg>')


def bar(score: float, medians: Mapping[str, float], colour: str) -> str:
    """A domain score (0–100) as a bar on its track, a hollow diamond at the tier's median, a stroke at the region's."""
    scale, middle = BAR_WIDTH / 100, BAR_HEIGHT / 2
    parts = [f'<rect x="0" y="3" width="{BAR_WIDTH}" height="10" fill="#eef1f5"/>',
             f'<rect x="0" y="3" width="{max(0.0, min(score, 100)) * scale:.1f}" height="10" fill="{colour}"/>']
    for kind, median in medians.items():
        x = max(0.0, min(median, 100)) * scale
        parts.append(diamond(x, middle, 5) if kind == "tier" else stroke(x, 0, BAR_HEIGHT))
    return svg(BAR_WIDTH, BAR_HEIGHT, "".join(parts), "")


def diamond(x: float, y: float, half: float, fill: str = "#fff", edge: str = INK) -> str:
    """A diamond with a white rim, which keeps it visible on a dark bar."""
    shape = f"M{x:.1f} {y - half:.1f} {x + half:.1f} {y:.1f} {x:.1f} {y + half:.1f} {x - half:.1f} {y:.1f}z"
    return (f'<path d="{shape}" fill="none" stroke="#fff" stroke-width="3"/>'
            f'<path d="{shape}" fill="{fill}" stroke="{edge}" stroke-width="1.2"/>')


def stroke(x: float, top: float, bottom: float, colour: str = INK) -> str:
    """An upright stroke with a white rim."""
    return (f'<path d="M{x:.1f} {top}V{bottom}" stroke="#fff" stroke-width="4.4"/>'
            f'<path d="M{x:.1f} {top}V{bottom}" stroke="{colour}" stroke-width="2"/>')


def rank_strip(rank: int, intervals: Mapping[str, tuple[float, float]], published: float, last: int, cut: int,
               label: str) -> str:
    """A city's rank on the line from the first to the last: pale, the interval when the choices crossed vary; dark,
    when only the weights do; the dot its rank, the amber square the published one, the red line the cut."""
    def across(place: float) -> float:
        return 8 + (place - 1) / max(last - 1, 1) * (STRIP_WIDTH - 16)

    middle = STRIP_HEIGHT / 2
    parts = [f'<path d="M8 {middle}H{STRIP_WIDTH - 8}" stroke="#c4ccd6" stroke-width="1"/>']
    for kind, height in (("choices", 18), ("weights", 8)):
        if kind in intervals:
            low, high = (across(place) for place in intervals[kind])
            parts.append(f'<rect x="{low - 1:.1f}" y="{middle - height / 2}" width="{max(high - low, 0) + 2:.1f}" '
                         f'height="{height}" fill="{KIND_SHADES[kind]}"/>')
    if cut < last:
        x = (across(cut) + across(cut + 1)) / 2
        parts.append(f'<path d="M{x:.1f} 4V{STRIP_HEIGHT - 4}" stroke="{CUT}" stroke-width="1.4" '
                     'stroke-dasharray="4 3"/>')
    if pd.notna(published):
        x = across(published)
        parts.append(f'<rect x="{x - 4.5:.1f}" y="{middle - 4.5}" width="9" height="9" fill="{PUBLISHED}" '
                     f'stroke="{INK}" stroke-width="1"/>')
    parts.append(f'<circle cx="{across(rank):.1f}" cy="{middle}" r="5" fill="#fff" stroke="{OURS}" stroke-width="3"/>')
    return svg(STRIP_WIDTH, STRIP_HEIGHT, "".join(parts), label)


def percentile_dot(percentile: float) -> str:
    """Where a percentile lies between 0 and 100: a dot on a line with the quarters marked."""
    if pd.isna(percentile):
        return ""
    x = 4 + percentile * 0.72
    fill = OURS if percentile >= 75 else CUT if percentile <= 25 else MUTED
    ticks = "".join(f'<path d="M{4 + quarter * 0.72:.1f} 4V10" stroke="#c4ccd6"/>' for quarter in (0, 25, 50, 75, 100))
    dot = f'<circle cx="{x:.1f}" cy="7" r="3.4" fill="{fill}"/>'
    return svg(80, 14, f'<path d="M4 7H76" stroke="#c4ccd6"/>{ticks}{dot}', "")
