"""Everything around the method: a notebook as a step of a run, its parameters, runs made by hand.

`analysis` makes every number and knows nothing of this package. Notebooks begin with `from workbench import open_step`.
From the command down: `cli`, `checking` and `running`; what a run publishes; the tables of one run and its notebooks;
own and simulated data; workbooks, pages and words. pyproject.toml ([tool.importlinter]) has the layers.
"""

from typing import Any

__all__ = ["Step", "open_step"]


def __getattr__(name: str) -> Any:
    """`open_step` and `Step` when they are asked for: commands that open no notebook need not load what it needs."""
    if name in __all__:
        from workbench import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module 'workbench' has no attribute {name!r}")
