"""What the study recomputes from a synthetic panel, held against the published facts: noise makes it inexact.

Nothing of the method is adapted to the panel. Gross errors are in it unless they are corrected first.

Reference: docs/synthetic.md, section 4.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis import agreement, framework, sources, study
from analysis.editions import Edition
from analysis.panel import Panel
from analysis.settings import ROOT, Settings, load_settings

from .facts import compare_facts
from .panel import figures, proxies
from .simulation import Synthetic
from .tables import read_published, read_readings

EQUAL_WEIGHTS = {"weighting.subjective": "equal", "weighting.objective": "equal"}


def as_panel(synthetic: Synthetic, root: Path = ROOT, corrected: bool = False) -> Panel:
    """The panel a study starts from. corrected: with the true values in place of the planted errors."""
    values = synthetic.values.copy()
    if corrected:
        for row in synthetic.planted.itertuples():
            values.at[row.adcode, row.indicator] = row.true_value
    return Panel(edition=Edition.SYNTHETIC, figures=figures(values), cities=sources.read_cities(root),
                       proxies=proxies(read_readings(root)), judgements=sources.read_judgements(root),
                       experts=sources.read_experts(root), root=root, tree=framework.read_framework(root))


def same_values(values: pd.DataFrame, synthetic: Synthetic) -> bool:
    """Whether the values that a run has read (`StudyInput.values`) are those of a simulated panel, gaps included."""
    given = values.pivot(index="code", columns="indicator", values="value")
    given = given.reindex(index=synthetic.values.index, columns=synthetic.values.columns)
    return given.equals(synthetic.values.map(lambda value: float(f"{value:.12g}")))


def score_synthetic(synthetic: Synthetic, settings: Settings | None = None, root: Path = ROOT,
                    corrected: bool = False) -> study.Study:
    """The whole method on a synthetic panel, by the baseline's settings unless others are given."""
    return study.score_study(as_panel(synthetic, root, corrected), settings or load_settings())


def recomputed_facts(synthetic: Synthetic, root: Path = ROOT, corrected: bool = False) -> pd.DataFrame:
    """What the study finds of the published facts, by the baseline's weights and by equal weights of the indicators.

    Returns one row a fact (fact, domain) with published, latent, baseline, equal: how many cities (or groups) meet it;
    then rows spearman, kendall, auc and rank_shift (mean places between our and the published rank, among all cities),
    inside the hundred or against the others as `agreement.agreement` defines them.
    """
    published, names = read_published(root), sources.read_cities(root)["name"]
    table = synthetic.facts.set_index(["fact", "domain"])[["published", "met"]].astype(float)
    table = table.rename(columns={"met": "latent"})
    latent = closeness(synthetic.totals, published.ranks)
    columns = {"latent": latent, "published": pd.Series(float("nan"), latent.index)}
    for name, overrides in {"baseline": None, "equal": EQUAL_WEIGHTS}.items():
        found = score_synthetic(synthetic, load_settings(overrides=overrides), root, corrected)
        facts, _ = compare_facts(found.scores, found.domain_scores, published, names)
        table[name] = facts.set_index(["fact", "domain"])["met"].astype(float)
        columns[name] = closeness(found.scores, published.ranks)
    below = pd.DataFrame(columns)[table.columns]
    below.index = pd.MultiIndex.from_product([below.index, [""]], names=table.index.names)
    return pd.concat([table, below])


def closeness(scores: pd.Series, ranks: pd.Series) -> pd.Series:
    """Spearman, Kendall, area under the curve and the mean shift of rank against the published hundred."""
    found = agreement.agreement(scores, ranks, draws=2)[["spearman", "kendall", "auc"]]
    shift = (scores.rank(ascending=False)[ranks.index] - ranks).abs().mean()
    return pd.concat([found, pd.Series({"rank_shift": shift})]).astype(float)


def weights_with_errors(synthetic: Synthetic, root: Path = ROOT) -> pd.DataFrame:
    """Combined weights of the indicators that hold a gross error, as entered and with the true values.

    A unit slip leaves an amount almost constant but for one city, and entropy rewards that with weight.
    """
    codes = pd.Index(synthetic.planted["indicator"], name="indicator")
    return pd.DataFrame({name: score_synthetic(synthetic, root=root, corrected=corrected).combined_weights[codes]
                         for name, corrected in {"entered": False, "corrected": True}.items()})
