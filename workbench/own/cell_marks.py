"""The findings of a marked copy as numbered marks, by cell and in words; and texts made safe for any file."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.figures.labels import pick
from workbench.own.grid import Grid
from workbench.own.problems import Problem

PROBLEM, WARNING = "problem", "warning"


@dataclass(frozen=True)
class Mark:
    """One finding of the list, numbered from 1; `kind` is problem or warning."""

    number: int
    kind: str
    finding: Problem


@dataclass(frozen=True)
class Marks:
    """All findings, and those of each cell (row and column from 0; column None: the row, row None: the heading)."""

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


def worst(here: list[Mark]) -> str:
    """The more serious kind among these marks, which decides the colour of a cell."""
    kinds = {mark.kind for mark in here}
    return PROBLEM if PROBLEM in kinds else "warning" if kinds else "plain"


def storable(content: object) -> str:
    """A cell as text without lone surrogates or characters that a page or a workbook refuses."""
    text = "" if content is None else str(content)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join("\ufffd" if ord(sign) < 32 and sign not in "\t\n\r" or sign in "\ufffe\uffff" else sign
                   for sign in text)
