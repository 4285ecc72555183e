"""Arbitrage margin of discharging: an analytical estimate to compare with a simulated night."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.tariff_book import PayRegime
from sim.scenario.tariffs import WORKDAYS, TariffSection


@dataclass(frozen=True)
class Bargain:
    """Cost and revenue of a discharged kilowatt-hour under a pay regime.

    Attributes
    ----------
    buy_yuan_per_kwh, sell_yuan_per_kwh : float
        Price of the cheapest hour of charging, and of the best hour of discharging.
    round_trip : float
        Energy fed in over the energy drawn for it.
    wear_yuan_per_kwh : float
        Wear of the battery per kilowatt-hour fed in.
    """

    buy_yuan_per_kwh: float
    sell_yuan_per_kwh: float
    round_trip: float
    wear_yuan_per_kwh: float

    @classmethod
    def of(
        cls, buy: TariffSection, sell: TariffSection, month: int, round_trip: float, wear_yuan_per_kwh: float
    ) -> Bargain:
        """Bargain of two tariffs on a workday of a month."""
        return cls(
            float(buy.prices(month, WORKDAYS).min()), float(sell.prices(month, WORKDAYS).max()),
            round_trip, wear_yuan_per_kwh,
        )  # fmt: skip

    @property
    def cost_yuan_per_kwh(self) -> float:
        """Cost of a discharged kilowatt-hour: recharging it with losses, and wear [yuan/kWh]."""
        return self.buy_yuan_per_kwh / self.round_trip + self.wear_yuan_per_kwh

    def net_yuan(self, fed_kwh: float) -> float:
        """Net revenue of discharging and recharging a given energy [yuan]."""
        return fed_kwh * (self.sell_yuan_per_kwh - self.cost_yuan_per_kwh)

    def price_for(self, net_yuan: float, fed_kwh: float) -> float:
        """Feed-in price at which a given energy yields a given net revenue [yuan/kWh]."""
        return net_yuan / fed_kwh + self.cost_yuan_per_kwh

    def energy_for(self, net_yuan: float) -> float | None:
        """Energy that yields a given net revenue [kWh]; None where the margin is not positive."""
        gain = self.sell_yuan_per_kwh - self.cost_yuan_per_kwh
        return net_yuan / gain if gain > 0.0 else None


def tariffs_of(regime: PayRegime, book: dict[str, TariffSection]) -> tuple[TariffSection, TariffSection]:
    """Tariffs of charging and of feeding in of a regime."""
    buy = book[regime.home_tariff]
    return buy, book[regime.feed_in_tariff] if regime.feed_in_tariff else buy
