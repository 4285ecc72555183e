"""Population synthesis: drivers with homes, jobs, cars and chargers.

Every trait of a driver is a pure function of seed, replication and the driver's number in the whole fleet:
a driver has the same traits in any sample and any arm.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.city.codes import ARCHETYPES
from sim.city.days import home_of, network_km, workplace_of
from sim.city.plans import Person
from sim.city.town import TO_WORK, Town
from sim.data.catalogue import column, parameter, rows
from sim.rules.chance import (
    ARCHETYPE,
    CAR_MODEL,
    ENROLMENT,
    HOME_CHARGER,
    HOME_ZONE,
    RESERVE,
    SAMPLE,
    TARGET_SOC,
    V2G_CAPABLE,
    WORK_ACCESS,
    WORK_ZONE,
    normal,
    uniform,
    uniforms,
)
from sim.rules.compiling import per_row
from sim.scenario.demand_side import PersonSection
from sim.scenario.errors import ScenarioError
from sim.scenario.schema import Scenario
from sim.state.blocks import blocks, over_blocks

VEHICLES = rows("vehicles")
HIGHEST_RESERVE = 0.95
OTHER_BEV = [row["model"] for row in VEHICLES].index("Other BEV")


class People(NamedTuple):
    """Columns of traits, one entry for each simulated driver."""

    driver_id: Any
    archetype: Any
    home_zone: Any
    work_zone: Any
    model_index: Any
    has_home_charger: Any
    has_work_access: Any
    v2g_capable: Any
    enrolled: Any
    target_soc: Any
    reserve_soc: Any


class Odds(NamedTuple):
    """Probabilities that traits are drawn from."""

    archetype_cdf: Any  # (n_archetypes,)
    private_cdf: Any  # (n_models,) car models of private owners
    commercial_cdf: Any  # (n_models,) of ride-hailing and taxis
    is_bev: Any  # (n_models,)
    range_km: Any  # (n_models,)
    has_fast_inlet: Any  # (n_models,)
    v2g_capable: Any  # (n_models,)
    home_share: NDArray[np.float64]
    work_access: float
    enrolment: float  # among eligible owners
    target_80: float
    target_90: float
    daily_share_of_range: float
    reserve: float
    reserve_spread: float


def sampled_drivers(key: np.uint64, cars: int, simulated: int) -> NDArray[np.int32]:
    """Numbers of the simulated drivers: one from each of `simulated` equal parts of the fleet."""
    if simulated == cars:
        return np.arange(cars, dtype=np.int32)
    parts = np.arange(simulated + 1)
    edges = parts * cars // simulated
    draws = uniforms(key, parts[:-1], 0, SAMPLE)
    return (edges[:-1] + (draws * np.diff(edges)).astype(np.int64)).astype(np.int32)


def settle(key: np.uint64, spec: Scenario, town: Town, drivers: Any, cars: Any) -> People:
    """Draw the traits of all simulated drivers of a scenario (as one arm sees it).

    Parameters
    ----------
    drivers, cars : records
        Rows to write the traits into.
    """
    people = People(
        driver_id=drivers["driver_id"],
        archetype=drivers["archetype"],
        home_zone=drivers["home_zone"],
        work_zone=drivers["work_zone"],
        model_index=cars["model_index"],
        has_home_charger=np.zeros(len(drivers), np.uint8),
        has_work_access=drivers["has_work_access"],
        v2g_capable=cars["v2g_capable"],
        enrolled=drivers["enrolled"],
        target_soc=drivers["target_soc"],
        reserve_soc=drivers["reserve_soc"],
    )
    drivers["driver_id"] = sampled_drivers(key, spec.fleet.cars, len(drivers))
    over_blocks(_settle_rows, len(drivers), key, people, odds_of(spec), town)
    for row, person in enumerate(spec.drivers.personas.values()):
        _give_traits(row, person, people, town, spec.city.place)
    return people


def _give_traits(row: int, person: PersonSection, people: People, town: Town, place: str) -> None:
    """Overwrite the drawn traits of a named person."""
    given = {
        "archetype": None if person.archetype is None else ARCHETYPES.index(person.archetype),
        "model_index": None
        if person.model is None
        else [vehicle["model"] for vehicle in VEHICLES].index(person.model),
        "home_zone": _middle_of(person.home_district, town, place),
        "work_zone": _middle_of(person.work_district, town, place),
        "has_home_charger": person.home_charger,
        "has_work_access": person.work_access,
        "enrolled": person.enrolled,
        "v2g_capable": person.v2g_capable,
        "target_soc": person.target_soc,
        "reserve_soc": person.reserve_soc,
    }
    for trait, value in given.items():
        if value is not None:
            getattr(people, trait)[row] = value


def _middle_of(district: str | None, town: Town, place: str) -> int | None:
    """The zone of a district in which most cars live."""
    if district is None:
        return None
    number = [row["name"] for row in rows("districts", place)].index(district)
    cars = np.diff(town.cars_cdf, prepend=0.0)
    inside = town.zones["district"] == number
    return int(np.argmax(np.where(inside, cars, -1.0)))


def odds_of(spec: Scenario) -> Odds:
    """Probabilities of traits in a scenario."""
    private, commercial = model_shares(spec)
    consumption = np.array(column("vehicles", "kwh_per_100km_real"))
    bev = np.array([row["type"] == "BEV" for row in VEHICLES])
    chargers, habits = spec.chargers, spec.drivers.habits
    return Odds(
        archetype_cdf=_cdf(np.array([spec.drivers.archetypes.get(name, 0.0) for name in ARCHETYPES])),
        private_cdf=_cdf(private),
        commercial_cdf=_cdf(commercial),
        is_bev=bev,
        range_km=np.array(column("vehicles", "battery_kwh_usable")) / consumption * 100.0,
        has_fast_inlet=np.array(column("vehicles", "dc_kw")) > 0.0,
        v2g_capable=_capability(spec, bev),
        home_share=home_shares(spec),
        work_access=chargers.work_access_share,
        enrolment=enrolment_odds(spec),
        target_80=habits.target_soc_80_share,
        target_90=habits.target_soc_90_share,
        daily_share_of_range=parameter("mobility_parameters", "max_daily_km_share_of_range").value,
        reserve=spec.participation.reserve_soc,
        reserve_spread=spec.participation.reserve_soc_spread,
    )


def fill_car_figures(spec: Scenario, cars: Any) -> None:
    """Write battery, inlet and consumption data of each car's model into its row."""
    capacity = np.array(column("vehicles", "battery_kwh_usable"))
    direct_kw = np.array(column("vehicles", "dc_kw"))
    battery_kw = np.where(direct_kw > 0.0, direct_kw, spec.fleet.c_rate_without_fast_inlet_per_h * capacity)
    figures = {
        "capacity_kwh": capacity,
        "kwh_per_km": np.array(column("vehicles", "kwh_per_100km_real")) / 100.0,
        "ac_kw": np.array(column("vehicles", "ac_kw")),
        "battery_kw": battery_kw,
        "has_fast_inlet": direct_kw > 0.0,
        "is_phev": np.array([row["type"] == "PHEV" for row in VEHICLES]),
        "is_nmc": np.array([not row["chemistry"].startswith("LFP") for row in VEHICLES]),
    }
    for start, stop in blocks(len(cars)):
        part = cars[start:stop]
        for name, values in figures.items():
            part[name] = values[part["model_index"]]


def model_shares(spec: Scenario) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of car models among private and among commercial cars.

    Commercial cars have their own table; their numbers are subtracted from private cars, so that the whole
    fleet has the shares of the catalogue.
    """
    names = [row["model"] for row in VEHICLES]
    if isinstance(spec.fleet.models, dict):
        given = np.array([spec.fleet.models.get(name, 0.0) for name in names])
        return given, given
    whole = np.array(column("vehicles", "fleet_share_shanghai_est"))
    commercial = np.zeros(len(names))
    for row in rows("commercial_models"):
        commercial[names.index(row["model"])] = float(row["share"])
    share = share_of_kinds(spec, commercial=True)
    private = np.maximum(whole / whole.sum() - share * commercial, 0.0)
    return (private / private.sum() if private.sum() > 0.0 else commercial), commercial


def eligible_share(spec: Scenario) -> float:
    """Share of cars whose owner is eligible: private, battery electric, with a charger at home."""
    private, _ = model_shares(spec)
    pure = sum(share for share, row in zip(private, VEHICLES, strict=True) if row["type"] == "BEV")
    return float(share_of_kinds(spec, commercial=False) * pure * spec.chargers.home_share_bev)


def home_charger_share(spec: Scenario) -> float:
    """Share of all cars with a charger at home."""
    private, _ = model_shares(spec)
    pure = np.array([row["type"] == "BEV" for row in VEHICLES])
    bev = float(private[pure].sum())
    shares = home_shares(spec)
    at_home = bev * shares[:, 1] + (1.0 - bev) * shares[:, 0]
    kinds = np.array([spec.drivers.archetypes.get(name, 0.0) for name in ARCHETYPES])
    return float((kinds * at_home).sum())


def home_shares(spec: Scenario) -> NDArray[np.float64]:
    """Share with a home charger by kind of driver and of car, shape (n_kinds, 2): hybrid, battery electric.

    For private drivers it depends on the car, for commercial drivers on the trade (archetypes.csv,
    ``home_charger``; the keys ``chargers.home_share_...``).
    """
    own_car = (spec.chargers.home_share_phev, spec.chargers.home_share_bev)
    shares = []
    for row in rows("archetypes"):
        trade = row["home_charger"]
        share = None if trade == "own_car" else getattr(spec.chargers, f"home_share_{trade}")
        shares.append(own_car if share is None else (share, share))
    return np.array(shares)


def share_of_kinds(spec: Scenario, commercial: bool) -> float:
    """Share of commercial drivers, or of private drivers."""
    names = [row["archetype"] for row in rows("archetypes") if (row["commercial"] == "1") == commercial]
    return float(sum(spec.drivers.archetypes.get(name, 0.0) for name in names))


def enrolment_odds(spec: Scenario) -> float:
    """Probability that an eligible owner enrols.

    Raises
    ------
    ScenarioError
        If more owners are to enrol than are eligible.
    """
    wanted, possible = spec.participation.enrolled_share, eligible_share(spec)
    if spec.chargers.home_share_bev == 0.0:
        return 0.0
    if wanted > possible + 1e-9:
        raise ScenarioError.single(
            spec.name,
            "participation.enrolled_share",
            f"{wanted:g} of the cars cannot enrol; only private pure electric cars with a charger at "
            f"home may, which are {possible:.3f} of this fleet; allowed: 0 to {possible:.3f}",
        )
    return min(1.0, wanted / possible) if possible > 0.0 else 0.0


def _capability(spec: Scenario, bev: NDArray[np.bool_]) -> NDArray[np.float64]:
    share = spec.fleet.v2g_capable
    if not isinstance(share, str):
        return np.where(bev, share, 0.0)
    text = np.array([row["v2g_dc"] for row in VEHICLES])
    partial = np.where(text == "partial", spec.fleet.v2g_partial_share, 0.0)
    return np.where(np.char.startswith(text, "yes"), 1.0, partial)


def _cdf(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.cumsum(shares)
    cdf: NDArray[np.float64] = total / total[-1]
    last = int(np.flatnonzero(shares)[-1])
    cdf[last:] = 1.0
    return cdf


@per_row
def _draw(cdf: Any, share: float) -> int:
    return int(np.searchsorted(cdf, share, side="right"))


@per_row
def _settle_rows(start: int, stop: int, key: np.uint64, people: Any, odds: Any, town: Town) -> None:
    for row in range(start, stop):
        _settle_row(key, row, int(people.driver_id[row]), people, odds, town)


@per_row
def _settle_row(key: np.uint64, row: int, driver: int, people: Any, odds: Any, town: Town) -> None:
    kind = _draw(odds.archetype_cdf, uniform(key, driver, 0, ARCHETYPE))
    home = _draw(town.cars_cdf, uniform(key, driver, 0, HOME_ZONE))
    work = _draw(town.going_cdf[TO_WORK, home], uniform(key, driver, 0, WORK_ZONE))
    private = town.archetypes[kind].commercial == 0
    person = Person(driver, kind, home, work)
    people.archetype[row] = kind
    people.home_zone[row] = home
    people.work_zone[row] = work

    car = _draw(odds.private_cdf if private else odds.commercial_cdf, uniform(key, driver, 0, CAR_MODEL))
    if odds.is_bev[car] and not odds.has_fast_inlet[car]:
        car = _long_enough(key, person, car, odds, town)
    people.model_index[row] = car
    bev = odds.is_bev[car]

    has_charger = uniform(key, driver, 0, HOME_CHARGER) < odds.home_share[kind, int(bev)]
    commutes = town.archetypes[kind].commutes == 1
    people.has_home_charger[row] = has_charger
    people.has_work_access[row] = commutes and uniform(key, driver, 0, WORK_ACCESS) < odds.work_access
    people.v2g_capable[row] = uniform(key, driver, 0, V2G_CAPABLE) < odds.v2g_capable[car]
    may_enrol = private and bev and has_charger
    people.enrolled[row] = may_enrol and uniform(key, driver, 0, ENROLMENT) < odds.enrolment

    draw = uniform(key, driver, 0, TARGET_SOC)
    target = 0.8 if draw < odds.target_80 else (0.9 if draw < odds.target_80 + odds.target_90 else 1.0)
    people.target_soc[row] = target
    swing = odds.reserve_spread * normal(key, driver, 0, RESERVE)
    people.reserve_soc[row] = min(max(odds.reserve + swing, 0.0), HIGHEST_RESERVE)


@per_row
def _long_enough(key: np.uint64, person: Person, car: int, odds: Any, town: Town) -> int:
    """Replace a car without a fast inlet if the driver's days need more than a third of its range.

    The bound is that of Shanghai trip chains (source S18).
    """
    home, work = home_of(key, person, town), workplace_of(key, person, town)
    daily_km = 2.0 * network_km(home[0], home[1], work[0], work[1], town)
    return car if daily_km <= odds.daily_share_of_range * odds.range_km[car] else OTHER_BEV
