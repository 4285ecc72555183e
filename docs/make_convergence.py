"""What the settings of a run do to its headline figures, into ``docs/convergence.md``.

``python docs/make_convergence.py`` reads ``results/reference/convergence.csv``; with ``--run`` it first
measures that anew (about a quarter of an hour on two cores).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from page_table import put_between
from stamps import stamp

from sim.scenario.fields import FLEET

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "results" / "reference" / "convergence.csv"
PAGE = ROOT / "docs" / "convergence.md"
BEGIN, END = "<!-- convergence:begin -->", "<!-- convergence:end -->"

BASE: dict[str, Any] = {
    "arms.smart": None,
    "fleet.sample": 3_000 / FLEET,
    "time.start": "2025-08-26",
    "time.days": 3,
    "time.warmup_days": 4,
    "replications": 4,
    "outputs.figures": False,
}
OUTCOMES = {
    "peak cut, MW": "peak_shaving_mw",
    "coal saved, tce": "coal_displaced_tce",
    "CO2 avoided, t": "co2_avoided_t",
    "median owner, yuan/d": "owner_earnings_yuan_per_day.median",
}
TRIED: dict[str, tuple[str, list[Any]]] = {
    "step, minutes": ("time.step_minutes", [60, 30, 15, 5, 1]),
    "simulated cars": ("fleet.sample", [cars / FLEET for cars in (500, 1_000, 3_000, 10_000)]),
    "days of warm-up": ("time.warmup_days", [1, 2, 4, 7]),
    "horizon of the operator, h": ("operator.horizon_hours", [8, 16, 24, 36]),
    "minutes between plans": ("operator.replan_minutes", [15, 60, 240]),
    "seed": ("seed", [1, 2, 3, 20250825]),
    "draws": ("replications", [2, 4, 8, 16]),
}


def rows() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Setting, value, and changes to the scenario."""
    for name, (key, values) in TRIED.items():
        for value in values:
            yield name, value, {**BASE, key: value}


def measure(row: tuple[str, Any, dict[str, Any]]) -> dict[str, Any]:
    """One run: means and half widths of the intervals."""
    import sim

    name, value, settings = row
    effect = sim.run(ROOT / "scenarios" / "shanghai-summer.yaml", settings=settings).summary["effects"]["v2g"]
    shown = round(value * FLEET) if name == "simulated cars" else value
    found: dict[str, Any] = {"setting": name, "value": shown}
    for outcome, path in OUTCOMES.items():
        figure = effect
        for key in path.split("."):
            figure = figure[key]
        found[outcome] = figure["mean"]
        found[f"{outcome} ±"] = (figure["ci95"][1] - figure["ci95"][0]) / 2.0
    return found


def table() -> str:
    """All settings, one after another."""
    kept = pd.read_csv(ROWS)
    lines = [f"| setting | value | {' | '.join(OUTCOMES)} |", f"| --- | --- |{' --- |' * len(OUTCOMES)}"]
    for _, row in kept.iterrows():
        cells = [
            f"{row[name]:,.2f} ± {row[f'{name} ±']:,.2f}"
            if "yuan" in name
            else f"{row[name]:,.0f} ± {row[f'{name} ±']:,.0f}"
            for name in OUTCOMES
        ]
        lines.append(f"| {row['setting']} | {row['value']:.0f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure if asked to, then write."""
    if "--run" in sys.argv[1:]:
        with ProcessPoolExecutor(2) as pool:
            found = list(pool.map(measure, rows()))
        pd.DataFrame(found).to_csv(ROWS, index=False, float_format="%.5g")
        stamp(ROWS.name)
    put_between(PAGE, BEGIN, END, table())


if __name__ == "__main__":
    main()
