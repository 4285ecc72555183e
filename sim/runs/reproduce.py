"""Reproduction of runs: sample size by number of cars, and the command that repeats a run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.scenario.fields import FLEET


def few(cars: int) -> dict[str, float]:
    """Override with which a scenario of Shanghai's whole fleet simulates a given number of cars."""
    return {"fleet.sample": cars / FLEET}


def run_command(
    scenario: str, settings: Mapping[str, Any], *, arms: Sequence[str] = (), out: Path | None = None
) -> str:
    """Command line that repeats a run of a shipped scenario.

    Values are written as JSON, which the command line reads as YAML: ``null`` removes an arm.
    """
    words = ["v2gcity", "run", f"scenarios/{scenario}"]
    for key, value in settings.items():
        words += ["--set", f"{key}={json.dumps(value)}"]
    if arms:
        words += ["--arms", ",".join(arms)]
    if out is not None:
        words += ["--out", str(out)]
    return shlex.join(words)
