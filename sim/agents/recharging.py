"""Recharging what was fed in: the operator makes up for what an owner would lose.

A car is called on the expectation that the cheapest hours left in its stay will refill it. The operator
decides when it is refilled, so the operator bears the risk: as the energy is replaced, its actual cost, with
the wear of the cells and the margin, is held against what the energy still to be replaced earned on average.
What is missing is paid at once; what is left over in cheap hours stays with the owner and is not set off.
Nothing is paid for what the owner chose: charging at once, or leaving before the stated departure.
"""

from __future__ import annotations

from sim.agents import entries
from sim.agents.accounts import post
from sim.agents.records import CarRecord, ChargerRecord, Figures
from sim.agents.world import World
from sim.rules.compiling import part_of_row

ROUNDING_YUAN_PER_KWH = 1e-5  # of sums kept in single precision


@part_of_row
def note_discharge(
    charger: ChargerRecord, car: CarRecord, discharged_kwh: float, earned_yuan: float, f: Figures
) -> None:
    """Note energy that is to be replaced, and what is still to be recovered for it beyond its recharging."""
    charger.to_replace_kwh += discharged_kwh
    charger.to_recover_yuan += (f.own_wear[car.is_nmc] + f.owner_margin) * discharged_kwh - earned_yuan


@part_of_row
def settle_recharge(
    row: int, car: CarRecord, charger: ChargerRecord, recharged_kwh: float, paid_yuan_per_kwh: float, w: World
) -> None:
    """Settle the part of a charge that replaces discharged energy: whatever is charged next replaces it.

    Parameters
    ----------
    recharged_kwh : float
        Drawn from the grid, [kWh].
    paid_yuan_per_kwh : float
        What the owner paid for it, [yuan/kWh].
    """
    if charger.to_replace_kwh <= 0.0:
        return
    round_trip = w.figures[0].round_trip
    replaced_kwh = min(float(charger.to_replace_kwh), recharged_kwh * round_trip)
    to_recover_yuan = charger.to_recover_yuan * (replaced_kwh / charger.to_replace_kwh)
    charger.to_recover_yuan -= to_recover_yuan
    charger.to_replace_kwh -= replaced_kwh
    missing_yuan = to_recover_yuan + replaced_kwh / round_trip * paid_yuan_per_kwh
    if missing_yuan > ROUNDING_YUAN_PER_KWH * replaced_kwh:
        post(row, car, entries.COMPENSATION_YUAN, missing_yuan, w)
        post(row, car, entries.RECHARGED_AT_A_LOSS_KWH, replaced_kwh, w)


@part_of_row
def settle_at_departure(row: int, car: CarRecord, charger: ChargerRecord, step: int, w: World) -> None:
    """Settle what is not replaced when the car leaves, at the price of charging then and there.

    Owners who leave before the departure they stated forgo it.
    """
    if charger.to_replace_kwh > 0.0 and step >= charger.stated_step:
        price = w.series[step].price[charger.kind]
        settle_recharge(row, car, charger, charger.to_replace_kwh / w.figures[0].round_trip, price, w)
    forgo(charger)


@part_of_row
def forgo(charger: ChargerRecord) -> None:
    """End the operator's liability for the recharging of this session."""
    charger.to_replace_kwh = 0.0
    charger.to_recover_yuan = 0.0
