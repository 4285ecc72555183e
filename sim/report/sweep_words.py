"""What a sweep shows, in plain words: values, and where they may be chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.runs.sweeps.sweep import SweepResult

#: Units that end the name of a column, longest first.
UNITS = {
    "yuan_per_firm_kw_year": "yuan per firm kW and year",
    "yuan_per_kw_year": "yuan/kW/a",
    "yuan_per_kwh": "yuan/kWh",
    "yuan_per_day": "yuan/d",
    "minutes": "min",
    "hours": "h",
    "mwh": "MWh",
    "tce": "tce",
    "kwh": "kWh",
    "pct": "%",
    "mw": "MW",
    "kw": "kW",
    "t": "t",
}


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


def name_and_unit(result: SweepResult, name: str) -> tuple[str, str]:
    """A parameter or outcome in words, and its unit; the unit may end the name of its column."""
    parameter = result.plan.sweep.parameters.get(name)
    if parameter is not None and (parameter.title or parameter.unit):
        return parameter.title or name.replace("_", " "), parameter.unit
    for suffix, unit in UNITS.items():
        if name.endswith(f"_{suffix}"):
            return _in_words(name.removesuffix(f"_{suffix}")), unit
    return _in_words(name), ""


def _in_words(name: str) -> str:
    return name.replace("_", " ").replace("co2", "CO2")


def label(result: SweepResult, name: str) -> str:
    """A parameter or outcome as it stands at an axis, with its unit."""
    text, unit = name_and_unit(result, name)
    return f"{text} [{unit}]" if unit else text


def sentence(text: str) -> str:
    """A text with a capital at its beginning; the rest as it is."""
    return text[:1].upper() + text[1:]
