"""How far the ranks depend on the choices: weights, methods, indicators and cities.

`draws` makes the uncertain weights, `scorers` and `counting` turn millions of draws into counts of ranks at constant
memory, `uncertainty` reads rank intervals and acceptabilities off the counts. `crossing` reads the choices with their
odds, `sampling` draws combinations of them where there are too many to take all; `stages` and `cells` compute each
distinct data set once; `over_choices` draws over them, `replaying` runs any draw again through the study, `data_error`
draws the data anew beside choices and weights, `factorial` is the table of scenarios. `sobol`, `enumeration` and
`sampled_indices` say which input or choice matters, `attainable` (with `admitted`, `conflicts`, `bracketing`) and
`swapping` what weights can and cannot do; `leaving_out` and `leaving_cities` leave out one indicator or city at a time.

Reference: docs/method.md, section 6.
"""

from .attainable import AttainableRanks, attainable_ranks
from .cells import Design, cross
from .crossing import Crossing, Factor, Option, read_alternatives, read_crossing, with_overrides
from .data_error import DataDraws, data_uncertainty, interval_table, replay_data, scores_over_data, widths
from .draws import SensitivityError, WeightNoise, sample_weights
from .enumeration import choice_indices
from .factorial import ScenarioTable, choice_effects, scenario_summary, scenario_table
from .leaving_cities import LeaveCitiesOut, extreme_cities, leave_cities_out
from .leaving_out import LeaveOneOut, leave_one_out
from .over_choices import MethodUncertainty, method_uncertainty
from .replaying import Draw, replay, sampled_inputs, score_draw
from .sampled_indices import drawn_indices, indices_by_odds, indices_of_choices
from .sampling import SampledCrossing, Staircases, combinations_to_take, sample_combinations, staircases
from .sobol import SobolIndices, sobol_indices, weight_indices
from .stages import Stages
from .swapping import Swap, smallest_swap
from .tier_chances import scores_by_draw, scores_over_choices
from .uncertainty import WeightUncertainty, compare_noises, weight_uncertainty

__all__ = [
    "AttainableRanks",
    "Crossing",
    "DataDraws",
    "Design",
    "Draw",
    "Factor",
    "LeaveCitiesOut",
    "LeaveOneOut",
    "MethodUncertainty",
    "Option",
    "ScenarioTable",
    "SampledCrossing",
    "SensitivityError",
    "SobolIndices",
    "Stages",
    "Staircases",
    "Swap",
    "WeightNoise",
    "WeightUncertainty",
    "attainable_ranks",
    "choice_effects",
    "compare_noises",
    "choice_indices",
    "combinations_to_take",
    "cross",
    "data_uncertainty",
    "drawn_indices",
    "extreme_cities",
    "indices_by_odds",
    "indices_of_choices",
    "interval_table",
    "leave_cities_out",
    "leave_one_out",
    "method_uncertainty",
    "read_alternatives",
    "read_crossing",
    "replay",
    "replay_data",
    "sample_combinations",
    "sample_weights",
    "sampled_inputs",
    "scenario_summary",
    "scenario_table",
    "score_draw",
    "scores_by_draw",
    "scores_over_choices",
    "scores_over_data",
    "smallest_swap",
    "sobol_indices",
    "staircases",
    "weight_indices",
    "weight_uncertainty",
    "widths",
    "with_overrides",
]
