"""How tables pass from one step to the next: settled numbers, one CSV dialect, labels that stay labels.

Every stage of the study hands on numbers *settled* to 12 significant digits. The last bits of a float depend on the
processor; the twelfth digit does not, so that ranks never depend on rounding noise, a table read back from CSV equals
the table in memory, and two runs write the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from analysis.editions import bare_table

SIGNIFICANT_DIGITS = 12
POWERS_OF_TEN = np.array([float(f"1e{power}") for power in range(23)])  # those that a float holds exactly

Table = TypeVar("Table", pd.DataFrame, pd.Series, float)

# Columns that hold labels made of digits; read as text so that 010 stays 010.
LABEL_COLUMNS = ("adcode", "raw_rows", "denominator_row", "years", "donors")


def settle(table: Table) -> Table:
    """Round numbers to 12 significant digits: the precision in which one stage hands its result to the next.

    Accepts a float, a Series or a DataFrame; text, integers, missing values, infinities, labels and order do not
    change. `settle(settle(x))` equals `settle(x)`.

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
    """An array of floats rounded to 12 significant digits, each as if written out in decimal and read back.

    Multiplying by a power of ten, rounding and dividing gives the same number unless the product is within its own
    error of a tie; the few floats for which that is possible are written out and read back.
    """
    flat = numbers.ravel()
    with np.errstate(all="ignore"):
        places = SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(np.abs(flat)))
        power = POWERS_OF_TEN[np.clip(np.nan_to_num(places), 0, len(POWERS_OF_TEN) - 1).astype(int)]
        whole = flat * power
        nearest = np.rint(whole)
        sure = ((places >= 0) & (places < len(POWERS_OF_TEN)) & (np.abs(np.abs(whole - nearest) - 0.5) > 1e-3)
                & (np.abs(nearest) >= 10**(SIGNIFICANT_DIGITS - 1)) & (np.abs(nearest) < 10**SIGNIFICANT_DIGITS))
        rounded = np.where(sure, nearest / power, flat)
    for place in np.flatnonzero(~sure & np.isfinite(flat) & (flat != 0)):
        rounded[place] = float(f"{flat[place]:.{SIGNIFICANT_DIGITS}g}")
    return rounded.reshape(numbers.shape)


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
    frame = bare_table(pd.read_csv(path, dtype=text, encoding="utf-8"))
    return frame.set_index(index) if index else frame
