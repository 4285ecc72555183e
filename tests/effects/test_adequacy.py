"""Outage tables, firm capacity, plants avoided: closed forms, and draws of outages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.data.catalogue import SHANGHAI
from sim.effects.adequacy import Need, OutageTable, Units, adequacy, firm_capacity_mw, units_avoided
from sim.effects.comparison import peak_bound
from sim.effects.supply import emission_factors, parts, supply_effects
from sim.grid.outages import available_share
from sim.grid.plants import plants_of
from sim.rules.chance import stream_key
from sim.runs.run import prepare, simulate
from sim.scenario.grid import GridSection
from tests.conftest import SCENARIOS
from tests.effects.test_effects import arm

#: Lines that never fail.
FIRM = (np.zeros(1), np.ones(1))
FINE = Units(np.array([7.3]), np.array([150]), np.array([0.9]), *FIRM, 0.9)
TWO = Units(np.array([100.0, 60.0]), np.array([1, 1]), np.array([0.9, 0.8]), *FIRM, 0.9)


def need(mw):
    """A need without imports."""
    return Need(mw, np.zeros_like(mw), *FIRM, np.ones_like(mw))


def test_two_units_by_hand():
    """0, 60, 100, 160 MW with 2%, 8%, 18%, 72%."""
    table = OutageTable.of(TWO)
    need = np.array([0.0, 1.0, 60.0, 61.0, 100.0, 101.0, 160.0, 161.0])
    assert table.loss_of_load_probability(need) == pytest.approx(
        [0.0, 0.02, 0.02, 0.10, 0.10, 0.28, 0.28, 1.0]
    )
    missing = 0.02 * 150 + 0.08 * 90 + 0.18 * 50
    assert table.expected_unserved_mw(np.array([150.0]))[0] == pytest.approx(missing)


@given(size=st.floats(5.0, 900.0), count=st.integers(1, 40), share=st.floats(0.5, 0.99))
def test_many_like_units_are_binomial(size, count, share):
    table = OutageTable.of(Units(np.array([size]), np.array([count]), np.array([share]), *FIRM, 0.9))
    capacity = table.step_mw * np.arange(len(table.probability))
    assert table.probability.sum() == pytest.approx(1.0)
    assert table.probability @ capacity == pytest.approx(count * size * share, rel=1e-6)
    spread = np.sqrt(table.probability @ capacity**2 - (table.probability @ capacity) ** 2)
    assert spread == pytest.approx(size * np.sqrt(count * share * (1.0 - share)), rel=0.02, abs=1.0)


def test_the_table_agrees_with_drawn_outages():
    """Shanghai's sixty units over 4,000 replications of a day: the same probability of falling short."""
    grid = GridSection()
    plants = plants_of(grid, SHANGHAI)
    units = Units(plants.mw / plants.count, plants.count, plants.availability, *FIRM, 0.9)
    drawn = np.array([
        (plants.mw * available_share(plants, np.uint64(stream_key(5, number)), 1, 24.0, drawn=True)[0]).sum()
        for number in range(4000)
    ])  # fmt: skip
    table = OutageTable.of(units)
    for need in np.quantile(drawn, [0.05, 0.3, 0.7]):
        found = float(table.loss_of_load_probability(np.array([need]))[0])
        assert found == pytest.approx(np.mean(drawn < need), abs=0.03)
        unserved = float(table.expected_unserved_mw(np.array([need]))[0])
        assert unserved == pytest.approx(np.maximum(0.0, need - drawn).mean(), rel=0.15, abs=5.0)


@given(firm=st.floats(1.0, 80.0))
def test_a_flat_cut_is_worth_itself(firm):
    """Who lowers net load by the same power in every hour has that much load-carrying capability."""
    table = OutageTable.of(FINE)
    before = need(700.0 + 200.0 * np.sin(np.arange(24) / 24 * 2 * np.pi))
    assert firm_capacity_mw(table, before, before.less(firm)) == pytest.approx(firm, abs=8.0)
    assert firm_capacity_mw(table, before, before.less(-firm)) == pytest.approx(-firm, abs=8.0)


def test_power_at_the_peak_alone_is_worth_less():
    table = OutageTable.of(FINE)
    before = 800.0 + 100.0 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    cut = before.copy()
    cut[before.argmax()] -= 50.0
    assert 0.0 < firm_capacity_mw(table, need(before), need(cut)) < 50.0


def test_plants_avoided_are_fewer_than_their_size_says():
    """1,500 MW of firm cut in Shanghai: a plant that fails a tenth of the time is worth less than its size."""
    plants = plants_of(GridSection(), SHANGHAI)
    units = Units(plants.mw / plants.count, plants.count, plants.availability, *FIRM, 0.9)
    table = OutageTable.of(units)
    before = need(18_000.0 + 1500.0 * np.sin(np.arange(24) / 24 * 2 * np.pi))
    wanted = before.less(1500.0).loss_of_load_hours(table)
    found = {size: units_avoided(table, before, wanted, size, units) for size in (300.0, 600.0, 1000.0)}
    assert found[300.0] > found[600.0] >= found[1000.0] >= 1
    assert 1500.0 < 300.0 * (found[300.0] + 1) < 1500.0 / 0.8
    worse = before.less(-50.0).loss_of_load_hours(table)
    assert units_avoided(table, before, worse, 300.0, units) == 0


def test_lines_that_fail_are_states_of_the_need():
    """Half of 40 MW may be missing a tenth of the time: nine parts of one need, one of the other."""
    table, mw = OutageTable.of(FINE), np.full(24, 950.0)
    mixed = Need(mw, np.full(24, 40.0), np.array([0.0, 0.5]), np.array([0.9, 0.1]), np.ones(24))
    expected = 0.9 * need(mw).loss_of_load_hours(table) + 0.1 * need(mw + 20.0).loss_of_load_hours(table)
    assert mixed.loss_of_load_hours(table) == pytest.approx(expected)


def test_on_call_counts_what_can_be_held():
    found = adequacy(arm(net_load_mw=900.0), arm(up_available_mw=40.0, net_load_mw=900.0), FINE, 0.05)
    assert found["elcc_mw"] == 0.0
    assert found["elcc_on_call_mw"] == pytest.approx(40.0, abs=8.0)
    assert found["expected_unserved_mwh"] == pytest.approx(found["expected_unserved_mwh_reference"])


def test_cars_on_call_count_for_what_they_hold_for_an_hour():
    table = arm(up_available_mw=40.0, net_load_mw=900.0)
    held = pd.DataFrame({"time": table.system["time"], "cars": 9, "low_mw": -40.0, "low_held_mw": -25.0})
    found = adequacy(arm(net_load_mw=900.0), replace(table, flexibility=held), FINE, 0.05)
    assert found["elcc_on_call_mw"] == pytest.approx(25.0, abs=8.0)


def test_need_is_net_load_less_other_plants_and_lines():
    """Demand, which wind and sun have met in part, is not what units must give."""
    plain = adequacy(arm(net_load_mw=900.0), arm(net_load_mw=880.0), FINE, 0.05)
    before, after = (
        arm(net_load_mw=net, demand_mw=2000.0, other_mw=50.0, import_limit_mw=280.0, missing_import_mw=20.0)
        for net in (1250.0, 1230.0)
    )
    found = adequacy(before, after, FINE, 0.05)
    for name in ("loss_of_load_hours_reference", "loss_of_load_hours", "expected_unserved_mwh", "elcc_mw"):
        assert plain[name] > 0.0
        assert found[name] == pytest.approx(plain[name], rel=1e-6)


def test_a_day_counts_as_often_as_it_stands_for():
    before, after = arm(), arm(net=np.full(48, 640.0))
    once = adequacy(before, after, FINE, 0.05)
    for table in (before, after):
        table.system["weight"] = 3.0
    thrice = adequacy(before, after, FINE, 0.05)
    for name in ("loss_of_load_hours", "expected_unserved_mwh", "reserve_short_hours"):
        for key in (name, f"{name}_reference"):
            assert thrice[key] == pytest.approx(3.0 * once[key])
    assert once["loss_of_load_hours_reference"] > 0.0 < once["reserve_short_hours"]
    assert thrice["elcc_mw"] == pytest.approx(once["elcc_mw"])


# ---------------------------------------------------------------------------- coal, CO2
def night_and_peak():
    """Thermal night, cleaner peak: coal at the margin in the valley, something else at 19:00."""
    hour = np.arange(48) % 24
    valley = (hour >= 22) | (hour < 6)
    rates = {
        "marginal_coal_tce_per_mwh": np.where(valley, 0.3, 0.0),
        "marginal_co2_t_per_mwh": np.where(valley, 0.83, 0.3),
    }
    peak, fill = np.where(hour == 19, 1.0, 0.0), np.where(hour == 3, 1.0 / 0.87, 0.0)
    coal = 500.0 * np.ones(48)
    before = arm(coal_mw=coal, coal_tce=0.3 * coal, co2_t=400.0, **rates)
    after = arm(
        coal_mw=coal + 50.0 * fill, coal_tce=0.3 * (coal + 50.0 * fill), co2_t=400.0 + 50.0 * (0.83 * fill - 0.3 * peak),
        ev_charge_mw=50.0 * fill, ev_discharge_mw=50.0 * peak, **rates,
    )  # fmt: skip
    return before, after


def test_v2g_must_increase_coal_where_the_night_is_thermal():
    effect = supply_effects(*night_and_peak())
    assert effect["coal_displaced_mwh"] == pytest.approx(-2 * 50.0 / 0.87)
    assert effect["coal_displaced_tce"] == pytest.approx(-0.3 * 2 * 50.0 / 0.87)
    assert effect["other_hours_coal_added_mwh"] == pytest.approx(2 * 50.0 / 0.87)
    assert effect["co2_avoided_t"] == pytest.approx(2 * 50.0 * (0.3 - 0.83 / 0.87))
    assert effect["extra_energy_mwh"] == pytest.approx(2 * 50.0 * (1 / 0.87 - 1.0))


def test_average_factors_hide_what_the_margin_shows():
    factors = emission_factors(*night_and_peak())
    assert factors["co2_avoided_by_margin_t"] == pytest.approx(2 * 50.0 * (0.3 - 0.83 / 0.87))
    assert abs(factors["co2_avoided_by_average_t"]) < abs(factors["co2_avoided_by_margin_t"])
    assert factors["marginal_in_valley_t_per_mwh"] == pytest.approx(0.83)
    assert factors["marginal_at_peak_t_per_mwh"] < 0.83


def test_no_credit_for_grid_storage_that_ends_emptier():
    """Storage that gave 10 MWh and was not refilled: coal is charged for it, at the rate of the valley."""
    before, after = night_and_peak()
    same = supply_effects(before, before)["coal_displaced_tce"]
    after = replace(before, system=before.system.assign(storage_missing_mwh=0.0))
    after.system.loc[19, "storage_missing_mwh"] = 10.0 / 0.8
    assert same == 0.0
    assert supply_effects(before, after)["coal_displaced_tce"] == pytest.approx(-0.3 * 10.0 / 0.8)


def test_nothing_is_avoided_where_nothing_is_ever_short():
    plenty = Units(np.array([100.0]), np.array([50]), np.array([0.99]), *FIRM, 0.9)
    found = adequacy(arm(net=np.full(48, 10.0)), arm(net=np.full(48, 5.0)), plenty, 0.05)
    assert set(found["units_avoided"].values()) == {0}
    assert found["elcc_mw"] == 0.0


def test_a_year_weighs_its_means():
    rate = np.where(np.arange(48) < 24, 0.3, 0.0)
    weight = np.where(np.arange(48) < 24, 3.0, 1.0)
    base = arm(marginal_coal_tce_per_mwh=rate)
    base.system["weight"] = weight
    drained = arm(marginal_coal_tce_per_mwh=rate, owners={"end_soc": 0.5})
    drained.system["weight"] = weight
    assert base.days == pytest.approx(4.0)
    missing = 2 * 5.0 * 10.0 / 1000.0 / 0.93
    assert supply_effects(base, drained)["coal_displaced_tce"] == pytest.approx(-0.3 * 0.75 * missing)


def test_parts_add_up():
    one = {"peak_shaving_mw": 10.0, "coal_displaced_tce": -2.0, "co2_avoided_t": 1.0, "generation_cost_saved_yuan": 5.0,
           "extra_energy_mwh": 1.0}  # fmt: skip
    two = {key: 3.0 * value for key, value in one.items()}
    for name, split in parts(one, two).items():
        assert split["delay"] + split["discharge"] == pytest.approx(two[name])


def test_the_bound_by_hand():
    """20% of 1.51 million cars at 7 kW, half of them plugged in, are 1,057 MW: 2.5% of 42.16 GW."""
    table = arm(net=np.full(48, 42_160.0), weight=302_000.0)
    bound = peak_bound(table, table, 7.0)
    assert bound["half_plugged_mw"] == pytest.approx(1057.0)
    assert bound["half_plugged_pct"] == pytest.approx(2.5, abs=0.01)
    assert bound["plugged_share"] is None


def test_the_peak_cut_keeps_within_its_physical_bound():
    """A fifth of Shanghai's cars at 7 kW, about half of them plugged in at the peak of a record day."""
    spec = prepare(SCENARIOS / "shanghai-summer.yaml", days=2, replications=1, arms=["uncontrolled", "v2g"],
                   settings={"fleet.sample": 2000 / 1_510_000, "chargers.bidirectional_kw": 7.0,
                             "participation.enrolled_share": 0.2, "outputs.figures": False})  # fmt: skip
    result = simulate(spec)
    effect = result.summary["effects"]["v2g"]
    bound = effect["peak_bound"]
    assert 0.3 < bound["plugged_share"] < 0.65
    assert 0.0 < effect["peak_shaving_mw"] < bound["as_plugged_mw"]
    assert 0.0 < effect["stability"]["gross_peak_cut_pct"] < 2.5
    assert bound["half_plugged_pct"] == pytest.approx(2.5, abs=0.15)
