"""Tiers of cities: how they are made, how many there should be, and how sure each city's tier is.

`assignment` makes tiers from domain scores (k-means) or from one score (exact natural breaks), `choice` shows what
each criterion says about their number, `probabilities` gives P(tier) under uncertain weights, `lloyd` is the batched
k-means behind the references and resamples of `choice`.

Reference: docs/method.md, section 7.
"""

from .assignment import Tiers, TiersError, kmeans_tiers, natural_breaks, tiers_from_breaks
from .choice import TierChoice, choose_k
from .probabilities import tier_probabilities

__all__ = [
    "TierChoice",
    "Tiers",
    "TiersError",
    "choose_k",
    "kmeans_tiers",
    "natural_breaks",
    "tier_probabilities",
    "tiers_from_breaks",
]
