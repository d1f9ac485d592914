"""How simulated data say what they are, wherever they go: in words, in file names, in tables and in figures.

A synthetic run's folders have `synthetic` in their names, and so has every file made to be taken out of them: pages,
PDFs, figures, tables, profiles of cities. Its tables have one more column, whose heading is the mark; every reader of
the study's tables drops it. A figure that does not print the mark is refused. No other run carries any of this.

Reference: docs/synthetic.md, section 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EDITION = WORD = "synthetic"
MARK = {"zh": "合成数据，非真实评价结果", "en": "Synthetic data, not an assessment of any city"}
COLUMN = f"{MARK['zh']} {MARK['en']}"


class MarkError(ValueError):
    """Something simulated that does not say so, or something real that says it is simulated."""


def file_name(name: str, edition: str) -> str:
    """The name of a file that may be taken out of a run's folder: that of a synthetic run begins with `synthetic_`."""
    return f"{WORD}_{name}" if edition == EDITION else name


def marked_table(frame: pd.DataFrame, edition: str) -> pd.DataFrame:
    """A table as it is written: that of a synthetic run with a column that says so in its heading and in every row."""
    return frame.assign(**{COLUMN: WORD}) if edition == EDITION else frame


def bare_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as it is read: without the column of the mark."""
    return frame.drop(columns=COLUMN, errors="ignore")


def note(text: str, edition: str, lang: str) -> str:
    """The note below a table, beginning with the mark where the run is synthetic."""
    stop = "。" if lang == "zh" else ". "
    return f"{MARK[lang]}{stop}{text}".strip() if edition == EDITION else text


def check_figure(figure: Figure, name: str, edition: str, lang: str) -> None:
    """Refuse a figure of a synthetic run that does not print the mark."""
    if edition == EDITION and not any(MARK[lang] in text.get_text() for text in figure.texts):
        raise MarkError(f"figure {name}: it shows simulated data and does not say so; draw it with stamp=step.stamp")


def picture_metadata(edition: str) -> dict[str, str]:
    """What the file of a figure says about itself."""
    return {"Description": COLUMN} if edition == EDITION else {}


def about(edition: str) -> dict[str, str]:
    """What the manifest and the record of a synthetic run say first."""
    return {"mark": COLUMN} if edition == EDITION else {}


def check_run_name(run: str, edition: str) -> None:
    """Refuse a synthetic run whose name does not say so, and another run whose name says it is synthetic."""
    if (edition == EDITION) != (WORD in run.lower()):
        raise MarkError(f"run {run}: a run of simulated data has {WORD} in its name, for example {WORD}_{run}"
                        if edition == EDITION else
                        f"run {run}: only a run of simulated data is called {WORD}; give --run another name")
