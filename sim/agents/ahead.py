"""Ask for the rows a kernel will come to, while it works on the present one."""

from __future__ import annotations

from typing import Any

from sim.rows.prefetch import FAR, NEAR, prefetch
from sim.rules.compiling import part_of_row


@part_of_row
def ask_ahead(k: int, last: int, w: Any) -> None:
    """Ask for the next active cars with their drivers, and for their chargers."""
    if k + FAR < last:
        prefetch(w.drivers, w.active[k + FAR])
    ask_ahead_for_posts(k, last, w)


@part_of_row
def ask_ahead_for_posts(k: int, last: int, w: Any) -> None:
    """Ask for the next active cars and their chargers; few of their drivers are needed."""
    if k + FAR < last:
        prefetch(w.cars, w.active[k + FAR])
    if k + NEAR < last:
        post = w.cars[w.active[k + NEAR]].charger
        if post >= 0:
            prefetch(w.chargers, post)


@part_of_row
def ask_ahead_with_book(k: int, last: int, w: Any) -> None:
    """Ask for the next active cars with their books, and for their chargers."""
    if k + FAR < last:
        prefetch(w.cars, w.active[k + FAR])
    if k + NEAR < last:
        car = w.cars[w.active[k + NEAR]]
        if car.charger >= 0:
            prefetch(w.chargers, car.charger)
        if car.book >= 0:
            prefetch(w.books, car.book)
