"""The map: land, districts, and a place on it for everybody."""

import numpy as np
import pytest

from sim.city.geography import build_zones, centre_of, districts, to_km
from sim.data.catalogue import rows
from sim.scenario.demand_side import CitySection
from sim.view.geo import PITCH_KM, city_map
from tests.conftest import some_districts

CELL_KM2 = PITCH_KM**2 * 3.0**0.5 / 2.0


def test_districts_have_their_area_and_lie_where_they_are():
    drawn = city_map(CitySection())
    cells = np.bincount(drawn.district, minlength=16)
    for each in districts():
        here = drawn.district == each.index
        official = np.pi * each.radius_km**2
        assert cells[each.index] * CELL_KM2 == pytest.approx(official, rel=0.10, abs=2 * CELL_KM2), each.name
        middle = drawn.x_km[here].mean(), drawn.y_km[here].mean()
        row = rows("districts")[each.index]
        centroid = to_km(float(row["centroid_lon"]), float(row["centroid_lat"]), centre_of())
        assert np.hypot(middle[0] - centroid[0], middle[1] - centroid[1]) < 6.0, each.name  # a schematic


def test_islands_belong_to_chongming_alone():
    drawn = city_map(CitySection())
    north_of_the_mainland = drawn.y_km > 32.0
    assert north_of_the_mainland.any()
    assert {drawn.names[k] for k in drawn.district[north_of_the_mainland]} == {"Chongming"}


def test_every_zone_is_drawn_in_its_district_and_every_cell_is_used():
    city = CitySection()
    drawn, zones = city_map(city), build_zones(city)
    used = set()
    for zone in range(len(zones)):
        first = drawn.first_cell[zone]
        cells = drawn.cells[first : first + drawn.n_cells_of[zone]]
        assert len(cells)
        assert set(drawn.district[cells]) == {zones.district[zone]}
        used |= set(cells.tolist())
    assert used == set(range(len(drawn)))


def test_a_place_with_districts_of_its_own_is_drawn_without_shanghais_outline(tmp_path):
    folder = tmp_path / "twin"
    folder.mkdir()
    (folder / "districts.csv").write_text(some_districts(3), encoding="utf-8")
    drawn = city_map(CitySection(place=str(folder)))
    assert len(drawn.names) == 3
    assert len(drawn.river_km) == 0
    assert set(drawn.district) == {0, 1, 2}
