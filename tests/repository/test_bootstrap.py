"""run.py, offline: a copy of it in an empty folder, with stand-ins for uv and for the interpreter that runs pip."""
import ast
import errno
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from importlib.metadata import Distribution, entry_points
from pathlib import Path

import pytest

from workbench.saving import after_save

ROOT = Path(__file__).resolve().parents[2]
LOCK = "six==1.17.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(os.name == "nt", reason="the stand-ins for uv and pip are shell scripts"),
]

# Both stand-ins make a folder that looks like an environment, count what they are asked to install in `calls`,
# and fail with the words of FAIL, after SLOW seconds, where the test says so.
MAKE = f"""
mkdir -p "$last/bin" "$last/lib/python{VERSION}/site-packages" "$last/share/jupyter/kernels/python3"
echo '{{"argv": ["python", "-m", "ipykernel_launcher"]}}' > "$last/share/jupyter/kernels/python3/kernel.json"
"""
FILL = """
echo "$*" >> "$CALLS"
if [ -n "$SLOW" ]; then sleep "$SLOW"; fi
if [ -n "$FAIL" ]; then printf '%s\\n' "$FAIL" >&2; exit 1; fi
"""
UV = f"""#!/bin/sh
for last; do :; done
if [ "$1" = venv ]; then {MAKE} ln -s "{sys.executable}" "$last/bin/python"
else {FILL} fi
"""
BASE_PYTHON = f"""#!/bin/sh
for last; do :; done
if [ "$2" = venv ] && [ -n "$NO_ENSUREPIP" ]; then echo "ensurepip is not available"; exit 1; fi
if [ "$2" = venv ]; then {MAKE} cp "$0" "$last/bin/python"
elif [ "$3" = install ]; then {FILL} fi
"""

UV_WORDS = {
    "network": "error: Request failed after 3 retries\n  cause: Failed to fetch: `http://index.invalid/simple/six/`\n"
               "  cause: dns error\n  cause: failed to lookup address information: Name or service not known",
    "hash": "error: Failed to download `six==1.17.0`\n  cause: Hash mismatch for `six==1.17.0`",
    "disk": "error: Failed to install: six-1.17.0-py2.py3-none-any.whl\n  cause: No space left on device (os error 28)",
    "package": "error: No solution found when resolving dependencies\n  cause: there is no version of six==1.17.0",
    "other": "error: something that nobody has seen before",
}
PIP_WORDS = {
    "network": "WARNING: Retrying after connection broken by 'Failed to establish a new connection'\n"
               "ERROR: No matching distribution found for six==1.17.0",
    "hash": "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
    "disk": "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    "package": "ERROR: No matching distribution found for six==1.17.0",
    "network, which pip shows as a traceback":
        "ERROR: Exception:\nTraceback (most recent call last):\n"
        '  File "urllib3/response.py", line 443, in _error_catcher\n    yield\n'
        "ReadTimeoutError: HTTPSConnectionPool(host='index.invalid'): Read timed out.",
}
REMEDY = {
    "network": ("连不上软件包索引", "The package index cannot be reached"),
    "hash": ("校验值不符", "does not match its hash"),
    "disk": ("磁盘已满", "The disk is full"),
    "package": ("缺少锁定的版本", "lacks a locked version"),
    "other": ("安装没有完成", "did not finish"),
}


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with run.py, a lock and a package `analysis` that prints what it was asked; uv is a stand-in."""
    root = tmp_path / "数字城市 study"
    (root / "analysis").mkdir(parents=True)
    (root / "analysis" / "__main__.py").write_text("import os, sys\nprint('STUDY', sys.argv[1:], os.getcwd())\n")
    for name in ("run.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    (root / "requirements.lock").write_text(LOCK)
    tools = executable(tmp_path / "tools" / "uv", UV).parent
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    for name in ("NO_UV", "FAIL", "SLOW", "NO_ENSUREPIP", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    return root


@pytest.fixture
def bootstrap(clone, monkeypatch):
    """The copy of run.py as a module, with a stand-in for the interpreter whose venv and pip it calls."""
    specification = importlib.util.spec_from_file_location("bootstrap", clone / "run.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    python = executable(clone.parent / "tools" / "base-python", BASE_PYTHON)
    monkeypatch.setattr(module, "base_python", lambda: str(python))
    return module


def start(clone, *arguments, **options):
    return subprocess.Popen([sys.executable, str(clone / "run.py"), *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, encoding="utf-8", **options)


def outcome(clone, *arguments):
    """Exit code and output of one run, which never shows a traceback."""
    process = start(clone, *arguments)
    output = process.communicate(timeout=30)[0]
    assert "Traceback" not in output
    return process.returncode, output


def installs(clone) -> int:
    calls = clone.parent / "calls"
    return len(calls.read_text().splitlines()) if calls.exists() else 0


class TestCommandLine:
    def test_options_alone_run_the_study_at_the_repository_root(self, clone):
        code, output = outcome(clone, "--settings", "settings/quick.yaml")
        assert code == 0
        assert f"STUDY ['run', '--settings', 'settings/quick.yaml'] {clone}" in output

    @pytest.mark.parametrize("arguments, expected", [
        ([], ("run", [])),
        (["run", "--help"], ("run", ["--help"])),
        (["--lang", "en"], ("run", ["--lang", "en"])),
        (["test", "-k", "weights"], ("test", ["-k", "weights"])),
        (["lab", "--no-browser"], ("lab", ["--no-browser"])),
        (["setup"], ("setup", [])),
        (["--help"], ("help", [])),
        (["-h"], ("help", [])),
    ])
    def test_each_command_gets_its_arguments(self, bootstrap, arguments, expected):
        assert bootstrap.route(arguments) == expected

    def test_help_is_bilingual_and_sets_nothing_up(self, clone):
        code, output = outcome(clone, "--help")
        assert code == 0
        assert "只建环境" in output and "only make the environment" in output
        assert not (clone / ".venv").exists()

    def test_an_unknown_command_names_the_nearest(self, clone):
        code, output = outcome(clone, "tset")
        assert code == 2
        assert "是 python3 run.py test 吗" in output and "did you mean python3 run.py test?" in output
        assert not (clone / ".venv").exists()

    def test_the_exit_code_of_the_study_is_that_of_run_py(self, clone):
        (clone / "analysis" / "__main__.py").write_text("raise SystemExit(7)\n")
        assert outcome(clone)[0] == 7

    def test_a_console_without_chinese_shows_the_english(self, clone, monkeypatch):
        monkeypatch.setenv("PYTHONIOENCODING", "ascii")
        code, output = outcome(clone, "--help")
        assert code == 0 and "run the whole study" in output


class TestPythonVersion:
    @pytest.mark.parametrize("version", [(2, 7, 18), (3, 8, 0), (3, 10, 13), (3, 14, 0)])
    def test_a_wrong_python_is_told_which_one_is_needed(self, bootstrap, clone, monkeypatch, capsys, version):
        monkeypatch.setattr(bootstrap.sys, "version_info", version)
        assert bootstrap.main(["setup"]) == 2
        output = capsys.readouterr().out
        found = f"{version[0]}.{version[1]}"
        assert f"需要 Python 3.11、3.12 或 3.13，当前是 {found}" in output
        assert f"Python 3.11, 3.12 or 3.13 is needed, this is {found}" in output
        assert not (clone / ".venv").exists()

    def test_a_right_python_on_the_path_is_proposed(self, bootstrap, clone, monkeypatch):
        executable(clone.parent / "tools" / "python3.12", "#!/bin/sh\n")
        monkeypatch.setenv("PATH", str(clone.parent / "tools"))
        with pytest.raises(bootstrap.Stop, match="python3.12 run.py"):
            bootstrap.check_python((3, 9))

    @pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9), (3, 13, 2)])
    def test_the_right_ones_pass(self, bootstrap, version):
        bootstrap.check_python(version)

    def test_old_pythons_can_parse_the_file(self):
        """Nothing newer than Python 2.7: no f-string, annotation, keyword-only argument, `raise … from`, walrus."""
        source = (ROOT / "run.py").read_text(encoding="utf-8")
        assert source.splitlines()[1] == "# -*- coding: utf-8 -*-"
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr | ast.Nonlocal), node
            if isinstance(node, ast.FunctionDef):
                arguments = node.args
                assert not arguments.kwonlyargs and not arguments.posonlyargs and node.returns is None
                assert all(argument.annotation is None for argument in arguments.args)
            assert not (isinstance(node, ast.Raise) and node.cause)
            assert not (isinstance(node, ast.Name) and node.id == "print")


class TestSetUp:
    def test_it_connects_the_package_and_the_kernel(self, clone):
        code, output = outcome(clone, "setup")
        assert code == 0
        assert "首次运行" in output and "First run" in output and "environment ready" in output
        path_file = clone / ".venv" / "lib" / f"python{VERSION}" / "site-packages" / "digital-city-study.pth"
        assert path_file.read_text() == f"{clone}\n"
        kernel = (clone / ".venv" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json").read_text()
        assert str(clone / ".venv" / "bin" / "python").encode("unicode_escape").decode("ascii") in kernel
        settings = json.loads((clone / ".venv/share/jupyter/lab/settings/overrides.json").read_text())
        assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"

    def test_hashes_are_required_and_nothing_is_built(self, clone):
        outcome(clone, "setup")
        call = (clone.parent / "calls").read_text()
        assert "--require-hashes" in call and "--no-build" in call and "requirements.lock" in call

    def test_a_second_run_skips_it(self, clone):
        outcome(clone, "setup")
        assert outcome(clone) == (0, f"STUDY ['run'] {clone}\n")
        assert installs(clone) == 1

    @pytest.mark.parametrize("damage, sentence", [
        (lambda root: (root / ".venv" / "digital-city-study.stamp").unlink(), ".venv is incomplete"),
        (lambda root: (root / ".venv" / "bin" / "python").unlink(), ".venv is incomplete"),
        (lambda root: (root / "requirements.lock").write_text(LOCK + "# renewed\n"), "requirements.lock has changed"),
        (lambda root: (root / ".venv" / "digital-city-study.stamp").write_text(""), "requirements.lock has changed"),
    ])
    def test_a_wrong_environment_is_made_again_with_one_sentence(self, bootstrap, clone, capsys, damage, sentence):
        bootstrap.main(["setup"])
        left_over = clone / ".venv" / "left over"
        left_over.touch()
        damage(clone)
        capsys.readouterr()
        assert bootstrap.main(["setup"]) == 0
        assert capsys.readouterr().out.count(sentence) == 1
        assert installs(clone) == 2
        assert not left_over.exists()

    def test_a_moved_folder_is_noticed(self, clone):
        outcome(clone, "setup")
        moved = clone.rename(clone.with_name("moved"))
        code, output = outcome(moved, "setup")
        assert code == 0 and "文件夹已移动" in output and "The folder has moved" in output

    def test_another_python_is_noticed(self, bootstrap, monkeypatch):
        bootstrap.main(["setup"])
        assert bootstrap.unready() is None
        monkeypatch.setattr(bootstrap.sys, "version_info", (3, 13 if VERSION != "3.13" else 12, 0))
        assert bootstrap.unready()[1].startswith("The Python version has changed")

    def test_two_at_once_install_once(self, clone, monkeypatch):
        monkeypatch.setenv("SLOW", "0.6")
        processes = [start(clone, "setup") for _ in range(2)]
        outputs = [process.communicate(timeout=30)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0]
        assert installs(clone) == 1
        assert sum("waiting for it" in output for output in outputs) == 1

    def test_after_an_interruption_the_next_run_works(self, clone, monkeypatch):
        monkeypatch.setenv("SLOW", "20")
        process = start(clone, "setup", start_new_session=True)
        limit = time.time() + 20
        while not installs(clone) and time.time() < limit:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate(timeout=30)[0]
        assert process.returncode == 130
        assert "已中断" in output and "Interrupted" in output and "Traceback" not in output
        monkeypatch.delenv("SLOW")
        code, output = outcome(clone, "setup")
        assert code == 0 and ".venv is incomplete" in output


class TestConnection:
    """What joins .venv and the clone is brought up to date without installing anything again."""

    @pytest.mark.parametrize("change", [
        lambda root: (root / "run.py").write_text((root / "run.py").read_text(encoding="utf-8") + "# newer\n",
                                                  encoding="utf-8"),
        lambda root: (root / "pyproject.toml").write_text(
            (root / "pyproject.toml").read_text(encoding="utf-8").replace('"0.1.0"', '"0.2.0"'), encoding="utf-8"),
        lambda root: cut_stamp(root / ".venv" / "digital-city-study.stamp"),
    ], ids=["a newer run.py", "a changed pyproject.toml", "the stamp of an older run.py"])
    def test_it_is_made_again_alone(self, clone, change):
        outcome(clone, "setup")
        change(clone)
        code, output = outcome(clone, "setup")
        assert code == 0 and "环境已重新连接" in output and "environment connected again" in output
        assert installs(clone) == 1
        assert outcome(clone, "setup") == (0, "")
        assert len(list(packages(clone).glob("*.dist-info"))) == 1

    def test_programs_find_the_entry_points_of_the_project(self, clone):
        outcome(clone, "setup")
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        folder, = packages(clone).glob("*.dist-info")
        found = Distribution.at(folder)
        assert folder.name == f"digital_city_study-{project['version']}.dist-info"
        assert (found.name, found.version) == (project["name"], project["version"])
        assert found.metadata["Summary"] == project["description"]
        assert {(point.group, point.name, point.value) for point in found.entry_points} == {
            (group, name, value) for group, points in project["entry-points"].items() for name, value in points.items()}
        assert {name for points in project["entry-points"].values() for name in points} == {"study_html", "study_pdf"}
        assert all(file.locate().is_file() for file in found.files)

    def test_the_environment_of_the_tests_has_them(self):
        """Installed by run.py or by pip, they lead to exporters."""
        names = [point.name for point in entry_points(group="nbconvert.exporters")]
        assert names.count("study_html") == names.count("study_pdf") == 1, "run `python3 run.py setup`"
        for point in entry_points(group="nbconvert.exporters", name="study_html"):
            assert point.load().__name__ == "HTMLReport"

    def test_the_kernel_is_this_one_whatever_the_user_names_before(self, bootstrap, clone, monkeypatch):
        monkeypatch.setenv("JUPYTER_PATH", "/elsewhere")
        monkeypatch.setenv("PYTHONPATH", "/another/clone")
        environment = bootstrap.environment_for("lab")
        assert environment["JUPYTER_PATH"].split(os.pathsep) == [str(clone / ".venv/share/jupyter"), "/elsewhere"]
        assert environment["PYTHONPATH"].split(os.pathsep) == [str(clone), "/another/clone"]
        assert bootstrap.environment_for("run")["PYTHONPATH"] == "/another/clone"


def packages(clone) -> Path:
    return clone / ".venv" / "lib" / f"python{VERSION}" / "site-packages"


def cut_stamp(stamp: Path) -> None:
    """The stamp as it was before there was a line for the connection."""
    stamp.write_text("\n".join(stamp.read_text(encoding="utf-8").splitlines()[:3]), encoding="utf-8")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.invalid"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(["git", *identity, *arguments], cwd=folder, env=kept, check=True, capture_output=True,
                          text=True, encoding="utf-8").stdout


NOTEBOOK = {"cells": [{"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": [],
                       "source": ["城市 = 1"]}],
            "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                         "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}


def write_notebook(path: Path, source: str = "城市 = 1", **changes) -> None:
    notebook = json.loads(json.dumps(NOTEBOOK))
    notebook["cells"][0] |= {"source": [source]} | changes
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
class TestGit:
    RUN = {"execution_count": 3, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["甲\n"]}]}

    @pytest.fixture
    def repository(self, clone):
        """The clone as a git repository with one notebook, in a folder with a blank, an apostrophe and Chinese."""
        root = clone.rename(clone.with_name("reader's 数字 study"))
        (root / "workbench").mkdir()
        shutil.copy(ROOT / "workbench" / "stored_form.py", root / "workbench")
        for name in (".gitattributes", ".gitignore"):
            shutil.copy(ROOT / name, root)
        write_notebook(root / "notebooks" / "en" / "own" / "01.ipynb")
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "one")
        return root

    def test_a_saved_notebook_leaves_the_repository_clean(self, repository):
        assert outcome(repository, "setup")[0] == 0
        notebook = repository / "notebooks" / "en" / "own" / "01.ipynb"
        write_notebook(notebook, **self.RUN)
        assert git(repository, "diff") == ""
        after_save(str(notebook), {"type": "notebook"})
        assert git(repository, "status", "--porcelain") == ""
        write_notebook(notebook, "城市 = 2", **self.RUN)
        after_save(str(notebook), {"type": "notebook"})
        assert git(repository, "status", "--porcelain") == " M notebooks/en/own/01.ipynb\n", "seen, and not staged"
        changed = [line for line in git(repository, "diff", "-U0").splitlines() if line[0] in "+-"][2:]
        assert changed == ['-    "城市 = 1"', '+    "城市 = 2"']
        git(repository, "commit", "-qam", "two")
        assert "甲" not in git(repository, "show", "HEAD:notebooks/en/own/01.ipynb")
        assert "甲" in notebook.read_text(encoding="utf-8"), "the file keeps its outputs"

    @pytest.mark.parametrize("name", ["notebooks/new.ipynb", "../outside.ipynb", "notebooks/not there/x.ipynb"])
    def test_saving_what_git_does_not_track_says_nothing(self, repository, capfd, name):
        before = git(repository, "status", "--porcelain")
        after_save(str(repository / name), {"type": "notebook"})
        assert git(repository, "status", "--porcelain") == before and capfd.readouterr() == ("", "")

    def test_every_worktree_has_the_filter(self, repository):
        outcome(repository, "setup")
        beside = repository.with_name("beside")
        git(repository, "worktree", "add", "-q", str(beside))
        write_notebook(beside / "notebooks" / "en" / "own" / "01.ipynb", **self.RUN)
        assert git(beside, "diff") == ""
        assert outcome(beside, "setup")[0] == 0
        shutil.rmtree(repository / ".venv")
        write_notebook(repository / "notebooks" / "en" / "own" / "01.ipynb", **self.RUN)
        assert git(repository, "diff") == "", "the filter does not hang on .venv"

    def test_a_folder_that_is_no_clone_of_its_own_sets_nothing(self, clone):
        git(clone.parent, "init", "-q")
        assert outcome(clone, "setup")[0] == 0
        assert "study-notebooks" not in (clone.parent / ".git" / "config").read_text()

    def test_a_hook_of_another_repository_sets_nothing_there(self, repository, tmp_path, monkeypatch):
        other = tmp_path / "other"
        other.mkdir()
        git(other, "init", "-q")
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        assert outcome(repository, "setup")[0] == 0
        assert "study-notebooks" not in (other / ".git" / "config").read_text()
        assert "study-notebooks" in (repository / ".git" / "config").read_text()

    def test_without_git_nothing_is_said(self, bootstrap, repository, monkeypatch, capfd):
        monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
        bootstrap.connect_git()
        monkeypatch.undo()
        (repository / ".git").rename(repository / ".git broken")
        (repository / ".git").mkdir()
        assert "fatal" not in outcome(repository, "setup")[1], "a broken clone is git's matter"
        assert capfd.readouterr() == ("", "")

    def test_a_python_in_a_folder_with_an_apostrophe(self, bootstrap, tmp_path, monkeypatch):
        python = tmp_path / "reader's python 数"
        python.symlink_to(sys._base_executable)
        monkeypatch.setattr(bootstrap, "base_python", lambda: str(python))
        command = bootstrap.filter_command()
        done = subprocess.run(["sh", "-c", command], cwd=ROOT, input=b"no notebook", capture_output=True)
        assert done.stdout == b"no notebook"

    def test_on_windows_the_shell_gets_slashes(self, bootstrap, monkeypatch):
        monkeypatch.setattr(bootstrap, "WINDOWS", True)
        monkeypatch.setattr(bootstrap, "base_python", lambda: "C:\\Program Files\\Python 3.12\\python.exe")
        assert bootstrap.filter_command() == (
            "'C:/Program Files/Python 3.12/python.exe' -I -S workbench/stored_form.py")


class TestFailures:
    @pytest.mark.parametrize("kind", UV_WORDS)
    def test_uv_fails(self, bootstrap, clone, monkeypatch, capsys, kind):
        monkeypatch.setenv("FAIL", UV_WORDS[kind])
        assert bootstrap.main(["setup"]) == 2
        output = capsys.readouterr().out
        assert all(words in output for words in REMEDY[kind])
        assert UV_WORDS[kind].splitlines()[-1] in output, "the last lines of the tool are shown"
        assert UV_WORDS[kind] in (clone / ".venv-setup.log").read_text(encoding="utf-8")
        monkeypatch.delenv("FAIL")
        assert bootstrap.main(["setup"]) == 0, "the next run starts afresh"

    def test_a_failure_of_the_whole_command_is_two_sentences_and_exit_code_2(self, clone, monkeypatch):
        monkeypatch.setenv("FAIL", UV_WORDS["network"])
        code, output = outcome(clone)
        assert code == 2
        assert output.splitlines()[-2].startswith("连不上软件包索引")
        assert output.splitlines()[-1].endswith("(Log: .venv-setup.log)")

    @pytest.mark.parametrize("kind", PIP_WORDS)
    def test_pip_fails(self, bootstrap, monkeypatch, capsys, kind):
        monkeypatch.setenv("NO_UV", "1")
        monkeypatch.setenv("FAIL", PIP_WORDS[kind])
        assert bootstrap.main(["setup"]) == 2
        output = capsys.readouterr().out
        assert all(words in output for words in REMEDY[kind.split(",")[0]])
        assert "Traceback" not in output

    def test_pip_succeeds_with_hashes(self, bootstrap, clone, monkeypatch):
        monkeypatch.setenv("NO_UV", "1")
        assert bootstrap.main(["setup"]) == 0
        assert bootstrap.unready() is None
        call = (clone.parent / "calls").read_text()
        assert "--require-hashes" in call and "--only-binary :all:" in call

    def test_the_venv_module_is_missing(self, bootstrap, monkeypatch, capsys):
        monkeypatch.setenv("NO_UV", "1")
        monkeypatch.setenv("NO_ENSUREPIP", "1")
        assert bootstrap.main(["setup"]) == 2
        output = capsys.readouterr().out
        assert "apt install python3-venv" in output and "缺少 venv 或 pip 模块" in output

    def test_without_uv_in_the_index_pip_installs(self, bootstrap, clone, monkeypatch):
        monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
        assert bootstrap.main(["setup"]) == 0
        fetched, filled = (clone.parent / "calls").read_text().splitlines()
        assert f"uv=={bootstrap.UV_VERSION}" in fetched and "--target" in fetched
        assert "requirements.lock" in filled

    def test_without_network_the_search_for_uv_ends_it(self, bootstrap, clone, monkeypatch, capsys):
        monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
        monkeypatch.setenv("FAIL", PIP_WORDS["network"])
        assert bootstrap.main(["setup"]) == 2
        assert "cannot be reached" in capsys.readouterr().out
        assert installs(clone) == 1

    @pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
    def test_a_file_of_the_repository_is_missing(self, clone, name):
        (clone / name).unlink()
        code, output = outcome(clone)
        assert code == 2 and f"缺少 {name}" in output and f"git checkout {name}" in output

    @pytest.mark.parametrize("number, words", [(errno.ENOSPC, "The disk is full"), (errno.EACCES, "Check permissions")])
    def test_files_cannot_be_written(self, bootstrap, monkeypatch, capsys, number, words):
        def refuse():
            raise OSError(number, os.strerror(number), ".venv")
        monkeypatch.setattr(bootstrap, "connect", refuse)
        assert bootstrap.main(["setup"]) == 2
        assert words in capsys.readouterr().out
        assert "incomplete" in bootstrap.unready()[1]


class TestPackageIndex:
    """uv installs from where the user's pip would; what was set for uv itself wins."""

    CONFIGURATION = ("[global]\nindex-url = http://one.invalid/simple\ncert = /certificates.pem\n"
                     "[install]\nextra-index-url = http://two.invalid/simple\n    http://three.invalid/simple\n"
                     "find-links = /wheels\n    /more\n")

    @pytest.fixture
    def environment(self, bootstrap, monkeypatch, tmp_path):
        monkeypatch.setattr(bootstrap, "base_python", lambda: sys._base_executable)
        (tmp_path / "pip.conf").write_text(self.CONFIGURATION)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "SSL_"))}
        return dict(kept, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))

    def test_the_configuration_of_pip_is_handed_on(self, bootstrap, environment):
        handed = bootstrap.uv_environment(environment)
        if "UV_DEFAULT_INDEX" not in handed:
            pytest.skip("the Python below this environment has no pip to ask")
        assert handed["UV_DEFAULT_INDEX"] == "http://one.invalid/simple"
        assert handed["UV_INDEX"] == "http://two.invalid/simple http://three.invalid/simple"
        assert handed["UV_FIND_LINKS"] == "/wheels,/more"
        assert handed["SSL_CERT_FILE"] == "/certificates.pem"

    def test_variables_win_over_files(self, bootstrap, environment):
        handed = bootstrap.uv_environment(dict(environment, PIP_INDEX_URL="http://four.invalid/simple"))
        assert handed["UV_DEFAULT_INDEX"] == "http://four.invalid/simple"

    def test_what_was_set_for_uv_wins(self, bootstrap, environment):
        handed = bootstrap.uv_environment(dict(environment, UV_INDEX_URL="http://five.invalid/simple"))
        assert handed["UV_INDEX_URL"] == "http://five.invalid/simple"
        assert "UV_DEFAULT_INDEX" not in handed and "UV_INDEX" not in handed
