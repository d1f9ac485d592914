"""The cities of a study and the regions they belong to, from the tables `cities` and `regions`.

`regions` says which columns of `cities` are region systems. A study may bring one table and use the repository's
other one.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import pandas as pd

from analysis.figures.labels import SYSTEM_NAMES
from analysis.regions import SYSTEMS
from analysis.sources import read_cities, read_region_names
from workbench.own.findings import (
    CODE,
    Findings,
    folded,
    is_blank,
    listed,
    read_code,
    read_text,
    spaced,
    tight,
    unaccented,
    written,
)
from workbench.own.grid import Grid
from workbench.own.headings import FIELDS, Table, note_unknown, read_heading, whole
from workbench.own.numbers import read_number, reasons

REGION_COLUMNS = ["system", "system_zh", "system_en", "name", "name_en"]
# Column of the roster: the system of `regions.SYSTEMS` and what region_names.csv calls it.
REPOSITORY_SYSTEMS = {"region": ("region", "paper"), "nbs_region": ("nbs_region", "nbs"),
                      "province_short": ("province", "province")}
NOT_SYSTEMS = ("adcode", "code", "name", "name_en", "province", "type", "lon", "lat", "seat_lon", "seat_lat", "score",
               "rank", "published_rank", "low_coverage", "city")
COORDINATES = {"lon": ("seat_lon", 180.0), "lat": ("seat_lat", 90.0)}
SEAT = 3.0  # degrees from the repository's seat of a city beyond which coordinates are likely wrong
FAR, FEW = 12.0, 5  # median deviations from the middle of all cities; cities below which nothing can be said
KEPT = ("province", "type")  # of the repository's roster, kept where a table repeats them


def repository_regions(root: Path, cities: pd.DataFrame) -> pd.DataFrame:
    """The repository's region systems, a row a region in the order of display."""
    named = read_region_names(root).set_index(["system", "name"])["name_en"]
    rows = [(column, *SYSTEM_NAMES[system], name, named[names_of, name])
            for column, (system, names_of) in REPOSITORY_SYSTEMS.items()
            for name in SYSTEMS[system] or cities[column].unique()]
    return pd.DataFrame(rows, columns=REGION_COLUMNS)


def read_rosters(cities: Grid | None, regions: Grid | None, root: Path,
                 findings: Findings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cities, indexed by adcode, and the region systems, from the tables given and the repository's others."""
    roster = read_cities(root)
    systems = read_regions(regions, findings) if regions else repository_regions(root, roster)
    if cities is None:
        return roster, kept_systems(systems, roster, regions, findings)
    table = read_city_table(cities, systems, roster, regions is not None, findings)
    if regions is None:
        systems = systems[systems["system"].isin(table.columns)]
    return table, systems.reset_index(drop=True)


def kept_systems(systems: pd.DataFrame, roster: pd.DataFrame, regions: Grid | None, findings: Findings) -> pd.DataFrame:
    """The systems given for the repository's cities: only those that its roster sorts cities by."""
    for system in systems["system"].unique():
        groups = systems.loc[systems["system"] == system, "name"]
        if system not in REPOSITORY_SYSTEMS or not set(roster[system]) <= set(groups):
            findings.problem(whole(regions), "system_without_cities",
                             f"没有 cities 表，而体系 {system} 不是本研究名录中的分区；请自带 cities 表，或删去该体系",
                             f"there is no table cities, and {system} is no region system of this study's roster; "
                             "bring a table cities or remove the system")
    return systems


# --- regions ----------------------------------------------------------------------------------------------------------
def read_regions(grid: Grid, findings: Findings) -> pd.DataFrame:
    """The table `regions`; names in one language serve for both where the other is blank."""
    table = read_heading("regions", grid, findings)
    if table is None or not {"system", "name"} <= set(table.columns):
        return pd.DataFrame(columns=REGION_COLUMNS)
    note_unknown(table, REGION_COLUMNS, findings)
    rows: list[dict[str, str]] = []
    seen: dict[tuple[str, str], int] = {}
    for row in table.rows:
        entry = {name: read_text(table.cell(row, name), findings) for name in REGION_COLUMNS}
        if not is_system(table, row, entry["system"], findings):
            continue
        if not entry["name"]:
            findings.problem(table.cell(row, "name"), "no_name", "区域没有名称；请填写",
                             "the region has no name; fill it in")
        key = (entry["system"], entry["name"])
        if key in seen:
            findings.problem(table.cell(row, "name"), "repeated_region", f"与第 {seen[key] + 1} 行重复；请删去一行",
                             f"repeats row {seen[key] + 1}; remove one of the two")
            continue
        seen[key] = row
        entry["name_en"] = entry["name_en"] or entry["name"]
        entry["system_zh"] = entry["system_zh"] or entry["system_en"] or entry["system"]
        entry["system_en"] = entry["system_en"] or entry["system_zh"]
        rows.append(entry)
    found = pd.DataFrame(rows, columns=REGION_COLUMNS)
    for name in ("system_zh", "system_en"):  # a system has one name, its first
        found[name] = found.groupby("system")[name].transform("first")
    return found


def is_system(table: Table, row: int, system: str, findings: Findings) -> bool:
    """Whether a system's name can be a column of `cities`; one that cannot is noted."""
    if not CODE.fullmatch(system):
        findings.problem(table.cell(row, "system"), "bad_code",
                         "区域体系是 cities 的列名，只能用字母、数字、_、-、.；请更正",
                         "a region system is a column of cities, made of letters, digits, _, - and .; correct it")
    elif system.casefold() in NOT_SYSTEMS:
        findings.problem(table.cell(row, "system"), "reserved_code",
                         f"{system} 是 cities 的固定列，不能作区域体系；请改名",
                         f"{system} is a column of cities with another meaning; give the system another name")
    else:
        return True
    return False


# --- cities -----------------------------------------------------------------------------------------------------------
def read_city_table(grid: Grid, systems: pd.DataFrame, roster: pd.DataFrame, systems_given: bool,
                    findings: Findings) -> pd.DataFrame:
    """The table `cities`, indexed by adcode: name, name_en, the systems' columns, seat_lon, seat_lat."""
    order = list(dict.fromkeys(systems["system"]))
    further = {name: (name,) for name in (*order, *KEPT) if name not in FIELDS["cities"]}
    table = read_heading("cities", grid, findings, further)
    columns = ["name", "name_en", *order, "seat_lon", "seat_lat"]
    if table is None or not {"code", "name"} <= set(table.columns):
        return pd.DataFrame(columns=columns).rename_axis("adcode")
    note_unknown(table, (*FIELDS["cities"], *further), findings)
    present = [system for system in order if table.has(system)]
    if systems_given:
        for system in (name for name in order if name not in present):
            findings.problem(table.heading(0)._replace(column=None, content=None), "missing_column",
                             f"regions 表有体系 {system}，而 cities 没有这一列；请补上，或从 regions 删去该体系",
                             f"the table regions has the system {system} and cities has no such column; add it or "
                             "remove the system from regions")
    groups = {system: list(systems.loc[systems["system"] == system, "name"]) for system in present}
    rows: dict[str, dict[str, object]] = {}
    places: dict[str, int] = {}
    folds: dict[str, int] = {}
    for row in table.rows:
        code = read_code(table.cell(row, "code"), findings, "城市", "a city")
        if code in places:
            findings.problem(table.cell(row, "code"), "repeated_code",
                             f"与第 {places[code] + 1} 行的代码重复；请只留一行",
                             f"repeats the code of row {places[code] + 1}; keep one of the two")
            continue
        if code.casefold() in folds:
            findings.problem(table.cell(row, "code"), "codes_differ_in_case",
                             f"与第 {folds[code.casefold()] + 1} 行的代码只有大小写不同；请改用不同的代码",
                             f"differs from the code of row {folds[code.casefold()] + 1} in case only; choose another")
        folds[code.casefold()] = places[code] = row
        rows[code] = read_city(table, row, groups, findings)
    cities = pd.DataFrame.from_dict(rows, orient="index", columns=["name", "name_en", *present, *KEPT, "seat_lon",
                                                                   "seat_lat"]).rename_axis("adcode")
    cities = cities.astype({"seat_lon": float, "seat_lat": float})
    note_coordinates(cities, table, places, roster, findings)
    note_same_names(cities, table, places, findings)
    fields = {"seat_lon": "lon", "seat_lat": "lat"}
    cities = cities[sorted(cities, key=lambda name: table.columns.get(fields.get(name, name), len(columns)))]
    return in_order(with_roster(cities, roster), groups, systems_given)


def with_roster(cities: pd.DataFrame, roster: pd.DataFrame) -> pd.DataFrame:
    """The cities with the columns of the repository's roster that they repeat, and without those that they do not."""
    for name in KEPT:
        if not cities.index.isin(roster.index).all() or not cities[name].equals(roster[name].reindex(cities.index)):
            cities = cities.drop(columns=name)
    return cities


def in_order(cities: pd.DataFrame, groups: dict[str, list[str]], systems_given: bool) -> pd.DataFrame:
    """The cities with each given system's regions in its order of display; the repository's keep their own."""
    if systems_given:
        for system, names in groups.items():
            if system not in REPOSITORY_SYSTEMS and cities[system].isin(names).all():
                cities[system] = pd.Categorical(cities[system], categories=names)
    return cities


def read_city(table: Table, row: int, groups: dict[str, list[str]], findings: Findings) -> dict[str, object]:
    """One city of the table."""
    city: dict[str, object] = {"name": read_text(table.cell(row, "name"), findings)}
    if not city["name"]:
        findings.problem(table.cell(row, "name"), "no_name", "城市没有名称；请填写", "the city has no name; fill it in")
    city["name_en"] = read_text(table.cell(row, "name_en"), findings) or city["name"]
    for name in KEPT:
        city[name] = spaced(written(table.cell(row, name).content))
    for system, names in groups.items():
        city[system] = read_region(table, row, system, names, findings)
    for name, (column, limit) in COORDINATES.items():
        city[column] = read_coordinate(table, row, name, limit, findings)
    return city


def read_region(table: Table, row: int, system: str, names: list[str], findings: Findings) -> str:
    """The region of a city in one system, by the name that `regions` lists."""
    cell = table.cell(row, system)
    text = spaced(written(cell.content))
    if text in names:
        return text
    alike = [name for name in names if tight(name) == tight(text)]
    if alike:
        findings.understood(cell, alike[0], "region_name", "大小写、空格与全角不计",
                            "case, blanks and width do not count")
        return alike[0]
    near = difflib.get_close_matches(folded(text), names, n=1, cutoff=0.3) if text else []
    offer_zh, offer_en = (f"；最接近的是 {near[0]}", f"; the nearest is {near[0]}") if near else ("", "")
    what_zh, what_en = (("没有填区域", "no region is given") if not text else
                        (f"不是体系 {system} 的区域", f"not a region of the system {system}"))
    findings.problem(cell, "unknown_region", f"{what_zh}（{listed(names)}）{offer_zh}；请更正，或补入 regions 表",
                     f"{what_en} ({listed(names)}){offer_en}; correct it or add it to the table regions")
    return text


def note_coordinates(cities: pd.DataFrame, table: Table, places: dict[str, int], roster: pd.DataFrame,
                     findings: Findings) -> None:
    """Note coordinates that are possible and likely wrong: longitude and latitude changed places,
    a place far from where
    the repository's roster has it or far from all others, and 0, 0."""
    known = cities[["seat_lon", "seat_lat"]].dropna()
    if known.empty:
        return
    swapped = known[(known["seat_lat"].abs() > 90) & (known["seat_lon"].abs() <= 90)]
    here = known.index.intersection(roster.index)
    turned = [code for code in here if abs(known.at[code, "seat_lon"] - roster.at[code, "seat_lat"]) < SEAT
              and abs(known.at[code, "seat_lat"] - roster.at[code, "seat_lon"]) < SEAT]
    if len(swapped) * 2 > len(known) or len(turned) * 2 > len(known):
        findings.problem(table.heading("lon")._replace(row=table.head + 1), "coordinates_swapped",
                         f"{len(known)} 个城市的经度与纬度似乎写反了；请对调 lon 与 lat 两列",
                         f"longitude and latitude of the {len(known)} cities seem to have changed places; swap the "
                         "columns lon and lat")
        findings.problems[:] = [each for each in findings.problems if not (
            each.kind == "coordinate_out_of_range" and each.file == table.grid.file and each.sheet == table.grid.sheet)]
        return
    middle = known.median()
    spread = (known - middle).abs().median()
    for code, place in known.iterrows():
        cell = table.cell(places[code], "lon")
        away = max(abs(place["seat_lon"] - middle["seat_lon"]) / max(spread["seat_lon"], 1.0),
                   abs(place["seat_lat"] - middle["seat_lat"]) / max(spread["seat_lat"], 1.0))
        if code in here and max(abs(place["seat_lon"] - roster.at[code, "seat_lon"]),
                                abs(place["seat_lat"] - roster.at[code, "seat_lat"])) > SEAT:
            was = f"{roster.at[code, 'seat_lon']:.4g}, {roster.at[code, 'seat_lat']:.4g}"
            findings.warning(cell, "coordinates_elsewhere", f"坐标与本研究名录的（{was}）相距甚远；请核对",
                             f"the coordinates are far from those of this study's roster ({was}); please check")
        elif place.eq(0).all():
            findings.warning(cell, "coordinates_elsewhere", "坐标为 0, 0；没有坐标请留空",
                             "the coordinates are 0, 0; leave them blank where they are not known")
        elif len(known) >= FEW and away > FAR:
            findings.warning(cell, "coordinates_elsewhere", "坐标远离其他城市；请核对，也可能经纬度写反",
                             "the coordinates are far from all other cities; please check, longitude and latitude may "
                             "have changed places")


def note_same_names(cities: pd.DataFrame, table: Table, places: dict[str, int], findings: Findings) -> None:
    """Note cities whose names are the same but for accents, case and white space: figures must then name codes."""
    alike = cities["name"].map(lambda name: unaccented(tight(name)))
    for name, group in cities[alike.duplicated(keep=False) & (alike != "")].groupby(alike, sort=False):
        codes = listed(group.index)
        findings.warning(table.cell(places[group.index[1]], "name"), "same_name",
                         f"{codes} 同名（{name}）；values 中请用代码",
                         f"{codes} have the same name ({name}); use their codes in values")


def read_coordinate(table: Table, row: int, name: str, limit: float, findings: Findings) -> float:
    """A longitude or latitude in degrees, NaN where none is given."""
    cell = table.cell(row, name)
    if is_blank(cell.content):
        return float("nan")
    number = read_number(cell.content)
    if number.problem:
        findings.problem(cell, *number.problem)
        return float("nan")
    if number.value is None:
        return float("nan")
    if number.rule:
        findings.understood(cell, repr(number.value), number.rule, *reasons(number.rule))
    if abs(number.value) > limit:
        findings.problem(cell, "coordinate_out_of_range",
                         f"应在 −{limit:g} 与 {limit:g} 度之间；请更正，或清空",
                         f"a {'longitude' if name == 'lon' else 'latitude'} is between −{limit:g} and {limit:g} "
                         "degrees; correct it or clear the cell")
    return number.value
