"""Count the fleet: read-only sums over rows after a step."""

from __future__ import annotations

from typing import Any

from sim.city.codes import KINDS, NO_POST, ROAD
from sim.rules.compiling import compiled

N_KINDS = len(KINDS)


# Entries of the sums over cars and their drivers.
(
    DRIVING, QUEUEING, PLUGGED, OUT_OF_BOUNDS, SOC, ENERGY_KWH, STORED_KWH, DRAWN_KWH, DRIVEN_KWH,
    COST_YUAN, REVENUE_YUAN, EN_ROUTE_KW, EVENT_YUAN, PENALTY_YUAN, ENROLLED,
) = range(15)  # fmt: skip
CAR_SUMS = 15

# Entries of the sums over chargers. The first two are blocks with an entry for each kind.
CHARGE_KW, DISCHARGE_KW = 0, N_KINDS
STEERED_KW, UP_KW, DOWN_KW, OCCUPIED, CHARGING, DISCHARGING, OUT_OF_LIMITS, MISPLUGGED = range(
    2 * N_KINDS, 2 * N_KINDS + 8
)
CHARGER_SUMS = 2 * N_KINDS + 8

SOC_TOLERANCE = 1e-9


@compiled
def tally_cars(start: int, stop: int, out: Any, w: Any) -> None:
    """Sums over cars and their drivers, by the entries above."""
    drivers, cars = w.drivers, w.cars
    for row in range(start, stop):
        driver, car = drivers[row], cars[row]
        if driver.place == ROAD:
            out[DRIVING] += 1
            out[EN_ROUTE_KW] += car.power_kw
        if driver.wants != NO_POST:
            out[QUEUEING] += 1
        if car.charger >= 0:
            out[PLUGGED] += 1
        soc = car.energy_kwh / car.capacity_kwh
        if not (-SOC_TOLERANCE <= soc <= 1.0 + SOC_TOLERANCE):
            out[OUT_OF_BOUNDS] += 1
        out[SOC] += soc
        out[ENERGY_KWH] += car.energy_kwh
        out[STORED_KWH] += car.stored_kwh
        out[DRAWN_KWH] += car.drawn_kwh
        out[DRIVEN_KWH] += car.driven_kwh
        out[COST_YUAN] += car.charging_cost_yuan
        out[REVENUE_YUAN] += car.feed_in_revenue_yuan
        out[EVENT_YUAN] += car.event_revenue_yuan
        out[PENALTY_YUAN] += car.penalty_yuan
        out[ENROLLED] += driver.enrolled


@compiled
def tally_chargers(start: int, stop: int, out: Any, w: Any) -> None:
    """Sums over chargers, by the entries above."""
    cars, chargers = w.cars, w.chargers
    for post in range(start, stop):
        charger = chargers[post]
        power = float(charger.power_kw)
        if charger.car < 0:
            if power != 0.0:
                out[OUT_OF_LIMITS] += 1
            continue
        out[OCCUPIED] += 1
        if cars[charger.car].charger != post or cars[charger.car].power_kw != power:
            out[MISPLUGGED] += 1
        idle = not cars[charger.car].converting
        if power >= 0.0:
            out[CHARGE_KW + charger.kind] += power
            if power > 0.0 and not idle:
                out[CHARGING] += 1
        else:
            out[DISCHARGE_KW + charger.kind] -= power
            out[DISCHARGING] += 1
        within = charger.low_kw <= power <= charger.high_kw or idle
        if abs(power) > charger.rated_kw or not within:
            out[OUT_OF_LIMITS] += 1
        if charger.steered:
            working = 0.0 if idle else power
            out[STEERED_KW] += power
            out[UP_KW] += working - charger.low_kw
            out[DOWN_KW] += charger.high_kw - working
