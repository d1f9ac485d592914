"""The explorer: one self-contained page on which a reader changes the weights and sees the ranks follow.

`weightings` says which weightings there are to start from, `content` gathers what the page shows from a run's tables,
`outlines` makes the base map light, `charts` declares map, scatter plot and intervals, `page` puts all into one file.
"""

from __future__ import annotations

from workbench.explorer.content import ExplorerError, explorer_content
from workbench.explorer.page import PAGE, explorer_page, write_explorer

__all__ = ["PAGE", "ExplorerError", "explorer_content", "explorer_page", "write_explorer"]
