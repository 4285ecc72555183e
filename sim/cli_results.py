"""The commands that look at a result. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sim.cli_errors import FILE, short


@click.command()
@click.argument("result", type=FILE)
@click.option("--to", "form", type=click.Choice(["pypsa"]), required=True, help="Form to write.")
@click.option("--out", type=FILE, help="Folder to write. Default: RESULT/pypsa.")
@click.option("--arm", help="Arm to write. Default: the reference.")
@click.option("--replication", type=int, default=0, help="Draw of the city.")
@click.option("--as-run", is_flag=True, help="Units on and off as in the run; otherwise PyPSA decides.")
@click.option("--fleet", is_flag=True, help="Controlled cars as stores that PyPSA charges and feeds in from.")
def export(result: Path, form: str, out: Path | None, **given: Any) -> None:
    """Write supply, demand and fleet of a result for another tool: a network that PyPSA opens and solves."""
    from sim.runs.export.pypsa import export_pypsa
    from sim.runs.store import read_result

    folder = out or result / form
    written = export_pypsa(read_result(result), folder, **given)
    click.echo(f"network of arm '{written}': {short(folder)}")
    click.echo(
        f'in Python: network = pypsa.Network("{short(folder)}"); network.optimize(solver_name="highs")'
    )


@click.command()
@click.argument("result", type=FILE)
@click.option("--car", required=True, help="A number, a person's name, or best, median or worst.")
@click.option("--arm", help="Arm to tell of. Default: v2g, or the first one that fed in.")
@click.option("--day", help="Recorded day whose night is told, such as 2025-08-26. Default: the first.")
def owner(result: Path, car: str, arm: str | None, day: str | None) -> None:
    """Print one owner's morning message, and the night with the reason for every step."""
    from sim.api import held_against
    from sim.report.owner import show_owner
    from sim.runs.store import read_result

    show_owner(held_against(read_result(result)), car, arm, day, lambda text: click.echo(text, err=True))


@click.command()
@click.argument("first", type=FILE)
@click.argument("second", type=FILE)
def compare(first: Path, second: Path) -> None:
    """Print two result folders side by side."""
    from sim.report.terminal import side_by_side
    from sim.runs.store import read_summary

    side_by_side({str(folder): read_summary(folder) for folder in (first, second)})
