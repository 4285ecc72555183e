"""Who gains: the surplus of an arm over the reference, by party and for society.

Payments between parties cancel. What is left are resources: supply that is saved, batteries that wear,
chargers that are bought, and emissions at a carbon price. All sums are over the run and energy-neutral.
"""

from __future__ import annotations

from typing import Any

from sim.agents.entries import CHART
from sim.effects.arms import ArmTables
from sim.effects.earnings import owner_earnings_yuan
from sim.effects.investment import DAYS_PER_YEAR, Outlays, annuity

#: Revenue of which the aggregator keeps its share.
SHARED = tuple(entry.name for entry in CHART if entry.shared)


def who_gains(
    reference: ArmTables,
    arm: ArmTables,
    outlays: Outlays,
    aggregator_share: float,
    carbon_price_yuan_per_t: float,
    supply: dict[str, Any],
) -> dict[str, float]:
    """Gains over the run [yuan].

    Parameters
    ----------
    supply : dict
        Effects on the supply side, with ``generation_cost_saved_yuan`` and ``co2_avoided_t``.

    Returns
    -------
    dict
        ``supply_saved_yuan``, ``wear_yuan`` (of batteries, a cost), ``chargers_yuan`` (annuity of the extra
        price of bidirectional chargers for the days of the run, a cost), ``climate_yuan`` (emissions avoided
        at the carbon price); ``owners_yuan`` (earnings with wear, without the charger), ``aggregator_yuan``,
        ``grid_and_sellers_yuan`` (everybody else who pays or is paid); ``society_yuan``, the sum of the
        resources; and ``days`` that the run stands for. Owners, aggregator, grid and sellers together have
        what supply saves less wear.
    """
    saved = float(supply["generation_cost_saved_yuan"])
    wear = arm.fleet_total("wear_cost_yuan") - reference.fleet_total("wear_cost_yuan")
    chargers = arm.fleet_total("bidirectional_charger") * outlays.extra_charger_yuan
    chargers *= annuity(outlays.discount_rate, outlays.charger_life_years) * arm.days / DAYS_PER_YEAR
    climate = carbon_price_yuan_per_t * float(supply["co2_avoided_t"])
    owners = float(owner_earnings_yuan(reference, arm).mean()) * arm.weight * arm.cars
    kept = aggregator_share / (1.0 - aggregator_share)
    aggregator = kept * sum(arm.fleet_total(name) - reference.fleet_total(name) for name in SHARED)
    if aggregator_share > 0.0:  # then it is the operator
        for name, sign in (("penalty_yuan", 1.0), ("compensation_yuan", -1.0)):
            aggregator += sign * (arm.fleet_total(name) - reference.fleet_total(name))
    return {
        "supply_saved_yuan": saved,
        "wear_yuan": wear,
        "chargers_yuan": chargers,
        "climate_yuan": climate,
        "owners_yuan": owners,
        "aggregator_yuan": aggregator,
        "grid_and_sellers_yuan": saved - wear - owners - aggregator,
        "society_yuan": saved - wear - chargers + climate,
        "days": arm.days,
    }
