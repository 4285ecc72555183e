"""One run of a sweep: one point, one draw of the city, all arms. This is what travels to workers."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import sim
from sim.scenario import Scenario

#: What says how a scenario is called and shown, not what it computes.
NAMES_ONLY = ("name", "title", "description", "replications")
#: Parts of the package that no number of a summary depends on.
NOT_COMPUTING = ("report", "view", "cli.py", "cli_frame.py", "__main__.py", "sweeps", "claims")

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Task:
    """A run to be made.

    Attributes
    ----------
    key : str
        Hash of scenario, draw and code: the same key gives the same summary.
    scenario : str
        Resolved scenario as JSON, without what merely names it.
    replication : int
        Draw of the city.
    """

    key: str
    scenario: str
    replication: int


@dataclass(frozen=True)
class Entry:
    """A run that is over. Times and machine stand only here, never in the tables of a sweep.

    Attributes
    ----------
    key, scenario, replication : see :class:`Task`
    version, code : str
        Version of the package, and hash of its source.
    status : str
        ``done`` or ``failed``.
    error : str
        Why it failed; empty where it did not.
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


def task_of(spec: Scenario, replication: int) -> Task:
    """The run of one draw of the city under a scenario."""
    data = {key: value for key, value in spec.resolved().items() if key not in NAMES_ONLY}
    scenario = json.dumps(data, sort_keys=True, default=str)
    key = hashlib.sha256(f"{code_hash()}|{replication}|{scenario}".encode()).hexdigest()[:32]
    return Task(key, scenario, replication)


@cache
def code_hash() -> str:
    """Hash of the source and tables that a summary depends on."""
    root = Path(sim.__file__).parent
    digest = hashlib.sha256(sim.__version__.encode())
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.suffix in (".py", ".csv") and not set(inside.parts) & set(NOT_COMPUTING):
            digest.update(str(inside).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def run_task(task: Task) -> Entry:
    """Make a run; whatever goes wrong in it is told in the entry."""
    began = time.perf_counter()
    try:
        summary, car_steps = _simulated(task)
    except Exception as failure:  # a run that fails must not take the others with it
        return failed(task, f"{type(failure).__name__}: {failure}", time.perf_counter() - began)
    return _entry(task, DONE, "", summary, time.perf_counter() - began, car_steps)


def failed(task: Task, error: str, seconds: float = 0.0) -> Entry:
    """The entry of a run that failed."""
    return _entry(task, FAILED, error, "", seconds, 0.0)


def _entry(task: Task, status: str, error: str, summary: str, seconds: float, car_steps: float) -> Entry:
    return Entry(
        **asdict(task),
        version=sim.__version__,
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
    from sim.experiment.run import simulate  # compiled rules are loaded where they are needed, in workers
    from sim.scenario import load_scenario

    result = simulate(load_scenario(json.loads(task.scenario)), draws=[task.replication])
    if not result.summary["audit"]["passed"]:
        raise RuntimeError(f"the audit failed: {result.facts['audit']}")
    return json.dumps(result.summary, allow_nan=False), result.facts["car_steps"]
