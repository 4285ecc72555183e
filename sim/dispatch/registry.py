"""Policies by name: built-in and user-defined."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
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


def find_policy(name: str, own: Mapping[str, type[Policy]] = MappingProxyType({})) -> type[Policy]:
    """Class of a policy: built-in, or user-defined and passed in `own`.

    Raises
    ------
    ScenarioError
        If there is no policy of that name. Naming a module in a scenario does not import it.
    """
    if name in POLICIES:
        return POLICIES[name]
    if name in own:
        return own[name]
    raise ScenarioError.single(
        name,
        "operator.policy",
        "code of your own runs only where you say so: --code FOLDER, or policies={...} in Python",
    )


def make_policy(operator: OperatorSection, own: Mapping[str, type[Policy]] = MappingProxyType({})) -> Policy:
    """Policy of a scenario, with its own settings checked.

    Raises
    ------
    ScenarioError
        If the policy cannot be found or its settings are invalid.
    PolicyError
        If it cannot be made.
    """
    kind = find_policy(operator.policy, own)
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
