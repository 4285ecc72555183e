"""All benchmarks in one go: numbers as JSON and one figure, dated, in ``results/benchmarks/``.

``python benchmarks/run.py [--largest CARS] [--environments FOLDER]``. A quarter of an hour up to 1.51 million
cars; up to 40 million, half an hour and 8 GB more. ``--environments`` is where the peers are installed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bandwidth import bandwidth
from figure import draw
from peers import side_by_side

HERE = Path(__file__).parent
SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 40_000_000)


def one_arm(threads: int = 2, **asked: Any) -> dict[str, Any]:
    """One arm in a process of its own."""
    environment = os.environ | {"V2GCITY_THREADS": str(threads)}
    command = [sys.executable, str(HERE / "one_arm.py"), json.dumps(asked)]
    outcome = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
    print(
        f"{found['cars']:>12,} cars, {found['days']} day(s), {found['arm']}, {threads} thread(s): "
        f"{found['run_s']:.1f} s, {found['ns_per_car_step']} ns per car-step, {found['peak_mb']:,} MB",
        flush=True,
    )
    return found


def main() -> None:
    """Measure, write, draw."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--largest", type=int, default=1_510_000)
    asked.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "v2gcity-peers")
    options = asked.parse_args()
    one_arm(cars=10_000, arm="v2g")  # compile, and read machine code once
    arms = ("uncontrolled", "v2g")
    found = {
        "date": dt.date.today().isoformat(),
        "machine": {
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "cars": [one_arm(cars=size, arm=arm) for size in SIZES if size <= options.largest for arm in arms],
        "days": [one_arm(cars=100_000, days=days, arm="v2g") for days in (1, 7)],
        "steps": [one_arm(cars=100_000, arm="v2g", step_minutes=minutes) for minutes in (60, 15, 5)],
        "threads": [one_arm(threads, cars=1_510_000, arm="v2g") for threads in (1, 2)],
        "profile": [one_arm(cars=1_510_000, arm=arm, profile=True) for arm in arms],
        "bandwidth": bandwidth(),
        "peers": side_by_side(options.environments),
    }
    folder = HERE.parent / "results" / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found['date']}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    draw(found, path.with_suffix(".png"))
    print(path)


if __name__ == "__main__":
    main()
