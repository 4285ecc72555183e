"""Marginal cost of net load, present and forecast: the curves that markets clear against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.dispatch.objective import CurveSettings, Marginal, grid_of, marginal, supply_steps
from sim.dispatch.policy import Outlook

Array = NDArray[np.float64]

HEADROOM_MW = 5000.0  # of the curve above the highest forecast


def curve_of(weights: CurveSettings, outlook: Outlook, ahead: int) -> Marginal:
    """Marginal cost curve in a step of the horizon, from zero to above the highest forecast."""
    conditions = outlook.conditions(ahead)
    highest = float(outlook.net_load_mw.max()) + float(outlook.charge_mw[0]) + HEADROOM_MW
    grid = grid_of(0.0, highest, outlook.supply, conditions)
    return marginal(weights, outlook.supply, conditions, grid)


def expected_prices(weights: CurveSettings, outlook: Outlook, net_load_mw: Array) -> Array:
    """Marginal cost of a net load profile [yuan/kWh]."""
    prices = np.empty(len(net_load_mw))
    all_of_them = np.array([outlook.conditions(ahead) for ahead in range(len(net_load_mw))])
    different, which = np.unique(all_of_them, axis=0, return_inverse=True)
    for number in range(len(different)):  # steps with the same conditions share their curve
        same = which.ravel() == number
        prices[same] = curve_of(weights, outlook, int(same.argmax())).at(net_load_mw[same])
    return prices / 1000.0


def reserve_ahead_mw(outlook: Outlook, net_load_mw: Array) -> Array:
    """Available capacity in excess of a net load profile, [MW]."""
    reserve_mw = np.empty(len(net_load_mw))
    for ahead, mw in enumerate(net_load_mw):
        borders, _ = supply_steps(outlook.supply, outlook.conditions(ahead), 0.0)
        reserve_mw[ahead] = borders[-2] - mw
    return reserve_mw
