"""Who needs a look in a step, so that nobody else costs anything.

Most cars do nothing most of the time: parked, or plugged in and full. A few bytes for each car, apart from
its state, say when its driver acts next and whether it moves energy. They follow from the state of driver,
car and charger and hold nothing of their own.
"""

from __future__ import annotations

from sim.agents.records import CarRecord, ChargerRecord, DriverRecord
from sim.agents.world import World
from sim.city.charger_kinds import ALWAYS_MAKES_ROOM, AWAY_FROM_HOME, EN_ROUTE, NO_KIND
from sim.city.codes import HOME, ROAD
from sim.city.records import ChargerTraits
from sim.rules.compiling import part_of_row, per_row
from sim.state.records import Records

# What a car is doing. IDLE: plugged in, full, and nobody controls it.
PARKED, WAITING, DRIVING, PLUGGED, IDLE = range(5)
ACTIVITIES = ("parked", "waiting for a post", "driving", "plugged in", "plugged in and full")

NOW = -1  # a step that has come


@part_of_row
def note(row: int, driver: DriverRecord, car: CarRecord, w: World) -> None:
    """Bring the agenda of one car up to date with what has happened to it."""
    acts = (
        driver.deciding
        or car.charger_kind == EN_ROUTE
        or (car.charger >= 0 and makes_room(driver, car, w.kinds))
    )
    on_the_road = driver.place == ROAD
    w.wake[row] = NOW if acts else (driver.arrive_step if on_the_road else driver.depart_step)
    if on_the_road:
        w.activity[row] = DRIVING
    elif car.charger >= 0:
        w.activity[row] = PLUGGED
    elif driver.wants != NO_KIND:
        w.activity[row] = WAITING
    else:
        w.activity[row] = PARKED


@part_of_row
def makes_room(driver: DriverRecord, car: CarRecord, kinds: Records[ChargerTraits]) -> bool:
    """Whether a driver comes back to a car at a charger once it is full: not to a public one near home."""
    when = kinds[car.charger_kind].makes_room
    return bool(when == ALWAYS_MAKES_ROOM or (when == AWAY_FROM_HOME and driver.place != HOME))


@per_row
def note_all(start: int, stop: int, w: World) -> None:
    """Bring the agenda of a range of cars up to date."""
    for row in range(start, stop):
        note(row, w.drivers[row], w.cars[row], w)


@part_of_row
def end_of_plugged(start: int, w: World) -> int:
    """Where the list of a block's cars at work at a charger ends; it begins where the block begins."""
    return int(start + w.n_active[start >> w.figures[0].block_bits, 0])


@part_of_row
def start_of_driving(start: int, stop: int, w: World) -> int:
    """Where the list of a block's cars on the road begins; it ends where the block ends, in falling order."""
    return int(stop - w.n_active[start >> w.figures[0].block_bits, 1])


@part_of_row
def rests(charger: ChargerRecord, driver: DriverRecord, car: CarRecord) -> bool:
    """Whether a car at a charger has nothing left to do until it leaves: full, not controlled, no standby."""
    nothing = charger.high_kw <= 0.0 and charger.low_kw >= 0.0 and car.power_kw == 0.0
    own = charger.custom or car.custom
    return bool(
        nothing
        and not own
        and not charger.controlled
        and not charger.bidirectional
        and not driver.answers_event
    )
