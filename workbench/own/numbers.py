"""What number a cell means, what in its writing was passed over, or why it means none.

Only what can be read in one way is read. Signs that are no digits but look like some (①, ², ½) stay what they are: a
footnote mark must not become a digit. Words, ranges, units behind a number and error values are refused with a remedy.

Reference: docs/own_data.md.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.own.grid import BesideSemicolons, Formula, StruckOut

LARGEST, SMALLEST = 1e18, 1e-100  # beyond them squares and cubes of figures leave what a float can hold
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
UNSEEN = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
# Thousands are never counted from 0: in 0,123 the comma is a decimal sign, or nobody knows what.
GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+)(?:\.[0-9]*)?")
ONE_GROUP = re.compile(r"[+-]?[0-9]{1,3},[0-9]{3}")
BLANK = re.compile(r"[^\S\t-\r\x1c-\x1f\x85\u2028\u2029]")  # of any width, but no tab and no line break
ONE_COMMA = re.compile(r"[+-]?[0-9]+(?:,[0-9]*)+(?:\.[0-9]*)?")
RANGE = re.compile(r"[0-9.,]+ ?(?:-|~|–|—|至|到|～) ?[0-9.,]+ ?%?")
UNIT = re.compile(r"(?:[¥￥$€£] ?)?[+-]?[0-9][0-9.,]* ?(?:[^\W\d_]|[¥￥$€£℃‰°㎡㎢㎞㎏])[^0-9]*"
                  r"|[¥￥$€£] ?[+-]?[0-9][0-9.,]*")
# What only one of the two readings of a number allows, and what both do.
COMMA_DECIMAL = re.compile(r"[+-]?(?:[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})|0[0-9]*,[0-9]+|[0-9]{4,},[0-9]+"
                           r"|[1-9][0-9]{0,2}(?:[. ][0-9]{3})+,[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
POINT_GROUPS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}")
POINT_DECIMAL = re.compile(r"[+-]?(?:[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})|0[0-9]*\.[0-9]+|[0-9]{4,}\.[0-9]+"
                           r"|[1-9][0-9]{0,2}(?:[, ][0-9]{3})+\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
COMMA_GROUPS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}")
ONE_POINT_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
EUROPEAN = re.compile(r"[+-]?(?:[1-9][0-9]{0,2}(?:[. ][0-9]{3})+|[0-9]+)(?:,[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
ENOUGH = 3  # decimal commas that decide for a file whose cells are not separated by semicolons
ERROR = re.compile(r"#(?:DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|SPILL!|CALC!|GETTING_DATA|FIELD!|BLOCKED!|#+)?", re.I)
MISSING = set("- -- --- − — —— – … …… ... / \\ . * ? ?? ??? 无 暂无 缺失 缺 空 空白 未知 不详 暂无数据 无数据 没有 "
              "未公布 未报 未统计 n/a na n.a. n.a nan null none nil missing unknown n.k. tbd x "
              "not_available #n/a .. :".split()) | {"not available", "not applicable", "no data"}

REASONS = {
    "full_width": ("全角数字、符号按半角读", "full-width digits and signs are read as plain ones"),
    "thousands": ("千分位的逗号或空格不计", "commas or blanks between thousands do not count"),
    "percent": ("百分号不计，数按百分数读", "the per cent sign does not count, the figure is in per cent"),
    "minus": ("减号的其他写法按负号读", "another sign for minus is read as one"),
    "apostrophe": ("数字前的撇号不计", "an apostrophe before a number does not count"),
    "missing": ("表示没有数据的词或符号，按缺失读", "a word or sign for a figure that is not known is read as missing"),
    "decimal_comma": ("逗号是小数点", "the comma is the decimal sign"),
    "struck_out": ("划去的字不计", "what is struck out does not count"),
    "white_space": ("多余的空白不计", "surplus white space does not count"),
}

Problem = tuple[str, str, str]
NOT_A_NUMBER: Problem = ("not_a_number", "不是数；请填一个数，没有数据就留空",
                         "not a number; write one, or leave the cell blank where there is no figure")
OUT_OF_RANGE: Problem = ("out_of_range", "数的大小超出可计算的范围（1e-100 至 1e18）；请换用合适的单位",
                         "the number is too large or too small to compute with (1e-100 to 1e18); use a fitting unit")
AMBIGUOUS_COMMA: Problem = ("ambiguous_comma", "不能断定逗号是千分位还是小数点；请去掉逗号，小数点用 .",
                            "the comma is not surely between thousands, nor surely a decimal sign; remove it, the "
                            "decimal sign is .")


AMBIGUOUS_POINT: Problem = ("ambiguous_point",
                            "不能断定点是千分位还是小数点（文件以分号分隔）；请去掉千分位，小数点用 .",
                            "the point is not surely a decimal sign, nor surely between thousands, in a file separated "
                            "by semicolons; remove what is between thousands, the decimal sign is .")


@dataclass(frozen=True)
class Notation:
    """How the numbers of a table are written. `comma`: the comma is the decimal sign. `sure`: cells show which sign it
    is. `against` are two texts of one table that cannot both be numbers of one notation."""

    comma: bool = False
    sure: bool = False
    against: tuple[str, str] | None = None


POINT, COMMA = Notation(), Notation(comma=True, sure=True)


def notation_of(contents: Iterable[object]) -> Notation:
    """The notation of a table, decided by all its cells together: 62,61988125 can be nothing but a decimal comma.

    Where cells are separated by semicolons one such cell is enough; elsewhere there must be some, since a slip of the
    keyboard looks the same.
    """
    commas, points, semicolons = [], [], False
    for content in contents:
        if not isinstance(content, str) or isinstance(content, Formula) or not ("," in content or "." in content
                                                                                or "，" in content):
            continue
        semicolons |= isinstance(content, BesideSemicolons)
        if points and PLAIN.fullmatch(content):
            continue
        said = content.translate(FULL_WIDTH).strip().removesuffix("%").rstrip().replace("\u00a0", " ")
        if COMMA_DECIMAL.fullmatch(said) or POINT_GROUPS.fullmatch(said):
            commas.append(content)
        elif POINT_DECIMAL.fullmatch(said) or COMMA_GROUPS.fullmatch(said):
            points.append(content)
    if commas and points:
        clear = semicolons or len(commas) >= ENOUGH
        return Notation(sure=True, against=(commas[0], points[0]) if clear else None)
    if commas and (semicolons or len(commas) >= ENOUGH):
        return Notation(comma=True, sure=True)
    return Notation(sure=bool(points))


@dataclass(frozen=True)
class Number:
    """What a cell means: a value (None for a blank one), the rules by which it was understood otherwise than written
    (`REASONS`, joined by +), or the problem: kind and reason in Chinese and English."""

    value: float | None = None
    rule: str = ""
    problem: Problem | None = None


def read_number(content: object, notation: Notation = POINT) -> Number:
    """The number in a cell of any type, in the notation of its table."""
    if content is None:
        return Number()
    if isinstance(content, bool):
        return Number(problem=("truth_value", "是逻辑值而不是数；请填一个数",
                               "a truth value, not a number; write a number"))
    if isinstance(content, int | float):
        huge = isinstance(content, int) and abs(content) > 10**300
        return within_range(math.inf if huge else float(content), "")
    if isinstance(content, datetime.date | datetime.time | datetime.timedelta):
        return Number(problem=("date_for_number", "表格软件把数当成了日期；请把单元格格式改为数值后重新键入",
                               "the spreadsheet took the number for a date; format the cell as a number and type it "
                               "again"))
    if isinstance(content, Formula):
        return Number(problem=("formula_without_result", "公式没有存下计算结果；请用表格软件打开并保存，或改填数值",
                               "the formula has no stored result; open and save the file in a spreadsheet program, or "
                               "write the number"))
    return read_text_number(str(content), isinstance(content, BesideSemicolons), notation,
                            isinstance(content, StruckOut))


def read_text_number(text: str, semicolons: bool = False, notation: Notation = POINT, struck: bool = False) -> Number:
    """The number in a text. In a file that separates cells by semicolons 1,234 and 1.234 may be a thousand or a little
    over one, unless other cells show the notation.

    Blanks count as between thousands where they are single; a line break between digits parts two figures.
    """
    rules = ["struck_out"] if struck else []
    said = text.strip(" ")
    for rule, changed in (("full_width", lambda each: each.translate(FULL_WIDTH)),
                          ("white_space", lambda each: BLANK.sub(" ", UNSEEN.sub("", each)).strip()),
                          ("apostrophe", lambda each: re.sub(r"^'(?=[-+−﹣.]?[0-9])", "", each)),
                          ("minus", lambda each: re.sub(r"^[−﹣]\s*(?=[0-9.])", "-", each))):
        tidy = changed(said)
        if tidy != said:
            said, rules = tidy, [*rules, rule]
    if not said:
        return Number()
    if said.casefold() in MISSING:
        return Number(None, "missing")
    bare = said.removesuffix("%").rstrip()
    if bare != said and (PLAIN.fullmatch(bare) or GROUPED.fullmatch(bare) or (notation.comma
                                                                              and EUROPEAN.fullmatch(bare))):
        said, rules = bare, [*rules, "percent"]
    if notation.comma:
        return read_european(said, rules)
    if semicolons and not notation.sure and (ONE_GROUP.fullmatch(said) or ONE_POINT_GROUP.fullmatch(said)):
        return Number(problem=AMBIGUOUS_COMMA if "," in said else AMBIGUOUS_POINT)
    if GROUPED.fullmatch(said):
        said, rules = said.replace(",", "").replace(" ", ""), [*rules, "thousands"]
    if PLAIN.fullmatch(said):
        value = float(said)
        vanished = value == 0 and re.search("[1-9]", re.split("[eE]", said)[0])
        return Number(problem=OUT_OF_RANGE) if vanished else within_range(value, "+".join(rules))
    return Number(problem=why_none(said))


def read_european(said: str, rules: list[str]) -> Number:
    """The number in a text of a table whose decimal sign is the comma: points and blanks are between thousands."""
    if not EUROPEAN.fullmatch(said):
        return Number(problem=why_none(said))
    plain = said.replace(".", "").replace(" ", "")
    rules = [*rules, *(["thousands"] if plain != said else []), *(["decimal_comma"] if "," in plain else [])]
    return within_range(float(plain.replace(",", ".")), "+".join(rules))


def within_range(value: float, rule: str) -> Number:
    """A number, unless it is none that arithmetic can be done with."""
    if not math.isfinite(value):
        return Number(problem=("not_finite", "不是有限的数；请填一个数，没有数据就留空",
                               "not a finite number; write one, or leave the cell blank where there is no figure"))
    if abs(value) > LARGEST or 0 < abs(value) < SMALLEST:
        return Number(problem=OUT_OF_RANGE)
    return Number(value + 0.0, rule)


def why_none(said: str) -> Problem:
    """Why a text is no number, and the remedy that fits."""
    if said.startswith("=") or said.startswith("@"):
        return ("formula_text", "以文字写成的公式，不会计算；请填其结果",
                "a formula written as text is not computed; write its result")
    if said.startswith("#") and ERROR.fullmatch(said):
        return ("error_value", "是表格软件的错误值；请更正公式，没有数据就留空",
                "an error value of the spreadsheet; mend the formula, or leave the cell blank where there is no figure")
    if said.casefold().lstrip("+-") in ("inf", "infinity", "∞", "无穷大"):
        return within_range(math.inf, "").problem or NOT_A_NUMBER
    if RANGE.fullmatch(said):
        return ("range_of_numbers", "是一个范围；请填一个数", "a range of numbers; write one number")
    if ONE_COMMA.fullmatch(said):
        return AMBIGUOUS_COMMA
    if UNIT.fullmatch(said):
        return ("unit_in_cell", "数后带有单位或文字；请只填数，单位写在 framework 表，整列用同一单位",
                "a unit or a word stands beside the number; write the number alone, the unit belongs in the table "
                "framework and is one for the whole column")
    return NOT_A_NUMBER


def reasons(rules: str) -> tuple[str, str]:
    """Why a number is understood otherwise than written, in Chinese and English, for rules joined by +."""
    said = [REASONS[rule] for rule in rules.split("+")]
    return "；".join(zh for zh, _ in said), "; ".join(en for _, en in said)
