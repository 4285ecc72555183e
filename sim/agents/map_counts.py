"""Location and activity of cars for display: summed by map cell, or for single cars."""

from __future__ import annotations

from typing import Any

from sim.agents import decision_codes, entries
from sim.agents.records import CarRecord
from sim.agents.scheduling import DRIVING, IDLE, PLUGGED
from sim.agents.world import World
from sim.rules.compiling import part_of_row, per_row
from sim.state.prefetch import FAR, prefetch

# Displayed activities of a car.
PARKED, PLUGGED_IN, CHARGING, FEEDING_IN, ON_THE_ROAD = range(5)
LOOKS = ("parked", "plugged in", "charging", "feeding in", "driving")

# Counts per cell: cars that are not just parked, and grid-side power of the simulated cars [kW].
N_PLUGGED, N_CHARGING, N_FEEDING_IN, N_DRIVING, CHARGE_KW, FEED_IN_KW = range(6)
COUNTED = 6

# Values stored for a tracked car.
PLACE, POST, DOES, WHY, SESSIONS = range(5)
NOTED = 5

SPREAD = 2654435761  # Knuth's multiplicative hash: consecutive numbers are spread over cells


@part_of_row
def cell_of(zone: int, driver_id: int, first_cell: Any, n_cells: Any, cells: Any) -> int:
    """Map cell in which a driver's car is displayed when in a zone; deterministic."""
    turn = (driver_id * SPREAD) & 0xFFFFFFFF
    return int(cells[first_cell[zone] + ((turn * n_cells[zone]) >> 32)])


@part_of_row
def look_of(activity: int, car: CarRecord) -> int:
    """Displayed activity of a car."""
    if activity == DRIVING:
        return ON_THE_ROAD
    if activity == IDLE:
        return PLUGGED_IN
    if activity != PLUGGED:
        return PARKED
    if car.converting and car.power_kw > 0.0:
        return CHARGING
    if car.converting and car.power_kw < 0.0:
        return FEEDING_IN
    return PLUGGED_IN


@per_row
def find_cells(
    start: int, stop: int, found: Any, first_cell: Any, n_cells: Any, cells: Any, w: World
) -> None:
    """Store the cell of every car."""
    for row in range(start, stop):
        driver = w.drivers[row]
        found[row] = cell_of(driver.zone, driver.driver_id, first_cell, n_cells, cells)


@per_row
def count_cells(
    start: int,
    stop: int,
    out: Any,
    seen: Any,
    found: Any,
    first_cell: Any,
    n_cells: Any,
    cells: Any,
    w: World,
) -> None:
    """Count cars by cell and displayed activity, and sum their power: ``out[cell * COUNTED + entry]``.

    A car on the road counts at its destination. ``found`` holds the cells of all cars in the previous step:
    only those on the road are updated. For parked and idle cars only the activity byte is read; other cars
    are listed in the buffer ``seen`` (one entry per row): plugged-in cars from the front of the block, cars
    on the road from its end.
    """
    activities, drivers, cars, idle, last, first = w.activity, w.drivers, w.cars, start, start, stop - 1
    for row in range(start, stop):
        seen[idle] = row
        idle += activities[row] == IDLE
    for k in range(start, idle):
        out[COUNTED * found[seen[k]] + N_PLUGGED] += 1.0
    for row in range(start, stop):
        activity = activities[row]
        seen[last] = seen[first] = row
        last += activity == PLUGGED
        first -= activity == DRIVING
    for k in range(start, last):
        if k + FAR < last:
            prefetch(cars, seen[k + FAR])
        at, car = COUNTED * found[seen[k]], cars[seen[k]]
        look = look_of(PLUGGED, car)
        out[at + N_PLUGGED + look - PLUGGED_IN] += 1.0
        if look == CHARGING:
            out[at + CHARGE_KW] += car.power_kw
        elif look == FEEDING_IN:
            out[at + FEED_IN_KW] -= car.power_kw
    for k in range(stop - 1, first, -1):
        if k - FAR > first:
            prefetch(drivers, seen[k - FAR])
        driver = drivers[seen[k]]
        found[seen[k]] = cell_of(driver.zone, driver.driver_id, first_cell, n_cells, cells)
        out[COUNTED * found[seen[k]] + N_DRIVING] += 1.0


@per_row
def look_at(
    rows: Any, looks: Any, socs: Any, places: Any, first_cell: Any, n_cells: Any, cells: Any, w: World
) -> None:
    """Store the displayed activity, state of charge [%] and cell of the given cars."""
    for k in range(len(rows)):
        driver, car = w.drivers[rows[k]], w.cars[rows[k]]
        looks[k] = look_of(w.activity[rows[k]], car)
        socs[k] = int(100.0 * car.energy_kwh / car.capacity_kwh + 0.5)
        places[k] = cell_of(driver.zone, driver.driver_id, first_cell, n_cells, cells)


@per_row
def watch(rows: Any, accounts: Any, out: Any, w: World) -> None:
    """Store place, kind of charger, activity, reason and number of sessions of the given cars.

    ``out[entry, k]`` belongs to row ``rows[k]``, whose account is ``accounts[k]``.
    """
    for k in range(len(rows)):
        driver, car = w.drivers[rows[k]], w.cars[rows[k]]
        out[PLACE, k] = driver.place
        out[POST, k] = car.charger_kind
        out[DOES, k] = look_of(w.activity[rows[k]], car)
        out[WHY, k] = w.chargers[car.charger].reason if car.charger >= 0 else decision_codes.NONE
        out[SESSIONS, k] = w.accounts[accounts[k]].sums[entries.SESSIONS]
