"""An account as aligned text: Chinese letters take two columns of a terminal, Latin ones one."""

from __future__ import annotations

import io

from analysis.figures.labels import node_names, pick
from analysis.tables import printed
from workbench.edition import edition_line
from workbench.profile import words
from workbench.profile.account import Account
from workbench.profile.notes import notes

NARROWEST = 9  # columns of a terminal below which a column of text is not pressed
LEAST_WIDTH = 118  # below this, numbers would be cut


def account_text(account: Account, lang: str = "zh", width: int = LEAST_WIDTH) -> str:
    """The account of a city for a terminal of `width` columns (at least 118).

    Result, ledger by domain, the domains beside their peers, raw cells, notes, sources.
    """
    console = plain_console(max(width, LEAST_WIDTH))
    tables = account.tables
    city = words.city_name(account, lang)
    console.print(pick(lang, "　", " · ").join([city, words.place(account, lang)]))
    console.print(edition_line(tables.settings, tables.ground, lang)
                  + pick(lang, f"　运行：{tables.run}", f" · Run: {tables.run}"))
    console.print()
    for label, text in words.facts(account, lang):
        console.print(f"{label}{pick(lang, '：', ': ')}{text}")
    console.print(ledger_table(account, lang))
    console.print(words.sum_line(account, lang) + "\n")
    console.print(domain_table(account, lang))
    console.print("\n" + words.cells_heading(account, lang))
    console.print(cell_table(account, lang))
    console.print()
    for note in notes(account, lang):
        console.print(f"· {note}")
    console.print()
    for name, text in words.source_lines(account):
        console.print(f"{name}{pick(lang, '：', ': ')}{text}")
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def plain_console(width: int):
    """A console that writes into memory: no colours, no mark-up, nothing of the machine's terminal."""
    from rich.console import Console

    return Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, legacy_windows=False,
                   markup=False, highlight=False, emoji=False)


def plain_table(columns: list[tuple[str, str]]):
    """A table of lines above and below its head; columns are (header, "left" or "right"), numbers never broken."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.HORIZONTALS, show_edge=False, pad_edge=False, padding=(0, 1))
    for header, side in columns:
        table.add_column(Text(header), justify=side, no_wrap=side == "right", overflow="fold",
                         min_width=NARROWEST if header and side == "left" else None)
    return table


def add_row(table, cells: list[str], last: bool = False) -> None:
    """A row of texts, none of them read as mark-up; `last` draws a line under it."""
    from rich.text import Text

    table.add_row(*map(Text, cells), end_section=last)


def ledger_table(account: Account, lang: str):
    """Indicator by indicator from raw value to contribution, with the sums of each domain."""
    names, flags = node_names(account.tables.tree, lang), words.flags(account, lang)
    additive = account.tables.is_additive
    heads = [("", "left"), (pick(lang, "指标", "Indicator"), "left"), (pick(lang, "原始值", "Raw"), "right"),
             (pick(lang, "单位", "Unit"), "left"), (pick(lang, "处理", "Treatment"), "left"),
             (pick(lang, "处理后", "Treated"), "right"), (pick(lang, "得分", "Points"), "right"),
             (pick(lang, "权重", "Weight"), "right")]
    table = plain_table(heads + [(pick(lang, "贡献", "Contribution"), "right")] * additive)
    for domain, part in account.items.groupby("domain", sort=False):
        for code, item in part.iterrows():
            add_row(table, [code, names[code], printed(item["raw_value"], ",.6g"), item[f"unit_{lang}"], flags[code],
                            printed(item["treated_value"], ",.6g"), printed(item["points"], ".4f"),
                            f"{item['weight']:.6f}", *[printed(item["contribution"], ".6f")] * additive])
        total = account.domains.loc[domain]
        add_row(table, [domain, names[domain], "", "", "", "", printed(total["score"], ".4f"),
                        f"{total['weight']:.6f}", *[printed(total["contribution"], ".6f")] * additive], last=True)
    score = account.result["score"]
    add_row(table, ["", pick(lang, "总分", "Score"), "", "", "", "", printed(score, ".4f"),
                    f"{account.items['weight'].sum():.6f}", *[printed(score, ".6f")] * additive])
    return table


def domain_table(account: Account, lang: str):
    """The domains' scores beside the medians of the city's tier and region."""
    names, peers = node_names(account.tables.tree, lang), words.peer_labels(account, lang)
    table = plain_table([(pick(lang, "领域", "Domain"), "left"), (pick(lang, "得分", "Score"), "right"),
                         *((label, "right") for label in peers.values())])
    for domain, row in account.domains.iterrows():
        medians = [printed(row[f"median_{kind}"], ".2f") for kind in peers]
        add_row(table, [names[domain], printed(row["score"], ".2f"), *medians])
    return table


def cell_table(account: Account, lang: str):
    """The raw cells that the values were read from, and those that cleaning set aside: a line a cell."""
    heads = {"": "left", pick(lang, "原始数", "Raw figure"): "left", pick(lang, "年", "Year"): "right",
             pick(lang, "数值", "Value"): "right", pick(lang, "单位", "Unit"): "left",
             pick(lang, "用途", "Use"): "left", pick(lang, "行", "Row"): "right", pick(lang, "来源", "Source"): "left"}
    table = plain_table(list(heads.items()))
    for cell in account.cells.itertuples():
        use = pick(lang, *words.PURPOSES[cell.purpose])
        add_row(table, [cell.indicator, words.variable_name(account, cell.variable, lang), str(cell.year),
                        words.raw_figure(cell), words.cell_unit(account, cell.variable, lang), use,
                        words.raw_row(cell), cell.source_id])
    return table
