"""Plug-in behaviour: probability, location and waiting time."""

from __future__ import annotations

import math

from sim.rules.compiling import compiled

LONG_STOP_H = 3.0  # stops of at least this length suit a slow charger
SHORTEST_STOP_H = 0.3  # drivers do not plug in for shorter stops


@compiled
def plug_in_probability(soc: float, habit_soc: float, width_soc: float, routine: float) -> float:
    """Probability that an owner with a charger at hand plugs in on arrival.

    Some owners plug in by routine, all of them when the battery falls below a level of their own
    (Tian et al. 2023, source S16: 45.5% of weekday home sessions start at or below 40%).

    Parameters
    ----------
    soc : float
        State of charge on arrival, 0..1.
    habit_soc, width_soc : float
        The owner's level, and how softly it acts (logistic).
    routine : float
        Probability of plugging in whatever the state of charge.
    """
    by_level = 1.0 / (1.0 + math.exp((soc - habit_soc) / width_soc))
    return routine + (1.0 - routine) * by_level


@compiled
def routine_of_owner(draw: float, mean: float) -> float:
    """An owner's routine probability from a uniform draw: low for most owners, high for few.

    The square of a uniform has mean 1/3, so ``3 mean draw^2`` has the wanted mean (below 1/3).
    """
    return min(1.0, 3.0 * mean * draw * draw)


@compiled
def energy_is_tight(energy_kwh: float, next_trip_kwh: float, capacity_kwh: float, buffer_soc: float) -> bool:
    """Whether the energy left after the next trip would be below the driver's comfort level."""
    return energy_kwh - next_trip_kwh < buffer_soc * capacity_kwh


@compiled
def shifted_probability(probability: float, shift: float) -> float:
    """A probability whose log odds are moved by a shift; certainty and impossibility stay."""
    if probability <= 0.0 or probability >= 1.0:
        return probability
    return 1.0 / (1.0 + (1.0 - probability) / probability * math.exp(-shift))
