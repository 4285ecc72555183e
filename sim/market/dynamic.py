"""The tariff called ``dynamic``: the marginal cost of supply as forecast, and more when reserve is short."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.city.charger_kinds import HOME_KIND
from sim.grid.clock import Clock
from sim.market.tariffs import service_fees, surcharges, tariff_by_kind
from sim.scenario.schema import Scenario
from sim.scenario.tariff_book import DYNAMIC

Array = NDArray[np.float64]


class DynamicPrices:
    """Publishes the prices of the hours ahead to owners, where a tariff is dynamic.

    Attributes
    ----------
    kinds : list of int
        Kinds of chargers with that tariff.
    discharges : bool
        Whether discharged energy is paid by it.
    """

    def __init__(self, spec: Scenario, clock: Clock):
        market = spec.market
        self.kinds = [kind for kind, name in tariff_by_kind(market).items() if name == DYNAMIC]
        flat = market.feed_in_price_yuan_per_kwh is not None
        factor = market.feed_in_factor_of_home_tariff
        self.factor = factor
        if factor is None and not flat and not _sells_by_its_own(spec):
            self.factor = 1.0
        self.discharges = not flat and market.feed_in_tariff == DYNAMIC
        self._saves_only = spec.participation.form.saves_only
        self._surcharges = surcharges(spec, clock)
        self._kept = spec.participation.owners_share
        self._settings, self._fees = market.dynamic, service_fees(market)

    @property
    def is_used(self) -> bool:
        """Whether any price is dynamic."""
        return bool(self.kinds) or self.discharges

    def of_supply(self, marginal_yuan_per_kwh: Array, reserve_mw: Array) -> Array:
        """Price of supply [yuan/kWh]: marginal cost, and the adder by how much reserve is missing.

        Parameters
        ----------
        marginal_yuan_per_kwh : ndarray
            Marginal cost of the net load that is expected, [yuan/kWh].
        reserve_mw : ndarray
            Available capacity less expected load, [MW].
        """
        missing = np.clip(1.0 - reserve_mw / self._settings.scarcity_margin_mw, 0.0, 1.0)
        price: Array = marginal_yuan_per_kwh + self._settings.scarcity_adder_yuan_per_kwh * missing
        return price

    def publish(self, step: int, ahead: NDArray[np.void], supply_yuan_per_kwh: Array) -> None:
        """Write prices into the records of the steps ahead, `step` the first of them."""
        retail = supply_yuan_per_kwh + self._settings.markup_yuan_per_kwh
        retail += self._surcharges[step : step + len(ahead)]
        for kind in self.kinds:
            ahead["price"][:, kind] = retail + self._fees[kind]
        if self._saves_only:
            ahead["feed_in_price"] = ahead["price"][:, HOME_KIND]
        elif self.discharges:
            ahead["feed_in_price"] = self._kept * supply_yuan_per_kwh
        elif self.factor is not None and HOME_KIND in self.kinds:
            ahead["feed_in_price"] = self._kept * self.factor * retail


def _sells_by_its_own(spec: Scenario) -> bool:
    """Whether feeding in has a price that does not follow the tariff at home."""
    return bool(spec.market.feed_in_tariff or spec.market.pay.feed_in_tariff)
