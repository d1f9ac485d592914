"""The whole run of the Human Development Index with its reports: a study of countries whose weights are given."""

import html
import re

import pandas as pd
from conftest import ROOT, fixtures_of

from analysis.frames import read_frame


def words(page: str) -> str:
    """What a reader of a page sees, code left out."""
    shown = re.sub(r"<(script|style|svg|details|pre)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown)).split())


run, folder, data, pages = fixtures_of("hdi", words)


def test_the_tables_of_the_run_hold_the_published_index(data):
    published = pd.read_csv(ROOT / "tests/workbench/own/human_development_published.csv", index_col="code")
    scores = read_frame(data / "05_scores.csv", "adcode")["score"]
    assert (scores / 100).round(3).to_dict() == published["index"].to_dict()


def test_no_page_speaks_of_judgements_that_nobody_made(pages):
    assert {"index", "white_paper", "02_indicators", "05_scores_and_ranks", "06_sensitivity"} <= set(pages)
    for name, text in pages.items():
        assert "AHP" not in text and "hierarchy process" not in text.lower(), name


def test_what_a_score_of_two_levels_cannot_have_is_said(pages):
    assert "no weighted sum; it cannot be taken apart" in pages["05_scores_and_ranks"]
    assert "attainable ranks and smallest changes do not apply" in pages["06_sensitivity"]
    assert "Goalposts and logarithms" in pages["02_indicators"]


def test_figures_and_pages_are_there(folder, data):
    assert not (data / "06_attainable_ranks.csv").exists() and (data / "06_choice_indices.csv").exists()
    assert (folder / "white_paper.pdf").exists() or (folder / "en" / "white_paper.pdf").exists()
    assert len(list(folder.rglob("profiles/*.html"))) == 190
