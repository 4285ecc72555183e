"""Whether an owner signs up: a logit choice on what it brings, costs in comfort, and who else has."""

from __future__ import annotations

import math

from sim.rules.compiling import compiled


@compiled
def join_utility(
    at_nothing: float,
    per_100_yuan: float,
    earnings_yuan_per_year: float,
    hassle_yuan_per_year: float,
    range_worry: float,
    daily_share_of_battery: float,
    trust_lost: float,
    broken_promises: float,
    peers: float,
    share_of_peers: float,
) -> float:
    """Log odds of being signed up after having considered it.

    Parameters
    ----------
    at_nothing : float
        Log odds of an owner who expects nothing and knows nobody who has joined.
    per_100_yuan : float
        Rise per 100 yuan a year, [1/100 yuan].
    earnings_yuan_per_year, hassle_yuan_per_year : float
        What the owner expects to earn net, and what plugging in and stating departures is worth to
        him or her, [yuan/a].
    range_worry, daily_share_of_battery : float
        Fall per share of the battery that a mean day's driving takes, and that share.
    trust_lost, broken_promises : float
        Fall per broken promise, and promises broken to this owner.
    peers, share_of_peers : float
        Rise with the share of owners of the district who have joined, and that share.
    """
    return (
        at_nothing
        + per_100_yuan * (earnings_yuan_per_year - hassle_yuan_per_year) / 100.0
        - range_worry * daily_share_of_battery
        - trust_lost * broken_promises
        + peers * share_of_peers
    )


@compiled
def signs_up(draw: float, utility: float) -> bool:
    """Whether the choice is yes, from a uniform draw."""
    if utility < -700.0:  # the exponential would overflow
        return False
    return draw < 1.0 / (1.0 + math.exp(-utility))


@compiled
def expected_earnings_yuan(
    energy_kwh_per_day: float,
    gain_yuan_per_kwh: float,
    plug_in_probability: float,
    fixed_yuan_per_year: float,
) -> float:
    """What an owner reckons a year to bring: the energy to spare each day it is plugged in, sold at its best.

    Parameters
    ----------
    energy_kwh_per_day : float
        Between target and reserve, or what the charger can give in the hours that pay, [kWh].
    gain_yuan_per_kwh : float
        Best price less buying back and wear; nothing is fed in where it is negative, [yuan/kWh].
    plug_in_probability : float
    fixed_yuan_per_year : float
        Availability payments less rent, [yuan/a].
    """
    return (
        365.0 * plug_in_probability * energy_kwh_per_day * max(0.0, gain_yuan_per_kwh) + fixed_yuan_per_year
    )
