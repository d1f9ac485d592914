"""An account as aligned text: Chinese letters take two columns of a terminal, Latin ones one."""

from __future__ import annotations

import io

from analysis.figures.labels import pick
from workbench.cities import account_tables, words
from workbench.cities.account import Account
from workbench.cities.account_notes import notes
from workbench.cities.names import Names
from workbench.edition import edition_line
from workbench.reporting.table import Table

NARROWEST = 9  # columns of a terminal below which a column of text is not pressed
LEAST_WIDTH = 118  # below this, numbers would be cut


def account_text(account: Account, lang: str = "zh", width: int = LEAST_WIDTH) -> str:
    """The account of a city for a terminal of `width` columns (at least 118).

    Result, ledger by domain, the domains beside their peers, raw cells, notes, sources.
    """
    console, names = plain_console(max(width, LEAST_WIDTH)), Names(account.tables, lang)
    tables, colon = account.tables, pick(lang, "：", ": ")
    console.print(pick(lang, "　", " · ").join([names.cities[account.code], names.place(account.code)]))
    console.print(edition_line(tables.settings, tables.ground, lang)
                  + pick(lang, f"　运行：{tables.run}", f" · Run: {tables.run}"))
    console.print()
    for label, text in words.in_one(names, account.code):
        console.print(f"{label}{colon}{text}")
    console.print(drawn(account_tables.ledger(account, names, fine=True)))
    console.print(words.sum_line(account, lang) + "\n")
    console.print(drawn(account_tables.domains(account, names)))
    console.print("\n" + words.cells_heading(account, lang))
    console.print(drawn(account_tables.cells(account, names)))
    console.print()
    console.print(bulleted(notes(account, lang)))
    console.print()
    for name, text in words.source_lines(account):
        console.print(f"{name}{colon}{text}")
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def plain_console(width: int):
    """A console that writes into memory: no colours, no mark-up, nothing of the machine's terminal."""
    from rich.console import Console

    return Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, legacy_windows=False,
                   markup=False, highlight=False, emoji=False)


def bulleted(texts: list[str]):
    """Texts one below the other, each with a dot before it and its further lines in line with the first."""
    from rich.table import Table as Drawn
    from rich.text import Text

    found = Drawn.grid(padding=(0, 1, 0, 0))
    found.add_column()
    found.add_column(overflow="fold")
    for text in texts:
        found.add_row("·", Text(text))
    return found


def drawn(table: Table):
    """A table with lines above and below its head and below bold rows; numbers are never broken, and no text is read as
    mark-up."""
    from rich import box
    from rich.table import Table as Drawn
    from rich.text import Text

    found = Drawn(box=box.HORIZONTALS, show_edge=False, pad_edge=False, padding=(0, 1))
    for cell in table.head[0]:
        side = "right" if cell.numeric else "left"
        found.add_column(Text(cell.text), justify=side, no_wrap=cell.numeric, overflow="fold",
                         min_width=NARROWEST if cell.text and not cell.numeric else None)
    for row in table.body:
        found.add_row(*(Text(cell.text) for cell in row), end_section=row[0].runs[0][1] == "strong")
    return found
