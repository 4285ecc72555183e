"""Tariffs and pay regimes that ship, read from ``tariffs.csv`` and ``pay_regimes.csv``."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from sim.data.catalogue import Row, rows, select
from sim.data.defaults import numbers
from sim.scenario.tariffs import TariffSection

#: The season of a row of ``tariffs.csv`` in the words of a tariff.
SEASON_OF: dict[str, Any] = {
    "all": "all",
    "2025": "all",
    "summer_jul_sep": "summer",
    "winter_dec_jan": "winter",
    "summer_winter": [7, 8, 9, 12, 1],
    "other": "other",
    "holidays; rest days Feb-Jun, Sep-Nov": [2, 3, 4, 5, 6, 9, 10, 11],
}
SHARP_SUMMER_MONTHS = [7, 8]
#: Flat price [yuan/kWh] that a tariff given as factors multiplies.
FLAT_PRICE_OF = {
    "ci_two_part_tou": "ci_two_part_flat_level",
    "ci_single_part_tou": "ci_single_part_lv_2025",
    "ci_large_industry_deep_valley": "ci_two_part_flat_level",
}
#: A tariff of which only the hours that differ are in the table, and what they differ from.
BUILT_UPON = {"ci_large_industry_deep_valley": "ci_two_part_tou"}
TIERS = ("residential_tou_tier1", "residential_tou_tier2", "residential_tou_tier3")
#: Yearly use at which tiers two and three begin [kWh].
TIER_LIMITS = numbers("tier_limits")

#: A tariff whose price follows the marginal cost of supply as the run goes; see sim.market.dynamic.
DYNAMIC = "dynamic"
TARIFF_AS_PRICE = "tariff"


@dataclass(frozen=True)
class PayRegime:
    """What an owner pays for charging and gets for feeding in at one place.

    Attributes
    ----------
    name, title : str
    home_tariff : str
        Name of the tariff of charging.
    feed_in_tariff : str
        Name of the tariff of feeding in; empty where the home tariff is paid both ways.
    paid_by : str
        Who pays for feeding in.
    event_days_per_year : float
        Days on which the price is paid; 365 for a standing tariff, [d].
    source, confidence : str
    """

    name: str
    title: str
    home_tariff: str
    feed_in_tariff: str
    paid_by: str
    event_days_per_year: float
    source: str
    confidence: str


@cache
def tariff_book() -> dict[str, TariffSection]:
    """All tariffs that ship, by name."""
    periods: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows("tariffs"):
        if ":" in row["hours"] and row["tariff"] != "v2g_pilot_reward":
            periods[row["tariff"]] += _periods(row)
    for name, base in BUILT_UPON.items():
        periods[name] = periods[base] + periods[name]
    periods["residential_tou"] = [
        {**first, "price_yuan_per_kwh": [each["price_yuan_per_kwh"] for each in (first, *others)]}
        for first, *others in zip(*(periods[name] for name in TIERS), strict=True)
    ]
    book = {
        name: TariffSection.model_validate(
            {"periods": found, "tier_limits_kwh_per_year": TIER_LIMITS if name == "residential_tou" else []}
        )
        for name, found in periods.items()
    }
    return dict(sorted((book | _regime_tariffs()).items()))


@cache
def pay_regimes() -> dict[str, PayRegime]:
    """All pay regimes that ship, by name."""
    regimes = {}
    for row in rows("pay_regimes"):
        name = row["regime"]
        if name in regimes:
            continue
        days = row["event_days_per_year"]
        regimes[name] = PayRegime(
            name=name,
            title=row["title"],
            home_tariff=f"{name}_charging" if _is_number(row["buys_at"]) else row["buys_at"],
            feed_in_tariff="" if row["sells_at"] == TARIFF_AS_PRICE else f"{name}_feed_in",
            paid_by=row["paid_by"],
            event_days_per_year=float(days) if days else 365.0,
            source=row["source"],
            confidence=row["confidence"],
        )
    return regimes


def _periods(row: Row) -> list[dict[str, Any]]:
    """Periods of a row of ``tariffs.csv``."""
    sharp, deep = row["band"].startswith("sharp"), row["band"] == "deep valley"
    season = SEASON_OF[row["season_or_period"]]
    if sharp and season == "summer":
        season = SHARP_SUMMER_MONTHS
    band = "sharp" if sharp else "deep_valley" if deep else row["band"]
    price = float(row["value"])
    if row["unit"] != "yuan/kWh":
        price *= float(select("tariffs", tariff=FLAT_PRICE_OF[row["tariff"]], band="flat")[0]["value"])
    return [
        {
            "hours": hours,
            "price_yuan_per_kwh": price,
            "band": band,
            "season": season,
            "days": "rest_day" if deep else "all",
        }
        for hours in row["hours"].split(" and ")
    ]


def _regime_tariffs() -> dict[str, TariffSection]:
    """Tariffs of charging and of feeding in that belong to a regime; outside its hours nothing is paid."""
    book = {}
    for name in dict.fromkeys(row["regime"] for row in rows("pay_regimes")):
        found = select("pay_regimes", regime=name)
        if _is_number(found[0]["buys_at"]):
            flat = {"price_yuan_per_kwh": float(found[0]["buys_at"])}
            book[f"{name}_charging"] = TariffSection.model_validate({"periods": [flat]})
        if found[0]["sells_at"] == TARIFF_AS_PRICE:
            continue
        periods = [
            {
                "hours": hours,
                "price_yuan_per_kwh": float(row["sells_at"]),
                "band": "peak" if row["months"] == "all" else "sharp",
                "season": "all" if row["months"] == "all" else _months(row["months"]),
            }
            for row in found
            for hours in row["hours"].split()
        ]
        book[f"{name}_feed_in"] = TariffSection.model_validate(
            {"periods": periods, "otherwise_yuan_per_kwh": 0.0}
        )
    return book


def _months(text: str) -> list[int]:
    first, last = map(int, text.split("-"))
    return list(range(first, last + 1))


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
