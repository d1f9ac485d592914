"""An open recomputation of a composite indicator of China's digital cities.

The modules follow the data's way: sources → cleaning → panel → indicators → treatment → normalisation → weighting →
scoring → study → sensitivity → tiers, regions, agreement → figures, tables, maps. `study.score_study` runs the whole
method in memory; `workbench` runs it as ten notebooks. Which module may import which is written in pyproject.toml
([tool.importlinter]). Nothing is imported here, so that a step loads only what it uses.
"""

__version__ = "0.1.0"
__released__ = "2026-11-24"  # the date on covers and in files: that of the study, never that of a run
