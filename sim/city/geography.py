"""Zones of the city: where homes, jobs and errands are.

Each district is a disc around its population centre with the district's area, tiled by zones
in a sunflower pattern (equal areas). Homes and jobs thin out from the centre. Only districts
have sourced figures; the pattern inside a district is an assumption.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.data import conventions
from sim.data.catalogue import SHANGHAI, has_own, rows
from sim.scenario.demand_side import CitySection

KM_PER_DEGREE_LATITUDE = 110.9  # at 31 degrees north
GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))
FEWEST_ZONES, MOST_ZONES = 4, 60

Array = NDArray[np.float64]


@dataclass(frozen=True)
class District:
    """One of the 16 districts, as it stands in ``districts.csv``."""

    index: int
    name: str
    name_zh: str
    x_km: float
    y_km: float
    radius_km: float
    population_share: float
    jobs_share: float
    cars_share: float


@dataclass(frozen=True)
class Zones:
    """Zones of the whole city, one entry each.

    Attributes
    ----------
    x_km, y_km : ndarray, shape (n_zones,)
        Centre, east and north of People's Square.
    radius_km : ndarray, shape (n_zones,)
        Points of a zone lie within this radius.
    district : ndarray of uint8, shape (n_zones,)
        Index into :func:`districts`.
    people, jobs, cars : ndarray, shape (n_zones,)
        Shares of the city's residents, jobs and electric cars; each sums to 1.
    """

    x_km: Array
    y_km: Array
    radius_km: Array
    district: NDArray[np.uint8]
    people: Array
    jobs: Array
    cars: Array

    def __len__(self) -> int:
        return len(self.x_km)

    def straight_distance_km(self) -> Array:
        """Typical straight distance between points of two zones, shape (n_zones, n_zones).

        The root mean square over points spread evenly in both zones: centres plus spread. For
        one zone this is its radius.
        """
        dx = self.x_km[:, None] - self.x_km[None, :]
        dy = self.y_km[:, None] - self.y_km[None, :]
        spread = (self.radius_km[:, None] ** 2 + self.radius_km[None, :] ** 2) / 2.0
        distance: Array = np.sqrt(dx**2 + dy**2 + spread)
        return distance


def centre_of(place: str = SHANGHAI) -> tuple[float, float]:
    """Origin of coordinates (longitude, latitude): the place's own, or the centre of its districts."""
    table = rows("districts", place)
    if table == rows("districts") or has_own("conventions", place):
        return conventions.centre(place)
    longitude, latitude = (
        float(np.mean([float(row[f"popcentre_{axis}"]) for row in table])) for axis in ("lon", "lat")
    )
    return longitude, latitude


def to_km(lon: float, lat: float, centre: tuple[float, float]) -> tuple[float, float]:
    """Kilometres east and north of a centre (longitude, latitude)."""
    along = KM_PER_DEGREE_LATITUDE * math.cos(math.radians(centre[1]))
    return (lon - centre[0]) * along, (lat - centre[1]) * KM_PER_DEGREE_LATITUDE


def districts(place: str = SHANGHAI) -> list[District]:
    """Districts of a place in table order; Shanghai's 16 where it has no table of its own."""
    found, table = [], rows("districts", place)
    centre = centre_of(place)
    for index, row in enumerate(table):
        x_km, y_km = to_km(float(row["popcentre_lon"]), float(row["popcentre_lat"]), centre)
        found.append(
            District(
                index=index,
                name=row["name"],
                name_zh=row["name_zh"],
                x_km=x_km,
                y_km=y_km,
                radius_km=math.sqrt(float(row["area_km2_official"]) / math.pi),
                population_share=float(row["population_share"]),
                jobs_share=float(row["jobs_share"]),
                cars_share=float(row["nev_share_est"]),
            )
        )
    return found


def build_zones(city: CitySection) -> Zones:
    """Tile every district and share out its people, jobs and cars over its zones."""
    parts = [_tile(district, city) for district in districts(city.place)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    for share in ("people", "jobs", "cars"):
        columns[share] = columns[share] / columns[share].sum()
    return Zones(**columns)


def _tile(district: District, city: CitySection) -> dict[str, NDArray[Any]]:
    area = math.pi * district.radius_km**2
    n = min(max(round(area / city.zone_area_km2), FEWEST_ZONES), MOST_ZONES)
    rank = np.arange(n) + 0.5
    from_centre = np.sqrt(rank / n)  # in district radii; equal areas between ranks
    angle = rank * GOLDEN_ANGLE
    homes = np.exp(-city.zone_homes_concentration * from_centre)
    jobs = np.exp(-city.zone_jobs_concentration * from_centre)
    return {
        "x_km": district.x_km + district.radius_km * from_centre * np.cos(angle),
        "y_km": district.y_km + district.radius_km * from_centre * np.sin(angle),
        "radius_km": np.full(n, district.radius_km / math.sqrt(n)),
        "district": np.full(n, district.index, dtype=np.uint8),
        "people": district.population_share * homes / homes.sum(),
        "jobs": district.jobs_share * jobs / jobs.sum(),
        "cars": district.cars_share * homes / homes.sum(),
    }
