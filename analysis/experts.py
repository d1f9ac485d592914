"""The panel of experts: whose judgements are used, how consistent each is, and the weights of the group.

The experts of data/raw/ahp are stylised viewpoints, an assumption of this study: no person was asked.

Reference: docs/method.md, section 4.5; Aczél & Saaty (1983), doi:10.1016/0022-2496(83)90028-7.
"""

from __future__ import annotations

import pandas as pd

from analysis import framework, weighting
from analysis.frames import settle
from analysis.panel import Panel

GOAL = "goal"
GROUP = "group"
ALL = "all"
# With 城市数据中心 (I32) under S14 instead of S13, two matrices compare other indicators.
OTHER_READING = {"S13": "S13_without_I32", "S14": "S14_with_I32"}


def judgements_in_use(panel: Panel, data_centre_parent: str) -> dict[str, dict[str, pd.DataFrame]]:
    """Each expert's judgement matrices by node, for the parent of 城市数据中心 (I32): "S13" or "S14"."""
    refuse_unknown(data_centre_parent, "data_centre_parent", tuple(OTHER_READING))
    use = {}
    for expert, nodes in panel.judgements.items():
        if "two_readings" not in panel.traits:
            use[expert] = nodes
            continue
        use[expert] = {node: matrix for node, matrix in nodes.items() if node not in OTHER_READING.values()}
        if data_centre_parent == "S14":
            use[expert] |= {node: nodes[variant] for node, variant in OTHER_READING.items()}
    return use


def group_of_experts(panel: Panel, data_centre_parent: str) -> dict[str, pd.DataFrame]:
    """The group's judgement matrix for every node: the weighted geometric mean of the experts'.

    An expert who did not judge a node does not count there. Raises ValueError naming the file of a matrix that cannot
    be used (not reciprocal, not positive, incomplete).
    """
    use = judgements_in_use(panel, data_centre_parent)
    judged = dict.fromkeys(node for nodes in use.values() for node in nodes)
    try:
        return {node: weighting.group_judgements(matrices, panel.experts.loc[list(matrices), "weight"].to_dict())
                for node in judged
                for matrices in [{expert: nodes[node] for expert, nodes in use.items() if node in nodes}]}
    except ValueError:
        for expert, nodes in use.items():
            for node, matrix in nodes.items():
                try:
                    weighting.judgement_matrix(matrix)
                except ValueError as error:
                    raise ValueError(f"{matrix_name(panel, expert, node, data_centre_parent)}: {error}") from None
        raise


def matrix_name(panel: Panel, expert: str, node: str, data_centre_parent: str) -> str:
    """Where an expert's matrix of a node is: the repository's file, or, of own judgements, their expert and node."""
    if "public" not in panel.traits:
        return f"judgements, expert {expert}, node {node}"
    return judgement_file(expert, node, data_centre_parent)


def judgement_file(expert: str, node: str, data_centre_parent: str) -> str:
    """The file that holds an expert's matrix of a node, relative to the repository."""
    if data_centre_parent == "S14":
        node = OTHER_READING.get(node, node)
    return f"data/raw/ahp/{expert}/{node}.csv"


def consistency_table(panel: Panel, *, method: str, data_centre_parent: str) -> pd.DataFrame:
    """How consistent every matrix is: one row per expert (and the group) and node.

    `method` as in `weighting.ahp_weights`. Columns expert, node, size, lambda_max, consistency_index,
    consistency_ratio, worst_triad (the three elements that agree least, and by what factor; empty below three).
    """
    everyone = judgements_in_use(panel, data_centre_parent) | {GROUP: group_of_experts(panel, data_centre_parent)}
    rows = []
    for expert, nodes in everyone.items():
        for node, matrix in nodes.items():
            result = weighting.ahp_weights(matrix, method)
            triad = weighting.worst_triad(matrix)
            words = f"{'-'.join(triad.elements)} ×{triad.factor:.2f}" if triad else ""
            rows.append((expert, node, len(matrix), result.lambda_max, result.consistency_index,
                         result.consistency_ratio, words))
    columns = ["expert", "node", "size", "lambda_max", "consistency_index", "consistency_ratio", "worst_triad"]
    return settle(pd.DataFrame(rows, columns=columns))


def domain_weights_by_expert(panel: Panel, *, method: str, data_centre_parent: str) -> pd.DataFrame:
    """Domain weights of each expert and of the group (rows by key, last row `group`), with the consistency ratio.

    In a tree with one domain, the weights of the first judged node below it.
    """
    use = judgements_in_use(panel, data_centre_parent)
    group = group_of_experts(panel, data_centre_parent)
    top = GOAL if GOAL in group else next(node for node in panel.tree.index if node in group)
    matrices = {expert: nodes[top] for expert, nodes in use.items() if top in nodes} | {GROUP: group[top]}
    results = {key: weighting.ahp_weights(matrix, method) for key, matrix in matrices.items()}
    weights = pd.DataFrame({key: result.weights for key, result in results.items()}).T.rename_axis("expert")
    ratios = {key: result.consistency_ratio for key, result in results.items()}
    return settle(weights.assign(consistency_ratio=ratios))


def subjective_weights(panel: Panel, tree: pd.DataFrame, measured: pd.Index, *, subjective: str, method: str,
                       consistency_limit: float, allow_inconsistent: bool, unmeasured: str,
                       data_centre_parent: str, used: str = ALL) -> pd.DataFrame:
    """The judged weights of all indicators and of the measured ones.

    Parameters
    ----------
    subjective : "ahp" takes the experts' weights; "equal" gives every indicator of the tree the same, measured or not;
        "given" takes those in the tree's column `weight`.
    method, consistency_limit, allow_inconsistent : as in `weighting.tree_weights`.
    unmeasured : "keep_domains" or "proportional", as in `weighting.restrict_to_measured`.
    data_centre_parent : "S13" or "S14", the reading of Table 1 that the tree follows.
    used : "all" experts as a group, or one of them alone; see `judged_tree`.

    Returns one row per indicator of the tree: parent, local (among siblings), global (product down the tree, all sum to
    1), measured (the measured indicators' weights, summing to 1; NaN otherwise). Every expert's matrices and the
    group's must be consistent: ValueError names expert, node and repair.
    """
    judged = judged_tree(panel, tree, method=method, consistency_limit=consistency_limit,
                         allow_inconsistent=allow_inconsistent, data_centre_parent=data_centre_parent, used=used)
    return measured_weights(judged, tree, measured, subjective=subjective, unmeasured=unmeasured)


def judged_tree(panel: Panel, tree: pd.DataFrame, *, method: str, consistency_limit: float, allow_inconsistent: bool,
                data_centre_parent: str, used: str = ALL) -> pd.DataFrame:
    """The judged weights of every node of the tree, measured or not, after every expert's matrices were checked.

    used: "all" takes the group's matrices; the code of one expert takes that expert's alone, and the group's for nodes
    that the expert did not judge. Returns the frame of `weighting.tree_weights`; refuses what `subjective_weights`
    refuses, and an expert who is not there.
    """
    trees = judged_trees(panel, tree, method=method, consistency_limit=consistency_limit,
                         allow_inconsistent=allow_inconsistent, data_centre_parent=data_centre_parent)
    return of_those_used(trees, used)


def judged_trees(panel: Panel, tree: pd.DataFrame, *, method: str, consistency_limit: float, allow_inconsistent: bool,
                 data_centre_parent: str) -> dict[str, pd.DataFrame]:
    """What `judged_tree` returns for each expert alone and, last, for the group."""
    group = group_of_experts(panel, data_centre_parent)
    use, trees = judgements_in_use(panel, data_centre_parent) | {GROUP: group}, {}
    for expert, nodes in use.items():
        try:  # nodes that an expert did not judge take the group's matrix
            trees[expert] = weighting.tree_weights(group | nodes, tree, method, consistency_limit, allow_inconsistent,
                                                   GOAL)
        except weighting.InconsistentJudgements as error:
            raise ValueError(f"{matrix_name(panel, expert, error.node, data_centre_parent)}: {error}") from None
    return trees


def of_those_used(trees: dict[str, pd.DataFrame], used: str) -> pd.DataFrame:
    """One of the frames of `judged_trees`: the group's for "all", else the expert's."""
    alone = [expert for expert in trees if expert != GROUP]
    if used != ALL and used not in alone:
        raise ValueError(f"weighting.experts = {used}: no such expert; use all, or one of "
                         f"{', '.join(alone) or 'none: this study has no judgements'}")
    return trees[GROUP if used == ALL else used]


def measured_weights(judged: pd.DataFrame, tree: pd.DataFrame, measured: pd.Index, *, subjective: str,
                     unmeasured: str) -> pd.DataFrame:
    """The weights that `subjective_weights` returns, from the judged weights of the tree, or equal or given ones where
    `subjective` says so."""
    refuse_unknown(subjective, "subjective", ("ahp", "equal", "given"))
    table = weighting.given_weights(tree) if subjective == "given" else judged.copy()
    if subjective == "equal":
        leaves = framework.leaves(tree)
        siblings = tree.loc[leaves, "parent"].map(tree.loc[leaves, "parent"].value_counts())
        table.loc[leaves, "local_weight"] = 1 / siblings
        table.loc[leaves, "global_weight"] = 1 / len(leaves)
    kept = weighting.restrict_to_measured(table, tree, measured, unmeasured)
    return leaf_weights(table).assign(measured=settle(kept))


def leaf_weights(judged: pd.DataFrame) -> pd.DataFrame:
    """The indicators in the frame of `judged_tree`: parent, local, global."""
    leaves = judged[judged["leaf"]].rename(columns={"local_weight": "local", "global_weight": "global"})
    return settle(leaves[["parent", "local", "global"]].rename_axis("indicator"))


def refuse_unknown(value: str, name: str, known: tuple[str, ...]) -> None:
    """Raise ValueError for a choice that is not one of the known ones."""
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}; use {' or '.join(map(repr, known))}")
