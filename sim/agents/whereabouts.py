"""Where cars are and what they do, for those who look on: summed by cell of a map, or one by one."""

from __future__ import annotations

from typing import Any

from sim.agents.agenda import DRIVING, IDLE, PLUGGED
from sim.rules.compiling import part_of_row, per_row

# What is counted in every cell. Power in kW of the simulated cars, at the grid side.
N_PARKED, N_PLUGGED, N_CHARGING, N_FEEDING_IN, N_DRIVING, CHARGE_KW, FEED_IN_KW = range(7)
COUNTED = 7

# What one car does: the first five entries above, in that order.
LOOKS = ("parked", "plugged in", "charging", "feeding in", "driving")

SPREAD = 2654435761  # Knuth's multiplicative hash: neighbours in number are no neighbours in town


@part_of_row
def cell_of(zone: int, driver_id: int, first_cell: Any, n_cells: Any, cells: Any) -> int:
    """Cell in which a driver's car is drawn when in a zone; the same one each time."""
    turn = ((driver_id * SPREAD) & 0xFFFFFFFF) >> 8
    return int(cells[first_cell[zone] + turn % n_cells[zone]])


@part_of_row
def look_of(activity: int, car: Any) -> int:
    """What a car is seen to do."""
    if activity == DRIVING:
        return N_DRIVING
    if activity != PLUGGED and activity != IDLE:
        return N_PARKED
    if car.converting and car.power_kw > 0.0:
        return N_CHARGING
    if car.converting and car.power_kw < 0.0:
        return N_FEEDING_IN
    return N_PLUGGED


@per_row
def count_cells(start: int, stop: int, out: Any, first_cell: Any, n_cells: Any, cells: Any, w: Any) -> None:
    """Count cars by cell and look, and add up their power: ``out[cell * COUNTED + entry]``.

    A car on the road counts where it is going.
    """
    drivers, cars, activities = w.drivers, w.cars, w.activity
    for row in range(start, stop):
        driver, car = drivers[row], cars[row]
        at = COUNTED * cell_of(driver.zone, driver.driver_id, first_cell, n_cells, cells)
        look = look_of(activities[row], car)
        out[at + look] += 1.0
        if look == N_CHARGING:
            out[at + CHARGE_KW] += car.power_kw
        elif look == N_FEEDING_IN:
            out[at + FEED_IN_KW] -= car.power_kw


@per_row
def look_at(
    rows: Any, looks: Any, socs: Any, places: Any, first_cell: Any, n_cells: Any, cells: Any, w: Any
) -> None:
    """Note of some cars, one by one, what they do, their state of charge in percent, and their cell."""
    for k in range(len(rows)):
        driver, car = w.drivers[rows[k]], w.cars[rows[k]]
        looks[k] = look_of(w.activity[rows[k]], car)
        socs[k] = int(100.0 * car.energy_kwh / car.capacity_kwh + 0.5)
        places[k] = cell_of(driver.zone, driver.driver_id, first_cell, n_cells, cells)
