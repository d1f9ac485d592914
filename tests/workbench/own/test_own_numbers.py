"""What number a cell means: only what can be read in one way is read, and whatever was passed over is said."""

import datetime
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.own.grid import BesideSemicolons, Formula
from workbench.own.numbers import LARGEST, PLAIN, REASONS, SMALLEST, Number, notation_of, read_number, reasons

CHINESE = re.compile(r"[\u4e00-\u9fff]")

PLAIN_NUMBERS = {
    "12": 12.0, "-12.5": -12.5, "+3": 3.0, ".5": 0.5, "5.": 5.0, "007": 7.0, "0": 0.0, "-0": 0.0, "1e5": 1e5,
    "1E+05": 1e5, "2.5e-3": 0.0025, " 12 ": 12.0, "0.1": 0.1, "1e18": 1e18, "1e-100": 1e-100, "0e0": 0.0,
    "0.0e-400": 0.0,
}
UNDERSTOOD = {
    "１２．５": (12.5, "full_width"), "－３": (-3.0, "full_width"), "＋３": (3.0, "full_width"),
    "１ｅ３": (1000.0, "full_width"),
    "1,234": (1234.0, "thousands"), "-1,234,567.89": (-1234567.89, "thousands"), "1 234 567": (1234567.0, "thousands"),
    "1，234": (1234.0, "full_width+thousands"), "１，２３４．５": (1234.5, "full_width+thousands"),
    "1\u00a0234": (1234.0, "white_space+thousands"), "1\u2009234": (1234.0, "white_space+thousands"),
    "1\u202f234\u202f567": (1234567.0, "white_space+thousands"), "1\u3000234": (1234.0, "full_width+thousands"),
    "12.3%": (12.3, "percent"), "12.3 %": (12.3, "percent"), "１２％": (12.0, "full_width+percent"),
    "1,234%": (1234.0, "percent+thousands"), "-5%": (-5.0, "percent"),
    "−5": (-5.0, "minus"), "− 5": (-5.0, "minus"), "﹣5.5": (-5.5, "minus"), "−1,234": (-1234.0, "minus+thousands"),
    "'12": (12.0, "apostrophe"), "'-12": (-12.0, "apostrophe"), "'.5": (0.5, "apostrophe"),
    "＇12": (12.0, "full_width+apostrophe"), "'−12": (-12.0, "apostrophe+minus"),
    "12\n": (12.0, "white_space"), "\ufeff12": (12.0, "white_space"), "\u200b12": (12.0, "white_space"),
    "\t12": (12.0, "white_space"), "\u00a012\u00a0": (12.0, "white_space"),
}
REFUSED = {
    "not_a_number": ["½", "abc", "12.3.4", "1.234.567", "1.234,5", "12%a", "1'234", "12 34", "1  234", "12\n345",
                     "12\t345", "1\u2028234", "--5", "+-5", "5-", "(123)", "- 5", "1_000", "0x10", "١٢٣", "一百", "≥5",
                     "<0.1", ">100", "约5", "e5", "1e5e5", "1e1234", "12%%", "%", "2023-05-01", "2023/5/1", "1/3",
                     "TRUE", "是", "1,234e5", ",5", "1,234 567", "12m2", "\x0012", "1\x1c234"],
    "unit_in_cell": ["12.3①", "12²", "12³", "1.2万", "3亿元", "¥12", "￥12", "$ 1,200", "12元", "12 km", "12元/人",
                     "37℃", "1e", "5‰", "12 a.", "9" * 40_000 + "x", "3人次", "100€", "12ａ", "5个（估计）", "12⁵",
                     "7㎡", "12¹"],
    "error_value": ["#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "####", "#SPILL!", "＃REF!"],
    "range_of_numbers": ["2-3", "2~3", "2～3", "2–3", "2—3", "10至20", "10 到 20", "1.5-2.5%", "1,000-2,000"],
    "ambiguous_comma": ["1,23", "12,34,567", "1,2345", "0,123", "01,234", "1,", "1,,234", "0,5", "000,000", "1，23"],
    "formula_text": ["=1+1", '=cmd|"/c calc"!A1', "@SUM(A1)", "＝1+1", "=A1"],
    "not_finite": ["inf", "-inf", "Infinity", "∞", "+∞", "无穷大", "9" * 400, "1e400", "-1e999"],
    "out_of_range": ["1e19", "-1e19", "1e-101", "1e-400", "-4.9e-330", "9" * 30, "1e308", "0.5e-999"],
}
MISSING = ["-", "--", "—", "——", "…", "...", "/", "无", "暂无", "缺失", "n/a", "N/A", "NA", "n.a.",
           "null", "None", "NaN", "?", "*", "－", "／", "Ｎ／Ａ", "not available", "未公布", "X", "..", "–", "−",
           "#N/A", "#n/a", "＃N/A", "na", "."]
OTHER_TYPES = [
    (True, "truth_value"), (False, "truth_value"), (datetime.date(2024, 5, 1), "date_for_number"),
    (datetime.datetime(2024, 5, 1, 12), "date_for_number"), (datetime.time(12, 30), "date_for_number"),
    (datetime.timedelta(days=1), "date_for_number"), (Formula("=A1"), "formula_without_result"),
    (Formula("12"), "formula_without_result"), (float("nan"), "not_finite"), (float("inf"), "not_finite"),
    (-float("inf"), "not_finite"), (10**19, "out_of_range"), (-10**400, "not_finite"), (1e-101, "out_of_range"),
    (5e-324, "out_of_range"), (1.7e308, "out_of_range"),
]


def unread(number: Number, kind: str) -> None:
    """A refused cell has no value, one kind, and a sentence with a remedy in both languages."""
    assert number.value is None and number.rule == ""
    found, zh, en = number.problem
    assert found == kind
    assert CHINESE.search(zh) and not CHINESE.search(en) and en.isprintable()


@pytest.mark.parametrize(("text", "value"), PLAIN_NUMBERS.items(), ids=repr)
def test_a_plain_number_is_read_as_it_stands(text, value):
    assert read_number(text) == Number(value)


@pytest.mark.parametrize(("text", "meant"), UNDERSTOOD.items(), ids=repr)
def test_another_notation_is_read_and_said(text, meant):
    assert read_number(text) == Number(*meant)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in REFUSED.items() for text in texts],
                         ids=lambda part: part[:20])
def test_what_is_no_single_number_is_refused(kind, text):
    unread(read_number(text), kind)


@pytest.mark.parametrize("text", MISSING)
def test_every_sign_for_a_missing_figure_has_one_answer(text):
    assert read_number(text) == Number(None, "missing")


@pytest.mark.parametrize(("content", "kind"), OTHER_TYPES, ids=lambda part: str(part)[:30])
def test_cells_of_other_types(content, kind):
    unread(read_number(content), kind)


@pytest.mark.parametrize("content", [None, "", " ", "\u3000", "\u00a0", "\ufeff", "\n\t"])
def test_a_blank_cell_is_no_number_and_no_problem(content):
    number = read_number(content)
    assert number.value is None and number.problem is None


def test_numbers_of_a_workbook_are_taken_as_they_are():
    for content in (12, 12.5, 0, -3, 440300.0, 10**18, 1e-100):
        assert read_number(content) == Number(float(content))


def test_a_comma_beside_semicolons_may_be_a_decimal_sign():
    for text in ("1,234", "12,345", "-1,234", "1,234%", "１，２３４"):
        unread(read_number(BesideSemicolons(text)), "ambiguous_comma")
        assert read_number(text).value
    for text in ("1.234", "12.500", "-8.100"):
        unread(read_number(BesideSemicolons(text)), "ambiguous_point")
        assert read_number(text).value == float(text)
    assert read_number(BesideSemicolons("1,234,567")).value == 1234567.0, "two groups are thousands"
    assert read_number(BesideSemicolons("1,234.5")).value == 1234.5, "with a decimal point too"
    assert read_number(BesideSemicolons("12.5")) == Number(12.5)


def test_zero_has_no_sign():
    assert math.copysign(1, read_number("-0").value) == math.copysign(1, read_number(-0.0).value) == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_shortest_digits_give_the_same_float(value):
    for content in (repr(value), value):
        number = read_number(content)
        if value == 0 or SMALLEST <= abs(value) <= LARGEST:
            assert number == Number(value)
        else:
            unread(number, "out_of_range")


@given(st.integers(-10**15, 10**15), st.sampled_from(",， \u00a0\u2009\u202f"), st.integers(0, 99))
def test_thousands_may_be_parted_by_any_of_their_signs(whole, sign, hundredths):
    text = f"{abs(whole):,}.{hundredths:02d}".replace(",", sign)
    text = f"{'-' * (whole < 0)}{text}"
    plain = float(f"{whole}.{hundredths:02d}") if whole else hundredths / 100
    assert read_number(text).value == plain


@given(st.text(alphabet="0123456789.,，－-+−%％eE '\u00a0\u3000\u200b①²½万元~至١\n\t", max_size=12)
       | st.text(max_size=8))
def test_any_text_is_read_with_reasons_or_refused_with_reasons(text):
    number = read_number(text)
    if number.problem:
        return unread(number, number.problem[0])
    if number.value is None:
        assert number.rule == "missing" or not re.search(r"\w", text)
        return None
    assert math.isfinite(number.value)
    assert not re.search(r"[^\W0-9eE０-９ｅＥ]", text), "no letter, no mark that looks like a digit"
    if not PLAIN.fullmatch(text.strip(" ")):
        assert number.rule and set(number.rule.split("+")) <= set(REASONS)
        zh, en = reasons(number.rule)
        assert CHINESE.search(zh) and en and not CHINESE.search(en)
    else:
        assert number == Number(float(text) + 0.0)
    return None


@given(st.lists(st.tuples(st.integers(-10**8, 10**8), st.integers(0, 6)), min_size=1, max_size=30))
def test_a_file_of_decimal_commas_is_read_as_a_whole_or_refused(numbers):
    """Grouped by points, decimals behind a comma, cells separated by semicolons: every figure is right, or the whole is
    unsure, never another figure."""
    texts = [f"{whole / 10**places:,.{places}f}".translate(str.maketrans(",.", ".,")) for whole, places in numbers]
    cells = [BesideSemicolons(text) for text in texts]
    notation = notation_of(cells)
    assert notation.against is None
    for (whole, places), cell in zip(numbers, cells, strict=True):
        number = read_number(cell, notation)
        assert number.problem or number.value == pytest.approx(whole / 10**places, abs=1e-12)
        assert not number.problem or (not notation.sure and number.problem[0].startswith("ambiguous"))


@given(st.lists(st.tuples(st.integers(-10**8, 10**8), st.integers(0, 6)), min_size=1, max_size=30))
def test_a_file_of_decimal_points_is_never_read_as_one_of_commas(numbers):
    cells = [BesideSemicolons(f"{whole / 10**places:,.{places}f}") for whole, places in numbers]
    notation = notation_of(cells)
    assert not notation.comma and notation.against is None
    for (whole, places), cell in zip(numbers, cells, strict=True):
        number = read_number(cell, notation)
        assert number.problem or number.value == pytest.approx(whole / 10**places, abs=1e-12)


def test_a_file_of_two_notations_is_refused():
    assert notation_of(map(BesideSemicolons, ["1,5", "2.75"])).against == ("1,5", "2.75")
    assert notation_of(["1,5", "2.75"]).against is None, "in another file one comma is a slip at its cell"
