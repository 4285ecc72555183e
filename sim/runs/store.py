"""The result folder: written under a temporary name and renamed when complete."""

from __future__ import annotations

import io
import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from sim.accounting.owner_days import OWNER_DAY_COLUMNS
from sim.accounting.owner_timeline import STORY_COLUMNS
from sim.accounting.owners import OWNER_COLUMNS
from sim.accounting.sessions import SESSION_COLUMNS
from sim.accounting.tables import FLEXIBILITY_COLUMNS, SYSTEM_COLUMNS, UNIT_COLUMNS
from sim.accounting.trips import TRIP_COLUMNS
from sim.data.catalogue import has_own, own_tables, place_folder, places, table_of
from sim.data.neighbour_states import place_of_imports
from sim.runs.files import MARKER, read_frame, read_json, whole_or_nothing, write_json, write_parquet
from sim.runs.keys import run_key, spec_digest
from sim.runs.memory import peak_memory_mb
from sim.runs.run import RunResult
from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.place_tables import COLUMNS, MAY_BE_ABSENT, OPTIONAL
from sim.state.blocks import thread_count
from sim.version import __version__

PACKAGES = (
    "mesa",
    "numpy",
    "pandas",
    "pyarrow",
    "numba",
    "pydantic",
    "pvlib",
    "holidays",
    "scipy",
    "highspy",
)
#: Folder within a result with the tables of the place as used in the run.
INPUTS = "inputs"


def write_result(
    result: RunResult, folder: Path, report: Callable[[RunResult, Path], Any] | None = None
) -> RunResult:
    """Write all files of a result folder and return the result with its folder.

    `report` adds reports and figures.

    Raises
    ------
    NoFigureError
        If a number to be written is not finite; nothing is written.
    """
    refuse_no_figures(result)
    with whole_or_nothing(folder) as scratch:
        write_tables(result, scratch)
        if report is not None:
            report(result, scratch)
        write_json(scratch / MARKER, manifest(result))
    return replace(result, folder=folder)


def write_tables(result: RunResult, folder: Path) -> None:
    """Write summary, scenario and tables."""
    write_json(folder / "summary.json", result.summary)
    write_inputs(result.spec, folder)
    dump_scenario(result.spec, folder / "scenario.yaml", place=INPUTS)
    for name, columns in TABLES.items():
        write_parquet(_sampled(result, name), columns, folder / f"{name}.parquet")
    for name, columns in ASKED_FOR.items():
        if getattr(result.spec.outputs, name):
            write_parquet(_sampled(result, name), columns, folder / f"{name}.parquet")


def _sampled(result: RunResult, table: str) -> pd.DataFrame:
    """Rows to write: all, or for owners, sessions and trips those of evenly spaced cars if there are many."""
    frame: pd.DataFrame = getattr(result, table)
    step = owner_stride(result.spec)
    if step == 1 or table not in ("owners", *ASKED_FOR):
        return frame
    return frame[(frame["car"] % step == 0) | (frame["car"] < len(result.spec.drivers.personas))]


def owner_stride(spec: Scenario) -> int:
    """Stride of the cars written to ``owners.parquet``."""
    return -(-spec.simulated_cars // spec.outputs.owner_rows)


def manifest(result: RunResult) -> dict[str, Any]:
    """Provenance of a result, for verification and repetition, with times and machine data."""
    return {
        "version": __version__,
        "scenario_sha256": spec_digest(result.spec),
        "seed": result.spec.seed,
        "inputs_sha256": input_digests(result.spec),
        "made_by": run_key(result.spec, result.own),
        "packages": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "threads": thread_count(),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "owner_rows": {"every": owner_stride(result.spec), "of_simulated_cars": result.spec.simulated_cars},
        **result.facts,
    }


def tables_in_use(spec: Scenario) -> dict[str, str]:
    """Text of every table used by a run: the place's own, and those taken from Shanghai."""
    place = spec.city.place
    own = () if place in places() else own_tables(place)
    names = [*COLUMNS, *(name for name in OPTIONAL if name in own and name not in MAY_BE_ABSENT)]
    found = {name: table_of(name, place).text for name in names}
    for name in MAY_BE_ABSENT:
        whose = place_of_imports(place) if name == "neighbours" else place
        if has_own(name, whose):
            found[name] = table_of(name, whose).text
    return found


def input_digests(spec: Scenario) -> dict[str, str]:
    """SHA-256 of every table of the place in use."""
    return {name: sha256(text.encode()).hexdigest() for name, text in tables_in_use(spec).items()}


def write_inputs(spec: Scenario, folder: Path) -> None:
    """Write the tables of the place into the folder of a result."""
    (folder / INPUTS).mkdir()
    for name, text in tables_in_use(spec).items():
        (folder / INPUTS / f"{name}.csv").write_text(text, encoding="utf-8", newline="")


def dump_scenario(spec: Scenario, path: Path, place: str | None = None) -> None:
    """Write the resolved scenario, runnable as it is; a user-defined place is named by a folder beside it."""
    path.write_text(scenario_text(spec, place), encoding="utf-8")


def scenario_text(spec: Scenario, place: str | None = None) -> str:
    """The resolved scenario as YAML, runnable as it is.

    Parameters
    ----------
    spec : Scenario
    place : str, optional
        Folder with the tables of a user-defined place; by default, the folder they were read from.
    """
    yaml, text, data = YAML(), io.StringIO(), spec.resolved()
    if spec.city.place not in places():
        data["city"]["place"] = place or str(place_folder(spec.city.place))
    yaml.width = 100
    yaml.dump(data, text)
    return text.getvalue()


def read_summary(folder: Path) -> dict[str, Any]:
    """Read the summary of a result folder.

    Raises
    ------
    ScenarioError
        If the folder is not a result.
    """
    if not (folder / MARKER).is_file():
        raise ScenarioError.single(str(folder), "", f"is not a result folder ({MARKER} is missing)")
    summary = read_json(folder / "summary.json", SUMMARY_KEYS, "run the scenario again")
    refuse_newer(folder)
    return summary


SUMMARY_KEYS = ("scenario", "reference", "fleet", "arms", "effects", "audit")


def refuse_newer(folder: Path) -> None:
    """Raise an error for a result written by a later version."""
    made = str(read_json(folder / MARKER, ("version",), "run the scenario again")["version"])
    if _numbers(made) > _numbers(__version__):
        raise ScenarioError.single(
            str(folder), "", f"was made by v2gcity {made}, which is newer than this one, {__version__}"
        )


def _numbers(version_: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version_.split(".") if part.isdigit())


def read_result(folder: Path) -> RunResult:
    """Read a result folder back.

    Raises
    ------
    ScenarioError
        If the folder is not a result.
    """
    summary, remedy = read_summary(folder), "run the scenario again"
    frames: dict[str, Any] = {
        name: read_frame(folder / f"{name}.parquet", [*HEAD[name], *columns], remedy)
        for name, columns in TABLES.items()
    }
    spec = load_scenario(folder / "scenario.yaml", policies=None)
    for name, columns in ASKED_FOR.items():
        written = getattr(spec.outputs, name)
        path = folder / f"{name}.parquet"
        frames[name] = read_frame(path, [*HEAD[name], *columns], remedy) if written else pd.DataFrame()
    return RunResult(
        spec=spec,
        summary=summary,
        facts=read_json(folder / MARKER, (), remedy),
        folder=folder,
        **frames,
    )


#: Tables of a result with what their columns mean, and the columns before these.
TABLES: dict[str, dict[str, tuple[str, str]]] = {
    "system": SYSTEM_COLUMNS,
    "owners": OWNER_COLUMNS,
    "units": UNIT_COLUMNS,
    "flexibility": FLEXIBILITY_COLUMNS,
    "owner_days": OWNER_DAY_COLUMNS,
    "stories": STORY_COLUMNS,
}
#: Tables that are written when the scenario asks for them (``outputs``).
ASKED_FOR: dict[str, dict[str, tuple[str, str]]] = {"sessions": SESSION_COLUMNS, "trips": TRIP_COLUMNS}
HEAD = {
    "sessions": ("arm", "replication"),
    "trips": ("replication",),
    "system": ("arm", "replication", "time"),
    "owners": ("arm", "replication"),
    "units": ("arm", "replication", "time"),
    "flexibility": ("arm", "replication", "time", "place"),
    "owner_days": ("arm", "replication", "car", "date"),
    "stories": ("arm", "replication", "car", "time"),
}


class NoFigureError(RuntimeError):
    """A result contains NaN or infinite numbers and is not written."""


def refuse_no_figures(result: RunResult) -> None:
    """Raise an error if a number in the tables or the summary of a result is not finite.

    Raises
    ------
    NoFigureError
        With the table and the column, or the key of the summary.
    """
    for table in TABLES:
        frame: pd.DataFrame = getattr(result, table)
        for name in frame.select_dtypes("number"):
            values = frame[name].to_numpy()
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                row = int(np.argmin(np.isfinite(values)))
                raise NoFigureError(f"{table}.{name} is {values[row]} in row {row}")
    for path, value in _leaves(result.summary, ""):
        if isinstance(value, float) and not np.isfinite(value):
            raise NoFigureError(f"summary{path} is {value}")


def _leaves(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(tree, list):
        for at, value in enumerate(tree):
            yield from _leaves(value, f"{path}.{at}")
    else:
        yield path, tree


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
