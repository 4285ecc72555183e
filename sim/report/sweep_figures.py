"""Figures of a sweep: what its design can show, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import style
from sim.report.style import BLUE, GREY, INK, LIGHT, ORANGE, VERMILION
from sim.report.sweep_words import label, name_and_unit, perhaps_chance_at, perhaps_chance_of, sentence, short
from sim.runs.sweeps.sweep import SweepResult

Drawn = tuple[Figure, str]

#: More lines, panels or labelled cells than these cannot be read.
MOST_LINES, MOST_PANELS, MOST_CELLS, MOST_BARS = 6, 4, 80, 25
LINES = (VERMILION, BLUE, style.GREEN, ORANGE, style.PURPLE, style.SKY)


def draw_sweep(result: SweepResult, folder: Path) -> dict[str, str]:
    """Draw all figures into a folder; returns the title of each by its name."""
    folder.mkdir(exist_ok=True)
    titles = {}
    for name, draw in FIGURES.items():
        drawn = draw(result) if len(result.points) else None
        if drawn is not None:
            figure, titles[name] = drawn
            style.save(figure, folder / f"{name}.png")
    return titles


def curves(result: SweepResult) -> Drawn | None:
    """Response of every outcome to the first parameter, a line for each value of the second."""
    names = list(result.plan.sweep.parameters)
    if result.plan.sweep.design.kind not in ("grid", "list"):
        return None
    by_list = result.plan.sweep.design.kind == "list"
    if not by_list and len(names) > 2:
        return None
    second = names[1] if len(names) == 2 and not by_list else None
    if second is not None and result.points[second].nunique() > MOST_LINES:
        return None
    outcomes = list(result.plan.sweep.outcomes)[:MOST_PANELS]
    rows = -(-len(outcomes) // 2)
    height = 1.4 + 3.4 * rows
    figure = style.new_figure(11, height)
    figure.set_layout_engine("constrained", rect=(0.0, 0.0, 1.0, 1.0 - 0.2 / height))  # room for the title
    panels = np.atleast_1d(figure.subplots(rows, min(2, len(outcomes)), squeeze=False)).ravel()
    for ax, outcome in zip(panels, outcomes, strict=False):
        points = result.points[result.points["outcome"] == outcome]
        groups = points.groupby(second, sort=False) if second else [("", points)]
        for number, (value, group) in enumerate(groups):
            _line(
                ax,
                group,
                names[0],
                LINES[number % len(LINES)],
                f"{label(result, second)} {short(value)}" if second else "",
            )
        ax.axhline(0.0, color=GREY, linewidth=0.8)
        style.tidy(ax, label(result, outcome))
        ax.set_xlabel(label(result, names[0]), fontsize=9.5, color=GREY)
    for ax in panels[len(outcomes) :]:
        ax.set_axis_off()
    if second:
        panels[0].legend(frameon=False, fontsize=8.5)
    title = _range_finding(result)
    style.headline(figure, title, f"mean of {_draws(result)}; bands are 95% intervals of the mean")
    return figure, title


def heat_map(result: SweepResult) -> Drawn | None:
    """The headline over two parameters, each cell with half its interval."""
    names = list(result.plan.sweep.parameters)
    if result.plan.sweep.design.kind != "grid" or len(names) != 2:
        return None
    headline = result.plan.sweep.headline
    points = result.points[result.points["outcome"] == headline]
    means = points.pivot(index=names[1], columns=names[0], values="mean")
    if means.size > MOST_CELLS or min(means.shape) < 2:
        return None
    half = (points.assign(half=(points["high"] - points["low"]) / 2.0)).pivot(
        index=names[1], columns=names[0], values="half"
    )
    order_x, order_y = points[names[0]].unique(), points[names[1]].unique()
    means, half = means.loc[order_y, order_x], half.loc[order_y, order_x]
    figure = style.new_figure(11, 1.6 + 0.62 * len(means))
    ax = figure.subplots()
    most = float(np.nanmax(np.abs(means.to_numpy()))) or 1.0
    signed = bool(np.nanmin(means.to_numpy()) < 0.0)
    ax.imshow(
        means, aspect="auto", origin="lower", cmap="PuOr" if signed else "YlGnBu",
        vmin=-most if signed else 0.0, vmax=most,
    )  # fmt: skip
    for (row, column), value in np.ndenumerate(means.to_numpy()):
        dark = abs(value) > 0.6 * most
        text = short(value) + (
            f"\n±{short(half.iloc[row, column])}" if half.notna().iloc[row, column] else ""
        )
        ax.text(column, row, text, ha="center", va="center", fontsize=8.5, color="white" if dark else INK)
    ax.set_xticks(range(len(order_x)), [short(value) for value in order_x])
    ax.set_yticks(range(len(order_y)), [short(value) for value in order_y])
    ax.tick_params(colors=GREY, labelsize=9)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(label(result, names[0]), fontsize=9.5, color=GREY)
    ax.set_ylabel(label(result, names[1]), fontsize=9.5, color=GREY)
    title = (
        f"{sentence(label(result, headline))} over {label(result, names[0])} and {label(result, names[1])}"
        f"{perhaps_chance_at(points)}"
    )
    style.headline(figure, title, f"mean of {_draws(result)}; ± half of the 95% interval")
    return figure, title


def tornado(result: SweepResult) -> Drawn | None:
    """How far the headline moves between both ends of each parameter, others as they stand."""
    if result.plan.sweep.design.kind != "tornado":
        return None
    found = _indices(result, ("at_low", "at_high"))
    wide = found.pivot(index="parameter", columns="index", values="value")
    order = wide.abs().max(axis=1).sort_values(ascending=False).index[:MOST_BARS]
    figure = style.new_figure(11, 1.7 + 0.36 * len(order))
    ax = figure.subplots()
    rows = np.arange(len(order))
    for index, colour, text in (
        ("at_low", BLUE, "at its low end"),
        ("at_high", VERMILION, "at its high end"),
    ):
        some = found[found["index"] == index].set_index("parameter").reindex(order)
        ax.barh(rows, some["value"], 0.62, color=colour, alpha=0.8, label=text)
        _whiskers(ax, some, rows)
    _name_rows(ax, [label(result, name) for name in order])
    ax.axvline(0.0, color=INK, linewidth=1.0)
    ax.legend(frameon=False, fontsize=9, loc="lower right")
    outcome = label(result, result.plan.sweep.headline)
    ax.set_xlabel(f"change of {outcome}", fontsize=9.5, color=GREY)
    mine = found[found["parameter"] == order[0]].set_index("index")
    largest = mine.loc[mine["value"].abs().idxmax()]
    title = f"{sentence(label(result, order[0]))} moves {outcome} most{perhaps_chance_of(largest)}"
    style.headline(
        figure,
        title,
        f"one parameter at a time against the scenario as it stands, same draws ({_draws(result)}); 95% intervals",
    )
    return figure, title


def variance(result: SweepResult) -> Drawn | None:
    """Shares of the variance of the headline (Sobol), first-order and total."""
    if result.plan.sweep.design.kind != "sobol":
        return None
    found = _indices(result, ("first", "total"))
    if found.empty or found["value"].isna().all():
        return None
    return _bars(
        result, found, ("total", "first"), ("with all interactions (total)", "alone (first order)"),
        "share of the variance",
        "{parameter} has a hand in {percent:.0f}% of the variance of {outcome}, more than any other",
    )  # fmt: skip


def screening(result: SweepResult) -> Drawn | None:
    """Mean size of the effect against its spread (Morris): what matters, and what acts with others."""
    if result.plan.sweep.design.kind != "morris":
        return None
    found = _indices(result, ("mu_star", "sigma"))
    if found.empty:
        return None
    size = found[found["index"] == "mu_star"].set_index("parameter")
    sigma = found[found["index"] == "sigma"].set_index("parameter")["value"].reindex(size.index)
    figure = style.new_figure(11, 6)
    ax = figure.subplots()
    half = size["value"] - size["low"]
    ax.errorbar(size["value"], sigma, xerr=half, fmt="o", color=VERMILION, ecolor=LIGHT, markersize=6)
    top = size["value"].sort_values(ascending=False).index
    for name in top[:10]:
        ax.annotate(
            label(result, name), (size["value"][name], sigma[name]), xytext=(6, 4),
            textcoords="offset points", fontsize=8.5, color=INK,
        )  # fmt: skip
    outcome = label(result, result.plan.sweep.headline)
    style.tidy(ax, "spread of the effect (sigma): curvature and interactions")
    ax.set_xlabel(
        f"mean size of the effect over the whole range (mu*) on {outcome}", fontsize=9.5, color=GREY
    )
    ax.set_xlim(left=0.0)
    ax.set_ylim(bottom=0.0)
    title = f"{sentence(label(result, top[0]))} matters most for {outcome}"
    style.headline(figure, title, "Morris screening; bars are 95% bootstrap intervals")
    return figure, title


def correlations(result: SweepResult) -> Drawn | None:
    """Rank correlation of the headline with each parameter over a Latin hypercube."""
    if result.plan.sweep.design.kind != "latin-hypercube":
        return None
    found = _indices(result, ("rank_correlation",)).dropna()
    if found.empty:
        return None
    return _bars(
        result, found, ("rank_correlation",), ("",), "rank correlation",
        "{parameter} goes with {outcome} more closely than any other (rank correlation {value:.2f})",
    )  # fmt: skip


def front(result: SweepResult) -> Drawn | None:
    """Cost against benefit; the points that no other beats on both."""
    section = result.plan.sweep.front
    if section is None:
        return None
    wide = {
        key: result.points[result.points["outcome"] == getattr(section, key)].set_index("point")
        for key in ("benefit", "cost")
    }
    known = wide["benefit"]["mean"].notna() & wide["cost"]["mean"].notna()
    benefit, cost = wide["benefit"][known], wide["cost"][known]
    if benefit.empty:
        return None
    on_front = unbeaten(benefit["mean"].to_numpy(), cost["mean"].to_numpy())
    figure = style.new_figure(11, 6)
    ax = figure.subplots()
    for axis, table in (("xerr", benefit), ("yerr", cost)):
        half = ((table["high"] - table["low"]) / 2.0).fillna(0.0)
        ax.errorbar(benefit["mean"], cost["mean"], fmt="none", ecolor=LIGHT, **{axis: half})
    ax.plot(benefit["mean"], cost["mean"], "o", color=GREY, markersize=5, alpha=0.7)
    best = benefit[on_front].assign(cost=cost["mean"][on_front]).sort_values("mean")
    ax.plot(best["mean"], best["cost"], "o-", color=VERMILION, linewidth=1.6, markersize=7)
    names = list(result.plan.sweep.parameters)
    key = []
    for number, (_, row) in enumerate(best.iterrows(), start=1):
        ax.annotate(
            str(number), (row["mean"], row["cost"]), xytext=(0, 8), textcoords="offset points",
            fontsize=8.5, ha="center", color=VERMILION, weight="bold",
        )  # fmt: skip
        told = ", ".join(f"{name.replace('_', ' ')} {short(row[name])}" for name in names)
        key.append(f"{number}  {told}")
    ax.text(
        0.015, 0.97, "\n".join(key), transform=ax.transAxes, va="top", fontsize=8, color=GREY, linespacing=1.5
    )
    style.tidy(ax, label(result, section.cost))
    ax.set_xlabel(label(result, section.benefit), fontsize=9.5, color=GREY)
    left_out = len(known) - int(known.sum())
    title = f"{len(best)} of {len(benefit)} points are not beaten on both {label(result, section.benefit)} and {label(result, section.cost)}"
    detail = f"mean of {_draws(result)}; bars are 95% intervals"
    if left_out:
        detail += f"; {left_out} points have no {label(result, section.cost)} (nothing to divide by)"
    style.headline(figure, title, detail)
    return figure, title


def unbeaten(benefit: Any, cost: Any) -> Any:
    """Which points no other point beats on both: at least the benefit for at most the cost."""
    benefit, cost = np.asarray(benefit), np.asarray(cost)
    found = np.ones(len(benefit), dtype=bool)
    for number in range(len(benefit)):
        better = (benefit >= benefit[number]) & (cost <= cost[number])
        better &= (benefit > benefit[number]) | (cost < cost[number])
        found[number] = not better.any()
    return found


def _bars(
    result: SweepResult,
    found: pd.DataFrame,
    kinds: Sequence[str],
    texts: Sequence[str],
    axis: str,
    finding: str,
) -> Drawn:
    first = found[found["index"] == kinds[0]].set_index("parameter")["value"]
    order = first.abs().sort_values(ascending=False).index[:MOST_BARS]
    figure = style.new_figure(11, 1.7 + 0.42 * len(order))
    ax = figure.subplots()
    height = 0.7 / len(kinds)
    for number, (kind, text) in enumerate(zip(kinds, texts, strict=True)):
        some = found[found["index"] == kind].set_index("parameter").reindex(order)
        rows = np.arange(len(order)) + (number - (len(kinds) - 1) / 2.0) * height
        ax.barh(rows, some["value"], height, color=(VERMILION, BLUE)[number], label=text)
        _whiskers(ax, some, rows)
    _name_rows(ax, [label(result, name) for name in order])
    ax.axvline(0.0, color=INK, linewidth=1.0)
    if len(kinds) > 1:
        ax.legend(frameon=False, fontsize=9, loc="lower right")
    ax.set_xlabel(axis, fontsize=9.5, color=GREY)
    outcome = label(result, result.plan.sweep.headline)
    top = found[found["index"] == kinds[0]].set_index("parameter").loc[order[0]]
    title = finding.format(
        parameter=sentence(label(result, order[0])), outcome=outcome, value=top["value"],
        percent=100.0 * top["value"],
    ) + perhaps_chance_of(top)  # fmt: skip
    style.headline(
        figure,
        title,
        f"{result.runs['point'].nunique()} points, {_draws(result)}; bars are 95% bootstrap intervals",
    )
    return figure, title


def _line(ax: Axes, group: pd.DataFrame, name: str, colour: str, text: str) -> None:
    numeric = pd.api.types.is_numeric_dtype(group[name])
    x = group[name].to_numpy() if numeric else np.arange(len(group))
    ax.plot(x, group["mean"], "o-", color=colour, linewidth=1.6, markersize=4, label=text)
    ax.fill_between(x, group["low"], group["high"], color=colour, alpha=0.13, linewidth=0)
    if not numeric:
        ax.set_xticks(x, [short(value) for value in group[name]])


def _whiskers(ax: Axes, some: pd.DataFrame, rows: Any) -> None:
    half = np.array([some["value"] - some["low"], some["high"] - some["value"]]).clip(min=0.0)
    known = ~np.isnan(half).any(axis=0)
    ax.errorbar(
        some["value"][known],
        np.asarray(rows)[known],
        xerr=half[:, known],
        fmt="none",
        ecolor=INK,
        linewidth=1.0,
    )


def _name_rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    style.tidy(ax, "")
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=LIGHT, linewidth=0.7)


def _indices(result: SweepResult, kinds: Sequence[str]) -> pd.DataFrame:
    found = result.indices
    return found[(found["outcome"] == result.plan.sweep.headline) & found["index"].isin(kinds)]


def _range_finding(result: SweepResult) -> str:
    points = _headline_points(result)
    means = points["mean"].dropna()
    text, unit = name_and_unit(result, result.plan.sweep.headline)
    if means.empty:
        return f"No run gives a figure for {text}"
    span = f"{short(means.min())} to {short(means.max())} {unit}".rstrip()
    return f"{sentence(text)} from {span}{perhaps_chance_at(points)}"


def _headline_points(result: SweepResult) -> pd.DataFrame:
    return result.points[result.points["outcome"] == result.plan.sweep.headline]


def _draws(result: SweepResult) -> str:
    counts = result.runs.groupby("point").size().to_numpy()
    low, high = int(counts.min()), int(counts.max())
    if low < high:
        return f"{low} to {high} draws of the city"
    return f"{low} draw{'s' if low > 1 else ''} of the city"


FIGURES: dict[str, Callable[[SweepResult], Drawn | None]] = {
    "curves": curves,
    "heat_map": heat_map,
    "tornado": tornado,
    "variance": variance,
    "screening": screening,
    "correlations": correlations,
    "front": front,
}
