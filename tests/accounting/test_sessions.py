"""Sessions and trips add up to owners, flexibility and system."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sim
from sim.accounting.tables import CHARGE_COLUMNS, DISCHARGE_COLUMNS
from sim.city.charger_kinds import KINDS
from sim.city.codes import PLACES
from sim.runs.checkpoint import Checkpoint, Stopped
from sim.runs.periods import Recorded, joined
from sim.runs.run import RunResult, prepare, simulate
from sim.runs.store import read_result, write_result

SCENARIO = {
    "name": "sessions",
    "fleet": {"cars": 600},
    "time": {"start": "2025-08-25", "days": 2, "warmup_days": 1},
    "drivers": {"habits": {"alpha_need_driven": 0.3}},
    "chargers": {"work_bidirectional_share": 1.0, "public_posts_per_car": 0.08},
    "participation": {
        "override_share": 0.0,
        "stated_departure_wrong_share": 0.5,
        "left_early_penalty_yuan": 7.0,
        "reserve_soc": 0.2,
    },
    "outputs": {"sessions": True, "trips": True, "figures": False},
    "arms": {
        "plain": {"operator": {"policy": "immediate"}, "participation": {"contract": "none"}},
        "v2g": {"operator": {"policy": "peak-shave"}, "participation": {"contract": "two_way"}},
    },
    "reference": "plain",
}


@pytest.fixture(scope="module")
def result() -> RunResult:
    return sim.run(SCENARIO)


def of(frame: pd.DataFrame, arm: str) -> pd.DataFrame:
    return frame[frame["arm"] == arm].reset_index(drop=True)


@pytest.mark.parametrize("arm", ["plain", "v2g"])
def test_sessions_of_a_car_add_up_to_its_account(result, arm):
    owners, sessions = of(result.owners, arm).set_index("car"), of(result.sessions, arm)
    sums = sessions.groupby("car")[["charged_kwh", "discharged_kwh", "cost_yuan", "revenue_yuan"]].sum()
    sums = sums.reindex(owners.index, fill_value=0.0)
    for name in ("charged_kwh", "discharged_kwh"):
        np.testing.assert_allclose(sums[name], owners[name], atol=1e-9)
    cost = owners["charging_cost_yuan"] + owners["penalty_yuan"]
    np.testing.assert_allclose(sums["cost_yuan"], cost, atol=1e-9)
    revenue = owners[["feed_in_revenue_yuan", "event_revenue_yuan", "compensation_yuan"]].sum(axis=1)
    np.testing.assert_allclose(sums["revenue_yuan"], revenue, atol=1e-9)
    begun = sessions[(sessions["start"] > sessions["start"].min()) & (sessions["charger_kind"] != "en route")]
    late = begun.groupby("car").size().reindex(owners.index, fill_value=0)
    assert (late <= owners["sessions"]).all()
    assert late.sum() >= 0.95 * owners["sessions"].sum() > 100


def test_penalties_stand_in_the_session_that_ended_early(result):
    sessions = of(result.sessions, "v2g")
    early = sessions[sessions["controlled"] & (sessions["end"] < sessions["stated_end"])]
    assert len(early) > 5
    assert (early["cost_yuan"] >= 7.0 - 1e-9).mean() > 0.9


@pytest.mark.parametrize("arm", ["plain", "v2g"])
def test_sessions_by_kind_add_up_to_the_system(result, arm):
    system, sessions = of(result.system, arm), of(result.sessions, arm)
    weight, hours = result.spec.weight, result.spec.step_hours
    for total, columns, energy in (
        ("ev_charge_mw", CHARGE_COLUMNS, "charged_kwh"),
        ("ev_discharge_mw", DISCHARGE_COLUMNS, "discharged_kwh"),
    ):
        np.testing.assert_allclose(system[list(columns)].sum(axis=1), system[total], atol=1e-9)
        for name, kind in zip(columns, KINDS, strict=True):
            of_kind = sessions[sessions["charger_kind"] == kind][energy].sum() * weight / 1000.0
            assert of_kind == pytest.approx(system[name].sum() * hours, abs=1e-7), kind
    assert system["ev_discharge_en_route_mw"].sum() == 0.0


def test_controlled_sessions_add_up_to_flexibility(result):
    sessions = of(result.sessions, "v2g")
    controlled, mwh = sessions[sessions["controlled"]], result.spec.weight / 1000.0
    flexibility = of(result.flexibility, "v2g")
    assert controlled["charged_kwh"].sum() * mwh == pytest.approx(flexibility["drawn_mwh"].sum(), rel=1e-9)
    assert controlled["discharged_kwh"].sum() * mwh == pytest.approx(
        flexibility["fed_in_mwh"].sum(), rel=1e-9
    )
    assert controlled["discharged_kwh"].sum() > 0.0


def test_a_session_is_what_it_says(result):
    sessions = of(result.sessions, "v2g")
    assert list(sessions["session"]) == list(range(len(sessions)))
    ended = sessions[sessions["end"].notna()]
    assert (ended["end"] > ended["start"]).all()
    assert sessions["end"].isna().sum() > 0
    assert set(sessions["place"]) <= set(PLACES)
    assert (sessions.loc[sessions["charger_kind"] == "home", "place"] == "home").all()
    assert sessions["stated_end"].notna().eq(sessions["controlled"]).all()
    assert ((sessions["promised_soc"] > 0.0) == sessions["controlled"]).all()
    posts = sessions[sessions["charger_kind"] != "en route"]
    idle = posts[(posts["charged_kwh"] == 0.0) & (posts["discharged_kwh"] == 0.0)]
    np.testing.assert_allclose(idle["soc_start"], idle["soc_end"])
    only = posts[posts["discharged_kwh"] == 0.0]
    assert (only["soc_end"] >= only["soc_start"] - 1e-9).all()
    for _, car in posts.groupby("car"):
        assert (car["start"].to_numpy()[1:] >= car["end"].to_numpy()[:-1]).all()


def test_trips_add_up_to_owners_and_are_those_of_every_arm(result):
    trips, owners = result.trips, of(result.owners, "plain").set_index("car")
    number = trips.groupby("car").size().reindex(owners.index, fill_value=0)
    np.testing.assert_array_equal(number, owners["trips"])
    last = of(result.system, "plain")["time"].iloc[-1]
    done = trips[trips["end"] <= last]
    at_most = trips.groupby("car")["km"].sum().reindex(owners.index, fill_value=0.0)
    at_least = done.groupby("car")["km"].sum().reindex(owners.index, fill_value=0.0)
    assert (owners["km"] >= at_least - 0.01).all()
    assert (at_most + 60.0 >= owners["km"]).all()  # a trip on the road when recording began
    for _, car in trips.groupby("car"):
        assert (car["start"].to_numpy()[1:] >= car["end"].to_numpy()[:-1]).all()
        assert list(car["from_place"])[1:] == list(car["to_place"])[:-1]
        assert list(car["from_zone"])[1:] == list(car["to_zone"])[:-1]
    other = sim.run({**SCENARIO, "reference": "v2g"}).trips
    pd.testing.assert_frame_equal(trips, other)


def test_rent_belongs_to_no_session_and_a_sample_of_cars_adds_up_too():
    rent = {**SCENARIO["participation"], "charger_rent_yuan_per_month": 300.0}
    rented = sim.run({**SCENARIO, "participation": rent})
    owners = of(rented.owners, "v2g").set_index("car")
    cost = of(rented.sessions, "v2g").groupby("car")["cost_yuan"].sum().reindex(owners.index, fill_value=0.0)
    np.testing.assert_allclose(cost, owners["charging_cost_yuan"] + owners["penalty_yuan"], atol=1e-9)
    assert owners["rental_yuan"].max() > 10.0
    few = sim.run({**SCENARIO, "outputs": {**SCENARIO["outputs"], "owner_rows": 150}})
    owners, sessions = of(few.owners, "v2g").set_index("car"), of(few.sessions, "v2g")
    assert len(owners) == 150
    assert set(sessions["car"]) <= set(owners.index)
    charged = sessions.groupby("car")["charged_kwh"].sum().reindex(owners.index, fill_value=0.0)
    np.testing.assert_allclose(charged, owners["charged_kwh"], atol=1e-9)


@pytest.mark.parametrize("stopped_after", [20, 110, 230])
def test_a_run_that_was_stopped_tells_the_same_sessions_and_trips(result, tmp_path, stopped_after):
    spec, steps = prepare(SCENARIO), []
    saved = Checkpoint(tmp_path / "kept", spec)

    def stop(*of: object) -> None:
        steps.append(of)
        saved.asked_to_stop = len(steps) == stopped_after

    with pytest.raises(Stopped):
        simulate(spec, stop, saved)
    gone_on = simulate(spec, None, Checkpoint(tmp_path / "kept", spec))
    pd.testing.assert_frame_equal(gone_on.sessions, result.sessions)
    pd.testing.assert_frame_equal(gone_on.trips, result.trips)


def test_sessions_and_trips_of_several_weeks_keep_a_number_each(result):
    """Weeks of a year are run apart and stand below one another."""
    week = Recorded(**{name: of(getattr(result, name), "v2g") for name in ("system", "owners", "units", "flexibility",
                    "owner_days", "stories", "sessions")}, trips=result.trips)  # fmt: skip
    year = joined([week, week])
    assert year.sessions["session"].is_unique
    assert len(year.sessions) == 2 * len(week.sessions)
    assert not year.trips.duplicated(["car", "trip"]).any()


def test_they_are_written_and_read_where_they_are_asked_for(result, tmp_path):
    back = read_result(write_result(result, tmp_path / "asked").folder)
    assert len(back.sessions) == len(result.sessions)
    assert len(back.trips) == len(result.trips)
    assert list(back.sessions.columns) == list(result.sessions.columns)
    plain = sim.run({**SCENARIO, "outputs": {"figures": False}})
    folder = write_result(plain, tmp_path / "plain").folder
    assert not (folder / "sessions.parquet").exists()
    assert not (folder / "trips.parquet").exists()
    assert read_result(folder).sessions.empty
