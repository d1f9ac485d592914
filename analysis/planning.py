"""What to run: the steps of the study, what each reads, and which of them a command asks for.

What a partial run may leave out is decided by the notebooks' own parameters cells: a step that is kept must have been
run with the choices that it would be run with now.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.marks import check_run_name
from analysis.settings import PUBLIC_TRAITS, ROOT, TRAITS, Settings, differences, flatten, load_settings, nearest

NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data/processed"

# Each step and the steps whose tables it reads.
NEEDS: dict[str, tuple[str, ...]] = {
    "00_synthetic_data": (),
    "01_clean_data": (),
    "02_indicators": ("01_clean_data",),
    "03_entropy_weights": ("02_indicators",),
    "04_ahp_weights": ("02_indicators",),
    "05_scores_and_ranks": ("03_entropy_weights", "04_ahp_weights"),
    "06_sensitivity": ("05_scores_and_ranks",),
    "07_tiers": ("05_scores_and_ranks",),
    "08_regional_distribution": ("05_scores_and_ranks",),
    "09_agreement": ("05_scores_and_ranks",),
    "10_white_paper": ("06_sensitivity", "07_tiers", "08_regional_distribution", "09_agreement"),
}
# Steps that mean something only for a panel with a trait; the others are the ten of every run.
ONLY_WITH = {"00_synthetic_data": "synthetic", "09_agreement": "paper"}
STEPS = tuple(step for step in NEEDS if step != "00_synthetic_data")


class RunError(RuntimeError):
    """A run that cannot begin or go on; the message says why and what to do. Outputs are as they were."""


@dataclass(frozen=True)
class Plan:
    """What one call of the runner does: the run's name and language, its settings and the steps to execute."""

    run: str
    lang: str
    settings: Settings
    steps: tuple[str, ...]
    traits: frozenset[str] = PUBLIC_TRAITS


def make_plan(run: str | None, lang: str, settings: Settings, only: tuple[str, ...] = (),
              start: str | None = None, traits: frozenset[str] = PUBLIC_TRAITS) -> Plan:
    """A plan from the words of the command line; wrong ones are refused with the nearest right one.

    The run `baseline` is the reference and takes the baseline's choices only. `traits` are those of the run's panel.
    """
    check_language(lang)
    changed = differences(settings)
    run = run or ("custom" if changed else "baseline")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", run):
        raise RunError(f"--run {run!r}: use letters, digits, - and _, at most 41 of them; it names a folder")
    if run == "lab":
        raise RunError("the run lab belongs to notebooks run by hand; give --run another name")
    if run == "compare":
        raise RunError("reports/compare holds the comparisons of runs; give --run another name")
    check_run_name(run, settings.edition)
    if run == "baseline" and changed:
        raise RunError(f"the run baseline is the reference and keeps settings/baseline.yaml; {', '.join(changed)} "
                       "differ: give --run another name")
    return Plan(run, lang, settings, choose_steps(only, start, traits), traits)


def check_language(lang: str) -> None:
    """Refuse a language that there are no reports in."""
    if lang not in ("zh", "en"):
        raise RunError(f"--lang {lang}: write zh or en")


def cells_for(step: str, traits: frozenset[str]) -> dict[str, Any]:
    """A notebook, without the cells that are tagged with a trait that the run's panel does not have; its titles are
    those of a trait that the panel has, where the notebook gives them."""
    notebook = json.loads((NOTEBOOKS / f"{step}.ipynb").read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"]
                         if traits.issuperset(set(cell["metadata"].get("tags", [])).intersection(TRAITS))]
    about = notebook["metadata"]["report"]
    own = {name: text for trait in sorted(traits) for name, text in about.get(trait, {}).items()}
    notebook["metadata"]["report"] = {name: text for name, text in about.items() if isinstance(text, str)} | own
    return notebook


def step_named(text: str) -> str:
    """The step that `07`, `7` or `07_tiers` names; an unknown one is refused with the nearest."""
    for step in NEEDS:
        if text in (step, step[:2], step[:2].lstrip("0") or step):
            return step
    raise RunError(f"unknown step {text}: {nearest(text, list(NEEDS))}")


def steps_for(traits: frozenset[str]) -> tuple[str, ...]:
    """The steps that mean something for a panel: without a published list nothing can be held against it, and only
    simulated data have a model to show."""
    return tuple(step for step in NEEDS if ONLY_WITH.get(step) in {None, *traits})


def choose_steps(only: tuple[str, ...] = (), start: str | None = None,
                 traits: frozenset[str] = PUBLIC_TRAITS) -> tuple[str, ...]:
    """The steps that a command asks for, in the order of the study.

    `--only` names steps, `--from` means a step and all after it. Both together mean: make the steps of `--only`,
    beginning at `--from`, so that what they build on from there is made anew too (`--only 07 --from 04`: 04, 05, 07).
    """
    wanted = {step_named(text) for text in only} or set(NEEDS)
    if needless := wanted.difference(steps_for(traits)) if only else set():
        if "00_synthetic_data" in needless:
            raise RunError("00_synthetic_data shows the model of simulated data: --settings settings/synthetic.yaml")
        raise RunError(f"{', '.join(sorted(needless))} holds a study against the white paper, which needs its whole "
                       "roster and its tree of indicators; leave the step out")
    wanted &= set(steps_for(traits))
    if start is None:
        return tuple(step for step in NEEDS if step in wanted)
    wanted |= built_on(tuple(wanted), traits)
    every = tuple(NEEDS)
    steps = tuple(step for step in every[every.index(step_named(start)):] if step in wanted)
    if not steps:
        raise RunError("no step left to run: every step of --only comes before the one of --from")
    return steps


def parameters_of(step: str) -> dict[str, Any]:
    """The parameters cell of a notebook as names and literal values."""
    notebook = json.loads((NOTEBOOKS / f"{step}.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]
               if "parameters" in cell["metadata"].get("tags", [])]
    if len(sources) != 1:
        raise RunError(f"notebooks/{step}.ipynb: one cell tagged parameters is needed, found {len(sources)}")
    assignments = [node for node in ast.parse(sources[0]).body if isinstance(node, ast.Assign)]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in assignments}


def parameters_for(step: str, plan: Plan) -> dict[str, Any]:
    """The values papermill puts into a notebook: every parameter it names, from the run's settings."""
    available = {name.replace(".", "_"): value for name, value in flatten(plan.settings).items()}
    available |= {"run": plan.run, "lang": plan.lang}
    names = parameters_of(step)
    unknown = [name for name in names if name not in available]
    if unknown:
        raise RunError(f"notebooks/{step}.ipynb: parameter {unknown[0]}: {nearest(unknown[0], list(available))}")
    return {name: available[name] for name in names}


def check_kept_steps(plan: Plan) -> Path | None:
    """Where a partial run takes the steps that it leaves out from, once sure that they are what it needs.

    They come from the run's own earlier outputs, or from the baseline's where the run is new. A left-out step whose
    choices differ from those it was run with would be stale: refused, naming the choice and the step to start from.
    """
    needed = built_on(plan.steps, plan.traits)
    if not needed:
        kept = (DATA / plan.run / "settings.yaml").is_file() and set(plan.steps) != set(steps_for(plan.traits))
        return DATA / plan.run if kept else None
    source = next((DATA / run for run in (plan.run, "baseline") if (DATA / run / "settings.yaml").is_file()), None)
    if source is None:
        raise RunError(f"steps {', '.join(sorted(needed))} have no outputs yet; run all steps first: python3 run.py")
    kept = {name.replace(".", "_"): value for name, value in flatten(load_settings(source / "settings.yaml")).items()}
    for step in sorted(needed):
        if not list(source.glob(f"{step[:2]}_*.csv")):
            raise RunError(f"run {source.name} has no outputs of {step}; start there: --from {step[:2]}")
        for name, value in parameters_for(step, plan).items():
            if name in kept and kept[name] != value:
                raise RunError(f"{name} is {kept[name]} in the kept step {step} and {value} in this run; "
                               f"start there: --from {step[:2]}")
    return source


def built_on(steps: tuple[str, ...], traits: frozenset[str] = PUBLIC_TRAITS) -> set[str]:
    """The steps outside `steps` whose tables these need, directly or through others."""
    needed: set[str] = set()
    queue = list(steps)
    while queue:
        missing = set(NEEDS[queue.pop()]).intersection(steps_for(traits)) - set(steps) - needed
        needed |= missing
        queue += missing
    return needed


def report_folder(plan: Plan, staging: Path) -> Path:
    """Where the reports of a plan are made: Chinese at the top of the run's folder, English in its folder en."""
    folder = staging / "reports" / plan.run
    return folder if plan.lang == "zh" else folder / plan.lang


def report_place(plan: Plan) -> str:
    """The folder of a plan's reports, relative to the repository."""
    return f"reports/{plan.run}" + ("" if plan.lang == "zh" else f"/{plan.lang}")
