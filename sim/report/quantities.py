"""A figure, its unit, its sign and its sentence: one function for each, for all that people read.

What is shown as nothing has no sign. A sentence that says "more than" is true of the figure behind it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sim.effects.summary import interval_of, interval_of_size, is_clear

#: From this power on megawatts are told as gigawatts [MW].
TOLD_IN_GW = 100.0


def number(value: float, digits: int = 0) -> str:
    """A number with thousands set apart."""
    return f"{_shown(value, digits):,.{digits}f}"


def signed(value: float, digits: int = 0) -> str:
    """A difference with its sign."""
    shown = _shown(value, digits)
    return f"{shown:+,.{digits}f}" if shown else f"{shown:,.{digits}f}"


def more_than(value: float, digits: int = 0) -> str:
    """The largest number of some digits that a figure is more than, or equal to."""
    return number(math.floor(round(value * 10**digits, 6)) / 10**digits, digits)


def at_most(value: float, digits: int = 0) -> str:
    """The smallest number of some digits that a figure does not exceed."""
    return number(math.ceil(round(value * 10**digits, 6)) / 10**digits, digits)


def less(saved: float, unit: str, digits: int = 0) -> str:
    """What is saved, as its size and "less" or "more"; of nothing "just as much"."""
    return _with_direction(saved, unit, digits, ("less", "just as much", "more"))


def lower(cut: float, unit: str, digits: int = 0) -> str:
    """What a height falls by, as its size and "lower" or "higher"; of nothing "just as high"."""
    return _with_direction(cut, unit, digits, ("lower", "just as high", "higher"))


def cheaper(saved: float, unit: str, digits: int = 0) -> str:
    """What a cost falls by, as its size and "cheaper" or "dearer"; of nothing "just as dear"."""
    return _with_direction(saved, unit, digits, ("cheaper", "just as dear", "dearer"))


def is_nothing(value: float, digits: int = 0) -> bool:
    """Whether a figure is shown as nothing."""
    return _shown(value, digits) == 0.0


def power(mw: float, ends: tuple[float, float] | None = None) -> str:
    """The size of a power with its unit, and its interval in the same one."""
    divide, unit, digits = (1e3, "GW", 2) if abs(mw) >= TOLD_IN_GW else (1.0, "MW", 0)
    if unit == "MW" and 0.0 < abs(mw) < 10.0:
        digits = 1
    told = f"{number(abs(mw) / divide, digits)} {unit}"
    return told if ends is None else f"{told} ({between([end / divide for end in ends], unit, digits)})"


def between(ends: Any, unit: str = "", digits: int = 0) -> str:
    """A 95% interval."""
    low, high = ends
    return f"95% interval {number(low, digits)} to {_with_unit(number(high, digits), unit)}"


def interval(figure: Any, unit: str = "", digits: int = 0, *, by_size: bool = False) -> str:
    """The 95% interval of a figure in brackets, for a change told by its size turned round where it has to be."""
    ends = interval_of_size(figure) if by_size else interval_of(figure)
    return "" if ends is None else f" ({between(ends, unit, digits)})"


def perhaps_chance(figure: Any) -> str:
    """A remark for an effect whose interval contains zero."""
    return "" if is_clear(figure) else ", which may be chance"


def adding_up(parts: Mapping[str, float], digits: int = 2) -> dict[str, float]:
    """Parts of a sum, rounded so that they add up to the rounded sum; the largest takes what is left over."""
    rounded = {name: round(value, digits) for name, value in parts.items()}
    largest = max(parts, key=lambda name: abs(parts[name]))
    rest = round(math.fsum(parts.values()), digits) - math.fsum(rounded.values())
    return rounded | {largest: round(rounded[largest] + rest, digits)}


def _with_direction(down: float, unit: str, digits: int, words: tuple[str, str, str]) -> str:
    if is_nothing(down, digits):
        return words[1]
    return f"{_with_unit(number(abs(down), digits), unit)} {words[0] if down > 0.0 else words[2]}"


def _with_unit(text: str, unit: str) -> str:
    return f"{text}{unit}" if unit in ("", "%") else f"{text} {unit}"


def _shown(value: float, digits: int) -> float:
    return round(float(value), digits) + 0.0
