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
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from analysis import experts, hierarchy, indicators, normalisation, reliability, study, weighting
from analysis.cleaning import CleaningRules
from analysis.frames import settled_numbers
from analysis.panel import Panel, figures_of, tree_of
from analysis.scoring import Rule, rank
from analysis.settings import Settings, Weighting


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
        if workers == 1:
            return
        by_data: dict[Hashable, list[Settings]] = {}
        for settings in wanted:
            by_data.setdefault(self._data(settings), []).append(settings)
        if len(by_data) < 2:
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

    def figures(self, settings: Settings) -> pd.DataFrame:
        """The cleaned figures."""
        return self._once(("figures", settings.cleaning), lambda: figures_of(self.panel, settings))

    def raw(self, settings: Settings) -> pd.DataFrame:
        """Raw indicator values, cities × indicators that enough cities have."""
        proxies, scale = self.proxies(settings), settings.indicators.scale
        titles = settings.indicators.district_titles

        def read() -> pd.DataFrame:
            # Columns are independent: the others are not computed again when an indicator is left out or added.
            # An indicator and a variable name one proxy of the panel.
            columns = {code: self._once(
                ("column", code, variable, settings.cleaning if variable == CleaningRules.series else None,
                 scale if measure.endswith("_per_resident") else None, titles if measure == "named" else None),
                partial(self.column, settings, code))
                for code, variable, measure in zip(proxies.index.tolist(), proxies["variable"].tolist(),
                                                   proxies["measure"].tolist(), strict=True)}
            values = pd.DataFrame(np.column_stack([*columns.values()]), self.panel.cities.index, list(columns))
            return study.well_covered(values, settings.treatment.indicator_coverage)

        return self._once(("raw", settings.cleaning, settings.indicators, settings.treatment.indicator_coverage), read)

    def column(self, settings: Settings, code: str) -> np.ndarray:
        """The raw values of one indicator."""
        return indicators.indicator_values(self.figures(settings), self.panel.cities, self.proxies(settings).loc[code],
                                           settings.indicators.scale, settings.indicators.district_titles).to_numpy()

    def reliabilities(self, settings: Settings) -> pd.DataFrame:
        """The reliability of every cell of the raw values, as `reliability.cell_reliabilities`."""
        raw, chosen = self.raw(settings), self.proxies(settings)

        def find(code: str) -> np.ndarray:
            return reliability.cell_reliability(self.panel, chosen.loc[code], raw[code]).to_numpy()

        columns = {code: self._once(("reliability", code, chosen.at[code, "variable"], two_valued), partial(find, code))
                   for code, two_valued in (raw.nunique() <= 2).items()}
        return pd.DataFrame(columns, raw.index)

    def filled(self, settings: Settings) -> pd.DataFrame:
        """Values without gaps, outliers not yet treated."""
        choices = settings.treatment
        key = ("filled", settings.cleaning, settings.indicators, choices.indicator_coverage, choices.missing,
               choices.neighbours)
        return self._once(key, lambda: study.fill_gaps(
            self.raw(settings), self.panel.cities, self.proxies(settings), settings)[0])

    def treated(self, settings: Settings) -> pd.DataFrame:
        """Values without gaps, outliers treated."""
        choices = settings.treatment.model_copy(update={"missing": None, "neighbours": None})

        def treat() -> pd.DataFrame:
            raw, filled, tree = self.raw(settings), self.filled(settings), self.tree(settings)
            key = "treated", choices, settings.weighting.data_centre_parent
            return self._by_column(key, filled, lambda columns: study.tame_outliers(
                raw[columns], filled[columns], tree, settings)[0], raw)

        return self._once(self._data(settings), treat)

    def normalised(self, settings: Settings) -> pd.DataFrame:
        """Points, larger is better. Two settings with the same data set get the same object."""
        def normalise() -> pd.DataFrame:
            treated, tree = self.treated(settings), self.tree(settings)
            key = "normalised", settings.normalisation, settings.weighting.data_centre_parent
            return self._by_column(key, treated, lambda columns: points(treated[columns], tree, settings))

        return self._once((*self._data(settings), settings.normalisation), normalise)

    def objective(self, settings: Settings) -> pd.DataFrame:
        """Indicators × kinds of weights computed from the data."""
        parent = settings.weighting.data_centre_parent

        def weigh() -> pd.DataFrame:
            treated, tree = self.treated(settings), self.tree(settings)
            unit = self._by_column(("unit", parent), treated, lambda columns: study.unit_values(treated[columns], tree))
            names = treated.columns.tolist()
            children = self._once(("children", parent, tuple(names)), lambda: hierarchy.children_of(tree, unit.columns))
            numbers = settled_numbers(kinds_of_weights(unit.to_numpy(), names, children))
            if not np.isfinite(numbers).all():
                return study.objective_weights(treated, tree)  # says what is wrong
            return pd.DataFrame(numbers, pd.Index(names, name="indicator"), list(study.OBJECTIVE_WEIGHTS))

        return self._once((*self._data(settings), "objective", parent), weigh)

    def sparse(self, settings: Settings) -> list[str]:
        """The indicators of which entropy is not asked, as `study.sparse_indicators`."""
        key = (*self._data(settings), "sparse", settings.weighting.data_centre_parent)
        return self._once(key, lambda: study.sparse_indicators(self.treated(settings), self.tree(settings)))

    def judged(self, settings: Settings) -> pd.Series:
        """The experts' weights of the measured indicators, in the order of the data."""
        measured, tree = self.treated(settings).columns, self.tree(settings)
        choices = settings.weighting
        return self._once(("judged", tuple(measured.tolist()), *judgement(choices)), lambda: experts.measured_weights(
            self.judged_tree(settings), tree, measured, subjective=choices.subjective,
            unmeasured=choices.unmeasured)["measured"].reindex(measured))

    def judged_tree(self, settings: Settings) -> pd.DataFrame:
        """The judged weights of every node of the tree, measured or not, of the experts in use."""
        choices = settings.weighting
        key = ("judged trees", choices.data_centre_parent, choices.ahp_method, choices.consistency_limit,
               choices.allow_inconsistent)
        trees = self._once(key, lambda: experts.judged_trees(
            self.panel, self.tree(settings), method=choices.ahp_method, consistency_limit=choices.consistency_limit,
            allow_inconsistent=choices.allow_inconsistent, data_centre_parent=choices.data_centre_parent))
        return experts.of_those_used(trees, choices.experts)

    def weights(self, settings: Settings) -> pd.Series:
        """The combined weights, as column `combined` of `study.weigh`. Two settings with the same
        weights get the same object."""
        choices = settings.weighting

        def combine() -> pd.Series:
            judged, computed = self.judged(settings), self.computed(settings)
            combined = weighting.combined_numbers(judged.to_numpy(), computed.to_numpy(), choices.rule, choices.alpha)
            return pd.Series(settled_numbers(combined), computed.index, name="weight")

        return self._once((*self._data(settings), choices), combine)

    def computed(self, settings: Settings) -> pd.Series:
        """The computed weights that are combined with the judged ones, as `study.computed_half`."""
        choices = settings.weighting
        asked = choices.sparse == "entropy" or choices.objective not in weighting.BY_ENTROPY
        key = *self._data(settings), "computed", choices.objective, *([] if asked else judgement(choices))
        return self._once(key, lambda: study.computed_half(
            self.objective(settings), self.judged(settings), self.sparse(settings), choices))

    def ranks(self, settings: Settings) -> pd.Series:
        """The ranks, as `score_study(panel, settings).ranks`."""
        return rank(study.score(self.normalised(settings), self.weights(settings), self.rule(settings)))

    def rule(self, settings: Settings) -> Rule:
        """How points become the score, as `study.rule_of`."""
        key = "rule", settings.aggregation, settings.normalisation.method, settings.weighting.data_centre_parent
        return self._once(key, lambda: study.rule_of(settings, self.tree(settings)))

    def _by_column(self, key: tuple, values: pd.DataFrame, compute: Callable[[list], pd.DataFrame],
                   also: pd.DataFrame | None = None) -> pd.DataFrame:
        """A stage that treats each column by itself, of the columns of `values` (and of the same ones of `also`): those
        that were the same before are not computed again."""
        numbers, seen = values.to_numpy(), None if also is None else also.to_numpy()
        keys = [("column", *key, code, digest(numbers[:, place]), None if seen is None else digest(seen[:, place]))
                for place, code in enumerate(values.columns.tolist())]
        new = [known[len(key) + 1] for known in keys if known not in self._kept]
        found = iter(compute(new).to_numpy().T if new else ())
        whole = np.column_stack([self._kept[known] if known in self._kept else next(found) for known in keys])
        for place, known in enumerate(keys):
            self._kept.setdefault(known, whole[:, place])  # a view: the numbers are kept once
        return pd.DataFrame(whole, values.index, values.columns)

    @staticmethod
    def _data(settings: Settings) -> tuple:
        return settings.cleaning, settings.indicators, settings.treatment

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


def points(treated: pd.DataFrame, tree: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """As `study.normalise`, without the checks of tables where nothing is to be refused."""
    choices, values = settings.normalisation, treated.to_numpy()
    varies = np.ptp(values, axis=0) > 1e-9 * np.abs(values).max(axis=0)  # false where a value is missing
    if choices.method == "goalposts" or "normalisation" in tree or not varies.all():
        return study.normalise(treated, tree, settings)
    signs = normalisation.signs_of(tree["direction"].reindex(treated.columns), treated.columns)
    numbers = normalisation.relative(pd.DataFrame(values * signs.to_numpy()), choices.method).to_numpy()
    low = choices.lowest_points / 100
    numbers = 50 + 10 * numbers if choices.method == "zscore" else 100 * (low + (1 - low) * numbers)
    return pd.DataFrame(settled_numbers(numbers), treated.index, treated.columns)


def digest(numbers: np.ndarray) -> bytes:
    """What tells an array from all others, in few bytes."""
    return blake2b(numbers.tobytes(), digest_size=16).digest()


def judgement(choices: Weighting) -> tuple:
    """The choices that the judged weights depend on."""
    return (choices.subjective, choices.experts, choices.unmeasured, choices.ahp_method, choices.data_centre_parent,
            choices.consistency_limit, choices.allow_inconsistent)


def kinds_of_weights(unit: np.ndarray, names: list[str], children: dict[str, list]) -> np.ndarray:
    """The columns of `study.objective_weights`, not settled, of values from 0 to 1 (cities × indicators): the same
    formulas without the checks of tables. Not finite where these would refuse something."""
    with np.errstate(all="ignore"):
        divergence = weighting.divergence_of(unit)
        local = hierarchy.nested_numbers(unit, names, children, lambda rows, _: shares_of(
            weighting.divergence_of(np.ascontiguousarray(rows.T))))
        nested = hierarchy.products_down(children, local)
        conflict = weighting.conflict_of(unit) if len(names) > 1 else np.ones(1)
        if conflict.max() < 1e-12 * len(names):
            conflict[:] = np.nan
        kinds = {"entropy": shares_of(divergence), "nested_entropy": np.array([nested[name] for name in names]),
                 "critic": shares_of(unit.std(axis=0, ddof=1) * conflict), "equal": np.full(len(names), 1 / len(names))}
    return np.column_stack([kinds[kind] for kind in study.OBJECTIVE_WEIGHTS])


def shares_of(numbers: np.ndarray) -> np.ndarray:
    """Numbers over their sum."""
    return numbers / numbers.sum()
