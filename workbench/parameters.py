"""The parameters cell of a notebook: how it is written from the settings model, and how a filled one is read back.

The cell is a row of literals, each with its type, range and meaning, so that JupyterLab, papermill and
`papermill --help-notebook` show the same. Whatever stands there or is injected by papermill is refused by name where
the notebook has no such parameter or the value is out of range.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from analysis.settings import (
    BASELINE,
    Choice,
    Settings,
    SettingsError,
    choices,
    flatten,
    load_settings,
    plain_yaml,
    with_overrides,
)
from workbench.steps import LANGUAGES, PARAMETERS, parameters_of, stored_notebooks
from workbench.stored_form import as_text, stored_form, tags_of

HEADS = {"zh": "# 参数（parameters）", "en": "# Parameters"}
DEFAULT_RUN = {"": "lab", "own": "mine_lab", "synthetic": "synthetic_lab"}  # by the folder of the notebook
COLUMNS = 110  # of a line of a notebook
CITY = {"zh": "深圳市", "en": "Shenzhen"}
WORDS = {
    "run": {"zh": "写入哪次运行：lab 供手工试验，也可另取名字",
            "en": "run to write to: lab is for trials by hand, or any new name"},
    "lab_of": {"zh": "写入哪次运行：{base}_lab 以运行 {base} 为底",
               "en": "run to write to: {base}_lab builds on the run {base}"},
}
_PARAMETERS_CELL = re.compile(r"\s*#[^\n]*(parameters|参数)", re.IGNORECASE)


class StepError(ValueError):
    """A notebook that cannot begin or go on; the message says why and what to do. Nothing has been written."""

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows of it: the sentence alone."""
        return [f"{type(self).__name__}: {self}"]


def flat_name(dotted: str) -> str:
    """A setting's name as a notebook parameter: `weighting.alpha` → `weighting_alpha`."""
    return dotted.replace(".", "_")


def parameters_cell(step: str, lang: str, run: str = "lab", only: str = "") -> str:
    """The source of a notebook's parameters cell: one typed literal per line, its range and its meaning beside it.

    Values are the baseline's. `run` is the run that the notebook writes to by default, `only` the trait of the studies
    that the notebook is for, if it is not for all.
    """
    known, values = choices(), flatten(load_settings(BASELINE))
    words = WORDS["run"] if run == "lab" else {key: text.format(base=run.removesuffix("_lab"))
                                               for key, text in WORDS["lab_of"].items()}
    lines = [("run", str, run, words[lang]), ("city", str, CITY[lang], getattr(known["city"], lang))]
    lines += [(flat_name(name), known[name].type, values[name], explained(known[name], lang))
              for name in parameters_of(step, {only})]
    code = [f"{name}: {kind.__name__} = {literal(value, kind)}" for name, kind, value, _ in lines]
    wide = max(map(columns_of, code)) + 2
    return "\n".join([HEADS[lang], *(row for text, line in zip(code, lines, strict=True)
                                     for row in with_comment(text, line[3], wide))])


def with_comment(code: str, words: str, wide: int) -> list[str]:
    """A line of code with a remark that begins at column `wide`, broken into lines where it is too long."""
    rows = [""]
    for word in words.split(" "):
        longer = f"{rows[-1]} {word}".strip()
        if wide + 2 + columns_of(longer) <= COLUMNS:
            rows[-1] = longer
        else:
            rows.append(word)
    starts = [code, *[""] * (len(rows) - 1)]
    return [f"{start}{' ' * (wide - columns_of(start))}# {row}" for start, row in zip(starts, rows, strict=True)]


def columns_of(text: str) -> int:
    """The columns that a text takes where a Chinese character takes two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def literal(value: Any, kind: type) -> str:
    """A value as Python writes it, texts in double quotes."""
    if kind in (str, list):
        return json.dumps(value, ensure_ascii=False)
    return repr(float(value)) if kind is float else repr(value)


def explained(choice: Choice, lang: str) -> str:
    """What a setting may be and what it means, in one line."""
    return " · ".join(filter(None, (choice.allowed(), getattr(choice, lang))))


def given_parameters(step: str, namespace: Mapping[str, Any], lang: str, only: str = "") -> dict[str, Any]:
    """The parameters of a notebook as its namespace holds them once they are typed or injected: by name.

    A list may come as text, as `papermill -p indicators_exclude '[I23, I28]'` gives it.
    `namespace` is the notebook's; its list `In` of executed cells, where there is one, tells which names were meant as
    parameters. Raises StepError for a name that the notebook does not have, the nearest right one offered, and for a
    parameter that is missing.
    """
    known = ["run", "city", *map(flat_name, parameters_of(step, {only}))]
    meant = {name for source in namespace.get("In", ()) for name in names_assigned(source)}
    for name in sorted(meant - set(known)):
        raise StepError(unknown(step, name, known, lang))
    for name in known:
        if name not in namespace:
            raise StepError({"zh": f"{step}：缺少参数 {name}；请恢复参数单元里的这一行。",
                             "en": f"{step}: the parameter {name} is missing; restore its line in the parameters "
                                   "cell."}[lang])
    lists = {flat_name(name): choice for name, choice in choices().items() if choice.type is list}
    return {name: as_typed(namespace[name], lists[name]) if name in lists else namespace[name] for name in known}


def names_assigned(source: str) -> list[str]:
    """The names that a cell of parameters assigns: one that begins with a comment saying so, as papermill's does, and
    holds nothing but assignments. Any other cell gives none."""
    if not _PARAMETERS_CELL.match(source):
        return []
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return []
    if not all(isinstance(node, ast.Assign | ast.AnnAssign) for node in body):
        return []
    targets = [target for node in body for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def unknown(step: str, name: str, known: list[str], lang: str) -> str:
    """The sentence about a name that is no parameter of a notebook."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    elsewhere = [other for other, names in PARAMETERS.items() if name in map(flat_name, names)]
    if lang == "zh":
        hint = (f"它是笔记本 {elsewhere[0]} 的参数" if elsewhere else
                f"是不是 {near[0]}？" if near else f"可用的参数：{'、'.join(known)}")
        return f"{step}：没有参数 {name}；{hint}"
    hint = (f"it is a parameter of the notebook {elsewhere[0]}" if elsewhere else
            f"did you mean {near[0]}?" if near else f"its parameters: {', '.join(known)}")
    return f"{step}: there is no parameter {name}; {hint}"


def chosen_settings(step: str, base: Settings, given: Mapping[str, Any], lang: str) -> Settings:
    """The settings of a run with a notebook's parameters put over them.

    Raises StepError naming each
    parameter that is out of its range, its value and what it may be.
    """
    known = choices()
    changes = {name: given[flat_name(name)] for name in PARAMETERS[step] if flat_name(name) in given}
    try:
        return with_overrides(base, changes)
    except SettingsError as error:
        wrong = [out_of_range(name, value, known[name], lang) for name, value in changes.items()
                 if not fits(base, name, value)]
        text = "\n".join(f"{step}{'：' if lang == 'zh' else ': '}{each}" for each in wrong)
        raise StepError(text or f"{step}: {error}") from None


def fits(base: Settings, name: str, value: Any) -> bool:
    """Whether a value alone is one that a setting can have."""
    try:
        with_overrides(base, {name: value})
    except SettingsError:
        return False
    return True


def as_typed(value: Any, choice: Choice) -> Any:
    """A list written as text as a list; everything else as it is."""
    if not isinstance(value, str):
        return list(value) if isinstance(value, tuple) else value
    try:
        read = plain_yaml(value, flat_name(choice.name))
    except SettingsError:
        return value
    return read if isinstance(read, list) else [read] if isinstance(read, str) else value


def out_of_range(name: str, value: Any, choice: Choice, lang: str) -> str:
    """The sentence about a value that a parameter cannot have."""
    kinds = {"float": ("数", "a number"), "int": ("整数", "a whole number"), "str": ("文字", "text"),
             "bool": ("True 或 False", "True or False"), "list": ("列表", "a list")}
    kind = "" if choice.options else kinds[choice.type.__name__][lang == "en"]
    allowed, meaning = choice.allowed(), getattr(choice, lang)
    if name == "uncertainty.sobol_samples":
        kind = {"zh": "2 的幂", "en": "a power of 2"}[lang]
    if lang == "zh":
        return f"{flat_name(name)} = {value!r}：应为{kind}{'，' if kind and allowed else ''}{allowed}（{meaning}）"
    return f"{flat_name(name)} = {value!r}: must be {kind}{', ' if kind and allowed else ''}{allowed} ({meaning})"


def wanted_cell(place: str, lang: str) -> str:
    """What the parameters cell of a stored notebook must be; `place` as in `steps.stored_notebooks`."""
    folder, _, step = place.rpartition("/")
    return parameters_cell(step, lang, DEFAULT_RUN[folder], folder)


def renew_cells(root: Path) -> list[Path]:
    """Write the parameters cell of every stored notebook anew; returns the notebooks that changed."""
    changed = []
    for lang in LANGUAGES:
        for place, path in stored_notebooks(lang, root).items():
            before = path.read_text(encoding="utf-8")
            notebook = stored_form(json.loads(before))
            cell = next(cell for cell in notebook["cells"] if "parameters" in tags_of(cell))
            cell["source"] = wanted_cell(place, lang).splitlines(keepends=True)
            if (text := as_text(notebook)) != before:
                path.write_text(text, encoding="utf-8")
                changed.append(path)
    return changed
