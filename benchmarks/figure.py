"""One figure of a run of all benchmarks: scaling, parts of a step, and peers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

BLUE, ORANGE, GREY = "#1f5f8b", "#d9822b", "#8a8f98"


def draw(found: dict[str, Any], path: Path) -> None:
    """Draw the three panels."""
    figure, (scaling, parts, peers) = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
    _scaling(scaling, found)
    _parts(parts, found)
    _peers(peers, found)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _scaling(axes: Any, found: dict[str, Any]) -> None:
    for arm, colour in (("uncontrolled", GREY), ("v2g", BLUE)):
        rows = [row for row in found["cars"] if row["arm"] == arm]
        cars, seconds = [row["cars"] for row in rows], [row["run_s"] for row in rows]
        axes.loglog(cars, seconds, "o-", color=colour, label=arm)
        axes.annotate(f"{seconds[-1]:.0f} s", (cars[-1], seconds[-1]), xytext=(-8, 4),
                      textcoords="offset points", ha="right", color=colour)  # fmt: skip
    axes.set(xlabel="simulated cars", ylabel="seconds", title="One day, two threads")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)


def _parts(axes: Any, found: dict[str, Any]) -> None:
    rows = found["profile"]
    names = sorted(
        rows[-1]["parts_ns_per_car_step"], key=lambda name: -rows[-1]["parts_ns_per_car_step"][name]
    )
    colours = plt.get_cmap("tab20").colors
    bottom = [0.0] * len(rows)
    for name, colour in zip(names, colours, strict=False):
        height = [row["parts_ns_per_car_step"].get(name, 0.0) for row in rows]
        axes.bar([row["arm"] for row in rows], height, bottom=bottom, color=colour, label=name, width=0.5)
        bottom = [below + more for below, more in zip(bottom, height, strict=True)]
    axes.set(ylabel="ns per car and step", title="Parts of a step, 1.51 million cars", xlim=(-0.5, 2.9))
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], frameon=False, fontsize=8, loc="center right")


def _peers(axes: Any, found: dict[str, Any]) -> None:
    rates = found["peers"]["car_days_per_cpu_s"]
    names = sorted(rates, key=lambda name: rates[name][1])
    middle = [rates[name][1] for name in names]
    low = [rates[name][1] - rates[name][0] for name in names]
    high = [rates[name][2] - rates[name][1] for name in names]
    colours = [ORANGE if name.startswith("v2gcity") else GREY for name in names]
    axes.barh(names, middle, xerr=(low, high), color=colours, height=0.6)
    for name, value in zip(names, middle, strict=True):
        axes.annotate(f"{value:,.0f}", (value, name), xytext=(8, 5), textcoords="offset points", fontsize=8)
    axes.set(xscale="log", xlabel="car-days per CPU second", title="Beside other simulators")
    axes.set_xlim(right=max(middle) * 6)
