"""Made-up results in the shapes that figures take, the figures drawn from them, and what a drawn figure shows."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.axis import Tick
from matplotlib.text import Text

from analysis import agreement, bands, figures, regions, spatial
from analysis.figures import labels, style
from analysis.framework import leaves, read_framework
from analysis.sensitivity import interval_table
from analysis.settings import ROOT
from analysis.sources import read_cities

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
    drawn = pd.DataFrame(scores.to_numpy() + rng.normal(0, 4, (50, len(CITIES))), columns=CITIES.index)
    seats = CITIES.dropna(subset=["seat_lon", "seat_lat"])
    local = spatial.local_moran(scores - 2 * seats["seat_lat"], spatial.nearest(seats), permutations=999)
    return {"drawn": drawn, "local": local, "values": values, "holes": holes, "weights": weights,
            "scores": scores, "ranks": ranks, "intervals": intervals, "domain_scores": domain_scores,
            "published": published, "rng": rng}


DATA = example()


def three_kinds() -> pd.DataFrame:
    """Intervals that grow with what varies, as `sensitivity.interval_table` makes them."""
    frames = {}
    for place, name in enumerate(("weights", "choices", "data"), 1):
        frame = DATA["intervals"]
        low, high = (frame["rank"] + place * (frame[end] - frame["rank"]) for end in ("rank_05", "rank_95"))
        frames[name] = frame.assign(rank_05=low.clip(lower=1), rank_95=high.clip(upper=297))
    return interval_table(frames, 100)


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
        "effective_weights": lambda: figures.effective_weights(weights, schemes["entropy"], weights, TREE, **words),
        "ranks_by_year": lambda: figures.ranks_by_year(
            pd.DataFrame({year: (scores + rng.normal(0, 2, len(scores))).rank(ascending=False, method="min")
                          for year in (2015, 2017, 2018, 2020)}), CITIES, **words),
        "score_changes": lambda: figures.score_changes(
            (DATA["domain_scores"] - 50) / 9, CITIES, TREE, (2015, 2020), **words),
        "score_bars": lambda: figures.score_bars(DATA["domain_scores"] / 5, CITIES, TREE, **words),
        "domain_profile": lambda: figures.domain_profile(DATA["domain_scores"], best, TREE, **words),
        "ledger_waterfall": lambda: figures.ledger_waterfall(
            DATA["values"].loc["440300"] * weights, weights, labels.pick(lang, "深圳市", "Shenzhen"), TREE, **words),
        "rank_intervals": lambda: figures.rank_intervals(DATA["intervals"], CITIES, **words),
        "three_intervals": lambda: figures.three_intervals(three_kinds(), DATA["ranks"], CITIES, **words),
        "width_distribution": lambda: figures.width_distribution(three_kinds(), **words),
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
        "region_ranges": lambda: figures.region_ranges(regions.compare_ranges(
            best, published.index, CITIES, {"weights": DATA["drawn"], "choices": DATA["drawn"] ** 2}), **words),
        "moran_scatter": lambda: figures.moran_scatter(DATA["local"], CITIES, **words),
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
        "agreement_over_choices": lambda: figures.agreement_over_choices(
            pd.Series(rng.normal(0.7, 0.08, 500)), 0.72, 0.755, **words),
        "pairwise_chances": lambda: figures.pairwise_chances(
            bands.win_chances(DATA["drawn"][DATA["ranks"].sort_values().index[90:110]]), DATA["ranks"], CITIES,
            **words),
        "movers": lambda: figures.movers(agreement.movers(scores, published), CITIES, **words),
    }
    return makers[name]()


ELSEWHERE = "analysis.figures.sensitivity"  # drawn in choices_drawn
FIGURES = [name for name in figures.__all__ if name[0].islower() and name not in ("to_png", "to_svg", "use_style")
           and getattr(figures, name).__module__ != ELSEWHERE]


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
