"""Sums of whole days, which are those of ``summary.json``; and when a page is told them."""

from __future__ import annotations

import time
from typing import Any

from sim.view.pair import Pair

#: Share of its time that a running clock may spend on them: those of a million owners take a second.
SHARE_OF_TIME = 0.02


def at_midnight(pair: Pair) -> bool:
    """Whether whole days have been recorded, which can be summed up."""
    return pair.recording and pair.arm.step_index % pair.arm.clock.steps_per_day == 0


class WholeDays:
    """Sums up a pair, and knows how long that takes."""

    def __init__(self) -> None:
        self._made_at = self._took_s = 0.0
        self._last: tuple[Pair, dict[str, Any]] | None = None

    def are_due(self, pair: Pair, playing: bool) -> bool:
        """At every midnight, but not where a large city plays and the last sums took long."""
        if not at_midnight(pair):
            return False
        waited_s = time.perf_counter() - self._made_at
        return pair.arm.finished or not playing or waited_s > self._took_s / SHARE_OF_TIME

    def told(self, pair: Pair) -> dict[str, Any]:
        """What the page is told of the days so far."""
        began = time.perf_counter()
        summary, last = pair.summary(), pair.arm.clock.times[pair.arm.step_index - 1]
        self._made_at = time.perf_counter()
        self._took_s = self._made_at - began
        message = {
            "kind": "summary", "summary": summary, "arm": pair.name,
            "finished": pair.arm.finished, "day": str(last)[:10],
        }  # fmt: skip
        self._last = pair, message
        return message

    def told_before(self, pair: Pair) -> dict[str, Any] | None:
        """What was told last of a pair, for a page that begins anew."""
        return self._last[1] if self._last is not None and self._last[0] is pair else None

    def forget(self) -> None:
        """Hold on to no city."""
        self._last = None
