"""The Monte Carlo on a dask cluster through joblib's backend: the same counts, bit for bit.

Needs the optional packages of the extra `cluster` (dask and distributed); without them the test is skipped.
"""

import numpy as np
import pandas as pd
import pytest

from analysis.sensitivity import weight_uncertainty


def test_two_processes_of_a_dask_cluster_count_the_same():
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    from joblib import parallel_config

    generator = np.random.default_rng(3)
    values = pd.DataFrame(generator.random((60, 7)), [f"c{number}" for number in range(60)])
    weights = pd.Series(generator.dirichlet(np.ones(7)))
    alone = weight_uncertainty(values, weights, 20_000, 50.0, seed=8)
    with (distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
          distributed.Client(cluster), parallel_config(backend="dask")):
        spread = weight_uncertainty(values, weights, 20_000, 50.0, seed=8, workers=2)
    pd.testing.assert_frame_equal(alone.counts, spread.counts)
    pd.testing.assert_frame_equal(alone.acceptability, spread.acceptability)
