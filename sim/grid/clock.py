"""The steps of a run as times: from the first warm-up day to the last recorded day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.city.calendar import day_kinds
from sim.scenario.schema import Scenario

#: Look-ahead of planning beyond the present step, including the last: longest horizon plus one day [d].
HORIZON_DAYS = 4


@dataclass(frozen=True)
class Clock:
    """Steps of a run in local time (no daylight saving).

    Attributes
    ----------
    times : ndarray of datetime64, shape (n_steps,)
        Start of each step.
    step_hours : float
        Length of a step, [h].
    steps_per_day, warmup_steps, n_days : int
        `n_days` counts warm-up days too, and a last day of which only the first hours belong to the run.
    day_kind : ndarray of uint8, shape (n_days + 11,)
        Workday or rest day; entry d + 1 is day d, day 0 the first of the run.
    """

    times: NDArray[np.datetime64]
    step_hours: float
    steps_per_day: int
    warmup_steps: int
    n_days: int
    day_kind: NDArray[np.uint8]

    @classmethod
    def of(cls, spec: Scenario) -> Clock:
        """Clock of a scenario."""
        first = spec.time.start - dt.timedelta(days=spec.time.warmup_days)
        return cls._from(first, spec.first_recorded_step, spec.time.recorded_days * spec.steps_per_day, spec)

    @classmethod
    def with_horizon(cls, spec: Scenario) -> Clock:
        """The same clock, extended by the days after the run that planning needs."""
        first = spec.time.start - dt.timedelta(days=spec.time.warmup_days)
        days = spec.time.recorded_days + HORIZON_DAYS
        return cls._from(first, spec.first_recorded_step, days * spec.steps_per_day, spec)

    @classmethod
    def _from(cls, first: dt.date, warmup_steps: int, recorded_steps: int, spec: Scenario) -> Clock:
        n_steps = warmup_steps + recorded_steps
        n_days = -(-n_steps // spec.steps_per_day)
        return cls(
            times=np.datetime64(first, "m")
            + np.arange(n_steps) * np.timedelta64(spec.time.step_minutes, "m"),
            step_hours=spec.step_hours,
            steps_per_day=spec.steps_per_day,
            warmup_steps=warmup_steps,
            n_days=n_days,
            day_kind=day_kinds(first, n_days, spec.city.place),
        )

    def __len__(self) -> int:
        return len(self.times)

    @property
    def hours(self) -> NDArray[np.float64]:
        """Hour of the day at the middle of each step, 0..24."""
        minutes = (self.times - self.times.astype("datetime64[D]")).astype(np.float64)
        middle: NDArray[np.float64] = minutes / 60.0 + self.step_hours / 2.0
        return middle

    @property
    def months(self) -> NDArray[np.int64]:
        """Month of each step, 1..12."""
        months: NDArray[np.int64] = self.times.astype("datetime64[M]").astype(np.int64) % 12 + 1
        return months

    @property
    def day(self) -> NDArray[np.int64]:
        """Day of each step, counted from the first of the run."""
        return np.arange(len(self)) // self.steps_per_day

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """Workday or rest day of each step."""
        return self.day_kind[self.day + 1]

    def year_ends(self, step: int) -> bool:
        """Whether a step is the last of a calendar year, with more to come."""
        years = self.times[step : step + 2].astype("datetime64[Y]")
        return len(years) == 2 and bool(years[0] != years[1])

    def day_ends(self, step: int) -> bool:
        """Whether a step is the last of a recorded day, or of a day of the warm-up."""
        return (step + 1 - self.warmup_steps) % self.steps_per_day == 0

    def stretch(self, at: dt.datetime, hours: float) -> tuple[int, int]:
        """First step of a period of whole steps, and the step after its last one."""
        first = max(0, round(self._seconds_until(at) / self._step_s))
        return first, min(len(self), first + round(3600.0 * hours / self._step_s))

    def share_within(self, at: dt.datetime, hours: float) -> NDArray[np.float64]:
        """Share of each step that lies within a period, shape (n_steps,)."""
        begin, length = self._seconds_until(at), self._step_s
        first = np.arange(len(self)) * length
        within = np.minimum(first + length, begin + round(3600.0 * hours)) - np.maximum(first, begin)
        share: NDArray[np.float64] = np.maximum(within, 0) / length
        return share

    @property
    def _step_s(self) -> int:
        return round(3600.0 * self.step_hours)

    def _seconds_until(self, at: dt.datetime) -> int:
        return int((np.datetime64(at, "s") - self.times[0].astype("datetime64[s]")).astype(np.int64))


def month_start(time: np.datetime64) -> np.datetime64:
    """Midnight of the first day of a time's month."""
    first: np.datetime64 = time.astype("datetime64[M]").astype("datetime64[m]")
    return first


def days_in_month(time: np.datetime64) -> int:
    """Number of days of a time's month."""
    month = time.astype("datetime64[M]")
    after = month + np.timedelta64(1, "M")
    return int((after.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(np.int64))


def between_hours(hourly: Any, hours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate hourly means, placed at the middle of each hour, around the clock."""
    found: NDArray[np.float64] = np.interp(hours, np.arange(24) + 0.5, hourly, period=24.0)
    return found
