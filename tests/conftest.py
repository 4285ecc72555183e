"""What tests share: small cities, quick to run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from sim.city.charger_kinds import KINDS
from sim.city.codes import ARCHETYPES
from sim.data.catalogue import rows
from sim.model import CityModel
from sim.runs.run import RunResult, prepare, simulate
from sim.scenario import Scenario, load_scenario
from sim.scenario.schema import STANDARD_ARMS

settings.register_profile(
    "default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

WORK_KIND, SLOW_KIND, FAST_KIND = (KINDS.index(kind) for kind in ("work", "public slow", "public fast"))
RIDE_HAILING, SHIFT, TAXI = map(ARCHETYPES.index, ("ride_hailing", "shift_worker", "taxi"))

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"

SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 7,
    "time": {"start": "2025-08-27", "days": 1, "warmup_days": 1},
    "fleet": {"cars": 1_510_000, "sample": 400 / 1_510_000, "v2g_capable": 1.0},
    "participation": {"enrolled_share": 0.3},
    "weather": {"temperature_profile": "heatwave"},
    "outputs": {"figures": False},
    # A policy that plans in no time; the coordinating one has tests of its own.
    "arms": {
        **STANDARD_ARMS,
        "v2g": {"operator": {"policy": "peak-shave"}, "participation": {"contract": "two_way"}},
    },
}


def small(**settings_: Any) -> Scenario:
    """A city of 400 simulated cars for a day; keywords are dotted keys with '__' for '.'."""
    import datetime as dt

    data = {**SMALL, "time": {**SMALL["time"], "start": dt.date(2025, 8, 27)}}
    data["arms"] = settings_.pop("arms", SMALL["arms"])
    return load_scenario(data, {key.replace("__", "."): value for key, value in settings_.items()})


def arms_with(policy: str) -> dict[str, Any]:
    """The standard arms, with another policy for the one whose cars may feed in."""
    return {
        **STANDARD_ARMS,
        "v2g": {"operator": {"policy": policy}, "participation": {"contract": "two_way"}},
    }


def some_districts(count: int) -> str:
    """A table of the first districts of Shanghai as a whole city: their shares come to one."""
    own = [dict(row) for row in rows("districts")[:count]]
    for name in ("population_share", "jobs_share", "nev_share_est"):
        whole = sum(float(row[name]) for row in own)
        for row in own:
            row[name] = repr(float(row[name]) / whole)
    lines = [",".join(own[0]), *(",".join(f'"{value}"' for value in row.values()) for row in own)]
    return "\n".join(lines) + "\n"


#: Environment in which rules run as plain Python.
PLAIN_PYTHON = {"NUMBA_DISABLE_JIT": "1", "V2GCITY_THREADS": "1", "PYTHONPATH": str(ROOT)}


def few_plants(folder: Path) -> Path:
    """Shanghai with four power plants: commitment takes its time in plain Python."""
    place = folder / "few-plants"
    shutil.copytree(ROOT / "sim/data/places/shanghai", place)
    units = place / "units.csv"
    units.write_text("\n".join(units.read_text("utf-8").splitlines()[:5]) + "\n", "utf-8")
    return place


@pytest.fixture(scope="session")
def small_city() -> Callable[..., Scenario]:
    return small


@pytest.fixture(scope="session")
def small_result() -> RunResult:
    """All three arms of the small city, run once."""
    return simulate(prepare(small()))


@pytest.fixture(scope="session")
def week_result() -> RunResult:
    """A week of 2,000 cars in August: for statistics."""
    spec = prepare(SCENARIOS / "shanghai-summer.yaml", settings=[f"fleet.sample={2000 / 1_510_000}"])
    return simulate(spec)


@pytest.fixture
def finished_model() -> Callable[..., CityModel]:
    def build(arm: str = "v2g", **settings_: Any) -> CityModel:
        model = CityModel(small(**settings_), arm=arm)
        model.run_model()
        return model

    return build
