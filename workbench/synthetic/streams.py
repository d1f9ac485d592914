"""Random numbers that depend on a seed and a name only: each part of the model has its own stream.

Nothing but uniform numbers is drawn and distributions are reached through their quantiles, because the streams of
NumPy's other distributions may change between versions; so the committed panel can be made again.

Reference: docs/synthetic.md, section 2.
"""

from __future__ import annotations

import zlib

import numpy as np
from scipy.special import ndtri, stdtrit


def uniforms(seed: int, name: str, shape: int | tuple[int, ...]) -> np.ndarray:
    """Uniform numbers strictly between 0 and 1 from the stream of this seed and name."""
    generator = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
    return generator.random(shape) * (1 - 2.0**-52) + 2.0**-53


def normals(seed: int, name: str, shape: int | tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers from the stream of this seed and name."""
    return ndtri(uniforms(seed, name, shape))


def heavy_tailed(seed: int, name: str, shape: int | tuple[int, ...], tail: float) -> np.ndarray:
    """Student's t with `tail` (3 or more) degrees of freedom, scaled to variance 1."""
    return stdtrit(tail, uniforms(seed, name, shape)) * np.sqrt((tail - 2) / tail)
