"""The numbers of docs/synthetic.md are those of the tables they are about."""

import re

import pytest

from analysis import expert_agreement, sources
from analysis.editions import Edition
from analysis.settings import ROOT, load_settings
from analysis.study import score_study
from workbench.own.reading import read_input
from workbench.run_input import own_panel
from workbench.synthetic import cleaning, facts, read_published, read_readings, recovery, simulate
from workbench.synthetic import weight_freedom as freedom

pytestmark = pytest.mark.long

TEXT = (ROOT / "docs/synthetic.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def synthetic():
    return simulate()


@pytest.fixture(scope="module")
def base():
    settings = load_settings(ROOT / "settings/synthetic.yaml")
    return score_study(own_panel(read_input(ROOT / "data/raw/synthetic/panel"), Edition.SYNTHETIC), settings)


def section(number: int) -> str:
    return re.search(rf"^## {number}\. .*?(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)[0]


def rows(number: int) -> list[list[str]]:
    """The cells of the table in a section, without its head."""
    lines = [line for line in section(number).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_facts_and_what_is_left_of_them(base, synthetic):
    table, _ = facts.compare_facts(base.scores, base.domain_scores, read_published(ROOT),
                                   sources.read_cities(ROOT)["name"])
    expected = [[str(whole), str(model), str(again)] for whole, model, again in
                zip(table["published"], synthetic.facts["met"], table["met"], strict=True)]
    order = ["order", "hundred", "leading", "D3", "D2", "D4", "D5", "D6"]
    keys = [domain or fact for fact, domain in zip(table["fact"], table["domain"], strict=True)]
    assert [row[1:] for row in rows(4)] == [expected[keys.index(key)] for key in order]
    assert f"all {len(synthetic.facts)} published facts hold" in TEXT and len(synthetic.misses) == 0


def test_recovery():
    table = recovery.recovery_table()
    assert [row[1:] for row in rows(5)] == [[f"{error:.3f}", f"{100 * wrong:.1f} %"] for error, wrong in
                                            zip(table["weight_error"], table["tier_error"], strict=True)]
    assert f"{recovery.EXACT_WITHIN:g} without" in section(5) and f"{recovery.PLAIN_WITHIN:g} with 2 %" in section(5)
    assert ", ".join(f"{100 * weight:.0f}" for weight in list(recovery.KNOWN_WEIGHTS.values())[:5]) in section(5)


def test_the_worked_finding(synthetic):
    table, published = freedom.hundred_by_general_share(), read_published(ROOT)
    assert rows(6) == [[f"{share:.2f}", f"{row['mean']:.1f}", f"{row['low']:.0f}", f"{row['least']:.0f}",
                        f"{row['domain_mean']:.1f}"] for share, row in table.iterrows()]
    text, overlaps = section(6), freedom.list_overlaps(published)
    implied, last = freedom.general_share_of_lists(published), table.loc[0.95]
    kept = freedom.overlap_under_weights(synthetic.latent, published.ranks.index)
    assert f"{overlaps.min():.0%} 至 {overlaps.max():.0%}" in text
    assert f"**{implied['mean']:.2f}**" in text and f"{implied.min():.2f} to {implied.max():.2f}" in text
    assert f"**{last['mean']:.1f}** of the hundred" in text and f"{last['low']:.0f} at the 5th percentile" in text
    assert f"{last['least']:.0f} at the least ({last['chance']:.1f}" in text
    assert re.search(rf"{kept.mean():.1f} stay on average and never fewer than {kept.min()}", text)
    assert re.search(rf"平均仍保持 \*\*{last['mean']:.1f}\*\* 座", text)
    assert f"$\\gamma={synthetic.general:g}$" in section(2) and f"seed {synthetic.seed}" in section(2)


def test_readings_and_errors():
    readings, given = read_readings(ROOT), read_input(ROOT / "data/raw/synthetic/panel")
    found = cleaning.found_errors(cleaning.log_of(given.values, given.cities))
    text = section(3)
    assert f"from {readings['noise'].min():.2f} to {readings['noise'].max():.2f}" in text
    assert f"up to {readings['zeros'].max():.0%}".replace("%", " %") in text
    assert f"({100 * readings['missing'].min():.0f} to {100 * readings['missing'].max():.0f} %" in text
    assert f"finds {found['found'].sum()} of the {len(found)}" in text
    missed = found[~found["found"]]
    assert [f"{row.city}, {row.indicator}" in text for row in missed.itertuples()] == [True]


def test_the_panel_of_experts(base):
    found = expert_agreement.repairs(base.panel, consistency_limit=base.settings.weighting.consistency_limit,
                                 data_centre_parent=base.settings.weighting.data_centre_parent)
    moved = expert_agreement.what_each_changes(base, found, 100)["mean_shift"]
    alone = moved[moved.index.str.startswith("without")]
    text = section(8)
    assert f"CR of {found['before'].iloc[0]:.3f}" in text and f"falls to {found['after'].iloc[-1]:.3f}" in text
    assert f"by {alone.min():.1f} to {alone.max():.1f} places" in text and f"by {moved['data_centre']:.1f}." in text
