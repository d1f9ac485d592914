"""What is found while own tables are read: problems, warnings, and cells understood otherwise than written.

Nothing is raised while a table is read; everything found is gathered here, each at its cell, so that a reader mends all
of it at once. Cells are texts to people: how a text is folded for comparison, and which names may pass, is said here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from workbench.own.problems import OwnDataError, Problem

LOG_COLUMNS = ["file", "sheet", "row", "column", "before", "after", "rule", "reason_zh", "reason_en"]
CODE = re.compile(r"[\w.\-]{1,40}")
# A table of results has columns of these names.
RESERVED = {"goal", "group", "own_group", "score", "rank", "name", "name_en", "adcode", "code", "type", "province",
            "seat_lon", "seat_lat", "published_rank", "low_coverage", "city", "indicator", "value"}
# A code names a page of its own, profiles/CODE.html, beside the list index.html, on any system.
NO_FILE = re.compile(r"[.\-].*|.*\.|index|con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)
LONGEST_NAME, LONGEST_TEXT = 200, 2000
UNSEEN = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")  # marks without width, left behind by copying from pages
LIKE_FORMULA = ("=", "+", "-", "@")
SHOWN = 60
LAST_WESTERN = 0x590  # Latin, Greek and Cyrillic letters lie below


class Cell(NamedTuple):
    """One cell of a user's table: where it stands, rows and columns counted from 1, and what it holds."""

    file: str
    sheet: str = ""
    row: int | None = None
    column: int | None = None
    content: object = None


@dataclass
class Findings:
    """Everything found in the tables of one input."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    log: list[tuple] = field(default_factory=list)

    def problem(self, cell: Cell, kind: str, zh: str, en: str) -> None:
        """Note what stops the study."""
        self.problems.append(at(cell, kind, zh, en))

    def warning(self, cell: Cell, kind: str, zh: str, en: str) -> None:
        """Note what deserves a look and stops nothing."""
        self.warnings.append(at(cell, kind, zh, en))

    def understood(self, cell: Cell, after: object, rule: str, zh: str, en: str) -> None:
        """Note a cell that is read otherwise than it is written."""
        self.log.append((cell.file, cell.sheet, cell.row, cell.column, visible(written(cell.content)), str(after), rule,
                         zh, en))

    @property
    def count(self) -> int:
        """How much was found so far."""
        return len(self.problems) + len(self.warnings) + len(self.log)

    def stop_if_any(self) -> None:
        """Raise OwnDataError with every problem noted so far, if there is one, in the order of the tables' cells."""
        if self.problems:
            raise OwnDataError(tuple(self.problems))

    def log_table(self) -> pd.DataFrame:
        """The log as a table, a row a cell."""
        table = pd.DataFrame(self.log, columns=LOG_COLUMNS)
        return table.astype({"row": "Int64", "column": "Int64"})


@dataclass
class Once:
    """A way to read cells that reads what they hold once: the same again is the same, unless something was found.

    `read(cell, …, findings)` may depend on nothing but what its cells hold.
    """

    read: Callable
    findings: Findings
    known: dict[tuple, object] = field(default_factory=dict)

    def __call__(self, *cells: Cell) -> object:
        key = tuple((type(cell.content), cell.content) for cell in cells)
        if key in self.known:
            return self.known[key]
        before = self.findings.count
        result = self.read(*cells, self.findings)
        if self.findings.count == before:
            self.known[key] = result
        return result


def at(cell: Cell, kind: str, zh: str, en: str) -> Problem:
    """A problem or a warning at a cell; its sentences may quote the cell, whatever signs it holds."""
    return Problem(kind, visible(zh), visible(en), cell.file, cell.sheet, cell.row, cell.column,
                   visible(written(cell.content), SHOWN))


# --- texts ------------------------------------------------------------------------------------------------------------
def is_blank(content: object) -> bool:
    """Whether a cell holds nothing: empty, or only white space and marks without width."""
    return content is None or (isinstance(content, str) and not spaced(content))


def written(content: object) -> str:
    """A cell as the user sees it; a whole number without its decimal point."""
    if content is None:
        return ""
    if isinstance(content, float) and content.is_integer() and abs(content) < 1e15:
        return str(int(content))
    return str(content)


@lru_cache(maxsize=100_000)
def spaced(text: str) -> str:
    """A text without marks of no width, its white space (line breaks, full-width blanks) as single blanks."""
    return " ".join(UNSEEN.sub("", text).split())


def folded(content: object) -> str:
    """A cell for comparison: full-width letters as plain ones, one kind of white space."""
    return plain_letters(written(content))


@lru_cache(maxsize=100_000)
def plain_letters(text: str) -> str:
    """A text with full-width letters as plain ones and one kind of white space; most texts of a table come again."""
    return spaced(unicodedata.normalize("NFKC", text))


def tight(content: object) -> str:
    """A cell for comparison where case and white space say nothing: I 01 and ｉ01 are both i01."""
    return folded(content).replace(" ", "").casefold()


def unaccented(text: str) -> str:
    """A text without the accents of Latin, Greek and Cyrillic letters: Côte d’Ivoire as Cote d'Ivoire."""
    parted = unicodedata.normalize("NFD", text.replace("’", "'").replace("ı", "i"))
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", parted))


def visible(text: str, longest: int = 10_000) -> str:
    """A text on one line, control characters shown as their codes, cut to a length."""
    shown = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text[:longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def read_text(cell: Cell, findings: Findings, longest: int = LONGEST_NAME) -> str:
    """A name or a remark: any printable text up to a length; white space is tidied and that is logged."""
    text = written(cell.content)
    tidy = spaced(text)
    if tidy != text.strip(" "):
        findings.understood(cell, tidy, "white_space", "多余的空白或换行按一个空格读",
                            "surplus white space or a line break is read as one blank")
    if not tidy.isprintable():
        findings.problem(cell, "control_character", "含有不可见的控制字符；请重新键入该文字",
                         "it holds control characters that cannot be seen; type the text anew")
    elif len(tidy) > longest:
        findings.problem(cell, "too_long", f"文字超过 {longest} 个字符；请缩短",
                         f"the text has more than {longest} characters; shorten it")
    elif rare := sorted({sign for sign in tidy if ord(sign) > LAST_WESTERN and not in_gb2312(sign)}):
        findings.warning(cell, "rare_sign", f"图与 PDF 所用的字体没有“{''.join(rare)[:20]}”，以 〓 或方框代替；"
                         "网页与数据表不受影响",
                         f"the fonts of figures and PDFs lack “{''.join(rare)[:20]}” and show 〓 or a box instead; web "
                         "pages and tables are not affected")
    elif tidy.startswith(LIKE_FORMULA) and tidy not in LIKE_FORMULA:
        findings.warning(cell, "like_formula", "文字以 = + - @ 开头，按文字保留，不当作公式；若非本意请更正",
                         "the text begins with = + - or @ and is kept as text, never as a formula; correct it if it "
                         "is not meant")
    return tidy


def in_gb2312(sign: str) -> bool:
    """Whether GB 2312 has a sign: the report fonts are made for it."""
    try:
        return bool(sign.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def no_file_name(code: str) -> bool:
    """Whether some system refuses the code as the name of a file, or it would stand for another page."""
    return bool(NO_FILE.fullmatch(code) or NO_FILE.fullmatch(code.partition(".")[0]))


def read_code(cell: Cell, findings: Findings, what_zh: str, what_en: str, reserved: bool = True) -> str:
    """A code: letters, digits, _ - and . only, at most 40; blanks and full-width letters are understood and logged."""
    text = written(cell.content)
    code = folded(cell.content).replace(" ", "")
    if re.fullmatch(r"[0-9]+\.0+", code) and isinstance(cell.content, str):
        code = code.split(".")[0]
    if code != text:
        findings.understood(cell, code, "code", "代码中的空格、全角字符或小数点后的零不计",
                            "blanks, full-width letters or a decimal .0 in a code do not count")
    if not CODE.fullmatch(code):
        findings.problem(cell, "bad_code", f"{what_zh}的代码只能用字母、数字、_、-、.，1 至 40 个；请更正",
                         f"a code of {what_en} is made of letters, digits, _, - and ., 1 to 40 of them; correct it")
    elif reserved and code.casefold() in RESERVED:
        findings.problem(cell, "reserved_code", f"{code} 是保留的词，不能作{what_zh}的代码；请改用其他代码",
                         f"{code} is a reserved word and no code of {what_en}; choose another")
    elif no_file_name(code):
        findings.problem(cell, "code_is_no_file_name",
                         f"{code} 不能作文件名（每个代码各有一页），不能作{what_zh}的代码；请改用其他代码",
                         f"{code} cannot name a file, and every code has a page of its own; choose another code of "
                         f"{what_en}")
    return code


def listed(words: Iterable[object], most: int = 6) -> str:
    """Some words in a row, at most so many."""
    words = [visible(str(word), SHOWN) for word in words]
    return ", ".join(words[:most]) + (" …" if len(words) > most else "")
