"""The manifest says what a run was made from and what it made, and nothing that changes between two runs."""

import hashlib
import json

import pandas as pd
import pytest

from analysis import provenance
from analysis.settings import ROOT, load_settings


@pytest.fixture
def folders(tmp_path):
    for name, text in (("data/05_scores.csv", "a"), ("reports/html/05.html", "b"), ("reports/manifest.json", "{}"),
                       ("reports/run_record.json", "{}"), ("reports/en/html/05.html", "c")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "data", tmp_path / "reports"


def make(folders, **overrides):
    settings = load_settings(overrides={name.replace("__", "."): value for name, value in overrides.items()})
    return provenance.manifest("mine", settings, *folders)


def test_hashes_every_output_but_itself_and_the_record(folders):
    content = make(folders)
    assert content["data"] == {"05_scores.csv": hashlib.sha256(b"a").hexdigest()}
    assert content["reports"]["html/05.html"] == hashlib.sha256(b"b").hexdigest()
    assert not any(name.endswith((provenance.MANIFEST, provenance.RECORD)) for name in content["reports"])


def test_names_every_raw_file_with_its_checksum(folders):
    recorded = pd.read_csv(ROOT / "data/raw/provenance.csv").set_index("path")["sha256"].to_dict()
    assert make(folders)["inputs"] == recorded


def test_names_the_code_with_its_checksum(folders):
    code = make(folders)["code"]
    for name in ("analysis/study.py", "notebooks/05_scores_and_ranks.ipynb", "assets/report/report.typ"):
        assert code[name] == hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
    assert not any("__pycache__" in name for name in code)


def test_says_which_choices_differ_and_which_seeds_were_used(folders):
    content = make(folders, weighting__alpha=0.3, tiers__seed=7)
    assert content["differs_from_baseline"]["weighting.alpha"] == [0.5, 0.3]
    assert content["seeds"]["tiers"] == 7
    assert content["settings"]["weighting"]["alpha"] == 0.3


def test_versions_are_of_packages_that_are_locked(folders):
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    versions = make(folders)["versions"]
    for name, number in versions.items():
        assert name == "python" or f"\n{name}=={number}" in "\n" + lock


def test_is_the_same_for_the_same_files_and_plain_json(folders):
    assert json.dumps(make(folders)) == json.dumps(make(folders))
    assert str(folders[0].parent) not in json.dumps(make(folders)), "no path of one machine"


def test_is_written_readably_with_one_line_end(tmp_path):
    provenance.write_json({"城市": "深圳市"}, tmp_path / "deep" / "x.json")
    assert (tmp_path / "deep/x.json").read_bytes() == '{\n "城市": "深圳市"\n}\n'.encode()
