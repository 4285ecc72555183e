"""Scenario data needed to evaluate effects: bills, outlays and the units of its place."""

from __future__ import annotations

import numpy as np

from sim.effects.adequacy import Units
from sim.effects.comparison import Setting
from sim.effects.investment import Outlays, gas_peaker_yuan_per_kw, stationary_battery_yuan_per_kw
from sim.grid.outages import line_rows
from sim.grid.plants import plants_of
from sim.market.tariffs import hourly_prices
from sim.scenario import Scenario


def household_yuan_per_day(spec: Scenario) -> float:
    """Electricity bill of a mean home without the car, mean day of the year, first tier [yuan/d]."""
    months = range(1, 13) if spec.time.weeks else [spec.time.start.month]
    by_day, by_night = (
        float(np.mean([hourly_prices("residential_tou_tier1", month)[hour] for month in months]))
        for hour in (12, 3)
    )
    home = spec.market.household
    share = home.day_share
    return home.use_kwh_per_year / 365.0 * (share * by_day + (1.0 - share) * by_night)


def outlays_of(spec: Scenario) -> Outlays:
    """Prices of chargers and other sources of power in a scenario (as one arm sees it)."""
    costs, rate = spec.market.investment, spec.market.investment.discount_rate
    rented = spec.participation.charger_rent_yuan_per_month > 0.0
    extra = max(0.0, costs.bidirectional_charger_yuan - costs.ordinary_charger_yuan)
    return Outlays(
        extra_charger_yuan=extra,
        owner_outlay_yuan=0.0 if rented else extra,
        charger_life_years=costs.charger_life_years,
        discount_rate=rate,
        battery_hours=costs.stationary_battery_hours,
        alternatives={
            "stationary_battery": stationary_battery_yuan_per_kw(
                costs.stationary_battery_yuan_per_kwh, costs.stationary_battery_hours,
                rate, costs.stationary_battery_life_years,
            ),
            "gas_peaker": gas_peaker_yuan_per_kw(
                costs.gas_peaker_yuan_per_kw, costs.gas_peaker_fixed_share, rate, costs.gas_peaker_life_years
            ),
            "demand_response": costs.demand_response_yuan_per_kw * costs.demand_response_calls_per_year,
        },
    )  # fmt: skip


def setting_of(spec: Scenario) -> Setting:
    """Scenario data needed to evaluate effects (as one arm sees it)."""
    plants = plants_of(spec.grid, spec.city.place)
    lost, likely = line_rows(spec.city.place).states_of_single_lines()
    return Setting(
        household_yuan_per_day=household_yuan_per_day(spec),
        outlays=outlays_of(spec),
        units=Units(
            size_mw=plants.mw / plants.count,
            count=plants.count,
            availability=plants.availability,
            lines_lost=lost,
            lines_probability=likely,
            new_unit_availability=spec.grid.coal_availability,
        ),
        reserve_share=spec.grid.reserve_share,
        charger_kw=spec.chargers.bidirectional_kw,
        aggregator_share=spec.participation.aggregator_share,
        carbon_price_yuan_per_t=spec.market.investment.carbon_price_yuan_per_t,
    )
