"""What the page is sent: one frame for each step, and the frames of the past day."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.map_counts import (
    COUNTED,
    N_CHARGING,
    N_FEEDING_IN,
    N_PLUGGED,
    ON_THE_ROAD,
    SPREAD,
    count_cells,
    find_cells,
    look_at,
)
from sim.model import CityModel
from sim.state.blocks import over_blocks, sum_over_blocks
from sim.view.geo import PITCH_KM, CityMap, city_map

MOST_DOTS = 40_000  # cars drawn one by one; of a larger fleet a fair sample is
DOTS_OF_MANY = 20_000
REMEMBERED_STEPS = 192
#: Figures of a frame that change by the hour.
HOURLY = ("saved", "operator")
PER_KM = 100.0  # places are sent as whole tens of metres
#: Full colour of the map: so much of the rating of all cars that live in a crowded hexagon.
FULL_SHARE, CROWDED = 0.5, 0.95

Places = NDArray[np.int16]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """One step as it is drawn.

    Attributes
    ----------
    step : int
        The step that has just been done.
    figures : dict
        Everything that is written or drawn as a line; plain data.
    cells : ndarray of float32, shape (n_cells, COUNTED)
        Cars by look, and power [kW], at the scale of the city.
    looks : ndarray of uint8, shape (n_dots,)
        What each drawn car does, see ``sim.agents.map_counts.LOOKS``.
    places : ndarray of int16, shape (n_dots, 2)
        Where it is, in tens of metres.
    """

    step: int
    figures: dict[str, Any]
    cells: NDArray[np.float32]
    looks: NDArray[np.uint8]
    places: Places

    def without_hourly(self) -> Frame:
        """The frame without what changes by the hour, for a page that has been told."""
        kept = {key: value for key, value in self.figures.items() if key not in HOURLY}
        return replace(self, figures=kept)


def plugged_in(counted: NDArray[Any]) -> NDArray[Any]:
    """Cars plugged in by row of counts: those that wait, charge and feed in."""
    found: NDArray[Any] = counted[:, N_PLUGGED] + counted[:, N_CHARGING] + counted[:, N_FEEDING_IN]
    return found


class Eyes:
    """Looks at a model after each step: cells of the map, and single cars.

    Attributes
    ----------
    map : CityMap
    cars : ndarray of int
        Rows of the cars that are drawn one by one.
    """

    def __init__(self, model: CityModel):
        self._model = model
        self.map: CityMap = city_map(model.spec.city)
        n = len(model.cars)
        every = 1 if n <= MOST_DOTS else -(-n // DOTS_OF_MANY)
        self.cars = np.arange(0, n, every)
        self._zones = (self.map.first_cell, self.map.n_cells_of, self.map.cells)
        self._seen, self._found = np.empty(n, np.int32), np.empty(n, np.int32)
        self._looked_at = -1
        self._looks, self._socs = np.zeros(len(self.cars), np.uint8), np.zeros(len(self.cars), np.uint8)
        self._at = np.zeros(len(self.cars), np.int32)
        self._aside = _aside(model, self.cars)
        look_at(self.cars, self._looks, self._socs, self._at, *self._zones, model.world)
        self._from = self._at.copy()
        self._since = np.full(len(self.cars), model.step_index)

    def cells(self) -> NDArray[np.float32]:
        """Cars by look and power in every cell, at the scale of the city."""
        model, n, width = self._model, len(self._model.cars), len(self.map) * COUNTED
        if model.step_index != self._looked_at + 1:  # cars may have come and gone unseen
            over_blocks(find_cells, n, self._found, *self._zones, model.world)
        self._looked_at = model.step_index
        seen = self._seen, self._found
        counted = sum_over_blocks(count_cells, n, width, *seen, *self._zones, model.world)
        found: NDArray[np.float32] = (model.spec.weight * counted).astype(np.float32)
        return found.reshape(len(self.map), COUNTED)

    def full_kw(self) -> float:
        """Power in a hexagon that is drawn in full colour, at the scale of the city [kW].

        By the ratings of the cars and where they live, never by what they do at a moment: one colour is one
        power in every step, and in every arm of a scenario.
        """
        model = self._model
        drivers, first, count = model.world.drivers, self.map.first_cell, self.map.n_cells_of
        zone = drivers["home_zone"]
        turn = (drivers["driver_id"].astype(np.uint64) * np.uint64(SPREAD)) & np.uint64(0xFFFFFFFF)
        place = first[zone] + ((turn * count[zone].astype(np.uint64)) >> np.uint64(32)).astype(np.int64)
        rated = np.bincount(self.map.cells[place], model.world.cars["ac_kw"], len(self.map))
        crowded = model.spec.weight * float(np.quantile(rated[rated > 0.0], CROWDED))
        return _round_up(FULL_SHARE * crowded)

    def dots(self) -> tuple[NDArray[np.uint8], Places]:
        """What the drawn cars do, and where; a car on the road is as far on its way as in time."""
        model, before = self._model, self._looks.copy()
        look_at(self.cars, self._looks, self._socs, self._at, *self._zones, model.world)
        now, goal = model.step_index, self._place_of(self._at)
        driving = self._looks == ON_THE_ROAD
        leaves = driving & (before != ON_THE_ROAD)
        self._since[leaves] = now - 1
        places = goal.copy()
        rows = np.flatnonzero(driving)
        arrive = model.world.drivers["arrive_step"][self.cars[rows]]
        length = np.maximum(1, arrive - self._since[rows])
        share = np.clip((now - self._since[rows]) / length, 0.0, 1.0)
        places[rows] = self._on_the_way(rows, share)
        self._from[~driving] = self._at[~driving]
        return self._looks.copy(), np.round(PER_KM * places).astype(np.int16)

    def spot_of(self, car: int) -> int:
        """Number of the point that stands for a car; -1 where it is not drawn."""
        place = int(np.searchsorted(self.cars, car))
        return place if place < len(self.cars) and self.cars[place] == car else -1

    def _place_of(self, cells: NDArray[np.int32]) -> Points:
        """Where each drawn car is when in a cell."""
        return np.column_stack([self.map.x_km[cells], self.map.y_km[cells]]) + self._aside

    def _on_the_way(self, rows: NDArray[np.int64], share: Points) -> Points:
        """Straight on; between the mainland and the islands by the tunnel and the bridge."""
        start, goal = self._place_of(self._from)[rows], self._place_of(self._at)[rows]
        places = start + share[:, None] * (goal - start)
        leaves, arrives = self.map.beyond[self._from[rows]], self.map.beyond[self._at[rows]]
        for island, way in ((False, self.map.crossing_km), (True, self.map.crossing_km[::-1])):
            over = np.flatnonzero((leaves == island) & (arrives != island))
            places[over] = _along(start[over], way, goal[over], share[over])
        return places


def _along(start: Points, way: Points, goal: Points, share: Points) -> Points:
    """Places a share of the way from each start to each goal, by the points of a way."""
    between = np.broadcast_to(way, (len(start), *way.shape))
    points = np.concatenate([start[:, None], between, goal[:, None]], axis=1)
    parts = np.diff(points, axis=1)
    lengths = np.hypot(parts[..., 0], parts[..., 1])
    ends = np.cumsum(lengths, axis=1)
    at, rows = share * ends[:, -1], np.arange(len(start))
    part = np.minimum(np.sum(ends < at[:, None], axis=1), lengths.shape[1] - 1)
    into = 1.0 - (ends[rows, part] - at) / np.maximum(lengths[rows, part], 1e-9)
    found: Points = points[rows, part] + into[:, None] * parts[rows, part]
    return found


def _round_up(value: float) -> float:
    """The next number that people read at a glance: 1, 2 or 5 and noughts."""
    size = 10.0 ** math.floor(math.log10(value))
    return size * next(each for each in (1.0, 2.0, 5.0, 10.0) if each * size >= value)


def _aside(model: CityModel, cars: NDArray[np.int64]) -> Points:
    """How far from the middle of its cell each car is drawn [km]; the same in every step."""
    rng = np.random.default_rng(model.spec.seed)
    turn, far = rng.uniform(0.0, 2.0 * np.pi, len(cars)), np.sqrt(rng.uniform(0.0, 1.0, len(cars)))
    radius = 0.48 * PITCH_KM * far
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn)])


class Recording:
    """The frames of the past days, the oldest forgotten first."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque(maxlen=REMEMBERED_STEPS)

    def add(self, frame: Frame) -> None:
        """Keep a frame; of frames with a gap between them only the later ones."""
        if self._frames and frame.step != self._frames[-1].step + 1:
            self._frames.clear()
        self._frames.append(frame)

    def at(self, step: int) -> Frame | None:
        """The frame of a step, if it is still remembered."""
        if not self._frames:
            return None
        place = step - self._frames[0].step
        return self._frames[place] if 0 <= place < len(self._frames) else None

    @property
    def latest(self) -> Frame | None:
        """The newest frame."""
        return self._frames[-1] if self._frames else None
