"""Parts of earnings, break-even prices, payback, firm power and the response to pay: known answers."""

from __future__ import annotations

import numpy as np
import pytest

from sim.effects.earnings import break_even_prices, earnings_effects, grouped_earnings, parts_of_earnings
from sim.effects.investment import (
    PAID,
    Outlays,
    annuity,
    battery_arbitrage_yuan_per_kw,
    firm_power,
    gas_peaker_yuan_per_kw,
    pay_for_firm_power,
    payback,
    stationary_battery_yuan_per_kw,
)
from sim.effects.response import evening_power_mw, response_to_pay
from sim.effects.who_gains import who_gains
from tests.effects.test_effects import arm

OUTLAYS = Outlays(2500.0, 2500.0, 10.0, 0.06, {"gas_peaker": 325.0})


def owners(**columns):
    """Two days; the first owner, enrolled, pays 10 for charging, gets 16 for 20 kWh, wears off 2."""
    given = {
        "charging_cost_yuan": [10.0, 4.0], "feed_in_revenue_yuan": [16.0, 0.0], "wear_cost_yuan": [2.0, 1.0],
        "discharged_kwh": [20.0, 0.0], "net_cost_yuan": [-4.0, 5.0],
    }  # fmt: skip
    return arm(owners=given | columns)


def of_a_year(table):
    """The same rows, which stand for a year."""
    table.system["weight"] = 365.0 / 2.0
    return table


def reference():
    return arm(
        owners={"charging_cost_yuan": [6.0, 4.0], "wear_cost_yuan": [1.0, 1.0], "net_cost_yuan": [7.0, 5.0]}
    )


def test_parts_add_up_to_mean_earnings():
    parts = parts_of_earnings(reference(), owners())
    assert parts["charging"] == pytest.approx(-2.0)  # 4 yuan more in two days
    assert parts["feed_in"] == pytest.approx(8.0)
    assert parts["wear"] == pytest.approx(-0.5)
    effects = earnings_effects(reference(), owners())
    assert sum(parts.values()) == pytest.approx(effects["owner_earnings_yuan_per_day"]["mean"])
    assert effects["owner_earnings_yuan_per_day"]["mean"] == pytest.approx(5.5)
    assert (effects["owners_gaining_share"], effects["owners_losing_share"]) == (1.0, 0.0)


def test_break_even_price():
    """11 yuan earned with 20 kWh that paid 16: at 5 yuan, 0.25 yuan/kWh, nothing would be left."""
    assert break_even_prices(owners(), np.array([11.0, 0.0])) == pytest.approx([0.25])


def test_groups_hold_every_enrolled_owner_once_in_each_division():
    table = owners(
        archetype=["regular_commuter", "taxi"], chemistry=["LFP", "NMC"], work_charger=[False, True]
    )
    groups = grouped_earnings(reference(), table)
    assert set(groups) == {"regular commuter", "LFP cells", "bidirectional charger", "fed in"}
    assert all(each.tolist() == pytest.approx([5.5]) for each in groups.values())


def test_annuities_by_hand():
    """1,000 yuan over 10 years at 6% are 135.87 a year."""
    assert 1000.0 * annuity(0.06, 10.0) == pytest.approx(135.87, abs=0.01)
    assert annuity(0.0, 8.0) == 0.125
    assert stationary_battery_yuan_per_kw(900.0, 4.0, 0.06, 15.0) == pytest.approx(370.67, abs=0.01)
    assert gas_peaker_yuan_per_kw(3000.0, 0.03, 0.06, 25.0) == pytest.approx(324.68, abs=0.01)


def test_payback():
    """2,500 yuan at 1 yuan a day take 6.85 years; who loses never gets it back."""
    found = payback(np.array([1.0, 1.0, 1.0, -0.5]), OUTLAYS)
    assert found["median_years"] == pytest.approx(2500.0 / 365.0)
    assert found["share_within_life"] == 0.75
    assert payback(np.array([-1.0, -1.0]), OUTLAYS)["median_years"] is None
    assert payback(np.array([]), OUTLAYS)["share_within_life"] is None
    rented = Outlays(2500.0, 0.0, 10.0, 0.06, {})
    assert payback(np.array([0.1, 0.2]), rented)["median_years"] == 0.0


def test_a_firm_kilowatt_counts_chargers_wear_and_fuel():
    """Ten chargers of 2,500 yuan, 1 yuan of wear per car in a year, supply 30 yuan dearer, 2 MW less needed."""
    before, after = of_a_year(reference()), of_a_year(owners())
    found = firm_power(before, after, OUTLAYS, 2.0, -30.0)
    yearly = 10 * 2500.0 * annuity(0.06, 10.0) + (10 * 1.0 + 30.0)
    assert found == {"cars": pytest.approx(yearly / 2000.0), "gas_peaker": 325.0}
    assert firm_power(before, after, OUTLAYS, -1.0, 0.0)["cars"] is None


def test_nothing_of_a_year_is_told_of_days():
    """A record week times 52 is no year."""
    assert firm_power(reference(), owners(), OUTLAYS, 2.0, -30.0) == {"cars": None, "gas_peaker": None}
    assert pay_for_firm_power(reference(), owners(), 2.0) is None
    assert battery_arbitrage_yuan_per_kw(reference(), 4.0) is None


def test_a_grid_battery_is_credited_with_its_arbitrage():
    """Two days stand for a year: four hours sold at 1.00, five of a cheap night at 0.20 buy them back at 80%."""
    hours = np.arange(48) % 24
    price = np.where((hours >= 18) & (hours < 22), 1000.0, np.where(hours < 6, 200.0, 500.0))
    year = of_a_year(arm(price_yuan_per_mwh=price))
    found = battery_arbitrage_yuan_per_kw(year, 4.0, 0.8)
    assert found == pytest.approx(365.0 * (4 * 1.0 - 5 * 0.2))
    storing = Outlays(2500.0, 2500.0, 10.0, 0.06, {"stationary_battery": 2000.0})
    others = firm_power(year, year, storing, 2.0, 0.0)
    assert others["stationary_battery"] < 2000.0


def test_a_battery_smaller_than_half_a_step_sells_nothing():
    """Not a whole day's output, which the last none of its steps once were."""
    year = of_a_year(arm(price_yuan_per_mwh=np.full(48, 400.0)))
    assert battery_arbitrage_yuan_per_kw(year, 0.1) == 0.0


def test_all_that_owners_are_paid_counts_as_pay():
    """Compensation for a loss among it: a list by hand would forget the next kind of payment."""
    assert {"feed_in_revenue_yuan", "event_revenue_yuan", "compensation_yuan"} <= set(PAID)
    compensated = owners(compensation_yuan=[4.0, 0.0])
    assert break_even_prices(compensated, np.array([11.0, 0.0])) == pytest.approx([0.45])


def test_who_gains_adds_up():
    """Supply saves 100 yuan, 1 yuan of wear for each of ten cars; the aggregator keeps a fifth of what is paid."""
    supply = {"generation_cost_saved_yuan": 100.0, "co2_avoided_t": -2.0}
    found = who_gains(reference(), owners(), OUTLAYS, 0.2, 50.0, supply)
    assert found["wear_yuan"] == pytest.approx(10.0)
    assert found["owners_yuan"] == pytest.approx(10 * 11.0)
    assert found["aggregator_yuan"] == pytest.approx(10 * 16.0 * 0.25)
    parties = found["owners_yuan"] + found["aggregator_yuan"] + found["grid_and_sellers_yuan"]
    assert parties == pytest.approx(100.0 - 10.0)
    chargers = 10 * 2500.0 * annuity(0.06, 10.0) * 2.0 / 365.0
    assert found["chargers_yuan"] == pytest.approx(chargers)
    assert found["society_yuan"] == pytest.approx(100.0 - 10.0 - chargers - 100.0)


def test_response_to_pay():
    found = response_to_pay({"a": 100.0, "b": 400.0, "c": 0.0}, {"a": 0.4, "b": 0.8, "c": 1.6})
    assert found["a"]["against"] is None
    assert found["b"]["elasticity"] == pytest.approx(2.0)  # twice the pay, four times the power
    assert found["c"] == {
        "pay_yuan_per_kwh": 1.6,
        "evening_power_mw": 0.0,
        "against": "b",
        "elasticity": None,
    }


def test_evening_power_is_that_of_the_evening():
    table = arm()
    table.system["up_available_mw"] = np.where(table.system["time"].dt.hour.between(18, 20), 30.0, 900.0)
    assert evening_power_mw(table) == 30.0
