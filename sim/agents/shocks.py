"""Shocks: their effect on drivers, chargers and promises made before them.

Whether a driver or charger is affected follows from one random draw that is the same for all shocks of a
kind, so that a larger share always contains those affected by a smaller one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents import decision_codes, scheduling
from sim.agents.decision_codes import DRIVES_OUT, NOT_AT_ALL, PLUGGED_AGAIN
from sim.agents.records import CarRecord, ChargerRecord, DriverRecord, Figures, Moment
from sim.agents.travelling import SHOCK, detach
from sim.agents.world import World
from sim.city.charger_kinds import CHARGER_KINDS, NO_KIND, SITES
from sim.city.codes import ROAD
from sim.data.catalogue import rows
from sim.grid.clock import Clock
from sim.rules.chance import CHARGER_OUTAGE, EVENT_PRICE, LOST_LINK, UNPLUG, normal, uniform
from sim.rules.compiling import per_row
from sim.scenario.schema import Scenario

DRIVERS_HIT, CHARGERS_HIT, CALLED = 1, 2, 4  # bits of the shocks of a step
DISTRICTS_AT_ONCE = 16  # column widths are multiples of it: code compiled for Shanghai fits smaller places
UNFORESEEN = ("unplug", "control_link", "charger_outage", "plant_outage")


def disturbances(spec: Scenario, clock: Clock) -> dict[str, NDArray[Any]]:
    """Columns of the shocks in every step, for ``World.series``."""
    n, districts = len(clock), [row["name"] for row in rows("districts", spec.city.place)]
    room = DISTRICTS_AT_ONCE * math.ceil(len(districts) / DISTRICTS_AT_ONCE)
    columns: dict[str, NDArray[Any]] = {
        "hit": np.zeros(n, np.uint8),
        "unplug_share": np.zeros((n, room), np.float32),
        "away_until": np.zeros(n, np.int32),
        "link_lost_share": np.zeros((n, room), np.float32),
        "falls_back_to_charging": np.zeros(n, np.uint8),
        "outage_share": np.zeros((n, room), np.float32),
        "outage_kinds": np.zeros(n, np.uint8),
        "event_price": np.zeros(n),
    }
    for shock in spec.shocks:
        first, last = clock.stretch(shock.at, shock.hours)
        here = slice(None) if shock.district is None else districts.index(shock.district)
        if shock.kind == "unplug":
            columns["unplug_share"][first, here] = shock.share
            columns["away_until"][first] = last
            columns["hit"][first : last + 1] |= DRIVERS_HIT  # drivers plug in again in the last step
            columns["hit"][first:last] |= CALLED
        elif shock.kind == "control_link":
            columns["link_lost_share"][first:last, here] = shock.share
            columns["falls_back_to_charging"][first:last] = shock.fallback == "charge"
            columns["hit"][first:last] |= CHARGERS_HIT
        elif shock.kind == "charger_outage":
            columns["outage_share"][first:last, here] = shock.share
            struck = [kind for kind, each in enumerate(CHARGER_KINDS) if SITES[each.at] in shock.places]
            kinds = sum(1 << kind for kind in struck)
            columns["outage_kinds"][first:last] = kinds
            columns["hit"][first:last] |= CHARGERS_HIT
    return columns


@per_row
def strike(start: int, stop: int, step: int, w: World) -> None:
    """Affected drivers unplug; they plug in again when paid enough, or when the shock is over."""
    drivers, cars, moment, f = w.drivers, w.cars, w.series[step], w.figures[0]
    for row in range(start, stop):
        driver, car = drivers[row], cars[row]
        district = w.town.zones[driver.zone].district
        if uniform(f.key, driver.driver_id, 0, UNPLUG) < moment.unplug_share[district]:
            driver.away_until = moment.away_until
            if driver.answers_call == PLUGGED_AGAIN:
                driver.answers_call = NOT_AT_ALL
            driver.wants = NO_KIND
            if car.charger >= 0:
                w.chargers[car.charger].excuse = SHOCK
                detach(row, car, step, w)
        elif driver.answers_call >= DRIVES_OUT:  # who is out to sell finds no post, and drives back
            continue
        elif step < driver.away_until and answers_call(driver, moment.event_price, f):
            driver.away_until = step
            driver.answers_call = PLUGGED_AGAIN
            driver.deciding = driver.place != ROAD
        elif step == driver.away_until and driver.answers_call != PLUGGED_AGAIN:
            driver.deciding = driver.place != ROAD
        if moment.event_price <= 0.0 and driver.answers_call == PLUGGED_AGAIN:
            driver.answers_call = NOT_AT_ALL
        scheduling.note(row, driver, car, step - 1, w)


@per_row
def answers_call(driver: DriverRecord, price_yuan_per_kwh: float, f: Figures) -> bool:
    """Whether an event payment is enough for a driver to plug in again.

    The reservation price is log-normal over enrolled drivers; others have no contract that pays.
    """
    if price_yuan_per_kwh <= 0.0 or not driver.enrolled:
        return False
    draw = normal(f.key, driver.driver_id, 0, EVENT_PRICE)
    return bool(price_yuan_per_kwh >= f.event_price_median * math.exp(f.event_price_spread * draw))


@per_row
def is_out(charger_row: int, charger: ChargerRecord, moment: Moment, f: Figures) -> bool:
    """Whether a charger is out of service in this step."""
    if not (moment.outage_kinds >> charger.kind) & 1:
        return False
    return bool(uniform(f.key, charger_row, 0, CHARGER_OUTAGE) < moment.outage_share[charger.district])


@per_row
def disturb_offer(
    charger_row: int, charger: ChargerRecord, car: CarRecord, moment: Moment, f: Figures
) -> None:
    """Restrict the offer of a charger that has failed or lost its communication link."""
    if is_out(charger_row, charger, moment, f):
        charger.low_kw = charger.high_kw = 0.0
        charger.reason = decision_codes.OUT_OF_ORDER
        charger.excuse = SHOCK
    elif charger.controlled and (
        uniform(f.key, charger_row, 0, LOST_LINK) < moment.link_lost_share[charger.district]
    ):
        charger.controlled = 0
        charger.reason = decision_codes.LINK_LOST
        power = charger.high_kw if moment.falls_back_to_charging else max(0.0, charger.low_kw)
        charger.low_kw = charger.high_kw = power
