"""People and chargers: shares meet the tables, samples are the same people, posts scale along."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.agents.car import Car
from sim.agents.driver import Driver
from sim.city.charger_kinds import HOME_KIND
from sim.city.infrastructure import apportion, build_chargers
from sim.city.people import eligible_share, sampled_drivers, settle
from sim.city.town import build_town
from sim.data.catalogue import column, rows
from sim.rules.chance import stream_key
from sim.scenario import load_scenario
from sim.state.columns import new_records
from tests.conftest import FAST_KIND, RIDE_HAILING, ROOT, SLOW_KIND, TAXI, WORK_KIND

KEY = np.uint64(stream_key(4, 0))
SIGMAS = 5.0


def settled(key, spec, town):
    """Traits of all drivers of a scenario."""
    drivers, cars = (new_records(cls, spec.simulated_cars) for cls in (Driver, Car))
    return settle(key, spec, town, drivers, cars)


def spec_of(**changes):
    fleet = {"cars": 40_000, **changes.pop("fleet", {})}
    return load_scenario({"fleet": fleet, **changes})


def town_of(spec):
    return build_town(spec.city, spec.drivers.days)


@pytest.fixture(scope="module")
def city():
    spec = spec_of()
    people = settled(KEY, spec, town_of(spec))
    return spec, people, chargers_of(spec, people)[0]


def chargers_of(spec, people):
    """Chargers, and the charger of every driver's home."""
    home_charger = np.empty(len(people.driver_id), np.int32)
    return build_chargers(KEY, spec, town_of(spec), people, home_charger), home_charger


def near(share, expected, n):
    return abs(share - expected) < SIGMAS * np.sqrt(max(expected * (1 - expected), 1e-4) / n) + 1e-3


def test_archetypes_models_and_districts_have_their_shares(city):
    _, people, _ = city
    n = len(people.driver_id)
    for kind, share in enumerate(column("archetypes", "share")):
        assert near(np.mean(people.archetype == kind), share, n)
    for model, share in enumerate(column("vehicles", "fleet_share_shanghai_est")):
        assert near(np.mean(people.model_index == model), share, n), rows("vehicles")[model]["model"]
    town = town_of(spec_of())
    homes = np.bincount(town.zones["district"][people.home_zone], minlength=16) / n
    cars = np.array(column("districts", "nev_share_est"))
    assert all(near(*pair, n) for pair in zip(homes, cars / cars.sum(), strict=True))


def test_chargers_at_home(city):
    spec, people, posts = city
    bev = np.array([row["type"] == "BEV" for row in rows("vehicles")])[people.model_index]
    private = people.archetype < RIDE_HAILING
    home = people.has_home_charger.astype(bool)
    assert near(home[private & bev].mean(), 0.62, int((private & bev).sum()))
    assert near(home[private & ~bev].mean(), 0.41, int((private & ~bev).sum()))
    assert not home[people.archetype == TAXI].any()
    _, home_charger = chargers_of(spec, people)
    owned = home_charger[home]
    assert sorted(owned) == list(range(home.sum())), "each home charger belongs to one driver"
    assert np.all(posts.kind[: home.sum()] == HOME_KIND)
    assert np.all(home_charger[~home] == -1)


def test_enrolled_are_the_wanted_share_and_may_enrol(city):
    spec, people, _ = city
    enrolled = people.enrolled.astype(bool)
    assert near(enrolled.mean(), 0.2, len(enrolled))
    assert np.all(people.archetype[enrolled] < RIDE_HAILING)
    assert np.all(people.has_home_charger[enrolled])
    assert not any(rows("vehicles")[model]["type"] == "PHEV" for model in people.model_index[enrolled])
    assert 0.35 < eligible_share(spec) < 0.5


def test_capable_cars_by_catalogue_and_by_choice():
    people = settled(KEY, spec_of(), town_of(spec_of()))
    yes = [index for index, row in enumerate(rows("vehicles")) if row["v2g_dc"].startswith("yes")]
    no = [index for index, row in enumerate(rows("vehicles")) if row["v2g_dc"] == "no"]
    assert people.v2g_capable[np.isin(people.model_index, yes)].all()
    assert not people.v2g_capable[np.isin(people.model_index, no)].any()
    all_can = spec_of(fleet={"v2g_capable": 1.0})
    bev = np.array([row["type"] == "BEV" for row in rows("vehicles")])
    able = settled(KEY, all_can, town_of(all_can))
    np.testing.assert_array_equal(able.v2g_capable.astype(bool), bev[able.model_index])


def test_only_participants_have_bidirectional_chargers(city):
    _, people, posts = city
    owner = np.flatnonzero(people.has_home_charger)
    two_way = posts.bidirectional[: len(owner)].astype(bool)
    np.testing.assert_array_equal(two_way, (people.enrolled & people.v2g_capable)[owner].astype(bool))
    assert np.all(posts.rated_kw[: len(owner)][two_way] == np.float32(6.6))


@pytest.mark.parametrize("sample", [0.5, 0.1, 0.013])
def test_a_sample_holds_the_same_people(sample):
    """The same driver is the same person in any sample."""
    full = settled(KEY, spec_of(), town_of(spec_of()))
    some = settled(KEY, spec_of(fleet={"sample": sample}), town_of(spec_of()))
    assert len(some.driver_id) == round(40_000 * sample)
    assert len(set(some.driver_id)) == len(some.driver_id)
    for mine, theirs in zip(some, full, strict=True):
        np.testing.assert_array_equal(mine, theirs[some.driver_id])


@given(cars=st.integers(1, 10_000_000), share=st.floats(0.0001, 1.0))
def test_sampled_drivers_are_distinct_and_within_the_fleet(cars, share):
    n = min(max(1, round(cars * share)), 2000)
    ids = sampled_drivers(KEY, cars, n)
    assert len(set(ids.tolist())) == n
    assert ids.min() >= 0
    assert ids.max() < cars


def test_posts_scale_with_the_sample():
    """Chargers, like cars, are a tenth: nobody meets more or fewer posts than in the full city."""
    full, tenth = spec_of(), spec_of(fleet={"sample": 0.1})
    counts = []
    for spec in (full, tenth):
        people = settled(KEY, spec, town_of(spec))
        posts, _ = chargers_of(spec, people)
        counts.append([np.sum(posts.kind == kind) for kind in (WORK_KIND, SLOW_KIND, FAST_KIND)])
    assert np.array(counts[0]) / 10 == pytest.approx(np.array(counts[1]), rel=0.08, abs=1)


def test_public_posts_are_fewer_than_cars_and_split_into_pools(city):
    spec, people, posts = city
    public = np.isin(posts.kind, (SLOW_KIND, FAST_KIND)).sum()
    assert public == round(40_000 * 215_000 / 1_510_000 * 0.96)
    for pool, (first, stop) in enumerate(zip(posts.pool_first, posts.pool_stop, strict=True)):
        here = slice(first, stop)
        assert np.all(posts.district[here] == pool % 16)
        assert np.all(posts.kind[here] == 1 + pool // 16)
    assert posts.pool_stop[-1] == len(posts.kind)


@given(total=st.integers(0, 10_000), shares=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=20))
def test_apportion_leaves_nothing_over(total, shares):
    weights = np.array(shares)
    parts = apportion(total, weights)
    assert parts.sum() == (total if weights.sum() > 0 else 0)
    assert np.all(parts >= 0)
    if weights.sum() > 0:
        assert np.all(np.abs(parts - total * weights / weights.sum()) < 1.0 + 1e-9)


def test_small_cars_without_a_fast_inlet_have_short_commutes(city):
    spec, people, _ = city
    mini = [
        index
        for index, row in enumerate(rows("vehicles"))
        if row["type"] == "BEV" and float(row["dc_kw"]) == 0.0
    ]
    town = town_of(spec)
    zones = town.zones
    small = np.isin(people.model_index, mini)
    assert small.sum() > 100
    straight = np.hypot(
        zones["x_km"][people.home_zone] - zones["x_km"][people.work_zone],
        zones["y_km"][people.home_zone] - zones["y_km"][people.work_zone],
    )
    assert straight[small].max() < 40.0 < straight[~small].max()


#: A kind of driver of a table alone: a van that delivers, and one more that works in shifts, last in the table.
KINDS_BY_TABLE = """
import sim.data.catalogue as catalogue

own = catalogue.rows
blocks = next(row for row in own("archetypes") if row["archetype"] == "ride_hailing")
shifts = next(row for row in own("archetypes") if row["archetype"] == "shift_worker")
legs = [{**row, "archetype": "delivery_van"} for row in own("driving_days") if row["archetype"] == "ride_hailing"]
more = [{**blocks, "archetype": "delivery_van", "daily_km": "80", "home_charger": "own_car"},
        {**shifts, "archetype": "nurse"}]
read = catalogue.column
added = {"archetypes": more, "driving_days": legs}
catalogue.rows = lambda name, *of: [*own(name, *of), *added.get(name, [])]
catalogue.column = lambda name, column, *of, **by: (
    [float(row[column]) for row in catalogue.rows(name)] if name in added else read(name, column, *of, **by)
)

import json
import sim

city = {"fleet": {"cars": 300, "v2g_capable": 1.0}, "time": {"days": 2, "warmup_days": 1},
        "outputs": {"figures": False, "trips": True}, "participation": {"enrolled_share": 0.05},
        "drivers": {"archetypes": {"delivery_van": 0.4, "nurse": 0.6}},
        "arms": {"plain": {"participation": {"contract": "none"}}, "v2g": {}}, "reference": "plain"}
result = sim.run(city)
owners = result.owners[result.owners["arm"] == "v2g"]
by_kind = owners.groupby("archetype", observed=True)
trips = result.trips.merge(owners[["car", "archetype"]], on="car")
work = trips[trips["to_place"] == "work"]["archetype"].unique().tolist()
print(json.dumps({"km": by_kind["km"].mean().to_dict(), "enrolled": by_kind["enrolled"].sum().to_dict(),
                  "at_work": by_kind["work_charger"].sum().to_dict(), "to_work": work,
                  "audit": result.summary["audit"]["passed"]}))
"""


def test_a_kind_of_driver_is_rows_of_a_table(tmp_path):
    """What a kind does follows from its traits (archetypes.csv), wherever its row stands."""
    script = tmp_path / "kinds.py"
    script.write_text(KINDS_BY_TABLE)
    outcome = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    found = json.loads(outcome.stdout)
    assert set(found["km"]) == {"delivery_van", "nurse"}
    assert found["km"]["delivery_van"] == pytest.approx(2 * 0.93 * 80.0, rel=0.25)
    assert found["to_work"] == ["nurse"]
    assert found["at_work"]["delivery_van"] == 0
    assert found["at_work"]["nurse"] > 0
    assert found["enrolled"] == {"delivery_van": 0, "nurse": pytest.approx(15, abs=10)}
    assert found["audit"]


@pytest.mark.parametrize("trait", ["commercial", "commutes", "day_plan", "home_charger", "share"])
def test_traits_of_drivers_are_read(trait):
    """Every trait of the table is a column that code names; none stands there for nobody."""
    sources = "".join(path.read_text() for path in (ROOT / "sim").rglob("*.py"))
    assert trait in rows("archetypes")[0]
    assert f'"{trait}"' in sources
