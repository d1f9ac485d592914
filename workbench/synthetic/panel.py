"""The panel of the synthetic edition as files: a folder of tables like a user's own data, and the true values.

data/raw/synthetic/panel holds values, framework, experts and judgements, which `workbench.own.reading.read_input` reads
like any other folder; so every number of a run can be traced to a cell of values.csv. Beside the folder are latent.csv
and planted_errors.csv, which a study does not read.

合成数据，非真实评价结果。Simulated data: nothing here is a fact about a city.

Reference: docs/synthetic.md.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd

from analysis import framework, sources
from analysis.rawfiles import read_table
from analysis.settings import ROOT
from workbench.own.canonical import as_csv

from .simulation import Synthetic, simulate
from .tables import FOLDER, read_readings

YEAR = 2020
SOURCE = "simulated"
PANEL = "panel"
TRUTH = ("latent", "planted_errors")
NOTE = "合成数据，非真实评价结果 synthetic data, not an assessment of any city"
TREE_COLUMNS = ["code", "level", "parent", "name_zh", "name_en", "direction", "unit_zh", "unit_en", "source",
                "reliability"]
PAIR_COLUMNS = ["expert", "node", "row", "column", "value"]
PROXY_COLUMNS = ["indicator", "variable", "role", "measure", "fallback", "grade", "unit_zh", "unit_en", "multiplier",
                 "reference_year", "reading_zh", "reading_en"]


def write_default(root: Path = ROOT) -> list[Path]:
    """Simulate the default panel and write it and its truth below data/raw/synthetic: the same bytes at every call."""
    return write_panel(simulate(root), root / FOLDER, root)


def write_panel(synthetic: Synthetic, folder: Path, root: Path = ROOT) -> list[Path]:
    """Write the tables of a panel into folder/panel and its truth into folder; returns the paths.

    The judgements are those of data/raw/ahp and of the two further stylised experts of data/raw/synthetic.
    """
    tables = {f"{PANEL}/{name}": table for name, table in panel_tables(synthetic, root).items()}
    tables |= dict(zip(TRUTH, truth_tables(synthetic, root), strict=True))
    paths = [folder / f"{name}.csv" for name in tables]
    for path, table in zip(paths, tables.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_csv(table), encoding="utf-8", newline="")
    return paths


def panel_tables(synthetic: Synthetic, root: Path = ROOT) -> dict[str, pd.DataFrame]:
    """The tables of the folder: values (one row per city), framework (with units and sources), experts, judgements."""
    names, values = sources.read_cities(root)["name"], synthetic.values
    columns = {code: [number_text(value) for value in values[code]] for code in values}
    wide = pd.DataFrame({"code": values.index, "name": names.to_numpy(), "year": YEAR, **columns, "source": SOURCE,
                         "note": NOTE})
    tree, readings = framework.read_framework(root).reset_index(), read_readings(root)
    kept = readings.loc[readings["kind"] != "named", "noise"]  # whether a list names a city is no reading
    tree["reliability"] = tree["code"].map((1 - kept).map(number_text)).fillna("")
    for column, named in {"unit_zh": "unit_zh", "unit_en": "unit_en", "reading_zh": "source"}.items():
        tree[named] = tree["code"].map(readings[column]).fillna("")
    tree["source"] = ["" if level != "indicator" else f"模拟 simulated: {source}"
                      for level, source in zip(tree["level"], tree["source"], strict=True)]
    return {"values": wide, "framework": tree[TREE_COLUMNS], "experts": all_experts(root),
            "judgements": all_pairs(root)}


def truth_tables(synthetic: Synthetic, root: Path = ROOT) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Strengths and totals by city, and the planted errors with their true values."""
    names = sources.read_cities(root)["name"].rename("city")
    latent = names.to_frame().join(synthetic.latent).join(synthetic.totals).rename_axis("adcode").reset_index()
    texts = {name: synthetic.planted[name].map(number_text) for name in ("factor", "true_value", "entered_value")}
    return latent, synthetic.planted.assign(**texts)


def number_text(value: float) -> str:
    """A figure with at most twelve digits; nothing for a gap."""
    return "" if pd.isna(value) else f"{value:.12g}"


def all_experts(root: Path = ROOT) -> pd.DataFrame:
    """The five stylised experts: the three of data/raw/ahp and the two of the uneven half of the panel."""
    columns = ["expert", "name_zh", "name_en", "weight", "description_zh", "description_en"]
    tables = [read_table(root / folder / "experts.csv", columns)[columns] for folder in (sources.JUDGEMENTS, FOLDER)]
    return pd.concat(tables, ignore_index=True)


def all_pairs(root: Path = ROOT) -> pd.DataFrame:
    """Every judgement above the diagonal, one row per pair, written as on the questionnaire (3 or 1/3)."""
    rows = [(expert, node, matrix.index[i], matrix.index[j], str(Fraction(matrix.iat[i, j]).limit_denominator(9)))
            for expert, nodes in sources.read_judgements(root).items() for node, matrix in nodes.items()
            for i in range(len(matrix)) for j in range(i + 1, len(matrix))]
    added = read_table(root / FOLDER / "judgements.csv", PAIR_COLUMNS)[PAIR_COLUMNS]
    return pd.concat([pd.DataFrame(rows, columns=PAIR_COLUMNS), added], ignore_index=True)


# --- a panel in memory, for the checks of the model -------------------------------------------------------------------
def figures(values: pd.DataFrame) -> pd.DataFrame:
    """Values (cities × indicators) as figures of a study: adcode, variable, year, value, source_id, raw_row, flag."""
    long = values.rename_axis(index="adcode", columns="variable").stack().rename("value").reset_index()
    return long.assign(year=YEAR, source_id=SOURCE, raw_row=range(2, len(long) + 2), flag="")[
        ["adcode", "variable", "year", "value", "source_id", "raw_row", "flag"]]


def proxies(readings: pd.DataFrame) -> pd.DataFrame:
    """The rows of proxies.csv that the panel needs: each indicator is its own variable, used without conversion."""
    table = readings.reset_index()[["indicator", "unit_zh", "unit_en", "reading_zh", "reading_en"]]
    table = table.assign(variable=table["indicator"], role="main", measure="level", fallback="", grade="A",
                         multiplier=1.0, reference_year=float("nan"))
    return table[PROXY_COLUMNS]
