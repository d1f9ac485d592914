"""Maps: projection against a published example, the base map whole, labels apart, the same bytes twice."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from analysis import figures, maps
from analysis.figures.style import CLUSTER_COLOURS
from analysis.settings import ROOT
from analysis.sources import read_cities
from analysis.spatial import CLASSES as CLUSTERS

CITIES = read_cities(ROOT)
CLASSES = pd.Series(np.resize(CLUSTERS, len(CITIES)), CITIES.index).mask(CITIES["seat_lon"].isna())
BOUNDARIES = maps.read_boundaries(ROOT / "data/raw/boundaries")
TAIWAN, HAINAN, SANSHA = "710000", "460000", "460300"


@pytest.fixture(autouse=True, scope="module")
def fonts():
    figures.use_style(ROOT / "assets/fonts")


class TestProjection:
    """Snyder (1987), USGS Professional Paper 1395, p. 291: Albers on the unit sphere, parallels 29.5° and 45.5°,
    origin 23°N 96°W, point 35°N 75°W: x = 0.2952720, y = 0.2416774."""

    def test_snyder(self, monkeypatch):
        monkeypatch.setattr(maps, "EARTH_RADIUS", 1.0)
        monkeypatch.setattr(maps, "PARALLELS", (29.5, 45.5))
        monkeypatch.setattr(maps, "MERIDIAN", -96.0)
        x, y = maps.albers(np.array([-75.0, -96.0]), np.array([35.0, 23.0]))
        assert (x[0] - x[1], y[0] - y[1]) == pytest.approx((0.2952720, 0.2416774), abs=2e-7)

    def test_areas_are_kept(self):
        """A one-degree cell at 20°N and at 50°N: areas in the ratio of their areas on the sphere."""
        def area(south):
            corners = np.array([(100, south), (101, south), (101, south + 1), (100, south + 1)], dtype=float)
            x, y = maps.albers(corners[:, 0], corners[:, 1])
            return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2

        sphere = [np.diff(np.sin(np.radians([south, south + 1])))[0] for south in (20, 50)]
        assert area(20) / area(50) == pytest.approx(sphere[0] / sphere[1], rel=1e-3)


class TestBoundaries:
    def test_every_city_has_an_outline_and_a_point_inside_it(self):
        assert set(CITIES.index) <= set(BOUNDARIES.cities)
        for code in CITIES.index:
            assert BOUNDARIES.cities[code].contains_point(tuple(BOUNDARIES.points.loc[code])), code

    def test_codes_carry_the_roster_names(self):
        assert {code: BOUNDARIES.names[code] for code in CITIES.index} == CITIES["name"].to_dict()

    def test_every_dash_lies_in_the_main_map_or_in_the_inset(self):
        figure, main, inset = maps.map_figure("", "zh", "")
        def inside(axes, dash):
            (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
            return ((dash[:, 0] > left) & (dash[:, 0] < right) & (dash[:, 1] > low) & (dash[:, 1] < high)).all()

        assert all(inside(main, dash) or inside(inset, dash) for dash in BOUNDARIES.dashes)

    def test_the_inset_covers_no_outline_but_islands_of_the_south(self):
        figure, main, inset = maps.map_figure("", "zh", "")
        figure.draw_without_rendering()
        box = inset.get_window_extent().transformed(main.transData.inverted())
        for code, outline in BOUNDARIES.provinces.items():
            if code != HAINAN:
                assert not outline.intersects_bbox(box, filled=False), BOUNDARIES.names[code]

    def test_taiwan_is_in_the_main_map(self):
        extent = BOUNDARIES.provinces[TAIWAN].get_extents()
        left, right, low, high = maps.MAIN_FRAME
        assert left < extent.x0 and extent.x1 < right and low < extent.y0 and extent.y1 < high

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(maps.BoundaryError, match="cn_province.geojson"):
            maps.read_boundaries(tmp_path)


@pytest.mark.parametrize("lang", ["zh", "en"])
class TestMaps:
    def texts(self, figure):
        with figures.style.every_glyph():
            figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        return [(text.get_text(), text.get_window_extent(renderer)) for text in figure.findobj(Text)
                if text.get_text().strip()]

    def test_labels_of_all_provinces_stay_apart(self, lang):
        counts = pd.Series(12, index=CITIES["province"].unique())
        figure = maps.province_map(BOUNDARIES, counts, "x", lang, "x")
        shown = [(text, box) for text, box in self.texts(figure) if text.endswith(" 12") or text.endswith("\n12")]
        assert len(shown) == 31
        for (first, a), (second, b) in itertools.combinations(shown, 2):
            meet = min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
            assert not meet, (first, second)

    def test_every_map_names_the_base_map(self, lang):
        values = pd.Series(np.linspace(0, 100, len(CITIES)), CITIES.index)
        values.iloc[0] = np.nan
        ranks = pd.Series(np.arange(1, len(CITIES) + 1), CITIES.index)
        for figure in (maps.city_map(BOUNDARIES, values, "x", lang, "edition"),
                       maps.rank_map(BOUNDARIES, ranks, "x", lang, "edition"),
                       maps.cluster_map(BOUNDARIES, CLASSES, "x", lang, "edition")):
            words = "\n".join(text for text, _ in self.texts(figure))
            assert "GS(2024)0650号" in words and "天地图" in words and "edition" in words


class TestClusterMap:
    def test_each_city_has_the_colour_of_its_class_and_the_key_counts_them(self):
        figure = maps.cluster_map(BOUNDARIES, CLASSES, "x", "en", "")
        filled = [each for each in figure.axes[0].collections if len(each.get_facecolors()) == len(CLASSES)]
        assert [to_hex(colour) for colour in filled[0].get_facecolors()] == [
            CLUSTER_COLOURS.get(name, maps.NOT_PLACED) for name in CLASSES]
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
        for name, count in CLASSES.value_counts().items():
            assert any(text.startswith(name) and text.endswith(f"({count})") for text in texts)
        assert any(text == f"no coordinates ({CLASSES.isna().sum()})" for text in texts)
        assert figure.numbers["class"].tolist() == CLASSES.dropna().tolist()


class TestBytesAndErrors:
    def test_the_same_map_gives_the_same_bytes(self):
        ranks = pd.Series(np.arange(1, len(CITIES) + 1), CITIES.index)
        first, second = (figures.to_png(maps.rank_map(BOUNDARIES, ranks, "图", "zh", ""), 40) for _ in range(2))
        assert first == second

    def test_unknown_places_are_named(self):
        with pytest.raises(figures.FigureError, match="火星省"):
            maps.province_map(BOUNDARIES, pd.Series({"火星省": 1}), "x")
        with pytest.raises(figures.FigureError, match="999999"):
            maps.city_map(BOUNDARIES, pd.Series({"999999": 1.0}), "x")

    def test_the_islands_of_sansha_are_drawn(self):
        assert SANSHA in BOUNDARIES.cities
