"""A profile on one A4 page: the same texts and drawings as the HTML page, set by typst, dated as the study."""

from __future__ import annotations

from typing import Any

from workbench.cities.one_page import one_page, set_table, typst_strings
from workbench.cities.profile_page import content
from workbench.cities.profile_words import ProfileNames
from workbench.reporting.stamps import Stamp
from workbench.reporting.table import Table
from workbench.reporting.typst_tables import typst_string
from workbench.reporting.words import WORDS


def profile_pdf(names: ProfileNames, code: str, stamp: Stamp) -> bytes:
    """The profile of one city as PDF/UA; the same tables give the same bytes."""
    shown, words = content(names, code), WORDS[names.lang]
    heads = shown["heads"]
    stamps = [stamp.edition, f"{words['run']}{words['colon']}{stamp.run}", stamp.date]
    told = [shown["bar_key"], *shown["reading"], names.notice, f"{heads['account']}{shown['command']}"]
    bars = {f"bar{number}.svg": row["bar"] for number, row in enumerate(shown["domains"]) if row["bar"]}
    return one_page("profile.typ", "profile-page", {
        "title": typst_string(shown["title"]), "place": typst_string(shown["place"]), "lang": typst_string(names.lang),
        "stamps": typst_strings(stamps), "facts": typst_strings(shown["facts"]),
        "strip-alt": typst_string(strip_text(shown)),
        "domain-heads": typst_strings([heads["domain"], heads["score"], heads["rank"], *shown["peer_heads"],
                                       heads["weight"]]),
        "domains": domains(shown, heads["unmeasured"]), "heads": "(" + "".join(
            f"{key}: {typst_string(text)}, " for key, text in heads.items() if key.isidentifier()
            and "_" not in key) + ")",
        "strengths": typst_strings(shown["strengths"]), "weaknesses": typst_strings(shown["weaknesses"]),
        "moves": typst_strings([*shown["move_lines"],
                                *([shown["no_steps"]] if shown["no_steps"] else shown["steps_lead"])]),
        "marks": typst_strings(shown["flags"]), "told": typst_strings(told),
        "indicators": f"[{set_table(indicators(shown), 7.5, 3.0, {0: 1.3, 2: 1, -1: 0.7})}]",
        "steps": f"[{set_table(steps(shown), 7.5, 3.0, {0: 1, 3: 1, 4: 1.2})}]" if shown["steps"] else "none"},
        {"strip.svg": shown["strip"], **bars}, f"{code}, profile", stamp.seconds)


def strip_text(shown: dict[str, Any]) -> str:
    """What the strip says, for those who do not see it."""
    return " · ".join(f"{label} {large} · {small}" for label, large, small in shown["facts"])


def domains(shown: dict[str, Any], unmeasured: str) -> str:
    """The domains as typst rows: texts, and the file of the bar or none."""
    rows = []
    for number, row in enumerate(shown["domains"]):
        texts = [row["score"], row["rank"], *row["medians"], row["weight"]] if row["bar"] else [unmeasured]
        file = typst_string(f"bar{number}.svg") if row["bar"] else "none"
        cells = "".join(f"{typst_string(text)}, " for text in texts)
        rows.append(f"({typst_string(row['name'])}, {file}, ({cells})), ")
    return "(" + "".join(rows) + ")"


def indicators(shown: dict[str, Any]) -> Table:
    """The table of indicators, without the small drawings."""
    heads, signs = shown["heads"], {"up": " ▲", "down": " ▼", "": ""}
    names = [(heads["indicator"], False), (heads["value"], True), (heads["unit"], False), (heads["points"], True),
             *((text, True) for text in shown["percentile_heads"]), (heads["weight"], True), (heads["marks"], False)]
    body = [[row["name"] + signs[row["side"]], row["value"], row["unit"], row["points"], *row["percentiles"],
             row["weight"], row["marks"]] for row in shown["indicators"]]
    return Table.of_texts(names, body)


def steps(shown: dict[str, Any]) -> Table:
    """The table of what single indicators would have to reach."""
    heads = shown["heads"]
    names = [(heads["indicator"], False), (heads["now"], True), (heads["needed"], True), (heads["needed_value"], False),
             (heads["remark"], False)]
    return Table.of_texts(names, shown["steps"])
