"""Start of a session: its rating, what is promised, and the timer."""

from __future__ import annotations

import math

from sim.agents import entries
from sim.agents.accounts import accrue, post
from sim.agents.decision_codes import SELLING
from sim.agents.records import CarRecord, ChargerRecord, DriverRecord, Figures
from sim.agents.world import World
from sim.city.charger_kinds import HOME_KIND, NO_KIND
from sim.city.records import ChargerTraits
from sim.rules.battery import battery_side_kw, energy_after_kwh, hours_to_reach
from sim.rules.chance import STATED_ERROR, STATED_SPREAD, STATED_WRONG, TIMER, TIMER_OFFSET, normal, uniform
from sim.rules.compiling import part_of_row
from sim.state.records import Records

QUARTER_MIN, MOST_QUARTERS = 15, 255  # timers are set to the quarter of an hour
USUAL_STAY_H = 12.0  # a night; errors of stated departures grow beyond it


@part_of_row
def is_controlled(driver: DriverRecord, kind: int, f: Figures, kinds: Records[ChargerTraits]) -> bool:
    """Whether the contract lets the operator control a session at this kind of charger."""
    if driver.answers_call == SELLING:
        return False
    return bool(f.controls and driver.enrolled and kinds[kind].controlled)


@part_of_row
def may_discharge(driver: DriverRecord, car: CarRecord, charger: ChargerRecord, f: Figures) -> bool:
    """Whether contract, car and charger allow discharging."""
    if driver.answers_call == SELLING:
        return bool(charger.bidirectional)
    able = driver.enrolled and car.v2g_capable and charger.bidirectional
    return bool(able and (f.discharges_at_home if charger.kind == HOME_KIND else f.discharges_elsewhere))


@part_of_row
def attach(row: int, driver: DriverRecord, car: CarRecord, number: int, step: int, w: World) -> None:
    """Start a session. A controlled car is promised the energy that full power could reach by departure.

    The session's rating is the least of charger, plug and inlet; direct current, as at bidirectional
    chargers, bypasses the on-board charger. A car that nobody controls may have a timer.
    """
    f, charger = w.figures[0], w.chargers[number]
    accrue(row, car, step, w)
    post(row, car, entries.SESSIONS, 1.0, w)
    charger.car = row
    charger.since_step = step
    charger.timer_quarters = 0
    charger.overridden = 0
    car.charger = number
    car.charger_kind = charger.kind
    direct = w.kinds[charger.kind].direct_current or charger.bidirectional
    car.session_kw = min(charger.rated_kw, car.battery_kw if direct else car.ac_kw)
    driver.wants = NO_KIND
    if driver.answers_call == SELLING:  # what is kept for the way back was reckoned before leaving
        charger.stated_step = max(step + 1, min(w.series[step].call_last, int(driver.depart_step)))
        car.owed_kwh = min(float(car.energy_kwh), float(car.owed_kwh))
    elif is_controlled(driver, charger.kind, f, w.kinds):
        charger.stated_step = stated_departure(driver, step, f)
        target = driver.target_soc * car.capacity_kwh
        reachable = reachable_kwh(car, (charger.stated_step - step) * f.step_hours, f)
        car.owed_kwh = min(target, reachable)
        if reachable < target:
            post(row, car, entries.DWELL_SHORTFALL_KWH, target - reachable, w)
    elif charger.kind == HOME_KIND and f.cheap_from_step >= 0:
        wait_minutes = (timer_step(driver, car, step, f) - step) * f.step_minutes
        charger.timer_quarters = min(wait_minutes // QUARTER_MIN, MOST_QUARTERS)


@part_of_row
def timer_step(driver: DriverRecord, car: CarRecord, step: int, f: Figures) -> int:
    """Step at which an uncontrolled car at home starts to charge.

    Owners with a timer start at an hour of their own in the cheap hours of the home tariff, or earlier where
    the stay would leave too little time; the others at once.
    """
    if uniform(f.key, driver.driver_id, 0, TIMER) >= f.timer_share:
        return step
    spread = f.timer_spread_steps * uniform(f.key, driver.driver_id, 0, TIMER_OFFSET)
    into_cheap_hours = (step - f.cheap_from_step) % f.steps_per_day
    if into_cheap_hours < f.cheap_steps:
        begins = step - into_cheap_hours + int(spread)
    else:
        begins = step - into_cheap_hours + f.steps_per_day + int(spread)
    rating = float(car.session_kw)
    full_kw = battery_side_kw(rating, rating, f.fixed_loss, f.proportional_loss)
    target = float(driver.target_soc * car.capacity_kwh)
    hours = hours_to_reach(float(car.energy_kwh), target, full_kw, full_kwh(car, f), taper_h(car, f))
    latest = int(driver.depart_step) - math.ceil(hours / f.step_hours)
    return max(step, min(begins, latest))


@part_of_row
def waits_for_timer(charger: ChargerRecord, step: int, f: Figures) -> bool:
    """Whether a car that nobody controls waits for its timer."""
    if charger.controlled or charger.overridden:
        return False
    return bool((step - charger.since_step) * f.step_minutes < QUARTER_MIN * charger.timer_quarters)


@part_of_row
def reachable_kwh(car: CarRecord, hours: float, f: Figures) -> float:
    """Energy a car would have after some hours at full power [kWh]."""
    rating = float(car.session_kw)
    full_kw = battery_side_kw(rating, rating, f.fixed_loss, f.proportional_loss)
    return energy_after_kwh(float(car.energy_kwh), hours, full_kw, full_kwh(car, f), taper_h(car, f))


@part_of_row
def stated_departure(driver: DriverRecord, step: int, f: Figures) -> int:
    """Stated departure step: earlier than meant by a margin, with a spread, and far off for a share of stops.

    Both errors grow with the square root of the stay beyond a usual night: who stays for days knows less.
    """
    stay_h = (driver.depart_step - step) * f.step_hours
    longer = math.sqrt(max(1.0, stay_h / USUAL_STAY_H))
    error_h = -f.stated_margin_h
    if f.stated_spread_h > 0.0:
        error_h += longer * f.stated_spread_h * normal(f.key, driver.driver_id, step, STATED_SPREAD)
    if uniform(f.key, driver.driver_id, step, STATED_WRONG) < f.stated_wrong_share:
        error_h += longer * f.stated_error_h * normal(f.key, driver.driver_id, step, STATED_ERROR)
    return max(step + 1, int(driver.depart_step) + round(error_h / f.step_hours))


@part_of_row
def target_kwh(driver: DriverRecord, car: CarRecord, kinds: Records[ChargerTraits]) -> float:
    """Energy at which the driver stops charging: the own target, at fast posts less [kWh]."""
    return min(float(driver.target_soc), kinds[car.charger_kind].stops_at_soc) * float(car.capacity_kwh)


@part_of_row
def full_kwh(car: CarRecord, f: Figures) -> float:
    """Energy at which the tapering charging power would reach zero [kWh]."""
    return float(f.taper_headroom_soc * car.capacity_kwh)


@part_of_row
def taper_h(car: CarRecord, f: Figures) -> float:
    """Time constant of the taper [h]."""
    return float((f.taper_headroom_soc - f.taper_start_soc) * car.capacity_kwh / car.battery_kw)
