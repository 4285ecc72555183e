"""The command line. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim import __version__
from sim.cli_errors import (
    AT_LEAST_ONE,
    CODE,
    FILE,
    INTERRUPTED,
    RUN_FAILED,
    Commands,
    check_rows,
    ending_at_ctrl_c,
    own_code,
    short,
    stop,
    write_rows,
)
from sim.cli_results import compare, export, owner
from sim.cli_sweep import sweep, sweep_report

if TYPE_CHECKING:
    from sim.agents.own_code import OwnCode
    from sim.scenario import Scenario


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="v2gcity")
def main() -> None:
    """A city whose electric cars feed the grid, simulated car by car."""


@main.command()
@click.argument("scenario", type=FILE)
@click.option("--out", type=FILE, help="Result folder. Default: results/NAME.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override a key, e.g. fleet.cars=50000."
)
@click.option("--seed", type=int, help="Seed of all random numbers.")
@click.option("--days", type=int, help="Number of recorded days.")
@click.option("--sample", type=float, help="Share of the cars that is simulated, 0 to 1.")
@click.option("--replications", type=int, help="How many times the city is drawn anew.")
@click.option("--arms", metavar="A,B", help="Run only these arms; the reference must be among them.")
@click.option(
    "--checkpoint",
    "checkpoints",
    is_flag=True,
    help="Save the state beside the result, every two minutes and on Ctrl-C; the same command goes on there.",
)
@CODE
@click.option(
    "--plan",
    is_flag=True,
    help="Print the order of a step with the time of each part as CSV.",
)
@click.option(
    "--against",
    type=click.Choice(["article", "none"]),
    default="article",
    show_default=True,
    help="Whose figures the report draws as reference lines.",
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def run(
    scenario: Path,
    out: Path | None,
    arms: str | None,
    checkpoints: bool,
    code: Path | None,
    plan: bool,
    against: str,
    quiet: bool,
    **overrides: Any,
) -> None:
    """Run all arms of a scenario and write the result folder."""
    from contextlib import nullcontext

    from sim.api import held_against, write
    from sim.market.cautions import cautions
    from sim.report.terminal import closing_table, compiling_note, progress_bar
    from sim.runs.audited import AuditError, audited
    from sim.runs.checkpoint import Checkpoint, Stopped, checkpoint_folder
    from sim.runs.files import check_target
    from sim.runs.memory import check_memory
    from sim.runs.run import check, prepare, simulate
    from sim.runs.store import NoFigureError
    from sim.scenario.shipped import folder_name

    names = [name.strip() for name in arms.split(",")] if arms is not None else None
    spec = prepare(scenario, arms=names, **overrides)
    own = own_code(spec, code)
    check(spec, own)
    check_memory(spec)
    if plan:
        print_step_times(spec, own, quiet)
        return
    folder = out or Path("results") / folder_name(spec.name)
    check_target(folder)
    saved = Checkpoint(checkpoint_folder(folder), spec, own) if checkpoints else None
    if not quiet:
        if saved is not None and not saved.is_fresh:
            click.echo(f"going on from {short(saved.folder)}", err=True)
        for caution in cautions(spec):
            click.echo(caution, err=True)
        compiling_note()
    try:
        with (
            progress_bar(spec, quiet) as progress,
            ending_at_ctrl_c(progress) as after_step,
            saved.stopping_at_a_step() if saved else nullcontext(),
        ):
            result = held_against(simulate(spec, after_step, saved, own=own), against)
    except Stopped:
        kept = f"the state is kept in {short(checkpoint_folder(folder))}"
        stop(f"interrupted; {kept}, the same command goes on from there", INTERRUPTED)
    except OSError as error:
        if saved is None:
            raise
        kept = f"what was saved before stays in {short(saved.folder)}, the same command goes on from there"
        stop(f"the state could not be saved ({error.strerror or error}); {kept}", RUN_FAILED)
    try:
        write(audited(result), folder)
        if saved is not None:
            saved.discard()
    except (AuditError, NoFigureError) as error:
        stop(str(error), RUN_FAILED)
    except OSError as error:
        kept = "an earlier result stays in place"
        if saved is not None:
            kept += f", what was computed is kept in {short(saved.folder)}, the same command goes on there"
        stop(f"{folder}: the result could not be written ({error}); {kept}", RUN_FAILED)
    if not quiet:
        closing_table(result)
        report = folder / ("report.html" if spec.outputs.figures else "summary.json")
        click.echo(f"report: {report.resolve()}")
        for name in spec.drivers.personas:
            click.echo(f"the night of {name}: v2gcity owner {short(folder)} --car {name}")


def print_step_times(spec: Scenario, own: OwnCode, quiet: bool) -> None:
    """Run every arm once and print the order of a step with the time each part took."""
    from sim.report.terminal import compiling_note, progress_bar
    from sim.runs.step_times import step_times

    if not quiet:
        compiling_note()
    with progress_bar(spec, quiet) as progress, ending_at_ctrl_c(progress) as after_step:
        table = step_times(spec, own, after_step)
    click.echo(table.to_csv(index=False, float_format="%.6g"), nl=False)


@main.command()
@click.argument("scenario", type=FILE)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override a key before checking.")
def validate(scenario: Path, settings: tuple[str, ...]) -> None:
    """Check a scenario file without running it."""
    from sim.market.cautions import cautions
    from sim.runs.run import own_policies, prepare

    spec = prepare(scenario, settings=settings)
    for caution in cautions(spec):
        click.echo(caution, err=True)
    for name in own_policies(spec):
        click.echo(
            f"note: '{name}' is code of your own and was not looked at; run with --code FOLDER", err=True
        )
    arms = ", ".join(spec.arms)
    cars = f"{spec.simulated_cars:,} of {spec.fleet.cars:,} cars"
    click.echo(f"{scenario}: in order. {cars}, {spec.time.recorded_days} day(s), arms: {arms}")


@main.command()
@click.option("--out", type=FILE, default=Path("results/claims"), help="Folder for the page and the runs.")
@click.option("--quick", is_flag=True, help="A taste: fewer cars, days and draws.")
def claims(out: Path, quick: bool) -> None:
    """Judge the article's claims on runs that can be repeated; what is finished is kept."""
    from sim.report.claims_html import write_claims
    from sim.report.claims_terminal import show_claims
    from sim.report.terminal import compiling_note
    from sim.runs.files import CLAIMS, check_target, whole_or_nothing, write_json
    from sim.runs.pool import ClusterError, JobDiedError
    from sim.studies.article.judge import judge

    check_target(out / "page", CLAIMS)
    compiling_note()
    try:
        judgement = judge(out, quick, lambda text: click.echo(text, err=True))
    except (ClusterError, JobDiedError) as error:
        kept = f"what was finished is kept in {short(out)}, the same command goes on there"
        stop(f"{error}; {kept}", RUN_FAILED)
    with whole_or_nothing(out / "page", CLAIMS) as scratch:
        write_json(scratch / CLAIMS, judgement.plain())
        write_claims(judgement, scratch)
    show_claims(judgement)
    click.echo(f"page: {(out / 'page' / 'claims.html').resolve()}")


@main.command()
@click.option("--out", type=FILE, default=Path("results/check"), help="Folder for the page.")
def check(out: Path) -> None:
    """Grade the model: figures published elsewhere, recomputed from fresh runs."""
    from sim.report.check_page import plain, show_card, write_card
    from sim.report.terminal import compiling_note
    from sim.runs.files import CHECK, check_target, whole_or_nothing, write_json
    from sim.studies.validation.report_card import report_card

    check_target(out, CHECK)
    compiling_note()
    card = report_card(lambda text: click.echo(text, err=True))
    with whole_or_nothing(out, CHECK) as scratch:
        write_json(scratch / CHECK, plain(card))
        write_card(card, scratch)
    show_card(card)
    click.echo(f"page: {(out / 'check.html').resolve()}")


@main.command()
@click.argument("name")
@click.option("--from", "shown", default="quickstart", help="Scenario to start from. Default: quickstart.")
def new(name: str, shown: str) -> None:
    """Write NAME.yaml, a commented scenario to start from."""
    from sim.scenario.template import write_new

    path = write_new(name, shown)
    click.echo(f"{short(path)}: edit it, then v2gcity validate {short(path)} and v2gcity run {short(path)}")


@main.command()
@click.argument("source", metavar="[SCENARIO|RESULT]", default="quickstart")
@click.option("--port", type=click.IntRange(1, 65535), default=8765, help="Port to listen on.")
@click.option("--host", default="127.0.0.1", help="Address to listen on; this machine only unless told.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--light", is_flag=True, help="Start with the light theme.")
def view(source: str, port: int, host: str, no_browser: bool, light: bool) -> None:
    """Watch a city in the browser: a scenario as it runs, or a finished result again."""
    from sim.view.launch import start

    start(source, port, host, not no_browser, light, click.echo)


@main.command()
def warm() -> None:
    """Compile the rules for this machine now, so that the first run need not."""
    from sim.runs.precompile import warm_up

    warm_up(click.echo)


@main.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json

    from sim.scenario.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@main.command()
def scenarios() -> None:
    """List the scenarios that ship with v2gcity."""
    from sim.scenario.load import load_scenario
    from sim.scenario.shipped import shipped_scenarios

    for path in shipped_scenarios():
        spec = load_scenario(path)
        click.echo(f"{path.stem}\n    {spec.title}\n    {' '.join(spec.description.split())}\n")


@main.command()
def policies() -> None:
    """List the policies an operator can follow, with their settings."""
    from sim.report.terminal import policy_list

    policy_list()


@main.command()
@click.argument("scenario", type=FILE)
@click.option(
    "--cars", type=AT_LEAST_ONE, default=300, help="Controlled cars, drawn from those who are enrolled."
)
@click.option("--days", type=AT_LEAST_ONE, default=1, help="Days that count.")
@click.option(
    "--replications",
    type=AT_LEAST_ONE,
    default=1,
    help="How many draws of the city; the table is their mean.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, e.g. market.home_tariff=...",
)
@click.option("--out", type=FILE, help="Also write the rows as a CSV file.")
def gap(
    scenario: Path, cars: int, days: int, replications: int, settings: tuple[str, ...], out: Path | None
) -> None:
    """Hold every policy against the best possible on the same cars and days."""
    from sim.report.terminal import compiling_note, gap_lines
    from sim.runs.run import prepare
    from sim.studies.optimality_gap.gap import gap_table

    check_rows(out)
    spec = prepare(scenario, settings=settings)
    compiling_note()
    table = gap_table(spec, cars, days, replications, lambda text: click.echo(text, err=True))
    write_rows(table, out, "%.3f")
    gap_lines(table)


@main.command()
@click.argument("scenario", type=FILE)
@click.option("--arm", help="Arm to judge. Default: the reference.")
@click.option("--days", type=int, help="Number of recorded days.")
@click.option("--sample", type=float, help="Share of the cars that is simulated, 0 to 1.")
@click.option("--out", type=FILE, help="Also write the rows as a CSV file.")
@CODE
def commitment(
    scenario: Path,
    arm: str | None,
    days: int | None,
    sample: float | None,
    out: Path | None,
    code: Path | None,
) -> None:
    """Hold the supply side of a run against the cheapest possible, day by day."""
    from sim.report.terminal import commitment_lines, compiling_note
    from sim.runs.run import prepare
    from sim.studies.commitment import commitment_table

    check_rows(out)
    spec = prepare(scenario, days=days, sample=sample)
    own = own_code(spec, code)
    compiling_note()
    table = commitment_table(spec, arm or spec.reference, lambda text: click.echo(text, err=True), own)
    write_rows(table, out, "%.4f")
    commitment_lines(table)


@main.command()
def regimes() -> None:
    """List the pay regimes that ship: what charging costs and feeding in earns, and who says so."""
    from sim.report.terminal import regime_list

    regime_list()


@main.command()
@click.argument("scenario", type=FILE, required=False)
def data(scenario: Path | None) -> None:
    """Print every parameter in use with value, unit, source and confidence."""
    from sim.report.terminal import parameter_table
    from sim.scenario.load import load_scenario

    parameter_table(load_scenario(scenario if scenario is not None else {}))


for command in (sweep, sweep_report, export, owner, compare):
    main.add_command(command)

if __name__ == "__main__":
    main()
