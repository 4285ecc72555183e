"""Results that may be used: those whose audit passed."""

from __future__ import annotations

from sim.runs.run import RunResult


class AuditError(RuntimeError):
    """A balance or limit of the model was violated: nothing of the run may be used."""


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
