"""Judgement matrices from single judgements: which elements a node compares, reciprocals, and missing pairs.

A pair without a judgement stays NaN, which is accepted while the judged pairs connect all elements. Consistency is
checked later, by the run's settings.

Reference: docs/method.md, section 4.5; Saaty (1980), The Analytic Hierarchy Process.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.ahp import RANDOM_INDEX, RECIPROCITY_TOLERANCE, UnusableJudgements, complete_judgements
from analysis.experts import GOAL, OTHER_READING
from analysis.framework import AMBIGUOUS_INDICATOR
from workbench.own.findings import Cell, Findings

LARGEST_MATRIX = max(RANDOM_INDEX)


@dataclass
class Sheet:
    """The judgements of one expert at one node, each with its cell; `place` is the table as a whole."""

    expert: str
    node: str
    place: Cell
    pairs: dict[tuple[str, str], tuple[float, Cell]] = field(default_factory=dict)


def children_of(tree: pd.DataFrame) -> dict[str, list[str]]:
    """The elements compared by each node's matrix, by node; nodes with one child are left out."""
    parents = tree["parent"].where(tree["parent"] != "", GOAL)
    return {node: list(codes) for node, codes in parents.groupby(parents, sort=False).groups.items()}


def nodes_of(tree: pd.DataFrame, both_readings: bool) -> dict[str, list[str]]:
    """The children by node; for the repository's tree under both readings of its ambiguous indicator."""
    children = children_of(tree)
    if both_readings:
        (without, shorter), (joined, longer) = ((OTHER_READING[node], children[node]) for node in ("S13", "S14"))
        children |= {without: [code for code in shorter if code != AMBIGUOUS_INDICATOR],
                     joined: [AMBIGUOUS_INDICATOR, *longer]}
    return children


def matrices(sheets: list[Sheet], nodes: dict[str, list[str]],
             findings: Findings) -> dict[str, dict[str, pd.DataFrame]]:
    """The matrices by expert and node with reciprocals filled in; blank matrices are left out with a warning."""
    judgements: dict[str, dict[str, pd.DataFrame]] = {}
    for sheet in sheets:
        children = nodes[sheet.node]
        judgements.setdefault(sheet.expert, {})
        if len(children) > LARGEST_MATRIX:
            findings.problem(sheet.place, "too_many_elements", f"一个矩阵至多 {LARGEST_MATRIX} 个元素；请增加一级分组",
                             f"a matrix has at most {LARGEST_MATRIX} elements; group them into a further level")
        elif len(children) == 1:
            judgements[sheet.expert][sheet.node] = pd.DataFrame(1.0, children, children)
        elif not sheet.pairs:
            findings.warning(sheet.place, "blank_matrix",
                             f"{sheet.node} 的判断全部空白；该专家在此不作判断，无人判断则等权",
                             f"no judgement at {sheet.node}: this expert has no say there, and if nobody has, all "
                             "count equally")
        else:
            matrix = full_matrix(sheet, children, findings)
            if matrix is not None:
                judgements[sheet.expert][sheet.node] = matrix
    return judgements


def full_matrix(sheet: Sheet, children: list[str], findings: Findings) -> pd.DataFrame | None:
    """One matrix with reciprocals and ones on its diagonal; NaN for pairs without a judgement."""
    matrix = pd.DataFrame(np.eye(len(children)), children, children).replace(0.0, np.nan)
    good = True
    for (one, other), (value, cell) in sheet.pairs.items():
        opposite = sheet.pairs.get((other, one))
        if opposite and abs(value * opposite[0] - 1) > RECIPROCITY_TOLERANCE:
            good = False
            if children.index(one) > children.index(other):
                findings.problem(cell, "not_reciprocal", f"与 {other} 对 {one} 的判断 {opposite[0]:.6g} 不互为倒数；"
                                 "请更正，或清空对角线左下方",
                                 f"not the reciprocal of the judgement {other} over {one}, {opposite[0]:.6g}; correct "
                                 "it or clear the cells below the diagonal")
        matrix.at[one, other] = value
        if not opposite:
            matrix.at[other, one] = 1 / value
    if not good:
        return None
    if matrix.notna().all(axis=None):
        return matrix
    try:
        complete_judgements(matrix)
    except UnusableJudgements:
        findings.problem(sheet.place, "unconnected_judgements",
                         f"{sheet.node} 的判断未把各元素连成一体，权重无法确定；"
                         f"未与其他元素比较的有：{'、'.join(apart(matrix))}；请补充判断",
                         f"the judgements at {sheet.node} do not link all elements and decide no weights; not linked "
                         f"to {children[0]}: {', '.join(apart(matrix))}; add judgements")
        return None
    return matrix


def apart(matrix: pd.DataFrame) -> list[str]:
    """The elements that no chain of judgements connects to the first one."""
    linked, known = {matrix.index[0]}, matrix.notna()
    for _ in range(len(matrix)):
        linked |= {other for one in linked for other in matrix.index if known.at[one, other]}
    return [code for code in matrix.index if code not in linked]
