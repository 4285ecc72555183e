"""The book of a car: what stood still is written down when something moves, or when somebody reads."""

from __future__ import annotations

from typing import Any

from sim.rules.compiling import part_of_row, per_row
from sim.rules.wear import as_turn, calendar_stress


@part_of_row
def keep_up(book: Any, car: Any, step: int, series: Any, f: Any) -> None:
    """Write down the steps before a given one in which the car did not move energy.

    Its state of charge has been the same in all of them: cells have aged at it, and a car that is plugged
    in has been so all the time.
    """
    if book.kept_until >= step:
        return
    soc, nmc = car.energy_kwh / car.capacity_kwh, car.is_nmc
    warm = series[step - 1].aged[nmc] + series[step - 1].warmth[nmc] - series[book.kept_until].aged[nmc]
    book.stress_years += f.step_years * calendar_stress(soc, warm, f.soc_slope[nmc])
    if car.charger >= 0:
        book.plugged_steps += step - book.kept_until
    book.kept_until = step


@per_row
def open_all(start: int, stop: int, step: int, w: Any) -> None:
    """Open the books of a range of cars: all sums from zero, from a step on."""
    for row in range(start, stop):
        car = w.cars[row]
        if car.book >= 0:
            _open(w.books[car.book], car, step)


@part_of_row
def _open(book: Any, car: Any, step: int) -> None:
    soc = car.energy_kwh / car.capacity_kwh
    book.kept_until = step
    book.km = book.driven_kwh = book.charged_kwh = book.discharged_kwh = 0.0
    book.stored_kwh = book.drawn_kwh = book.fuel_km = book.stranded_kwh = 0.0
    book.charging_cost_yuan = book.fees_yuan = book.feed_in_revenue_yuan = book.event_revenue_yuan = 0.0
    book.availability_revenue_yuan = book.penalty_yuan = book.ready_h = book.ready_kwh = 0.0
    book.promise_shortfall_kwh = book.dwell_shortfall_kwh = book.en_route_h = 0.0
    book.trips = book.sessions = book.discharge_sessions = book.plugged_steps = 0
    book.en_route_charges = book.overrides = book.promise_shortfalls = 0
    book.shortfalls_left_early = book.shortfalls_shock = book.shortfalls_limit = 0
    book.stress_years = book.cycles = 0.0
    book.turns[0] = as_turn(soc)
    book.turn_count = 1
    book.start_kwh = car.energy_kwh
    book.min_soc = soc


@per_row
def keep_up_rows(rows: Any, step: int, w: Any) -> None:
    """Bring the books of some cars up to a step."""
    for row in rows:
        keep_up(w.books[w.cars[row].book], w.cars[row], step, w.series, w.figures[0])


@per_row
def keep_up_all(start: int, stop: int, step: int, w: Any) -> None:
    """Bring the books of a range of cars up to a step."""
    for row in range(start, stop):
        car = w.cars[row]
        if car.book >= 0:
            keep_up(w.books[car.book], car, step, w.series, w.figures[0])
