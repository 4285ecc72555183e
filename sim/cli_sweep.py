"""The commands for sweeps. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sim.cli_errors import CODE, FILE, INTERRUPTED, RUN_FAILED, short, stop


@click.command()
@click.argument("sweep_file", metavar="SWEEP", type=FILE)
@click.option("--out", type=FILE, help="Folder of the sweep. Default: results/NAME.")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes on this machine; 0: make the runs in this one. Default: one for each core.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask cluster that makes the runs: tcp://host:8786.")
@click.option(
    "--store", type=FILE, help="Folder of finished runs, shared by sweeps. Default: runs, beside the sweep."
)
@click.option("--retry-failed", is_flag=True, help="Make runs again that failed before.")
@CODE
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def sweep(
    sweep_file: Path,
    out: Path | None,
    workers: int | None,
    scheduler: str | None,
    store: Path | None,
    retry_failed: bool,
    code: Path | None,
    quiet: bool,
) -> None:
    """Run a design over a scenario; what is finished is kept, the same command goes on."""
    from sim.api import write_swept
    from sim.report.sweep_terminal import plan_lines, sweep_progress, sweep_table
    from sim.runs.files import SWEEP, check_target
    from sim.runs.pool import ClusterError
    from sim.runs.sweeps.one_run import runner
    from sim.runs.sweeps.plan import load_sweep
    from sim.runs.sweeps.run_store import RunStore
    from sim.runs.sweeps.sweep import Sweeping
    from sim.scenario.shipped import folder_name
    from sim.state.blocks import thread_count

    if workers is not None and scheduler is not None:
        raise click.UsageError("--workers belongs to this machine, --scheduler to a cluster; name one")
    plan = load_sweep(sweep_file)
    folder = out or Path("results") / folder_name(plan.sweep.name)
    check_target(folder, SWEEP)
    place = store or folder.parent / "runs"
    kept_runs = RunStore(place)
    sweeping = Sweeping(plan, kept_runs, retry_failed, code)
    for damaged in sorted(kept_runs.damaged):
        click.echo(f"{short(damaged)}: is damaged and passed over; its runs are made again", err=True)
    processes = thread_count() if workers is None else workers
    if not quiet:
        plan_lines(sweeping, None if scheduler else max(1, processes))
    try:
        with (
            runner(processes, scheduler) as make,
            sweep_progress(None if scheduler else max(1, processes), quiet) as told,
        ):
            result = sweeping.run(make, told)
        write_swept(result, folder)
    except KeyboardInterrupt:
        kept = f"{sweeping.count.kept + sweeping.count.made} of {sweeping.count.total} runs are kept"
        stop(f"interrupted; {kept} in {short(place)}, the same command goes on from there", INTERRUPTED)
    except (ClusterError, OSError) as error:
        kept = f"{sweeping.count.kept + sweeping.count.made} of {sweeping.count.total} runs are kept"
        stop(f"stopped: {error}; {kept} in {short(place)}, the same command goes on from there", RUN_FAILED)
    if not quiet:
        sweep_table(result)
        click.echo(f"report: {(folder / 'report.html').resolve()}")
    if result.failures:
        first = result.failures[0]
        click.echo(
            f"{len(result.failures)} of {len(result.runs)} runs failed, the first (point {first['point']}): "
            f"{first['error']}; --retry-failed makes them again",
            err=True,
        )
        sys.exit(RUN_FAILED)


@click.command("sweep-report")
@click.argument("folder", type=FILE)
def sweep_report(folder: Path) -> None:
    """Draw the report of a sweep again from its tables."""
    from sim.api import write_swept
    from sim.runs.sweeps.sweep import read_sweep

    write_swept(read_sweep(folder), folder)
    click.echo(f"report: {(folder / 'report.html').resolve()}")
