"""Plug-in behaviour: the probability of plugging in, and who is how eager."""

from __future__ import annotations

import math

from sim.rules.compiling import compiled

SHORTEST_STOP_H = 0.3  # drivers do not plug in for shorter stops
#: Share of the room between need and target that is still full on a usual return (assumption).
USUAL_SHARE_LEFT = 0.8


@compiled
def plug_in_probability(soc: float, need_soc: float, target_soc: float, alpha: float) -> float:
    """Probability that an owner with a charger at hand plugs in.

    ``1 - ((soc - need) / (target - need))^alpha``: the rule of Gonzalez Venegas et al. (2021, source H11),
    whose fit to the Electric Nation trial has an alpha of 1.31. Small alphas stand for owners who wait
    until they need to charge, large ones for owners who take the opportunity.

    Parameters
    ----------
    soc : float
        State of charge on arrival, 0..1.
    need_soc : float
        State of charge at and below which everybody plugs in.
    target_soc : float
        State of charge at and above which nobody does.
    alpha : float
        Eagerness, at least 0; infinite for who always plugs in.
    """
    if soc >= target_soc:
        return 0.0
    if soc <= need_soc:
        return 1.0
    return float(1.0 - ((soc - need_soc) / (target_soc - need_soc)) ** alpha)


@compiled
def need_soc(trip_kwh: float, capacity_kwh: float, margin: float, buffer_soc: float) -> float:
    """State of charge that the next trip calls for.

    `margin` times its energy (1.5 in source H11), at least its energy and a buffer.
    """
    trip_soc = trip_kwh / capacity_kwh
    return max(margin * trip_soc, trip_soc + buffer_soc)


@compiled
def alpha_of_owner(
    lot: float, draw: float, opportunity_share: float, need_driven: float, opportunity_driven: float,
    spread: float,
) -> float:  # fmt: skip
    """Alpha of an owner, drawn once: of a need-driven or an opportunity-driven type, with a spread.

    Parameters
    ----------
    lot : float
        Uniform draw that decides on the type.
    draw : float
        Standard normal draw of the owner within the type.
    opportunity_share : float
        Share of owners who are opportunity-driven.
    need_driven, opportunity_driven : float
        Medians of alpha.
    spread : float
        Standard deviation of its logarithm.
    """
    middle = opportunity_driven if lot < opportunity_share else need_driven
    return middle * math.exp(spread * draw)


@compiled
def alpha_that_gives(probability: float) -> float:
    """Alpha at which an owner plugs in with a probability on a usual return, infinite for 1."""
    if probability >= 1.0:
        return math.inf
    return math.log(1.0 - probability) / math.log(USUAL_SHARE_LEFT)


@compiled
def energy_is_tight(energy_kwh: float, next_trip_kwh: float, capacity_kwh: float, buffer_soc: float) -> bool:
    """Whether the energy left after the next trip would be below the driver's comfort level."""
    return energy_kwh - next_trip_kwh < buffer_soc * capacity_kwh


@compiled
def of_price(probability: float, dearness: float, elasticity: float) -> float:
    """A probability of charging in public at a price relative to the day's mean, by a constant elasticity."""
    if dearness <= 0.0:
        return probability
    return min(1.0, probability * dearness**elasticity)
