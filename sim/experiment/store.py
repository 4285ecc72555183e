"""The result folder: written beside its final place and renamed when whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

import sim
from sim.experiment.run import RunResult
from sim.owner_days import OWNER_DAY_COLUMNS
from sim.records import FLEXIBILITY_COLUMNS, OWNER_COLUMNS, SYSTEM_COLUMNS, UNIT_COLUMNS
from sim.rows.blocks import thread_count
from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.stories import STORY_COLUMNS

PACKAGES = (
    "mesa",
    "numpy",
    "pandas",
    "pyarrow",
    "numba",
    "pydantic",
    "pvlib",
    "chinesecalendar",
    "scipy",
    "highspy",
)
# The file that tells a folder of ours.
MARKER, NETWORK, SWEEP = "manifest.json", "network.csv", "sweep.json"
CLAIMS, CHECK = "claims.json", "check.json"
KINDS = {
    MARKER: "a result",
    NETWORK: "a network",
    SWEEP: "a sweep",
    CLAIMS: "a page of claims",
    CHECK: "a report card",
}


def check_target(folder: Path, marker: str = MARKER) -> None:
    """Refuse a folder that cannot be written, before any work is done; `marker` tells one of ours.

    Raises
    ------
    ScenarioError
        If the place is a file, a folder that holds something else, or not writable.
    """
    if folder.exists() and not folder.is_dir():
        raise ScenarioError.single(str(folder), "", "is a file; expected a folder for the results")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / marker).is_file():
        raise ScenarioError.single(
            str(folder),
            "",
            f"holds files that are not {KINDS[marker]} ({marker} is missing); name another folder",
        )
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise ScenarioError.single(str(existing), "", "is a file; expected a folder for the results")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise ScenarioError.single(str(folder), "", "cannot be written; name another folder with --out")


@contextmanager
def whole_or_nothing(folder: Path, marker: str = MARKER) -> Iterator[Path]:
    """Give a scratch folder that takes the place of `folder` when the block ends well.

    An earlier result stays in place until the new one is whole; readers never see half of one.
    """
    check_target(folder, marker)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        _swap(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _swap(new: Path, place: Path) -> None:
    if not place.exists():
        new.rename(place)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{place.name}.old.", dir=place.parent))
    place.rename(old / place.name)
    try:
        new.rename(place)
    except OSError:
        (old / place.name).rename(place)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def write_result(
    result: RunResult, folder: Path, report: Callable[[RunResult, Path], Any] | None = None
) -> RunResult:
    """Write all files of a result folder and return the result with its place.

    `report` adds what people look at.
    """
    with whole_or_nothing(folder) as scratch:
        write_tables(result, scratch)
        if report is not None:
            report(result, scratch)
        write_json(scratch / MARKER, manifest(result))
    return replace(result, folder=folder)


def write_tables(result: RunResult, folder: Path) -> None:
    """Write summary, scenario and tables."""
    write_json(folder / "summary.json", result.summary)
    dump_scenario(result.spec, folder / "scenario.yaml")
    write_parquet(result.system, SYSTEM_COLUMNS, folder / "system.parquet")
    write_parquet(result.units, UNIT_COLUMNS, folder / "units.parquet")
    write_parquet(result.flexibility, FLEXIBILITY_COLUMNS, folder / "flexibility.parquet")
    write_parquet(result.owner_days, OWNER_DAY_COLUMNS, folder / "owner_days.parquet")
    write_parquet(result.stories, STORY_COLUMNS, folder / "stories.parquet")
    write_parquet(sampled_owners(result), OWNER_COLUMNS, folder / "owners.parquet")


def sampled_owners(result: RunResult) -> pd.DataFrame:
    """Rows of owners to write: all, or persons with a name and evenly spaced cars where there are many."""
    step, car = owner_stride(result.spec), result.owners["car"]
    if step == 1:
        return result.owners
    return result.owners[(car % step == 0) | (car < len(result.spec.drivers.personas))]


def owner_stride(spec: Scenario) -> int:
    """Every how many-th car is written to ``owners.parquet``."""
    return -(-spec.simulated_cars // spec.outputs.owner_rows)


def manifest(result: RunResult) -> dict[str, Any]:
    """What a reader needs to trust and repeat a result. Times and machine facts stand only here."""
    resolved = json.dumps(result.spec.resolved(), sort_keys=True, default=str)
    return {
        "version": sim.__version__,
        "scenario_sha256": hashlib.sha256(resolved.encode()).hexdigest(),
        "seed": result.spec.seed,
        "packages": {name: _version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "threads": thread_count(),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0, 1),
        "owner_rows": {"every": owner_stride(result.spec), "of_simulated_cars": result.spec.simulated_cars},
        **result.facts,
    }


def dump_scenario(spec: Scenario, path: Path) -> None:
    """Write the resolved scenario, runnable as it is."""
    path.write_text(scenario_text(spec), encoding="utf-8")


def scenario_text(spec: Scenario) -> str:
    """The resolved scenario as YAML, runnable as it is."""
    yaml, text = YAML(), io.StringIO()
    yaml.width = 100
    yaml.dump(spec.resolved(), text)
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
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return summary


def read_result(folder: Path) -> RunResult:
    """Read a result folder back.

    Raises
    ------
    ScenarioError
        If the folder is not a result.
    """
    summary = read_summary(folder)
    return RunResult(
        spec=load_scenario(folder / "scenario.yaml"),
        system=pd.read_parquet(folder / "system.parquet"),
        owners=pd.read_parquet(folder / "owners.parquet"),
        units=pd.read_parquet(folder / "units.parquet"),
        flexibility=pd.read_parquet(folder / "flexibility.parquet"),
        owner_days=pd.read_parquet(folder / "owner_days.parquet"),
        stories=pd.read_parquet(folder / "stories.parquet"),
        summary=summary,
        facts=json.loads((folder / MARKER).read_text(encoding="utf-8")),
        folder=folder,
    )


def write_json(path: Path, content: Any) -> None:
    """Write plain data; what JSON has no word for (NaN) is refused."""
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_parquet(frame: pd.DataFrame, columns: dict[str, tuple[str, str]], path: Path) -> None:
    """Write a frame; every column carries its unit and meaning as metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for index, name in enumerate(table.column_names):
        if name in columns:
            unit, meaning = columns[name]
            field = table.schema.field(index).with_metadata({"unit": unit, "description": meaning})
            table = table.cast(table.schema.set(index, field))
    pq.write_table(table, path, compression="zstd")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
