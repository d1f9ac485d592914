"""Own data read and checked: from the user's tables to the input of a study, with everything wrong said at once.

Tables that are not given are the repository's own: its tree of 34 indicators, its 297 cities, its region systems and,
for its own tree, its illustrative judgements. `write_input` writes the input as a folder that reads back the same.

Reference: docs/own_data.md.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis.framework import is_papers_tree, leaves, read_framework
from analysis.settings import ROOT
from analysis.sources import read_experts, read_judgements
from workbench.own import canonical
from workbench.own.canonical import OTHER_YEARS
from workbench.own.denominators import divided, note_denominators
from workbench.own.experts_table import OWN, experts_by_default, read_expert_table
from workbench.own.findings import Cell, Findings
from workbench.own.grid import Grid
from workbench.own.grids import read_grids
from workbench.own.headings import whole
from workbench.own.judgement_matrices import matrices, nodes_of
from workbench.own.judgement_sheets import PREFIX, read_sheets
from workbench.own.places import Roster
from workbench.own.plausibility import note_implausible
from workbench.own.problems import OwnDataError, Problem
from workbench.own.rosters import read_rosters
from workbench.own.study_input import StudyInput
from workbench.own.study_words import read_study_words, unit_by_heading
from workbench.own.template import PUBLIC_VALUES, public_values
from workbench.own.tree import COLUMNS as TREE_COLUMNS
from workbench.own.tree import read_tree
from workbench.own.tree_numbers import note_scales
from workbench.own.values import check_enough, latest, read_figures

__all__ = ["OwnDataError", "Problem", "read_input", "write_input"]

TABLES = ("values", "framework", "cities", "regions", "experts", "judgements", "study")
# Problems of a framework that do not touch which node stands where: judgements can be checked all the same.
BESIDE_THE_TREE = ("no_direction", "unknown_direction", "no_name", "control_character", "too_long")


KEPT_LARGER = 10  # a run keeps a row a figure, with its source
KNOWN: dict[tuple[Path, str], StudyInput] = {}  # by the repository's folder and the record of the input


def read_input(path: Path, root: Path = ROOT, year: int | None = None) -> StudyInput:
    """Read and check own data: a workbook, a CSV file or a folder of them; `root` is the repository's folder,
    `year` the one whose figures are used instead of the latest.

    Raises OwnDataError with every problem of every table, each at its cell. A folder that `write_input` wrote and
    nobody changed gives the input it was written from, log and warnings included.
    """
    path = Path(path)
    kept = canonical.read_record(path)
    if kept is not None and year is None:
        return read_kept(path, Path(root), (path / canonical.RECORD).read_text(encoding="utf-8"))
    return read_given(path, Path(root), None, year)


def read_kept(path: Path, root: Path, record: str) -> StudyInput:
    """The input of a folder that a run keeps. A process reads it once: `record` holds the checksum of every file."""
    if (root, record) not in KNOWN:
        know(record, read_given(path, root, canonical.read_record(path)), root)
    return KNOWN[root, record]


def know(record: str, study: StudyInput, root: Path = ROOT) -> None:
    """Keep the input of a kept folder in memory, by the text of its record; of several the latest two."""
    KNOWN[root, record] = study
    for oldest in list(KNOWN)[:-2]:
        del KNOWN[oldest]


def read_given(path: Path, root: Path, kept: canonical.Kept | None, year: int | None = None) -> StudyInput:
    """The input in a workbook, a file or a folder; `kept` is the record of a folder that nobody changed."""
    grids, grid_warnings = read_grids(path, KEPT_LARGER if kept else 1)
    grids = {name: grid for name, grid in grids.items() if name not in canonical.RECORD_TABLES}
    findings = Findings(warnings=[each for each in grid_warnings if not canonical.is_record(each)])
    study = read_study(grids, findings, root, set(kept.given) if kept else None, path.name or str(path),
                       year)
    findings.stop_if_any()
    if kept is None:
        return study
    return replace(study, given=kept.given, log=kept.log, warnings=kept.warnings)


def write_input(study: StudyInput, folder: Path) -> None:
    """Write an input as a folder of CSV tables in one fixed layout; `read_input(folder)` gives it back."""
    canonical.write_tables(study, Path(folder))


def read_study(grids: dict[str, Grid], findings: Findings, root: Path, kept: set[str] | None = None,
               name: str = "", year: int | None = None) -> StudyInput:
    """The input in some grids; what is wrong with it is noted in `findings`. `kept` are the tables that the user gave
    when a run kept the folder: its other tables are the repository's. `name` is that of the input."""
    brought = {*grids, *(["judgements"] if any_sheet(grids) else [])}
    if "judgements" in brought:
        grids = beside_public_values(grids, root, findings)
    if "values" not in grids:
        findings.problem(Cell(next((grid.file for grid in grids.values()), name)), "no_values",
                         "没有 values（数据）表；请提供", "there is no table values; give one")
    tree = read_tree(grids["framework"], findings) if "framework" in grids else None
    own_tree = repository_tree(root) if tree is None else tree
    sound_tree = "framework" not in grids or (
        tree is not None and all(each.kind in BESIDE_THE_TREE for each in findings.problems))
    before = len(findings.problems)
    cities, regions = read_rosters(grids.get("cities"), grids.get("regions"), root, findings)
    sound_roster = "cities" not in grids or len(findings.problems) == before
    values, other_years = pd.DataFrame(), pd.DataFrame()
    some_tree = (sound_tree or tree is not None) and len(leaves(own_tree)) > 0
    if "values" in grids and some_tree and (sound_roster or len(cities)):
        roster = Roster(cities, "cities" not in grids or (kept is not None and "cities" not in kept))
        figures = read_figures(grids["values"], own_tree, roster, findings)
        every_year, heads = figures.table, figures.heads
        own_tree = with_units(own_tree, figures.units)
        aside = read_figures(grids[OTHER_YEARS], own_tree, roster, findings).table if OTHER_YEARS in grids else None
        if year is not None:  # it chooses among all figures, those too that a run has put aside
            every_year, aside = pd.concat([every_year, aside], ignore_index=True), None
        values, other_years = latest(every_year, findings, whole(grids["values"]), year)
        if aside is not None:
            every_year = pd.concat([every_year, aside], ignore_index=True)
            other_years = pd.concat([other_years, aside], ignore_index=True)
        note_denominators(values, every_year, own_tree, grids, findings)
        scored = divided(values, own_tree)
        check_enough(scored, grids["values"], findings)
        note_scales(scored, pd.concat([scored, divided(other_years, own_tree)]), own_tree, findings)
        own = values[values["indicator"].isin(leaves(own_tree))]
        note_implausible(every_year, own, heads, own_tree, repository_tree(root), roster, findings)
    experts, judgements = read_judged(grids, own_tree, sound_tree, root, findings)
    words = {} if "cities" not in grids or kept is not None else unit_by_heading(grids)
    words |= read_study_words(grids["study"], findings) if "study" in grids else {}
    given = tuple(name for name in TABLES if name in brought)
    return StudyInput(values, own_tree, cities, regions, experts, judgements, given, findings.log_table(),
                      tuple(findings.warnings), words, other_years)


def beside_public_values(grids: dict[str, Grid], root: Path, findings: Findings) -> dict[str, Grid]:
    """The grids, with the public panel as `values` where judgements of the repository's own tree come alone."""
    if {"values", "framework", "cities"} & set(grids):
        return grids
    values = public_values(root).reset_index(names="code")
    findings.warning(Cell(next(iter(grids.values())).file), "public_values",
                     "没有 values（数据）表：判断用于公开数据",
                     "no table values: the judgements are used with the public panel")
    rows = values.astype(object).where(values.notna(), None)
    return {**grids, "values": Grid(PUBLIC_VALUES, "", [list(rows), *rows.to_numpy().tolist()])}


def with_units(tree: pd.DataFrame, units: dict[str, str]) -> pd.DataFrame:
    """The tree with units that stand with the values, where it has none."""
    tree = tree.copy()
    for code, unit in units.items():
        if not f"{tree.at[code, 'unit_zh']}{tree.at[code, 'unit_en']}":
            tree.loc[code, ["unit_zh", "unit_en"]] = unit
    return tree


def repository_tree(root: Path) -> pd.DataFrame:
    """The repository's tree with the columns of an own one: units and sources are for the values to bring."""
    return read_framework(root).assign(unit_zh="", unit_en="", source="")[TREE_COLUMNS]


def any_sheet(grids: dict[str, Grid]) -> bool:
    """Whether some grid is a judgement matrix."""
    return any(name.casefold().startswith(PREFIX) for name in grids)


def read_judged(grids: dict[str, Grid], tree: pd.DataFrame, sound_tree: bool, root: Path,
                findings: Findings) -> tuple[pd.DataFrame, dict[str, dict[str, pd.DataFrame]]]:
    """The experts and their judgement matrices."""
    experts = read_expert_table(grids["experts"], findings) if "experts" in grids else None
    repository = read_experts(root)
    papers = sound_tree and is_papers_tree(tree, root)
    place = whole(grids["values"]) if "values" in grids else Cell("")
    if "weight" in tree and "judgements" not in grids and not any_sheet(grids):
        experts = experts_by_default([OWN], repository) if experts is None else experts
        return experts, {expert: {} for expert in experts.index[:1]}
    if "judgements" not in grids and not any_sheet(grids):
        return without_judgements(experts, repository, papers, root, place, findings)
    if not sound_tree:
        return (experts_by_default([OWN], repository) if experts is None else experts), {}
    nodes = nodes_of(tree, papers)
    sheets = read_sheets(grids, nodes, None if experts is None else list(experts.index), tree, findings)
    judgements = matrices(sheets, nodes, findings)
    if experts is None:
        experts = experts_by_default(list(judgements), repository)
    if any(judgements.values()) and "weight" in tree:
        findings.warning(place, "weights_and_judgements",
                         "既有权重又有判断：用 framework 的权重；要用判断，请设 weighting.subjective=ahp",
                         "both weights and judgements are given: the weights of framework are used; for the judgements "
                         "set weighting.subjective=ahp")
    if not any(judgements.values()) and "weight" not in tree:
        findings.warning(place, "no_judgements",
                         "判断矩阵全部空白：各节点等权",
                         "all judgement matrices are blank: elements count equally at every node")
    ordered = {expert: judgements[expert] for expert in experts.index if expert in judgements}
    silent = [expert for expert in experts.index if not judgements.get(expert)]
    if silent and any(judgements.values()):
        findings.warning(whole(grids["experts"]) if "experts" in grids else place, "silent_expert",
                         f"专家 {'、'.join(silent)} 没有判断矩阵，不影响权重",
                         f"{', '.join(silent)} judged nothing and has no say in the weights")
    return experts, ordered or {expert: {} for expert in experts.index[:1]}


def without_judgements(experts: pd.DataFrame | None, repository: pd.DataFrame, papers: bool, root: Path, place: Cell,
                       findings: Findings) -> tuple[pd.DataFrame, dict[str, dict[str, pd.DataFrame]]]:
    """The judgements of a study that brings none: the repository's for its own tree and experts, else equal weights."""
    known = experts is None or set(experts.index) <= set(repository.index)
    if papers and known:
        experts = repository if experts is None else experts
        findings.warning(place, "repository_judgements",
                         "没有判断矩阵：用本研究自带的示意性判断（未询问任何专家）",
                         "no judgement matrix is given: the repository's illustrative judgements are used (no expert "
                         "was asked)")
        judgements = read_judgements(root)
        return experts, {expert: judgements[expert] for expert in experts.index}
    experts = experts_by_default([OWN], repository) if experts is None else experts
    findings.warning(place, "no_judgements", "没有判断矩阵：各节点等权",
                     "no judgement matrix is given: elements count equally at every node")
    return experts, {expert: {} for expert in experts.index[:1]}
