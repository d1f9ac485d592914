"""The studies between two runs: each stage of the method is taken from one run or from the other.

What the mixtures share is computed once, so that thirty-two of them cost little more than the two runs themselves.

Reference: docs/method.md, section 5.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import pandas as pd

from analysis import framework, study
from analysis.frames import settle
from analysis.panel import Panel
from analysis.sensitivity.stages import Stages
from analysis.settings import Settings
from analysis.shapley import Taken, unions

# The stages in the order of the method, each with the section of the settings that decides it. `data` includes the
# panel's figures, cities and proxies, `weights` its judgements and experts.
STAGES = {"data": "indicators", "treatment": "treatment", "normalisation": "normalisation", "weights": "weighting",
          "aggregation": "aggregation"}
JUDGED = ("judgements", "experts")


class Mixtures:
    """The studies between two runs: every stage is from one or the other, and what they share is computed once."""

    def __init__(self, panels: tuple[Panel, Panel], settings: tuple[Settings, Settings]) -> None:
        self.panels, self.settings = panels, settings
        fields_apart = set(differing_fields(*panels))
        self.panels_differ = {"data": bool(fields_apart.difference(JUDGED)),
                              "weights": bool(fields_apart.intersection(JUDGED))}
        self._stages: dict[tuple[bool, bool], Stages] = {}

    def differ(self, stage: str) -> bool:
        """Whether the runs differ in a stage: in its section of the settings, or in its share of the panel."""
        sections = [getattr(choices, STAGES[stage]) for choices in self.settings]
        return sections[0] != sections[1] or self.panels_differ.get(stage, False)

    def mixed_settings(self, taken: Taken) -> Settings:
        """The settings of the first run, with the sections of the taken stages from the second."""
        first, second = self.settings
        return first.model_copy(update={STAGES[stage]: getattr(second, STAGES[stage]) for stage in taken})

    def stages(self, taken: Taken) -> Stages:
        """The stages of the panel of the first run, with the second's data, judgements, or both, if those are taken."""
        first, second = self.panels
        data, judged = (stage in taken and self.panels_differ[stage] for stage in ("data", "weights"))
        if (data, judged) not in self._stages:
            judges = second if judged else first
            panel = replace(second if data else first, **{name: getattr(judges, name) for name in JUDGED})
            self._stages[data, judged] = Stages(panel)
        return self._stages[data, judged]

    def scores(self, taken: Taken) -> pd.Series:
        """The scores with the taken stages from the second run and the others from the first; as `score_study`."""
        settings, stages = self.mixed_settings(taken), self.stages(taken)
        return study.score(stages.normalised(settings), stages.weights(settings), stages.rule(settings))

    def all_scores(self, differing: Sequence[str]) -> tuple[dict[Taken, pd.Series], dict[Taken, str]]:
        """The scores of every mixture of the differing stages, and the reason for each that the study refuses.

        A LookupError counts as a refusal: a table of one run lacks a code of the other. Errors of the two runs
        themselves, which are not mixtures, are raised.
        """
        scores, refused = {}, {}
        for taken in unions([(stage,) for stage in differing]):
            try:
                scores[taken] = self.scores(taken)
            except (ValueError, LookupError) as error:
                if len(taken) in (0, len(differing)):
                    raise
                refused[taken] = str(error)
        return scores, refused

    def points(self, *ends: Taken) -> tuple[pd.DataFrame | None, ...]:
        """What each domain contributes to the score, in both runs; None where the score is not a weighted sum."""
        tables = []
        for taken in ends:
            settings, stages = self.mixed_settings(taken), self.stages(taken)
            additive = stages.rule(settings) == "arithmetic"
            tables.append(domain_points(stages, settings) if additive else None)
        return tuple(tables)

    @property
    def announced(self) -> tuple[str, ...]:
        """The warnings of all stages, each message once."""
        return tuple(dict.fromkeys(message for stages in self._stages.values() for message in stages.announced))


def domain_points(stages: Stages, settings: Settings) -> pd.DataFrame:
    """Points × weight summed by domain: cities × measured domains, whose sum is the arithmetic score."""
    weighted = stages.normalised(settings) * stages.weights(settings)
    domain = framework.ancestor(stages.tree(settings), "domain").reindex(weighted.columns)
    return settle(weighted.T.groupby(domain.to_numpy()).sum().T)


def differing_fields(first: Panel, second: Panel) -> list[str]:
    """The fields in which two panels differ."""
    if first is second:
        return []
    return [field.name for field in fields(Panel) if not same(getattr(first, field.name), getattr(second, field.name))]


def same(first: Any, second: Any) -> bool:
    """Equality, also of tables and of dictionaries of tables."""
    if isinstance(first, pd.DataFrame) or isinstance(second, pd.DataFrame):
        return isinstance(first, pd.DataFrame) and first.equals(second)
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    return bool(first == second)
