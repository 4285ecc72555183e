"""The same run from Python and from the command line: load, simulate, check, write."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.driver import Driver
from sim.agents.own_code import OwnCode
from sim.dispatch.policy import Policy
from sim.effects.reference_lines import ReferenceLines
from sim.runs.audited import audited
from sim.runs.checkpoint import Checkpoint, checkpoint_folder
from sim.runs.files import SWEEP, check_target
from sim.runs.run import Progress, RunResult, prepare, simulate
from sim.runs.store import write_result
from sim.runs.sweeps.one_run import runner
from sim.runs.sweeps.plan import load_sweep
from sim.runs.sweeps.run_store import RunStore
from sim.runs.sweeps.sweep import OnCount, Sweeping, SweepResult, write_sweep
from sim.scenario import Scenario
from sim.state.blocks import thread_count
from sim.studies.article.reference_lines import ARTICLE

if TYPE_CHECKING:
    import pandas as pd


def run(
    source: str | Path | Mapping[str, Any] | Scenario,
    out: str | Path | None = None,
    *,
    progress: Progress | None = None,
    checkpoint: bool = False,
    policies: Mapping[str, type[Policy]] | None = None,
    drivers: Mapping[type[Driver], Iterable[int]] | None = None,
    cars: Mapping[type[Car], Iterable[int]] | None = None,
    chargers: Mapping[type[Charger], Iterable[int]] | None = None,
    against: ReferenceLines = ARTICLE,
    **overrides: Any,
) -> RunResult:
    """Run all arms of a scenario.

    Parameters
    ----------
    source : path, mapping or Scenario
        A file, or the name of a scenario that ships.
    out : path, optional
        Result folder; nothing is written without it.
    progress : callable, optional
        Called after every step with arm, replication, step and number of steps.
    checkpoint : bool
        Save the state of the run beside `out` as it goes on, and go on from there if it was stopped.
    policies : mapping of str to type, optional
        Policies of your own by the name that ``operator.policy`` has for them.
    drivers, cars, chargers : mapping of type to rows, optional
        Rows of simulated agents that become agents of your own subclasses, the same in every arm: what they
        change is an effect between paired arms like any other.
    against : mapping of str to ReferenceLine
        Figures from elsewhere that the report draws; without it, those of the article.
    **overrides
        `settings`, `seed`, `days`, `sample`, `replications`, `arms` as on the command line.

    Raises
    ------
    ScenarioError
        For bad input; nothing has been written.
    AuditError
        If energy or money do not balance or a limit was broken; nothing is written.

    Examples
    --------
    >>> import sim
    >>> result = sim.run({"fleet": {"cars": 300}, "time": {"days": 1, "warmup_days": 1}})
    >>> result.summary["audit"]["passed"]
    True
    """
    agents = {**(drivers or {}), **(cars or {}), **(chargers or {})}
    own = OwnCode(policies or {}, agents)
    spec = prepare(source, own=own, **overrides)
    if out is not None:
        check_target(Path(out))
    if out is None:
        return audited(replace(simulate(spec, progress, own=own), against=against))
    saved = Checkpoint(checkpoint_folder(Path(out)), spec, own) if checkpoint else None
    result = replace(simulate(spec, progress, saved, own=own), against=against)
    result = write(audited(result), Path(out))
    if saved is not None:
        saved.discard()
    return result


def sweep(
    source: str | Path,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
    code: str | Path | None = None,
    told: OnCount | None = None,
) -> pd.DataFrame:
    """Run a design over a scenario.

    In a script, call it under ``if __name__ == "__main__":``, like all that starts processes.

    Parameters
    ----------
    source : path
        Sweep file.
    out : path, optional
        Folder for tables and report; nothing is written without it.
    workers : int, optional
        Local processes; 0 makes the runs in this process. Without it, one for each core.
    scheduler : str, optional
        Address of a Dask cluster that makes the runs, such as ``tcp://host:8786``.
    store : path, optional
        Folder of finished runs, shared by sweeps. Without it, ``runs`` beside `out`; without that, none.
    retry_failed : bool
        Make runs again that failed before.
    code : path, optional
        Folder of modules of your own, from which policies are imported that the scenario names.
    told : callable, optional
        Called with a :class:`~sim.runs.sweeps.sweep.Count` before the first run and after each.

    Returns
    -------
    DataFrame
        One row for each run: ``point``, ``replication``, parameters, outcomes, ``status``, ``key``.

    Raises
    ------
    ScenarioError
        For bad input.

    See Also
    --------
    sim.runs.sweeps.intervals.point_table : means and intervals of the points.

    Examples
    --------
    >>> import sim
    >>> runs = sim.sweep("scenarios/sweeps/participation-power.yaml")  # doctest: +SKIP
    >>> runs.groupby("enrolled")["peak_cut_mw"].mean()  # doctest: +SKIP
    """
    plan = load_sweep(source)
    if out is not None:
        check_target(Path(out), SWEEP)
    with tempfile.TemporaryDirectory() if out is None and store is None else nullcontext("") as scratch:
        place = Path(store) if store is not None else Path(out).parent / "runs" if out is not None else None
        folder = None if code is None else Path(code)
        sweeping = Sweeping(plan, RunStore(place or Path(scratch) / "runs"), retry_failed, folder)
        with runner(thread_count() if workers is None else workers, scheduler) as make:
            result = sweeping.run(make, told or (lambda count: None))
    if out is not None:
        write_swept(result, Path(out))
    return result.runs


def write_swept(result: SweepResult, folder: Path) -> SweepResult:
    """Write the folder of a sweep, report included, in place of an earlier one."""
    from sim.report.sweep_html import write_sweep_report  # drawing takes half a second of imports

    return write_sweep(result, folder, write_sweep_report)


def held_against(result: RunResult, whose: str = "article") -> RunResult:
    """A result with the reference lines of a study, which reports and pictures draw; ``none`` for none."""
    return replace(result, against=ARTICLE if whose == "article" else {})


def write(result: RunResult, folder: Path) -> RunResult:
    """Write the result folder, report included, in place of an earlier one."""
    if not result.spec.outputs.figures:
        return write_result(result, folder)
    from sim.report.html import write_report  # drawing takes half a second of imports

    return write_result(result, folder, write_report)
