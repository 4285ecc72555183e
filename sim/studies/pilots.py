"""Pilots of managed charging and vehicle-to-grid recomputed as scenarios, beside the published figures.

The published figures stand in ``pilots.csv``, which says whether a figure has set a parameter of the model or
checks it. No place of these cities ships: people, cars and days are Shanghai's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from sim.city.charger_kinds import HOME_KIND, KINDS
from sim.data.catalogue import rows
from sim.runs.audited import audited
from sim.runs.run import RunResult, prepare, simulate

WORKDAYS_PER_MONTH = 22
LEAST_KWH = 0.5  # less is no feeding in


def pilots_table(scenarios: Path, tell: Callable[[str], None] = lambda _: None) -> pd.DataFrame:
    """Run every pilot and put its figures beside the published ones.

    Parameters
    ----------
    scenarios : Path
        Folder of the pilots' scenarios.
    tell : callable
        Is told which pilot runs.

    Returns
    -------
    DataFrame
        The rows of ``pilots.csv`` with the model's figure in ``model``.
    """
    table = pd.DataFrame(rows("pilots"))
    found: dict[tuple[str, str], float] = {}
    for pilot in table["pilot"].unique():
        tell(pilot)
        figures = MEASURES[pilot](audited(simulate(prepare(scenarios / f"{pilot}.yaml"))))
        found |= {(pilot, name): value for name, value in figures.items()}
    table["value"] = table["value"].astype(float)
    model = [found[pilot, figure] for pilot, figure in zip(table["pilot"], table["figure"], strict=True)]
    table.insert(list(table.columns).index("unit"), "model", model)
    return table


def _owners(result: RunResult) -> pd.DataFrame:
    owners = result.owners
    return owners[owners["arm"] == "v2g"]


def _usual_day(result: RunResult) -> tuple[float, float]:
    """Energy [kWh] and pay [yuan] of a day on which a car feeds in: the median owner's mean day."""
    days = result.owner_days
    mine = days[(days["arm"] == "v2g") & (days["sold_kwh"] > LEAST_KWH)]
    usual = mine.groupby(["replication", "car"])[["sold_kwh", "sold_yuan"]].mean().median()
    return float(usual["sold_kwh"]), float(usual["sold_yuan"])


def of_homes(result: RunResult) -> dict[str, float]:
    """Energy and pay of a day on which a car feeds in at home."""
    kwh, yuan = _usual_day(result)
    return {"kwh_per_day": kwh, "pay_per_day": yuan}


def of_half_an_hour(result: RunResult) -> dict[str, float]:
    """Energy and mean power of the cars that came."""
    call = result.spec.for_arm("v2g").market.calls[0]
    owners = _owners(result)
    kwh = float(owners.loc[owners["sold_in_calls_kwh"] > LEAST_KWH, "sold_in_calls_kwh"].mean())
    return {"kwh_per_car": kwh, "kw_per_car": kwh / call.hours}


def of_a_test_day(result: RunResult) -> dict[str, float]:
    """Share of the city's cars that came, and what a session paid."""
    owners = _owners(result)
    came = owners[owners["drive_outs"] > 0]
    sessions = float(came["drive_outs"].sum())
    return {
        "share_that_came": len(came) / len(owners),
        "pay_per_session": float(came["event_revenue_yuan"].sum()) / sessions if sessions else 0.0,
    }


def of_workdays(result: RunResult) -> dict[str, float]:
    """Energy of a workday on which a car feeds in at work, and the pay of a month of them."""
    kwh, yuan = _usual_day(result)
    return {"kwh_per_workday": kwh, "pay_per_month": WORKDAYS_PER_MONTH * yuan}


def of_plugging_in(result: RunResult) -> dict[str, float]:
    """How often cars are plugged in at home without an operator, how full and for how long."""
    sessions = result.sessions
    at_home = sessions["charger_kind"] == KINDS[HOME_KIND]
    home = sessions[(sessions["arm"] == result.spec.reference) & at_home]
    hours = (home["end"] - home["start"]).dt.total_seconds() / 3600.0
    car_weeks = result.spec.simulated_cars * result.spec.replications * result.spec.time.recorded_days / 7.0
    return {
        "sessions_per_week": len(home) / car_weeks,
        "start_soc": float(home["soc_start"].mean()),
        "hours_plugged": float(hours.mean()),
    }


#: How the figures of each pilot are read from its run.
MEASURES: dict[str, Callable[[RunResult], dict[str, float]]] = {
    "jiangsu-homes": of_homes,
    "wuxi-fast-posts": of_half_an_hour,
    "shenzhen-test-day": of_a_test_day,
    "guangzhou-events": of_workdays,
    "electric-nation-homes": of_plugging_in,
}
