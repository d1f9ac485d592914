"""A problem of a user's table: its cell, what the cell holds, why it is refused, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_SHOWN = 40


@dataclass(frozen=True)
class Problem:
    """One finding at a place; rows and columns are counted from 1 and None where the whole row or table is meant.

    kind: a short name of the rule; zh, en: the reason with its remedy; value: what the cell holds, cut for display.
    """

    kind: str
    zh: str
    en: str
    file: str = ""
    sheet: str = ""
    row: int | None = None
    column: int | None = None
    value: str = ""

    @property
    def place(self) -> str:
        """The place in a spreadsheet's words, the same in both languages: mine.xlsx values!C4, or 4:4 for a row."""
        where = f"{column_letters(self.column)}{self.row or ''}" if self.column else \
            f"{self.row}:{self.row}" if self.row else ""
        inside = f"{self.sheet}!{where}" if self.sheet and where else self.sheet or where
        return " ".join(part for part in (self.file, inside) if part)

    def line(self, lang: str) -> str:
        """File, sheet, row, column, value, reason and remedy in one line of Chinese or English."""
        if lang == "zh":
            parts = [self.file, f"工作表 {self.sheet}" if self.sheet else "", f"第 {self.row} 行" if self.row else "",
                     f"{column_letters(self.column)} 列" if self.column else ""]
            return f"{' '.join(part for part in parts if part)}{f'“{self.value}”' if self.value else ''}：{self.zh}"
        parts = [self.file, f"sheet {self.sheet}" if self.sheet else "", f"row {self.row}" if self.row else "",
                 f"column {column_letters(self.column)}" if self.column else "",
                 f'"{self.value}"' if self.value else ""]
        return f"{', '.join(part for part in parts if part)}: {self.en}"


class OwnDataError(ValueError):
    """Own data that cannot be used; `problems` are all of them, in the order of the tables' cells."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        problems = list(problems)
        tables = list(dict.fromkeys((each.file, each.sheet) for each in problems))
        self.problems = tuple(sorted(problems, key=lambda each: (tables.index((each.file, each.sheet)), each.row or 0,
                                                                 each.column or 0)))
        super().__init__(self.report())

    def report(self) -> str:
        """Every problem in both languages; of very many the first, and how to see all of them."""
        count = len(self.problems)
        lines = [f"数据有 {count} 个问题，未写任何文件 · {count} problem{'s' * (count > 1)}, nothing was written"]
        for each in self.problems[:MOST_SHOWN]:
            lines += [f"· {each.line('zh')}", f"  {each.line('en')}"]
        if count > MOST_SHOWN:
            lines.append(f"… {count - MOST_SHOWN} 个 more: python -m analysis check --panel … --marked marked.xlsx")
        return "\n".join(lines)


def column_letters(column: int) -> str:
    """A column as a spreadsheet names it, counted from 1: 1 → A, 28 → AB."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
