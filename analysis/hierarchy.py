"""Weights along the tree: local weights among siblings, global weights as their product down to the indicators.

The tree is given by each node's parent: a framework frame (column `parent`, index code), a Series or a dict. A parent
that is missing or "" makes a node a top node. Any depth and uneven depths are allowed.

Reference: docs/method.md, sections 4.4, 4.5 and 4.7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from analysis.ahp import Triad, UnusableJudgements, ahp_weights, worst_triad
from analysis.validation import UnusableWeights, named, numeric_table, weight_series

ROOT = "total"

Tree: TypeAlias = pd.DataFrame | pd.Series | Mapping


class InconsistentJudgements(UnusableJudgements):
    """A judgement matrix at or above the consistency limit. Attributes: node, consistency_ratio, triad."""

    def __init__(self, node: str, consistency_ratio: float, limit: float, triad: Triad):
        self.node, self.consistency_ratio, self.triad = node, consistency_ratio, triad
        super().__init__(
            f"judgements under {node}: consistency ratio {consistency_ratio:.3f} is not below {limit:g}. Worst triad "
            f"{', '.join(map(str, triad.elements))}, {triad.factor:.2f} times off; reconsider {triad.pair[0]} over "
            f"{triad.pair[1]} = {triad.judgement:.3g}: {triad.repair:.3g} would repair the triad and leave a ratio of "
            f"{triad.consistency_ratio:.3f}. Correct the judgement, or set weighting.allow_inconsistent")


def nested_table(values: pd.DataFrame, parents: Tree, function: Callable[[pd.DataFrame], pd.Series]) -> pd.DataFrame:
    """Weights computed among siblings at every level of the tree.

    `function` (for example weighting.entropy_weights) weighs the children of one parent; an only child gets 1
    without a call. A parent's own column is the mean of its children weighted by their local weights, up to the top.

    Returns one row per node with values below it, parents before children: parent, local_weight (siblings sum to 1),
    global_weight (product of the local weights from the top), leaf. Raises what `function` raises, naming the node.
    """
    frame = numeric_table(values)
    children = children_of(parents, frame.columns)

    def weigh(rows: np.ndarray, siblings: list) -> np.ndarray:
        return function(pd.DataFrame(rows.T, frame.index, siblings)).loc[siblings].to_numpy()

    return _table(children, nested_numbers(frame.to_numpy(), list(frame.columns), children, weigh))


def nested_numbers(values: np.ndarray, names: list, children: dict[str, list],
                   weigh: Callable[[np.ndarray, list], np.ndarray]) -> dict[Any, float]:
    """The local weight of every node, of a checked table and its part of a tree (`children_of`); `weigh` gets the rows
    of some siblings and their names."""
    columns, local = dict(zip(names, values.T, strict=True)), dict[Any, float]()
    for node in reversed(_top_down(children)):
        siblings = children.get(node, [])
        if len(siblings) == 1:
            local[siblings[0]], columns[node] = 1.0, columns[siblings[0]]
        elif siblings:
            rows = np.array([columns[child] for child in siblings])
            weights = weigh(rows, siblings)
            local.update(zip(siblings, weights, strict=True))
            columns[node] = (rows * weights[:, None]).sum(axis=0)
    return local


def children_of(parents: Tree, leaves: pd.Index) -> dict[str, list]:
    """The part of a tree at or above some leaves: parent → its children, the top nodes under "total"."""
    return _children(_parents(parents), leaves)


def products_down(children: dict[str, list], local: dict) -> dict[Any, float]:
    """The global weight of every node: the product of the local weights from the top down to it."""
    absolute: dict[Any, float] = {ROOT: 1.0}
    for node in _top_down(children):
        for child in children.get(node, []):
            absolute[child] = absolute[node] * local[child]
    return absolute


def nested_weights(values: pd.DataFrame, parents: Tree, function: Callable[[pd.DataFrame], pd.Series]) -> pd.Series:
    """Global weights of the indicators from `nested_table`, in the order of the columns; they sum to 1."""
    return nested_table(values, parents, function).loc[values.columns, "global_weight"].rename("weight")


def tree_weights(judgements: Mapping, framework: Tree, method: str = "eigenvector", consistency_limit: float = 0.10,
                 allow_inconsistent: bool = False, root: str = ROOT) -> pd.DataFrame:
    """AHP weights of every node of the tree from one judgement matrix per parent.

    Parameters
    ----------
    judgements : parent's code → matrix comparing its children; the top nodes' matrix is under `root` ("total"). An only
        child needs none.
    framework : the tree (see the top of the module); all its nodes without children are leaves.
    consistency_limit : a matrix whose consistency ratio is at or above it raises InconsistentJudgements, naming node,
        ratio, worst triad and the value that would repair it, unless `allow_inconsistent`.

    Returns the frame that `nested_table` describes; the global weights of the leaves sum to 1.
    Raises UnusableJudgements, naming the node, for a parent without matrix, a matrix of a childless node, elements
    that are not the children, and everything that ahp_weights refuses.
    """
    parents = _parents(framework)
    children = _children(parents, [code for code in parents if code not in set(parents.values())], root)
    unknown = [node for node in judgements if node not in children]
    if unknown:
        raise UnusableJudgements(f"judgements for {named(unknown)}, which has no children in the tree; parents are "
                                 f"{named(children, 30)}")
    local: dict = {}
    for node, siblings in children.items():
        if len(siblings) == 1:
            local[siblings[0]] = 1.0
            continue
        if node not in judgements:
            raise UnusableJudgements(f"no judgement matrix for {node}; it must compare {named(siblings, 30)}")
        try:
            result = ahp_weights(judgements[node], method)
        except UnusableJudgements as error:
            raise UnusableJudgements(f"judgements under {node}: {error}") from None
        if set(result.weights.index) != set(siblings):
            raise UnusableJudgements(f"the matrix of {node} compares {named(result.weights.index, 30)}, but its "
                                     f"children are {named(siblings, 30)}")
        ratio, exceeds = result.consistency_ratio, result.consistency_ratio >= consistency_limit
        if exceeds and not allow_inconsistent and (triad := worst_triad(judgements[node])):
            raise InconsistentJudgements(node, ratio, consistency_limit, triad)
        local.update(result.weights)
    return _table(children, local, root)


def given_weights(tree: pd.DataFrame, root: str = ROOT) -> pd.DataFrame:
    """Weights of every node from the column `weight` of a tree: a parent's children share its weight in proportion to
    theirs, and alike where none is given.

    Returns the frame that `nested_table` describes. Raises UnusableWeights where the tree has no such column.
    """
    if "weight" not in tree:
        raise UnusableWeights("weighting.subjective = given needs the column weight in the study's table framework; "
                              "fill it in or choose ahp or equal")
    parents = _parents(tree)
    children = _children(parents, [code for code in parents if code not in set(parents.values())], root)
    local: dict = {}
    for siblings in children.values():
        given = tree.loc[siblings, "weight"]
        given = given.fillna(0.0) if given.notna().any() else given.fillna(1.0)
        local.update(given / given.sum())
    return _table(children, local, root)


def restrict_to_measured(weights: pd.Series | pd.DataFrame | Mapping, framework: Tree, measured: pd.Index,
                         rule: str = "keep_domains") -> pd.Series:
    """Weights of the measured indicators, from the weights of all indicators.

    `weights` are global weights by leaf, or the frame of `tree_weights`. rule "keep_domains": at every level siblings
    with at least one measured leaf share their parent's weight in proportion to their own, so that measured indicators
    replace unmeasured siblings; a domain without any is left out and the others grow in proportion.
    "proportional": the measured leaves keep their proportions, and the sums of the domains change.

    Returns a Series in the order of `measured`, summing to 1. Raises UnusableWeights for a measured indicator that is
    not a leaf or has no weight, and where a parent's measured children all have weight 0.
    """
    if isinstance(weights, pd.DataFrame):
        weights = weights.loc[weights["leaf"], "global_weight"]
    complete, measured = weight_series(weights, "weights"), pd.Index(measured)
    unknown = measured.difference(complete.index, sort=False)
    if len(unknown) or measured.empty:
        raise UnusableWeights(f"measured indicators without weight: {named(unknown) or 'none is measured at all'}")
    if rule == "proportional":
        local, nodes = complete.to_dict(), {ROOT: measured.tolist()}
    elif rule == "keep_domains":
        parents = _parents(framework)
        everyone = _children(parents, complete.index)
        totals = complete.to_dict()
        for node in reversed(_top_down(everyone)):
            if node in everyone:
                totals[node] = sum(totals[child] for child in everyone[node])
        nodes, local = _children(parents, measured), totals
    else:
        raise ValueError(f"unknown rule {rule!r}; use 'keep_domains' or 'proportional'")
    shares: dict = {}
    for node, siblings in nodes.items():
        values = np.array([local[sibling] for sibling in siblings])
        total = values.sum()
        if not total > 0:
            raise UnusableWeights(f"the measured nodes under {node} ({named(siblings)}) all have weight 0; "
                                  "use the rule 'proportional'")
        shares.update(zip(siblings, values / total, strict=True))
    return _table(nodes, shares).loc[measured, "global_weight"].rename("weight")


def _parents(tree: Tree) -> dict:
    """Each node's parent as a plain dict, None for top nodes."""
    given = tree["parent"] if isinstance(tree, pd.DataFrame) else tree
    return {code: None if pd.isna(parent) or parent == "" else parent
            for code, parent in dict(given).items()}


def _children(parents: dict, leaves: pd.Index | list, root: str = ROOT) -> dict[str, list]:
    """Parent → its children, for the nodes at or above `leaves`, in the order of the tree; top nodes under `root`."""
    kept: set[Any] = set()
    for leaf in leaves:
        node, path = leaf, list[Any]()
        while node is not None:
            if node not in parents:
                raise UnusableWeights(f"{node} is not a node of the tree; correct the code or add it")
            if node in path:
                raise UnusableWeights(f"the tree has a circle: {named([*path, node])}; correct column parent")
            path.append(node)
            node = parents[node]
        kept.update(path)
    children: dict[str, list] = {root: []}
    for node, parent in parents.items():
        if node in kept:
            children.setdefault(root if parent is None else parent, []).append(node)
    inner = [leaf for leaf in leaves if leaf in children]
    if inner:
        raise UnusableWeights(f"{named(inner)} has both a value and children in the tree; only leaves carry values")
    return children


def _top_down(children: dict[str, list], root: str = ROOT) -> list:
    """All nodes, the root first and every parent before its children."""
    order = [root]
    for node in order:
        order.extend(children.get(node, []))
    return order


def _table(children: dict[str, list], local: dict, root: str = ROOT) -> pd.DataFrame:
    """Local and global weights of every node but the root, parents before children."""
    parent_of = {child: parent for parent, siblings in children.items() for child in siblings}
    order = _top_down(children, root)[1:]
    absolute = {root: 1.0}
    for node in order:
        absolute[node] = absolute[parent_of[node]] * local[node]
    return pd.DataFrame({"parent": [parent_of[node] for node in order],
                         "local_weight": [float(local[node]) for node in order],
                         "global_weight": [absolute[node] for node in order],
                         "leaf": [node not in children for node in order]}, index=pd.Index(order, name="code"))
