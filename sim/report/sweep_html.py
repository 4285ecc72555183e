"""The report of a sweep: one self-contained file that opens offline."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.report.page import page, picture
from sim.report.sweep_figures import draw_sweep
from sim.report.sweep_words import label
from sim.runs.sweeps.sweep import SweepResult
from sim.version import __version__

MOST_ROWS = 200


def write_sweep_report(result: SweepResult, folder: Path) -> Path:
    """Draw the figures of a sweep and write ``report.html`` beside them."""
    titles = draw_sweep(result, folder / "figures")
    sweep = result.plan.sweep
    body = "\n".join(
        [
            f'<h1>{escape(sweep.title or sweep.name)}</h1><p class="lead">{escape(sweep.description)}</p>',
            _what_was_run(result),
            *(picture(folder / "figures" / f"{name}.png", title) for name, title in titles.items()),
            _indices(result),
            _points(result),
            _failures(result),
            _repeat(),
        ]
    )
    path = folder / "report.html"
    path.write_text(page(sweep.title or sweep.name, body), encoding="utf-8")
    return path


def _what_was_run(result: SweepResult) -> str:
    sweep, runs = result.plan.sweep, result.runs
    spec = result.plan.base
    varied = "".join(
        f"<tr><td>{escape(label(result, name))}</td><td><code>{escape(', '.join(each.paths))}</code></td>"
        f"<td>{escape(_range(result, name))}</td></tr>"
        for name, each in sweep.parameters.items()
    )
    return (
        f"<p>{runs['point'].nunique()} points ({escape(sweep.design.kind)}), {len(runs)} runs of "
        f"{spec.simulated_cars:,} simulated cars for {spec.fleet.cars:,}, {spec.time.recorded_days} day(s), "
        f"arms {escape(', '.join(spec.arms))}. The same draws of the city at every point and in every arm.</p>"
        '<div class="wide"><table><tr><th>parameter</th><th>key of the scenario</th><th>values</th></tr>'
        f"{varied}</table></div>"
    )


def _range(result: SweepResult, name: str) -> str:
    column = result.runs[name].dropna()
    if column.nunique() <= 8:
        return ", ".join(_cell(value) for value in column.drop_duplicates())
    return f"{_cell(column.min())} to {_cell(column.max())}"


def _indices(result: SweepResult) -> str:
    if result.indices.empty:
        return ""
    rows = "".join(
        f"<tr><td>{escape(label(result, row[0]))}</td><td>{escape(label(result, row[1]))}</td>"
        f'<td>{row[2]}</td><td class="n">{_with_interval(*row[3:])}</td></tr>'
        for row in result.indices.itertuples(index=False, name=None)
    )
    return (
        "<details><summary>What each parameter does to each outcome</summary>"
        '<div class="wide"><table><tr><th>outcome</th><th>parameter</th><th>index</th><th class="n">value</th></tr>'
        f"{rows}</table></div></details>"
    )


def _points(result: SweepResult) -> str:
    names, outcomes = list(result.plan.sweep.parameters), list(result.plan.sweep.outcomes)
    head = "".join(f"<th>{escape(label(result, name))}</th>" for name in names)
    head += "".join(f'<th class="n">{escape(label(result, name))}</th>' for name in outcomes)
    rows = []
    for _, group in list(result.points.groupby("point"))[:MOST_ROWS]:
        by_outcome = group.set_index("outcome")
        cells = "".join(f"<td>{escape(_cell(group.iloc[0][name]))}</td>" for name in names)
        for outcome in outcomes:
            found = by_outcome.loc[[outcome]].iloc[0]
            cells += f'<td class="n">{_with_interval(found["mean"], found["low"], found["high"])}</td>'
        rows.append(f"<tr>{cells}</tr>")
    count = result.points["point"].nunique() if len(result.points) else 0
    note = (
        f"<p>The first {MOST_ROWS} of {count} points; all are in points.parquet.</p>"
        if count > MOST_ROWS
        else ""
    )
    return (
        "<h2>Points</h2><p>Means over draws of the city, with 95% intervals.</p>"
        f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>{note}'
    )


def _failures(result: SweepResult) -> str:
    if not result.failures:
        return ""
    items = "".join(
        f"<li>point {failure['point']}, draw {failure['replication']}: {escape(failure['error'])}</li>"
        for failure in result.failures
    )
    return f"<h2>Runs that failed</h2><p>They are in no figure above.</p><ul>{items}</ul>"


def _repeat() -> str:
    return (
        "<h2>Repeat it</h2><pre>v2gcity sweep sweep.yaml</pre>"
        "<p>with the files of this folder gives the same tables, byte for byte; runs that are in the store are not made again.</p>"
        f"<footer>v2gcity {escape(__version__)}</footer>"
    )


def _with_interval(value: Any, low: Any, high: Any) -> str:
    if pd.isna(value):
        return "none"
    ends = "" if pd.isna(low) or pd.isna(high) else f"<i>{_cell(low)} to {_cell(high)}</i>"
    return f"{_cell(value)}{ends}"


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return "as it stands"
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return f"{value:,.0f}" if abs(float(value)) >= 1000 else f"{float(value):.4g}"
    return str(value)
