"""Sections of a scenario: prices, and the contracts under which owners let their cars be controlled."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from sim.scenario.calls import CallSection, DriveOutSection
from sim.scenario.contract_forms import FORMS, ContractForm, ContractName
from sim.scenario.errors import unknown
from sim.scenario.fields import Moment, Section, assumed, chosen, sourced
from sim.scenario.tariff_book import DYNAMIC, PayRegime, pay_regimes, tariff_book
from sim.scenario.tariffs import TariffSection

TariffName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=60)]

MOST_TIERS = 4


class DynamicSection(Section):
    """The tariff called `dynamic`: it follows the marginal cost of supply as the operator forecasts it."""

    markup_yuan_per_kwh: float = assumed(
        "dynamic_markup", ge=0.0, le=5.0, text="network, taxes and retail on top, for charging only"
    )
    scarcity_adder_yuan_per_kwh: float = chosen(
        0.0, "added when no reserve is left, less with more of it", "yuan/kWh", ge=0.0, le=50.0
    )
    scarcity_margin_mw: float = chosen(
        3000.0, "reserve from which on nothing is added", "MW", gt=0.0, le=100_000.0
    )


class PayEventSection(Section):
    """Hours for which the grid company announces other prices: a V2G event, or critical-peak pricing."""

    at: Moment = chosen(..., "when it begins, such as 2025-08-27 18:00")
    hours: float = chosen(2.0, "how long it lasts", "h", gt=0.0, le=24.0)
    yuan_per_kwh: float = chosen(0.0, "paid on top for energy fed in", "yuan/kWh", ge=0.0, le=100.0)
    yuan_per_kw: float = chosen(
        0.0, "paid on top for the mean power fed in over the event", "yuan/kW", ge=0.0, le=1000.0
    )
    charging_surcharge_yuan_per_kwh: float = chosen(
        0.0, "added to every price of charging: critical-peak pricing", "yuan/kWh", ge=0.0, le=100.0
    )


class HouseholdSection(Section):
    """The home behind the meter: what it uses without the car."""

    meter: Literal["own", "household"] = chosen(
        "own",
        "own: the charger has a meter of its own; household: the car charges and feeds in behind the meter "
        "of the home, the home's use is served first, and tiers count both",
    )
    use_kwh_per_year: float = assumed("household_use", ge=0.0, le=50_000.0)
    day_share: float = assumed("household_day_share", ge=0.0, le=1.0)
    spread: float = assumed("household_spread", ge=0.0, le=2.0)
    cooling_per_k: float = sourced(
        "grid_shanghai",
        "residential_daily_response_above_25C",
        ge=0.0,
        le=1.0,
        text="rise of use per degree above 25 degC",
    )
    heating_per_k: float = sourced(
        "grid_shanghai",
        "residential_daily_response_below_7C",
        ge=0.0,
        le=1.0,
        text="rise of use per degree below 7 degC",
    )


class InvestmentSection(Section):
    """What chargers cost, and other ways to have a kilowatt at the peak."""

    ordinary_charger_yuan: float = sourced(
        "chargers", "cost_ac_7kw", ge=0.0, text="charger that only charges"
    )
    bidirectional_charger_yuan: float = sourced(
        "chargers", "cost_v2g_ac_7kw", ge=0.0, text="charger that also feeds in"
    )
    charger_life_years: float = sourced(
        "chargers", "charger_lifetime", gt=0.0, le=50.0, text="years a charger lasts"
    )
    discount_rate: float = sourced("investment", "discount_rate", ge=0.0, le=0.5)
    stationary_battery_yuan_per_kwh: float = sourced(
        "generation_technology",
        "investment_4h",
        tech="storage_grid",
        ge=0.0,
        text="grid battery, whole system",
    )
    stationary_battery_hours: float = sourced("investment", "stationary_battery_hours", gt=0.0, le=24.0)
    stationary_battery_life_years: float = sourced(
        "investment", "stationary_battery_life", gt=0.0, le=50.0, text="years a grid battery lasts"
    )
    gas_peaker_yuan_per_kw: float = sourced("investment", "gas_peaker_investment", ge=0.0)
    gas_peaker_life_years: float = sourced(
        "investment", "gas_peaker_life", gt=0.0, le=60.0, text="years a gas turbine lasts"
    )
    gas_peaker_fixed_share: float = sourced("investment", "gas_peaker_fixed_share", ge=0.0, le=1.0)
    demand_response_yuan_per_kw: float = sourced(
        "tariffs", tariff="dr_event_payment", area="Shanghai base", ge=0.0, text="payment for an event"
    )
    demand_response_calls_per_year: float = sourced("investment", "demand_response_calls", ge=0.0, le=365.0)
    carbon_price_yuan_per_t: float = sourced("investment", "carbon_price", ge=0.0, le=10_000.0)


class MarketSection(Section):
    """Prices and who pays them."""

    regime: str = chosen(
        "shanghai", "pay regime that ships (`v2gcity regimes`): tariff at home and price for feeding in",
        "", "A", "assumption",
    )  # fmt: skip
    tariffs: dict[TariffName, TariffSection] = chosen(dict, "tariffs of your own, by name", max_length=100)
    home_tariff: str | None = chosen(None, "tariff at home; null: as the regime has it")
    work_tariff: str = chosen("ci_single_part_lv_2025", "tariff at work")
    public_tariff: str = chosen("ci_single_part_lv_2025", "energy part of the price at public posts")
    work_service_fee_yuan_per_kwh: float = chosen(
        0.0, "fee on top of energy at work", "yuan/kWh", ge=0.0, le=10.0
    )
    public_service_fee_yuan_per_kwh: float = sourced(
        "tariffs",
        ge=0.0,
        le=10.0,
        tariff="public_charging_service_fee",
        text="fee on top of energy at public posts",
    )
    feed_in_price_yuan_per_kwh: float | None = chosen(
        None, "paid for energy fed in at any hour; null: as the regime has it", "yuan/kWh", ge=-5.0, le=100.0
    )
    feed_in_tariff: str | None = chosen(None, "tariff paid for energy fed in, by name")
    feed_in_factor_of_home_tariff: float | None = chosen(
        None, "price of feeding in as a factor of the tariff at home; 1 is net metering", "-", ge=0.0, le=20.0
    )
    dynamic: DynamicSection = Field(default_factory=DynamicSection, description="the tariff called dynamic")
    events: list[PayEventSection] = chosen(list, "hours with other prices", max_length=1000)
    calls: list[CallSection] = chosen(list, "calls to sell at public two-way posts", max_length=1000)
    investment: InvestmentSection = Field(
        default_factory=InvestmentSection, description="chargers, and other ways to have power at the peak"
    )
    household: HouseholdSection = Field(
        default_factory=HouseholdSection, description="the home behind the meter"
    )

    @field_validator("regime")
    @classmethod
    def _known_regime(cls, name: str) -> str:
        if name not in pay_regimes():
            raise ValueError(unknown(f"regime '{name}'", name, pay_regimes()))
        return name

    @field_validator("tariffs")
    @classmethod
    def _names_are_free(cls, tariffs: dict[str, TariffSection]) -> dict[str, TariffSection]:
        for name, tariff in tariffs.items():
            if name == DYNAMIC or name in tariff_book():
                raise ValueError(f"a tariff called '{name}' ships already; choose another name")
            if tariff.tiers > MOST_TIERS:
                raise ValueError(f"'{name}' has {tariff.tiers} tiers; at most {MOST_TIERS} are allowed")
        return tariffs

    @field_validator("home_tariff", "work_tariff", "public_tariff", "feed_in_tariff")
    @classmethod
    def _known_tariff(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is None or name == DYNAMIC or "tariffs" not in info.data:  # those have mistakes of their own
            return name
        own = info.data["tariffs"]
        if name not in own and name not in tariff_book():
            raise ValueError(unknown(f"tariff '{name}'", name, [*own, *tariff_book(), DYNAMIC]))
        tariff = own[name] if name in own else tariff_book()[name]
        if tariff.tiers > 1 and info.field_name != "home_tariff":
            raise ValueError(f"'{name}' has tiers of yearly use; only a tariff at home may have them")
        return name

    @model_validator(mode="after")
    def _one_price_for_feeding_in(self) -> MarketSection:
        ways = ("feed_in_price_yuan_per_kwh", "feed_in_tariff", "feed_in_factor_of_home_tariff")
        given = [key for key in ways if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other; set all but one to null")
        return self

    def tariff(self, name: str) -> TariffSection:
        """The tariff of a name: of the scenario's own, or one that ships."""
        return self.tariffs[name] if name in self.tariffs else tariff_book()[name]

    @property
    def pay(self) -> PayRegime:
        """The pay regime."""
        return pay_regimes()[self.regime]

    @property
    def tariff_at_home(self) -> str:
        """Name of the tariff at home."""
        return self.home_tariff or self.pay.home_tariff

    @property
    def needs_meter(self) -> bool:
        """Whether a bill at home depends on more than the car's draw in the step."""
        name = self.tariff_at_home
        return self.household.meter == "household" or (name != DYNAMIC and self.tariff(name).tiers > 1)


class ChoiceSection(Section):
    """Who joins, where owners choose for themselves: a logit choice that is renewed day by day."""

    utility_at_nothing: float = assumed("join_utility_at_nothing", ge=-50.0, le=50.0)
    utility_per_100_yuan: float = assumed("join_utility_per_100_yuan", ge=0.0, le=50.0)
    hassle_yuan_per_year: float = assumed("join_hassle", ge=0.0, le=10_000.0)
    hassle_spread: float = assumed("join_hassle_spread", ge=0.0, le=3.0)
    range_worry: float = assumed("join_range_worry", ge=0.0, le=50.0)
    trust_lost_per_broken_promise: float = assumed("join_trust_lost", ge=0.0, le=50.0)
    peers: float = assumed("join_peers", ge=0.0, le=50.0)
    hearsay: float = assumed("join_hearsay", ge=0.0, le=1.0)
    considering_per_day: float = assumed("join_considering", gt=0.0, le=1.0)


class ParticipationSection(Section):
    """Who lets the operator control the car, and on which terms."""

    enrolment: Literal["share", "choice"] = chosen(
        "share",
        "share: a given share is enrolled; choice: that share is, and from then on everybody who may "
        "considers it anew from time to time, to join or to leave",
    )
    enrolled_share: float = assumed(
        "enrolled_share_scenario", ge=0.0, le=1.0, text="share of all cars whose owners are enrolled"
    )
    choice: ChoiceSection = Field(default_factory=ChoiceSection, description="how owners choose")
    contract: ContractName = chosen(
        "none",
        "none: nobody is controlled; one_way: charging may wait; two_way: cars may also feed in; home_only: "
        "cars may feed the home but not the grid (needs the household's meter)",
    )
    plug_in_probability: float = sourced(
        "charging_behaviour",
        "plug_in_probability_v2g_enrolled",
        ge=0.0,
        le=1.0,
        text="probability that an enrolled owner with a charger at hand plugs in on a usual return, with "
        "a fifth of the room between need and target used; sets the contract's alpha",
    )
    plug_in_response_to_pay: float = assumed("plug_in_response_to_pay", ge=0.0, le=5.0)
    drive_out: DriveOutSection = Field(
        default_factory=DriveOutSection, description="who drives out to sell when a call is announced"
    )
    reserve_soc: float = sourced(
        "charging_behaviour",
        "v2g_min_soc_default",
        ge=0.0,
        le=0.95,
        text="state of charge below which no enrolled car is discharged, mean over owners",
    )
    reserve_soc_spread: float = assumed("reserve_soc_spread", ge=0.0, le=0.3)
    places: list[Literal["home", "work", "public"]] = chosen(
        lambda: ["home", "work"], "sites at which enrolled cars may be controlled"
    )
    stated_departure_wrong_share: float = assumed("stated_departure_wrong_share", ge=0.0, le=1.0)
    stated_departure_error_minutes: float = assumed("stated_departure_error", ge=0.0, le=720.0)
    stated_departure_spread_minutes: float = assumed("stated_departure_spread", ge=0.0, le=720.0)
    stated_departure_margin_minutes: float = assumed("stated_departure_margin", ge=0.0, le=720.0)
    override_notice_minutes: float = assumed("override_notice", ge=0.0, le=720.0)
    override_share: float = assumed("override_share", ge=0.0, le=1.0)
    event_reservation_yuan_per_kwh: float = assumed("event_reservation_price", gt=0.0, le=100.0)
    event_reservation_spread: float = assumed("event_reservation_spread", ge=0.0, le=3.0)
    aggregator_share: float = chosen(
        0.0, "share of what is paid for feeding in, events and availability that the aggregator keeps", "-",
        ge=0.0, le=0.9,
    )  # fmt: skip
    availability_yuan_per_kw_month: float = chosen(
        0.0, "paid for a month plugged in and ready to feed in, per kW of rating, pro rata of the hours",
        "yuan/kW", ge=0.0, le=1000.0,
    )  # fmt: skip
    minimum_hours_per_month: float = chosen(
        0.0, "hours ready to feed in, without which a month earns nothing for availability", "h/month",
        ge=0.0, le=744.0,
    )  # fmt: skip
    owner_margin_yuan_per_kwh: float = assumed("owner_margin", ge=0.0, le=10.0)
    compensates_losses: bool = chosen(
        False,
        "true: cars may be called at an expected loss to their owners, which the operator makes up for; "
        "false: nobody is called for less than recharging, own wear and the margin",
    )  # fmt: skip
    left_early_penalty_yuan: float = chosen(
        0.0, "owed for unplugging a controlled car before the stated departure", "yuan", ge=0.0, le=10_000.0
    )
    charger_rent_yuan_per_month: float = chosen(
        0.0, "rent of a bidirectional charger at home", "yuan", ge=0.0, le=10_000.0
    )
    warranty_kwh_per_year: float | None = chosen(
        None, "energy a car may feed in under its warranty; null: no limit", "kWh", ge=0.0, le=1e6
    )

    @property
    def form(self) -> ContractForm:
        """What the contract allows."""
        return FORMS[self.contract]

    @property
    def owners_share(self) -> float:
        """What the aggregator leaves the owner of payments for feeding in, events and availability."""
        return 1.0 - self.aggregator_share
