"""The list of all cities: by province (or region), with rank and score, and a field to search them.

The search is the one script of the reports. It is a few lines inside the page, allowed by its own hash and by nothing
else; without it the field stays hidden and the list is whole.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection
from functools import cache

from analysis.editions import file_name
from analysis.tables import printed
from workbench.cities.profile_page import profile_style
from workbench.cities.profile_words import ProfileNames
from workbench.reporting.markup import REPORT_ASSETS
from workbench.reporting.notebook_html import page_templates
from workbench.reporting.stamps import Stamp
from workbench.reporting.words import WORDS


def groups(names: ProfileNames) -> list[tuple[str, list[str]]]:
    """(group, codes, best first): by province in the order of the codes, by region, or all together."""
    tables = names.tables
    order = {code: position for position, code in enumerate(names.profiles.in_order)}
    label = names.province if "province" in tables.cities else names.region
    found: dict[str, list[str]] = {}
    for code in tables.scores.index:
        found.setdefault(label(code), []).append(code)
    return [(group, sorted(codes, key=order.get)) for group, codes in found.items()]


@cache
def script() -> tuple[str, str]:
    """The script of the search field and the hash by which the page allows it."""
    text = (REPORT_ASSETS / "search.js").read_text(encoding="utf-8").strip()
    return text, f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def page_name(code: str, edition: str) -> str:
    """What the page of a city is called."""
    return file_name(f"{code}.html", edition)


def list_html(names: ProfileNames, stamp: Stamp, shown: Collection[str]) -> str:
    """The page that lists every city, with a link to its profile where it has one: `shown` are those that have."""
    tables, lang = names.tables, names.lang
    ranks, scores = tables.scores["rank"].to_dict(), tables.scores["score"].to_dict()
    chinese = tables.cities["name"].to_dict()
    english = tables.cities["name_en"] if "name_en" in tables.cities else tables.cities["name"]

    def entry(code: str) -> dict[str, str]:
        return {"address": page_name(code, tables.settings.edition) if code in shown else "",
                "name": names.cities[code], "rank": f"{ranks[code]}", "score": printed(scores[code], ".1f"),
                "sought": f"{chinese[code]} {english[code]} {code}".lower()}

    text, digest = script()
    lead = WORDS[lang]["profiles_lead" if len(shown) == len(tables.scores) else "profiles_listed"].format(
        count=len(tables.scores), run=stamp.run, shown=len(shown))
    listed = [(group, [entry(code) for code in codes]) for group, codes in groups(names)]
    return page_templates().get_template("profiles.html.j2").render(
        words=WORDS[lang], style=profile_style(), stamp=stamp, groups=listed, lead=lead, script=text,
        notice=names.notice, digest=digest, index="../index.html")
