"""Every figure in both languages: each glyph there, no label over another or cut off, the same bytes twice."""

import io
import itertools
import os
import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import rc_params_from_file
from matplotlib.axis import Tick
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

from analysis import agreement, figures, regions
from analysis.figures import labels, strips, style
from analysis.framework import leaves, read_framework
from analysis.settings import ROOT
from analysis.sources import read_cities
from analysis.study import shape_table

pytestmark = pytest.mark.long

CITIES, TREE = read_cities(ROOT), read_framework(ROOT)
MEASURED = pd.Index("I01 I03 I11 I18 I23 I24 I25 I26 I28 I29 I33".split())
DOMAINS = ["D1", "D3", "D4", "D5", "D6"]
STAMP = {"zh": "公开数据版：34 项指标中的 11 项，缺数字治理",
         "en": "public-data edition: 11 of 34 indicators, without Digital governance"}


def example(seed: int = 1) -> dict:
    """Made-up results for the real cities and the real framework, in the shapes that the study passes to figures."""
    rng = np.random.default_rng(seed)
    values = pd.DataFrame(rng.gamma(1.5, 20, (len(CITIES), len(MEASURED))).clip(0, 100), CITIES.index, MEASURED)
    holes = values.mask(rng.random(values.shape) < 0.02)
    weights = pd.Series(rng.dirichlet(np.full(len(MEASURED), 4.0)), MEASURED)
    scores = values @ weights
    ranks = scores.rank(ascending=False, method="min").astype(int)
    spread = rng.integers(1, 30, len(CITIES))
    intervals = pd.DataFrame({"rank": ranks, "median": ranks, "rank_05": (ranks - spread).clip(lower=1),
                              "rank_95": (ranks + spread).clip(upper=297), "p_top_100": rng.random(len(CITIES))})
    domain_scores = pd.DataFrame(rng.uniform(0, 100, (len(CITIES), 5)), CITIES.index, DOMAINS)
    published = pd.Series(range(1, 101), rng.permutation(agreement.top_cities(scores, 120))[:100])
    return {"values": values, "holes": holes, "weights": weights, "scores": scores, "ranks": ranks,
            "intervals": intervals, "domain_scores": domain_scores, "published": published, "rng": rng}


DATA = example()


def draw(name: str, lang: str):
    """One figure of the study from the made-up results."""
    rng = np.random.default_rng(2)
    weights, scores, published = DATA["weights"], DATA["scores"], DATA["published"]
    best = agreement.top_cities(scores, 100)
    words = {"lang": lang, "stamp": STAMP[lang]}
    schemes = pd.DataFrame({name: rng.dirichlet(np.full(11, 3.0)) for name in ("ahp", "entropy", "combined", "critic")},
                           MEASURED)
    all_34 = pd.DataFrame({name: rng.dirichlet(np.full(34, 3.0)) for name in (
        "subjective", "entropy", "nested_entropy", "critic", "equal", "objective", "combined")}, leaves(TREE))
    values_34 = pd.DataFrame(rng.gamma(1, 10, (60, 34)), columns=leaves(TREE))
    named = {labels.pick(lang, "本研究", "This study"): scores, labels.pick(lang, "2019年GDP", "GDP 2019"): scores**1.3}
    makers = {
        "coverage_tiles": lambda: figures.coverage_tiles(TREE, pd.Series("C", MEASURED), **words),
        "missing_values": lambda: figures.missing_values(DATA["holes"], TREE, **words),
        "distributions": lambda: figures.distributions(DATA["holes"], DATA["values"], TREE, **words),
        "weight_bars": lambda: figures.weight_bars(schemes, TREE, **words),
        "entropy_shift": lambda: figures.entropy_shift(schemes.T.set_axis([0, 0.01, 0.1, 1]), TREE, **words),
        "ahp_experts": lambda: figures.ahp_experts(
            pd.DataFrame(rng.dirichlet(np.full(6, 6.0), 3), ["A", "B", "C"], [f"D{n}" for n in range(1, 7)]),
            pd.Series([0.02, 0.12, np.nan], ["A", "B", "C"]), TREE, **words),
        "effective_weights": lambda: figures.effective_weights(weights, schemes["entropy"], TREE, **words),
        "score_bars": lambda: figures.score_bars(DATA["domain_scores"] / 5, CITIES, TREE, **words),
        "domain_profile": lambda: figures.domain_profile(DATA["domain_scores"], best, TREE, **words),
        "ledger_waterfall": lambda: figures.ledger_waterfall(
            DATA["values"].loc["440300"] * weights, weights, labels.pick(lang, "深圳市", "Shenzhen"), TREE, **words),
        "rank_intervals": lambda: figures.rank_intervals(DATA["intervals"], CITIES, **words),
        "top_probability": lambda: figures.top_probability(DATA["intervals"], CITIES, **words),
        "leave_one_out": lambda: figures.leave_one_out(
            pd.DataFrame({"mean_shift": rng.gamma(2, 3, 11), "largest_shift": rng.integers(-90, 90, 11),
                          "left": rng.integers(0, 15, 11)}, MEASURED), TREE, **words),
        "choice_of_k": lambda: figures.choice_of_k(
            pd.DataFrame({"silhouette": [np.nan, 0.5, 0.4], "gap": [0.2, 0.4, 0.5], "gap_error": 0.05,
                          "jaccard_mean": [np.nan, 0.9, 0.7]}, [1, 2, 3]), 3, **words),
        "tier_strip": lambda: figures.tier_strip(
            scores, pd.cut(scores, 3, labels=[3, 2, 1]).astype(int), CITIES, **words),
        "region_counts": lambda: figures.region_counts(regions.compare_counts(best, published.index, CITIES), **words),
        "province_counts": lambda: figures.province_counts(
            regions.compare_counts(best, published.index, CITIES, "province"), **words),
        "group_counts": lambda: figures.group_counts(regions.counts(best, CITIES, "nbs_region"), 100, **words),
        "lorenz_curves": lambda: figures.lorenz_curves(
            named, {name: regions.gini(values.to_numpy()) for name, values in named.items()}, **words),
        "region_scores": lambda: figures.region_scores(scores, CITIES, **words),
        "agreement_scatter": lambda: figures.agreement_scatter(
            named, published, agreement.agreement_table(named, published, draws=20), CITIES, **words),
        "system_tree": lambda: figures.system_tree(TREE, pd.DataFrame(dict.fromkeys(
            ("combined", "subjective", "objective"), weights)), **words),
        "all_34_weights": lambda: figures.weight_bars(all_34, TREE, **words),
        "all_34_distributions": lambda: figures.distributions(values_34, values_34.clip(upper=30), TREE, **words),
        "all_34_ledger": lambda: figures.ledger_waterfall(
            all_34["critic"] * 50, all_34["critic"], labels.pick(lang, "深圳市", "Shenzhen"), TREE, **words),
        "weight_freedom": lambda: figures.weight_freedom(
            pd.DataFrame({"mean": [82.4, 90.8, 96.6], "low": [74, 85, 94], "domain_mean": [62.3, 77.0, 90.7]},
                         [0.3, 0.7, 0.95]),
            pd.Series([0.94, 0.97, 0.89, 0.90, 0.85], ["D3", "D2", "D4", "D5", "D6"]),
            TREE[f"name_{lang}"], **words),
        "movers": lambda: figures.movers(agreement.movers(scores, published), CITIES, **words),
    }
    return makers[name]()


ELSEWHERE = "analysis.figures.sensitivity"  # tests/analysis/test_sensitivity_figures.py
FIGURES = [name for name in figures.__all__ if name[0].islower() and name not in ("to_png", "to_svg", "use_style")
           and getattr(figures, name).__module__ != ELSEWHERE]


@pytest.fixture(autouse=True, scope="module")
def fonts():
    figures.use_style()


def drawn_texts(figure) -> list[tuple[str, object]]:
    """The words that a figure shows, each with its box in pixels; tick labels outside the view are not drawn."""
    with style.every_glyph():
        figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            shown = axis._update_ticks() if axes.axison else []
            for tick in itertools.chain(axis.get_major_ticks(), axis.get_minor_ticks()):
                assert isinstance(tick, Tick)
                hidden.update([] if tick in shown else tick.findobj(Text))
                if tick in shown:
                    hidden.update(text for text in tick.findobj(Text) if not text.get_visible())
    words = [text for text in figure.findobj(Text) if text not in hidden and text.get_visible()]
    return [(text.get_text(), Text.get_window_extent(text, renderer)) for text in words if text.get_text().strip()]


def overlaps(boxes: list[tuple[str, object]]) -> list[tuple[str, str]]:
    """Pairs of words whose boxes share more than half a pixel each way."""
    return [(first, second) for (first, a), (second, b) in itertools.combinations(boxes, 2)
            if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", [*FIGURES, "all_34_weights", "all_34_distributions", "all_34_ledger"])
class TestEveryFigure:
    def test_shows_every_glyph_and_no_label_over_another_or_cut_off(self, name, lang):
        figure = draw(name, lang)
        boxes = drawn_texts(figure)
        assert STAMP[lang] in [words for words, _ in boxes]
        assert overlaps(boxes) == []
        page = figure.bbox
        cut_off = [words for words, box in boxes
                   if min(box.x0, box.y0) < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1]
        assert cut_off == []


class TestBytes:
    def test_the_same_figure_gives_the_same_bytes(self):
        first, second = (draw("region_counts", "zh") for _ in range(2))
        svg = figures.to_svg(first)
        assert svg == figures.to_svg(second)
        assert figures.to_png(first, 50) == figures.to_png(second, 50)
        assert "<dc:date>" not in svg and "Matplotlib" not in svg

    @pytest.mark.parametrize("name", ["tier_strip", "coverage_tiles", "rank_intervals"])
    def test_laid_out_beforehand_it_is_the_figure_that_savefig_lays_out_itself(self, name):
        buffer = io.BytesIO()
        draw(name, "en").savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        assert figures.to_svg(draw(name, "en")) == style.compact(buffer.getvalue().decode())

    def test_figures_not_marked_raster_stay_small_as_vectors(self):
        for name in ("coverage_tiles", "tier_strip", "top_probability"):
            assert len(figures.to_svg(draw(name, "zh"))) < 300_000, name
        assert figures.RASTER <= set(figures.__all__)

    def test_a_missing_glyph_is_an_error(self):
        figure = style.new_figure(1, "\U00020bb7野", "")
        with pytest.raises(UserWarning, match="missing from"):
            figures.to_png(figure, 50)

    def test_missing_fonts_are_refused(self, tmp_path):
        with pytest.raises(figures.FigureError, match="NotoSansSC-Regular"):
            figures.use_style(tmp_path)


class TestStyleSheet:
    def test_it_is_the_whole_look_save_the_registered_font(self):
        sheet = rc_params_from_file(style.STYLE_SHEET, use_default_template=False)
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            before = dict(matplotlib.rcParams)
            figures.use_style()
            changed = {name for name, value in matplotlib.rcParams.items() if value != before[name]}
            assert {name: matplotlib.rcParams[name] for name in sheet if name != "font.family"} == {
                name: value for name, value in sheet.items() if name != "font.family"}
        assert changed <= set(sheet)
        assert sheet["font.sans-serif"][0] == style.FONT_FAMILY

    def test_colours_that_figures_take_from_python_are_those_of_the_sheet(self):
        sheet = rc_params_from_file(style.STYLE_SHEET, use_default_template=False)
        assert {sheet[f"{name}.labelcolor"] for name in ("axes", "xtick", "ytick")} == {sheet["text.color"], style.INK}
        assert {sheet["axes.edgecolor"], sheet["xtick.color"], sheet["ytick.color"]} == {style.MUTED}

    def test_anyone_can_use_it_by_its_path(self):
        """In a Python of its own: no font is registered, and none is missed."""
        code = ("import warnings; warnings.simplefilter('error')\n"
                "import matplotlib.pyplot as plt; plt.style.use('assets/study.mplstyle')\n"
                "axes = plt.figure().subplots(); axes.plot([-1, 1]); axes.set_title('a $ and a $')\n"
                "plt.gcf().canvas.draw(); print(axes.spines['top'].get_visible())")
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                              env={**os.environ, "MPLBACKEND": "agg"})
        assert (done.stdout.strip(), done.stderr) == ("False", "")

    def test_a_figure_without_the_registered_font_is_refused(self):
        with matplotlib.rc_context({"font.family": "sans-serif"}):
            with pytest.raises(figures.FigureError, match="use_style"):
                style.new_figure(1, "", "")


class TestLayout:
    def test_positions_are_rounded_and_axes_stay_in_the_layout(self):
        figure = draw("distributions", "en")
        figure.draw_without_rendering()
        for axes in figure.axes:
            bounds = axes.get_position(original=True).bounds
            assert bounds == pytest.approx([round(part, 9) for part in bounds], abs=1e-15)
        first = figure.axes[0].get_position().x0
        figure.axes[0].set_ylabel("much\nmore\nroom")
        figure.draw_without_rendering()
        assert figure.axes[0].get_position().x0 > first + 0.01


class TestDistributions:
    def test_bars_and_line_are_the_counts(self):
        figure = draw("distributions", "en")
        counted = figure.numbers.set_index("code")
        for axes, code in zip(figure.axes, MEASURED, strict=False):
            assert [bar.get_height() for bar in axes.patches] == counted.loc[code, "before"].tolist()
            assert axes.collections[0].get_paths()[0].vertices[:, 1].max() == counted.loc[code, "after"].max()

    def test_the_skewness_is_that_of_the_treatment_record(self):
        figure = draw("distributions", "en")
        change = pd.DataFrame({"indicator": ["I01"], "action": ["winsorised"], "treatment": ["winsorise"]})
        shapes = shape_table(DATA["holes"], DATA["values"], change)
        before, after = shapes["skewness_before"].item(), shapes["skewness_after"].item()
        assert figure.axes[0].texts[0].get_text() == f"skew {before:.1f}→{after:.1f}"

    def test_one_city_of_four_apart_has_skewness_2(self):
        """G1 = 4² · 3/16 / ((4 − 1) (4 − 2) · 0.5³) (Joanes & Gill 1998); of the population it would be 1.15."""
        lone = pd.DataFrame({"I01": [0.0, 0, 0, 1]})
        assert figures.distributions(lone, lone, TREE, "en").axes[0].texts[0].get_text() == "skew 2.0→2.0"

    def test_two_values_have_no_skewness(self):
        few = DATA["values"].head(2)
        assert figures.distributions(few, few, TREE, "en").axes[0].texts[0].get_text() == "skew –→–"


class TestMissingValues:
    def test_cells_are_the_gaps_of_the_cities_that_have_any(self):
        holes = DATA["holes"]
        figure = draw("missing_values", "en")
        cells = figure.axes[0].collections[0].get_array().reshape(len(MEASURED), -1)
        assert cells.shape[1] == holes.isna().any(axis=1).sum()
        assert cells.sum(axis=1).tolist() == holes.isna().sum().tolist() == [
            bar.get_width() for bar in figure.axes[1].patches]

    def test_without_a_gap_all_rows_are_pale(self):
        figure = figures.missing_values(DATA["values"], TREE, "en")
        assert not figure.axes[0].collections[0].get_array().any()
        assert "0 of 297" in figure.axes[0].get_xlabel()


class TestStrips:
    SCORES = pd.Series([9.0, 3.0, 5.0, np.nan, 7.0, 1.0], list("abcdef"))
    GROUPS = pd.Series(["x", "x", "z", "z", None, "x"], list("abcdef"))

    def strip(self):
        axes = style.new_figure(2, "", "").add_subplot()
        dots = strips.strip(axes, self.SCORES, self.GROUPS, {"x": "#111111", "y": "#222222", "z": "#333333"}, 0.6, 4)
        return axes, dots

    def test_each_city_with_score_and_group_is_a_dot_in_the_row_of_its_group(self):
        axes, dots = self.strip()
        assert dots["x"].to_dict() == {"a": 9, "c": 5, "b": 3, "f": 1}
        assert dots["y"].round().to_dict() == {"a": 0, "b": 0, "f": 0, "c": 2}
        drawn = [part.get_offsets().tolist() for part in axes.collections]
        assert drawn == [dots.loc[list("abf")].to_numpy().tolist(), [], dots.loc[["c"]].to_numpy().tolist()]
        assert to_hex(axes.collections[2].get_facecolor()[0]) == "#333333"

    def test_dots_keep_to_their_row_and_apart(self):
        scores = pd.Series(1.0, CITIES.index)
        axes = style.new_figure(2, "", "").add_subplot()
        places = strips.strip(axes, scores, scores, {1.0: "#111111"}, 0.6, 4)["y"].sort_values()
        assert places.between(-0.3, 0.3).all()
        assert places.diff().min() > 0.6 / len(CITIES) / 3

    def test_it_needs_no_random_numbers(self):
        before = np.random.get_state()[1].tolist()  # noqa: NPY002
        assert self.strip()[1].equals(self.strip()[1])
        assert np.random.get_state()[1].tolist() == before  # noqa: NPY002

    def test_boxes_reach_from_quartile_to_quartile(self):
        region = CITIES["nbs_region"]
        lines = [line.get_xdata() for line in draw("region_scores", "en").axes[0].lines]
        for number, group in enumerate(("东部", "中部", "西部", "东北")):
            box, low, high, low_cap, high_cap, middle = lines[6 * number:6 * number + 6]
            part = DATA["scores"][region == group]
            drawn = [low_cap[0], min(box), middle[0], max(box), high_cap[0]]
            outside = (part < low_cap[0]).sum() + (part > high_cap[0]).sum()
            assert drawn[1:4] == pytest.approx(part.quantile([0.25, 0.5, 0.75]).tolist())
            assert outside == pytest.approx(0.1 * len(part), abs=2)


class TestColours:
    """Colours of one family stay apart in grey and for the three kinds of dichromats.

    Matrices for severity 1: Machado, Oliveira & Fernandes (2009), IEEE Trans. Visualization 15, 1291–1298, Table 1.
    """

    SIGHT = {
        "normal": np.eye(3),
        "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
        "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                            [-0.011820, 0.042940, 0.968881]]),
        "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                            [0.004733, 0.691367, 0.303900]]),
    }

    @staticmethod
    def lab(colour, sight):
        """CIE L*a*b* (D65) of a colour as seen with the given matrix on linear light."""
        rgb = np.array(to_rgb(colour))
        linear = np.clip(sight @ np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4), 0, 1)
        xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
        x, y, z = (part if part > 0 else 0 for part in xyz / np.array([0.95047, 1, 1.08883]))
        root = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)]
        return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])

    @pytest.mark.parametrize("family", [style.DOMAIN_COLOURS, style.NBS_COLOURS, style.REGION_COLOURS,
                                        {"ours": style.OURS, "published": style.PUBLISHED, "gdp": style.BASELINE}])
    def test_every_pair_differs_in_lightness_and_in_colour(self, family):
        for first, second in itertools.combinations(family.values(), 2):
            light = self.lab(first, np.eye(3))[0] - self.lab(second, np.eye(3))[0]
            assert abs(light) > 5, (first, second)
            for name, sight in self.SIGHT.items():
                assert np.linalg.norm(self.lab(first, sight) - self.lab(second, sight)) > 9, (first, second, name)


class TestLabels:
    @given(st.lists(st.floats(0, 100), min_size=1, max_size=20), st.floats(0.1, 4))
    def test_spread_keeps_order_and_distance(self, positions, gap):
        moved = labels.spread(np.array(positions), gap)
        order = np.argsort(positions, kind="stable")
        assert (np.diff(moved[order]) >= gap - 1e-6).all()
        assert moved.mean() == pytest.approx(np.mean(positions), abs=1e-6)

    def test_spread_by_hand(self):
        assert labels.spread(np.array([1.0, 1.2, 5.0]), 1).tolist() == pytest.approx([0.6, 1.6, 5.0])

    def test_english_names_of_two_cities_are_told_apart(self):
        names = labels.city_names(CITIES, "en")
        assert names.is_unique
        assert names["320500"] == "Suzhou (Jiangsu)"
        assert labels.city_names(CITIES, "zh")["440300"] == "深圳"

    def test_a_name_of_two_systems_is_looked_up_in_its_own(self):
        assert labels.group_name("东北", "region", "en") == "Northeast China"
        assert labels.group_name("东北", "nbs_region", "en") == "Northeastern"
        assert labels.group_name("内蒙古自治区", "province", "en") == "Inner Mongolia"
        assert labels.group_name("自有", "own", "en") == "自有"

    def test_wrapping_keeps_every_letter(self):
        assert labels.wrapped("智能安全监控终端覆盖率", "zh", 6).replace("\n", "") == "智能安全监控终端覆盖率"
        assert len(leaves(TREE)) == 34

    def test_an_unknown_language_is_refused(self):
        with pytest.raises(figures.FigureError, match="zh or en"):
            labels.pick("de", "", "")
