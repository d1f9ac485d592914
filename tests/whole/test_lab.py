"""The notebooks in JupyterLab as `python3 run.py lab` starts it: run, saved and exported in a real browser."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from conftest import CHROMIUM, ROOT, copy_repository, study_environment

MINUTE = 60_000
# What Lab shows is read from its own model of the open notebook, since cells out of sight are not on the page.
CELLS = "[...jupyterapp.shell.currentWidget.content.model.cells].map(cell => cell.toJSON())"
FINISHED = f"""() => {{
    const code = {CELLS}.filter(cell => cell.cell_type === 'code' && String(cell.source).trim());
    return jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle' && (
        code.every(cell => cell.execution_count)
        || code.some(cell => cell.outputs.some(output => output.output_type === 'error')));
}}"""
OPENED = """path => {
    const panel = jupyterapp.shell.currentWidget;
    return panel?.context?.path === path && panel.context.isReady && panel.sessionContext.isReady
           && panel.sessionContext.session?.kernel?.status === 'idle';
}"""
CLOSED = """async () => {
    for (const panel of jupyterapp.shell.widgets('main')) {
        if (panel.context) panel.context.model.dirty = false;
        await panel.sessionContext?.shutdown();
        panel.close();
    }
}"""

pytestmark = [
    pytest.mark.whole, pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser: {CHROMIUM} is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="the processes are stopped as on POSIX"),
]


@dataclass
class Lab:
    """A running JupyterLab: its address with the token, and the copy of the repository it shows."""

    address: str
    token: str
    root: Path
    log: Path

    def at(self, path: str) -> str:
        return f"{self.address}{path}{'&' if '?' in path else '?'}token={self.token}"

    def changed(self) -> list[str]:
        """What `git status` names."""
        return git(self.root, "status", "--porcelain").splitlines()


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.invalid"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(["git", *identity, *arguments], cwd=root, env=kept, check=True, capture_output=True,
                          text=True, encoding="utf-8").stdout


def bootstrap_of(root: Path):
    """run.py of a copy as a module, with the environment that runs the tests for its .venv."""
    specification = importlib.util.spec_from_file_location("bootstrap_of_lab", root / "run.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.VENV = sys.prefix
    return module


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def misleading_settings(folder: Path) -> dict[str, str]:
    """A user whose own Jupyter settings name a broken kernel "python3", and whose PYTHONPATH names another clone."""
    for place in ("data", "shared"):
        kernel = folder / place / "kernels" / "python3" / "kernel.json"
        kernel.parent.mkdir(parents=True)
        kernel.write_text(json.dumps({"argv": ["false"], "display_name": "Wrong", "language": "python"}))
    return {"JUPYTER_DATA_DIR": str(folder / "data"), "JUPYTER_PATH": str(folder / "shared"),
            "JUPYTER_PREFER_ENV_PATH": "0", "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"), "PYTHONPATH": str(ROOT)}


@contextmanager
def running_lab(root: Path, folder: Path) -> Iterator[Lab]:
    """JupyterLab of a repository on a free port, as run.py starts it, until the block ends."""
    bootstrap, port, log = bootstrap_of(root), free_port(), folder / "lab.log"
    bootstrap.connect_git()
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("JUPYTER"):
                patch.delenv(name)
        for name, value in (study_environment() | misleading_settings(folder)).items():
            patch.setenv(name, value)
        environment = bootstrap.environment_for("lab")
    options = ["--no-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=t",
               "--LabApp.expose_app_in_browser=True", *(["--allow-root"] if os.geteuid() == 0 else [])]
    with log.open("wb") as output:
        server = subprocess.Popen([sys.executable, *bootstrap.COMMANDS["lab"], *options], cwd=root, env=environment,
                                  stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    lab = Lab(f"http://127.0.0.1:{port}", "t", root, log)
    try:
        wait_for_server(lab, server)
        yield lab
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def wait_for_server(lab: Lab, server: subprocess.Popen) -> None:
    limit = time.monotonic() + 90
    while time.monotonic() < limit and server.poll() is None:
        try:
            urlopen(lab.at("/api/status"), timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    told = lab.log.read_text(encoding="utf-8", errors="replace")
    raise AssertionError(f"JupyterLab does not answer:\n{told[-3000:]}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab of a copy of the repository, which is a git clone with one commit."""
    folder = tmp_path_factory.mktemp("lab")
    root = copy_repository(folder / "reader's 数字 study")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "the study")
    with running_lab(root, folder) as lab:
        yield lab


@pytest.fixture(scope="module")
def shown(lab, browser):
    """JupyterLab as it opens in the browser; nothing may be asked of another host as long as it is open."""
    requests = []
    tab = browser.new_page(viewport={"width": 1440, "height": 1000})
    tab.set_default_timeout(2 * MINUTE)
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(lab.at("/"))
    tab.wait_for_function("() => window.jupyterapp")
    tab.evaluate("() => jupyterapp.restored.then(() => true)")
    yield tab
    tab.close()
    elsewhere = [url for url in requests if not url.startswith((lab.address, "data:", "blob:"))]
    assert elsewhere == []


@pytest.fixture
def tab(shown):
    """JupyterLab, in which at the end of the test every notebook is closed and every kernel has ended."""
    yield shown
    shown.evaluate(CLOSED)


def open_notebook(tab, path: str) -> None:
    """Open a notebook and wait for its kernel."""
    tab.evaluate("path => { jupyterapp.commands.execute('docmanager:open', {path}); }", path)
    tab.wait_for_function(OPENED, arg=path)


def choose(tab, *entries: str) -> None:
    """Choose an entry of the menus, such as "Run", "Run All Cells"."""
    tab.locator("#jp-MainMenu").get_by_text(entries[0], exact=True).click()
    for entry in entries[1:]:
        tab.locator(".lm-Menu .lm-Menu-item", has_text=entry).first.click()


def run_all(tab) -> list[dict]:
    """Run All, until the kernel is idle; returns the cells as Lab has them."""
    tab.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")  # with their counts
    choose(tab, "Run", "Run All Cells")
    tab.wait_for_function(FINISHED, timeout=4 * MINUTE)
    return tab.evaluate(CELLS)


def save(tab) -> None:
    tab.keyboard.press("Control+s")
    tab.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")


def errors_in(cells: list[dict]) -> list[str]:
    return [f"cell {number}: {output['ename']}: {output['evalue']}" for number, cell in enumerate(cells, 1)
            for output in cell.get("outputs", []) if output["output_type"] == "error"]


def tables_in(cells: list[dict]) -> list[str]:
    """The tables that a notebook shows, as HTML."""
    return ["".join(output["data"]["text/html"]) for cell in cells for output in cell.get("outputs", [])
            if "text/html" in output.get("data", {})]


def texts_in(cells: list[dict]) -> list[str]:
    """The sentences that a notebook says."""
    return ["".join(output["data"]["text/markdown"]) for cell in cells for output in cell.get("outputs", [])
            if "text/markdown" in output.get("data", {})]


def replace_in_source(tab, before: str, after: str) -> None:
    """Edit the one code cell that holds a text, as typing there would."""
    done = tab.evaluate("""([before, after]) => {
        const found = [...jupyterapp.shell.currentWidget.content.model.cells].filter(
            cell => cell.type === 'code' && cell.sharedModel.getSource().includes(before));
        for (const cell of found) cell.sharedModel.setSource(cell.sharedModel.getSource().replace(before, after));
        return found.length; }""", [before, after])
    assert done == 1, f"{before!r} is in {done} cells"


RUN_ALONE = ["notebooks/10_white_paper.ipynb", "notebooks/01_clean_data.ipynb", "notebooks/04_ahp_weights.ipynb",
             "notebooks/05_scores_and_ranks.ipynb", "notebooks/en/05_scores_and_ranks.ipynb"]


class TestStart:
    def test_the_notebooks_are_in_view_and_nothing_is_asked(self, lab, tab):
        assert tab.url.startswith(f"{lab.address}/lab/tree/notebooks")
        tab.locator(".jp-DirListing-item", has_text="01_clean_data.ipynb").wait_for()
        tab.wait_for_load_state("networkidle")
        assert tab.locator(".jp-Dialog").count() == 0 and tab.locator(".Toastify__toast").count() == 0


class TestRunAll:
    @pytest.mark.parametrize("path", RUN_ALONE)
    def test_every_cell_runs_and_saving_changes_nothing_for_git(self, lab, tab, path):
        open_notebook(tab, path)
        cells = run_all(tab)
        assert errors_in(cells) == []
        assert tables_in(cells) and any("核对" in said or "Check" in said for said in texts_in(cells))
        save(tab)
        assert '"output_type"' in (lab.root / path).read_text(encoding="utf-8"), "the saved file keeps its outputs"
        assert lab.changed() == []
        assert (lab.root / "reports/lab").is_dir(), "the kernel works in this clone, not in another"

    def test_another_alpha_shows_other_ranks_and_git_sees_that_line(self, lab, tab):
        path = "notebooks/05_scores_and_ranks.ipynb"
        open_notebook(tab, path)
        before = tables_in(run_all(tab))
        replace_in_source(tab, "weighting_alpha: float = 0.5", "weighting_alpha: float = 0.2")
        cells = run_all(tab)
        after = tables_in(cells)
        assert len(after) == len(before) and after[0] != before[0], "other cities are among the first twenty"
        assert any("座名次变动" in said for said in texts_in(cells)), "what moved against the baseline is said"
        save(tab)
        assert lab.changed() == [f" M {path}"]
        assert [line[:1] for line in git(lab.root, "diff", "-U0", "--", path).splitlines() if line[:1] in "+-"] == [
            "-", "+", "-", "+"]
        replace_in_source(tab, "weighting_alpha: float = 0.2", "weighting_alpha: float = 0.5")
        save(tab)
        assert lab.changed() == []


class TestExport:
    def test_the_menu_makes_the_page_and_the_pdf_of_the_study(self, lab, tab):
        path = "notebooks/05_scores_and_ranks.ipynb"
        open_notebook(tab, path)
        assert errors_in(run_all(tab)) == []
        for entry, ending, beginning in (("Study_html", ".html", b"<!DOCTYPE html>"), ("Study_pdf", ".pdf", b"%PDF-")):
            download = downloaded(tab, lambda entry=entry: choose(tab, "File", "Save and Export Notebook As", entry))
            assert download.suggested_filename == Path(path).with_suffix(ending).name
            assert Path(download.path()).read_bytes().startswith(beginning)
        assert lab.changed() == []

    def test_a_notebook_that_was_not_run_gets_a_sentence(self, lab, browser):
        path = lab.root / "notebooks/03_entropy_weights.ipynb"
        path.write_text(git(lab.root, "show", "HEAD:notebooks/03_entropy_weights.ipynb"), encoding="utf-8")
        page = browser.new_page()
        page.goto(lab.at("/nbconvert/study_html/notebooks/03_entropy_weights.ipynb?download=true"))
        told = page.inner_text("body")
        page.close()
        assert "请先运行全部单元并保存" in told and "run all its cells" in told and "Traceback" not in told


def downloaded(tab, action):
    """The file that an action has the browser download; one of another tab counts for the tab that opened it."""
    with tab.expect_download(timeout=MINUTE) as waiting:
        action()
    return waiting.value
