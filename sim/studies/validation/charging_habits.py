"""How people charge: figures of sessions by place, on workdays and rest days, from the tables of a run."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.city.calendar import is_workday
from sim.city.charger_kinds import AT_WORKPLACES, EN_ROUTE, FAST_KIND, HOME_KIND, KINDS, PUBLIC
from sim.effects.shape import daily_charging_shape
from sim.studies.validation.habits_by_group import habits_by_group, returns_home
from sim.studies.validation.observed import SLOW_KIND, Week

DAY_ENDS_H = 4.0  # people's day, not the calendar's
SHORT_H, LONG_H = 0.5, 24.0
EVENING_H = 18

Flags = NDArray[np.bool_]


def habits_of(week: Week) -> dict[str, float]:
    """Figures of the report card about how people charge.

    Parameters
    ----------
    week : Week
        Weeks in which nobody is controlled, with their sessions. Sessions that begin in the first week
        count; the others tell how they end, and when the next one begins.
    """
    model = week.model
    drivers, cars = model.world.drivers, model.world.cars
    commercial = model.world.town.archetypes["commercial"][drivers["archetype"]] == 1
    electric = ~commercial & (cars["is_phev"] == 0)
    every = _begun(week)
    begun = _in_first_week(every, week)
    mine = begun[electric[begun["car"]]]
    owners = electric & (drivers["home_charger"] >= 0)
    at_home, at_work, in_public = (
        each[each["charger_kind"].isin(KINDS[kind] for kind in kinds)]
        for each, kinds in ((mine, (HOME_KIND,)), (mine, AT_WORKPLACES), (begun, PUBLIC))
    )
    public = in_public[in_public["end"].notna()]
    slow = public[public["charger_kind"] == KINDS[SLOW_KIND]]
    return {
        "shape_nrmse_workday": _nrmse(week),
        "shape_nrmse_restday": _nrmse(week, on_rest_days=True),  # no curve of rest days is published
        "home_plug_in_hour": _median_hour(at_home[_on_workday(at_home, week)]),
        "weekend_plug_ins": _per_rest_day(at_home, week),
        "home_sessions_per_week": len(at_home) / max(1, owners.sum()),
        "gap_between_charges_h": _median_gap_h(every[electric[every["car"]]], begun.index),
        "charges_per_year": len(mine) / max(1, electric.sum()) * 365.0 / 7.0,
        "kwh_per_public_session": float(public["charged_kwh"].mean()),
        "public_sessions_short": float((_hours(public) <= SHORT_H).mean()),
        "public_sessions_dc": float((public["charger_kind"] == KINDS[FAST_KIND]).mean()),
        "shared_post_hours": float(_hours(slow).median()),
        "shared_post_idle": _idle_share(slow, week),
        "sessions_over_24h": float((_hours(slow) > LONG_H).mean()),
        "home_connection_h": float(_hours(at_home).mean()),
        "work_connection_h": float(_hours(at_work).mean()),
        "workplace_users": at_work["car"].nunique() / max(1, electric.sum()),
        **_plugging_in(at_home, at_work, week),
        **_by_hour(week, commercial),
        **habits_by_group(week, begun),
        **returns_home(week, week.trips),
    }


def _plugging_in(at_home: pd.DataFrame, at_work: pd.DataFrame, week: Week) -> dict[str, float]:
    """When cars are plugged in at home, for how long, and what they charge at work."""
    workdays = at_home[_on_workday(at_home, week)]
    return {
        "home_plug_in_hour_nl": _median_hour(workdays),
        "home_plug_in_evening": float((workdays["start"].dt.hour >= EVENING_H).mean()),
        "home_connection_median_h": float(_hours(at_home).median()),
        "work_kwh": float(at_work["charged_kwh"].mean()),
    }


def _nrmse(week: Week, on_rest_days: bool = False) -> float:
    """Error of the hourly shape against the published workday, over its mean."""
    system, place = week.model.system_frame(), week.model.spec.city.place
    shape = daily_charging_shape(system, place=place, on_rest_days=on_rest_days)
    return math.nan if shape is None else shape.normalised_rmse


def _begun(week: Week) -> pd.DataFrame:
    """Sessions that began on people's days that are recorded, without charging on the way."""
    sessions, clock = week.sessions, week.model.clock
    first = pd.Timestamp(clock.times[clock.warmup_steps]) + pd.Timedelta(hours=DAY_ENDS_H)
    begun = sessions["start"] >= first  # the hours before belong to the day before
    return sessions[begun & (sessions["charger_kind"] != KINDS[EN_ROUTE])]


def _in_first_week(begun: pd.DataFrame, week: Week) -> pd.DataFrame:
    first = pd.Timestamp(week.model.clock.times[week.model.clock.warmup_steps])
    return begun[begun["start"] < first + pd.Timedelta(days=7, hours=DAY_ENDS_H)]


def _hours(sessions: pd.DataFrame) -> pd.Series:
    """Connected time; not a number for a session that goes on."""
    return (sessions["end"] - sessions["start"]).dt.total_seconds() / 3600.0


def _on_workday(sessions: pd.DataFrame, week: Week) -> Flags:
    place = week.model.spec.city.place
    days = (sessions["start"] - pd.Timedelta(hours=DAY_ENDS_H)).dt.date
    found: Flags = days.map(lambda day: is_workday(day, place)).to_numpy(bool)
    return found


def _median_hour(sessions: pd.DataFrame) -> float:
    """Median hour of plugging in, with the day cut at four in the morning."""
    since = sessions["start"] - pd.Timedelta(hours=DAY_ENDS_H)
    return float((since.dt.hour + since.dt.minute / 60.0).median()) + DAY_ENDS_H


def _per_rest_day(sessions: pd.DataFrame, week: Week) -> float:
    """Sessions begun on a rest day over those begun on a workday."""
    works = _on_workday(sessions, week)
    days = (sessions["start"] - pd.Timedelta(hours=DAY_ENDS_H)).dt.date
    per_day = [len(sessions[part]) / max(1, days[part].nunique()) for part in (~works, works)]
    return per_day[0] / per_day[1] if per_day[1] else math.nan


def _median_gap_h(sessions: pd.DataFrame, which: pd.Index) -> float:
    """Median time from the end of some sessions to the start of the car's next one; no next one is long."""
    ordered = sessions.sort_values(["car", "start"])
    gap = (ordered.groupby("car")["start"].shift(-1) - ordered["end"]).dt.total_seconds() / 3600.0
    of_these = gap[gap.index.isin(which)]
    return float(of_these.fillna(np.inf).median())


def _idle_share(sessions: pd.DataFrame, week: Week) -> float:
    """Share of the connected time in which a post does not charge: time beyond energy over the rating."""
    connected = float(_hours(sessions).sum())
    rated_kw = np.minimum(
        week.model.spec.chargers.public_slow_kw,
        week.model.world.cars["ac_kw"][sessions["car"]].astype(np.float64),
    )
    charging = float((sessions["charged_kwh"].to_numpy() / np.maximum(rated_kw, 1e-9)).sum())
    return 1.0 - charging / connected if connected else math.nan


def _by_hour(week: Week, commercial: Flags) -> dict[str, float]:
    """Share of home charging at night, and when taxis and ride-hailing cars charge."""
    system, hour = week.model.system_frame(), week.model.system_frame()["time"].dt.hour
    home = system["ev_charge_home_mw"]
    night = (hour >= 22) | (hour < 6)
    begun = _in_first_week(_begun(week), week)
    trade = begun[commercial[begun["car"]] & begun["end"].notna()]
    kwh = np.zeros(24)
    for start, hours, energy in zip(trade["start"], _hours(trade), trade["charged_kwh"], strict=True):
        kwh += energy * _share_by_hour(start.hour + start.minute / 60.0, hours)
    total = max(1e-9, kwh.sum())
    return {
        "home_offpeak_share": float(home[night].sum() / max(1e-9, home.sum())),
        "trade_night_share": float(kwh[:8].sum() / total),
        "trade_quiet_hour": float(np.argmin(kwh)) + 0.5,
        "trade_lunch_share": float(kwh[12:14].mean() / total),
    }


def _share_by_hour(begin_h: float, hours: float) -> NDArray[np.float64]:
    """Share of a session in every hour of the day."""
    shares, edge, end = np.zeros(24), begin_h, begin_h + max(hours, 1e-9)
    while edge < end:
        until = min(end, math.floor(edge) + 1.0)
        shares[int(edge) % 24] += until - edge
        edge = until
    found: NDArray[np.float64] = shares / shares.sum()
    return found
