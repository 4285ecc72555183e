"""How a run is repeated: small samples by their number of cars, and the command that makes it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.scenario.fields import FLEET_2024


def few(cars: int) -> dict[str, float]:
    """The setting with which a scenario of Shanghai's whole fleet simulates so many cars."""
    return {"fleet.sample": cars / FLEET_2024}


def run_command(
    scenario: str, settings: Mapping[str, Any], *, arms: Sequence[str] = (), out: Path | None = None
) -> str:
    """The command line that makes a run of a shipped scenario again.

    Values are written as JSON, which the command line reads as YAML: ``null`` takes an arm away.
    """
    words = ["v2gcity", "run", f"scenarios/{scenario}"]
    for key, value in settings.items():
        words += ["--set", f"{key}={json.dumps(value)}"]
    if arms:
        words += ["--arms", ",".join(arms)]
    if out is not None:
        words += ["--out", str(out)]
    return shlex.join(words)
