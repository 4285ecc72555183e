"""Compile everything that runs in compiled form, by running a small city under every kind of rule."""

from __future__ import annotations

import time
from collections.abc import Callable

import numba

from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.driver import Driver
from sim.dispatch.registry import POLICIES
from sim.model import CityModel
from sim.rules.compiling import is_warm
from sim.runs.run import simulate
from sim.scenario import load_scenario

SMALL_CITY = {"fleet": {"cars": 200}, "time": {"days": 1, "warmup_days": 1}, "outputs": {"figures": False}}


class _OwnDriver(Driver):
    """A user-defined driver: stepped in Python, rule by rule."""


class _OwnCar(Car):
    """A user-defined car."""


class _OwnCharger(Charger):
    """A user-defined charger."""


def _agents_of_ones_own() -> None:
    model = CityModel(load_scenario(SMALL_CITY), arm="v2g")
    for kind in (_OwnDriver, _OwnCar, _OwnCharger):
        model.recruit(kind, range(20))
    model.run_model()


def warm_up(tell: Callable[[str], None]) -> None:
    """Compile the rules into the user's cache folder, and say how long it took."""
    began, was_warm = time.perf_counter(), is_warm()
    arms = {
        "uncontrolled": {"operator": {"policy": "immediate"}, "participation": {"contract": "none"}},
        **{
            name: {"operator": {"policy": name}, "participation": {"contract": "two_way"}}
            for name in POLICIES
        },
    }
    simulate(load_scenario({**SMALL_CITY, "arms": arms, "reference": "uncontrolled"}))
    unusual = {
        "market": {"household": {"meter": "household"}},
        "participation": {"enrolment": "choice"},
        "grid": {"storage": [{"power_mw": 100.0, "energy_mwh": 400.0}]},
        "shocks": [{"kind": "unplug", "at": "2025-08-25 19:00", "hours": 1.0}],
    }
    simulate(load_scenario({**SMALL_CITY, **unusual}))
    _agents_of_ones_own()
    seconds = time.perf_counter() - began
    done = "was compiled already" if was_warm else "is compiled now"
    tell(f"all {done}, in {numba.config.CACHE_DIR}: {seconds:.0f} s")
