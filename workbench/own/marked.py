"""A copy of the user's tables with everything that was found marked at its cell, to be mended beside the original.

The copy is a workbook or one page, by the ending of its name. Cells are data: no text of the user's becomes a formula,
a link or markup. The input itself is never written to, and tables that could not be understood are copied as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.figures.labels import pick
from workbench.own.grids import Grid, read_grids
from workbench.own.problems import OwnDataError, Problem

PROBLEM, WARNING = "problem", "warning"
ENDINGS = (".xlsx", ".html", ".htm")


@dataclass(frozen=True)
class Mark:
    """One finding in the list, numbered from 1; `kind` is problem or warning."""

    number: int
    kind: str
    finding: Problem


@dataclass(frozen=True)
class Marks:
    """All findings, and those of each cell: rows and columns from 0; column None marks a row, row None the heading."""

    every: tuple[Mark, ...]
    lang: str

    def of(self, grid: Grid) -> dict[tuple[int | None, int | None], list[Mark]]:
        """The marks of one table by cell."""
        found: dict[tuple[int | None, int | None], list[Mark]] = {}
        for mark in self.every:
            place = mark.finding
            if (place.file, place.sheet) == (grid.file, grid.sheet) and (place.row or place.column):
                row = place.row - 1 if place.row else None
                found.setdefault((row, place.column - 1 if place.column else None), []).append(mark)
        return found

    def sentence(self, mark: Mark) -> str:
        """Why a cell is marked, in the language of the copy."""
        return pick(self.lang, mark.finding.zh, mark.finding.en)

    def called(self, kind: str) -> str:
        """The word for a kind of finding."""
        return {PROBLEM: pick(self.lang, "问题", "problem"), WARNING: pick(self.lang, "提示", "warning")}[kind]


def write_marked(path_in: Path, problems: Sequence[Problem], warnings: Sequence[Problem], path_out: Path,
                 lang: str) -> None:
    """Write the marked copy of an input to `path_out` (.xlsx or .html), in Chinese or English.

    Raises ValueError for another ending and for a place that is or lies in the input.
    """
    from workbench.own.marked_page import page
    from workbench.own.marked_workbook import workbook

    path_in, path_out = Path(path_in), Path(path_out)
    refuse_place(path_in, path_out)
    marks = Marks(tuple(numbered(problems, warnings)), lang)
    grids = tables_of(path_in)
    if path_out.suffix.lower() == ".xlsx":
        content = workbook(grids, marks, path_in.name)
    else:
        content = page(grids, marks, path_in.name).encode("utf-8", "replace")
    path_out.parent.mkdir(parents=True, exist_ok=True)
    path_out.write_bytes(content)


def refuse_place(path_in: Path, path_out: Path) -> None:
    """Refuse to write over the input, into its folder, or a kind of file that is not offered."""
    if path_out.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path_out.name}: 标出问题的副本请用 .xlsx 或 .html；"
                         "a marked copy is a workbook (.xlsx) or a page (.html)")
    source, target = path_in.resolve(), path_out.resolve()
    same = target.exists() and source.exists() and target.samefile(source)
    if source == target or same or (path_in.is_dir() and source in target.parents):
        raise ValueError(f"{path_out.name}: 副本不能写在输入的位置，请换一个名字；"
                         "the marked copy must not stand where the input is; give another name")


def numbered(problems: Iterable[Problem], warnings: Iterable[Problem]) -> Iterable[Mark]:
    """The findings as marks, problems first."""
    every = [(PROBLEM, each) for each in problems] + [(WARNING, each) for each in warnings]
    return [Mark(number, kind, finding) for number, (kind, finding) in enumerate(every, start=1)]


def tables_of(path: Path) -> list[Grid]:
    """The tables of an input as far as they can be read; none of a file that cannot be opened."""
    try:
        return list(read_grids(path)[0].values())
    except OwnDataError:
        return []


def shown(content: object) -> str:
    """A cell as text that any file can hold: no half characters, nothing that a page or a workbook refuses."""
    text = "" if content is None else str(content)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join("\ufffd" if ord(sign) < 32 and sign not in "\t\n\r" or sign in "\ufffe\uffff" else sign
                   for sign in text)
