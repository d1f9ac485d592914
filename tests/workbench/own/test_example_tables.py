"""The made-up example study: its files follow from a seed, and they are a study.

Run as a script (`python tests/workbench/own/test_example_tables.py`) this file writes examples/county_care again.
"""

import csv
import io
import math
import random
import re
from pathlib import Path

import pandas as pd
import pytest

from analysis.hierarchy import tree_weights
from analysis.settings import ROOT
from analysis.weighting import ahp_weights
from workbench.own.template import compared, example_tables

FOLDER = ROOT / "examples" / "county_care"
SEED = 2023
COUNTIES = [f"X{number:03d}" for number in range(1, 49)]
YEARS = (2022, 2023)
INVENTED = "虚构示例 made-up example"
LABELLED = ("虚构", "made-up")

TREE = (  # code, level, parent, name_zh, name_en, direction, unit_zh, unit_en
    ("A", "domain", "", "服务供给", "Supply of services", "", "", ""),
    ("B", "domain", "", "服务质量", "Quality of services", "", "", ""),
    ("C", "domain", "", "保障能力", "Means", "", "", ""),
    ("A1", "subdomain", "A", "机构养老", "Residential care", "", "", ""),
    ("A2", "subdomain", "A", "居家社区养老", "Care at home and in the community", "", "", ""),
    ("B1", "subdomain", "B", "安全与专业", "Safety and training", "", "", ""),
    ("B2", "subdomain", "B", "满意度", "Satisfaction", "", "", ""),
    ("C1", "subdomain", "C", "资金与人员", "Money and staff", "", "", ""),
    ("C2", "subdomain", "C", "智慧养老", "Digital care", "", "", ""),
    ("A1-1", "indicator", "A1", "每千名老年人养老床位", "Care beds per thousand older people", "+", "张/千人",
     "beds per 1000"),
    ("A1-2", "indicator", "A1", "护理型床位占比", "Share of nursing beds", "+", "%", "percent"),
    ("A1-3", "indicator", "A1", "床位轮候时间", "Waiting time for a bed", "-", "天", "days"),
    ("A2-1", "indicator", "A2", "助餐点覆盖率", "Villages with a meal service", "+", "%", "percent"),
    ("A2-2", "indicator", "A2", "每千名老年人上门服务人次", "Home visits per thousand older people", "+", "人次/千人",
     "visits per 1000"),
    ("B1-1", "indicator", "B1", "持证护理员占比", "Carers with a certificate", "+", "%", "percent"),
    ("B1-2", "indicator", "B1", "每千张床位安全事故", "Accidents per thousand beds", "-", "起/千张",
     "accidents per 1000"),
    ("B2-1", "indicator", "B2", "家属满意度", "Satisfaction of families", "+", "分（0–100）", "score 0-100"),
    ("C1-1", "indicator", "C1", "老年人人均养老支出", "Spending per older person", "+", "元/人", "yuan per person"),
    ("C1-2", "indicator", "C1", "每百名失能老人护理员", "Carers per hundred people in need of care", "+", "人/百人",
     "carers per 100"),
    ("C1-3", "indicator", "C1", "长期护理保险参保率", "Covered by long-term care insurance", "+", "%", "percent"),
    ("C2-1", "indicator", "C2", "智慧养老平台注册率", "Registered on the care platform", "+", "%", "percent"),
)
# indicator: middle, spread, share that a county's level of care explains, decimals, lowest and highest possible
MODEL = {
    "A1-1": (32, 8, 0.6, 1, 5, 80), "A1-2": (52, 12, 0.5, 1, 5, 100), "A1-3": (60, 22, 0.5, 0, 1, 200),
    "A2-1": (55, 17, 0.6, 1, 2, 100), "A2-2": (5.2, 1.3, 0.4, 0, 0, 9), "B1-1": (48, 13, 0.6, 1, 2, 100),
    "B1-2": (9, 3.2, 0.4, 1, 0.2, 40), "B2-1": (78, 6, 0.5, 1, 30, 100), "C1-1": (1900, 480, 0.6, 0, 200, 5000),
    "C1-2": (14, 4, 0.5, 1, 1, 60), "C1-3": (62, 16, 0.4, 1, 0, 100), "C2-1": (38, 15, 0.5, 1, 0, 100),
}
SKEWED = "A2-2"  # the exponential of the model's figure
ZONES = (("示例东片", "Example East", 0.6), ("示例南片", "Example South", 0.2),  # the last: added to the level of care
         ("示例西片", "Example West", -0.5), ("示例北片", "Example North", -0.2))
LANDS = (("示例平原", "Example Plain", 0), ("示例山地", "Example Upland", -0.5))
SYSTEMS = {"zone": ("虚构四片", "Four made-up zones"), "land": ("虚构地形两类", "Two made-up kinds of land")}
EXPERTS = (("provider", "机构视角（虚构）", "Provider's view (made-up)", 2, "虚构示例，未询问任何人：看重供给与人员",
            "made-up example, no person was asked: puts supply and staff first"),
           ("family", "家属视角（虚构）", "Family's view (made-up)", 1, "虚构示例，未询问任何人：看重质量与安全",
            "made-up example, no person was asked: puts quality and safety first"))
JUDGEMENTS = {  # the upper triangle, row by row
    "provider": {"goal": "3 2 1/2", "A": "2", "B": "1", "C": "3", "A1": "1 2 2", "A2": "1/2", "B1": "2",
                 "C1": "1 2 3"},
    "family": {"goal": "1/3 2 4", "A": "1/2", "B": "1/2", "C": "2", "A1": "1/2 1/2 1", "A2": "1/3", "B1": "1/3",
               "C1": "1/3 1/2 2"},
}


def normal(draws: random.Random) -> float:
    """A figure of mean 0 and standard deviation 1 that has the same bits on every machine: 12 uniform ones, less 6."""
    return sum(draws.random() for _ in range(12)) - 6


STUDY = [("title", "示例县养老服务评价", "County care in the example counties"),
         ("subtitle", "虚构数据的示例", "An example with made-up figures"), ("authors", "某某", "A. N. Author"),
         ("organisation", "示例研究组", "Example research group"), ("date", "2026 年 11 月", "November 2026"),
         ("unit", "县", "county"), ("units", "", "counties"), ("cut", "16", ""),
         ("source", "本研究编造的示意数据", "Figures made up for this example"),
         ("list", "示范县名单", "the model counties")]


def example_files() -> dict[str, str]:
    """The tables of the example by file name, from the seed alone."""
    draws = random.Random(SEED)
    zone_of = {code: ZONES[number // 12] for number, code in enumerate(COUNTIES)}
    land_of = {code: LANDS[1 if draws.random() < 0.4 else 0] for code in COUNTIES}
    name_of = {code: f"示例县{code[2:]}" for code in COUNTIES}
    cities = [(code, name_of[code], f"Example County {code[2:]}", zone_of[code][0], land_of[code][0])
              for code in COUNTIES]
    regions = [(system, *SYSTEMS[system], zh, en) for system, groups in (("zone", ZONES), ("land", LANDS))
               for zh, en, *_ in groups]
    tree = [(*node, INVENTED if node[1] == "indicator" else "") for node in TREE]
    return {
        "values.csv": table("code name indicator year value source note", figures(draws, name_of, zone_of, land_of)),
        "framework.csv": table("code level parent name_zh name_en direction unit_zh unit_en source", tree),
        "cities.csv": table("code name name_en zone land", cities),
        "regions.csv": table("system system_zh system_en name name_en", regions),
        "experts.csv": table("expert name_zh name_en weight description_zh description_en", EXPERTS),
        "judgements.csv": table("expert node row column value", pairs()),
        "study.csv": table("key zh en", STUDY),
    }


def figures(draws: random.Random, name_of: dict, zone_of: dict, land_of: dict) -> list[tuple]:
    """Rows of values: 5 % of the figures of 2023 are blank, and 3 % of all figures are blank in both years."""
    rows, directions = [], {node[0]: node[5] for node in TREE}
    level = {code: normal(draws) + zone_of[code][2] + land_of[code][2] for code in COUNTIES}
    for code in COUNTIES:
        for indicator, (middle, spread, share, decimals, lowest, highest) in MODEL.items():
            sign = 1 if directions[indicator] == "+" else -1
            own, gap, never = normal(draws), draws.random() < 0.05, draws.random() < 0.03
            for year in YEARS:
                drift = 0.15 * (year - YEARS[-1]) + 0.1 * normal(draws)
                standard = sign * (share * level[code] + drift) + math.sqrt(1 - share**2) * own
                value = min(max(middle + spread * standard, lowest), highest)
                value = math.exp(value) if indicator == SKEWED else value
                blank = never or (gap and year == YEARS[-1])
                text = "" if blank else f"{value:.{decimals}f}"
                note = "未报 not reported" if blank else ""
                rows.append((code, name_of[code], indicator, year, text, INVENTED, note))
    return rows


def pairs() -> list[tuple]:
    """Rows of judgements: one a pair above the diagonal."""
    rows, tree = [], pd.DataFrame(TREE).set_index(0).rename(columns={1: "level", 2: "parent"})
    for expert, triangles in JUDGEMENTS.items():
        for node, codes in compared(tree).items():
            above = [(row, column) for place, row in enumerate(codes) for column in codes[place + 1:]]
            rows += [(expert, node, row, column, value)
                     for (row, column), value in zip(above, triangles[node].split(), strict=True)]
    return rows


def table(columns: str, rows: list[tuple]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns.split(), *rows])
    return text.getvalue()


def write_example(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in example_files().items():
        (folder / name).write_bytes(text.encode("utf-8"))


@pytest.fixture(scope="module")
def study():
    return example_tables(ROOT, "county_care")


def test_the_files_follow_from_the_seed_byte_for_byte():
    for name, text in example_files().items():
        assert (FOLDER / name).read_bytes() == text.encode("utf-8"), f"{name}: write it again as the README says"
    assert {path.name for path in FOLDER.iterdir()} == {*example_files(), "README.md"}


def test_everything_says_that_it_is_made_up():
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(word in readme for word in LABELLED) and readme.index("虚构") < readme.index("made-up")
    assert f"`{SEED}`" in readme and "tests/workbench/own/test_example_tables.py" in readme
    tables = {name: pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
              for name, text in example_files().items()}
    assert (tables["values.csv"]["source"] == INVENTED).all() and tables["values.csv"]["name"].str.match("示例县").all()
    assert tables["cities.csv"]["name_en"].str.match("Example ").all()
    assert tables["regions.csv"]["name"].str.match("示例").all() and tables["experts.csv"]["name_en"].str.contains(
        "made-up").all()


def test_it_is_another_place_and_another_tree(study):
    assert study.values.shape == (48, 12) and study.regions["system"].value_counts().to_dict() == {"zone": 4, "land": 2}
    assert study.framework["level"].value_counts().to_dict() == {"indicator": 12, "subdomain": 6, "domain": 3}
    assert (study.framework["direction"] == "-").sum() == 2
    assert not any(re.fullmatch("[0-9]{6}", code) for code in study.cities.index)
    leaves = study.framework.query("level == 'indicator'")
    assert (leaves[["unit_zh", "unit_en", "source"]] != "").all(axis=None)
    for system in SYSTEMS:
        assert set(study.cities[system]) == set(study.regions.query("system == @system")["name"])
    counts = leaves.groupby("parent").size()
    assert counts.min() == 1, "a sub-domain may hold a single indicator"


def test_its_figures_have_blanks_two_years_and_one_skewed_indicator(study):
    long = pd.read_csv(FOLDER / "values.csv")
    assert sorted(long["year"].unique()) == list(YEARS) and len(long) == 48 * 12 * 2
    assert 0.03 < long["value"].isna().mean() < 0.1 and 0 < study.values.isna().mean(axis=None) < 0.05
    only_older = long.pivot(index=["code", "indicator"], columns="year", values="value")
    assert (only_older[2022].notna() & only_older[2023].isna()).sum() > 10, "the latest year is not always 2023"
    assert study.values.notna().mean().min() > 0.8 and study.values.notna().mean(axis=1).min() > 2 / 3
    skewness = study.values.skew()
    assert skewness[SKEWED] > 2 and skewness.drop(SKEWED).abs().max() < 1.5
    bounds = {code: (low, high) for code, (*_, low, high) in MODEL.items() if code != SKEWED}
    for code, (low, high) in bounds.items():
        assert study.values[code].dropna().between(low, high).all()


def test_both_experts_judge_every_node_consistently(study):
    for nodes in study.judgements.values():
        full = {}
        for node, matrix in nodes.items():
            full[node] = matrix.combine_first(1 / matrix.T).fillna(1.0)
            assert ahp_weights(full[node]).consistency_ratio < 0.1
        weights = tree_weights(full, study.framework, root="goal")
        assert weights.loc[study.values.columns, "global_weight"].sum() == pytest.approx(1)
    assert list(nodes) == ["goal", "A", "B", "C", "A1", "A2", "B1", "C1"]


if __name__ == "__main__":
    write_example(FOLDER)
