"""A pair of models as one half of the page sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sim.view import figures
from sim.view.card import card
from sim.view.pair import Pair
from sim.view.recording import Eyes, Frame, Recording


@dataclass
class Side:
    """A pair, the eyes that look at it, and what they have seen."""

    pair: Pair
    eyes: Eyes
    recording: Recording = field(default_factory=Recording)

    @classmethod
    def of(cls, pair: Pair) -> Side:
        """Look at a pair."""
        return cls(pair, Eyes(pair.arm))

    def look(self, more: dict[str, Any]) -> Frame:
        """The frame of the step that has just been done."""
        cells = self.eyes.cells()
        looks, places = self.eyes.dots()
        found = figures.moment(self.pair) | more
        found["districts"] = figures.by_district(self.eyes.map, cells)
        if self.pair.recording:
            found["system"] = figures.system(self.pair)
        frame = Frame(self.pair.arm.step_index - 1, found, cells, looks, places)
        self.recording.add(frame)
        return frame

    def card(self, owner: int) -> dict[str, Any]:
        """What an owner's phone shows, and which point of the map is the car."""
        return card(self.pair, owner) | {"spot": self.eyes.spot_of(owner)}
