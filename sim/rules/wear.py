"""How much capacity a battery loses and what that costs.

Simple laws fitted to runs of NREL's BLAST-Lite 1.1.1 (source S62, batteries.csv): calendar
fade grows with the square root of age, cycle fade with equivalent full cycles (EFC). Validity:
10-40 degC, depth of discharge below 80%, first ten years. Numbers or arrays.
"""

from __future__ import annotations

import math
from typing import Any

from sim.rules.compiling import compiled


@compiled
def equivalent_full_cycles(energy_out_kwh: Any, capacity_kwh: Any) -> Any:
    """Energy taken out of the battery, for driving or the grid, over its capacity."""
    return energy_out_kwh / capacity_kwh


@compiled
def calendar_loss_pct(age_years: float, days: float, first_year_pct: float) -> float:
    """Capacity lost to time alone over some days at a given age [% of new]."""
    later = age_years + days / 365.0
    return first_year_pct * (math.sqrt(later) - math.sqrt(age_years))


@compiled
def cycle_loss_pct(efc: Any, pct_per_efc: Any) -> Any:
    """Capacity lost to cycling [% of new]."""
    return efc * pct_per_efc


@compiled
def wear_cost_yuan(
    cycle_loss: Any, capacity_kwh: Any, pack_yuan_per_kwh: Any, end_of_life_fade: float
) -> Any:
    """Cost of cycle fade [yuan]: the pack's price written off over its useful fade.

    Calendar fade is left out: it comes whether the car cycles or not.
    """
    return cycle_loss / 100.0 / end_of_life_fade * capacity_kwh * pack_yuan_per_kwh
