"""The manifest says what a run was made from and what it made, and nothing that changes between two runs."""

import hashlib
import json

import pandas as pd
import pytest

from analysis.settings import ROOT, load_settings
from workbench.publishing import crate, provenance


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
    for name in ("analysis/study.py", "notebooks/05_scores_and_ranks.ipynb", "assets/report/report.typ",
                 "assets/study.mplstyle"):
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


class TestCrate:
    """The crate says in RO-Crate's words what the manifest says, and holds together as a graph."""

    @pytest.fixture
    def content(self, folders):
        data, reports = folders
        found = make(folders)
        provenance.write_json(found, reports / provenance.MANIFEST)
        return found, crate.crate(found, "Title", "Edition", "2026-11-24", reports), reports

    def by_id(self, content):
        return {entity["@id"]: entity for entity in content[1]["@graph"]}

    def test_is_a_crate_by_the_specification(self, content):
        graph = self.by_id(content)
        assert len(graph) == len(content[1]["@graph"]), "every @id once"
        about = graph["ro-crate-metadata.json"]
        assert about["conformsTo"]["@id"] == "https://w3id.org/ro/crate/1.1" and about["about"] == {"@id": "./"}
        root = graph["./"]
        assert root["@type"] == "Dataset" and {"name", "description", "datePublished", "license"} <= set(root)
        assert content[1]["@context"] == "https://w3id.org/ro/crate/1.1/context"

    def test_every_reference_leads_to_an_entity(self, content):
        graph = self.by_id(content)

        def references(value):
            if isinstance(value, dict):
                yield from [value["@id"]] if set(value) == {"@id"} else (
                    each for part in value.values() for each in references(part))
            elif isinstance(value, list):
                yield from (each for part in value for each in references(part))
        leads = {each for entity in content[1]["@graph"] for each in references(entity)}
        assert leads - set(graph) == {"https://w3id.org/ro/crate/1.1"}

    def test_files_are_there_with_their_hashes_and_the_rest_is_not_claimed(self, content):
        found, _, reports = content
        graph = self.by_id(content)
        files = {entity["@id"]: entity for entity in graph.values() if entity["@type"] == "File"}
        assert {part["@id"] for part in graph["./"]["hasPart"]} == set(files)
        for name, entity in files.items():
            assert hashlib.sha256((reports / name).read_bytes()).hexdigest() == entity["sha256"]
        outside = [entity for entity in graph.values() if "identifier" in entity]
        assert len(outside) == len(found["inputs"]) + len(found["data"])
        assert all(entity["@id"].startswith("#") for entity in outside)

    def test_the_action_names_choices_inputs_and_results(self, content):
        graph = self.by_id(content)
        run = graph["#run"]
        objects = {each["@id"] for each in run["object"]}
        assert "#setting-weighting.alpha" in objects and "#data/raw/statistics/statistics.csv" in objects
        assert graph["#setting-weighting.alpha"]["value"] == 0.5
        assert {"#data/processed/mine/05_scores.csv", "html/05.html"} <= {each["@id"] for each in run["result"]}
        assert graph["#data/raw/statistics/statistics.csv"]["usageInfo"]

    def test_a_name_with_blanks_becomes_an_address(self):
        assert crate.file_entity("figures/图 1.svg", "0")["@id"] == "figures/%E5%9B%BE%201.svg"
