"""How far our ranking agrees with the published one, always beside what GDP alone would give.

The paper publishes ranks 1 to 100 and five lists of names, no scores and no weights. Agreement therefore has two parts:
the order inside the hundred, and the hundred against all other cities. None of it shows that the paper's system was
recovered: many different weightings, and GDP without any, agree about as well.

Reference: docs/method.md, section 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

READ_STATUS = ("read", "corrected")

# The rankings that are compared, by their key in tables.
RANKING_NAMES = {
    "zh": {"study": "本研究", "gdp_2019": "2019 年 GDP", "residents_2020": "2020 年常住人口",
           "implied_indicators": "隐含指标权重", "implied_domains": "隐含领域权重",
           "equal_indicators": "指标等权", "equal_domains": "领域等权"},
    "en": {"study": "This study", "gdp_2019": "GDP 2019", "residents_2020": "Residents 2020",
           "implied_indicators": "Implied, indicators", "implied_domains": "Implied, domains",
           "equal_indicators": "Equal, indicators", "equal_domains": "Equal, domains"},
}


class AgreementError(ValueError):
    """Scores or published ranks that cannot be compared; the message names the cities and the remedy."""


def top_cities(scores: pd.Series, size: int) -> pd.Index:
    """The codes of the `size` best-scored cities, best first; missing scores are left out.

    A tie across the cut is settled by the smaller code, so that the set has exactly `size` members.
    """
    ordered = scores.dropna().sort_index().sort_values(ascending=False, kind="stable")
    if len(ordered) < size:
        raise AgreementError(f"only {len(ordered)} cities have a score, fewer than the {size} asked for")
    return ordered.index[:size]


def check_published(published_ranks: pd.Series, scores: pd.Series) -> None:
    """Refuse published ranks that are not a ranking of known cities: doubled cities, doubled or missing ranks."""
    unknown = published_ranks.index.difference(scores.index)
    if len(unknown):
        raise AgreementError(f"published cities outside the roster: {', '.join(unknown)}; see errata.csv")
    if published_ranks.index.has_duplicates or published_ranks.isna().any() or published_ranks.duplicated().any():
        raise AgreementError("published ranks must name each city and each rank once; check Table 2 as transcribed")


def area_under_curve(scores: pd.Series, members: pd.Index) -> float:
    """The chance that a random member outscores a random non-member (ties count half): 1 = perfect, 0.5 = none.

    Equals the Mann–Whitney U of the members over the number of pairs. NaN without members or non-members.
    Reference: Hanley & McNeil (1982), Radiology 143, 29–36.

    >>> area_under_curve(pd.Series({"A": 4.0, "B": 3.0, "C": 2.0, "D": 1.0}), pd.Index(["A", "C"]))  # 3 of 4 pairs
    0.75
    """
    from sklearn.metrics import roc_auc_score

    inside = scores.index.isin(members)
    if inside.all() or not inside.any():
        return float("nan")
    return float(roc_auc_score(inside, scores))


def row_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each row of `first` with the same row of `second` (or with its one row).

    NaN for a constant row. Applied to ranks it is Spearman's: a bootstrap of 2,000 draws of 100 cities takes 0.06 s,
    against 0.9 s with one call of `scipy.stats.spearmanr` per draw, which gives the same.
    """
    x = first - first.mean(axis=1, keepdims=True)
    y = second - second.mean(axis=1, keepdims=True)
    scale = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return np.divide((x * y).sum(axis=1), scale, out=np.full(len(scale), np.nan), where=scale > 0)


def spearman(scores: pd.Series, published_ranks: pd.Series) -> float:
    """Spearman's rank correlation, signed so that +1 means the published order (large score = small rank).

    Ties share their mean rank. NaN where all scores are equal, or a published city has none.
    """
    from scipy.stats import spearmanr

    ours = scores.reindex(published_ranks.index)
    return float(spearmanr(-ours, published_ranks).statistic) if ours.nunique() > 1 else float("nan")


def bootstrap_spearman(scores: pd.Series, published_ranks: pd.Series, draws: int, seed: int,
                       level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap interval of Spearman's correlation: cities are drawn with replacement and ranked again.

    It shows how far the correlation depends on single cities; the hundred are not a random sample.
    Reference: Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.
    """
    from scipy.stats import rankdata

    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(published_ranks), size=(draws, len(published_ranks)))
    ours = rankdata(-scores.reindex(published_ranks.index).to_numpy(dtype=float)[picks], axis=1)
    theirs = rankdata(published_ranks.to_numpy(dtype=float)[picks], axis=1)
    low, high = np.nanquantile(row_correlations(ours, theirs), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def agreement(scores: pd.Series, published_ranks: pd.Series, draws: int = 2000, seed: int = 20201218) -> pd.Series:
    """How well one ranking agrees with the published hundred, inside it and against all other cities.

    Parameters: scores by city (larger is better; NaN = no value, counted and left out); published ranks by city.
    Returns a Series: cities (scored), cities_missing, hundred (published cities scored), hundred_missing,
    spearman, spearman_low and spearman_high (95 % bootstrap), kendall (tau-b), auc (the hundred against the rest),
    overlap (published cities among our best of the same number).
    Ranks within the hundred are taken among its scored cities. Reference: Kendall (1945), Biometrika 33, 239–251;
    method.md 9.1.
    """
    from scipy.stats import kendalltau

    check_published(published_ranks, scores)
    scored = scores.dropna()
    known = published_ranks[published_ranks.index.isin(scored.index)]
    if len(known) < 3:
        raise AgreementError(f"only {len(known)} published cities have a score; agreement needs three or more")
    low, high = bootstrap_spearman(scored, known, draws, seed)
    best = top_cities(scored, len(published_ranks))
    return pd.Series({
        "cities": len(scored), "cities_missing": len(scores) - len(scored),
        "hundred": len(known), "hundred_missing": len(published_ranks) - len(known),
        "spearman": spearman(scored, known), "spearman_low": low, "spearman_high": high,
        "kendall": float(kendalltau(-scored.loc[known.index], known).statistic),
        "auc": area_under_curve(scored, known.index), "overlap": len(best.intersection(published_ranks.index)),
    })


def agreement_table(rankings: Mapping[str, pd.Series], published_ranks: pd.Series, draws: int = 2000,
                    seed: int = 20201218) -> pd.DataFrame:
    """`agreement` of several rankings in one table, one row per ranking: ours first, GDP always beside it.

    Each row is computed on the cities that have a value; the columns cities_missing and hundred_missing show how many
    were left out, so that rows based on different cities can be recognised.
    """
    rows = {name: agreement(scores, published_ranks, draws, seed) for name, scores in rankings.items()}
    frame = pd.DataFrame(rows).T.rename_axis("ranking")
    whole = ["cities", "cities_missing", "hundred", "hundred_missing", "overlap"]
    return frame.astype(dict.fromkeys(whole, int))


@dataclass(frozen=True)
class ListOverlap:
    """Domain scores against the published lists.

    summary: by domain code: table, measured (a score exists), listed (read names), inferred, hits, misses, additions,
    hit_share, auc, inferred_hits (inferred names that our best listed + inferred cities hold).
    cities: one row per (domain, city): table, outcome (hit, miss, addition, inferred), our_rank (in the domain).
    """

    summary: pd.DataFrame
    cities: pd.DataFrame


def list_overlap(domain_scores: pd.DataFrame, published_lists: pd.DataFrame) -> ListOverlap:
    """Which published names of each domain are among our best of the same number, and which are not.

    Parameters: domain scores, cities × measured domains; published_lists with columns table, domain, adcode, status
    (read, corrected or inferred), as read from Tables 3–7. Inferred names do not enter hits, misses, additions and
    AUC: those compare the read names with our best equally many among all cities that are not inferred. Table 3 lost
    a row that is not inferred; its cities count as unlisted, which lowers its figures.
    A domain without scores keeps its row with measured = False and NaN. Method.md 9.2.
    """
    doubled = published_lists.duplicated(["domain", "adcode"])
    if doubled.any():
        raise AgreementError(f"listed twice: {published_lists.loc[doubled, ['table', 'adcode']].values.tolist()}")
    unknown = set(published_lists["adcode"]) - set(domain_scores.index)
    if unknown:
        raise AgreementError(f"listed cities outside the roster: {', '.join(sorted(unknown))}; see errata.csv")
    rows, outcomes = {}, []
    for (table, domain), part in published_lists.groupby(["table", "domain"], sort=True):
        inferred = pd.Index(part.loc[part["status"] == "inferred", "adcode"])
        read = pd.Index(part.loc[part["status"].isin(READ_STATUS), "adcode"])
        rows[domain] = {"table": table, "measured": domain in domain_scores, "listed": len(read),
                        "inferred": len(inferred)}
        if domain in domain_scores:
            figures, cities = one_list(domain_scores[domain], read, inferred)
            rows[domain].update(figures)
            outcomes.append(cities.assign(table=table, domain=domain))
    columns = ["table", "measured", "listed", "inferred", "hits", "misses", "additions", "hit_share", "auc",
               "inferred_hits"]
    summary = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns).rename_axis("domain")
    shape = ["table", "domain", "adcode", "outcome", "our_rank"]
    detail = pd.concat(outcomes)[shape].reset_index(drop=True) if outcomes else pd.DataFrame(columns=shape)
    return ListOverlap(summary, detail)


def one_list(scores: pd.Series, read: pd.Index, inferred: pd.Index) -> tuple[dict[str, float], pd.DataFrame]:
    """Figures and outcome by city of one domain's list; see `list_overlap`."""
    open_scores = scores.drop(inferred)
    best = top_cities(open_scores, len(read))
    hits, misses, additions = best.intersection(read), read.difference(best), best.difference(read)
    whole = top_cities(scores, len(read) + len(inferred))
    figures = {"hits": len(hits), "misses": len(misses), "additions": len(additions),
               "hit_share": len(hits) / len(read) if len(read) else np.nan,
               "auc": area_under_curve(open_scores.dropna(), read),
               "inferred_hits": len(whole.intersection(inferred))}
    named = {"hit": hits, "miss": misses, "addition": additions, "inferred": inferred}
    cities = pd.DataFrame([(code, outcome) for outcome, codes in named.items() for code in codes],
                          columns=["adcode", "outcome"])
    ranks = scores.rank(ascending=False, method="min")
    return figures, cities.assign(our_rank=ranks.loc[cities["adcode"]].to_numpy())


def movers(scores: pd.Series, published_ranks: pd.Series) -> pd.DataFrame:
    """By how many places each published city moves when the hundred are put in our order, the largest moves first.

    Returns a frame by city: published, ours_within (our rank among the published cities, ties share the smaller),
    ours_overall (among all scored cities), move (published − ours_within; positive = higher with us).
    Ties in size are ordered by published rank. Missing scores are left out. Method.md 9.3.
    """
    check_published(published_ranks, scores)
    scored = scores.dropna()
    known = published_ranks[published_ranks.index.isin(scored.index)].sort_values()
    within = scored.loc[known.index].rank(ascending=False, method="min").astype(int)
    overall = scored.rank(ascending=False, method="min").loc[known.index].astype(int)
    frame = pd.DataFrame({"published": known, "ours_within": within, "ours_overall": overall, "move": known - within})
    return frame.iloc[frame["move"].abs().mul(-1).argsort(kind="stable")].rename_axis("adcode")


def paired_differences(first: pd.Series, second: pd.Series, published_ranks: pd.Series, draws: int = 2000,
                       seed: int = 20201218) -> pd.DataFrame:
    """How far two rankings differ in agreement, on the same cities: second less first, with paired bootstrap intervals.

    Rows spearman (cities of the hundred that both rank, drawn with replacement) and auc (those and the other cities,
    drawn apart); columns first, second, difference, low, high (95 %), cities. Two intervals that overlap say little of
    two rankings of the same cities; the interval of their difference does. Reference: Efron & Tibshirani (1993),
    An Introduction to the Bootstrap, chapter 13; method.md 9.1.
    """
    from scipy.stats import rankdata

    check_published(published_ranks, first)
    both = first.notna() & second.reindex(first.index).notna()
    scores = np.stack([first[both].to_numpy(dtype=float), second.reindex(first.index)[both].to_numpy(dtype=float)])
    place = pd.Series(range(both.sum()), first.index[both])
    known = published_ranks[published_ranks.index.isin(place.index)]
    inside, order = place[known.index].to_numpy(), known.to_numpy(dtype=float)
    outside = np.setdiff1d(np.arange(both.sum()), inside)
    rng = np.random.default_rng(seed)

    def correlations(picks: np.ndarray) -> np.ndarray:
        theirs = rankdata(order[picks], axis=1)
        return np.stack([row_correlations(rankdata(-own[inside][picks], axis=1), theirs) for own in scores])

    def areas(members: np.ndarray, others: np.ndarray) -> np.ndarray:
        ranks = rankdata(np.concatenate([scores[:, members], scores[:, others]], axis=2), axis=2)
        size = members.shape[1]
        return (ranks[:, :, :size].sum(axis=2) - size * (size + 1) / 2) / (size * others.shape[1])

    here, there = np.arange(len(inside))[None], outside[None]
    drawn = rng.integers(0, len(inside), (draws, len(inside)))
    values = {"spearman": (correlations(here), correlations(drawn))}
    if len(outside):
        drawn_out = outside[rng.integers(0, len(outside), (draws, len(outside)))]
        values["auc"] = areas(inside[here], there), areas(inside[drawn], drawn_out)
    rows = {}
    for name, (found, again) in values.items():
        low, high = np.nanquantile(again[1] - again[0], [0.025, 0.975])
        rows[name] = {"first": found[0, 0], "second": found[1, 0], "difference": found[1, 0] - found[0, 0],
                      "low": low, "high": high, "cities": len(inside) if name == "spearman" else len(place)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure")


def partial_spearman(first: pd.Series, published_ranks: pd.Series, given: pd.Series) -> float:
    """Spearman's correlation of a ranking with the published order, given a third (size, say): what is left of the
    agreement among cities alike in it. Signed as `spearman`; on the published cities that have all three."""
    table = pd.DataFrame({"first": first, "given": given}).reindex(published_ranks.index).dropna().rank()
    order = -published_ranks[table.index].rank()
    ours, size, both = table["first"].corr(order), table["given"].corr(order), table["first"].corr(table["given"])
    return float((ours - size * both) / np.sqrt((1 - size**2) * (1 - both**2)))


def agreement_over(ranks: pd.DataFrame, published_ranks: pd.Series, among: pd.Index | None = None) -> pd.DataFrame:
    """Agreement of many rankings of the same cities at once: one row per ranking (row of `ranks`, 1 = best), with
    spearman inside the hundred, auc, and overlap (published cities among the best of the same number, ties as they
    fall). `among`: the cities that spearman and auc are about, such as those with a figure for GDP; all without it."""
    from scipy.stats import rankdata

    check_published(published_ranks, ranks.iloc[0])
    known = published_ranks if among is None else published_ranks[published_ranks.index.isin(among)]
    places = rankdata(-(ranks if among is None else ranks[among]), axis=1)  # the best has the largest
    inside = rankdata(ranks[known.index], axis=1)
    hundred = (ranks.columns if among is None else among).isin(known.index)
    size, rest = len(known), places.shape[1] - len(known)
    auc = (places[:, hundred].sum(axis=1) - size * (size + 1) / 2) / (size * rest) if rest else np.nan
    overlap = (ranks[published_ranks.index] <= len(published_ranks)).sum(axis=1).to_numpy()
    return pd.DataFrame({"spearman": row_correlations(inside, rankdata(known.to_numpy(dtype=float))[None]),
                         "auc": auc, "overlap": overlap}, ranks.index)
