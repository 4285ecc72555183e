"""Kernels: what happens to one row, done for a range of rows.

Ranges are blocks of cars, whose rows drivers share; the charger of a plugged car is found through it.
Every block lists the few rows that need work in a step and goes through that list; rows of the user's own
classes are left to Python.
"""

from __future__ import annotations

from typing import Any

from sim.agents import agenda, charging, moving, plugging, shocks, tally, travelling
from sim.agents.agenda import DRIVING, IDLE, PLUGGED
from sim.agents.ahead import ask_ahead, ask_ahead_for_posts, ask_ahead_with_book
from sim.city.codes import EN_ROUTE, ROAD
from sim.dispatch.signal import CURVE, HABIT, Signal
from sim.rows.prefetch import FAR, prefetch
from sim.rules.compiling import part_of_row, per_row


@per_row
def wake_up(start: int, stop: int, w: Any) -> None:
    """Put drivers and cars where they are at the start of the first day."""
    for row in range(start, stop):
        travelling.wake_up(row, w.drivers[row], w.cars[row], w)


@per_row
def drivers_step(start: int, stop: int, step: int, w: Any) -> None:
    """Drivers leave, drive, arrive and decide whether to plug in."""
    drivers, cars, awake = w.drivers, w.cars, w.active
    last = _list_awake(start, stop, step, w)
    for k in range(start, last):
        if k + FAR < last:
            prefetch(drivers, awake[k + FAR])
            prefetch(cars, awake[k + FAR])
        row = awake[k]
        driver, car = drivers[row], cars[row]
        if driver.custom:
            continue
        if driver.place == ROAD and step < driver.arrive_step:
            travelling.drive(driver, car, w.figures[0])
            continue
        travelling.travel(row, driver, car, step, w)
        if driver.deciding:
            plugging.consider(row, driver, car, step, w)
        agenda.note(row, driver, car, w)


@part_of_row
def _list_awake(start: int, stop: int, step: int, w: Any) -> int:
    """List the drivers of a block who need a look; return the end of the list."""
    wake, awake, last = w.wake, w.active, start
    for row in range(start, stop):
        awake[last] = row
        last += wake[row] <= step
    return last


@per_row
def list_active(start: int, stop: int, step: int, w: Any) -> None:
    """List the cars of a block that drive or are plugged in and not idle."""
    activities, active, last = w.activity, w.active, start
    hit = w.series[step].hit & shocks.CHARGERS_HIT
    for row in range(start, stop):
        activity = activities[row]
        active[last] = row
        last += (activity == PLUGGED) | (activity == DRIVING) | ((activity == IDLE) & (hit != 0))
    w.n_active[start >> w.figures[0].block_bits] = last - start


@per_row
def chargers_offer(start: int, stop: int, step: int, w: Any) -> None:
    """Chargers of plugged cars work out what is safe."""
    active, cars, last = w.active, w.cars, agenda.end_of_list(start, w)
    for k in range(start, last):
        ask_ahead(k, last, w)
        post = cars[active[k]].charger
        if post >= 0:
            offer_one(post, step, w)


@per_row
def chargers_step(start: int, stop: int, step: int, signal: Signal, w: Any) -> None:
    """Chargers follow the operator's signal inside what is safe."""
    drivers, cars, chargers, active, f = w.drivers, w.cars, w.chargers, w.active, w.figures[0]
    last, reckon = agenda.end_of_list(start, w), signal.kind == HABIT or signal.kind == CURVE
    for k in range(start, last):
        if reckon:
            ask_ahead(k, last, w)
        else:
            ask_ahead_for_posts(k, last, w)
        row = active[k]
        driver, car = drivers[row], cars[row]
        if car.charger >= 0:
            charger = chargers[car.charger]
            if not charger.custom:
                charging.deliver(charger, car, charging.set_point(charger, driver, car, step, signal, f), f)


@part_of_row
def close_post(row: int, car: Any, charger: Any, hit: int, w: Any) -> None:
    """Add up what the charger of a car does; let the car rest if nothing is left to do until it leaves."""
    tally.note_post(row, charger, car.charger, car, w)
    if not hit and agenda.rests(charger, w.drivers[row], car):
        w.activity[row] = IDLE


@per_row
def cars_step(start: int, stop: int, step: int, home: Any, w: Any) -> None:
    """Cars move energy and money; all that moves is added up."""
    cars, chargers, active = w.cars, w.chargers, w.active
    hit = w.series[step].hit & shocks.CHARGERS_HIT
    last = agenda.end_of_list(start, w)
    for k in range(start, last):
        ask_ahead_with_book(k, last, w)
        row = active[k]
        car = cars[row]
        if car.custom:
            continue
        moving.move(row, car, step, w)
        if car.charger >= 0:
            close_post(row, car, chargers[car.charger], hit, w)
        else:
            tally.add(row, tally.CHARGE_KW + EN_ROUTE, car.power_kw, w)
    if w.figures[0].metered:  # homes use power whether the car is there or not
        for row in range(start, stop):
            if not cars[row].custom:
                moving.read_meter(row, cars[row], step, home, w)


# --------------------------------------------------------- single rows, for agents in Python
@per_row
def travel_one(row: int, step: int, w: Any) -> None:
    """One driver leaves, drives on or arrives."""
    driver, car = w.drivers[row], w.cars[row]
    travelling.travel(row, driver, car, step, w)
    agenda.note(row, driver, car, w)


@per_row
def has_to_decide_one(row: int, w: Any) -> bool:
    """Whether one driver has just arrived; the decision is then taken."""
    decides = bool(w.drivers[row].deciding)
    w.drivers[row].deciding = 0
    agenda.note(row, w.drivers[row], w.cars[row], w)
    return decides


@per_row
def wants_to_plug_one(row: int, step: int, w: Any) -> bool:
    """Whether one driver wants to plug in."""
    return plugging.wants_to_plug(w.drivers[row], w.cars[row], step, w)


@per_row
def request_charger_one(row: int, step: int, w: Any) -> None:
    """One driver plugs in at home, or lines up for a post."""
    driver, car = w.drivers[row], w.cars[row]
    plugging.request_charger(row, driver, car, step, w)
    agenda.note(row, driver, car, w)


@per_row
def next_trip_kwh_one(row: int, step: int, w: Any) -> float:
    """Energy one driver's next trip will take [kWh]."""
    driver, car = w.drivers[row], w.cars[row]
    return travelling.next_trip_kwh(driver, car, w.series[step].temperature_c, w.figures[0])


@part_of_row
def offer_one(post: int, step: int, w: Any) -> None:
    """One charger works out what is safe."""
    charger, moment, f = w.chargers[post], w.series[step], w.figures[0]
    if charger.car < 0:
        return
    driver, car = w.drivers[charger.car], w.cars[charger.car]
    charging.offer(charger, driver, car, step, moment, w.books, f)
    if moment.hit & shocks.CHARGERS_HIT:
        shocks.disturb_offer(post, charger, car, moment, f)
    charging.note_on_call(charger, driver, car, step, w.books, f)


@per_row
def set_point_one(post: int, step: int, signal: Signal, w: Any) -> float:
    """What the signal asks of one charger [kW]; 0 without a car."""
    charger = w.chargers[post]
    if charger.car < 0:
        return 0.0
    driver, car = w.drivers[charger.car], w.cars[charger.car]
    return charging.set_point(charger, driver, car, step, signal, w.figures[0])


@per_row
def deliver_one(post: int, wish_kw: float, w: Any) -> None:
    """One charger switches to a wish, inside what is safe."""
    charger = w.chargers[post]
    if charger.car >= 0:
        charging.deliver(charger, w.cars[charger.car], wish_kw, w.figures[0])


@per_row
def advance_one(row: int, step: int, home: Any, w: Any) -> None:
    """One car moves energy and money."""
    car, activity = w.cars[row], w.activity[row]
    if activity in (PLUGGED, DRIVING):
        moving.move(row, car, step, w)
    if w.figures[0].metered:
        moving.read_meter(row, car, step, home, w)


@per_row
def tally_one(row: int, step: int, w: Any) -> None:
    """Add up what the charger of one car does, or what the car draws on the way."""
    car, activity = w.cars[row], w.activity[row]
    if activity == PLUGGED:
        close_post(row, car, w.chargers[car.charger], w.series[step].hit & shocks.CHARGERS_HIT, w)
    elif activity == DRIVING:
        tally.add(row, tally.CHARGE_KW + EN_ROUTE, car.power_kw, w)
