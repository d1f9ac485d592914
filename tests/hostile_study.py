"""A small made-up study whose every name, remark and source tries to be something else than a text."""

import csv
import io
from pathlib import Path

# Each is a name of a place in both languages; what a page, a workbook, a shell or a typesetter might take it for.
PLACES = (
    "<script>alert(1)</script>", "=1+1", "+1+1", "@SUM(A1)", "{{ 7*7 }}", "${HOME} $(id) `id`",
    "!!python/object:os.system x",
    "../../x", "[a](javascript:alert(1))", "$x^2$ and $", "#let x = 1; #panic()", "<!-- | --> | a | b |",
)
REGIONS = ("<img src=x onerror=alert(1)>", "**bold** _it_ ~~no~~ ^2^")
DOMAINS = ("# Heading <b>one</b>", "- list\\item \\textbf{two} &lt;&amp;")
SUBDOMAINS = ("```{=html} <i>x</i> ```", "https://example.org/?a=1&b=2", "![p](https://example.org/p.png)")
INDICATORS = ("'; DROP TABLE x; --", '" onmouseover="alert(1)', "%s %(x)s {0} {x!r}",
              "\\u0041 \\x41 \\n", "_a_ *b* `c`", "a|b|c")
EXPERTS = ("<iframe src=//example.org></iframe>", "\\input{/etc/passwd} #read(\"x\")")
SYSTEM = "<object data=x> {=typst}"
UNIT = "<b>%</b> $m^2$"
NOTE = "<style>*{display:none}</style> =cmd|'/c calc'!A1"
SOURCE = "<a href='javascript:alert(1)'>yearbook</a> #link(\"x\") {% raw %}"
TEXTS = (*PLACES, *REGIONS, *DOMAINS, *SUBDOMAINS, *INDICATORS, *EXPERTS, SYSTEM, UNIT, NOTE, SOURCE)


def tables() -> dict[str, list[list[object]]]:
    """The study's tables by name, each with its heading."""
    codes = [f"P{number:02d}" for number in range(1, len(PLACES) + 1)]
    tree = [["code", "level", "parent", "name_zh", "name_en", "direction", "unit_zh", "unit_en", "source", "note"]]
    tree += [[f"D{at}", "domain", "", name, name, "", "", "", SOURCE, NOTE] for at, name in enumerate(DOMAINS, 1)]
    tree += [[f"S{at}", "subdomain", f"D{(at + 1) // 2}", name, name, "", "", "", SOURCE, NOTE]
             for at, name in enumerate(SUBDOMAINS, 1)]
    tree += [[f"M{at}", "indicator", f"S{(at + 1) // 2}", name, name, "+-"[at == 3], UNIT, UNIT, SOURCE, NOTE]
             for at, name in enumerate(INDICATORS, 1)]
    values = [["code", "indicator", "year", "value", "source", "note"]]
    values += [[code, f"M{at}", 2023, round(((7 * row + 11 * at) % 13 + 1) ** 1.3 + row / 10, 3), SOURCE, NOTE]
               for row, code in enumerate(codes) for at in range(1, len(INDICATORS) + 1) if (row, at) != (5, 2)]
    return {
        "values": values, "framework": tree,
        "cities": [["code", "name", "name_en", "zone"],
                   *([code, name, name, REGIONS[row % 2]]
                     for row, (code, name) in enumerate(zip(codes, PLACES, strict=True)))],
        "regions": [["system", "system_zh", "system_en", "name", "name_en"],
                    *(["zone", SYSTEM, SYSTEM, name, name] for name in REGIONS)],
        "experts": [["expert", "name_zh", "name_en", "weight", "description_zh", "description_en"],
                    *([f"e{at}", name, name, at, NOTE, NOTE] for at, name in enumerate(EXPERTS, 1))],
        "judgements": [["expert", "node", "row", "column", "value"], ["e1", "goal", "D1", "D2", 2],
                       ["e2", "goal", "D1", "D2", "1/3"],
                       ["e1", "D1", "S1", "S2", 2], ["e2", "S1", "M1", "M2", 3], ["e1", "S2", "M3", "M4", 1]],
    }


def write_study(folder: Path) -> Path:
    """The study as a folder of CSV tables."""
    folder.mkdir(parents=True)
    for name, rows in tables().items():
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        (folder / f"{name}.csv").write_text(buffer.getvalue(), encoding="utf-8", newline="")
    return folder
