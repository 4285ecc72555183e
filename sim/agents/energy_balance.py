"""Moving: what power and driving do to a car's battery in a step, what it costs, and how that is booked.

A car is moved in a step only if it drives or is plugged in and not idle; a car at rest keeps its state.
"""

from __future__ import annotations

from typing import Any

from sim.agents import fleet_flows, meter
from sim.agents.accounts import keep_up
from sim.city.codes import HOME_POST
from sim.rules.battery import battery_side_kw
from sim.rules.compiling import part_of_row
from sim.rules.wear import as_turn, calendar_stress, follow_cycles


@part_of_row
def move_at_post(row: int, car: Any, step: int, w: Any) -> None:
    """One step of a plugged car: energy, what it costs, what it does to the battery; all of it booked."""
    before_kwh = car.energy_kwh
    if car.book >= 0:
        keep_up(w.books[car.book], car, step, w.series, w.figures[0])
    _draw_at_post(row, car, w.series[step], w)
    _note(row, car, before_kwh, False, step, w)


@part_of_row
def move_on_the_road(row: int, car: Any, step: int, w: Any) -> None:
    """One step of a car on the road: what it gets on the way and what driving takes, booked likewise."""
    before_kwh, driving = car.energy_kwh, car.kwh_per_step > 0.0
    if car.book >= 0:
        keep_up(w.books[car.book], car, step, w.series, w.figures[0])
    if car.power_kw > 0.0:
        _draw_en_route(row, car, w.series[step], w)
    if driving:
        _use(row, car, w)
    _note(row, car, before_kwh, driving, step, w)


@part_of_row
def _note(row: int, car: Any, before_kwh: float, driving: bool, step: int, w: Any) -> None:
    """Note where a step has taken the battery."""
    soc, capacity = car.energy_kwh / car.capacity_kwh, car.capacity_kwh
    fleet_flows.add(row, fleet_flows.ENERGY_KWH, car.energy_kwh - before_kwh, w)
    fleet_flows.add(row, fleet_flows.SOC, (car.energy_kwh - before_kwh) / capacity, w)
    if not (-fleet_flows.SOC_TOLERANCE <= soc <= 1.0 + fleet_flows.SOC_TOLERANCE):
        fleet_flows.add(row, fleet_flows.OUT_OF_BOUNDS, 1.0, w)
    if car.book >= 0:
        _age(w.books[car.book], car, soc, driving, step, w.series[step], w.figures[0])


@part_of_row
def _draw_at_post(row: int, car: Any, moment: Any, w: Any) -> None:
    """Move what the charger of a plugged car draws or feeds in."""
    f, power, rating = w.figures[0], float(car.power_kw), float(car.session_kw)
    charger = w.chargers[car.charger]
    if moment.event_price > 0.0 and w.drivers[row].answers_event:
        earned = rating * f.step_hours * moment.event_price
        fleet_flows.add(row, fleet_flows.EVENT_YUAN, earned, w)
        if car.book >= 0:
            w.books[car.book].event_revenue_yuan += earned
    if charger.on_call and car.book >= 0:
        w.books[car.book].ready_h += f.step_hours
        w.books[car.book].ready_kwh += rating * f.step_hours
    if power == 0.0:
        return
    battery_kw = battery_side_kw(power, rating, f.fixed_loss, f.proportional_loss)
    _settle(row, car, power, battery_kw if car.converting else 0.0, moment, w)
    if power < 0.0:
        charger.has_fed_in = 1


@part_of_row
def _draw_en_route(row: int, car: Any, moment: Any, w: Any) -> None:
    """Move what a car draws on the way: the post runs at its rating for part of the step."""
    f, power, rating = w.figures[0], float(car.power_kw), float(car.session_kw)
    at_rating = battery_side_kw(rating, rating, f.fixed_loss, f.proportional_loss) / rating
    _settle(row, car, power, power * at_rating, moment, w)
    if car.book >= 0:
        w.books[car.book].en_route_h += f.step_hours * power / rating


@part_of_row
def _settle(row: int, car: Any, power_kw: float, battery_kw: float, moment: Any, w: Any) -> None:
    """Book energy and money of a power: grid side, battery side, what is paid and what is earned."""
    f = w.figures[0]
    grid_kwh, battery_kwh = power_kw * f.step_hours, battery_kw * f.step_hours
    by_meter = f.metered and car.post_kind == HOME_POST  # the home's meter counts the money of that
    car.energy_kwh += battery_kwh
    if power_kw > 0.0:
        cost = 0.0 if by_meter else grid_kwh * moment.price[car.post_kind]
        fleet_flows.add(row, fleet_flows.STORED_KWH, battery_kwh, w)
        fleet_flows.add(row, fleet_flows.COST_YUAN, cost, w)
        if car.book >= 0:
            book = w.books[car.book]
            book.charged_kwh += grid_kwh
            book.stored_kwh += battery_kwh
            book.fees_yuan += grid_kwh * f.service_fee[car.post_kind]
            book.charging_cost_yuan += cost
    else:
        earned = 0.0 if by_meter else -grid_kwh * moment.feed_in_price
        premium = 0.0 if by_meter else -grid_kwh * moment.event_premium
        fleet_flows.add(row, fleet_flows.DRAWN_KWH, -battery_kwh, w)
        fleet_flows.add(row, fleet_flows.REVENUE_YUAN, earned, w)
        fleet_flows.add(row, fleet_flows.EVENT_YUAN, premium, w)
        if car.book >= 0:
            book = w.books[car.book]
            book.discharged_kwh -= grid_kwh
            book.drawn_kwh -= battery_kwh
            book.feed_in_revenue_yuan += earned
            book.event_revenue_yuan += premium


@part_of_row
def _use(row: int, car: Any, w: Any) -> None:
    """Take a step's driving energy out of the battery; a plug-in hybrid goes on with fuel."""
    wanted = float(car.kwh_per_step)
    used = min(wanted, max(0.0, car.energy_kwh))
    car.energy_kwh -= used
    fleet_flows.add(row, fleet_flows.DRIVEN_KWH, used, w)
    if used < wanted and not car.is_phev:
        fleet_flows.add(row, fleet_flows.STRANDED, 1.0, w)
    if car.book >= 0:
        book = w.books[car.book]
        book.driven_kwh += used
        book.km += car.km_per_step
        if used < wanted:
            if car.is_phev:
                book.fuel_km += car.km_per_step * (1.0 - used / wanted)
            else:
                book.stranded_kwh += wanted - used


@part_of_row
def read_meter(row: int, car: Any, step: int, home: Any, w: Any) -> None:
    """Move the meter of a car's home, and book what the car adds to the bill and earns."""
    moment, f = w.series[step], w.figures[0]
    at_home = w.drivers[row].home_charger
    if at_home < 0:
        return
    size = float(w.chargers[at_home].home_size)
    bill = meter.advance(home.meters[row], size, car, moment, home.additions[step], home.limits_kwh, f)
    fleet_flows.add(row, fleet_flows.COST_YUAN, bill[0], w)
    fleet_flows.add(row, fleet_flows.REVENUE_YUAN, bill[1], w)
    fleet_flows.add(row, fleet_flows.EVENT_YUAN, bill[2], w)
    if car.book >= 0:
        book = w.books[car.book]
        book.charging_cost_yuan += bill[0]
        book.feed_in_revenue_yuan += bill[1]
        book.event_revenue_yuan += bill[2]


@part_of_row
def _age(book: Any, car: Any, soc: float, driving: bool, step: int, moment: Any, f: Any) -> None:
    """Note what a step at a state of charge does to the battery."""
    if soc < book.min_soc:
        book.min_soc = soc
    book.stress_years += f.step_years * calendar_stress(
        soc, moment.warmth[car.is_nmc], f.soc_slope[car.is_nmc]
    )
    if car.charger >= 0:
        book.plugged_steps += 1
    book.kept_until = step + 1
    if car.power_kw != 0.0 or driving:
        count, closed = follow_cycles(book.turns, book.turn_count, as_turn(soc), f.depth_exponent[car.is_nmc])
        book.turn_count = count
        book.cycles += closed
