"""Where the leading cities lie: counts and penetration by region, inequality, and tests of East against the others.

Two region systems are in use and never mixed: the white paper's seven (`region`; 江西 in 华中, 福建 in 华南, see its
note to 图2) and the statistics bureau's four (`nbs_region`). Every result carries the column or field `system`.

Reference: docs/method.md, section 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

# The order in which groups are shown; provinces keep the order of their codes.
SYSTEMS: dict[str, tuple[str, ...]] = {
    "region": ("华东", "华中", "华南", "华北", "西南", "东北", "西北"),
    "nbs_region": ("东部", "中部", "西部", "东北"),
    "province": (),
}


class RegionError(ValueError):
    """Cities, groups or scores that cannot be counted; the message names them and the remedy."""


def groups_of(cities: pd.DataFrame, by: str) -> list[str]:
    """The groups of a region system in the order of display, including groups without a member.

    The repository's systems have their own order, a categorical column that of its categories, any other that of the
    codes. Raises RegionError for an unknown system or a city whose group is blank or foreign to the system.
    """
    if by not in cities.columns:
        known = ", ".join(SYSTEMS)
        raise RegionError(f"the frame of cities has no column {by}; the repository's region systems are {known}")
    blank = cities.index[cities[by].isna()]
    if len(blank):
        raise RegionError(f"cities without {by}: {', '.join(blank)}; complete the roster")
    order = SYSTEMS.get(by)
    if not order:
        groups = cities[by].loc[sorted(cities.index)]
        order = tuple(groups.cat.categories if isinstance(groups.dtype, pd.CategoricalDtype) else groups.unique())
    foreign = sorted(set(cities[by]) - set(order))
    if foreign:
        raise RegionError(f"column {by} holds {', '.join(foreign)}; its groups are {', '.join(order)}")
    return list(order)


def membership(members: Iterable[str], cities: pd.DataFrame) -> pd.Index:
    """Members as a checked index of codes: each once, each in the roster; raises RegionError otherwise."""
    codes = pd.Index(list(members))
    if codes.has_duplicates:
        raise RegionError(f"members named twice: {', '.join(codes[codes.duplicated()].unique())}; name each once")
    unknown = codes.difference(cities.index)
    if len(unknown):
        raise RegionError(f"members outside the roster: {', '.join(map(str, unknown))}; correct the codes")
    return codes


def wilson_interval(count: pd.Series, total: pd.Series, level: float = 0.95) -> pd.DataFrame:
    """Wilson's score interval for a share: between 0 and 1 and never of zero width, unlike the textbook formula.

    Parameters are counts 0 ≤ count ≤ total by group; 0 < `level` < 1. Returns columns low and high by group; low is 0
    for a count of 0, high is 1 for a count of total, both are NaN where total is 0. For one in ten at 95 %: 0.0179 to
    0.4042. Raises RegionError for other counts or levels. Reference: Wilson (1927), JASA 22, 209–212; method.md 8.1.
    """
    from scipy.stats import binomtest

    if not 0 < level < 1:
        raise RegionError(f"level = {level}: the level of an interval lies between 0 and 1, for example 0.95")
    if ((count < 0) | (count > total)).any():
        raise RegionError("a count lies outside 0…total; check that members and cities share one roster")
    ends = [binomtest(hits, size).proportion_ci(level, method="wilson") if size else (np.nan, np.nan)
            for hits, size in zip(count, total, strict=True)]
    return pd.DataFrame(ends, count.index, ["low", "high"], dtype=float)


def counts(members: Iterable[str], cities: pd.DataFrame, by: str = "region", level: float = 0.95) -> pd.DataFrame:
    """How many members each region has, of how many cities, and how many it would have under equal penetration.

    Parameters: codes of the members; the roster with column `by` ("region", "nbs_region", "province" or a study's own).
    Returns a frame by group, including those without a member: system, members, cities, penetration (members / cities),
    low and high (Wilson interval of the penetration), expected (all members × cities of the group / all cities).
    The interval treats the cities of a group as exchangeable draws; it shows spread, not sampling error.
    """
    order = groups_of(cities, by)
    chosen = membership(members, cities)
    total = cities[by].value_counts().reindex(order, fill_value=0).rename("cities")
    inside = cities.loc[chosen, by].value_counts().reindex(order, fill_value=0).rename("members")
    frame = pd.DataFrame({"system": by, "members": inside, "cities": total})
    frame["penetration"] = inside / total.where(total > 0)
    frame[["low", "high"]] = wilson_interval(inside, total, level)
    frame["expected"] = len(chosen) * total / len(cities)
    return frame.rename_axis("group")


def compare_counts(ours: Iterable[str], published: Iterable[str], cities: pd.DataFrame,
                   by: str = "region") -> pd.DataFrame:
    """Our members by region beside the published ones.

    Parameters: two sets of codes and the roster. Returns a frame by group: system, cities, ours, published,
    difference (ours − published), ours_penetration, published_penetration, both (cities in both sets),
    expected (under equal penetration, for the published total).
    """
    our_cities, their_cities = membership(ours, cities), membership(published, cities)
    mine, theirs = counts(our_cities, cities, by), counts(their_cities, cities, by)
    both = counts(our_cities.intersection(their_cities), cities, by)
    return pd.DataFrame({
        "system": by, "cities": mine["cities"], "ours": mine["members"], "published": theirs["members"],
        "difference": mine["members"] - theirs["members"], "both": both["members"],
        "ours_penetration": mine["penetration"], "published_penetration": theirs["penetration"],
        "expected": theirs["expected"],
    })


def counts_by_draw(scores: pd.DataFrame, cities: pd.DataFrame, by: str, top: int) -> pd.DataFrame:
    """The cities of each region among the best `top` in every draw.

    `scores` are draws × cities, such as those of `sensitivity.scores_by_draw` or `scores_over_choices`. Cities level
    with the last place are all among the best, so that a draw may count more than `top`. Returns draws × groups.
    """
    order, values = groups_of(cities, by), scores.to_numpy()
    last = max(0, values.shape[1] - top)
    inside = values >= np.partition(values, last, axis=1)[:, [last]]
    own = pd.Categorical(cities.loc[scores.columns, by], categories=order).codes
    found = np.column_stack([inside[:, own == place].sum(axis=1) for place in range(len(order))])
    return pd.DataFrame(found, scores.index, pd.Index(order, name="group"))


def compare_ranges(ours: Iterable[str], published: Iterable[str] | None, cities: pd.DataFrame,
                   draws: Mapping[str, pd.DataFrame], by: str = "region", top: int = 100,
                   level: float = 0.95) -> pd.DataFrame:
    """How well the counts by region are known: ranges over draws of weights or choices, and Wilson intervals of shares.

    Parameters: codes of our members and of the published ones (None without a list); the roster; by name of what
    varies (such as weights, choices) the scores draws × cities, of which the best `top` are counted. Returns a frame by
    group: system, cities; ours, and published where there is a list, each with its share of the group's cities
    (_share) and the Wilson interval of that (_low, _high); for each name of `draws` the median and the 5 % and 95 %
    quantile (_median, _05, _95) of the count over the draws, each the smallest count that so many draws do not exceed.
    """
    table = pd.DataFrame({"system": by}, groups_of(cities, by))
    for name, members in {"ours": ours, "published": published}.items():
        if members is not None:
            counted = counts(members, cities, by, level)
            table["cities"] = counted["cities"]
            table[[name, f"{name}_share", f"{name}_low", f"{name}_high"]] = counted[
                ["members", "penetration", "low", "high"]]
    for name, scores in draws.items():
        found = counts_by_draw(scores, cities, by, top)
        for percent, ending in ((50, "median"), (5, "05"), (95, "95")):
            table[f"{name}_{ending}"] = np.quantile(found, percent / 100, axis=0, method="inverted_cdf").astype(int)
    return table.rename_axis("group")


@dataclass(frozen=True)
class Inequality:
    """Inequality of scores between cities, in all and split by group; `system` names the grouping.

    Identities: theil = theil_between + theil_within; gini = gini_within + gini_between + gini_overlap.
    `by_group` has per group: cities, mean, share (of the total of scores), gini, theil, theil_contribution
    (its within part plus its between part; these sum to theil and may be negative for a group below the mean).
    """

    system: str
    cities: int
    mean: float
    coefficient_of_variation: float
    gini: float
    gini_within: float
    gini_between: float
    gini_overlap: float
    theil: float
    theil_between: float
    theil_within: float
    by_group: pd.DataFrame


def gini(values: np.ndarray) -> float:
    """Gini coefficient: mean absolute difference of all ordered pairs over twice the mean; 0 = equal, (n−1)/n = one
    holds all. No small-sample correction.

    >>> gini(np.array([1, 2, 3, 4]))
    0.25
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


def theil(values: np.ndarray) -> float:
    """Theil's T: mean of (x/μ)·ln(x/μ) with 0·ln 0 = 0; 0 = equal, ln n = one holds all."""
    ratio = np.asarray(values, dtype=float) / np.mean(values)
    return float(np.mean(ratio * np.log(np.where(ratio > 0, ratio, 1.0))))


def inequality(scores: pd.Series, groups: pd.Series) -> Inequality:
    """How unequal cities are, and how much of that lies between the groups and how much within them.

    Parameters: scores ≥ 0 by city (without missing values, positive sum); groups by city, whose name says the system.
    Theil's T splits exactly in two; the Gini coefficient needs Dagum's third part, the overlap of groups.
    Reference: Theil (1967), Economics and Information Theory; Dagum (1997), Empirical Economics 22, 515–531;
    method.md 8.2.
    """
    group = checked_groups(scores, groups)
    mean = scores.mean()
    split = scores.groupby(group, observed=True, sort=False)
    size, means = split.size(), split.mean()
    share = split.sum() / scores.sum()
    inner = split.agg(lambda part: theil(part.to_numpy()) if part.sum() else 0.0)
    relative = means / mean
    between = share * np.log(relative.where(relative > 0, 1.0))
    by_group = pd.DataFrame({
        "cities": size, "mean": means, "share": share,
        "gini": split.agg(lambda part: gini(part.to_numpy()) if part.sum() else 0.0),
        "theil": inner, "theil_contribution": between + share * inner,
    }).rename_axis("group")
    within, net, overlap = dagum_parts(scores, group)
    values = scores.to_numpy(dtype=float)
    return Inequality(
        system=str(groups.name), cities=len(scores), mean=float(mean),
        coefficient_of_variation=float(values.std() / mean), gini=gini(values), gini_within=within, gini_between=net,
        gini_overlap=overlap, theil=theil(values), theil_between=float(between.sum()),
        theil_within=float((share * inner).sum()), by_group=by_group,
    )


def dagum_parts(scores: pd.Series, groups: pd.Series) -> tuple[float, float, float]:
    """Dagum's parts of the Gini coefficient: within groups, net between groups, and overlap; they sum to it."""
    parts = [part.to_numpy(dtype=float) for _, part in scores.groupby(groups, observed=True, sort=False)]
    scale = 2 * len(scores) ** 2 * scores.mean()
    within = net = overlap = 0.0
    for first, x in enumerate(parts):
        for second, y in enumerate(parts[first:], first):
            difference = np.abs(x[:, None] - y[None, :]).sum() / scale
            if first == second:
                within += difference
                continue
            gap = abs(x.mean() - y.mean()) * len(x) * len(y) / scale
            net += 2 * gap
            overlap += 2 * (difference - gap)
    return float(within), float(net), float(overlap)


def checked_groups(scores: pd.Series, groups: pd.Series) -> pd.Series:
    """The group of every scored city; raises RegionError for missing, negative or all-zero scores, missing groups."""
    if scores.isna().any() or (scores < 0).any() or not scores.sum() > 0:
        raise RegionError("inequality needs scores of 0 or more, none missing and not all 0; treat them first")
    group = groups.reindex(scores.index)
    if group.isna().any():
        raise RegionError(f"cities without a group: {', '.join(group.index[group.isna()])}; complete the roster")
    return group


def lorenz(values: pd.Series) -> pd.DataFrame:
    """Lorenz curve: share of the total held by the lowest share of cities, from (0, 0) to (1, 1); n + 1 points."""
    if values.isna().any() or (values < 0).any() or not values.sum() > 0:
        raise RegionError("a Lorenz curve needs values of 0 or more, none missing, not all 0; leave missing ones out")
    ordered = np.sort(values.to_numpy(dtype=float))
    total = np.concatenate([[0.0], np.cumsum(ordered)])
    return pd.DataFrame({"cities": np.linspace(0, 1, len(total)), "total": total / total[-1]})


@dataclass(frozen=True)
class EastWestTests:
    """Tests whether scores differ between the bureau's regions; `pairs` compares the East with each other region.

    pairs: by region: cities_east, cities_other, median_east, median_other, u (Mann–Whitney, of the East), p, p_holm,
    superiority (chance that a city of the East outscores one of the other region; a tie counts half).
    """

    system: str
    statistic: float
    degrees_of_freedom: int
    p_value: float
    epsilon_squared: float
    pairs: pd.DataFrame


def east_west_tests(scores: pd.Series, cities: pd.DataFrame, east: str = "东部") -> EastWestTests:
    """Kruskal–Wallis over the four regions of the statistics bureau, then the East against each, Holm-corrected.

    Parameters: scores by city without missing values; the roster with `nbs_region`. Regions without a scored city are
    left out. Epsilon-squared H/(n − 1) is 0 without and 1 with complete separation. The cities are the population, not
    a sample: a p-value is the chance that region labels assigned at random would separate the scores as far.
    Reference: Kruskal & Wallis (1952), JASA 47, 583–621; Tomczak & Tomczak (2014), Trends in Sport Sciences 21, 19–25;
    McGraw & Wong (1992), Psychological Bulletin 111, 361–365; Holm (1979), Scand. J. Statistics 6, 65–70;
    method.md 8.3.
    """
    from scipy.stats import kruskal, mannwhitneyu

    if scores.isna().any():
        raise RegionError(f"cities without a score: {', '.join(scores.index[scores.isna()])}; treat them first")
    region = cities["nbs_region"].reindex(scores.index)
    samples = {name: scores[region == name] for name in groups_of(cities, "nbs_region") if (region == name).any()}
    others = [name for name in samples if name != east]
    if east not in samples or not others:
        raise RegionError(f"the tests need scored cities in {east} and in one more region; check nbs_region")
    test = kruskal(*samples.values())
    rows = {}
    for name in others:
        u, p = mannwhitneyu(samples[east], samples[name], alternative="two-sided", method="asymptotic")
        rows[name] = {
            "cities_east": len(samples[east]), "cities_other": len(samples[name]),
            "median_east": samples[east].median(), "median_other": samples[name].median(),
            "u": float(u), "p": float(p), "superiority": float(u) / (len(samples[east]) * len(samples[name])),
        }
    pairs = pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")
    pairs.insert(6, "p_holm", holm(pairs["p"]))
    return EastWestTests("nbs_region", float(test.statistic), len(samples) - 1, float(test.pvalue),
                         float(test.statistic) / (len(scores) - 1), pairs)


def holm(p_values: pd.Series) -> pd.Series:
    """Holm's step-down correction: p-values adjusted so that the chance of any false finding stays at the level.

    >>> holm(pd.Series([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = p_values.sort_values(kind="stable")
    steps = order * np.arange(len(order), 0, -1)
    return steps.cummax().clip(upper=1.0).reindex(p_values.index)


# The statistics bureau's Eastern region: the label of its rows in the roster and in the counts.
EAST = SYSTEMS["nbs_region"][0]
