"""What a run prints: progress, the closing table, and tables for the eye."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from sim.data.catalogue import rows, sources
from sim.dispatch.registry import POLICIES
from sim.effects.summary import interval_of, midpoint
from sim.market.arbitrage_margin import Bargain, tariffs_of
from sim.market.contract_value import CHEMISTRIES, own_wear_yuan_per_kwh, round_trip
from sim.report.console import console, text_column
from sim.report.quantities import at_most, number
from sim.runs.run import Progress as OnStep
from sim.runs.run import RunResult
from sim.scenario.load import load_scenario
from sim.scenario.parameters import parameters_in_use, plain
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import pay_regimes, tariff_book

FORMS = {"one_way": "one-way", "two_way": "V2G"}
MOST_COLUMNS = 7  # arms side by side in the closing table
SECONDS_BETWEEN_LINES = 10.0
STEPS_BEFORE_GUESSING = 20  # the first of them may have to compile

#: Tables that are used whole, with what they hold; parameters of the others are listed one by one.
WHOLE_TABLES = {
    "archetypes": "kinds of drivers",
    "battery_ageing": "ageing laws of four cells",
    "charging_shape_china_weekday": "published charging by hour, for comparison only",
    "commercial_models": "car models of taxis and ride-hailing",
    "contract_shapes": "contracts by month and hour",
    "contracts": "supply under contract",
    "demand_days": "demand of six kinds of days",
    "departure_profiles": "departures by half hour",
    "districts": "people, jobs and cars by district",
    "driving_days": "days of those who drive for a living, leg by leg",
    "embedded_charging": "ordinary charging contained in the demand profiles",
    "extra_imports": "imports beyond contracts, in steps",
    "holiday_travel": "who leaves town on long holidays, and how far",
    "household_shape": "use of a home by hour",
    "pay_regimes": "what charging costs and feeding in earns, by regime",
    "renewable_monthly_mean": "wind and sun by month",
    "stays": "how long people stay, by what it is for",
    "tariffs": "tariffs by hour",
    "temperature_extremes": "temperature on the days behind the records",
    "temperature_month_hour": "temperature by month and hour",
    "units": "coal and gas units (Shanghai: Global Energy Monitor, 2023, CC BY 4.0)",
    "vehicles": "car models",
}


@contextmanager
def progress_bar(spec: Scenario, quiet: bool) -> Iterator[OnStep | None]:
    """Show how far a run has come: a bar on a terminal, else a line every ten seconds."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(spec) as show:
            yield show
    else:
        yield _lines(spec)


@contextmanager
def _bar(spec: Scenario) -> Iterator[OnStep]:
    columns = (
        text_column("{task.description}"), BarColumn(), MofNCompleteColumn(), text_column("steps,"),
        text_column("{task.fields[speed]}"), TimeRemainingColumn(),
    )  # fmt: skip
    began, cars = time.perf_counter(), spec.simulated_cars
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None, speed="")
        done = 0

        def show(arm: str, replication: int, step: int, steps: int) -> None:
            nonlocal done
            done += 1
            total = steps * len(spec.arms) * spec.replications
            rate = done * cars / max(time.perf_counter() - began, 1e-6)
            label = arm if spec.replications == 1 else f"{arm}, replication {replication + 1}"
            bar.update(
                task, completed=done, total=total, description=label, speed=f"{rate / 1e6:.1f} M car-steps/s"
            )

        yield show


def _lines(spec: Scenario) -> OnStep:
    began = last = time.perf_counter()
    done = 0

    def show(arm: str, replication: int, step: int, steps: int) -> None:
        nonlocal done, began, last
        done += 1
        now = time.perf_counter()
        if done == STEPS_BEFORE_GUESSING:
            began = last = now
        elif done > STEPS_BEFORE_GUESSING and now - last >= SECONDS_BETWEEN_LINES:
            last = now
            total = steps * len(spec.arms) * spec.replications
            left = (now - began) * (total - done) / (done - STEPS_BEFORE_GUESSING)
            rate = (done - STEPS_BEFORE_GUESSING) * spec.simulated_cars / (now - began) / 1e6
            line = (
                f"{arm}: {100.0 * done / total:.0f}% done, {rate:.1f} M car-steps/s, about {left:.0f} s left"
            )
            print(line, file=sys.stderr, flush=True)

    return show


def compiling_note() -> None:
    """Say so when the rules have to be compiled first."""
    from sim.rules.compiling import is_warm

    if not is_warm():
        print(
            "compiling the rules for this machine: once, about two minutes (v2gcity warm does it beforehand)",
            file=sys.stderr,
            flush=True,
        )


def closing_table(result: RunResult) -> None:
    """Print the figures that matter most, arm by arm."""
    summary = result.summary
    arms = list(summary["arms"])
    cells = {
        label: [
            _cell(_inside(summary[where][arm], key), scale, digits) if arm in summary[where] else ""
            for arm in arms
        ]
        for label, where, key, scale, digits in CLOSING_ROWS
    }
    table = Table(title=result.spec.title or result.spec.name, title_justify="left", header_style="bold")
    if len(arms) <= MOST_COLUMNS:
        table.add_column("", no_wrap=True)
        for arm in arms:
            table.add_column(arm, justify="right", no_wrap=True)
        for label, row in cells.items():
            table.add_row(label, *row)
    else:  # one row for each arm
        table.add_column("arm", no_wrap=True)
        for label in cells:
            table.add_column(label.strip(), justify="right")
        for place, arm in enumerate(arms):
            table.add_row(arm, *(row[place] for row in cells.values()))
    out = console(200)
    out.print(table)
    seconds = result.facts.get("wall_seconds", 0.0)
    out.print(
        f"{result.facts.get('car_steps', 0):,} car-steps in {seconds:.1f} s; audit passed; "
        f"{_what_intervals_mean(result.spec.replications)}",
        style="dim",
    )


def _what_intervals_mean(replications: int) -> str:
    if replications == 1:
        return "one draw of the city, no intervals"
    return f"\N{PLUS-MINUS SIGN} 95% interval of {replications} draws"


#: Label with unit, part of the summary, key, factor, digits.
CLOSING_ROWS = (
    ("peak of net load, GW", "arms", "peak_net_load_mw", 1e-3, 2),
    ("  lowered by, MW", "effects", "peak_shaving_mw", 1.0, 0),
    ("charged, GWh", "arms", "energy_charged_mwh", 1e-3, 1),
    ("fed in, GWh", "arms", "energy_discharged_mwh", 1e-3, 1),
    ("coal saved, whole system, tce", "effects", "coal_system_displaced_tce", 1.0, 0),
    ("  of it in the city, tce", "effects", "coal_displaced_tce", 1.0, 0),
    ("CO2 avoided, t", "effects", "co2_avoided_t", 1.0, 0),
    ("supply cheaper by, M yuan", "effects", "generation_cost_saved_yuan", 1e-6, 2),
    ("median owner earns, yuan/d", "effects", "owner_earnings_yuan_per_day.median", 1.0, 2),
    ("one in 20 more than, yuan/d", "effects", "owner_earnings_yuan_per_day.p95", 1.0, 2),
    ("society gains, M yuan", "effects", "who_gains.society_yuan", 1e-6, 2),
    ("promises broken, % of sessions", "arms", "promises.broken_pct", 1.0, 2),
)


def parameter_table(spec: Scenario) -> None:
    """Print every parameter in use, then the tables that are used whole, then the sources."""
    out = console(200)
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("parameter")
    table.add_column("value", max_width=36, overflow="fold")
    for name in ("unit", "source", "confidence"):
        table.add_column(name)
    for item in parameters_in_use(spec):
        table.add_row(item.key, plain(item.value), item.unit, item.source, item.confidence)
    out.print(table)
    out.print("\narms", style="bold")
    for arm, overrides in spec.arms.items():
        out.print(f"  {arm}: {', '.join(f'{key} = {plain(value)}' for key, value in _flatten(overrides))}")
    out.print("\ntables used whole", style="bold")
    for name, what in WHOLE_TABLES.items():
        found = rows(name, spec.city.place)
        grades = sorted({row["confidence"].split(" (")[0].split(":")[0] for row in found})
        out.print(f"  {name}.csv: {what}; {len(found)} rows; {', '.join(grades)}")
    out.print("\nsources", style="bold")
    for source in sources().values():
        out.print(f"  {source.code}  {source.title}, {source.year}", soft_wrap=True)


def policy_list() -> None:
    """Print every policy that ships: name, where it makes sense, what it does, its settings."""
    for name, policy in POLICIES.items():
        about = (policy.__doc__ or "").splitlines()[0]
        print(f"{name} ({'one-way' if policy.one_way else 'one-way or V2G, by contract'})\n    {about}")
        for key, info in policy.Settings.model_fields.items():
            extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
            source = ", ".join(str(extra[part]) for part in ("source", "confidence") if extra.get(part))
            print(
                f"    {key}: {plain(info.get_default())} {extra.get('unit', '')} ({source}). {info.description}"
            )
    print(
        "\nYour own: operator.policy: mymodule:MyPolicy, a subclass of sim.Policy, and --code FOLDER; see "
        "docs/policies.md"
    )


def regime_list() -> None:
    """Print every pay regime that ships, with the net gain of a day's 14 kWh in an LFP car."""
    spec = load_scenario({})
    table = Table(header_style="bold", box=None, pad_edge=False)
    for head in ("market.regime", "what"):
        table.add_column(head, overflow="fold")
    for head in ("charging from", "feeding in up to", "14 kWh, net", "days a year"):
        table.add_column(head, justify="right")
    for head in ("paid by", "source", "confidence"):
        table.add_column(head)
    wear = float(own_wear_yuan_per_kwh(spec)[CHEMISTRIES.index("LFP")])
    for regime in pay_regimes().values():
        buy, sell = tariffs_of(regime, tariff_book())
        bargain = Bargain.of(buy, sell, spec.time.start.month, round_trip(spec), wear)
        table.add_row(
            regime.name, regime.title, f"{bargain.buy_yuan_per_kwh:.3f}", f"{bargain.sell_yuan_per_kwh:.3f}",
            f"{bargain.net_yuan(14.0):.2f}", f"{regime.event_days_per_year:.0f}", regime.paid_by,
            regime.source, regime.confidence,
        )  # fmt: skip
    console(150).print(table)
    print(
        f"yuan and yuan/kWh, {spec.time.start:%B}; round trip {round_trip(spec):.3f}, wear {wear:.3f} yuan/kWh (LFP). "
        "Your own: market.tariffs, see docs/money.md"
    )


def commitment_lines(table: pd.DataFrame) -> None:
    """Print cost of supply of each day, and how far it is from the cheapest possible."""
    shown = Table(title="Cost of supply without contracts, million yuan")
    for name in ("day", "as run", "schedule with foresight", "cheapest", "gap, %", "with foresight, %"):
        shown.add_column(name, justify="left" if name == "day" else "right")
    money = table[["as_run_yuan", "foresight_yuan", "yardstick_yuan"]]
    costs = np.vstack([money.to_numpy(dtype=float), money.sum().to_numpy(dtype=float)])
    for day, (as_run, foreseen, best) in zip([*table["day"], "all"], costs, strict=True):
        in_millions = (f"{value / 1e6:,.2f}" for value in (as_run, foreseen, best))
        gaps = (f"{100.0 * (value / best - 1.0):.2f}" for value in (as_run, foreseen))
        shown.add_row(str(day), *in_millions, *gaps)
    console().print(shown)
    print(
        f"The cheapest is a mixed-integer programme with perfect foresight, solved to within "
        f"{at_most(table['yardstick_open_pct'].max(), 2)}% of its bound."
    )


def gap_lines(table: pd.DataFrame) -> None:
    """Print how far every policy is from the best possible."""
    shown = Table(header_style="bold")
    shown.add_column("policy")
    shown.add_column("form")
    shown.add_column("forecasts")
    for name in ("peak, MW", "cut, MW", "of the best cut", "cost saved, yuan", "of the best saving"):
        shown.add_column(name, justify="right")
    for row in table.to_dict("records"):
        shown.add_row(
            row["policy"], FORMS[row["form"]], row["forecasts"], f"{row['peak_mw']:,.0f}",
            f"{row['peak_cut_mw']:,.0f}", _share_of_best(row, "peak_cut_pct"), f"{row['saved_yuan']:,.0f}",
            _share_of_best(row, "saved_pct"),
        )  # fmt: skip
    console(160).print(shown)
    if float(table["short_kwh"].max()) > 0.0:
        print(
            f"energy missing at departure: up to {at_most(table['short_kwh'].max(), 2)} kWh of all cars together"
        )


def _share_of_best(row: Mapping[Any, Any], share: str) -> str:
    """A share of the best possible, with its interval where there are several draws."""
    low, high = row[f"{share}_low"], row[f"{share}_high"]
    return f"{row[share]:.1f}%" + ("" if np.isnan(low) else f" ({low:.0f} to {high:.0f})")


def side_by_side(summaries: dict[str, dict[str, Any]]) -> None:
    """Print the figures of several results in columns, arm by arm."""
    table = Table(header_style="bold")
    table.add_column("")
    for name in summaries:
        table.add_column(name, justify="right", overflow="fold")
    flat = {name: dict(_flatten(summary)) for name, summary in summaries.items()}
    keys = list(dict.fromkeys(key for figures in flat.values() for key in figures))
    for key in keys:
        table.add_row(key, *(_any(figures.get(key)) for figures in flat.values()))
    console(160).print(table)


def _flatten(figures: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in figures.items():
        if isinstance(value, dict) and "ci95" not in value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _inside(figures: Any, key: str) -> Any:
    for part in key.split("."):
        figures = figures[part]
    return figures


def _cell(figure: Any, scale: float, digits: int) -> str:
    value = midpoint(figure)
    if value is None:
        return ""
    text = number(value * scale, digits)
    ends = interval_of(figure)
    if ends is not None:
        text += f" \N{PLUS-MINUS SIGN}{number((ends[1] - ends[0]) / 2.0 * scale, digits)}"
    return text


def _any(figure: Any) -> str:
    value = midpoint(figure)
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return str(value)
