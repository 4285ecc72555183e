"""Real Mesa agents over rows, on the Mesa that is installed."""

from __future__ import annotations

import pickle

import mesa
import numpy as np
import pytest
from mesa.datacollection import DataCollector

from sim import Car, Charger, CityModel, Driver, GridOperator
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
    with pytest.raises(NotImplementedError, match="fixed for a run"):
        model.cars[0].remove()


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
