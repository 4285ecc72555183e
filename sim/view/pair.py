"""An arm and the reference of a scenario, stepped together on the same city, and what they differ by so far.

Nothing is reckoned here: figures come from the records of the two models and from :mod:`sim.effects`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.agents.building import account_holders
from sim.data import conventions
from sim.effects.arms import ArmTables
from sim.effects.earnings import owner_earnings_yuan
from sim.effects.supply import supply_effects
from sim.market.restoring import restoring_prices
from sim.model import CityModel
from sim.runs.run import arm_tables, sum_up
from sim.scenario import Scenario
from sim.scenario.money import PayEventSection
from sim.scenario.shocks import ShockSection

FOLLOWED = 2_000  # cars whose story is noted, from which an owner can be picked
REMEMBERED = np.timedelta64(2, "D")  # of the stories
#: Cars up to which a second model of the arm goes on beside it, as if nothing had happened.
MOST_UNDISTURBED = 100_000


class Pair:
    """An arm and the reference, on the same clock.

    Attributes
    ----------
    spec : Scenario
        The scenario, with what has struck since.
    arm, reference : CityModel
        The same model where the arm is the reference.
    restoring : list of (float, float)
        What a kilowatt-hour in a battery costs under the arm and under the reference: with a charger at
        home, and without.
    undisturbed : CityModel or None
        The arm as it would be if nothing had happened since somebody let something happen. What strikes
        the reference too cannot be seen against it.
    """

    def __init__(self, spec: Scenario, arm: CityModel, reference: CityModel):
        self.spec, self.arm, self.reference = spec, arm, reference
        self.restoring = [_restoring_yuan_per_kwh(model) for model in (arm, reference)]
        self.undisturbed: CityModel | None = None

    @classmethod
    def of(cls, spec: Scenario, name: str) -> Pair:
        """Build the models of an arm and of the reference of a checked scenario."""
        followed = _followed(spec)
        reference = CityModel(spec, arm=spec.reference, watched=followed)
        arm = reference if name == spec.reference else CityModel(spec, arm=name, watched=followed)
        return cls(spec, arm, reference)

    @property
    def name(self) -> str:
        """Name of the arm."""
        return self.arm.arm

    @property
    def reference_words(self) -> str:
        """What the reference does, as a sentence goes on after "against"."""
        at_once = self.reference.spec.operator.policy == "immediate"
        return "charging at once" if at_once else f"arm '{self.spec.reference}'"

    def only_reference(self) -> Pair:
        """The reference of this pair, alone; it shares the model, which goes on with this pair."""
        return Pair(self.spec, self.reference, self.reference)

    @property
    def models(self) -> tuple[CityModel, ...]:
        """The models, each once."""
        return (self.arm,) if self.arm is self.reference else (self.arm, self.reference)

    @property
    def recording(self) -> bool:
        """Whether any step has been recorded."""
        return self.arm.step_index > self.arm.clock.warmup_steps

    def step(self) -> None:
        """One step of both; accounts are checked after the last one."""
        for model in self.models:
            _step(model)
        if self.undisturbed is not None and self.undisturbed.step_index < self.arm.step_index:
            _step(self.undisturbed)

    def keep_undisturbed(self) -> None:
        """Before something happens: let a copy of the arm go on without it, if the city is not too large."""
        if self.undisturbed is None and len(self.arm.cars) <= MOST_UNDISTURBED:
            self.undisturbed = copy.deepcopy(self.arm)

    def leave_undisturbed(self) -> CityModel | None:
        """Hand over the model without what has happened to the pair that comes after this one."""
        left, self.undisturbed = self.undisturbed, None
        return left

    def foresees(self, shocks: Sequence[ShockSection]) -> bool:
        """Whether somebody in either model knows of shocks beforehand; these cannot strike by surprise."""
        return any(model.foresees(shocks) for model in self.models)

    def surprise(self, shocks: Sequence[ShockSection]) -> None:
        """Let shocks that nobody foresaw strike both, see :meth:`sim.CityModel.surprise`."""
        for model in self.models:
            model.surprise(shocks)
        self.spec = with_shocks(self.spec, shocks)

    def forget(self) -> None:
        """Give the memory back."""
        for model in (*self.models, *([] if self.undisturbed is None else [self.undisturbed])):
            model.forget()

    def latest(self) -> dict[str, float]:
        """Figures of the latest recorded step of the arm, see ``sim.accounting.tables.SYSTEM_COLUMNS``."""
        return self.arm.accountant.records.latest

    def latest_reference(self) -> dict[str, float]:
        """The same of the reference."""
        return self.reference.accountant.records.latest

    def supply_so_far(self) -> dict[str, Any]:
        """What the arm has saved in fuel, emissions and cost since recording began, energy-neutral."""
        before, after = (_without_owners(model) for model in (self.reference, self.arm))
        return supply_effects(before, after)

    def summary(self) -> dict[str, Any]:
        """The content of ``summary.json`` for what has been run, at midnight: both arms and the effects."""
        tables = {model.arm: [self.tables(model)] for model in self.models}
        audit = self.arm.accountant.audit.merged(self.reference.accountant.audit)
        return sum_up(self.shown, tables, audit)

    @property
    def shown(self) -> Scenario:
        """The scenario with only the arms that are on screen: running it gives what is shown."""
        arms = {name: self.spec.arms[name] for name in (self.spec.reference, self.name)}
        return self.spec.model_copy(update={"arms": arms, "replications": 1})

    def tables(self, model: CityModel) -> ArmTables:
        """Tables of one of the models, as far as it has run."""
        fleet = None if model.cars.table.holders is None else model.accountant.fleet()
        spec = self.spec.for_arm(model.arm)
        return arm_tables(spec, model.system_frame(), model.owners_frame(), model.flexibility_frame(), fleet)

    def earned_yuan(self) -> pd.Series:
        """What each enrolled owner has earned against the reference, energy-neutral, by car."""
        before, after = self.tables(self.reference), self.tables(self.arm)
        enrolled = after.owners["enrolled"].to_numpy()
        earned = pd.Series(owner_earnings_yuan(before, after), index=after.owners["car"].to_numpy())
        return earned[enrolled]


def _step(model: CityModel) -> None:
    """One step of a model; accounts are checked after the last one."""
    model.step()
    if model.finished:
        model.accountant.finish()
    elif model.step_index % model.clock.steps_per_day == 0:
        model.accountant.timeline.forget_before(model.clock.times[model.step_index] - REMEMBERED)


def with_shocks(spec: Scenario, shocks: Sequence[ShockSection]) -> Scenario:
    """A scenario with more shocks, for all arms."""
    more = [shock.model_dump(exclude_unset=True) for shock in shocks]
    arms = {name: _longer(overrides, ("shocks",), more) for name, overrides in spec.arms.items()}
    return spec.model_copy(update={"shocks": [*spec.shocks, *shocks], "arms": arms})


def with_event(spec: Scenario, event: PayEventSection) -> Scenario:
    """A scenario with other prices for some more hours, for all arms."""
    more = [event.model_dump(exclude_unset=True)]
    arms = {name: _longer(overrides, ("market", "events"), more) for name, overrides in spec.arms.items()}
    market = spec.market.model_copy(update={"events": [*spec.market.events, event]})
    return spec.model_copy(update={"market": market, "arms": arms})


def _longer(overrides: dict[str, Any], path: Sequence[str], more: list[Any]) -> dict[str, Any]:
    """Overrides of an arm whose own list at a path is longer; an arm without one has that of the scenario."""
    key, *below = path
    if key not in overrides:
        return overrides
    if below:
        return overrides | {key: _longer(overrides[key], below, more)}
    return overrides | {key: [*overrides[key], *more]}


def _followed(spec: Scenario) -> list[int]:
    """Cars whose story is noted: those with a book, persons with a name first, the others evenly spread."""
    kept = account_holders(spec)
    cars = np.arange(spec.simulated_cars) if kept is None else kept
    chosen = cars[:: -(-len(cars) // FOLLOWED)]
    followed: list[int] = np.union1d(chosen, np.arange(len(spec.drivers.personas))).tolist()
    return followed


def _without_owners(model: CityModel) -> ArmTables:
    return ArmTables(
        system=model.system_frame(),
        owners=pd.DataFrame(),
        flexibility=pd.DataFrame(),
        step_hours=model.spec.step_hours,
        weight=model.spec.weight,
        charging_efficiency=model.spec.chargers.one_way_efficiency,
        restoring_price_home=np.nan,
        restoring_price_public=np.nan,
        fleet=model.accountant.fleet(),
        fleet_cars=model.spec.simulated_cars,
        valley_hours=conventions.hours("valley", model.spec.city.place),
    )


def _restoring_yuan_per_kwh(model: CityModel) -> tuple[float, float]:
    """Cost of bringing a kilowatt-hour into a battery: with a charger at home, and without."""
    efficiency = model.spec.chargers.one_way_efficiency
    at_home, in_public = restoring_prices(model.spec)
    return at_home / efficiency, in_public / efficiency
