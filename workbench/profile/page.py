"""An account as one page: HTML that loads nothing, and a PDF of one A4 page, in the look of the other reports."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.figures.labels import node_names, pick
from analysis.figures.profile import domain_bars
from analysis.tables import printed
from workbench.edition import edition_line, edition_stamp
from workbench.profile import words
from workbench.profile.account import Account
from workbench.profile.notes import notes
from workbench.reporting.markup import REPORT_ASSETS
from workbench.reporting.notebook_html import page_templates, picture_address, stylesheet
from workbench.reporting.notebook_pdf import compile_typst
from workbench.reporting.stamps import Stamp
from workbench.reporting.table_markup import Cell, Table, table_to_html
from workbench.reporting.typst_tables import TableFit, table_to_typst, typst_string
from workbench.reporting.words import WORDS


def stamp_of(account: Account, lang: str) -> Stamp:
    """Run, edition and date as every page of the run carries them."""
    return edition_stamp(account.tables.run, account.tables.settings, account.tables.ground, lang)


def stamps(account: Account, lang: str) -> list[str]:
    """What stands under the title: edition, run, the study's date."""
    stamp = stamp_of(account, lang)
    return [stamp.edition, f"{WORDS[lang]['run']}{WORDS[lang]['colon']}{stamp.run}", stamp.date]


def domain_figure(account: Account, lang: str) -> str:
    """The figure of the page as SVG: domain scores beside the medians of tier and region."""
    from analysis import figures
    from analysis.figures.style import allow_any_script

    if "public" not in account.tables.ground.traits:
        allow_any_script()
    figures.use_style()
    medians = {label: account.domains[f"median_{kind}"] for kind, label in words.peer_labels(account, lang).items()}
    city, edition = words.city_name(account, lang), edition_line(account.tables.settings, account.tables.ground, lang)
    return figures.to_svg(domain_bars(account.domains["score"], medians, account.tables.tree, city, lang, edition))


def text_cell(text: str, numeric: bool = False, bold: bool = False) -> Cell:
    return Cell(numeric=numeric, runs=[(text, "strong" if bold else "")])


def ledger(account: Account, lang: str) -> Table:
    """The ledger as a table of the reports: a row an indicator, a bold row a domain, and the score."""
    names, flags = node_names(account.tables.tree, lang), words.flags(account, lang)
    additive = account.tables.is_additive
    heads = [("", False), (pick(lang, "指标", "Indicator"), False), (pick(lang, "原始值", "Raw"), True),
             (pick(lang, "单位", "Unit"), False), (pick(lang, "等级", "Grade"), False),
             (pick(lang, "处理", "Treatment"), False), (pick(lang, "处理后", "Treated"), True),
             (pick(lang, "得分", "Points"), True), (pick(lang, "权重", "Weight"), True),
             *[(pick(lang, "贡献", "Contribution"), True)] * additive,
             (pick(lang, "年份：原始行", "Years: raw rows"), False), (pick(lang, "来源", "Source"), False)]

    def row(texts: list[str], bold: bool = False) -> list[Cell]:
        return [text_cell(text, numeric, bold) for text, (_, numeric) in zip(texts, heads, strict=True)]

    body = []
    for domain, part in account.items.groupby("domain", sort=False):
        for code, item in part.iterrows():
            body.append(row([code, names[code], printed(item["raw_value"], ",.6g"), item[f"unit_{lang}"], item["grade"],
                             flags[code], printed(item["treated_value"], ",.6g"), printed(item["points"], ".2f"),
                             printed(item["weight"], ".2%"), *[printed(item["contribution"], ".3f")] * additive,
                             words.reading(account, code, lang), item["source_id"]]))
        total = account.domains.loc[domain]
        body.append(row([domain, names[domain], *[""] * 5, printed(total["score"], ".2f"),
                         printed(total["weight"], ".2%"), *[printed(total["contribution"], ".3f")] * additive, "", ""],
                        bold=True))
    score = printed(account.result["score"], ".3f")
    body.append(row(["", pick(lang, "总分", "Score"), *[""] * 5, score, printed(account.items["weight"].sum(), ".2%"),
                     *[score] * additive, "", ""], bold=True))
    return Table([[text_cell(text, numeric) for text, numeric in heads]], body)


def cells(account: Account, lang: str) -> Table:
    """The raw cells as a table of the reports: a row a cell, those that cleaning set aside among them."""
    heads = [("", False), (pick(lang, "原始数", "Raw figure"), False), (pick(lang, "年", "Year"), False),
             (pick(lang, "数值", "Value"), True), (pick(lang, "单位", "Unit"), False),
             (pick(lang, "用途", "Use"), False), (pick(lang, "行", "Row"), True), (pick(lang, "来源", "Source"), False)]
    body = [[text_cell(text, numeric) for text, (_, numeric) in zip([
        cell.indicator, words.variable_name(account, cell.variable, lang), str(cell.year), words.raw_figure(cell),
        words.cell_unit(account, cell.variable, lang), pick(lang, *words.PURPOSES[cell.purpose]), words.raw_row(cell),
        cell.source_id], heads, strict=True)] for cell in account.cells.itertuples()]
    return Table([[text_cell(text, numeric) for text, numeric in heads]], body)


def account_html(account: Account, lang: str, links: list[tuple[str, str]] = ()) -> str:
    """The page as HTML, complete in itself: no script, nothing loaded, every text escaped; `links` are (address,
    text) of what stands beside it. The same account gives the same text."""
    tables = [(pick(lang, "从原始值到得分", "From raw values to the score"), table_to_html(ledger(account, lang)),
               words.sum_line(account, lang))]
    if len(account.cells):
        tables.append((words.cells_heading(account, lang), table_to_html(cells(account, lang)), ""))
    title = words.city_name(account, lang)
    return page_templates().get_template("city.html.j2").render(
        words=WORDS[lang], style=stylesheet(), title=title, subtitle=words.place(account, lang),
        stamps=stamps(account, lang), links=links, facts=words.facts(account, lang), tables=tables,
        picture=picture_address("image/svg+xml", domain_figure(account, lang).encode()),
        alt=picture_text(account, lang), notes=notes(account, lang), sources=words.source_lines(account))


def picture_text(account: Account, lang: str) -> str:
    """The figure in words, for those who do not see it."""
    names = node_names(account.tables.tree, lang)
    scores = pick(lang, "、", ", ").join(f"{names[code]} {score:.1f}"
                                       for code, score in account.domains["score"].items())
    return pick(lang, f"各领域得分：{scores}", f"Scores by domain: {scores}")


def account_pdf(account: Account, lang: str) -> bytes:
    """The page as PDF/UA: one A4 page, dated as the study; what would not fit is set smaller, never left out."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for template in ("report.typ", "city.typ"):
            (folder / template).write_bytes((REPORT_ASSETS / template).read_bytes())
        (folder / "domains.svg").write_text(domain_figure(account, lang), encoding="utf-8")
        (folder / "main.typ").write_text(typst_source(account, lang), encoding="utf-8")
        return compile_typst(folder, account.code, stamp_of(account, lang).seconds)


def typst_source(account: Account, lang: str) -> str:
    """The typst text of the page; every text in it is a string, so none is read as markup."""
    def pairs(items: list[tuple[str, str]]) -> str:
        return "(" + "".join(f"({typst_string(a)}, {typst_string(b)}), " for a, b in items) + ")"

    said = [words.sum_line(account, lang), *notes(account, lang)]
    sources = [f"{name}{WORDS[lang]['colon']}{text}" for name, text in words.source_lines(account)]
    small = "".join(f"#small({typst_string(text)})\n" for text in [*said, *sources])
    raw_figures = set_table(cells(account, lang), 6.0, 2.0, {1: 2.2, 4: 1}) if len(account.cells) else ""
    lines = [f"  title: {typst_string(words.city_name(account, lang))},",
             f"  subtitle: {typst_string(words.place(account, lang))},", f"  lang: {typst_string(lang)},",
             f"  stamps: ({''.join(typst_string(text) + ', ' for text in stamps(account, lang))}),",
             f"  facts: {pairs(words.facts(account, lang))},", '  picture-path: "domains.svg",',
             f"  picture-alt: {typst_string(picture_text(account, lang))},",
             f"  small-heading: {typst_string(words.cells_heading(account, lang))},",
             f"  small-table: [{raw_figures}],",
             f"  small-text: [{small}],"]
    return "\n".join(['#import "city.typ": *', "#city-page(", *lines,
                      f"  [{set_table(ledger(account, lang), 7.0, 2.5, {1: 1.3, 3: 1, -2: 1.3})}],", ")"])


def set_table(table: Table, size: float, padding: float, shares: dict[int, float]) -> str:
    """A table in typst across its whole column: columns in `shares` divide what the others, never wrapped, leave."""
    fractions = {number % table.width: f"{share}fr" for number, share in shares.items()}
    columns = tuple(fractions.get(number, "auto") for number in range(table.width))
    return table_to_typst(table, TableFit(size, padding, False, columns))
