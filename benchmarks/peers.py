"""Side by side with peers in one run: car-days per CPU second, and their ratios.

Every peer is installed into an environment of its own and runs the same number of car-days at 15-minute
steps; rounds alternate between all of them. SpiceEV is on no package index and is left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROUNDS, CARS, FULL_SIZE = 5, 100, 1_000_000


@dataclass(frozen=True)
class Peer:
    """A peer: what to install, what to run, and what its day contains."""

    name: str
    packages: tuple[str, ...]
    script: str
    features: str


PEERS = (
    Peer("EV2Gym", ("ev2gym==2.0.0", "pandapower", "numba", "psutil", "multicopula", "scikit-learn"),
         "ev2gym_day.py", "two-way stations, prices, one transformer; no trips, no drivers, no supply side"),
    Peer("ACN-Sim", ("acnportal==0.3.3",),
         "acnportal_day.py", "stations, sessions, one feeder; no trips, prices, feeding in, supply side"),
    Peer("plain Mesa objects", ("mesa==3.3.1",),
         "mesa_objects.py", "a toy car that commutes and charges at home; nothing else"),
)  # fmt: skip


def python_of(peer: Peer, place: Path) -> Path:
    """Interpreter of the peer's own environment, made when it is not there."""
    folder = place / peer.script.removesuffix(".py")
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", *peer.packages], check=True, capture_output=True
        )
    return python


def rate(command: list[str | Path]) -> float:
    """Car-days per CPU second of one run."""
    outcome = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(outcome.stdout.splitlines()[-1])
    return float(found.get("car_days_per_cpu_s") or found["car_days"] / found["cpu_s"])


def own(cars: int, days: int) -> list[str | Path]:
    """Command that runs v2gcity with everything switched on."""
    asked = {"cars": cars, "days": days, "arm": "v2g"}
    return [sys.executable, HERE / "one_arm.py", json.dumps(asked)]


def three(values: np.ndarray) -> list[float]:
    """Minimum, median and maximum, to three digits."""
    return [float(f"{f(values):.3g}") for f in (np.min, np.median, np.max)]


def side_by_side(place: Path) -> dict[str, Any]:
    """Rates of all peers and of v2gcity, round by round, and ratios within each round."""
    commands: dict[str, list[str | Path]] = {
        peer.name: [python_of(peer, place), HERE / "peers" / peer.script, str(CARS)] for peer in PEERS
    }
    ours = {"v2gcity, as many cars": own(CARS, 1), "v2gcity, a million cars": own(FULL_SIZE, 1)}
    rates = {name: np.array([]) for name in (*commands, *ours)}
    for _ in range(ROUNDS):
        for name, command in {**commands, **ours}.items():
            rates[name] = np.append(rates[name], rate(command))
    return {
        "cars": CARS,
        "car_days_per_cpu_s": {name: three(found) for name, found in rates.items()},
        "ratio": {
            mine: {peer.name: three(rates[mine] / rates[peer.name]) for peer in PEERS} for mine in ours
        },
        "features": {peer.name: peer.features for peer in PEERS},
    }
