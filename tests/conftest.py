"""What several test files share: the real study computed once, copies of the repository, and whole runs in a copy.

No test writes into the repository itself. Whole runs start with the first test that reads one, in the background, and
each is waited for where it is read. Two workers share the files of tests; what reads the same whole runs goes to one.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
# Not part of a fresh clone, or made by a run; data/processed/baseline is part of it.
LEFT_OUT = (".venv", ".git", ".tools", "reports", "__pycache__", ".hypothesis", ".pytest_cache", ".ruff_cache",
            ".ipynb_checkpoints")
# Fixtures that make whole runs: what reads one is marked `whole` without saying so.
MADE_BY_RUNS = {"whole_runs", "own_runs", "door"}
# Files whose tests read the same whole runs, and so go to one worker; what takes longest is begun first.
TOGETHER = {
    "whole runs": ("whole/test_whole_run", "workbench/synthetic/test_synthetic_run", "workbench/test_white_paper",
                   "workbench/office/test_office_run", "workbench/publishing/test_site"),
    "own runs": ("workbench/own/test_own_run", "workbench/own/test_own_hostile",
                 "workbench/own/test_human_development_run"),
}
CHROMIUM = Path("/usr/bin/chromium")
RECORDS = ("run_record.json", "manifest.json", "ro-crate-metadata.json")

# Examples are the same at every run, and a busy machine fails no test.
settings.register_profile("study", deadline=None, derandomize=True, max_examples=50,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("study")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="all cases of the long tests: python3 run.py test --slow")


def pytest_configure(config):
    global SLOW
    SLOW = config.getoption("--slow")
    # a shell that starts the tests in the background lets them, and all that they start, ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config) -> int:
    """Two workers for all tests or a folder of them; none where files or tests are named, which is sooner done."""
    named = any(".py" in argument for argument in config.args)
    return 0 if named or (os.cpu_count() or 1) < 2 else 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        """A worker gets a file of tests after the other, in the order in which they were collected."""

        def _split_scope(self, nodeid: str) -> str:
            return portion(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


def portion(nodeid: str) -> str:
    """What one worker gets at once: a file of tests, one door, or all that reads the same whole runs."""
    path = nodeid.split(".py")[0].removeprefix("tests/")
    if path == "whole/test_doors":
        return re.split(r"[-\[]", nodeid.rstrip("]"))[-1]
    return next((name for name, files in TOGETHER.items() if path in files), path)


def weight(item: pytest.Item) -> int:
    """The place of a test in the order of work: whole runs first, small tests last, to fill what is left."""
    marks = ("whole", "browser", "long")
    return next((place for place, mark in enumerate(marks) if item.get_closest_marker(mark)), len(marks))


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by -m
def pytest_collection_modifyitems(config, items):
    for item in items:
        made = MADE_BY_RUNS.intersection(item.fixturenames)
        if made:
            assert made == {"door"} or portion(item.nodeid) in TOGETHER, f"conftest.TOGETHER lacks {item.nodeid}"
            item.add_marker("whole")
        if item.get_closest_marker("slow") and not SLOW:
            item.add_marker(pytest.mark.skip(reason="runs with --slow only"))
    first: dict[str, tuple] = {}
    for item in items:
        name = portion(item.nodeid)
        place = list(TOGETHER).index(name) if name in TOGETHER else len(TOGETHER)
        first[name] = min(first.get(name, (9, 9)), (weight(item), place))
    items.sort(key=lambda item: first[portion(item.nodeid)])


SLOW = False


def examples(usual: int, slow: int) -> int:
    """How many examples a property is tried with: a few in every run, many with --slow."""
    return slow if SLOW else usual


@pytest.fixture(scope="session")
def real_panel():
    """The cleaned public panel; tests must not change it."""
    from analysis.panel import read_panel

    return read_panel()


@pytest.fixture(scope="session")
def real_study(real_panel):
    """The baseline study in memory; tests must not change it."""
    from analysis.settings import load_settings
    from analysis.study import score_study

    return score_study(real_panel, load_settings())


@pytest.fixture(scope="module")
def browser():
    """Chromium, which asks nothing of another host by itself; without one, what needs it is skipped and says so."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--disable-sync"])
        yield browser
        browser.close()


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    """A repository's outputs in a temporary folder: the baseline, nothing else; notebooks run by hand write there."""
    from workbench import notebook
    from workbench.project import Project

    monkeypatch.setattr(notebook, "PROJECT", Project(tmp_path))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "data/processed/baseline", tmp_path / "data/processed/baseline")
    return tmp_path


@pytest.fixture(scope="module")
def repository_read_once():
    """The repository's own tables are read once for a module of tests that reads many inputs, each getting copies."""
    from copy import deepcopy

    from analysis import framework
    from workbench.own import reading, rosters

    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((reading, "read_judgements"), (reading, "read_experts"), (reading, "read_framework"),
                             (rosters, "read_cities"), (rosters, "read_region_names"), (framework, "read_framework")):
            table = getattr(module, name)(ROOT)
            patch.setattr(module, name, lambda root, *_, table=table: deepcopy(table))
        yield


def copy_repository(target: Path) -> Path:
    """A copy of the repository as a fresh clone has it, but without an environment of its own."""
    def left_out(folder: str, names: list[str]) -> set[str]:
        made = set(names) - {"baseline"} if Path(folder) == ROOT / "data/processed" else set()
        return made | {name for name in names if name in LEFT_OUT}

    return Path(shutil.copytree(ROOT, target, ignore=left_out, symlinks=True))


def study_environment() -> dict[str, str]:
    """The environment of a subprocess: this interpreter's tools first, nothing that points back at the repository."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("STUDY_", "PYTHON", "MPL", "PYTEST_")) and name != "IPYTHONDIR"}
    return {**kept, "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")]),
            "PYTHONUTF8": "1"}


def snapshot(*folders: Path) -> dict[str, str]:
    """sha256 of every file below the folders, by its path."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass
class Call:
    """One finished call of a command: exit code, what it printed, and the outputs after it."""

    code: int
    out: str
    err: str
    outputs: dict[str, str]


@dataclass
class Runs:
    """The whole runs in one copy of the repository, in the background; `call(name)` waits for one of them."""

    root: Path
    commands: dict[str, list[str]]
    calls: dict[str, Call] = field(default_factory=dict)
    process: subprocess.Popen | None = None
    stopped: bool = False
    before: dict[str, str] = field(default_factory=dict)

    def start(self) -> "Runs":
        self.done = {name: threading.Event() for name in self.commands}
        threading.Thread(target=self.work, daemon=True).start()
        return self

    def work(self) -> None:
        for name, command in self.commands.items():
            if not self.stopped:
                self.calls[name] = self.execute(command)
                self.keep(name)
            self.done[name].set()

    def keep(self, name: str) -> None:
        """A copy of the outputs as this call left them, beside the repository."""
        if name == "second":
            for part in ("reports", "data/processed"):
                shutil.copytree(self.root / part / "quick", self.root.parent / name / part / "quick")

    def execute(self, command: list[str]) -> Call:
        self.process = subprocess.Popen([sys.executable, *command], cwd=self.root, env=study_environment(), text=True,
                                        encoding="utf-8", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, start_new_session=True)
        out, err = self.process.communicate()
        return Call(self.process.returncode, out, err, snapshot(self.root / "data/processed", self.root / "reports"))

    def call(self, name: str) -> Call:
        assert self.done[name].wait(600), f"{name} is not done after ten minutes"
        return self.calls[name]

    def stop(self) -> None:
        self.stopped = True
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)


RUN = ["-m", "analysis", "run"]
QUICK = [*RUN, "--settings", "settings/quick.yaml"]
COMMANDS = {
    "first": QUICK,
    "second": [*QUICK, *(word for step in "01 02 03 04 05 07 08 09 10".split() for word in ("--only", step))],
    "stale": [*RUN, "--only", "07", "--from", "06", "--set", "weighting.alpha=0.3", "--run", "other"],
    "partial": [*QUICK, "--from", "05", "--only", "07", "--only", "09", "--only", "05", "--set", "weighting.alpha=0.3",
                "--run", "partial"],
    "papermill": ["-m", "papermill", "notebooks/en/07_tiers.ipynb", "alone.ipynb", "-p", "tiers_k", "4",
                  "-p", "tiers_draws", "100", "--no-progress-bar", "--log-level", "ERROR"],
    "english": [*QUICK, "--lang", "en"],
    "synthetic": [*RUN, "--settings", "settings/synthetic.yaml", "--run", "synthetic",
                  *(word for choice in ("uncertainty.draws=200", "uncertainty.sobol_samples=2",
                                        "uncertainty.bounds=0.02", "tiers.starts=5", "tiers.references=2",
                                        "tiers.resamples=2", "tiers.draws=100")
                    for word in ("--set", choice))],
    "synthetic_city": ["-m", "analysis", "city", "深圳市", "--run", "synthetic"],
    "synthetic_compared": ["-m", "analysis", "compare", "quick", "synthetic"],
}


@pytest.fixture(scope="session")
def whole_runs(tmp_path_factory) -> Iterator[Runs]:
    """The whole runs of the chain in a copy of the repository; see COMMANDS."""
    runs = Runs(copy_repository(tmp_path_factory.mktemp("whole") / "study"), COMMANDS).start()
    yield runs
    runs.stop()


# A study in which every name is hostile, and the example of another place and topic.
SMALL = [word for choice in ("uncertainty.draws=200", "uncertainty.sobol_samples=16", "tiers.draws=50",
                             "tiers.k_largest=4") for word in ("--set", choice)]
OWN_COMMANDS = {
    "hostile": [*QUICK, "--panel", "../hostile", "--run", "hostile", *SMALL],
    "care": [*QUICK, "--panel", "examples/county_care", "--run", "care", *SMALL],
    "hdi": [*QUICK, "--panel", "examples/human_development", "--run", "hdi", "--lang", "en", *SMALL,
            "--set", "aggregation.domains=geometric"],
}


@pytest.fixture(scope="session")
def own_runs(tmp_path_factory) -> Iterator[Runs]:
    """Whole runs of own data in a copy of the repository; see OWN_COMMANDS."""
    from hostile_study import write_study

    root = copy_repository(tmp_path_factory.mktemp("own") / "study")
    write_study(root.parent / "hostile")
    runs = Runs(root, OWN_COMMANDS)
    runs.before = snapshot(root.parent)
    yield runs.start()
    runs.stop()


def fixtures_of(name: str, page: type) -> tuple:
    """For a module about one of the own runs: its call, its folders of reports and tables, and its pages by name as
    `page` reads them."""
    @pytest.fixture(scope="module")
    def run(own_runs):
        return own_runs.call(name)

    @pytest.fixture(scope="module")
    def folder(own_runs, run):
        assert run.code == 0, run.err
        return own_runs.root / "reports" / name

    @pytest.fixture(scope="module")
    def data(own_runs, folder):
        return own_runs.root / "data/processed" / name

    @pytest.fixture(scope="module")
    def pages(folder):
        return {path.stem: page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))
                if path.name != "explorer.html" and path.parent.name != "profiles"}  # both have scripts and own tests

    return run, folder, data, pages
