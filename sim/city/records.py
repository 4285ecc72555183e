"""Types of the records of the town.

Made by ``tools/make_records.py`` from their columns; do not edit.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sim.state.records import Record


class ZoneRecord(Record):
    """A zone of the town."""

    x_km: float
    y_km: float
    radius_km: float
    district: int


class ArchetypeRecord(Record):
    """Traits of a kind of driver (archetypes.csv)."""

    drives_workday: float
    drives_restday: float
    daily_km: float
    commercial: int
    commutes: int
    day_plan: int
    shift_start_min: float
    shift_start_latest_min: float
    legs: int
    first_leg: int


class HolidayRecord(Record):
    """The long holiday that a day belongs to."""

    first: int
    last: int
    leaving_share: float
    median_km: float
    spread: float


class LegRecord(Record):
    """A leg of driving for a living (driving_days.csv)."""

    drive_minutes: float
    share: float
    stop_minutes: float
    at_home: int


class StayRecord(Record):
    """How long people stay for a purpose (stays.csv)."""

    median_minutes: float
    spread: float


class TownFigures(Record):
    """Numbers of a scenario that streets and days depend on."""

    network_factor: float
    trip_shortest_km: float
    speed_peak_kmh: float
    speed_offpeak_kmh: float
    morning_rush_from_min: float
    morning_rush_to_min: float
    evening_rush_from_min: float
    evening_rush_to_min: float
    speed_exponent: float
    speed_lowest_kmh: float
    speed_highest_kmh: float
    jitter_min: float
    leave_work_correlation: float
    errand_after_work_share: float
    evening_errand_share: float
    excursion_share: float
    tour_one_place_share: float
    tour_three_places_share: float
    second_tour_share: float
    second_tour_min: float
    second_tour_spread_min: float


class PlanRecord(Record):
    """Trips of one driver on one day, in order."""

    depart_min: NDArray[Any]
    minutes: NDArray[Any]
    km: NDArray[Any]
    place: NDArray[Any]
    zone: NDArray[Any]
    goes_on: int


class ChargerTraits(Record):
    """Traits of a kind of charger (charger_kinds.csv)."""

    at: int
    pool: int
    stay_from_h: float
    commercial: int
    fast_inlet: int
    direct_current: int
    makes_room: int
    driver_waits: int
    rated_kw: float
    stops_at_soc: float
    access_yuan: float
    idle_fee_yuan_per_min: float
    controlled: int
