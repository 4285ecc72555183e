"""Enrolment: a logit choice on expected earnings, loss of comfort, trust and peer effects."""

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
    """Log odds of being enrolled after a decision.

    Parameters
    ----------
    at_nothing : float
        Log odds of an owner without expected earnings and without enrolled peers.
    per_100_yuan : float
        Rise per 100 yuan a year, [1/100 yuan].
    earnings_yuan_per_year, hassle_yuan_per_year : float
        Expected net earnings, and the owner's disutility of plugging in and stating departures, [yuan/a].
    range_worry, daily_share_of_battery : float
        Fall per share of the battery that a mean day's driving takes, and that share.
    trust_lost, broken_promises : float
        Fall per broken promise, and promises broken to this owner.
    peers, share_of_peers : float
        Rise with the share of enrolled owners in the district, and that share.
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
    """Expected annual earnings: spare energy on each day plugged in, discharged at the best price.

    Parameters
    ----------
    energy_kwh_per_day : float
        Energy between target and reserve, or what the charger can discharge in the hours that pay, [kWh].
    gain_yuan_per_kwh : float
        Best price less recharging and wear; no discharge where it is negative, [yuan/kWh].
    plug_in_probability : float
    fixed_yuan_per_year : float
        Availability payments less rent, [yuan/a].
    """
    return (
        365.0 * plug_in_probability * energy_kwh_per_day * max(0.0, gain_yuan_per_kwh) + fixed_yuan_per_year
    )
