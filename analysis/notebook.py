"""What a notebook needs to be a step of the study: settings, the earlier steps' tables, and ways to show a result.

`open_step` is the first call of every notebook. The step it returns reads and writes tables of the run, shows
figures and tables with numbered captions, says sentences with numbers filled in, and states each visible check. A
notebook run by hand belongs to the run `lab`; what `lab` does not hold yet is read from the committed `baseline`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from string import Formatter, punctuation
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import display

from analysis import framework, marks
from analysis.figures.style import allow_any_script
from analysis.frames import read_frame, write_frame
from analysis.panels import Ground, kept_input, run_ground, run_panel
from analysis.settings import BASELINE, ROOT, Settings, differences, flatten, load_settings, write_settings
from analysis.study import Panel

if TYPE_CHECKING:
    from analysis.own.reading import StudyInput
    from analysis.paper_values import PaperValues

LAB = "lab"
ACTIVE = re.compile(r"[^\w\s.,'()、，。（）·-]|_")  # what Markdown, or a formula in it, may take for a sign of its own
FORMULA = re.compile(r"[=@].|[+-](?![0-9.]*(?:[eE][+-]?[0-9]+)?$).", re.DOTALL)
OWN_PARAMETERS = ("run", "lang")
EDITIONS = {"public": ("公开数据版", "Public-data edition"), "own": ("自有数据版", "Own-data edition"),
            "synthetic": (marks.MARK["zh"], marks.MARK["en"])}


def data_folder(run: str) -> Path:
    """Where the tables of a run are; the runner of the whole chain points it at its staging folder."""
    return Path(os.environ.get("STUDY_DATA", ROOT / "data/processed")) / run


def report_folder(run: str, lang: str) -> Path:
    """Where the reports of a run are: Chinese at the top, English in the folder en."""
    folder = Path(os.environ.get("STUDY_REPORTS", ROOT / "reports")) / run
    return folder if lang == "zh" else folder / lang


@dataclass
class Step:
    """One notebook of one run, in one language. Made by `open_step`."""

    name: str
    run: str
    lang: str
    settings: Settings
    ground: Ground
    numbered: dict[str, int] = field(default_factory=lambda: {"figure": 0, "table": 0})

    # --- what the run stands on ---------------------------------------------------------------------------------------
    @property
    def tree(self) -> pd.DataFrame:
        """The evaluation system, one row a node."""
        return self.ground.tree

    @property
    def cities(self) -> pd.DataFrame:
        """The roster of the run."""
        return self.ground.cities

    def has(self, trait: str) -> bool:
        """Whether the run's panel has a trait: own, paper, china, regions … (see `study.Panel`)."""
        return trait in self.ground.traits

    def panel(self) -> Panel:
        """The run's panel, figures and judgements included."""
        return run_panel(self.settings, data_folder(self.run))

    def given(self) -> StudyInput:
        """The values that the run brought along, with what was understood and warned of when they were read."""
        return kept_input(self.settings, data_folder(self.run))

    def published_ranks(self) -> pd.Series:
        """The white paper's ranks by city; empty where the study cannot be held against it."""
        if not self.has("paper"):
            return pd.Series(name="published_rank", dtype="Int64")
        return self.read("01_published_ranks")["published_rank"]

    # --- tables of the run -------------------------------------------------------------------------------------------
    def read(self, stem: str, index: str | None = "adcode") -> pd.DataFrame:
        """A table that an earlier step wrote, by the stem of its file; from the baseline where `lab` has none yet."""
        path = data_folder(self.run) / f"{stem}.csv"
        if self.run == LAB and not path.is_file():
            path = ROOT / "data/processed" / BASELINE.stem / path.name
        return read_frame(path, index)

    @property
    def folder(self) -> Path:
        """Where the run's tables are; the baseline's folder where `lab` has no scores yet."""
        own = data_folder(self.run)
        return own if self.run != LAB or (own / "05_scores.csv").is_file() else data_folder(BASELINE.stem)

    def write(self, frame: pd.DataFrame, stem: str, index: bool = True) -> None:
        """Write a table of this step as data/processed/<run>/<stem>.csv and say so."""
        write_frame(marks.marked_table(frame, self.settings.edition), data_folder(self.run) / f"{stem}.csv", index)
        rows, columns = frame.shape
        self.say(f"已写出 `{stem}.csv`：{rows} 行 × {columns} 列。",
                 f"Written: `{stem}.csv`, {rows} rows × {columns} columns.", kind="written")

    # --- words ----------------------------------------------------------------------------------------------------
    def pick(self, zh: Any, en: Any) -> Any:
        """The Chinese or the English of two."""
        return zh if self.lang == "zh" else en

    def say(self, zh: str, en: str, kind: str = "text") -> None:
        """A sentence (Markdown) with its numbers filled in, in the language of the report; names in it are text."""
        text = self.pick(zh, en)
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
        tables = [self.cities.select_dtypes(["object", "string", "category"]), self.tree[["name_zh", "name_en"]],
                  self.ground.regions]
        names = {str(name) for table in tables if table is not None for column in table for name in table[column]}
        marked = sorted((name for name in names if ACTIVE.search(name)), key=lambda name: (-len(name), name))
        return re.compile("|".join(map(re.escape, marked))) if marked else None

    def tell(self, zh: str, en: str, values: PaperValues) -> None:
        """A sentence out of a template such as "{scores.top} 座城市"; every number in it is a named value.

        The output keeps template and values, so that whoever doubts a number finds where it came from.
        """
        template = self.pick(zh, en)
        names = list(dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name))
        found = {name: getattr(values[name.split(".")[0]], name.split(".")[1]) for name in names}
        text = template.format_map(values)
        display({"text/markdown": self.names_as_text(text), "text/plain": text}, raw=True,
                metadata={"report": {"kind": "text", "template": template, "values": found}})

    def check(self, holds: bool, zh: str, en: str) -> None:
        """State something the reader can rely on; where it does not hold, stop the run with the sentence."""
        if not holds:
            raise AssertionError(f"{self.name}: {self.pick('核对未通过：' + zh, 'the check fails: ' + en)}")
        self.say(f"**核对** {zh}", f"**Check** {en}", kind="check")

    @property
    def stamp(self) -> str:
        """The edition in one line, printed on every figure."""
        return edition_line(self.settings, self.ground, self.lang)

    def notice(self) -> None:
        """What this run measures and what it cannot, and which choices differ from the baseline: atop every result."""
        self.say(*(notice_text(self.settings, self.ground, lang) for lang in ("zh", "en")), kind="notice")

    # --- figures and tables ---------------------------------------------------------------------------------------
    def number(self, kind: str, label: str | None) -> str:
        """The next label of this notebook, such as 图 5-2, or the given one (the white paper keeps the paper's)."""
        if label is None:
            self.numbered[kind] += 1
            label = f"{int(self.name[:2])}-{self.numbered[kind]}"
        words = {"figure": ("图", "Figure"), "table": ("表", "Table")}[kind]
        return f"{self.pick(*words)} {label}"

    def figure(self, figure, name: str, zh: str, en: str, raster: bool = False, label: str | None = None,
               width: float = 1.0) -> None:
        """Show a matplotlib figure with a numbered caption and keep it as figures/<name>.svg, .pdf, .png and .csv.

        `raster` shows it as PNG (maps and other figures that are large as vectors); `zh` and `en` are its caption. The
        CSV holds the numbers it draws (see `figures.numbers`).
        """
        from analysis import figures
        from analysis.office import figure_files as files

        caption, edition, label = self.pick(zh, en), self.settings.edition, self.number("figure", label)
        marks.check_figure(figure, name, edition, self.lang)
        name = marks.file_name(name, edition)
        svg = files.shortened(figures.to_svg(figure, marks.picture_metadata(edition)))
        words = {lang: files.words_of(figure, text, lang) for lang, text in (("zh", zh), ("en", en))}
        files.write_figure(figure, svg, report_folder(self.run, self.lang) / "figures", name,
                           f"{label}{self.pick('　', '  ')}{caption}", words[self.lang], self.lang, edition)
        report = {"kind": "figure", "label": label, "caption": caption, "alt": words[self.lang], "name": name,
                  "width": width, "words": words}
        content = {"image/png": files.for_screen(svg)} if raster else {"image/svg+xml": svg}
        display({**content, "text/plain": caption}, metadata={"report": report}, raw=True)
        self.lab_caption(report)

    def table(self, frame: pd.DataFrame, name: str, zh: str, en: str, columns: dict[str, tuple[str, str]] | None = None,
              formats: dict[str, str] | None = None, label: str | None = None,
              notes: tuple[str, str] = ("", ""), merged: Sequence[str] = (),
              keep: bool | None = None) -> None:
        """Show a table with a numbered caption and keep it as tables/<name>.csv, .md and .tex.

        `columns` chooses and orders the columns and gives each its Chinese and English header; without it the frame is
        shown as it is, headers already in the report's language. `formats` are format strings by column name (".2f");
        `merged` are leading columns whose repeated cells become one; `keep` says whether the table stays on one page of
        the PDF (None: short ones do).
        """
        from analysis import tables
        from analysis.office.table_files import write_table
        from analysis.reporting.table_markup import read_table

        if columns is not None:
            columns = {column: words for column, words in columns.items()
                       if column != "published_rank" or self.has("paper")}
            headers = {column: self.pick(*words) for column, words in columns.items()}
            frame = frame.reset_index()[list(columns)] if frame.index.name in columns else frame[list(columns)]
            formats = {headers.get(column, column): text for column, text in (formats or {}).items()
                       if column != "published_rank" or column in columns}
            frame = frame.rename(columns=headers)
        folder, edition = report_folder(self.run, self.lang) / "tables", self.settings.edition
        name = marks.file_name(name, edition)
        kept = frame if self.has("public") else without_formulas(frame)
        write_frame(marks.marked_table(kept, edition), folder / f"{name}.csv", index=False)
        report = {"kind": "table", "label": self.number("table", label), "caption": self.pick(zh, en), "name": name,
                  "notes": marks.note(self.pick(*notes), edition, self.lang)} | ({} if keep is None else {"keep": keep})
        if frame.empty:  # nothing to fill, to clip, to flag: other data than the public have such steps
            self.say(f"{report['label']}　{zh}：没有可列的行。", f"{report['label']}　{en}: there is nothing to list.")
            return
        html = tables.html_table(frame, formats=formats, merged=merged)
        write_table(read_table(html, name), folder, name, report["label"], report["caption"],
                    (report["notes"], self.stamp))
        display({"text/html": html, "text/plain": report["caption"]}, metadata={"report": report}, raw=True)
        self.lab_caption(report)

    def lab_caption(self, report: dict) -> None:
        """The caption for a reader in JupyterLab; the reports set their own from the metadata and skip this one."""
        text = f"*{report['label']}　{report['caption']}*"
        display({"text/markdown": self.names_as_text(text), "text/plain": text},
                metadata={"report": {"kind": "caption"}}, raw=True)


def open_step(name: str, run: str, lang: str, **choices: Any) -> Step:
    """Open a step of a run with the choices of the notebook's parameters cell, and show what the run measures.

    `choices` are settings by flat name (`weighting_alpha` for `weighting.alpha`); they go over the run's settings, and
    the run keeps them for the later steps. Unknown names and values outside their range are refused.
    """
    if lang not in ("zh", "en"):
        raise ValueError(f"lang = {lang!r}: write zh or en")
    kept = data_folder(run) / "settings.yaml"
    before = load_settings(kept if kept.is_file() else BASELINE)
    dotted = {flat_name(key): key for key in flatten(before)}
    overrides = {dotted.get(key, key): value for key, value in choices.items()}
    settings = load_settings(kept if kept.is_file() else BASELINE, overrides)
    if settings != before or not kept.is_file():
        write_settings(settings, kept)
    step = Step(name, run, lang, settings, run_ground(settings, data_folder(run)))
    if not step.has("public") and step.has("factual"):
        allow_any_script()
    step.notice()
    return step


def notice_text(settings: Settings, ground: Ground, lang: str) -> str:
    """What a run measures and what it cannot, and how its choices differ from the baseline, in one language."""
    cover = framework.coverage_by_domain(ground.tree, ground.measured)
    comma = "、" if lang == "zh" else ", "
    parts = comma.join(f"{row[f'name_{lang}']} {row.measured}/{row.indicators}" for _, row in cover.iterrows())
    missing = comma.join(missing_domains(ground, lang)) or ("无" if lang == "zh" else "none")
    changed = comma.join(f"`{name}` = {here} ({base})" for name, (base, here) in differences(settings).items())
    public, china, edition = "public" in ground.traits, "china" in ground.traits, edition_line(settings, ground, lang)
    if lang == "zh":
        return (f"**{edition}。** 各领域已测度/全部指标：{parts}。"
                f"没有{'公开' if public else ''}数据、因而未进入评分的领域：{missing}。"
                + ("权重为本研究的设定，并非白皮书的权重；白皮书未公布数据、权重与得分。" if china else "")
                + (f" 与基准设定不同（括号内为基准值）：{changed}。" if changed else ""))
    return (f"**{edition}.** Indicators measured of all, by domain: {parts}. "
            f"Domains without {'public ' if public else ''}data, hence outside the score: {missing}."
            + (" The weights are this study's; the white paper published neither data nor weights nor scores."
               if china else "")
            + (f" Choices that differ from the baseline (its value in brackets): {changed}." if changed else ""))


def missing_domains(ground: Ground, lang: str) -> list[str]:
    """Names of the domains without a single measured indicator."""
    cover = framework.coverage_by_domain(ground.tree, ground.measured)
    return list(cover.loc[cover["measured"] == 0, f"name_{lang}"])


def edition_line(settings: Settings, ground: Ground, lang: str) -> str:
    """The data edition in one line: what it measures and which domains it lacks."""
    count, total, edition = len(ground.measured), len(framework.leaves(ground.tree)), EDITIONS[settings.edition]
    missing = missing_domains(ground, lang)
    if lang == "zh":
        return f"{edition[0]}：{total} 项指标中的 {count} 项" + (f"，缺{'、'.join(missing)}" if missing else "")
    return f"{edition[1]}: {count} of {total} indicators" + (f", without {', '.join(missing)}" if missing else "")


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """A table for readers, who open it in a spreadsheet: a text that would become a formula there has an apostrophe."""
    def safe(content: object) -> object:
        return f"'{content}" if isinstance(content, str) and FORMULA.match(content) else content

    return frame.rename(columns=safe).map(safe)


def flat_name(dotted: str) -> str:
    """A setting's name as a notebook parameter: `weighting.alpha` → `weighting_alpha`."""
    return dotted.replace(".", "_")
