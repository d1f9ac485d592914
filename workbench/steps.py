"""The steps of the study: what each reads, its parameters, and the notebook that is run for it.

A step is one notebook. The notebooks of the default study are in notebooks/, in Chinese, and in notebooks/en/, the same
code in English. Where a study of its own values, or the synthetic edition, shows other things, it has a notebook of the
same name in the folder own or synthetic beside them.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from analysis.editions import PUBLIC_TRAITS
from analysis.settings import ROOT
from workbench.project import language_folder

NOTEBOOKS = ROOT / "notebooks"
LANGUAGES = ("zh", "en")

# Each step and the steps whose tables it reads.
NEEDS: dict[str, tuple[str, ...]] = {
    "00_synthetic_data": (),
    "01_clean_data": (),
    "02_indicators": ("01_clean_data",),
    "03_entropy_weights": ("02_indicators",),
    "04_ahp_weights": ("02_indicators",),
    "04s_expert_panel": ("02_indicators", "04_ahp_weights"),
    "05_scores_and_ranks": ("03_entropy_weights", "04_ahp_weights"),
    "05y_by_year": ("05_scores_and_ranks",),
    "06_sensitivity": ("05_scores_and_ranks",),
    "07_tiers": ("05_scores_and_ranks",),
    "08_regional_distribution": ("05_scores_and_ranks",),
    "09_agreement": ("05_scores_and_ranks", "07_tiers"),
    "10_white_paper": ("05y_by_year", "06_sensitivity", "07_tiers", "08_regional_distribution",
                       "09_agreement"),
}
# Steps that mean something only for a panel with a trait (see `editions.TRAITS`); the others belong to every run.
ONLY_WITH = {"00_synthetic_data": "synthetic", "04s_expert_panel": "synthetic", "05y_by_year": "years",
             "09_agreement": "paper"}
# Where a panel with a trait has a notebook of its own for a step: the folder that holds it.
ELSEWHERE = {
    "00_synthetic_data": {"synthetic": "synthetic"},
    "01_clean_data": {"own": "own"},
    "04_ahp_weights": {"unjudged": "own"},
    "04s_expert_panel": {"synthetic": "synthetic"},
    "05y_by_year": {"years": "own"},
    "08_regional_distribution": {"unpublished": "own"},
    "10_white_paper": {"unpublished": "own"},
}
# The settings that a notebook has as parameters, beside `run` and `city`; one in a folder may have others.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "00_synthetic_data": (),
    "01_clean_data": ("cleaning.agreement_factor", "cleaning.majority_factor", "cleaning.believable_factor",
                      "cleaning.typical_limit"),
    "own/01_clean_data": (),
    "02_indicators": (
        "indicators.scale", "indicators.worst_grade", "indicators.exclude", "indicators.readings",
        "indicators.district_titles", "treatment.missing",
        "treatment.neighbours", "treatment.indicator_coverage", "treatment.city_coverage", "treatment.outliers",
        "treatment.skewness_limit", "treatment.kurtosis_limit", "treatment.winsorise_at_most",
        "normalisation.method", "normalisation.lowest_points"),
    "03_entropy_weights": ("weighting.objective",),
    "04_ahp_weights": (
        "weighting.subjective", "weighting.ahp_method", "weighting.consistency_limit",
        "weighting.allow_inconsistent", "weighting.unmeasured", "weighting.experts", "weighting.data_centre_parent"),
    "04s_expert_panel": (
        "weighting.ahp_method", "weighting.consistency_limit", "weighting.allow_inconsistent",
        "weighting.data_centre_parent", "uncertainty.top"),
    "05_scores_and_ranks": ("weighting.objective", "weighting.sparse", "weighting.rule", "weighting.alpha",
                            "aggregation.method", "aggregation.domains"),
    "05y_by_year": (),
    "06_sensitivity": (
        "uncertainty.draws", "uncertainty.concentration", "uncertainty.data", "uncertainty.data_sets",
        "uncertainty.half_width", "uncertainty.sobol_samples", "uncertainty.bounds", "uncertainty.top",
        "uncertainty.odds", "uncertainty.replicates", "uncertainty.seed", "tiers.k", "tiers.draws",
        "parts.rank_classes", "parts.scenario_ranks",
        "parts.leaving_out", "parts.cities_left_out", "parts.choice_indices", "parts.weight_indices",
        "parts.attainable_ranks"),
    "07_tiers": (
        "tiers.k", "tiers.k_smallest", "tiers.k_largest", "tiers.starts", "tiers.references", "tiers.resamples",
        "tiers.draws", "tiers.seed", "uncertainty.concentration", "parts.choice_of_k"),
    "08_regional_distribution": (
        "uncertainty.draws", "uncertainty.concentration", "uncertainty.half_width", "uncertainty.top",
        "uncertainty.odds", "uncertainty.replicates", "uncertainty.seed", "regions.neighbours"),
    "09_agreement": ("uncertainty.seed",),
    "10_white_paper": ("uncertainty.top", "tiers.k"),
}


def folder_of(step: str, traits: Collection[str]) -> str:
    """The folder of the notebook for a step of a study whose panel has these traits: own, synthetic or none."""
    return next((name for trait, name in ELSEWHERE.get(step, {}).items() if trait in traits), "")


def notebook_path(step: str, traits: frozenset[str], lang: str, root: Path = ROOT) -> Path:
    """The stored notebook that is run for a step of a study whose panel has these traits, in one language."""
    return language_folder(root / "notebooks", lang) / folder_of(step, traits) / f"{step}.ipynb"


def parameters_of(step: str, traits: Collection[str]) -> tuple[str, ...]:
    """The settings that the notebook for a step has as parameters, in a study whose panel has these traits."""
    return PARAMETERS.get(f"{folder_of(step, traits)}/{step}", PARAMETERS[step])


def stored_notebooks(lang: str, root: Path = ROOT) -> dict[str, Path]:
    """Every stored notebook of one language by its place in the set: `05_scores_and_ranks`, `own/01_clean_data`."""
    base = language_folder(root / "notebooks", lang)
    return {path.relative_to(base).with_suffix("").as_posix(): path
            for folder in ("", "own", "synthetic") for path in sorted((base / folder).glob("*.ipynb"))}


def steps_for(traits: frozenset[str]) -> tuple[str, ...]:
    """The steps that mean something for a panel: without a published list nothing can be held against it, only figures
    of several years have scores by year, and only simulated data have a model and a made-up panel of experts to
    show."""
    return tuple(step for step in NEEDS if ONLY_WITH.get(step) in {None, *traits})


STEPS = steps_for(PUBLIC_TRAITS)  # those of the default study


def built_on(steps: tuple[str, ...], traits: frozenset[str]) -> set[str]:
    """The steps outside `steps` whose tables these need, directly or through others."""
    needed: set[str] = set()
    queue = list(steps)
    while queue:
        missing = set(NEEDS[queue.pop()]).intersection(steps_for(traits)) - set(steps) - needed
        needed |= missing
        queue += missing
    return needed


def upstream(step: str, traits: frozenset[str]) -> tuple[str, ...]:
    """The steps whose tables a step needs, directly or through others, in the order of the study."""
    needed = built_on((step,), traits)
    return tuple(name for name in NEEDS if name in needed)


def choices_behind(step: str, traits: frozenset[str]) -> tuple[str, ...]:
    """The settings that decide what is in a step's tables: its own parameters and those of the steps it builds on."""
    names = [name for each in (*upstream(step, traits), step) for name in parameters_of(each, traits)]
    return tuple(dict.fromkeys(names))
