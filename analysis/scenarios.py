"""What if one choice were another: the whole study run again for each alternative of settings/alternatives.yaml.

Reference: docs/method.md, section 6.4; docs/assumptions.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.frames import settle
from analysis.panel import Panel
from analysis.sensitivity.crossing import read_alternatives
from analysis.sensitivity.draws import check_count
from analysis.sensitivity.stages import Stages
from analysis.settings import Settings, SettingsError, with_overrides
from analysis.study import Study


@dataclass(frozen=True)
class Scenarios:
    """Ranks under each alternative, and how far they are from the base.

    ranks: cities × alternatives (by key). effects: one row per alternative: zh, en, mean_shift (mean absolute change of
    rank over all cities), largest_shift, city (code of the city that moves most), entering, leaving (cities into and
    out of the top), spearman (with the base ranks).
    """

    ranks: pd.DataFrame
    effects: pd.DataFrame


def one_choice_at_a_time(panel: Panel, base: Study, top: int = 100, stages: Stages | None = None,
                         workers: int = 1) -> Scenarios:
    """Run the study once for each alternative, all else as in `base`, and compare the ranks.

    An alternative that the base already has gives no shift; one that the settings refuse beside the other choices of
    the base (z-scores beside a geometric mean) and one for fewer cities than there are (`most_units`) are left out.
    `stages` of the same panel provide what another analysis has computed. workers: processes, or machines inside
    `joblib.parallel_config(backend="dask")`; each computes its alternatives from the panel, with the same ranks.
    Raises what `score_study` raises.
    """
    check_count("workers", workers)
    alternatives, wanted = [], []
    for alternative in read_alternatives(panel.root, panel.traits, panel.experts):
        if alternative.most_units is not None and len(panel.cities) > alternative.most_units:
            continue
        try:
            wanted.append(with_overrides(base.settings, alternative.values(base.settings)))
            alternatives.append(alternative)
        except SettingsError:
            continue
    if workers == 1:
        stages = stages or Stages(panel)
        found = [stages.ranks(settings) for settings in wanted]
    else:
        from joblib import Parallel, delayed

        found = Parallel(n_jobs=workers)(delayed(ranks_of)(panel, settings) for settings in wanted)
    ranks, rows = {}, []
    for alternative, other in zip(alternatives, found, strict=True):
        ranks[alternative.key] = other
        names = {"key": alternative.key, "zh": alternative.zh, "en": alternative.en}
        rows.append(names | effect(base.ranks, other, top))
    return Scenarios(pd.DataFrame(ranks), settle(pd.DataFrame(rows).set_index("key").rename_axis("scenario")))


def ranks_of(panel: Panel, settings: Settings) -> pd.Series:
    """The ranks of a panel under some settings, in a process of its own."""
    return Stages(panel).ranks(settings)


def effect(base: pd.Series, other: pd.Series, top: int) -> dict:
    """How another ranking differs from the base: mean and largest shift, who moves most, who crosses the cut."""
    shift = (other - base).abs()
    return {"mean_shift": shift.mean(), "largest_shift": int(shift.max()), "city": shift.idxmax(),
            "entering": int(((base > top) & (other <= top)).sum()),
            "leaving": int(((base <= top) & (other > top)).sum()), "spearman": base.corr(other, method="spearman")}
