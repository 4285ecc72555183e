"""Sections of a scenario: chargers, the operator, what is written."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from sim.scenario.errors import unknown
from sim.scenario.fields import FLEET, Section, assumed, chosen, sourced


class ChargersSection(Section):
    """How many chargers stand where, and what they can do."""

    home_share_bev: float = sourced(
        "mobility_parameters",
        "share_private_bev_with_home_charger",
        ge=0.0,
        le=1.0,
        text="private pure electric cars with a charger at home",
    )
    home_share_phev: float = assumed(
        "home_charger_share_phev", ge=0.0, le=1.0, text="private plug-in hybrids with a charger at home"
    )
    home_share_ride_hailing: float = assumed(
        "home_charger_share_ride_hailing", ge=0.0, le=1.0, text="ride-hailing cars with a charger at home"
    )
    home_share_taxi: float = assumed(
        "home_charger_share_taxi", ge=0.0, le=1.0, text="taxis with a charger at home"
    )
    work_access_share: float = sourced(
        "mobility_parameters",
        "share_workplace_charger_access",
        ge=0.0,
        le=1.0,
        text="commuters who may charge at work",
    )
    work_posts_per_user: float = assumed("work_posts_per_user", ge=0.0, le=10.0)
    public_posts_per_car: float = sourced(
        "chargers",
        "shanghai_public_2024",
        ge=0.0,
        le=10.0,
        scale=1.0 / FLEET,
        unit="posts/car",
        text="215,000 public chargers for 1.51 million cars",
    )
    public_fast_share: float = assumed("public_fast_share", ge=0.0, le=1.0)
    home_kw: float = sourced("chargers", "class_home_ac", gt=0.0, le=100.0, text="rating of chargers at home")
    work_kw: float = sourced("chargers", "class_home_ac", gt=0.0, le=100.0, text="as at home")
    public_slow_kw: float = sourced("chargers", "class_home_ac", gt=0.0, le=100.0, text="as at home")
    public_fast_kw: float = sourced(
        "chargers", "class_dc_public", gt=0.0, le=1000.0, text="rating of fast public posts"
    )
    bidirectional_kw: float = sourced(
        "chargers", "class_v2g_ac", gt=0.0, le=200.0, text="rating of bidirectional chargers, both ways"
    )
    # Trips keep their times: whoever charges on the way with less than this would run dry on the road.
    en_route_kw: float = sourced(
        "chargers", "class_dc_public", ge=19.0, le=1000.0, text="fast charger on the way"
    )
    roadside_kw: float = assumed("roadside_power", ge=19.0, le=200.0)
    home_bidirectional_share: float = chosen(
        1.0,
        "share of enrolled owners with a capable car whose home charger is bidirectional",
        "-",
        ge=0.0,
        le=1.0,
    )
    work_bidirectional_share: float = chosen(
        0.0, "share of posts at work that are bidirectional", "-", ge=0.0, le=1.0
    )
    public_bidirectional_share: float = chosen(
        0.0, "share of slow public posts that are bidirectional", "-", ge=0.0, le=1.0
    )
    public_fast_bidirectional_share: float = chosen(
        0.0, "share of fast public posts that are bidirectional, for owners who drive out to sell", "-",
        ge=0.0, le=1.0,
    )  # fmt: skip
    public_fast_stop_soc: float = sourced(
        "charging_behaviour",
        "end_soc_mean_fast",
        gt=0.0,
        le=1.0,
        text="state of charge at which drivers leave a fast post at the latest",
    )
    public_slow_access_yuan: float = assumed("public_slow_access", ge=0.0, le=200.0)
    public_fast_access_yuan: float = assumed("public_fast_access", ge=0.0, le=200.0)
    public_slow_idle_fee_yuan_per_min: float = chosen(
        0.0, "fee of a full car that stays at a slow public post", "yuan/min", ge=0.0, le=20.0
    )
    public_fast_bidirectional_kw: float = assumed("two_way_fast_power", gt=0.0, le=1000.0)
    availability: float = sourced(
        "chargers", "charger_availability", ge=0.0, le=1.0, text="share of chargers in order on a day"
    )
    one_way_efficiency: float = sourced(
        "chargers",
        "one_way_efficiency",
        ge=0.5,
        le=1.0,
        text="energy stored over energy drawn, at the rating",
    )
    part_load_efficiency: float = sourced(
        "chargers",
        "part_load_efficiency_at_20pct",
        ge=0.3,
        le=1.0,
        text="efficiency at 20% of the rating over that at the rating",
    )
    minimum_load: float = assumed("minimum_load", ge=0.0, le=1.0)
    posts_per_site: int = chosen(
        20, "posts at work or in public that share one connection", "posts", ge=1, le=10_000
    )
    site_limit_share: float = chosen(
        1.0,
        "connection of such a site over the sum of its posts' ratings; 1 never binds",
        "-",
        gt=0.0,
        le=1.0,
    )
    feeder_limit_share: float = chosen(
        1.0,
        "what a district's feeders bear for cars over the sum of the ratings of its chargers; 1 never binds",
        "-",
        gt=0.0,
        le=1.0,
    )
    standby_w: float = sourced(
        "chargers",
        "standby_power_bidirectional",
        ge=0.0,
        le=500.0,
        text="draw of a bidirectional charger with an idle car",
    )


#: Policies that ship; :mod:`sim.dispatch.registry` holds their classes.
IMPORT_PATH = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
POLICY_NAME = re.compile(r"[A-Za-z][\w-]{0,59}")
POLICY_NAMES = (
    "immediate", "tou", "tou-staggered", "price", "valley", "peak-shave", "coordinated", "auction"
)  # fmt: skip
OLDER_NAMES = {"v2g": "peak-shave"}
OWN_CODE = "package.module:Class"


class EventSection(Section):
    """What the operator pays owners who have unplugged for coming back; per kW of rating and hour."""

    first_yuan_per_kwh: float = chosen(0.0, "first payment; 0 makes no call", "yuan/kWh", ge=0.0, le=100.0)
    raise_yuan_per_kwh: float = chosen(
        0.5, "raise in every step without enough cars", "yuan/kWh", ge=0.0, le=100.0
    )
    highest_yuan_per_kwh: float = chosen(10.0, "no payment is higher", "yuan/kWh", ge=0.0, le=1000.0)
    wanted_share: float = chosen(
        0.8, "share of the rating plugged in before the event that is enough", "-", ge=0.0, le=1.0
    )


class OperatorSection(Section):
    """How the grid operator coordinates the plugged cars."""

    policy: str = chosen(
        "immediate",
        "a policy that ships (`v2gcity policies` lists them), or one of your own, package.module:Class, "
        "which runs only with --code FOLDER or sim.run(policies=...)",
    )
    settings: dict[str, Any] = chosen(dict, "parameters of the policy")
    replan_minutes: int = chosen(60, "time between plans", "min", ge=1, le=1440)
    horizon_hours: int = chosen(24, "how far a plan looks ahead", "h", ge=1, le=72)
    forecast_memory_hours: float = assumed("forecast_memory_hours", gt=0.0, le=48.0)
    event: EventSection = Field(default_factory=EventSection, description="calls after a mass unplugging")
    net_load: Literal["expected", "persistence", "same_day_type", "perfect"] = chosen(
        "expected",
        "forecast of net load. expected: the public forecast of the day, with today's error fading; "
        "persistence: as yesterday; same_day_type: mean of past days of the kind; perfect: as it will be",
    )
    arrivals: Literal["none", "persistence", "same_day_type", "perfect"] = chosen(
        "same_day_type",
        "forecast of cars that will plug in, for policies that plan with them. none: only cars already "
        "plugged in; persistence: as yesterday; same_day_type: mean of past days of the kind; perfect: "
        "as it will be, learnt from a rehearsal of the same days",
    )

    @field_validator("policy")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        name = OLDER_NAMES.get(name, name)
        if not POLICY_NAME.fullmatch(name) and not IMPORT_PATH.fullmatch(name):
            raise ValueError(unknown(f"policy '{name}'", name, [*POLICY_NAMES, OWN_CODE]))
        return name


class OutputsSection(Section):
    """What is written."""

    owner_rows: int = chosen(1_000_000, "most rows of owners.parquet per arm and replication", "rows", ge=1)
    owner_day_rows: int = chosen(
        2_000, "most cars in owner_days.parquet per arm and replication", "cars", ge=1
    )
    story_cars: int = chosen(
        200, "enrolled cars whose every step is told in stories.parquet, besides persons with a name", "cars",
        ge=0, le=100_000,
    )  # fmt: skip
    sessions: bool = chosen(
        False, "write sessions.parquet: every stay at a charger of the cars in owners.parquet"
    )
    trips: bool = chosen(False, "write trips.parquet: every trip of the cars in owners.parquet")
    figures: bool = chosen(True, "draw figures and the HTML report")
