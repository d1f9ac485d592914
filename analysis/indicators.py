"""From the cleaned panel to the indicator matrix: which figure stands for which indicator, and how it is read.

The table data/raw/framework/proxies.csv decides this. Every cell keeps its origin: the variable, the
years and the rows of the raw file it was made from, so that a number in a report can be followed back.

Reference: docs/method.md, section 2; docs/assumptions.md rates each proxy.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.frames import settle

RESIDENTS = "resident_population"
DISTRICT_NAMED = "district_named"  # the flag of a title that a list could give to a city's districts only
FROM_PANEL = ("adcode", "variable", "source_id", "year", "raw_row")  # what the origin of a cell is made of


def chosen_proxies(proxies: pd.DataFrame, worst_grade: str = "C", exclude: Sequence[str] = (),
                   readings: Sequence[str] = ()) -> pd.DataFrame:
    """The proxies a run uses: one reading of each indicator, of at least the admitted grade.

    That is the main one, or the alternative whose variable `readings` names. With worst_grade D the readings kept for
    sensitivity runs (role `sensitivity`) are added. `exclude` leaves out indicators by code. A code that is not
    measured, a variable that is no alternative and two for one indicator are refused by name. Returns rows of `proxies`
    indexed by indicator.
    """
    others = proxies[(proxies["role"] == "alternative") & proxies["variable"].isin(list(readings))]
    known = list(proxies.loc[proxies["role"] == "alternative", "variable"])
    if strange := [name for name in readings if name not in known]:
        raise ValueError(f"indicators.readings: {', '.join(strange)} is no alternative variable; "
                         f"alternatives: {', '.join(known) or 'none in this study'}")
    if others["indicator"].duplicated().any():
        twice = others.loc[others["indicator"].duplicated(keep=False), "variable"]
        raise ValueError(f"indicators.readings: {', '.join(twice)} stand for the same indicator; keep one")
    roles = ["main", "sensitivity"] if worst_grade == "D" else ["main"]
    main = proxies[proxies["role"].isin(roles) & ~proxies["indicator"].isin(others["indicator"])]
    chosen = pd.concat([main, others])
    chosen = chosen[chosen["grade"] <= worst_grade].set_index("indicator").sort_index()
    measured = chosen.index.tolist()
    unknown = [code for code in exclude if code not in measured]
    if unknown:
        raise ValueError(f"indicators.exclude: {', '.join(unknown)} not measured; measured: {', '.join(measured)}")
    if set(exclude) >= set(measured):
        raise ValueError("indicators.exclude leaves no indicator; keep at least one")
    return chosen.drop(index=list(exclude))


def indicator_matrix(panel: pd.DataFrame, cities: pd.DataFrame, chosen: pd.DataFrame,
                     scale: str = "per_resident", district_titles: str = "missing"
                     ) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read each indicator's proxy for every city: the matrix of raw indicator values and the origin of each cell.

    Parameters: `panel` as cleaning.clean_statistics returns it; `chosen` as `chosen_proxies` returns it;
    `scale` "per_resident" divides counts and sums by the resident population, "total" leaves them as they are;
    `district_titles` says what a city is whose districts alone a list names: missing, named or not_named.
    Returns (values, origins): values is cities × indicators in the unit of proxies.csv, NaN where the source has
    nothing; origins has one row per cell: adcode, indicator, variable, years, raw_rows, source_id, value,
    denominator_row (the raw row of the residents, or of the study's own divisor; empty where it was not divided).

    Readings: `level` the one value; `median` over the years; `named` 1 where the list has the city, else 0;
    `years_operating` calendar years up to the reference year, the first included, 0 where the list has no row.
    A listed city whose year is unknown is a gap, not a zero, and so is one of which the list names districts only.
    """
    columns, origins = {}, []
    for code, proxy in chosen.iterrows():
        rows, divisors = proxy_rows(panel, proxy), divisor_rows(panel, proxy, scale)
        columns[code] = read_proxy(rows, proxy, cities.index, divisors, district_titles)
        cells = cell_origins(rows, code, columns[code])
        cells["denominator_row"] = "" if divisors is None else cells["adcode"].map(divisors["raw_row"].astype(str))
        origins.append(cells)
    return settle(pd.DataFrame(columns, index=cities.index)), pd.concat(origins, ignore_index=True)


def indicator_values(panel: pd.DataFrame, cities: pd.DataFrame, proxy: pd.Series, scale: str,
                     district_titles: str) -> pd.Series:
    """One column of the matrix that `indicator_matrix` makes, without the origins of its cells; `proxy` is the row of
    `chosen` whose name is the indicator's code."""
    values = read_proxy(proxy_rows(panel, proxy), proxy, cities.index, divisor_rows(panel, proxy, scale),
                        district_titles)
    return settle(values).rename(proxy.name)


def rows_of(panel: pd.DataFrame, variable: str) -> pd.DataFrame:
    """The panel's rows of one variable."""
    return panel[panel["variable"] == variable]


def proxy_rows(panel: pd.DataFrame, proxy: pd.Series) -> pd.DataFrame:
    """The panel's rows that a proxy is read from; cities without a figure are read from its fallback, if it has one."""
    rows = rows_of(panel, proxy["variable"])
    if not proxy["fallback"]:
        return rows
    rows, rest = rows[rows["value"].notna()], rows_of(panel, proxy["fallback"])
    return pd.concat([rows, rest[~rest["adcode"].isin(rows["adcode"])]])


def divisor_of(proxy: pd.Series, scale: str) -> str:
    """The variable that an indicator's figures are divided by: the residents, in a run that counts per resident, or a
    study's own (column `divisor` of its proxies); empty where they are taken as they are."""
    if proxy["measure"].endswith("_per_resident"):
        return RESIDENTS if scale == "per_resident" else ""
    return proxy.get("divisor", "")


def divisor_rows(panel: pd.DataFrame, proxy: pd.Series, scale: str) -> pd.DataFrame | None:
    """The panel's rows of what an indicator's figures are divided by, by city; None where they are not divided."""
    variable = divisor_of(proxy, scale)
    return rows_of(panel, variable).set_index("adcode") if variable else None


def read_proxy(rows: pd.DataFrame, proxy: pd.Series, cities: pd.Index, divisors: pd.DataFrame | None,
               district_titles: str) -> pd.Series:
    """One indicator's values for all cities from its rows of the panel, by the reading that proxies.csv names, divided
    by the value of `divisors`, if there are any."""
    by_city = rows.groupby("adcode")["value"]
    measure = proxy["measure"]
    if measure == "named":
        named = by_city.count().clip(upper=1).reindex(cities, fill_value=0).astype(float)
        districts = named.index.isin(rows.loc[rows["flag"] == DISTRICT_NAMED, "adcode"])
        return named.mask(districts, {"missing": float("nan"), "named": 1.0, "not_named": 0.0}[district_titles])
    if measure == "years_operating":
        # median keeps a listed city without a year missing, where a sum would make it zero
        return (int(proxy["reference_year"]) - by_city.median() + 1).reindex(cities, fill_value=0.0)
    values = by_city.median().reindex(cities)
    return values if divisors is None else values * float(proxy["multiplier"]) / divisors["value"].reindex(cities)


def cell_origins(rows: pd.DataFrame, code: str, values: pd.Series) -> pd.DataFrame:
    """Where each city's value of one indicator comes from: variable, years, rows of statistics.csv and source.

    Empty where no figure was used: a gap, or a city that the list does not name. Figures set aside are not listed.
    """
    used, cells = rows[rows["value"].notna()].sort_values("year"), dict[str, tuple]()
    for city, *names, year, row in zip(*(used[name].tolist() for name in FROM_PANEL), strict=True):
        years, raw_rows = cells.setdefault(city, (*names, [], []))[-2:]
        years.append(year if isinstance(year, str) else "" if pd.isna(year) else str(int(year)))
        raw_rows.append(str(row))
    texts = [(*names, ";".join(years), ";".join(raw_rows))
             for *names, years, raw_rows in (cells.get(city, ("", "", [], [])) for city in values.index)]
    origins = pd.DataFrame(texts, values.index, ["variable", "source_id", "years", "raw_rows"], dtype=object)
    origins.insert(0, "indicator", code)
    return origins.assign(value=values).reset_index(names="adcode")
