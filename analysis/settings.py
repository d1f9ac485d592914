"""Every choice of method in one typed place; nothing that changes a result is a literal in code.

A settings file is YAML with the sections below; settings/baseline.yaml lists every key with its unit and its reason.
Unknown, misspelt, missing or out-of-range keys are refused by name, with the nearest right one. A choice is written
`section.key` on the command line and `section_key` in a notebook's parameters cell.

Reference: docs/assumptions.md names the effect of each choice on the ranks.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from analysis.marks import about

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "settings" / "baseline.yaml"


# What can be asked of a panel of figures. Options, notebook cells and steps that need a trait name it.
TRAITS = {
    "public": "public statistics, read through proxies", "own": "values that come as they are",
    "china": "the repository's cities, all or some", "elsewhere": "other places",
    "paper": "the white paper's whole roster and tree, so that both can be compared", "unpublished": "no such list",
    "two_readings": "the paper's tree, in which one parent is ambiguous, with judgements for both readings",
    "regions": "cities sorted into regions", "synthetic": "simulated values, no facts about any city",
    "factual": "values about the places themselves, not simulated",
}
PUBLIC_TRAITS = frozenset({"public", "factual", "china", "paper", "two_readings", "regions"})


class SettingsError(ValueError):
    """A settings file or an override that cannot be used; the message names the key, the value and the remedy."""


# A code given as city=440300 is a number to YAML; it is text to the study.
CityText = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Indicators(Section):
    scale: Literal["per_resident", "total"]
    worst_grade: Literal["A", "B", "C", "D"]
    exclude: tuple[str, ...] = Field(strict=False)


class Treatment(Section):
    missing: Literal["nearest", "group_median", "lowest"]
    neighbours: int = Field(ge=1, le=50)
    indicator_coverage: float = Field(ge=0, le=1)
    city_coverage: float = Field(ge=0, le=1)
    outliers: Literal["winsorise", "log", "none"]
    skewness_limit: float = Field(gt=0)
    kurtosis_limit: float = Field(gt=0)
    winsorise_at_most: int = Field(ge=0, le=50)


class Normalisation(Section):
    method: Literal["minmax", "zscore", "rank"]
    lowest_points: float = Field(ge=0, le=50)


class Weighting(Section):
    subjective: Literal["ahp", "equal"]
    objective: Literal["entropy", "nested_entropy", "critic", "equal"]
    rule: Literal["linear", "multiplicative", "game_theory"]
    alpha: float = Field(ge=0, le=1)
    ahp_method: Literal["eigenvector", "geometric_mean"]
    consistency_limit: float = Field(gt=0, le=1)
    allow_inconsistent: bool
    unmeasured: Literal["keep_domains", "proportional"]
    data_centre_parent: Literal["S13", "S14"]


class Aggregation(Section):
    method: Literal["arithmetic", "geometric", "topsis"]


class Uncertainty(Section):
    draws: int = Field(ge=100, le=100_000_000)
    concentration: float = Field(ge=1)
    half_width: float = Field(ge=0, le=1)
    sobol_samples: int = Field(ge=2, le=2**16)
    bounds: float = Field(ge=0, le=1)
    top: int = Field(ge=1)
    seed: int = Field(ge=1)

    @model_validator(mode="after")
    def balanced_sequence(self) -> Uncertainty:
        if (samples := self.sobol_samples) & (samples - 1):
            below = 2 ** (samples.bit_length() - 1)
            raise ValueError(f"sobol_samples {samples} is no power of 2; use {below} or {2 * below}")
        return self


class Tiers(Section):
    k: int = Field(ge=2, le=12)
    k_smallest: int = Field(ge=2, le=12)
    k_largest: int = Field(ge=2, le=20)
    starts: int = Field(ge=1, le=10_000)
    references: int = Field(ge=2, le=10_000)
    resamples: int = Field(ge=2, le=10_000)
    draws: int = Field(ge=10, le=1_000_000)
    seed: int = Field(ge=1)

    @model_validator(mode="after")
    def range_of_k(self) -> Tiers:
        if self.k_smallest > self.k_largest:
            raise ValueError(f"k_smallest {self.k_smallest} is above k_largest {self.k_largest}; swap or correct them")
        return self


class Settings(Section):
    """All choices of one run. Build it with `load_settings`; `model_copy` or `with_overrides` make a variant."""

    edition: Literal["public", "synthetic", "own"]
    city: CityText
    indicators: Indicators
    treatment: Treatment
    normalisation: Normalisation
    weighting: Weighting
    aggregation: Aggregation
    uncertainty: Uncertainty
    tiers: Tiers


def flatten(settings: Settings | dict, prefix: str = "") -> dict[str, Any]:
    """Settings as one flat dictionary with dotted names, in the order of the file: `weighting.alpha` → 0.5."""
    items = settings.model_dump(mode="json") if isinstance(settings, Settings) else settings
    flat: dict[str, Any] = {}
    for key, value in items.items():
        name = f"{prefix}{key}"
        flat.update(flatten(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat


def nearest(name: str, known: list[str]) -> str:
    """The sentence that offers the nearest right name, or all of them where none is near."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known names: {', '.join(known)}"


def load_settings(path: Path = BASELINE, overrides: dict[str, Any] | None = None) -> Settings:
    """Read a settings file and apply overrides by dotted name.

    A file other than the baseline may name only the keys that it changes; all others keep the baseline's values.
    Raises SettingsError for an unreadable file, an unknown name (the nearest right one is offered) or a value outside
    its range; every problem of the file is reported at once.
    """
    values = read_yaml(BASELINE)
    known = list(flatten(values))
    is_baseline = Path(path).resolve() == BASELINE.resolve()
    changes = {} if is_baseline else flatten(read_yaml(Path(path)))
    source = "--set" if overrides and not changes else Path(path).name
    problems = []
    for name, value in {**changes, **(overrides or {})}.items():
        if name not in known:
            problems.append(f"{source}: unknown setting {name}: {nearest(name, known)}")
            continue
        *sections, key = name.split(".")
        section = values
        for part in sections:
            section = section[part]
        section[key] = value
    return validated(values, source, problems)


def validated(values: dict, source: str, problems: list[str] | None = None) -> Settings:
    """Settings from nested plain values; every problem, those already found included, is named in one SettingsError."""
    problems = list(problems or [])
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [f"{source}: {'.'.join(map(str, item['loc']))} = {item['input']!r}: {item['msg']}"
                     for item in error.errors(include_url=False)]
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def read_yaml(path: Path) -> dict:
    """A YAML file as plain values (safe loader: no tags, no code)."""
    if not path.is_file():
        offers = sorted(found.name for found in (ROOT / "settings").glob("*.yaml"))
        raise SettingsError(f"settings file {path.name} is not there; {nearest(path.name, offers)}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} is not UTF-8 (byte {error.start}); save it again as UTF-8") from None
    values = plain_yaml(text, path.name)
    if not isinstance(values, dict):
        raise SettingsError(f"{path.name}: a settings file is a mapping of sections, for example weighting: alpha: 0.5")
    return values


class PlainLoader(yaml.SafeLoader):
    """YAML as plain values only: no tags, no anchors, no key given twice."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not used in settings",
                                       problem_mark=self.peek_event().start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        doubled = [key for key in keys if keys.count(key) > 1]
        if doubled:
            raise yaml.MarkedYAMLError(problem=f"{doubled[0]} is given twice; keep one", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def plain_yaml(text: str, source: str) -> Any:
    """The plain values of a piece of YAML; anything else is refused in one sentence."""
    try:
        return yaml.load(text, PlainLoader)  # a SafeLoader: no tags, no code
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{source} cannot be read as plain YAML: {' '.join(str(error).split())}") from None


def parse_assignment(text: str) -> tuple[str, Any]:
    """`weighting.alpha=0.3` from the command line as a name and a value; the value is read as YAML would."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise SettingsError(f"--set {text}: write it as section.key=value, for example weighting.alpha=0.3")
    return name.strip(), plain_yaml(value, f"--set {text}")


def with_overrides(settings: Settings, changes: dict[str, Any], source: str = "") -> Settings:
    """The settings with some choices changed by dotted name, validated anew; `source` says where an unknown name is."""
    values = settings.model_dump(mode="json")
    for name, value in changes.items():
        *sections, key = name.split(".")
        section = values
        for part in sections:
            section = section.get(part, {})
        if key not in section:
            raise SettingsError(f"{source or 'settings'}: {name} is no setting; settings/baseline.yaml lists all")
        section[key] = value
    return validated(values, ", ".join(changes))


def differences(settings: Settings) -> dict[str, tuple[Any, Any]]:
    """The choices that differ from the baseline: dotted name → (baseline value, this run's value)."""
    base, here = flatten(load_settings()), flatten(settings)
    return {name: (base[name], value) for name, value in here.items() if value != base[name]}


def write_settings(settings: Settings, path: Path) -> None:
    """Write all choices of a run as a settings file that `load_settings` reads back unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(settings.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
    path.write_text("".join(f"# {mark}\n" for mark in about(settings.edition).values()) + text, encoding="utf-8")
