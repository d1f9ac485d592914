"""Monte Carlo and scenarios on a dask cluster through joblib's backend: the same counts and ranks, bit for bit.

The cluster, two worker processes on this machine, belongs to an interpreter of its own: one that would not stop fails
this test and holds up no other. It asks the system for free ports, so that nothing else here can be in its way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = "120s"  # of every wait inside the cluster; on a free machine the whole test takes about five seconds
DONE = "the same on two processes"


def test_two_processes_of_a_dask_cluster_count_the_same(tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DASK_")}
    script = f"import {Path(__file__).stem} as this; this.count_on_a_cluster()"
    found = (str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent))
    child = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, timeout=300, capture_output=True, text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, env={**kept, "PYTHONUTF8": "1", "TMPDIR": str(tmp_path),
                                       "PYTHONPATH": os.pathsep.join(found)})
    assert child.returncode == 0, child.stderr
    assert child.stdout.splitlines() == [DONE]


def count_on_a_cluster() -> None:
    """Run in the child: Monte Carlos and scenarios on one core and on the cluster; any difference is an error."""
    import dask
    from distributed import Client, LocalCluster, get_task_stream
    from joblib import parallel_config

    alone = both_results(workers=1)
    patient = {"distributed.comm.timeouts.connect": TIMEOUT, "distributed.comm.timeouts.tcp": TIMEOUT,
               "distributed.admin.tick.limit": TIMEOUT, "distributed.scheduler.work-stealing": False}
    with (dask.config.set(patient), tempfile.TemporaryDirectory() as folder,
          # without an address the scheduler's pages take port 8787 even when they are off
          LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=None,
                       scheduler_kwargs={"dashboard": False}, death_timeout=TIMEOUT, silence_logs="ERROR",
                       local_directory=folder) as cluster,
          Client(cluster, timeout=TIMEOUT) as client):
        processes = set(client.run(os.getpid).values())
        assert len(processes) == 2 and os.getpid() not in processes
        with get_task_stream(client) as stream, parallel_config(backend="dask"):
            spread = both_results(workers=2)
            scenarios_spread = scenario_results(workers=2)
    blocks = Counter(task["worker"] for task in stream.data)
    assert len(blocks) == 2, f"one process did it all: {blocks}"
    for one, other in zip(alone, spread, strict=True):
        pd.testing.assert_frame_equal(one.counts, other.counts)
        pd.testing.assert_frame_equal(one.ranks, other.ranks, check_exact=True)
        pd.testing.assert_frame_equal(one.acceptability, other.acceptability, check_exact=True)
        assert (one.draws, one.failed) == (other.draws, other.failed)
    pd.testing.assert_frame_equal(alone[1].failures, spread[1].failures)
    for one, other in zip(scenario_results(workers=1), scenarios_spread, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    print(DONE)


def scenario_results(workers: int) -> list[pd.DataFrame]:
    """The table of 40 scenarios, and the study's alternatives one at a time."""
    from toy_design import toy_design

    from analysis.panel import read_panel
    from analysis.scenarios import one_choice_at_a_time
    from analysis.sensitivity import scenario_table
    from analysis.settings import load_settings
    from analysis.study import score_study

    panel = read_panel()
    found = one_choice_at_a_time(panel, score_study(panel, load_settings()), workers=workers)
    return [scenario_table(toy_design(40, {3, 11}), workers=workers).ranks, found.ranks, found.effects]


def both_results(workers: int) -> tuple:
    """Uncertain weights of 60 cities, and a choice of 40 cells of which two are refused."""
    from test_sensitivity_choices import toy_design

    from analysis.sensitivity import method_uncertainty, weight_uncertainty

    generator = np.random.default_rng(3)
    values = pd.DataFrame(generator.random((60, 7)), [f"c{number}" for number in range(60)])
    weights = pd.Series(generator.dirichlet(np.ones(7)))
    return (weight_uncertainty(values, weights, 20_000, 50.0, seed=8, workers=workers),
            method_uncertainty(toy_design(40, {3, 11}), 5000, seed=2, workers=workers))
