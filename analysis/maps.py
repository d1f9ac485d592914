"""Maps of the hundred: outlines read and projected once, then drawn with plain matplotlib.

Every map shows Taiwan, the South China Sea in an inset and the dashes, and carries the attribution of the base map.
Maps hold thousands of points: keep them as PNG.

Projection: Albers equal-area conic on the sphere, standard parallels 25°N and 47°N, central meridian 105°E; areas may
be compared, distances only roughly. Reference: Snyder (1987), Map Projections – A Working Manual, USGS Professional
Paper 1395, pp. 98–103; docs/method.md, section 8.4.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.figures.labels import pick, province_name
from analysis.figures.numbers import ends, with_numbers
from analysis.figures.style import CLUSTER_COLOURS, FigureError, new_figure, on_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from matplotlib.path import Path

EARTH_RADIUS = 6_371_007.2  # metres, sphere of the Earth's area
PARALLELS, MERIDIAN = (25.0, 47.0), 105.0
MAIN_FRAME = (-2.72e6, 2.50e6, 1.78e6, 5.98e6)  # x and y of the main map, metres
INSET_CORNERS = ((106.5, 2.8), (122.6, 24.3))  # degrees
DASHES = "nanhai"
ATTRIBUTION = ("底图数据：国家地理信息公共服务平台（天地图），GS(2024)0650号，边界经简化",
               "Base map 底图数据：国家地理信息公共服务平台（天地图），GS(2024)0650号，边界经简化 (simplified)")
NO_MEMBER, NO_DATA = "#e4e4e4", "#ffffff"
NOT_PLACED = "#fefefe"  # white too, and not hatched in the key
RANK_BANDS = ((1, 5, "#7f1d1d", 62), (6, 25, "#d9703c", 36), (26, 50, "#5b9bc4", 22), (51, 100, "#173a63", 12))
# Where a province's label would meet its neighbour's or a border: shift in kilometres (east, north).
LABEL_SHIFTS = {"110000": (-20, 85), "120000": (165, 5), "130000": (-50, -200), "140000": (-20, -50),
                "310000": (215, 10), "150000": (-330, -190), "320000": (40, 0), "330000": (20, 0), "440000": (0, 40),
                "500000": (30, 0), "610000": (20, -90), "620000": (130, -160), "640000": (0, 10)}


class BoundaryError(ValueError):
    """A file of outlines that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class Boundaries:
    """Projected outlines, in metres: provinces and cities by adcode, dashes as lines, and a point inside each area.

    `points` has columns x and y by adcode (provinces and cities): inside the largest part of the area.
    """

    provinces: dict[str, Path]
    cities: dict[str, Path]
    names: dict[str, str]
    dashes: list[np.ndarray]
    points: pd.DataFrame


def albers(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project degrees to metres with Albers' equal-area conic; the origin is on the equator at 105°E."""
    sine_first, sine_second = np.sin(np.radians(PARALLELS))
    cone = (sine_first + sine_second) / 2
    constant = np.cos(np.radians(PARALLELS[0])) ** 2 + 2 * cone * sine_first
    radius = EARTH_RADIUS * np.sqrt(constant - 2 * cone * np.sin(np.radians(latitude))) / cone
    angle = cone * np.radians(np.asarray(longitude) - MERIDIAN)
    return radius * np.sin(angle), EARTH_RADIUS * np.sqrt(constant) / cone - radius * np.cos(angle)


def projected(ring: list) -> np.ndarray:
    """A list of [longitude, latitude] as an array n × 2 in metres."""
    degrees = np.asarray(ring, dtype=float)
    return np.column_stack(albers(degrees[:, 0], degrees[:, 1]))


def outline(rings: list[np.ndarray]) -> Path:
    """Closed rings as one path; holes stay holes, because inner rings run the other way."""
    from matplotlib.path import Path

    codes = []
    for ring in rings:
        code = np.full(len(ring), Path.LINETO, dtype=np.uint8)
        code[0], code[-1] = Path.MOVETO, Path.CLOSEPOLY
        codes.append(code)
    return Path(np.concatenate(rings), np.concatenate(codes))


def inner_point(parts: list[list[np.ndarray]]) -> tuple[float, float]:
    """A point inside the largest part of an area (shapely's representative point)."""
    import shapely

    polygons = [shapely.Polygon(part[0], part[1:]) for part in parts]
    point = max(polygons, key=lambda polygon: polygon.area).representative_point()
    return point.x, point.y


def read_features(path: FilePath) -> list[dict]:
    """The features of a GeoJSON file; raises BoundaryError where it is missing or is not one."""
    if not path.is_file():
        raise BoundaryError(f"{path.name} is not in the folder of boundaries; restore it from data/raw/boundaries")
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("type") != "FeatureCollection":
        raise BoundaryError(f"{path.name} is no GeoJSON FeatureCollection; restore it from data/raw/boundaries")
    return content["features"]


@lru_cache(maxsize=2)
def read_boundaries(folder: FilePath) -> Boundaries:
    """Read and project the outlines of provinces and cities in `folder`; done once, then kept in memory.

    Expects cn_province.geojson (34 provinces and the dashes) and cn_city.geojson. Raises BoundaryError otherwise.
    """
    layers: dict[str, dict[str, Path]] = {"cn_province": {}, "cn_city": {}}
    names: dict[str, str] = {}
    points: dict[str, tuple[float, float]] = {}
    dashes: list[np.ndarray] = []
    for layer, outlines in layers.items():
        for feature in read_features(FilePath(folder) / f"{layer}.geojson"):
            code, geometry = feature["id"], feature["geometry"]
            if code == DASHES:
                dashes = [projected(line) for line in geometry["coordinates"]]
                continue
            nested = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
            parts = [[projected(ring) for ring in part] for part in nested]
            outlines[code] = outline([ring for part in parts for ring in part])
            names[code] = feature["properties"]["name"]
            points[code] = inner_point(parts)
    if len(layers["cn_province"]) != 34 or not dashes:
        raise BoundaryError("cn_province.geojson must hold 34 provinces and the dashes; restore the file")
    frame = pd.DataFrame.from_dict(points, orient="index", columns=["x", "y"]).rename_axis("adcode")
    return Boundaries(layers["cn_province"], layers["cn_city"], names, dashes, frame)


def map_figure(title: str, lang: str, stamp: str) -> tuple[Figure, Axes, Axes]:
    """An empty map: the main axes and the inset of the South China Sea, at the lower right and clear of Taiwan."""
    figure = new_figure(5.75, title, f"{stamp}\n{pick(lang, *ATTRIBUTION)}")
    figure.set_layout_engine("none")
    main = figure.add_axes((0.0, 0.055, 1.0, 0.90))
    main.set(xlim=MAIN_FRAME[:2], ylim=MAIN_FRAME[2:], aspect="equal")
    main.axis("off")
    inset = figure.add_axes((0.862, 0.075, 0.13, 0.235))
    corner_x, corner_y = albers(*np.array([(west, south) for west in (INSET_CORNERS[0][0], INSET_CORNERS[1][0])
                                           for south in (INSET_CORNERS[0][1], INSET_CORNERS[1][1])]).T)
    inset.set(xlim=(corner_x.min(), corner_x.max()), ylim=(corner_y.min(), corner_y.max()), aspect="equal",
              xticks=[], yticks=[])
    for side in inset.spines.values():
        side.set_visible(True)
    inset.set_title(pick(lang, "南海诸岛", "South China Sea"), fontsize=6, fontweight="normal", loc="center", pad=2)
    return figure, main, inset


def fill(axes: Axes, outlines: list[Path], colours: Any, edge: str = "#8a8a8a", width: float = 0.5, layer: int = 1,
         hatch: str | None = None) -> None:
    """Draw outlines with one colour each (or one for all)."""
    from matplotlib.collections import PathCollection

    axes.add_collection(PathCollection(outlines, facecolors=colours, edgecolors=edge, linewidths=width, zorder=layer,
                                       hatch=hatch), autolim=False)


def base_lines(axes: Axes, boundaries: Boundaries) -> None:
    """Outlines of the provinces and the dashes, over the filled areas."""
    from matplotlib.collections import LineCollection

    fill(axes, list(boundaries.provinces.values()), "none", "#6f6f6f", 0.55, layer=3)
    axes.add_collection(LineCollection(boundaries.dashes, colors="#444444", linewidths=1.1, zorder=3), autolim=False)


def colour_bar(figure: Figure, cmap: Colormap, norm: Normalize, label: str) -> None:
    """A small upright scale at the lower left."""
    from matplotlib.cm import ScalarMappable

    axes = figure.add_axes((0.045, 0.11, 0.014, 0.22))
    bar = figure.colorbar(ScalarMappable(norm, cmap), cax=axes)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=6.5, length=0)
    axes.set_title(label, fontsize=6.8, fontweight="normal", loc="left", pad=5)


def key(figure: Figure, entries: Sequence[tuple[str, Any, float | None]], left: float, title: str = "") -> None:
    """A legend at the lower left: words, colour, and the area of the dot (None for a filled patch, "" for hatched)."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=colour, edgecolor="#9a9a9a", linewidth=0.5, label=words,
                     hatch="/////" if colour == NO_DATA else None) if size is None else
               Line2D([], [], linestyle="none", marker="o", markerfacecolor=colour, markeredgecolor="white",
                      markeredgewidth=0.4, markersize=np.sqrt(size), label=words) for words, colour, size in entries]
    figure.legend(handles=handles, title=title, loc="lower left", bbox_to_anchor=(left, 0.09), fontsize=7,
                  labelspacing=0.55, alignment="left")


def named_places(boundaries: Boundaries, values: pd.Series) -> pd.DataFrame:
    """Values by adcode with the places' names before them."""
    names = pd.Series(boundaries.names).reindex(values.index).rename("name")
    return pd.concat([names, values], axis=1).rename_axis("adcode")


def outside_words(lang: str) -> str:
    """What a hatched area means."""
    return pick(lang, "不在研究范围", "outside the study")


def province_map(boundaries: Boundaries, counts: pd.Series, title: str, lang: str = "zh", stamp: str = "",
                 sizes: pd.Series | None = None) -> Figure:
    """Provinces shaded by how many of their cities are among the hundred, named and numbered.

    `counts` by province name as in the roster (广东省). A province without a city of the hundred is grey; one that is
    not in `counts` (outside the study) is hatched. With `sizes`, the cities of each province, labels read 11/13.
    """
    code_of = {name: code for code, name in boundaries.names.items() if code in boundaries.provinces}
    unknown = [name for name in counts.index if name not in code_of]
    if unknown:
        raise FigureError(f"provinces without an outline: {', '.join(unknown)}; use the roster's province names")
    number = {code_of[name]: int(count) for name, count in counts.items()}
    figure, main, inset = map_figure(title, lang, stamp)
    ramp, norm = count_scale(max(number.values()))
    studied = [boundaries.provinces[code] for code in number]
    colours = [ramp(norm(count)) if count else NO_MEMBER for count in number.values()]
    outside = [path for code, path in boundaries.provinces.items() if code not in number]
    for axes in (main, inset):
        fill(axes, studied, colours)
        fill(axes, outside, NO_DATA, "#b0b0b0", hatch="/////")
        base_lines(axes, boundaries)
    for code, count in number.items():
        if count:
            of = "" if sizes is None else f"/{sizes[boundaries.names[code]]}"
            province_label(main, boundaries, code, f"{count}{of}", lang)
    colour_bar(figure, ramp, norm, pick(lang, "城市数（个）", "cities"))
    key(figure, [(pick(lang, "没有百强城市", "none of the hundred"), NO_MEMBER, None),
                 (outside_words(lang), NO_DATA, None)], left=0.12)
    numbers = pd.DataFrame({"name": counts.index, "name_en": [province_name(name, "en") for name in counts.index],
                            "cities": counts.to_numpy()}, pd.Index(number, name="adcode"))
    both = ends(numbers["cities"], numbers, ".0f")
    return with_numbers(
        figure, numbers,
        f"地图：{len(numbers)} 个省级地区各有多少座城市，颜色越深越多；共 {counts.sum()} 座，{both[0]}。"
        "研究范围之外为斜线。",
        f"Map: how many cities each of {len(numbers)} provinces has, the darker the more; {counts.sum()} in all, "
        f"{both[1]}. Hatched: outside the study.")


def count_scale(largest: int) -> tuple[Colormap, Normalize]:
    """Colours from pale to dark for counts from 0 to the largest; the palest still stands out from grey."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    colours = colormaps["YlGnBu"](np.linspace(0.14, 0.92, 64))
    return LinearSegmentedColormap.from_list("counts", colours), Normalize(0, max(largest, 1))


def province_label(axes: Axes, boundaries: Boundaries, code: str, count: int | str, lang: str) -> None:
    """Name and number of a province inside its outline, moved a little where neighbours are close."""
    from matplotlib.patheffects import withStroke

    east, north = LABEL_SHIFTS.get(code, (0, 0))
    x, y = boundaries.points.loc[code, ["x", "y"]]
    name = province_name(boundaries.names[code], lang)
    axes.text(x + 1e3 * east, y + 1e3 * north, f"{name} {count}" if lang == "zh" else f"{name}\n{count}", ha="center",
              va="center", fontsize=6.6 if lang == "zh" else 5.6, linespacing=0.95, zorder=6, gid=f"label-{code}",
              path_effects=[withStroke(linewidth=1.5, foreground="white")])


def city_map(boundaries: Boundaries, values: pd.Series, title: str, lang: str = "zh", stamp: str = "",
             label_zh: str = "综合得分", label_en: str = "composite score") -> Figure:
    """Cities shaded by a value, for example the score (0–100); areas outside the study are hatched.

    `values` by adcode; a city with NaN is grey (no data).
    """
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    figure, main, inset = map_figure(title, lang, stamp)
    cmap, norm = colormaps["viridis_r"], Normalize(values.min(), values.max())
    colours = {code: cmap(norm(value)) if np.isfinite(value) else NO_MEMBER for code, value in values.items()}
    shade_cities((main, inset), boundaries, colours)
    colour_bar(figure, cmap, norm, pick(lang, label_zh, label_en))
    entries = [(outside_words(lang), NO_DATA, None)]
    if values.isna().any():
        entries.insert(0, (pick(lang, "缺数据", "no data"), NO_MEMBER, None))
    key(figure, entries, left=0.12)
    numbers, span = named_places(boundaries, values.rename("value")), f"{values.min():.1f}–{values.max():.1f}"
    return with_numbers(
        figure, numbers,
        f"地图：{values.notna().sum()} 座城市的{label_zh}，颜色越深越大，从小到大为 {span}。研究范围之外为斜线。",
        f"Map: the {label_en} of {values.notna().sum()} cities, the darker the larger, from least to greatest "
        f"{span}. Hatched: outside the study.")


CLUSTER_WORDS = {"high-high": ("高—高：自己与邻居都高", "high-high: high among high"),
                 "high-low": ("高—低：高于邻居", "high-low: high among low"),
                 "low-high": ("低—高：低于邻居", "low-high: low among high"),
                 "low-low": ("低—低：自己与邻居都低", "low-low: low among low"),
                 "not significant": ("不显著", "not significant")}


def cluster_map(boundaries: Boundaries, classes: pd.Series, title: str, lang: str = "zh", stamp: str = "") -> Figure:
    """Cities by the class of local Moran: clusters of high and of low values, cities unlike their surroundings, and
    those where nothing is significant; areas outside the study are hatched.

    `classes` by adcode, column class of `spatial.local_moran`; a city whose seat is not known (NaN) is white. The key
    counts the cities of each class.
    """
    known = classes.dropna()
    figure, main, inset = map_figure(title, lang, stamp)
    shade_cities((main, inset), boundaries, {code: CLUSTER_COLOURS.get(name, NOT_PLACED) for code, name in
                                             classes.items()})
    size = known.value_counts().reindex(CLUSTER_WORDS, fill_value=0)
    entries: list[tuple[str, Any, float | None]] = [
        (f"{pick(lang, *words)}{pick(lang, f'（{size[name]}）', f' ({size[name]})')}", CLUSTER_COLOURS[name], None)
        for name, words in CLUSTER_WORDS.items()]
    if len(known) < len(classes):
        entries.append((pick(lang, f"没有坐标（{len(classes) - len(known)}）",
                             f"no coordinates ({len(classes) - len(known)})"), NOT_PLACED, None))
    key(figure, [*entries, (outside_words(lang), NO_DATA, None)], left=0.035)
    counted = [[f"{words[side]} {size[name]}" for name, words in CLUSTER_WORDS.items()] for side in (0, 1)]
    return with_numbers(
        figure, named_places(boundaries, known.rename("class")),
        f"地图：{len(known)} 座城市的局部莫兰类别：{'；'.join(counted[0])}。研究范围之外为斜线。",
        f"Map: the class of local Moran of {len(known)} cities: {'; '.join(counted[1])}. Hatched: outside the study.")


def shade_cities(panels: tuple[Axes, ...], boundaries: Boundaries, colours: dict) -> None:
    """Fill every city with its colour and hatch the areas without one; raises FigureError for unknown codes."""
    unknown = sorted(set(colours) - set(boundaries.cities))
    if unknown:
        raise FigureError(f"cities without an outline: {', '.join(unknown)}; correct the codes")
    outside = [path for code, path in boundaries.cities.items() if code not in colours]
    for axes in panels:
        fill(axes, outside, NO_DATA, "#c4c4c4", 0.2, hatch="/////")
        fill(axes, [boundaries.cities[code] for code in colours], list(colours.values()), "#ffffff", 0.2, layer=2)
        base_lines(axes, boundaries)


def rank_map(boundaries: Boundaries, ranks: pd.Series, title: str, lang: str = "zh", stamp: str = "") -> Figure:
    """The hundred as dots, larger and warmer for better ranks, at a point inside each city's largest part.

    `ranks` by adcode; ranks beyond 100 are left out, and the key counts what is shown.
    """
    unknown = sorted(set(ranks.index) - set(boundaries.points.index))
    if unknown:
        raise FigureError(f"cities without an outline: {', '.join(unknown)}; correct the codes")
    figure, main, inset = map_figure(title, lang, stamp)
    entries = []
    bands = [(ranks.index[ranks.between(first, last)], colour, size, first, last)
             for first, last, colour, size in RANK_BANDS]
    for axes, shrink in ((main, 1.0), (inset, 0.3)):
        fill(axes, list(boundaries.provinces.values()), "#f4f4f2", width=0)
        base_lines(axes, boundaries)
        for place, (codes, colour, size, _, _) in enumerate(bands):
            spots = boundaries.points.loc[codes]
            axes.scatter(spots["x"], spots["y"], s=size * shrink, color=colour, edgecolor="white", linewidth=0.4,
                         zorder=9 - place)
    for codes, colour, size, first, last in bands:
        words = pick(lang, f"第 {first}–{last} 名（{len(codes)}）", f"rank {first}–{last} ({len(codes)})")
        entries.append((words, colour, size))
    key(figure, entries, left=0.035)
    shown = ranks[ranks <= RANK_BANDS[-1][1]].sort_values(kind="stable")
    places = named_places(boundaries, shown.rename("rank"))
    return with_numbers(
        figure, places,
        f"地图：前 {RANK_BANDS[-1][1]} 名的 {len(places)} 座城市的位置，名次越前点越大；"
        f"前五为{'、'.join(places['name'].head(5))}。",
        f"Map: where the {len(places)} cities of the first {RANK_BANDS[-1][1]} lie, larger dots for better ranks.")


# --- without a base map -----------------------------------------------------------------------------------------------
# The 34 provinces as tiles, north above and west at the left; neighbours stay neighbours as far as a grid allows.
TILES = ("      黑龙江", "   内蒙古 北京 辽宁 吉林", "新疆 甘肃 宁夏 山西 河北 天津", "西藏 青海 陕西 河南 山东",
         " 四川 重庆 湖北 安徽 江苏 上海", " 云南 贵州 湖南 江西 浙江", "   广西 广东 福建 台湾", "   海南 澳门 香港")


def tile_places() -> dict[str, tuple[int, int]]:
    """Row and column of each province's tile by its short name, counted from the top left."""
    return {name: (row, column) for row, line in enumerate(TILES)
            for column, name in enumerate(line.split(" ")) if name}


def tile_grid(counts: pd.Series, title: str, lang: str = "zh", stamp: str = "") -> Figure:
    """Provinces as equal tiles, shaded and numbered by a count; it needs no base map and no province is too small.

    `counts` by province name as in the roster (广东省), at most one row per province. A province with 0 is grey, one
    that is not in `counts` is outside the study: hatched, without a number.
    """
    from matplotlib.patches import Rectangle

    places, number = tile_places(), {province_name(name, "zh"): int(count) for name, count in counts.items()}
    if len(number) < len(counts):
        raise FigureError("two rows of counts name the same province; add them up first")
    figure = new_figure(5.2, title, stamp)
    axes = figure.add_subplot()
    ramp, norm = count_scale(max(number.values(), default=0))
    for name, (row, column) in places.items():
        count = number.get(name)
        colour = NO_DATA if count is None else ramp(norm(count)) if count else NO_MEMBER
        look: dict[str, Any] = {"hatch": "/////", "edgecolor": "#b0b0b0"} if count is None else {"edgecolor": "white"}
        axes.add_patch(Rectangle((column + 0.03, row + 0.03), 0.94, 0.94, facecolor=colour, linewidth=0.6, **look))
        tile_words(axes, column + 0.5, row + 0.5, name, count, on_colour(colour), lang)
    axes.set(xlim=(0, 7), ylim=(len(TILES), 0), aspect=0.74)
    axes.axis("off")
    shown = [(f"{count}", ramp(norm(count)) if count else NO_MEMBER, None)
             for count in sorted({min(number.values()), max(number.values())} if number else ())]
    key(figure, [*shown, (outside_words(lang), NO_DATA, None)], left=0.035, title=pick(lang, "城市数（个）", "cities"))
    rows, columns = zip(*places.values(), strict=True)
    numbers = pd.DataFrame({"name": list(places), "name_en": [province_name(name, "en") for name in places],
                            "row": rows, "column": columns,
                            "cities": pd.array([number.get(name) for name in places], dtype="Int64")})
    both = ends(numbers["cities"].dropna().astype(int), numbers, ".0f")
    return with_numbers(
        figure, numbers,
        f"方块地图：34 个省级地区各一块，按方位排列，数字为城市数，颜色越深越多；{both[0]}。研究范围之外为斜线。",
        f"Tile map: a tile for each of 34 provinces, placed by the compass, with its number of cities, the darker the "
        f"more; {both[1]}. Hatched: outside the study.")


def tile_words(axes: Axes, x: float, y: float, name: str, count: int | None, colour: str, lang: str) -> None:
    """A province's name, and its number below unless it is outside the study."""
    from analysis.figures.labels import wrapped

    words = wrapped(province_name(name, lang), lang, 8)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8} if count is None else None
    axes.text(x, y - (0.0 if count is None else 0.17), words, ha="center", va="center_baseline", color=colour, bbox=box,
              fontsize=8.5 if lang == "zh" else 6.6, linespacing=0.95)
    if count is not None:
        axes.text(x, y + 0.22, str(count), ha="center", va="center", color=colour, fontsize=10, fontweight="bold")
