"""What records mean: hand-made tables with known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.accounting.owners import OWNER_COLUMNS
from sim.accounting.tables import SYSTEM_COLUMNS
from sim.effects.adequacy import Units
from sim.effects.arms import ArmTables, max_ramp_mw_per_h, summarise_arm
from sim.effects.comparison import Setting, avoided_capacity_mw
from sim.effects.comparison import compare as compare_with
from sim.effects.distribution import distribution
from sim.effects.earnings import owner_earnings_yuan
from sim.effects.investment import Outlays
from sim.effects.shape import daily_charging_shape
from sim.effects.summary import interval, interval_of, is_clear, midpoint, over_replications

OUTLAYS = Outlays(2500.0, 2500.0, 10.0, 0.06, {"gas_peaker": 325.0})
UNITS = Units(np.array([100.0, 50.0]), np.array([9, 4]), np.array([0.9, 0.95]), np.zeros(1), np.ones(1), 0.9)


def compare(reference, other, household):
    return compare_with(reference, other, Setting(household, OUTLAYS, UNITS, 0.05, 6.6))


def arm(net=None, owners=None, hours=1.0, weight=10.0, **columns):
    """Two days of hourly steps with a peak of 900 MW at 19:00, and two cars, one of them enrolled."""
    times = pd.date_range("2025-08-25", periods=round(48 / hours), freq=f"{round(60 * hours)}min")
    if net is None:
        net = np.where(times.hour == 19, 900.0, np.where(times.hour < 6, 400.0, 600.0))
    system = pd.DataFrame({"time": times, **dict.fromkeys(SYSTEM_COLUMNS, 0.0)})
    system["net_load_mw"] = system["demand_mw"] = np.asarray(net, dtype=float)
    system["weight"] = 1.0
    for name, value in columns.items():
        system[name] = value
    frame = pd.DataFrame({name: np.zeros(2) for name in OWNER_COLUMNS})
    frame["enrolled"] = [True, False]
    frame["home_charger"] = [True, False]
    frame["driver"] = [3, 7]
    frame["bidirectional_charger"] = [True, False]
    frame["capacity_kwh"] = 50.0
    frame["start_soc"] = frame["end_soc"] = 0.6
    frame["trips"], frame["km"] = [4, 2], [40.0, 15.0]
    for name, value in (owners or {}).items():
        frame[name] = value
    frame["stored_change_kwh"] = (frame["end_soc"] - frame["start_soc"]) * frame["capacity_kwh"]
    held = pd.DataFrame(columns=["time", "cars", "low_mw", "low_held_mw", "follows"])
    return ArmTables(system, frame, held, hours, weight, 0.93, 0.307, 1.2069)


def test_arm_figures():
    table = arm(
        ev_charge_mw=5.0,
        ev_discharge_mw=2.0,
        wind_mw=3.0,
        coal_mw=100.0,
        coal_tce=30.0,
        co2_t=80.0,
        reserve_margin_mw=50.0,
    )
    figures = summarise_arm(table)
    assert figures["peak_net_load_mw"] == 900.0
    assert figures["peak_time"] == "2025-08-25T19:00"
    assert figures["peak_demand_mw"] == 903.0
    assert figures["energy_charged_mwh"] == 240.0
    assert figures["coal_mwh"] == 4800.0
    assert figures["coal_tce"] == 1440.0
    assert figures["max_ramp_mw_per_h"] == 300.0
    assert figures["load_factor"] == pytest.approx((900 * 2 + 400 * 12 + 600 * 34) / 48 / 900)


def test_ramps_are_per_hour_whatever_the_step():
    quarter = arm(net=np.tile(np.arange(96) * 10.0, 2), hours=0.25)
    assert max_ramp_mw_per_h(quarter) == max(40.0, 950.0 - 30.0)


def test_an_arm_that_changes_nothing_has_no_effect():
    effect = compare(arm(), arm(), 3.0)
    assert effect["peak_shaving_mw"] == 0.0
    assert effect["coal_displaced_tce"] == 0.0
    assert effect["owner_earnings_yuan_per_day"]["mean"] == 0.0
    assert effect["soc_carry_over_mwh"] == 0.0
    assert all(value in (0.0, None) for value in effect["stability"].values())
    assert effect["adequacy"]["elcc_mw"] == effect["adequacy"]["elcc_on_call_mw"] == 0.0
    assert set(effect["adequacy"]["units_avoided"].values()) == {0}


def test_peak_shaving_is_the_difference_of_peaks_wherever_they_are():
    shaved = arm(
        net=np.where(np.arange(48) % 24 == 19, 850.0, np.where(np.arange(48) % 24 == 9, 870.0, 600.0))
    )
    effect = compare(arm(), shaved, 3.0)
    assert effect["peak_shaving_mw"] == pytest.approx(30.0)
    assert effect["peak_shaving_pct"] == pytest.approx(100 * 30 / 900)


def test_capacity_is_what_the_worst_tight_day_leaves():
    net = np.full(48, 600.0)
    net[19], net[43] = 900.0, 880.0
    cut = net.copy()
    cut[19], cut[43] = 800.0, 860.0
    assert avoided_capacity_mw(arm(net=net), arm(net=cut)) == pytest.approx(20.0)
    net[43], cut[43] = 700.0, 700.0  # an easy day does not count
    assert avoided_capacity_mw(arm(net=net), arm(net=cut)) == pytest.approx(100.0)


def test_no_credit_for_a_fleet_that_ends_emptier():
    """The cars fed in 10 kWh each and never recharged: coal, cost and money are charged for it."""
    rates = {"marginal_coal_tce_per_mwh": 0.3, "marginal_co2_t_per_mwh": 0.83, "price_yuan_per_mwh": 280.0}
    reference = arm(coal_tce=30.0, co2_t=80.0, generation_cost_yuan=1000.0, **rates)
    drained = arm(coal_tce=30.0, co2_t=80.0, generation_cost_yuan=1000.0, owners={"end_soc": 0.4}, **rates)
    effect = compare(reference, drained, 3.0)
    missing_mwh = 2 * 10.0 * 10.0 / 1000.0
    assert effect["soc_carry_over_mwh"] == pytest.approx(-missing_mwh)
    assert effect["coal_displaced_tce"] == pytest.approx(-0.3 * missing_mwh / 0.93)
    assert effect["co2_avoided_t"] == pytest.approx(-0.83 * missing_mwh / 0.93)
    assert effect["generation_cost_saved_yuan"] == pytest.approx(-280.0 * missing_mwh / 0.93)
    assert effect["coal_displaced_mwh"] == pytest.approx(-missing_mwh / 0.93)
    earned = owner_earnings_yuan(reference, drained)
    assert earned == pytest.approx([-10.0 / 0.93 * 0.307, -10.0 / 0.93 * 1.2069])


def test_starting_emptier_is_no_loss():
    """A fleet that lives at a lower level all week has not been drained in that week."""
    low = arm(owners={"start_soc": 0.4, "end_soc": 0.4})
    assert compare(arm(), low, 3.0)["soc_carry_over_mwh"] == pytest.approx(0.0)


@given(change=st.floats(-0.5, 0.3))
def test_the_fuller_a_fleet_ends_the_better(change):
    rates = {"marginal_coal_tce_per_mwh": 0.3}
    base, other = arm(**rates), arm(owners={"end_soc": 0.6 + change}, **rates)
    assert compare(base, other, 3.0)["coal_displaced_tce"] == pytest.approx(
        0.3 * change * 50 * 2 * 10 / 1000 / 0.93, abs=1e-9
    )


def test_coal_is_restored_at_the_rate_of_the_valley_not_of_the_peak():
    night = pd.date_range("2025-08-25", periods=48, freq="60min").hour
    rate = np.where((night >= 22) | (night < 6), 0.3, 0.0)
    effect = compare(
        arm(marginal_coal_tce_per_mwh=rate), arm(marginal_coal_tce_per_mwh=rate, owners={"end_soc": 0.5}), 3.0
    )
    assert effect["coal_displaced_tce"] == pytest.approx(-0.3 * 2 * 5 * 10 / 1000 / 0.93)


def test_peak_hours_alone_flatter():
    """Coal saved at the peak and burnt twice over at night: the peak hours say saved, the total says not."""
    hours = np.arange(48) % 24
    coal = np.where(hours == 19, 100.0, 50.0)
    shifted = np.where(hours == 19, 80.0, np.where(hours == 3, 90.0, 50.0))
    effect = compare(
        arm(coal_mw=coal, coal_tce=0.3 * coal), arm(coal_mw=shifted, coal_tce=0.3 * shifted), 3.0
    )
    assert effect["peak_hours_coal_displaced_mwh"] > 0.0
    assert effect["coal_displaced_mwh"] == pytest.approx(-40.0)
    assert effect["coal_displaced_tce"] == pytest.approx(-12.0)


def test_earnings_are_net_of_everything():
    reference = arm(owners={"net_cost_yuan": [10.0, 8.0]})
    seller = arm(owners={"net_cost_yuan": [4.0, 8.0], "discharge_sessions": [2, 0]})
    effect = compare(reference, seller, 3.0)
    assert effect["owner_earnings_yuan_per_day"]["mean"] == pytest.approx(3.0), "of enrolled owners, per day"
    assert effect["owner_earnings_yuan_per_day"]["n"] == 1
    assert effect["owner_earnings_yuan_per_discharge_session"]["mean"] == pytest.approx(3.0)
    assert effect["household_bill_change_pct"] == pytest.approx(-100.0 * 3.0 / (3.0 + 5.0))


@pytest.mark.parametrize("column", ["driver", "trips", "km"])
def test_unpaired_arms_are_refused(column):
    with pytest.raises(ValueError, match=f"differ in '{column}'"):
        compare(arm(), arm(owners={column: [1, 1]}), 3.0)


def test_other_days_are_refused():
    other = arm()
    other.system["time"] += pd.Timedelta(days=1)
    with pytest.raises(ValueError, match="same steps"):
        compare(arm(), other, 3.0)


def test_stability_counts_improvements_as_positive():
    flat = arm(net=np.full(48, 630.0), reserve_margin_mw=100.0)
    found = compare(arm(reserve_margin_mw=20.0, unserved_mw=1.0), flat, 3.0)["stability"]
    assert found["peak_to_valley_cut_mw"] == 500.0
    assert found["max_ramp_cut_mw_per_h"] == 300.0
    assert found["min_reserve_margin_gain_mw"] == 80.0
    assert found["unserved_avoided_mwh"] == 48.0
    assert found["load_factor_gain_points"] > 0.0


def test_distribution_by_hand():
    found = distribution([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found["mean"], found["median"], found["max"], found["n"]) == (3.0, 3.0, 5.0, 5)
    assert found["sd"] == pytest.approx(2.5**0.5)
    assert found["p25"] == 2.0
    assert distribution([])["mean"] is None
    assert distribution([4.0])["sd"] == 0.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_quantiles_are_ordered(values):
    found = distribution(values)
    order = [found[key] for key in ("p05", "p25", "median", "p75", "p95", "p99", "max")]
    assert order == sorted(order)
    assert min(values) <= found["p05"]


def test_intervals_cover_as_often_as_they_claim():
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(2000):
        low, high = interval(rng.normal(3.0, 2.0, 6).tolist())["ci95"]
        hits += low <= 3.0 <= high
    assert hits / 2000 == pytest.approx(0.95, abs=0.015)


def test_joining_replications():
    one = {"a": 1.0, "when": "2025-08-25T19:00", "deep": {"b": 2.0}, "nothing": None}
    two = {"a": 3.0, "when": "2025-08-26T19:00", "deep": {"b": 2.0}, "nothing": None}
    assert over_replications([one]) is one
    joined = over_replications([one, two])
    assert joined["a"]["mean"] == 2.0
    assert joined["a"]["n"] == 2
    assert joined["a"]["ci95"][0] < 1.0
    assert joined["when"] == ["2025-08-25T19:00", "2025-08-26T19:00"]
    assert joined["deep"]["b"]["ci95"] == [2.0, 2.0]
    assert joined["nothing"] == {"mean": None, "ci95": None, "n": 0}
    assert midpoint(joined["a"]) == 2.0
    assert midpoint(7.0) == 7.0


def test_charging_shape_against_itself_and_against_nothing():
    from sim.data.catalogue import column

    published = np.tile(column("charging_shape_china_weekday", "share_of_day"), 2)
    fit = daily_charging_shape(arm(cars_charging=published).system)
    assert fit.correlation == pytest.approx(1.0)
    assert fit.normalised_rmse == pytest.approx(0.0, abs=1e-9)
    assert fit.days == 2
    assert daily_charging_shape(arm().system) is None


def test_the_sign_of_an_effect_is_clear_when_its_interval_leaves_out_zero():
    def figure(low, high):
        return {"mean": (low + high) / 2.0, "ci95": [low, high], "n": 4}

    assert interval_of(figure(1.0, 2.0)) == (1.0, 2.0)
    assert interval_of(figure(1.0, 1.0)) is None
    assert interval_of(5.0) is None
    assert is_clear(figure(1.0, 2.0))
    assert is_clear(figure(-2.0, -1.0))
    assert is_clear(5.0)
    assert not is_clear(figure(-1.0, 2.0))


def test_the_peak_shaved_is_that_of_net_load_not_of_gross_demand():
    """At the gross peak the sun shines: a cut there is worth nothing to the plants."""
    net = np.where(np.arange(48) % 24 == 19, 900.0, 600.0)
    gross = np.where(np.arange(48) % 24 == 12, 1200.0, net)
    shaved_at_noon = np.where(np.arange(48) % 24 == 12, 1100.0, gross)
    reference, other = arm(net, demand_mw=gross), arm(net, demand_mw=shaved_at_noon)
    effect = compare(reference, other, 5.0)
    assert effect["peak_shaving_mw"] == 0.0
    assert effect["peak_shaving_pct"] == 0.0
    assert summarise_arm(reference)["peak_net_load_mw"] == 900.0


def test_recharging_that_makes_a_new_peak_is_a_rebound():
    hour = np.arange(48) % 24
    before = np.where(hour == 19, 900.0, 600.0)
    shifted = np.where(hour == 19, 700.0, np.where(hour == 22, 950.0, 600.0))
    effect = compare(arm(before), arm(shifted), 5.0)
    assert effect["rebound_mw"] == 50.0
    assert effect["largest_rise_mw"] == 350.0
    gentle = compare(arm(before), arm(np.where(hour == 22, 650.0, before)), 5.0)
    assert gentle["rebound_mw"] == -250.0
    assert compare(arm(before), arm(before), 5.0)["rebound_mw"] is None
