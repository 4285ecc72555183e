"""The city as a Mesa model: the clock, and the order of one step (:mod:`sim.step_plan`)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.accounting.accountant import Accountant, Count
from sim.agents.accounts import accrue_all
from sim.agents.allocation import assign_chargers
from sim.agents.building import build_city
from sim.agents.calls import answer_calls
from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.decision_codes import DRIVES_OUT
from sim.agents.driver import Driver
from sim.agents.enrolment import Enrolment
from sim.agents.kernels import list_active, tally_one
from sim.agents.limits import Limits
from sim.agents.meter import Homes, new_year
from sim.agents.operator import GridOperator
from sim.agents.own_code import NO_OWN_CODE, OwnCode
from sim.agents.scheduling import note_all
from sim.agents.session import Session
from sim.agents.shocks import DRIVERS_HIT, UNFORESEEN, disturbances, strike
from sim.agents.world import World
from sim.collected import CollectedSteps
from sim.frames import Frames
from sim.grid.clock import HORIZON_DAYS, Clock
from sim.grid.supply_side import SupplySide
from sim.grid.system import Outcome
from sim.scenario import load_scenario
from sim.scenario.errors import ScenarioError
from sim.scenario.schema import Scenario
from sim.scenario.shocks import ShockSection
from sim.state.agent_sets import RowAgentSet
from sim.state.blocks import over_blocks
from sim.state.row_model import RowModel
from sim.step_plan import STEP_PARTS, plan_table


def _spec_of(
    scenario: Scenario | str | Path | Mapping[str, Any],
    rng: int | None,
    overrides: Mapping[str, Any],
    own: OwnCode,
) -> Scenario:
    """The scenario of a model, with its overrides.

    Raises
    ------
    ScenarioError
        For anything wrong with it.
    TypeError
        For a seed that is no whole number: results must be repeatable from a scenario alone.
    """
    if rng is not None and not isinstance(rng, int):
        raise TypeError(f"rng must be a whole number, which becomes the scenario's seed, not {rng!r}")
    settings = {name.replace("__", "."): value for name, value in overrides.items()}
    if rng is not None:
        settings["seed"] = rng
    if isinstance(scenario, Scenario) and not settings:
        return scenario
    return load_scenario(scenario, settings, own.policies)


class CityModel(Frames, RowModel):
    """A synthetic city whose electric cars may discharge to the grid.

    Parameters
    ----------
    scenario : Scenario, str, path or mapping
        A scenario, the name of one that ships, a file, or its content.
    arm : str, optional
        Arm of the scenario; without it the scenario is taken as it stands.
    replication : int
        Number of the replication.
    compiled : bool
        False steps every agent in Python, with the same compiled rules: for tests and teaching.
    watched : sequence of int, optional
        Rows of cars whose timeline is recorded; by default, named persons and some enrolled owners.
    own : OwnCode
        User-defined policies and agents.
    rng : int, optional
        Seed, in place of that of the scenario.
    **overrides
        Keys of the scenario, ``fleet__cars=500`` or ``**{"fleet.cars": 500}``, as ``--set`` takes them.

    Attributes
    ----------
    drivers, cars, chargers : RowAgentSet
        Agents as views of rows; row i of drivers owns row i of cars.
    operator : GridOperator
    step_index : int
        The step that comes next; 0 is the first step of the warm-up.
    city : CityState
        State shared by agents, accounting and supply side.
    accountant : Accountant
        Accounts, audit and records.
    enrolment : Enrolment
        Enrolment choices, where enrolment is endogenous.

    Examples
    --------
    >>> from sim import CityModel
    >>> model = CityModel("quickstart", arm="v2g", rng=7, fleet__cars=500, fleet__sample=1.0)
    >>> for _ in range(8):
    ...     model.step()
    >>> model.step_index
    8
    """

    def __init__(
        self,
        scenario: Scenario | str | Path | Mapping[str, Any],
        arm: str | None = None,
        replication: int = 0,
        compiled: bool = True,
        watched: Sequence[int] | None = None,
        own: OwnCode = NO_OWN_CODE,
        rng: int | None = None,
        **overrides: Any,
    ):
        spec = _spec_of(scenario, rng, overrides, own)
        if spec.time.weeks:
            raise ScenarioError.single(
                spec.name,
                "time.weeks",
                "a year in weeks is no continuous time; run it, or choose one of its weeks",
            )
        super().__init__(rng=spec.seed, compiled=compiled)
        self.arm = arm or "run"
        self.replication, self.own = replication, own
        self.step_index = 0
        self._written = False
        self.city = build_city(spec.for_arm(arm) if arm is not None else spec, replication, watched)
        for cls, table in ((Driver, self.city.drivers), (Car, self.city.cars), (Charger, self.city.chargers)):
            self.add_table(cls, table)
        self.operator = GridOperator(self, self.city, own)
        self.enrolment = Enrolment(self.city)
        self.accountant = Accountant(self.city, watched)
        self.not_controlled_mw = self._controlled_mw = 0.0
        self.seconds = dict.fromkeys((part.name for part in STEP_PARTS), 0.0)
        self._count: Count
        self._outcome: Outcome
        for kind, rows in own.agents.items():
            self.recruit(kind, rows)
        if "perfect" in (self.spec.operator.arrivals, self.spec.operator.net_load):
            self._rehearse()
        if self.clock.warmup_steps == 0:
            self.accountant.begin_recording(0)

    @property
    def spec(self) -> Scenario:
        """The scenario as this arm sees it."""
        return self.city.spec

    @property
    def clock(self) -> Clock:
        """Steps of the run."""
        return self.city.clock

    @property
    def horizon(self) -> Clock:
        """Steps of the run and of the days after it that planning needs."""
        return self.city.horizon

    @property
    def world(self) -> World:
        """State as compiled code sees it."""
        return self.city.world

    @property
    def grid(self) -> SupplySide:
        """Demand, weather and supply."""
        return self.city.grid

    @property
    def limits(self) -> Limits:
        """Power limits of sites and feeders."""
        return self.city.limits

    @property
    def home(self) -> Homes:
        """Meters of homes, where bills depend on them."""
        return self.city.homes

    @property
    def drivers(self) -> RowAgentSet:
        """All drivers."""
        return self.kind(Driver)

    @property
    def cars(self) -> RowAgentSet:
        """All cars."""
        return self.kind(Car)

    @property
    def chargers(self) -> RowAgentSet:
        """All chargers: at homes first, then at work, slow public and fast public ones."""
        return self.kind(Charger)

    @property
    def sessions(self) -> list[Session]:
        """Current sessions, by charger; finished ones are rows of :meth:`sessions_frame`."""
        plugged = np.flatnonzero(self.world.chargers["car"] >= 0)
        return [Session(self.chargers[int(row)]) for row in plugged]

    @property
    def recorded_steps(self) -> int:
        """Number of steps that are recorded."""
        return len(self.clock) - self.clock.warmup_steps

    @property
    def datacollector(self) -> CollectedSteps:
        """Results recorded so far, in the form that Mesa's tools expect."""
        return CollectedSteps(self.accountant.records, self.clock.warmup_steps, self.step_index)

    @property
    def finished(self) -> bool:
        """Whether the last step has been done."""
        return self.step_index >= len(self.clock)

    def step(self) -> None:
        """One step: all parts of :data:`sim.step_plan.STEP_PARTS`, in order."""
        now = self.step_index
        if self.finished:
            raise RuntimeError(f"the run ended after {len(self.clock)} steps")
        self.world.flows[:] = 0.0
        if self._written:
            over_blocks(note_all, len(self.cars), self.step_index - 1, self.world)
            self._written = False
        began = time.perf_counter()
        for part in STEP_PARTS:
            if now >= self.clock.warmup_steps or not part.recorded:
                getattr(self, f"_{part.name}")(now)
            ended = time.perf_counter()
            self.seconds[part.name] += ended - began
            began = ended
        self.step_index += 1
        self.running = not self.finished
        if self.step_index == self.clock.warmup_steps:
            self.accountant.begin_recording(self.step_index)

    @property
    def plan(self) -> pd.DataFrame:
        """The order of a step with the time each part took so far, see :func:`sim.step_plan.plan_table`."""
        return plan_table(self.seconds, self.step_index)

    def surprise(self, shocks: Sequence[ShockSection]) -> None:
        """Apply unforeseen shocks from the next step on.

        The run continues as if the scenario had contained them. Heat and forecast errors are known in
        advance; they must be in the scenario from the start.

        Raises
        ------
        ValueError
            For a shock that begins in the past, or that would have been foreseen.
        """
        spec = self.spec.model_copy(update={"shocks": [*self.spec.shocks, *shocks]})
        for shock in shocks:
            if self.foresees([shock]):
                raise ValueError(f"a {shock.kind} would have been foreseen; run the scenario with it")
            if self.clock.stretch(shock.at, shock.hours)[0] < self.step_index:
                raise ValueError(f"{shock.at:%Y-%m-%d %H:%M} is past")
        for name, column in disturbances(spec, self.horizon).items():
            self.world.series[name][self.step_index :] = column[self.step_index :]
        self.grid.fail(spec, self.horizon, self.city.key, self.step_index)
        self.city.spec = spec

    def foresees(self, shocks: Sequence[ShockSection]) -> bool:
        """Whether shocks are known in advance: by their kind, or through perfect forecasts."""
        perfect = "perfect" in (self.spec.operator.arrivals, self.spec.operator.net_load)
        return perfect or any(shock.kind not in UNFORESEEN for shock in shocks)

    def before_writing(self) -> None:
        """Accrue all accounts before a column is written from outside; schedules are updated afterwards."""
        if not self._written:
            over_blocks(accrue_all, len(self.cars), self.step_index, self.world)
            self._written = True

    # ------------------------------------------------------------------------- parts of a step
    def _enrol(self, now: int) -> None:
        self.enrolment.step(now)

    def _plan(self, now: int) -> None:
        self.operator.step()

    def _strike(self, now: int) -> None:
        if self.world.series["hit"][now] & DRIVERS_HIT:
            over_blocks(strike, len(self.drivers), now, self.world)
        called = self.world.series["call_last"][now] >= 0
        if called or (self.spec.market.calls and (self.world.drivers["answers_call"] >= DRIVES_OUT).any()):
            over_blocks(answer_calls, len(self.drivers), now, self.city.sale_sites, self.world)

    def _travel(self, now: int) -> None:
        self.drivers.do("step")

    def _assign(self, now: int) -> None:
        assign_chargers(now, self.world)

    def _list(self, now: int) -> None:
        over_blocks(list_active, len(self.cars), now, self.world)

    def _offer(self, now: int) -> None:
        self.chargers.do("offer")

    def _survey(self, now: int) -> None:
        self.accountant.note_flexibility(now)

    def _coordinate(self, now: int) -> None:
        at_plants = self.grid.at_plants_mw
        net_load_mw = self.grid.net_load_mw(now) + at_plants(self.not_controlled_mw)
        self.operator.coordinate(net_load_mw, at_plants(self._controlled_mw))

    def _charge(self, now: int) -> None:
        self.chargers.do("step")

    def _limit(self, now: int) -> None:
        self.accountant.audit.limit("sites and feeders", self.limits.apply(self.world))

    def _tell(self, now: int) -> None:
        self.accountant.timeline.note(now)

    def _move(self, now: int) -> None:
        self.cars.do("step")
        for row in sorted(self.cars.kind.recruits) if self.compiled else range(len(self.cars)):
            tally_one(row, now, self.world)

    def _aggregate(self, now: int) -> None:
        self._count = count = self.accountant.count()
        self.not_controlled_mw = count.not_controlled_mw
        self._controlled_mw = count.charge_mw - count.discharge_mw - count.not_controlled_mw
        others_mw = self.grid.at_plants_mw(count.not_controlled_mw)
        self.operator.forecast.observe(now, self.grid.net_load_mw(now), others_mw)
        if self.clock.year_ends(now):
            over_blocks(new_year, len(self.home.meters), self.home.meters)

    def _supply(self, now: int) -> None:
        self._outcome = self.grid.meet(now, self._count.charge_mw - self._count.discharge_mw)

    def _account(self, now: int) -> None:
        self.accountant.close(now, self._count, self._outcome)

    def _rehearse(self) -> None:
        """Run the days of the run and its horizon in advance, to obtain perfect forecasts.

        The operator learns the sessions and the load of uncontrolled cars. Under any policy controlled cars
        leave with the promised energy, so that arrivals do not depend on the policy.
        """
        own = {"policy": "immediate", "settings": {}, "arrivals": "none", "net_load": "expected"}
        operator, time = self.spec.operator.model_copy(update=own), self.spec.time
        longer = time.model_copy(update={"days": time.recorded_days + HORIZON_DAYS, "end": None})
        rehearsal = CityModel(
            self.spec.model_copy(update={"operator": operator, "time": longer}),
            replication=self.replication,
            own=self.own,
        )
        rehearsal.operator.counts_arrivals = True
        net_load = np.empty(len(self.horizon))
        while not rehearsal.finished:
            rehearsal.step()
            now = rehearsal.step_index - 1
            others_mw = rehearsal.grid.at_plants_mw(rehearsal.not_controlled_mw)
            net_load[now] = rehearsal.grid.net_load_mw(now) + others_mw
        self.operator.forecast.foretell(net_load)
        self.operator.arrivals.foretell(rehearsal.operator.arrivals.seen)
        rehearsal.forget()

    def run_model(self) -> None:
        """Step to the end and check every car's balance."""
        while not self.finished:
            self.step()
        self.accountant.finish()
