"""States in which neighbouring systems may be (``neighbours.csv``), and whose table of imports holds."""

from __future__ import annotations

from sim.data.catalogue import SHANGHAI, has_own, rows

ALWAYS = "always"  # state of neighbours that have only one


def place_of_imports(place: str) -> str:
    """Place whose extra imports and neighbours hold: its own, or Shanghai's where it has no table."""
    return place if has_own("extra_imports", place) else SHANGHAI


def state_names(place: str) -> list[str]:
    """States of the neighbours, by rising residual load."""
    place = place_of_imports(place)
    return [row["state"] for row in rows("neighbours", place)] if has_own("neighbours", place) else [ALWAYS]
