"""The example of a package beside v2gcity works as it stands."""

import sys
from importlib import import_module

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.scenario import ScenarioError
from tests.conftest import ROOT

POLICY = "evening:FixedEvening"
PLUGIN = ROOT / "docs" / "plugin"
SMALL = {"fleet.sample": 300 / 1_510_000, "time.warmup_days": 1, "outputs.figures": False}


@pytest.fixture
def evening(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN / "src"))
    yield import_module("evening")
    sys.modules.pop("evening", None)


def test_its_policy_feeds_in_when_it_says(evening):
    result = sim.run(PLUGIN / "evening.yaml", settings=SMALL, policies={POLICY: evening.FixedEvening})
    system = result.system[result.system["arm"] == "evening"]
    fed = system.groupby(system["time"].dt.hour)["ev_discharge_mw"].sum()
    assert fed[[19, 20]].min() > 3.0 * fed.drop([19, 20]).max()


def test_its_settings_are_checked(evening):
    wrong = {**SMALL, "arms.evening.operator.settings.from_h": 25.0}
    with pytest.raises(ScenarioError, match="from_h"):
        sim.run(PLUGIN / "evening.yaml", settings=wrong, policies={POLICY: evening.FixedEvening})


def test_its_driver_can_be_recruited(evening):
    plain, owls = (
        sim.run(
            PLUGIN / "evening.yaml", settings=SMALL, policies={POLICY: evening.FixedEvening}, drivers=drivers
        )
        for drivers in ({}, {evening.NightOwl: range(50)})
    )
    assert owls.summary["audit"]["passed"]
    assert not owls.owners["plugged_h"].equals(plain.owners["plugged_h"])


def test_the_command_runs_it_from_its_folder(tmp_path):
    given = [f"--set={key}={value}" for key, value in SMALL.items()]
    asked = [
        "run",
        PLUGIN / "evening.yaml",
        "--code",
        PLUGIN / "src",
        "--out",
        tmp_path / "r",
        "--quiet",
        *given,
    ]
    outcome = CliRunner().invoke(main, list(map(str, asked)))
    assert outcome.exit_code == 0, outcome.output
    assert "code of your own: evening:FixedEvening from " in outcome.stderr
    sys.modules.pop("evening", None)


def test_without_its_code_the_message_names_it():
    with pytest.raises(ScenarioError, match="evening"):
        sim.run(PLUGIN / "evening.yaml", settings=SMALL)
