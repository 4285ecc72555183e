"""Travel speed and energy consumption."""

from __future__ import annotations

from sim.rules.compiling import compiled

REFERENCE_DISTANCE_KM = 10.0  # distance at which the mean speeds of the tables hold
REFERENCE_SPEED_KMH = 32.0  # speed at which the consumption of the catalogue holds


@compiled
def speed_kmh(
    mean_kmh: float, distance_km: float, exponent: float, lowest_kmh: float, highest_kmh: float
) -> float:
    """Mean door-to-door speed of a trip [km/h].

    Longer trips use faster roads: ``mean x (distance / 10 km)^exponent``, within bounds.

    Parameters
    ----------
    mean_kmh : float
        City mean at the hour of departure, [km/h] (mobility_parameters.csv, assumption).
    distance_km : float
        Network distance, [km], above 0.
    exponent, lowest_kmh, highest_kmh : float
        model_assumptions.csv.
    """
    speed = mean_kmh * (distance_km / REFERENCE_DISTANCE_KM) ** exponent
    return min(max(speed, lowest_kmh), highest_kmh)


@compiled
def speed_factor(speed: float, stop_and_go_kmh: float, air_drag_per_kmh2: float) -> float:
    """Consumption at a speed over consumption at 32 km/h: ``a + b / v + c v^2``.

    `b` stands for stop-and-go traffic, `c` for air drag; `a` makes the factor 1 at 32 km/h.
    """
    reference = REFERENCE_SPEED_KMH
    constant = 1.0 - stop_and_go_kmh / reference - air_drag_per_kmh2 * reference * reference
    return constant + stop_and_go_kmh / speed + air_drag_per_kmh2 * speed * speed


@compiled
def cabin_power_kw(
    temperature_c: float,
    comfort_low_c: float,
    comfort_high_c: float,
    heating_kw_per_k: float,
    cooling_kw_per_k: float,
) -> float:
    """Electric power that keeps the cabin comfortable [kW], linear outside a comfort band."""
    if temperature_c < comfort_low_c:
        return heating_kw_per_k * (comfort_low_c - temperature_c)
    if temperature_c > comfort_high_c:
        return cooling_kw_per_k * (temperature_c - comfort_high_c)
    return 0.0


@compiled
def trip_energy_kwh(
    distance_km: float, hours: float, kwh_per_km: float, factor: float, cabin_kw: float
) -> float:
    """Battery energy of a trip [kWh]: motion by distance and speed, cabin by time."""
    return distance_km * kwh_per_km * factor + cabin_kw * hours
