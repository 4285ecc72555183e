"""Trips of one driver and car: leaving, charging en route, arriving.

Departures follow the day plans alone, never the state of charge: the same driver makes the same trips in
every arm. A car that would run empty charges en route; this costs time at the destination, energy and
money, but never shifts or cancels a trip.
"""

from __future__ import annotations

import math

from sim.agents import decision_codes, entries, scheduling
from sim.agents.accounts import accrue, post
from sim.agents.decision_codes import DRIVES_BACK, NOT_AT_ALL, SELLING
from sim.agents.recharging import settle_at_departure
from sim.agents.records import CarRecord, DriverRecord, Figures
from sim.agents.starting import target_kwh
from sim.agents.thinking import thinks_now
from sim.agents.world import World
from sim.city.charger_kinds import ALWAYS_MAKES_ROOM, EN_ROUTE, NO_KIND
from sim.city.codes import HOME, NEVER, OUT_OF_TOWN, ROAD
from sim.city.out_of_town import leaves_town, plan_date
from sim.city.plans import Person
from sim.rules.battery import battery_side_kw, whole_watts_above, whole_watts_below
from sim.rules.chance import INITIAL_SOC, MOVES_CAR_NOW, uniform
from sim.rules.compiling import part_of_row, per_row
from sim.rules.gate import FULL_ENOUGH_KWH
from sim.rules.travel import cabin_power_kw, speed_factor, trip_energy_kwh

NO_EXCUSE, LEFT_EARLY, SHOCK, LIMIT = range(4)  # causes of a broken promise
# Promises are kept within the gate's tolerance near full and the rounding of set-points to whole watts.
SHORTFALL_TOLERANCE_KWH = FULL_ENOUGH_KWH + 0.02
AWAKE_FROM_H, AWAKE_TO_H = 6.0, 23.0
LOWEST_INITIAL_SOC = 0.4  # when the warm-up begins
# Margin, so that cars that charge en route do not arrive below zero through rounding.
ENOUGH = 1.01


@part_of_row
def travel(row: int, driver: DriverRecord, car: CarRecord, step: int, w: World) -> None:
    """Let one driver leave, charge en route or arrive, if due in this step."""
    if driver.place == ROAD:
        if step >= driver.arrive_step:
            _arrive(driver, car)
    elif step >= driver.depart_step:
        _leave(row, driver, car, step, w)
    elif car.charger >= 0 and scheduling.makes_room(driver, car, w):
        _make_room(row, driver, car, step, w)
    elif car.charger < 0 and thinks_now(driver, step, w):
        driver.deciding = 1
    if car.charger_kind == EN_ROUTE:
        charge_on_the_way(driver, car, w.figures[0])


@per_row
def wake_up(row: int, driver: DriverRecord, car: CarRecord, w: World) -> None:
    """Place a driver where yesterday's plan ends at midnight, and initialise the battery.

    Warm-up days follow before anything is recorded.
    """
    f = w.figures[0]
    before = w.holidays[0]
    away = before.first < -1 and before.last >= -1 and leaves_town(f.key, driver.driver_id, before)
    driver.place = OUT_OF_TOWN if away else HOME
    driver.zone = driver.home_zone
    driver.plan_day = -1
    driver.trip = 0
    look_up_next_trip(row, driver, -NEVER, w)
    while driver.depart_step < 0:
        driver.place = driver.next_place
        driver.zone = driver.next_zone
        driver.trip += 1
        look_up_next_trip(row, driver, -NEVER, w)
    draw = uniform(f.key, driver.driver_id, 0, INITIAL_SOC)
    soc = LOWEST_INITIAL_SOC + max(0.0, driver.target_soc - LOWEST_INITIAL_SOC) * draw
    car.energy_kwh = soc * car.capacity_kwh
    scheduling.note(row, driver, car, -1, w)


@part_of_row
def next_trip_kwh(driver: DriverRecord, car: CarRecord, temperature_c: float, f: Figures) -> float:
    """Battery energy the driver expects to need for the next trip at the present temperature [kWh]."""
    return trip_kwh(float(driver.trip_km), driver.trip_minutes / 60.0, car, temperature_c, f)


@part_of_row
def trip_kwh(km: float, hours: float, car: CarRecord, temperature_c: float, f: Figures) -> float:
    """Battery energy of a trip [kWh]."""
    if km <= 0.0:
        return 0.0
    cabin_kw = cabin_power_kw(
        temperature_c, f.comfort_low_c, f.comfort_high_c, f.heating_kw_per_k, f.cooling_kw_per_k
    )
    factor = speed_factor(km / hours, f.stop_and_go_kmh, f.air_drag_per_kmh2)
    return trip_energy_kwh(km, hours, car.kwh_per_km, factor, cabin_kw)


@per_row
def look_up_next_trip(row: int, driver: DriverRecord, earliest_step: int, w: World) -> None:
    """Find the driver's next trip, not leaving before `earliest_step`."""
    f, town, kinds = w.figures[0], w.town, w.day_kind
    person = Person(
        int(driver.driver_id), int(driver.archetype), int(driver.home_zone), int(driver.work_zone)
    )
    plan = w.plans[row >> f.block_bits]
    day, trip = int(driver.plan_day), int(driver.trip)
    if trip > 0 and not driver.plan_goes_on:
        day, trip = day + 1, 0
    while day + 1 < len(kinds):
        count = plan_date(f.key, person, day, int(kinds[day + 1]), w.holidays, town, plan, trip)
        if trip < count:
            planned = day * f.steps_per_day + math.floor(plan.depart_min[trip] / f.step_minutes)
            driver.depart_step = max(planned, earliest_step)
            driver.trip_km = plan.km[trip]
            driver.trip_minutes = plan.minutes[trip]
            driver.next_place = plan.place[trip]
            driver.next_zone = plan.zone[trip]
            driver.plan_day = day
            driver.trip = trip
            driver.plan_goes_on = plan.goes_on
            return
        day, trip = day + 1, 0
    driver.plan_day = day
    driver.trip = 0
    driver.depart_step = NEVER
    driver.trip_km = 0.0


@part_of_row
def detach(row: int, car: CarRecord, step: int, w: World) -> None:
    """End the session: record a shortfall if the promise is broken, and free the charger."""
    charger = w.chargers[car.charger]
    accrue(row, car, step, w)
    if charger.has_discharged:
        post(row, car, entries.DISCHARGE_SESSIONS, 1.0, w)
    settle_at_departure(row, car, charger, step, w)
    short = car.owed_kwh - car.energy_kwh
    if car.owed_kwh > 0.0 and short > SHORTFALL_TOLERANCE_KWH:
        _note_shortfall(row, car, int(charger.excuse), short, w)
    car.owed_kwh = 0.0
    charger.excuse = NO_EXCUSE
    charger.on_call = 0
    charger.has_discharged = 0
    charger.car = -1
    charger.power_kw = 0.0
    charger.low_kw = 0.0
    charger.high_kw = 0.0
    charger.controlled = 0
    charger.reason = decision_codes.NONE
    car.charger = -1
    car.charger_kind = NO_KIND
    car.power_kw = 0.0


@per_row
def _note_shortfall(row: int, car: CarRecord, excuse: int, short_kwh: float, w: World) -> None:
    """Record a broken promise and its cause."""
    post(row, car, entries.PROMISE_SHORTFALLS, 1.0, w)
    post(row, car, entries.PROMISE_SHORTFALL_KWH, short_kwh, w)
    if excuse == LEFT_EARLY:
        post(row, car, entries.SHORTFALLS_LEFT_EARLY, 1.0, w)
    elif excuse == SHOCK:
        post(row, car, entries.SHORTFALLS_SHOCK, 1.0, w)
    elif excuse == LIMIT:
        post(row, car, entries.SHORTFALLS_LIMIT, 1.0, w)


@part_of_row
def unplug_to_leave(row: int, driver: DriverRecord, car: CarRecord, step: int, w: World) -> None:
    """End a session by leaving, and give up waiting for a charger."""
    f = w.figures[0]
    if driver.answers_call == SELLING:
        car.owed_kwh = 0.0  # what is kept for the way home is no promise of the operator
    if car.charger >= 0:
        charger = w.chargers[car.charger]
        if step < charger.stated_step and charger.excuse == NO_EXCUSE and driver.answers_call != SELLING:
            charger.excuse = LEFT_EARLY
            if charger.controlled or charger.overridden:
                post(row, car, entries.PENALTY_YUAN, f.left_early_penalty, w)
        detach(row, car, step, w)
    driver.wants = NO_KIND
    driver.deciding = 0


@part_of_row
def begin_trip(
    driver: DriverRecord,
    car: CarRecord,
    goal: int,
    zone: int,
    arrive_step: int,
    km_per_step: float,
    kwh_per_step: float,
) -> None:
    """Set out for a place."""
    driver.place = ROAD
    driver.goal = goal
    driver.zone = zone
    driver.arrive_step = arrive_step
    car.km_per_step = km_per_step
    car.kwh_per_step = kwh_per_step


@part_of_row
def _leave(row: int, driver: DriverRecord, car: CarRecord, step: int, w: World) -> None:
    f = w.figures[0]
    unplug_to_leave(row, driver, car, step, w)
    kwh = next_trip_kwh(driver, car, w.series[step].temperature_c, f)
    steps = max(1, round(driver.trip_minutes / f.step_minutes))
    begin_trip(
        driver,
        car,
        int(driver.next_place),
        int(driver.next_zone),
        step + steps,
        driver.trip_km / steps,
        kwh / steps,
    )
    driver.answers_call = NOT_AT_ALL
    post(row, car, entries.TRIPS, 1.0, w)
    driver.trip += 1
    look_up_next_trip(row, driver, step + steps + 1, w)
    if not car.is_phev and car.energy_kwh - kwh < f.empty_soc * car.capacity_kwh:
        post(row, car, entries.EN_ROUTE_CHARGES, 1.0, w)
        _plan_en_route_charge(driver, car, step, steps, kwh, f)


@part_of_row
def _plan_en_route_charge(
    driver: DriverRecord, car: CarRecord, step: int, drive_steps: int, trip_kwh: float, f: Figures
) -> None:
    """Plan en-route charging up to a comfortable arrival level; only the arrival is delayed."""
    wanted = trip_kwh + f.en_route_arrival_soc * car.capacity_kwh - car.energy_kwh
    # A fast charger, or mobile charging for cars without a fast inlet.
    rating = min(float(car.battery_kw), f.en_route_kw) if car.has_fast_inlet else f.roadside_kw
    # Trips keep their times: where this power is too low to complete the drive, a higher one is assumed.
    needed_kw = ENOUGH * (trip_kwh - car.energy_kwh) / (drive_steps * f.step_hours)
    rating = max(rating, needed_kw / (1.0 - f.fixed_loss - f.proportional_loss))
    per_step = f.step_hours * battery_side_kw(rating, rating, f.fixed_loss, f.proportional_loss)
    delay = math.ceil(wanted / per_step)
    latest = max(driver.depart_step - 1, driver.arrive_step)
    driver.arrive_step = min(driver.arrive_step + delay, latest)
    on_the_road = driver.arrive_step - step
    car.en_route_kwh = min(wanted, per_step * on_the_road)
    car.session_kw = rating
    car.charger_kind = EN_ROUTE
    driver.drive_left = drive_steps


@part_of_row
def charge_on_the_way(driver: DriverRecord, car: CarRecord, f: Figures) -> None:
    """One step of en-route charging; consumption is zero once the trip's distance is driven."""
    if driver.drive_left > 0:
        driver.drive_left -= 1
    else:
        car.kwh_per_step = 0.0
        car.km_per_step = 0.0
    car.power_kw = 0.0
    if car.en_route_kwh > 0.0:
        full_kw = battery_side_kw(car.session_kw, car.session_kw, f.fixed_loss, f.proportional_loss)
        # The charger runs at rated power for part of the step: losses are those at full power.
        at_rating = full_kw / car.session_kw
        room_kwh = car.capacity_kwh - car.energy_kwh + car.kwh_per_step  # limits small cars on long trips
        mean_kw = whole_watts_above(min(car.en_route_kwh / f.step_hours, full_kw) / at_rating)
        car.power_kw = min(mean_kw, whole_watts_below(room_kwh / f.step_hours / at_rating))
        car.en_route_kwh = max(0.0, car.en_route_kwh - car.power_kw * at_rating * f.step_hours)


@part_of_row
def _arrive(driver: DriverRecord, car: CarRecord) -> None:
    driver.place = driver.goal
    driver.deciding = 1
    if driver.answers_call == DRIVES_BACK:
        driver.answers_call = NOT_AT_ALL
    car.kwh_per_step = 0.0
    car.km_per_step = 0.0
    car.en_route_kwh = 0.0
    car.power_kw = 0.0
    car.charger_kind = NO_KIND


@part_of_row
def _make_room(row: int, driver: DriverRecord, car: CarRecord, step: int, w: World) -> None:
    """Where drivers make room, unplug and move a full car away from its charger; else the idle fee is due.

    At fast posts drivers stay with the car. From other posts they move it when they are awake, some time
    after it is full.
    """
    f, kind = w.figures[0], w.kinds[car.charger_kind]
    if target_kwh(driver, car, w.kinds) - car.energy_kwh >= FULL_ENOUGH_KWH:
        return
    if kind.makes_room == ALWAYS_MAKES_ROOM or _comes_for_car(driver, car, step, w):
        detach(row, car, step, w)
    elif kind.idle_fee_yuan_per_min > 0.0:
        post(row, car, entries.IDLE_FEES_YUAN, kind.idle_fee_yuan_per_min * f.step_minutes, w)


@part_of_row
def _comes_for_car(driver: DriverRecord, car: CarRecord, step: int, w: World) -> bool:
    """Whether a driver moves a full car in this step; nobody does at night."""
    f = w.figures[0]
    hour = step % f.steps_per_day * f.step_hours
    if not AWAKE_FROM_H <= hour < AWAKE_TO_H or not scheduling.would_move(driver, car, w):
        return False
    chance = 1.0 - 0.5 ** (f.step_hours / f.full_to_unplug_h)
    return uniform(f.key, driver.driver_id, step, MOVES_CAR_NOW) < chance
