"""Allocation of shared chargers: the kind of public post preferred, the posts in reach, and who gets one."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.agents import scheduling
from sim.agents.decision_codes import SELLING
from sim.agents.plugging import fits, suits
from sim.agents.records import CarRecord, DriverRecord
from sim.agents.starting import attach
from sim.agents.world import World
from sim.city.charger_kinds import AT_PUBLIC, NO_KIND
from sim.rules.chance import POSTS_IN_REACH, QUEUE_ORDER, WAY_OF_CHARGING, bits, uniform
from sim.rules.compiling import compiled, part_of_row, per_row
from sim.rules.gate import FULL_ENOUGH_KWH
from sim.rules.place_choice import generalised_cost_yuan, weight_of_cost


@compiled
def assign_chargers(step: int, w: World) -> None:
    """Assign free chargers to waiting drivers: first come, first served; at random within one step.

    Cars that can discharge take bidirectional chargers first, others take these last. Drivers who have
    waited longer than their patience give up.
    """
    drivers, cars, f = w.drivers, w.cars, w.figures[0]
    waiting = _waiting(w.activity)
    if len(waiting) == 0:
        return
    turn = np.empty(len(waiting), np.uint64)
    for k, row in enumerate(waiting):
        lot = bits(f.key, drivers[row].driver_id, step, QUEUE_ORDER) >> np.uint64(33)
        turn[k] = (np.uint64(drivers[row].waiting_since) << np.uint64(31)) | lot
    costs = np.empty(len(w.kinds), np.float64)
    upward, downward = w.pools["first"].copy(), w.pools["stop"] - 1
    for k in np.argsort(turn):
        row = waiting[k]
        driver, car = drivers[row], cars[row]
        in_public = w.kinds[driver.wants].at == AT_PUBLIC and driver.answers_call != SELLING
        if in_public:
            driver.wants = preferred_kind(driver, car, step, costs, w)
            charger_row = _free_in_reach(driver, car, w)
        else:
            pool = w.kinds[driver.wants].pool * f.n_districts + w.town.zones[driver.zone].district
            sells = driver.answers_call == SELLING
            two_way_first = bool(sells or (driver.enrolled and car.v2g_capable))
            charger_row = _free_charger(pool, two_way_first, sells, upward, downward, w.chargers)
        if charger_row >= 0:
            attach(row, driver, car, charger_row, step, w)
        elif step - driver.waiting_since >= f.patience_steps:
            driver.wants = NO_KIND
        scheduling.note(row, driver, car, step, w)


@part_of_row
def preferred_kind(driver: DriverRecord, car: CarRecord, step: int, costs: Any, w: World) -> int:
    """Kind of public post that a driver who waits prefers now: a logit over generalised costs.

    `costs` is a buffer, one number for each kind.
    """
    f, commercial = w.figures[0], w.town.archetypes[driver.archetype].commercial
    hours = (driver.depart_step - step) * f.step_hours
    least, total, best = np.inf, 0.0, int(driver.wants)
    for kind in range(len(w.kinds)):
        costs[kind] = np.inf
        if fits(kind, AT_PUBLIC, car.has_fast_inlet, w.kinds) and suits(kind, commercial, hours, w.kinds):
            costs[kind] = cost_of_kind(kind, driver, car, hours, step, w)
            least = min(least, costs[kind])
    for kind in range(len(w.kinds)):
        total += weight_of_cost(costs[kind], least, f.choice_scale_yuan)
    left = total * uniform(f.key, driver.driver_id, driver.waiting_since, WAY_OF_CHARGING)
    for kind in range(len(w.kinds)):
        weight = weight_of_cost(costs[kind], least, f.choice_scale_yuan)
        if weight > 0.0 and left >= 0.0:
            best = kind
        left -= weight
    return best


@part_of_row
def cost_of_kind(kind: int, driver: DriverRecord, car: CarRecord, hours: float, step: int, w: World) -> float:
    """Generalised cost of charging at a kind of public post during this stop [yuan].

    What the stay does not allow has to be charged later, at a fast post. A post that is taken costs a queue.
    """
    f, each = w.figures[0], w.kinds[kind]
    wanted = float(max(0.0, driver.target_soc * car.capacity_kwh - car.energy_kwh))
    kw = min(each.rated_kw, float(car.battery_kw if each.direct_current else car.ac_kw))
    here = min(wanted, kw * hours)
    if each.stops_at_soc < driver.target_soc:
        here = min(here, float(max(0.0, each.stops_at_soc * car.capacity_kwh - car.energy_kwh)))
    if here < FULL_ENOUGH_KWH:
        return np.inf
    own_h = here / kw if each.driver_waits else 0.0
    if _first_free(kind, driver, False, w) < 0:
        own_h += f.queue_h
    price = _mean_price(kind, step, here / kw, w)
    later = price + f.value_of_time / f.fastest_kw
    return generalised_cost_yuan(price, here, wanted - here, later, own_h, f.value_of_time, each.access_yuan)


@part_of_row
def _mean_price(kind: int, step: int, hours: float, w: World) -> float:
    """Mean price of charging for some hours from a step on [yuan/kWh]."""
    last = min(step + max(1, int(hours / w.figures[0].step_hours)), len(w.series))
    total = 0.0
    for each in range(step, last):
        total += w.series[each].price[kind]
    return total / max(1, last - step)


@part_of_row
def _free_in_reach(driver: DriverRecord, car: CarRecord, w: World) -> int:
    """A free post of the preferred kind among those in reach, bidirectional first or last; -1 if none."""
    kind = int(driver.wants)
    if driver.enrolled and car.v2g_capable:
        two_way = _first_free(kind, driver, True, w)
        if two_way >= 0:
            return two_way
    return _first_free(kind, driver, False, w)


@part_of_row
def _first_free(kind: int, driver: DriverRecord, two_way_alone: bool, w: World) -> int:
    """First free post of a kind among those in reach of where the driver stands; -1 if none.

    Posts in reach are some neighbours in the district's list, from a place that is the driver's own.
    """
    f = w.figures[0]
    pool = w.pools[w.kinds[kind].pool * f.n_districts + w.town.zones[driver.zone].district]
    posts = int(pool.stop - pool.first)
    if posts <= 0:
        return -1
    start = int(bits(f.key, driver.driver_id, int(driver.zone), POSTS_IN_REACH) % np.uint64(posts))
    one_way = -1
    for k in range(min(posts, f.posts_in_reach)):
        number = int(pool.first) + (start + k) % posts
        if w.chargers[number].car >= 0:
            continue
        if two_way_alone == bool(w.chargers[number].bidirectional):
            return number
        one_way = number if one_way < 0 else one_way
    return -1 if two_way_alone else one_way


@compiled
def _waiting(activities: Any) -> Any:
    """Rows of the drivers who wait for a charger, in order."""
    count = 0
    every = activities[:]
    for row in range(len(every)):
        count += every[row] == scheduling.WAITING
    waiting = np.empty(count, np.int64)
    count, stretch = 0, 256
    for first in range(0, len(activities), stretch):
        part, some = activities[first : first + stretch], 0
        for row in range(len(part)):
            some += part[row] == scheduling.WAITING
        if some > 0:
            for row in range(len(part)):
                if part[row] == scheduling.WAITING:
                    waiting[count] = first + row
                    count += 1
    return waiting


@per_row
def _free_charger(
    pool: int, discharges: bool, two_way_alone: bool, upward: Any, downward: Any, chargers: Any
) -> int:
    """Next free charger of a pool, from the bidirectional end or from the other; -1 if none."""
    while upward[pool] <= downward[pool]:
        charger_row = upward[pool] if discharges else downward[pool]
        if two_way_alone and not chargers[charger_row].bidirectional:
            return -1
        if discharges:
            upward[pool] += 1
        else:
            downward[pool] -= 1
        if chargers[charger_row].car < 0:
            return int(charger_row)
    return -1
