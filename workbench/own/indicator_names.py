"""Which indicator a heading or a cell names: by code, by Chinese or English name, or by both, which must agree."""

from __future__ import annotations

import difflib
import re

import pandas as pd

from analysis.framework import leaves
from workbench.own.findings import LONGEST_NAME, Cell, Findings, folded, tight, written
from workbench.own.places import ALIKE, NEAR, single

YEAR_IN_HEADING = re.compile(r"[ _\-(]*((?:19|20)[0-9]{2})年?[) ]*")
UNIT_SUFFIX = re.compile(r" *[(\[【][^()\[\]【】]*[)\]】]$")


class Indicators:
    """The indicators of a tree, looked up by what a heading may call them."""

    def __init__(self, tree: pd.DataFrame) -> None:
        self.tree = tree.loc[leaves(tree)]
        self.codes = single(self.tree.index)
        self.names: dict[str, list[str]] = {}
        for name in ("name_zh", "name_en"):
            for code, text in self.tree[name].items():
                if tight(text) and code not in self.names.setdefault(tight(text), []):
                    self.names[tight(text)].append(code)

    def label(self, code: str) -> str:
        """An indicator as a message names it: I01 人工智能产业."""
        return f"{code} {self.tree.at[code, 'name_zh']}"

    def find(self, text: str) -> tuple[list[str], str]:
        """The codes that a heading may stand for, and the rule by which it was understood: empty as it is."""
        plain = folded(text)
        if len(plain) > 3 * LONGEST_NAME:  # no heading of an indicator: its code, its two names and a unit
            return [], ""
        if plain in self.tree.index:
            return [plain], "" if plain == text.strip() else "heading"
        if tight(text) in self.names:
            return self.names[tight(text)], ""
        if tight(text) in self.codes:
            return [self.codes[tight(text)]], "heading"
        first, _, rest = re.sub(r"[:：、]", " ", plain, count=1).partition(" ")
        if first in self.tree.index:
            named = self.find(rest)[0] if rest and rest != text else []
            return ([first], "") if not named or first in named else ([first, *named], "")
        without_unit = UNIT_SUFFIX.sub("", plain)
        if without_unit and without_unit != plain:
            return self.find(without_unit)[0], "heading_unit"
        return [], ""

    def is_whole(self, text: str) -> bool:
        """Whether a heading is a code, a name, or a code with its name, and nothing else: a year in it is its own."""
        code, _, name = folded(text).partition(" ")
        return any(tight(text) in known for known in (self.codes, self.names)) or (
            code in self.tree.index and code in self.names.get(tight(name), []))

    def nearest(self, text: str) -> str:
        """The indicator most like a heading that names none, as a label; empty where none is alike."""
        wanted = tight(text)
        close = difflib.get_close_matches(wanted, [*self.codes, *self.names], n=1, cutoff=NEAR if wanted.isascii()
                                          else ALIKE)
        if close:
            return self.label(self.codes.get(close[0]) or self.names[close[0]][0])
        return ""

    def read(self, cell: Cell, findings: Findings) -> str | None:
        """The indicator that a heading or a cell names; None with a problem."""
        found, rule = self.find(written(cell.content))
        if len(found) == 1:
            if rule:
                findings.understood(cell, found[0], rule, *HEADING_RULES[rule])
            return found[0]
        if found:
            candidates = "、".join(map(self.label, found))
            findings.problem(cell, "ambiguous_indicator", f"可以是 {candidates}；请写代码",
                             f"it may be {candidates}; write the code")
        else:
            findings.problem(cell, "unknown_indicator", *self.unknown(written(cell.content)))
        return None

    def unknown(self, text: str) -> tuple[str, str]:
        """What to do about a heading that names no indicator."""
        text = text[:3 * LONGEST_NAME]
        dated = YEAR_IN_HEADING.sub(" ", folded(text)).strip()
        if YEAR_IN_HEADING.search(folded(text)) and dated and self.find(dated)[0]:
            code = self.find(dated)[0][0]
            return (f"列名含年份；有几个年份请用长表（列 code、indicator、year、value），只有一个年份请写 {code}",
                    "the heading holds a year; for several years use a long table (columns code, indicator, year, "
                    f"value), for one write {code}")
        near = self.nearest(text)
        if re.fullmatch(r"[A-Za-z]{1,3}[0-9.\-_]{1,6}", folded(text)):  # of codes none is nearer than another
            near = f"{self.tree.index[0]} … {self.tree.index[-1]}"
            return (f"指标体系中没有这个代码（{near}）；请更正列名，或删去该列，或自带 framework 表",
                    f"the tree has no such code ({near}); correct the heading, remove the column or bring a table "
                    "framework of your own")
        near_zh, near_en = (f"；最接近的是 {near}", f"; the nearest is {near}") if near else ("", "")
        return (f"指标体系中没有这个指标{near_zh}；请更正列名，或删去该列，或自带 framework 表",
                f"the tree has no such indicator{near_en}; correct the heading, remove the column or bring a table "
                "framework of your own")


HEADING_RULES = {
    "heading": ("列名的大小写、空格与全角不计", "case, blanks and width of a heading do not count"),
    "heading_unit": ("列名末尾括号内的单位不计", "a unit in brackets at the end of a heading does not count"),
}
