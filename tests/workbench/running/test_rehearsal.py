"""What `check` does after reading: the run rehearsed, and told in words. Whole rehearsals: own/test_made_studies.py."""

import pytest
from conftest import ROOT
from own_tables import PANEL
from typer.testing import CliRunner

from analysis.settings import flatten, load_settings
from workbench.cli import app
from workbench.own import reading
from workbench.running import rehearsal
from workbench.running.rehearsal import FEW, Stopped, few, run_cell


def test_repetitions_are_few_and_fewer_ones_stay():
    base = load_settings(overrides={"tiers.starts": 1, "uncertainty.seed": 7})
    chosen = flatten(few(base))
    assert chosen["tiers.starts"] == 1 and chosen["uncertainty.draws"] == FEW["uncertainty.draws"]
    assert {name for name, value in chosen.items() if value != flatten(base)[name]} == set(FEW) - {"tiers.starts"}


@pytest.mark.parametrize(("lang", "fault"), [("zh", "程序的缺陷"), ("en", "a fault of the program")])
def test_a_refusal_is_the_user_s_and_any_other_error_the_program_s(lang, fault):
    refused, broken = Stopped("the method", ValueError("leave it out")), Stopped("07_tiers", KeyError("goal"))
    assert "leave it out" in refused.told(lang) and fault not in refused.told(lang)
    assert "07_tiers" in broken.told(lang) and "KeyError" in broken.told(lang) and fault in broken.told(lang)


def test_a_cell_gives_its_outputs_and_raises_its_own_error():
    shell = rehearsal.fresh_shell()
    texts = {each.name: each.text for each in run_cell(shell, "import sys; print('a'); print('b', file=sys.stderr)")}
    assert texts == {"stdout": "a\n", "stderr": "b\n"}
    with pytest.raises(ZeroDivisionError):
        run_cell(shell, "1 / 0")


class TestCheck:
    @pytest.fixture
    def call(self, tmp_path, monkeypatch):
        """Calls `check` on five cities; a rehearsal is only noted, and stops where `stops` says."""
        (tmp_path / "mine.csv").write_text(PANEL, encoding="utf-8")
        monkeypatch.chdir(ROOT)
        rehearsed = []

        def call(*arguments, stops=None):
            monkeypatch.setattr(rehearsal, "rehearse",
                                lambda plan, given, say: rehearsed.append((plan, given)) or stops)
            return CliRunner().invoke(app, ["check", "--panel", str(tmp_path / "mine.csv"), *arguments]), rehearsed

        return call

    def test_it_rehearses_with_the_settings_to_come_what_it_has_read_once(self, call, monkeypatch):
        read, times = reading.read_input, []
        monkeypatch.setattr(reading, "read_input", lambda *given, **more: times.append(1) or read(*given, **more))
        result, rehearsed = call("--set", "weighting.alpha=0.3", "--lang", "en")
        assert result.exit_code == 0 and "reached the end" in result.output and len(times) == 1
        (plan, given), = rehearsed
        assert plan.settings.weighting.alpha == 0.3 and plan.lang == "en" and len(given.values) == 14
        assert "tiers.k_largest = " in result.output

    def test_where_it_stops_the_exit_code_is_two(self, call):
        result, _ = call(stops=Stopped("06_sensitivity", ValueError("no")))
        assert result.exit_code == 2 and "06_sensitivity" in result.output

    def test_reading_alone(self, call):
        result, rehearsed = call("--no-rehearse")
        assert result.exit_code == 0 and not rehearsed
