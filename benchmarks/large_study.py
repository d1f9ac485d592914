"""A made-up study of any size as a folder of tables, to measure how the whole program grows: 34 indicators, any units.

    python -m benchmarks.large_study FOLDER 2850
    python -m analysis run --panel FOLDER --run big --no-reports

A common factor moves all indicators, so that units differ as real ones do; a few figures are missing; two systems of
regions. The same number of units always gives the same study.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

DOMAINS, PARTS, LEAVES = 5, 2, 34  # 34 indicators over 10 sub-domains
SEED = 20260101


def large_tables(units: int) -> dict[str, list[list[object]]]:
    """The tables of a study of so many units, headings first."""
    generator = np.random.default_rng([SEED, units])
    codes = [f"U{number:05d}" for number in range(1, units + 1)]
    tree, leaves = large_tree()
    common = generator.normal(size=(units, 1))
    values = np.exp(2 + 0.5 * (common + generator.normal(size=(units, len(leaves))))).round(4)
    missing = generator.random(values.shape) < 0.01
    areas = generator.integers(1, min(31, max(2, units // 10)) + 1, units)
    cities = [[code, f"县{code}", f"County {code}", f"片{number:02d}", "东" if number % 2 else "西"]
              for code, number in zip(codes, areas, strict=True)]
    regions = [["area", "片区", "Areas", f"片{number:02d}", f"Area {number:02d}"]
               for number in sorted(set(areas))]
    regions += [["half", "东西", "Halves", "东", "East"], ["half", "东西", "Halves", "西", "West"]]
    rows = [[code, *("" if gap else value for value, gap in zip(mine, gaps, strict=True))]
            for code, mine, gaps in zip(codes, values.tolist(), missing, strict=True)]
    return {"framework": tree, "cities": [["code", "name", "name_en", "area", "half"], *cities],
            "regions": [["system", "system_zh", "system_en", "name", "name_en"], *regions],
            "values": [["code", *leaves], *rows]}


def large_tree() -> tuple[list[list[object]], list[str]]:
    """The evaluation system of 34 indicators and their codes; every eighth is better when smaller."""
    rows: list[list[object]] = [["code", "level", "parent", "name_zh", "name_en", "direction", "unit_zh", "unit_en"]]
    parts = []
    for domain in "ABCDE"[:DOMAINS]:
        rows.append([domain, "domain", "", f"领域{domain}", f"Domain {domain}", "", "", ""])
        for number in range(1, PARTS + 1):
            parts.append(f"{domain}{number}")
            rows.append([parts[-1], "subdomain", domain, f"分项{parts[-1]}", f"Part {parts[-1]}", "", "", ""])
    leaves = [f"{parts[number % len(parts)]}-{number // len(parts) + 1}" for number in range(LEAVES)]
    for number, leaf in enumerate(leaves):
        rows.append([leaf, "indicator", leaf.split("-")[0], f"指标{leaf}", f"Indicator {leaf}",
                     "-" if number % 8 == 7 else "+", "件", "items"])
    return rows, sorted(leaves)


def write_large_study(folder: Path, units: int) -> Path:
    """The study as a folder of CSV tables, for `--panel`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in large_tables(units).items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows(rows)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("units", type=int)
    options = parser.parse_args()
    print(write_large_study(options.folder, options.units))


if __name__ == "__main__":
    main()
