"""Grade the model: each published figure beside the same figure of fresh runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.accounting.tables import CHARGE_COLUMNS
from sim.city.charger_kinds import FAST_KIND, HOME_KIND
from sim.city.codes import WORKDAY
from sim.city.commuting import commutes, sampled_km
from sim.city.geography import build_zones
from sim.data.catalogue import rows
from sim.effects.shape import daily_charging_shape
from sim.grid.clock import Clock
from sim.market.tariffs import retail_prices
from sim.rules.battery import fixed_loss_share, proportional_loss_share, round_trip_efficiency
from sim.rules.wear import cycle_loss_pct, full_cycles
from sim.runs.audited import audited
from sim.runs.reproduce import few, run_command
from sim.runs.run import prepare, simulate, tables_from_result
from sim.scenario.ageing import ageing_law
from sim.scenario.schema import Scenario
from sim.scenario.shipped import scenarios_folder
from sim.studies.validation.charging_habits import habits_of
from sim.studies.validation.observed import SLOW_KIND, Week, watch

PASS, NEAR, FAIL, SHOWN = "pass", "near", "fail", "shown"
NEAR_TOLERANCES = 2.0
DAYS_PER_MONTH = 365.0 / 12.0
POINTS = 200_000

#: Cars of the ordinary week, of each week at another charger, and of a week that asks only what supply does.
CARS, CARS_AT_CHARGERS, CARS_OF_SUPPLY = 8_000, 4_000, 500
#: The case that the published wear was reckoned for (S62): driven a day, fed in a session, and the pack.
WEAR_DRIVEN_KWH, WEAR_FED_IN_KWH, WEAR_PACK_KWH = 5.71, 15.0, 60.0
WEAR_YEARS, WEAR_DAYS_A_YEAR = 10.0, 250.0
BUSIEST = 0.1  # share of cars whose use is called high
GROUP = 10  # cars on one feeder, for the spread of charging


@dataclass(frozen=True)
class Row:
    """One line of the report card.

    Attributes
    ----------
    key, what, unit, source, confidence : str
    published, tolerance, model : float
    use : str
        ``calibration`` where the figure was used to set the model, ``check`` where it was not, ``shown``
        where none was found.
    run : str
        How to see it again.
    cause : str
        Why the model is off, where it is.
    """

    key: str
    what: str
    unit: str
    published: float
    tolerance: float
    use: str
    source: str
    confidence: str
    model: float
    run: str
    cause: str = ""

    @property
    def grade(self) -> str:
        """Pass within the tolerance, near within twice as much, else fail; shown where none is published."""
        if math.isnan(self.published):
            return SHOWN
        away = abs(self.model - self.published)
        if math.isnan(away):
            return FAIL
        return PASS if away <= self.tolerance else NEAR if away <= NEAR_TOLERANCES * self.tolerance else FAIL


Measured = dict[str, tuple[float, str]]


def report_card(say: Callable[[str], None]) -> list[Row]:
    """Make the runs and grade every published figure."""
    found: Measured = {}
    for measure in (
        _commutes, _rules, _ordinary_week, _holiday, _home_charging, _feeding_in, _events, _year, _records,
    ):  # fmt: skip
        found |= measure(say)
    return [
        Row(
            key=row["key"],
            what=row["what"],
            unit=row["unit"],
            published=float(row["value"] or "nan"),
            tolerance=float(row["tolerance"] or "nan"),
            use=row["use"],
            source=row["source"],
            confidence=row["confidence"],
            model=found[row["key"]][0],
            run=found[row["key"]][1],
            cause=row["cause"],
        )
        for row in rows("published")
    ]


def _commutes(say: Callable[[str], None]) -> Measured:
    """Straight lengths of commutes between random points of zones."""
    say("commutes of everybody")
    city = prepare(scenarios_folder() / "quickstart.yaml").city
    km = sampled_km(commutes(city, car_owners=False), build_zones(city), POINTS, seed=1)
    run = "sim.city.commuting.commutes"
    return {
        "commute_below_5km": (float(np.mean(km < 5.0)), run),
        "commute_over_25km": (float(np.mean(km > 25.0)), run),
        "commute_mean_km": (float(km.mean()), run),
    }


def _rules(say: Callable[[str], None]) -> Measured:
    """What the rules say by themselves: losses, and cycling."""
    spec = prepare(scenarios_folder() / "quickstart.yaml")
    efficiency = spec.chargers.one_way_efficiency, spec.chargers.part_load_efficiency
    losses = fixed_loss_share(*efficiency), proportional_loss_share(*efficiency)
    law = ageing_law("LFP_250Ah_prismatic")
    fed_in_kwh = WEAR_FED_IN_KWH / spec.chargers.one_way_efficiency
    driving = WEAR_YEARS * 365.0 * _weighed(WEAR_DRIVEN_KWH / WEAR_PACK_KWH, law.depth_exponent)
    feeding = WEAR_YEARS * WEAR_DAYS_A_YEAR * _weighed(fed_in_kwh / WEAR_PACK_KWH, law.depth_exponent)
    extra = cycle_loss_pct(driving, feeding, law.first_cycle_pct, law.cycle_exponent)
    return {
        "round_trip": (float(round_trip_efficiency(*losses)), "sim.rules.battery.round_trip_efficiency"),
        "wear_lfp_10y": (float(extra), "sim.rules.wear.cycle_loss_pct"),
        "public_price_day_night": (_day_over_night(spec), "sim.market.tariffs.retail_prices"),
    }


def _day_over_night(spec: Scenario) -> float:
    """Price of public charging from 10 to 15 h over that from 23 to 7 h, without events."""
    clock = Clock.of(spec)
    price = retail_prices(spec, clock)[SLOW_KIND]
    by_day = (clock.hours > 10.0) & (clock.hours < 15.0)
    by_night = (clock.hours > 23.0) | (clock.hours < 7.0)
    return float(price[by_day].mean() / price[by_night].mean())


def _weighed(depth: float, exponent: float) -> float:
    """A swing of a depth in full cycles, as the rule counts it."""
    return float(full_cycles(round(65535 * depth), exponent))


def _ordinary_week(say: Callable[[str], None]) -> Measured:
    """Three weeks of September in which nobody is controlled."""
    say(f"three ordinary weeks of {CARS:,} cars that charge at once")
    settings = {
        **few(CARS), "time.start": "2025-09-01", "time.days": 21,
        "time.warmup_days": 7, "weather.temperature_profile": "normal", "replications": 1,
        "outputs.figures": False,
    }  # fmt: skip
    week = watch(prepare(scenarios_folder() / "shanghai-summer.yaml", settings=settings), "uncontrolled")
    run = run_command("shanghai-summer.yaml", settings)
    found = {key: (value, run) for key, value in _of_the_week(week).items()}
    week.model.forget()
    return found


def _holiday(say: Callable[[str], None]) -> Measured:
    """Public charging in the week of National Day over that of the weeks before."""
    say(f"the week of National Day, {CARS_AT_CHARGERS:,} cars")
    settings = {
        **few(CARS_AT_CHARGERS), "time.start": "2025-09-15", "time.days": 23, "time.warmup_days": 4,
        "weather.temperature_profile": "normal", "replications": 1, "outputs.figures": False,
    }  # fmt: skip
    spec = prepare(scenarios_folder() / "shanghai-summer.yaml", settings=settings, arms=["uncontrolled"])
    system = tables_from_result(audited(simulate(spec)), "uncontrolled").system
    public = system[[CHARGE_COLUMNS[kind] for kind in (SLOW_KIND, FAST_KIND)]].sum(axis=1)
    away = system["time"] >= "2025-10-01"
    value = float(public[away].mean() / public[~away].mean())
    return {
        "national_day_public": (value, run_command("shanghai-summer.yaml", settings, arms=["uncontrolled"]))
    }


def _of_the_week(week: Week) -> dict[str, float]:
    model, days = week.model, week.model.spec.time.recorded_days
    drivers, cars, accounts = model.world.drivers, model.world.cars, model.city.accounts
    private = model.world.town.archetypes["commercial"][drivers["archetype"]] == 0
    electric = private & (cars["is_phev"] == 0)
    system = model.system_frame()
    shape = daily_charging_shape(system, place=model.spec.city.place)
    halves = np.floor(2.0 * np.array(week.leaves_home_h)) / 2.0
    busiest = np.unique(halves, return_counts=True)
    public = np.isin(model.world.chargers["kind"], (SLOW_KIND, FAST_KIND))
    rated = float(model.world.chargers["rated_kw"][public].sum())
    owner_days = electric.sum() * days
    sessions = accounts["sessions"][electric].sum() / owner_days * DAYS_PER_MONTH
    used = _used_days(model, private)
    return {
        "trips_below_15km": float(np.mean(np.array(week.trip_km) < 15.0)),
        "leaves_home_at": float(busiest[0][np.argmax(busiest[1])]),
        "km_per_used_day": float(accounts["km"][private].sum() / max(1.0, used)),
        "start_soc_low_share": float(np.mean(np.array(week.start_soc[HOME_KIND]) <= 0.40)),
        "start_soc_fast": float(np.mean(week.start_soc[FAST_KIND])),
        "shape_correlation": shape.correlation if shape is not None else math.nan,
        "charges_per_month": float(sessions),
        "home_energy_share": week.home_kwh / max(1e-9, week.all_kwh),
        "parked_share": float(1.0 - (system["cars_driving"] / model.spec.fleet.cars).mean()),
        "post_utilisation": float(week.public_kw.mean() / max(1e-9, rated)),
        **habits_of(week),
    }


def _used_days(model: Any, private: Any) -> float:
    """Car-days on which a private car is driven, by the share of archetypes that drive on such a day."""
    town, kinds = model.world.town.archetypes, model.world.drivers["archetype"][private]
    first = model.clock.warmup_steps // model.clock.steps_per_day
    workdays = float(np.sum(model.clock.day_kind[first + 1 : model.clock.n_days + 1] == WORKDAY))
    restdays = model.spec.time.recorded_days - workdays
    return float((workdays * town["drives_workday"][kinds] + restdays * town["drives_restday"][kinds]).sum())


def _home_charging(say: Callable[[str], None]) -> Measured:
    """Highest mean power of cars that plug in at home on a workday, at three ratings."""
    found: Measured = {}
    for name, kw in (("admd_3_7_kw", 3.7), ("admd_11_kw", 11.0), ("admd_7_4_kw", 7.4)):
        say(f"home charging at {kw:g} kW, {CARS_AT_CHARGERS:,} cars")
        settings = {
            **few(CARS_AT_CHARGERS), "time.start": "2025-09-08", "time.days": 5,
            "time.warmup_days": 4, "weather.temperature_profile": "normal", "chargers.home_kw": kw,
            "replications": 1, "outputs.figures": False,
        }  # fmt: skip
        week = watch(prepare(scenarios_folder() / "shanghai-summer.yaml", settings=settings), "uncontrolled")
        by_day = week.home_kw.reshape(-1, week.model.clock.steps_per_day).mean(axis=0)
        run = run_command("shanghai-summer.yaml", settings)
        found[name] = (float(by_day.max()), run)
        found["admd_hour"] = (float(week.model.clock.hours[: len(by_day)][by_day.argmax()]), run)
        found["coincidence_10_cars"] = (_coincidence(week, kw), run)
        week.model.forget()
    return found


def _feeding_in(say: Callable[[str], None]) -> Measured:
    """Energy of a session of feeding in at home, under the pay of Jiangsu."""
    say("feeding in at home under the pay of Jiangsu")
    named = {**few(2_000), "time.days": 3, "outputs.figures": False}
    keep = ("uncontrolled", "jiangsu-home")
    spec = prepare(scenarios_folder() / "pay-regimes.yaml", settings=named, arms=keep)
    owners = tables_from_result(audited(simulate(spec)), "jiangsu-home").owners
    fed = owners[owners["discharge_sessions"] > 0]
    value = float(fed["discharged_kwh"].sum() / max(1, fed["discharge_sessions"].sum()))
    return {"fed_in_per_session": (value, run_command("pay-regimes.yaml", named, arms=keep))}


def _coincidence(week: Week, kw: float) -> float:
    """Highest power of ten cars with a charger at home on a day, over their ratings; mean of groups."""
    groups = week.by_car_kw[:, : week.by_car_kw.shape[1] // GROUP * GROUP].reshape(
        len(week.by_car_kw), -1, GROUP
    )
    by_day = groups.sum(axis=2).reshape(-1, week.model.clock.steps_per_day, groups.shape[1]).max(axis=1)
    return float(by_day.mean() / (GROUP * kw))


def _events(say: Callable[[str], None]) -> Measured:
    """Power of a car that feeds in at 60 kW, and what a night tariff on clocks does."""
    say("an event at posts of 60 kW")
    named = {
        **few(2_000),
        "chargers.bidirectional_kw": 60.0,
        "outputs.figures": False,
    }
    keep = ("uncontrolled", "shenzhen-60-kw")
    spec = prepare(scenarios_folder() / "zhang-wei.yaml", settings=named, arms=keep)
    system = tables_from_result(audited(simulate(spec)), keep[1]).system
    feeding = system[system["cars_discharging"] > 0.0]
    power = 1000.0 * feeding["ev_discharge_mw"].sum() / max(1.0, feeding["cars_discharging"].sum())
    say("a night tariff on clocks")
    clocks = {**few(1_000), "replications": 1, "outputs.figures": False}
    rebound = prepare(scenarios_folder() / "tariff-rebound.yaml", settings=clocks)
    result, arm = audited(simulate(rebound)), next(name for name in rebound.arms if name != rebound.reference)
    highest = {
        name: float(tables_from_result(result, name).system["ev_charge_mw"].max())
        for name in (rebound.reference, arm)
    }
    return {
        "event_kw_per_car": (float(power), run_command("zhang-wei.yaml", named, arms=keep)),
        "tariff_rebound": (
            highest[arm] / highest[rebound.reference],
            run_command("tariff-rebound.yaml", clocks),
        ),
    }


def _year(say: Callable[[str], None]) -> Measured:
    """Consumption of a year in representative weeks, and what a private car takes of it in a day."""
    say(f"a year of {CARS:,} cars in fourteen weeks")
    named = {
        **few(CARS),
        "time.step_minutes": 60,
        "time.warmup_days": 3,
        "outputs.figures": False,
    }
    spec = prepare(scenarios_folder() / "shanghai-year.yaml", settings=named, arms=["uncontrolled"])
    arm = tables_from_result(audited(simulate(spec)), "uncontrolled")
    energy = float((arm.gross_mw() * arm.step_weights).sum()) * arm.step_hours / 1e6
    run = run_command("shanghai-year.yaml", named, arms=["uncontrolled"])
    trade = [row["archetype"] for row in rows("archetypes") if row["commercial"] == "1"]
    private = ~arm.owners["archetype"].isin(trade)
    by_day = float(arm.owners["charged_kwh"][private].mean() / arm.days)
    return {
        "annual_energy": (energy, run),
        "energy_per_day": (by_day, run),
        **{key: (value, run) for key, value in _losses_of_a_year(arm.owners[private]).items()},
    }


def _losses_of_a_year(owners: pd.DataFrame) -> dict[str, float]:
    """Capacity that private pure electric cars of typical age lose in a year [%]."""
    models = {row["model"]: row for row in rows("vehicles")}
    electric = owners[owners["model"].map(lambda name: models[name]["type"] == "BEV").to_numpy(bool)]
    lost, most = electric["capacity_loss_pct"], electric["charged_kwh"] / electric["capacity_kwh"]
    busy = most >= most.quantile(1.0 - BUSIEST)
    return {"loss_per_year": float(lost.mean()), "loss_high_use": float(lost[busy].mean() - lost.mean())}


def _records(say: Callable[[str], None]) -> Measured:
    """Highest demand of the weeks of record heat and record cold."""
    found: Measured = {}
    for key, scenario in (("peak", "shanghai-summer"), ("winter_peak", "shanghai-winter")):
        say(f"demand of {scenario}")
        settings = {
            **few(CARS_OF_SUPPLY),
            "replications": 1,
            "outputs.figures": False,
        }
        spec = prepare(scenarios_folder() / f"{scenario}.yaml", settings=settings, arms=["uncontrolled"])
        arm = tables_from_result(audited(simulate(spec)), "uncontrolled")
        gross = arm.gross_mw()
        at = arm.system["time"].iloc[int(gross.to_numpy().argmax())]
        run = run_command(f"{scenario}.yaml", settings, arms=["uncontrolled"])
        found["peak_demand" if key == "peak" else key] = (float(gross.max()) / 1000.0, run)
        found[f"{key}_hour"] = (at.hour + at.minute / 60.0, run)
    return found


def grades(card: list[Row]) -> dict[str, int]:
    """How many rows pass, are near, and fail, and for how many nothing is published."""
    return {grade: sum(row.grade == grade for row in card) for grade in (PASS, NEAR, FAIL, SHOWN)}
