"""The experts of a study, from the table `experts` or, without one, those that the judgements name."""

from __future__ import annotations

import pandas as pd

from workbench.own.findings import LONGEST_TEXT, Cell, Findings, read_code, read_text
from workbench.own.grid import Grid
from workbench.own.headings import note_unknown, read_heading
from workbench.own.numbers import read_number, reasons

OWN = "own"
EXPERT_COLUMNS = ["name_zh", "name_en", "weight", "description_zh", "description_en"]
OWN_EXPERT = ("自有判断", "Own judgements", 1.0, "", "")


def read_expert_table(grid: Grid, findings: Findings) -> pd.DataFrame | None:
    """The table `experts`, indexed by expert; None where it has no heading."""
    table = read_heading("experts", grid, findings)
    if table is None or not {"expert", "weight"} <= set(table.columns):
        return None
    note_unknown(table, ("expert", *EXPERT_COLUMNS), findings)
    rows: dict[str, dict[str, object]] = {}
    places: dict[str, int] = {}
    for row in table.rows:
        cell = table.cell(row, "expert")
        code = read_code(cell, findings, "专家", "an expert")
        if code in places:
            findings.problem(cell, "repeated_code", f"与第 {places[code] + 1} 行的专家重复；请只留一行",
                             f"repeats the expert of row {places[code] + 1}; keep one of the two")
            continue
        places[code] = row
        entry: dict[str, object] = {name: read_text(table.cell(row, name), findings, longest) for name, longest in (
            ("name_zh", 200), ("name_en", 200), ("description_zh", LONGEST_TEXT), ("description_en", LONGEST_TEXT))}
        for one, other in (("name_zh", "name_en"), ("name_en", "name_zh"), ("description_zh", "description_en"),
                           ("description_en", "description_zh")):
            entry[one] = entry[one] or entry[other]
        for name in ("name_zh", "name_en"):
            entry[name] = entry[name] or code
        entry["weight"] = read_weight(table.cell(row, "weight"), findings)
        rows[code] = entry
    percent = [row for row in table.rows if "percent" in read_number(table.cell(row, "weight").content).rule]
    if percent and len(percent) < len(table.rows):
        findings.problem(table.cell(percent[0], "weight"), "mixed_percent",
                         "权重有的写百分数，有的写小数，相差百倍；请统一写法",
                         "some weights are in per cent and some are not, a hundred times apart; write all in one way")
    experts = pd.DataFrame.from_dict(rows, orient="index", columns=EXPERT_COLUMNS).rename_axis("expert")
    return experts.astype({"weight": float})


def read_weight(cell: Cell, findings: Findings) -> float:
    """An expert's relative weight, above 0."""
    number = read_number(cell.content)
    if number.rule and not number.problem:
        findings.understood(cell, repr(number.value), number.rule, *reasons(number.rule))
    if number.problem:
        findings.problem(cell, *number.problem)
    elif number.value is None or not number.value > 0:
        findings.problem(cell, "weight_not_positive", "权重应大于 0；请填写，或删去该专家",
                         "a weight is above 0; give one or remove the expert")
    else:
        return number.value
    return 1.0


def experts_by_default(codes: list[str], repository: pd.DataFrame) -> pd.DataFrame:
    """Experts of judgements that come without a table of experts: the repository's where known, all alike."""
    rows = {code: tuple(repository.loc[code, EXPERT_COLUMNS]) if code in repository.index else
            OWN_EXPERT if code == OWN else (code, code, 1.0, "", "") for code in codes or [OWN]}
    return pd.DataFrame.from_dict(rows, orient="index", columns=EXPERT_COLUMNS).rename_axis("expert")
