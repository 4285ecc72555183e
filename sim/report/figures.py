"""The figures of a run. Each stands on its own: the title says what it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.effects.reference_lines import COAL_LESS_PCT
from sim.effects.shape import CARS_CHARGING, ENERGY, daily_charging_shape
from sim.effects.summary import interval_of_size, midpoint
from sim.report import style
from sim.report.grid_figures import stability, year
from sim.report.owner_figures import earnings, earnings_by_group
from sim.report.quantities import interval, is_nothing, less, perhaps_chance, power, signed
from sim.report.style import GREY, INK, LIGHT
from sim.runs.run import RunResult

FOLLOWS = 0.8  # correlation with the published day from which charging is said to follow it

STATES = {
    "cars_driving": ("driving", style.SKY),
    "cars_discharging": ("plugged in, feeding in", style.VERMILION),
    "cars_charging": ("plugged in, charging", style.GREEN),
    "cars_waiting": ("plugged in, waiting", style.YELLOW),
    "cars_idle": ("parked, not plugged in", "#e6e8ec"),
}


def draw_all(result: RunResult, folder: Path) -> dict[str, str]:
    """Draw every figure the run gives material for; return title by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, str] = {}
    for name, draw in FIGURES.items():
        made = draw(result)
        if made is not None:
            figure, title = made
            style.save(figure, folder / f"{name}.png", Title=title, Software="v2gcity")
            drawn[name] = title
    return drawn


def net_load(result: RunResult) -> tuple[Figure, str] | None:
    """Net load of the run by arm, over the supply that meets it, and what each arm changes.

    Not drawn for more arms than there are colours: two lines of one colour say nothing.
    """
    arms, reference = list(result.summary["arms"]), result.summary["reference"]
    if len([arm for arm in arms if arm not in style.ARM_COLOURS]) > len(style.OTHER_ARMS):
        return None
    tables = {arm: _first(result.system, arm) for arm in arms}
    stretch = _stretch_of_the_peak(tables[reference])
    tables = {arm: table[stretch].reset_index(drop=True) for arm, table in tables.items()}
    base = tables[reference]
    figure = style.new_figure(11, 6.2)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[2.3, 1])
    times = base["time"].to_numpy()
    fuels = [fuel for fuel in style.FUEL_COLOURS if base[fuel].abs().max() > 0.0]
    top.stackplot(
        times, [base[fuel].clip(lower=0.0) / 1000.0 for fuel in fuels], colors=[style.FUEL_COLOURS[fuel] for fuel in fuels],
        labels=[style.FUEL_NAMES[fuel] for fuel in fuels], linewidth=0,
    )  # fmt: skip
    for arm in arms:
        colour = style.arm_colour(arm, arms)
        top.plot(times, tables[arm]["net_load_mw"] / 1000.0, color=colour, linewidth=1.5, label=arm)
        if arm != reference:
            change = (tables[arm]["net_load_mw"] - base["net_load_mw"]) / 1000.0
            bottom.plot(times, change, color=colour, linewidth=1.3, label=arm)
            bottom.fill_between(times, change, 0.0, color=colour, alpha=0.15, linewidth=0)
    highest = max(float(table["net_load_mw"].max()) for table in tables.values()) / 1000.0
    top.set_ylim(0.0, 1.06 * highest)
    style.tidy(top, "net load [GW]")
    style.tidy(bottom, f"against {reference} [GW]")
    bottom.axhline(0.0, color=GREY, linewidth=0.8)
    _day_axis(bottom, base)
    top.legend(loc="lower left", ncols=6, fontsize=9, frameon=True, framealpha=0.9, edgecolor="none")
    title = _net_load_title(result)
    style.headline(
        figure, title,
        f"Lines: demand less wind and sun, with cars. Areas: what meets it in the arm '{reference}'.{_draws(result)}",
    )  # fmt: skip
    return figure, title


def _net_load_title(result: RunResult) -> str:
    arms, effects = result.summary["arms"], result.summary["effects"]
    best = "v2g" if "v2g" in effects else next(iter(effects), None)
    if best is None:
        peak = midpoint(arms[result.summary["reference"]]["peak_net_load_mw"])
        return f"Net load peaks at {peak / 1000.0:.1f} GW"
    cut, share = (midpoint(effects[best][key]) for key in ("peak_shaving_mw", "peak_shaving_pct"))
    before = midpoint(arms[result.summary["reference"]]["peak_net_load_mw"]) / 1000.0
    ends = interval_of_size(effects[best]["peak_shaving_mw"])
    if is_nothing(cut, 1):
        return f"{style.arm_name(best)} leaves the net-load peak at {before:.1f} GW"
    chance = perhaps_chance(effects[best]["peak_shaving_mw"])
    return (
        f"{style.arm_name(best)} {'cuts' if cut > 0.0 else 'raises'} the net-load peak by {power(cut, ends)}, "
        f"{abs(share):.1f}% of {before:.1f} GW{chance}"
    )


def fleet_day(result: RunResult) -> tuple[Figure, str]:
    """What the fleet does in the course of a mean day, by arm."""
    arms = list(result.summary["arms"])
    shown = [arm for arm in (result.summary["reference"], "v2g") if arm in arms] or arms[:1]
    shown = list(dict.fromkeys(shown))
    figure = style.new_figure(11, 4.9)
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    plugged_at_peak = 0.0
    for ax, arm in zip(axes, shown, strict=True):
        day = _mean_day(result.system[result.system["arm"] == arm])
        day.loc[24.0] = day.iloc[0]  # close the circle
        total = day[["cars_driving", "cars_idle", "cars_plugged"]].sum(axis=1)
        day["cars_waiting"] = (day["cars_plugged"] - day["cars_charging"] - day["cars_discharging"]).clip(
            lower=0.0
        )
        ax.stackplot(
            day.index, [100.0 * day[state] / total for state in STATES], linewidth=0,
            colors=[colour for _, colour in STATES.values()], labels=[name for name, _ in STATES.values()],
        )  # fmt: skip
        style.tidy(ax, "share of cars [%]" if ax is axes[0] else "")
        ax.set_title(arm, loc="left", fontsize=10.5, color=INK)
        ax.set_xlim(0, 24)
        ax.set_xticks(range(0, 25, 4), [f"{hour:02d}:00" for hour in range(0, 25, 4)])
        ax.set_ylim(0, 100)
        evening = (day.index >= 18.0) & (day.index < 21.0)
        plugged_at_peak = float((100.0 * day["cars_plugged"] / total)[evening].mean())
        driving = float((100.0 * day["cars_driving"] / total).iloc[:-1].mean())
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=9, frameon=False)
    title = f"Cars are parked {100.0 - driving:.0f}% of the time, but between 18:00 and 21:00 {'only ' if plugged_at_peak < 50.0 else ''}{plugged_at_peak:.0f}% are plugged in"
    style.headline(
        figure, title, "Mean day of the run, all cars of the city. The title speaks of the last panel."
    )
    return figure, title


def coal(result: RunResult) -> tuple[Figure, str] | None:
    """Coal burnt by arm against the reference: whole system, in the city, and elsewhere."""
    effects = result.summary["effects"]
    if not effects:
        return None
    reference = result.summary["arms"][result.summary["reference"]]
    burnt = midpoint(reference["coal_tce"]) + midpoint(reference["coal_elsewhere_tce"])
    if not burnt:
        return None
    best = "v2g" if "v2g" in effects else next(iter(effects))
    figure = style.new_figure(11, max(4.2, 1.4 + 0.5 * len(effects)))
    ax = figure.subplots()
    parts = {
        "coal_system_displaced_tce": ("whole system", INK),
        "coal_displaced_tce": ("burnt in the city", "#8a8a8a"),
        "coal_elsewhere_displaced_tce": ("burnt elsewhere for imports", "#b9c6d3"),
    }
    width, rows = 0.26, np.arange(len(effects))
    for index, (key, (label, colour)) in enumerate(parts.items()):
        change = [-100.0 * midpoint(effects[arm][key]) / burnt for arm in effects]
        bars = ax.barh(rows + (index - 1.0) * width, change, width, color=colour, label=label)
        ax.bar_label(bars, [f"{signed(value, 2)}%" for value in change], padding=4, fontsize=9, color=INK)
    ax.axvline(0.0, color=INK, linewidth=1.0)
    line = result.against.get(COAL_LESS_PCT)
    if line:
        ax.axvline(-line.value, color=style.VERMILION, linewidth=1.4, linestyle="--")
        ax.annotate(
            f"{line.who}: {line.value:.0f}% less", (-line.value, 1.0), xycoords=("data", "axes fraction"),
            xytext=(6, -13), textcoords="offset points", fontsize=9, color=style.VERMILION,
        )  # fmt: skip
    ax.set_yticks(rows, list(effects))
    ax.invert_yaxis()
    ax.margins(x=0.18)
    style.tidy(ax, "")
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=LIGHT, linewidth=0.7)
    ax.set_xlabel(
        "change of coal burnt [% of all coal behind the city's power in the reference]; less is better",
        fontsize=9.5,
        color=GREY,
    )
    ax.legend(loc="best", fontsize=9, frameon=False)  # on no bar
    saved = effects[best]["coal_system_displaced_pct"]
    share, of_city = midpoint(saved), midpoint(effects[best]["coal_displaced_pct"])
    title = (
        f"{style.arm_name(best)} burns {less(share, '%', 2)} coal, imports included{interval(saved, '%', 2, by_size=True)}{perhaps_chance(saved)}, "
        f"the city's plants {less(of_city, '%', 2)}{f'; {line.who} says {line.value:.0f}% less' if line else ''}"
    )
    style.headline(
        figure,
        title,
        f"Over the whole run against '{result.summary['reference']}', recharging and the energy the fleet ends with counted.",
    )
    return figure, title


def charging_shape(result: RunResult) -> tuple[Figure, str] | None:
    """Charging of the reference arm by hour, beside the published curve."""
    system, place = _first(result.system, result.summary["reference"]), result.spec.city.place
    fits = {
        "cars charging, this run": daily_charging_shape(system, CARS_CHARGING, place),
        "energy, this run": daily_charging_shape(system, ENERGY, place),
    }
    fit = fits["cars charging, this run"]
    if fit is None:
        return None
    figure = style.new_figure(11, 4.2)
    ax = figure.subplots()
    hours = np.arange(24) + 0.5
    for (label, each), offset, colour in zip(
        fits.items(), (-0.21, 0.21), (style.SKY, "#cfd8e3"), strict=True
    ):
        if each is not None:
            text = f"{label} (correlation {each.correlation:.2f}, normalised RMSE {each.normalised_rmse:.2f})"
            ax.bar(hours + offset, 100.0 * each.model, width=0.42, color=colour, label=text)
    ax.plot(
        hours, 100.0 * fit.published, color=style.VERMILION, marker="o", markersize=4,
        label="published: passenger cars charging, China, weekday (S17)",
    )  # fmt: skip
    style.tidy(ax, "share of the day [%]")
    ax.set_xlim(0, 24)
    ax.set_xticks(range(0, 25, 4), [f"{hour:02d}:00" for hour in range(0, 25, 4)])
    ax.set_ylim(0, 1.3 * ax.get_ylim()[1])
    ax.legend(loc="upper left", fontsize=9, frameon=False)
    reference = result.summary["reference"]
    whose = "Uncontrolled charging" if reference == "uncontrolled" else f"Charging in arm '{reference}'"
    verb = "follows" if fit.correlation >= FOLLOWS else "differs from"
    title = (
        f"{whose} {verb} the published day: correlation {fit.correlation:.2f}, normalised RMSE "
        f"{fit.normalised_rmse:.2f}"
    )
    style.headline(
        figure, title,
        f"Mean of {fit.days} workday(s) of the arm '{result.summary['reference']}'. The curve is for comparison only and was not an input.",
    )  # fmt: skip
    return figure, title


FIGURES: dict[str, Callable[[RunResult], tuple[Figure, str] | None]] = {
    "net_load": net_load,
    "fleet_day": fleet_day,
    "earnings": earnings,
    "earnings_by_group": earnings_by_group,
    "coal": coal,
    "stability": stability,
    "year": year,
    "charging_shape": charging_shape,
}


def _first(frame: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Rows of one arm in the first replication."""
    rows: pd.DataFrame = frame[(frame["arm"] == arm) & (frame["replication"] == frame["replication"].min())]
    return rows.reset_index(drop=True)


def _stretch_of_the_peak(system: pd.DataFrame) -> np.ndarray:
    """The steps without a gap around the highest net load: all of a plain run, one week of a year."""
    times = system["time"].to_numpy()
    jumps = np.concatenate([[0], np.flatnonzero(np.diff(times) != times[1] - times[0]) + 1, [len(times)]])
    peak = int(system["net_load_mw"].to_numpy().argmax())
    at = int(np.searchsorted(jumps, peak, side="right"))
    inside = np.zeros(len(times), bool)
    inside[jumps[at - 1] : jumps[at]] = True
    return inside


def _mean_day(system: pd.DataFrame) -> pd.DataFrame:
    """Mean by time of day, each step counted as often as it stands for."""
    hour = (system["time"].dt.hour + system["time"].dt.minute / 60.0).to_numpy()
    numbers = system.select_dtypes("number").drop(columns=["replication", "weight"])
    weights = system["weight"].to_numpy()
    day: pd.DataFrame = numbers.mul(weights, axis=0).groupby(hour).sum()
    return day.div(pd.Series(weights).groupby(hour).sum(), axis=0)


def _day_axis(ax: Axes, system: pd.DataFrame) -> None:
    days = len(system["time"].dt.date.unique())
    if days > 2:
        ax.xaxis.set_major_locator(mdates.DayLocator(interval=max(1, days // 10)))
        ax.xaxis.set_major_formatter(mdates.DateFormatter("%a %d %b"))
        for label in ax.get_xticklabels():
            label.set_horizontalalignment("left")
    else:
        ax.xaxis.set_major_locator(mdates.HourLocator(byhour=range(0, 24, 3 * days)))
        ax.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M"))
    ax.set_xlim(system["time"].iloc[0], system["time"].iloc[-1])


def _draws(result: RunResult) -> str:
    """What is drawn where there are several replications."""
    count = result.spec.replications
    return "" if count == 1 else f" Drawn: the first of {count} replications."
