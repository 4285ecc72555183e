"""The result folder: written beside its final place and renamed when whole."""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from sim.accounting.owner_days import OWNER_DAY_COLUMNS
from sim.accounting.owner_timeline import STORY_COLUMNS
from sim.accounting.owners import OWNER_COLUMNS
from sim.accounting.sessions import SESSION_COLUMNS
from sim.accounting.tables import FLEXIBILITY_COLUMNS, SYSTEM_COLUMNS, UNIT_COLUMNS
from sim.accounting.trips import TRIP_COLUMNS
from sim.data.catalogue import own_tables, place_folder, places, table_of
from sim.data.files import FileTrouble, read_text
from sim.runs.keys import run_key, spec_digest
from sim.runs.memory import peak_memory_mb
from sim.runs.run import RunResult
from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.place_tables import COLUMNS, OPTIONAL
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
    "chinesecalendar",
    "scipy",
    "highspy",
)
#: Folder of a result with the tables of the place, as the run saw them.
INPUTS = "inputs"
MOST_JSON_BYTES = 200_000_000
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
    try:
        os.fsencode(folder)
        _check_target(folder, marker)
    except (OSError, ValueError) as error:  # a name that is too long, say
        what = getattr(error, "strerror", None) or error
        raise ScenarioError.single(str(folder), "", f"cannot be a folder ({what}); name another") from None


def _check_target(folder: Path, marker: str) -> None:
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
    scratch = Path(tempfile.mkdtemp(prefix=".v2gcity-", dir=folder.parent))
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
    old = Path(tempfile.mkdtemp(prefix=".v2gcity-old-", dir=place.parent))
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

    Raises
    ------
    NoFigureError
        If a number that would be written is none; nothing is written.
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
    """Rows to write: of owners, sessions and trips all, or evenly spaced cars where there are many."""
    frame: pd.DataFrame = getattr(result, table)
    step = owner_stride(result.spec)
    if step == 1 or table not in ("owners", *ASKED_FOR):
        return frame
    return frame[(frame["car"] % step == 0) | (frame["car"] < len(result.spec.drivers.personas))]


def owner_stride(spec: Scenario) -> int:
    """Every how many-th car is written to ``owners.parquet``."""
    return -(-spec.simulated_cars // spec.outputs.owner_rows)


def manifest(result: RunResult) -> dict[str, Any]:
    """What a reader needs to trust and repeat a result. Times and machine facts stand only here."""
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
    """Text of every table of the place that a run looks at, its own and those it takes from Shanghai."""
    place = spec.city.place
    own = () if place in places() else own_tables(place)
    names = [*COLUMNS, *(name for name in OPTIONAL if name in own)]
    return {name: table_of(name, place).text for name in names}


def input_digests(spec: Scenario) -> dict[str, str]:
    """SHA-256 of every table of the place in use."""
    return {name: sha256(text.encode()).hexdigest() for name, text in tables_in_use(spec).items()}


def write_inputs(spec: Scenario, folder: Path) -> None:
    """Write the tables of the place into the folder of a result."""
    (folder / INPUTS).mkdir()
    for name, text in tables_in_use(spec).items():
        (folder / INPUTS / f"{name}.csv").write_text(text, encoding="utf-8", newline="")


def dump_scenario(spec: Scenario, path: Path, place: str | None = None) -> None:
    """Write the resolved scenario, runnable as it is; an own place by the name of a folder beside it."""
    path.write_text(scenario_text(spec, place), encoding="utf-8")


def scenario_text(spec: Scenario, place: str | None = None) -> str:
    """The resolved scenario as YAML, runnable as it is.

    Parameters
    ----------
    spec : Scenario
    place : str, optional
        Folder in which the tables of an own place lie; without it, the folder they were read in.
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
    """Refuse what a later version has written."""
    made = str(read_json(folder / MARKER, ("version",), "run the scenario again")["version"])
    if _numbers(made) > _numbers(__version__):
        raise ScenarioError.single(
            str(folder), "", f"was made by v2gcity {made}, which is newer than this one, {__version__}"
        )


def _numbers(version_: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version_.split(".") if part.isdigit())


def read_json(path: Path, keys: Iterable[str], remedy: str) -> dict[str, Any]:
    """A JSON object with some keys.

    Raises
    ------
    ScenarioError
        If the file is missing or damaged, or belongs to something else; the message says what to do.
    """
    try:
        found = json.loads(read_text(path, MOST_JSON_BYTES, "a JSON file"))
    except FileNotFoundError:
        raise ScenarioError.single(str(path), "", f"is missing; {remedy}") from None
    except FileTrouble as trouble:
        raise ScenarioError.single(str(path), "", f"{trouble.message}; {remedy}") from None
    except (ValueError, RecursionError):
        raise ScenarioError.single(str(path), "", f"is damaged (not JSON); {remedy}") from None
    missing = [key for key in keys if not isinstance(found, dict) or key not in found]
    if missing:
        raise ScenarioError.single(
            str(path), "", f"is damaged or foreign ('{missing[0]}' is missing); {remedy}"
        )
    return dict(found)


def read_frame(path: Path, columns: Iterable[str], remedy: str) -> pd.DataFrame:
    """A Parquet table with some columns.

    Raises
    ------
    ScenarioError
        If the file is missing or damaged, or belongs to something else; the message says what to do.
    """
    try:
        frame = pd.read_parquet(path)
    except FileNotFoundError:
        raise ScenarioError.single(str(path), "", f"is missing; {remedy}") from None
    except Exception as error:  # whatever Arrow makes of a file that is no table
        what = " ".join(str(error).split())[:80]
        raise ScenarioError.single(str(path), "", f"is damaged ({what}); {remedy}") from None
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ScenarioError.single(
            str(path), "", f"is of another version or foreign (column '{missing[0]}' is missing); {remedy}"
        )
    return frame


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
    """A result with a number that is none: not a number, or infinite. It is not written."""


def refuse_no_figures(result: RunResult) -> None:
    """Refuse a result in whose tables or summary a number is not finite.

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
