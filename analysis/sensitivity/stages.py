"""The stages of the study, each distinct one computed once.

Ten thousand variants of the method share few data sets: a stage depends on some of the choices only. `Stages` runs the
same functions as `study.score_study` and keeps every result by the choices that it depends on; a test holds both equal.

Reference: docs/method.md, section 6.4.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

import pandas as pd

from analysis import experts, indicators, study, weighting
from analysis.frames import settle
from analysis.panel import Panel, tree_of
from analysis.scoring import Rule, rank
from analysis.settings import Settings


class Stages:
    """The stages of one panel under any settings, computed when first asked for.

    A stage that refuses its input refuses again with the same error. Warnings of a stage are kept in `announced`
    instead of being printed once for each of thousands of variants: message → number of stages.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._kept: dict[Hashable, Any] = {}
        self._messages: dict[Hashable, list[str]] = {}

    @property
    def announced(self) -> dict[str, int]:
        """What the stages warned of: message → number of stages."""
        return dict(Counter(message for told in self._messages.values() for message in told))

    def compute(self, wanted: Iterable[Settings], workers: int) -> None:
        """Have the points and the weights of these settings ready. workers: processes; what they compute is what this
        process would. A refusal is kept like a result."""
        by_data: dict[Hashable, list[Settings]] = {}
        for settings in wanted:
            by_data.setdefault(self._data(settings), []).append(settings)
        if workers == 1 or len(by_data) < 2:
            return
        from joblib import Parallel, delayed

        for alike in by_data.values():  # shared by many data sets, and slow to read: here, once
            with suppress(ValueError):
                self.filled(alike[0])
        known = self.panel, dict(self._kept)
        for kept, messages in Parallel(n_jobs=workers, return_as="generator")(
                delayed(stages_of)(*known, alike) for alike in by_data.values()):
            for key in kept:
                if key not in self._kept:
                    self._kept[key] = kept[key]
                    self._messages[key] = messages.get(key, [])

    def tree(self, settings: Settings) -> pd.DataFrame:
        """The framework: one row per node."""
        parent = settings.weighting.data_centre_parent
        return self._once(("tree", parent), lambda: tree_of(self.panel, settings))

    def proxies(self, settings: Settings) -> pd.DataFrame:
        """The proxies in use, one row per indicator."""
        choices = settings.indicators
        return self._once(("proxies", choices.worst_grade, choices.exclude, choices.readings),
                          lambda: study.proxies_in_use(self.panel.proxies, settings))

    def raw(self, settings: Settings) -> pd.DataFrame:
        """Raw indicator values, cities × indicators that enough cities have."""
        proxies, scale = self.proxies(settings), settings.indicators.scale
        titles = settings.indicators.district_titles

        def read() -> pd.DataFrame:
            # Columns are independent: the others are not computed again when an indicator is left out or added.
            columns = [self._once(("column", scale, titles, code, *proxy.astype(str)), partial(
                indicators.indicator_values, self.panel.figures, self.panel.cities, proxy, scale, titles))
                for code, proxy in proxies.iterrows()]
            return study.well_covered(pd.concat(columns, axis=1), settings.treatment.indicator_coverage)

        return self._once(("raw", settings.indicators, settings.treatment.indicator_coverage), read)

    def filled(self, settings: Settings) -> pd.DataFrame:
        """Values without gaps, outliers not yet treated."""
        choices = settings.treatment
        key = "filled", settings.indicators, choices.indicator_coverage, choices.missing, choices.neighbours
        return self._once(key, lambda: study.fill_gaps(
            self.raw(settings), self.panel.cities, self.proxies(settings), settings)[0])

    def treated(self, settings: Settings) -> pd.DataFrame:
        """Values without gaps, outliers treated."""
        return self._once(self._data(settings), lambda: study.tame_outliers(
            self.raw(settings), self.filled(settings), self.tree(settings), settings)[0])

    def normalised(self, settings: Settings) -> pd.DataFrame:
        """Points, larger is better. Two settings with the same data set get the same object."""
        return self._once((*self._data(settings), settings.normalisation), lambda: study.normalise(
            self.treated(settings), self.tree(settings), settings))

    def objective(self, settings: Settings) -> pd.DataFrame:
        """Indicators × kinds of weights computed from the data."""
        key = (*self._data(settings), "objective", settings.weighting.data_centre_parent)
        return self._once(key, lambda: study.objective_weights(self.treated(settings), self.tree(settings)))

    def sparse(self, settings: Settings) -> list[str]:
        """The indicators of which entropy is not asked, as `study.sparse_indicators`."""
        key = (*self._data(settings), "sparse", settings.weighting.data_centre_parent)
        return self._once(key, lambda: study.sparse_indicators(self.treated(settings), self.tree(settings)))

    def judged(self, settings: Settings) -> pd.Series:
        """The experts' weights of the measured indicators."""
        measured, tree = self.treated(settings).columns, self.tree(settings)
        choices = settings.weighting
        other = choices.model_copy(update={"objective": None, "rule": None, "alpha": None, "sparse": None})
        return self._once(("judged", tuple(measured), other), lambda: experts.measured_weights(
            self.judged_tree(settings), tree, measured, subjective=choices.subjective,
            unmeasured=choices.unmeasured)["measured"])

    def judged_tree(self, settings: Settings) -> pd.DataFrame:
        """The experts' weights of every node of the tree, measured or not."""
        choices = settings.weighting
        key = ("judged tree", choices.data_centre_parent, choices.ahp_method, choices.consistency_limit,
               choices.allow_inconsistent)
        return self._once(key, lambda: experts.judged_tree(
            self.panel, self.tree(settings), method=choices.ahp_method, consistency_limit=choices.consistency_limit,
            allow_inconsistent=choices.allow_inconsistent, data_centre_parent=choices.data_centre_parent))

    def weights(self, settings: Settings) -> pd.Series:
        """The combined weights, as column `combined` of `study.weigh`. Two settings with the same
        weights get the same object."""
        choices = settings.weighting

        def combine() -> pd.Series:
            objective = self.objective(settings)
            judged = self.judged(settings).reindex(objective.index)
            chosen = study.computed_half(objective, judged, self.sparse(settings), choices)
            return settle(weighting.combine_weights(judged, chosen, choices.rule, choices.alpha))

        return self._once((*self._data(settings), choices), combine)

    def ranks(self, settings: Settings) -> pd.Series:
        """The ranks, as `score_study(panel, settings).ranks`."""
        return rank(study.score(self.normalised(settings), self.weights(settings), self.rule(settings)))

    def rule(self, settings: Settings) -> Rule:
        """How points become the score, as `study.rule_of`."""
        key = "rule", settings.aggregation, settings.weighting.data_centre_parent
        return self._once(key, lambda: study.rule_of(settings, self.tree(settings)))

    @staticmethod
    def _data(settings: Settings) -> tuple:
        return settings.indicators, settings.treatment

    def _once(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The kept result for the key; a ValueError, which the stages raise for input they refuse, is kept too."""
        if key not in self._kept:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    self._kept[key] = compute()
                except ValueError as error:
                    self._kept[key] = error
            self._messages[key] = [str(warning.message) for warning in caught]
        if isinstance(self._kept[key], ValueError):
            raise self._kept[key]
        return self._kept[key]


def stages_of(panel: Panel, known: dict[Hashable, Any], wanted: list[Settings]) -> tuple[dict, dict]:
    """In a process of its own: the stages of some settings that share a data set, beyond those known, and what they
    warned of, by key."""
    stages = Stages(panel)
    stages._kept |= known
    for settings in wanted:
        for stage in (stages.normalised, stages.weights, stages.rule):
            with suppress(ValueError):  # kept, and raised again where it is asked for
                stage(settings)
    new = [key for key in stages._kept if key not in known]
    return {key: stages._kept[key] for key in new}, {key: stages._messages.get(key, []) for key in new}
