"""The panel of experts: whose judgements are used, how consistent each is, and the weights of the group.

The experts of data/raw/ahp are stylised viewpoints, an assumption of this study: no person was asked.

Reference: docs/method.md, section 4.5; Aczél & Saaty (1983), doi:10.1016/0022-2496(83)90028-7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis import framework, weighting
from analysis.frames import settle

if TYPE_CHECKING:
    from analysis.settings import Settings
    from analysis.study import Panel

GOAL = "goal"
GROUP = "group"
# With 城市数据中心 (I32) under S14 instead of S13, two matrices compare other indicators.
OTHER_READING = {"S13": "S13_without_I32", "S14": "S14_with_I32"}


def judgements_in_use(panel: Panel, settings: Settings) -> dict[str, dict[str, pd.DataFrame]]:
    """Each expert's judgement matrices by node, for the parent of 城市数据中心 (I32) that the settings choose."""
    use = {}
    for expert, nodes in panel.judgements.items():
        if "two_readings" not in panel.traits:
            use[expert] = nodes
            continue
        use[expert] = {node: matrix for node, matrix in nodes.items() if node not in OTHER_READING.values()}
        if settings.weighting.data_centre_parent == "S14":
            use[expert] |= {node: nodes[variant] for node, variant in OTHER_READING.items()}
    return use


def group_of_experts(panel: Panel, settings: Settings) -> dict[str, pd.DataFrame]:
    """The group's judgement matrix for every node: the weighted geometric mean of the experts'.

    An expert who did not judge a node has no say in it. Raises ValueError naming the file of a matrix that cannot be
    used (not reciprocal, not positive, incomplete).
    """
    use = judgements_in_use(panel, settings)
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
                    raise ValueError(f"{judgement_file(expert, node, settings)}: {error}") from None
        raise


def judgement_file(expert: str, node: str, settings: Settings) -> str:
    """The file that holds an expert's matrix of a node, relative to the repository."""
    if settings.weighting.data_centre_parent == "S14":
        node = OTHER_READING.get(node, node)
    return f"data/raw/ahp/{expert}/{node}.csv"


def consistency_table(panel: Panel, settings: Settings) -> pd.DataFrame:
    """How consistent every matrix is: one row an expert (and the group) and node.

    Columns expert, node, size, lambda_max, consistency_index, consistency_ratio, worst_triad (the three elements that
    agree least, and by what factor; empty below three elements).
    """
    everyone = judgements_in_use(panel, settings) | {GROUP: group_of_experts(panel, settings)}
    rows = []
    for expert, nodes in everyone.items():
        for node, matrix in nodes.items():
            result = weighting.ahp_weights(matrix, settings.weighting.ahp_method)
            triad = weighting.worst_triad(matrix)
            words = f"{'-'.join(triad.elements)} ×{triad.factor:.2f}" if triad else ""
            rows.append((expert, node, len(matrix), result.lambda_max, result.consistency_index,
                         result.consistency_ratio, words))
    columns = ["expert", "node", "size", "lambda_max", "consistency_index", "consistency_ratio", "worst_triad"]
    return settle(pd.DataFrame(rows, columns=columns))


def domain_weights_by_expert(panel: Panel, settings: Settings) -> pd.DataFrame:
    """Domain weights of each expert and of the group (rows by key, last row `group`), with the consistency ratio."""
    matrices = {expert: nodes[GOAL] for expert, nodes in judgements_in_use(panel, settings).items() if GOAL in nodes}
    matrices[GROUP] = group_of_experts(panel, settings)[GOAL]
    results = {key: weighting.ahp_weights(matrix, settings.weighting.ahp_method) for key, matrix in matrices.items()}
    weights = pd.DataFrame({key: result.weights for key, result in results.items()}).T.rename_axis("expert")
    ratios = {key: result.consistency_ratio for key, result in results.items()}
    return settle(weights.assign(consistency_ratio=ratios))


def subjective_weights(panel: Panel, tree: pd.DataFrame, measured: pd.Index, settings: Settings) -> pd.DataFrame:
    """The judged weights of all indicators and of the measured ones.

    Returns one row an indicator of the tree: parent, local (among siblings), global (product down the tree, all 34 sum
    to 1), measured (the measured indicators' weights by the rule `weighting.unmeasured`, summing to 1; NaN otherwise).
    Every expert's matrices and the group's must be consistent: InconsistentJudgements names expert, node and repair.
    """
    return measured_weights(judged_tree(panel, tree, settings), tree, measured, settings)


def judged_tree(panel: Panel, tree: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """The group's weights of every node of the tree, whatever is measured, after every expert's matrices were checked.

    Returns the frame of `weighting.tree_weights`; refuses what `subjective_weights` refuses.
    """
    choices = settings.weighting
    group = group_of_experts(panel, settings)
    use = judgements_in_use(panel, settings) | {GROUP: group}
    for expert, nodes in use.items():
        try:  # what an expert did not judge is the group's
            table = weighting.tree_weights(group | nodes, tree, choices.ahp_method, choices.consistency_limit,
                                           choices.allow_inconsistent, GOAL)
        except weighting.InconsistentJudgements as error:
            raise ValueError(f"{judgement_file(expert, error.node, settings)}: {error}") from None
    return table  # the last, the group's


def measured_weights(judged: pd.DataFrame, tree: pd.DataFrame, measured: pd.Index, settings: Settings) -> pd.DataFrame:
    """The weights that `subjective_weights` returns, out of the judged weights of the tree; equal ones where the
    setting weighting.subjective asks for them."""
    choices, table = settings.weighting, judged.copy()
    if choices.subjective == "equal":
        leaves = framework.leaves(tree)
        siblings = tree.loc[leaves, "parent"].map(tree.loc[leaves, "parent"].value_counts())
        table.loc[leaves, "local_weight"] = 1 / siblings
        table.loc[leaves, "global_weight"] = 1 / len(leaves)
    kept = weighting.restrict_to_measured(table, tree, measured, choices.unmeasured)
    leaves = table[table["leaf"]].rename(columns={"local_weight": "local", "global_weight": "global"})
    return settle(leaves[["parent", "local", "global"]].assign(measured=kept).rename_axis("indicator"))
