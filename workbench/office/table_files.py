"""A shown table as Markdown and as LaTeX, ready to paste: three lines, the caption above, notes and edition below.

Both are made from the cells as they are shown, so that rounding and dashes are those of the page. Every text is
escaped: a city called `_$x$_` stays a name. The LaTeX needs the packages booktabs, longtable and array, and for Chinese
ctex with XeLaTeX or LuaLaTeX; a comment in the file says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from workbench.reporting.table import Table, TableCell, full_rows, grid, one_line, text_width

LONG = 40  # rows; a longer table breaks over pages and repeats its head
# Ems of text that a line holds at the common size of a table, and at a smaller one with closer columns. What is wider
# still is wrapped.
WIDEST, WIDEST_SMALL = 44.0, 58.0
NARROWEST = 4.0
_LATEX = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
          "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": r"$-$", "<": r"$<$", ">": r"$>$", "|": r"$|$",
          '"': r"{\textquotedbl}", "`": r"\`{}"}
_LIGATURES = re.compile(r"([-',!?])(?=[-',])")  # two signs that LaTeX would draw as one
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&-])")
_LATEX_STYLES = {"strong": "textbf", "emph": "emph", "sub": "textsubscript", "super": "textsuperscript"}
_MARKDOWN_STYLES = {"strong": "**", "emph": "*"}
NEEDED = ("% \\usepackage{booktabs,longtable,array}", "% 中文 Chinese: \\usepackage{ctex}, XeLaTeX / LuaLaTeX")


def write_table_files(table: Table, folder: Path, name: str, label: str, caption: str,
                      notes: tuple[str, ...] = ()) -> None:
    """Write <name>.md and <name>.tex into `folder`; `label` is the printed one (表 2), `notes` stand below."""
    kept = tuple(note for note in notes if note)
    (folder / f"{name}.md").write_text(to_markdown(table, label, caption, kept), encoding="utf-8", newline="\n")
    (folder / f"{name}.tex").write_text(to_latex(table, name, label, caption, kept), encoding="utf-8", newline="\n")


# --- Markdown ---------------------------------------------------------------------------------------------------------
def to_markdown(table: Table, label: str = "", caption: str = "", notes: tuple[str, ...] = ()) -> str:
    """The table as a pipe table (GitHub, pandoc): one line of heads, columns of numbers to the right."""
    numeric = table.numeric_columns()
    heads = [map(markdown_cell, row) for row in full_rows(table.head, table.width)]
    head = [" ".join(filter(None, column)) for column in zip(*heads, strict=True)] or [""] * table.width
    lines = [f"**{markdown_text(label)}** {markdown_text(caption)}".strip(), ""] if label or caption else []
    lines += [pipes(head), pipes(["---:" if flag else ":---" for flag in numeric])]
    lines += [pipes(map(markdown_cell, row)) for row in full_rows(table.body, table.width)]
    for note in notes:
        lines += ["", markdown_text(note)]
    return "\n".join(lines) + "\n"


def pipes(cells: Iterable[str]) -> str:
    """One line of a pipe table."""
    return f"| {' | '.join(cells)} |"


def markdown_text(text: str) -> str:
    """A text that Markdown shows letter by letter.

    >>> print(markdown_text("a|b *c*"))
    a\\|b \\*c\\*
    """
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def markdown_cell(cell: TableCell) -> str:
    """A cell's text with its bold and italic."""
    return "".join("<br>" if style == "break" else styled(markdown_text(text), _MARKDOWN_STYLES.get(style, ""))
                   for text, style in cell.runs).strip()


def styled(text: str, mark: str) -> str:
    return f"{mark}{text}{mark}" if mark and text.strip() else text


# --- LaTeX ------------------------------------------------------------------------------------------------------------
def to_latex(table: Table, name: str = "table", label: str = "", caption: str = "", notes: tuple[str, ...] = ()) -> str:
    """The table with booktabs' three lines; one of more than `LONG` rows as a longtable that repeats its head."""
    head, body = latex_rows(table.head, table), latex_rows(table.body, table)
    columns, title = column_types(table), f"\\caption{{{latex_text(caption)}}}\\label{{tab:{latex_name(name)}}}"
    below = [f"\\par\\smallskip{{\\footnotesize {latex_text(note)}\\par}}" for note in notes]
    first = [f"% {one_line(label)}", *NEEDED]
    size = "\\small" if is_narrow(table) else "\\footnotesize\\setlength{\\tabcolsep}{3pt}"
    top = ["\\toprule", *head, *["\\midrule"] * bool(head)]
    if len(table.body) <= LONG:
        lines = [*first, "\\begin{table}[htbp]", f"\\centering{size}", title, f"\\begin{{tabular}}{{{columns}}}", *top,
                 *body, "\\bottomrule", "\\end{tabular}", *below, "\\end{table}"]
    else:
        lines = [*first, f"{{{size}", f"\\begin{{longtable}}{{{columns}}}", title + "\\\\", *top, "\\endfirsthead",
                 *top, "\\endhead", "\\bottomrule", "\\endfoot", *body, "\\end{longtable}}", *below]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """A text that LaTeX prints letter by letter.

    >>> print(latex_text("50% of A&B_1"))
    50\\% of A\\&B\\_1
    """
    return "".join(_LATEX.get(character, character) for character in _LIGATURES.sub("\\1\0", one_line(text))).replace(
        "\0", "{}")


def latex_name(name: str) -> str:
    """A name as a label may have it."""
    return re.sub(r"[^\w:.-]", "-", name, flags=re.ASCII)


def latex_cell(cell: TableCell) -> str:
    """A cell's text with its styles; one that begins like an option of the line break before it is kept apart."""
    text = "".join(" " if style == "break" else f"\\{_LATEX_STYLES[style]}{{{latex_text(text)}}}" if style
                   else latex_text(text) for text, style in cell.runs).strip()
    return f"{{}}{text}" if text.startswith(("[", "*")) else text


def latex_rows(rows: list[list[TableCell]], table: Table) -> list[str]:
    """Rows of cells; a cell over several columns is one \\multicolumn, one over several rows stands in the first."""
    lines = []
    for placed in grid(rows, table.width):
        held, column = [], 0
        for place, cell in placed:
            held += [""] * (place - column)
            column = place + cell.columns
            text = latex_cell(cell)
            held.append(f"\\multicolumn{{{cell.columns}}}{{c}}{{{text}}}" if cell.columns > 1 else text)
        lines.append(" & ".join([*held, *[""] * (table.width - column)]) + " \\\\")
    return lines


def is_narrow(table: Table) -> bool:
    """Whether the table fits a line at the common size."""
    return sum(natural_widths(table)) + table.width <= WIDEST


def column_types(table: Table) -> str:
    """r for numbers, l for text, and for columns of text that would run off the page a share of the line."""
    numeric, widths = table.numeric_columns(), natural_widths(table)
    if sum(widths) + table.width / 2 <= WIDEST_SMALL:
        return "".join("r" if flag else "l" for flag in numeric)
    fixed = sum(width for width, flag in zip(widths, numeric, strict=True) if flag) + table.width / 2
    texts = sum(width for width, flag in zip(widths, numeric, strict=True) if not flag)
    room = max(WIDEST_SMALL - fixed, NARROWEST)

    def share(width: float) -> str:
        part = max(NARROWEST, width * min(1.0, room / texts)) / WIDEST_SMALL
        return f">{{\\raggedright\\arraybackslash}}p{{{part:.3f}\\linewidth}}"

    return "".join("r" if flag else share(width) for width, flag in zip(widths, numeric, strict=True))


def natural_widths(table: Table) -> list[float]:
    """The width of each column's longest text in ems."""
    widths = [1.0] * table.width
    for rows in (table.head, table.body):
        for line in grid(rows, table.width):
            for column, cell in line:
                if cell.columns == 1:
                    widths[column] = max(widths[column], text_width(cell.text))
    return widths
