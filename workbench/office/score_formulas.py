"""Scores and ranks of results.xlsx as formulas over the sheets of normalised values and of weights.

A city's row of points is looked up by its code, so that every sheet may be sorted; the weights stand in a row above the
points, linked to the sheet of weights. Weights count by their share, so that a changed one needs no other to be
changed. Results are rounded to ten decimals, as far as the study's own numbers agree on every machine; the last columns
hold those numbers as they are, and two cells above compare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.figures.labels import pick
from analysis.framework import ancestor
from analysis.settings import Settings
from workbench.office.run_book import RunBook, in_order
from workbench.office.sheets import HEAD_ROW, SOFT, Book, area, cell_address, head_row, put
from workbench.project import Run

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

SCORES, WEIGHTS, POINTS = STEMS = ("05_scores", "05_weights", "02_normalised")
FIRST = HEAD_ROW + 1  # the first row of a table
WEIGHTS_ROW = HEAD_ROW - 1  # on the sheet of points
DECIMALS = 10
SHEET = {SCORES: ("得分与名次", "Scores and ranks"), WEIGHTS: ("权重", "Weights"),
         POINTS: ("归一化值", "Normalised values")}
EXPLAINED = ("「得分与名次」页的得分、领域得分与名次是公式：改动「权重」页蓝色的权重，它们随之变动。",
             "Scores, domain scores and ranks on the sheet of scores are formulas: change a blue weight on the sheet "
             "of weights and they move.")


def can_recompute(run: Run) -> bool:
    """Whether the run holds what formulas need; TOPSIS and scores without weights need all cities at once and stay
    numbers, as does a score made of domain scores."""
    choices = run.settings.aggregation
    one_mean = choices.method in ("arithmetic", "geometric") and choices.domains in ("same", choices.method)
    return one_mean and all(map(run.has, STEMS))


def write(book: Book, sheet: Worksheet, stem: str, frame: pd.DataFrame, columns: list[str], run: RunBook) -> None:
    """Put the formulas of one of the three sheets over its numbers. `columns` are those of the sheet in order."""
    if stem == POINTS:
        write_weights_row(book, sheet, frame, columns, run)
    elif stem == SCORES:
        write_scores(book, sheet, frame, columns, run)


def write_weights_row(book: Book, sheet: Worksheet, points: pd.DataFrame, columns: list[str], run: RunBook) -> None:
    """The weights above the columns of points, each a link to the sheet of weights."""
    weights = ordered_weights(run)
    letter = list(weights_columns(weights)).index("combined")
    put(sheet, WEIGHTS_ROW, 1, pick(run.lang, "采用的权重", "Weight used"), book.look(font_color=SOFT))
    for code in points.columns[1:]:
        row = FIRST + int(weights.index[weights["indicator"] == code][0])
        target = f"='{pick(run.lang, *SHEET[WEIGHTS])}'!{cell_address(row, letter, 'row column')}"
        sheet.write_formula(WEIGHTS_ROW, columns.index(code), target, book.look(num_format="0.00%"),
                            float(weights.at[row - FIRST, "combined"]))


def ordered_weights(run: RunBook) -> pd.DataFrame:
    """The table of weights in the order of its sheet."""
    return in_order(run.tables.table(WEIGHTS, None), WEIGHTS, run.ground)


def weights_columns(weights: pd.DataFrame) -> list[str]:
    """The columns of the sheet of weights: names stand beside codes."""
    return [name for column in weights for name in
            ([column, f"{column} name"] if column in ("indicator", "domain") else [column])]


def write_scores(book: Book, sheet: Worksheet, scores: pd.DataFrame, columns: list[str], run: RunBook) -> None:
    """Score, domain scores and rank of every city as formulas, the study's own numbers beside them, and the check."""
    points = in_order(run.tables.table(POINTS, None), POINTS, run.ground)
    codes, last = list(points.columns[1:]), FIRST + len(points) - 1
    domain = ancestor(run.ground.tree, "domain").reindex(codes)
    spans = {"score": (0, len(codes) - 1)}
    spans |= {name: (first_of(domain, name), first_of(domain, name) + int((domain == name).sum()) - 1)
              for name in domain.unique() if name in columns}
    for row, city in enumerate(scores.to_dict("records"), start=FIRST):
        code = cell_address(row, 0, "column")
        match = f"MATCH({code},{area(sheet_of(POINTS, run), (FIRST, 0), (last, 0))},0)"
        for name, (start, end) in spans.items():
            formula = aggregate(sheet_of(POINTS, run), match, start + 2, end + 2, last, run.tables.settings)
            sheet.write_formula(row, columns.index(name), f"=ROUND({formula},{DECIMALS})",
                                book.look(num_format="0.00"), city[name])
        at = columns.index("score")
        every_score = area(sheet.get_name(), (FIRST, at), (FIRST + len(scores) - 1, at))
        ranked = f"=RANK({cell_address(row, at)},{every_score},0)"
        sheet.write_formula(row, columns.index("rank"), ranked, book.look(num_format="0"), city["rank"])
    write_check(book, sheet, scores, columns, run)


def aggregate(points: str, match: str, start: int, end: int, last: int, settings: Settings) -> str:
    """The formula of a weighted mean of one city's points in the columns `start` to `end` of the sheet of points."""
    row = f"INDEX({area(points, (FIRST, start), (last, end))},{match},0)"
    weights = area(points, (WEIGHTS_ROW, start), (WEIGHTS_ROW, end))
    if settings.aggregation.method == "geometric":
        return f"EXP(SUMPRODUCT(LN({row}),{weights})/SUM({weights}))"
    return f"SUMPRODUCT({row},{weights})/SUM({weights})"


def write_check(book: Book, sheet: Worksheet, scores: pd.DataFrame, columns: list[str], run: RunBook) -> None:
    """The study's own scores and ranks behind the table, and above it how far the formulas are from them."""
    start = len(columns) + 1
    head_row(book, sheet, HEAD_ROW, pick(run.lang, ("本研究的得分", "本研究的名次"),
                                         ("The study's score", "The study's rank")), (True, True), start)
    for number, (name, form) in enumerate((("score", "0.00"), ("rank", "0"))):
        sheet.set_column(start + number, start + number, 18)
        for row, value in enumerate(scores[name], start=FIRST):
            put(sheet, row, start + number, value, book.look(num_format=form, font_color=SOFT))
    last = FIRST + len(scores) - 1

    def down(column: int) -> str:
        return area(sheet.get_name(), (FIRST, column), (last, column)).split("!")[1]

    score, rank = columns.index("score"), columns.index("rank")
    differs = f"=ROUND(SUMPRODUCT(ABS({down(score)}-{down(start)})),6)"
    moved = f"=SUMPRODUCT(--({down(rank)}<>{down(start + 1)}))"
    said = (("得分之差合计", "Scores apart, sum"), ("名次不同的城市", "Ranks that differ"))
    for column, (formula, words) in enumerate(zip((differs, moved), said, strict=True)):
        put(sheet, 2, start + column, pick(run.lang, *words), book.look(font_color=SOFT, align="right"))
        sheet.write_formula(3, start + column, formula, book.look(bold=True), 0)


def sheet_of(stem: str, run: RunBook) -> str:
    return pick(run.lang, *SHEET[stem])


def first_of(domain: pd.Series, name: str) -> int:
    """The place of a domain's first indicator; those of a domain stand side by side."""
    return int((domain == name).to_numpy().argmax())
