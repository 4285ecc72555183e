"""Simulation periods of a scenario: a single one, or representative weeks with weights."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.accounting.owners import BY_MONTH, STATES
from sim.agents.entries import CHART
from sim.city.calendar import day_kinds
from sim.city.codes import RESTDAY, WORKDAY
from sim.model import CityModel
from sim.scenario import Scenario, ScenarioError
from sim.scenario.demand_side import DAYS_OF_WEEK, WEEK_BEGINS_H, TimeSection, WeekSection

Array = NDArray[np.float64]

KINDS = {WORKDAY: "workday", RESTDAY: "rest day"}


@dataclass(frozen=True)
class Part:
    """A contiguous simulation period.

    Attributes
    ----------
    spec : Scenario
        The scenario with the times and the weather of the period.
    day_weights : ndarray, shape (recorded days,)
        Number of days of the year that each recorded day represents; 1 in a plain run.
    """

    spec: Scenario
    day_weights: Array


@dataclass(frozen=True)
class Recorded:
    """Results of one arm and replication: the tables of a result."""

    system: pd.DataFrame
    owners: pd.DataFrame
    units: pd.DataFrame
    flexibility: pd.DataFrame
    owner_days: pd.DataFrame
    stories: pd.DataFrame
    sessions: pd.DataFrame
    trips: pd.DataFrame


def parts_of(spec: Scenario) -> list[Part]:
    """Periods of a scenario.

    Raises
    ------
    ScenarioError
        If a representative week lacks workdays or rest days.
    """
    if not spec.time.weeks:
        return [Part(spec, np.ones(spec.time.recorded_days))]
    found = [
        Part(_spec_of(spec, week), _day_weights(spec, number)) for number, week in enumerate(spec.time.weeks)
    ]
    days = sum(float(part.day_weights.sum()) for part in found)
    if not any(abs(days - year) < 1e-6 for year in (365.0, 366.0)):
        raise ScenarioError.single(
            spec.name,
            "time.weeks",
            f"the weeks stand for {days:.1f} days; those of a kind take more than their months have",
        )
    return found


def _spec_of(spec: Scenario, week: WeekSection) -> Scenario:
    time = TimeSection(
        start=week.start,
        days=DAYS_OF_WEEK,
        step_minutes=spec.time.step_minutes,
        warmup_days=spec.time.warmup_days,
        begin_hour=WEEK_BEGINS_H,
    )
    ((begin, end),) = time.recorded_moments
    profile = week.temperature_profile or spec.weather.temperature_profile
    market = {
        "events": [event for event in spec.market.events if begin <= event.at < end],
        "calls": [call for call in spec.market.calls if begin <= call.at < end],
    }
    return spec.model_copy(
        update={
            "time": time,
            "weather": spec.weather.model_copy(update={"temperature_profile": profile}),
            "shocks": [shock for shock in spec.shocks if begin <= shock.at < end],
            "market": spec.market.model_copy(update=market),
        }
    )


def _day_weights(spec: Scenario, number: int) -> Array:
    """Days of the year represented by each day of a week: by kind of day, less those of other weeks."""
    week, place = spec.time.weeks[number], spec.city.place
    if week.stands_for_days is not None:
        return np.full(DAYS_OF_WEEK, week.stands_for_days / DAYS_OF_WEEK)
    months = set(week.months or ())
    kinds = _kinds(week.start, DAYS_OF_WEEK, place)
    year = _year(week.start.year, place)
    fixed = [other for other in spec.time.weeks if other.stands_for_days and other.start.month in months]
    weights = np.zeros(DAYS_OF_WEEK)
    for kind, name in KINDS.items():
        wanted = float(np.count_nonzero(np.isin(year.month, list(months)) & (year.kinds == kind)))
        for other in fixed:
            share = float(np.mean(_kinds(other.start, DAYS_OF_WEEK, place) == kind))
            wanted -= share * float(other.stands_for_days or 0.0)
        here = kinds == kind
        if not here.any():
            raise ScenarioError.single(
                spec.name, f"time.weeks.{number}.start", f"the week from {week.start} has no {name}"
            )
        weights[here] = max(0.0, wanted) / np.count_nonzero(here)
    return weights


@dataclass(frozen=True)
class _Year:
    month: NDArray[np.int64]
    kinds: NDArray[np.uint8]


def _year(year: int, place: str) -> _Year:
    first = dt.date(year, 1, 1)
    days = (dt.date(year + 1, 1, 1) - first).days
    month = np.array([(first + dt.timedelta(days=day)).month for day in range(days)])
    return _Year(month, _kinds(first, days, place))


def _kinds(first: dt.date, days: int, place: str) -> NDArray[np.uint8]:
    kinds: NDArray[np.uint8] = day_kinds(first, days, place)[1 : days + 1]
    return kinds


class WeighedOwners:
    """Sums owners' results day by day, weighted by the days of the year that each day represents."""

    def __init__(self, day_weights: Array):
        self._weights, self._day = day_weights, 0
        self._before: pd.DataFrame | None = None
        self._sums: pd.DataFrame | None = None

    def close_day(self, model: CityModel) -> None:
        """Add a completed recorded day."""
        frame = model.owners_frame()
        grows = [name for name in frame.columns if name not in STATES]
        now = frame[grows].astype(np.float64)
        change = now if self._before is None else now - self._before
        weighed = change * self._weights[self._day]
        for name in BY_MONTH:  # settled on the last day for all days
            weighed[name] = change[name] * float(self._weights.mean())
            owed = CHART[CHART.number(name)].sign * change[name]
            weighed["net_cost_yuan"] += owed * (float(self._weights.mean()) - self._weights[self._day])
        self._sums = weighed if self._sums is None else self._sums + weighed
        self._before, self._day = now, self._day + 1

    def frame(self, model: CityModel) -> pd.DataFrame:
        """Owners in their final state, with weighted sums."""
        frame = model.owners_frame()
        if self._sums is not None:
            frame[self._sums.columns] = self._sums
        return frame


def record(model: CityModel, part: Part, owners: pd.DataFrame) -> Recorded:
    """Tables of a completed part."""
    system = model.system_frame()
    system["weight"] = np.repeat(part.day_weights, model.clock.steps_per_day)[: len(system)]
    return Recorded(
        system=system,
        owners=owners,
        units=model.units_frame(),
        flexibility=model.flexibility_frame(),
        owner_days=model.owner_days_frame(),
        stories=model.stories_frame(),
        sessions=model.sessions_frame(),
        trips=model.trips_frame(),
    )


def joined(parts: list[Recorded]) -> Recorded:
    """Combine all parts: tables concatenated, owners summed, without timelines."""
    if len(parts) == 1:
        return parts[0]
    owners = parts[-1].owners.copy()
    grows = [name for name in owners.columns if name not in STATES]
    owners[grows] = sum(part.owners[grows].astype(np.float64) for part in parts)
    owners["start_soc"] = parts[0].owners["start_soc"]
    owners["min_soc"] = np.minimum.reduce([part.owners["min_soc"] for part in parts])
    sessions, trips = (stacked([getattr(part, name) for part in parts]) for name in ("sessions", "trips"))
    if len(sessions):
        sessions["session"] = np.arange(len(sessions), dtype=np.int32)
    if len(trips):
        trips["trip"] = trips.groupby("car").cumcount().astype(np.int32)
    return replace(
        parts[0],
        owners=owners,
        sessions=sessions,
        trips=trips,
        stories=parts[0].stories.iloc[:0],
        **{
            name: stacked([getattr(part, name) for part in parts])
            for name in ("system", "units", "flexibility", "owner_days")
        },
    )


def stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate frames; some may be empty, such as the flexibility of arms without controlled cars."""
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else frames[0]
