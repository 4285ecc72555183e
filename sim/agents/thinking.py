"""When a driver at a stop thinks about plugging in again: at bedtime, or when the price falls."""

from __future__ import annotations

from sim.agents.records import DriverRecord, Figures
from sim.agents.world import World
from sim.city.charger_kinds import FAST_KIND
from sim.city.codes import HOME, NEVER
from sim.rules.chance import BEDTIME, normal
from sim.rules.compiling import part_of_row

EARLIEST_BEDTIME_H, LATEST_BEDTIME_H = 20.0, 23.9
#: Drivers who end their work before the price falls wait for it up to so long, if it falls to such a share.
PRICE_WAIT_H, PRICE_FALL = 2.5, 0.85


@part_of_row
def thinks_again(driver: DriverRecord, step: int, w: World) -> int:
    """Next step in which a driver at this stop thinks about plugging in, if the car stands unplugged.

    At home with a charger: at bedtime. Who drives for a living: when the price of public posts falls soon.
    """
    if driver.place != HOME:
        return NEVER
    if w.town.archetypes[driver.archetype].commercial == 1:
        return price_falls(driver, step, w)
    if driver.home_charger < 0:
        return NEVER
    f = w.figures[0]
    bedtime = step // f.steps_per_day * f.steps_per_day + bedtime_of(driver, f)
    return int(bedtime if bedtime > step else bedtime + f.steps_per_day)


@part_of_row
def bedtime_of(driver: DriverRecord, f: Figures) -> int:
    """Step of the day at which a driver goes to bed: a personal habit."""
    hour = f.bedtime_hour + f.bedtime_spread_h * normal(f.key, driver.driver_id, 0, BEDTIME)
    return int(min(max(hour, EARLIEST_BEDTIME_H), LATEST_BEDTIME_H) / f.step_hours)


@part_of_row
def price_falls(driver: DriverRecord, step: int, w: World) -> int:
    """First step soon in which public charging costs clearly less than now, if the stop lasts so long."""
    f, now = w.figures[0], w.series[step].price[FAST_KIND]
    last = min(step + int(PRICE_WAIT_H / f.step_hours), len(w.series) - 1, int(driver.depart_step) - 1)
    for later in range(step + 1, last + 1):
        if w.series[later].price[FAST_KIND] < PRICE_FALL * now:
            return later
    return NEVER
