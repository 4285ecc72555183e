"""What is shown is what the command line would give."""

import numpy as np
import pytest

import sim
from sim.agents.map_counts import CHARGE_KW, FEED_IN_KW, N_CHARGING, N_DRIVING, N_FEEDING_IN
from sim.scenario import load_scenario
from sim.scenario.money import PayEventSection
from sim.scenario.shocks import ShockSection
from sim.view.controls import as_csv, as_yaml
from sim.view.owner_card import RANKED, card, pick
from sim.view.pair import Pair, with_event, with_shocks
from sim.view.recording import PER_KM, Eyes, plugged_in

UNPLUG = ShockSection(kind="unplug", at="2025-08-27 18:00", hours=2, share=0.6)
TRIP = ShockSection(kind="plant_outage", at="2025-08-27 18:00", hours=3, fuel="coal", mw=2500)
LINK = ShockSection(kind="control_link", at="2025-08-27 18:00", hours=2, share=0.5)
OUT = ShockSection(kind="charger_outage", at="2025-08-27 18:00", hours=1, share=0.5)


def stepped_to(pair: Pair, time: str) -> Pair:
    while str(pair.arm.clock.times[pair.arm.step_index]) < time:
        pair.step()
    return pair


def to_the_end(pair: Pair) -> Pair:
    while not pair.arm.finished:
        pair.step()
    return pair


@pytest.fixture(scope="module")
def ended(small):
    return to_the_end(stepped_to(Pair.of(small, "v2g"), "2025-08-27T12:00"))


def same(found, expected):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)
    else:
        assert found == expected


def test_figures_of_a_day_are_those_of_the_command_line(ended, tmp_path):
    path = tmp_path / "shown.yaml"
    path.write_text(as_yaml(ended), encoding="utf-8")
    result = sim.run(path)
    same(ended.summary(), result.summary)
    lines = as_csv(ended).splitlines()
    assert len(lines) == 1 + len(result.system)


def test_sums_while_a_run_goes_on_end_as_its_effects(ended):
    so_far, effects = ended.supply_so_far(), ended.summary()["effects"]["v2g"]
    shared = set(so_far) & set(effects)
    assert {"coal_displaced_tce", "co2_avoided_t", "generation_cost_saved_yuan"} <= shared
    same({key: so_far[key] for key in shared}, {key: effects[key] for key in shared})


def test_looking_on_changes_nothing(small, ended):
    """Cards, sums and pictures are read in every step of one run and in none of the other."""
    watched = Pair.of(small, "v2g")
    eyes = Eyes(watched.arm)
    while not watched.arm.finished:
        watched.step()
        eyes.cells(), eyes.dots(), card(watched, 3)
        if watched.recording:
            watched.supply_so_far()
        if watched.recording and watched.arm.step_index % 16 == 0:
            watched.summary()
    same(watched.summary(), ended.summary())


def test_surprises_are_as_if_the_scenario_had_named_them(small):
    struck = stepped_to(Pair.of(small, "v2g"), "2025-08-27T18:00")
    shocks = [UNPLUG, TRIP, LINK, OUT]
    struck.surprise(shocks)
    named = to_the_end(Pair.of(with_shocks(small, shocks), "v2g"))
    to_the_end(struck)
    for model, other in zip(struck.models, named.models, strict=True):
        assert model.system_frame().equals(other.system_frame())
    calm = to_the_end(Pair.of(small, "v2g"))
    assert not calm.arm.system_frame().equals(struck.arm.system_frame())


def test_what_would_have_been_foreseen_is_refused(small):
    pair = stepped_to(Pair.of(small, "v2g"), "2025-08-27T18:00")
    heat = ShockSection(kind="heat_wave", at="2025-08-27 19:00", hours=2, kelvin=3)
    with pytest.raises(ValueError, match="foreseen"):
        pair.surprise([heat])
    early = UNPLUG.model_copy(update={"at": UNPLUG.at.replace(hour=10)})
    with pytest.raises(ValueError, match="past"):
        pair.surprise([early])
    assert not pair.arm.spec.shocks


def test_arms_with_lists_of_their_own_get_what_is_added(small):
    spec = load_scenario(
        small, {"arms.v2g.shocks": [{"kind": "unplug", "at": "2025-08-27 10:00", "hours": 1}]}
    )
    more = with_event(with_shocks(spec, [TRIP]), PayEventSection(at="2025-08-27 18:00", yuan_per_kwh=2.0))
    assert [len(more.for_arm(arm).shocks) for arm in ("uncontrolled", "v2g")] == [1, 2]
    assert [len(more.for_arm(arm).market.events) for arm in ("uncontrolled", "v2g")] == [1, 1]


def test_cells_hold_every_car_that_is_not_parked_and_all_power(ended):
    cells, system = Eyes(ended.arm).cells().astype(float), ended.latest()
    assert plugged_in(cells).sum() == pytest.approx(system["cars_plugged"], rel=1e-4)
    assert cells[:, N_CHARGING].sum() == pytest.approx(system["cars_charging"], rel=1e-4)
    assert cells[:, N_FEEDING_IN].sum() == pytest.approx(system["cars_discharging"], rel=1e-4)
    assert cells[:, N_DRIVING].sum() == pytest.approx(system["cars_driving"], rel=1e-4)
    standby_mw = 1e-3 * 1_510_000 * 0.02
    assert cells[:, CHARGE_KW].sum() / 1000.0 == pytest.approx(system["ev_charge_mw"], abs=standby_mw)
    assert cells[:, FEED_IN_KW].sum() / 1000.0 == pytest.approx(system["ev_discharge_mw"], rel=1e-4, abs=0.01)


def test_cells_counted_step_by_step_are_those_counted_afresh(small):
    """Eyes remember where cars were; looking away for an hour and a shock must not fool them."""
    pair = Pair.of(small, "v2g")
    eyes, seen = Eyes(pair.arm), set()
    while pair.arm.step_index < 140:
        pair.step()
        if pair.arm.step_index == 100:
            pair.surprise([TRIP, UNPLUG])
        if pair.arm.step_index % 48 < 44:
            cells = eyes.cells()
            np.testing.assert_array_equal(cells, Eyes(pair.arm).cells())
            seen.add(cells.tobytes())
    assert len(seen) > 100


def test_cars_stand_still_unless_they_drive_and_never_leap(small):
    pair = Pair.of(small, "v2g")
    eyes = Eyes(pair.arm)
    pair.step()
    _, before = eyes.dots()
    moved = 0
    for _ in range(60):
        pair.step()
        looks, places = eyes.dots()
        far = np.hypot(*(places - before).astype(float).T) / PER_KM
        resting = (pair.arm.world.activity[eyes.cars] != 2) & (far > 0.02)
        arrived = pair.arm.world.drivers["arrive_step"][eyes.cars] >= pair.arm.step_index - 1
        assert not np.any(resting & ~arrived)
        moved += int((far > 0.5).sum())
        before = places
    assert moved > 100


def test_the_phone_tells_the_night_as_the_command_does(ended, capsys):
    car = pick(ended, "best")
    told = card(ended, car)
    earned = ended.earned_yuan()
    followed = earned[earned.index.isin(ended.arm.accountant.timeline.cars)]
    assert told["yuan_total"] == pytest.approx(followed.max(), abs=1e-6)
    worst, median = (card(ended, pick(ended, rank))["yuan_total"] for rank in ("worst", "median"))
    assert worst <= median <= told["yuan_total"]
    assert told["line"][-1][0] == 24.0
    assert told["events"]
    assert told["fed_in_kwh"] >= 0.0


def test_owners_who_are_not_there(ended):
    for asked in ("nobody", "601", ""):
        with pytest.raises(ValueError, match="best, median, worst"):
            pick(ended, asked)
    assert pick(ended, "17") == 17
    fresh = Pair.of(ended.spec, "v2g")
    for rank in RANKED:
        with pytest.raises(ValueError, match="once owners have earned"):
            pick(fresh, rank)


def test_the_reference_stands_alone(small):
    alone = to_the_end(Pair.of(small, "uncontrolled"))
    assert alone.summary()["effects"] == {}
    assert alone.latest() == alone.latest_reference()
    assert alone.supply_so_far()["coal_displaced_tce"] == 0.0


def test_stories_are_forgotten_after_two_days(small):
    spec = load_scenario(small, {"time.days": 4, "time.start": "2025-08-25", "fleet.sample": 200 / 1_510_000})
    pair = to_the_end(Pair.of(spec, "v2g"))
    rows = pair.arm.accountant.timeline.so_far(pair.arm.step_index, 5)
    assert str(rows["time"].iloc[0]) == "2025-08-25 00:00:00"
    assert str(rows["time"].iloc[1]) >= "2025-08-26 00:00:00"
    assert card(pair, 5)["days"] == 4.0


def test_the_present_is_told_at_the_price_at_which_it_was_decided(small):
    """At the end of the step before the tariff changes, the phone names the price of that step."""
    spec = load_scenario(small, {"arms.v2g.operator.policy": "tou"})
    pair = stepped_to(Pair.of(spec, "v2g"), "2025-08-27T06:00")
    prices = pair.arm.world.series["price"][:, 0]
    now = pair.arm.step_index
    assert prices[now] != prices[now - 1]
    for car in range(40):
        rows = pair.arm.accountant.timeline.so_far(now, car)
        if rows["charger"].iloc[-1] == "home":
            assert rows["price_yuan_per_kwh"].iloc[-1] == prices[now - 1]
