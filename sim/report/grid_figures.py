"""Figures of the grid: "stability" by every definition, and the months of a year."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sim.effects.reference_lines import STABILITY_PCT
from sim.effects.stability import DEFINITIONS
from sim.effects.summary import interval_of, midpoint
from sim.report import style
from sim.report.grid_words import may_reach, reaches
from sim.report.quantities import less, perhaps_chance, signed
from sim.report.style import GREY, INK, LIGHT
from sim.runs.run import RunResult

#: What is rare, so that a share of it says little: its figure under the reference, and unit.
RARE = {
    "reserve_short_hours_cut_pct": ("reserve_short_hours_reference", "h"),
    "loss_of_load_cut_pct": ("loss_of_load_hours_reference", "h"),
    "expected_unserved_cut_pct": ("expected_unserved_mwh_reference", "MWh"),
}
FARTHEST_PCT = 100.0  # an axis ends here, with an arrow where a bar goes on


def stability(result: RunResult) -> tuple[Figure, str] | None:
    """What an arm improves by each meaning of "stability", against a figure from elsewhere if there is one."""
    effects, line = result.summary["effects"], result.against.get(STABILITY_PCT)
    if not effects:
        return None
    arm = "v2g" if "v2g" in effects else next(iter(effects))
    found = effects[arm]["stability"]
    shown = [key for key in DEFINITIONS if midpoint(found[key]) is not None]
    values = [midpoint(found[key]) for key in shown]
    figure = style.new_figure(11, 1.9 + 0.36 * len(shown))
    ax = figure.subplots()
    reached = [line is not None and reaches(found[key], line.value) for key in shown]
    perhaps = sum(line is not None and may_reach(found[key], line.value) for key in shown)
    colours = [style.GREEN if sure else style.SKY for sure in reached]
    rows = np.arange(len(shown))
    low, high = _reach(values if line is None else [*values, line.value])
    ax.barh(rows, np.clip(values, low, high), 0.62, color=colours)
    for row, (key, value) in enumerate(zip(shown, values, strict=True)):
        text = f"{signed(value, 1)}%"
        ends = interval_of(found[key])
        if ends:
            text += f"  ({signed(ends[0], 1)} to {signed(ends[1], 1)})"
        if key in RARE:
            name, unit = RARE[key]
            two_digits = float(f"{midpoint(effects[arm]['adequacy'][name]):.2g}")
            text += f"  of {two_digits:,g} {unit}"
        ax.annotate(
            text, (1.0, row), xycoords=("axes fraction", "data"), xytext=(8, 0), textcoords="offset points",
            va="center", fontsize=9, color=INK, annotation_clip=False,
        )  # fmt: skip
        if not low <= value <= high:
            ax.plot(
                high if value > high else low, row, marker=">" if value > high else "<", color=INK,
                markersize=7, clip_on=False,
            )  # fmt: skip
    ax.axvline(0.0, color=INK, linewidth=1.0)
    if line:
        ax.axvline(line.value, color=style.VERMILION, linewidth=1.4, linestyle="--")
        ax.annotate(
            f"{line.who}: {line.value:.0f}%", (line.value, 1.0), xycoords=("data", "axes fraction"),
            xytext=(5, 3), textcoords="offset points", fontsize=9, color=style.VERMILION,
        )  # fmt: skip
    ax.set_yticks(rows, [DEFINITIONS[key] for key in shown])
    ax.invert_yaxis()
    ax.set_xlim(low, high)
    style.tidy(ax, "")
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=LIGHT, linewidth=0.7)
    ax.set_xlabel("better than the reference [% of its figure]", fontsize=9.5, color=GREY)
    title = f"What {style.arm_name(arm)} improves, by {len(shown)} definitions of stability"
    if line:
        title = (
            f'"{line.value:.0f}% more stable": {style.arm_name(arm)} reaches it by {sum(reached) or "none"} of '
            f"{len(shown)} definitions{f', perhaps by {perhaps} more' if perhaps else ''}"
        )
    beyond = (
        "" if all(low <= value <= high for value in values) else " An arrow: the bar goes on beyond the axis."
    )
    style.headline(
        figure, title, f"Against '{result.summary['reference']}'. Beside the bars: their figures.{beyond}"
    )
    return figure, title


def _reach(values: list[float]) -> tuple[float, float]:
    """Ends of an axis that shows all figures, up to its farthest end."""
    low, high = min(0.0, *values), max(0.0, *values)
    room = 0.06 * (high - low) or 1.0
    return max(low - room if low < 0.0 else 0.0, -FARTHEST_PCT), min(high + room, FARTHEST_PCT)


def year(result: RunResult) -> tuple[Figure, str] | None:
    """Supply by month, and what an arm changes in the coal of each; of a year in weeks only."""
    effects, reference = result.summary["effects"], result.summary["reference"]
    if not result.spec.time.weeks or not effects:
        return None
    arm = "v2g" if "v2g" in effects else next(iter(effects))
    base, other = (_by_month(result, name) for name in (reference, arm))
    figure = style.new_figure(11, 5.6)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    floor = np.zeros(12)
    for fuel, colour in {**style.FUEL_COLOURS, "wind_mw": "#8ecae6", "solar_mw": "#f4d35e"}.items():
        energy = base[fuel].to_numpy() / 1e6
        if np.any(energy):
            label = style.FUEL_NAMES.get(fuel, fuel.removesuffix("_mw"))
            top.bar(range(1, 13), energy, 0.72, floor, color=colour, label=label)
            floor = floor + energy
    style.tidy(top, "supply [TWh]")
    top.legend(loc="upper left", ncols=6, fontsize=9, frameon=False)
    top.set_ylim(0.0, 1.25 * floor.max())
    change = (other - base) / 1000.0
    system = (change["coal_tce"] + change["coal_elsewhere_tce"]).to_numpy()
    colours = [style.VERMILION if value > 0.0 else style.GREEN for value in system]
    bottom.bar(range(1, 13), system, 0.72, color=colours, label="imports included")
    bottom.plot(range(1, 13), change["coal_tce"], "o", color=INK, markersize=4, label="in the city")
    bottom.legend(loc="upper left", ncols=2, fontsize=9, frameon=False)
    bottom.axhline(0.0, color=INK, linewidth=0.8)
    style.tidy(bottom, "coal burnt [thousand tce]")
    bottom.set_xticks(range(1, 13), MONTHS)
    coal, of_city = (
        midpoint(effects[arm][key]) for key in ("coal_system_displaced_pct", "coal_displaced_pct")
    )
    sure = perhaps_chance(effects[arm]["coal_system_displaced_pct"])
    title = (
        f"Over a year, {style.arm_name(arm)} burns {less(coal, '%', 2)} coal, imports included{sure}, "
        f"the city's plants {less(of_city, '%', 2)}"
    )
    style.headline(
        figure, title,
        f"Above: supply of the arm '{reference}'. Below: what '{arm}' changes in the coal of each month (first draw).",
    )  # fmt: skip
    return figure, title


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def _by_month(result: RunResult, arm: str) -> pd.DataFrame:
    """Energy [MWh] and coal [tce] of each month in the first replication, weighed."""
    system = result.system[(result.system["arm"] == arm) & (result.system["replication"] == 0)]
    weights = system["weight"]
    columns = [*style.FUEL_COLOURS, "wind_mw", "solar_mw"]
    energy = system[columns].mul(weights * result.spec.step_hours, axis=0)
    for coal in ("coal_tce", "coal_elsewhere_tce"):
        energy[coal] = system[coal] * weights
    months: pd.DataFrame = energy.groupby(system["time"].dt.month.to_numpy()).sum()
    return months.reindex(range(1, 13), fill_value=0.0)
