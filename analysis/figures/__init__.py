"""Figures of the study: one function per published figure, frames in, a matplotlib Figure out; no file access.

Every function takes `lang` ("zh" or "en") and `stamp`, the edition printed in the footer. Call `use_style()` once
before the first figure; `to_svg` and `to_png` give deterministic bytes. Nothing touches pyplot, so that a figure is
an object like any other and importing this package stays cheap.

`RASTER` names the figures that are better kept as PNG, because their SVG is larger than 300 KB; so are all maps.
"""

from analysis.figures.agreement import agreement_over_choices, agreement_scatter, movers
from analysis.figures.inputs import coverage_tiles, distributions, missing_values
from analysis.figures.pairs import pairwise_chances
from analysis.figures.regional import group_counts, lorenz_curves, province_counts, region_counts, region_scores
from analysis.figures.scores import domain_profile, ledger_waterfall, score_bars
from analysis.figures.sensitivity import acceptability_map, attainable_spans, choice_tornado, rank_flow, sobol_bars
from analysis.figures.simulated import weight_freedom
from analysis.figures.spatial import moran_scatter, region_ranges
from analysis.figures.style import FigureError, to_png, to_svg, use_style
from analysis.figures.system import system_tree
from analysis.figures.three_intervals import three_intervals, width_distribution
from analysis.figures.tiers import choice_of_k, tier_strip
from analysis.figures.uncertainty import leave_one_out, rank_intervals, top_probability
from analysis.figures.weights import ahp_experts, effective_weights, entropy_shift, weight_bars
from analysis.figures.years import ranks_by_year, score_changes

RASTER = frozenset({"acceptability_map", "rank_intervals", "three_intervals"})

__all__ = [
    "FigureError", "RASTER", "acceptability_map", "agreement_over_choices", "agreement_scatter", "ahp_experts",
    "attainable_spans", "choice_of_k", "choice_tornado", "coverage_tiles", "distributions", "domain_profile",
    "effective_weights", "entropy_shift", "group_counts", "leave_one_out", "ledger_waterfall", "lorenz_curves",
    "missing_values", "moran_scatter", "movers", "pairwise_chances", "province_counts", "rank_flow",
    "rank_intervals", "ranks_by_year", "region_counts", "region_ranges", "region_scores", "score_bars",
    "score_changes", "sobol_bars", "system_tree", "three_intervals", "tier_strip", "to_png", "to_svg",
    "top_probability", "use_style", "weight_bars", "weight_freedom", "width_distribution",
]
