"""What is written on the page for one step, as plain data: read from the models, never reckoned here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.map_counts import CHARGE_KW, FEED_IN_KW, N_CHARGING, N_DRIVING, N_FEEDING_IN
from sim.dispatch.policy import Market, PriceCurve, Prices
from sim.model import CityModel
from sim.view.geo import CityMap
from sim.view.pair import Pair
from sim.view.recording import plugged_in

#: Columns of the records that are drawn, see ``sim.accounting.tables.SYSTEM_COLUMNS``.
SENT = (
    "demand_mw", "wind_mw", "solar_mw", "ev_charge_mw", "ev_discharge_mw", "net_load_mw", "coal_mw", "gas_mw",
    "import_mw", "other_mw", "unserved_mw", "spilled_mw", "price_yuan_per_mwh", "cars_driving", "cars_idle",
    "cars_plugged", "cars_charging", "cars_discharging", "cars_queueing", "mean_soc", "up_available_mw",
    "down_available_mw", "online_reserve_mw", "coal_on_mw", "cars_enrolled", "marginal_co2_t_per_mwh",
)  # fmt: skip
#: Entries of ``supply_effects`` that are shown while a run goes on.
SAVED = (
    "coal_system_displaced_tce", "coal_system_displaced_pct", "coal_displaced_tce", "coal_displaced_pct",
    "co2_avoided_t", "generation_cost_saved_yuan",
)  # fmt: skip
FORECAST_H = 24
SIGNIFICANT = 7


def moment(pair: Pair) -> dict[str, Any]:
    """Time and state of a run."""
    model, clock = pair.arm, pair.arm.clock
    time = clock.times[model.step_index - 1]
    minutes = float((time - time.astype("datetime64[D]")).astype(np.int64))
    return {
        "step": model.step_index - 1,
        "time": str(time).replace("T", " "),
        "hour": minutes / 60.0,
        "day": (model.step_index - 1 - clock.warmup_steps) // clock.steps_per_day,
        "warming": not pair.recording,
        "warmed": min(1.0, model.step_index / max(1, clock.warmup_steps)),
        "finished": model.finished,
        "temperature_c": round(float(model.world.series["temperature_c"][model.step_index - 1]), 1),
    }


def system(pair: Pair) -> dict[str, Any]:
    """Records of the latest step under the arm; the load under the reference, and without what happened."""
    arm, reference = pair.latest(), pair.latest_reference()
    sent = {name: shortened(arm[name]) for name in SENT}
    if pair.undisturbed is not None:
        sent["undisturbed_net_load_mw"] = _undisturbed(pair)[-1]
    return sent | {
        "reference_net_load_mw": shortened(reference["net_load_mw"]),
        "reference_coal_mw": shortened(reference["coal_mw"]),
        "reference_ev_mw": shortened(reference["ev_charge_mw"] - reference["ev_discharge_mw"]),
        "shaved_mw": shortened(reference["net_load_mw"] - arm["net_load_mw"]),
    }


def saved(pair: Pair) -> dict[str, float]:
    """Fuel, emissions and cost saved since recording began, energy-neutral."""
    found = pair.supply_so_far()
    return {name: float(found[name]) for name in SAVED}


def operator(pair: Pair) -> dict[str, Any]:
    """What the operator follows, expects, wishes, and could call."""
    model = pair.arm
    them, now = model.operator, min(model.step_index, len(model.clock) - 1)
    ahead = them.forecast.ahead(model.step_index, round(FORECAST_H / model.spec.step_hours))
    flexibility = model.accountant.flexibility.latest
    series = model.world.series[now]
    return {
        "policy": model.spec.operator.policy,
        "contract": model.spec.participation.contract,
        "wish": _wish(model),
        "forecast": [shortened(value) for value in ahead],
        "callable_cars": sum(row["cars"] for row in flexibility.values()),
        "price": [round(float(price), 4) for price in series["price"]],
        "feed_in_price": round(float(series["feed_in_price"]), 4),
        "premium": round(float(series["event_premium"]), 4),
        "event_price": round(float(series["event_price"]), 4),
    }


def _wish(model: CityModel) -> dict[str, Any]:
    """The operator's wish of the latest step in words and, where it is one, as power."""
    wish = model.operator.wish_now
    if wish is None:
        return {"kind": "nobody is controlled"}
    if isinstance(wish, Prices):
        return {"kind": "sends prices; each car reckons for itself"}
    if isinstance(wish, PriceCurve):
        return {"kind": "sends a price for each power; cars follow"}
    if isinstance(wish, Market):
        return {"kind": "lets the cars bid"}
    return {"kind": "asks the controlled cars for", "mw": shortened(float(wish))}


def by_district(drawn: CityMap, cells: NDArray[np.float32]) -> list[list[float]]:
    """Plugged in, charging, feeding in, driving there, and MW drawn and fed in, of every district."""
    columns = [np.bincount(drawn.district, column, len(drawn.names)) for column in cells.T]
    sums = np.column_stack(columns)
    table = np.column_stack(
        [
            plugged_in(sums),
            sums[:, N_CHARGING],
            sums[:, N_FEEDING_IN],
            sums[:, N_DRIVING],
            sums[:, CHARGE_KW] / 1000.0,
            sums[:, FEED_IN_KW] / 1000.0,
        ]
    )
    rounded: list[list[float]] = np.round(table, 3).tolist()
    return rounded


def known_lines(pair: Pair) -> dict[str, Any]:
    """What is known before a run: clock, and what was expected of net load without cars."""
    model, clock = pair.arm, pair.arm.clock
    first = clock.warmup_steps
    return {
        "start": str(clock.times[first]).replace("T", " "),
        "warmup_steps": first,
        "steps": len(clock),
        "steps_per_day": clock.steps_per_day,
        "step_hours": clock.step_hours,
        "expected_mw": [shortened(value) for value in model.grid.expected_net_load_mw[first : len(clock)]],
        "weight": model.spec.weight,
        "cars": model.spec.fleet.cars,
        "simulated": model.spec.simulated_cars,
        "against": pair.reference_words,
    }


def history(pair: Pair) -> dict[str, list[float]]:
    """All recorded steps so far of what :func:`system` sends."""
    arm, reference = (model.accountant.records for model in (pair.arm, pair.reference))
    n = arm.filled
    sent = {name: _short(arm.columns[name][:n]) for name in SENT}
    before = {name: column[:n] for name, column in reference.columns.items()}
    if pair.undisturbed is not None:
        sent["undisturbed_net_load_mw"] = _undisturbed(pair)
    return sent | {
        "reference_net_load_mw": _short(before["net_load_mw"]),
        "reference_coal_mw": _short(before["coal_mw"]),
        "reference_ev_mw": _short(before["ev_charge_mw"] - before["ev_discharge_mw"]),
        "shaved_mw": _short(before["net_load_mw"] - arm.columns["net_load_mw"][:n]),
    }


def _undisturbed(pair: Pair) -> list[float]:
    """Net load of the arm in all its recorded steps, had nothing happened."""
    assert pair.undisturbed is not None
    columns, n = pair.undisturbed.accountant.records.columns, pair.arm.accountant.records.filled
    return _short(columns["net_load_mw"][:n])


def _short(values: NDArray[np.float64]) -> list[float]:
    return [shortened(value) for value in values]


def shortened(value: float) -> float:
    """A number with as many digits as can be seen."""
    return float(f"{float(value):.{SIGNIFICANT}g}")
