"""Reading the raw files: every table is checked, and all its problems are reported together.

A reader takes the repository's folder and returns a frame whose codes, names, years and figures can be relied on.
Problems are raised as one `RawDataError`, one line per problem: file, row, column, value, reason and remedy.
Nothing is repaired here; `cleaning` does that by stated rules.

Reference: docs/method.md, section 1; data/raw/README.md describes every file and column.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.rawfiles import (
    Problems,
    RawDataError,
    numbers,
    read_table,
    record_checksum,
    refuse_repeats,
    refuse_unknown,
    suggestion,
    verify_provenance,
)

__all__ = ["RawDataError", "read_cities", "read_experts", "read_judgements", "read_region_names", "read_sources",
           "read_statistics", "read_title_entries", "read_variables", "read_whitepaper", "record_checksum",
           "verify_provenance"]

STATISTICS = Path("data/raw/statistics")
WHITEPAPER = Path("data/raw/whitepaper")
JUDGEMENTS = Path("data/raw/ahp")

CITY_COLUMNS = ["adcode", "name", "name_en", "province", "province_short", "region", "type", "seat_lon", "seat_lat"]
VARIABLE_COLUMNS = ["variable", "name_zh", "name_en", "unit", "unit_zh", "year", "source_id", "indicator", "direction",
                    "grade", "note", "minimum", "maximum", "no_row_means"]
SOURCE_COLUMNS = ["source_id", "producer", "title", "citation", "terms", "how_obtained"]
FIGURE_COLUMNS = ["adcode", "city", "variable", "year", "value", "source_id"]
TITLE_COLUMNS = ["adcode", "city", "variable", "named_unit", "name_printed", "notice", "certainty"]
NAMED_UNITS = ("city", "district", "county", "cluster")  # what a list names
CERTAINTIES = ("seen", "reported", "not seen")  # whether the notice was read, told of by others, or neither
LIST_TABLES = {3: "table3_government", 4: "table4_governance", 5: "table5_livelihood", 6: "table6_innovation",
               7: "table7_infrastructure"}
WHITEPAPER_COLUMNS = {
    "table1_framework": ["number", "domain_printed", "subdomain_printed", "indicator_printed", "overflow_printed"],
    "table2_top100": ["rank", "city"],
    **{name: ["row", "province", "position", "city"] for name in LIST_TABLES.values()},
    "paper_regions": ["region", "province_short"],
    "errata": ["table", "row", "position", "kind", "printed", "corrected", "reason_zh", "reason_en", "certainty"],
    "inferred_members": ["table", "adcode", "city", "reason_zh", "reason_en", "certainty"],
    "case_cities": ["table", "adcode", "city"],
}
WHOLE_COLUMNS = {"number", "rank", "row", "position", "table"}
CITY_TYPES = ("地级市", "直辖市")
LONGITUDES, LATITUDES = (73.0, 136.0), (3.0, 54.0)  # the extent of China, in degrees


def read_cities(root: Path) -> pd.DataFrame:
    """The roster: one row per city, indexed by adcode (GB/T 2260, text), in the order of the codes.

    Columns name, name_en, province, province_short, region (the paper's seven), nbs_region (the statistics bureau's
    four), type, seat_lon, seat_lat (degrees or NaN, for dots on a map only). Refuses repeated codes or names, codes
    that are not six digits, a region that contradicts the paper's note, and provinces without a bureau region.
    """
    table = read_table(root / STATISTICS / "cities.csv", CITY_COLUMNS)
    problems = Problems("cities.csv")
    refuse_repeats(table, ["adcode"], problems)
    refuse_repeats(table, ["name"], problems)
    for row in table[~table["adcode"].str.fullmatch("[0-9]{6}")].itertuples():
        problems.add(row.raw_row, "adcode", row.adcode, "a GB/T 2260 code has six digits; correct it")
    refuse_unknown(table, "type", CITY_TYPES, problems, "a type of city")
    bureau = read_table(root / STATISTICS / "nbs_regions.csv", ["province_short", "nbs_region"])
    refuse_unknown(table, "province_short", bureau["province_short"], problems, "a province of nbs_regions.csv")
    paper = read_whitepaper_table(root, "paper_regions").set_index("province_short")["region"]
    for row in table[table["region"] != table["province_short"].map(paper)].itertuples():
        problems.add(row.raw_row, "region", row.region, f"the paper counts {row.province_short} to "
                     f"{paper.get(row.province_short, 'no region')}; correct the region or the province")
    for column, (lowest, highest) in {"seat_lon": LONGITUDES, "seat_lat": LATITUDES}.items():
        table[column] = numbers(table, column, problems, may_be_empty=True)
        for row in table[(table[column] < lowest) | (table[column] > highest)].itertuples():
            problems.add(row.raw_row, column, getattr(row, column), f"outside {lowest:g} to {highest:g}°; correct it")
    problems.stop_if_any()
    table["nbs_region"] = table["province_short"].map(bureau.set_index("province_short")["nbs_region"])
    columns = ["name", "name_en", "province", "province_short", "region", "nbs_region", "type", "seat_lon", "seat_lat"]
    return table.set_index("adcode")[columns].sort_index()


def read_region_names(root: Path) -> pd.DataFrame:
    """English names of provinces and regions: columns system (province, paper or nbs), name, name_en.

    A name may occur in two systems (东北); look it up together with its system.
    """
    table = read_table(root / STATISTICS / "region_names.csv", ["system", "name", "name_en"])
    problems = Problems("region_names.csv")
    refuse_repeats(table, ["system", "name"], problems)
    refuse_unknown(table, "system", ("province", "paper", "nbs"), problems, "a system of regions")
    problems.stop_if_any()
    return table.drop(columns="raw_row")


def read_variables(root: Path) -> pd.DataFrame:
    """The data dictionary, one row per variable, indexed by it; minimum and maximum are numbers, NaN for no bound."""
    table = read_table(root / STATISTICS / "variables.csv", VARIABLE_COLUMNS)
    problems = Problems("variables.csv")
    refuse_repeats(table, ["variable"], problems)
    refuse_unknown(table, "source_id", read_sources(root).index, problems, "a source of sources.csv")
    for column in ("minimum", "maximum"):
        table[column] = numbers(table, column, problems, may_be_empty=True)
    problems.stop_if_any()
    return table.drop(columns="raw_row").set_index("variable")


def read_sources(root: Path) -> pd.DataFrame:
    """Where figures come from, by source_id: producer, title, citation, terms, how_obtained."""
    table = read_table(root / STATISTICS / "sources.csv", SOURCE_COLUMNS)
    problems = Problems("sources.csv")
    refuse_repeats(table, ["source_id"], problems)
    for column in SOURCE_COLUMNS:
        for row in table[table[column] == ""].itertuples():
            problems.add(row.raw_row, column, None, f"empty for source {row.source_id}; fill it in")
    problems.stop_if_any()
    return table.drop(columns="raw_row").set_index("source_id")


def read_statistics(root: Path) -> pd.DataFrame:
    """The public figures as published, flaws included: one row per figure, then one row per known gap.

    Columns adcode, city, variable, year (integer), value (float, in the unit of variables.csv), source_id, file and
    raw_row (which line of which file), named_unit (of a title: what the list names, see `read_title_entries`; else
    empty), reason_zh and reason_en (of a known gap; else empty). A known gap, from known_gaps.csv, has the value NaN:
    the thing exists but its figure is unknown, unlike where there is no row.
    Refuses unknown codes, names, variables and sources, a code that contradicts the name, repeated figures, text in
    place of numbers, and numbers outside the bounds of variables.csv (a negative count, say).
    """
    cities, variables = read_cities(root), read_variables(root)
    source_ids = read_sources(root).index
    figures = read_table(root / STATISTICS / "statistics.csv", FIGURE_COLUMNS)
    problems = Problems("statistics.csv")
    check_labels(figures, cities, variables, source_ids, problems)
    figures["value"] = numbers(figures, "value", problems)
    check_bounds(figures, variables, problems)
    problems.stop_if_any()
    gaps = read_known_gaps(root, cities, variables, source_ids, figures)
    figures = figures.assign(file="statistics.csv", named_unit=named_units(root, figures), reason_zh="", reason_en="")
    return pd.concat([figures, gaps.assign(named_unit="")], ignore_index=True)[
        [*FIGURE_COLUMNS, "file", "raw_row", "named_unit", "reason_zh", "reason_en"]]


def named_units(root: Path, figures: pd.DataFrame) -> pd.Series:
    """What a list names by each figure that is a title (title_entries.csv); "" for other figures. A title without an
    entry and an entry without a title are refused."""
    entries = read_title_entries(root)
    problems = Problems("title_entries.csv")
    keys = pd.MultiIndex.from_frame(figures[["adcode", "variable"]])
    own = pd.MultiIndex.from_frame(entries[["adcode", "variable"]])
    for row in entries[~own.isin(keys)].itertuples():
        problems.add(row.raw_row, "variable", row.variable, f"statistics.csv has no such title of {row.city}; remove "
                     "the entry or add the figure")
    for row in figures[figures["variable"].isin(entries["variable"]) & ~keys.isin(own)].itertuples():
        problems.add(None, "adcode", row.adcode, f"no entry for {row.variable} of {row.city} (statistics.csv, row "
                     f"{row.raw_row}); say what the list names")
    problems.stop_if_any()
    return entries.set_index(own)["named_unit"].reindex(keys).fillna("").set_axis(figures.index)


def read_title_entries(root: Path) -> pd.DataFrame:
    """What each list that gives titles names: one row per title of statistics.csv.

    Columns adcode, city, variable, named_unit (city, district, county or cluster), name_printed (as the notice has it,
    empty where it is not known), notice, certainty (seen: the notice was read; reported: others tell of it; not seen:
    taken to be the city itself), raw_row.
    """
    table = read_table(root / STATISTICS / "title_entries.csv", TITLE_COLUMNS)
    problems = Problems("title_entries.csv")
    refuse_repeats(table, ["adcode", "variable"], problems)
    refuse_unknown(table, "named_unit", NAMED_UNITS, problems, "a kind of unit")
    refuse_unknown(table, "certainty", CERTAINTIES, problems, "a certainty")
    names = read_table(root / STATISTICS / "cities.csv", CITY_COLUMNS).set_index("adcode")["name"]
    for row in table[table["adcode"].map(names) != table["city"]].itertuples():
        problems.add(row.raw_row, "city", f"{row.city} ({row.adcode})",
                     "no such city in cities.csv; correct name or code")
    problems.stop_if_any()
    return table


def read_known_gaps(root: Path, cities: pd.DataFrame, variables: pd.DataFrame, source_ids: pd.Index,
                    figures: pd.DataFrame) -> pd.DataFrame:
    """Figures known to exist whose value is unknown, checked like figures; one that has a figure is refused."""
    columns = [column for column in FIGURE_COLUMNS if column != "value"]
    gaps = read_table(root / STATISTICS / "known_gaps.csv", [*columns, "reason_zh", "reason_en"])
    problems = Problems("known_gaps.csv")
    check_labels(gaps, cities, variables, source_ids, problems)
    given = figures.set_index(["adcode", "variable", "year"])["raw_row"]
    for row in gaps.itertuples():
        if (row.adcode, row.variable, row.year) in given.index:
            problems.add(row.raw_row, "variable", row.variable,
                         f"statistics.csv has a figure for {row.city} in {row.year}; remove the gap or the figure")
    problems.stop_if_any()
    return gaps.assign(value=float("nan"), file="known_gaps.csv")


def check_labels(table: pd.DataFrame, cities: pd.DataFrame, variables: pd.DataFrame, source_ids: pd.Index,
                 problems: Problems) -> None:
    """Note unknown or contradictory labels and repeated rows; years become integers."""
    name_of = table["adcode"].map(cities["name"])
    code_of = {name: code for code, name in cities["name"].items()}
    for row in table.assign(name_of_code=name_of)[name_of != table["city"]].itertuples():
        check_city(row, code_of, problems)
    refuse_unknown(table, "variable", variables.index, problems, "a variable of variables.csv")
    refuse_unknown(table, "source_id", source_ids, problems, "a source of sources.csv")
    good_year = table["year"].str.fullmatch("(19|20)[0-9]{2}")
    for row in table[~good_year].itertuples():
        problems.add(row.raw_row, "year", row.year, "not a calendar year; write four digits")
    table["year"] = table["year"].where(good_year, "0").astype(int)
    refuse_repeats(table, ["adcode", "variable", "year"], problems)


def check_city(row: Any, code_of: dict[str, str], problems: Problems) -> None:
    """Note how one row's code and name disagree with the roster, and the likeliest correction."""
    value = f"{row.city} ({row.adcode})"
    own_code = f"the code of {row.city} is {code_of[row.city]}" if row.city in code_of else ""
    if isinstance(row.name_of_code, str):
        parts = [f"the name of {row.adcode} is {row.name_of_code}", own_code]
        problems.add(row.raw_row, "city", value, " and ".join(filter(None, parts)) + "; correct the name or the code")
    elif own_code:
        problems.add(row.raw_row, "adcode", value, f"{row.adcode} is not in cities.csv; {own_code}; correct the code")
    else:
        problems.add(row.raw_row, "city", value, f"no such city in cities.csv{suggestion(row.city, code_of)}; "
                     "correct name and code or remove the row")


def check_bounds(figures: pd.DataFrame, variables: pd.DataFrame, problems: Problems) -> None:
    """Note numbers outside the bounds that variables.csv gives for their variable."""
    lowest, highest = figures["variable"].map(variables["minimum"]), figures["variable"].map(variables["maximum"])
    outside = (figures["value"] < lowest) | (figures["value"] > highest)
    for row in figures[outside].itertuples():
        bounds = variables.loc[row.variable]
        limit = f"below {bounds['minimum']:g}" if row.value < bounds["minimum"] else f"above {bounds['maximum']:g}"
        problems.add(row.raw_row, "value", f"{row.value:g}", f"{row.variable} ({bounds['unit']}) of {row.city} cannot "
                     f"be {limit}; correct the figure, or remove the row if it is not known")


def read_whitepaper(root: Path) -> dict[str, pd.DataFrame]:
    """The white paper's tables as printed, with errata and inferred members, by file name without ending.

    Keys: table1_framework, table2_top100, table3_government … table7_infrastructure, paper_regions, errata,
    inferred_members, case_cities. Each frame has `raw_row`; numbers of rows, positions and ranks are nullable
    integers, all else is text as printed: a blank row of a list is one row with an empty city. Names are matched to the
    roster by `cleaning`.
    """
    return {name: read_whitepaper_table(root, name) for name in WHITEPAPER_COLUMNS}


def read_whitepaper_table(root: Path, name: str) -> pd.DataFrame:
    """One transcribed table, by file name without ending; columns that count are nullable integers."""
    table = read_table(root / WHITEPAPER / f"{name}.csv", WHITEPAPER_COLUMNS[name])
    problems = Problems(f"{name}.csv")
    for column in WHOLE_COLUMNS.intersection(WHITEPAPER_COLUMNS[name]):
        bad = ~table[column].str.fullmatch("[0-9]*" if column == "position" else "[0-9]+")
        for row in table[bad].itertuples():
            problems.add(row.raw_row, column, getattr(row, column), "not a whole number; write it in digits")
        table[column] = pd.to_numeric(table[column].where(~bad, ""), errors="coerce").astype("Int64")
    for key in (["rank"], ["number"], ["row", "position"], ["province_short"]):
        if name not in ("errata", "inferred_members") and set(key) <= set(table.columns):
            refuse_repeats(table, key, problems)
    problems.stop_if_any()
    return table


def read_experts(root: Path) -> pd.DataFrame:
    """The stylised experts, indexed by expert: name_zh, name_en, weight (relative, above 0), description_zh and _en.

    They are an illustrative assumption: no person was asked.
    """
    columns = ["expert", "name_zh", "name_en", "weight", "description_zh", "description_en"]
    table = read_table(root / JUDGEMENTS / "experts.csv", columns)
    problems = Problems("experts.csv")
    refuse_repeats(table, ["expert"], problems)
    table["weight"] = numbers(table, "weight", problems)
    for row in table[table["weight"] <= 0].itertuples():
        problems.add(row.raw_row, "weight", row.weight, "not above 0; give a positive weight or remove the expert")
    problems.stop_if_any()
    return table.drop(columns="raw_row").set_index("expert")


def read_judgements(root: Path) -> dict[str, dict[str, pd.DataFrame]]:
    """Every judgement matrix: expert → node (goal, D1 …, S01 …) → square frame of floats, labels in rows and columns.

    Entries are decimals or fractions such as 1/3, above 0 or empty (NaN: not compared). Every problem of every matrix
    is reported together. Whether a matrix is reciprocal and consistent is checked in `weighting`.
    """
    lines: list[str] = []
    judgements: dict[str, dict[str, pd.DataFrame]] = {}
    for expert in read_experts(root).index:
        judgements[expert] = {}
        for path in sorted((root / JUDGEMENTS / expert).glob("*.csv")):
            problems = Problems(f"{expert}/{path.name}")
            judgements[expert][path.stem] = read_matrix(path, problems)
            lines += problems.lines
        if not judgements[expert]:
            lines.append(f"{expert}/: no judgement matrix; add them or remove the expert from experts.csv")
    if lines:
        raise RawDataError("\n".join(lines))
    return judgements


def read_matrix(path: Path, problems: Problems) -> pd.DataFrame:
    """One judgement matrix; its heading and its first column must name the same things in the same order."""
    table = read_table(path, ["code"])
    labels = [column for column in table.columns if column not in ("code", "raw_row")]
    if table["code"].tolist() != labels:
        problems.add(None, "code", ", ".join(table["code"]), f"rows and columns must name the same in the same order; "
                     f"the heading has {', '.join(labels)}; correct one of them")
    texts = table[labels].to_numpy()
    entries = [[judgement(text) for text in cells] for cells in texts]
    for line, cells, found in zip(table["raw_row"], texts, entries, strict=True):
        for label, text, entry in zip(labels, cells, found, strict=True):
            if entry is None:
                problems.add(line, label, text, "not a judgement; write 1 to 9 or a reciprocal such as 1/3")
    return pd.DataFrame(entries, list(table["code"]), labels, dtype=float)


def judgement(text: str) -> float | None:
    """A judgement's value: a number above 0, NaN for an empty cell (not compared), None for anything else.

    >>> judgement("1/4"), judgement("0"), judgement("three")
    (0.25, None, None)
    """
    if text == "":
        return float("nan")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?|[1-9][0-9]*/[1-9][0-9]*", text):
        return None
    return float(Fraction(text)) or None
