"""The workbook to fill in: everything a study needs, one sheet a table, with judgement matrices that compute.

Its sheets have the names and columns that the reader of own data expects. Without an example it holds this study's
tree, cities and region systems, blank values and blank judgements; with one, a whole study of examples/, filled in.
The same tables give the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from unicodedata import east_asian_width

import pandas as pd

from analysis.framework import GRADES, LEVELS, leaves, read_framework, read_proxies
from analysis.normalisation import METHODS
from analysis.settings import ROOT, load_settings
from analysis.sources import judgement, read_cities
from workbench.office.sheets import new_workbook, put
from workbench.own.rosters import REPOSITORY_SYSTEMS, repository_regions
from workbench.own.study_words import ANY_UNIT
from workbench.own.template_sheets import (
    FRAMEWORK_HEADS,
    choose,
    formats,
    write_input_table,
    write_judgements,
    write_values,
)
from workbench.own.tree_numbers import SCALES
from workbench.release import RELEASED

EXAMPLES = Path("examples")
PUBLIC_VALUES = "02_raw.csv"
INSTRUCTIONS = "说明"
GOAL = "goal"
OWN = "own"  # the expert whose matrices carry no name of an expert
FRAMEWORK_COLUMNS = ["code", "level", "parent", "name_zh", "name_en", "direction", "unit_zh", "unit_en", "source",
                     "note", "number"]
EXPERT_COLUMNS = ["expert", "name_zh", "name_en", "weight", "description_zh", "description_en"]
LONGEST_SHEET_NAME = 31
TITLE = ("自有数据模板", "Template for own data")
INSTRUCTION_WIDTH = 64
SCALE = {1: ("同等重要", "equally important"), 3: ("稍重要", "moderately more important"),
         5: ("明显重要", "strongly more important"), 7: ("强烈重要", "very strongly more important"),
         9: ("极端重要", "extremely more important")}


@dataclass(frozen=True)
class Tables:
    """What a template holds: frames as they stand on its sheets.

    `values` is a frame of cities by indicators; `framework` is indexed by code; `judgements` go by expert and node.
    """

    values: pd.DataFrame
    framework: pd.DataFrame
    cities: pd.DataFrame
    regions: pd.DataFrame
    experts: pd.DataFrame
    judgements: dict[str, dict[str, pd.DataFrame]]
    comments: dict[str, str]
    study: pd.DataFrame = field(default_factory=lambda: words_to_fill_in("城市", "city", "cities"))


def write_template(path: Path, root: Path = ROOT, example: str | None = None,
                   values: pd.DataFrame | None = None) -> None:
    """Write the template (.xlsx) to `path`, replacing a file of that name.

    `example` names a study of examples/ to fill in; `values` (cities by indicators, indexed by code) fills the sheet of
    values, for a round trip or to hand out an edition. Raises ValueError for an unknown example, for cities or
    indicators that are not of the study, and for codes too long to name a sheet.
    """
    tables = example_tables(root, example) if example else repository_tables(root)
    if values is not None:
        tables = replace(tables, values=checked_values(values, tables))
    content = template_workbook(tables)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def template_workbook(tables: Tables) -> bytes:
    """The workbook as bytes: instructions, values, framework, cities, regions, experts, study, judgement matrices."""
    buffer = io.BytesIO()
    book = new_workbook(buffer)
    book.set_properties({"title": " ".join(TITLE), "created": datetime(*RELEASED.timetuple()[:3])})
    looks = formats(book)
    scale = write_instructions(book.add_worksheet(INSTRUCTIONS), looks)
    names = tables.cities["name"]
    write_values(book.add_worksheet("values"), looks, tables.values, names, tables.framework, tables.comments)
    framework = book.add_worksheet("framework")
    write_input_table(framework, looks, with_scales(tables.framework.reset_index()), FRAMEWORK_HEADS)
    columns = [*FRAMEWORK_COLUMNS, *SCALES]
    for column, options in {"level": LEVELS, "direction": ("+", "-"), "log": ("yes",),
                            "normalisation": METHODS}.items():
        choose(framework, columns.index(column), options)
    write_input_table(book.add_worksheet("cities"), looks, tables.cities.reset_index())
    write_input_table(book.add_worksheet("regions"), looks, tables.regions)
    write_input_table(book.add_worksheet("experts"), looks, tables.experts)
    write_input_table(book.add_worksheet("study"), looks, tables.study)
    limit = load_settings().weighting.consistency_limit
    judged = "weight" not in tables.framework  # else weights are given, and there is nothing to judge
    for expert in tables.experts["expert"] if judged else ():
        for node, children in compared(tables.framework).items():
            matrix = tables.judgements.get(expert, {}).get(node)
            shown = tables.framework.loc[children]
            labels = (shown["name_zh"] + " " + shown["name_en"]).str.strip()
            title = "" if node == GOAL else f" {tables.framework.at[node, 'name_zh']} " \
                                            f"{tables.framework.at[node, 'name_en']}".rstrip()
            blank = pd.DataFrame(index=children, columns=children, dtype=float)
            write_judgements(book.add_worksheet(sheet_name(expert, node)), looks, book, node + title, labels,
                             blank if matrix is None else matrix, limit, scale)
    book.close()
    return buffer.getvalue()


def with_scales(framework: pd.DataFrame) -> pd.DataFrame:
    """The tree with every column that a framework may have; those that it does not have are blank."""
    table = framework[FRAMEWORK_COLUMNS].copy()
    for name in SCALES:
        given = framework[name] if name in framework else pd.Series("", framework.index)
        numbers = pd.to_numeric(given.where(given != ""), errors="coerce")
        plain = name in ("weight", "low", "high") and (numbers.notna() | (given == "")).all()
        table[name] = numbers.astype(float) if plain else given
    return table


def sheet_name(expert: str, node: str) -> str:
    """The name of a matrix's sheet: ahp_D1 for the expert "own", ahp_academic_D1 for another."""
    name = f"ahp_{node}" if expert == OWN else f"ahp_{expert}_{node}"
    if len(name) > LONGEST_SHEET_NAME:
        raise ValueError(f"{name}: a sheet's name has at most {LONGEST_SHEET_NAME} letters; shorten the code")
    return name


def compared(framework: pd.DataFrame) -> dict[str, list[str]]:
    """The children of the goal and of every node that has two or more: those that need a judgement matrix."""
    parents = framework["parent"].where(framework["parent"] != "", GOAL)
    nodes = [GOAL, *framework.index[framework["level"] != "indicator"]]
    children = {node: list(parents.index[parents == node]) for node in nodes}
    return {node: codes for node, codes in children.items() if len(codes) > 1}


def public_values(root: Path = ROOT) -> pd.DataFrame:
    """The indicators of the public edition as they stand after reading and before treatment: cities by indicators."""
    from analysis.frames import read_frame

    frame = read_frame(root / f"data/processed/baseline/{PUBLIC_VALUES}", "adcode")
    return frame[[column for column in frame if column in set(leaves(read_framework(root)))]]


def checked_values(values: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Values in the order of the study's cities and indicators; those not given stay blank."""
    for what, given, known in (("cities", values.index, tables.cities.index),
                               ("indicators", values.columns, tables.values.columns)):
        unknown = [str(code) for code in given if code not in known]
        if unknown:
            raise ValueError(f"values: {what} that the study does not have: {', '.join(unknown)}")
        if given.has_duplicates:
            raise ValueError(f"values: {what} given twice: {', '.join(given[given.duplicated()])}")
    return values.reindex(index=tables.cities.index, columns=tables.values.columns).astype(float)


# --- the tables of this study -----------------------------------------------------------------------------------------
def repository_tables(root: Path = ROOT) -> Tables:
    """This study's tree, cities and regions; values, units, sources and judgements to be filled in."""
    tree = read_framework(root)
    tree["direction"] = tree["direction"].where(tree["level"] != "indicator", "+")
    tree = tree.assign(unit_zh="", unit_en="", source="", note="")
    cities = read_cities(root)
    listed = cities[["name", "name_en"]].assign(lon=cities["seat_lon"], lat=cities["seat_lat"])
    listed = listed.join(cities[list(REPOSITORY_SYSTEMS)]).rename_axis("code")
    values = pd.DataFrame(index=listed.index, columns=leaves(tree), dtype=float)
    return Tables(values, tree, listed, repository_regions(root, cities), own_expert(), {},
                  comments(tree, public_readings(root)))


def words_to_fill_in(zh: str, one: str, many: str) -> pd.DataFrame:
    """The table `study` with the unit that is compared, the rest to be filled in."""
    rows = [(key, "", "") for key in ("title", "subtitle", "authors", "organisation", "date", "source",
                                     "cut", "list")]
    return pd.DataFrame([*rows, ("unit", zh, one), ("units", "", many)], columns=["key", "zh", "en"])


def public_readings(root: Path) -> dict[str, str]:
    """How the public edition reads each indicator that it measures, with the unit, in both languages."""
    main = read_proxies(root).query("role == 'main'")
    return {row.indicator: f"公开版的读法：{row.reading_zh}（{row.unit_zh}）\nThe public edition reads it as: "
                           f"{row.reading_en} ({row.unit_en}); {row.grade}: {GRADES[row.grade]}"
            for row in main.itertuples()}


def own_expert() -> pd.DataFrame:
    """The one expert of a study that names none."""
    return pd.DataFrame([(OWN, "自有判断", "Own judgements", 1, "", "")], columns=EXPERT_COLUMNS)


def comments(tree: pd.DataFrame, readings: dict[str, str]) -> dict[str, str]:
    """What is said over each indicator's heading: its names, its place in the tree, direction, unit and reading."""
    said = {}
    for code in leaves(tree):
        node = tree.loc[code]
        above = tree.loc[node["parent"]]
        top = tree.loc[above["parent"]] if above["parent"] else above
        lines = [f"{code} {node['name_zh']} {node['name_en']}",
                 f"{top['name_zh']} › {above['name_zh']}\n{top['name_en']} › {above['name_en']}",
                 f"方向 direction {node['direction']}",
                 f"单位 unit {node['unit_zh']} / {node['unit_en']}" if f"{node['unit_zh']}{node['unit_en']}" else "",
                 node["note"], readings.get(code, "")]
        said[code] = "\n".join(line for line in lines if line)
    return said


# --- the tables of an example -----------------------------------------------------------------------------------------
def example_tables(root: Path, name: str) -> Tables:
    """A study of examples/, as a workbook shows it: of several years the latest figure of each unit and indicator."""
    known = sorted(path.parent.name for path in (root / EXAMPLES).glob("*/values.csv"))
    if name not in known:
        raise ValueError(f"no example {name}; known examples: {', '.join(known)}")
    folder = root / EXAMPLES / name
    tree = read_texts(folder, "framework").set_index("code")
    tree = tree.reindex(columns=[*FRAMEWORK_COLUMNS[1:], *(name for name in SCALES if name in tree)], fill_value="")
    cities = read_texts(folder, "cities").set_index("code")
    figures = read_texts(folder, "values")
    if "indicator" not in figures:  # wide
        figures = figures.melt("code", var_name="indicator").assign(year="")
    figures = figures.query("value != ''").sort_values("year", kind="stable")
    latest = figures.drop_duplicates(["code", "indicator"], keep="last")
    values = latest.assign(value=latest["value"].astype(float)).pivot(index="code", columns="indicator", values="value")
    regions = read_texts(folder, "regions", ["system", "name"])
    experts = read_texts(folder, "experts", EXPERT_COLUMNS).reindex(columns=EXPERT_COLUMNS, fill_value="")
    experts = experts if len(experts) else own_expert()
    experts["weight"] = experts["weight"].astype(float)
    judgements: dict[str, dict[str, pd.DataFrame]] = {expert: {} for expert in experts["expert"]}
    for (expert, node), pairs in read_texts(folder, "judgements", ["expert", "node"]).groupby(["expert", "node"],
                                                                                             sort=False):
        codes = compared(tree)[node]
        matrix = pd.DataFrame(index=codes, columns=codes, dtype=float)
        for pair in pairs.itertuples():
            matrix.loc[pair.row, pair.column] = judgement(pair.value)
        judgements[expert][node] = matrix
    study = read_texts(folder, "study", ["key", "zh", "en"])
    return Tables(values.reindex(index=cities.index, columns=leaves(tree)), tree, cities, regions, experts, judgements,
                  comments(tree, {}), study if len(study) else words_to_fill_in(*ANY_UNIT))


def read_texts(folder: Path, table: str, columns: list[str] | None = None) -> pd.DataFrame:
    """A table of an example, every cell as text; with `columns` it may be absent, and is then empty."""
    if columns and not (folder / f"{table}.csv").is_file():
        return pd.DataFrame(columns=columns, dtype=str)
    return pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False)


# --- instructions -----------------------------------------------------------------------------------------------------
def write_instructions(sheet, looks: dict) -> str:
    """The first sheet, Chinese and English side by side, and the scale of judgements; returns the scale's range."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 1, INSTRUCTION_WIDTH)
    sheet.set_column(2, 2, 12)
    for column, text in enumerate(TITLE):
        put(sheet, 0, column, text, looks["title"])
    row = 1
    for zh, en in TEXT:
        look = "section" if zh.startswith("■") else "command" if zh.startswith("python") else "wrapped"
        for column, text in enumerate((zh, en)):
            put(sheet, row, column, text.removeprefix("■ "), looks[look])
        sheet.set_row(row, 15.5 * max(lines(zh), lines(en)) + 2)
        row += 1
    scale = [*(1 / number for number in range(9, 1, -1)), *range(1, 10)]
    for offset, value in enumerate(scale):
        for column, text in enumerate(scale_words(value)):
            put(sheet, row + offset, column, text, looks["wrapped"])
        sheet.write_number(row + offset, 2, value, looks["scale"])
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return f"'{INSTRUCTIONS}'!$C${row + 1}:$C${row + len(scale)}"


def scale_words(value: float) -> tuple[str, str]:
    """What a judgement means, row over column, in Chinese and English."""
    if value < 1:
        times = round(1 / value)
        return f"反过来：列比行重要 {times} 倍", f"reversed: the column {times} times as important as the row"
    return SCALE.get(value, ("介于两者之间", "in between"))


def lines(text: str) -> int:
    """How many lines a text takes in a column of instructions; a Chinese letter is two wide."""
    return -(-sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text) // INSTRUCTION_WIDTH)


TEXT = (
    ("本工作簿是一项研究的全部输入。填好后另存（例如 mine.xlsx），先检查，再运行。",
     "This workbook is the whole input of a study. Fill it in, save it (as mine.xlsx, say), check it, run it."),
    ("■ 运行", "■ How to run"),
    ("python -m analysis check --panel mine.xlsx", "python -m analysis check --panel mine.xlsx"),
    ("python -m analysis run --panel mine.xlsx --run mine", "python -m analysis run --panel mine.xlsx --run mine"),
    ("第一条只检查：一次列出全部问题及所在单元格，不写任何文件。第二条检查无误后才计算，结果在 reports/mine/。",
     "The first only checks: it lists every problem at once with its cell, and writes nothing. The second computes "
     "once nothing is wrong; its results are in reports/mine/."),
    ("■ 填什么", "■ What to fill in"),
    ("values 数据：每行一个城市（或县、区、省），每列一个指标。第 1 行为代码；第 2 行以 # 开头，"
     "是名称与单位的备注，读取时略过。没有的数据请留空，不要写 0。没有数据的指标列可以删除。",
     "values: a row for each city (or county, district, province), a column for each indicator. Row 1 holds the codes; "
     "row 2 begins with # and is a remark, names and units, not read. Leave a cell blank where there is no figure; do "
     "not write 0. Columns of indicators without any figure may be deleted."),
    ("framework 指标体系：三级（domain 领域、subdomain 二级、indicator 指标）。direction 填 +（越大越好）或"
     " -（越小越好），现均预填 +，请核对。单位 unit_zh、unit_en 与来源 source 请填写。"
     "可以换成另一套体系：values 的列名即其指标代码。",
     "framework: three levels (domain, subdomain, indicator). direction is + (larger is better) or - (smaller is "
     "better); all are prefilled with +, please check them. Fill in unit_zh, unit_en and source. The tree may be "
     "replaced by another: the columns of values are then its indicators' codes."),
    ("framework 可不填的列：weight 权重（同一上级之下都填或都不填；填了就不用判断矩阵），"
     "low、high 下限与上限（目标值），"
     "log 取对数（yes），normalisation 标准化方法（minmax、zscore、rank、goalposts），"
     "denominator 分母（另一项指标，或 values 中一列的名称，如 population）。",
     "framework, columns that may stay blank: weight (all children of a node or none; given weights take the place of "
     "judgements), low and high (goalposts), log (yes: the logarithm), normalisation (minmax, zscore, rank, "
     "goalposts), denominator (another indicator, or the name of a column of values, such as population)."),
    ("cities 城市：代码、名称、经纬度（可空），以及各区域体系的一列。代码可用字母、数字、_、-、.，"
     "不必是六位行政区划代码。",
     "cities: code, name, longitude and latitude (may be blank), and one column for each region system. Codes are made "
     "of letters, digits, _ , - and . ; they need not be six digits."),
    ("regions 区域：各体系的区域，按显示顺序。system 是 cities 中的列名。",
     "regions: the regions of each system in the order of display. system is the name of a column of cities."),
    ("experts 专家：每行一位，weight 为相对权重（大于 0）。",
     "experts: one row each; weight is relative (above 0)."),
    ("ahp_… 判断矩阵：只填对角线右上方的黄色单元格，行元素比列元素重要几倍（见下方标度；可键入 1/3）。"
     "左下方自动取倒数。填满后下方显示权重与一致性比率 CR；CR 不小于 0.1 时请复核，否则运行会停止。"
     "全部留空即该节点等权（有提示）。专家 own 的表名为 ahp_节点；再加一位专家，复制各表并改名为 ahp_专家_节点。",
     "ahp_… judgement matrices: fill in only the yellow cells above the diagonal: how many times more important the "
     "row is than the column (scale below; 1/3 may be typed). The lower left takes the reciprocals. Once complete, "
     "weights and the consistency ratio CR appear below; review judgements with a CR of 0.1 or more, at which a run "
     "stops. A matrix left blank means equal weights at that node (with a warning). The sheets of the expert own are "
     "named ahp_node; for a further expert copy them and name them ahp_expert_node."),
    ("除 values 外，各表都可删除：缺哪张表，就用本研究自带的。",
     "Every sheet but values may be deleted; this study's own table is then used."),
    ("■ 看得懂的写法", "■ What is understood"),
    ("· 本工作簿（.xlsx）；只有数据的一个 .csv；或一个文件夹，内有与各表同名的 .csv。",
     "· this workbook (.xlsx); one .csv, values alone; or a folder of .csv files with the names of the sheets."),
    ("· 表名可用中文：数据、指标体系、城市、区域、专家。"
     "values 的列名可用指标的代码、中文名或英文名；城市可用代码或名称。",
     "· Chinese names of sheets. In values an indicator goes by its code, its Chinese or its English name; a city by "
     "its code or its name."),
    ("· values 也可用长表：每行一个数，列为 code（或 name）、indicator、value，"
     "可加 year、source、note；有几个年份时评最近的，另有各年得分。",
     "· values as a long table, a row for each figure: code (or name), indicator, value and, if you like, year, "
     "source, note; of several years the latest is scored, and there are scores by year."),
    ("· 方向可写 +、-、正向、负向、逆向；判断可写 1/3；空白即缺失；首格以 # 开头的行略过。",
     "· directions as +, -, positive or negative; judgements such as 1/3; blank is missing; rows that begin with # are "
     "passed over."),
    ("· 写法特别而意思明确的数照样读入；凡与所写不同的理解，逐格记录并说明理由。",
     "· a number written unusually whose meaning is plain; wherever a cell is understood otherwise than written, this "
     "is recorded with the reason."),
    ("■ 会被拒绝的", "■ What is refused"),
    ("· 该填数处的文字、错误值（如 #REF!）、没有存下结果的公式。",
     "· text where a number belongs, error values such as #REF!, formulas without a stored result"),
    ("· 查无此名或重复的城市、指标；不存在的上级；缺失的方向；含其他符号或超过 40 个字符的代码。",
     "· unknown or repeated cities and indicators, a parent that does not exist, a missing direction, codes with other "
     "signs or of more than 40 letters"),
    ("· 不互为倒数的判断矩阵；带宏的工作簿；加密或损坏的文件。公式不在此计算，只读其存下的结果。",
     "· judgement matrices that are not reciprocal; workbooks with macros; encrypted or damaged files. Formulas are "
     "not computed here: their stored results are read."),
    ("■ 判断标度（行比列）", "■ Scale of judgements (row over column)"),
)
