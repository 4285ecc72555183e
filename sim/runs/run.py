"""Run a scenario: all arms and replications with common random numbers, and summarise."""

from __future__ import annotations

import datetime as dt
import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.accounting.audit import Audit
from sim.agents.own_code import NO_OWN_CODE, OwnCode
from sim.city.people import enrolment_odds
from sim.data import conventions
from sim.dispatch.registry import POLICIES, make_policy
from sim.effects.arms import ArmTables, summarise_arm
from sim.effects.comparison import compare
from sim.effects.reference_lines import ReferenceLines
from sim.effects.response import evening_power_mw, response_to_pay
from sim.effects.summary import over_replications
from sim.effects.supply import parts
from sim.grid.clock import Clock
from sim.grid.supply_side import check_demand
from sim.market.contract_value import bargain_of, reckons
from sim.market.restoring import restoring_prices
from sim.model import CityModel
from sim.runs.checkpoint import Checkpoint, go_on
from sim.runs.memory import check_memory
from sim.runs.periods import Recorded, WeighedOwners, joined, parts_of, record, stacked
from sim.runs.setting import setting_of
from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.errors import suggestion

#: For cities with more cars, garbage is collected immediately after a run (takes 0.1 s).
MANY_CARS = 200_000

#: Called after every step with (arm, replication, step, steps of this run).
Progress = Callable[[str, int, int, int], None]


@dataclass(frozen=True)
class RunResult(Recorded):
    """Result of a scenario: the tables of all arms and replications, and the summary.

    Attributes
    ----------
    spec : Scenario
    system, owners, units, flexibility : DataFrame
        All arms and replications; see ``sim.accounting.tables`` for the columns.
    owner_days, stories : DataFrame
        Daily sums of some owners, and timelines of some cars; see ``sim.accounting.owner_days`` and
        ``sim.accounting.owner_timeline``.
    sessions, trips : DataFrame
        Sessions of all arms, and trips, which are the same in all; empty unless the scenario asks for them.
    summary : dict
        The content of ``summary.json``.
    facts : dict
        Facts about the computation for the manifest: start, wall seconds by arm, car-steps.
    folder : Path or None
        Where the results were written.
    own : OwnCode
        User-defined code of the run.
    against : mapping of str to ReferenceLine
        External reference figures with which a study compares this result.
    """

    spec: Scenario
    summary: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    own: OwnCode = NO_OWN_CODE
    against: ReferenceLines = field(default_factory=dict)


def prepare(
    source: str | Path | Mapping[str, Any] | Scenario,
    *,
    settings: Sequence[str] | Mapping[str, Any] = (),
    seed: int | None = None,
    days: int | None = None,
    sample: float | None = None,
    replications: int | None = None,
    arms: Sequence[str] | None = None,
    own: OwnCode | None = None,
) -> Scenario:
    """Load a scenario with the overrides of the command line, and check it against the city.

    User-defined policies named in a scenario are checked only if they are passed in `own`; otherwise their
    names are accepted as given, and nothing is imported.

    Raises
    ------
    ScenarioError
        For anything wrong with the input.
    """
    extra = {"seed": seed, "time.days": days, "fleet.sample": sample, "replications": replications}
    given = [f"{key}={value}" for key, value in extra.items() if value is not None]
    if isinstance(settings, Mapping):
        overrides: Any = {**settings, **{key: value for key, value in extra.items() if value is not None}}
    else:
        overrides = [*settings, *given]
    spec = load_scenario(source, overrides, own.policies if own is not None else ())
    if arms is not None:
        spec = _only(spec, arms)
    check(spec, own)
    return spec


def check(spec: Scenario, own: OwnCode | None = None) -> None:
    """Check the conditions that depend on city, calendar and policies.

    Raises
    ------
    ScenarioError
        For anything wrong.
    """
    for part in parts_of(spec):
        check_demand(part.spec)
    for arm in spec.arms:
        seen = spec.for_arm(arm)
        enrolment_odds(seen)
        if seen.operator.policy in POLICIES or own is not None:
            make_policy(seen.operator, own.policies if own is not None else {})


def own_policies(spec: Scenario) -> list[str]:
    """User-defined policies that a scenario names, in order."""
    named = [spec.for_arm(arm).operator.policy for arm in spec.arms]
    return [name for name in dict.fromkeys(named) if name not in POLICIES]


def simulate(
    spec: Scenario,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    draws: Sequence[int] | None = None,
    own: OwnCode = NO_OWN_CODE,
) -> RunResult:
    """Run all arms and replications of a checked scenario and summarise, without writing a result.

    With a checkpoint, completed parts are not repeated, and new ones are saved there. `draws` lists the
    replications to run; by default, all replications of the scenario. `own` holds user-defined policies and
    agents.

    Raises
    ------
    ScenarioError
        If the run would not fit into memory.
    """
    check_memory(spec)
    began, clock = dt.datetime.now(dt.UTC), time.perf_counter()
    audit, car_steps = Audit(), 0
    seconds: dict[str, float] = {}
    recorded: list[Recorded] = []
    trips: list[pd.DataFrame] = []
    tables: dict[str, list[ArmTables]] = {arm: [] for arm in spec.arms}
    for replication in range(spec.replications) if draws is None else draws:
        for arm in spec.arms:
            start = time.perf_counter()
            ran = _kept_or_run(_Job(spec, arm, replication, own), progress, checkpoint)
            recorded.append(ran.tables)
            if arm == spec.reference:  # trips are the same in every arm
                trips.append(ran.tables.trips)
            tables[arm].append(
                arm_tables(
                    spec.for_arm(arm),
                    ran.tables.system,
                    ran.tables.owners,
                    ran.tables.flexibility,
                    ran.fleet,
                )
            )
            audit, car_steps = audit.merged(ran.audit), car_steps + ran.car_steps
            seconds[arm] = seconds.get(arm, 0.0) + time.perf_counter() - start
    by_arm = [each for arm in tables.values() for each in arm]
    return RunResult(
        spec=spec,
        system=pd.concat([each.system for each in by_arm], ignore_index=True),
        owners=pd.concat([each.owners for each in by_arm], ignore_index=True),
        units=pd.concat([each.units for each in recorded], ignore_index=True),
        flexibility=stacked([each.flexibility for each in recorded]),
        owner_days=stacked([each.owner_days for each in recorded]),
        stories=stacked([each.stories for each in recorded]),
        sessions=stacked([each.sessions for each in recorded]),
        trips=stacked(trips),
        summary=sum_up(spec, tables, audit),
        facts={
            "started": began.isoformat(timespec="seconds"),
            "wall_seconds": round(time.perf_counter() - clock, 3),
            "wall_seconds_by_arm": {arm: round(value, 3) for arm, value in seconds.items()},
            "car_steps": car_steps,
            "audit": audit.summary() | {"violations": audit.violations},
        },
        own=own,
    )


def _response_to_pay(spec: Scenario, tables: Mapping[str, list[ArmTables]]) -> dict[str, Any]:
    """Elasticity of available power to pay of two-way arms; means over replications."""
    seen = {arm: spec.for_arm(arm) for arm in tables}
    paid = {
        arm: each for arm, each in seen.items() if each.participation.contract == "two_way" and reckons(each)
    }
    power = {arm: sum(map(evening_power_mw, tables[arm])) / len(tables[arm]) for arm in paid}
    pay = {arm: bargain_of(each, "LFP").sell_yuan_per_kwh for arm, each in paid.items()}
    return response_to_pay(power, pay)


def _only(spec: Scenario, arms: Sequence[str]) -> Scenario:
    for arm in arms:
        if arm not in spec.arms:
            raise ScenarioError.single(
                "--arms", arm, f"no such arm{suggestion(arm, spec.arms)} allowed: {', '.join(spec.arms)}"
            )
    if spec.reference not in arms:
        raise ScenarioError.single(
            "--arms", ",".join(arms), f"the reference '{spec.reference}' must be among the arms"
        )
    return spec.model_copy(update={"arms": {arm: spec.arms[arm] for arm in spec.arms if arm in arms}})


@dataclass(frozen=True)
class _Job:
    """An arm and replication to be run."""

    spec: Scenario
    arm: str
    replication: int
    own: OwnCode


@dataclass(frozen=True)
class _Ran:
    """A completed arm with all its parts."""

    tables: Recorded
    audit: Audit
    car_steps: int
    fleet: dict[str, float] | None


@dataclass
class _GoingOn:
    """Results of the completed parts of an arm."""

    audit: Audit = field(default_factory=Audit)
    recorded: list[Recorded] = field(default_factory=list)
    car_steps: int = 0
    steps_done: int = 0
    fleet: dict[str, float] | None = None


def _kept_or_run(job: _Job, progress: Progress | None, checkpoint: Checkpoint | None) -> _Ran:
    if checkpoint is None:
        return _run_arm(job, progress, None)
    ran: _Ran | None = checkpoint.finished(job.arm, job.replication)
    if ran is None:
        ran = _run_arm(job, progress, checkpoint)
        checkpoint.finish(job.arm, job.replication, ran)
    return ran


def _run_arm(job: _Job, progress: Progress | None, checkpoint: Checkpoint | None) -> _Ran:
    stretches, weighs = parts_of(job.spec), bool(job.spec.time.weeks)
    steps = [len(Clock.of(part.spec)) for part in stretches]
    saved = checkpoint.going_on(job.arm, job.replication) if checkpoint is not None else None
    done: _GoingOn = saved.build("done") if saved is not None else _GoingOn()
    for number in range(len(done.recorded), len(stretches)):
        part = stretches[number]
        model = CityModel(part.spec, arm=job.arm, replication=job.replication, own=job.own)
        owners = WeighedOwners(part.day_weights)
        if saved is not None:
            go_on(model, saved)
            saved.fill("owners", owners)
            saved = None
        while not model.finished:
            model.step()
            now = model.step_index
            if weighs and now > model.clock.warmup_steps and model.clock.day_ends(now - 1):
                owners.close_day(model)
            if progress is not None:
                progress(job.arm, job.replication, done.steps_done + now, sum(steps))
            if checkpoint is not None:
                state = {"done": done, "steps": model.steps, "model": model, "owners": owners}
                checkpoint.after_step(job.arm, job.replication, state)
        model.accountant.finish()
        done.recorded.append(record(model, part, owners.frame(model)))
        done.audit = done.audit.merged(model.accountant.audit)
        done.steps_done += steps[number]
        done.car_steps += len(model.clock) * len(model.cars)
        done.fleet = None if model.cars.table.holders is None else model.accountant.fleet()
        model.forget()
        del model
        if part.spec.simulated_cars > MANY_CARS:
            gc.collect()  # reference cycles hold the whole city; its memory is needed for the next one
    return _Ran(joined(done.recorded), done.audit, done.car_steps, done.fleet)


def arm_tables(
    spec: Scenario,
    system: pd.DataFrame,
    owners: pd.DataFrame,
    flexibility: pd.DataFrame,
    fleet: Mapping[str, float] | None = None,
) -> ArmTables:
    """Tables of one arm and replication with the data needed to evaluate them (`spec` as the arm sees it).

    `fleet` holds exact sums over all cars where `owners` is a sample of them.
    """
    supply = system["price_yuan_per_mwh"].to_numpy() / 1000.0
    found, stretches = [], parts_of(spec)
    for part, prices in zip(stretches, np.split(supply, len(stretches)), strict=True):
        found.append((*restoring_prices(part.spec, prices), part.day_weights.sum()))
    homes, publics, days = zip(*found, strict=True)
    at_home, in_public = (float(np.average(prices, weights=days)) for prices in (homes, publics))
    return ArmTables(
        system=system,
        owners=owners,
        flexibility=flexibility,
        step_hours=spec.step_hours,
        weight=spec.weight,
        charging_efficiency=spec.chargers.one_way_efficiency,
        restoring_price_home=at_home,
        restoring_price_public=in_public,
        fleet=fleet,
        fleet_cars=spec.simulated_cars,
        valley_hours=conventions.hours("valley", spec.city.place),
    )


def tables_from_result(result: RunResult, arm: str, replication: int = 0) -> ArmTables:
    """Tables of one arm and replication of a result."""
    system, owners, flexibility = (
        frame[(frame["arm"] == arm) & (frame["replication"] == replication)].reset_index(drop=True)
        for frame in (result.system, result.owners, result.flexibility)
    )
    return arm_tables(result.spec.for_arm(arm), system, owners, flexibility)


def _split_into_parts(spec: Scenario, drawn: Mapping[str, list[dict[str, Any]]]) -> None:
    """Split the effects of each two-way arm into delay (by the first one-way arm) and discharge."""
    contract = {arm: spec.for_arm(arm).participation.contract for arm in drawn}
    one_way = next((arm for arm in drawn if contract[arm] == "one_way"), None)
    if one_way is None:
        return
    for arm, figures in drawn.items():
        if contract[arm] == "two_way":
            for delayed, figure in zip(drawn[one_way], figures, strict=True):
                figure["parts"] = parts(delayed, figure)


def sum_up(spec: Scenario, tables: Mapping[str, list[ArmTables]], audit: Audit) -> dict[str, Any]:
    """The content of ``summary.json``: figures of every arm, and effects against the reference.

    Parameters
    ----------
    spec : Scenario
    tables : mapping of arm to list of ArmTables
        One entry for each replication; the reference among them.
    audit : Audit
    """
    reference = tables[spec.reference]
    drawn: dict[str, list[dict[str, Any]]] = {}
    for arm, each in tables.items():
        if arm != spec.reference:
            setting = setting_of(spec.for_arm(arm))
            drawn[arm] = [
                compare(before, after, setting) for before, after in zip(reference, each, strict=True)
            ]
    _split_into_parts(spec, drawn)
    effects = {arm: over_replications(figures) for arm, figures in drawn.items()}
    response = _response_to_pay(spec, tables)
    for arm, figures in effects.items():
        figures["response_to_pay"] = response.get(arm)
        figures.setdefault("parts", None)
    enrolled = [each.fleet_total("enrolled") for each in reference]
    return {
        "scenario": spec.name,
        "title": spec.title,
        "reference": spec.reference,
        "fleet": {
            "cars": spec.fleet.cars,
            "simulated": spec.simulated_cars,
            "enrolled": round(sum(enrolled) / len(enrolled)),
        },
        "arms": {
            arm: over_replications([summarise_arm(table) for table in each]) for arm, each in tables.items()
        },
        "effects": effects,
        "audit": audit.summary(),
    }
