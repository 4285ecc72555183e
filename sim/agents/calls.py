"""Answering calls: owners drive to a public two-way post, sell, and drive back.

A call is announced for some hours and pays for energy fed in at two-way posts. Whoever hears of it, is free,
stands at home or at work and would gain enough leaves in time to be there when it begins. The trip costs time
and energy; at the post there may be a queue. Planned trips keep their times: who would not be back, stays.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.agents import entries
from sim.agents.accounts import post
from sim.agents.charging import discharge_efficiency
from sim.agents.decision_codes import DRIVES_BACK, DRIVES_OUT, NOT_AT_ALL, SELLING
from sim.agents.records import CarRecord, DriverRecord, Figures, Moment
from sim.agents.scheduling import note
from sim.agents.travelling import begin_trip, trip_kwh, unplug_to_leave
from sim.agents.world import World
from sim.city.charger_kinds import FAST_KIND, HOME_KIND, NO_KIND
from sim.city.codes import ERRAND, HOME, NEVER, ROAD, WORK
from sim.city.out_of_town import plan_date
from sim.city.plans import Person
from sim.grid.clock import Clock
from sim.market.tariffs import retail_prices
from sim.rules.chance import FREE_FOR_CALL, REGISTERED, WANTED_GAIN, WAY_TO_POST, normal, uniform
from sim.rules.compiling import part_of_row, per_row
from sim.rules.drive_out import distance_to_nearest_km, expected_kwh, gain_yuan
from sim.scenario.errors import ScenarioError
from sim.scenario.schema import Scenario

Array = NDArray[Any]

REBUY_WITHIN_H = 24.0  # the cheapest hours of the day after a call refill the car
LEAST_SOLD_KWH = 1.0  # nobody drives out for less


class Way(NamedTuple):
    """The way from where a driver stands to the nearest two-way site: km, minutes, and whole steps."""

    km: float
    minutes: float
    steps: int


def call_columns(spec: Scenario, clock: Clock) -> dict[str, Array]:
    """Columns of the calls in every step, for ``World.series``: announced from, first, last, and prices.

    Raises
    ------
    ScenarioError
        If calls overlap, their notice included.
    """
    n, retail = len(clock), retail_prices(spec, clock)
    columns: dict[str, Array] = {
        "call_announced": np.full(n, NEVER, np.int32), "call_first": np.full(n, NEVER, np.int32),
        "call_last": np.full(n, -1, np.int32), "call_price": np.zeros(n), "call_rebuy": np.zeros((n, 2)),
    }  # fmt: skip
    ahead = round(REBUY_WITHIN_H / clock.step_hours)
    for number, call in enumerate(spec.market.calls):
        first, last = clock.stretch(call.at, call.hours)
        announced = max(0, first - round(call.notice_minutes / 60.0 / clock.step_hours))
        here = slice(announced, last)
        if (columns["call_last"][here] >= 0).any():
            raise ScenarioError.single(
                spec.name, f"market.calls.{number}", "begins, notice included, before an earlier call is over"
            )
        for name, value in (("call_announced", announced), ("call_first", first), ("call_last", last)):
            columns[name][here] = value
        columns["call_price"][here] = spec.participation.owners_share * call.yuan_per_kwh
        later = retail[:, last : last + ahead]
        if later.shape[1]:
            columns["call_rebuy"][here] = later[HOME_KIND].min(), later[FAST_KIND].min()
    return columns


def sites_per_km2(world: Any, spec: Scenario) -> NDArray[np.float64]:
    """Two-way sites of the city at which owners can sell, by district [1/km2]."""
    zones, chargers = world.town.zones, world.chargers
    n_districts = int(world.figures[0]["n_districts"])
    area_km2 = np.bincount(zones["district"], np.pi * zones["radius_km"] ** 2, n_districts)
    two_way = (chargers["kind"] == FAST_KIND) & (chargers["bidirectional"] == 1)
    posts = spec.weight * np.bincount(chargers["district"][two_way], minlength=n_districts)
    sites = np.where(posts > 0.0, np.maximum(1.0, posts / spec.chargers.posts_per_site), 0.0)
    return sites / np.maximum(area_km2, 1e-9)


@per_row
def answer_calls(start: int, stop: int, step: int, sites: Any, w: World) -> None:
    """Owners drive out when it is time to, and back when they have sold, given up, or must leave."""
    moment, f = w.series[step], w.figures[0]
    for row in range(start, stop):
        driver, car = w.drivers[row], w.cars[row]
        if driver.place == ROAD or driver.custom or car.custom:
            continue
        if driver.answers_call == SELLING:
            _stay_or_go_back(row, driver, car, step, sites, w)
        elif step < moment.call_last and _hears_of_it(driver, car, step, moment, f):
            _go_or_stay(row, driver, car, step, sites, w)
        note(row, driver, car, step - 1, w)


@part_of_row
def _hears_of_it(driver: DriverRecord, car: CarRecord, step: int, moment: Moment, f: Figures) -> bool:
    """Whether an owner could answer a call: a capable car, registered, and free on this day."""
    if step < driver.away_until or not car.v2g_capable or car.is_phev or not car.has_fast_inlet:
        return False
    if driver.answers_call != NOT_AT_ALL or (driver.place != HOME and driver.place != WORK):
        return False
    if uniform(f.key, driver.driver_id, 0, REGISTERED) >= f.registered_share:
        return False
    return bool(uniform(f.key, driver.driver_id, moment.call_first, FREE_FOR_CALL) < f.free_share)


@part_of_row
def _way(driver: DriverRecord, sites: Any, w: World) -> Way:
    """The way to the nearest two-way site of the district."""
    f = w.figures[0]
    density = sites[w.town.zones[driver.zone].district]
    straight = distance_to_nearest_km(uniform(f.key, driver.driver_id, 0, WAY_TO_POST), density)
    km = w.town.figures[0].network_factor * straight
    minutes = 60.0 * km / w.town.figures[0].speed_peak_kmh  # as in the rush hour: nobody wants to be late
    if minutes > 24.0 * 60.0:
        return Way(km, minutes, NEVER)
    return Way(km, minutes, max(1, math.ceil(minutes / f.step_minutes)))


@part_of_row
def _go_or_stay(row: int, driver: DriverRecord, car: CarRecord, step: int, sites: Any, w: World) -> None:
    """Drive out if this is the step to leave in, there is time to be back, and the gain is enough."""
    moment, f = w.series[step], w.figures[0]
    way = _way(driver, sites, w)
    if way.steps == NEVER or step != max(moment.call_announced, moment.call_first - way.steps):
        return
    begins = max(moment.call_first, step + way.steps)
    ends = min(moment.call_last, latest_return(driver, way))
    hours_there = (ends - begins) * f.step_hours
    one_way_kwh = trip_kwh(way.km, way.minutes / 60.0, car, moment.temperature_c, f)
    kept_kwh = floor_of_sale_kwh(driver, car, one_way_kwh, step, w)
    spare_kwh = car.energy_kwh - one_way_kwh - kept_kwh
    kw = min(float(car.battery_kw), f.sale_kw)
    possible = min(spare_kwh * discharge_efficiency(kw, f), kw * hours_there)
    if hours_there <= 0.0 or possible < LEAST_SOLD_KWH:
        return
    sums = w.accounts[car.account].sums
    answered = sums[entries.DRIVE_OUTS]
    sold = expected_kwh(
        possible, sums[entries.SOLD_IN_CALLS_KWH] / max(1.0, answered), answered, f.experience
    )
    rebuy = moment.call_rebuy[0 if driver.home_charger >= 0 else 1]
    hours = 2.0 * way.minutes / 60.0 + sold / kw
    penalty = 0.0
    if car.charger >= 0 and w.chargers[car.charger].controlled and step < w.chargers[car.charger].stated_step:
        penalty = f.left_early_penalty
    gain = gain_yuan(
        sold, moment.call_price, rebuy / f.round_trip, f.own_wear[car.is_nmc], 2.0 * one_way_kwh, hours,
        f.value_of_time,
    )  # fmt: skip
    wanted = f.wanted_gain * math.exp(f.wanted_gain_spread * normal(f.key, driver.driver_id, 0, WANTED_GAIN))
    if gain - penalty < wanted * (1.0 + f.fatigue * answered):
        return
    post(row, car, entries.DRIVE_OUTS, 1.0, w)
    _drive(row, driver, car, step, ERRAND, way, one_way_kwh, w)
    driver.answers_call = DRIVES_OUT
    car.owed_kwh = kept_kwh


@part_of_row
def latest_return(driver: DriverRecord, way: Way) -> int:
    """Last step in which to leave the post: a step at home before the next planned trip begins."""
    return int(driver.depart_step) - way.steps - 1


@part_of_row
def floor_of_sale_kwh(driver: DriverRecord, car: CarRecord, one_way_kwh: float, step: int, w: World) -> float:
    """Energy that a seller keeps: the own reserve, or what the way back and the next trip need [kWh]."""
    f = w.figures[0]
    temperature_c = w.series[step].temperature_c
    next_kwh = trip_kwh(float(driver.trip_km), driver.trip_minutes / 60.0, car, temperature_c, f)
    needed = one_way_kwh + next_kwh + f.trip_buffer_soc * car.capacity_kwh
    return max(driver.reserve_soc * car.capacity_kwh, needed)


@part_of_row
def _stay_or_go_back(row: int, driver: DriverRecord, car: CarRecord, step: int, sites: Any, w: World) -> None:
    """A step at the post; leave when sold out, when the call is over, the queue too long or a trip near."""
    f, moment = w.figures[0], w.series[step]
    post(row, car, entries.DRIVE_OUT_H, f.step_hours, w)
    way = _way(driver, sites, w)
    without_post = car.charger < 0 and driver.wants == NO_KIND
    sold_out = False
    if car.charger >= 0:
        charger = w.chargers[car.charger]
        sold_out = charger.since_step < step and charger.low_kw >= 0.0
    called = moment.call_first <= step < moment.call_last  # not by the notice of the next call
    over = not called or step >= latest_return(driver, way)
    if not (sold_out or without_post or over):
        return
    goal = _stood_at(row, driver, w)
    kwh = trip_kwh(way.km, way.minutes / 60.0, car, moment.temperature_c, f)
    _drive(row, driver, car, step, goal, way, kwh, w)
    driver.answers_call = DRIVES_BACK


@part_of_row
def _stood_at(row: int, driver: DriverRecord, w: World) -> int:
    """Where the driver came from: the end of the trip before the next one of the day plan."""
    f, number = w.figures[0], int(driver.trip)
    if number == 0:
        return HOME
    person = Person(
        int(driver.driver_id), int(driver.archetype), int(driver.home_zone), int(driver.work_zone)
    )
    plan, day = w.plans[row >> f.block_bits], int(driver.plan_day)
    plan_date(f.key, person, day, int(w.day_kind[day + 1]), w.holidays, w.town, plan, number - 1)
    return int(plan.place[number - 1])


@part_of_row
def _drive(
    row: int, driver: DriverRecord, car: CarRecord, step: int, goal: int, way: Way, kwh: float, w: World
) -> None:
    """Begin a trip within the district that is in no day plan; the next planned trip stays as it is."""
    unplug_to_leave(row, driver, car, step, w)
    car.owed_kwh = 0.0  # also where no post was free and no session has settled it
    begin_trip(driver, car, goal, int(driver.zone), step + way.steps, way.km / way.steps, kwh / way.steps)
    post(row, car, entries.DRIVE_OUT_H, way.steps * w.figures[0].step_hours, w)
