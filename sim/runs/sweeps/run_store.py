"""Store of finished runs: one JSON file each, merged into Parquet files periodically.

Several sweeps may share a store and use it concurrently. Files are written atomically: under a temporary
name, then renamed. A run found both as a single file and in a merged file is the same run; a successful run
takes precedence over a failed one.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim.runs.sweeps.one_run import DONE, Entry
from sim.scenario import ScenarioError

MARKER = "v2gcity-runs.json"  # identifies a run store
ABOUT = {
    "what": "runs of v2gcity sweeps",
    "loose": "runs/KEY.json, one run each",
    "gathered": "gathered/*.parquet, one row each; a key may stand in both",
}
#: Number of single files that are not merged: merging pays only for many small files.
FEW = 50
#: Merged files with fewer rows are merged again.
SMALL_ROWS = 5_000
#: Attempts to read while another sweep moves files.
TRIES = 5

SCHEMA = pa.schema([
    (field.name, {"int": pa.int64(), "float": pa.float64()}.get(str(field.type), pa.string()))
    for field in fields(Entry)
])  # fmt: skip


class RunStore:
    """A folder of finished runs.

    Parameters
    ----------
    folder : path
        Created if it does not exist.

    Attributes
    ----------
    damaged : set of Path
        Damaged files: they are skipped, and their runs are repeated.

    Raises
    ------
    ScenarioError
        If the folder is not a run store.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._loose, self._gathered = folder / "runs", folder / "gathered"
        self.damaged: set[Path] = set()
        if folder.exists() and not folder.is_dir():
            raise ScenarioError.single(str(folder), "", "is a file; expected a folder for runs")
        foreign = folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())
        if foreign and not (folder / MARKER).is_file():
            raise ScenarioError.single(
                str(folder), "", f"holds files that are no runs ({MARKER} is missing); name another folder"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / MARKER).is_file():  # written first, so that the folder is always identified
                _write(folder / MARKER, json.dumps(ABOUT, indent=2).encode())
            for each in (self._loose, self._gathered):
                each.mkdir(exist_ok=True)
        except OSError as error:
            raise ScenarioError.single(str(folder), "", f"cannot be written: {error.strerror}") from None

    def put(self, entry: Entry) -> None:
        """Store a finished run."""
        _write(self._loose / f"{entry.key}.json", entry.as_json().encode())

    def get(self, keys: Iterable[str]) -> dict[str, Entry]:
        """The stored runs of the given keys, failed ones included."""
        wanted = sorted(set(keys))
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                return self._read(wanted)
            except FileNotFoundError:  # merged by another sweep between listing and reading
                if last:
                    raise
        raise AssertionError("not reached")

    def gather(self) -> None:
        """Merge single runs and small files into one file; safe against interruption."""
        with suppress(FileNotFoundError):  # another sweep is merging
            self._gather()

    def _gather(self) -> None:
        loose = {path: path.stat().st_ino for path in self._loose.glob("*.json")}
        if len(loose) < FEW:
            return
        small, entries = [], dict[str, Entry]()
        for path in self._gathered.glob("*.parquet"):
            rows = self._rows_of(path, most=SMALL_ROWS)
            if rows is not None:
                small.append(path)
                _add(entries, rows)
        whole = {path: entry for path in loose if (entry := self._entry_of(path)) is not None}
        _add(entries, whole.values())
        loose = {path: read for path, read in loose.items() if path in whole}
        ordered = [entries[key] for key in sorted(entries)]
        name = hashlib.sha256("".join(entry.key + entry.status for entry in ordered).encode()).hexdigest()[
            :16
        ]
        target = self._gathered / f"{name}.parquet"
        table = pa.Table.from_pylist([asdict(entry) for entry in ordered], schema=SCHEMA)
        handle, scratch = tempfile.mkstemp(prefix=".", dir=self._gathered)
        os.close(handle)
        pq.write_table(table, scratch, compression="zstd")
        Path(scratch).replace(target)
        for path in small:
            if path != target:
                path.unlink(missing_ok=True)
        for path, read in loose.items():
            with suppress(FileNotFoundError):
                if path.stat().st_ino == read:  # a run repeated in the meantime is kept
                    path.unlink()

    def _read(self, keys: list[str]) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        if not keys:
            return found
        names = {path.name for path in self._loose.glob("*.json")}
        for path in self._gathered.glob("*.parquet"):
            _add(found, self._rows_of(path, keys) or [])
        loose = (self._entry_of(self._loose / f"{key}.json") for key in keys if f"{key}.json" in names)
        _add(found, (entry for entry in loose if entry is not None))
        return found

    def _entry_of(self, path: Path) -> Entry | None:
        """The run of a file; None if it is damaged, or its content does not match its name."""
        try:
            entry = Entry(**json.loads(path.read_bytes()))
            if entry.key == path.stem and (
                entry.status != DONE or isinstance(json.loads(entry.summary), dict)
            ):
                return entry
        except (ValueError, TypeError, AttributeError):
            pass
        self.damaged.add(path)
        return None

    def _rows_of(
        self, path: Path, keys: list[str] | None = None, most: int | None = None
    ) -> list[Entry] | None:
        """Runs of a merged file, all or some; None if it is damaged, or has more rows than `most`."""
        try:
            if most is not None and pq.read_metadata(path).num_rows >= most:
                return None
            table = pq.read_table(path, filters=None if keys is None else [("key", "in", keys)])
            return [Entry(**row) for row in table.to_pylist()]
        except FileNotFoundError:
            raise
        except (OSError, ValueError, TypeError, pa.ArrowException):
            self.damaged.add(path)
            return None


def _add(entries: dict[str, Entry], more: Iterable[Entry]) -> None:
    for entry in more:
        if entry.key not in entries or entry.status == DONE:
            entries[entry.key] = entry


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically, even in case of a power failure."""
    handle, scratch = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)
