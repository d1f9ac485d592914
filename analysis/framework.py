"""The evaluation system: 6 domains, 14 sub-domains, 34 indicators, and which of them public data can measure.

Reference: docs/method.md, section 1; Table 1 of the 2020 white paper, whose merged cells are rebuilt as its row counts
require (data/raw/whitepaper/table1_framework.csv keeps them as printed).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

LEVELS = ("domain", "subdomain", "indicator")
AMBIGUOUS_INDICATOR = "I32"  # 城市数据中心: the label's position says S14, its meaning S13
GRADES = {"A": "measures it", "B": "close", "C": "a stretch", "D": "capacity or size, not the digital thing itself"}


def read_framework(root: Path, data_centre_parent: str = "S13") -> pd.DataFrame:
    """The tree of the evaluation system, one row a node: parents before children, in the paper's order.

    Returns a frame indexed by `code` with level, parent, number, name_zh, name_en, direction, certainty, note.
    `data_centre_parent` decides the one ambiguous parent of Table 1: 城市数据中心 (I32) under S13 or S14.
    """
    frame = pd.read_csv(root / "data/raw/framework/framework.csv", dtype=str, keep_default_na=False)
    if frame["code"].duplicated().any():
        raise ValueError(f"framework.csv: code {frame['code'][frame['code'].duplicated()].iloc[0]} stands twice")
    frame = frame.set_index("code")
    frame.loc[AMBIGUOUS_INDICATOR, "parent"] = data_centre_parent
    orphans = [code for code, parent in frame["parent"].items() if parent and parent not in frame.index]
    if orphans:
        raise ValueError(f"framework.csv: the parents of {orphans} are no nodes of the tree; correct column parent")
    return frame


def read_proxies(root: Path) -> pd.DataFrame:
    """Which public figure stands for which indicator: one row an (indicator, variable) pair, as data/raw/README.md says."""
    return pd.read_csv(root / "data/raw/framework/proxies.csv", dtype={"reference_year": "Int64"}, keep_default_na=False,
                       na_values={"reference_year": [""]})


def leaves(framework: pd.DataFrame) -> pd.Index:
    """The indicators' codes in the paper's order."""
    return framework.index[framework["level"] == "indicator"]


def domains(framework: pd.DataFrame) -> pd.Index:
    """The domains' codes in the paper's order."""
    return framework.index[framework["level"] == "domain"]


def ancestor(framework: pd.DataFrame, level: str) -> pd.Series:
    """For each indicator, the code of the sub-domain or domain that it belongs to (Series by indicator code)."""
    parents = framework.loc[leaves(framework), "parent"]
    return parents if level == "subdomain" else parents.map(framework["parent"]).rename("parent")


def coverage_by_domain(framework: pd.DataFrame, measured: pd.Index) -> pd.DataFrame:
    """How much of the evaluation system a run can measure: indicators measured and in all, domain by domain.

    Returns a frame by domain code with name_zh, name_en, indicators, measured, share.
    """
    domain_of = ancestor(framework, "domain")
    names = framework.loc[domains(framework), ["name_zh", "name_en"]]
    total = domain_of.value_counts().reindex(names.index)
    have = domain_of.loc[measured].value_counts().reindex(names.index, fill_value=0)
    return names.assign(indicators=total, measured=have, share=have / total)
