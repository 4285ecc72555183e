"""The same run from Python and from the command line: load, simulate, check, write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.experiment.checkpoint import Checkpoint, checkpoint_folder
from sim.experiment.run import Progress, RunResult, prepare, simulate
from sim.experiment.store import check_target, write_result
from sim.scenario import Scenario


class AuditError(RuntimeError):
    """A run whose books do not close; its results cannot be trusted and are not written."""


def run(
    source: str | Path | Mapping[str, Any] | Scenario,
    out: str | Path | None = None,
    *,
    progress: Progress | None = None,
    checkpoint: bool = False,
    **overrides: Any,
) -> RunResult:
    """Run all arms of a scenario.

    Parameters
    ----------
    source : path, mapping or Scenario
    out : path, optional
        Result folder; nothing is written without it.
    progress : callable, optional
        Called after every step with arm, replication, step and number of steps.
    checkpoint : bool
        Save the state of the run beside `out` as it goes on, and go on from there if it was stopped.
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
    spec = prepare(source, **overrides)
    if out is not None:
        check_target(Path(out))
    if out is None:
        return audited(simulate(spec, progress))
    saved = Checkpoint(checkpoint_folder(Path(out)), spec) if checkpoint else None
    result = write(audited(simulate(spec, progress, saved)), Path(out))
    if saved is not None:
        saved.discard()
    return result


def audited(result: RunResult) -> RunResult:
    """Return a result whose audit passed.

    Raises
    ------
    AuditError
        With what is wrong.
    """
    if not result.summary["audit"]["passed"]:
        raise AuditError(f"the audit failed, nothing was written: {result.facts['audit']}")
    return result


def write(result: RunResult, folder: Path) -> RunResult:
    """Write the result folder, report included, in place of an earlier one."""
    if not result.spec.outputs.figures:
        return write_result(result, folder)
    from sim.report.html import write_report  # drawing takes half a second of imports

    return write_result(result, folder, write_report)
