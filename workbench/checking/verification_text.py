"""What a verification found, in words: one line per file that differs, its cells, and a verdict at the end."""

from __future__ import annotations

import re
from typing import Any

from workbench.checking.file_differences import CellDifference, FileDifference, Lines, TableDifference
from workbench.checking.verification import Change, Verification

MOST = 20


def verification_lines(found: Verification) -> list[str]:
    """The findings as lines of text in the language of the reports; the last line is the verdict."""
    zh = found.stored.plan.lang == "zh"
    altered = {change.name for change in found.listed}
    told = {file.name for file in found.files}
    lines = heading("运行之后已改动的数据与设定：" if zh else "Data and choices that changed since the run:",
                    [change_line(change, zh) for change in found.inputs])
    lines += heading("运行之后已改动的代码与版本（下面比较的是现在的代码）："
                     if zh else "Code and versions that changed since the run (what follows is by the present code):",
                     [change_line(change, zh) for change in found.code])
    lines += heading("与运行清单不符的文件：" if zh else "Files that are not as manifest.json lists them:",
                     [change_line(change, zh) for change in found.listed if change.name not in told])
    for file in found.files:
        lines += file_lines(file, bool(found.stored.manifest), file.name in altered, zh)
    return [*lines, *scope_lines(found, zh), verdict(found, zh)]


def heading(title: str, items: list[str]) -> list[str]:
    """A title and its items, at most twenty of them; nothing where there are none."""
    return [title, *first_of([f"  {item}" for item in items])] if items else []


def first_of(items: list[str]) -> list[str]:
    """The first twenty items and the number of the others."""
    return items if len(items) <= MOST else [*items[:MOST], f"  … +{len(items) - MOST}"]


def change_line(change: Change, zh: bool) -> str:
    """`name: changed, then → now`; a hash is cut to its first twelve digits."""
    if change.now is None:
        return f"{change.name}{'：已不在' if zh else ': missing'}"
    if change.then is None:
        return f"{change.name}{'：新增，清单中没有' if zh else ': new, not in the manifest'}"
    return f"{change.name}{'：' if zh else ': '}{value_text(change.then)} → {value_text(change.now)}"


def value_text(value: Any) -> str:
    text = str(value)
    return f"sha256 {text[:12]}…" if re.fullmatch(r"[0-9a-f]{64}", text) else text


def file_lines(file: FileDifference, listed: bool, altered: bool, zh: bool) -> list[str]:
    """One file that differs: what about it, whether it is still as the run left it, and for a table its cells."""
    since = since_the_run(file, altered, zh) if listed else ""
    line = f"{file.name}{'：' if zh else ': '}{what_differs(file, zh)}{since}"
    return [line, *first_of([f"  {text}" for text in table_lines(file.table, zh)])]


def since_the_run(file: FileDifference, altered: bool, zh: bool) -> str:
    """Whether the file is still as the manifest lists it: if so, what it was made from has changed."""
    if not altered:
        return "，文件仍如运行所留" if zh else "; still as the run left it"
    if zh:
        return f"，运行之后被{'删除' if file.stored is None else '添加' if file.recomputed is None else '改动'}"
    return f"; {'removed' if file.stored is None else 'added' if file.recomputed is None else 'altered'} after the run"


def what_differs(file: FileDifference, zh: bool) -> str:
    if file.stored is None:
        return "原有结果中没有，重算得出" if zh else "not in the stored run, but made again"
    if file.recomputed is None:
        return "重算没有得出此文件" if zh else "in the stored run, but not made again"
    if file.table is None:
        (size, digest), (size_again, digest_again) = file.stored, file.recomputed
        stored, again = f"{size:,} B {value_text(digest)}", f"{size_again:,} B {value_text(digest_again)}"
        return f"原有 {stored}，重算 {again}" if zh else f"stored {stored}, made again {again}"
    return table_summary(file.table, zh)


def table_summary(table: TableDifference, zh: bool) -> str:
    cells, rows, columns = (len(table.cells), *(len(lines.stored) + len(lines.recomputed)
                                                for lines in (table.rows, table.columns)))
    if not (cells or rows or columns):
        return "各格相同，次序或写法不同" if zh else "the same cells, in another order or written in another way"
    counts = ((cells, "格不同", "cell"), (rows, "行只在一边", "row"), (columns, "列只在一边", "column"))
    if zh:
        return "，".join(f"{count} {words}" for count, words, _ in counts if count)
    return ", ".join(f"{count} {word}{'s' * (count != 1)} {'on one side only' if word != 'cell' else 'differing'}"
                     for count, _, word in counts if count)


def table_lines(table: TableDifference | None, zh: bool) -> list[str]:
    """Columns and rows on one side only, then each cell: row, column, stored, made again, absolute difference."""
    if table is None:
        return []
    return [*one_sided(table.columns, "列" if zh else "column", zh), *one_sided(table.rows, "行" if zh else "row", zh),
            *(cell_line(cell, zh) for cell in table.cells)]


def one_sided(lines: Lines, kind: str, zh: bool) -> list[str]:
    return ([f"{kind} {name}{'：只在原有' if zh else ': stored only'}" for name in lines.stored]
            + [f"{kind} {name}{'：只在重算' if zh else ': made again only'}" for name in lines.recomputed])


def cell_line(cell: CellDifference, zh: bool) -> str:
    stored, again = (repr(text) if text.strip() != text or not text else text
                     for text in (cell.stored, cell.recomputed))
    line = (f"{cell.row}，{cell.column}：原有 {stored}，重算 {again}" if zh else
            f"{cell.row}, {cell.column}: {stored} stored, {again} made again")
    if cell.difference is None:
        return line
    return f"{line}{'，相差' if zh else ', difference'} {cell.difference:.6g}"


def scope_lines(found: Verification, zh: bool) -> list[str]:
    """What was not verified, and why."""
    if not found.stored.reports:
        return ["此语言尚无报告（reports/ 不在仓库中）：只核对数据表。" if zh else
                "There are no reports in this language (reports/ is not in the repository): tables alone are verified."]
    if not found.stored.pages:
        return ["未核对 HTML 与 PDF。" if zh else "HTML and PDF are not verified."]
    return []


def verdict(found: Verification, zh: bool) -> str:
    """The last sentence: how many files are identical and how many differ, or why the run could not be made again."""
    run, differ = found.stored.plan.run, len(found.files)
    if found.failure:
        return (f"{run}：无法重算，未通过核对：{found.failure}" if zh else
                f"{run}: not verified, it cannot be made again: {found.failure}")
    counts = f"{found.identical} 个文件逐字节相同，{differ} 个不同" if zh else (
        f"{found.identical} files identical, {differ} different")
    agree = ""
    if "05_scores_and_ranks" in found.stored.plan.steps:
        agree = "；各笔记本的得分与 score_study 一致" if zh else "; the notebooks' scores are those of score_study"
    word = ("核对通过" if found.holds else "未通过核对") if zh else ("verified" if found.holds else "not verified")
    return f"{run}：{word}：{counts}{agree}。" if zh else f"{run}: {word}: {counts}{agree}."
