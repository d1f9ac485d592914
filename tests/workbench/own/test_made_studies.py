"""What `check` calls clean runs to its end: studies of random shape, each rehearsed with all notebooks and reports."""

import made_studies
import pytest

from analysis.settings import load_settings
from workbench.own.problems import OwnDataError
from workbench.planning import make_plan
from workbench.run_input import bring
from workbench.running.rehearsal import rehearse

pytestmark = pytest.mark.whole

# One domain or ten, one indicator or sixty-five, 3 to 110 units, gappy and complete, codes such as NA, 010, 1.10, 1E1
# and 甲1, regions of any size, names of two hundred signs or of nothing but mark-up, judged and not.
ORDINARY = (4, 7, 12, 14, 18, 19, 22, 31, 43, 50, 54, 57)


def rehearsed(folder, seed, **fixed):
    """Where the study of a seed stops; None where it reaches its end."""
    brought = bring(made_studies.write_study(folder / "study", seed, **fixed), load_settings())
    plan = make_plan("made", ("zh", "en")[seed % 2], brought.settings, traits=brought.traits)
    return rehearse(plan, brought.given)


@pytest.mark.parametrize("seed", ORDINARY)
def test_a_clean_study_of_any_shape_reaches_its_end(tmp_path, seed):
    fixed = {"values": "normal", "gaps": 0} if seed == 43 else {}
    stopped = rehearsed(tmp_path, seed, **fixed)
    assert stopped is None, stopped.line()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_others_reach_it_too_or_are_refused_by_name_before_anything_is_made(tmp_path, seed):
    try:
        stopped = rehearsed(tmp_path, seed)
    except OwnDataError as error:
        assert all(each.zh and each.en for each in error.problems)
    except ValueError as error:
        assert "can be told apart" in str(error)
    else:
        by_name = stopped is not None and stopped.where == "the method" and isinstance(stopped.error, ValueError)
        assert stopped is None or by_name, stopped.line()


def test_cities_that_cannot_be_told_apart_are_refused(tmp_path):
    with pytest.raises(ValueError, match="only 2 of 3 cities can be told apart"):
        rehearsed(tmp_path, 43, units=3, values="identical_units", gaps=0)
