"""What a study says of itself: the table `study`, a row a property, and the name of its unit seen in a heading.

Reference: docs/own_data.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.own.findings import Findings, is_blank, listed, read_text, tight, written
from workbench.own.grid import Grid
from workbench.own.headings import read_heading
from workbench.own.numbers import read_number

CUT = "cut"
# What a row of the table may be called; those with a language take both columns, the others the first that is filled.
PROPERTIES: dict[str, tuple[str, ...]] = {
    "title": ("title", "标题", "题名"), "subtitle": ("subtitle", "副标题"), "authors": ("authors", "author", "作者"),
    "organisation": ("organisation", "organization", "机构", "单位（机构）"), "date": ("date", "日期"),
    "unit": ("unit", "单位", "评价对象", "对象"), "units": ("units", "单位复数"),
    CUT: (CUT, "top", "截止名次", "截止线", "前几名"),
    "list": ("list", "名单", "榜单", "名单名称"), "source": ("source", "来源", "数据来源", "资料来源"),
}
# Headings of the column of units that say what the units are: Chinese, English, several in English.
UNITS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("国家", "country", "countries", ("country", "countries", "country name", "country_name", "countryname", "nation",
                                    "国家", "国家名称")),
    ("国家或地区", "economy", "economies", ("economy", "economy name", "国家/地区", "国家或地区", "国家和地区")),
    ("省份", "province", "provinces", ("province", "省份", "省", "省市", "省（区、市）")),
    ("县", "county", "counties", ("county", "县", "县名", "县市", "市县", "区县", "区县名称")),
    ("企业", "firm", "firms", ("firm", "company", "企业", "企业名称", "公司", "公司名称")),
    ("学校", "university", "universities", ("university", "学校", "高校")),
    ("城市", "city", "cities", ("city", "city name", "city_name", "城市", "城市名称", "城市名", "地级市", "来源城市")),
    ("地区", "region", "regions", ("region", "地区", "地区名称", "区域", "area", "territory")),
)
ANY_UNIT = ("单位", "unit", "units")
NAMES = {tight(key): name for name, keys in PROPERTIES.items() for key in keys}
UNIT_HEADINGS = {tight(word): unit[:3] for unit in UNITS for word in unit[3]}


def read_study_words(grid: Grid, findings: Findings) -> dict[str, str]:
    """The words of a study by their names in `settings.Study`, and `cut`, how many of the first its list has."""
    table = read_heading("study", grid, findings)
    if table is None:
        return {}
    found: dict[str, str] = {}
    for row in table.rows:
        key = table.cell(row, "key")
        name = NAMES.get(tight(key.content))
        if name is None:
            findings.problem(key, "unknown_property", f"study 表没有这一项；可用：{listed(PROPERTIES, 20)}",
                             f"the table study has no such property; it may have: {listed(PROPERTIES, 20)}")
            continue
        texts = {lang: read_text(table.cell(row, lang), findings, 200) for lang in ("zh", "en")}
        if name == CUT and all(is_blank(table.cell(row, lang).content) for lang in ("zh", "en")):
            continue
        if name == CUT:
            cell = table.cell(row, "zh" if not is_blank(table.cell(row, "zh").content) else "en")
            number = read_number(cell.content).value
            if number is None or number < 1 or number != int(number):
                findings.problem(cell, "bad_cut", "截止名次应为不小于 1 的整数", "the cut is a whole number from 1 up")
            else:
                found[CUT] = str(int(number))
        elif name == "units":
            found["units_en"] = texts["en"] or texts["zh"]
        else:
            found |= {f"{name}_{lang}": text for lang, text in texts.items() if text}
    return found


def unit_by_heading(grids: Mapping[str, Grid]) -> dict[str, str]:
    """The unit that a study of its own places compares, as the heading of its names says; else `unit`."""
    for name in ("values", "cities"):
        table = read_heading(name, grids[name], Findings()) if name in grids else None
        if table is not None and table.has("name"):
            heads = [table.heading("name").content]
        else:  # a column of units under a name of its own
            heads = next((row for row in grids[name].rows if any(not is_blank(cell) for cell in row)), []) \
                if name in grids else []
        for head in heads:
            if unit := UNIT_HEADINGS.get(tight(written(head))):
                return dict(zip(("unit_zh", "unit_en", "units_en"), unit, strict=True))
    return dict(zip(("unit_zh", "unit_en", "units_en"), ANY_UNIT, strict=True))
