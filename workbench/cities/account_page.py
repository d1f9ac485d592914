"""An account as one page: HTML that loads nothing, and a PDF of one A4 page, in the look of the other reports."""

from __future__ import annotations

from analysis.figures.labels import pick
from analysis.figures.profile import domain_bars
from workbench.cities import account_tables, words
from workbench.cities.account import Account
from workbench.cities.account_notes import notes
from workbench.cities.names import Names
from workbench.cities.one_page import one_page, set_table, typst_strings
from workbench.edition import edition_line, edition_stamp
from workbench.reporting.notebook_html import page_templates, picture_address, stylesheet
from workbench.reporting.stamps import Stamp
from workbench.reporting.table_markup import table_to_html
from workbench.reporting.typst_tables import typst_string
from workbench.reporting.words import WORDS


def stamp_of(account: Account, lang: str) -> Stamp:
    """Run, edition and date as every page of the run carries them."""
    return edition_stamp(account.tables.run, account.tables.settings, account.tables.ground, lang)


def stamps(account: Account, lang: str) -> list[str]:
    """What stands under the title: edition, run, the study's date."""
    stamp = stamp_of(account, lang)
    return [stamp.edition, f"{WORDS[lang]['run']}{WORDS[lang]['colon']}{stamp.run}", stamp.date]


def domain_figure(account: Account, names: Names) -> str:
    """The figure of the page as SVG: domain scores beside the medians of tier and region."""
    from analysis import figures
    from analysis.figures.style import allow_any_script

    tables, lang = account.tables, names.lang
    if "public" not in tables.ground.traits:
        allow_any_script()
    figures.use_style()
    medians = {label: account.domains[f"median_{kind}"] for kind, label in words.peer_labels(account, names).items()}
    return figures.to_svg(domain_bars(account.domains["score"], medians, tables.tree, str(names.cities[account.code]),
                                      lang, edition_line(tables.settings, tables.ground, lang)))


def account_html(account: Account, lang: str, links: list[tuple[str, str]] = ()) -> str:
    """The page as HTML, complete in itself: no script, nothing loaded, every text escaped; `links` are (address,
    text) of what stands beside it. The same account gives the same text."""
    names = Names(account.tables, lang)
    tables = [(pick(lang, "从原始值到得分", "From raw values to the score"),
               table_to_html(account_tables.ledger(account, names)), words.sum_line(account, lang))]
    if len(account.cells):
        tables.append((words.cells_heading(account, lang), table_to_html(account_tables.cells(account, names)), ""))
    return page_templates().get_template("city.html.j2").render(
        words=WORDS[lang], style=stylesheet(), title=str(names.cities[account.code]),
        subtitle=names.place(account.code), stamps=stamps(account, lang), links=links,
        facts=words.in_one(names, account.code), tables=tables,
        picture=picture_address("image/svg+xml", domain_figure(account, names).encode()),
        alt=picture_text(account, names), notes=notes(account, lang), sources=words.source_lines(account))


def picture_text(account: Account, names: Names) -> str:
    """The figure in words, for those who do not see it."""
    scores = names.listed([f"{names.nodes[code]} {score:.1f}" for code, score in account.domains["score"].items()])
    return names.pick(f"各领域得分：{scores}", f"Scores by domain: {scores}")


def account_pdf(account: Account, lang: str) -> bytes:
    """The page as PDF/UA: one A4 page, dated as the study; what would not fit is set smaller, never left out."""
    names = Names(account.tables, lang)
    said = [words.sum_line(account, lang), *notes(account, lang)]
    said += [f"{name}{WORDS[lang]['colon']}{text}" for name, text in words.source_lines(account)]
    small = "".join(f"#small({typst_string(text)})\n" for text in said)
    cells = account_tables.cells(account, names)
    raw_figures = set_table(cells, 6.0, 2.0, {1: 2.2, 4: 1}) if cells.body else ""
    return one_page("city.typ", "city-page", {
        "title": typst_string(names.cities[account.code]), "subtitle": typst_string(names.place(account.code)),
        "lang": typst_string(lang), "stamps": typst_strings(stamps(account, lang)),
        "facts": typst_strings(words.in_one(names, account.code)), "picture-path": '"domains.svg"',
        "picture-alt": typst_string(picture_text(account, names)),
        "small-heading": typst_string(words.cells_heading(account, lang)), "small-table": f"[{raw_figures}]",
        "small-text": f"[{small}]",
        "body": f"[{set_table(account_tables.ledger(account, names), 7.0, 2.5, {1: 1.3, 3: 1, -2: 1.3})}]"},
        {"domains.svg": domain_figure(account, names)}, account.code, stamp_of(account, lang).seconds)
