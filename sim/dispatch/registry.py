"""Policies by name, or by import path from a scenario: ``mypackage.module:MyPolicy``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.dispatch.policies.auction import Auction
from sim.dispatch.policies.coordinated import Coordinated
from sim.dispatch.policies.immediate import Immediate
from sim.dispatch.policies.peak_shaving import PeakShaving
from sim.dispatch.policies.price import Price
from sim.dispatch.policies.tariff import TimeOfUse, TimeOfUseStaggered
from sim.dispatch.policies.valley import Valley
from sim.dispatch.policy import Policy
from sim.scenario.errors import PolicyError, ScenarioError
from sim.scenario.messages import explain
from sim.scenario.supply_side import OperatorSection

POLICIES: dict[str, type[Policy]] = {
    "immediate": Immediate,
    "tou": TimeOfUse,
    "tou-staggered": TimeOfUseStaggered,
    "price": Price,
    "valley": Valley,
    "peak-shave": PeakShaving,
    "coordinated": Coordinated,
    "auction": Auction,
}


def find_policy(name: str) -> type[Policy]:
    """Class of a policy.

    Raises
    ------
    ScenarioError
        If an import path leads to nothing that is a policy.
    """
    if name in POLICIES:
        return POLICIES[name]
    module, _, attribute = name.partition(":")
    here = str(Path.cwd())  # a script's own folder is on the path, that of the user is not
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(import_module(module), attribute, None)
    except Exception as error:
        reason = f"'{module}' cannot be imported ({type(error).__name__}: {error})"
        raise ScenarioError.single(name, "operator.policy", reason) from error
    if not (isinstance(found, type) and issubclass(found, Policy)):
        reason = f"'{module}' has no class '{attribute}' that is a sim.Policy"
        raise ScenarioError.single(name, "operator.policy", reason)
    return found


def make_policy(operator: OperatorSection) -> Policy:
    """Policy of a scenario, with its own settings checked.

    Raises
    ------
    ScenarioError
        If the policy cannot be found or its settings are not in order.
    PolicyError
        If it cannot be made.
    """
    kind = find_policy(operator.policy)
    try:
        settings: Any = kind.Settings.model_validate(operator.settings)
    except ValidationError as error:
        prefix = ("operator", "settings")
        problems = explain(error, lambda _: operator.policy, operator.settings, prefix, kind.Settings)
        raise ScenarioError(problems) from error
    try:
        return kind(settings)
    except Exception as error:
        raise PolicyError(f"policy '{operator.policy}' cannot be made: {error}") from error
