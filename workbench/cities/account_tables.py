"""The tables of an account, the same on the page, on paper and on the terminal."""

from __future__ import annotations

from analysis.tables import printed
from workbench.cities import words
from workbench.cities.account import Account
from workbench.cities.names import Names
from workbench.reporting.table import Table


def ledger(account: Account, names: Names, fine: bool = False) -> Table:
    """From raw values to the score: a row an indicator, a bold row a domain, and the score. `fine`: with more digits,
    and without grades, rows and sources, which a terminal has no room for."""
    say, flags = names.pick, words.flags(account, names)
    points, share, part = (".4f", ".6f", ".6f") if fine else (".2f", ".2%", ".3f")
    heads = [("", False), (say("指标", "Indicator"), False), (say("原始值", "Raw"), True), (say("单位", "Unit"), False),
             (say("等级", "Grade"), False), (say("处理", "Treatment"), False), (say("处理后", "Treated"), True),
             (say("得分", "Points"), True), (say("权重", "Weight"), True), (say("贡献", "Contribution"), True),
             (say("年份：原始行", "Years: raw rows"), False), (say("来源", "Source"), False)]
    rows = []
    for domain, items in account.items.groupby("domain", sort=False):
        rows += [[code, names.nodes[code], printed(item["raw_value"], ",.6g"), item[f"unit_{names.lang}"],
                  item["grade"], flags[code], printed(item["treated_value"], ",.6g"), printed(item["points"], points),
                  printed(item["weight"], share), printed(item["contribution"], part),
                  words.reading(account, code, names.lang), item["source_id"]] for code, item in items.iterrows()]
        total = account.domains.loc[domain]
        rows.append([domain, names.nodes[domain], *[""] * 5, printed(total["score"], points),
                     printed(total["weight"], share), printed(total["contribution"], part), "", ""])
    score = account.result["score"]
    rows.append(["", say("总分", "Score"), *[""] * 5, printed(score, points if fine else ".3f"),
                 printed(account.items["weight"].sum(), share), printed(score, part), "", ""])
    unseen = {4, 10, 11} if fine else set() if account.tables.traits["grade"].nunique() > 1 else {4}
    kept = [column for column in range(len(heads)) if column not in unseen
            and (column != 9 or account.tables.is_additive)]
    bold = {number for number, row in enumerate(rows) if row[0] in account.domains.index or not row[0]}
    return Table.of_texts([heads[column] for column in kept], [[row[column] for column in kept] for row in rows], bold)


def domains(account: Account, names: Names) -> Table:
    """The domains' scores beside the medians of the city's tier and region."""
    peers = words.peer_labels(account, names)
    return Table.of_texts([(names.pick("领域", "Domain"), False), (names.pick("得分", "Score"), True),
                           *((label, True) for label in peers.values())],
                          [[names.nodes[domain], printed(row["score"], ".2f"),
                            *(printed(row[f"median_{kind}"], ".2f") for kind in peers)]
                           for domain, row in account.domains.iterrows()])


def cells(account: Account, names: Names) -> Table:
    """The raw cells that the values were read from, and those that cleaning set aside: a row a cell."""
    say, lang = names.pick, names.lang
    heads = [("", False), (say("原始数", "Raw figure"), False), (say("年", "Year"), False),
             (say("数值", "Value"), True), (say("单位", "Unit"), False), (say("用途", "Use"), False),
             (say("行", "Row"), True), (say("来源", "Source"), False)]
    return Table.of_texts(heads, [[
        cell.indicator, words.variable_name(account, cell.variable, lang), str(cell.year), words.raw_figure(cell),
        words.cell_unit(account, cell.variable, lang), say(*words.PURPOSES[cell.purpose]), words.raw_row(cell),
        cell.source_id] for cell in account.cells.itertuples()])
