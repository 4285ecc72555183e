"""Value of a contract as estimated by an owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sim.city.charger_kinds import HOME_KIND
from sim.data.catalogue import parameter
from sim.grid.clock import Clock
from sim.market.arbitrage_margin import Bargain
from sim.market.tariffs import energy_prices, event_premiums, feed_in_prices, retail_prices
from sim.market.wear import wear_yuan_per_kwh
from sim.rules.battery import fixed_loss_share, proportional_loss_share, round_trip_efficiency
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import DYNAMIC, pay_regimes, tariff_book

Array = NDArray[np.float64]

CHEMISTRIES = ("LFP", "NMC")
HOME_HOURS = (17.0, 8.0)  # when a commuter's car is at home (assumption)
READY_HOURS_PER_MONTH = 360.0  # on call, as expected by an owner: half the hours (assumption)
HOURS_PER_MONTH = 730.0  # a twelfth of a year
NO_LIMIT_KWH = 1e9
LEAST_GAIN = 0.01  # yuan/kWh: keeps the logarithm of pay finite where discharging does not pay
WEEK_DAYS = 7


def round_trip(spec: Scenario) -> float:
    """Energy fed in over the energy drawn for it, at the rating."""
    chargers = spec.chargers
    efficiency = chargers.one_way_efficiency, chargers.part_load_efficiency
    return float(round_trip_efficiency(fixed_loss_share(*efficiency), proportional_loss_share(*efficiency)))


def reckons(spec: Scenario) -> bool:
    """Whether prices are known to owners before the run; not where they follow the cost of supply."""
    return DYNAMIC not in (spec.market.tariff_at_home, spec.market.feed_in_tariff)


def best_gain_yuan_per_kwh(spec: Scenario, clock: Clock) -> Array:
    """Best feed-in price at home within a day, less the cheapest recharging price, before wear.

    From each step on, shape (n_steps,); the last day of the clock's horizon is repeated for the day after it.
    Under a home-only contract, the dearest hour of the retail tariff replaces the feed-in price.
    """
    buy = retail_prices(spec, clock)[HOME_KIND]
    sell = spec.participation.owners_share * (feed_in_prices(spec, clock) + event_premiums(spec, clock))
    if spec.participation.form.saves_only:
        sell = buy
    dearest, cheapest = (_within_a_day(prices, clock.steps_per_day) for prices in (sell, -buy))
    gain: Array = dearest + cheapest / round_trip(spec)
    return gain


def _within_a_day(prices: Array, steps_per_day: int) -> Array:
    """Highest of the prices of a day that begins in each step."""
    longer = np.concatenate([prices, prices[-steps_per_day:]])
    highest: Array = sliding_window_view(longer, steps_per_day)[: len(prices)].max(axis=1)
    return highest


def base_gain_yuan_per_kwh(spec: Scenario) -> float:
    """The same in the base case of the data: Shanghai's assumed price and home tariff."""
    base = pay_regimes()["shanghai"]
    sell, buy = (tariff_book()[name].prices(8, 0) for name in (base.feed_in_tariff, base.home_tariff))
    return float(sell.max() - buy.min() / round_trip(spec))


def pull_of_pay(spec: Scenario, clock: Clock) -> Array:
    """Effect of pay on the log odds of plugging in, relative to the base case, shape (n_steps,).

    An announced event acts on the day before it. 0 where discharging is not allowed, and where prices
    follow the cost of supply and are not known in advance.
    """
    if not spec.participation.form.discharges_at_home or not reckons(spec):
        return np.zeros(len(clock))
    gain, base_gain = best_gain_yuan_per_kwh(spec, clock), base_gain_yuan_per_kwh(spec)
    ratio = np.maximum(gain, LEAST_GAIN) / max(base_gain, LEAST_GAIN)
    pull: Array = spec.participation.plug_in_response_to_pay * np.log(ratio)
    return pull


def own_wear_yuan_per_kwh(spec: Scenario) -> Array:
    """Wear of a kilowatt-hour fed in, LFP and NMC, at the grid side, shape (2,)."""
    efficiency = spec.chargers.one_way_efficiency
    return np.array([wear_yuan_per_kwh(spec.fleet.wear, cells) / efficiency for cells in CHEMISTRIES])


def bargain_of(spec: Scenario, chemistry: str) -> Bargain:
    """Cost and revenue of a kilowatt-hour discharged at home in a scenario (as one arm sees it).

    Regular prices of the first recorded week count, announced events do not. Under a home-only contract the
    revenue is the price of the dearest hour of the retail tariff.
    """
    clock = _standing_week(spec)
    buy = energy_prices(spec, clock, events=False)[HOME_KIND]
    sell = spec.participation.owners_share * feed_in_prices(spec, clock)
    if spec.participation.form.saves_only:
        sell = buy
    return Bargain(
        float(buy.min()), float(sell.max()), round_trip(spec),
        float(own_wear_yuan_per_kwh(spec)[CHEMISTRIES.index(chemistry)]),
    )  # fmt: skip


def _standing_week(spec: Scenario) -> Clock:
    """Clock of the week from the first recorded day on, whenever the run ends."""
    days: dict[str, Any] = {"days": WEEK_DAYS, "end": None, "warmup_days": 0, "begin_hour": 0, "weeks": []}
    return Clock.of(spec.model_copy(update={"time": spec.time.model_copy(update=days)}))


@dataclass(frozen=True)
class Offer:
    """The terms of a contract as an owner sees them before enrolling.

    Attributes
    ----------
    gain_yuan_per_kwh : tuple of float
        Best feed-in price less recharging and wear, for LFP and NMC, [yuan/kWh].
    cost_yuan_per_kwh : tuple of float
        Recharging and wear of a discharged kilowatt-hour, for LFP and NMC, [yuan/kWh].
    hours_that_pay : float
        Hours of a day between 17:00 and 08:00 in which discharging pays, [h].
    most_kwh_per_day : float
        Daily limit of discharge regardless of the car: under a home-only contract the use of a mean home
        in these hours, [kWh].
    fixed_yuan_per_year : float
        Availability payments less rent, for each kW of rating, [yuan/kW/a].
    delay_yuan_per_year : float
        Saving of a mean car by charging in the cheapest hours instead of on arrival, [yuan/a].
    """

    gain_yuan_per_kwh: tuple[float, float]
    cost_yuan_per_kwh: tuple[float, float]
    hours_that_pay: float
    most_kwh_per_day: float
    fixed_yuan_per_year: float
    delay_yuan_per_year: float


def offer_of(spec: Scenario) -> Offer:
    """Terms of a scenario (as one arm sees it) on its first recorded day, without announced events."""
    lfp, nmc = (bargain_of(spec, chemistry) for chemistry in ("LFP", "NMC"))
    terms, kept = spec.participation, spec.participation.owners_share
    clock, day = _standing_week(spec), slice(0, spec.steps_per_day)
    buy, hours = energy_prices(spec, clock, events=False)[HOME_KIND, day], clock.hours[day]
    only_home = terms.form.saves_only
    sell = buy if only_home else kept * feed_in_prices(spec, clock)[day]
    at_home = (hours >= HOME_HOURS[0]) | (hours < HOME_HOURS[1])
    hours_that_pay = float((at_home & (sell > lfp.cost_yuan_per_kwh)).sum()) * spec.step_hours
    of_the_home = spec.market.household.use_kwh_per_year / 365.0 * hours_that_pay / 24.0
    ready_enough = terms.minimum_hours_per_month <= READY_HOURS_PER_MONTH
    paid_share = READY_HOURS_PER_MONTH / HOURS_PER_MONTH if ready_enough else 0.0
    availability = kept * terms.availability_yuan_per_kw_month * 12.0 * paid_share
    rent = terms.charger_rent_yuan_per_month * 12.0 / spec.chargers.bidirectional_kw
    yearly = parameter("charging_behaviour", "private_car_charging_energy_per_year").value
    return Offer(
        gain_yuan_per_kwh=(
            lfp.sell_yuan_per_kwh - lfp.cost_yuan_per_kwh, nmc.sell_yuan_per_kwh - nmc.cost_yuan_per_kwh
        ),
        cost_yuan_per_kwh=(lfp.cost_yuan_per_kwh, nmc.cost_yuan_per_kwh),
        hours_that_pay=hours_that_pay,
        most_kwh_per_day=of_the_home if only_home else NO_LIMIT_KWH,
        fixed_yuan_per_year=availability - rent,
        delay_yuan_per_year=yearly * max(0.0, float(buy[hours >= HOME_HOURS[0]].mean() - buy.min())),
    )  # fmt: skip
