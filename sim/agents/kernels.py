"""Kernels: what happens to one row, done for a range of rows.

Each kernel fetches the arrays once and hands single records on. Rows of the user's own classes are
left to Python.
"""

from __future__ import annotations

from typing import Any

from sim.agents import charging, meter, plugging, shocks, travelling
from sim.dispatch.signal import Signal
from sim.rules.compiling import compiled


@compiled
def wake_up(start: int, stop: int, w: Any) -> None:
    """Put drivers and cars where they are at the start of the first day."""
    for row in range(start, stop):
        travelling.wake_up(w.drivers[row], w.cars[row], w)


@compiled
def drivers_step(start: int, stop: int, step: int, w: Any) -> None:
    """Drivers leave, drive, arrive and decide whether to plug in."""
    drivers, cars = w.drivers, w.cars
    for row in range(start, stop):
        driver, car = drivers[row], cars[row]
        if driver.custom or travelling.stays(driver, car, step):
            continue
        travelling.travel(driver, car, step, w)
        if driver.deciding:
            plugging.consider(row, driver, car, step, w)


@compiled
def chargers_offer(start: int, stop: int, step: int, w: Any) -> None:
    """Chargers work out what is safe."""
    drivers, cars, chargers, f = w.drivers, w.cars, w.chargers, w.figures[0]
    moment = w.series[step]
    for post in range(start, stop):
        charger = chargers[post]
        if charger.car < 0:
            charging.withdraw_offer(charger)
        else:
            charging.offer(charger, drivers[charger.car], cars[charger.car], step, moment, f)
            if moment.hit & shocks.CHARGERS_HIT:
                shocks.disturb_offer(post, charger, cars[charger.car], moment, f)
            charging.note_on_call(charger, drivers[charger.car], cars[charger.car], step, f)


@compiled
def chargers_step(start: int, stop: int, step: int, signal: Signal, w: Any) -> None:
    """Chargers follow the operator's signal inside what is safe."""
    drivers, cars, chargers, f = w.drivers, w.cars, w.chargers, w.figures[0]
    for post in range(start, stop):
        charger = chargers[post]
        if charger.car >= 0 and not charger.custom:
            driver, car = drivers[charger.car], cars[charger.car]
            charging.deliver(charger, car, charging.set_point(charger, driver, car, step, signal, f), f)


@compiled
def cars_step(start: int, stop: int, step: int, home: Any, w: Any) -> None:
    """Cars move energy and money."""
    cars, moment, f = w.cars, w.series[step], w.figures[0]
    for row in range(start, stop):
        if not cars[row].custom:
            charging.advance(cars[row], moment, f)
            if f.metered:
                meter.advance(home.meters[row], cars[row], moment, home.additions[step], home.limits_kwh, f)


# --------------------------------------------------------- single rows, for agents in Python
@compiled
def travel_one(row: int, step: int, w: Any) -> None:
    """One driver leaves, drives on or arrives."""
    travelling.travel(w.drivers[row], w.cars[row], step, w)


@compiled
def wants_to_plug_one(row: int, step: int, w: Any) -> bool:
    """Whether one driver wants to plug in."""
    return plugging.wants_to_plug(w.drivers[row], w.cars[row], step, w)


@compiled
def request_charger_one(row: int, step: int, w: Any) -> None:
    """One driver plugs in at home, or lines up for a post."""
    plugging.request_charger(row, w.drivers[row], w.cars[row], step, w)


@compiled
def next_trip_kwh_one(row: int, step: int, w: Any) -> float:
    """Energy one driver's next trip will take [kWh]."""
    driver, car = w.drivers[row], w.cars[row]
    return travelling.next_trip_kwh(driver, car, w.series[step].temperature_c, w.figures[0])


@compiled
def set_point_one(post: int, step: int, signal: Signal, w: Any) -> float:
    """What the signal asks of one charger [kW]; 0 without a car."""
    charger = w.chargers[post]
    if charger.car < 0:
        return 0.0
    driver, car = w.drivers[charger.car], w.cars[charger.car]
    return charging.set_point(charger, driver, car, step, signal, w.figures[0])


@compiled
def deliver_one(post: int, wish_kw: float, w: Any) -> None:
    """One charger switches to a wish, inside what is safe."""
    charger = w.chargers[post]
    if charger.car >= 0:
        charging.deliver(charger, w.cars[charger.car], wish_kw, w.figures[0])


@compiled
def advance_one(row: int, step: int, home: Any, w: Any) -> None:
    """One car moves energy and money."""
    car, moment, f = w.cars[row], w.series[step], w.figures[0]
    charging.advance(car, moment, f)
    if f.metered:
        meter.advance(home.meters[row], car, moment, home.additions[step], home.limits_kwh, f)
