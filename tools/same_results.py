"""Hold result folders against those of another version: tables to a tolerance, summaries key by key.

Usage: ``python tools/same_results.py OLD NEW [--within 1e-9]``, where OLD and NEW are result folders, or
folders of them. Rows are compared in order; columns and figures that are new are named and do not count.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TABLES = ("system", "owners", "units", "flexibility", "owner_days", "stories")


def differences(old: Path, new: Path, within: float) -> Iterator[str]:
    """One line for each column and figure that differs."""
    for table in TABLES:
        before, after = (pd.read_parquet(folder / f"{table}.parquet") for folder in (old, new))
        yield from (f"{table}: column {name} is gone" for name in before.columns.difference(after.columns))
        if len(before) != len(after):
            yield f"{table}: {len(before)} rows, now {len(after)}"
            continue
        for name in before.columns.intersection(after.columns):
            off = _off(before[name], after[name])
            if off > within:
                yield f"{table}.{name}: differs by up to {off:.3g} of its largest value"
    before, after = (json.loads((folder / "summary.json").read_text("utf-8")) for folder in (old, new))
    yield from _of_figures(before, after, within, "summary")


def additions(old: Path, new: Path) -> Iterator[str]:
    """One line for each table that has new columns."""
    for table in TABLES:
        before, after = (pd.read_parquet(folder / f"{table}.parquet").columns for folder in (old, new))
        if len(added := after.difference(before)):
            yield f"{table}: new columns {', '.join(added)}"


def _off(before: pd.Series, after: pd.Series) -> float:
    """Largest difference, relative to the largest value; infinite for texts that differ."""
    if not pd.api.types.is_numeric_dtype(before) or not pd.api.types.is_numeric_dtype(after):
        return 0.0 if before.astype(str).equals(after.astype(str)) else np.inf
    first, second = before.to_numpy(np.float64), after.to_numpy(np.float64)
    largest = float(np.nanmax(np.abs(first), initial=0.0))
    return float(np.nanmax(np.abs(first - second), initial=0.0)) / (largest or 1.0)


def _of_figures(before: Any, after: Any, within: float, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from _of_figures(before.get(key), after.get(key), within, f"{path}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (first, second) in enumerate(zip(before, after, strict=True)):
            yield from _of_figures(first, second, within, f"{path}.{number}")
    elif isinstance(before, (int, float)) and isinstance(after, (int, float)):
        if abs(before - after) > within * max(1.0, abs(before)):
            yield f"{path}: {before!r}, now {after!r}"
    elif before != after:
        yield f"{path}: {before!r}, now {after!r}"


def main() -> int:
    """Print what differs; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--within", type=float, default=1e-9)
    asked = parser.parse_args()
    single = (asked.old / "summary.json").is_file()
    names = [""] if single else sorted(path.parent.name for path in asked.old.glob("*/summary.json"))
    differs = False
    for name in names:
        if not (asked.new / name / "summary.json").is_file():
            print(f"{name}: there is no such result in {asked.new}")
            differs = True
            continue
        found = list(differences(asked.old / name, asked.new / name, asked.within))
        differs = differs or bool(found)
        print(f"{name or asked.new}: {'the same' if not found else f'{len(found)} differences'}")
        for line in (*found, *additions(asked.old / name, asked.new / name)):
            print(f"    {line}")
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
