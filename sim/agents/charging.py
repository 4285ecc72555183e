"""Charging: the safe power range of a session in a step, and its power."""

from __future__ import annotations

import math
from typing import Any

from sim.agents import decision_codes, entries
from sim.agents.accounts import post
from sim.agents.decision_codes import SELLING
from sim.agents.recharging import forgo
from sim.agents.records import CarRecord, ChargerRecord, DriverRecord, Figures, Moment
from sim.agents.starting import (
    full_kwh,
    is_controlled,
    may_discharge,
    taper_h,
    target_kwh,
    waits_for_timer,
)
from sim.agents.travelling import next_trip_kwh
from sim.agents.world import World
from sim.city.charger_kinds import HOME_KIND
from sim.dispatch.clearing import Order, ranks_by_laxity, ranks_by_value
from sim.dispatch.cost_to_go import ValueTable, worth
from sim.dispatch.price_thresholds import PriceTable, count_up_to, price_of_rank, rank_of_cheapest
from sim.dispatch.signal import CURVE, FREE, HABIT, Signal
from sim.rules.battery import battery_side_kw, grid_side_kw, hours_to_reach
from sim.rules.chance import OVERRIDE, PATIENCE, TURN, uniform
from sim.rules.compiling import part_of_row, per_row
from sim.rules.gate import highest_kw, lowest_kw, needed_kwh
from sim.rules.plugging import energy_is_tight
from sim.rules.price_response import charges_now, feeds_in_now, steps_needed


@part_of_row
def offer(
    row: int,
    charger: ChargerRecord,
    driver: DriverRecord,
    car: CarRecord,
    step: int,
    moment: Moment,
    bills: PriceTable,
    w: World,
) -> None:
    """Compute the range of power in this step that is safe for the car and acceptable to its owner."""
    f = w.figures[0]
    charger.controlled = is_controlled(driver, charger.kind, f, w.kinds) and not charger.overridden
    if charger.controlled and presses_button(charger, driver, car, step, moment.temperature_c, f):
        charger.overridden = 1
        charger.controlled = 0
        forgo(charger)
        post(row, car, entries.OVERRIDES, 1.0, w)
    charger.reason = decision_codes.NONE
    charger.accepts_discharge = 0
    charger.low_kw, charger.high_kw = safe_range(charger, driver, car, step, f.step_hours, w)
    if charger.controlled:
        left_h = (charger.stated_step - step) * f.step_hours
        charger.laxity_h = left_h - hours_to_reach(
            float(car.energy_kwh), float(car.owed_kwh), stored_kw(car, f), full_kwh(car, f), taper_h(car, f)
        )
    if driver.answers_call == SELLING:  # the owner has weighed it before driving here
        charger.low_kw, charger.high_kw = min(0.0, float(charger.low_kw)), 0.0
        charger.accepts_discharge = 1
    elif charger.low_kw < 0.0:
        charger.low_kw = _least_kw_of_contract(charger, car, step, moment, w.accounts, f)
        _refuse_at_a_loss(charger, car, step, moment, bills, f)


@part_of_row
def mandatory_kw(charger: ChargerRecord) -> float:
    """Least safe power of a charger without feeding in [kW]."""
    return max(0.0, float(charger.low_kw))


@part_of_row
def _least_kw_of_contract(
    charger: ChargerRecord, car: CarRecord, step: int, moment: Moment, accounts: Any, f: Figures
) -> float:
    """Lower end of the safe power range after the limits of warranty and contract [kW]."""
    low = float(charger.low_kw)
    if f.has_warranty:
        discharged_kwh = accounts[car.account].sums[entries.DISCHARGED_KWH]
        if discharged_kwh - low * f.step_hours > warranty_kwh(step, f):
            return 0.0
    if f.saves_only:
        low = max(low, -float(charger.home_size) * moment.home_kw)
        if low > -f.minimum_load * car.session_kw:
            return 0.0
    return low


@part_of_row
def _refuse_at_a_loss(
    charger: ChargerRecord, car: CarRecord, step: int, moment: Moment, bills: PriceTable, f: Figures
) -> None:
    """Owners do not discharge for less than it costs them, unless the contract makes up for the loss.

    Behind a home's meter, energy that the home uses saves the retail price; the rest earns the feed-in price.
    """
    cost = discharge_cost(charger, car, step, bills, f)
    charger.accepts_discharge = accepts(cost, moment.feed_in_price + moment.event_premium, f)
    if charger.accepts_discharge:
        return
    own_kw = own_use_kw(charger, cost, moment, f)
    if own_kw <= f.minimum_load * car.session_kw:
        charger.low_kw = 0.0
        return
    charger.accepts_discharge = 1
    charger.low_kw = max(charger.low_kw, -own_kw)


@part_of_row
def own_use_kw(charger: ChargerRecord, cost: float, moment: Moment, f: Figures) -> float:
    """Use of the home that a car supplies at a cost below the retail price [kW]."""
    if f.behind_the_meter and charger.kind == HOME_KIND and accepts(cost, moment.price[HOME_KIND], f):
        return float(charger.home_size * moment.home_kw)
    return 0.0


@part_of_row
def accepts(cost: float, paid: float, f: Figures) -> bool:
    """Whether an owner discharges at a price; nobody does where the stay leaves no time to recharge."""
    return cost <= paid or (f.compensates and cost < math.inf)


@part_of_row
def discharge_cost(charger: ChargerRecord, car: CarRecord, step: int, bills: PriceTable, f: Figures) -> float:
    """What discharging costs the owner [yuan/kWh]: recharging, the wear of the owner's own cells, a margin.

    Recharging, with its losses, takes the cheapest hours of the stay that are left.
    """
    left = charger.stated_step - step
    ahead = min(max(left, 0), bills.lower.shape[2] - 1 - step)
    needed = steps_needed(left * f.step_hours - charger.laxity_h, f.step_hours)
    rebuy = recharge_price(bills, charger.kind, step, ahead, needed)
    return rebuy / f.round_trip + f.own_wear[car.is_nmc] + f.owner_margin


@part_of_row
def recharge_price(prices: PriceTable, kind: int, step: int, ahead: int, needed: int) -> float:
    """Price at which energy discharged in a step is bought back [yuan/kWh]; infinite without time for it.

    Recharging takes up to two more steps than the car needs anyway.
    """
    dearest = rank_of_cheapest(prices, kind, step, ahead, needed + 2)
    return price_of_rank(prices, kind, dearest)


@part_of_row
def warranty_kwh(step: int, f: Figures) -> float:
    """Cumulative discharge that the warranty allows up to the end of a step's day [kWh]."""
    days = max(0.0, (step - f.first_recorded_step) / f.steps_per_day) + 1.0
    return f.warranty_kwh_per_day * days


@part_of_row
def note_on_call(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, accounts: Any, f: Figures
) -> None:
    """Note whether a car is on call: controlled, working, and allowed to discharge now or once charged."""
    able = (
        charger.controlled
        and charger.reason != decision_codes.OUT_OF_ORDER
        and may_discharge(driver, car, charger, f)
    )
    charger.on_call = able
    if able and f.has_warranty:
        charger.on_call = accounts[car.account].sums[entries.DISCHARGED_KWH] < warranty_kwh(step, f)


@part_of_row
def safe_range(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, hours: float, w: World
) -> tuple[float, float]:
    """Lowest and highest safe constant power over a number of hours from a step on [kW].

    A car that is not controlled charges at full power, once its timer lets it: both ends are equal.
    """
    f = w.figures[0]
    if waits_for_timer(charger, step, f):
        return 0.0, 0.0
    energy, rating = float(car.energy_kwh), float(car.session_kw)
    full, taper = full_kwh(car, f), taper_h(car, f)
    target = target_kwh(driver, car, w.kinds)
    high = highest_kw(energy, target, hours, rating, full, taper, f.fixed_loss, f.proportional_loss)
    if not charger.controlled and driver.answers_call != SELLING:
        return high, high
    needed = least_energy_kwh(charger, driver, car, step, hours, f)
    low = lowest_kw(
        energy, needed, hours, high, rating, car.capacity_kwh, car.battery_kw, f.weak_soc,
        f.minimum_load, may_discharge(driver, car, charger, f), f.fixed_loss, f.proportional_loss,
    )  # fmt: skip
    return low, high


@part_of_row
def least_energy_kwh(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, hours: float, f: Figures
) -> float:
    """Least energy a car must hold some hours after a step begins: reserve and promise [kWh].

    Who drove out to sell goes home without recharging there.
    """
    if driver.answers_call == SELLING:
        return float(car.owed_kwh)
    left_h = (charger.stated_step - step) * f.step_hours
    return needed_kwh(
        driver.reserve_soc * car.capacity_kwh, float(car.owed_kwh), left_h - hours,
        float(car.session_kw), full_kwh(car, f), taper_h(car, f), f.fixed_loss, f.proportional_loss,
    )  # fmt: skip


@part_of_row
def floor_kwh(driver: DriverRecord, car: CarRecord) -> float:
    """Energy below which a car does not discharge [kWh]: the reserve, or the energy owed if that is less."""
    return min(driver.reserve_soc * car.capacity_kwh, float(car.owed_kwh))


@part_of_row
def stored_kw(car: CarRecord, f: Figures) -> float:
    """Battery-side charging power at the rating [kW]."""
    rating = float(car.session_kw)
    return battery_side_kw(rating, rating, f.fixed_loss, f.proportional_loss)


@part_of_row
def discharge_efficiency(rated_kw: float, f: Figures) -> float:
    """Energy fed in over the energy that the battery gives for it, at the rating."""
    return -grid_side_kw(-rated_kw, rated_kw, f.fixed_loss, f.proportional_loss) / rated_kw


@part_of_row
def endurance_h(driver: DriverRecord, car: CarRecord, f: Figures) -> float:
    """Energy a car can discharge, in hours of charging at the rating that would replace it [h]."""
    return (car.energy_kwh - floor_kwh(driver, car)) / stored_kw(car, f)


@part_of_row
def room_h(driver: DriverRecord, car: CarRecord, f: Figures) -> float:
    """Most energy a car may come to owe, in hours of charging at the rating [h]."""
    return (car.owed_kwh - floor_kwh(driver, car)) / stored_kw(car, f)


@part_of_row
def bid_and_ask(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, values: ValueTable, f: Figures
) -> tuple[float, float]:
    """Bid and ask of a car: prices below which it charges and above which it discharges [yuan/kWh]."""
    left_h = (charger.stated_step - step) * f.step_hours
    hours_after, debt_h = left_h - f.step_hours, left_h - charger.laxity_h
    bid, ask = worth(values, charger.kind, hours_after, debt_h, room_h(driver, car, f), charger.low_kw < 0.0)
    return bid, ask + wear_beyond(car, values.least_gain, f)


@part_of_row
def rank(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, order: Order, f: Figures
) -> None:
    """Store the ranks of a charger's offer in the operator's merit order."""
    if order.by_value:
        bid, ask = bid_and_ask(charger, driver, car, step, order.values, f)
        ranks = ranks_by_value(bid, ask, charger.laxity_h, endurance_h(driver, car, f), order.edge)
    else:
        ranks = ranks_by_laxity(charger.laxity_h)
    charger.charge_rank, charger.discharge_rank = ranks


@part_of_row
def set_point(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, signal: Signal, f: Figures
) -> float:
    """Power that the operator's signal requests from the car at a charger [kW]."""
    if charger.reason == decision_codes.OUT_OF_ORDER or charger.reason == decision_codes.LINK_LOST:
        return float(charger.high_kw)
    if driver.answers_call == SELLING:
        charger.reason = decision_codes.DROVE_OUT
        return float(charger.low_kw)
    if not charger.controlled or signal.kind == FREE:
        charger.reason = decision_codes.OVERRIDDEN if charger.overridden else decision_codes.NOT_CONTROLLED
        if waits_for_timer(charger, step, f):
            charger.reason = decision_codes.TIMER
        elif charger.high_kw <= 0.0:
            charger.reason = decision_codes.READY
        return float(charger.high_kw)
    if mandatory_kw(charger) >= charger.high_kw and charger.low_kw >= 0.0:  # no choice
        charger.reason = decision_codes.PROMISE if mandatory_kw(charger) > 0.0 else decision_codes.READY
        return float(charger.high_kw)
    if signal.kind == HABIT:
        return _by_habit(charger, driver, car, step, signal, f)
    if signal.kind == CURVE:
        return _by_curve(charger, driver, car, step, signal.values, f)
    cleared = signal.cleared
    if charger.charge_rank > cleared.charge_rank or (
        charger.charge_rank == cleared.charge_rank and turn_of(driver, step, f) < cleared.charge_share
    ):
        charger.reason = decision_codes.CALLED_TO_CHARGE if charger.high_kw > 0.0 else decision_codes.READY
        return float(charger.high_kw)
    charger.reason = decision_codes.PROMISE if mandatory_kw(charger) > 0.0 else decision_codes.TOLD_TO_WAIT
    if charger.discharge_rank < cleared.discharge_rank or (
        charger.discharge_rank == cleared.discharge_rank and turn_of(driver, step, f) < cleared.feed_in_share
    ):
        if charger.low_kw < 0.0:  # otherwise there is no energy above the reserve to discharge
            charger.reason = decision_codes.CALLED_TO_FEED_IN
        return float(charger.low_kw)
    return mandatory_kw(charger)


@part_of_row
def turn_of(driver: DriverRecord, step: int, f: Figures) -> float:
    """Random position of a car among those of its rank in a step, uniform in [0, 1)."""
    return uniform(f.key, driver.driver_id, step, TURN)


@part_of_row
def wear_beyond(car: CarRecord, least_gain_yuan_per_kwh: float, f: Figures) -> float:
    """Wear cost of this owner's cells in excess of the general minimum gain [yuan/kWh]."""
    return max(0.0, f.own_wear[car.is_nmc] - least_gain_yuan_per_kwh)


@part_of_row
def _by_curve(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, values: ValueTable, f: Figures
) -> float:
    """Power of an owner who minimises cost against the whole price curve [kW]."""
    bid, ask = bid_and_ask(charger, driver, car, step, values, f)
    saves, earns = bid - values.buy[charger.kind], values.sell[charger.kind] - ask
    if earns > 0.0 and earns >= saves and charger.low_kw < 0.0:
        charger.reason, charger.reckoned_yuan_per_kwh = decision_codes.WORTH_FEEDING_IN, ask
        return float(charger.low_kw)
    if saves > 0.0:
        charger.reason, charger.reckoned_yuan_per_kwh = decision_codes.WORTH_CHARGING, bid
        if charger.high_kw <= 0.0:
            charger.reason = decision_codes.READY
        return float(charger.high_kw)
    charger.reason, charger.reckoned_yuan_per_kwh = decision_codes.WORTH_WAITING, bid
    if mandatory_kw(charger) > 0.0:
        charger.reason = decision_codes.PROMISE
    elif bid == -math.inf:  # nothing is owed
        charger.reason = decision_codes.READY
    return mandatory_kw(charger)


@part_of_row
def _by_habit(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, signal: Signal, f: Figures
) -> float:
    """Power of an owner who uses the cheapest hours of the stop: charge, wait or discharge [kW]."""
    prices, kind = signal.prices, charger.kind
    horizon = prices.rising.shape[1]
    left = charger.stated_step - step
    ahead = min(max(left, 0), horizon)
    needed = min(steps_needed(left * f.step_hours - charger.laxity_h, f.step_hours), horizon)
    patience = 0.0
    if signal.just_in_time:
        patience = 1.0
    elif signal.staggered:
        patience = uniform(
            f.key, driver.driver_id, (step + f.steps_per_day // 2) // f.steps_per_day, PATIENCE
        )
    dearest = rank_of_cheapest(prices, kind, 0, ahead, needed)
    threshold = price_of_rank(prices, kind, dearest)
    if charges_now(
        prices.now[kind], threshold, count_up_to(prices, kind, 0, ahead, dearest),
        count_up_to(prices, kind, 0, prices.day_steps, dearest), needed, patience,
    ):  # fmt: skip
        charger.reason = decision_codes.CHEAP if charger.high_kw > 0.0 else decision_codes.READY
        charger.reckoned_yuan_per_kwh = threshold
        return float(charger.high_kw)
    rebuy = recharge_price(prices, kind, 0, ahead, needed)
    gain = signal.least_gain + wear_beyond(car, signal.least_gain, f)
    if charger.low_kw < 0.0 and feeds_in_now(signal.feed_in_price, rebuy, signal.round_trip, gain):
        charger.reason = decision_codes.SELLS
        charger.reckoned_yuan_per_kwh = rebuy / signal.round_trip + gain
        return float(charger.low_kw)
    charger.reason = decision_codes.PROMISE if mandatory_kw(charger) > 0.0 else decision_codes.WAITS
    cheapest = rank_of_cheapest(prices, kind, 0, ahead, max(needed, min(1, ahead)))
    charger.reckoned_yuan_per_kwh = price_of_rank(prices, kind, cheapest)
    return mandatory_kw(charger)


@part_of_row
def deliver(charger: ChargerRecord, car: CarRecord, wish_kw: float, f: Figures) -> None:
    """The gate: clip a requested power to the safe range and apply it. Idle converters draw standby power."""
    if wish_kw != wish_kw:  # not a number
        wish_kw = 0.0
    power = min(max(wish_kw, float(charger.low_kw)), float(charger.high_kw))
    car.converting = power != 0.0
    if not car.converting and charger.bidirectional:
        power = f.standby_kw
    charger.power_kw = power
    car.power_kw = power


@per_row
def presses_button(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, temperature_c: float, f: Figures
) -> bool:
    """Whether the owner of a controlled car presses the button now.

    A share does so at random when plugging in. Others do so when they notice, some time before leaving,
    that they will depart earlier than stated and that energy for the next trip may be short.
    """
    if step == charger.since_step:
        return uniform(f.key, driver.driver_id, step, OVERRIDE) < f.override_share
    if driver.depart_step >= charger.stated_step or driver.depart_step - step > f.override_notice_steps:
        return False
    trip_kwh = next_trip_kwh(driver, car, temperature_c, f)
    return energy_is_tight(float(car.energy_kwh), trip_kwh, float(car.capacity_kwh), f.trip_buffer_soc)
