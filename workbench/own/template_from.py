"""A study begun from a table of figures: framework and roster with all that the table shows, to be completed by hand.

The column of units, names or codes, indicators with the units in their brackets, years and columns of groups are seen;
levels and directions are not in a table of figures: one domain and + are put in,
and every one is for a person to check.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from workbench.own.canonical import as_csv
from workbench.own.findings import (
    CODE,
    RESERVED,
    Cell,
    Findings,
    folded,
    is_blank,
    listed,
    no_file_name,
    spaced,
    tight,
    written,
)
from workbench.own.grid import Grid
from workbench.own.grids import read_grids
from workbench.own.headings import NAME_WORDS, SECOND_NAMES, Table, read_heading
from workbench.own.layouts import Layout, is_number, lay_out, no_units, year_alone, year_within
from workbench.own.numbers import notation_of, read_number
from workbench.own.places import Roster
from workbench.own.study_words import ANY_UNIT, UNIT_HEADINGS
from workbench.own.template import words_to_fill_in
from workbench.own.tree_numbers import SCALES

UNIT = re.compile(r"^(.*?)[ ]*[(（\[【]([^()（）\[\]【】]{1,40})[)）\]】]$")
GROUPS = (2, 40)  # how many different words a column of groups has
HEADINGS = {"framework": ["code", "level", "parent", "name_zh", "name_en", "direction", "unit_zh", "unit_en", "source",
                          "note"]}
DOMAIN = ("A", "全部指标", "All indicators")
NOTHING = pd.DataFrame({"name": [], "name_en": []}, dtype=object)


@dataclass
class Seen:
    """What a table of figures shows: unit codes with names, indicators with names and units, groups by system."""

    units: dict[str, str] = field(default_factory=dict)
    indicators: dict[str, tuple[str, str]] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    systems: dict[str, str] = field(default_factory=dict)
    years: set[int] = field(default_factory=set)
    unit: tuple[str, str, str] = ANY_UNIT


def write_study(source: Path, folder: Path) -> Seen:
    """Write framework.csv, cities.csv, regions.csv, the figures themselves and settings.yaml to a new folder.

    Raises OwnDataError for a table whose units or indicators cannot be seen, ValueError for a folder that exists.
    """
    if folder.exists():
        raise ValueError(f"{folder.name} is there already; give another name for the new folder of tables")
    grids, _ = read_grids(source)
    findings = Findings()
    grid = grids.get("values") or next(iter(grids.values()))
    seen, values = see(grid, findings)
    findings.stop_if_any()
    tables = {"framework": framework_of(seen), "cities": cities_of(seen), "values": values,
              "study": words_to_fill_in(*seen.unit)}
    if seen.groups:
        groups = [(system, name) for system, units in seen.groups.items()
                  for name in dict.fromkeys(units.values()) if name]
        tables["regions"] = pd.DataFrame([(system, *[seen.systems[system]] * 2, name, name) for system, name in groups],
                                         columns=["system", "system_zh", "system_en", "name", "name_en"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".template-", dir=folder.parent) as staging:
        made = Path(staging) / "new"
        made.mkdir()
        for name, table in tables.items():
            (made / f"{name}.csv").write_text(as_csv(table), encoding="utf-8-sig", newline="")
        (made / "settings.yaml").write_text(settings_of(), encoding="utf-8")
        shutil.move(made, folder)
    return seen


def settings_of() -> str:
    """The baseline's settings, every line a remark: only what the study changes is to be in force."""
    from analysis.settings import BASELINE

    lines = BASELINE.read_text(encoding="utf-8").splitlines()
    head = ["# 要改的选择，连同它的节名，去掉行首的 # 号", "# Take the # off a choice to change and off its section"]
    return "\n".join([*head, *(f"# {line}" if line.strip() else "#" for line in lines)]) + "\n"


def see(grid: Grid, findings: Findings) -> tuple[Seen, pd.DataFrame]:
    """What a table shows, and its figures in the layout of `values` with the codes that the study's tables have."""
    roster = Roster(NOTHING, china=False)
    table = read_heading("values", grid, findings, units=lambda each: units_by_cells(each))
    if table is None or not {"code", "name"} & set(table.columns):
        if not findings.problems:
            no_units(grid, findings)
        return Seen(), pd.DataFrame()
    table = by_its_units(table)
    layout = lay_out(table, roster, findings)
    heading = table.heading("name").content if table.has("name") else ""
    seen = Seen(unit=UNIT_HEADINGS.get(tight(heading), ANY_UNIT))
    codes = unit_codes(layout.table, seen)
    long = layout.table.has("indicator")
    rows = long_rows(layout, codes, seen) if long else wide_rows(layout, codes, seen)
    rows = [(*row[:-1], figure) for row, figure in zip(rows, in_one_notation([row[-1] for row in rows], layout.table,
                                                                             findings), strict=True)]
    if not seen.indicators:
        findings.problem(Cell(grid.file, grid.sheet, table.head + 1), "no_indicator",
                         "没有看到指标列（各格为数的列）；请核对表头与数",
                         "no column of figures is seen; check the heading and the figures")
    return seen, pd.DataFrame(rows, columns=["code", "name", "indicator", "year", "value"])


def by_its_units(table: Table) -> Table:
    """The table with its units named by the column that tells its rows apart: where the one taken by its heading says
    the same of several (地区 of hospitals), the first other column of texts that are all different; the one taken then
    is a group like any other column of words."""
    if {"code", "indicator", "year"} & set(table.columns):
        return table

    def texts(column: int) -> list[str]:
        return [tight(written(table.cell(row, column).content)) for row in rows]

    taken = table.columns["name"]
    rows = [row for row in table.rows if not is_blank(table.cell(row, taken).content)]
    if len(set(texts(taken))) == len(rows):
        return table
    for column, heading in table.others.items():
        cells = texts(column)
        if all(cells) and len(set(cells)) == len(cells) and not any(map(is_number, cells)):
            others = {place: text for place, text in table.others.items() if text != heading}
            others[taken] = folded(table.heading("name").content)
            return replace(table, columns={**table.columns, "name": column}, others=others)
    return table


def in_one_notation(contents: list[object], table: Table, findings: Findings) -> list[object]:
    """Figures as numbers with a decimal point; what is no number stays as it is written, for the check to say. A
    notation that cannot be told is a problem."""
    notation = notation_of(contents)
    numbers = [read_number(content, notation) for content in contents]
    unsure = [written(content) for content, number in zip(contents, numbers, strict=True)
              if number.problem and number.problem[0].startswith("ambiguous")]
    if notation.against or unsure:
        shown = listed(notation.against or unsure)
        findings.problem(Cell(table.grid.file, table.grid.sheet), "ambiguous_notation",
                         f"不能断定逗号与点哪个是小数点（{shown}）；请统一写法，小数点用 .",
                         f"it cannot be told whether the comma or the point is the decimal sign ({shown}); write all "
                         "figures in one notation, the decimal sign is .")
    return [content if number.problem or number.value is None or "percent" in number.rule else number.value
            for content, number in zip(contents, numbers, strict=True)]


def units_by_cells(grid: Grid) -> tuple[int, dict[str, int]] | None:
    """The heading and the first column of texts that are all different."""
    from workbench.own.layouts import find_units

    return find_units(grid, Roster(NOTHING, china=False))


def unit_codes(table: Table, seen: Seen) -> dict[int, str]:
    """The code of the unit of each row: as given where it can be one, the repository's of a Chinese city, else made."""
    from analysis.settings import ROOT
    from analysis.sources import read_cities

    cities = read_cities(ROOT)
    china = Roster(cities, china=True)
    found: dict[int, str] = {}
    made: dict[str, str] = {}
    cells = {row: [spaced(written(table.cell(row, name).content)) for name in ("code", "name")] for row in table.rows}
    names = {key: name or code for code, name in cells.values() if (key := tight(code or name))}
    known = {key: china.by_name(name)[0] for key, name in names.items()}
    whole = all(len(codes) == 1 and not china.province(names[key]) for key, codes in known.items())
    for row, (code, name) in cells.items():
        key = tight(code or name)
        if not key:
            continue
        if key not in made:
            own = folded(code or name).replace(" ", "")
            fits = CODE.fullmatch(own) and own.casefold() not in RESERVED and not no_file_name(own)
            made[key] = known[key][0] if whole else own if fits and (code or not own.isalpha() or own.isupper()) else (
                f"U{len(made) + 1:03d}")
            seen.units[made[key]] = names[key]
        found[row] = made[key]
    for column, text in table.others.items():
        note_groups(table, column, text, found, seen)
    return found


def note_groups(table: Table, column: int, text: str, units: dict[int, str], seen: Seen) -> None:
    """Take a column of a few words, each for several units, as a system of groups."""
    cells = {row: spaced(written(table.cell(row, column).content)) for row in units}
    words = {word for word in cells.values() if word}
    numbers = any(is_number(word) for word in words)
    if numbers or not all(cells.values()) or not GROUPS[0] <= len(words) <= GROUPS[1] or 2 * len(words) > len(
            set(units.values())):
        return
    by_unit: dict[str, str] = {}
    for row, word in cells.items():
        if by_unit.setdefault(units[row], word) != word:
            return
    fits = CODE.fullmatch(text) and text.casefold() not in (*RESERVED, "region")
    system = text if fits else f"zone{len(seen.groups) + 1}"
    seen.groups[system], seen.systems[system] = by_unit, text


def add_indicator(text: str, unit: str, seen: Seen) -> str:
    """The code of an indicator by its heading, made by its place where the heading is none."""
    match = UNIT.match(folded(text))
    name, inside = (match[1], match[2]) if match and match[1] else (folded(text), "")
    for code, (known, _) in seen.indicators.items():
        if tight(known) == tight(name):
            return code
    fits = CODE.fullmatch(name) and not no_file_name(name) and name.casefold() not in RESERVED and re.search(
        "[A-Za-z]", name)
    taken = {code.casefold() for code in seen.indicators}
    code = name if fits and name.casefold() not in taken else f"X{len(seen.indicators) + 1:02d}"
    seen.indicators[code] = name, unit or inside
    return code


def wide_rows(layout: Layout, units: dict[int, str], seen: Seen) -> list[tuple]:
    """The figures of a wide table."""
    table, rows = layout.table, []
    width = max(len(table.grid.rows[row]) for row in (table.head, layout.second or table.head, *table.rows[:1]))
    columns = {}
    for column in range(width):
        texts = layout.texts(column)
        if column in table.columns.values() or not texts or texts[0] in seen.groups:
            continue
        cells = [table.cell(row, column).content for row in units]
        filled = [content for content in cells if not is_blank(content)]
        if 2 * sum(map(is_number, filled)) <= len(filled) or (
                tight(texts[0]) in NAME_WORDS | SECOND_NAMES | {"序号", "no", "no.", "id"}):
            continue
        years = [year for text in texts if (year := year_alone(text))]
        words = [text for text in texts if not year_alone(text)]
        dated = year_within(words[0]) if words and not years and not table.has("year") else None
        name, year = dated if dated and dated[0] else (" ".join(words), years[0] if years else None)
        if name:
            columns[column] = add_indicator(name, layout.units.get(column, ""), seen), year
    for row, unit in units.items():
        own = year_alone(written(table.cell(row, "year").content)) if table.has("year") else None
        for column, (code, year) in columns.items():
            rows.append((unit, seen.units[unit], code, year or own or "", table.cell(row, column).content))
            seen.years |= {year or own} - {None}
    return rows


def long_rows(layout: Layout, units: dict[int, str], seen: Seen) -> list[tuple]:
    """The figures of a long table, or of one with a column a year."""
    table, rows = layout.table, []
    years = {column: year for column, text in table.others.items() if (year := year_alone(text))}
    for row, unit in units.items():
        text = spaced(written(table.cell(row, "indicator").content))
        if not text:
            continue
        code = add_indicator(text, "", seen)
        own = year_alone(written(table.cell(row, "year").content)) if table.has("year") else None
        for column, year in ({table.columns["value"]: own} if table.has("value") else years).items():
            rows.append((unit, seen.units[unit], code, year or "", table.cell(row, column).content))
            seen.years |= {year} - {None}
    return rows


def framework_of(seen: Seen) -> pd.DataFrame:
    """The tree: one domain, one sub-domain and the indicators, all with + to be checked."""
    domain, zh, en = DOMAIN
    taken = {code.casefold() for code in seen.indicators}
    domain = next(code for code in (domain, "ALL", "DOMAIN") if code.casefold() not in taken
                  and f"{code}-1".casefold() not in taken)
    check = "请核对方向 check the direction"
    rows = [(domain, "domain", "", zh, en, "", "", "", "", ""), (f"{domain}-1", "subdomain", domain, zh, en, *[""] * 5)]
    rows += [(code, "indicator", f"{domain}-1", name, name, "+", unit, unit, "", check)
             for code, (name, unit) in seen.indicators.items()]
    table = pd.DataFrame(rows, columns=HEADINGS["framework"])
    return table.reindex(columns=[*HEADINGS["framework"], *SCALES], fill_value="")


def cities_of(seen: Seen) -> pd.DataFrame:
    """The roster: code, name and the columns of groups."""
    table = pd.DataFrame({"code": list(seen.units), "name": list(seen.units.values())})
    for system, by_unit in seen.groups.items():
        table[system] = [by_unit.get(code, "") for code in seen.units]
    return table
