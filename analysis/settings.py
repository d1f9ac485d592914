"""Every choice of method in one typed place; nothing that changes a result is a literal in code.

A settings file is YAML with the sections below; settings/baseline.yaml lists every key with its unit and its reason.
Unknown, misspelt, missing or out-of-range keys are refused, and the nearest valid name is offered. A choice is written
`section.key` on the command line and `section_key` in a notebook's parameters cell.

Reference: docs/assumptions.md names the effect of each choice on the ranks.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from analysis.editions import Edition, about

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "settings" / "baseline.yaml"

ODDS = r"^[a-z_0-9]+\.[A-Za-z_0-9]+=\d+(\.\d+)?$"  # factor.option=number, as in settings/alternatives.yaml


class SettingsError(ValueError):
    """A settings file or an override that cannot be used; the message names the key, the value and the remedy."""


# A code given as city=440300 is a number to YAML; it is text to the study.
CityText = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def choice(zh: str, en: str, **bounds: Any) -> Any:
    """A field of the settings with its meaning in both languages; notebooks print it beside their parameters."""
    return Field(description=en, json_schema_extra={"zh": zh}, **bounds)


class Indicators(Section):
    scale: Literal["per_resident", "total"] = choice(
        "人均，还是总量", "for each resident, or in total")
    worst_grade: Literal["A", "B", "C", "D"] = choice(
        "最低可用的代理变量等级", "proxies of a worse grade stay out of the index")
    exclude: tuple[str, ...] = choice(
        '不用的指标代码，如 ["I23", "I28"]', 'codes of indicators left out, such as ["I23", "I28"]', strict=False)
    readings: tuple[str, ...] = choice(
        "改用的备选变量", "alternative variables read instead of the main ones", strict=False)
    district_titles: Literal["missing", "named", "not_named"] = choice(
        "只点到其区的城市", "city named by its districts")


class Cleaning(Section):
    agreement_factor: float = choice(
        "一市各年最多相差几倍，超过即剔除", "years of a city may differ by this factor at most", gt=1)
    majority_factor: float = choice(
        "与本市中位数相差几倍以内算一致", "years within it of the city's median agree", gt=1)
    believable_factor: float = choice("一致各年的水平与常态城市最多相差几倍",
                                      "their level may be this far from the typical city's", gt=1)
    typical_limit: float = choice("人均值超过中位城市的几倍即不可能",
                                  "above this multiple of the median city's: impossible", gt=1)


class Treatment(Section):
    missing: Literal["nearest", "regression", "matching", "group_median", "lowest"] = choice(
        "补缺", "gaps")
    neighbours: int = choice("给值城市的个数", "cities whose median fills a gap", ge=1, le=50)
    indicator_coverage: float = choice(
        "有值城市的份额低于此的指标不用", "indicators that fewer cities have are left out", ge=0, le=1)
    city_coverage: float = choice(
        "有值指标的份额低于此的城市加注", "cities that have fewer indicators are flagged", ge=0, le=1)
    outliers: Literal["winsorise", "log", "none"] = choice(
        "离群值怎样处理", "how outliers are treated")
    skewness_limit: float = choice("偏度绝对值超过它且峰度超过下一项才处理",
                                   "treated above this |skewness| and the next", gt=0)
    kurtosis_limit: float = choice("超额峰度的界限", "and above this excess kurtosis", gt=0)
    winsorise_at_most: int = choice("每项指标最多缩尾几个值，再多就取对数",
                                    "values winsorised per indicator; beyond, the logarithm", ge=0, le=50)


class Normalisation(Section):
    method: Literal["minmax", "zscore", "rank", "goalposts"] = choice(
        "怎样化到同一尺度", "how values come to a scale")
    lowest_points: float = choice("最低城市的分数；几何平均须大于 0",
                                  "lowest city's points; more than 0 for geometric means", ge=0, le=50)


class Weighting(Section):
    subjective: Literal["ahp", "equal", "given"] = choice("由判断决定的权重", "what judgement decides")
    objective: Literal["entropy", "nested_entropy", "critic", "equal"] = choice(
        "由数据决定的权重", "what the data decide")
    sparse: Literal["judged", "entropy"] = choice(
        "过半同为最低值者的数据权重", "computed weight where most are lowest")
    rule: Literal["linear", "multiplicative", "game_theory"] = choice(
        "两组权重如何结合", "how both are combined")
    alpha: float = choice("线性结合中判断权重的份额", "share of the judged weights in the linear rule", ge=0, le=1)
    ahp_method: Literal["eigenvector", "geometric_mean"] = choice(
        "判断矩阵如何变成权重", "from judgements to weights")
    consistency_limit: float = choice(
        "CR 达到它的矩阵使运行停止", "a matrix whose CR reaches it stops the run", gt=0, le=1)
    allow_inconsistent: bool = choice("不一致的矩阵照用并列出", "use inconsistent matrices all the same, and list them")
    unmeasured: Literal["keep_domains", "proportional"] = choice(
        "没有数据的指标，其权重归谁",
        "weight of the unmeasured")
    experts: str = choice(
        "全部专家（all），或只用其中一位：其代码", "all experts together, or the code of one alone", min_length=1)
    data_centre_parent: Literal["S13", "S14"] = choice(
        "城市数据中心（I32）的上级，原表有歧义", "parent of I32, city data centres")


class Aggregation(Section):
    method: Literal["arithmetic", "geometric", "topsis", "borda", "mazziotta_pareto", "benefit_of_doubt"] = choice(
        "如何汇总为总分；后三种不用权重", "how points become a score; the last three need no weights")
    domains: Literal["same", "arithmetic", "geometric"] = choice(
        "领域得分怎样汇总为总分", "how domain scores become the total")


class Uncertainty(Section):
    draws: int = choice("抽样次数", "number of draws", ge=100, le=100_000_000)
    concentration: float = choice("狄利克雷集中度；100 使 0.20 的权重浮动约 0.04",
                                  "Dirichlet; 100 moves a weight of 0.20 by about 0.04", ge=1)
    data: Literal["grades", "none"] = choice(
        "数据的误差：按信度与缺口重抽，或不计", "error of the data: drawn, or not")
    data_sets: int = choice("可能的数据集个数，抽样次数由它们分担",
                            "plausible data sets, which share the draws", ge=10, le=1_000_000)
    half_width: float = choice(
        "另一种浮动：每项权重乘以 1±此值", "the other noise: every weight times 1 ± this", ge=0, le=1)
    sobol_samples: int = choice("权重索博尔指数的样本数，须为 2 的幂",
                                "base points of the Sobol indices, a power of 2", ge=2, le=2**16)
    bounds: float = choice(
        "可达名次：每项权重可变动的份额", "attainable ranks: share by which every weight may vary", ge=0, le=1)
    top: int = choice("截止线：报告进入前几名的概率", "the cut whose probability is reported", ge=1)
    odds: tuple[Annotated[str, Field(pattern=ODDS)], ...] = choice(
        "改动选项的权重，写法见 settings/baseline.yaml", "other odds of options, as settings/baseline.yaml shows",
        strict=False)
    replicates: int = choice(
        "组合太多只能抽样时，独立部分的个数", "independent samples of combinations, if not all are taken",
        ge=3, le=1000)
    seed: int = choice("随机种子", "seed of the draws", ge=1)

    @model_validator(mode="after")
    def balanced_sequence(self) -> Uncertainty:
        if (samples := self.sobol_samples) & (samples - 1):
            below = 2 ** (samples.bit_length() - 1)
            raise ValueError(f"sobol_samples {samples} is no power of 2; use {below} or {2 * below}")
        return self


class Regions(Section):
    neighbours: int = choice("空间分析中每座城市的邻居数", "nearest neighbours of a city in space", ge=1, le=50)


class Tiers(Section):
    k: int = choice("层数", "number of tiers", ge=2, le=12)
    k_smallest: int = choice("比较的层数从几起", "smallest number of tiers compared", ge=2, le=12)
    k_largest: int = choice("到几止", "largest number of tiers compared", ge=2, le=20)
    starts: int = choice(
        "k 均值的初始化次数；太少会错过最优", "k-means starts; fewer miss the optimum", ge=1, le=10_000)
    references: int = choice("间隙统计量的参照数据集数", "reference data sets of the gap statistic", ge=2, le=10_000)
    resamples: int = choice("稳定性的自助样本数", "bootstrap resamples of the stability", ge=2, le=10_000)
    draws: int = choice("分层概率的抽样次数", "draws for the probability of each tier", ge=10, le=1_000_000)
    seed: int = choice("随机种子", "seed of k-means, references, resamples and draws", ge=1)

    @model_validator(mode="after")
    def range_of_k(self) -> Tiers:
        if self.k_smallest > self.k_largest:
            raise ValueError(f"k_smallest {self.k_smallest} is above k_largest {self.k_largest}; swap or correct them")
        return self


class Parts(Section):
    """What a run computes beside scores and ranks. What grows with the square of the cities, or takes long, can be
    left off or reduced; a study of more than a few thousand cities reduces some of it by itself (docs/own_data.md)."""

    rank_classes: int = choice("各名次的概率合为几类；0 为每个名次各自",
                               "classes of ranks whose chances are kept; 0: every rank", ge=0, le=1_000)
    scenario_ranks: bool = choice("写出每座城市在每种组合下的名次",
                                  "ranks of every city in every combination as a table")
    leaving_out: bool = choice("逐一去掉指标、分项与领域", "leave out indicators, sub-domains and domains")
    cities_left_out: int = choice("逐一去掉的城市至多几座", "cities left out one at a time, at most", ge=0)
    choice_indices: Literal["cities", "mean", "none"] = choice(
        "选择的索博尔指数", "Sobol indices of the choices")
    weight_indices: bool = choice("权重的索博尔指数", "Sobol indices of the weights")
    attainable_ranks: bool = choice("可达名次与最小改变", "attainable ranks and smallest changes of weights")
    choice_of_k: bool = choice("比较各层数的准则", "compare the criteria for the number of tiers")
    profiles: int = choice("至多几座城市各有一页", "cities that have a page of their own, at most", ge=0, le=10_000)


def text(zh: str, en: str) -> Any:
    """A text that a study may give itself, with its meaning in both languages; None where it gives none."""
    return Field(default=None, max_length=200, description=en, json_schema_extra={"zh": zh})


Text = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | float | date) else value)]


class Study(Section):
    """What a study is called and what it compares, in words. Nothing here changes a number; what is not given is the
    repository's own, or left out."""

    title_zh: Text | None = text("标题", "title, in Chinese")
    title_en: Text | None = text("英文标题", "title, in English")
    subtitle_zh: Text | None = text("副标题", "subtitle, in Chinese")
    subtitle_en: Text | None = text("英文副标题", "subtitle, in English")
    authors_zh: Text | None = text("作者", "authors, in Chinese")
    authors_en: Text | None = text("作者（英文）", "authors, in English")
    organisation_zh: Text | None = text("机构", "organisation, in Chinese")
    organisation_en: Text | None = text("机构（英文）", "organisation, in English")
    date_zh: Text | None = text("日期，照印", "date as it is to be printed, in Chinese")
    date_en: Text | None = text("日期（英文），照印", "date as it is to be printed, in English")
    unit_zh: Text | None = text("所比较的单位，如 国家、县、企业", "what is compared, in Chinese: 国家, 县, 企业")
    unit_en: Text | None = text("单位的英文名，如 country", "what is compared, in English: country, county, firm")
    units_en: Text | None = text("单位的英文复数，如 countries", "several of them, in English: countries")
    list_zh: Text | None = text("截止名次以内的名单叫什么，如 百强名单", "the list within the cut, in Chinese")
    list_en: Text | None = text("名单的英文名，如 the hundred", "what the list is called, in English: the hundred")
    source_zh: Text | None = text("数据来源，照印", "where the figures come from, in Chinese")
    source_en: Text | None = text("数据来源（英文），照印", "where the figures come from, in English")

    def said(self, name: str, lang: str) -> str | None:
        """A text in one language, else in the other; None where the study gives neither."""
        return getattr(self, f"{name}_{lang}") or getattr(self, f"{name}_zh") or getattr(self, f"{name}_en")


def refuse_ratios_of_z_scores(settings: Settings) -> None:
    """Raise ValueError for a geometric mean of z-scores: it would hang on the 50 ± 10 that they are printed on."""
    if settings.normalisation.method == "zscore" and "geometric" in (settings.aggregation.method,
                                                                     settings.aggregation.domains):
        raise ValueError("a geometric mean compares by ratios, and z-scores have no zero to take them from; set "
                         "normalisation.method to minmax, rank or goalposts (with lowest_points = 1)")


class Settings(Section):
    """All choices of one run, and the words of its study. Build it with `load_settings`; `with_overrides` makes a
    variant."""

    edition: Edition = choice("数据版本", "edition of the data", strict=False)
    city: CityText = choice("逐步手工核对的城市：名称或代码", "city followed by hand: name or code")
    cleaning: Cleaning
    indicators: Indicators
    treatment: Treatment
    normalisation: Normalisation
    weighting: Weighting
    aggregation: Aggregation
    uncertainty: Uncertainty
    tiers: Tiers
    regions: Regions
    parts: Parts
    study: Study | None = None

    @model_validator(mode="after")
    def a_zero_for_ratios(self) -> Settings:
        refuse_ratios_of_z_scores(self)
        return self

    @property
    def words(self) -> Study:
        """What the study calls itself and what it compares."""
        return self.study or Study()


@dataclass(frozen=True)
class Choice:
    """What one setting may be: its Python type, its options or its range in words, and its meaning."""

    name: str
    type: type
    options: tuple[str, ...]
    range: str
    zh: str
    en: str

    def allowed(self) -> str:
        """Options or range, such as `linear | multiplicative` or `0–1`; empty where there is neither."""
        return " | ".join(self.options) or self.range


def choices(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, Choice]:
    """Every setting by dotted name, in the order of the settings file."""
    found: dict[str, Choice] = {}
    for key, field in model.model_fields.items():
        if key == "study":  # words, no choices
            continue
        name, kind, meaning = f"{prefix}{key}", cast(Any, field.annotation), cast(dict, field.json_schema_extra)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= choices(kind, f"{name}.")
            continue
        options = get_args(kind) if get_origin(kind) is Literal else tuple(map(str, Edition)) if kind is Edition else ()
        plain = str if options else list if get_origin(kind) is tuple else kind
        found[name] = Choice(name, plain, options, range_in_words(field), meaning["zh"],
                             field.description or "")
    return found


def range_in_words(field: FieldInfo) -> str:
    """The bounds of a number: `0–1`, `≥ 1`, `> 0`; empty without any."""
    bounds = {name: getattr(each, name) for each in field.metadata for name in ("ge", "gt", "le", "lt")
              if hasattr(each, name)}
    least, most = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    if least is None:
        return ""
    sign = "≥" if "ge" in bounds else ">"
    if most is None:
        return f"{sign} {least:g}"
    return f"{least:,}–{most:,}" if "ge" in bounds else f"> {least:g}, ≤ {most:g}"


def flatten(settings: Settings | dict, prefix: str = "") -> dict[str, Any]:
    """Settings as one flat dictionary with dotted names, in the order of the file: `weighting.alpha` → 0.5; of the
    study's words those that are given."""
    items = as_plain(settings) if isinstance(settings, Settings) else settings
    flat: dict[str, Any] = {}
    for key, value in items.items():
        name = f"{prefix}{key}"
        flat.update(flatten(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat


def as_plain(settings: Settings) -> dict[str, Any]:
    """Settings as nested plain values, without the words that the study does not give."""
    return settings.model_dump(mode="json", exclude_none=True)


def nearest(name: str, known: list[str]) -> str:
    """A sentence that offers the nearest valid name, or lists all of them where none is near."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known names: {', '.join(known)}"


def load_settings(path: Path = BASELINE, overrides: dict[str, Any] | None = None) -> Settings:
    """Read a settings file and apply overrides, such as those of the command line, by dotted name.

    A file other than the baseline may name only the keys that it changes; all others keep the baseline's values.
    Raises SettingsError for an unreadable file, an unknown name (the nearest valid one is offered) or a value outside
    its range; every problem of the file is reported at once.
    """
    values = read_yaml(BASELINE)
    known = [*flatten(values), *(f"study.{key}" for key in Study.model_fields)]
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
            section = section.setdefault(part, {})
        section[key] = value
    return validated(values, source, problems)


def named_choices(path: Path, overrides: dict[str, Any]) -> frozenset[str]:
    """The choices that a settings file other than the baseline or an override names, whatever their values."""
    is_baseline = Path(path).resolve() == BASELINE.resolve()
    return frozenset(overrides).union(() if is_baseline else flatten(read_yaml(Path(path))))


def validated(values: dict, source: str, problems: list[str] | None = None) -> Settings:
    """Settings from nested plain values; every problem, those already found included, is named in one SettingsError."""
    problems = list(problems or [])
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [f"{source}: " + (f"{'.'.join(map(str, item['loc']))} = {item['input']!r}: " if item["loc"] else "")
                     + item["msg"] for item in error.errors(include_url=False)]
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
    if values is None and text.strip():  # nothing but remarks
        values = {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path.name}: a settings file is a mapping of sections, for example weighting: alpha: 0.5")
    return values


class PlainLoader(yaml.SafeLoader):
    """YAML as plain values only: no tags, no anchors, no key given twice."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not used in settings",
                                       problem_mark=self.peek_event().start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict:
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
    """`weighting.alpha=0.3` from the command line as a name and a value; the value is read as YAML."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise SettingsError(f"--set {text}: write it as section.key=value, for example weighting.alpha=0.3")
    return name.strip(), plain_yaml(value, f"--set {text}")


def with_overrides(settings: Settings, changes: dict[str, Any], source: str = "") -> Settings:
    """The settings with some choices changed by dotted name, validated again; `source` is where they were given."""
    values = as_plain(settings)
    values["study"] = settings.words.model_dump()
    for name, value in changes.items():
        *sections, key = name.split(".")
        section = values
        for part in sections:
            section = section.get(part, {})
        if key not in section:
            raise SettingsError(f"{source or 'settings'}: {name} is no setting; settings/baseline.yaml lists all")
        section[key] = value
    if not any(values["study"].values()):
        del values["study"]
    return validated(values, ", ".join(changes))


def differences(settings: Settings) -> dict[str, tuple[Any, Any]]:
    """The choices that differ from the baseline: dotted name → (baseline value, this run's value)."""
    base, here = flatten(load_settings()), flatten(settings)
    own = ("edition", "city") if settings.edition == Edition.OWN else ()  # neither is a choice of method there
    return {name: (base[name], value) for name, value in here.items()
            if name in base and name not in own and value != base[name]}


def write_settings(settings: Settings, path: Path) -> None:
    """Write all choices of a run as a settings file that `load_settings` reads back unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(as_plain(settings), allow_unicode=True, sort_keys=False)
    path.write_text("".join(f"# {mark}\n" for mark in about(settings.edition).values()) + text, encoding="utf-8")
