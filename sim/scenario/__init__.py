"""Scenario files: what a researcher writes, checked and resolved.

Public names: :class:`Scenario`, :func:`load_scenario`, :class:`ScenarioError`.
"""

from sim.scenario.errors import ScenarioError
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario

__all__ = ["Scenario", "ScenarioError", "load_scenario"]
