"""What must hold in the tables of any result, reckoned from the tables alone.

Nothing here asks the project's own audit: every check is a plain sum over columns as a reader of the
documentation would do it. :func:`nonsense` returns one sentence for each thing that does not hold.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.runs.run import RunResult
from sim.scenario import Scenario

Array = NDArray[np.float64]
TOLERANCE = 1e-6
COSTS = ("charging_cost_yuan", "penalty_yuan", "rental_yuan", "wear_cost_yuan")
GAINS = ("feed_in_revenue_yuan", "event_revenue_yuan", "availability_revenue_yuan", "compensation_yuan")
OF_A_DAY = {
    "bought_kwh": "charged_kwh", "sold_kwh": "discharged_kwh", "sold_yuan": "feed_in_revenue_yuan",
    "events_yuan": "event_revenue_yuan", "penalties_yuan": "penalty_yuan", "rental_yuan": "rental_yuan",
    "wear_yuan": "wear_cost_yuan", "fees_yuan": "service_fees_yuan", "net_yuan": "net_cost_yuan",
    "availability_yuan": "availability_revenue_yuan", "compensation_yuan": "compensation_yuan",
}  # fmt: skip
#: Columns of stories that are empty where there is nothing to tell.
MAY_BE_EMPTY = ("stories",)
POSITIVE = (
    "demand_mw", "cars_driving", "cars_idle", "cars_plugged", "cars_charging", "cars_discharging", "cars_queueing",
    "cars_enrolled", "ev_charge_mw", "ev_discharge_mw", "coal_mw", "gas_mw", "import_mw", "unserved_mw", "spilled_mw",
    "wind_mw", "solar_mw", "co2_t", "coal_tce", "coal_elsewhere_tce", "up_available_mw", "down_available_mw",
    "mean_soc", "ev_losses_mwh", "coal_on_mw", "gas_on_mw", "contract_mw", "unit_starts",
)  # fmt: skip


def nonsense(result: RunResult) -> list[str]:
    """Everything in a result that cannot be, in sentences."""
    return [*_not_finite(result), *_of_arms(result), *_of_pairs(result), *_of_effects(result)]


# ------------------------------------------------------------------------------- every figure
def _not_finite(result: RunResult) -> Iterator[str]:
    for name in ("system", "owners", "units", "flexibility", "owner_days", "stories"):
        frame: pd.DataFrame = getattr(result, name)
        for column in frame.columns:
            values = frame[column]
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                if name in MAY_BE_EMPTY and not np.isinf(values).any():
                    continue
                yield f"{name}.{column} holds {values[~np.isfinite(values)].iloc[0]}"
    yield from (
        f"summary.{path} is {value}" for path, value in _numbers(result.summary) if not math.isfinite(value)
    )
    try:
        json.dumps(result.summary, allow_nan=False)
    except ValueError as error:
        yield f"summary is no JSON: {error}"
    except TypeError as error:
        yield f"summary is no plain data: {error}"


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(each, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _numbers(each, f"{path}.{number}")
    elif isinstance(value, int | float):
        yield path, float(value)


# ------------------------------------------------------------------------------------ each arm
def _of_arms(result: RunResult) -> Iterator[str]:
    for (arm, replication), system in result.system.groupby(["arm", "replication"], sort=False):
        spec = result.spec.for_arm(str(arm))
        mine = {
            name: frame[(frame["arm"] == arm) & (frame["replication"] == replication)]
            for name, frame in (
                ("owners", result.owners),
                ("units", result.units),
                ("days", result.owner_days),
            )
        }
        checks = (
            _of_system(spec, system), _of_units(system, mine["units"]), _of_owners(spec, system, mine["owners"]),
            _of_days(spec, mine["owners"], mine["days"]), _of_pay(spec, system, mine["owners"]),
            _of_shocks(spec, system),
        )  # fmt: skip
        for check in checks:
            yield from (f"{arm}: {sentence}" for sentence in check)


def _of_system(spec: Scenario, system: pd.DataFrame) -> Iterator[str]:
    column = {name: system[name].to_numpy() for name in system.columns}
    hours, cars = spec.time.step_minutes / 60.0, float(spec.fleet.cars)
    at_meters = column["ev_charge_mw"] - column["ev_discharge_mw"]
    net_draw = at_meters / (1.0 - spec.grid.losses_share)
    lost = column["ev_grid_losses_mw"]
    yield from _same("losses of the grid", lost, net_draw - at_meters, max(1.0, np.abs(net_draw).max()))
    supply = sum(
        column[f"{name}_mw"] for name in ("coal", "gas", "import", "other", "wind", "solar", "unserved")
    )
    load = column["demand_mw"] + net_draw
    yield from _same("supply and demand", supply - column["spilled_mw"], load, np.abs(load).max())
    net = column["demand_mw"] - column["wind_mw"] - column["solar_mw"] + net_draw
    yield from _same("net load", column["net_load_mw"], net, np.abs(load).max())
    where = sum(column[f"cars_{name}"] for name in ("driving", "idle", "plugged"))
    yield from _same("cars on the road, idle and plugged in", where, np.full(len(where), cars), cars)
    busy = column["cars_charging"] + column["cars_discharging"]
    yield from _at_most("cars that charge or feed in", busy, column["cars_plugged"], cars)
    yield from _at_most("cars that queue", column["cars_queueing"], column["cars_idle"], cars)
    yield from _at_most("cars enrolled", column["cars_enrolled"], np.full(len(where), cars), cars)
    yield from _at_most("mean state of charge", column["mean_soc"], np.ones(len(where)), 1.0)
    for name in POSITIVE:
        yield from _at_most(
            f"0 and {name}", np.zeros(len(where)), column[name], max(1.0, np.abs(column[name]).max())
        )
    if (column["demand_mw"] <= 0.0).any():
        yield f"demand is {column['demand_mw'].min():g} MW"
    yield from _at_most(
        "wind", column["wind_mw"], np.full(len(where), spec.grid.wind_mw), max(1.0, spec.grid.wind_mw)
    )
    yield from _at_most(
        "sun", column["solar_mw"], np.full(len(where), spec.grid.solar_mw), max(1.0, spec.grid.solar_mw)
    )
    yield from _at_most(
        "contracts", column["contract_mw"], column["import_mw"], max(1.0, column["import_mw"].max())
    )
    steps = pd.Series(system["time"]).diff().dropna()
    if not spec.time.weeks and (steps != pd.Timedelta(hours=hours)).any():
        yield "steps are not evenly spaced"
    wanted = spec.time.recorded_days * 1440 // spec.time.step_minutes
    if len(system) != wanted:
        yield f"{len(system)} steps, {wanted} expected"


def _of_units(system: pd.DataFrame, units: pd.DataFrame) -> Iterator[str]:
    able, output = units["able_mw"].to_numpy(float), units["output_mw"].to_numpy(float)
    on = units["is_on"].to_numpy(bool)
    scale = max(1.0, able.max(initial=0.0))
    yield from _at_most("output and what is in order", output, able, 10.0 * scale)
    if (output[~on] > TOLERANCE * scale).any():
        yield "a unit that is off gives power"
    for fuel in ("coal", "gas"):
        mine = units[(units["fuel"] == fuel).to_numpy()]
        sums = mine.groupby("time", sort=True)["output_mw"].sum().reindex(system["time"], fill_value=0.0)
        yield from _same(
            f"output of {fuel} units", sums.to_numpy(float), system[f"{fuel}_mw"].to_numpy(), 10.0 * scale
        )


def _of_owners(spec: Scenario, system: pd.DataFrame, owners: pd.DataFrame) -> Iterator[str]:
    column = {name: owners[name].to_numpy() for name in owners.columns if owners[name].dtype.kind in "fib"}
    hours, days = spec.time.step_minutes / 60.0, spec.time.recorded_days
    year = bool(spec.time.weeks)
    money = sum(np.abs(column[name]) for name in (*COSTS, *GAINS))
    net = sum(column[name] for name in COSTS) - sum(column[name] for name in GAINS)
    yield from _same("net cost and its parts", column["net_cost_yuan"], net, max(1.0, money.max()))
    for name in ("start_soc", "end_soc", "min_soc", "target_soc", "reserve_soc"):
        if not ((column[name] >= -TOLERANCE) & (column[name] <= 1.0 + TOLERANCE)).all():
            yield f"owners.{name} is between {column[name].min():g} and {column[name].max():g}"
    if not year:
        gained = (column["end_soc"] - column["start_soc"]) * column["capacity_kwh"]
        yield from _same("energy gained and states of charge", column["stored_change_kwh"], gained, 100.0)
        yield from _at_most(
            "lowest state of charge",
            column["min_soc"],
            np.minimum(column["start_soc"], column["end_soc"]),
            1.0,
        )
        whole = np.full(len(owners), 24.0 * days)
        yield from _at_most("hours plugged in", column["plugged_h"], whole, 24.0 * days)
        yield from _at_most("hours on call", column["on_call_h"], column["plugged_h"], 10.0 * 24.0 * days)
        lost = (
            column["charged_kwh"]
            - column["discharged_kwh"]
            - column["driven_kwh"]
            - column["stored_change_kwh"]
        )
        yield from _at_most(
            "energy lost", np.zeros(len(owners)), lost, max(100.0, column["charged_kwh"].max())
        )
        if len(owners) == spec.simulated_cars:
            yield from _of_fleet(spec, system, column, lost, hours)
    for less, more in (
        ("self_used_kwh", "discharged_kwh"), ("fuel_km", "km"),
        ("cycle_wear_yuan", "wear_cost_yuan"),
    ):  # fmt: skip
        scale = max(1.0, float(column[more].max(initial=0)))
        yield from _at_most(
            f"{less} and {more}", column[less].astype(float), column[more].astype(float), scale
        )
    causes = sum(column[f"shortfalls_{cause}"] for cause in ("left_early", "shock", "limit"))
    if not year and (causes != column["promise_shortfalls"]).any():
        yield "a promise is broken without a cause"
    for name in ("km", "driven_kwh", "charged_kwh", "discharged_kwh", "plugged_h", "on_call_h", "wear_cost_yuan", "promise_shortfall_kwh",
                 "dwell_shortfall_kwh", "penalty_yuan", "rental_yuan", "trips", "sessions", "self_used_kwh", "capacity_loss_pct"):  # fmt: skip
        if (column[name] < -TOLERANCE).any():
            yield f"owners.{name} is {column[name].min():g}"


def _of_fleet(
    spec: Scenario, system: pd.DataFrame, column: dict[str, Array], lost: Array, hours: float
) -> Iterator[str]:
    """Owners together are what the city saw."""
    weight = spec.fleet.cars / spec.simulated_cars
    for mine, city in (("charged_kwh", "ev_charge_mw"), ("discharged_kwh", "ev_discharge_mw")):
        total = float(system[city].sum()) * hours
        yield from _same(
            f"{mine} of all owners", weight * column[mine].sum() / 1000.0, total, max(1e-3, total)
        )
    losses = float(system["ev_losses_mwh"].sum())
    scale = max(1e-3, float(system["ev_charge_mw"].sum()) * hours)
    yield from _same("losses of all owners", weight * lost.sum() / 1000.0, losses, scale)
    mean = float((column["end_soc"]).mean())
    yield from _same("mean state of charge at the end", mean, float(system["mean_soc"].iloc[-1]), 10.0)
    signed_up = weight * float(column["enrolled"].sum())
    yield from _same("cars enrolled", signed_up, float(system["cars_enrolled"].iloc[-1]), max(1.0, signed_up))


def _of_days(spec: Scenario, owners: pd.DataFrame, days: pd.DataFrame) -> Iterator[str]:
    """The days of an owner add up to the whole."""
    if spec.time.weeks or not len(days):
        return
    sums = days.groupby("car", sort=True)[[*OF_A_DAY, "bought_yuan"]].sum()
    mine = owners.set_index("car").loc[sums.index]
    for day, whole in OF_A_DAY.items():
        scale = max(1.0, float(np.abs(mine[whole]).max()))
        yield from _same(
            f"days of {whole}", sums[day].to_numpy(float), mine[whole].to_numpy(float), 10.0 * scale
        )
    paid = (sums["bought_yuan"] + sums["fees_yuan"]).to_numpy(float)
    yield from _same(
        "days of charging_cost_yuan",
        paid,
        mine["charging_cost_yuan"].to_numpy(float),
        max(10.0, np.abs(paid).max()),
    )


def _of_pay(spec: Scenario, system: pd.DataFrame, owners: pd.DataFrame) -> Iterator[str]:
    """Events are paid exactly as long as they last, feeding in at the price of the scenario."""
    if spec.time.weeks or len(owners) != spec.simulated_cars:
        return
    hours, weight, kept = (
        spec.time.step_minutes / 60.0,
        spec.fleet.cars / spec.simulated_cars,
        1.0 - spec.participation.aggregator_share,
    )
    fed_kwh = system["ev_discharge_mw"].to_numpy() * 1000.0 * hours
    starts = system["time"].to_numpy()
    per_kwh = np.zeros(len(system))
    for event in spec.market.events:
        per_kwh += _overlap(starts, hours, event.at, event.hours) * (
            event.yuan_per_kwh + event.yuan_per_kw / event.hours
        )
    wanted, got = kept * float((fed_kwh * per_kwh).sum()), weight * float(owners["event_revenue_yuan"].sum())
    scale = max(1.0, wanted, weight)
    own_meter = spec.market.household.meter == "own"
    if spec.operator.event.first_yuan_per_kwh == 0.0:
        if own_meter:
            yield from _same("pay for events", got, wanted, scale)
        elif got > wanted + TOLERANCE * scale:
            yield f"pay for events is {got:g} yuan, at most {wanted:g} expected"
    price = spec.market.feed_in_price_yuan_per_kwh
    if price is not None and own_meter:
        received = weight * float(owners["feed_in_revenue_yuan"].sum())
        yield from _same(
            "pay for feeding in",
            received,
            kept * price * float(fed_kwh.sum()),
            max(1.0, abs(received), weight),
        )


def _overlap(starts: NDArray[np.datetime64], hours: float, at: dt.datetime, lasts: float) -> Array:
    """Share of each step that lies within a stretch of time."""
    begin = (starts - np.datetime64(at)) / np.timedelta64(1, "s") / 3600.0
    found: Array = np.clip(np.minimum(begin + hours, lasts) - np.maximum(begin, 0.0), 0.0, hours) / hours
    return found


def _of_shocks(spec: Scenario, system: pd.DataFrame) -> Iterator[str]:
    """Where everybody has unplugged nobody is plugged in; where all chargers fail nothing is fed in."""
    hours = spec.time.step_minutes / 60.0
    for shock in spec.shocks:
        whole = _overlap(system["time"].to_numpy(), hours, shock.at, shock.hours) > 1.0 - 1e-9
        if not whole.any() or shock.share < 1.0 or shock.district is not None:
            continue
        if shock.kind == "unplug" and spec.operator.event.first_yuan_per_kwh == 0.0 and len(spec.shocks) == 1:
            plugged = system["cars_plugged"].to_numpy()[whole].max()
            if plugged > 0.0:
                yield f"{plugged:g} cars are plugged in while everybody has unplugged"
        if shock.kind == "charger_outage" and len(set(shock.places)) == 3 and len(spec.shocks) == 1:
            power = system["ev_discharge_mw"].to_numpy()[whole].max()
            if power > 0.0:
                yield f"{power:g} MW are fed in while all chargers are out of order"


# ------------------------------------------------------------------------------- arms together
def _of_pairs(result: RunResult) -> Iterator[str]:
    """Arms share the trips, and wind and sun where they share the plants."""
    reference = result.spec.reference
    before = result.system[result.system["arm"] == reference]
    owners = result.owners[result.owners["arm"] == reference]
    for arm in result.spec.arms:
        after, theirs = result.system[result.system["arm"] == arm], result.owners[result.owners["arm"] == arm]
        for name in ("trips", "km", "driver", "capacity_kwh"):
            if not np.array_equal(owners[name], theirs[name]):
                yield f"{arm}: owners.{name} differs from that of {reference}"
        if result.spec.for_arm(arm).grid == result.spec.for_arm(reference).grid:
            for name in ("demand_mw", "wind_mw", "solar_mw"):
                if not np.array_equal(before[name], after[name]):
                    yield f"{arm}: {name} differs from that of {reference}"


def _of_effects(result: RunResult) -> Iterator[str]:
    """Effects are what the tables of two arms differ by."""
    spec, summary = result.spec, result.summary
    if spec.replications > 1:
        return
    tables = {str(arm): frame for arm, frame in result.system.groupby("arm", sort=False)}
    hours = spec.time.step_minutes / 60.0
    before = tables[spec.reference]
    for arm, figures in summary["arms"].items():
        yield from _of_figures(arm, figures, tables[arm], hours)
    for arm, effect in summary["effects"].items():
        after = tables[arm]
        load, theirs = before["net_load_mw"].to_numpy(), after["net_load_mw"].to_numpy()
        scale = max(1.0, np.abs(load).max())
        yield from _same(
            f"{arm}: peak_shaving_mw", effect["peak_shaving_mw"], load.max() - theirs.max(), scale
        )
        yield from _same(f"{arm}: largest_rise_mw", effect["largest_rise_mw"], (theirs - load).max(), scale)
        gas = (
            float(
                (
                    (before["gas_mw"].to_numpy() - after["gas_mw"].to_numpy()) * before["weight"].to_numpy()
                ).sum()
            )
            * hours
        )
        yield from _same(f"{arm}: gas_displaced_mwh", effect["gas_displaced_mwh"], gas, scale * len(load))
        if load.max() > 0.0:
            yield from _same(
                f"{arm}: peak_shaving_pct",
                effect["peak_shaving_pct"],
                100.0 * (load.max() - theirs.max()) / load.max(),
                100.0,
            )
        parts, mean = (
            effect["owner_earnings_parts_yuan_per_day"],
            effect["owner_earnings_yuan_per_day"]["mean"],
        )
        if mean is not None:
            sizes = sum(abs(each) for each in parts.values())
            yield from _same(f"{arm}: parts of earnings", sum(parts.values()), mean, max(1.0, sizes))
        for name, part in (effect["parts"] or {}).items():
            size = max(1.0, *(abs(each) for each in part.values()))
            yield from _same(f"{arm}: parts of {name}", sum(part.values()), effect[name], size)
        shares = (effect["owners_gaining_share"], effect["owners_losing_share"])
        if any(share is not None and not 0.0 <= share <= 1.0 for share in shares):
            yield f"{arm}: shares of those who gain and lose are {shares}"
        percent = effect["household_bill_change_pct"]
        if percent is not None and abs(percent) > 1e6:
            yield f"{arm}: household_bill_change_pct is {percent:g}"


def _of_figures(arm: str, figures: dict[str, Any], system: pd.DataFrame, hours: float) -> Iterator[str]:
    weights = system["weight"].to_numpy()
    for name, column in (("energy_charged_mwh", "ev_charge_mw"), ("energy_discharged_mwh", "ev_discharge_mw"), ("unserved_mwh", "unserved_mw"),
                         ("coal_mwh", "coal_mw"), ("gas_mwh", "gas_mw"), ("import_mwh", "import_mw")):  # fmt: skip
        total = float((system[column].to_numpy() * weights).sum()) * hours
        yield from _same(f"{arm}: {name}", figures[name], total, max(1.0, total))
    yield from _same(
        f"{arm}: peak_net_load_mw", figures["peak_net_load_mw"], float(system["net_load_mw"].max()), 1e3
    )
    if not 0.0 <= figures["mean_end_soc"] <= 1.0 + TOLERANCE:
        yield f"{arm}: mean_end_soc is {figures['mean_end_soc']:g}"


# ------------------------------------------------------------------------------------ comparing
def _same(what: str, one: Any, other: Any, scale: float) -> Iterator[str]:
    difference = np.abs(np.asarray(one, float) - np.asarray(other, float))
    if difference.max(initial=0.0) > TOLERANCE * max(scale, 1e-9):
        at = int(np.argmax(difference))
        yield f"{what}: {np.ravel(one)[at]:.9g}, but {np.ravel(other)[at]:.9g} expected"


def _at_most(what: str, less: Array, more: Array, scale: float) -> Iterator[str]:
    beyond = np.asarray(less, float) - np.asarray(more, float)
    if beyond.max(initial=0.0) > TOLERANCE * scale:
        at = int(np.argmax(beyond))
        yield f"{what}: {np.ravel(less)[at]:.9g} is more than {np.ravel(more)[at]:.9g}"


def first_day_differs(longer: RunResult, shorter: RunResult) -> list[str]:
    """Arms in which the first day of a run of two days is not the run of one day, to the bit."""
    found = []
    for arm in shorter.spec.arms:
        one, two = (
            each.system[(each.system["arm"] == arm) & (each.system["replication"] == 0)]
            for each in (shorter, longer)
        )
        unlike = [
            name
            for name in one.columns
            if not np.array_equal(one[name].to_numpy(), two[name].to_numpy()[: len(one)])
        ]
        if unlike:
            found.append(f"{arm}: the first day differs when a second follows, in {', '.join(unlike[:3])}")
    return found
