"""Sections of a scenario: the grid around the cars, its plants and lines, and the weather."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.fields import Section, assumed, chosen, sourced

Positive = Annotated[float, Field(gt=0.0, le=1e6)]


class StorageSection(Section):
    """Pumped storage or grid batteries. They level expected net load, day by day."""

    power_mw: Positive = chosen(..., "most it draws or gives", "MW")
    energy_mwh: Positive = chosen(..., "what it holds when full, as given back", "MWh")
    efficiency: float = assumed("storage_efficiency", gt=0.0, le=1.0, text="energy given back over drawn")


class GridSection(Section):
    """Demand of the city and the plants and lines that meet it."""

    peak_demand_mw: float = sourced(
        "grid_shanghai",
        "peak_load",
        when="2025-08 (late) 11:49",
        scale=1000.0,
        unit="MW",
        gt=0.0,
        text="highest demand on a workday of the heat wave; demand of mild days is a share of it",
    )
    winter_peak_demand_mw: float = sourced(
        "grid_shanghai",
        "peak_load_winter",
        scale=1000.0,
        unit="MW",
        gt=0.0,
        text="highest demand on a workday of the cold spell",
    )
    cooling_above_c: float = assumed("cooling_above", ge=0.0, le=30.0)
    heating_below_c: float = assumed("heating_below", ge=-10.0, le=25.0)
    demand_noise_sd: float = assumed("demand_noise_sd", ge=0.0, le=0.1)
    demand_noise_hours: float = assumed(
        "demand_noise_hours", gt=0.0, le=48.0, text="time in which the unforeseen part of demand fades to 1/e"
    )
    cars_in_demand: int | None = chosen(
        None,
        "electric cars whose ordinary charging the demand profile already contains; it is taken out; null: "
        "those of the fleet, but no more than there were when the place's demand was metered",
        "cars",
        ge=0,
        le=500_000_000,
    )
    wind_mw: float = sourced(
        "grid_shanghai", "wind_2025", scale=1000.0, unit="MW", ge=0.0, text="wind power installed"
    )
    offshore_wind_share: float = sourced(
        "grid_shanghai",
        "offshore_wind",
        scale=1.0 / 0.80,
        unit="-",
        ge=0.0,
        le=1.0,
        text="of wind power: 0.43 of 0.80 GW in 2020",
    )
    solar_mw: float = sourced(
        "grid_shanghai", "solar_2025", scale=1000.0, unit="MW", ge=0.0, text="solar power installed"
    )
    storage: list[StorageSection] = chosen(list, "pumped storage and grid batteries", max_length=100)
    reserve_share: float = assumed("reserve_share", ge=0.0, le=0.5)
    outages: Literal["drawn", "expected"] = chosen(
        "drawn", "drawn: units fail and are repaired by chance; expected: each has its mean share in order"
    )
    coal_scale: float = chosen(1.0, "factor on the size of every coal unit", "-", ge=0.0, le=100.0)
    gas_scale: float = chosen(1.0, "factor on the size of every gas unit", "-", ge=0.0, le=100.0)
    gas_contract_scale: float = chosen(
        1.0, "factor on gas burnt under take-or-pay contracts (contracts.csv)", "-", ge=0.0, le=100.0
    )
    contract_scale: float = chosen(
        1.0, "factor on what is delivered under contract (contracts.csv)", "-", ge=0.0, le=100.0
    )
    hydro_availability: float = sourced(
        "generation_technology",
        "availability_summer",
        tech="import_hydro",
        ge=0.0,
        le=1.0,
        text="share of contracted hydropower that comes",
    )
    import_capability_mw: float = sourced(
        "grid_shanghai",
        "import_capability",
        scale=1000.0,
        unit="MW",
        ge=0.0,
        text="capability of the lines to the neighbours",
    )
    extra_import_price_scale: float = chosen(
        1.0, "factor on the price of imports beyond contracts (extra_imports.csv)", "-", ge=0.0, le=100.0
    )
    extra_import_co2_scale: float = chosen(
        1.0,
        "factor on emissions and coal of imports beyond contracts (extra_imports.csv)",
        "-",
        ge=0.0,
        le=10.0,
    )
    neighbours_room_scale: float = chosen(
        1.0,
        "factor on what the neighbours can spare beyond contracts (neighbours.csv)",
        "-",
        ge=0.0,
        le=100.0,
    )
    neighbours_noise_sd: float = assumed("neighbours_noise_sd", ge=0.0, le=0.5)
    neighbours_solar_over_peak: float = assumed("neighbours_solar_over_peak", ge=0.0, le=10.0)
    losses_share: float = sourced(
        "grid_shanghai",
        "grid_losses",
        ge=0.0,
        le=0.5,
        text="lost between plants and meters; metered demand contains the losses, what cars draw does not",
    )
    coal_price_yuan_per_tce: float = sourced(
        "generation_technology", "fuel_price", tech="coal", ge=0.0, le=10_000.0, text="price of coal"
    )
    coal_operation_yuan_per_kwh: float = assumed(
        "coal_operation_cost", ge=0.0, le=1.0, text="operation and maintenance of coal units"
    )
    coal_availability: float = sourced(
        "generation_technology",
        "availability_summer",
        tech="coal",
        gt=0.0,
        le=1.0,
        text="mean share of coal capacity in order",
    )
    coal_repair_hours: float = assumed("coal_repair", gt=0.0, le=8760.0)
    coal_minimum_share: float = sourced(
        "generation_technology",
        "min_stable_output_existing",
        tech="coal",
        ge=0.0,
        le=0.99,
        text="minimum output of coal units that are on",
    )
    coal_heat_rise_share: float = assumed("coal_heat_rise", ge=0.0, le=1.0)
    coal_ramp_share_per_hour: float = sourced(
        "generation_technology",
        "ramp_limit_model",
        tech="coal",
        gt=0.0,
        le=60.0,
        text="change of output of coal units, of their size in an hour",
    )
    coal_start_yuan_per_mw: float = sourced(
        "generation_technology", "start_cost", tech="coal", ge=0.0, le=1e5, text="cost of a start"
    )
    coal_start_tce_per_mw: float = assumed("coal_start_fuel", ge=0.0, le=10.0)
    coal_start_hours: float = sourced(
        "generation_technology",
        "hot_start_hours",
        tech="coal",
        ge=0.0,
        le=72.0,
        text="a coal unit that has stopped stays off so long",
    )
    coal_minimum_up_hours: float = assumed("coal_minimum_up", ge=0.0, le=168.0)
    coal_co2_kg_per_kgce: float = sourced(
        "generation_technology", "co2_per_kgce", tech="coal", ge=0.0, le=5.0, text="emissions of coal"
    )
    gas_variable_cost_yuan_per_kwh: float = sourced(
        "generation_technology",
        "variable_cost",
        tech="ccgt",
        ge=0.0,
        le=5.0,
        text="variable cost of a gas unit of 57% efficiency",
    )
    gas_co2_kg_per_kwh: float = sourced(
        "generation_technology",
        "co2",
        tech="ccgt",
        ge=0.0,
        le=2.0,
        text="emissions of a gas unit of 57% efficiency",
    )
    gas_availability: float = assumed(
        "gas_availability", gt=0.0, le=1.0, text="mean share of gas capacity in order"
    )
    gas_repair_hours: float = assumed("gas_repair", gt=0.0, le=8760.0)
    gas_minimum_share: float = sourced(
        "generation_technology",
        "min_stable_output",
        tech="ccgt",
        ge=0.0,
        le=0.99,
        text="minimum output of gas units that are on",
    )
    gas_must_run_share: float = assumed("gas_must_run_share", ge=0.0, le=0.99)
    gas_heat_rise_share: float = assumed("gas_heat_rise", ge=0.0, le=1.0)
    gas_ramp_share_per_hour: float = sourced(
        "generation_technology",
        "ramp_rate",
        tech="ccgt",
        scale=60.0,
        unit="1/h",
        gt=0.0,
        le=60.0,
        text="change of output of gas units, of their size in an hour",
    )
    gas_start_yuan_per_mw: float = assumed("gas_start_cost", ge=0.0, le=1e5)
    gas_start_hours: float = assumed("gas_start_hours", ge=0.0, le=72.0)
    gas_minimum_up_hours: float = assumed("gas_minimum_up", ge=0.0, le=168.0)
    scarcity_price_yuan_per_kwh: float = sourced(
        "tariffs", ge=0.0, le=100.0, tariff="spot_cap", area="Guangdong", text="price when demand is not met"
    )


class WeatherSection(Section):
    """Air temperature, sun and wind."""

    temperature_profile: Literal["normal", "heatwave", "cold_spell"] = chosen(
        "normal",
        "normal: by month and hour, with deviations that last some days; heatwave, cold_spell: the week "
        "around the summer or winter record, which falls on its Wednesday",
    )
    temperature_noise_sd_k: float = assumed("temperature_noise_sd", ge=0.0, le=10.0)
    temperature_noise_days: float = assumed(
        "temperature_noise_days",
        gt=0.0,
        le=30.0,
        text="time in which a deviation of temperature fades to 1/e",
    )
    temperature_error_sd_k: float = assumed("temperature_error_sd", ge=0.0, le=10.0)
    temperature_error_hours: float = assumed(
        "temperature_error_hours", gt=0.0, le=96.0, text="time in which an error of the forecast fades to 1/e"
    )
    wind_noise_sd: float = assumed("wind_noise_sd", ge=0.0, le=2.0)
    wind_error_sd: float = assumed("wind_error_sd", ge=0.0, le=2.0)
    wind_noise_hours: float = assumed(
        "wind_noise_hours", gt=0.0, le=96.0, text="time in which a deviation of wind fades to 1/e"
    )
    cloud_noise_sd: float = assumed("cloud_noise_sd", ge=0.0, le=1.0)
    cloud_error_sd: float = assumed("cloud_error_sd", ge=0.0, le=1.0)
    passing_clouds_sd: float = assumed("passing_clouds_sd", ge=0.0, le=1.0)
    passing_clouds_hours: float = assumed(
        "passing_clouds_hours", gt=0.0, le=24.0, text="time in which passing clouds fade to 1/e"
    )
    sun_with_heat: float = assumed("sun_with_heat", ge=-1.0, le=1.0)
