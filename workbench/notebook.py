"""What a notebook needs to be a step of the study: settings, the earlier steps' tables, and ways to show a result.

`open_step` is the first call of every notebook. The step it returns reads and writes tables of the run, shows figures
and tables with numbered captions, says sentences with numbers filled in, and states each visible check. The same
notebook is run by `python -m analysis run`, which makes a run whole, and by hand, in JupyterLab or with papermill; what
a run by hand may do is in `workbench.by_hand`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from string import Formatter, punctuation
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import display

from analysis import editions
from analysis.figures.style import allow_any_script, use_style
from analysis.frames import write_frame
from analysis.panel import Panel, find_city
from analysis.settings import Settings, choices, flatten
from analysis.wording import CITY as CITIES
from analysis.wording import use_wording, worded
from workbench.by_hand import HandMade, check_name, check_place, opened
from workbench.columns import heading, page_format
from workbench.edition import edition_line, notice_text
from workbench.ground import Ground
from workbench.own.study_input import StudyInput
from workbench.parameters import CITY, StepError, chosen_settings, given_parameters
from workbench.project import Project, Run
from workbench.run_input import kept_input, run_ground, run_panel, wording_of
from workbench.steps import LANGUAGES

ACTIVE = re.compile(r"[^\w\s.,'()、，。（）·-]|_")  # what Markdown, or a formula in it, may take for a sign of its own
FORMULA = re.compile(r"[=@].|[+-](?![0-9.]*(?:[eE][+-]?[0-9]+)?$).", re.DOTALL)
PROJECT = Project()  # where notebooks that are run by hand read and write
CHECK_WITHIN = 1e-9  # numbers of two ways to one result agree to this share of their size


@dataclass
class Step:
    """One notebook of one run, in one language. Made by `open_step`."""

    name: str
    run: Run
    lang: str
    settings: Settings
    ground: Ground
    by_hand: HandMade | None = None
    numbered: dict[str, int] = field(default_factory=lambda: {"figure": 0, "table": 0})

    # --- what the run stands on ---------------------------------------------------------------------------------------
    @property
    def tree(self) -> pd.DataFrame:
        """The evaluation system, one row per node."""
        return self.ground.tree

    @property
    def cities(self) -> pd.DataFrame:
        """The roster of the run, one row per city."""
        return self.ground.cities

    @cached_property
    def names(self) -> pd.Series:
        """The name of every domain, sub-domain and indicator in the notebook's language, by code."""
        return self.tree[f"name_{self.lang}"].rename(index=str).rename("name")

    @cached_property
    def city_names(self) -> pd.Series:
        """The name of every city in the notebook's language, by code."""
        return self.cities["name" if self.lang == "zh" else "name_en"].rename("name")

    def find(self, city: str) -> str:
        """The code of a city of the roster, by code or by its Chinese or English name; a wrong one is refused.

        The notebooks' own default means, in a study of other places, the city that the run follows.
        """
        return followed_city(self.cities, city, self.settings)

    def has(self, trait: str) -> bool:
        """Whether the run's panel has a trait: own, paper, china, regions … (see `panel.Panel`)."""
        return trait in self.ground.traits

    def panel(self) -> Panel:
        """The run's panel, figures and judgements included."""
        return run_panel(self.settings, self.run.inputs)

    def given(self) -> StudyInput:
        """The values that the run brought along, with what was understood and warned of when they were read."""
        return kept_input(self.settings, self.run.inputs)

    def published_ranks(self) -> pd.Series:
        """The white paper's ranks by city; empty where the study cannot be held against it."""
        if not self.has("paper"):
            return pd.Series(name="published_rank", dtype="Int64")
        return self.read("01_published_ranks")["published_rank"]

    # --- tables of the run -------------------------------------------------------------------------------------------
    def read(self, stem: str, index: str | None = "adcode") -> pd.DataFrame:
        """A table that an earlier step wrote, by the stem of its file.

        A run by hand takes one that it does not hold from the run that it builds on.
        """
        if self.by_hand:
            if not self.run.has(stem):
                raise StepError(self.name + self.pick(
                    f"：{stem}.csv 还没有：请先运行写出它的笔记本 {stem[:2]}。",
                    f": {stem}.csv is not there yet: run notebook {stem[:2]}, which writes it."))
            self.by_hand.note_read(stem, self.run.file(stem))
        return self.run.table(stem, index)

    def write(self, frame: pd.DataFrame, stem: str, index: bool = True) -> None:
        """Write a table of this step as data/processed/<run>/<stem>.csv and say so; by hand, say what moved too."""
        path = self.run.data / f"{stem}.csv"
        if self.by_hand:
            self.by_hand.begin()
        write_frame(editions.marked_table(frame, self.settings.edition), path, index)
        rows, columns = frame.shape
        self.say(self.pick(f"已写出 `{stem}.csv`：{rows} 行 × {columns} 列。",
                           f"Written: `{stem}.csv`, {rows} rows × {columns} columns."), kind="written")
        if self.by_hand:
            self.by_hand.note_written(stem, path)
            if text := self.by_hand.moved(stem, path):
                self.say(text, kind="written")

    # --- words ----------------------------------------------------------------------------------------------------
    def pick(self, zh: Any, en: Any) -> Any:
        """The one of two that is in the notebook's language."""
        found = zh if self.lang == "zh" else en
        return worded(found) if isinstance(found, str) else found

    @property
    def comma(self) -> str:
        """What stands between the names of a list in the notebook's language."""
        return self.pick("、", ", ")

    def listed(self, codes: Sequence[str] | pd.Index) -> str:
        """The names of cities, or of domains and indicators, in a row; `无` or `none` for an empty list."""
        known = self.city_names if set(codes) <= set(self.city_names.index) else self.names
        return self.comma.join(known[code] for code in codes) or self.pick("无", "none")

    def say(self, text: str, kind: str = "text") -> None:
        """A sentence (Markdown) with its numbers filled in; names in it are text."""
        text = worded(text)
        display({"text/markdown": self.names_as_text(text), "text/plain": text}, metadata={"report": {"kind": kind}},
                raw=True)

    def names_as_text(self, text: str) -> str:
        """Markdown in which the names that a study brought along cannot be markup, whatever they are made of."""
        if self.own_names is None:
            return text
        return self.own_names.sub(lambda name: re.sub(rf"([{re.escape(punctuation)}])", r"\\\1", name[0]), text)

    @cached_property
    def own_names(self) -> re.Pattern | None:
        """The names of places, regions and indicators of a study's own that hold more than letters; None without."""
        if self.has("public"):
            return None
        marked = sorted(filter(ACTIVE.search, self.ground.names), key=lambda name: (-len(name), name))
        return re.compile("|".join(map(re.escape, marked))) if marked else None

    def off(self, name: str) -> None:
        """Say where a result would stand that a part of the study was not made in full: what the setting `name`
        (parts.rank_classes, say) means and has in this run."""
        about, value = choices()[name], flatten(self.settings)[name]
        self.say(self.pick(f"本次没有全做：{about.zh}（设定 `{name}` = {value}）。",
                           f"Not made in full in this run: {about.en} (setting `{name}` = {value})."))

    def tell(self, template: str, values: Mapping[str, Any]) -> None:
        """A sentence out of a template such as "{scores.top} 座城市"; every number in it is a named value.

        `values` are groups of named texts, such as `values["scores"].top`. The output keeps template and values, so
        that whoever doubts a number finds where it came from.
        """
        names = list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name))
        found = {name: getattr(values[name.split(".")[0]], name.split(".")[1]) for name in names}
        template = worded(template)
        text = template.format_map(values)
        display({"text/markdown": self.names_as_text(text), "text/plain": text}, raw=True,
                metadata={"report": {"kind": "text", "template": template, "values": found}})

    def check(self, found: Any, says: str, equals: Any = None) -> None:
        """State something that the reader can rely on; where it does not hold, stop with the sentence.

        `found` is true or false; or, with `equals`, a number, Series or frame that must agree with it to 1e-9 of its
        size, label by label.
        """
        holds, shown = (bool(found), "") if equals is None else agreement_of(found, equals)
        if not holds:
            raise AssertionError(f"{self.name}: {self.pick('核对未通过：', 'the check fails: ')}{says}{shown}")
        shown = f"{self.pick('：', ': ')}{shown}" if shown else ""
        self.say(f"**{self.pick('核对', 'Check')}** {says}{shown}", kind="check")

    @property
    def stamp(self) -> str:
        """The edition in one line, printed on every figure."""
        return edition_line(self.settings, self.ground, self.lang)

    @cached_property
    def look(self) -> dict[str, str]:
        """Language and edition of every figure, for its function: `figures.weight_bars(weights, tree, **step.look)`.

        Sets the style of the study's figures when it is first asked for.
        """
        use_style()
        return {"lang": self.lang, "stamp": self.stamp}

    def notice(self) -> None:
        """What this run measures and what it cannot, and which choices differ from the baseline: atop every result."""
        if self.by_hand:
            self.say(self.by_hand.place(), kind="place")
            unit = self.settings.words.said("unit", self.lang)
            if unit and unit not in CITIES:  # the prose of a notebook stays as it is stored; pages of a run are worded
                self.say(self.pick(f"在本研究中，`城市`即{unit}。", f"In this study, `city` stands for {unit}."),
                         kind="place")
        self.say(notice_text(self.settings, self.ground, self.lang), kind="notice")

    # --- figures and tables ---------------------------------------------------------------------------------------
    def number(self, kind: str, label: str | None) -> str:
        """The next label of this notebook, such as 图 5-2, or the given one (the white paper keeps the paper's)."""
        if label is None:
            self.numbered[kind] += 1
            label = f"{self.name.split('_')[0].lstrip('0') or 0}-{self.numbered[kind]}"
        words = {"figure": ("图", "Figure"), "table": ("表", "Table")}[kind]
        return f"{self.pick(*words)} {label}"

    def figure(self, figure, name: str, caption: str, raster: bool = False, label: str | None = None,
               width: float = 1.0) -> None:
        """Show a matplotlib figure with a numbered caption and keep it as figures/<name>.svg, .pdf, .png and .csv.

        `raster` shows it as PNG (maps and other figures that are large as vectors). The CSV holds the numbers it draws
        (see `figures.numbers`). In a whole run PDF and PNG are made after the notebook, with its page.
        """
        from analysis import figures
        from workbench.office import figure_files as files

        edition, label, caption = self.settings.edition, self.number("figure", label), worded(caption)
        editions.check_figure(figure, name, edition, self.lang)
        name = editions.file_name(name, edition)
        svg = files.shortened(figures.to_svg(figure, editions.picture_metadata(edition)))
        report = {"kind": "figure", "label": label, "caption": caption, "name": name, "width": width,
                  "alt": files.words_of(figure, caption, self.lang)}
        folder = self.run.report_folder(self.lang) / "figures"
        files.write_numbers(figure, folder, name, edition)
        title = files.title_of(report, edition, self.lang)
        files.write_svg(svg, folder, name, title, report["alt"])
        if self.by_hand:
            files.write_prints(folder, name, title, report["alt"], self.lang)
        shown = {"image/png": files.for_screen(svg)} if raster else {"image/svg+xml": svg}
        # nbconvert's own templates take the alternative text of a picture from its media type
        about = {"report": report} | {media: {"alt": report["alt"]} for media in shown}
        display({**shown, "text/plain": caption}, metadata=about, raw=True)
        self.lab_caption(report)

    def table(self, frame: pd.DataFrame, name: str, caption: str, columns: Sequence[str] | None = None,
              headings: Mapping[str, str] | None = None, formats: Mapping[str, str] | None = None,
              label: str | None = None, note: str = "", merged: Sequence[str] = (), keep: bool | None = None) -> None:
        """Show a table with a numbered caption and keep it as tables/<name>.csv, .md and .tex.

        `columns` chooses and orders the columns; each gets the heading and the format that the study's dictionary of
        columns has for it, unless `headings` or `formats` (".2f") give another. Of columns kept in both languages, such
        as name_zh and name_en, `name` is the one in the notebook's. Without `columns` the frame is shown as it is,
        headings already in the reader's language. `merged` are leading columns whose repeated cells become one; `keep`
        says whether the table stays on one page of the PDF (None: short ones do).
        """
        from workbench.office.table_files import write_table_files
        from workbench.reporting.table import Table
        from workbench.reporting.table_markup import table_to_html

        formats, caption, note = dict(formats or {}), worded(caption), worded(note)
        if columns is not None:
            frame, formats = self.chosen_columns(frame, columns, headings or {}, formats)
        folder, edition = self.run.report_folder(self.lang) / "tables", self.settings.edition
        name = editions.file_name(name, edition)
        kept = frame if self.has("public") else without_formulas(frame)
        write_frame(editions.marked_table(kept, edition), folder / f"{name}.csv", index=False)
        report = {"kind": "table", "label": self.number("table", label), "caption": caption, "name": name,
                  "notes": editions.note(note, edition, self.lang)} | ({} if keep is None else {"keep": keep})
        if frame.empty:  # nothing to fill, to clip, to flag: other data than the public have such steps
            self.say(f"{report['label']}　{caption}{self.pick('：没有可列的行。', ': there is nothing to list.')}")
            return
        table = Table.from_frame(frame, formats, merged)
        write_table_files(table, folder, name, report["label"], report["caption"], (report["notes"], self.stamp))
        display({"text/html": table_to_html(table, self.lang), "text/plain": report["caption"]},
                metadata={"report": report | {"table": table.to_json()}}, raw=True)
        self.lab_caption(report)

    def chosen_columns(self, frame: pd.DataFrame, columns: Sequence[str], headings: Mapping[str, str],
                       formats: dict[str, str]) -> tuple[pd.DataFrame, dict[str, str]]:
        """Columns of a table in order, under their headings, with the formats by heading."""
        frame = frame.reset_index() if frame.index.name in columns else frame
        unsaid = set() if self.has("paper") else {"published_rank"}
        unsaid |= {"grade"} if self.ground.proxies["grade"].nunique() == 1 else set()
        columns = [column for column in columns if column not in unsaid]
        sources = [f"{column}_{self.lang}" if f"{column}_{self.lang}" in frame else column for column in columns]
        called = [worded(headings.get(column) or heading(column, self.lang)) for column in columns]
        shown = frame[sources].set_axis(called, axis=1)
        numeric, whole = set(shown.select_dtypes("number")), set(shown.select_dtypes("integer"))
        # a column of counts may be called what elsewhere is a share (weights): whole numbers are never per cent
        own = {column: "" if word in whole and page_format(column).endswith("%") else page_format(column)
               for column, word in zip(columns, called, strict=True)}
        styles = {word: formats.get(column) or (own[column] if word in numeric else "")
                  for column, word in zip(columns, called, strict=True)}
        return shown, {word: style for word, style in styles.items() if style}

    def lab_caption(self, report: dict) -> None:
        """The caption for a reader in JupyterLab; the reports set their own from the metadata and skip this one."""
        text = f"*{report['label']}　{report['caption']}*"
        display({"text/markdown": self.names_as_text(text), "text/plain": text},
                metadata={"report": {"kind": "caption"}}, raw=True)


def open_step(name: str, run: str, lang: str, only: str = "") -> Step:
    """Open a step of a run with the choices of the notebook's parameters cell, and show what the run measures.

    The parameters are read where they were typed or injected, in the notebook itself; a misspelt name, a value outside
    its range, a run that notebooks may not write to and earlier steps made with other choices are refused, and nothing
    is written. By hand it first shows which repository it works in and which tables come from which run.

    Parameters: `name`, of the step, such as "05_scores_and_ranks"; `run`, the parameter; `lang`, the notebook's own
    language, "zh" or "en"; `only`, the trait that a run must have for this notebook (see `editions.TRAITS`).
    """
    if lang not in LANGUAGES:
        raise StepError(f"lang = {lang!r}: write zh or en")
    notebook = sys._getframe(1).f_globals
    given = given_parameters(name, notebook, lang, only)
    notebook |= given  # a list written as text is one from here on
    try:
        made = run_of_the_runner(run)
        step = step_in_run(name, made, lang, given) if made else step_by_hand(name, run, lang, given, only)
    except StepError as error:
        said = str(error) if name in str(error) else f"{name}{'：' if lang == 'zh' else ': '}{error}"
        raise StepError(said) from None
    if not step.has("public") and step.has("factual"):
        allow_any_script()
    use_wording(wording_of(step.settings.words, step.ground.names, step.settings.uncertainty.top))
    step.notice()
    return step


def run_of_the_runner(name: str) -> Run | None:
    """The staged run whose kernel this is, as `python -m analysis run` names its folders; None for a run by hand."""
    if "STUDY_DATA" not in os.environ:
        return None
    return Run(name, Path(os.environ["STUDY_REPORTS"]).parent, Path(os.environ["STUDY_DATA"]) / name)


def step_in_run(name: str, run: Run, lang: str, given: dict[str, Any]) -> Step:
    """A step of `python -m analysis run`, whose settings are in the staging folder and agree with the parameters."""
    settings = chosen_settings(name, run.settings, given, lang)
    if settings != run.settings:
        raise StepError(f"{name}: its parameters are not those of the run {run.name}")
    return Step(name, run, lang, settings, run_ground(settings, run.inputs))


def step_by_hand(name: str, run: str, lang: str, given: dict[str, Any], only: str) -> Step:
    """A step that is run by hand; see `workbench.by_hand`."""
    check_place(Path(os.getcwd()), PROJECT.root, lang)
    check_name(str(run), PROJECT, lang)
    made = opened(PROJECT.run(str(run)))
    settings = chosen_settings(name, made.settings, given, lang)
    ground = run_ground(settings, made.inputs)
    if only and only not in ground.traits:
        raise StepError(for_other_runs(name, made.name, only, lang))
    try:
        editions.check_run_name(made.name, settings.edition)
        followed_city(ground.cities, given["city"], settings)
    except ValueError as error:
        raise StepError(f"{name}: {error}") from None
    hand = HandMade(made, name, lang, ground.traits, settings)
    hand.check_fresh()
    return Step(name, made, lang, settings, ground, hand)


def followed_city(cities: pd.DataFrame, city: Any, settings: Settings) -> str:
    """The code of the city that a notebook follows; see `Step.find`."""
    elsewhere = city in CITY.values() and not {*cities["name"], *cities["name_en"]} & set(CITY.values())
    return find_city(cities, settings.city if elsewhere else str(city))


def for_other_runs(name: str, run: str, only: str, lang: str) -> str:
    """The sentence about a notebook that does not go with a run, and how to come to one it goes with."""
    make = {"synthetic": ("python -m analysis run --settings settings/synthetic.yaml", "synthetic_lab")}.get(
        only, ("python -m analysis run --panel mine.xlsx --run mine", "mine_lab"))
    if only in ("public", "paper"):
        make = ("python3 run.py", "lab")
    if only == "years":
        make = ("python -m analysis run --panel examples/county_care --run care", "care_lab")
    if lang == "zh":
        return (f"{name} 的这一本用于另一类数据（{only}），运行 {run} 没有：请先运行 {make[0]}，"
                f"再把 run 设为 {make[1]}。")
    return (f"{name}: this notebook is for other data ({editions.TRAITS[only]}), which the run {run} does not have: "
            f"run {make[0]} first, then set run to {make[1]}.")


def agreement_of(found: Any, equals: Any) -> tuple[bool, str]:
    """Whether two results agree to 1e-9 of their size, label by label; and the words that show it."""
    if isinstance(equals, pd.Series | pd.DataFrame):
        if list(found.index) != list(equals.index) or (equals.ndim == 2 and list(found) != list(equals)):
            return False, ""
        ours, theirs = np.asarray(found, dtype=float), np.asarray(equals, dtype=float)
        return bool(np.allclose(ours, theirs, rtol=CHECK_WITHIN, atol=CHECK_WITHIN)), ""
    if isinstance(equals, str | bool) or not np.isscalar(equals):
        return found == equals, ""
    return bool(np.isclose(found, equals, rtol=CHECK_WITHIN, atol=CHECK_WITHIN)), f"{found:.10g} = {equals:.10g}"


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """A table for readers, who open it in a spreadsheet: a text that would become a formula there has an apostrophe."""
    def safe(content: object) -> object:
        return f"'{content}" if isinstance(content, str) and FORMULA.match(content) else content

    return frame.rename(columns=safe).map(safe)
