"""settings/version_0_1_0.yaml gives what version 0.1.0 gave, byte for byte: its decisions are settings of this one."""

import hashlib

import pandas as pd
import pytest
from conftest import ROOT

from analysis import study
from analysis.frames import write_frame
from analysis.published import clean_whitepaper
from analysis.settings import load_settings
from analysis.sources import read_whitepaper

KEPT = pd.read_csv(ROOT / "tests/analysis/version_0_1_0.csv", index_col="table")["sha256"]
WITHOUT_INDEX = {"02_origins", "02_treatment_record"}


@pytest.fixture(scope="module")
def tables(real_panel):
    settings = load_settings(ROOT / "settings/version_0_1_0.yaml")
    old = study.score_study(real_panel, settings)
    paper = read_whitepaper(ROOT)
    published = clean_whitepaper(paper, paper["errata"], paper["inferred_members"], real_panel.cities)
    scores = study.score_table(real_panel.cities, old.scores, old.ranks, old.domain_scores, old.raw,
                               published["published_ranks"], settings)
    return {"02_raw": old.raw, "02_origins": old.origins, "02_treated": old.treated,
            "02_treatment_record": old.treatment_record, "02_normalised": old.normalised,
            "03_objective_weights": study.objective_weights(old.treated, old.framework), "05_weights": old.weights,
            "05_scores": scores}


@pytest.mark.parametrize("name", KEPT.index)
def test_the_table_has_the_bytes_of_0_1_0(tables, name, tmp_path):
    write_frame(tables[name], tmp_path / "table.csv", index=name not in WITHOUT_INDEX)
    assert hashlib.sha256((tmp_path / "table.csv").read_bytes()).hexdigest() == KEPT[name]


def test_the_default_is_another_study(real_study, tables):
    assert not real_study.scores.equals(tables["05_scores"]["score"])
