"""Scheduling: which agents must be processed in this step.

Most cars are inactive most of the time: parked, or plugged in and full. A few bytes per car, stored apart
from its state, hold the step in which its driver acts next and the car's current activity. They are derived
from the state of driver, car and charger and add no information.
"""

from __future__ import annotations

from sim.agents.decision_codes import NOT_AT_ALL, SELLING, TIMER
from sim.agents.records import CarRecord, ChargerRecord, DriverRecord
from sim.agents.thinking import thinks_again
from sim.agents.world import World
from sim.city.charger_kinds import ALWAYS_MAKES_ROOM, EN_ROUTE, NO_KIND, WHEN_AWAKE
from sim.city.codes import HOME, ROAD
from sim.rules.chance import MOVES_CAR, uniform
from sim.rules.compiling import part_of_row, per_row

# Activity of a car. IDLE: plugged in, full and not controlled.
PARKED, WAITING, DRIVING, PLUGGED, IDLE = range(5)
ACTIVITIES = ("parked", "waiting for a charger", "driving", "plugged in", "plugged in and full")

NOW = -1  # always due


@part_of_row
def note(row: int, driver: DriverRecord, car: CarRecord, step: int, w: World) -> None:
    """Update the schedule of a car after a change; `step` is the last one that its driver has lived."""
    acts = (
        driver.deciding or car.charger_kind == EN_ROUTE or (car.charger >= 0 and makes_room(driver, car, w))
    )
    on_the_road = driver.place == ROAD
    at_stop = int(driver.depart_step)
    if car.charger < 0 and not on_the_road:
        at_stop = min(at_stop, thinks_again(driver, step, w))
    w.wake[row] = NOW if acts else (driver.arrive_step if on_the_road else at_stop)
    if on_the_road:
        w.activity[row] = DRIVING
    elif car.charger >= 0:
        w.activity[row] = PLUGGED
    elif driver.wants != NO_KIND:
        w.activity[row] = WAITING
    else:
        w.activity[row] = PARKED


@part_of_row
def makes_room(driver: DriverRecord, car: CarRecord, w: World) -> bool:
    """Whether it matters at this charger that the car is full: the driver moves it, or pays an idle fee."""
    if driver.answers_call == SELLING:
        return False
    kind = w.kinds[car.charger_kind]
    if kind.makes_room != WHEN_AWAKE:
        return bool(kind.makes_room == ALWAYS_MAKES_ROOM)
    return bool(kind.idle_fee_yuan_per_min > 0.0 or would_move(driver, car, w))


@part_of_row
def would_move(driver: DriverRecord, car: CarRecord, w: World) -> bool:
    """Whether the driver moves a full car from a post where it may stay.

    On visits everybody does in the end. Near home some do, more of them where an idle fee is due.
    """
    if driver.place != HOME:
        return True
    f = w.figures[0]
    fee = w.kinds[car.charger_kind].idle_fee_yuan_per_min > 0.0
    share = max(f.moves_share, f.moves_for_fee_share) if fee else f.moves_share
    return uniform(f.key, driver.driver_id, 0, MOVES_CAR) < share


@per_row
def note_all(start: int, stop: int, step: int, w: World) -> None:
    """Update the schedules of a range of cars; `step` is the last one that drivers have lived."""
    for row in range(start, stop):
        note(row, w.drivers[row], w.cars[row], step, w)


@part_of_row
def end_of_plugged(start: int, w: World) -> int:
    """End of the list of a block's active plugged-in cars; it starts at the block's start."""
    return int(start + w.n_active[start >> w.figures[0].block_bits, 0])


@part_of_row
def start_of_driving(start: int, stop: int, w: World) -> int:
    """Start of the list of a block's cars on the road; it is filled backwards from the block's end."""
    return int(stop - w.n_active[start >> w.figures[0].block_bits, 1])


@part_of_row
def rests(charger: ChargerRecord, driver: DriverRecord, car: CarRecord) -> bool:
    """Whether a plugged-in car is idle until it leaves: full, not controlled, without standby power."""
    nothing = charger.high_kw <= 0.0 and charger.low_kw >= 0.0 and car.power_kw == 0.0
    own = charger.custom or car.custom
    return bool(
        nothing
        and not own
        and charger.reason != TIMER
        and not charger.controlled
        and not charger.bidirectional
        and driver.answers_call == NOT_AT_ALL
    )
