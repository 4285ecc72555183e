"""Tariffs as a reader would price them with a pencil, and books that sum to zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.accounting.ledger import Ledger
from sim.city.charger_kinds import EN_ROUTE, HOME_KIND
from sim.grid.clock import Clock
from sim.market.parties import GRID_COMPANY, OWNERS
from sim.market.restoring import restoring_prices
from sim.market.tariffs import energy_prices, hourly_prices, retail_prices, service_fees
from sim.scenario import load_scenario
from sim.scenario.money import MarketSection
from sim.scenario.tariff_book import tariff_book
from tests.conftest import FAST_KIND, SLOW_KIND, WORK_KIND


@pytest.mark.parametrize(
    ("tariff", "month", "hour", "price"),
    [
        ("private_pile_own_meter", 8, 5, 0.307),  # valley 22:00-06:00
        ("private_pile_own_meter", 8, 6, 0.617),
        ("private_pile_own_meter", 1, 21, 0.617),
        ("private_pile_own_meter", 1, 22, 0.307),
        ("residential_tou_tier3", 6, 12, 0.977),
        ("ci_single_part_lv_2025", 8, 12, 0.943),
        ("ci_single_part_lv_2025", 8, 23, 0.4769),
        ("ci_two_part_tou", 8, 9, 1.8 * 0.69),  # summer peak
        ("ci_two_part_tou", 8, 12, 2.25 * 0.69),  # sharp, July and August
        ("ci_two_part_tou", 9, 12, 1.8 * 0.69),  # September has no sharp price
        ("ci_two_part_tou", 8, 16, 0.69),
        ("ci_two_part_tou", 8, 2, 0.4 * 0.69),
        ("ci_two_part_tou", 1, 19, 2.25 * 0.69),  # sharp in the winter evening
        ("ci_two_part_tou", 1, 12, 0.69),
        ("ci_two_part_tou", 4, 9, 1.6 * 0.69),
        ("ci_two_part_tou", 4, 23, 0.5 * 0.69),
        ("ci_single_part_tou", 1, 10, 1.2 * 0.7996),
        ("ci_single_part_tou", 4, 10, 1.17 * 0.7996),
    ],
)
def test_prices_by_hand(tariff, month, hour, price):
    assert hourly_prices(tariff, month)[hour] == pytest.approx(price, abs=1e-9)


@pytest.mark.parametrize("tariff", [name for name in tariff_book() if not name.endswith("_feed_in")])
@pytest.mark.parametrize("month", range(1, 13))
def test_every_hour_of_every_month_has_a_price(tariff, month):
    prices = hourly_prices(tariff, month)
    assert prices.shape == (24,)
    assert np.all((prices > 0.1) & (prices < 3.0))


def test_what_a_driver_pays_where():
    spec = load_scenario({"fleet": {"cars": 10}, "time": {"days": 1, "warmup_days": 0, "step_minutes": 60}})
    prices = retail_prices(spec, Clock.of(spec))[:, [3, 12]]
    assert prices[HOME_KIND] == pytest.approx([0.307, 0.617])
    assert prices[WORK_KIND] == pytest.approx([0.4769, 0.943])
    for kind in (SLOW_KIND, FAST_KIND, EN_ROUTE):
        assert prices[kind] == pytest.approx([0.4769 + 0.73, 0.943 + 0.73])
    energy = energy_prices(spec, Clock.of(spec))[:, [3, 12]]
    assert prices - energy == pytest.approx(np.repeat(service_fees(MarketSection())[:, None], 2, axis=1))


def test_public_prices_agree_with_the_statistics():
    """Shanghai public chargers: mean 1.83, between 1.15 and 2.94 yuan/kWh (S40, weak)."""
    spec = load_scenario({"fleet": {"cars": 10}, "time": {"days": 1, "warmup_days": 0}})
    day = retail_prices(spec, Clock.of(spec))[SLOW_KIND]
    assert 1.15 < day.min() < day.max() < 2.94
    assert day.mean() == pytest.approx(1.83, rel=0.25)


def test_filling_up_again_is_done_in_the_valley():
    home, public = restoring_prices(load_scenario({"fleet": {"cars": 10}}))
    assert (home, public) == (pytest.approx(0.307), pytest.approx(0.4769 + 0.73))


payments = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.floats(-1e6, 1e6)), min_size=1, max_size=50
)


@given(payments)
def test_books_sum_to_zero(entries):
    books = Ledger()
    for payer, payee, yuan in entries:
        books.pay(payer, payee, yuan, "test")
    assert books.imbalance() == pytest.approx(0.0, abs=1e-9 * max(1.0, books.turnover()))


def test_a_payment_has_two_sides():
    books = Ledger()
    books.pay(OWNERS, GRID_COMPANY, 7.0, "charging, home")
    assert books.balance == {OWNERS: -7.0, GRID_COMPANY: 7.0}
    assert books.paid[OWNERS, GRID_COMPANY, "charging, home"] == 7.0
