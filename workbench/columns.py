"""What the columns of the study's tables are called, in both languages, and how their numbers are shown.

One dictionary for notebooks, reports and workbooks; a table may give a column another heading where it means another
thing there.
"""

from __future__ import annotations

from analysis.wording import worded
from workbench.office.results_words import COLUMNS

# Columns that are shown in notebooks and reports only: (Chinese, English, number format of a spreadsheet).
SHOWN_ONLY: dict[str, tuple[str, str, str]] = {
    "choice": ("选择", "Choice", "@"), "options": ("选项", "Options", "@"), "cause": ("原因", "Cause", "@"),
    "combinations": ("组合数", "Combinations", "0"), "draws": ("抽样次数", "Draws", "0"),
    "example": ("例", "Example", "@"), "mean_width": ("区间平均宽度", "Mean width of the intervals", "0.0"),
    "share": ("份额", "Share", "0.0%"),
    "widest": ("最宽", "Widest", "0"), "median_width": ("区间宽度中位数", "Median width", "0.0"),
    "distance": ("距离", "Distance", "0.0"),
}
# Number formats of a spreadsheet and the same for a page.
PAGE_FORMATS = {"0.0%": ".1%", "0.00%": ".2%", "0.0000%": ".2%", "0.00": ".2f", "0": ".0f", "0.000": ".3f",
                "0.0": ".1f", "#,##0.####": ",.4g", "#,##0": ",.0f", "0.0E+00": ".1e", "+0;−0;0": "+.0f",
                "+0.0;−0.0;0.0": "+.1f"}


def heading(column: str, lang: str) -> str:
    """The heading of a column in one language. Raises KeyError where the dictionary does not have it."""
    words = SHOWN_ONLY.get(column) or COLUMNS.get(column)
    if words is None:
        raise KeyError(f"column {column} has no heading: add it to workbench/columns.py, or give headings={{…}}")
    return worded(words[lang == "en"])


def page_format(column: str) -> str:
    """How a column's numbers are shown on a page, as a format of Python; empty for texts."""
    return PAGE_FORMATS.get((SHOWN_ONLY.get(column) or COLUMNS.get(column, ("", "", "")))[2], "")
