"""Retail and feed-in prices in every step of a run, from the tariffs of a scenario."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.city.charger_kinds import CHARGER_KINDS, HOME_KIND, KINDS, setting
from sim.grid.clock import Clock
from sim.scenario.money import MOST_TIERS, MarketSection
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import DYNAMIC, tariff_book
from sim.scenario.tariffs import WORKDAYS, TariffSection

Array = NDArray[np.float64]


def hourly_prices(tariff: str, month: int, kind: int = WORKDAYS) -> Array:
    """Price of each hour of a day under a tariff that ships, first tier [yuan/kWh], shape (24,)."""
    prices: Array = tariff_book()[tariff].prices(month, kind).reshape(24, -1).mean(axis=1)
    return prices


def price_series(tariff: TariffSection, clock: Clock, tier: int = 0) -> Array:
    """Price of each step [yuan/kWh], shape (n_steps,); of a step in two periods the mean of its minutes."""
    months, kinds = clock.months, clock.kinds
    prices = np.empty(len(clock))
    for month in np.unique(months):
        for kind in np.unique(kinds):
            day = tariff.prices(int(month), int(kind), tier).reshape(clock.steps_per_day, -1).mean(axis=1)
            here = np.flatnonzero((months == month) & (kinds == kind))
            prices[here] = day[here % clock.steps_per_day]
    return prices


def retail_prices(spec: Scenario, clock: Clock) -> Array:
    """Retail price at each kind of charger in each step [yuan/kWh], shape (n_kinds, n_steps)."""
    return energy_prices(spec, clock) + service_fees(spec.market)[:, None]


def tariff_by_kind(market: MarketSection) -> dict[int, str]:
    """Name of the tariff at each kind of charger."""
    return {number: str(getattr(market, kind.tariff)) for number, kind in enumerate(CHARGER_KINDS)}


def energy_prices(spec: Scenario, clock: Clock, events: bool = True) -> Array:
    """The energy part of the retail price, passed on to the grid company, shape (n_kinds, n_steps).

    Announced surcharges are in it, unless `events` is false. The tariff `dynamic` starts at its markup; the
    operator adds the marginal cost of supply as the run goes (:mod:`sim.market.dynamic`).
    """
    prices = np.empty((len(KINDS), len(clock)))
    for kind, name in tariff_by_kind(spec.market).items():
        if name == DYNAMIC:
            prices[kind] = spec.market.dynamic.markup_yuan_per_kwh
        else:
            prices[kind] = price_series(spec.market.tariff(name), clock)
    return prices + surcharges(spec, clock) if events else prices


def surcharges(spec: Scenario, clock: Clock) -> Array:
    """What critical-peak events add to every price of charging [yuan/kWh], shape (n_steps,)."""
    added = np.zeros(len(clock))
    for event in spec.market.events:
        added += event.charging_surcharge_yuan_per_kwh * clock.share_within(event.at, event.hours)
    return added


def tier_additions(spec: Scenario, clock: Clock) -> Array:
    """What each tier of yearly use adds to the first tier's price at home, shape (n_steps, most tiers)."""
    added = np.zeros((len(clock), MOST_TIERS))
    name = spec.market.tariff_at_home
    if name != DYNAMIC:
        tariff = spec.market.tariff(name)
        first = price_series(tariff, clock)
        for tier in range(1, tariff.tiers):
            added[:, tier] = price_series(tariff, clock, tier) - first
    return added


def feed_in_prices(spec: Scenario, clock: Clock) -> Array:
    """Feed-in price in each step, before the aggregator's share [yuan/kWh].

    Events come on top, see :func:`event_premiums`.
    """
    market = spec.market
    if market.feed_in_price_yuan_per_kwh is not None:
        return np.full(len(clock), market.feed_in_price_yuan_per_kwh)
    name = market.feed_in_tariff or market.pay.feed_in_tariff
    if market.feed_in_factor_of_home_tariff is not None or not name:
        factor = market.feed_in_factor_of_home_tariff
        prices: Array = (1.0 if factor is None else factor) * energy_prices(spec, clock)[HOME_KIND]
        return prices
    if name == DYNAMIC:
        return np.zeros(len(clock))
    return price_series(market.tariff(name), clock)


def event_premiums(spec: Scenario, clock: Clock) -> Array:
    """What events pay on top for a kilowatt-hour fed in, before the aggregator's share [yuan/kWh].

    Mean power over an event is energy over its length, so that a price per kW is one per kWh. A step of
    which the event covers a part has that part of the price: power is constant in a step.
    """
    premium = np.zeros(len(clock))
    for event in spec.market.events:
        per_kwh = event.yuan_per_kwh + event.yuan_per_kw / event.hours
        premium += per_kwh * clock.share_within(event.at, event.hours)
    return premium


def service_fees(market: MarketSection) -> Array:
    """Fee on top of energy at each kind of charger [yuan/kWh], shape (n_kinds,)."""
    return np.array([setting(kind.fee, market) for kind in CHARGER_KINDS])
