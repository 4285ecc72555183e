"""The example of a package beside v2gcity works as it stands."""

import sys

import pytest

import sim
from sim.scenario import ScenarioError
from tests.conftest import ROOT

PLUGIN = ROOT / "docs" / "plugin"
SMALL = {"fleet.sample": 300 / 1_510_000, "time.warmup_days": 1, "outputs.figures": False}


@pytest.fixture
def evening(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN / "src"))
    yield
    sys.modules.pop("evening", None)


def test_its_policy_feeds_in_when_it_says(evening):
    result = sim.run(PLUGIN / "evening.yaml", settings=SMALL)
    system = result.system[result.system["arm"] == "evening"]
    fed = system.groupby(system["time"].dt.hour)["ev_discharge_mw"].sum()
    assert fed[[19, 20]].min() > 3.0 * fed.drop([19, 20]).max()


def test_its_settings_are_checked(evening):
    wrong = {**SMALL, "arms.evening.operator.settings.from_h": 25.0}
    with pytest.raises(ScenarioError, match="from_h"):
        sim.run(PLUGIN / "evening.yaml", settings=wrong)


def test_its_driver_can_be_recruited(evening):
    from evening import NightOwl

    spec = sim.load_scenario(PLUGIN / "evening.yaml", SMALL)
    model = sim.CityModel(spec, arm="uncontrolled")
    model.recruit(NightOwl, range(50))
    model.run_model()
    assert model.bookkeeper.audit.passed


def test_without_the_package_the_message_names_it():
    with pytest.raises(ScenarioError, match="evening"):
        sim.run(PLUGIN / "evening.yaml", settings=SMALL)
