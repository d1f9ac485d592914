"""The files of a profile: page, PDF and workbook, made whole in memory before the first of them is put in place."""

from __future__ import annotations

import os
from pathlib import Path

from analysis.editions import file_name
from workbench.cities.account import Account
from workbench.reporting.words import WORDS

FOLDER = "cities"


def write_profile(account: Account, reports: Path, lang: str = "zh") -> list[Path]:
    """Write cities/<adcode>.html, .pdf and .xlsx into a run's reports of one language; returns their paths.

    Nothing is written unless all three could be made; each then takes the place of an older one in one move.
    """
    from workbench.cities.account_page import account_html, account_pdf
    from workbench.cities.account_workbook import account_workbook

    folder = reports / FOLDER
    contents = {"html": account_html(account, lang, page_links(account, lang, folder)).encode("utf-8"),
                "pdf": account_pdf(account, lang), "xlsx": account_workbook(account, lang)}
    folder.mkdir(parents=True, exist_ok=True)
    name = profile_name(account)
    made = {folder / f".{name}.{ending}.part": folder / f"{name}.{ending}" for ending in contents}
    try:
        for part, content in zip(made, contents.values(), strict=True):
            part.write_bytes(content)
        for part, path in made.items():
            os.replace(part, path)
    finally:
        for part in made:
            part.unlink(missing_ok=True)
    return list(made.values())


def page_links(account: Account, lang: str, folder: Path) -> list[tuple[str, str]]:
    """Where the page leads: the run's index, if there is one, the PDF and the workbook."""
    index = [("../index.html", WORDS[lang]["index"])] if (folder.parent / "index.html").is_file() else []
    name = profile_name(account)
    return [*index, (f"{name}.pdf", WORDS[lang]["pdf"]), (f"{name}.xlsx", "Excel")]


def profile_name(account: Account) -> str:
    """What the files of a profile are called, without ending: the city's code."""
    return file_name(account.code, account.tables.settings.edition)
