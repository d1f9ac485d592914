"""How far a panel of experts agrees: how their weights differ, how consistent each is, and what each one changes.

Two ways of combining experts are compared: their judgements are averaged before weights are computed (AIJ), or each
expert's weights are computed and then averaged (AIP); both use the weighted geometric mean. An expert who did not judge
a node does not count there.

Reference: docs/method.md, section 4.5; Forman, E. & Peniwati, K. (1998), Aggregating individual judgments and
priorities with the analytic hierarchy process, European Journal of Operational Research 108(1), 165–169.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd

from analysis import framework, scoring, study, weighting
from analysis.experts import (
    GOAL,
    GROUP,
    group_of_experts,
    judged_tree,
    judgements_in_use,
    leaf_weights,
    measured_weights,
)
from analysis.frames import settle
from analysis.panel import Panel, tree_of
from analysis.settings import Settings, with_overrides

PARENT = "weighting.data_centre_parent"
REPAIRS = 3  # judgements suggested for reconsideration at most


def local_weights(panel: Panel, *, method: str, data_centre_parent: str) -> pd.DataFrame:
    """Each expert's weights among siblings: rows (node, element), columns the experts in their order and `group`.

    `method` as in `weighting.ahp_weights`. NaN where an expert did not judge the node. The group's weights are those of
    the averaged judgements.
    """
    everyone = judgements_in_use(panel, data_centre_parent) | {GROUP: group_of_experts(panel, data_centre_parent)}
    columns = {expert: pd.concat({node: weighting.ahp_weights(matrix, method).weights
                                  for node, matrix in nodes.items()}) for expert, nodes in everyone.items()}
    table = pd.DataFrame(columns)[list(columns)]
    return settle(table.loc[pd.MultiIndex.from_tuples(columns[GROUP].index)].rename_axis(["node", "element"]))


def averaged_priorities(local: pd.DataFrame, shares: pd.Series) -> pd.Series:
    """The experts' weights averaged (AIP): weighted geometric means among siblings, summing to 1 at every node.

    local: as `local_weights`. shares: the experts' relative weights.
    """
    experts = shares.index.intersection(local.columns, sort=False)
    known = local[experts].notna() * shares[experts]
    logs = np.log(local[experts]).fillna(0) * known
    means = np.exp(logs.sum(axis=1) / known.sum(axis=1))
    return settle(means / means.groupby(level="node").transform("sum")).rename("averaged")


def all_leaves(panel: Panel, tree: pd.DataFrame, objective: pd.DataFrame, *, method: str, consistency_limit: float,
               allow_inconsistent: bool, data_centre_parent: str) -> pd.DataFrame:
    """Local and global weights of every indicator, by both ways of averaging, with the entropy weights beside them.

    objective: by measured indicator, with columns entropy and nested_entropy; the other parameters are those of
    `experts.judged_tree`. Returns by indicator: subdomain, domain, local, global_judgements (AIJ), global_priorities
    (AIP), equal_experts (AIJ with equal experts), entropy, nested_entropy (NaN where not measured). Each column of
    global weights sums to 1.
    """
    alike = replace(panel, experts=panel.experts.assign(weight=1.0))
    tables = [leaf_weights(judged_tree(each, tree, method=method, consistency_limit=consistency_limit,
                                       allow_inconsistent=allow_inconsistent, data_centre_parent=data_centre_parent))
              for each in (panel, alike)]
    local = local_weights(panel, method=method, data_centre_parent=data_centre_parent)
    averaged = averaged_priorities(local, panel.experts["weight"])
    places = {level: framework.ancestor(tree, level) for level in ("subdomain", "domain")}
    return settle(pd.DataFrame({
        **places, "local": tables[0]["local"], "global_judgements": tables[0]["global"],
        "global_priorities": down_the_tree(averaged, tree), "equal_experts": tables[1]["global"],
        "entropy": objective["entropy"], "nested_entropy": objective["nested_entropy"],
    }).loc[framework.leaves(tree)].rename_axis("indicator"))


def down_the_tree(local: pd.Series, tree: pd.DataFrame) -> pd.Series:
    """Global weights of the indicators from local ones by (node, element): the product along the path from the top."""
    among = local.droplevel("node")

    def weight(code: str) -> float:
        parent = tree.at[code, "parent"]
        return among.get(code, 1.0) * (weight(parent) if parent else 1.0)

    return pd.Series({code: weight(code) for code in framework.leaves(tree)})


def dispersion(local: pd.DataFrame) -> pd.DataFrame:
    """How far the experts differ at each node, from `local_weights`: one row per node with two experts or more.

    judged: experts who judged it. spread: the geometric standard deviation of their weights, the element they differ
    about most (`element`); 1 = all the same. least, greatest: the weights that element gets. agreement: Kendall's
    coefficient of concordance of their orders, 0–1, ties counted (NaN below three elements or two experts).
    """
    rows = {}
    for node, table in local.drop(columns=GROUP).groupby(level="node", sort=False):
        table = table.droplevel("node").dropna(axis=1)
        if table.shape[1] < 2 or len(table) < 2:
            continue
        spreads = np.exp(np.log(table).std(axis=1, ddof=1))
        element = spreads.round(12).idxmax()
        rows[node] = {"judged": table.shape[1], "element": element, "spread": spreads[element],
                      "least": table.loc[element].min(), "greatest": table.loc[element].max(),
                      "agreement": concordance(table)}
    return settle(pd.DataFrame.from_dict(rows, orient="index").rename_axis("node"))


def concordance(table: pd.DataFrame) -> float:
    """Kendall's W of the orders that the columns give to the rows, corrected for ties: 1 = identical orders.

    Reference: Kendall, M. G. & Babington Smith, B. (1939), The Annals of Mathematical Statistics 10(3), 275–287.
    """
    elements, experts = table.shape
    if elements < 3:
        return float("nan")
    ranks = table.round(9).rank()
    ties = sum((sizes**3 - sizes).sum() for sizes in (ranks[expert].value_counts() for expert in ranks))
    sums = ranks.sum(axis=1)
    room = experts**2 * (elements**3 - elements) - experts * ties
    return float(12 * ((sums - sums.mean()) ** 2).sum() / room) if room else float("nan")


def consistency_by_expert(consistency: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """One row per expert: matrices, pairs judged and left open, mean and largest consistency ratio and its node.

    consistency: `experts.consistency_table`. asked: by (expert, node) the number of pairs and how many were left open,
    columns pairs and open.
    """
    large = consistency[consistency["size"] > 2]
    worst = large.loc[large.groupby("expert", sort=False)["consistency_ratio"].idxmax()].set_index("expert")
    counted = asked.groupby(level="expert", sort=False)[["pairs", "open"]].sum()
    table = pd.DataFrame({"matrices": consistency["expert"].value_counts(),
                          "mean_ratio": large.groupby("expert")["consistency_ratio"].mean(),
                          "largest_ratio": worst["consistency_ratio"], "where": worst["node"]}).join(counted)
    return settle(table.loc[worst.index].rename_axis("expert"))


def pairs_asked(judgements: dict[str, dict[str, pd.DataFrame]]) -> pd.DataFrame:
    """The number of pairs of every matrix and how many were left open (NaN), by (expert, node)."""
    rows = {(expert, node): (len(matrix) * (len(matrix) - 1) // 2, int(matrix.isna().to_numpy().sum() // 2))
            for expert, nodes in judgements.items() for node, matrix in nodes.items()}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["pairs", "open"])
    return table.set_index(pd.MultiIndex.from_tuples(table.index, names=["expert", "node"]))


def repairs(panel: Panel, *, consistency_limit: float, data_centre_parent: str) -> pd.DataFrame:
    """The judgements that would repair the panel's worst matrix, one after the other, at most `REPAIRS`.

    Returns one row per step: expert, node, step, first, second (first over second), judgement, repair (rounded to the
    scale 1/9 … 9), before and after (consistency ratios), until the ratio is below the limit. A suggestion shows where
    judgements contradict each other; only the expert can say which judgement was meant.
    """
    use = judgements_in_use(panel, data_centre_parent)
    ratios = {(expert, node): weighting.ahp_weights(matrix).consistency_ratio
              for expert, nodes in use.items() for node, matrix in nodes.items() if len(matrix) > 2}
    expert, node = max(ratios, key=lambda key: round(ratios[key], 12))
    matrix, rows = weighting.judgement_matrix(use[expert][node]), []
    for step in range(1, REPAIRS + 1):
        before = weighting.ahp_weights(matrix).consistency_ratio
        triad = cast(weighting.Triad, weighting.worst_triad(matrix))  # of matrices with three elements or more
        matrix = with_judgement(matrix, triad.pair, on_the_scale(triad.repair))
        after = weighting.ahp_weights(matrix).consistency_ratio
        rows.append((expert, node, step, *triad.pair, triad.judgement, matrix.at[triad.pair], before, after))
        if after < consistency_limit:
            break
    columns = ["expert", "node", "step", "first", "second", "judgement", "repair", "before", "after"]
    return settle(pd.DataFrame(rows, columns=columns))


def on_the_scale(value: float) -> float:
    """The nearest step of Saaty's scale, by ratio: 1 to 9 or a reciprocal."""
    scale = np.array([1 / step for step in range(9, 1, -1)] + list(range(1, 10)))
    return float(scale[np.abs(np.log(scale / value)).argmin()])


def with_judgement(matrix: pd.DataFrame, pair: tuple[str, str], value: float) -> pd.DataFrame:
    """A matrix with one judgement, and its reciprocal, changed."""
    changed = matrix.copy()
    changed.at[pair], changed.at[pair[::-1]] = value, 1 / value
    return changed


def repaired_panel(panel: Panel, suggested: pd.DataFrame) -> Panel:
    """The panel with the judgements that `repairs` suggests."""
    judgements = {expert: dict(nodes) for expert, nodes in panel.judgements.items()}
    for row in suggested.itertuples():
        matrix = weighting.judgement_matrix(judgements[row.expert][row.node])
        judgements[row.expert][row.node] = with_judgement(matrix, (row.first, row.second), row.repair)
    return replace(panel, judgements=judgements)


def what_each_changes(base: study.Study, suggested: pd.DataFrame, top: int) -> pd.DataFrame:
    """The ranks with each expert left out, with averaged judgements repaired, all experts alike, and the ambiguous
    indicator under its other parent: how far each moves the ranks of the study.

    base: the study itself; suggested: as `repairs` returns it. Returns by variant (`without <expert>`, repaired,
    equal_experts, data_centre): mean_shift and largest_shift (ranks), city (that moves most), entering (cities new
    among the first `top`), spearman, and domain, the domain whose judged weight changes most, with its change.
    """
    panel, settings = base.panel, base.settings
    variants = {f"without {expert}": (without_expert(panel, expert), settings) for expert in panel.judgements}
    variants |= {"repaired": (repaired_panel(panel, suggested), settings),
                 "equal_experts": (replace(panel, experts=panel.experts.assign(weight=1.0)), settings)}
    if "two_readings" in panel.traits:
        other = {"S13": "S14", "S14": "S13"}[settings.weighting.data_centre_parent]
        variants["data_centre"] = (panel, with_overrides(settings, {PARENT: other}))
    rows = {name: rank_changes(base, judged_anew(base, *variant), top) for name, variant in variants.items()}
    return settle(pd.DataFrame.from_dict(rows, orient="index").rename_axis("variant"))


def judged_anew(base: study.Study, panel: Panel, settings: Settings) -> study.Study:
    """The study with other judgements or another parent of the ambiguous indicator; its values stay as they are.

    The consistency of the changed judgements is not checked.
    """
    tree, choices = tree_of(panel, settings), settings.weighting
    group = group_of_experts(panel, choices.data_centre_parent)
    judged = weighting.tree_weights(group, tree, choices.ahp_method, allow_inconsistent=True, root=GOAL)
    measured = measured_weights(judged, tree, base.treated.columns, subjective=choices.subjective,
                                unmeasured=choices.unmeasured)["measured"]
    objective = base.weights[list(study.OBJECTIVE_WEIGHTS)]
    if not tree["parent"].equals(base.framework["parent"]):
        objective = study.objective_weights(base.treated, tree)
    weights = study.weigh(objective, measured, tree, settings, study.sparse_indicators(base.treated, tree))
    scores = study.score(base.normalised, weights["combined"], study.rule_of(settings, tree))
    return replace(base, settings=settings, panel=panel, framework=tree, weights=weights, scores=scores,
                   ranks=scoring.rank(scores))


def without_expert(panel: Panel, expert: str) -> Panel:
    """The panel without one expert; a node that nobody else judged keeps equal weights."""
    kept = {other: nodes for other, nodes in panel.judgements.items() if other != expert}
    judged = {node for nodes in kept.values() for node in nodes}
    first = next(iter(kept))
    alone = {node: matrix * 0 + 1 for node, matrix in panel.judgements[expert].items() if node not in judged}
    return replace(panel, judgements=kept | {first: kept[first] | alone}, experts=panel.experts.drop(index=expert))


def rank_changes(base: study.Study, other: study.Study, top: int) -> dict[str, object]:
    """How far one study's ranks are from another's, and the domain whose judged weight differs most."""
    shift = (other.ranks - base.ranks).abs()
    domains = [each.weights.groupby("domain")["subjective"].sum() for each in (base, other)]
    difference = domains[1] - domains[0]
    domain = difference.abs().round(12).idxmax() if (difference.abs() > 1e-12).any() else ""
    return {"mean_shift": shift.mean(), "largest_shift": int(shift.max()), "city": shift.idxmax(),
            "entering": int(((other.ranks <= top) & (base.ranks > top)).sum()),
            "spearman": base.scores.corr(other.scores, "spearman"), "domain": domain,
            "change": difference.get(domain, 0.0)}


def data_centre_weights(panel: Panel, settings: Settings) -> pd.DataFrame:
    """The two readings of Table 1 beside each other: by parent of 城市数据中心 (S13, S14) its judged local and global
    weight, and the global weights of both sub-domains."""
    rows = {}
    for parent in ("S13", "S14"):
        chosen = with_overrides(settings, {PARENT: parent})
        tree = tree_of(panel, chosen)
        choices = chosen.weighting
        leaves = leaf_weights(judged_tree(
            panel, tree, method=choices.ahp_method, consistency_limit=choices.consistency_limit,
            allow_inconsistent=choices.allow_inconsistent, data_centre_parent=parent))
        sums = leaves.groupby("parent")["global"].sum()
        own = leaves.loc[framework.AMBIGUOUS_INDICATOR]
        rows[parent] = {"local": own["local"], "global": own["global"], "S13": sums["S13"], "S14": sums["S14"]}
    return settle(pd.DataFrame.from_dict(rows, orient="index").rename_axis("parent"))
