"""Bills that a reader can check with a pencil, from the texts of the tariffs alone, to the fen."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from sim.grid.clock import Clock
from sim.market.tariffs import event_premiums, feed_in_prices, price_series, retail_prices, tier_additions
from sim.rules.household import split_at_meter, tiered_cost_yuan
from sim.scenario import load_scenario
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import tariff_book

FEN = 0.005


def scenario(day: str, minutes: int = 15, **market: object) -> Scenario:
    time = {"start": dt.date.fromisoformat(day), "days": 1, "warmup_days": 0, "step_minutes": minutes}
    return load_scenario({"time": time, "fleet": {"cars": 10}, "market": market})


def hours(start: float, end: float, clock: Clock) -> np.ndarray:
    """Steps whose beginning lies between two hours of the day, across midnight where the end is smaller."""
    hour = clock.hours - clock.step_hours / 2.0
    return (hour >= start) & (hour < end) if end > start else (hour >= start) | (hour < end)


def bill(prices: np.ndarray, kwh: float, start: float, end: float, clock: Clock) -> float:
    """Energy drawn evenly between two hours, priced step by step."""
    here = hours(start, end, clock)
    return float(prices[here].mean() * kwh)


#: Tariff, date, energy [kWh], from, to, and the bill worked out by hand.
CASES = {
    # Shanghai home pile: 22:00-06:00 0.307, else 0.617.
    "home, 20 kWh all in the valley": ("private_pile_own_meter", "2025-08-25", 20, 22, 6, 20 * 0.307),
    "home, 21 kWh from 20:00 to 23:00": (
        "private_pile_own_meter",
        "2025-08-25",
        21,
        20,
        23,
        14 * 0.617 + 7 * 0.307,
    ),
    # Two-part tariff, flat 0.69: summer peak 1.8, sharp 2.25 from 12:00 to 14:00 in July and August.
    "station, 30 kWh over the sharp hours of August": (
        "ci_two_part_tou",
        "2025-08-25",
        30,
        11,
        15,
        15 * 0.69 * 1.8 + 15 * 0.69 * 2.25,
    ),
    "station, the same in September has no sharp price": (
        "ci_two_part_tou",
        "2025-09-24",
        30,
        11,
        15,
        30 * 0.69 * 1.8,
    ),
    "station, 12 kWh from 20:00 to 23:00 in summer": (
        "ci_two_part_tou",
        "2025-08-25",
        12,
        20,
        23,
        4 * 0.69 * 1.8 + 4 * 0.69 + 4 * 0.69 * 0.4,
    ),
    "station, winter evening, sharp from 19:00": (
        "ci_two_part_tou",
        "2025-12-17",
        9,
        18,
        21,
        3 * 0.69 * 1.8 + 6 * 0.69 * 2.25,
    ),
    "station, valley of April at half the flat price": (
        "ci_two_part_tou",
        "2025-04-16",
        10,
        23,
        5,
        10 * 0.69 * 0.5,
    ),
    # General commerce below 1 kV: 06:00-22:00 0.943, else 0.4769.
    "work, 14 kWh from 05:00 to 07:00": (
        "ci_single_part_lv_2025",
        "2025-08-25",
        14,
        5,
        7,
        7 * 0.4769 + 7 * 0.943,
    ),
    # Large industry: deep valley 0.2 x 0.69 on rest days of April, else the two-part valley 0.5 x 0.69.
    "industry, deep valley on a Sunday of April": (
        "ci_large_industry_deep_valley",
        "2025-04-20",
        8,
        22,
        6,
        8 * 0.69 * 0.2,
    ),
    "industry, no deep valley on a Wednesday": (
        "ci_large_industry_deep_valley",
        "2025-04-16",
        8,
        22,
        6,
        8 * 0.69 * 0.5,
    ),
    # Pilots.
    "Beijing site, any hour": ("beijing_charging", "2025-08-25", 30, 18, 21, 30 * 0.4733),
    "Wuhan, any hour": ("wuhan_charging", "2025-08-25", 20, 1, 5, 20 * 0.45),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("minutes", [15, 60])
def test_bill_by_pencil(name, minutes):
    tariff, day, kwh, start, end, by_hand = CASES[name]
    clock = Clock.of(scenario(day, minutes))
    prices = price_series(tariff_book()[tariff], clock)
    assert bill(prices, kwh, start, end, clock) == pytest.approx(by_hand, abs=FEN)


#: Regime, date, energy fed in [kWh], from, to, and what is paid for it by hand.
SALES = {
    "Guangdong, evening peak": ("guangdong", "2025-04-16", 14, 18, 20, 14 * 0.77),
    "Guangdong, sharp hour of August": ("guangdong", "2025-08-25", 6, 15, 17, 6 * 0.963),
    "Guangdong pays nothing at night": ("guangdong", "2025-08-25", 14, 23, 1, 0.0),
    "Jiangsu home, half before the peak": ("jiangsu-home", "2025-08-25", 14, 17, 19, 7 * 0.85),
    "Jiangsu public": ("jiangsu-public", "2025-08-25", 14, 19, 21, 14 * 1.22),
    "NIO points at any hour": ("nio-points", "2025-08-25", 20, 2, 4, 20 * 0.8),
    "Beijing subsidy": ("beijing", "2025-08-25", 30, 18, 21, 30 * 0.7),
    "Wuhan from 16:00": ("wuhan", "2025-08-25", 20, 15, 17, 10 * 3.0),
    "Guangzhou": ("guangzhou", "2025-08-25", 60, 18, 21, 60 * 3.33),
    "Shenzhen test day": ("shenzhen-test-day", "2025-03-28", 10, 18, 21, 40.0),
    "Shanghai base case": ("shanghai", "2025-08-25", 14, 20, 22, 14 * 0.8),
    "net metering earns the hour's tariff": (
        "shanghai-net-metering",
        "2025-08-25",
        14,
        21,
        23,
        7 * 0.617 + 7 * 0.307,
    ),
    "two-part tariff both ways, August noon": (
        "shanghai-two-part",
        "2025-08-25",
        10,
        12,
        14,
        10 * 0.69 * 2.25,
    ),
}


@pytest.mark.parametrize("name", SALES)
def test_what_feeding_in_earns_by_pencil(name):
    regime, day, kwh, start, end, by_hand = SALES[name]
    spec = scenario(day, regime=regime)
    clock = Clock.of(spec)
    assert bill(feed_in_prices(spec, clock), kwh, start, end, clock) == pytest.approx(by_hand, abs=FEN)


def test_public_posts_add_the_service_fee():
    """0.943 + 0.73 by day at a public post: 25 kWh cost 41.83 yuan."""
    spec = scenario("2025-08-25")
    clock = Clock.of(spec)
    assert bill(retail_prices(spec, clock)[2], 25, 12, 14, clock) == pytest.approx(
        25 * (0.943 + 0.73), abs=FEN
    )


def test_a_home_that_grows_through_the_tiers():
    """3,000 kWh used, 2,000 more by night: 120 at 0.307, 1,680 at 0.337, 200 at 0.487."""
    spec = scenario("2025-08-25", home_tariff="residential_tou")
    clock = Clock.of(spec)
    night = int(np.flatnonzero(hours(23, 24, clock))[0])
    limits = np.array([3120.0, 4800.0, np.inf, np.inf])
    cost = tiered_cost_yuan(3000.0, 2000.0, 0.307, tier_additions(spec, clock)[night], limits)
    assert cost == pytest.approx(120 * 0.307 + 1680 * 0.337 + 200 * 0.487, abs=FEN)
    day = int(np.flatnonzero(hours(12, 13, clock))[0])
    assert tiered_cost_yuan(4790.0, 30.0, 0.617, tier_additions(spec, clock)[day], limits) == pytest.approx(
        10 * 0.677 + 20 * 0.977, abs=FEN
    )


def test_the_home_is_served_first():
    assert split_at_meter(1.5, 7.0) == (8.5, 0.0)
    assert split_at_meter(1.5, -1.0) == (0.5, 0.0)
    assert split_at_meter(1.5, -6.0) == (0.0, 4.5)


def test_a_tariff_of_ones_own_across_midnight_and_below_zero():
    tariff = {
        "periods": [
            {"hours": "23:30-05:30", "price_yuan_per_kwh": -0.05, "band": "valley"},
            {"hours": "05:30-23:30", "price_yuan_per_kwh": 0.8},
            {"hours": "18:00-20:00", "price_yuan_per_kwh": 1.6, "band": "sharp", "days": "workday"},
        ]
    }
    monday, sunday = (
        scenario(day, 60, tariffs={"mine": tariff}, home_tariff="mine")
        for day in ("2025-08-25", "2025-08-24")
    )
    clock = Clock.of(monday)
    prices = retail_prices(monday, clock)[0]
    assert prices[[0, 4, 12, 18, 19, 20]] == pytest.approx([-0.05, -0.05, 0.8, 1.6, 1.6, 0.8])
    assert prices[5] == pytest.approx((-0.05 + 0.8) / 2)  # half of the hour in each
    assert prices[23] == pytest.approx((0.8 - 0.05) / 2)
    assert retail_prices(sunday, Clock.of(sunday))[0][18] == pytest.approx(0.8)


def test_events_pay_on_top_and_critical_peaks_cost_more():
    """2 yuan a kWh and 3 yuan a kW for two hours: 14 kWh earn 14 x 2 + 7 kW x 3 = 49 yuan on top."""
    event = {"at": dt.datetime(2025, 8, 25, 18), "hours": 2.0, "yuan_per_kwh": 2.0, "yuan_per_kw": 3.0,
             "charging_surcharge_yuan_per_kwh": 1.0}  # fmt: skip
    spec = scenario("2025-08-25", events=[event])
    clock = Clock.of(spec)
    assert bill(event_premiums(spec, clock), 14, 18, 20, clock) == pytest.approx(14 * 2.0 + 7 * 3.0, abs=FEN)
    assert event_premiums(spec, clock)[~hours(18, 20, clock)].max() == 0.0
    half_an_hour = {"at": dt.datetime(2025, 8, 25, 18), "hours": 0.5, "yuan_per_kw": 10.0}
    coarse = scenario("2025-08-25", 60, events=[half_an_hour])  # lasts the whole step
    assert event_premiums(coarse, Clock.of(coarse)).max() == pytest.approx(10.0)
    assert bill(retail_prices(spec, clock)[0], 10, 19, 21, clock) == pytest.approx(
        5 * 1.617 + 5 * 0.617, abs=FEN
    )


def test_a_factor_of_the_home_tariff():
    spec = scenario("2025-08-25", feed_in_factor_of_home_tariff=1.5)
    clock = Clock.of(spec)
    assert bill(feed_in_prices(spec, clock), 10, 19, 20, clock) == pytest.approx(10 * 1.5 * 0.617, abs=FEN)
