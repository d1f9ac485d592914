"""pyproject.toml, requirements.lock, environment.yml and what is installed agree; no file names a package host."""
import os
import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

# Written in pieces, so that this file passes its own test.
PACKAGE_HOSTS = [
    ".".join(parts)
    for parts in (("pypi", "org"), ("pypi", "python"), ("pythonhosted", "org"), ("anaconda", "org"), ("npmjs", "org"),
                  ("tuna", "tsinghua"), ("mirrors", "aliyun"), ("mirrors", "cloud"), ("mirrors", "ustc"))
]
MACHINE_PATH = re.compile(r"(?<![\w.:/*-])/(?:root|home|work|opt|Users)/\w|[A-Z]:\\\\?Users\\|file:/" + "/")


def lock_entries() -> list[str]:
    """The lock cut into entries: one requirement with its hashes each."""
    lines = "\n".join(line for line in LOCK.splitlines() if not line.startswith("#"))
    return re.split(r"\n(?=\S)", lines.strip())


def locked() -> list[Requirement]:
    return [Requirement(entry.split("\\")[0]) for entry in lock_entries()]


def locked_versions() -> dict[str, str]:
    return {canonicalize_name(item.name): next(iter(item.specifier)).version for item in locked()}


def direct() -> list[Requirement]:
    """What the study and its tests name themselves; the tests name every extra again."""
    return [Requirement(text) for text in PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["test"]]


def repository_files() -> list[Path]:
    """Every file that is committed or could be: what git tracks or does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (ROOT / ".git").exists():
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not path.relative_to(ROOT).parts[0].startswith(".")]


class TestLock:
    def test_each_package_has_one_version(self):
        names = [canonicalize_name(item.name) for item in locked()]
        assert sorted(set(names)) == sorted(names)
        assert all(re.fullmatch(r"==[^*,]+", str(item.specifier)) for item in locked())

    def test_every_entry_is_hashed(self):
        bare = [entry.split()[0] for entry in lock_entries() if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)]
        assert not bare

    def test_it_holds_requirements_and_hashes_only(self):
        line = re.compile(r"#.*|[A-Za-z0-9._-]+==\S+( ; [^\\]+)?( \\)?| {4}--hash=sha256:[0-9a-f]{64}( \\)?")
        assert [text for text in LOCK.splitlines() if not line.fullmatch(text)] == []
        assert "://" not in LOCK

    def test_there_is_no_other_lock(self):
        assert not (ROOT / "uv.lock").exists()


class TestAgreement:
    @pytest.mark.parametrize("wanted", direct(), ids=lambda wanted: wanted.name)
    def test_a_direct_dependency_is_locked_within_its_range(self, wanted):
        name = canonicalize_name(wanted.name)
        entry = next((item for item in locked() if canonicalize_name(item.name) == name), None)
        assert entry is not None, f"{wanted.name} is not in requirements.lock; renew it (docs/environment.md)"
        assert wanted.specifier.contains(next(iter(entry.specifier)).version)
        assert entry.marker is None, "a direct dependency must be locked for every Python and system"

    def test_every_extra_is_tested_in_the_range_it_promises(self):
        extras = PROJECT["project"]["optional-dependencies"]
        assert list(extras) == ["cluster"]
        assert {text for texts in extras.values() for text in texts} <= set(PROJECT["dependency-groups"]["test"])

    def test_conda_brings_the_interpreter_and_the_lock_brings_the_rest(self):
        plain = [item for item in ENVIRONMENT["dependencies"] if isinstance(item, str)]
        assert [re.split(r"[=<>! ]", item)[0] for item in plain] == ["python", "pip"]
        assert ENVIRONMENT["dependencies"][-1] == {"pip": ["-r requirements.lock"]}
        assert ENVIRONMENT["channels"] == ["conda-forge"]
        assert set(ENVIRONMENT) == {"name", "channels", "dependencies"}

    def test_the_interpreter_of_conda_is_one_the_project_allows(self):
        allowed = SpecifierSet(PROJECT["project"]["requires-python"])
        minor = re.fullmatch(r"python=(3\.\d+)", ENVIRONMENT["dependencies"][0])[1]
        assert allowed.contains(f"{minor}.0") and allowed.contains(f"{minor}.99")

    def test_run_py_accepts_the_pythons_the_project_allows(self):
        source = (ROOT / "run.py").read_text(encoding="utf-8")
        oldest, beyond = re.search(r"^OLDEST, BEYOND = \(3, (\d+)\), \(3, (\d+)\)$", source, re.M).groups()
        assert SpecifierSet(PROJECT["project"]["requires-python"]) == SpecifierSet(f">=3.{oldest},<3.{beyond}")

    def test_the_citation_names_this_version(self):
        citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
        assert citation["version"] == PROJECT["project"]["version"]
        assert citation["title"] == PROJECT["project"]["description"]
        assert citation["license"] == "MIT"
        assert {"cff-version", "message", "authors"} <= set(citation)


class TestInstalled:
    def test_versions_equal_the_lock(self):
        here = [item for item in locked() if item.marker is None or item.marker.evaluate()]
        wrong = {}
        for item in here:
            found = next((d.version for d in metadata.distributions(name=item.name)), "absent")
            if not item.specifier.contains(found):
                wrong[item.name] = f"{found}, locked {item.specifier}"
        assert not wrong, "run `python3 run.py setup`"

    def test_the_lock_is_exactly_what_the_direct_dependencies_need(self):
        """Followed through what the installed packages say they need: nothing missing, out of range or idle."""
        versions, reached, waiting = locked_versions(), set(), direct()
        while waiting:
            wanted = waiting.pop()
            name = canonicalize_name(wanted.name)
            assert name in versions and wanted.specifier.contains(versions[name], prereleases=True), str(wanted)
            for extra in wanted.extras | {""}:
                if (name, extra) in reached:
                    continue
                reached.add((name, extra))
                needs = map(Requirement, metadata.requires(name) or [])
                waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
        here = {canonicalize_name(item.name) for item in locked() if item.marker is None or item.marker.evaluate()}
        assert here == {name for name, _ in reached}


class TestRepository:
    def test_no_file_names_a_package_host_or_a_path_of_one_machine(self):
        found = []
        for path in repository_files():
            content = path.read_bytes()
            if b"\0" in content[:8000]:
                continue
            for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
                if any(host in line for host in PACKAGE_HOSTS) or MACHINE_PATH.search(line):
                    found.append(f"{path.relative_to(ROOT)} line {number}: {line.strip()[:100]}")
        assert not found, "\n".join(found)

    def test_git_ignores_what_is_made_and_keeps_the_reference(self):
        if not (shutil.which("git") and (ROOT / ".git").exists()):
            pytest.skip("not a git clone")
        made = [".venv/bin/python", ".tools/bin/uv", ".venv-setup.log", "reports/baseline/index.html",
                "data/processed/mine/05_scores.csv", "notebooks/.ipynb_checkpoints/x.ipynb"]
        kept = ["data/processed/baseline/05_scores.csv", "data/raw/README.md", "notebooks/01_clean_data.ipynb"]
        command = ["git", "check-ignore", "--no-index", *made, *kept]
        ignored = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.split()
        assert ignored == made

    def test_ci_runs_the_documented_command(self):
        script = ROOT / ".ci" / "run"
        assert os.access(script, os.X_OK)
        assert 'exec python3 run.py test "$@"' in script.read_text(encoding="utf-8")
        if shutil.which("bash"):
            subprocess.run(["bash", "-n", script], check=True)
