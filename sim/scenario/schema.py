"""The scenario as a whole: sections, arms and the reference they are measured against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator
from pydantic.fields import FieldInfo

from sim.data.catalogue import column, rows
from sim.scenario.demand_side import CitySection, DriversSection, FleetSection, TimeSection
from sim.scenario.errors import unknown
from sim.scenario.fields import Section, chosen
from sim.scenario.grid import GridSection, WeatherSection
from sim.scenario.money import MarketSection, ParticipationSection
from sim.scenario.shocks import STRIKE_WITH_A_STEP, ShockSection
from sim.scenario.supply_side import ChargersSection, OperatorSection, OutputsSection
from sim.scenario.tariff_book import DYNAMIC

STANDARD_ARMS: dict[str, dict[str, Any]] = {
    "uncontrolled": {"operator": {"policy": "immediate"}, "participation": {"contract": "none"}},
    "smart": {"operator": {"policy": "valley"}, "participation": {"contract": "one_way"}},
    "v2g": {"operator": {"policy": "coordinated"}, "participation": {"contract": "two_way"}},
}


#: What arms share by definition: the same cars make the same trips at the same time.
SHARED_BY_ARMS = (
    "name", "title", "description", "seed", "replications", "reference", "arms", "outputs",
    "time", "city", "weather", "fleet.cars", "fleet.sample", "fleet.models",
    "drivers.archetypes", "drivers.days", "drivers.personas",
)  # fmt: skip


def _on_one_line(name: str) -> str:
    if not name.isprintable() or not name.strip():
        raise ValueError("expected a name on one line")
    return name


#: A name on one line, of anything that can be seen.
PlainName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_on_one_line)]
ArmName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)]


class Scenario(Section):
    """A complete, checked scenario. Build one with :func:`sim.scenario.load_scenario`."""

    name: PlainName = chosen("scenario", "short name, in any script; the result folder is called after it")
    title: str = chosen("", "one line for headings")
    description: str = chosen("", "what the scenario is for")
    seed: int = chosen(1, "seed of all random numbers", "", ge=0, lt=2**63)
    replications: int = chosen(1, "how many times the city is drawn anew", "", ge=1, le=10_000)
    reference: str = chosen("uncontrolled", "arm that effects are measured against")
    time: TimeSection = Field(default_factory=TimeSection)
    city: CitySection = Field(default_factory=CitySection)
    fleet: FleetSection = Field(default_factory=FleetSection)
    drivers: DriversSection = Field(default_factory=DriversSection)
    chargers: ChargersSection = Field(default_factory=ChargersSection)
    market: MarketSection = Field(default_factory=MarketSection)
    participation: ParticipationSection = Field(default_factory=ParticipationSection)
    operator: OperatorSection = Field(default_factory=OperatorSection)
    grid: GridSection = Field(default_factory=GridSection)
    weather: WeatherSection = Field(default_factory=WeatherSection)
    shocks: list[ShockSection] = chosen(list, "sudden events", max_length=1000)
    outputs: OutputsSection = Field(default_factory=OutputsSection)
    arms: dict[ArmName, dict[str, Any]] = chosen(
        lambda: STANDARD_ARMS,
        "policies applied to the same city: overrides of the other keys",
        max_length=100,
    )

    @model_validator(mode="after")
    def _reference_is_an_arm(self) -> Scenario:
        if self.arms and self.reference not in self.arms:
            raise ValueError(f"reference '{self.reference}' is not among the arms: {', '.join(self.arms)}")
        return self

    @model_validator(mode="after")
    def _districts_are_those_of_the_place(self) -> Scenario:
        known = [row["name"] for row in rows("districts", self.city.place)]
        named = {f"shocks.{number}.district": shock.district for number, shock in enumerate(self.shocks)}
        for name, person in self.drivers.personas.items():
            for key in ("home_district", "work_district"):
                named[f"drivers.personas.{name}.{key}"] = getattr(person, key)
        for key, district in named.items():
            if district is not None and district not in known:
                raise ValueError(f"{key}: " + unknown(f"district '{district}'", district, known))
        return self

    @model_validator(mode="after")
    def _events_fall_within_the_run(self) -> Scenario:
        times = {f"shocks.{number}": shock.at for number, shock in enumerate(self.shocks)}
        times |= {f"market.events.{number}": event.at for number, event in enumerate(self.market.events)}
        times |= {f"market.calls.{number}": call.at for number, call in enumerate(self.market.calls)}
        for what, at in times.items():
            if not any(begin <= at < end for begin, end in self.time.recorded_moments):
                allowed = "; ".join(
                    f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
                    for begin, end in self.time.recorded_moments
                )
                raise ValueError(f"{what}.at: {at:%Y-%m-%d %H:%M} is not within what is recorded, {allowed}")
        return self

    @model_validator(mode="after")
    def _shocks_and_calls_begin_with_a_step(self) -> Scenario:
        minutes = self.time.step_minutes
        timed: dict[str, tuple[str, str, dt.datetime, float]] = {
            f"shocks.{number}": (f"'{shock.kind}' strikes", f"'{shock.kind}'", shock.at, shock.hours)
            for number, shock in enumerate(self.shocks)
            if shock.kind in STRIKE_WITH_A_STEP
        }
        timed |= {
            f"market.calls.{number}": ("a call begins", "a call", call.at, call.hours)
            for number, call in enumerate(self.market.calls)
        }
        for key, (begins, what, at, hours) in timed.items():
            since_midnight = at - dt.datetime.combine(at.date(), dt.time())
            if since_midnight % dt.timedelta(minutes=minutes):
                raise ValueError(
                    f"{key}.at: {begins} at the beginning of a step, and no step of "
                    f"{minutes} minutes begins at {at:%H:%M:%S}; change it, or time.step_minutes"
                )
            if abs(60.0 * hours / minutes - round(60.0 * hours / minutes)) > 1e-6:
                raise ValueError(
                    f"{key}.hours: {what} lasts for whole steps of {minutes} minutes, "
                    f"not for {60.0 * hours:g} minutes"
                )
        return self

    @model_validator(mode="after")
    def _home_only_needs_the_home(self) -> Scenario:
        if self.participation.form.saves_only and self.market.household.meter != "household":
            raise ValueError(
                "participation.contract: a car can feed the home only behind the meter of the home; set "
                "market.household.meter to household"
            )
        return self

    @model_validator(mode="after")
    def _owners_can_reckon(self) -> Scenario:
        dynamic = DYNAMIC in (self.market.tariff_at_home, self.market.feed_in_tariff)
        if dynamic and self.participation.enrolment == "choice":
            raise ValueError(
                "participation.enrolment: owners cannot reckon with a dynamic price before the run; use share"
            )
        return self

    @model_validator(mode="after")
    def _extremes_are_extreme(self) -> Scenario:
        hot, cold = (
            sum(column("temperature_extremes", "temp_c", self.city.place, profile=profile)) / 24.0
            for profile in ("heatwave", "cold_spell")
        )
        if hot <= self.grid.cooling_above_c:
            raise ValueError(f"grid.cooling_above_c: must be below the mean of the heat wave, {hot:.1f} degC")
        if cold >= self.grid.heating_below_c:
            raise ValueError(
                f"grid.heating_below_c: must be above the mean of the cold spell, {cold:.1f} degC"
            )
        return self

    @model_validator(mode="after")
    def _persons_find_room(self) -> Scenario:
        if len(self.drivers.personas) > self.simulated_cars:
            raise ValueError(
                f"drivers.personas: {len(self.drivers.personas)} persons with a name, but only "
                f"{self.simulated_cars} simulated cars"
            )
        return self

    @property
    def simulated_cars(self) -> int:
        """Number of cars that are simulated one by one."""
        return round(self.fleet.cars * self.fleet.sample)

    @property
    def weight(self) -> float:
        """Cars of the city that each simulated car stands for."""
        return self.fleet.cars / self.simulated_cars

    @property
    def steps_per_day(self) -> int:
        """Number of steps in a day."""
        return 1440 // self.time.step_minutes

    @property
    def first_recorded_step(self) -> int:
        """Steps before recording begins: the warm-up days, and the hours before a recorded day begins."""
        before_min = 1440 * self.time.warmup_days + 60 * self.time.begin_hour
        return before_min // self.time.step_minutes

    @property
    def step_hours(self) -> float:
        """Length of a step in hours."""
        return self.time.step_minutes / 60.0

    def for_arm(self, arm: str) -> Scenario:
        """Return the scenario as one arm sees it: its overrides applied, no arms left."""
        data = merge(self.model_dump(exclude={"arms"}), self.arms[arm])
        return Scenario.model_validate(data | {"arms": {}})

    def resolved(self) -> dict[str, Any]:
        """Return everything as plain data, defaults included: runnable as it is."""
        data = self.model_dump(exclude_none=True)
        if data["time"]["weeks"] or data["time"].get("end") is not None:
            data["time"].pop("days", None)
        else:
            data["time"]["days"] = self.time.recorded_days
        return data


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` overridden by `over`: mappings merge, everything else is replaced.

    A null removes an inherited arm. ``time.end`` and ``time.days`` exclude each other, as do
    two different tables of shares: the later one replaces the earlier one whole.
    """
    merged = dict(base)
    for key, value in over.items():
        inherited = merged.get(key)
        if key == "end":
            merged.pop("days", None)
        elif key == "days" and not isinstance(value, Mapping):
            merged.pop("end", None)
        if isinstance(value, Mapping) and isinstance(inherited, Mapping) and key not in REPLACED_WHOLE:
            merged[key] = merge(inherited, value)
        else:
            merged[key] = value
    return merged


#: Tables of shares that must sum to one: merging two would give neither.
REPLACED_WHOLE = ("archetypes", "models")


def leaf_fields(model: type[Section] = Scenario, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield dotted path and field of every leaf of the schema, in file order."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from leaf_fields(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def json_schema() -> dict[str, Any]:
    """JSON Schema of scenario files, for editors."""
    schema = Scenario.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "v2gcity scenario"
    schema["properties"] = {
        "extends": {"type": "string", "description": "scenario file to build upon, relative to this one"},
        **schema["properties"],
    }
    # An arm overrides any part of the other sections, so that each of them is optional there.
    schema["properties"]["arms"]["additionalProperties"] = {"type": ["object", "null"]}
    return schema
