"""A copy of the user's tables with everything that was found marked at its cell, to be mended beside the original.

The copy is a workbook or one page, by the ending of its name. Cells are data: no text of the user's becomes a formula,
a link or markup. The input itself is never written to, and tables that could not be understood are copied as they are.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from workbench.own.cell_marks import PROBLEM, WARNING, Mark, Marks
from workbench.own.grid import Grid
from workbench.own.grids import read_grids
from workbench.own.marked_page import PAGE_SIGN, page
from workbench.own.marked_workbook import WORKBOOK_SIGN, workbook
from workbench.own.problems import OwnDataError, Problem

ENDINGS = (".xlsx", ".html", ".htm")


def write_marked(path_in: Path, problems: Sequence[Problem], warnings: Sequence[Problem], path_out: Path,
                 lang: str) -> None:
    """Write the marked copy of an input to `path_out` (.xlsx or .html), in Chinese or English.

    Raises ValueError for another ending and for a place that is or lies in the input.
    """
    path_in, path_out = Path(path_in), Path(path_out)
    refuse_place(path_in, path_out)
    marks = Marks(tuple(numbered(problems, warnings)), lang)
    grids = tables_of(path_in)
    if path_out.suffix.lower() == ".xlsx":
        content = workbook(grids, marks, path_in.name)
    else:
        content = page(grids, marks, path_in.name).encode("utf-8", "replace")
    path_out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".marked-", dir=path_out.parent) as staging:
        made = Path(staging) / path_out.name
        made.write_bytes(content)
        os.replace(made, path_out)


def refuse_place(path_in: Path, path_out: Path) -> None:
    """Refuse to write over the input, into its folder, over a file that is no marked copy, or a kind of file that is
    not offered."""
    if path_out.suffix.lower() not in ENDINGS:
        raise ValueError(f"{path_out.name}: 标出问题的副本请用 .xlsx 或 .html；"
                         "a marked copy is a workbook (.xlsx) or a page (.html)")
    source, target = path_in.resolve(), path_out.resolve()
    same = target.exists() and source.exists() and target.samefile(source)
    if source == target or same or (path_in.is_dir() and source in target.parents):
        raise ValueError(f"{path_out.name}: 副本不能写在输入的位置，请换一个名字；"
                         "the marked copy must not stand where the input is; give another name")
    if (target.exists() or path_out.is_symlink()) and not is_marked_copy(target):
        raise ValueError(f"{path_out.name}: 已有这个文件，且不是本命令写的副本，不会覆盖；请换一个名字；"
                         "there is such a file already, and it is no marked copy; it is not replaced, give another "
                         "name")


def is_marked_copy(path: Path) -> bool:
    """Whether a file is an earlier output of `write_marked`, as it says of itself."""
    if not path.is_file():
        return False
    content = path.read_bytes()
    if path.suffix.lower() != ".xlsx":
        return PAGE_SIGN.encode() in content[:4096]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return WORKBOOK_SIGN.encode() in archive.read("docProps/core.xml")
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, RuntimeError, zlib.error):
        return False


def numbered(problems: Iterable[Problem], warnings: Iterable[Problem]) -> Iterable[Mark]:
    """The findings as marks, problems first."""
    every = [(PROBLEM, each) for each in problems] + [(WARNING, each) for each in warnings]
    return [Mark(number, kind, finding) for number, (kind, finding) in enumerate(every, start=1)]


def tables_of(path: Path) -> list[Grid]:
    """The tables of an input as far as they can be read; none of a file that cannot be opened."""
    try:
        return list(read_grids(path)[0].values())
    except OwnDataError:
        return []
