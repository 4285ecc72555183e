"""Air temperature, wind and sun: as they come, and as the public forecast of the day before has them.

Weather has a part that the forecast knows and one that it does not. Errors keep for some hours, so that an
operator who watches the present error is better informed about the next hour than about tomorrow. Hot days
are sunnier than others.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.data.catalogue import SHANGHAI, column, parameter, select
from sim.grid.clock import Clock, between_hours
from sim.grid.noise import daily_noise, red_noise
from sim.rules.chance import (
    CLOUD_ERROR,
    CLOUD_NOISE,
    PASSING_CLOUDS,
    TEMPERATURE_ERROR,
    TEMPERATURE_NOISE,
    WIND_ERROR,
    WIND_NOISE,
)
from sim.scenario.grid import GridSection, WeatherSection

Array = NDArray[np.float64]

HIGHEST_CAPACITY_FACTOR = 0.95
NIGHT_HOURS = (18.0, 6.0)


@dataclass(frozen=True)
class Temperature:
    """Air temperature of every step, shape (n_steps,).

    Attributes
    ----------
    actual_c, expected_c : ndarray
        As it comes, and as forecast the day before, [degC].
    heat : ndarray
        Standard score of the day's deviation from what is usual.
    """

    actual_c: Array
    expected_c: Array
    heat: Array


@dataclass(frozen=True)
class Renewables:
    """Actual and expected wind and solar power [MW] and solar capacity factor, shape (n_steps,)."""

    wind_mw: Array
    wind_expected_mw: Array
    solar_mw: Array
    solar_expected_mw: Array
    solar_factor: Array
    solar_factor_expected: Array


def temperatures(key: np.uint64, clock: Clock, weather: WeatherSection, place: str) -> Temperature:
    """Air temperature: by month and hour with deviations that last some days, or the week of a record."""
    actual, heat = _usual(key, clock, weather, place)
    if weather.temperature_profile != "normal":
        actual, heat = _record_week(clock, weather.temperature_profile, place)
    missed = weather.temperature_error_sd_k * red_noise(
        key, len(clock), TEMPERATURE_ERROR, weather.temperature_error_hours / clock.step_hours
    )
    return Temperature(actual, actual - missed, heat)


def _usual(key: np.uint64, clock: Clock, weather: WeatherSection, place: str) -> tuple[Array, Array]:
    profile = np.empty(len(clock))
    for month in np.unique(clock.months):
        of_month = column("temperature_month_hour", "temp_c_present_day", place, month=str(month))
        here = clock.months == month
        profile[here] = between_hours(of_month, clock.hours[here])
    heat = red_noise(key, clock.n_days, TEMPERATURE_NOISE, weather.temperature_noise_days)[clock.day]
    return profile + weather.temperature_noise_sd_k * heat, heat


def _record_week(clock: Clock, profile: str, place: str) -> tuple[Array, Array]:
    """The days around a record, the record itself on a Wednesday (``record_week.csv``)."""
    hourly = column("temperature_extremes", "temp_c", place, profile=profile)
    beside = np.array(column("record_week", "kelvin", place, profile=profile))
    heat = np.array(column("record_week", "heat", place, profile=profile))
    weekday = (clock.times.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    return between_hours(hourly, clock.hours) + beside[weekday], heat[weekday]


def renewables(
    key: np.uint64, clock: Clock, weather: WeatherSection, grid: GridSection, place: str, heat: Array
) -> Renewables:
    """Wind and solar output with the monthly means of the tables and seeded weather.

    Parameters
    ----------
    heat : ndarray, shape (n_steps,)
        See :class:`Temperature`.
    """
    wind, wind_expected = _wind(key, clock, weather, grid, place)
    solar, solar_expected = _solar(key, clock, weather, place, heat)
    return Renewables(
        wind_mw=wind,
        wind_expected_mw=wind_expected,
        solar_mw=grid.solar_mw * solar,
        solar_expected_mw=grid.solar_mw * solar_expected,
        solar_factor=solar,
        solar_factor_expected=solar_expected,
    )


def _wind(
    key: np.uint64, clock: Clock, weather: WeatherSection, grid: GridSection, place: str
) -> tuple[Array, Array]:
    """Wind power, actual and expected [MW]: the logarithm has a foreseen and an unforeseen part."""
    mean, memory = (
        _wind_mean(clock, grid.offshore_wind_share, place),
        weather.wind_noise_hours / clock.step_hours,
    )
    known = weather.wind_noise_sd * red_noise(key, len(clock), WIND_NOISE, memory)
    missed = weather.wind_error_sd * red_noise(key, len(clock), WIND_ERROR, memory)
    most, spread = HIGHEST_CAPACITY_FACTOR, weather.wind_noise_sd**2 / 2.0
    expected = mean * np.exp(known - spread)
    actual = expected * np.exp(missed - weather.wind_error_sd**2 / 2.0)
    return grid.wind_mw * np.minimum(actual, most), grid.wind_mw * np.minimum(expected, most)


def _solar(
    key: np.uint64, clock: Clock, weather: WeatherSection, place: str, heat: Array
) -> tuple[Array, Array]:
    """Solar capacity factor, actual and expected: clouds of the day, its forecast error, passing clouds."""
    with_heat = weather.sun_with_heat
    of_day = daily_noise(key, clock.n_days, CLOUD_NOISE)[clock.day]
    day = weather.cloud_noise_sd * (with_heat * heat + np.sqrt(1.0 - with_heat**2) * of_day)
    missed = weather.cloud_error_sd * daily_noise(key, clock.n_days, CLOUD_ERROR)[clock.day]
    passing = weather.passing_clouds_sd * red_noise(
        key, len(clock), PASSING_CLOUDS, weather.passing_clouds_hours / clock.step_hours
    )
    known = np.exp(day - weather.cloud_noise_sd**2 / 2.0)
    unknown = np.exp(missed + passing - (weather.cloud_error_sd**2 + weather.passing_clouds_sd**2) / 2.0)
    mean = _solar_mean(clock, place)
    actual, expected = (
        np.minimum(mean * clear, HIGHEST_CAPACITY_FACTOR) for clear in (known * unknown, known)
    )
    return actual, expected


def _wind_mean(clock: Clock, offshore_share: float, place: str) -> Array:
    """Mean capacity factor by month and day or night, onshore and offshore by capacity."""
    night = (clock.hours >= NIGHT_HOURS[0]) | (clock.hours < NIGHT_HOURS[1])
    mean = np.zeros(len(clock))
    for tech, share in (("onwind", 1.0 - offshore_share), ("offwind", offshore_share)):
        for row in select("renewable_monthly_mean", place, tech=tech):
            factor, ratio = float(row["mean_capacity_factor"]), float(row["night_over_day_ratio"])
            by_day = 2.0 * factor / (1.0 + ratio)  # day and night are twelve hours each
            here = clock.months == int(row["month"])
            mean[here] += share * np.where(night[here], ratio * by_day, by_day)
    return mean


def _solar_mean(clock: Clock, place: str) -> Array:
    """Mean capacity factor: clear-sky shape by the sun's position, scaled to the monthly mean."""
    factors = {
        int(row["month"]): float(row["mean_capacity_factor"])
        for row in select("renewable_monthly_mean", place, tech="solar")
    }
    shape = clear_sky(clock.times + np.timedelta64(int(clock.step_hours * 30), "m"), place)
    scale = np.empty(len(clock))
    for month in np.unique(clock.months):
        year = int(str(clock.times[clock.months == month][0])[:4])
        days = np.arange(
            f"{year}-{month:02d}-01T00:30", f"{year}-{month:02d}-28T00:00", 60, dtype="datetime64[m]"
        )
        scale[clock.months == month] = factors[int(month)] / float(np.mean(clear_sky(days, place)))
    result: Array = shape * scale
    return result


def daylight_hours(day: dt.date, place: str = SHANGHAI) -> tuple[float, float]:
    """Hours at which the sun rises and sets over a place, to six minutes; 12 and 12 where it stays down."""
    minutes = np.arange(0, 1440, 6)
    times = np.datetime64(day, "m") + minutes.astype("timedelta64[m]")
    bright = minutes[clear_sky(times, place) > 0.0] / 60.0
    return (float(bright[0]), float(bright[-1]) + 0.1) if len(bright) else (12.0, 12.0)


def clear_sky(times: NDArray[np.datetime64], place: str = SHANGHAI) -> Array:
    """Clear-sky irradiance on the ground [W/m2] by the Haurwitz model, sun position by pvlib."""
    from pvlib import clearsky, solarposition  # a second of imports, needed by runs only

    where = {
        name: parameter("place", name, place=place).value
        for name in ("latitude", "longitude", "utc_offset_hours")
    }
    index = pd.DatetimeIndex(times).tz_localize(dt.timezone(dt.timedelta(hours=where["utc_offset_hours"])))
    sun = solarposition.get_solarposition(index, where["latitude"], where["longitude"], method="nrel_numpy")
    irradiance: Array = clearsky.haurwitz(sun["apparent_zenith"])["ghi"].to_numpy()
    return irradiance
