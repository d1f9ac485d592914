"""An input as a run keeps it: a folder of tables in one fixed layout, and a record of how it was read.

The folder holds the tables (figures of years that are not scored in `other_years`, beside `values`), the log, the
warnings and `record.csv` with the tables that the user gave and the checksum of every file. While no file is changed,
reading it gives the input that it was written from; once a file is changed, it is read like any other folder of tables.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields
from pathlib import Path

import pandas as pd

from analysis.rawfiles import sha256
from workbench.own.findings import LOG_COLUMNS
from workbench.own.problems import Problem
from workbench.own.study_input import StudyInput
from workbench.own.tree_numbers import SCALES

RECORD = "record.csv"
OTHER_YEARS = "other_years"
LOG, WARNINGS = "reading_log", "reading_warnings"
RECORD_TABLES = (LOG, WARNINGS, "record")
VALUE_COLUMNS = ["code", "name", "indicator", "year", "value", "source", "note", "file", "sheet", "row", "column"]
TREE_COLUMNS = ["code", "level", "parent", "name_zh", "name_en", "direction", "unit_zh", "unit_en", "source", "note",
                "number", "certainty"]


@dataclass(frozen=True)
class Kept:
    """The record of an unchanged folder: the tables that the user gave, the log and the warnings."""

    given: tuple[str, ...]
    log: pd.DataFrame
    warnings: tuple[Problem, ...]


def write_tables(study: StudyInput, folder: Path) -> None:
    """Write an input and its record; the same input gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        **{name: figures.assign(name=figures["code"].map(study.cities["name"]))[VALUE_COLUMNS]
           for name, figures in (("values", study.values), (OTHER_YEARS, study.other_years)) if len(figures)},
        "framework": study.framework.reset_index(names="code")[
            [*TREE_COLUMNS, *(name for name in (*SCALES, "share") if name in study.framework)]],
        "cities": study.cities.reset_index(names="code").rename(columns={"seat_lon": "lon", "seat_lat": "lat"}),
        "regions": study.regions,
        "experts": study.experts.reset_index(names="expert"),
        "judgements": judgement_pairs(study.judgements),
        "study": study_table(study.words),
        LOG: study.log[LOG_COLUMNS],
        WARNINGS: pd.DataFrame([[getattr(each, item.name) for item in fields(Problem)] for each in study.warnings],
                               columns=[item.name for item in fields(Problem)], dtype=object),
    }
    rows = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        path.write_text(as_csv(table), encoding="utf-8", newline="")
        rows.append((path.name, "yes" if name in study.given else "", sha256(path)))
    (folder / RECORD).write_text(as_csv(pd.DataFrame(rows, columns=["file", "given", "sha256"])), encoding="utf-8",
                                 newline="")


def study_table(words: dict[str, str]) -> pd.DataFrame:
    """The words of a study, a row a property: key, zh, en."""
    keys = dict.fromkeys(name.removesuffix("_zh").removesuffix("_en") for name in words)
    return pd.DataFrame([(key, words.get(f"{key}_zh", words.get(key, "")), words.get(f"{key}_en", "")) for key in keys],
                        columns=["key", "zh", "en"])


def judgement_pairs(judgements: dict[str, dict[str, pd.DataFrame]]) -> pd.DataFrame:
    """One row per judgement: expert, node, row, column, value."""
    rows = [(expert, node, one, other, matrix.at[one, other])
            for expert, nodes in judgements.items() for node, matrix in nodes.items()
            for one in matrix.index for other in matrix.index
            if (one != other or len(matrix) == 1) and pd.notna(matrix.at[one, other])]
    return pd.DataFrame(rows, columns=["expert", "node", "row", "column", "value"])


def as_csv(table: pd.DataFrame) -> str:
    """A table as CSV text: numbers with all their digits, other cells unchanged, missing cells empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.astype(object).itertuples(index=False, name=None):
        writer.writerow([text_of(content) for content in row])
    return buffer.getvalue()


def text_of(content: object) -> str:
    """A cell of a kept table as text; a float has the fewest digits that give it back exactly."""
    if content is None or content is pd.NA or (isinstance(content, float) and content != content):
        return ""
    return repr(float(content)) if isinstance(content, float) else str(content)


def read_record(path: Path) -> Kept | None:
    """The record of a kept folder; None where there is none or a file was changed."""
    if not path.is_dir() or not (path / RECORD).is_file() or (path / RECORD).stat().st_size > 10_000:
        return None
    try:
        record = read_rows(path / RECORD)
        files = [path / f"{Path(row['file']).stem}.csv" for row in record]
        if not record or any(not file.is_file() or sha256(file) != row["sha256"]
                             for file, row in zip(files, record, strict=True)):
            return None
        if {file.name for file in path.glob("*.csv")} != {file.name for file in files} | {RECORD}:
            return None
        log = pd.DataFrame(read_rows(path / f"{LOG}.csv"), columns=LOG_COLUMNS)
        for name in ("row", "column"):
            log[name] = pd.to_numeric(log[name].replace("", None)).astype("Int64")
        warnings = tuple(read_warning(row) for row in read_rows(path / f"{WARNINGS}.csv"))
    except (KeyError, TypeError, ValueError, csv.Error):
        return None
    return Kept(tuple(Path(row["file"]).stem for row in record if row["given"] == "yes"), log, warnings)


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a kept table, every cell as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_warning(row: dict[str, str]) -> Problem:
    """A warning read back from its row."""
    numbers = {name: int(row[name]) if row[name] else None for name in ("row", "column")}
    return Problem(**{**row, **numbers})


def is_record(warning: Problem) -> bool:
    """Whether a warning concerns a file of the record rather than a table of the user."""
    return any(Path(warning.file).stem == name or name in warning.value for name in RECORD_TABLES)
