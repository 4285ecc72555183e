"""Places by folder: those that ship are whole, and a mistake in one's own is told by file and line."""

from __future__ import annotations

import datetime as dt
import shutil

import numpy as np
import pytest

from sim.city.calendar import is_workday
from sim.city.codes import RESTDAY, WORKDAY
from sim.data.catalogue import PLACES, SHANGHAI, places, rows, take_in
from sim.model import CityModel
from sim.runs.run import prepare, simulate
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.place_tables import COLUMNS, first_mistake
from sim.view.pair import _without_owners
from tests.conftest import SCENARIOS, small


@pytest.mark.parametrize("place", places())
def test_every_place_is_whole(place):
    assert first_mistake(place) == ""
    for table in set(COLUMNS) - {
        "districts"
    }:  # streets are Shanghai's everywhere, and every scenario says so
        assert (PLACES / place / f"{table}.csv").is_file(), "no place leans on another's figures unseen"


def test_places_ship():
    assert places() == ["california", "china-2025", "china-2030", SHANGHAI]


#: Days of the records, in the middle of their weeks.
WEDNESDAY = {"california": "2025-09-10", "china-2025": "2025-07-16", "china-2030": "2025-07-16"}


@pytest.mark.parametrize("name", list(WEDNESDAY))
def test_every_place_runs(name):
    spec = prepare(SCENARIOS / f"{name}.yaml", sample=1e-5 if name != "california" else 2e-4, days=1,
                   settings=[f"time.start={WEDNESDAY[name]}", "time.warmup_days=1", "outputs.figures=false"], arms=["uncontrolled", "v2g"])  # fmt: skip
    result = simulate(spec)
    assert result.summary["audit"]["passed"]
    figures = result.summary["arms"]["uncontrolled"]
    assert figures["peak_demand_mw"] == pytest.approx(spec.grid.peak_demand_mw, rel=0.05)
    assert figures["unserved_mwh"] < 1e-3 * figures["peak_demand_mw"]


def own_place(tmp_path, **changes):
    folder = tmp_path / "mycity"
    shutil.copytree(PLACES / SHANGHAI, folder)
    for name, (old, new) in changes.items():
        path = folder / f"{name}.csv"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_a_folder_of_ones_own_beside_the_scenario(tmp_path):
    own_place(tmp_path, units=("Waigaoqiao", "Neverland"))
    (tmp_path / "own.yaml").write_text("city: {place: ./mycity}\nfleet: {cars: 100}\n")
    spec = load_scenario(tmp_path / "own.yaml")
    assert any("Neverland" in row["plant"] for row in rows("units", spec.city.place))
    assert load_scenario(spec.resolved()).city.place == spec.city.place


def test_a_calendar_and_customs_are_rows_of_the_places_own_table(tmp_path):
    """Independence Day in California is a workday in Shanghai; who wakes early has rush hours early."""
    folder = own_place(tmp_path, conventions=("holidays,CN", "holidays,US-CA"))
    table = folder / "conventions.csv"
    early = (
        table.read_text("utf-8")
        .replace("valley_from,22", "valley_from,1")
        .replace("rush_from,7", "rush_from,5")
    )
    table.write_text(early, "utf-8")
    start = dt.date(2025, 7, 3)
    there, here = (
        CityModel(small(**{"time.start": start, "time.days": 2, "city.place": place}), arm="uncontrolled")
        for place in (str(folder), SHANGHAI)
    )
    independence_day = 1 + there.spec.time.warmup_days + 1
    assert (there.clock.day_kind[independence_day], here.clock.day_kind[independence_day]) == (
        RESTDAY,
        WORKDAY,
    )
    assert there.world.town.figures[0]["morning_rush_from_min"] == 300.0
    for model in (there, here):
        model.run_model()
    valleys = [_without_owners(model).in_valley for model in (there, here)]
    assert [int(valley.sum()) for valley in valleys] == [2 * 5 * 4, 2 * 8 * 4]


def test_stretches_of_the_day_may_run_across_midnight_and_begin_between_hours(tmp_path):
    """A home's day from four in the afternoon to three at night, and a valley of one hour from half past five."""
    folder = own_place(tmp_path, conventions=("household_day_from,6", "household_day_from,16"))
    table = folder / "conventions.csv"
    text = table.read_text("utf-8").replace("household_day_to,22", "household_day_to,3")
    text = text.replace("valley_from,22", "valley_from,5.5").replace("valley_to,6,", "valley_to,6.5,")
    table.write_text(text, "utf-8")
    model = CityModel(
        small(city__place=str(folder), market__household__meter="household"), arm="uncontrolled"
    )
    assert np.isfinite(model.world.series["home_kw"]).all()
    model.run_model()
    assert int(_without_owners(model).in_valley.sum()) == 4


def test_a_place_without_holidays_rests_on_weekends(tmp_path):
    place = take_in(own_place(tmp_path, conventions=("holidays,CN", "holidays,none")))
    national_day, make_up_sunday = dt.date(2025, 10, 1), dt.date(2025, 9, 28)
    assert is_workday(national_day, place)
    assert not is_workday(make_up_sunday, place)
    assert not is_workday(national_day)
    assert is_workday(make_up_sunday)


def two_districts(tmp_path):
    """A place of one's own in two districts."""
    folder = own_place(tmp_path)
    text = "name,name_zh,population_share,jobs_share,nev_share_est,area_km2_official,popcentre_lon,popcentre_lat\n"
    text += "North,北,0.6,0.3,0.5,200,10.0,50.10\nSouth,南,0.4,0.7,0.5,150,10.1,50.00\n"
    (folder / "districts.csv").write_text(text, encoding="utf-8")
    return str(folder)


def test_a_city_may_have_its_own_districts(tmp_path):
    folder = two_districts(tmp_path)
    spec = small(city__place=folder, outputs__figures=False)
    model = CityModel(spec, arm="v2g")
    for _ in range(40):
        model.step()
    assert set(model.owners_frame()["home_district"].cat.categories) == {"North", "South"}
    with pytest.raises(
        ScenarioError, match=r"shocks.0.district: unknown district 'Pudong'.*allowed: North, South"
    ):
        small(city__place=folder, shocks=[
            {"kind": "unplug", "at": "2025-08-27 19:00", "hours": 1.0, "district": "Pudong"}
        ])  # fmt: skip


def test_a_table_that_is_missing_is_shanghais(tmp_path):
    folder = own_place(tmp_path)
    (folder / "contracts.csv").unlink()
    place = load_scenario({"city": {"place": str(folder)}}).city.place
    assert first_mistake(place) == ""
    assert rows("contracts", place) == rows("contracts", SHANGHAI)


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        (
            "units",
            ",coal,1,350.0,",
            ",peat,1,350.0,",
            r"units\.csv:2: fuel: 'peat' is not allowed; allowed: coal, gas",
        ),
        ("units", ",350.0,", ",big,", r"units\.csv:2: mw: expected a number, got 'big'"),
        (
            "units",
            "Unit 2,",
            "Unit 1,",
            r"units\.csv:3: plant and unit '.*, Unit 1' stands in line 2 already",
        ),
        ("demand_days", "workday,0,", "workday,1,", r"day 'workday' needs one row for every hour"),
        (
            "contract_shapes",
            "hydro,month,1,",
            "hydro,month,2,",
            r"kind 'hydro' needs one row for every month",
        ),
        ("place", "latitude", "lattitude", r"parameter 'latitude' is missing"),
        (
            "contracts",
            "price_yuan_per_kwh",
            "price",
            r"contracts\.csv:1: unknown column 'price'; allowed: name, .*price_yuan_per_kwh",
        ),
        (
            "conventions",
            "holidays,CN",
            "holidays,XX",
            r"conventions\.csv:2: holidays: 'XX' is not known; expected",
        ),
        ("conventions", "holidays,CN", "holidays,US-QQ", r"holidays: 'US-QQ' is not known"),
        (
            "conventions",
            "valley_to,6",
            "valley_to,22",
            r"valley_to: the stretch takes 0 h; it must take 1 to 23",
        ),
        (
            "conventions",
            "household_day_to,22",
            "household_day_to,6.5",
            r"household_day_to: the stretch takes 0.5 h",
        ),
        ("conventions", "holidays,CN", "cars,9", r"parameter 'holidays' is missing"),
        (
            "conventions",
            "valley_from,22",
            "winter_months,12 1\nvalley_from,22",
            r"unknown parameter 'winter_months'",
        ),
        ("conventions", "valley_from,22", "valley_from,25", r"valley_from: 25 is not between 0 and 24"),
        ("conventions", "valley_to", "vally_to", r"parameter 'valley_to' is missing"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path, table, old, new, message):
    folder = own_place(tmp_path, **{table: (old, new)})
    with pytest.raises(ScenarioError, match=message):
        load_scenario({"city": {"place": str(folder)}})


def test_an_unknown_place_is_suggested():
    with pytest.raises(ScenarioError, match=r"unknown place 'shanghi', did you mean 'shanghai'"):
        load_scenario({"city": {"place": "shanghi"}})


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("extra_imports", "surplus,0.3333,0.057", "suplus,0.3333,0.057", "unknown state 'suplus', did you mean 'surplus'"),
        ("extra_imports", "tight,0.3333,0.448", "tight,0.6,0.448", "the shares of state 'tight' sum to 1.2667"),
        ("neighbours", "tight,0.545", "tight,0.3", "from_residual_load: 0.3 must be above the line before, 0.356"),
        ("lines", "0.985,36", "1.985,36", "availability: 1.985 is not between 0.5 and 1"),
        ("maintenance", "coal,3,", "coal,13,", "month: 13 is not between 1 and 12"),
    ],
)  # fmt: skip
def test_a_mistake_in_neighbours_lines_or_overhauls_is_told_by_line(tmp_path, table, old, new, message):
    folder = own_place(tmp_path, **{table: (old, new)})
    wrong = first_mistake(take_in(folder))
    assert f"{table}.csv:" in wrong
    assert message in wrong


def test_a_place_without_these_tables_has_steady_neighbours_and_lines_that_never_fail(tmp_path):
    folder = own_place(tmp_path)
    for table in ("neighbours", "lines", "maintenance"):
        (folder / f"{table}.csv").unlink()
    rows_ = (folder / "extra_imports.csv").read_text("utf-8").splitlines()
    kept = [
        rows_[0].removeprefix("state,"),
        *(line.removeprefix("coal,") for line in rows_ if line.startswith("coal,")),
    ]
    (folder / "extra_imports.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    assert first_mistake(take_in(folder)) == ""
    model = CityModel(small(city__place=str(folder)), arm="uncontrolled")
    grid = model.grid
    assert np.all(grid.neighbours.state == 0)
    assert np.all(grid.capacity.missing_import_mw == 0.0)
    assert np.all(grid.capacity.serviced_mw == 0.0)
    model.run_model()
    assert model.accountant.audit.passed


def test_a_result_holds_what_its_supply_was_made_of(tmp_path):
    """Neighbours, lines and overhauls lie beside the other tables, so that a result runs again elsewhere."""
    from sim.runs.store import tables_in_use

    assert {"neighbours", "lines", "maintenance"} <= tables_in_use(small()).keys()
    assert "neighbours" not in tables_in_use(load_scenario(SCENARIOS / "california.yaml"))
