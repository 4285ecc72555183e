"""Air temperature, wind and sun."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.data.catalogue import SHANGHAI, column, parameter, select
from sim.grid.clock import Clock, between_hours
from sim.grid.noise import daily_noise, red_noise
from sim.rules.chance import CLOUD_NOISE, TEMPERATURE_NOISE, WIND_NOISE
from sim.scenario.grid import GridSection, WeatherSection

Array = NDArray[np.float64]

HIGHEST_CAPACITY_FACTOR = 0.95
NIGHT_HOURS = (18.0, 6.0)


@dataclass(frozen=True)
class Renewables:
    """Actual and expected wind and solar power, [MW], shape (n_steps,)."""

    wind_mw: Array
    wind_expected_mw: Array
    solar_mw: Array
    solar_expected_mw: Array


def temperatures(key: np.uint64, clock: Clock, weather: WeatherSection, place: str) -> Array:
    """Air temperature of each step [degC]: by month and hour with a daily deviation, or an extreme day."""
    hours = clock.hours
    if weather.temperature_profile != "normal":
        return between_hours(
            column("temperature_extremes", "temp_c", place, profile=weather.temperature_profile), hours
        )
    profile = np.empty(len(clock))
    for month in np.unique(clock.months):
        of_month = column("temperature_month_hour", "temp_c_present_day", place, month=str(month))
        here = clock.months == month
        profile[here] = between_hours(of_month, hours[here])
    deviation = weather.temperature_noise_sd_k * daily_noise(key, clock.n_days, TEMPERATURE_NOISE)
    result: Array = profile + deviation[clock.day]
    return result


def renewables(
    key: np.uint64, clock: Clock, weather: WeatherSection, grid: GridSection, place: str
) -> Renewables:
    """Wind and solar output with the monthly means of the tables and seeded weather."""
    wind = grid.wind_mw * _wind_mean(clock, grid.offshore_wind_share, place)
    spread = weather.wind_noise_sd
    swing = red_noise(key, len(clock), WIND_NOISE, weather.wind_noise_hours / clock.step_hours)
    sun = grid.solar_mw * _solar_mean(clock, place)
    clouds = weather.cloud_noise_sd * daily_noise(key, clock.n_days, CLOUD_NOISE)[clock.day]
    return Renewables(
        wind_mw=np.minimum(
            wind * np.exp(spread * swing - spread**2 / 2.0), HIGHEST_CAPACITY_FACTOR * grid.wind_mw
        ),
        wind_expected_mw=wind,
        solar_mw=np.minimum(
            sun * np.exp(clouds - weather.cloud_noise_sd**2 / 2.0), HIGHEST_CAPACITY_FACTOR * grid.solar_mw
        ),
        solar_expected_mw=sun,
    )


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
