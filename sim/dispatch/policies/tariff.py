"""Owners who react to the tariff, each alone, all by the same clock."""

from __future__ import annotations

from typing import ClassVar

from sim.dispatch.policy import Moment, Policy, Prices, Wish
from sim.scenario.fields import Section, assumed


class TariffSettings(Section):
    """What makes feeding in worth an owner's while."""

    least_gain_yuan_per_kwh: float = assumed("least_gain_for_feeding_in", ge=0.0, le=10.0)


class TimeOfUse(Policy):
    """Each owner reacts to the tariff alone: charge in the cheapest hours, from their first minute.

    With a two-way contract owners also feed in where that earns more than buying the energy back. All
    clocks agree, so all cars start together when the cheap hours begin: the rebound.
    """

    Settings: ClassVar[type[Section]] = TariffSettings
    staggered: ClassVar[bool] = False

    def wish(self, moment: Moment) -> Wish:
        """Publish the tariff."""
        return Prices(
            buy_yuan_per_kwh=moment.buy_yuan_per_kwh,
            feed_in_yuan_per_kwh=float(moment.feed_in_yuan_per_kwh[0]),
            least_gain_yuan_per_kwh=self.settings.least_gain_yuan_per_kwh,
            staggered=self.staggered,
        )


class TimeOfUseStaggered(TimeOfUse):
    """The same with a random start in the cheap hours: the simplest remedy against the rebound."""

    staggered = True
