"""Runs made by hand, a notebook at a time: where they may write, what they take from the run they build on, what is
stale, and what moved.

`lab` and any new name build on the committed run `baseline`; `NAME_lab` builds on the finished run NAME. A table that
the run by hand does not hold yet is read from there, file by file. Beside the tables a record keeps, for each notebook,
the choices that its tables were made with and the checksums of what it read and wrote, so that no step is built on one
that was made otherwise.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.frames import read_frame
from analysis.rawfiles import sha256
from analysis.settings import BASELINE, Settings, flatten, load_settings, write_settings
from workbench.parameters import StepError, flat_name
from workbench.project import Project, Run
from workbench.steps import NEEDS, choices_behind, parameters_of, upstream

RECORD = "by_hand.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}")
LAB = "_lab"


def is_finished(run: Run) -> bool:
    """Whether a run was made whole by the command line; others are made by hand, or not there yet."""
    return run.name != "lab" and run.settings_file.is_file() and not (run.data / RECORD).is_file()


@dataclass(frozen=True)
class RunByHand(Run):
    """A run by hand: a table that none of its notebooks wrote is that of the run it builds on."""

    @cached_property
    def base(self) -> Run:
        """The finished run that it builds on."""
        project = Project(self.root)
        base = project.run(self.name.removesuffix(LAB))
        return base if base.name != self.name and is_finished(base) else project.run(BASELINE.stem)

    @property
    def inputs(self) -> Path:
        return self.base.data

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.settings_file) if self.settings_file.is_file() else self.base.settings

    def file(self, stem: str) -> Path:
        path = super().file(stem)
        own = any(stem in made["wrote"] for made in read_record(self).values())
        return path if own and path.is_file() else self.base.file(stem)


def opened(run: Run) -> Run:
    """A run as its notebooks and readers see it: one that is not finished is made by hand."""
    return run if is_finished(run) else RunByHand(run.name, run.root, run.data)


def check_place(place: Path, root: Path, lang: str) -> None:
    """Refuse to work from within another clone than `root`, whose tables a reader would expect to change."""
    clone = next((folder for folder in (place, *place.parents)
                  if (folder / "environment.yml").is_file() and (folder / "analysis").is_dir()), root)
    if clone.resolve() != root.resolve():
        raise StepError({
            "zh": f"笔记本在仓库 {clone} 里打开，而这个环境属于 {root}：结果会写到后者。请在前一个仓库里运行 "
                  "python3 run.py lab，使用它自己的环境。",
            "en": f"The notebook was opened in the repository {clone}, while this environment belongs to {root} and "
                  "would write there. Run python3 run.py lab in the former and use its own environment."}[lang])


def check_name(run: Any, project: Project, lang: str) -> None:
    """Refuse a run that notebooks may not write to: the reference, finished runs, names that name no folder."""
    if not isinstance(run, str) or not NAME.fullmatch(run) or run == "compare":
        raise StepError({"zh": f"run = {run!r}：请用字母、数字、- 与 _，最多 41 个字符；它是文件夹的名字。",
                         "en": f"run = {run!r}: use letters, digits, - and _, at most 41 of them; it names a "
                               "folder."}[lang])
    if run == BASELINE.stem:
        raise StepError(BASELINE_KEPT[lang])
    if is_finished(project.run(run)):
        raise StepError({
            "zh": f"运行 {run} 由命令行一次做成，不由单个笔记本改写；请把 run 改为 {run}{LAB}（以它为底）或新的名字。",
            "en": f"the run {run} was made whole by the command line and is not changed one notebook at a time; set "
                  f"run to {run}{LAB}, which builds on it, or to a new name."}[lang])


BASELINE_KEPT = {
    "zh": "运行 baseline 是参照结果，始终保持 settings/baseline.yaml 的选择；请给 run 另取名字，例如 lab。",
    "en": "the run baseline is the reference and keeps settings/baseline.yaml; give run another name, such as lab.",
}


@dataclass
class HandMade:
    """One notebook at work on a run by hand: the record, and what it has read and written so far."""

    run: RunByHand
    step: str
    lang: str
    traits: frozenset[str]
    settings: Settings
    read: dict[str, str] = field(default_factory=dict)
    wrote: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return self.run.base.name

    @cached_property
    def record(self) -> dict[str, Any]:
        """What each notebook of this run has made so far, by step."""
        return read_record(self.run)

    def note_read(self, stem: str, path: Path) -> None:
        """Remember what a table that was read looked like."""
        self.read[stem] = sha256(path)

    def begin(self) -> None:
        """Before anything is written: the run's settings, and a record that says it is made by hand."""
        if not self.wrote:
            self.write_record()
            write_settings(self.settings, self.run.settings_file)

    def note_written(self, stem: str, path: Path) -> None:
        """Put a table that was written into the run's record, with the choices behind it."""
        self.wrote[stem] = sha256(path)
        values = flatten(self.settings)
        self.record[self.step] = {"choices": {name: values[name] for name in choices_behind(self.step, self.traits)},
                                  "read": dict(self.read), "wrote": self.wrote}
        self.write_record()

    def write_record(self) -> None:
        """Replace the run's record whole."""
        path = self.run.data / RECORD
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"base": self.base, "steps": self.record}, ensure_ascii=False, indent=1, sort_keys=True)
        part = path.with_suffix(".part")
        part.write_text(text + "\n", encoding="utf-8")
        os.replace(part, path)

    def check_fresh(self) -> None:
        """Refuse to build on a step that was made with other choices, or from tables that have changed since."""
        for before in upstream(self.step, self.traits):
            self.check_step(before)

    def check_step(self, before: str) -> None:
        """Refuse a step that was made with other choices, or from tables that have changed since."""
        values, made = flatten(self.settings), self.record.get(before)
        with_choices = made["choices"] if made else flatten(self.run.base.settings)
        for name in choices_behind(before, self.traits):
            if name in with_choices and with_choices[name] != values[name]:
                raise StepError(self.made_otherwise(before, name, with_choices[name], values[name]))
        if (stem := self.changed_since(before, made)) is not None:
            raise StepError({
                "zh": f"{before} 是由另一份 {stem}.csv 做成的，那之后它变了：请先运行 {before}。",
                "en": f"{before} was made from another {stem}.csv, which has changed since: run {before} "
                      "first."}[self.lang])

    def is_fresh(self, before: str) -> bool:
        """Whether a step was made with the run's choices and from its tables as they are now."""
        try:
            self.check_step(before)
        except StepError:
            return False
        return True

    def changed_since(self, step: str, made: dict[str, Any] | None) -> str | None:
        """The first table that a step was made from and that is another one now; None where all are the same."""
        if made is not None:
            lost = [stem for stem in made["wrote"] if not (self.run.data / f"{stem}.csv").is_file()]
            if lost:
                return lost[0]
            now = {stem: self.run.file(stem) for stem in sorted(made["read"])}
            return next((stem for stem, path in now.items()
                         if not path.is_file() or sha256(path) != made["read"][stem]), None)
        for before in upstream(step, self.traits):
            for stem, digest in sorted(self.record.get(before, {"wrote": {}})["wrote"].items()):
                path = self.run.base.file(stem)
                if path.is_file() and sha256(path) != digest:
                    return stem
        return None

    def made_otherwise(self, step: str, name: str, then: Any, now: Any) -> str:
        """The sentence about a step whose tables were made with another choice."""
        own = flat_name(name) if name in parameters_of(self.step, self.traits) else ""
        if self.lang == "zh":
            return (f"{step} 是按 {name} = {then} 做成的，而这里是 {now}：请先运行 {step}"
                    + (f"，或在这里设 {own} = {then!r}。" if own else "。"))
        return (f"{step} was made with {name} = {then}, here it is {now}: run {step} first"
                + (f", or set {own} = {then!r} here." if own else "."))

    def sources(self) -> tuple[list[str], list[str]]:
        """The steps before this one whose tables are the run's own, and those that come from the run it builds on."""
        before = upstream(self.step, self.traits)
        return [step for step in before if step in self.record], [step for step in before if step not in self.record]

    def place(self) -> str:
        """Which repository this works in, where it writes, and where it reads: the first thing a notebook shows."""
        own, taken = self.sources()
        zh = [f"仓库 `{self.run.root}`；写入 `data/processed/{self.run.name}`"] + (
            [f"取自本次运行 {self.run.name}：{'、'.join(own)}"] if own else []) + (
            [f"取自运行 {self.base}：{'、'.join(taken)}"] if taken else [])
        en = [f"Repository `{self.run.root}`; writing to `data/processed/{self.run.name}`"] + (
            [f"from this run, {self.run.name}: {', '.join(own)}"] if own else []) + (
            [f"from the run {self.base}: {', '.join(taken)}"] if taken else [])
        return "；".join(zh) + "。" if self.lang == "zh" else "; ".join(en) + "."

    def moved(self, stem: str, path: Path) -> str:
        """How a table that was written differs from that of the run it builds on, in one sentence."""
        other = self.run.base.file(stem)
        if not other.is_file():
            return ""
        if sha256(path) == sha256(other):
            return {"zh": f"与运行 {self.base} 的完全相同。", "en": f"The same as in the run {self.base}."}[self.lang]
        here, there = (read_frame(each, None) for each in (path, other))
        if stem == "05_scores" and list(here["adcode"]) == list(there["adcode"]):
            return self.ranks_moved(here.set_index("adcode"), there.set_index("adcode"))
        if here.shape != there.shape or list(here) != list(there):
            return {"zh": f"与运行 {self.base} 的行列不同。",
                    "en": f"Other rows or columns than in the run {self.base}."}[self.lang]
        cells = int((here.astype(str) != there.astype(str)).to_numpy().sum())
        return {"zh": f"与运行 {self.base} 相比，{here.size} 格中有 {cells} 格不同。",
                "en": f"Compared with the run {self.base}, {cells} of {here.size} cells differ."}[self.lang]

    def ranks_moved(self, here, there) -> str:
        """How many ranks moved, by how much at most, and who entered or left the first places."""
        top = self.settings.uncertainty.top
        shift = there["rank"] - here["rank"]  # positive: risen
        names = here["name" if self.lang == "zh" else "name_en"]
        largest = shift.abs().sort_values(ascending=False, kind="stable").head(5).index
        within, before = here["rank"] <= top, there["rank"] <= top
        comma, none = ("、", "无") if self.lang == "zh" else (", ", "none")
        moves = comma.join(f"{names[code]} {shift[code]:+d}" for code in largest if shift[code]) or none
        came = comma.join(names[within & ~before]) or none
        went = comma.join(names[before & ~within]) or none
        if self.lang == "zh":
            return (f"**与运行 {self.base} 相比**：{len(shift)} 座城市中 {int((shift != 0).sum())} 座名次变动，"
                    f"变动最大的是{moves}（正数为上升）；进入前 {top} 的：{came}；退出的：{went}。")
        return (f"**Compared with the run {self.base}**: {int((shift != 0).sum())} of {len(shift)} ranks moved, most "
                f"those of {moves} (positive: risen); entering the first {top}: {came}; leaving: {went}.")


def read_record(run: Run) -> dict[str, Any]:
    """The record of a run by hand: choices and checksums by step; empty where there is none that can be read."""
    path = run.data / RECORD
    try:
        steps = json.loads(path.read_text(encoding="utf-8"))["steps"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {step: made for step, made in steps.items() if step in NEEDS}
