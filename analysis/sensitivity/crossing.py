"""The choices of method as factors with options and odds, and their combinations.

settings/alternatives.yaml names the options. A *combination* has one option of each factor, drawn by the odds of the
options, each factor by itself. Where few combinations exist all are taken, numbered in dictionary order, the last
factor changing fastest; where there are many, `sampling` draws some of them.

Reference: docs/method.md, section 6.4. Saisana, M., Saltelli, A. & Tarantola, S. (2005), JRSS A 168(2), 307–323.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.editions import PUBLIC_TRAITS
from analysis.panel import Panel
from analysis.settings import ROOT, Section, Settings, SettingsError, read_yaml, with_overrides

from .draws import SensitivityError

ALTERNATIVES = "settings/alternatives.yaml"
DATA_SECTIONS = ("cleaning", "indicators", "treatment")  # what is chosen there makes another data set
RUN = "run"


@dataclass(frozen=True)
class Listed:
    """A change of a setting that is a list: of the codes in `among` it holds `chosen` and no others. Codes that another
    factor or the run itself has put there stay."""

    chosen: tuple[str, ...]
    among: frozenset[str]

    def applied(self, present: Sequence[str]) -> tuple[str, ...]:
        """The list after the change: what stays keeps its order, what is new comes behind.

        >>> Listed(("I28",), frozenset(["I23", "I28"])).applied(("I23", "I33"))
        ('I33', 'I28')
        """
        kept = [code for code in present if code not in self.among or code in self.chosen]
        return (*kept, *(code for code in self.chosen if code not in kept))


@dataclass(frozen=True)
class Option:
    """One option of a choice: its key, its name in two languages, the settings it fixes, by dotted name, its odds
    relative to the other options of the factor (above 0), and how many cities it is offered for (None: any number)."""

    key: str
    zh: str
    en: str
    changes: Mapping[str, Any]
    odds: float = 1.0
    most_units: int | None = None

    def values(self, settings: Settings) -> dict[str, Any]:
        """The values that the option gives to the settings it fixes; lists depend on those of `settings`."""
        return {name: change.applied(listed(settings, name)) if isinstance(change, Listed) else change
                for name, change in self.changes.items()}


@dataclass(frozen=True)
class Factor:
    """A choice of method and its reasonable options."""

    key: str
    zh: str
    en: str
    options: tuple[Option, ...]

    @cached_property
    def shares(self) -> np.ndarray:
        """The probability of each option: its odds over their sum."""
        odds = np.array([option.odds for option in self.options])
        return odds / odds.sum()

    @property
    def is_even(self) -> bool:
        """Whether all options are equally likely."""
        return bool(np.ptp(self.shares) < 1e-12)

    @property
    def makes_data(self) -> bool:
        """Whether its options lead to other data sets, not only to other scores of one."""
        return any(name.split(".")[0] in DATA_SECTIONS for option in self.options for name in option.changes)

    def with_odds(self, odds: Mapping[str, float]) -> Factor:
        """The factor with other odds for some of its options, by key."""
        return replace(self, options=tuple(replace(option, odds=odds.get(option.key, option.odds))
                                           for option in self.options))


@dataclass(frozen=True)
class Crossing:
    """All combinations of the factors' options, all else as in `settings`."""

    settings: Settings
    factors: tuple[Factor, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The number of options of each factor."""
        return tuple(len(factor.options) for factor in self.factors)

    @property
    def possible(self) -> int:
        """The number of combinations that exist."""
        return int(np.prod(self.shape, dtype=object))

    @property
    def size(self) -> int:
        """The number of combinations that are taken: here all."""
        return self.possible

    @cached_property
    def places(self) -> np.ndarray:
        """Combinations × factors: which option, from 0."""
        if not self.factors:
            return np.zeros((1, 0), dtype=int)
        return np.column_stack(np.unravel_index(np.arange(self.size), self.shape))

    @cached_property
    def odds(self) -> np.ndarray:
        """The probability of each combination; they sum to 1."""
        shares = [factor.shares[self.places[:, place]] for place, factor in enumerate(self.factors)]
        return np.prod(shares, axis=0) if shares else np.ones(1)

    @property
    def replicates(self) -> int:
        """Into how many independent samples the combinations fall; 1 where they are all, and no sample."""
        return 1

    def options(self, combination: int) -> tuple[Option, ...]:
        """The option of each factor in a combination."""
        places = self.places[combination]
        return tuple(factor.options[place] for factor, place in zip(self.factors, places, strict=True))

    def settings_of(self, combination: int) -> Settings:
        """The settings of a combination."""
        return combined(self.settings, self.options(combination))

    @cached_property
    def usual(self) -> tuple[int, ...]:
        """Of each factor the option that the run itself has."""
        return tuple(next(place for place, option in enumerate(factor.options) if is_in_use(option, self.settings))
                     for factor in self.factors)

    @cached_property
    def base(self) -> int:
        """The combination that the run itself is."""
        return int(np.ravel_multi_index(self.usual, self.shape)) if self.factors else 0

    @property
    def independent(self) -> np.ndarray:
        """The numbers of combinations that were not made out of each other; here all."""
        return np.arange(self.size)

    def independent_ones(self) -> Crossing:
        """The crossing with these combinations alone, for an analysis that needs no indices."""
        return self

    def other_option(self, factor: str) -> Option:
        """The first option of a factor that the run does not have."""
        place = [each.key for each in self.factors].index(factor)
        return next(option for position, option in enumerate(self.factors[place].options)
                    if position != self.usual[place])

    def without(self, factors: Sequence[str]) -> Crossing:
        """The crossing of the other factors; these stay as in the run."""
        return Crossing(self.settings, tuple(each for each in self.factors if each.key not in factors))

    def listing(self) -> pd.DataFrame:
        """The factors and their options in words: index factor; choice_zh, choice_en, options_zh, options_en, the last
        two with the odds in per cent where they are not equal."""
        rows = {factor.key: {"choice_zh": factor.zh, "choice_en": factor.en,
                             "options_zh": "、".join(in_words(factor, "zh", "（{:.0%}）")),
                             "options_en": ", ".join(in_words(factor, "en", " ({:.0%})"))}
                for factor in self.factors}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("factor")

    def table(self) -> pd.DataFrame:
        """Combinations × factors: the keys of the options."""
        columns = {factor.key: np.array([option.key for option in factor.options])[self.places[:, place]]
                   for place, factor in enumerate(self.factors)}
        return pd.DataFrame(columns, pd.RangeIndex(self.size, name="scenario"))


def in_words(factor: Factor, lang: str, share: str) -> list[str]:
    """The options of a factor by name, each with its odds where they differ."""
    return [getattr(option, lang) + ("" if factor.is_even else share.format(chance))
            for option, chance in zip(factor.options, factor.shares, strict=True)]


def read_alternatives(root: Path = ROOT, traits: frozenset[str] = PUBLIC_TRAITS,
                      experts: pd.DataFrame | None = None) -> list[Option]:
    """The options that are tried one at a time, restricted to those that apply to a panel with these traits; `experts`
    are those whose judgements are tried alone (`Panel.experts`)."""
    return options_of(read_yaml(root / ALTERNATIVES)["one_at_a_time"], traits, pd.DataFrame() if experts is None else
                      experts)


def read_crossing(settings: Settings, panel: Panel, odds: Sequence[str] | None = None) -> Crossing:
    """The factors of settings/alternatives.yaml around a run, restricted to those that apply to its panel.

    Where no option of a factor is what the run has, the run's own choice is added as option `run`. A factor of `pairs`
    has every pair of its two lists that the settings do not refuse, each once; of other factors, options that the
    settings refuse are refused here, by name. A factor of which one option is left is none. `odds` go
    before those of the settings (uncertainty.odds).
    """
    factors = []
    for row in meant(read_yaml(panel.root / ALTERNATIVES)["crossed"], panel.traits):
        if "pairs" in row:
            first, second = (with_own(options_of(rows, panel.traits, panel.experts), settings) for rows in row["pairs"])
            options = possible_pairs(first, second, settings)
        else:
            options = options_of(row["options"], panel.traits, panel.experts)
            for option in options:
                with_overrides(settings, option.values(settings), ALTERNATIVES)
            options = with_own(options, settings)
        if len(options) > 1:
            factors.append(Factor(row["key"], row["zh"], row["en"], tuple(options)))
    return with_odds(Crossing(settings, tuple(factors)), settings.uncertainty.odds if odds is None else odds)


def with_odds(crossing: Crossing, given: Sequence[str]) -> Crossing:
    """The crossing with other odds for some options, each given as `factor.option=number`, relative to the others."""
    factors = {factor.key: factor for factor in crossing.factors}
    for text in given:
        name, number = text.split("=")
        key, option = name.split(".")
        if key not in factors:
            raise SensitivityError(f"uncertainty.odds, {text}: the choices crossed are {', '.join(factors)}")
        if option not in (known := [each.key for each in factors[key].options]):
            raise SensitivityError(f"uncertainty.odds, {text}: the options of {key} are {', '.join(known)}")
        if not float(number) > 0:
            raise SensitivityError(f"uncertainty.odds, {text}: odds are above 0; an option that shall not occur "
                                   f"goes out of {ALTERNATIVES}")
        factors[key] = factors[key].with_odds({option: float(number)})
    return Crossing(crossing.settings, tuple(factors.values()))


def meant(rows: list[dict], traits: frozenset[str]) -> list[dict]:
    """The rows of the file that apply to every panel or to one with these traits (see `panel.Panel`)."""
    return [row for row in rows if row.get("only") is None or row["only"] in traits]


def options_of(rows: list[dict], traits: frozenset[str], experts: pd.DataFrame) -> list[Option]:
    """The options that rows of the file mean for a panel: one each, but of a row `each: experts` one for every expert
    where there are several."""
    found = []
    for row in meant(rows, traits):
        if row.get("each") == "experts":
            found += [expert_alone(row, expert, names) for expert, names in experts.iterrows() if len(experts) > 1]
        else:
            found.append(option_of(row))
    among: dict[str, set[str]] = {}
    for option in found:
        for name, change in option.changes.items():
            if isinstance(change, tuple):
                among.setdefault(name, set()).update(change)
    return [replace(option, changes={
        name: Listed(change, frozenset(among[name])) if isinstance(change, tuple) else change
        for name, change in option.changes.items()}) for option in found]


def expert_alone(row: dict, expert: str, names: pd.Series) -> Option:
    """The option of one expert's judgements, out of the row for all."""
    words = {lang: row[lang].replace("EXPERT", str(names[f"name_{lang}"])) for lang in ("zh", "en")}
    changes = {name: expert if value == "EXPERT" else value for name, value in row["set"].items()}
    return option_of(row | words | {"key": f"expert_{expert}", "set": changes})


def option_of(row: dict) -> Option:
    """An option from its row in the file."""
    if missing := {"key", "zh", "en", "set"} - set(row):
        raise SensitivityError(f"{ALTERNATIVES}, option {row.get('key', row)}: {', '.join(sorted(missing))} missing")
    odds = row.get("odds", 1)
    if isinstance(odds, bool) or not isinstance(odds, int | float) or not 0 < odds < float("inf"):
        raise SensitivityError(f"{ALTERNATIVES}, option {row['key']}: odds {odds!r}; give a number above 0, or take "
                               "the option out of the file")
    changes = {name: tuple(value) if isinstance(value, list) else value for name, value in row["set"].items()}
    return Option(str(row["key"]), row["zh"], row["en"], changes, float(odds), row.get("most_units"))


def with_own(options: list[Option], settings: Settings) -> list[Option]:
    """The options, and the run's own where it is none of them, as likely as the average of the others."""
    if any(is_in_use(option, settings) for option in options):
        return options
    odds = sum(option.odds for option in options) / max(len(options), 1) or 1.0
    return [*options, Option(RUN, "本次设定", "this run", {}, odds)]


def possible_pairs(first: list[Option], second: list[Option], settings: Settings) -> list[Option]:
    """Every pair of options of two lists that the settings do not refuse, as likely as both together. Where the second
    fixes what the first varies, the pair is there once."""
    pairs: dict[Settings, Option] = {}
    for one, other in product(first, second):
        changes = {**one.changes, **other.changes}
        pair = Option(f"{one.key}_{other.key}", f"{one.zh}·{other.zh}", f"{one.en}, {other.en}", changes,
                      one.odds * other.odds)
        try:
            pairs.setdefault(with_overrides(settings, pair.values(settings), ALTERNATIVES), pair)
        except SettingsError:
            continue
    return list(pairs.values())


def is_in_use(option: Option, settings: Settings) -> bool:
    """Whether the settings already have the option's values."""
    return combined(settings, (option,)) == settings


def listed(settings: Settings, name: str) -> tuple[str, ...]:
    """The value of a setting that is a list, by dotted name."""
    section, key = name.split(".")
    return tuple(getattr(getattr(settings, section), key))


def combined(settings: Settings, options: tuple[Option, ...]) -> Settings:
    """The settings with all options applied; options were validated when read, so sections are only copied."""
    sections: dict[str, dict[str, Any]] = {}
    for option in options:
        for name, value in option.changes.items():
            section, key = name.split(".")
            changed = sections.setdefault(section, {})
            if isinstance(value, Listed):
                value = value.applied(changed.get(key, listed(settings, name)))
            changed[key] = value
    return settings.model_copy(update={
        section: revised(getattr(settings, section), tuple(changes.items())) for section, changes in sections.items()})


@cache
def revised(section: Section, changes: tuple[tuple[str, Any], ...]) -> Section:
    """A section with some keys changed: the same object for the same changes, which makes it quick to look up."""
    return section.model_copy(update=dict(changes))
