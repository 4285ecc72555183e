"""Build the city of a scenario: agents, shared state, and the supply side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from sim.agents import kernels
from sim.agents.calls import call_columns, sites_per_km2
from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.city_state import CityState
from sim.agents.driver import Driver
from sim.agents.fleet_flows import FLOWS
from sim.agents.limits import Limits
from sim.agents.meter import METER, Homes
from sim.agents.shocks import disturbances
from sim.agents.world import World, figures_of
from sim.city.charger_kinds import FAST_KIND, HOME_KIND, charger_traits
from sim.city.infrastructure import build_chargers
from sim.city.out_of_town import holiday_days
from sim.city.people import fill_car_figures, settle
from sim.city.plans import PLAN
from sim.city.records import PlanRecord
from sim.city.town import build_town
from sim.data.catalogue import parameter, rows
from sim.grid.clock import Clock
from sim.grid.household import household_kw
from sim.grid.noise import sky_key
from sim.grid.supply_side import SupplySide, air_of
from sim.market.contract_value import own_wear_yuan_per_kwh, pull_of_pay
from sim.market.tariffs import (
    energy_prices,
    event_premiums,
    feed_in_prices,
    retail_prices,
    service_fees,
    tier_additions,
)
from sim.rules.chance import stream_key
from sim.rules.wear import warmth
from sim.scenario.money import MOST_TIERS
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import DYNAMIC
from sim.state.blocks import blocks, over_blocks
from sim.state.records import Records, as_records
from sim.state.row_tables import RowTable

#: Prices that differ by less are the same [yuan/kWh].
PRICE_ROUNDING = 1e-9


def build_city(spec: Scenario, replication: int = 0, watched: Sequence[int] | None = None) -> CityState:
    """Build the city of a scenario (as one arm sees it), in its state at midnight of the first day.

    Parameters
    ----------
    spec : Scenario
    replication : int
        Number of the replication.
    watched : sequence of int, optional
        Rows of cars whose timeline is recorded and which therefore need an account.
    """
    key = np.uint64(stream_key(spec.seed, replication))
    clock, horizon = Clock.of(spec), Clock.with_horizon(spec)
    drivers, cars, chargers, world = _build_world(spec, horizon, key, account_holders(spec, watched))
    return CityState(
        spec=spec,
        key=key,
        clock=clock,
        horizon=horizon,
        drivers=drivers,
        cars=cars,
        chargers=chargers,
        world=world,
        grid=SupplySide.of(spec, horizon, key),
        limits=Limits.of(spec, world),
        homes=build_homes(spec, clock, world),
        sale_sites=sites_per_km2(world, spec),
    )


def _build_world(
    spec: Scenario, clock: Clock, key: np.uint64, holders: NDArray[np.int64] | None
) -> tuple[RowTable, RowTable, RowTable, World]:
    """Create drivers, cars and chargers, and the state handed to compiled code."""
    town = build_town(spec.city, spec.drivers.days)
    n = spec.simulated_cars
    people_table, fleet = RowTable(Driver, n), RowTable(Car, n, holders=holders)
    drivers, cars = people_table.records, fleet.records
    people = settle(key, spec, town, drivers, cars)
    fill_car_figures(spec, cars)
    _number_accounts(cars["account"], holders)
    placed = build_chargers(key, spec, town, people, drivers["home_charger"])
    for start, stop in blocks(n):  # a temporary array of the whole fleet would not fit
        np.minimum(
            drivers["reserve_soc"][start:stop],
            drivers["target_soc"][start:stop],
            out=drivers["reserve_soc"][start:stop],
        )
    columns: dict[str, Any] = {
        "kind": placed.kind,
        "district": placed.district,
        "rated_kw": placed.rated_kw,
        "bidirectional": placed.bidirectional,
        "home_size": placed.home_size,
    }
    charger_table = RowTable(Charger, len(placed.kind), columns)
    sky = sky_key(key, clock.times[0])
    temperature_c = air_of(spec, clock, sky).actual_c
    warm = np.column_stack([warmth(temperature_c, law.activation_kj_per_mol) for law in spec.fleet.wear.laws])
    world = World(
        drivers=drivers,
        cars=cars,
        accounts=fleet.entries,
        wake=np.zeros(n, np.int32),
        activity=np.zeros(n, np.uint8),
        active=np.zeros(n, np.int32),
        n_active=np.zeros((len(blocks(n)), 2), np.int64),
        flows=np.zeros((len(blocks(n)), FLOWS)),
        plans=cast(Records[PlanRecord], np.zeros(len(blocks(n)), PLAN)),
        chargers=charger_table.records,
        pools=as_records({"first": placed.pool_first, "stop": placed.pool_stop}),
        series=as_records(
            {
                "temperature_c": temperature_c,
                "warmth": warm,
                "aged": np.cumsum(warm, axis=0) - warm,
                "home_kw": household_kw(spec.market.household, clock, temperature_c, spec.city.place),
                "pull_of_pay": pull_of_pay(spec, clock),
                **prices_to_owners(spec, clock),
                "dearness": dearness_of_public_charging(spec, clock),
                **disturbances(spec, clock),
                **call_columns(spec, clock),
            }
        ),
        day_kind=clock.day_kind,
        holidays=holiday_days(clock.times[0].astype("datetime64[D]").item(), clock.n_days, spec.city.place),
        town=town,
        kinds=charger_traits(spec.chargers, spec.participation.places),
        figures=figures_of(
            spec,
            key,
            len(rows("districts", spec.city.place)),
            service_fees(spec.market),
            own_wear_yuan_per_kwh(spec),
            cheap_hours(spec, clock),
        ),
    )
    over_blocks(kernels.wake_up, n, world)
    return people_table, fleet, charger_table, world


def account_holders(spec: Scenario, watched: Sequence[int] | None = None) -> NDArray[np.int64] | None:
    """Rows of the cars that have an account, or None where all do.

    In a fleet of more cars than ``outputs.owner_rows``: named persons, cars with a recorded timeline, and
    every n-th other car. All cars where bills, contracts or enrolment choices depend on accounts.
    """
    every = -(-spec.simulated_cars // spec.outputs.owner_rows)
    if every == 1 or needs_all_accounts(spec):
        return None
    named, followed = np.arange(len(spec.drivers.personas)), np.array(watched or (), dtype=np.int64)
    return np.unique(np.concatenate([np.arange(0, spec.simulated_cars, every), named, followed]))


def needs_all_accounts(spec: Scenario) -> bool:
    """Whether decisions or payments depend on accounts; every car then has one."""
    terms = spec.participation
    return bool(
        spec.time.weeks
        or spec.market.needs_meter
        or terms.warranty_kwh_per_year is not None
        or terms.enrolment == "choice"
        or terms.availability_yuan_per_kw_month > 0.0
        or terms.charger_rent_yuan_per_month > 0.0
        or spec.market.calls
    )


def _number_accounts(account: NDArray[np.int32], holders: NDArray[np.int64] | None) -> None:
    """Write the index of each car's account, -1 for none."""
    if holders is None:
        account[:] = np.arange(len(account), dtype=np.int32)
        return
    account[:] = -1
    account[holders] = np.arange(len(holders), dtype=np.int32)


def prices_to_owners(spec: Scenario, clock: Clock) -> dict[str, NDArray[np.float64]]:
    """Columns of prices as owners see them, net of the aggregator's share."""
    retail, kept = retail_prices(spec, clock), spec.participation.owners_share
    saves_only = spec.participation.form.saves_only  # discharged energy saves a purchase
    return {
        "price": retail.T,
        "feed_in_price": retail[HOME_KIND] if saves_only else kept * feed_in_prices(spec, clock),
        "event_premium": kept * event_premiums(spec, clock),
    }


def dearness_of_public_charging(spec: Scenario, clock: Clock) -> NDArray[np.float64]:
    """Price of public charging over its mean of the day, shape (n_steps,)."""
    price, day = retail_prices(spec, clock)[FAST_KIND], clock.day
    mean = (np.bincount(day, weights=price) / np.bincount(day))[day]
    found: NDArray[np.float64] = np.divide(price, mean, out=np.ones_like(price), where=mean > 0.0)
    return found


def cheap_hours(spec: Scenario, clock: Clock) -> tuple[int, int]:
    """First step of the day in the cheap hours of the home tariff, and their number; -1 without any.

    Timers start at them. Nobody sets one by a price that follows the cost of supply.
    """
    if spec.market.tariff_at_home == DYNAMIC:
        return -1, 0
    first = spec.first_recorded_step
    day = energy_prices(spec, clock, events=False)[HOME_KIND][first : first + clock.steps_per_day]
    cheap = day <= day.min() + PRICE_ROUNDING
    if cheap.all():
        return -1, 0
    begins = np.flatnonzero(cheap & ~np.roll(cheap, 1))
    lengths = [int(np.argmin(np.roll(cheap, -int(at)))) for at in begins]
    longest = int(np.argmax(lengths))
    return int(begins[longest]), lengths[longest]


def build_homes(spec: Scenario, clock: Clock, world: World) -> Homes:
    """Meters of the homes, where a bill depends on them.

    If a run starts within a year, meters start at the consumption to date of a home of that size with a car
    of mean use (charging_behaviour.csv).
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
