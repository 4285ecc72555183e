"""External reference figures for comparison with a result.

A result contains none by default. A study provides them (``RunResult.against``); reports, figures and the
web page show the figures provided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Quantities that reports can compare with an external figure.
COAL_LESS_PCT = "coal_displaced_pct"
STABILITY_PCT = "stability_pct"
YUAN_PER_NIGHT = "owner_earnings_yuan_per_night"


@dataclass(frozen=True)
class ReferenceLine:
    """An external reference figure.

    Attributes
    ----------
    value : float
        In the unit of the quantity.
    who : str
        Source of the figure, as worded within a sentence.
    """

    value: float
    who: str

    @property
    def who_begins(self) -> str:
        """Source of the figure, as worded at the beginning of a sentence."""
        return self.who[:1].upper() + self.who[1:]


ReferenceLines = Mapping[str, ReferenceLine]
