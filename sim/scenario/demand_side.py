"""Sections of a scenario: when, where, who drives which cars.

A key carries its unit in its name. Facts take their default from a sourced table
(:func:`sourced`, :func:`assumed`); choices of the researcher do not (:func:`chosen`).
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from sim.data.catalogue import SHANGHAI, rows
from sim.data.defaults import calendar_bounds
from sim.scenario.ageing import WearSection
from sim.scenario.errors import unknown
from sim.scenario.fields import FLEET, Day, Section, Share, assumed, check_sum, chosen, sourced
from sim.scenario.place_tables import first_mistake, named_place

PersonName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
DAYS_OF_WEEK = 7
POSTS_IN_REACH = 8
STEP_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)
HOLIDAY_CALENDAR = calendar_bounds()
#: Weeks of a year begin and end when cars have charged for the night, so that few end emptier [h].
WEEK_BEGINS_H = 4


class WeekSection(Section):
    """A week that stands for a part of the year: for some months, or for a few days of its own kind."""

    start: Day = chosen(..., "first recorded day; seven are recorded")
    months: list[Annotated[int, Field(ge=1, le=12)]] | None = chosen(
        None, "months whose workdays and rest days those of the week stand for"
    )
    stands_for_days: float | None = chosen(
        None, "days of the year the week stands for, instead of months", "d", gt=0.0, le=366.0
    )
    temperature_profile: Literal["normal", "heatwave", "cold_spell"] | None = chosen(
        None, "weather of the week, where it is another than that of the scenario"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> WeekSection:
        if (self.months is None) == (self.stands_for_days is None):
            raise ValueError("a week stands either for months or for a number of days; give one of the two")
        return self


class TimeSection(Section):
    """Which days are simulated, and in which steps."""

    start: Day = chosen(dt.date(2025, 8, 25), "first recorded day")
    end: Day | None = chosen(None, "last recorded day, included; instead of days")
    days: int | None = chosen(None, "number of recorded days; instead of end", "d", gt=0, le=3660)
    step_minutes: int = chosen(15, "length of a step", "min", ge=1, le=60)
    warmup_days: int = chosen(4, "days simulated before recording starts", "d", ge=0, le=60)
    begin_hour: int = chosen(
        0,
        "hour of the day at which recorded days begin, and the last one ends; weeks of a year take 4",
        "",
        ge=0,
        le=12,
    )
    weeks: list[WeekSection] = chosen(
        list, "a year in representative weeks, instead of start and days; each has its own warm-up"
    )

    @field_validator("start")
    @classmethod
    def _in_calendar(cls, start: dt.date) -> dt.date:
        first, last = HOLIDAY_CALENDAR
        if not first <= start <= last:
            raise ValueError(f"{start} is outside the published calendar of holidays, {first} to {last}")
        return start

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: dt.date | None, info: ValidationInfo) -> dt.date | None:
        start = info.data.get("start")
        if end is not None and start is not None and end < start:
            raise ValueError(f"{end} lies before the start {start}")
        return end

    @field_validator("step_minutes")
    @classmethod
    def _divides_the_hour(cls, minutes: int) -> int:
        if minutes not in STEP_MINUTES:
            raise ValueError(
                f"{minutes} does not divide the hour; allowed: {', '.join(map(str, STEP_MINUTES))}"
            )
        return minutes

    @model_validator(mode="after")
    def _one_length(self) -> TimeSection:
        if self.end is not None and self.days is not None and self.recorded_days != self.days:
            raise ValueError(f"end ({self.end}) and days ({self.days}) disagree; give one of the two")
        last = self.start + dt.timedelta(days=self.recorded_days - 1)
        if last > HOLIDAY_CALENDAR[1]:
            raise ValueError(
                f"the last recorded day is {last}; the calendar of holidays is published up to "
                f"{HOLIDAY_CALENDAR[1]}"
            )
        return self

    @model_validator(mode="after")
    def _weeks_make_a_year(self) -> TimeSection:
        if not self.weeks:
            return self
        if self.end is not None or self.days is not None:
            raise ValueError("weeks: representative weeks and a number of days exclude each other")
        months = sorted(month for week in self.weeks for month in week.months or ())
        if months != list(range(1, 13)):
            raise ValueError(f"weeks: every month must be stood for by one week; months given: {months}")
        last = HOLIDAY_CALENDAR[1]
        starts = sorted(week.start for week in self.weeks)
        for one, next_ in itertools.pairwise(starts):
            if (next_ - one).days <= DAYS_OF_WEEK:
                raise ValueError(
                    f"weeks: those from {one} and {next_} overlap or touch; leave a day between them"
                )
        for number, week in enumerate(self.weeks):
            if not HOLIDAY_CALENDAR[0] <= week.start <= last - dt.timedelta(days=DAYS_OF_WEEK - 1):
                raise ValueError(
                    f"weeks.{number}.start: the week from {week.start} is outside the published calendar of "
                    f"holidays, {HOLIDAY_CALENDAR[0]} to {last}"
                )
        return self

    @property
    def spans(self) -> list[tuple[dt.date, int]]:
        """First day and number of days of every stretch that is recorded."""
        if self.weeks:
            return [(week.start, DAYS_OF_WEEK) for week in self.weeks]
        return [(self.start, self.recorded_days)]

    @property
    def recorded_moments(self) -> list[tuple[dt.datetime, dt.datetime]]:
        """Beginning and end of every stretch that is recorded."""
        hour = dt.timedelta(hours=WEEK_BEGINS_H if self.weeks else self.begin_hour)
        begin = [(dt.datetime.combine(first, dt.time()) + hour, days) for first, days in self.spans]
        return [(at, at + dt.timedelta(days=days)) for at, days in begin]

    @property
    def recorded_days(self) -> int:
        """Number of recorded days (7 where neither `end` nor `days` is given)."""
        if self.weeks:
            return DAYS_OF_WEEK * len(self.weeks)
        if self.end is not None:
            return (self.end - self.start).days + 1
        return 7 if self.days is None else self.days


class CitySection(Section):
    """Where people live and work, and how fast they drive."""

    place: str = chosen(
        SHANGHAI,
        "whose districts, plants, contracts, demand and weather: a place that ships, or a folder of tables "
        "beside the scenario file; tables it does not have are those of Shanghai",
    )
    zone_area_km2: float = assumed("zone_area", ge=1.0, le=100.0, unit="km2")
    zone_homes_concentration: float = assumed("zone_homes_concentration", ge=0.0, le=10.0)
    zone_jobs_concentration: float = assumed("zone_jobs_concentration", ge=0.0, le=10.0)
    commute_share_below_5km: float = sourced(
        "mobility_parameters",
        "commute_share_below_5km",
        ge=0.2,
        le=0.8,
        text="share of all commutes shorter than 5 km",
    )
    commute_share_over_25km: float = sourced(
        "mobility_parameters",
        "commute_share_over_25km",
        ge=0.01,
        le=0.2,
        text="share of all commutes longer than 25 km",
    )
    car_commuter_distance_multiplier: float = sourced(
        "mobility_parameters",
        "car_commuter_distance_multiplier",
        ge=0.8,
        le=2.0,
        text="length of car commutes over that of all",
    )
    network_over_straight_distance: float = sourced(
        "mobility_parameters",
        "network_over_straight_distance",
        ge=1.0,
        le=2.0,
        text="distance by road over straight distance",
    )
    trip_shortest_km: float = assumed("trip_shortest", gt=0.0, le=5.0, text="no trip is shorter")
    speed_peak_kmh: float = sourced(
        "mobility_parameters",
        "mean_speed_peak_kmh",
        ge=5.0,
        le=80.0,
        text="mean speed in the rush hours of the place",
    )
    speed_offpeak_kmh: float = sourced(
        "mobility_parameters", "mean_speed_offpeak_kmh", ge=5.0, le=80.0, text="mean speed at other hours"
    )
    speed_distance_exponent: float = assumed("speed_distance_exponent", ge=0.0, le=0.6)
    speed_lowest_kmh: float = assumed("speed_lowest", ge=3.0, le=20.0, text="no trip is slower")
    speed_highest_kmh: float = assumed("speed_highest", ge=40.0, le=120.0, text="no trip is faster")

    @field_validator("place")
    @classmethod
    def _has_its_tables(cls, place: str) -> str:
        name = named_place(place)
        mistake = first_mistake(name)
        if mistake:
            raise ValueError(mistake)
        return name


class FleetSection(Section):
    """How many cars, which ones, what they use and what their batteries can take."""

    cars: int = chosen(
        int(FLEET),
        "electric cars of the city; the default is Shanghai at the end of 2024",
        "cars",
        "S03+S04",
        "sourced",
        gt=0,
        le=500_000_000,
    )
    sample: float = chosen(
        1.0, "share of the cars that is simulated; each stands for 1/sample", "-", gt=0.0, le=1.0
    )
    models: Literal["catalogue"] | dict[str, Share] = chosen(
        "catalogue", "shares of car models, or 'catalogue'"
    )
    v2g_capable: Literal["catalogue"] | Share = chosen(
        "catalogue", "share of pure electric cars that can discharge, or 'catalogue' for today's models", "-"
    )
    v2g_partial_share: float = assumed("v2g_partial_share", ge=0.0, le=1.0)
    comfort_temperature_low_c: float = assumed(
        "comfort_temperature_low", ge=0.0, le=30.0, text="the cabin is heated below this"
    )
    comfort_temperature_high_c: float = assumed(
        "comfort_temperature_high", ge=0.0, le=40.0, text="the cabin is cooled above this"
    )
    cabin_heating_kw_per_k: float = assumed("cabin_heating", ge=0.0, le=1.0)
    cabin_cooling_kw_per_k: float = assumed("cabin_cooling", ge=0.0, le=1.0)
    consumption_stop_and_go_kmh: float = assumed("consumption_stop_and_go", ge=0.0, le=10.0)
    consumption_air_drag_per_kmh2: float = assumed("consumption_air_drag", ge=0.0, le=0.0005)
    taper_start_soc: float = assumed("taper_start_soc", ge=0.1, le=0.95)
    taper_headroom_soc: float = assumed("taper_headroom", ge=1.005, le=1.2)
    weak_battery_soc: float = assumed("weak_battery_soc", gt=0.0, le=0.4)
    c_rate_without_fast_inlet_per_h: float = assumed("battery_c_rate_without_fast_inlet", gt=0.0, le=5.0)
    wear: WearSection = Field(default_factory=WearSection, description="battery ageing")

    @field_validator("models")
    @classmethod
    def _known_models(cls, models: str | dict[str, float]) -> str | dict[str, float]:
        if isinstance(models, str):
            return models
        known = [row["model"] for row in rows("vehicles")]
        for name in models:
            if name not in known:
                raise ValueError(unknown(f"car model '{name}'", name, known))
        check_sum(models, "shares of models")
        return models

    @model_validator(mode="after")
    def _some_car_left(self) -> FleetSection:
        if round(self.cars * self.sample) < 1:
            raise ValueError(
                f"a sample of {self.sample:g} leaves none of {self.cars} cars; give a larger sample"
            )
        return self


def _shares_of_archetypes() -> dict[str, float]:
    return {row["archetype"]: float(row["share"]) for row in rows("archetypes")}


class DaysSection(Section):
    """How drivers' days vary: the trips. The same in every arm."""

    departure_jitter_minutes: float = assumed("departure_jitter", ge=0.0, le=120.0)
    leave_work_habit_correlation: float = assumed("leave_work_habit_correlation", ge=0.0, le=1.0)
    errand_after_work_share: float = assumed(
        "errand_after_work_share", ge=0.0, le=1.0, text="commutes home with an errand on the way"
    )
    evening_errand_share: float = assumed(
        "evening_errand_share", ge=0.0, le=1.0, text="workdays with an errand after coming home"
    )
    tour_one_place_share: float = assumed("tour_one_place_share", ge=0.0, le=1.0)
    tour_three_places_share: float = assumed("tour_three_places_share", ge=0.0, le=1.0)
    excursion_share: float = assumed("excursion_share", ge=0.0, le=1.0)
    second_tour_share: float = assumed("second_tour_share", ge=0.0, le=1.0)
    second_tour_hour: float = assumed("second_tour_hour", ge=15.0, le=20.0)
    second_tour_spread_minutes: float = assumed("second_tour_spread", ge=0.0, le=180.0)
    errand_distance_scale_km: float = assumed("errand_distance_scale", ge=0.5, le=50.0)
    excursion_distance_scale_km: float = assumed("excursion_distance_scale", ge=0.5, le=100.0)

    @model_validator(mode="after")
    def _tours_fit(self) -> DaysSection:
        if self.tour_one_place_share + self.tour_three_places_share > 1.0:
            raise ValueError("tour_one_place_share and tour_three_places_share sum to more than 1")
        return self


class HabitsSection(Section):
    """When drivers plug in and how full they charge."""

    opportunity_driven_share: float = assumed("opportunity_driven_share", ge=0.0, le=1.0)
    alpha_need_driven: float = assumed("alpha_need_driven", gt=0.0, le=20.0)
    alpha_opportunity_driven: float = assumed("alpha_opportunity_driven", gt=0.0, le=50.0)
    alpha_spread: float = assumed("alpha_spread", ge=0.0, le=1.5)
    shared_alpha_factor: float = assumed("shared_alpha_factor", ge=0.0, le=5.0)
    range_margin_factor: float = assumed("range_margin_factor", ge=1.0, le=4.0)
    comfort_soc: float = assumed("comfort_soc", ge=0.0, le=0.6)
    forget_share: float = assumed("forget_share", ge=0.0, le=1.0)
    bedtime_hour: float = assumed("bedtime_hour", ge=20.0, le=23.9)
    bedtime_spread_minutes: float = assumed("bedtime_spread", ge=0.0, le=120.0)
    timer_share: float = assumed("timer_share", ge=0.0, le=1.0)
    timer_spread_hours: float = assumed("timer_spread", ge=0.0, le=8.0)
    public_price_elasticity: float = assumed("public_price_elasticity", ge=-5.0, le=0.0)
    place_choice_scale_yuan: float = assumed("place_choice_scale", ge=0.0, le=200.0)
    posts_in_reach: int = chosen(
        POSTS_IN_REACH, "public posts of a kind that a driver finds on foot or by a short detour", "posts",
        "A", "assumption", ge=1, le=1000,
    )  # fmt: skip
    expected_queue_minutes: float = assumed("expected_queue", ge=0.0, le=240.0)
    moves_full_car_share: float = assumed("moves_full_car_share", ge=0.0, le=1.0)
    moves_full_car_for_fee_share: float = assumed("moves_full_car_for_fee_share", ge=0.0, le=1.0)
    full_to_unplug_hours: float = assumed("full_to_unplug", gt=0.0, le=24.0)
    meal_habit_share: float = assumed("meal_habit_share", ge=0.0, le=1.0)
    fill_up_soc: float = assumed("fill_up_soc", ge=0.0, le=1.0)
    low_soc_of_drivers: float = assumed("low_soc_of_drivers", ge=0.0, le=1.0)
    trip_buffer_soc: float = assumed("trip_buffer_soc", ge=0.0, le=0.5)
    queue_patience_minutes: float = assumed("queue_patience", ge=0.0, le=720.0)
    target_soc_80_share: float = assumed("target_soc_80_share", ge=0.0, le=1.0)
    target_soc_90_share: float = assumed("target_soc_90_share", ge=0.0, le=1.0)
    empty_soc: float = assumed("empty_soc", ge=0.0, le=0.2)
    en_route_arrival_soc: float = assumed("en_route_arrival_soc", ge=0.05, le=0.9)

    @property
    def typical_alpha(self) -> float:
        """Geometric mean of alpha over owners."""
        need, opportunity = math.log(self.alpha_need_driven), math.log(self.alpha_opportunity_driven)
        return math.exp(need + self.opportunity_driven_share * (opportunity - need))

    @model_validator(mode="after")
    def _targets_fit(self) -> HabitsSection:
        if self.target_soc_80_share + self.target_soc_90_share > 1.0:
            raise ValueError("target_soc_80_share and target_soc_90_share sum to more than 1")
        return self


class PersonSection(Section):
    """A driver with a name: traits that are given here are not drawn."""

    title: str = chosen("", "who it is, in a few words")
    archetype: str | None = chosen(None, "kind of driver (archetypes.csv)")
    model: str | None = chosen(None, "car model (vehicles.csv)")
    home_district: str | None = chosen(None, "district of the home (districts.csv)")
    work_district: str | None = chosen(None, "district of the workplace")
    home_charger: bool | None = chosen(None, "has a charger at home")
    work_access: bool | None = chosen(None, "may charge at work")
    enrolled: bool | None = chosen(None, "is enrolled with the operator")
    v2g_capable: bool | None = chosen(None, "the car can feed in")
    target_soc: Share | None = chosen(None, "state of charge at which the owner stops charging")
    reserve_soc: Share | None = chosen(None, "state of charge the owner keeps")

    @model_validator(mode="after")
    def _known_names(self) -> PersonSection:
        tables = {
            "archetype": ("archetypes", "archetype"),
            "model": ("vehicles", "model"),
        }
        for key, (table, column) in tables.items():
            name, known = getattr(self, key), [row[column] for row in rows(table)]
            if name is not None and name not in known:
                raise ValueError(f"{key}: " + unknown(f"name '{name}'", name, known))
        return self


class DriversSection(Section):
    """Who drives, and how people use their cars and plugs."""

    archetypes: dict[str, Share] = chosen(
        _shares_of_archetypes, "shares of the kinds of drivers (archetypes.csv)", "-", "A", "assumption"
    )
    personas: dict[PersonName, PersonSection] = chosen(
        dict, "drivers with a name, the first of the simulated ones, in this order"
    )
    days: DaysSection = Field(default_factory=DaysSection, description="trips")
    habits: HabitsSection = Field(default_factory=HabitsSection, description="charging habits")

    @field_validator("archetypes")
    @classmethod
    def _known_archetypes(cls, shares: dict[str, float]) -> dict[str, float]:
        known = list(_shares_of_archetypes())
        for name in shares:
            if name not in known:
                raise ValueError(unknown(f"archetype '{name}'", name, known))
        check_sum(shares, "shares of archetypes")
        return shares
