"""One planning and one clearing step of ``coordinated``, from ten thousand to ten million plugged cars.

``python benchmarks/plan_and_clear.py [LARGEST]`` plugs every car in, makes the operator plan and clear a
market, and prints medians of several rounds with minimum and maximum, and the ratio of the time per car
to that of the smallest fleet. Rows are JSON on the last line.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from sim import CityModel, load_scenario
from sim.state.blocks import thread_count

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
ROUNDS = 5


def plugged_fleet(cars: int) -> CityModel:
    """A city in which every car stands at a bidirectional charger at home, at 20:00, half full."""
    settings = {
        "fleet": {"cars": cars, "v2g_capable": 1.0},
        "time": {"days": 1, "warmup_days": 0},
        "chargers": {"home_share_bev": 1.0, "home_share_phev": 1.0, "home_share_ride_hailing": 1.0,
                     "home_share_taxi": 1.0, "work_access_share": 0.0, "public_posts_per_car": 0.0},
        "participation": {"enrolled_share": 0.3, "contract": "two_way"},
        "operator": {"policy": "coordinated"},
        "arms": {},
    }  # fmt: skip
    model = CityModel(load_scenario(settings))
    world, step = model.world, 80
    n = len(world.cars)
    world.drivers["enrolled"] = 1
    world.cars["v2g_capable"] = 1
    world.chargers["bidirectional"][:n] = 1
    world.chargers["car"][:n] = world.cars["charger"] = np.arange(n)
    world.chargers["since_step"][:n] = step
    world.cars["session_kw"] = 6.6
    world.cars["owed_kwh"] = 0.9 * world.cars["capacity_kwh"]
    world.cars["energy_kwh"] = world.cars["capacity_kwh"] * np.linspace(0.45, 0.8, n)
    world.chargers["stated_step"][:n] = step + 20 + np.arange(n) % 40
    model.step_index = step
    model.chargers.do("offer")
    return model


def timed(work: Callable[[], Any]) -> list[float]:
    """Seconds of each round, the first one left out."""
    seconds = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def measure(cars: int) -> dict[str, Any]:
    """Times of planning and of clearing with disaggregation to single cars [s]."""
    model = plugged_fleet(cars)
    operator = model.operator
    net_mw = model.grid.net_load_mw(model.step_index)
    plan = timed(operator.step)

    def clear() -> None:
        operator.coordinate(net_mw, 0.0)
        model.chargers.do("step")

    step = timed(clear)
    total = [a + b for a, b in zip(plan, step, strict=True)]
    row = {"cars": len(model.cars), "threads": thread_count()}
    for name, values in (("plan", plan), ("clear", step), ("both", total)):
        row[f"{name}_s"] = [round(float(f(values)), 4) for f in (np.min, np.median, np.max)]
    row["ns_per_car"] = round(1e9 * float(np.median(total)) / len(model.cars), 1)
    row["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0)
    model.forget()
    return row


if __name__ == "__main__":
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1]
    print(f"{'cars':>12} {'plan, s':>10} {'clear, s':>10} {'both: min, median, max, s':>28} {'ns/car':>9}")
    found = []
    for size in (size for size in SIZES if size <= largest):
        row = measure(size)
        found.append(row)
        both = ", ".join(f"{value:.3f}" for value in row["both_s"])
        print(
            f"{row['cars']:>12,} {row['plan_s'][1]:>10.3f} {row['clear_s'][1]:>10.3f} {both:>28} "
            f"{row['ns_per_car']:>9.1f}",
            flush=True,
        )
    print(json.dumps(found))
