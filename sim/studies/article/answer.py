"""What the model answers to a claim, and how an interval becomes a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sim.effects.summary import interval_of, midpoint

HOLDS, ONLY_IF, FAILS = "holds", "holds only if", "does not hold"
UNDEFINED, INPUT = "undefined", "not judged"
VERDICTS = (HOLDS, ONLY_IF, FAILS, UNDEFINED, INPUT)


@dataclass(frozen=True)
class Figure:
    """A figure of the model.

    Attributes
    ----------
    value : float or None
    low, high : float or None
        95% interval over draws of the city; None with a single draw.
    spread : (float, float) or None
        5th and 95th percentile over the uncertain parameters; None where it was not tried.
    decides : tuple of str
        Parameters that decide the figure most, the strongest first; empty where it was not tried.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    spread: tuple[float, float] | None = None
    decides: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, figure: Any, spread: tuple[float, float] | None = None, decides: tuple[str, ...] = ()
    ) -> Figure:
        """A figure of a summary: a number, or a mean with its interval."""
        ends = interval_of(figure)
        value = midpoint(figure) if isinstance(figure, Mapping) else figure
        low, high = ends if ends is not None else (None, None)
        return cls(None if value is None else float(value), low, high, spread, decides)

    def times(self, factor: float) -> Figure:
        """The figure in another unit."""

        def scaled(value: float | None) -> float | None:
            return None if value is None else value * factor

        low, high = sorted_ends(scaled(self.low), scaled(self.high))
        ends = None if self.spread is None else tuple(sorted(each * factor for each in self.spread))
        return Figure(scaled(self.value), low, high, ends, self.decides)  # type: ignore[arg-type]

    def within(self, least: float, most: float) -> tuple[str, str]:
        """Verdict, and its condition, on the claim that the figure lies between two numbers."""
        if self.value is None:
            return UNDEFINED, "there is nothing to measure it by"
        low, high = (
            (self.value, self.value) if self.low is None or self.high is None else (self.low, self.high)
        )
        sure = _inside(low, high, least, most)
        if sure is None:
            return ONLY_IF, "chance decides: the interval over draws contains the limit"
        if self.spread is not None and _inside(*self.spread, least, most) is not sure:
            return ONLY_IF, "the uncertain parameters decide: within their ranges it comes out both ways"
        return (HOLDS if sure else FAILS), ""


def sorted_ends(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Ends of an interval, the lower one first."""
    return (low, high) if low is None or high is None or low <= high else (high, low)


def _inside(low: float, high: float, least: float, most: float) -> bool | None:
    """Whether an interval lies inside (True) or outside (False) of two limits; None for both."""
    if least <= low and high <= most:
        return True
    if high < least or low > most:
        return False
    return None


@dataclass(frozen=True)
class Answer:
    """The model's answer to one claim.

    Attributes
    ----------
    verdict : str
        One of ``VERDICTS``.
    text : str
        What was found, in a sentence.
    condition : str
        What decides, for a claim that holds only if something is so.
    figure : Figure or None
        The figure the verdict rests on.
    unit : str
    inverse : str
        What would make the claim true.
    runs : tuple of str
        Names of the runs behind it.
    """

    verdict: str
    text: str
    condition: str = ""
    figure: Figure | None = None
    unit: str = ""
    inverse: str = ""
    runs: tuple[str, ...] = ()

    def with_inverse(self, text: str) -> Answer:
        """The answer with what would make the claim true."""
        return replace(self, inverse=text)


NO_LIMIT = math.inf


def judged(
    figure: Figure, least: float, most: float, text: str, unit: str, runs: tuple[str, ...], inverse: str = ""
) -> Answer:
    """An answer whose verdict follows from where a figure lies."""
    verdict, condition = figure.within(least, most)
    return Answer(verdict, text, condition, figure, unit, inverse, runs)
