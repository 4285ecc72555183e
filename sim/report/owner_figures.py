"""Figures of what owners earn: its distribution, who gains and who loses, and out of what."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.effects.earnings import grouped_earnings, owner_earnings_yuan
from sim.effects.reference_lines import YUAN_PER_NIGHT, ReferenceLine
from sim.effects.summary import midpoint
from sim.report import style
from sim.report.quantities import more_than, number, signed
from sim.report.style import GREY, INK, LIGHT
from sim.runs.run import RunResult, tables_from_result

#: Parts of earnings in the words of the figure.
PART_NAMES = {
    "charging": "charging",
    "feed_in": "feeding in",
    "events": "events",
    "availability": "being on call",
    "penalties_and_rent": "penalties, rent",
    "wear": "battery wear",
    "battery_brought_back": "battery restored",
}
MOST_HISTOGRAMS = 4  # arms that are drawn over one another
FEWEST_OWNERS = 5  # in a group that is drawn
SMALLEST_PART = 0.005  # yuan/d


def earnings(result: RunResult) -> tuple[Figure, str] | None:
    """Distribution of what enrolled owners earn, by arm."""
    summary = result.summary
    values = {arm: _earnings_of(result, arm) for arm in summary["effects"]}
    values = {arm: each for arm, each in values.items() if len(each)}
    if not values:
        return None
    best = best_arm(result)
    assert best is not None
    if len(values) > MOST_HISTOGRAMS:
        return _earnings_of_many_arms(result, values)
    figure = style.new_figure(11, 4.6)
    ax = figure.subplots()
    everything = np.concatenate(list(values.values()))
    low, high = np.quantile(everything, [0.002, 0.995])
    bins = np.linspace(min(low, -1.0), max(high, 1.0), 70)
    for arm, each in values.items():
        colour = style.arm_colour(arm, list(summary["arms"]))
        share = 100.0 * np.ones(len(each)) / len(each)
        ax.hist(
            np.clip(each, bins[0], bins[-1]),
            bins=bins.tolist(),
            weights=share,
            color=colour,
            alpha=0.5,
            label=arm,
        )
        median = float(np.median(each))
        ax.axvline(median, color=colour, linewidth=1.6)
        ax.annotate(
            f"{arm}: median {number(median, 2)}", (median, 1.0), xycoords=("data", "axes fraction"),
            xytext=(5, -12 - 14 * list(values).index(arm)), textcoords="offset points", fontsize=9, color=colour,
        )  # fmt: skip
    style.tidy(ax, "share of enrolled owners [%]")
    ax.axvline(0.0, color=GREY, linewidth=0.8)
    ax.set_xlabel(
        "earnings [yuan per day], net of charging, losses and battery wear; the end bars hold everybody beyond",
        fontsize=9.5,
        color=GREY,
    )
    _note_line(ax, result.against.get(YUAN_PER_NIGHT), float(bins[-1]))
    figures = summary["effects"][best]["owner_earnings_yuan_per_day"]
    title = f"{style.arm_name(best)}: the median enrolled owner earns {number(midpoint(figures['median']), 1)} yuan a day, one in twenty more than {more_than(midpoint(figures['p95']), 1)}"
    style.headline(
        figure, title,
        f"Against '{summary['reference']}' on the same trips; a battery that ends emptier is filled up again at the owner's expense.",
    )  # fmt: skip
    return figure, title


def _note_line(ax: Axes, line: ReferenceLine | None, reach_yuan: float) -> None:
    """Note what is said elsewhere, and how far beyond the axis that lies."""
    if line is None:
        return
    times = line.value / reach_yuan
    far = (
        f"{more_than(times, 1)} times as far to the right as this axis reaches"
        if times > 1.0
        else "on this axis"
    )
    ax.annotate(
        f"{line.who}: {line.value:.0f} yuan a night, {far}",
        (1.0, 0.55), xycoords="axes fraction", xytext=(-6, 0), textcoords="offset points", ha="right", fontsize=9,
        color=INK, arrowprops=None,
    )  # fmt: skip


def _earnings_of_many_arms(result: RunResult, values: dict[str, np.ndarray]) -> tuple[Figure, str]:
    """A box for each arm, as for tariffs that are compared."""
    line = result.against.get(YUAN_PER_NIGHT)
    said = f" {line.who_begins}: {line.value:.0f} yuan a night." if line else ""
    figure = style.new_figure(11, 2.3 + 0.34 * len(values))
    _draw_groups(figure.subplots(), values)
    medians = {arm: float(np.median(each)) for arm, each in values.items()}
    low, high = min(medians, key=lambda arm: medians[arm]), max(medians, key=lambda arm: medians[arm])
    title = (
        f"The median enrolled owner earns {number(medians[low], 1)} yuan a day under '{low}' and "
        f"{number(medians[high], 1)} under '{high}'"
    )
    style.headline(
        figure, f"{title}\n",
        f"Against '{result.summary['reference']}', energy-neutral. Box: middle half; line: 5 to 95%.{said}",
    )  # fmt: skip
    return figure, title


def earnings_by_group(result: RunResult) -> tuple[Figure, str] | None:
    """Earnings of enrolled owners by kind, cells and charger; and what mean earnings are made of."""
    summary = result.summary
    arm = best_arm(result)
    if arm is None:
        return None
    tables = [tables_from_result(result, name) for name in (summary["reference"], arm)]
    groups = {name: each for name, each in grouped_earnings(*tables).items() if len(each) >= FEWEST_OWNERS}
    if not groups:
        return None
    figure = style.new_figure(11, 2.3 + 0.34 * len(groups))
    boxes, parts = figure.subplots(1, 2, width_ratios=[1.7, 1])
    _draw_groups(boxes, {name: each.to_numpy() for name, each in groups.items()})
    _draw_parts(parts, summary["effects"][arm]["owner_earnings_parts_yuan_per_day"])
    effects = summary["effects"][arm]
    gain, lose = midpoint(effects["owners_gaining_share"]), midpoint(effects["owners_losing_share"])
    even = midpoint(effects["break_even_feed_in_yuan_per_kwh"]["median"])
    at = "" if even is None else f"; the median one who fed in breaks even at {even:.2f} yuan/kWh"
    title = f"{style.arm_name(arm)}: {100 * gain:.0f}% of enrolled owners gain, {100 * lose:.0f}% lose{at}"
    draws = (
        ""
        if result.spec.replications == 1
        else f" Boxes: the first of {result.spec.replications} replications."
    )
    style.headline(
        figure, f"{title}\n",
        f"Against '{summary['reference']}', energy-neutral. Box: middle half; line: 5 to 95%.{draws}",
    )  # fmt: skip
    return figure, title


def _draw_groups(ax: Axes, groups: dict[str, np.ndarray]) -> None:
    for place, values in enumerate(reversed(list(groups.values()))):
        low, first, median, third, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
        ax.plot([low, high], [place, place], color=style.SKY, linewidth=1.6)
        ax.barh(place, third - first, left=first, height=0.56, color=style.SKY, edgecolor="none")
        ax.plot([median, median], [place - 0.28, place + 0.28], color=INK, linewidth=2)
    names = [f"{name} ({len(values):,})" for name, values in groups.items()]
    ax.set_yticks(range(len(names)), labels=names[::-1])
    ax.axvline(0.0, color=GREY, linewidth=0.9)
    style.tidy(ax, "")
    ax.grid(axis="x", color=LIGHT, linewidth=0.7)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("earnings [yuan per day]", fontsize=9.5, color=GREY)


def _draw_parts(ax: Axes, parts: dict[str, Any]) -> None:
    """A staircase from nothing to mean earnings."""
    names = [name for name in parts if abs(midpoint(parts[name])) >= SMALLEST_PART]
    level, levels = 0.0, [0.0]
    for place, name in enumerate(names):
        value = midpoint(parts[name])
        colour = style.GREEN if value >= 0.0 else style.VERMILION
        ax.bar(place, value, bottom=level, color=colour, width=0.7)
        level += value
        levels.append(level)
        ax.annotate(
            signed(value, 2), (place, max(level, level - value)), xytext=(0, 3), textcoords="offset points",
            ha="center", fontsize=8.5, color=INK,
        )  # fmt: skip
    ax.bar(len(names), level, color=GREY, width=0.7)
    ax.annotate(
        signed(level, 2), (len(names), max(level, 0.0)), xytext=(0, 3), textcoords="offset points",
        ha="center", fontsize=8.5, color=INK, fontweight="bold",
    )  # fmt: skip
    ax.axhline(0.0, color=GREY, linewidth=0.9)
    room = 0.12 * (max(levels) - min(levels) or 1.0)
    ax.set_ylim(min(levels) - room, max(levels) + room)
    labels = [*(PART_NAMES[name] for name in names), "mean earned"]
    ax.set_xticks(range(len(labels)), labels=labels, rotation=35, ha="right")
    style.tidy(ax, "yuan per day, mean over the enrolled")


def best_arm(result: RunResult) -> str | None:
    """The arm a figure of owners is about: v2g, or the one in which the median owner earns most."""
    effects = result.summary["effects"]
    seen = {arm: each["owner_earnings_yuan_per_day"] for arm, each in effects.items()}
    seen = {arm: each for arm, each in seen.items() if midpoint(each["n"])}
    if not seen:
        return None
    return "v2g" if "v2g" in seen else max(seen, key=lambda arm: midpoint(seen[arm]["median"]))


def _earnings_of(result: RunResult, arm: str) -> Any:
    """Earnings per day of enrolled owners, all replications together."""
    drawn = []
    for replication in range(result.spec.replications):
        names = result.summary["reference"], arm
        reference, table = (tables_from_result(result, name, replication) for name in names)
        enrolled = table.owners["enrolled"].to_numpy()
        drawn.append(owner_earnings_yuan(reference, table)[enrolled] / table.days)
    return np.concatenate(drawn)
