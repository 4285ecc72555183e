"""What feeding in earns, in two lines: the pencil calculation that a simulated night is held against."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.tariff_book import PayRegime
from sim.scenario.tariffs import WORKDAYS, TariffSection


@dataclass(frozen=True)
class Bargain:
    """What a kilowatt-hour fed in costs and earns under a regime.

    Attributes
    ----------
    buy_yuan_per_kwh, sell_yuan_per_kwh : float
        Cheapest hour of charging, and best hour of feeding in.
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
        """Buying a kilowatt-hour fed in back, with its losses, and its wear [yuan/kWh]."""
        return self.buy_yuan_per_kwh / self.round_trip + self.wear_yuan_per_kwh

    def net_yuan(self, fed_kwh: float) -> float:
        """What is left of feeding in some energy and buying it back [yuan]."""
        return fed_kwh * (self.sell_yuan_per_kwh - self.cost_yuan_per_kwh)

    def price_for(self, net_yuan: float, fed_kwh: float) -> float:
        """Price of feeding in at which some energy leaves a sum [yuan/kWh]."""
        return net_yuan / fed_kwh + self.cost_yuan_per_kwh

    def energy_for(self, net_yuan: float) -> float | None:
        """Energy that leaves a sum at the price there is [kWh]; None where every kilowatt-hour loses."""
        gain = self.sell_yuan_per_kwh - self.cost_yuan_per_kwh
        return net_yuan / gain if gain > 0.0 else None


def tariffs_of(regime: PayRegime, book: dict[str, TariffSection]) -> tuple[TariffSection, TariffSection]:
    """Tariffs of charging and of feeding in of a regime."""
    buy = book[regime.home_tariff]
    return buy, book[regime.feed_in_tariff] if regime.feed_in_tariff else buy
