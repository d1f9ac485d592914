"""The other ways to count ranks over random weights, each through its own interface.

A peer takes (case, weights: draws × indicators) and returns counts, cities × ranks. Packages that are not installed are
named as such and left out; `--peers FOLDER` adds a folder to look in (see README.md).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

import numpy as np

from benchmarks.timing import CONCENTRATION, SEED, Case

Peer = Callable[[Case, np.ndarray], np.ndarray]


def count_by_loop(drawn: np.ndarray, cities: int, ranks_of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Counts of ranks of the given weights, one draw at a time."""
    counts = np.zeros((cities, cities), dtype=np.int64)
    rows = np.arange(cities)
    for weights in drawn:
        counts[rows, ranks_of(weights) - 1] += 1
    return counts


def numpy_loop(case: Case, drawn: np.ndarray) -> np.ndarray:
    """Matrix product and two argsorts a draw."""
    values = case[0].to_numpy()
    return count_by_loop(drawn, len(values), lambda row: 1 + np.argsort(np.argsort(-(values @ row))))


def pymcdm(case: Case, drawn: np.ndarray) -> np.ndarray:
    """pymcdm's weighted sum model with its min-max normalisation, and its ranking."""
    from pymcdm.helpers import rrankdata
    from pymcdm.methods import WSM
    from pymcdm.normalizations import minmax_normalization

    values, benefit, model = case[0].to_numpy(), np.ones(case[0].shape[1]), WSM(minmax_normalization)
    return count_by_loop(drawn, len(values), lambda row: rrankdata(model(values, row, benefit)).astype(int))


def scikit_criteria(case: Case, drawn: np.ndarray) -> np.ndarray:
    """scikit-criteria's decision matrix, min-max scaling and weighted sum model as a pipeline."""
    from skcriteria.agg.simple import WeightedSumModel
    from skcriteria.pipelines import mkpipe
    from skcriteria.preprocessing.scalers import MinMaxScaler

    return loop_over_scikit_criteria(case, drawn, mkpipe(MinMaxScaler(target="matrix"), WeightedSumModel()))


def scikit_criteria_bare(case: Case, drawn: np.ndarray) -> np.ndarray:
    """The same without scaling: the values are on one scale already."""
    from skcriteria.agg.simple import WeightedSumModel

    return loop_over_scikit_criteria(case, drawn, WeightedSumModel())


def loop_over_scikit_criteria(case: Case, drawn: np.ndarray, model) -> np.ndarray:
    """A new decision matrix for every draw, as its interface asks for."""
    from skcriteria import mkdm

    values, objectives = case[0].to_numpy(), [max] * case[0].shape[1]
    return count_by_loop(drawn, len(values), lambda row: model.evaluate(mkdm(values, objectives, weights=row)).rank_)


def pysensmcda(case: Case, drawn: np.ndarray) -> np.ndarray:
    """pysensmcda's simulate, keeping counts only, with a bare matrix product as the method: its fastest way."""
    from pysensmcda.smaa.simulate import simulate

    values = case[0].to_numpy()
    result = simulate(lambda matrix, weights, types: matrix @ weights, values, np.ones(values.shape[1], dtype=int),
                      weights=drawn, reverse_ranking=True, store="accumulate")
    return result.rank_counts


PEERS: dict[str, tuple[str, Peer]] = {
    "NumPy loop": ("numpy", numpy_loop), "pymcdm loop": ("pymcdm", pymcdm),
    "pysensmcda simulate": ("pysensmcda", pysensmcda), "scikit-criteria loop": ("skcriteria", scikit_criteria),
    "scikit-criteria, no scaling": ("skcriteria", scikit_criteria_bare),
}


def installed_peers() -> tuple[dict[str, Peer], list[str]]:
    """The peers that can be imported, and the names of those that cannot."""
    here = {name: importlib.util.find_spec(module) is not None for name, (module, _) in PEERS.items()}
    return {name: PEERS[name][1] for name, found in here.items() if found}, [
        name for name, found in here.items() if not found]


def numba_kernel(case: Case) -> Callable[[int], np.ndarray] | None:
    """A hand-tuned float32 kernel, the floor of what this machine can do; None where numba is not installed.

    Single-precision weights, matrix product and 32-bit keys: a tenth of the ranks near ties come out otherwise, which
    the study does not accept.
    """
    if importlib.util.find_spec("numba") is None:
        return None
    import numba

    values = np.ascontiguousarray(case[0].to_numpy(dtype=np.float32).T)
    alpha, cities = CONCENTRATION * case[1].to_numpy(), values.shape[1]
    bits = np.uint32((1 << (cities - 1).bit_length()) - 1)

    @numba.njit(cache=False, fastmath=True)
    def pack(keys: np.ndarray, bits: np.uint32) -> None:
        for draw in range(keys.shape[0]):
            for city in range(keys.shape[1]):
                keys[draw, city] = ~(keys[draw, city] | bits) | np.uint32(city)

    @numba.njit(cache=False)
    def tally(keys: np.ndarray, bits: np.uint32, counts: np.ndarray) -> None:
        for draw in range(keys.shape[0]):
            for place in range(keys.shape[1]):
                counts[keys[draw, place] & bits, place] += 1

    def run(draws: int, block: int = 1024) -> np.ndarray:
        generator, counts = np.random.default_rng(SEED), np.zeros((cities, cities), dtype=np.int64)
        weights, scores = np.empty((len(alpha), block), np.float32), np.empty((block, cities), np.float32)
        for _ in range(-(-draws // block)):
            for row, shape in zip(weights, alpha, strict=True):
                generator.standard_gamma(shape, dtype=np.float32, out=row)
            keys = np.matmul(weights.T, values, out=scores).view(np.uint32)
            pack(keys, bits)
            keys.sort(axis=1)
            tally(keys, bits, counts)
        return counts

    return run
