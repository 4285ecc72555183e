"""When a driver at a stop thinks about plugging in again: at bedtime, or when the price falls."""

from __future__ import annotations

from sim.agents.records import DriverRecord, Figures
from sim.agents.world import World
from sim.city.charger_kinds import FAST_KIND
from sim.city.codes import HOME, NEVER
from sim.rules.chance import BEDTIME, normal
from sim.rules.compiling import part_of_row

EARLIEST_BEDTIME_H, LATEST_BEDTIME_H = 20.0, 23.9
#: Drivers who end their work before the price falls wait for it up to so long, if it falls to such a share
#: (assumption).
PRICE_WAIT_H, PRICE_FALL = 2.5, 0.85


@part_of_row
def thinks_now(driver: DriverRecord, step: int, w: World) -> bool:
    """Whether a driver at a stop, whose car stands unplugged, thinks about plugging in again in this step.

    At home with a charger: at bedtime. Who drives for a living: when the price of public posts has fallen.
    """
    if driver.place != HOME:
        return False
    f = w.figures[0]
    if w.town.archetypes[driver.archetype].commercial == 1:
        return step > 0 and _falls(step, w)
    return bool(driver.home_charger >= 0 and step % f.steps_per_day == bedtime_of(driver, f))


@part_of_row
def thinks_again(driver: DriverRecord, step: int, w: World) -> int:
    """Next step after a given one in which that is so, as far as it is soon; else ``NEVER``."""
    if driver.place != HOME:
        return NEVER
    f = w.figures[0]
    if w.town.archetypes[driver.archetype].commercial == 1:
        return price_falls(driver, step, w)
    if driver.home_charger < 0:
        return NEVER
    wait = (bedtime_of(driver, f) - step - 1) % f.steps_per_day
    return int(step + 1 + wait)


@part_of_row
def bedtime_of(driver: DriverRecord, f: Figures) -> int:
    """Step of the day at which a driver goes to bed: a personal habit."""
    hour = f.bedtime_hour + f.bedtime_spread_h * normal(f.key, driver.driver_id, 0, BEDTIME)
    return int(min(max(hour, EARLIEST_BEDTIME_H), LATEST_BEDTIME_H) / f.step_hours)


@part_of_row
def price_falls(driver: DriverRecord, step: int, w: World) -> int:
    """First step soon after a given one in which public charging becomes clearly cheaper, during the stop."""
    f = w.figures[0]
    last = min(step + int(PRICE_WAIT_H / f.step_hours), len(w.series) - 1, int(driver.depart_step) - 1)
    for later in range(step + 1, last + 1):
        if later > 0 and _falls(later, w):
            return later
    return NEVER


@part_of_row
def _falls(step: int, w: World) -> bool:
    """Whether public charging is clearly cheaper than in the step before."""
    return bool(w.series[step].price[FAST_KIND] < PRICE_FALL * w.series[step - 1].price[FAST_KIND])
