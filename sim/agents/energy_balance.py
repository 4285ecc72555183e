"""The energy balance of a car: effect of charging, discharging and driving in a step, and its cost.

A car is updated in a step only if it drives, or is plugged in and not idle; other cars keep their state.
"""

from __future__ import annotations

from typing import Any

from sim.agents import entries, fleet_flows, meter
from sim.agents.accounts import accrue, post
from sim.agents.decision_codes import DRIVES_BACK, DRIVES_OUT, PLUGGED_AGAIN, SELLING
from sim.agents.recharging import note_discharge, settle_recharge
from sim.agents.records import AccountRecord, CarRecord, Figures, Moment
from sim.agents.world import World
from sim.city.charger_kinds import EN_ROUTE, HOME_KIND
from sim.rules.battery import battery_side_kw
from sim.rules.compiling import part_of_row
from sim.rules.wear import as_turn, calendar_stress, follow_cycles


@part_of_row
def move_at_charger(row: int, car: CarRecord, step: int, w: World) -> None:
    """One step of a plugged-in car: post its energy, cost and battery wear."""
    before_kwh = car.energy_kwh
    accrue(row, car, step, w)
    _take_at_charger(row, car, w.series[step], w)
    _note(row, car, before_kwh, False, step, w)


@part_of_row
def move_on_the_road(row: int, car: CarRecord, step: int, w: World) -> None:
    """One step of a car on the road: post its en-route charging and driving consumption."""
    before_kwh, driving = car.energy_kwh, car.kwh_per_step > 0.0
    accrue(row, car, step, w)
    if car.power_kw > 0.0:
        _take_en_route(row, car, w.series[step], w)
    if driving:
        _use(row, car, w)
    _note(row, car, before_kwh, driving, step, w)


@part_of_row
def _note(row: int, car: CarRecord, before_kwh: float, driving: bool, step: int, w: World) -> None:
    """Add the change of stored energy to the fleet flows, check its bounds, and age the battery."""
    soc, capacity = car.energy_kwh / car.capacity_kwh, car.capacity_kwh
    fleet_flows.add(row, fleet_flows.ENERGY_KWH, car.energy_kwh - before_kwh, w)
    fleet_flows.add(row, fleet_flows.SOC, (car.energy_kwh - before_kwh) / capacity, w)
    if not (-fleet_flows.SOC_TOLERANCE <= soc <= 1.0 + fleet_flows.SOC_TOLERANCE):
        fleet_flows.add(row, fleet_flows.OUT_OF_BOUNDS, 1.0, w)
    if car.account >= 0:
        _age(w.accounts[car.account], car, soc, driving, step, w.series[step], w.figures[0])


@part_of_row
def _take_at_charger(row: int, car: CarRecord, moment: Moment, w: World) -> None:
    """Apply the power of the charger of a plugged-in car to the battery."""
    f, power, rating = w.figures[0], float(car.power_kw), float(car.session_kw)
    charger = w.chargers[car.charger]
    if moment.event_price > 0.0 and w.drivers[row].answers_call == PLUGGED_AGAIN:
        post(row, car, entries.EVENT_REVENUE_YUAN, rating * f.step_hours * moment.event_price, w)
    if charger.on_call:
        post(row, car, entries.ON_CALL_H, f.step_hours, w)
        post(row, car, entries.MONTH_ON_CALL_H, f.step_hours, w)
        post(row, car, entries.MONTH_ON_CALL_KWH, rating * f.step_hours, w)
    if power == 0.0:
        return
    battery_kw = battery_side_kw(power, rating, f.fixed_loss, f.proportional_loss)
    _settle(row, car, power, battery_kw if car.converting else 0.0, moment, w)
    if power < 0.0:
        charger.has_discharged = 1
        if not charger.accepts_discharge:
            post(row, car, entries.DISCHARGED_AT_A_LOSS_KWH, -power * f.step_hours, w)
    if car.converting and not _by_meter(car, f) and w.drivers[row].answers_call != SELLING:
        kwh = power * f.step_hours
        if kwh < 0.0:
            note_discharge(charger, car, -kwh, -kwh * (moment.feed_in_price + moment.event_premium), f)
        else:
            settle_recharge(row, car, charger, kwh, moment.price[charger.kind], w)


@part_of_row
def _by_meter(car: CarRecord, f: Figures) -> bool:
    """Whether cost and revenue are settled by the meter of the car's home."""
    return bool(f.metered and car.charger_kind == HOME_KIND)


@part_of_row
def _take_en_route(row: int, car: CarRecord, moment: Moment, w: World) -> None:
    """Apply en-route charging: the charger runs at rated power for part of the step."""
    f, power, rating = w.figures[0], float(car.power_kw), float(car.session_kw)
    at_rating = battery_side_kw(rating, rating, f.fixed_loss, f.proportional_loss) / rating
    _settle(row, car, power, power * at_rating, moment, w)
    post(row, car, entries.EN_ROUTE_H, f.step_hours * power / rating, w)


@part_of_row
def _settle(row: int, car: CarRecord, power_kw: float, battery_kw: float, moment: Moment, w: World) -> None:
    """Post energy and money of a power: grid-side and battery-side energy, cost and revenue."""
    f = w.figures[0]
    grid_kwh, battery_kwh = power_kw * f.step_hours, battery_kw * f.step_hours
    by_meter = _by_meter(car, f)
    car.energy_kwh += battery_kwh
    if power_kw > 0.0:
        post(row, car, entries.CHARGED_KWH, grid_kwh, w)
        post(row, car, entries.BATTERY_IN_KWH, battery_kwh, w)
        if w.kinds[car.charger_kind].fast_inlet or car.charger_kind == EN_ROUTE:
            post(row, car, entries.FAST_CHARGED_KWH, grid_kwh, w)
        post(row, car, entries.SERVICE_FEES_YUAN, grid_kwh * f.service_fee[car.charger_kind], w)
        if not by_meter:
            post(row, car, entries.CHARGING_COST_YUAN, grid_kwh * moment.price[car.charger_kind], w)
    else:
        post(row, car, entries.DISCHARGED_KWH, -grid_kwh, w)
        post(row, car, entries.BATTERY_OUT_KWH, -battery_kwh, w)
        if w.drivers[row].answers_call == SELLING:
            post(row, car, entries.SOLD_IN_CALLS_KWH, -grid_kwh, w)
            post(row, car, entries.EVENT_REVENUE_YUAN, -grid_kwh * moment.call_price, w)
        elif not by_meter:
            post(row, car, entries.FEED_IN_REVENUE_YUAN, -grid_kwh * moment.feed_in_price, w)
            post(row, car, entries.EVENT_REVENUE_YUAN, -grid_kwh * moment.event_premium, w)


@part_of_row
def _use(row: int, car: CarRecord, w: World) -> None:
    """Subtract a step's driving energy from the battery; a plug-in hybrid continues on fuel when empty."""
    wanted = float(car.kwh_per_step)
    used = min(wanted, max(0.0, car.energy_kwh))
    car.energy_kwh -= used
    post(row, car, entries.DRIVEN_KWH, used, w)
    answers = w.drivers[row].answers_call
    to_sell = answers == DRIVES_OUT or answers == DRIVES_BACK  # arms are paired by what was planned
    post(row, car, entries.DRIVE_OUT_KM if to_sell else entries.KM, float(car.km_per_step), w)
    if used < wanted and car.is_phev:
        post(row, car, entries.FUEL_KM, car.km_per_step * (1.0 - used / wanted), w)
    elif used < wanted:
        post(row, car, entries.STRANDED_KWH, wanted - used, w)
        fleet_flows.add(row, fleet_flows.STRANDED, 1.0, w)


@part_of_row
def read_meter(row: int, car: CarRecord, step: int, home: Any, w: World) -> None:
    """Advance the meter of a car's home, and post the car's share of the bill and its revenue."""
    moment, f = w.series[step], w.figures[0]
    at_home = w.drivers[row].home_charger
    if at_home < 0:
        return
    size = float(w.chargers[at_home].home_size)
    bill = meter.advance(home.meters[row], size, car, moment, home.additions[step], home.limits_kwh, f)
    post(row, car, entries.CHARGING_COST_YUAN, bill[0], w)
    post(row, car, entries.FEED_IN_REVENUE_YUAN, bill[1], w)
    post(row, car, entries.EVENT_REVENUE_YUAN, bill[2], w)
    if car.charger == at_home and car.converting:
        charger, kwh = w.chargers[at_home], car.power_kw * f.step_hours
        if kwh < 0.0:
            note_discharge(charger, car, -kwh, bill[1] + bill[2] - bill[0], f)
        else:
            settle_recharge(row, car, charger, kwh, bill[0] / kwh, w)


@part_of_row
def _age(
    account: AccountRecord, car: CarRecord, soc: float, driving: bool, step: int, moment: Moment, f: Figures
) -> None:
    """Add one step to the account: battery ageing, lowest state of charge and time plugged in."""
    if soc < account.min_soc:
        account.min_soc = soc
    account.stress_years += f.step_years * calendar_stress(
        soc, moment.warmth[car.is_nmc], f.soc_slope[car.is_nmc]
    )
    if car.charger >= 0:
        account.sums[entries.PLUGGED_H] += f.step_hours
    account.accrued_until = step + 1
    if car.power_kw != 0.0 or driving:
        count, closed = follow_cycles(
            account.turns, account.turn_count, as_turn(soc), f.depth_exponent[car.is_nmc]
        )
        account.turn_count = count
        account.cycles += closed
