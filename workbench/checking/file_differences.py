"""Compare two folders file by file; where two tables differ, say which cells differ and by how much.

Rows are paired by their key, the fewest leading columns whose values never repeat, so that one additional row does not
make all following rows differ. Where the keys differ too, rows are paired by position.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from analysis.frames import LABEL_COLUMNS
from workbench.publishing.provenance import sha256

Row = dict[str, str]
Key = tuple[str, ...]


@dataclass(frozen=True)
class CellDifference:
    """One cell that differs: its row, its column, and its text in the stored and in the recomputed table."""

    row: str
    column: str
    stored: str
    recomputed: str

    @property
    def difference(self) -> float | None:
        """Absolute difference of two finite numbers; None for labels, text and empty cells."""
        try:
            gap = abs(float(self.stored) - float(self.recomputed))
        except ValueError:
            return None
        return gap if math.isfinite(gap) and self.column not in LABEL_COLUMNS else None


@dataclass(frozen=True)
class Lines:
    """Rows or columns that only one of two tables has."""

    stored: tuple[str, ...] = ()
    recomputed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.stored or self.recomputed)


@dataclass(frozen=True)
class TableDifference:
    """What differs between two tables; all empty where only the order or the notation of the cells differs."""

    cells: tuple[CellDifference, ...] = ()
    rows: Lines = Lines()
    columns: Lines = Lines()


@dataclass(frozen=True)
class FileDifference:
    """A file that is not the same in both folders. `stored` and `recomputed` are its size in bytes and its sha256, or
    None where that folder does not have it; `table` says which cells differ, for a CSV that both have."""

    name: str
    stored: tuple[int, str] | None
    recomputed: tuple[int, str] | None
    table: TableDifference | None = None


def compare_files(stored: Path, recomputed: Path, names: set[str]) -> list[FileDifference]:
    """The files among `names` (paths below both folders) whose bytes differ or that only one folder has, by name."""
    pairs = [(name, stored / name, recomputed / name) for name in sorted(names)]
    return [difference for pair in pairs if (difference := compare_file(*pair))]


def compare_file(name: str, stored: Path, recomputed: Path) -> FileDifference | None:
    """What differs between two files; None where their bytes are the same."""
    sides = tuple((path.stat().st_size, sha256(path)) if path.is_file() else None for path in (stored, recomputed))
    if sides[0] == sides[1]:
        return None
    if None in sides or stored.suffix != ".csv":
        return FileDifference(name, *sides)
    try:
        table = compare_tables(read_rows(stored), read_rows(recomputed))
    except ValueError:
        return FileDifference(name, *sides)
    return FileDifference(name, *sides, table)


def read_rows(path: Path) -> tuple[list[str], list[Row]]:
    """A CSV as its columns and its rows, every cell as text. Raises ValueError where it is not a table."""
    try:
        header, *rows = csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""), strict=True)
    except csv.Error as error:
        raise ValueError(f"{path.name}: {error}") from None
    if len(set(header)) < len(header) or any(len(row) != len(header) for row in rows):
        raise ValueError(f"{path.name}: a column is doubled, or a row is not as long as the header")
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def compare_tables(stored: tuple[list[str], list[Row]], recomputed: tuple[list[str], list[Row]]) -> TableDifference:
    """Pair the rows of two tables and list the cells that differ, and the rows and columns that only one has."""
    shared = [column for column in stored[0] if column in recomputed[0]]
    columns = alone(stored[0], recomputed[0])
    key = naming_columns(shared, stored[1], recomputed[1])
    left, right = ({row_key(row, key): row for row in rows} for rows in (stored[1], recomputed[1]))
    if not key or (left.keys() != right.keys() and len(stored[1]) == len(recomputed[1])):
        left, right = (dict(enumerate(rows)) for rows in (stored[1], recomputed[1]))
    names = {**{at: row_name(row, key, at) for at, row in right.items()},
             **{at: row_name(row, key, at) for at, row in left.items()}}
    rows = alone([names[at] for at in left if at not in right], [names[at] for at in right if at not in left])
    cells = tuple(CellDifference(names[at], column, row[column], right[at][column]) for at, row in left.items()
                  if at in right for column in shared if row[column] != right[at][column])
    return TableDifference(cells, rows, columns)


def alone(stored: list[str], recomputed: list[str]) -> Lines:
    """The items that only one of two lists has, in its order."""
    here, there = set(stored), set(recomputed)
    return Lines(tuple(name for name in stored if name not in there),
                 tuple(name for name in recomputed if name not in here))


def naming_columns(columns: list[str], *tables: list[Row]) -> list[str]:
    """The fewest leading columns whose combined values are unique in each table; none where all columns repeat."""
    for count in range(1, len(columns) + 1):
        key = columns[:count]
        if all(len({row_key(row, key) for row in rows}) == len(rows) for rows in tables):
            return key
    return []


def row_key(row: Row, key: list[str]) -> Key:
    return tuple(row[column] for column in key)


def row_name(row: Row, key: list[str], at: Key | int) -> str:
    """A row as messages name it: its key with the city's name, or its line in the file."""
    if not key:
        return f"line {at + 2}"
    name = [row["name"]] if "name" in row and "name" not in key else []
    return " ".join([*row_key(row, key), *name])
