"""How far the ranks depend on the choices: weight uncertainty and leaving indicators out.

`draws` makes the uncertain weights, `counting` turns millions of draws into counts of ranks at constant memory,
`uncertainty` reads rank intervals and acceptabilities off the counts, `leaving_out` removes one thing at a time.

Reference: docs/method.md, section 6.
"""

from .draws import SensitivityError, WeightNoise, sample_weights, scores_by_draw
from .leaving_out import LeaveOneOut, leave_one_out
from .uncertainty import WeightUncertainty, weight_uncertainty

__all__ = [
    "LeaveOneOut",
    "SensitivityError",
    "WeightNoise",
    "WeightUncertainty",
    "leave_one_out",
    "sample_weights",
    "scores_by_draw",
    "weight_uncertainty",
]
