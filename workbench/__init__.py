"""Everything around the method: steps and notebooks, own data, simulated data, runs, pages and checks.

`analysis` makes every number and knows nothing of this package. Notebooks begin with `from workbench import open_step`.

Which may import which is written in pyproject.toml ([tool.importlinter]). The rooms, roughly from below:

A notebook as a step of a run
    steps             the steps of the study: what each reads, its parameters, its notebook
    parameters        the parameters cell: written from the settings model, and read back
    notebook          `open_step` and the Step it returns: tables, figures, sentences, visible checks
    by_hand           runs made in JupyterLab or with papermill: where they may write, what would be stale
    planning          which steps a command asks for
    columns           what the columns of tables are called in both languages
    stored_form       the form in which git stores a notebook; saving: what happens when JupyterLab saved one
What a run stands on
    project           where runs are, and their tables read
    ground            what a run is on beside its figures: tree, cities, proxies, regions, traits
    run_input         the panel of a run, whatever edition of the data it is
    own               a user's tables read with every problem located, and the template to fill in
    synthetic         the simulated edition of all 34 indicators
What comes out
    edition, release  the edition in words; the date on covers and in files
    reporting         an executed notebook as HTML and PDF; the index page
    white_paper       the numbers, tables and sections of the white paper
    office            figures as files, tables to paste, Word documents, workbooks
    explorer          the page on which a reader moves the weights
    cities            a run read; one city's account, every number between raw cell and score; its page among peers
    comparing         two runs side by side
    publishing        all of these put together as the pages of a run
How it is run and checked
    running           what to run, the runner, all or nothing, the manifest
    checking          a stored run made again elsewhere and compared cell by cell
    cli               the command line
"""

from typing import Any

__all__ = ["Step", "open_step"]


def __getattr__(name: str) -> Any:
    """`open_step` and `Step` when they are asked for: commands that open no notebook need not load what it needs."""
    if name in __all__:
        from workbench import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module 'workbench' has no attribute {name!r}")
