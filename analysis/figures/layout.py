"""Constrained layout that is the same to the last bit each time. It imports matplotlib: import it where it is used."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox

PLACES = 9  # decimals of the width or height of a figure: a millionth of a printer's dot


class SteadyLayout(ConstrainedLayoutEngine):
    """Constrained layout with the axes at rounded positions.

    The solver behind it (kiwisolver) orders its terms by their addresses in memory, so that the last bits of a position
    differ between two drawings of one figure; the names of clipping paths in an SVG depend on them.
    """

    def execute(self, figure: Figure) -> None:
        super().execute(figure)
        for axes in figure.axes:
            in_layout = axes.get_in_layout()
            bounds = (round(part, PLACES) for part in axes.get_position(original=True).bounds)
            axes.set_position(Bbox.from_bounds(*bounds))
            axes.set_in_layout(in_layout)  # set_position takes them out
