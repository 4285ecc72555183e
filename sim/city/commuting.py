"""Commuting: a doubly constrained gravity model (Wilson 1967).

Trips from zone i to zone j are ``A_i O_i B_j D_j f(d_ij)``; the balancing factors make the row sums
meet the homes ``O`` and the column sums the jobs ``D``. The deterrence function ``f(d) =
exp(-d / lambda) + omega`` says that distance deters most people and some not at all; its two
parameters are solved for, so that the shares of commutes below 5 km and above 25 km meet the
reported ones (sources S12, S13). Car commuters live farther out: for them both distances are
stretched by the car-commuter factor.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sim.city.geography import GOLDEN_ANGLE, Array, Zones, build_zones
from sim.scenario.demand_side import CitySection

SHORT_KM, LONG_KM = 5.0, 25.0
BALANCE_TOLERANCE = 1e-10
BALANCE_ROUNDS = 500


def gravity(origins: Array, destinations: Array, deterrence: Array) -> Array:
    """Trips between zones that meet origins and destinations (iterative proportional fitting).

    Parameters
    ----------
    origins, destinations : ndarray, shape (n,)
        Shares of homes and jobs; each sums to 1.
    deterrence : ndarray, shape (n, n)
        Positive.

    Returns
    -------
    ndarray, shape (n, n)
        Shares of all commutes; sums to 1.
    """
    b = np.ones_like(destinations)
    a = np.ones_like(origins)
    for _ in range(BALANCE_ROUNDS):
        a = 1.0 / (deterrence @ (b * destinations))
        new = 1.0 / ((a * origins) @ deterrence)
        change = float(np.max(np.abs(new / b - 1.0)))
        b = new
        if change < BALANCE_TOLERANCE:
            break
    trips: Array = (a * origins)[:, None] * deterrence * (b * destinations)[None, :]
    return trips


def share_within(trips: Array, reach: Array) -> float:
    """Share of the trips that are shorter than a limit, given the share for each pair."""
    return float(np.sum(trips * reach))


def reach(zones: Zones, limit_km: float) -> Array:
    """Share of point pairs of two zones that lie within a straight distance of each other.

    Points are spread evenly over the discs of the zones; the share is counted over a fixed set of
    points for the pairs it is not obvious for.
    """
    dx = zones.x_km[:, None] - zones.x_km[None, :]
    dy = zones.y_km[:, None] - zones.y_km[None, :]
    between = np.hypot(dx, dy)
    spread = zones.radius_km[:, None] + zones.radius_km[None, :]
    share: Array = (between < limit_km).astype(np.float64)
    i, j = np.nonzero(np.abs(between - limit_km) < spread)
    unit_x, unit_y = _points_of_unit_disc()
    within = np.zeros(len(i))
    for px, py in zip(unit_x, unit_y, strict=True):
        for qx, qy in zip(unit_x, unit_y, strict=True):
            x = dx[i, j] + zones.radius_km[i] * px - zones.radius_km[j] * qx
            y = dy[i, j] + zones.radius_km[i] * py - zones.radius_km[j] * qy
            within += x * x + y * y < limit_km * limit_km
    share[i, j] = within / len(unit_x) ** 2
    return share


def _points_of_unit_disc(count: int = 9) -> tuple[Array, Array]:
    rank = np.arange(count) + 0.5
    radius = np.sqrt(rank / count)
    return radius * np.cos(rank * GOLDEN_ANGLE), radius * np.sin(rank * GOLDEN_ANGLE)


@lru_cache(maxsize=8)
def commutes(city: CitySection, car_owners: bool = True) -> Array:
    """Shares of commutes between zones, shape (n_zones, n_zones), meeting the reported lengths.

    Parameters
    ----------
    city : CitySection
    car_owners : bool
        Commutes of owners of electric cars; otherwise of all residents, whom the reports describe.
    """
    zones = build_zones(city)
    stretch = city.car_commuter_distance_multiplier if car_owners else 1.0
    origins = zones.cars if car_owners else zones.people
    distance = zones.straight_distance_km()
    short, long = reach(zones, SHORT_KM * stretch), reach(zones, LONG_KM * stretch)

    def trips(parameters: NDArray[np.float64]) -> Array:
        log_lambda, log_omega = parameters
        deterrence = np.exp(-distance / np.exp(log_lambda)) + np.exp(log_omega)
        return gravity(origins, zones.jobs, deterrence)

    def misfit(parameters: NDArray[np.float64]) -> list[float]:
        shares = trips(parameters)
        return [
            share_within(shares, short) - city.commute_share_below_5km,
            1.0 - share_within(shares, long) - city.commute_share_over_25km,
        ]

    start = [np.log(3.0 * stretch), np.log(0.002)]
    solution = least_squares(misfit, x0=start, bounds=([-2.0, -20.0], [6.0, 0.0]), xtol=1e-8)
    return trips(solution.x)


def sampled_km(trips: Array, zones: Zones, points: int, seed: int) -> Array:
    """Straight distances of commutes between random points of their zones, shape (points,) [km]."""
    rng = np.random.default_rng(seed)
    pair = rng.choice(trips.size, points, p=trips.ravel() / trips.sum())
    ends = []
    for zone in np.divmod(pair, len(zones)):
        radius_km = zones.radius_km[zone] * np.sqrt(rng.random(points))
        turn = 2.0 * np.pi * rng.random(points)
        x_km, y_km = radius_km * np.cos(turn), radius_km * np.sin(turn)
        ends.append((zones.x_km[zone] + x_km, zones.y_km[zone] + y_km))
    (from_x, from_y), (to_x, to_y) = ends
    km: Array = np.hypot(to_x - from_x, to_y - from_y)
    return km


def destinations(attraction: Array, distance: Array, scale_km: float) -> Array:
    """Where errands from each zone go: attraction that fades with distance; rows sum to 1."""
    pull = attraction[None, :] * np.exp(-distance / scale_km)
    shares: Array = pull / pull.sum(axis=1, keepdims=True)
    return shares
