"""The report card on the terminal and as one self-contained page."""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.report.console import console as make_console
from sim.report.page import page
from sim.studies.validation.report_card import FAIL, NEAR, PASS, SHOWN, Row, grades
from sim.version import __version__

WIDTH = 150
COLOURS = {
    PASS: ("blue", "#0072b2"),
    NEAR: ("yellow", "#8f7a00"),
    FAIL: ("red", "#c0392b"),
    SHOWN: ("dim", "#64707d"),
}


def show_card(card: list[Row], console: Console | None = None) -> None:
    """Print every published figure beside the model's."""
    out = console or make_console(WIDTH)
    table = Table(
        title="Published figures, recomputed",
        title_justify="left",
        header_style="bold",
        box=None,
        pad_edge=False,
    )
    for head, justify in (
        ("figure", "left"),
        ("published", "right"),
        ("model", "right"),
        ("tolerance", "right"),
        ("used for", "left"),
        ("grade", "left"),
    ):
        table.add_column(head, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in card:
        colour = COLOURS[row.grade][0]
        table.add_row(
            row.what,
            _number(row.published, row.unit),
            _number(row.model, row.unit),
            _tolerance(row),
            row.use,
            Text(row.grade, colour),
        )
    out.print(table)
    out.print(count_line(card))


def count_line(card: list[Row]) -> str:
    """How many rows pass, in a sentence."""
    found, graded = grades(card), [row for row in card if row.grade != SHOWN]
    checks = [row for row in card if row.use == "check"]
    passed = sum(row.grade == PASS for row in checks)
    return f"{found[PASS]} of {len(graded)} pass, {found[NEAR]} near, {found[FAIL]} fail; of the {len(checks)} that were not used to set the model, {passed} pass."


def write_card(card: list[Row], folder: Path) -> Path:
    """Write ``check.html``."""
    body = "\n".join(
        [
            "<h1>The report card</h1>",
            '<p class="lead">Figures published elsewhere, each beside the same figure of fresh runs. Those of the first table had no part in setting the model; those of the second show '
            "that it does what it was set to. A row passes within the tolerance, is near within twice as much, and fails beyond.</p>",
            f"<p><b>{escape(count_line(card))}</b></p>",
            "<h2>Figures that had no part in setting the model</h2>",
            _table([row for row in card if row.use != "calibration"]),
            "<h2>Figures the model was set to</h2>",
            _table([row for row in card if row.use == "calibration"]),
            "<h2>The runs, to be repeated</h2>",
            _runs(card),
            f"<footer>v2gcity {escape(__version__)}</footer>",
        ]
    )
    path = folder / "check.html"
    path.write_text(page("The report card", body), encoding="utf-8")
    return path


def plain(card: list[Row]) -> list[dict[str, Any]]:
    """The card as plain data."""
    return [
        {key: None if value != value else value for key, value in asdict(row).items()} | {"grade": row.grade}
        for row in card
    ]


def _table(card: list[Row]) -> str:
    lines = "".join(
        f"<tr><td>{escape(row.what)}{_cause(row)}</td><td class='n'>{_number(row.published, row.unit)}</td><td class='n'>{_number(row.model, row.unit)}</td>"
        f"<td class='n'>{_tolerance(row)}</td><td>{row.use}</td><td><b style='color:{COLOURS[row.grade][1]}'>{row.grade}</b></td>"
        f"<td>{escape(row.source)}<i>{escape(row.confidence)}</i></td></tr>"
        for row in card
    )
    return (
        '<div class="wide"><table><tr><th>figure</th><th class="n">published</th><th class="n">model</th><th class="n">tolerance</th><th>used for</th>'
        f"<th>grade</th><th>source</th></tr>{lines}</table></div>"
    )


def _cause(row: Row) -> str:
    """Why a row does not pass."""
    return f"<i>{escape(row.cause)}</i>" if row.cause and row.grade in (NEAR, FAIL) else ""


def _runs(card: list[Row]) -> str:
    runs: dict[str, list[str]] = {}
    for row in card:
        runs.setdefault(row.run, []).append(row.what)
    lines = "".join(
        f"<tr><td>{escape('; '.join(what))}</td><td><code>{escape(run)}</code></td></tr>"
        for run, what in runs.items()
    )
    return f'<div class="wide"><table><tr><th>figures</th><th>run</th></tr>{lines}</table></div>'


def _tolerance(row: Row) -> str:
    return "" if row.grade == SHOWN else f"±{_number(row.tolerance, '')}"


def _number(value: float, unit: str) -> str:
    if value != value:
        return ""
    words = f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return words if unit in ("", "-") else f"{words} {unit}"
