"""The explorer as one file: it contains data, the Vega library and the page's own script, and loads nothing.

The page's policy lets only these two scripts run, named by their hashes, and no script make code out of text: Vega
evaluates its expressions with its interpreter. Texts are data: escaped in the markup and inside the JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.editions import file_name
from analysis.scoring import WEIGHTLESS
from workbench.explorer.content import NEEDED, explorer_content, read_tables
from workbench.explorer.outlines import INSET_SHARE
from workbench.explorer.words import METHODS, WORDS
from workbench.project import Run
from workbench.reporting.errors import ReportError
from workbench.reporting.markup import REPORT_ASSETS
from workbench.reporting.notebook_html import page_templates, stylesheet
from workbench.reporting.words import WORDS as REPORT_WORDS
from workbench.run_input import run_ground

if TYPE_CHECKING:
    from workbench.reporting.stamps import Stamp

PAGE = "explorer.html"
SNIPPET = "window.vegaEmbed = vegaEmbed;"


def write_explorer(run: Run, stamp: Stamp, lang: str) -> Path | None:
    """Write the explorer of a run into its folder of reports; None for a run without scores, and for one whose scores
    are made without weights (`scoring.WEIGHTLESS`), where there is nothing to move.

    Raises ExplorerError where the tables do not give the run's ranks.
    """
    if not all(map(run.has, NEEDED)) or run.settings.aggregation.method in WEIGHTLESS:
        return None
    ground = run_ground(run.settings, run.inputs)
    content = explorer_content(read_tables(run, run.settings, ground), lang)
    path = run.report_folder(lang) / file_name(PAGE, run.settings.edition)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(explorer_page(content, stamp, lang), encoding="utf-8", newline="\n")
    return path


def explorer_page(content: dict[str, Any], stamp: Stamp, lang: str) -> str:
    """The page of some content (see `explorer_content`), the same bytes for the same content."""
    # jsonschema, which Altair checks charts with, builds an optional grammar for 1.3 s that nothing here uses
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as beside:  # both take a second, and the library is gathered outside Python
        library = beside.submit(vega_library)
        from workbench.explorer.charts import INTERVAL_COLOURS, explorer_charts

        charts = explorer_charts(content, lang)
    words, report_words = WORDS[lang], REPORT_WORDS[lang]
    script = (REPORT_ASSETS / "explorer.js").read_text(encoding="utf-8")
    data = content | {"charts": charts, "words": words, "run": stamp.run, "edition": stamp.edition}
    return page_templates().get_template("explorer.html.j2").render(
        content=content, words=words, stamp=stamp, with_map="outlines" in content,
        inset_share=INSET_SHARE, html_lang=report_words["html_lang"], skip=report_words["skip"],
        table_scroll=report_words["table_scroll"],
        index=report_words["index"], run_label=report_words["run"] + report_words["colon"],
        bands=band_key(content, lang), interval_colours=INTERVAL_COLOURS,
        how=words["how_text"].format(method=method_in_words(content, lang)),
        style=stylesheet() + (REPORT_ASSETS / "explorer.css").read_text(encoding="utf-8"),
        data=script_json(data), library=library.result(), script=script,
        script_hashes=[script_hash(library.result()), script_hash(script)])


def method_in_words(content: dict[str, Any], lang: str) -> str:
    """The rule of aggregation as the page calls it; of a mean of domain scores both means."""
    method = METHODS[lang][content["method"]]
    if "above" not in content:
        return method
    return WORDS[lang]["two_levels"].format(above=METHODS[lang][content["above"]], inside=method)


def band_key(content: dict[str, Any], lang: str) -> list[tuple[str, str, float]]:
    """The key of the dots: words, colour and radius of each band of ranks, and of the cities behind the last."""
    from workbench.explorer.charts import BAND_COLOURS, DOT_AREAS, OTHERS

    words, cuts = WORDS[lang], content["bands"]
    entries = [(words["band"].format(first=before + 1, last=last), colour, round((area / 3.1416) ** 0.5, 1))
               for before, last, colour, area in zip([0, *cuts], cuts, BAND_COLOURS, DOT_AREAS, strict=False)]
    if cuts[-1] < len(content["cities"]):
        entries.append((words["band_rest"].format(last=cuts[-1]), OTHERS, round((DOT_AREAS[-1] / 3.1416) ** 0.5, 1)))
    return entries


@cache
def vega_library() -> str:
    """Vega with its interpreter and its embedder as one script under its licence, from the pinned package; nothing is
    downloaded."""
    import vl_convert

    library = vl_convert.javascript_bundle(SNIPPET)
    if "</script" in library.lower() or "<!--" in library:
        raise ReportError("the Vega library holds the end of a script element and cannot stand in a page; "
                          "use the version of vl-convert-python that requirements.lock names")
    licence = (REPORT_ASSETS / "vega_licence.txt").read_text(encoding="utf-8")
    return f"/*!\n{licence}*/\n" + library.replace("\r\n", "\n")


def script_json(data: dict[str, Any]) -> str:
    """Data as JSON in which no text can end the script element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def script_hash(script: str) -> str:
    """The hash by which the page's policy admits a script."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
