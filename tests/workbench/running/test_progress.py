"""A run says what it is doing where it would be silent, and a long one how long it may take."""

import time

import pytest

from analysis.settings import load_settings, with_overrides
from workbench.running.progress import estimate, estimated_seconds, heard


def test_silence_is_broken_by_what_is_running():
    lines = []
    with heard(lines.append, quiet=0.05) as say, say.doing("06_sensitivity"):
        time.sleep(0.4)
    assert lines and all(line.startswith("正在 running   06_sensitivity ") for line in lines)
    assert "07_tiers" not in "".join(lines)


def test_nothing_is_said_while_lines_come_or_nothing_runs():
    lines = []
    with heard(lines.append, quiet=0.3) as say:
        with say.doing("06_sensitivity"):
            for number in range(12):
                say(f"line {number}")
                time.sleep(0.02)
        time.sleep(0.5)
    assert lines == [f"line {number}" for number in range(12)]


def test_it_ends_with_the_block_also_when_that_fails():
    lines = []
    with pytest.raises(ValueError, match="stop"), heard(lines.append, quiet=0.05) as say, say.doing("07_tiers"):
        raise ValueError("stop")
    time.sleep(0.2)
    assert lines == [] and not say.running


def test_one_voice_is_not_doubled():
    with heard(print) as say, heard(say) as same:
        assert same is say


def test_the_estimate_grows_with_units_indicators_and_choices():
    settings = load_settings()
    more = with_overrides(settings, {"uncertainty.draws": 100_000})
    times = [estimated_seconds(297, 11, settings, False), estimated_seconds(2_850, 11, settings, False),
             estimated_seconds(2_850, 34, settings, False), estimated_seconds(2_850, 34, more, False),
             estimated_seconds(2_850, 34, more, True)]
    assert times == sorted(set(times))


def test_short_runs_are_not_estimated():
    settings = load_settings()
    assert estimate(0, 0, settings, True) == estimate(297, 11, settings, True) == []
    line, = estimate(40_000, 34, settings, False)
    assert "estimate" in line and "40000 × 34" in line
