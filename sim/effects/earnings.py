"""Owners' earnings: components, distribution of gains and losses, and break-even price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.agents.entries import CHART
from sim.effects.arms import ArmTables
from sim.effects.distribution import distribution
from sim.state.entries import Entry


def _parts() -> dict[str, list[Entry]]:
    """Entries of money by the part of an owner's earnings that they belong to."""
    parts: dict[str, list[Entry]] = {}
    for entry in CHART.money:
        parts.setdefault(entry.part or entry.name, []).append(entry)
    return parts


#: Parts of an owner's earnings: the first ones in an order fixed for other tools, then those declared later.
FIRST = ("charging", "feed_in", "events", "availability", "penalties_and_rent")
ENTRIES_OF = _parts()
PARTS = (*FIRST, *(part for part in ENTRIES_OF if part not in FIRST), "wear")
#: Smaller discharged energy is rounding error.
LEAST_SOLD_KWH = 1e-3
#: Smaller amounts count as neither a gain nor a loss [yuan/d].
INDIFFERENT_YUAN_PER_DAY = 0.05


def owner_earnings_yuan(reference: ArmTables, arm: ArmTables) -> np.ndarray:
    """Energy-neutral earnings or savings of each owner over the run [yuan], shape (n_cars,)."""
    return (reference.neutral_cost_yuan() - arm.neutral_cost_yuan()).to_numpy()


def earnings_effects(reference: ArmTables, arm: ArmTables) -> dict[str, Any]:
    """Earnings of the enrolled: distribution, parts, gainers and losers, break-even price."""
    earned = owner_earnings_yuan(reference, arm)
    enrolled = arm.owners["enrolled"].to_numpy()
    per_day = earned[enrolled] / arm.days
    return {
        "owner_earnings_yuan_per_day": distribution(per_day),
        "owner_earnings_yuan_per_discharge_session": distribution(_per_session(arm, earned)),
        "owner_earnings_parts_yuan_per_day": parts_of_earnings(reference, arm),
        "owners_gaining_share": _share(per_day > INDIFFERENT_YUAN_PER_DAY),
        "owners_losing_share": _share(per_day < -INDIFFERENT_YUAN_PER_DAY),
        "break_even_feed_in_yuan_per_kwh": distribution(break_even_prices(arm, earned)),
    }


def parts_of_earnings(reference: ArmTables, arm: ArmTables) -> dict[str, float | None]:
    """Means over the enrolled [yuan/d]; they add up to mean earnings, and are null where that is null."""
    enrolled = arm.owners["enrolled"].to_numpy()
    if not enrolled.any():
        return dict.fromkeys((*PARTS, "battery_brought_back"))

    def change(name: str) -> float:
        return float((arm.owners[name] - reference.owners[name])[enrolled].mean()) / arm.days

    parts = {
        part: sum(-entry.sign * change(entry.name) for entry in ENTRIES_OF[part])
        for part in PARTS
        if part in ENTRIES_OF
    }
    parts["wear"] = -change("wear_cost_yuan")
    total = float(owner_earnings_yuan(reference, arm)[enrolled].mean()) / arm.days
    return {**parts, "battery_brought_back": total - sum(parts.values())}


def break_even_prices(arm: ArmTables, earned: np.ndarray) -> np.ndarray:
    """Break-even feed-in price of owners who discharged [yuan/kWh].

    At this price earnings would be zero for the energy of the run; the response to the price is not modelled.
    """
    owners = arm.owners
    fed_in = (owners["discharged_kwh"] - owners["self_used_kwh"]).to_numpy()
    sold = fed_in > LEAST_SOLD_KWH
    paid_for_energy = [entry.name for part in ("feed_in", "events") for entry in ENTRIES_OF[part]]
    received = owners[paid_for_energy].sum(axis=1).to_numpy()
    prices: np.ndarray = (received[sold] - earned[sold]) / fed_in[sold]
    return prices


def grouped_earnings(reference: ArmTables, arm: ArmTables) -> dict[str, pd.Series]:
    """Earnings a day of the enrolled [yuan/d], by archetype, chemistry, charger at work, and feeding in."""
    owners = arm.owners
    enrolled = owners["enrolled"].to_numpy()
    per_day = pd.Series(owner_earnings_yuan(reference, arm) / arm.days)[enrolled]
    owners = owners[enrolled]
    marks = {
        **{str(kind).replace("_", " "): owners["archetype"] == kind for kind in owners["archetype"].unique()},
        "LFP cells": owners["chemistry"] == "LFP",
        "NMC cells": owners["chemistry"] == "NMC",
        "bidirectional charger": owners["bidirectional_charger"],
        "may charge at work": owners["work_charger"],
        "ordinary charger": ~owners["bidirectional_charger"],
        "fed in": owners["discharged_kwh"] > 0.0,
        "did not feed in": owners["discharged_kwh"] <= 0.0,
    }
    groups = {name: per_day[mark.to_numpy()] for name, mark in marks.items()}
    return {name: values for name, values in groups.items() if len(values)}


def _per_session(arm: ArmTables, earned: np.ndarray) -> np.ndarray:
    sessions = arm.owners["discharge_sessions"].to_numpy()
    sold = sessions > 0
    per_session: np.ndarray = earned[sold] / sessions[sold]
    return per_session


def _share(which: np.ndarray) -> float | None:
    return float(which.mean()) if len(which) else None
