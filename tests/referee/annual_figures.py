"""Annual figures: only where a run stands for a year, and its days add up to one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from tests.referee.tables import Result

LEAST_DAYS = 360.0
OF_A_YEAR = ("per_kw_year", "median_years", "best_quarter_years")


def days_stood_for(result: Result, arm: str) -> float:
    """Days that the rows of an arm stand for."""
    return float(result.table("system", arm)["weight"].sum()) * result.hours / 24.0


def annual(figures: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All figures whose name says that they are of a year, with where they stand."""
    if not isinstance(figures, dict):
        return
    for name, value in figures.items():
        here = f"{path}.{name}".strip(".")
        is_number = not isinstance(value, dict) or "ci95" in value
        if is_number and any(mark in here for mark in OF_A_YEAR):
            yield here, value["mean"] if isinstance(value, dict) else value
        else:
            yield from annual(value, here)


def told_of_less_than_a_year(result: Result) -> list[str]:
    """Annual figures of a run that stands for less; there must be none."""
    if days_stood_for(result, result.reference) >= LEAST_DAYS:
        return []
    return [name for name, value in annual(result.summary["effects"]) if value is not None]


if __name__ == "__main__":
    folder = Result(sys.argv[1])
    print(days_stood_for(folder, folder.reference), told_of_less_than_a_year(folder))
