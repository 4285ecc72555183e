"""Which code made the stored results that documents quote: ``results/reference/made_with.csv``."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from sim.runs.keys import code_hash
from sim.version import __version__

REFERENCE = Path(__file__).parents[1] / "results" / "reference"
STAMPS = REFERENCE / "made_with.csv"
COLUMNS = ("file", "code", "version", "made_on")


def read() -> dict[str, dict[str, str]]:
    """Stamp of every stored result, by file."""
    with STAMPS.open(encoding="utf-8", newline="") as stream:
        return {row["file"]: row for row in csv.DictReader(stream)}


def stamp(*names: str) -> None:
    """Note that this code has made some of the stored results today."""
    stamps = read()
    for name in names:
        made = (name, code_hash(), __version__, dt.date.today().isoformat())
        stamps[name] = dict(zip(COLUMNS, made, strict=True))
    with STAMPS.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(stamps[name] for name in sorted(stamps))


def of_other_code() -> list[str]:
    """Stored results that this code has not made."""
    here = code_hash()
    return sorted(name for name, row in read().items() if row["code"] != here)
