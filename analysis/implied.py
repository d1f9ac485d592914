"""Implied weights: how closely weighted public figures can follow the published order, in sample and out of sample.

They show what the data could reach, not what the white paper's weights were: they are fitted to the order, many
weightings fit about as well, and GDP alone is given beside every figure.

Reference: docs/method.md, section 9.4; Stone, M. (1974), Cross-validatory choice and assessment of statistical
predictions, JRSS B 36(2), 111–147.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.agreement import AgreementError, check_published, row_correlations, spearman

# What implied weights are weights of, and how many of them a sentence names.
PART_NAMES = {"zh": {"domain": "领域", "indicator": "指标"}, "en": {"domain": "domain", "indicator": "indicator"}}
MOST_NAMED = 6

# What fitted weights gain over equal ones: for `implied_fit_text`.
FIT_SENTENCE = {
    "zh": "拟合 {} 个{}权重，百强内的相关系数比等权高 {:.3f}，在未参与拟合的城市上相差 {}（{:.3f} 对 {:.3f}）；"
          "次序打乱后，同样的拟合平均仍可达到 {:.2f}，二十次中约有一次超过 {:.2f}。",
    "en": "Fitting {} {} weights gains {:.3f} over equal weights inside the hundred; on cities left out of the fit the "
          "difference is {} ({:.3f} against {:.3f}). With the order shuffled the same fit still reaches {:.2f} on "
          "average and more than {:.2f} about once in twenty.",
}


@dataclass(frozen=True)
class ImpliedWeights:
    """Weights that bring the composite closest to the published order, and how well determined they are.

    weights: by part (a domain or an indicator), non-negative, sum 1. spearman: what they reach inside the hundred (in
    sample: the order that was fitted; `implied_fit` says what is left of it on cities that were not fitted). equal:
    Spearman's of equal weights; gdp: of GDP alone (NaN if not given); gdp_cities: how many of the hundred have GDP.
    local_optima: one row per start: spearman and the weights reached. near_optimal: by part the least and greatest
    weight among all tried weightings within `tolerance` of the best. parts: the weighted values, hundred × parts.
    """

    weights: pd.Series
    spearman: float
    equal: float
    gdp: float
    gdp_cities: int
    tolerance: float
    starts: int
    seed: int
    local_optima: pd.DataFrame
    near_optimal: pd.DataFrame
    parts: pd.DataFrame


def implied_weights(parts: pd.DataFrame, published_ranks: pd.Series, gdp: pd.Series | None = None, starts: int = 24,
                    seed: int = 20201218, tolerance: float = 0.005) -> ImpliedWeights:
    """Which non-negative weights, summing to one, would order the published hundred most like the paper.

    parts: cities × domain scores or × normalised indicators, larger is better, no gaps inside the hundred. Spearman's
    correlation of their weighted sum with the published order is maximised over the simplex. It is a step function of
    the weights, so the search uses no gradient: from each start (equal weights, each part alone, then draws from a flat
    Dirichlet) weight is moved between pairs of parts while the correlation grows, in steps of 0.2 falling to 0.005.
    The same seed gives the same answer.
    What it shows: the best these parts can do. What it does not: the paper's weights. The fit is in sample with as many
    free parameters as parts less one, and `near_optimal` is usually wide. Method.md 9.4.
    """
    values, ranks = hundred_values(parts, published_ranks)
    closeness = closeness_to(values, ranks)
    tried: list[np.ndarray] = []
    reached: list[float] = []
    highest = -1.0

    def fit(weights: np.ndarray) -> np.ndarray:
        nonlocal highest
        found = closeness(weights)
        highest = max(highest, found.max())
        near = found >= highest - 2 * tolerance  # what is farther cannot be near the best in the end either
        tried.append(weights[near])
        reached.extend(found[near])
        return found

    size = values.shape[1]
    drawn = np.random.default_rng(seed).dirichlet(np.ones(size), max(starts - size - 1, 0))
    begin = np.vstack([np.full((1, size), 1 / size), np.eye(size), drawn])
    optima = np.array([climb(start, fit) for start in begin])
    heights = fit(optima)
    order = np.argsort(-heights, kind="stable")
    table = pd.DataFrame(optima[order], columns=parts.columns).rename_axis("start")
    table.insert(0, "spearman", heights[order])
    close = np.vstack(tried)[np.asarray(reached) >= heights.max() - tolerance]
    near = pd.DataFrame({"least": close.min(axis=0), "greatest": close.max(axis=0)}, index=parts.columns)
    baseline = gdp.reindex(published_ranks.index).dropna() if gdp is not None else pd.Series(dtype=float)
    return ImpliedWeights(
        weights=pd.Series(optima[order[0]], index=parts.columns, name="implied"), spearman=float(heights.max()),
        equal=spearman(parts.mean(axis=1), published_ranks),
        gdp=spearman(baseline, published_ranks.loc[baseline.index]) if len(baseline) else float("nan"),
        gdp_cities=len(baseline), tolerance=tolerance, starts=len(begin), seed=seed, local_optima=table,
        near_optimal=near.rename_axis(parts.columns.name), parts=parts.loc[published_ranks.sort_values().index],
    )


def implied_domain_weights(domain_scores: pd.DataFrame, published_ranks: pd.Series, gdp: pd.Series | None = None,
                           starts: int = 24, seed: int = 20201218, tolerance: float = 0.005) -> ImpliedWeights:
    """`implied_weights` of the domain scores (cities × measured domains)."""
    return implied_weights(domain_scores, published_ranks, gdp, starts, seed, tolerance)


def hundred_values(parts: pd.DataFrame, published_ranks: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The parts of the published cities (hundred × parts) and their ranks, both in published order."""
    check_published(published_ranks, parts)
    ranks = published_ranks.sort_values()
    values = parts.loc[ranks.index]
    if values.isna().any(axis=None):
        gaps = values.columns[values.isna().any()]
        raise AgreementError(f"{', '.join(gaps)}: values of published cities are missing; treat missing values first")
    return values.to_numpy(dtype=float), ranks.to_numpy(dtype=float)


def closeness_to(values: np.ndarray, ranks: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The function from weightings (weightings × parts) to Spearman's correlation of their composites with `ranks`.

    −1 for a composite that is equal for all cities. Composites are rounded to nine decimals, so that ranks do not
    depend on a processor's last bits; sums of ranks are exact, so that the choice between equal optima does not.
    """
    from scipy.stats import rankdata

    theirs = rankdata(ranks)[None, :]
    size, spread = theirs.shape[1], ((theirs - theirs.mean()) ** 2).sum()
    places, whole = np.arange(1, size + 1), (size**3 - size) / 12
    # Composite and published rank (doubled: ties have halves) side by side in one whole number: sorting the numbers
    # puts the ranks in order of the composites; 4,000 weightings of 100 cities take 0.013 s, with rankdata 0.064 s.
    doubled, bits = (2 * theirs[0]).astype(np.int64), (2 * size).bit_length()
    fits = np.abs(values).max(initial=0) * 1e9 * 2**bits < 2**62  # true of points, not of values in millions

    def closeness(weights: np.ndarray) -> np.ndarray:
        composites = np.rint(weights @ values.T * -1e9)
        if not fits:
            return np.round(np.nan_to_num(row_correlations(rankdata(composites, axis=1), theirs), nan=-1.0), 12)
        ordered = np.sort((composites.astype(np.int64) << bits) | doubled, axis=1)
        # Without ties the ranks are 1 … n: their sums need no further sorting.
        sums = (ordered & (2**bits - 1)) @ places / 2
        found = (sums - size * places.mean() * theirs.mean()) / np.sqrt(whole * spread)
        ordered >>= bits
        tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        if tied.any():
            found[tied] = np.nan_to_num(row_correlations(rankdata(composites[tied], axis=1), theirs), nan=-1.0)
        return np.round(found, 12)

    return closeness


def climb(start: np.ndarray, fit: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Move weight between pairs of parts while `fit` grows, in ever smaller steps; returns the local optimum."""
    weights, each = start, np.eye(len(start))
    gains, losses = np.nonzero(each == 0)
    moves = each[gains] - each[losses]
    best = fit(weights[None, :])[0]
    for step in (0.2, 0.1, 0.05, 0.02, 0.01, 0.005):
        while True:
            room = np.minimum(step, weights[losses])  # a move takes at most what the losing part still has
            able = room > 0
            options = weights + moves[able] * room[able, None]
            heights = fit(options)
            top = int(heights.argmax())
            if heights[top] <= best + 1e-12:
                break
            weights, best = options[top], heights[top]
    return weights


def implied_fit(fits: Mapping[str, ImpliedWeights], rankings: Mapping[str, pd.Series], published_ranks: pd.Series,
                folds: int = 5, repeats: int = 20, shuffles: int = 40, seed: int = 20201218) -> pd.DataFrame:
    """What fitted weights are worth on cities they were not fitted to, beside rankings that need no fit.

    The hundred are divided into `folds` parts at random, `repeats` times. For each part weights are fitted to the other
    cities and tested on that part alone; `left_out` is the mean of Spearman's correlation over all of them. Rankings
    (scores by city: equal weights, this study, GDP; NaN = no value, left out) are tested on the same parts. A
    correlation within so few cities is lower on average than within the hundred: compare `left_out` with `left_out`.
    `shuffled_mean` and `shuffled_95` (mean and 95th percentile): what fitting reaches in sample where there is nothing
    to find, the published order shuffled `shuffles` times.
    These fits climb from equal weights alone: on the real data more starts change `left_out` by about 0.01 either way
    and raise the shuffled mean by 0.02.

    Returns one row per ordering: fitted_weights (0 for rankings), in_sample, left_out, shuffled_mean, shuffled_95 (NaN
    for rankings). Reference: Stone, M. (1974), Cross-validatory choice and assessment of statistical predictions, JRSS
    B 36(2), 111–133; method.md 9.4.
    """
    ranks = published_ranks.sort_values()
    numbers = ranks.to_numpy(dtype=float)
    rng = np.random.default_rng(seed)
    held = held_out(len(ranks), folds, repeats, rng)
    shuffled = [rng.permutation(numbers) for _ in range(shuffles)]
    rows = {}
    for name, fit in fits.items():
        values, _ = hundred_values(fit.parts, ranks)
        composites = np.array([values @ fitted(values[~mask], numbers[~mask])[0] for mask in held])
        chance = [fitted(values, order)[1] for order in shuffled]
        rows[name] = {"fitted_weights": len(fit.weights), "in_sample": fit.spearman,
                      "left_out": left_out_mean(composites, held, numbers),
                      "shuffled_mean": np.mean(chance), "shuffled_95": np.quantile(chance, 0.95)}
    for name, scores in rankings.items():
        own = scores.reindex(ranks.index)
        composites = np.broadcast_to(own.to_numpy(dtype=float), held.shape)
        rows[name] = {"fitted_weights": 0, "in_sample": spearman(own.dropna(), ranks[own.notna()]),
                      "left_out": left_out_mean(composites, held, numbers)}
    columns = ["fitted_weights", "in_sample", "left_out", "shuffled_mean", "shuffled_95"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("ordering")


def held_out(cities: int, folds: int, repeats: int, rng: np.random.Generator) -> np.ndarray:
    """Which cities each fit leaves out: (repeats · folds) × cities; in each repeat every city is left out once."""
    dealt = np.array([rng.permutation(cities) % folds for _ in range(repeats)])
    return (dealt[:, None, :] == np.arange(folds)[:, None]).reshape(-1, cities)


def fitted(values: np.ndarray, ranks: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights that a climb from equal weights reaches, and Spearman's correlation there."""
    closeness = closeness_to(values, ranks)
    weights = climb(np.full(values.shape[1], 1 / values.shape[1]), closeness)
    return weights, float(closeness(weights[None, :])[0])


def left_out_mean(scores: np.ndarray, held: np.ndarray, ranks: np.ndarray) -> float:
    """The mean over fits of Spearman's correlation within the cities that each leaves out (scores: fits × cities).

    Cities without a score are left out; scores that are equal for all cities count as 0.
    """
    from scipy.stats import spearmanr

    found = []
    for row, mask in zip(scores, held, strict=True):
        judged = mask & ~np.isnan(row)
        if judged.sum() < 3:
            raise AgreementError("a left-out part has fewer than three cities with a score; ask for fewer folds")
        ours = -np.round(row[judged], 9)
        found.append(spearmanr(ours, ranks[judged]).statistic if np.ptp(ours) > 0 else 0.0)
    return float(np.mean(found))


def implied_weights_text(result: ImpliedWeights, names: Mapping[str, str], lang: str = "zh",
                         kind: str = "domain") -> str:
    """One paragraph that says what the implied weights show and what they do not; `names` by code of the parts.

    kind: "domain" or "indicator". The largest weights are named, largest first, the others in one sum.
    """
    share = result.weights.sort_values(ascending=False, kind="stable")
    listed = [f"{names[code]} {weight:.0%}" for code, weight in share.iloc[:MOST_NAMED].items()]
    if len(share) > MOST_NAMED:
        rest, others = share.iloc[MOST_NAMED:].sum(), len(share) - MOST_NAMED
        listed.append(f"其余 {others} 项合计 {rest:.0%}" if lang == "zh" else f"the other {others} together {rest:.0%}")
    spread = result.near_optimal["greatest"] - result.near_optimal["least"]
    widest = names[spread.idxmax()]
    low, high = result.near_optimal.loc[spread.idxmax(), ["least", "greatest"]]
    if lang == "zh":
        return (
            f"使综合得分最接近公布次序的{PART_NAMES[lang][kind]}权重为：{'、'.join(listed)}；"
            f"此时百强内 Spearman 相关为 {result.spearman:.3f}，等权为 {result.equal:.3f}，"
            f"仅用 GDP 为 {result.gdp:.3f}（{result.gdp_cities} 个城市）。"
            f"这只说明这些数据最多能接近到什么程度，并不表明白皮书采用了这组权重：拟合与评价用的是同一百个城市，"
            f"而相关系数与最优值相差不到 {result.tolerance} 的权重组合还有很多，"
            f"其中{widest}的权重可在 {low:.0%} 至 {high:.0%} 之间。"
        )
    return (
        f"The {PART_NAMES[lang][kind]} weights that bring the composite closest to the published order are "
        f"{', '.join(listed)}; they reach a Spearman correlation of {result.spearman:.3f} inside the hundred, "
        f"equal weights {result.equal:.3f}, GDP alone {result.gdp:.3f} ({result.gdp_cities} cities). "
        f"This shows how close these figures can come, not that the paper used such weights: the fit is judged "
        f"on the cities it was fitted to, and many other weightings lie within {result.tolerance} of the best; among "
        f"them the weight of {widest} ranges from {low:.0%} to {high:.0%}."
    )


def implied_fit_text(fit: pd.DataFrame, lang: str = "zh") -> str:
    """One paragraph on what fitted weights are worth; `fit` from `implied_fit`, its rows those of RANKING_NAMES:
    implied and equal weights of domains and of indicators, study and gdp_2019."""
    left_out, in_sample = fit["left_out"], fit["in_sample"]
    gains = []
    for kind in ("domain", "indicator"):
        implied, equal = f"implied_{kind}s", f"equal_{kind}s"
        figures = (fit.loc[implied, "fitted_weights"], PART_NAMES[lang][kind],
                   in_sample[implied] - in_sample[equal], signed(left_out[implied] - left_out[equal]),
                   left_out[implied], left_out[equal], fit.loc[implied, "shuffled_mean"],
                   fit.loc[implied, "shuffled_95"])
        gains.append(FIT_SENTENCE[lang].format(*figures))
    below = max(left_out["implied_domains"], left_out["implied_indicators"]) < left_out["gdp_2019"]
    if lang == "zh":
        return (
            f"{''.join(gains)}在同样的留出城市上，本研究自己的权重为 {left_out['study']:.3f}，"
            f"不需要拟合的 GDP 为 {left_out['gdp_2019']:.3f}"
            f"{'，拟合得到的权重都不及它' if below else ''}。"
            "这些数字不表明白皮书用了什么权重；高出打乱次序的部分，只说明这些指标与公布的次序有共同之处，"
            "例如都与城市规模有关。"
        )
    return (
        f"{' '.join(gains)} On the same left-out cities this study's own weights have {left_out['study']:.3f} and GDP, "
        f"which needs no fit, {left_out['gdp_2019']:.3f}{': more than any fitted weights' if below else ''}. "
        "None of this shows which weights the paper used; what exceeds the shuffled orders shows only that these "
        "indicators and the published order have something in common, such as the size of cities."
    )


def signed(number: float) -> str:
    """A difference with its sign and three decimals."""
    return f"{number:+.3f}".replace("-", "−")
