"""The explorer's pictures, declared with Vega-Altair and compiled to Vega: map, its inset, scatter plot, intervals.

Their data come from the page: the data sets `cities` (one row per city with its score, rank and band now), `shown`
(the cities whose intervals are drawn) and, for maps, `provinces` and `dashes`. A change of weights changes these rows
and nothing else; every scale is fixed, so that a dot that moves is a city that moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.maps import RANK_BANDS
from workbench.explorer.outlines import inset_frame, main_frame
from workbench.explorer.words import WORDS

if TYPE_CHECKING:
    import altair

FONTS = '"Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif'
INK, SOFT, LINE, LAND, BORDER = "#1d2530", "#56606e", "#d6dce4", "#f4f4f2", "#8a919c"
OTHERS = "#aab1bb"
BAND_COLOURS = [colour for _, _, colour, _ in RANK_BANDS]
DOT_AREAS = [90, 62, 44, 30, 16]
INTERVAL_COLOURS = {"choices": "#b9d3e8", "weights": "#2f6ba3"}
INSET_SHRINK = 0.35
INSET_TOP, BESIDE_INSET = 2950, 300  # kilometres: names of cities below and east of these would run under the inset
ROW = 30  # pixels between two cities of the intervals


def explorer_charts(content: dict[str, Any], lang: str) -> dict[str, dict[str, Any]]:
    """Compiled Vega specifications by name: scatter; map and inset where there is a base map; intervals likewise."""
    charts = {"scatter": finished(scatter_plot(content, lang), WORDS[lang]["scatter_alt"], height_of_width=0.66)}
    if "outlines" in content:
        for name, frame in (("map", main_frame()), ("inset", inset_frame())):
            west, east, south, north = frame
            charts[name] = finished(city_map(content, lang, frame, name), WORDS[lang][f"{name}_alt"],
                                    height_of_width=(north - south) / (east - west))
    if content["intervals"]:
        charts["intervals"] = finished(interval_plot(content, lang), WORDS[lang]["intervals_alt"])
    return charts


def finished(chart: altair.LayerChart, description: str, height_of_width: float | None = None) -> dict[str, Any]:
    """A chart as wide as its place on the page, compiled; its height may follow its width."""
    chart = chart.properties(width="container", background="transparent", description=description).configure(
        font=FONTS, padding=2).configure_view(stroke=None).configure_axis(
        labelColor=SOFT, titleColor=INK, titleFontWeight="normal", gridColor="#e7ebf0", domainColor=LINE,
        tickColor=LINE, labelFontSize=12, titleFontSize=12)
    spec = chart.to_dict(format="vega")
    if height_of_width:
        spec.pop("height", None)
        spec["signals"].append({"name": "height", "update": f"width * {height_of_width:.4f}"})
    return spec


def band_scales(content: dict[str, Any], shrink: float) -> dict[str, Any]:
    """Colour and area of a dot by its band of ranks: darkest and largest first, cities behind the cut small and grey;
    cities that the reader has pinned are ringed."""
    import altair as alt

    bands = list(range(len(content["bands"]) + 1))
    colours = [*BAND_COLOURS[:len(bands) - 1], OTHERS]
    areas = [shrink * area for area in (*DOT_AREAS[:len(bands) - 1], DOT_AREAS[-1])]
    return {"color": alt.Color("band:O").scale(domain=bands, range=colours).legend(None),
            "size": alt.condition("datum.pinned", alt.value(shrink * DOT_AREAS[0]),
                                  alt.Size("band:O").scale(domain=bands, range=areas).legend(None)),
            "stroke": alt.condition("datum.pinned", alt.value(INK), alt.value("white")),
            "strokeWidth": alt.condition("datum.pinned", alt.value(2.2 * shrink), alt.value(0.6 * shrink))}


def tooltip(lang: str) -> list[altair.Tooltip]:
    import altair as alt

    words = WORDS[lang]
    return [alt.Tooltip("name:N").title(words["city"]), alt.Tooltip("rank:Q").title(words["rank"]),
            alt.Tooltip("score:Q").title(words["score"]).format(".2f"),
            alt.Tooltip("study_rank:Q").title(words["study_rank"])]


def dots(content: dict[str, Any], lang: str, shrink: float = 1.0) -> altair.Chart:
    """The cities as dots, to be placed by the chart that they belong to."""
    import altair as alt

    return alt.Chart(alt.NamedData("cities")).mark_circle(opacity=1, cursor="pointer", aria=False, clip=True).encode(
        **band_scales(content, shrink), tooltip=tooltip(lang))


def names_of_pinned(turned: str) -> altair.LayerChart:
    """The names of the pinned cities, with a pale edge so that they can be read over dots and borders; left of
    their dot where the Vega expression `turned` holds, so that they do not run off the picture."""
    import altair as alt

    pinned = alt.Chart(alt.NamedData("cities")).transform_filter("datum.pinned")
    text = {"align": alt.expr(f"{turned} ? 'right' : 'left'"),
            "dx": alt.expr(f"{turned} ? -8 : 8"), "dy": -7, "fontSize": 12, "aria": False, "clip": True}
    halo = pinned.mark_text(stroke="white", strokeWidth=3.5, strokeJoin="round", **text)
    return (halo + pinned.mark_text(color=INK, fontWeight="bold", **text)).encode(text="name:N")


def scatter_plot(content: dict[str, Any], lang: str) -> altair.LayerChart:
    """Every city by what the reader puts on the horizontal axis (`x`) and its present score."""
    import altair as alt

    low, high = content["scale"]
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    places = {"x": alt.X("x:Q").scale(scale).title(None).axis(tickCount=5),
              "y": alt.Y("score:Q").scale(scale).title(None).axis(tickCount=5)}
    ends = alt.Data(values=[{"x": end, "score": end} for end in content["scale"]])
    equal = alt.Chart(ends).mark_line(stroke=SOFT, strokeDash=[4, 4], strokeWidth=1, aria=False)
    return alt.layer(equal.encode(**places), dots(content, lang).encode(**places),
                     names_of_pinned(f"datum.x > {low + 0.75 * (high - low):.1f}").encode(**places))


def city_map(content: dict[str, Any], lang: str, frame: tuple[float, float, float, float],
             name: str) -> altair.LayerChart:
    """Outlines, dashes and the cities as dots at their seats, inside a frame of the map's plane."""
    import altair as alt

    west, east, _, north = frame
    factor = f"width / {east - west:.2f}"
    land = alt.Chart(alt.NamedData("provinces")).mark_geoshape(fill=LAND, stroke=BORDER, strokeWidth=0.6, clip=True,
                                                               aria=False)
    dashes = alt.Chart(alt.NamedData("dashes")).mark_geoshape(filled=False, stroke="#444444", strokeWidth=1.3,
                                                              clip=True, aria=False)
    place = {"longitude": "x:Q", "latitude": "y:Q"}
    layers = [land, dashes, dots(content, lang, 1.0 if name == "map" else INSET_SHRINK).encode(**place)]
    if name == "map":
        far, beside_inset = west + 0.7 * (east - west), f"datum.y < {INSET_TOP} && datum.x > {BESIDE_INSET}"
        layers.append(names_of_pinned(f"(datum.x > {far:.1f} || {beside_inset})").encode(**place))
    return alt.layer(*layers).project(type="identity", reflectY=True, scale=alt.expr(factor), translate=alt.expr(
        f"[{-west:.2f} * {factor}, {north:.2f} * {factor}]"))


def interval_plot(content: dict[str, Any], lang: str) -> altair.LayerChart:
    """Rank intervals of the shown cities: pale over the choices crossed, dark under weights alone; a stroke marks
    the study's rank and a dot the present one."""
    import altair as alt

    words = WORDS[lang]
    rows = alt.Chart(alt.NamedData("shown")).encode(
        y=alt.Y("name:N").sort(None).title(None).axis(domain=False, ticks=False, labelLimit=130, labelColor=INK))
    ranks = alt.Scale(domainMin=0, nice=True)
    axis = alt.Axis(orient="top", tickCount=6, tickMinStep=1, title=words["rank_axis"],
                    labelExpr="datum.value < 1 ? '' : datum.label")
    layers = []
    for kind, height in (("choices", 14), ("weights", 7)):
        if kind in content["intervals"]:
            layers.append(rows.mark_bar(color=INTERVAL_COLOURS[kind], height=height, aria=False).encode(
                x=alt.X(f"{kind}_from:Q").scale(ranks).axis(axis), x2=f"{kind}_to:Q").transform_calculate(
                    **{f"{kind}_from": f"datum.{kind}_from - 0.4", f"{kind}_to": f"datum.{kind}_to + 0.4"}))
    layers.append(rows.mark_tick(color=INK, thickness=2, height=16, aria=False).encode(
        x=alt.X("study_rank:Q").scale(ranks).axis(axis)))
    layers.append(rows.mark_circle(color=BAND_COLOURS[0], opacity=1, size=70, stroke="white", strokeWidth=1,
                                   aria=False).encode(x=alt.X("rank:Q").scale(ranks).axis(axis),
                                                      tooltip=tooltip(lang)))
    return alt.layer(*layers).properties(height=alt.Step(ROW))
