"""What to run: which steps of the study a command asks for, and what a partial run may leave as it is.

A step that is kept must have been run with the choices that it would be run with now.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.editions import PUBLIC_TRAITS, check_run_name
from analysis.settings import BASELINE, Settings, differences, flatten, nearest
from workbench.by_hand import BASELINE_KEPT, NAME, is_finished
from workbench.own.findings import NO_FILE
from workbench.parameters import flat_name
from workbench.project import Project, Run, RunError, language_folder
from workbench.steps import NEEDS, ONLY_WITH, built_on, parameters_of, steps_for


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
    if not NAME.fullmatch(run):
        raise RunError(f"--run {run!r}: use letters, digits, - and _, at most 41 of them; it names a folder")
    if NO_FILE.fullmatch(run):
        raise RunError(f"--run {run}: some systems cannot have a folder of this name; give the run another")
    if run == "lab":
        raise RunError("the run lab belongs to notebooks run by hand; give --run another name")
    if run == "compare":
        raise RunError("reports/compare holds the comparisons of runs; give --run another name")
    check_run_name(run, settings.edition)
    if run == "baseline" and changed:
        raise RunError(f"{', '.join(changed)}: {BASELINE_KEPT['en']}")
    return Plan(run, lang, settings, choose_steps(only, start, traits), traits)


def check_language(lang: str) -> None:
    """Refuse a language that there are no reports in."""
    if lang not in ("zh", "en"):
        raise RunError(f"--lang {lang}: write zh or en")


def step_named(text: str) -> str:
    """The step that `07`, `7` or `07_tiers` names; an unknown one is refused with the nearest."""
    for step in NEEDS:
        number = step.split("_")[0]
        if text in (step, number, number.lstrip("0") or step):
            return step
    raise RunError(f"unknown step {text}: {nearest(text, list(NEEDS))}")


def choose_steps(only: tuple[str, ...] = (), start: str | None = None,
                 traits: frozenset[str] = PUBLIC_TRAITS) -> tuple[str, ...]:
    """The steps that a command asks for, in the order of the study.

    `--only` names steps, `--from` means a step and all after it. Both together mean: make the steps of `--only`,
    beginning at `--from`, so that what they build on from there is made anew too (`--only 07 --from 04`: 04, 05, 07).
    """
    wanted = {step_named(text) for text in only} or set(NEEDS)
    if needless := wanted.difference(steps_for(traits)) if only else set():
        if simulated := sorted(step for step in needless if ONLY_WITH[step] == "synthetic"):
            raise RunError(f"{simulated[0]} belongs to simulated data: --settings settings/synthetic.yaml")
        if "09_agreement" not in needless:
            raise RunError(f"{min(needless)} needs figures of several years: --panel mine.xlsx with a column year")
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


def parameters_for(step: str, plan: Plan) -> dict[str, Any]:
    """The values papermill puts into a notebook: every parameter that it has, from the run's settings."""
    values = flatten(plan.settings)
    return {"run": plan.run, "city": values["city"],
            **{flat_name(name): values[name] for name in parameters_of(step, plan.traits)}}


def check_kept_steps(plan: Plan, project: Project) -> Run | None:
    """Where a partial run takes the steps that it leaves out from, once sure that they are what it needs.

    They come from the run's own earlier outputs, or from the baseline's where the run is new. A left-out step whose
    choices differ from those it was run with would be stale: refused, naming the choice and the step to start from.
    """
    needed = built_on(plan.steps, plan.traits)
    if not needed:
        run = project.run(plan.run)
        return run if run.settings_file.is_file() and set(plan.steps) != set(steps_for(plan.traits)) else None
    source = next(filter(is_finished, map(project.run, (plan.run, BASELINE.stem))), None)
    if source is None:
        raise RunError(f"steps {', '.join(sorted(needed))} have no outputs yet; run all steps first: python3 run.py")
    kept, wanted = flatten(source.settings), flatten(plan.settings)
    for step in sorted(needed):
        if not list(source.data.glob(f"{step[:2]}_*.csv")):
            raise RunError(f"run {source.name} has no outputs of {step}; start there: --from {step[:2]}")
        for name in ("city", *parameters_of(step, plan.traits)):
            if kept[name] != wanted[name]:
                raise RunError(f"{flat_name(name)} is {kept[name]} in the kept step {step} and {wanted[name]} in this "
                               f"run; start there: --from {step[:2]}")
    return source


def report_place(plan: Plan) -> str:
    """The folder of a plan's reports, relative to the repository."""
    return language_folder(Path("reports") / plan.run, plan.lang).as_posix()
