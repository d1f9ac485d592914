"""`python -m analysis`: what it accepts, and that bad input stops it before anything is written.

Each case damages one thing in a copy of the repository and calls the command there. Where the check under test lies
behind the checksums, the damaged file is registered anew first. All cases run in one process of the copy: what is
imported once need not be imported forty times.
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field

import pytest
from conftest import copy_repository, snapshot, study_environment

pytestmark = pytest.mark.long

STATISTICS = "data/raw/statistics/statistics.csv"
MATRIX = "data/raw/ahp/academic/goal.csv"


# Prefers D1 to D2, D2 to D3 and D3 to D1, each ninefold.
CIRCULAR = "\nD1,1,9,1/9,1,1,1\nD2,1/9,1,9,1,1,1\nD3,9,1/9,1,1,1,1\nD4,1,1,1,1,1,1\nD5,1,1,1,1,1,1\nD6,1,1,1,1,1,1\n"


@dataclass(frozen=True)
class Case:
    """One damage: replace the first match of a pattern in a file (None deletes the file), then call the command."""

    file: str = ""
    pattern: str = ""
    replacement: str | None = None
    expected: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    registered: bool = True
    count: int = 1
    words: dict = field(default_factory=dict)


def row(city: str, variable: str) -> str:
    """The pattern of a row of statistics.csv, with its code, name and rest as groups."""
    return rf"(?m)^(\d{{6}}),({city}),({variable}),(\d+),([^,\n]*),(\w+)$"


CASES = {
    "altered by one byte": Case(STATISTICS, "(440300,深圳市,gdp,2019,)", r"\g<1>9", registered=False,
                                expected=("statistics.csv", "altered", "sha256", "restore")),
    "missing file": Case(STATISTICS, registered=False, expected=("statistics.csv", "missing", "restore")),
    "missing column": Case(STATISTICS, "^adcode,city,variable,year,value", "adcode,city,variable,year,amount",
                           ("statistics.csv row 1", "column value", "missing", "put it back")),
    "unknown city": Case(STATISTICS, row("杭州市", "gdp"), r"339999,杭洲城,\3,\4,\5,\6",
                         ("statistics.csv row", "column city", "杭洲城 (339999)", "no such city", "correct")),
    "code of another city": Case(STATISTICS, row("杭州市", "gdp"), r"330200,\2,\3,\4,\5,\6",
                                 ("statistics.csv row", "杭州市 (330200)", "宁波市", "330100", "correct the name or")),
    "text for a number": Case(STATISTICS, row("杭州市", "gdp"), r"\1,\2,\3,\4,many,\6",
                              ("statistics.csv row", "column value", "value many", "not a number", "write digits")),
    "negative count": Case(STATISTICS, row("杭州市", "patents_granted"), r"\1,\2,\3,\4,-5,\6",
                           ("statistics.csv row", "column value", "-5", "below 0", "杭州市", "correct the figure")),
    "duplicate figure": Case(STATISTICS, row("杭州市", "gdp"), r"\g<0>\n\g<0>",
                             ("statistics.csv row", "repeats row", "remove one")),
    "duplicate city": Case("data/raw/statistics/cities.csv", r"(?m)^330100,.*$", r"\g<0>\n\g<0>",
                           ("cities.csv row", "column adcode", "330100", "repeats row", "remove one")),
    "unknown variable": Case(STATISTICS, row("杭州市", "gdp"), r"\1,\2,gpd,\4,\5,\6",
                             ("statistics.csv row", "column variable", "gpd", "nearest: gdp", "correct")),
    "constant indicator": Case(STATISTICS, r"(?m)^(\d+,[^,]+,digital_finance_payment,2019),[^,]+,", r"\1,300,", count=0,
                               expected=("I18", "constant", "leave")),
    "file in GBK": Case(STATISTICS, "", "", words={"encoding": "gbk"},
                        expected=("statistics.csv row", "not UTF-8", "save it again")),
    "inconsistent matrix": Case(MATRIX, r"(?s)\nD1,.*", CIRCULAR,
                                ("academic/goal.csv", "consistency ratio", "0.1", "D1", "D2", "D3", "would")),
    "matrix not reciprocal": Case(MATRIX, r"(?m)^(D1,1),[^,]+,", r"\1,8,",
                                  ("academic/goal.csv", "D1", "D2", "reciprocal")),
    "zero in a matrix": Case(MATRIX, r"(?m)^(D1,1),[^,]+,", r"\1,0,",
                             ("goal.csv row", "column D2", "value 0", "1 to 9")),
    "text in a matrix": Case(MATRIX, r"(?m)^(D1,1),[^,]+,", r"\1,often,", ("goal.csv row", "D2", "often")),
    "framework without a column": Case("data/raw/framework/framework.csv", "^code,level,parent", "code,level,above",
                                       ("framework.csv row 1", "column parent", "missing")),
    "proxies without a column": Case("data/raw/framework/proxies.csv", "measure", "reading",
                                     ("proxies.csv row 1", "column measure", "missing")),
    "proxy of no variable": Case("data/raw/framework/proxies.csv", "telecom_revenue", "telecom_revenu",
                                 ("proxies.csv row", "telecom_revenu", "nearest: telecom_revenue")),
    "cities without a column": Case("data/raw/statistics/cities.csv", "name_en", "english",
                                    ("cities.csv row 1", "column name_en", "missing")),
    "variables without a column": Case("data/raw/statistics/variables.csv", "minimum", "lowest",
                                       ("variables.csv row 1", "column minimum", "missing")),
    "experts without a column": Case("data/raw/ahp/experts.csv", "weight", "share",
                                     ("experts.csv row 1", "column weight", "missing")),
    "white paper without a column": Case("data/raw/whitepaper/table2_top100.csv", "^rank", "place",
                                         ("table2_top100.csv row 1", "column rank", "missing")),
    "white paper with an unknown city": Case("data/raw/whitepaper/table2_top100.csv", "东莞市?", "东筦",
                                             ("table2_top100", "东筦")),
    "provenance without a row": Case("data/raw/provenance.csv", r"(?m)^data/raw/statistics/statistics\.csv,.*\n", "",
                                     registered=False, expected=(STATISTICS, "no row", "checksum")),
    "unknown setting": Case(arguments=("--set", "weighting.alfa=0.3"),
                            expected=("weighting.alfa", "did you mean weighting.alpha?")),
    "setting out of range": Case(arguments=("--set", "weighting.alpha=1.3"),
                                 expected=("weighting.alpha = 1.3", "less than or equal to 1")),
    "assignment without value": Case(arguments=("--set", "weighting.alpha"),
                                     expected=("--set weighting.alpha", "section.key=value")),
    "unknown settings file": Case(arguments=("--settings", "settings/quik.yaml"),
                                  expected=("quik.yaml", "did you mean quick.yaml?")),
    "settings with code": Case("settings/quick.yaml", "^", "x: !!python/name:os.system\n",
                               arguments=("--settings", "settings/quick.yaml"), registered=False,
                               expected=("quick.yaml", "cannot be read")),
    "unknown step": Case(arguments=("--only", "07_teirs"),
                         expected=("unknown step 07_teirs", "did you mean 07_tiers?")),
    "unknown start": Case(arguments=("--from", "42"), expected=("unknown step 42",)),
    "nothing left": Case(arguments=("--only", "02", "--from", "04"), expected=("no step left",)),
    "unknown language": Case(arguments=("--lang", "de"), expected=("--lang de", "zh or en")),
    "run that is no folder": Case(arguments=("--run", "../up"), expected=("--run '../up'", "letters")),
    "changed baseline": Case(arguments=("--run", "baseline", "--set", "weighting.alpha=0.3"),
                             expected=("baseline", "weighting.alpha", "another name")),
    "unknown city to follow": Case(arguments=("--set", "city=杭洲城"), expected=("city 杭洲城",)),
    "excluded but not measured": Case(arguments=("--set", "indicators.exclude=[I02]"),
                                      expected=("indicators.exclude: I02 not measured",)),
    "geometric with zeros": Case(arguments=("--set", "aggregation.method=geometric"),
                                 expected=("geometric", "normalisation.lowest_points")),
    "another live process": Case("reports/.staging-baseline/process", words={"busy": True}, registered=False,
                                 expected=("baseline is being made by process", "--run another name")),
}

# Runs in the copy: damage, register, call, tell, restore. Prints one JSON line.
DRIVER = r'''
import contextlib, json, os, re, shutil, sys, traceback
from pathlib import Path
import filelock
from typer.testing import CliRunner
from analysis import sources
from workbench.running import pipeline
from workbench.cli import app

def no_notebook(*arguments):
    raise SystemExit("a notebook started")

pipeline.execute_steps, pipeline.workers = no_notebook, lambda *_: contextlib.nullcontext()
root, results = Path.cwd(), {}
for name, case in json.loads(sys.stdin.read()).items():
    path = root / case["file"] if case["file"] else None
    provenance = root / "data/raw/provenance.csv"
    kept = {file: file.read_bytes() for file in (path, provenance) if file is not None and file.is_file()}
    if case["words"].get("busy"):
        path.parent.mkdir(parents=True)
        path.write_text(f"{os.getppid()} on a machine")
        held = filelock.FileLock("reports/.turn-baseline")
        held.acquire()
    elif path is not None and case["words"].get("encoding"):
        path.write_bytes(path.read_text(encoding="utf-8").encode(case["words"]["encoding"]))
    elif path is not None and case["replacement"] is None:
        path.unlink()
    elif path is not None:
        text = path.read_text(encoding="utf-8")
        text, changed = re.subn(case["pattern"], case["replacement"], text, count=case["count"])
        assert changed, f"{name}: the pattern is not in the file"
        path.write_text(text, encoding="utf-8")
    if path is not None and case["registered"]:
        sources.record_checksum(root, path)
    answer = CliRunner().invoke(app, ["run", *case["arguments"]])
    problem = answer.exception
    trace = "" if problem is None or isinstance(problem, SystemExit) else "".join(traceback.format_exception(problem))
    results[name] = {"code": answer.exit_code, "text": answer.output, "trace": trace}
    if case["words"].get("busy"):
        shutil.rmtree(path.parent)
        held.release()
        Path(held.lock_file).unlink(missing_ok=True)
    for file, content in kept.items():
        file.write_bytes(content)
print(json.dumps(results))
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return copy_repository(tmp_path_factory.mktemp("command") / "study")


def call(copy, *arguments, stdin="") -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], cwd=copy, env=study_environment(), input=stdin, text=True,
                          encoding="utf-8", capture_output=True, timeout=240)


@pytest.fixture(scope="module")
def answers(copy):
    """What the command said to each case, and whether any output changed."""
    before = snapshot(copy / "data/processed")
    finished = call(copy, "-c", DRIVER, stdin=json.dumps({name: vars(case) for name, case in CASES.items()}))
    assert finished.returncode == 0, finished.stderr
    assert snapshot(copy / "data/processed") == before
    assert not list((copy / "reports").rglob("*.*")) if (copy / "reports").exists() else True
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_place_value_and_remedy(answers, name):
    answer = answers[name]
    assert answer["trace"] == "", "a message, not a traceback"
    assert answer["code"] == 2, answer["text"]
    missing = [part for part in CASES[name].expected if part not in answer["text"]]
    assert not missing, answer["text"]
    assert len(answer["text"]) < 3000


def test_the_command_itself_exits_with_two_and_says_that_nothing_changed(copy):
    finished = call(copy, "-m", "analysis", "run", "--set", "weighting.alfa=0.3")
    assert finished.returncode == 2 and finished.stdout == ""
    assert "原有结果未改动" in finished.stderr and "earlier results are untouched" in finished.stderr
    assert "did you mean weighting.alpha?" in finished.stderr and "Traceback" not in finished.stderr


def test_a_notebook_that_fails_is_named_with_its_cell_and_leaves_the_outputs_as_they_were(copy):
    """The one case here that starts a kernel: the last cell of notebook 01 raises after the others have run."""
    path = copy / "notebooks/01_clean_data.ipynb"
    kept, before = path.read_bytes(), snapshot(copy / "data", copy / "reports")
    notebook = json.loads(kept)
    notebook["cells"][-1]["source"] += "\nraise ValueError('写到一半')"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    finished = call(copy, "-m", "analysis", "run", "--only", "01")
    path.write_bytes(kept)
    assert finished.returncode == 2 and "Traceback" not in finished.stderr
    assert re.search(r"notebooks/01_clean_data\.ipynb, cell \d+: ValueError: 写到一半", finished.stderr)
    assert snapshot(copy / "data", copy / "reports") == before


class TestOtherCommands:
    def test_steps_lists_every_notebook_with_its_parameters(self):
        from typer.testing import CliRunner

        from workbench.cli import app
        from workbench.steps import NEEDS, PARAMETERS

        out = CliRunner().invoke(app, ["steps"]).output
        for step, needs in NEEDS.items():
            line = next(line for line in out.splitlines() if line.startswith(step))
            assert all(need.split("_")[0] in line for need in needs)
        assert all(name.replace(".", "_") in out for names in PARAMETERS.values() for name in names)
        assert "weighting_alpha" in out and "0–1" in out and "linear | multiplicative | game_theory" in out

    def test_help_names_every_option_in_both_languages(self):
        from typer.testing import CliRunner

        from workbench.cli import app

        out = re.sub(r"\s+", " ", CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output)
        for option in ("--settings", "--set", "--only", "--from", "--run", "--lang", "--no-reports"):
            assert option in out
        assert "运行全部笔记本" in out and "Run the notebooks" in out

    def test_checksum_registers_a_change_and_refuses_what_is_no_raw_file(self, copy):
        before = {path: path.read_bytes() for path in (copy / STATISTICS, copy / "data/raw/provenance.csv")}
        (copy / STATISTICS).write_bytes(before[copy / STATISTICS] + b"\n")
        finished = call(copy, "-m", "analysis", "checksum", STATISTICS)
        changed = (copy / "data/raw/provenance.csv").read_bytes()
        for path, content in before.items():
            path.write_bytes(content)
        assert finished.returncode == 0 and changed != before[copy / "data/raw/provenance.csv"]
        refused = call(copy, "-m", "analysis", "checksum", "README.md")
        assert refused.returncode == 2 and "no such raw file" in refused.stderr
