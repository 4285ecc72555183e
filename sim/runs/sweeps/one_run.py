"""One run of a sweep: one point, one replication, all arms; the unit of work sent to workers."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sim.agents.own_code import NO_OWN_CODE, OwnCode, code_in
from sim.data.catalogue import handed_over, take_over
from sim.runs.audited import audited
from sim.runs.keys import NAMES_ONLY, code_hash, draw_key
from sim.runs.pool import Job, JobDiedError, pool
from sim.scenario import Scenario
from sim.version import __version__

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Task:
    """A run to be made.

    Attributes
    ----------
    key : str
        Digest of scenario, tables, replication and code: the same key gives the same summary.
    scenario : str
        Resolved scenario as JSON, without names and descriptions.
    replication : int
        Number of the replication.
    tables : mapping of str to str
        Texts of the tables of a user-defined place, to which a worker may have no access.
    code_folder : str
        Folder of the user-defined modules that the scenario names; empty for none.
    """

    key: str
    scenario: str
    replication: int
    tables: Mapping[str, str] = field(default_factory=dict)
    code_folder: str = ""


@dataclass(frozen=True)
class Entry:
    """A finished run. Times and machine are stored only here, not in the tables of a sweep.

    Attributes
    ----------
    key, scenario, replication : see :class:`Task`
    version, code : str
        Version of the package, and hash of its source.
    status : str
        ``done`` or ``failed``.
    error : str
        Error message; empty if the run did not fail.
    summary : str
        Content of ``summary.json``, empty where the run failed.
    finished : str
        Time at which it ended, UTC.
    wall_seconds, car_steps : float
    worker : str
        Machine and process.
    """

    key: str
    scenario: str
    replication: int
    version: str
    code: str
    status: str
    error: str
    summary: str
    finished: str
    wall_seconds: float
    car_steps: float
    worker: str

    def as_json(self) -> str:
        """The entry as one JSON object."""
        return json.dumps(asdict(self), indent=1)


def task_of(spec: Scenario, replication: int, own: OwnCode = NO_OWN_CODE) -> Task:
    """The run of one replication of a scenario."""
    data = {key: value for key, value in spec.resolved().items() if key not in (*NAMES_ONLY, "replications")}
    return Task(
        key=draw_key(spec, replication, own),
        scenario=json.dumps(data, sort_keys=True, default=str),
        replication=replication,
        tables=handed_over(spec.city.place),
        code_folder="" if own.folder is None else str(own.folder),
    )


def run_task(task: Task) -> Entry:
    """Execute a run; errors are stored in the entry."""
    began = time.perf_counter()
    try:
        summary, car_steps = _simulated(task)
    except Exception as failure:  # a failed run must not stop the others
        return failed(task, f"{type(failure).__name__}: {failure}", time.perf_counter() - began)
    return _entry(task, DONE, "", summary, time.perf_counter() - began, car_steps)


def failed(task: Task, error: str, seconds: float = 0.0) -> Entry:
    """The entry of a run that failed."""
    return _entry(task, FAILED, error, "", seconds, 0.0)


def _entry(task: Task, status: str, error: str, summary: str, seconds: float, car_steps: float) -> Entry:
    return Entry(
        key=task.key,
        scenario=task.scenario,
        replication=task.replication,
        version=__version__,
        code=code_hash(),
        status=status,
        error=error,
        summary=summary,
        finished=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        wall_seconds=round(seconds, 4),
        car_steps=float(car_steps),
        worker=f"{platform.node()}:{os.getpid()}",
    )


def _simulated(task: Task) -> tuple[str, float]:
    from sim.runs.run import own_policies, simulate  # imported late: loads compiled rules
    from sim.scenario import load_scenario

    data = json.loads(task.scenario)
    take_over(data["city"]["place"], task.tables)
    spec = load_scenario(data)
    own = code_in(Path(task.code_folder), own_policies(spec)) if task.code_folder else NO_OWN_CODE
    result = audited(simulate(spec, draws=[task.replication], own=own))
    return json.dumps(result.summary, allow_nan=False), result.facts["car_steps"]


OnEntry = Callable[[Entry], None]
#: Executes runs and passes each entry to a callback as soon as it is available.
Runner = Callable[[Sequence[Task], OnEntry], None]


@contextmanager
def runner(workers: int, scheduler: str | None) -> Iterator[Runner]:
    """Provide a runner, see :func:`sim.runs.pool.pool`."""
    with pool(workers, scheduler) as do:

        def make(tasks: Sequence[Task], on_entry: OnEntry) -> None:
            def told(job: Job, result: Any) -> None:
                died = isinstance(result, JobDiedError)
                on_entry(failed(job.args[0], str(result)) if died else result)

            do([Job(task.key, run_task, (task,)) for task in tasks], told)

        yield make
