"""One arm of one city in a process of its own: seconds, memory, bytes per car and the parts of a step.

``python benchmarks/one_arm.py '{"cars": 100000, "days": 1, "arm": "v2g"}'`` prints one line of JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

import sim.model
from sim import CityModel, load_scenario
from sim.state.agent_sets import RowAgentSet
from sim.state.blocks import thread_count

CITY_CARS = 1_510_000
SUMMER = dt.date(2025, 8, 25)


class Stopwatch:
    """Adds up the time of the parts of a step of one model, from outside the model."""

    def __init__(self, model: CityModel):
        self.seconds: dict[str, float] = defaultdict(float)
        for owner, method, name in (
            (model.operator, "step", "operator"),
            (model.operator, "coordinate", "operator"),
            (model.limits, "apply", "limits"),
            (model.enrolment, "step", "enrolment"),
            (model.accountant, "count", "count"),
            (model.accountant, "close", "records and audit"),
            (model.accountant, "note_flexibility", "flexibility"),
            (model.grid, "meet", "power system"),
        ):
            kind = type(owner)
            setattr(kind, method, self.timed(name, getattr(kind, method)))
        sim.model.assign_chargers = self.timed("posts", sim.model.assign_chargers)
        sim.model.over_blocks = self.timed("lists", sim.model.over_blocks)
        do = RowAgentSet.do

        def timed_do(agents: RowAgentSet, method: str, *arguments: Any) -> Any:
            name = f"{agents.table.cls.__name__.lower()}s {method}"
            return self.timed(name, do)(agents, method, *arguments)

        RowAgentSet.do = timed_do

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, its time noted under a name."""

        def with_time(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return work(*arguments, **options)
            finally:
                self.seconds[name] += time.perf_counter() - start

        return with_time


def bytes_by_kind(model: CityModel) -> dict[str, float]:
    """Bytes of each table for each car."""
    world, n = model.world, len(model.cars)
    tables = {
        "drivers": world.drivers, "cars": world.cars, "chargers": world.chargers,
        "accounts": world.accounts, "wake": world.wake,
        "activity": world.activity, "active": world.active,
    }  # fmt: skip
    return {name: round(table.nbytes / n, 1) for name, table in tables.items()}


def measure(asked: dict[str, Any]) -> dict[str, Any]:
    """Build and run the city that was asked for."""
    cars, days = int(asked["cars"]), int(asked.get("days", 1))
    fleet = {"cars": max(cars, CITY_CARS), "sample": cars / max(cars, CITY_CARS)}
    settings = {
        "extends": "scenarios/shanghai-summer.yaml",
        "fleet": fleet,
        "time": {
            "start": SUMMER,
            "days": days,
            "warmup_days": 1,
            "step_minutes": asked.get("step_minutes", 15),
        },
        "replications": 1,
        "outputs": {"figures": False, "owner_rows": asked.get("owner_rows", 100_000)},
    }
    spec = load_scenario(settings)
    began = time.perf_counter()
    model = CityModel(spec, arm=asked.get("arm", "v2g"))
    built = time.perf_counter() - began
    while model.step_index < model.clock.warmup_steps:
        model.step()
    watch = Stopwatch(model) if asked.get("profile") else None
    active, wall, cpu = [], time.perf_counter(), time.process_time()
    while not model.finished:
        model.step()
        active.append(float(model.world.n_active.sum()))
    model.accountant.finish()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    n, steps = len(model.cars), model.recorded_steps
    found = {
        **asked,
        "cars": n,
        "days": days,
        "threads": thread_count(),
        "build_s": round(built, 3),
        "run_s": round(wall, 3),
        "cpu_s": round(cpu, 3),
        "ns_per_car_step": round(1e9 * wall / (n * steps), 2),
        "car_days_per_cpu_s": round(n * steps / model.clock.steps_per_day / cpu),
        "active_share": round(float(np.mean(active)) / n, 4),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0),
        "bytes_per_car": bytes_by_kind(model),
    }
    if watch is not None:
        parts = {name: round(1e9 * seconds / (n * steps), 3) for name, seconds in watch.seconds.items()}
        parts["rest"] = round(found["ns_per_car_step"] - sum(parts.values()), 3)
        found["parts_ns_per_car_step"] = parts
    return found


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
