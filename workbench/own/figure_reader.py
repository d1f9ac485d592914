"""The figures of one table in its one notation, and what is said once for many cells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from workbench.own.findings import Findings, spaced, written
from workbench.own.headings import Table, whole
from workbench.own.numbers import PLAIN, POINT, Notation, notation_of, read_number, reasons


@dataclass
class FigureReader:
    """Reads the figures of a table in its one notation, and gathers what is said once for many cells: signs for missing
    figures, and columns that are in per cent in part."""

    findings: Findings
    table: Table | None = None
    notation: Notation = POINT
    missing: dict[str, list] = field(default_factory=dict)
    commas: list = field(default_factory=list)
    doubts: list = field(default_factory=list)
    percent: dict[object, tuple[int, int]] = field(default_factory=dict)
    plain: dict[object, tuple[int, int]] = field(default_factory=dict)

    def decide(self, table: Table, columns: Iterable[int]) -> None:
        """Decide the notation by all cells of the columns of figures."""
        self.table, places = table, tuple(columns)
        rows = table.grid.rows
        self.notation = notation_of(rows[row][column] for row in table.rows for column in places
                                    if column < len(rows[row]))
        if self.notation.against:
            one, other = self.notation.against
            self.findings.problem(whole(table.grid), "two_notations",
                                  f"逗号在“{one}”中是小数点，而点在“{other}”中是小数点；请统一写法",
                                  f"the comma is the decimal sign in “{one}” and the point is in “{other}”; write all "
                                  "figures in one notation")

    def read(self, content: object, row: int, column: int, group: object) -> float | None:
        """The number in a cell, None where it is blank or none can be read; `group` is its column or indicator."""
        if isinstance(content, float) and 1e-100 < abs(content) < 1e18:
            self.plain.setdefault(group, (row, column))
            return content
        if type(content) is str and not self.notation.comma and PLAIN.fullmatch(content):
            value = float(content)
            if 1e-100 < abs(value) < 1e18:
                self.plain.setdefault(group, (row, column))
                return value
        number = read_number(content, self.notation)
        if number.rule == "" and number.problem is None:
            if number.value:
                self.plain.setdefault(group, (row, column))
            return number.value
        cell = self.table.cell(row, column)
        if number.problem:
            if "ambiguous" in number.problem[0]:
                self.doubts += [(cell, number.problem)]
            else:
                self.findings.problem(cell, *number.problem)
            return None
        rules = number.rule.split("+")
        if rules == ["missing"]:
            self.missing.setdefault(spaced(written(content)), [cell, 0])[1] += 1
            return None
        if number.value:
            (self.percent if "percent" in rules else self.plain).setdefault(group, (row, column))
        if rules == ["decimal_comma"]:
            self.commas = [self.commas[0], self.commas[1] + 1] if self.commas else [cell, 1]
        else:
            self.findings.understood(cell, repr(number.value), number.rule, *reasons(number.rule))
        return number.value

    def tell(self) -> None:
        """Say what was gathered."""
        for sign, (cell, count) in self.missing.items():
            zh = f"{count} 格写“{sign}”，按缺失读（不是 0）"
            en = f"“{sign}” in {count} cells is read as missing, not as 0"
            self.findings.understood(cell, "", "missing", zh, en)
            self.findings.warning(cell, "missing_sign", f"{zh}；若另有含义请更正",
                                  f"{en}; correct it if it means otherwise")
        if self.doubts and not self.notation.against:
            (cell, (kind, zh, en)), count = self.doubts[0], len(self.doubts)
            more_zh, more_en = (f"；这样的共 {count} 格", f"; there are {count} such cells") if count > 1 else ("", "")
            self.findings.problem(cell, kind, zh + more_zh, en + more_en)
        if self.commas:
            cell, count = self.commas
            zh, en = f"逗号是小数点（{count} 格）", f"the comma is the decimal sign ({count} cells)"
            self.findings.understood(cell, "", "decimal_comma", zh, en)
        for group in self.percent.keys() & self.plain.keys():
            (row, column), (other_row, other) = self.percent[group], self.plain[group]
            one = written(self.table.cell(row, column).content)
            cell = self.table.cell(other_row, other)
            self.findings.problem(cell, "mixed_percent",
                                  f"同一列中既有百分数（如第 {row + 1} 行 {one}）又有普通的数（如 "
                                  f"{written(cell.content)}），"
                                  "相差可能百倍；请统一写法",
                                  f"per cent ({one} in row {row + 1}) and plain numbers ({written(cell.content)}) in "
                                  "one column may be a hundred times apart; write all of them in one way")
