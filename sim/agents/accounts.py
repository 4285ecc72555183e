"""Accounts of cars: posting, lazy accrual, and opening with zero balances.

Every car has an account; in a very large fleet a representative sample does (``outputs.owner_rows``). Cars
without an account behave identically; their postings are not stored per car.
"""

from __future__ import annotations

from typing import Any

from sim.agents.entries import PLUGGED_H, ROOM
from sim.agents.records import AccountRecord, CarRecord
from sim.agents.world import World
from sim.rules.compiling import part_of_row, per_row
from sim.rules.wear import as_turn, calendar_stress


@part_of_row
def post(row: int, car: CarRecord, entry: int, amount: float, w: World) -> None:
    """Post an amount to an entry: in the fleet flows of the step, and in the car's account."""
    w.flows[row >> w.figures[0].block_bits, entry] += amount
    if car.account >= 0:
        w.accounts[car.account].sums[entry] += amount


@part_of_row
def accrue(row: int, car: CarRecord, step: int, w: World) -> None:
    """Accrue the steps before a given one for a car that exchanged no energy in them.

    State of charge and plug-in state were constant over these steps: calendar ageing and time plugged in
    are added. Accounts are accrued lazily: when energy flows, or when an account is read.
    """
    if car.account < 0:
        return
    account, series, f = w.accounts[car.account], w.series, w.figures[0]
    since = account.accrued_until
    if since >= step:
        return
    soc, nmc = car.energy_kwh / car.capacity_kwh, car.is_nmc
    warm = series[step - 1].aged[nmc] + series[step - 1].warmth[nmc] - series[since].aged[nmc]
    account.stress_years += f.step_years * calendar_stress(soc, warm, f.soc_slope[nmc])
    if car.charger >= 0:
        account.sums[PLUGGED_H] += (step - since) * f.step_hours
    account.accrued_until = step


@per_row
def accrue_rows(rows: Any, step: int, w: World) -> None:
    """Accrue the accounts of the given cars up to a step."""
    for row in rows:
        accrue(row, w.cars[row], step, w)


@per_row
def accrue_all(start: int, stop: int, step: int, w: World) -> None:
    """Accrue the accounts of a range of cars up to a step."""
    for row in range(start, stop):
        accrue(row, w.cars[row], step, w)


@per_row
def open_all(start: int, stop: int, step: int, w: World) -> None:
    """Open the accounts of a range of cars at a step, with zero balances."""
    for row in range(start, stop):
        if w.cars[row].account >= 0:
            _open(w.accounts[w.cars[row].account], w.cars[row], step)


@part_of_row
def _open(account: AccountRecord, car: CarRecord, step: int) -> None:
    for entry in range(ROOM):
        account.sums[entry] = 0.0
    soc = car.energy_kwh / car.capacity_kwh
    account.accrued_until = step
    account.stress_years = account.cycles = 0.0
    account.turns[0] = as_turn(soc)
    account.turn_count = 1
    account.start_kwh = car.energy_kwh
    account.min_soc = soc
