"""How tables pass from one step to the next: settled numbers, one CSV dialect, labels that stay labels.

Every stage of the study hands on numbers *settled* to 12 significant digits. The last bits of a float depend on the
processor; the twelfth digit does not, so that ranks never hang on rounding noise, a table read back from CSV equals
the table in memory, and two runs write the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

SIGNIFICANT_DIGITS = 12

Table = TypeVar("Table", pd.DataFrame, pd.Series, float)

# Columns that hold labels made of digits; read as text so that 010 stays 010.
LABEL_COLUMNS = ("adcode", "raw_rows", "denominator_row", "years", "donors")


def settle(table: Table) -> Table:
    """Round numbers to 12 significant digits: the precision in which one stage hands its result to the next.

    Accepts a float, a Series or a DataFrame; text, integers, missing values and infinities stay as they are, labels
    and order too. `settle(settle(x))` equals `settle(x)`.

    >>> settle(0.1 + 0.2)
    0.3
    """
    if isinstance(table, pd.DataFrame):
        if set(table.dtypes) == {np.dtype(float)}:
            return pd.DataFrame(settled_numbers(table.to_numpy().T).T, table.index, table.columns)
        return table.apply(settle) if len(table.columns) else table.copy()
    if isinstance(table, pd.Series):
        if table.dtype != float:
            return table.copy()
        return pd.Series(settled_numbers(table.to_numpy()), table.index, name=table.name)
    return float(f"{table:.{SIGNIFICANT_DIGITS}g}")


def settled_numbers(numbers: np.ndarray) -> np.ndarray:
    """An array of floats, rounded one by one through their decimal digits."""
    rounded = [float(f"{number:.{SIGNIFICANT_DIGITS}g}") for number in numbers.ravel().tolist()]
    return np.array(rounded, dtype=float).reshape(numbers.shape)


def write_frame(frame: pd.DataFrame, path: Path, index: bool = True) -> None:
    """Write a table as UTF-8 CSV with settled numbers and Unix line ends: the same table gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settle(frame).to_csv(path, index=index, encoding="utf-8", lineterminator="\n")


def read_frame(path: Path, index: str | None = None) -> pd.DataFrame:
    """Read a table written by `write_frame`, numbers exact to the last bit and codes such as adcode as text.

    `index` names the column that becomes the index.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is not there yet; run the earlier notebooks first (python3 run.py)")
    text = dict.fromkeys(LABEL_COLUMNS, str)
    frame = pd.read_csv(path, dtype=text, encoding="utf-8")
    return frame.set_index(index) if index else frame
