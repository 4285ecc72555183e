"""Put the city of a scenario together: agents, what they share, and the grid around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.agents import kernels
from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.driver import Driver
from sim.agents.fleet_flows import FLOWS
from sim.agents.meter import METER, Homes
from sim.agents.shocks import disturbances
from sim.agents.world import World, figures_of
from sim.city.codes import HOME_POST
from sim.city.days import PLAN
from sim.city.infrastructure import build_posts
from sim.city.people import fill_car_figures, settle
from sim.city.town import build_town
from sim.data.catalogue import parameter, rows
from sim.grid.clock import Clock
from sim.grid.contracts import Contracts, contracts
from sim.grid.demand import Demand, cars_in_demand, demand
from sim.grid.household import household_kw
from sim.grid.noise import sky_key
from sim.grid.outages import in_order
from sim.grid.plants import COAL, FUELS, GAS, IMPORT, Plants, plants_of
from sim.grid.supply import Lines, Stack, lines_of, merit_order
from sim.grid.system import Outcome, PowerSystem
from sim.grid.weather import Renewables, renewables, temperatures
from sim.market.contract_value import own_wear_yuan_per_kwh, pull_of_pay
from sim.market.tariffs import (
    event_premiums,
    feed_in_prices,
    retail_prices,
    service_fees,
    tier_additions,
)
from sim.rules.chance import stream_key
from sim.rules.wear import warmth
from sim.scenario.errors import ScenarioError
from sim.scenario.money import MOST_TIERS
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import DYNAMIC
from sim.state.blocks import blocks, over_blocks
from sim.state.records import as_records

if TYPE_CHECKING:
    from sim.model import CityModel


@dataclass(frozen=True)
class Grid:
    """Demand, weather and supply of every step of a run and of the days after it, without cars.

    Attributes
    ----------
    demand : Demand
    renewables : Renewables
    contracts : Contracts
    plants : Plants
    lines : Lines
    stack : Stack
        Merit order of the units, each at its mean share in order.
    system : PowerSystem
        Units and lines as they run; changes with every step that is met.
    in_order : ndarray, shape (n_steps, n)
        Share of each unit that can run.
    lines_mw : ndarray, shape (n_steps,)
        Capability of the lines.

    Arrays go on beyond the end of the run (``Clock.with_horizon``): whoever plans looks at what is known of
    the days that follow, so that no plan feels where a run ends.
    """

    demand: Demand
    renewables: Renewables
    contracts: Contracts
    plants: Plants
    lines: Lines
    stack: Stack
    system: PowerSystem
    in_order: NDArray[np.float64]
    lines_mw: NDArray[np.float64]

    @classmethod
    def of(cls, spec: Scenario, clock: Clock, key: np.uint64) -> Grid:
        """Grid of a scenario on a clock with its horizon.

        The weather is in the public forecast; a failure of plants is not.

        Raises
        ------
        ScenarioError
            Where demand without cars would fall to nothing.
        """
        section, place = spec.grid, spec.city.place
        key = sky_key(key, clock.times[0])
        temperature_c = temperatures(key, clock, spec.weather, place) + heat(spec, clock)
        usual = demand(key, clock, section, cars_in_demand(spec), place, temperature_c)
        refuse_negative_demand(spec, clock, usual)
        weather = renewables(key, clock, spec.weather, section, place)
        plants, lines = plants_of(section, place), lines_of(section, place)
        delivered = contracts(clock, section, place)
        able, lines_mw = what_is_in_order(spec, clock, key, plants)
        expected = usual.expected_mw - weather.wind_expected_mw - weather.solar_expected_mw
        return cls(
            demand=usual,
            renewables=weather,
            contracts=delivered,
            plants=plants,
            lines=lines,
            stack=merit_order(plants, lines, plants.availability),
            system=PowerSystem(section, plants, lines, clock, delivered, able, lines_mw, expected),
            in_order=able,
            lines_mw=lines_mw,
        )

    def fail(self, spec: Scenario, clock: Clock, key: np.uint64, step: int) -> None:
        """From a step on, have in order what the failures of a scenario leave; nothing before changes."""
        able, lines_mw = what_is_in_order(spec, clock, sky_key(key, clock.times[0]), self.plants)
        self.in_order[step:], self.lines_mw[step:] = able[step:], lines_mw[step:]

    @property
    def contract_mw(self) -> NDArray[np.float64]:
        """What comes under contract, from outside and from other plants [MW], shape (n_steps,)."""
        return self.contracts.import_mw + self.contracts.other_mw

    def stack_at(self, step: int) -> Stack:
        """Merit order of the units and lines that are in order in a step."""
        stack = merit_order(self.plants, self.lines, self.in_order[step])
        return stack._replace(import_capability_mw=float(self.lines_mw[step]))

    def net_load_mw(self, step: int) -> float:
        """Demand less wind and solar in a step, without cars [MW]."""
        weather = self.renewables
        return float(self.demand.actual_mw[step] - weather.wind_mw[step] - weather.solar_mw[step])

    @property
    def expected_net_load_mw(self) -> NDArray[np.float64]:
        """What was expected of demand less wind and solar, without cars [MW], shape (n_steps,)."""
        weather = self.renewables
        return self.demand.expected_mw - weather.wind_expected_mw - weather.solar_expected_mw

    def meet(self, step: int, cars_mw: float) -> Outcome:
        """Meet the demand of the next step with the cars' net draw on top."""
        weather = self.renewables
        on_offer = float(weather.wind_mw[step] + weather.solar_mw[step])
        return self.system.meet(step, float(self.demand.actual_mw[step]), on_offer, cars_mw)


def check_demand(spec: Scenario) -> None:
    """Refuse a scenario whose demand without cars would fall to nothing, before anything is built.

    Raises
    ------
    ScenarioError
        With the hour in which it would.
    """
    clock, place = Clock.with_horizon(spec), spec.city.place
    key = sky_key(np.uint64(stream_key(spec.seed, 0)), clock.times[0])
    temperature_c = temperatures(key, clock, spec.weather, place) + heat(spec, clock)
    usual = demand(key, clock, spec.grid, cars_in_demand(spec), place, temperature_c)
    refuse_negative_demand(spec, clock, usual)


def refuse_negative_demand(spec: Scenario, clock: Clock, usual: Demand) -> None:
    """Refuse demand that is nothing or less in some step of a run or soon after it."""
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
    """How much hotter than usual every step is [K]."""
    kelvin = np.zeros(len(clock))
    for shock in spec.shocks:
        if shock.kind == "heat_wave":
            kelvin += shock.kelvin * clock.share_within(shock.at, shock.hours)
    return kelvin


def what_is_in_order(
    spec: Scenario, clock: Clock, key: np.uint64, plants: Plants
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of each unit that can run in every step, and the capability of the lines [MW]."""
    able = in_order(plants, key, len(clock), clock.step_hours, spec.grid.outages == "drawn")
    lost = failures(spec, clock)
    lines_mw = np.maximum(0.0, spec.grid.import_capability_mw - lost[:, IMPORT])
    return able * kept_by_fuel(plants, able, lost), lines_mw


def kept_by_fuel(
    plants: Plants, able: NDArray[np.float64], lost_mw: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share that is left of every unit when capacity of its fuel fails, shape (n_steps, n)."""
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


def build_world(model: CityModel, key: np.uint64, watched: Sequence[int] | None = None) -> World:
    """Create drivers, cars and chargers in a model, put everybody where they are at midnight."""
    spec, clock = model.spec, model.horizon
    town = build_town(spec.city, spec.drivers.days)
    n, keepers = spec.simulated_cars, book_keepers(spec, watched)
    drivers = model.add_rows(Driver, n, {}).table.records
    fleet = model.add_rows(Car, n, {}, keepers).table
    cars = fleet.records
    people = settle(key, spec, town, drivers, cars)
    fill_car_figures(spec, cars)
    cars["book"] = np.arange(n, dtype=np.int32) if keepers is None else _places(keepers, n)
    posts = build_posts(key, spec, town, people)
    drivers["home_charger"] = posts.home_charger_of
    for start, stop in blocks(n):  # a temporary array of the whole fleet would not fit
        np.minimum(
            drivers["reserve_soc"][start:stop],
            drivers["target_soc"][start:stop],
            out=drivers["reserve_soc"][start:stop],
        )
    chargers: dict[str, Any] = {
        "kind": posts.kind,
        "district": posts.district,
        "rated_kw": posts.rated_kw,
        "bidirectional": posts.bidirectional,
        "home_size": posts.home_size,
    }
    sky = sky_key(key, clock.times[0])
    temperature_c = temperatures(sky, clock, spec.weather, spec.city.place) + heat(spec, clock)
    warm = np.column_stack([warmth(temperature_c, law.activation_kj_per_mol) for law in spec.fleet.wear.laws])
    world = World(
        drivers=drivers,
        cars=cars,
        books=fleet.books,
        wake=np.zeros(n, np.int32),
        activity=np.zeros(n, np.uint8),
        active=np.zeros(n, np.int32),
        n_active=np.zeros((len(blocks(n)), 2), np.int64),
        flows=np.zeros((len(blocks(n)), FLOWS)),
        plans=np.zeros(len(blocks(n)), PLAN),
        chargers=model.add_rows(Charger, len(posts.kind), chargers).table.records,
        pools=as_records({"first": posts.pool_first, "stop": posts.pool_stop}),
        series=as_records(
            {
                "temperature_c": temperature_c,
                "warmth": warm,
                "aged": np.cumsum(warm, axis=0) - warm,
                "home_kw": household_kw(spec.market.household, clock, temperature_c, spec.city.place),
                "pull_of_pay": pull_of_pay(spec, clock),
                **prices_to_owners(spec, clock),
                **disturbances(spec, clock),
            }
        ),
        day_kind=clock.day_kind,
        town=town,
        figures=figures_of(
            spec,
            key,
            len(rows("districts", spec.city.place)),
            service_fees(spec.market),
            own_wear_yuan_per_kwh(spec),
        ),
    )
    over_blocks(kernels.wake_up, n, world)
    return world


def book_keepers(spec: Scenario, watched: Sequence[int] | None = None) -> NDArray[np.int64] | None:
    """Rows of the cars that keep a book, or None where all do.

    In a fleet of more cars than ``outputs.owner_rows``, persons with a name, cars that are followed and every
    n-th other one; all of them where bills, contracts or choices depend on what is in the books.
    """
    every = -(-spec.simulated_cars // spec.outputs.owner_rows)
    if every == 1 or needs_all_books(spec):
        return None
    named, followed = np.arange(len(spec.drivers.personas)), np.array(watched or (), dtype=np.int64)
    return np.unique(np.concatenate([np.arange(0, spec.simulated_cars, every), named, followed]))


def needs_all_books(spec: Scenario) -> bool:
    """Whether what is in the books decides anything, or is paid by: then every car keeps one."""
    terms = spec.participation
    return bool(
        spec.time.weeks
        or spec.market.needs_meter
        or terms.warranty_kwh_per_year is not None
        or terms.enrolment == "choice"
        or terms.availability_yuan_per_kw_month > 0.0
        or terms.charger_rent_yuan_per_month > 0.0
    )


def _places(keepers: NDArray[np.int64], n: int) -> NDArray[np.int32]:
    """Row of the book of every car, -1 for none."""
    places = np.full(n, -1, np.int32)
    places[keepers] = np.arange(len(keepers))
    return places


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
        charger, sizes = world.drivers["home_charger"], np.zeros(len(world.drivers))
        has_one = charger >= 0
        if spec.market.household.meter == "household":
            sizes[has_one] = world.chargers["home_size"][charger[has_one]]
            meters["without_kwh"] = elapsed * spec.market.household.use_kwh_per_year * sizes
        meters["with_kwh"] = meters["without_kwh"] + elapsed * car_kwh * has_one
    return Homes(meters, tier_additions(spec, clock), limits)
