"""Executed notebooks as HTML and PDF, the white paper, and the index page of a run.

`tidy_notebook` takes out of a notebook what varies between runs; `notebook_to_html` and `notebook_to_pdf` write it;
`write_index` links everything a run has made. Texts from data reach the pages as text, never as markup.
"""

from workbench.reporting.errors import ReportError
from workbench.reporting.index_page import FileEntry, ReportEntry, RunFacts, write_index
from workbench.reporting.notebook_html import notebook_to_html
from workbench.reporting.notebook_pdf import notebook_to_pdf
from workbench.reporting.stamps import PageLinks, Stamp
from workbench.reporting.tidy import tidy_notebook

__all__ = [
    "FileEntry",
    "PageLinks",
    "ReportEntry",
    "ReportError",
    "RunFacts",
    "Stamp",
    "notebook_to_html",
    "notebook_to_pdf",
    "tidy_notebook",
    "write_index",
]
