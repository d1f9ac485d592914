"""A profile on one A4 page: the same texts and drawings as the HTML page, set by typst, dated as the study."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from workbench.cities.account_page import set_table, text_cell
from workbench.cities.profile_page import content
from workbench.cities.profile_words import Names
from workbench.reporting.markup import REPORT_ASSETS
from workbench.reporting.notebook_pdf import compile_typst
from workbench.reporting.stamps import Stamp
from workbench.reporting.table import Table
from workbench.reporting.typst_tables import typst_string
from workbench.reporting.words import WORDS

TEMPLATES = ("report.typ", "city.typ", "profile.typ")


def profile_pdf(names: Names, code: str, stamp: Stamp) -> bytes:
    """The profile of one city as PDF/UA; the same tables give the same bytes."""
    shown = content(names, code)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for template in TEMPLATES:
            (folder / template).write_bytes((REPORT_ASSETS / template).read_bytes())
        (folder / "strip.svg").write_text(shown["strip"], encoding="utf-8")
        for number, row in enumerate(shown["domains"]):
            if row["bar"]:
                (folder / f"bar{number}.svg").write_text(row["bar"], encoding="utf-8")
        (folder / "main.typ").write_text(typst_source(names, shown, stamp), encoding="utf-8")
        return compile_typst(folder, f"{code}, profile", stamp.seconds)


def typst_source(names: Names, shown: dict[str, Any], stamp: Stamp) -> str:
    """The typst text of the page; every text is a string, so none is read as markup."""
    words, heads = WORDS[names.lang], shown["heads"]

    def many(texts: list[str]) -> str:
        return "(" + "".join(f"{typst_string(text)}, " for text in texts) + ")"

    def of_facts() -> str:
        return "(" + "".join(f"{many(list(fact))}, " for fact in shown["facts"]) + ")"

    stamps = [stamp.edition, f"{words['run']}{words['colon']}{stamp.run}", stamp.date]
    told = [shown["bar_key"], *shown["reading"], names.notice, f"{heads['account']}{shown['command']}"]
    arguments = {
        "title": typst_string(shown["title"]), "place": typst_string(shown["place"]), "lang": typst_string(names.lang),
        "stamps": many(stamps), "facts": of_facts(), "strip-alt": typst_string(strip_text(shown)),
        "domain-heads": many([heads["domain"], heads["score"], heads["rank"], *shown["peer_heads"], heads["weight"]]),
        "domains": domains(shown, heads["unmeasured"]), "heads": "(" + "".join(
            f"{key}: {typst_string(text)}, " for key, text in heads.items() if key.isidentifier()
            and "_" not in key) + ")",
        "strengths": many(shown["strengths"]), "weaknesses": many(shown["weaknesses"]),
        "moves": many([*shown["move_lines"], *([shown["no_steps"]] if shown["no_steps"] else shown["steps_lead"])]),
        "marks": many(shown["flags"]), "told": many(told),
        "indicators": f"[{set_table(indicators(shown), 7.5, 3.0, {0: 1.3, 2: 1, -1: 0.7})}]",
        "steps": f"[{set_table(steps(shown), 7.5, 3.0, {0: 1, 3: 1, 4: 1.2})}]" if shown["steps"] else "none"}
    lines = [f"  {name}: {value}," for name, value in arguments.items()]
    return "\n".join(['#import "profile.typ": *', "#profile-page(", *lines, ")"])


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
    return table_of(names, body)


def steps(shown: dict[str, Any]) -> Table:
    """The table of what single indicators would have to reach."""
    heads = shown["heads"]
    names = [(heads["indicator"], False), (heads["now"], True), (heads["needed"], True), (heads["needed_value"], False),
             (heads["remark"], False)]
    return table_of(names, shown["steps"])


def table_of(heads: list[tuple[str, bool]], body: list) -> Table:
    """A table of the reports out of (header, whether numeric) and rows of texts."""
    return Table([[text_cell(text, numeric) for text, numeric in heads]],
                 [[text_cell(text, numeric) for text, (_, numeric) in zip(row, heads, strict=True)] for row in body])
