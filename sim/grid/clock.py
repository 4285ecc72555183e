"""The steps of a run as times: from the first warm-up day to the last recorded day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.city.calendar import day_kinds
from sim.scenario.schema import Scenario


@dataclass(frozen=True)
class Clock:
    """Steps of a run in local time (Asia/Shanghai, no daylight saving).

    Attributes
    ----------
    times : ndarray of datetime64, shape (n_steps,)
        Start of each step.
    step_hours : float
        Length of a step, [h].
    steps_per_day, warmup_steps, n_days : int
        `n_days` counts warm-up days too.
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
        n_days = spec.time.warmup_days + spec.time.recorded_days
        first = spec.time.start - dt.timedelta(days=spec.time.warmup_days)
        offsets = np.arange(n_days * spec.steps_per_day) * np.timedelta64(spec.time.step_minutes, "m")
        return cls(
            times=np.datetime64(first, "m") + offsets,
            step_hours=spec.step_hours,
            steps_per_day=spec.steps_per_day,
            warmup_steps=spec.time.warmup_days * spec.steps_per_day,
            n_days=n_days,
            day_kind=day_kinds(first, n_days),
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

    def stretch(self, at: dt.datetime, hours: float) -> tuple[int, int]:
        """First step of a stretch of time, and the step after its last one; at least one step."""
        begin = (np.datetime64(at, "m") - self.times[0]) / np.timedelta64(1, "h")
        first = max(0, round(float(begin) / self.step_hours))
        return first, min(len(self), first + max(1, round(hours / self.step_hours)))


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
