"""The figures about choices, drawn from made-up results."""

import numpy as np
import pandas as pd

from analysis.figures import sensitivity as drawn
from analysis.settings import ROOT
from analysis.sources import read_cities

CITIES = read_cities(ROOT)
STAMP = {"zh": "公开数据版", "en": "public-data edition"}
FACTORS = {"zh": pd.Series({"aggregation": "合成", "objective": "客观权重", "weights": "权重"}),
           "en": pd.Series({"aggregation": "aggregation", "objective": "objective weights", "weights": "weights"})}


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
