"""Owners who respond to the tariff individually, at the same times."""

from __future__ import annotations

from typing import ClassVar

from sim.dispatch.policy import Moment, Policy, Prices, Wish
from sim.scenario.fields import Section, assumed, chosen


class TariffSettings(Section):
    """Minimum gain for which owners discharge, and which of the cheap hours they use."""

    least_gain_yuan_per_kwh: float = assumed("least_gain_for_feeding_in", ge=0.0, le=10.0)
    just_in_time: bool = chosen(
        False, "charge in the last of the cheap hours before leaving: a car that stands full ages faster"
    )


class TimeOfUse(Policy):
    """Each owner reacts to the tariff alone: charge in the cheapest hours, from their first minute.

    With a two-way contract owners also discharge where revenue exceeds the cost of buying the energy back.
    All cars start simultaneously when the cheap hours begin, which causes the rebound.
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
            just_in_time=self.settings.just_in_time,
        )


class TimeOfUseStaggered(TimeOfUse):
    """The same with a random start in the cheap hours: the simplest remedy against the rebound."""

    staggered = True
