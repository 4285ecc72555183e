"""Battery ageing and its cost.

Two terms add up. *Calendar* ageing grows with a power of the time under stress, which increases with
temperature and state of charge. *Cycle* ageing counts every cycle of the state of charge with a weight that
depends on its depth, and grows with a power of the weighted count; cycles are found by streaming rainflow
counting (four-point method), which needs only the last few turning points of each battery.

The parameters (``battery_ageing.csv``) are fitted to ten-year runs of NREL's BLAST-Lite 1.1.1 in Shanghai's
climate (source S62); they meet them to 0.06 to 0.14 points of capacity (root mean square). Validity: means
over a year in that climate, ten years, depth below 0.6. BLAST's cycle wear of two of the cells rises in the
cold, which this law leaves out: not to be used for wear by season. Numbers or arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.rules.compiling import compiled, per_row

GAS_CONSTANT_KJ_PER_MOL_K = 8.314462618e-3
REFERENCE_K = 298.15
MIDDLE_SOC = 0.5
BATTERY_WARMER_K = 1.0

#: Turning points remembered for each battery.
REMEMBERED_TURNS = 8
#: State of charge 1 as it is remembered: whole numbers keep the columns small.
FULL_TURN = 65535


def warmth(temperature_c: Any, activation_kj_per_mol: float) -> Any:
    """Ageing rate relative to 25 degC (Arrhenius).

    Parameters
    ----------
    temperature_c : float or ndarray
        Air temperature, [degC]; the battery is a little warmer, as in the runs the laws are fitted to.
    activation_kj_per_mol : float
        Stands inside the power of time, and is therefore larger than that of the loss itself.
    """
    battery_k = np.asarray(temperature_c) + BATTERY_WARMER_K + 273.15
    inverse = 1.0 / battery_k - 1.0 / REFERENCE_K
    return np.exp(-activation_kj_per_mol / GAS_CONSTANT_KJ_PER_MOL_K * inverse)


@compiled
def calendar_stress(soc: float, warm: float, soc_slope: float) -> float:
    """Ageing of a cell at rest relative to half full at 25 degC."""
    return warm * max(0.0, 1.0 + soc_slope * (soc - MIDDLE_SOC))


@compiled
def calendar_loss_pct(before_years: Any, added_years: Any, first_year_pct: Any, exponent: Any) -> Any:
    """Capacity lost to time under stress [% of new].

    Parameters
    ----------
    before_years, added_years : float
        Time under stress at the start and since, in years half full at 25 degC.
    first_year_pct : float
        Loss in the first such year, [%].
    exponent : float
        Power of time with which the loss grows, 0.5 for the square-root law.
    """
    return first_year_pct * ((before_years + added_years) ** exponent - before_years**exponent)


@compiled
def as_turn(soc: float) -> int:
    """A state of charge as it is remembered, 0 to 65535."""
    return min(FULL_TURN, max(0, int(soc * FULL_TURN + 0.5)))


@compiled
def _swing(one: int, other: int) -> int:
    """Difference of two turns; they are stored without a sign and must not be subtracted as they are."""
    difference: int = np.int64(one) - np.int64(other)  # type: ignore[assignment]
    return abs(difference)


@compiled
def full_cycles(swing: int, exponent: float) -> float:
    """Weight of one full cycle of a swing, 1 for a full one."""
    return float((swing / FULL_TURN) ** exponent)


@per_row
def follow_cycles(turns: Any, count: int, now: int, exponent: float) -> tuple[int, float]:
    """Advance the rainflow count by one state of charge; count the cycles that close.

    Parameters
    ----------
    turns : ndarray of uint16, shape (8,)
        Turning points not yet part of a closed cycle, oldest first; the last one is where it stands.
    count : int
        How many of them are in use.
    now : int
        The state of charge, see :func:`as_turn`.
    exponent : float
        Power of the depth with which a cycle counts.

    Returns
    -------
    int, float
        Turning points in use, and the weighted full cycles that have closed.
    """
    closed = 0.0
    if count >= 1 and now == turns[count - 1]:
        return count, closed
    if count >= 2 and (now > turns[count - 1]) == (turns[count - 1] > turns[count - 2]):
        turns[count - 1] = now
    else:
        if count == REMEMBERED_TURNS:  # the oldest swing is unlikely to close: counts as half a cycle
            closed += 0.5 * full_cycles(_swing(turns[1], turns[0]), exponent)
            for k in range(count - 1):
                turns[k] = turns[k + 1]
            count -= 1
        turns[count] = now
        count += 1
    while count >= 4:
        outer = _swing(turns[count - 3], turns[count - 4])
        inner = _swing(turns[count - 2], turns[count - 3])
        latest = _swing(turns[count - 1], turns[count - 2])
        if inner > outer or inner > latest:
            break
        closed += full_cycles(inner, exponent)
        turns[count - 3] = turns[count - 1]
        count -= 2
    return count, closed


@compiled
def open_cycles(turns: Any, count: int, exponent: float) -> float:
    """Weighted cycles of the swings that have not closed: half a cycle each."""
    total = 0.0
    for k in range(count - 1):
        total += 0.5 * full_cycles(_swing(turns[k + 1], turns[k]), exponent)
    return total


@compiled
def cycle_loss_pct(before_cycles: Any, added_cycles: Any, first_cycle_pct: Any, exponent: Any) -> Any:
    """Capacity lost to cycling [% of new].

    Parameters
    ----------
    before_cycles, added_cycles : float
        Weighted full cycles lived through at the start, and since.
    first_cycle_pct : float
        Loss in the first full cycle of depth 1, [%].
    exponent : float
        Power of the cycles with which the loss grows, 1 for a loss that is the same for every cycle.
    """
    return first_cycle_pct * ((before_cycles + added_cycles) ** exponent - before_cycles**exponent)


@compiled
def wear_cost_yuan(loss_pct: Any, capacity_kwh: Any, pack_yuan_per_kwh: Any, end_of_life_fade: float) -> Any:
    """Cost of lost capacity [yuan]: the pack's price depreciated over its usable capacity fade."""
    return loss_pct / 100.0 / end_of_life_fade * capacity_kwh * pack_yuan_per_kwh
