"""Everything around the method: a notebook as a step of a run, its parameters, runs made by hand.

`analysis` makes every number and knows nothing of this package. Notebooks begin with `from workbench import open_step`.
"""

from workbench.notebook import Step, open_step

__all__ = ["Step", "open_step"]
