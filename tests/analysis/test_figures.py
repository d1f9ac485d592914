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
from colours_seen import SIGHT, lab
from figures_drawn import CITIES, DATA, FIGURES, MEASURED, STAMP, TREE, draw, drawn_texts, overlaps
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import rc_params_from_file
from matplotlib.colors import to_hex

from analysis import figures
from analysis.figures import labels, strips, style
from analysis.framework import leaves
from analysis.settings import ROOT
from analysis.study import shape_table

pytestmark = pytest.mark.long

@pytest.fixture(autouse=True, scope="module")
def fonts():
    figures.use_style()


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

    def test_a_missing_glyph_is_an_error(self, monkeypatch):
        monkeypatch.setattr(style, "_fallback", [])  # studies of other places, run before in this process, allow any
        figures.use_style()
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
    """Colours of one family stay apart in grey and for the three kinds of dichromats."""

    @pytest.mark.parametrize("family", [style.DOMAIN_COLOURS, style.NBS_COLOURS, style.REGION_COLOURS,
                                        style.CLUSTER_COLOURS,
                                        {"ours": style.OURS, "published": style.PUBLISHED, "gdp": style.BASELINE}])
    def test_every_pair_differs_in_lightness_and_in_colour(self, family):
        for first, second in itertools.combinations(family.values(), 2):
            light = lab(first, np.eye(3))[0] - lab(second, np.eye(3))[0]
            assert abs(light) > 5, (first, second)
            for name, sight in SIGHT.items():
                assert np.linalg.norm(lab(first, sight) - lab(second, sight)) > 9, (first, second, name)


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
