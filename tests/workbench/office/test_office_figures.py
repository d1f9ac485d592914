"""Figures as files: four from one drawing, fit for print, with their numbers and their words; tiles as a map."""

import io
import itertools
import re
from functools import cache
from xml.etree import ElementTree

import choices_drawn as about_choices
import numpy as np
import pandas as pd
import pytest
from colours_seen import SIGHT, lab
from figures_drawn import CITIES, DATA, FIGURES, STAMP, TREE, draw, drawn_texts, overlaps
from PIL import Image
from pypdf import PdfReader
from sample_notebook import HOSTILE

from analysis import agreement, figures, framework, maps, regions
from analysis import multivariate as statistics
from analysis.figures import comparison, labels, multivariate, numbers, profile, style
from analysis.settings import ROOT
from workbench.office import figure_files as files

pytestmark = pytest.mark.long

CHOICES = ("choice_tornado", "acceptability_map", "rank_flow", "sobol_bars", "attainable_spans")
STATED = framework.ancestor(TREE, "domain")
BOUNDARIES = maps.read_boundaries(ROOT / "data/raw/boundaries")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(autouse=True, scope="module")
def fonts():
    figures.use_style(ROOT / "assets/fonts")


@cache
def drawn(name: str, lang: str):
    """Any figure of the study from made-up results."""
    words, best = {"lang": lang, "stamp": STAMP[lang]}, agreement.top_cities(DATA["scores"], 100)
    ranks = DATA["ranks"]
    own = {
        "group_counts": lambda: figures.group_counts(regions.counts(best, CITIES, "nbs_region"), 100, **words),
        "correlation_heatmap": lambda: multivariate.correlation_heatmap(DATA["values"].corr(), TREE, **words),
        "domain_components": lambda: multivariate.domain_components(
            statistics.components_by_domain(DATA["values"], STATED), statistics.structure(DATA["values"], STATED),
            TREE, **words),
        "domain_bars": lambda: profile.domain_bars(DATA["domain_scores"].iloc[0],
                                                   {"x": DATA["domain_scores"].median()}, TREE, "x", **words),
        "rank_change_parts": lambda: comparison.rank_change_parts(
            pd.DataFrame({"data": [3, -2], "weights": [1, 1]}, CITIES.index[:2]),
            pd.DataFrame({"a": [10, 20], "b": [6, 21]}, CITIES.index[:2]), CITIES, {"data": "d", "weights": "w"},
            ("a", "b"), **words),
        "province_map": lambda: maps.province_map(BOUNDARIES, pd.Series(3, CITIES["province"].unique()), "x", **words),
        "cluster_map": lambda: maps.cluster_map(BOUNDARIES, DATA["local"]["class"], "x", **words),
        "city_map": lambda: maps.city_map(BOUNDARIES, DATA["scores"], "x", **words),
        "rank_map": lambda: maps.rank_map(BOUNDARIES, ranks, "x", **words),
        "tile_grid": lambda: tiles(lang),
    }
    if name in own:
        return own[name]()
    return about_choices.draw(name, lang) if name in CHOICES else draw(name, lang)


def tiles(lang: str, counts: pd.Series | None = None):
    counts = pd.Series(range(31), CITIES["province"].unique()) if counts is None else counts
    return maps.tile_grid(counts, "x", lang, STAMP[lang])


ALL = sorted({*FIGURES, *CHOICES, "group_counts", "correlation_heatmap", "domain_bars",
              "domain_components", "rank_change_parts",
              "province_map", "city_map", "cluster_map", "rank_map", "tile_grid"})


@pytest.mark.parametrize("name", ALL)
class TestEveryFigure:
    def test_carries_its_numbers_the_same_in_both_languages_and_words_in_each(self, name):
        chinese, english = drawn(name, "zh"), drawn(name, "en")
        for figure in (chinese, english):
            assert isinstance(figure.numbers, pd.DataFrame) and len(figure.numbers), name
            assert figure.numbers.columns.is_unique and not figure.numbers.columns.str.contains("^Unnamed").any()
            assert CHINESE.search(figure.words["zh"]) and figure.words["zh"].endswith("。")
            assert figure.words["en"].endswith(".") and not re.search(r"[，。；：]", figure.words["en"])
        if name not in ("agreement_scatter", "lorenz_curves", "ahp_experts", "rank_flow"):  # rows named by the caller
            assert chinese.numbers.equals(english.numbers)

    def test_english_words_quote_no_chinese(self, name):
        assert not CHINESE.search(drawn(name, "en").words["en"])


class TestNumbers:
    def test_the_bars_are_the_numbers(self):
        figure = drawn("top_probability", "zh")
        widths = [bar.get_width() for axes in figure.axes for bar in axes.patches]
        assert widths == pytest.approx(figure.numbers["p_top_100"].tolist())

    def test_a_histogram_counts_every_value_once(self):
        counted = drawn("distributions", "zh").numbers.groupby("code")[["before", "after"]].sum()
        assert (counted["after"] == len(CITIES)).all()
        assert (counted["before"] == DATA["holes"].notna().sum()[counted.index]).all()

    def test_the_tiles_hold_all_provinces_and_leave_three_without_a_number(self):
        held = drawn("tile_grid", "zh").numbers.set_index("name")["cities"]
        assert len(held) == 34 and held.isna().sum() == 3
        assert held[["台湾", "香港", "澳门"]].isna().all()

    def test_ends_names_the_extremes_and_counts_ties(self):
        names = pd.DataFrame({"name": ["甲", "乙", "丙"], "name_en": ["A", "B", "C"]}, list("abc"))
        said = numbers.ends(pd.Series([3.0, 1.0, 1.0], list("abc")), names)
        assert said == ("最大 甲 3.0，最小 1.0 (×2)", "largest A 3.0, smallest 1.0 (×2)")
        assert numbers.ends(pd.Series([np.nan], ["a"]), names) == ("", "")
        assert numbers.ends(pd.Series([2.0, 2.0], list("ab")), names) == ("全部为 2.0", "all 2.0")


def alternative_texts(node) -> list[str]:
    """Every alternative text below a node of a PDF's structure."""
    node = node.get_object()
    if isinstance(node, list):
        return [text for part in node for text in alternative_texts(part)]
    if not isinstance(node, dict):
        return []
    own = [str(node["/Alt"])] if "/Alt" in node else []
    return own + (alternative_texts(node["/K"]) if "/K" in node else [])


class TestFiles:
    WORDS = f"说明 & <b> “引号” \" {HOSTILE}"

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory):
        folder, figure = tmp_path_factory.mktemp("figures"), drawn("region_counts", "zh")
        for place in (folder, folder / "again"):
            files.write_numbers(figure, place, "x")
            files.write_svg(figures.to_svg(figure), place, "x", f"图 1 {HOSTILE}", cls.WORDS)
            files.write_prints(place, "x", f"图 1 {HOSTILE}", cls.WORDS, "zh")
        return folder

    def test_there_are_four_and_they_are_the_same_every_time(self, folder):
        assert {path.name for path in folder.iterdir()} == {"again", *(f"x.{ending}" for ending in files.ENDINGS)}
        for path in folder.glob("x.*"):
            assert path.read_bytes() == (folder / "again" / path.name).read_bytes(), path.name

    def test_the_svg_has_title_and_description_as_text(self, folder):
        root = ElementTree.fromstring((folder / "x.svg").read_bytes())
        space = "{http://www.w3.org/2000/svg}"
        assert [root[0].tag, root[1].tag] == [f"{space}title", f"{space}desc"]
        assert root[1].text == self.WORDS and root.get("role") == "img"
        assert not list(root.iter(f"{space}script"))

    def test_the_png_is_for_print(self, folder):
        picture = Image.open(folder / "x.png")
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1) and picture.mode == "RGB"
        assert picture.size[0] == pytest.approx(style.WIDTH * 300, abs=1)
        assert picture.text["Description"] == self.WORDS

    def test_the_pdf_is_one_tagged_page_of_the_figure_with_its_alternative_text(self, folder):
        pdf = PdfReader(folder / "x.pdf")
        assert len(pdf.pages) == 1 and float(pdf.pages[0].mediabox.width) == pytest.approx(style.WIDTH * 72, abs=0.5)
        assert pdf.metadata["/Subject"] == self.WORDS and pdf.metadata["/Title"].startswith("图 1")
        assert "/CreationDate" not in pdf.metadata
        assert self.WORDS in alternative_texts(pdf.trailer["/Root"]["/StructTreeRoot"])

    def test_the_csv_is_what_the_figure_carries(self, folder):
        held = pd.read_csv(folder / "x.csv")
        assert held["ours"].tolist() == drawn("region_counts", "zh").numbers["ours"].tolist()

    def test_png_and_pdf_show_the_same_picture_as_matplotlib(self, folder):
        """Mean difference of grey levels between typst's and matplotlib's drawing; another picture differs by more."""
        def grey(content: bytes) -> np.ndarray:
            return np.asarray(Image.open(io.BytesIO(content)).convert("L").resize((340, 200)), dtype=float)

        ours = grey((folder / "x.png").read_bytes())
        same = np.abs(ours - grey(figures.to_png(drawn("region_counts", "zh"), 100))).mean()
        other = np.abs(ours - grey(figures.to_png(drawn("group_counts", "zh"), 100))).mean()
        assert same < 0.4 * other

    def test_coordinates_of_a_large_svg_are_shortened_and_transformations_kept(self):
        small = '<svg><path d="M 1.23456 2"/></svg>'
        assert files.shortened(small) == small
        large = f'<svg><path transform="scale(0.015625)" d="M 1.23456 2.5"/>{" " * files.LARGE}</svg>'
        assert '<path transform="scale(0.015625)" d="M 1.23 2.5"/>' in files.shortened(large)

    def test_an_svg_without_a_size_is_refused(self):
        with pytest.raises(files.FigureFileError, match="figures.to_svg"):
            files.size_in_points("<svg></svg>")


@pytest.mark.parametrize("lang", ["zh", "en"])
class TestTiles:
    def test_every_name_and_number_is_inside_its_own_tile(self, lang):
        figure = tiles(lang, pd.Series(10, CITIES["province"].unique()))
        boxes = drawn_texts(figure)
        assert overlaps(boxes) == []
        axes, found = figure.axes[0], 0
        renderer = figure.canvas.get_renderer()
        for text in axes.texts:
            box = text.get_window_extent(renderer).transformed(axes.transData.inverted())
            corners = {(int(np.floor(x)), int(np.floor(y))) for x, y in itertools.product((box.x0, box.x1),
                                                                                          (box.y0, box.y1))}
            assert len(corners) == 1, text.get_text()
            found += 1
        assert found == 31 * 2 + 3

    def test_counts_of_two_rows_for_one_province_are_refused(self, lang):
        with pytest.raises(figures.FigureError, match="same province"):
            tiles(lang, pd.Series([1, 2], ["广东省", "广东"]))

    def test_nothing_but_provinces_of_the_roster_is_taken(self, lang):
        with pytest.raises(figures.FigureError, match="火星省"):
            tiles(lang, pd.Series([1], ["火星省"]))


def test_the_tiles_are_34_places_and_neighbours_of_the_coast_are_right():
    places = maps.tile_places()
    assert set(places) == set(labels.english_names("province")) and len(set(places.values())) == 34
    north, west = (lambda a, b: places[a][0] < places[b][0]), (lambda a, b: places[a][1] < places[b][1])
    assert north("黑龙江", "吉林") and north("北京", "河北") and north("广东", "香港") and west("新疆", "甘肃")
    assert west("福建", "台湾") and west("江苏", "上海") and north("广西", "海南") and west("西藏", "四川")


@pytest.mark.parametrize("family", [style.TIER_COLOURS[:4], tuple(style.GRADE_SHADES.values()),
                                    tuple(colour for *_, colour, _ in maps.RANK_BANDS)])
def test_ordered_colours_differ_in_grey_and_for_every_sight(family):
    """Shades of one hue are told apart by lightness alone, so that a grey print and any colour vision keep them."""
    for first, second in itertools.pairwise(family):
        for sight in (np.eye(3), *SIGHT.values()):
            apart = np.linalg.norm(lab(first, sight) - lab(second, sight))
            assert apart > 9, (first, second)
