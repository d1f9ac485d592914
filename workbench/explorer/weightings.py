"""The weightings a reader can start from: each with its own weights of the indicators, exactly as the run has them.

Each slider sets the weight of a domain and keeps the proportions inside it. These differ between weightings, so each
has the weights of the indicators and their shares of the domain's weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.settings import Settings
from workbench.explorer.words import WEIGHTINGS
from workbench.project import Run

OWN = "combined"


@dataclass(frozen=True)
class Weighting:
    """Weights of the indicators under one rule.

    weights: Series by indicator, summing to 1. shares: each indicator's part of its domain's weight, summing to 1 in
    every domain; a domain without weight has the study's own shares.
    """

    key: str
    weights: pd.Series
    shares: pd.Series

    def words(self, lang: str) -> dict[str, str]:
        """Its name and one sentence on what it is."""
        name, note = WEIGHTINGS[lang][self.key]
        return {"key": self.key, "name": name, "note": note}


def weightings_of(run: Run, settings: Settings) -> list[Weighting]:
    """The weightings of a run, its own first; implied ones where the run has step 09.

    A column that is another one under a second name is left out: equal weights called judged, or the objective weights
    that are shown anyway.
    """
    table = run.table("05_weights", "indicator")
    domain, own = table["domain"], table[OWN]
    weights = {OWN: own}
    if settings.weighting.subjective == "ahp":
        weights["subjective"] = table["subjective"]
    weights |= {kind: table[kind] for kind in dict.fromkeys((settings.weighting.objective, "entropy", "equal"))}
    weights["equal"] = weights.pop("equal")
    even = pd.Series(1 / domain.nunique(), domain.unique())
    weights["equal_domains"] = spread(even, own, domain)
    weights |= implied_weights(run, own, domain)
    return [Weighting(key, each, shares_of(each, own, domain)) for key, each in weights.items()]


def implied_weights(run: Run, own: pd.Series, domain: pd.Series) -> dict[str, pd.Series]:
    """The weights that come nearest to the published order, by domain and by indicator, where the run has them."""
    found = {}
    if run.has("09_implied_weights"):
        of_domains = run.table("09_implied_weights", "domain")["implied"]
        found["implied_domains"] = spread(of_domains, own, domain)
    if run.has("09_implied_indicator_weights"):
        of_indicators = run.table("09_implied_indicator_weights", "indicator")["implied"]
        found["implied_indicators"] = of_indicators.reindex(own.index)
    return found


def spread(of_domains: pd.Series, own: pd.Series, domain: pd.Series) -> pd.Series:
    """Weights of domains dealt out to their indicators in the study's own proportions."""
    return shares_of(own, own, domain) * of_domains.reindex(domain).to_numpy()


def shares_of(weights: pd.Series, own: pd.Series, domain: pd.Series) -> pd.Series:
    """Each indicator's part of its domain's weight; the study's own part where the domain has no weight, an even part
    where it has none there either."""
    shares = pd.Series(index=weights.index, dtype=float)
    for codes in domain.groupby(domain, sort=False).groups.values():
        held = next((each[codes] for each in (weights, own) if each[codes].sum() > 0), pd.Series(1.0, codes))
        shares[codes] = held / held.sum()
    return shares
