"""A folder of own tables with its settings beside them, through the command line."""

import shutil

from typer.testing import CliRunner

from analysis.settings import ROOT
from workbench.cli import app

HDI = ROOT / "examples/human_development"


def test_settings_in_the_folder_are_used_unless_others_are_named(tmp_path):
    folder = shutil.copytree(HDI, tmp_path / "mine")
    (folder / "settings.yaml").write_text("aggregation: {method: none}\n", encoding="utf-8")
    refused = CliRunner().invoke(app, ["check", "--panel", str(folder)])
    assert refused.exit_code == 2 and "aggregation.method = 'none'" in refused.output
    assert f"settings: {folder / 'settings.yaml'}" in refused.output
    read = CliRunner().invoke(app, ["check", "--panel", str(folder), "--settings", str(HDI / "settings.yaml"),
                                    "--set", "tiers.k=1"])
    assert read.exit_code == 2 and "tiers.k" in read.output and str(folder / "settings.yaml") not in read.output
