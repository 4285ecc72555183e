"""Time has no edges: parts of steps, the end of a run, the last day of the calendar."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.dispatch.registry import POLICIES
from sim.grid.clock import Clock
from sim.market.tariffs import event_premiums
from sim.runs.run import simulate
from sim.scenario import ScenarioError, load_scenario
from tests.conftest import arms_with, small

MIDNIGHT = dt.datetime(2025, 8, 27)


def clock_of(step_minutes=15, **time):
    return Clock.of(load_scenario({"time": {"start": "2025-08-27", "days": 1, "warmup_days": 0,
                                            "step_minutes": step_minutes, **time}}))  # fmt: skip


@given(
    second=st.integers(0, 86_399),
    seconds=st.integers(1, 200_000),
    minutes=st.sampled_from([1, 5, 10, 15, 60]),
)
def test_the_parts_of_steps_add_up_to_the_stretch_within_the_run(second, seconds, minutes):
    clock = clock_of(minutes)
    share = clock.share_within(MIDNIGHT + dt.timedelta(seconds=second), seconds / 3600.0)
    assert share.min() >= 0.0
    assert share.max() <= 1.0
    assert share.sum() * 60 * minutes == pytest.approx(min(seconds, 86_400 - second), abs=1e-6)


def test_whole_steps_are_wholly_within():
    clock = clock_of(10)
    share = clock.share_within(MIDNIGHT + dt.timedelta(hours=18), 1.0)
    assert sorted(set(share)) == [0.0, 1.0]
    assert (
        np.flatnonzero(share).tolist()
        == list(range(108, 114))
        == list(range(*clock.stretch(MIDNIGHT.replace(hour=18), 1.0)))
    )


@pytest.mark.parametrize(("at", "hours", "within_run_h"), [
    ("18:07", 0.05, 0.05), ("23:59", 2.0, 1.0 / 60.0), ("23:52", 0.1, 0.1), ("00:00", 24.0, 24.0), ("18:00", 0.25, 0.25),
])  # fmt: skip
def test_an_event_pays_as_long_as_it_lasts(at, hours, within_run_h):
    event = {"at": f"2025-08-27 {at}", "hours": hours, "yuan_per_kwh": 1.0, "yuan_per_kw": 2.0}
    spec = small(market__events=[event], time__warmup_days=0)
    clock = Clock.of(spec)
    paid = event_premiums(spec, clock).sum() * clock.step_hours
    assert paid == pytest.approx(within_run_h * (1.0 + 2.0 / hours))


@pytest.mark.parametrize("kind", ["unplug", "control_link", "charger_outage"])
def test_what_is_or_is_not_strikes_with_a_step(kind):
    for at, hours, key in (("23:59", 2.0, "at"), ("18:00", 0.2, "hours")):
        with pytest.raises(ScenarioError, match=rf"shocks\.0\.{key}: '{kind}'"):
            small(shocks=[{"kind": kind, "at": f"2025-08-27 {at}", "hours": hours}])
    last = small(shocks=[{"kind": kind, "at": "2025-08-27 23:45", "hours": 2.0}])
    assert simulate(last).summary["audit"]["passed"]


def test_the_last_day_of_the_calendar_runs_and_the_next_says_why_not():
    assert simulate(small(time__start="2026-12-31", fleet__sample=60 / 1_510_000)).summary["audit"]["passed"]
    with pytest.raises(ScenarioError, match="published calendar of holidays"):
        small(time__start="2027-01-01")
    with pytest.raises(
        ScenarioError, match="last recorded day is 2027-01-01; the calendar of holidays is published"
    ):
        small(time__start="2026-12-31", time__days=2)


TWO_WAY = {"uncontrolled": {"operator": {"policy": "immediate"}, "participation": {"contract": "none"}}}
UNLIKE = {
    "policies": {"arms": TWO_WAY | {name: {"operator": {"policy": name}, "participation": {"contract": "two_way"}}
                                    for name in POLICIES}, "grid.storage": [{"power_mw": 500.0, "energy_mwh": 2000.0}]},
    "foresight": {"operator.arrivals": "perfect", "operator.net_load": "perfect", "operator.horizon_hours": 72,
                  "arms": arms_with("coordinated")},
    "dynamic prices": {"market.home_tariff": "dynamic", "market.feed_in_tariff": "dynamic", "arms": arms_with("price")},
    "choice at the end of a month": {"time.start": "2025-08-31", "participation.enrolment": "choice",
                                     "arms": arms_with("price"), "participation.availability_yuan_per_kw_month": 20.0},
    "shocks across midnight": {
        "shocks": [{"kind": "unplug", "at": "2025-08-27 22:00", "hours": 4.0},
                   {"kind": "plant_outage", "fuel": "coal", "mw": 3000.0, "at": "2025-08-27 23:07", "hours": 4.1}],
        "market.events": [{"at": "2025-08-27 23:50", "hours": 3.0, "yuan_per_kwh": 2.0}]},
}  # fmt: skip


@pytest.mark.parametrize("unlike", UNLIKE)
def test_the_first_day_of_two_is_the_day_alone(unlike):
    """Bit by bit: nothing that is planned feels where the run ends."""
    settings = {key.replace(".", "__"): value for key, value in UNLIKE[unlike].items()}
    one, two = (
        simulate(small(fleet__sample=150 / 1_510_000, time__days=days, **settings)) for days in (1, 2)
    )
    for table in ("system", "units", "flexibility"):
        for arm in one.spec.arms:
            alone, first = (
                frame[frame["arm"] == arm].reset_index(drop=True)
                for frame in (getattr(one, table), getattr(two, table))
            )
            for name in alone.columns:
                same = np.array_equal(alone[name].to_numpy(), first[name].to_numpy()[: len(alone)])
                assert same, f"{table}.{name} of {arm}"


def test_weeks_of_a_year_begin_and_end_when_cars_have_charged():
    weeks = [{"start": "2025-07-14", "months": list(range(1, 13))}]
    from sim.runs.periods import parts_of

    spec = load_scenario({"time": {"weeks": weeks, "warmup_days": 1}})
    (part,) = parts_of(spec)
    clock = Clock.of(part.spec)
    recorded = clock.times[clock.warmup_steps :]
    assert str(recorded[0]) == "2025-07-14T04:00"
    assert str(recorded[-1]) == "2025-07-21T03:45"
    assert len(recorded) == 7 * clock.steps_per_day
