"""Keys of stored results: digests of scenario, tables, code (built-in and user-defined) and libraries.

Keys depend on *content*, never on names: an edited table, a changed policy or another version of numpy gives
another key.
"""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sim.agents.own_code import NO_OWN_CODE, OwnCode
from sim.data.catalogue import place_digest
from sim.scenario import Scenario
from sim.version import __version__

#: Fields of a scenario that affect its name and presentation, not its results.
NAMES_ONLY = ("name", "title", "description")
#: Parts of the package that do not affect the numbers of a summary.
NOT_COMPUTING = (
    "report",
    "view",
    "cli.py",
    "cli_errors.py",
    "cli_sweep.py",
    "__main__.py",
    "sweeps",
    "article",
)
#: Packages whose versions may change the last digits, or more.
NUMERICAL = ("numpy", "numba", "scipy", "highspy", "pandas", "pvlib", "holidays")


@cache
def code_hash() -> str:
    """Digest of the source and tables that a summary depends on, and of the numerical libraries."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256(json.dumps(software(), sort_keys=True).encode())
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.suffix in (".py", ".csv") and not set(inside.parts) & set(NOT_COMPUTING):
            digest.update(inside.as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def software() -> dict[str, str]:
    """Versions of this package, of Python and of the numerical libraries."""
    packages = {name: version(name) for name in NUMERICAL}
    return {"v2gcity": __version__, "python": platform.python_version(), **packages}


def content_of(spec: Scenario) -> dict[str, Any]:
    """A resolved scenario as plain data, its place represented by the content of its tables."""
    data = spec.resolved()
    data["city"]["place"] = place_digest(spec.city.place)
    return data


def spec_digest(spec: Scenario) -> str:
    """Digest of a resolved scenario and of the tables of its place."""
    return hashlib.sha256(_json(content_of(spec)).encode()).hexdigest()


def run_key(spec: Scenario, own: OwnCode = NO_OWN_CODE) -> dict[str, str]:
    """Dependencies of a run, part by part: equal keys give equal results."""
    return {"scenario": spec_digest(spec), "code": code_hash(), "own_code": own.digest}


def draw_key(spec: Scenario, replication: int, own: OwnCode = NO_OWN_CODE) -> str:
    """Key of one replication of a scenario, independent of the scenario's name."""
    content = content_of(spec)
    data = {key: value for key, value in content.items() if key not in (*NAMES_ONLY, "replications")}
    text = f"{code_hash()}|{own.digest}|{replication}|{_json(data)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _json(data: Any) -> str:
    return json.dumps(data, sort_keys=True, default=str)
