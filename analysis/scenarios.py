"""What if one choice were another: the whole study run again for each alternative of settings/alternatives.yaml.

Reference: docs/method.md, section 6.4; docs/assumptions.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import yaml

from analysis.frames import settle
from analysis.settings import ROOT, Settings, validated
from analysis.study import Panel, Study, score_study


@dataclass(frozen=True)
class Scenarios:
    """Ranks under each alternative, and how far they are from the base.

    ranks: cities × alternatives (by key). effects: one row an alternative: zh, en, mean_shift (mean absolute change of
    rank over all cities), largest_shift, city (code of the city that moves most), entering, leaving (cities into and out
    of the top), spearman (with the base ranks).
    """

    ranks: pd.DataFrame
    effects: pd.DataFrame


def read_alternatives() -> list[dict]:
    """The alternatives of settings/alternatives.yaml: key, zh, en and what each sets."""
    return yaml.safe_load((ROOT / "settings/alternatives.yaml").read_text(encoding="utf-8"))


def with_overrides(settings: Settings, changes: dict) -> Settings:
    """The settings with some choices changed by dotted name, validated anew."""
    values = settings.model_dump(mode="json")
    for name, value in changes.items():
        section, key = name.split(".")
        values[section][key] = value
    return validated(values, ", ".join(changes))


def one_choice_at_a_time(panel: Panel, base: Study, top: int = 100) -> Scenarios:
    """Run the study once for each alternative, all else as in `base`, and compare the ranks.

    An alternative that the base already has gives no shift at all. Raises what `score_study` raises.
    """
    ranks, rows = {}, []
    for alternative in read_alternatives():
        other = score_study(panel, with_overrides(base.settings, alternative["set"])).ranks
        ranks[alternative["key"]] = other
        rows.append({key: alternative[key] for key in ("key", "zh", "en")} | effect(base.ranks, other, top))
    return Scenarios(pd.DataFrame(ranks), settle(pd.DataFrame(rows).set_index("key").rename_axis("scenario")))


def effect(base: pd.Series, other: pd.Series, top: int) -> dict:
    """How another ranking differs from the base: mean and largest shift, who moves most, who crosses the cut."""
    shift = (other - base).abs()
    return {"mean_shift": shift.mean(), "largest_shift": int(shift.max()), "city": shift.idxmax(),
            "entering": int(((base > top) & (other <= top)).sum()),
            "leaving": int(((base <= top) & (other > top)).sum()), "spearman": base.corr(other, method="spearman")}
