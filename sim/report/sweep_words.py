"""What a sweep shows, in plain words: values, and where they may be chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def perhaps_chance_at(points: pd.DataFrame) -> str:
    """A remark on the points at which a figure may be chance: their 95% intervals hold zero."""
    known = points.dropna(subset=["mean"])
    holding = int(((known["low"] <= 0.0) & (known["high"] >= 0.0) & (known["high"] > known["low"])).sum())
    if not holding:
        return ""
    if holding == len(known):
        return ", which may be chance at every point"
    return f"; at {holding} of {len(known)} points it may be chance"


def perhaps_chance_of(row: Any) -> str:
    """A remark on one index whose interval holds zero."""
    return ", which may be chance" if row["low"] <= 0.0 <= row["high"] else ""


def short(value: Any) -> str:
    """A value of a parameter or an outcome, as short as it can be told."""
    if isinstance(value, (int, float, np.number)):
        number = float(value) + 0.0  # no sign on nothing
        return f"{number:,.0f}" if abs(number) >= 100.0 else f"{number:.3g}"
    return str(value)
