"""The owner's phone: one car under the arm that is shown, against the same car under the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.agents.driver import Driver
from sim.city.codes import COMMUTE
from sim.city.geography import districts
from sim.effects.night import earned_parts, night
from sim.model import CityModel
from sim.report.owner import looks, what, why
from sim.report.quantities import adding_up, signed
from sim.view.pair import Pair

RANKED = ("best", "median", "worst")
MORNING_H = (6, 12)
MOST_EVENTS = 7


def pick(pair: Pair, asked: str) -> int:
    """Row of a followed car: a person's name, a number, or best, median or worst so far.

    Raises
    ------
    ValueError
        If there is no such car, with what there is.
    """
    followed, people = pair.arm.accountant.timeline.cars, list(pair.spec.drivers.personas)
    text = asked.strip().lower()
    if text.replace(" ", "-") in people:
        return people.index(text.replace(" ", "-"))
    if text in RANKED:
        return _ranked(pair, text)
    if text.isdecimal():
        near = int(followed[np.argmin(np.abs(followed - int(text)))])
        if int(text) < len(pair.arm.cars):
            return near
    known = ", ".join([*people, *RANKED])
    raise ValueError(f"no such owner: '{asked}'; {known}, or a number below {len(pair.arm.cars):,}")


def first_owner(pair: Pair) -> int:
    """Whom the phone shows at first: a person with a name, else a commuter in the contract with far to go."""
    followed = pair.arm.accountant.timeline.cars
    drivers = pair.arm.world.drivers[followed]
    plan = pair.arm.world.town.archetypes["day_plan"][drivers["archetype"]]
    suits = (drivers["enrolled"] == 1) & (drivers["home_charger"] >= 0) & (plan == COMMUTE)
    if pair.spec.drivers.personas or not suits.any():
        return 0
    km = np.where(suits, drivers["trip_km"], 0.0)
    return int(followed[np.argmax(km)])


def _ranked(pair: Pair, asked: str) -> int:
    """The followed owner who has earned most, least, or stands in the middle."""
    if not pair.recording or pair.arm is pair.reference:
        raise ValueError(f"'{asked}' is known once owners have earned something against the reference")
    earned = pair.earned_yuan()
    earned = earned[earned.index.isin(pair.arm.accountant.timeline.cars)].sort_values(kind="stable")
    if not len(earned):
        raise ValueError("nobody is enrolled under this arm")
    place = {"best": -1, "worst": 0, "median": (len(earned) - 1) // 2}[asked]
    return int(earned.index[place])


def name_of(pair: Pair, car: int) -> tuple[str, str]:
    """What people call an owner, and the same in Chinese where a persona has a title."""
    people = list(pair.spec.drivers.personas)
    if car < len(people):
        return people[car].replace("-", " ").title(), pair.spec.drivers.personas[people[car]].title
    return f"Owner {car:,}", ""


def card(pair: Pair, car: int) -> dict[str, Any]:
    """Everything the phone shows; plain data."""
    model = pair.arm
    view, now = model.cars[car], model.step_index
    driver: Driver = model.drivers[car]
    name, title = name_of(pair, car)
    who = {
        "car": car,
        "name": name,
        "title": title,
        "model": view.model_name,
        "kind": driver.kind.replace("_", " "),
        "district": _district(model, driver),
        "signed_up": bool(driver.enrolled),
        "capacity": round(float(view.capacity_kwh), 1),
        "soc": round(100.0 * float(view.soc), 1),
        "reserve": round(100.0 * float(driver.reserve_soc), 1),
        "target": round(100.0 * float(driver.target_soc), 1),
        "home_charger": int(driver.home_charger) >= 0,
    }
    if not pair.recording:
        return who
    return who | _told(pair, car, _rows(model, now, car), _rows(pair.reference, now, car))


def _told(pair: Pair, car: int, rows: pd.DataFrame, before: pd.DataFrame) -> dict[str, Any]:
    """What the car did and what that came to, since noon and since recording began."""
    at_home = int(pair.arm.drivers[car].home_charger) >= 0
    capacity = float(pair.arm.cars[car].capacity_kwh)
    prices = [at[0 if at_home else 1] for at in pair.restoring]
    begin, end = rows["time"].iloc[0], rows["time"].iloc[-1]
    noon = (end - pd.Timedelta(hours=12)).normalize() + pd.Timedelta(hours=12)
    days = max((end - begin) / pd.Timedelta(days=1), 1e-9)

    def earned(since: pd.Timestamp) -> dict[str, float]:
        after, reference = (night(each, since, end) for each in (rows, before))
        restored = [
            each.restored_yuan(capacity, price)
            for each, price in zip((after, reference), prices, strict=True)
        ]
        return earned_parts(reference, after, (restored[1], restored[0]))

    since_noon, total = max(begin, noon), sum(earned(begin).values())
    found, parts = night(rows, since_noon, end), adding_up(earned(since_noon))
    midnight = max(begin, end.normalize() if end != end.normalize() else end - pd.Timedelta(days=1))
    last = rows.iloc[-1]
    return {
        "yuan_night": round(sum(parts.values()), 2),
        "parts_night": parts,
        "against": pair.reference_words,
        "night_since": f"{since_noon:%H:%M}",
        "yuan_total": total,
        "days": round(days, 2),
        "yuan_day": total / days if days >= 1.0 else None,
        "charged_kwh": found.charged_kwh,
        "fed_in_kwh": found.fed_in_kwh,
        "broken": found.promises_broken,
        "promise": _promise(last),
        "doing": str(last["doing"]),
        "place": str(last["place"]),
        "why": why(last, None),
        "plugged_h": _plugged_hours(rows, midnight),
        "line": _line(rows, midnight),
        "events": _events(rows),
        "message": _message(pair, car, rows, earned, end),
    }


def _promise(last: Any) -> str:
    """What is promised at departure."""
    if not last["promised_soc"]:
        return ""
    return f"{100.0 * last['promised_soc']:.0f}% by {last['promised_at']}"


def _rows(model: CityModel, now: int, car: int) -> pd.DataFrame:
    return model.accountant.timeline.so_far(now, car).reset_index(drop=True)


def _district(model: CityModel, driver: Driver) -> str:
    index = int(model.world.town.zones["district"][driver.home_zone])
    found = districts(model.spec.city.place)[index]
    return f"{found.name} {found.name_zh}"


def _plugged_hours(rows: pd.DataFrame, since: pd.Timestamp) -> float:
    """Hours plugged in since a time."""
    start = rows["time"].where(rows["time"] > since, since)
    length = (start.shift(-1) - start).dt.total_seconds().fillna(0.0) / 3600.0
    return float(length[rows["charger"] != ""].sum())


def _line(rows: pd.DataFrame, since: pd.Timestamp) -> list[list[Any]]:
    """Hour of the day, doing, and state of charge in percent at each change since a time."""
    before = rows[rows["time"] <= since].tail(1).assign(time=since)
    shown = pd.concat([before, rows[rows["time"] > since]])
    hours = (shown["time"] - since).dt.total_seconds() / 3600.0
    return [
        [round(hour, 3), doing, round(100.0 * soc, 1)]
        for hour, doing, soc in zip(hours, shown["doing"], shown["soc"], strict=True)
    ]


def _events(rows: pd.DataFrame) -> list[list[str]]:
    """The latest things the car did, newest first: time, what, and why."""
    told: list[list[str]] = []
    previous: Any = None
    for row in rows[rows["doing"] != "end"].to_dict("records")[:-1]:
        if previous is None or looks(row) != looks(previous):
            power = f" {abs(row['power_kw']):.1f} kW" if row["doing"] in ("charging", "feeding in") else ""
            told.append(
                [f"{row['time']:%H:%M}", what(row, previous) + power, why(row, previous), row["doing"]]
            )
        previous = row
    return told[-MOST_EVENTS:][::-1]


def _message(pair: Pair, car: int, rows: pd.DataFrame, earned: Any, end: pd.Timestamp) -> str:
    """What the phone says in the morning about the night since the last noon."""
    if not MORNING_H[0] <= end.hour < MORNING_H[1]:
        return ""
    noon = end.normalize() - pd.Timedelta(hours=12)
    since = max(noon, rows["time"].iloc[0])
    if since not in set(rows["time"]):
        return ""
    found, name = night(rows, since, end), name_of(pair, car)[0]
    gave = (
        f"gave back {found.fed_in_kwh:.1f} kWh and drew {found.charged_kwh:.1f} kWh"
        if found.fed_in_kwh > 0.0
        else f"gave nothing back and drew {found.charged_kwh:.1f} kWh"
    )
    left = signed(sum(earned(since).values()), 2)
    kept = "No promise was broken." if not found.promises_broken else "A promise to you was broken."
    return (
        f"Good morning, {name}. Since {since:%H:%M} your car {gave}; against {pair.reference_words} that is "
        f"{left} yuan, wear counted. It is at {100.0 * rows['soc'].iloc[-1]:.0f}%. {kept}"
    )
