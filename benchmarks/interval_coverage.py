"""Whether 95% intervals of sweeps hold the truth 95 times in a hundred.

``python benchmarks/interval_coverage.py [--draws 1600] [--workers 2]``: one sweep with very many draws of a
small city at two points (10% and 30% signed up), whose mean over all draws is the truth. The draws are then
dealt out to small sweeps of 4 and of 8 draws, 200 or more, and the share of their intervals holding the truth
is counted: of each outcome at each point, and of the paired difference between the points. Prints a table.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import pandas as pd

import sim
from sim.runs.sweeps.intervals import differences, point_table

SWEEP = """\
scenario: {scenario}
settings:
  arms.smart: null
  time.step_minutes: 60
  time.warmup_days: 1
  fleet.sample: {sample}
  outputs.figures: false
parameters:
  enrolled_share: {{path: participation.enrolled_share, values: [0.1, 0.3]}}
replications: {draws}
outcomes:
  peak_cut_mw: effects.v2g.peak_shaving_mw
  coal_displaced_tce: effects.v2g.coal_displaced_tce
  co2_avoided_t: effects.v2g.co2_avoided_t
  generation_cost_saved_yuan: effects.v2g.generation_cost_saved_yuan
  median_owner_yuan_per_day: effects.v2g.owner_earnings_yuan_per_day.median
"""


def coverage(runs: pd.DataFrame, size: int) -> pd.DataFrame:
    """Share of small sweeps whose interval holds the mean over all draws, by outcome and kind."""
    outcomes = [name for name in runs if name.endswith(("_mw", "_tce", "_t", "_yuan", "_per_day"))]
    truth = runs.groupby("point")[outcomes].mean()
    held = []
    for _, small in runs.groupby(runs["replication"] // size):
        if len(small) < 2 * size:
            continue
        for row in point_table(small, [], outcomes).itertuples():
            true = truth.loc[row.point, row.outcome]
            held.append((f"point {row.point}", row.outcome, row.low <= true <= row.high))
        for row in differences(small, outcomes).itertuples():
            if row.point == 1:
                true = truth.loc[1, row.outcome] - truth.loc[0, row.outcome]
                held.append(("difference", row.outcome, row.low <= true <= row.high))
    frame = pd.DataFrame(held, columns=["of", "outcome", "held"])
    found = frame.groupby(["outcome", "of"])["held"].agg(["mean", "size"]).reset_index()
    return found.assign(draws=size)


def main() -> None:
    """Run, count, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--draws", type=int, default=1600)
    asked.add_argument("--workers", type=int, default=2)
    options = asked.parse_args()
    scenario = Path(__file__).parents[1] / "scenarios" / "quickstart.yaml"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.yaml"
        file.write_text(SWEEP.format(scenario=scenario, draws=options.draws, sample=400 / 1_510_000))
        runs = sim.sweep(file, workers=options.workers)
    found = pd.concat([coverage(runs, size) for size in (4, 8)])
    table = found.pivot(index=["outcome", "draws"], columns="of", values="mean")
    print(table.assign(sweeps=found.groupby(["outcome", "draws"])["size"].first()).round(3).to_string())
    held = found["mean"]
    print(f"all together: {held.mean():.3f}, least {held.min():.3f}, most {held.max():.3f}")


if __name__ == "__main__":
    main()
