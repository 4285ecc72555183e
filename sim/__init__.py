"""v2gcity: a city whose electric cars feed the grid, car by car.

Everything is imported late, so that ``import sim`` is quick.

>>> import sim
>>> result = sim.run("scenarios/quickstart.yaml")  # doctest: +SKIP
>>> result.summary["effects"]["v2g"]["peak_shaving_mw"]  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.agents.car import Car
    from sim.agents.charger import Charger
    from sim.agents.driver import Driver
    from sim.agents.operator import GridOperator
    from sim.api import run, sweep
    from sim.dispatch.policy import Market, Moment, Outlook, Policy, PriceCurve, Prices
    from sim.model import CityModel
    from sim.runs.run import RunResult
    from sim.scenario import Scenario, ScenarioError, load_scenario
    from sim.scenario.errors import PolicyError

from sim.version import __version__

_HOMES = {
    "Car": "sim.agents.car",
    "Charger": "sim.agents.charger",
    "CityModel": "sim.model",
    "Driver": "sim.agents.driver",
    "GridOperator": "sim.agents.operator",
    "Moment": "sim.dispatch.policy",
    "Outlook": "sim.dispatch.policy",
    "Policy": "sim.dispatch.policy",
    "PolicyError": "sim.scenario.errors",
    "Prices": "sim.dispatch.policy",
    "PriceCurve": "sim.dispatch.policy",
    "Market": "sim.dispatch.policy",
    "RunResult": "sim.runs.run",
    "Scenario": "sim.scenario",
    "ScenarioError": "sim.scenario",
    "load_scenario": "sim.scenario",
    "run": "sim.api",
    "sweep": "sim.api",
}

__all__ = [
    "Car",
    "Charger",
    "CityModel",
    "Driver",
    "GridOperator",
    "Market",
    "Moment",
    "Outlook",
    "Policy",
    "PolicyError",
    "PriceCurve",
    "Prices",
    "RunResult",
    "Scenario",
    "ScenarioError",
    "__version__",
    "load_scenario",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
