"""results.xlsx: the tables of a run as one workbook, with scores and ranks that recompute themselves.

A sheet a table, with readable heads, number formats, filters and a frozen head; a contents sheet with links. On the
sheet of scores every score is a formula over the sheets of normalised values and of weights, every rank a formula over
the scores, each with the study's own number stored as its result. Whoever changes a weight sees scores and ranks move.
"""

from __future__ import annotations

import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype

from analysis.agreement import RANKING_NAMES
from analysis.figures.labels import pick
from analysis.sensitivity.crossing import ALTERNATIVES
from analysis.settings import ROOT, differences, read_yaml
from analysis.study import ACTIONS
from workbench.office import score_formulas
from workbench.office.results_words import (
    COLUMNS,
    COLUMNS_OF,
    FILES_ONLY,
    PLAIN,
    SCORES_ALONE,
    SHARE,
    SHEETS,
    TEXT,
    WHOLE,
    SheetWords,
)
from workbench.office.run_book import RunBook, in_order
from workbench.office.sheets import HEAD_ROW, INPUT_COLOUR, SOFT, Book, column_width, head_row, indented, put
from workbench.project import Run

MOST_CELLS = 30_000  # of a table that is not listed in `results_words`; a larger one stays a file
MOST_ROWS, ROWS = 5_000, 1_000  # of a table with more rows than the first, the second are in the workbook
CODE_COLUMNS = ("adcode", "indicator", "domain")  # keep their code; the name stands beside it
NAMED_COLUMNS = ("subdomain", "parent", "node", "input", "left_out", "city", "alone_city", "ahead", "behind", "gains",
                 "gives")
LONGEST_CODE = 4  # letters of a node's code that stands before its name
WITH_UNITS = ("02_raw", "02_treated")
INPUTS = {("05_weights", "combined")}  # numbers that a reader may change


def results_workbook(run: RunBook) -> bytes:
    """The workbook (.xlsx) of a run's tables; what the run does not hold is left out. The same run: the same bytes."""
    book, names = Book(run.stamp, run.lang), run.names()
    scored = run.tables.table_if_any("05_scores", None)
    live = score_formulas.can_recompute(run.tables) and (scored is None or len(scored) <= MOST_ROWS)
    for about in [*SHEETS, *unlisted(run.tables)]:
        frame = run.tables.table_if_any(about.stem, None)
        if frame is None or (about not in SHEETS and frame.size > MOST_CELLS):
            continue
        title, note = pick(run.lang, about.zh, about.en), pick(run.lang, about.note_zh, about.note_en)
        if about.stem == "05_scores" and "paper" not in run.ground.traits:
            note, frame = pick(run.lang, *SCORES_ALONE), frame.drop(columns="published_rank", errors="ignore")
        frame, part = first_rows(in_order(frame, about.stem, run.ground), scored, run.lang)
        note = f"{note} {part}".strip()
        sheet = book.add(title)
        book.listed.append((sheet.get_name(), f"{note} {about.stem}.csv".strip(), size(frame)))
        book.top(sheet, title, note)
        shown, heads, forms = readable(frame, about.stem, run, names)
        write_result_table(book, sheet, shown, heads, forms, about.stem)
        if about.stem in WITH_UNITS:
            write_units(book, sheet, list(shown), run)
        if live and about.stem in score_formulas.STEMS:
            score_formulas.write(book, sheet, about.stem, frame, list(shown), run)
    return book.finish(pick(run.lang, "结果工作簿", "Workbook of results"), opening(run, live), left_as_files(run))


def first_rows(frame: pd.DataFrame, scored: pd.DataFrame | None, lang: str) -> tuple[pd.DataFrame, str]:
    """A table as the workbook has it, and what to say of one that is cut: of very many rows the first, those of cities
    in the order of their rank."""
    if len(frame) <= MOST_ROWS:
        return frame, ""
    said = pick(lang, f"共 {len(frame)} 行，这里是前 {ROWS} 行；全部在同名的 CSV 文件中。",
                f"{len(frame)} rows, of which these are the first {ROWS}; the CSV file of the same name has all.")
    if scored is not None and "adcode" in frame:
        order = frame["adcode"].map(scored.set_index("adcode")["rank"])
        frame = frame.loc[order.sort_values(kind="stable").index]
    return frame.head(ROWS).reset_index(drop=True), said


def opening(run: RunBook, live: bool) -> list[str]:
    """What a reader should know first."""
    lines = [pick(run.lang, "本次运行的各张表；同名的 CSV 文件在 data/processed 中。",
                  "The tables of this run; the CSV files of the same names are in data/processed.")]
    if live:
        lines.append(pick(run.lang, *score_formulas.EXPLAINED))
    changed = [f"{name} = {here} ({base})" for name, (base, here) in differences(run.tables.settings).items()]
    if changed:
        said = pick(run.lang, "、", ", ").join(changed)
        lines.append(pick(run.lang, f"与基准设定不同（括号内为基准值）：{said}",
                          f"Choices that differ from the baseline (its value in brackets): {said}"))
    return lines


def left_as_files(run: RunBook) -> list[str]:
    """The tables that are too long for a sheet and where they are."""
    there = {stem: words for stem, words in FILES_ONLY.items() if run.tables.has(stem)}
    if not there:
        return []
    listed = [f"{stem}.csv{pick(run.lang, '：', ': ')}{pick(run.lang, *words)}" for stem, words in there.items()]
    return [pick(run.lang, "另有长表只存为文件：", "Long tables are kept as files only:"), *listed]


def unlisted(run: Run) -> list[SheetWords]:
    """Tables of the run that `results_words` does not know, under the names of their files."""
    known = {about.stem for about in SHEETS} | set(FILES_ONLY)
    return [SheetWords(path.stem, path.stem, path.stem, "", "") for path in sorted(run.data.glob("[0-9][0-9]_*.csv"))
            if path.stem not in known]


def size(frame: pd.DataFrame) -> str:
    return f"{len(frame)} × {frame.shape[1]}"


# --- readable columns -------------------------------------------------------------------------------------------------
def readable(frame: pd.DataFrame, stem: str, run: RunBook,
             names: dict[str, str]) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The frame with names beside codes and in place of others, the heads of its columns, and their number formats."""
    shown = pd.DataFrame(index=frame.index)
    heads, forms = [], []
    options = scenario_names(run) if stem == "06_scenario_ranks" else {}
    choices = choice_names(run.lang) if stem == "06_city_indices" else {}
    for column in frame:
        values = frame[column]
        if column in NAMED_COLUMNS:
            values = values.map(lambda value: names.get(code_text(value), value))
        elif column == "ranking":
            values = values.replace(RANKING_NAMES[run.lang])
        elif column == "action":
            values = values.replace({key: pick(run.lang, *words) for key, words in ACTIONS.items()})
        elif is_bool_dtype(values):
            values = values.map({True: pick(run.lang, "是", "yes"), False: pick(run.lang, "否", "no")})
        shown[column] = values
        head, form = ((choices[column], SHARE) if column in choices
                      else head_and_form(column, values, stem, run.lang, {**names, **options}))
        heads.append(head)
        forms.append(form)
        if column in CODE_COLUMNS and not (column == "adcode" and "name" in frame):
            shown[f"{column} name"] = values.map(lambda code: names.get(code_text(code), ""))
            heads.append(pick(run.lang, "城市", "City") if column == "adcode" else pick(run.lang, "名称", "Name"))
            forms.append(TEXT)
    return shown, heads, forms


def code_text(value: object) -> str:
    """A code as the files have it: one that was read as a number loses its decimal point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def scenario_names(run: RunBook) -> dict[str, str]:
    """The names of the one-at-a-time choices by key."""
    listed = run.tables.table_if_any("06_scenarios", None)
    return {} if listed is None else listed.set_index("scenario")[run.lang].to_dict()


def choice_names(lang: str) -> dict[str, str]:
    """The names of the choices crossed by key."""
    return {row["key"]: row[lang] for row in read_yaml(ROOT / ALTERNATIVES)["crossed"]}


def head_and_form(column: str, values: pd.Series, stem: str, lang: str, names: dict[str, str]) -> tuple[str, str]:
    """The head of a column and its number format."""
    known = COLUMNS_OF.get(stem, {}).get(column) or COLUMNS.get(column)
    if known:
        return pick(lang, known[0], known[1]), known[2]
    kind, _, number = column.rpartition("_")
    if number.isdigit() and kind in ("p_top", "p_tier", "share_top"):
        words = {"p_top": (f"前 {number} 概率", f"P(Top {number})"),
                 "p_tier": (f"第 {number} 层概率", f"P(tier {number})"),
                 "share_top": (f"前 {number} 份额", f"Share in the first {number}")}[kind]
        return pick(lang, *words), SHARE
    if column.endswith("_error"):  # of a chance
        head, form = head_and_form(column.removesuffix("_error"), values, stem, lang, names)
        return f"{head}{pick(lang, '，标准误', ', standard error')}", form
    if column in names:
        head = f"{column} {names[column]}" if len(column) <= LONGEST_CODE else names[column]
        return head, WHOLE if is_integer_dtype(values) else "0.00" if is_float_dtype(values) else TEXT
    if is_integer_dtype(values):
        return column, WHOLE
    return column, PLAIN if is_float_dtype(values) else TEXT


def write_result_table(book: Book, sheet, frame: pd.DataFrame, heads: list[str], forms: list[str], stem: str) -> None:
    """Heads, cells, widths, filter, and the head frozen with the columns that name a row."""
    right = [form != TEXT for form in forms]
    head_row(book, sheet, HEAD_ROW, heads, right)
    for number, (column, text, form) in enumerate(zip(frame, heads, forms, strict=True)):
        values = frame[column]
        changeable = {"font_color": INPUT_COLOUR} if (stem, column) in INPUTS else {}
        look = book.look(num_format=form, **changeable, **indented(right, number))
        for row, value in enumerate(values, start=HEAD_ROW + 1):
            put(sheet, row, number, value, look)
        sheet.set_column(number, number, column_width(text, values, form))
    sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(frame), len(heads) - 1)
    sheet.freeze_panes(HEAD_ROW + 1, 2 if forms[:2] == [TEXT, TEXT] else 1)
    sheet.repeat_rows(HEAD_ROW)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)


def write_units(book: Book, sheet, columns: list[str], run: RunBook) -> None:
    """The unit of each indicator above its head."""
    units = run.ground.proxies[f"unit_{run.lang}"]
    put(sheet, HEAD_ROW - 1, 1, pick(run.lang, "单位", "Unit"), book.look(font_color=SOFT))
    for column, code in enumerate(columns):
        if code in units.index:
            put(sheet, HEAD_ROW - 1, column, units[code], book.look(font_color=SOFT, align="right", text_wrap=True))
