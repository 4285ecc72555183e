"""Figures of people's charging, on sessions made by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.data.catalogue import rows
from sim.studies.validation import charging_habits as habits


def sessions(*rows_):
    """Sessions from (car, kind, start, end, kWh)."""
    table = pd.DataFrame(rows_, columns=["car", "charger_kind", "start", "end", "charged_kwh"])
    return table.assign(start=pd.to_datetime(table["start"]), end=pd.to_datetime(table["end"]))


def week_of(table):
    clock = SimpleNamespace(times=np.array(["2025-09-08"], "datetime64[s]"), warmup_steps=0)
    chargers = SimpleNamespace(public_slow_kw=7.0)
    spec = SimpleNamespace(city=SimpleNamespace(place="shanghai"), chargers=chargers)
    world = SimpleNamespace(cars={"ac_kw": np.array([7.0, 3.5])})
    return SimpleNamespace(model=SimpleNamespace(spec=spec, clock=clock, world=world), sessions=table)


def test_a_day_ends_at_four_and_rest_days_are_compared_by_the_day():
    table = sessions(
        (0, "home", "2025-09-08 19:00", "2025-09-09 07:00", 20.0),
        (1, "home", "2025-09-09 21:00", "2025-09-10 07:00", 20.0),
        (0, "home", "2025-09-13 01:00", "2025-09-13 09:00", 20.0),  # Friday's night
        (1, "home", "2025-09-13 18:00", "2025-09-14 10:00", 20.0),
        (0, "home", "2025-09-13 20:00", "2025-09-14 10:00", 20.0),
    )
    week = week_of(table)
    works = habits._on_workday(table, week)
    assert list(works) == [True, True, True, False, False]
    assert habits._median_hour(table[works]) == pytest.approx(21.0)
    assert habits._per_rest_day(table, week) == pytest.approx(2.0)


def test_hours_before_the_first_morning_belong_to_no_recorded_day():
    table = sessions(
        (0, "home", "2025-09-08 02:00", "2025-09-08 07:00", 20.0),
        (0, "home", "2025-09-08 19:00", "2025-09-09 07:00", 20.0),
        (0, "en route", "2025-09-10 19:00", "2025-09-10 19:15", 5.0),
    )
    assert list(habits._begun(week_of(table)).index) == [1]


def test_gaps_are_from_the_end_of_a_charge_to_the_next():
    table = sessions(
        (0, "home", "2025-09-08 19:00", "2025-09-09 07:00", 20.0),
        (0, "public fast", "2025-09-10 07:00", "2025-09-10 08:00", 20.0),
        (0, "home", "2025-09-12 08:00", "2025-09-12 09:00", 20.0),
        (1, "home", "2025-09-12 08:00", "2025-09-12 09:00", 20.0),
    )
    assert habits._median_gap_h(table, table.index[:3]) == pytest.approx(48.0), "no next one is a long gap"
    assert habits._median_gap_h(table, table.index[:2]) == pytest.approx((24.0 + 48.0) / 2.0)


def test_idle_is_time_beyond_energy_over_what_car_and_post_take():
    table = sessions(
        (0, "public slow", "2025-09-08 19:00", "2025-09-09 05:00", 14.0),  # 2 of 10 h at 7 kW
        (1, "public slow", "2025-09-08 19:00", "2025-09-09 05:00", 14.0),  # 4 of 10 h at the car's 3.5 kW
    )
    assert habits._idle_share(table, week_of(table)) == pytest.approx(1.0 - 6.0 / 20.0)


def test_energy_of_a_session_is_spread_over_its_hours_across_midnight():
    share = habits._share_by_hour(22.5, 3.0)
    assert share.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(share[[22, 23, 0, 1]], np.array([0.5, 1.0, 1.0, 0.5]) / 3.0)


def test_no_figure_is_both_set_and_checked():
    """A figure stands once, and either sets the model or checks it."""
    keys = [row["key"] for row in rows("published")]
    assert len(keys) == len(set(keys))
    assert sum(row["use"] == "check" for row in rows("published")) >= 32
