"""What is seen in an ordinary week: trips, sessions, stops, posts, noted while the model runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.city.codes import FAST_POST, HOME, HOME_POST, RIDE_HAILING, ROAD, SLOW_POST, WORKDAY
from sim.model import CityModel
from sim.scenario import Scenario

Array = NDArray[np.float64]


@dataclass
class Week:
    """What was seen.

    Attributes
    ----------
    model : CityModel
        After the last step.
    trip_km, leaves_home_h : list of float
        Trips of private pure electric cars, and the hours at which private drivers leave home on workdays.
    start_soc : dict of int to list of float
        By kind of charger, at the beginning of sessions of private pure electric cars.
    home_kwh, all_kwh : float
        Drawn by private cars with a charger at home: there, and anywhere.
    home_kw : ndarray, shape (n_recorded_steps,)
        Power at home of all cars, for each that plugs in there on that day; cars that stay from the day
        before draw, but do not count.
    by_car_kw : ndarray of float32, shape (n_recorded_steps, n_cars with a charger at home)
        Power of each of these at home.
    public_kw : ndarray, shape (n_recorded_steps,)
        Power drawn at public posts, all of them.
    """

    model: CityModel
    trip_km: list[float] = field(default_factory=list)
    leaves_home_h: list[float] = field(default_factory=list)
    start_soc: dict[int, list[float]] = field(default_factory=dict)
    home_kwh: float = 0.0
    all_kwh: float = 0.0
    home_kw: Array = field(default_factory=lambda: np.zeros(0))
    by_car_kw: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    public_kw: Array = field(default_factory=lambda: np.zeros(0))


def watch(spec: Scenario, arm: str) -> Week:
    """Run an arm and note what is seen on the recorded days."""
    model = CityModel(spec, arm=arm)
    seen = Week(model, start_soc={HOME_POST: [], FAST_POST: []})
    while model.step_index < model.clock.warmup_steps:
        model.step()
    world, clock = model.world, model.clock
    private = world.drivers["archetype"] < RIDE_HAILING
    electric = private & (world.cars["is_phev"] == 0)
    with_charger = private & (world.drivers["home_charger"] >= 0)
    home: list[float] = []
    public: list[float] = []
    single: list[NDArray[np.float32]] = []
    owners = np.flatnonzero(with_charger)
    plugs_in = np.zeros((clock.n_days, len(private)), bool)
    charger, energy = world.cars["charger"].copy(), world.cars["energy_kwh"].copy()
    while not model.finished:
        now = model.step_index
        leaves = (world.drivers["depart_step"] == now) & (world.drivers["place"] != ROAD)
        seen.trip_km.extend(world.drivers["trip_km"][leaves & electric])
        if clock.kinds[now] == WORKDAY:
            from_home = leaves & private & (world.drivers["place"] == HOME)
            seen.leaves_home_h.extend([clock.hours[now] - clock.step_hours / 2.0] * int(from_home.sum()))
        model.step()
        cars = world.cars
        begun = (cars["charger"] >= 0) & (cars["charger"] != charger)
        for kind, values in seen.start_soc.items():
            here = begun & electric & (cars["post_kind"] == kind)
            values.extend(energy[here] / cars["capacity_kwh"][here])
        _note_power(seen, cars, with_charger, home, public, clock.step_hours)
        at_home = (cars["charger"] >= 0) & (cars["post_kind"] == HOME_POST)
        plugs_in[clock.day[now]] |= begun & at_home
        single.append(np.where(at_home[owners], cars["power_kw"][owners], 0.0).astype(np.float32))
        charger, energy = cars["charger"].copy(), cars["energy_kwh"].copy()
    model.accountant.finish()
    first = clock.warmup_steps
    plugged = plugs_in.sum(axis=1)[clock.day[first:]]
    seen.home_kw = np.array(home) / np.maximum(1, plugged)
    seen.by_car_kw = np.array(single)
    seen.public_kw = np.array(public)
    return seen


def _note_power(
    seen: Week,
    cars: Any,
    with_charger: NDArray[np.bool_],
    home: list[float],
    public: list[float],
    hours: float,
) -> None:
    """Power at home and in public in this step, and the energy of those who have a charger."""
    power = np.where(cars["charger"] >= 0, cars["power_kw"], 0.0)
    at_home = cars["post_kind"] == HOME_POST
    home.append(float(power[at_home].sum()))
    in_public = (cars["post_kind"] == SLOW_POST) | (cars["post_kind"] == FAST_POST)
    public.append(float(power[in_public].sum()))
    seen.home_kwh += float(power[with_charger & at_home].sum()) * hours
    seen.all_kwh += float(power[with_charger].sum()) * hours
