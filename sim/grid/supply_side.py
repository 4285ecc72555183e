"""The supply side of a scenario: demand, weather, units, lines and failures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sim.grid.clock import Clock
from sim.grid.contracts import Contracts, contracts
from sim.grid.demand import Demand, cars_in_demand, demand
from sim.grid.neighbours import Lines, Neighbours, lines_of, neighbours
from sim.grid.noise import sky_key
from sim.grid.outages import available_share, line_rows, lines_in_order, on_maintenance
from sim.grid.plants import COAL, FUELS, GAS, IMPORT, Plants, plants_of
from sim.grid.supply import Stack, merit_order, units_under_contract
from sim.grid.system import Capacity, Outcome, PowerSystem
from sim.grid.weather import Renewables, Temperature, renewables, temperatures
from sim.rules.chance import stream_key
from sim.scenario.errors import ScenarioError
from sim.scenario.schema import Scenario


@dataclass(frozen=True)
class SupplySide:
    """Demand, weather and supply of every step of a run and of the days after it, without cars.

    Attributes
    ----------
    demand : Demand
    renewables : Renewables
    contracts : Contracts
    neighbours : Neighbours
    plants : Plants
    lines : Lines
    system : PowerSystem
        Units and lines in operation; its state advances with every step.
    capacity : Capacity
        Units and lines that can run.
    gas_reserved_mw : ndarray, shape (n_steps,)
        Most that gas units deliver under contract in the day from each step on.
    losses_share : float
        Lost between plants and meters.

    Arrays extend beyond the end of the run (``Clock.with_horizon``): planning uses the days that follow, so
    that there are no end effects.
    """

    demand: Demand
    renewables: Renewables
    contracts: Contracts
    neighbours: Neighbours
    plants: Plants
    lines: Lines
    system: PowerSystem
    capacity: Capacity
    gas_reserved_mw: NDArray[np.float64]
    losses_share: float

    @classmethod
    def of(cls, spec: Scenario, clock: Clock, key: np.uint64) -> SupplySide:
        """Grid of a scenario on a clock with its horizon.

        The public forecast contains the weather, but not failures of plants.

        Raises
        ------
        ScenarioError
            Where demand without cars would be zero or negative.
        """
        section, place = spec.grid, spec.city.place
        key = sky_key(key, clock.times[0])
        air = air_of(spec, clock, key)
        usual = demand(key, clock, section, cars_in_demand(spec), place, air)
        refuse_negative_demand(spec, clock, usual)
        weather = renewables(key, clock, spec.weather, section, place, air.heat)
        around = neighbours(key, clock, section, place, usual, weather)
        plants, lines = plants_of(section, place), lines_of(section, place)
        delivered = contracts(clock, section, place)
        capacity = available_capacity(spec, clock, key, plants, delivered)
        expected = usual.expected_mw - weather.wind_expected_mw - weather.solar_expected_mw
        return cls(
            demand=usual,
            renewables=weather,
            contracts=delivered,
            neighbours=around,
            plants=plants,
            lines=lines,
            system=PowerSystem(section, plants, lines, clock, delivered, around, capacity, expected),
            capacity=capacity,
            gas_reserved_mw=_most_of_a_day(delivered.gas_mw, clock.steps_per_day),
            losses_share=section.losses_share,
        )

    def fail(self, spec: Scenario, clock: Clock, key: np.uint64, step: int) -> None:
        """Apply a scenario's failures to available capacity from a step on; earlier steps do not change."""
        able = available_capacity(spec, clock, sky_key(key, clock.times[0]), self.plants, self.contracts)
        for now, new in zip(self.capacity, able, strict=True):
            now[step:] = new[step:]

    @property
    def available(self) -> NDArray[np.float64]:
        """Share of each unit that can run, shape (n_steps, n)."""
        return self.capacity.available

    @property
    def local_mw(self) -> NDArray[np.float64]:
        """Contracted output of local plants, gas among them [MW], shape (n_steps,)."""
        return self.contracts.gas_mw + self.contracts.other_mw

    def imports_ahead_mw(self, step: int, count: int) -> NDArray[np.float64]:
        """Contracted imports from a step on, on the lines as they are in that step [MW], shape (count,)."""
        ahead = self.contracts.import_mw[step : step + count]
        return ahead * self.system.arriving(step)

    def stack_at(self, step: int) -> Stack:
        """Merit order of the units and lines that are available in a step, beyond contracts."""
        reserved = float(self.gas_reserved_mw[step])
        stack = _stack(self.plants, self.lines, self.available[step], reserved)
        return stack._replace(import_capability_mw=float(self.capacity.lines_mw[step]))

    def at_plants_mw(self, metered_mw: float) -> float:
        """Power at the plants for a net draw at meters [MW]: losses of the grid on top."""
        return metered_mw / (1.0 - self.losses_share)

    def net_load_mw(self, step: int) -> float:
        """Demand less wind and solar in a step, without cars [MW]."""
        weather = self.renewables
        return float(self.demand.actual_mw[step] - weather.wind_mw[step] - weather.solar_mw[step])

    @property
    def expected_net_load_mw(self) -> NDArray[np.float64]:
        """Expected demand less wind and solar, without cars [MW], shape (n_steps,)."""
        weather = self.renewables
        return self.demand.expected_mw - weather.wind_expected_mw - weather.solar_expected_mw

    def meet(self, step: int, cars_mw: float) -> Outcome:
        """Meet the demand of the next step plus the cars' net draw at their chargers."""
        weather, cars_mw = self.renewables, self.at_plants_mw(cars_mw)
        on_offer = float(weather.wind_mw[step] + weather.solar_mw[step])
        return self.system.meet(step, float(self.demand.actual_mw[step]), on_offer, cars_mw)


def _stack(plants: Plants, lines: Lines, available: NDArray[np.float64], gas_mw: float) -> Stack:
    """Merit order beyond contracts, of which gas takes so much of the units' capacity."""
    of_units_mw = np.zeros(len(plants.mw))
    units_under_contract(plants, available, gas_mw, of_units_mw)
    return merit_order(plants, lines, available, of_units_mw)


def _most_of_a_day(values: NDArray[np.float64], steps_per_day: int) -> NDArray[np.float64]:
    """Highest of the values of a day that begins in each step; the last one stands for what follows."""
    longer = np.append(values, np.full(steps_per_day - 1, values[-1]))
    most: NDArray[np.float64] = sliding_window_view(longer, steps_per_day).max(axis=1)
    return most


def check_demand(spec: Scenario) -> None:
    """Reject a scenario whose demand without cars would be zero or negative, before anything is built.

    Raises
    ------
    ScenarioError
        Stating the hour in which this happens.
    """
    clock, place = Clock.with_horizon(spec), spec.city.place
    key = sky_key(np.uint64(stream_key(spec.seed, 0)), clock.times[0])
    usual = demand(key, clock, spec.grid, cars_in_demand(spec), place, air_of(spec, clock, key))
    refuse_negative_demand(spec, clock, usual)


def refuse_negative_demand(spec: Scenario, clock: Clock, usual: Demand) -> None:
    """Reject demand that is zero or negative in any step of a run and its horizon."""
    lowest = int(usual.expected_mw.argmin())
    if usual.expected_mw[lowest] <= 0.0 or usual.actual_mw.min() <= 0.0:
        raise ScenarioError.single(
            spec.name,
            "grid.cars_in_demand",
            f"demand without cars falls to {usual.expected_mw[lowest]:.1f} MW on "
            f"{str(clock.times[lowest]).replace('T', ' ')}; name fewer cars whose charging it contains, or "
            "raise grid.peak_demand_mw",
        )


def air_of(spec: Scenario, clock: Clock, key: np.uint64) -> Temperature:
    """Air temperature of a run; heat waves of its shocks are foreseen."""
    air, more = temperatures(key, clock, spec.weather, spec.city.place), heat(spec, clock)
    return Temperature(air.actual_c + more, air.expected_c + more, air.heat)


def heat(spec: Scenario, clock: Clock) -> NDArray[np.float64]:
    """Temperature increase of every step by heat shocks [K]."""
    kelvin = np.zeros(len(clock))
    for shock in spec.shocks:
        if shock.kind == "heat_wave":
            kelvin += shock.kelvin * clock.share_within(shock.at, shock.hours)
    return kelvin


def available_capacity(
    spec: Scenario, clock: Clock, key: np.uint64, plants: Plants, delivered: Contracts
) -> Capacity:
    """Units and lines that can run in every step: after failures, planned maintenance and shocks."""
    drawn, place, n_steps = spec.grid.outages == "drawn", spec.city.place, len(clock)
    able = available_share(plants, key, n_steps, clock.step_hours, drawn)
    serviced = on_maintenance(plants, clock, place)
    able = np.minimum(able, 1.0 - serviced) if drawn else able * (1.0 - serviced)
    lost = failures(spec, clock)
    rows = line_rows(place)
    in_order = lines_in_order(rows, key, n_steps, clock.step_hours, drawn)
    lines_mw = spec.grid.import_capability_mw * rows.share_of(in_order, None)
    missing, alone = np.zeros(n_steps), np.zeros(n_steps)
    for kind, course in delivered.by_kind_mw.items():
        missing += course * (1.0 - rows.share_of(in_order, kind))
        alone += course * (kind in rows.carries)
    return Capacity(
        available=able * kept_by_fuel(plants, able, lost),
        serviced_mw=serviced @ (plants.mw * plants.availability),
        lines_mw=np.maximum(0.0, lines_mw - lost[:, IMPORT]),
        missing_import_mw=missing,
        on_single_lines_mw=alone,
    )


def kept_by_fuel(
    plants: Plants, able: NDArray[np.float64], lost_mw: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of every unit that remains when capacity of its fuel fails, shape (n_steps, n)."""
    kept = np.ones_like(able)
    for fuel in (COAL, GAS):
        units = plants.fuel == fuel
        total = np.maximum((able[:, units] * plants.mw[units]).sum(axis=1), 1e-9)
        kept[:, units] = np.maximum(0.0, 1.0 - lost_mw[:, fuel] / total)[:, None]
    return kept


def failures(spec: Scenario, clock: Clock) -> NDArray[np.float64]:
    """Capacity lost in every step by fuel, shape (n_steps, 3) [MW]."""
    lost = np.zeros((len(clock), len(FUELS)))
    for shock in spec.shocks:
        if shock.kind == "plant_outage" and shock.fuel is not None:
            lost[:, FUELS.index(shock.fuel)] += shock.mw * clock.share_within(shock.at, shock.hours)
    return lost
