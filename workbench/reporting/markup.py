"""Markdown to HTML, typst or pandoc's own tree, by pandoc, in one call for a whole page."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from workbench.reporting.errors import ReportError

ASSETS = Path(__file__).resolve().parents[2] / "assets"
REPORT_ASSETS = ASSETS / "report"

# The Markdown that JupyterLab shows, plus one thing it lacks: a line break between two Chinese characters is no space.
_READER = "gfm-emoji-footnotes-alerts-yaml_metadata_block-tex_math_gfm+east_asian_line_breaks"
_TARGETS = {"html": ("-t", "html5", "--mathml"), "typst": ("-t", "typst", "--shift-heading-level-by=-1")}
# A character of the private use area stands between two pieces, emphasised, so that it comes out differently where a
# piece has swallowed it into code.
_MARK = "\ue000"
_SEPARATOR_AS_WRITTEN = {"html": f"<p><em>{_MARK}</em></p>", "typst": f"#emph[{_MARK}]"}


@cache
def pandoc_path() -> str:
    """Where the pandoc of the environment is."""
    import pypandoc

    return pypandoc.get_pandoc_path()


def convert_markdown(pieces: Sequence[str], target: str, name: str) -> list[str]:
    """Each piece of Markdown as HTML (formulas as MathML) or as typst, through one pandoc process.

    Raw HTML in the Markdown becomes visible text; link targets other than web addresses, mail, anchors and relative
    paths are dropped; a picture is refused, because reports show pictures through figure outputs only.

    Parameters: `pieces`, Markdown texts; `target`, "html" or "typst"; `name`, the notebook's name, for errors.
    Returns as many texts as pieces. Heading identifiers are unique over the whole page.
    Raises `ReportError` when pandoc cannot read a formula, or a piece leaves a code fence open.
    """
    if not pieces:
        return []
    written = _converted(pieces, (*_TARGETS[target], "--wrap=none", "--syntax-highlighting=none"), name)
    return _as_many([piece.strip("\n") for piece in written.split(_SEPARATOR_AS_WRITTEN[target])], pieces, name)


def parse_markdown(pieces: Sequence[str], name: str) -> list[list[dict]]:
    """Each piece of Markdown as blocks of pandoc's document tree, under the rules of `convert_markdown`."""
    if not pieces:
        return []
    separator = {"t": "Para", "c": [{"t": "Emph", "c": [{"t": "Str", "c": _MARK}]}]}
    parsed: list[list[dict]] = [[]]
    for block in json.loads(_converted(pieces, ("-t", "json"), name))["blocks"]:
        if block == separator:
            parsed.append([])
        else:
            parsed[-1].append(block)
    return _as_many(parsed, pieces, name)


def _converted(pieces: Sequence[str], target: tuple[str, ...], name: str) -> str:
    """All pieces through one pandoc process, a mark between them."""
    if any(_MARK in piece for piece in pieces):
        raise ReportError(f"{name}: the text holds U+E000, a private character that reports use; remove it")
    command = [pandoc_path(), "-f", _READER, *target, f"--lua-filter={REPORT_ASSETS / 'prose.lua'}"]
    done = subprocess.run(
        command, input=f"\n\n*{_MARK}*\n\n".join(pieces), capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode or done.stderr.strip():
        # What our own filter says stands between its path and a traceback.
        reason = re.sub(r"Error running filter .*\n", "", done.stderr.split("stack traceback")[0]).strip()
        raise ReportError(f"{name}: pandoc could not read the text: {reason}")
    return done.stdout


def _as_many(converted: list, pieces: Sequence[str], name: str) -> list:
    """The converted pieces, once they are as many as were given."""
    if len(converted) != len(pieces):
        raise ReportError(
            f"{name}: a piece of text runs into the next one; close its code fence or its indented block "
            f"({len(pieces)} pieces were given, {len(converted)} came back)"
        )
    return converted
