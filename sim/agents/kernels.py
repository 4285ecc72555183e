"""Kernels: the rules for one row, applied to a range of rows.

Ranges are blocks of cars; drivers have the same row numbers, and the charger of a plugged-in car is found
through the car. Every block lists the rows to be processed in a step and iterates over that list only; rows
of user-defined classes are stepped in Python.
"""

from __future__ import annotations

from typing import Any

from sim.agents import charging, energy_balance, fleet_flows, plugging, scheduling, shocks, travelling
from sim.agents.accounts import post
from sim.agents.prefetching import (
    ask_ahead,
    ask_ahead_for_all,
    ask_ahead_for_chargers,
    ask_ahead_with_account,
    ask_behind_with_account,
)
from sim.agents.records import CarRecord, ChargerRecord
from sim.agents.scheduling import DRIVING, IDLE, PLUGGED
from sim.agents.world import World
from sim.city.charger_kinds import EN_ROUTE
from sim.dispatch.price_thresholds import PriceTable
from sim.dispatch.signal import CURVE, HABIT, Signal
from sim.rules.compiling import part_of_row, per_row


@per_row
def wake_up(start: int, stop: int, w: World) -> None:
    """Initialise drivers and cars at the start of the first day."""
    for row in range(start, stop):
        travelling.wake_up(row, w.drivers[row], w.cars[row], w)


@per_row
def drivers_step(start: int, stop: int, step: int, w: World) -> None:
    """Drivers leave, charge en route, arrive and decide whether to plug in."""
    drivers, cars, awake = w.drivers, w.cars, w.active
    last = _list_awake(start, stop, step, w)
    for k in range(start, last):
        ask_ahead_for_all(k, last, w)
        row = awake[k]
        driver, car = drivers[row], cars[row]
        if driver.custom:
            continue
        travelling.travel(row, driver, car, step, w)
        if driver.deciding:
            plugging.consider(row, driver, car, step, w)
        scheduling.note(row, driver, car, step, w)


@part_of_row
def _list_awake(start: int, stop: int, step: int, w: World) -> int:
    """List the drivers of a block to be processed in this step; return the end of the list."""
    wake, awake, last = w.wake, w.active, start
    for row in range(start, stop):
        awake[last] = row
        last += wake[row] <= step
    return last


@per_row
def list_active(start: int, stop: int, step: int, w: World) -> None:
    """List the cars of a block that are plugged in and not idle, and those on the road.

    Both lists share the block's range of the array, one from either end. Every row is written and
    overwritten by the next if it is in neither list: this avoids mispredicted branches.
    """
    activities, active, last, first = w.activity, w.active, start, stop - 1
    hit = w.series[step].hit & shocks.CHARGERS_HIT
    for row in range(start, stop):
        activity = activities[row]
        active[last] = active[first] = row
        last += (activity == PLUGGED) | ((activity == IDLE) & (hit != 0))
        first -= activity == DRIVING
    lengths = w.n_active[start >> w.figures[0].block_bits]
    lengths[0], lengths[1] = last - start, stop - 1 - first


@per_row
def chargers_offer(start: int, stop: int, step: int, bills: PriceTable, w: World) -> None:
    """Compute the power range at the charger of every plugged-in car."""
    active, cars, last = w.active, w.cars, scheduling.end_of_plugged(start, w)
    for k in range(start, last):
        ask_ahead(k, last, w)
        offer_one(cars[active[k]].charger, step, bills, w)


@per_row
def chargers_step(start: int, stop: int, step: int, signal: Signal, w: World) -> None:
    """Set all chargers to the operator's signal, clipped to the safe range."""
    drivers, cars, chargers, active, f = w.drivers, w.cars, w.chargers, w.active, w.figures[0]
    last, reckon = scheduling.end_of_plugged(start, w), signal.kind == HABIT or signal.kind == CURVE
    for k in range(start, last):
        if reckon:
            ask_ahead(k, last, w)
        else:
            ask_ahead_for_chargers(k, last, w)
        row = active[k]
        driver, car = drivers[row], cars[row]
        charger = chargers[car.charger]
        if not charger.custom:
            charging.deliver(charger, car, charging.set_point(charger, driver, car, step, signal, f), f)


@part_of_row
def close_charger(row: int, car: CarRecord, charger: ChargerRecord, hit: int, w: World) -> None:
    """Add a charger's power to the sums; mark the car idle if nothing is left to do until departure."""
    fleet_flows.note_charger(row, charger, car.charger, car, w)
    if not hit and scheduling.rests(charger, w.drivers[row], car):
        w.activity[row] = IDLE


@part_of_row
def close_road(row: int, car: CarRecord, w: World) -> None:
    """Add a car's en-route charging to the sums."""
    fleet_flows.add(row, fleet_flows.CHARGE_KW + EN_ROUTE, car.power_kw, w)


@per_row
def cars_step(start: int, stop: int, step: int, home: Any, w: World) -> None:
    """Update energy and money of all active cars, and add up the flows."""
    cars, chargers, active = w.cars, w.chargers, w.active
    hit = w.series[step].hit & shocks.CHARGERS_HIT
    last = scheduling.end_of_plugged(start, w)
    for k in range(start, last):
        ask_ahead_with_account(k, last, w)
        row = active[k]
        car = cars[row]
        if not car.custom:
            energy_balance.move_at_charger(row, car, step, w)
            close_charger(row, car, chargers[car.charger], hit, w)
    first = scheduling.start_of_driving(start, stop, w)
    for k in range(stop - 1, first - 1, -1):
        ask_behind_with_account(k, first, w)
        row = active[k]
        car = cars[row]
        if not car.custom:
            energy_balance.move_on_the_road(row, car, step, w)
            close_road(row, car, w)
    if w.figures[0].metered:  # homes use power whether the car is there or not
        for row in range(start, stop):
            if not cars[row].custom:
                energy_balance.read_meter(row, cars[row], step, home, w)


# --------------------------------------------------------- single rows, for agents in Python
@per_row
def travel_one(row: int, step: int, w: World) -> None:
    """One driver leaves, charges en route or arrives."""
    driver, car = w.drivers[row], w.cars[row]
    travelling.travel(row, driver, car, step, w)
    scheduling.note(row, driver, car, step, w)


@per_row
def has_to_decide_one(row: int, step: int, w: World) -> bool:
    """Whether one driver must decide in this step, after an arrival or at bedtime; clears the decision."""
    decides = bool(w.drivers[row].deciding)
    w.drivers[row].deciding = 0
    scheduling.note(row, w.drivers[row], w.cars[row], step, w)
    return decides


@per_row
def wants_to_plug_one(row: int, step: int, w: World) -> bool:
    """Whether one driver wants to plug in."""
    return plugging.wants_to_plug(w.drivers[row], w.cars[row], step, w)


@per_row
def request_charger_one(row: int, step: int, w: World) -> None:
    """One driver plugs in at home, or queues for a shared charger."""
    driver, car = w.drivers[row], w.cars[row]
    plugging.request_charger(row, driver, car, step, w)
    scheduling.note(row, driver, car, step, w)


@per_row
def next_trip_kwh_one(row: int, step: int, w: World) -> float:
    """Energy demand of one driver's next trip [kWh]."""
    driver, car = w.drivers[row], w.cars[row]
    return travelling.next_trip_kwh(driver, car, w.series[step].temperature_c, w.figures[0])


@part_of_row
def offer_one(charger_row: int, step: int, bills: PriceTable, w: World) -> None:
    """Compute the power range of one charger: safe for the car, acceptable to its owner.

    Parameters
    ----------
    bills : PriceTable
        Prices of charging that owners pay, of all steps.
    """
    charger, moment, f = w.chargers[charger_row], w.series[step], w.figures[0]
    if charger.car < 0:
        return
    driver, car = w.drivers[charger.car], w.cars[charger.car]
    charging.offer(charger.car, charger, driver, car, step, moment, bills, w)
    if moment.hit & shocks.CHARGERS_HIT:
        shocks.disturb_offer(charger_row, charger, car, moment, f)
    charging.note_on_call(charger, driver, car, step, w.accounts, f)


@per_row
def set_point_one(charger_row: int, step: int, signal: Signal, w: World) -> float:
    """Power that the signal requests from one charger [kW]; 0 without a car."""
    charger = w.chargers[charger_row]
    if charger.car < 0:
        return 0.0
    driver, car = w.drivers[charger.car], w.cars[charger.car]
    return charging.set_point(charger, driver, car, step, signal, w.figures[0])


@per_row
def deliver_one(charger_row: int, wish_kw: float, w: World) -> None:
    """Set one charger to a requested power, clipped to the safe range."""
    charger = w.chargers[charger_row]
    if charger.car >= 0:
        charging.deliver(charger, w.cars[charger.car], wish_kw, w.figures[0])


@per_row
def advance_one(row: int, step: int, home: Any, w: World) -> None:
    """Update energy and money of one car."""
    car, activity = w.cars[row], w.activity[row]
    if activity == PLUGGED:
        energy_balance.move_at_charger(row, car, step, w)
    elif activity == DRIVING:
        energy_balance.move_on_the_road(row, car, step, w)
    if w.figures[0].metered:
        energy_balance.read_meter(row, car, step, home, w)


@per_row
def post_one(row: int, entry: int, amount: float, w: World) -> None:
    """Post an amount to an entry of one car."""
    post(row, w.cars[row], entry, amount, w)


@per_row
def tally_one(row: int, step: int, w: World) -> None:
    """Add the power of one car's charger, or its en-route charging, to the sums."""
    car, activity = w.cars[row], w.activity[row]
    if activity == PLUGGED:
        close_charger(row, car, w.chargers[car.charger], w.series[step].hit & shocks.CHARGERS_HIT, w)
    elif activity == DRIVING:
        close_road(row, car, w)
