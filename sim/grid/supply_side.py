"""The supply side of a scenario: demand, weather, units, lines and failures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.grid.clock import Clock
from sim.grid.contracts import Contracts, contracts
from sim.grid.demand import Demand, cars_in_demand, demand
from sim.grid.noise import sky_key
from sim.grid.outages import available_share
from sim.grid.plants import COAL, FUELS, GAS, IMPORT, Plants, plants_of
from sim.grid.supply import Lines, Stack, lines_of, merit_order
from sim.grid.system import Outcome, PowerSystem
from sim.grid.weather import Renewables, renewables, temperatures
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
    plants : Plants
    lines : Lines
    stack : Stack
        Merit order of the units, each at its mean availability.
    system : PowerSystem
        Units and lines in operation; its state advances with every step.
    available : ndarray, shape (n_steps, n)
        Share of each unit that can run.
    lines_mw : ndarray, shape (n_steps,)
        Capability of the lines.

    Arrays extend beyond the end of the run (``Clock.with_horizon``): planning uses the days that follow, so
    that there are no end effects.
    """

    demand: Demand
    renewables: Renewables
    contracts: Contracts
    plants: Plants
    lines: Lines
    stack: Stack
    system: PowerSystem
    available: NDArray[np.float64]
    lines_mw: NDArray[np.float64]

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
        temperature_c = temperatures(key, clock, spec.weather, place) + heat(spec, clock)
        usual = demand(key, clock, section, cars_in_demand(spec), place, temperature_c)
        refuse_negative_demand(spec, clock, usual)
        weather = renewables(key, clock, spec.weather, section, place)
        plants, lines = plants_of(section, place), lines_of(section, place)
        delivered = contracts(clock, section, place)
        able, lines_mw = available_capacity(spec, clock, key, plants)
        expected = usual.expected_mw - weather.wind_expected_mw - weather.solar_expected_mw
        return cls(
            demand=usual,
            renewables=weather,
            contracts=delivered,
            plants=plants,
            lines=lines,
            stack=merit_order(plants, lines, plants.availability),
            system=PowerSystem(section, plants, lines, clock, delivered, able, lines_mw, expected),
            available=able,
            lines_mw=lines_mw,
        )

    def fail(self, spec: Scenario, clock: Clock, key: np.uint64, step: int) -> None:
        """Apply a scenario's failures to available capacity from a step on; earlier steps do not change."""
        able, lines_mw = available_capacity(spec, clock, sky_key(key, clock.times[0]), self.plants)
        self.available[step:], self.lines_mw[step:] = able[step:], lines_mw[step:]

    @property
    def contract_mw(self) -> NDArray[np.float64]:
        """Contracted supply from imports and other plants [MW], shape (n_steps,)."""
        return self.contracts.import_mw + self.contracts.other_mw

    def stack_at(self, step: int) -> Stack:
        """Merit order of the units and lines that are available in a step."""
        stack = merit_order(self.plants, self.lines, self.available[step])
        return stack._replace(import_capability_mw=float(self.lines_mw[step]))

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
        """Meet the demand of the next step plus the cars' net draw."""
        weather = self.renewables
        on_offer = float(weather.wind_mw[step] + weather.solar_mw[step])
        return self.system.meet(step, float(self.demand.actual_mw[step]), on_offer, cars_mw)


def check_demand(spec: Scenario) -> None:
    """Reject a scenario whose demand without cars would be zero or negative, before anything is built.

    Raises
    ------
    ScenarioError
        Stating the hour in which this happens.
    """
    clock, place = Clock.with_horizon(spec), spec.city.place
    key = sky_key(np.uint64(stream_key(spec.seed, 0)), clock.times[0])
    temperature_c = temperatures(key, clock, spec.weather, place) + heat(spec, clock)
    usual = demand(key, clock, spec.grid, cars_in_demand(spec), place, temperature_c)
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


def heat(spec: Scenario, clock: Clock) -> NDArray[np.float64]:
    """Temperature increase of every step by heat shocks [K]."""
    kelvin = np.zeros(len(clock))
    for shock in spec.shocks:
        if shock.kind == "heat_wave":
            kelvin += shock.kelvin * clock.share_within(shock.at, shock.hours)
    return kelvin


def available_capacity(
    spec: Scenario, clock: Clock, key: np.uint64, plants: Plants
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of each unit that can run in every step, and the capability of the lines [MW]."""
    able = available_share(plants, key, len(clock), clock.step_hours, spec.grid.outages == "drawn")
    lost = failures(spec, clock)
    lines_mw = np.maximum(0.0, spec.grid.import_capability_mw - lost[:, IMPORT])
    return able * kept_by_fuel(plants, able, lost), lines_mw


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
