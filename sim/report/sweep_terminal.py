"""What a sweep prints: its size, how far it is, and the headline at its points."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress
from rich.table import Table

from sim.report.console import console, text_column
from sim.report.sweep_words import label, name_and_unit, perhaps_chance_at, sentence, short
from sim.runs.sweeps.sweep import Count, OnCount, Sweeping, SweepResult

SECONDS_BETWEEN_LINES = 10.0
MOST_ROWS = 20


def plan_lines(sweeping: Sweeping, workers: int | None) -> None:
    """Say how many runs there are, how many of them are there already, and how long the others may take."""
    sweep, spec, count = sweeping.plan.sweep, sweeping.plan.base, sweeping.count
    draws = (
        "replications until the interval is narrow" if sweep.precision else f"{sweep.replications} draw(s)"
    )
    parts = [
        f"{len(sweeping.points)} points ({sweep.design.kind}), {draws}: {count.total:,} runs of "
        f"{spec.simulated_cars:,} cars, {spec.time.recorded_days} day(s), {len(spec.arms)} arms"
    ]
    if count.kept:
        parts.append(f"{count.kept:,} are kept from before")
    if count.left and workers is not None:
        parts.append(f"expected to take {_span(sweeping.reckoned_seconds(workers))} on {workers} process(es)")
    print("; ".join(parts), file=sys.stderr, flush=True)


@contextmanager
def sweep_progress(workers: int | None, quiet: bool) -> Iterator[OnCount]:
    """Show how far a sweep is: a bar on a terminal, else a line every ten seconds."""
    if quiet:
        yield lambda count: None
    elif sys.stderr.isatty():
        with _bar(workers) as show:
            yield show
    else:
        yield _lines(workers)


@contextmanager
def _bar(workers: int | None) -> Iterator[OnCount]:
    columns = (BarColumn(), MofNCompleteColumn(), text_column("{task.description}"))
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("the first run tells how long they take", total=None)

        def show(count: Count) -> None:
            bar.update(
                task, completed=count.kept + count.made, total=count.total, description=_state(count, workers)
            )

        yield show


def _lines(workers: int | None) -> OnCount:
    last = time.perf_counter()

    def show(count: Count) -> None:
        nonlocal last
        now = time.perf_counter()
        if count.made == 1 or now - last >= SECONDS_BETWEEN_LINES:
            last = now
            print(
                f"{count.kept + count.made} of {count.total} {_state(count, workers)}",
                file=sys.stderr,
                flush=True,
            )

    return show


def _state(count: Count, workers: int | None) -> str:
    parts = ["runs done"]
    if count.kept:
        parts.append(f"{count.kept} from before")
    if count.failed:
        parts.append(f"{count.failed} failed")
    left = count.seconds_left(workers) if workers is not None else None
    if left is not None and count.left:
        parts.append(f"about {_span(left)} left")
    return ", ".join(parts)


def _span(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


def sweep_table(result: SweepResult) -> None:
    """Print what the sweep is for: what each parameter does to the headline, or the headline at the points."""
    if len(result.indices):
        _index_table(result)
    else:
        _point_table(result)


def _index_table(result: SweepResult) -> None:
    """The parameters that matter most to the headline, by the design's last index (total, or the mean of moves)."""
    sweep = result.plan.sweep
    kind = result.indices["index"].iloc[-1]
    mine = result.indices[(result.indices["outcome"] == sweep.headline) & (result.indices["index"] == kind)]
    order = mine["value"].abs().sort_values(ascending=False).index[:MOST_ROWS]
    table = Table(title=sweep.title or sweep.name, title_justify="left", header_style="bold")
    table.add_column("parameter")
    table.add_column(f"{label(result, sweep.headline)}: {kind}", justify="right")
    table.add_column("95% interval", justify="right")
    for _, row in mine.loc[order].iterrows():
        ends = "" if row["low"] != row["low"] else f"{short(row['low'])} to {short(row['high'])}"
        table.add_row(label(result, row["parameter"]), short(row["value"]), ends)
    console().print(table)


def _point_table(result: SweepResult) -> None:
    """The headline at the points, with its interval."""
    sweep = result.plan.sweep
    names, headline = list(sweep.parameters), sweep.headline
    points = result.points[result.points["outcome"] == headline] if len(result.points) else result.points
    table = Table(title=sweep.title or sweep.name, title_justify="left", header_style="bold")
    shown = names[:6]
    for name in shown:
        table.add_column(label(result, name))
    table.add_column(label(result, headline), justify="right")
    table.add_column("95% interval", justify="right")
    table.add_column("draws", justify="right")
    for _, row in points.head(MOST_ROWS).iterrows():
        ends = "" if row["low"] != row["low"] else f"{short(row['low'])} to {short(row['high'])}"
        cells = [_plain(row[name]) for name in shown]
        table.add_row(*cells, short(row["mean"]), ends, str(row["n"]))
    console().print(table)
    remark = perhaps_chance_at(points) if len(points) else ""
    if remark:
        print(f"{sentence(name_and_unit(result, headline)[0])}{remark}: the interval holds zero")
    if len(points) > MOST_ROWS:
        print(f"the first {MOST_ROWS} of {len(points)} points; all are in points.parquet")


def _plain(value: object) -> str:
    if value is None or value != value:
        return "as it stands"
    return f"{value:g}" if isinstance(value, float) else str(value)
