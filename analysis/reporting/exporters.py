"""The reports as nbconvert exporters, so that `jupyter nbconvert` makes the same pages from any executed notebook:

    jupyter nbconvert --to analysis.reporting.exporters.HTMLReport notebooks/05_scores_and_ranks.ipynb --execute
"""

from __future__ import annotations

from nbconvert.exporters import Exporter
from traitlets import Any, Unicode

from analysis.reporting.notebook_html import notebook_to_html
from analysis.reporting.notebook_pdf import notebook_to_pdf
from analysis.reporting.stamps import PageLinks, Stamp


class Report(Exporter):
    """What both reports share: the language, the stamp of the run and the links of the page."""

    lang = Unicode("zh", help="zh or en").tag(config=True)
    stamp = Any(Stamp("lab", "", ""), help="run, edition and date that every page carries")
    links = Any(PageLinks(), help="index page and neighbours")
    export_from_notebook = None

    def name_of(self, resources: dict) -> str:
        """The notebook's name, for messages."""
        return resources.get("metadata", {}).get("name", "notebook")


class HTMLReport(Report):
    """One self-contained HTML page of an executed notebook: `notebook_to_html`."""

    file_extension = Unicode(".html")
    output_mimetype = "text/html"

    def from_notebook_node(self, nb, resources=None, **options):
        notebook, resources = super().from_notebook_node(nb, resources, **options)
        return notebook_to_html(notebook, self.name_of(resources), self.lang, self.stamp, self.links), resources


class PDFReport(Report):
    """The PDF of an executed notebook, through pandoc and typst: `notebook_to_pdf`."""

    file_extension = Unicode(".pdf")
    output_mimetype = "application/pdf"

    def from_notebook_node(self, nb, resources=None, **options):
        notebook, resources = super().from_notebook_node(nb, resources, **options)
        return notebook_to_pdf(notebook, self.name_of(resources), self.lang, self.stamp), resources
