"""Prefetch rows that a kernel will process next, while it works on the current one."""

from __future__ import annotations

from sim.agents.world import World
from sim.rules.compiling import part_of_row
from sim.state.prefetch import FAR, NEAR, prefetch


@part_of_row
def ask_ahead(k: int, last: int, w: World) -> None:
    """Prefetch the next plugged-in cars with their drivers and chargers."""
    if k + FAR < last:
        prefetch(w.drivers, w.active[k + FAR])
    ask_ahead_for_chargers(k, last, w)


@part_of_row
def ask_ahead_for_all(k: int, last: int, w: World) -> None:
    """Prefetch the next drivers to be processed, with their cars, accounts and chargers."""
    if k + FAR < last:
        prefetch(w.drivers, w.active[k + FAR])
        prefetch(w.cars, w.active[k + FAR])
    if k + NEAR < last:
        driver, car = w.drivers[w.active[k + NEAR]], w.cars[w.active[k + NEAR]]
        charger_row = car.charger if car.charger >= 0 else driver.home_charger
        if charger_row >= 0:
            prefetch(w.chargers, charger_row)
        if car.account >= 0:
            prefetch(w.accounts, car.account)


@part_of_row
def ask_ahead_for_chargers(k: int, last: int, w: World) -> None:
    """Prefetch the next plugged-in cars and their chargers; their drivers are rarely needed."""
    if k + FAR < last:
        prefetch(w.cars, w.active[k + FAR])
    if k + NEAR < last:
        prefetch(w.chargers, w.cars[w.active[k + NEAR]].charger)


@part_of_row
def ask_ahead_with_account(k: int, last: int, w: World) -> None:
    """Prefetch the next plugged-in cars with their accounts and chargers."""
    if k + FAR < last:
        prefetch(w.cars, w.active[k + FAR])
    if k + NEAR < last:
        car = w.cars[w.active[k + NEAR]]
        prefetch(w.chargers, car.charger)
        if car.account >= 0:
            prefetch(w.accounts, car.account)


@part_of_row
def ask_behind_with_account(k: int, first: int, w: World) -> None:
    """Prefetch the next cars on the road with their accounts; their list is read backwards."""
    if k - FAR >= first:
        prefetch(w.cars, w.active[k - FAR])
    if k - NEAR >= first:
        account = w.cars[w.active[k - NEAR]].account
        if account >= 0:
            prefetch(w.accounts, account)
