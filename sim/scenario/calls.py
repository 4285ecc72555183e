"""Calls to public two-way posts, and how owners respond who would have to drive there."""

from __future__ import annotations

from sim.scenario.fields import Moment, Section, assumed, chosen


class CallSection(Section):
    """An announced event: whoever feeds in at a public two-way post in these hours is paid an event price."""

    at: Moment = chosen(..., "when it begins, such as 2025-08-27 19:00")
    hours: float = chosen(1.0, "how long it lasts", "h", gt=0.0, le=24.0)
    yuan_per_kwh: float = chosen(..., "paid for energy fed in at a public two-way post, in all", "yuan/kWh",
                                 ge=0.0, le=100.0)  # fmt: skip
    notice_minutes: float = chosen(120.0, "how long before it is announced", "min", ge=0.0, le=1440.0)


class DriveOutSection(Section):
    """Which owners drive to a public two-way post in order to sell when a call is announced."""

    registered_share: float = assumed("drive_out_registered_share", ge=0.0, le=1.0)
    free_share: float = assumed("drive_out_free_share", ge=0.0, le=1.0)
    wanted_gain_yuan: float = assumed("drive_out_wanted_gain", gt=0.0, le=10_000.0)
    wanted_gain_spread: float = assumed("drive_out_wanted_gain_spread", ge=0.0, le=3.0)
    value_of_time_yuan_per_h: float = assumed("value_of_time", ge=0.0, le=1000.0)
    experience: float = assumed("drive_out_experience", ge=0.0, le=1.0)
    fatigue: float = assumed("drive_out_fatigue", ge=0.0, le=1.0)
