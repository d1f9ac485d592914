"""How long the analyses of notebook 06 take at their default sizes, one after another.

    python -m benchmarks.notebook_06 [--draws 10000] [--attainable]

Reading the panel and the run itself are not counted; every data set of the alternatives is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from analysis import scenarios, study
from analysis import sensitivity as of
from analysis.panel import read_panel
from analysis.settings import load_settings

NOISE = of.WeightNoise("dirichlet", 100.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--attainable", action="store_true", help="attainable ranks within ±25 % as well")
    options = parser.parse_args()
    settings, panel = load_settings(), read_panel()
    base = study.score_study(panel, settings)
    values, weights, stages = base.normalised, base.combined_weights, of.Stages(panel)
    seconds: dict[str, float] = {}

    def timed(name: str, run: Callable[[], object]) -> object:
        started = time.perf_counter()
        result = run()
        seconds[name] = time.perf_counter() - started
        return result

    timed("weights alone", lambda: of.weight_uncertainty(values, weights, options.draws, 100.0, 1))
    crossing = of.combinations_to_take(of.read_crossing(settings, panel), seed=1)
    design = timed(f"{crossing.size:,} combinations", lambda: of.cross(stages, crossing, [NOISE]))
    timed("choices crossed", lambda: of.method_uncertainty(design, options.draws, 1))
    data = of.DataDraws(design, stages, 1)
    timed("the data drawn too", lambda: of.data_uncertainty(data, options.draws, settings.uncertainty.data_sets))
    timed("the same, made ready", lambda: of.data_uncertainty(data, options.draws, settings.uncertainty.data_sets))
    table = timed("table of scenarios", lambda: of.scenario_table(design))
    timed("effect of each choice", lambda: (of.choice_effects(table), of.scenario_summary(table)))
    timed("Sobol, choices", lambda: of.indices_of_choices(design, 1))
    timed("Sobol, other odds", lambda: of.indices_by_odds(design, 1, "lists", "without", (0.1, 0.33, 0.5)))
    held = crossing.without([factor.key for factor in crossing.factors if factor.makes_data])
    timed("Sobol, data held", lambda: of.indices_of_choices(of.cross(
        stages, of.combinations_to_take(held, 1, at_most=1000), [NOISE]), 1))
    timed("Sobol, weights", lambda: of.weight_indices(values, weights, NOISE, 512, 1))
    timed("leave one out", lambda: of.leave_one_out(values, weights, base.weights[["subdomain", "domain"]]))
    timed("leave a city out", lambda: of.leave_cities_out(stages, settings, of.extreme_cities(stages.raw(settings))))
    timed("one at a time", lambda: scenarios.one_choice_at_a_time(panel, base, 100, stages))
    print("".join(f"{name:26}{taken:8.2f} s\n" for name, taken in seconds.items()), end="")
    print(f"{'in all':26}{sum(seconds.values()) - seconds['the same, made ready']:8.2f} s")
    if options.attainable:
        timed("attainable ranks ±25 %", lambda: of.attainable_ranks(values, weights, 0.25))
        print(f"{'attainable ranks ±25 %':26}{seconds['attainable ranks ±25 %']:8.2f} s")


if __name__ == "__main__":
    main()
