"""The files of cities: a page a city and their list in profiles/; on demand, in cities/, a PDF, and an account as page,
PDF and workbook."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from analysis.editions import file_name
from analysis.panel import find_city
from workbench.cities.account import Account
from workbench.cities.profile_listing import list_html, page_name
from workbench.cities.profile_page import profile_html
from workbench.cities.profile_words import ProfileNames
from workbench.cities.profiles import Profiles
from workbench.edition import edition_stamp
from workbench.reporting.stamps import Stamp
from workbench.reporting.words import WORDS

PROFILES, CITIES = "profiles", "cities"


def write_profiles(profiles: Profiles, folder: Path, stamp: Stamp, lang: str) -> list[Path]:
    """Write profiles/<code>.html of every city and profiles/index.html into the reports of a run; returns the paths.

    Where there are more cities than the setting `parts.profiles`, so many of the first and the city that is followed
    have a page, and the list names the command for any other. The same tables give the same bytes.
    """
    names, place = ProfileNames(profiles, lang), folder / PROFILES
    place.mkdir(parents=True, exist_ok=True)
    links = [("../index.html", WORDS[lang]["index"]), ("index.html", WORDS[lang]["all_cities"])]
    order, ranks, written = profiles.in_order, profiles.tables.scores["rank"], []
    edition, most = profiles.tables.settings.edition, profiles.tables.settings.parts.profiles
    shown = {*order[:most]}
    if most and len(order) > most:
        shown.add(find_city(profiles.tables.cities, profiles.tables.settings.city))

    def beside(position: int) -> tuple[str, str] | None:
        if not 0 <= position < len(order) or order[position] not in shown:
            return None
        code = order[position]
        return page_name(code, edition), f"{ranks[code]} {names.cities[code]}"

    for position, code in enumerate(order):
        if code not in shown:
            continue
        page = profile_html(names, code, stamp, links, (beside(position - 1), beside(position + 1)))
        written.append(write(place / page_name(code, edition), page.encode("utf-8")))
    written.append(write(place / "index.html", list_html(names, stamp, shown).encode("utf-8")))
    return written


def write_pdfs(profiles: Profiles, codes: Iterable[str], reports: Path, lang: str) -> Iterator[Path]:
    """Write cities/<code>_profile.pdf of some cities into the reports of a run; yields each path once it is there."""
    from workbench.cities.profile_paper import profile_pdf

    tables = profiles.tables
    names, stamp = ProfileNames(profiles, lang), edition_stamp(tables.run, tables.settings, tables.ground, lang)
    place = reports / CITIES
    place.mkdir(parents=True, exist_ok=True)
    for code in codes:
        yield write(place / file_name(f"{code}_profile.pdf", tables.settings.edition), profile_pdf(names, code, stamp))


def write_account(account: Account, reports: Path, lang: str = "zh") -> list[Path]:
    """Write cities/<adcode>.html, .pdf and .xlsx into a run's reports of one language; returns their paths.

    Nothing is written unless all three could be made; each then takes the place of an older one in one move.
    """
    from workbench.cities.account_page import account_html, account_pdf
    from workbench.cities.account_workbook import account_workbook

    folder, name = reports / CITIES, file_name(account.code, account.tables.settings.edition)
    contents = {"html": account_html(account, lang, account_links(name, lang, folder)).encode("utf-8"),
                "pdf": account_pdf(account, lang), "xlsx": account_workbook(account, lang)}
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{ending}" for ending in contents]
    return [write(path, content) for path, content in zip(paths, contents.values(), strict=True)]


def account_links(name: str, lang: str, folder: Path) -> list[tuple[str, str]]:
    """Where the page leads: the run's index, if there is one, the PDF and the workbook."""
    index = [("../index.html", WORDS[lang]["index"])] if (folder.parent / "index.html").is_file() else []
    return [*index, (f"{name}.pdf", WORDS[lang]["pdf"]), (f"{name}.xlsx", "Excel")]


def list_lines(profiles: Profiles, codes: Iterable[str], lang: str) -> Iterator[str]:
    """Rank, code, name and score of some cities, a line each."""
    names, scores = ProfileNames(profiles, lang), profiles.tables.scores
    for code in codes:
        yield f"{scores.at[code, 'rank']:>4}  {code}  {scores.at[code, 'score']:6.2f}  {names.cities[code]}"


def write(path: Path, content: bytes) -> Path:
    """Put a file in place in one move, so that no reader meets half of it."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path
