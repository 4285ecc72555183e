"""A policy and a driver that live in a package of their own."""

from __future__ import annotations

import sim
from sim.scenario.fields import Section, chosen


class Settings(Section):
    """Settings of the policy, checked like any key of a scenario."""

    from_h: float = chosen(18.0, "hour of the day from which cars feed in", "h", ge=0.0, le=24.0)
    until_h: float = chosen(21.0, "hour until which they do", "h", ge=0.0, le=24.0)


class FixedEvening(sim.Policy):
    """Everybody feeds in between two hours of the evening and charges at night: no forecast, no plan."""

    Settings = Settings

    def plan(self, outlook: sim.Outlook) -> None:
        """Keep what the plugged cars could give and take."""
        self.gives_mw, self.takes_mw = float(outlook.discharge_mw[0]), float(outlook.charge_mw[0])
        self.steps_per_day = round(24.0 / outlook.step_hours)

    def wish(self, moment: sim.Moment) -> float:
        """All they can give in the evening, all they can take after midnight, a sum of zero else.

        A wish is the sum over all controlled cars: what some have to draw to keep a promise, others give.
        """
        hour = 24.0 * (moment.step % self.steps_per_day) / self.steps_per_day
        if self.settings.from_h <= hour < self.settings.until_h:
            return -self.gives_mw
        return self.takes_mw if hour < 6.0 else 0.0


class NightOwl(sim.Driver):
    """Plugs in only where it can stay for six hours."""

    def wants_to_plug(self) -> bool:
        """Whether the stop is long enough."""
        return self.hours_to_departure >= 6.0
