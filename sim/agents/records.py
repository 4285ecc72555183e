"""Types of the records of agents, and of what they meet.

Made by ``tools/make_records.py`` from their columns; do not edit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.state.records import Record


class DriverRecord(Record):
    """State of a driver: a row of ``Driver``."""

    driver_id: int  # number of the driver in the whole fleet
    home_charger: int  # charger at home, -1 for none
    target_soc: float  # state of charge at which the owner stops charging
    reserve_soc: float  # state of charge the owner keeps when controlled
    arrive_step: int  # [step] end of the present trip
    depart_step: int  # [step] start of the next trip
    trip_km: float  # [km] distance of the next trip
    trip_minutes: float  # [min] duration of the next trip
    waiting_since: int  # [step] start of waiting
    away_until: int  # [step] the driver keeps the car unplugged until then
    home_zone: int  # zone of the home
    work_zone: int  # zone of the workplace
    zone: int  # zone of the stop, or of the destination while driving
    drive_left: int  # [step] steps still to be driven of a trip with charging on the way
    next_zone: int  # zone at the end of the next trip
    plan_day: int  # [d] day whose plan the next trip belongs to
    custom: int  # stepped in Python because its class is the user's own
    archetype: int  # kind of driver, index into archetypes.csv
    has_work_access: int  # may use the posts at work
    enrolled: int  # is enrolled with the operator
    place: int  # home, work, errand or road
    goal: int  # place at the end of the present trip
    next_place: int  # place at the end of the next trip
    trip: int  # number of the next trip in that plan
    plan_goes_on: int  # that plan has more trips after the next one
    deciding: int  # has just arrived and not yet decided about plugging in
    wants: int  # kind of charger waited for, 255 for none
    answers_call: int  # how a call is answered: not, plugged in again, drives out, sells, drives back


class CarRecord(Record):
    """State of a car: a row of ``Car``."""

    energy_kwh: float  # [kWh] stored energy
    capacity_kwh: float  # [kWh] usable battery
    kwh_per_km: float  # [kWh/km] consumption of motion at 32 km/h
    ac_kw: float  # [kW] rating of the on-board charger
    battery_kw: float  # [kW] power limit of the battery
    account: int  # row of the car's account, -1 for none
    charger: int  # charger the car is plugged into, -1 for none
    session_kw: float  # [kW] rating of this session: least of charger, plug and inlet
    power_kw: float  # [kW] grid-side power in this step; positive draws, negative feeds in
    owed_kwh: float  # [kWh] energy promised at departure in this session
    kwh_per_step: float  # [kWh] energy that driving takes in a step; 0 when the car does not drive
    km_per_step: float  # [km] distance driven in a step; 0 when the car does not drive
    en_route_kwh: float  # [kWh] energy still to be charged on the way
    custom: int  # stepped in Python because its class is the user's own
    model_index: int  # car model, row of vehicles.csv
    has_fast_inlet: int  # takes direct current
    is_phev: int  # plug-in hybrid
    is_nmc: int  # cells of nickel, manganese and cobalt; otherwise iron phosphate
    v2g_capable: int  # car can feed in
    charger_kind: int  # kind of that charger, 255 for none
    converting: int  # the charger's converter runs; otherwise power is its standby draw


class ChargerRecord(Record):
    """State of a charger: a row of ``Charger``."""

    car: int  # car plugged in, -1 for none
    since_step: int  # [step] start of the session
    stated_step: int  # [step] end of the session as the driver states it
    to_replace_kwh: float  # [kWh] discharged in this session and not yet recharged
    to_recover_yuan: float  # [yuan] wear and margin of that energy, less what it earned
    laxity_h: float  # [h] how long charging could still wait
    rated_kw: float  # [kW] rating, both ways
    power_kw: float  # [kW] power in this step
    low_kw: float  # [kW] least safe power in this step
    high_kw: float  # [kW] most safe power in this step
    reckoned_yuan_per_kwh: float  # [yuan/kWh] price with which the present one was compared
    home_size: float  # use of the home over that of the mean home, 0 for other chargers
    charge_rank: int  # place in the operator's order for charging
    discharge_rank: int  # place in the operator's order for discharging
    custom: int  # stepped in Python because its class is the user's own
    timer_quarters: int  # [15 min] how long after plugging in a timer starts charging
    controlled: int  # the operator may control this session
    overridden: int  # the owner has pressed the button that charges at once
    has_discharged: int  # has discharged during this session
    accepts_discharge: int  # its owner would discharge in this step, if the gate lets it
    excuse: int  # why the promise of this session may break, 0 for no reason
    on_call: int  # its car is controlled and able to discharge
    kind: int  # home, work, public slow or public fast
    district: int  # district, row of districts.csv
    bidirectional: int  # can feed in
    reason: int  # why the charger does what it does, see sim.agents.decision_codes


class AccountRecord(Record):
    """Account of a car; ``sums`` holds its entries."""

    turns: NDArray[Any]  # [65535] turning points of the state of charge
    start_kwh: float  # [kWh] stored energy when recording began
    stress_years: float  # [a] time under calendar stress, in years half full at 25 degC
    cycles: float  # cycles closed, weighted by depth
    accrued_until: int  # [step] step up to which the account is accrued
    min_soc: float  # lowest state of charge
    turn_count: int  # turning points in use
    sums: NDArray[Any]


class Moment(Record):
    """What a step brings: weather, prices, shocks."""

    temperature_c: float
    warmth: NDArray[Any]
    aged: NDArray[Any]
    home_kw: float
    pull_of_pay: float
    price: NDArray[Any]
    feed_in_price: float
    event_premium: float
    dearness: float
    hit: int
    unplug_share: NDArray[Any]
    away_until: int
    link_lost_share: NDArray[Any]
    falls_back_to_charging: int
    outage_share: NDArray[Any]
    outage_kinds: int
    event_price: float
    call_announced: int
    call_first: int
    call_last: int
    call_price: float
    call_rebuy: NDArray[Any]


class Figures(Record):
    """Numbers of a scenario, as one arm sees it, see ``figures_of``."""

    key: np.uint64
    block_bits: int
    n_districts: int
    step_hours: float
    step_minutes: int
    steps_per_day: int
    fixed_loss: float
    proportional_loss: float
    minimum_load: float
    standby_kw: float
    taper_start_soc: float
    taper_headroom_soc: float
    weak_soc: float
    comfort_low_c: float
    comfort_high_c: float
    heating_kw_per_k: float
    cooling_kw_per_k: float
    stop_and_go_kmh: float
    air_drag_per_kmh2: float
    opportunity_share: float
    alpha_need_driven: float
    alpha_opportunity_driven: float
    alpha_spread: float
    typical_alpha: float
    shared_alpha: float
    range_margin: float
    comfort_soc: float
    forget_share: float
    bedtime_hour: float
    bedtime_spread_h: float
    timer_share: float
    timer_spread_steps: float
    cheap_from_step: int
    cheap_steps: int
    public_price_elasticity: float
    choice_scale_yuan: float
    posts_in_reach: int
    queue_h: float
    fastest_kw: float
    moves_share: float
    moves_for_fee_share: float
    full_to_unplug_h: float
    meal_habit_share: float
    fill_up_soc: float
    low_soc_of_drivers: float
    trip_buffer_soc: float
    patience_steps: int
    empty_soc: float
    en_route_arrival_soc: float
    en_route_kw: float
    roadside_kw: float
    availability: float
    controls: bool
    discharges_at_home: bool
    discharges_elsewhere: bool
    saves_only: bool
    contract_alpha: float
    override_notice_steps: int
    override_share: float
    left_early_penalty: float
    has_warranty: bool
    warranty_kwh_per_day: float
    first_recorded_step: int
    step_years: float
    soc_slope: NDArray[Any]
    depth_exponent: NDArray[Any]
    service_fee: NDArray[Any]
    own_wear: NDArray[Any]
    round_trip: float
    owner_margin: float
    compensates: bool
    metered: bool
    behind_the_meter: bool
    stated_wrong_share: float
    stated_error_h: float
    stated_spread_h: float
    stated_margin_h: float
    event_price_median: float
    event_price_spread: float
    sale_kw: float
    registered_share: float
    free_share: float
    wanted_gain: float
    wanted_gain_spread: float
    value_of_time: float
    experience: float
    fatigue: float


class PoolRecord(Record):
    """Chargers that drivers of a district share."""

    first: int
    stop: int


class MeterRecord(Record):
    """Meter of a home since the first of January."""

    without_kwh: float
    with_kwh: float
    home_yuan: float
    car_yuan: float
    self_used_kwh: float
    exported_kwh: float
