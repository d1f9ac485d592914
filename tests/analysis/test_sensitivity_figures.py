"""The figures about choices in both languages: every glyph there, nothing cut off, the same bytes twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from test_figures import drawn_texts, overlaps

from analysis import figures
from analysis.figures import FigureError
from analysis.figures import sensitivity as drawn
from analysis.settings import ROOT
from analysis.sources import read_cities

pytestmark = pytest.mark.long

CITIES = read_cities(ROOT)
STAMP = {"zh": "公开数据版", "en": "public-data edition"}
FACTORS = {"zh": pd.Series({"aggregation": "合成", "objective": "客观权重", "weights": "权重"}),
           "en": pd.Series({"aggregation": "aggregation", "objective": "objective weights", "weights": "weights"})}


@pytest.fixture(autouse=True, scope="module")
def fonts():
    figures.use_style(ROOT / "assets/fonts")


def draw(name: str, lang: str):
    generator = np.random.default_rng(2)
    base = pd.Series(generator.permutation(len(CITIES)) + 1, CITIES.index)
    words = {"lang": lang, "stamp": STAMP[lang]}
    if name == "choice_tornado":
        index = pd.MultiIndex.from_tuples([("aggregation", "g"), ("aggregation", "t"), ("objective", "e")])
        effects = pd.DataFrame({"zh": ["几何平均", "TOPSIS", "等权"], "en": ["geometric", "TOPSIS", "equal"],
                                "across_mean_shift": [17.8, 11.8, 21.0], "alone_mean_shift": [10.8, 9.2, 24.6]}, index)
        return drawn.choice_tornado(effects, FACTORS[lang], **words)
    if name == "acceptability_map":
        shares = np.eye(len(CITIES))[base - 1] * 0.9 + 0.1 / len(CITIES)
        return drawn.acceptability_map(pd.DataFrame(shares, CITIES.index), base, **words)
    if name == "rank_flow":
        ranks = pd.DataFrame({key: base + generator.integers(-9, 10, len(base)) * (key != "基准")
                              for key in ("基准", "几何平均", "TOPSIS", "CRITIC")})
        return drawn.rank_flow(ranks.set_axis(["base", "geometric", "TOPSIS", "CRITIC"], axis=1)
                               if lang == "en" else ranks, CITIES, **words)
    if name == "sobol_bars":
        indices = pd.DataFrame({"first": [0.25, 0.17, -0.01], "first_margin": [0.02, 0.01, 0.03],
                                "total": [0.48, 0.33, 0.2], "total_margin": [0.04, 0.02, np.nan]}, FACTORS[lang].index)
        output = {"zh": "平均名次移动", "en": "mean shift"}[lang]
        return drawn.sobol_bars(indices, FACTORS[lang], output=output, **words)
    ranks = pd.DataFrame({"base": base, "best": base - 5, "worst": base + 8, "best_bound": base - 6,
                          "worst_bound": base + 8})
    return drawn.attainable_spans(ranks, CITIES, **words)


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
