"""How long the whole study takes: `python -m benchmarks.study --runs 3`, `--settings settings/synthetic.yaml`.

Each run is a fresh process that executes the notebooks and makes all reports, into the run `<settings>_benchmark`. The
table shows the median, least and most seconds of the whole and of the slowest parts, and the memory that all processes
of a run together held at most (pages they share count once for each, so the true figure is lower).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]


def run_once(settings: Path) -> dict:
    """The run record of one run with some settings."""
    run = f"{settings.stem}_benchmark"
    command = [sys.executable, "-m", "analysis", "run", "--settings", str(settings), "--run", run]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return json.loads((ROOT / "reports" / run / "run_record.json").read_text(encoding="utf-8"))


def main() -> None:
    """Run the study several times and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="number of runs (default 3)")
    parser.add_argument("--settings", type=Path, default=Path("settings/baseline.yaml"), help="settings file")
    asked = parser.parse_args()
    records = [run_once(asked.settings) for _ in range(asked.runs)]
    rows = {"whole study, s": [record["seconds_total"] for record in records],
            "peak memory, MiB": [record["peak_memory_mib"] for record in records]}
    parts = sorted(records[0]["seconds"], key=records[0]["seconds"].get, reverse=True)[:6]
    rows |= {f"  {part}, s": [record["seconds"][part] for record in records] for part in parts}
    print(f"{'':<40}{'median':>9}{'least':>9}{'most':>9}")
    for name, values in rows.items():
        print(f"{name:<40}{median(values):>9.1f}{min(values):>9.1f}{max(values):>9.1f}")


if __name__ == "__main__":
    main()
