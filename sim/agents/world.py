"""All state that compiled code may access, in one named tuple.

Kernels take the tuple, extract the arrays they need once, and pass single records to the rules. Extracting
an array from a tuple costs more than evaluating a rule, so row procedures do it only in rare cases.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.agents.records import (
    AccountRecord,
    CarRecord,
    ChargerRecord,
    DriverRecord,
    Figures,
    Moment,
    PoolRecord,
)
from sim.city.records import ChargerTraits, HolidayRecord, PlanRecord
from sim.city.town import Town
from sim.rules.battery import (
    fixed_loss_share,
    proportional_loss_share,
    round_trip_efficiency,
    whole_watts_below,
)
from sim.rules.plugging import alpha_that_gives
from sim.scenario.contract_forms import ContractForm
from sim.scenario.schema import Scenario
from sim.state import blocks
from sim.state.records import Records, as_record

NO_LIMIT_KWH = 1e12
DAYS_PER_YEAR = 365.0


class World(NamedTuple):
    """State and figures passed to compiled code.

    Every array adds to the cost of each call that takes the tuple: two more slowed the drivers' step by 45%.
    Data needed by few procedures are passed to these separately.

    Attributes
    ----------
    drivers, cars, chargers : records
        Rows of the agents, see their classes for the fields.
    accounts : records
        Accounts of the cars that have one; ``car.account`` is the row, ``sums`` the entries.
    wake : int32, shape (n_cars,)
        Step in which each driver acts next, see :mod:`sim.agents.scheduling`.
    activity : uint8, shape (n_cars,)
        Current activity of each car.
    active : int32, shape (n_cars,)
        Rows to be processed in every block: cars plugged in and not idle from the block's start, cars on the
        road backwards from its end.
    n_active : int64, shape (n_blocks, 2)
        Length of both lists of each block.
    flows : ndarray, shape (n_blocks, n_flows)
        Flows of this step, summed by block of cars, see :mod:`sim.agents.fleet_flows`.
    plans : records of ``PLAN``, shape (n_blocks,)
        Scratch buffer for day plans, one per block.
    pools : records, shape (n_pools,)
        Chargers shared by drivers: charger rows ``first`` up to, not including, ``stop``. Pool number =
        ``kinds[kind].pool`` * number of districts + district.
    series : records, shape (n_steps,)
        By step: ``temperature_c``; ``warmth`` by chemistry (relative ageing rate); ``home_kw`` of a mean
        home; ``pull_of_pay`` on the log odds of plugging in; ``price`` by kind of charger, ``feed_in_price``
        and ``event_premium``, net to the owner [yuan/kWh]; and shocks, see
        :func:`sim.agents.shocks.disturbances`; and calls, see
        :func:`sim.agents.calls.call_columns`. ``aged`` is the sum of ``warmth`` over all earlier steps.
    day_kind : uint8, shape (n_days + 11,), days of the horizon among them
    holidays : records, shape (n_days + 11,), see :func:`sim.city.out_of_town.holiday_days`
        Workday or rest day; entry d + 1 is day d.
    town : Town
    kinds : records, shape (n_kinds,)
        Traits of the kinds of chargers, see :func:`sim.city.charger_kinds.charger_traits`.
    figures : records, shape (1,)
        Numbers of the scenario, see :func:`figures_of`.
    """

    drivers: Records[DriverRecord]
    cars: Records[CarRecord]
    chargers: Records[ChargerRecord]
    accounts: Records[AccountRecord]
    wake: Any
    activity: Any
    active: Any
    n_active: Any
    flows: Any
    plans: Records[PlanRecord]
    pools: Records[PoolRecord]
    series: Records[Moment]
    day_kind: Any
    holidays: Records[HolidayRecord]
    town: Town
    kinds: Records[ChargerTraits]
    figures: Records[Figures]


def contract_traits(form: ContractForm) -> dict[str, bool]:
    """Properties of a form of contract used in compiled code."""
    traits = asdict(form)
    del traits["name"]
    return traits


def figures_of(
    spec: Scenario,
    key: np.uint64,
    n_districts: int,
    fees: NDArray[np.float64],
    own_wear: NDArray[np.float64],
    cheap_hours: tuple[int, int],
) -> Any:
    """Parameters of a scenario (as one arm sees it) used in compiled code; units are part of the names."""
    chargers, fleet, habits, terms = (
        spec.chargers, spec.fleet, spec.drivers.habits, spec.participation
    )  # fmt: skip
    efficiency = chargers.one_way_efficiency, chargers.part_load_efficiency
    return as_record(
        {
            "key": key,
            "block_bits": blocks.BLOCK_BITS,
            "n_districts": n_districts,
            "step_hours": spec.step_hours,
            "step_minutes": spec.time.step_minutes,
            "steps_per_day": spec.steps_per_day,
            "fixed_loss": fixed_loss_share(*efficiency),
            "proportional_loss": proportional_loss_share(*efficiency),
            "minimum_load": chargers.minimum_load,
            "standby_kw": whole_watts_below(chargers.standby_w / 1000.0),
            "taper_start_soc": fleet.taper_start_soc,
            "taper_headroom_soc": fleet.taper_headroom_soc,
            "weak_soc": fleet.weak_battery_soc,
            "comfort_low_c": fleet.comfort_temperature_low_c,
            "comfort_high_c": fleet.comfort_temperature_high_c,
            "heating_kw_per_k": fleet.cabin_heating_kw_per_k,
            "cooling_kw_per_k": fleet.cabin_cooling_kw_per_k,
            "stop_and_go_kmh": fleet.consumption_stop_and_go_kmh,
            "air_drag_per_kmh2": fleet.consumption_air_drag_per_kmh2,
            "opportunity_share": habits.opportunity_driven_share,
            "alpha_need_driven": habits.alpha_need_driven,
            "alpha_opportunity_driven": habits.alpha_opportunity_driven,
            "alpha_spread": habits.alpha_spread,
            "typical_alpha": habits.typical_alpha,
            "shared_alpha": habits.shared_alpha_factor,
            "range_margin": habits.range_margin_factor,
            "comfort_soc": habits.comfort_soc,
            "forget_share": habits.forget_share,
            "bedtime_hour": habits.bedtime_hour,
            "bedtime_spread_h": habits.bedtime_spread_minutes / 60.0,
            "timer_share": habits.timer_share,
            "timer_spread_steps": habits.timer_spread_hours / spec.step_hours,
            "cheap_from_step": cheap_hours[0],
            "cheap_steps": cheap_hours[1],
            "public_price_elasticity": habits.public_price_elasticity,
            "choice_scale_yuan": habits.place_choice_scale_yuan,
            "posts_in_reach": habits.posts_in_reach,
            "queue_h": habits.expected_queue_minutes / 60.0,
            "fastest_kw": chargers.public_fast_kw,
            "moves_share": habits.moves_full_car_share,
            "moves_for_fee_share": habits.moves_full_car_for_fee_share,
            "full_to_unplug_h": habits.full_to_unplug_hours,
            "meal_habit_share": habits.meal_habit_share,
            "fill_up_soc": habits.fill_up_soc,
            "low_soc_of_drivers": habits.low_soc_of_drivers,
            "trip_buffer_soc": habits.trip_buffer_soc,
            "patience_steps": round(habits.queue_patience_minutes / spec.time.step_minutes),
            "empty_soc": habits.empty_soc,
            "en_route_arrival_soc": habits.en_route_arrival_soc,
            "en_route_kw": chargers.en_route_kw,
            "roadside_kw": chargers.roadside_kw,
            "availability": chargers.availability,
            **contract_traits(terms.form),
            "contract_alpha": alpha_that_gives(terms.plug_in_probability),
            "override_notice_steps": round(terms.override_notice_minutes / spec.time.step_minutes),
            "override_share": terms.override_share,
            "left_early_penalty": terms.left_early_penalty_yuan,
            "has_warranty": terms.warranty_kwh_per_year is not None,
            "warranty_kwh_per_day": NO_LIMIT_KWH
            if terms.warranty_kwh_per_year is None
            else terms.warranty_kwh_per_year / DAYS_PER_YEAR,
            "first_recorded_step": spec.first_recorded_step,
            "step_years": spec.step_hours / 24.0 / DAYS_PER_YEAR,
            "soc_slope": np.array([fleet.wear.lfp.soc_slope, fleet.wear.nmc.soc_slope]),
            "depth_exponent": np.array([fleet.wear.lfp.depth_exponent, fleet.wear.nmc.depth_exponent]),
            "service_fee": fees,
            "own_wear": own_wear,
            "round_trip": round_trip_efficiency(
                fixed_loss_share(*efficiency), proportional_loss_share(*efficiency)
            ),
            "owner_margin": terms.owner_margin_yuan_per_kwh,
            "compensates": terms.compensates_losses,
            "metered": spec.market.needs_meter,
            "behind_the_meter": spec.market.household.meter == "household",
            "stated_wrong_share": terms.stated_departure_wrong_share,
            "stated_error_h": terms.stated_departure_error_minutes / 60.0,
            "stated_spread_h": terms.stated_departure_spread_minutes / 60.0,
            "stated_margin_h": terms.stated_departure_margin_minutes / 60.0,
            "event_price_median": terms.event_reservation_yuan_per_kwh,
            "event_price_spread": terms.event_reservation_spread,
            "sale_kw": chargers.public_fast_bidirectional_kw,
            "registered_share": terms.drive_out.registered_share,
            "free_share": terms.drive_out.free_share,
            "wanted_gain": terms.drive_out.wanted_gain_yuan,
            "wanted_gain_spread": terms.drive_out.wanted_gain_spread,
            "value_of_time": terms.drive_out.value_of_time_yuan_per_h,
            "experience": terms.drive_out.experience,
            "fatigue": terms.drive_out.fatigue,
        }
    )
