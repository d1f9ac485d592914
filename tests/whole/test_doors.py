"""Every notebook of the default study through every door that is no runner: the tables are the baseline's, to the byte.

Three copies of the repository: plain papermill from another folder, the Chinese notebooks 01 to 05, each alone on
what a fresh clone holds; nbclient with the notebook's folder as working directory (as VS Code and JupyterLab start
kernels), the English ones from 01 to 10 in one run `lab`; `jupyter nbconvert --execute`, the Chinese ones from 01 to 03
in one. JupyterLab itself is in test_lab.
"""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from conftest import ROOT, copy_repository, study_environment

from analysis.frames import read_frame
from workbench.steps import STEPS

NBCLIENT = """
import sys
from pathlib import Path
import nbclient, nbformat
path = Path(sys.argv[1])
notebook = nbformat.read(path, 4)
nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}}).execute()
"""
DOORS = {"papermill": "zh", "nbconvert": "zh", "nbclient": "en"}
# The runner itself executes all Chinese notebooks by papermill; by hand those from 06 on do nothing that 01 to 05 do
# not. nbconvert executes by nbclient: a chain of three shows that this door leads there too.
THROUGH = {"papermill": STEPS[:5], "nbconvert": STEPS[:3], "nbclient": STEPS}


@dataclass
class Door:
    """The notebooks through one door, one after another, in a copy of the repository."""

    name: str
    root: Path
    elsewhere: Path
    said: dict[str, subprocess.CompletedProcess] = field(default_factory=dict)

    def after(self, step: str) -> subprocess.CompletedProcess:
        """What a notebook's call said, once it and all before it have run."""
        for each in STEPS[:STEPS.index(step) + 1]:
            if each not in self.said:
                self.said[each] = self.go_through(each)
        return self.said[step]

    def run_of(self, step: str) -> str:
        return f"alone_{step[:2]}" if self.name == "papermill" else "lab"

    def go_through(self, step: str) -> subprocess.CompletedProcess:
        folder = self.root / "notebooks" / ("en" if DOORS[self.name] == "en" else "")
        notebook = str(folder / f"{step}.ipynb")
        command = {
            "papermill": ["-m", "papermill", notebook, f"{step}.ipynb", "-p", "run", self.run_of(step),
                          "--no-progress-bar", "--log-level", "ERROR"],
            "nbconvert": ["-m", "jupyter", "nbconvert", "--execute", "--to", "notebook", notebook,
                          "--output-dir", str(self.elsewhere), "--log-level", "ERROR"],
            "nbclient": ["-c", NBCLIENT, notebook]}[self.name]
        return subprocess.run([sys.executable, *command], cwd=self.elsewhere, text=True, capture_output=True,
                              env=study_environment() | {"PYTHONPATH": str(self.root)}, check=False)


@pytest.fixture(scope="session")
def door(request, tmp_path_factory) -> Door:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "elsewhere").mkdir()
    return Door(request.param, copy_repository(folder / "研究 study"), folder / "elsewhere")


through = partial(pytest.mark.parametrize, indirect=["door"], scope="session")


def tables(folder: Path, step: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob(f"{step[:2]}_*.csv"))}


@through("step, door", [(step, door) for door, steps in THROUGH.items() for step in steps])
def test_the_tables_are_the_baselines(door, step):
    said = door.after(step)
    assert said.returncode == 0, said.stderr[-2000:]
    wanted = tables(ROOT / "data/processed/baseline", step)
    assert tables(door.root / "data/processed" / door.run_of(step), step) == wanted
    assert tables(door.root / "data/processed/baseline", step) == wanted


PAPERMILL = {"README.md": "### With plain papermill", "README.zh-CN.md": "### 用 papermill 命令"}


def papermill_commands(name):
    """The commands of the section of a README, as printed."""
    section = (ROOT / name).read_text(encoding="utf-8").split(PAPERMILL[name])[1].split("\n#")[0]
    block, = re.findall(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return block.splitlines()


@through("door", ["papermill"])
def test_the_readmes_papermill_commands_do_what_they_say(door):
    """At the root of a copy; both READMEs print the same commands, each for the notebooks of its language."""
    root, (english, lines) = door.root, map(papermill_commands, PAPERMILL)
    assert [line.replace("notebooks/en/", "notebooks/") for line in english] == lines
    environment = study_environment() | {"PYTHONPATH": str(root)}
    for line in lines:
        done = subprocess.run(shlex.split(line), cwd=root, env=environment, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        if "--help-notebook" in line:
            assert "weighting_alpha: float (default 0.5)" in done.stdout and "0–1 · " in done.stdout
    made = root / "data/processed"
    here, there = (read_frame(made / run / "05_scores.csv", "adcode") for run in ("less_judged_by_hand", "baseline"))
    assert (here["rank"] != there["rank"]).any() and "0.3" in (made / "less_judged_by_hand/settings.yaml").read_text()
    assert "I23" not in set(read_frame(made / "no_list_by_hand/02_raw.csv", "adcode"))
    assert "<title>" in (root / "scores.html").read_text(encoding="utf-8")
    for run in ("less_judged_by_hand", "no_list_by_hand"):
        shutil.rmtree(made / run)


@through("door", ["papermill"])
def test_papermill_shows_a_refusal_and_nothing_is_written(door, tmp_path):
    root = door.root
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(root / "notebooks/05_scores_and_ranks.ipynb"), "out.ipynb", "-p",
         "weighting_alfa", "0.3", "-p", "run", "misspelt", "--no-progress-bar"], cwd=tmp_path, text=True,
        capture_output=True, env=study_environment() | {"PYTHONPATH": str(root)}, check=False)
    assert done.returncode != 0
    assert "05_scores_and_ranks：没有参数 weighting_alfa；是不是 weighting_alpha？" in done.stderr
    assert not (root / "data/processed/misspelt").exists() and not (root / "reports/misspelt").exists()
