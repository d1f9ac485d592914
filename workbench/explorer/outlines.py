"""A light base map: outlines of the provinces and the dashes, projected and on a grid of one kilometre.

All 34 provinces and every island stay; a ring too small for the grid keeps its corners to the tenth of a kilometre.
Neighbours share their border before and after, because both sides move to the same points of the grid.

Reference: docs/method.md, section 8.4.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.maps import (
    DASHES,
    INSET_CORNERS,
    MAIN_FRAME,
    BoundaryError,
    albers,
    projected,
    read_boundaries,
    read_features,
)

KILOMETRE = 1000.0
# Room in the east (kilometres), and the part of the map's width that the inset takes in its corner: it covers neither
# Taiwan nor a dash.
EASTERN_ROOM, INSET_SHARE = 350.0, 0.16
FEWEST_CORNERS = 4  # of a closed ring, the first counted twice


def base_map(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """GeoJSON features in kilometres on the map's plane: `provinces` (34) and `dashes` (one feature).

    Raises BoundaryError where the file is missing or incomplete.
    """
    provinces, dashes = [], []
    for feature in read_features(folder / "cn_province.geojson"):
        geometry = feature["geometry"]
        if feature["id"] == DASHES:
            dashes.append(as_feature("MultiLineString", [on_grid(line) for line in geometry["coordinates"]]))
            continue
        parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        provinces.append(as_feature("MultiPolygon", [[on_grid(ring) for ring in part] for part in parts]))
    if len(provinces) != 34 or not dashes:
        raise BoundaryError("cn_province.geojson must hold 34 provinces and the dashes; restore the file")
    return {"provinces": provinces, "dashes": dashes}


def as_feature(kind: str, coordinates: list) -> dict[str, Any]:
    return {"type": "Feature", "properties": {}, "geometry": {"type": kind, "coordinates": coordinates}}


def on_grid(line: list) -> list[list[float]]:
    """A line of [longitude, latitude] in whole kilometres, without points that fall together."""
    exact = projected(line) / KILOMETRE
    whole = np.rint(exact).astype(int)
    moved = np.append(True, (np.diff(whole, axis=0) != 0).any(axis=1))
    if moved.sum() < min(FEWEST_CORNERS, len(whole)):
        return np.round(exact, 1).tolist()
    return whole[moved].tolist()


def city_positions(folder: Path, codes: pd.Index) -> pd.DataFrame | None:
    """A point inside the largest part of each city's area (columns x and y, kilometres, by code), as on the study's
    other maps; None where a city has no outline."""
    points = read_boundaries(folder).points
    return points.loc[codes].div(KILOMETRE).round(1) if codes.isin(points.index).all() else None


def main_frame() -> tuple[float, float, float, float]:
    """West, east, south and north of the main map, in kilometres."""
    west, east, south, north = (edge / KILOMETRE for edge in MAIN_FRAME)
    return west, east + EASTERN_ROOM, south, north


def inset_frame() -> tuple[float, float, float, float]:
    """The same of the inset with the South China Sea."""
    (west, south), (east, north) = INSET_CORNERS
    x, y = albers(*np.array([(lon, lat) for lon in (west, east) for lat in (south, north)]).T)
    return x.min() / KILOMETRE, x.max() / KILOMETRE, y.min() / KILOMETRE, y.max() / KILOMETRE
