"""One A4 page by typst: the account and the profile of a city on paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from workbench.reporting.markup import REPORT_ASSETS
from workbench.reporting.notebook_pdf import compile_typst
from workbench.reporting.table import Table
from workbench.reporting.typst_tables import TableFit, table_to_typst, typst_string

TEMPLATES = ("report.typ", "city.typ", "profile.typ")


def one_page(template: str, function: str, arguments: Mapping[str, str], pictures: Mapping[str, str], name: str,
             seconds: int) -> bytes:
    """The page as PDF/UA: a call of a template's function with arguments in typst, beside pictures by file name."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        for asset in TEMPLATES:
            (folder / asset).write_bytes((REPORT_ASSETS / asset).read_bytes())
        for file, picture in pictures.items():
            (folder / file).write_text(picture, encoding="utf-8")
        lines = [f'#import "{template}": *', f"#{function}(",
                 *(f"  {key}: {value}," for key, value in arguments.items()), ")"]
        (folder / "main.typ").write_text("\n".join(lines), encoding="utf-8")
        return compile_typst(folder, name, seconds)


def typst_strings(texts: Iterable[str | Iterable]) -> str:
    """Texts, or tuples of them, as a typst array; every text is a string, so none is read as markup."""
    return "(" + "".join(f"{typst_string(text) if isinstance(text, str) else typst_strings(text)}, "
                         for text in texts) + ")"


def set_table(table: Table, size: float, padding: float, shares: dict[int, float]) -> str:
    """A table in typst across its whole column: columns in `shares` divide what the others, never wrapped, leave."""
    fractions = {number % table.width: f"{share}fr" for number, share in shares.items()}
    columns = tuple(fractions.get(number, "auto") for number in range(table.width))
    return table_to_typst(table, TableFit(size, padding, False, columns))
