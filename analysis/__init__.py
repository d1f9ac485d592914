"""An open recomputation of a composite indicator of China's digital cities: the method, and all that makes a number.

`study.score_study` runs the whole method in one call; notebooks 01 to 09 walk through the same functions step by step.
This package imports nothing of `workbench`, which holds what is around the method, except that `python -m analysis`
starts the command line there; which module may import which is written in pyproject.toml ([tool.importlinter]).
Nothing is imported here, so that a step loads only what it uses.

To read it in the order of the method:

What a run is given
    settings          every choice of method, typed, with its range and its meaning in both languages
    editions          public, synthetic and own data: names, traits, and the mark of what is simulated
    wording           texts written for cities, said of what a study compares
    validation, frames  what the method accepts; how tables pass from step to step, at 12 digits
Data, notebooks 01 and 02
    rawfiles          raw files as text with line numbers, and their checksums
    sources           every raw table read and checked, all problems reported together
    framework         6 domains, 14 sub-domains, 34 indicators, and the proxies that can measure them
    published         the white paper's printed tables, every erratum applied and listed
    cleaning          raw tables to one panel by stated rules, with a log row for every cell set aside
    panel             what a study starts from: figures, cities, tree, proxies, judgements
    indicators        the panel to a matrix of cities × indicators
    treatment         gaps filled, outliers drawn in, and the record of both
    prediction        what a city's other indicators say of one that it lacks
    hold_out          known cells hidden and filled: how well each way of filling does
    reliability       how far each figure can be relied on, estimated or stated
    normalisation     one scale, one direction
    multivariate      how the indicators are related
Weights, notebooks 03 and 04
    ahp, hierarchy    judgements to weights at one node; along the tree
    experts           the panel of experts, and the weights of the group
    weighting         weights from the data, and both halves combined
    expert_agreement  how far experts differ, and what each one changes
Scores, notebook 05
    aggregation       scores that need no weights: Borda, Mazziotta-Pareto, benefit of the doubt
    scoring           scores, ranks, and what a score consists of
    study             the whole method in memory, one function per stage: read this first for an overview
What the result depends on, notebooks 06 and 07
    sensitivity       weights, methods, indicators and cities varied: intervals, chances, Sobol indices
    scenarios         the study again for each alternative of settings/alternatives.yaml
    tiers             tiers, how many, and how sure each city's is
    years             the same study in other years: who moved, and what moved them
What it says, notebooks 08 and 09
    regions           where the leading cities lie
    spatial           how alike neighbouring cities are: Moran's I, and the clusters it comes from
    permutation       whether regions differ when whole provinces are the cases
    agreement         how far the ranking agrees with the published one, GDP beside it
    implied           how closely weighted public figures can follow the published order
    attribution, shapley  why two rankings differ, divided among the stages of the method
    bands                 certain, probable and contested places; pairs and groups that cannot be told apart
    importance            what decides the scores: shares of their variance, titles
What a reader sees of it
    figures, maps     one function per figure: frames in, a matplotlib Figure out
    tables            published tables, and the only writer of their mark-up
"""

__version__ = "0.1.0"
__released__ = "2026-11-24"  # the date on covers and in files: that of the study, never that of a run
