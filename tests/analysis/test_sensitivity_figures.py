"""The figures about choices in both languages: every glyph there, nothing cut off, the same bytes twice."""

from __future__ import annotations

import pandas as pd
import pytest
from choices_drawn import CITIES, STAMP, draw
from figures_drawn import drawn_texts, overlaps

from analysis import figures
from analysis.figures import FigureError
from analysis.figures import sensitivity as drawn
from analysis.settings import ROOT

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True, scope="module")
def fonts():
    figures.use_style(ROOT / "assets/fonts")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["choice_tornado", "acceptability_map", "rank_flow", "sobol_bars", "attainable_spans"])
def test_every_glyph_and_no_label_over_another_or_cut_off(name, lang):
    figure = draw(name, lang)
    boxes = drawn_texts(figure)
    assert STAMP[lang] in [words for words, _ in boxes]
    assert overlaps(boxes) == []
    page = figure.bbox
    assert [words for words, box in boxes
            if min(box.x0, box.y0) < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1] == []


def test_the_same_figure_gives_the_same_bytes():
    assert figures.to_svg(draw("sobol_bars", "zh")) == figures.to_svg(draw("sobol_bars", "zh"))
    assert len(figures.to_svg(draw("rank_flow", "zh"))) < 300_000


def test_the_map_has_a_cell_for_every_city_and_rank_and_leaves_small_chances_white():
    axes = draw("acceptability_map", "en").axes[0]
    cells = axes.collections[0].get_array().reshape(len(CITIES), -1)
    assert cells.mask.sum() == cells.size - len(CITIES)  # a third of a thousandth elsewhere
    assert cells.diagonal().data == pytest.approx(0.9 + 0.1 / len(CITIES))
    assert axes.get_xlim() == (0, len(CITIES)) and axes.get_ylim() == (len(CITIES), 0), "the best city on top"
    places = dict(zip(axes.get_xticks(), [text.get_text() for text in axes.get_xticklabels()], strict=True))
    assert places[0.5] == "1" and places[99.5] == "100", "the middle of the cell of its rank"


def test_an_empty_range_is_refused():
    ranks = pd.DataFrame({"base": [1, 2], "best": 1, "worst": 2, "best_bound": 1, "worst_bound": 2}, CITIES.index[:2])
    with pytest.raises(FigureError, match="from 61 to 140"):
        drawn.attainable_spans(ranks, CITIES)
    with pytest.raises(FigureError, match="from 90 to 111"):
        drawn.rank_flow(ranks, CITIES)
