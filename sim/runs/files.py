"""Atomic writing of files, and reading with one-line error messages."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.data.files import FileTrouble, read_text
from sim.scenario import ScenarioError

MOST_JSON_BYTES = 200_000_000
# File that identifies a result folder.
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
    """Raise an error for a folder that cannot be written, before any work; `marker` identifies our folders.

    Raises
    ------
    ScenarioError
        If the place is a file, a folder that holds something else, or not writable.
    """
    try:
        os.fsencode(folder)
        _check_target(folder, marker)
    except (OSError, ValueError) as error:  # for example, a name that is too long
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
    """Provide a temporary folder that replaces `folder` when the block ends without error.

    An earlier result stays in place until the new one is complete; readers never see a partial result.
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
    except Exception as error:  # any error of Arrow for a file that is not a table
        what = " ".join(str(error).split())[:80]
        raise ScenarioError.single(str(path), "", f"is damaged ({what}); {remedy}") from None
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ScenarioError.single(
            str(path), "", f"is of another version or foreign (column '{missing[0]}' is missing); {remedy}"
        )
    return frame


def write_json(path: Path, content: Any) -> None:
    """Write plain data as JSON; values that JSON cannot represent (NaN) raise an error."""
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
