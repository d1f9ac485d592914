"""The choices of method as factors with options, and all their combinations.

settings/alternatives.yaml names the options. A *combination* has one option of each factor; combinations are numbered
in dictionary order, the last factor changing fastest.

Reference: docs/method.md, section 6.4. Saisana, M., Saltelli, A. & Tarantola, S. (2005), JRSS A 168(2), 307–323.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.editions import PUBLIC_TRAITS
from analysis.settings import ROOT, Section, Settings, read_yaml, with_overrides

from .draws import SensitivityError

ALTERNATIVES = "settings/alternatives.yaml"


@dataclass(frozen=True)
class Option:
    """One option of a choice: its key, its name in two languages and the settings it fixes, by dotted name;
    `most_units`, how many cities it is offered for (None: any number)."""

    key: str
    zh: str
    en: str
    changes: dict[str, Any]
    most_units: int | None = None


@dataclass(frozen=True)
class Factor:
    """A choice of method and its reasonable options."""

    key: str
    zh: str
    en: str
    options: tuple[Option, ...]


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
    def size(self) -> int:
        """The number of combinations."""
        return int(np.prod(self.shape))

    def options(self, combination: int) -> tuple[Option, ...]:
        """The option of each factor in a combination."""
        return self.combinations[combination]

    @cached_property
    def combinations(self) -> list[tuple[Option, ...]]:
        """Every combination, in the order of their numbers."""
        return list(product(*(factor.options for factor in self.factors)))

    def settings_of(self, combination: int) -> Settings:
        """The settings of a combination."""
        return combined(self.settings, self.options(combination))

    @cached_property
    def base(self) -> int:
        """The combination that the run itself is."""
        places = [next(place for place, option in enumerate(factor.options) if is_in_use(option, self.settings))
                  for factor in self.factors]
        return int(np.ravel_multi_index(places, self.shape))

    def listing(self) -> pd.DataFrame:
        """The factors and their options in words: index factor; choice_zh, choice_en, options_zh, options_en."""
        rows = {factor.key: {"choice_zh": factor.zh, "choice_en": factor.en,
                             "options_zh": "、".join(option.zh for option in factor.options),
                             "options_en": ", ".join(option.en for option in factor.options)}
                for factor in self.factors}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("factor")

    def table(self) -> pd.DataFrame:
        """Combinations × factors: the keys of the options."""
        places = np.unravel_index(np.arange(self.size), self.shape)
        columns = {factor.key: np.array([option.key for option in factor.options])[place]
                   for factor, place in zip(self.factors, places, strict=True)}
        return pd.DataFrame(columns, pd.RangeIndex(self.size, name="scenario"))


def read_alternatives(root: Path = ROOT, traits: frozenset[str] = PUBLIC_TRAITS) -> list[Option]:
    """The options that are tried one at a time, restricted to those that apply to a panel with these traits."""
    return [option_of(row) for row in meant(read_yaml(root / ALTERNATIVES)["one_at_a_time"], traits)]


def read_crossing(settings: Settings, root: Path = ROOT, traits: frozenset[str] = PUBLIC_TRAITS) -> Crossing:
    """The factors of settings/alternatives.yaml around a run, restricted to those that apply to its panel. Where no
    option of a factor is what the run has, the run's own choice is added as option `run`; options that the settings
    refuse are refused here, by name."""
    factors = []
    for row in meant(read_yaml(root / ALTERNATIVES)["crossed"], traits):
        options = [option_of(each) for each in meant(row["options"], traits)]
        for option in options:
            with_overrides(settings, option.changes, ALTERNATIVES)
        if not any(is_in_use(option, settings) for option in options):
            options.append(Option("run", "本次设定", "this run", {}))
        factors.append(Factor(row["key"], row["zh"], row["en"], tuple(options)))
    return Crossing(settings, tuple(factors))


def meant(rows: list[dict], traits: frozenset[str]) -> list[dict]:
    """The rows of the file that apply to every panel or to one with these traits (see `panel.Panel`)."""
    return [row for row in rows if row.get("only") is None or row["only"] in traits]


def option_of(row: dict) -> Option:
    """An option from its row in the file."""
    if missing := {"key", "zh", "en", "set"} - set(row):
        raise SensitivityError(f"{ALTERNATIVES}, option {row.get('key', row)}: {', '.join(sorted(missing))} missing")
    changes = {name: tuple(value) if isinstance(value, list) else value for name, value in row["set"].items()}
    return Option(str(row["key"]), row["zh"], row["en"], changes, row.get("most_units"))


def is_in_use(option: Option, settings: Settings) -> bool:
    """Whether the settings already have the option's values."""
    return with_overrides(settings, option.changes, ALTERNATIVES) == settings


def combined(settings: Settings, options: tuple[Option, ...]) -> Settings:
    """The settings with all options applied; options were validated when read, so sections are only copied."""
    sections: dict[str, dict[str, Any]] = {}
    for option in options:
        for name, value in option.changes.items():
            section, key = name.split(".")
            sections.setdefault(section, {})[key] = value
    return settings.model_copy(update={
        section: revised(getattr(settings, section), tuple(changes.items())) for section, changes in sections.items()})


@cache
def revised(section: Section, changes: tuple[tuple[str, Any], ...]) -> Section:
    """A section with some keys changed: the same object for the same changes, which makes it quick to look up."""
    return section.model_copy(update=dict(changes))
