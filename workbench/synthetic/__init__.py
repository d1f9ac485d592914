"""The synthetic edition: simulated values of all 34 indicators, calibrated to what the white paper publishes.

合成数据，非真实评价结果。It exercises, tests and teaches the evaluation system; no number in it is a fact about a city.
`tables` reads the model, `strengths` draws and conditions the latent strengths, `readings` turns them into indicators,
`flaws` adds gaps and gross errors, `facts` holds the result against the published facts, `simulation` does it all;
`panel` writes it as a folder of tables, `cleaning` finds the errors again, `recovery` asks whether the method finds
what is there, `weight_freedom` how much lists say about weights.

Reference: docs/synthetic.md.
"""

from .panel import write_default, write_panel
from .simulation import Synthetic, simulate
from .tables import Published, read_published, read_readings

__all__ = ["Published", "Synthetic", "read_published", "read_readings", "simulate", "write_default", "write_panel"]
