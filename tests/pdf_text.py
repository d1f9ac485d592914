"""The words of a PDF, page by page."""

from pathlib import Path

import pypdfium2


def pages_of(pdf: Path | bytes) -> list[str]:
    """The text of every page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
