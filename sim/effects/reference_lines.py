"""Figures from elsewhere that a result is held against, where somebody asks for it.

A result knows of none by itself. A study hands them over (``RunResult.against``); reports, pictures and the
page draw what they are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Quantities that reports can hold against a figure from elsewhere.
COAL_LESS_PCT = "coal_displaced_pct"
STABILITY_PCT = "stability_pct"
YUAN_PER_NIGHT = "owner_earnings_yuan_per_night"


@dataclass(frozen=True)
class ReferenceLine:
    """A figure from elsewhere.

    Attributes
    ----------
    value : float
        In the unit of the quantity.
    who : str
        Who says so, as it stands in the middle of a sentence.
    """

    value: float
    who: str

    @property
    def who_begins(self) -> str:
        """Who says so, at the beginning of a sentence."""
        return self.who[:1].upper() + self.who[1:]


ReferenceLines = Mapping[str, ReferenceLine]
