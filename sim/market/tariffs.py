"""Tariffs: the price of a kilowatt-hour by month and hour, from ``tariffs.csv``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.city.codes import EN_ROUTE, FAST_POST, HOME_POST, KINDS, SLOW_POST, WORK_POST
from sim.data.catalogue import Row, select
from sim.scenario.supply_side import MarketSection

Array = NDArray[np.float64]

#: Months in which the season of a tariff row applies.
SEASON_MONTHS: dict[str, Sequence[int]] = {
    "all": range(1, 13),
    "2025": range(1, 13),
    "summer_jul_sep": (7, 8, 9),
    "winter_dec_jan": (12, 1),
    "summer_winter": (7, 8, 9, 12, 1),
    "other": (2, 3, 4, 5, 6, 10, 11),
}
SHARP_SUMMER_MONTHS = (7, 8)
#: Flat price [yuan/kWh] that a tariff given as factors multiplies.
FLAT_PRICE_OF = {"ci_two_part_tou": "ci_two_part_flat_level", "ci_single_part_tou": "ci_single_part_lv_2025"}


def hourly_prices(tariff: str, month: int) -> Array:
    """Price of each hour of a day [yuan/kWh], shape (24,).

    Sharp prices stand above the peak price of the same hours and replace it.
    """
    prices = np.full(24, np.nan)
    found = [row for row in select("tariffs", tariff=tariff) if ":" in row["hours"]]
    for row in sorted(found, key=lambda row: row["band"].startswith("sharp")):
        if month in _months(row):
            prices[_hours(row["hours"])] = float(row["value"]) * _unit_price(tariff, row)
    if np.isnan(prices).any():
        raise KeyError(f"tariff '{tariff}' leaves hours of month {month} without a price")
    return prices


def retail_prices(market: MarketSection, months: NDArray[np.int64], hours: Array) -> Array:
    """What a driver pays at each kind of charger in each step [yuan/kWh], shape (n_kinds, n_steps)."""
    energy = energy_prices(market, months, hours)
    return energy + service_fees(market)[:, None]


def energy_prices(market: MarketSection, months: NDArray[np.int64], hours: Array) -> Array:
    """The part of the retail price that goes on to the grid company, shape (n_kinds, n_steps)."""
    tariff_of = {
        HOME_POST: market.home_tariff,
        WORK_POST: market.work_tariff,
        SLOW_POST: market.public_tariff,
        FAST_POST: market.public_tariff,
        EN_ROUTE: market.public_tariff,
    }
    prices = np.empty((len(KINDS), len(months)))
    for month in np.unique(months):
        here = months == month
        for kind, tariff in tariff_of.items():
            prices[kind, here] = hourly_prices(tariff, int(month))[hours[here].astype(np.int64)]
    return prices


def service_fees(market: MarketSection) -> Array:
    """Fee on top of energy at each kind of charger [yuan/kWh], shape (n_kinds,)."""
    fees = np.zeros(len(KINDS))
    fees[WORK_POST] = market.work_service_fee_yuan_per_kwh
    fees[[SLOW_POST, FAST_POST, EN_ROUTE]] = market.public_service_fee_yuan_per_kwh
    return fees


def _months(row: Row) -> Sequence[int]:
    if row["band"].startswith("sharp") and row["season_or_period"] == "summer_jul_sep":
        return SHARP_SUMMER_MONTHS
    return SEASON_MONTHS[row["season_or_period"]]


def _hours(text: str) -> list[int]:
    """Hours of the day that a text such as "22:00-06:00" covers, across midnight where it says so."""
    start, end = (int(part.split(":")[0]) for part in text.split("-"))
    return [hour % 24 for hour in range(start, end if end > start else end + 24)]


def _unit_price(tariff: str, row: Row) -> float:
    if row["unit"] == "yuan/kWh":
        return 1.0
    flat = select("tariffs", tariff=FLAT_PRICE_OF[tariff], band="flat")[0]
    return float(flat["value"])
