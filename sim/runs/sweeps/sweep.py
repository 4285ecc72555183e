"""Run a sweep: execute the runs missing in the store, and compile the tables."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from sim.agents.own_code import OwnCode, code_in
from sim.runs.files import SWEEP, read_frame, read_json, whole_or_nothing, write_json, write_parquet
from sim.runs.keys import code_hash
from sim.runs.run import check, own_policies
from sim.runs.store import INPUTS, dump_scenario, write_inputs
from sim.runs.sweeps.design import Point, points_of, scenarios_of, shown
from sim.runs.sweeps.intervals import figure_at, figures_in, is_narrow, point_table
from sim.runs.sweeps.one_run import DONE, Entry, Runner, Task, task_of
from sim.runs.sweeps.plan import Plan, load_sweep, relocated
from sim.runs.sweeps.run_store import RunStore
from sim.runs.sweeps.sensitivity import indices
from sim.scenario import Scenario, ScenarioError
from sim.scenario.errors import suggestion
from sim.version import __version__

#: Number of runs after which the store merges its small files.
GATHER_EVERY = 500
#: Time of an arm on one thread, to estimate the duration of a sweep before its first run: per step, and per
#: car and step, [s]. Measured on 27 November 2026; replaced by measured times after the first run.
STEP_S, CAR_STEP_S = 1.9e-3, 65e-9


@dataclass
class Count:
    """Progress of a sweep.

    Attributes
    ----------
    total, kept, made, failed : int
        Number of runs: in total, found in the store, executed now, and failed (of both).
    seconds : list of float
        Time of each executed run, [s].
    """

    total: int = 0
    kept: int = 0
    made: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Number of remaining runs."""
        return self.total - self.kept - self.made

    def seconds_left(self, workers: int) -> float | None:
        """Remaining time on some workers, from the median of the last 20 runs; None before the first."""
        if not self.seconds:
            return None
        return float(np.median(self.seconds[-20:])) * math.ceil(self.left / max(1, workers))


#: Callback after every run, and before the first.
OnCount = Callable[[Count], None]


@dataclass(frozen=True)
class SweepResult:
    """Result of a sweep.

    Attributes
    ----------
    plan : Plan
    runs : DataFrame
        One row for each run: ``point``, ``replication``, parameters, outcomes, ``status``, ``key``.
    points : DataFrame
        Mean and interval of every outcome at every point; see ``intervals.point_table``.
    indices : DataFrame
        Sensitivity indices of each parameter; see ``sensitivity.indices``.
    failures : list of dict
        Runs that failed, with their errors.
    folder : Path or None
    """

    plan: Plan
    runs: pd.DataFrame
    points: pd.DataFrame
    indices: pd.DataFrame
    failures: list[dict[str, Any]]
    folder: Path | None = None


class Sweeping:
    """A sweep in progress.

    Parameters
    ----------
    plan : Plan
    store : RunStore
    retry_failed : bool
        Repeat runs that failed before.
    code : Path, optional
        Folder of the user-defined modules that scenarios name.

    Raises
    ------
    ScenarioError
        If a point is not a valid scenario.
    """

    def __init__(self, plan: Plan, store: RunStore, retry_failed: bool = False, code: Path | None = None):
        self.plan, self._store, self._retry = plan, store, retry_failed
        self.points: list[Point] = points_of(plan)
        self._specs = scenarios_of(plan, self.points)
        named = [name for spec in self._specs for name in own_policies(spec)] if code is not None else []
        self._own = OwnCode() if code is None else code_in(code, named)
        _check_all(plan, self._specs, self._own)
        self._entries: dict[str, Entry] = {}
        self._tasks: dict[tuple[int, int], Task] = {}
        self._checked = False
        self.count = Count()
        self._want(dict.fromkeys(range(len(self.points)), self._first_replications()))

    def run(self, make: Runner, told: OnCount) -> SweepResult:
        """Execute all missing runs and summarise.

        Raises
        ------
        ScenarioError
            If an outcome is not a figure of the summary; detected with the first run.
        """
        wanted: dict[int, int] = {}
        while True:
            self._want(wanted)
            told(self.count)
            self._check_outcomes()
            missing = self._missing()
            for some in (missing[:1], missing[1:]) if not self._checked else (missing,):
                make(some, lambda entry: self._over(entry, told))
                self._check_outcomes()
            wanted = self._more()
            if not wanted:
                break
        self._store.gather()
        return self._result()

    def reckoned_seconds(self, workers: int) -> float:
        """Estimated time of the missing runs on the given workers [s], from stored runs or default times."""
        kept = [entry.wall_seconds for entry in self._entries.values() if entry.status == DONE]
        spec = self.plan.base
        days = sum(days for _, days in spec.time.spans)
        days += spec.time.warmup_days * max(1, len(spec.time.weeks))
        steps = days * spec.steps_per_day * len(spec.arms)
        run_s = float(np.median(kept)) if kept else steps * (STEP_S + spec.simulated_cars * CAR_STEP_S)
        return run_s * math.ceil(self.count.left / max(1, workers))

    def _first_replications(self) -> int:
        sweep = self.plan.sweep
        return sweep.precision.least if sweep.precision else int(sweep.replications)

    def _want(self, wanted: dict[int, int]) -> None:
        """Request replications of points, and look them up in the store."""
        added: dict[str, Task] = {}
        for point, replications in wanted.items():
            for replication in range(replications):
                if (point, replication) not in self._tasks:
                    task = task_of(self._specs[point], replication, self._own)
                    self._tasks[point, replication] = task
                    added.setdefault(task.key, task)
        new = {key: task for key, task in added.items() if key not in self._entries}
        for key, entry in self._store.get(new).items():
            if entry.status == DONE or not self._retry:
                self._entries[key] = entry
                self.count.kept += 1
                self.count.failed += entry.status != DONE
        self.count.total += len(new)

    def _missing(self) -> list[Task]:
        tasks = {task.key: task for task in self._tasks.values()}
        return [task for key, task in tasks.items() if key not in self._entries]

    def _more(self) -> dict[int, int]:
        """Further replications for points whose headline outcome has not reached the required precision."""
        precision = self.plan.sweep.precision
        if precision is None:
            return {}
        wanted = {}
        for point in range(len(self.points)):
            had = sum(1 for key in self._tasks if key[0] == point)
            values = self._values(point, self.plan.sweep.headline)
            if had < precision.most and not is_narrow(values, precision.half_width, precision.relative):
                wanted[point] = min(precision.most, had + math.ceil(had / 2))
        return wanted

    def _values(self, point: int, outcome: str) -> Any:
        path = self.plan.sweep.outcomes[outcome]
        entries = [self._entries[task.key] for (at, _), task in self._tasks.items() if at == point]
        return np.array([figure_at(json.loads(e.summary), path) for e in entries if e.status == DONE])

    def _over(self, entry: Entry, told: OnCount) -> None:
        self._store.put(entry)
        self._entries[entry.key] = entry
        self.count.made += 1
        self.count.failed += entry.status != DONE
        self.count.seconds.append(entry.wall_seconds)
        if self.count.made % GATHER_EVERY == 0:
            self._store.gather()
        told(self.count)

    def _check_outcomes(self) -> None:
        """Check the outcomes against the first available summary."""
        done = next((entry for entry in self._entries.values() if entry.status == DONE), None)
        if self._checked or done is None:
            return
        summary = json.loads(done.summary)
        for name, path in self.plan.sweep.outcomes.items():
            try:
                figure_at(summary, path)
            except KeyError:
                hint = suggestion(path, figures_in(summary)) or "; see summary.json of any run"
                raise ScenarioError.single(
                    self.plan.place("outcomes", name),
                    f"outcomes.{name}",
                    f"'{path}' is no figure of the summary{hint}",
                ) from None
        self._checked = True

    def _result(self) -> SweepResult:
        sweep, rows, failures = self.plan.sweep, [], []
        for (point, replication), task in sorted(self._tasks.items()):
            entry = self._entries[task.key]
            row: dict[str, Any] = {"point": point, "replication": replication}
            row |= {name: shown(self.plan, name, value) for name, value in self.points[point].items()}
            row |= _figures(entry, sweep.outcomes)
            rows.append(row | {"status": entry.status, "key": task.key})
            if entry.status != DONE:
                where = {"point": point, "replication": replication, "key": task.key}
                failures.append(where | {"parameters": self.points[point], "error": entry.error})
        runs = _typed(pd.DataFrame(rows), list(sweep.parameters), list(sweep.outcomes))
        return summed_up(self.plan, runs, failures)


def _check_all(plan: Plan, specs: Iterable[Scenario], own: OwnCode) -> None:
    """Check each point against the city."""
    lines = {
        path: plan.place("parameters", name)
        for name, parameter in plan.sweep.parameters.items()
        for path in parameter.paths
    }
    for spec in specs:
        try:
            check(spec, own)
        except ScenarioError as error:
            raise relocated(error, lines, plan.place("parameters")) from None


def summed_up(plan: Plan, runs: pd.DataFrame, failures: list[dict[str, Any]]) -> SweepResult:
    """The tables that follow from the runs."""
    sweep, done = plan.sweep, runs[runs["status"] == DONE]
    return SweepResult(
        plan=plan,
        runs=runs,
        points=point_table(done, list(sweep.parameters), list(sweep.outcomes)),
        indices=indices(plan, done),
        failures=failures,
    )


def _figures(entry: Entry, outcomes: dict[str, str]) -> dict[str, float]:
    if entry.status != DONE:
        return dict.fromkeys(outcomes, float("nan"))
    summary = json.loads(entry.summary)
    return {name: figure_at(summary, path) for name, path in outcomes.items()}


def _typed(runs: pd.DataFrame, parameters: Sequence[str], outcomes: Sequence[str]) -> pd.DataFrame:
    """Numbers as numbers; a column of mixed values as text."""
    for name in parameters:
        known = [value for value in runs[name] if value is not None]
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
            runs[name] = runs[name].astype(np.float64)
        elif not all(isinstance(value, bool) for value in known) or len(known) < len(runs):
            runs[name] = [None if value is None else str(value) for value in runs[name]]
    return runs.astype(dict.fromkeys(outcomes, np.float64))


# --------------------------------------------------------------------------------- the folder
def write_sweep(
    result: SweepResult, folder: Path, report: Callable[[SweepResult, Path], Any] | None = None
) -> SweepResult:
    """Write the folder of a sweep, replacing an earlier one; `report` adds reports and figures."""
    with whole_or_nothing(folder, SWEEP) as scratch:
        _write_plan(result.plan, scratch)
        about = _columns(result.plan)
        write_parquet(result.runs, about, scratch / "runs.parquet")
        write_parquet(result.points, about, scratch / "points.parquet")
        if len(result.indices):
            write_parquet(result.indices, about, scratch / "indices.parquet")
        if report is not None:
            report(result, scratch)
        write_json(scratch / SWEEP, _manifest(result))
    return replace(result, folder=folder)


def read_sweep(folder: Path) -> SweepResult:
    """Read the folder of a sweep back.

    Raises
    ------
    ScenarioError
        If the folder is not a sweep.
    """
    if not (folder / SWEEP).is_file():
        raise ScenarioError.single(str(folder), "", f"is not the folder of a sweep ({SWEEP} is missing)")
    plan, remedy = load_sweep(folder / "sweep.yaml"), "run the sweep again: what is kept is not made anew"
    failures = read_json(folder / SWEEP, ("failures",), remedy)["failures"]
    names = ("point", "replication", *plan.sweep.parameters, *plan.sweep.outcomes, "status", "key")
    runs = read_frame(folder / "runs.parquet", names, remedy)
    return replace(summed_up(plan, runs, failures), folder=folder)


def _write_plan(plan: Plan, folder: Path) -> None:
    """The sweep file and its scenario, runnable as they are."""
    write_inputs(plan.base, folder)
    dump_scenario(plan.base, folder / "scenario.yaml", place=INPUTS)
    data = {key: value for key, value in plan.document.data.items() if key != "settings"}
    yaml = YAML()
    yaml.width = 100
    with (folder / "sweep.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(data | {"scenario": "scenario.yaml"}, stream)


def _manifest(result: SweepResult) -> dict[str, Any]:
    sweep = result.plan.sweep
    return {
        "name": sweep.name,
        "version": __version__,
        "code": code_hash(),
        "design": sweep.design.model_dump(exclude_none=True),
        "points": int(result.runs["point"].nunique()),
        "runs": len(result.runs),
        "failures": result.failures,
    }


def _columns(plan: Plan) -> dict[str, tuple[str, str]]:
    """Unit and meaning of the columns of a sweep's tables."""
    sweep = plan.sweep
    about = {name: (each.unit, ", ".join(each.paths)) for name, each in sweep.parameters.items()}
    about |= {name: ("", f"summary.json: {path}") for name, path in sweep.outcomes.items()}
    return about | {
        "point": ("", "point of the design"),
        "replication": ("", "draw of the city; the same at all points"),
        "low": ("", "lower end of the 95% interval"),
        "high": ("", "upper end of the 95% interval"),
    }
