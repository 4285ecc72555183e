"""Real Mesa agents over rows, on the Mesa that is installed."""

from __future__ import annotations

import pickle

import mesa
import numpy as np
import pytest
from mesa.datacollection import DataCollector

from sim import Car, Charger, CityModel, Driver, GridOperator, ScenarioError
from sim.state.columns import columns_of
from tests.conftest import small


@pytest.fixture
def model():
    model = CityModel(small(), arm="v2g")
    for _ in range(40):
        model.step()
    return model


def test_the_four_kinds_are_mesa_agents(model):
    assert set(model.agents_by_type) == {Driver, Car, Charger, GridOperator}
    assert set(model.agent_types) == set(model.agents_by_type)
    for kind, agents in model.agents_by_type.items():
        agent = next(iter(agents))
        assert isinstance(agent, mesa.Agent)
        assert type(agent) is kind
        assert agent.model is model
        assert agent in model.agents
        assert agent in agents


def test_ids_are_unique(model):
    ids = [agent.unique_id for agent in model.agents]
    assert len(ids) == len(set(ids)) == len(model.agents)
    assert len(model.agents) == len(model.drivers) + len(model.cars) + len(model.chargers) + 1


def test_a_view_is_its_row(model):
    car = model.cars[5]
    assert car == model.cars[5]
    assert car != model.cars[6]
    assert len({car, model.cars[5]}) == 1
    car.energy_kwh = 12.5
    assert model.world.cars["energy_kwh"][5] == 12.5
    assert model.cars[5].energy_kwh == 12.5
    assert isinstance(car.trips, int)


def test_agent_sets_work_on_columns(model):
    soc = model.cars.get("energy_kwh") / model.cars.get("capacity_kwh")
    low = model.cars.select(lambda car: car.soc < 0.5)
    assert len(low) == int((soc < 0.5).sum())
    assert len(model.cars.select(soc < 0.5)) == len(low)
    assert all(car.soc < 0.5 for car in low)
    assert model.cars.agg("energy_kwh", np.sum) == pytest.approx(model.world.cars["energy_kwh"].sum())
    assert model.cars.agg("energy_kwh", [np.min, np.max])[1] == model.world.cars["energy_kwh"].max()
    fullest = model.cars.sort("energy_kwh")
    assert fullest[0].energy_kwh >= fullest[1].energy_kwh >= fullest[-1].energy_kwh
    assert len(model.cars.select(at_most=7)) == 7
    assert len(model.cars.select(at_most=0.5)) == len(model.cars) // 2
    by_kind = model.chargers.groupby("kind").count()
    assert sum(by_kind.values()) == len(model.chargers)
    assert len(model.cars.groupby(lambda car: car.soc > 0.5, result_type="list").groups[True]) == len(
        model.cars
    ) - len(model.cars.select(lambda car: car.soc <= 0.5))
    assert sorted(car.row for car in model.cars.shuffle()) == list(range(len(model.cars)))
    assert [car.row for car in model.cars[2:4]] == [2, 3]
    assert (
        model.cars.map(lambda car: car.row) == model.cars.map("__hash__")
        or model.cars.map(lambda car: car.row)[3] == 3
    )
    model.drivers.select(at_most=3).set("target_soc", 0.5)
    assert np.all(model.world.drivers["target_soc"][:3] == 0.5)
    assert model.drivers.get(["row", "place"])[4][0] == 4


def test_all_agents_answer_like_a_mesa_set(model):
    assert len(model.agents.select(agent_type=Charger)) == len(model.chargers)
    cars = model.agents.select(lambda car: car.soc > 0.5, agent_type=Car)
    assert 0 < len(cars) <= len(model.cars)
    assert model.agents[0] is model.operator
    assert model.agents.to_list()[1].row == 0
    assert len(model.agents.get("unique_id")) == len(model.agents)
    assert len(model.agents.map(lambda agent: agent.unique_id)) == len(model.agents)
    seen = []
    model.agents.do(lambda agent: seen.append(type(agent)))
    assert len(seen) == len(model.agents)


def test_data_collector(model):
    collector = DataCollector(
        model_reporters={"soc": lambda m: float(np.mean(m.cars.get("energy_kwh")))},
        agenttype_reporters={Car: {"energy": "energy_kwh", "soc": lambda car: car.soc}},
    )
    collector.collect(model)
    frame = collector.get_agenttype_vars_dataframe(Car)
    assert len(frame) == len(model.cars)
    assert frame["energy"].sum() == pytest.approx(model.world.cars["energy_kwh"].sum())
    assert len(collector.get_model_vars_dataframe()) == 1


def test_sets_can_be_pickled_with_their_table():
    model = CityModel(small(), arm="v2g")
    some = model.cars.select(at_most=5)
    state = some.__getstate__()
    again = object.__new__(type(some))
    again.__setstate__(state)
    assert [car.row for car in again] == [0, 1, 2, 3, 4]
    assert pickle.loads(pickle.dumps(model.world.cars)).dtype == model.world.cars.dtype


def test_sets_grow_and_shrink(model):
    some = model.cars.select(at_most=3)
    some.add(model.cars[10])
    some.add(model.cars[10])
    assert [car.row for car in some] == [0, 1, 2, 10]
    some.discard(model.cars[1])
    assert model.cars[1] not in some
    with pytest.raises(TypeError, match="set of Car"):
        some.add(model.drivers[0])


def test_rows_are_fixed_for_a_run(model):
    with pytest.raises(TypeError, match="fixed for a run"):
        model.cars[0].remove()


def reference_set(model, kind):
    """Mesa's own set over agents that somebody holds."""
    held = list(model.kind(kind))
    return mesa.agent.AgentSet(held, random=model.random), held


def rows_of(agents):
    return [agent.row for agent in agents]


@pytest.mark.parametrize("kind", [Driver, Car, Charger])
def test_sets_of_rows_do_what_mesas_own_sets_do(model, kind):
    """Every way of asking, against Mesa's own set over the same agents."""
    ours, (theirs, held) = model.kind(kind), reference_set(model, kind)
    column = {Driver: "home_zone", Car: "model_index", Charger: "district"}[kind]
    assert rows_of(ours.select(at_most=5)) == rows_of(theirs.select(at_most=5))
    assert rows_of(ours.select(at_most=0.25)) == rows_of(theirs.select(at_most=0.25))
    assert rows_of(ours.select(at_most=1.0)) == rows_of(theirs.select(at_most=1.0))
    assert rows_of(ours.select(at_most=1)) == rows_of(theirs.select(at_most=1))
    odd = lambda agent: agent.row % 3 == 1  # noqa: E731
    assert rows_of(ours.select(odd, at_most=7)) == rows_of(theirs.select(odd, at_most=7))
    for ascending in (True, False):
        for key in (column, lambda agent: -agent.row, lambda agent: agent.row % 4):
            assert rows_of(ours.sort(key, ascending=ascending)) == rows_of(
                theirs.sort(key, ascending=ascending)
            )
    assert list(ours.get(column)) == theirs.get(column)
    assert ours.get([column, "row"]) == theirs.get([column, "row"])
    assert ours.get("nothing", "default", 7) == theirs.get("nothing", "default", 7)
    assert ours.agg(column, max) == theirs.agg(column, max)
    assert list(ours.agg(column, [min, max])) == theirs.agg(column, [min, max])
    assert ours.groupby(column).count() == theirs.groupby(column).count()
    assert list(ours.groupby(column).count()) == list(theirs.groupby(column).count())
    for label, group in ours.groupby(column, result_type="list").groups.items():
        assert group == theirs.groupby(column, result_type="list").groups[label]
    assert ours.map(lambda agent, more: agent.row + more, 2) == theirs.map(
        lambda agent, more: agent.row + more, 2
    )
    assert ours[3] == held[3]
    assert ours[-1] == held[-1]
    assert ours[2:9:2] == held[2:9:2]
    assert held[4] in ours
    assert held[4] in theirs
    for bad in (lambda s: s.get("nothing"), lambda s: s.agg("nothing", max), lambda s: s.sort("nothing"),
                lambda s: s.groupby("nothing"), lambda s: s.do("nothing"), lambda s: s.map("nothing")):  # fmt: skip
        for agents in (ours, theirs):
            with pytest.raises(AttributeError):
                bad(agents)
    for agents in (ours, theirs):
        with pytest.raises(ValueError, match="handle_missing"):
            agents.get(column, handle_missing="perhaps")
    with pytest.raises(IndexError):
        ours[10**7]


@pytest.mark.parametrize("kind", [Driver, Car, Charger])
def test_sets_change_as_mesas_own_sets_do(model, kind):
    ours, (theirs, held) = model.kind(kind).select(at_most=6), reference_set(model, kind)
    theirs = theirs.select(at_most=6)
    for agents in (ours, theirs):
        agents.discard(held[2])
        agents.discard(held[2])
        agents.add(held[9])
        agents.remove(held[0])
        with pytest.raises(KeyError):
            agents.remove(held[0])
        assert rows_of(agents) == [1, 3, 4, 5, 9]
        assert agents.select(lambda agent: agent.row > 3, inplace=True) is agents
        assert agents.sort("row", ascending=False, inplace=True) is agents
        assert rows_of(agents) == [9, 5, 4]
        assert agents.shuffle(inplace=True) is agents
        assert sorted(rows_of(agents)) == [4, 5, 9]


def test_what_a_view_cannot_keep_is_refused(model):
    with pytest.raises(AttributeError, match="no column 'mood'"):
        model.drivers.set("mood", 1)
    with pytest.raises(AttributeError, match="recruit a subclass"):
        model.cars[0].colour = "red"
    with pytest.raises(AttributeError):
        model.agents.set("mood", 1)

    class Moody(Driver):
        pass

    mine = model.recruit(Moody, [1, 2])
    mine.set("mood", 3)
    assert model.drivers[2].mood == 3


def test_a_kernel_takes_no_arguments_and_does_every_row(model):
    with pytest.raises(TypeError):
        model.cars.do("step", 3)
    seen = []
    model.drivers.select(at_most=4).do(lambda driver, *more: seen.append((driver.row, more)), 1)
    assert seen == [(0, (1,)), (1, (1,)), (2, (1,)), (3, (1,))]
    seen.clear()
    model.drivers.shuffle_do(lambda driver: seen.append(driver.row))
    assert sorted(seen) == list(range(len(model.drivers)))
    assert seen != sorted(seen)


def test_all_agents_can_be_sorted_grouped_and_changed_in_a_copy(model):
    everyone = model.agents
    by_kind = everyone.groupby(type).count()
    assert by_kind == {
        GridOperator: 1, Driver: len(model.drivers), Car: len(model.cars), Charger: len(model.chargers),
    }  # fmt: skip
    last = everyone.sort("unique_id", ascending=False)
    assert last[0].unique_id == max(everyone.get("unique_id"))
    assert len(last) == len(everyone)
    assert sorted(agent.unique_id for agent in everyone.shuffle()) == sorted(everyone.get("unique_id"))
    some = everyone.select(lambda agent: agent.unique_id % 100 == 1)
    assert 0 < len(some) < len(everyone)
    assert some.agg("unique_id", max) == max(agent.unique_id for agent in some)
    assert len(everyone.select(at_most=9)) == 9
    seen = []
    everyone.shuffle_do(lambda agent: seen.append(agent.unique_id))
    assert sorted(seen) == sorted(everyone.get("unique_id"))
    with pytest.raises(AttributeError):
        everyone.get("capacity_kwh")
    for refused in (everyone.add, everyone.discard, everyone.remove):
        with pytest.raises(TypeError):
            refused(model.cars[0])
    for refused in (everyone.select, everyone.shuffle):
        with pytest.raises(TypeError, match="inplace"):
            refused(inplace=True)


def test_a_model_is_made_from_a_name_a_seed_and_keywords():
    small_town = {"fleet.sample": 1.0, "fleet.cars": 300, "time.days": 1, "time.warmup_days": 0}
    model = CityModel("quickstart", arm="v2g", rng=5, **small_town)
    assert (len(model.cars), model.spec.seed, model.arm) == (300, 5, "v2g")
    same = CityModel("quickstart", arm="v2g", rng=5, fleet__sample=1.0, fleet__cars=300, time__days=1,
                     time__warmup_days=0)  # fmt: skip
    np.testing.assert_array_equal(model.world.drivers, same.world.drivers)
    again = CityModel(model.spec, rng=6)
    assert again.spec.seed == 6
    with pytest.raises(ScenarioError, match="carz"):
        CityModel("quickstart", fleet__carz=3)
    with pytest.raises(TypeError, match="whole number"):
        CityModel("quickstart", rng=np.random.default_rng(1))


def test_mesa_runs_batches_of_models():
    parameters = {
        "scenario": "quickstart", "arm": ["uncontrolled", "v2g"], "fleet__sample": 1.0, "fleet__cars": 200,
        "time__days": 1, "time__warmup_days": 0,
    }  # fmt: skip
    rows = mesa.batch_run(
        CityModel, parameters, number_processes=1, data_collection_period=-1, display_progress=False
    )
    assert [row["arm"] for row in rows] == ["uncontrolled", "v2g"]
    assert all(row["net_load_mw"] > 10_000.0 for row in rows)
    steps = mesa.batch_run(
        CityModel, {**parameters, "arm": "v2g", "time__warmup_days": 1}, data_collection_period=1,
        display_progress=False,
    )  # fmt: skip
    assert steps[3]["net_load_mw"] is None
    assert steps[-1]["net_load_mw"] > 10_000.0


@pytest.mark.filterwarnings("ignore")  # of Mesa's own page
def test_solara_viz_shows_a_model():
    solara = pytest.importorskip("solara")
    from mesa.visualization import SolaraViz, make_plot_component

    model = CityModel("quickstart", arm="v2g", fleet__sample=1.0, fleet__cars=200)
    for _ in range(3):
        model.step()
    page = SolaraViz(model, components=[make_plot_component("ev_charge_mw")], name="v2gcity")
    box, context = solara.render(page, handle_error=False)
    assert box.children
    context.close()


def test_recruiting(model):
    class Mine(Car):
        pass

    with pytest.raises(IndexError, match="rows are 0 to"):
        model.recruit(Mine, [10**6])
    with pytest.raises(TypeError, match="is not a kind of"):
        model.recruit(GridOperator, [0])
    mine = model.recruit(Mine, [4, 2])
    assert [type(car) for car in mine] == [Mine, Mine]
    assert type(model.cars[2]) is Mine
    assert type(model.cars[3]) is Car
    assert len(model.agents_by_type[Car]) == len(model.cars) - 2
    assert len(model.agents) == len(model.drivers) + len(model.cars) + len(model.chargers) + 1


def test_mesa_runs_the_model():
    model = CityModel(small(), arm="v2g")
    assert model.running
    model.run_model()
    assert not model.running
    assert model.steps == len(model.clock)
    with pytest.raises(RuntimeError, match="the run ended"):
        model.step()


def test_models_do_not_share_anything():
    one, other = CityModel(small(), arm="v2g"), CityModel(small(), arm="v2g")
    one.step()
    assert other.step_index == 0
    assert not np.shares_memory(one.world.cars, other.world.cars)


def test_a_finished_model_is_not_kept_alive():
    import gc
    import weakref

    model = CityModel(small(), arm="v2g")
    model.forget()
    watch = weakref.ref(model)
    del model
    gc.collect()
    assert watch() is None


def test_columns_carry_unit_and_meaning():
    for kind in (Driver, Car, Charger):
        for name, column in columns_of(kind).items():
            assert column.meaning, f"{kind.__name__}.{name}"
            endings = {
                "kWh": "_kwh",
                "kW": "_kw",
                "km": ("_km", "km"),
                "yuan": "_yuan",
                "h": "_h",
                "min": "_minutes",
            }
            ending = endings.get(column.unit)
            if ending and name != "km_per_step":
                assert name.endswith(ending) or name == "kwh_per_step", (
                    f"{kind.__name__}.{name} [{column.unit}]"
                )


def test_bytes_per_car():
    """What a car costs in memory, driver and chargers included; the goal is 200."""
    model = CityModel(small(fleet__sample=4000 / 1_510_000), arm="v2g")
    total = sum(getattr(model.world, kind).nbytes for kind in ("drivers", "cars", "chargers"))
    assert total / len(model.cars) < 370
