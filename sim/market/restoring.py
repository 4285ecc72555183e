"""Price at which an owner recharges the battery, for the energy-neutral correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.city.charger_kinds import HOME_KIND, PUBLIC
from sim.grid.clock import Clock
from sim.market.tariffs import retail_prices, tariff_by_kind
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import DYNAMIC


def restoring_prices(
    spec: Scenario, supply_yuan_per_kwh: NDArray[np.float64] | None = None
) -> tuple[float, float]:
    """Cheapest price of the last day of a run at home and at public chargers for long stops [yuan/kWh].

    Parameters
    ----------
    spec : Scenario
        As one arm sees it.
    supply_yuan_per_kwh : ndarray, optional
        Marginal cost of supply in the recorded steps, which a dynamic tariff follows.
    """
    clock = Clock.of(spec)
    day, prices = slice(-clock.steps_per_day, None), retail_prices(spec, clock)
    found = []
    for kind in (HOME_KIND, PUBLIC[0]):
        last = prices[kind, day]
        if tariff_by_kind(spec.market)[kind] == DYNAMIC and supply_yuan_per_kwh is not None:
            last = last + supply_yuan_per_kwh[day]
        found.append(float(last.min()))
    return found[0], found[1]
