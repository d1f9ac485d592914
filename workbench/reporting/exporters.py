"""The reports as nbconvert exporters: the study's own page and PDF of any notebook that has been run.

    jupyter nbconvert --to study_html notebooks/05_scores_and_ranks.ipynb --execute
    jupyter nbconvert --to study_pdf notebooks/05_scores_and_ranks.ipynb

The same two names are in JupyterLab's menu File > Save and Export Notebook As. nbconvert finds them by the entry points
of pyproject.toml.
"""

from __future__ import annotations

from nbconvert.exporters import Exporter
from traitlets import Any, Unicode
from traitlets.config import Application

from workbench.reporting.errors import ReportError
from workbench.reporting.notebook_html import notebook_to_html
from workbench.reporting.notebook_pdf import notebook_to_pdf
from workbench.reporting.stamps import PageLinks, notebook_stamp


class Report(Exporter):
    """What both reports share: language, stamp and links of the page, and a plain sentence when there is none.

    A notebook that names its language (`report.lang` of its metadata) is told in it, another in `lang`. Without a
    `stamp` the page carries the run and the data edition that the notebook itself shows.

    The class below is nbconvert's plain Exporter, not its TemplateExporter: that one walks through the cells with
    templates and filters, whereas page and PDF are both made from the same list of blocks (`blocks.read_report`), which
    the templates of assets/report print. Of TemplateExporter only its search for templates would be used.
    """

    lang = Unicode("zh", help="zh or en, for notebooks that name no language").tag(config=True)
    stamp = Any(None, allow_none=True, help="run, edition and date that every page carries; None: the notebook's own")
    links = Any(PageLinks(index=""), help="index page and neighbours; by default none")

    def from_notebook_node(self, nb, resources=None, **options):
        notebook, resources = super().from_notebook_node(nb, resources, **options)
        name = resources.get("metadata", {}).get("name") or "notebook"
        lang = notebook.metadata.get("report", {}).get("lang", self.lang)
        try:
            refuse_without_outputs(notebook, name)
            return self.written(notebook, name, lang, self.stamp or notebook_stamp(notebook)), resources
        except ReportError as error:
            if runs_as_command():
                raise SystemExit(str(error)) from None  # which prints the sentence alone
            raise

    def written(self, notebook, name, lang, stamp):
        """The report of a notebook that has been run."""
        raise NotImplementedError


class HTMLReport(Report):
    """One self-contained HTML page of an executed notebook: `notebook_to_html`."""

    file_extension = Unicode(".html")
    output_mimetype = "text/html"
    export_from_notebook = "Study HTML 研究页面"

    def written(self, notebook, name, lang, stamp):
        return notebook_to_html(notebook, name, lang, stamp, self.links)


class PDFReport(Report):
    """The PDF of an executed notebook, through pandoc and typst: `notebook_to_pdf`."""

    file_extension = Unicode(".pdf")
    output_mimetype = "application/pdf"
    export_from_notebook = "Study PDF 研究报告"

    def written(self, notebook, name, lang, stamp):
        return notebook_to_pdf(notebook, name, lang, stamp)


def runs_as_command() -> bool:
    """Whether this process is the command `jupyter nbconvert`, not JupyterLab's server or a program of its own."""
    from nbconvert.nbconvertapp import NbConvertApp  # which itself imports the exporters

    return Application.initialized() and isinstance(Application.instance(), NbConvertApp)


def refuse_without_outputs(notebook, name: str) -> None:
    """Raise `ReportError` for a notebook with code but without a single output: nothing of it has been run."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if code and not any(cell.outputs for cell in code):
        raise ReportError(f"{name}：笔记本还没有结果；请先运行全部单元并保存，再导出。 "
                          f"The notebook has no outputs yet; run all its cells, save it, then export it.")
