"""Plugging in: the driver's decision, the choice of charger, and the allocation of shared chargers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.agents import entries, scheduling
from sim.agents.accounts import accrue, post
from sim.agents.decision_codes import DRIVES_OUT, SELLING
from sim.agents.records import CarRecord, ChargerRecord, DriverRecord, Figures
from sim.agents.travelling import next_trip_kwh
from sim.agents.world import World
from sim.city.charger_kinds import AT_HOME, AT_PUBLIC, AT_WORK, HOME_KIND, NO_KIND, SALE_KIND
from sim.city.codes import HOME, WORK
from sim.city.records import ChargerTraits
from sim.rules.battery import battery_side_kw, energy_after_kwh
from sim.rules.chance import (
    CHARGER_FAULT,
    PLUG_IN,
    PLUG_IN_ODDS,
    PLUG_IN_SOC,
    QUEUE_ORDER,
    ROUTINE_PLUGGER,
    STATED_ERROR,
    STATED_SPREAD,
    STATED_WRONG,
    bits,
    normal,
    uniform,
)
from sim.rules.compiling import compiled, part_of_row, per_row
from sim.rules.gate import FULL_ENOUGH_KWH
from sim.rules.plugging import (
    LONG_STOP_H,
    SHORTEST_STOP_H,
    energy_is_tight,
    plug_in_probability,
    routine_of_owner,
    shifted_probability,
)
from sim.state.records import Records

USUAL_STAY_H = 12.0  # a night; errors of stated departures grow beyond it


@part_of_row
def consider(row: int, driver: DriverRecord, car: CarRecord, step: int, w: World) -> None:
    """Decide about plugging in after an arrival, and request a charger if wanted."""
    driver.deciding = 0
    if driver.answers_call == DRIVES_OUT:
        driver.answers_call = SELLING
        driver.wants = SALE_KIND if step >= driver.away_until else NO_KIND
        driver.waiting_since = step
    elif wants_to_plug(driver, car, step, w):
        request_charger(row, driver, car, step, w)


@part_of_row
def wants_to_plug(driver: DriverRecord, car: CarRecord, step: int, w: World) -> bool:
    """Whether a driver who has just arrived wants to plug in.

    With an own charger: by habit (routine and state of charge), as the contract requires, or because the
    next trip needs it. Without one: only when the battery runs low.
    """
    if step < driver.away_until:
        return False
    f = w.figures[0]
    capacity, energy = float(car.capacity_kwh), float(car.energy_kwh)
    hours = (driver.depart_step - step) * f.step_hours
    if hours < SHORTEST_STOP_H or driver.target_soc * capacity - energy < FULL_ENOUGH_KWH:
        return False
    soc = energy / capacity
    draw = uniform(f.key, driver.driver_id, step, PLUG_IN)
    trip_kwh = next_trip_kwh(driver, car, w.series[step].temperature_c, f)
    must = not car.is_phev and energy_is_tight(energy, trip_kwh, capacity, f.trip_buffer_soc)
    if own_site(driver, step, f) != AT_PUBLIC:
        if driver.enrolled and f.controls:
            odd = f.plug_in_spread * normal(f.key, driver.driver_id, 0, PLUG_IN_ODDS)
            if draw < shifted_probability(f.enrolled_plug_in, odd + w.series[step].pull_of_pay):
                return True
        luck = uniform(f.key, driver.driver_id, 0, ROUTINE_PLUGGER)
        routine = routine_of_owner(luck, f.routine_share)
        return must or draw < plug_in_probability(soc, _plug_in_soc(driver, f), f.plug_in_soc_width, routine)
    for_a_living = w.town.archetypes[driver.archetype].commercial == 1
    if not for_a_living and driver.home_charger >= 0:
        return must
    if hours < LONG_STOP_H and not car.has_fast_inlet:
        return must
    after_shift = for_a_living and driver.place == HOME
    level = f.after_shift_plug_in_soc if after_shift else f.public_plug_in_soc
    return must or draw < plug_in_probability(soc, level, f.plug_in_soc_width, 0.0)


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
def _plug_in_soc(driver: DriverRecord, f: Figures) -> float:
    """State of charge below which this owner plugs in: a fixed personal habit."""
    draw = normal(f.key, driver.driver_id, 0, PLUG_IN_SOC)
    return min(max(f.plug_in_soc_mean + f.plug_in_soc_sd * draw, 0.1), 0.9)


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
    """Kind of shared charger to look for at a site: the first that suits the stop, else one that fits."""
    fitting = NO_KIND
    for kind in range(len(kinds)):
        each = kinds[kind]
        if each.at != site or each.pool < 0 or (each.fast_inlet and not has_fast_inlet):
            continue
        if hours >= each.stay_from_h and (each.commercial or not commercial):
            return kind
        fitting = kind if fitting == NO_KIND else fitting
    return fitting


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
    chargers, bypasses the on-board charger.
    """
    f, charger = w.figures[0], w.chargers[number]
    accrue(row, car, step, w)
    post(row, car, entries.SESSIONS, 1.0, w)
    charger.car = row
    charger.since_step = step
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
def full_kwh(car: CarRecord, f: Figures) -> float:
    """Energy at which the tapering charging power would reach zero [kWh]."""
    return float(f.taper_headroom_soc * car.capacity_kwh)


@part_of_row
def taper_h(car: CarRecord, f: Figures) -> float:
    """Time constant of the taper [h]."""
    return float((f.taper_headroom_soc - f.taper_start_soc) * car.capacity_kwh / car.battery_kw)


@compiled
def assign_chargers(step: int, w: World) -> None:
    """Assign free chargers to waiting drivers: first come, first served; at random within one step.

    Cars that can discharge take bidirectional chargers first, others take these last. Drivers who have
    waited longer than their patience give up.
    """
    drivers, cars, f = w.drivers, w.cars, w.figures[0]
    waiting = _waiting(w.activity)
    if len(waiting) == 0:
        return
    turn = np.empty(len(waiting), np.uint64)
    for k, row in enumerate(waiting):
        lot = bits(f.key, drivers[row].driver_id, step, QUEUE_ORDER) >> np.uint64(33)
        turn[k] = (np.uint64(drivers[row].waiting_since) << np.uint64(31)) | lot
    upward, downward = w.pools["first"].copy(), w.pools["stop"] - 1
    for k in np.argsort(turn):
        row = waiting[k]
        driver, car = drivers[row], cars[row]
        pool = w.kinds[driver.wants].pool * f.n_districts + w.town.zones[driver.zone].district
        sells = driver.answers_call == SELLING
        two_way_first = bool(sells or (driver.enrolled and car.v2g_capable))
        charger_row = _free_charger(pool, two_way_first, sells, upward, downward, w.chargers)
        if charger_row >= 0:
            attach(row, driver, car, charger_row, step, w)
        elif step - driver.waiting_since >= f.patience_steps:
            driver.wants = NO_KIND
        scheduling.note(row, driver, car, w)


@compiled
def _waiting(activities: Any) -> Any:
    """Rows of the drivers who wait for a charger, in order."""
    count = 0
    every = activities[:]
    for row in range(len(every)):
        count += every[row] == scheduling.WAITING
    waiting = np.empty(count, np.int64)
    count, stretch = 0, 256
    for first in range(0, len(activities), stretch):
        part, some = activities[first : first + stretch], 0
        for row in range(len(part)):
            some += part[row] == scheduling.WAITING
        if some > 0:
            for row in range(len(part)):
                if part[row] == scheduling.WAITING:
                    waiting[count] = first + row
                    count += 1
    return waiting


@per_row
def _free_charger(
    pool: int, discharges: bool, two_way_alone: bool, upward: Any, downward: Any, chargers: Any
) -> int:
    """Next free charger of a pool, from the bidirectional end or from the other; -1 if none."""
    while upward[pool] <= downward[pool]:
        charger_row = upward[pool] if discharges else downward[pool]
        if two_way_alone and not chargers[charger_row].bidirectional:
            return -1
        if discharges:
            upward[pool] += 1
        else:
            downward[pool] -= 1
        if chargers[charger_row].car < 0:
            return int(charger_row)
    return -1
