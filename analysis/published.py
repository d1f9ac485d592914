"""The white paper's printed tables as data: ranks and domain lists by city code, with every erratum applied and listed.

Names that were read, corrected and inferred are distinguished by a status: a lost row stays lost, and members inferred
for it have their own status, so that every count can be made with or without them.

Reference: docs/method.md, section 1; data/raw/whitepaper/errata.csv and inferred_members.csv give each reason.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.framework import PAPER_LISTS
from analysis.rawfiles import Problems, RawDataError, nearest
from analysis.sources import LIST_TABLES

# Which domain each list of the paper ranks; 数字经济 (D1) has no list.
DOMAIN_OF_TABLE = {table: domain for table, domain in PAPER_LISTS.items() if table <= 7}
EFFECTS = {
    "name": "member corrected",
    "duplicate": "member counted once",
    "lost row": "members lost",
    "label": "no member changed",
    "punctuation": "no member changed",
}
LABEL_COLUMNS = {1: "domain_printed", 2: "subdomain_printed", 3: "indicator_printed"}  # cells of Table 1, left to right


def clean_whitepaper(tables: dict[str, pd.DataFrame], errata: pd.DataFrame, inferred: pd.DataFrame,
                     cities: pd.DataFrame) -> dict[str, pd.DataFrame | pd.Series]:
    """Match the printed names to the roster, apply the errata and add the inferred members under their own status.

    Parameters: `tables`, `errata`, `inferred` as `sources.read_whitepaper` reads them; `cities` the roster.
    Returns published_ranks (Series by adcode, 1 to 100 in order), published_lists (table, domain, adcode, status: read,
    corrected or inferred; in printed order, inferred ones last in their table) and errata_applied (errata with a
    column effect).
    Raises RawDataError listing every printed name that is not in the roster and has no erratum, every erratum that does
    not fit what is printed, and every city twice in one list.
    """
    code_of = pd.Series(cities.index, index=cities["name"])
    lines = [line for row in errata.itertuples() for line in misfit(row, tables)]
    ranks = match_names(tables["table2_top100"], "table2_top100", code_of, lines)
    lists = pd.concat([read_list(number, tables[name], errata, code_of, lines) for number, name in LIST_TABLES.items()])
    added = inferred.rename(columns={"city": "name"}).assign(status="inferred")
    lists = pd.concat([lists, added]).sort_values("table", kind="stable")
    lines += disagreements(lists, added, cities)
    if lines:
        raise RawDataError("\n".join(lines))
    lists = lists.assign(domain=lists["table"].map(DOMAIN_OF_TABLE))
    return {
        "published_ranks": ranks.set_index("adcode")["rank"].astype(int).sort_values()
        .rename("published_rank"),
        "published_lists": lists[["table", "domain", "adcode", "status"]].astype({"table": int}).reset_index(drop=True),
        "errata_applied": errata.drop(columns="raw_row").assign(effect=errata["kind"].map(EFFECTS)),
    }


def read_list(number: int, table: pd.DataFrame, errata: pd.DataFrame, code_of: pd.Series,
              lines: list[str]) -> pd.DataFrame:
    """One list's members with status read or corrected; blank rows are skipped, a name printed twice counts once."""
    printed = table[table["city"] != ""].copy()
    own = errata[(errata["table"] == number) & errata["kind"].isin(["name", "duplicate"])]
    corrections = dict(zip(zip(own["row"], own["position"], strict=True), own["corrected"], strict=True))
    corrected = pd.Series([corrections.get((row.row, row.position)) for row in printed.itertuples()], printed.index,
                          dtype=object)
    printed["status"] = corrected.notna().map({True: "corrected", False: "read"})
    printed["city"] = corrected.where(corrected.notna(), printed["city"])
    return match_names(printed[printed["city"] != ""], LIST_TABLES[number], code_of, lines).assign(table=number)


def match_names(table: pd.DataFrame, name: str, code_of: pd.Series, lines: list[str]) -> pd.DataFrame:
    """Add each city's code; note names that are not in the roster and cities printed twice."""
    problems = Problems(f"{name}.csv")
    for row in table[~table["city"].isin(code_of.index)].itertuples():
        problems.add(row.raw_row, "city", row.city, f"not in the roster{nearest(row.city, code_of.index)} and no row "
                     "of errata.csv corrects it; add an erratum with its reason")
    for row in table[table.duplicated("city")].itertuples():
        problems.add(row.raw_row, "city", row.city, "printed twice; add an erratum of kind duplicate")
    lines += problems.lines
    return table.assign(adcode=table["city"].map(code_of))


def misfit(erratum: Any, tables: dict[str, pd.DataFrame]) -> list[str]:
    """What is wrong with one erratum: an unknown kind or table, or a text that is not printed there."""
    problems = Problems("errata.csv")
    names = {1: "table1_framework", 2: "table2_top100", **LIST_TABLES}
    if erratum.kind not in EFFECTS:
        problems.add(erratum.raw_row, "kind", erratum.kind, f"not one of {', '.join(EFFECTS)}; correct it")
    elif erratum.table not in names:
        problems.add(erratum.raw_row, "table", erratum.table, "the paper has tables 1 to 7; correct it")
    elif erratum.kind != "punctuation":  # separators are not part of a transcribed cell
        found = printed_text(erratum, tables[names[erratum.table]])
        if found != erratum.printed:
            problems.add(erratum.raw_row, "printed", erratum.printed, f"table {erratum.table} has {found or 'nothing'} "
                         "there; correct row, position or text")
    return problems.lines


def printed_text(erratum: Any, table: pd.DataFrame) -> str | None:
    """The transcribed text at the place that an erratum names; None if the place does not exist."""
    key = "number" if "number" in table.columns else "row" if "row" in table.columns else "rank"
    rows = table[table[key] == erratum.row]
    if key == "number":
        column = LABEL_COLUMNS.get(erratum.position, "overflow_printed")
    elif erratum.kind == "label":
        column = "province"
    else:
        column = "city"
        if key == "row" and not pd.isna(erratum.position):
            rows = rows[rows["position"] == erratum.position]
    return rows[column].iloc[0] if len(rows) else None


def disagreements(lists: pd.DataFrame, inferred: pd.DataFrame, cities: pd.DataFrame) -> list[str]:
    """Inferred members whose code contradicts their name, whose table has no list, or that are in the list already."""
    problems = Problems("inferred_members.csv")
    for row in inferred[inferred["adcode"].map(cities["name"]) != inferred["name"]].itertuples():
        right = cities["name"].get(row.adcode, "no city of the roster")
        problems.add(row.raw_row, "city", f"{row.name} ({row.adcode})",
                     f"the name of {row.adcode} is {right}; correct the name or the code")
    for row in inferred[~inferred["table"].isin(DOMAIN_OF_TABLE)].itertuples():
        problems.add(row.raw_row, "table", row.table, "the paper's lists are tables 3 to 7; correct it")
    repeated = lists.duplicated(["table", "adcode"]) & (lists["status"] == "inferred")
    for row in lists[repeated].itertuples():
        problems.add(int(row.raw_row), "city", row.name, f"already a member of table {row.table}; remove it")
    return problems.lines
