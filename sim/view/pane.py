"""A pair of models as one half of the page sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sim.grid.weather import daylight_hours
from sim.report.place_words import place_words
from sim.scenario import Scenario
from sim.scenario.shocks import ShockSection
from sim.studies.article.reference_lines import ARTICLE
from sim.view import figures
from sim.view.owner_card import card
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


def opened(sides: Sequence[Side], owner: int) -> dict[str, Any]:
    """What a page is told of the cities it is about to show, the first of which it is about."""
    main = sides[0]
    return {
        "kind": "opened",
        "spec": main.pair.spec,
        "arm": main.pair.name,
        "known": figures.known_lines(main.pair),
        "history": figures.history(main.pair),
        "sides": [
            {
                "title": side.pair.spec.title or side.pair.spec.name,
                "arm": side.pair.name,
                "dots": len(side.eyes.cars),
                "map": side.eyes.map,
                "place": _place(side.pair.spec),
            }
            for side in sides
        ],
        "map": main.eyes.map,
        "sun": _sun(main.pair.spec),
        "lines": {name: asdict(line) for name, line in ARTICLE.items()},
        "full_kw": max(side.eyes.full_kw() for side in sides),
        "owner": main.card(owner),
    }


def _sun(spec: Scenario) -> dict[str, float]:
    """Hours of sunrise and sunset where the scenario lies, on its first day."""
    dawn, dusk = daylight_hours(spec.time.start, spec.city.place)
    return {"dawn": dawn, "dusk": dusk}


def _place(spec: Scenario) -> dict[str, str] | None:
    """What is said of the place of a scenario, as plain data."""
    words = place_words(spec)
    return None if words is None else words.plain


def struck(pair: Pair, shock: ShockSection) -> str:
    """What is said of a shock that has just been let loose: whom it strikes, and what is compared."""
    where = " and ".join(dict.fromkeys((pair.name, pair.spec.reference)))
    seen = (
        "what is told is the difference between the two, not what the shock does to both"
        if pair.undisturbed is None
        else "the arm is also held against itself without it"
    )
    return f"{shock.kind.replace('_', ' ')} at {shock.at:%H:%M}, in {where} alike; {seen}"
