"""Whatever strikes, under any policy: no limit is violated, and no promise breaks without a cause."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import CityModel
from sim.accounting.accountant import CAUSES
from sim.agents import limits
from sim.agents.limits import shares_within
from sim.city.charger_kinds import HOME_KIND
from sim.dispatch.event import EventCall
from sim.dispatch.registry import POLICIES
from sim.grid.plants import COAL
from sim.rules.compiling import per_row
from sim.scenario.supply_side import EventSection
from tests.conftest import small

AT = "2025-08-27 19:00"
SHOCKS = {
    "nothing": [],
    "all unplug": [{"kind": "unplug", "at": AT, "hours": 2.0}],
    "some of Pudong unplug": [{"kind": "unplug", "at": AT, "hours": 2.0, "share": 0.5, "district": "Pudong"}],
    "the link fails": [{"kind": "control_link", "at": AT, "hours": 3.0, "fallback": "charge"}],
    "the link fails, cars wait": [{"kind": "control_link", "at": AT, "hours": 3.0, "fallback": "wait"}],
    "chargers fail": [{"kind": "charger_outage", "at": AT, "hours": 3.0, "share": 0.7}],
    "heat": [{"kind": "heat_wave", "at": AT, "hours": 5.0, "kelvin": 4.0}],
    "lines fail": [{"kind": "plant_outage", "at": AT, "hours": 4.0, "fuel": "import", "mw": 12000.0}],
    "a false forecast": [{"kind": "false_forecast", "at": AT, "hours": 4.0, "mw": -3000.0}],
}

#: Days on which all of that happens, one after another, so that every policy and contract meets each.
DAYS = {
    "nothing": {},
    "all unplug, then the link fails": {"all unplug": "18:00", "the link fails": "21:00"},
    "a false forecast, some unplug, then cars wait": {
        "a false forecast": "12:00", "some of Pudong unplug": "18:00", "the link fails, cars wait": "21:00",
    },
    "heat, chargers fail, then lines": {"heat": "12:00", "chargers fail": "17:00", "lines fail": "20:00"},
}  # fmt: skip


def run(policy="peak-shave", contract="two_way", **options):
    operator = {"operator__policy": policy, "participation__contract": contract}
    model = CityModel(small(arms={}, reference="run", **{**operator, **options}))
    model.run_model()
    assert model.accountant.audit.passed, model.accountant.audit.violations
    return model


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("contract", ["one_way", "two_way"])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_survives_every_shock(policy, contract, day):
    shocks = [{**SHOCKS[name][0], "at": f"2025-08-27 {clock}"} for name, clock in DAYS[day].items()]
    model = run(policy, contract, shocks=shocks, fleet__sample=150 / 1_510_000)
    broken = int(model.cars.get("promise_shortfalls").sum())
    assert broken == sum(int(model.cars.get(cause).sum()) for cause in CAUSES)
    if day == "nothing":
        assert broken == int(model.cars.get("shortfalls_left_early").sum())


def test_days_of_shocks_have_every_kind_and_their_hours():
    happening = [name for day in DAYS.values() for name in day]
    assert sorted([*happening, "nothing"]) == sorted(SHOCKS)


@settings(max_examples=8)
@given(
    seed=st.integers(0, 10_000),
    policy=st.sampled_from(sorted(POLICIES)),
    shock=st.sampled_from(sorted(SHOCKS)),
    wrong=st.floats(0.0, 1.0),
    limit=st.floats(0.05, 1.0),
)
def test_random_fleets_with_liars_and_weak_feeders(seed, policy, shock, wrong, limit):
    run(
        policy,
        seed=seed,
        shocks=SHOCKS[shock],
        fleet__sample=80 / 1_510_000,
        participation__stated_departure_wrong_share=wrong,
        chargers__feeder_limit_share=limit,
        chargers__site_limit_share=limit,
        chargers__posts_per_site=3,
    )


def at(model, hour, column):
    system = model.system_frame().set_index("time")[column]
    return float(system[f"2025-08-27 {hour}"])


def test_all_unplug_and_come_back_when_it_is_over():
    usual, struck = run(), run(shocks=SHOCKS["all unplug"])
    assert at(struck, "18:45", "cars_plugged") == at(usual, "18:45", "cars_plugged")
    for hour in ("19:00", "20:45"):
        assert at(struck, hour, "cars_plugged") == 0.0
    assert at(struck, "21:15", "cars_plugged") > 0.7 * at(usual, "21:15", "cars_plugged")
    assert int(struck.cars.get("shortfalls_shock").sum()) > 0, "promises broken have their cause"


def test_a_share_and_a_district_hit_fewer():
    everyone, some = run(shocks=SHOCKS["all unplug"]), run(shocks=SHOCKS["some of Pudong unplug"])
    assert 0.0 == at(everyone, "19:00", "cars_plugged") < at(some, "19:00", "cars_plugged")
    assert at(some, "19:00", "cars_plugged") < at(run(), "19:00", "cars_plugged")


def test_payments_that_rise_bring_owners_back():
    call = {"first_yuan_per_kwh": 0.5}
    left, called = (run(shocks=SHOCKS["all unplug"], operator__event=event) for event in ({}, call))
    price = called.world.series["event_price"]
    assert np.all(np.diff(price[price > 0.0]) >= 0.0)
    assert at(called, "20:30", "cars_plugged") > at(left, "20:30", "cars_plugged") == 0.0
    paid = float(called.cars.get("event_revenue_yuan").sum())
    assert paid > 0.0
    books = called.accountant.settlement.ledger.paid["grid company", "owners", "event"]
    assert books == pytest.approx(paid * called.spec.weight)
    assert float(left.cars.get("event_revenue_yuan").sum()) == 0.0
    owners = called.owners_frame()
    received = owners[["feed_in_revenue_yuan", "event_revenue_yuan", "compensation_yuan"]].sum(axis=1)
    spent = owners["charging_cost_yuan"] + owners["wear_cost_yuan"]
    np.testing.assert_allclose(owners["net_cost_yuan"], spent - received, atol=1e-9)


def test_a_call_rises_until_enough_are_back_and_never_beyond_its_highest():
    settings_ = EventSection(
        first_yuan_per_kwh=1.0, raise_yuan_per_kwh=1.0, highest_yuan_per_kwh=3.0, wanted_share=0.5
    )
    call = EventCall(settings_)
    assert call.update(False, 100.0) == 0.0
    assert [call.update(True, mw) for mw in (0.0, 10.0, 60.0, 20.0, 20.0)] == [1.0, 2.0, 2.0, 3.0, 3.0]
    assert call.update(False, 100.0) == 0.0


def test_without_the_link_chargers_follow_their_local_rule():
    link, wait = run(shocks=SHOCKS["the link fails"]), run(shocks=SHOCKS["the link fails, cars wait"])
    assert at(link, "19:00", "ev_charge_mw") > at(wait, "19:00", "ev_charge_mw")
    for model in (link, wait):
        assert at(model, "19:00", "ev_discharge_mw") == 0.0
        assert at(model, "19:00", "up_available_mw") == 0.0


def test_chargers_that_fail_deliver_nothing():
    out = [{"kind": "charger_outage", "at": AT, "hours": 3.0}]
    model = run(shocks=out)
    system = model.system_frame().set_index("time").loc["2025-08-27 19:00":"2025-08-27 21:45"]
    assert float(system["ev_discharge_mw"].max()) == 0.0
    assert int(system["cars_charging"].max()) == 0
    assert float(system["cars_plugged"].min()) > 0.0


def test_heat_raises_demand_and_a_failure_of_lines_the_price():
    usual, hot, dark = run(), run(shocks=SHOCKS["heat"]), run(shocks=SHOCKS["lines fail"])
    # four degrees for five of the past day's 96 steps, at what a degree adds in the evening
    added = at(hot, "20:00", "demand_mw") - at(usual, "20:00", "demand_mw")
    assert 4.0 * 5.0 / 96.0 * 1000.0 < added < 4.0 * 5.0 / 96.0 * 1700.0
    assert at(hot, "23:00", "demand_mw") - at(usual, "23:00", "demand_mw") > 2.5 * added
    assert at(dark, "20:00", "unserved_mw") > at(usual, "20:00", "unserved_mw") == 0.0
    assert at(dark, "18:30", "import_mw") == pytest.approx(at(usual, "18:30", "import_mw"))


def test_coal_that_fails_is_gone_and_comes_back():
    lost = [{"kind": "plant_outage", "at": AT, "hours": 2.0, "fuel": "coal", "mw": 5000.0}]
    usual, hit = run(), run(shocks=lost)
    assert at(usual, "20:00", "coal_mw") - at(hit, "20:00", "coal_mw") == pytest.approx(5000.0, rel=0.05)
    assert at(hit, "18:45", "coal_mw") == pytest.approx(at(usual, "18:45", "coal_mw"))
    coal = hit.grid.plants.fuel == COAL
    able = (hit.grid.plants.mw * hit.grid.available)[:, coal].sum(axis=1)
    assert able[96 + 80] == pytest.approx(able[96 + 70] - 5000.0, rel=0.01)


flows = st.floats(0.0, 1e6)


@given(must=flows, rest=flows, fed=flows, cap=st.floats(1.0, 1e6))
def test_what_a_limit_lets_through_fits_and_what_must_flow_comes_first(must, rest, fed, cap):
    must_share, rest_share, fed_share = shares_within(must, rest, fed, cap)
    assert must * must_share + rest * rest_share <= cap * (1 + 1e-9)
    assert fed * fed_share <= cap * (1 + 1e-9)
    if must_share < 1.0:
        assert rest * rest_share == pytest.approx(0.0, abs=1e-6)
    if must + rest <= cap:
        assert must * must_share + rest * rest_share == pytest.approx(must + rest, abs=1e-6)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_keeps_within_feeders_and_sites(policy):
    limits = {"chargers__feeder_limit_share": 0.1, "chargers__site_limit_share": 0.4}
    model = CityModel(small(arms={}, reference="run", operator__policy=policy,
                            participation__contract="two_way", chargers__posts_per_site=4, **limits))  # fmt: skip
    chargers, binding = model.world.chargers, 0
    while not model.finished:
        model.step()
        power = np.where(chargers["car"] >= 0, chargers["power_kw"], 0.0).astype(float)
        power[power < 0.1] = np.minimum(power[power < 0.1], 0.0)  # standby
        for sign in (1.0, -1.0):
            flow = np.maximum(sign * power, 0.0)
            by_district = np.bincount(chargers["district"], flow, len(model.limits.feeders_kw))
            assert np.all(by_district <= model.limits.feeders_kw + 1e-6)
            binding += int(np.sum(by_district > 0.99 * model.limits.feeders_kw))
            for site in model.limits.sites:
                assert flow[site["first"] : site["stop"]].sum() <= site["cap_kw"] + 1e-6
    assert binding > 0, "the limits are tight enough to test anything"
    assert model.accountant.audit.violations == {}


def test_drivers_who_leave_early_break_promises_with_their_cause_and_no_other():
    model = run(participation__stated_departure_wrong_share=1.0)
    left_early = int(model.cars.get("shortfalls_left_early").sum())
    assert int(model.cars.get("promise_shortfalls").sum()) == left_early > 0
    honest = run(
        participation__stated_departure_wrong_share=0.0, participation__stated_departure_spread_minutes=0.0
    )
    assert int(honest.cars.get("promise_shortfalls").sum()) == 0


def test_a_promise_that_breaks_without_a_cause_fails_the_audit():
    model = run()
    model.city.accounts["promise_shortfalls"][3] += 1
    model.accountant.finish()
    assert model.accountant.audit.violations == {"promises broken without a cause": 1}


def test_limits_are_shares_of_the_ratings_behind_them_and_scale_with_the_sample():
    for cars in (200, 400):
        model = CityModel(small(chargers__site_limit_share=0.3, chargers__feeder_limit_share=0.1,
                                chargers__posts_per_site=3, fleet__sample=cars / 1_510_000))  # fmt: skip
        chargers = model.world.chargers
        for site in model.limits.sites:
            posts = chargers[site["first"] : site["stop"]]
            assert 1 <= len(posts) <= 3
            assert len(set(posts["kind"])) == len(set(posts["district"])) == 1
            assert site["cap_kw"] == pytest.approx(0.3 * posts["rated_kw"].sum(), rel=1e-6)
        behind = np.concatenate([np.arange(site["first"], site["stop"]) for site in model.limits.sites])
        np.testing.assert_array_equal(behind, np.flatnonzero(chargers["kind"] != HOME_KIND))
        total = float(chargers["rated_kw"].sum(dtype=float))
        assert model.limits.feeders_kw.sum() == pytest.approx(0.1 * total)
    free = CityModel(small()).limits
    assert len(free.sites) == 0
    assert np.all(np.isinf(free.feeders_kw))


@per_row
def no_limit(start, stop, what, world):
    return


@pytest.mark.parametrize("what", ["limit_sites", "limit_feeders"])
def test_power_above_a_shared_limit_fails_the_audit(monkeypatch, what):
    monkeypatch.setattr(limits, what, no_limit)
    model = CityModel(small(chargers__site_limit_share=0.3, chargers__feeder_limit_share=0.1,
                            chargers__posts_per_site=2), arm="uncontrolled")  # fmt: skip
    model.run_model()
    assert "sites and feeders" in model.accountant.audit.violations


def test_a_call_ends_with_its_event_and_a_second_one_starts_afresh():
    """Who has answered once is not paid for an event of others, and comes back like anybody."""
    twice = [
        {"kind": "unplug", "at": "2025-08-27 01:00", "hours": 2.0},
        {"kind": "unplug", "at": "2025-08-27 19:00", "hours": 2.0},
    ]
    model = CityModel(small(arms={}, reference="run", operator__policy="peak-shave", shocks=twice,
                            participation__contract="two_way", operator__event={"first_yuan_per_kwh": 9.0}))  # fmt: skip
    answered = []
    while not model.finished:
        model.step()
        answered.append(int(model.drivers.get("answers_call").sum()))
    day = 96  # steps of the warm-up
    assert answered[day + 6] > 0
    assert answered[day + 13] == 0, "nobody keeps the flag when it is over"
    assert answered[day + 78] > 0
    price = model.world.series["event_price"]
    assert price[day + 12] == 0.0, "and nobody is called in the step in which it is over"
    assert price[day + 11] > 0.0
