"""The panel of a run, whatever edition of the data it is: public statistics, or values that come as they are.

Own and synthetic values enter as figures that need no reading: one variable an indicator, one value a city. From there
on all editions go the same way. A run keeps its own values in data/processed/<run>/input, a folder that
`python -m analysis run --panel` reads like any other.

Reference: docs/own_data.md.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis import framework, sources, weighting
from analysis.editions import PUBLIC_TRAITS, Edition
from analysis.experts import GOAL
from analysis.panel import Panel, read_panel, region_systems, tree_of
from analysis.regions import SYSTEMS
from analysis.settings import ROOT, Settings, Study, flatten, with_overrides
from analysis.study import proxies_in_use, score_study
from analysis.wording import CITY, CutList, Wording, of_unit, said_with
from workbench.ground import Ground, names_in
from workbench.own.denominators import divided, variables_of
from workbench.own.problems import Problem
from workbench.own.study_input import StudyInput, figures_of
from workbench.own.study_words import CUT
from workbench.own.values import MANY_CITIES

INPUT = "input"
LEFT, LEFT_INPUT = "panel.pickle", "input.pickle"
FEWEST = 3  # cities that differ, in the smallest study
SYNTHETIC = "data/raw/synthetic/panel"
MANY_PAGES = 1_000  # of more cities than these
FEWER = {"parts.profiles": 100, "uncertainty.replicates": 4}  # so many have a page, and so many samples are drawn
# What a study of many cities does without, unless the user names the choice: what grows with the square of the cities
# is kept by classes or in sum, and what takes minutes a repetition is repeated less often.
LARGE = {"parts.rank_classes": 50, "parts.scenario_ranks": False, "parts.cities_left_out": 0,
         "parts.choice_indices": "mean", "uncertainty.draws": 2_000, "uncertainty.data_sets": 500,
         "uncertainty.replicates": 3,
         "tiers.starts": 20, "tiers.references": 10, "tiers.resamples": 10}
MADE: dict[tuple[str, str], Panel] = {}  # by edition and the record of the input, which holds every file's checksum


def kept_input(settings: Settings, data: Path) -> StudyInput | None:
    """The values that a run has kept in its folder `data`; None for the public edition, which brings none."""
    if settings.edition == Edition.PUBLIC:
        return None
    from workbench.own.canonical import RECORD, read_record
    from workbench.own.reading import KNOWN, know, read_input

    if read_record(data / INPUT) is not None:
        record = (data / INPUT / RECORD).read_text(encoding="utf-8")
        if (ROOT, record) not in KNOWN and (left := left_behind(LEFT_INPUT, (settings.edition, record), data)):
            know(record, left)
    return read_input(data / INPUT)


def run_panel(settings: Settings, data: Path) -> Panel:
    """The panel of a run whose tables are in `data`: for other editions than the public one, out of its input.

    A process makes the panel of an unchanged input once; the kernels of a run take the one that the runner left them.
    """
    if settings.edition == Edition.PUBLIC:
        return read_panel()
    from workbench.own.canonical import RECORD, read_record

    if read_record(data / INPUT) is None:
        return own_panel(kept_input(settings, data), settings.edition)
    key = settings.edition, (data / INPUT / RECORD).read_text(encoding="utf-8")
    if key not in MADE:
        MADE.clear()
        MADE[key] = left_behind(LEFT, key, data) or own_panel(kept_input(settings, data), settings.edition)
    return MADE[key]


def leave_panel(settings: Settings, data: Path, given: StudyInput) -> None:
    """Leave the panel and the input of a staged run for its kernels, which would read a large table for many seconds
    each. They lie in the staging folder, which only the runner writes and which is gone after the run."""
    from workbench.own.canonical import RECORD

    panel = run_panel(settings, data)
    key = settings.edition, (data / INPUT / RECORD).read_text(encoding="utf-8")
    for name, made in ((LEFT, panel), (LEFT_INPUT, given)):
        (data.parents[1] / name).write_bytes(pickle.dumps((key, made)))


def left_behind(name: str, key: tuple[str, str], data: Path) -> Any:
    """What the runner left for the run whose kernel or worker this is; None elsewhere."""
    path = data.parents[1] / name
    if os.environ.get("STUDY_DATA") != str(data.parent) or not path.is_file():
        return None
    made, left = pickle.loads(path.read_bytes())
    return left if made == key else None


def run_ground(settings: Settings, data: Path) -> Ground:
    """The same without the figures, which takes a tenth of the time for the public edition."""
    if settings.edition == Edition.PUBLIC:
        tree = framework.read_framework(ROOT, settings.weighting.data_centre_parent)
        return Ground(tree, in_use(framework.read_proxies(ROOT), settings), sources.read_cities(ROOT), None,
                      PUBLIC_TRAITS)
    return panel_ground(run_panel(settings, data), settings)


def wording_of(words: Study, names: Iterable[str], top: int | None = None) -> Wording | None:
    """How the texts of a study name what it compares, and its list of the first `top`; None for cities without a name
    for the list. A name in one language serves for both; the study's own `names` and words stay as they are."""
    zh, one = words.said("unit", "zh") or CITY[0], words.said("unit", "en") or CITY[1]
    several_en = words.units_en or (CITY[2] if one == CITY[1] else several(one))
    list_zh, list_en = words.said("list", "zh"), words.said("list", "en")
    cut = CutList(top, list_zh, list_en) if top and list_zh and list_en else None
    given = {text for text in words.model_dump().values() if text} - {zh, one}
    return of_unit(zh, one, several_en, {*names, *given}, cut)


def several(noun: str) -> str:
    """The regular plural of an English noun.

    >>> [several(noun) for noun in ("country", "firm", "bus", "branch", "企业")]
    ['countries', 'firms', 'buses', 'branches', '企业']
    """
    if not noun.isascii():
        return noun
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


@contextmanager
def units_said(settings: Settings, data: Path) -> Iterator[None]:
    """Say the texts of a block of what a run compares; `data` is the folder of its tables."""
    names = run_ground(settings, data).names if settings.study else ()
    with said_with(wording_of(settings.words, names, settings.uncertainty.top)):
        yield


def panel_ground(panel: Panel, settings: Settings) -> Ground:
    """What a panel stands on under some settings."""
    return Ground(tree_of(panel, settings), in_use(panel.proxies, settings), panel.cities, panel.regions, panel.traits)


def in_use(proxies: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The proxies that a run uses, by indicator."""
    return proxies_in_use(proxies, settings)


def own_panel(given: StudyInput, edition: Edition = Edition.OWN, root: Path = ROOT) -> Panel:
    """The panel of a study that brings its own values: the cities and indicators that have any, as they come."""
    roster = sources.read_cities(root)
    papers_tree = framework.is_papers_tree(given.framework, root)
    measured = given.values[given.values["indicator"].isin(framework.leaves(given.framework))]
    cities = given.cities[given.cities.index.isin(measured["code"])]
    china = cities.index.isin(roster.index).all()
    if china:  # what the user's table does not say of a city, the repository's roster does
        further = [column for column in cities if column not in roster]
        cities = cities.combine_first(roster.loc[cities.index])[[*roster.columns, *further]].loc[cities.index]
    traits = {*edition.traits, "china" if china else "elsewhere",
              "paper" if papers_tree and china and len(cities) == len(roster) else "unpublished"}
    traits |= {"regions"} if region_systems(cities) else set()
    simulated = edition == Edition.SYNTHETIC
    both = papers_tree and (simulated or not {"judgements", "experts"} & set(given.given))
    traits |= {"two_readings"} if both else set()
    traits.add("judged" if any(given.judgements.values()) else "unjudged")
    traits |= {"years"} if len(given.other_years) else set()
    traits |= {trait for trait, column in (("given", "weight"), ("goalposts", "low")) if column in given.framework}
    figures = figures_of(given.values)
    if simulated:
        from workbench.synthetic.cleaning import set_aside

        figures, _ = set_aside(figures, cities, root)
    return Panel(edition, figures, cities, proxies_of(given), complete_judgements(given),
                 given.experts, root, given.framework, given.regions, frozenset(traits),
                 stated_reliabilities(given.framework))


def stated_reliabilities(tree: pd.DataFrame) -> pd.DataFrame | None:
    """What a study's own tree states of the reliability of its figures; None where it states nothing."""
    if "reliability" not in tree or tree["reliability"].isna().all():
        return None
    known = tree["reliability"].dropna().astype(float)
    return pd.DataFrame({"grade": "", "variable": known.index, "reliability": known.to_numpy(), "reason_zh": "",
                         "reason_en": ""})


def proxies_of(given: StudyInput) -> pd.DataFrame:
    """Every indicator that has a value, read as it stands, divided by what its tree names as `denominator`."""
    tree, codes = given.framework, pd.Index(given.values["indicator"].unique())
    codes = framework.leaves(tree).intersection(codes, sort=False)
    texts = {name: tree[name].reindex(codes).fillna("").to_numpy() if name in tree else np.full(len(codes), "")
             for name in ("unit_zh", "unit_en", "source", "denominator")}
    reading = [" ÷ ".join([source, below] if below else [source]).strip()
               for source, below in zip(texts["source"], texts["denominator"], strict=True)]
    return pd.DataFrame({
        "indicator": codes, "variable": codes, "role": "main", "measure": "level", "fallback": "", "grade": "A",
        "unit_zh": texts["unit_zh"], "unit_en": texts["unit_en"], "multiplier": 1.0, "reference_year": np.nan,
        "reading_zh": reading, "reading_en": reading, "divisor": texts["denominator"]})


def complete_judgements(given: StudyInput) -> dict[str, dict[str, pd.DataFrame]]:
    """The judgement matrices without gaps: missing pairs by logarithmic least squares, and where nobody judged the
    children of a node, all of them as equals in the sheet of the first expert; sub-domains that were joined out of
    several levels by the shares that equals of every level have."""
    judged = {expert: {node: weighting.complete_judgements(matrix) if matrix.isna().any(axis=None) else matrix
                       for node, matrix in nodes.items()} for expert, nodes in given.judgements.items()}
    first = judged.setdefault(next(iter(given.experts.index)), {})
    tree = given.framework
    for node, children in tree.groupby(tree["parent"].replace("", GOAL)).groups.items():
        if len(children) > 1 and not any(node in nodes for nodes in judged.values()):
            share = tree["share"].reindex(children) if "share" in tree else pd.Series(1.0, children)
            equal = share.fillna(1.0).to_numpy() if share.notna().all() else np.ones(len(children))
            first[node] = pd.DataFrame(equal[:, None] / equal, children, children)
    return judged


def dictionary_of(given: StudyInput) -> pd.DataFrame:
    """What was brought along, a row an indicator: names, units, direction, cities with a value, extremes, source."""
    tree = given.framework
    further = pd.Index([name for name in variables_of(tree) if name in set(given.values["indicator"])])
    others = given.values[given.values["indicator"].isin(further)]  # what figures are divided by
    by_indicator = pd.concat([divided(given.values, tree), others]).groupby("indicator")
    table = pd.DataFrame({"cities": by_indicator["code"].nunique(), "least": by_indicator["value"].min(),
                          "greatest": by_indicator["value"].max()})
    columns = ["name_zh", "name_en", "unit_zh", "unit_en", "direction", "source"]
    codes = framework.leaves(tree).intersection(table.index, sort=False).rename("indicator")
    texts = tree.reindex(columns=columns).loc[codes]
    names = pd.DataFrame({"name_zh": further, "name_en": further}, index=further).reindex(columns=columns)
    texts = pd.concat([texts, names]) if len(further) else texts
    return texts.fillna("").join(table).rename_axis("indicator")


def warning_table(warnings: Sequence[Problem]) -> pd.DataFrame:
    """Warnings for readers: place (the cell in the user's table), kind, value, and the sentence in both languages."""
    return pd.DataFrame([(each.place, each.kind, each.value, each.zh, each.en) for each in warnings],
                        columns=["place", "kind", "value", "zh", "en"])


def regions_in_words(ground: Ground, lang: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """The cities with every region system called and its regions named in one language; and what each system is called,
    by its column of the roster, in the roster's order.

    A system that the study's table of regions does not have is the repository's. Regions that share an English name
    carry their Chinese one too, and a system called like a column of the roster or one of `regions.SYSTEMS` carries its
    column's name, so that nothing is counted together.
    """
    cities, systems, known = ground.cities.copy(), {}, named_regions(ground)
    for system in region_systems(ground.cities):
        rows = known[known["system"] == system]
        called = rows[f"system_{lang}"].iloc[0] or system
        if called in {*ground.cities, *SYSTEMS, *systems.values()}:
            called = f"{called} ({system})"
        words = rows["name" if lang == "zh" else "name_en"]
        words = words.where(~words.duplicated(keep=False), words + " (" + rows["name"] + ")") if lang != "zh" else words
        names = dict(zip(rows["name"], words, strict=True))
        cities[called] = pd.Categorical(cities.pop(system).astype(str).map(names), list(names.values()))
        systems[system] = called
    return cities, systems


def named_regions(ground: Ground) -> pd.DataFrame:
    """The regions of every system by name in both languages: the study's own table, then the repository's systems; of
    provinces those alone that a city lies in."""
    from workbench.own.rosters import repository_regions

    known = repository_regions(ROOT, sources.read_cities(ROOT))
    if ground.regions is not None:
        others = known[~known["system"].isin(ground.regions["system"])]
        known = pd.concat([ground.regions, others], ignore_index=True)
    here = known["name"].isin(ground.cities.get("province_short", ()))
    return known[here | (known["system"] != "province_short")]


def run_dictionaries(settings: Settings, data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a run's variables are (by variable: name_zh, name_en, unit, unit_zh) and where its figures come from (by
    source_id: producer, title)."""
    given = kept_input(settings, data)
    if given is None:
        return sources.read_variables(ROOT), sources.read_sources(ROOT)
    variables = dictionary_of(given).rename(columns={"unit_en": "unit"}).rename_axis("variable")
    if "denominator" in given.framework:  # an indicator's unit is that of the quotient, not of the figure
        variables.loc[variables.index.map(given.framework["denominator"]).fillna("") != "", ["unit", "unit_zh"]] = ""
    files = pd.Index(given.values["file"].unique(), name="source_id")
    return variables, own_sources(settings.words, files)


def own_sources(words: Study, files: pd.Index) -> pd.DataFrame:
    """Where the figures of a study's files come from, as the study says it, else who made it, else the file itself."""
    said = {lang: words.said("source", lang) or words.said("organisation", lang) or words.said("authors", lang)
            for lang in ("zh", "en")}
    by_language = {f"producer_{lang}": [said[lang] or file for file in files] for lang in said}
    table = pd.DataFrame({**by_language, "title": files}, index=files)
    return table.assign(producer=table["producer_en"])


@dataclass(frozen=True)
class Brought:
    """What a run is made from: its settings, and for other editions than the public one the values, with the traits of
    their panel and a name for the run."""

    settings: Settings
    given: StudyInput | None = None
    traits: frozenset[str] = PUBLIC_TRAITS
    name: str | None = None
    changed: dict[str, tuple[object, object]] = field(default_factory=dict)

    def adapted(self, lang: str) -> list[str]:
        """The choices that follow from the study's size and tables, where the user names none."""
        changes = {name: both for name, both in self.changed.items() if name not in ("edition", "city")}
        told = [f"{name} = {now} ({then})" for name, (then, now) in changes.items()]
        words = {"zh": "随数据而定的设定（括号内为原值）：",
                 "en": "Choices that follow from the data (before): "}
        return [words[lang] + ("、" if lang == "zh" else ", ").join(told)] if told else []

    @property
    def size(self) -> tuple[int, int]:
        """Cities and indicators that the values name; none for the public edition, whose size is known."""
        return (0, 0) if self.given is None else (self.given.values["code"].nunique(),
                                                  self.given.values["indicator"].nunique())

    def lines(self, lang: str, most: int = 20) -> list[str]:
        """The warnings of the values, one a line, at most so many."""
        warnings = self.given.warnings if self.given else ()
        rest = [f"… {len(warnings) - most} 条提示见笔记本 01 · more warnings are in notebook 01"]
        said = said_of_input(self.given)
        return [said(each.line(lang)) for each in warnings[:most]] + (rest if len(warnings) > most else [])


def said_of_input(given: StudyInput | None) -> Callable[[str], str]:
    """How a sentence about an input names its units: for cities as it is written."""
    if given is None:
        return str
    names = names_in(given.cities, given.framework[["name_zh", "name_en"]])
    return wording_of(Study(**{name: text for name, text in given.words.items() if name != CUT}), names) or str


def bring(path: Path | None, settings: Settings, given: StudyInput | None = None, year: int | None = None,
          said: frozenset[str] = frozenset()) -> Brought:
    """Read and check what a run is made from: `path` for own data, the committed panel for the synthetic edition.

    `given` is what `path` holds, where it has been read; `year` the one whose figures are used instead of the latest;
    `said` the choices that the user named (`settings.named_choices`), which stay as they are.
    """
    if year is not None and path is None:
        raise ValueError(f"--year {year}: it chooses among the figures of own data; give them with --panel")
    if path is None and settings.edition == Edition.PUBLIC:
        return Brought(settings)
    if path is None and settings.edition == Edition.OWN:
        raise ValueError("settings.edition = own needs the data: --panel mine.xlsx, or --panel "
                         "data/processed/RUN/input for those that a run has kept")
    from workbench.own.reading import read_input

    edition = Edition.OWN if path else settings.edition
    given = given or read_input(path or ROOT / SYNTHETIC, year=year)
    panel = own_panel(given, edition)
    chosen = own_settings(settings, panel, said, given.words)
    before, after = flatten(settings), flatten(chosen)
    changed = {name: (before[name], after[name]) for name in after if name in before and before[name] != after[name]}
    return Brought(chosen, given, panel.traits, edition, changed)


def told_apart(panel: Panel, settings: Settings) -> int:
    """How many cities differ in their values; where these are few, in the scores that they lead to, gaps filled."""
    own = panel.figures[panel.figures["variable"].isin(panel.proxies["variable"])]
    values = own.pivot_table(index="adcode", columns="variable", values="value")
    if (complete := len(values.dropna().drop_duplicates())) > settings.tiers.k_largest:
        return complete
    try:
        scored = score_study(panel, settings)
    except ValueError:  # whatever it is, the run says it
        return len(values.drop_duplicates())
    return min(len(scored.domain_scores.drop_duplicates()), scored.scores.nunique())


def as_the_tree_says(panel: Panel, said: frozenset[str]) -> dict[str, object]:
    """The choices that the columns of a study's own tree ask for: weights given alone, and goalposts without a rule for
    outliers. `said` are choices that the user named: where it has the first of a pair, the pair is left alone."""
    wanted: dict[str, object] = {}
    if "given" in panel.traits and "weighting.subjective" not in said:
        wanted |= {"weighting.subjective": "given", "weighting.alpha": 1.0}
    if "goalposts" in panel.traits and "normalisation.method" not in said:
        wanted |= {"normalisation.method": "goalposts", "treatment.outliers": "none"}
    return {name: value for name, value in wanted.items() if name not in said}


def for_many(settings: Settings, cities: int, said: frozenset[str] = frozenset(), many: int = MANY_CITIES
             ) -> dict[str, object]:
    """The choices that a study of more than `many` cities reduces, where neither the user names them (`said`) nor they
    are as small already."""
    here = flatten(settings)
    wanted: dict[str, object] = FEWER if cities > MANY_PAGES else {}
    wanted = wanted | (LARGE if cities > many else {})
    repeated = {name: min(value, here[name]) for name, value in wanted.items() if not name.startswith("parts.")}
    return {name: value for name, value in (wanted | repeated).items() if name not in said and here[name] != value}


def own_settings(settings: Settings, panel: Panel, said: frozenset[str] = frozenset(),
                 words: Mapping[str, str] | None = None) -> Settings:
    """The settings of a run on own values: its edition, a cut and a followed city that its roster has, and what its
    tables say of weights, goalposts and themselves (`words`), unless the user named the choice (`said`).

    Many cities reduce some parts (`for_many`). The baseline's cut of 100 would be no cut among fewer cities; a third of
    them is taken then. Nor can there be more
    tiers than cities that differ, less one. The run's settings and its reports list all of these as choices that
    differ from the baseline. Raises ValueError where fewer than three cities differ.
    """
    changes: dict[str, object] = {"edition": panel.edition, **as_the_tree_says(panel, said)}
    settings = with_overrides(settings, changes)
    count = len(panel.cities)
    changes |= for_many(settings, count, said)
    words = words or {}
    changes |= {f"study.{name}": text for name, text in words.items()
                if name != CUT and getattr(settings.words, name) is None}
    if CUT in words and "uncertainty.top" not in said:
        changes["uncertainty.top"] = int(words[CUT])
        settings = with_overrides(settings, {"uncertainty.top": int(words[CUT])})
    if settings.uncertainty.top >= count:
        changes["uncertainty.top"] = max(1, round(count / 3))
    distinct = told_apart(panel, settings)
    if distinct < FEWEST:
        raise ValueError(f"only {distinct} of {count} cities can be told apart by their values; a ranking with tiers "
                         f"needs {FEWEST} different ones: add cities, or figures in which they differ")
    most = min(settings.tiers.k_largest, distinct - 1)
    if most < settings.tiers.k_largest:
        changes |= {"tiers.k_largest": most, "tiers.k_smallest": min(settings.tiers.k_smallest, most),
                    "tiers.k": min(settings.tiers.k, most)}
    if settings.city not in {*panel.cities.index, *panel.cities["name"], *panel.cities["name_en"]}:
        first = panel.cities.iloc[0]
        changes["city"] = str(first["name"] if (panel.cities["name"] == first["name"]).sum() == 1 else first.name)
    return with_overrides(settings, changes)
