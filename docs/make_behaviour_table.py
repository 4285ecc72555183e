"""Write which habit matters most into ``docs/people.md``: total Sobol indices of the headlines.

``python docs/make_behaviour_table.py`` reads ``results/reference/behaviour.csv``; with ``--run`` it first makes the sweep
``scenarios/sweeps/behaviour.yaml`` anew (a quarter of an hour).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pandas as pd
from page_table import put_between
from stamps import stamp

ROOT = Path(__file__).parents[1]
INDICES = ROOT / "results" / "reference" / "behaviour.csv"
PAGE = ROOT / "docs" / "people.md"
BEGIN, END = "<!-- behaviour table -->", "<!-- end of behaviour table -->"
#: Outcomes of the sweep, in the order and with the names of the table.
OUTCOMES = {
    "peak_cut_mw": "peak cut",
    "coal_system_displaced_pct": "coal of the system",
    "co2_avoided_t": "CO2",
    "society_yuan": "society",
    "median_owner_yuan_per_day": "median owner",
}


def measure() -> None:
    """Make the sweep and keep its indices."""
    import sim

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "behaviour"
        sim.sweep(ROOT / "scenarios" / "sweeps" / "behaviour.yaml", folder)
        pd.read_parquet(folder / "indices.parquet").to_csv(INDICES, index=False, float_format="%.4g")
    stamp(INDICES.name)


def table() -> str:
    """Total indices with their 95% intervals, the habit that matters most for any outcome first."""
    total = pd.read_csv(INDICES).query("index == 'total'").set_index(["parameter", "outcome"])
    lines = [f"| habit | {' | '.join(OUTCOMES.values())} |", "| --- |" + " --- |" * len(OUTCOMES)]
    for habit in total["value"].groupby("parameter").max().sort_values(ascending=False).index:
        cells = [total.loc[(habit, outcome)] for outcome in OUTCOMES]
        told = " | ".join(f"{cell['value']:.2f} [{cell['low']:.2f} to {cell['high']:.2f}]" for cell in cells)
        lines.append(f"| `{habit}` | {told} |")
    return "\n".join(lines).replace("-0.00", "0.00")


if __name__ == "__main__":
    if "--run" in sys.argv[1:]:
        measure()
    put_between(PAGE, BEGIN, END, table())
