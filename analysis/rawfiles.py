"""Raw files: each is read as text with line numbers, its problems are collected and its checksum is verified.

A raw file is never changed by the study. Each has a row in data/raw/provenance.csv with its sha256; a file that is
altered, missing or not registered stops the run before anything is written.

Reference: docs/method.md, section 1; data/raw/README.md.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

PROVENANCE = Path("data/raw/provenance.csv")
REGISTERED_FOLDERS = (Path("data/raw"), Path("assets/fonts"))
NOT_REGISTERED = ("provenance.csv", "README.md")
DESCRIPTIVE_COLUMNS = ["title_zh", "title_en", "producer", "citation", "how_obtained", "terms"]
PROVENANCE_COLUMNS = ["path", "sha256", "bytes", *DESCRIPTIVE_COLUMNS]
# Plain decimal notation only: no thousands separators, units, full-width digits, NaN or infinity.
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
REMEDY_ALTERED = "restore the file, or, if the change is meant, run python -m analysis checksum"


class RawDataError(ValueError):
    """All problems of one raw input, one per line: file, row, column, value, reason and remedy."""


class Problems:
    """Collects the problems of one input, so that all can be corrected at once instead of one per run."""

    def __init__(self, file: str):
        self.file = file
        self.lines: list[str] = []

    def add(self, row: int | None, column: str | None, value: object, why_and_remedy: str) -> None:
        """Note one problem; `row` is the line number in the file (the heading is line 1), None for the whole file."""
        place = self.file + (f" row {row}" if row is not None else "")
        parts = [place] + ([f"column {column}"] if column else []) + ([f"value {value}"] if value is not None else [])
        self.lines.append(f"{', '.join(parts)}: {why_and_remedy}")

    def stop_if_any(self) -> None:
        """Raise RawDataError with every problem noted so far, if there is one."""
        if self.lines:
            raise RawDataError("\n".join(self.lines))


def read_table(path: Path, columns: list[str]) -> pd.DataFrame:
    """Every cell of a CSV file as text, unchanged, with `raw_row`, the line number in the file.

    Line 1 is the heading; blank lines are skipped. Cells are not stripped and nothing counts as missing: an empty
    cell is "". A byte-order mark is allowed. Raises RawDataError for a file that is missing, not UTF-8, lacks one of
    `columns` or has a row of another length.
    """
    problems = Problems(path.name)
    reader = csv.reader(io.StringIO(decode(path), newline=""))
    heading = next(reader, [])
    for column in columns:
        if column not in heading:
            problems.add(1, column, None, f"the column is missing; found: {', '.join(heading)}; put it back")
    for column in sorted({name for name in heading if heading.count(name) > 1}):
        problems.add(1, column, None, "the column appears twice; remove one")
    rows, lines = [], []
    for cells in reader:
        if len(cells) == len(heading):
            rows.append(cells)
            lines.append(reader.line_num)
        elif cells:
            problems.add(reader.line_num, None, ",".join(cells),
                         f"{len(cells)} cells where the heading has {len(heading)}; add or remove commas")
    problems.stop_if_any()
    return pd.DataFrame(rows, columns=heading).assign(raw_row=pd.Series(lines, dtype=int))


def decode(path: Path) -> str:
    """The text of a UTF-8 file; another encoding is refused with its first line, because Excel often saves GBK."""
    if not path.is_file():
        raise RawDataError(f"{path.name}: the file is missing from {path.parent.name}/; restore it")
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise RawDataError(f"{path.name} row {row}, value byte 0x{content[error.start]:02x}: the file is not UTF-8 "
                           "(GBK?); save it again as \"CSV UTF-8\"") from error


def numbers(table: pd.DataFrame, column: str, problems: Problems, may_be_empty: bool = False) -> pd.Series:
    """A text column as floats; anything but a plain number is noted and becomes NaN, as does an allowed empty cell."""
    good = table[column].map(lambda text: bool(DECIMAL.fullmatch(text)))
    for row in table[~good & ~(may_be_empty & (table[column] == ""))].itertuples():
        problems.add(row.raw_row, column, getattr(row, column) or "(empty)",
                     "not a number; write digits with a decimal point, or remove the row if the figure is not known")
    return table[column].where(good, "nan").astype(float)


def refuse_repeats(table: pd.DataFrame, key: list[str], problems: Problems) -> None:
    """Note every row whose key occurs in an earlier row."""
    if not table.duplicated(key).any():
        return
    first = table.groupby(key, dropna=False)["raw_row"].transform("min")
    for row in table.assign(first_row=first)[first != table["raw_row"]].itertuples():
        value = ", ".join(str(getattr(row, column)) for column in key)
        problems.add(row.raw_row, ", ".join(key), value, f"repeats row {row.first_row}; remove one of the two")


def refuse_unknown(table: pd.DataFrame, column: str, known: Iterable[str], problems: Problems, what: str) -> None:
    """Note every cell of a column that is not one of the known words, with the nearest known one."""
    known = list(known)
    for row in table[~table[column].isin(known)].itertuples():
        value = getattr(row, column)
        problems.add(row.raw_row, column, value or "(empty)", f"not {what}{nearest(value, known)}; correct it")


def nearest(word: str, known: Iterable[str]) -> str:
    """A suggestion of the known word most similar to a misspelt one, ready to append; empty when none is similar."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (nearest: {matches[0]})" if matches else ""


def verify_provenance(root: Path) -> pd.DataFrame:
    """Compare every raw file with its recorded sha256 and return the provenance table, one row per file.

    `root` is the repository's folder. Raises RawDataError that lists every file altered, missing, not registered,
    registered twice or without title, producer or terms, each with the remedy. Hidden files are skipped.
    """
    problems = Problems(PROVENANCE.name)
    table = read_table(root / PROVENANCE, PROVENANCE_COLUMNS)
    for row in table[table.duplicated("path")].itertuples():
        problems.add(row.raw_row, "path", row.path, "the file is registered twice; remove one row")
    for row in table.itertuples():
        _compare(root, row, problems)
    for path in raw_files(root):
        if path not in set(table["path"]):
            problems.lines.append(f"{path}: the file has no row in {PROVENANCE}; run python -m analysis checksum "
                                  f"{path} and fill in its title, producer and terms, or remove the file")
    problems.stop_if_any()
    return table.drop(columns="raw_row").astype({"bytes": int})


def _compare(root: Path, row: Any, problems: Problems) -> None:
    """Note what is wrong with one registered file."""
    path = root / row.path
    empty = [column for column in DESCRIPTIVE_COLUMNS if not getattr(row, column)]
    if empty:
        problems.add(row.raw_row, ", ".join(empty), row.path, "not filled in; say where the file comes from")
    if not path.is_file():
        problems.lines.append(f"{row.path}: the file is missing; restore it or remove its row in {PROVENANCE}")
        return
    actual = sha256(path)
    if actual != row.sha256:
        problems.lines.append(f"{row.path}: the file was altered: sha256 {row.sha256[:12]}… expected, {actual[:12]}… "
                              f"found; {REMEDY_ALTERED} {row.path}")


def raw_files(root: Path) -> list[str]:
    """Every file that needs a provenance row, as sorted paths relative to `root` with forward slashes."""
    found = (path for folder in REGISTERED_FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    return sorted(path.relative_to(root).as_posix() for path in found
                  if path.name not in NOT_REGISTERED and not path.name.startswith("."))


def record_checksum(root: Path, path: str | Path) -> str:
    """Write the present sha256 and size of one raw file into data/raw/provenance.csv and return the sha256.

    A file not registered yet gets a new row whose descriptive columns are left empty to be filled in by hand;
    `verify_provenance` requires them. Raises RawDataError for a path that is not a raw file.
    """
    full = (root / path).resolve()
    relative = full.relative_to(root.resolve()).as_posix() if full.is_relative_to(root.resolve()) else str(path)
    if relative not in raw_files(root):
        folders = " and ".join(folder.as_posix() for folder in REGISTERED_FOLDERS)
        raise RawDataError(f"{path}: no such raw file; give a path below {folders}, relative to the repository")
    table = read_table(root / PROVENANCE, PROVENANCE_COLUMNS).drop(columns="raw_row")
    if relative not in set(table["path"]):
        table.loc[len(table)] = dict.fromkeys(table.columns, "") | {"path": relative}
    checksum = sha256(root / relative)
    size = str((root / relative).stat().st_size)
    table.loc[table["path"] == relative, ["sha256", "bytes"]] = [checksum, size]
    table.sort_values("path").to_csv(root / PROVENANCE, index=False, encoding="utf-8", lineterminator="\n")
    return checksum


def sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
