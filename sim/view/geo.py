"""The map: land in hexagons, each in one district, and where on it each zone of the city is drawn.

A schematic. The outline is sketched by hand (``map_outline.csv``); districts grow from seed points until
each has its official share of the land. No rule of the model looks at any of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.path import Path as Outline
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sim.city.geography import District, Zones, build_zones, centre_of, districts, to_km
from sim.data.catalogue import SHANGHAI, rows, table_of
from sim.scenario.demand_side import CitySection

PITCH_KM = 1.9  # from the middle of a hexagon to that of its neighbour
BALANCING_ROUNDS = 400
NO_LINE: NDArray[np.float64] = np.zeros((0, 2))

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CityMap:
    """Everything that is drawn and does not move. Places in km east and north of the city's centre.

    Attributes
    ----------
    x_km, y_km : ndarray, shape (n_cells,)
        Middle of each hexagon.
    district : ndarray of int, shape (n_cells,)
    names, names_zh : tuple of str
        Of the districts.
    label_km : ndarray, shape (n_districts, 2)
        Where the name of a district stands.
    river_km : ndarray, shape (n, 2)
    waters : tuple of (str, str, float, float)
        Name, Chinese name and place of each water.
    beyond : ndarray of bool, shape (n_cells,)
        On an island, not on the mainland.
    crossing_km : ndarray, shape (3, 2) or (0, 2)
        Way from the mainland to the islands.
    first_cell, n_cells_of : ndarray of int32, shape (n_zones,)
        The cells of zone z are ``cells[first_cell[z] : first_cell[z] + n_cells_of[z]]``.
    cells : ndarray of int32
    """

    x_km: Array
    y_km: Array
    district: NDArray[np.int64]
    names: tuple[str, ...]
    names_zh: tuple[str, ...]
    label_km: Array
    river_km: Array
    waters: tuple[tuple[str, str, float, float], ...]
    beyond: NDArray[np.bool_]
    crossing_km: Array
    first_cell: NDArray[np.int32]
    n_cells_of: NDArray[np.int32]
    cells: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.x_km)


@lru_cache(maxsize=4)
def city_map(city: CitySection) -> CityMap:
    """The map of a city. A place with districts and no outline of its own gets discs of the right area."""
    place, all_districts = city.place, districts(city.place)
    shapes = _shapes(place)
    if shapes is None:
        x, y, district = _discs(all_districts)
        river = crossing = NO_LINE
        land = np.zeros(len(x), np.int64)
        waters: tuple[tuple[str, str, float, float], ...] = ()
    else:
        x, y, land = _land(shapes)
        district = _grow(x, y, land, shapes, all_districts)
        river = _line(shapes, "river")
        waters = tuple(
            (row["name"], row["name_zh"], *to_km(float(row["lon"]), float(row["lat"]), centre_of(place)))
            for row in rows("map_outline", place)
            if row["kind"] == "water"
        )
        crossing = _line(shapes, "crossing")
    first, count, cells = _cells_of_zones(x, y, district, build_zones(city))
    return CityMap(
        x_km=x,
        y_km=y,
        district=district,
        names=tuple(each.name for each in all_districts),
        names_zh=tuple(each.name_zh for each in all_districts),
        label_km=np.array([_middle(x, y, district == each.index) for each in all_districts]),
        river_km=river,
        waters=waters,
        beyond=land > 0,
        crossing_km=crossing,
        first_cell=first,
        n_cells_of=count,
        cells=cells,
    )


def _shapes(place: str) -> dict[tuple[str, str], Array] | None:
    """Points of every shape of a place's outline; None where its districts are its own and it has none."""
    own_districts, own_outline = (
        table_of(table, place).text != table_of(table, SHANGHAI).text
        for table in ("districts", "map_outline")
    )
    if own_districts and not own_outline:
        return None
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    centre = centre_of(place)
    for row in rows("map_outline", place):
        points.setdefault((row["kind"], row["shape"]), []).append(
            to_km(float(row["lon"]), float(row["lat"]), centre)
        )
    return {key: np.array(value) for key, value in points.items()}


def _line(shapes: dict[tuple[str, str], Array], kind: str) -> Array:
    """The first line of a kind in an outline, such as its river; no points where there is none."""
    return next((points for (of_kind, _), points in shapes.items() if of_kind == kind), NO_LINE)


def _hexagons(x_low: float, x_high: float, y_low: float, y_high: float) -> tuple[Array, Array]:
    """Middles of a grid of hexagons with a corner up."""
    down = PITCH_KM * math.sqrt(3.0) / 2.0
    lines = np.arange(math.floor(y_low / down), math.ceil(y_high / down) + 1)
    places = np.arange(math.floor(x_low / PITCH_KM), math.ceil(x_high / PITCH_KM) + 1)
    x = (places[None, :] + 0.5 * (lines[:, None] % 2)) * PITCH_KM
    y = np.broadcast_to((lines * down)[:, None], x.shape)
    return x.ravel(), y.ravel()


def _land(shapes: dict[tuple[str, str], Array]) -> tuple[Array, Array, NDArray[np.int64]]:
    """Cells on land, and which piece of land each lies on."""
    every = np.concatenate([points for (kind, _), points in shapes.items() if kind == "land"])
    x, y = _hexagons(every[:, 0].min(), every[:, 0].max(), every[:, 1].min(), every[:, 1].max())
    land = _piece_of_land(shapes, np.column_stack([x, y]))
    return x[land >= 0], y[land >= 0], land[land >= 0]


def _piece_of_land(shapes: dict[tuple[str, str], Array], points: Array) -> NDArray[np.int64]:
    """Number of the piece of land that each point lies on, the mainland first; -1 for water."""
    pieces = [outline for (kind, _), outline in shapes.items() if kind == "land"]
    found = np.full(len(points), -1)
    for number, outline in enumerate(pieces):
        found[Outline(outline).contains_points(points)] = number
    return found


def _grow(
    x: Array,
    y: Array,
    land: NDArray[np.int64],
    shapes: dict[tuple[str, str], Array],
    all_districts: list[District],
) -> NDArray[np.int64]:
    """District of each cell: the nearest seed, each district's seeds reaching as far as its area asks.

    A cell belongs to the district with the least squared distance less the district's reach; reaches are
    raised where a district is too small and lowered where it is too large. No seed reaches over water.
    """
    away = np.full((len(all_districts), len(x)), np.inf)
    for each in all_districts:
        seeds = shapes[("district", each.name)]
        for (sx, sy), piece in zip(seeds, _piece_of_land(shapes, seeds), strict=True):
            here = land == piece
            from_seed = (x[here] - sx) ** 2 + (y[here] - sy) ** 2
            away[each.index, here] = np.minimum(away[each.index, here], from_seed)
    area = np.array([each.radius_km**2 for each in all_districts])
    wanted, reach = len(x) * area / area.sum(), np.zeros(len(area))
    for turn in range(BALANCING_ROUNDS):
        district = np.argmin(away - reach[:, None], axis=0)
        missing = wanted - np.bincount(district, minlength=len(area))
        reach += (8.0 / (1.0 + turn / 40.0)) * missing / np.sqrt(wanted)
    found: NDArray[np.int64] = district
    return found


def _discs(all_districts: list[District]) -> tuple[Array, Array, NDArray[np.int64]]:
    """Cells within the discs of districts, each in the disc whose middle is nearest in its own radii."""
    middle = np.array([(each.x_km, each.y_km) for each in all_districts])
    radius = np.array([each.radius_km for each in all_districts])
    low, high = (middle - radius[:, None]).min(axis=0), (middle + radius[:, None]).max(axis=0)
    x, y = _hexagons(low[0], high[0], low[1], high[1])
    away = np.hypot(x[None, :] - middle[:, :1], y[None, :] - middle[:, 1:]) / radius[:, None]
    inside = away.min(axis=0) <= 1.0
    return x[inside], y[inside], np.argmin(away, axis=0)[inside]


def _middle(x: Array, y: Array, here: NDArray[np.bool_]) -> tuple[float, float]:
    """The cell of a district that is deepest inside it, nearest to the middle of its cells."""
    mx, my = float(x[here].mean()), float(y[here].mean())
    nearest = np.argmin((x[here] - mx) ** 2 + (y[here] - my) ** 2)
    return float(x[here][nearest]), float(y[here][nearest])


def _cells_of_zones(
    x: Array, y: Array, district: NDArray[np.int64], zones: Zones
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Share the cells of every district out among its zones, near ones first, as evenly as can be."""
    given: list[list[int]] = [[] for _ in range(len(zones))]
    for index in range(int(district.max()) + 1):
        here, own = np.flatnonzero(district == index), np.flatnonzero(zones.district == index)
        zx, zy = _spread(zones.x_km[own], x[here]), _spread(zones.y_km[own], y[here])
        away = (zx[:, None] - x[here]) ** 2 + (zy[:, None] - y[here]) ** 2
        per_zone = -(-len(here) // len(own))
        seats, turns = np.tile(away, (per_zone, 1)), -(-len(own) // len(here))
        for seat, cell in zip(*linear_sum_assignment(np.tile(seats, (1, turns))), strict=True):
            zone = own[seat % len(own)]
            if here[cell % len(here)] not in given[zone]:
                given[zone].append(int(here[cell % len(here)]))
        for number, zone in enumerate(own):
            if not given[zone]:
                given[zone].append(int(here[np.argmin(away[number])]))
    count = np.array([len(each) for each in given], np.int32)
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int32)
    return first, count, np.array([cell for each in given for cell in each], np.int32)


def _spread(zones_km: Array, cells_km: Array) -> Array:
    """Places of zones stretched to the extent of the district's cells, the discs of the model being round."""
    spread = max(float(zones_km.std()), 1e-9)
    placed: Array = cells_km.mean() + (zones_km - zones_km.mean()) * float(cells_km.std()) / spread
    return placed


def geometry(drawn: CityMap) -> dict[str, Any]:
    """What the page needs to draw the map, as plain data."""
    return {
        "pitch": PITCH_KM,
        "x": np.round(drawn.x_km, 2).tolist(),
        "y": np.round(drawn.y_km, 2).tolist(),
        "district": drawn.district.tolist(),
        "names": list(drawn.names),
        "names_zh": list(drawn.names_zh),
        "labels": np.round(drawn.label_km, 2).tolist(),
        "river": np.round(drawn.river_km, 2).tolist(),
        "waters": [list(water) for water in drawn.waters],
    }
