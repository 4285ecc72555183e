"""Plugging in: when a driver thinks about it, and what is decided."""

from __future__ import annotations

import math

from sim.agents.decision_codes import DRIVES_OUT, SELLING
from sim.agents.records import CarRecord, DriverRecord, Figures
from sim.agents.starting import attach
from sim.agents.thinking import bedtime_of, price_falls
from sim.agents.travelling import next_trip_kwh
from sim.agents.world import World
from sim.city.charger_kinds import AT_HOME, AT_PUBLIC, AT_WORK, FAST_KIND, NO_KIND
from sim.city.codes import HOME, NEVER, OUT_OF_TOWN, WORK
from sim.city.records import ChargerTraits
from sim.rules.chance import (
    ALPHA,
    CHARGER_FAULT,
    FORGETS,
    MEAL_HABIT,
    OPPORTUNITY_DRIVEN,
    PLUG_IN,
    normal,
    uniform,
)
from sim.rules.compiling import part_of_row, per_row
from sim.rules.gate import FULL_ENOUGH_KWH
from sim.rules.plugging import (
    SHORTEST_STOP_H,
    alpha_of_owner,
    energy_is_tight,
    need_soc,
    of_price,
    plug_in_probability,
)
from sim.state.records import Records

LONG_STOP_H = 2.0  # cars without a fast inlet look for a public post on stops of at least this length
MEAL_H = 0.6  # who drives for a living charges on stops of at least this length


@part_of_row
def consider(row: int, driver: DriverRecord, car: CarRecord, step: int, w: World) -> None:
    """Decide about plugging in, and request a charger if wanted."""
    driver.deciding = 0
    if driver.answers_call == DRIVES_OUT:
        driver.answers_call = SELLING
        driver.wants = FAST_KIND if step >= driver.away_until else NO_KIND
        driver.waiting_since = step
        return
    if wants_to_plug(driver, car, step, w):
        request_charger(row, driver, car, step, w)


@part_of_row
def wants_to_plug(driver: DriverRecord, car: CarRecord, step: int, w: World) -> bool:
    """Whether a driver wants to plug in now.

    With an own charger: at the last return of a day, or at bedtime if that was forgotten, by the plug-in rule
    with the owner's own alpha; whoever is enrolled, at every return and with an alpha that pay raises. At
    posts of others by the same rule with a lower alpha, less often where the price is high. Who drives for a
    living, at meals and after the shift.
    """
    if step < driver.away_until or driver.place == OUT_OF_TOWN:
        return False
    f = w.figures[0]
    capacity, energy = float(car.capacity_kwh), float(car.energy_kwh)
    hours = (driver.depart_step - step) * f.step_hours
    if hours < SHORTEST_STOP_H or driver.target_soc * capacity - energy < FULL_ENOUGH_KWH:
        return False
    soc, trip_kwh = energy / capacity, next_trip_kwh(driver, car, w.series[step].temperature_c, f)
    if w.town.archetypes[driver.archetype].commercial == 1:
        return _driver_for_a_living_wants(driver, car, soc, trip_kwh, hours, step, w)
    if not car.is_phev and energy_is_tight(energy, trip_kwh, capacity, f.trip_buffer_soc):
        return True
    site = own_site(driver, step, f)
    if site == AT_PUBLIC and (_has_own(driver) or (hours < LONG_STOP_H and not car.has_fast_inlet)):
        return False
    need = trip_kwh / capacity  # below it a hybrid burns fuel; who can charge at home waits until then
    if not car.is_phev and not (site == AT_PUBLIC and driver.home_charger >= 0):
        need = need_soc(trip_kwh, capacity, f.range_margin, f.comfort_soc)
    if site == AT_HOME and not _is_the_time(driver, step, f):
        return soc <= need
    alpha = own_alpha(driver, f)
    if site == AT_PUBLIC:
        alpha *= f.shared_alpha
    if driver.enrolled and f.controls and site != AT_PUBLIC:
        alpha = max(alpha, enrolled_alpha(driver, step, w))
    wish = plug_in_probability(soc, need, float(driver.target_soc), alpha)
    if site == AT_PUBLIC:
        wish = of_price(wish, w.series[step].dearness, f.public_price_elasticity)
    when = step // f.steps_per_day if site == AT_HOME else step
    return uniform(f.key, driver.driver_id, when, PLUG_IN) < wish


@part_of_row
def _has_own(driver: DriverRecord) -> bool:
    """Whether the driver stands at an own charger; if a public one is looked for, it is out of order."""
    return bool(driver.place == HOME and driver.home_charger >= 0)


@part_of_row
def _is_the_time(driver: DriverRecord, step: int, f: Figures) -> bool:
    """Whether a driver at home thinks of plugging in out of habit: after the last return of the day.

    Whoever forgets it then remembers at bedtime. Enrolled owners think of it at every return and every night.
    """
    day, enrolled = step // f.steps_per_day, bool(driver.enrolled and f.controls)
    forgets = uniform(f.key, driver.driver_id, day, FORGETS) < f.forget_share
    if step != driver.arrive_step:
        came_today = driver.arrive_step // f.steps_per_day == day
        return enrolled or bool(came_today and forgets)
    goes_out_again = driver.trip > 0  # the next trip belongs to the same day
    late = step % f.steps_per_day >= bedtime_of(driver, f)
    return (enrolled or not goes_out_again) and (late or not forgets)


@part_of_row
def _driver_for_a_living_wants(
    driver: DriverRecord, car: CarRecord, soc: float, trip_kwh: float, hours: float, step: int, w: World
) -> bool:
    """Whether who drives for a living charges now: the shift decides first, then the state of charge.

    Each driver has a habit: most fill up after the shift, but not shortly before the price falls, others at
    meals; at the other of the two they charge only when the battery is low. A car is handed over full. On
    shorter stops they charge only when the next leg needs it.
    """
    f = w.figures[0]
    tight = not car.is_phev and energy_is_tight(
        float(car.energy_kwh), trip_kwh, float(car.capacity_kwh), f.trip_buffer_soc
    )
    at_meals = uniform(f.key, driver.driver_id, 0, MEAL_HABIT) < f.meal_habit_share
    if driver.place == HOME:
        handover = driver.trip > 0  # the next leg belongs to the same day
        level = f.fill_up_soc if handover or not at_meals else f.low_soc_of_drivers
        wants = soc < level and (handover or price_falls(driver, step, w) == NEVER)
    else:
        wants = soc < (f.fill_up_soc if at_meals else f.low_soc_of_drivers) and hours >= MEAL_H
    return bool(tight or wants)


@part_of_row
def own_alpha(driver: DriverRecord, f: Figures) -> float:
    """How eagerly an owner plugs in, a personal habit: need-driven or opportunity-driven."""
    lot = uniform(f.key, driver.driver_id, 0, OPPORTUNITY_DRIVEN)
    draw = normal(f.key, driver.driver_id, 0, ALPHA)
    return alpha_of_owner(
        lot, draw, f.opportunity_share, f.alpha_need_driven, f.alpha_opportunity_driven, f.alpha_spread
    )


@part_of_row
def enrolled_alpha(driver: DriverRecord, step: int, w: World) -> float:
    """Alpha of an enrolled owner: the contract's, by the own habit, raised by pay for plugged-in time."""
    f = w.figures[0]
    if f.contract_alpha == math.inf:
        return math.inf
    eagerness = own_alpha(driver, f) / f.typical_alpha
    return f.contract_alpha * eagerness * math.exp(w.series[step].pull_of_pay)


@part_of_row
def own_site(driver: DriverRecord, step: int, f: Figures) -> int:
    """Site of a charger that the driver may use as an own one at this place, else ``AT_PUBLIC``."""
    if driver.place == HOME and driver.home_charger >= 0:
        day = step // f.steps_per_day
        works = uniform(f.key, driver.driver_id, day, CHARGER_FAULT) < f.availability
        return AT_HOME if works else AT_PUBLIC
    if driver.place == WORK and driver.has_work_access:
        return AT_WORK
    return AT_PUBLIC


@part_of_row
def request_charger(row: int, driver: DriverRecord, car: CarRecord, step: int, w: World) -> None:
    """Plug in at home, or queue for the shared charger that suits the stop: at work or in public."""
    f = w.figures[0]
    site = own_site(driver, step, f)
    if site == AT_HOME:
        attach(row, driver, car, driver.home_charger, step, w)
        return
    hours = (driver.depart_step - step) * f.step_hours
    commercial = w.town.archetypes[driver.archetype].commercial
    driver.wants = shared_kind(site, commercial, car.has_fast_inlet, hours, w.kinds)
    driver.waiting_since = step


@per_row
def shared_kind(
    site: int, commercial: int, has_fast_inlet: int, hours: float, kinds: Records[ChargerTraits]
) -> int:
    """Kind of shared charger to look for first at a site: one that suits the stop, else one that fits."""
    fitting = NO_KIND
    for kind in range(len(kinds)):
        if not fits(kind, site, has_fast_inlet, kinds):
            continue
        if suits(kind, commercial, hours, kinds):
            return kind
        fitting = kind if fitting == NO_KIND else fitting
    return fitting


@part_of_row
def fits(kind: int, site: int, has_fast_inlet: int, kinds: Records[ChargerTraits]) -> bool:
    """Whether a car can use a kind of shared charger at a site."""
    each = kinds[kind]
    return bool(each.at == site and each.pool >= 0 and (has_fast_inlet or not each.fast_inlet))


@part_of_row
def suits(kind: int, commercial: int, hours: float, kinds: Records[ChargerTraits]) -> bool:
    """Whether drivers take a kind of shared charger for a stop of that length."""
    each = kinds[kind]
    return bool(hours >= each.stay_from_h and (each.commercial or not commercial))
