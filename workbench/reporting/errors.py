"""The one error of reporting."""

from __future__ import annotations


class ReportError(ValueError):
    """A notebook that cannot become a report; the message names the notebook, the place and the remedy."""
