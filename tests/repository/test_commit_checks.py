"""What the hooks before a commit refuse, and that every command they name is there."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci/stored_files.py"
NOTEBOOK = ROOT / "notebooks/05_scores_and_ranks.ipynb"


def hooks() -> dict[str, dict]:
    repository, = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local", "nothing is fetched from other repositories"
    return {hook["id"]: hook for hook in repository["hooks"]}


def test_hooks_call_programs_of_the_environment_and_files_of_the_repository():
    for hook in hooks().values():
        tool, *words = hook["entry"].split()
        assert hook["language"] == "system" and tool.startswith(".venv/bin/")
        assert all((ROOT / word).is_file() for word in words if word.endswith(".py"))


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
class TestStaged:
    @pytest.fixture
    def repository(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            monkeypatch.delenv(name, raising=False)
        subprocess.run(["git", "init", "-q"], check=True)
        return tmp_path

    def check(self, which: str, path: str) -> subprocess.CompletedProcess:
        """What a check says of a file once it is staged."""
        subprocess.run(["git", "add", path], check=True)
        return subprocess.run([sys.executable, "-I", str(SCRIPT), which, path], check=False, capture_output=True,
                              text=True)

    def test_a_notebook_in_its_stored_form_passes(self, repository):
        shutil.copy(NOTEBOOK, repository / "结果.ipynb")
        assert self.check("notebooks", "结果.ipynb").returncode == 0

    def test_outputs_that_are_staged_are_refused_by_name(self, repository):
        notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
        cell = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
        cell |= {"execution_count": 1, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["88.78"]}]}
        (repository / "run.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        done = self.check("notebooks", "run.ipynb")
        assert done.returncode == 1 and done.stdout.startswith("run.ipynb is staged with outputs")

    def test_outputs_in_the_folder_alone_are_no_matter(self, repository):
        shutil.copy(NOTEBOOK, repository / "run.ipynb")
        subprocess.run(["git", "add", "run.ipynb"], check=True)
        (repository / "run.ipynb").write_text("{}", encoding="utf-8")
        done = subprocess.run([sys.executable, "-I", str(SCRIPT), "notebooks", "run.ipynb"], check=False)
        assert done.returncode == 0

    @pytest.mark.parametrize(("size", "code"), [(3_000_000, 0), (3_000_001, 1)])
    def test_a_file_over_3_mb_is_refused(self, repository, size, code):
        (repository / "table.csv").write_bytes(bytes(size))
        assert self.check("size", "table.csv").returncode == code
