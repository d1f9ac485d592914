"""The three editions of the data, and how simulated data say what they are in words, file names, tables and figures.

A synthetic run's folders have `synthetic` in their names, and so has every file made to be taken out of them: pages,
PDFs, figures, tables, profiles of cities. Its tables have one more column, whose heading is the mark; every reader of
the study's tables drops it. A figure that does not print the mark is refused. No other run carries any of this.

Reference: docs/synthetic.md, section 1.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARK = {"zh": "合成数据，非真实评价结果", "en": "Synthetic data, not an assessment of any city"}
COLUMN = f"{MARK['zh']} {MARK['en']}"

# What can be asked of a panel of figures. Options, notebook cells and steps that need a trait name it.
TRAITS = {
    "public": "public statistics, read through proxies", "own": "values that come as they are",
    "china": "the repository's cities, all or some", "elsewhere": "other places",
    "paper": "the white paper's whole roster and tree, so that both can be compared", "unpublished": "no such list",
    "two_readings": "the paper's tree, in which one parent is ambiguous, with judgements for both readings",
    "judged": "judgements of what counts more", "unjudged": "no judgements: siblings count alike",
    "given": "weights in the study's own tree", "goalposts": "goalposts in the study's own tree",
    "regions": "cities sorted into regions", "years": "figures of several years",
    "synthetic": "simulated values, no facts about any city",
    "factual": "values about the places themselves, not simulated",
}


class Edition(StrEnum):
    """Which data a run is made from: its name in the settings, what pages call it, the traits of all its panels."""

    PUBLIC = "public", "公开数据版", "Public-data edition", ("public", "factual")
    SYNTHETIC = "synthetic", MARK["zh"], MARK["en"], ("own", "synthetic")
    OWN = "own", "自有数据版", "Own-data edition", ("own", "factual")

    label: dict[str, str]  # by language
    traits: frozenset[str]

    def __new__(cls, name: str, zh: str, en: str, traits: tuple[str, ...]) -> Edition:
        edition = str.__new__(cls, name)
        edition._value_, edition.label, edition.traits = name, {"zh": zh, "en": en}, frozenset(traits)
        return edition


# Those of the panel that the repository holds.
PUBLIC_TRAITS = Edition.PUBLIC.traits | {"china", "paper", "two_readings", "judged", "regions"}


class MarkError(ValueError):
    """Something simulated that does not say so, or something real that says it is simulated."""


def file_name(name: str, edition: Edition) -> str:
    """The name of a file that may be taken out of a run's folder: that of a synthetic run begins with `synthetic_`."""
    return f"{edition}_{name}" if edition == Edition.SYNTHETIC else name


def marked_table(frame: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """A table as it is written: that of a synthetic run with a column that says so in its heading and in every row."""
    return frame.assign(**{COLUMN: str(edition)}) if edition == Edition.SYNTHETIC else frame


def bare_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as it is read: without the column of the mark."""
    return frame.drop(columns=COLUMN, errors="ignore")


def note(text: str, edition: Edition, lang: str) -> str:
    """The note below a table, beginning with the mark where the run is synthetic."""
    stop = "。" if lang == "zh" else ". "
    return f"{MARK[lang]}{stop}{text}".strip() if edition == Edition.SYNTHETIC else text


def check_figure(figure: Figure, name: str, edition: Edition, lang: str) -> None:
    """Refuse a figure of a synthetic run that does not print the mark."""
    if edition == Edition.SYNTHETIC and not any(MARK[lang] in text.get_text() for text in figure.texts):
        raise MarkError(f"figure {name}: it shows simulated data and does not say so; draw it with stamp=step.stamp")


def picture_metadata(edition: Edition) -> dict[str, str]:
    """What the file of a figure says about itself."""
    return {"Description": COLUMN} if edition == Edition.SYNTHETIC else {}


def about(edition: Edition) -> dict[str, str]:
    """What the manifest and the record of a synthetic run say first."""
    return {"mark": COLUMN} if edition == Edition.SYNTHETIC else {}


def check_run_name(run: str, edition: Edition) -> None:
    """Refuse a synthetic run whose name does not say so, and another run whose name says it is synthetic."""
    word = Edition.SYNTHETIC
    if (edition == word) != (word in run.lower()):
        raise MarkError(f"run {run}: a run of simulated data has {word} in its name, for example {word}_{run}"
                        if edition == word else
                        f"run {run}: only a run of simulated data is called {word}; give --run another name")
