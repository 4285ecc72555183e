"""How fast sweeps are: runs of 10,000 cars, one day, two arms, on one worker and on two, side by side.

``python benchmarks/sweep.py [--runs 1000] [--rounds 2]``. First rounds of 240 runs on one worker and on two
in turn (ratio: minimum, median, maximum), then so many runs on all cores. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SWEEP = """\
scenario: {scenario}
settings:
  arms.smart: null
  time.warmup_days: {warmup_days}
  fleet.sample: {sample}
  outputs.figures: false
design: {{kind: latin-hypercube, size: {runs}}}
parameters:
  enrolled_share: {{path: participation.enrolled_share, low: 0.05, high: 0.35}}
  reserve_soc: {{path: participation.reserve_soc, range: data}}
outcomes:
  peak_cut_mw: effects.v2g.peak_shaving_mw
"""


def seconds(runs: int, workers: int, warmup_days: int) -> float:
    """Time of a sweep from an empty store, start of its processes included [s]."""
    scenario = Path(__file__).parents[1] / "scenarios" / "quickstart.yaml"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.yaml"
        file.write_text(
            SWEEP.format(scenario=scenario, runs=runs, sample=10_000 / 1_510_000, warmup_days=warmup_days)
        )
        command = [sys.executable, "-m", "sim", "sweep", str(file), "--out", f"{folder}/out", "--quiet"]
        began = time.perf_counter()
        subprocess.run([*command, "--workers", str(workers)], check=True)
        return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=1000)
    asked.add_argument("--rounds", type=int, default=2)
    asked.add_argument("--warmup-days", type=int, default=1)
    options = asked.parse_args()
    seconds(2, 1, options.warmup_days)  # compile
    ratios = []
    for _ in range(options.rounds):
        one, two = (seconds(240, workers, options.warmup_days) for workers in (1, 2))
        ratios.append(one / two)
    cores = os.cpu_count() or 1
    whole = seconds(options.runs, cores, options.warmup_days)
    found = {
        "one_worker_over_two_240_runs": [round(pick(ratios), 2) for pick in (min, statistics.median, max)],
        "runs": options.runs,
        "workers": cores,
        "seconds": round(whole, 1),
        "largest_process_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024.0),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
