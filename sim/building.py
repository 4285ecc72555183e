"""Put the city of a scenario together: agents, what they share, and the grid around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.agents import kernels
from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.driver import Driver
from sim.agents.meter import METER, Homes
from sim.agents.shocks import disturbances
from sim.agents.world import World, figures_of
from sim.city.codes import HOME_POST
from sim.city.infrastructure import build_posts
from sim.city.people import car_figures, settle
from sim.city.town import build_town
from sim.data.catalogue import parameter, rows
from sim.grid.clock import Clock
from sim.grid.demand import Demand, demand
from sim.grid.household import household_kw
from sim.grid.supply import FUELS, Dispatch, Stack, build_stack, dispatch, without
from sim.grid.weather import Renewables, renewables, temperatures
from sim.market.offer import own_wear_yuan_per_kwh, pull_of_pay
from sim.market.tariffs import (
    event_premiums,
    feed_in_prices,
    retail_prices,
    service_fees,
    tier_additions,
)
from sim.rows.blocks import over_blocks
from sim.rows.figures import as_records
from sim.rules.wear import warmth
from sim.scenario.money import MOST_TIERS
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import DYNAMIC

if TYPE_CHECKING:
    from sim.model import CityModel


@dataclass(frozen=True)
class Grid:
    """Demand, weather and supply of every step of a run, without cars."""

    demand: Demand
    renewables: Renewables
    stack: Stack
    contract_mw: NDArray[np.float64]
    failed: NDArray[np.float64]

    @classmethod
    def of(cls, spec: Scenario, clock: Clock, key: np.uint64) -> Grid:
        """Grid of a scenario. Contracted imports follow the expected demand of the city.

        A heat wave is in the public forecast; a failure of plants is not.
        """
        usual = demand(key, clock, spec.grid)
        more = spec.grid.demand_mw_per_kelvin * heat(spec, clock)
        expected = Demand(usual.actual_mw + more, usual.expected_mw + more)
        return cls(
            demand=expected,
            renewables=renewables(key, clock, spec.weather, spec.grid),
            stack=build_stack(spec.grid),
            contract_mw=spec.grid.import_contract_share * usual.expected_mw,
            failed=failures(spec, clock),
        )

    def stack_at(self, step: int) -> Stack:
        """Plants and lines that can run in a step."""
        if not self.failed[step].any():
            return self.stack
        return without(self.stack, self.failed[step])

    def net_load_mw(self, step: int) -> float:
        """Demand less wind and solar in a step, without cars [MW]."""
        weather = self.renewables
        return float(self.demand.actual_mw[step] - weather.wind_mw[step] - weather.solar_mw[step])

    @property
    def expected_net_load_mw(self) -> NDArray[np.float64]:
        """What was expected of demand less wind and solar, without cars [MW], shape (n_steps,)."""
        weather = self.renewables
        return self.demand.expected_mw - weather.wind_expected_mw - weather.solar_expected_mw

    def meet(self, step: int, cars_mw: float) -> Dispatch:
        """Meet the demand of a step with the cars' net draw on top."""
        weather = self.renewables
        return dispatch(
            self.stack_at(step),
            float(self.demand.actual_mw[step]) + cars_mw,
            float(weather.wind_mw[step] + weather.solar_mw[step]),
            float(self.contract_mw[step]),
        )


def heat(spec: Scenario, clock: Clock) -> NDArray[np.float64]:
    """How much hotter than usual every step is [K]."""
    kelvin = np.zeros(len(clock))
    for shock in spec.shocks:
        if shock.kind == "heat_wave":
            kelvin[slice(*clock.stretch(shock.at, shock.hours))] += shock.kelvin
    return kelvin


def failures(spec: Scenario, clock: Clock) -> NDArray[np.float64]:
    """Capacity lost in every step by fuel, shape (n_steps, 3) [MW]."""
    lost = np.zeros((len(clock), len(FUELS)))
    for shock in spec.shocks:
        if shock.kind == "plant_outage" and shock.fuel is not None:
            lost[slice(*clock.stretch(shock.at, shock.hours)), FUELS.index(shock.fuel)] += shock.mw
    return lost


def build_world(model: CityModel, key: np.uint64) -> World:
    """Create drivers, cars and chargers in a model, put everybody where they are at midnight."""
    spec, clock = model.spec, model.clock
    town = build_town(spec.city, spec.drivers.days)
    people = settle(key, spec, town)
    posts = build_posts(key, spec, town, people)
    n = len(people.driver_id)
    drivers: dict[str, Any] = {
        "driver_id": people.driver_id,
        "archetype": people.archetype,
        "home_zone": people.home_zone,
        "work_zone": people.work_zone,
        "home_charger": posts.home_charger_of,
        "has_work_access": people.has_work_access,
        "enrolled": people.enrolled,
        "target_soc": people.target_soc,
        "reserve_soc": np.minimum(people.reserve_soc, people.target_soc),
    }
    cars: dict[str, Any] = {
        "model_index": people.model_index,
        "v2g_capable": people.v2g_capable,
        "home_size": np.where(people.has_home_charger, people.home_size, 0.0),
        **car_figures(spec, people.model_index),
    }
    chargers: dict[str, Any] = {
        "kind": posts.kind,
        "district": posts.district,
        "rated_kw": posts.rated_kw,
        "bidirectional": posts.bidirectional,
    }
    temperature_c = temperatures(key, clock, spec.weather) + heat(spec, clock)
    world = World(
        drivers=model.add_rows(Driver, n, drivers).table.records,
        cars=model.add_rows(Car, n, cars).table.records,
        chargers=model.add_rows(Charger, len(posts.kind), chargers).table.records,
        pools=as_records({"first": posts.pool_first, "stop": posts.pool_stop}),
        series=as_records(
            {
                "temperature_c": temperature_c,
                "warmth": np.column_stack(
                    [warmth(temperature_c, law.activation_kj_per_mol) for law in spec.fleet.wear.laws]
                ),
                "home_kw": household_kw(spec.market.household, clock, temperature_c),
                "pull_of_pay": pull_of_pay(spec, clock),
                **prices_to_owners(spec, clock),
                **disturbances(spec, clock),
            }
        ),
        day_kind=clock.day_kind,
        town=town,
        figures=figures_of(
            spec, key, len(rows("districts")), service_fees(spec.market), own_wear_yuan_per_kwh(spec)
        ),
    )
    over_blocks(kernels.wake_up, n, world)
    return world


def prices_to_owners(spec: Scenario, clock: Clock) -> dict[str, NDArray[np.float64]]:
    """Columns of prices as an owner sees them: the aggregator has taken its share."""
    retail, kept = retail_prices(spec, clock), spec.participation.owners_share
    saves_only = spec.participation.contract == "home_only"  # what the car gives saves buying
    return {
        "price": retail.T,
        "feed_in_price": retail[HOME_POST] if saves_only else kept * feed_in_prices(spec, clock),
        "event_premium": kept * event_premiums(spec, clock),
    }


def build_homes(spec: Scenario, clock: Clock, world: World) -> Homes:
    """Meters of the homes, as far as any bill depends on them.

    A run that starts in the middle of a year finds them as a home of its size, and a car of mean use
    (charging_behaviour.csv), would have left them.
    """
    tariff_name = spec.market.tariff_at_home
    limits = np.full(MOST_TIERS, np.inf)
    if spec.market.needs_meter and tariff_name != DYNAMIC:
        given = spec.market.tariff(tariff_name).tier_limits_kwh_per_year
        limits[: len(given)] = given
    meters = np.zeros(len(world.cars) if spec.market.needs_meter else 1, METER)
    if spec.market.needs_meter:
        first = clock.times[0].astype("datetime64[D]")
        elapsed = float((first - first.astype("datetime64[Y]")).astype(np.int64)) / 365.0
        car_kwh = parameter("charging_behaviour", "private_car_charging_energy_per_year").value
        if spec.market.household.meter == "household":
            meters["without_kwh"] = elapsed * spec.market.household.use_kwh_per_year * world.cars["home_size"]
        meters["with_kwh"] = meters["without_kwh"] + elapsed * car_kwh * (world.cars["home_size"] > 0.0)
    return Homes(meters, tier_additions(spec, clock), limits)
