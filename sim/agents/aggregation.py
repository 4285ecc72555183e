"""Aggregation for the operator: sums over the chargers of plugged-in cars, never single cars."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.agents import charging, starting
from sim.agents.prefetching import ask_ahead
from sim.agents.records import CarRecord, ChargerRecord, DriverRecord, Figures
from sim.agents.scheduling import PLUGGED, end_of_plugged
from sim.agents.world import World
from sim.city.charger_kinds import AT_PUBLIC, CHARGER_KINDS, ON_THE_ROAD, SITES
from sim.dispatch.clearing import NOT_CONTROLLED, RANKS, TURN_BINS, Cleared, Order
from sim.dispatch.cost_to_go import ValueTable, curve_of
from sim.dispatch.fleet import (
    ARRIVING_FIELDS,
    ENDURANCE_EDGES_H,
    FEED_IN_POWER,
    GROUPS,
    LEAST_ENDURANCE_H,
    LONGEST_STAY_H,
    ONE_WAY,
    OWED,
    PLUGGED_FIELDS,
    POWER,
    ROOM,
    SPARE,
)
from sim.dispatch.price_thresholds import PriceTable
from sim.rules.compiling import part_of_row, per_row

PLACES = SITES[:ON_THE_ROAD]
#: Place of each kind of charger; en-route charging counts as public.
PLACE_OF_KIND = tuple(min(kind.at, AT_PUBLIC) for kind in CHARGER_KINDS)
FLEXIBILITY_FIELDS = 8


class Ranks(NamedTuple):
    """Ranks of the plugged-in active cars, in the order in which blocks list them.

    Attributes
    ----------
    rank : uint16, shape (n_listed, 2)
        For charging and for discharging, see :mod:`sim.dispatch.clearing`.
    first : int64, shape (n_blocks,)
        Index of the first car of each block.
    """

    rank: Any
    first: Any

    @classmethod
    def empty(cls, w: World) -> Ranks:
        """Allocate for the cars that are listed in this step."""
        listed = w.n_active[:, 0]
        return cls(np.empty((int(listed.sum()), 2), np.uint16), np.cumsum(listed) - listed)


@part_of_row
def _controlled(k: int, last: int, w: World) -> int:
    """Row of the k-th active car, if it is plugged in and the operator controls its charger; else -1."""
    ask_ahead(k, last, w)
    row = w.active[k]
    if w.activity[row] != PLUGGED or not w.chargers[w.cars[row].charger].controlled:
        return -1
    return int(row)


@per_row
def curves_needed(start: int, stop: int, out: Any, step: int, values: ValueTable, w: World) -> None:
    """Mark the curves of cost to go that bids will be derived from; by slots left and room, flattened."""
    drivers, cars, chargers, f = w.drivers, w.cars, w.chargers, w.figures[0]
    last = end_of_plugged(start, w)
    for k in range(start, last):
        row = _controlled(k, last, w)
        if row < 0:
            continue
        charger, car = chargers[cars[row].charger], cars[row]
        hours_after = (charger.stated_step - step - 1) * f.step_hours
        room_h = charging.room_h(drivers[row], car, f)
        left, room = curve_of(values, hours_after, room_h, charger.low_kw < 0.0)
        out[left * values.end.shape[1] + room] = 1.0


@per_row
def sum_offers(start: int, stop: int, out: Any, step: int, order: Order, ranks: Ranks, w: World) -> None:
    """Rank the offers of controlled chargers, and sum them by rank.

    ``out[r]`` is the power [kW] that cars of rank r can draw above their mandatory charging, and
    ``out[RANKS + r]`` the power they can shed or discharge below it; the last entry is the sum of mandatory
    charging. The ranks of each car are stored too, to find the marginal cars afterwards.
    """
    drivers, cars, chargers, f = w.drivers, w.cars, w.chargers, w.figures[0]
    last, at = end_of_plugged(start, w), ranks.first[start >> f.block_bits]
    for k in range(start, last):
        row = _controlled(k, last, w)
        noted = ranks.rank[at + k - start]
        noted[0] = noted[1] = NOT_CONTROLLED
        if row < 0:
            continue
        charger = chargers[cars[row].charger]
        charging.rank(charger, drivers[row], cars[row], step, order, f)
        noted[0], noted[1] = charger.charge_rank, charger.discharge_rank
        must = charging.mandatory_kw(charger)
        out[charger.charge_rank] += charger.high_kw - must
        if charger.discharge_rank < RANKS:
            out[RANKS + charger.discharge_rank] += must - charger.low_kw
        out[2 * RANKS] += must


@per_row
def marginal_turns(
    start: int, stop: int, out: Any, step: int, cleared: Cleared, ranks: Ranks, w: World
) -> None:
    """Power [kW] that cars of the marginal rank would add, by their random turn in this step."""
    drivers, cars, chargers, f = w.drivers, w.cars, w.chargers, w.figures[0]
    at = ranks.first[start >> f.block_bits]
    for k in range(start, end_of_plugged(start, w)):
        noted = ranks.rank[at + k - start]
        charges = cleared.charge_share > 0.0 and noted[0] == cleared.charge_rank
        if not charges and (cleared.feed_in_share == 0.0 or noted[1] != cleared.discharge_rank):
            continue
        row = w.active[k]
        charger = chargers[cars[row].charger]
        must = charging.mandatory_kw(charger)
        more = charger.high_kw - must if charges else must - charger.low_kw
        turn = charging.turn_of(drivers[row], step, f)
        out[min(TURN_BINS - 1, int(turn * TURN_BINS))] += more


@per_row
def plugged(
    start: int, stop: int, out: Any, step: int, horizon: int, best_pay: float, bills: PriceTable, w: World
) -> None:
    """Sums over controlled plugged-in cars: :class:`sim.dispatch.fleet.Plugged`, flattened, in kW and kWh.

    ``best_pay`` is the most that is paid for feeding in over the horizon [yuan/kWh].
    """
    drivers, cars, chargers, f = w.drivers, w.cars, w.chargers, w.figures[0]
    last = end_of_plugged(start, w)
    for k in range(start, last):
        row = _controlled(k, last, w)
        if row < 0:
            continue
        driver, car = drivers[row], cars[row]
        charger = chargers[car.charger]
        kw = _discharge_kw(charger, driver, car, step, best_pay, bills, w)
        group = _group(driver, car, kw > 0.0, f)
        ends = min(horizon, max(0, charger.stated_step - step))
        at = (ends * GROUPS + group) * PLUGGED_FIELDS
        _add_energies(out, at, driver, car, f)
        if kw > 0.0:
            out[at + FEED_IN_POWER] += kw
            spare = max(0.0, car.energy_kwh - driver.reserve_soc * car.capacity_kwh)
            rating = float(car.session_kw)
            out[at + SPARE] += spare * charging.discharge_efficiency(rating, f) * (kw / rating)


@per_row
def arrived(start: int, stop: int, out: Any, step: int, best_pay: float, bills: PriceTable, w: World) -> None:
    """Sums over controlled sessions that began in this step, flattened: by stay [h], group and field."""
    drivers, cars, chargers, f = w.drivers, w.cars, w.chargers, w.figures[0]
    last = end_of_plugged(start, w)
    for k in range(start, last):
        row = _controlled(k, last, w)
        if row < 0:
            continue
        driver, car = drivers[row], cars[row]
        charger = chargers[car.charger]
        if charger.since_step != step:
            continue
        discharges = _discharge_kw(charger, driver, car, step, best_pay, bills, w) > 0.0
        group = _group(driver, car, discharges, f)
        stay = min(LONGEST_STAY_H, max(0, int((charger.stated_step - step) * f.step_hours)))
        at = (stay * GROUPS + group) * ARRIVING_FIELDS
        _add_energies(out, at, driver, car, f)


@per_row
def _discharge_kw(
    charger: ChargerRecord,
    driver: DriverRecord,
    car: CarRecord,
    step: int,
    best_pay: float,
    bills: PriceTable,
    w: World,
) -> float:
    """Power that a car may discharge with its owner's consent at the best pay ahead [kW].

    Behind a home's meter where feeding in does not pay, it is what the home uses.
    """
    f, moment = w.figures[0], w.series[step]
    if not starting.may_discharge(driver, car, charger, f):
        return 0.0
    cost = charging.discharge_cost(charger, car, step, bills, f)
    if charging.accepts(cost, best_pay, f):
        return float(car.session_kw)
    return min(float(car.session_kw), charging.own_use_kw(charger, cost, moment, f))


@per_row
def _group(driver: DriverRecord, car: CarRecord, discharges: bool, f: Figures) -> int:
    """Group of a car in the operator's plan: one-way, or by how long it can discharge at rated power.

    A car near or below its reserve counts as one-way: in a sum its deficit would offset the energy that
    other cars can discharge.
    """
    endurance = charging.endurance_h(driver, car, f)
    if endurance < LEAST_ENDURANCE_H or not discharges:
        return ONE_WAY
    group = ONE_WAY + 1
    for edge_h in ENDURANCE_EDGES_H:
        group += endurance >= edge_h
    return group


@per_row
def _add_energies(out: Any, at: int, driver: DriverRecord, car: CarRecord, f: Figures) -> None:
    """Add a car's power [kW], energy owed and maximum energy owed [kWh], at the grid side."""
    efficiency = charging.stored_kw(car, f) / car.session_kw
    out[at + POWER] += car.session_kw
    out[at + OWED] += max(0.0, car.owed_kwh - car.energy_kwh) / efficiency
    out[at + ROOM] += (car.owed_kwh - charging.floor_kwh(driver, car)) / efficiency


@per_row
def flexibility(start: int, stop: int, out: Any, step: int, hours: float, w: World) -> None:
    """Flexibility of controlled cars from this step on, by place, flattened; see ``FLEXIBILITY_FIELDS``.

    The power that can be *held* is computed by the gate for one step of this many hours: a car that is
    full, empty or gone before they are over counts with the corresponding share of its power.
    """
    drivers, cars, chargers, f = w.drivers, w.cars, w.chargers, w.figures[0]
    last = end_of_plugged(start, w)
    for k in range(start, last):
        row = _controlled(k, last, w)
        if row < 0:
            continue
        driver, car = drivers[row], cars[row]
        charger = chargers[car.charger]
        least_kwh = min(car.energy_kwh, charging.least_energy_kwh(charger, driver, car, step, 0.0, f))
        stays_h = (charger.stated_step - step) * f.step_hours
        part = min(1.0, max(0.0, stays_h / hours))
        low, high = charging.safe_range(charger, driver, car, step, min(hours, max(stays_h, f.step_hours)), w)
        at = PLACE_OF_KIND[charger.kind] * FLEXIBILITY_FIELDS
        out[at] += 1.0
        out[at + 1] += car.energy_kwh
        out[at + 2] += least_kwh
        out[at + 3] += max(car.energy_kwh, driver.target_soc * car.capacity_kwh)
        out[at + 4] += charger.low_kw
        out[at + 5] += charger.high_kw
        out[at + 6] += max(charger.low_kw, low) * part
        out[at + 7] += min(charger.high_kw, high) * part
