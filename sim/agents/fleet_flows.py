"""Fleet flows and fleet state of a step: sums over rows, updated incrementally.

The compiled rules add every flow to the sums of their block of cars, so that no further pass over the fleet
is needed. Once a day all sums are recounted in full and compared.
"""

from __future__ import annotations

from typing import Any

from sim.agents.entries import CHART
from sim.agents.records import CarRecord, ChargerRecord
from sim.agents.scheduling import DRIVING, IDLE, PLUGGED, WAITING
from sim.agents.world import World
from sim.city.charger_kinds import KINDS
from sim.rules.compiling import part_of_row, per_row

N_KINDS = len(KINDS)

# Flows of a step: postings to all accounts, then groups with one entry per kind of charger [kW], then other
# sums.
FIRST = CHART.room
CHARGE_KW, DISCHARGE_KW, CONTROLLED_CHARGE_KW, CONTROLLED_DISCHARGE_KW = range(
    FIRST, FIRST + 4 * N_KINDS, N_KINDS
)
OTHERS = FIRST + 4 * N_KINDS
(
    UP_KW, DOWN_KW, CHARGING, DISCHARGING, OUT_OF_LIMITS, MISPLUGGED, OUT_OF_BOUNDS,
    ENERGY_KWH, SOC, STRANDED, ENROLLED_CHARGE_KW,
) = range(OTHERS, OTHERS + 11)  # fmt: skip
FLOWS = OTHERS + 11

# Number of cars by activity in a step.
N_DRIVING, N_QUEUEING, N_PLUGGED = range(3)
STANDS = 3

# Full recount.
(
    ALL_ENERGY_KWH, ALL_SOC, ALL_OUT_OF_BOUNDS, ALL_ENROLLED, ALL_PLUGGED, ALL_UNTRUE,
    ALL_OCCUPIED, ALL_LIVE,
) = range(8)  # fmt: skip
RECOUNTED = 8

SOC_TOLERANCE = 1e-9


@part_of_row
def add(row: int, flow: int, amount: float, w: World) -> None:
    """Add to a flow of the block that a car belongs to."""
    w.flows[row >> w.figures[0].block_bits, flow] += amount


@part_of_row
def note_charger(row: int, charger: ChargerRecord, charger_row: int, car: CarRecord, w: World) -> None:
    """Add the power of a plugged-in car's charger in this step, and check its limits."""
    out = w.flows[row >> w.figures[0].block_bits]
    power = float(charger.power_kw)
    if charger.car != row or car.charger != charger_row or car.power_kw != power:
        out[MISPLUGGED] += 1
    idle = not car.converting
    if power >= 0.0:
        out[CHARGE_KW + charger.kind] += power
        if power > 0.0 and not idle:
            out[CHARGING] += 1
        if w.drivers[row].enrolled:
            out[ENROLLED_CHARGE_KW] += power
    else:
        out[DISCHARGE_KW + charger.kind] -= power
        out[DISCHARGING] += 1
    within = charger.low_kw <= power <= charger.high_kw and abs(power) <= charger.rated_kw
    if not within and not idle:  # standby is drawn by the charger itself
        out[OUT_OF_LIMITS] += 1
    if charger.controlled:
        working = 0.0 if idle else power
        if power >= 0.0:
            out[CONTROLLED_CHARGE_KW + charger.kind] += power
        else:
            out[CONTROLLED_DISCHARGE_KW + charger.kind] -= power
        out[UP_KW] += working - charger.low_kw
        out[DOWN_KW] += charger.high_kw - working


@per_row
def count_cars(start: int, stop: int, out: Any, w: World) -> None:
    """Count the cars that drive, wait for a charger and are plugged in."""
    activities, driving, queueing, plugged = w.activity[start:stop], 0, 0, 0
    for row in range(len(activities)):
        activity = activities[row]
        driving += activity == DRIVING
        queueing += activity == WAITING
        plugged += (activity == PLUGGED) | (activity == IDLE)
    out[N_DRIVING], out[N_QUEUEING], out[N_PLUGGED] = driving, queueing, plugged


@per_row
def recount_cars(start: int, stop: int, out: Any, w: World) -> None:
    """Recount all cars and drivers, idle ones included."""
    drivers, cars, activities = w.drivers, w.cars, w.activity
    for row in range(start, stop):
        car = cars[row]
        soc = car.energy_kwh / car.capacity_kwh
        out[ALL_ENERGY_KWH] += car.energy_kwh
        out[ALL_SOC] += soc
        if not (-SOC_TOLERANCE <= soc <= 1.0 + SOC_TOLERANCE):
            out[ALL_OUT_OF_BOUNDS] += 1
        out[ALL_ENROLLED] += drivers[row].enrolled
        plugged = activities[row] == PLUGGED or activities[row] == IDLE
        out[ALL_PLUGGED] += car.charger >= 0
        if plugged != (car.charger >= 0) or (activities[row] == IDLE and car.power_kw != 0.0):
            out[ALL_UNTRUE] += 1


@per_row
def recount_chargers(start: int, stop: int, out: Any, w: World) -> None:
    """Count occupied chargers, and unoccupied chargers with non-zero power (an error)."""
    chargers = w.chargers
    for charger_row in range(start, stop):
        out[ALL_OCCUPIED] += chargers[charger_row].car >= 0
        out[ALL_LIVE] += chargers[charger_row].car < 0 and chargers[charger_row].power_kw != 0.0
